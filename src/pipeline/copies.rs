//! Recognises copies, which are sources with the same bytes as an earlier one, so that they count only once. Examples are a log
//! that is both in a folder and in a zip archive, and a log that was saved twice.
//!
//! A source with whose bytes a longer file begins is a copy, too, such as a log that was collected on Monday and again on Wednesday.
//! If the longer file is read later, the shorter one has already been counted, so it is taken back: see [`Replaced`]. The longer
//! one must be a file that can be read again, and the shorter one must have 512 bytes, or their beginnings cannot be compared.
//! Otherwise, both count, and [`Copies::unclear`] finds the other one, so that this can be reported.
//!
//! Only the last bytes of the shorter one and those bytes of the longer one are compared first, so that files which only have the
//! same heading are not read twice.
//!
//! Sources are compared after they were put in order. Therefore which of two sources is the copy depends only on their order, and
//! never on which thread was faster. A file is compared before any of it is passed on. A stream can be compared only after it has
//! been read. If it begins like an earlier source, its parts are held back until then, up to [`HELD_BYTES`].
//!
//! A file with the same beginning and length as an earlier source is hashed by the worker that has it open. When the first of
//! such files was open, it was not yet known that another one follows. The worker that finds the second one opens the first
//! again, and compares it only if it has not changed.
//!
//! Invariants: a source is dropped only if all of its bytes are known to be those of another source that was read to its end and
//! counted. A source that cannot be compared counts.
//!
//! Memory: about 140 bytes for each source, plus its name if it is in an archive, and the digests of sources that were hashed.

use std::borrow::Borrow;
use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::SourceEnd;
use crate::chunk::Span;
use crate::problem::{Kind, Problem, Remedy};
use crate::source::{Again, Beginning, Chain, Digest, Digests, Source, Stop, TextFile, hashed_len};

/// The largest number of bytes of parts that are held back for a source that may be a copy, unless the visitor has another limit.
pub(super) const HELD_BYTES: usize = 16 << 20;

/// How many files may begin alike without one of them beginning with another, before no more files with that beginning are compared.
const HEADINGS_LIMIT: u32 = 16;

/// The beginning and the length of a source. Only sources with equal looks can hold the same bytes.
type Looks = (Beginning, u64);

/// A source that is compared with others. One is kept for every source that was read, so it is small.
#[derive(Debug)]
pub(super) struct Begun {
    /// The beginning and the length of the source. The length of a stream is 0 until the stream has ended and counts.
    looks: Looks,
    origin: Origin,
    /// The digest, once it has been requested. The inner value is `None` if the source cannot be compared.
    digest: OnceLock<Option<Box<Digests>>>,
}

/// Whether a source can be read again.
#[derive(Debug)]
enum Origin {
    /// A file that is neither compressed nor in an archive, which can be opened again.
    File(Again),
    /// A compressed file, a member of an archive or a pipe, with its name. It cannot be read again.
    Stream(Box<str>),
    /// A file that another process has read, with its name. It cannot be read again, but its length is known.
    Recorded(Box<str>),
}

/// The only source so far with its looks. In a set, the looks are its key.
#[derive(Debug)]
struct Alone(Arc<Begun>);

impl Borrow<Looks> for Alone {
    fn borrow(&self) -> &Looks {
        &self.0.looks
    }
}

impl Hash for Alone {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.looks.hash(state);
    }
}

impl PartialEq for Alone {
    fn eq(&self, other: &Alone) -> bool {
        self.0.looks == other.0.looks
    }
}

impl Eq for Alone {}

/// The moment at which a file is hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hashing {
    /// The file is hashed once another source has equal looks.
    WhenAlike,
    /// The file is hashed at once, because opening it again would cost more.
    AtOnce,
}

/// The looks of all sources so far, with which workers find the sources that must be hashed. This only serves to hash in
/// parallel; [`Copies`] decides what is a copy.
#[derive(Debug, Default)]
pub(super) struct Lookalikes {
    stop: Stop,
    known: Mutex<Known>,
}

/// The state of [`Lookalikes`].
#[derive(Debug, Default)]
struct Known {
    /// The files whose looks no other source has. They are not hashed yet, except those with [`Hashing::AtOnce`].
    alone: HashSet<Alone>,
    /// The looks of all other files, and of streams that have ended. All of these sources are hashed.
    alike: HashSet<Looks>,
    /// The beginnings of all streams, because their lengths are known only at their ends.
    streams: HashSet<Beginning>,
}

