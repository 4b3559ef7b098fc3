//! Tests the output of `files`. Its entries are compared with those of a naive implementation, however the input is divided, and
//! the program is run over everything that a folder may contain.

use std::fs;
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use callcodes::catalogue::Catalogue;
use callcodes::chunk::Limits;
use callcodes::pattern::PatternSet;
use callcodes::pipeline::Options;
use callcodes::pipeline::inventory::{Text, inventory};
use callcodes::pipeline::summarise::summarise;
use callcodes::source::select::Content;
use callcodes::source::{Chain, Selection, Walk};
use callcodes::summary::sign_ins;
use callcodes::time::Form;
use callcodes::unpack::Format;
use proptest::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::packing::pack;

static SET: LazyLock<PatternSet> = LazyLock::new(|| PatternSet::compile(&callcodes::config::built_in()).unwrap());

fn walk(path: &Path) -> Walk {
    Walk::new(vec![path.to_owned()]).selecting(Selection { content: Content::Any, ..Selection::default() })
}

/// Returns the entry of one file.
fn entry(path: &Path, options: &Options) -> Text {
    let ended = inventory(walk(path), &SET, Catalogue::built_in(), options, sign_ins::Options::default());
    let mut entries: Vec<_> = ended.unwrap().summary.entries.iter().collect();
    assert_eq!(entries.len(), 1);
    let entry = entries.remove(0);
    assert_eq!(entry.bytes_on_disk, Some(fs::metadata(path).unwrap().len()));
    entry.text.unwrap()
}

/// Returns the entry according to a naive implementation of the documented rules, for a source that is not UTF-16.
fn naive(source: &[u8], results: u64, limits: Limits) -> Text {
    let text = source.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(source);
    let lines = text.split_inclusive(|&byte| byte == b'\n');
    let pieces = source.split_inclusive(|&byte| byte == b'\n').enumerate().flat_map(|(number, line)| {
        let mut pieces: Vec<&[u8]> = line.chunks(limits.line_bytes).collect();
        if number == 0 {
            pieces[0] = pieces[0].strip_prefix(b"\xEF\xBB\xBF").unwrap_or(pieces[0]);
        }
        pieces
    });
    // Where the reader of times finds one, after whatever may stand before it.
    let at_start = |line: &&[u8]| crate::naive::at_start(line).is_some();
    let times: Vec<_> = pieces.filter(at_start).filter_map(|line| Form::ISO_8601.find(line)).collect();
    let encoding = match std::str::from_utf8(text) {
        Ok(characters) if characters.is_ascii() && text.len() == source.len() => "ASCII",
        Ok(_) => "UTF-8",
        // The text ends in the middle of a character.
        Err(error) if error.error_len().is_none() && !text[..error.valid_up_to()].is_ascii() => "UTF-8",
        Err(_) => "windows-1252",
    };
    Text {
        chain: Chain::default(),
        encoding: (!source.is_empty()).then_some(encoding),
        has_mark: text.len() < source.len(),
        bytes: source.len() as u64,
        lines: lines.count() as u64,
        results,
        first: times.first().copied(),
        last: times.last().copied(),
        time_form: times.first().map(|_| "iso-8601".to_owned()),
        time_basis: Vec::new(),
        is_date_undecided: false,
        changing_times: 0,
    }
}

