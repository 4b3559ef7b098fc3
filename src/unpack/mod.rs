//! Reads archives and compressed data in memory: bytes go in, the files of archives and decompressed bytes come out. Nothing
//! is ever written to disk.
//!
//! | module | what it does |
//! |---|---|
//! | `recognise`, `binary` | recognises a format by its first bytes |
//! | `file`, `input` | reads a file at positions; reads a stream with lookahead |
//! | `decoder`, `frames` | decompresses one frame; decompresses all frames of a stream, and streams that were compressed several times |
//! | `fault` | words the faults of data that cannot be read |
//! | `archive` | visits the members of an archive, one after another |
//!
//! # Formats
//!
//! Byte layouts stand where they are read. A format without a link is left to its crate once its magic bytes are known.
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
//! | bzip2, xz | none for bzip2; The .xz File Format | their crates |
//!
//! # Invariants
//!
//! * Everything that was read before a fault is delivered before the fault is reported. A fault is an
//!   [`io::Error`](std::io::Error) that carries a [`Loss`](crate::problem::Loss), or an error of the operating system.
//! * A claim in the data costs no memory; only bytes that are really there do. The limits are [`WINDOW_LIMIT`] for each
//!   codec and the limits that the caller gives for archives.
//! * The same bytes give the same result, no matter in what pieces they arrive and how many are requested at once.
//!
//! # What is decided elsewhere
//!
//! This module knows readers, files on disk and losses. It does not know which files are worth reading, how much a run may
//! unpack, when a run is cancelled, or how progress is counted. The caller adds these: it wraps the readers of `unpacked`,
//! breaks out of `walk`, and passes a [`Watch`] for each file.

mod archive;
mod binary;
mod decoder;
mod fault;
mod file;
mod frames;
mod input;
mod recognise;

pub use archive::Passwords;
pub(crate) use archive::{AtEnd, Container, Item, Label, MemberData, Options, ZipFile, one_part, walk};
pub use decoder::WINDOW_LIMIT;
pub(crate) use fault::{copied, passed_on};
pub use file::{DiskFile, FileSpan, Watch};
pub(crate) use frames::unpacked;
pub use frames::{MAX_LAYERS, decompressed};
pub(crate) use input::Input;
pub use recognise::{Codec, Format, HEAD_BYTES, Recognised, SAMPLE_BYTES, Unsupported, recognise};
pub(crate) use recognise::{
    NOT_TEXT, PROGRAM_BYTES, TRAILER_BYTES, by_trailer, is_certainly_binary, is_message, is_named_as_later_part,
    is_program, packed_after,
};
