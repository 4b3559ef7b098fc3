//! Collects the counted results and the times of lines from which findings are derived.
//!
//! The machine of a source is known only at the end. Until then, a source whose lines do not name their machine counts as a
//! machine.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use crate::attempt::SignIn;
use crate::attempt::values::{Number, Values};
use crate::catalogue::Catalogue;
use crate::code::Key;
use crate::finding::Cells;
use crate::finding::cells::{Labels, is_watched, minute_hash, person_hash};
use crate::finding::lines::Lines;
use crate::finding::rows::{Earliest, NO_TIME, Row, Rows};
use crate::time::Time;

/// The results and lines of a run, as far as findings need them.
#[derive(Debug)]
pub(super) struct Collected<'c> {
    /// Says which results no rule leaves out.
    catalogue: &'c Catalogue,
    rows: Rows,
    watched: Earliest,
    lines: Lines,
    /// The times at which sign-ins began that have no result.
    unanswered: Lines,
    /// The source of the last line that names its machine, and the machine.
    named: (u32, Number),
    /// The machines that are named in a source beside others.
    shared: BTreeSet<Number>,
    /// The hash of each user, with the number of the user as index. Names are hashed once, because rows are sampled by hash again
    /// and again.
    hashes: RefCell<Vec<Option<u64>>>,
}

/// Marks the number of a machine, in contrast to that of a source.
const HOST: u32 = 1 << 31;

/// Returns a number for the machine that the lines name, or else for their source.
fn place(source: u32, host: Number) -> u32 {
    if host.is_known() { HOST | host.as_u32() } else { source & !HOST }
}

/// Returns the source and the machine that a number stands for.
fn unplaced(place: u32) -> (u32, Number) {
    let number = place & !HOST;
    if place & HOST == 0 { (number, Number::default()) } else { (u32::MAX, Number::from_index(u64::from(number))) }
}

impl<'c> Collected<'c> {
    /// Creates an empty collection.
    pub(super) fn new(catalogue: &'c Catalogue) -> Collected<'c> {
        Collected {
            catalogue,
            rows: Rows::default(),
            watched: Earliest::default(),
            lines: Lines::default(),
            unanswered: Lines::default(),
            named: Default::default(),
            shared: BTreeSet::new(),
            hashes: RefCell::default(),
        }
    }

    /// Adds a result that counts, in `source`. A result without a time is left out, unless it is never left out.
    pub(super) fn add(&mut self, result: &SignIn, source: u32, keys: &[Key], users: &Values) {
        self.add_any(result, source, keys, users, true);
    }

    /// Adds a result that does not count because of its code. It still shows that somebody signed in.
    pub(super) fn add_exposure(&mut self, result: &SignIn, source: u32, keys: &[Key], users: &Values) {
        self.add_any(result, source, keys, users, false);
    }

    fn add_any(&mut self, result: &SignIn, source: u32, keys: &[Key], users: &Values, counts: bool) {
        let Some(key) = keys.get(result.key as usize) else { return };
        let time = result.time().map_or(NO_TIME, Time::nanoseconds);
        // Users beyond the limit are not distinguished, so they count as unknown.
        let person = Some(result.user).filter(|user| *user != Number::OTHERS).unwrap_or_default();
        let row = Row {
            address: result.address.as_u32(),
            duration: result.duration_ms().map_or(0, |duration| duration + 1),
            ..Row::one(place(source, result.host), person.as_u32(), result.key, time)
        };
        if time != NO_TIME {
            let hashes = &self.hashes;
            self.rows.add(row, |row| hash(row, hashes, users));
        }
        if counts && is_watched(self.catalogue, key) {
            self.watched.add(row);
        }
    }

    /// Adds a line.
    pub(super) fn line(&mut self, source: u32, host: Number, time: Time) {
        if host.is_known() && (source, host) != self.named {
            if source == self.named.0 && self.named.1.is_known() {
                self.shared.extend([self.named.1, host]);
            }
            self.named = (source, host);
        }
        self.lines.add(place(source, host), time.nanoseconds());
    }

    /// Adds a sign-in without a result, which began at `time`.
    pub(super) fn unanswered(&mut self, source: u32, host: Number, time: Time) {
        self.unanswered.add(place(source, host), time.nanoseconds());
    }

    /// Returns what was collected, by name. `host` returns the machine of results in a source whose lines name the given machine,
    /// or `None` if they do not count.
    pub(super) fn cells<H, P, A, K>(
        mut self,
        users: &Values,
        host: impl Fn(u32, Number) -> Option<Number>,
        texts: Labels<H, P, A, K>,
    ) -> Cells
    where
        H: Fn(u32) -> Option<Box<str>>,
        P: Fn(u32) -> Option<Box<str>>,
        A: Fn(u32) -> Option<Box<str>>,
        K: Fn(u32) -> Option<Key>,
    {
        let of_place = |place: u32| {
            let (source, number) = unplaced(place);
            host(source, number)
        };
        let hashes = &self.hashes;
        if self.rows.is_over_limit() {
            self.rows.settle(|row| hash(row, hashes, users));
        }
        // Rows of the same machine follow each other, and the filter takes longer than to remember the last answer.
        let last = Cell::new(None);
        let is_kept = |place: u32| match last.get() {
            Some((last, is_kept)) if last == place => is_kept,
            _ => {
                let is_kept = of_place(place).is_some();
                last.set(Some((place, is_kept)));
                is_kept
            }
        };
        self.rows.retain_hosts(is_kept);
        self.watched.retain_hosts(is_kept);
        self.lines.retain_hosts(is_kept);
        self.unanswered.retain_hosts(is_kept);
        let Labels { host, person, address, key } = texts;
        let texts = Labels { host: |place| host(of_place(place)?.as_u32()), person, address, key };
        let cells = Cells::new(self.rows, self.watched, self.lines, &texts);
        let shared = self.shared.iter().filter_map(|host| (texts.host)(place(0, *host)));
        let shared: Vec<Box<str>> = shared.collect();
        cells.with_unanswered(self.unanswered, texts.host).with_shared(shared)
    }
}

/// Returns the hash by which a row is sampled.
fn hash(row: &Row, hashes: &RefCell<Vec<Option<u64>>>, users: &Values) -> u64 {
    let index = row.person as usize;
    if index == 0 {
        return minute_hash(row);
    }
    if let Some(Some(hash)) = hashes.borrow().get(index) {
        return *hash;
    }
    let Some(name) = users.text(Number::from_index(u64::from(row.person))) else { return minute_hash(row) };
    let mut hashes = hashes.borrow_mut();
    if index >= hashes.len() {
        hashes.resize(index + 1, None);
    }
    *hashes[index].get_or_insert_with(|| person_hash(name))
}
