//! Parses arbitrary bytes as times, codes, queries and catalogues.

#![no_main]

use callcodes::catalogue::{Answer, Catalogue, Query};
use callcodes::code::{Code, Key};
use callcodes::time::detect::{Circumstances, detect};
use callcodes::time::{Form, SEARCH_LIMIT_BYTES};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    check_time(bytes);
    check_code(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        check_query(text);
        check_catalogue(text);
    }
});

fn check_time(line: &[u8]) {
    let found = Form::ISO_8601.find(line);
    let starts = 0..line.len().min(SEARCH_LIMIT_BYTES + 1);
    match found {
        None => {
            let form = detect(line, &Circumstances { is_whole: true, ..Circumstances::default() });
            let _ = (form.find(line), form.read(line));
        }
        Some(stamp) => {
            assert!(starts.into_iter().any(|start| Form::ISO_8601.read(&line[start..]) == Some(stamp)), "found but not read");
            let shown = stamp.time.to_string();
            let again = Form::ISO_8601.read(shown.as_bytes()).expect("what is shown can be read");
            assert_eq!((again.time, again.zone_is_assumed()), (stamp.time, false));
        }
    }
    // A separator at the end of the line does not change the time that is found.
    assert_eq!(Form::ISO_8601.find(&[line, b"|"].concat()), found);
}

fn check_code(written: &[u8]) {
    let catalogue = Catalogue::built_in();
    let key = catalogue.resolve(written);
    let around = |before: &str, after: &str| [before.as_bytes(), written, after.as_bytes()].concat();
    assert_eq!(catalogue.resolve(&around(" \t", "\r\n ")), key, "blanks around it");
    match &key {
        Key::Name(name) => {
            assert!(name.chars().count() <= 81 && !name.chars().any(char::is_control), "{name:?}");
            assert_eq!(catalogue.resolve(name.as_bytes()), key, "a displayed name resolves to another key");
        }
        Key::Code(code) => assert_eq!(catalogue.resolve(code.to_string().as_bytes()), key),
    }
    if let Some(entry) = catalogue.entry(&key) {
        assert_eq!(catalogue.resolve(&written.to_ascii_uppercase()), key, "letter case");
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
                    let key = catalogue.resolve(name.as_bytes());
                    assert!(catalogue.entry(&key).is_some(), "{name:?} is the name of an entry and leads to none");
                }
            }
        }
    }
}
