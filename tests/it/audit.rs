//! Tests that an audit picks lines as the naive computation does, however the work is divided, and counts what a summary counts.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::num::NonZeroUsize;
use std::path::Path;

use callcodes::catalogue::Catalogue;
use callcodes::chunk::Limits;
use callcodes::code::{Code, Key};
use callcodes::config;
use callcodes::filter::Filter;
use callcodes::pattern::PatternSet;
use callcodes::pipeline::{self, audit, sign_ins};
use callcodes::source::Walk;
use callcodes::summary::Dimension;
use callcodes::summary::sign_ins::{Options, Settled, Sought};

use crate::sign_ins::{printed, written};
use crate::ticket::generated::{Spec, ticket};
use crate::ticket::small;

/// How many lines are picked for each code.
const LINES: usize = 3;

/// The path, offset, line number and text of a line.
type Line = (String, u64, u64, String);

fn counting(filter: Filter) -> Options {
    Options { filter, by: vec![Dimension::Hour, Dimension::Host], near_misses: Sought::Numbered, ..Options::default() }
}

fn audited(folder: &Path, run: &pipeline::Options, filter: Filter) -> Settled {
    let set = PatternSet::compile(&config::built_in()).unwrap();
    let (walk, mut store) = (Walk::new(vec![folder.to_owned()]), Cursor::new(Vec::new()));
    audit::count(walk, &set, Catalogue::built_in(), run, counting(filter), LINES, &mut store).unwrap().summary
}

fn counted(folder: &Path, filter: Filter) -> Settled {
    let set = PatternSet::compile(&config::built_in()).unwrap();
    let (walk, run) = (Walk::new(vec![folder.to_owned()]), pipeline::Options::default());
    sign_ins::count(walk, &set, Catalogue::built_in(), &run, counting(filter)).unwrap().summary
}

/// Returns the hash by which lines are picked, computed with wider numbers.
fn hash(path: &str, offset: u64) -> u64 {
    let wide = |hash: u64, factor: u64| u64::try_from(u128::from(hash) * u128::from(factor) % (1 << 64)).unwrap();
    let mut hash = 14_695_981_039_346_656_037;
    for byte in path.bytes().chain(offset.to_le_bytes()) {
        hash = wide(hash ^ u64::from(byte), 1_099_511_628_211);
    }
    hash = wide(hash ^ (hash >> 30), 13_787_848_793_156_543_929);
    hash = wide(hash ^ (hash >> 27), 10_723_151_780_598_845_931);
    hash ^ (hash >> 31)
}

/// Returns the lines that must be picked, by code: of those that `lines` prints and that count, the ones with the smallest hashes.
fn expected(folder: &Path, filter: Filter) -> BTreeMap<i32, Vec<Line>> {
    let mut all: BTreeMap<i32, Vec<(u64, Line)>> = BTreeMap::new();
    for line in printed(folder, &pipeline::Options::default(), filter) {
        if line.get("counted_in").is_none() {
            let text = |name: &str| line[name].as_str().unwrap().to_owned();
            let (path, offset) = (text("path"), line["offset"].as_u64().unwrap());
            let code = i32::try_from(line["code"].as_i64().unwrap()).unwrap();
            let picked = (hash(&path, offset), (path, offset, line["line"].as_u64().unwrap(), text("text")));
            all.entry(code).or_default().push(picked);
        }
    }
    let pick = |(code, mut lines): (i32, Vec<(u64, Line)>)| {
        lines.sort();
        let mut lines: Vec<Line> = lines.into_iter().take(LINES).map(|(_, line)| line).collect();
        lines.sort();
        (code, lines)
    };
    all.into_iter().map(pick).collect()
}

#[test]
fn the_lines_are_those_of_the_naive_computation_however_the_work_is_divided() {
    let folder = written(&ticket(&Spec { relay: true, sign_ins: 150, ..small() }));
    let filter = Filter { codes: "4,102,108".parse().unwrap(), ..Filter::default() };
    for filter in [Filter::default(), filter] {
        let expected = expected(folder.path(), filter.clone());
        let summary = counted(folder.path(), filter.clone());
        assert!(summary.totals.matched > 0 && expected.values().any(|lines| lines.len() == LINES));
        for (threads, range_bytes, block_bytes) in [(1, 1 << 20, 1 << 16), (3, 700, 300), (4, 5_000, 64)] {
            let limits = Limits { block_bytes, ..Limits::default() };
            let threads = NonZeroUsize::new(threads);
            let run = pipeline::Options { threads, range_bytes, limits, ..pipeline::Options::default() };
            let settled = audited(folder.path(), &run, filter.clone());
            for (code, lines) in &expected {
                let found = settled.audit.lines(&Key::Code(Code(*code))).into_iter();
                let found: Vec<Line> = found
                    .map(|line| (line.path.to_string(), line.offset, line.line_number, line.text.to_string()))
                    .collect();
                assert_eq!(found, *lines, "{code}");
            }
            assert_eq!(settled.summary.iter().count(), expected.len());
            assert_eq!((&settled.summary, &settled.totals), (&summary.summary, &summary.totals));
            assert_eq!((&settled.near_misses, settled.rows.len()), (&summary.near_misses, summary.rows.len()));
            assert!(settled.rows.iter().all(|row| summary.rows.contains(row)));
        }
    }
}