/// The sources so far that were read and counted, with which later ones are compared.
pub(super) struct Copies {
    /// The request to stop, which also ends comparisons early.
    stop: Stop,
    /// Half of the beginning of each source, with the index in `counted` of the last source that has it. As with whole beginnings,
    /// finding one again is only a reason to compare.
    beginnings: HashMap<u32, u32>,
    counted: Vec<Counted>,
    /// How often a source did not begin with another one although it has the same beginning.
    headings: HashMap<Beginning, u32>,
    /// The sources whose looks no other source has.
    alone: HashSet<Alone>,
    /// Maps the looks of all other sources to whether all sources with these looks are in `hashed`.
    alike: HashMap<Looks, bool>,
    hashed: HashMap<Digest, Arc<Begun>>,
}

/// A source that was counted.
struct Counted {
    begun: Arc<Begun>,
    /// How many sources were read before it.
    number: u32,
    /// The index of the source before it that has the same half of a beginning, or [`u32::MAX`] if there is none.
    before: u32,
    is_replaced: bool,
}

/// A source that was counted and that a later one replaces: a longer file that begins with it, or a later file of the same name in an
/// archive.
#[derive(Debug)]
pub struct Replaced {
    /// How many sources were read before the source.
    pub number: u32,
    /// The name of the source.
    name: String,
    bytes: u64,
    /// The name of the longer file, or `None` if there is a later file of the same name in an archive.
    longer: Option<String>,
    is_taken_back: Cell<bool>,
}

impl Replaced {
    /// Creates the event for a source of `bytes` bytes.
    pub(super) fn new(number: u32, name: String, bytes: u64, longer: Option<String>) -> Replaced {
        Replaced { number, name, bytes, longer, is_taken_back: Cell::new(false) }
    }

    /// Records whether the caller has taken back the results of the source. Otherwise, both sources count.
    pub fn take_back(&self, is_taken_back: bool) {
        self.is_taken_back.set(is_taken_back);
    }

    /// Whether the results of the source were taken back.
    #[must_use]
    pub fn is_taken_back(&self) -> bool {
        self.is_taken_back.get()
    }

    /// Returns the name of the source.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the size of the source in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Returns the problem that reports the source.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let bytes = self.bytes;
        match (&self.longer, self.is_taken_back()) {
            (Some(longer), true) => {
                let what = format!("a copy of {} ({bytes} bytes), not counted", beginning_of(longer));
                Problem::new(&self.name, Kind::Copy, what).remedy(Remedy::KeepCopies)
            }
            (Some(longer), false) => {
                let what = format!("a copy of {}, counted anyway: it was read first", beginning_of(longer));
                Problem::new(&self.name, Kind::CopyCounted, what)
            }
            (None, true) => {
                let what = format!("replaced by a later file of this name in the archive ({bytes} bytes), not counted");
                Problem::new(&self.name, Kind::Replaced, what).remedy(Remedy::KeepCopies)
            }
            (None, false) => {
                let what = "replaced by a later file of this name in the archive, counted anyway: it was read first";
                Problem::new(&self.name, Kind::CopyCounted, what)
            }
        }
    }
}

/// Returns how messages refer to the part of a longer file that a copy holds.
fn beginning_of(name: &str) -> String {
    format!("the beginning of {name}")
}

/// The result of comparing a source at its beginning.
pub(super) enum First {
    /// The source is not a copy.
    New,
    /// The source may be a copy, which is known only at its end.
    Doubtful,
    /// The source is a copy of the one with this name.
    Copy(String),
    /// The run was asked to stop before this is known.
    Unknown,
}

/// The result of comparing all bytes of a source.
pub(super) enum Compared {
    /// No earlier source is known to have the same bytes.
    Different,
    /// The source with this name has the same bytes.
    Same(String),
    /// The run was asked to stop before this is known.
    Unknown,
}

impl Begun {
    /// Hashes a file, to be compared by another process. If only a piece of it is read, only the first one is hashed.
    pub(super) fn recorded(text: &TextFile, piece: Span, stop: &Stop) -> Begun {
        let (looks, origin) = ((text.beginning, text.len), Origin::Recorded(text.again.name().into()));
        let digests = if piece.start == 0 { text.digests(0..piece.end, stop) } else { None };
        Begun { looks, origin, digest: OnceLock::from(digests.map(Box::new)) }
    }

