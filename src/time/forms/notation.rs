//! Compiles the notation of a form, which resembles that of `strptime`, to the steps that read it.
//!
//! The notation is described at the top of `builtin/times.toml`. Characters that it does not mention stand for themselves.

use std::fmt;
use std::ops::Range;

/// One step of reading a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Exactly this byte.
    Byte(u8),
    /// One of these bytes.
    OneOf(Box<[u8]>),
    /// Skips everything up to and including this text.
    Find(Box<[u8]>),
    /// At least one blank or tab.
    Blanks,
    /// The separator after a column, with any quotes around it.
    Column,
    /// A number with at least `least` and at most `most` digits.
    Digits { part: Part, least: u8, most: u8 },
    /// A number of one or two digits, with an optional blank before it.
    Padded(Part),
    /// The name of a month.
    Month,
    /// The name of a weekday.
    Weekday,
    /// An optional fraction of a second.
    Fraction,
    /// A fraction of a second without its point.
    FractionDigits,
    /// AM or PM, which may be missing if `is_optional` is set.
    HalfDay { is_optional: bool },
    /// Nothing: the clock time has no AM or PM, even if a word like that follows.
    NoHalfDay,
    /// An optional zone.
    Zone,
    /// An offset.
    Offset,
    /// An optional offset, as the minutes by which UTC is ahead of the local time, or the local time ahead of UTC.
    Bias { is_east: bool },
    /// The time since 1970, in seconds or a smaller unit.
    Epoch,
    /// A TAI64N label without its `@`.
    Tai64n,
    /// The next steps are optional together. The number says how many.
    Optional(usize),
}

/// A part of a time that is written as a number. Its discriminant is its index in [`Parts`](super::read::Parts).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::time) enum Part {
    Year,
    /// The last two digits of the year.
    ShortYear,
    Month,
    Day,
    /// The first, second and third part of a date whose order depends on the source.
    First,
    Second,
    Third,
    Hour,
    Minute,
    WholeSecond,
    DayOfYear,
    WeekYear,
    Week,
    DayOfWeek,
}

impl Part {
    /// The number of parts.
    pub(super) const COUNT: usize = Part::DayOfWeek as usize + 1;
}

/// An error in the notation of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The message for the user: what is wrong, and what to write instead.
    pub message: String,
    /// The range of bytes in the notation that the message is about.
    pub span: Range<usize>,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Compiles a notation to the steps that read it.
pub(super) fn compile(notation: &str) -> Result<Box<[Step]>, Error> {
    let mut steps = Vec::new();
    // The index of the step that begins an optional part, and where that part begins in the notation.
    let mut group: Option<(usize, usize)> = None;
    let mut rest = notation;
    while let Some(char) = rest.chars().next() {
        let at = notation.len() - rest.len();
        let error = |message: &str, len: usize| Error { message: message.to_owned(), span: at..at + len };
        if char != '%' {
            let mut bytes = [0; 4];
            steps.extend(char.encode_utf8(&mut bytes).bytes().map(Step::Byte));
            rest = &rest[char.len_utf8()..];
            continue;
        }
        let until = |close: char| {
            let inner = rest[2..].split_once(close).map(|(inner, _)| inner).filter(|inner| !inner.is_empty());
            inner.ok_or_else(|| error(&format!("the text after `{}` has no `{close}`, or is empty", &rest[..2]), 2))
        };
        let digits = |part, least, most| Step::Digits { part, least, most };
        let (step, len) = match &rest.as_bytes()[1..] {
            [b'Y', ..] => (digits(Part::Year, 4, 4), 2),
            [b'y', ..] => (digits(Part::ShortYear, 2, 2), 2),
            [b'm', ..] => (digits(Part::Month, 2, 2), 2),
            [b'd', ..] => (digits(Part::Day, 2, 2), 2),
            [b'H', ..] => (digits(Part::Hour, 2, 2), 2),
            [b'M', ..] => (digits(Part::Minute, 2, 2), 2),
            [b'S', ..] => (digits(Part::WholeSecond, 2, 2), 2),
            [b'-', b'm', ..] => (digits(Part::Month, 1, 2), 3),
            [b'-', b'd', ..] => (digits(Part::Day, 1, 2), 3),
            [b'-', b'H', ..] => (digits(Part::Hour, 1, 2), 3),
            [b'-', b'M', ..] => (digits(Part::Minute, 1, 2), 3),
            [b'-', b'S', ..] => (digits(Part::WholeSecond, 1, 2), 3),
            [b'1', ..] => (digits(Part::First, 1, 2), 2),
            [b'2', ..] => (digits(Part::Second, 1, 2), 2),
            [b'3', ..] => (digits(Part::Third, 2, 2), 2),
            [b'j', ..] => (digits(Part::DayOfYear, 3, 3), 2),
            [b'G', ..] => (digits(Part::WeekYear, 4, 4), 2),
            [b'V', ..] => (digits(Part::Week, 2, 2), 2),
            [b'u', ..] => (digits(Part::DayOfWeek, 1, 1), 2),
            [b'e', ..] => (Step::Padded(Part::Day), 2),
            [b'k', ..] => (Step::Padded(Part::Hour), 2),
            [b'b', ..] => (Step::Month, 2),
            [b'a', ..] => (Step::Weekday, 2),
            [b'.', b'f', ..] => (Step::Fraction, 3),
            [b'f', ..] => (Step::FractionDigits, 2),
            [b'p', ..] => (Step::HalfDay { is_optional: true }, 2),
            [b'P', ..] => (Step::HalfDay { is_optional: false }, 2),
            [b'Z' | b'z', ..] => (Step::Zone, 2),
            [b'O', ..] => (Step::Offset, 2),
            [b'B', ..] => (Step::Bias { is_east: false }, 2),
            [b'E', ..] => (Step::Bias { is_east: true }, 2),
            [b's', ..] => (Step::Epoch, 2),
            [b'N', ..] => (Step::Tai64n, 2),
            [b'_', ..] => (Step::Blanks, 2),
            [b'|', ..] => (Step::Column, 2),
            [b'%', ..] => (Step::Byte(b'%'), 2),
            [b'{', ..] => until('}').map(|inner| (Step::Find(inner.as_bytes().into()), inner.len() + 3))?,
            [b'[', ..] => until(']').map(|inner| (Step::OneOf(inner.as_bytes().into()), inner.len() + 3))?,
            [b'(', ..] if group.is_some() => {
                return Err(error("a `%(` is inside another one. Close that with `%)` first", 2));
            }
            [b'(', ..] => {
                group = Some((steps.len(), at));
                (Step::Optional(0), 2)
            }
            [b')', ..] => {
                let Some((begin, _)) = group.take() else {
                    return Err(error("there is no `%(` before this `%)`", 2));
                };
                steps[begin] = Step::Optional(steps.len() - begin - 1);
                rest = &rest[2..];
                continue;
            }
            [] => return Err(error("nothing follows the last `%`. Write `%%` for a percent sign", 1)),
            _ => {
                let len = 1 + rest[1..].chars().next().map_or(0, char::len_utf8);
                let message = format!(
                    "there is no `{}`. Write %Y %m %d for a date, %H %M %S for a clock time, %b for the name of a month, %.f for \
                     a fraction, %p for AM or PM, %Z for a zone, and %% for a percent sign",
                    rest[..len].escape_debug()
                );
                return Err(error(&message, len));
            }
        };
        steps.push(step);
        rest = &rest[len..];
    }
    if let Some((_, at)) = group {
        return Err(Error { message: "there is no `%)` after this `%(`".to_owned(), span: at..at + 2 });
    }
    check(&steps).map_err(|message| Error { message: message.to_owned(), span: 0..notation.len() })?;
    Ok(steps.into())
}

