//! Searches log lines that another program has wrapped: as a JSON string, in XML or HTML, with terminal colours and so on.
//!
//! Invariants:
//!
//! * A line is first searched as it is. It is unwrapped only if it contains a literal of a pattern, or the last word of one after an
//!   escape as in `call%20status`, but no known result: no result at all, or only values that an escape cuts off, or names that the
//!   catalogue does not know, such as the `CONFIG` in `CONFIG\_ISSUE`. Therefore unwrapping never changes a known result that was already
//!   found.
//! * At most two rules are undone, one after the other. The combinations are tried in a fixed order. The first one that reveals a
//!   known result, or the rest of an unknown name, is used. If there is no such combination, the results of the line
//!   stay. If the line has none, the first combination with any result is used.
//! * A name such as `Pfauth` before the first result may begin a result that also includes the user. If unwrapping finds the same
//!   results, and a user with them, they replace the results of the line.
//! * A line of more than [`LONG_BYTES`] is often a whole file, or many records. In such a line, each rule adds results where there
//!   are none yet, and replaces unknown ones and those without a user.
//! * A line that is not UTF-8 is not unwrapped if it is decoded from a code page, because of a pattern with letters beyond ASCII or an
//!   encoding that the user chose.
//! * The positions of results are positions in the line as it is, while captured text is unwrapped.
//!
//! Undoing the rules takes time in proportion to the length of a line. The search that follows takes what it takes for any line.

mod rules;

use std::sync::Arc;

use self::rules::{OF_FILES, RULES, Rule, Unwrapped};
use super::{Keys, Line, Resolver, Scanner, Signs, Sink};
use crate::catalogue::Catalogue;
use crate::code::{Code, Key};
use crate::hit::{Capture, Captures, Hit};
use crate::time::Stamp;

/// The length in bytes above which a line is treated as a whole file or as many records.
pub(super) const LONG_BYTES: usize = 4 << 10;
/// How many lines of an unwrapped text are searched for a time of their own.
const LINES_WITHOUT_TIME: usize = 64;

/// The results and contexts of a line that are held back until it is decided whether the line is unwrapped.
pub(super) struct Held<'c> {
    found: Vec<Found<'c>>,
    /// Whether everything is held back to the end of the line, because unwrapping a long line may add other results.
    is_long: bool,
    /// Whether everything is held back because unwrapping may find the same results with a user.
    lacks_user: bool,
    /// Whether nothing is held back any more, because a known result or a context was found.
    pub(super) is_settled: bool,
    /// Whether the line has the signs of patterns that found unknown names in it.
    pub(super) signs: Signs,
}

/// A result or a context.
struct Found<'c> {
    hit: Hit<'c>,
    is_context: bool,
    /// Whether it is a result that is known and that nothing cuts off.
    is_known: bool,
}

impl<'c> Held<'c> {
    /// Creates the empty list for a line.
    #[inline(always)]
    pub(super) fn new(line: &Line<'c>) -> Held<'c> {
        let is_long = line.seen_len > LONG_BYTES && is_wrapped(&line.window[..line.seen_len]);
        Held { found: Vec::new(), is_long, lacks_user: false, is_settled: false, signs: Signs::default() }
    }

    /// Passes a hit to `sink`, or holds it back. `text` is what the match was found in, and `end` where the match ends in it.
    #[inline(always)]
    pub(super) fn add<S: Sink<'c>>(
        &mut self,
        catalogue: &Catalogue,
        hit: Hit<'c>,
        is_context: bool,
        (text, end): (&[u8], usize),
        sink: &mut S,
    ) {
        if !self.is_settled {
            let is_known = !is_context && !is_unknown(catalogue, &hit.key) && !is_cut(text, end);
            if self.is_long || self.lacks_user || !is_known {
                return self.hold(Found { hit, is_context, is_known });
            }
            self.settle(sink);
        }
        pass(Found { hit, is_context, is_known: true }, sink);
    }

