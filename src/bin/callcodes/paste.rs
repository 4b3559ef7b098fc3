//! Reads lines that are pasted, piped in or in a small file. They are decompressed and decoded in the same way as by `scan`.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use callcodes::problem::Problem;
use callcodes::source::select::Content;
use callcodes::source::{Openable, Opened, Opening, STDIN, Selection, Walk};
use callcodes::units::Units;
use callcodes::unpack::FileSpan;

/// Returns the text of a file, or of standard input if `file` is `None`, in UTF-8. Stops reading soon after `limit_bytes`.
///
/// # Errors
///
/// Returns a problem if the text cannot be read. Its wording fits after `cannot read …`.
pub(crate) fn read(file: Option<&Path>, limit_bytes: u64) -> Result<Vec<u8>, Problem> {
    match file {
        Some(file) => decoded(Openable::file(file), limit_bytes),
        None => {
            let selection = Selection { content: Content::Any, ..Selection::default() };
            let mut walk = Walk::new(vec![PathBuf::from(STDIN)]).selecting(selection);
            walk.next().map_or(Ok(Vec::new()), |source| decoded(source?, limit_bytes))
        }
    }
}

fn decoded(openable: Openable, limit_bytes: u64) -> Result<Vec<u8>, Problem> {
    let source = Arc::clone(openable.source());
    let name = if source.name == "stdin" { "standard input" } else { &source.name };
    let unreadable = |reason: io::Error| Problem::unreadable(name, &reason);
    let (units, data) = match openable.open(&Opening::default()).map_err(unreadable)? {
        Opened::File(file) => {
            let units = file.written.units;
            (units, taken(FileSpan::new(&file.file, 0, file.len), units, limit_bytes).map_err(unreadable)?)
        }
        Opened::Compressed(stream) | Opened::Stream(stream) => {
            let units = stream.what.written.units;
            (units, taken(stream.reader, units, limit_bytes).map_err(unreadable)?)
        }
        Opened::Archive(_) => {
            let reason = "it is an archive. Use `callcodes lines` to read the files in it";
            return Err(unreadable(io::Error::other(reason)));
        }
        Opened::Skipped(problem) => return Err(Problem { path: name.to_owned(), ..problem }),
        Opened::LeftOut => (Units::Bytes, Vec::new()),
    };
    Ok(units.lines_in_utf8(&data))
}

fn taken(reader: impl Read, units: Units, limit_bytes: u64) -> io::Result<Vec<u8>> {
    let mut data = Vec::new();
    reader.take((limit_bytes + 1) * units.size_bytes() as u64).read_to_end(&mut data)?;
    Ok(data)
}
