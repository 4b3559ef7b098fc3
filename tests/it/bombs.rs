//! Tests small files that unpack to enormous ones. Reading ends at a limit, and the problem names the option that raises the
//! limit.

#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]

use std::fs;
use std::io::{Cursor, Write as _};
use std::num::NonZeroUsize;
use std::sync::LazyLock;

use callcodes::catalogue::Catalogue;
use callcodes::pattern::PatternSet;
use callcodes::pipeline::Outcome;
use callcodes::pipeline::summarise::summarise;
use callcodes::pipeline::{CopyRule, Options};
use callcodes::source::{Limits, Opening, Walk};
use callcodes::unpack::{Codec, Format};
use proptest::prelude::*;

use crate::packing::{self, compress, pack};

static SET: LazyLock<PatternSet> = LazyLock::new(|| PatternSet::compile(&callcodes::config::built_in()).unwrap());

const LINE: &[u8] = b"callStatus=102\n";

fn scan(files: &[(&str, &[u8])], limits: Limits) -> (u64, Vec<String>) {
    scan_with(files, &Options { opening: Opening { limits, ..Opening::default() }, ..Options::default() })
}

fn scan_with(files: &[(&str, &[u8])], options: &Options) -> (u64, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    let walk = Walk::new(vec![folder.path().to_owned()]);
    let Outcome { summary, problems, .. } = summarise(walk, &SET, Catalogue::built_in(), options).unwrap();
    let prefix = format!("{}{}", folder.path().display(), std::path::MAIN_SEPARATOR);
    let reported = problems.iter().map(|problem| problem.to_string().replace(&prefix, "")).collect();
    (summary.results(), reported)
}

/// Returns a result, 4 MiB of zeros and another result, compressed to a few kilobytes.
fn zeros() -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(LINE).unwrap();
    let mebibyte = vec![0; 1 << 20];
    for _ in 0..4 {
        encoder.write_all(&mebibyte).unwrap();
    }
    encoder.write_all(b"\n").unwrap();
    encoder.write_all(LINE).unwrap();
    encoder.finish().unwrap()
}

/// Returns the problem for a limit that is exceeded after `bytes` bytes.
fn over(path: &str, limit: &str, bytes: u64, flag: &str) -> String {
    format!(
        "{path} unpacks to more than {limit}; only the whole lines in the {bytes} bytes before that were read; \
         raise {flag} to read more"
    )
}

#[test]
fn a_file_that_unpacks_to_too_much_is_read_up_to_the_limit() {
    let zeros = zeros();
    let limits = Limits { ratio: 10, floor_bytes: 1 << 20, ..Limits::default() };
    let allowed = (1 << 20) + 10 * zeros.len() as u64;
    let reported = over("a.gz: a.gz", "10 times its size plus 1 MiB", allowed, "--max-ratio");
    let (results, problems) = scan(&[("a.gz", &zeros)], limits);
    assert_eq!((results, problems.first()), (1, Some(&reported)));
    let limits = Limits { unpacked_bytes: 1 << 20, ..Limits::default() };
    let reported = over("a.gz: a.gz", "1 MiB", 1 << 20, "--max-unpacked");
    assert_eq!(scan(&[("a.gz", &zeros)], limits), (1, vec![reported]));
}

/// A line must not get lost in a buffer, however short it is.
#[test]
fn the_last_line_that_is_allowed_counts_and_the_next_does_not() {
    let gzip = compress(Codec::Gzip, &LINE.repeat(10));
    let line = LINE.len() as u64;
    for lines in 1..10 {
        let limits = |unpacked_bytes| Limits { unpacked_bytes, ..Limits::default() };
        let reported = |bytes| vec![over("a.gz: a.gz", &format!("{bytes} bytes"), bytes, "--max-unpacked")];
        let bytes = lines * line;
        assert_eq!(scan(&[("a.gz", &gzip)], limits(bytes)), (lines, reported(bytes)));
        assert_eq!(scan(&[("a.gz", &gzip)], limits(bytes - 1)), (lines - 1, reported(bytes - 1)));
    }
    assert_eq!(scan(&[("a.gz", &gzip)], Limits { unpacked_bytes: 10 * line, ..Limits::default() }), (10, vec![]));
}

