//! The keys that come before the time of a record, such as `"time":` in JSON and `time=` in other records, and where they are in
//! a line.
//!
//! A record has a time of its own if one of these keys is in the record itself. The same key in a nested object or within a quoted
//! value is about something else, so it counts only if the record has no time of its own.

use std::sync::LazyLock;

use memchr::memmem::Finder;

/// The keys, in order of preference. The last [`OTHER_KEYS`] of them may also come before some other time.
const KEYS: [&str; 75] = [
    "time",
    "timestamp",
    "@timestamp",
    "ts",
    "Time",
    "Timestamp",
    "TimeStamp",
    "timeStamp",
    "@t",
    "datetime",
    "DateTime",
    "Datetime",
    "dateTime",
    "asctime",
    "eventTime",
    "EventTime",
    "eventtime",
    "event_time",
    "eventTimestamp",
    "event_timestamp",
    "eventDateTime",
    "log_time",
    "LogTime",
    "logTime",
    "logtime",
    "LogTimestamp",
    "TimeCreated",
    "timeCreated",
    "TimeGenerated",
    "timeGenerated",
    "time_generated",
    "SystemTime",
    "UTCTimestamp",
    "UtcTime",
    "utc_time",
    "time_local",
    "time_iso8601",
    "createdDateTime",
    "activityDateTime",
    "requestReceivedTimestamp",
    "detectedDateTime",
    "occurred",
    "occurredAt",
    "occurred_at",
    "occurredOn",
    "__REALTIME_TIMESTAMP",
    "timeUnixNano",
    "EdgeStartTimestamp",
    "devTime",
    "epoch",
    "rt",
    "msec",
    "epochSecond",
    "date",
    "Date",
    "When",
    "when",
    "received",
    "receivedAt",
    "received_at",
    "receivedTime",
    "$date",
    "created",
    "createdAt",
    "created_at",
    "CreatedAt",
    "CreationTime",
    "creationTime",
    "startTime",
    "StartTime",
    "start_time",
    "started_at",
    "startedAt",
    "published",
    "detectedAt",
];
/// How many keys at the end of [`KEYS`] count only if few of the lines have one of the other keys.
const OTHER_KEYS: usize = 22;
/// How many keys at the end of [`KEYS`] may even come before the time of what the record is about, such as an account. Their times
/// must be in order.
const DOUBTFUL_KEYS: usize = 13;

/// Which occurrences of a key count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Reach {
    /// Those in the record itself.
    Own,
    /// Those in nested objects and quoted values, too, if the record has no time of its own.
    Nested,
    /// All of them, for a part of a line in which the beginning of the record is missing.
    Any,
}

/// Whether the key with this index may also come before some other time than that of the record.
pub(super) fn is_other(key: u8) -> bool {
    usize::from(key) >= KEYS.len() - OTHER_KEYS
}

/// Whether the key with this index may come before the time of what the record is about.
pub(super) fn is_doubtful(key: u8) -> bool {
    usize::from(key) >= KEYS.len() - DOUBTFUL_KEYS
}

/// Returns where the value of the key with this index begins in a line.
pub(super) fn find(line: &[u8], key: u8, reach: Reach) -> Option<usize> {
    let own = || values(line, key).find(|&(at, _)| is_in_record(&line[..at])).map(|(_, value)| value);
    let first = || values(line, key).next().map(|(_, value)| value);
    match reach {
        Reach::Own => own(),
        Reach::Nested => own().or_else(|| first().filter(|_| !has_own_time(line))),
        Reach::Any => first(),
    }
}

