//! Counts near misses: lines that speak of a call status but hold no result that can be read. Lines that differ only in numbers,
//! names and the like have the same [`Shape`], and count together.
//!
//! Invariants: [`NearMisses`] is a commutative monoid, like everything in a summary. The `SHAPES_LIMIT` shapes whose texts come first
//! in alphabetical order have a count of their own, and the lines of all others count together. The line that is kept for a shape is
//! the one whose path comes first, and in one source the first one, so it does not depend on how the work is divided either.

use serde::{Deserialize, Serialize};

use super::bounded::{Bounded, BoundedKey, RowValue};
use super::tally::Tally;
use crate::near_miss::Shape;

/// The largest number of shapes that are counted separately. A log of a program has a few; a hostile one may have millions.
pub const SHAPES_LIMIT: usize = 1000;

/// Near misses, counted by their shapes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NearMisses(Bounded<Shape, Seen, SHAPES_LIMIT>);

/// The lines with the same shape.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    tally: Tally,
    first: Option<First>,
}

/// The near misses of a part of a source as they are stored in a file. There, a shape is its first line, from which it can be derived.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    shapes: Vec<StoredShape>,
    /// The number of lines of all other shapes.
    others: u64,
}

impl Stored {
    /// Replaces each line by its shape.
    pub fn forget_lines(&mut self) {
        for stored in &mut self.shapes {
            let shape = Shape::of(&stored.line, stored.words[0]..stored.words[1]);
            stored.words = [shape.words().start, shape.words().end];
            stored.line = shape.text().to_owned();
        }
    }

    /// Whether all counts and offsets are at most `limit`, and all key words are in their lines.
    #[must_use]
    pub fn is_sane(&self, limit: u64) -> bool {
        let is_small = |shape: &StoredShape| {
            [shape.count, shape.offset, shape.number.unwrap_or(0)].iter().all(|number| *number <= limit)
                && shape.line.get(shape.words[0]..shape.words[1]).is_some()
        };
        self.others <= limit && self.shapes.iter().all(is_small)
    }
}

/// The lines with the same shape, in [`Stored`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct StoredShape {
    count: u64,
    line: String,
    words: [usize; 2],
    offset: u64,
    number: Option<u64>,
}

/// The first line of a shape.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct First {
    /// The name of its source. Empty as long as only one source is counted.
    pub path: Box<str>,
    /// Where it starts in the source, in bytes.
    pub offset: u64,
    /// Its number in the source, from 1, if lines are counted. As long as only a part of a source is counted, its number in that part.
    pub line_number: Option<u64>,
    /// The line, or the part of a long one around its key words.
    pub line: Box<str>,
    /// Where the key words start in `line`, in bytes.
    pub words: usize,
}

impl Seen {
    /// Returns the number of lines.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.tally.count
    }

    /// Returns the first line.
    #[must_use]
    pub fn first(&self) -> Option<&First> {
        self.first.as_ref()
    }
}

impl RowValue for Seen {
    fn merge(&mut self, other: &Seen) {
        self.tally.merge(&other.tally);
        if let Some(theirs) = &other.first
            && self.first.as_ref().is_none_or(|mine| theirs < mine)
        {
            self.first = Some(theirs.clone());
        }
    }

    fn tally(&self) -> &Tally {
        &self.tally
    }
}

impl BoundedKey for Shape {}

impl NearMisses {
    /// Counts one line.
    pub fn add(&mut self, shape: &Shape, line: First) {
        let seen = Seen { tally: Tally::one(None), first: Some(line) };
        self.0.add(shape, &seen);
    }

    /// Adds the near misses of other lines. Parts of a source must first be added to each other.
    pub fn merge(&mut self, other: NearMisses) {
        self.0.merge(other.0);
    }

    /// Adds those of the next part of a source, before which the source has `newlines` line feeds.
    pub fn merge_part(&mut self, mut part: NearMisses, newlines: u64) {
        part.0.for_each_value(|seen| {
            if let Some(number) = seen.first.as_mut().and_then(|first| first.line_number.as_mut()) {
                *number += newlines;
            }
        });
        self.merge(part);
    }

    /// Sets the name of the source in which all these lines are.
    #[must_use]
    pub fn in_source(mut self, path: &str) -> NearMisses {
        self.0.for_each_value(|seen| {
            if let Some(first) = &mut seen.first {
                first.path = path.into();
            }
        });
        self
    }

