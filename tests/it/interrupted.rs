//! Tests interrupted runs: everything that was read before the interruption counts, and everything else is reported.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use callcodes::amount::Amount;
use callcodes::catalogue::Catalogue;
use callcodes::chunk::{Chunk, Limits};
use callcodes::config;
use callcodes::pattern::PatternSet;
use callcodes::pipeline::Outcome;
use callcodes::pipeline::summarise::summarise;
use callcodes::pipeline::{self, CopyRule, Event, Options, Outlet, Visitor};
use callcodes::problem::{Kind, Problem, Remedy};
use callcodes::report::{Report, Searched};
use callcodes::scan::Scanner;
use callcodes::source::{Openable, Source, Stop, Walk};
use callcodes::unpack::{Codec, Format};
use proptest::prelude::*;

use crate::packing;

/// A line of 16 bytes with one result.
const LINE: &str = "call_status: 21\n";
const LINE_BYTES: u64 = LINE.len() as u64;

static PATTERNS: LazyLock<PatternSet> = LazyLock::new(|| PatternSet::compile(&config::built_in()).unwrap());

fn options(threads: usize) -> Options {
    // Small limits give many ranges and chunks.
    let limits = Limits { block_bytes: 64, line_bytes: 64, lookahead_bytes: 16 };
    // The logs are copies of one another, and each has to count here.
    let copies = CopyRule::CountAll;
    Options { threads: NonZeroUsize::new(threads), range_bytes: 256, limits, copies, ..Options::default() }
}

fn walk(folder: &Path) -> Walk {
    Walk::new(vec![folder.to_owned()])
}

/// Returns a folder with the files `00.log`, `01.log` and so on, which have these numbers of lines.
fn logs(line_counts: &[usize]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (number, &count) in line_counts.iter().enumerate() {
        fs::write(folder.path().join(format!("{number:02}.log")), LINE.repeat(count)).unwrap();
    }
    folder
}

fn file_name(path: &str) -> String {
    Path::new(path).file_name().unwrap().to_str().unwrap().to_owned()
}

/// Counts lines, and stops the run at a given chunk.
struct Counting {
    lines: u64,
    chunks_left: Arc<AtomicU64>,
    stop: Stop,
}

impl Visitor for Counting {
    type Part = u64;

    fn chunk(&mut self, _: &Source, chunk: &Chunk<'_>, _: &mut Scanner<'_>, _: &mut Outlet<'_, u64>) {
        self.lines += chunk.owned().iter().filter(|&&byte| byte == b'\n').count() as u64;
        if self.chunks_left.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.stop.request();
        }
    }

    fn finish(&mut self, out: &mut Outlet<'_, u64>) {
        out.part(std::mem::take(&mut self.lines));
    }
}

/// How much of a source was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Read {
    lines: u64,
    bytes: u64,
    is_cut: bool,
}

/// Returns the sources that the run began to read, and the problems that belong to no source.
fn run(folder: &Path, options: &Options, chunks: u64) -> (BTreeMap<String, Read>, Vec<Problem>) {
    let chunks_left = Arc::new(AtomicU64::new(chunks));
    let stop = &options.opening.stop;
    let (mut read, mut problems, mut lines) = (BTreeMap::new(), Vec::new(), 0);
    pipeline::run(
        walk(folder),
        &PATTERNS,
        Catalogue::built_in(),
        options,
        || Counting { lines: 0, chunks_left: Arc::clone(&chunks_left), stop: stop.clone() },
        &mut |event| {
            match event {
                Event::Part(part) => lines += part,
                Event::Replaced(replaced) => panic!("{replaced:?}"),
                Event::Problem(problem) => problems.push(problem),
                Event::SourceEnd(end) => {
                    let is_cut = !end.problems.is_empty();
                    assert_eq!(end.bytes.is_none(), is_cut && lines == 0);
                    assert!(end.problems.iter().all(|problem| *problem == Problem::interrupted(&end.source.name)));
                    let source = Read { lines: std::mem::take(&mut lines), bytes: end.bytes.unwrap_or(0), is_cut };
                    read.insert(file_name(&end.source.name), source);
                }
            }
            Ok(())
        },
    )
    .unwrap();
    (read, problems)
}

