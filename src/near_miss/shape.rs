//! Replaces what differs from line to line, so that lines of the same kind have the same text.

use std::ops::Range;

/// The largest number of parts of a line before its key words that a shape has: words, placeholders, spaces and other characters.
const PARTS_BEFORE: usize = 32;
/// The same after the key words.
const PARTS_AFTER: usize = 40;
/// The length of the longest word in a shape, in bytes. Anything longer is no word.
const WORD_BYTES: usize = 32;
/// The length in bytes from which letters mixed with digits are an identifier and not a word with a number.
const MIXED_BYTES: usize = 16;
/// The length in bytes from which hexadecimal digits are an identifier.
const HEX_BYTES: usize = 8;
/// How often the replacement is repeated at most, until nothing changes. Twice is usually enough.
const ROUNDS: usize = 8;

const NUMBER: &str = "<n>";
const TIME: &str = "<time>";
const NAME: &str = "<name>";
const ID: &str = "<id>";
const PATH: &str = "<path>";
const ADDRESS: &str = "<address>";
const TEXT: &str = "<text>";
const PLACEHOLDERS: [&str; 7] = [NUMBER, TIME, NAME, ID, PATH, ADDRESS, TEXT];

/// The words that a name follows.
const LABELS: [&str; 14] = [
    "user", "username", "userid", "guest", "login", "account", "host", "hostname", "computer", "machine", "client",
    "domain", "caller", "benutzer",
];
/// The words that are no name, even after a label.
const NO_NAMES: [&str; 30] = [
    "a", "an", "and", "are", "as", "at", "by", "can", "could", "did", "does", "for", "from", "had", "has", "hung",
    "id", "in", "is", "name", "not", "of", "on", "or", "session", "the", "to", "was", "with", "will",
];
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// What lines of the same kind have in common: the text around their key words, with placeholders such as `<n>` in place of
/// numbers, times, names, identifiers, paths, addresses and quoted values.
///
/// Its length is limited, whatever the line is. The shape of the text of a shape is the shape itself.
///
/// # Examples
///
/// ```
/// use callcodes::near_miss::Shape;
///
/// let line = "2017-02-14 02:57:24,600 [17] call status of user ann -> 102";
/// let words = line.find("call status").map(|start| start..start + 11).unwrap();
/// assert_eq!(Shape::of(line, words).text(), "<time>,<n> [<n>] call status of user <name> -> <n>");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shape {
    text: Box<str>,
    words: (usize, usize),
}

impl Shape {
    /// Returns the shape of `line`. `words` is the range of its key words, which stay as they are.
    ///
    /// # Panics
    ///
    /// Panics if `words` is not a range between characters of `line`.
    #[must_use]
    pub fn of(line: &str, words: Range<usize>) -> Shape {
        let mut shape = Shape::once(line, words);
        for _ in 1..ROUNDS {
            let again = Shape::once(&shape.text, shape.words());
            if again == shape {
                break;
            }
            shape = again;
        }
        shape
    }

    /// Returns the text of the shape.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the range of the key words in the text.
    #[must_use]
    pub fn words(&self) -> Range<usize> {
        self.words.0..self.words.1
    }

    /// Replaces everything once. What is left may then look different: in `1user ann`, `user` is a word only without the number.
    fn once(line: &str, words: Range<usize>) -> Shape {
        let mut parts = Parts { line, words: words.clone(), at: 0, all: Vec::new(), label: Label::None };
        while parts.at < line.len() && (parts.at < words.end || parts.is_within_limit()) {
            parts.next();
        }
        parts.into_shape()
    }
}

/// A part of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part<'l> {
    /// One or more blanks.
    Blank,
    /// The key words.
    Words(&'l str),
    /// A word or another character.
    Plain(&'l str),
    /// A placeholder.
    Replaced(&'static str),
}

/// Whether a name follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Label {
    /// No name follows.
    None,
    /// A name may follow, unless it is a common word.
    Named,
    /// A name follows after a separator.
    Separated,
}

/// Divides a line into parts.
struct Parts<'l> {
    line: &'l str,
    /// The range of the key words.
    words: Range<usize>,
    /// The end of the parts so far.
    at: usize,
    all: Vec<Part<'l>>,
    label: Label,
}

