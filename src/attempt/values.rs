//! Texts of logs as small numbers: each different user, machine or address is stored once.
//!
//! Texts are compared without regard to letter case. Of several spellings, the one that sorts first is shown, because that does not
//! depend on which was read first.

use foldhash::fast::RandomState;
use foldhash::{HashMap, HashMapExt as _};
use std::hash::BuildHasher as _;

/// The number of a text. [`Number::default`] is that of no text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number(u32);

impl Number {
    /// The number of all texts beyond the limit.
    pub const OTHERS: Number = Number(1);

    /// Whether it is the number of a text.
    #[must_use]
    pub fn is_known(self) -> bool {
        self != Number::default()
    }

    /// Returns this number or, if it is that of no text, the other.
    #[must_use]
    pub fn or(self, other: Number) -> Number {
        if self.is_known() { self } else { other }
    }

    /// Returns the number with that index.
    #[must_use]
    pub fn from_index(index: u64) -> Number {
        Number(u32::try_from(index).unwrap_or_default())
    }

    /// Returns the number as an index.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// How many spellings are remembered as the log writes them.
const REMEMBERED: usize = 1 << 12;

/// The different texts of one kind, up to a limit.
#[derive(Debug)]
pub struct Values {
    /// Spellings that were seen last, each in a slot by its hash. Most texts occur again and again, and folding their letters takes
    /// longer than looking them up.
    remembered: Vec<Option<(Box<str>, Number)>>,
    slots: RandomState,
    number_by_text: HashMap<Box<str>, Number>,
    /// The text to show for each number, from 2; `None` if it is the text in the map.
    shown: Vec<Box<str>>,
    limit: usize,
    beyond: bool,
}

impl Values {
    /// Returns an empty list for at most `limit` different texts. All others have the number [`Number::OTHERS`].
    #[must_use]
    pub fn new(limit: usize) -> Values {
        let (remembered, slots) = (Vec::new(), RandomState::default());
        Values { remembered, slots, number_by_text: HashMap::new(), shown: Vec::new(), limit, beyond: false }
    }

    /// Returns the number of `text`.
    pub fn number(&mut self, text: &str) -> Number {
        let slot = usize::try_from(self.slots.hash_one(text) % REMEMBERED as u64).unwrap_or_default();
        if let Some(Some((remembered, number))) = self.remembered.get(slot)
            && **remembered == *text
        {
            return *number;
        }
        let number = self.number_of_new(text);
        if self.remembered.is_empty() {
            self.remembered.resize(REMEMBERED, None);
        }
        self.remembered[slot] = Some((text.into(), number));
        number
    }

    /// Returns the number of a text whose spelling may be new.
    fn number_of_new(&mut self, text: &str) -> Number {
        let folded = text.to_lowercase();
        if let Some(&number) = self.number_by_text.get(folded.as_str()) {
            let shown = &mut self.shown[number.index() - 2];
            if *text < **shown {
                *shown = text.into();
            }
            return number;
        }
        if self.shown.len() >= self.limit {
            self.beyond = true;
            return Number::OTHERS;
        }
        let number = Number(u32::try_from(self.shown.len() + 2).unwrap_or(u32::MAX));
        self.number_by_text.insert(folded.into(), number);
        self.shown.push(text.into());
        number
    }

    /// Returns the text of a number; `None` if it is that of no text or of those beyond the limit.
    #[must_use]
    pub fn text(&self, number: Number) -> Option<&str> {
        self.shown.get(number.index().checked_sub(2)?).map(AsRef::as_ref)
    }

    /// Whether there were more different texts than the limit.
    #[must_use]
    pub fn is_beyond_limit(&self) -> bool {
        self.beyond
    }

    /// Returns an upper bound for the index of a number.
    #[must_use]
    pub fn indexes(&self) -> usize {
        self.shown.len() + 2
    }
}

#[cfg(test)]
mod tests {
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
    fn texts_beyond_the_limit_share_one_number() {
        let mut values = Values::new(2);
        let numbers = ["a", "b", "c", "d", "A"].map(|text| values.number(text));
        assert_eq!(numbers[2..4], [Number::OTHERS; 2]);
        assert_eq!(numbers[4], numbers[0]);
        assert!(values.is_beyond_limit());
        assert_eq!((values.text(Number::OTHERS), values.text(Number::default())), (None, None));
    }
}
