//! Walks from the arguments to the files below them, in a stable order.

use std::collections::VecDeque;
use std::fs::{FileType, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use same_file::Handle;

use super::listing::{self, Entries, Lister, Look, Node};
use super::names::{Listing, Paths};
use super::seen::{self, Folders, Seen, Visit};
use super::select::{Globbed, Links, Selection};
use super::{Listed, Openable, Refused, STDIN, Wanted, name, open_files_limit, plain};
use crate::problem::{Cause, Kind, Problem, Remedy};

/// A source that the walk has found, or the problem of an input that cannot become a source.
pub type Found = Result<Openable, Problem>;

/// An iterator over all sources of the inputs, in order. Folders are read recursively, sorted by name.
///
/// Hidden files are included, because a support folder is a copy of a folder on another machine. Each file is read once, even if
/// several names lead to it.
///
/// The walk does not ask the file system about a file in a folder; the thread that opens the file does.
///
/// # Examples
///
/// ```no_run
/// use callcodes::source::Walk;
///
/// for found in Walk::new(vec!["logs".into()]) {
///     match found {
///         Ok(openable) => println!("{}", openable.source().name),
///         Err(problem) => println!("{}: {}", problem.path, problem.kind),
///     }
/// }
/// ```
#[derive(Default)]
pub struct Walk {
    inputs: Vec<PathBuf>,
    selection: Arc<Selection>,
    threads: usize,
    skipped: Vec<PathBuf>,
    /// Standard output, if it is a file.
    stdout: Option<Arc<Handle>>,
    /// The files that were found so far, or `None` if no file can be found twice.
    seen: Option<Seen>,
    /// The paths of the files that were found so far.
    paths: Arc<Paths>,
    folders: Folders,
    /// The files that no glob matches, which are opened only because they may be archives.
    unmatched: Seen,
    stdin_seen: bool,
    visit: Option<Visiting>,
}

/// The position of a walk.
struct Visiting {
    lister: Lister,
    /// The entries that are still to be visited: the inputs, and then those of each folder down to the current one.
    levels: Vec<Level>,
    /// The paths of the folders in `levels`.
    folders: Vec<Arc<Path>>,
}

/// The entries of a folder that are still to be visited. Memory is freed as they are taken.
struct Level(VecDeque<io::Result<Node>>);

impl Iterator for Level {
    type Item = io::Result<Node>;

    fn next(&mut self) -> Option<io::Result<Node>> {
        if self.0.len() < self.0.capacity() / 2 {
            self.0.shrink_to_fit();
        }
        self.0.pop_front()
    }
}

impl Walk {
    /// Returns a walk through `inputs`. The path `-` stands for standard input.
    #[must_use]
    pub fn new(inputs: Vec<PathBuf>) -> Walk {
        let seen = (seen::ALWAYS || inputs.len() > 1).then(Seen::default);
        Walk { inputs, seen, ..Walk::default() }
    }

    /// Returns the same walk, restricted to selected files.
    #[must_use]
    pub fn selecting(self, selection: Selection) -> Walk {
        let seen = self.seen.or_else(|| (selection.links == Links::Follow).then(Seen::default));
        Walk { selection: Arc::new(selection), seen, ..self }
    }

    /// Returns the same walk, with up to `threads` threads that list folders ahead of it. The default is none.
    #[must_use]
    pub fn listing_ahead(self, threads: usize) -> Walk {
        Walk { threads: threads.min(open_files_limit()), ..self }
    }

    /// Returns the same walk, which skips `files` if they are found in folders. This keeps the output files of a run out of its
    /// input.
    #[must_use]
    pub fn skipping(self, files: &[PathBuf]) -> Walk {
        let skipped = files.iter().filter_map(|file| file.canonicalize().ok()).collect();
        Walk { skipped, ..self }
    }

    /// Returns the same walk, which skips the file to which standard output is redirected if it is found in a folder. Otherwise
    /// it would be read while it is being written.
    #[must_use]
    pub fn skipping_stdout(self) -> Walk {
        let is_file = |handle: &Handle| handle.as_file().metadata().is_ok_and(|metadata| metadata.is_file());
        Walk { stdout: Handle::stdout().ok().filter(is_file).map(Arc::new), ..self }
    }

    /// Whether `path` is one of the files of [`Walk::skipping`]. Names are compared first, because asking the system for the
    /// final path of every file would cost more than listing it.
    fn is_skipped(&self, path: &Path) -> bool {
        self.skipped.iter().any(|skipped| {
            skipped.file_name() == path.file_name() && path.canonicalize().is_ok_and(|path| path == *skipped)
        })
    }

    /// Turns a node into a source or a problem. Returns `None` if there is nothing to report, or after entering a folder.
    fn met(&mut self, visiting: &mut Visiting, mut node: Node) -> Option<Found> {
        if node.folder.is_none() {
            return self.input(visiting, node);
        }
        if node.is_folder() {
            if self.selection.excludes_folder(node.relative()) {
                return None;
            }
            let look = visiting.lister.look(&mut node);
            return self.enter(visiting, &node, look).map(Err);
        }
        if !node.is_link() {
            return self.entry(&node, None);
        }
        let look = visiting.lister.look(&mut node);
        match &look.metadata {
            Some(Ok(metadata)) if !metadata.is_dir() => self.entry(&node, Some(Ok(metadata))),
            Some(Err(reason)) if self.selection.links == Links::Stay => self.entry(&node, Some(Err(reason))),
            Some(Err(reason)) => Some(Err(unreachable_link(&node.path, reason))),
            _ if self.selection.links == Links::Follow => {
                if !matches!(look.entries, Entries::Loop(_)) && self.selection.excludes_folder(node.relative()) {
                    return None;
                }
                self.enter(visiting, &node, look).map(Err)
            }
            _ => {
                let is_entered = self.selection.max_depth.is_none_or(|limit| node.depth() < limit)
                    && !self.selection.excludes_folder(node.relative());
                let link =
                    || skip(&node.path, Kind::Link, "link to a folder, not followed").remedy(Remedy::FollowLinks);
                is_entered.then(|| Err(link()))
            }
        }
    }

    /// Turns an entry that is not a folder into a source or a problem. For a link, `target` is the metadata of its target.
    fn entry(&mut self, node: &Node, target: Option<Result<&Metadata, &io::Error>>) -> Option<Found> {
        let (path, relative) = (&node.path, node.relative());
        let globbed = self.selection.globbed(relative);
        if globbed == Globbed::Excluded {
            return None;
        }
        let is_unmatched = globbed == Globbed::Unmatched;
        let target = match target.transpose() {
            Ok(target) => target,
            Err(reason) => return (!is_unmatched).then(|| Err(unreachable_link(path, reason))),
        };
        let kind = target.map(Metadata::file_type).or(node.kind)?;
        if !kind.is_file() {
            return (!is_unmatched).then(|| Err(special(path, kind)));
        }
        if self.is_skipped(path) {
            return None;
        }
        let refused = is_unmatched.then_some(Refused::Silently);
        let below = name::shown(relative);
        let (selection, depth) = (Arc::clone(&self.selection), node.depth());
        let wanted = Wanted { selection, below, depth, refused, spared: self.stdout.clone() };
        self.file(node, target, wanted)
    }

    /// Enters a folder, or returns a problem if it cannot be listed or is skipped with a reason.
    fn enter(&mut self, visiting: &mut Visiting, node: &Node, look: Look) -> Option<Problem> {
        let path = &node.path;
        let entries = match look.entries {
            Entries::Loop(around) => {
                let what = format!("not followed: it leads back to {}", name::shown(&around));
                return Some(skip(path, Kind::Loop, what));
            }
            entries => entries,
        };
        let levels = self.selection.max_depth.map_or(usize::MAX, |limit| limit.saturating_sub(node.depth()));
        let visit = match look.metadata {
            Some(Ok(metadata)) if self.seen.is_some() => {
                self.folders.visit(path, &metadata, levels, self.selection.path_matters())
            }
            _ => Visit::Enter,
        };
        match (visit, entries) {
            (Visit::Skip, _) => Some(skip(path, Kind::ReadAlready, READ_ALREADY)),
            (Visit::GiveUp, _) => {
                let what = Cause::TooManyPaths(seen::PATHS_LIMIT);
                Some(skip(path, Kind::OverLimit, what).remedy(Remedy::Name))
            }
            (Visit::Enter, Entries::Listed(nodes)) => {
                visiting.levels.push(Level(nodes.into()));
                visiting.folders.push(Arc::clone(path));
                None
            }
            (Visit::Enter, Entries::Failed(reason)) => Some(unreachable_link(path, &reason)),
            (Visit::Enter, _) => None,
        }
    }

    /// Turns a regular file into a source, unless it was found before.
    fn file(&mut self, node: &Node, metadata: Option<&Metadata>, wanted: Wanted) -> Option<Found> {
        let path = &node.path;
        let (inode, number) = (metadata.map_or(node.inode, seen::inode), self.paths.add(path));
        let known = (&**path, number, &*self.paths);
        if wanted.refused == Some(Refused::Silently) {
            // The same file may be found again under a name that a glob matches.
            if !self.unmatched.is_new(known, inode, metadata) {
                return None;
            }
        } else if self.seen.as_mut().is_some_and(|seen| !seen.is_new(known, inode, metadata)) {
            return Some(Err(skip(path, Kind::ReadAlready, READ_ALREADY)));
        }
        let listed = metadata.map(Listed::of).or(node.listed.as_deref().copied());
        let listing = Listing { paths: Arc::clone(&self.paths), number };
        Some(Ok(Openable::selected(Arc::clone(path), wanted, listed).listed_in(listing)))
    }

    /// Returns how a path that was passed as an argument is read.
    fn named(&self) -> Wanted {
        Wanted { selection: Arc::clone(&self.selection), ..Wanted::default() }
    }

    /// Turns an argument into a source or a problem. Returns `None` after entering a folder.
    fn input(&mut self, visiting: &mut Visiting, mut node: Node) -> Option<Found> {
        if *node.path == *Path::new(STDIN) {
            let again = std::mem::replace(&mut self.stdin_seen, true);
            return Some(if again {
                Err(skip(Path::new("stdin"), Kind::ReadAlready, READ_ALREADY))
            } else {
                Ok(Openable::stdin(self.named()))
            });
        }
        if node.kind.is_some() {
            return self.file(&node, None, self.named());
        }
        let look = visiting.lister.look(&mut node);
        let path = &node.path;
        match &look.metadata {
            Some(Err(reason)) if reason.kind() == io::ErrorKind::NotFound && path.is_symlink() => {
                Some(Err(broken_link(name::shown(path))))
            }
            Some(Ok(metadata)) if metadata.is_dir() => self.enter(visiting, &node, look).map(Err),
            Some(Ok(metadata)) if metadata.is_file() => self.file(&node, Some(metadata), self.named()),
            Some(Ok(_)) => Some(Ok(Openable::special(path, self.named()))),
            // The error is reported when it is opened, in order with the other sources.
            _ => Some(Ok(Openable::selected(Arc::clone(path), self.named(), None))),
        }
    }

    /// Returns the position before the first input.
    fn begin(&mut self) -> Visiting {
        let lister = Lister::new(Arc::clone(&self.selection), self.seen.is_some(), self.threads);
        let inputs = plain::sorted(std::mem::take(&mut self.inputs), |path| path);
        let mut inputs: Vec<_> = inputs.iter().map(|path| Node::input(path)).collect();
        listing::look_up(&mut inputs);
        lister.begin(inputs.iter_mut().filter(|node| *node.path != *Path::new(STDIN)));
        let inputs = inputs.into_iter().map(Ok).collect();
        Visiting { lister, levels: vec![Level(inputs)], folders: Vec::new() }
    }
}

impl Iterator for Walk {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        let mut visiting = self.visit.take().unwrap_or_else(|| self.begin());
        let found = loop {
            let Some(level) = visiting.levels.last_mut() else { break None };
            let found = match level.next() {
                Some(Ok(node)) => self.met(&mut visiting, node),
                Some(Err(reason)) => {
                    let folder = visiting.folders.last().map_or(Path::new(""), Arc::as_ref);
                    Some(Err(Problem::unreadable(name::shown(folder), &reason)))
                }
                None => {
                    visiting.levels.pop();
                    visiting.folders.pop();
                    continue;
                }
            };
            if found.is_some() {
                break found;
            }
        };
        self.visit = Some(visiting);
        found
    }
}

