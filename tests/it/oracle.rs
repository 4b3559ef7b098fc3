//! Compares the scanner, and everything around it, with a naive oracle. The oracle reads whole sources line by line with
//! the plain regex crate. The only code that it shares with the scanner is the catalogue, which resolves values.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::num::NonZeroUsize;
use std::sync::{Arc, LazyLock};

use callcodes::catalogue::Catalogue;
use callcodes::chunk::{Chunk, Chunks, Limits, Span};
use callcodes::code::{Code, Key};
use callcodes::filter::Filter;
use callcodes::hit::{Capture, Hit};
use callcodes::numbered::{Details, LineFormat, Rendered};
use callcodes::pattern::PatternSet;
use callcodes::pattern::definition::{Definition, Origin};
use callcodes::pattern::validate;
use callcodes::pipeline::Options;
use callcodes::pipeline::annotate;
use callcodes::pipeline::summarise::summarise;
use callcodes::problem::Kind;
use callcodes::scan::Scanner;
use callcodes::source::select::Content;
use callcodes::source::{Selection, Walk};
use callcodes::summary::sign_ins;
use callcodes::units::Units;
use encoding_rs::Encoding;
use proptest::prelude::*;

use crate::naive::{
    Found, NaiveEncoding, Place, naive, naive_in_parts, naive_patterns, naive_patterns_in, naive_with_times,
    with_keys_of,
};

fn found(hit: &Hit<'_>, line: u64, set: &PatternSet) -> Found {
    Found {
        offset: hit.offset(),
        line,
        pattern: set.patterns()[hit.pattern].name().to_owned(),
        key: hit.key.clone(),
        captures: captures(hit),
        time: hit.time.map(|stamp| stamp.time.to_string()),
    }
}

/// Returns what each group captured, in the form that the oracle uses.
fn captures(hit: &Hit<'_>) -> BTreeMap<String, String> {
    let captured = |capture: Capture| Some((capture.name().to_owned(), hit.says(capture)?.escape_ascii().to_string()));
    Capture::ALL.into_iter().filter_map(captured).collect()
}

/// Returns the scanner's results. The number of each line is counted anew from the beginning of the source.
fn scanned(source: &[u8], chunks: &[Chunk<'_>], set: &PatternSet, limits: Limits) -> Vec<Found> {
    let mut scanner = Scanner::new(set, Catalogue::built_in(), limits.lookahead_bytes);
    let mut all = Vec::new();
    for chunk in chunks {
        scanner.scan(chunk, |hit| {
            let before = usize::try_from(hit.line_offset).unwrap();
            let line = source[..before].iter().filter(|&&byte| byte == b'\n').count() as u64 + 1;
            all.push(found(&hit, line, set));
        });
    }
    all
}

/// Generates sources from pieces of real lines and of near misses.
fn source() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        "callStatus",
        "callStatus=",
        "Call Status: ",
        "call_status: ",
        "rawCallStatus = ",
        "\"callStatus\": ",
        "<callStatus>",
        "</callStatus>",
        "Pfauth failed for user 'ann'. ",
        "Pfauth succeeded for user 'o'x' from 192.0.2.1:5. ",
        "CONFIG_ISSUE",
        "SUCCESS_NO_PIN",
        "_BUT_TIMEOUT",
        "FAILED_NEW",
        "PIN Entered",
        "Used Cache",
        " - \"Phone Unreachable\"",
        "21",
        "102",
        "-1",
        "0",
        "99999999999",
        "'",
        "\"",
        "''",
        " ",
        ".",
        ", ",
        "|",
        "x",
        "=",
        ": ",
        "\n",
        "\n",
        "\r\n",
        "\r",
        "2017-02-14T02:57:24.600871Z|",
        "2017-02-14 02:57:24,5 ",
        "MFA ",
        "result code: ",
        "SMS result ",
        "portal ",
        "callType=video ",
        "RPC ",
        "completed",
        "In Progress",
        "errorId",
        "FAILED_",
        "\u{e9}",
        "\0",
        "callstatuscallStatus",
        "\\n",
        "\\\"",
        "\\u0022",
        "\\_",
        "\\\\",
        "&quot;",
        "&lt;",
        "&gt;",
        "#012",
        "\u{1b}[1m",
        "<b>",
        "**",
        "%3D",
        "=3D",
        "\u{2013}",
        "\u{201c}",
        "[0]",
        " (SMS)",
    ]);
    let bytes = prop_oneof![20 => piece.prop_map(|piece| piece.as_bytes().to_vec()), 1 => prop::collection::vec(any::<u8>(), 0..4)];
    prop::collection::vec(bytes, 0..40).prop_map(|pieces| pieces.concat())
}

