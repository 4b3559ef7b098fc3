use super::*;
use crate::report::testing::{name, report};
use crate::time::zone::{self, DisplayZone};

/// Returns a report in a format.
pub(super) fn rendered(report: &Report, format: Format, options: Options) -> String {
    let mut out = Vec::new();
    render(report, format, &options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn every_format_keeps_the_kind_of_the_error_for_a_closed_pipe() {
    // The report is longer than the buffers of the writers in between.
    let names: Vec<_> = (0..1000).map(|number| (name(&number.to_string()), 1, &[][..])).collect();
    let report = report(&[(&names, 1)]);
    for format in [Format::Table, Format::Json, Format::Csv] {
        let error = render(&report, format, &Options::default(), &mut Closed).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe, "{format:?}");
    }
}

mod files {
    use super::*;
    use crate::pipeline::inventory::Entry;
    use crate::report::files::testing::{every_kind, read, text, totals};
    use crate::report::files::{FILES, cells};

    fn written(rows: &[Entry], format: Format, options: Options) -> String {
        let mut out = Vec::new();
        let mut renderer = format.renderer(&FILES, options);
        renderer.begin(&[], &mut out).unwrap();
        for row in rows {
            renderer.row(&cells(row), &mut out).unwrap();
        }
        renderer.end(&totals(rows).end(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn table(rows: &[Entry], width: Option<usize>) -> String {
        written(rows, Format::Table, Options { width, ..Options::default() })
    }

    #[test]
    fn every_kind_of_row_in_a_table() {
        let expected = "\
File                            What it is                                                           Size  Lines  First time            Last time             Results
---------------------------------------------------------------------------------------------------------------------------------------------------------------------
t/host7/MultiFactorAuthSvc.log  ASCII text                                                           53 B      2  2017-02-14 02:57:24Z  2017-02-14 03:00:00Z        2
t/host8/MultiFactorAuthSvc.log  ASCII text                                                           24 B      2  2017-02-14 02:57:24Z  -                           2
t/empty.log                     empty                                                                 0 B      0  -                     -                           0
t/export.log                    UTF-16LE text with BOM, 1.0 MiB on disk, not readable to the end  2.4 KiB  1,234  -                     -                       1,234
t/a\\u{1b}[2J.png                skipped, a binary file (PNG picture)
=x.log                          no such file or folder

4 files read, 1 of them not to the end, 1 skipped, 1 could not be read, 2.5 KiB, 1,238 lines, 1,238 results
1 file has times without a zone, which are taken as UTC.
";
        assert_eq!(table(&every_kind(), None), expected);
        // The rule is 165 columns long.
        assert_eq!(table(&every_kind(), Some(165)), expected);
        assert_ne!(table(&every_kind(), Some(164)), expected);
    }

    #[test]
    fn in_a_narrower_terminal_paths_have_a_line_of_their_own() {
        assert_eq!(
            table(&every_kind(), Some(80)),
            "\
File
  What it is                        Size  Lines  First time  Last time   Results
--------------------------------------------------------------------------------
t/host7/MultiFactorAuthSvc.log
  ASCII text                        53 B      2  2017-02-14  2017-02-14        2
                                                 02:57:24Z   03:00:00Z
t/host8/MultiFactorAuthSvc.log
  ASCII text                        24 B      2  2017-02-14  -                 2
                                                 02:57:24Z
t/empty.log
  empty                              0 B      0  -           -                 0
t/export.log
  UTF-16LE text with BOM, 1.0    2.4 KiB  1,234  -           -             1,234
  MiB on disk, not readable to
  the end
t/a\\u{1b}[2J.png
  skipped, a binary file (PNG picture)
=x.log
  no such file or folder

4 files read, 1 of them not to the end, 1 skipped, 1 could not be read, 2.5 KiB,
1,238 lines, 1,238 results
1 file has times without a zone, which are taken as UTC.
"
        );
    }

    #[test]
    fn no_line_is_too_wide_or_ends_in_spaces() {
        for width in 40..=170 {
            let text = table(&every_kind(), Some(width));
            assert!(text.lines().all(|line| line.chars().count() <= width), "{width}:\n{text}");
            assert!(text.lines().all(|line| !line.ends_with(' ')), "{width}:\n{text}");
            // A note below the table names the columns that are left out.
            let words = text.replace('\n', " ");
            for heading in ["Lines", "First time", "Last time"] {
                assert!(words.contains(heading), "{width}:\n{text}");
            }
        }
    }

    #[test]
    fn only_headings_are_bold() {
        let bold = |width| {
            written(
                &every_kind(),
                Format::Table,
                Options { width, head: anstyle::Style::new().bold(), ..Options::default() },
            )
        };
        for (width, head_lines) in [(None, 1), (Some(80), 2)] {
            let (bold, plain) = (bold(width), table(&every_kind(), width));
            let expected: Vec<String> = plain
                .lines()
                .enumerate()
                .map(|(at, line)| if at < head_lines { format!("\u{1b}[1m{line}\u{1b}[0m") } else { line.to_owned() })
                .collect();
            assert_eq!(bold.lines().collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn notes_about_one_item_are_in_the_singular() {
        let row = read("a", None, text(&["2017-02-14 02:57:24"]));
        let text = table(&[row], None);
        let sums = "1 file read, 20 B, 1 line, 1 result\n1 file has times without a zone, which are taken as UTC.\n";
        assert!(text.ends_with(&format!("\n\n{sums}")), "{text}");
    }

    #[test]
    fn every_kind_of_row_in_json() {
        assert_eq!(
            written(&every_kind(), Format::Json, Options::default()),
            r#"{
  "schema": 1,
  "files": [
    {"path":"t/host7/MultiFactorAuthSvc.log","kind":"ASCII text","layers":[],"encoding":"ASCII","byte_order_mark":false,"host":"host7","bytes":53,"bytes_on_disk":53,"lines":2,"first_time":"2017-02-14T02:57:24.600871Z","last_time":"2017-02-14T03:00:00Z","zone_assumed":false,"time_form":"iso-8601","time_basis":null,"results":2,"problems":[]},
    {"path":"t/host8/MultiFactorAuthSvc.log","kind":"ASCII text","layers":[],"encoding":"ASCII","byte_order_mark":false,"host":null,"bytes":24,"bytes_on_disk":24,"lines":2,"first_time":"2017-02-14T02:57:24Z","last_time":null,"zone_assumed":true,"time_form":"iso-8601","time_basis":null,"results":2,"problems":[]},
    {"path":"t/empty.log","kind":"empty","layers":[],"encoding":null,"byte_order_mark":false,"host":null,"bytes":0,"bytes_on_disk":0,"lines":0,"first_time":null,"last_time":null,"zone_assumed":false,"time_form":null,"time_basis":null,"results":0,"problems":[]},
    {"path":"t/export.log","kind":"UTF-16LE text with BOM","layers":[],"encoding":"UTF-16LE","byte_order_mark":true,"host":null,"bytes":2468,"bytes_on_disk":1048576,"lines":1234,"first_time":null,"last_time":null,"zone_assumed":false,"time_form":null,"time_basis":null,"results":1234,"problems":[{"kind":"unreadable","detail":"device not ready; try it again"}]},
    {"path":"t/a\u001b[2J.png","kind":null,"layers":null,"encoding":null,"byte_order_mark":null,"host":null,"bytes":null,"bytes_on_disk":null,"lines":null,"first_time":null,"last_time":null,"zone_assumed":null,"time_form":null,"time_basis":null,"results":null,"problems":[{"kind":"binary","detail":"skipped, a binary file (PNG picture); use --binary to read it"}]},
    {"path":"=x.log","kind":null,"layers":null,"encoding":null,"byte_order_mark":null,"host":null,"bytes":null,"bytes_on_disk":null,"lines":null,"first_time":null,"last_time":null,"zone_assumed":null,"time_form":null,"time_basis":null,"results":null,"problems":[{"kind":"unreadable","detail":"no such file or folder"}]}
  ],
  "partial": false,
  "totals": {"files_read":4,"files_read_in_part":1,"files_skipped":1,"files_unreadable":1,"bytes":2545,"lines":1238,"results":1238,"files_with_zone_assumed":1,"files_with_dates_undecided":0}
}
"#
        );
    }

    #[test]
    fn every_kind_of_row_in_csv() {
        assert_eq!(
            written(&every_kind(), Format::Csv, Options::default()),
            r#"path,kind,layers,encoding,byte_order_mark,host,bytes,bytes_on_disk,lines,first_time,last_time,zone_assumed,time_form,time_basis,times_at_clock_change,results,problems,details
t/host7/MultiFactorAuthSvc.log,ASCII text,,ASCII,false,host7,53,53,2,2017-02-14T02:57:24.600871Z,2017-02-14T03:00:00Z,false,iso-8601,,,2,,
t/host8/MultiFactorAuthSvc.log,ASCII text,,ASCII,false,,24,24,2,2017-02-14T02:57:24Z,,true,iso-8601,,,2,,
t/empty.log,empty,,,false,,0,0,0,,,false,,,,0,,
t/export.log,UTF-16LE text with BOM,,UTF-16LE,true,,2468,1048576,1234,,,false,,,,1234,unreadable,device not ready; try it again
t/a\u{1b}[2J.png,,,,,,,,,,,,,,,,binary,"skipped, a binary file (PNG picture); use --binary to read it"
'=x.log,,,,,,,,,,,,,,,,unreadable,no such file or folder
"#
        );
    }

    #[test]
    fn layers_are_ascii_in_csv() {
        let entry = read("a", None, text(&["x"]));
        let mut cells = cells(&entry);
        cells[1] = "zip > gzip > ASCII text".into();
        cells[3] = vec!["zip".into(), "gzip".into()].into();
        let mut csv = Vec::new();
        Format::Csv.renderer(&FILES, Options::default()).row(&cells, &mut csv).unwrap();
        let csv = String::from_utf8(csv).unwrap();
        assert_eq!(csv.lines().next(), Some("a,zip > gzip > ASCII text,zip gzip,ASCII,false,,2,,1,,,false,,,,1,,"));
    }

    #[test]
    fn without_input_the_output_has_no_rows() {
        let nothing = "No files were found. Pass a log file, or a folder with log files.\n";
        assert_eq!(table(&[], None), nothing);
        let json: serde_json::Value = serde_json::from_str(&written(&[], Format::Json, Options::default())).unwrap();
        assert_eq!((&json["schema"], &json["files"]), (&1.into(), &serde_json::json!([])));
        assert_eq!(json["totals"]["files_read"], 0);
        let csv = written(&[], Format::Csv, Options::default());
        assert!(csv.starts_with("path,kind,") && csv.lines().count() == 1, "{csv}");
    }
}

mod own_output {
    use std::collections::HashMap;
    use std::fs;
    use std::path::Path;
    use std::sync::LazyLock;

    use anstyle::{AnsiColor, Style};
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;
    use crate::catalogue::{self, Catalogue};
    use crate::chunk::{Chunk, Limits};
    use crate::code::{Code, Key};
    use crate::compare::{Counted, compare};
    use crate::config;
    use crate::numbered::{LineFormat as _, Numbering, Rendered};
    use crate::pattern::PatternSet;
    use crate::pattern::definition::Definition;
    use crate::pattern::template::template;
    use crate::pipeline::inventory::Entry;
    use crate::problem::{Kind, Problem};
    use crate::render::lines::csv::{Csv, write_head};
    use crate::render::lines::{Jsonl, Known, Text};
    use crate::report::Restriction;
    use crate::report::Searched;
    use crate::report::comparison::{Compared, Side};
    use crate::report::files::testing as files;
    use crate::report::files::{FILES, Totals, cells};
    use crate::report::testing::{Found, summary};
    use crate::scan::{Scanner, trial as trials};
    use crate::summary::sign_ins::{GroupRow, Settled, Value};
    use crate::summary::{Dimension, Durations, Tally};

    static BUILT_IN: LazyLock<(Vec<Definition>, PatternSet)> = LazyLock::new(|| {
        let definitions = config::built_in();
        let set = PatternSet::compile(&definitions).unwrap();
        (definitions, set)
    });

    /// Returns `text` unchanged, as Windows PowerShell redirects it to a file, and as an editor may save it.
    fn saved(text: &str) -> Vec<Vec<u8>> {
        let windows = text.replace('\n', "\r\n");
        let utf_16 = |units: fn(u16) -> [u8; 2]| windows.encode_utf16().flat_map(units).collect::<Vec<u8>>();
        let mut marked = b"\xEF\xBB\xBF".to_vec();
        marked.extend_from_slice(text.as_bytes());
        let little = utf_16(u16::to_le_bytes);
        let with_mark = |mark: [u8; 2], bytes: &[u8]| [&mark, bytes].concat();
        let mut saved = vec![
            text.as_bytes().to_vec(),
            windows.clone().into_bytes(),
            marked,
            with_mark([0xFF, 0xFE], &little),
            with_mark([0xFE, 0xFF], &utf_16(u16::to_be_bytes)),
        ];
        // Without a byte order mark, UTF-16 is recognised only if it starts with ASCII, but the name of an input may come first.
        saved.extend(text.starts_with(|first: char| first.is_ascii()).then_some(little));
        saved
    }

    #[track_caller]
    fn assert_recognised(text: &str) {
        for bytes in saved(text) {
            let head = &bytes[..bytes.len().min(HEAD_BYTES)];
            assert!(is_own_output(head), "{:?}", String::from_utf8_lossy(&head[..head.len().min(400)]));
        }
    }

    fn options() -> impl Strategy<Value = Options> {
        let head = prop_oneof![Just(Style::new()), Just(Style::new().bold())];
        (prop::option::of(20_usize..200), head, zone()).prop_map(|(width, head, zone)| Options {
            width,
            head,
            zone,
            ..Options::default()
        })
    }

    fn zone() -> impl Strategy<Value = DisplayZone> {
        let zone = |name| DisplayZone::new(zone::parse(name).unwrap());
        prop_oneof![Just(DisplayZone::UTC), Just(zone("Europe/Berlin")), Just(zone("-03:30"))]
    }

    fn format() -> impl Strategy<Value = Format> {
        prop_oneof![Just(Format::Table), Just(Format::Json), Just(Format::Csv)]
    }

    fn key() -> impl Strategy<Value = Key> {
        let known = (0..Catalogue::built_in().entries().len()).prop_map(|at| Catalogue::built_in().entries()[at].key());
        let unknown = ".{1,30}".prop_map(|name| Catalogue::built_in().resolve(name.as_bytes()));
        prop_oneof![known, any::<i32>().prop_map(|code| Key::Code(Code(code))), unknown]
    }

    /// Generates paths, some of which look like the text that follows a path, and some of which are very long.
    fn path() -> impl Strategy<Value = String> {
        prop_oneof![".{1,40}", r#"[:\[\]{}" ,a-c0-9\\]{1,40}"#, "[a-z/]{1,20}".prop_map(|part| part.repeat(100))]
    }

    fn problem() -> impl Strategy<Value = Problem> {
        let kind = prop_oneof![Just(Kind::Interrupted), Just(Kind::Unreadable), Just(Kind::Binary), Just(Kind::Link)];
        (path(), kind, ".{0,60}").prop_map(|(path, kind, what)| Problem::new(path, kind, what))
    }

    /// Returns a log with a line for each of these results.
    fn log(keys: &[Key]) -> String {
        keys.iter().map(|key| format!("2017-02-14T02:57:24Z call_status: {key}\u{7}\n")).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn a_summary_is_recognised(
            found in prop::collection::vec((key(), 1_u64..2000), 0..6),
            files_read in 0_usize..3,
            problems in prop::collection::vec(problem(), 0..3),
            restriction in select(vec![Restriction::None, Restriction::Globs, Restriction::Depth]),
            (format, options) in (format(), options()),
        ) {
            let found: HashMap<Key, u64> = found.into_iter().collect();
            let found: Vec<Found> = found.into_iter().map(|(key, count)| (key, count, &[][..])).collect();
            let sources: Vec<(&[Found], u64)> = vec![(&found[..], 5); files_read];
            let searched = Searched { pattern_names: vec!["a".to_owned()], restriction, ..Searched::default() };
            let report = Report::new(&summary(&sources), problems, Catalogue::built_in(), searched);
            assert_recognised(&rendered(&report, format, options));
        }

        #[test]
        fn a_comparison_is_recognised(
            sides in prop::collection::vec(prop::collection::vec((key(), 1_u64..2000), 0..6), 2),
            names in prop::array::uniform2(path()),
            of in select(vec![None, Some(Dimension::Host), Some(Dimension::User)]),
            (format, options) in (format(), options()),
        ) {
            let counted = |keys: &Vec<(Key, u64)>| {
                let rows = keys.iter().map(|(key, count)| GroupRow {
                    values: vec![Value::Text("host1".into()), Value::Key(key.clone())],
                    tally: Tally { count: *count, ..Tally::default() },
                    durations: Durations::default(),
                    is_general: false,
                });
                Counted::of(&Settled { rows: rows.collect(), ..Settled::default() }, of, false)
            };
            let (before, after) = (counted(&sides[0]), counted(&sides[1]));
            let [one, other] = names.map(|name| Side { name, ..Side::default() });
            let sides = [Side { tally: before.tally, ..one }, Side { tally: after.tally, ..other }];
            let comparison = compare(&before, &after);
            let (problems, on_hosts, zone) = (Vec::new(), Vec::new(), options.zone);
            let compared = Compared { sides, comparison, of, shared: None, on_hosts, problems, zone };
            let mut out = Vec::new();
            render_comparison(&compared, format, &options, &mut out).unwrap();
            assert_recognised(&String::from_utf8(out).unwrap());
        }

        #[test]
        fn a_list_of_files_is_recognised(
            read in prop::collection::vec(path(), 0..3),
            problems in prop::collection::vec(problem(), 0..3),
            restriction in select(vec![Restriction::None, Restriction::Globs, Restriction::Depth]),
            (format, options) in (format(), options()),
        ) {
            let read = read.iter().map(|path| files::read(path, Some(7), files::text(&["2017-02-14 02:57:24 x"])));
            let unread = problems.iter().map(|problem| Entry { problems: vec![problem.clone()], ..files::skipped(&problem.path, problem.kind, "") });
            let rows: Vec<Entry> = read.chain(unread).collect();
            let totals = Totals { restriction, ..files::totals(&rows) };
            let mut out = Vec::new();
            let mut renderer = format.renderer(&FILES, options);
            renderer.begin(&[], &mut out).unwrap();
            rows.iter().for_each(|row| renderer.row(&cells(row), &mut out).unwrap());
            renderer.end(&totals.end(), &mut out).unwrap();
            assert_recognised(&String::from_utf8(out).unwrap());
        }

        #[test]
        fn annotated_lines_are_recognised(
            path in path(),
            keys in prop::collection::vec(key(), 1..4),
            coloured: bool,
            zone in zone(),
        ) {
            let (definitions, set) = &*BUILT_IN;
            let catalogue = Catalogue::built_in();
            let (highlight, place) = if coloured {
                (AnsiColor::Cyan.on_default().bold(), Style::new().dimmed())
            } else {
                Default::default()
            };
            let text = Text { catalogue, highlight, place, encoding: None, zone: coloured.then_some(zone), context: 0 };
            let known = Known { catalogue, set, encoding: None, zone };
            let (json, csv) = (Jsonl(known), Csv(known));
            let log = log(&keys);
            let mut scanner = Scanner::new(set, catalogue, Limits::default().lookahead_bytes);
            let (mut as_text, mut as_json, mut as_csv) = (Rendered::default(), Rendered::default(), Rendered::default());
            scanner.scan(&Chunk::whole(log.as_bytes()), |hit| {
                text.line(&path, std::slice::from_ref(&hit), &mut as_text);
                json.line(&path, std::slice::from_ref(&hit), &mut as_json);
                csv.line(&path, &[hit], &mut as_csv);
            });
            let mut table = Vec::new();
            write_head(&mut table).unwrap();
            Numbering::default().write(&as_csv, &mut table).unwrap();
            assert_recognised(&String::from_utf8(table).unwrap());
            for printed in [as_text, as_json] {
                let mut out = Vec::new();
                Numbering::default().write(&printed, &mut out).unwrap();
                let out = String::from_utf8(out).unwrap();
                out.lines().for_each(assert_recognised);
            }
            let lines = trials::run(definitions, set, catalogue, log.as_bytes());
            let mut out = Vec::new();
            let shown = trial::Shown { definitions, catalogue, width: coloured.then_some(60) };
            trial::write(&shown, &lines, &mut out).unwrap();
            assert_recognised(&String::from_utf8(out).unwrap());
        }

        #[test]
        fn entries_are_recognised(
            places in prop::collection::btree_set(0..Catalogue::built_in().entries().len(), 0..9),
            unknown in prop::collection::vec(key(), 1..4),
            columns in 10_usize..120,
        ) {
            let all = Catalogue::built_in().entries();
            let entries: Vec<_> = places.iter().map(|&place| &all[place]).collect();
            let mut out = Vec::new();
            codes::entries(&mut out, &entries, columns, None).unwrap();
            if entries.is_empty() {
                out = unknown.iter().map(codes::unknown).collect::<Vec<_>>().join("\n").into_bytes();
            }
            assert_recognised(&String::from_utf8(out).unwrap());
            let mut out = Vec::new();
            codes::json(&mut out, &entries, &unknown).unwrap();
            assert_recognised(&String::from_utf8(out).unwrap());
        }
    }

    #[test]
    fn an_entry_of_the_user_is_recognised() {
        let entry = Catalogue::built_in().entries()[0].clone();
        let own =
            catalogue::Entry { family: "gateway".to_owned(), code: None, name: Some("NO_ANSWER".to_owned()), ..entry };
        for columns in [10, 80] {
            let mut out = Vec::new();
            codes::entries(&mut out, &[&own], columns, None).unwrap();
            assert_recognised(&String::from_utf8(out).unwrap());
        }
    }

    #[test]
    fn patterns_are_recognised() {
        let (definitions, set) = &*BUILT_IN;
        let full = patterns::Full { definitions, set, catalogue: Catalogue::built_in() };
        for index in 0..definitions.len() {
            let mut out = Vec::new();
            full.write(index, &mut out).unwrap();
            assert_recognised(&String::from_utf8(out).unwrap());
            assert_recognised(&patterns::kept("a: b.toml", &definitions[..index], index));
        }
        for width in [None, Some(60)] {
            let mut out = Vec::new();
            patterns::list(definitions, set, &Options { width, ..Options::default() }, &mut out).unwrap();
            assert_recognised(&String::from_utf8(out).unwrap());
        }
        assert_recognised(&template("netop-guest").unwrap());
        let line = trials::run(definitions, set, Catalogue::built_in(), b"nothing");
        let mut out = Vec::new();
        let shown = trial::Shown { definitions, catalogue: Catalogue::built_in(), width: None };
        trial::write(&shown, &line, &mut out).unwrap();
        assert_recognised(&String::from_utf8(out).unwrap());
    }

    #[test]
    fn no_log_is_mistaken_for_output() {
        let mut logs: Vec<Vec<u8>> = [
            "",
            "2017-02-14 02:57:24 [21] x",
            "a: [102 x]",
            "a.log:2: [102] call result",
            "a.log:2: [102 x] call result",
            "a.log:7: [\"x\"] call result",
            ":1: [102 Phone Unreachable] x",
            "File not found",
            "File  What it is  Size",
            "File\nWhat it is",
            "Code  Description  Count\n21  x  2",
            "Code 21",
            "code,name,description\n21,x,y",
            "code,name,description,known,price\n",
            "path,kind,layers\n",
            "path,line,offset\na.log,1,0\n",
            "{\"time\":1}",
            "{\"path\":\"x\",\"line\":\"y\"}",
            "{\"path\":\"x\",\"line\":1,\"message\":\"call_status: 21\"}",
            "{\n  \"schema\": 1,\n  \"name\": 1\n}",
            "102  Phone Unreachable\n102  Phone Unreachable",
            "No files were found",
            "1  first\n   second",
            "# a comment, from: me\n# Fast: x",
            "::: [x]",
            ": [1]",
            "PARTIAL RESULT: 5",
        ]
        .map(|log| log.as_bytes().to_vec())
        .to_vec();
        let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/logs")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                if entry.is_dir() {
                    folders.push(entry);
                } else {
                    logs.push(fs::read(entry).unwrap());
                }
            }
        }
        assert!(logs.len() > 35, "{}", logs.len());
        for log in logs {
            // After rotation, a log may start with any of its lines.
            for line in
                log.split_inclusive(|byte| *byte == b'\n').map(|line| line.as_ptr() as usize - log.as_ptr() as usize)
            {
                let head = &log[line..];
                assert!(!is_own_output(head), "{}", String::from_utf8_lossy(&head[..head.len().min(200)]));
            }
        }
    }
}