/// Generates lines with and without times and results, and with complete and incomplete characters of every length.
fn source() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        &b"2017-02-14T02:57:24.600871Z|"[..],
        b"2017-02-14 02:58:24 ",
        b"2017-02-15T00:00:00+01:00 ",
        b"rawCallStatus = 21",
        b"call_status: 102 ",
        b"x",
        b"\xC3\xA9",
        b"\xE2\x82\xAC",
        b"\xF0\x9F\x93\x9E",
        b"\xF0\x9F",
        b"\x93\x9E",
        b"\xFC",
        b"\n",
        b"\n",
        b"\r\n",
    ]);
    let mark = prop_oneof![4 => Just(&b""[..]), 1 => Just(&b"\xEF\xBB\xBF"[..])];
    // So many lines with a time at their start that this decides the form of its times, but not of the first and the last one.
    (mark, prop::collection::vec(piece, 0..40)).prop_map(|(mark, pieces)| {
        let text = pieces.concat();
        let lines = text.split(|&byte| byte == b'\n').count();
        [mark, &text, b"\n", &b"2017-02-14 00:00:00\n".repeat(lines * 9), &text].concat()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn an_entry_equals_that_of_a_naive_implementation_however_the_source_is_divided(
        source in source(),
        (block_bytes, line_bytes, lookahead_bytes) in (1_usize..64, 20_usize..200, prop_oneof![Just(0_usize), Just(512)]),
        range_bytes in 1_u64..200,
        threads in 1_usize..4,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        fs::write(&path, &source).unwrap();
        let limits = Limits { block_bytes, line_bytes, lookahead_bytes };
        let options = Options { threads: NonZeroUsize::new(threads), range_bytes, limits, ..Options::default() };
        let counted = summarise(walk(&path), &SET, Catalogue::built_in(), &options).unwrap();
        prop_assert_eq!(entry(&path, &options), naive(&source, counted.summary.results(), limits));
    }
}

fn run(folder: &TempDir, args: &[&str], stdin: &[u8]) -> (String, String, Option<i32>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_callcodes"));
    command.arg("files").args(args).arg("--no-config").current_dir(folder.path());
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let output = std::thread::scope(|scope| {
        // The program may end without reading all of its input.
        scope.spawn(move || pipe.write_all(stdin));
        child.wait_with_output().unwrap()
    });
    let text = |bytes| String::from_utf8(bytes).unwrap().replace('\r', "");
    (text(output.stdout), text(output.stderr), output.status.code())
}

/// Returns the rows of a run as JSON, with slashes in the paths. The run must read everything.
fn rows(folder: &TempDir, args: &[&str], stdin: &[u8]) -> Vec<Value> {
    let (stdout, stderr, status) = run(folder, &[args, &["--format", "json"]].concat(), stdin);
    assert_eq!((stderr.as_str(), status), ("", Some(0)));
    let mut document: Value = serde_json::from_str(&stdout).unwrap();
    let mut rows: Vec<Value> = serde_json::from_value(document["files"].take()).unwrap();
    for row in &mut rows {
        row["path"] = row["path"].as_str().unwrap().replace('\\', "/").into();
    }
    rows
}

fn put(folder: &TempDir, name: &str, bytes: &[u8]) {
    let path = folder.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// Returns `plain` in a stored block, after the header of 10 bytes and that of the block of 5, and before the trailer of 8.
fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

/// Four lines. Two have a result, the first has no time, and the last has no line end.
const LOG: &str = "log of host7\n2017-02-14T02:57:24.600871Z Jürgen rawCallStatus = 21\r\n\
                   2017-02-14T03:00:00Z Jürgen rawCallStatus = 102\r\n2017-02-14T03:01:00Z end";

fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(unit).collect()
}

#[test]
fn every_encoding_is_reported_and_changes_nothing_else() {
    let ansi: Vec<u8> = LOG.chars().map(|character| u8::try_from(u32::from(character)).unwrap()).collect();
    let marked = format!("\u{feff}{LOG}");
    let cases: [(&str, bool, Vec<u8>, &[&str]); 10] = [
        ("ASCII", false, LOG.replace('ü', "ue").into_bytes(), &[]),
        ("UTF-8", false, LOG.as_bytes().to_vec(), &[]),
        ("UTF-8", true, marked.clone().into_bytes(), &[]),
        ("UTF-8", true, marked.replace('ü', "ue").into_bytes(), &[]),
        ("UTF-16LE", false, utf16(LOG, u16::to_le_bytes), &[]),
        ("UTF-16BE", false, utf16(LOG, u16::to_be_bytes), &[]),
        ("UTF-16LE", true, utf16(&marked, u16::to_le_bytes), &[]),
        ("UTF-16BE", true, utf16(&marked, u16::to_be_bytes), &[]),
        ("windows-1252", false, ansi.clone(), &[]),
        ("windows-1251", false, ansi, &["-E", "cp1251"]),
    ];
    for (encoding, has_mark, bytes, args) in cases {
        let folder = tempfile::tempdir().unwrap();
        put(&folder, "a.log", &bytes);
        let mark = if has_mark { " with BOM" } else { "" };
        let expected = json!({
            "path": "a.log",
            "kind": format!("{encoding} text{mark}"),
            "layers": [],
            "encoding": encoding,
            "byte_order_mark": has_mark,
            "host": null,
            "bytes": bytes.len(),
            "bytes_on_disk": bytes.len(),
            "lines": 4,
            "first_time": "2017-02-14T02:57:24.600871Z",
            "last_time": "2017-02-14T03:01:00Z",
            "zone_assumed": false,
            "time_form": "iso-8601",
            "time_basis": null,
            "results": 2,
            "problems": [],
        });
        assert_eq!(rows(&folder, &[&["a.log"], args].concat(), b""), [expected], "{encoding}{mark}");
    }
}

#[test]
fn layers_are_listed_from_the_outside_to_the_inside() {
    let folder = tempfile::tempdir().unwrap();
    let marked = utf16(&format!("\u{feff}{LOG}"), u16::to_le_bytes);
    let packed = gzip(&marked);
    put(&folder, "t/1.log", &gzip(LOG.as_bytes()));
    put(&folder, "t/2.data", &gzip(&pack(Format::Tar, &[("host7/a.log", &packed), ("host7/b.log", b"")])));
    put(&folder, "t/3.log", &gzip(b""));
    put(&folder, "t/4.exe", &pack(Format::Zip, &[("host8/c.log", &gzip(b"call_status: 21\n"))]));
    let short = |row: &Value| -> Vec<Value> {
        ["path", "kind", "layers", "bytes", "bytes_on_disk", "lines", "results"].map(|field| row[field].clone()).into()
    };
    let found: Vec<Vec<Value>> = rows(&folder, &["t"], b"").iter().map(short).collect();
    let on_disk = |name: &str| json!(fs::metadata(folder.path().join(name)).unwrap().len());
    let expected = [
        json!(["t/1.log", "gzip > UTF-8 text", ["gzip"], LOG.len(), on_disk("t/1.log"), 4, 2]),
        json!([
            "t/2.data!/host7/a.log",
            "gzip > tar > gzip > UTF-16LE text with BOM",
            ["gzip", "tar", "gzip"],
            marked.len(),
            null,
            4,
            2
        ]),
        json!(["t/2.data!/host7/b.log", "gzip > tar > empty", ["gzip", "tar"], 0, null, 0, 0]),
        json!(["t/3.log", "gzip > empty", ["gzip"], 0, on_disk("t/3.log"), 0, 0]),
        json!(["t/4.exe!/host8/c.log", "zip > gzip > ASCII text", ["zip", "gzip"], 16, null, 1, 1]),
    ];
    assert_eq!(found, expected.map(|row| row.as_array().unwrap().clone()));
}

#[test]
fn piped_input_is_described_like_a_file() {
    let folder = tempfile::tempdir().unwrap();
    // Different threads process the blocks of a pipe, and a character is divided between two blocks.
    let line = format!("2017-02-14T02:00:00Z {}", "é".repeat(2 << 20));
    let text = format!("{LOG}\n{line}\n{LOG}");
    put(&folder, "a.log", text.as_bytes());
    let rows_of = |input: &str, stdin: &[u8]| {
        let (stdout, _, status) = run(&folder, &[input, "--format", "json"], stdin);
        assert_eq!(status, Some(0));
        let mut row = serde_json::from_str::<Value>(&stdout).unwrap()["files"][0].take();
        let fields = row.as_object_mut().unwrap();
        fields.retain(|name, _| !["path", "bytes_on_disk"].contains(&name.as_str()));
        row
    };
    let of_pipe = rows_of("-", text.as_bytes());
    assert_eq!(of_pipe, rows_of("a.log", b""));
    assert_eq!((&of_pipe["encoding"], &of_pipe["lines"]), (&json!("UTF-8"), &json!(9)));
}

/// Returns a folder with every kind of file.
fn anything() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    put(&folder, "t/a.png", b"\x89PNG\r\n\x1a\n");
    put(&folder, "t/b.log", LOG.as_bytes());
    // Without its trailer, all of it can be read, but the last line may be incomplete.
    let packed = gzip(LOG.as_bytes());
    put(&folder, "t/c.log.gz", &packed[..packed.len() - 8]);
    // The tar ends within the second header.
    put(&folder, "t/d.tar", &pack(Format::Tar, &[("x.log", b"2017-02-14 02:57:24 x\n"), ("y.log", b"")])[..1500]);
    put(&folder, "t/e.log", b"");
    put(&folder, "t/f.log", b"call_status: 21");
    put(&folder, "z.log", b"call_status: 21");
    folder
}

