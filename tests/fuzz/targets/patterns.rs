//! Loads pattern files and compares the results of valid patterns with those of the naive scanner.
//!
//! The input is a pattern file, a NUL byte, which pattern files cannot contain, and the text to scan.

#![no_main]

#[allow(dead_code, unused_imports, reason = "the tests use more of it")]
#[path = "../../it/naive/mod.rs"]
mod naive;

use std::collections::BTreeMap;
use std::io::Write as _;

use callcodes::catalogue::Catalogue;
use callcodes::chunk::{Chunk, Limits};
use callcodes::config::{self, Layers};
use callcodes::hit::{Capture, Hit};
use callcodes::pattern::PatternSet;
use callcodes::pattern::definition::Definition;
use callcodes::pattern::diagnostic::{Diagnostic, Look};
use callcodes::scan::{Scanner, proof, trial};
use libfuzzer_sys::fuzz_target;
use naive::{Found, naive, naive_patterns};

/// The most bytes of text, because the naive scanner is slow.
const TEXT_BYTES: usize = 500;
/// The most patterns that are tried on the text.
const PATTERNS: usize = 4;

fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.splitn(2, |byte| *byte == 0);
    let written = parts.next().unwrap_or_default();
    let text = parts.next().unwrap_or_default();
    let text = &text[..text.len().min(TEXT_BYTES)];

    let mut file = tempfile::NamedTempFile::new().expect("a folder for temporary files");
    file.write_all(written).expect("room for temporary files");
    let layers = Layers { files: vec![file.path().to_owned()], ..Layers::default() };
    match (config::read_file(file.path()), config::load(&layers, config::BUILT_IN)) {
        (Ok(own), Ok(all)) => {
            let own = own.definitions;
            assert_eq!(names(&own), names(&all.definitions[..own.len()]));
            try_out(&own, text);
        }
        (Ok(own), Err(found)) => {
            show(&found);
            let is_refused =
                config::catalogue(vec![own.codes]).is_err() || config::over_built_in(own.definitions).is_err();
            assert!(is_refused, "sound by itself and over the built-in ones");
        }
        (Err(found), Err(_)) => show(&found),
        (Err(_), Ok(_)) => panic!("not sound by itself"),
    }

    let expression = String::from_utf8_lossy(written).into_owned();
    let layers = Layers { expressions: vec![expression], ..Layers::default() };
    match config::load(&layers, "") {
        Ok(own) => try_out(&own.definitions, text),
        Err(found) => show(&found),
    }
});

fn names(definitions: &[Definition]) -> Vec<&str> {
    definitions.iter().map(|definition| definition.name.as_str()).collect()
}

fn show(found: &[Diagnostic]) {
    assert!(!found.is_empty(), "refused without a reason");
    for one in found {
        assert!(one.render(Look::Plain).starts_with("error"));
        assert!(!one.render(Look::Styled).is_empty());
    }
}

/// Scans the text for these patterns.
fn try_out(definitions: &[Definition], text: &[u8]) {
    let definitions = &definitions[..definitions.len().min(PATTERNS)];
    if let Err(found) = proof::compile(definitions, Catalogue::built_in) {
        show(&found);
    }
    let fast = match PatternSet::compile(definitions) {
        Ok(set) => set,
        // The regex is too large, which is detected only when it is compiled.
        Err(refused) => return show(&[refused]),
    };
    let limits = Limits::default();
    let expected = naive(text, &naive_patterns(definitions), limits);
    assert_eq!(scanned(&fast, text, limits), expected);
    let unfiltered = PatternSet::compile(definitions).expect("compiled once").without_prefilter();
    assert_eq!(scanned(&unfiltered, text, limits), expected, "without the prefilter");

    for line in trial::run(definitions, &fast, Catalogue::built_in(), text) {
        if let trial::Outcome::Missed(all) = line.outcome {
            for near in all {
                assert!(!near.miss.render(&definitions[near.pattern], line.text, Some(80)).is_empty());
            }
        }
    }
}

/// Returns what each group captured, in the form that the naive scanner uses.
fn captures(hit: &Hit<'_>) -> BTreeMap<String, String> {
    let captured = |capture: Capture| Some((capture.name().to_owned(), hit.says(capture)?.escape_ascii().to_string()));
    Capture::ALL.into_iter().filter_map(captured).collect()
}

fn scanned(set: &PatternSet, text: &[u8], limits: Limits) -> Vec<Found> {
    let mut all = Vec::new();
    let mut scanner = Scanner::new(set, Catalogue::built_in(), limits.lookahead_bytes);
    scanner.scan(&Chunk::whole(text), |hit| {
        let before = &text[..hit.line_start];
        all.push(Found {
            offset: hit.offset(),
            line: before.iter().filter(|byte| **byte == b'\n').count() as u64 + 1,
            pattern: set.patterns()[hit.pattern].name().to_owned(),
            key: hit.key.clone(),
            captures: captures(&hit),
            time: hit.time.map(|stamp| stamp.time.to_string()),
        });
    });
    all
}
