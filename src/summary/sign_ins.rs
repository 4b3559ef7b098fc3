//! Collects the sign-ins of a run: joins their lines, matches twins, applies the filter, and counts the results by the dimensions
//! that the caller asks for.
//!
//! Lines are added in the order of their sources, and [`SignIns::settle`] returns the [`Settled`] counts at the end. Until then,
//! results wait for their twins, because another log of the same machine may be read much later. If [`WAITING_LIMIT`] results
//! wait, they are matched with each other and counted early. With [`Options::at_once`], none waits.
//!
//! The machine of a source may follow from its name, but only by comparison with the names of all other sources. So until the
//! end, results are counted separately for each source.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hash;
use std::ops::Range;

use foldhash::{HashMap, HashMapExt as _, HashSet, HashSetExt as _};

use super::audit::Audit;
use super::collected::Collected;
use super::covered::{Covered, Mark};
use super::dimension::Dimension;
use super::durations::Durations;
use super::history::{History, Hours, Periods};
use super::near_misses::NearMisses;
use super::tally::Tally;
use super::timeline::{Event, Latest, TIMELINE_LIMIT, Timeline};
use super::total::{Row, Summary, Totals};
use super::verdicts::{Fate, Origins, Verdict};
use super::{hosts, quiet};
use crate::attempt::clocks::{self, Apart};
use crate::attempt::join::{self, Edges, Joiner, Line, Said};
use crate::attempt::persons::Persons;
use crate::attempt::values::{Number, Values};
use crate::attempt::{Attempt, Outcome, RECORDERS_LIMIT, Recorder, SignIn, twins};
use crate::catalogue::Catalogue;
use crate::code::Key;
use crate::filter::{Dropped, Filter, Part, RelativeTo};
use crate::finding::Cells;
use crate::finding::cells::Labels;
use crate::source::machines::{self, Template, is_separator};
use crate::source::names::{Names, Texts};
use crate::time::window::Window;
use crate::time::zone::DisplayZone;
use crate::time::{Stamp, Time};

/// The largest number of results that wait to be matched with those of other logs. Each takes
/// [`SIGN_IN_BYTES`](crate::attempt::SIGN_IN_BYTES) bytes.
pub const WAITING_LIMIT: usize = 6_000_000;

/// The largest number of different users that are distinguished. The same limit applies to machines and to addresses.
pub const VALUES_LIMIT: usize = 1_000_000;

/// The largest number of hours or days with lines that are recorded, for all sources together.
const LOGGED_LIMIT: usize = 1_000_000;

/// The largest number of different codes and names that are distinguished. A summary has rows for far fewer.
const KEYS_LIMIT: usize = 16 * super::NAMES_LIMIT;
/// The number that all codes and names beyond [`KEYS_LIMIT`] share.
const OTHER_KEYS: u32 = u32::MAX >> 1;

/// The number of slots in the cache of recent results, which saves most insertions into a hash set.
const FOUND_LAST: usize = 256;
/// How many of the last recorders are compared with the next one before it is added to the list. A file has one or two.
const RECENT: usize = 4;

/// Options for counting sign-ins.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether a sign-in counts once for each log that recorded it.
    pub keep_twins: bool,
    /// The dimensions by which results are counted besides their code: at most two.
    pub by: Vec<Dimension>,
    /// The filter for the results that count.
    pub filter: Filter,
    /// Where the paths of sources contain the name of the machine. If `None`, this is derived from the paths.
    pub host_from: Option<Template>,
    /// Whether the caller asks for a [`Verdict`] on each result.
    pub with_verdicts: bool,
    /// Whether near misses are found.
    pub near_misses: Sought,
    /// The zone whose hours and days are counted, and in which notes have times.
    pub zone: DisplayZone,
    /// Whether the results are collected for [`find`](crate::finding::find).
    pub with_cells: bool,
    /// Whether the results are collected in the order of time.
    pub with_timeline: bool,
    /// Whether the results are counted over time, for [`Settled::history`].
    pub with_history: bool,
    /// Whether results are counted at once, because only one recorder is expected, so that nothing can have a twin. The caller must
    /// count again without this if [`SignIns::has_to_wait`] becomes true. Has no effect with a filter, verdicts or
    /// a timeline.
    pub at_once: bool,
    /// How many results may wait: [`WAITING_LIMIT`], or fewer in tests.
    pub waiting_limit: usize,
}

impl Default for Options {
    fn default() -> Options {
        let (keep_twins, by, filter, host_from, with_verdicts, near_misses, zone, with_cells) = Default::default();
        let (with_timeline, with_history, at_once, waiting_limit) = (false, false, false, WAITING_LIMIT);
        Options {
            keep_twins,
            by,
            filter,
            host_from,
            with_verdicts,
            near_misses,
            zone,
            with_cells,
            with_timeline,
            with_history,
            at_once,
            waiting_limit,
        }
    }
}

/// Whether lines that speak of a call status but hold no result are found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sought {
    /// They are not found.
    No,
    /// They are counted.
    #[default]
    Counted,
    /// They are counted, and have line numbers. This takes time in every line.
    Numbered,
}

/// Why a caller asks for verdicts now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Too many results wait to be matched with those of other logs. Results that come later are not compared with them.
    Full,
    /// Everything has been read, so these are the last verdicts.
    End,
}

/// What a text in a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The name of a user.
    User,
    /// The name of a machine.
    Host,
    /// A network address.
    Address,
    /// What identifies a process or a thread, and is no number.
    Writer,
}

impl Field {
    /// The number of kinds of texts.
    pub const COUNT: usize = 4;
}

/// The number that [`SignIns::key`] has returned for a code or name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyNumber(u32);

/// What a line reveals about a sign-in. Its texts are numbers that [`SignIns::number`] has returned.
#[derive(Clone, Debug)]
pub struct Heard {
    /// The program that recorded the line, or 0 if the pattern does not name one.
    pub recorder: Recorder,
    /// Whether the recorder writes several lines for a sign-in, which must be joined.
    pub is_joined: bool,
    /// Whether the line begins a sign-in.
    pub begins: bool,
    /// Whether the pattern may also match lines of other programs, so that its results are counted separately.
    pub is_general: bool,
    /// The result in the line, or `None` if the line only gives context for one.
    pub key: Option<KeyNumber>,
    /// The time of the line, if it has one that can be read.
    pub stamp: Option<Stamp>,
    /// The user whom the line names, if any.
    pub user: Number,
    /// Whether the sign-in succeeded, according to the log.
    pub outcome: Option<Outcome>,
    /// The machine that the line names, if any.
    pub host: Number,
    /// The network address of the user, if the line contains it.
    pub address: Number,
    /// The process that wrote the line, if the line names it.
    pub process: Writer,
    /// The thread that wrote the line, if the line names it.
    pub thread: Writer,
    /// The byte range of the line in its source, if the line names neither its process nor its thread.
    pub beside: Option<Range<u64>>,
}

/// Identifies a process or a thread, as written in a log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Writer {
    /// The line does not name the process or thread.
    #[default]
    Unknown,
    /// A number less than [`Writer::LIMIT`].
    Number(u64),
    /// The number of any other text that identifies the process or thread.
    Text(Number),
}

impl Writer {
    /// Numbers of processes and threads are less than this. It is less than 2⁶³, so larger numbers can stand for texts.
    pub const LIMIT: u64 = 10_u64.pow(18);

    /// Parses a number below [`Writer::LIMIT`] as logs write it, in digits without leading zeros. Returns `None` for any other
    /// text.
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

    /// Returns a number for the process or thread: the number itself, or one above [`Writer::LIMIT`] for any other text.
    fn as_u64(self) -> u64 {
        match self {
            Writer::Unknown => u64::MAX,
            Writer::Number(number) => number,
            Writer::Text(text) => 1 << 63 | u64::from(text.as_u32()),
        }
    }
}

/// Identifies the thread of a program that wrote a line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct LineWriter {
    recorder: Recorder,
    host: Number,
    process: u64,
    thread: u64,
}

/// The key by which results are counted until the machines are known. There may be a million keys, so they are small.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct GroupKey {
    /// The number of the row.
    row: RowNumber,
    /// The number of the source.
    source: u32,
    /// The host that the lines of the results name.
    host: Number,
    /// The values in the dimensions of [`Options::by`] that cannot be derived from the other fields.
    values: [u32; 2],
}

/// The number, times and durations of the results with the same key. Smaller than a [`Tally`] with its optional times.
#[derive(Clone, Debug)]
struct GroupTally {
    count: u64,
    /// The first and last time in nanoseconds. If no result has a time, the first is greater than the last.
    span: (i64, i64),
    durations: Durations,
}

impl Default for GroupTally {
    fn default() -> GroupTally {
        GroupTally { count: 0, span: (i64::MAX, i64::MIN), durations: Durations::default() }
    }
}

impl GroupTally {
    /// Counts one result, with its time and duration.
    fn add(&mut self, result: &SignIn) {
        self.count += 1;
        if let Some(time) = result.time().map(Time::nanoseconds) {
            self.span = (self.span.0.min(time), self.span.1.max(time));
        }
        if let Some(duration) = result.duration_ms() {
            self.durations.add(duration);
        }
    }

    fn merge(&mut self, other: &GroupTally) {
        self.count += other.count;
        self.span = (self.span.0.min(other.span.0), self.span.1.max(other.span.1));
        self.durations.merge(&other.durations);
    }

