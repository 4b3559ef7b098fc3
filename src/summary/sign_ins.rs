//! The sign-ins of a run: what its lines say, joined, matched with their twins, and counted by whatever the caller asks for.
//!
//! Lines come in, in the order of their sources, and [`Settled`] counts come out at the end. In between, results wait for their twins,
//! because another log of the same machine may be read much later. At most [`WAITING_LIMIT`] wait. If there are more, those that wait
//! are matched with each other and counted.
//!
//! Which machine a source is from is known only when the names of all sources are. Until then, counts are kept for each source.

use std::collections::BTreeMap;
use std::hash::Hash;
use std::ops::Range;

use foldhash::{HashMap, HashMapExt as _, HashSet, HashSetExt as _};

use super::dimension::Dimension;
use super::durations::Durations;
use super::quiet;
use super::tally::Tally;
use super::total::{Row, Summary, Totals};
use super::verdicts::{Fate, Origins, Verdict};
use crate::attempt::join::{self, Edges, Joiner, Line, Said};
use crate::attempt::persons::Persons;
use crate::attempt::values::{Number, Values};
use crate::attempt::{Attempt, Outcome, Recorder, SignIn, twins, without_network};
use crate::catalogue::Catalogue;
use crate::code::Key;
use crate::filter::{Dropped, Filter, Part, RelativeTo};
use crate::source::machines::{self, Template, is_separator};
use crate::source::names::{Names, Texts};
use crate::time::window::Window;
use crate::time::{Stamp, Time};

/// How many results may wait for their twins, each in [`SIGN_IN_BYTES`](crate::attempt::SIGN_IN_BYTES).
pub const WAITING_LIMIT: usize = 6_000_000;

/// How many different users, machines or addresses are kept apart.
pub const VALUES_LIMIT: usize = 1_000_000;

/// How many hours or days of all sources are noted, in which there are lines.
const LOGGED_LIMIT: usize = 1_000_000;

/// How many different codes and names are told apart: many more than a summary has rows for.
const KEYS_LIMIT: usize = 16 * super::NAMES_LIMIT;
/// The number of all other codes and names.
const OTHER_KEYS: u32 = u32::MAX;

/// How many kinds of results and their places were found last are remembered.
const FOUND_LAST: usize = 256;
/// How many recorders that were met last are compared with the next one. A file has one or two.
const RECENT: usize = 4;

/// How sign-ins are counted.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether twins count as often as they were recorded.
    pub keep_twins: bool,
    /// By what results are counted besides their code: at most two dimensions, or none.
    pub by: Vec<Dimension>,
    /// What is counted.
    pub filter: Filter,
    /// Where the names of machines are in those of sources; `None` to find out.
    pub host_from: Option<Template>,
    /// Whether the caller asks for the [`Verdict`] on each result.
    pub with_verdicts: bool,
    /// How many results may wait: [`WAITING_LIMIT`], or fewer in tests.
    pub waiting_limit: usize,
}

impl Default for Options {
    fn default() -> Options {
        let (keep_twins, by, filter, host_from, with_verdicts) = Default::default();
        Options { keep_twins, by, filter, host_from, with_verdicts, waiting_limit: WAITING_LIMIT }
    }
}

/// When a caller takes verdicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Too many results wait. Those that come later are not compared with them.
    Full,
    /// Everything has been read.
    End,
}

/// What a line says of a sign-in.
#[derive(Clone, Debug)]
pub struct Heard<'l> {
    /// Who recorded it; 0 if the pattern does not say.
    pub recorder: Recorder,
    /// Whether the recorder writes several lines for a sign-in.
    pub is_joined: bool,
    /// Whether the line begins a sign-in.
    pub begins: bool,
    /// The result; `None` if the line has none and only adds to one.
    pub key: Option<Key>,
    /// The time of the line.
    pub stamp: Option<Stamp>,
    /// The user.
    pub user: Option<&'l str>,
    /// The log's word on the sign-in.
    pub outcome: Option<Outcome>,
    /// The machine.
    pub host: Option<&'l str>,
    /// The network address of the user.
    pub address: Option<&'l str>,
    /// The process that wrote the line.
    pub process: Writer<'l>,
    /// The thread that wrote the line.
    pub thread: Writer<'l>,
    /// Where the line is in its source, in bytes, if nothing tells which thread wrote it.
    pub beside: Option<Range<u64>>,
}

/// A process or a thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Writer<'l> {
    /// The line does not say.
    #[default]
    Unknown,
    /// Its number, less than [`Writer::LIMIT`].
    Number(u64),
    /// Any other text.
    Text(&'l str),
}

impl Writer<'_> {
    /// Greater than the numbers of processes and threads, and less than half of all numbers.
    pub const LIMIT: u64 = 10_u64.pow(18);

    /// Reads a number below [`Writer::LIMIT`] as logs write it: digits without leading zeros.
    #[must_use]
    pub fn number(text: &[u8]) -> Option<u64> {
        const DIGITS: usize = 18;
        let add = |sum: u64, byte: &u8| byte.is_ascii_digit().then(|| sum * 10 + u64::from(byte - b'0'));
        match text {
            [] | [b'0', ..] => None,
            digits if digits.len() > DIGITS => None,
            digits => digits.iter().try_fold(0, add),
        }
    }
}

/// What one thread of one program writes into one log.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Lane {
    recorder: Recorder,
    host: Number,
    process: u64,
    thread: u64,
}

/// What is counted together until the machines are known. There may be a million, so everything is small.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Place {
    key: u32,
    source: u32,
    host: Number,
    /// The values of those dimensions that do not follow from the rest.
    values: [u32; 2],
}

/// The results of a place: a [`Tally`] without the memory for times that there may not be, and durations.
#[derive(Clone, Debug)]
struct Cell {
    count: u64,
    /// The first and last time in nanoseconds. There is none if the last one is earlier.
    span: (i64, i64),
    durations: Durations,
}

impl Default for Cell {
    fn default() -> Cell {
        Cell { count: 0, span: (i64::MAX, i64::MIN), durations: Durations::default() }
    }
}

impl Cell {
    /// Counts a result.
    fn add(&mut self, result: &SignIn) {
        self.count += 1;
        if let Some(time) = result.time().map(Time::nanoseconds) {
            self.span = (self.span.0.min(time), self.span.1.max(time));
        }
        if let Some(duration) = result.duration_ms() {
            self.durations.add(duration);
        }
    }

    fn merge(&mut self, other: &Cell) {
        self.count += other.count;
        self.span = (self.span.0.min(other.span.0), self.span.1.max(other.span.1));
        self.durations.merge(&other.durations);
    }

