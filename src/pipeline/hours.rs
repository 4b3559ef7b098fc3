//! Examines the lines of a chunk that [`Covered`](crate::summary::covered) may need to decide in which hours a log has lines.

use memchr::{memchr, memchr_iter};

use crate::chunk::Chunk;
use crate::summary::covered::{LEAF_BYTES, Mark, cell_of};
use crate::time::zone::DisplayZone;
use crate::time::{Form, Time};
use crate::units::Units;

/// Appends a mark to `marks` for each line of a chunk that was examined. Hours are those of `zone`. Returns the times of the first and the
/// last line with a time, which are always examined.
pub(super) fn examine(chunk: &Chunk<'_>, zone: DisplayZone, marks: &mut Vec<Mark>) -> Option<[Time; 2]> {
    let lines = Lines::of(chunk);
    let mut examiner = Examiner { form: &chunk.written.form, lines, zone, marks, last: None };
    let first = examiner.first_in(0, chunk.owned().len())?;
    let mut next = Some(first);
    while let Some(line) = next {
        let cell = cell_of(line.mark.offset);
        next = examiner.first_from(cell[1], usize::MAX);
        examiner.part(cell, line, next);
    }
    let last = examiner.last.unwrap_or(first.time);
    Some([first.time, last])
}

/// A line with a time.
#[derive(Clone, Copy)]
struct Line {
    /// The position of the line in the chunk.
    at: usize,
    time: Time,
    mark: Mark,
}

/// The lines of a chunk.
struct Lines<'t> {
    text: &'t [u8],
    units: Units,
    /// The offset of the chunk in its source.
    offset: u64,
    /// The size in the source of each byte of the text, if it is the same for all.
    scale: Option<u64>,
    /// The offset of each block of the text in the source, if there is no scale.
    blocks: Vec<u64>,
}

impl<'t> Lines<'t> {
    /// The size of a block.
    const BLOCK_BYTES: usize = 512;

    fn of(chunk: &Chunk<'t>) -> Lines<'t> {
        let (text, units, mut offset) = (chunk.owned(), chunk.written.units, chunk.offset);
        let scale = chunk.scale();
        let block = |block: &[u8]| {
            let start = offset;
            offset += units.source_bytes(block);
            start
        };
        let blocks = if scale.is_some() { Vec::new() } else { text.chunks(Lines::BLOCK_BYTES).map(block).collect() };
        Lines { text, units, offset: chunk.offset, scale, blocks }
    }

    /// Returns the position of the first line that begins at this offset in the source or later, or the length of the text.
    fn from(&self, offset: u64) -> usize {
        let at = match self.scale {
            Some(scale) => usize::try_from(offset.saturating_sub(self.offset).div_ceil(scale)).unwrap_or(usize::MAX),
            None => {
                let block = self.blocks.partition_point(|start| *start <= offset).saturating_sub(1);
                let mut at = block * Lines::BLOCK_BYTES;
                let mut reached = self.blocks.get(block).copied().unwrap_or(self.offset);
                while reached < offset && at < self.text.len() {
                    reached += self.units.source_bytes(&self.text[at..=at]);
                    at += 1;
                }
                at
            }
        };
        match at {
            0 => 0,
            at if at < self.text.len() => {
                memchr(b'\n', &self.text[at - 1..]).map_or(self.text.len(), |line_feed| at + line_feed)
            }
            _ => self.text.len(),
        }
    }

    /// Returns the offset in the source of the line that begins at this position.
    fn offset(&self, at: usize) -> u64 {
        if let Some(scale) = self.scale {
            return self.offset + scale * at as u64;
        }
        let block = at / Lines::BLOCK_BYTES;
        let before = &self.text[block * Lines::BLOCK_BYTES..at];
        self.blocks.get(block).map_or(self.offset, |start| start + self.units.source_bytes(before))
    }
}

struct Examiner<'e, 't> {
    form: &'e Form,
    lines: Lines<'t>,
    zone: DisplayZone,
    marks: &'e mut Vec<Mark>,
    /// The time of the last mark.
    last: Option<Time>,
}

impl Examiner<'_, '_> {
    /// Returns the first line with a time that begins from position `from` on and before `to`.
    fn first_in(&self, from: usize, to: usize) -> Option<Line> {
        let text = &self.lines.text[..to.min(self.lines.text.len())];
        let mut at = from;
        memchr_iter(b'\n', text.get(from..)?).map(|end| from + end).chain([text.len()]).find_map(|end| {
            let start = std::mem::replace(&mut at, end + 1);
            let time = self.form.find(text.get(start..end)?)?.time;
            let mark = Mark { offset: self.lines.offset(start), hour: self.zone.hour(time) };
            Some(Line { at: start, time, mark })
        })
    }

    /// Returns the first line with a time that begins at this offset in the source or later, and before position `to`.
    fn first_from(&self, offset: u64, to: usize) -> Option<Line> {
        self.first_in(self.lines.from(offset), to)
    }

    /// Examines a cell or a part of one. `first` is the first line with a time from its start on, and `next` from its end on, as far as they
    /// are in the chunk.
    fn part(&mut self, [start, end]: [u64; 2], first: Line, next: Option<Line>) {
        if first.mark.offset >= end {
            return;
        }
        // Of a part that begins before the chunk, the first line may be there.
        let is_known = start >= self.lines.offset;
        if is_known && next.is_some_and(|next| first.mark.is_next_to(next.mark, self.zone)) {
            return self.mark(first);
        }
        let to = self.lines.from(end);
        if end - start <= LEAF_BYTES {
            let mut line = Some(first);
            while let Some(this) = line {
                self.mark(this);
                let after = memchr(b'\n', &self.lines.text[this.at..to]).map(|line_feed| this.at + line_feed + 1);
                line = after.filter(|after| *after < to).and_then(|after| self.first_in(after, to));
            }
            return;
        }
        let middle = start + (end - start) / 2;
        let second = if first.mark.offset >= middle { Some(first) } else { self.first_from(middle, to).or(next) };
        self.part([start, middle], first, second);
        if let Some(second) = second {
            self.part([middle, end], second, next);
        }
    }