/// Checks that the steps together make up a time.
fn check(steps: &[Step]) -> Result<(), &'static str> {
    let has = |wanted: &[Part]| {
        steps.iter().any(|step| match step {
            Step::Digits { part, .. } | Step::Padded(part) => wanted.contains(part),
            _ => false,
        })
    };
    if steps.iter().any(|step| matches!(step, Step::Epoch | Step::Tai64n)) {
        return Ok(());
    }
    if !has(&[Part::Hour]) || !has(&[Part::Minute]) {
        return Err("this form has no clock time. Add %H:%M:%S, or %s for seconds since 1970");
    }
    let has_month = has(&[Part::Month]) || steps.contains(&Step::Month);
    let has_ordinal = has(&[Part::DayOfYear]) || has(&[Part::Week]);
    if has(&[Part::Year, Part::ShortYear]) && !has_month && !has_ordinal && !has(&[Part::First]) {
        return Err("this form has a year and no month. Add %m or %b");
    }
    if has_month != has(&[Part::Day]) || has(&[Part::First]) != has(&[Part::Second]) {
        return Err("this form has a month without a day, or a day without a month. Write both or neither");
    }
    if has(&[Part::Week]) && !(has(&[Part::WeekYear]) && has(&[Part::DayOfWeek])) {
        return Err("this form has a week without its year or its day. Write %G-W%V-%u");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_to_write() {
        let message = |notation: &str| compile(notation).map_err(|error| (error.span, error.message));
        let unknown = "there is no `%Q`. Write %Y %m %d for a date, %H %M %S for a clock time, %b for the name of a month, %.f for a \
                       fraction, %p for AM or PM, %Z for a zone, and %% for a percent sign";
        let cases = [
            ("%H:%M %Q", (6..8, unknown)),
            ("%H:%M%", (5..6, "nothing follows the last `%`. Write `%%` for a percent sign")),
            ("%{x", (0..2, "the text after `%{` has no `}`, or is empty")),
            ("%[]%H:%M", (0..2, "the text after `%[` has no `]`, or is empty")),
            ("%H:%M%(:%S", (5..7, "there is no `%)` after this `%(`")),
            ("%H:%M%)", (5..7, "there is no `%(` before this `%)`")),
            ("%(%H%(:%M%)%)", (4..6, "a `%(` is inside another one. Close that with `%)` first")),
            ("%d.%m.%Y", (0..8, "this form has no clock time. Add %H:%M:%S, or %s for seconds since 1970")),
            ("%Y %H:%M", (0..8, "this form has a year and no month. Add %m or %b")),
            (
                "%Y-%m %H:%M",
                (0..11, "this form has a month without a day, or a day without a month. Write both or neither"),
            ),
            ("", (0..0, "this form has no clock time. Add %H:%M:%S, or %s for seconds since 1970")),
        ];
        for (notation, (span, expected)) in cases {
            assert_eq!(message(notation), Err((span, expected.to_owned())), "{notation}");
        }
    }

    #[test]
    fn an_optional_part_knows_its_length() {
        let steps = compile("%H:%M%(:%S%.f%)%p").unwrap();
        assert_eq!(steps[3], Step::Optional(3));
        assert_eq!(steps.last(), Some(&Step::HalfDay { is_optional: true }));
    }
}