    /// Returns the number of results, with their first and last time.
    fn tally(&self) -> Tally {
        let time = |nanoseconds| (self.span.0 <= self.span.1).then(|| Time::from_nanoseconds(nanoseconds));
        Tally { count: self.count, first: time(self.span.0), last: time(self.span.1) }
    }
}

/// Collects the sign-ins of a run. The [module documentation](self) describes the steps.
#[derive(Debug)]
pub struct SignIns<'c> {
    options: Options,
    catalogue: &'c Catalogue,
    users: Values,
    hosts: Values,
    addresses: Values,
    writers: Values,
    /// The number of each code and name that has been found.
    number_by_key: HashMap<Key, u32>,
    /// The numbers of the codes 0 to 255, which avoid a lookup in the map. [`OTHER_KEYS`] for a code that has not been found.
    dense_keys: [u32; 256],
    /// The codes and names, in the order of their numbers.
    keys: Vec<Key>,
    /// The names of the sources that have ended. The number of the current source is the length of this list.
    sources: Names,
    /// The names of sources that do not count, such as copies.
    skipped: Names,
    /// What must be taken back if a source is replaced.
    facts: Vec<SourceFacts>,
    /// The numbers of the sources that were taken back.
    taken_back: HashSet<u32>,
    /// Sources with smaller numbers cannot be taken back, because results of them were counted before everything had been read.
    settled_sources: usize,
    /// The number of sign-ins without a result in the current source.
    without_result: u64,
    /// The start of each hour or day in which a source has lines.
    logged: HashSet<(u32, Time)>,
    /// What is known about the hours of the current source.
    covered: Covered,
    /// The first and the last time of the lines in a source, if they are wanted.
    spans: Vec<(u32, (Time, Time))>,
    totals: Totals,
    /// Whether the current source has results.
    has_results: bool,
    /// The times of the first and the last line of the current source.
    ends: Option<[Time; 2]>,
    joiner: Joiner<LineWriter, Number, SignIn>,
    /// A buffer for the attempts that end with a line. Empty between lines.
    ended: Vec<Attempt<Number, SignIn>>,
    /// The unfinished beginnings and ends of the sources so far, with the number of the source.
    edges: Vec<(u32, Edges<LineWriter, Number, SignIn>)>,
    /// The results that wait to be matched with results of the same sign-in from other logs.
    waiting: Vec<SignIn>,
    /// Results that are not matched with those of other logs. They wait for the filter, which may depend on machines that are not
    /// known yet.
    apart: Vec<SignIn>,
    /// The latest time of all lines about sign-ins.
    newest: Option<Time>,
    /// Why the time window of the filter cannot be applied relative to the latest time.
    window_error: Option<String>,
    origins: Origins,
    /// Whether each result counts, and what is known about its sign-in, if the caller asked for verdicts.
    fates: Vec<Fate>,
    /// The results and lines for findings, if [`Options::with_cells`] is set.
    collected: Option<Collected<'c>>,
    /// The results in the order of time, if [`Options::with_timeline`] is set.
    latest: Option<Latest>,
    /// The results over time, if [`Options::with_history`] is set.
    periods: Option<Periods<Placed>>,
    /// Whether results are counted at once.
    at_once: bool,
    /// The recorder of the results so far, or 0 for none.
    recorder: Recorder,
    /// Whether there are results of several recorders.
    has_recorders: bool,
    count: Count,
}

/// The row of a result. If the filter must still check the machine and the source at the end, also the source and the host that the
/// line names.
type Placed = (RowNumber, Option<(u32, Number)>);

/// What must be taken back if a source is replaced.
#[derive(Clone, Copy, Debug)]
struct SourceFacts {
    bytes: u64,
    without_result: u64,
    has_results: bool,
}

/// By what results are counted, with the zone of their hours and days.
type By<'b> = (&'b [Dimension], DisplayZone);

/// The number of a row, the number of a source that contains its code or name, and the host that the line names.
type Found = (RowNumber, u32, Number);

/// The number of a row of the summary: twice the number of its code or name, and one more for the results of general patterns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct RowNumber(u32);

impl RowNumber {
    /// Returns the row in which a result is counted.
    fn of(result: &SignIn) -> RowNumber {
        RowNumber(result.key << 1 | u32::from(result.is_general()))
    }

    /// Returns the number of the code or name.
    fn key(self) -> u32 {
        self.0 >> 1
    }

    /// Whether the row is for the results of general patterns.
    fn is_general(self) -> bool {
        self.0 & 1 == 1
    }

    /// Returns the same row for all codes and names.
    fn of_any_key(self) -> RowNumber {
        RowNumber(self.0 & 1)
    }
}

/// The results that have been counted, and what is needed to count the rest.
#[derive(Debug, Default)]
struct Count {
    /// The tally of the results that the filter keeps, for each row. The number of the row is the index.
    by_row: Vec<GroupTally>,
    /// The tally of the results that the filter keeps, for each combination of values in the dimensions of [`Options::by`].
    groups: HashMap<GroupKey, GroupTally>,
    /// The tally of results that the filter keeps unless it excludes their machine or source, which is checked at the end.
    unchecked: HashMap<GroupKey, GroupTally>,
    /// The tally of the results whose code or name is beyond [`KEYS_LIMIT`]: first those of other patterns, then those of general
    /// ones.
    overflow: [Tally; 2],
    /// The sources in which each code or name was found, and the hosts that the lines name.
    found_in: HashSet<Found>,
    /// A cache of the entries that were last added to `found_in`.
    found_last: Vec<Option<Found>>,
    /// The number of results that do not count because another log recorded the same sign-in.
    twins: u64,
    /// The number of sign-ins that more than one log recorded.
    matched: u64,
    /// The number of sign-ins without a result.
    without_result: u64,
    /// The number of results in lines without a time that can be read.
    without_time: u64,
    /// The number of results in lines whose time has no zone.
    without_zone: u64,
    /// The number, first time and last time of all results, including those that the filter drops.
    span: Tally,
    /// The number of results that the filter drops, and which of its parts drop them.
    dropped: DroppedCounts,
    /// The recorders whose results each source contains, for each host that its lines name.
    recorders: Vec<(u32, Number, Recorder)>,
    /// The length of `recorders` at which duplicates are removed from it next.
    recorders_limit: usize,
    /// For each source and each host that its lines name, the number of counted results without a time.
    untimed: HashMap<(u32, Number), u64>,
    /// The current source and host, and their number of results without a time. Not yet in `untimed`.
    last_untimed: Option<((u32, Number), u64)>,
    /// Whether results were counted before everything had been read, because too many waited.
    was_full: bool,
    /// The hosts whose logs cannot be compared, because some write times with a zone and some without.
    mixed_zones: BTreeSet<Number>,
    /// The pairs of logs whose clocks differ, sorted by machine, each with the number of the machine. The origins of the results are sources.
    apart: Vec<(u64, Apart)>,
    /// The number of results of unknown machines that would have a twin in lines that name their machine, if the machine were the
    /// same.
    beside_relay: u64,
}

/// The result of counting the sign-ins of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// The results, counted by code or name, without those of general patterns.
    pub summary: Summary,
    /// How long the sign-ins with each kind of result took, where this is known.
    pub durations: BTreeMap<Key, Durations>,
    /// The same for the results of general patterns, which may be from other programs. Its totals are empty.
    pub general: Summary,
    /// How long the sign-ins with these results took.
    pub general_durations: BTreeMap<Key, Durations>,
    /// The numbers of sign-ins, machines and twins in the run, and what may be missing from the counts.
    pub totals: SignInTotals,
    /// The counts by the dimensions in [`Options::by`], in no particular order.
    pub rows: Vec<GroupRow>,
    /// Why the time window of the filter cannot be applied relative to the latest time in the logs. Then no result counts.
    pub window_error: Option<String>,
    /// Logs whose zones differ.
    pub clocks: Vec<ClocksApart>,
    /// Lines that speak of a call status but hold no result that can be read. The filter does not apply to them, because nothing is
    /// known about them.
    pub near_misses: NearMisses,
    /// A few lines for each code, if the caller asked for them.
    pub audit: Audit,
    /// The results, for [`find`](crate::finding::find), if [`Options::with_cells`] is set.
    pub cells: Option<Cells>,
    /// The results in the order of time, if [`Options::with_timeline`] is set.
    pub timeline: Timeline,
    /// The results over time, if [`Options::with_history`] is set.
    pub history: Option<History>,
}

/// How many machines are named on which the same logs have clocks that differ.
const HOSTS_NAMED: usize = 3;

/// Logs of one machine, or of several, whose clocks differ by the same number of quarters of an hour.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClocksApart {
    /// The log with the later times, on the first machine.
    pub ahead: Box<str>,
    /// The log with the earlier times.
    pub behind: Box<str>,
    /// By how many quarters of an hour they differ.
    pub quarters: u32,
    /// Which of the two logs has times without a zone, if the other one has none of them.
    pub lacks_zone: Option<Side>,
    /// Whether the times of both logs name their zones.
    pub name_zones: bool,
    /// The first machines, if they are known.
    pub hosts: Vec<Box<str>>,
    /// The number of machines.
    pub machines: u64,
}

impl ClocksApart {
    /// Returns the zone of times without one, if only one of the logs has such times: `+01:00`.
    #[must_use]
    pub fn zone(&self) -> Option<String> {
        // Without a zone, times are read as UTC, so those of clocks ahead of UTC are too late.
        let sign = match self.lacks_zone? {
            Side::Ahead => '+',
            Side::Behind => '-',
        };
        Some(format!("{sign}{:02}:{:02}", self.quarters / 4, self.quarters % 4 * 15))
    }
}