    fn tally(&self) -> Tally {
        let time = |nanoseconds| (self.span.0 <= self.span.1).then(|| Time::from_nanoseconds(nanoseconds));
        Tally { count: self.count, first: time(self.span.0), last: time(self.span.1) }
    }
}

/// Collects sign-ins.
#[derive(Debug)]
pub struct SignIns<'c> {
    options: Options,
    catalogue: &'c Catalogue,
    users: Values,
    hosts: Values,
    addresses: Values,
    writers: Values,
    number_by_key: HashMap<Key, u32>,
    /// The numbers of the codes that the vendor may use, or [`OTHER_KEYS`].
    dense_keys: [u32; 256],
    keys: Vec<Key>,
    /// The names of the sources that ended. The number of the current one comes after them.
    sources: Names,
    /// The names of sources that do not count.
    skipped: Names,
    /// The hours or days in which each source has lines.
    logged: HashSet<(u32, Time)>,
    totals: Totals,
    has_results: bool,
    joiner: Joiner<Lane, Number, SignIn>,
    /// The attempts that the last line has ended; empty, and kept for its memory.
    ended: Vec<Attempt<Number, SignIn>>,
    edges: Vec<(u32, Edges<Lane, Number, SignIn>)>,
    waiting: Vec<SignIn>,
    /// Results without twins that wait until the filter can decide, because it looks at machines.
    apart: Vec<SignIn>,
    /// The newest time of all lines.
    newest: Option<Time>,
    /// Why the window of the filter has no meaning at the newest time.
    window_error: Option<String>,
    origins: Origins,
    /// What became of each result, if the caller asked for that.
    fates: Vec<Fate>,
    count: Count,
}

/// A kind of result, a source in which it was found, and the host that its line names.
type Found = (u32, u32, Number);

/// What was counted so far.
#[derive(Debug, Default)]
struct Count {
    /// The results that are checked, by the number of their code or name.
    by_key: Vec<Cell>,
    /// The same results by what the caller asked for.
    cells: HashMap<Place, Cell>,
    /// Results at whose machine and source the filter has not looked.
    unchecked: HashMap<Place, Cell>,
    /// The results whose code or name is beyond [`KEYS_LIMIT`].
    overflow: Tally,
    /// Each kind of result with the sources in which it was found, and the hosts that their lines name.
    found_in: HashSet<Found>,
    /// Those that were found last, each in a slot.
    found_last: Vec<Option<Found>>,
    twins: u64,
    /// The number of sign-ins with twins.
    matched: u64,
    without_result: u64,
    without_time: u64,
    without_zone: u64,
    /// The times of all results, with those that the filter drops.
    span: Tally,
    dropped: DroppedCounts,
    /// Which recorders each source has, and each host in it.
    recorders: Vec<(u32, Number, Recorder)>,
    /// The length at which equal entries of `recorders` are removed next.
    recorders_limit: usize,
    /// For each source and host in it, how many results that count have no time.
    untimed: HashMap<(u32, Number), u64>,
    /// The last of these, not yet in the map.
    last_untimed: Option<((u32, Number), u64)>,
    /// Whether results were counted before all logs were read, because too many waited.
    was_full: bool,
    /// How many machines have logs whose times cannot be compared, because only some of them have a zone.
    on_other_footing: u64,
    /// How many results of unknown machines would have twins in lines that name their machine, if the machine were the same.
    beside_relay: u64,
}

/// The sign-ins of a run, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// The counts by code.
    pub summary: Summary,
    /// How long the sign-ins of each kind of result took, where that is known.
    pub durations: BTreeMap<Key, Durations>,
    /// The numbers of the run that concern sign-ins.
    pub totals: SignInTotals,
    /// The counts by the dimensions that were asked for, in no order that matters.
    pub rows: Vec<GroupRow>,
    /// Why the window of the filter has no meaning at the newest time in the logs. Then nothing counts.
    pub window_error: Option<String>,
}

/// Numbers of a run that concern sign-ins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SignInTotals {
    /// The number of results that another log recorded as well, and that do not count.
    pub twins: u64,
    /// The number of results that more than one log recorded.
    pub matched: u64,
    /// The number of sign-ins, with and without a result.
    pub attempts: u64,
    /// The number of machines from which there are logs; 0 if they are not known.
    pub hosts: u64,
    /// The number of machines with results.
    pub hosts_with_results: u64,
    /// The number of results that were not compared with those of other logs, because their line has no time.
    pub uncompared: u64,
    /// How many machines have logs whose times cannot be compared, because only some of them have a zone.
    pub machines_on_other_footing: u64,
    /// How many results of unknown machines may be the same as others whose lines name their machine.
    pub beside_relay: u64,
    /// Whether twins may have been missed, because more results than [`WAITING_LIMIT`] had to be compared.
    pub was_full: bool,
    /// Whether there were more than [`VALUES_LIMIT`] users, machines or addresses.
    pub beyond_values: bool,
    /// Whether there would be too many rows for hours or days in which there are lines, but no results that count.
    pub lacks_quiet_rows: bool,
    /// What the filter dropped.
    pub dropped: DroppedCounts,
    /// The first and last time of all results, with those that the filter dropped.
    pub span: Tally,
    /// The window of the filter.
    pub window: Window,
    /// What the window is relative to.
    pub relative_to: RelativeTo,
    /// The newest time of all lines about sign-ins.
    pub newest: Option<Time>,
    /// How many files match the template for the names of machines, if there is one.
    pub template: Option<Matched>,
}

/// How many files match the template for the names of machines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Matched {
    /// The number of files that were read and match.
    pub files: u64,
    /// The number of files that do not match and have results whose lines do not name the machine either.
    pub without_host: u64,
}

/// How many results a filter dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DroppedCounts {
    /// The number of results that were dropped.
    pub results: u64,
    /// For each part, in the order of [`Part::ALL`], how many it dropped. Several parts may drop the same result.
    pub by_part: [u64; Part::ALL.len()],
}

impl DroppedCounts {
    pub(crate) fn merge(&mut self, other: &DroppedCounts) {
        self.results += other.results;
        for (count, more) in self.by_part.iter_mut().zip(other.by_part) {
            *count += more;
        }
    }

    pub(crate) fn add(&mut self, dropped: Dropped) {
        self.add_many(dropped, 1);
    }

    fn add_many(&mut self, dropped: Dropped, results: u64) {
        self.results += results;
        for part in dropped.parts() {
            self.by_part[part as usize] += results;
        }
    }

    /// Returns the parts that dropped results, each with their number.
    pub fn parts(&self) -> impl Iterator<Item = (Part, u64)> {
        Part::ALL.into_iter().zip(self.by_part).filter(|(_, count)| *count > 0)
    }
}