    /// Records whether there is a place before the next hit at which a match could begin but does not.
    #[inline(always)]
    pub(super) fn miss(&mut self, is_missed: bool) {
        self.lacks_user |= is_missed && !self.is_settled;
    }

    #[cold]
    fn hold(&mut self, found: Found<'c>) {
        self.found.push(found);
    }

    /// Whether nothing has been found in the line.
    pub(super) fn is_empty(&self) -> bool {
        !self.is_settled && self.found.is_empty()
    }

    /// Passes everything that was held back to `sink`, and holds back nothing more.
    #[inline(always)]
    fn settle(&mut self, sink: &mut impl Sink<'c>) {
        self.is_settled = true;
        if !self.found.is_empty() {
            self.flush(sink);
        }
    }

    #[cold]
    pub(super) fn flush(&mut self, sink: &mut impl Sink<'c>) {
        self.found.drain(..).for_each(|found| pass(found, sink));
    }
}

#[inline(always)]
fn pass<'c>(found: Found<'c>, sink: &mut impl Sink<'c>) {
    if found.is_context {
        sink.context(found.hit);
    } else {
        sink.take(found.hit);
    }
}

/// Whether a rule for whole files changes a long line.
#[cold]
fn is_wrapped(line: &[u8]) -> bool {
    OF_FILES.iter().any(|rule| rule.applies(line))
}

/// Whether a result is a name that the catalogue does not know.
#[inline(always)]
pub(super) fn is_unknown(catalogue: &Catalogue, key: &Key) -> bool {
    matches!(key, Key::Name(_)) && catalogue.entry(key).is_none()
}

/// Whether an escape or a terminal sequence follows at `end`, so that there may be more of a value.
#[inline(always)]
fn is_cut(text: &[u8], end: usize) -> bool {
    match text.get(end) {
        Some(0x1b) => true,
        Some(b'\\') => text.get(end + 1) == Some(&b'_'),
        Some(b'&') => text.get(end + 1) == Some(&b'#'),
        _ => false,
    }
}

