//! `patterns`: what is looked for, and the way to a pattern of one's own.

mod check;
mod new;
mod test;

use std::path::Path;

use callcodes::catalogue::Catalogue;
use callcodes::pattern::diagnostic::Diagnostic;
use callcodes::render::patterns::{Full, list};
use callcodes::render::{self, Emphasis};

use crate::args::{ColorArg, PatternArgs, PatternsArgs, PatternsCommand};
use crate::settings;
use crate::status::{Failure, Status};
use crate::term::{self, Output, Styles};

pub(crate) fn run(args: PatternsArgs) -> Result<Status, Failure> {
    match args.command {
        None => show_list(&args.patterns),
        Some(PatternsCommand::List { patterns }) => show_list(&patterns),
        Some(PatternsCommand::Show { names, output, patterns }) => show(&names, output.as_deref(), &patterns),
        Some(PatternsCommand::Check { files }) => check::run(&files),
        Some(PatternsCommand::Test { input, patterns }) => test::run(input.as_deref(), &patterns),
        Some(PatternsCommand::New { name, output }) => new::run(&name, output.as_deref()),
        Some(PatternsCommand::Help(args)) => super::help::run(&["patterns".to_owned()], &args),
    }
}

/// A note on the name of a pattern of one's own.
fn replaces_built_in(name: &str) -> String {
    format!("note: pattern `{name}` replaces the built-in one of that name")
}

fn show_list(patterns: &PatternArgs) -> Result<Status, Failure> {
    let (definitions, set) = settings::proved(patterns)?;
    let styles = Styles::choose(ColorArg::Auto, None);
    let head = if styles.heading.is_plain() { Emphasis::Plain } else { Emphasis::Bold };
    let options = render::Options { width: term::width(None), head };
    let mut output = Output::open(None, &styles)?;
    list(&definitions, &set, &options, &mut output).map_err(|reason| output.error(reason))?;
    output.finish()?;
    Ok(Status::Done)
}

fn show(names: &[String], target: Option<&Path>, patterns: &PatternArgs) -> Result<Status, Failure> {
    let (definitions, set) = settings::proved(patterns)?;
    let catalogue = Catalogue::built_in();
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
        // The same name twice would not be a pattern file.
        if !indexes.contains(&index) {
            indexes.push(index);
        }
    }
    let mut output = Output::open(target, &Styles::default())?;
    let full = Full { definitions: &definitions, set: &set, catalogue };
    full.write_all(&indexes, &mut output).map_err(|reason| output.error(reason))?;
    output.finish()?;
    Ok(Status::Done)
}
