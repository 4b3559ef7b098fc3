//! The forms of times as data: those of `builtin/times.toml` and those of the user. Their notation is compiled to steps.
//!
//! A form does not contain the position of the time in a line, nor what differs between sources: the order of day and month, the
//! year and the zone. [`detect`](super::detect) determines these for each source.

pub(super) mod names;
pub mod notation;
pub(super) mod read;
pub(super) mod recent;

use std::sync::LazyLock;

use serde::Deserialize;

use self::notation::{Part, Step};
use self::read::Parts;
use self::recent::Seconds;

/// The built-in forms in JSON, without their examples. The build script makes it from `builtin/times.toml`.
const BUILT_IN: &str = include_str!(concat!(env!("OUT_DIR"), "/times.json"));

/// A compiled form of times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The name of the form, in lower-case letters, digits and hyphens.
    pub(super) name: String,
    /// The form in the notation of `builtin/times.toml`.
    pub(super) form: String,
    steps: Box<[Step]>,
    /// How many of the steps read a time up to its minute, or 0 if its beginning cannot be remembered.
    to_minute: usize,
    /// How the seconds after the minute are read.
    seconds: Seconds,
    /// Whether the date, or a part of it, comes after that.
    has_date_after_minute: bool,
    /// The program that writes this form, and always with the day and the month in the same order.
    pub(super) product: Option<String>,
    /// Texts of which the first lines of every source with this form contain at least one. If there are none, this form needs no
    /// header.
    pub(super) header: Vec<String>,
    /// Whether a single line is not enough to recognise this form.
    pub(super) needs_lines: bool,
    /// Whether this form is unmistakable anywhere in a line.
    pub(super) is_anywhere: bool,
    /// Whether this form begins with a text that is searched for in the line.
    pub(super) is_found: bool,
    /// Whether this form is a number that counts the time since 1970.
    pub(super) is_epoch: bool,
    /// Which part of the date this form does not contain.
    pub(super) lacks: Lacks,
    /// Whether the parts of the date are separated by dots and include the year.
    pub(super) has_dots: bool,
    /// The month or the day, if its number follows the year at the beginning of the date.
    pub(super) after_year: Option<Part>,
    /// Whether this form begins with a clock time that its date follows.
    pub(super) has_clock_first: bool,
    /// Whether the clock time is in a column after that of the date.
    pub(super) has_two_columns: bool,
    /// Whether there is another clock time in a column between the two.
    pub(super) skips_clock: bool,
    /// This form without the zone at its end, if it has one, for sources in which other numbers follow the clock time.
    pub(super) without_zone: Option<Box<Shape>>,
    /// This form with a 24-hour clock, if AM or PM may follow it, for sources in which other words follow that look like these.
    pub(super) without_half: Option<Box<Shape>>,
    /// Whether AM or PM may follow the clock time, and the form does not determine the order of the date.
    pub(super) has_open_half_day: bool,
}

/// The part of the date that a form does not contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lacks {
    Nothing,
    /// The year.
    Year,
    /// The whole date.
    Date,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    time: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    form: String,
    product: Option<String>,
    #[serde(default)]
    header: Vec<String>,
    #[serde(default)]
    evidence: Evidence,
    #[serde(default)]
    anywhere: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Evidence {
    #[default]
    Line,
    Lines,
}

impl Shape {
    /// Compiles a form in the notation of `builtin/times.toml`.
    ///
    /// # Errors
    ///
    /// Fails if the notation is wrong. The error describes what is wrong, and where.
    pub fn compile(name: &str, form: &str) -> Result<Shape, notation::Error> {
        let steps = notation::compile(form)?;
        let has = |wanted: &[Part]| {
            steps.iter().any(|step| match step {
                Step::Digits { part, .. } | Step::Padded(part) => wanted.contains(part),
                _ => false,
            })
        };
        let is_epoch = steps.iter().any(|step| matches!(step, Step::Epoch | Step::Tai64n));
        let lacks = if is_epoch || has(&[Part::Year, Part::ShortYear, Part::Third, Part::WeekYear]) {
            Lacks::Nothing
        } else if has(&[Part::Day, Part::Second]) {
            Lacks::Year
        } else {
            Lacks::Date
        };
        let is_found = steps.iter().any(|step| matches!(step, Step::Find(_)));
        // The dots of a clock time say nothing about the date.
        let is_dotted = |pair: &[Step]| matches!(pair, [Step::Digits { part: Part::First, .. }, Step::Byte(b'.')]);
        let has_clock_first =
            lacks == Lacks::Nothing && matches!(steps.first(), Some(Step::Digits { part: Part::Hour, .. }));
        let has_dots = lacks == Lacks::Nothing && steps.windows(2).any(is_dotted);
        let columns = steps.iter().filter(|step| matches!(step, Step::Column)).count();
        let has_open_half_day = has(&[Part::First]) && steps.iter().any(|step| matches!(step, Step::HalfDay { .. }));
        let after_year = match &steps[..] {
            [
                Step::Digits { part: Part::Year, .. },
                Step::Byte(_),
                Step::Digits { part: part @ (Part::Month | Part::Day), .. },
                ..,
            ] => Some(*part),
            _ => None,
        };
        let to_minute = recent::to_minute(&steps);
        let has_zone = steps.last() == Some(&Step::Zone);
        let shape = Shape {
            name: name.to_owned(),
            form: form.to_owned(),
            to_minute,
            seconds: Seconds::new(&steps[to_minute..]),
            has_date_after_minute: recent::has_date(&steps[to_minute..]),
            steps,
            product: None,
            header: Vec::new(),
            needs_lines: false,
            is_anywhere: false,
            is_found,
            is_epoch,
            lacks,
            has_dots,
            after_year,
            has_clock_first,
            has_two_columns: columns > 0 && !has_clock_first,
            skips_clock: columns == 2,
            has_open_half_day,
            without_zone: None,
            without_half: None,
        };
        let without_zone = has_zone.then(|| {
            let steps = shape.steps[..shape.steps.len() - 1].into();
            Box::new(Shape { steps, ..shape.clone() })
        });
        let clock = match &shape.steps[..] {
            [clock @ .., Step::HalfDay { is_optional: true }]
            | [clock @ .., Step::HalfDay { is_optional: true }, Step::Zone] => Some(clock),
            _ => None,
        };
        let without_half = clock.map(|clock| {
            let steps = clock.iter().cloned().chain([Step::NoHalfDay]).collect();
            Box::new(Shape { steps, has_open_half_day: false, ..shape.clone() })
        });
        Ok(Shape { without_zone, without_half, ..shape })
    }