/// One of two logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The one with the later times.
    Ahead,
    /// The one with the earlier times.
    Behind,
}

/// The numbers of sign-ins, machines and twins in a run, and what may be missing from the counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignInTotals {
    /// The number of results that do not count because another log recorded the same sign-in.
    pub twins: u64,
    /// The number of counted results that more than one log recorded.
    pub matched: u64,
    /// The number of sign-ins, with and without a result.
    pub attempts: u64,
    /// The number of machines from which there are logs, or 0 if they are not known.
    pub hosts: u64,
    /// The number of machines with results.
    pub hosts_with_results: u64,
    /// The number of results that were not compared with those of other logs, because their line has no time.
    pub uncompared: u64,
    /// The hosts whose logs cannot be compared, because some write times with a zone and some without. The name of an unknown host is
    /// empty.
    pub hosts_with_mixed_zones: Vec<Box<str>>,
    /// The number of results of unknown machines that may repeat results in lines that name their machine.
    pub beside_relay: u64,
    /// Whether sign-ins may count more than once, because more than [`WAITING_LIMIT`] results of different logs had to be
    /// compared.
    pub was_full: bool,
    /// Whether there were more than [`VALUES_LIMIT`] users, machines or addresses.
    pub beyond_values: bool,
    /// Whether rows for hours or days without results are missing, because there would be too many.
    pub lacks_quiet_rows: bool,
    /// The number of results that the filter dropped, and which of its parts dropped them.
    pub dropped: DroppedCounts,
    /// The number, first time and last time of all results, including those that the filter dropped.
    pub span: Tally,
    /// The time window of the filter.
    pub window: Window,
    /// The point in time to which the window is relative.
    pub relative_to: RelativeTo,
    /// The zone of its days and clock times, if it depends on that.
    pub window_zone: Option<DisplayZone>,
    /// The zone in which notes have times.
    pub zone: DisplayZone,
    /// The latest time of all lines about sign-ins.
    pub newest: Option<Time>,
    /// How many files match the template for machine names, if there is one.
    pub template: Option<Matched>,
}

/// How many files match the template for machine names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Matched {
    /// The number of files that were read and match the template.
    pub files: u64,
    /// The number of files that do not match the template and have results in lines that do not name the machine either.
    pub without_host: u64,
}

/// The number of results that a filter dropped, and which of its parts dropped them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DroppedCounts {
    /// The number of results that the filter dropped.
    pub results: u64,
    /// The number of results that each part of the filter dropped, in the order of [`Part::ALL`]. Several parts may drop the same
    /// result.
    pub by_part: [u64; Part::ALL.len()],
}

impl DroppedCounts {
    /// Adds the counts of `other`.
    pub(crate) fn merge(&mut self, other: &DroppedCounts) {
        self.results += other.results;
        for (count, more) in self.by_part.iter_mut().zip(other.by_part) {
            *count += more;
        }
    }

    /// Counts one dropped result.
    pub(crate) fn add(&mut self, dropped: Dropped) {
        self.add_many(dropped, 1);
    }

    /// Counts dropped results. `dropped` names the parts of the filter that dropped them.
    fn add_many(&mut self, dropped: Dropped, results: u64) {
        self.results += results;
        for part in dropped.parts() {
            self.by_part[part as usize] += results;
        }
    }

    /// Returns the parts of the filter that dropped results, each with the number of them.
    pub fn parts(&self) -> impl Iterator<Item = (Part, u64)> {
        Part::ALL.into_iter().zip(self.by_part).filter(|(_, count)| *count > 0)
    }
}

/// The results with the same value in every dimension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRow {
    /// The value that the row's results have in each dimension.
    pub values: Vec<Value>,
    /// The number of results in the row, and their first and last time.
    pub tally: Tally,
    /// How long the sign-ins of the row's results took.
    pub durations: Durations,
    /// Whether these are results of general patterns, which have rows of their own.
    pub is_general: bool,
}

/// The value that a result has in a dimension.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// A code or name. The catalogue derives the group and the channel from it.
    Key(Key),
    /// Whether the sign-in succeeded, according to the log.
    Outcome(Outcome),
    /// The name of a machine, user or file, or an address.
    Text(Box<str>),
    /// The start of an hour or a day.
    Time(Time),
    /// One of the values beyond [`VALUES_LIMIT`], which are not distinguished.
    Others,
    /// The value is unknown, because the log does not contain it.
    Unknown,
}

impl<'c> SignIns<'c> {
    /// Creates a collection without sign-ins.
    #[must_use]
    pub fn new(options: Options, catalogue: &'c Catalogue) -> SignIns<'c> {
        let values = || Values::new(VALUES_LIMIT);
        let mut origins = Origins::default();
        if options.with_verdicts {
            origins.number_results(0);
        }
        let collected = options.with_cells.then(|| Collected::new(catalogue));
        let latest = options.with_timeline.then(|| Latest::new(TIMELINE_LIMIT));
        let periods = options.with_history.then(Periods::default);
        // Verdicts come in the order of the results, and so does a timeline of results with equal times.
        let is_ordered = options.with_verdicts || options.with_timeline;
        let at_once = options.at_once && !is_ordered && options.filter.is_empty();
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
            facts: Vec::new(),
            taken_back: HashSet::new(),
            settled_sources: 0,
            without_result: 0,
            logged: HashSet::new(),
            covered: Covered::default(),
            spans: Vec::new(),
            totals: Totals::default(),
            has_results: false,
            ends: None,
            joiner: Joiner::default(),
            edges: Vec::new(),
            waiting: Vec::new(),
            apart: Vec::new(),
            newest: None,
            window_error: None,
            origins,
            fates: Vec::new(),
            collected,
            latest,
            periods,
            at_once,
            recorder: 0,
            has_recorders: false,
            count: Count::default(),
        }
    }

    /// Returns the number of a text. An empty one is none.
    pub fn number(&mut self, field: Field, text: &str) -> Number {
        let values = match field {
            Field::User => &mut self.users,
            Field::Host => &mut self.hosts,
            Field::Address => &mut self.addresses,
            Field::Writer => return self.writers.number(text),
        };
        if text.is_empty() { Number::default() } else { values.number(text) }
    }

    /// Adds the next line of the current source.
    pub fn hear(&mut self, heard: &Heard) {
        let source = u32::try_from(self.sources.len()).unwrap_or(u32::MAX);
        let some = |number: Number| number.is_known().then_some(number);
        let said = Said {
            user: some(heard.user),
            outcome: heard.outcome,
            host: some(heard.host),
            address: some(heard.address),
        };
        let result = heard.key.map(|KeyNumber(key)| {
            self.has_results = true;
            if heard.recorder != self.recorder && heard.recorder > 0 {
                self.has_recorders |= self.recorder > 0;
                self.recorder = heard.recorder;
            }
            let result = SignIn::new(key, heard.stamp, heard.recorder, self.origins.of_next(source));
            if heard.is_general { result.found_by_general_pattern() } else { result }
        });
        let time = heard.stamp.map(|stamp| stamp.time);
        self.newest = self.newest.max(time);
        if let (Some(collected), Some(time)) = (&mut self.collected, time) {
            collected.line(source, said.host.unwrap_or_default(), time);
        }
        let line = Line { begins: heard.begins, time, said, result, beside: heard.beside.clone() };
        let before = self.count.without_result;
        if !heard.is_joined {
            self.ended(&Attempt::alone(line));
            self.without_result += self.count.without_result - before;
            return;
        }
        let (process, thread) = (heard.process.as_u64(), heard.thread.as_u64());
        let writer = LineWriter { recorder: heard.recorder, host: said.host.unwrap_or_default(), process, thread };
        let mut ended = std::mem::take(&mut self.ended);
        self.joiner.line(&writer, line, &mut |attempt| ended.push(attempt));
        ended.iter().for_each(|attempt| self.ended(attempt));
        ended.clear();
        self.ended = ended;
        self.without_result += self.count.without_result - before;
    }

    /// Records a line of the current source. From it and others follow the hours in which the source has lines. Only needed if results are
    /// counted by hour or day, and for a history.
    pub fn logged(&mut self, mark: Mark) {
        self.cover(|covered, zone, add| covered.mark(mark, zone, add));
    }

    /// Adds the hours that `decide` finds, or their days if results are counted by days only.
    fn cover(&mut self, decide: impl FnOnce(&mut Covered, DisplayZone, &mut dyn FnMut(Time))) {
        let Options { zone, with_history, by, .. } = &self.options;
        let part = quiet::shortest(by).filter(|_| !with_history).unwrap_or(Dimension::Hour);
        let source = u32::try_from(self.sources.len()).unwrap_or(u32::MAX);
        let logged = &mut self.logged;
        decide(&mut self.covered, *zone, &mut |hour| {
            if logged.len() <= LOGGED_LIMIT {
                logged.insert((source, part.start(hour, *zone).unwrap_or(hour)));
            }
        });
    }

    /// Records the times of the first and the last line of the next part of the current source. Needed for findings, so that a log that
    /// goes on without sign-ins does not look as if it ended, and for a history.
    pub fn reaches(&mut self, [first, last]: [Time; 2]) {
        self.ends = Some([self.ends.map_or(first, |[first, _]| first), last]);
    }

