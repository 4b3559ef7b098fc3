//! Tests that compressed inputs give the same results as their text, and that truncated and damaged ones give some of the results
//! and a problem. The inputs are made with the encoders of other crates, or by hand if there is no encoder.

use std::fs;
use std::io::{self, Cursor, Read, Write};
use std::num::NonZeroUsize;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use callcodes::catalogue::Catalogue;
use callcodes::pattern::PatternSet;
use callcodes::pipeline::Outcome;
use callcodes::pipeline::summarise::summarise;
use callcodes::pipeline::{CopyRule, Options};
use callcodes::problem::{Kind, Problem};
use callcodes::report::problems;
use callcodes::source::Walk;
use callcodes::unpack::{Codec, decompressed};

use crate::packing::{CODECS, compress};

/// Returns a frame that readers of zstd and lz4 skip.
fn skippable_frame() -> Vec<u8> {
    [&[0x5A, 0x2A, 0x4D, 0x18, 3, 0, 0, 0][..], b"abc"].concat()
}

/// Returns the decompressed data up to the end or an error, and the error.
fn read(bytes: &[u8]) -> (Vec<u8>, Option<Problem>) {
    let mut read = Vec::new();
    let result = decompressed(Box::new(Cursor::new(bytes.to_vec()))).read_to_end(&mut read);
    (read, result.err().map(|error| Problem::unreadable("x", &error)))
}

fn detail(bytes: &[u8]) -> (Kind, String) {
    let problem = read(bytes).1.unwrap();
    (problem.kind, problems::detail(&problem))
}

static SET: LazyLock<PatternSet> = LazyLock::new(|| PatternSet::compile(&callcodes::config::built_in()).unwrap());

/// Scans files with these names and contents.
fn run(files: &[(&str, &[u8])], threads: usize, range_bytes: u64) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    let options = Options {
        threads: NonZeroUsize::new(threads),
        range_bytes,
        // The files contain the same log, compressed in every way.
        copies: CopyRule::CountAll,
        ..Options::default()
    };
    summarise(Walk::new(vec![folder.path().to_owned()]), &SET, Catalogue::built_in(), &options).unwrap()
}

/// Returns different lines, each with a result, of `len` bytes or a few more.
fn log(len: usize) -> Vec<u8> {
    let mut text = Vec::new();
    let mut state = 1_u32;
    for number in 0.. {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let code = [21, 101, 102, 108, 133][(state >> 16) as usize % 5];
        writeln!(text, "2017-02-14T02:{:02}:{:02}Z {state:08x} rawCallStatus = {code}", number / 60 % 60, number % 60)
            .unwrap();
        if text.len() >= len {
            return text;
        }
    }
    text
}

#[test]
fn every_way_of_compressing_gives_the_text() {
    let (text, more) = (log(300 << 10), log(5 << 10));
    for codec in CODECS {
        assert_eq!(read(&compress(codec, &text)), (text.clone(), None), "{codec}");
        assert_eq!(read(&compress(codec, b"")), (Vec::new(), None), "{codec}, of nothing");
        let both = [compress(codec, &text), compress(codec, b""), compress(codec, &more)].concat();
        assert_eq!(read(&both), ([&text[..], &more].concat(), None), "{codec}, concatenated");
        for outer in CODECS {
            assert_eq!(read(&compress(outer, &both)), ([&text[..], &more].concat(), None), "{outer} of {codec}");
        }
    }
}

/// For logs of any length: short data hold too few control characters to be recognised as binary.
#[test]
fn a_wrong_bit_in_the_first_bytes_is_reported_or_changes_nothing() {
    for (codec, len) in CODECS.into_iter().flat_map(|codec| [(codec, 1), (codec, 10 << 10)]) {
        let text = log(len);
        let expected = run(&[("a", &text)], 1, 1 << 20).summary.results();
        let mut bytes = compress(codec, &text);
        for bit in 0..10 * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            let outcome = run(&[("a", &bytes)], 1, 1 << 20);
            let is_reported = outcome.problems.iter().any(|problem| problem.kind.is_loss());
            assert!(is_reported || outcome.summary.results() == expected, "{codec}, {len} bytes, bit {bit}");
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
    }
}

