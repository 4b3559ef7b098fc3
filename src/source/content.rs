//! Tells whether two sources hold the same bytes without reading every one of them.
//!
//! A source is known by its beginning and its length, which cost nothing: the beginning is read anyway. Only where both are
//! those of a source before are all bytes compared, by a cryptographic hash of them ([`Digest`]). What comes out of an
//! archive or a compressed file is hashed while it is read, because reading it again would mean to unpack it again.

use std::fs::{File, Metadata};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use super::stop::Stop;
use super::{Listed, seen};
use crate::name;

/// How much of a source its [`Beginning`] is, in bytes.
const BEGINNING_BYTES: usize = 512;

/// What stands for the first bytes of a source: the same on every machine. Different beginnings may be taken for the same,
/// but not the other way round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Beginning(u64);

impl Beginning {
    /// Of a source that begins with `head`, its first 512 bytes or all of it.
    #[must_use]
    pub fn of(head: &[u8]) -> Beginning {
        let hash = blake3::hash(&head[..head.len().min(BEGINNING_BYTES)]);
        Beginning(hash.as_bytes().first_chunk().copied().map_or(0, u64::from_le_bytes))
    }
}

/// What stands for all bytes of a source: BLAKE3, so that equal digests mean equal bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Digest(blake3::Hash);

/// Reads a source and, where it is compared with others, keeps a record of its bytes.
pub struct Digesting<R> {
    reader: R,
    hasher: Option<Box<blake3::Hasher>>,
}

impl<R: Read> Digesting<R> {
    /// Everything that is to come from `reader`.
    pub fn new(reader: R) -> Digesting<R> {
        Digesting { reader, hasher: Some(Box::default()) }
    }

    /// Everything that is to come from `reader`, without a record of it, which would cost time.
    pub fn without(reader: R) -> Digesting<R> {
        Digesting { reader, hasher: None }
    }

    /// The digest of what was read so far, if there is a record of it.
    pub fn digest(&self) -> Option<Digest> {
        Some(Digest(self.hasher.as_ref()?.finalize()))
    }
}

impl<R: Read> Read for Digesting<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let len = self.reader.read(out)?;
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&out[..len]);
        }
        Ok(len)
    }
}

/// Where a file that was opened can be found again. There is one for every file that was read, so it is small.
#[derive(Clone, Debug)]
pub struct Again {
    pub(super) path: Arc<Path>,
    pub(super) state: State,
}

/// Stands for the state in which a file was read: any change to it is likely to change this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct State(u64);

impl State {
    pub(super) fn of(metadata: &Metadata) -> State {
        let Listed { len, modified } = Listed::of(metadata);
        let mut hasher = DefaultHasher::new();
        (len, modified, seen::inode(metadata)).hash(&mut hasher);
        State(hasher.finish())
    }
}

impl Again {
    /// How results name the file.
    #[must_use]
    pub fn name(&self) -> String {
        name::shown(&self.path)
    }

    /// The digest of the file, `len` bytes long, as it was when it was opened; `None` if it is not as it was, or the run is
    /// to end.
    #[must_use]
    pub fn digest(&self, len: u64, stop: &Stop) -> Option<Digest> {
        let file = File::open(&self.path).ok()?;
        let is_same = State::of(&file.metadata().ok()?) == self.state;
        if is_same { digest(file.take(len), len, stop) } else { None }
    }
}

/// The digest of a reader's `len` bytes; `None` if it does not have them, or the run is to end.
pub(super) fn digest(reader: impl Read, len: u64, stop: &Stop) -> Option<Digest> {
    let mut reader = Digesting::new(reader);
    let mut buffer = vec![0; usize::try_from(len).unwrap_or(usize::MAX).clamp(1, 256 << 10)];
    let mut left = len;
    while left > 0 {
        match reader.read(&mut buffer) {
            _ if stop.is_requested() => return None,
            Ok(0) => return None,
            Ok(step) => left = left.saturating_sub(step as u64),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
    reader.digest()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Openable, Opened, Opening};

    #[test]
    fn only_what_a_beginning_takes_in_makes_a_difference_to_it() {
        let long = [vec![b'a'; BEGINNING_BYTES], b"1".to_vec()].concat();
        let other = [vec![b'a'; BEGINNING_BYTES], b"2".to_vec()].concat();
        assert_eq!(Beginning::of(&long), Beginning::of(&other));
        assert_ne!(Beginning::of(b"a"), Beginning::of(b"b"));
    }

    #[test]
    fn a_digest_does_not_depend_on_how_the_bytes_are_read() {
        let digest = |step: usize| {
            let mut reader = Digesting::new(&b"call result = 102\n"[..]);
            let mut buffer = vec![0; step];
            while reader.read(&mut buffer).unwrap() > 0 {}
            reader.digest()
        };
        assert_eq!(digest(1), digest(100));
        assert_eq!(digest(100), Some(Digest(blake3::hash(b"call result = 102\n"))));
    }

    #[test]
    fn what_is_hashed_is_what_was_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        let (stop, opening) = (Stop::default(), Opening::default());
        let lines = |number: u32| format!("call result = {number}\n").repeat(20_000).into_bytes();
        let (before, after) = (lines(102), lines(103));
        std::fs::write(&path, &before).unwrap();
        let Ok(Opened::File(text)) = Openable::file(&path).open(&opening) else { panic!("a log is text") };
        let read = Some(Digest(blake3::hash(&before)));
        assert_eq!((text.digest(&stop), text.again.digest(text.len, &stop)), (read, read));
        // Rotated: another file of the same size has the name.
        std::fs::rename(&path, folder.path().join("a.log.1")).unwrap();
        std::fs::write(&path, &after).unwrap();
        assert_eq!((text.digest(&stop), text.again.digest(text.len, &stop)), (read, None));
        stop.request();
        assert_eq!((text.digest(&stop), text.again.digest(text.len, &stop)), (None, None));
    }
}