#[test]
fn a_member_over_the_limit_does_not_affect_other_members() {
    let zeros = zeros();
    let limits = Limits { unpacked_bytes: 1 << 20, ..Limits::default() };
    let tar = pack(Format::Tar, &[("a.log", LINE), ("b.gz", &zeros), ("c.log", b"callStatus=4\n")]);
    let reported = over("x.tar!/b.gz: x.tar", "1 MiB at packing level 2 (gzip)", 1 << 20, "--max-unpacked");
    assert_eq!(scan(&[("x.tar", &tar)], limits), (3, vec![reported]));
}

#[test]
fn an_archive_over_the_limit_is_read_up_to_the_limit() {
    let limits = Limits { unpacked_bytes: 1 << 20, ..Limits::default() };
    let tar = pack(Format::Tar, &[("a.log", LINE), ("b.log", &vec![0; 4 << 20]), ("c.log", b"callStatus=4\n")]);
    // In the tar, two headers and a block of the first log come before the second log.
    let reported = [
        over("x.tgz!/b.log: x.tgz", "1 MiB", (1 << 20) - 3 * 512, "--max-unpacked"),
        "x.tgz: x.tgz unpacks to more than 1 MiB, and what follows was not read; raise --max-unpacked to read more"
            .to_owned(),
    ];
    assert_eq!(scan(&[("x.tgz", &compress(Codec::Gzip, &tar))], limits), (1, reported.to_vec()));
    // An uncompressed tar does not count, but its members count against the limit.
    let reported = [
        over("x.tar!/b.log: x.tar", "1 MiB", (1 << 20) - LINE.len() as u64, "--max-unpacked"),
        "x.tar: x.tar unpacks to more than 1 MiB, and no file after that was read; raise --max-unpacked to read more"
            .to_owned(),
    ];
    assert_eq!(scan(&[("x.tar", &tar)], limits), (1, reported.to_vec()));
    // The members of a zip on disk are read independently, so each is reported.
    let zip = pack(Format::Zip, &[("a.log", LINE), ("b.log", &vec![0; 4 << 20]), ("c.log", b"callStatus=4\n")]);
    let reported = [
        over("x.zip!/b.log: x.zip", "1 MiB", (1 << 20) - LINE.len() as u64, "--max-unpacked"),
        "x.zip!/c.log: x.zip unpacks to more than 1 MiB; none of it could be read; raise --max-unpacked to read more"
            .to_owned(),
    ];
    assert_eq!(scan(&[("x.zip", &zip)], limits), (1, reported.to_vec()));
}

#[test]
fn archives_are_read_up_to_the_nesting_limit() {
    let mut nested = LINE.to_vec();
    for depth in 0..3 {
        let name = if depth == 0 { "a.log" } else { "inner.zip" };
        nested = pack(Format::Zip, &[(name, &nested), ("b.log", b"callStatus=4\n")]);
    }
    let (results, problems) = scan(&[("x.zip", &nested)], Limits::default());
    // Copies count once.
    assert_eq!(results, 2);
    assert_eq!(problems.len(), 2);
    let (results, problems) = scan(&[("x.zip", &nested)], Limits { nesting: 1, ..Limits::default() });
    assert_eq!(results, 1);
    assert_eq!(
        problems,
        ["x.zip!/inner.zip: an archive inside too many others (1) was not read; raise --max-nesting to read deeper"]
    );
}

#[test]
fn the_number_of_members_of_an_archive_is_limited() {
    let logs: Vec<(String, Vec<u8>)> =
        (0..20).map(|log| (format!("{log}.log"), format!("log {log} callStatus=102\n").into_bytes())).collect();
    let members: Vec<(&str, &[u8])> = logs.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    for format in packing::FORMATS {
        let archive = pack(format, &members);
        let limits = Limits { members: 5, ..Limits::default() };
        let reported = format!(
            "x: the {format} archive has more than 5 files, and the rest was not read; raise --max-members to read more"
        );
        assert_eq!(scan(&[("x", &archive)], limits), (5, vec![reported]), "{format}");
    }
}