proptest! {
    #[test]
    fn every_source_is_either_read_completely_or_reported(
        line_counts in prop::collection::vec(0_usize..60, 1..8),
        threads in 1_usize..4,
        chunks in 0_u64..40,
    ) {
        let folder = logs(&line_counts);
        let options = options(threads);
        if chunks == 0 {
            options.opening.stop.request();
        }
        let (read, problems) = run(folder.path(), &options, chunks);
        let is_interrupted = options.opening.stop.is_requested();
        for (number, &count) in line_counts.iter().enumerate() {
            let Some(source) = read.get(&format!("{number:02}.log")) else {
                // This source was not begun, and no source after it was.
                prop_assert!(is_interrupted);
                prop_assert_eq!(read.len(), number);
                prop_assert_eq!(problems.len(), 1);
                prop_assert_eq!(file_name(&problems[0].path), format!("{number:02}.log"));
                prop_assert_eq!(problems[0].kind, Kind::Interrupted);
                return Ok(());
            };
            let whole = Read { lines: count as u64, bytes: count as u64 * LINE_BYTES, is_cut: false };
            if source.is_cut {
                prop_assert!(is_interrupted);
                prop_assert_eq!(source.bytes, source.lines * LINE_BYTES);
                prop_assert!(source.lines <= whole.lines);
            } else {
                prop_assert_eq!(*source, whole);
            }
        }
        // All sources were begun.
        let is_cut_reported = read.values().any(|source| source.is_cut);
        let expected = if is_interrupted && !is_cut_reported { vec![Problem::interrupted("all inputs")] } else { Vec::new() };
        prop_assert_eq!(problems, expected);
    }
}

proptest! {
    #[test]
    fn copies_do_not_count_in_an_interrupted_run(
        line_counts in prop::collection::vec(1_usize..6, 1..8),
        packed in prop::collection::vec(any::<bool>(), 8),
        threads in 1_usize..4,
        chunks in 1_u64..30,
    ) {
        let folder = logs(&line_counts);
        for (number, _) in packed.iter().take(line_counts.len()).enumerate().filter(|(_, is_packed)| **is_packed) {
            let path = folder.path().join(format!("{number:02}.log"));
            fs::write(&path, packing::compress(Codec::Gzip, &fs::read(&path).unwrap())).unwrap();
        }
        let options = Options { copies: CopyRule::CountOnce, ..options(threads) };
        let (chunks_left, stop) = (Arc::new(AtomicU64::new(chunks)), &options.opening.stop);
        let mut lines = 0;
        let visitor = || Counting { lines: 0, chunks_left: Arc::clone(&chunks_left), stop: stop.clone() };
        pipeline::run(walk(folder.path()), &PATTERNS, Catalogue::built_in(), &options, visitor, &mut |event| {
            if let Event::Part(part) = event {
                lines += part;
            }
            Ok(())
        })
        .unwrap();
        let different: BTreeSet<usize> = line_counts.into_iter().collect();
        prop_assert!(lines <= different.iter().sum::<usize>() as u64);
        prop_assert!(stop.is_requested() || lines == different.iter().sum::<usize>() as u64);
    }
}

fn summary(folder: &Path, options: &Options) -> Outcome {
    summarise(walk(folder), &PATTERNS, Catalogue::built_in(), options).unwrap()
}

#[test]
fn a_run_interrupted_before_it_begins_reads_nothing_and_reports_that() {
    let folder = logs(&[3, 5]);
    let options = options(2);
    options.opening.stop.request();
    let outcome = summary(folder.path(), &options);
    let first = folder.path().join("00.log").to_str().unwrap().to_owned();
    let what = "neither this nor what follows was read, because the run was interrupted";
    let expected = Problem::new(first, Kind::Interrupted, what).remedy(Remedy::RunAgainForRest);
    assert_eq!(outcome.problems, [expected]);
    let report = Report::new(&outcome.summary, outcome.problems, Catalogue::built_in(), Searched::default());
    assert_eq!((report.is_partial, report.results, report.totals.files_read), (true, 0, 0));
}

