//! A naive reader of text whose encoding changes. It decides each line by its first two bytes, so all lines must begin with ASCII.

use super::{Found, NaivePattern, Place, naive_with_times};
use callcodes::chunk::Limits;

/// How the naive reader reads a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Utf8,
    Utf16Le,
    Utf16Be,
}

impl Encoding {
    pub(crate) const ALL: [Encoding; 3] = [Encoding::Utf8, Encoding::Utf16Le, Encoding::Utf16Be];

    pub(crate) fn encode(self, text: &str) -> Vec<u8> {
        match self {
            Encoding::Utf8 => text.as_bytes().to_vec(),
            Encoding::Utf16Le => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            Encoding::Utf16Be => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        }
    }

    fn of_line(line: &[u8]) -> Encoding {
        match line {
            [0, ..] => Encoding::Utf16Be,
            [_, 0, ..] => Encoding::Utf16Le,
            _ => Encoding::Utf8,
        }
    }

    /// Returns the length of the first line.
    fn line_len(self, text: &[u8]) -> usize {
        let end = self.encode("\n");
        let starts = (0..text.len()).step_by(end.len());
        starts.into_iter().find(|at| text[*at..].starts_with(&end)).map_or(text.len(), |at| at + end.len())
    }

    fn decode(self, text: &[u8]) -> String {
        let units = |unit: fn([u8; 2]) -> u16| text.chunks(2).map(|pair| unit([pair[0], pair[1]])).collect::<Vec<_>>();
        match self {
            Encoding::Utf8 => String::from_utf8(text.to_vec()).unwrap(),
            Encoding::Utf16Le => String::from_utf16(&units(u16::from_le_bytes)).unwrap(),
            Encoding::Utf16Be => String::from_utf16(&units(u16::from_be_bytes)).unwrap(),
        }
    }
}

/// Returns the results in a text whose encoding changes, and how often it changes.
pub(crate) fn naive_in_parts(source: &[u8], patterns: &[NaivePattern], limits: Limits) -> (Vec<Found>, u64) {
    let mut parts: Vec<(usize, Encoding, String)> = Vec::new();
    let (mut at, mut changes, mut last) = (0, 0, None);
    while at < source.len() {
        let marks = [(&b"\xEF\xBB\xBF"[..], 3), (b"\xFF\xFE", 2), (b"\xFE\xFF", 2)];
        let mark = marks.iter().find(|(mark, _)| source[at..].starts_with(mark)).map_or(0, |(_, len)| *len);
        at += mark;
        let encoding = Encoding::of_line(&source[at..]);
        changes += u64::from(last.is_some_and(|last| last != encoding));
        if mark > 0 || last != Some(encoding) {
            parts.push((at, encoding, String::new()));
        }
        last = Some(encoding);
        let len = encoding.line_len(&source[at..]);
        parts.last_mut().unwrap().2 += &encoding.decode(&source[at..at + len]);
        at += len;
    }
    let (mut all, mut lines) = (Vec::new(), 0);
    for (start, encoding, text) in parts {
        for found in naive_with_times(text.as_bytes(), patterns, limits, Place::Start) {
            let before = &text[..usize::try_from(found.offset).unwrap()];
            let offset = (start + encoding.encode(before).len()) as u64;
            all.push(Found { offset, line: lines + found.line, ..found });
        }
        lines += text.matches('\n').count() as u64;
    }
    (all, changes)
}