    /// Creates a source that another process has read. Without `bytes`, it is a stream.
    pub(super) fn read_by_other(
        name: &str,
        beginning: Beginning,
        bytes: Option<u64>,
        digests: Option<Digests>,
    ) -> Begun {
        match bytes {
            Some(bytes) => {
                let digest = OnceLock::from(digests.map(Box::new));
                Begun { looks: (beginning, bytes), origin: Origin::Recorded(name.into()), digest }
            }
            None => Begun { looks: (beginning, 0), origin: Origin::Stream(name.into()), digest: OnceLock::new() },
        }
    }

    /// Returns the digests, if they have been computed.
    pub(super) fn digests(&self) -> Option<&Digests> {
        self.digest.get()?.as_deref()
    }

    /// Returns the hash of the first bytes of the source.
    pub(super) fn beginning(&self) -> Beginning {
        self.looks.0
    }

    /// Returns the length of a file that is neither compressed nor in an archive, or `None` for anything else.
    pub(super) fn file_bytes(&self) -> Option<u64> {
        (!matches!(self.origin, Origin::Stream(_))).then_some(self.looks.1)
    }

    /// Returns the name of the source in results.
    pub(super) fn name(&self) -> String {
        match &self.origin {
            Origin::File(again) => again.name(),
            Origin::Stream(name) | Origin::Recorded(name) => name.to_string(),
        }
    }

    /// Returns the length of the longest beginning whose hash is known or can be computed.
    fn hashed_bytes(&self) -> u64 {
        match &self.origin {
            Origin::File(_) | Origin::Stream(_) => u64::MAX,
            Origin::Recorded(_) => self.digests().map_or(0, Digests::hashed_bytes),
        }
    }

    /// Returns a short hash of the first `len` bytes, for a length that [`hashed_len`] returned.
    fn of_first(&self, len: u64, stop: &Stop) -> Option<u32> {
        match &self.origin {
            Origin::File(again) => again.digest(len, stop).map(Digest::short),
            Origin::Stream(_) | Origin::Recorded(_) => self.digests()?.of_first(len),
        }
    }

    /// Computes the digest if it has not been computed yet.
    fn hash(&self, stop: &Stop) {
        self.digest(stop);
    }

    /// Returns the digest. If it has not been computed yet, opens the file again. Returns `None` if the source cannot be
    /// compared.
    fn digest(&self, stop: &Stop) -> Option<Digest> {
        let digest = || match &self.origin {
            Origin::File(again) => again.digest(self.looks.1, stop).map(Digests::of_file).map(Box::new),
            Origin::Stream(_) | Origin::Recorded(_) => None,
        };
        self.digest.get_or_init(digest).as_deref().map(|digests| digests.whole)
    }
}

