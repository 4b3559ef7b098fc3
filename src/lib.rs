//! callcodes finds the call / SMS result codes of Azure multi-factor authentication in logs, explains and counts them. This page
//! is the map of the code.
//!
//! ```text
//! argv, config ─▶ Settings ─▶ source::Walk ─▶ Openable ─open▶ bytes ─▶ Chunk ─▶ Scanner ─▶ Hit ─┬▶ Counts ─merge▶ Summary ─▶ Report ─▶ Sheet ─▶ table, JSON, CSV
//!                                                                                               ├▶ annotated lines, in order
//!                                                                                               └▶ an entry for each source, in order
//! ```
//!
//! # Examples
//!
//! Scan a reader, and count what is found:
//!
//! ```
//! use callcodes::catalogue::Catalogue;
//! use callcodes::chunk::{Chunks, Limits, Span};
//! use callcodes::config;
//! use callcodes::pattern::PatternSet;
//! use callcodes::scan::Scanner;
//! use callcodes::summary::{Counts, Summary};
//! use callcodes::units::Units;
//!
//! let log = &b"2017-02-14T02:57:24Z rawCallStatus = 21\n2017-02-14T02:58:01Z rawCallStatus = 102\n"[..];
//!
//! let set = PatternSet::compile(&config::built_in())?;
//! let catalogue = Catalogue::built_in();
//! let limits = Limits::default();
//! let mut scanner = Scanner::new(&set, catalogue, limits.lookahead_bytes);
//!
//! let mut counts = Counts::default();
//! let mut chunks = Chunks::new(log, Span::ALL, limits, Units::Bytes, Vec::new());
//! while let Some(chunk) = chunks.next_chunk()? {
//!     scanner.scan(&chunk, |hit| counts.add(&hit.key, hit.time));
//! }
//!
//! let mut summary = Summary::default();
//! summary.add_source(&counts, log.len() as u64);
//! let found: Vec<_> = summary.iter().map(|(key, row)| (catalogue.description(&key), row.tally.count)).collect();
//! assert_eq!(found, [("Mobile App Authenticated", 1), ("Phone Unreachable", 1)]);
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! [`pipeline::run`] does the same for many files on all cores, and reports what could not be read.
//!
//! # Code map
//!
//! A module uses only modules above it in this list. [`source`] knows no patterns, [`render`] does not know where bytes came
//! from, and [`summary`] knows no files.
//!
//! | module | what it is |
//! |---|---|
//! | [`amount`], [`code`], [`name`], [`terminal`], [`time`], [`units`], [`hit`], [`numbered`], [`problem`] | the vocabulary: plain values, no I/O |
//! | [`catalogue`] | what is known about each code; `builtin/codes.toml` |
//! | [`attempt`] | sign-ins: the lines of one joined, the results that several logs have of one matched |
//! | [`pattern`] | how to find a result in a line: definitions with their examples, the compiled set, the prefilter; `builtin/patterns.toml` |
//! | [`neighbour`] | a suggestion for a path that does not exist |
//! | [`config`] | which patterns apply: built-in < user's file < `--config` < `-f` < `-e` |
//! | [`filter`] | which sign-ins a run keeps |
//! | [`unpack`] | archives and compression: bytes in, their files and decompressed bytes out |
//! | [`source`] | finds and opens inputs; no other module does |
//! | [`chunk`] | blocks of whole lines, from ranges of files and from streams |
//! | [`scan`] | chunks in, hits out; and the check of patterns against their examples |
//! | [`summary`] | totals that can be merged |
//! | [`pipeline`] | runs sources and chunks on the thread pool, and puts their results back in order |
//! | [`report`], [`render`] | totals → a report → a sheet of rows and columns → text in any format |
//!
//! The binary, `src/bin/callcodes`, is the only code that prints, exits and knows the terminal: `args` (as typed)
//! → `settings` (resolved) → `session` (a run over inputs) → one file for each command in `cmd`.
//!
//! # Invariants
//!
//! * **Results are exact.** Counts and lines equal those of a naive search, line by line with the plain regex engine, for any
//!   number of threads, any chunk size and any way of reading. `tests/it/oracle.rs` checks that.
//! * **Each line has one owner.** A chunk owns the lines whose first byte is in its range ([`chunk`]). The hits of a line
//!   depend on that line and a fixed number of bytes after it, and so not on where chunks begin and end.
//! * **A result counts once.** The patterns are one ordered set: the leftmost match wins, then the earlier pattern ([`pattern`]).
//! * **The prefilter misses nothing.** It may report lines without a match; the regexes decide.
//! * **Totals are monoids.** One `merge` combines the results of threads, files and machines ([`summary`]). Nothing is cut or
//!   sorted by count before the [`report`].
//! * **The order of work does not show.** The same input gives the same bytes on standard output ([`pipeline`]).
//! * **Half a line does not count.** Where reading fails, the line in which it fails is left out ([`chunk`]).
//! * **Nothing is lost silently.** Everything that was not read, or not completely, is a [`problem::Problem`] in the result.
//! * **Everything has a limit.** Line length, lookahead, waiting parts, names, pattern files: memory does not grow with the
//!   input.
//! * **A code is not an outcome.** No wording, colour, order or grouping suggests that a code means success or failure of a
//!   sign-in.
//!
//! # Deliberately absent
//!
//! * Memory mapping: if a log is truncated while it is mapped, the process dies. Positioned reads into reused buffers cost a
//!   copy, and need no `unsafe` code.
//! * A second, sequential scanner: a single thread is a thread pool with one worker.
//! * Unicode classes in patterns by default: logs mix encodings, and what is searched for is ASCII in all of them. `(?u)` turns
//!   them on.
//! * The user and the outcome of RADIUS results (`rawCallStatus = 21`): they are on other lines of the same process and thread,
//!   and the scanner does not put lines together.

// The order is that of the map. Blank lines keep rustfmt from sorting it.

pub mod amount;
pub mod code;
pub mod name;
pub mod terminal;
pub mod time;
pub mod units;

pub mod hit;
pub mod numbered;
pub mod problem;

pub mod catalogue;

pub mod attempt;

pub mod pattern;

pub mod neighbour;

pub mod config;

pub mod filter;

pub mod unpack;

pub mod source;

pub mod chunk;

pub mod scan;

pub mod summary;

pub mod pipeline;

pub mod report;

pub mod render;