/// The results that have the same values in all dimensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRow {
    /// The value in each dimension.
    pub values: Vec<Value>,
    /// Their number, and their first and last time.
    pub tally: Tally,
    /// How long the sign-ins took.
    pub durations: Durations,
}

/// A value in a dimension.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// A code or name, of which a group or a channel follows.
    Key(Key),
    /// An outcome.
    Outcome(Outcome),
    /// A machine, user, address or file.
    Text(Box<str>),
    /// The beginning of an hour or a day.
    Time(Time),
    /// One of those beyond [`VALUES_LIMIT`].
    Others,
    /// The log does not say.
    Unknown,
}

impl<'c> SignIns<'c> {
    /// Returns an empty collection.
    #[must_use]
    pub fn new(options: Options, catalogue: &'c Catalogue) -> SignIns<'c> {
        let values = || Values::new(VALUES_LIMIT);
        let mut origins = Origins::default();
        if options.with_verdicts {
            origins.number_results(0);
        }
        SignIns {
            options,
            catalogue,
            users: values(),
            hosts: values(),
            addresses: values(),
            writers: values(),
            number_by_key: HashMap::new(),
            dense_keys: [OTHER_KEYS; 256],
            ended: Vec::new(),
            keys: Vec::new(),
            sources: Names::default(),
            skipped: Names::default(),
            logged: HashSet::new(),
            totals: Totals::default(),
            has_results: false,
            joiner: Joiner::default(),
            edges: Vec::new(),
            waiting: Vec::new(),
            apart: Vec::new(),
            newest: None,
            window_error: None,
            origins,
            fates: Vec::new(),
            count: Count::default(),
        }
    }

    /// Adds the next line of the current source.
    pub fn hear(&mut self, heard: &Heard<'_>) {
        let source = u32::try_from(self.sources.len()).unwrap_or(u32::MAX);
        let some = |text: &&str| !text.is_empty();
        let said = Said {
            user: heard.user.filter(some).map(|user| self.users.number(user)),
            outcome: heard.outcome,
            host: heard.host.filter(some).map(|host| self.hosts.number(host)),
            address: heard.address.filter(some).map(|address| self.addresses.number(address)),
        };
        let result = heard.key.as_ref().map(|key| {
            self.has_results = true;
            SignIn::new(self.key(key), heard.stamp, heard.recorder, self.origins.of_next(source))
        });
        let time = heard.stamp.map(|stamp| stamp.time);
        self.newest = self.newest.max(time);
        let line = Line { begins: heard.begins, time, said, result, beside: heard.beside.clone() };
        if !heard.is_joined {
            self.ended(&Attempt::alone(line));
            return;
        }
        let (process, thread) = (self.writer(heard.process), self.writer(heard.thread));
        let lane = Lane { recorder: heard.recorder, host: said.host.unwrap_or_default(), process, thread };
        let mut ended = std::mem::take(&mut self.ended);
        self.joiner.line(&lane, line, &mut |attempt| ended.push(attempt));
        ended.iter().for_each(|attempt| self.ended(attempt));
        ended.clear();
        self.ended = ended;
    }

    /// Notes that the current source has lines in the hour or day that begins then. Matters only if results are counted by hour or day.
    pub fn logged(&mut self, start: Time) {
        if self.logged.len() <= LOGGED_LIMIT {
            self.logged.insert((u32::try_from(self.sources.len()).unwrap_or(u32::MAX), start));
        }
    }

    /// Ends the current source, which has `bytes` bytes.
    pub fn end_source(&mut self, name: &str, bytes: u64) {
        let source = u32::try_from(self.sources.len()).unwrap_or(u32::MAX);
        let edges = std::mem::take(&mut self.joiner).finish();
        if !edges.is_empty() {
            self.edges.push((source, edges));
        }
        self.totals.files_read += 1;
        self.totals.files_with_results += u64::from(std::mem::take(&mut self.has_results));
        self.totals.bytes += bytes;
        self.sources.push_text(name);
        self.origins.end_source();
    }

    /// Returns a number for a process or thread: its own, or one beyond those for any other text.
    fn writer(&mut self, writer: Writer<'_>) -> u64 {
        match writer {
            Writer::Unknown => u64::MAX,
            Writer::Number(number) => number,
            Writer::Text(text) => 1 << 63 | self.writers.number(text).index() as u64,
        }
    }

    /// Notes a source that does not count, such as a copy. Its name may tell machines apart all the same.
    pub fn skip_source(&mut self, name: &str) {
        self.skipped.push_text(name);
    }

    fn key(&mut self, key: &Key) -> u32 {
        if let Some(&number) =
            self.dense_keys.get(key.code().map_or(usize::MAX, |code| usize::try_from(code.0).unwrap_or(usize::MAX)))
            && number != OTHER_KEYS
        {
            return number;
        }
        if let Some(&number) = self.number_by_key.get(key) {
            return number;
        }
        // The codes that the vendor may use always have a number.
        let is_dense = key.code().is_some_and(|code| u8::try_from(code.0).is_ok());
        if self.keys.len() >= KEYS_LIMIT && !is_dense {
            return OTHER_KEYS;
        }
        let number = u32::try_from(self.keys.len()).unwrap_or(OTHER_KEYS);
        self.keys.push(key.clone());
        self.number_by_key.insert(key.clone(), number);
        let dense = key.code().and_then(|code| self.dense_keys.get_mut(usize::try_from(code.0).ok()?));
        dense.into_iter().for_each(|dense| *dense = number);
        number
    }

    /// Takes an attempt whose lines are complete.
    fn ended(&mut self, attempt: &Attempt<Number, SignIn>) {
        let Attempt { began, said, result, .. } = *attempt;
        let Some(mut result) = result else {
            self.count.without_result += 1;
            return;
        };
        result.user = said.user.unwrap_or_default();
        result.host = said.host.unwrap_or_default();
        result.address = said.address.unwrap_or_default();
        result.set_outcome(said.outcome);
        result.set_began(began);
        let met = (self.origins.source(result.origin), result.host, result.recorder());
        // The same few occur again and again, and those before the last ones are found below.
        if met.2 > 0 && !self.count.recorders.iter().rev().take(RECENT).any(|recent| *recent == met) {
            self.count.meet(met);
        }
        // Nor are those compared whose names are not told apart.
        let is_compared = result.recorder() > 0 && result.time().is_some() && result.key != OTHER_KEYS;
        if is_compared && !self.options.keep_twins {
            self.waiting.push(result);
        } else if self.options.filter.is_empty() && !self.options.with_verdicts {
            self.count.add(&result, result.origin, 0, &self.options.by, true);
        } else {
            self.apart.push(result);
        }
        if self.is_full() && !self.options.with_verdicts {
            self.note_full();
            let sources = self.sources.texts();
            let places = self.places(&sources);
            // Neither the machines nor all sources are known yet.
            self.match_waiting(&sources, &places, &Persons::new(&self.users), false);
        }
    }

    /// Whether as many results wait as may. A caller that asks for verdicts must take them now.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.waiting.len() + self.apart.len() >= self.options.waiting_limit
    }

