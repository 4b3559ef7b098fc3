//! Describes a report as rows and columns. Formats know nothing else about a report, so each of them can write any report.
//!
//! A [`Sheet`] describes what the rows of a report hold, [`Cell`]s are the values of a row, and [`End`] is what is known after
//! the last row. Rows can be written while inputs are still being read, so nothing before the rows depends on them.
//!
//! How a value looks is left to the formats: a size is a number of bytes until a table writes `120.6 KiB`.

use std::borrow::Cow;

use serde::ser::{Serialize, Serializer};

use super::breakdown::Breakdown;
use super::trend::Trend;
use crate::code::Code;
use crate::time::Time;
use crate::time::zone::DisplayZone;

/// The columns of a report and its values outside the rows, which are a contract with scripts.
///
/// Within a version of the contract, fields may be added, but none is renamed, removed or given another meaning.
#[derive(Debug)]
pub struct Sheet {
    /// The version of the contract.
    pub schema: u32,
    /// The columns, in the order in which every format writes them.
    pub columns: &'static [Column],
    /// The name of the list of rows.
    pub rows: &'static str,
    /// The values that are known before the rows.
    pub before: &'static [Column],
    /// The values that are known only after the rows.
    pub after: &'static [Column],
    /// Whether the rows come all at once or one by one.
    pub flow: Flow,
    /// The beginnings of all notes that a table without rows can show.
    pub without_rows: &'static [&'static str],
}

impl Sheet {
    /// Returns the name of the first value after the version: of a value before the rows, or of the list of rows.
    pub(crate) fn first_name(&self) -> &'static str {
        self.before.first().and_then(|value| value.name).unwrap_or(self.rows)
    }
}

/// Whether the rows of a sheet come all at once or one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// A few rows come all at once, after everything has been read.
    Whole,
    /// Rows come one by one while inputs are being read. There may be many, so formats that have lines write one line per row.
    Streamed,
}

/// One column of a sheet, or a value outside its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// The field name for scripts, or `None` if the column repeats other columns in words.
    pub name: Option<&'static str>,
    /// The heading for people, or `None` if the column is for scripts only.
    pub heading: Option<&'static str>,
    /// What its cells hold.
    pub holds: Holds,
    /// Whether every row has a value.
    pub presence: Presence,
    /// The meaning of the field for scripts, as sentences.
    pub meaning: &'static str,
    /// What a table does with the column if there is little room.
    pub room: Room,
}

/// What a table does with a column if there is little room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// The table always shows the column.
    Kept,
    /// The table shows the column only in a terminal that is wide enough for the whole table.
    IfWide,
    /// The table leaves the column out if a row then fits on one line.
    ForOneLine,
    /// The table leaves the column out if all its cells are the same and there is too little room.
    UnlessSame,
    /// The table leaves the column out if prose would otherwise have too little room.
    ForProse,
    /// The table leaves the column out if a row then fits on one line and has a trend, and otherwise if prose would have too little
    /// room.
    ForTrend,
}

/// Whether a column has a value in every row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Every row has a value.
    Always,
    /// A missing value is `null` in JSON and an empty cell in CSV.
    OrNull,
    /// JSON leaves out a missing value or an empty list, and CSV has an empty cell.
    OrMissing,
    /// JSON leaves out a missing value, but not an empty list.
    IfSought,
    /// JSON leaves the value out of most rows, and it may be `null`.
    OrNullOrMissing,
}

impl Column {
    /// Returns a column for scripts and people.
    #[must_use]
    pub const fn new(name: &'static str, heading: &'static str, holds: Holds, meaning: &'static str) -> Column {
        Column { heading: Some(heading), ..Column::for_scripts(name, holds, meaning) }
    }

    /// Returns a column for scripts only.
    #[must_use]
    pub const fn for_scripts(name: &'static str, holds: Holds, meaning: &'static str) -> Column {
        Column { name: Some(name), heading: None, holds, presence: Presence::Always, meaning, room: Room::Kept }
    }

    /// Returns a column for people only.
    #[must_use]
    pub const fn for_people(heading: &'static str, holds: Holds) -> Column {
        Column { name: None, heading: Some(heading), holds, presence: Presence::Always, meaning: "", room: Room::Kept }
    }

    /// Allows `null` values in the column.
    #[must_use]
    pub const fn or_null(self) -> Column {
        Column { presence: Presence::OrNull, ..self }
    }

    /// Lets a table leave the column out under the condition `room`.
    #[must_use]
    pub const fn yields(self, room: Room) -> Column {
        Column { room, ..self }
    }

    /// Allows missing values and `null` in the column.
    #[must_use]
    pub const fn or_null_or_missing(self) -> Column {
        Column { presence: Presence::OrNullOrMissing, ..self }
    }

    /// Allows missing values in the column, which are no empty lists.
    #[must_use]
    pub const fn if_sought(self) -> Column {
        Column { presence: Presence::IfSought, ..self }
    }

    /// Allows missing values in the column.
    #[must_use]
    pub const fn or_missing(self) -> Column {
        Column { presence: Presence::OrMissing, ..self }
    }
}