#[test]
fn skippable_frames_are_skipped_everywhere() {
    for codec in [Codec::Zstd, Codec::Lz4] {
        let (one, two, skip) = (compress(codec, b"one"), compress(codec, b"two"), skippable_frame());
        let all = [&skip, &skip, &one, &skip, &two, &skip].map(|part| &part[..]).concat();
        assert_eq!(read(&all), (b"onetwo".to_vec(), None), "{codec}");
        assert_eq!(read(&all[..all.len() - 1]).1.unwrap().kind, Kind::Truncated);
    }
    // The first frame decides which of the two formats it is.
    let mixed = [skippable_frame(), compress(Codec::Zstd, b"one"), compress(Codec::Lz4, b"two")].concat();
    assert_eq!(read(&mixed).1.unwrap().kind, Kind::TrailingBytes);
}

#[test]
fn files_give_the_summary_of_their_text() {
    let text = log(150 << 10);
    let plain = run(&[("a", &text), ("b", &text), ("c", b"plain")], 2, 1 << 20);
    assert_eq!(plain.summary.totals().bytes, 2 * text.len() as u64 + 5);
    for codec in CODECS {
        let single = compress(codec, &text);
        let twice = compress(Codec::Gzip, &single);
        // Names do not matter: the compressed file has the name of a log, and the text that of a compressed file.
        let files: [(&str, &[u8]); 3] = [("a.log", &single), ("b", &twice), ("c.gz", b"plain")];
        // With one thread, and with two, for which the files are larger or smaller than a range.
        for (threads, range_bytes) in [(1, 1), (2, 1), (2, 1 << 30)] {
            let outcome = run(&files, threads, range_bytes);
            assert_eq!(outcome.problems, [], "{codec}");
            assert_eq!(outcome.summary, plain.summary, "{codec}, {threads} threads, ranges of {range_bytes}");
        }
    }
}

/// Returns the number of bytes that are needed to recognise a file.
fn magic_len(codec: Codec) -> usize {
    match codec {
        Codec::Gzip => 3,
        Codec::Zstd | Codec::Lz4 => 4,
        Codec::Bzip2 => 10,
        Codec::Xz => 6,
        Codec::EventLog => 8,
    }
}

#[test]
fn a_file_truncated_anywhere_gives_a_beginning_and_a_problem() {
    let text = log(600);
    for codec in CODECS {
        let whole = compress(codec, &text);
        for len in magic_len(codec)..whole.len() {
            let (read, problem) = read(&whole[..len]);
            assert!(text.starts_with(&read), "{codec} cut to {len}");
            assert_eq!(problem.unwrap().kind, Kind::Truncated, "{codec} cut to {len}");
            let again = [&whole[..], &whole[..len]].concat();
            assert_eq!(self::read(&again).1.map(|problem| problem.kind), Some(Kind::Truncated), "{codec}, second");
        }
    }
}

/// Text that was decompressed before the error is not lost. If compressed data end in the middle, nearly half of a long text is
/// read, depending on the blocks of the format.
#[test]
fn an_error_in_the_middle_loses_no_text_before_it() {
    let text = log(2 << 20);
    for codec in CODECS {
        let whole = compress(codec, &text);
        let mut damaged = whole.clone();
        let middle = whole.len() / 2;
        damaged[middle..middle + 64].fill(0xAA);
        for (bytes, kind) in [(&whole[..middle], Kind::Truncated), (&damaged[..], Kind::Damaged)] {
            let (read, problem) = read(bytes);
            assert_eq!(problem.unwrap().kind, kind, "{codec}");
            // Damage is detected where it makes the data invalid, or at the next checksum.
            let common = read.iter().zip(&text).take_while(|(one, other)| one == other).count();
            assert!(common > text.len() * 2 / 5, "{codec}, {kind}: {common} of {}", text.len());
            assert!(kind == Kind::Damaged || common == read.len(), "{codec}");
        }
    }
}

