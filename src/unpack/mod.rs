//! Reads archives, compressed data and event logs in memory. Nothing is ever written to disk.
//!
//! | module | what it does |
//! |---|---|
//! | `recognise`, `binary` | Recognises a format by its first bytes. |
//! | `file`, `input` | Reads a file at explicit positions; reads a stream with lookahead. |
//! | `decoder`, `frames` | Decompresses one frame; decompresses all frames of a stream, which may have been compressed several times. |
//! | `event_log` | Reads Windows event logs, and events that were exported from them, as text with a line for each event. |
//! | `fault` | Creates the errors for data that cannot be read. |
//! | `archive` | Visits the members of an archive, one after another. |
//!
//! # Formats
//!
//! The layout of each format is in the documentation of the module that reads it. A crate reads the formats whose layout is not
//! described here.
//!
//! | format | specification | layout |
//! |---|---|---|
//! | zip | PKWARE's APPNOTE.TXT 6.3.10 | `archive::zip::record`, `archive::zip::directory` |
//! | tar | POSIX pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format" | `archive::tar::header`, `archive::tar::sparse` |
//! | 7z | 7zFormat.txt and Methods.txt of the LZMA SDK | `archive::seven_zip` |
//! | cab | \[MS-CAB\] | `archive::cab` |
//! | gzip, deflate | RFC 1952, RFC 1951 | `decoder` |
//! | zstd | RFC 8878 | `decoder`, skippable frames only |
//! | lz4 | LZ4 Frame Format Description 1.6 | `decoder`, skippable frames only |
//! | evtx | libevtx, "Windows XML Event Log (EVTX) format"; \[MS-EVEN6\] 2.2.12 | `event_log`, without the binary XML |
//! | mail, mbox | RFC 5322, RFC 2045 to 2049; RFC 4155 | not here |
//! | bzip2, xz | none for bzip2; The .xz File Format | not here |
//!
//! # Invariants
//!
//! * All data before a fault are delivered before the fault is reported. In an event log, so are the data after it. A fault is an [`io::Error`](std::io::Error) that contains
//!   a [`Loss`](crate::problem::Loss) or comes from the operating system.
//! * Memory depends on the data that are really there and not on the sizes that a file states. It is limited by [`WINDOW_LIMIT`]
//!   for each decoder and by the caller's limits for archives.
//! * The same bytes always give the same result, no matter in what pieces they arrive and how many are requested at once.
//!
//! # What is decided elsewhere
//!
//! This module does not decide which files are worth reading, how much a run may unpack, when a run is cancelled, or how progress
//! is counted. The caller does: it wraps the readers of `unpacked`, breaks out of `walk`, and passes a [`Watch`] for each file.

mod archive;
mod binary;
mod decoder;
mod event_log;
mod fault;
mod file;
mod frames;
mod input;
mod recognise;

pub use archive::Passwords;
pub(crate) use archive::{AtEnd, Container, Item, Label, MemberData, Options, ZipFile, one_part, walk};
pub use decoder::WINDOW_LIMIT;
pub(crate) use event_log::Export;
pub(crate) use fault::{copied, passed_on};
pub use file::{DiskFile, FileSpan, Watch};
pub(crate) use frames::unpacked;
pub use frames::{MAX_LAYERS, decompressed};
pub(crate) use input::Input;
pub use recognise::{Codec, Format, HEAD_BYTES, Recognised, SAMPLE_BYTES, Unsupported, recognise};
pub(crate) use recognise::{
    NOT_TEXT, PROGRAM_BYTES, TRAILER_BYTES, by_trailer, damaged_beginning, is_certainly_binary, is_message,
    is_named_as_later_part, is_program, packed_after, zip_after,
};
