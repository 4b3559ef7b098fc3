//! From the arguments to the files below them, in a stable order.

use std::path::{Path, PathBuf};
use std::vec;

use walkdir::WalkDir;

use super::{STDIN, Source};
use crate::problem::{Kind, Problem};

/// A file to read, or why there is none.
pub type Found = Result<Source, Problem>;

/// Visits the inputs one after another, folders recursively and in the order of their names. Hidden files are
/// included, because support folders are copies of other machines' folders; symbolic links are followed only where
/// they are named as inputs or lead to files.
pub struct Walk {
    inputs: vec::IntoIter<PathBuf>,
    folder: Option<walkdir::IntoIter>,
    skipped: Vec<PathBuf>,
}

impl Walk {
    /// A walk through `inputs`, of which `-` is standard input.
    #[must_use]
    pub fn new(inputs: Vec<PathBuf>) -> Walk {
        Walk { inputs: inputs.into_iter(), folder: None, skipped: Vec::new() }
    }

    /// The same walk, except for these files where they are met in folders: what a run writes is not its input.
    #[must_use]
    pub fn skipping(self, files: &[PathBuf]) -> Walk {
        let skipped = files.iter().filter_map(|file| file.canonicalize().ok()).collect();
        Walk { skipped, ..self }
    }

    fn is_skipped(&self, path: &Path) -> bool {
        // By name first: asking the system for the true path of every file would cost more than listing it.
        self.skipped.iter().any(|skipped| {
            skipped.file_name() == path.file_name() && path.canonicalize().is_ok_and(|path| path == *skipped)
        })
    }

    fn next_in_folder(&mut self) -> Option<Found> {
        while let Some(entry) = self.folder.as_mut()?.next() {
            match entry {
                Err(error) => return Some(Err(unlisted(&error))),
                // In a folder only regular files are read: a pipe or device found there would block or never end.
                Ok(entry) if is_file(&entry) && !self.is_skipped(entry.path()) => {
                    return Some(Ok(Source::file(entry.path())));
                }
                Ok(_) => {}
            }
        }
        self.folder = None;
        None
    }
}

impl Iterator for Walk {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        loop {
            if let Some(found) = self.next_in_folder() {
                return Some(found);
            }
            let input = self.inputs.next()?;
            if input == Path::new(STDIN) {
                return Some(Ok(Source::stdin()));
            }
            if !input.is_dir() {
                return Some(Ok(Source::file(&input)));
            }
            self.folder = Some(WalkDir::new(&input).sort_by_file_name().into_iter());
        }
    }
}

fn is_file(entry: &walkdir::DirEntry) -> bool {
    let kind = entry.file_type();
    kind.is_file() || (kind.is_symlink() && entry.path().is_file())
}

fn unlisted(error: &walkdir::Error) -> Problem {
    let path = error.path().unwrap_or(Path::new("")).to_string_lossy();
    match error.io_error() {
        Some(reason) => Problem::unreadable(path, reason),
        None => Problem { path: path.into_owned(), kind: Kind::Unreadable, detail: error.to_string() },
    }
}