#[test]
fn a_flipped_byte_anywhere_changes_nothing_or_is_reported() {
    let text = log(600);
    for codec in CODECS {
        let whole = compress(codec, &text);
        for at in magic_len(codec)..whole.len() {
            for flip in [1, 0x10, 0x80, 0xFF] {
                let mut bytes = whole.clone();
                bytes[at] ^= flip;
                let (read, problem) = read(&bytes);
                assert!(problem.is_some() || read == text, "{codec}, byte {at} by {flip:#x}");
            }
        }
    }
}

/// A pipe delivers pieces of any size. Found by fuzzing: the larger the pieces of xz data, the more was lost before an error.
#[test]
fn the_size_of_pieces_makes_no_difference_to_damaged_data() {
    struct Few(Cursor<Vec<u8>>);
    impl Read for Few {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let few = out.len().min(7);
            self.0.read(&mut out[..few])
        }
    }
    let text = log(2000);
    for codec in CODECS {
        let mut bytes = compress(codec, &text);
        for at in (magic_len(codec)..bytes.len()).step_by(5) {
            bytes[at] ^= 0x55;
            let mut in_pieces = Vec::new();
            let result = decompressed(Box::new(Few(Cursor::new(bytes.clone())))).read_to_end(&mut in_pieces);
            let problem = result.err().map(|error| Problem::unreadable("x", &error));
            assert_eq!((in_pieces, problem), read(&bytes), "{codec}, byte {at}");
            bytes[at] ^= 0x55;
        }
    }
}

/// The size of buffers depends on the number of threads. Found by fuzzing, made smaller by hand.
#[test]
fn the_size_of_buffers_makes_no_difference_to_damaged_data() {
    // A bzip2 block of 700 runs of 259 letters, and one more without its length. The decoder notices that only after it
    // has written the others.
    let bytes = b"BZh1\x31\x41\x59\x26\x53\x59\0\0\0\0\0\x01\x5f\x80\x80\x80\x20\0\0\xa0\0\x21\0\x82\x99\x45\x44\x90\x15\x44\xc0\
                  \0\0\0\0";
    let read_by = |step: usize| {
        let mut reader = decompressed(Box::new(Cursor::new(bytes.to_vec())));
        let (mut text, mut block) = (Vec::new(), vec![0; step]);
        loop {
            match reader.read(&mut block) {
                Ok(len) => text.extend_from_slice(&block[..len]),
                Err(error) => return (text, problems::detail(&Problem::unreadable("x", &error))),
            }
        }
    };
    let (text, why) = read_by(1000);
    assert_eq!((text.len(), text.iter().all(|byte| *byte == b'y')), (160 << 10, true));
    assert_eq!(
        why,
        "the bzip2 data is damaged (invalid data); only the whole lines in the 163840 bytes before that were read, \
         and some of them may be wrong; ask the sender for a complete copy of the file"
    );
    for step in [1, 70_000, 1 << 20] {
        assert!(read_by(step) == (text.clone(), why.clone()), "{step}");
    }
}

/// Gzip and xz have no blocks that are read completely or not at all.
#[test]
fn almost_no_text_before_the_damage_is_lost() {
    let text = log(100 << 10);
    for codec in [Codec::Gzip, Codec::Xz] {
        let mut bytes = compress(codec, &text);
        let at = bytes.len() * 9 / 10;
        bytes[at..at + 64].fill(0xAA);
        let (read, problem) = read(&bytes);
        assert_eq!(problem.unwrap().kind, Kind::Damaged, "{codec}");
        let common = read.iter().zip(&text).take_while(|(one, other)| one == other).count();
        assert!(common > text.len() * 8 / 10, "{codec}: {common} of {}", text.len());
    }
}

