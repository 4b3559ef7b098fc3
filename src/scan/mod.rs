//! Finds the results in chunks of text.
//!
//! The prefilter of the patterns gives candidates: positions where a pattern may match. For each candidate, a [`Scanner`] finds
//! the line around it, runs the patterns on that line, resolves each match to a code or name, reads its time, and passes it as a
//! [`Hit`] to a [`Sink`].
//!
//! Invariants:
//!
//! * The hits of a line depend only on that line and, for multi-line patterns, on a fixed number of bytes after it. They do not
//!   depend on where a chunk begins or ends, nor on the thread that scans it.
//! * Hits are delivered in the order in which they occur in the source.
//!
//! Each worker thread has its own scanner, which reuses its caches for all its chunks.

mod joined;
mod line;
pub mod proof;
pub mod trial;
mod wrapped;

pub use joined::{Joined, joined};

use std::iter;
use std::ops::Range;

use fearless_simd::Level;
use memchr::memchr;

use self::wrapped::Held;
use crate::catalogue::Catalogue;
use crate::chunk::{Chunk, Cut};
use crate::code::{Code, Key, MFA};
use crate::hit::{Capture, Captures, Hit};
use crate::near_miss::NearMiss;
use crate::pattern::{Candidate, Marks, Match, PatternSet, Readings, Scratch, Writers};
use crate::time::{self, Stamp};
use crate::units::{Reading, Units, Written};

/// The number of slots in a scanner's cache of symbols and texts. Logs use a few dozen. Two spellings with the same slot replace
/// each other.
const CACHE_SLOTS: usize = 1 << 10;
/// The longest symbol or text that is cached, in bytes. It is longer than any name in the catalogue.
const CACHED_SPELLING_LIMIT: usize = 128;
/// A number with up to this many digits always fits into a [`Code`].
const SURE_DIGITS: usize = 9;

/// Receives the hits of a scan, one call for each hit.
///
/// Every closure that takes a [`Hit`] is a sink. Types that implement this trait can also receive context, or have their methods
/// inlined.
pub trait Sink<'c> {
    /// Whether the sink joins lines to sign-ins. If so, it also receives context, and the captures of each hit include the
    /// process and thread that wrote the line. Both take time.
    const JOINS: bool = false;

    /// Receives the next hit, in the order of the source.
    fn take(&mut self, hit: Hit<'c>);

    /// Receives the next match of a pattern that finds context, such as the user of a sign-in, and no result. Its `key` has no
    /// meaning.
    fn context(&mut self, _: Hit<'c>) {}

    /// Whether the sink wants near misses. Finding them takes time in each line with a key word and no result. The sink must also join
    /// lines, because only then context is found, and a line with context is no near miss.
    #[inline(always)]
    fn wants_near_misses(&self) -> bool {
        false
    }

    /// Receives the next line that speaks of a call status but holds no result. Comes in the order of the source with the hits.
    fn near_miss(&mut self, _: NearMiss<'c>) {}
}

impl<'c, F: FnMut(Hit<'c>)> Sink<'c> for F {
    #[inline(always)]
    fn take(&mut self, hit: Hit<'c>) {
        self(hit);
    }
}

/// Finds the hits in chunks of text. One scanner is used for many chunks, one after another.
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

/// Converts matches to hits: resolves codes and reads times, with a cache for both.
#[derive(Debug)]
struct Resolver<'s> {
    set: &'s PatternSet,
    writers: Writers,
    catalogue: &'s Catalogue,
    times: time::Reader,
    /// What is known about the lines of the current chunk.
    written: Written,
    /// A cache of symbols and texts, each in the slot that [`slot`] returns. A lookup in the catalogue takes longer than the
    /// match, and the hash of a map takes as long as both.
    cache: Box<[Option<Spelling>; CACHE_SLOTS]>,
}

/// A symbol or text as written in a log, with the code or name to which it was resolved.
type Spelling = (Box<[u8]>, Key);

