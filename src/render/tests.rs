use super::*;
use crate::report::testing::{name, report};

/// A report in a format.
pub(super) fn rendered(report: &Report, format: Format, options: Options) -> String {
    let mut out = Vec::new();
    render(report, format, &options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn logs_are_no_results() {
    let results = ["", "a.log:2: [102 Phone Unreachable] call result", "C:\\a.log:7: [-5 x] y", "{\"path\":\"x\"}"];
    assert!(results.iter().all(|head| is_result(head.as_bytes())));
    let logs =
        ["2017-02-14 02:57:24 [21] x", "a: [102 x]", "File not found", "{\"time\":1}", "Code 21", "::: [x]", ": [1]"];
    assert!(!logs.iter().any(|head| is_result(head.as_bytes())));
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
fn every_format_tells_a_closed_pipe_apart() {
    // More than the writers in between keep in their buffers.
    let names: Vec<_> = (0..1000).map(|number| (name(&number.to_string()), 1, &[][..])).collect();
    let report = report(&[(&names, 1)]);
    for format in [Format::Table, Format::Json, Format::Csv] {
        let error = render(&report, format, &Options::default(), &mut Closed).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe, "{format:?}");
    }
}

mod files {
    use super::*;
    use crate::report::files::testing::{every_kind, read, text, totals};
    use crate::report::files::{FILES, Row};

    fn written(rows: &[Row], format: Format, options: Options) -> String {
        let mut out = Vec::new();
        let mut renderer = format.renderer(&FILES, options);
        renderer.begin(&[], &mut out).unwrap();
        for row in rows {
            renderer.row(&row.cells(), &mut out).unwrap();
        }
        renderer.end(&totals(rows).end(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn table(rows: &[Row], width: Option<usize>) -> String {
        written(rows, Format::Table, Options { width, head: Emphasis::Plain })
    }

    #[test]
    fn every_kind_of_row_in_a_table() {
        let expected = "\
File                            What it is                                                           Size  Lines  First time            Last time             Results
---------------------------------------------------------------------------------------------------------------------------------------------------------------------
t/host7/MultiFactorAuthSvc.log  ASCII text                                                           53 B      2  2017-02-14 02:57:24Z  2017-02-14 03:00:00Z        2
t/host8/MultiFactorAuthSvc.log  ASCII text                                                           24 B      2  2017-02-14 02:57:24Z  -                           2
t/empty.log                     empty                                                                 0 B      0  -                     -                           0
t/export.log                    UTF-16LE text with BOM, 1.0 MiB on disk, not readable to its end  2.4 KiB  1,234  -                     -                       1,234
t/a\\u{1b}[2J.png                skipped, a binary file (PNG picture)
=x.log                          no such file or folder

4 files read, 1 of them not to the end, 1 skipped, 1 could not be read, 2.5 KiB, 1,238 lines, 1,238 results
1 file has times without a zone; they are read as UTC.
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
  its end
t/a\\u{1b}[2J.png
  skipped, a binary file (PNG picture)
=x.log
  no such file or folder

4 files read, 1 of them not to the end, 1 skipped, 1 could not be read, 2.5 KiB, 1,238 lines, 1,238 results
1 file has times without a zone; they are read as UTC.
"
        );
    }

    #[test]
    fn at_no_width_is_a_line_too_long_or_ends_in_blanks() {
        // 16 for what it is, 7, 5, 10, 10 and 7 for the others, blanks between them and before.
        for width in 67..=170 {
            let text = table(&every_kind(), Some(width));
            // The sentences below the table are left to the terminal.
            let (rows, _) = text.split_once("\n\n").unwrap();
            assert!(rows.lines().all(|line| line.chars().count() <= width), "{width}:\n{rows}");
            assert!(text.lines().all(|line| !line.ends_with(' ')), "{width}:\n{rows}");
        }
    }

    #[test]
    fn only_the_head_is_bold() {
        let bold = |width| written(&every_kind(), Format::Table, Options { width, head: Emphasis::Bold });
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
    fn one_of_everything_is_in_the_singular() {
        let row = read("a", None, text(&["2017-02-14 02:57:24"]));
        let text = table(&[row], None);
        let sums = "1 file read, 20 B, 1 line, 1 result\n1 file has times without a zone; they are read as UTC.\n";
        assert!(text.ends_with(&format!("\n\n{sums}")), "{text}");
    }

    #[test]
    fn every_kind_of_row_in_json() {
        assert_eq!(
            written(&every_kind(), Format::Json, Options::default()),
            r#"{
  "schema": 1,
  "files": [
    {"path":"t/host7/MultiFactorAuthSvc.log","kind":"ASCII text","layers":[],"encoding":"ASCII","byte_order_mark":false,"bytes":53,"bytes_on_disk":53,"lines":2,"first_time":"2017-02-14T02:57:24.600871Z","last_time":"2017-02-14T03:00:00Z","zone_assumed":false,"results":2,"problems":[]},
    {"path":"t/host8/MultiFactorAuthSvc.log","kind":"ASCII text","layers":[],"encoding":"ASCII","byte_order_mark":false,"bytes":24,"bytes_on_disk":24,"lines":2,"first_time":"2017-02-14T02:57:24Z","last_time":null,"zone_assumed":true,"results":2,"problems":[]},
    {"path":"t/empty.log","kind":"empty","layers":[],"encoding":null,"byte_order_mark":false,"bytes":0,"bytes_on_disk":0,"lines":0,"first_time":null,"last_time":null,"zone_assumed":false,"results":0,"problems":[]},
    {"path":"t/export.log","kind":"UTF-16LE text with BOM","layers":[],"encoding":"UTF-16LE","byte_order_mark":true,"bytes":2468,"bytes_on_disk":1048576,"lines":1234,"first_time":null,"last_time":null,"zone_assumed":false,"results":1234,"problems":[{"kind":"unreadable","detail":"device not ready; try it again"}]},
    {"path":"t/a\u001b[2J.png","kind":null,"layers":null,"encoding":null,"byte_order_mark":null,"bytes":null,"bytes_on_disk":null,"lines":null,"first_time":null,"last_time":null,"zone_assumed":null,"results":null,"problems":[{"kind":"binary","detail":"skipped, a binary file (PNG picture); --binary reads it"}]},
    {"path":"=x.log","kind":null,"layers":null,"encoding":null,"byte_order_mark":null,"bytes":null,"bytes_on_disk":null,"lines":null,"first_time":null,"last_time":null,"zone_assumed":null,"results":null,"problems":[{"kind":"unreadable","detail":"no such file or folder"}]}
  ],
  "partial": false,
  "totals": {"files_read":4,"files_read_in_part":1,"files_skipped":1,"files_unreadable":1,"bytes":2545,"lines":1238,"results":1238,"files_with_zone_assumed":1}
}
"#
        );
    }

    #[test]
    fn every_kind_of_row_in_csv() {
        assert_eq!(
            written(&every_kind(), Format::Csv, Options::default()),
            r#"path,kind,layers,encoding,byte_order_mark,bytes,bytes_on_disk,lines,first_time,last_time,zone_assumed,results,problems,details
t/host7/MultiFactorAuthSvc.log,ASCII text,,ASCII,false,53,53,2,2017-02-14T02:57:24.600871Z,2017-02-14T03:00:00Z,false,2,,
t/host8/MultiFactorAuthSvc.log,ASCII text,,ASCII,false,24,24,2,2017-02-14T02:57:24Z,,true,2,,
t/empty.log,empty,,,false,0,0,0,,,false,0,,
t/export.log,UTF-16LE text with BOM,,UTF-16LE,true,2468,1048576,1234,,,false,1234,unreadable,device not ready; try it again
t/a\u{1b}[2J.png,,,,,,,,,,,,binary,"skipped, a binary file (PNG picture); --binary reads it"
'=x.log,,,,,,,,,,,,unreadable,no such file or folder
"#
        );
    }

    #[test]
    fn layers_are_told_in_ascii_in_csv() {
        let layers = Some(vec!["zip".to_owned(), "gzip".to_owned()]);
        let row = Row { kind: Some("zip › gzip › ASCII text".to_owned()), layers, ..read("a", None, text(&["x"])) };
        let csv = written(&[row], Format::Csv, Options::default());
        assert_eq!(csv.lines().nth(1), Some("a,zip > gzip > ASCII text,zip gzip,ASCII,false,2,,1,,,false,1,,"));
    }

    #[test]
    fn no_input_leaves_what_frames_the_rows() {
        let nothing = "No files were found: name a log file, or a folder that holds some.\n";
        assert_eq!(table(&[], None), nothing);
        let json: serde_json::Value = serde_json::from_str(&written(&[], Format::Json, Options::default())).unwrap();
        assert_eq!((&json["schema"], &json["files"]), (&1.into(), &serde_json::json!([])));
        assert_eq!(json["totals"]["files_read"], 0);
        let csv = written(&[], Format::Csv, Options::default());
        assert!(csv.starts_with("path,kind,") && csv.lines().count() == 1, "{csv}");
    }
}
