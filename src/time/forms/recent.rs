//! Remembers how the last time begins, up to its minute, because neighbouring lines usually share that.

use super::Shape;
use super::notation::{Part, Step};
use super::read::{self, Missing, Parts};

/// The length of the longest beginning that is remembered, in bytes.
const LONGEST_BYTES: usize = 40;

/// Reads times like [`Shape::read`], but skips the beginning of a time if it is the same as that of the last one.
#[derive(Clone, Debug, Default)]
pub(in crate::time) struct Recent {
    beginning: Option<Beginning>,
    /// The parts of the last time.
    parts: Parts,
    date: Date,
}

/// The beginning of a time, up to its minute.
#[derive(Clone, Debug)]
struct Beginning {
    shape: &'static Shape,
    /// The text, in the first `len` bytes.
    text: [u8; LONGEST_BYTES],
    len: usize,
    /// The parts of a time in the text.
    parts: Parts,
}

/// The date of the parts of a time, in days since 1970, with what else it depends on.
#[derive(Clone, Debug, Default)]
pub(in crate::time) struct Date(Option<(Missing, Option<i32>)>);

impl Date {
    /// Returns the date of `parts`, or `None` if there is no such date or it is not known. All calls need the same parts.
    #[inline]
    pub(in crate::time) fn of(&mut self, parts: &Parts, missing: &Missing) -> Option<i32> {
        match &self.0 {
            Some((known, day)) if known == missing => *day,
            _ => {
                let day = parts.day(missing);
                self.0 = Some((*missing, day));
                day
            }
        }
    }
}

impl Recent {
    /// Reads a time in this form like [`Shape::read`]. Returns the position of its end, its parts and a cache of their date.
    #[inline]
    pub(in crate::time) fn read(&mut self, shape: &'static Shape, text: &[u8]) -> Option<(usize, (&Parts, &mut Date))> {
        let end = match &self.beginning {
            Some(last) if std::ptr::eq(last.shape, shape) && text.starts_with(&last.text[..last.len]) => {
                if shape.has_date_after_minute {
                    self.date = Date::default();
                }
                self.parts = last.parts;
                let (steps, at) = shape.seconds.read(text, last.len, &mut self.parts);
                let rest = &shape.steps[shape.to_minute + steps..];
                read::go_on(rest, text, at, &mut self.parts).or_else(|| self.read_otherwise(shape, text))
            }
            _ => self.read_new(shape, text),
        }?;
        Some((end, (&self.parts, &mut self.date)))
    }

    /// Reads a time with another beginning, and remembers that.
    fn read_new(&mut self, shape: &'static Shape, text: &[u8]) -> Option<usize> {
        self.date = Date::default();
        let (beginning, rest) = shape.steps.split_at(shape.to_minute);
        let (beginning, start) = match beginning {
            [] => return self.read_whole(shape, text),
            // Only the first occurrence, because what is remembered does not show whether an earlier one failed later in the line.
            [Step::Find(wanted), beginning @ ..] => (beginning, read::find(text, wanted)? + wanted.len()),
            beginning => (beginning, 0),
        };
        self.parts = Parts::NONE;
        let Some(len) = read::go(beginning, text, start, &mut self.parts) else {
            return self.read_otherwise(shape, text);
        };
        if len <= LONGEST_BYTES {
            let mut beginning = [0; LONGEST_BYTES];
            beginning[..len].copy_from_slice(&text[..len]);
            self.beginning = Some(Beginning { shape, text: beginning, len, parts: self.parts });
        }
        read::go_on(rest, text, len, &mut self.parts).or_else(|| self.read_otherwise(shape, text))
    }

    /// Reads a time after a later occurrence of the text that the form searches for.
    #[cold]
    fn read_otherwise(&mut self, shape: &Shape, text: &[u8]) -> Option<usize> {
        if shape.is_found { self.read_whole(shape, text) } else { None }
    }

    fn read_whole(&mut self, shape: &Shape, text: &[u8]) -> Option<usize> {
        self.date = Date::default();
        let (parts, end) = shape.read(text)?;
        self.parts = parts;
        Some(end)
    }
}

/// How seconds are read that follow a minute, which is faster than with the steps for any text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Seconds {
    /// The number of steps that read them, or 0 if other steps follow the minute.
    steps: usize,
    /// Whether one of these steps reads a fraction.
    has_fraction: bool,
}

