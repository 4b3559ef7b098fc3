//! Renders output lines with gaps, and fills the gaps when the lines are written.
//!
//! Worker threads render lines in parallel. The number of a line is known only after everything before it has been counted. The
//! sign-in of a result is known only after all logs have been read, because the user may be in another line and a twin in another
//! log. So the workers leave gaps, and [`Numbering`] fills them when the lines are written. This copies the output once, but
//! saves a second pass over the input.
//!
//! Lines that wait for their sign-ins are written to a store that the caller provides, such as a temporary file, with
//! [`Rendered::save`].

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::ops::Range;

use crate::hit::Hit;
use crate::units::Units;

/// An output format for lines with hits.
pub trait LineFormat: Sync {
    /// Renders the hits of one line, of which there is at least one. `path` is the name of the source to show.
    fn line(&self, path: &str, hits: &[Hit<'_>], out: &mut Rendered);

    /// Appends what is known about the sign-in of a result.
    fn details(&self, details: &Details<'_>, bytes: &mut Vec<u8>);

    /// Returns how many lines before and after each line with results are shown too.
    fn context_lines(&self) -> usize {
        0
    }

    /// Renders a line that is shown because it is next to one with results. If it is longer than [`CONTEXT_BYTES`], the rest may be
    /// missing.
    fn context(&self, _path: &str, _line: &[u8], _units: Units, _out: &mut Rendered) {}
}

/// The length in bytes up to which a line next to one with results is shown.
pub const CONTEXT_BYTES: usize = 4 << 10;

/// The line between groups of lines that are not next to each other.
const SEPARATOR: &[u8] = b"--\n";

/// What is known about the sign-in of a result, as text to show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details<'d> {
    /// The user who signed in, if known.
    pub user: Option<&'d str>,
    /// Whether the sign-in succeeded, according to the log: `succeeded` or `failed`.
    pub outcome: Option<&'d str>,
    /// The machine on which the user signed in, if known.
    pub host: Option<&'d str>,
    /// The network address of the user, if known.
    pub address: Option<&'d str>,
    /// The name of the source that contains the counted result of the same sign-in, if this result is not counted itself.
    pub counted_in: Option<&'d str>,
}

/// When the gaps for sign-ins are filled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Filled {
    /// The gaps are filled when the line is rendered, with values from that line only.
    #[default]
    Now,
    /// The gaps are filled after all logs have been read.
    Later,
}

/// A part of the output: rendered lines, with gaps to fill later.
#[derive(Debug, Default)]
pub struct Rendered {
    pub(crate) bytes: Vec<u8>,
    marks: Vec<Mark>,
    filled: Filled,
    /// The results of the current line, if gaps are filled now.
    results: Results,
    /// The number of the line that is rendered because it is next to one with results, counted like `newlines`.
    context_number: Option<u64>,
    /// The number of line feeds in the part of the input that was rendered.
    pub(crate) newlines: u64,
    /// The number of hits in this part of the output.
    pub(crate) hits: u64,
}

/// A gap or the start of something, directly before `bytes[at]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    at: usize,
    kind: MarkKind,
}

/// What a [`Mark`] in the rendered output stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MarkKind {
    /// A gap for a line number. Contains the number of line feeds in the input between the start of this part and the line.
    Number(u64),
    /// The start of an output line.
    Line,
    /// The start of a result in words, followed by a gap for its sign-in. Contains the length of the words in bytes.
    Result(u64),
    /// A gap for the sign-in of a result.
    Details,
    /// The start of a line without its results, which is shown if it is next to one with results.
    Context,
}

/// The results of one line, as ranges of the rendered bytes. Used to leave out repetitions.
#[derive(Debug, Default)]
struct Results(Vec<Range<usize>>);

impl Results {
    /// Appends a result, after a separator unless it is the first. `write` appends the result itself and returns whether it is
    /// kept. The result is removed again if it is not kept or repeats an earlier one.
    fn push(&mut self, bytes: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>) -> bool) {
        let before = bytes.len();
        if !self.0.is_empty() {
            bytes.extend_from_slice(b"; ");
        }
        let start = bytes.len();
        let is_kept = write(bytes);
        if is_kept && self.0.iter().all(|earlier| bytes[earlier.clone()] != bytes[start..]) {
            self.0.push(start..bytes.len());
        } else {
            bytes.truncate(before);
        }
    }
}

