//! Synthetic logs of any size, with the results in them counted as they are written.
//!
//! Invariants: the same [`Spec`] gives the same bytes and counts on every platform; memory is flat; no line other than
//! those counted holds a result. Names and addresses are reserved for documentation.
//! Beside the benches and not in the library, because nothing that ships may depend on it; tests may include it with
//! `#[path]` and use the counts as an oracle.
#![allow(dead_code, reason = "each program that includes this uses its own part of it")]

mod codes;
mod lines;
mod random;

use std::collections::BTreeMap;
use std::io::{self, Write};

use lines::Lines;

/// What a log looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Kind {
    /// The RADIUS service's log; results are `rawCallStatus = N`.
    Radius,
    /// The main service's log; results are `Pfauth … Call status: SYMBOL - "Text".`
    Pfauth,
    /// Every shape of line that is known, some over several lines, amid the RADIUS service's.
    Mixed,
    /// As `radius`, but with spaces for line ends: one line.
    HugeLine,
    /// Stack traces: a pattern's literal in every line, and not one result.
    FalseCandidates,
}

impl Kind {
    /// One event in how many is a result, unless told otherwise.
    pub(crate) fn usual_density(self) -> u64 {
        match self {
            Kind::Radius => 50,
            Kind::Pfauth => 1,
            Kind::Mixed => 4,
            Kind::HugeLine => 50,
            Kind::FalseCandidates => 0,
        }
    }
}

/// Everything that determines a log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spec {
    pub(crate) kind: Kind,
    /// One event in this many is a result; 0: none is. Without effect on [`Kind::FalseCandidates`].
    pub(crate) density: u64,
    /// Writing stops at the end of the first event at or over this size.
    pub(crate) size_bytes: u64,
    pub(crate) seed: u64,
}

/// What a log holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) bytes: u64,
    pub(crate) lines: u64,
    /// Results by code.
    pub(crate) by_code: BTreeMap<i32, u64>,
}

impl Counts {
    pub(crate) fn results(&self) -> u64 {
        self.by_code.values().sum()
    }

    pub(crate) fn add(&mut self, other: &Counts) {
        self.bytes += other.bytes;
        self.lines += other.lines;
        for (code, count) in &other.by_code {
            *self.by_code.entry(*code).or_default() += count;
        }
    }
}

/// Written out whenever this much has gathered.
const BLOCK_BYTES: usize = 256 << 10;

/// Writes the log that `spec` determines and says what is in it.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write(spec: &Spec, out: &mut impl Write) -> io::Result<Counts> {
    let mut lines = Lines::new(spec);
    let mut block = Vec::with_capacity(BLOCK_BYTES + 4096);
    let mut written = 0;
    while written + (block.len() as u64) < spec.size_bytes {
        if block.len() >= BLOCK_BYTES {
            out.write_all(&block)?;
            written += block.len() as u64;
            block.clear();
        }
        lines.event(&mut block);
    }
    lines.finish(&mut block);
    out.write_all(&block)?;
    written += block.len() as u64;
    Ok(lines.counts(written))
}

/// The same in memory.
pub(crate) fn bytes(spec: &Spec) -> (Vec<u8>, Counts) {
    let mut log = Vec::new();
    let counts = write(spec, &mut log).expect("a Vec takes every write");
    (log, counts)
}
