//! Formats and codecs: bytes in, members and decompressed bytes out, in memory and never unpacked to disk.
//!
//! | module | what it is |
//! |---|---|
//! | `recognise`, `binary` | what something is by its first bytes |
//! | `file`, `input` | a file read at positions; a reader that can be looked ahead in |
//! | `decoder`, `frames` | one compressed frame; all frames of a stream, and streams compressed over |
//! | `fault` | what there is to say of data that cannot be read |
//! | `archive` | the members of an archive, one after another |
//!
//! Invariants:
//! * What was read before a fault is delivered before the fault is. A fault is an [`io::Error`](std::io::Error) that
//!   carries a [`Loss`](crate::problem::Loss), or the system's own.
//! * No claim in the data costs memory: only what they hold does, within [`WINDOW_LIMIT`] for each layer and the
//!   limits that the caller gives for archives.
//! * The same bytes give the same result, in whatever pieces they come and however much is asked for at once.
//!
//! It knows readers, files on disk and losses. It does not know what is worth reading, how much a run may unpack, whether
//! it is to end or who counts what is read: the caller wraps the readers that it gets (`unpacked`), breaks off a walk
//! (`walk`), and hands a [`Watch`] to each file.

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
    NOT_TEXT, PROGRAM_BYTES, TRAILER_BYTES, by_trailer, is_certainly_binary, is_named_as_later_part, is_program,
    packed_behind,
};
