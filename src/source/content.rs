//! Detects whether two sources hold the same bytes, without reading all bytes of each.
//!
//! Two sources can be the same only if their lengths and their [`Beginning`]s are equal. Comparing these costs nothing, because
//! the first bytes are read anyway. If they are equal, all bytes are compared through a cryptographic hash ([`Digest`]). Data
//! from an archive or a compressed file are hashed while they are read, because reading them again would mean unpacking them
//! again.

use std::fs::{File, Metadata};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{self, Read, Seek as _, SeekFrom};
use std::ops::Range;
use std::sync::Arc;

use blake3::hazmat::{self, ChainingValue, HasherExt as _, Mode};
use serde::{Deserialize, Serialize};

use super::names::{Listing, Paths};
use super::stop::Stop;
use super::{Listed, seen};
use crate::name;

/// How many first bytes a [`Beginning`] covers.
pub const BEGINNING_BYTES: usize = 512;

/// A hash of the first bytes of a source, the same on every machine. Different bytes may have equal hashes, so equality is only
/// a reason to compare further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Beginning(u64);

impl Beginning {
    /// Hashes the beginning of a source. `head` must have at least 512 bytes, of which the rest is ignored, or be the whole
    /// source.
    #[must_use]
    pub fn of(head: &[u8]) -> Beginning {
        let hash = blake3::hash(&head[..head.len().min(BEGINNING_BYTES)]);
        Beginning(hash.as_bytes().first_chunk().copied().map_or(0, u64::from_le_bytes))
    }

    /// Returns half of the hash, to save memory where a false match only costs time.
    #[must_use]
    pub fn half(self) -> u32 {
        u32::try_from(self.0 >> 32).unwrap_or_default()
    }
}

/// A hash of all bytes of a source. It is BLAKE3, so equal digests mean equal bytes. In a file, it is written as hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Digest(blake3::Hash);

impl From<blake3::Hash> for Digest {
    fn from(hash: blake3::Hash) -> Digest {
        Digest(hash)
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> String {
        digest.0.to_hex().to_string()
    }
}

impl TryFrom<String> for Digest {
    type Error = blake3::HexError;

    fn try_from(hex: String) -> Result<Digest, blake3::HexError> {
        blake3::Hash::from_hex(hex).map(Digest)
    }
}

/// The hash of a part of a source. BLAKE3 is a tree, so the digest of the source follows from the hashes of such parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HashedPart {
    /// The offset of the first byte.
    start: u64,
    /// The offset after the last byte.
    end: u64,
    hash: Digest,
}

/// Returns the hashes of both halves of the bytes from `start` to `end`, and whether these bytes are the whole source.
fn halves(parts: &[HashedPart], start: u64, end: u64) -> Option<(ChainingValue, ChainingValue, bool)> {
    if parts.len() < 2 || end - start <= blake3::CHUNK_LEN as u64 {
        return None;
    }
    let middle = start + hazmat::left_subtree_len(end - start);
    let (left, right) = parts.split_at(parts.iter().position(|part| part.start == middle)?);
    Some((hash_of(left, start, middle)?, hash_of(right, middle, end)?, start == 0))
}

/// Returns the hash of the bytes from `start` to `end` from those of their parts.
fn hash_of(parts: &[HashedPart], start: u64, end: u64) -> Option<ChainingValue> {
    if let [HashedPart { start: first, end: last, hash }] = parts {
        return (*first == start && *last == end).then_some(*hash.0.as_bytes());
    }
    let (left, right, _) = halves(parts, start, end)?;
    Some(hazmat::merge_subtrees_non_root(&left, &right, Mode::Hash))
}

