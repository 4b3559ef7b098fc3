//! Finds the time of each result in a line with several times: a line with several JSON records, or a text whose lines end in a
//! carriage return alone.
//!
//! The time of a result is that of its record, or the last one between the previous result and itself. If there is neither, the
//! results share the time of the line.

use std::ops::Range;

use super::detect::{begins_token, names_another_time};
use super::form::{Form, Place, Slot};
use super::forms::recent::Date;
use super::keys::Reach;
use super::{Reader, Stamp};

/// How far before and after a result the braces of its record are searched for, in bytes.
const RECORD_BYTES: usize = 8 << 10;

/// How many nested objects around a result are searched for a time.
const LEVELS: usize = 4;
/// How many braces before a result are examined. A line may have thousands of results, so this must not take long.
const BRACES: usize = 128;

impl Reader {
    /// Returns the time of the first result in `line`. The result is at `span`.
    #[inline]
    pub fn find_first(&mut self, form: &Form, line: &[u8], span: &Range<usize>) -> Option<Stamp> {
        if form.has_records { self.find_in_record(form, line, span) } else { self.find(form, line) }
    }

    /// Returns the time of the result at `span` in `line`. The previous result ends at `end` and has the time `earlier`.
    #[cold]
    pub fn find_next(
        &mut self,
        form: &Form,
        line: &[u8],
        span: &Range<usize>,
        (end, earlier): (usize, Option<Stamp>),
    ) -> Option<Stamp> {
        let part = form.part(line, span.start);
        if part.start > 0 && part.start >= end {
            return self.find_in_record(form, line, span);
        }
        let slice = |range: Range<usize>| line.get(range).unwrap_or_default();
        let found = if let Some(stamp) = self.find_in_object(form, slice(part.clone()), span.start - part.start) {
            Some(stamp)
        } else if form.has_records && self.is_before_time {
            Some(self.find_by_slots(form, slice(span.end..part.end)))
        } else {
            form.slots().find_map(|slot| self.find_last(slot, form, slice(end..span.start)))
        };
        // If the object of the previous result has ended, its time belongs to a neighbouring record.
        let has_objects = form.slots().any(|slot| slot.is_searched());
        let is_neighbours = has_objects && closings(slice(end..span.start)).next().is_some();
        found.unwrap_or(if is_neighbours { None } else { earlier })
    }

    #[inline(never)]
    fn find_in_record(&mut self, form: &Form, line: &[u8], span: &Range<usize>) -> Option<Stamp> {
        let part = form.part(line, span.start);
        let text = line.get(part.clone()).unwrap_or_default();
        let (at, end) = (span.start - part.start, span.end.saturating_sub(part.start));
        let found_at = form.first.found_at(text).or_else(|| form.second?.found_at(text));
        self.is_before_time = found_at.is_some_and(|found| found >= end);
        let Some(found) = found_at else { return self.find(form, text) };
        // Most records have a line of their own, and few braces.
        let between = text.get(found.min(at)..found.max(at)).unwrap_or_default();
        if memchr::memchr2(b'{', b'}', between).is_some() {
            self.find_in_object(form, text, at).unwrap_or_else(|| {
                let is_others = form.slots().any(|slot| slot.is_in_other_object(text, at));
                if is_others { None } else { self.find(form, text) }
            })
        } else if let (Slot::IsoAt(_), None) = (&form.first, &form.second) {
            self.moments.iso.read(&text[found..]).and_then(|stamp| self.moments.in_zone(stamp, form))
        } else {
            self.find(form, text)
        }
    }

    /// Returns the time of the innermost JSON object around `at` that has one, or `Some(None)` if that time is not possible.
    fn find_in_object(&mut self, form: &Form, text: &[u8], at: usize) -> Option<Option<Stamp>> {
        form.slots().find(Slot::is_searched)?;
        let (before, after) = text.split_at_checked(at)?;
        let from = before.len().saturating_sub(RECORD_BYTES);
        let mut ends = closings(&after[..after.len().min(RECORD_BYTES)]);
        let mut depth = 0_usize;
        let begins = memchr::memrchr2_iter(b'{', b'}', &before[from..]).take(BRACES).map(|brace| from + brace).filter(
            |&begin| {
                let is_open = depth == 0 && text[begin] == b'{';
                depth = if text[begin] == b'}' { depth + 1 } else { depth.saturating_sub(1) };
                is_open
            },
        );
        begins.take(LEVELS).find_map(|begin| {
            let end = ends.next().map_or(text.len().min(at + RECORD_BYTES), |end| at + end);
            form.slots().filter(Slot::is_searched).find_map(|slot| self.find_by_slot(slot, form, &text[begin..end]))
        })
    }

