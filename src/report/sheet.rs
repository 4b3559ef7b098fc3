//! A report laid out in rows and columns: what a format needs in order to write any report, and all that it knows of one.
//!
//! A [`Sheet`] says once what the rows of a report hold; [`Cell`]s are the values of a row, and [`End`] is what is known after
//! the last one. Rows can be written while inputs are still being read, so nothing before them depends on them.
//!
//! Not here: how a value looks. A size is a number of bytes until a table writes `120.6 KiB`.

use std::borrow::Cow;

use serde::ser::{Serialize, Serializer};

use crate::code::Code;
use crate::time::Time;

/// What the rows of a report hold, and the contract with scripts about it.
///
/// Within a version of the contract fields may be added; none is renamed, removed or given another meaning.
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
    /// When the rows come.
    pub flow: Flow,
    /// How the notes begin that stand where a table has no rows.
    pub without_rows: &'static [&'static str],
}

impl Sheet {
    /// The name of the first value after the version, or of the rows.
    pub(crate) fn first_name(&self) -> &'static str {
        self.before.first().and_then(|value| value.name).unwrap_or(self.rows)
    }
}

/// When the rows of a sheet come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// All at once, when everything has been read. They are few.
    Whole,
    /// One by one, while inputs are being read. They may be many, so each is one line wherever a format has lines.
    Streamed,
}

/// One column of a sheet, or a value outside its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// The name by which scripts know it; `None` if it repeats other columns in words.
    pub name: Option<&'static str>,
    /// The heading that people read; `None` if only scripts want it.
    pub heading: Option<&'static str>,
    /// What its cells hold.
    pub holds: Holds,
    /// Whether there is always a value.
    pub presence: Presence,
    /// What scripts get in it, as sentences.
    pub meaning: &'static str,
    /// What a table does with it where there is little room.
    pub room: Room,
}

/// What a table does with a column where there is little room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// It always shows the column.
    Kept,
    /// It shows the column only in a terminal that is wide enough for the whole table.
    IfWide,
    /// It leaves the column out if a row then fits on one line.
    ForOneLine,
    /// It leaves the column out if prose has too little room otherwise.
    ForProse,
}

/// Whether a column has a value in every row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It always has one.
    Always,
    /// Where it has none, JSON has `null` and CSV an empty cell.
    OrNull,
    /// Where it has none, or an empty list, JSON leaves the field out and CSV has an empty cell.
    OrMissing,
}

impl Column {
    /// A column for scripts and people.
    #[must_use]
    pub const fn new(name: &'static str, heading: &'static str, holds: Holds, meaning: &'static str) -> Column {
        Column { heading: Some(heading), ..Column::for_scripts(name, holds, meaning) }
    }

    /// A column for scripts only.
    #[must_use]
    pub const fn for_scripts(name: &'static str, holds: Holds, meaning: &'static str) -> Column {
        Column { name: Some(name), heading: None, holds, presence: Presence::Always, meaning, room: Room::Kept }
    }

    /// A column for people only.
    #[must_use]
    pub const fn for_people(heading: &'static str, holds: Holds) -> Column {
        Column { name: None, heading: Some(heading), holds, presence: Presence::Always, meaning: "", room: Room::Kept }
    }

    /// The same column, some of whose values may be `null`.
    #[must_use]
    pub const fn or_null(self) -> Column {
        Column { presence: Presence::OrNull, ..self }
    }

    /// The same column, which a table may leave out.
    #[must_use]
    pub const fn yields(self, room: Room) -> Column {
        Column { room, ..self }
    }

    /// The same column, some of whose values may be missing.
    #[must_use]
    pub const fn or_missing(self) -> Column {
        Column { presence: Presence::OrMissing, ..self }
    }
}

/// What the cells of a column hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// A name or a word, which is not broken into lines.
    Text,
    /// The name of an input. As the first column of a table that is too wide, it gets a line of its own.
    Path,
    /// Words that may be broken into lines. With nothing after them, they take the place of the columns that follow.
    Prose,
    /// The number of a result.
    Code,
    /// How many there are.
    Count,
    /// A size in bytes.
    Bytes,
    /// A part of a whole.
    Share,
    /// A moment.
    Time,
    /// Yes or no.
    Flag,
    /// Any number of texts.
    Texts,
    /// Any number of numbers of results.
    Codes,
    /// Values with their names.
    Record(&'static [Column]),
    /// Any number of such records.
    Records(&'static [Column]),
    /// Why an input was skipped, or not read whole: any number of records of a kind and its details.
    Problems(&'static [Column]),
}

impl Holds {
    /// Whether a table aligns the cells on the right.
    pub(crate) fn is_number(self) -> bool {
        matches!(self, Holds::Code | Holds::Count | Holds::Bytes | Holds::Share)
    }
}

/// One value of a row, or outside the rows. It serializes as scripts read it.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell<'r> {
    /// Nothing is known.
    Absent,
    /// Text as it was read: a format makes it safe for whatever shows it.
    Text(Cow<'r, str>),
    /// A count or a size.
    Number(u64),
    /// The number of a result.
    Code(Code),
    /// A part of a whole.
    Share(Share),
    /// A moment.
    Time(Time),
    /// Yes or no.
    Flag(bool),
    /// Several values.
    List(Vec<Cell<'r>>),
    /// Several values with their names.
    Record(Vec<(&'static str, Cell<'r>)>),
}

/// How many of how many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// The part.
    pub count: u64,
    /// The whole.
    pub total: u64,
}

impl Share {
    /// The share as a number from 0 to 1. It is exact up to 2^53, and a share has no use for more digits.
    #[must_use]
    pub fn fraction(self) -> f64 {
        if self.total == 0 { 0.0 } else { self.count as f64 / self.total as f64 }
    }
}

/// What is known of a report after its last row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct End<'r> {
    /// What people have to know before they read any row.
    pub above: Vec<String>,
    /// What people read after the rows: totals, what was assumed, or why there are no rows.
    pub below: Vec<String>,
    /// The values named by [`Sheet::after`].
    pub after: Vec<Cell<'r>>,
}

impl Serialize for Cell<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Cell::Absent => serializer.serialize_none(),
            Cell::Text(text) => serializer.serialize_str(text),
            Cell::Number(number) => serializer.serialize_u64(*number),
            Cell::Code(code) => code.serialize(serializer),
            Cell::Share(share) => serializer.serialize_f64(share.fraction()),
            Cell::Time(time) => time.serialize(serializer),
            Cell::Flag(flag) => serializer.serialize_bool(*flag),
            Cell::List(cells) => serializer.collect_seq(cells),
            Cell::Record(cells) => serializer.collect_map(cells.iter().map(|(name, cell)| (name, cell))),
        }
    }
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
