//! Reads a zip archive from start to end, using the local headers before the data.
//!
//! If a local header does not state the length of the data, they end at a descriptor that states exactly their length. The
//! directory follows the members and must list all of them. Another archive may follow, because files may have been concatenated.
//!
//! Only the directory states whether a member is a link, which is too late in a stream. So links are always read as files that
//! contain the path of their target, even in an archive that is read using its directory.

use std::io;

use super::record::{read_header, read_listed};
use super::{Extent, Format, Left, Loss, Options, Visit, damaged, one_part, pass_to, visit_member};
use crate::problem::Kind;
use crate::unpack::archive::kind_of;
use crate::unpack::fault::passed_on;
use crate::unpack::input::Input;

/// Visits the members of a zip archive from start to end. See [`archive::walk`](super::super::walk) for the contract.
pub(super) fn walk(input: Input, options: &Options, visit: &mut Visit<'_>) -> io::Result<()> {
    let mut walk = Walk { input, ..Walk::default() };
    while walk.next(options, visit)? {}
    walk.damage.map_or(Ok(()), |loss| Err(loss.into()))
}

/// The state of a walk over the stream.
#[derive(Default)]
struct Walk {
    input: Input,
    /// The position in the stream at which the current archive starts.
    start: u64,
    /// The offsets of the local headers that have been read.
    found: Vec<u64>,
    /// The offsets of the local headers according to the directory.
    listed: Vec<u64>,
    place: Place,
    /// Whether this is the first part of a split archive, or all of its parts joined.
    is_part: bool,
    /// The number of members so far, in all archives.
    members: u64,
    /// The first damage after which the walk could continue.
    damage: Option<Loss>,
}

/// The part of the archive that was read last.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Members,
    Directory,
    /// The end record of an archive.
    After,
}

impl Walk {
    /// Reads the next part of the archive. Returns `false` at the end of the stream, or if the visitor has ended the walk.
    fn next(&mut self, options: &Options, visit: &mut Visit<'_>) -> io::Result<bool> {
        let position = self.input.position();
        let signature = self.input.peek(4).to_vec();
        match signature.as_slice() {
            [] => return self.end().map(|()| false),
            // The signature of a split archive, or of one that was meant to be split but has only one part.
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
            b"PK\x01\x02" if self.place != Place::After => {
                self.take_signature();
                self.place = Place::Directory;
                let listed = read_listed(&mut self.input).ok_or_else(|| self.cut())?;
                self.listed.push(listed.offset);
                if self.listed.len() > self.found.len() {
                    self.note("its table of contents does not match the files in it");
                }
                self.listed.truncate(self.found.len());
            }
            b"PK\x05\x06" => self.end_of_directory()?,
            b"PK\x06\x06" if self.place != Place::After => {
                self.take_signature();
                let len = u64::from_le_bytes(self.input.array().ok_or_else(|| self.cut())?);
                self.skip(len)?;
            }
            b"PK\x06\x07" if self.place != Place::After => self.skip(20)?,
            _ if self.place == Place::After => return Format::Zip.trailing(&mut self.input).map(|()| false),
            _ => self.search(),
        }
        Ok(true)
    }

    fn take_signature(&mut self) {
        self.input.consume(4);
    }

    /// Returns the error for an archive that is cut short here.
    fn cut(&mut self) -> io::Error {
        let error = Format::Zip.cut(&mut self.input, None);
        self.or_one_part(error)
    }

    /// Replaces the error for an archive that is cut short, if it is one part of a split archive, which always ends early.
    fn or_one_part(&self, error: io::Error) -> io::Error {
        if self.is_part && kind_of(&error) == Kind::Truncated { one_part().into() } else { error }
    }

    /// Skips `len` bytes. Returns an error if the archive is cut short before that.
    fn skip(&mut self, len: u64) -> io::Result<()> {
        if self.input.skip(len) < len { Err(self.cut()) } else { Ok(()) }
    }

    /// Records damage, which is reported at the end of the walk. Only the first damage is kept.
    fn note(&mut self, why: &str) {
        self.damage.get_or_insert_with(|| damaged(why));
    }

    /// Visits the member whose local header comes next. Returns whether the walk continues.
    fn member(&mut self, options: &Options, visit: &mut Visit<'_>) -> io::Result<bool> {
        self.members += 1;
        if self.members > options.max_members {
            return Err(Format::Zip.too_many_members(options.max_members).into());
        }
        self.found.push(self.input.position() - self.start);
        self.take_signature();
        let record = read_header(&mut self.input).ok_or_else(|| self.cut())?;
        let is_open = record.has_descriptor && record.packed == 0;
        let extent = if is_open { Extent::Open } else { Extent::Known(record.packed) };
        match visit_member(&record, std::mem::take(&mut self.input), extent, options, visit)? {
            Left::Cut if self.is_part => Err(one_part().into()),
            Left::Cut => Ok(false),
            Left::After { outer, flow } => {
                self.input = outer;
                if flow.is_break() {
                    self.damage = None;
                }
                Ok(flow.is_continue())
            }
        }
    }

    /// Reads the end record, and compares the directory with the members that have been read.
    fn end_of_directory(&mut self) -> io::Result<()> {
        let record: [u8; 22] = self.input.array().ok_or_else(|| self.cut())?;
        let comment = u64::from(u16::from_le_bytes([record[20], record[21]]));
        self.skip(comment)?;
        self.found.sort_unstable();
        self.listed.sort_unstable();
        // In a split archive, each offset counts from the start of its part.
        // After a program or other data, offsets may count from the start of that.
        let from_first = |offsets: &[u64]| offsets.iter().map(|offset| offset - offsets[0]).collect::<Vec<_>>();
        let is_shifted = self.listed.first() >= self.found.first();
        let is_same = if self.is_part {
            self.found.len() == self.listed.len()
        } else {
            is_shifted && from_first(&self.found) == from_first(&self.listed)
        };
        if !is_same {
            self.note("its table of contents does not match the files in it");
        }
        self.found.clear();
        self.listed.clear();
        self.place = Place::After;
        Ok(())
    }

    /// Returns an error if the stream has ended too early.
    fn end(&mut self) -> io::Result<()> {
        match self.input.failure() {
            Some(error) => Err(passed_on(error, None)),
            // Earlier damage, which may be the reason, is reported instead.
            None if self.place == Place::After || self.damage.is_some() => Ok(()),
            None => Err(self.or_one_part(Format::Zip.truncated(None).into())),
        }
    }

    /// Records damage, and skips to the next signature or to the end.
    fn search(&mut self) {
        const KNOWN: [&[u8; 4]; 4] = [b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06"];
        self.note("there is other data where a file should begin");
        // The signature at this byte has already been checked, so the search starts at the next one.
        self.input.consume(1);
        pass_to(&mut self.input, &KNOWN);
    }
}
