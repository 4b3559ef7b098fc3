//! Tests of learning as a whole.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;
use crate::config;
use crate::pattern::PatternSet;
use crate::pattern::definition::Origin;
use crate::pattern::{file, validate};
use crate::render::patterns::toml_of;
use crate::scan::proof;

fn sample(line: &str, code: &str) -> Sample {
    let code = find_code(line, code, Catalogue::built_in()).unwrap();
    Sample { line: line.to_owned(), code, said: Vec::new() }
}

fn learned(samples: &[(&str, &str)], similar: &[&str]) -> Vec<Learned> {
    let samples: Vec<Sample> = samples.iter().map(|(line, code)| sample(line, code)).collect();
    let similar: Vec<String> = similar.iter().map(|&line| line.to_owned()).collect();
    let learned = learn(&samples, &similar, Catalogue::built_in(), &|_| false).unwrap();
    check(&learned);
    learned
}

/// Checks learned patterns as the file that they are written to is checked.
fn check(learned: &[Learned]) {
    let definitions: Vec<Definition> = learned.iter().map(|one| one.definition.clone()).collect();
    let text: String = definitions.iter().map(toml_of).collect();
    let read =
        file::parse(&text, &Origin::File("own.toml".into())).unwrap_or_else(|wrong| panic!("{}\n{text}", wrong[0]));
    let wrong: Vec<String> = read.iter().flat_map(validate::check).map(|one| one.to_string()).collect();
    assert!(wrong.is_empty(), "{}\n{text}", wrong.join("\n"));
    let all = config::over_built_in(read).unwrap();
    let wrong: Vec<String> =
        proof::compile(&all, Catalogue::built_in).err().into_iter().flatten().map(|one| one.to_string()).collect();
    assert!(wrong.is_empty(), "{}\n{text}", wrong.join("\n"));
}

/// Returns the code and the other values that a learned pattern finds in a line.
fn found(learned: &Learned, line: &str) -> Option<String> {
    let definitions = [learned.definition.clone()];
    let set = PatternSet::compile(&definitions).unwrap();
    let found = proof::find_all(&set, &mut set.scratch(), Catalogue::built_in(), line.as_bytes(), None);
    let first = found.first()?;
    let mut text = first.key.to_string();
    for capture in Capture::details() {
        if let Some(value) = &first.captures[capture] {
            let _ = write!(text, " {}={value}", capture.name());
        }
    }
    Some(text)
}

/// Returns the regex of the only learned pattern.
fn regex(line: &str, code: &str, similar: &[&str]) -> String {
    let learned = learned(&[(line, code)], similar);
    let [Learned { definition, .. }] = &learned[..] else { panic!("{learned:?}") };
    definition.regex.clone()
}

/// The end of each regex for a number.
const NUMBER: &str = r#"(?<code>-?\d{1,4})(?:[\s,;)\]}"'|<>&]|\.(?:\s|$)|$)"#;
/// A value without quotation marks.
const NAME: &str = r#"[^\s"',;|<>()\[\]{}]+"#;

const CALL: &str =
    "12.03.2024 14:05:11 [MFA-Gateway] Anruf an Benutzer meier (Tel. +49 170 555) beendet, Ergebnis: 102 (belegt)";

