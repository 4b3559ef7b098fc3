//! Lists of names that take little memory: of each name, only the part is stored that differs from the name before it.
//!
//! The names of all files are kept to the end of a run, because they are compared to distinguish machines, and the paths of all
//! files are kept until no copy can follow. There may be 100,000 of them, and most differ from the previous one only in their last
//! characters.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The code unit of a path on this system.
#[cfg(unix)]
type Unit = u8;
/// The code unit of a path on this system.
#[cfg(windows)]
type Unit = u16;

/// How many names make up a block, whose first name is stored whole. To get a name, those before it in its block are read.
const BLOCK_NAMES: usize = 16;

/// A list of names. `U` is the code unit of the names.
#[derive(Debug, Default)]
pub(crate) struct Names<U = u8> {
    /// For each name, the length of the beginning that it shares with the name before it, the length of the rest, and the rest.
    units: Vec<U>,
    /// The position in `units` at which each block starts.
    blocks: Vec<usize>,
    /// The number of names.
    len: usize,
    /// The number of units of all names.
    whole_len: usize,
    last: Vec<U>,
}

impl<U: Copy + PartialEq + From<u8> + Into<u32>> Names<U> {
    /// Returns the number of names.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Adds a name to the list.
    pub(crate) fn push(&mut self, name: &[U]) {
        if self.len.is_multiple_of(BLOCK_NAMES) {
            self.blocks.push(self.units.len());
            self.last.clear();
        }
        let shared = self.last.iter().zip(name).take_while(|(last, unit)| last == unit).count();
        self.push_number(shared);
        self.push_number(name.len() - shared);
        self.units.extend_from_slice(&name[shared..]);
        self.last.truncate(shared);
        self.last.extend_from_slice(&name[shared..]);
        self.len += 1;
        self.whole_len += name.len();
    }

    /// Adds a number to `units`, seven bits at a time, the lowest first. The last unit is below 128.
    fn push_number(&mut self, mut number: usize) {
        loop {
            let low = u8::try_from(number & 0x7F).unwrap_or_default();
            number >>= 7;
            if number == 0 {
                return self.units.push(low.into());
            }
            self.units.push((low | 0x80).into());
        }
    }

    /// Replaces `name`, which is the name before `at`, with the name at `at`. Returns the position of the next name.
    fn read(&self, at: usize, name: &mut Vec<U>) -> Option<usize> {
        let (shared, at) = self.number(at)?;
        let (len, at) = self.number(at)?;
        name.truncate(shared);
        name.extend_from_slice(self.units.get(at..at + len)?);
        Some(at + len)
    }

    /// Returns the number at a position, and the position after it.
    fn number(&self, mut at: usize) -> Option<(usize, usize)> {
        let (mut number, mut shift) = (0, 0);
        loop {
            let unit: u32 = (*self.units.get(at)?).into();
            number |= ((unit & 0x7F) as usize) << shift;
            at += 1;
            if unit < 0x80 {
                return Some((number, at));
            }
            shift += 7;
        }
    }

    /// Returns the name at `index`.
    fn name(&self, index: usize) -> Option<Vec<U>> {
        if index >= self.len {
            return None;
        }
        let (mut at, mut name) = (*self.blocks.get(index / BLOCK_NAMES)?, Vec::new());
        for _ in 0..=index % BLOCK_NAMES {
            at = self.read(at, &mut name)?;
        }
        Some(name)
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
        let mut texts = Texts { all: String::with_capacity(self.whole_len), ends: Vec::with_capacity(self.len) };
        let (mut at, mut name) = (0, Vec::new());
        while let Some(next) = self.read(at, &mut name) {
            texts.push(&String::from_utf8_lossy(&name));
            at = next;
        }
        texts
    }
}

/// A list of texts, which are quick to access.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    all: String,
    ends: Vec<usize>,
}

impl Texts {
    /// Adds a text.
    pub(crate) fn push(&mut self, text: &str) {
        self.all.push_str(text);
        self.ends.push(self.all.len());
    }

    /// Returns the length of all texts in bytes.
    pub(crate) fn size_bytes(&self) -> usize {
        self.all.len()
    }

    /// Returns the number of texts.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Returns the text at `index`.
    #[inline]
    pub(crate) fn get(&self, index: usize) -> Option<&str> {
        self.all.get(self.range(index)?)
    }

    /// Returns the range of bytes of the text at `index` in all texts.
    #[inline]
    pub(crate) fn range(&self, index: usize) -> Option<Range<usize>> {
        let start = if index == 0 { 0 } else { *self.ends.get(index - 1)? };
        Some(start..*self.ends.get(index)?)
    }

    /// Returns the bytes of all texts, one after another.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.all.as_bytes()
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
    fn names_come_out_as_they_went_in_and_take_little_memory() {
        let long = "long/".repeat(8000);
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
            &long,
            &long[1..],
            r"C:\t\x",
            "é",
            "è",
        ];
        // More than one block.
        let all = [&all[..], &all, &all].concat();
        let mut names = Names::default();
        all.iter().for_each(|name| names.push_text(name));
        let texts = names.texts();
        assert_eq!(texts.iter().collect::<Vec<_>>(), all);
        assert_eq!((0..all.len()).filter_map(|index| names.text(index)).collect::<Vec<_>>(), all);
        assert_eq!((names.len(), texts.len(), names.text(all.len()), texts.get(all.len())), (42, 42, None, None));
        let mut names = Names::default();
        (0..1000).for_each(|number| names.push_text(&format!("{}{number:03}.log", "folder/".repeat(10))));
        assert!(names.units.len() < 15 * 1000, "{}", names.units.len());
    }

    fn path_of(listing: &Listing) -> PathBuf {
        listing.paths.get(listing.number)
    }

    #[test]
    fn paths_stay_as_they_were_given() {
        let paths = Paths::default();
        for path in ["a//b", "./a/b/", "/", "", "a/..", r"\\?\C:\a\b", "a/b"] {
            let number = paths.add(Path::new(path));
            assert_eq!(paths.get(number).as_os_str(), path);
        }
        assert_eq!(path_of(&Listing::alone(Path::new("a/b"))), Path::new("a/b"));
    }

    #[cfg(unix)]
    #[test]
    fn paths_need_not_be_unicode() {
        let path = from_units(b"t/\xff\\/a\x80".to_vec());
        assert_eq!(path_of(&Listing::alone(&path)).as_os_str(), path.as_os_str());
    }
}