    /// Iterates over the shapes that have a count of their own, in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = (&Shape, &Seen)> {
        self.0.iter()
    }

    /// Returns the number of lines whose shape has no count of its own.
    #[must_use]
    pub fn others(&self) -> u64 {
        self.0.overflow().count
    }

    /// Returns the number of all lines.
    #[must_use]
    pub fn lines(&self) -> u64 {
        self.iter().map(|(_, seen)| seen.count()).sum::<u64>() + self.others()
    }

    /// Returns the number of shapes that have a count of their own.
    #[must_use]
    pub fn shapes(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no near misses.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.len() == 0
    }

    /// Removes the numbers of the lines.
    pub fn forget_numbers(&mut self) {
        self.0.for_each_value(|seen| {
            if let Some(first) = &mut seen.first {
                first.line_number = None;
            }
        });
    }

    /// Returns the near misses as they are stored in a file.
    #[must_use]
    pub fn to_stored(&self) -> Stored {
        let stored = |(shape, seen): (&Shape, &Seen)| {
            let First { offset, line_number, line, words, .. } = seen.first.clone()?;
            let words = [words, words + shape.words().len()];
            Some(StoredShape { count: seen.count(), line: line.into(), words, offset, number: line_number })
        };
        Stored { shapes: self.iter().filter_map(stored).collect(), others: self.others() }
    }

    /// Returns the near misses that were stored in a file, or `None` if they are not valid.
    #[must_use]
    pub fn from_stored(stored: Stored) -> Option<NearMisses> {
        let mut near_misses = NearMisses::default();
        let tally = |count| Tally { count, ..Tally::default() };
        for StoredShape { count, line, words: [start, end], offset, number } in stored.shapes {
            line.get(start..end)?;
            let shape = Shape::of(&line, start..end);
            let first = First { path: "".into(), offset, line_number: number, line: line.into(), words: start };
            near_misses.0.add(&shape, &Seen { tally: tally(count), first: Some(first) });
        }
        near_misses.0.add_overflow(&tally(stored.others));
        Some(near_misses)
    }

    /// Returns the approximate memory use in bytes.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        /// The approximate size of a shape with its first line.
        const SHAPE_BYTES: usize = 1500;
        SHAPE_BYTES * self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// A near miss: its source, the number of its line, and its text, which begins with the key word `s`.
    type Line = (String, u64, String);

    fn first((path, number, text): &Line) -> First {
        First {
            path: path.as_str().into(),
            offset: number * 100,
            line_number: Some(*number),
            line: text.as_str().into(),
            words: 0,
        }
    }

    fn counted(lines: &[Line]) -> NearMisses {
        let mut near_misses = NearMisses::default();
        lines.iter().for_each(|line| near_misses.add(&Shape::of(&line.2, 0..1), first(line)));
        near_misses
    }

    fn merged(left: &NearMisses, right: &NearMisses) -> NearMisses {
        let mut sum = left.clone();
        sum.merge(right.clone());
        sum
    }

    fn lines() -> impl Strategy<Value = Vec<Line>> {
        prop::collection::vec(("[ab]", 1_u64..5, "s[a-c ]{0,2}[0-9]?"), 0..20)
    }

    proptest! {
        #[test]
        fn any_split_and_grouping_gives_the_naive_counts(a in lines(), b in lines(), c in lines()) {
            let all = [a.clone(), b.clone(), c.clone()].concat();
            let mut naive: BTreeMap<Shape, (u64, First)> = BTreeMap::new();
            for line in &all {
                let (count, least) = naive.entry(Shape::of(&line.2, 0..1)).or_insert_with(|| (0, first(line)));
                *count += 1;
                *least = least.clone().min(first(line));
            }
            let whole = counted(&all);
            let found: Vec<_> = whole.iter().map(|(shape, seen)| (shape.clone(), (seen.count(), seen.first().cloned().unwrap()))).collect();
            prop_assert_eq!(found, naive.into_iter().collect::<Vec<_>>());
            prop_assert_eq!((whole.lines(), whole.others()), (all.len() as u64, 0));
            let (a, b, c) = (counted(&a), counted(&b), counted(&c));
            prop_assert_eq!(&merged(&merged(&a, &b), &c), &whole);
            prop_assert_eq!(&merged(&a, &merged(&b, &c)), &whole);
            prop_assert_eq!(&merged(&merged(&c, &a), &b), &whole);
            prop_assert_eq!(&merged(&whole, &NearMisses::default()), &whole);
        }
    }

    #[test]
    fn lines_beyond_the_limit_of_shapes_count_together() {
        let letters = |number: u32| {
            number.to_string().chars().map(|digit| char::from(b'a' + digit as u8 - b'0')).collect::<String>()
        };
        let lines: Vec<Line> = (0..5_000).map(|number| ("x".to_owned(), 1, format!("s {}", letters(number)))).collect();
        let all = counted(&lines);
        assert_eq!((all.shapes(), all.others(), all.lines()), (SHAPES_LIMIT, 4_000, 5_000));
        let (one, other) = lines.split_at(1_700);
        assert_eq!(merged(&counted(other), &counted(one)), all);
        assert_eq!(all.iter().next().map(|(shape, _)| shape.text()), Some("s a"));
    }

    #[test]
    fn parts_of_a_source_are_numbered_on() {
        let mut source = NearMisses::default();
        source.merge_part(counted(&[(String::new(), 3, "s 1".to_owned())]), 0);
        source.merge_part(counted(&[(String::new(), 4, "s one".to_owned())]), 10);
        let all = source.in_source("a.log");
        let places: Vec<_> =
            all.iter().filter_map(|(_, seen)| seen.first()).map(|first| (&*first.path, first.line_number)).collect();
        assert_eq!(places, [("a.log", Some(3)), ("a.log", Some(14))]);
    }
}
