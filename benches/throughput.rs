//! Throughput by density of results, and on the inputs that hurt: `cargo bench --bench throughput`.
//!
//! Each stage runs over the same inputs in memory, so that its cost is the difference to the stage above it.

mod data;

use std::fmt;
use std::sync::LazyLock;

use callcodes::catalogue::Catalogue;
use callcodes::chunk::{Chunk, Chunks, Limits, Span};
use callcodes::config;
use callcodes::pattern::PatternSet;
use callcodes::scan::Scanner;
use callcodes::summary::Counts;
use callcodes::units::Units;
use divan::Bencher;
use divan::counter::BytesCount;

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

/// The floor: every byte looked at once, for line ends.
#[divan::bench(args = INPUTS)]
fn read(bencher: Bencher<'_, '_>, input: &Input) {
    let log = input.log();
    bencher
        .counter(BytesCount::of_slice(&log))
        .bench_local(|| memchr::memchr_iter(b'\n', divan::black_box(&log)).count());
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

/// Only the search for candidate places, of all built-in patterns.
#[divan::bench(args = INPUTS)]
fn prefilter(bencher: Bencher<'_, '_>, input: &Input) {
    let log = input.log();
    bencher.counter(BytesCount::of_slice(&log)).bench_local(|| BUILT_IN.prefilter().count(&log));
}

/// The whole scanner with all built-in patterns, and the counting.
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
