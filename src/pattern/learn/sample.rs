//! Finds the code that the user names in a line.

use std::ops::Range;

use super::tokens::{Kind, Value, tokens};
use crate::catalogue::Catalogue;
use crate::code::Key;
use crate::hit::Capture;

/// A line to learn from, and where the code is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The line without its line end.
    pub line: String,
    /// The position of the code in the line, in bytes.
    pub code: Range<usize>,
    /// The positions of other values that groups capture, in bytes. Further ones are recognised.
    pub said: Vec<(Capture, Range<usize>)>,
}

/// Why a text could not be located in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotFound {
    /// The line does not contain the text as a whole word.
    Absent,
    /// The line contains the text at these positions, and it is not clear which is meant.
    Several(Vec<Range<usize>>),
}

/// Returns the position of the code `written` in a line. It may be a number, a name or a text. If the line does not contain the
/// number of a known code, the position is that of its name. `102@2` stands for the second `102`.
///
/// # Errors
///
/// Fails if the line does not contain the code, or contains it several times and it is not clear which is meant.
///
/// # Examples
///
/// ```
/// use callcodes::catalogue::Catalogue;
/// use callcodes::pattern::learn::{NotFound, find_code};
///
/// let catalogue = Catalogue::built_in();
/// assert_eq!(find_code("call of 192.0.2.102 ended: 102", "102", catalogue), Ok(27..30));
/// assert_eq!(find_code("call ended: phone unreachable", "102", catalogue), Ok(12..29));
/// assert_eq!(find_code("102 calls: 102", "102", catalogue), Err(NotFound::Several(vec![0..3, 11..14])));
/// assert_eq!(find_code("102 calls: 102", "102@2", catalogue), Ok(11..14));
/// ```
pub fn find_code(line: &str, written: &str, catalogue: &Catalogue) -> Result<Range<usize>, NotFound> {
    match find(line, written) {
        Err(NotFound::Absent) => {}
        found => return found,
    }
    let key = catalogue.resolve(written.as_bytes());
    let Some(entry) = catalogue.entry(&key).filter(|_| matches!(key, Key::Code(_))) else {
        return Err(NotFound::Absent);
    };
    // The longest, because one name may be the start of another.
    let names = entry.names().filter_map(|name| find(line, name).ok());
    names.max_by_key(ExactSizeIterator::len).ok_or(NotFound::Absent)
}

/// Returns the position of `written` in a line. `ann@2` stands for the second `ann`.
///
/// # Errors
///
/// Fails if the line does not contain the text as a whole word, or contains it several times and it is not clear which is meant.
pub fn find(line: &str, written: &str) -> Result<Range<usize>, NotFound> {
    let written = written.trim();
    let all = places(line, written);
    let Some(first) = all.first() else {
        let (written, number) = written.rsplit_once('@').ok_or(NotFound::Absent)?;
        let number: usize = number.parse().map_err(|_| NotFound::Absent)?;
        let numbered = number.checked_sub(1).and_then(|index| places(line, written).get(index).cloned());
        return numbered.ok_or(NotFound::Absent);
    };
    if all.len() == 1 {
        return Ok(first.clone());
    }
    // A part of a time, an address or the like is not a code.
    let tokens = tokens(line, &[]);
    let is_inside = |place: &&Range<usize>| {
        tokens.iter().any(|token| {
            let is_whole =
                !matches!(token.kind, Kind::Value(Value::Number | Value::Quoted(_)) | Kind::Word | Kind::Mark);
            is_whole && token.span.start < place.end && place.start < token.span.end && token.span != **place
        })
    };
    let mut free = all.iter().filter(|place| !is_inside(place));
    match (free.next(), free.next()) {
        (Some(only), None) => Ok(only.clone()),
        _ => Err(NotFound::Several(all)),
    }
}

/// Returns the positions at which a line contains `written` as a whole word: in the same letter case, or else in any.
fn places(line: &str, written: &str) -> Vec<Range<usize>> {
    if written.is_empty() {
        return Vec::new();
    }
    let is_letter = |character: Option<char>| character.is_some_and(|one| one.is_alphanumeric() || one == '_');
    let (starts, ends) = (is_letter(written.chars().next()), is_letter(written.chars().next_back()));
    let is_whole = |at: &usize| {
        let (before, after) = (line[..*at].chars().next_back(), line[at + written.len()..].chars().next());
        !(starts && is_letter(before) || ends && is_letter(after))
    };
    let exact: Vec<usize> = line.match_indices(written).map(|(at, _)| at).filter(is_whole).collect();
    let any_case = || {
        let (line, written) = (line.to_ascii_lowercase(), written.to_ascii_lowercase());
        line.match_indices(&written).map(|(at, _)| at).filter(is_whole).collect()
    };
    let all = if exact.is_empty() { any_case() } else { exact };
    all.into_iter().map(|at| at..at + written.len()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_words_are_the_code() {
        assert_eq!(find("id=1021 code_102 rc=102", "102"), Ok(20..23));
        assert_eq!(find("rc=1021", "102"), Err(NotFound::Absent));
        assert_eq!(find("Rückruf: ungültig", "ungültig"), Ok(10..19));
        assert_eq!(find("PHONE BUSY", "Phone Busy"), Ok(0..10));
        assert_eq!(find("x", ""), Err(NotFound::Absent));
    }

    #[test]
    fn a_part_of_a_time_or_an_address_is_no_code_if_there_is_another_place() {
        assert_eq!(find("2024-05-21 21:21:21.021 10.0.0.21 rc 21", "21"), Ok(37..39));
        // There is no other place.
        assert_eq!(find("10.0.0.21", "21"), Ok(7..9));
        assert_eq!(find("10.0.0.21 10.0.0.21", "21"), Err(NotFound::Several(vec![7..9, 17..19])));
    }

    #[test]
    fn a_number_after_the_text_chooses_the_place() {
        assert_eq!(find("21 and 21", "21@1"), Ok(0..2));
        assert_eq!(find("21 and 21", "21@2"), Ok(7..9));
        for wrong in ["21@3", "21@0", "21@", "21@x"] {
            assert_eq!(find("21 and 21", wrong), Err(NotFound::Absent), "{wrong}");
        }
        // The text itself may contain the sign.
        assert_eq!(find("mail ann@2 x", "ann@2"), Ok(5..10));
    }
}