    /// Ends the current source, whose name is `name` and which has `bytes` bytes.
    pub fn end_source(&mut self, name: &str, bytes: u64) {
        self.cover(Covered::end);
        let source = u32::try_from(self.sources.len()).unwrap_or(u32::MAX);
        let edges = std::mem::take(&mut self.joiner).finish();
        if !edges.is_empty() {
            self.edges.push((source, edges));
        }
        let has_results = std::mem::take(&mut self.has_results);
        // Other files of a machine, such as that of an installation, do not show that its log goes on.
        let ends = self.ends.take();
        if let (Some([first, last]), true) = (ends, self.options.with_history) {
            self.spans.push((source, (first.min(last), first.max(last))));
        }
        let ends = ends.filter(|_| has_results);
        if let Some(collected) = &mut self.collected {
            ends.into_iter().flatten().for_each(|time| collected.line(source, Number::default(), time));
        }
        self.facts.push(SourceFacts { bytes, without_result: std::mem::take(&mut self.without_result), has_results });
        self.totals.files_read += 1;
        self.totals.files_with_results += u64::from(has_results);
        self.totals.bytes += bytes;
        self.sources.push_text(name);
        self.origins.end_source();
    }

    /// Takes back everything about a source that has ended, because a later one replaces it. `number` is how many sources ended before
    /// it. Returns false if that is not possible, because some of its results have been counted.
    pub fn take_back(&mut self, number: u32) -> bool {
        let Some(facts) = self.facts.get(number as usize).filter(|_| number as usize >= self.settled_sources) else {
            return false;
        };
        if self.taken_back.insert(number) {
            self.totals.files_read -= 1;
            self.totals.files_with_results -= u64::from(facts.has_results);
            self.totals.bytes -= facts.bytes;
            self.count.without_result -= facts.without_result;
        }
        true
    }

    /// Adds the name of a source that does not count, such as a copy. It still helps to derive the names of machines from paths.
    pub fn skip_source(&mut self, name: &str) {
        self.covered = Covered::default();
        self.skipped.push_text(name);
    }

    /// Returns the number of a code or name, and assigns one if it is new.
    pub fn key(&mut self, key: &Key) -> KeyNumber {
        KeyNumber(self.number_of(key))
    }

    fn number_of(&mut self, key: &Key) -> u32 {
        if let Some(&number) =
            self.dense_keys.get(key.code().map_or(usize::MAX, |code| usize::try_from(code.0).unwrap_or(usize::MAX)))
            && number != OTHER_KEYS
        {
            return number;
        }
        if let Some(&number) = self.number_by_key.get(key) {
            let known = &mut self.keys[number as usize];
            if key.is_better_spelled(known) {
                *known = key.clone();
            }
            return number;
        }
        // Codes from 0 to 255 always get a number.
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

    /// Takes an attempt to which no more lines can be added. Its result waits to be matched with those of other logs, or is
    /// counted.
    fn ended(&mut self, attempt: &Attempt<Number, SignIn>) {
        let Attempt { began, said, result, .. } = *attempt;
        let Some(mut result) = result else {
            self.count.without_result += 1;
            // If only a part of the results counts, others may have a result that does not.
            if let (Some(collected), Some(began)) = (&mut self.collected, began)
                && self.options.filter.keeps_all_users_and_times()
            {
                let source = u32::try_from(self.sources.len()).unwrap_or(u32::MAX);
                collected.unanswered(source, said.host.unwrap_or_default(), began);
            }
            return;
        };
        result.user = said.user.unwrap_or_default();
        result.host = said.host.unwrap_or_default();
        result.address = said.address.unwrap_or_default();
        result.set_outcome(said.outcome);
        result.set_began(began);
        let met = (self.origins.source(result.origin), result.host, result.recorder());
        // The last few repeat most often. Other duplicates are removed later.
        if met.2 > 0 && !self.count.recorders.iter().rev().take(RECENT).any(|recent| *recent == met) {
            self.count.add_recorder(met);
        }
        if self.at_once {
            return self.count_at_once(&result);
        }
        // Keys beyond the limit share a number, so they are not compared.
        let is_compared = result.recorder() > 0 && result.time().is_some() && result.key != OTHER_KEYS;
        if is_compared && !self.options.keep_twins {
            self.waiting.push(result);
        } else {
            self.apart.push(result);
        }
        if self.is_full() && !self.options.with_verdicts && self.options.filter.is_empty() {
            // These need not wait for anything but sources that replace theirs.
            self.settled_sources = self.sources.len() + 1;
            for result in std::mem::take(&mut self.apart) {
                if !self.taken_back.contains(&result.origin) {
                    self.count_at_once(&result);
                }
            }
        }
        if self.is_full() && !self.options.with_verdicts {
            self.note_full();
            let sources = self.sources.texts();
            let places = self.places(&sources);
            // The other sources and the machines are not known yet.
            self.match_waiting(&sources, &places, &Persons::new(&self.users), false);
        }
    }

    /// Counts a result that has no twin and that no filter drops.
    fn count_at_once(&mut self, result: &SignIn) {
        self.count.add(result, result.origin, 0, (&self.options.by, self.options.zone), true);
        if let Some(collected) = &mut self.collected {
            collected.add(result, result.origin, &self.keys, &self.users);
        }
        if let Some(latest) = &mut self.latest {
            latest.add(result, result.origin, 1);
        }
        if let Some((periods, time)) = self.periods.as_mut().zip(result.time()) {
            let row = RowNumber::of(result);
            periods.add((row, None), row.0 as usize, time);
        }
    }

    /// Whether results were counted at once although they may have twins or must be taken back, so that the caller must count again.
    #[must_use]
    pub fn has_to_wait(&self) -> bool {
        self.at_once && (self.has_recorders && !self.options.keep_twins || !self.taken_back.is_empty())
    }

    /// Whether the largest number of results is waiting. A caller that asks for verdicts must then call [`SignIns::decide`].
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.waiting.len() + self.apart.len() >= self.options.waiting_limit
    }

    /// Records that results are counted before everything has been read, if twins may be missed because of that.
    fn note_full(&mut self) {
        self.settled_sources = self.sources.len() + 1;
        self.count.was_full |= self.apart.is_empty() || !self.waiting.is_empty();
    }

    /// Decides on all results that were added since the last call, and passes a verdict on each to `done`, in order. The verdict
    /// is `None` if the filter drops the result. Lines that are added later do not change it.
    ///
    /// # Errors
    ///
    /// Returns the error that `done` returns.
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

    /// Returns the machine and folder of each source so far.
    fn places(&mut self, sources: &Texts) -> Places {
        Places::new(sources, &self.skipped.texts(), self.options.host_from.as_ref(), &mut self.hosts)
    }

    /// Matches the waiting results that different logs have of the same sign-in, and counts them. `is_end` is whether everything
    /// has been read.
    fn match_waiting(&mut self, sources: &Texts, places: &Places, persons: &Persons, is_end: bool) {
        if let Err(reason) = self.options.filter.set_newest(self.newest) {
            self.window_error = Some(reason);
        }
        let mut waiting = std::mem::take(&mut self.waiting);
        if !self.taken_back.is_empty() {
            let counts = |result: &SignIn| !self.taken_back.contains(&self.origins.source(result.origin));
            waiting.retain(counts);
            self.apart.retain(counts);
        }
        // A stable sort, so that results with equal times stay in the order of their sources.
        let source = |result: &SignIn| self.origins.source(result.origin);
        let machine = |result: &SignIn| places.machine_of(source(result), result.host);
        waiting.sort_by_key(machine);
        // Users beyond the limit have no name, so they count as unknown.
        let name = |result: &SignIn| persons.name(result.user);
        let is_checked = is_end || self.options.filter.is_empty();
        let (count, by, fates) = (&mut self.count, (&self.options.by[..], self.options.zone), &mut self.fates);
        let (collected, periods, latest) = (&mut self.collected, &mut self.periods, &mut self.latest);
        let mut collect = |result: &SignIn, source: u32, kept: Kept, logs: usize| {
            match (&mut *collected, kept) {
                (None, _) | (_, Kept::No) => {}
                (Some(collected), Kept::Yes) => collected.add(result, source, &self.keys, &self.users),
                (Some(collected), Kept::AllButKey) => collected.add_exposure(result, source, &self.keys, &self.users),
            }
            if kept != Kept::Yes {
                return;
            }
            if let Some(latest) = latest {
                latest.add(result, source, u32::try_from(logs).unwrap_or(u32::MAX));
            }
            if let Some((periods, time)) = periods.as_mut().zip(result.time()) {
                let place = (!is_checked).then_some((source, result.host));
                let row = RowNumber::of(result);
                periods.add((row, place), row.0 as usize, time);
            }
        };
        // Records the decision on a result. `best` is the most complete result of its sign-in.
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
            let kept = keeper.keeps(&result, &[source(&result)], count);
            let is_kept = kept == Kept::Yes;
            if is_kept {
                count.add(&result, source(&result), 0, by, is_checked);
            }
            collect(&result, source(&result), kept, 1);
            note(&result, &result, is_kept);
        }
        let (mut records, mut found) = (Vec::new(), Vec::new());
        // Whether there are results whose lines name their machine as well as results of unknown machines.
        let is_of_unknown = |result: &SignIn| !result.host.or(places.host(source(result))).is_known();
        let has_both = waiting.iter().any(|result| result.host.is_known()) && waiting.iter().any(is_of_unknown);
        let mut named_or_unknown: Vec<SignIn> = Vec::new();
        for results in waiting.chunk_by_mut(|one, other| machine(one) == machine(other)) {
            let zoned = |assumed: bool| results.iter().any(|result| result.zone_is_assumed() == assumed);
            let recorder = results[0].recorder();
            // For each recorder, its results without twins.
            let mut without_twin = [0_usize; 1 + RECORDERS_LIMIT as usize];
            let is_alone = results.iter().all(|result| result.recorder() == recorder);
            if !is_alone && zoned(true) && zoned(false) {
                count.mixed_zones.insert(places.same_host(results[0].host.or(places.host(source(&results[0])))));
            }
            twins::matching(results, name, |first, others| {
                let mut best = first;
                records.clear();
                records.push(first);
                for twin in others {
                    records.push(*twin);
                    // If equally much is known about two results, one whose sign-in is on a single line is preferred, and then
                    // one from the machine's own log to the copy of a relay.
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
                if !is_alone && records.len() == 1 {
                    without_twin[usize::from(first.recorder())] += 1;
                }
                let kept = keeper.keeps(&best, &found, count);
                let is_kept = kept == Kept::Yes;
                collect(&best, source(&best), kept, found.len());
                if is_kept {
                    if has_both && (is_of_unknown(&best) || records.iter().all(|record| record.host.is_known())) {
                        named_or_unknown.push(best);
                    }
                    let row = RowNumber::of(&best);
                    records.iter().zip(&found).for_each(|(one, source)| count.found((row, *source, one.host)));
                    count.add(&best, source(&best), found.len() as u64 - 1, by, is_checked);
                }
                records.iter().for_each(|record| note(record, &best, is_kept));
            });
            let is_mostly_alone = |recorder: usize| {
                let all = || results.iter().filter(|result| usize::from(result.recorder()) == recorder).count();
                without_twin[recorder] >= clocks::LEAST && without_twin[recorder] * 2 >= all()
            };
            if is_end && !is_alone && (0..without_twin.len()).any(is_mostly_alone) {
                let machine = machine(&results[0]);
                let of_source = |mut result: SignIn| {
                    result.origin = source(&result);
                    result
                };
                count.apart.extend(clocks::apart(results, name).into_iter().map(
                    |Apart { ahead, behind, quarters }| {
                        (machine, Apart { ahead: of_source(ahead), behind: of_source(behind), quarters })
                    },
                ));
            }
        }
        if is_end && has_both {
            twins::matching(&mut named_or_unknown, name, |first, mut others| {
                let is_other = |other: &SignIn| is_of_unknown(other) != is_of_unknown(&first);
                count.beside_relay += u64::from(Iterator::any(&mut others, is_other));
            });
        }
    }

