//! Scanning: chunk in, hits out. From a candidate of the prefilter to its line, the matches in it, and their codes.
//!
//! Invariants:
//!
//! * The hits of a line depend on that line and, for multi-line patterns, on a fixed number of bytes after it. They do not
//!   depend on where a chunk begins or ends, nor on the thread that scans it.
//! * Hits are delivered in the order of the source.
//!
//! Each worker has its own scanner, whose caches are reused from chunk to chunk.

mod joined;
mod line;
pub mod proof;
pub mod trial;

pub use joined::{Joined, joined};

use std::iter;
use std::ops::Range;

use fearless_simd::Level;
use memchr::memchr;

use crate::catalogue::Catalogue;
use crate::chunk::{Chunk, Cut};
use crate::code::{Code, Key};
use crate::hit::{Capture, Captures, Hit};
use crate::pattern::{Candidate, Marks, Match, PatternSet, Readings, Scratch, Writers};
use crate::time::{self, Form, Stamp};
use crate::units::{Reading, Units};

/// How many spellings of codes a scanner caches. Logs use a few dozen. Two spellings with the same slot replace each other.
const REMEMBERED_PLACES: usize = 1 << 10;
/// The longest spelling that is cached, in bytes: longer than any name in the catalogue.
const REMEMBERED_BYTES: usize = 128;
/// The most digits that always fit into a code.
const SURE_DIGITS: usize = 9;

/// Takes hits, one after another. Every closure is a sink; a type of its own can also ask to be inlined.
pub trait Sink<'c> {
    /// Whether the sink also takes contexts, and wants to know who wrote each line. Both take time.
    const JOINS: bool = false;

    /// Takes the next hit.
    fn take(&mut self, hit: Hit<'c>);

    /// Takes the next match of a pattern that finds context. Its key means nothing.
    fn context(&mut self, _: Hit<'c>) {}
}

impl<'c, F: FnMut(Hit<'c>)> Sink<'c> for F {
    #[inline(always)]
    fn take(&mut self, hit: Hit<'c>) {
        self(hit);
    }
}

/// Finds the hits in one chunk after another.
///
/// # Examples
///
/// ```
/// use callcodes::{catalogue::Catalogue, chunk::Chunk, config, pattern::PatternSet, scan::Scanner};
///
/// let set = PatternSet::compile(&config::built_in())?;
/// let mut scanner = Scanner::new(&set, Catalogue::built_in(), 512);
/// let mut codes = Vec::new();
/// scanner.scan(&Chunk::whole(b"rawCallStatus = 21\nno result\nrawCallStatus = 102\n"), |hit| {
///     codes.push((hit.line_offset, hit.key.to_string()));
/// });
/// assert_eq!(codes, [(0, "21".to_owned()), (29, "102".to_owned())]);
/// # Ok::<_, callcodes::pattern::diagnostic::Diagnostic>(())
/// ```
#[derive(Debug)]
pub struct Scanner<'s> {
    set: &'s PatternSet,
    scratch: Scratch,
    marks: Marks,
    level: Level,
    lookahead_bytes: usize,
    resolver: Resolver<'s>,
    readings: Readings,
}

/// Finds the code and the time of a match, and caches both.
#[derive(Debug)]
struct Resolver<'s> {
    set: &'s PatternSet,
    writers: Writers,
    catalogue: &'s Catalogue,
    times: time::Reader,
    /// The form of the times in the current source.
    form: Form,
    /// A cache of symbols and texts, each in the slot that [`place`] gives. Looking a spelling up in the catalogue takes longer
    /// than the match, and the hash of a map as long as both.
    remembered: Box<[Option<Spelling>; REMEMBERED_PLACES]>,
}

/// A code as written in a log, and what it was resolved to.
type Spelling = (Box<[u8]>, Key);

