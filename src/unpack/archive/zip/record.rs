//! What zip tells of a member, in the header before its data and again in the directory at the end.

use std::borrow::Cow;
use std::time::SystemTime;

use super::super::dos::{cp437, moment, u16_at, u32_at, u64_at};
use super::super::{Label, crc32, unix_time, without_dots};
use crate::name::shown_bytes;
use crate::unpack::input::Input;

/// Bits of the flags.
const ENCRYPTED: u16 = 1;
const STRONGLY_ENCRYPTED: u16 = 1 << 6;
const UTF8: u16 = 1 << 11;

/// The method that says that another one and its encryption are told in an extra field.
const AES: u16 = 99;

/// Instead of a number that is told in an extra field.
const ELSEWHERE: u32 = u32::MAX;

/// How a member is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encryption {
    None,
    /// As PKZIP 2 did.
    Classic,
    /// WinZip's, with keys of 128, 192 or 256 bits: strength 1, 2 or 3.
    Aes {
        strength: u8,
    },
    Unknown,
}

#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) label: Label,
    pub(super) is_folder: bool,
    pub(super) encryption: Encryption,
    pub(super) method: u16,
    /// `None` where the encryption has its own.
    pub(super) crc: Option<u32>,
    pub(super) packed: u64,
    pub(super) size: u64,
    /// Whether the end of LZMA data is marked.
    pub(super) has_end_mark: bool,
    /// Whether sums and sizes are told behind the data.
    pub(super) has_descriptor: bool,
    /// The byte with which the classic encryption proves the password.
    pub(super) proof: u8,
}

/// What the directory tells besides.
pub(super) struct Listed {
    pub(super) record: Record,
    /// Where the header before the data lies, in the archive.
    pub(super) offset: u64,
    /// How many bytes header and data take there, but for extra fields, which may differ from those in the directory.
    pub(super) least_len: u64,
}

/// Of a header, with its signature, before its name and extra fields.
pub(super) const HEADER_BYTES: u64 = 30;

/// Reads a header, behind its signature; `None` if it does not come to its end.
pub(super) fn read_header(input: &mut Input) -> Option<Record> {
    let fixed: [u8; 26] = input.array()?;
    let (name, extra) = read_texts(input, &fixed[2..])?;
    Fields { fixed: &fixed[2..], name: &name, extra: &extra, is_dos: false }.record().map(|(record, _)| record)
}

/// Reads a record of the directory, behind its signature.
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

fn read_texts(input: &mut Input, fixed: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    Some((input.exactly(u16_at(fixed, 20)?.into())?, input.exactly(u16_at(fixed, 22)?.into())?))
}

/// What header and directory have in common.
struct Fields<'b> {
    /// From the flags to the lengths of what follows.
    fixed: &'b [u8],
    name: &'b [u8],
    extra: &'b [u8],
    /// Whether the member comes from a system on which backslashes separate folders.
    is_dos: bool,
}

impl Fields<'_> {
    /// The record, and the large numbers that are left for others.
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

    /// The data of the extra field with this number.
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

    /// Without a sign of Unicode a name should be in code page 437, but on macOS it is in UTF-8 all the same. What makes sense
    /// in UTF-8 is hardly ever anything else.
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
        // Against the format's own rule, but old .NET did it.
        if self.is_dos && !name.contains('/') { name.replace('\\', "/") } else { name.into_owned() }
    }

    fn unix_modified(&self) -> Option<SystemTime> {
        let field = self.extra(0x5455)?;
        let has_modified = field.first()? & 1 != 0;
        u32_at(field, 1).filter(|_| has_modified).and_then(|seconds| unix_time(i64::from(seconds.cast_signed())))
    }
}

/// Sums and sizes that are told behind the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Descriptor {
    pub(super) crc: u32,
    pub(super) size: u64,
    /// How long it is itself, in bytes.
    pub(super) len: usize,
}

impl Descriptor {
    /// The longest, and the signature that follows it.
    pub(super) const HEAD_BYTES: usize = 28;

    /// The one with which `head` begins, behind `packed` bytes of data. It may have a signature, and its sizes four or eight
    /// bytes; that it tells the right size, and that the next signature follows, makes it one.
    pub(super) fn of(head: &[u8], packed: u64) -> Option<Descriptor> {
        let signature = if head.starts_with(b"PK\x07\x08") { 4 } else { 0 };
        let found = |start: usize, is_long: bool| {
            let (told, size, len) = if is_long {
                (u64_at(head, start + 4)?, u64_at(head, start + 12)?, start + 20)
            } else {
                // Longer ones are told as far as they fit.
                (u64::from(u32_at(head, start + 4)?), u64::from(u32_at(head, start + 8)?), start + 12)
            };
            let expected = if is_long { packed } else { packed & u64::from(u32::MAX) };
            let next = &head[len..head.len().min(len + 2)];
            // Only the end of a cut archive may follow instead, which a signature has to make up for.
            let is_followed = next == b"PK" || (start > 0 && next.len() < 2);
            (told == expected && is_followed).then_some(Descriptor { crc: u32_at(head, start)?, size, len })
        };
        let starts = if signature == 0 { [0, 0] } else { [4, 0] };
        starts.into_iter().find_map(|start| found(start, true).or_else(|| found(start, false)))
    }

    /// Whether `rest`, the last bytes of an input, is the beginning of one.
    pub(super) fn is_cut(rest: &[u8], packed: u64) -> bool {
        let sizes = packed.to_le_bytes();
        let begins = |expected: &[u8], at: usize| rest.iter().skip(at).zip(expected).all(|(byte, other)| byte == other);
        !rest.is_empty() && rest.len() < 16 && begins(b"PK\x07\x08", 0) && begins(&sizes[..4], 8)
    }
}
