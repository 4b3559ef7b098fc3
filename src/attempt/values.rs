//! Stores the texts of logs, such as users, machines and addresses. Each different text is stored once and has a small number.
//!
//! Texts that differ only in letter case share a number. The spelling that sorts first is shown, because that does not depend on
//! which one was read first.

use std::hash::BuildHasher as _;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

/// The number of a text in [`Values`]. [`Number::default`] means that there is no text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number(u32);

impl Number {
    /// The number that all texts share which are beyond the limit of a [`Values`].
    pub const OTHERS: Number = Number(1);

    /// Whether there is a text. Also true for [`Number::OTHERS`], whose texts are not stored.
    #[must_use]
    pub fn is_known(self) -> bool {
        self != Number::default()
    }

    /// Returns this number, or `other` if this one means that there is no text.
    #[must_use]
    pub fn or(self, other: Number) -> Number {
        if self.is_known() { self } else { other }
    }

    /// Converts an index to the number that has this index.
    #[must_use]
    pub fn from_index(index: u64) -> Number {
        Number(u32::try_from(index).unwrap_or_default())
    }

    /// Returns the number as an integer.
    #[must_use]
    pub fn as_u32(self) -> u32 {
        self.0
    }

    /// Returns the number as an index, for lists with an entry for each number.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// How many of the last numbers are remembered. The same few users and addresses repeat.
const RECENT: usize = 1 << RECENT_BITS;
const RECENT_BITS: u32 = 10;

/// The number of the first text. Smaller numbers mean that there is no text, or that it is beyond the limit.
const FIRST: usize = 2;

/// Stores the different texts of one kind, such as user names, and numbers them. There may be a limit on how many are stored.
#[derive(Debug)]
pub struct Values {
    /// Random seeds for the hash of texts, so that a log cannot be crafted to cause collisions.
    seeds: [u64; 2],
    /// The numbers of all texts, found by the hash of the text.
    numbers: HashTable<Number>,
    /// The text to show for each number.
    shown: Shown,
    /// Numbers of texts that were looked up last, by [`slot`]. Whether one is that of a text is always checked.
    recent: Vec<Number>,
    /// The largest number of different texts that are stored.
    limit: usize,
    /// Whether there were more different texts than `limit`.
    beyond: bool,
}

/// The text to show for each number, from [`FIRST`] on. All are in one string, because a million allocations would take much
/// memory.
#[derive(Debug, Default)]
struct Shown {
    /// All texts, one after another, with gaps where a text was replaced by one of a different length.
    texts: String,
    /// Where each text starts in `texts`, and its length, in bytes.
    places: Vec<(u32, u32)>,
    /// The total size of the gaps in bytes.
    gaps: usize,
}

impl Shown {
    /// Returns the text with the given index. Index 0 is the text with the number [`FIRST`].
    fn get(&self, index: usize) -> Option<&str> {
        let (start, len) = *self.places.get(index)?;
        Some(&self.texts[start as usize..][..len as usize])
    }

    /// Appends a text. Returns where it starts and its length, or `None` if all texts together would be longer than 4 GiB.
    fn append(&mut self, text: &str) -> Option<(u32, u32)> {
        let start = u32::try_from(self.texts.len()).ok()?;
        let len = u32::try_from(text.len()).ok().filter(|len| start.checked_add(*len).is_some())?;
        self.texts.push_str(text);
        Some((start, len))
    }

    /// Replaces a text with another spelling of it, or keeps the old one if there is no room for the new one.
    fn replace(&mut self, index: usize, text: &str) {
        let (start, len) = self.places[index];
        if text.len() == len as usize {
            self.texts.replace_range(start as usize..(start + len) as usize, text);
        } else if let Some(place) = self.append(text) {
            self.places[index] = place;
            self.gaps += len as usize;
        }
        if self.gaps > self.texts.len() / 2 {
            let old = std::mem::take(self);
            self.places = (0..old.places.len()).filter_map(|index| self.append(old.get(index)?)).collect();
        }
    }
}

impl Values {
    /// Creates an empty store for at most `limit` different texts. All further texts get the number [`Number::OTHERS`].
    #[must_use]
    pub fn new(limit: usize) -> Values {
        let random = RandomState::default();
        let seeds = [random.hash_one(0), random.hash_one(1) | 1];
        let (numbers, shown, recent) = (HashTable::new(), Shown::default(), Vec::new());
        Values { seeds, numbers, shown, recent, limit, beyond: false }
    }

