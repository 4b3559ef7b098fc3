//! callcodes finds the call / SMS result codes of Azure multi-factor authentication in logs, and explains and counts them. This page
//! is a map of the code.
//!
//! ```text
//! argv, config ─▶ Settings ─▶ source::Walk ─▶ Openable ─open▶ bytes ─▶ Chunk ─▶ Scanner ─▶ Hit ─┬▶ SignIns ─settle▶ Summary ─▶ Report ─▶ Sheet ─▶ table, JSON, CSV
//!                                                                                               ├▶ annotated lines, in order
//!                                                                                               └▶ an entry for each source, in order
//! ```
//!
//! # Examples
//!
//! Scan a reader and count the results:
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
//! A module uses only modules above it in this list. [`source`] knows nothing about patterns, [`render`] does not know where bytes
//! came from, and [`summary`] knows nothing about files.
//!
//! | module | purpose |
//! |---|---|
//! | [`amount`], [`code`], [`name`], [`terminal`], [`time`], [`units`], [`hit`], [`near_miss`], [`numbered`], [`problem`] | Basic types that the other modules share. They do no I/O. |
//! | [`catalogue`] | Contains everything that is known about each code, from `builtin/codes.toml`. |
//! | [`attempt`] | Joins the lines of a sign-in, and matches the results that several logs have of it. |
//! | [`finding`] | Decides from counted results what changed, since when, on which machines and for whom. |
//! | [`pattern`] | Finds results in a line, with patterns that are defined in `builtin/patterns.toml` and in the user's files. Learns patterns from lines. |
//! | [`neighbour`] | Suggests an existing path in place of one that does not exist. |
//! | [`config`] | Collects the patterns, the forms of times and the settings for a run: built-in < user's file < `--config` < `-f` < `-e`. |
//! | [`filter`] | Decides which sign-ins a run keeps. |
//! | [`unpack`] | Reads archives and decompresses data. |
//! | [`source`] | Finds and opens inputs. No other module does. |
//! | [`chunk`] | Divides ranges of files and streams into blocks of whole lines. |
//! | [`scan`] | Searches chunks for hits and near misses, and checks patterns against their examples. |
//! | [`summary`] | Collects totals that can be merged. |
//! | [`compare`] | Compares the totals of two runs. |
//! | [`pipeline`] | Scans sources and chunks on a thread pool, and puts their results back in order. |
//! | [`partial`] | Divides a run among processes and machines, and merges what they found. |
//! | [`report`], [`render`] | Convert totals to a report, the report to a sheet of rows and columns, and the sheet to text in any format. |
//!
//! Only the binary, `src/bin/callcodes`, prints, exits and knows about the terminal. Arguments pass through `args` (as typed),
//! `settings` (resolved) and `session` (a run over inputs) to one file for each command in `cmd`.
//!
//! # Invariants
//!
//! * **Results are exact.** Counts and lines equal those of a naive search, line by line with the plain regex engine, for any
//!   number of threads, any chunk size and any way of reading. `tests/it/oracle.rs` checks this.
//! * **Each part of a source is read in its own encoding.** The encoding may change at any line ([`units`], [`chunk`]).
//! * **Each line has one owner.** A chunk owns the lines whose first byte is in its range ([`chunk`]). The hits of a line depend
//!   only on that line and a fixed number of bytes after it, and not on where chunks start and end.
//! * **A result is counted once.** The leftmost match wins, and then the earlier pattern ([`pattern`]).
//! * **A sign-in is counted once**, however many logs recorded it ([`attempt`]).
//! * **The prefilter misses nothing.** It may find lines without a match, because the regexes decide.
//! * **Totals can be merged in any grouping.** One `merge` combines the results of threads, files and machines ([`summary`]).
//!   Nothing is shortened or sorted by count before the [`report`].
//! * **Output does not depend on timing.** The same input gives the same bytes on standard output ([`pipeline`]).
//! * **A line has its own time or none.** The form of the times of a source is decided before its lines are read, and dates that can
//!   be read in two ways are not read ([`time`]).
//! * **What may be a result is not lost silently.** Lines with the key words of a pattern and no result are counted, by their shape
//!   ([`near_miss`]).
//! * **Incomplete lines are not counted.** If reading fails within a line, that line is left out ([`chunk`]).
//! * **Nothing is lost silently.** Every input that was not read completely is a [`problem::Problem`] in the result.
//! * **Memory is limited.** Line length, lookahead, waiting parts, names and pattern files have limits, so memory does not grow
//!   with the input.
//! * **A code is not an outcome.** No wording, colour, order or grouping suggests that a code means that a sign-in succeeded or
//!   failed.
//!
//! # Deliberately absent
//!
//! * Memory mapping. If a log is truncated while it is mapped, the process is killed. Reads into reused buffers cost a copy, but
//!   need no `unsafe` code.
//! * A separate scanner for one thread. A single thread is a thread pool with one worker.
//! * Unicode classes in patterns by default. Logs mix encodings, and results are ASCII in all of them. `(?u)` turns Unicode on.

// The order is that of the table above. Empty lines keep rustfmt from sorting it.

pub mod amount;
pub mod code;
pub mod name;
pub mod terminal;
pub mod time;
pub mod units;

pub mod hit;
pub mod near_miss;
pub mod numbered;
pub mod problem;

pub mod catalogue;

pub mod attempt;

pub mod finding;

pub mod pattern;

pub mod neighbour;

pub mod config;

pub mod filter;

pub mod unpack;

pub mod source;

pub mod chunk;

pub mod scan;

pub mod summary;

pub mod compare;

pub mod pipeline;

pub mod partial;

pub mod report;

pub mod render;