    /// Returns the name of the form.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Reads a time from `text`. The text must begin with the time, unless this form searches for it. Returns the parts of the
    /// time and the position of its end.
    #[inline]
    pub(super) fn read(&self, text: &[u8]) -> Option<(Parts, usize)> {
        read::read(&self.steps, text)
    }

    /// Whether this form is a number without any separator between hours, minutes and seconds, so that it may be another number.
    pub(super) fn is_bare(&self) -> bool {
        self.lacks == Lacks::Nothing && !self.form.contains(':')
    }

    /// Whether the day comes before the month, in a form that has both as numbers.
    pub(super) fn has_day_first(&self) -> bool {
        let first = self.steps.iter().find_map(|step| match step {
            Step::Digits { part: part @ (Part::Day | Part::Month), .. } => Some(*part),
            _ => None,
        });
        first == Some(Part::Day)
    }

    /// Whether a time in this form can begin with `byte`.
    fn may_begin_with(&self, byte: u8) -> bool {
        match self.steps.first() {
            Some(Step::Byte(first)) => *first == byte,
            Some(Step::OneOf(bytes)) => bytes.contains(&byte),
            // The first byte of a left-to-right or right-to-left mark, which Windows writes before digits.
            Some(Step::Digits { .. }) => byte.is_ascii_digit() || byte == 0xE2,
            Some(Step::Padded(_)) => byte.is_ascii_digit() || byte == b' ',
            Some(Step::Epoch) => byte.is_ascii_digit(),
            Some(Step::Month | Step::Weekday) => byte.is_ascii_alphabetic() || !byte.is_ascii(),
            Some(Step::Find(_)) => false,
            _ => true,
        }
    }

    /// Returns where the time in `line` begins, if this form searches for it and the line contains it. Otherwise returns 0.
    pub(super) fn found_at(&self, line: &[u8]) -> usize {
        let Some(Step::Find(wanted)) = self.steps.first() else { return 0 };
        read::find(line, wanted).map_or(0, |at| at + wanted.len())
    }
}

/// All forms that are available in a run.
#[derive(Debug, PartialEq, Eq)]
pub struct Shapes {
    pub(super) all: Vec<Shape>,
    /// For each byte, the indices of the forms that can begin with it.
    starts: Vec<Vec<u16>>,
    /// The indices of the forms that search for their time in the line.
    found: Vec<u16>,
}

impl Shapes {
    pub(super) fn new(all: Vec<Shape>) -> Shapes {
        let indices = |fits: &dyn Fn(&Shape) -> bool| {
            (0_u16..).zip(&all).filter(|(_, shape)| fits(shape)).map(|(index, _)| index).collect::<Vec<u16>>()
        };
        let starts = (0..=u8::MAX).map(|byte| indices(&|shape: &Shape| shape.may_begin_with(byte))).collect();
        let found = indices(&|shape: &Shape| shape.is_found);
        Shapes { all, starts, found }
    }

    /// Returns the forms that can begin with `byte`, each with its index.
    pub(super) fn beginning_with(&self, byte: u8) -> impl Iterator<Item = (u16, &Shape)> {
        self.starts[usize::from(byte)].iter().map(|&index| (index, &self.all[usize::from(index)]))
    }

    /// Returns the forms that search for their time in the line, each with its index.
    pub(super) fn searching(&self) -> impl Iterator<Item = (u16, &Shape)> {
        self.found.iter().map(|&index| (index, &self.all[usize::from(index)]))
    }
}

