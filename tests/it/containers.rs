//! Tests that a log gives the same results, and the same lines at the same positions, in every encoding, with every compression
//! and in every archive.

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::LazyLock;

use callcodes::catalogue::Catalogue;
use callcodes::code::Key;
use callcodes::pattern::PatternSet;
use callcodes::pipeline::Outcome;
use callcodes::pipeline::summarise::summarise;
use callcodes::pipeline::{CopyRule, Options};
use callcodes::problem::Kind;
use callcodes::report::problems::detail;
use callcodes::source::select::Content;
use callcodes::source::{Globs, Selection, Walk};
use callcodes::summary::Row;
use callcodes::unpack::{Codec, Format};

use crate::packing::{self, CODECS, FORMATS, compress, pack};

static SET: LazyLock<PatternSet> = LazyLock::new(|| PatternSet::compile(&callcodes::config::built_in()).unwrap());

/// A log with 25 results that were counted by hand (see fixtures/README.md), one more result, and letters that differ by
/// encoding.
static LOG: LazyLock<String> = LazyLock::new(|| {
    let mut text = String::new();
    for name in ["mfa1/MultiFactorAuthRadiusSvc.log", "mfa1/MultiFactorAuthSvc.log", "web2/responses.xml"] {
        text += &fs::read_to_string(Path::new("fixtures/logs").join(name)).unwrap();
    }
    text + "2017-02-14T05:00:00Z f\u{fc}r J\u{fc}rgen: Call Status: 13\r\n"
});

type Encode = fn(&str) -> Vec<u8>;

/// Every encoding that is detected.
const ENCODINGS: [(&str, Encode); 7] = [
    ("UTF-8", |text| text.as_bytes().to_vec()),
    ("UTF-8 with mark", |text| format!("\u{feff}{text}").into_bytes()),
    ("UTF-16LE", |text| text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
    ("UTF-16BE", |text| text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
    ("UTF-16LE with mark", |text| format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect()),
    ("UTF-16BE with mark", |text| format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_be_bytes).collect()),
    // Latin-1 encodes these letters in the same way.
    ("Windows-1252", |text| text.chars().map(|character| u8::try_from(u32::from(character)).unwrap()).collect()),
];

/// A file, and a description of it.
struct Variant {
    what: String,
    bytes: Vec<u8>,
}

/// Returns `bytes` as they are, and compressed in every way.
fn compressed(what: &str, bytes: &[u8]) -> Vec<Variant> {
    let bare = Variant { what: what.to_owned(), bytes: bytes.to_vec() };
    let packed = |codec: &Codec| Variant { what: format!("{codec} of {what}"), bytes: compress(*codec, bytes) };
    CODECS.iter().map(packed).chain([bare]).collect()
}

/// Returns the file as it is, in every archive, and in a zip in every archive.
fn archived(variant: &Variant) -> Vec<Variant> {
    let Variant { what, bytes } = variant;
    let other: (&str, &[u8]) = ("notes/readme.txt", b"nothing of interest\n");
    let mut variants = vec![Variant { what: what.clone(), bytes: bytes.clone() }];
    for format in FORMATS {
        let archive = pack(format, &[other, ("host7/app.log", bytes)]);
        variants.push(Variant { what: format!("{format} of {what}"), bytes: archive });
        let inner = pack(Format::Zip, &[("app.log", bytes), other]);
        let outer = pack(format, &[("inner.zip", &inner), other]);
        variants.push(Variant { what: format!("{format} of zip of {what}"), bytes: outer });
    }
    variants
}

fn scan(bytes: &[u8]) -> Outcome {
    scan_selecting(bytes, Selection::default())
}

fn scan_selecting(bytes: &[u8], selection: Selection) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("x"), bytes).unwrap();
    let options = Options {
        threads: NonZeroUsize::new(2),
        // Some of the files are larger than this and some are not.
        range_bytes: 3000,
        copies: CopyRule::CountAll,
        ..Options::default()
    };
    summarise(Walk::new(vec![folder.path().join("x")]).selecting(selection), &SET, Catalogue::built_in(), &options)
        .unwrap()
}

