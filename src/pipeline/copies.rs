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
//! Memory: about 65 bytes for each source, its name if it is in an archive, and about 100 bytes if it was hashed. Therefore the tables
//! store numbers of sources and not the sources, of which there is one list.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, Hash};
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use foldhash::fast::RandomState;
use hashbrown::{HashTable, hash_table as table};

use serde::{Deserialize, Serialize};

use super::SourceEnd;
use crate::chunk::Span;
use crate::problem::{Kind, Problem, Remedy};
use crate::source::names::Names;
use crate::source::{Again, Beginning, Chain, Digest, Digests, Source, Stop, TextFile, hashed_len};

/// The largest number of bytes of parts that are held back for a source that may be a copy, unless the visitor has another limit.
pub(super) const HELD_BYTES: usize = 16 << 20;

/// How many files may begin alike without one of them beginning with another, before no more files with that beginning are compared.
const HEADINGS_LIMIT: u32 = 16;

/// The beginning and the length of a source. Only sources with equal looks can hold the same bytes.
type Looks = (Beginning, u64);

/// A source that is compared with others, by its number in the list of [`Lookalikes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Begun(u32);

/// What is known about a source. This is kept for every source that was read, so it is small.
#[derive(Clone, Debug)]
struct Entry {
    beginning: Beginning,
    /// The length of the source. That of a stream is 0 until the stream has ended and counts.
    len: u64,
    origin: Origin,
}

/// Whether a source can be read again.
#[derive(Clone, Debug)]
enum Origin {
    /// A file that is neither compressed nor in an archive, which can be opened again.
    File(Again),
    /// Anything else, with the number of its name. It cannot be read again.
    Named(u32, Length),
}

/// When the length of a source that cannot be read again is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Length {
    /// At its end, as for a compressed file, a member of an archive or a pipe.
    AtEnd,
    /// At its beginning, as for a file that another process has read.
    AtBeginning,
}

/// What is known of a source by which it is compared with others, if another process compares it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Looked {
    pub(super) name: String,
    beginning: Beginning,
    /// The length of the file, or `None` for a stream.
    pub(super) bytes: Option<u64>,
    /// The digests of the file. Those of a stream are known only at its end.
    pub(super) digests: Option<Digests>,
}

impl Looked {
    /// Returns what is known of a file that was just opened. If only a piece of it is read, its first piece is hashed.
    pub(super) fn file(text: &TextFile, piece: Span, is_hashed: bool, stop: &Stop) -> Looked {
        let digests = if is_hashed && piece.start == 0 { text.digests(0..piece.end, stop) } else { None };
        Looked { name: text.again.name(), beginning: text.beginning, bytes: Some(text.len), digests }
    }

    /// Returns what is known of a stream that was just opened.
    pub(super) fn stream(source: &Source, beginning: Beginning) -> Looked {
        Looked { name: source.name.clone(), beginning, bytes: None, digests: None }
    }
}

/// The digests of a source, once they have been requested. The inner value is `None` if the source cannot be compared.
type DigestsCell = OnceLock<Option<Digests>>;

impl Entry {
    fn looks(&self) -> Looks {
        (self.beginning, self.len)
    }

    /// Returns the length of a file that is neither compressed nor in an archive, or `None` for anything else.
    fn file_bytes(&self) -> Option<u64> {
        (!matches!(self.origin, Origin::Named(_, Length::AtEnd))).then_some(self.len)
    }
}

/// The moment at which a file is hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hashing {
    /// The file is hashed once another source has equal looks.
    WhenAlike,
    /// The file is hashed at once, because opening it again would cost more.
    AtOnce,
}

/// All sources so far, with which workers find those that must be hashed. This only serves to hash in parallel; [`Copies`] decides what
/// is a copy.
#[derive(Debug, Default)]
pub(super) struct Lookalikes {
    stop: Stop,
    known: Mutex<Known>,
}

/// The state of [`Lookalikes`].
#[derive(Debug, Default)]
struct Known {
    /// The sources, in the order in which they were opened.
    entries: Vec<Entry>,
    /// The names of the streams.
    names: Names,
    /// The digests of the sources for which they were requested.
    digests: HashMap<u32, Arc<DigestsCell>>,
    /// The files whose looks no other source has. They are not hashed yet, except those with [`Hashing::AtOnce`].
    alone: Table<Looks>,
    /// The looks of all other files, and of streams that have ended. All of these sources are hashed.
    alike: HashSet<Looks>,
    /// The beginnings of all streams, because their lengths are known only at their ends.
    streams: HashSet<Beginning>,
}

