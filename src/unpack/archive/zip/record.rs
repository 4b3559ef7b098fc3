//! Decodes the two headers of a zip member, one before its data and one in the directory, and the descriptor after its data.
//!
//! The two headers have most fields in common. Offsets are from the start of each header, and sections are those of APPNOTE 6.3.10.
//!
//! | local (4.3.7) | directory (4.3.12) | size | meaning |
//! |---|---|---|---|
//! | 0 | 0 | 4 | signature, `PK 03 04` or `PK 01 02` |
//! | | 4 | 1 | version of the program that wrote it, ignored |
//! | | 5 | 1 | system on which it was written (4.4.2): 0, 10 and 14 are DOS and Windows, and so is 11 in Info-ZIP |
//! | 4 | 6 | 2 | version needed, ignored |
//! | 6 | 8 | 2 | flags (4.4.4): 1 encrypted, 2 end marker (LZMA), 8 descriptor, 64 strong encryption, 2048 name in UTF-8 |
//! | 8 | 10 | 2 | method (4.4.5); see [`data`](super::data) |
//! | 10 | 12 | 4 | time and date; see [`dos`](super::super::dos) |
//! | 14 | 16 | 4 | CRC-32 of the unpacked data |
//! | 18 | 20 | 4 | packed size; all ones if it is in the zip64 field |
//! | 22 | 24 | 4 | unpacked size; all ones if it is in the zip64 field |
//! | 26 | 28 | 2 | length of the name |
//! | 28 | 30 | 2 | length of the extra fields |
//! | | 32 | 2 | length of the comment |
//! | | 34 | 8 | disk and attributes, ignored |
//! | | 42 | 4 | offset of the local header in the archive; all ones if it is in the zip64 field |
//! | 30 | 46 | | name, extra fields, and in the directory a comment |
//!
//! An extra field (4.5.1) has a number and a length of two bytes each, followed by its data. These extra fields are used:
//!
//! | number | section | data |
//! |---|---|---|
//! | 0x0001 | 4.5.3, zip64 | up to three numbers of 8 bytes: unpacked size, packed size and offset, each only if its field above is all ones |
//! | 0x5455 | Info-ZIP's extrafld.txt | 1 byte of flags, whose lowest bit is set if the time of modification follows: 4 bytes, seconds since 1970 |
//! | 0x7075 | 4.6.9 | 1 (1 byte), the CRC-32 of the name in the header, and the name in UTF-8 |
//! | 0x9901 | WinZip's "AES Encryption Information" | version (1 with CRC-32, 2 without), `AE`, strength (1 byte), real method (2 bytes) |
//!
//! A descriptor (4.3.9) is an optional signature `PK 07 08`, the CRC-32 (4 bytes), the packed size and the unpacked size. The sizes
//! take 8 bytes each in zip64 and otherwise 4. The archive does not state whether the signature is there and how long the sizes
//! are, so [`Descriptor::of`] tries all forms.

use std::borrow::Cow;
use std::time::SystemTime;

use super::super::dos::{cp437, moment, u16_at, u32_at, u64_at};
use super::super::{Label, crc32, unix_time, without_dots};
use crate::name::shown_bytes;
use crate::unpack::input::Input;

// Bits of the flags.
const ENCRYPTED: u16 = 1;
const STRONGLY_ENCRYPTED: u16 = 1 << 6;
const UTF8: u16 = 1 << 11;

/// The method of members with AES encryption. Their real method is in an extra field.
const AES: u16 = 99;

/// The value of a field whose real value is in the zip64 extra field.
const ELSEWHERE: u32 = u32::MAX;

/// How a member is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encryption {
    None,
    /// PKWARE's traditional encryption, as in PKZIP 2.
    Classic,
    /// WinZip's AES. Strength 1, 2 and 3 stand for keys of 128, 192 and 256 bits.
    Aes {
        strength: u8,
    },
    /// Strong encryption, or AES with an invalid extra field.
    Unknown,
}

/// The header of a member.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) label: Label,
    pub(super) is_folder: bool,
    pub(super) encryption: Encryption,
    pub(super) method: u16,
    /// The CRC-32 of the unpacked data. `None` if the member has an authentication code of AES instead.
    pub(super) crc: Option<u32>,
    /// The packed size in bytes, including the bytes that encryption adds.
    pub(super) packed: u64,
    /// The unpacked size in bytes.
    pub(super) size: u64,
    /// Whether LZMA data end with an end marker.
    pub(super) has_end_mark: bool,
    /// Whether a descriptor with the checksum and the sizes follows the data.
    pub(super) has_descriptor: bool,
    /// The expected last byte of the header of traditional encryption, which verifies a password.
    pub(super) proof: u8,
}