/// A line within a chunk, or a piece of an overlong line.
struct Line<'c> {
    /// The line without its line feed. If there are multi-line patterns, the lookahead follows.
    window: &'c [u8],
    /// The length of the line without its line end, in bytes. For a piece of an overlong line, the length of the piece.
    len: usize,
    /// Where the line starts in the chunk, in bytes.
    start: usize,
    /// Where the line starts in the source, in bytes.
    offset: u64,
    units: Units,
    /// How many bytes of the line `window` contains. Equal to `len`, except for a piece of an overlong line, where it includes
    /// some bytes after the cut.
    seen_len: usize,
    /// Whether the line continues after the end of `window`.
    continues: bool,
}

/// Where the prefilter has found literals of patterns in a line.
#[derive(Clone, Copy)]
enum Keys {
    /// It is not known whether there are any.
    Unknown,
    /// Only where a match of a pattern may start: the start, and the index of the pattern.
    Sole((usize, usize)),
    /// At the places that were recorded with [`PatternSet::note`].
    Noted,
}

impl<'s> Scanner<'s> {
    /// Creates a scanner for the patterns of `set`. Multi-line patterns see `lookahead_bytes` bytes beyond the end of a line, so
    /// the chunks must contain as many.
    #[must_use]
    pub fn new(set: &'s PatternSet, catalogue: &'s Catalogue, lookahead_bytes: usize) -> Scanner<'s> {
        let cache = Box::new([const { None }; CACHE_SLOTS]);
        let resolver = Resolver {
            set,
            writers: set.writers(),
            catalogue,
            times: time::Reader::default(),
            written: Written::default(),
            cache,
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

    /// Returns how many times were read since the last call that lie in an hour that clocks repeat or skip.
    pub fn take_changing_times(&mut self) -> u64 {
        self.resolver.times.take_changing()
    }

    /// Finds every hit in the lines of `chunk` and passes it to `sink`, a closure.
    pub fn scan<'c>(&mut self, chunk: &Chunk<'c>, sink: impl FnMut(Hit<'c>)) {
        self.scan_into(chunk, sink);
    }

    /// Finds every hit in the lines of `chunk` and passes it to `sink`. Like [`Scanner::scan`], but for sinks that are not
    /// closures.
    pub fn scan_into<'c>(&mut self, chunk: &Chunk<'c>, mut sink: impl Sink<'c>) {
        self.resolver.written = chunk.written;
        if chunk.cut == Cut::AtStrayByte {
            // Some of its last characters are wrong, and it is not known how many.
            return;
        }
        if chunk.cut != Cut::AtLineEnd {
            self.scan_piece(chunk, &mut sink);
        } else if self.set.reads_code_pages() {
            self.scan_lines::<true>(chunk, &mut sink);
        } else {
            self.scan_lines::<false>(chunk, &mut sink);
        }
    }