#[test]
fn members_of_archives_in_an_archive_are_limited_together() {
    let inner = |number: usize| {
        let logs: Vec<(String, Vec<u8>)> = (0..3)
            .map(|log| (format!("{log}.log"), format!("log {number} {log} callStatus=102\n").into_bytes()))
            .collect();
        let members: Vec<(&str, &[u8])> = logs.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
        pack(if number == 1 { Format::Tar } else { Format::Zip }, &members)
    };
    let inner = [inner(0), inner(1), inner(2)];
    let members: Vec<(&str, &[u8])> =
        ["a.zip", "b.tar", "c.zip"].into_iter().zip(inner.iter().map(Vec::as_slice)).collect();
    for format in packing::FORMATS {
        let archive = pack(format, &members);
        let limits = Limits { members: 4, ..Limits::default() };
        let reported = |name: &str, layer: &str| {
            format!(
                "x!/{name}: x has more than 4 files at packing level 2 ({layer}), and the rest was not read; raise \
                 --max-members to read more"
            )
        };
        let reported = vec![reported("b.tar", "tar"), reported("c.zip", "zip")];
        assert_eq!(scan(&[("x", &archive)], limits), (4, reported), "{format}");
    }
}

/// Returns a sparse member of a tar, with a hole between two lines.
fn sparse(name: &str, hole: u64) -> Vec<u8> {
    // GNU tar writes numbers that do not fit into the octal digits in this form.
    let binary = |number: u64| [&[0x80, 0, 0, 0], &number.to_be_bytes()[..]].concat();
    let len = LINE.len() as u64;
    let mut header = tar::Header::new_gnu();
    header.set_path(name).unwrap();
    header.set_entry_type(tar::EntryType::GNUSparse);
    header.set_size(2 * len);
    let gnu = header.as_gnu_mut().unwrap();
    for (piece, start) in gnu.sparse.iter_mut().zip([0, len + hole]) {
        piece.offset.copy_from_slice(&binary(start));
        piece.numbytes.copy_from_slice(&binary(len));
    }
    gnu.realsize.copy_from_slice(&binary(hole + 2 * len));
    header.set_cksum();
    let mut block = [LINE, LINE].concat();
    block.resize(512, 0);
    [header.as_bytes().as_slice(), &block].concat()
}

#[test]
fn a_hole_over_the_limit_ends_its_file_but_not_the_archive() {
    let len = LINE.len() as u64;
    let log = pack(Format::Tar, &[("log", b"callStatus=4\n")]);
    let tar = [sparse("a", 8 << 40), sparse("b", u64::MAX / 4), log.clone()].concat();
    let limit = "250 times its size plus 256 MiB";
    let reported = ["a", "b"].map(|name| over(&format!("x!/{name}: x"), limit, len, "--max-ratio"));
    assert_eq!(with_threads(&tar, Limits::default(), 1), (3, reported.to_vec()));

    // Everything up to the limit counts: the first file, and a line and the hole of the second.
    let hole = 600 << 10;
    let tar = [sparse("a", hole), sparse("b", hole), sparse("c", hole), log].concat();
    let limits = |unpacked_bytes| Limits { unpacked_bytes, ..Limits::default() };
    let reported =
        |name, limit, bytes| over(&format!("x!/{name}: x"), &format!("{limit} bytes"), bytes, "--max-unpacked");
    let enough = 2 * hole + 3 * len;
    let limit = enough - 1;
    assert_eq!(with_threads(&tar, limits(limit), 1), (5, vec![reported("b", limit, len), reported("c", limit, len)]));
    let ended = format!(
        "x: x unpacks to more than {enough} bytes, and no file after that was read; raise --max-unpacked to read more"
    );
    assert_eq!(with_threads(&tar, limits(enough), 1), (3, vec![reported("b", enough, len + hole), ended]));
}