impl<'l> Parts<'l> {
    /// Whether there are fewer parts after the words than a shape has.
    fn is_within_limit(&self) -> bool {
        let words = self.all.iter().rposition(|part| matches!(part, Part::Words(_))).unwrap_or_default();
        // One more, so that a blank at the end is not left over.
        self.all.len() - words <= PARTS_AFTER + 1
    }

    fn into_shape(self) -> Shape {
        let words = self.all.iter().position(|part| matches!(part, Part::Words(_))).unwrap_or_default();
        let kept = &self.all[words.saturating_sub(PARTS_BEFORE)..(words + 1 + PARTS_AFTER).min(self.all.len())];
        let kept = kept.strip_prefix(&[Part::Blank]).unwrap_or(kept);
        let kept = kept.strip_suffix(&[Part::Blank]).unwrap_or(kept);
        let (mut text, mut words) = (String::new(), (0, 0));
        for part in kept {
            match part {
                Part::Blank => text.push(' '),
                Part::Words(part) => {
                    words = (text.len(), text.len() + part.len());
                    text.push_str(part);
                }
                Part::Plain(part) => text.push_str(part),
                Part::Replaced(part) => text.push_str(part),
            }
        }
        Shape { text: text.into(), words }
    }

    /// Adds a part that ends at `end`.
    fn push(&mut self, part: Part<'l>, end: usize) {
        self.at = end;
        let last = self.all.last();
        let is_repeated = match part {
            Part::Blank => last == Some(&Part::Blank),
            // A date and the time of day are one time.
            Part::Replaced(TIME) => self.follows_time(),
            _ => false,
        };
        match part {
            Part::Blank => {}
            Part::Plain("=" | ":") if self.label != Label::None => self.label = Label::Separated,
            _ => self.label = Label::None,
        }
        if !is_repeated {
            self.all.push(part);
        } else if part != Part::Blank && last == Some(&Part::Blank) {
            self.all.pop();
        }
    }

    /// Whether the last part is a time, perhaps before a blank.
    fn follows_time(&self) -> bool {
        matches!(self.all[..], [.., Part::Replaced(TIME)] | [.., Part::Replaced(TIME), Part::Blank])
    }

    /// Adds the next part.
    fn next(&mut self) {
        let rest = &self.line[self.at..];
        let Some(first) = rest.chars().next() else { return };
        if self.at == self.words.start && !self.words.is_empty() {
            let words = self.words.clone();
            return self.push(Part::Words(&self.line[words.clone()]), words.end);
        }
        if first.is_whitespace() || first.is_control() {
            return self.push(Part::Blank, self.at + first.len_utf8());
        }
        if let Some(placeholder) = PLACEHOLDERS.into_iter().find(|placeholder| rest.starts_with(placeholder)) {
            return self.push(Part::Replaced(placeholder), self.at + placeholder.len());
        }
        if let Some(end) = self.quoted() {
            let quote = &rest[..1];
            let at = self.at;
            self.push(Part::Plain(quote), at + 1);
            self.push(Part::Replaced(TEXT), end - 1);
            return self.push(Part::Plain(quote), end);
        }
        if first.is_alphanumeric() || "_\\/~$".contains(first) {
            return self.blob();
        }
        self.push(Part::Plain(&rest[..first.len_utf8()]), self.at + first.len_utf8());
    }

