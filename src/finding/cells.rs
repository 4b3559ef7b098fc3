//! What findings are derived from: the results of a run, with the names that occur in them.

use std::collections::BTreeSet;
use std::hash::Hash;

use foldhash::{HashMap, HashMapExt as _};

use super::lines::Lines;
use super::rows::{Earliest, MINUTE, NO_KEY, Row, Rows};
use crate::attempt::without_domain;
use crate::catalogue::{Catalogue, Group};
use crate::code::{Code, Key, MFA};

/// The results of a run, as far as findings need them. Cells can be merged in any order and grouping.
///
/// Numbers of hosts, persons and addresses begin with 1, in the order of their names; 0 means unknown. Those of codes begin with
/// 0, in the order of the codes. So equal results give equal cells, however they were collected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cells {
    rows: Rows,
    watched: Earliest,
    lines: Lines,
    unanswered: Lines,
    hosts: Vec<Box<str>>,
    persons: Vec<Box<str>>,
    addresses: Vec<Box<str>>,
    keys: Vec<Key>,
    /// The codes that no finding is about.
    exposure: BTreeSet<Key>,
    /// The hosts whose lines are in a log with those of others.
    shared: BTreeSet<Box<str>>,
    /// The hosts whose sign-ins may count twice. The name of an unknown host is empty.
    doubled: BTreeSet<Box<str>>,
}

/// The names for the numbers in [`Rows`]. Each function returns `None` for a number without a name.
#[derive(Clone, Copy, Debug)]
pub struct Labels<H, P, A, K> {
    /// Returns the name of a host.
    pub host: H,
    /// Returns the name of a person.
    pub person: P,
    /// Returns a network address.
    pub address: A,
    /// Returns a code or name.
    pub key: K,
}

/// The codes that are findings even if they occur once: a report of fraud, a block, a lock or a changed registration.
pub const WATCHED: [Code; 6] = [Code(14), Code(105), Code(112), Code(132), Code(135), Code(145)];

/// Whether results with this code or name are kept in [`Earliest`] too. Of other families than that of the codes, these are the names
/// in the group of security.
#[must_use]
pub fn is_watched(catalogue: &Catalogue, key: &Key) -> bool {
    match key.code() {
        Some(code) => WATCHED.contains(&code),
        None if key.family() == MFA => false,
        None => catalogue.entry(key).is_some_and(|entry| entry.group == Group::Security),
    }
}

/// Returns the hash that decides whether a person is kept if there are too many rows. All spellings of a name have the same one.
#[must_use]
pub fn person_hash(name: &str) -> u64 {
    // FNV-1a. Not the hasher of the standard library or of foldhash, because the result must be the same in every run.
    let add = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let name = without_domain(name);
    let hash = if name.is_ascii() {
        name.bytes().map(|byte| byte.to_ascii_lowercase()).fold(0xcbf2_9ce4_8422_2325, add)
    } else {
        name.to_lowercase().bytes().fold(0xcbf2_9ce4_8422_2325, add)
    };
    mixed(hash)
}

/// Returns the hash that decides whether the results of unknown users are kept if there are too many rows.
#[must_use]
pub fn minute_hash(row: &Row) -> u64 {
    mixed(row.first.div_euclid(MINUTE).cast_unsigned())
}

/// Mixes the bits of a number, so that each bit of the result depends on all of them. The function is the end of SplitMix64.
fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

/// Maps numbers in use to numbers in the order of their names.
struct Ranks<T> {
    names: Vec<T>,
    by_number: HashMap<u32, u32>,
}

impl<T: Clone + Ord + Hash> Ranks<T> {
    /// Ranks the names of `numbers`, beginning with `first`. Numbers without a name get `none`.
    fn new(numbers: impl Iterator<Item = u32>, name: impl Fn(u32) -> Option<T>, (none, first): (u32, u32)) -> Ranks<T> {
        let mut named: HashMap<u32, Option<T>> = HashMap::new();
        for number in numbers {
            named.entry(number).or_insert_with(|| name(number));
        }
        let names: Vec<T> = named.values().flatten().cloned().collect::<BTreeSet<T>>().into_iter().collect();
        let rank = |name: &Option<T>| {
            let index = name.as_ref().and_then(|name| names.binary_search(name).ok());
            index.and_then(|index| u32::try_from(index).ok()).map_or(none, |index| first + index)
        };
        let by_number = named.iter().map(|(number, name)| (*number, rank(name))).collect();
        Ranks { names, by_number }
    }

    fn of(&self, number: u32) -> u32 {
        self.by_number.get(&number).copied().unwrap_or_default()
    }

