//! Reads a zip archive from front to back, through the local headers in front of the data.
//!
//! If a local header does not state how long the data are, they end at a descriptor that states exactly their length. When the
//! directory is met, it must list the members that were met before. Another archive may follow, as in files that were
//! concatenated.
//!
//! Only the directory states whether a member is a link, and in a stream that comes too late. Links are therefore read as files
//! that hold the path of their target, however an archive is read.

use std::io;

use super::record::{read_header, read_listed};
use super::{Extent, Format, Left, Loss, Options, Visit, damaged, one_part, pass_to, visit_member};
use crate::problem::Kind;
use crate::unpack::archive::kind_of;
use crate::unpack::fault::passed_on;
use crate::unpack::input::Input;

/// Visits the members of a zip archive from front to back. See [`archive::walk`](super::super::walk) for the contract.
pub(super) fn walk(input: Input, options: &Options, visit: &mut Visit<'_>) -> io::Result<()> {
    let mut walk = Walk { input, ..Walk::default() };
    while walk.next(options, visit)? {}
    walk.damage.map_or(Ok(()), |loss| Err(loss.into()))
}

/// The state of a walk through the stream.
#[derive(Default)]
struct Walk {
    input: Input,
    /// The position in the stream at which the current archive begins.
    start: u64,
    /// The offsets of the local headers that were met.
    met: Vec<u64>,
    /// The offsets of the local headers according to the directory.
    listed: Vec<u64>,
    place: Place,
    /// Whether this is the first part of a split archive, or all of its parts joined.
    is_part: bool,
    /// How many members were met in all archives.
    members: u64,
    /// The first damage that the walk got over.
    damage: Option<Loss>,
}

/// The part of the archive that was met last.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Members,
    Directory,
    /// The end record of an archive.
    After,
}

impl Walk {
    /// Reads the next part of the archive. Returns `false` at the end of the stream, or if the visitor has broken off.
    fn next(&mut self, options: &Options, visit: &mut Visit<'_>) -> io::Result<bool> {
        let position = self.input.position();
        let signature = self.input.peek(4).to_vec();
        match signature.as_slice() {
            [] => return self.end().map(|()| false),
            // The mark of a split archive, or of one that was meant to be split but has a single part.
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
                if self.listed.len() > self.met.len() {
                    self.note("its table of contents does not match the files in it");
                }
                self.listed.truncate(self.met.len());
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

    /// Returns the error for an archive that breaks off here.
    fn cut(&mut self) -> io::Error {
        let error = Format::Zip.cut(&mut self.input, None);
        self.or_one_part(error)
    }

    /// Replaces the error of an archive that breaks off, if it is one part of a split archive: breaking off is then no fault.
    fn or_one_part(&self, error: io::Error) -> io::Error {
        if self.is_part && kind_of(&error) == Kind::Truncated { one_part().into() } else { error }
    }

    /// Skips `len` bytes, or returns the error for an archive that breaks off.
    fn skip(&mut self, len: u64) -> io::Result<()> {
        if self.input.skip(len) < len { Err(self.cut()) } else { Ok(()) }
    }

    /// Notes damage, to be returned at the end of the walk. Only the first one counts.
    fn note(&mut self, why: &str) {
        self.damage.get_or_insert_with(|| damaged(why));
    }

    /// Visits the member whose local header is next. Returns whether the walk goes on.
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
            Left::After { outer, flow } => {
                self.input = outer;
                if flow.is_break() {
                    self.damage = None;
                }
                Ok(flow.is_continue())
            }
        }
    }

    /// Consumes the end record, and compares the directory with the members that were met.
    fn end_of_directory(&mut self) -> io::Result<()> {
        let record: [u8; 22] = self.input.array().ok_or_else(|| self.cut())?;
        let comment = u64::from(u16::from_le_bytes([record[20], record[21]]));
        self.skip(comment)?;
        self.met.sort_unstable();
        self.listed.sort_unstable();
        // In a split archive, each offset counts from the beginning of its part.
        let is_same = if self.is_part { self.met.len() == self.listed.len() } else { self.met == self.listed };
        if !is_same {
            self.note("its table of contents does not match the files in it");
        }
        self.met.clear();
        self.listed.clear();
        self.place = Place::After;
        Ok(())
    }

    /// Returns the error for the end of the stream, if it came too early.
    fn end(&mut self) -> io::Result<()> {
        match self.input.failure() {
            Some(error) => Err(passed_on(error, None)),
            // Damage that was noted before is reported instead; it may be the reason.
            None if self.place == Place::After || self.damage.is_some() => Ok(()),
            None => Err(self.or_one_part(Format::Zip.truncated(None).into())),
        }
    }

    /// Notes damage and skips to the next signature, or to the end.
    fn search(&mut self) {
        const KNOWN: [&[u8; 4]; 4] = [b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06"];
        self.note("there is other data where a file should begin");
        // No signature begins at this byte.
        self.input.consume(1);
        pass_to(&mut self.input, &KNOWN);
    }
}