    /// Returns the end of the quoted value that begins here. The key words are no value, and neither is a name before a colon.
    fn quoted(&self) -> Option<usize> {
        let rest = &self.line[self.at..];
        let quote = rest.chars().next().filter(|first| "\"'".contains(*first))?;
        let before = self.line[..self.at].chars().next_back();
        if before.is_some_and(|before| before.is_alphanumeric() || before == '>') {
            return None;
        }
        let closes = |(at, _): &(usize, &str)| {
            !rest[at + 1..].chars().next().is_some_and(|after| after.is_alphanumeric() || after == '<')
        };
        let (close, _) = rest.match_indices(quote).skip(1).find(closes)?;
        let end = self.at + close + 1;
        let has_words = self.at < self.words.end && self.words.start < end;
        let after = self.line[end..].trim_start();
        (!has_words && !after.starts_with([':', '='])).then_some(end)
    }

    /// Adds the word, number, time, name, path or whatever begins here.
    fn blob(&mut self) {
        // Nothing goes beyond the start of the words.
        let limit = if self.at < self.words.start { self.words.start } else { self.line.len() };
        let rest = &self.line[self.at..limit];
        // In a string, the end of a line may be written as an escape, which belongs neither to the words nor to what is before them.
        let rest = match rest.len().checked_sub(2) {
            Some(before @ 1..)
                if limit == self.words.start
                    && ["\\n", "\\r", "\\t"].contains(&rest.get(before..).unwrap_or_default()) =>
            {
                &rest[..before]
            }
            _ => rest,
        };
        let is_part = |character: char| character.is_alphanumeric() || "_.-@\\/~$%+".contains(character);
        let joins = |at: usize| {
            let (before, after) = (rest[..at].chars().next_back(), rest[at + 1..].chars().next());
            before.is_some_and(|before| before.is_alphanumeric() || before == ':')
                && after.is_some_and(|after| after.is_alphanumeric() || "\\/:".contains(after))
        };
        let end = rest.char_indices().find(|&(at, character)| !(is_part(character) || character == ':' && joins(at)));
        let whole = rest[..end.map_or(rest.len(), |(at, _)| at)].trim_end_matches(['.', '-', ':', '+', '%', '/', '\\']);
        if whole.is_empty() {
            let first = rest.chars().next().map_or(1, char::len_utf8);
            return self.push(Part::Plain(&rest[..first]), self.at + first);
        }
        let start = self.at;
        if let Some(placeholder) = class(whole) {
            return self.push(Part::Replaced(placeholder), start + whole.len());
        }
        let whole = whole.split_once(':').map_or(whole, |(first, _)| first);
        let end = start + whole.len();
        let lower = whole.to_lowercase();
        let is_common = || NO_NAMES.contains(&lower.as_str());
        let is_name = match self.label {
            Label::None => false,
            Label::Named => !is_common(),
            Label::Separated => true,
        };
        let is_half_of_day = matches!(lower.as_str(), "am" | "pm") && self.follows_time();
        if is_half_of_day || self.is_beside_number(&lower, end) {
            return self.push(Part::Replaced(TIME), end);
        }
        if is_name {
            return self.push(Part::Replaced(NAME), end);
        }
        if is_id(whole) {
            return self.push(Part::Replaced(ID), end);
        }
        self.word(whole);
        if LABELS.contains(&lower.as_str()) {
            self.label = Label::Named;
        }
    }

    /// Whether a word is a month or a day of the week beside a number or a time.
    fn is_beside_number(&self, lower: &str, end: usize) -> bool {
        let is_short_for = |name: &&str| *name == lower || name.get(..3) == Some(lower);
        if !MONTHS.iter().chain(&DAYS).any(is_short_for) {
            return false;
        }
        let after = self.line[end..].trim_start_matches([' ', ',']);
        let is_number = |part: &Part<'_>| matches!(part, Part::Replaced(NUMBER | TIME));
        after.starts_with(|after: char| after.is_ascii_digit())
            || self.all.iter().rev().find(|part| **part != Part::Blank).is_some_and(is_number)
    }

