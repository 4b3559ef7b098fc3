//! Stores the texts of notes, each of them once, because the same users and addresses repeat.
//!
//! Unlike [`Values`](crate::attempt::values::Values), this keeps each spelling apart, and is cheap to begin anew for each part.

use std::borrow::Cow;
use std::hash::BuildHasher as _;
use std::ops::Range;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use crate::attempt::values::slot;
use crate::source::names::Texts;

/// Collects texts, and numbers them from 0 on, in the order in which they come.
#[derive(Debug, Default)]
pub(super) struct Collected {
    texts: Texts,
    /// Random seeds for the hash of texts, so that a log cannot be crafted to cause collisions.
    random: RandomState,
    /// The indexes of all texts, found by the hash of the text.
    indexes: HashTable<u32>,
    /// The texts that were looked up last, by [`slot`].
    recent: Vec<Recent>,
}

/// A text that was looked up not long ago: its range of bytes in all texts, and its index.
#[derive(Clone, Copy, Debug)]
struct Recent {
    start: u32,
    end: u32,
    index: u32,
}

impl Recent {
    /// No text has this range.
    const NONE: Recent = Recent { start: 1, end: 0, index: 0 };
}

/// The base-2 logarithm of the number of texts that are remembered as the last ones.
const RECENT_BITS: u32 = 10;

impl Collected {
    /// Returns the index of a text, which `read` decodes if it is new and not in UTF-8.
    #[inline]
    pub(super) fn index<'t>(&mut self, bytes: &'t [u8], read: impl FnOnce() -> Cow<'t, str>) -> u32 {
        let slot = slot(bytes, RECENT_BITS);
        if let Some(Recent { start, end, index }) = self.recent.get(slot)
            && self.texts.bytes().get(*start as usize..*end as usize) == Some(bytes)
        {
            return *index;
        }
        let text = std::str::from_utf8(bytes).map_or_else(|_| read(), Cow::Borrowed);
        let index = self.find(&text);
        self.recent.resize(1 << RECENT_BITS, Recent::NONE);
        if let Some(Range { start, end }) = self.texts.range(index as usize)
            && let (Ok(start), Ok(end)) = (u32::try_from(start), u32::try_from(end))
        {
            self.recent[slot] = Recent { start, end, index };
        }
        index
    }

    /// Finds a text by its hash, and adds it if it is new.
    fn find(&mut self, text: &str) -> u32 {
        let Collected { texts, random, indexes, .. } = self;
        let hash = random.hash_one(text);
        if let Some(index) = indexes.find(hash, |index| texts.get(*index as usize) == Some(text)) {
            return *index;
        }
        let index = u32::try_from(texts.len()).unwrap_or(u32::MAX);
        texts.push(text);
        indexes.insert_unique(hash, index, |index| random.hash_one(texts.get(*index as usize).unwrap_or_default()));
        index
    }

    /// Returns the length of all texts in bytes.
    pub(super) fn size_bytes(&self) -> usize {
        self.texts.size_bytes()
    }

    /// Takes all texts, and begins anew.
    pub(super) fn take(&mut self) -> Texts {
        self.indexes.clear();
        self.recent.clear();
        std::mem::take(&mut self.texts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_spelling_of_a_text_is_stored_once_in_each_part() {
        let mut collected = Collected::default();
        let mut index = |text: &'static str| collected.index(text.as_bytes(), || unreachable!());
        // All of these have the same slot.
        let long = ["CN=user01,OU=Staff,DC=example,DC=com", "CN=user02,OU=Staff,DC=example,DC=com"];
        let found = ["ann", "Ann", "", long[0], long[1], long[0], "ann", ""].map(&mut index);
        assert_eq!(found, [0, 1, 2, 3, 4, 3, 0, 2]);
        let taken = collected.take();
        assert_eq!(taken.iter().collect::<Vec<_>>(), ["ann", "Ann", "", long[0], long[1]]);
        let mut index = |text: &'static str| collected.index(text.as_bytes(), || unreachable!());
        assert_eq!([long[0], "bob", long[0]].map(&mut index), [0, 1, 0]);
        assert_eq!(collected.take().len(), 2);
    }

    #[test]
    fn what_is_no_utf8_is_decoded() {
        let mut collected = Collected::default();
        let mut index = |bytes: &'static [u8]| collected.index(bytes, || Cow::Borrowed("\u{e4}"));
        assert_eq!([index(b"\xe4"), index("\u{e4}".as_bytes()), index(b"\xe4")], [0, 0, 0]);
    }
}
