//! Throughput by density of results, and on the inputs that hurt: `cargo bench --bench throughput`.
//!
//! Each stage runs over the same inputs in memory, so that its cost is the difference to the stage above it.

mod data;

use std::fmt;

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
