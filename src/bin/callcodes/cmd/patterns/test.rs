//! `patterns test`: pasted lines, and what the patterns make of them.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use callcodes::catalogue::Catalogue;
use callcodes::pattern::diagnostic::Diagnostic;
use callcodes::problem::Problem;
use callcodes::render::trial::{Shown, write};
use callcodes::scan::proof;
use callcodes::scan::trial::{self, EXPLAINED_LINE_BYTES, EXPLAINED_LINES, Outcome};
use callcodes::source::STDIN;

use crate::args::PatternArgs;
use crate::settings;
use crate::status::{Failure, Status};
use crate::term::{self, Output, Styles};

/// The most that is taken for pasted lines; more is a log.
const LIMIT_BYTES: usize = 1 << 20;
const LIMIT_LINES: usize = 1_000;

pub(crate) fn run(input: Option<&Path>, patterns: &PatternArgs) -> Result<Status, Failure> {
    let definitions = settings::definitions(patterns)?;
    // Not proved: whose example is not kept comes here to see why.
    let set = proof::compile_unproved(&definitions).map_err(|refused| settings::diagnostics(&[refused]))?;
    let catalogue = Catalogue::built_in();
    let mut text = read(input.filter(|path| *path != Path::new(STDIN)))?;
    let was_cut = cut(&mut text);

    let lines = trial::run(&definitions, &set, catalogue, &text);
    let shown = Shown { definitions: &definitions, catalogue, width: term::width(None) };
    let mut output = Output::open(None, &Styles::default())?;
    write(&shown, &lines, &mut output).map_err(|reason| output.error(reason))?;
    output.finish()?;
    if was_cut {
        term::note(
            "only the first 1,000 lines, and of them at most 1 MiB, were tried. `callcodes lines` reads whole logs",
        );
    }
    if lines.iter().any(|line| matches!(line.outcome, Outcome::Unexplained)) {
        let limit = EXPLAINED_LINE_BYTES >> 10;
        term::note(format_args!(
            "of the lines that no pattern takes, only the first {EXPLAINED_LINES} of at most {limit} KiB are explained"
        ));
    }
    Ok(Status::Done)
}

/// At most one byte more than the limit.
fn read(path: Option<&Path>) -> Result<Vec<u8>, Failure> {
    let Some(path) = path else {
        term::tell_typing("paste log lines here; end them, on a line of its own,");
        return take(io::stdin().lock()).map_err(|error| {
            Failure::Message(format!("cannot read {}", Problem::unreadable("standard input", &error)))
        });
    };
    let file = if path.is_dir() { Err(io::Error::other("it is a folder")) } else { File::open(path) };
    file.and_then(take).map_err(|error| {
        let problem = Problem::unreadable(path.display().to_string(), &error);
        let remedy = "give the path of a file with log lines, or none and paste the lines";
        settings::diagnostics(&[Diagnostic::new(format!("cannot read {problem}")).remedy(remedy)])
    })
}

fn take(reader: impl Read) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    reader.take(LIMIT_BYTES as u64 + 1).read_to_end(&mut text)?;
    Ok(text)
}

/// Leaves what the limits allow, and tells whether there was more.
fn cut(text: &mut Vec<u8>) -> bool {
    let whole = text.len();
    let lines = text.split_inclusive(|&byte| byte == b'\n').take(LIMIT_LINES).map(<[u8]>::len);
    let end = lines.sum::<usize>().min(LIMIT_BYTES);
    text.truncate(end);
    end < whole
}
