//! The keys that come before the time of a record, such as `"time":` in JSON and `time=` in other records, and where they are in
//! a line.
//!
//! A record has a time of its own if one of these keys is in the record itself. The same key in a nested object or within a quoted
//! value is about something else, so it counts only if the record has no time of its own.

use std::sync::LazyLock;

use memchr::memmem::Finder;

/// The keys that hold the time of a record, each as its words, in order of preference. [`spellings`] describes how the words are
/// written in a log. A key in angle brackets is written only as it is here.
const OWN_KEYS: [&[&str]; 51] = [
    &["time"],
    &["timestamp"],
    &["<@timestamp>"],
    &["ts"],
    &["time", "stamp"],
    &["<@t>"],
    &["<_time>"],
    &["<_ts>"],
    &["date", "time"],
    &["<Datetime>"],
    &["<asctime>"],
    &["event", "time"],
    &["event", "timestamp"],
    &["event", "ts"],
    &["event", "date", "time"],
    &["event", "creation", "time"],
    &["log", "time"],
    &["log", "timestamp"],
    &["log", "date"],
    &["time", "created"],
    &["time", "generated"],
    &["system", "time"],
    &["<UTCTimestamp>"],
    &["utc", "time"],
    &["utc", "timestamp"],
    &["time", "local"],
    &["<time_iso8601>"],
    &["created", "date", "time"],
    &["generated", "date", "time"],
    &["activity", "date", "time"],
    &["request", "received", "timestamp"],
    &["detected", "date", "time"],
    &["occurred"],
    &["occurred", "at"],
    &["occurred", "on"],
    &["<__REALTIME_TIMESTAMP>"],
    &["time", "unix", "nano"],
    &["edge", "start", "timestamp"],
    &["<devTime>"],
    &["message", "time"],
    &["calendar", "time"],
    &["unix", "time"],
    &["effective", "at"],
    &["date", "create"],
    &["server", "timestamp"],
    &["detection", "time"],
    &["detection", "timestamp"],
    &["<epoch>"],
    &["<rt>"],
    &["<msec>"],
    &["epoch", "second"],
];
/// The words of keys that may also come before some other time. They count only if few of the lines have one of [`OWN_KEYS`].
const OTHER_KEYS: [&[&str]; 8] = [
    &["date"],
    &["when"],
    &["received"],
    &["received", "at"],
    &["received", "time"],
    &["timestamp", "start"],
    &["<p_event_time>"],
    &["<$date>"],
];
/// The words of keys that may even come before the time of what the record is about, such as an account. Their times must be in
/// order, and they do not count far within a record.
const DOUBTFUL_KEYS: [&[&str]; 9] = [
    &["created"],
    &["created", "at"],
    &["created", "on"],
    &["creation", "time"],
    &["start", "time"],
    &["started", "at"],
    &["<start>"],
    &["<published>"],
    &["detected", "at"],
];
/// How many objects may contain a key of [`DOUBTFUL_KEYS`].
const DOUBTFUL_DEPTH: usize = 2;

/// What keys and names of columns contain if their times are about something else than the record.
const OTHER_PARTS: [&str; 15] = [
    "expir",
    "valid",
    "last",
    "prev",
    "next",
    "until",
    "since",
    "birth",
    "modif",
    "password",
    "deadline",
    "ablauf",
    "letzt",
    "gueltig",
    "g\u{fc}ltig",
];
/// What the names of columns contain, besides [`OTHER_PARTS`], if their times are those of what the record is about.
const OTHER_COLUMNS: [&str; 11] =
    ["created", "registered", "enrol", "hired", "issued", "seen", "pwd", "closed", "updated", "changed", "deleted"];

/// All keys.
struct Keys {
    /// Searches for each key. Those of [`OWN_KEYS`] come first, then those of [`OTHER_KEYS`].
    finders: Vec<Finder<'static>>,
    /// Where the finders of [`OTHER_KEYS`] begin.
    others: usize,
    /// Where the finders of [`DOUBTFUL_KEYS`] begin.
    doubtful: usize,
    /// The keys in alphabetical order, each with the index of its finder.
    sorted: Vec<(Vec<u8>, u8)>,
}