    /// Ends the run: joins sign-ins that continue in the next file of a rotated log, matches twins, and counts.
    #[must_use]
    pub fn settle(mut self) -> Settled {
        self.stitch();
        // The list goes, so that the names are not in memory twice.
        let sources = std::mem::take(&mut self.sources).texts();
        let places = self.places(&sources);
        let persons = Persons::new(&self.users);
        self.match_waiting(&sources, &places, &persons, true);
        let logged = std::mem::take(&mut self.logged);
        let spans = std::mem::take(&mut self.spans);
        let SignIns {
            options,
            catalogue,
            users,
            hosts,
            addresses,
            keys,
            mut totals,
            mut count,
            newest,
            window_error,
            collected,
            latest,
            periods,
            ..
        } = self;
        let taken_back = self.taken_back;
        count.recorders.retain(|(source, ..)| !taken_back.contains(source));
        totals.results_without_time = count.without_time;
        totals.results_without_zone = count.without_zone;
        let mut rows: HashMap<RowNumber, Row> = HashMap::new();
        let mut files_by_row: HashMap<RowNumber, HashSet<u32>> = HashMap::new();
        let mut hosts_by_row: HashSet<(RowNumber, Number)> = HashSet::new();
        let mut all_hosts: HashSet<Number> =
            places.by_source.iter().map(|place| places.same_host(place.host)).collect();
        let mut hosts_with_results: HashSet<Number> = HashSet::new();
        let mut files_without_host: HashSet<u32> = HashSet::new();
        for (number, source, host) in std::mem::take(&mut count.found_in) {
            let host = places.same_host(host.or(places.host(source)));
            all_hosts.insert(host);
            hosts_with_results.insert(host);
            if !host.is_known() {
                files_without_host.insert(source);
            }
            files_by_row.entry(number).or_default().insert(source);
            let row = rows.entry(number).or_default();
            row.hosts += u64::from(host.is_known() && hosts_by_row.insert((number, host)));
        }
        for (number, files) in files_by_row {
            rows.entry(number).or_default().files = files.len() as u64;
        }
        for (group, tally) in std::mem::take(&mut count.unchecked) {
            let host = places.same_host(group.host.or(places.host(group.source)));
            let file = sources.get(group.source as usize);
            let dropped = options.filter.check_host(hosts.text(host)) | options.filter.check_files(file.as_slice());
            if dropped.is_empty() {
                count.add_group(group, &tally, &options.by);
            } else {
                count.dropped.add_many(dropped, tally.count);
            }
        }
        let (mut summary, mut durations) = (Summary::with_totals(totals), BTreeMap::new());
        let (mut general, mut general_durations) = (Summary::default(), BTreeMap::new());
        for (number, tally) in (0..).map(RowNumber).zip(std::mem::take(&mut count.by_row)) {
            if tally.count > 0 {
                rows.entry(number).or_default().tally = tally.tally();
            }
            if tally.durations != Durations::default() {
                let durations = if number.is_general() { &mut general_durations } else { &mut durations };
                durations.insert(keys[number.key() as usize].clone(), tally.durations);
            }
        }
        for (number, row) in rows {
            let summary = if number.is_general() { &mut general } else { &mut summary };
            summary.add_row(&keys[number.key() as usize], &row);
        }
        for (summary, overflow) in [&mut summary, &mut general].into_iter().zip(count.overflow) {
            if !overflow.is_empty() {
                summary.add_overflow(&overflow);
            }
        }
        let results = summary.results() + general.results();
        // The first of the sources with the same name.
        let mut same_source: HashMap<&str, u32> = HashMap::new();
        if options.by.contains(&Dimension::File) {
            (0..).zip(sources.iter()).for_each(|(number, name)| {
                same_source.entry(name).or_insert(number);
            });
        }
        // The values of a key in each dimension, as numbers.
        let numbers = |group: GroupKey| {
            let mut numbers = group.values;
            for (number, dimension) in numbers.iter_mut().zip(&options.by) {
                *number = match dimension {
                    dimension if dimension.is_of_key() => group.row.key(),
                    Dimension::Host => places.same_host(group.host.or(places.host(group.source))).as_u32(),
                    Dimension::File => {
                        sources.get(group.source as usize).map_or(group.source, |name| same_source[name])
                    }
                    Dimension::User => persons.of(Number::from_index(u64::from(*number))).as_u32(),
                    _ => *number,
                };
            }
            numbers
        };
        let mut groups: Vec<(([u32; 2], bool), GroupTally)> = Vec::with_capacity(count.groups.len());
        let placed = |group: GroupKey| (numbers(group), group.row.is_general());
        groups.extend(std::mem::take(&mut count.groups).into_iter().map(|(group, tally)| (placed(group), tally)));
        groups.sort_unstable_by_key(|(place, _)| *place);
        groups.dedup_by(|(place, tally), (before, sum)| {
            let is_same = place == before;
            if is_same {
                sum.merge(tally);
            }
            is_same
        });
        let text = |values: &Values, number: u32| match Number::from_index(u64::from(number)) {
            Number::OTHERS => Value::Others,
            number => values.text(number).map_or(Value::Unknown, |text| Value::Text(text.into())),
        };
        let value = |(dimension, number): (&Dimension, u32)| match dimension {
            Dimension::Code | Dimension::Family | Dimension::Group | Dimension::Channel => {
                Value::Key(keys[number as usize].clone())
            }
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
        let row = |((numbers, is_general), tally): (([u32; 2], bool), GroupTally)| GroupRow {
            values: options.by.iter().zip(numbers).map(value).collect(),
            tally: tally.tally(),
            durations: tally.durations,
            is_general,
        };
        let mut rows: Vec<GroupRow> = groups.into_iter().map(row).collect();
        let logged_hours = options.with_history.then(|| logged.clone());
        let mut lacks_quiet_rows = false;
        if let Some(part) = quiet::shortest(&options.by).filter(|_| !rows.is_empty()) {
            // The hours in which a relay has lines are not those of the machines whose lines it forwards.
            let of_host = |known: bool| -> HashSet<u32> {
                let some = count.recorders.iter().filter(|(_, host, _)| host.is_known() == known);
                some.map(|(source, ..)| *source).collect()
            };
            let (own, mut relayed) = (of_host(false), of_host(true));
            relayed.retain(|source| options.by.contains(&Dimension::Host) && !own.contains(source));
            let is_whole = logged.len() <= LOGGED_LIMIT;
            let all = logged.into_iter();
            let all = all.filter(|(source, _)| !relayed.contains(source) && !taken_back.contains(source));
            let logged = all.filter_map(|(source, start)| {
                let (host, file) = (places.same_host(places.host(source)), sources.get(source as usize)?);
                let dropped = options.filter.check_host(hosts.text(host)) | options.filter.check_files(&[file]);
                let place = options.by.iter().find_map(|dimension| match dimension {
                    Dimension::Host => Some(hosts.text(host).map_or(Value::Unknown, |host| Value::Text(host.into()))),
                    Dimension::File => Some(Value::Text(file.into())),
                    _ => None,
                });
                let end = part.end(start, options.zone).unwrap_or(start);
                (dropped.is_empty() && options.filter.window.overlaps(start, end)).then_some((place, start))
            });
            let quiet = quiet::rows(&options.by, &rows, &logged.collect(), options.zone).filter(|_| is_whole);
            lacks_quiet_rows = quiet.is_none();
            rows.extend(quiet.into_iter().flatten());
        }
        let clocks = clocks_apart(&count.apart, &sources, |result| {
            hosts.text(places.same_host(result.host.or(places.host(result.origin))))
        });
        let host = |source: u32, host: Number| match host.is_known() {
            true => places.same_host(host),
            false => places.same_host(places.host(source)),
        };
        // Lines that do not count are collected as well, and results before all machines are known.
        let is_kept = |source: u32, host: Number| {
            let file = sources.get(source as usize);
            let of_file = file.map(|file| options.filter.check_files(&[file]));
            !taken_back.contains(&source)
                && options.filter.check_host(hosts.text(host)).is_empty()
                && of_file.is_none_or(|dropped| dropped.is_empty())
        };
        let text = |values: &Values, number: Number| values.text(number).map(Box::from);
        let timeline = latest.map(|latest| {
            // Only these may have been collected before their machines were known. A twin may be in a file that the filter keeps.
            let counts = |result: &SignIn, source: u32| !count.was_full || is_kept(source, host(source, result.host));
            latest.finish(counts, |result, source, logs| Event {
                time: result.time(),
                key: keys.get(result.key as usize).cloned().unwrap_or_else(|| Key::Name("(others)".into())),
                is_general: result.is_general(),
                user: text(&users, persons.of(result.user)),
                host: text(&hosts, host(source, result.host)),
                address: text(&addresses, result.address),
                outcome: result.outcome(),
                duration_ms: result.duration_ms(),
                source: sources.get(source as usize).unwrap_or_default().into(),
                logs,
            })
        });
        let mixed_zones = count.mixed_zones.iter().map(|host| text(&hosts, *host).unwrap_or_default());
        let mixed_zones: Vec<Box<str>> = mixed_zones.collect();
        let cells = collected.map(|collected| {
            let cells = collected.cells(
                &users,
                |source, number| Some(host(source, number)).filter(|host| is_kept(source, *host)),
                Labels {
                    host: |number| text(&hosts, Number::from_index(u64::from(number))),
                    person: |number| text(&users, persons.of(Number::from_index(u64::from(number)))),
                    address: |number| text(&addresses, Number::from_index(u64::from(number))),
                    key: |number: u32| keys.get(number as usize).cloned(),
                },
            );
            // Results with other codes show how often people signed in.
            let cells = cells.with_exposure(|key| !options.filter.check_key(key, catalogue).is_empty());
            cells.with_doubled(|host| options.keep_twins || mixed_zones.iter().any(|mixed| **mixed == *host))
        });
        let history = periods.map(|periods| {
            let is_kept = |source: u32, host: Number| {
                let file = sources.get(source as usize);
                let of_file = file.map_or_else(Dropped::default, |file| options.filter.check_files(&[file]));
                // The host of a log is not known from its name if its lines name several.
                let of_host = match host.is_known() {
                    true => options.filter.check_host(hosts.text(host)),
                    false => Dropped::default(),
                };
                !taken_back.contains(&source) && (of_file | of_host).is_empty()
            };
            let periods = periods.named(|(row, place): Placed| match place {
                Some((source, host)) => {
                    let host = places.same_host(host.or(places.host(source)));
                    let dropped = options.filter.check_host(hosts.text(host))
                        | sources
                            .get(source as usize)
                            .map_or_else(Dropped::default, |file| options.filter.check_files(&[file]));
                    dropped.is_empty().then_some(row)
                }
                None => Some(row),
            });
            let is_log = |source: u32| is_kept(source, places.same_host(places.host(source)));
            let logged = logged_hours.filter(|logged| logged.len() <= LOGGED_LIMIT);
            let hour = |start: Time| (start, options.zone.hour_end(start));
            let of_logs = || logged.iter().flatten().filter(|(source, _)| is_log(*source));
            let hours = logged.as_ref().map(|_| of_logs().map(|(_, start)| hour(*start)).collect());
            let mut by_host: BTreeMap<Box<str>, Hours> = BTreeMap::new();
            for (source, start) in of_logs() {
                if let Some(host) = hosts.text(places.same_host(places.host(*source))) {
                    by_host.entry(host.into()).or_default().insert(hour(*start));
                }
            }
            let spans: BTreeSet<(Time, Time)> =
                spans.iter().filter(|(source, _)| is_log(*source)).map(|(_, span)| *span).collect();
            let key = |row: RowNumber| Some((keys.get(row.key() as usize)?.clone(), row.is_general()));
            let is_of_some = !options.filter.hosts.is_empty() || !options.filter.files.is_empty();
            History::new(periods, key, hours, spans).with_hosts(by_host).of_some(is_of_some)
        });
        let is_known = |host: &&Number| host.is_known();
        Settled {
            summary,
            durations,
            general,
            general_durations,
            // The pipeline finds these.
            near_misses: NearMisses::default(),
            audit: Audit::default(),
            totals: SignInTotals {
                twins: count.twins,
                matched: count.matched,
                attempts: results + if options.filter.is_empty() { count.without_result } else { 0 },
                hosts: all_hosts.iter().filter(is_known).count() as u64,
                hosts_with_results: hosts_with_results.iter().filter(is_known).count() as u64,
                uncompared: if options.keep_twins { 0 } else { count.uncompared(&places) },
                hosts_with_mixed_zones: mixed_zones,
                beside_relay: count.beside_relay,
                lacks_quiet_rows,
                was_full: count.was_full,
                beyond_values: users.is_beyond_limit() || hosts.is_beyond_limit() || addresses.is_beyond_limit(),
                dropped: count.dropped,
                span: count.span,
                window: options.filter.window,
                relative_to: options.filter.relative_to,
                window_zone: options.filter.window_zone(),
                zone: options.zone,
                newest,
                template: options.host_from.is_some().then(|| Matched {
                    files: (0..)
                        .zip(places.by_source.iter().take(sources.len()))
                        .filter(|(source, place)| place.host.is_known() && !taken_back.contains(source))
                        .count() as u64,
                    without_host: files_without_host.len() as u64,
                }),
            },
            rows,
            window_error,
            clocks,
            cells,
            timeline: timeline.unwrap_or_default(),
            history,
        }
    }

    /// Joins sign-ins that continue from one file of a rotated log in the next.
    fn stitch(&mut self) {
        /// The age of a file, the number of the source, and its unfinished beginnings and ends.
        type File = (u64, u32, Edges<LineWriter, Number, SignIn>);

        let mut by_log: BTreeMap<String, Vec<File>> = BTreeMap::new();
        for (source, edges) in std::mem::take(&mut self.edges) {
            if self.taken_back.contains(&source) {
                continue;
            }
            // The current source does not have a name yet.
            let (log, age) = rotation(&self.sources.text(source as usize).unwrap_or_default());
            by_log.entry(log).or_default().push((age, source, edges));
        }
        let mut ended = Vec::new();
        for mut files in by_log.into_values() {
            // The oldest file first.
            files.sort_by_key(|&(age, source, _)| (std::cmp::Reverse(age), source));
            join::stitch(files.into_iter().map(|(.., edges)| edges), &mut |attempt| ended.push(attempt));
        }
        ended.iter().for_each(|attempt| self.ended(attempt));
    }
}

impl Count {
    /// Counts the sign-in with this result in `source`. `twins` is the number of its further results. If `is_checked` is false,
    /// the filter must still check the machine and the source at the end.
    fn add(&mut self, result: &SignIn, source: u32, twins: u64, (by, zone): By<'_>, is_checked: bool) {
        let row = RowNumber::of(result);
        self.found((row, source, result.host));
        self.twins += twins;
        self.matched += u64::from(twins > 0);
        let time = result.time();
        self.without_time += u64::from(time.is_none());
        if time.is_none() && result.recorder() > 0 {
            let file_and_host = (source, result.host);
            match &mut self.last_untimed {
                Some((last, count)) if *last == file_and_host => *count += 1,
                _ => {
                    self.end_untimed();
                    self.last_untimed = Some((file_and_host, 1));
                }
            }
        }
        self.without_zone += u64::from(time.is_some() && result.zone_is_assumed());
        if result.key == OTHER_KEYS {
            return self.overflow[usize::from(row.is_general())].add(time);
        }
        let value = |dimension: Option<&Dimension>| match dimension {
            Some(Dimension::User) => result.user.as_u32(),
            Some(Dimension::Address) => result.address.as_u32(),
            Some(Dimension::Outcome) => match result.outcome() {
                None => 0,
                Some(Outcome::Succeeded) => 1,
                Some(Outcome::Failed) => 2,
            },
            Some(dimension) => time.map_or(0, |time| dimension.number_of(time, zone)),
            None => 0,
        };
        let values = [value(by.first()), value(by.get(1))];
        let group = GroupKey { row, source, host: result.host, values };
        if !is_checked {
            return self.unchecked.entry(group).or_default().add(result);
        }
        self.of_row(row).add(result);
        if !by.is_empty() {
            self.groups.entry(group.by(by)).or_default().add(result);
        }
    }

