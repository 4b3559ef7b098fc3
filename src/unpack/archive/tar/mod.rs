//! Reads tar archives. Each member is a header of 512 bytes, followed by its data, which are padded to a multiple of 512 bytes with
//! zeros.
//!
//! The specifications are POSIX pax, "ustar Interchange Format" and "pax Interchange Format", and the GNU tar manual, "Basic Tar
//! Format". The layout of a header is in [`header`], that of sparse files in [`sparse`].
//!
//! | type | meaning | treatment |
//! |---|---|---|
//! | `0`, NUL, `7`, others | file; in formats older than POSIX, a folder if the name ends with a slash | read |
//! | `1`, `2` | hard link, symbolic link | reported |
//! | `3` to `6`, `D` | devices, folder, pipe, GNU's list of a folder | left out |
//! | `S` | sparse file in GNU's old format | read |
//! | `M` | rest of a file that starts in another volume | reported |
//! | `L`, `K` | long name of the next member, long target of the next link | used |
//! | `x`, `X` | pax attributes of the next member | used |
//! | `g` | pax attributes of all following members | used |
//! | `V` | name of the volume | left out |
//!
//! Invariants:
//! * A sparse file is read as it was on disk, with its holes as zeros.
//! * Links have no data. Their target is another member, or is not in the archive. A link is reported under its own name, so that
//!   the user's globs apply to it.
//! * Members after an end marker are read as well, because archives may have been concatenated.
//! * An archive without an end marker is reported, because it may have been cut between two members.
//! * A header with a wrong checksum ends the walk, because the place of the next header is then unknown.
//!
//! Alternative: the `tar` crate. It does not distinguish a cut archive from a complete one.

mod header;
mod sparse;
#[cfg(test)]
mod tests;

use std::io::{self, Read};
use std::ops::ControlFlow;

pub(in crate::unpack) use self::header::begins;
use self::header::{Attributes, Header, number, text};
use super::{Format, Item, Label, MemberData, Options, Visit, refused, unix_time, without_dots};
use crate::name::shown_bytes;
use crate::problem::{Kind, Loss, Remedy};
use crate::unpack::fault::passed_on;
use crate::unpack::input::Input;

/// The length of a block in bytes.
const BLOCK: u64 = 512;
/// The length of a block in bytes, for arrays.
const BLOCK_BYTES: usize = 512;

/// The greatest length of a long name or a list of attributes before a header, in bytes.
const EXTENSION_LIMIT: u64 = 1 << 20;

type Block = [u8; BLOCK_BYTES];

/// Visits the members of a tar archive. See [`super::walk`] for the contract.
pub(super) fn walk(input: Input, options: &Options, visit: &mut Visit<'_>) -> io::Result<()> {
    let mut walk = Walk { input, ..Walk::default() };
    let mut members = 0;
    while let Some(block) = walk.next_block()? {
        let header = Header::of(&block).ok_or_else(|| {
            Format::Tar.damaged("the checksum of a header does not match, and what follows was not read")
        })?;
        if walk.take_extension(&header)? {
            continue;
        }
        members += 1;
        if members > options.max_members {
            return Err(Format::Tar.too_many_members(options.max_members).into());
        }
        if walk.member(&header, visit)?.is_break() {
            break;
        }
    }
    Ok(())
}

/// The state of a walk through an archive.
#[derive(Default)]
struct Walk {
    input: Input,
    /// The attributes of all following members.
    everywhere: Attributes,
    /// The attributes of the next member.
    before: Attributes,
    /// The name of the next member, if it comes from an entry of type `L`.
    long_name: Option<Vec<u8>>,
    /// The target of the next link, if it comes from an entry of type `K`.
    long_target: Option<Vec<u8>>,
}

