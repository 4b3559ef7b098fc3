//! Tests logs that are written to, truncated, rotated or deleted while they are being read.
//!
//! These tests need no clock and no second process: the visitor changes the log when the first chunk is scanned, before the rest
//! is read.

use std::fs::{self, File};
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use callcodes::catalogue::Catalogue;
use callcodes::chunk::{Chunk, Limits};
use callcodes::pattern::PatternSet;
use callcodes::pipeline::{self, Event, Options, Outlet, Visitor};
use callcodes::problem::Problem;
use callcodes::report::problems::detail;
use callcodes::scan::Scanner;
use callcodes::source::{Source, Walk};

/// The number of lines, which have 16 bytes and one result each. This is more than is read when a log is opened.
const LINES: usize = 5000;
/// The number of complete lines in a log after it is truncated. Another, incomplete line follows.
const LEFT: u64 = 4498;
const LINE: &[u8; 16] = b"callStatus=102;\n";

/// Calls a function with the offset of each chunk, and counts the results.
struct Meddle<'m, F> {
    meddle: &'m Mutex<F>,
}

impl<F: FnMut(u64) + Send> Visitor for Meddle<'_, F> {
    type Part = u64;

    fn chunk(&mut self, _: &Source, chunk: &Chunk<'_>, scanner: &mut Scanner<'_>, out: &mut Outlet<'_, u64>) {
        (self.meddle.lock().unwrap())(chunk.offset);
        let mut hits = 0;
        scanner.scan(chunk, |_| hits += 1);
        out.part(hits);
    }

    fn finish(&mut self, _: &mut Outlet<'_, u64>) {}
}

/// Returns the number of results and the problems of a folder with a log of [`LINES`] lines. `meddle` is called with the path of
/// the log when about ten lines have been read.
fn read_while(range_bytes: u64, meddle: impl FnOnce(&Path) + Send) -> (u64, Vec<String>) {
    let mut once = Some(meddle);
    read_with(range_bytes, |path, _| {
        if let Some(meddle) = once.take() {
            meddle(path);
        }
    })
}

/// Like [`read_while`], but calls `meddle` with the path and the offset at each chunk.
fn read_with(range_bytes: u64, mut meddle: impl FnMut(&Path, u64) + Send) -> (u64, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.log");
    fs::write(&path, LINE.repeat(LINES)).unwrap();
    let limits = Limits { block_bytes: 160, line_bytes: 64, lookahead_bytes: 16 };
    let options = Options { threads: NonZeroUsize::new(1), range_bytes, limits, ..Options::default() };
    let set = PatternSet::compile(&callcodes::config::built_in()).unwrap();
    let meddle = Mutex::new(|offset| meddle(&path, offset));
    let (mut hits, mut problems) = (0, Vec::new());
    let walk = Walk::new(vec![folder.path().to_owned()]);
    let visitor = || Meddle { meddle: &meddle };
    pipeline::run(walk, &set, Catalogue::built_in(), &options, visitor, &mut |event| {
        match event {
            Event::Part(part) => hits += part,
            Event::Replaced(replaced) => panic!("{replaced:?}"),
            Event::Problem(problem) => problems.push(reported(&problem, folder.path())),
            Event::SourceEnd(end) => problems.extend(end.problems.into_iter().map(|one| reported(&one, folder.path()))),
        }
        Ok(())
    })
    .unwrap();
    (hits, problems)
}

fn reported(problem: &Problem, folder: &Path) -> String {
    let below = PathBuf::from(&problem.path).strip_prefix(folder).unwrap().display().to_string();
    format!("{}: {below}: {}", problem.kind, detail(problem))
}

/// Range sizes: the log in one range, and in many, of which some begin after the new end.
const RANGES: [u64; 2] = [1 << 20, 64];

#[test]
fn data_appended_while_a_log_is_being_read_is_not_read() {
    for range_bytes in RANGES {
        let read = read_while(range_bytes, |path| {
            File::options().append(true).open(path).unwrap().write_all(&LINE.repeat(LINES)).unwrap();
        });
        assert_eq!(read, (LINES as u64, vec![]));
    }
}

