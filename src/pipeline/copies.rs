//! Recognises sources that hold the same bytes as one before, so that they count once: the same log in the folder and in
//! the zip, or saved twice.
//!
//! Sources are compared where they are put in order, so which of two is the copy depends on their order alone, never on
//! which thread was faster. A file is compared before anything of it is passed on. What is unpacked or piped in is known only
//! when it has been read; if it begins like a source before, its parts are held back until then, up to [`HELD_BYTES`].
//!
//! Invariants: a source is dropped only if all its bytes are known to be those of another one that was read to its end
//! and counted; what cannot be compared counts.
//!
//! Memory: a name or path for each source, and its length and digest.

use std::collections::HashMap;
use std::sync::Arc;

use super::{SourceEnd, SourceStart};
use crate::problem::{Kind, Problem, Remedy};
use crate::source::{Beginning, Digest, Source, Stop};

/// How much is held back of a source that may be a copy, in bytes as the visitor counts them.
pub(super) const HELD_BYTES: usize = 16 << 20;

/// The sources that were read so far.
pub(super) struct Copies {
    /// Comparing ends early, too.
    stop: Stop,
    originals: HashMap<Beginning, Vec<Original>>,
}

struct Original {
    len: u64,
    place: Place,
    digest: Option<Digest>,
}

/// Where the bytes are.
enum Place {
    File(Arc<Source>),
    /// Unpacked or piped in from somewhere; its name.
    Gone(String),
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

impl Original {
    fn name(&self) -> &str {
        match &self.place {
            Place::File(source) => &source.name,
            Place::Gone(name) => name,
        }
    }

    /// The digest of what was read of it, made when it is first asked for.
    fn digest(&mut self, stop: &Stop) -> Option<Digest> {
        if let (None, Place::File(source)) = (self.digest, &self.place) {
            self.digest = source.digest(self.len, stop);
        }
        self.digest
    }
}

impl Copies {
    pub(super) fn new(stop: &Stop) -> Copies {
        Copies { stop: stop.clone(), originals: HashMap::new() }
    }

    /// Compares a source before its parts are passed on.
    pub(super) fn first(&mut self, start: &SourceStart) -> First {
        let Some(alike) = self.originals.get_mut(&start.beginning) else { return First::New };
        let Some(len) = start.file_bytes else { return First::Doubtful };
        if alike.iter().all(|original| original.len != len) {
            return First::New;
        }
        let digest = start.source.digest(len, &self.stop);
        match compare(alike, len, digest, &self.stop) {
            Compared::Different => First::New,
            Compared::Same(original) => First::Copy(original),
            Compared::Unknown => First::Unknown,
        }
    }

    /// Compares a source that has been read.
    pub(super) fn last(&mut self, start: &SourceStart, end: &SourceEnd, digest: Option<Digest>) -> Compared {
        match (self.originals.get_mut(&start.beginning), end.bytes) {
            (Some(alike), Some(len)) => compare(alike, len, digest, &self.stop),
            _ => Compared::Different,
        }
    }

    /// Takes in a source that counts.
    pub(super) fn add(&mut self, start: &SourceStart, end: &SourceEnd, digest: Option<Digest>) {
        let Some(len) = end.bytes.filter(|bytes| *bytes > 0) else { return };
        let place = match (start.file_bytes, digest) {
            (Some(file_bytes), _) if file_bytes == len => Place::File(Arc::clone(&end.source)),
            (None, Some(_)) => Place::Gone(end.source.name.clone()),
            // It was cut short.
            _ => return,
        };
        self.originals.entry(start.beginning).or_default().push(Original { len, place, digest });
    }
}

fn compare(alike: &mut [Original], len: u64, digest: Option<Digest>, stop: &Stop) -> Compared {
    let mut compared = Compared::Different;
    for original in alike.iter_mut().filter(|original| original.len == len) {
        match (original.digest(stop), digest) {
            (Some(one), Some(other)) if one == other => return Compared::Same(original.name().to_owned()),
            (Some(_), Some(_)) => {}
            // What cannot be compared counts, unless it is only that there is no time for it.
            _ if stop.is_requested() => compared = Compared::Unknown,
            _ => {}
        }
    }
    compared
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
