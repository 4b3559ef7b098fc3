//! The help of `-h` and `--help`, except the descriptions of options, which are in [`args`](crate::args).
//!
//! The help of `-h` fits on a screen of 24 lines with 80 columns. That of `--help` is complete.

use std::ffi::OsString;
use std::fmt::Display;

use clap::{Command, CommandFactory as _};

use crate::args::{Cli, EXIT_STATUS};
use crate::slip::near;
use crate::status::Failure;
use crate::term;
use crate::topic::TOPICS;

/// The warning that everyone who interprets results needs.
pub(crate) const CAVEAT: &str =
    "A code says what happened to a call, text message or app prompt. It never says whether the sign-in succeeded.";

/// A command line with its description.
type Example = (&'static str, &'static str);

/// Examples of the most common uses of the program.
pub(crate) const PROGRAM: [Example; 6] = [
    (r"callcodes C:\tickets\4711", "count the results in a folder or archive"),
    ("callcodes -o out.csv ticket.zip", "save them for a spreadsheet"),
    ("callcodes lines ticket.zip", "print the lines with what they mean"),
    ("callcodes files ticket.zip", "list the files, and why one was skipped"),
    ("callcodes codes 102", "explain a code and what to check first"),
    ("callcodes patterns test LINE", "see why a line is not recognised"),
];

pub(crate) const SCAN: [Example; 3] = [
    (r"callcodes C:\tickets\4711", "count the results in a folder"),
    ("callcodes -g *.log ticket.zip", "only in files with that ending"),
    ("callcodes -o out.csv ticket.zip", "save them for a spreadsheet"),
];

pub(crate) const LINES: [Example; 4] = [
    (r"callcodes lines C:\tickets\4711", "print the lines with what they mean"),
    ("callcodes lines ticket.zip | more", "page by page"),
    ("callcodes lines --user ann a.zip", "only those about ann"),
    ("callcodes lines -o out.csv app.log", "save a row for each result"),
];

pub(crate) const TIMELINE: [Example; 2] = [
    ("callcodes timeline --user ann a.zip", "what happened to ann"),
    ("callcodes timeline --host h7 a.zip", "what happened on that machine"),
];

pub(crate) const FILES: [Example; 2] = [
    (r"callcodes files C:\tickets\4711", "list the files in a folder"),
    ("callcodes files -o out.csv a.zip", "save the list for a spreadsheet"),
];

pub(crate) const COMPARE: [Example; 4] = [
    ("callcodes compare old.zip new.zip", "what changed between two tickets"),
    ("callcodes compare --split monday a", "what changed on that day"),
    ("callcodes compare --by host a b", "on which machines"),
    ("callcodes compare old.json new", "with a summary that scan saved"),
];

pub(crate) const PLAN: [Example; 2] = [
    ("callcodes plan -o plan.jsonl logs", "one line for each piece of work"),
    ("callcodes plan --split-bytes 1GiB a", "with larger ranges of big files"),
];

pub(crate) const MERGE: [Example; 3] = [
    ("callcodes merge hosts", "count the partials in a folder"),
    ("callcodes merge --by host a.ccp b.ccp", "by machine"),
    ("callcodes merge --plan p.jsonl hosts", "check that nothing is missing"),
];

pub(crate) const CODES: [Example; 4] = [
    ("callcodes codes 102", "explain a code and what to check first"),
    ("callcodes codes voicemail", "find codes by a word"),
    ("callcodes codes -", "explain a line that you paste"),
    ("callcodes codes", "list all codes"),
];

/// Formats examples, one on each line, with aligned descriptions.
pub(crate) fn examples(examples: &[Example]) -> String {
    let lines: Vec<String> = examples.iter().map(|(line, does)| format!("  {line:<34}  {does}")).collect();
    lines.join("\n")
}

pub(crate) fn after_long_help() -> String {
    let statuses = EXIT_STATUS.map(|(status, meaning)| format!("  {status:<3}  {meaning}"));
    let topics = "  callcodes help files      which files are read, copies, encodings\n  \
        callcodes help archives   zip and others, passwords, limits\n  \
        callcodes help patterns   how results are found, and patterns of your own\n  \
        callcodes help times      forms of times, day or month first, years, zones\n  \
        callcodes help sign-ins   what counts once, hosts, --by\n  \
        callcodes help machines   one run on many machines or processes\n  \
        callcodes help output     reading the table, every field of JSON and CSV";
    format!(
        "Examples:\n{}\n\nTopics:\n{topics}\n\n{CAVEAT}\n\nExit status:\n{}",
        examples(&PROGRAM),
        statuses.join("\n")
    )
}

