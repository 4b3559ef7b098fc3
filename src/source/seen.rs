//! Recognises a file or folder that has been met before, under whatever name.
//!
//! On Unix the device and the inode identify it, so that hard links are one file, too. On Windows it is the final path, which
//! sees through links, junctions, mapped drives and letter case, and not through hard links: file numbers there are
//! not unique on all file systems, and taking two files for one would lose one of them.
//!
//! A file's state is asked for only where its listing has an inode that was met before. File systems may list other inodes
//! than the state has, so an inode that is met again proves nothing; where they do, a file that is met again under another
//! name may be taken for new, and is then found to be a copy.
//!
//! Memory: a file's path, which the source shares, and a few dozen bytes. On Windows asking costs an open, so nothing
//! is remembered if there is one input and no link to a folder is followed.

use std::collections::{HashMap, HashSet};
use std::fs::{self, Metadata};
#[cfg(unix)]
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;

use same_file::Handle;

/// What has been met.
#[derive(Default)]
pub(super) struct Seen {
    /// By the inode of the listing, the file that was met with it, until its identity had to be asked for.
    inodes: HashMap<u64, Option<Arc<Path>>>,
    ids: HashSet<Id>,
}

impl Seen {
    /// Whether this is the first time. What cannot be identified is always new. `inode`: that of the listing;
    /// `metadata`, where they are known.
    pub(super) fn is_new(&mut self, path: &Arc<Path>, inode: Option<u64>, metadata: Option<&Metadata>) -> bool {
        if let Some(inode) = inode {
            match self.inodes.get_mut(&inode) {
                None => {
                    self.inodes.insert(inode, Some(Arc::clone(path)));
                    return true;
                }
                Some(first) => self.ids.extend(first.take().and_then(|first| identify(&first))),
            }
        }
        let id = metadata.map_or_else(|| identify(path), |metadata| id(path, metadata));
        id.is_none_or(|id| self.ids.insert(id))
    }
}

fn identify(path: &Path) -> Option<Id> {
    fs::metadata(path).ok().and_then(|metadata| id(path, &metadata))
}

/// Under how many paths a folder is gone through where its path decides what is read of it.
pub(super) const PATHS_LIMIT: u8 = 8;

/// Folders that have been gone through. Where links lead from each of some folders to all others, there are more paths to
/// them than anybody can wait for.
#[derive(Default)]
pub(super) struct Folders {
    known: HashMap<Id, Visits>,
}

struct Visits {
    count: u8,
    deepest: usize,
}

/// What to do with a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Visit {
    Enter,
    /// Everything in it has been met.
    Skip,
    /// There may be more in it.
    GiveUp,
}

impl Folders {
    /// A folder of which so many levels would be gone through, and whose path decides what is read or does not.
    pub(super) fn visit(&mut self, path: &Path, metadata: &Metadata, levels: usize, matters: PathMatters) -> Visit {
        let Some(id) = id(path, metadata) else { return Visit::Enter };
        let visits = self.known.entry(id).or_insert(Visits { count: 0, deepest: 0 });
        if visits.count > 0 && levels <= visits.deepest {
            match matters {
                PathMatters::No => return Visit::Skip,
                PathMatters::Yes if visits.count >= PATHS_LIMIT => return Visit::GiveUp,
                PathMatters::Yes => {}
            }
        }
        visits.count = visits.count.saturating_add(1);
        visits.deepest = visits.deepest.max(levels);
        Visit::Enter
    }
}

/// Whether a folder's path decides what is read of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PathMatters {
    Yes,
    No,
}

/// Whether a file can be met twice without anybody having named it twice and without following links to folders.
pub(super) const ALWAYS: bool = cfg!(unix);

/// What identifies a file or folder.
#[cfg(unix)]
pub(super) type Id = (u64, u64);

/// What identifies a file or folder.
#[cfg(windows)]
pub(super) type Id = std::path::PathBuf;

/// What identifies the file or folder at `path`, which has this state.
// An option, because Windows has no answer for some files.
#[cfg(unix)]
pub(super) fn id(_: &Path, metadata: &Metadata) -> Option<Id> {
    Some((metadata.dev(), metadata.ino()))
}

/// What identifies the file or folder at `path`, which has this state.
#[cfg(windows)]
pub(super) fn id(path: &Path, _: &Metadata) -> Option<Id> {
    path.canonicalize().ok()
}

/// The inode of a file with this state.
#[cfg(unix)]
pub(super) fn inode(metadata: &Metadata) -> Option<u64> {
    Some(metadata.ino())
}

/// The inode of a file with this state, of which Windows has none.
#[cfg(windows)]
pub(super) fn inode(_: &Metadata) -> Option<u64> {
    None
}

/// Whether `open` is the regular file that was opened at `path` and has this state.
#[cfg(unix)]
pub(super) fn is_open(open: &Handle, _: &Path, metadata: &Metadata) -> bool {
    (open.dev(), open.ino()) == (metadata.dev(), metadata.ino())
}

/// Whether `open` is the regular file that was opened at `path` and has this state.
#[cfg(windows)]
pub(super) fn is_open(open: &Handle, path: &Path, _: &Metadata) -> bool {
    Handle::from_path(path).is_ok_and(|handle| handle == *open)
}