    fn mark(&mut self, line: Line) {
        self.last = Some(line.time);
        line.mark.add_to(self.marks);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::chunk::{Chunks, Limits, Span};
    use crate::summary::covered::hours_of;
    use crate::time::Time;

    const HOUR: i64 = 3_600_000_000_000;

    /// Returns the hours that a source has, and its first and last time, if it is read in spans between `splits` and in blocks.
    fn examined(
        source: &[u8],
        units: Units,
        splits: &[usize],
        block_bytes: usize,
    ) -> (BTreeSet<Time>, Option<[Time; 2]>) {
        let mut bounds: Vec<u64> = splits.iter().map(|split| (split % source.len().max(1)) as u64 & !1).collect();
        bounds.extend([0, source.len() as u64]);
        bounds.sort_unstable();
        let (mut all, mut ends) = (Vec::new(), None);
        for pair in bounds.windows(2) {
            let span = Span { start: pair[0], end: pair[1] };
            let limits = Limits { block_bytes, ..Limits::default() };
            let from = usize::try_from(span.read_from(units)).unwrap();
            let mut chunks = Chunks::new(&source[from..], span, limits, units, Vec::new());
            let mut marks = Vec::new();
            while let Some(chunk) = chunks.next_chunk().unwrap() {
                if let Some([first, last]) = examine(&chunk, DisplayZone::UTC, &mut marks) {
                    ends = Some([ends.map_or(first, |[first, _]: [Time; 2]| first), last]);
                }
            }
            all.push(marks);
        }
        (hours_of(all.into_iter().flatten(), DisplayZone::UTC), ends)
    }

    /// Returns all times in a text.
    fn times(text: &str) -> Vec<Time> {
        text.lines().filter_map(|line| Form::default().find(line.as_bytes())).map(|stamp| stamp.time).collect()
    }

    fn line(minute: i64, rest: usize) -> String {
        let time = Time::from_nanoseconds(1_487_030_400_000_000_000 + minute * HOUR / 60);
        format!("{time} {}\n", "x".repeat(rest))
    }

    /// Returns a log whose lines each come some minutes after the one before, and have some letters. The lines of kind 0 have no time.
    fn log(lines: Vec<(i64, usize, u8)>) -> String {
        let mut minute = 0;
        let each = |(step, letters, kind): (i64, usize, u8)| {
            minute += step;
            if kind == 0 { format!("  at {}\n", "\u{fc}".repeat(letters)) } else { line(minute, letters) }
        };
        lines.into_iter().map(each).collect()
    }

    /// A log of many hours. Some of its lines go back in time.
    fn any_log() -> impl Strategy<Value = String> {
        let step = prop_oneof![20 => 0..9_i64, 3 => 30..300_i64, 2 => -300..0_i64];
        let letters = prop_oneof![9 => 0..90_usize, 1 => 0..3000_usize];
        prop::collection::vec((step, letters, 0..9_u8), 0..900).prop_map(log)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]

        #[test]
        fn the_hours_of_a_log_depend_on_nothing_but_its_lines(
            log in any_log(),
            splits in prop::collection::vec(any::<usize>(), 0..40),
            block_bytes in prop_oneof![1_usize..3000, Just(50_000), Just(200_000)],
            is_utf_16: bool,
        ) {
            let (source, units) = match is_utf_16 {
                true => (log.encode_utf16().flat_map(u16::to_le_bytes).collect(), Units::Utf16Le),
                false => (log.clone().into_bytes(), Units::Bytes),
            };
            let whole = examined(&source, units, &[], 1 << 30);
            prop_assert_eq!(&examined(&source, units, &splits, block_bytes), &whole);
            let (hours, ends) = whole;
            let times = times(&log);
            prop_assert_eq!(ends, times.first().zip(times.last()).map(|(first, last)| [*first, *last]));
            let all: BTreeSet<Time> = times.iter().map(|time| DisplayZone::UTC.hour(*time)).collect();
            prop_assert!(hours.is_subset(&all));
            if times.is_sorted() {
                prop_assert_eq!(hours, all);
            }
        }

        #[test]
        fn each_hour_of_a_log_in_order_is_found(
            lines in prop::collection::vec((prop_oneof![50 => 0..3_i64, 1 => 30..300_i64], 0..400_usize, 0..9_u8), 0..2000),
        ) {
            let log = log(lines);
            let all: BTreeSet<Time> = times(&log).into_iter().map(|time| DisplayZone::UTC.hour(time)).collect();
            prop_assert_eq!(examined(log.as_bytes(), Units::Bytes, &[], 1 << 18).0, all);
        }
    }

    #[test]
    fn few_lines_of_a_log_in_order_are_examined() {
        let log: String = (0..4000).map(|number| line(number / 60, 60)).collect();
        let mut chunks = Chunks::new(log.as_bytes(), Span::ALL, Limits::default(), Units::Bytes, Vec::new());
        let mut marks = Vec::new();
        while let Some(chunk) = chunks.next_chunk().unwrap() {
            examine(&chunk, DisplayZone::UTC, &mut marks);
        }
        assert_eq!(marks.len(), 2, "one for each hour");
    }
}
