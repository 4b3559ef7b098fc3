//! From the arguments to the files below them, in a stable order.

use std::fs::{self, FileType, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::vec;

use same_file::Handle;
use walkdir::{DirEntry, WalkDir};

use super::seen::{self, Folders, Seen, Visit};
use super::select::{Globbed, Links, Selection};
use super::{Refused, STDIN, Source, Wanted, name};
use crate::problem::{Cause, Kind, Problem, Remedy};

/// A file to read, or why there is none.
pub type Found = Result<Source, Problem>;

/// Visits the inputs one after another, folders recursively and in the order of their names. Hidden files are
/// included, because support folders are copies of other machines' folders. Each file is read once, whatever names lead
/// to it.
pub struct Walk {
    inputs: vec::IntoIter<PathBuf>,
    selection: Arc<Selection>,
    folder: Option<Folder>,
    skipped: Vec<PathBuf>,
    /// Standard output, if it is a file.
    stdout: Option<Handle>,
    /// `None` where a file cannot be met twice.
    seen: Option<Seen>,
    folders: Folders,
    /// Files that are looked at only because they may be archives.
    unmatched: Seen,
    stdin_seen: bool,
}

/// The folder that is being visited.
struct Folder {
    input: PathBuf,
    entries: walkdir::IntoIter,
}

impl Walk {
    /// A walk through `inputs`, of which `-` is standard input.
    #[must_use]
    pub fn new(inputs: Vec<PathBuf>) -> Walk {
        let seen = (seen::ALWAYS || inputs.len() > 1).then(Seen::default);
        Walk {
            inputs: inputs.into_iter(),
            selection: Arc::default(),
            folder: None,
            skipped: Vec::new(),
            stdout: None,
            seen,
            folders: Folders::default(),
            unmatched: Seen::default(),
            stdin_seen: false,
        }
    }

    /// The same walk, reading only what is selected.
    #[must_use]
    pub fn selecting(self, selection: Selection) -> Walk {
        let seen = self.seen.or_else(|| (selection.links == Links::Follow).then(Seen::default));
        Walk { selection: Arc::new(selection), seen, ..self }
    }

    /// The same walk, except for these files where they are met in folders: what a run writes is not its input.
    #[must_use]
    pub fn skipping(self, files: &[PathBuf]) -> Walk {
        let skipped = files.iter().filter_map(|file| file.canonicalize().ok()).collect();
        Walk { skipped, ..self }
    }

    /// The same walk, except for the file that standard output was redirected to, if it is met in a folder: it would be
    /// read while it is written.
    #[must_use]
    pub fn skipping_stdout(self) -> Walk {
        let is_file = |handle: &Handle| handle.as_file().metadata().is_ok_and(|metadata| metadata.is_file());
        Walk { stdout: Handle::stdout().ok().filter(is_file), ..self }
    }

    /// For a regular file: looking at a pipe opens it, which waits for somebody to write to it.
    fn is_skipped(&self, path: &Path, metadata: &Metadata) -> bool {
        if self.stdout.as_ref().is_some_and(|stdout| seen::is_open(stdout, path, metadata)) {
            return true;
        }
        // By name first: asking the system for the true path of every file would cost more than listing it.
        self.skipped.iter().any(|skipped| {
            skipped.file_name() == path.file_name() && path.canonicalize().is_ok_and(|path| path == *skipped)
        })
    }

    fn is_new(&mut self, path: &Path, metadata: &Metadata) -> bool {
        self.seen.as_mut().is_none_or(|seen| seen.is_new(path, metadata))
    }

    fn next_in_folder(&mut self) -> Option<Found> {
        loop {
            let folder = self.folder.as_mut()?;
            let Some(entry) = folder.entries.next() else {
                self.folder = None;
                return None;
            };
            let found = match entry {
                Err(error) => Some(Err(unlisted(&error))),
                Ok(entry) => {
                    let relative = entry.path().strip_prefix(&folder.input).unwrap_or(entry.path()).to_owned();
                    self.entry(&entry, &relative)
                }
            };
            if found.is_some() {
                return found;
            }
        }
    }

    /// What becomes of something that is met in a folder; `None` if it needs no mention.
    fn entry(&mut self, entry: &DirEntry, relative: &Path) -> Option<Found> {
        let path = entry.path();
        // An input that is a link is entered all the same.
        if entry.file_type().is_dir() || entry.depth() == 0 {
            return self.folder_entry(entry, relative).map(Err);
        }
        if entry.file_type().is_symlink() && path.is_dir() {
            let is_entered = self.selection.max_depth.is_none_or(|limit| entry.depth() < limit)
                && !self.selection.excludes_folder(relative);
            let link = || skip(path, Kind::Link, "link to a folder, not followed").remedy(Remedy::FollowLinks);
            return is_entered.then(|| Err(link()));
        }
        let globbed = self.selection.globbed(relative);
        if globbed == Globbed::Excluded {
            return None;
        }
        let is_unmatched = globbed == Globbed::Unmatched;
        let metadata = match if entry.file_type().is_symlink() { fs::metadata(path) } else { own_metadata(entry) } {
            Ok(metadata) => metadata,
            Err(reason) => return (!is_unmatched).then(|| Err(unreachable_entry(entry, &reason))),
        };
        if is_unmatched && !metadata.is_file() {
            return None;
        }
        if !metadata.is_file() {
            return Some(Err(special(path, metadata.file_type())));
        }
        if self.is_skipped(path, &metadata) {
            return None;
        }
        let refused = if is_unmatched {
            Some(Refused::Silently)
        } else {
            // A file system that keeps no times cannot tell, and then the file is read.
            let refusal = self.selection.refuses(Some(metadata.len()), metadata.modified().ok());
            refusal.map(|(kind, why)| Refused::Because(kind, why))
        };
        let wanted = Wanted { selection: Arc::clone(&self.selection), below: name::shown(relative), refused };
        self.file(path, &metadata, wanted)
    }

    /// Leaves out folders that are excluded or have been gone through.
    fn folder_entry(&mut self, entry: &DirEntry, relative: &Path) -> Option<Problem> {
        let path = entry.path();
        let levels = self.selection.max_depth.map_or(usize::MAX, |limit| limit.saturating_sub(entry.depth()));
        let is_excluded = entry.depth() > 0 && self.selection.excludes_folder(relative);
        let visit = match entry.metadata() {
            _ if is_excluded => Visit::Skip,
            Ok(metadata) if self.seen.is_some() => {
                self.folders.visit(path, &metadata, levels, self.selection.path_matters())
            }
            _ => Visit::Enter,
        };
        if visit != Visit::Enter {
            let folder = self.folder.as_mut()?;
            folder.entries.skip_current_dir();
        }
        match visit {
            Visit::Skip if !is_excluded => Some(skip(path, Kind::ReadAlready, READ_ALREADY)),
            Visit::GiveUp => {
                let what = Cause::TooManyPaths(seen::PATHS_LIMIT);
                Some(skip(path, Kind::OverLimit, what).remedy(Remedy::Name))
            }
            Visit::Enter | Visit::Skip => None,
        }
    }

    fn file(&mut self, path: &Path, metadata: &Metadata, wanted: Wanted) -> Option<Found> {
        if metadata.is_file() {
            if wanted.refused == Some(Refused::Silently) {
                // It must not stand in the way of a name by which the same file is asked for.
                if !self.unmatched.is_new(path, metadata) {
                    return None;
                }
            } else if !self.is_new(path, metadata) {
                return Some(Err(skip(path, Kind::ReadAlready, READ_ALREADY)));
            }
        }
        let size = metadata.is_file().then_some(metadata.len());
        Some(Ok(Source::selected(path, wanted, size)))
    }

    /// What is read of something that is named itself.
    fn named(&self) -> Wanted {
        Wanted { selection: Arc::clone(&self.selection), below: String::new(), refused: None }
    }

    /// What becomes of an input; `None` if it is a folder, which is entered.
    fn input(&mut self, input: PathBuf) -> Option<Found> {
        if input == Path::new(STDIN) {
            let again = std::mem::replace(&mut self.stdin_seen, true);
            return Some(if again {
                Err(skip(Path::new("stdin"), Kind::ReadAlready, READ_ALREADY))
            } else {
                Ok(Source::stdin(self.named()))
            });
        }
        match fs::metadata(&input) {
            Err(reason) if reason.kind() == io::ErrorKind::NotFound && input.is_symlink() => {
                Some(Err(broken_link(name::shown(&input))))
            }
            // Opening it tells what is wrong with it, in order with the others.
            Err(_) => Some(Ok(Source::selected(&input, self.named(), None))),
            Ok(metadata) if metadata.is_dir() => {
                let entries = WalkDir::new(&input)
                    .max_depth(self.selection.max_depth.unwrap_or(usize::MAX))
                    .follow_links(self.selection.links == Links::Follow)
                    // By name, as all but the name is the same; taking each path apart for that is half the walk.
                    .sort_by(|a, b| a.path().as_os_str().cmp(b.path().as_os_str()))
                    .into_iter();
                self.folder = Some(Folder { input, entries });
                None
            }
            Ok(metadata) => self.file(&input, &metadata, self.named()),
        }
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
            if let Some(found) = self.input(input) {
                return Some(found);
            }
        }
    }
}

