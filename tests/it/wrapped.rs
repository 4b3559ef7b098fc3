//! Tests that a line that another program has wrapped gives the same results as the line itself.

#![allow(clippy::unwrap_used)]

use callcodes::catalogue::Catalogue;
use callcodes::chunk::{Chunk, Limits};
use callcodes::config;
use callcodes::hit::{Capture, Hit};
use callcodes::pattern::PatternSet;
use callcodes::scan::Scanner;
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Cases {
    wrapped: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    by: String,
    line: String,
    codes: Vec<String>,
    user: Option<String>,
    outcome: Option<String>,
    time: Option<String>,
    times: Option<Vec<String>>,
}

/// The content of a hit, without its position.
#[derive(Clone, Debug, PartialEq)]
struct Said {
    key: String,
    user: Option<String>,
    outcome: Option<String>,
    address: Option<String>,
    time: String,
}

fn said(hit: &Hit<'_>) -> Said {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Said {
        key: hit.key.to_string(),
        user: hit.user().map(|user| text(&user)),
        outcome: hit.says(Capture::Outcome).map(text),
        address: hit.says(Capture::Address).map(text),
        time: hit.time.map(|stamp| stamp.time.to_string()).unwrap_or_default(),
    }
}

fn found(line: &str) -> Vec<Said> {
    let set = PatternSet::compile(&config::built_in()).unwrap();
    found_by(&set, line)
}

fn found_by(set: &PatternSet, line: &str) -> Vec<Said> {
    let mut scanner = Scanner::new(set, Catalogue::built_in(), Limits::default().lookahead_bytes);
    let mut all = Vec::new();
    scanner.scan(&Chunk::whole(line.as_bytes()), |hit| all.push(said(&hit)));
    all
}

#[test]
fn a_wrapped_line_has_the_results_of_the_line_itself() {
    let cases: Cases = toml::from_str(include_str!("wrapped.toml")).unwrap();
    for Case { by, line, codes, user, outcome, time, times } in cases.wrapped {
        let found = found(&line);
        let keys: Vec<&str> = found.iter().map(|said| said.key.as_str()).collect();
        assert_eq!(keys, codes, "by {by}: {line}");
        for (said, expected) in found.iter().zip(times.into_iter().flatten().chain(time)) {
            assert_eq!(said.time, expected, "by {by}: {line}");
        }
        if let Some(first) = found.first() {
            assert_eq!((&first.user, &first.outcome), (&user, &outcome), "by {by}: {line}");
        }
    }
}

/// A way to wrap a line, which a rule undoes.
type Wrap = fn(&str) -> String;

const WRAPS: [(&str, Wrap); 5] = [
    ("JSON", |line| format!("{{\"n\":1,\"message\":{}}}", serde_json::to_string(line).unwrap())),
    ("JSON that escapes quotes by number", |line| {
        let escaped = serde_json::to_string(line).unwrap();
        let inner = escaped.strip_prefix('"').unwrap().strip_suffix('"').unwrap();
        format!(
            "{{\"message\":\"{}\"}}",
            inner.replace("\\\"", r"\u0022").replace('\'', r"\u0027").replace('<', r"\u003C").replace('>', r"\u003E")
        )
    }),
    ("XML", |line| {
        let escaped = line.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        format!("<Data>{}</Data>", escaped.replace('"', "&quot;").replace('\'', "&#39;"))
    }),
    ("CSV", |line| format!("7,\"{}\"", line.replace('"', "\"\""))),
    ("Markdown", |line| {
        let symbols = ["SUCCESS_", "FAILED_", "CONFIG_"];
        symbols.iter().fold(line.replace('*', r"\*"), |line, symbol| line.replace(symbol, &symbol.replace('_', r"\_")))
    }),
];

/// Returns the examples and counter-examples of all patterns that consist of a single line.
fn lines() -> Vec<String> {
    let mut lines = Vec::new();
    for definition in config::built_in() {
        let examples = definition.examples.iter().map(|example| example.line.clone());
        lines.extend(examples.chain(definition.counter_examples.iter().map(|example| example.line.clone())));
    }
    lines.retain(|line| !line.trim().contains('\n') && !line.contains('\\') && !line.contains("&"));
    lines
}

/// Asserts that the same results were found. A time directly after an escape, as in `\\u00222017-02-14`, may be missing, but it
/// must not be a different one.
fn assert_same(found: Vec<Said>, expected: &[Said], line: &str) {
    let same = |(mut said, expected): (Said, &Said)| {
        if said.time.is_empty() {
            said.time.clone_from(&expected.time);
        }
        said
    };
    let len = found.len();
    let same: Vec<Said> = found.into_iter().zip(expected).map(same).collect();
    assert_eq!((len, same.as_slice()), (expected.len(), expected), "{line}");
}

#[test]
fn wrapping_a_line_neither_adds_nor_loses_results() {
    let set = PatternSet::compile(&config::built_in()).unwrap();
    for line in lines() {
        let expected = found_by(&set, &line);
        for (name, wrap) in WRAPS {
            let once = wrap(&line);
            assert_same(found_by(&set, &once), &expected, &format!("{name}: {once}"));
            // If two combinations of rules reveal the result, the one that also reveals the user may come later.
            for (other, wrap) in
                WRAPS.into_iter().filter(|_| name != "Markdown").filter(|(other, _)| *other != "Markdown")
            {
                let twice = wrap(&once);
                assert_same(found_by(&set, &twice), &expected, &format!("{name}, then {other}: {twice}"));
            }
        }
    }
}

#[test]
fn a_long_line_of_many_records_has_the_results_of_all() {
    let records = [r#"{"m":"Call Status: 102"}"#, r#"{"m":"x\nCall Status: 108"}"#, r#"{"m":"rawCallStatus\t=\t21"}"#];
    let line = format!("[{}]", vec![records.join(","); 200].join(","));
    let keys: Vec<String> = found(&line).into_iter().map(|said| said.key).collect();
    assert_eq!(keys, ["102", "108", "21"].repeat(200));
}

#[test]
fn in_a_long_line_each_record_is_unwrapped_as_in_a_short_one() {
    let padding = r#"{"m":"\u0022x\u0022"},"#.repeat(400);
    let user = |code: &str| (code.to_owned(), Some("ann".to_owned()));
    let record =
        r#"{"m":"Pfauth failed for user \u0027ann\u0027. Call status: CONFIG_ISSUE - \u0022Phone Unreachable\u0022."}"#;
    let line = format!("[{padding}{}]", vec![record; 30].join(","));
    let found: Vec<_> = found(&line).into_iter().map(|said| (said.key, said.user)).collect();
    assert_eq!(found, vec![user("102"); 30]);
}

proptest! {
    /// Nothing panics, whatever escapes a line has, and however they are cut off.
    #[test]
    fn any_line_can_be_unwrapped(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "callStatus", "=", "\\", "\\u", "\\ud83d", "\\u0022", "\"\"", "&", "&#", "&amp;", ";", "%", "%3", "=3D", "#0", "\u{1b}",
            "\u{1b}[", "^[[", "<b", "<", ">", "*", "\u{2013}", "[0]", " (", ")", "102", "\n",
        ]), 0..60),
    ) {
        found(&pieces.concat());
    }
}
