//! A result that was found: where it is, what it is, and what else its line says.
//!
//! Invariant: every slice borrows from the chunk that is being scanned, so that a hit allocates nothing. Code that keeps a hit
//! copies what it needs.

use std::borrow::Cow;
use std::ops::{Index, Range};
use std::sync::Arc;

use memchr::memmem;

use crate::code::Key;
use crate::time::Stamp;
use crate::units::Units;

/// Defines [`Capture`] as a table with a line for each capture, in the order in which captures are shown.
macro_rules! captures {
    ($($(#[$meaning:meta])* $capture:ident: $name:literal, $holds:ident;)*) => {
        /// A named group of a pattern.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Capture { $($(#[$meaning])* $capture,)* }

        impl Capture {
            /// All captures, in the order in which they are shown.
            pub const ALL: [Capture; [$($name),*].len()] = [$(Capture::$capture),*];

            /// Returns the name of the group in a regex, which is also its key in an example and in JSON.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Capture::$capture => $name,)* }
            }

            /// Returns how the captured text is interpreted.
            #[must_use]
            pub const fn holds(self) -> Holds {
                match self { $(Capture::$capture => Holds::$holds,)* }
            }
        }

        impl<T> Captures<T> {
            /// Creates captures from the values that `value` returns for each capture.
            // One call after another instead of a loop, so that the compiler removes values that are not used: counting needs
            // two.
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
    /// The user who signed in.
    User: "user", Words;
    /// The log's own word for the sign-in, never derived from the code.
    Outcome: "outcome", Words;
    /// The machine on which the user signed in.
    Host: "host", Words;
    /// The network address from which the user signed in.
    Address: "address", Words;
    /// The time, if it is not the first time in the line.
    Time: "time", Time;
    /// The process that wrote the line. Lines of the same process and thread belong together.
    Process: "process", Writer;
    /// The thread that wrote the line.
    Thread: "thread", Writer;
}

/// How a captured text is interpreted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// It says which result this is: the catalogue resolves it to a [`Key`].
    Result,
    /// Words of the log, shown as written.
    Words,
    /// A time, read as a [`Stamp`].
    Time,
    /// It identifies what wrote the line, and is not shown.
    Writer,
}

impl Capture {
    /// Returns the captures that say more than which result it is, in the order in which they are shown.
    pub fn details() -> impl Iterator<Item = Capture> + Clone {
        Capture::ALL.into_iter().filter(|capture| capture.holds() != Holds::Result)
    }

    /// Returns the captures that are shown as written, in the order in which they are shown.
    pub fn words() -> impl Iterator<Item = Capture> {
        Capture::ALL.into_iter().filter(|capture| capture.holds() == Holds::Words)
    }
}

/// At most one value for each [`Capture`], which serves as index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captures<T>([Option<T>; Capture::ALL.len()]);

impl<T> Captures<T> {
    /// Adds a capture, unless there is one already.
    #[inline]
    pub fn add(&mut self, capture: Capture, value: Option<T>) {
        let own = &mut self.0[capture as usize];
        if own.is_none() {
            *own = value;
        }
    }
}

impl<T> Index<Capture> for Captures<T> {
    type Output = Option<T>;

    #[inline(always)]
    fn index(&self, capture: Capture) -> &Option<T> {
        &self.0[capture as usize]
    }
}

/// A result in a line.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit<'c> {
    /// The code or name under which the result counts.
    pub key: Key,
    /// The line in which the match starts, without its line end. For an overlong line, a piece of it.
    pub line: &'c [u8],
    /// Where the line starts in the chunk, in bytes.
    pub line_start: usize,
    /// Where the line starts in the source, in bytes.
    pub line_offset: u64,
    /// The units of the source.
    pub units: Units,
    /// The match, in bytes of `line`. A match that extends into the lines that follow is cut at the end of the line.
    pub span: Range<usize>,
    /// The index of the pattern in its set.
    pub pattern: usize,
    /// The time from the pattern's group `time` or else of the line, if there is one that can be read.
    pub time: Option<Stamp>,
    /// What the groups of the pattern captured, as written. [`Hit::says`] returns it unwrapped.
    pub captures: Captures<&'c [u8]>,
    /// What the groups captured, if the line had to be unwrapped: `CONTOSO\ann` where a JSON string has `CONTOSO\\ann`.
    pub unwrapped: Option<Arc<Captures<Box<[u8]>>>>,
}

impl Hit<'_> {
    /// Returns what the line says in a group.
    #[inline(always)]
    #[must_use]
    pub fn says(&self, capture: Capture) -> Option<&[u8]> {
        match &self.unwrapped {
            None => self.captures[capture],
            Some(captures) => captures[capture].as_deref(),
        }
    }

    /// Returns the user. In a string literal, the backslash after a domain is doubled, which no domain ends with.
    #[inline]
    #[must_use]
    pub fn user(&self) -> Option<Cow<'_, [u8]>> {
        let user = self.says(Capture::User)?;
        Some(match memmem::find(user, br"\\") {
            Some(at) if self.unwrapped.is_none() => Cow::Owned([&user[..at], &user[at + 1..]].concat()),
            _ => Cow::Borrowed(user),
        })
    }

    /// Returns where the line is in its source, in bytes, if nothing tells which process or thread wrote it.
    #[must_use]
    pub fn place_without_thread(&self) -> Option<Range<u64>> {
        let is_unknown = self.says(Capture::Process).is_none() && self.says(Capture::Thread).is_none();
        is_unknown.then(|| self.line_offset..self.line_offset + self.units.source_bytes(self.line))
    }

    /// Returns where the match starts in the source, in bytes.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.line_offset + self.units.source_bytes(&self.line[..self.span.start])
    }
}