    fn note_full(&mut self) {
        self.count.was_full |= self.apart.is_empty() || !self.waiting.is_empty();
    }

    /// Decides on all results that have been heard since the last time, and passes the verdict on each to `done`, in order. It is
    /// `None` if the filter drops the result. What has not been read yet cannot change the verdicts any more.
    ///
    /// # Errors
    ///
    /// Returns the first error of `done`.
    pub fn decide<E>(
        &mut self,
        when: When,
        done: impl FnOnce(&mut dyn Iterator<Item = Option<Verdict<'_>>>) -> Result<(), E>,
    ) -> Result<(), E> {
        if when == When::Full {
            self.note_full();
        }
        let edges = std::mem::take(&mut self.joiner).finish();
        if !edges.is_empty() {
            self.edges.push((u32::try_from(self.sources.len()).unwrap_or(u32::MAX), edges));
        }
        self.stitch();
        self.fates = vec![Fate::default(); self.origins.len()];
        let sources = self.sources.texts();
        let places = self.places(&sources);
        let persons = Persons::new(&self.users);
        self.match_waiting(&sources, &places, &persons, when == When::End);
        let fates = std::mem::take(&mut self.fates);
        let verdict = |fate: &Fate| {
            let source = |number: u32| sources.get(self.origins.source(number) as usize);
            let counted_in = |number: u32| source(number).unwrap_or("(not known)");
            fate.is_kept.then_some(fate).map(|fate| Verdict {
                user: self.users.text(fate.user),
                host: self.hosts.text(fate.host),
                address: self.addresses.text(fate.address),
                outcome: fate.outcome,
                counted_in: fate.twin_of.map(counted_in),
            })
        };
        let result = done(&mut fates.iter().map(verdict));
        self.origins.number_results(self.sources.len());
        result
    }

    fn places(&mut self, sources: &Texts) -> Places {
        Places::new(sources, &self.skipped.texts(), self.options.host_from.as_ref(), &mut self.hosts)
    }

    /// Matches the results that wait with each other, and counts them.
    /// `is_end` is whether everything has been read.
    fn match_waiting(&mut self, sources: &Texts, places: &Places, persons: &Persons, is_end: bool) {
        if let Err(reason) = self.options.filter.set_newest(self.newest) {
            self.window_error = Some(reason);
        }
        let mut waiting = std::mem::take(&mut self.waiting);
        // Stable, so that results stay in the order of their sources where their times are equal.
        let source = |result: &SignIn| self.origins.source(result.origin);
        let machine = |result: &SignIn| places.machine_of(source(result), result.host);
        waiting.sort_by_key(machine);
        // Users beyond the limit have no name, so they count as unknown.
        let name = |result: &SignIn| persons.name(result.user);
        let is_checked = is_end || self.options.filter.is_empty();
        let (count, by, fates) = (&mut self.count, &self.options.by, &mut self.fates);
        // Notes what became of a result, of which everything is known that `best` says.
        let mut note = |result: &SignIn, best: &SignIn, is_kept: bool| {
            if let Some(fate) = fates.get_mut(result.origin as usize) {
                let SignIn { user, address, .. } = *best;
                let host = places.same_host(best.host.or(places.host(source(best))));
                let twin_of = (result.origin != best.origin).then_some(best.origin);
                *fate = Fate { user, host, address, outcome: best.outcome(), is_kept, twin_of };
            }
        };
        let mut keeper = Keeper {
            filter: &self.options.filter,
            keeps_all: self.options.filter.is_empty(),
            catalogue: self.catalogue,
            keys: &self.keys,
            values: [&self.users, &self.hosts, &self.addresses],
            sources,
            places,
            origins: &self.origins,
            persons,
            is_end,
            known: HashMap::new(),
        };
        for result in std::mem::take(&mut self.apart) {
            let is_kept = keeper.keeps(&result, &[source(&result)], count);
            if is_kept {
                count.add(&result, source(&result), 0, by, is_checked);
            }
            note(&result, &result, is_kept);
        }
        let (mut records, mut found) = (Vec::new(), Vec::new());
        // Results whose lines name their machine, and those of unknown machines, if there are both.
        let is_of_unknown = |result: &SignIn| !result.host.or(places.host(source(result))).is_known();
        let has_both = waiting.iter().any(|result| result.host.is_known()) && waiting.iter().any(is_of_unknown);
        let mut named_or_unknown: Vec<SignIn> = Vec::new();
        for results in waiting.chunk_by_mut(|one, other| machine(one) == machine(other)) {
            let zoned = |assumed: bool| results.iter().any(|result| result.zone_is_assumed() == assumed);
            let recorder = results[0].recorder();
            let is_alone = results.iter().all(|result| result.recorder() == recorder);
            count.on_other_footing += u64::from(!is_alone && zoned(true) && zoned(false));
            twins::matching(results, name, |first, others| {
                let mut best = first;
                records.clear();
                records.push(first);
                for twin in others {
                    records.push(*twin);
                    // Of records that say as much, one that says it on a single line is preferred, and to a relay's copy that of
                    // the machine itself.
                    let richness = |one: &SignIn| {
                        let says = [one.user.is_known(), one.outcome().is_some(), one.address.is_known()];
                        (says, one.duration_ms().is_none(), !one.host.is_known())
                    };
                    let (mut richer, poorer) =
                        if richness(twin) > richness(&best) { (*twin, best) } else { (best, *twin) };
                    richer.complete(&poorer);
                    best = richer;
                }
                found.clear();
                found.extend(records.iter().map(source));
                let is_kept = keeper.keeps(&best, &found, count);
                if is_kept {
                    if has_both && (is_of_unknown(&best) || records.iter().all(|record| record.host.is_known())) {
                        named_or_unknown.push(best);
                    }
                    records.iter().zip(&found).for_each(|(one, source)| count.found((one.key, *source, one.host)));
                    count.add(&best, source(&best), found.len() as u64 - 1, by, is_checked);
                }
                records.iter().for_each(|record| note(record, &best, is_kept));
            });
        }
        if is_end && has_both {
            twins::matching(&mut named_or_unknown, name, |first, mut others| {
                let is_other = |other: &SignIn| is_of_unknown(other) != is_of_unknown(&first);
                count.beside_relay += u64::from(Iterator::any(&mut others, is_other));
            });
        }
    }

    /// Ends the run: joins what goes on in rotated logs, matches twins, and counts.
    #[must_use]
    pub fn settle(mut self) -> Settled {
        self.stitch();
        // The list goes, so that the names are not in memory twice.
        let sources = std::mem::take(&mut self.sources).texts();
        let places = self.places(&sources);
        let persons = Persons::new(&self.users);
        self.match_waiting(&sources, &places, &persons, true);
        let logged = std::mem::take(&mut self.logged);
        let SignIns { options, users, hosts, addresses, keys, mut totals, mut count, newest, window_error, .. } = self;
        totals.results_without_time = count.without_time;
        totals.results_without_zone = count.without_zone;
        let mut rows: HashMap<u32, Row> = HashMap::new();
        let mut files_by_key: HashMap<u32, HashSet<u32>> = HashMap::new();
        let mut hosts_by_key: HashSet<(u32, Number)> = HashSet::new();
        let mut all_hosts: HashSet<Number> =
            places.by_source.iter().map(|place| places.same_host(place.host)).collect();
        let mut hosts_with_results: HashSet<Number> = HashSet::new();
        let mut files_without_host: HashSet<u32> = HashSet::new();
        for (key, source, host) in std::mem::take(&mut count.found_in) {
            let host = places.same_host(host.or(places.host(source)));
            all_hosts.insert(host);
            hosts_with_results.insert(host);
            if !host.is_known() {
                files_without_host.insert(source);
            }
            files_by_key.entry(key).or_default().insert(source);
            let row = rows.entry(key).or_default();
            row.hosts += u64::from(host.is_known() && hosts_by_key.insert((key, host)));
        }
        for (key, files) in files_by_key {
            rows.entry(key).or_default().files = files.len() as u64;
        }
        for (place, cell) in std::mem::take(&mut count.unchecked) {
            let host = places.same_host(place.host.or(places.host(place.source)));
            let file = sources.get(place.source as usize);
            let dropped = options.filter.check_host(hosts.text(host)) | options.filter.check_files(file.as_slice());
            if dropped.is_empty() {
                count.add_cell(place, &cell, &options.by);
            } else {
                count.dropped.add_many(dropped, cell.count);
            }
        }
        let mut summary = Summary::with_totals(totals);
        let mut durations = BTreeMap::new();
        let mut results = count.overflow.count;
        for (number, cell) in (0..).zip(std::mem::take(&mut count.by_key)) {
            if cell.count > 0 {
                results += cell.count;
                rows.entry(number).or_default().tally = cell.tally();
            }
            if cell.durations != Durations::default() {
                durations.insert(keys[number as usize].clone(), cell.durations);
            }
        }
        for (key, row) in rows {
            summary.add_row(&keys[key as usize], &row);
        }
        if !count.overflow.is_empty() {
            summary.add_overflow(&count.overflow);
        }
        // The first source of each name.
        let mut same_source: HashMap<&str, u32> = HashMap::new();
        if options.by.contains(&Dimension::File) {
            (0..).zip(sources.iter()).for_each(|(number, name)| {
                same_source.entry(name).or_insert(number);
            });
        }
        // The values of a place as numbers.
        let numbers = |place: Place| {
            let mut numbers = place.values;
            for (number, dimension) in numbers.iter_mut().zip(&options.by) {
                *number = match dimension {
                    Dimension::Code | Dimension::Group | Dimension::Channel => place.key,
                    Dimension::Host => places.same_host(place.host.or(places.host(place.source))).as_u32(),
                    Dimension::File => {
                        sources.get(place.source as usize).map_or(place.source, |name| same_source[name])
                    }
                    Dimension::User => persons.of(Number::from_index(u64::from(*number))).as_u32(),
                    Dimension::Address | Dimension::Outcome | Dimension::Hour | Dimension::Day => *number,
                };
            }
            numbers
        };
        let mut groups: Vec<([u32; 2], Cell)> = Vec::with_capacity(count.cells.len());
        groups.extend(std::mem::take(&mut count.cells).into_iter().map(|(place, cell)| (numbers(place), cell)));
        groups.sort_unstable_by_key(|(numbers, _)| *numbers);
        groups.dedup_by(|(numbers, cell), (before, sum)| {
            let is_same = numbers == before;
            if is_same {
                sum.merge(cell);
            }
            is_same
        });
        let text = |values: &Values, number: u32| match Number::from_index(u64::from(number)) {
            Number::OTHERS => Value::Others,
            number => values.text(number).map_or(Value::Unknown, |text| Value::Text(text.into())),
        };
        let value = |(dimension, number): (&Dimension, u32)| match dimension {
            Dimension::Code | Dimension::Group | Dimension::Channel => Value::Key(keys[number as usize].clone()),
            Dimension::Host => text(&hosts, number),
            Dimension::File => Value::Text(sources.get(number as usize).unwrap_or_default().into()),
            Dimension::User => text(&users, number),
            Dimension::Address => text(&addresses, number),
            Dimension::Outcome => match number {
                1 => Value::Outcome(Outcome::Succeeded),
                2 => Value::Outcome(Outcome::Failed),
                _ => Value::Unknown,
            },
            Dimension::Hour | Dimension::Day => dimension.time_of(number).map_or(Value::Unknown, Value::Time),
        };
        let row = |(numbers, cell): ([u32; 2], Cell)| GroupRow {
            values: options.by.iter().zip(numbers).map(value).collect(),
            tally: cell.tally(),
            durations: cell.durations,
        };
        let mut rows: Vec<GroupRow> = groups.into_iter().map(row).collect();
        let mut lacks_quiet_rows = false;
        if let Some(span) = quiet::span(&options.by).filter(|_| !rows.is_empty()) {
            // The hours of a relay are not those of the machines whose lines it passes on.
            let of_host = |known: bool| -> HashSet<u32> {
                let some = count.recorders.iter().filter(|(_, host, _)| host.is_known() == known);
                some.map(|(source, ..)| *source).collect()
            };
            let (own, mut relayed) = (of_host(false), of_host(true));
            relayed.retain(|source| options.by.contains(&Dimension::Host) && !own.contains(source));
            let is_whole = logged.len() <= LOGGED_LIMIT;
            let all = logged.into_iter().filter(|(source, _)| !relayed.contains(source));
            let logged = all.filter_map(|(source, start)| {
                let (host, file) = (places.same_host(places.host(source)), sources.get(source as usize)?);
                let dropped = options.filter.check_host(hosts.text(host)) | options.filter.check_files(&[file]);
                let place = options.by.iter().find_map(|dimension| match dimension {
                    Dimension::Host => Some(hosts.text(host).map_or(Value::Unknown, |host| Value::Text(host.into()))),
                    Dimension::File => Some(Value::Text(file.into())),
                    _ => None,
                });
                (dropped.is_empty() && options.filter.window.overlaps(start, span)).then_some((place, start))
            });
            let quiet = quiet::rows(&options.by, &rows, &logged.collect()).filter(|_| is_whole);
            lacks_quiet_rows = quiet.is_none();
            rows.extend(quiet.into_iter().flatten());
        }
        let is_known = |host: &&Number| host.is_known();
        Settled {
            summary,
            durations,
            totals: SignInTotals {
                twins: count.twins,
                matched: count.matched,
                attempts: results + if options.filter.is_empty() { count.without_result } else { 0 },
                hosts: all_hosts.iter().filter(is_known).count() as u64,
                hosts_with_results: hosts_with_results.iter().filter(is_known).count() as u64,
                uncompared: if options.keep_twins { 0 } else { count.uncompared(&places) },
                machines_on_other_footing: count.on_other_footing,
                beside_relay: count.beside_relay,
                lacks_quiet_rows,
                was_full: count.was_full,
                beyond_values: users.is_beyond_limit() || hosts.is_beyond_limit() || addresses.is_beyond_limit(),
                dropped: count.dropped,
                span: count.span,
                window: options.filter.window,
                relative_to: options.filter.relative_to,
                newest,
                template: options.host_from.is_some().then(|| Matched {
                    files: places.by_source.iter().take(sources.len()).filter(|place| place.host.is_known()).count()
                        as u64,
                    without_host: files_without_host.len() as u64,
                }),
            },
            rows,
            window_error,
        }
    }

    /// Joins what goes on from one file of a rotated log to the next.
    fn stitch(&mut self) {
        /// The age of a file, its number, and what may go on in others.
        type File = (u64, u32, Edges<Lane, Number, SignIn>);

        let mut by_log: BTreeMap<String, Vec<File>> = BTreeMap::new();
        for (source, edges) in std::mem::take(&mut self.edges) {
            // The current source has no name yet.
            let (log, age) = rotation(&self.sources.text(source as usize).unwrap_or_default());
            by_log.entry(log).or_default().push((age, source, edges));
        }
        let mut ended = Vec::new();
        for mut files in by_log.into_values() {
            // The oldest first.
            files.sort_by_key(|&(age, source, _)| (std::cmp::Reverse(age), source));
            join::stitch(files.into_iter().map(|(.., edges)| edges), &mut |attempt| ended.push(attempt));
        }
        ended.iter().for_each(|attempt| self.ended(attempt));
    }
}

impl Count {
    /// Counts a sign-in in `source` with `twins` further records.
    fn add(&mut self, result: &SignIn, source: u32, twins: u64, by: &[Dimension], is_checked: bool) {
        self.found((result.key, source, result.host));
        self.twins += twins;
        self.matched += u64::from(twins > 0);
        let time = result.time();
        self.without_time += u64::from(time.is_none());
        if time.is_none() && result.recorder() > 0 {
            let place = (source, result.host);
            match &mut self.last_untimed {
                Some((last, count)) if *last == place => *count += 1,
                _ => {
                    self.end_untimed();
                    self.last_untimed = Some((place, 1));
                }
            }
        }
        self.without_zone += u64::from(time.is_some() && result.zone_is_assumed());
        if result.key == OTHER_KEYS {
            return self.overflow.add(time);
        }
        let value = |dimension: Option<&Dimension>| match dimension {
            Some(Dimension::User) => result.user.as_u32(),
            Some(Dimension::Address) => result.address.as_u32(),
            Some(Dimension::Outcome) => match result.outcome() {
                None => 0,
                Some(Outcome::Succeeded) => 1,
                Some(Outcome::Failed) => 2,
            },
            Some(dimension) => time.map_or(0, |time| dimension.number_of(time)),
            None => 0,
        };
        let values = [value(by.first()), value(by.get(1))];
        let place = Place { key: result.key, source, host: result.host, values };
        if !is_checked {
            return self.unchecked.entry(place).or_default().add(result);
        }
        self.of_key(result.key).add(result);
        if !by.is_empty() {
            self.cells.entry(place.by(by)).or_default().add(result);
        }
    }