    /// Counts results that the filter keeps and that have the same key. `tally` is their number, times and durations.
    fn add_group(&mut self, group: GroupKey, tally: &GroupTally, by: &[Dimension]) {
        self.of_row(group.row).merge(tally);
        if !by.is_empty() {
            self.groups.entry(group.by(by)).or_default().merge(tally);
        }
    }

    /// Returns the tally of the results in a row.
    fn of_row(&mut self, row: RowNumber) -> &mut GroupTally {
        let index = row.0 as usize;
        if index >= self.by_row.len() {
            self.by_row.resize(index + 1, GroupTally::default());
        }
        &mut self.by_row[index]
    }

    /// Returns the number of results that were not compared although they may have twins: they have no time, and their machine
    /// has logs of several recorders.
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

    /// Adds `last_untimed` to the map.
    fn end_untimed(&mut self) {
        if let Some((file_and_host, count)) = self.last_untimed.take() {
            *self.untimed.entry(file_and_host).or_default() += count;
        }
    }

    /// Records that a source has results of a recorder.
    fn add_recorder(&mut self, recorder: (u32, Number, Recorder)) {
        /// The shortest list from which duplicates are removed. A relay may forward lines of many hosts in turn.
        const LEAST: usize = 1 << 16;
        if self.recorders.len() >= self.recorders_limit.max(LEAST) {
            self.recorders.sort_unstable();
            self.recorders.dedup();
            self.recorders_limit = 2 * self.recorders.len();
        }
        self.recorders.push(recorder);
    }

