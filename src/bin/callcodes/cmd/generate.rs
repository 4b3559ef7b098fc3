//! `generate`: writes the man page and shell completions, made from the same definition as the help, JSON Schemas, and the driver for
//! Spark.

use std::io::{self, Write as _};

use callcodes::render::contract::write_schemas;
use clap::{Arg, ArgAction, Command, CommandFactory as _};
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use crate::args::{Cli, EXIT_STATUS, GenerateArg, GenerateArgs};
use crate::completion;
use crate::help::{CAVEAT, PROGRAM};
use crate::status::{Failure, Status};
use crate::term::{Output, Styles};
use crate::topic::{self, Block, TOPICS};

/// The program that divides a run among the machines of a Spark cluster. `.ci/spark` tests it.
const SPARK: &str = include_str!("../cluster/spark.py");

/// The configuration files, which are read by default.
const FILES: [(&str, &str); 2] = [
    (
        "$XDG_CONFIG_HOME/callcodes/config.toml, or ~/.config/callcodes/config.toml",
        "Your own patterns, in [[pattern]] tables like those of any pattern file. It need not exist.",
    ),
    (r"%APPDATA%\callcodes\config.toml", "The same on Windows."),
];

pub(crate) fn run(args: &GenerateArgs) -> Result<Status, Failure> {
    Output::write_whole(args.output.as_deref(), &Styles::default(), |output| write(args.what, output))?;
    Ok(Status::Done)
}

fn write(what: GenerateArg, output: &mut Output) -> io::Result<()> {
    let shell = match what {
        GenerateArg::Man => return write_man_page(output),
        GenerateArg::Schema => return write_schemas(output),
        GenerateArg::Spark => return output.write_all(SPARK.as_bytes()),
        GenerateArg::CompleteBash => Shell::Bash,
        GenerateArg::CompleteZsh => Shell::Zsh,
        GenerateArg::CompleteFish => Shell::Fish,
        GenerateArg::CompletePowershell => Shell::PowerShell,
    };
    completion::write(shell, output)
}

/// Writes one page for everything: first the program, then each command with its options, in the order of the help.
///
/// The crate's own rendering of a whole page is not used, because it refers to a separate page for each command.
fn write_man_page(output: &mut Output) -> io::Result<()> {
    let mut program = Cli::command();
    program.build();
    let page = Man::new(program.clone().override_usage(synopsis(&program, "callcodes")));
    page.render_title(output)?;
    page.render_name_section(output)?;
    page.render_synopsis_section(output)?;
    page.render_description_section(output)?;
    let mut caveat = Roff::new();
    caveat.control("PP", []).text([roman(CAVEAT)]);
    caveat.to_writer(output)?;
    page.render_options_section(output)?;
    write_commands(&program, "callcodes", output)?;
    for (topic, heading, _) in TOPICS {
        write_topic(topic, heading, output)?;
    }
    write_list("EXAMPLES", &PROGRAM, output)?;
    write_list("FILES", &FILES, output)?;
    write_list("EXIT STATUS", &EXIT_STATUS, output)?;
    page.render_version_section(output)
}

/// Writes a section of terms with their meanings.
fn write_list(title: &str, terms: &[(&str, &str)], output: &mut Output) -> io::Result<()> {
    let mut section = Roff::new();
    section.control("SH", [title]);
    for (term, meaning) in terms {
        section.control("TP", []).text([bold(*term)]).text([roman(*meaning)]);
    }
    section.to_writer(output)
}

/// Writes the page of a topic as a section.
fn write_topic(topic: &str, heading: &str, output: &mut Output) -> io::Result<()> {
    let mut section = Roff::new();
    section.control("SH", [heading]);
    for block in topic::page(topic).unwrap_or_default() {
        match block {
            Block::Heading(heading) => section.control("SS", [heading.as_str()]),
            Block::Paragraph(words) => section.control("PP", []).text([roman(words)]),
            Block::Item(None, words) => section.control("IP", ["-", "2"]).text([roman(words)]),
            Block::Item(Some(term), words) => section.control("TP", []).text([bold(term)]).text([roman(words)]),
            Block::Line(line) => section.control("nf", []).text([roman(format!("    {line}"))]).control("fi", []),
        };
    }
    section.to_writer(output)
}

/// Returns the synopsis of a command: every option with its value, then the arguments. The usage line of the help is shorter,
/// and the crate's own synopsis leaves out the values.
fn synopsis(command: &Command, path: &str) -> String {
    let mut usage = path.to_owned();
    let is_shown = |arg: &&Arg| !arg.is_hide_set() && !["help", "version"].contains(&arg.get_id().as_str());
    let (positional, options): (Vec<&Arg>, Vec<&Arg>) =
        command.get_arguments().filter(is_shown).partition(|arg| arg.is_positional());
    for arg in options.into_iter().chain(positional) {
        let flag = match (arg.get_short(), arg.get_long()) {
            (Some(short), _) => format!("-{short}"),
            (None, Some(long)) => format!("--{long}"),
            (None, None) => String::new(),
        };
        let takes_value = arg.get_action().takes_values();
        let values = arg.get_value_names().filter(|_| takes_value).map(|names| names.join(" ")).unwrap_or_default();
        let gap = if flag.is_empty() || values.is_empty() { "" } else { " " };
        let (open, close) = if arg.is_required_set() { ("", "") } else { ("[", "]") };
        let repeats = if matches!(arg.get_action(), ArgAction::Append) { "..." } else { "" };
        usage.push_str(&format!(" {open}{flag}{gap}{values}{close}{repeats}"));
    }
    if command.has_subcommands() { format!("{usage}\n{path} COMMAND") } else { usage }
}

/// Writes the commands below `parent`, recursively. `path` is the full name of `parent`.
fn write_commands(parent: &Command, path: &str, output: &mut Output) -> io::Result<()> {
    let is_shown = |command: &&Command| !command.is_hide_set() && command.get_name() != "help";
    for command in parent.get_subcommands().filter(is_shown) {
        let path = format!("{path} {}", command.get_name());
        let mut heading = Roff::new();
        heading.control("SH", [path.to_uppercase().as_str()]);
        heading.to_writer(output)?;
        let page = Man::new(command.clone().bin_name(&path).override_usage(synopsis(command, &path)));
        page.render_synopsis_section(output)?;
        page.render_description_section(output)?;
        page.render_options_section(output)?;
        write_commands(command, &path, output)?;
    }
    Ok(())
}