    /// Returns the ranks of `names`, whose numbers begin with `first` too, among all of `all`.
    fn among(names: &[T], all: &[T], first: u32) -> Ranks<T> {
        let numbers = (0..).zip(names).map(|(index, name)| {
            let rank = all.binary_search(name).unwrap_or_default();
            (first + index, first + u32::try_from(rank).unwrap_or_default())
        });
        Ranks { names: Vec::new(), by_number: numbers.collect() }
    }
}

impl Cells {
    /// Creates cells from collected results and the names for their numbers. Results without a known code are left out.
    #[must_use]
    pub fn new<H, P, A, K>(rows: Rows, watched: Earliest, lines: Lines, texts: &Labels<H, P, A, K>) -> Cells
    where
        H: Fn(u32) -> Option<Box<str>>,
        P: Fn(u32) -> Option<Box<str>>,
        A: Fn(u32) -> Option<Box<str>>,
        K: Fn(u32) -> Option<Key>,
    {
        let all = || rows.as_slice().iter().chain(watched.as_slice());
        let hourly = || rows.hourly().iter();
        let hosts = all().map(|row| row.host).chain(hourly().map(|hourly| hourly.host));
        let hosts = Ranks::new(hosts.chain(lines.as_slice().iter().map(|period| period.host)), &texts.host, (0, 1));
        let persons = Ranks::new(all().map(|row| row.person), &texts.person, (0, 1));
        let addresses = Ranks::new(all().map(|row| row.address), &texts.address, (0, 1));
        let keys =
            Ranks::new(all().map(|row| row.key).chain(hourly().map(|hourly| hourly.key)), &texts.key, (NO_KEY, 0));
        Cells { rows, watched, lines, ..Cells::default() }.renumbered(&hosts, &persons, &addresses, &keys).named(
            hosts.names,
            persons.names,
            addresses.names,
            keys.names,
        )
    }

    fn renumbered(
        mut self,
        hosts: &Ranks<Box<str>>,
        persons: &Ranks<Box<str>>,
        addresses: &Ranks<Box<str>>,
        keys: &Ranks<Key>,
    ) -> Cells {
        let numbers = |row: &mut Row| {
            (row.host, row.person) = (hosts.of(row.host), persons.of(row.person));
            (row.address, row.key) = (addresses.of(row.address), keys.of(row.key));
        };
        self.watched.renumber(numbers);
        self.lines.renumber(|host| hosts.of(host));
        self.unanswered.renumber(|host| hosts.of(host));
        self.rows.renumber(numbers);
        self
    }

    fn named(
        mut self,
        hosts: Vec<Box<str>>,
        persons: Vec<Box<str>>,
        addresses: Vec<Box<str>>,
        keys: Vec<Key>,
    ) -> Cells {
        (self.hosts, self.persons, self.addresses, self.keys) = (hosts, persons, addresses, keys);
        let hashes = hashes(&self.persons);
        self.rows.settle(|row| hash(&hashes, row));
        self.watched.settle();
        self.lines.settle();
        self.unanswered.settle();
        self
    }

    /// Adds the results of `other`, such as those of another part of the same run.
    pub fn merge(&mut self, other: Cells) {
        let hosts = union(&self.hosts, &other.hosts);
        let persons = union(&self.persons, &other.persons);
        let addresses = union(&self.addresses, &other.addresses);
        let keys = union(&self.keys, &other.keys);
        let renumbered = |cells: Cells| {
            let (host, person) = (Ranks::among(&cells.hosts, &hosts, 1), Ranks::among(&cells.persons, &persons, 1));
            let address = Ranks::among(&cells.addresses, &addresses, 1);
            let key = Ranks::among(&cells.keys, &keys, 0);
            cells.renumbered(&host, &person, &address, &key)
        };
        let (mut sum, other) = (renumbered(std::mem::take(self)), renumbered(other));
        let hashes = hashes(&persons);
        sum.rows.merge(other.rows, |row| hash(&hashes, row));
        sum.watched.merge(other.watched);
        sum.lines.merge(other.lines);
        sum.unanswered.merge(other.unanswered);
        sum.exposure.extend(other.exposure);
        sum.shared.extend(other.shared);
        sum.doubled.extend(other.doubled);
        *self = sum.named(hosts, persons, addresses, keys).pruned();
    }

    /// Adds the times at which sign-ins began that have no result. `host` returns the names of hosts. Hosts without any line are left out.
    #[must_use]
    pub fn with_unanswered(mut self, mut times: Lines, host: impl Fn(u32) -> Option<Box<str>>) -> Cells {
        let rank =
            |number: u32| self.hosts.binary_search(&host(number)?).ok().and_then(|at| u32::try_from(at + 1).ok());
        times.renumber(|number| rank(number).unwrap_or_default());
        times.settle();
        self.unanswered = times;
        self
    }

    /// Returns the times at which sign-ins began that have no result.
    #[must_use]
    pub fn unanswered(&self) -> &Lines {
        &self.unanswered
    }