/// Puts so many lines with a time at their start before a source that this decides the form of its times.
fn dated(source: &[u8]) -> Vec<u8> {
    let lines = source.split(|byte| matches!(byte, b'\r' | b'\n')).count();
    let mut text = b"2017-02-14 00:00:00 a\rb\n".to_vec();
    text.extend(b"2017-02-14 00:00:00\n".repeat(lines * 9 + 20));
    text.extend(source);
    text
}

fn limits() -> impl Strategy<Value = Limits> {
    (1_usize..64, prop_oneof![20_usize..400, Just(1 << 20)], prop_oneof![Just(0_usize), 1_usize..40, Just(512)])
        .prop_map(|(block_bytes, line_bytes, lookahead_bytes)| Limits { block_bytes, line_bytes, lookahead_bytes })
}

struct Sets {
    definitions: Vec<Definition>,
    fast: PatternSet,
    unfiltered: PatternSet,
}

static BUILT_IN: LazyLock<Sets> = LazyLock::new(|| {
    let definitions = callcodes::config::built_in();
    let fast = PatternSet::compile(&definitions).unwrap();
    let unfiltered = PatternSet::compile(&definitions).unwrap().without_prefilter();
    Sets { definitions, fast, unfiltered }
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_slice_gives_the_results_of_the_oracle(source in source(), lookahead_bytes in prop_oneof![Just(0_usize), 1_usize..40, Just(512)]) {
        let limits = Limits { lookahead_bytes, ..Limits::default() };
        let expected = naive(&source, &naive_patterns(&BUILT_IN.definitions), limits);
        for set in [&BUILT_IN.fast, &BUILT_IN.unfiltered] {
            prop_assert_eq!(&scanned(&source, &[Chunk::whole(&source)], set, limits), &expected);
        }
    }
}

/// The most selective literal of a multi-line pattern may be in the line after the one in which the match starts.
#[test]
fn the_most_selective_literal_may_be_in_the_next_line() {
    let toml = toml_of(&[
        ("x[\\r\\n]+AuthenticationMethodResult=(?<code>\\d+)".to_owned(), false, true, None, None),
        ("y\\nrawCallStatusIsNowHere = (?<code>\\d+)".to_owned(), false, true, None, None),
    ]);
    let definitions = callcodes::pattern::file::parse(&toml, &Origin::CommandLine).unwrap();
    let set = PatternSet::compile(&definitions).unwrap();
    let source =
        b"x\nAuthenticationMethodResult=5\ny\nrawCallStatusIsNowHere = 21\nx\r\nAuthenticationMethodResult=6\n";
    let limits = Limits::default();
    let expected = naive(source, &naive_patterns(&definitions), limits);
    assert_eq!(expected.len(), 3);
    assert_eq!(scanned(source, &[Chunk::whole(source)], &set, limits), expected);
}

/// Generates regexes such as users write: literals, classes, optional parts, letters of either case, line anchors.
fn regex() -> impl Strategy<Value = String> {
    let atom = prop::sample::select(vec![
        "a",
        "b",
        "ab",
        "abc",
        "call",
        "Status",
        "=",
        " ",
        "\\.",
        ".",
        "\\d",
        "[ab]",
        "[^a]",
        "[Aa]",
        "\\s",
        "\\b",
        "^",
        "$",
        "(?:a|bc)",
        "(?:ab|)",
        "(?:^|a)",
        "(?i:ab)",
        "(?i:k)",
        "(?u:é)",
        "\\x{e9}",
        "(?i)",
        "(?m)",
        "(?s)",
        "(?R)",
        "(?mR)^",
        "\\n",
        "(?s:.)",
        "\\B",
        "\\<",
        "\\>",
        "[[:alpha:]]",
    ]);
    let repeat = prop::sample::select(vec!["", "", "", "?", "*", "+", "*?", "{2}", "{0,2}", "{1,3}?"]);
    let part = (atom, repeat).prop_map(|(atom, repeat)| {
        let repeated = if repeat.is_empty() { atom.to_owned() } else { format!("(?:{atom}){repeat}") };
        // Flags are not repeated.
        if atom.starts_with("(?") && atom.ends_with(')') && !atom.contains(':') { atom.to_owned() } else { repeated }
    });
    let side = || prop::collection::vec(part.clone(), 0..4).prop_map(|parts| parts.concat());
    let code = prop::sample::select(vec!["\\d", "\\d+", "a", "[ab]+", "b?", "x|y"]);
    // No group name occurs twice.
    let before = captured(vec!["", "text", "user", "outcome"]);
    let after = captured(vec!["", "host", "address", "time"]);
    (side(), before, code, after, side(), prop::option::of(side()), any::<bool>()).prop_map(
        |(before, captured, code, captured_after, after, or, is_named)| {
            let start = or.map_or_else(|| before.clone(), |or| format!("(?:{or}{before}|{before})"));
            // A single unnamed group captures the code, too.
            let name = if is_named { "?<code>" } else { "" };
            format!("{start}{captured}({name}{code}){captured_after}{after}")
        },
    )
}

/// Generates one of these groups, which may be optional. An empty name gives no group.
fn captured(names: Vec<&'static str>) -> impl Strategy<Value = String> {
    let inside = prop::sample::select(vec!["", "a", "[ab]*", "\\d", "Used Cache", "[^ ]+", "(?s:.)*?"]);
    let repeat = prop::sample::select(vec!["", "", "?", "*"]);
    (prop::sample::select(names), inside, repeat).prop_map(|(name, inside, repeat)| {
        if name.is_empty() { String::new() } else { format!("(?<{name}>{inside}){repeat}") }
    })
}

/// The parts of a pattern: regex, `ignore_case`, `multiline`, `when`, `unless`.
type Written = (String, bool, bool, Option<&'static str>, Option<&'static str>);

fn toml_of(patterns: &[Written]) -> String {
    let pattern = |(index, (regex, ignore_case, multiline, when, unless)): (usize, &Written)| {
        let condition = |name: &str, regex: &Option<&str>| {
            regex.map_or_else(String::new, |regex| format!("{name} = '''{regex}'''\n"))
        };
        format!(
            "[[pattern]]\nname = 'p{index}'\nregex = '''{regex}'''\nignore_case = {ignore_case}\nmultiline = {multiline}\n\
             empty_is_zero = true\n{}{}",
            condition("when", when),
            condition("unless", unless),
        )
    };
    patterns.iter().enumerate().map(pattern).collect()
}

fn condition() -> impl Strategy<Value = Option<&'static str>> {
    prop::option::weighted(0.3, prop::sample::select(vec!["status", "B", "^a", "[k=]$", "\\d{2}", "(?-i:call)", "a|x"]))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn any_patterns_give_the_results_of_the_oracle(
        patterns in prop::collection::vec((regex(), any::<bool>(), any::<bool>(), condition(), condition()), 1..4),
        pieces in prop::collection::vec(
            prop::sample::select(vec!["a", "b", "c", "A", "B", "ab", "abc", "call", "CALL", "Status", "status", "=", " ", ".", "1", "22",
                "k", "K", "\u{212a}", "é", "x", "y", "\n", "\n", "\r\n", "\r", "Used Cache", "2017-02-14T02:57:24Z"]),
            0..40,
        ),
    ) {
        let text = toml_of(&patterns);
        let definitions = callcodes::pattern::file::parse(&text, &Origin::CommandLine).unwrap();
        // Invalid patterns never reach the scanner.
        prop_assume!(definitions.iter().all(|definition| validate::check(definition).is_empty()));
        let source = pieces.concat().into_bytes();
        let limits = Limits::default();
        let fast = PatternSet::compile(&definitions).unwrap();
        let unfiltered = PatternSet::compile(&definitions).unwrap().without_prefilter();
        // Too many literals for the prefilter to report which one it found: it finds candidate lines only.
        let crowd: Vec<Definition> =
            (0..70).map(|number| Definition::from_expression(number, &format!("qx{number:02}(?<code>.)"))).collect();
        let crowded = PatternSet::compile(&[definitions.clone(), crowd].concat()).unwrap();
        for set in [fast, unfiltered, crowded].map(Arc::new) {
            let expected = naive(&source, &with_keys_of(naive_patterns(&definitions), &set), limits);
            prop_assert_eq!(scanned(&source, &[Chunk::whole(&source)], &set, limits), expected, "{}", text);
        }
    }
}