    /// Scans a chunk of whole lines. `READS_PAGES` is a constant so that sets without patterns for code pages do not pay for the
    /// search for text that is not UTF-8.
    fn scan_lines<'c, const READS_PAGES: bool>(&mut self, chunk: &Chunk<'c>, sink: &mut impl Sink<'c>) {
        let owned = chunk.owned();
        // The literal of a multi-line pattern may be in a later line than the start of the match, and so after the end of the
        // chunk.
        let searched = if self.set.looks_ahead() { chunk.with_lookahead() } else { owned };
        let mut marks = std::mem::take(&mut self.marks);
        let mut candidates = self.set.prefilter().candidates(searched, &mut marks);
        let mut next = || iter::from_fn(|| candidates.next()).find(|candidate| candidate.at < owned.len());
        let mut candidate = next();
        let mut invalid = InvalidUtf8::new(if READS_PAGES { searched } else { b"" });
        // A multi-line match may start in a line before the one that is not UTF-8.
        let reach = if self.set.looks_ahead() { self.lookahead_bytes + 1 } else { 0 };
        let mut from = 0;
        // The start of the last line that was searched, as an offset in the chunk and in the source.
        let (mut counted, mut offset) = (0, chunk.offset);
        while from < owned.len() {
            let other = if READS_PAGES { invalid.first_from(from) } else { None };
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
                match at.checked_sub(start) {
                    Some(at) => self.scan_sole(&line, (at, pattern), sink),
                    // The match would start before the line.
                    None => self.scan_wrapped(&line, Held::new(&line), Keys::Unknown, sink),
                }
                continue;
            }
            self.set.begin_line(&mut self.scratch);
            first.into_iter().for_each(|first| self.set.note(&mut self.scratch, first, start));
            while let Some(inside) = candidate.filter(is_inside) {
                self.set.note(&mut self.scratch, inside, start);
                candidate = next();
            }
            self.scan_line(&line, first.is_some(), sink);
        }
        self.marks = marks;
    }

    /// Returns the line at `range` of the chunk. `range` excludes the line feed. `offset` is the start of the line in the source.
    #[inline]
    fn line<'c>(&self, chunk: &Chunk<'c>, range: Range<usize>, offset: u64) -> Line<'c> {
        let all = chunk.with_lookahead();
        let line = &all[range.clone()];
        let len = line.strip_suffix(b"\r").unwrap_or(line).len();
        let next_line = (range.end + 1).min(chunk.owned().len());
        let seen = if self.set.looks_ahead() { next_line + self.lookahead_bytes } else { range.end };
        let mut window = &all[range.start..seen.min(all.len())];
        if self.set.looks_ahead() && self.set.reads_code_pages() && seen <= all.len() {
            window = without_divided(window, next_line - range.start);
        }
        Line { window, len, start: range.start, offset, units: chunk.written.units, seen_len: len, continues: false }
    }

    /// Scans a piece of an overlong line, and reports the matches that no cut divides. The search includes some bytes after the
    /// piece, so that a match does not end at the cut merely because the piece does.
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
            Line { window, len: len.min(seen_len), start: 0, offset, units, seen_len, continues: line_end.is_none() };
        if self.set.reads_code_pages() && std::str::from_utf8(window).is_err() {
            return self.scan_as_read(&line, sink);
        }
        let (mut previous, mut held) = (None, Held::new(&line));
        let mut matches = self.set.matches(&mut self.scratch, window, seen_len);
        while let Some(found) = matches.next() {
            held.miss(found.is_after_miss);
            let (pattern, span) = (found.pattern, found.span.clone());
            if !self.resolver.hit(&line, (&found, None), &mut previous, &mut held, sink) {
                matches.reject(pattern, &span);
            }
        }
        if !held.is_settled {
            self.scan_wrapped(&line, held, Keys::Unknown, sink);
        }
    }

    /// Scans a line that has only one candidate, given as its offset in the line and the index of its pattern.
    #[inline(always)]
    fn scan_sole<'c, S: Sink<'c>>(&mut self, line: &Line<'c>, candidate: (usize, usize), sink: &mut S) {
        // A match of context matters to other sinks only if it overlaps a match of another pattern. There is none here.
        if !S::JOINS && self.set.patterns()[candidate.1].role().is_context() {
            return;
        }
        let mut held = Held::new(line);
        let found = self.set.sole_match(&mut self.scratch, candidate, line.window, line.len);
        if let Some(found) = found {
            // Nothing else can be found in a line whose only literal belongs to a context.
            held.is_settled = found.is_context();
            self.resolver.hit(line, (&found, None), &mut None, &mut held, sink);
        }
        if !held.is_settled {
            self.scan_wrapped(line, held, Keys::Sole(candidate), sink);
        }
    }

    /// Scans a line whose candidates were recorded with [`PatternSet::note`].
    /// `has_key` is whether there are any.
    fn scan_line<'c>(&mut self, line: &Line<'c>, has_key: bool, sink: &mut impl Sink<'c>) {
        let (mut previous, mut held) = (None, Held::new(line));
        // Separate borrows: the matches borrow `scratch` while `resolver` converts them.
        let Scanner { set, scratch, resolver, .. } = self;
        let mut matches = set.matches_at_places(scratch, line.window, line.len);
        while let Some(found) = matches.next() {
            held.miss(found.is_after_miss);
            let (pattern, span) = (found.pattern, found.span.clone());
            if !resolver.hit(line, (&found, None), &mut previous, &mut held, sink) {
                matches.reject(pattern, &span);
            }
        }
        if !held.is_settled {
            self.scan_wrapped(line, held, if has_key { Keys::Noted } else { Keys::Unknown }, sink);
        }
    }

    /// Scans a line that is not valid UTF-8, both as bytes and decoded from its likely code page.
    #[inline(never)]
    fn scan_as_read<'c>(&mut self, line: &Line<'c>, sink: &mut impl Sink<'c>) {
        let (mut previous, mut held) = (None, Held::new(line));
        let Scanner { set, readings, resolver, .. } = self;
        let mut matches = set.matches_as_read(readings, line.window, line.seen_len);
        while let Some((found, reading)) = matches.next() {
            resolver.hit(line, (&found, reading), &mut previous, &mut held, sink);
        }
        // Such a line is not unwrapped: a byte that looks like the beginning of an escape may be part of a character.
        let is_empty = held.is_empty();
        held.flush(sink);
        if is_empty && sink.wants_near_misses() {
            self.near_miss(line, Keys::Unknown, sink);
        }
    }
}