const PROBLEMS: &str = "callcodes: nosuch: no such file or folder
callcodes: t/c.log.gz: the gzip data is cut short; only the whole lines in the 143 bytes before that were read; ask the sender for a complete copy of the file
callcodes: t/d.tar: the tar archive is cut short; ask the sender for a complete copy of the file
callcodes: t/a.png: skipped, a binary file (PNG picture); use --binary to read it
callcodes: t/b.log: skipped, already read under this or another name
callcodes: t/f.log: a copy of z.log (15 bytes), not counted; use --keep-copies to count it
";

#[test]
fn everything_has_a_row_in_the_order_of_the_inputs() {
    let folder = anything();
    let inputs = ["z.log", "nosuch", "t", "t/b.log", "-v"];
    let (stdout, stderr, status) = run(&folder, &inputs, b"");
    assert_eq!(
        stdout.replace('\\', "/"),
        "\
File            What it is                                    Size  Lines  First time            Last time             Results
------------------------------------------------------------------------------------------------------------------------------
z.log           ASCII text                                    15 B      1  -                     -                           1
nosuch          no such file or folder
t/a.png         skipped, a binary file (PNG picture)
t/b.log         UTF-8 text                                   143 B      4  2017-02-14 02:57:24Z  2017-02-14 03:01:00Z        2
t/c.log.gz      gzip > UTF-8 text, 158 B on disk, cut short  119 B      3  2017-02-14 02:57:24Z  2017-02-14 03:00:00Z        2
t/d.tar!/x.log  tar > ASCII text                              22 B      1  2017-02-14 02:57:24Z  2017-02-14 02:57:24Z        0
t/d.tar         the tar archive is cut short
t/e.log         empty                                          0 B      0  -                     -                           0
t/f.log         a copy of z.log (15 bytes), not counted
t/b.log         skipped, already read under this or another name

5 files read, 1 of them not to the end, 3 skipped, 2 could not be read, 299 B, 9 lines, 5 results
1 file has times without a zone, which are taken as UTC.
"
    );
    assert_eq!((stderr.replace('\\', "/").as_str(), status), (PROBLEMS, Some(3)));
}