/// Generates regexes with letters outside ASCII, whose bytes differ from encoding to encoding.
fn regex_with_letters() -> impl Strategy<Value = String> {
    let atoms = vec![
        "für ",
        "ü",
        "é",
        "Код",
        "я=",
        "电话",
        "(?u:[éü])",
        r"(?u:\w+)",
        "(?:ü|é)",
        "(?:ab|)",
        ".",
        "[^=]*",
        "a",
        "=",
        " ",
        r"\b",
        r"\d",
        r"\s+",
        "(?<user>.*?)",
        "^",
        "$",
    ];
    let side = move || prop::collection::vec(prop::sample::select(atoms.clone()), 0..4);
    let code = prop::sample::select(vec![r"\d", r"\d+", "[ab]+", "[^ ]+"]);
    (side(), code, side()).prop_map(|(before, code, after)| {
        let regex = format!("{}(?<code>{code}){}", before.concat(), after.concat());
        // A group name may be used only once.
        match regex.split_once("(?<user>") {
            Some((first, rest)) => format!("{first}(?<user>{}", rest.replace("(?<user>", "(?:")),
            None => regex,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(800))]

    #[test]
    fn patterns_give_the_results_of_the_oracle_in_any_encoding(
        patterns in prop::collection::vec(
            (regex_with_letters(), any::<bool>(), prop::option::of(prop::sample::select(vec!["ü", "Код", "1"])), any::<bool>()),
            1..4,
        ),
        pieces in prop::collection::vec(
            (
                prop::sample::select(vec![
                    "für ", "ü", "é", "Код", "код", "я=", "Т»", "电话", "a", "ab", " ", "=", "1", "22", "\n", "\n", "\r\n",
                ]),
                0_usize..8,
            ),
            0..40,
        ),
        odd in prop::collection::vec(
            (any::<prop::sample::Index>(), prop::sample::select(vec![0x81_u8, 0x30, 0xFC, 0xB8, 0xC3])),
            0..3,
        ),
        written in prop::sample::select(vec![
            "windows-1252", "windows-1251", "gb18030", "shift_jis", "big5", "euc-kr", "euc-jp", "utf-8",
        ]),
        given in prop::option::of(prop::sample::select(vec![
            "windows-1252", "windows-1251", "gb18030", "shift_jis", "big5", "utf-8",
        ])),
        limits in limits(),
    ) {
        let written_out = |(regex, multiline, condition, is_when): &(String, bool, Option<&'static str>, bool)| {
            let (when, unless) = if *is_when { (*condition, None) } else { (None, *condition) };
            (regex.clone(), false, *multiline, when, unless)
        };
        let text = toml_of(&patterns.iter().map(written_out).collect::<Vec<_>>());
        let definitions = callcodes::pattern::file::parse(&text, &Origin::CommandLine).unwrap();
        prop_assume!(definitions.iter().all(|definition| validate::check(definition).is_empty()));
        let page = |label: &str| Encoding::for_label(label.as_bytes()).unwrap();
        // Most pieces are in one encoding, the others in UTF-8.
        let encoded = |(piece, how): &(&str, usize)| match how {
            0 => piece.as_bytes().to_vec(),
            _ => page(written).encode(piece).0.into_owned(),
        };
        let mut source: Vec<u8> = pieces.iter().flat_map(encoded).collect();
        for (at, byte) in odd {
            source.insert(at.index(source.len() + 1), byte);
        }
        let given = given.map(page);
        let crowd: Vec<Definition> =
            (0..70).map(|number| Definition::from_expression(number, &format!("qx{number:02}(?<code>.)"))).collect();
        let fast = PatternSet::compile(&definitions).unwrap();
        let unfiltered = PatternSet::compile(&definitions).unwrap().without_prefilter();
        let crowded = PatternSet::compile(&[definitions.clone(), crowd].concat()).unwrap();
        for set in [fast, unfiltered, crowded] {
            let set = Arc::new(set.reading_in(given));
            let expected = naive(&source, &with_keys_of(naive_patterns_in(&definitions, given), &set), limits);
            let mut chunks = Chunks::new(&source[..], Span::ALL, limits, Units::Bytes, Vec::new());
            let mut all = Vec::new();
            while let Some(chunk) = chunks.next_chunk().unwrap() {
                all.extend(scanned(&source, &[chunk], &set, limits));
            }
            prop_assert_eq!(all, expected, "{} {:?}", text, String::from_utf8_lossy(&source));
        }
    }
}

/// The bytes after the cut show that such a match is complete.
#[test]
fn a_match_that_ends_where_a_long_line_is_cut_counts() {
    let limits = Limits { block_bytes: 8, line_bytes: 20, lookahead_bytes: 3 };
    let counted = |source: &str| {
        let expected = naive(source.as_bytes(), &naive_patterns(&BUILT_IN.definitions), limits);
        let mut chunks = Chunks::new(source.as_bytes(), Span::ALL, limits, Units::Bytes, Vec::new());
        let mut all = Vec::new();
        while let Some(chunk) = chunks.next_chunk().unwrap() {
            all.extend(scanned(source.as_bytes(), &[chunk], &BUILT_IN.fast, limits));
        }
        assert_eq!(all, expected);
        all.into_iter().map(|found| found.key).collect::<Vec<_>>()
    };
    let code = |code| vec![Key::Code(Code(code))];
    assert_eq!(counted("xxxxxx callStatus=10, and so on"), code(10));
    assert_eq!(counted("xxxxxx callStatus=10\n"), code(10));
    assert_eq!(counted("xxxxxx callStatus=10"), code(10));
    // Divided by the cut: 10 would be a different number.
    assert_eq!(counted("xxxxxx callStatus=102, and so on"), []);
    // The lookahead ends within the match, so where the match ends is unknown.
    assert_eq!(counted("xxxx callStatus=10.0.0.0.0.0"), []);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_split_into_chunks_gives_the_results_of_the_oracle(source in source(), limits in limits(), split in 0_usize..400) {
        let expected = naive(&source, &naive_patterns(&BUILT_IN.definitions), limits);
        let split = split.min(source.len()) as u64;
        for set in [&BUILT_IN.fast, &BUILT_IN.unfiltered] {
            let mut all = Vec::new();
            for span in [Span { start: 0, end: split }, Span { start: split.max(1), end: u64::MAX }] {
                let from = usize::try_from(span.read_from(Units::Bytes)).unwrap().min(source.len());
                let mut chunks = Chunks::new(&source[from..], span, limits, Units::Bytes, Vec::new());
                while let Some(chunk) = chunks.next_chunk().unwrap() {
                    all.extend(scanned(&source, &[chunk], set, limits));
                }
                if split == 0 && span.start == 0 {
                    all.clear();
                    let mut chunks = Chunks::new(&source[..], Span::ALL, limits, Units::Bytes, Vec::new());
                    while let Some(chunk) = chunks.next_chunk().unwrap() {
                        all.extend(scanned(&source, &[chunk], set, limits));
                    }
                    break;
                }
            }
            prop_assert_eq!(&all, &expected);
        }
    }
}

/// Prints the fields of [`Found`], with the line number that the pipeline fills in.
struct Plain<'s>(&'s PatternSet);