    /// Returns the number of `text`, and stores the text if it is new.
    #[inline]
    pub fn number(&mut self, text: &str) -> Number {
        let slot = slot(text.as_bytes(), RECENT_BITS);
        let index = |number: &Number| number.index().checked_sub(FIRST);
        if let Some(recent) = self.recent.get(slot)
            && index(recent).is_some_and(|index| self.shown.get(index) == Some(text))
        {
            return *recent;
        }
        let number = self.find(text);
        self.recent.resize(RECENT, Number::default());
        self.recent[slot] = number;
        number
    }

    /// Finds the number of `text` by its hash.
    fn find(&mut self, text: &str) -> Number {
        let Values { seeds, numbers, shown, .. } = self;
        let index = |number: &Number| number.index() - FIRST;
        let hash = hash(*seeds, text);
        // Nearly every text is spelled like the first one.
        if let Some(&number) = numbers.find(hash, |number| shown.get(index(number)) == Some(text)) {
            return number;
        }
        let shown_as = |shown: &'_ Shown, number: &Number| is_same(shown.get(index(number)).unwrap_or_default(), text);
        if let Some(&number) = numbers.find(hash, |number| shown_as(shown, number)) {
            if shown.get(index(&number)).is_some_and(|known| text < known) {
                shown.replace(index(&number), text);
            }
            return number;
        }
        let place = if shown.places.len() < self.limit { shown.append(text) } else { None };
        let Some(place) = place else {
            self.beyond = true;
            return Number::OTHERS;
        };
        let number = Number(u32::try_from(shown.places.len() + FIRST).unwrap_or(u32::MAX));
        shown.places.push(place);
        numbers.insert_unique(hash, number, |number| self::hash(*seeds, shown.get(index(number)).unwrap_or_default()));
        number
    }

    /// Returns the text with the given number, or `None` if there is no text or it is beyond the limit.
    #[must_use]
    pub fn text(&self, number: Number) -> Option<&str> {
        self.shown.get(number.index().checked_sub(FIRST)?)
    }

    /// Whether there were more different texts than the limit.
    #[must_use]
    pub fn is_beyond_limit(&self) -> bool {
        self.beyond
    }

