//! Reads numbers and lists from the directory of a 7z archive.
//!
//! Lists are not collected but decoded one value at a time, as the values are needed. So the memory does not depend on the numbers
//! that a damaged directory may contain.
//!
//! A number (NUMBER in 7zFormat.txt) takes 1 to 9 bytes. The number of leading ones in its first byte is the number of bytes that
//! follow:
//!
//! | first byte | bytes that follow | value |
//! |---|---|---|
//! | `0xxxxxxx` | 0 | x |
//! | `10xxxxxx` | 1 | the following byte, with x as the bits above it |
//! | `110xxxxx` | 2 | the following bytes, little-endian, with x as the bits above them |
//! | … | | |
//! | `11111110` | 7 | the following bytes |
//! | `11111111` | 8 | the following bytes |

/// The unread part of the directory or of a list in it. Every method that reads returns `None` if too few bytes are left.
#[derive(Clone, Copy, Default)]
pub(super) struct Cursor<'h>(pub(super) &'h [u8]);

impl<'h> Cursor<'h> {
    /// Reads one byte.
    pub(super) fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    /// Reads `len` bytes.
    pub(super) fn bytes(&mut self, len: u64) -> Option<&'h [u8]> {
        let (bytes, rest) = self.0.split_at_checked(usize::try_from(len).ok()?)?;
        self.0 = rest;
        Some(bytes)
    }

    /// Reads a little-endian number of four bytes.
    pub(super) fn u32(&mut self) -> Option<u32> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_le_bytes(*bytes))
    }

    /// Reads a little-endian number of eight bytes.
    pub(super) fn u64(&mut self) -> Option<u64> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u64::from_le_bytes(*bytes))
    }

    /// Reads a number of variable length, as the documentation of this module describes it.
    pub(super) fn number(&mut self) -> Option<u64> {
        let first = self.byte()?;
        let more = first.leading_ones();
        let mut value = 0;
        for at in 0..more {
            value |= u64::from(self.byte()?) << (8 * at);
        }
        let mask = 0x7f_u8.checked_shr(more).unwrap_or(0);
        Some(if more < 8 { value | u64::from(first & mask) << (8 * more) } else { value })
    }

    /// Skips the next byte if it is `byte`. Returns whether it was.
    pub(super) fn takes(&mut self, byte: u8) -> bool {
        let is_next = self.0.first() == Some(&byte);
        if is_next {
            self.0 = &self.0[1..];
        }
        is_next
    }

    /// Reads a list of `count` bits (BitField).
    pub(super) fn bits(&mut self, count: u64) -> Option<Bits<'h>> {
        self.bytes(count.div_ceil(8)).map(Bits::Each)
    }

    /// Reads a list of `count` bits after the byte AllAreDefined. If that byte is not 0, all bits are set and the list is missing.
    pub(super) fn bits_or_all(&mut self, count: u64) -> Option<Bits<'h>> {
        if self.byte()? == 0 { self.bits(count) } else { Some(Bits::All) }
    }
}

/// A list of bits, the highest bit of each byte first.
#[derive(Clone, Copy, Default)]
pub(super) enum Bits<'h> {
    #[default]
    None,
    All,
    Each(&'h [u8]),
}

impl Bits<'_> {
    /// Whether the bit at `index` is set. Returns `false` after the end of the list.
    pub(super) fn has(self, index: u64) -> bool {
        match self {
            Bits::None => false,
            Bits::All => true,
            Bits::Each(bytes) => {
                let byte = usize::try_from(index / 8).ok().and_then(|at| bytes.get(at));
                byte.is_some_and(|byte| byte & (0x80 >> (index % 8)) != 0)
            }
        }
    }

    /// Returns the number of set bits among the first `len`.
    pub(super) fn count(self, len: u64) -> u64 {
        match self {
            Bits::None => 0,
            Bits::All => len,
            Bits::Each(_) => (0..len).filter(|index| self.has(*index)).count() as u64,
        }
    }
}

/// A list of values some of which are missing. A list of bits marks those that are present.
#[derive(Clone, Copy, Default)]
pub(super) struct Defined<'h> {
    bits: Bits<'h>,
    values: Cursor<'h>,
    index: u64,
}

impl<'h> Defined<'h> {
    /// Reads a list of `count` entries, whose values take `width` bytes each. `bits` marks the entries that have a value.
    pub(super) fn read(cursor: &mut Cursor<'h>, bits: Bits<'h>, count: u64, width: u64) -> Option<Defined<'h>> {
        let values = cursor.bytes(bits.count(count).checked_mul(width)?)?;
        Some(Defined { bits, values: Cursor(values), index: 0 })
    }

    /// Moves to the next entry and reads its value with `take`. Returns `None` if the entry has no value.
    pub(super) fn next<V>(&mut self, take: impl FnOnce(&mut Cursor<'h>) -> Option<V>) -> Option<V> {
        let has_value = self.bits.has(self.index);
        self.index += 1;
        if has_value { take(&mut self.values) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_as_many_bytes_as_their_first_one_says() {
        let cases: [(&[u8], Option<u64>); 7] = [
            (&[0x7f], Some(0x7f)),
            (&[0x80, 0x80], Some(0x80)),
            (&[0xbf, 0xff], Some(0x3fff)),
            (&[0xc1, 2, 3], Some(0x1_0302)),
            (&[0xfe, 1, 2, 3, 4, 5, 6, 7], Some(0x07_0605_0403_0201)),
            (&[0xff, 1, 2, 3, 4, 5, 6, 7, 8], Some(0x0807_0605_0403_0201)),
            (&[0xff, 1], None),
        ];
        for (bytes, number) in cases {
            assert_eq!(Cursor(bytes).number(), number, "{bytes:?}");
        }
    }
}