/// Returns the user's forms followed by the built-in ones, or `None` if the user has none. A form of the user replaces the
/// built-in form with the same name. The result is never freed, because every source refers to it.
#[must_use]
pub fn with_built_in(own: Vec<Shape>) -> Option<&'static Shapes> {
    if own.is_empty() {
        return None;
    }
    let is_own = |shape: &&Shape| own.iter().any(|own| own.name == shape.name);
    let others: Vec<Shape> = built_in().all.iter().filter(|shape| !is_own(shape)).cloned().collect();
    // The user knows whether the day or the month follows the year.
    let own = own.into_iter().map(|shape| Shape { after_year: None, ..shape });
    Some(Box::leak(Box::new(Shapes::new(own.chain(others).collect()))))
}

/// Returns the built-in forms. They are compiled when the first source needs them.
pub(super) fn built_in() -> &'static Shapes {
    static SHAPES: LazyLock<Shapes> = LazyLock::new(|| Shapes::new(parse(BUILT_IN)));
    &SHAPES
}

/// Compiles forms in JSON. Panics if one is invalid, which the tests rule out for the built-in file.
fn parse(text: &str) -> Vec<Shape> {
    let file: File = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}"));
    let compiled = file.time.into_iter().map(|entry| {
        let shape = Shape::compile(&entry.name, &entry.form).unwrap_or_else(|error| panic!("{}: {error}", entry.name));
        Shape {
            product: entry.product,
            header: entry.header,
            needs_lines: entry.evidence == Evidence::Lines,
            is_anywhere: entry.anywhere,
            ..shape
        }
    });
    compiled.collect()
}

#[cfg(test)]
mod tests {
    use super::read::{Missing, Order, day};
    use super::*;
    use crate::time::Time;

    /// A text in a form, and the time that must be read from it.
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Example {
        text: String,
        time: String,
        /// The order of day, month and year, if the text alone does not determine it.
        order: Option<String>,
    }

    #[derive(Deserialize)]
    struct Tested {
        time: Vec<Examples>,
    }

    #[derive(Deserialize)]
    struct Examples {
        name: String,
        examples: Vec<Example>,
        counter_examples: Vec<String>,
    }

    /// Reads `text` in the first order of day and month that gives a date, as if its file was last modified on 2017-02-20.
    fn time(shape: &Shape, text: &str, order: Option<&str>) -> Option<String> {
        let last_day = day(2017, 2, 20);
        let (parts, _) = shape.read(text.as_bytes())?;
        let orders = match order {
            Some("ymd") => vec![Order::Ymd],
            _ => vec![Order::Dmy, Order::Mdy],
        };
        let local = orders
            .into_iter()
            .find_map(|order| parts.moment(&Missing { order: Some(order), last_day, day: last_day }))?;
        let second = local.second - i64::from(parts.offset.unwrap_or(0));
        let time = Time::from_nanoseconds(second * 1_000_000_000 + i64::from(local.nanosecond));
        // Not before 1990 and not after the day after tomorrow.
        (second > 631_152_000 && second < 2_000_000_000).then(|| time.to_string())
    }

    #[test]
    fn every_form_reads_its_examples_and_no_counter_example() {
        let mut wrong = Vec::new();
        let tested: Tested = toml::from_str(include_str!("../../builtin/times.toml")).unwrap();
        assert_eq!(tested.time.len(), built_in().all.len());
        for (shape, tested) in built_in().all.iter().zip(&tested.time) {
            assert_eq!(shape.name, tested.name);
            assert!(!tested.examples.is_empty() && !tested.counter_examples.is_empty(), "{}", shape.name);
            let examples = tested.examples.iter().map(|one| (&one.text, Some(&one.time), one.order.as_deref()));
            let others = tested.counter_examples.iter().map(|text| (text, None, None));
            for (text, expected, order) in examples.chain(others) {
                let read = time(shape, text, order);
                if read.as_ref() != expected {
                    wrong.push(format!("{}: {text:?} is {read:?}", shape.name));
                }
            }
        }
        assert_eq!(wrong, Vec::<String>::new());
    }

    #[test]
    fn names_are_unique_and_well_formed() {
        let mut names: Vec<&str> = built_in().all.iter().map(|shape| shape.name.as_str()).collect();
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        assert!(names.iter().all(|name| name.bytes().all(fits)), "{names:?}");
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
    }

    #[test]
    fn forms_that_need_only_one_line_read_no_time_from_a_line_without_one() {
        let texts = [
            "AA:BB:CC:DD:EE:FF 12:34:56",
            "agent 10.12.2017 started",
            "2001:db8::1 02:57:24",
            "59955 725.605",
            "",
            "x",
        ];
        for text in texts {
            for shape in built_in().all.iter().filter(|shape| !shape.needs_lines && shape.lacks != Lacks::Date) {
                assert_eq!(time(shape, text, None), None, "{}: {text}", shape.name);
            }
        }
    }
}
