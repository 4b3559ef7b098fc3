//! Reads zip archives. A zip archive consists of members, each with a local header before its data, and a directory of all members
//! at the end.
//!
//! The specification is PKWARE's APPNOTE.TXT, and sections are those of version 6.3.10. An archive has these parts, in this order
//! (section 4.3.6). Numbers are little-endian.
//!
//! | part | signature | section | read in |
//! |---|---|---|---|
//! | for each member: local header | `PK 03 04` | 4.3.7 | [`record`] |
//! | encryption header, if encrypted | | 6.1, WinZip's "AES Encryption Information" | [`packed`], [`crypt`] |
//! | data | | 4.3.8 | [`data`] |
//! | data descriptor, if flagged | `PK 07 08`, optional | 4.3.9 | [`record`] |
//! | for each member: header in the directory | `PK 01 02` | 4.3.12 | [`record`] |
//! | end of the directory, zip64 | `PK 06 06` | 4.3.14 | [`directory`] |
//! | its locator | `PK 06 07` | 4.3.15 | [`directory`] |
//! | end of the directory | `PK 05 06` | 4.3.16 | [`directory`] |
//!
//! An archive is read in one of two ways:
//! * An archive in a file is read using its directory ([`ZipFile`]), in the order in which members are stored.
//! * A stream is read from start to end using the local headers ([`stream`]), so that it need not be kept in memory. So is a file
//!   whose directory is missing or does not match the members. The directory is compared with the local headers at the end.
//!
//! An archive may follow a program that unpacks it, or its start may be missing. So a file that is not text and ends like a zip
//! archive is treated as one ([`AtEnd`]).

mod crypt;
mod data;
mod directory;
mod packed;
mod record;
mod stream;
#[cfg(test)]
mod tests;

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;

use data::Data;
pub(crate) use directory::{AtEnd, ZipFile};
use packed::{After, Extent, Packed};
use record::Record;

use super::{Container, Format, Item, Options, Visit};
use crate::problem::{Kind, Loss, Remedy};
use crate::unpack::input::Input;

/// Visits the members of a zip archive, using its directory if possible. See [`super::walk`] for the contract.
pub(super) fn walk(container: Container, options: &Options, visit: &mut Visit<'_>) -> io::Result<()> {
    let Container::File { file, start, len } = &container else {
        return stream::walk(container.into_input(), options, visit);
    };
    match ZipFile::open(Arc::clone(file), *start, *len, options)? {
        Some(zip) => zip.walk(visit),
        None => stream::walk(container.into_input(), options, visit),
    }
}

/// Returns the loss for one part of a split archive.
pub(crate) fn one_part() -> Loss {
    // The remedy does not recommend `zip -s 0`: version 3.0 of zip garbles members that span more than two parts.
    Loss::new(Kind::Truncated, "it is one part of a split zip archive", Remedy::UnpackAllParts)
}

/// Returns the loss for damage in the structure of a zip archive.
fn damaged(why: &str) -> Loss {
    Format::Zip.damaged(why)
}

/// Skips to the next of these signatures. If there is none, skips to the end and returns `false`.
fn pass_to(input: &mut Input, signatures: &[&[u8; 4]]) -> bool {
    /// The number of bytes that are searched at once.
    const LOOK_BYTES: usize = 4096;
    loop {
        let window = input.peek(LOOK_BYTES);
        let len = window.len();
        if let Some(at) = window.windows(4).position(|bytes| signatures.iter().any(|signature| bytes == *signature)) {
            input.consume(at);
            return true;
        }
        if len < LOOK_BYTES {
            input.consume(len);
            return false;
        }
        input.consume(len - 3);
    }
}

/// The position of the input after a member has been visited.
enum Left {
    /// The input is after the member and its descriptor.
    After { outer: Input, flow: ControlFlow<()> },
    /// The archive ended within the member, and the reader has returned this error to the visitor.
    Cut,
}

/// Visits one member. `outer` must be at its data, after the local header.
///
/// # Errors
///
/// Returns an error if the archive ends within data that the visitor did not read.
fn visit_member(
    record: &Record,
    outer: Input,
    extent: Extent,
    options: &Options,
    visit: &mut Visit<'_>,
) -> io::Result<Left> {
    let mut packed = Packed::new(outer, extent);
    let mut flow = ControlFlow::Continue(());
    let mut label = record.label.clone();
    if extent == Extent::Open {
        (label.size, label.packed) = (None, None);
    }
    if !record.is_folder {
        let refused = data::refuses(record.method).map_or_else(|| packed.unlock(record, options), Err);
        if let Err(loss) = refused {
            flow = visit(Item::Unread(label, loss));
        } else {
            let mut data = Data::new(record, packed, extent);
            flow = visit(Item::Member(label, &mut data));
            let Some((rest, is_cut)) = data.close() else { return Ok(Left::Cut) };
            if is_cut {
                return Ok(Left::Cut);
            }
            packed = rest;
        }
    }
    if flow.is_continue() && packed.pass(record) == After::Cut {
        return Err(Format::Zip.cut(&mut packed.outer, None));
    }
    Ok(Left::After { outer: packed.outer, flow })
}
