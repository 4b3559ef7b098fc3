//! Recognises sources that hold the same bytes as one before, so that they count once: the same log in the folder and in
//! the zip, or saved twice.
//!
//! Sources are compared where they are put in order, so which of two is the copy depends on their order alone, never on
//! which thread was faster. A file is compared before anything of it is passed on. What is unpacked or piped in is known only
//! when it has been read; if it begins like a source before, its parts are held back until then, up to [`HELD_BYTES`].
//!
//! Files are hashed by the worker that has them open, where they begin like another source of their length. The first of
//! several begins like none; it is opened again by the worker that finds the second, and compared only if it is still as it
//! was read.
//!
//! Invariants: a source is dropped only if all its bytes are known to be those of another one that was read to its end
//! and counted; what cannot be compared counts.
//!
//! Memory: a name and path for each source, its length, its digest, and where it stands in these tables.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::SourceEnd;
use crate::problem::{Kind, Problem, Remedy};
use crate::source::{Again, Beginning, Digest, Source, Stop, TextFile};

/// How much is held back of a source that may be a copy, in bytes as the visitor counts them.
pub(super) const HELD_BYTES: usize = 16 << 20;

/// A source that is compared with others.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) source: Arc<Source>,
    pub(super) beginning: Beginning,
    /// Its length and where it can be found again, if it is an uncompressed file.
    file: Option<(u64, Again)>,
    /// The hash of its bytes, once it was asked for; `None` if the source cannot be compared.
    digest: OnceLock<Option<Digest>>,
}

/// When a file is hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hashing {
    /// As soon as there is another one like it.
    WhenAlike,
    /// At once: to open it again would cost more.
    AtOnce,
}

/// What sources begin with and how long they are, by which workers find those that have to be hashed.
#[derive(Debug, Default)]
pub(super) struct Lookalikes {
    stop: Stop,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// By beginning and length, the file that has not been hashed, because it is the only one so far.
    alone: HashMap<(Beginning, u64), Option<Arc<Begun>>>,
    /// The beginnings of streams, whose lengths are known only at their ends.
    streams: HashSet<Beginning>,
}

/// The sources that were read so far and count.
pub(super) struct Copies {
    /// Comparing ends early, too.
    stop: Stop,
    beginnings: HashSet<Beginning>,
    /// By beginning and length.
    alike: HashMap<(Beginning, u64), Alike>,
    hashed: HashMap<Digest, Arc<Source>>,
}

/// What is known of the sources that begin alike and are as long.
enum Alike {
    /// There is one, and it has not been hashed.
    Unhashed(Arc<Begun>),
    /// All of them are found by their digests.
    Hashed,
    /// One of them could not be hashed.
    Incomparable,
}

/// What is known at the beginning of a source.
pub(super) enum First {
    /// It is none of those before.
    New,
    /// It may be one of those before; its end will tell.
    Doubtful,
    /// It is a copy of this one.
    Copy(String),
    /// The run is to end before this is known.
    Unknown,
}

/// What comparing told.
pub(super) enum Compared {
    Different,
    /// The same as the source of this name.
    Same(String),
    /// The run is to end before this is known.
    Unknown,
}

impl Begun {
    /// The length of a file that is read as it lies.
    pub(super) fn file_bytes(&self) -> Option<u64> {
        self.file.as_ref().map(|(len, _)| *len)
    }

    fn hash(&self, stop: &Stop) {
        self.digest(stop);
    }

    /// Its digest, for which a file that is no longer open is opened again.
    fn digest(&self, stop: &Stop) -> Option<Digest> {
        *self.digest.get_or_init(|| self.file.as_ref().and_then(|(_, again)| again.digest(stop)))
    }
}

