//! The rules that undo the ways in which programs wrap log lines on their way to a helpdesk.
//!
//! A [`Rule`] undoes one way of wrapping in a whole line. It searches for certain bytes, its *signs*, and replaces the *unit*
//! that begins with a sign, such as the escape `\n`, with the text that the unit stands for, which may be empty. Everything
//! else stays as it is.
//!
//! | rule | undoes | written by |
//! |---|---|---|
//! | [`ESCAPES`] | `\"` `\\` `\n` `\u0022` `\x1b` `\033` | JSON and string literals: container logs, Fluent Bit, Logstash, Elasticsearch, Splunk and Azure Monitor exports, .NET and Python |
//! | [`PUNCTUATION`] | `\_` `\*` `\|` `\=` | Markdown in chat and ticket systems; CEF and LEEF of SIEM products |
//! | [`DOUBLED_QUOTES`] | `""` | CSV: Excel, Kibana, Splunk, Azure Monitor, `Export-Csv` |
//! | [`ENTITIES`] | `&quot;` `&#39;` `&#x3C;` `&nbsp;` | XML and HTML: event logs as XML, mail, wikis, Slack and Teams |
//! | [`CONTROLS`] | `#011` `#012` `#033` | rsyslog and sysklogd, which escape control characters |
//! | [`COLOURS`] | `ESC[1m`, `^[[1m` and other terminal sequences | consoles, `script`, `grep --color`, `cat -v` |
//! | [`TAGS`] | `<b>` `</td>` | HTML mail, wikis |
//! | [`EMPHASIS`] | `**` `*` and the backtick | Markdown, Slack and Teams, Jira |
//! | [`PERCENT`] | `%3D` `%20` | URLs in the logs of web servers and proxies |
//! | [`FORM`] | `Call+Status%3A` | forms of web pages, in the logs of web servers and proxies |
//! | [`QUOTED_PRINTABLE`] | `=3D` `=20` | mail that was saved as text |
//! | [`TYPOGRAPHY`] | “ ” ‘ ’ – — and no-break spaces | Word, Outlook, Teams, and web pages |
//! | [`QUALIFIERS`] | `PFAuthResult.` before a constant | programs with the SDK |
//! | [`REMARKS`] | `[0]` and `(SMS)` before a separator | programs that list several calls, and people |

use fearless_simd::{Level, Simd, dispatch, prelude::*, u8x64};
use memchr::{memchr, memchr2};

/// A rule that undoes one way of wrapping lines.
#[derive(Debug)]
pub(super) struct Rule {
    /// The bytes with which a unit may begin.
    signs: Signs,
    /// The set of these bytes.
    set: u32,
    /// Returns the length of the unit at the start of the first argument, which begins with a sign, and the text that the unit
    /// stands for. Returns `None` if there is no unit. The second argument is the text before the sign.
    unit: Unit,
    /// Whether the rule changes nothing in a line in which any sign does not begin a unit. For example, `C:\old` is not a string
    /// literal.
    is_strict: bool,
}

/// A function that returns the length of a unit and what it stands for.
type Unit = fn(&[u8], &[u8]) -> Option<(usize, Plain)>;

/// The bytes with which units may begin.
#[derive(Clone, Copy, Debug)]
enum Signs {
    One(u8),
    Two(u8, u8),
    NotAscii,
}

impl Signs {
    /// Returns the position of the first sign at or after `from`.
    fn next(self, text: &[u8], from: usize) -> Option<usize> {
        let rest = text.get(from..)?;
        let next = match self {
            Signs::One(sign) => memchr(sign, rest),
            Signs::Two(one, other) => memchr2(one, other, rest),
            Signs::NotAscii if rest.is_ascii() => None,
            Signs::NotAscii => rest.iter().position(|byte| !byte.is_ascii()),
        };
        next.map(|at| from + at)
    }
}