fn rows(outcome: &Outcome) -> Vec<(Key, Row)> {
    outcome.summary.iter().map(|(key, row)| (key, *row)).collect()
}

#[test]
fn every_combination_of_encoding_compression_and_archive_gives_the_same_results() {
    let expected = rows(&scan(LOG.as_bytes()));
    assert_eq!(expected.iter().map(|(_, row)| row.tally.count).sum::<u64>(), 26);
    let mut variants = 0;
    for (encoding, encode) in ENCODINGS {
        for one in compressed(encoding, &encode(&LOG)) {
            for variant in archived(&one) {
                let outcome = scan(&variant.bytes);
                assert_eq!(outcome.problems, [], "{}", variant.what);
                assert_eq!(rows(&outcome), expected, "{}", variant.what);
                variants += 1;
            }
        }
    }
    assert_eq!(variants, 7 * 6 * (1 + 2 * FORMATS.len()));
}

/// An encoding must be detected from the same number of bytes, however the text is packed.
#[test]
fn an_encoding_is_detected_late_in_a_text_however_it_is_packed() {
    let chinese = "\u{7535}\u{8bdd}\u{547c}\u{53eb}\u{7684}\u{7ed3}\u{679c}".repeat(60) + "\n";
    let nuls = "\0".repeat(400) + "\n";
    let expected = rows(&scan(LOG.as_bytes()));
    for (before, encode) in [(&chinese, ENCODINGS[2].1), (&chinese, ENCODINGS[3].1), (&nuls, ENCODINGS[2].1)] {
        let bytes = encode(&format!("{before}{}", *LOG));
        assert!(bytes[..512].chunks(2).all(|unit| unit == [0, 0] || !unit.contains(&0)), "it shows behind that");
        for packed in compressed("the log", &bytes) {
            for variant in archived(&packed) {
                assert_eq!(rows(&scan(&variant.bytes)), expected, "{}", variant.what);
            }
        }
    }
}

/// The archives contain a log, a file that is not read, and another log.
#[test]
fn damage_in_a_file_that_is_not_read_hides_no_loss() {
    let log = |minute: u32| -> Vec<u8> {
        (0..40)
            .map(|second| format!("2017-02-14 02:{minute:02}:{second:02} rawCallStatus = 21\n"))
            .collect::<String>()
            .into()
    };
    let notes: String = (0..300_u32).map(|number| format!("note {:x}\n", number.wrapping_mul(2_654_435_761))).collect();
    let picture = [&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], notes.as_bytes()].concat();
    let logs_only = Selection { globs: Globs::new(["*.log"], []).unwrap(), ..Selection::default() };
    let small_only = Selection { max_bytes: Some(2500), ..Selection::default() };
    let cases = [
        ("notes.txt", notes.into_bytes(), vec![logs_only, small_only]),
        ("picture.png", picture, vec![Selection::default()]),
    ];
    for (name, bytes, selections) in &cases {
        let members = [("a.log", &log(1)[..]), (name, bytes), ("b.log", &log(2)[..])];
        let archives = FORMATS.map(|format| (format!("{format}"), pack(format, &members)));
        let tgz = ("tgz".to_owned(), compress(Codec::Gzip, &pack(Format::Tar, &members)));
        for (format, archive) in archives.into_iter().chain([tgz]) {
            for selection in selections {
                let scan = |bytes: &[u8]| scan_selecting(bytes, selection.clone());
                assert_eq!(scan(&archive).summary.results(), 80, "{format}");
                // A shorter file is not recognised as an archive.
                for at in (600..archive.len()).step_by(37) {
                    let mut flipped = archive.clone();
                    // Other formats have no checksum of the names by which files are selected, so their bytes stay unchanged.
                    flipped[at] ^= if format == "tgz" { 0x55 } else { 0 };
                    for damaged in [&archive[..at], &flipped] {
                        let outcome = scan(damaged);
                        let is_reported = outcome.problems.iter().any(|problem| problem.kind.is_loss());
                        assert!(is_reported || outcome.summary.results() == 80, "{name} in {format} at {at}");
                    }
                }
            }
        }
    }
}