/// Hashes the parts of a range, each of which is as long as the tree allows. Returns `None` if the reader has fewer bytes, if the range
/// does not start at a multiple of 1,024, or if `stop` is requested.
pub(super) fn hashed_parts(mut reader: impl Read, range: Range<u64>, stop: &Stop) -> Option<Vec<HashedPart>> {
    if !range.start.is_multiple_of(blake3::CHUNK_LEN as u64) {
        return None;
    }
    let (mut parts, mut start) = (Vec::new(), range.start);
    while start < range.end {
        let end = range.end.min(start.saturating_add(hazmat::max_subtree_len(start).unwrap_or(u64::MAX)));
        let mut hasher = blake3::Hasher::new();
        hasher.set_input_offset(start);
        read_all((&mut reader).take(end - start), end - start, stop, |bytes| {
            hasher.update(bytes);
        })?;
        parts.push(HashedPart { start, end, hash: Digest(blake3::Hash::from_bytes(hasher.finalize_non_root())) });
        start = end;
    }
    Some(parts)
}

/// The digest of a stream, and short hashes of its beginnings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digests {
    /// The digest of all bytes.
    pub whole: Digest,
    /// Hashes of the first 1,024 bytes, the first 2,048, and so on.
    beginnings: Box<[u32]>,
}

impl Digests {
    /// Creates the digest of a source whose beginnings were not hashed.
    #[must_use]
    pub fn of_file(whole: Digest) -> Digests {
        Digests { whole, beginnings: Box::default() }
    }

    /// Returns the same digests with another one for all bytes.
    #[must_use]
    pub fn with_whole(self, whole: Digest) -> Digests {
        Digests { whole, ..self }
    }

    /// Adds the hashes of longer beginnings, which follow from those of the parts of the source.
    pub fn add_beginnings(&mut self, parts: &[HashedPart]) {
        let mut beginnings = std::mem::take(&mut self.beginnings).into_vec();
        while let Some(len) =
            u32::try_from(beginnings.len()).ok().and_then(|steps| 1_u64.checked_shl(FIRST_STEP_LOG + steps))
        {
            let within = parts.partition_point(|part| part.end <= len);
            let Some(digest) = Digest::of_parts(&parts[..within], len) else { break };
            beginnings.push(digest.short());
        }
        self.beginnings = beginnings.into();
    }

    /// Returns the length of the longest beginning that was hashed, or 0 if there is none.
    #[must_use]
    pub fn hashed_bytes(&self) -> u64 {
        let steps = u32::try_from(self.beginnings.len()).unwrap_or(0);
        if steps == 0 { 0 } else { 1_u64.checked_shl(FIRST_STEP_LOG + steps - 1).unwrap_or(0) }
    }

    /// Returns a short hash of the first `len` bytes, if that is a length that [`hashed_len`] returns and the source has so many.
    #[must_use]
    pub fn of_first(&self, len: u64) -> Option<u32> {
        let step = len.checked_ilog2()?.checked_sub(FIRST_STEP_LOG)?;
        self.beginnings.get(step as usize).copied()
    }
}

/// Returns the length of the longest beginning of a source of `len` bytes for which [`Digests`] have a hash. It is more than half of
/// the source. Returns `None` if the source is too short.
#[must_use]
pub fn hashed_len(len: u64) -> Option<u64> {
    len.checked_ilog2().filter(|log| *log >= FIRST_STEP_LOG).map(|log| 1 << log)
}

/// The logarithm to base 2 of the length of the first beginning in [`Digests`].
const FIRST_STEP_LOG: u32 = 10;

impl Digest {
    /// Returns the digest of some bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Digest {
        Digest(blake3::hash(bytes))
    }

    /// Returns the digest of a source of `len` bytes from the hashes of its parts, which must be in order. Returns `None` if they are not
    /// the parts of one such source.
    #[must_use]
    pub fn of_parts(parts: &[HashedPart], len: u64) -> Option<Digest> {
        let (left, right, is_root) = halves(parts, 0, len)?;
        is_root.then(|| Digest(hazmat::merge_subtrees_root(&left, &right, Mode::Hash)))
    }

    /// Returns a part of the hash, as in [`Digests::of_first`].
    #[must_use]
    pub fn short(self) -> u32 {
        self.0.as_bytes().first_chunk().copied().map_or(0, u32::from_le_bytes)
    }
}