impl Scanner<'_> {
    /// Unwraps a line without a known result, and passes its results to `sink`: those that were held back, or those that
    /// unwrapping reveals. `keys` says where the line has literals of patterns.
    #[cold]
    #[inline(never)]
    pub(super) fn scan_wrapped<'c, S: Sink<'c>>(
        &mut self,
        line: &Line<'c>,
        mut held: Held<'c>,
        keys: Keys,
        sink: &mut S,
    ) {
        if matches!(keys, Keys::Unknown) && !self.set.has_candidate(&mut self.marks, &line.window[..line.seen_len]) {
            return held.flush(sink);
        }
        let raw = &line.window[..line.seen_len];
        let may_apply = rules::may_apply(self.level, raw);
        let rules: Vec<&Rule> =
            RULES.into_iter().filter(|rule| rule.is_among(may_apply) && rule.applies(raw)).collect();
        if rules.is_empty() {
            if held.is_empty() && sink.wants_near_misses() {
                self.near_miss(line, keys, sink);
            }
            return held.flush(sink);
        }
        let once = || rules.iter().filter_map(|rule| rule.undo(raw, None));
        let twice =
            || once().flat_map(|first| RULES.into_iter().filter_map(move |rule| rule.undo(&first.text, Some(&first))));
        let all = if held.is_long {
            let (all, is_changed) = self.merged::<S>(line, held.found, once());
            if is_changed { all } else { self.merged::<S>(line, all, twice()).0 }
        } else {
            self.best::<S>(line, held.found, once().chain(twice()))
        };
        if all.is_empty() && sink.wants_near_misses() {
            self.near_miss_wrapped(line, &rules, sink);
        }
        all.into_iter().for_each(|found| pass(found, sink));
    }

    /// Passes a line in which nothing was found to `sink` if it has key words, as it is or with one of `rules` undone.
    #[cold]
    fn near_miss_wrapped<'c>(&mut self, line: &Line<'c>, rules: &[&Rule], sink: &mut impl Sink<'c>) {
        let raw = line.within_cut();
        let Scanner { set, marks, .. } = self;
        let words = set.key_words(marks, raw).or_else(|| {
            let mut ways = rules.iter().filter_map(|rule| rule.undo(raw, None));
            ways.find_map(|way| Some(way.place(set.key_words(marks, &way.text)?)))
        });
        if let Some(words) = words {
            sink.near_miss(line.near_miss(words));
        }
    }

    /// Returns the results of a line in which `found` was found as it is, by the first of the `ways` to unwrap it that finds more.
    fn best<'c, S: Sink<'c>>(
        &mut self,
        line: &Line<'c>,
        found: Vec<Found<'c>>,
        ways: impl Iterator<Item = Unwrapped>,
    ) -> Vec<Found<'c>> {
        let is_result = |one: &Found<'_>| !one.is_context;
        let is_known = found.iter().any(|one| one.is_known);
        if is_known && found.iter().any(|one| one.hit.user().is_some()) {
            return found;
        }
        let mut unknown: Vec<Found<'c>> = Vec::new();
        for unwrapped in ways {
            let new = self.found_in::<S>(line, &unwrapped);
            let is_better = match is_known {
                true => adds_user(&found, &new),
                false => new.iter().any(|one| one.is_known) || completes(&found, &new),
            };
            if is_better {
                return new;
            }
            if !unknown.iter().any(is_result) && !new.is_empty() {
                unknown = new;
            }
        }
        if found.iter().any(is_result) || !unknown.iter().any(is_result) { found } else { unknown }
    }

    /// Adds what each way to unwrap a long line finds where nothing is, or only unknown names, or the same result without a user. Returns
    /// whether there was any.
    fn merged<'c, S: Sink<'c>>(
        &mut self,
        line: &Line<'c>,
        mut all: Vec<Found<'c>>,
        ways: impl Iterator<Item = Unwrapped>,
    ) -> (Vec<Found<'c>>, bool) {
        let mut is_changed = false;
        for unwrapped in ways {
            let mut merged: Vec<Found<'c>> = Vec::new();
            let mut known = all.into_iter().peekable();
            for new in self.found_in::<S>(line, &unwrapped) {
                let span = new.hit.span.clone();
                merged.extend(std::iter::from_fn(|| known.next_if(|one| one.hit.span.end <= span.start)));
                let others: Vec<_> =
                    std::iter::from_fn(|| known.next_if(|one| one.hit.span.start < span.end)).collect();
                let is_free = merged.last().is_none_or(|last| last.hit.span.end <= span.start);
                let is_better = match &others[..] {
                    [] => true,
                    [one] if one.is_known => {
                        one.hit.key == new.hit.key && one.hit.user().is_none() && new.hit.user().is_some()
                    }
                    others => new.is_known && others.iter().all(|one| !one.is_known),
                };
                if is_free && is_better {
                    merged.push(new);
                    is_changed = true;
                } else {
                    merged.extend(others);
                }
            }
            merged.extend(known);
            all = merged;
        }
        (all, is_changed)
    }

    /// Returns the results and contexts in an unwrapped line, with their positions in the line as it is.
    fn found_in<'c, S: Sink<'c>>(&mut self, line: &Line<'c>, unwrapped: &Unwrapped) -> Vec<Found<'c>> {
        let mut all = Vec::new();
        let text = unwrapped.text.as_slice();
        let Scanner { set, scratch, resolver, lookahead_bytes, .. } = self;
        let (mut start, mut timed) = (0, None);
        // An escaped line end in a string has become a real one.
        for whole in text.split_inclusive(|&byte| byte == b'\n') {
            let inner = whole.strip_suffix(b"\n").unwrap_or(whole);
            let inner = inner.strip_suffix(b"\r").unwrap_or(inner);
            let seen = if set.looks_ahead() { whole.len() + *lookahead_bytes } else { inner.len() };
            let window = &text[start..text.len().min(start + seen)];
            let (mut previous, mut signs) = (None, Signs::default());
            let mut matches = set.matches(scratch, window, inner.len());
            while let Some(found) = matches.next() {
                let is_context = found.is_context();
                let span = unwrapped.place(start + found.span.start..start + found.span.end);
                if is_context && !S::JOINS || line.divides(span.end) {
                    continue;
                }
                let mut captures = Captures::new(|capture| window.get(found.capture(capture)?));
                let key = if is_context {
                    Key::Code(Code::NONE)
                } else {
                    resolver.resolve(
                        found.pattern,
                        captures[Capture::Code].unwrap_or_default(),
                        captures[Capture::Text],
                    )
                };
                // The program that wrapped the line may have written the sign.
                let texts = [inner, &line.window[..line.seen_len]];
                if !is_context && is_unknown(resolver.catalogue, &key) && !signs.vouch(set, found.pattern, &texts) {
                    let (pattern, span) = (found.pattern, found.span.clone());
                    matches.reject(pattern, &span);
                    continue;
                }
                if S::JOINS {
                    captures.add(Capture::User, resolver.written.user(&line.window[..line.len]));
                    set.add_writer(&mut resolver.writers, found.pattern, inner, &mut captures);
                    captures.add(Capture::Host, resolver.written.computer(line.window));
                }
                let time = match captures[Capture::Time] {
                    Some(written) => resolver.written_time(found.pattern, written),
                    None => {
                        let own = resolver.own_time(inner, &found.span, is_context, &mut previous);
                        own.or_else(|| resolver.time_around(line, text, inner.len() == text.len(), &mut timed))
                    }
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
                    captures: Captures::new(|capture| {
                        let part = found.capture(capture).filter(|part| !part.is_empty())?;
                        line.window.get(unwrapped.place(start + part.start..start + part.end))
                    }),
                    unwrapped: Some(Arc::new(Captures::new(|capture| captures[capture].map(Box::from)))),
                };
                let is_known = !is_context && !is_unknown(resolver.catalogue, &hit.key);
                let is_known = is_known && !is_cut(window, found.span.end);
                all.push(Found { hit, is_context, is_known });
            }
            start += whole.len();
        }
        all
    }
}

