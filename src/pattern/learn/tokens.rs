//! Divides a line into words, values and punctuation.
//!
//! Invariants: tokens are in order and do not overlap, and only blanks are between them. A blank is an ASCII space or tab. The
//! parts that the caller marks are tokens of their own.

use std::net::IpAddr;
use std::ops::Range;

use crate::hit::Capture;
use crate::time;

/// A part of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// The position in the line, in bytes.
    pub(super) span: Range<usize>,
    /// Whether there are blanks before the token.
    pub(super) is_spaced: bool,
}

/// What a part of a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Letters, which are probably the same in all lines of this kind.
    Word,
    /// A single other character.
    Mark,
    /// A part that differs from line to line.
    Value(Value),
    /// A part that a group of the pattern captures.
    Said(Capture),
}

/// What a part that differs from line to line looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// Digits.
    Number,
    /// Letters and digits, such as the name of a machine.
    Mixed,
    /// The text between two of these quotation marks.
    Quoted(char),
    /// A date or clock time.
    Time,
    /// A GUID.
    Guid,
    /// An IP address.
    Address,
    /// A mail address, or a domain and a user.
    Account,
    /// The path of a file, or a URL.
    Path,
    /// A phone number with a plus sign.
    Phone,
    /// The level of a message, such as `INFO`.
    Level,
    /// A colon or an equals sign.
    Separator,
    /// Text without blanks.
    Run,
}

/// The length of a GUID in bytes.
const GUID_BYTES: usize = 36;
/// The longest text between quotation marks that is a value.
const LONGEST_QUOTED_BYTES: usize = 200;
/// The words that log frameworks write for the level of a message.
const LEVELS: [&str; 20] = [
    "audit",
    "crit",
    "critical",
    "debug",
    "err",
    "error",
    "fatal",
    "fehler",
    "fine",
    "hinweis",
    "info",
    "information",
    "notice",
    "severe",
    "trace",
    "verbose",
    "warn",
    "warning",
    "warnung",
    "inf",
];

/// Whether a character is a blank.
pub(super) fn is_blank(character: char) -> bool {
    character == ' ' || character == '\t'
}

/// Whether a character ends a name, a path or a value without quotation marks.
pub(super) fn ends_value(character: char) -> bool {
    character.is_ascii_whitespace() || "\"',;|<>()[]{}".contains(character)
}

/// Whether a character can be part of a word.
fn is_letter(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Divides a line into tokens. `marked` are the parts that groups capture, in order and without overlaps.
pub(super) fn tokens(line: &str, marked: &[(Capture, Range<usize>)]) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut start = 0;
    for (capture, span) in marked {
        divide(line, start..span.start, &mut tokens);
        let is_spaced = line[..span.start].ends_with(is_blank);
        tokens.push(Token { kind: Kind::Said(*capture), span: span.clone(), is_spaced });
        start = span.end;
    }
    divide(line, start..line.len(), &mut tokens);
    // The level comes before everything else that the message says.
    let first_word = tokens.iter().position(|token| token.kind == Kind::Word);
    let is_level = |token: &Token| LEVELS.iter().any(|level| level.eq_ignore_ascii_case(&line[token.span.clone()]));
    let has_others = tokens.iter().filter(|token| token.kind == Kind::Word).count() > 1;
    if let Some(first) = first_word.filter(|&first| has_others && is_level(&tokens[first])) {
        tokens[first].kind = Kind::Value(Value::Level);
    }
    tokens
}