/// Several threads read the holes of sparse files in tars in a zip at the same time.
#[test]
fn where_holes_end_does_not_depend_on_the_threads() {
    let tar = [sparse("a", 100 << 10), sparse("b", 50 << 10), sparse("c", 10 << 10), vec![0; 1024]].concat();
    let names: Vec<String> = (0..12).map(|member| format!("{member}.tar")).collect();
    let members: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), tar.as_slice())).collect();
    let zip = pack(Format::Zip, &members);
    for kibibytes in [40, 120, 300, 700, 1000] {
        let limits = Limits { unpacked_bytes: kibibytes << 10, ..Limits::default() };
        let reported = with_threads(&zip, limits, 1);
        assert!(!reported.1.is_empty());
        for threads in [2, 5, 5] {
            assert_eq!(with_threads(&zip, limits, threads), reported, "{kibibytes} KiB, {threads} threads");
        }
    }
}

/// A zip of many archives, each of which unpacks to half of the limit.
#[test]
fn many_small_bombs_cost_little_more_than_one() {
    let inner = pack(Format::Zip, &[("a.gz", &compress(Codec::Gzip, &LINE.repeat(1 << 18)))]);
    let names: Vec<String> = (0..8).map(|member| format!("{member}.zip")).collect();
    let members: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), inner.as_slice())).collect();
    let outer = pack(Format::Zip, &members);
    let unpacked_bytes = (LINE.len() as u64) << 19;
    let limits = Limits { unpacked_bytes, ..Limits::default() };
    let (results, problems) = with_threads(&outer, limits, 2);
    // Each archive gets at least its share of the additional quarter. All together get at most the limit and that quarter.
    assert!((2 << 18..5 << 17).contains(&results), "{results}");
    let over = problems.iter().filter(|problem| problem.contains("raise --max-unpacked to read more")).count();
    assert_eq!((over, problems.len()), (6, 6), "{problems:?}");
}

/// Zips in zips, each of which is abandoned at the limit of its layer while it is being unpacked.
#[test]
fn where_nested_bombs_end_does_not_depend_on_the_threads() {
    let mut bomb = pack(Format::Zip, &[("a.log", &LINE.repeat(1 << 16))]);
    let names: Vec<String> = (0..12).map(|member| format!("{member}.zip")).collect();
    for _ in 0..3 {
        let members: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), bomb.as_slice())).collect();
        bomb = pack(Format::Zip, &members);
    }
    for kibibytes in [40, 60, 100, 150] {
        let limits = Limits { unpacked_bytes: kibibytes << 10, ..Limits::default() };
        let reported = with_threads(&bomb, limits, 1);
        for threads in [1, 1, 1, 2, 5] {
            assert_eq!(with_threads(&bomb, limits, threads), reported, "{kibibytes} KiB, {threads} threads");
        }
    }
}

/// Returns the results and problems of a run with this number of threads.
fn with_threads(archive: &[u8], limits: Limits, threads: usize) -> (u64, Vec<String>) {
    let opening = Opening { limits, ..Opening::default() };
    let threads = NonZeroUsize::new(threads);
    // A small range, because the members of a small archive are read by a single thread.
    let options = Options { range_bytes: 1, opening, threads, copies: CopyRule::CountAll, ..Options::default() };
    scan_with(&[("x", archive)], &options)
}

/// Returns how many complete lines are in the first `allowed` bytes.
fn lines(text: &[u8], allowed: u64) -> u64 {
    let allowed = usize::try_from(allowed).unwrap().min(text.len());
    text[..allowed].iter().filter(|byte| **byte == b'\n').count() as u64
}

/// Generates logs. A few are long enough to be read in several blocks.
fn logs() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let count = prop_oneof![4 => 0_usize..40, 1 => 1000_usize..4000];
    prop::collection::vec(count.prop_map(|count| LINE.repeat(count)), 1..12)
}

fn named<'l>(logs: &'l [Vec<u8>], names: &'l mut Vec<String>) -> Vec<(&'l str, &'l [u8])> {
    *names = (0..logs.len()).map(|log| format!("{log}.log")).collect();
    names.iter().map(String::as_str).zip(logs.iter().map(Vec::as_slice)).collect()
}