#[test]
fn a_problem_describes_the_damage_its_offset_and_the_remedy() {
    let text = log(600);
    let gzip = compress(Codec::Gzip, &text);
    let len = text.len();
    let cut = |codec: Codec, bytes: &[u8]| detail(&compress(codec, &text)[..bytes.len()]);
    assert_eq!(
        cut(Codec::Gzip, &gzip[..gzip.len() - 1]),
        (
            Kind::Truncated,
            format!(
                "the gzip data is cut short; only the whole lines in the {len} bytes before that were read; ask the \
                 sender for a complete copy of the file"
            )
        )
    );
    let mut damaged = gzip.clone();
    *damaged.last_mut().unwrap() ^= 1;
    let expected = format!(
        "the gzip data is damaged (the checksum does not match); only the whole lines in the {len} bytes before that \
         were read, and some of them may be wrong; \
         ask the sender for a complete copy of the file"
    );
    assert_eq!(detail(&damaged), (Kind::Damaged, expected.clone()));
    // The offset is one in the text, whichever layer is damaged.
    let mut outer = compress(Codec::Xz, &damaged);
    assert_eq!(detail(&outer), (Kind::Damaged, expected));
    outer.truncate(outer.len() - 1);
    let (kind, detail_of_outer) = detail(&outer);
    assert_eq!(kind, Kind::Damaged, "{detail_of_outer}");
    assert_eq!(
        detail(&gzip[..5]),
        (
            Kind::Truncated,
            "the gzip data is cut short; none of it could be read; ask the sender for a complete copy of the file"
                .to_owned()
        )
    );
    assert_eq!(
        detail(&[&gzip[..], b"\0\0tail"].concat()),
        (
            Kind::TrailingBytes,
            "6 bytes after the gzip data were not read; if they are part of the log, save them to a separate file \
             and scan that"
                .to_owned()
        )
    );
    assert_eq!(read(&[&gzip[..], &[0; 1000]].concat()), (text, None), "padding");
}

#[test]
fn the_memory_that_a_header_can_request_is_limited() {
    // A zstd frame with a window of 256 MiB, and one with the largest possible window.
    for window in [18 << 3, 0xFF] {
        let frame = [0x28, 0xB5, 0x2F, 0xFD, 0, window, 1, 0, 0];
        let expected = "the zstd data needs a decompression window of more than 128 MiB; none of it could be read; \
                        decompress the file with another program and scan the result";
        assert_eq!(detail(&frame), (Kind::OverLimit, expected.to_owned()));
    }
    // A window of 128 MiB is allowed; this frame does not use it.
    assert_eq!(read(&[0x28, 0xB5, 0x2F, 0xFD, 0, 17 << 3, 1, 0, 0]), (Vec::new(), None));
    // An xz block header as `xz --lzma2=dict=1GiB` writes it: its dictionary is byte 16, its checksum bytes 20 to 23.
    let mut xz = compress(Codec::Xz, b"x");
    let header_len = (usize::from(xz[12]) + 1) * 4;
    let dictionary = 12 + xz[12..12 + header_len].iter().position(|&byte| byte == 0x21).unwrap() + 2;
    xz[dictionary] = 36;
    sign(&mut xz, 12, header_len - 4);
    assert_eq!(detail(&xz).0, Kind::OverLimit);
}

/// Writes the checksum of `len` bytes from `start` after them, as in a header of xz.
fn sign(xz: &mut [u8], start: usize, len: usize) {
    let mut crc = flate2::Crc::new();
    crc.update(&xz[start..start + len]);
    xz[start + len..start + len + 4].copy_from_slice(&crc.sum().to_le_bytes());
}