/// All rules, in the order in which they are tried.
pub(super) const RULES: [&Rule; 14] = [
    &ESCAPES,
    &PUNCTUATION,
    &DOUBLED_QUOTES,
    &ENTITIES,
    &CONTROLS,
    &COLOURS,
    &TAGS,
    &EMPHASIS,
    &PERCENT,
    &FORM,
    &QUOTED_PRINTABLE,
    &TYPOGRAPHY,
    &QUALIFIERS,
    &REMARKS,
];

/// The rules that undo what programs do to whole files, or to many records on one line.
pub(super) const OF_FILES: [&Rule; 4] = [&ESCAPES, &DOUBLED_QUOTES, &ENTITIES, &CONTROLS];

/// The text that a unit stands for: at most one character.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Plain {
    bytes: [u8; 4],
    len: usize,
}

impl Plain {
    const NOTHING: Plain = Plain { bytes: [0; 4], len: 0 };

    fn byte(byte: u8) -> Plain {
        Plain { bytes: [byte, 0, 0, 0], len: 1 }
    }

    fn character(character: char) -> Plain {
        let mut bytes = [0; 4];
        let len = character.encode_utf8(&mut bytes).len();
        Plain { bytes, len }
    }

    fn number(number: u32) -> Plain {
        Plain::character(char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER))
    }
}

/// A line that was unwrapped, with the place in the original line from which each of its bytes comes.
#[derive(Debug)]
pub(super) struct Unwrapped {
    pub(super) text: Vec<u8>,
    /// For each byte of the text, the range in the original line of the unit or the byte from which it comes.
    places: Vec<(u32, u32)>,
}

impl Unwrapped {
    /// Converts a range of the text, which must not be empty, to a range of the original line.
    pub(super) fn place(&self, part: std::ops::Range<usize>) -> std::ops::Range<usize> {
        let first = self.places.get(part.start).map_or(0, |place| place.0);
        let last = part.end.checked_sub(1).and_then(|last| self.places.get(last)).map_or(first, |place| place.1);
        first as usize..last.max(first) as usize
    }

    /// Converts the places to those in the original line of `before`, if this text was made from the text of `before`.
    fn after(mut self, before: Option<&Unwrapped>) -> Unwrapped {
        if let Some(before) = before {
            for place in &mut self.places {
                let whole = before.place(place.0 as usize..place.1 as usize);
                *place = (offset(whole.start), offset(whole.end));
            }
        }
        self
    }
}

/// Converts a position in a line to 32 bits, which are enough because pieces of lines are at most a few MiB long.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// The ASCII bytes with which units of the rules begin, in the order of the bits that [`may_apply`] returns.
const SIGNS: [u8; 15] = *b"\\\"&#\x1b^<*`%+=[(P";

/// The most bytes of a unit of a strict rule: two escapes of UTF-16.
const LONGEST_UNIT: usize = 12;

/// Returns a set of the signs in a text, with a bit for each of [`SIGNS`] and one for bytes that are not ASCII.
pub(super) fn may_apply(level: Level, text: &[u8]) -> u32 {
    dispatch!(level, simd => signs_in(simd, text))
}

#[inline(always)]
fn signs_in<S: Simd>(simd: S, text: &[u8]) -> u32 {
    const BLOCK_BYTES: usize = 64;
    let mut found = [0_u64; SIGNS.len() + 1];
    let (blocks, rest) = text.as_chunks::<BLOCK_BYTES>();
    for block in blocks {
        look(simd, block, &mut found);
    }
    let mut last = [0; BLOCK_BYTES];
    last[..rest.len()].copy_from_slice(rest);
    look(simd, &last, &mut found);
    let mut all = 0;
    for (bit, found) in found.iter().enumerate() {
        all |= u32::from(*found != 0) << bit;
    }
    all
}

/// Adds the places of each sign in a block.
#[inline(always)]
fn look<S: Simd>(simd: S, block: &[u8; 64], found: &mut [u64; SIGNS.len() + 1]) {
    let block = u8x64::from_slice(simd, block);
    for index in 0..SIGNS.len() {
        found[index] |= block.simd_eq(u8x64::splat(simd, SIGNS[index])).to_bitmask();
    }
    found[SIGNS.len()] |= block.simd_ge(u8x64::splat(simd, 0x80)).to_bitmask();
}