/// Returns how many bytes each member takes in the zip.
fn packed_sizes(zip: &[u8]) -> Vec<u64> {
    let mut archive = zip::ZipArchive::new(Cursor::new(zip)).unwrap();
    (0..archive.len()).map(|member| archive.by_index(member).unwrap().compressed_size()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn the_first_bytes_in_the_order_of_a_zip_are_read(logs in logs(), part in 0.0_f64..1.2) {
        let mut names = Vec::new();
        let zip = pack(Format::Zip, &named(&logs, &mut names));
        let size: usize = logs.iter().map(Vec::len).sum();
        let limit = (size as f64 * part) as u64;
        let (mut left, mut results, mut over) = (limit, 0, 0);
        for log in &logs {
            results += lines(log, left);
            over += usize::from(log.len() as u64 > left);
            left = left.saturating_sub(log.len() as u64);
        }
        let limits = Limits { unpacked_bytes: limit, ..Limits::default() };
        let reported = with_threads(&zip, limits, 1);
        prop_assert_eq!((reported.0, reported.1.len()), (results, over), "{:?}", reported.1);
        for threads in [2, 5, 5] {
            prop_assert_eq!(&with_threads(&zip, limits, threads), &reported, "{} threads", threads);
        }
    }

    #[test]
    fn compressed_files_in_a_zip_get_their_shares_and_then_the_first_bytes_up_to_the_limit(logs in logs(), part in 0.0_f64..1.2) {
        let files: Vec<Vec<u8>> = logs.iter().map(|log| compress(Codec::Gzip, log)).collect();
        let mut names = Vec::new();
        let zip = pack(Format::Zip, &named(&files, &mut names));
        let size: usize = logs.iter().map(Vec::len).sum();
        // Enough for the compressed files, so that only their contents exceed the limit.
        let least: usize = files.iter().map(Vec::len).sum();
        let limit = (least as u64).max((size as f64 * part) as u64);
        let (mut left, mut results, mut over) = (limit, 0, 0);
        for (log, packed) in logs.iter().zip(packed_sizes(&zip)) {
            let free = (limit / 4) * packed / zip.len() as u64;
            results += lines(log, free + left);
            let taken = (log.len() as u64).saturating_sub(free);
            over += usize::from(taken > left);
            left = left.saturating_sub(taken);
        }
        let limits = Limits { unpacked_bytes: limit, ..Limits::default() };
        let reported = with_threads(&zip, limits, 1);
        prop_assert_eq!((reported.0, reported.1.len()), (results, over), "{:?}", reported.1);
        for threads in [2, 5, 5] {
            prop_assert_eq!(&with_threads(&zip, limits, threads), &reported, "{} threads", threads);
        }
    }

    #[test]
    fn the_results_of_a_zip_do_not_depend_on_the_threads(
        logs in prop::collection::vec((logs(), 0_usize..9), 1..6),
        members in 1_u64..30,
        part in 0.0_f64..1.2,
        ratio in 0_u64..30,
    ) {
        let files: Vec<Vec<u8>> = logs
            .iter()
            .map(|(logs, kind)| {
                let mut names = Vec::new();
                let logs = named(logs, &mut names);
                match kind {
                    0 => compress(Codec::Gzip, logs[0].1),
                    // A picture is skipped as soon as it is recognised.
                    1 => [b"\x89PNG\r\n\x1a\n", logs[0].1].concat(),
                    2 => compress(Codec::Xz, &pack(Format::Tar, &logs)),
                    // Each log is in a zip of its own, and these are in another zip.
                    7 | 8 => {
                        let inner = |log| pack(Format::Zip, &[("a.log", log), ("b.log", &log[..log.len() / 2])]);
                        let zips: Vec<Vec<u8>> = logs.iter().map(|(_, log)| inner(log)).collect();
                        let mut names = Vec::new();
                        pack(Format::Zip, &named(&zips, &mut names))
                    }
                    kind => pack(packing::FORMATS[kind - 3], &logs),
                }
            })
            .collect();
        let mut names = Vec::new();
        let zip = pack(Format::Zip, &named(&files, &mut names));
        let size: usize = logs.iter().flat_map(|(logs, _)| logs).map(Vec::len).sum();
        let unpacked_bytes = (size as f64 * part) as u64;
        let limits = Limits { members, unpacked_bytes, ratio, floor_bytes: unpacked_bytes / 2, ..Limits::default() };
        let reported = with_threads(&zip, limits, 1);
        for threads in [2, 5, 5] {
            prop_assert_eq!(&with_threads(&zip, limits, threads), &reported, "{} threads", threads);
        }
    }
}