/// A table of numbers of things with different keys. The keys are not in the table, so each method has to be told how to find them.
#[derive(Debug)]
struct Table<K> {
    numbers: HashTable<u32>,
    hasher: RandomState,
    key: PhantomData<K>,
}

impl<K> Default for Table<K> {
    fn default() -> Table<K> {
        Table { numbers: HashTable::new(), hasher: RandomState::default(), key: PhantomData }
    }
}

impl<K: Hash + Eq> Table<K> {
    /// Returns the number of the thing with this key.
    fn get(&self, key: &K, key_of: impl Fn(u32) -> K) -> Option<u32> {
        self.numbers.find(self.hasher.hash_one(key), |&number| key_of(number) == *key).copied()
    }

    /// Removes the number of the thing with this key, and returns it.
    fn take(&mut self, key: &K, key_of: impl Fn(u32) -> K) -> Option<u32> {
        let found = self.numbers.find_entry(self.hasher.hash_one(key), |&number| key_of(number) == *key);
        found.ok().map(|entry| entry.remove().0)
    }

    /// Adds a number, and returns the one that it replaces because it has the same key.
    fn insert(&mut self, number: u32, key_of: impl Fn(u32) -> K) -> Option<u32> {
        let (key, hasher) = (key_of(number), &self.hasher);
        let is_same = |&other: &u32| key_of(other) == key;
        match self.numbers.entry(hasher.hash_one(&key), is_same, |&other| hasher.hash_one(key_of(other))) {
            table::Entry::Occupied(mut entry) => Some(std::mem::replace(entry.get_mut(), number)),
            table::Entry::Vacant(entry) => {
                entry.insert(number);
                None
            }
        }
    }
}

/// The sources so far that were read and counted, with which later ones are compared.
pub(super) struct Copies<'l> {
    lookalikes: &'l Lookalikes,
    /// The indexes in `counted` of the last source with each half of a beginning. As with whole beginnings, finding one again is only
    /// a reason to compare.
    beginnings: Table<u32>,
    counted: Vec<Counted>,
    /// How often a source did not begin with another one although it has the same beginning.
    headings: HashMap<Beginning, u32>,
    /// The sources whose looks no other source has.
    alone: Table<Looks>,
    /// Maps the looks of all other sources to whether all sources with these looks are in `hashed`.
    alike: HashMap<Looks, bool>,
    hashed: HashMap<Digest, Begun>,
}

/// A source that was counted.
struct Counted {
    begun: Begun,
    /// How many sources were read before it, or [`REPLACED`] if it has been replaced.
    number: u32,
    /// The index of the source before it that has the same half of a beginning, or [`u32::MAX`] if there is none.
    before: u32,
}

/// The number of a source that has been replaced.
const REPLACED: u32 = u32::MAX;

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

impl Known {
    /// Adds a source.
    fn add(&mut self, entry: Entry) -> Begun {
        self.entries.push(entry);
        Begun(u32::try_from(self.entries.len() - 1).unwrap_or(u32::MAX))
    }

    /// Returns the looks of the source with this number.
    fn looks(&self, number: u32) -> Looks {
        looks_in(&self.entries, number)
    }

    /// Removes the file with these looks from those whose looks no other source has, and returns it.
    fn no_longer_alone(&mut self, looks: Looks) -> Option<Begun> {
        self.alone.take(&looks, |number| looks_in(&self.entries, number)).map(Begun)
    }

    /// Returns the place for the digests of a source.
    fn digests(&mut self, Begun(number): Begun) -> Arc<DigestsCell> {
        Arc::clone(self.digests.entry(number).or_default())
    }
}