    /// Records that a source contains a code or name.
    fn found(&mut self, found: Found) {
        let (row, source, host) = found;
        if row.key() == OTHER_KEYS {
            return;
        }
        if self.found_last.is_empty() {
            self.found_last.resize(FOUND_LAST, None);
        }
        // Neighbouring numbers get different slots.
        let slot = (row.0 ^ source.rotate_left(4) ^ host.as_u32().rotate_left(2)) as usize % FOUND_LAST;
        if self.found_last[slot] != Some(found) {
            self.found_last[slot] = Some(found);
            self.found_in.insert(found);
        }
    }
}

/// Returns the logs whose clocks differ, those of several machines together. `host` returns the machine of a result.
fn clocks_apart<'h>(
    apart: &[(u64, Apart)],
    sources: &Texts,
    host: impl Fn(&SignIn) -> Option<&'h str>,
) -> Vec<ClocksApart> {
    let kind = |(_, Apart { ahead, behind, quarters }): &(u64, Apart)| {
        let side = |result: &SignIn| (result.recorder(), result.zone_is_assumed());
        (*quarters, side(ahead), side(behind))
    };
    // The last machine of each kind, and what is known.
    let mut found: Vec<(&(u64, Apart), ClocksApart)> = Vec::new();
    for one in apart {
        let (machine, Apart { ahead, behind, quarters }) = one;
        let index = found.iter().position(|(last, _)| kind(last) == kind(one)).unwrap_or_else(|| {
            let file = |result: &SignIn| sources.get(result.origin as usize).map(Box::from).unwrap_or_default();
            let lacks_zone = match (ahead.zone_is_assumed(), behind.zone_is_assumed()) {
                (true, false) => Some(Side::Ahead),
                (false, true) => Some(Side::Behind),
                _ => None,
            };
            let name_zones = !ahead.zone_is_assumed() && !behind.zone_is_assumed();
            let (ahead, behind) = (file(ahead), file(behind));
            let (quarters, hosts, machines) = (*quarters, Vec::new(), 0);
            let known = ClocksApart { ahead, behind, quarters, lacks_zone, name_zones, hosts, machines };
            found.push((one, known));
            found.len() - 1
        });
        let (last, known) = &mut found[index];
        // A machine is met only once for each kind, unless a log has times with and without a zone.
        if known.machines == 0 || last.0 != *machine {
            known.machines += 1;
            known.hosts.extend(host(ahead).map(Box::from).filter(|_| known.hosts.len() < HOSTS_NAMED));
        }
        *last = one;
    }
    // A log with results of several recorders is met for each of them.
    let mut clocks: Vec<ClocksApart> = Vec::new();
    for (_, known) in found {
        let logs = |known: &ClocksApart| (known.ahead.clone(), known.behind.clone(), known.quarters, known.lacks_zone);
        match clocks.iter_mut().find(|other| logs(other) == logs(&known)) {
            Some(other) if other.machines >= known.machines => {}
            Some(other) => *other = known,
            None => clocks.push(known),
        }
    }
    clocks
}

impl GroupKey {
    /// Returns the key without the values by which results are not counted.
    fn by(self, by: &[Dimension]) -> GroupKey {
        let is_place = |dimension: &Dimension| matches!(dimension, Dimension::Host | Dimension::File);
        let (source, host) = if by.iter().any(is_place) { (self.source, self.host) } else { Default::default() };
        let row = if by.iter().any(|dimension| dimension.is_of_key()) { self.row } else { self.row.of_any_key() };
        GroupKey { row, source, host, ..self }
    }
}

/// Whether the filter keeps a sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    Yes,
    /// It is dropped only because of its code.
    AllButKey,
    No,
}

/// Applies the filter to sign-ins.
struct Keeper<'k> {
    filter: &'k Filter,
    /// Whether the filter keeps every result.
    keeps_all: bool,
    catalogue: &'k Catalogue,
    keys: &'k [Key],
    /// The users, machines and addresses.
    values: [&'k Values; 3],
    sources: &'k Texts,
    places: &'k Places,
    origins: &'k Origins,
    persons: &'k Persons,
    /// Whether machines and sources are known, because everything has been read.
    is_end: bool,
    /// A cache of the filter's decisions on single values.
    known: HashMap<(Part, usize), Dropped>,
}

impl Keeper<'_> {
    /// Whether the filter keeps a sign-in that was found in these sources. Counts it as dropped if not.
    fn keeps(&mut self, result: &SignIn, found_in: &[u32], count: &mut Count) -> Kept {
        if self.keeps_all {
            return Kept::Yes;
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
        // A name beyond the limit is treated like any unknown name.
        let unknown = Key::Name("(others)".into());
        let key = keys.get(result.key as usize).unwrap_or(&unknown);
        let spellings = || -> Vec<&str> {
            let spellings = persons.spellings(persons.of(result.user));
            spellings.iter().filter_map(|one| users.text(*one)).collect()
        };
        let files: Vec<&str> = found_in.iter().filter_map(|source| sources.get(*source as usize)).collect();
        let dropped = [
            cached(Part::Code, result.key as usize, &|| filter.check_key(key, catalogue)),
            cached(Part::User, result.user.index(), &|| {
                // A user beyond the limit counts as another user and not as an unknown one.
                if result.user == Number::OTHERS {
                    filter.check_user(&["(others)"])
                } else {
                    filter.check_user(&spellings())
                }
            }),
            cached(Part::Host, host.index(), &|| {
                if *is_end { filter.check_host(hosts.text(host)) } else { Dropped::default() }
            }),
            cached(Part::Address, result.address.index(), &|| filter.check_address(addresses.text(result.address))),
            if *is_end { filter.check_files(&files) } else { Dropped::default() },
            filter.check_outcome(result.outcome()),
            filter.check_time(result.time()),
            filter.check_finding(key, spellings, hosts.text(host), result.time()),
        ];
        let dropped = dropped.into_iter().fold(Dropped::default(), |all, one| all | one);
        if dropped.is_empty() {
            return Kept::Yes;
        }
        count.dropped.add(dropped);
        if dropped.is_only_key() { Kept::AllButKey } else { Kept::No }
    }
}

/// The machine and the folder of each source.
struct Places {
    by_source: Vec<SourcePlace>,
    /// For each host, a number that all spellings of the same machine's name share.
    machine_by_host: Vec<u32>,
    /// The spelling to show for each machine.
    shown: HashMap<u32, Number>,
}

/// The machine and the folder of a source.
#[derive(Clone, Copy)]
struct SourcePlace {
    /// The machine according to the name of the source, if that contains one.
    host: Number,
    /// The number of the folder that contains the source.
    folder: u32,
}

impl Places {
    /// Derives the machines from the names of all sources. Names that are not yet in `hosts` are added.
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
        let text = |host: Number| hosts.text(host).unwrap_or_default();
        let numbers = || (0..hosts.indexes()).map(|index| Number::from_index(index as u64));
        let machine_by_host = hosts::machines(numbers().map(text));
        let mut shown: HashMap<u32, Number> = HashMap::new();
        // The first two numbers have no text.
        for (machine, host) in machine_by_host.iter().zip(numbers()).skip(2) {
            let best = shown.entry(*machine).or_insert(host);
            if hosts::is_shown(text(host), text(*best)) {
                *best = host;
            }
        }
        Places { by_source, machine_by_host, shown }
    }

    /// Returns the spelling to show for the machine of `host`.
    fn same_host(&self, host: Number) -> Number {
        let machine = self.machine_by_host.get(host.index()).filter(|_| host.is_known());
        machine.and_then(|machine| self.shown.get(machine)).copied().unwrap_or(host)
    }

    /// Returns the machine according to the name of the source, if that contains one.
    fn host(&self, source: u32) -> Number {
        self.by_source.get(source as usize).map_or(Number::default(), |place| place.host)
    }

    /// Returns a number that all results of the same machine share. If the machine is unknown, logs in the same folder count as
    /// logs of the same machine.
    fn machine_of(&self, source: u32, host: Number) -> u64 {
        const FOLDER: u64 = 1 << 32;
        let host = host.or(self.host(source));
        if host.is_known() {
            return self.machine_of_host(host);
        }
        let folder = self.by_source.get(source as usize).map_or(u32::MAX, |place| place.folder);
        FOLDER | u64::from(folder)
    }

    /// Returns the number that all spellings of the machine's name share.
    fn machine_of_host(&self, host: Number) -> u64 {
        u64::from(self.machine_by_host.get(host.index()).copied().unwrap_or_default())
    }
}