    /// Adds results of a place.
    fn add_cell(&mut self, place: Place, cell: &Cell, by: &[Dimension]) {
        self.of_key(place.key).merge(cell);
        if !by.is_empty() {
            self.cells.entry(place.by(by)).or_default().merge(cell);
        }
    }

    fn of_key(&mut self, key: u32) -> &mut Cell {
        let index = key as usize;
        if index >= self.by_key.len() {
            self.by_key.resize(index + 1, Cell::default());
        }
        &mut self.by_key[index]
    }

    /// Returns how many results have no time and are from machines with several recorders, so that they may have twins.
    fn uncompared(&mut self, places: &Places) -> u64 {
        self.end_untimed();
        let mut by_machine: HashMap<u64, (u64, u64)> = HashMap::new();
        for &(source, host, recorder) in &self.recorders {
            by_machine.entry(places.machine_of(source, host)).or_default().0 |= 1 << recorder;
        }
        for (&(source, host), untimed) in &self.untimed {
            by_machine.entry(places.machine_of(source, host)).or_default().1 += untimed;
        }
        by_machine.values().filter(|(recorders, _)| recorders.count_ones() > 1).map(|(_, untimed)| untimed).sum()
    }

    fn end_untimed(&mut self) {
        if let Some((place, count)) = self.last_untimed.take() {
            *self.untimed.entry(place).or_default() += count;
        }
    }

