//! Searches log lines that another program has wrapped: as a JSON string, in XML or HTML, with terminal colours and so on.
//!
//! Invariants:
//!
//! * A line is first searched as it is. It is unwrapped only if it contains a literal of a pattern but no known result: no
//!   result at all, or only names that the catalogue does not know, such as the `CONFIG` in `CONFIG\_ISSUE`. Therefore unwrapping
//!   never changes a result that was already found.
//! * At most two rules are undone, one after the other. The combinations are tried in a fixed order. The first one that reveals a
//!   known result, or the rest of an unknown name, is used. If there is no such combination, the unknown names of the line
//!   stay. If the line has none, the first combination with any result is used.
//! * A name such as `Pfauth` before the first result may begin a result that also includes the user. If unwrapping finds the same
//!   results, and a user with them, they replace the results of the line.
//! * A line of more than [`LONG_BYTES`] is often a whole file, or many records. In such a line, unwrapping only adds results
//!   where there are none yet.
//! * The positions of results are positions in the line as it is, while captured text is unwrapped.
//!
//! The time for a line is proportional to its length, whatever it contains.

mod rules;

use std::ops::Range;
use std::sync::Arc;

use self::rules::{OF_FILES, RULES, Unwrapped};
use super::{Line, Resolver, Scanner, Sink};
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
}

/// A result or a context.
struct Found<'c> {
    hit: Hit<'c>,
    is_context: bool,
}

impl<'c> Held<'c> {
    /// Creates the empty list for a line.
    #[inline(always)]
    pub(super) fn new(line: &Line<'c>) -> Held<'c> {
        let is_long = line.seen_len > LONG_BYTES && is_wrapped(&line.window[..line.seen_len]);
        Held { found: Vec::new(), is_long, lacks_user: false, is_settled: false }
    }

    /// Passes a hit to `sink`, or holds it back.
    #[inline(always)]
    pub(super) fn add<S: Sink<'c>>(&mut self, catalogue: &Catalogue, hit: Hit<'c>, is_context: bool, sink: &mut S) {
        if !self.is_settled {
            if self.is_long || self.lacks_user || !is_context && is_unknown(catalogue, &hit.key) {
                return self.hold(hit, is_context);
            }
            self.settle(sink);
        }
        pass(Found { hit, is_context }, sink);
    }

    /// Records whether there is a place before the next hit at which a match could begin but does not.
    #[inline(always)]
    pub(super) fn miss(&mut self, is_missed: bool) {
        self.lacks_user |= is_missed && !self.is_settled;
    }

