//! One located result: where it stands, what it says, and what else its line says.
//!
//! Invariant: every slice borrows from the chunk being scanned, so a hit costs no allocation; whoever keeps one
//! copies what it needs.

use std::ops::{Index, Range};

use crate::code::Key;
use crate::time::Stamp;
use crate::units::Units;

/// Defines [`Capture`] as a table: a line for each capture, in the order in which captures are shown.
macro_rules! captures {
    ($($(#[$meaning:meta])* $capture:ident: $name:literal, $holds:ident;)*) => {
        /// A named group of a pattern.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Capture { $($(#[$meaning])* $capture,)* }

        impl Capture {
            /// All captures, in the order in which they are shown.
            pub const ALL: [Capture; [$($name),*].len()] = [$(Capture::$capture),*];

            /// The group's name in a regex, which is also its key in an example and in JSON.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Capture::$capture => $name,)* }
            }

            /// What the captured text is read as.
            #[must_use]
            pub const fn holds(self) -> Holds {
                match self { $(Capture::$capture => Holds::$holds,)* }
            }
        }

        impl<T> Captures<T> {
            /// The values that `value` gives for each capture.
            // One call after another and no loop, so that what is not looked at is not computed: counting needs two of them.
            #[inline(always)]
            pub fn new(mut value: impl FnMut(Capture) -> Option<T>) -> Captures<T> {
                Captures([$(value(Capture::$capture)),*])
            }
        }
    };
}

captures! {
    /// The number, symbol or text of the result. The only group that every pattern must have.
    Code: "code", Result;
    /// The description beside a symbol.
    Text: "text", Result;
    /// The user concerned.
    User: "user", Words;
    /// The log's own word on the sign-in, never derived from the code.
    Outcome: "outcome", Words;
    /// The machine concerned.
    Host: "host", Words;
    /// The network address concerned.
    Address: "address", Words;
    /// The time, where it is not the first time in the line.
    Time: "time", Time;
}

/// What a captured text is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// Which result it is: the catalogue resolves it to a [`Key`].
    Result,
    /// Words of the log, which are shown as written.
    Words,
    /// A time, which is read as a [`Stamp`].
    Time,
}

impl Capture {
    /// The captures that say more than which result it is, in the order in which they are shown.
    pub fn details() -> impl Iterator<Item = Capture> + Clone {
        Capture::ALL.into_iter().filter(|capture| capture.holds() != Holds::Result)
    }

    /// The captures that are shown as written, in the order in which they are shown.
    pub fn words() -> impl Iterator<Item = Capture> {
        Capture::ALL.into_iter().filter(|capture| capture.holds() == Holds::Words)
    }
}

/// At most one value for each [`Capture`], which is its index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captures<T>([Option<T>; Capture::ALL.len()]);

impl<T> Index<Capture> for Captures<T> {
    type Output = Option<T>;

    #[inline(always)]
    fn index(&self, capture: Capture) -> &Option<T> {
        &self.0[capture as usize]
    }
}

/// One result found in one line.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit<'c> {
    /// The row it counts in.
    pub key: Key,
    /// The line it starts in, without its line end. Of a line over the limit: the piece.
    pub line: &'c [u8],
    /// Where the line starts in the chunk that was scanned.
    pub line_start: usize,
    /// Offset of the line's first byte in the source, in bytes.
    pub line_offset: u64,
    /// What the source is made of.
    pub units: Units,
    /// The matched part, as offsets in `line`. A match that goes on in the following lines is cut at the line's end.
    pub span: Range<usize>,
    /// Index of the pattern that matched, in its set.
    pub pattern: usize,
    /// The time of the line, or of the pattern's `time` group. Absent if there is none that can be read.
    pub time: Option<Stamp>,
    /// What the pattern's groups captured, as written.
    pub captures: Captures<&'c [u8]>,
}

impl Hit<'_> {
    /// Offset of the match's first byte in the source, in bytes.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.line_offset + self.units.source_bytes(&self.line[..self.span.start])
    }
}