    /// Notes that a source has results of a recorder.
    fn meet(&mut self, met: (u32, Number, Recorder)) {
        /// A relay may carry the lines of many hosts in turn.
        const LEAST: usize = 1 << 16;
        if self.recorders.len() >= self.recorders_limit.max(LEAST) {
            self.recorders.sort_unstable();
            self.recorders.dedup();
            self.recorders_limit = 2 * self.recorders.len();
        }
        self.recorders.push(met);
    }

    /// Notes that a source has a result of this kind.
    fn found(&mut self, found: Found) {
        let (key, source, host) = found;
        if key == OTHER_KEYS {
            return;
        }
        if self.found_last.is_empty() {
            self.found_last.resize(FOUND_LAST, None);
        }
        // Neighbours in any of the three have slots of their own.
        let slot = (key ^ source.rotate_left(4) ^ host.as_u32().rotate_left(2)) as usize % FOUND_LAST;
        if self.found_last[slot] != Some(found) {
            self.found_last[slot] = Some(found);
            self.found_in.insert(found);
        }
    }
}

impl Place {
    /// Returns the place without what is not asked for.
    fn by(self, by: &[Dimension]) -> Place {
        let is_key =
            |dimension: &Dimension| matches!(dimension, Dimension::Code | Dimension::Group | Dimension::Channel);
        let is_place = |dimension: &Dimension| matches!(dimension, Dimension::Host | Dimension::File);
        let (source, host) = if by.iter().any(is_place) { (self.source, self.host) } else { Default::default() };
        Place { key: if by.iter().any(is_key) { self.key } else { 0 }, source, host, ..self }
    }
}

/// Decides what is kept.
struct Keeper<'k> {
    filter: &'k Filter,
    /// Whether the filter keeps everything.
    keeps_all: bool,
    catalogue: &'k Catalogue,
    keys: &'k [Key],
    /// The users, machines and addresses.
    values: [&'k Values; 3],
    sources: &'k Texts,
    places: &'k Places,
    origins: &'k Origins,
    persons: &'k Persons,
    /// Whether machines and sources are known.
    is_end: bool,
    /// What is known about values that were looked at before.
    known: HashMap<(Part, usize), Dropped>,
}

impl Keeper<'_> {
    /// Whether a sign-in that these sources recorded is kept. Counts it if not.
    fn keeps(&mut self, result: &SignIn, found_in: &[u32], count: &mut Count) -> bool {
        if self.keeps_all {
            return true;
        }
        count.span.add(result.time());
        let Keeper {
            filter,
            keeps_all: _,
            catalogue,
            keys,
            values: [users, hosts, addresses],
            sources,
            places,
            origins,
            persons,
            is_end,
            known,
        } = self;
        let mut cached =
            |part, index: usize, check: &dyn Fn() -> Dropped| *known.entry((part, index)).or_insert_with(check);
        let host = places.same_host(result.host.or(places.host(origins.source(result.origin))));
        // A name that is not told apart is like any unknown one.
        let unknown = Key::Name("(others)".into());
        let key = keys.get(result.key as usize).unwrap_or(&unknown);
        let files: Vec<&str> = found_in.iter().filter_map(|source| sources.get(*source as usize)).collect();
        let dropped = [
            cached(Part::Code, result.key as usize, &|| filter.check_key(key, catalogue)),
            cached(Part::User, result.user.index(), &|| {
                let spellings = persons.spellings(persons.of(result.user));
                let texts: Vec<&str> = spellings.iter().filter_map(|one| users.text(*one)).collect();
                // Those beyond the limit are not unknown.
                if result.user == Number::OTHERS { filter.check_user(&["(others)"]) } else { filter.check_user(&texts) }
            }),
            cached(Part::Host, host.index(), &|| {
                if *is_end { filter.check_host(hosts.text(host)) } else { Dropped::default() }
            }),
            cached(Part::Address, result.address.index(), &|| filter.check_address(addresses.text(result.address))),
            if *is_end { filter.check_files(&files) } else { Dropped::default() },
            filter.check_outcome(result.outcome()),
            filter.check_time(result.time()),
        ];
        let dropped = dropped.into_iter().fold(Dropped::default(), |all, one| all | one);
        if !dropped.is_empty() {
            count.dropped.add(dropped);
        }
        dropped.is_empty()
    }
}