#[test]
fn a_log_that_is_truncated_while_it_is_read_is_read_up_to_there_and_reported() {
    for range_bytes in RANGES {
        // The log is truncated in the middle of a line, which does not count.
        let read = read_while(range_bytes, |path| {
            File::options().write(true).open(path).unwrap().set_len(LEFT * 16 + 14).unwrap();
        });
        let reported = "shortened: app.log: it became shorter while it was being read; only the whole lines in the 71982 \
                    bytes before that were read; scan a copy, or scan again when nothing is writing to it";
        assert_eq!(read, (LEFT, vec![reported.to_owned()]));
    }
}

/// Ranges after that offset may be read by another thread before the error, or because the log grows again.
#[test]
fn nothing_after_a_failed_read_counts() {
    let read = read_with(64, |path, offset| {
        // The range that contains the new end begins two lines before it. Its second line is read after the error.
        if offset < (LEFT - 1) * 16 {
            File::options().write(true).open(path).unwrap().set_len(LEFT * 16 + 14).unwrap();
        } else {
            fs::write(path, LINE.repeat(LINES)).unwrap();
        }
    });
    let reported = "shortened: app.log: it became shorter while it was being read; only the whole lines in the 71982 \
                bytes before that were read; scan a copy, or scan again when nothing is writing to it";
    assert_eq!(read, (LEFT, vec![reported.to_owned()]));
}

// Not on Windows, which does not let an open file be replaced by renaming, nor, in old versions, be deleted.
#[cfg(unix)]
#[test]
fn a_log_that_is_rotated_replaced_or_deleted_is_read_as_it_was() {
    for range_bytes in RANGES {
        let rotated = read_while(range_bytes, |path| {
            fs::rename(path, path.with_extension("1")).unwrap();
            fs::write(path, LINE).unwrap();
        });
        assert_eq!(rotated, (LINES as u64, vec![]));
        let deleted = read_while(range_bytes, |path| fs::remove_file(path).unwrap());
        assert_eq!(deleted, (LINES as u64, vec![]));
    }
}

#[test]
fn a_log_that_is_deleted_before_it_is_opened_is_a_problem_and_the_others_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let logs = ["a.log", "b.log"].map(|name| folder.path().join(name));
    for log in &logs {
        fs::write(log, LINE).unwrap();
    }
    let mut walk = Walk::new(vec![folder.path().to_owned()]);
    let listed: Vec<_> = walk.by_ref().collect();
    fs::remove_file(&logs[0]).unwrap();
    let set = PatternSet::compile(&callcodes::config::built_in()).unwrap();
    let options = Options::default();
    let outcome = pipeline::summarise::summarise(listed.into_iter(), &set, Catalogue::built_in(), &options).unwrap();
    let problems: Vec<_> = outcome.problems.into_iter().map(|problem| reported(&problem, folder.path())).collect();
    assert_eq!(problems, ["unreadable: a.log: no such file or folder"]);
    assert_eq!((outcome.summary.results(), outcome.summary.totals().files_read), (1, 1));
}

/// Reading fails after opening has succeeded, because the memory of a process has nothing at address 0.
#[cfg(target_os = "linux")]
#[test]
fn an_error_in_the_middle_of_reading_is_a_problem_and_the_others_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("a.log");
    fs::write(&log, LINE).unwrap();
    let set = PatternSet::compile(&callcodes::config::built_in()).unwrap();
    let inputs = Walk::new(vec![PathBuf::from("/proc/self/mem"), log]);
    let outcome = pipeline::summarise::summarise(inputs, &set, Catalogue::built_in(), &Options::default()).unwrap();
    let problems: Vec<_> = outcome.problems.iter().map(ToString::to_string).collect();
    assert_eq!(problems, ["/proc/self/mem: Input/output error (os error 5)"]);
    assert_eq!(outcome.summary.results(), 1);
}
