//! Lists near misses: lines that speak of a call status but hold no result that can be read, by their shapes.

use super::sheet::{Cell, Column, Holds};
use super::wording::{grouped, remark};
use crate::near_miss::Shape;
use crate::pattern::definition::Definition;
use crate::scan::trial;
use crate::summary::near_misses::{NearMisses, SHAPES_LIMIT, Seen};

/// The largest number of shapes for which the nearest pattern is looked for, and which a table shows. Looking for it compiles dozens of
/// regexes.
pub const EXPLAINED_SHAPES: usize = 20;

/// The fields of a shape in JSON and CSV.
pub const SHAPE: &[Column] = &[
    Column::for_scripts(
        "shape",
        Holds::Text,
        "What the lines have in common: `<n>`, `<time>`, `<name>` and others stand for what differs.",
    ),
    Column::for_scripts("count", Holds::Count, "Number of lines."),
    Column::for_scripts(
        "line",
        Holds::Text,
        "One of the lines: the first in the file whose path comes first. If it is longer than 1 KiB, the part around its key words.",
    ),
    Column::for_scripts("path", Holds::Path, "The file with this line."),
    Column::for_scripts(
        "line_number",
        Holds::Count,
        "The number of this line; the first is 1. Lines are counted only with `--near-misses`, or if there are no results.",
    )
    .or_null(),
    Column::for_scripts(
        "nearest",
        Holds::Text,
        "How much of this line the nearest pattern matches, in words, for the 20 most frequent shapes.",
    )
    .or_null(),
];

/// Near misses by their shapes, the most frequent first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NearMissList {
    /// The number of lines.
    pub lines: u64,
    /// The number of lines that are in no row, because there are too many shapes.
    pub others: u64,
    /// A row for each shape.
    pub rows: Vec<ShapeRow>,
    /// Whether a table lists them.
    pub is_listed: bool,
}

/// Near misses of the same shape.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShapeRow {
    /// The text of the shape.
    pub shape: String,
    /// The number of lines.
    pub count: u64,
    /// One of the lines.
    pub line: String,
    /// The source with this line.
    pub path: String,
    /// The number of this line, if lines were counted.
    pub line_number: Option<u64>,
    /// Where the key words start in this line, in bytes.
    pub words: usize,
    /// How far the nearest pattern gets in it, in words.
    pub nearest: Option<String>,
}

impl NearMissList {
    /// Makes the list of near misses.
    #[must_use]
    pub fn new(near_misses: &NearMisses) -> NearMissList {
        let row = |(shape, seen): (&Shape, &Seen)| {
            let first = seen.first().cloned().unwrap_or_default();
            ShapeRow {
                shape: shape.text().to_owned(),
                count: seen.count(),
                line: first.line.into(),
                path: first.path.into(),
                line_number: first.line_number,
                words: first.words,
                nearest: None,
            }
        };
        let mut rows: Vec<ShapeRow> = near_misses.iter().map(row).collect();
        // The shapes come in alphabetical order, and the sort is stable.
        rows.sort_by_key(|row| std::cmp::Reverse(row.count));
        NearMissList { lines: near_misses.lines(), others: near_misses.others(), rows, is_listed: false }
    }

    /// Adds to the most frequent shapes how far the nearest of these patterns gets.
    #[must_use]
    pub fn explained(mut self, definitions: &[Definition]) -> NearMissList {
        for row in self.rows.iter_mut().take(EXPLAINED_SHAPES) {
            let nearest = |line: &str| {
                let nearest = trial::nearest(definitions, line.as_bytes()).into_iter();
                let nearest = nearest.max_by_key(|nearest| nearest.miss.matched_len())?;
                let words = nearest.miss.in_words(definitions.get(nearest.pattern)?, line.as_bytes());
                Some((nearest.miss.matched_len(), words))
            };
            let whole = nearest(&row.line);
            // In a line that another program has wrapped, an escape may come directly before the key words.
            let after = row.line.get(row.words..).and_then(nearest);
            let is_further = after.as_ref().map(|(len, _)| *len) > whole.as_ref().map(|(len, _)| *len);
            row.nearest = if is_further { after } else { whole }.map(|(_, words)| words);
        }
        self
    }