/// Returns the looks of the source with this number.
fn looks_in(entries: &[Entry], number: u32) -> Looks {
    entries[number as usize].looks()
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
    pub(super) fn file(&self, text: &TextFile, hashing: Hashing) -> Begun {
        let looks = (text.beginning, text.len);
        let mut known = self.lock();
        let begun =
            known.add(Entry { beginning: text.beginning, len: text.len, origin: Origin::File(text.again.clone()) });
        let other = known.no_longer_alone(looks);
        let is_alone = other.is_none() && !known.alike.contains(&looks);
        if is_alone {
            let Known { alone, entries, .. } = &mut *known;
            alone.insert(begun.0, |number| looks_in(entries, number));
        } else {
            known.alike.insert(looks);
        }
        if is_alone && hashing == Hashing::WhenAlike && !known.streams.contains(&text.beginning) {
            return begun;
        }
        let digests = known.digests(begun);
        drop(known);
        digests.get_or_init(|| text.digest(&self.stop).map(Digests::of_file));
        if let Some(other) = other {
            self.digest(other);
        }
        begun
    }

    /// Adds a stream that was just opened.
    pub(super) fn stream(&self, source: &Source, beginning: Beginning) -> Begun {
        let mut known = self.lock();
        known.streams.insert(beginning);
        let name = u32::try_from(known.names.len()).unwrap_or(u32::MAX);
        known.names.push_text(&source.name);
        known.add(Entry { beginning, len: 0, origin: Origin::Named(name, Length::AtEnd) })
    }

    /// Adds a source that another process has read.
    pub(super) fn read_by_other(&self, looked: Looked) -> Begun {
        let Looked { name, beginning, bytes, digests } = looked;
        let mut known = self.lock();
        let number = u32::try_from(known.names.len()).unwrap_or(u32::MAX);
        known.names.push_text(&name);
        let origin = Origin::Named(number, bytes.map_or(Length::AtEnd, |_| Length::AtBeginning));
        let begun = known.add(Entry { beginning, len: bytes.unwrap_or(0), origin });
        if bytes.is_some() {
            known.digests(begun).get_or_init(|| digests);
        }
        begun
    }

    /// Records that a stream with this beginning has ended after `len` bytes. If a file has equal looks, hashes the file.
    pub(super) fn stream_end(&self, beginning: Beginning, len: u64) {
        let mut known = self.lock();
        known.alike.insert((beginning, len));
        let other = known.no_longer_alone((beginning, len));
        drop(known);
        if let Some(other) = other {
            self.digest(other);
        }
    }

    /// Returns what is known about a source.
    fn entry(&self, Begun(number): Begun) -> Entry {
        self.lock().entries[number as usize].clone()
    }

    /// Returns the name of a source in results.
    fn name(&self, begun: Begun) -> String {
        match self.entry(begun).origin {
            Origin::File(again) => again.name(),
            Origin::Named(name, _) => self.lock().names.text(name as usize).unwrap_or_default(),
        }
    }

    /// Returns a short hash of the first `len` bytes of a source, for a length that [`hashed_len`] returned.
    fn of_first(&self, begun: Begun, len: u64) -> Option<u32> {
        match self.entry(begun).origin {
            Origin::File(again) => again.digest(len, &self.stop).map(Digest::short),
            Origin::Named(..) => self.known_digests(begun)?.get()?.as_ref()?.of_first(len),
        }
    }

    /// Returns the length of the longest beginning whose hash is known or can be computed.
    fn hashed_bytes(&self, begun: Begun) -> u64 {
        match self.entry(begun).origin {
            Origin::File(_) | Origin::Named(_, Length::AtEnd) => u64::MAX,
            Origin::Named(_, Length::AtBeginning) => self
                .known_digests(begun)
                .and_then(|digests| digests.get()?.as_ref().map(Digests::hashed_bytes))
                .unwrap_or(0),
        }
    }

    /// Returns the digests of a source, if they have been requested.
    fn known_digests(&self, Begun(number): Begun) -> Option<Arc<DigestsCell>> {
        self.lock().digests.get(&number).map(Arc::clone)
    }

    /// Returns the digest of a source. If it has not been computed yet, opens the file again. Returns `None` if the source cannot be
    /// compared.
    fn digest(&self, begun: Begun) -> Option<Digest> {
        let digests = self.lock().digests(begun);
        let entry = self.entry(begun);
        let digest = || match entry.origin {
            Origin::File(again) => again.digest(entry.len, &self.stop).map(Digests::of_file),
            Origin::Named(..) => None,
        };
        digests.get_or_init(digest).as_ref().map(|digests| digests.whole)
    }
}

