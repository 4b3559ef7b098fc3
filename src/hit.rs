//! A result that a pattern found in a line: its code or name, where it is, and the values that the pattern captured.
//!
//! Invariant: every slice borrows from the chunk that is being scanned, so a hit allocates nothing. Code that keeps a hit copies
//! what it needs.

use std::borrow::Cow;
use std::ops::{Index, Range};
use std::sync::Arc;

use crate::code::Key;
use crate::time::Stamp;
use crate::units::Units;

/// Defines [`Capture`] from a table with one row for each capture, in the order in which they are shown.
macro_rules! captures {
    ($($(#[$meaning:meta])* $capture:ident: $name:literal, $holds:ident;)*) => {
        /// A value that a pattern can capture in a named group of its regex.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Capture { $($(#[$meaning])* $capture,)* }

        impl Capture {
            /// All captures, in the order in which they are shown.
            pub const ALL: [Capture; [$($name),*].len()] = [$(Capture::$capture),*];

            /// Returns the name of the group in a regex. Examples of patterns and JSON use the same name as a key.
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
            // One call after another instead of a loop, so that the compiler removes calls whose values are not used. Counting
            // needs only two.
            #[inline(always)]
            pub fn new(mut value: impl FnMut(Capture) -> Option<T>) -> Captures<T> {
                Captures([$(value(Capture::$capture)),*])
            }
        }
    };
}

captures! {
    /// The number, symbol or text of the result. Every pattern that finds results must have this group.
    Code: "code", Result;
    /// The description next to a symbol.
    Text: "text", Result;
    /// The user who signed in.
    User: "user", Words;
    /// Whether the sign-in succeeded, in the words of the log. It is never derived from the code.
    Outcome: "outcome", Words;
    /// The machine on which the user signed in.
    Host: "host", Words;
    /// The network address from which the user signed in.
    Address: "address", Words;
    /// The time of the result, if the first time in the line is a different one.
    Time: "time", Time;
    /// The process that wrote the line. Lines of the same process and thread may belong to one sign-in.
    Process: "process", Writer;
    /// The thread that wrote the line. Lines of the same process and thread may belong to one sign-in.
    Thread: "thread", Writer;
}

/// How a captured text is interpreted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// The text identifies the result. The catalogue resolves it to a [`Key`].
    Result,
    /// The text is shown as written.
    Words,
    /// The text is a time, which is read as a [`Stamp`].
    Time,
    /// The text identifies the process or thread that wrote the line. It is not shown.
    Writer,
}

impl Capture {
    /// Returns all captures except those that identify the result, in the order in which they are shown.
    pub fn details() -> impl Iterator<Item = Capture> + Clone {
        Capture::ALL.into_iter().filter(|capture| capture.holds() != Holds::Result)
    }

    /// Returns the captures that are shown as written, in the order in which they are shown.
    pub fn words() -> impl Iterator<Item = Capture> {
        Capture::ALL.into_iter().filter(|capture| capture.holds() == Holds::Words)
    }
}

/// At most one value for each [`Capture`]. The capture serves as the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captures<T>([Option<T>; Capture::ALL.len()]);

impl<T> Captures<T> {
    /// Sets the value of a capture, unless it already has one.
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

/// What programs write in place of a user, host or address that they do not know, in any letter case.
const PLACEHOLDERS: [&[u8]; 8] = [b"-", b"?", b"na", b"n/a", b"none", b"null", b"(null)", b"unknown"];

/// Whether a text stands for a name that is not known.
#[inline]
fn is_placeholder(text: &[u8]) -> bool {
    text.len() <= 7 && PLACEHOLDERS.iter().any(|placeholder| text.eq_ignore_ascii_case(placeholder))
}

/// A result in a line.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit<'c> {
    /// The code or name under which the result is counted.
    pub key: Key,
    /// The line in which the match starts, without its line end. If the line is overlong, only a piece of it.
    pub line: &'c [u8],
    /// Where the line starts in the chunk, in bytes.
    pub line_start: usize,
    /// Where the line starts in the source, in bytes.
    pub line_offset: u64,
    /// Whether the source consists of bytes or of UTF-16 units.
    pub units: Units,
    /// The range of the match in `line`, in bytes. A match that extends into later lines ends here at the end of the line.
    pub span: Range<usize>,
    /// The index of the pattern in its [`PatternSet`](crate::pattern::PatternSet).
    pub pattern: usize,
    /// The time that the pattern's group `time` captured, or else the first time in the line. `None` if there is none that can be
    /// read.
    pub time: Option<Stamp>,
    /// The texts that the groups of the pattern captured, as written. [`Hit::says`] returns them unwrapped.
    pub captures: Captures<&'c [u8]>,
    /// What the groups captured, if the line had to be unwrapped: `CONTOSO\ann` where a JSON string has `CONTOSO\\ann`.
    pub unwrapped: Option<Arc<Captures<Box<[u8]>>>>,
}

impl Hit<'_> {
    /// Returns what the line says in a group. Where it says that a user, host or address is unknown, it says nothing.
    #[inline(always)]
    #[must_use]
    pub fn says(&self, capture: Capture) -> Option<&[u8]> {
        let said = match &self.unwrapped {
            None => self.captures[capture],
            Some(captures) => captures[capture].as_deref(),
        };
        let is_name = matches!(capture, Capture::User | Capture::Host | Capture::Address);
        said.filter(|text| !is_name || !is_placeholder(text))
    }

    /// Returns the user. In a string literal, the backslash after a domain is doubled, which no domain ends with.
    #[inline]
    #[must_use]
    pub fn user(&self) -> Option<Cow<'_, [u8]>> {
        let user = self.says(Capture::User)?;
        let mut places = memchr::memchr_iter(b'\\', user);
        Some(match places.find(|at| user.get(at + 1) == Some(&b'\\')) {
            Some(at) if self.unwrapped.is_none() => Cow::Owned([&user[..at], &user[at + 1..]].concat()),
            _ => Cow::Borrowed(user),
        })
    }

    /// Returns the byte range of the line in its source if the line names neither the process nor the thread that wrote it.
    #[must_use]
    pub fn place_without_thread(&self) -> Option<Range<u64>> {
        let is_unknown = self.says(Capture::Process).is_none() && self.says(Capture::Thread).is_none();
        is_unknown.then(|| self.line_offset..self.line_offset + self.units.source_bytes(self.line))
    }

    /// Returns the offset of the match in the source, in bytes.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.line_offset + self.units.source_bytes(&self.line[..self.span.start])
    }
}