#[test]
fn a_valid_but_unsupported_xz_is_not_reported_as_damaged() {
    /// Made with `xz --delta=dist=1 --delta=dist=2 --lzma2`.
    const TWO_FILTERS: &[u8] =
        b"\xfd7zXZ\0\0\x01\x69\x22\xde\x36\x03\x02\x03\x01\0\x03\x01\x01\x21\x01\x0c\0\xf6\x0f\x46\xda\
        \x01\0\x11\x63\xfe\xa8\x02\xa9\x52\x3f\xbc\x0f\xe9\x06\xb5\x15\x37\xf4\x1c\xf1\xd9\0\0\0\x51\x0c\xac\x92\0\x01\
        \x2a\x12\x4b\x08\x54\xbc\x90\x42\x99\x0d\x01\0\0\0\0\x01YZ";
    let xz = compress(Codec::Xz, b"x");
    let with_flags = |flags: [u8; 2]| {
        let mut xz = xz.clone();
        xz[6..8].copy_from_slice(&flags);
        sign(&mut xz, 6, 2);
        xz
    };
    let mut filter = TWO_FILTERS.to_vec();
    filter[14] = 0x7f;
    sign(&mut filter, 12, 12);
    let cases = [
        (TWO_FILTERS.to_vec(), "several filters, which is not supported"),
        (filter, "a filter that is not supported"),
        (with_flags([0, 2]), "a checksum that is not supported"),
        (with_flags([1, 1]), "a version of the format that is not supported"),
    ];
    for (xz, what) in cases {
        let expected = format!("the xz data uses {what}; decompress the file with another program and scan the result");
        assert_eq!(detail(&xz), (Kind::Unreadable, expected));
    }
}

#[test]
fn three_layers_are_decompressed_and_a_fourth_is_reported() {
    let layers = |count| (0..count).fold(b"text".to_vec(), |inner, _| compress(Codec::Gzip, &inner));
    assert_eq!(read(&layers(3)), (b"text".to_vec(), None));
    let expected = "it was compressed more than 3 times over and was not read; decompress it with another program \
                    and scan the result";
    assert_eq!(detail(&layers(4)), (Kind::OverLimit, expected.to_owned()));
}

#[test]
fn text_that_begins_like_a_compressed_file_is_text() {
    for text in [&b"BZh9 is a brand\n"[..], b"BZh", b"\x1f\x8b", b"7z", b"P*M", b""] {
        assert_eq!(read(text), (text.to_vec(), None));
    }
}

#[test]
fn the_error_of_a_reader_comes_after_its_bytes() {
    struct Failing(Cursor<Vec<u8>>);
    impl Read for Failing {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            match self.0.read(out)? {
                0 => Err(io::Error::other("the network is gone")),
                len => Ok(len),
            }
        }
    }
    let text = log(1 << 20);
    for codec in CODECS {
        let mut bytes = compress(codec, &text);
        bytes.truncate(bytes.len() * 3 / 4);
        let mut read = Vec::new();
        let error = decompressed(Box::new(Failing(Cursor::new(bytes)))).read_to_end(&mut read).unwrap_err();
        assert_eq!(error.to_string(), "the network is gone", "{codec}");
        assert!(text.starts_with(&read) && read.len() > text.len() / 2, "{codec}: {}", read.len());
    }
}

/// A kilobyte that decompresses to megabytes is read block by block: the size of a read does not grow with the data.
#[test]
fn endless_zeros_are_read_in_small_steps() {
    let len = 4 << 20;
    for codec in CODECS {
        let bytes = compress(codec, &vec![0; len]);
        let mut reader = decompressed(Box::new(Cursor::new(bytes)));
        let mut block = vec![1; 256 << 10];
        let mut total = 0;
        loop {
            let read = reader.read(&mut block).unwrap();
            if read == 0 {
                break;
            }
            assert!(block[..read].iter().all(|&byte| byte == 0));
            total += read;
        }
        assert_eq!(total, len, "{codec}");
    }
}

#[test]
fn damaged_files_among_others_cost_only_their_own_rest() {
    let text = log(200 << 10);
    for codec in CODECS {
        let whole = compress(codec, &text);
        let files: [(&str, &[u8]); 3] = [("a", &text), ("b", &whole[..whole.len() - 1]), ("c", &text)];
        for range_bytes in [1, 1 << 30] {
            let outcome = run(&files, 2, range_bytes);
            assert_eq!(outcome.problems.iter().map(|problem| problem.kind).collect::<Vec<_>>(), [Kind::Truncated]);
            assert!(outcome.problems[0].path.ends_with('b') && outcome.problems[0].kind.is_loss());
            assert_eq!(outcome.summary.totals().files_read, 3);
            assert!(outcome.summary.totals().bytes > 2 * text.len() as u64, "{codec}");
        }
    }
}