    /// Returns a number that is greater than the index of every [`Number`] in use.
    #[must_use]
    pub fn indexes(&self) -> usize {
        self.shown.places.len() + FIRST
    }
}

/// Returns a number of `bits` bits that depends on the ends of a text.
#[inline]
pub(crate) fn slot(text: &[u8], bits: u32) -> usize {
    let ends = match (text.first_chunk(), text.last_chunk()) {
        (Some(first), Some(last)) => u64::from_le_bytes(*first) ^ u64::from_le_bytes(*last).rotate_left(29),
        _ => text.iter().fold(0, |all, byte| all << 8 | u64::from(*byte)),
    };
    // The upper bits of a product depend on all bits of its factors. The factor is that of the golden ratio.
    let product = (ends ^ text.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    usize::try_from(product >> (u64::BITS - bits)).unwrap_or_default()
}

/// Whether two texts are the same apart from letter case.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    one == other
        || one.eq_ignore_ascii_case(other)
        || !(one.is_ascii() && other.is_ascii()) && one.to_lowercase() == other.to_lowercase()
}

/// Returns a hash that is the same for texts that differ only in letter case. Most texts are ASCII, so their letters are
/// converted to lower case eight at a time, without a copy.
fn hash(seeds: [u64; 2], text: &str) -> u64 {
    if text.is_ascii() { hash_of(seeds, text.as_bytes()) } else { hash_of(seeds, text.to_lowercase().as_bytes()) }
}

/// Returns a hash of a text as if its ASCII letters were in lower case. It mixes words as foldhash does. The interface of
/// foldhash itself would need a copy of the text.
#[inline]
fn hash_of([start, factor]: [u64; 2], text: &[u8]) -> u64 {
    let mix = |sum: u64, word: u64| {
        let product = (u128::from(sum ^ folded(word)) * u128::from(factor)).to_le_bytes();
        let [low, high] = [&product[..8], &product[8..]].map(|half| half.try_into().map_or(0, u64::from_le_bytes));
        low ^ high
    };
    let (words, rest) = text.as_chunks();
    let sum = words.iter().fold(start ^ text.len() as u64, |sum, word| mix(sum, u64::from_le_bytes(*word)));
    let last = match text.last_chunk() {
        // The last eight bytes overlap those before, which is faster than a loop over the rest.
        Some(last) => u64::from_le_bytes(*last),
        None => rest.iter().fold(0, |all, byte| all << 8 | u64::from(*byte)),
    };
    mix(mix(sum, last), 0)
}

/// Converts the ASCII letters among eight bytes to lower case.
fn folded(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH_BITS: u64 = 0x80 * ONES;
    let low = word & !HIGH_BITS;
    // The high bit of each byte is set if the byte is at least `A`, and if it is beyond `Z`.
    let (from_a, beyond_z) = (low + (0x80 - 0x41) * ONES, low + (0x80 - 0x5B) * ONES);
    let is_upper = (from_a & !beyond_z) & !word & HIGH_BITS;
    word | is_upper >> 2
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spellings_share_a_number_and_the_first_in_order_is_shown() {
        for spellings in [["ann", "Ann", "ANN"], ["ANN", "ann", "Ann"]] {
            let mut values = Values::new(9);
            let numbers = spellings.map(|text| values.number(text));
            assert!(numbers.iter().all(|number| *number == numbers[0]));
            assert_eq!(values.text(numbers[0]), Some("ANN"));
        }
    }

    #[test]
    fn spellings_of_different_lengths_replace_each_other() {
        // The Kelvin sign takes three bytes and sorts after the ASCII letters.
        let spellings: Vec<String> =
            (0..=40).map(|kelvins| "\u{212A}".repeat(kelvins) + &"k".repeat(40 - kelvins)).collect();
        let mut values = Values::new(9);
        let ann = values.number("ann");
        let number = values.number(&spellings[40]);
        for spelling in spellings.iter().rev() {
            assert_eq!(values.number(spelling), number);
        }
        let bob = values.number("bob");
        let texts = [ann, number, bob].map(|number| values.text(number).unwrap());
        assert_eq!(texts, ["ann", spellings.iter().min().unwrap(), "bob"]);
        assert!(values.shown.texts.len() < 250, "gaps are closed");
    }

    #[test]
    fn letters_beyond_ascii_are_folded_as_well() {
        let mut values = Values::new(9);
        let numbers =
            ["K", "k", "\u{212A}", "Ä-long-name", "ä-LONG-name", "a-long-name"].map(|text| values.number(text));
        assert!(numbers[..3].iter().all(|number| *number == numbers[0]));
        assert_eq!(numbers[3], numbers[4]);
        assert_ne!(numbers[4], numbers[5]);
    }

    proptest! {
        #[test]
        fn texts_share_a_number_if_their_lower_case_is_equal(texts in prop::collection::vec("[a-bA-B@\\[`{\u{C4}\u{E4}]{0,19}", 0..20)) {
            let mut values = Values::new(100);
            let numbers: Vec<Number> = texts.iter().map(|text| values.number(text)).collect();
            for (one, number) in texts.iter().zip(&numbers) {
                for (other, its) in texts.iter().zip(&numbers) {
                    prop_assert_eq!(number == its, one.to_lowercase() == other.to_lowercase(), "{} {}", one, other);
                }
            }
        }

        #[test]
        fn folding_eight_bytes_folds_each(bytes in any::<[u8; 8]>()) {
            prop_assert_eq!(folded(u64::from_le_bytes(bytes)).to_le_bytes(), bytes.map(|byte| byte.to_ascii_lowercase()));
        }
    }

    #[test]
    fn texts_beyond_the_limit_share_one_number() {
        let mut values = Values::new(2);
        let numbers = ["a", "b", "c", "d", "A"].map(|text| values.number(text));
        assert_eq!(numbers[2..4], [Number::OTHERS; 2]);
        assert_eq!(numbers[4], numbers[0]);
        assert!(values.is_beyond_limit());
        assert_eq!((values.text(Number::OTHERS), values.text(Number::default())), (None, None));
    }
}