/// Where each source is from.
struct Places {
    by_source: Vec<SourcePlace>,
    /// For each number of a host, the one that all spellings of the same machine share.
    machine_by_host: Vec<u32>,
    /// For each machine, the host that is shown.
    shown: HashMap<u32, Number>,
}

#[derive(Clone, Copy)]
struct SourcePlace {
    /// The machine that the name of the source tells; unknown if it tells none.
    host: Number,
    /// The number of its folder.
    folder: u32,
}

impl Places {
    fn new(sources: &Texts, skipped: &Texts, host_from: Option<&Template>, hosts: &mut Values) -> Places {
        let names: Vec<&str> = sources.iter().chain(skipped.iter()).collect();
        let mut folders: HashMap<&str, u32> = HashMap::new();
        let by_source = names.iter().zip(machines::of(&names, host_from)).map(|(name, machine)| {
            let name = name.trim_start_matches("./");
            let folder = name.rsplit_once(is_separator).map_or("", |(folder, _)| folder);
            let next = u32::try_from(folders.len()).unwrap_or(u32::MAX);
            SourcePlace {
                host: machine.map_or(Number::default(), |machine| hosts.number(machine)),
                folder: *folders.entry(folder).or_insert(next),
            }
        });
        let by_source = by_source.collect();
        let mut machines: HashMap<&str, u32> = HashMap::new();
        let mut texts: Vec<String> = Vec::new();
        for index in 0..hosts.indexes() {
            let text = hosts.text(Number::from_index(index as u64)).unwrap_or_default();
            texts.push(without_network(text).to_lowercase());
        }
        let machine_by_host = texts.iter().map(|text| {
            let next = u32::try_from(machines.len()).unwrap_or(u32::MAX);
            *machines.entry(text.as_str()).or_insert(next)
        });
        let machine_by_host: Vec<u32> = machine_by_host.collect();
        // The shortest name is shown: host1 for host1.example.com.
        let mut shown: HashMap<u32, Number> = HashMap::new();
        for (index, machine) in machine_by_host.iter().enumerate().skip(2) {
            let (host, text) = (Number::from_index(index as u64), |host| hosts.text(host).unwrap_or_default());
            let best = shown.entry(*machine).or_insert(host);
            if (text(host).len(), text(host)) < (text(*best).len(), text(*best)) {
                *best = host;
            }
        }
        Places { by_source, machine_by_host, shown }
    }

    /// Returns the host that stands for all spellings of the same machine.
    fn same_host(&self, host: Number) -> Number {
        let machine = self.machine_by_host.get(host.index()).filter(|_| host.is_known());
        machine.and_then(|machine| self.shown.get(machine)).copied().unwrap_or(host)
    }

    fn host(&self, source: u32) -> Number {
        self.by_source.get(source as usize).map_or(Number::default(), |place| place.host)
    }

    /// Returns a number that the results of one machine share. Logs of an unknown machine that are side by side in a folder are taken
    /// to be of the same one.
    fn machine_of(&self, source: u32, host: Number) -> u64 {
        const FOLDER: u64 = 1 << 32;
        let host = host.or(self.host(source));
        if host.is_known() {
            return self.machine_of_host(host);
        }
        let folder = self.by_source.get(source as usize).map_or(u32::MAX, |place| place.folder);
        FOLDER | u64::from(folder)
    }