/// Appends the tokens in a part of the line.
fn divide(line: &str, part: Range<usize>, tokens: &mut Vec<Token>) {
    let mut at = part.start;
    while let Some(character) = line[at..part.end].chars().next() {
        if is_blank(character) {
            at += character.len_utf8();
            continue;
        }
        let is_spaced = line[..at].ends_with(is_blank);
        let (kind, len) = token_at(line, at..part.end, tokens.last().is_some_and(|last| last.span.end == at));
        tokens.push(Token { kind, span: at..at + len, is_spaced });
        at += len;
        let quoted = if kind == Kind::Mark { quoted(&line[part.start..part.end], at - part.start) } else { None };
        if let Some((quote, len)) = quoted {
            tokens.push(Token { kind: Kind::Value(Value::Quoted(quote)), span: at..at + len, is_spaced: false });
            at += len;
            tokens.push(Token { kind: Kind::Mark, span: at..at + 1, is_spaced: false });
            at += 1;
        }
    }
}

/// Returns the quotation mark before `at` and the length of the text up to the next one, if that text is a value. A text before a
/// colon or an equals sign is the name of a value.
fn quoted(part: &str, at: usize) -> Option<(char, usize)> {
    let quote = part[..at].chars().next_back().filter(|quote| matches!(quote, '"' | '\''))?;
    if part[..at - 1].chars().next_back().is_some_and(is_letter) {
        return None;
    }
    let len = part[at..].find(quote).filter(|&len| len > 0 && len <= LONGEST_QUOTED_BYTES)?;
    let (text, after) = (&part[at..at + len], &part[at + len + 1..]);
    let is_separator = text.starts_with([' ', ',', ':', ';', ']', '}', '|']);
    let is_name = after.trim_start_matches(is_blank).starts_with([':', '=']);
    let goes_on = after.starts_with(is_letter);
    (!is_separator && !is_name && !goes_on).then_some((quote, len))
}

/// Returns the kind and the length of the token at the start of `part`, which is not a blank. `is_attached` is whether another
/// token is directly before it.
fn token_at(line: &str, part: Range<usize>, is_attached: bool) -> (Kind, usize) {
    let before = line[..part.start].chars().next_back();
    let text = &line[part];
    let is_free = !before.is_some_and(is_letter);
    if is_free && let Some((value, len)) = value(text, is_attached) {
        return (Kind::Value(value), len);
    }
    let first = text.chars().next().map_or(1, char::len_utf8);
    let word = text.find(|character| !is_letter(character)).unwrap_or(text.len());
    if word == 0 {
        return (Kind::Mark, first);
    }
    let has_digits = |text: &str| text.contains(|character: char| character.is_numeric());
    if text[..word].chars().all(|character| character.is_ascii_digit()) {
        return (Kind::Value(Value::Number), word);
    }
    // The name of a value, even if it has a digit in it.
    let after = text[word..].strip_prefix(['"', '\'']).unwrap_or(&text[word..]);
    if after.starts_with('=') || (after.len() < text.len() - word && after.starts_with(':')) {
        return (Kind::Word, word);
    }
    let joined = joined(text);
    // A dot within a name, as in `ann.lee`, unless it is the name of a value, as in `mfa.result: 102`.
    let is_dotted = text[..joined].contains('.') && !text[joined..].starts_with([':', '=']);
    if has_digits(&text[..joined]) || is_dotted { (Kind::Value(Value::Mixed), joined) } else { (Kind::Word, word) }
}

/// Returns the length of the words at the start of `text` that hyphens and dots join, as in `HELPDESK-7` and `ras01.example.com`.
fn joined(text: &str) -> usize {
    let mut end = 0;
    for (at, character) in text.char_indices() {
        if is_letter(character) {
            end = at + character.len_utf8();
        } else if at != end || at == 0 || !matches!(character, '-' | '.') {
            break;
        }
    }
    end
}