/// Returns the definition of the command line for these arguments. Unless they contain `--help`, it has the layout of `-h`,
/// because a clap command has only one layout for both.
pub(crate) fn definition(arguments: &[OsString]) -> Command {
    let program = Cli::command();
    if arguments.iter().any(|argument| argument == "--help") { program } else { on_one_screen(program) }
}

/// Returns the help of `-h` for the program or for one of its commands.
pub(crate) fn short(command: Option<&str>) -> impl Display {
    let mut program = on_one_screen(Cli::command());
    program.build();
    match command.and_then(|name| program.find_subcommand_mut(name)) {
        Some(command) => command.render_help(),
        None => program.render_help(),
    }
}

/// Sets the layout of `-h`: the options follow the examples, without headings.
fn on_one_screen(command: Command) -> Command {
    let has_values = command.get_positionals().any(|value| !value.is_hide_short_help_set());
    // The examples of the program show its commands.
    let has_commands = command.has_subcommands() && command.get_name() != "callcodes";
    let parts = [
        (true, "{about}\n{usage-heading} {usage}{after-help}"),
        (has_commands, "{subcommands}"),
        (has_values, "{positionals}"),
        (true, "{options}"),
    ];
    let parts: Vec<&str> = parts.into_iter().filter(|(is_there, _)| *is_there).map(|(_, part)| part).collect();
    command.help_template(parts.join("\n\n")).mut_subcommands(on_one_screen)
}

/// Returns the description and usage of the command with this name, or `None` if there is no such command.
pub(crate) fn usage(command: &str) -> Option<String> {
    let mut program = Cli::command();
    program.build();
    let command = program.find_subcommand_mut(command)?;
    let about = command.get_about().cloned().unwrap_or_default();
    Some(format!("  {about}\n  {}", command.render_usage().to_string().replace('\n', "\n  ")))
}

/// Returns the help of `--help` for a command, such as `patterns test`, or for the program if there are no words.
pub(crate) fn long(words: &[String]) -> Result<String, Failure> {
    let mut program = Cli::command();
    program.build();
    let mut command = &program;
    for word in words {
        let path = command.get_bin_name().unwrap_or("callcodes");
        let is_program = path == "callcodes";
        command = command.find_subcommand(word).ok_or_else(|| {
            let word = term::shown(word);
            let topics = TOPICS.iter().filter(|_| is_program).map(|topic| -> &str { topic.0 });
            let near = near(command.get_subcommands().map(Command::get_name).chain(topics), &word);
            let near = near.map_or(String::new(), |near| format!(" Did you mean {near}?"));
            let topics = if is_program {
                "; the topics are files, archives, patterns, times, sign-ins, machines, cluster and output"
            } else {
                ""
            };
            Failure::Message(format!(
                "there is no help on {word}.{near} To list all commands, use: {path} --help{topics}"
            ))
        })?;
    }
    // Parsing `--help` is necessary because only the parser decides whether there is more than the short help.
    let arguments = ["callcodes"].into_iter().chain(words.iter().map(String::as_str)).chain(["--help"]);
    let asked = Cli::command().try_get_matches_from(arguments);
    Ok(asked.map_or_else(|help| help.to_string(), |_| String::new()))
}

#[cfg(test)]
mod tests {
    use clap::error::ErrorKind;

    use super::*;

    #[test]
    fn every_example_is_a_command_line() {
        for (line, _) in [&PROGRAM[..], &SCAN, &LINES, &TIMELINE, &FILES, &COMPARE, &PLAN, &MERGE, &CODES].concat() {
            let words = line.split(" | ").next().unwrap_or_default().split(' ');
            let parsed = Cli::command().try_get_matches_from(words);
            assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
        }
    }

    #[test]
    fn only_the_full_help_has_the_default_layout() {
        let help = |option: &str| {
            let arguments = ["callcodes", option].map(OsString::from);
            let error = definition(&arguments).try_get_matches_from(&arguments).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::DisplayHelp);
            error.to_string()
        };
        assert_eq!(help("-h"), short(None).to_string());
        assert_eq!(help("--help"), long(&[]).unwrap());
    }
}