/// A line within a chunk.
struct Line<'c> {
    /// The line without its line end, then what multi-line patterns may see.
    window: &'c [u8],
    len: usize,
    start: usize,
    /// The offset of the line in the source.
    offset: u64,
    units: Units,
    /// How many bytes of the line can be seen. For a piece of an overlong line, this includes some bytes after the cut.
    seen_len: usize,
    /// Whether the line continues after that.
    goes_on: bool,
}

impl<'s> Scanner<'s> {
    /// Creates a scanner for the patterns of `set`. Multi-line patterns see `lookahead_bytes` beyond the end of a line; the
    /// chunks must contain them.
    #[must_use]
    pub fn new(set: &'s PatternSet, catalogue: &'s Catalogue, lookahead_bytes: usize) -> Scanner<'s> {
        let remembered = Box::new([const { None }; REMEMBERED_PLACES]);
        let resolver = Resolver {
            set,
            writers: set.writers(),
            catalogue,
            times: time::Reader::default(),
            form: Form::default(),
            remembered,
        };
        Scanner {
            set,
            scratch: set.scratch(),
            marks: Marks::default(),
            level: Level::new(),
            lookahead_bytes,
            resolver,
            readings: set.readings(),
        }
    }

    /// Passes every hit in the lines of `chunk` to `sink`.
    pub fn scan<'c>(&mut self, chunk: &Chunk<'c>, sink: impl FnMut(Hit<'c>)) {
        self.scan_into(chunk, sink);
    }

    /// Passes every hit in the lines of `chunk` to `sink`, which need not be a closure.
    pub fn scan_into<'c>(&mut self, chunk: &Chunk<'c>, mut sink: impl Sink<'c>) {
        self.resolver.form = chunk.written.form;
        if chunk.cut != Cut::AtLineEnd {
            self.scan_piece(chunk, &mut sink);
        } else if self.set.reads_code_pages() {
            self.scan_lines::<true>(chunk, &mut sink);
        } else {
            self.scan_lines::<false>(chunk, &mut sink);
        }
    }

    /// Scans whole lines. `READS_PAGES` is a constant, so that a set without patterns for code pages does not pay for the search
    /// for text that is not UTF-8.
    fn scan_lines<'c, const READS_PAGES: bool>(&mut self, chunk: &Chunk<'c>, sink: &mut impl Sink<'c>) {
        let owned = chunk.owned();
        // A literal of a multi-line pattern may extend beyond a cut.
        let searched = if self.set.looks_ahead() { chunk.with_lookahead() } else { owned };
        let mut marks = std::mem::take(&mut self.marks);
        let mut candidates = self.set.prefilter().candidates(searched, &mut marks);
        let mut next = || iter::from_fn(|| candidates.next()).find(|candidate| candidate.at < owned.len());
        let mut candidate = next();
        let mut others = Others::new(if READS_PAGES { searched } else { b"" });
        // A multi-line match may start in an earlier line than the text that is not UTF-8.
        let reach = if self.set.looks_ahead() { self.lookahead_bytes + 1 } else { 0 };
        let mut from = 0;
        // The start of the last line that was searched, in the chunk and in the source.
        let (mut counted, mut offset) = (0, chunk.offset);
        while from < owned.len() {
            let other = if READS_PAGES { others.first_from(from) } else { None };
            let other = other.map(|at| at.saturating_sub(reach).max(from)).filter(|&at| at < owned.len());
            let inside = match (candidate, other) {
                _ if self.set.searches_every_line() => from,
                (Some(Candidate { at, .. }), other) => other.map_or(at, |other| at.min(other)),
                (None, Some(other)) => other,
                (None, None) => break,
            };
            let Range { start, end } = line::around(self.level, owned, from, inside);
            offset += chunk.written.units.source_bytes(&owned[counted..start]);
            counted = start;
            let line = self.line(chunk, start..end, offset);
            from = end + 1;
            let is_inside = |candidate: &Candidate<'_>| candidate.at <= end;
            if other.is_some_and(|other| other <= end) && std::str::from_utf8(line.window).is_err() {
                while candidate.filter(is_inside).is_some() {
                    candidate = next();
                }
                self.scan_as_read(&line, sink);
                continue;
            }
            let first = candidate.filter(is_inside);
            if first.is_some() {
                candidate = next();
            }
            let is_sole = candidate.filter(is_inside).is_none() && !self.set.searches_every_line();
            if let Some((at, pattern)) = first.filter(|_| is_sole).and_then(Candidate::sole) {
                if let Some(at) = at.checked_sub(start) {
                    self.scan_place(&line, (at, pattern), sink);
                }
                continue;
            }
            self.set.begin_line(&mut self.scratch);
            first.into_iter().for_each(|first| self.set.note(&mut self.scratch, first, start));
            while let Some(inside) = candidate.filter(is_inside) {
                self.set.note(&mut self.scratch, inside, start);
                candidate = next();
            }
            self.scan_line(&line, sink);
        }
        self.marks = marks;
    }

    /// Returns the line at `range` of the chunk, which excludes its line feed, and at `offset` in the source.
    #[inline]
    fn line<'c>(&self, chunk: &Chunk<'c>, range: Range<usize>, offset: u64) -> Line<'c> {
        let all = chunk.with_lookahead();
        let line = &all[range.clone()];
        let len = line.strip_suffix(b"\r").unwrap_or(line).len();
        let behind = (range.end + 1).min(chunk.owned().len());
        let seen = if self.set.looks_ahead() { behind + self.lookahead_bytes } else { range.end };
        let mut window = &all[range.start..seen.min(all.len())];
        if self.set.looks_ahead() && self.set.reads_code_pages() && seen <= all.len() {
            window = without_divided(window, behind - range.start);
        }
        Line { window, len, start: range.start, offset, units: chunk.written.units, seen_len: len, goes_on: false }
    }

    /// Scans a piece of an overlong line. A match counts if the line has it, as far as the line can be seen, and if no cut
    /// divides it.
    #[inline(never)]
    fn scan_piece<'c>(&mut self, chunk: &Chunk<'c>, sink: &mut impl Sink<'c>) {
        let (all, len) = (chunk.with_lookahead(), chunk.owned().len());
        let mut window = &all[..all.len().min(len + self.lookahead_bytes)];
        if self.set.reads_code_pages() && len + self.lookahead_bytes <= all.len() {
            window = without_divided(window, len);
        }
        let line_end = memchr(b'\n', window);
        let seen = &window[..line_end.unwrap_or(window.len())];
        let seen_len = seen.strip_suffix(b"\r").unwrap_or(seen).len();
        let (offset, units) = (chunk.offset, chunk.written.units);
        let line =
            Line { window, len: len.min(seen_len), start: 0, offset, units, seen_len, goes_on: line_end.is_none() };
        if self.set.reads_code_pages() && std::str::from_utf8(window).is_err() {
            return self.scan_as_read(&line, sink);
        }
        let mut previous = None;
        let mut matches = self.set.matches(&mut self.scratch, window, seen_len);
        while let Some(found) = matches.next() {
            self.resolver.hit(&line, (&found, None), &mut previous, sink);
        }
    }

    /// Scans a line in which only one pattern may match, at one place.
    #[inline(always)]
    fn scan_place<'c, S: Sink<'c>>(&mut self, line: &Line<'c>, place: (usize, usize), sink: &mut S) {
        // No other pattern may match in the line, so a context takes nothing from one.
        if !S::JOINS && self.set.patterns()[place.1].role().is_context() {
            return;
        }
        let found = self.set.sole_match(&mut self.scratch, place, line.window, line.len);
        if let Some(found) = found {
            self.resolver.hit(line, (&found, None), &mut None, sink);
        }
    }

    /// Scans a line whose candidates have been recorded.
    fn scan_line<'c>(&mut self, line: &Line<'c>, sink: &mut impl Sink<'c>) {
        let mut previous = None;
        // Split borrows: the matches hold the scratch while their values are resolved.
        let Scanner { set, scratch, resolver, .. } = self;
        let mut matches = set.matches_at_places(scratch, line.window, line.len);
        while let Some(found) = matches.next() {
            resolver.hit(line, (&found, None), &mut previous, sink);
        }
    }

    /// Scans a line that is not UTF-8, both as bytes and as text in code pages.
    #[inline(never)]
    fn scan_as_read<'c>(&mut self, line: &Line<'c>, sink: &mut impl Sink<'c>) {
        let mut previous = None;
        let Scanner { set, readings, resolver, .. } = self;
        let mut matches = set.matches_as_read(readings, line.window, line.seen_len);
        while let Some((found, reading)) = matches.next() {
            resolver.hit(line, (&found, reading), &mut previous, sink);
        }
    }
}

