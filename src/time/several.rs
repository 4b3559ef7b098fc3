//! Finds the times of results in lines that have several: records of JSON in one line, or lines that end in a carriage return alone.
//!
//! The time of a result is that of its record, or the last one between the result before it and itself. If there is none, the results
//! share the time of the line.

use std::ops::Range;

use super::detect::begins_token;
use super::form::{Form, Place, Slot};
use super::{Reader, Stamp};

/// How far from a result its record is searched for, in bytes.
const RECORD_BYTES: usize = 8 << 10;

/// How many objects around a result are looked at.
const LEVELS: usize = 4;
/// How many braces before a result are looked at. A line may have thousands of results, so this must not take long.
const BRACES: usize = 128;

impl Reader {
    /// Returns the time of the first result in a line, which is at `span`.
    #[inline]
    pub fn find_first(&mut self, form: &Form, line: &[u8], span: &Range<usize>) -> Option<Stamp> {
        if form.has_records { self.find_in_record(form, line, span) } else { self.find(form, line) }
    }

    /// Returns the time of the result at `span` of a line, if the one before it ends at `end` and has the time `earlier`.
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
        // The object of the result before has ended, so its time is that of a neighbour.
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
            self.iso.read(&text[found..]).and_then(|stamp| self.in_zone(stamp, form))
        } else {
            self.find(form, text)
        }
    }

    /// Returns the time of the innermost object of JSON around a place that has one.
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

    /// Returns the last time of a form in a text within a line.
    fn find_last(&mut self, slot: Slot, form: &Form, text: &[u8]) -> Option<Option<Stamp>> {
        match slot {
            Slot::Nothing => None,
            _ if slot.is_searched() => {
                let (mut rest, mut last) = (text, None);
                while let Some(found) = self.find_by_slot(slot, form, rest) {
                    last = Some(found);
                    rest = &rest[slot.found_at(rest)?.max(1)..];
                }
                last
            }
            Slot::Iso | Slot::IsoAt(_) => {
                let stamp = self.iso.find_last(text)?;
                Some(stamp.and_then(|stamp| self.in_zone(stamp, form)))
            }
            Slot::At(_, shape, _) if shape.needs_lines => None,
            Slot::At(_, shape, settled) => (0..text.len()).rev().filter(|&at| begins_token(text, at)).find_map(|at| {
                let (parts, end) = shape.read(&text[at..])?;
                Some(self.stamp(shape, &parts, settled.order, form, &text[at + end..]))
            }),
        }
    }
}

impl Form {
    /// Returns the part of a line around `at` that carriage returns divide from the rest.
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
    /// Whether its place in a line is found by a text before it, wherever that is.
    pub(super) fn is_searched(&self) -> bool {
        matches!(self, Slot::IsoAt(Place::Key(_)) | Slot::At(Place::Key(_) | Place::Found, ..))
    }

    /// Whether the first time in a text is in an object of JSON that does not contain the place `at`, but another object does.
    fn is_in_other_object(self, text: &[u8], at: usize) -> bool {
        match self {
            Slot::IsoAt(Place::Key(_)) | Slot::At(Place::Key(_), ..) => self.found_at(text).is_some_and(|found| {
                if closings(&text[at..]).next().is_none() {
                    return false;
                }
                if found < at { closings(&text[found..at]).next().is_some() } else { open_at_end(&text[at..found]) > 0 }
            }),
            _ => false,
        }
    }

    /// Returns where the time begins in a text, of a form that searches for it.
    fn found_at(&self, text: &[u8]) -> Option<usize> {
        match self {
            Slot::IsoAt(place @ Place::Key(_)) | Slot::At(place @ Place::Key(_), ..) => place.locate(text),
            Slot::At(Place::Found, shape, _) => Some(shape.found_at(text)).filter(|&at| at > 0),
            _ => None,
        }
    }
}

/// Returns how many objects are open at the end of a text and not at its start.
fn open_at_end(text: &[u8]) -> usize {
    memchr::memchr2_iter(b'{', b'}', text)
        .fold(0, |depth: usize, at| if text[at] == b'{' { depth + 1 } else { depth.saturating_sub(1) })
}

/// Returns where the objects that are open at the start of a text end in it, from the innermost on.
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
