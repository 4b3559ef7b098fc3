//! zip: members one after another, each behind a header of its own, and a directory at the end.
//!
//! What is in a file is read by its directory ([`ZipFile`]), in the order in which it is stored. What comes as a stream, and
//! a file whose directory is missing, contradicts the file or leaves bytes over, is read through the headers before the data
//! ([`stream`]), so that it has not to be held; the directory is compared with them where it is met.
//!
//! An archive may lie behind a program that unpacks it, or have lost its beginning: a file that looks like no text and ends
//! as a zip archive does is one ([`AtEnd`]).

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
use packed::{Behind, Extent, Packed};
use record::Record;

use super::{Container, Format, Item, Options, Visit};
use crate::problem::{Kind, Loss, Remedy};
use crate::unpack::input::Input;

/// See [`super::walk`].
pub(super) fn walk(container: Container, options: &Options, visit: &mut Visit<'_>) -> io::Result<()> {
    let Container::File { file, start, len } = &container else {
        return stream::walk(container.into_input(), options, visit);
    };
    match ZipFile::open(Arc::clone(file), *start, *len, options)? {
        Some(zip) => zip.walk(visit),
        None => stream::walk(container.into_input(), options, visit),
    }
}

/// What to tell of a part of a split archive.
pub(crate) fn one_part() -> Loss {
    // Not zip -s 0, whose version 3.0 garbles members that take more than two parts.
    Loss::new(Kind::Truncated, "it is one part of a split zip archive", Remedy::UnpackAllParts)
}

fn damaged(why: &str) -> Loss {
    Format::Zip.damaged(why)
}

/// Passes over what comes before the next of these signatures; or everything, and then says `false`.
fn pass_to(input: &mut Input, signatures: &[&[u8; 4]]) -> bool {
    /// How much is looked at at once, in bytes.
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

/// How a visit left the input.
enum Left {
    /// Behind the member, at what follows it.
    Behind { outer: Input, flow: ControlFlow<()> },
    /// The archive ends in the member, and that was told.
    Cut,
}

/// Visits one member, whose data begin at `outer`.
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
    if flow.is_continue() && packed.pass(record) == Behind::Cut {
        return Err(Format::Zip.cut(&mut packed.outer, None));
    }
    Ok(Left::Behind { outer: packed.outer, flow })
}