impl Signs {
    /// Returns the set of these signs, as [`may_apply`] returns it.
    const fn set(self) -> u32 {
        let (one, other) = match self {
            Signs::One(sign) => (sign, sign),
            Signs::Two(one, other) => (one, other),
            Signs::NotAscii => return 1 << SIGNS.len(),
        };
        let (mut set, mut index) = (0, 0);
        while index < SIGNS.len() {
            if SIGNS[index] == one || SIGNS[index] == other {
                set |= 1 << index;
            }
            index += 1;
        }
        set
    }
}

impl Rule {
    /// Whether a text with these signs may have a unit.
    pub(super) fn is_among(&self, signs: u32) -> bool {
        self.set & signs != 0
    }

    /// Whether the rule would change `text`.
    pub(super) fn applies(&self, text: &[u8]) -> bool {
        let mut at = 0;
        let mut has_unit = false;
        while let Some(sign) = self.signs.next(text, at) {
            match (self.unit)(&text[sign..], &text[..sign]) {
                Some(_) if !self.is_strict => return true,
                Some((len, _)) => {
                    has_unit = true;
                    at = sign + len;
                }
                // A piece of a line may end within a unit.
                None if self.is_strict && text.len() - sign >= LONGEST_UNIT => return false,
                None => at = sign + 1,
            }
        }
        has_unit
    }

    /// Applies the rule to `text`, which is a line or, with `before`, a line to which another rule was already applied. Returns
    /// `None` if the rule does not change it.
    pub(super) fn undo(&self, text: &[u8], before: Option<&Unwrapped>) -> Option<Unwrapped> {
        if !self.applies(text) {
            return None;
        }
        let mut unwrapped = Unwrapped { text: Vec::new(), places: Vec::new() };
        let keep = |unwrapped: &mut Unwrapped, part: std::ops::Range<usize>| {
            unwrapped.text.extend_from_slice(&text[part.clone()]);
            unwrapped.places.extend(part.map(|at| (offset(at), offset(at + 1))));
        };
        let (mut kept, mut at) = (0, 0);
        while let Some(sign) = self.signs.next(text, at) {
            let Some((len, Plain { bytes, len: plain_len })) = (self.unit)(&text[sign..], &text[..sign]) else {
                at = sign + 1;
                continue;
            };
            keep(&mut unwrapped, kept..sign);
            unwrapped.text.extend_from_slice(&bytes[..plain_len]);
            unwrapped.places.extend((0..plain_len).map(|_| (offset(sign), offset(sign + len))));
            at = sign + len;
            kept = at;
        }
        keep(&mut unwrapped, kept..text.len());
        Some(unwrapped.after(before))
    }
}

/// Undoes JSON strings and string literals of programming languages.
static ESCAPES: Rule = Rule { signs: Signs::One(b'\\'), set: Signs::One(b'\\').set(), unit: escape, is_strict: true };

fn escape(text: &[u8], _: &[u8]) -> Option<(usize, Plain)> {
    const ESC: u8 = 0x1b;
    let simple = |byte| Some((2, Plain::byte(byte)));
    match *text.get(1)? {
        byte @ (b'"' | b'\'' | b'\\' | b'/') => simple(byte),
        b'n' => simple(b'\n'),
        b'r' => simple(b'\r'),
        b't' => simple(b'\t'),
        b'b' => simple(8),
        b'f' => simple(12),
        b'e' if text.get(2) == Some(&b'[') => simple(ESC),
        b'u' => {
            let high = digits(text.get(2..6)?, 16)?;
            let low = || match text.get(6..12)? {
                [b'\\', b'u', low @ ..] => digits(low, 16).filter(|low| (0xDC00..0xE000).contains(low)),
                _ => None,
            };
            match high {
                0xD800..0xDC00 => Some(match low() {
                    Some(low) => (12, Plain::number(0x1_0000 + ((high - 0xD800) << 10 | (low - 0xDC00)))),
                    None => (6, Plain::number(high)),
                }),
                _ => Some((6, Plain::number(high))),
            }
        }
        b'x' => Some((4, Plain::number(digits(text.get(2..4)?, 16)?))),
        b'0'..=b'7' => match text.get(1..4).and_then(|three| digits(three, 8)) {
            Some(number) => Some((4, Plain::number(number))),
            None => (text[1] == b'0').then_some((2, Plain::byte(0))),
        },
        _ => None,
    }
}