impl Scanner<'_> {
    /// Passes a line in which nothing was found to `sink` if it has key words as it is. Nothing else may have been searched since the
    /// places in the line were recorded.
    #[cold]
    #[inline(never)]
    fn near_miss<'c>(&mut self, line: &Line<'c>, keys: Keys, sink: &mut impl Sink<'c>) {
        let raw = line.within_cut();
        let is_only_named = match keys {
            Keys::Unknown => false,
            Keys::Sole(place) => self.set.is_only_named(place, raw),
            Keys::Noted => self.set.are_only_named(&self.scratch, raw),
        };
        if !is_only_named && let Some(words) = self.set.key_words(&mut self.marks, raw) {
            sink.near_miss(line.near_miss(words));
        }
    }
}

impl<'c> Line<'c> {
    /// Returns the line, or the piece of it, without what follows a cut, which belongs to the next piece.
    fn within_cut(&self) -> &'c [u8] {
        &self.window[..self.len]
    }

    /// Returns the line as a near miss with these key words.
    fn near_miss(&self, words: Range<usize>) -> NearMiss<'c> {
        let Line { start, offset, units, .. } = *self;
        NearMiss { line: self.within_cut(), line_start: start, line_offset: offset, units, words }
    }
}

/// Whether unknown names can be results in a line, for each pattern for which that was asked. So a line is searched only once for
/// the sign of each pattern.
#[derive(Debug, Default)]
struct Signs(Vec<(usize, bool)>);

impl Signs {
    /// Whether an unknown name that a pattern found can be a result in a line, of which `texts` are the readings.
    #[cold]
    fn vouch(&mut self, set: &PatternSet, pattern: usize, texts: &[&[u8]]) -> bool {
        let known = self.0.iter().find(|(other, _)| *other == pattern);
        known.map(|(_, is_vouched)| *is_vouched).unwrap_or_else(|| {
            let is_vouched = texts.iter().any(|text| set.patterns()[pattern].takes_unknown_names(text));
            self.0.push((pattern, is_vouched));
            is_vouched
        })
    }
}

impl Line<'_> {
    /// Whether a match that ends at `end` crosses a cut of the line, or reaches the last byte that can be seen and may continue
    /// after it.
    #[inline]
    fn divides(&self, end: usize) -> bool {
        self.len < end && (self.len < self.seen_len || self.continues) || self.continues && end == self.seen_len
    }
}

/// Searches a text for invalid UTF-8.
struct InvalidUtf8<'t> {
    text: &'t [u8],
    /// The first position that is not valid UTF-8 and has not been passed yet.
    next: Option<usize>,
}