impl Seconds {
    /// Finds the steps that read seconds.
    pub(super) fn new(after_minute: &[Step]) -> Seconds {
        let inner = match after_minute {
            [Step::Optional(3), inner @ ..] => inner,
            steps => steps,
        };
        let optional = after_minute.len() - inner.len();
        match inner {
            [Step::Byte(b':'), Step::Digits { part: Part::WholeSecond, least: 2, most: 2 }, rest @ ..] => {
                let has_fraction = rest.first() == Some(&Step::Fraction);
                // An optional part must end with them.
                let steps = if optional > 0 && !has_fraction { 0 } else { optional + 2 + usize::from(has_fraction) };
                Seconds { steps, has_fraction }
            }
            _ => Seconds::default(),
        }
    }

    /// Reads seconds without a fraction at position `at`. Returns the number of steps that did not have to be followed, and the position
    /// after the seconds. Both are those before them if there is something else.
    #[inline]
    fn read(self, text: &[u8], at: usize, parts: &mut Parts) -> (usize, usize) {
        match text.get(at..) {
            Some([b':', tens @ b'0'..=b'9', ones @ b'0'..=b'9', rest @ ..])
                if self.steps > 0 && !(self.has_fraction && matches!(rest, [b'.' | b',' | b':', ..])) =>
            {
                parts.set_second(u16::from(tens - b'0') * 10 + u16::from(ones - b'0'));
                (self.steps, at + 3)
            }
            _ => (0, at),
        }
    }
}

/// Returns how many steps read a time up to its minute, or 0 if its beginning cannot be remembered. None of these steps examines
/// any text after the minute, so they have the same result for every text that begins like this.
pub(super) fn to_minute(steps: &[Step]) -> usize {
    let is_remembered = |(index, step): &(usize, &Step)| match step {
        Step::Find(_) => *index == 0,
        Step::Byte(_)
        | Step::OneOf(_)
        | Step::Blanks
        | Step::Column
        | Step::Month
        | Step::Weekday
        | Step::Padded(_) => true,
        Step::Digits { part, .. } => *part != Part::WholeSecond,
        Step::Fraction
        | Step::FractionDigits
        | Step::HalfDay { .. }
        | Step::NoHalfDay
        | Step::Zone
        | Step::Offset
        | Step::Bias { .. }
        | Step::Optional(_) => false,
        Step::Epoch | Step::Tai64n => false,
    };
    let is_minute = |(_, step): &(usize, &Step)| matches!(step, Step::Digits { part: Part::Minute, least: 2, .. });
    steps.iter().enumerate().take_while(is_remembered).find(is_minute).map_or(0, |(index, _)| index + 1)
}

/// Whether one of the steps reads a part of the date.
pub(super) fn has_date(steps: &[Step]) -> bool {
    steps.iter().any(|step| match step {
        Step::Digits { part, .. } | Step::Padded(part) => {
            !matches!(part, Part::Hour | Part::Minute | Part::WholeSecond)
        }
        step => matches!(step, Step::Month | Step::Weekday),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::built_in;
    use super::super::read::{Order, day};
    use super::*;

    /// Returns the examples of all forms.
    fn examples() -> Vec<String> {
        let file: toml::Table = toml::from_str(include_str!("../../builtin/times.toml")).unwrap();
        let forms = file["time"].as_array().unwrap();
        let examples = forms.iter().flat_map(|form| form["examples"].as_array().unwrap());
        examples.map(|example| example["text"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn most_forms_are_remembered() {
        let all = &built_in().all;
        let forgotten = all.iter().filter(|shape| shape.to_minute == 0).count();
        assert!(forgotten * 5 < all.len(), "{forgotten} of {} are not", all.len());
    }

    proptest! {
        #[test]
        fn what_is_remembered_changes_no_result(
            example in prop::sample::select(examples()),
            // Each line has one more byte or one other byte changed.
            changes in prop::collection::vec(
                (
                    any::<prop::sample::Index>(),
                    prop_oneof![3 => b'0'..=b'9', 1 => prop::sample::select(&b" :,.-/[]\"APMZ+{\xC2"[..])],
                    any::<bool>(),
                ),
                1..8,
            ),
        ) {
            let mut recent = Recent::default();
            let missing = Missing { order: Some(Order::Dmy), last_day: day(2017, 2, 20), day: None };
            for shape in &built_in().all {
                let mut text = example.clone().into_bytes();
                for (at, byte, is_kept) in &changes {
                    let read = recent.read(shape, &text).map(|(end, (parts, date))| {
                        prop_assert_eq!(date.of(parts, &missing), parts.day(&missing), "{}", text.escape_ascii());
                        Ok((*parts, end))
                    });
                    prop_assert_eq!(read.transpose()?, shape.read(&text), "{}", text.escape_ascii());
                    if !is_kept {
                        text = example.clone().into_bytes();
                    }
                    let at = at.index(text.len());
                    text[at] = *byte;
                }
            }
        }
    }
}