impl Lookalikes {
    pub(super) fn new(stop: &Stop) -> Lookalikes {
        Lookalikes { stop: stop.clone(), known: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in a file that was just opened, and hashes it if there is another one like it.
    pub(super) fn file(&self, source: &Arc<Source>, text: &TextFile, hashing: Hashing) -> Arc<Begun> {
        let (beginning, len) = (text.beginning, text.len);
        let file = Some((len, text.again.clone()));
        let begun = Arc::new(Begun { source: Arc::clone(source), beginning, file, digest: OnceLock::new() });
        let mut known = self.lock();
        let is_hashed = hashing == Hashing::AtOnce || known.streams.contains(&beginning);
        let other = match known.alone.entry((beginning, len)) {
            Entry::Vacant(vacant) if is_hashed => {
                vacant.insert(None);
                None
            }
            Entry::Vacant(vacant) => {
                vacant.insert(Some(Arc::clone(&begun)));
                return begun;
            }
            Entry::Occupied(mut occupied) => occupied.get_mut().take(),
        };
        drop(known);
        begun.digest.get_or_init(|| text.digest(&self.stop));
        other.iter().for_each(|other| other.hash(&self.stop));
        begun
    }

    /// Takes in what is read once, from front to back.
    pub(super) fn stream(&self, source: &Arc<Source>, beginning: Beginning) -> Arc<Begun> {
        self.lock().streams.insert(beginning);
        Arc::new(Begun { source: Arc::clone(source), beginning, file: None, digest: OnceLock::new() })
    }

    /// A stream that begins so has ended after so many bytes: hashes the file that is like it.
    pub(super) fn stream_end(&self, beginning: Beginning, len: u64) {
        let other = self.lock().alone.insert((beginning, len), None).flatten();
        other.iter().for_each(|other| other.hash(&self.stop));
    }
}

impl Copies {
    pub(super) fn new(stop: &Stop) -> Copies {
        let (beginnings, alike, hashed) = Default::default();
        Copies { stop: stop.clone(), beginnings, alike, hashed }
    }

    /// Compares a source before its parts are passed on.
    pub(super) fn first(&mut self, begun: &Begun) -> First {
        if !self.beginnings.contains(&begun.beginning) {
            return First::New;
        }
        let Some(len) = begun.file_bytes() else { return First::Doubtful };
        match self.compare(begun, len) {
            Compared::Different => First::New,
            Compared::Same(original) => First::Copy(original),
            Compared::Unknown => First::Unknown,
        }
    }

    /// Compares a source that was read to its end, with this digest unless it is a file.
    pub(super) fn last(&mut self, begun: &Begun, end: &SourceEnd, digest: Option<Digest>) -> Compared {
        if begun.file.is_none() {
            begun.digest.get_or_init(|| digest);
        }
        match end.bytes {
            Some(len) if begun.file.is_none() => self.compare(begun, len),
            _ => Compared::Different,
        }
    }

    /// Takes in a source that counts.
    pub(super) fn add(&mut self, begun: Arc<Begun>, end: &SourceEnd) {
        let Some(len) = end.bytes.filter(|bytes| *bytes > 0) else { return };
        // Otherwise it was cut short.
        let is_whole = begun.file_bytes().map_or(begun.digest.get().is_some_and(Option::is_some), |bytes| bytes == len);
        if !is_whole {
            return;
        }
        self.beginnings.insert(begun.beginning);
        let key = (begun.beginning, len);
        match begun.digest.get() {
            Some(Some(digest)) => {
                self.alike.entry(key).or_insert(Alike::Hashed);
                self.hashed.entry(*digest).or_insert_with(|| Arc::clone(&begun.source));
            }
            Some(None) => {
                let alike = self.alike.entry(key).or_insert(Alike::Incomparable);
                if matches!(alike, Alike::Hashed) {
                    *alike = Alike::Incomparable;
                }
            }
            None => drop(self.alike.insert(key, Alike::Unhashed(begun))),
        }
    }

    fn compare(&mut self, begun: &Begun, len: u64) -> Compared {
        let Some(alike) = self.alike.get_mut(&(begun.beginning, len)) else { return Compared::Different };
        if let Alike::Unhashed(original) = alike {
            let digest = original.digest(&self.stop);
            if let Some(digest) = digest {
                self.hashed.entry(digest).or_insert_with(|| Arc::clone(&original.source));
            }
            *alike = if digest.is_some() { Alike::Hashed } else { Alike::Incomparable };
        }
        let is_known = matches!(alike, Alike::Hashed);
        let digest = begun.digest(&self.stop);
        match digest.and_then(|digest| self.hashed.get(&digest)) {
            Some(original) => Compared::Same(original.name.clone()),
            // What cannot be compared counts, unless it is only that there is no time for it.
            None if !(is_known && digest.is_some()) && self.stop.is_requested() => Compared::Unknown,
            None => Compared::Different,
        }
    }
}

/// What is told of a copy.
pub(super) fn dropped(copy: &Source, original: &str, bytes: u64) -> Problem {
    let what = format!("a copy of {original} ({bytes} bytes), not counted");
    Problem::new(&copy.name, Kind::Copy, what).remedy(Remedy::KeepCopies)
}

/// What is told of a copy that turned out to be one when too much of it had been passed on.
pub(super) fn counted(copy: &Source, original: &str) -> Problem {
    let what = format!("a copy of {original}, counted all the same: it holds too many results to wait for its end");
    Problem::new(&copy.name, Kind::CopyCounted, what)
}