impl InvalidUtf8<'_> {
    fn new(text: &[u8]) -> InvalidUtf8<'_> {
        InvalidUtf8 { text, next: std::str::from_utf8(text).err().map(|wrong| wrong.valid_up_to()) }
    }

    /// Returns the first position at or after `start` that is not valid UTF-8. `start` must be the start of a line.
    fn first_from(&mut self, start: usize) -> Option<usize> {
        if self.next? < start {
            let rest = self.text.get(start..).unwrap_or_default();
            self.next = std::str::from_utf8(rest).err().map(|wrong| start + wrong.valid_up_to());
        }
        self.next
    }
}

impl Resolver<'_> {
    /// Converts a match in `line` to a hit and passes it to `sink`. `reading` is the decoded line if the match was found in that
    /// and not in the bytes. `line_time` caches the time of the line for the matches that follow.
    ///
    /// Returns false if the match is no result: an unknown name in a line without a sign. Such a line may be a near miss.
    //
    // Inlined, so that the compiler removes what a sink does not use: counting needs only the key.
    #[inline(always)]
    fn hit<'c, S: Sink<'c>>(
        &mut self,
        line: &Line<'c>,
        (found, reading): (&Match<'_>, Option<&Reading>),
        previous: &mut Option<(usize, Option<Stamp>)>,
        held: &mut Held<'c>,
        sink: &mut S,
    ) -> bool {
        let is_context = found.is_context();
        if is_context && !S::JOINS {
            return true;
        }
        let bytes_of = |part: Range<usize>| reading.map_or(part.clone(), |reading| reading.bytes_of(part));
        let span = bytes_of(found.span.clone());
        // If a cut divides a number, its first part is a different number.
        if line.divides(span.end) {
            return true;
        }
        // `get` instead of an index: the compiler can remove an unused value only if computing it cannot panic.
        let mut captures = Captures::new(|capture| line.window.get(bytes_of(found.capture(capture)?)));
        if S::JOINS {
            captures.add(Capture::User, self.written.user(&line.window[..line.len]));
            self.set.add_writer(&mut self.writers, found.pattern, &line.window[..line.len], &mut captures);
            captures.add(Capture::Host, self.written.computer(line.window));
        }
        let (text, text_len) =
            reading.map_or((line.window, line.len), |reading| (reading.text(), reading.at(line.len)));
        let captured = |capture| text.get(found.capture(capture)?);
        let key = if is_context {
            Key::Code(Code::NONE)
        } else {
            // An optional group that took no part in the match counts as empty text.
            self.resolve(found.pattern, captured(Capture::Code).unwrap_or_default(), captured(Capture::Text))
        };
        if !is_context && wrapped::is_unknown(self.catalogue, &key) {
            let seen_len = reading.map_or(line.seen_len, |reading| reading.at(line.seen_len));
            if !held.signs.vouch(self.set, found.pattern, &[&text[..seen_len]]) {
                return false;
            }
        }
        let time = match captured(Capture::Time) {
            Some(written) => self.written_time(found.pattern, written),
            None => self.own_time(&text[..text_len], &found.span, is_context, previous),
        };
        let hit = Hit {
            key,
            line: &line.window[..line.len],
            line_start: line.start,
            line_offset: line.offset,
            units: line.units,
            span: span.start..span.end.min(line.len),
            pattern: found.pattern,
            time,
            captures,
            unwrapped: None,
        };
        held.add(self.catalogue, hit, is_context, (text, found.span.end), sink);
        true
    }

    /// Returns the time of a result in a line. `previous` is the end and the time of the result before it.
    #[inline]
    fn own_time(
        &mut self,
        line: &[u8],
        span: &Range<usize>,
        is_context: bool,
        previous: &mut Option<(usize, Option<Stamp>)>,
    ) -> Option<Stamp> {
        let time = match *previous {
            Some(previous) => self.times.find_next(&self.written.form, line, span, previous),
            None => self.times.find_first(&self.written.form, line, span),
        };
        // Contexts are not read by every sink, so no time may depend on them.
        if !is_context {
            *previous = Some((span.end, time));
        }
        time
    }

    /// Reads the time in the group `time` of a pattern.
    #[inline]
    fn written_time(&mut self, pattern: usize, written: &[u8]) -> Option<Stamp> {
        match self.set.patterns()[pattern].time_form() {
            Some(shape) => self.times.read_as(shape, &self.written.form, written),
            None => self.times.read(&self.written.form, written),
        }
    }

    /// Returns the code or name for the value that a pattern captured. Most values are plain numbers, which need no catalogue.
    #[inline]
    fn resolve(&mut self, pattern: usize, written: &[u8], text: Option<&[u8]>) -> Key {
        if let Some(family) = self.set.patterns()[pattern].family() {
            return resolve(self.catalogue, family, written, text);
        }
        if text.is_none()
            && let Some(code) = plain_number(written)
        {
            return Key::Code(code);
        }
        self.resolve_spelling(written, text)
    }

    /// Returns the code or name for a captured value that is not a plain number, from the cache or from the catalogue.
    fn resolve_spelling(&mut self, written: &[u8], text: Option<&[u8]>) -> Key {
        let slot = slot(written);
        if let Some((spelling, key)) = &self.cache[slot]
            && **spelling == *written
        {
            return key.clone();
        }
        let key = resolve(self.catalogue, MFA, written, text);
        // Unknown values are not cached, because the catalogue may know the text next to them.
        let is_known = self.catalogue.entry(&key).is_some() && key == self.catalogue.resolve(written);
        if is_known && written.len() <= CACHED_SPELLING_LIMIT {
            self.cache[slot] = Some((written.into(), key.clone()));
        }
        key
    }
}

