//! `patterns check`: reports everything that is wrong with pattern files, or that their examples pass.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use callcodes::catalogue::Catalogue;
use callcodes::config::{self, Layer};
use callcodes::pattern::definition::{Definition, Origin};
use callcodes::pattern::diagnostic::Diagnostic;
use callcodes::pattern::file::CodeOf;
use callcodes::pattern::learn::Kind;
use callcodes::pattern::{Pattern, PatternSet};
use callcodes::pipeline::similar::{Compared, sample_of};
use callcodes::render::learned::{SHOWN_LINES, comparison};
use callcodes::render::patterns::kept;
use callcodes::scan::proof;

use super::logs::{Logs, output_args};
use super::replaces_built_in;
use crate::args::{CheckArgs, PatternArgs};
use crate::settings;
use crate::status::{Failure, Status};
use crate::term;

/// The most lines that a pattern takes from which it follows what similar lines look like.
const COMPARED_LINES: usize = 20;

/// A pattern file and its errors.
struct Checked {
    name: String,
    definitions: Vec<Definition>,
    codes: Vec<CodeOf>,
    wrong: Vec<Diagnostic>,
}

pub(super) fn run(args: CheckArgs) -> Result<Status, Failure> {
    let CheckArgs { arguments, logs } = args;
    let mut arguments = settings::expanded(&arguments).into_iter();
    let first = arguments.next();
    // Anything else is a log. The first argument is a pattern file, whatever its name is.
    let is_pattern_file = |path: &PathBuf| path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("toml"));
    let (others, paths): (Vec<PathBuf>, Vec<PathBuf>) = arguments.partition(is_pattern_file);
    let files: Vec<PathBuf> = first.into_iter().chain(others).collect();
    let mut checked: Vec<Checked> = files.iter().map(|path| read(path)).collect();
    let together = check_together(&mut checked);

    let encoding = logs.encoding.given();
    let (output_args, no_patterns) =
        (output_args(logs.verbose), PatternArgs { no_config: true, ..PatternArgs::default() });
    let mut logs = Logs::begin(paths, logs, &no_patterns, &output_args)?;
    let sound = checked.iter().filter(|file| file.wrong.is_empty());
    let mut lines: Vec<String> = sound.map(|file| kept(&file.name, &file.definitions, file.codes.len())).collect();
    let mut notes = Vec::new();
    if let Some(Together { definitions, set, catalogue, own, notes: of_patterns }) = together {
        notes = of_patterns;
        lines.extend(compared(&mut logs, &definitions, (&set.reading_in(encoding), catalogue), &own)?);
    }
    logs.write(|output| lines.iter().try_for_each(|line| writeln!(output, "{line}")))?;
    let status = logs.end()?;
    for note in notes {
        term::note(note);
    }
    let told: Vec<String> =
        checked.iter().filter(|file| !file.wrong.is_empty()).map(|file| settings::rendered(&file.wrong)).collect();
    if told.is_empty() { Ok(status) } else { Err(Failure::Diagnostics(told.join("\n\n"))) }
}

/// Pattern files that were compiled together with the built-in patterns.
struct Together {
    definitions: Vec<Definition>,
    set: PatternSet,
    catalogue: &'static Catalogue,
    /// The indexes of the patterns of files without errors.
    own: Vec<usize>,
    /// What is not an error but could be improved.
    notes: Vec<String>,
}

/// Compares each pattern with similar lines in the logs, and returns what to print.
fn compared(
    logs: &mut Logs<'_>,
    definitions: &[Definition],
    (set, catalogue): (&PatternSet, &'static Catalogue),
    own: &[usize],
) -> Result<Vec<String>, Failure> {
    if !logs.are_there() {
        return Ok(Vec::new());
    }
    let is_compared =
        |index: &usize| definitions.get(*index).is_some_and(|one| !one.role.is_context() && !one.multiline);
    let own: Vec<usize> = own.iter().copied().filter(is_compared).collect();
    // What similar lines look like follows from the examples and from the lines that the pattern takes.
    let alone = |&index: &usize| Compared { pattern: Some(index), kinds: Vec::new(), kept: COMPARED_LINES };
    let taken = logs.compare((set, catalogue), &own.iter().map(alone).collect::<Vec<_>>())?;
    let with_kinds = own.iter().zip(&taken).map(|(&index, seen)| {
        let examples = definitions[index].examples.iter();
        let examples = examples.filter_map(|example| sample_of(set, catalogue, index, &example.line));
        let samples = examples.chain(seen.first_taken.iter().map(|line| line.sample.clone()));
        let kinds = samples.filter(|sample| !sample.code.is_empty()).filter_map(|sample| Kind::of(&sample)).collect();
        Compared { pattern: Some(index), kinds, kept: SHOWN_LINES }
    });
    let seen = logs.compare((set, catalogue), &with_kinds.collect::<Vec<_>>())?;
    let names = own.iter().map(|&index| definitions[index].name.as_str());
    Ok(names.zip(&seen).flat_map(|(name, seen)| comparison(name, seen)).collect())
}

fn read(path: &Path) -> Checked {
    let name = Origin::File(path.to_owned()).to_string();
    match config::read_file(path) {
        Ok(Layer { definitions, codes, .. }) => Checked { name, definitions, codes, wrong: Vec::new() },
        Err(wrong) => Checked { name, definitions: Vec::new(), codes: Vec::new(), wrong },
    }
}

/// Checks the files that could be read as `-f` would load them: together, and with precedence over the built-in patterns. Returns
/// `None` if they cannot be loaded together.
fn check_together(checked: &mut [Checked]) -> Option<Together> {
    let codes = checked.iter().flat_map(|file| file.codes.iter().cloned()).collect();
    let catalogue = match config::catalogue(vec![codes]) {
        Ok(catalogue) => catalogue.unwrap_or_else(Catalogue::built_in),
        Err(wrong) => {
            assign(wrong, checked);
            return None;
        }
    };
    let own: Vec<Definition> = checked.iter().flat_map(|file| file.definitions.iter().cloned()).collect();
    let (definitions, set) = match config::over_built_in(own)
        .and_then(|all| PatternSet::compile(&all).map(|set| (all, set)).map_err(|refused| vec![refused]))
    {
        Ok(compiled) => compiled,
        Err(wrong) => {
            assign(wrong, checked);
            return None;
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
    let own = own.into_iter().map(|(index, _)| index).collect();
    Some(Together { own, notes, definitions, set, catalogue })
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
pub(super) fn taken(
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
