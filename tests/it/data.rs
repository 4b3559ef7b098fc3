//! Tests that the generated logs, which all benches use, contain as many results as their counts state.

#[path = "../../benches/data/mod.rs"]
mod logs;

use std::collections::BTreeMap;

use logs::{Kind, Spec};
use regex::bytes::Regex;

const KINDS: [Kind; 5] = [Kind::Radius, Kind::Pfauth, Kind::Mixed, Kind::HugeLine, Kind::FalseCandidates];

fn spec(kind: Kind, density: u64) -> Spec {
    Spec { kind, density, size_bytes: 100_000, seed: 7 }
}

fn raw_codes(log: &[u8]) -> BTreeMap<i32, u64> {
    let mut counts = BTreeMap::new();
    for found in Regex::new(r"rawCallStatus = (\d+)\s").unwrap().captures_iter(log) {
        let code = std::str::from_utf8(&found[1]).unwrap().parse().unwrap();
        *counts.entry(code).or_default() += 1;
    }
    counts
}

#[test]
fn a_seed_determines_every_byte() {
    for kind in KINDS {
        let one = logs::bytes(&spec(kind, 3));
        assert_eq!(one, logs::bytes(&spec(kind, 3)), "{kind:?}");
        assert_ne!(one, logs::bytes(&Spec { seed: 8, ..spec(kind, 3) }), "{kind:?}");
    }
    // Figures from different machines can be compared only if the logs are the same.
    let (log, _) = logs::bytes(&Spec { kind: Kind::Radius, density: 50, size_bytes: 1, seed: 1 });
    let first = "2017-02-14T00:00:00.022465Z|0|1412|6520|pfrad|Forwarding identifier 761 to RADIUS target \
                 192.0.2.129:1812 with shared secret 2 of 3, attempt 1, time-out 60 s\n";
    assert_eq!(String::from_utf8(log).unwrap(), first);
}

#[test]
fn the_counts_are_those_of_a_naive_search() {
    for kind in [Kind::Radius, Kind::HugeLine] {
        for density in [0, 1, 4, 50] {
            let (log, counts) = logs::bytes(&spec(kind, density));
            assert_eq!(raw_codes(&log), counts.by_code, "{kind:?}, one in {density}");
        }
    }
    let (log, counts) = logs::bytes(&spec(Kind::Pfauth, 4));
    let found = Regex::new(r#"Call status: [A-Z_]+ - "[^"]+"\."#).unwrap().find_iter(&log).count();
    assert_eq!(found as u64, counts.results());
}

#[test]
fn false_candidates_contain_no_result() {
    let (log, counts) = logs::bytes(&spec(Kind::FalseCandidates, 4));
    assert_eq!(counts.results(), 0);
    let key = Regex::new("(?i)callStatus").unwrap();
    assert!(log.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).all(|line| key.is_match(line)));
    let value = Regex::new(r#"(?i)callStatus\W{0,4}(\d|SUCCESS|FAILED|CONFIG)"#).unwrap();
    assert_eq!(value.find_iter(&log).count(), 0);
}

#[test]
fn bytes_and_lines_are_counted_correctly() {
    for kind in KINDS {
        let (log, counts) = logs::bytes(&spec(kind, 4));
        assert_eq!(counts.bytes, log.len() as u64, "{kind:?}");
        assert_eq!(counts.lines, memchr::memchr_iter(b'\n', &log).count() as u64, "{kind:?}");
        assert_eq!(log.last(), Some(&b'\n'), "{kind:?}");
        assert!((100_000..104_096).contains(&log.len()), "{kind:?}: {}", log.len());
    }
}