impl Rendered {
    /// Creates an empty part of the output.
    #[must_use]
    pub fn new(filled: Filled) -> Rendered {
        Rendered { filled, ..Rendered::default() }
    }

    /// Returns the buffer to which lines are rendered.
    pub fn bytes(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Begins an output line among lines that are shown because they are next to it.
    pub(crate) fn begin_line_in_context(&mut self) {
        if self.filled == Filled::Now {
            self.marks.push(Mark { at: self.bytes.len(), kind: MarkKind::Line });
        }
    }

    /// Begins an output line. If gaps are filled later, the line is removed then unless one of its results is kept.
    pub fn begin_line(&mut self) {
        self.results.0.clear();
        self.mark_if_later(MarkKind::Line);
    }

    /// Leaves a gap for the number of the current input line.
    pub fn line_number(&mut self) {
        let number = self.context_number.unwrap_or(self.newlines);
        self.marks.push(Mark { at: self.bytes.len(), kind: MarkKind::Number(number) });
    }

    /// Renders a line that is shown if it is next to one with results. `number` is the number of line feeds before it in this part,
    /// which is negative, modulo 2⁶⁴, for a line before the part.
    pub(crate) fn context(&mut self, number: u64, render: impl FnOnce(&mut Rendered)) {
        self.marks.push(Mark { at: self.bytes.len(), kind: MarkKind::Context });
        self.context_number = Some(number);
        render(self);
        self.context_number = None;
    }

    /// Appends a result in words, followed by what is known about its sign-in. Leaves the result out if it repeats an earlier one
    /// in the line.
    pub fn result(&mut self, words: impl FnOnce(&mut Vec<u8>), details: impl FnOnce(&mut Vec<u8>)) {
        let Rendered { bytes, marks, results, filled, .. } = self;
        match filled {
            Filled::Now => results.push(bytes, |bytes| {
                words(bytes);
                details(bytes);
                true
            }),
            Filled::Later => {
                let at = bytes.len();
                words(bytes);
                marks.push(Mark { at, kind: MarkKind::Result((bytes.len() - at) as u64) });
            }
        }
    }

    /// Appends what is known about the sign-in of a result, or leaves a gap for that.
    pub fn details(&mut self, details: impl FnOnce(&mut Vec<u8>)) {
        if self.filled == Filled::Now {
            return details(&mut self.bytes);
        }
        self.mark_if_later(MarkKind::Details);
    }

    /// Adds a mark at the current position if gaps are filled later.
    fn mark_if_later(&mut self, kind: MarkKind) {
        if self.filled == Filled::Later {
            self.marks.push(Mark { at: self.bytes.len(), kind });
        }
    }

    /// Takes everything that has been rendered, and reserves as much memory for the next part, because growing a vector copies
    /// it.
    pub(crate) fn take(&mut self) -> Rendered {
        let next = Rendered {
            bytes: Vec::with_capacity(self.bytes.len()),
            marks: Vec::with_capacity(self.marks.len()),
            filled: self.filled,
            ..Rendered::default()
        };
        std::mem::replace(self, next)
    }

    /// Writes this part to a store, from which [`Rendered::load`] can read it.
    ///
    /// # Errors
    ///
    /// Returns the error of `store`.
    pub fn save(&self, store: &mut impl Write) -> io::Result<()> {
        let mut saved = Vec::with_capacity(self.bytes.len() + 16 * self.marks.len() + 32);
        let mut push = |number: u64| saved.extend_from_slice(&number.to_le_bytes());
        push(self.newlines);
        push(self.hits);
        push(self.marks.len() as u64);
        push(self.bytes.len() as u64);
        for mark in &self.marks {
            let (kind, number) = match mark.kind {
                MarkKind::Number(number) => (0, number),
                MarkKind::Line => (1, 0),
                MarkKind::Result(number) => (2, number),
                MarkKind::Details => (3, 0),
                MarkKind::Context => (4, 0),
            };
            push((mark.at as u64) << 3 | kind);
            push(number);
        }
        saved.extend_from_slice(&self.bytes);
        store.write_all(&saved)
    }

    /// Reads a part that [`Rendered::save`] wrote.
    ///
    /// # Errors
    ///
    /// Fails if `store` fails or does not contain such a part.
    pub fn load(store: &mut impl Read) -> io::Result<Rendered> {
        fn number(store: &mut impl Read) -> io::Result<u64> {
            let mut bytes = [0; 8];
            store.read_exact(&mut bytes)?;
            Ok(u64::from_le_bytes(bytes))
        }
        let (newlines, hits, marks, len) = (number(store)?, number(store)?, number(store)?, number(store)?);
        let mut part = Rendered { newlines, hits, filled: Filled::Later, ..Rendered::default() };
        for _ in 0..marks {
            let (place, number) = (number(store)?, number(store)?);
            let kind = match place & 7 {
                0 => MarkKind::Number(number),
                1 => MarkKind::Line,
                2 => MarkKind::Result(number),
                3 => MarkKind::Details,
                4 => MarkKind::Context,
                _ => return Err(io::ErrorKind::InvalidData.into()),
            };
            part.marks.push(Mark { at: usize::try_from(place >> 3).unwrap_or(usize::MAX), kind });
        }
        store.take(len).read_to_end(&mut part.bytes)?;
        let is_in_order = part.marks.is_sorted_by_key(|mark| mark.at);
        let is_inside = part.marks.last().is_none_or(|mark| mark.at <= part.bytes.len());
        if part.bytes.len() as u64 != len || !is_in_order || !is_inside {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(part)
    }
}

/// Fills the gaps in rendered parts and writes the lines, one source after another.
#[derive(Debug, Default)]
pub struct Numbering {
    /// The number of line feeds in the current source before the next part.
    newlines_before: u64,
    /// The number of hits that have been written.
    hits: u64,
    /// The current part without gaps. It is written with one call, because writing line by line would cost more than the copy.
    whole: Vec<u8>,
    /// The results of the current line.
    results: Results,
    /// Which lines next to those with results are written.
    context: Groups,
}

/// A line of output, and its number.
#[derive(Debug, Default)]
struct Item {
    number: u64,
    is_context: bool,
    is_kept: bool,
}

/// Chooses the lines that are next to lines with results, and separates groups of lines.
#[derive(Debug, Default)]
struct Groups {
    /// The number of lines before and after.
    limit: usize,
    /// The last lines that have not been written, with their numbers.
    before: VecDeque<(u64, Vec<u8>)>,
    /// The number of the last line that is next to one with results.
    until: u64,
    /// The number of the last line in the current source that was written, or 0 if none was.
    last: u64,
    /// Whether any line was written.
    has_written: bool,
}

impl Groups {
    /// Takes the next line in the order of their numbers, and appends what can be written to `out`.
    fn take(&mut self, item: &Item, text: &[u8], out: &mut Vec<u8>) {
        let Item { number, is_context, is_kept } = *item;
        if is_context {
            if number > self.last && number <= self.until {
                self.write(number, text, out);
            } else if number > self.last && self.limit > 0 {
                if self.before.len() == self.limit {
                    self.before.pop_front();
                }
                self.before.push_back((number, text.to_vec()));
            }
        } else if is_kept {
            for (before, text) in std::mem::take(&mut self.before) {
                if before < number && before + self.limit as u64 >= number {
                    self.write(before, &text, out);
                }
            }
            self.write(number, text, out);
            self.until = number + self.limit as u64;
        }
    }

    fn write(&mut self, number: u64, text: &[u8], out: &mut Vec<u8>) {
        if self.has_written && (self.last == 0 || number > self.last + 1) {
            out.extend_from_slice(SEPARATOR);
        }
        out.extend_from_slice(text);
        (self.last, self.has_written) = (number, true);
    }

    /// Begins the next source.
    fn next_source(&mut self) {
        self.before.clear();
        (self.until, self.last) = (0, 0);
    }
}

impl Numbering {
    /// Creates a numbering for parts with this number of lines before and after each line with results.
    #[must_use]
    pub fn with_context(lines: usize) -> Numbering {
        Numbering { context: Groups { limit: lines, ..Groups::default() }, ..Numbering::default() }
    }

    /// Writes a part of the current source. Lines are numbered from 1.
    ///
    /// # Errors
    ///
    /// Returns the error of `out`.
    pub fn write(&mut self, part: &Rendered, out: &mut impl Write) -> io::Result<()> {
        self.hits += part.hits;
        self.write_known(part, |_| true, out)
    }

    /// Writes a part of the current source after its sign-ins have become known.
    ///
    /// `details` is called for each result. It appends what is known about the sign-in, and returns whether the result is kept. A
    /// line is left out if none of its results is kept.
    ///
    /// # Errors
    ///
    /// Returns the error of `out`.
    pub fn write_known(
        &mut self,
        part: &Rendered,
        mut details: impl FnMut(&mut Vec<u8>) -> bool,
        out: &mut impl Write,
    ) -> io::Result<()> {
        if self.context.limit > 0 {
            return self.write_in_context(part, details, out);
        }
        let Numbering { newlines_before, hits, whole, results, context: _ } = self;
        whole.clear();
        let mut copied = 0;
        // The start of the current line, and whether one of its results is kept.
        let mut line = (0, true);
        for mark in &part.marks {
            whole.extend_from_slice(&part.bytes[copied..mark.at]);
            copied = mark.at;
            match mark.kind {
                MarkKind::Number(number) => push_number(whole, *newlines_before + number + 1),
                MarkKind::Line => {
                    if !line.1 {
                        whole.truncate(line.0);
                    }
                    line = (whole.len(), false);
                    results.0.clear();
                }
                MarkKind::Result(len) => {
                    copied += usize::try_from(len).unwrap_or(usize::MAX);
                    let words = part.bytes.get(mark.at..copied).unwrap_or_default();
                    results.push(whole, |whole| {
                        whole.extend_from_slice(words);
                        let is_kept = details(whole);
                        line.1 |= is_kept;
                        *hits += u64::from(is_kept);
                        is_kept
                    });
                }
                MarkKind::Details => {
                    let is_kept = details(whole);
                    line.1 |= is_kept;
                    *hits += u64::from(is_kept);
                }
                // Without lines before and after, there are none of these.
                MarkKind::Context => {}
            }
        }
        whole.extend_from_slice(part.bytes.get(copied..).unwrap_or_default());
        if !line.1 {
            whole.truncate(line.0);
        }
        out.write_all(whole)?;
        *newlines_before += part.newlines;
        Ok(())
    }

    /// Writes a part with the lines before and after those with results.
    fn write_in_context(
        &mut self,
        part: &Rendered,
        mut details: impl FnMut(&mut Vec<u8>) -> bool,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let Numbering { newlines_before, hits, whole, results, context } = self;
        let (mut ready, mut copied) = (Vec::new(), 0);
        let mut item = Item::default();
        whole.clear();
        for mark in &part.marks {
            whole.extend_from_slice(&part.bytes[copied..mark.at]);
            copied = mark.at;
            match mark.kind {
                MarkKind::Number(number) => {
                    item.number = newlines_before.wrapping_add(number).wrapping_add(1);
                    push_number(whole, item.number);
                }
                MarkKind::Line | MarkKind::Context => {
                    context.take(&item, whole, &mut ready);
                    whole.clear();
                    results.0.clear();
                    let is_context = mark.kind == MarkKind::Context;
                    item = Item { number: 0, is_context, is_kept: part.filled == Filled::Now };
                }
                MarkKind::Result(len) => {
                    copied += usize::try_from(len).unwrap_or(usize::MAX);
                    let words = part.bytes.get(mark.at..copied).unwrap_or_default();
                    results.push(whole, |whole| {
                        whole.extend_from_slice(words);
                        let is_kept = details(whole);
                        item.is_kept |= is_kept;
                        *hits += u64::from(is_kept);
                        is_kept
                    });
                }
                MarkKind::Details => {
                    let is_kept = details(whole);
                    item.is_kept |= is_kept;
                    *hits += u64::from(is_kept);
                }
            }
        }
        whole.extend_from_slice(part.bytes.get(copied..).unwrap_or_default());
        context.take(&item, whole, &mut ready);
        out.write_all(&ready)?;
        *newlines_before += part.newlines;
        Ok(())
    }

    /// Starts the next source, whose lines are numbered from 1 again.
    pub fn next_source(&mut self) {
        self.newlines_before = 0;
        self.context.next_source();
    }

    /// Returns the number of hits that have been written.
    #[must_use]
    pub fn hits(&self) -> u64 {
        self.hits
    }
}

/// Appends a number in decimal. Faster than `write!`, which matters for the many numbers in an output.
pub(crate) fn push_number(bytes: &mut Vec<u8>, number: u64) {
    let mut digits = [b'0'; 20];
    let (mut start, mut rest) = (digits.len(), number);
    loop {
        start -= 1;
        digits[start] += (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break bytes.extend_from_slice(&digits[start..]);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Renders lines with two results each, and with line numbers.
    fn rendered(lines: u64) -> Rendered {
        let mut part = Rendered::new(Filled::Later);
        for line in 0..lines {
            part.begin_line();
            part.bytes().extend_from_slice(b"log:");
            part.line_number();
            part.bytes().extend_from_slice(b": [");
            for words in ["21 ok", "102 no"] {
                part.result(|bytes| bytes.extend_from_slice(words.as_bytes()), |_| unreachable!());
            }
            part.bytes().extend_from_slice(b"]\n");
            part.newlines = line + 1;
        }
        part.hits = 2 * lines;
        part
    }

    fn written(part: &Rendered, kept: &[bool]) -> String {
        let (mut numbering, mut out, mut kept) = (Numbering::default(), Vec::new(), kept.iter());
        let details = |bytes: &mut Vec<u8>| {
            bytes.extend_from_slice(b", ann");
            *kept.next().unwrap()
        };
        numbering.write_known(part, details, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_line_is_left_out_if_none_of_its_results_is_kept() {
        let part = rendered(3);
        let kept = [true, true, false, false, false, true];
        assert_eq!(written(&part, &kept), "log:1: [21 ok, ann; 102 no, ann]\nlog:3: [102 no, ann]\n");
        assert_eq!(written(&part, &[false; 6]), "");
    }

    #[test]
    fn a_result_is_repeated_only_if_something_else_is_known_of_it() {
        let mut part = Rendered::new(Filled::Now);
        part.begin_line();
        for user in ["ann", "bob", "ann"] {
            let push = |text: &'static str| move |bytes: &mut Vec<u8>| bytes.extend_from_slice(text.as_bytes());
            part.result(push("21 "), push(user));
        }
        assert_eq!(part.bytes, b"21 ann; 21 bob");
    }

    #[test]
    fn a_part_is_the_same_after_it_was_stored() {
        let part = rendered(3);
        let mut store = Vec::new();
        part.save(&mut store).unwrap();
        let loaded = Rendered::load(&mut &*store).unwrap();
        assert_eq!((&loaded.bytes, &loaded.marks), (&part.bytes, &part.marks));
        assert_eq!((loaded.newlines, loaded.hits), (3, 6));
        assert!(Rendered::load(&mut &store[..store.len() - 1]).is_err());
    }

    proptest! {
        #[test]
        fn a_number_is_written_in_decimal(number in prop_oneof![any::<u64>(), 0_u64..2000, Just(u64::MAX)]) {
            let mut bytes = b"line ".to_vec();
            push_number(&mut bytes, number);
            prop_assert_eq!(String::from_utf8(bytes).unwrap(), format!("line {number}"));
        }

        #[test]
        fn a_damaged_store_is_an_error_and_nothing_else(text in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Rendered::load(&mut &*text);
        }
    }
}
