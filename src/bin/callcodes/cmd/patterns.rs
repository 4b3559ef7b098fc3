//! `patterns`: lists, shows, checks and tests patterns, and creates and learns new ones.

mod check;
mod learn;
mod logs;
mod new;
mod own_file;
mod test;

use std::path::Path;

use callcodes::config::Config;
use callcodes::pattern::diagnostic::Diagnostic;
use callcodes::render::Options;
use callcodes::render::patterns::{Full, list};

use crate::args::{ColorArg, PatternArgs, PatternsArgs, PatternsCommand};
use crate::settings;
use crate::status::{Failure, Status};
use crate::term::{self, Output, Styles};

pub(crate) fn run(args: PatternsArgs) -> Result<Status, Failure> {
    match args.command {
        None => show_list(&args.patterns),
        Some(PatternsCommand::List { patterns }) => show_list(&patterns),
        Some(PatternsCommand::Show { names, output, patterns }) => show(&names, output.as_deref(), &patterns),
        Some(PatternsCommand::Check(args)) => check::run(*args),
        Some(PatternsCommand::Learn(args)) => learn::run(*args),
        Some(PatternsCommand::Test { input, patterns }) => test::run(input.as_deref(), &patterns),
        Some(PatternsCommand::New { name, output }) => new::run(&name, output.as_deref()),
        Some(PatternsCommand::Help(args)) => super::help::run(&["patterns".to_owned()], &args),
    }
}

/// Returns the note on a user's pattern with the name of a built-in one.
fn replaces_built_in(name: &str) -> String {
    format!("note: pattern `{name}` replaces the built-in one of that name")
}

fn show_list(patterns: &PatternArgs) -> Result<Status, Failure> {
    let (Config { definitions, .. }, set) = settings::proved(patterns)?;
    let styles = Styles::choose(ColorArg::Auto, None);
    let options = Options { width: term::width(None), head: styles.heading, ..Options::default() };
    Output::write_whole(None, &styles, |output| list(&definitions, &set, &options, output))?;
    Ok(Status::Done)
}

fn show(names: &[String], target: Option<&Path>, patterns: &PatternArgs) -> Result<Status, Failure> {
    settings::spare(target, &settings::pattern_files(patterns))?;
    let (config, set) = settings::proved(patterns)?;
    let (catalogue, definitions) = (config.catalogue(), config.definitions);
    let index_of = |name: &String| definitions.iter().position(|definition| definition.name == *name);
    let unknown: Vec<Diagnostic> = names
        .iter()
        .filter(|name| index_of(name).is_none())
        .map(|name| {
            let all: Vec<&str> = definitions.iter().map(|definition| definition.name.as_str()).collect();
            Diagnostic::new(format!("there is no pattern `{name}`"))
                .remedy(format!("the patterns are: {}", all.join(", ")))
        })
        .collect();
    if !unknown.is_empty() {
        return Err(settings::diagnostics(&unknown));
    }
    let mut indexes: Vec<usize> = Vec::new();
    for index in names.iter().filter_map(index_of) {
        // A pattern file must not contain the same name twice.
        if !indexes.contains(&index) {
            indexes.push(index);
        }
    }
    let full = Full { definitions: &definitions, set: &set, catalogue };
    Output::write_whole(target, &Styles::default(), |output| full.write_all(&indexes, output))?;
    Ok(Status::Done)
}
