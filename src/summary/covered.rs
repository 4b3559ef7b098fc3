//! Determines which hours a log covers, from a few of its lines.
//!
//! A log covers an hour if it has a line with a time in it. To examine every line would take longer than to search a log, so this assumes
//! that most lines are in order. A source is divided into cells of [`CELL_BYTES`]. If the first line with a time from the start of a cell
//! on and the first one from its end on are in the same hour or in hours that follow each other, no other line of the cell is examined.
//! Otherwise the cell is divided into halves, and of a cell of [`LEAF_BYTES`], every line is examined. So every hour of a log in order is
//! found, and of one that is not, always the same hours: cells are at fixed offsets, so the hours depend on nothing but the lines.
//!
//! A reader of a part of a source does not know the lines on the other side of its ends. It examines all lines that may be needed, whatever
//! is there, and notes them as [`Mark`]s. `Covered` gets the marks of all parts and decides which ones matter.

use crate::time::Time;
use crate::time::zone::DisplayZone;

/// The size of a cell in bytes.
pub const CELL_BYTES: u64 = 64 << 10;

/// The size of the smallest part of a cell in bytes.
pub const LEAF_BYTES: u64 = 1 << 10;

/// A line with a time that was examined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The offset of the line in its source.
    pub offset: u64,
    /// The start of the hour of its time.
    pub hour: Time,
}

impl Mark {
    /// Whether a log in order has no line of another hour between this mark and a later one.
    #[must_use]
    pub fn is_next_to(self, later: Mark, zone: DisplayZone) -> bool {
        self.hour == later.hour || zone.hour_end(self.hour) == later.hour
    }

    /// Adds a mark to others. Of several marks in a row in the same hour, only the last one is kept, because it says the same of every
    /// offset before it.
    pub fn add_to(self, marks: &mut Vec<Mark>) {
        match marks.last_mut() {
            Some(last) if last.hour == self.hour => *last = self,
            _ => marks.push(self),
        }
    }
}

/// Returns the bounds of the cell that contains this offset.
#[must_use]
pub fn cell_of(offset: u64) -> [u64; 2] {
    let start = offset - offset % CELL_BYTES;
    [start, start.saturating_add(CELL_BYTES)]
}

/// The marks of a source that are needed to decide about later ones.
#[derive(Debug, Default)]
pub(super) struct Covered {
    marks: Vec<Mark>,
}

impl Covered {
    /// Adds the next mark, and calls `add` with the hours that are certain by now.
    pub(super) fn mark(&mut self, mark: Mark, zone: DisplayZone, add: &mut dyn FnMut(Time)) {
        mark.add_to(&mut self.marks);
        while let [first, .., last] = self.marks[..]
            && last.offset >= cell_of(first.offset)[1]
        {
            self.decide(cell_of(first.offset), zone, add);
        }
    }

    /// Ends the source, and calls `add` with the hours that were not certain before.
    pub(super) fn end(&mut self, zone: DisplayZone, add: &mut dyn FnMut(Time)) {
        while let Some(first) = self.marks.first() {
            self.decide(cell_of(first.offset), zone, add);
        }
    }

    /// Calls `add` with the hours of the first cell, and removes its marks.
    fn decide(&mut self, cell: [u64; 2], zone: DisplayZone, add: &mut dyn FnMut(Time)) {
        hours(&self.marks, cell, zone, add);
        let of_cell = self.marks.partition_point(|mark| mark.offset < cell[1]);
        self.marks.drain(..of_cell);
    }
}

/// Calls `add` with the hours of a cell or of a part of one.
fn hours(marks: &[Mark], [start, end]: [u64; 2], zone: DisplayZone, add: &mut dyn FnMut(Time)) {
    let from = |offset: u64| marks.partition_point(|mark| mark.offset < offset);
    let (first, next) = (from(start), from(end));
    let Some(mark) = marks.get(first) else { return };
    add(mark.hour);
    if first >= next || marks.get(next).is_some_and(|next| mark.is_next_to(*next, zone)) {
        return;
    }
    if end - start <= LEAF_BYTES {
        marks[first..next].iter().for_each(|mark| add(mark.hour));
        return;
    }
    let middle = start + (end - start) / 2;
    hours(marks, [start, middle], zone, add);
    hours(marks, [middle, end], zone, add);
}

/// Returns the hours of a source with these marks.
#[cfg(test)]
pub(crate) fn hours_of(marks: impl Iterator<Item = Mark>, zone: DisplayZone) -> std::collections::BTreeSet<Time> {
    let (mut covered, mut all) = (Covered::default(), std::collections::BTreeSet::new());
    let mut add = |hour| {
        all.insert(hour);
    };
    marks.for_each(|mark| covered.mark(mark, zone, &mut add));
    covered.end(zone, &mut add);
    all
}
