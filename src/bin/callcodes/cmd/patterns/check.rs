//! `patterns check`: reports everything that is wrong with pattern files, or that their examples pass.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use callcodes::catalogue::Catalogue;
use callcodes::config;
use callcodes::pattern::definition::{Definition, Origin};
use callcodes::pattern::diagnostic::Diagnostic;
use callcodes::pattern::{Pattern, PatternSet};
use callcodes::render::patterns::kept;
use callcodes::scan::proof;

use super::replaces_built_in;
use crate::settings;
use crate::status::{Failure, Status};
use crate::term::{self, Output, Styles};

/// A pattern file and its errors.
struct Checked {
    name: String,
    definitions: Vec<Definition>,
    wrong: Vec<Diagnostic>,
}

pub(crate) fn run(files: &[PathBuf]) -> Result<Status, Failure> {
    let mut checked: Vec<Checked> = settings::expanded(files).iter().map(|path| read(path)).collect();
    let notes = check_together(&mut checked);

    Output::write_whole(None, &Styles::default(), |output| {
        let mut sound = checked.iter().filter(|file| file.wrong.is_empty());
        sound.try_for_each(|file| writeln!(output, "{}", kept(&file.name, &file.definitions)))
    })?;
    for note in notes {
        term::note(note);
    }
    let told: Vec<String> =
        checked.iter().filter(|file| !file.wrong.is_empty()).map(|file| settings::rendered(&file.wrong)).collect();
    if told.is_empty() { Ok(Status::Done) } else { Err(Failure::Diagnostics(told.join("\n\n"))) }
}

fn read(path: &Path) -> Checked {
    let name = Origin::File(path.to_owned()).to_string();
    match config::read_file(path) {
        Ok(definitions) => Checked { name, definitions, wrong: Vec::new() },
        Err(wrong) => Checked { name, definitions: Vec::new(), wrong },
    }
}

/// Checks the files that could be read as `-f` would load them: together, and with precedence over the built-in patterns. Returns
/// notes on what is not an error but could be improved.
fn check_together(checked: &mut [Checked]) -> Vec<String> {
    let catalogue = Catalogue::built_in();
    let own: Vec<Definition> = checked.iter().flat_map(|file| file.definitions.iter().cloned()).collect();
    let (definitions, set) = match config::over_built_in(own)
        .and_then(|all| PatternSet::compile(&all).map(|set| (all, set)).map_err(|refused| vec![refused]))
    {
        Ok(compiled) => compiled,
        Err(wrong) => {
            assign(wrong, checked);
            return Vec::new();
        }
    };
    assign(proof::prove(&definitions, &set, catalogue), checked);
    // For a file with errors, the errors are enough.
    let files: Vec<&str> = checked.iter().filter(|file| file.wrong.is_empty()).map(|file| file.name.as_str()).collect();
    let own: Vec<(usize, &Definition)> = definitions
        .iter()
        .enumerate()
        .filter(|(_, definition)| definition.origin != Origin::BuiltIn)
        .filter(|(_, definition)| files.contains(&definition.origin.to_string().as_str()))
        .collect();
    let replaced = own.iter().filter(|(_, definition)| config::is_built_in(&definition.name));
    let mut notes: Vec<String> = replaced.map(|(_, definition)| replaces_built_in(&definition.name)).collect();
    notes.extend(thoughts(&own, &set));
    notes.extend(taken(&own, &definitions, &set, catalogue));
    notes
}

/// Assigns each error to the file that it points to.
fn assign(wrong: Vec<Diagnostic>, checked: &mut [Checked]) {
    for diagnostic in wrong {
        let name = diagnostic.source_name();
        let file = checked.iter().position(|file| Some(file.name.as_str()) == name).unwrap_or(0);
        if let Some(file) = checked.get_mut(file) {
            file.wrong.push(diagnostic);
        }
    }
}

/// Returns notes on what could be improved in these patterns. Each comes with its index in `set`.
fn thoughts(own: &[(usize, &Definition)], set: &PatternSet) -> Vec<String> {
    let mut notes = Vec::new();
    for &(index, definition) in own {
        let name = &definition.name;
        if definition.examples.is_empty() {
            notes.push(format!(
                "pattern `{name}` has no examples, so nothing shows that it works. Add a line from a log and its code: \
                 examples = [ {{ line = '...', code = 21 }} ]"
            ));
        }
        if set.patterns().get(index).is_some_and(Pattern::is_in_no_ansi_page) {
            notes.push(format!(
                "pattern `{name}` has letters that no single ANSI code page of Windows has: in a log that is neither UTF-8 nor \
                 UTF-16 it is found only if -E sets the encoding"
            ));
        }
        if set.patterns().get(index).is_some_and(|pattern| pattern.literals().is_none()) {
            let remedy = if definition.multiline {
                "Start the regex with text that is always the same"
            } else {
                "Put text that is always the same, such as `result`, before or after the group `code`"
            };
            notes.push(format!("pattern `{name}` makes every search slower, because any line could match. {remedy}"));
        }
    }
    notes
}

/// Returns notes on patterns with examples that other patterns match first. This is not an error, because the result counts, but
/// perhaps not in the intended way.
fn taken(
    own: &[(usize, &Definition)],
    definitions: &[Definition],
    set: &PatternSet,
    catalogue: &Catalogue,
) -> Vec<String> {
    let mut notes = Vec::new();
    let mut scratch = set.scratch();
    for &(index, definition) in own {
        let mut takers = Vec::new();
        for example in &definition.examples {
            let all = proof::find_all(set, &mut scratch, catalogue, example.line.as_bytes(), None);
            if all.iter().all(|found| found.pattern != index) {
                takers.extend(all.first().and_then(|found| definitions.get(found.pattern)));
            }
        }
        let Some(taker) = takers.first() else { continue };
        let (name, other) = (&definition.name, &taker.name);
        let examples = match definition.examples.len() {
            1 => "its only example".to_owned(),
            all => format!("{} of its {all} examples", takers.len()),
        };
        notes.push(match taker.origin {
            Origin::BuiltIn => format!(
                "pattern `{name}`: the built-in `{other}` matches {examples} instead, because its match starts further \
                 left. Make the regex of `{name}` start as far left, or search with --no-pattern {other}"
            ),
            _ => format!(
                "pattern `{name}`: `{other}` in {} matches {examples} instead. Make one of the two more specific",
                taker.origin
            ),
        });
    }
    notes
}