/// Splits the name of a file of a rotated log into the part that all files of the log share and the age of the file: 0 for
/// `Svc.log`, which is the newest, and 1 for `Svc.log.1`.
fn rotation(name: &str) -> (String, u64) {
    let packed = [".gz", ".bz2", ".xz", ".zst"].into_iter().find_map(|ending| name.strip_suffix(ending));
    let plain = packed.unwrap_or(name);
    let file = plain.rsplit(is_separator).next().unwrap_or_default();
    match plain.rsplit_once('.') {
        // The last part of an IP address is not an age.
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

    /// Returns a line with the code 21.
    fn heard(sign_ins: &mut SignIns<'_>, recorder: Recorder) -> Heard {
        of_key(sign_ins, recorder, &Key::Code(Code(21)))
    }

    fn of_key(sign_ins: &mut SignIns<'_>, recorder: Recorder, key: &Key) -> Heard {
        Heard {
            recorder,
            is_joined: false,
            begins: false,
            is_general: false,
            key: Some(sign_ins.key(key)),
            stamp: None,
            user: Number::default(),
            outcome: None,
            host: Number::default(),
            address: Number::default(),
            process: Writer::Unknown,
            thread: Writer::Unknown,
            beside: None,
        }
    }

    /// Returns a time that many seconds after 1970.
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
            let heard = of_key(&mut sign_ins, 0, &Key::Name(format!("NAME_{number}").into()));
            sign_ins.hear(&heard);
        }
        let heard = of_key(&mut sign_ins, 0, &Key::Code(Code(101)));
        sign_ins.hear(&heard);
        sign_ins.end_source("a.log", 1);
        let summary = sign_ins.settle().summary;
        assert_eq!(summary.results(), KEYS_LIMIT as u64 + 11);
        assert!(summary.iter().any(|(key, row)| key == Key::Code(Code(101)) && row.tally.count == 1));
    }

    #[test]
    fn a_host_with_and_without_its_network_is_one() {
        let mut sign_ins = SignIns::new(Options::default(), Catalogue::built_in());
        for host in ["host1.example.com", "HOST1", "host2"] {
            let heard = Heard { host: sign_ins.number(Field::Host, host), ..heard(&mut sign_ins, 1) };
            sign_ins.hear(&heard);
        }
        sign_ins.end_source("relay.log", 1);
        let totals = sign_ins.settle().totals;
        assert_eq!((totals.hosts, totals.hosts_with_results), (2, 2));
    }

    #[test]
    fn hosts_of_the_same_name_in_different_networks_are_different() {
        let counted = |hosts: &[&str]| {
            let mut sign_ins =
                SignIns::new(Options { by: vec![Dimension::Host], ..Options::default() }, Catalogue::built_in());
            for host in hosts {
                let heard = Heard { host: sign_ins.number(Field::Host, host), ..heard(&mut sign_ins, 1) };
                sign_ins.hear(&heard);
            }
            sign_ins.end_source("relay.log", 1);
            let rows = sign_ins.settle().rows;
            let mut counts: Vec<u64> = rows.iter().map(|row| row.tally.count).collect();
            counts.sort_unstable();
            counts
        };
        assert_eq!(counted(&["dc1.a.example", "DC1.b.example", "dc1.B.example"]), [1, 2]);
        // Which one the short name means is not known.
        assert_eq!(counted(&["dc1.a.example", "dc1", "dc1.b.example", "DC1"]), [1, 1, 2]);
        assert_eq!(counted(&["eu/dc1.a.example", "us/dc1.b.example", "us/dc1"]), [1, 2]);
        // A date and the like are no network.
        assert_eq!(counted(&["dc1.2017-02-14", "dc1.old", "dc1.logs", "dc1.a.example"]), [4]);
        assert_eq!(counted(&["dc1.a.example.2017-02-14", "dc1.a.example", "dc1.old", "dc1"]), [4]);
        assert_eq!(counted(&["dc1.a.example.old", "dc1.b.example", "dc1.a.example"]), [1, 2]);
        assert_eq!(counted(&["192.0.2.7", "192.0.2.8"]), [1, 1]);
    }

    #[test]
    fn results_of_an_unknown_machine_that_a_relay_repeats_are_counted_separately() {
        let counted = |names: [&str; 2], user: &str| {
            let mut sign_ins = SignIns::new(Options::default(), Catalogue::built_in());
            let users = [user, "ann"].map(|user| sign_ins.number(Field::User, user));
            let hosts = ["host1", "host2"].map(|host| sign_ins.number(Field::Host, host));
            let heard = [1, 2].map(|recorder| Heard { stamp: at(recorder), ..heard(&mut sign_ins, recorder) });
            sign_ins.hear(&Heard { user: users[0], ..heard[0].clone() });
            sign_ins.end_source(names[0], 1);
            for host in hosts {
                sign_ins.hear(&Heard { user: users[1], host, ..heard[1].clone() });
            }
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
            let host = sign_ins.number(Field::Host, host.unwrap_or_default());
            let heard = Heard { stamp, host, ..heard(&mut sign_ins, 1) };
            sign_ins.hear(&heard);
            let hour = stamp.and_then(|stamp| Dimension::Hour.start(stamp.time, DisplayZone::UTC)).unwrap();
            sign_ins.logged(Mark { offset: 0, hour });
            sign_ins.logged(Mark { offset: 100, hour: Dimension::Hour.end(hour, DisplayZone::UTC).unwrap() });
            sign_ins.end_source("relay/syslog", 1);
            sign_ins.settle().rows.len()
        };
        assert_eq!(rows(&[Dimension::Host, Dimension::Hour], Some("host1")), 1);
        assert_eq!(rows(&[Dimension::Hour], Some("host1")), 2);
        assert_eq!(rows(&[Dimension::Host, Dimension::Hour], None), 2, "the host of the log is not known");
        assert_eq!(rows(&[Dimension::Hour, Dimension::File], None), 2);
    }

    #[test]
    fn machines_of_one_site_in_an_archive_are_different() {
        let mut sign_ins = SignIns::new(Options::default(), Catalogue::built_in());
        for name in ["eu.zip!/host1/svc.log", "eu.zip!/host2/svc.log", "us.zip!/host1/svc.log", "us.zip!/host2/svc.log"]
        {
            let heard = heard(&mut sign_ins, 1);
            sign_ins.hear(&heard);
            sign_ins.end_source(name, 1);
        }
        assert_eq!(sign_ins.settle().totals.hosts_with_results, 4);
    }

    #[test]
    fn findings_know_the_first_and_last_line_of_logs_with_results() {
        let ends = |has_result: bool| {
            let mut sign_ins = SignIns::new(Options { with_cells: true, ..Options::default() }, Catalogue::built_in());
            let time = |seconds| at(seconds).unwrap().time;
            sign_ins.reaches([time(2), time(3)]);
            let heard = heard(&mut sign_ins, 1);
            sign_ins.hear(&Heard { stamp: at(7), key: heard.key.filter(|_| has_result), ..heard });
            sign_ins.reaches([time(5), time(40)]);
            sign_ins.end_source("t/host1/svc.log", 1);
            sign_ins.skip_source("t/host2/svc.log");
            let cells = sign_ins.settle().cells.unwrap();
            let periods = cells.lines().as_slice();
            periods
                .iter()
                .map(|period| [period.first, period.last].map(|time| time / 1_000_000_000 % 60))
                .collect::<Vec<_>>()
        };
        assert_eq!(ends(true), [[2, 40]]);
        assert_eq!(ends(false), [[7, 7]]);
    }

    #[test]
    fn results_with_other_codes_are_known_to_findings() {
        let filter = Filter { codes: "102".parse().unwrap(), users: "!bob".parse().unwrap(), ..Filter::default() };
        let mut sign_ins =
            SignIns::new(Options { with_cells: true, filter, ..Options::default() }, Catalogue::built_in());
        for (code, user) in [(21, "ann"), (102, "ann"), (102, "bob"), (21, "bob"), (132, "carl")] {
            let user = sign_ins.number(Field::User, user);
            let heard = of_key(&mut sign_ins, 1, &Key::Code(Code(code)));
            sign_ins.hear(&Heard { stamp: at(7), user, ..heard });
        }
        sign_ins.end_source("svc.log", 1);
        let settled = sign_ins.settle();
        let cells = settled.cells.unwrap();
        let rows: Vec<(String, bool)> = cells
            .rows()
            .as_slice()
            .iter()
            .map(|row| (cells.keys()[row.key as usize].to_string(), cells.is_exposure(row.key)))
            .collect();
        assert_eq!(rows, [("21".to_owned(), true), ("102".to_owned(), false), ("132".to_owned(), true)]);
        assert_eq!((settled.summary.results(), cells.watched().as_slice()), (1, &[][..]));
    }

    #[test]
    fn the_name_of_a_copy_helps_to_distinguish_machines() {
        let mut sign_ins = SignIns::new(Options::default(), Catalogue::built_in());
        let heard = heard(&mut sign_ins, 1);
        sign_ins.hear(&heard);
        sign_ins.end_source("t/host1/svc.log", 1);
        sign_ins.skip_source("t/host2/svc.log");
        assert_eq!(sign_ins.settle().totals.hosts_with_results, 1);
    }
}