/// What the cells of a column hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// A name or a word, which stays on one line.
    Text,
    /// The name of an input. If it is the first column of a table that is too wide, it gets a line of its own.
    Path,
    /// Words that may wrap. If all cells after them are empty, the words extend over those columns.
    Prose,
    /// The number of a result.
    Code,
    /// A number of things.
    Count,
    /// A size in bytes.
    Bytes,
    /// A time that something took, in milliseconds.
    Duration,
    /// A share of a whole, which tables show as a percentage.
    Share,
    /// How often something occurs in a unit of time.
    Rate,
    /// A point in time.
    Time,
    /// When the results of a row occurred. Only tables show it, and only if any row has one.
    Trend,
    /// A bar for a part of the largest count. Only tables show it.
    Bar,
    /// True or false.
    Flag,
    /// A list of texts.
    Texts,
    /// A list of result numbers.
    Codes,
    /// Named values.
    Record(&'static [Column]),
    /// A list of records.
    Records(&'static [Column]),
    /// The reasons why an input was skipped or not read to the end: a list of records, each with a kind and its details.
    Problems(&'static [Column]),
}

impl Holds {
    /// Whether a table aligns the cells to the right.
    pub(crate) fn is_number(self) -> bool {
        matches!(self, Holds::Code | Holds::Count | Holds::Bytes | Holds::Duration | Holds::Share | Holds::Rate)
    }
}

/// A value in a row or outside the rows.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell<'r> {
    /// There is no value.
    Absent,
    /// Text as it was read. Each format makes it safe to display.
    Text(Cow<'r, str>),
    /// A count or a size.
    Number(u64),
    /// The number of a result.
    Code(Code),
    /// A part of a whole.
    Share(Share),
    /// How often something occurs in a unit of time.
    Rate(f64),
    /// A point in time.
    Time(Time),
    /// When the results of a row occurred.
    Trend(Trend),
    /// A part of the largest count.
    Bar(Share),
    /// True or false.
    Flag(bool),
    /// Several values.
    List(Vec<Cell<'r>>),
    /// Several named values.
    Record(Vec<(&'static str, Cell<'r>)>),
    /// The rows of a breakdown. Each is made a record when it is written, because there may be a million.
    Groups(&'r Breakdown),
}

/// A part of a whole, as two counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// The part.
    pub count: u64,
    /// The whole.
    pub total: u64,
}

impl Share {
    /// Returns the share as a number from 0 to 1, or 0 if there is no whole. Counts above 2^53 are rounded.
    #[must_use]
    pub fn fraction(self) -> f64 {
        if self.total == 0 { 0.0 } else { self.count as f64 / self.total as f64 }
    }
}

/// The parts of a report that are known only after its last row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct End<'r> {
    /// Notes that people must read before any row.
    pub above: Vec<String>,
    /// Notes below the rows: totals, assumptions, or why there are no rows.
    pub below: Vec<String>,
    /// The values named by [`Sheet::after`].
    pub after: Vec<Cell<'r>>,
}

/// A cell with the zone in which its times are shown. It serializes to the JSON that scripts read.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'c>(pub &'c Cell<'c>, pub DisplayZone);

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Shown(cell, zone) = *self;
        let shown = |cell| Shown(cell, zone);
        match cell {
            Cell::Absent => serializer.serialize_none(),
            Cell::Text(text) => serializer.serialize_str(text),
            Cell::Number(number) => serializer.serialize_u64(*number),
            Cell::Code(code) => code.serialize(serializer),
            Cell::Share(share) => serializer.serialize_f64(share.fraction()),
            Cell::Rate(rate) => serializer.serialize_f64(rounded(*rate)),
            Cell::Time(time) => zone.of(*time).serialize(serializer),
            Cell::Flag(flag) => serializer.serialize_bool(*flag),
            Cell::List(cells) => serializer.collect_seq(cells.iter().map(shown)),
            Cell::Record(cells) => serializer.collect_map(cells.iter().map(|(name, cell)| (name, shown(cell)))),
            // A renderer writes groups one by one, and trends and bars are for people only.
            Cell::Groups(_) | Cell::Trend(_) | Cell::Bar(_) => serializer.serialize_none(),
        }
    }
}

/// Rounds a rate to thousandths, because more digits mean nothing.
pub(crate) fn rounded(rate: f64) -> f64 {
    (rate * 1_000.0).round() / 1_000.0
}

/// Rounds a rate to a whole number.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rate is not negative, and `as` saturates"
)]
pub(crate) fn whole(rate: f64) -> u64 {
    rate.round() as u64
}

macro_rules! from {
    ($($value:ident: $type:ty => $cell:expr),+ $(,)?) => {
        $(impl<'r> From<$type> for Cell<'r> {
            fn from($value: $type) -> Cell<'r> {
                $cell
            }
        })+
    };
}

from! {
    text: &'r str => Cell::Text(text.into()),
    text: &'r String => Cell::Text(text.into()),
    text: String => Cell::Text(text.into()),
    number: u64 => Cell::Number(number),
    code: Code => Cell::Code(code),
    share: Share => Cell::Share(share),
    time: Time => Cell::Time(time),
    flag: bool => Cell::Flag(flag),
    cells: Vec<Cell<'r>> => Cell::List(cells),
}

impl<'r, T: Into<Cell<'r>>> From<Option<T>> for Cell<'r> {
    fn from(value: Option<T>) -> Cell<'r> {
        value.map_or(Cell::Absent, T::into)
    }
}
