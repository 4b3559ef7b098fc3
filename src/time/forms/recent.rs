//! Remembers how the last time begins, up to its minute, because neighbouring lines usually share that.

use super::Shape;
use super::notation::{Part, Step};
use super::read::{self, Parts};

/// The length of the longest beginning that is remembered, in bytes.
const LONGEST_BYTES: usize = 40;

/// Reads times like [`Shape::read`], but skips the beginning of a time if it is the same as that of the last one.
#[derive(Clone, Debug, Default)]
pub(in crate::time) struct Recent(Option<Beginning>);

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

impl Recent {
    /// Reads a time in this form. The result is that of [`Shape::read`].
    #[inline]
    pub(in crate::time) fn read(&mut self, shape: &'static Shape, text: &[u8]) -> Option<(Parts, usize)> {
        match &self.0 {
            Some(last) if std::ptr::eq(last.shape, shape) && text.starts_with(&last.text[..last.len]) => {
                let read = read::go_on(&shape.steps[shape.to_minute..], text, last.len, last.parts);
                if read.is_some() || !shape.is_found { read } else { shape.read(text) }
            }
            _ => self.read_new(shape, text),
        }
    }

    /// Reads a time with another beginning, and remembers that.
    fn read_new(&mut self, shape: &'static Shape, text: &[u8]) -> Option<(Parts, usize)> {
        let (beginning, rest) = shape.steps.split_at(shape.to_minute);
        let (beginning, start) = match beginning {
            [] => return shape.read(text),
            // Only the first occurrence, because what is remembered does not show whether an earlier one failed later in the line.
            [Step::Find(wanted), beginning @ ..] => (beginning, read::find(text, wanted)? + wanted.len()),
            beginning => (beginning, 0),
        };
        let mut parts = Parts::NONE;
        let read = read::go(beginning, text, start, &mut parts).and_then(|len| {
            if len <= LONGEST_BYTES {
                let mut beginning = [0; LONGEST_BYTES];
                beginning[..len].copy_from_slice(&text[..len]);
                self.0 = Some(Beginning { shape, text: beginning, len, parts });
            }
            read::go_on(rest, text, len, parts)
        });
        if read.is_some() || !shape.is_found { read } else { shape.read(text) }
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::built_in;
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
            for shape in &built_in().all {
                let mut text = example.clone().into_bytes();
                for (at, byte, is_kept) in &changes {
                    prop_assert_eq!(recent.read(shape, &text), shape.read(&text), "{}", text.escape_ascii());
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
