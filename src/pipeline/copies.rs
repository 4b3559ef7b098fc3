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
//! Memory: for each source its path or name and some 120 bytes; for those that were hashed, their digests.

use std::borrow::Borrow;
use std::collections::{HashMap, HashSet};
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::SourceEnd;
use crate::problem::{Kind, Problem, Remedy};
use crate::source::{Again, Beginning, Digest, Source, Stop, TextFile};

/// How much is held back of a source that may be a copy, in bytes as the visitor counts them.
pub(super) const HELD_BYTES: usize = 16 << 20;

/// How sources begin and how long they are, by which those are found that may hold the same.
type Looks = (Beginning, u64);

/// A source that is compared with others. There is one for every source that was read, so it is small.
#[derive(Debug)]
pub(super) struct Begun {
    /// Of what is no file the length is known only when it counts, and 0 until then.
    looks: Looks,
    origin: Origin,
    /// The hash of its bytes, once it was asked for; `None` if the source cannot be compared.
    digest: OnceLock<Option<Box<Digest>>>,
}

#[derive(Debug)]
enum Origin {
    /// An uncompressed file, which can be found again.
    File(Again),
    /// Anything else, of this name.
    Stream(Box<str>),
}

/// The only source so far that looks like it, and is found by that.
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
    /// The files that have not been hashed yet, unless that was done at once.
    alone: HashSet<Alone>,
    /// How the others look, and the streams. All of them have been hashed.
    alike: HashSet<Looks>,
    /// The beginnings of streams, whose lengths are known only at their ends.
    streams: HashSet<Beginning>,
}

/// The sources that were read so far and count.
pub(super) struct Copies {
    /// Comparing ends early, too.
    stop: Stop,
    beginnings: HashSet<Beginning>,
    alone: HashSet<Alone>,
    /// How the others look, and whether all that look like it are found by their digests.
    alike: HashMap<Looks, bool>,
    hashed: HashMap<Digest, Arc<Begun>>,
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
    pub(super) fn beginning(&self) -> Beginning {
        self.looks.0
    }

    /// The length of a file that is read as it lies.
    pub(super) fn file_bytes(&self) -> Option<u64> {
        matches!(self.origin, Origin::File(_)).then_some(self.looks.1)
    }

    fn name(&self) -> String {
        match &self.origin {
            Origin::File(again) => again.name(),
            Origin::Stream(name) => name.to_string(),
        }
    }

    fn hash(&self, stop: &Stop) {
        self.digest(stop);
    }

    /// Its digest, for which a file that is no longer open is opened again.
    fn digest(&self, stop: &Stop) -> Option<Digest> {
        let digest = || match &self.origin {
            Origin::File(again) => again.digest(self.looks.1, stop).map(Box::new),
            Origin::Stream(_) => None,
        };
        self.digest.get_or_init(digest).as_deref().copied()
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
        begun.digest.get_or_init(|| text.digest(&self.stop).map(Box::new));
        other.iter().for_each(|Alone(other)| other.hash(&self.stop));
        begun
    }

    /// Takes in what is read once, from front to back.
    pub(super) fn stream(&self, source: &Source, beginning: Beginning) -> Arc<Begun> {
        self.lock().streams.insert(beginning);
        let origin = Origin::Stream(source.name.as_str().into());
        Arc::new(Begun { looks: (beginning, 0), origin, digest: OnceLock::new() })
    }

    /// A stream that begins so has ended after so many bytes: hashes the file that is like it.
    pub(super) fn stream_end(&self, beginning: Beginning, len: u64) {
        let mut known = self.lock();
        known.alike.insert((beginning, len));
        let other = known.alone.take(&(beginning, len));
        drop(known);
        other.iter().for_each(|Alone(other)| other.hash(&self.stop));
    }
}

impl Copies {
    pub(super) fn new(stop: &Stop) -> Copies {
        let (beginnings, alone, alike, hashed) = Default::default();
        Copies { stop: stop.clone(), beginnings, alone, alike, hashed }
    }

    /// Compares a source before its parts are passed on.
    pub(super) fn first(&mut self, begun: &Begun) -> First {
        if !self.beginnings.contains(&begun.beginning()) {
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
        if begun.file_bytes().is_some() {
            return Compared::Different;
        }
        begun.digest.get_or_init(|| digest.map(Box::new));
        end.bytes.map_or(Compared::Different, |len| self.compare(begun, len))
    }

    /// Takes in a source that counts.
    pub(super) fn add(&mut self, mut begun: Arc<Begun>, end: &SourceEnd) {
        let Some(len) = end.bytes.filter(|bytes| *bytes > 0) else { return };
        // Otherwise it was cut short.
        let is_whole = begun.file_bytes().map_or(begun.digest.get().is_some_and(Option::is_some), |bytes| bytes == len);
        if !is_whole {
            return;
        }
        // A file has its length, and nobody else knows a stream.
        if let Some(begun) = Arc::get_mut(&mut begun) {
            begun.looks.1 = len;
        }
        let looks = begun.looks;
        self.beginnings.insert(begun.beginning());
        match begun.digest.get() {
            Some(None) => drop(self.alike.insert(looks, false)),
            Some(Some(digest)) if self.alike.contains_key(&looks) => {
                let digest = **digest;
                self.hashed.entry(digest).or_insert(begun);
            }
            _ => drop(self.alone.insert(Alone(begun))),
        }
    }

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
    let what = format!("a copy of {original}, counted anyway: it holds too many results to wait for its end");
    Problem::new(&copy.name, Kind::CopyCounted, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn what_is_kept_of_each_file_is_small() {
        assert!(size_of::<Begun>() <= 56, "{}", size_of::<Begun>());
        assert!(size_of::<Alone>() <= 8);
    }
}