    /// Returns the last time in `text` that has the form of `slot`, or `Some(None)` if that time is not possible. A time after words such
    /// as `locked until` does not count, because it is about something else.
    fn find_last(&mut self, slot: Slot, form: &Form, text: &[u8]) -> Option<Option<Stamp>> {
        let is_own = |at: usize| !names_another_time(&text[..at]);
        match slot {
            Slot::Nothing => None,
            _ if slot.is_searched() => {
                let slot = slot.anywhere();
                let (mut rest, mut last) = (text, None);
                while let Some(found) = self.find_by_slot(slot, form, rest) {
                    last = Some(found);
                    rest = &rest[slot.found_at(rest)?.max(1)..];
                }
                last
            }
            Slot::Iso | Slot::IsoAt(_) => {
                let stamp = self.moments.iso.find_last(text, is_own)?;
                Some(stamp.and_then(|stamp| self.moments.in_zone(stamp, form)))
            }
            Slot::At(_, shape, _) if shape.needs_lines => None,
            Slot::At(_, shape, settled) => (0..text.len()).rev().filter(|&at| begins_token(text, at)).find_map(|at| {
                let (parts, end) = shape.read(&text[at..]).filter(|_| is_own(at))?;
                let (date, rest) = (&mut Date::default(), &text[at + end..]);
                Some(self.moments.stamp(shape, (&parts, date), settled.order, form, rest))
            }),
        }
    }
}

impl Form {
    /// Returns the part of `line` around `at` that is delimited by carriage returns, or the whole line if this form does not
    /// use them.
    fn part(&self, line: &[u8], at: usize) -> Range<usize> {
        let (before, after) = line.split_at(at.min(line.len()));
        if !self.has_returns {
            return 0..line.len();
        }
        let start = memchr::memrchr(b'\r', before).map_or(0, |at| at + 1);
        let end = memchr::memchr(b'\r', after).map_or(line.len(), |end| before.len() + end);
        start..end
    }
}

impl Slot {
    /// Whether the time is searched for, because it follows a key or another fixed text that can be anywhere in the line.
    pub(super) fn is_searched(&self) -> bool {
        matches!(self, Slot::IsoAt(Place::Key(..)) | Slot::At(Place::Key(..) | Place::Found, ..))
    }

    /// Returns the slot for a part of a line in which the beginning of a record is missing.
    fn anywhere(self) -> Slot {
        match self {
            Slot::IsoAt(Place::Key(key, _)) => Slot::IsoAt(Place::Key(key, Reach::Any)),
            Slot::At(Place::Key(key, _), shape, settled) => Slot::At(Place::Key(key, Reach::Any), shape, settled),
            _ => self,
        }
    }

    /// Whether the first time in `text` is in a JSON object that does not contain the position `at`, while another object does.
    fn is_in_other_object(self, text: &[u8], at: usize) -> bool {
        match self {
            Slot::IsoAt(Place::Key(..)) | Slot::At(Place::Key(..), ..) => self.found_at(text).is_some_and(|found| {
                if closings(&text[at..]).next().is_none() {
                    return false;
                }
                if found < at { closings(&text[found..at]).next().is_some() } else { open_at_end(&text[at..found]) > 0 }
            }),
            _ => false,
        }
    }

    /// Returns where the time begins in `text`, or `None` if there is none or this slot does not search for it.
    fn found_at(&self, text: &[u8]) -> Option<usize> {
        match self {
            Slot::IsoAt(place @ Place::Key(..)) | Slot::At(place @ Place::Key(..), ..) => place.locate(text),
            Slot::At(Place::Found, shape, _) => Some(shape.found_at(text)).filter(|&at| at > 0),
            _ => None,
        }
    }
}

/// Returns the number of objects that begin in `text` and are still open at its end.
fn open_at_end(text: &[u8]) -> usize {
    memchr::memchr2_iter(b'{', b'}', text)
        .fold(0, |depth: usize, at| if text[at] == b'{' { depth + 1 } else { depth.saturating_sub(1) })
}

/// Returns the positions in `text` at which the objects end that were open at its start, innermost first.
fn closings(text: &[u8]) -> impl Iterator<Item = usize> {
    let mut depth = 0_usize;
    memchr::memchr2_iter(b'{', b'}', text).filter_map(move |at| {
        if text[at] == b'{' {
            depth += 1;
            return None;
        }
        let is_open = depth == 0;
        depth = depth.saturating_sub(1);
        is_open.then_some(at + 1)
    })
}