impl Keys {
    fn get() -> &'static Keys {
        static KEYS: LazyLock<Keys> = LazyLock::new(|| {
            let spelled = |keys: &[&[&str]]| keys.iter().flat_map(|words| spellings(words)).collect::<Vec<String>>();
            let (own, others, doubtful) = (spelled(&OWN_KEYS), spelled(&OTHER_KEYS), spelled(&DOUBTFUL_KEYS));
            let begins = (own.len(), own.len() + others.len());
            let mut finders: Vec<Finder<'static>> = Vec::new();
            let mut sorted: Vec<(Vec<u8>, u8)> = Vec::new();
            for key in own.into_iter().chain(others).chain(doubtful) {
                // The tests ensure that there are not too many keys.
                let Ok(index) = u8::try_from(finders.len()) else { break };
                finders.push(Finder::new(key.as_bytes()).into_owned());
                sorted.push((key.into_bytes(), index));
            }
            sorted.sort_unstable();
            Keys { finders, others: begins.0, doubtful: begins.1, sorted }
        });
        &KEYS
    }
}

/// Returns the spellings of a key, such as `eventTime`, `EventTime`, `eventtime`, `event_time` and `EVENT_TIME`.
fn spellings(words: &[&str]) -> Vec<String> {
    if let [key] = words
        && let Some(key) = key.strip_prefix('<').and_then(|key| key.strip_suffix('>'))
    {
        return vec![key.to_owned()];
    }
    let capital = |word: &str| word[..1].to_ascii_uppercase() + &word[1..];
    let pascal: String = words.iter().map(|word| capital(word)).collect();
    let camel = pascal[..1].to_ascii_lowercase() + &pascal[1..];
    let (plain, snake) = (words.concat(), words.join("_"));
    let mut all = vec![plain, camel, pascal, snake.to_ascii_uppercase(), snake];
    // `timestamp` is a word, too.
    all.retain(|key| words.len() == 1 || key != "timestamp");
    all.sort_unstable();
    all.dedup();
    all
}

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
    usize::from(key) >= Keys::get().others
}

/// Whether the key with this index may come before the time of what the record is about.
pub(super) fn is_doubtful(key: u8) -> bool {
    usize::from(key) >= Keys::get().doubtful
}

/// Returns where the value of the key with this index begins in a line.
pub(super) fn find(line: &[u8], key: u8, reach: Reach) -> Option<usize> {
    let within = |most: usize| {
        let is_within = |&(at, _): &(usize, usize)| depth(&line[..at]).is_some_and(|depth| depth <= most);
        values(line, key).find(is_within).map(|(_, value)| value)
    };
    let own = || within(1);
    let first = || values(line, key).next().map(|(_, value)| value);
    let nested = || if is_doubtful(key) { within(DOUBTFUL_DEPTH) } else { first() };
    match reach {
        Reach::Own => own(),
        Reach::Nested => own().or_else(|| nested().filter(|_| !has_own_time(line))),
        Reach::Any => first(),
    }
}