    /// Adds a word, with a placeholder for each number in it.
    fn word(&mut self, word: &'l str) {
        let mut rest = word;
        while !rest.is_empty() {
            let is_digit = |character: char| character.is_numeric();
            let digits = rest.trim_start_matches(is_digit);
            let end = self.at + (rest.len() - digits.len());
            if digits.len() < rest.len() {
                // The digits after a point belong to the number.
                match digits.strip_prefix('.').filter(|after| after.starts_with(is_digit)) {
                    Some(after) => {
                        self.at += rest.len() - after.len();
                        rest = after;
                    }
                    None => {
                        self.push(Part::Replaced(NUMBER), end);
                        rest = digits;
                    }
                }
                continue;
            }
            let (letters, after) = rest.split_at(rest.find(is_digit).unwrap_or(rest.len()));
            self.push(Part::Plain(letters), self.at + letters.len());
            rest = after;
        }
    }
}

/// Returns the placeholder for a text whose characters alone show what it is.
fn class(text: &str) -> Option<&'static str> {
    if is_time(text) {
        Some(TIME)
    } else if is_guid(text) {
        Some(ID)
    } else if is_address(text) {
        Some(ADDRESS)
    } else if is_path(text) {
        Some(PATH)
    } else if ['@', '\\'].into_iter().any(|divider| has_two_parts(text, divider)) {
        Some(NAME)
    } else {
        None
    }
}

/// Whether there is text on both sides of a character that occurs once.
fn has_two_parts(text: &str, divider: char) -> bool {
    let parts: Vec<&str> = text.split(divider).collect();
    matches!(parts[..], [one, other] if !one.is_empty() && !other.is_empty())
}

fn is_path(text: &str) -> bool {
    let is_separator = |character: char| matches!(character, '/' | '\\');
    let has_drive = text.len() > 2 && text.as_bytes()[1] == b':' && text[2..].starts_with(is_separator);
    text.contains("://") || has_drive || text.matches(is_separator).count() > 1
}

fn is_guid(text: &str) -> bool {
    let lens = text.split('-').map(|part| if is_hex(part) { part.len() } else { 0 });
    lens.eq([8, 4, 4, 4, 12])
}

fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether a word is an identifier, whose letters say nothing.
fn is_id(word: &str) -> bool {
    let has_digit = word.contains(char::is_numeric);
    let is_prefixed = word.strip_prefix("0x").is_some_and(is_hex);
    let is_mixed = || word.len() >= MIXED_BYTES && word.contains(char::is_alphabetic) && !word.contains('.');
    let is_long_hex = || word.len() >= HEX_BYTES && is_hex(word) && word.contains(char::is_alphabetic);
    word.len() > WORD_BYTES || is_prefixed || has_digit && (is_long_hex() || is_mixed())
}

/// Whether a text is a network address, perhaps with a port.
fn is_address(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let (host, port) = text.split_once(':').unwrap_or((text, "0"));
    let parts: Vec<&str> = host.split('.').collect();
    let is_v4 = parts.len() == 4 && parts.iter().all(|part| digits(part) && part.len() <= 3) && digits(port);
    let groups: Vec<&str> = text.split(':').collect();
    let is_group = |group: &&str| group.is_empty() || group.len() <= 4 && is_hex(group);
    let is_v6 = groups.len() > 3 && groups.iter().all(is_group) && groups.iter().any(|group| !group.is_empty());
    is_v4 || is_v6
}

/// Whether a text is a date, a time of day, or both.
fn is_time(text: &str) -> bool {
    let whole = text.strip_suffix('Z').unwrap_or(text);
    let whole = without_offset(whole);
    match whole.split_once(['T', 'Z', '_']).or_else(|| divided_at_colon(whole)) {
        Some((date, clock)) => is_date(date) && is_clock(clock),
        None => is_date(whole) || is_clock(whole),
    }
}

/// Divides the time of the logs of web servers: `14/Feb/2017:02:57:24`.
fn divided_at_colon(text: &str) -> Option<(&str, &str)> {
    text.split_once(':').filter(|(date, _)| date.contains('/'))
}

