//! Reads numbers and lists in the directory of a 7z archive.
//!
//! They are decoded where they are, each time in order, and not collected. Thus no claim in a directory costs more memory than
//! the bytes of the directory.
//!
//! A number (REAL_UINT64 and NUMBER in 7zFormat.txt) takes 1 to 9 bytes. The ones at the top of its first byte say how many more
//! bytes follow:
//!
//! | first byte | bytes that follow | value |
//! |---|---|---|
//! | `0xxxxxxx` | 0 | x |
//! | `10xxxxxx` | 1 | x and then the following byte |
//! | `110xxxxx` | 2 | x and then the following bytes, which are little-endian |
//! | … | | |
//! | `11111110` | 7 | the following bytes |
//! | `11111111` | 8 | the following bytes |

/// The rest of the directory, or of a list in it. Reading consumes bytes, and returns `None` if there are too few.
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

    /// Reads a number of four bytes.
    pub(super) fn u32(&mut self) -> Option<u32> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_le_bytes(*bytes))
    }

    /// Reads a number of eight bytes.
    pub(super) fn u64(&mut self) -> Option<u64> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u64::from_le_bytes(*bytes))
    }

    /// Reads a number of variable length; see the module's documentation.
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

    /// Consumes the next byte if it is `byte`, and returns whether it was.
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

    /// Reads a list of `count` bits that may be missing because all are set (AllAreDefined).
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
    /// Whether the bit at `index` is set. There are no bits beyond the end.
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

    /// Returns how many of the first `len` bits are set.
    pub(super) fn count(self, len: u64) -> u64 {
        match self {
            Bits::None => 0,
            Bits::All => len,
            Bits::Each(_) => (0..len).filter(|index| self.has(*index)).count() as u64,
        }
    }
}

/// A list of values, some of which may be missing: a list of bits says which are defined.
#[derive(Clone, Copy, Default)]
pub(super) struct Defined<'h> {
    bits: Bits<'h>,
    values: Cursor<'h>,
    index: u64,
}

impl<'h> Defined<'h> {
    /// Consumes the values of a list with `count` entries, each of which takes `width` bytes.
    pub(super) fn read(cursor: &mut Cursor<'h>, bits: Bits<'h>, count: u64, width: u64) -> Option<Defined<'h>> {
        let values = cursor.bytes(bits.count(count).checked_mul(width)?)?;
        Some(Defined { bits, values: Cursor(values), index: 0 })
    }

    /// Reads the next value with `take`; `None` if it is not defined.
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