/// The header of a member in the directory.
pub(super) struct Listed {
    pub(super) record: Record,
    /// The offset of the local header in the archive.
    pub(super) offset: u64,
    /// The length of the local header and the data in bytes, without the extra fields of the local header, which may differ from
    /// those in the directory.
    pub(super) least_len: u64,
}

/// The length of a local header in bytes, from its signature up to the name.
pub(super) const HEADER_BYTES: u64 = 30;

/// Reads a local header, except its signature. Returns `None` if it is incomplete.
pub(super) fn read_header(input: &mut Input) -> Option<Record> {
    let fixed: [u8; 26] = input.array()?;
    let (name, extra) = read_texts(input, &fixed[2..])?;
    Fields { fixed: &fixed[2..], name: &name, extra: &extra, is_dos: false }.record().map(|(record, _)| record)
}

/// Reads a header in the directory, except its signature. Returns `None` if it is incomplete or has no offset.
pub(super) fn read_listed(input: &mut Input) -> Option<Listed> {
    let fixed: [u8; 42] = input.array()?;
    let (name, extra) = read_texts(input, &fixed[4..])?;
    let comment = u64::from(u16_at(&fixed, 28)?);
    if input.skip(comment) < comment {
        return None;
    }
    let system = fixed[1];
    let fields = Fields { fixed: &fixed[4..], name: &name, extra: &extra, is_dos: [0, 10, 11, 14].contains(&system) };
    let (record, zip64) = fields.record()?;
    let offset = match u32_at(&fixed, 38)? {
        ELSEWHERE => zip64.first().copied()?,
        offset => u64::from(offset),
    };
    let least_len = HEADER_BYTES.checked_add(name.len() as u64)?.checked_add(record.packed)?;
    Some(Listed { record, offset, least_len })
}

/// Reads the name and the extra fields of a header. `fixed` is the header from the flags on.
fn read_texts(input: &mut Input, fixed: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    Some((input.exactly(u16_at(fixed, 20)?.into())?, input.exactly(u16_at(fixed, 22)?.into())?))
}

/// The fields that both headers have in common.
struct Fields<'b> {
    /// The bytes of the header from the flags on.
    fixed: &'b [u8],
    name: &'b [u8],
    extra: &'b [u8],
    /// Whether the archive was written on a system where backslashes separate folders.
    is_dos: bool,
}

