//! The program `callcodes`: parses the command line, runs a command, and returns its exit status.

mod again;
mod args;
mod argv;
mod cmd;
mod completion;
mod fail_on;
mod filters;
mod format;
mod help;
mod interrupt;
mod passwords;
mod paste;
mod progress;
mod session;
mod settings;
mod slip;
mod status;
mod target;
mod term;
mod topic;
mod values;

use std::process::ExitCode;

use clap::FromArgMatches as _;

use args::{Cli, Command};
use status::{Failure, Status};

fn main() -> ExitCode {
    let arguments = argv::corrected(std::env::args_os().collect());
    let matches = help::definition(&arguments).try_get_matches_from(&arguments);
    let parsed = matches.and_then(|matches| Cli::from_arg_matches(&matches).map(|cli| (cli, matches)));
    let (cli, matches) = parsed.unwrap_or_else(|error| slip::with_nearest_option(error, &arguments).exit());
    let matches = matches.subcommand().map_or(&matches, |(_, matches)| matches);
    let name = cli.command.as_ref().map(Command::name);
    let ended = match cli.command {
        None => slip::check(&cli.scan.read.input.paths).and_then(|()| cmd::scan::run(&cli.scan, matches)),
        Some(Command::Scan(args)) => cmd::scan::run(&args, matches),
        Some(Command::Lines(args)) => cmd::lines::run(&args),
        Some(Command::Timeline(args)) => cmd::timeline::run(&args),
        Some(Command::Files(args)) => cmd::files::run(&args),
        Some(Command::Compare(args)) => cmd::compare::run(&args),
        Some(Command::Plan(args)) => cmd::plan::run(*args, matches),
        Some(Command::Merge(args)) => cmd::merge::run(&args, matches),
        Some(Command::Codes(args)) => cmd::codes::run(&args),
        Some(Command::Patterns(args)) => cmd::patterns::run(args),
        Some(Command::Generate(args)) => cmd::generate::run(&args),
        Some(Command::Help(args)) => cmd::help::run(&[], &args),
    };
    match ended {
        Ok(status) => status.into(),
        Err(Failure::Write(error)) if error.is_closed_pipe() => Status::Done.into(),
        Err(failure) => {
            match failure {
                Failure::Message(message) => term::error(message),
                Failure::Diagnostics(text) => term::say(text.trim_end()),
                Failure::Write(error) => term::error(error),
                Failure::NoInput => term::say(help::short(name)),
            }
            Status::Refused.into()
        }
    }
}