#[test]
fn words_stay_and_values_may_be_any() {
    let user = format!("(?<user>{NAME})");
    let expected = format!(
        r"\bMFA-Gateway\]\s+Anruf\s+an\s+Benutzer\s+{user}\s+\(Tel\.\s+\+[\d /-]+\)\s+beendet,\s+Ergebnis:\s*{NUMBER}"
    );
    assert_eq!(regex(CALL, "102", &[]), expected);
    let line = "2024-05-01 10:15:30 INFO job 7 of {6b9c3c0e-62a1-4f37-9d4e-0b5a8a1f9f10} wrote C:\\a.txt, mfa code=102";
    let expected = format!(r"\bjob\s+\d+\s+of\s+\{{[0-9A-Fa-f-]+\}}\s+wrote\s+{NAME},\s+mfa\s+code={NUMBER}");
    assert_eq!(regex(line, "102", &[]), expected);
    let line = r#"{"time":"2024-05-01T10:15:30Z","user":"ann@example.com","mfa":{"resultCode":102,"text":"x"}}"#;
    let expected = format!(r#"\btime":"[^"]*","user":"(?<user>[^"]+)","mfa":\{{"resultCode":{NUMBER}"#);
    assert_eq!(regex(line, "102", &[]), expected);
}

#[test]
fn what_is_before_the_message_is_captured_but_not_needed() {
    let line = "Feb  4 02:57:24 ras01 mfad[14]: call of CONTOSO\\ann from 192.0.2.7 ended, rc 102";
    let learned = learned(&[(line, "102")], &[]);
    let line = "<1>Feb  5 03:57:24 ras02 mfad[15]: call of CONTOSO\\bob from 192.0.2.8 ended, rc 21";
    assert_eq!(found(&learned[0], line).unwrap(), "21 user=CONTOSO\\bob address=192.0.2.8");
    assert_eq!(found(&learned[0], &line[3..]).unwrap(), "21 user=CONTOSO\\bob host=ras02 address=192.0.2.8");
}

#[test]
fn a_code_that_is_a_text_ends_where_it_ends_in_the_line() {
    for (line, code, other, expected) in [
        ("phone call ended: Phone Unreachable", "102", "phone call ended: PIN Entered", "1"),
        ("phone call: Phone Unreachable for user x", "102", "phone call: Unheard Of for user y", "Unheard Of"),
        ("phone call (Phone Unreachable) ended", "102", "phone call (Unheard Of) ended", "Unheard Of"),
        ("phone call: \"Phone Unreachable\" now", "102", "phone call: \"it's off\" now", "it's off"),
        ("phone call: FAILED_PHONE_BUSY, done", "101", "phone call: NEW_NAME, done", "NEW_NAME"),
    ] {
        let learned = learned(&[(line, code)], &[]);
        assert_eq!(found(&learned[0], other).as_deref(), Some(expected), "{}", learned[0].definition.regex);
    }
}

#[test]
fn numbers_that_are_not_codes_are_not_taken() {
    let learned = learned(&[("MFA call of user ann ended, code 102", "102")], &[]);
    for other in [
        "MFA call of user ann ended, code 102.5",
        "MFA call of user ann ended, code 102%",
        "MFA call of user ann ended, code 10212",
        "MFA call of user ann ended, code 12:00",
        "MFA call of user ann ended, code 102ms",
        "MFA call of user ann ended, barcode 102",
        "MFA call of user ann ended, errorcode 102",
        "HTTP call of user ann ended, code 200",
    ] {
        assert_eq!(found(&learned[0], other), None, "{other}");
    }
    assert_eq!(found(&learned[0], "MFA call of user bob ended, code 21.").unwrap(), "21 user=bob");
}

#[test]
fn words_that_differ_in_similar_lines_may_be_any() {
    let similar = [
        "12.03.2024 14:05:11 [MFA-Gateway] SMS an Benutzer lee (Tel. +49 170 555) gesendet, Ergebnis: 120",
        "12.03.2024 14:05:11 [MFA-Gateway] Anruf und SMS an Benutzer lee (Tel. +49 170 555) beendet, Ergebnis = 21",
        // Not a code that is known.
        "12.03.2024 14:05:11 [MFA-Gateway] App an Benutzer lee, Ergebnis: 7777",
        // Too few of the words.
        "12.03.2024 14:05:11 [MFA-Gateway] Lizenz, Ergebnis: 0",
    ];
    let user = format!("(?<user>{NAME})");
    let expected = format!(
        r"\bMFA-Gateway\]\s+\S+?\s+an\s+Benutzer\s+{user}\s+\(Tel\.\s+\+[\d /-]+\)\s+\S+?,\s+Ergebnis:\s*{NUMBER}"
    );
    assert_eq!(regex(CALL, "102", &similar[..1]), expected);
    let learned = learned(&[(CALL, "102")], &similar);
    let codes = similar.map(|line| found(&learned[0], line));
    assert_eq!(codes, [Some("120 user=lee".to_owned()), Some("21 user=lee".to_owned()), None, None]);
    assert_eq!(learned[0].adapted, 2);
    assert_eq!(learned[0].left_out, ["Anruf", "beendet"]);
}

#[test]
fn a_similar_line_whose_user_cannot_be_captured_is_left_out() {
    let line = "INFO second factor of user ann on gw07 gave answer 102 after 3 s";
    let others = [
        r#"INFO second factor of user "carl x" on gw08 gave answer 108 after 4 s"#,
        "INFO second factor of user bob on gw07 gave answer 21 after 4 s",
    ];
    let learned = learned(&[(line, "102")], &others);
    let codes = others.map(|line| found(&learned[0], line));
    assert_eq!(codes, [None, Some("21 user=bob".to_owned())]);
    assert!(learned[0].left_out.is_empty());
}

#[test]
fn lines_with_too_little_in_common_get_several_patterns() {
    let lines = ["MFA call ended, code 102", "text message gateway result=120", "MFA call ended, code 21"];
    let learned = learned(&[(lines[0], "102"), (lines[1], "120"), (lines[2], "21")], &[]);
    let names: Vec<&str> = learned.iter().map(|one| one.definition.name.as_str()).collect();
    assert_eq!(names, ["mfa-code", "text-result"]);
    assert_eq!(learned[0].definition.examples.len(), 2);
}

#[test]
fn one_of_two_equal_places_is_found_by_what_is_before_it() {
    let line = "MFA call codes: 102 102";
    let first = learned(&[(line, "102@1")], &[]);
    assert_eq!(found(&first[0], "MFA call codes: 5 21").unwrap(), "5");
    let second = learned(&[(line, "102@2")], &[]);
    assert_eq!(found(&second[0], "MFA call codes: 5 21").unwrap(), "21");
    let last = learned(&[("rc=102 rc=102", "102@2")], &[]);
    assert_eq!(found(&last[0], "rc=5 rc=21").unwrap(), "21");
}

#[test]
fn names_are_unique() {
    let samples = [sample("Prüfung: Rückgabe 102", "102")];
    let name = |taken: &[&str]| {
        let is_taken = |name: &str| taken.contains(&name);
        learn(&samples, &[], Catalogue::built_in(), &is_taken).unwrap().remove(0).definition.name
    };
    assert_eq!(name(&[]), "pruefung-rueckgabe");
    assert_eq!(name(&["pruefung-rueckgabe", "pruefung-rueckgabe-2"]), "pruefung-rueckgabe-3");
}

#[test]
fn a_line_without_words_or_that_is_too_long_is_an_error() {
    let error = |line: &str| learn(&[sample(line, "102")], &[], Catalogue::built_in(), &|_| false).unwrap_err();
    assert_eq!(error("2024-05-01 10:15:30;102;7"), NotLearned::NoWords(0));
    assert_eq!(error(&format!("code 102{}", " ".repeat(LONGEST_LINE_BYTES))), NotLearned::TooLong(0));
}

/// Texts that occur in lines, among them everything that has a meaning in a regex.
fn part() -> impl Strategy<Value = String> {
    let words = vec![
        "call",
        "MFA",
        "Ergebnis",
        "user",
        "Benutzer",
        "host",
        "code",
        "Rückgabe",
        "ann",
        "CONTOSO\\ann",
        "ann.lee",
        "ann@example.com",
        "192.0.2.7",
        "2001:db8::7",
        "2024-05-01 10:15:30",
        "Feb  4 02:57:24",
        "failed",
        "INFO",
        "6b9c3c0e-62a1-4f37-9d4e-0b5a8a1f9f10",
        "C:\\a b.txt",
        "'it is'",
        "\"x y\"",
        "RAS01",
        "+49 170 555",
        "\t",
        "\u{a0}",
        "é",
        "漢字",
        "ſ",
        "İ",
        "\u{1b}[1m",
        "'''",
        "\\Q",
        "(?i)",
        "",
    ];
    prop_oneof![
        4 => "[ ]{1,2}",
        3 => r#"[:=,;.()\[\]{}|"'<>/\\+*?^$#&~!@%_-]{1,2}"#,
        4 => prop::sample::select(words).prop_map(str::to_owned),
        2 => "[0-9]{1,6}",
        1 => "[^\r\n]{0,6}",
    ]
}

fn any_line() -> impl Strategy<Value = String> {
    prop::collection::vec(part(), 0..8).prop_map(|parts| parts.concat())
}

fn any_code() -> impl Strategy<Value = String> {
    let texts = ["Phone Unreachable", "FAILED_PHONE_BUSY", "nicht erreichbar", "# Not Pressed After Entry", "ü", "x-y"];
    prop_oneof![
        4 => "(102|21|-5|1|99999)",
        3 => prop::sample::select(texts.to_vec()).prop_map(str::to_owned),
        1 => "[!-~]([ -~]{0,6}[!-~])?",
    ]
}

/// Returns a sample with a code between two texts.
fn any_sample() -> impl Strategy<Value = Sample> {
    (any_line(), any_code(), any_line()).prop_map(|(before, code, after)| Sample {
        code: before.len()..before.len() + code.len(),
        line: format!("{before}{code}{after}"),
        said: Vec::new(),
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn a_learned_pattern_takes_its_lines_and_passes_its_own_check(
        samples in prop::collection::vec(any_sample(), 1..3),
        others in prop::collection::vec(any_line(), 0..3),
    ) {
        let catalogue = Catalogue::built_in();
        let similar: Vec<String> =
            others.into_iter().chain(samples.iter().map(|one| one.line.replace("call", "CALL"))).collect();
        let Ok(learned) = learn(&samples, &similar, catalogue, &|_| false) else { return Ok(()) };
        let definitions: Vec<Definition> = learned.iter().map(|one| one.definition.clone()).collect();
        for definition in &definitions {
            let wrong = validate::check(definition);
            prop_assert!(wrong.is_empty(), "{} {}", wrong[0], definition.regex);
        }
        let set = PatternSet::compile(&definitions).unwrap();
        let mut scratch = set.scratch();
        for Sample { line, code, .. } in &samples {
            let expected = catalogue.resolve(line[code.clone()].as_bytes());
            let is_taken = (0..definitions.len()).any(|index| {
                let found = proof::find_all(&set, &mut scratch, catalogue, line.as_bytes(), Some(index));
                found.len() == 1 && found[0].key == expected
            });
            let regexes: Vec<&str> = definitions.iter().map(|one| one.regex.as_str()).collect();
            prop_assert!(is_taken, "{line:?} {code:?} {regexes:?}");
        }
        if definitions.len() == 1 {
            check(&learned);
        }
    }
}