/// Returns where each occurrence of a key begins, with its quote, and where the value after it begins.
fn values(line: &[u8], key: u8) -> impl Iterator<Item = (usize, usize)> {
    let finder = &Keys::get().finders[usize::from(key)];
    let blanks = |at: usize| at + line[at..].iter().take_while(|&&byte| byte == b' ').count();
    finder.find_iter(line).filter_map(move |at| {
        let after = at + finder.needle().len();
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

/// Returns how many objects contain the text that follows `before` in a line, or `None` if that text is in a quoted value.
fn depth(before: &[u8]) -> Option<usize> {
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
    (!is_quoted).then_some(depth)
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

/// Whether a key shows, by what it contains, that its time is about something else than the record. The key must be in lower case.
pub(super) fn names_another(key: &str) -> bool {
    OTHER_PARTS.iter().any(|part| key.contains(part) && !(*part == "valid" && key.contains("validat")))
}

/// Whether the name of a column, such as `PasswordLastSet`, shows that its time is about something else than the line.
pub(super) fn is_other_column(name: &str) -> bool {
    let key: String = name.chars().filter(|char| !matches!(char, ' ' | '-')).collect();
    if key_before(key.as_bytes()).is_some_and(|key| !is_doubtful(key)) {
        return false;
    }
    let key = key.to_lowercase();
    names_another(&key) || OTHER_COLUMNS.iter().any(|part| key.contains(part))
}

/// Whether a text ends with a key.
pub(super) fn ends_with_one(text: &[u8]) -> bool {
    key_before(text).is_some()
}

/// Returns the index of the key at the end of a text, if there is one.
fn key_before(text: &[u8]) -> Option<u8> {
    let text = text.trim_ascii_end();
    let text = text.strip_suffix(b"\"").unwrap_or(text);
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'@' | b'$' | b'_');
    let word = &text[text.len() - text.iter().rev().take_while(is_part).count()..];
    let sorted = &Keys::get().sorted;
    let at = sorted.binary_search_by(|(key, _)| key.as_slice().cmp(word)).ok()?;
    Some(sorted[at].1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_counts_where_it_is_in_the_record_itself() {
        let key = |name: &str| key_before(name.as_bytes()).unwrap();
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
    fn a_doubtful_key_does_not_count_far_within_a_record() {
        let cases = [
            (r#"{"created":"2017-02-14"}"#, Some(12)),
            (r#"{"a":{"created":"2017-02-14"}}"#, Some(17)),
            (r#"{"a":{"b":{"created":"2017-02-14"}}}"#, None),
            (r#"{"a":{"b":{"created":"2016-02-14"},"created":"2017-02-14"}}"#, Some(46)),
        ];
        for (line, expected) in cases {
            assert_eq!(find(line.as_bytes(), key_before(b"created").unwrap(), Reach::Nested), expected, "{line}");
        }
    }

    #[test]
    fn each_key_is_there_once() {
        let Keys { finders, others, doubtful, sorted } = Keys::get();
        let all: usize =
            [&OWN_KEYS[..], &OTHER_KEYS, &DOUBTFUL_KEYS].concat().iter().map(|key| spellings(key).len()).sum();
        assert_eq!((all, finders.len()), (sorted.len(), sorted.len()));
        assert!(sorted.windows(2).all(|pair| pair[0].0 != pair[1].0));
        assert!(others < doubtful && *doubtful < finders.len());
        assert!(is_other(key_before(b"date").unwrap()) && !is_doubtful(key_before(b"date").unwrap()));
        assert!(!is_other(key_before(b"rt").unwrap()) && is_doubtful(key_before(b"detectedAt").unwrap()));
    }

    #[test]
    fn the_name_of_a_column_shows_what_its_time_is_about() {
        let others =
            ["PasswordLastSet", "created", "account_created", "Valid Until", "last seen", "Gueltig bis", "Created"];
        assert!(others.iter().all(|name| is_other_column(name)));
        let times =
            ["Time", "event_time", "TimeCreated", "Time Created", "createdDateTime", "CreationDate", "Validated At"];
        assert!(times.iter().all(|name| !is_other_column(name)));
    }

    #[test]
    fn a_key_has_several_spellings() {
        let known = [
            "time",
            "TIME",
            "timeStamp",
            "TimeStamp",
            "eventTime",
            "EventTime",
            "eventtime",
            "event_time",
            "EVENT_TIME",
        ];
        assert!(known.iter().all(|key| ends_with_one(key.as_bytes())));
        assert!(["tImE", "eventTIME", "EVENTTIME", "RT"].iter().all(|key| !ends_with_one(key.as_bytes())));
    }
}