const READ_ALREADY: &str = "skipped, already read under this or another name";

fn skip(path: &Path, kind: Kind, what: impl Into<Cause>) -> Problem {
    Problem::new(name::shown(path), kind, what)
}

fn own_metadata(entry: &DirEntry) -> io::Result<Metadata> {
    entry.metadata().map_err(io::Error::from)
}

fn unreachable_entry(entry: &DirEntry, reason: &io::Error) -> Problem {
    let path = name::shown(entry.path());
    if entry.path_is_symlink() && reason.kind() == io::ErrorKind::NotFound {
        return broken_link(path);
    }
    Problem::unreadable(path, reason)
}

fn broken_link(path: String) -> Problem {
    Problem::new(path, Kind::Unreadable, "symbolic link to a file or folder that does not exist")
}

fn unlisted(error: &walkdir::Error) -> Problem {
    let path = name::shown(error.path().unwrap_or(Path::new("")));
    if let Some(ancestor) = error.loop_ancestor() {
        return Problem::new(path, Kind::Loop, format!("not followed, leads back to {}", name::shown(ancestor)));
    }
    match error.io_error() {
        Some(_) if is_broken_link(error) => broken_link(path),
        Some(reason) => Problem::unreadable(path, reason),
        None => Problem::new(path, Kind::Unreadable, error.to_string()),
    }
}

/// Where links are followed, a broken one is an error of the listing.
fn is_broken_link(error: &walkdir::Error) -> bool {
    error.io_error().is_some_and(|reason| reason.kind() == io::ErrorKind::NotFound)
        && error.path().is_some_and(Path::is_symlink)
}

#[cfg(unix)]
fn special(path: &Path, kind: FileType) -> Problem {
    use std::os::unix::fs::FileTypeExt as _;
    if kind.is_socket() {
        return skip(path, Kind::Special, "skipped, a socket: it holds nothing to read");
    }
    let what = if kind.is_fifo() { "skipped, a pipe" } else { "skipped, a device" };
    skip(path, Kind::Special, what).remedy(Remedy::Name)
}

#[cfg(not(unix))]
fn special(path: &Path, _: FileType) -> Problem {
    skip(path, Kind::Special, "skipped, no regular file").remedy(Remedy::Name)
}