impl Walk {
    /// Returns the next block that is not an end marker, which is a block of zeros. Returns `None` at the end of the archive.
    ///
    /// # Errors
    ///
    /// Returns an error if the archive has no end marker, or if something other than a header follows it.
    fn next_block(&mut self) -> io::Result<Option<Block>> {
        let mut is_marked = false;
        loop {
            if self.input.peek(1).is_empty() {
                return match self.input.failure() {
                    Some(error) => Err(passed_on(error, None)),
                    None if is_marked => Ok(None),
                    None => {
                        let what = "the tar archive has no end marker, so files may be missing".to_owned();
                        Err(Loss { what, ..Format::Tar.truncated(None) }.into())
                    }
                };
            }
            let Some(block) = self.input.array::<BLOCK_BYTES>() else {
                // After the end marker, an incomplete block is padding.
                return if is_marked {
                    self.input.failure().map_or(Ok(None), |error| Err(passed_on(error, None)))
                } else {
                    Err(self.short())
                };
            };
            if block.iter().any(|byte| *byte != 0) {
                if is_marked && Header::of(&block).is_none() {
                    let block = Input::new(Box::new(io::Cursor::new(block)));
                    let mut rest = Input::new(Box::new(block.chain(std::mem::take(&mut self.input))));
                    return Format::Tar.trailing(&mut rest).map(|()| None);
                }
                return Ok(Some(block));
            }
            is_marked = true;
        }
    }

    /// Returns the error for an archive that ends too early here.
    fn short(&mut self) -> io::Error {
        Format::Tar.cut(&mut self.input, None)
    }