/// A reader that hashes what it reads if the source must be compared with others.
pub struct Digesting<R> {
    reader: R,
    hashing: Option<Box<Hashing>>,
}

/// The state of hashing.
#[derive(Default)]
struct Hashing {
    hasher: blake3::Hasher,
    /// The number of bytes so far.
    len: u64,
    beginnings: Vec<u32>,
}

impl Hashing {
    fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let log = u32::try_from(self.beginnings.len()).unwrap_or(u32::MAX).saturating_add(FIRST_STEP_LOG);
            let end = 1_u64.checked_shl(log).unwrap_or(u64::MAX);
            let step = usize::try_from(end - self.len).unwrap_or(usize::MAX).min(bytes.len());
            self.hasher.update(&bytes[..step]);
            self.len += step as u64;
            if self.len == end {
                self.beginnings.push(Digest(self.hasher.finalize()).short());
            }
            bytes = &bytes[step..];
        }
    }
}

impl<R: Read> Digesting<R> {
    /// Returns a reader that hashes everything that is read from `reader`.
    pub fn new(reader: R) -> Digesting<R> {
        Digesting { reader, hashing: Some(Box::default()) }
    }

    /// Returns a reader that does not hash, which saves time.
    pub fn without(reader: R) -> Digesting<R> {
        Digesting { reader, hashing: None }
    }

    /// Returns the digests of everything that was read so far, or `None` if this reader does not hash.
    pub fn digests(&self) -> Option<Digests> {
        let hashing = self.hashing.as_ref()?;
        let whole = Digest(hashing.hasher.finalize());
        Some(Digests { whole, beginnings: hashing.beginnings.as_slice().into() })
    }
}

impl<R: Read> Read for Digesting<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let len = self.reader.read(out)?;
        if let Some(hashing) = &mut self.hashing {
            hashing.update(&out[..len]);
        }
        Ok(len)
    }
}

/// The path of a file that was opened before, and its state at that time. One is kept for every file that was read, so it is
/// small.
#[derive(Clone, Debug)]
pub struct Again {
    paths: Arc<Paths>,
    /// The number of the path in `paths`. This is a [`Listing`] whose fields leave no gap before the state.
    number: u32,
    state: State,
}

/// A hash of a file's size, time of modification and inode. Any change to the file changes it, except one change in 4 billion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct State(u32);

impl State {
    pub(super) fn of(metadata: &Metadata) -> State {
        let Listed { len, modified } = Listed::of(metadata);
        let mut hasher = DefaultHasher::new();
        (len, modified, seen::inode(metadata)).hash(&mut hasher);
        State(u32::try_from(hasher.finish() >> 32).unwrap_or_default())
    }
}

impl Again {
    pub(super) fn new(Listing { paths, number }: Listing, state: State) -> Again {
        Again { paths, number, state }
    }

    /// Returns the name of the file in results.
    #[must_use]
    pub fn name(&self) -> String {
        name::shown(&self.paths.get(self.number))
    }

    /// Opens the file again and computes the digest of its first `len` bytes. Returns `None` if the file has changed since it
    /// was opened, or cannot be read, or if `stop` is requested.
    #[must_use]
    pub fn digest(&self, len: u64, stop: &Stop) -> Option<Digest> {
        digest(self.open()?.take(len), len, stop)
    }

    /// Opens the file again and computes the digest of a few bytes before its byte `end`. This is fast, but proves nothing. Returns
    /// `None` in the same cases as [`Again::digest`].
    #[must_use]
    pub fn sample(&self, end: u64, stop: &Stop) -> Option<Digest> {
        let (mut file, len) = (self.open()?, end.min(BEGINNING_BYTES as u64));
        file.seek(SeekFrom::Start(end - len)).ok()?;
        digest(file.take(len), len, stop)
    }