impl Line<'_> {
    /// Whether a cut divides, or may divide, a match that ends at `end`.
    #[inline]
    fn divides(&self, end: usize) -> bool {
        self.len < end && (self.len < self.seen_len || self.goes_on) || self.goes_on && end == self.seen_len
    }
}

/// Searches a text for what is not UTF-8.
struct Others<'t> {
    text: &'t [u8],
    /// The first position that is not UTF-8 and has not been passed.
    next: Option<usize>,
}

impl Others<'_> {
    fn new(text: &[u8]) -> Others<'_> {
        Others { text, next: std::str::from_utf8(text).err().map(|wrong| wrong.valid_up_to()) }
    }

    /// Returns the first position from `start` on that is not UTF-8. `start` must be the start of a line.
    fn first_from(&mut self, start: usize) -> Option<usize> {
        if self.next? < start {
            let rest = self.text.get(start..).unwrap_or_default();
            self.next = std::str::from_utf8(rest).err().map(|wrong| start + wrong.valid_up_to());
        }
        self.next
    }
}

impl Resolver<'_> {
    // Inlined, so that the compiler removes what a sink does not use: counting needs the key alone.
    #[inline(always)]
    fn hit<'c, S: Sink<'c>>(
        &mut self,
        line: &Line<'c>,
        (found, reading): (&Match<'_>, Option<&Reading>),
        previous: &mut Option<(usize, Option<Stamp>)>,
        sink: &mut S,
    ) {
        let is_context = found.is_context();
        if is_context && !S::JOINS {
            return;
        }
        let bytes_of = |part: Range<usize>| reading.map_or(part.clone(), |reading| reading.bytes_of(part));
        let span = bytes_of(found.span.clone());
        // A number that is cut in two is another number.
        if line.divides(span.end) {
            return;
        }
        // `get` instead of an index: only what cannot panic can be removed if it is not used.
        let mut captures = Captures::new(|capture| line.window.get(bytes_of(found.capture(capture)?)));
        if S::JOINS {
            self.set.add_writer(&mut self.writers, found.pattern, &line.window[..line.len], &mut captures);
        }
        let (text, text_len) =
            reading.map_or((line.window, line.len), |reading| (reading.text(), reading.at(line.len)));
        let captured = |capture| text.get(found.capture(capture)?);
        let time = match captured(Capture::Time) {
            Some(written) => match self.set.patterns()[found.pattern].time_form() {
                Some(shape) => self.times.read_as(shape, &self.form, written),
                None => self.times.read(&self.form, written),
            },
            None => {
                let line = &text[..text_len];
                let time = match *previous {
                    Some(previous) => self.times.find_next(&self.form, line, &found.span, previous),
                    None => self.times.find_first(&self.form, line, &found.span),
                };
                // Contexts are not read by every sink, so no time may depend on them.
                if !is_context {
                    *previous = Some((found.span.end, time));
                }
                time
            }
        };
        let hit = Hit {
            key: if is_context {
                Key::Code(Code::NONE)
            } else {
                // A group that took no part in the match stands for an empty text.
                self.resolve(captured(Capture::Code).unwrap_or_default(), captured(Capture::Text))
            },
            line: &line.window[..line.len],
            line_start: line.start,
            line_offset: line.offset,
            units: line.units,
            span: span.start..span.end.min(line.len),
            pattern: found.pattern,
            time,
            captures,
        };
        if is_context {
            sink.context(hit);
        } else {
            sink.take(hit);
        }
    }

    /// Returns the code or name for a written value. Most are plain numbers, which need no catalogue.
    #[inline]
    fn resolve(&mut self, written: &[u8], text: Option<&[u8]>) -> Key {
        if text.is_none()
            && let Some(code) = plain_number(written)
        {
            return Key::Code(code);
        }
        self.resolve_spelling(written, text)
    }

    /// Returns the code or name for a value that is not a plain number, from the cache or from the catalogue.
    fn resolve_spelling(&mut self, written: &[u8], text: Option<&[u8]>) -> Key {
        let place = place(written);
        if let Some((remembered, key)) = &self.remembered[place]
            && **remembered == *written
        {
            return key.clone();
        }
        let key = resolve(self.catalogue, written, text);
        // Unknown values are not cached, because the text beside them may be known.
        let is_known = self.catalogue.entry(&key).is_some() && key == self.catalogue.resolve(written);
        if is_known && written.len() <= REMEMBERED_BYTES {
            self.remembered[place] = Some((written.into(), key.clone()));
        }
        key
    }
}