    /// If `header` is an entry that only describes later members, reads it and returns `true`.
    fn take_extension(&mut self, header: &Header<'_>) -> io::Result<bool> {
        match header.type_flag {
            b'L' => self.long_name = Some(text(&self.extension(header.size)?).to_vec()),
            b'x' | b'X' | b'g' => {
                let records = self.extension(header.size)?;
                let attributes = if header.type_flag == b'g' { &mut self.everywhere } else { &mut self.before };
                attributes.take(&records).ok_or_else(|| Format::Tar.damaged("the attributes of a file"))?;
            }
            b'K' => self.long_target = Some(text(&self.extension(header.size)?).to_vec()),
            // The name of the volume is skipped.
            b'V' => self.pass(header.size)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Reads the data of an entry that describes later members. Returns an error if `size` is more than [`EXTENSION_LIMIT`].
    fn extension(&mut self, size: u64) -> io::Result<Vec<u8>> {
        if size > EXTENSION_LIMIT {
            let what = format!("the name or attributes of a file take more than {} KiB", EXTENSION_LIMIT >> 10);
            return Err(Loss::new(Kind::OverLimit, what, Remedy::Unpack).into());
        }
        let (bytes, padding) = (self.input.exactly(size), padding(size));
        bytes.filter(|_| self.input.skip(padding) == padding).ok_or_else(|| self.short())
    }

    /// Skips `size` bytes of data and the padding after them.
    fn pass(&mut self, size: u64) -> io::Result<()> {
        self.finish(ControlFlow::Continue(()), Some(size), size).map(|_| ())
    }

    /// Skips the rest of a member of `size` bytes and the padding after it. `rest` is the number of bytes that have not been read.
    /// Returns a break, which ends the walk, if `flow` is one, or if `rest` is `None` because the archive is cut short.
    fn finish(&mut self, flow: ControlFlow<()>, rest: Option<u64>, size: u64) -> io::Result<ControlFlow<()>> {
        let (ControlFlow::Continue(()), Some(rest)) = (flow, rest) else { return Ok(ControlFlow::Break(())) };
        let len = rest.checked_add(padding(size)).ok_or_else(|| Format::Tar.damaged("the size of a file"))?;
        if self.input.skip(len) < len { Err(self.short()) } else { Ok(flow) }
    }

    /// Visits the member with this header.
    ///
    /// Its name is the first of these that exists: `GNU.sparse.name`, its pax attribute `path`, the pax attribute `path` for all
    /// members, the name from an entry of type `L`, and the name in the header.
    fn member(&mut self, header: &Header<'_>, visit: &mut Visit<'_>) -> io::Result<ControlFlow<()>> {
        let before = std::mem::take(&mut self.before);
        let (long_name, long_target) = (self.long_name.take(), self.long_target.take());
        let size = before.size.or(self.everywhere.size).unwrap_or(header.size);
        let mut records = before.sparse;
        let own = records.as_mut().and_then(|records| records.name.take());
        let name = own.or(before.name).or_else(|| self.everywhere.name.clone()).or(long_name);
        let name = name.unwrap_or_else(|| header.name());
        let modified = before.modified.or(self.everywhere.modified).or_else(|| number(&header.block[136..148]));
        let label = Label {
            name: without_dots(&shown_bytes(&name)),
            size: Some(size),
            packed: Some(size),
            modified: modified.and_then(unix_time),
        };
        let flow = match header.type_flag {
            b'1' | b'2' => {
                let target = before.target.or(long_target).unwrap_or_else(|| text(&header.block[157..257]).to_vec());
                let flow = visit(Item::Unread(label, link(&target)));
                // A hard link has no data, whatever size its header states.
                if header.type_flag == b'1' {
                    return Ok(flow);
                }
                flow
            }
            b'3'..=b'6' | b'D' => ControlFlow::Continue(()),
            // In formats older than POSIX, folders have no type of their own.
            0 if name.ends_with(b"/") => ControlFlow::Continue(()),
            b'S' => return self.typed_sparse(header.block, (label, size), visit),
            b'M' => {
                visit(Item::Unread(label, refused("it begins in another volume of the tar archive", Remedy::Unpack)))
            }
            // A data map for all following members makes no sense, and no program writes one.
            _ if self.everywhere.sparse.is_some() => visit(Item::Unread(label, sparse::unknown())),
            _ => {
                return match records {
                    Some(records) => self.attributed_sparse(records, (label, size), visit),
                    None => self.data(label, size, visit),
                };
            }
        };
        self.finish(flow, Some(size), size)
    }

    /// Visits a file that is not sparse.
    fn data(&mut self, label: Label, size: u64, visit: &mut Visit<'_>) -> io::Result<ControlFlow<()>> {
        let mut data = Data::new(&mut self.input, size);
        let flow = visit(Item::Member(label, &mut data));
        let rest = data.rest();
        self.finish(flow, rest, size)
    }
}

/// Returns the loss for a link to `target`.
fn link(target: &[u8]) -> Loss {
    let what = format!("link to {}, not followed", shown_bytes(target));
    Loss::new(Kind::Link, what, Remedy::ReadAsMember)
}

/// Returns the number of bytes of padding after `size` bytes of data.
fn padding(size: u64) -> u64 {
    (BLOCK - size % BLOCK) % BLOCK
}

/// A reader of the stored data of a member.
struct Data<'i> {
    input: &'i mut Input,
    /// The number of bytes that have not been read yet.
    left: u64,
    delivered: u64,
    is_faulty: bool,
}

impl Data<'_> {
    fn new(input: &mut Input, size: u64) -> Data<'_> {
        Data { input, left: size, delivered: 0, is_faulty: false }
    }

    /// Returns the number of bytes that have not been read, or `None` if the archive is cut short within the data.
    fn rest(&self) -> Option<u64> {
        (!self.is_faulty).then_some(self.left)
    }
}

impl MemberData for Data<'_> {}

impl Read for Data<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let wanted = out.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if wanted == 0 || self.is_faulty {
            return Ok(0);
        }
        let len = self.input.read(&mut out[..wanted])?;
        if len == 0 {
            self.is_faulty = true;
            return Err(Format::Tar.cut(self.input, Some(self.delivered)));
        }
        self.left -= len as u64;
        self.delivered += len as u64;
        Ok(len)
    }
}