/// Parses a number that consists of nothing but digits.
fn digits(text: &[u8], radix: u32) -> Option<u32> {
    text.iter().try_fold(0, |sum, &byte| Some(sum * radix + char::from(byte).to_digit(radix)?))
}

/// Removes the backslash before punctuation, as in Markdown, CEF and LEEF.
static PUNCTUATION: Rule = Rule {
    signs: Signs::One(b'\\'),
    set: Signs::One(b'\\').set(),
    unit: |text, _| text.get(1).filter(|byte| byte.is_ascii_punctuation()).map(|byte| (2, Plain::byte(*byte))),
    is_strict: false,
};

/// Undoes doubled quotes in a quoted cell of CSV.
static DOUBLED_QUOTES: Rule = Rule {
    signs: Signs::One(b'"'),
    set: Signs::One(b'"').set(),
    unit: |text, _| text.starts_with(b"\"\"").then(|| (2, Plain::byte(b'"'))),
    is_strict: false,
};

/// Replaces entities of XML and HTML.
static ENTITIES: Rule = Rule { signs: Signs::One(b'&'), set: Signs::One(b'&').set(), unit: entity, is_strict: false };

fn entity(text: &[u8], _: &[u8]) -> Option<(usize, Plain)> {
    const LONGEST: usize = 10;
    // Typographic characters become plain ones.
    const NAMES: [(&[u8], u8); 16] = [
        (b"lt", b'<'),
        (b"gt", b'>'),
        (b"amp", b'&'),
        (b"quot", b'"'),
        (b"apos", b'\''),
        (b"nbsp", b' '),
        (b"ndash", b'-'),
        (b"mdash", b'-'),
        (b"lsquo", b'\''),
        (b"rsquo", b'\''),
        (b"ldquo", b'"'),
        (b"rdquo", b'"'),
        (b"colon", b':'),
        (b"equals", b'='),
        (b"lowbar", b'_'),
        (b"num", b'#'),
    ];
    const NO_BREAK_SPACE: u32 = 0xA0;
    let end = text.iter().take(LONGEST).position(|&byte| byte == b';')?;
    let number = match &text[1..end] {
        [b'#', b'x' | b'X', hex @ ..] if !hex.is_empty() => digits(hex, 16)?,
        [b'#', decimal @ ..] if !decimal.is_empty() => digits(decimal, 10)?,
        name => u32::from(NAMES.iter().find(|(other, _)| *other == name)?.1),
    };
    Some((end + 1, if number == NO_BREAK_SPACE { Plain::byte(b' ') } else { Plain::number(number) }))
}

/// Replaces the escapes of rsyslog for control characters.
static CONTROLS: Rule = Rule {
    signs: Signs::One(b'#'),
    set: Signs::One(b'#').set(),
    unit: |text, _| {
        let number = digits(text.get(1..4)?, 8).filter(|number| *number < 0o40 || *number == 0o177)?;
        Some((4, Plain::number(number)))
    },
    is_strict: false,
};

/// Removes terminal sequences, also those with the escape character written as `^[`.
static COLOURS: Rule =
    Rule { signs: Signs::Two(0x1b, b'^'), set: Signs::Two(0x1b, b'^').set(), unit: colour, is_strict: false };

fn colour(text: &[u8], _: &[u8]) -> Option<(usize, Plain)> {
    const LONGEST: usize = 64;
    let begin = if text[0] == 0x1b {
        1
    } else if text.starts_with(b"^[") {
        2
    } else {
        return None;
    };
    let is_written_out = begin == 2;
    let after = |is_end: fn(u8) -> bool| {
        let rest = text.get(begin + 1..)?;
        let len = rest.iter().take(LONGEST).position(|&byte| is_end(byte))?;
        Some((begin + 1 + len + 1, Plain::NOTHING))
    };
    match text.get(begin)? {
        b'[' => after(|byte| (0x40..0x7f).contains(&byte)),
        // A window title or a link, which ends with BEL or ESC \.
        b']' if !is_written_out => after(|byte| byte == 7 || byte == b'\\'),
        _ if is_written_out => None,
        b'(' | b')' => text.get(begin + 1).map(|_| (begin + 2, Plain::NOTHING)),
        0x30..0x7f => Some((begin + 1, Plain::NOTHING)),
        _ => None,
    }
}

