//! Explains common mistakes on the command line:
//!
//! * A path does not exist, and is really a command that follows options, a misspelt command, a command of another program, or a
//!   code without `codes` before it.
//! * An option does not exist.
//!
//! Invariant: a path that exists is never treated as a mistake, so that every file can be read.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use callcodes::catalogue::Query;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command, CommandFactory as _};

use crate::args::Cli;
use crate::status::Failure;
use crate::term;

/// Commands and options of this program, each with words that other programs use for them.
const ELSEWHERE: [(&str, &str); 11] = [
    (
        "the command scan",
        "analyse analyze count parse read report run search statistics stats summarise summarize summary total totals",
    ),
    ("the command lines", "cat grep hits matches print show view"),
    ("the command files", "dir info inventory list ls tree"),
    ("the command compare", "change changes delta diff difference"),
    ("the command codes", "decode describe explain lookup meaning"),
    ("the command patterns", "regex regexes rules"),
    ("the command patterns check", "check lint validate"),
    ("the command patterns test", "test try"),
    ("the command patterns learn", "learn teach train"),
    ("the command generate", "complete completion completions man"),
    ("the option --version", "version"),
];

/// The longest word that could be a command or a range of codes, in bytes.
const LONGEST_WORD: usize = 24;

/// Returns an error with a suggestion if one of the paths given without a command does not exist and is probably a mistake.
pub(crate) fn check(paths: &[PathBuf]) -> Result<(), Failure> {
    let words = paths.iter().filter_map(|path| path.to_str());
    let short = words.filter(|word| word.len() <= LONGEST_WORD && !word.contains(['/', '\\', '.']));
    let mut absent = short.filter(|word| is_absent(Path::new(word)));
    match absent.find_map(|word| explain(word, Cli::command())) {
        Some(message) => Err(Failure::Message(message)),
        None => Ok(()),
    }
}

/// Adds the most similar option to an error about an unknown option. Removes the parser's advice on how to pass a file with that
/// name, because there is no such file.
pub(crate) fn with_nearest_option(mut error: clap::Error, arguments: &[OsString]) -> clap::Error {
    // The parser prints a wrong value as it is, with form feeds and carriage returns.
    if let Some(ContextValue::String(value)) = error.get(ContextKind::InvalidValue) {
        let value = term::shown(value);
        error.insert(ContextKind::InvalidValue, ContextValue::String(value));
    }
    let Some(ContextValue::String(unknown)) = error.get(ContextKind::InvalidArg) else { return error };
    if error.kind() != ErrorKind::UnknownArgument || !unknown.starts_with('-') || !is_absent(Path::new(unknown)) {
        return error;
    }
    let mut command = command_of(arguments);
    if let Some(message) = elsewhere(unknown, &command) {
        return clap::Error::raw(ErrorKind::UnknownArgument, message + "\n");
    }
    let near = nearest_option(unknown, &command);
    if let Some(ContextValue::StyledStrs(mut tips)) = error.remove(ContextKind::Suggested) {
        tips.retain(|tip| !tip.to_string().contains("as a value"));
        if !tips.is_empty() {
            error.insert(ContextKind::Suggested, ContextValue::StyledStrs(tips));
        }
    }
    // The parser often suggests an unrelated option, and then shows the usage for that option.
    if error.remove(ContextKind::SuggestedArg).is_some() {
        error.insert(ContextKind::Usage, ContextValue::StyledStr(command.render_usage()));
    }
    if let Some(near) = near {
        error.insert(ContextKind::SuggestedArg, ContextValue::String(near));
    }
    error
}

/// Returns the command that the arguments select.
fn command_of(arguments: &[OsString]) -> Command {
    let mut command = Cli::command();
    if let Some(name) = arguments.first().and_then(|program| Path::new(program).file_name()?.to_str()) {
        command = command.bin_name(name);
    }
    command.build();
    for word in arguments.iter().skip(1).filter_map(|argument| argument.to_str()) {
        if let Some(below) = command.find_subcommand(word) {
            command = below.clone();
        }
    }
    command
}

/// Returns the message for an option of `scan` that decides how logs are read, which `plan` and `merge` do not do.
fn elsewhere(unknown: &str, command: &Command) -> Option<String> {
    let on = match command.get_name() {
        "plan" => "a plan, which has only the names of logs",
        "merge" => "merge, which reads no logs",
        _ => return None,
    };
    let is_it = |arg: &&Arg| match unknown.strip_prefix("--") {
        Some(long) => arg.get_long() == long.split('=').next(),
        None => arg.get_short().is_some() && arg.get_short() == unknown.chars().nth(1),
    };
    let mut program = Cli::command();
    program.build();
    if program.find_subcommand("merge")?.get_arguments().any(|arg| is_it(&arg)) {
        return None;
    }
    let scan = program.find_subcommand("scan")?;
    let option = scan.get_arguments().find(is_it)?;
    let with_partial = scan.get_arg_conflicts_with(option).iter().all(|other| other.get_id() != "partial");
    let remedy = if with_partial { "Pass it to callcodes scan --partial" } else { "Leave it out" };
    let unknown = unknown.split('=').next()?;
    Some(format!("{unknown} has no effect on {on}. {remedy}"))
}