#[test]
fn a_reason_is_complete_whatever_characters_the_file_name_has() {
    let folder = tempfile::tempdir().unwrap();
    put(&folder, "a; b.log", b"call_status: 21");
    put(&folder, "c.log", b"call_status: 21");
    let (stdout, _, status) = run(&folder, &["."], b"");
    let copy = stdout.lines().find(|line| line.contains("c.log")).unwrap().replace(".\\", "./");
    assert_eq!((copy.as_str(), status), ("./c.log     a copy of ./a; b.log (15 bytes), not counted", Some(0)));
}

#[test]
fn the_list_is_the_same_with_any_number_of_threads_and_in_a_file() {
    let folder = anything();
    for format in ["table", "json", "csv"] {
        let args = ["z.log", "nosuch", "t", "t/b.log", "-v", "--format", format];
        let by_default = run(&folder, &args, b"");
        assert!(by_default.0.contains("z.log"), "{by_default:?}");
        for threads in ["-j1", "-j7"] {
            assert_eq!(run(&folder, &[&args[..], &[threads]].concat(), b""), by_default, "{format} {threads}");
        }
        let to_file = run(&folder, &[&args[..], &["-o", "list"]].concat(), b"");
        assert_eq!(to_file, (String::new(), by_default.1, by_default.2), "{format}");
        let written = fs::read_to_string(folder.path().join("list")).unwrap().replace('\r', "");
        let mark = if format == "csv" { "\u{feff}" } else { "" };
        assert_eq!(written, format!("{mark}{}", by_default.0), "{format}");
    }
}

#[test]
fn files_are_selected_as_in_other_commands() {
    let folder = anything();
    let paths = |args: &[&str]| -> Vec<String> {
        let (stdout, _, _) = run(&folder, &[args, &["t", "--format", "csv"]].concat(), b"");
        stdout.lines().skip(1).map(|row| row.split(',').next().unwrap().replace('\\', "/")).collect()
    };
    assert_eq!(paths(&["-g", "*.log"]), ["t/b.log", "t/d.tar!/x.log", "t/d.tar", "t/e.log", "t/f.log"]);
    assert_eq!(paths(&["-g", "!d.tar", "--binary"]), ["t/a.png", "t/b.log", "t/c.log.gz", "t/e.log", "t/f.log"]);
    assert_eq!(paths(&["--max-filesize", "0", "-g", "b.log"]), ["t/b.log", "t/d.tar"]);
    let results = run(&folder, &["t/b.log", "--no-pattern", "raw-call-status", "--format", "csv"], b"").0;
    assert!(results.ends_with(",false,iso-8601,,,0,,\n"), "{results}");
}
