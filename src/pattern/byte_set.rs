//! A set of bytes, such as the bytes that a character class of a regex matches.
//!
//! A set takes 256 bits and is `Copy`. Union, intersection and the test for a byte take a few instructions.

use regex_syntax::hir::Class;

/// A set of bytes. Byte `b` is in the set if bit `b % 64` of word `b / 64` is set.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct ByteSet([u64; 4]);

impl ByteSet {
    /// The set without any byte.
    pub(super) const EMPTY: ByteSet = ByteSet([0; 4]);
    /// The set of all 256 bytes.
    pub(super) const ALL: ByteSet = ByteSet([u64::MAX; 4]);

    /// Returns the set of these bytes.
    pub(super) const fn of(bytes: &[u8]) -> ByteSet {
        let mut set = ByteSet::EMPTY;
        let mut index = 0;
        while index < bytes.len() {
            set.insert(bytes[index]);
            index += 1;
        }
        set
    }

    /// Returns the set that contains only `byte`.
    pub(super) fn one(byte: u8) -> ByteSet {
        let mut set = ByteSet::EMPTY;
        set.insert(byte);
        set
    }

    /// The bytes that `\w` matches without Unicode: ASCII letters, digits and the underscore.
    pub(super) const WORD: ByteSet = {
        let mut set = ByteSet::EMPTY;
        let mut byte = 0_u8;
        while byte < 0x80 {
            if byte.is_ascii_alphanumeric() || byte == b'_' {
                set.insert(byte);
            }
            byte += 1;
        }
        set
    };

    /// Returns the bytes that a class matches, or `None` if it matches non-ASCII characters, which take several bytes each.
    pub(super) fn of_class(class: &Class) -> Option<ByteSet> {
        let mut set = ByteSet::EMPTY;
        match class {
            Class::Bytes(class) => {
                for range in class.iter() {
                    (range.start()..=range.end()).for_each(|byte| set.insert(byte));
                }
            }
            Class::Unicode(class) => {
                for range in class.iter() {
                    // A character beyond ASCII takes several bytes in UTF-8.
                    let end = u8::try_from(range.end()).ok().filter(u8::is_ascii)?;
                    let start = u8::try_from(range.start()).ok()?;
                    (start..=end).for_each(|byte| set.insert(byte));
                }
            }
        }
        Some(set)
    }

    /// Adds `byte` to the set.
    pub(super) const fn insert(&mut self, byte: u8) {
        self.0[(byte >> 6) as usize] |= 1 << (byte & 63);
    }

    /// Whether the set contains `byte`.
    #[inline]
    pub(super) fn contains(&self, byte: u8) -> bool {
        self.0[usize::from(byte >> 6)] >> (byte & 63) & 1 != 0
    }

    /// Returns the bytes that are in at least one of the two sets.
    pub(super) fn union(self, other: ByteSet) -> ByteSet {
        ByteSet(std::array::from_fn(|word| self.0[word] | other.0[word]))
    }

    /// Returns the bytes that are in both sets.
    pub(super) fn intersection(self, other: ByteSet) -> ByteSet {
        ByteSet(std::array::from_fn(|word| self.0[word] & other.0[word]))
    }

    /// Returns the bytes that are not in this set.
    pub(super) fn complement(self) -> ByteSet {
        ByteSet(self.0.map(|word| !word))
    }

    /// Whether every byte of this set is also in `of`.
    pub(super) fn is_subset(self, of: ByteSet) -> bool {
        self.intersection(of) == self
    }

    /// Returns the number of bytes in the set.
    pub(super) fn len(self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Returns the bytes of the set in ascending order.
    pub(super) fn iter(self) -> impl Iterator<Item = u8> {
        (0..).zip(self.0).flat_map(|(index, mut word)| {
            std::iter::from_fn(move || {
                // The greatest value is 3 * 64 + 63 = 255, and an empty word ends the iteration.
                let byte = u8::try_from(index * 64 + word.trailing_zeros()).ok().filter(|_| word != 0)?;
                word &= word - 1;
                Some(byte)
            })
        })
    }
}

impl FromIterator<u8> for ByteSet {
    fn from_iter<I: IntoIterator<Item = u8>>(bytes: I) -> ByteSet {
        let mut set = ByteSet::EMPTY;
        bytes.into_iter().for_each(|byte| set.insert(byte));
        set
    }
}

impl std::fmt::Debug for ByteSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.iter().map(char::from)).finish()
    }
}