    fn machine_of_host(&self, host: Number) -> u64 {
        u64::from(self.machine_by_host.get(host.index()).copied().unwrap_or_default())
    }
}

/// Returns what the files of a rotated log have in common, and the age of this one: 0 for the newest, `Svc.log`, and 1 for
/// `Svc.log.1`.
fn rotation(name: &str) -> (String, u64) {
    let packed = [".gz", ".bz2", ".xz", ".zst"].into_iter().find_map(|ending| name.strip_suffix(ending));
    let plain = packed.unwrap_or(name);
    let file = plain.rsplit(is_separator).next().unwrap_or_default();
    match plain.rsplit_once('.') {
        // An address is no name of a log.
        Some((log, number))
            if number.len() <= 3
                && number.bytes().all(|byte| byte.is_ascii_digit())
                && file.chars().any(char::is_alphabetic) =>
        {
            (log.to_owned(), number.parse().unwrap_or_default())
        }
        _ => (plain.to_owned(), 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::Code;
    use crate::time::Form;

    fn heard(recorder: Recorder, key: Key) -> Heard<'static> {
        Heard {
            recorder,
            is_joined: false,
            begins: false,
            key: Some(key),
            stamp: None,
            user: None,
            outcome: None,
            host: None,
            address: None,
            process: Writer::Unknown,
            thread: Writer::Unknown,
            beside: None,
        }
    }

    /// Returns a time of so many seconds.
    fn at(seconds: u8) -> Option<Stamp> {
        Form::default().read(format!("2017-02-14T02:57:{seconds:02}Z").as_bytes())
    }

    #[test]
    fn files_of_a_rotated_log_have_a_name_in_common_and_an_age() {
        for (name, log, age) in [
            ("t/Svc.log", "t/Svc.log", 0),
            ("t/Svc.log.1", "t/Svc.log", 1),
            ("t/Svc.log.12.gz", "t/Svc.log", 12),
            ("t/Svc.log.2017", "t/Svc.log.2017", 0),
            ("t/192.0.2.7", "t/192.0.2.7", 0),
        ] {
            assert_eq!(rotation(name), (log.to_owned(), age), "{name}");
        }
    }

    #[test]
    fn a_code_has_a_row_however_many_names_came_before() {
        let mut sign_ins = SignIns::new(Options::default(), Catalogue::built_in());
        for number in 0..KEYS_LIMIT + 10 {
            sign_ins.hear(&heard(0, Key::Name(format!("NAME_{number}").into())));
        }
        sign_ins.hear(&heard(0, Key::Code(Code(101))));
        sign_ins.end_source("a.log", 1);
        let summary = sign_ins.settle().summary;
        assert_eq!(summary.results(), KEYS_LIMIT as u64 + 11);
        assert!(summary.iter().any(|(key, row)| key == Key::Code(Code(101)) && row.tally.count == 1));
    }

    #[test]
    fn a_host_with_and_without_its_network_is_one() {
        let mut sign_ins = SignIns::new(Options::default(), Catalogue::built_in());
        for host in ["host1.example.com", "HOST1", "host2"] {
            sign_ins.hear(&Heard { host: Some(host), ..heard(1, Key::Code(Code(21))) });
        }
        sign_ins.end_source("relay.log", 1);
        let totals = sign_ins.settle().totals;
        assert_eq!((totals.hosts, totals.hosts_with_results), (2, 2));
    }

    #[test]
    fn results_of_an_unknown_machine_that_a_relay_has_as_well_are_counted_apart() {
        let counted = |names: [&str; 2], user: &str| {
            let mut sign_ins = SignIns::new(Options::default(), Catalogue::built_in());
            let heard =
                |recorder| Heard { user: Some("ann"), stamp: at(recorder), ..heard(recorder, Key::Code(Code(21))) };
            sign_ins.hear(&Heard { user: Some(user), ..heard(1) });
            sign_ins.end_source(names[0], 1);
            sign_ins.hear(&Heard { host: Some("host1"), ..heard(2) });
            sign_ins.hear(&Heard { host: Some("host2"), ..heard(2) });
            sign_ins.end_source(names[1], 1);
            let totals = sign_ins.settle().totals;
            (totals.matched, totals.beside_relay)
        };
        assert_eq!(counted(["Svc.log", "syslog"], "ann"), (0, 1));
        assert_eq!(counted(["Svc.log", "syslog"], "bob"), (0, 0));
        assert_eq!(counted(["host1/syslog", "host2/syslog"], "ann"), (1, 0), "the machine is known");
    }

    #[test]
    fn the_hours_of_a_relay_are_not_those_of_a_host() {
        let rows = |by: &[Dimension], host: Option<&'static str>| {
            let mut sign_ins = SignIns::new(Options { by: by.to_vec(), ..Options::default() }, Catalogue::built_in());
            let stamp = at(7);
            sign_ins.hear(&Heard { stamp, host, ..heard(1, Key::Code(Code(21))) });
            let hour = stamp.and_then(|stamp| Dimension::Hour.floor(stamp.time)).unwrap();
            sign_ins.logged(hour);
            sign_ins.logged(Time::from_nanoseconds(hour.nanoseconds() + Dimension::Hour.span().unwrap()));
            sign_ins.end_source("relay/syslog", 1);
            sign_ins.settle().rows.len()
        };
        assert_eq!(rows(&[Dimension::Host, Dimension::Hour], Some("host1")), 1);
        assert_eq!(rows(&[Dimension::Hour], Some("host1")), 2);
        assert_eq!(rows(&[Dimension::Host, Dimension::Hour], None), 2, "the host of the log is not known");
        assert_eq!(rows(&[Dimension::Hour, Dimension::File], None), 2);
    }

    #[test]
    fn machines_of_a_site_in_an_archive_are_not_one() {
        let mut sign_ins = SignIns::new(Options::default(), Catalogue::built_in());
        for name in ["eu.zip!/host1/svc.log", "eu.zip!/host2/svc.log", "us.zip!/host1/svc.log", "us.zip!/host2/svc.log"]
        {
            sign_ins.hear(&heard(1, Key::Code(Code(21))));
            sign_ins.end_source(name, 1);
        }
        assert_eq!(sign_ins.settle().totals.hosts_with_results, 4);
    }

    #[test]
    fn the_name_of_a_copy_tells_machines_apart() {
        let mut sign_ins = SignIns::new(Options::default(), Catalogue::built_in());
        sign_ins.hear(&heard(1, Key::Code(Code(21))));
        sign_ins.end_source("t/host1/svc.log", 1);
        sign_ins.skip_source("t/host2/svc.log");
        assert_eq!(sign_ins.settle().totals.hosts_with_results, 1);
    }
}