/// Returns the option of `command` that the user probably meant with `unknown`, if there is one.
fn nearest_option(unknown: &str, command: &Command) -> Option<String> {
    let options = || command.get_arguments().filter(|arg| !arg.is_positional());
    let Some(word) = unknown.strip_prefix("--") else {
        // A short option is similar only to the same letter in the other case.
        let letter = unknown.chars().nth(1)?;
        let is_same = |short: char| short != letter && short.eq_ignore_ascii_case(&letter);
        return options().filter_map(Arg::get_short).find(|short| is_same(*short)).map(|short| format!("-{short}"));
    };
    let word = word.split('=').next().unwrap_or_default().to_ascii_lowercase();
    let longs = || options().filter_map(Arg::get_long);
    if ["table", "text", "json", "jsonl", "csv"].contains(&word.as_str()) {
        return longs().find(|long| *long == "format").map(|long| format!("--{long} {word}"));
    }
    let distance =
        |long: &str| if long.split('-').any(|part| part == word) { 1 } else { strsim::osa_distance(&word, long) };
    let near = longs().map(|long| (distance(long), long)).filter(|(distance, _)| *distance <= word.len() / 3);
    near.min().map(|(_, long)| format!("--{long}"))
}

/// Whether the path certainly does not exist, not even as a broken link.
fn is_absent(path: &Path) -> bool {
    path.symlink_metadata().is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
}

/// Returns a message about what the user probably meant with a word that is not an existing path, if there is a guess.
fn explain(word: &str, mut program: Command) -> Option<String> {
    program.build();
    if let Some(command) = program.find_subcommand_mut(word) {
        let usage = command.render_usage().to_string();
        let usage = usage.lines().next().unwrap_or_default().trim_start_matches("Usage: ").to_owned();
        return Some(format!("{word} is a command and must come before the options: {usage}"));
    }
    if let Ok(Query::Code(_) | Query::Range(_)) = word.parse() {
        return Some(format!("there is no file or folder {word}. To explain a code, use: callcodes codes {word}"));
    }
    let near = near(program.get_subcommands().map(Command::get_name), word).map(|name| format!("the command {name}"));
    let lower = word.to_ascii_lowercase();
    let means = |(_, words): &&(&str, &str)| words.split(' ').any(|word| word == lower);
    let elsewhere = || ELSEWHERE.iter().find(means).map(|(here, _)| (*here).to_owned());
    near.or_else(elsewhere).map(|meant| format!("there is no file or folder {word}. Did you mean {meant}?"))
}

/// Returns the name that differs from `word` in one character, such as a plural.
pub(crate) fn near<'n>(mut names: impl Iterator<Item = &'n str>, word: &str) -> Option<&'n str> {
    names.find(|name| strsim::osa_distance(word, name) == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explained(word: &str) -> Option<String> {
        explain(word, Cli::command())
    }

    #[test]
    fn a_command_after_options_is_explained_with_its_usage() {
        let cases = [
            ("lines", "callcodes lines [OPTIONS] [PATH]..."),
            ("files", "callcodes files [OPTIONS] [PATH]..."),
            ("scan", "callcodes scan [OPTIONS] [PATH]..."),
            ("codes", "callcodes codes [OPTIONS] [QUERY]..."),
            ("generate", "callcodes generate [OPTIONS] <WHAT>"),
            ("patterns", "callcodes patterns [OPTIONS]"),
        ];
        for (word, usage) in cases {
            let expected = format!("{word} is a command and must come before the options: {usage}");
            assert_eq!(explained(word), Some(expected));
        }
    }

    #[test]
    fn numbers_and_ranges_lead_to_codes() {
        let expected = "there is no file or folder 100-110. To explain a code, use: callcodes codes 100-110";
        assert_eq!(explained("100-110").as_deref(), Some(expected));
        assert_eq!(explained("10.log"), None);
    }

    #[test]
    fn a_command_of_another_program_leads_to_the_one_here() {
        let cases = [
            ("summary", "the command scan"),
            ("Report", "the command scan"),
            ("stats", "the command scan"),
            ("grep", "the command lines"),
            ("explain", "the command codes"),
            ("check", "the command patterns check"),
            ("version", "the option --version"),
        ];
        for (word, meant) in cases {
            assert_eq!(explained(word), Some(format!("there is no file or folder {word}. Did you mean {meant}?")));
        }
        // Each word stands for one command, and none is itself a command here.
        let mut all: Vec<&str> = ELSEWHERE.iter().flat_map(|(_, words)| words.split(' ')).collect();
        assert!(all.iter().all(|word| Cli::command().find_subcommand(word).is_none()));
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }

    #[test]
    fn the_nearest_option_is_one_of_the_command_itself() {
        let near = |arguments: &[&str], unknown| {
            let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
            nearest_option(unknown, &command_of(&arguments))
        };
        let cases = [
            ("--thread", Some("--threads")),
            ("--depth", Some("--max-depth")),
            ("--max-file-size", Some("--max-filesize")),
            ("--json", Some("--format json")),
            ("--json=x", Some("--format json")),
            ("--sinse", Some("--since")),
            ("--by", None),
            ("--nosuch", None),
            ("--", None),
            ("-F", Some("-f")),
            ("-l", Some("-L")),
            ("-x", None),
            ("-", None),
        ];
        for (unknown, expected) in cases {
            assert_eq!(near(&["callcodes", "lines"], unknown).as_deref(), expected, "{unknown}");
        }
        assert_eq!(near(&["callcodes", "patterns", "check"], "--thread"), None);
        assert_eq!(near(&["callcodes", "codes", "102"], "-F").as_deref(), Some("-f"));
    }

    #[test]
    fn a_misspelt_command_is_suggested_and_nothing_further_away() {
        let cases = [
            ("line", Some("lines")),
            ("file", Some("files")),
            ("code", Some("codes")),
            ("pattern", Some("patterns")),
            ("scans", Some("scan")),
            ("sacn", Some("scan")),
            ("lynes", Some("lines")),
            ("lien", None),
            ("scan.log", None),
            ("s", None),
            ("", None),
        ];
        for (word, meant) in cases {
            let expected =
                meant.map(|meant| format!("there is no file or folder {word}. Did you mean the command {meant}?"));
            assert_eq!(explained(word), expected);
        }
    }
}