/// Returns the problems, each with the last part of its path.
fn reported(bytes: &[u8], selection: Selection) -> Vec<String> {
    let short = |path: &str| path.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
    let problems = scan_selecting(bytes, selection).problems;
    problems.iter().map(|problem| format!("{}: {}", short(&problem.path), detail(problem))).collect()
}

fn only_logs() -> Selection {
    Selection { globs: Globs::new(["*.log"], []).unwrap(), ..Selection::default() }
}

fn binary_too() -> Selection {
    Selection { content: Content::Any, ..Selection::default() }
}

/// Returns random bytes, which are not text.
fn noise() -> Vec<u8> {
    (0..20_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 13).to_le_bytes()[0]).collect()
}

/// Returns a zip of one stored member, with a wrong byte in the middle of its data.
fn damaged(name: &str, data: &[u8]) -> Vec<u8> {
    let mut archive = packing::zip(&[(name, data)], zip::CompressionMethod::Stored);
    let middle = archive.len() / 2;
    archive[middle] ^= 1;
    archive
}

#[test]
fn damage_is_reported_rather_than_binary_data() {
    let binary = "x.bin: skipped, a binary file (not text); use --binary to read it";
    let intact = packing::zip(&[("x.bin", &noise())], zip::CompressionMethod::Stored);
    assert_eq!(reported(&intact, Selection::default()), [binary]);
    let fault = "the stored data is damaged (the checksum does not match); none of it could be read; ask the sender \
                 for a complete copy of the file";
    assert_eq!(reported(&damaged("x.bin", &noise()), Selection::default()), [format!("x.bin: {fault}")]);
    // Damage is unlikely to produce the four bytes of a known signature.
    let picture = [b"\x89PNG\r\n\x1a\n".to_vec(), noise()].concat();
    let skipped = "x.png: skipped, a binary file (PNG picture); use --binary to read it";
    assert_eq!(reported(&damaged("x.png", &picture), Selection::default()), [skipped]);
    let mut gzip = compress(Codec::Gzip, &noise());
    let sum = gzip.len() - 8;
    gzip[sum] ^= 1;
    let fault = "the gzip data is damaged (the checksum does not match); none of it could be read; ask the sender \
                 for a complete copy of the file";
    assert_eq!(reported(&gzip, Selection::default()), [format!("x: {fault}")]);
}

#[test]
fn formats_that_cannot_be_read_are_reported() {
    let lzip = [b"LZIP\x01\x0c".to_vec(), noise()].concat();
    let compressed = "it is compressed by lzip, which is not supported; extract it and scan the extracted files";
    // The format is reported even if binary files are read.
    for selection in [Selection::default(), binary_too()] {
        assert_eq!(reported(&lzip, selection), [format!("x: {compressed}")]);
    }
    assert_eq!(reported(&compress(Codec::Gzip, &lzip), Selection::default()), [format!("x: {compressed}")]);
    let archive = pack(Format::Tar, &[("old/app.log", &lzip)]);
    assert_eq!(reported(&archive, Selection::default()), [format!("app.log: {compressed}")]);
    let unwanted = pack(Format::Tar, &[("old/app.lz", &lzip), ("a.log", LOG.as_bytes())]);
    assert_eq!(reported(&unwanted, only_logs()), [""; 0]);
    // The archive may contain selected files, whatever its own name is.
    let rar = pack(Format::Tar, &[("old.rar", &[b"Rar!\x1a\x07\x01\0".to_vec(), noise()].concat())]);
    let archive = "old.rar: it is a RAR archive, which is not supported; extract it and scan the extracted files";
    assert_eq!(reported(&rar, only_logs()), [archive]);
    let message = [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec(), noise()].concat();
    let messages = pack(Format::Tar, &[("RE Logs.MSG", &message), ("setup.msi", &message)]);
    let save = "RE Logs.MSG: it is an Outlook message, which is not supported; save its attachments and scan these";
    let skipped = "setup.msi: skipped, a binary file (Office document or installer); use --binary to read it";
    assert_eq!(reported(&messages, Selection::default()), [save, skipped]);
}