impl Lookalikes {
    /// Creates an empty list. `stop` also ends hashing.
    pub(super) fn new(stop: &Stop) -> Lookalikes {
        Lookalikes { stop: stop.clone(), known: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a file that was just opened. Hashes it if it may be the same as another source or if `hashing` demands it, and also
    /// hashes the first file with equal looks if it is the second one.
    pub(super) fn file(&self, text: &TextFile, hashing: Hashing) -> Arc<Begun> {
        let looks = (text.beginning, text.len);
        let origin = Origin::File(text.again.clone());
        let begun = Arc::new(Begun { looks, origin, digest: OnceLock::new() });
        let mut known = self.lock();
        let other = known.alone.take(&looks);
        let is_alone = other.is_none() && !known.alike.contains(&looks);
        if is_alone {
            known.alone.insert(Alone(Arc::clone(&begun)));
        } else {
            known.alike.insert(looks);
        }
        if is_alone && hashing == Hashing::WhenAlike && !known.streams.contains(&text.beginning) {
            return begun;
        }
        drop(known);
        begun.digest.get_or_init(|| text.digest(&self.stop).map(Digests::of_file).map(Box::new));
        other.iter().for_each(|Alone(other)| other.hash(&self.stop));
        begun
    }

    /// Adds a stream that was just opened.
    pub(super) fn stream(&self, source: &Source, beginning: Beginning) -> Arc<Begun> {
        self.lock().streams.insert(beginning);
        let origin = Origin::Stream(source.name.as_str().into());
        Arc::new(Begun { looks: (beginning, 0), origin, digest: OnceLock::new() })
    }

    /// Records that a stream with this beginning has ended after `len` bytes. If a file has equal looks, hashes the file.
    pub(super) fn stream_end(&self, beginning: Beginning, len: u64) {
        let mut known = self.lock();
        known.alike.insert((beginning, len));
        let other = known.alone.take(&(beginning, len));
        drop(known);
        other.iter().for_each(|Alone(other)| other.hash(&self.stop));
    }
}

impl Copies {
    /// Creates an empty list. `stop` also ends comparisons.
    pub(super) fn new(stop: &Stop) -> Copies {
        let (beginnings, counted, headings, alone, alike, hashed) = Default::default();
        Copies { stop: stop.clone(), beginnings, counted, headings, alone, alike, hashed }
    }

    /// Compares a source before its parts are passed on.
    pub(super) fn first(&mut self, begun: &Begun) -> First {
        if !self.beginnings.contains_key(&begun.beginning().half()) {
            return First::New;
        }
        let Some(len) = begun.file_bytes() else { return First::Doubtful };
        match self.compare(begun, len) {
            Compared::Different => self.longer(begun, len).map_or(First::New, First::Copy),
            Compared::Same(original) => First::Copy(original),
            Compared::Unknown => First::Unknown,
        }
    }

    /// Compares a source after it was read to its end. `digest` is that of a stream; a file was already compared at its
    /// beginning.
    pub(super) fn last(&mut self, begun: &Begun, end: &SourceEnd, digest: Option<Box<Digests>>) -> Compared {
        if begun.file_bytes().is_some() {
            return Compared::Different;
        }
        begun.digest.get_or_init(|| digest);
        let Some(len) = end.bytes else { return Compared::Different };
        match self.compare(begun, len) {
            Compared::Different => self.longer(begun, len).map_or(Compared::Different, Compared::Same),
            compared => compared,
        }
    }

    /// Returns the sources with all of whose bytes this file begins. It was read to its end and counts.
    pub(super) fn replaced_by(&mut self, begun: &Begun) -> Vec<Replaced> {
        let Some(len) = begun.file_bytes() else { return Vec::new() };
        let mut all = Vec::new();
        for index in self.alike(begun.beginning()) {
            let short = Arc::clone(&self.counted[index].begun);
            let short_len = short.looks.1;
            if self.counted[index].is_replaced || short_len >= len || !self.begins_with(begun, &short, short_len) {
                continue;
            }
            self.counted[index].is_replaced = true;
            all.push(Replaced::new(self.counted[index].number, short.name(), short_len, Some(begun.name())));
        }
        all
    }

    /// Returns what to call the source of which one of `len` bytes is a copy because a longer file begins with it.
    fn longer(&mut self, begun: &Begun, len: u64) -> Option<String> {
        let longer = self.alike(begun.beginning()).into_iter().map(|index| Arc::clone(&self.counted[index].begun));
        let longer: Vec<Arc<Begun>> = longer.filter(|longer| longer.looks.1 > len).collect();
        longer.iter().find(|longer| self.begins_with(longer, begun, len)).map(|longer| beginning_of(&longer.name()))
    }

    /// Returns the name of a counted source that this one, of `len` bytes, probably begins with, or that begins with this one. That
    /// is not certain if the longer one of them cannot be read again.
    pub(super) fn unclear(&self, begun: &Begun, len: u64) -> Option<String> {
        let others = self.alike(begun.beginning()).into_iter().map(|index| &self.counted[index]);
        let mut others = others.filter(|other| !other.is_replaced).map(|other| &*other.begun);
        let is_unclear = |other: &&Begun| {
            let other_len = other.looks.1;
            let longer = if other_len < len { begun } else { other };
            let is_alike = |first| {
                let hash = begun.of_first(first, &self.stop);
                hash.is_some() && hash == other.of_first(first, &self.stop)
            };
            other_len != len
                && !matches!(longer.origin, Origin::File(_))
                && hashed_len(len.min(other_len))
                    .is_none_or(|first| is_alike(first.min(begun.hashed_bytes()).min(other.hashed_bytes())))
        };
        others.find(is_unclear).map(Begun::name)
    }

    /// Returns the indexes of the counted sources with this beginning, the last one first, up to a limit.
    fn alike(&self, beginning: Beginning) -> Vec<usize> {
        let mut next = self.beginnings.get(&beginning.half()).copied().unwrap_or(u32::MAX);
        let chain = std::iter::from_fn(|| {
            let index = next as usize;
            next = self.counted.get(index)?.before;
            Some(index)
        });
        chain
            .filter(|index| self.counted[*index].begun.beginning() == beginning)
            .take(HEADINGS_LIMIT as usize)
            .collect()
    }

    /// Whether a file begins with all bytes of a shorter source of `len` bytes.
    fn begins_with(&mut self, longer: &Begun, short: &Begun, len: u64) -> bool {
        let Origin::File(again) = &longer.origin else { return false };
        let failed = self.headings.entry(short.beginning()).or_default();
        if len == 0 || *failed >= HEADINGS_LIMIT || self.stop.is_requested() {
            return false;
        }
        let may_be = match &short.origin {
            Origin::File(shorter) => {
                let sample = shorter.sample(len, &self.stop);
                sample.is_some() && sample == again.sample(len, &self.stop)
            }
            Origin::Stream(_) | Origin::Recorded(_) => true,
        };
        let is_same =
            may_be && short.digest(&self.stop).is_some_and(|digest| again.digest(len, &self.stop) == Some(digest));
        *failed += u32::from(!is_same);
        is_same
    }

    /// Adds a source that was read to its end and counts. `number` is how many sources were read before it.
    pub(super) fn add(&mut self, mut begun: Arc<Begun>, end: &SourceEnd, number: u32) {
        let Some(len) = end.bytes.filter(|bytes| *bytes > 0) else { return };
        // A source that was cut short is not added.
        let is_whole = begun.file_bytes().map_or(begun.digest.get().is_some_and(Option::is_some), |bytes| bytes == len);
        if !is_whole {
            return;
        }
        // The length of a file is already set, and a stream has no other owner.
        if let Some(begun) = Arc::get_mut(&mut begun) {
            begun.looks.1 = len;
        }
        let looks = begun.looks;
        let index = u32::try_from(self.counted.len()).unwrap_or(u32::MAX);
        let before = self.beginnings.insert(begun.beginning().half(), index).unwrap_or(u32::MAX);
        self.counted.push(Counted { begun: Arc::clone(&begun), number, before, is_replaced: false });
        match begun.digest.get() {
            Some(None) => drop(self.alike.insert(looks, false)),
            Some(Some(digest)) if self.alike.contains_key(&looks) => {
                let digest = digest.whole;
                self.hashed.entry(digest).or_insert(begun);
            }
            _ => drop(self.alone.insert(Alone(begun))),
        }
    }

    /// Compares a source of `len` bytes with all earlier ones.
    fn compare(&mut self, begun: &Begun, len: u64) -> Compared {
        let looks = (begun.beginning(), len);
        if let Some(Alone(original)) = self.alone.take(&looks) {
            let digest = original.digest(&self.stop);
            self.alike.insert(looks, digest.is_some());
            if let Some(digest) = digest {
                self.hashed.entry(digest).or_insert(original);
            }
        }
        let Some(&is_known) = self.alike.get(&looks) else { return Compared::Different };
        let digest = begun.digest(&self.stop);
        match digest.and_then(|digest| self.hashed.get(&digest)) {
            Some(original) => Compared::Same(original.name()),
            // A source that cannot be compared counts, unless the only reason is that the run was asked to stop.
            None if !(is_known && digest.is_some()) && self.stop.is_requested() => Compared::Unknown,
            None => Compared::Different,
        }
    }
}

/// Returns the problem that reports a copy that was not counted.
pub(super) fn dropped(copy: &Source, original: &str, bytes: u64) -> Problem {
    let what = format!("a copy of {original} ({bytes} bytes), not counted");
    Problem::new(&copy.name, Kind::Copy, what).remedy(Remedy::KeepCopies)
}

/// Returns the problem that reports a copy that was counted anyway, because too much of it had to be passed on before it was
/// known to be a copy.
pub(super) fn counted(copy: &Source, original: &str) -> Problem {
    let what = format!("a copy of {original}, counted anyway: it holds too many results to wait for its end");
    Problem::new(&copy.name, Kind::CopyCounted, what)
}

/// Returns the problem that reports a source that counts, although it may repeat the lines of `other`.
pub(super) fn may_repeat(source: &Source, chain: &Chain, other: &str) -> Problem {
    let what = format!("begins like {other} and may repeat its lines; both count");
    let problem = Problem::new(&source.name, Kind::MayRepeat, what);
    match chain {
        chain if chain.archives() > 0 => problem.remedy(Remedy::UnpackOutermost),
        chain if !chain.is_empty() => problem.remedy(Remedy::Decompress),
        _ => problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn the_memory_for_each_file_is_small() {
        assert!(size_of::<Begun>() <= 56, "{}", size_of::<Begun>());
        assert!(size_of::<Alone>() <= 8);
    }
}