impl<'l> Copies<'l> {
    /// Creates an empty list.
    pub(super) fn new(lookalikes: &'l Lookalikes) -> Copies<'l> {
        let (beginnings, counted, headings, alone, alike, hashed) = Default::default();
        Copies { lookalikes, beginnings, counted, headings, alone, alike, hashed }
    }

    /// Adds a source that another process has read.
    pub(super) fn read_by_other(&self, looked: Looked) -> Begun {
        self.lookalikes.read_by_other(looked)
    }

    /// Returns the hash of the first bytes of a source.
    pub(super) fn beginning(&self, begun: Begun) -> Beginning {
        self.lookalikes.entry(begun).beginning
    }

    /// Returns the length of a file that is neither compressed nor in an archive, or `None` for anything else.
    pub(super) fn file_bytes(&self, begun: Begun) -> Option<u64> {
        self.lookalikes.entry(begun).file_bytes()
    }

    /// Compares a source before its parts are passed on.
    pub(super) fn first(&mut self, begun: Begun) -> First {
        let entry = self.lookalikes.entry(begun);
        if self.last_with(entry.beginning.half()).is_none() {
            return First::New;
        }
        let Some(len) = entry.file_bytes() else { return First::Doubtful };
        match self.compare(begun, len) {
            Compared::Different => self.longer(begun, len).map_or(First::New, First::Copy),
            Compared::Same(original) => First::Copy(original),
            Compared::Unknown => First::Unknown,
        }
    }

    /// Compares a source after it was read to its end. `digests` are those of a stream; a file was already compared at its
    /// beginning.
    pub(super) fn last(&mut self, begun: Begun, end: &SourceEnd, digests: Option<Digests>) -> Compared {
        if self.file_bytes(begun).is_some() {
            return Compared::Different;
        }
        let cell = self.lookalikes.lock().digests(begun);
        cell.get_or_init(|| digests);
        let Some(len) = end.bytes else { return Compared::Different };
        match self.compare(begun, len) {
            Compared::Different => self.longer(begun, len).map_or(Compared::Different, Compared::Same),
            compared => compared,
        }
    }

    /// Returns the sources with all of whose bytes this file begins. It was read to its end and counts.
    pub(super) fn replaced_by(&mut self, begun: Begun) -> Vec<Replaced> {
        let Some(len) = self.file_bytes(begun) else { return Vec::new() };
        let mut all = Vec::new();
        for index in self.alike(self.beginning(begun)) {
            let Counted { begun: short, number, .. } = self.counted[index];
            let short_len = self.lookalikes.entry(short).len;
            if number == REPLACED || short_len >= len || !self.begins_with(begun, short, short_len) {
                continue;
            }
            self.counted[index].number = REPLACED;
            let (short, longer) = (self.lookalikes.name(short), self.lookalikes.name(begun));
            all.push(Replaced::new(number, short, short_len, Some(longer)));
        }
        all
    }

    /// Returns what to call the source of which one of `len` bytes is a copy because a longer file begins with it.
    fn longer(&mut self, begun: Begun, len: u64) -> Option<String> {
        let longer = self.alike(self.beginning(begun)).into_iter().map(|index| self.counted[index].begun);
        let mut longer =
            longer.filter(|longer| self.lookalikes.entry(*longer).len > len).collect::<Vec<_>>().into_iter();
        let longer = longer.find(|longer| self.begins_with(*longer, begun, len))?;
        Some(beginning_of(&self.lookalikes.name(longer)))
    }

    /// Returns the name of a counted source that this one, of `len` bytes, probably begins with, or that begins with this one. That
    /// is not certain if the longer one of them cannot be read again.
    pub(super) fn unclear(&self, begun: Begun, len: u64) -> Option<String> {
        let lookalikes = self.lookalikes;
        let others = self.alike(self.beginning(begun)).into_iter().map(|index| &self.counted[index]);
        let mut others = others.filter(|other| other.number != REPLACED).map(|other| other.begun);
        let is_unclear = |other: &Begun| {
            let other_len = lookalikes.entry(*other).len;
            let longer = if other_len < len { begun } else { *other };
            let is_alike = |first| {
                let hash = lookalikes.of_first(begun, first);
                hash.is_some() && hash == lookalikes.of_first(*other, first)
            };
            other_len != len
                && !matches!(lookalikes.entry(longer).origin, Origin::File(_))
                && hashed_len(len.min(other_len)).is_none_or(|first| {
                    is_alike(first.min(lookalikes.hashed_bytes(begun)).min(lookalikes.hashed_bytes(*other)))
                })
        };
        others.find(is_unclear).map(|other| lookalikes.name(other))
    }

    /// Returns the index in `counted` of the last source with this half of a beginning.
    fn last_with(&self, half: u32) -> Option<u32> {
        let known = self.lookalikes.lock();
        self.beginnings.get(&half, |index| half_of(&known.entries, &self.counted, index))
    }

    /// Returns the indexes of the counted sources with this beginning, the last one first, up to a limit.
    fn alike(&self, beginning: Beginning) -> Vec<usize> {
        let mut next = self.last_with(beginning.half()).unwrap_or(u32::MAX);
        let chain = std::iter::from_fn(|| {
            let index = next as usize;
            next = self.counted.get(index)?.before;
            Some(index)
        });
        chain
            .filter(|index| self.beginning(self.counted[*index].begun) == beginning)
            .take(HEADINGS_LIMIT as usize)
            .collect()
    }

    /// Whether a file begins with all bytes of a shorter source of `len` bytes.
    fn begins_with(&mut self, longer: Begun, short: Begun, len: u64) -> bool {
        let lookalikes = self.lookalikes;
        let (stop, short_entry) = (&lookalikes.stop, lookalikes.entry(short));
        let Origin::File(again) = lookalikes.entry(longer).origin else { return false };
        let failed = self.headings.entry(short_entry.beginning).or_default();
        if len == 0 || *failed >= HEADINGS_LIMIT || stop.is_requested() {
            return false;
        }
        let may_be = match short_entry.origin {
            Origin::File(shorter) => {
                let sample = shorter.sample(len, stop);
                sample.is_some() && sample == again.sample(len, stop)
            }
            Origin::Named(..) => true,
        };
        let is_same = may_be && lookalikes.digest(short).is_some_and(|digest| again.digest(len, stop) == Some(digest));
        *failed += u32::from(!is_same);
        is_same
    }

    /// Adds a source that was read to its end and counts. `number` is how many sources were read before it.
    pub(super) fn add(&mut self, begun: Begun, end: &SourceEnd, number: u32) {
        let Some(len) = end.bytes.filter(|bytes| *bytes > 0) else { return };
        let digests = self.lookalikes.known_digests(begun);
        let digests = digests.as_deref().and_then(OnceLock::get);
        let mut known = self.lookalikes.lock();
        let entry = &mut known.entries[begun.0 as usize];
        // A source that was cut short is not added.
        if !entry.file_bytes().map_or(digests.is_some_and(Option::is_some), |bytes| bytes == len) {
            return;
        }
        // The length of a file is already set.
        entry.len = len;
        let looks = entry.looks();
        let index = u32::try_from(self.counted.len()).unwrap_or(u32::MAX);
        self.counted.push(Counted { begun, number, before: u32::MAX });
        let half_of = |index| half_of(&known.entries, &self.counted, index);
        let before = self.beginnings.insert(index, half_of).unwrap_or(u32::MAX);
        self.counted[index as usize].before = before;
        match digests {
            Some(None) => drop(self.alike.insert(looks, false)),
            Some(Some(digest)) if self.alike.contains_key(&looks) => {
                self.hashed.entry(digest.whole).or_insert(begun);
            }
            _ => drop(self.alone.insert(begun.0, |number| known.looks(number))),
        }
    }

    /// Compares a source of `len` bytes with all earlier ones.
    fn compare(&mut self, begun: Begun, len: u64) -> Compared {
        let looks = (self.beginning(begun), len);
        let original = {
            let known = self.lookalikes.lock();
            self.alone.take(&looks, |number| known.looks(number)).map(Begun)
        };
        if let Some(original) = original {
            let digest = self.lookalikes.digest(original);
            self.alike.insert(looks, digest.is_some());
            if let Some(digest) = digest {
                self.hashed.entry(digest).or_insert(original);
            }
        }
        let Some(&is_known) = self.alike.get(&looks) else { return Compared::Different };
        let digest = self.lookalikes.digest(begun);
        match digest.and_then(|digest| self.hashed.get(&digest)) {
            Some(original) => Compared::Same(self.lookalikes.name(*original)),
            // A source that cannot be compared counts, unless the only reason is that the run was asked to stop.
            None if !(is_known && digest.is_some()) && self.lookalikes.stop.is_requested() => Compared::Unknown,
            None => Compared::Different,
        }
    }
}

/// Returns half of the beginning of the source at this index of `counted`.
fn half_of(entries: &[Entry], counted: &[Counted], index: u32) -> u32 {
    entries[counted[index as usize].begun.0 as usize].beginning.half()
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
        assert!(size_of::<Entry>() <= 32, "{}", size_of::<Entry>());
        assert!(size_of::<Counted>() <= 12);
    }
}
