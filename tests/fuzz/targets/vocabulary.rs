//! Parses arbitrary bytes as codes, queries and catalogues.

#![no_main]

use callcodes::catalogue::{Answer, Catalogue, Query};
use callcodes::code::{Code, Key, MFA};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    [MFA, "nps", "entra"].into_iter().for_each(|family| check_code(family, bytes));
    if let Ok(text) = std::str::from_utf8(bytes) {
        check_query(text);
        check_catalogue(text);
    }
});

fn check_code(family: &str, written: &[u8]) {
    let catalogue = Catalogue::built_in();
    let resolve = |written: &[u8]| catalogue.resolve_in(family, written);
    let key = resolve(written);
    let around = |before: &str, after: &str| [before.as_bytes(), written, after.as_bytes()].concat();
    assert_eq!(resolve(&around(" \t", "\r\n ")), key, "blanks around it");
    match &key {
        Key::Name(name) => {
            let text = name.text();
            assert_eq!(name.family(), family);
            assert!(text.chars().count() <= 81 && !text.chars().any(char::is_control), "{name:?}");
            assert_eq!(resolve(text.as_bytes()), key, "a displayed name resolves to another key");
        }
        Key::Code(code) => {
            assert_eq!(family, MFA);
            assert_eq!(resolve(code.to_string().as_bytes()), key);
        }
    }
    if let Some(entry) = catalogue.entry(&key) {
        assert_eq!(resolve(&written.to_ascii_uppercase()), key, "letter case");
        assert_eq!(entry.key(), key);
    }
}

fn check_query(text: &str) {
    let catalogue = Catalogue::built_in();
    let answer = match text.parse::<Query>() {
        Ok(query) => catalogue.find(&query),
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    check_answer(&answer);
    let explained = catalogue.explain(text);
    check_answer(&explained);
    if let Key::Code(Code(number)) = catalogue.resolve(text.as_bytes())
        && text.trim() == number.to_string()
    {
        assert_eq!(answer, explained, "a number alone is the same question both times");
    }
}

fn check_answer(answer: &Answer<'_>) {
    match answer {
        Answer::Entries(entries) => {
            assert!(!entries.is_empty());
            for (index, entry) in entries.iter().enumerate() {
                assert!(entries[..index].iter().all(|other| other.key() != entry.key()), "{} twice", entry.key());
            }
        }
        Answer::UnknownCode(code) => assert!(Catalogue::built_in().entry(&Key::Code(*code)).is_none()),
        Answer::Nothing => {}
    }
}

fn check_catalogue(text: &str) {
    match Catalogue::from_toml(text) {
        Err(error) => assert!(!error.to_string().is_empty()),
        Ok(catalogue) => {
            for entry in catalogue.entries() {
                assert_eq!(catalogue.entry(&entry.key()), Some(entry));
                for name in entry.names() {
                    let key = catalogue.resolve_in(&entry.family, name.as_bytes());
                    assert!(catalogue.entry(&key).is_some(), "{name:?} is the name of an entry and leads to none");
                }
            }
        }
    }
}