    /// Opens the file again. Returns `None` if it has changed since it was opened, or cannot be opened.
    fn open(&self) -> Option<File> {
        let file = File::open(self.paths.get(self.number)).ok()?;
        (State::of(&file.metadata().ok()?) == self.state).then_some(file)
    }
}

/// Computes the digest of the first `len` bytes of a reader. Returns `None` if it has fewer, or if `stop` is requested.
pub(super) fn digest(reader: impl Read, len: u64, stop: &Stop) -> Option<Digest> {
    digests(reader, len, stop).map(|digests| digests.whole)
}

/// Computes the digests of the first `len` bytes of a reader. Returns `None` if it has fewer, or if `stop` is requested.
pub(super) fn digests(reader: impl Read, len: u64, stop: &Stop) -> Option<Digests> {
    let mut hashing = Hashing::default();
    read_all(reader, len, stop, |bytes| hashing.update(bytes))?;
    Some(Digests { whole: Digest(hashing.hasher.finalize()), beginnings: hashing.beginnings.into() })
}

/// Passes the first `len` bytes of a reader to `take`. Returns `None` if it has fewer, or if `stop` is requested.
fn read_all(mut reader: impl Read, len: u64, stop: &Stop, mut take: impl FnMut(&[u8])) -> Option<()> {
    let mut buffer = vec![0; usize::try_from(len).unwrap_or(usize::MAX).clamp(1, 256 << 10)];
    let mut left = len;
    while left > 0 {
        match reader.read(&mut buffer) {
            _ if stop.is_requested() => return None,
            Ok(0) => return None,
            Ok(step) => {
                let step = usize::try_from(left).unwrap_or(usize::MAX).min(step);
                take(&buffer[..step]);
                left -= step as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Openable, Opened, Opening};

    #[test]
    fn only_the_first_bytes_count_for_a_beginning() {
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
            reader.digests().map(|digests| digests.whole)
        };
        assert_eq!(digest(1), digest(100));
        assert_eq!(digest(100), Some(Digest(blake3::hash(b"call result = 102\n"))));
    }

    #[test]
    fn a_file_that_was_replaced_is_not_hashed_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        let (stop, opening) = (Stop::default(), Opening::default());
        let lines = |number: u32| format!("call result = {number}\n").repeat(20_000).into_bytes();
        let (before, after) = (lines(102), lines(103));
        std::fs::write(&path, &before).unwrap();
        let Ok(Opened::File(text)) = Openable::file(&path).open(&opening) else { panic!("a log is text") };
        let read = Some(Digest(blake3::hash(&before)));
        assert_eq!((text.digest(&stop), text.again.digest(text.len, &stop)), (read, read));
        // The log was rotated, so another file of the same size has its name now.
        std::fs::rename(&path, folder.path().join("a.log.1")).unwrap();
        std::fs::write(&path, &after).unwrap();
        assert_eq!((text.digest(&stop), text.again.digest(text.len, &stop)), (read, None));
        stop.request();
        assert_eq!((text.digest(&stop), text.again.digest(text.len, &stop)), (None, None));
    }

    #[test]
    fn beginnings_are_hashed_however_the_text_is_read() {
        let text: Vec<u8> = (0..9000_u32).map(|at| (at % 251) as u8).collect();
        let of_pieces = |len: usize| {
            let mut hashing = Hashing::default();
            text.chunks(len).for_each(|piece| hashing.update(piece));
            hashing.beginnings
        };
        let expected: Vec<u32> =
            [1024, 2048, 4096, 8192].map(|len| Digest(blake3::hash(&text[..len])).short()).to_vec();
        assert_eq!(of_pieces(9000), expected);
        assert_eq!(of_pieces(1000), expected);
        assert_eq!([1023, 1024, 9000].map(hashed_len), [None, Some(1024), Some(8192)]);
        let digests = Digests { whole: Digest(blake3::hash(&text)), beginnings: expected.as_slice().into() };
        assert_eq!(digests.of_first(8192), Some(expected[3]));
        assert_eq!(digests.of_first(16384), None);
    }
}
