//! Tests the library from outside the crate, and the program, except for the command line cases (`tests/cli.rs`).
//!
//! All tests are in one binary with a module for each subject, because each test binary links the whole crate again. To run one
//! module: `cargo test --test it oracle::`. The tests run in parallel in one process, so a test must not change the state of
//! the process: its environment, current folder, signal handlers or limits. A test that has to does so in a child process.

// The set-up of a test may panic on errors; clippy accepts that only in test functions.
#![allow(clippy::unwrap_used)]

mod naive;
mod packing;
mod sealed;

mod audit;
mod bombs;
mod catalogue;
#[cfg(unix)]
mod cluster;
mod compare;
mod compressed;
mod containers;
mod context;
mod contract;
mod copies;
#[cfg(unix)]
mod ctrl_c;
mod data;
mod encodings;
mod events;
mod files;
mod filters;
mod findings;
mod folders;
mod general;
mod generate;
mod help;
mod interrupted;
mod live;
mod merge;
mod near_misses;
mod oracle;
mod output;
mod partial;
mod passwords;
mod patterns;
mod precision;
mod render_codes;
mod session;
mod settings;
mod sign_ins;
mod silence;
mod terminal;
mod ticket;
mod times;
mod wrapped;