/// Removes HTML tags. Tags with other names, such as `<callStatus>`, are data.
static TAGS: Rule = Rule { signs: Signs::One(b'<'), set: Signs::One(b'<').set(), unit: tag, is_strict: false };

fn tag(text: &[u8], _: &[u8]) -> Option<(usize, Plain)> {
    const LONGEST: usize = 200;
    const WITHIN_TEXT: [&str; 15] =
        ["a", "b", "code", "em", "font", "i", "mark", "o:p", "small", "span", "strong", "sub", "sup", "tt", "u"];
    const BETWEEN_TEXTS: [&str; 9] = ["br", "div", "li", "p", "pre", "table", "td", "th", "tr"];
    let end = text.iter().take(LONGEST).position(|&byte| byte == b'>')?;
    let inner = &text[1..end];
    let inner = inner.strip_prefix(b"/").unwrap_or(inner);
    let len = inner.iter().position(|byte| !byte.is_ascii_alphanumeric() && *byte != b':').unwrap_or(inner.len());
    let name = std::str::from_utf8(&inner[..len]).ok()?;
    let is_among = |names: &[&str]| names.iter().any(|other| other.eq_ignore_ascii_case(name));
    let plain = match (is_among(&WITHIN_TEXT), is_among(&BETWEEN_TEXTS)) {
        (true, _) => Plain::NOTHING,
        // What is in different cells or paragraphs does not belong together.
        (_, true) => Plain::byte(b'\n'),
        _ => return None,
    };
    inner.get(len).is_none_or(|byte| matches!(byte, b' ' | b'/' | b'\t')).then_some((end + 1, plain))
}

/// Removes the marks for bold, italic and code in Markdown.
static EMPHASIS: Rule = Rule {
    signs: Signs::Two(b'*', b'`'),
    set: Signs::Two(b'*', b'`').set(),
    unit: |_, _| Some((1, Plain::NOTHING)),
    is_strict: false,
};

/// Decodes percent-encoded bytes in URLs.
static PERCENT: Rule =
    Rule { signs: Signs::One(b'%'), set: Signs::One(b'%').set(), unit: |text, _| percent(text), is_strict: false };

fn percent(text: &[u8]) -> Option<(usize, Plain)> {
    Some((3, Plain::byte(u8::try_from(digits(text.get(1..3)?, 16)?).ok()?)))
}

/// Decodes a form of a web page: percent-encoded bytes, and the plus sign for a space.
static FORM: Rule = Rule {
    signs: Signs::Two(b'%', b'+'),
    set: Signs::Two(b'%', b'+').set(),
    unit: |text, before| match text[0] {
        b'%' => percent(text),
        _ => is_space_of_form(text, before).then(|| (1, Plain::byte(b' '))),
    },
    is_strict: false,
};

/// Whether a plus sign stands for a space, and is not the sign of a time zone or of a phone number.
fn is_space_of_form(text: &[u8], before: &[u8]) -> bool {
    let is_before_digit = text.get(1).is_none_or(u8::is_ascii_digit);
    let is_encoded = |three: &[u8; 3]| three[0] == b'%' && digits(&three[1..], 16).is_some();
    match before.last() {
        Some(byte) if is_before_digit => {
            matches!(byte, b'=' | b'&' | b'+') || before.last_chunk().is_some_and(is_encoded)
        }
        Some(byte) => !byte.is_ascii_whitespace(),
        None => false,
    }
}