    /// Records a context that the sink does not want.
    #[inline(always)]
    pub(super) fn skip<S: Sink<'c>>(&mut self, sink: &mut S) {
        if !self.is_settled && !self.is_long {
            self.settle(sink);
        }
    }

    #[cold]
    fn hold(&mut self, hit: Hit<'c>, is_context: bool) {
        self.found.push(Found { hit, is_context });
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
    fn flush(&mut self, sink: &mut impl Sink<'c>) {
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
fn is_unknown(catalogue: &Catalogue, key: &Key) -> bool {
    matches!(key, Key::Name(_)) && catalogue.entry(key).is_none()
}

impl Scanner<'_> {
    /// Unwraps a line without a known result, and passes its results to `sink`: those that were held back, or those that
    /// unwrapping reveals. `has_key` is whether the line is known to contain a literal of a pattern.
    #[cold]
    #[inline(never)]
    pub(super) fn scan_wrapped<'c, S: Sink<'c>>(
        &mut self,
        line: &Line<'c>,
        mut held: Held<'c>,
        has_key: bool,
        sink: &mut S,
    ) {
        if !has_key && !self.set.has_candidate(&mut self.marks, &line.window[..line.seen_len]) {
            return held.flush(sink);
        }
        let Held { found, is_long, .. } = held;
        let is_held_known = found.iter().any(|one| self.is_known(one));
        let lacks_user = is_held_known && !is_long && found.iter().all(|one| one.hit.user().is_none());
        let raw = &line.window[..line.seen_len];
        let mut best: Vec<Found<'c>> = Vec::new();
        let mut is_best_known = false;
        // Returns whether the search is over.
        let mut look = |unwrapped: &Unwrapped| {
            let mut new = self.found_in::<S>(line, unwrapped);
            if is_long {
                new.retain(|one| is_free(&found, &one.hit.span));
            }
            is_best_known = match is_held_known && !is_long {
                true => adds_user(&found, &new),
                false => new.iter().any(|one| self.is_known(one)) || completes(&found, &new),
            };
            if is_best_known || best.is_empty() {
                best = new;
            }
            is_best_known
        };
        let once = || RULES.iter().filter_map(|rule| rule.undo(raw, None));
        let twice = |first: &Unwrapped, look: &mut dyn FnMut(&Unwrapped) -> bool| {
            RULES.iter().filter_map(|rule| rule.undo(&first.text, Some(first))).any(|second| look(&second))
        };
        let is_needed = !is_held_known || is_long || lacks_user;
        let _ = is_needed && (once().any(|unwrapped| look(&unwrapped)) || once().any(|first| twice(&first, &mut look)));
        let mut all = found;
        if is_long {
            all.append(&mut best);
            all.sort_by_key(|one| one.hit.span.start);
        } else if is_best_known || all.is_empty() {
            all = best;
        }
        all.into_iter().for_each(|found| pass(found, sink));
    }

    /// Whether a finding is a context or a known result, and not a name that the catalogue does not know.
    fn is_known(&self, found: &Found<'_>) -> bool {
        found.is_context || !is_unknown(self.resolver.catalogue, &found.hit.key)
    }

    /// Returns the results and contexts in an unwrapped line, with their positions in the line as it is.
    fn found_in<'c, S: Sink<'c>>(&mut self, line: &Line<'c>, unwrapped: &Unwrapped) -> Vec<Found<'c>> {
        let mut all = Vec::new();
        let text = unwrapped.text.as_slice();
        let Scanner { set, scratch, resolver, lookahead_bytes, .. } = self;
        let mut start = 0;
        // An escaped line end in a string has become a real one.
        for whole in text.split_inclusive(|&byte| byte == b'\n') {
            let inner = whole.strip_suffix(b"\n").unwrap_or(whole);
            let inner = inner.strip_suffix(b"\r").unwrap_or(inner);
            let seen = if set.looks_ahead() { whole.len() + *lookahead_bytes } else { inner.len() };
            let window = &text[start..text.len().min(start + seen)];
            let mut previous = None;
            let mut matches = set.matches(scratch, window, inner.len());
            while let Some(found) = matches.next() {
                let is_context = found.is_context();
                let span = unwrapped.place(start + found.span.start..start + found.span.end);
                if is_context && !S::JOINS || line.divides(span.end) {
                    continue;
                }
                let mut captures = Captures::new(|capture| window.get(found.capture(capture)?));
                if S::JOINS {
                    set.add_writer(&mut resolver.writers, found.pattern, inner, &mut captures);
                }
                let time = match captures[Capture::Time] {
                    Some(written) => resolver.written_time(found.pattern, written),
                    None => resolver.time_of_inner(line, inner, text, (&found.span, is_context), &mut previous),
                };
                let key = if is_context {
                    Key::Code(Code::NONE)
                } else {
                    resolver.resolve(captures[Capture::Code].unwrap_or_default(), captures[Capture::Text])
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
                all.push(Found { hit, is_context });
            }
            start += whole.len();
        }
        all
    }
}

impl Resolver<'_> {
    /// Returns the time of one line of an unwrapped text: its own, or else that of the line around the text, unless several
    /// lines of the text have times of their own.
    fn time_of_inner(
        &mut self,
        line: &Line<'_>,
        inner: &[u8],
        text: &[u8],
        (span, is_context): (&Range<usize>, bool),
        previous: &mut Option<(usize, Option<Stamp>)>,
    ) -> Option<Stamp> {
        let own = self.own_time(inner, span, is_context, previous);
        if own.is_some() || inner.len() == text.len() {
            return own.or_else(|| self.times.find(&self.form, &line.window[..line.len]));
        }
        let lines = text.split(|&byte| byte == b'\n').take(LINES_WITHOUT_TIME);
        let timed = lines.filter(|inner| self.times.find(&self.form, inner).is_some()).take(2).count();
        if timed < 2 { self.times.find(&self.form, &line.window[..line.len]) } else { None }
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
        (Key::Name(cut), Key::Name(whole)) => whole.len() > cut.len() && whole.starts_with(&**cut),
        _ => false,
    };
    !found.is_empty() && found.len() == new.len() && found.iter().zip(new).all(is_longer)
}

/// Whether a range overlaps none of the findings, which must be sorted and must not overlap each other.
fn is_free(found: &[Found<'_>], span: &Range<usize>) -> bool {
    let next = found.partition_point(|one| one.hit.span.end <= span.start);
    found.get(next).is_none_or(|one| span.end <= one.hit.span.start)
}