/// Runs the program over a file or standard input, and returns the number of results, the first problem and the exit status.
fn scanned(path: &Path, stdin: std::process::Stdio) -> (u64, String, Option<i32>) {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_callcodes"));
    let run = command.args(["--no-config", "--format=json"]).arg(path).stdin(stdin).output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
    let problem = report["problems"].get(0).map_or("", |problem| problem["detail"].as_str().unwrap());
    (report["totals"]["results"].as_u64().unwrap(), problem.to_owned(), run.status.code())
}

#[test]
fn a_zip_after_other_data_is_read_on_disk_and_from_a_pipe() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("upload");
    fs::write(&path, LOG.as_bytes()).unwrap();
    let expected = scanned(&path, std::process::Stdio::null());
    assert_eq!((expected.0, expected.2), (23, Some(0)));
    let zip = pack(Format::Zip, &[("a.log", LOG.as_bytes())]);
    let header = "--x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.zip\"\r\n\r\n";
    let program = [&b"MZ\x90\0\x03\0\0\0"[..], &noise()].concat();
    for before in [header.as_bytes(), b"#!/bin/sh\nexec unzip $0\n", &noise(), &program] {
        fs::write(&path, [before, &zip].concat()).unwrap();
        assert_eq!(scanned(&path, std::process::Stdio::null()), expected);
        let piped = std::process::Stdio::from(fs::File::open(&path).unwrap());
        assert_eq!(scanned(Path::new("-"), piped), expected);
    }
    // A longer program cannot be searched for it and then be read again, if it comes from a pipe.
    fs::write(&path, [program.repeat(5), zip].concat()).unwrap();
    assert_eq!(scanned(&path, std::process::Stdio::null()), expected);
    let (reader, mut writer) = std::io::pipe().unwrap();
    let data = fs::read(&path).unwrap();
    let write = std::thread::spawn(move || std::io::Write::write_all(&mut writer, &data));
    let reported =
        "it is a self-extracting zip archive, which is not supported; extract it and scan the extracted files";
    assert_eq!(scanned(Path::new("-"), reader.into()), (0, reported.to_owned(), Some(3)));
    // The program does not read all of the data, so that an error of writing is none of the test.
    let _ = write.join().unwrap();
}

#[test]
fn packed_data_whose_first_bytes_are_damaged_are_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let endings = CODECS.map(|codec| match codec {
        Codec::Gzip => "gz",
        Codec::Zstd => "zst",
        Codec::Bzip2 => "bz2",
        Codec::Xz => "xz",
        Codec::Lz4 => "lz4",
        Codec::EventLog => unreachable!("event logs are not packed data"),
    });
    for (codec, ending) in CODECS.into_iter().zip(endings) {
        let mut data = compress(codec, LOG.as_bytes());
        data[..6].copy_from_slice(b"\xAA\x55\xAA\x55\xAA\x55");
        let name = format!("a.log.{ending}");
        let damaged = format!(
            "the {codec} data is damaged (its first bytes are wrong); ask the sender for a complete copy of the file"
        );
        let path = folder.path().join(&name);
        fs::write(&path, &data).unwrap();
        assert_eq!(scanned(&path, std::process::Stdio::null()), (0, damaged.clone(), Some(3)), "{codec}");
        for format in FORMATS {
            let path = folder.path().join("a");
            fs::write(&path, pack(format, &[(&name, &data)])).unwrap();
            assert_eq!(
                scanned(&path, std::process::Stdio::null()),
                (0, damaged.clone(), Some(3)),
                "{codec} in {format}"
            );
        }
        // Text that only has such a name is read.
        fs::write(&path, LOG.as_bytes()).unwrap();
        assert_eq!(scanned(&path, std::process::Stdio::null()).0, 23, "{codec}");
    }
}