/// Returns `window` without its last character if that is incomplete and begins at or after `least`. An incomplete character
/// would make UTF-8 text look like text in a code page.
fn without_divided(window: &[u8], least: usize) -> &[u8] {
    const LONGEST_PART_BYTES: usize = 3;
    let is_part = |at: &usize| {
        let part = std::str::from_utf8(&window[*at..]);
        part.is_err_and(|error| error.valid_up_to() == 0 && error.error_len().is_none())
    };
    let first = window.len().saturating_sub(LONGEST_PART_BYTES).max(least);
    &window[..(first..window.len()).find(is_part).unwrap_or(window.len())]
}

/// Parses `written` as a number if it consists of 1 to [`SURE_DIGITS`] digits and nothing else.
fn plain_number(written: &[u8]) -> Option<Code> {
    if written.is_empty() || written.len() > SURE_DIGITS {
        return None;
    }
    let add = |sum: i32, byte: &u8| byte.is_ascii_digit().then(|| sum * 10 + i32::from(byte - b'0'));
    written.iter().try_fold(0, add).map(Code)
}

/// Returns the cache slot for a spelling. It depends on the length, the first bytes and the last bytes, by which most symbols
/// differ.
fn slot(written: &[u8]) -> usize {
    const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;
    let (head, tail) = match (written.first_chunk(), written.last_chunk()) {
        (Some(head), Some(tail)) => (u64::from_le_bytes(*head), u64::from_le_bytes(*tail)),
        _ => (written.iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte)), 0),
    };
    let mixed = (head ^ tail.rotate_left(23) ^ written.len() as u64).wrapping_mul(SPREAD);
    let [high, low, ..] = mixed.to_be_bytes();
    usize::from(u16::from_be_bytes([high, low])) % CACHE_SLOTS
}

/// Returns the code or name for a captured value and the text next to it.
///
/// If a symbol and a text disagree, the symbol decides, because texts were reworded between versions and symbols were not. The
/// text decides only if the catalogue does not know the symbol.
fn resolve(catalogue: &Catalogue, family: &str, written: &[u8], text: Option<&[u8]>) -> Key {
    let key = catalogue.resolve_in(family, written);
    if catalogue.entry(&key).is_some() {
        return key;
    }
    let by_text = text.map(|text| catalogue.resolve_in(family, text));
    // An empty text would resolve to "no call result", which is not what an unknown symbol means.
    by_text.filter(|by_text| *by_text != Key::Code(Code::NONE) && catalogue.entry(by_text).is_some()).unwrap_or(key)
}
