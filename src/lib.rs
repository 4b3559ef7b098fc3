//! callcodes finds the call / SMS result codes of Azure multi-factor authentication in logs, says what they mean and
//! counts them. This page is the map of the code.
//!
//! ```text
//! argv, config ─▶ Settings ─▶ source::Walk ─▶ Openable ─open▶ bytes ─▶ Chunk ─▶ Scanner ─▶ Hit ─┬▶ Counts ─merge▶ Summary ─▶ Report ─▶ Sheet ─▶ table, JSON, CSV
//!                                                                                               ├▶ annotated lines, in order
//!                                                                                               └▶ an entry for each source, in order
//! ```
//!
//! # Code map
//!
//! A module uses only modules above it in this list. [`source`] never sees a pattern, [`render`] never sees where
//! bytes came from, [`summary`] never sees a file.
//!
//! | module | what it is |
//! |---|---|
//! | [`amount`], [`code`], [`name`], [`terminal`], [`time`], [`units`], [`hit`], [`numbered`], [`problem`] | the vocabulary: plain values, no I/O |
//! | [`catalogue`] | what is known of a code; `builtin/codes.toml` |
//! | [`pattern`] | what a result looks like: definitions with their own examples, the compiled set, the prefilter; `builtin/patterns.toml` |
//! | [`neighbour`] | what a path that does not exist was likely meant to be |
//! | [`config`] | which patterns apply: built-in < user's file < `--config` < `-f` < `-e` |
//! | [`unpack`] | formats and codecs: bytes in, members and decompressed bytes out |
//! | [`source`] | the only code that opens inputs |
//! | [`chunk`] | blocks of whole lines, of ranges and of streams |
//! | [`scan`] | chunk → hits; and the proof of patterns by their examples |
//! | [`summary`] | mergeable totals |
//! | [`pipeline`] | sources × chunks on the thread pool, and their results back in order |
//! | [`report`], [`render`] | totals → a presentable value → a sheet of rows and columns → text in any format |
//!
//! The binary, `src/bin/callcodes`, is the only code that prints, exits and knows the terminal: `args` (as typed)
//! → `settings` (resolved) → `session` (a run over inputs) → one file for each command in `cmd`.
//!
//! # Invariants
//!
//! * **Exact.** Counts and lines equal those of a naive reading, line by line with the plain regex engine, at any thread
//!   count, chunk size and way of reading. `tests/it/oracle.rs` holds everything to that.
//! * **Who owns a line.** A chunk owns the lines whose first byte lies in its range ([`chunk`]). The hits of a line
//!   depend on that line and a fixed number of bytes behind it, so on no boundary.
//! * **A result counts once.** Patterns are one ordered set: leftmost wins, then the earlier pattern ([`pattern`]).
//! * **The prefilter never misses.** It may report lines in vain; the full regex decides on the line alone.
//! * **Totals are monoids.** Threads, files and machines are joined by one `merge` ([`summary`]); nothing is cut or sorted
//!   by count before the [`report`].
//! * **Order never leaks.** The same input gives the same bytes on standard output ([`pipeline`]).
//! * **Half a line is no line.** Where reading fails, the line in which it fails does not count ([`chunk`]).
//! * **Nothing is lost silently.** What was not read, or not read as it is, is a [`problem::Problem`] in the result.
//! * **A limit on everything.** Line length, lookahead, parts waiting, names kept apart, pattern files: memory does not
//!   grow with the input.
//! * **A code is not an outcome.** No wording, colour, order or grouping suggests that a code means success or failure of
//!   a sign-in.
//!
//! # Deliberately absent
//!
//! * Memory mapping: a log that is truncated while it is mapped takes the process with it. Positioned reads into reused
//!   buffers cost a copy, and let the crate forbid `unsafe`.
//! * A second, sequential scanner: one thread is one worker.
//! * Unicode classes in patterns by default: logs mix encodings, and what is looked for is ASCII in all of them. `(?u)`
//!   turns them on.
//! * The user and the outcome of RADIUS results (`rawCallStatus = 21`): they stand on other lines of the same process
//!   and thread, and putting lines together is not the scanner's work.

// The order is that of the map; the groups keep the formatter from sorting them.

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

pub mod pattern;

pub mod neighbour;

pub mod config;

pub mod unpack;

pub mod source;

pub mod chunk;

pub mod scan;

pub mod summary;

pub mod pipeline;

pub mod report;

pub mod render;