impl LineFormat for Plain<'_> {
    fn line(&self, path: &str, hits: &[Hit<'_>], out: &mut Rendered) {
        for hit in hits {
            out.begin_line();
            out.bytes().extend_from_slice(format!("{path} ").as_bytes());
            out.line_number();
            out.details(|_| {});
            let Found { offset, pattern, key, captures, time, .. } = found(hit, 0, self.0);
            out.bytes().extend_from_slice(format!(" {offset} {pattern} {key} {captures:?} {time:?}\n").as_bytes());
        }
    }

    fn details(&self, _: &Details<'_>, _: &mut Vec<u8>) {}
}

/// Walks these paths and reads binary files, too: generated sources contain more control characters than logs do.
fn walk(paths: &[std::path::PathBuf]) -> Walk {
    Walk::new(paths.to_vec()).selecting(Selection { content: Content::Any, ..Selection::default() })
}

/// Prints the results as they are found, and again after all files have been read. Both must be the same.
fn printed(paths: &[std::path::PathBuf], options: &Options) -> String {
    let (set, catalogue, counting) = (&BUILT_IN.fast, Catalogue::built_in(), sign_ins::Options::default());
    let (mut joined, mut store) = (Vec::new(), Cursor::new(Vec::new()));
    annotate::joined(walk(paths), set, catalogue, options, counting, &Plain(set), &mut store, &mut joined).unwrap();
    let found = printed_as_found(paths, options);
    assert_eq!(found, String::from_utf8(joined).unwrap());
    found
}

fn printed_as_found(paths: &[std::path::PathBuf], options: &Options) -> String {
    let (set, catalogue, none) = (&BUILT_IN.fast, Catalogue::built_in(), Filter::default());
    let mut out = Vec::new();
    // A random text may have problems, such as long lines, and what is printed shows whether they are handled alike.
    annotate::as_found(walk(paths), set, catalogue, options, &none, &Plain(set), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

proptest! {
    // Fewer cases, because each writes files and starts threads.
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn the_output_does_not_depend_on_threads_and_ranges(
        sources in prop::collection::vec(source(), 1..5),
        limits in limits(),
        range_bytes in 1_u64..300,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut expected = String::new();
        let mut counts: BTreeMap<Key, u64> = BTreeMap::new();
        let mut paths = Vec::new();
        for (index, source) in sources.iter().enumerate() {
            let path = folder.path().join(format!("{index}.log"));
            let source = dated(source);
            std::fs::write(&path, &source).unwrap();
            for found in naive_with_times(&source, &naive_patterns(&BUILT_IN.definitions), limits, Place::Start) {
                let Found { offset, line, pattern, key, captures, time } = found;
                expected += &format!("{} {line} {offset} {pattern} {key} {captures:?} {time:?}\n", path.display());
                *counts.entry(key).or_default() += 1;
            }
            paths.push(path);
        }
        for threads in [1, 2, 16] {
            let options = Options { threads: NonZeroUsize::new(threads), range_bytes, limits, ..Options::default() };
            prop_assert_eq!(&printed(&paths, &options), &expected);
            let outcome = summarise(walk(&paths), &BUILT_IN.fast, Catalogue::built_in(), &options).unwrap();
            let summed: BTreeMap<Key, u64> = outcome.summary.iter().map(|(key, row)| (key, row.tally.count)).collect();
            prop_assert_eq!(&summed, &counts);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// The same text in UTF-16 gives the same results in the same lines. Only the offsets are those of the UTF-16 file.
    #[test]
    fn an_encoding_changes_nothing_but_the_offsets(
        // Enough plain text in front for UTF-16 to be detected without a byte order mark.
        source in source().prop_map(|source| String::from_utf8_lossy(&dated(&source)).into_owned()),
        range_bytes in (1_u64..150).prop_map(|units| 2 * units),
        block_bytes in 1_usize..64,
    ) {
        let limits = Limits { block_bytes, ..Limits::default() };
        let options = Options { threads: NonZeroUsize::new(2), range_bytes, limits, ..Options::default() };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let patterns = naive_patterns(&BUILT_IN.definitions);
        let expected = naive_with_times(source.as_bytes(), &patterns, limits, Place::Start);
        let utf16 = |unit: fn(u16) -> [u8; 2]| source.encode_utf16().flat_map(unit).collect::<Vec<u8>>();
        let marked = |mark: &[u8], text: Vec<u8>| [mark, &text].concat();
        let files = [
            (marked(b"\xEF\xBB\xBF", source.clone().into_bytes()), 1, 3),
            (utf16(u16::to_le_bytes), 2, 0),
            (utf16(u16::to_be_bytes), 2, 0),
            (marked(b"\xFF\xFE", utf16(u16::to_le_bytes)), 2, 2),
            (marked(b"\xFE\xFF", utf16(u16::to_be_bytes)), 2, 2),
        ];
        for (bytes, unit_bytes, mark_bytes) in files {
            std::fs::write(&path, bytes).unwrap();
            let mut text = String::new();
            for Found { offset, line, pattern, key, captures, time } in &expected {
                let before = &source[..usize::try_from(*offset).unwrap()];
                let units = if unit_bytes == 1 { before.len() } else { before.encode_utf16().count() };
                let offset = mark_bytes + unit_bytes * units;
                text += &format!("{} {line} {offset} {pattern} {key} {captures:?} {time:?}\n", path.display());
            }
            prop_assert_eq!(&printed(std::slice::from_ref(&path), &options), &text);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Each part of a text in two encodings is read in its own, however the text is divided. Where three encodings meet within a few
    /// lines, the number of a line can be off by one.
    #[test]
    fn the_encoding_may_change_at_any_line(
        first in prop::sample::select(NaiveEncoding::ALL.to_vec()),
        other in prop::sample::select(NaiveEncoding::ALL.to_vec()),
        parts in prop::collection::vec(
            (any::<bool>(), any::<bool>(), source(), prop::sample::select(vec!["\n", "\r\n"])),
            0..8,
        ),
        range_bytes in prop_oneof![(1_u64..300), Just(10_000)],
        limits in limits(),
        threads in 1_usize..4,
    ) {
        let head = "2017-02-14 00:00:00 a\r\n".repeat(40 + 40 * parts.len());
        let mut bytes = first.encode(&head);
        for (is_other, has_mark, text, end) in parts {
            let encoding = if is_other { other } else { first };
            // Half of a character such as U+010A looks like a line feed. After a change to UTF-16, it may divide its line.
            let is_like_line_feed = |one: char| one != '\n' && u32::from(one) & 0xFF == 0x0A;
            let text = String::from_utf8_lossy(&text).replace(['\0', '\r', '\u{fffd}'], "").replace(is_like_line_feed, "");
            let lines = text.split('\n').take(4).map(|line| format!("2017-02-14T02:57:24Z|für Jürgen {line}{end}"));
            let mark = if has_mark && encoding != NaiveEncoding::Utf8 { "\u{feff}" } else { "" };
            bytes.extend(encoding.encode(&(mark.to_owned() + &lines.collect::<String>())));
        }
        let limits = Limits { line_bytes: 1 << 20, ..limits };
        let (expected, changes) = naive_in_parts(&bytes, &naive_patterns(&BUILT_IN.definitions), limits);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        std::fs::write(&path, &bytes).unwrap();
        let mut text = String::new();
        for Found { offset, line, pattern, key, captures, time } in expected {
            text += &format!("{} {line} {offset} {pattern} {key} {captures:?} {time:?}\n", path.display());
        }
        let options = Options { threads: NonZeroUsize::new(threads), range_bytes, limits, ..Options::default() };
        prop_assert_eq!(&printed(std::slice::from_ref(&path), &options), &text);
        let outcome = summarise(walk(&[path]), &BUILT_IN.fast, Catalogue::built_in(), &options).unwrap();
        let told = outcome.problems.iter().filter(|problem| problem.kind == Kind::EncodingChanges).count();
        prop_assert_eq!(told as u64, changes.min(1));
    }
}

/// A pipe, which is read block by block, gives the same results as the file.
#[cfg(unix)]
#[test]
fn a_pipe_gives_the_results_of_the_file() {
    let mut text = Vec::new();
    for number in 0..20_000_u32 {
        text.extend_from_slice(format!("2017-02-14T02:57:24Z|x|callStatus={}\r\n", number % 150).as_bytes());
    }
    let folder = tempfile::tempdir().unwrap();
    let (file, pipe) = (folder.path().join("file"), folder.path().join("pipe"));
    std::fs::write(&file, &text).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let writer = std::thread::spawn({
        let pipe = pipe.clone();
        move || std::fs::write(pipe, text).unwrap()
    });
    let from_pipe = printed_as_found(std::slice::from_ref(&pipe), &Options::default());
    writer.join().unwrap();
    let from_file = printed(std::slice::from_ref(&file), &Options::default());
    assert_eq!(from_file.lines().count(), 20_000);
    assert_eq!(from_pipe.replace("/pipe ", "/file "), from_file);
}

/// Hits are delivered in batches; none may be lost between two batches.
#[test]
fn all_of_the_hundreds_of_results_in_a_line_are_reported() {
    let text = "callStatus=102,".repeat(600) + "\ncallStatus=21\n";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    std::fs::write(&path, text).unwrap();
    let printed = printed(std::slice::from_ref(&path), &Options::default());
    assert_eq!(printed.lines().filter(|line| line.contains(" call-status 102 ")).count(), 600);
    assert_eq!(printed.lines().filter(|line| line.contains("log 2 ") && line.contains(" 21 ")).count(), 1);
}

/// The line has more candidate positions than are kept. The scanner searches for the rest.
#[test]
fn all_of_the_tens_of_thousands_of_results_in_a_line_are_reported_once() {
    let text = "callStatus=102,rawCallStatus = 4,".repeat(20_000) + "\ncallStatus=21\n";
    let found = scanned(text.as_bytes(), &[Chunk::whole(text.as_bytes())], &BUILT_IN.fast, Limits::default());
    let code = |code| Key::Code(Code(code));
    let expected: Vec<(u64, Key)> = (0..20_000_u64)
        .flat_map(|number| [(33 * number, code(102)), (33 * number + 15, code(4))])
        .chain([(33 * 20_000 + 1, code(21))])
        .collect();
    let found: Vec<(u64, Key)> = found.into_iter().map(|found| (found.offset, found.key)).collect();
    assert_eq!(found.len(), expected.len());
    assert!(found == expected);
}

#[test]
fn an_empty_source_has_no_results() {
    assert_eq!(scanned(b"", &[Chunk::whole(b"")], &BUILT_IN.fast, Limits::default()), []);
}

/// The codes that were found in a log, and whether anything could not be read.
fn codes_in(bytes: &[u8], range_bytes: u64) -> (Vec<String>, bool) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    std::fs::write(&path, bytes).unwrap();
    let options = Options { range_bytes, ..Options::default() };
    // The path, the line, the offset, the pattern and the code.
    let code = |line: &str| line.split(' ').nth(4).unwrap_or_default().to_owned();
    let found = printed(std::slice::from_ref(&path), &options).lines().map(code).collect();
    let outcome = summarise(walk(&[path]), &BUILT_IN.fast, Catalogue::built_in(), &options).unwrap();
    (found, outcome.problems.iter().any(|problem| problem.kind != Kind::EncodingChanges))
}

/// Each of several lines in a row may be in another encoding than the one before it, and so may the beginning of the log.
#[test]
fn every_line_in_three_encodings_is_read() {
    const LINES: [&str; 4] = [
        "2017-02-14T02:57:24Z|für Jürgen callStatus=101",
        "callStatus=4",
        "Call Status: 102, ErrorID: 0 and some more words",
        "2017-02-14 02:57:24 rawCallStatus = 108",
    ];
    const CODES: [&str; 4] = ["101", "4", "102", "108"];
    let encodings = NaiveEncoding::ALL;
    for (head, end) in encodings.iter().flat_map(|head| ["\n", "\r\n"].map(|end| (head, end))) {
        for number in 0..3_usize.pow(4) {
            // The lines begin with each of them in turn.
            let first = number % LINES.len();
            let places = (0..LINES.len()).map(|place| (place, (first + place) % LINES.len()));
            let mut bytes = head.encode(&format!("2017-02-14 00:00:00 a{end}").repeat(40));
            for (place, line) in places.clone() {
                let encoding = encodings[number / 3_usize.pow(u32::try_from(place).unwrap()) % 3];
                bytes.extend(encoding.encode(&format!("{}{end}", LINES[line])));
            }
            let codes: Vec<&str> = places.map(|(_, line)| CODES[line]).collect();
            let (found, is_unread) = codes_in(&bytes, 10_000);
            assert_eq!(
                (found, is_unread),
                (codes.iter().map(ToString::to_string).collect(), false),
                "{head:?} {end:?} {number}"
            );
        }
    }
}