#[test]
fn a_complete_run_is_not_partial() {
    let folder = logs(&[3, 5]);
    let outcome = summary(folder.path(), &options(2));
    assert_eq!(outcome.problems, []);
    let report = Report::new(&outcome.summary, outcome.problems, Catalogue::built_in(), Searched::default());
    assert_eq!((report.is_partial, report.results, report.totals.files_read), (false, 8, 2));
}

#[test]
fn files_of_an_archive_read_before_the_interruption_count() {
    // One chunk of the second file in the archive is read.
    let text = LINE.repeat(100);
    let members = [("a", LINE.as_bytes()), ("b", text.as_bytes()), ("c", LINE.as_bytes())];
    for format in [Format::Zip, Format::Tar, Format::SevenZip, Format::Cab] {
        // Several threads can read the files of one zip at the same time, so zip is tested with one thread.
        for threads in if format == Format::Zip { vec![1] } else { vec![1, 3] } {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("all"), packing::pack(format, &members)).unwrap();
            let (read, problems) = run(folder.path(), &options(threads), 2);
            let [(a, first), (b, second)] = &read.into_iter().collect::<Vec<_>>()[..] else { panic!("{format}") };
            assert_eq!((a.as_str(), first), ("a", &Read { lines: 1, bytes: LINE_BYTES, is_cut: false }), "{format}");
            assert_eq!((b.as_str(), second.is_cut, second.bytes), ("b", true, second.lines * LINE_BYTES), "{format}");
            assert!((1..100).contains(&second.lines), "{format}: {second:?}");
            let archive = folder.path().join("all").to_str().unwrap().to_owned();
            assert_eq!(problems, [Problem::interrupted(archive)], "{format}");
        }
    }
}

/// Every file that a run finds counts with its listed size, whether it is read or skipped.
#[test]
fn the_meter_ends_at_the_sum_of_the_listed_sizes() {
    let folder = logs(&[0, 3, 500]);
    fs::write(folder.path().join("packed.gz"), packing::compress(Codec::Gzip, LINE.repeat(10_000).as_bytes())).unwrap();
    fs::write(folder.path().join("picture.png"), [b"\x89PNG\r\n\x1a\n".as_slice(), &[0; 100_000]].concat()).unwrap();
    fs::create_dir(folder.path().join("deep")).unwrap();
    fs::write(
        folder.path().join("deep/utf-16.log"),
        "\u{feff}call_status: 21\n".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>(),
    )
    .unwrap();
    for threads in [1, 3] {
        let mut listed = Amount::default();
        for source in walk(folder.path()).flatten() {
            listed += Amount { bytes: source.disk_bytes().unwrap(), files: 1 };
        }
        assert_eq!(listed.files, 6);
        let options = options(threads);
        let outcome = summary(folder.path(), &options);
        assert_eq!(outcome.summary.results(), 3 + 500 + 10_000 + 1);
        // Threads that decompress may end after the run.
        let deadline = Instant::now() + Duration::from_secs(60);
        while options.opening.meter.read() != listed {
            assert!(Instant::now() < deadline, "{:?}, not {listed:?}", options.opening.meter.read());
            std::thread::yield_now();
        }
    }
}

#[test]
fn a_file_that_cannot_be_opened_counts_as_skipped() {
    let folder = logs(&[3]);
    let options = options(1);
    let gone = folder.path().join("gone.log");
    let inputs = vec![gone.clone(), folder.path().join("00.log")];
    let outcome = summarise(Walk::new(inputs), &PATTERNS, Catalogue::built_in(), &options).unwrap();
    assert_eq!(outcome.problems.len(), 1);
    assert_eq!(options.opening.meter.read(), Amount { bytes: 3 * LINE_BYTES, files: 2 });
    assert_eq!(Openable::file(&gone).disk_bytes(), Some(0));
}
