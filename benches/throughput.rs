//! Measures throughput by density of results, and on difficult inputs: `cargo bench --bench throughput`.
//!
//! The stages from `read` to `scan` run over the same inputs in memory, so that the cost of each stage is the difference to the
//! previous one. The later benches are independent.

mod data;

use std::fmt;
use std::sync::LazyLock;

use anstyle::Style;
use callcodes::catalogue::Catalogue;
use callcodes::chunk::{Chunk, Chunks, Limits, Span};
use callcodes::config;
use callcodes::hit::Capture;
use callcodes::numbered::{LineFormat as _, Rendered};
use callcodes::pattern::PatternSet;
use callcodes::render::lines::Text;
use callcodes::render::{self, Format, render};
use callcodes::report::{Report, Searched};
use callcodes::scan::Scanner;
use callcodes::summary::{Counts, Summary};
use callcodes::time::detect::{Circumstances, detect};
use callcodes::time::{Form, Reader};
use callcodes::units::Units;
use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};

use data::{Kind, Spec};

const SIZE_BYTES: u64 = 16 << 20;

/// A log to be read, named by what is special about it.
struct Input {
    name: &'static str,
    kind: Kind,
    density: u64,
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Input {
    const fn new(name: &'static str, kind: Kind, density: u64) -> Input {
        Input { name, kind, density }
    }

    fn log(&self) -> Vec<u8> {
        data::bytes(&Spec { kind: self.kind, density: self.density, size_bytes: SIZE_BYTES, seed: 1 }).0
    }
}

const INPUTS: [Input; 9] = [
    Input::new("none", Kind::Radius, 0),
    Input::new("every-1000th", Kind::Radius, 1000),
    Input::new("every-50th", Kind::Radius, 50),
    Input::new("every-4th", Kind::Radius, 4),
    Input::new("every-line", Kind::Radius, 1),
    Input::new("every-line-symbols", Kind::Pfauth, 1),
    Input::new("all-shapes", Kind::Mixed, 4),
    Input::new("huge-line", Kind::HugeLine, 50),
    Input::new("false-candidates", Kind::FalseCandidates, 0),
];

/// The built-in patterns, compiled once.
static BUILT_IN: LazyLock<PatternSet> =
    LazyLock::new(|| PatternSet::compile(&config::built_in()).expect("the built-in patterns are read by the tests"));

fn main() {
    divan::main();
}

/// Examines every byte once for line ends, which is the lower bound.
#[divan::bench(args = INPUTS)]
fn read(bencher: Bencher<'_, '_>, input: &Input) {
    let log = input.log();
    bencher.counter(BytesCount::of_slice(&log)).bench_local(|| memchr::memchr_iter(b'\n', black_box(&log)).count());
}

/// Whole lines in blocks, as from a file or a pipe.
#[divan::bench(args = INPUTS)]
fn chunks(bencher: Bencher<'_, '_>, input: &Input) {
    let log = input.log();
    bencher.counter(BytesCount::of_slice(&log)).bench_local(|| {
        let mut chunks = Chunks::new(log.as_slice(), Span::ALL, Limits::default(), Units::Bytes, Vec::new());
        let mut count = 0;
        while let Ok(Some(chunk)) = chunks.next_chunk() {
            count += chunk.owned().len();
        }
        count
    });
}

/// Searches only for candidates of all built-in patterns, with the prefilter.
#[divan::bench(args = INPUTS)]
fn prefilter(bencher: Bencher<'_, '_>, input: &Input) {
    let log = input.log();
    bencher.counter(BytesCount::of_slice(&log)).bench_local(|| BUILT_IN.prefilter().count(&log));
}

/// Searches for a single literal, for comparison with the prefilter.
#[divan::bench(args = INPUTS)]
fn prefilter_of_one_literal(bencher: Bencher<'_, '_>, input: &Input) {
    let log = input.log();
    let literal = memchr::memmem::Finder::new("rawCallStatus");
    bencher.counter(BytesCount::of_slice(&log)).bench_local(|| literal.find_iter(black_box(&log)).count());
}

/// Searches with vector instructions for what the literals of the built-in patterns have in common, for comparison.
#[divan::bench(args = INPUTS)]
fn prefilter_of_packed_literals(bencher: Bencher<'_, '_>, input: &Input) {
    let log = input.log();
    let literals = ["tatus", "STATU", "esult", "RESULT", "eturn", "RETURN"];
    let Some(searcher) = aho_corasick::packed::Searcher::new(literals) else { return };
    bencher.counter(BytesCount::of_slice(&log)).bench_local(|| searcher.find_iter(black_box(&log)).count());
}

/// Runs the whole scanner with all built-in patterns, and counts.
#[divan::bench(args = INPUTS)]
fn scan(bencher: Bencher<'_, '_>, input: &Input) {
    let log = input.log();
    let mut scanner = Scanner::new(&BUILT_IN, Catalogue::built_in(), Limits::default().lookahead_bytes);
    bencher.counter(BytesCount::of_slice(&log)).bench_local(|| {
        let mut counts = Counts::default();
        scanner.scan(&Chunk::whole(&log), |hit| counts.add(&hit.key, hit.time));
        counts
    });
}

/// Finds the matches of all built-in patterns in every line, with their groups.
#[divan::bench(args = INPUTS)]
fn captures(bencher: Bencher<'_, '_>, input: &Input) {
    let log = input.log();
    let mut scratch = BUILT_IN.scratch();
    bencher.counter(BytesCount::of_slice(&log)).bench_local(|| {
        let mut count = 0;
        for line in log.split(|&byte| byte == b'\n') {
            let mut matches = BUILT_IN.matches(&mut scratch, line, line.len());
            while let Some(found) = matches.next() {
                let len = |capture| found.capture(capture).map_or(0, |captured| captured.len());
                count += len(Capture::Code) + len(Capture::User);
            }
        }
        count
    });
}

/// Reads the time of every line.
#[divan::bench(args = INPUTS)]
fn time(bencher: Bencher<'_, '_>, input: &Input) {
    let log = input.log();
    bencher
        .counter(BytesCount::of_slice(&log))
        .bench_local(|| log.split(|&byte| byte == b'\n').filter_map(|line| Form::ISO_8601.find(line)).count());
}

/// Lines that each begin with a time in another form, with the name of the form.
const STAMPS: [(&str, &str); 10] = [
    ("iso-8601", "2017-02-14T02:57:24.600Z"),
    ("slashes", "2/14/2017 2:57:24 AM"),
    ("nps-text", "\"NPS01\",\"IAS\",02/14/2017,02:57:24,"),
    ("dots", "14.02.2017 02:57:24"),
    ("syslog", "Feb 14 02:57:24"),
    ("web", "192.0.2.7 - - [14/Feb/2017:02:57:24 +0100]"),
    ("epoch", "{\"ts\":1487041044.6,"),
    ("iso-8601", "{\"EVENT_TIMESTAMP\":\"2017-02-14 02:57:24.600\","),
    ("iso-underscore", "2017-02-14_02:57:24"),
    ("wpp", "[0]0744.05F0::02/14/2017-02:57:24.600 [driver]"),
];

/// Reads the time of each of 1,000 lines in a form that was detected.
#[divan::bench(args = STAMPS)]
fn time_of_form(bencher: Bencher<'_, '_>, (name, stamp): (&str, &str)) {
    let line = format!("{stamp} host pfrad[1412]: rawCallStatus = 21");
    let form = detect(line.as_bytes(), &Circumstances { is_whole: true, ..Circumstances::default() });
    assert_eq!(form.name().as_deref(), Some(name));
    let mut reader = Reader::default();
    bencher
        .counter(ItemsCount::new(1000_u32))
        .bench_local(|| (0..1000).filter_map(|_| reader.find(black_box(&form), black_box(line.as_bytes()))).count());
}

/// Decides the form of a source by its first 8 KiB.
#[divan::bench(args = STAMPS)]
fn time_detection(bencher: Bencher<'_, '_>, (_, stamp): (&str, &str)) {
    let line = format!("{stamp} host pfrad[1412]: rawCallStatus = 21\n");
    let head = line.repeat((8 << 10) / line.len());
    bencher.bench_local(|| detect(black_box(head.as_bytes()), &Circumstances::default()));
}

/// Prints every line with a hit as `lines` does, for comparison with `scan`.
#[divan::bench(args = INPUTS)]
fn render_lines(bencher: Bencher<'_, '_>, input: &Input) {
    let log = input.log();
    let path = "logs/MultiFactorAuthRadiusSvc.log";
    let plain = Style::new();
    let format = Text {
        catalogue: Catalogue::built_in(),
        highlight: plain,
        place: plain,
        encoding: None,
        zone: None,
        context: 0,
    };
    let mut scanner = Scanner::new(&BUILT_IN, Catalogue::built_in(), Limits::default().lookahead_bytes);
    bencher.counter(BytesCount::of_slice(&log)).bench_local(|| {
        let mut rendered = Rendered::default();
        scanner.scan(&Chunk::whole(&log), |hit| format.line(path, &[hit], &mut rendered));
        rendered
    });
}

/// What 1,000 small files or ranges counted, with every code in each: as if each were a source, summed up.
#[divan::bench]
fn merge(bencher: Bencher<'_, '_>) {
    let input = Input::new("every-line", Kind::Radius, 1);
    let log = data::bytes(&Spec { kind: input.kind, density: input.density, size_bytes: 64 << 10, seed: 1 }).0;
    let mut scanner = Scanner::new(&BUILT_IN, Catalogue::built_in(), Limits::default().lookahead_bytes);
    let mut counts = Counts::default();
    scanner.scan(&Chunk::whole(&log), |hit| counts.add(&hit.key, hit.time));
    bencher.counter(ItemsCount::new(1000_u32)).bench_local(|| {
        let mut summary = Summary::default();
        (0..1000).for_each(|_| summary.add_source(&counts, log.len() as u64));
        summary
    });
}

/// Writes the table with every code in it.
#[divan::bench]
fn render_table(bencher: Bencher<'_, '_>) {
    let log = Input::new("every-line", Kind::Radius, 1).log();
    let mut scanner = Scanner::new(&BUILT_IN, Catalogue::built_in(), Limits::default().lookahead_bytes);
    let (mut counts, mut summary) = (Counts::default(), Summary::default());
    scanner.scan(&Chunk::whole(&log), |hit| counts.add(&hit.key, hit.time));
    summary.add_source(&counts, log.len() as u64);
    bencher.bench_local(|| {
        let report = Report::new(&summary, Vec::new(), Catalogue::built_in(), Searched::default());
        let mut table = Vec::new();
        render(&report, Format::Table, &render::Options::default(), &mut table).expect("a Vec takes every write");
        table
    });
}

/// The same in UTF-16, as it is read from a file: decoded, scanned and counted.
#[divan::bench(args = INPUTS)]
fn scan_of_utf_16(bencher: Bencher<'_, '_>, input: &Input) {
    let log: Vec<u8> = input.log().iter().flat_map(|&byte| [byte, 0]).collect();
    let limits = Limits::default();
    let mut scanner = Scanner::new(&BUILT_IN, Catalogue::built_in(), limits.lookahead_bytes);
    bencher.counter(BytesCount::of_slice(&log)).bench_local(|| {
        let mut chunks = Chunks::new(log.as_slice(), Span::ALL, limits, Units::Utf16Le, Vec::new());
        let mut counts = Counts::default();
        while let Ok(Some(chunk)) = chunks.next_chunk() {
            scanner.scan(&chunk, |hit| counts.add(&hit.key, hit.time));
        }
        counts
    });
}
