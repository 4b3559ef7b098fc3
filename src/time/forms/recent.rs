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
                let rest = &shape.steps[shape.to_minute..];
                read::go_on(rest, text, last.len, &mut self.parts).or_else(|| self.read_otherwise(shape, text))
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
        | Step::HalfDay
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
