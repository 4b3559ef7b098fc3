//! Scans bytes as a file or through a pipe, and returns the outcome in a form that can be compared.

use std::io::{self, Write as _};
use std::num::NonZeroUsize;
use std::os::fd::AsRawFd as _;
use std::path::PathBuf;
use std::sync::LazyLock;

use callcodes::catalogue::Catalogue;
use callcodes::code::Key;
use callcodes::pattern::PatternSet;
use callcodes::pipeline::summarise::summarise;
use callcodes::pipeline::{CopyRule, Options};
use callcodes::problem::Kind;
use callcodes::report::problems::detail;
use callcodes::source::{Limits, Opening, Walk};
use callcodes::unpack::{Format, Passwords};

/// The most bytes that each layer of a file may yield. Small, so that inputs reach the limit.
pub(crate) const UNPACKED_BYTES: u64 = 1 << 20;
/// The most files that an archive may contain.
pub(crate) const MEMBERS: u64 = 50;
/// The most levels to which archives may be nested.
pub(crate) const NESTING: u8 = 4;
/// The number of bytes that can be written to a pipe before anything is read from it.
const PIPE_BYTES: usize = 60 << 10;

static SET: LazyLock<PatternSet> =
    LazyLock::new(|| PatternSet::compile(&callcodes::config::built_in()).expect("the tests compile them"));

/// How the bytes are passed to the program.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Way {
    /// As a file, which can be read at any offset.
    File,
    /// Through a pipe, which can be read once, from start to end.
    Pipe,
}

/// The outcome of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) counts: Vec<(Key, u64)>,
    /// The bytes of text that were scanned.
    pub(crate) bytes: u64,
    /// The path, kind and wording of each problem, without the name of the input.
    pub(crate) problems: Vec<(String, Kind, String)>,
}

/// Returns the outcome of a run over `bytes`, or `None` if they do not fit in a pipe.
pub(crate) fn scan(bytes: &[u8], way: Way, threads: usize, copies: CopyRule) -> Option<Seen> {
    match way {
        Way::File => {
            let mut file = tempfile::NamedTempFile::new().expect("a folder for temporary files");
            file.write_all(bytes).expect("room for temporary files");
            Some(run(file.path().to_owned(), passwords(bytes), threads, copies))
        }
        Way::Pipe if bytes.len() > PIPE_BYTES => None,
        Way::Pipe => {
            let (reader, mut writer) = io::pipe().expect("a pipe");
            writer.write_all(bytes).expect("room in the pipe");
            drop(writer);
            Some(run(PathBuf::from(format!("/dev/fd/{}", reader.as_raw_fd())), passwords(bytes), threads, copies))
        }
    }
}

/// Returns a wrong password and that of the seeds. For 7z, whose input decides how long it takes to derive a key, returns none.
fn passwords(bytes: &[u8]) -> Passwords {
    let is_zip = Format::of(bytes) == Some(Format::Zip);
    Passwords::new(if is_zip { vec!["other".to_owned(), "secret".to_owned()] } else { Vec::new() })
}

fn run(path: PathBuf, passwords: Passwords, threads: usize, copies: CopyRule) -> Seen {
    let name = path.display().to_string();
    // Problems about the unpacked size begin with the name of the file on disk.
    let file = path.file_name().map(|file| format!("{} ", file.display())).unwrap_or_default();
    let limits = Limits { members: MEMBERS, unpacked_bytes: UNPACKED_BYTES, nesting: NESTING, ..Limits::default() };
    let options = Options {
        threads: NonZeroUsize::new(threads),
        // Small ranges divide even small files among threads.
        range_bytes: 300,
        opening: Opening { limits, passwords, ..Opening::default() },
        copies,
        ..Options::default()
    };
    let outcome =
        summarise(Walk::new(vec![path]), &SET, Catalogue::built_in(), &options).expect("threads can be started");
    let problems = outcome.problems.into_iter().map(|problem| {
        let detail = detail(&problem).replace(&name, "x");
        let detail = detail.strip_prefix(&file).map(|rest| format!("x {rest}")).unwrap_or(detail);
        (problem.path.replace(&name, "x"), problem.kind, detail)
    });
    Seen {
        counts: outcome.summary.iter().map(|(key, row)| (key, row.tally.count)).collect(),
        bytes: outcome.summary.totals().bytes,
        problems: problems.collect(),
    }
}
