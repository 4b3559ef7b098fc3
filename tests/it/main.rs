//! Everything that is tested from outside the crate, through its library and through the program, except the cases on the
//! command line (`tests/cli.rs`).
//!
//! One binary with a module for each subject, because each test binary links the whole crate again. To run one module:
//! `cargo test --test it oracle::`. The tests share a process and run at the same time, so none changes what belongs to the
//! process: its environment, current folder, signal handlers or limits. A test that needs that runs the program as a child.

// A step of a test's own set-up may panic when it fails; clippy accepts that in test functions only.
#![allow(clippy::unwrap_used)]

mod naive;
mod packing;

mod bombs;
mod catalogue;
mod compressed;
mod containers;
mod contract;
mod copies;
#[cfg(unix)]
mod ctrl_c;
mod data;
mod encodings;
mod files;
mod folders;
mod generate;
mod help;
mod interrupted;
mod live;
mod oracle;
mod output;
mod passwords;
mod patterns;
mod render_codes;
mod session;
mod settings;
mod silence;
mod terminal;
