//! Undoes naively what other programs do to lines. Each rule is a regex and the text that replaces its matches.

use std::ops::Range;

use regex::bytes::{Captures, Regex};

/// An unwrapped line, with the range in the original line from which each byte comes.
#[derive(Clone)]
pub(super) struct Unwrapped {
    pub(super) text: Vec<u8>,
    bytes: Vec<Range<usize>>,
}

impl Unwrapped {
    pub(super) fn bytes_of(&self, part: Range<usize>) -> Range<usize> {
        self.bytes[part.start].start..self.bytes[part.end - 1].end
    }
}

/// The regex of a unit, the text that it stands for, and a byte that must not occur outside units in a line to which the rule
/// applies.
struct Rule(Regex, fn(&Captures<'_>) -> Option<Vec<u8>>, Option<u8>);

fn rules() -> Vec<Rule> {
    let regex = |regex: &str| Regex::new(regex).unwrap();
    let escape = r#"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|[0-7]{3}|["'\\/nrtbf0]|e\[)"#;
    vec![
        Rule(regex(&format!("(?-u){escape}")), |unit| Some(escaped(&unit[0])), Some(b'\\')),
        Rule(regex(r"(?-u)\\[[:punct:]]"), |unit| Some(unit[0][1..].to_vec()), None),
        Rule(regex(r#""""#), |_| Some(b"\"".to_vec()), None),
        Rule(regex(r"(?-u)&(?:#[xX][0-9a-fA-F]{1,6}|#[0-9]{1,7}|[a-z]{1,8});"), |unit| entity(&unit[0]), None),
        Rule(regex(r"(?-u)#(?:0[0-3][0-7]|177)"), |unit| Some(number(&unit[0][1..], 8)), None),
        Rule(
            regex(r"(?s-u)(?:\x1b|\^\[)\[[^@-~]{0,63}[@-~]|\x1b\][^\x07\\]{0,63}[\x07\\]|\x1b[()].|\x1b[0-~&&[^\[\]]]"),
            |_| Some(Vec::new()),
            None,
        ),
        Rule(
            regex(
                r"(?i-u)</?(?<name>a|b|br|code|div|em|font|i|li|mark|o:p|p|pre|small|span|strong|sub|sup|table|td|th|tr|tt|u)(?:[ \t/][^>]{0,180})?>",
            ),
            |unit| {
                let name = unit["name"].to_ascii_lowercase();
                let is_between =
                    [&b"br"[..], b"div", b"li", b"p", b"pre", b"table", b"td", b"th", b"tr"].contains(&&name[..]);
                Some(if is_between { b"\n".to_vec() } else { Vec::new() })
            },
            None,
        ),
        Rule(regex(r"[*`]"), |_| Some(Vec::new()), None),
        Rule(regex(r"(?-u)%[0-9a-fA-F]{2}"), |unit| byte(&unit[0][1..]), None),
        Rule(
            regex(r"(?-u)=(?:[0-9A-F]{2}|$)"),
            |unit| if unit[0].len() == 1 { Some(Vec::new()) } else { byte(&unit[0][1..]) },
            Some(b'='),
        ),
        Rule(
            regex(
                "[\u{A0}\u{2013}\u{2019}\u{201C}\u{201D}\u{FF1A}]|(?-u:(?:^|[\\x00-\\x7f])(?<unit>[\\x91-\\x94\\x96\\x97\\xA0]))",
            ),
            |unit| typography(unit.name("unit").map_or(&unit[0], |unit| unit.as_bytes())),
            None,
        ),
        Rule(regex(r"PFAuthResult\."), |_| Some(Vec::new()), None),
        Rule(
            regex(
                r"(?-u)(?:(?:tatus|TATUS)(?<unit>\[[0-9]{1,40}\])|(?:tatus|TATUS) ?(?<remark>\((?i:app|call|mfa|oath|otp|phone|push|sms|voice)\)))[ \t\n\r\x0c]*[:=]",
            ),
            |_| Some(Vec::new()),
            None,
        ),
    ]
}

fn escaped(unit: &[u8]) -> Vec<u8> {
    match unit[1] {
        b'n' => vec![b'\n'],
        b'r' => vec![b'\r'],
        b't' => vec![b'\t'],
        b'b' => vec![8],
        b'f' => vec![12],
        b'e' => vec![27, b'['],
        b'u' => {
            let units: Vec<u16> = unit
                .split(|&byte| byte == b'u')
                .skip(1)
                .map(|hex| u16::from_str_radix(std::str::from_utf8(&hex[..4]).unwrap(), 16).unwrap())
                .collect();
            String::from_utf16_lossy(&units).into_bytes()
        }
        b'x' => number(&unit[2..], 16),
        b'0'..=b'7' => number(&unit[1..], 8),
        plain => vec![plain],
    }
}

fn number(digits: &[u8], radix: u32) -> Vec<u8> {
    let number = u32::from_str_radix(std::str::from_utf8(digits).unwrap(), radix).unwrap();
    char::from_u32(number).unwrap_or('\u{FFFD}').to_string().into_bytes()
}

fn byte(hex: &[u8]) -> Option<Vec<u8>> {
    Some(vec![u8::from_str_radix(std::str::from_utf8(hex).unwrap(), 16).ok()?])
}

fn entity(unit: &[u8]) -> Option<Vec<u8>> {
    let inner = std::str::from_utf8(&unit[1..unit.len() - 1]).unwrap();
    if let Some(digits) = inner.strip_prefix('#') {
        let decoded = match digits.strip_prefix(['x', 'X']) {
            Some(hex) => number(hex.as_bytes(), 16),
            None => number(digits.as_bytes(), 10),
        };
        return Some(if decoded == "\u{A0}".as_bytes() { b" ".to_vec() } else { decoded });
    }
    let plain = match inner {
        "lt" => "<",
        "gt" => ">",
        "amp" => "&",
        "quot" => "\"",
        "apos" => "'",
        "nbsp" => " ",
        _ => return None,
    };
    Some(plain.into())
}

fn typography(unit: &[u8]) -> Option<Vec<u8>> {
    let in_code_page = encoding_rs::WINDOWS_1252.decode_without_bom_handling(unit).0;
    let plain = match std::str::from_utf8(unit).unwrap_or(&in_code_page) {
        "\u{A0}" => " ",
        "\u{2013}" | "\u{2014}" => "-",
        "\u{2018}" | "\u{2019}" => "'",
        "\u{FF1A}" => ":",
        _ => "\"",
    };
    Some(plain.into())
}

fn undo(Rule(unit, plain, sole): &Rule, line: &Unwrapped) -> Option<Unwrapped> {
    let mut undone = Unwrapped { text: Vec::new(), bytes: Vec::new() };
    let (mut at, mut is_changed, mut kept) = (0, false, Vec::new());
    let mut keep = |undone: &mut Unwrapped, part: Range<usize>| {
        kept.extend(part.clone());
        undone.text.extend(&line.text[part.clone()]);
        undone.bytes.extend(line.bytes[part].iter().cloned());
    };
    for captures in unit.captures_iter(&line.text) {
        let found =
            captures.name("unit").or(captures.name("remark")).unwrap_or_else(|| captures.get(0).unwrap()).range();
        let Some(plain) = plain(&captures) else { continue };
        keep(&mut undone, at..found.start);
        undone.bytes.extend(plain.iter().map(|_| line.bytes_of(found.clone())));
        undone.text.extend(plain);
        at = found.end;
        is_changed = true;
    }
    keep(&mut undone, at..line.text.len());
    // A piece of a line may end within a unit.
    let is_stray = |sole: u8| kept.iter().any(|&at| line.text[at] == sole && at + 12 <= line.text.len());
    (is_changed && !sole.is_some_and(is_stray)).then_some(undone)
}

/// Returns the line with each single rule undone.
pub(super) fn once(line: &[u8]) -> Vec<Unwrapped> {
    let raw = Unwrapped { text: line.to_vec(), bytes: (0..line.len()).map(|at| at..at + 1).collect() };
    rules().iter().filter_map(|rule| undo(rule, &raw)).collect()
}

/// Returns the line with each single rule undone, followed by the line with each pair of rules undone.
pub(super) fn unwrapped(line: &[u8]) -> Vec<Unwrapped> {
    let (rules, once) = (rules(), once(line));
    let twice = once.iter().flat_map(|first| rules.iter().filter_map(|rule| undo(rule, first)));
    let twice: Vec<Unwrapped> = twice.collect();
    once.into_iter().chain(twice).collect()
}