    /// Marks codes that no finding is about. Their results only show how often people signed in.
    #[must_use]
    pub fn with_exposure(mut self, is_exposure: impl Fn(&Key) -> bool) -> Cells {
        self.exposure = self.keys.iter().filter(|key| is_exposure(key)).cloned().collect();
        self
    }

    /// Whether no finding is about the code with this number.
    #[must_use]
    pub fn is_exposure(&self, key: u32) -> bool {
        !self.exposure.is_empty() && self.keys.get(key as usize).is_some_and(|key| self.exposure.contains(key))
    }

    /// Marks hosts whose lines are in a log with those of other hosts.
    #[must_use]
    pub fn with_shared(mut self, hosts: impl IntoIterator<Item = Box<str>>) -> Cells {
        self.shared = hosts.into_iter().collect();
        self
    }

    /// Whether the lines of the host with this number are in a log with those of other hosts.
    #[must_use]
    pub fn is_shared(&self, host: u32) -> bool {
        self.host(host).is_some_and(|host| self.shared.contains(host))
    }

    /// Marks hosts whose sign-ins may count twice, because their logs were not compared. `is_doubled` gets their names, or an empty one for an
    /// unknown host. Nobody is said to have been asked again there.
    #[must_use]
    pub fn with_doubled(mut self, is_doubled: impl Fn(&str) -> bool) -> Cells {
        let hosts = self.hosts.iter().map(|host| &**host).chain([""]);
        self.doubled = hosts.filter(|host| is_doubled(host)).map(Box::from).collect();
        self
    }

    /// Whether sign-ins on the host with this number may count twice.
    #[must_use]
    pub fn is_doubled(&self, host: u32) -> bool {
        !self.doubled.is_empty() && self.doubled.contains(self.host(host).unwrap_or_default())
    }

    /// Removes the names of persons and addresses that were left out.
    fn pruned(self) -> Cells {
        let Cells { rows, watched, lines, unanswered, hosts, persons, addresses, keys, exposure, shared, doubled } =
            self;
        let name = |names: &[Box<str>], number: u32| names.get((number as usize).checked_sub(1)?).cloned();
        let cells = Cells::new(
            rows,
            watched,
            lines,
            &Labels {
                host: |number| name(&hosts, number),
                person: |number| name(&persons, number),
                address: |number| name(&addresses, number),
                key: |number: u32| keys.get(number as usize).cloned(),
            },
        );
        let cells = cells.with_unanswered(unanswered, |number| name(&hosts, number));
        Cells { exposure, shared, doubled, ..cells }
    }

    /// Returns the results.
    #[must_use]
    pub fn rows(&self) -> &Rows {
        &self.rows
    }

    /// Returns the results that no rule leaves out.
    #[must_use]
    pub fn watched(&self) -> &Earliest {
        &self.watched
    }

    /// Returns the lines of each host over time.
    #[must_use]
    pub fn lines(&self) -> &Lines {
        &self.lines
    }

    /// Returns the name of a host, or `None` if it is unknown.
    #[must_use]
    pub fn host(&self, number: u32) -> Option<&str> {
        self.hosts.get((number as usize).checked_sub(1)?).map(|name| &**name)
    }

    /// Returns the name of a person, or `None` if it is unknown.
    #[must_use]
    pub fn person(&self, number: u32) -> Option<&str> {
        self.persons.get((number as usize).checked_sub(1)?).map(|name| &**name)
    }

    /// Returns a network address, or `None` if it is unknown.
    #[must_use]
    pub fn address(&self, number: u32) -> Option<&str> {
        self.addresses.get((number as usize).checked_sub(1)?).map(|name| &**name)
    }

    /// Returns the codes and names that occur, in ascending order. Their indexes are their numbers.
    #[must_use]
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// Returns the number of persons whose names are known.
    #[must_use]
    pub fn persons_len(&self) -> usize {
        self.persons.len()
    }

    /// Returns the number of hosts whose names are known.
    #[must_use]
    pub fn hosts_len(&self) -> usize {
        self.hosts.len()
    }
}

/// Returns the hashes of persons, in the order of their numbers from 1 on.
fn hashes(persons: &[Box<str>]) -> Vec<u64> {
    persons.iter().map(|name| person_hash(name)).collect()
}

fn hash(hashes: &[u64], row: &Row) -> u64 {
    let index = (row.person as usize).checked_sub(1);
    index.and_then(|index| hashes.get(index)).copied().unwrap_or_else(|| minute_hash(row))
}

fn union<T: Clone + Ord>(one: &[T], other: &[T]) -> Vec<T> {
    let mut all = [one, other].concat();
    all.sort_unstable();
    all.dedup();
    all
}
