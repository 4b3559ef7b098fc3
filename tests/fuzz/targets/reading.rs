//! Hands bytes to the program as users do, and tells what came of it in a form that can be compared.

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

/// What may come out of each layer of a file, in bytes: little, so that the limits are met.
pub(crate) const UNPACKED_BYTES: u64 = 1 << 20;
/// How many members may be in it.
pub(crate) const MEMBERS: u64 = 50;
/// How deep archives may be nested.
pub(crate) const NESTING: u8 = 4;
/// What a pipe holds without anybody reading from it, in bytes.
const PIPE_BYTES: usize = 60 << 10;

static SET: LazyLock<PatternSet> =
    LazyLock::new(|| PatternSet::compile(&callcodes::config::built_in()).expect("the tests compile them"));

/// How the bytes come to the program.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Way {
    /// They can be read at any place.
    File,
    /// They come once, from front to back.
    Pipe,
}

/// What a run finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) counts: Vec<(Key, u64)>,
    /// Of text that was scanned.
    pub(crate) bytes: u64,
    /// The path, kind and wording of each, without the name of the input.
    pub(crate) problems: Vec<(String, Kind, String)>,
}

/// What a run over `bytes` finds; `None` if they are more than a pipe holds.
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

/// The one that the seeds are encrypted with. Not for a 7z, of which the first bytes say how many seconds a key takes.
fn passwords(bytes: &[u8]) -> Passwords {
    let is_zip = Format::of(bytes) == Some(Format::Zip);
    Passwords::new(if is_zip { vec!["other".to_owned(), "secret".to_owned()] } else { Vec::new() })
}

fn run(path: PathBuf, passwords: Passwords, threads: usize, copies: CopyRule) -> Seen {
    let name = path.display().to_string();
    // How problems call the file on disk when they tell how much it unpacks to.
    let file = path.file_name().map(|file| format!("{} ", file.display())).unwrap_or_default();
    let limits = Limits { members: MEMBERS, unpacked_bytes: UNPACKED_BYTES, nesting: NESTING, ..Limits::default() };
    let options = Options {
        threads: NonZeroUsize::new(threads),
        // So that small files, too, are shared among threads.
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
