//! Recognises a file or folder that was found before, whatever its name.
//!
//! On Unix, the device and the inode identify a file, so hard links are recognised, too. On Windows, the final path identifies
//! it. This recognises links, junctions, mapped drives and different letter case, but not hard links: file IDs are not unique
//! on all file systems there, and mistaking two files for one would lose one of them.
//!
//! The file system is asked for the identity of a file only if the inode in its listing was found before. A file system may list
//! other inodes than the identity has, so finding an inode again proves nothing. On such a file system, a file that is found
//! again under another name may be considered new, and is then recognised as a copy. On Windows, where asking means opening the
//! file, the time at which a file was created serves as its inode.
//!
//! Memory: about 24 bytes for each file, and its path in a list that is shared with the code that may open the file again. On
//! Windows, nothing is remembered if there is only one input and links to folders are not followed.

use std::collections::{HashMap, HashSet};
use std::fs::{self, Metadata};
#[cfg(unix)]
use std::os::unix::fs::MetadataExt as _;
#[cfg(windows)]
use std::os::windows::fs::MetadataExt as _;
use std::path::Path;

use same_file::Handle;

use super::names::Paths;

/// The marker in [`Seen::inodes`] for a file whose identity was asked for.
const IDENTIFIED: u32 = u32::MAX;

/// The files that were found so far.
#[derive(Default)]
pub(super) struct Seen {
    /// Maps half of an inode in a listing to the number of the path of the first file that was found with it, or to
    /// [`IDENTIFIED`].
    inodes: HashMap<u32, u32>,
    ids: HashSet<Id>,
}

impl Seen {
    /// Remembers the file at `path`, and returns whether it is found for the first time. A file that cannot be identified is
    /// always new. `inode` is the inode in the listing, and `number` is the number of the path in `paths`.
    pub(super) fn is_new(
        &mut self,
        (path, number, paths): (&Path, u32, &Paths),
        inode: Option<u64>,
        metadata: Option<&Metadata>,
    ) -> bool {
        if let Some(inode) = inode {
            // Half of an inode takes half the memory. Finding it again proves nothing, just like a whole one.
            let half = u32::try_from((inode ^ inode >> 32) & u64::from(u32::MAX)).unwrap_or_default();
            match self.inodes.get_mut(&half) {
                None => {
                    self.inodes.insert(half, number);
                    return true;
                }
                Some(&mut IDENTIFIED) => {}
                // The same path again, as from two wildcards.
                Some(first) if *paths.get(*first) == *path => return false,
                Some(first) => self.ids.extend(identify(&paths.get(std::mem::replace(first, IDENTIFIED)))),
            }
        }
        let id = metadata.map_or_else(|| identify(path), |metadata| id(path, metadata));
        id.is_none_or(|id| self.ids.insert(id))
    }
}

/// Asks the file system for the identity of the file at `path`.
fn identify(path: &Path) -> Option<Id> {
    fs::metadata(path).ok().and_then(|metadata| id(path, &metadata))
}

/// How many times a folder is entered through different paths, if its path affects which of its files are read.
pub(super) const PATHS_LIMIT: u8 = 8;

/// The folders that were entered. If links lead from each of many folders to all others, there are far too many paths to follow
/// them all.
#[derive(Default)]
pub(super) struct Folders {
    known: HashMap<Id, Visits>,
}

/// How many times a folder was entered, and the largest number of levels that were allowed below it.
struct Visits {
    count: u8,
    deepest: usize,
}

/// What the walk does with a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Visit {
    Enter,
    /// Skip the folder, because everything in it was found before.
    Skip,
    /// Skip the folder, although it may contain files that were not read.
    GiveUp,
}

impl Folders {
    /// Decides whether to enter a folder below which at most `levels` levels of folders may be read.
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

/// Whether the path of a folder affects which of its files are read, as with a glob that has a slash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PathMatters {
    Yes,
    No,
}

/// Whether a file can be found twice, through hard links, even if there is only one input and links to folders are not followed.
pub(super) const ALWAYS: bool = cfg!(unix);

/// The identity of a file or folder: its device and inode.
#[cfg(unix)]
pub(super) type Id = (u64, u64);

/// The identity of a file or folder: its final path.
#[cfg(windows)]
pub(super) type Id = std::path::PathBuf;

/// Returns the identity of the file or folder with this metadata.
// An option, because Windows has no identity for some files.
#[cfg(unix)]
pub(super) fn id(_: &Path, metadata: &Metadata) -> Option<Id> {
    Some((metadata.dev(), metadata.ino()))
}

/// Returns the identity of the file or folder at `path`, or `None` if Windows does not provide one.
#[cfg(windows)]
pub(super) fn id(path: &Path, _: &Metadata) -> Option<Id> {
    path.canonicalize().ok()
}

/// Returns the inode of a file.
#[cfg(unix)]
pub(super) fn inode(metadata: &Metadata) -> Option<u64> {
    Some(metadata.ino())
}

/// Returns a substitute for the inode of a file: the time at which it was created, which two files rarely share.
#[cfg(windows)]
pub(super) fn inode(metadata: &Metadata) -> Option<u64> {
    Some(metadata.creation_time())
}

/// Whether the open file `open` is the regular file with this metadata.
#[cfg(unix)]
pub(super) fn is_open(open: &Handle, _: &Path, metadata: &Metadata) -> bool {
    (open.dev(), open.ino()) == (metadata.dev(), metadata.ino())
}

/// Whether the open file `open` is the regular file at `path`.
#[cfg(windows)]
pub(super) fn is_open(open: &Handle, path: &Path, _: &Metadata) -> bool {
    Handle::from_path(path).is_ok_and(|handle| handle == *open)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_path_is_the_same_file_without_asking() {
        let (mut seen, paths) = (Seen::default(), Paths::default());
        // None of these files exists, so asking gives nothing.
        let mut is_new = |path: &str| {
            let path = Path::new(path);
            seen.is_new((path, paths.add(path), &paths), Some(5), None)
        };
        assert!(is_new("a.log"));
        assert!(!is_new("a.log"));
        assert!(is_new("b.log"), "another file with the same inode");
    }
}
