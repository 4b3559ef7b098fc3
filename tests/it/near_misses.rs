//! Tests that near misses are those of the naive search, however the work is divided, and that logs of other programs have none.

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use callcodes::catalogue::Catalogue;
use callcodes::chunk::Limits;
use callcodes::config;
use callcodes::near_miss::Shape;
use callcodes::pattern::PatternSet;
use callcodes::pipeline::{self, sign_ins};
use callcodes::source::select::Content;
use callcodes::source::{Selection, Walk};
use callcodes::summary::near_misses::{First, NearMisses};
use callcodes::summary::sign_ins::{Options, Settled, Sought};
use proptest::prelude::*;

use crate::naive::{naive_patterns, near_misses};

static SET: LazyLock<PatternSet> = LazyLock::new(|| PatternSet::compile(&config::built_in()).unwrap());

/// Walks these paths, and reads text with control characters, too.
fn walk(paths: &[PathBuf]) -> Walk {
    Walk::new(paths.to_vec()).selecting(Selection { content: Content::Any, ..Selection::default() })
}

fn counted(paths: &[PathBuf], run: &pipeline::Options, near_misses: Sought) -> Settled {
    let options = Options { near_misses, ..Options::default() };
    sign_ins::count(walk(paths), &SET, Catalogue::built_in(), run, options).unwrap().summary
}

/// Returns the near misses of these lines.
fn of(lines: &str) -> NearMisses {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    fs::write(&path, lines).unwrap();
    counted(&[path], &pipeline::Options::default(), Sought::Numbered).near_misses
}

fn source() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "callStatus",
        "callStatus=",
        "Call Status: ",
        "call status ",
        "rawCallStatus",
        "<callStatus>",
        "</callStatus>",
        "CallStatus ",
        "Pfauth failed for user 'ann'. ",
        "Calling pfAuthUser('ann', '', 1)",
        "authResult = 1",
        "authResult",
        "102",
        "21 ",
        "busy",
        "'",
        "\"",
        " ",
        ", ",
        ",",
        ")",
        "(",
        ";",
        ">",
        "|",
        ":",
        "=",
        "-> ",
        "MFA ",
        "result code",
        "Result",
        "SMS return ",
        "portal ",
        "error-id",
        "\n",
        "\n",
        "\n",
        "\r\n",
        "\\n",
        "\\\"",
        "\\u0022",
        "&quot;",
        "&lt;",
        "%3D",
        "=3D",
        "**",
        "\u{e9}",
        "\u{201c}",
        "2017-02-14 02:57:24 ",
    ]);
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    // Fewer cases, because each writes files and starts threads.
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn near_misses_are_those_of_the_oracle_however_the_work_is_divided(
        sources in prop::collection::vec(source(), 1..4),
        block_bytes in 1_usize..200,
        range_bytes in 1_u64..300,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let (mut expected, mut paths): (BTreeMap<String, (u64, First)>, _) = (BTreeMap::new(), Vec::new());
        let patterns = naive_patterns(&config::built_in());
        for (index, source) in sources.iter().enumerate() {
            // Copies would count once.
            let source = format!("file {index}\n{source}");
            let path = folder.path().join(format!("{index}.log"));
            fs::write(&path, &source).unwrap();
            for miss in near_misses(source.as_bytes(), &patterns) {
                let line = String::from_utf8(miss.line).unwrap();
                let shape = Shape::of(&line, miss.words.clone()).text().to_owned();
                let offset = source.split_inclusive('\n').take(usize::try_from(miss.number).unwrap() - 1).map(str::len).sum::<usize>();
                let (path, line_number) = (path.to_str().unwrap().into(), Some(miss.number));
                let first = First { path, offset: offset as u64, line_number, line: line.into(), words: miss.words.start };
                expected.entry(shape).or_insert((0, first)).0 += 1;
            }
            paths.push(path);
        }
        for threads in [1, 2, 16] {
            let limits = Limits { block_bytes, ..Limits::default() };
            let run = pipeline::Options { threads: NonZeroUsize::new(threads), range_bytes, limits, ..pipeline::Options::default() };
            let found = counted(&paths, &run, Sought::Numbered).near_misses;
            let found: BTreeMap<String, (u64, First)> = found
                .iter()
                .map(|(shape, seen)| (shape.text().to_owned(), (seen.count(), seen.first().unwrap().clone())))
                .collect();
            prop_assert_eq!(&found, &expected);
            // Without numbers, the same lines are found, also in the faster way to count a single file.
            let unnumbered = counted(&paths, &run, Sought::Counted).near_misses;
            prop_assert!(unnumbered.iter().all(|(_, seen)| seen.first().unwrap().line_number.is_none()));
            let counts = |all: &NearMisses| -> Vec<(String, u64)> {
                all.iter().map(|(shape, seen)| (shape.text().to_owned(), seen.count())).collect()
            };
            let expected: Vec<_> = expected.iter().map(|(shape, (count, _))| (shape.clone(), *count)).collect();
            prop_assert_eq!(&counts(&unnumbered), &expected);
            if let [path] = &paths[..] {
                let alone = sign_ins::count_alone(walk(std::slice::from_ref(path)), &SET, Catalogue::built_in(), &run).unwrap();
                if let Some(alone) = alone {
                    prop_assert_eq!(&counts(&alone.summary.near_misses), &expected);
                }
            }
        }
    }
}

