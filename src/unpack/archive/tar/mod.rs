//! tar: headers of 512 bytes, each followed by the data of its member.
//!
//! A file with holes is read as it was on disk ([`sparse`]). Links have no data of their own: what they lead to is another
//! member, or lies elsewhere. Each is told under its name, for whoever chose that name. Every member counts, also
//! behind an end mark, as where archives were concatenated. An archive that ends without a mark may have been cut between two
//! members, and is reported; a header that does not match its checksum ends the walk, as nothing says where the next one is.
//!
//! The structure is simple and the `tar` crate's reader does not tell a cut from an end, so it is read here.

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

const BLOCK: u64 = 512;
const BLOCK_BYTES: usize = 512;

/// How long a name or a list of attributes may be that stands before a header, in bytes.
const EXTENSION_LIMIT: u64 = 1 << 20;

type Block = [u8; BLOCK_BYTES];

/// See [`super::walk`].
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

#[derive(Default)]
struct Walk {
    input: Input,
    /// Of all members that follow.
    everywhere: Attributes,
    /// Of the next one.
    before: Attributes,
    long_name: Option<Vec<u8>>,
    /// Of a link.
    long_target: Option<Vec<u8>>,
}

impl Walk {
    /// The next block that is not all zeros; `None` at the end.
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
                // What is shorter than a block and behind the mark is padding of another size.
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

    fn short(&mut self) -> io::Error {
        Format::Tar.cut(&mut self.input, None)
    }

    /// Takes what only says something of later members, and whether it was that.
    fn take_extension(&mut self, header: &Header<'_>) -> io::Result<bool> {
        match header.type_flag {
            b'L' => self.long_name = Some(text(&self.extension(header.size)?).to_vec()),
            b'x' | b'X' | b'g' => {
                let records = self.extension(header.size)?;
                let attributes = if header.type_flag == b'g' { &mut self.everywhere } else { &mut self.before };
                attributes.take(&records).ok_or_else(|| Format::Tar.damaged("the attributes of a file"))?;
            }
            b'K' => self.long_target = Some(text(&self.extension(header.size)?).to_vec()),
            // The volume's name.
            b'V' => self.pass(header.size)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn extension(&mut self, size: u64) -> io::Result<Vec<u8>> {
        if size > EXTENSION_LIMIT {
            let what = format!("the name or attributes of a file take more than {} KiB", EXTENSION_LIMIT >> 10);
            return Err(Loss::new(Kind::OverLimit, what, Remedy::Unpack).into());
        }
        let (bytes, padding) = (self.input.exactly(size), padding(size));
        bytes.filter(|_| self.input.skip(padding) == padding).ok_or_else(|| self.short())
    }

    /// Passes over data and what fills its last block.
    fn pass(&mut self, size: u64) -> io::Result<()> {
        self.behind(ControlFlow::Continue(()), Some(size), size).map(|_| ())
    }

    /// Goes on behind a member that takes `size` bytes, of which `rest` were not read; `None` if it broke off.
    fn behind(&mut self, flow: ControlFlow<()>, rest: Option<u64>, size: u64) -> io::Result<ControlFlow<()>> {
        let (ControlFlow::Continue(()), Some(rest)) = (flow, rest) else { return Ok(ControlFlow::Break(())) };
        let len = rest.checked_add(padding(size)).ok_or_else(|| Format::Tar.damaged("the size of a file"))?;
        if self.input.skip(len) < len { Err(self.short()) } else { Ok(flow) }
    }

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
                // One to what is stored already has no data, whatever it says of a size.
                if header.type_flag == b'1' {
                    return Ok(flow);
                }
                flow
            }
            b'3'..=b'6' | b'D' => ControlFlow::Continue(()),
            // Before there were types, a folder was what ends with a slash.
            0 if name.ends_with(b"/") => ControlFlow::Continue(()),
            b'S' => return self.typed_sparse(header.block, (label, size), visit),
            b'M' => {
                visit(Item::Unread(label, refused("it begins in another volume of the tar archive", Remedy::Unpack)))
            }
            // No program says of all members at once where their holes are.
            _ if self.everywhere.sparse.is_some() => visit(Item::Unread(label, sparse::unknown())),
            _ => {
                return match records {
                    Some(records) => self.attributed_sparse(records, (label, size), visit),
                    None => self.data(label, size, visit),
                };
            }
        };
        self.behind(flow, Some(size), size)
    }

    fn data(&mut self, label: Label, size: u64, visit: &mut Visit<'_>) -> io::Result<ControlFlow<()>> {
        let mut data = Data::new(&mut self.input, size);
        let flow = visit(Item::Member(label, &mut data));
        let rest = data.rest();
        self.behind(flow, rest, size)
    }
}

fn link(target: &[u8]) -> Loss {
    let what = format!("link to {}, not followed", shown_bytes(target));
    Loss::new(Kind::Link, what, Remedy::ReadAsMember)
}

/// What fills the last block of data.
fn padding(size: u64) -> u64 {
    (BLOCK - size % BLOCK) % BLOCK
}

/// The data of a member.
struct Data<'i> {
    input: &'i mut Input,
    left: u64,
    delivered: u64,
    is_faulty: bool,
}

impl Data<'_> {
    fn new(input: &mut Input, size: u64) -> Data<'_> {
        Data { input, left: size, delivered: 0, is_faulty: false }
    }

    /// How much of it was not read; `None` if it broke off.
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
