//! What tar tells of a member: in its header, and in what stands before that and overrules it.

use super::sparse::Records;
use super::{BLOCK_BYTES, Block};

/// Whether `head`, the first 512 bytes of a file or all of it, begins a tar archive.
pub(in crate::unpack) fn begins(head: &[u8]) -> bool {
    let field = |start: usize, end: usize| head.get(start..end).and_then(number).is_some();
    let has_magic = head.get(257..265).is_some_and(|magic| magic.starts_with(b"ustar\0") || magic == b"ustar  \0");
    // The letters alone might stand in a text, but hardly between numbers and before a NUL.
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
    pub(super) fn of(block: &Block) -> Option<Header<'_>> {
        let stored = number(&block[148..156])?;
        // Some old writers took bytes for signed.
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

    pub(super) fn name(&self) -> Vec<u8> {
        let name = text(&self.block[..100]);
        let is_posix = self.block[257..].starts_with(b"ustar\0");
        let prefix = if is_posix { text(&self.block[345..500]) } else { b"" };
        if prefix.is_empty() { name.to_vec() } else { [prefix, b"/", name].concat() }
    }
}

/// A text that ends at a NUL or fills its field.
pub(super) fn text(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// A number: octal between spaces and NULs, or in GNU's binary form. An empty field is zero.
pub(super) fn number(field: &[u8]) -> Option<i64> {
    let (first, rest) = field.split_first()?;
    if first & 0x80 != 0 {
        // Two's complement, of which the highest bit is the mark of this form.
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

/// What stands before a header and overrules it.
#[derive(Clone, Default)]
pub(super) struct Attributes {
    pub(super) name: Option<Vec<u8>>,
    pub(super) target: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    pub(super) modified: Option<i64>,
    /// If it is stored without its holes.
    pub(super) sparse: Option<Records>,
}

impl Attributes {
    /// Takes pax records, each of which says its length, a key and a value.
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

pub(super) fn decimal<N: std::str::FromStr>(digits: &[u8]) -> Option<N> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn split_at_byte(bytes: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let at = bytes.iter().position(|byte| *byte == separator)?;
    Some((&bytes[..at], &bytes[at + 1..]))
}
