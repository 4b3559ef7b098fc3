//! Decodes the header of a tar member, and the attributes before it, which override it.
//!
//! Offsets and sizes are in bytes. Numbers are octal digits, ended by a space or NUL. If the highest bit of a field is set, the
//! rest of the field is a big-endian number in two's complement instead, which is how GNU tar writes large numbers.
//!
//! | offset | size | meaning |
//! |---|---|---|
//! | 0 | 100 | name, ended by a NUL unless it fills the field |
//! | 100 | 8 | permissions; only used to recognise the format |
//! | 108 | 16 | user and group, ignored |
//! | 124 | 12 | size of the data in bytes |
//! | 136 | 12 | time of the last modification, seconds since 1970 |
//! | 148 | 8 | checksum: the sum of all bytes of the header, with spaces in this field |
//! | 156 | 1 | type; see [`tar`](super) |
//! | 157 | 100 | target of a link |
//! | 257 | 8 | magic: `ustar`, NUL, `00` in POSIX; `ustar`, two spaces, NUL in GNU; anything in formats older than POSIX |
//! | 265 | 80 | names of user and group, numbers of a device, ignored |
//! | 345 | 155 | in POSIX, the first part of a name that is longer than 100 bytes; a slash and the field `name` follow it |
//!
//! Pax attributes are the data of an entry of type `x` or `g`. Each attribute is `length key=value`, ended by a line feed. The
//! length is decimal and includes itself and the line feed. The attributes `path`, `linkpath`, `size`, `mtime` and those that start
//! with `GNU.sparse.` ([`sparse`](super::sparse)) are used.

use super::sparse::Records;
use super::{BLOCK_BYTES, Block};

/// Whether a file is a tar archive. `head` is its first 512 bytes, or the whole file if it is shorter.
pub(in crate::unpack) fn begins(head: &[u8]) -> bool {
    let field = |start: usize, end: usize| head.get(start..end).and_then(number).is_some();
    let has_magic = head.get(257..265).is_some_and(|magic| magic.starts_with(b"ustar\0") || magic == b"ustar  \0");
    // Text may contain the magic by chance, but hardly with octal numbers in the right places.
    if has_magic && field(100, 108) && field(124, 136) && field(148, 156) {
        return true;
    }
    let Some(block) = head.first_chunk::<BLOCK_BYTES>() else { return false };
    block[0] != 0 && block.contains(&0) && field(100, 108) && field(124, 136) && Header::of(block).is_some()
}

/// A header whose checksum is right.
pub(super) struct Header<'b> {
    pub(super) block: &'b Block,
    pub(super) size: u64,
    pub(super) type_flag: u8,
}

impl Header<'_> {
    /// Decodes a header. Returns `None` if its checksum is wrong or its size is not a number.
    pub(super) fn of(block: &Block) -> Option<Header<'_>> {
        let stored = number(&block[148..156])?;
        // Some old programs added up signed bytes.
        let (mut unsigned, mut signed) = (0_i64, 0_i64);
        for (at, &byte) in block.iter().enumerate() {
            let byte = if (148..156).contains(&at) { b' ' } else { byte };
            unsigned += i64::from(byte);
            signed += i64::from(byte.cast_signed());
        }
        if ![unsigned, signed].contains(&stored) {
            return None;
        }
        let size = u64::try_from(number(&block[124..136])?).ok()?;
        Some(Header { block, size, type_flag: block[156] })
    }

    /// Returns the full name, including the first part that POSIX stores separately.
    pub(super) fn name(&self) -> Vec<u8> {
        let name = text(&self.block[..100]);
        let is_posix = self.block[257..].starts_with(b"ustar\0");
        let prefix = if is_posix { text(&self.block[345..500]) } else { b"" };
        if prefix.is_empty() { name.to_vec() } else { [prefix, b"/", name].concat() }
    }
}

/// Returns the text in a field, up to the first NUL or the end of the field.
pub(super) fn text(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// Decodes a number that is octal or in GNU's binary form. An empty field is zero. Returns `None` if the number is invalid or too
/// large.
pub(super) fn number(field: &[u8]) -> Option<i64> {
    let (first, rest) = field.split_first()?;
    if first & 0x80 != 0 {
        // Two's complement, in which the highest bit marks this form and the next one is the sign.
        let sign = if first & 0x40 == 0 { 0 } else { -1 };
        let first = i64::from(first & 0x3f) | (sign << 6);
        return rest.iter().try_fold(first, |sum, byte| sum.checked_mul(256)?.checked_add(i64::from(*byte)));
    }
    let field = field.trim_ascii_start();
    let end = field.iter().position(|byte| matches!(byte, 0 | b' ')).unwrap_or(field.len());
    field[..end].iter().try_fold(0_i64, |sum, byte| match byte {
        b'0'..=b'7' => sum.checked_mul(8)?.checked_add(i64::from(byte - b'0')),
        _ => None,
    })
}

/// The attributes before a header, which override it.
#[derive(Clone, Default)]
pub(super) struct Attributes {
    pub(super) name: Option<Vec<u8>>,
    pub(super) target: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    pub(super) modified: Option<i64>,
    /// The data map of a sparse file.
    pub(super) sparse: Option<Records>,
}

impl Attributes {
    /// Adds pax attributes, in the form that the documentation of this module describes. Returns `None` if they are invalid.
    pub(super) fn take(&mut self, mut records: &[u8]) -> Option<()> {
        while !records.is_empty() {
            let (len, _) = split_at_byte(records, b' ')?;
            let (record, rest) = records.split_at_checked(decimal(len)?)?;
            let (key, value) = split_at_byte(record.get(len.len() + 1..)?.strip_suffix(b"\n")?, b'=')?;
            match key {
                b"path" => self.name = Some(text(value).to_vec()),
                b"linkpath" => self.target = Some(text(value).to_vec()),
                b"size" => self.size = Some(decimal(value)?),
                b"mtime" => {
                    let whole = value.split(|byte| *byte == b'.').next().unwrap_or_default();
                    self.modified = decimal(whole);
                }
                _ => {}
            }
            if let Some(key) = key.strip_prefix(b"GNU.sparse.") {
                self.sparse.get_or_insert_default().take(key, value);
            }
            records = rest;
        }
        Some(())
    }
}

/// Decodes a decimal number. Returns `None` if it is invalid or too large for its type.
pub(super) fn decimal<N: std::str::FromStr>(digits: &[u8]) -> Option<N> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Splits `bytes` at the first `separator`, which is in neither part. Returns `None` if there is none.
fn split_at_byte(bytes: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let at = bytes.iter().position(|byte| *byte == separator)?;
    Some((&bytes[..at], &bytes[at + 1..]))
}