#[test]
fn a_container_that_cannot_be_read_is_a_loss() {
    let folder = tempfile::tempdir().unwrap();
    let problems = |name: &str, bytes: &[u8], args: &[&str]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_callcodes"));
        let run = command.arg("--no-config").args(args).arg(folder.path()).output().unwrap();
        fs::remove_file(path).unwrap();
        let stderr = String::from_utf8(run.stderr).unwrap();
        let stderr = stderr.replace(&format!("{}{}", folder.path().display(), std::path::MAIN_SEPARATOR), "");
        (stderr.lines().next().unwrap_or_default().to_owned(), run.status.code())
    };
    let lossy = |message: &str| (format!("callcodes: {message}"), Some(3));
    let event_log = [&b"\x30\0\0\0LfLe\x01\0\0\0"[..], &noise()].concat();
    let export = "Security.evt: it is an event log in the old format (.evt), which is not supported; convert it with `wevtutil epl \
                  FILE.evt FILE.evtx /lf:true` and scan the new file";
    assert_eq!(problems("Security.evt", &event_log, &[]), lossy(export));
    // It is not a loss if the user asked for other files.
    assert_eq!(problems("Security.evt", &event_log, &["-g", "*.log"]).1, Some(0));
    let image = [noise(), [&b"koly\0\0\0\x04"[..], &[0; 504]].concat()].concat();
    let reported = "a.dmg: it is a disk image (DMG), which is not supported; extract it and scan the extracted files";
    assert_eq!(problems("a.dmg", &image, &[]), lossy(reported));
    let program = [&b"MZ\x90\0\x03\0\0\0"[..], &noise(), b"Rar!\x1a\x07\0\xcf\x90\x73\0\0\x0d\0", &noise()].concat();
    let reported =
        "a.exe: it is a self-extracting RAR archive, which is not supported; extract it and scan the extracted files";
    assert_eq!(problems("a.exe", &program, &[]), lossy(reported));
    let reported = "a.7z.002: its name marks it as a part of a split archive; put all parts in one folder, extract them \
                with 7-Zip, and scan the extracted files";
    assert_eq!(problems("a.7z.002", &noise(), &[]), lossy(reported));
    assert_eq!(problems("a.7z.bin", &noise(), &[]).1, Some(0));
    // The same applies in archives, under compression and in pipes, if the format can be recognised there.
    let image = [noise(), [&b"conectix"[..], &[0; 504]].concat()].concat();
    let rar = "it is a self-extracting RAR archive, which is not supported; extract it and scan the extracted files";
    let vhd = "it is a disk image (VHD), which is not supported; extract it and scan the extracted files";
    for format in FORMATS {
        let archive = pack(format, &[("a.exe", &program), ("b.txt", b"plain")]);
        assert_eq!(problems("a", &archive, &[]), lossy(&format!("a!/a.exe: {rar}")), "{format}");
        assert_eq!(problems("a", &archive, &["-g", "*.log"]), lossy(&format!("a!/a.exe: {rar}")), "{format}");
        let archive = pack(format, &[("a.bin", &image), ("b.txt", b"plain")]);
        assert_eq!(problems("a", &archive, &[]), lossy(&format!("a!/a.bin: {vhd}")), "{format}");
        assert_eq!(problems("a", &archive, &["-g", "*.log"]).1, Some(0), "{format}");
    }
    // In binary data, such a zip is read.
    let zip = pack(Format::Zip, &[("a.log", LOG.as_bytes())]);
    let prefixed = "it is a prefixed zip archive, which is not supported; extract it and scan the extracted files";
    for before in [noise(), program[..noise().len()].to_vec()] {
        let zip = [&before, &zip[..]].concat();
        assert_eq!(problems("a.exe", &zip, &[]), (String::new(), Some(0)));
        for format in FORMATS {
            let archive = pack(format, &[("a.exe", &zip), ("b.txt", b"plain")]);
            assert_eq!(problems("a", &archive, &[]), (String::new(), Some(0)), "{format}");
        }
    }
    let after_text = [b"plain\n".repeat(2000), zip].concat();
    assert_eq!(problems("a.log", &after_text, &[]), lossy(&format!("a.log: {prefixed}")));
    for codec in CODECS {
        assert_eq!(
            problems("a.exe.gz", &compress(codec, &program), &[]),
            lossy(&format!("a.exe.gz: {rar}")),
            "{codec}"
        );
        assert_eq!(problems("a.bin.gz", &compress(codec, &image), &[]), lossy(&format!("a.bin.gz: {vhd}")), "{codec}");
    }
    let path = folder.path().join("a.exe");
    fs::write(&path, &program).unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_callcodes"));
    let run = command.args(["--no-config", "-"]).stdin(fs::File::open(&path).unwrap()).output().unwrap();
    assert_eq!(
        (String::from_utf8(run.stderr).unwrap(), run.status.code()),
        (format!("callcodes: stdin: {rar}\n"), Some(3))
    );
    // Windows deletes a file only once nobody holds it open.
    drop(command);
    fs::remove_file(path).unwrap();
    // An installer (MSI) begins like a document, but a document does not contain logs.
    let document = [&b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"[..], &noise()].concat();
    assert_eq!(problems("a.doc", &document, &[]).1, Some(0));
}