impl Resolver<'_> {
    /// Returns the time of the line around an unwrapped text, unless several lines in the text have times of their own. `timed` is
    /// whether that is so, once it is known.
    fn time_around(
        &mut self,
        line: &Line<'_>,
        text: &[u8],
        is_one_line: bool,
        timed: &mut Option<bool>,
    ) -> Option<Stamp> {
        let several = || {
            let lines = text.split(|&byte| byte == b'\n').take(LINES_WITHOUT_TIME);
            lines.filter(|inner| self.times.find(&self.written.form, inner).is_some()).take(2).count() == 2
        };
        if !is_one_line && *timed.get_or_insert_with(several) {
            return None;
        }
        self.times.find(&self.written.form, &line.window[..line.len])
    }
}

/// Whether `new` contains all results of `found`, and a user.
fn adds_user(found: &[Found<'_>], new: &[Found<'_>]) -> bool {
    let is_same = |one: &Found<'_>, other: &Found<'_>| {
        let (mine, theirs) = (&one.hit.span, &other.hit.span);
        one.hit.key == other.hit.key && mine.start < theirs.end && theirs.start < mine.end
    };
    let mut results = found.iter().filter(|one| !one.is_context);
    results.all(|one| new.iter().any(|other| is_same(one, other))) && new.iter().any(|one| one.hit.user().is_some())
}

/// Whether the names in `found` are the names in `new`, cut off by an escape.
fn completes(found: &[Found<'_>], new: &[Found<'_>]) -> bool {
    let is_longer = |(one, other): (&Found<'_>, &Found<'_>)| match (&one.hit.key, &other.hit.key) {
        (Key::Name(cut), Key::Name(whole)) => {
            whole.as_str().len() > cut.as_str().len() && whole.as_str().starts_with(cut.as_str())
        }
        _ => false,
    };
    !found.is_empty() && found.len() == new.len() && found.iter().zip(new).all(is_longer)
}
