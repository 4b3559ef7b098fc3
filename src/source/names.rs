//! Lists of names that take little memory: if consecutive names are in the same folder, the folder is stored once.
//!
//! The names of all files are kept to the end of a run, because they are compared to distinguish machines, and the paths of all
//! files are kept until no copy can follow. There may be 100,000 of them, and most differ from the previous one only after the
//! last slash.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The code unit of a path on this system.
#[cfg(unix)]
type Unit = u8;
/// The code unit of a path on this system.
#[cfg(windows)]
type Unit = u16;

/// A list of names that stores shared folders once. `U` is the code unit of the names.
#[derive(Debug, Default)]
pub(crate) struct Names<U = u8> {
    /// The folder of each group, followed by its names without their folder.
    units: Vec<U>,
    /// The position at which each name ends, counted from the first name of its group.
    ends: Vec<u32>,
    groups: Vec<Group>,
}

/// A group of consecutive names in the same folder.
#[derive(Debug)]
struct Group {
    /// The index of the first name of the group.
    first: usize,
    /// The position in `units` at which the folder starts.
    folder: usize,
    /// The position in `units` at which the folder ends and the first name starts.
    names: usize,
}

impl<U: Copy + PartialEq + Into<u32>> Names<U> {
    /// Returns the number of names.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Adds a name to the list.
    pub(crate) fn push(&mut self, name: &[U]) {
        // Anything may be stored as a folder, so it does not matter that some systems have only one of these separators.
        let is_separator = |unit: U| [u32::from('/'), u32::from('\\')].contains(&unit.into());
        let folder_len = name.iter().rposition(|unit| is_separator(*unit)).map_or(0, |at| at + 1);
        let (folder, file) = name.split_at(folder_len);
        let end_in = |group: &Group| u32::try_from(self.units.len() + file.len() - group.names).ok();
        let same = self.groups.last().filter(|group| self.units[group.folder..group.names] == *folder);
        let end = same.and_then(end_in);
        if end.is_none() {
            let start = self.units.len();
            self.groups.push(Group { first: self.ends.len(), folder: start, names: start + folder_len });
            self.units.extend_from_slice(folder);
        }
        self.units.extend_from_slice(file);
        self.ends.push(end.unwrap_or_else(|| u32::try_from(file.len()).unwrap_or(u32::MAX)));
    }

    /// Returns the folder of the name at `index`, with the separator at its end, and the rest of the name.
    fn parts(&self, index: usize) -> Option<(&[U], &[U])> {
        let end = *self.ends.get(index)? as usize;
        let group = &self.groups[self.groups.partition_point(|group| group.first <= index).checked_sub(1)?];
        let start = if index == group.first { 0 } else { self.ends[index - 1] as usize };
        Some((&self.units[group.folder..group.names], &self.units[group.names + start..group.names + end]))
    }

    /// Returns the name at `index`.
    fn name(&self, index: usize) -> Option<Vec<U>> {
        self.parts(index).map(|(folder, file)| [folder, file].concat())
    }
}

impl Names {
    /// Adds a name that is text.
    pub(crate) fn push_text(&mut self, name: &str) {
        self.push(name.as_bytes());
    }

    /// Returns the name at `index` as text.
    pub(crate) fn text(&self, index: usize) -> Option<String> {
        self.name(index).map(|name| String::from_utf8_lossy(&name).into_owned())
    }

    /// Returns all names as texts. They take more memory than the list, so they should be dropped soon.
    pub(crate) fn texts(&self) -> Texts {
        let all = (0..self.len()).filter_map(|index| self.parts(index));
        let mut texts = Texts {
            all: String::with_capacity(all.map(|(folder, file)| folder.len() + file.len()).sum()),
            ends: Vec::with_capacity(self.len()),
        };
        for (folder, file) in (0..self.len()).filter_map(|index| self.parts(index)) {
            texts.all.push_str(&String::from_utf8_lossy(folder));
            texts.all.push_str(&String::from_utf8_lossy(file));
            texts.ends.push(texts.all.len());
        }
        texts
    }
}