    /// Returns the note on near misses, or `None` if there are none and nobody asked.
    #[must_use]
    pub fn note(&self) -> Option<String> {
        if self.is_listed && self.lines == 0 {
            return Some("No line speaks of a call status without a result.".to_owned());
        }
        let shapes = match (self.rows.len(), self.others) {
            (1, 0) => "1 shape".to_owned(),
            (shapes, 0) => format!("{} shapes", grouped(shapes as u64)),
            _ => format!("more than {} shapes", grouped(SHAPES_LIMIT as u64)),
        };
        let (one, many) = if self.is_listed {
            ("see below.".to_owned(), format!("({shapes}), see below."))
        } else {
            ("--near-misses shows it.".to_owned(), format!("({shapes}): --near-misses lists them."))
        };
        let one = match self.is_listed {
            true => format!("line speaks of a call status but holds no result that can be read, {one}"),
            false => format!("line speaks of a call status but holds no result that can be read: {one}"),
        };
        remark(self.lines, &one, &format!("lines speak of a call status but hold no result that can be read {many}"))
    }

    /// Returns the cells of each row, in the columns of [`SHAPE`].
    pub fn cells(&self) -> impl Iterator<Item = Vec<Cell<'_>>> {
        self.rows.iter().map(|row| {
            vec![
                (&row.shape).into(),
                row.count.into(),
                (&row.line).into(),
                (&row.path).into(),
                row.line_number.into(),
                row.nearest.as_ref().into(),
            ]
        })
    }

    /// Returns the list as a value of JSON.
    pub(super) fn records(&self) -> Cell<'_> {
        let names = || SHAPE.iter().filter_map(|column| column.name);
        Cell::List(self.cells().map(|cells| Cell::Record(names().zip(cells).collect())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::near_misses::First;

    fn list(lines: &[(&str, u64)]) -> NearMissList {
        let mut near_misses = NearMisses::default();
        for (line, count) in lines {
            for offset in 0..*count {
                let first = First {
                    path: "a.log".into(),
                    offset,
                    line_number: Some(1 + offset),
                    line: (*line).into(),
                    words: 0,
                };
                near_misses.add(&Shape::of(line, 0..1), first);
            }
        }
        NearMissList::new(&near_misses)
    }

    #[test]
    fn the_most_frequent_shape_comes_first_and_equal_ones_in_alphabetical_order() {
        let list = list(&[("c", 2), ("b", 1), ("a", 1), ("d", 3)]);
        let shapes: Vec<_> = list.rows.iter().map(|row| (row.shape.as_str(), row.count, row.line_number)).collect();
        assert_eq!(shapes, [("d", 3, Some(1)), ("c", 2, Some(1)), ("a", 1, Some(1)), ("b", 1, Some(1))]);
    }

    #[test]
    fn the_note_says_how_many_lines_and_shapes_there_are() {
        let note = |lines: &[(&str, u64)], is_listed| NearMissList { is_listed, ..list(lines) }.note();
        assert_eq!(note(&[], false), None);
        assert_eq!(note(&[], true).as_deref(), Some("No line speaks of a call status without a result."));
        let expected = "1 line speaks of a call status but holds no result that can be read: --near-misses shows it.";
        assert_eq!(note(&[("a", 1)], false).as_deref(), Some(expected));
        let expected = "1 line speaks of a call status but holds no result that can be read, see below.";
        assert_eq!(note(&[("a", 1)], true).as_deref(), Some(expected));
        let expected =
            "2 lines speak of a call status but hold no result that can be read (1 shape): --near-misses lists them.";
        assert_eq!(note(&[("a", 2)], false).as_deref(), Some(expected));
        let expected = "1,003 lines speak of a call status but hold no result that can be read (2 shapes), see below.";
        assert_eq!(note(&[("a", 1000), ("b", 3)], true).as_deref(), Some(expected));
        let expected =
            "7 lines speak of a call status but hold no result that can be read (more than 1,000 shapes), see below.";
        let list = NearMissList { others: 5, lines: 7, is_listed: true, ..list(&[("a", 1), ("b", 1)]) };
        assert_eq!(list.note().as_deref(), Some(expected));
    }
}