/// Returns `window` without the character that its end divides, if that begins at `least` or after it. Such a character
/// would make a line of UTF-8 look like one in a code page.
fn without_divided(window: &[u8], least: usize) -> &[u8] {
    const LONGEST_PART_BYTES: usize = 3;
    let is_part = |at: &usize| {
        let part = std::str::from_utf8(&window[*at..]);
        part.is_err_and(|error| error.valid_up_to() == 0 && error.error_len().is_none())
    };
    let first = window.len().saturating_sub(LONGEST_PART_BYTES).max(least);
    &window[..(first..window.len()).find(is_part).unwrap_or(window.len())]
}

/// The number, if that is all there is, and a small one.
fn plain_number(written: &[u8]) -> Option<Code> {
    if written.is_empty() || written.len() > SURE_DIGITS {
        return None;
    }
    let add = |sum: i32, byte: &u8| byte.is_ascii_digit().then(|| sum * 10 + i32::from(byte - b'0'));
    written.iter().try_fold(0, add).map(Code)
}

/// Returns the cache slot for a spelling. It depends on the length, the beginning and the end, in which symbols differ.
fn place(written: &[u8]) -> usize {
    const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;
    let (head, tail) = match (written.first_chunk(), written.last_chunk()) {
        (Some(head), Some(tail)) => (u64::from_le_bytes(*head), u64::from_le_bytes(*tail)),
        _ => (written.iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte)), 0),
    };
    let mixed = (head ^ tail.rotate_left(23) ^ written.len() as u64).wrapping_mul(SPREAD);
    let [high, low, ..] = mixed.to_be_bytes();
    usize::from(u16::from_be_bytes([high, low])) % REMEMBERED_PLACES
}

/// Returns the code or name for a written value and the text beside it.
///
/// Where a symbol and a text disagree, the symbol decides, because texts were reworded between versions and symbols were not.
/// Only if the catalogue does not know the symbol does the text decide.
fn resolve(catalogue: &Catalogue, written: &[u8], text: Option<&[u8]>) -> Key {
    let key = catalogue.resolve(written);
    if catalogue.entry(&key).is_some() {
        return key;
    }
    let by_text = text.map(|text| catalogue.resolve(text));
    // An empty text would mean "no call result", which the unknown symbol does not say.
    by_text.filter(|by_text| *by_text != Key::Code(Code::NONE) && catalogue.entry(by_text).is_some()).unwrap_or(key)
}