impl Fields<'_> {
    /// Decodes the fields. Also returns the remaining numbers in the zip64 extra field, the first of which is the offset.
    fn record(&self) -> Option<(Record, Vec<u64>)> {
        let at = |at: usize| u16_at(self.fixed, at);
        let (flags, mut method, time, date) = (at(0)?, at(2)?, at(4)?, at(6)?);
        let mut crc = Some(u32_at(self.fixed, 8)?);
        let (packed, size) = (u32_at(self.fixed, 12)?, u32_at(self.fixed, 16)?);
        let mut zip64 = self.extra(1).map_or_else(Vec::new, |field| {
            field.as_chunks().0.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect::<Vec<u64>>()
        });
        let mut number = |short: u32| match short {
            ELSEWHERE if !zip64.is_empty() => zip64.remove(0),
            _ => u64::from(short),
        };
        let (size, packed) = (number(size), number(packed));
        let has_descriptor = flags & 8 != 0;
        let proof = if has_descriptor { time.to_le_bytes()[1] } else { crc?.to_le_bytes()[3] };
        let mut encryption = match (flags & ENCRYPTED != 0, flags & STRONGLY_ENCRYPTED != 0) {
            (false, _) => Encryption::None,
            (true, false) => Encryption::Classic,
            (true, true) => Encryption::Unknown,
        };
        if method == AES && encryption == Encryption::Classic {
            encryption = Encryption::Unknown;
            if let Some(&[version @ 1..=2, 0, b'A', b'E', strength @ 1..=3, low, high]) = self.extra(0x9901) {
                encryption = Encryption::Aes { strength };
                method = u16::from_le_bytes([low, high]);
                crc = crc.filter(|_| version == 1);
            }
        }
        let name = self.shown_name(flags);
        let is_folder = name.ends_with('/') && size == 0;
        let modified = self.unix_modified().or_else(|| moment(date, time));
        let label = Label { name: without_dots(&name), size: Some(size), packed: Some(packed), modified };
        let has_end_mark = flags & 2 != 0;
        let record =
            Record { label, is_folder, encryption, method, crc, packed, size, has_end_mark, has_descriptor, proof };
        Some((record, zip64))
    }

    /// Returns the data of the first extra field with this number.
    fn extra(&self, number: u16) -> Option<&[u8]> {
        let mut rest = self.extra;
        loop {
            let (found, len) = (u16_at(rest, 0)?, u16_at(rest, 2)?);
            let (field, others) = rest.get(4..)?.split_at_checked(usize::from(len))?;
            if found == number {
                return Some(field);
            }
            rest = others;
        }
    }

    /// Decodes the name from the Unicode extra field or, if there is none, as UTF-8 if flagged and otherwise in code page 437.
    ///
    /// A name that is valid UTF-8 is decoded as UTF-8 even without the flag. macOS writes such names, and text in another encoding
    /// is hardly ever valid UTF-8.
    fn shown_name(&self, flags: u16) -> String {
        let unicode = || {
            let (crc, name) = self.extra(0x7075)?.strip_prefix(&[1])?.split_first_chunk::<4>()?;
            (crc32(self.name) == u32::from_le_bytes(*crc)).then_some(name)
        };
        let name: Cow<'_, str> = if let Some(name) = unicode() {
            shown_bytes(name).into()
        } else if flags & UTF8 != 0 || str::from_utf8(self.name).is_ok() {
            shown_bytes(self.name).into()
        } else {
            cp437(self.name).into()
        };
        // The format forbids backslashes, but old versions of .NET wrote them.
        if self.is_dos && !name.contains('/') { name.replace('\\', "/") } else { name.into_owned() }
    }

    /// Returns the time of the last modification from the extra field with Unix times, which are in UTC.
    fn unix_modified(&self) -> Option<SystemTime> {
        let field = self.extra(0x5455)?;
        let has_modified = field.first()? & 1 != 0;
        u32_at(field, 1).filter(|_| has_modified).and_then(|seconds| unix_time(i64::from(seconds.cast_signed())))
    }
}

/// The checksum and the sizes that follow the data of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Descriptor {
    /// The CRC-32 of the unpacked data.
    pub(super) crc: u32,
    /// The unpacked size in bytes. If sizes take 4 bytes, these are only the lower 32 bits.
    pub(super) size: u64,
    /// The length of the descriptor itself in bytes.
    pub(super) len: usize,
}

impl Descriptor {
    /// The number of bytes that [`Descriptor::of`] needs: the length of the longest descriptor and of the signature after it.
    pub(super) const HEAD_BYTES: usize = 28;

    /// Decodes a descriptor at the start of `head`, after `packed` bytes of data. Returns `None` if there is none.
    ///
    /// All four forms are tried: with and without a signature, and with sizes of 8 and 4 bytes. The packed size in a descriptor must
    /// be exactly `packed`, and the descriptor must be followed by `PK`, the start of the next signature.
    pub(super) fn of(head: &[u8], packed: u64) -> Option<Descriptor> {
        let signature = if head.starts_with(b"PK\x07\x08") { 4 } else { 0 };
        let found = |start: usize, is_long: bool| {
            let (stated, size, len) = if is_long {
                (u64_at(head, start + 4)?, u64_at(head, start + 12)?, start + 20)
            } else {
                // Only the lower 32 bits of a larger size are stored.
                (u64::from(u32_at(head, start + 4)?), u64::from(u32_at(head, start + 8)?), start + 12)
            };
            let expected = if is_long { packed } else { packed & u64::from(u32::MAX) };
            let next = &head[len..head.len().min(len + 2)];
            // In an archive that is cut short, nothing may follow. The descriptor must then have a signature.
            let is_followed = next == b"PK" || (start > 0 && next.len() < 2);
            (stated == expected && is_followed).then_some(Descriptor { crc: u32_at(head, start)?, size, len })
        };
        let starts = if signature == 0 { [0, 0] } else { [4, 0] };
        starts.into_iter().find_map(|start| found(start, true).or_else(|| found(start, false)))
    }

    /// Whether `rest`, which is the rest of an input, may be the start of a descriptor that is cut short.
    pub(super) fn is_cut(rest: &[u8], packed: u64) -> bool {
        let sizes = packed.to_le_bytes();
        let begins = |expected: &[u8], at: usize| rest.iter().skip(at).zip(expected).all(|(byte, other)| byte == other);
        !rest.is_empty() && rest.len() < 16 && begins(b"PK\x07\x08", 0) && begins(&sizes[..4], 8)
    }
}
