//! A zip archive from front to back, through the headers before the data.
//!
//! Where a header does not tell how long its data are, they end at a descriptor which tells just that. The directory,
//! when it comes, has to list the members that were met. Another archive may follow, as where files were concatenated.
//!
//! That a member is a link only the directory tells, which comes too late here; so links are files that hold where they lead to,
//! however an archive is read.

use std::io;

use super::record::{read_header, read_listed};
use super::{Extent, Format, Left, Loss, Options, Visit, damaged, one_part, pass_to, visit_member};
use crate::problem::Kind;
use crate::unpack::archive::kind_of;
use crate::unpack::fault::passed_on;
use crate::unpack::input::Input;

/// See [`super::walk`].
pub(super) fn walk(input: Input, options: &Options, visit: &mut Visit<'_>) -> io::Result<()> {
    let mut walk = Walk { input, ..Walk::default() };
    while walk.next(options, visit)? {}
    walk.damage.map_or(Ok(()), |loss| Err(loss.into()))
}

#[derive(Default)]
struct Walk {
    input: Input,
    /// Where the archive begins, of several.
    start: u64,
    /// Where the headers that were met lie, and where those lie that the directory lists.
    met: Vec<u64>,
    listed: Vec<u64>,
    place: Place,
    /// Whether this is the first part of a split archive, or all parts of one, joined byte by byte.
    is_part: bool,
    /// Met in all.
    members: u64,
    /// The first that was passed over.
    damage: Option<Loss>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Members,
    Directory,
    /// Behind the end of an archive.
    Behind,
}

impl Walk {
    /// Goes on to what follows; `false` at the end.
    fn next(&mut self, options: &Options, visit: &mut Visit<'_>) -> io::Result<bool> {
        let position = self.input.position();
        let signature = self.input.peek(4).to_vec();
        match signature.as_slice() {
            [] => return self.end().map(|()| false),
            // A mark of archives in several parts.
            b"PK\x07\x08" | b"PK00" if position == self.start => {
                self.is_part = signature.starts_with(b"PK\x07");
                self.take_signature();
            }
            b"PK\x03\x04" => {
                if self.place != Place::Members {
                    (self.place, self.start) = (Place::Members, position);
                }
                return self.member(options, visit);
            }
            b"PK\x01\x02" if self.place != Place::Behind => {
                self.take_signature();
                self.place = Place::Directory;
                let listed = read_listed(&mut self.input).ok_or_else(|| self.cut())?;
                self.listed.push(listed.offset);
                if self.listed.len() > self.met.len() {
                    self.note("its table of contents does not match the files in it");
                }
                self.listed.truncate(self.met.len());
            }
            b"PK\x05\x06" => self.end_of_directory()?,
            b"PK\x06\x06" if self.place != Place::Behind => {
                self.take_signature();
                let len = u64::from_le_bytes(self.input.array().ok_or_else(|| self.cut())?);
                self.skip(len)?;
            }
            b"PK\x06\x07" if self.place != Place::Behind => self.skip(20)?,
            _ if self.place == Place::Behind => return Format::Zip.trailing(&mut self.input).map(|()| false),
            _ => self.search(),
        }
        Ok(true)
    }

    fn take_signature(&mut self) {
        self.input.consume(4);
    }

    fn cut(&mut self) -> io::Error {
        let error = Format::Zip.cut(&mut self.input, None);
        self.or_one_part(error)
    }

    /// What to tell of an archive that breaks off: where it is one part of several, that it does is no fault.
    fn or_one_part(&self, error: io::Error) -> io::Error {
        if self.is_part && kind_of(&error) == Kind::Truncated { one_part().into() } else { error }
    }

    fn skip(&mut self, len: u64) -> io::Result<()> {
        if self.input.skip(len) < len { Err(self.cut()) } else { Ok(()) }
    }

    fn note(&mut self, why: &str) {
        self.damage.get_or_insert_with(|| damaged(why));
    }

    fn member(&mut self, options: &Options, visit: &mut Visit<'_>) -> io::Result<bool> {
        self.members += 1;
        if self.members > options.max_members {
            return Err(Format::Zip.too_many_members(options.max_members).into());
        }
        self.met.push(self.input.position() - self.start);
        self.take_signature();
        let record = read_header(&mut self.input).ok_or_else(|| self.cut())?;
        let is_open = record.has_descriptor && record.packed == 0;
        let extent = if is_open { Extent::Open } else { Extent::Known(record.packed) };
        match visit_member(&record, std::mem::take(&mut self.input), extent, options, visit)? {
            Left::Cut if self.is_part => Err(one_part().into()),
            Left::Cut => Ok(false),
            Left::Behind { outer, flow } => {
                self.input = outer;
                if flow.is_break() {
                    self.damage = None;
                }
                Ok(flow.is_continue())
            }
        }
    }

    fn end_of_directory(&mut self) -> io::Result<()> {
        let record: [u8; 22] = self.input.array().ok_or_else(|| self.cut())?;
        let comment = u64::from(u16::from_le_bytes([record[20], record[21]]));
        self.skip(comment)?;
        self.met.sort_unstable();
        self.listed.sort_unstable();
        // In a split archive each place is one in its part.
        let is_same = if self.is_part { self.met.len() == self.listed.len() } else { self.met == self.listed };
        if !is_same {
            self.note("its table of contents does not match the files in it");
        }
        self.met.clear();
        self.listed.clear();
        self.place = Place::Behind;
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        match self.input.failure() {
            Some(error) => Err(passed_on(error, None)),
            // What was noted before is the reason, or comes to the same.
            None if self.place == Place::Behind || self.damage.is_some() => Ok(()),
            None => Err(self.or_one_part(Format::Zip.truncated(None).into())),
        }
    }

    /// Goes on to the next thing that can be read, or to the end.
    fn search(&mut self) {
        const KNOWN: [&[u8; 4]; 4] = [b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06"];
        self.note("there is other data where a file should begin");
        // Not the directory's fault any more.
        self.input.consume(1);
        pass_to(&mut self.input, &KNOWN);
    }
}