/// A truncated number is another number. A line counts only if it has a line end, or if the text is complete without one.
#[test]
fn the_incomplete_line_at_the_end_of_truncated_data_does_not_count() {
    let text = b"rawCallStatus = 21\nrawCallStatus = 102";
    let whole = compress(Codec::Gzip, text);
    let mut stored = b"\x1f\x8b\x08\0\0\0\0\0\0\xff\x01\x26\0\xd9\xff".to_vec();
    stored.extend_from_slice(&text[..37]);
    let trailing = [&whole[..], b"tail"].concat();
    for (bytes, results, len) in [(&whole, 2, 38), (&stored, 1, 19), (&trailing, 2, 38)] {
        for range_bytes in [1, 1 << 30] {
            let summary = run(&[("a", bytes)], 2, range_bytes).summary;
            assert_eq!((summary.results(), summary.totals().bytes), (results, len));
        }
    }
}

/// Runs the program with `input` on standard input.
fn program(args: &[&str], input: &[u8]) -> (String, String, Option<i32>) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_callcodes"))
        .args(args)
        .arg("--no-config")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code())
}

#[test]
fn standard_input_is_decompressed_and_lines_are_numbered_as_in_the_text() {
    let text = log(20 << 10);
    for args in [&["lines", "-"][..], &["scan", "--format", "json", "-"]] {
        let plain = program(args, &text);
        assert_eq!(plain.2, Some(0), "{}", plain.1);
        for codec in CODECS {
            assert_eq!(program(args, &compress(codec, &text)), plain, "{codec}");
        }
    }
}

#[test]
fn a_damaged_stream_ends_with_status_3() {
    let text = log(500);
    let mut bytes = compress(Codec::Gzip, &text);
    *bytes.last_mut().unwrap() ^= 1;
    let (stdout, stderr, status) = program(&["lines", "-"], &bytes);
    assert_eq!(stdout.lines().count(), text.split(|&byte| byte == b'\n').count() - 1);
    assert!(
        stderr.contains("stdin: the gzip data is damaged (the checksum does not match); only the whole lines in the "),
        "{stderr}"
    );
    assert_eq!(status, Some(3));
}

/// In a pipe, the complete lines and the last line are different blocks. The second block used to be lost.
#[test]
fn trailing_bytes_lose_nothing_before_them() {
    let text = b"rawCallStatus = 21\nrawCallStatus = 102";
    let (plain, _, _) = program(&["lines", "-"], text);
    assert_eq!(plain.lines().count(), 2);
    for codec in CODECS {
        let (stdout, stderr, status) = program(&["lines", "-"], &[&compress(codec, text)[..], b"tail"].concat());
        assert_eq!((stdout.as_str(), status), (plain.as_str(), Some(3)), "{codec}");
        let reported = format!(
            "callcodes: stdin: 4 bytes after the {codec} data were not read; if they are part of the log, save them \
             to a separate file and scan that\n"
        );
        assert_eq!(stderr, reported);
    }
}

/// One problem does not hide another.
#[test]
fn everything_that_is_wrong_with_a_file_is_reported() {
    let text: Vec<u8> = "rawCallStatus = 21\nrawCallStatus = 102".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let bytes = [&compress(Codec::Gzip, &text[..text.len() - 1])[..], b"tail"].concat();
    let kinds = |problems: &[Problem]| problems.iter().map(|problem| problem.kind).collect::<Vec<_>>();
    for range_bytes in [1, 1 << 30] {
        let outcome = run(&[("a", &bytes)], 2, range_bytes);
        assert_eq!(outcome.summary.results(), 1);
        assert_eq!(kinds(&outcome.problems), [Kind::TrailingBytes, Kind::Truncated]);
    }
    let (stdout, stderr, status) = program(&["lines", "-"], &bytes);
    assert_eq!((stdout.lines().count(), stderr.lines().count(), status), (1, 2, Some(3)), "{stderr}");
}