#[test]
fn the_fixtures_have_no_near_misses() {
    let settled = counted(&[PathBuf::from("fixtures/logs")], &pipeline::Options::default(), Sought::Numbered);
    assert_eq!(settled.near_misses, NearMisses::default());
}

#[test]
fn lines_of_other_programs_and_context_are_no_near_misses() {
    let lines = "\
   at PfAuth.Client.AuthenticateLocal(PfAuthParams pfAuthParams, Int32& callStatus, Int32& errorId) in client.cs:line 7
   at PfAuth.Radius.Session.ReadReply(Stream reply, Int32& rawCallStatus, Int32& errorId) in session.cs:line 7
   at PfAuth.Web.Portal.Describe(IFormatProvider provider, CallStatus callStatus, Boolean isFallback) in portal.cs:line 7
   at PfAuth.Sdk.Response.get_callStatus() called by host7.example.com for ann, connection reset while reading
2017-02-14T02:57:19.234778Z|i|1412|6452|pfsvc|Pfauth started for user 'ann'.
2017-02-14T02:57:19.234778Z|0|1412|6452|pfrad|Calling pfAuthUser('ann', '', 1)
2017-02-14T02:57:24.600871Z|0|1412|6452|pfrad|authResult = none
good authority, BAD AUTHOR
The backup ended with return code none
Azure MFA: error-id: 5 return code: none
voiceprint result = none for the MFA call
PID 102 answers, result of the upload: none
<response>
<callStatus>
  108
</callStatus>
</response>
";
    assert_eq!(of(lines), NearMisses::default());
}

#[test]
fn sensible_lines_are_near_misses() {
    for line in [
        "rawCallStatus: 21",
        "rawCallStatus = unknown",
        "call status -> 102",
        "call status of ann is 102",
        "Call Status:",
        "time,user,callStatus,errorId",
        "<callStatus/>",
        "MFA result code: pending",
        r#"{"message":"x\nCall status pending"}"#,
        r#"{"message":"\u0022callStatus\u0022 pending"}"#,
        "<b>Call status</b> pending",
    ] {
        assert_eq!(of(&format!("x\n{line}\ny\n")).lines(), 1, "{line}");
    }
}

#[test]
fn text_in_another_encoding_has_the_same_near_misses() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    let text = "2017-02-14 02:57:24 f\u{fc}r ann: call status unbekannt\r\nx\r\n2017-02-14 02:57:25 f\u{fc}r bob: call status unbekannt\r\n";
    let utf16 = "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let windows = text.chars().map(|character| u8::try_from(u32::from(character)).unwrap()).collect::<Vec<u8>>();
    for bytes in [text.as_bytes().to_vec(), utf16, windows] {
        fs::write(&path, bytes).unwrap();
        let all = counted(std::slice::from_ref(&path), &pipeline::Options::default(), Sought::Numbered).near_misses;
        let all: Vec<_> =
            all.iter().map(|(shape, seen)| (shape.text(), seen.count(), &*seen.first().unwrap().line)).collect();
        let first = "2017-02-14 02:57:24 f\u{fc}r ann: call status unbekannt";
        let both = ["<time> f\u{fc}r ann: call status unbekannt", "<time> f\u{fc}r bob: call status unbekannt"];
        assert_eq!(all[0], (both[0], 1, first));
        assert_eq!(all[1].0, both[1]);
    }
}

#[test]
fn copies_and_other_members_count_as_results_do() {
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<PathBuf> = ["a.log", "b.log"].map(|name| folder.path().join(name)).to_vec();
    paths.iter().for_each(|path| fs::write(path, "call status -> 1\n").unwrap());
    let all = counted(&paths, &pipeline::Options::default(), Sought::Numbered).near_misses;
    assert_eq!(all.lines(), 1);
    assert_eq!(
        all.iter().next().map(|(_, seen)| Path::new(&*seen.first().unwrap().path).to_owned()),
        Some(paths[0].clone())
    );
}