#[test]
fn a_zip_after_a_program_is_read() {
    let members: [(&str, &[u8]); 1] = [("a.log", LOG.as_bytes())];
    let file = [&b"MZ\x90\0\x03\0\0\0"[..], &noise(), &pack(Format::Zip, &members)].concat();
    for selection in [Selection::default(), only_logs(), binary_too()] {
        let outcome = scan_selecting(&file, selection);
        assert_eq!(outcome.problems, []);
        assert_eq!(outcome.summary.iter().map(|(_, row)| row.tally.count).sum::<u64>(), 26);
    }
}

#[test]
fn a_zip_without_its_beginning_is_read_and_reported() {
    let members = [("x.bin", &noise()[..]), ("a.log", LOG.as_bytes())];
    let archive = packing::zip(&members, zip::CompressionMethod::Stored);
    let outcome = scan(&archive[100..]);
    let details: Vec<String> = outcome.problems.iter().map(detail).collect();
    let reported = "the zip archive is damaged (there is other data where a file should begin); ask the sender for a \
                complete copy of the file";
    assert_eq!(details, [reported]);
    assert_eq!(outcome.summary.iter().map(|(_, row)| row.tally.count).sum::<u64>(), 26);
}

/// More members may be missing after the truncated one, so the archive is reported in addition to that member.
#[test]
fn a_truncated_archive_is_reported_in_addition_to_its_member() {
    let tar = pack(Format::Tar, &[("a.log", b"MFA result: 21\n"), ("b.log", b"MFA result: 21\nMFA result: 102\n")]);
    // Each header takes 512 bytes, and so does each member. Of the 31 bytes of the second member, 20 are left.
    let outcome = scan(&tar[..3 * 512 + 20]);
    let details: Vec<String> = outcome.problems.iter().map(detail).collect();
    let remedy = "ask the sender for a complete copy of the file";
    assert_eq!(
        details,
        [
            format!(
                "the tar archive is cut short; only the whole lines in the 20 bytes before that were read; {remedy}"
            ),
            format!("the tar archive is cut short, and what follows was not read; {remedy}"),
        ]
    );
    assert_eq!(outcome.summary.results(), 2);
}

/// An empty archive is not a loss, but it is reported.
#[test]
fn an_archive_without_any_file_is_reported() {
    let mut folder = tar::Header::new_gnu();
    folder.set_entry_type(tar::EntryType::Directory);
    folder.set_size(0);
    let mut archive = tar::Builder::new(Vec::new());
    archive.append_data(&mut folder, "logs/", &b""[..]).unwrap();
    let archives = [
        (Format::Zip, pack(Format::Zip, &[])),
        // An empty block without a file.
        (Format::SevenZip, pack(Format::SevenZip, &[])),
        (Format::Tar, archive.into_inner().unwrap()),
    ];
    for (format, archive) in archives {
        let reported = format!("a {format} archive that contains no files");
        let problems = |bytes: &[u8]| -> Vec<(Kind, String)> {
            scan(bytes).problems.into_iter().map(|problem| (problem.kind, detail(&problem))).collect()
        };
        assert_eq!(problems(&archive), [(Kind::Empty, reported.clone())]);
        let within = pack(Format::Tar, &[("a.log", LOG.as_bytes()), ("empty", &archive)]);
        assert_eq!(problems(&within), [(Kind::Empty, reported)]);
    }
}