const READ_ALREADY: &str = "skipped, already read under this or another name";

/// Returns the problem that reports that a file or folder is skipped.
fn skip(path: &Path, kind: Kind, what: impl Into<Cause>) -> Problem {
    Problem::new(name::shown(path), kind, what)
}

/// Returns the problem that reports that a link or folder cannot be opened.
fn unreachable_link(path: &Path, reason: &io::Error) -> Problem {
    if reason.kind() == io::ErrorKind::NotFound && path.is_symlink() {
        return broken_link(name::shown(path));
    }
    Problem::unreadable(name::shown(path), reason)
}

/// Returns the problem that reports that the target of a link does not exist.
fn broken_link(path: String) -> Problem {
    Problem::new(path, Kind::Unreadable, "symbolic link to a file or folder that does not exist")
}

/// Returns the problem that reports a pipe, device or socket in a folder.
#[cfg(unix)]
fn special(path: &Path, kind: FileType) -> Problem {
    use std::os::unix::fs::FileTypeExt as _;
    if kind.is_socket() {
        return skip(path, Kind::Special, "skipped, a socket: it holds nothing to read");
    }
    let what = if kind.is_fifo() { "skipped, a pipe" } else { "skipped, a device" };
    skip(path, Kind::Special, what).remedy(Remedy::Name)
}

/// Returns the problem that reports something in a folder that is not a regular file.
#[cfg(not(unix))]
fn special(path: &Path, _: FileType) -> Problem {
    skip(path, Kind::Special, "skipped, not a regular file").remedy(Remedy::Name)
}

#[cfg(all(test, unix))]
mod tests;