/// The names of a list as texts, which are quick to access.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    all: String,
    ends: Vec<usize>,
}

impl Texts {
    /// Returns the number of texts.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Returns the text at `index`.
    pub(crate) fn get(&self, index: usize) -> Option<&str> {
        let start = if index == 0 { 0 } else { *self.ends.get(index - 1)? };
        self.all.get(start..*self.ends.get(index)?)
    }

    /// Iterates over the texts.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).filter_map(|index| self.get(index))
    }
}

/// The paths of files that may be opened again, shared among threads.
#[derive(Debug, Default)]
pub(super) struct Paths(Mutex<Names<Unit>>);

impl Paths {
    fn lock(&self) -> MutexGuard<'_, Names<Unit>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a path and returns its number.
    pub(super) fn add(&self, path: &Path) -> u32 {
        let mut names = self.lock();
        names.push(&units(path));
        u32::try_from(names.len() - 1).unwrap_or(u32::MAX)
    }

    /// Returns the path with this number.
    pub(super) fn get(&self, number: u32) -> PathBuf {
        from_units(self.lock().name(number as usize).unwrap_or_default())
    }
}

/// A reference to a path in a list of [`Paths`].
#[derive(Clone, Debug)]
pub(super) struct Listing {
    pub(super) paths: Arc<Paths>,
    pub(super) number: u32,
}

impl Listing {
    /// Stores `path` in a list of its own.
    pub(super) fn alone(path: &Path) -> Listing {
        let paths = Arc::new(Paths::default());
        let number = paths.add(path);
        Listing { paths, number }
    }

    /// Returns the path from the list.
    pub(super) fn path(&self) -> PathBuf {
        self.paths.get(self.number)
    }
}

#[cfg(unix)]
fn units(path: &Path) -> std::borrow::Cow<'_, [u8]> {
    std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str()).into()
}

#[cfg(unix)]
fn from_units(units: Vec<u8>) -> PathBuf {
    <std::ffi::OsString as std::os::unix::ffi::OsStringExt>::from_vec(units).into()
}

#[cfg(windows)]
fn units(path: &Path) -> Vec<u16> {
    std::os::windows::ffi::OsStrExt::encode_wide(path.as_os_str()).collect()
}

#[cfg(windows)]
fn from_units(units: Vec<u16>) -> PathBuf {
    <std::ffi::OsString as std::os::windows::ffi::OsStringExt>::from_wide(&units).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_out_as_they_went_in_and_folders_are_stored_once() {
        let all = [
            "t/a/x.log",
            "t/a/y.log",
            "t/b.zip!/é/x.log",
            "t/b.zip!/é/",
            "",
            "x",
            "t//x",
            "t//",
            "t/a/x.log",
            r"C:\t\x",
        ];
        let mut names = Names::default();
        all.iter().for_each(|name| names.push_text(name));
        let texts = names.texts();
        assert_eq!(texts.iter().collect::<Vec<_>>(), all);
        assert_eq!((0..all.len()).filter_map(|index| names.text(index)).collect::<Vec<_>>(), all);
        assert_eq!((names.len(), texts.len(), names.text(all.len()), texts.get(all.len())), (10, 10, None, None));
        let mut names = Names::default();
        (0..1000).for_each(|number| names.push_text(&format!("{}{number:03}.log", "folder/".repeat(10))));
        assert_eq!((names.groups.len(), names.units.len()), (1, 7 * 10 + 7 * 1000));
    }

    #[test]
    fn paths_stay_as_they_were_given() {
        let paths = Paths::default();
        for path in ["a//b", "./a/b/", "/", "", "a/..", r"\\?\C:\a\b", "a/b"] {
            let number = paths.add(Path::new(path));
            assert_eq!(paths.get(number).as_os_str(), path);
        }
        assert_eq!(Listing::alone(Path::new("a/b")).path(), Path::new("a/b"));
    }

    #[cfg(unix)]
    #[test]
    fn paths_need_not_be_unicode() {
        let path = from_units(b"t/\xff\\/a\x80".to_vec());
        assert_eq!(Listing::alone(&path).path().as_os_str(), path.as_os_str());
    }
}