/// Returns where each occurrence of a key begins, with its quote, and where the value after it begins.
fn values(line: &[u8], key: u8) -> impl Iterator<Item = (usize, usize)> {
    static FINDERS: LazyLock<[Finder<'static>; KEYS.len()]> = LazyLock::new(|| KEYS.map(Finder::new));
    let blanks = |at: usize| at + line[at..].iter().take_while(|&&byte| byte == b' ').count();
    FINDERS[usize::from(key)].find_iter(line).filter_map(move |at| {
        let after = at + KEYS[usize::from(key)].len();
        let (begin, value) = match (&line[..at], &line[after..]) {
            // An escaped quote is part of a message.
            ([.., b'\\', b'"'], _) => return None,
            ([.., b'"'], [b'"', ..]) => (at - 1, blanks(after + 1)),
            (
                [] | [.., b' ' | b'\t' | b',' | b';' | b'|' | b'<' | b'(' | b'[' | b'{'],
                [b'=', ..] | [b':', b'"', ..],
            ) => (at, after),
            _ => return None,
        };
        let value = match line.get(value)? {
            b':' => blanks(value + 1),
            b'=' => value + 1,
            _ => return None,
        };
        Some((begin, value + line[value..].iter().take_while(|byte| matches!(byte, b'"' | b'\'' | b'[')).count()))
    })
}

/// Whether the text that follows `before` in a line is in the record itself, and neither in a nested object nor in a quoted value.
fn is_in_record(before: &[u8]) -> bool {
    // A plain loop, because strings in JSON are so short that searching for the next quote takes longer.
    let (mut depth, mut is_quoted, mut is_escaped) = (0_usize, false, false);
    for byte in before {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = is_quoted,
            b'"' => is_quoted = !is_quoted,
            b'{' if !is_quoted => depth += 1,
            b'}' if !is_quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    !is_quoted && depth <= 1
}

/// Whether a key is in the record itself and its value is like a time.
fn has_own_time(line: &[u8]) -> bool {
    in_line(line).into_iter().any(|key| find(line, key, Reach::Own).is_some_and(|at| is_like_time(&line[at..])))
}

/// Whether a value has as many digits as a time.
fn is_like_time(value: &[u8]) -> bool {
    let is_within = |byte: &&u8| !matches!(byte, b'"' | b'}' | b'{');
    value.iter().take(40).take_while(is_within).filter(|byte| byte.is_ascii_digit()).count() >= 7
}

/// Returns the keys in a line, each once.
pub(super) fn in_line(line: &[u8]) -> Vec<u8> {
    let mut keys: Vec<u8> = memchr::memchr2_iter(b':', b'=', line).filter_map(|at| key_before(&line[..at])).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Whether a text ends with a key.
pub(super) fn ends_with_one(text: &[u8]) -> bool {
    key_before(text).is_some()
}

/// Returns the index in [`KEYS`] of the key at the end of a text, if there is one.
fn key_before(text: &[u8]) -> Option<u8> {
    let text = text.trim_ascii_end();
    let text = text.strip_suffix(b"\"").unwrap_or(text);
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'@' | b'$' | b'_');
    let word = &text[text.len() - text.iter().rev().take_while(is_part).count()..];
    u8::try_from(KEYS.iter().position(|key| key.as_bytes() == word)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_counts_where_it_is_in_the_record_itself() {
        let key = |name: &str| u8::try_from(KEYS.iter().position(|key| *key == name).unwrap()).unwrap();
        let cases = [
            (r#"{"time":"2017-02-14T02:57:24Z"}"#, "time", Some(9), Some(9)),
            (r#"{"a":{"time":"2016"},"time":"2017"}"#, "time", Some(29), Some(29)),
            (r#"{"a":{"time":"2017-02-14"}}"#, "time", None, Some(14)),
            (r#"{"a":{"time":"2016-02-14"},"ts":1487041044}"#, "time", None, None),
            (r#"{"a":"\"time\":\"2016\""}"#, "time", None, None),
            (r#"{"a":"\\","time":"2017"}"#, "time", Some(18), Some(18)),
            (r#"a="x date=2016" date=2017"#, "date", Some(21), Some(21)),
            (r#"a="x date=2016" time=1487041044"#, "date", None, None),
            (r#"x[a:"b"; time:"1487041044"; c:"d;date=1487041000;"; ]"#, "time", Some(15), Some(15)),
            (r#"x[a:"b"; time:"1487041044"; c:"d;date=1487041000;"; ]"#, "date", None, None),
            (r#"x[a:"b"; c:"d;date=1487041000;"; ]"#, "date", None, Some(19)),
            ("at the time: 2017", "time", None, None),
        ];
        for (line, name, own, nested) in cases {
            let found = [Reach::Own, Reach::Nested].map(|reach| find(line.as_bytes(), key(name), reach));
            assert_eq!(found, [own, nested], "{line}");
        }
    }

    #[test]
    fn each_key_is_there_once() {
        let mut keys = KEYS;
        keys.sort_unstable();
        assert!(keys.windows(2).all(|pair| pair[0] != pair[1]));
        assert!(is_other(u8::try_from(KEYS.iter().position(|key| *key == "date").unwrap()).unwrap()));
        assert!(!is_other(u8::try_from(KEYS.iter().position(|key| *key == "rt").unwrap()).unwrap()));
    }
}