/// Decodes quoted-printable mail, in which every equals sign is written as `=3D`.
static QUOTED_PRINTABLE: Rule = Rule {
    signs: Signs::One(b'='),
    set: Signs::One(b'=').set(),
    unit: |text, _| {
        if text.len() == 1 {
            // A soft line break: the text continues on the next line.
            return Some((1, Plain::NOTHING));
        }
        let hex = text.get(1..3).filter(|hex| hex.iter().all(|byte| !byte.is_ascii_lowercase()))?;
        Some((3, Plain::byte(u8::try_from(digits(hex, 16)?).ok()?)))
    },
    is_strict: true,
};

/// Replaces typographic quotes, dashes and spaces with plain ones.
static TYPOGRAPHY: Rule =
    Rule { signs: Signs::NotAscii, set: Signs::NotAscii.set(), unit: typography, is_strict: false };

fn typography(text: &[u8], before: &[u8]) -> Option<(usize, Plain)> {
    let beginning = &text[..text.len().min(3)];
    let character = match std::str::from_utf8(beginning) {
        Ok(valid) => valid.chars().next(),
        Err(error) => {
            std::str::from_utf8(&beginning[..error.valid_up_to()]).ok().and_then(|valid| valid.chars().next())
        }
    };
    let Some(character) = character else {
        // In the Windows code pages of Europe. After another byte above 0x7F, the byte may be part of a character in another
        // encoding.
        let plain = match text[0] {
            0x91 | 0x92 => b'\'',
            0x93 | 0x94 => b'"',
            0x96 | 0x97 => b'-',
            0xA0 => b' ',
            _ => return None,
        };
        return before.last().is_none_or(u8::is_ascii).then(|| (1, Plain::byte(plain)));
    };
    let plain = match character {
        '\u{A0}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}' => Plain::byte(b' '),
        '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}' | '\u{FEFF}' | '\u{AD}' => Plain::NOTHING,
        '\u{2010}'..='\u{2015}' | '\u{2212}' => Plain::byte(b'-'),
        '‘' | '’' | '‚' | '′' => Plain::byte(b'\''),
        '“' | '”' | '„' | '″' | '«' | '»' => Plain::byte(b'"'),
        '：' => Plain::byte(b':'),
        '＝' => Plain::byte(b'='),
        '＿' => Plain::byte(b'_'),
        _ => return None,
    };
    Some((character.len_utf8(), plain))
}

/// Removes the type before a constant of the SDK.
static QUALIFIERS: Rule = Rule {
    signs: Signs::One(b'P'),
    set: Signs::One(b'P').set(),
    unit: |text, _| {
        const TYPE: &[u8] = b"PFAuthResult.";
        text.starts_with(TYPE).then_some((TYPE.len(), Plain::NOTHING))
    },
    is_strict: false,
};

/// Removes an index or a remark between a name and its separator.
static REMARKS: Rule =
    Rule { signs: Signs::Two(b'[', b'('), set: Signs::Two(b'[', b'(').set(), unit: remark, is_strict: false };

fn remark(text: &[u8], before: &[u8]) -> Option<(usize, Plain)> {
    const LONGEST: usize = 42;
    // The last letters of names such as `callStatus`.
    const NAMES: [&[u8]; 2] = [b"tatus", b"TATUS"];
    const REMARKS: [&str; 9] = ["app", "call", "mfa", "oath", "otp", "phone", "push", "sms", "voice"];
    let is_index = text[0] == b'[';
    let name = if is_index { before } else { before.strip_suffix(b" ").unwrap_or(before) };
    NAMES.iter().find(|end| name.ends_with(end))?;
    let close = if is_index { b']' } else { b')' };
    let end = text.iter().take(LONGEST).position(|&byte| byte == close)?;
    let inner = &text[1..end];
    let is_remark = match is_index {
        true => !inner.is_empty() && inner.iter().all(u8::is_ascii_digit),
        false => REMARKS.iter().any(|remark| remark.as_bytes().eq_ignore_ascii_case(inner)),
    };
    let rest = text.get(end + 1..)?.trim_ascii_start();
    (is_remark && matches!(rest.first(), Some(b':' | b'='))).then_some((end + 1, Plain::NOTHING))
}
