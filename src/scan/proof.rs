//! Compiles pattern sets and checks them against their examples. A pattern that fails one of its examples is not loaded.
//!
//! This is not part of [`pattern`](crate::pattern), because an example gives a code as a log writes it, and only the catalogue
//! can resolve that to a result.

use super::wrapped::is_unknown;
use super::{Signs, joined, resolve};
use crate::catalogue::Catalogue;
use crate::code::{Key, MFA};
use crate::hit::{Capture, Captures};
use crate::pattern::definition::{Definition, Origin};
use crate::pattern::diagnostic::Diagnostic;
use crate::pattern::examples::{self, Found};
use crate::pattern::{Match, PatternSet, Scratch};

/// Compiles definitions, which must be in order of precedence, and checks their examples.
///
/// `catalogue` is not called if all definitions are built in: the project's tests check the examples of those, so the check is
/// skipped at start-up.
///
/// # Errors
///
/// Returns the error of the first definition that cannot be compiled, or else one error for every example that fails.
pub fn compile<'c>(
    definitions: &[Definition],
    catalogue: impl FnOnce() -> &'c Catalogue,
) -> Result<PatternSet, Vec<Diagnostic>> {
    let set = PatternSet::compile(definitions).map_err(|refused| vec![refused])?;
    if definitions.iter().all(|definition| definition.origin == Origin::BuiltIn) {
        return Ok(set);
    }
    let broken = prove(definitions, &set, catalogue());
    if broken.is_empty() { Ok(set) } else { Err(broken) }
}

/// Checks the examples and counter-examples of all definitions, and returns an error for each one that fails.
#[must_use]
pub fn prove(definitions: &[Definition], set: &PatternSet, catalogue: &Catalogue) -> Vec<Diagnostic> {
    let mut scratch = set.scratch();
    let find = |text: &[u8], only: Option<usize>| find_all(set, &mut scratch, catalogue, text, only);
    // Examples of sign-ins are checked only against patterns of the same origin and the built-in ones, because users write
    // patterns in order to take over lines that other patterns match.
    let join = |text: &[u8], origin: &Origin| {
        let is_one = |other: &&Definition| other.origin == *origin || other.origin == Origin::BuiltIn;
        let of_origin: Vec<Definition> = definitions.iter().filter(is_one).cloned().collect();
        let alone = if of_origin.len() == definitions.len() { None } else { PatternSet::compile(&of_origin).ok() };
        joined(alone.as_ref().unwrap_or(set), catalogue, text)
    };
    examples::check(definitions, &|definition, written| catalogue.resolve_in(&definition.family, written), find, &join)
}

/// Returns every match in `text`, in order, including those of patterns that find context. If `only` is given, searches only for
/// the pattern with that index. Multi-line patterns see the whole text.
#[must_use]
pub fn find_all(
    set: &PatternSet,
    scratch: &mut Scratch,
    catalogue: &Catalogue,
    text: &[u8],
    only: Option<usize>,
) -> Vec<Found> {
    let mut all = Vec::new();
    let mut writers = None;
    let mut start = 0;
    for whole in text.split_inclusive(|&byte| byte == b'\n') {
        let line = whole.strip_suffix(b"\n").unwrap_or(whole);
        let line_len = line.strip_suffix(b"\r").unwrap_or(line).len();
        let window = &text[start..];
        let mut matches = match only {
            None => set.matches(scratch, window, line_len),
            Some(index) => set.matches_of(index, scratch, window, line_len),
        };
        let mut signs = Signs::default();
        while let Some(next) = matches.next() {
            let family = set.patterns()[next.pattern].family().unwrap_or(MFA);
            let key = resolve_in((catalogue, family), &next, window);
            if !next.is_context()
                && is_unknown(catalogue, &key)
                && !signs.vouch(set, next.pattern, &[&window[..line_len]])
            {
                let (pattern, span) = (next.pattern, next.span.clone());
                matches.reject(pattern, &span);
                continue;
            }
            let writers = writers.get_or_insert_with(|| set.writers());
            let mut captures = Captures::new(|capture| window.get(next.capture(capture)?));
            set.add_writer(writers, next.pattern, &window[..line_len], &mut captures);
            all.push(found(&next, key, &captures));
        }
        start += whole.len();
    }
    all
}

/// Returns the result of a match of a pattern of this family in a window.
fn resolve_in((catalogue, family): (&Catalogue, &str), found: &Match<'_>, window: &[u8]) -> Key {
    let captured = |capture| window.get(found.capture(capture)?);
    resolve(catalogue, family, captured(Capture::Code).unwrap_or_default(), captured(Capture::Text))
}

/// Copies a match with its result and its captures.
fn found(found: &Match<'_>, key: Key, captures: &Captures<&[u8]>) -> Found {
    Found {
        pattern: found.pattern,
        key,
        captures: Captures::new(|capture| Some(String::from_utf8_lossy(captures[capture]?).into_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    #[test]
    fn the_built_in_patterns_find_their_examples() {
        let definitions = config::built_in();
        let set = PatternSet::compile(&definitions).unwrap();
        let broken: Vec<String> =
            prove(&definitions, &set, Catalogue::built_in()).iter().map(ToString::to_string).collect();
        assert!(broken.is_empty(), "{}", broken.join("\n"));
    }

    #[test]
    fn every_built_in_pattern_has_examples_of_both_kinds_and_a_required_literal() {
        let definitions = config::built_in();
        let set = PatternSet::compile(&definitions).unwrap();
        for (definition, pattern) in definitions.iter().zip(set.patterns()) {
            let name = &definition.name;
            assert!(!definition.examples.is_empty() && !definition.counter_examples.is_empty(), "{name}");
            assert!(pattern.literals().is_some(), "{name}");
        }
    }

    /// These patterns find most lines of a log. The test fails if a change to a regex makes one of them slower.
    #[test]
    fn the_busiest_patterns_need_no_backtracking() {
        let definitions = config::built_in();
        let set = PatternSet::compile(&definitions).unwrap();
        for name in ["pfauth", "raw-call-status", "call-status-symbol", "call-status"] {
            let pattern = set.patterns().iter().find(|pattern| pattern.name() == name).unwrap();
            assert_eq!(
                pattern.ways(),
                "Speed: the fastest; matched step by step, without trying anything twice",
                "{name}"
            );
        }
    }
}
