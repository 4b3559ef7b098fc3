//! Finds naively the lines that speak of a call status but hold no result: one after the other, with regexes that are written by
//! hand, and not derived from those of the patterns.

use std::ops::Range;
use std::sync::LazyLock;

use callcodes::chunk::Limits;
use regex::bytes::Regex;

use super::{NaivePattern, naive, wrapped};

/// A line that speaks of a call status but holds no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NaiveMiss {
    /// The number of the line, from 1.
    pub(crate) number: u64,
    pub(crate) line: Vec<u8>,
    /// The range of the key words in the line.
    pub(crate) words: Range<usize>,
}

/// The key words of the built-in patterns.
static WORDS: LazyLock<[Regex; 5]> = LazyLock::new(|| {
    [
        r"\bPfauth (?:succeeded|failed) for user '.*?'(?: \([^()]*\))*(?: from \S+)?\. Call status",
        r"\brawCallStatus",
        r"<(?:[Cc]all[Ss]tatus|call_status|CALLSTATUS|CALL_STATUS)>",
        r"\b(?:[cC]all[ _]?[sS]tatus|CALL[ _]?STATUS)\b",
        r"\b(?:(?:[Cc]all|CALL|[Ss]ms|SMS|[Mm]fa|MFA|[Tt]ext [Mm]essage)(?: ?/ ?(?i:sms))?[ _]?(?:[Rr]esult|RESULT|[Rr]eturn|RETURN)(?:[ _]?(?i:code))?|(?:[Rr]esult|RESULT|[Rr]eturn|RETURN)[ _]?(?i:code))\b",
    ]
    .map(|regex| Regex::new(&format!("(?-u){regex}")).unwrap())
});

/// Returns every near miss of the built-in patterns in a source without overlong lines.
pub(crate) fn near_misses(source: &[u8], patterns: &[NaivePattern]) -> Vec<NaiveMiss> {
    let results = naive(source, patterns, Limits::default());
    let mut all = Vec::new();
    for (number, whole) in (1..).zip(source.split_inclusive(|&byte| byte == b'\n')) {
        let line = whole.strip_suffix(b"\n").unwrap_or(whole);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let is_context = |pattern: &NaivePattern| pattern.code.is_none() && pattern.regex.is_match(line);
        let has_result = results.iter().any(|result| result.line == number);
        if has_result || patterns.iter().any(is_context) || !patterns[0].set.has_key(line) {
            continue;
        }
        let unwrapped = || wrapped::once(line).into_iter().find_map(|way| Some(way.bytes_of(key_words(&way.text)?)));
        all.extend(key_words(line).or_else(unwrapped).map(|words| NaiveMiss { number, line: line.to_vec(), words }));
    }
    all
}

/// Returns the first key words of a line.
fn key_words(line: &[u8]) -> Option<Range<usize>> {
    let regex = |regex: &str| Regex::new(&format!("(?-u){regex}")).unwrap();
    let speaks_of_mfa = regex(r"(?i)\bmfa\b|multi-?\s?factor|phonefactor|call ?/ ?sms result").is_match(line)
        && !regex(
            r#"(?i)reason code|voiceprint result|validation result|error-?id|portal\b|audit|http|exit|stopped\b|(?:up|down)load|(?:result|return|code)["'\]]? \d{4}-\d\d-\d\d"#,
        )
        .is_match(line);
    let words = WORDS.iter().enumerate().flat_map(|(index, words)| {
        let last = index == 4;
        words.find_iter(line).map(|found| found.range()).filter(move |_| !last || speaks_of_mfa)
    });
    words.filter(|words| !is_only_named(line, words.start)).min_by_key(|words| (words.start, words.end))
}

/// Whether the word that starts here is a parameter in code, or ends an element of XML.
fn is_only_named(line: &[u8], start: usize) -> bool {
    let regex = Regex::new(r#"(?-u)^(?<word>\w+)(?: (?<name>\w+))?["']*(?<after>[,;)>])"#).unwrap();
    let Some(found) = regex.captures(&line[start..]) else { return false };
    let is_same = |name: &[u8]| name.eq_ignore_ascii_case(&found["word"]);
    if found.name("name").is_some_and(|name| !is_same(name.as_bytes())) {
        return false;
    }
    match &found["after"] {
        b")" => true,
        b">" => line[..start].ends_with(b"</"),
        _ => !line[..start].last().is_none_or(|before| b",;\t|\"'".contains(before)),
    }
}
