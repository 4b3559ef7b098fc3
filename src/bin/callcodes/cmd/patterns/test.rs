//! `patterns test`: shows what the patterns match in pasted lines.

use std::ffi::OsStr;
use std::io;
use std::path::Path;

use callcodes::neighbour::neighbour;
use callcodes::pattern::PatternSet;
use callcodes::pattern::diagnostic::Diagnostic;
use callcodes::problem::Problem;
use callcodes::render::trial::{Shown, write};
use callcodes::scan::trial::{self, EXPLAINED_LINE_BYTES, EXPLAINED_LINES, Outcome};
use callcodes::source::STDIN;

use crate::args::PatternArgs;
use crate::paste;
use crate::settings;
use crate::status::{Failure, Status};
use crate::term::{self, Output, Styles};

/// The largest size of pasted lines, in bytes. Anything larger is a log.
const LIMIT_BYTES: usize = 1 << 20;
/// The largest number of pasted lines. Anything longer is a log.
const LIMIT_LINES: usize = 1_000;

pub(crate) fn run(input: Option<&OsStr>, patterns: &PatternArgs) -> Result<Status, Failure> {
    let config = settings::config(patterns)?;
    let (catalogue, definitions) = (config.catalogue(), config.definitions);
    // Examples are not checked, because users come here to see why an example fails.
    let set = PatternSet::compile(&definitions).map_err(|refused| settings::diagnostics(&[refused]))?;
    let mut text = read(input.filter(|input| *input != STDIN))?;
    let was_cut = cut(&mut text);

    let lines = trial::run(&definitions, &set, catalogue, &text);
    let shown = Shown { definitions: &definitions, catalogue, width: term::width(None) };
    Output::write_whole(None, &Styles::default(), |output| write(&shown, &lines, output))?;
    if was_cut {
        term::note(
            "only the first 1,000 lines, and at most 1 MiB of them, were tested. Use `callcodes lines` for whole logs",
        );
    }
    if lines.iter().any(|line| matches!(line.outcome, Outcome::Unexplained)) {
        let limit = EXPLAINED_LINE_BYTES >> 10;
        term::note(format_args!(
            "of the lines without a match, only the first {EXPLAINED_LINES} that have at most {limit} KiB are explained"
        ));
    }
    Ok(Status::Done)
}

/// Returns the lines to test: those of standard input or of a file, or `input` itself. They may slightly exceed the limit.
fn read(input: Option<&OsStr>) -> Result<Vec<u8>, Failure> {
    let path = input.map(Path::new);
    let text = match (path, input.and_then(OsStr::to_str)) {
        (None, _) => {
            term::note_waiting_for("paste log lines here");
            paste::read(None, LIMIT_BYTES as u64)
        }
        (Some(path), Some(line)) if !path.exists() && is_line(line) => return Ok(line.as_bytes().to_owned()),
        (Some(path), _) if path.is_dir() => {
            Err(Problem::unreadable(path.display().to_string(), &io::Error::other("it is a folder")))
        }
        // Trying to read the file would suggest a path, but in other words.
        (Some(path), _) if !path.exists() => {
            Err(Problem::unreadable(path.display().to_string(), &io::ErrorKind::NotFound.into()))
        }
        (Some(path), _) => paste::read(Some(path), LIMIT_BYTES as u64),
    };
    text.map_err(|problem| {
        let near = path.filter(|path| !path.exists()).and_then(neighbour);
        let remedy = match near {
            Some(near) => format!("did you mean {}?", near.display()),
            None => "pass a file with log lines or a line in quotation marks, or pass nothing and paste the lines"
                .to_owned(),
        };
        settings::diagnostics(&[Diagnostic::new(term::shown(&format!("cannot read {problem}"))).remedy(remedy)])
    })
}

/// Whether an argument that is not the name of a file is a line from a log: it contains characters that are rare in names and
/// common in log lines.
pub(super) fn is_line(text: &str) -> bool {
    let after_drive = match text.as_bytes() {
        [b'a'..=b'z' | b'A'..=b'Z', b':', b'\\' | b'/', ..] => &text[2..],
        _ => text,
    };
    after_drive.contains(|character: char| character.is_whitespace() || "=:;<>|\"'{}[]".contains(character))
}

/// Cuts the text to the limits, and returns whether anything was cut.
fn cut(text: &mut Vec<u8>) -> bool {
    let whole = text.len();
    let lines = text.split_inclusive(|&byte| byte == b'\n').take(LIMIT_LINES).map(<[u8]>::len);
    let end = lines.sum::<usize>().min(LIMIT_BYTES);
    text.truncate(end);
    end < whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_distinguished_from_the_path_of_a_missing_file() {
        assert!(
            ["rawCallStatus=21", "call status 108", "callStatus:108", "<callStatus>", "C:x"]
                .iter()
                .all(|text| is_line(text))
        );
        assert!(!["no-such.txt", r"C:\logs\a.log", "logs/a.log", ""].iter().any(|text| is_line(text)));
    }
}
