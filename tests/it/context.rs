//! Tests that `lines -C` prints exactly the lines around those with results, wherever tasks and chunks end.

use std::collections::BTreeMap;
use std::fs;
use std::io::Cursor;

use anstyle::Style;
use callcodes::catalogue::Catalogue;
use callcodes::config;
use callcodes::filter::Filter;
use callcodes::pattern::PatternSet;
use callcodes::pipeline::{self, annotate};
use callcodes::render::lines::Text;
use callcodes::source::Walk;
use callcodes::summary::sign_ins::{Options, Sought};
use proptest::prelude::*;
use tempfile::TempDir;

use crate::sign_ins::divided;

/// A log: the lines, and how they are written.
#[derive(Clone, Debug)]
struct Log {
    lines: Vec<String>,
    is_utf16: bool,
    end: &'static str,
    ends_with_line: bool,
}

impl Log {
    fn bytes(&self) -> Vec<u8> {
        let mut text = self.lines.join(self.end);
        if self.ends_with_line {
            text.push_str(self.end);
        }
        if self.is_utf16 {
            format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect()
        } else {
            text.into_bytes()
        }
    }
}

fn log() -> impl Strategy<Value = Log> {
    let line = (0_u32..12, 0_u32..60).prop_map(|(kind, second)| match kind {
        0 => format!("2017-02-14T02:57:{second:02}Z rawCallStatus = 102"),
        1 => format!("2017-02-14T02:57:{second:02}Z rawCallStatus = 21 rawCallStatus = 102"),
        2 => format!("2017-02-14T02:57:{second:02}Z rawCallStatus = 21"),
        3 => format!("2017-02-14T02:57:{second:02}Z {}", "long ".repeat(900)),
        _ => format!("2017-02-14T02:57:{second:02}Z sch\u{f6}n {kind}"),
    });
    let ends = prop_oneof![Just("\n"), Just("\r\n")];
    (prop::collection::vec(line, 1..60), any::<bool>(), ends, any::<bool>())
        .prop_map(|(lines, is_utf16, end, ends_with_line)| Log { lines, is_utf16, end, ends_with_line })
}

/// Returns what `lines` prints.
fn printed(folder: &TempDir, run: &pipeline::Options, filter: &Filter, context: usize, is_joined: bool) -> String {
    let set = PatternSet::compile(&config::built_in()).unwrap();
    let (catalogue, plain) = (Catalogue::built_in(), Style::new());
    let format = Text { catalogue, highlight: plain, place: plain, encoding: None, zone: None, context };
    let walk = Walk::new(vec![folder.path().to_owned()]);
    let mut out = Vec::new();
    if is_joined {
        let counting = Options { filter: filter.clone(), near_misses: Sought::No, ..Options::default() };
        let mut store = Cursor::new(Vec::new());
        annotate::joined(walk, &set, catalogue, run, counting, &format, &mut store, &mut out).unwrap();
    } else {
        annotate::as_found(walk, &set, catalogue, run, filter, &format, &mut out).unwrap();
    }
    String::from_utf8(out).unwrap()
}

/// Returns what `lines -C` should print, from what it prints without.
fn expected(logs: &[Log], folder: &TempDir, without: &str, context: usize) -> String {
    let mut printed: BTreeMap<(String, usize), &str> = BTreeMap::new();
    for line in without.lines() {
        let (place, _) = line.split_once(": [").unwrap();
        let (path, number) = place.rsplit_once(':').unwrap();
        printed.insert((path.to_owned(), number.parse().unwrap()), line);
    }
    let mut text = String::new();
    for (index, log) in logs.iter().enumerate() {
        let path = folder.path().join(format!("{index}.log")).to_str().unwrap().to_owned();
        let has = |number: usize| printed.contains_key(&(path.clone(), number));
        let mut last = 0;
        for number in 1..=log.lines.len() {
            let near = number.saturating_sub(context).max(1)..=number + context;
            if !near.clone().any(has) {
                continue;
            }
            if !text.is_empty() && (last == 0 || number > last + 1) {
                text.push_str("--\n");
            }
            last = number;
            match printed.get(&(path.clone(), number)) {
                Some(line) => text.push_str(&format!("{line}\n")),
                None => {
                    let line = &log.lines[number - 1];
                    let shown = if line.len() > 4096 { format!("{}...", &line[..4096]) } else { line.clone() };
                    text.push_str(&format!("{path}-{number}- {shown}\n"));
                }
            }
        }
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 48 } else { 256 }))]

    #[test]
    fn the_lines_around_results_do_not_depend_on_where_chunks_end(
        logs in prop::collection::vec(log(), 1..4),
        context in 1_usize..6,
        threads in 1_usize..4,
        range_bytes in prop_oneof![Just(4_u64 << 20), (1_u64..1_500).prop_map(|units| 2 * units)],
        block_bytes in prop_oneof![Just(1_usize << 18), 64_usize..4_000],
        codes in prop_oneof![Just(""), Just("102"), Just("777")],
        is_joined: bool,
    ) {
        let folder = tempfile::tempdir().unwrap();
        for (index, log) in logs.iter().enumerate() {
            fs::write(folder.path().join(format!("{index}.log")), log.bytes()).unwrap();
        }
        let filter = match codes {
            "" => Filter::default(),
            codes => Filter { codes: codes.parse().unwrap(), ..Filter::default() },
        };
        let run = pipeline::Options { copies: pipeline::CopyRule::CountAll, ..divided(threads, range_bytes, block_bytes) };
        let without = printed(&folder, &run, &filter, 0, is_joined);
        let with = printed(&folder, &run, &filter, context, is_joined);
        prop_assert_eq!(with, expected(&logs, &folder, &without, context));
    }
}