/// Returns a time without the offset from UTC at its end.
fn without_offset(text: &str) -> &str {
    let Some(at) = text.rfind(['+', '-']).filter(|&at| text[..at].contains(':')) else { return text };
    let offset = &text[at + 1..];
    let is_offset = (2..=5).contains(&offset.len()) && offset.bytes().all(|byte| byte.is_ascii_digit() || byte == b':');
    if is_offset { &text[..at] } else { text }
}

fn is_date(text: &str) -> bool {
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_month =
        |part: &str| MONTHS.iter().any(|month| month.get(..3).is_some_and(|short| short.eq_ignore_ascii_case(part)));
    ['-', '/', '.'].into_iter().any(|separator| {
        let parts: Vec<&str> = text.split(separator).collect();
        let [first, middle, last] = parts[..] else { return false };
        let lens = (first.len(), middle.len(), last.len());
        let is_like_date = matches!(lens, (4, 1..=3, 1..=2) | (1..=2, 1..=3, 2 | 4));
        is_like_date && is_digits(first) && (is_digits(middle) || is_month(middle)) && is_digits(last)
    })
}

fn is_clock(text: &str) -> bool {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = clock.split(':').collect();
    let lens = (2..=3).contains(&parts.len()) && parts[0].len() <= 2 && parts[1..].iter().all(|part| part.len() == 2);
    lens && parts.iter().all(|part| is_digits(part)) && is_digits(fraction)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WORDS: &str = "call status";

    fn shape(line: &str) -> Shape {
        let start = line.find(WORDS).unwrap();
        Shape::of(line, start..start + WORDS.len())
    }

    #[test]
    fn what_differs_from_line_to_line_is_replaced() {
        let cases = [
            ("2017-02-14T02:57:24.600871Z|e|1412|pfsvc|call status ?", "<time>|e|<n>|pfsvc|call status ?"),
            ("Feb 14 02:57:24 mfa01 pfsvc[17]: call status ?", "<time> <n> <time> mfa<n> pfsvc[<n>]: call status ?"),
            ("14/Feb/2017:02:57:24 +0100 call status ?", "<time> +<n> call status ?"),
            ("11/20/2026 8:17:12 AM  call status ?", "<time> call status ?"),
            ("Tuesday, 14 February 2017 call status ?", "<time>, <n> <time> <n> call status ?"),
            ("call status -> 102 (1.5 s, 0x80070005)", "call status -> <n> (<n> s, <id>)"),
            ("call status of CONTOSO\\ann and bob@example.com", "call status of <name> and <name>"),
            ("call status of user ann, host=web is open", "call status of user <name>, host=<name> is open"),
            ("call status: the user hung up", "call status: the user hung up"),
            ("id 6b9c3c0e-62a1-4f37-9d4e-0b5a8a1f9f10 call status", "id <id> call status"),
            (r"C:\logs\a.log(7): call status of /var/log/x", "<path>(<n>): call status of <path>"),
            ("from 192.0.2.7:50123 and 2001:db8::7 call status", "from <address> and <address> call status"),
            (r#"call status "Phone Unreachable" of 'o'neil'"#, r#"call status "<text>" of '<text>'"#),
            // A name before a colon is no value, and neither are the words themselves.
            (
                r#"{"user": "ann", "m": "call status of x", "n": 7}"#,
                r#"{"user": "<text>", "m": "call status of x", "n": <n>}"#,
            ),
            (r#"{"m":"x\ncall status of y"}"#, r#"{"m":"x\ncall status of y"}"#),
            ("call status\tdie   Leitung\u{1b}ist besetzt", "call status die Leitung ist besetzt"),
            ("call status of YWJjZGVmZ2hpamtsbW5vcA1", "call status of <id>"),
        ];
        for (line, expected) in cases {
            assert_eq!(shape(line).text(), expected, "{line}");
        }
    }

    #[test]
    fn the_words_stay_as_they_are() {
        let of = |line: &str, words: Range<usize>| Shape::of(line, words.clone()).text().to_owned();
        assert_eq!(of("code2=7", 0..5), "code2=<n>");
        assert_eq!(of("user state 7", 5..10), "user state <n>");
        assert_eq!(of("102", 0..0), "<n>");
    }

    #[test]
    fn a_shape_has_a_limited_length() {
        let long = |part: &str| format!("{}{WORDS}{}", part.repeat(300), part.repeat(300));
        for part in ["a b ", "1", "a", "'", "1.", "x1 ", "2017-02-14 ", "\u{20ac}", "/"] {
            assert!(shape(&long(part)).text().len() < 3000, "{part}");
        }
        let words = "one two three four five ";
        let text = shape(&long(words)).text().to_owned();
        // 20 words with the blanks between them.
        assert!(text.ends_with("call statusone two three four five one two three four five one two three four five one two three four five"), "{text}");
    }

    /// Returns the parts of a line, each of which has a placeholder, in two forms: two lines differ in them.
    fn differing() -> impl Strategy<Value = (String, String)> {
        let number = || (0_u32..100_000).prop_map(|number| number.to_string());
        let name = || "[a-z]{2,8}";
        let upn = || "[a-z]{2,8}@[a-z]{2,6}\\.com";
        let time = || "20[12][0-9]-0[1-9]-[12][0-9] [01][0-9]:[0-5][0-9]:[0-5][0-9]";
        let guid = || "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
        let path = || "/[a-z]{1,8}/[a-z]{1,8}/[a-z]{1,8}\\.log";
        let labelled = |(one, other): (String, String)| (format!("user={one}"), format!("user={other}"));
        let quoted = |(one, other): (String, String)| (format!("'{one}'"), format!("'{other}'"));
        prop_oneof![
            (number(), number()),
            (upn(), upn()),
            (time(), time()),
            (guid(), guid()),
            (path(), path()),
            (name(), name()).prop_map(labelled),
            (name(), name()).prop_map(quoted),
            "[a-z]{1,8}".prop_map(|word| (word.clone(), word)),
        ]
    }

    proptest! {
        #[test]
        fn lines_that_differ_in_numbers_and_names_only_have_one_shape(
            before in prop::collection::vec(differing(), 0..6),
            after in prop::collection::vec(differing(), 0..6),
        ) {
            let line = |which: fn(&(String, String)) -> &str| {
                let join = |parts: &[(String, String)]| parts.iter().map(which).collect::<Vec<_>>().join(" ");
                shape(&format!("{} {WORDS} {}", join(&before), join(&after)))
            };
            prop_assert_eq!(line(|pair| &pair.0), line(|pair| &pair.1));
        }

        #[test]
        fn the_shape_of_a_shape_is_itself(
            before in any_text(),
            after in any_text(),
        ) {
            let shape = shape(&format!("{before}{WORDS}{after}"));
            prop_assert_eq!(&shape.text()[shape.words()], WORDS);
            prop_assert_eq!(Shape::of(shape.text(), shape.words()), shape);
        }
    }

    fn any_text() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(vec![
            "user",
            "user=",
            "a",
            "ann",
            "1",
            "102",
            "1.5",
            " ",
            " ",
            "  ",
            "\t",
            "'",
            "\"",
            ":",
            "=",
            ",",
            "(",
            ")",
            "[",
            "]",
            "<",
            ">",
            "<n>",
            "<time>",
            "<name",
            "Feb",
            "Feb ",
            "AM",
            " PM",
            "2017-02-14",
            "02:57:24",
            "T",
            "Z",
            "+01:00",
            "@",
            "\\",
            "/",
            "C:\\",
            "://",
            "::",
            ".",
            "-",
            "0x",
            "deadbeef",
            "\u{e9}",
            "\u{20ac}",
            "\u{663}",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ]);
        prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
    }
}