/// Returns the value at the start of `text` and its length, if it is one of those that have a form of their own.
fn value(text: &str, is_attached: bool) -> Option<(Value, usize)> {
    let ends = |len: usize| !text[len..].starts_with(is_letter);
    if let Some(len) = guid(text).filter(|&len| ends(len)) {
        return Some((Value::Guid, len));
    }
    if let Some(len) = address(text) {
        return Some((Value::Address, len));
    }
    if let Some(len) = time::len_at(text.as_bytes()).filter(|&len| text.is_char_boundary(len) && ends(len)) {
        return Some((Value::Time, len));
    }
    if let Some(len) = phone(text) {
        return Some((Value::Phone, len));
    }
    let whole = text.find(ends_value).unwrap_or(text.len());
    // A full stop or a colon at the end belongs to the sentence.
    let run = &text[..whole].trim_end_matches(['.', ':', '!', '?']);
    if is_path(run) && !is_attached {
        return Some((Value::Path, run.len()));
    }
    account(run).map(|len| (Value::Account, len))
}

fn guid(text: &str) -> Option<usize> {
    let guid = text.as_bytes().get(..GUID_BYTES)?;
    let is_right = |(at, byte): (usize, &u8)| match at {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    guid.iter().enumerate().all(is_right).then_some(GUID_BYTES)
}

/// Returns the length of the IP address at the start of `text`.
fn address(text: &str) -> Option<usize> {
    let len = |is_part: fn(char) -> bool| text.find(|character| !is_part(character)).unwrap_or(text.len());
    let four = text[..len(|character| character.is_ascii_digit() || character == '.')].trim_end_matches('.');
    let six = text[..len(|character| character.is_ascii_hexdigit() || ".:".contains(character))].trim_end_matches(':');
    let is_address = |text: &&str| text.parse::<IpAddr>().is_ok();
    // `::` alone is punctuation.
    let six = Some(six).filter(|six| six.len() > 2).filter(is_address);
    let found = six.or(Some(four).filter(is_address))?;
    (!text[found.len()..].starts_with(is_letter)).then_some(found.len())
}

/// Returns the length of the phone number at the start of `text`.
fn phone(text: &str) -> Option<usize> {
    const LEAST_DIGITS: usize = 6;
    let digits = text.strip_prefix('+')?;
    let is_part = |character: char| character.is_ascii_digit() || " -/".contains(character);
    let number = &digits[..digits.find(|character| !is_part(character)).unwrap_or(digits.len())];
    let number = number.trim_end_matches([' ', '-', '/']);
    let count = number.bytes().filter(u8::is_ascii_digit).count();
    (number.starts_with(|first: char| first.is_ascii_digit()) && count >= LEAST_DIGITS).then_some(1 + number.len())
}

fn is_path(text: &str) -> bool {
    let is_drive = matches!(text.as_bytes(), [letter, b':', b'\\' | b'/', _, ..] if letter.is_ascii_alphabetic());
    let is_rooted = text.starts_with('/') && text[1..].contains('/');
    let scheme = text.find("://").is_some_and(|at| at > 1 && text[..at].bytes().all(|byte| byte.is_ascii_alphabetic()));
    is_drive || is_rooted || scheme || text.starts_with(r"\\")
}

/// Returns the length of the account at the start of `text`: `ann@example.com` or `CONTOSO\ann`.
fn account(text: &str) -> Option<usize> {
    let is_part = |character: char| is_letter(character) || "._%+-$@\\".contains(character);
    let len = text.find(|character| !is_part(character)).unwrap_or(text.len());
    let text = text[..len].trim_end_matches(['.', '-', '\\', '@']);
    let parts =
        |separator: char| text.split_once(separator).filter(|(one, other)| !one.is_empty() && !other.is_empty());
    let is_mail = parts('@').is_some_and(|(_, domain)| domain.contains('.') && !domain.contains('@'));
    let is_user = parts('\\').is_some_and(|(domain, user)| {
        domain.starts_with(char::is_alphanumeric) && user.starts_with(char::is_alphanumeric) && !user.contains('\\')
    });
    (is_mail || is_user).then_some(text.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Returns the tokens of a line, each with a letter for its kind.
    fn shown(line: &str) -> String {
        let one = |token: &Token| {
            let kind = match token.kind {
                Kind::Word => "w",
                Kind::Mark => "",
                Kind::Said(_) => "said",
                Kind::Value(Value::Number) => "n",
                Kind::Value(Value::Mixed) => "m",
                Kind::Value(Value::Quoted(_)) => "q",
                Kind::Value(Value::Time) => "t",
                Kind::Value(Value::Guid) => "g",
                Kind::Value(Value::Address) => "a",
                Kind::Value(Value::Account) => "u",
                Kind::Value(Value::Path) => "p",
                Kind::Value(Value::Phone) => "f",
                Kind::Value(Value::Separator) => "s",
                Kind::Value(Value::Level) => "l",
                Kind::Value(Value::Run) => "r",
            };
            format!("{kind}<{}>", &line[token.span.clone()])
        };
        tokens(line, &[]).iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_line_is_divided_into_words_values_and_marks() {
        assert_eq!(
            shown("2024-05-01 10:15:30,123 INFO HELPDESK-7 call of CONTOSO\\ann from 192.0.2.7:50123, rc=102."),
            "t<2024-05-01 10:15:30,123> l<INFO> m<HELPDESK-7> w<call> w<of> u<CONTOSO\\ann> w<from> a<192.0.2.7> <:> \
             n<50123> <,> w<rc> <=> n<102> <.>"
        );
        assert_eq!(
            shown("12.03.2024 14:05:11 [MFA-Gateway] Rückruf an ann@example.com: 'nicht erreichbar'"),
            "t<12.03.2024 14:05:11> <[> w<MFA> <-> w<Gateway> <]> w<Rückruf> w<an> u<ann@example.com> <:> <'> \
             q<nicht erreichbar> <'>"
        );
        assert_eq!(
            shown(r#"{"id":"6b9c3c0e-62a1-4f37-9d4e-0b5a8a1f9f10","code":102,"msg":"it's","log":"C:\logs\a.log"}"#),
            r#"<{> <"> w<id> <"> <:> <"> q<6b9c3c0e-62a1-4f37-9d4e-0b5a8a1f9f10> <"> <,> <"> w<code> <"> <:> n<102> <,> <"> w<msg> <"> <:> <"> q<it's> <"> <,> <"> w<log> <"> <:> <"> q<C:\logs\a.log> <"> <}>"#
        );
        assert_eq!(
            shown("Feb  4 02:57:24 ras01.example.com mfad[14]: 2001:db8::7 read /var/log/a.log 0x1f"),
            "t<Feb  4 02:57:24> m<ras01.example.com> w<mfad> <[> n<14> <]> <:> a<2001:db8::7> w<read> p</var/log/a.log> \
             m<0x1f>"
        );
        assert_eq!(shown("(Tel. +49 170-555) +3 a+b"), "<(> w<Tel> <.> f<+49 170-555> <)> <+> n<3> w<a> <+> w<b>");
        assert_eq!(shown("user's phone :: rc2=5"), "w<user> <'> w<s> w<phone> <:> <:> w<rc2> <=> n<5>");
        // A word for the level that is the only word of a line, or not its first, may be what a pattern is about.
        assert_eq!(shown("Error 102"), "w<Error> n<102>");
        assert_eq!(shown("call error 102"), "w<call> w<error> n<102>");
    }

    proptest! {
        #[test]
        fn only_blanks_are_between_tokens(line in prop_oneof![r#"[ \ta-zäA-Z0-9.,:;'"=@\\/()\[\]{}<>|-]{0,60}"#, "[^\r\n]{0,40}"]) {
            let mut end = 0;
            for token in tokens(&line, &[]) {
                let between = &line[end..token.span.start];
                prop_assert!(between.chars().all(is_blank) && !token.span.is_empty());
                prop_assert_eq!(token.is_spaced, !between.is_empty());
                end = token.span.end;
            }
            prop_assert!(line[end..].chars().all(is_blank));
        }
    }
}
