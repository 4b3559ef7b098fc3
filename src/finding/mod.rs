//! Finds what changed in a log, since when, on which machines and for whom.
//!
//! [`find`] is a pure function of [`Cells`], which are a part of what a run counted. It reads no log and knows no file. Equal
//! cells have equal findings, on every platform.
//!
//! # Method
//!
//! Everybody who signed in counts once for each host and hour. If nothing had changed, the people who got a code would be spread
//! over the log like the sign-ins themselves. The search looks for the stretch in which they crowd, or are missing. Chance alone
//! shows any finding in fewer than 1 of 100 logs. A finding also needs a number of people that makes it worth reading:
//! [`Options`] has all limits.
//!
//! What shows in people must also show in results, by the clock on the wall: a change begins and ends where its results become rarer,
//! what became rarer was not as rare before, and rates are those of the time that passes. A surge of people that is itself most of the
//! traffic is looked for by that clock alone.
//!
//! The frame is that of exact conditional binomial tests on many stretches with a Bonferroni correction (Walther 2022,
//! arXiv 2107.08296; Jang and Walther 2024, arXiv 2410.14866), with the exposure of a population as in Kulldorff's scan statistic.
//! Permutation tests would give other findings in each run.
//!
//! # Limits
//!
//! There is rarely a finding about fewer than ten people or about a change that covers more than half of the log, and none about a change
//! that begins with the log, about a rate of results that less than doubled, or about a slow drift. Nothing is hidden by that: tables have
//! the first and last time of each code.
//!
//! Nights and weekends are compared with each other if at least three days have traffic at these hours. In a shorter log, a night is
//! recognized only if it returns.
//!
//! A code does not say whether a sign-in succeeded, and neither does a finding.

mod attention;
mod borders;
pub mod cells;
mod concentration;
mod coverage;
pub(crate) mod evidence;
mod families;
mod incidents;
pub mod lines;
pub mod people_hours;
mod retry;
pub mod rows;
pub mod scope;
mod search;
mod surge;
#[cfg(test)]
mod tests;
mod units;

use std::cell::OnceCell;
use std::cmp::Reverse;

pub use cells::Cells;

use crate::catalogue::Catalogue;
use crate::code::Key;
use crate::time::Time;
use incidents::Known;
use scope::Scope;
use units::{AllSeries, Units};

/// What a finding is about. The order is that in which findings are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Codes that did not occur before.
    New,
    /// Codes that are more frequent than before.
    Rise,
    /// A person denied or did not answer several prompts and then approved one, or denied or did not answer many and approved none.
    Prompts,
    /// A report of fraud, a block, a lock or a changed registration.
    Attention,
    /// Hosts on which sign-ins begin but have no result, until the end of the log.
    Unanswered,
    /// Codes that no longer occur.
    Stopped,
    /// Codes that are less frequent than before.
    Fall,
    /// Nearly all results with a code are of one user, or far more than of any other one; or one user's results changed.
    User,
    /// Nearly all results with a code are on one host, or it has the code far more often than any other one.
    Host,
    /// Users who are asked again after the same time: a program that does not wait long enough, or that signs in regularly.
    Retry,
    /// More users than before are asked again within a short time.
    Repeats,
    /// A hole in the log of one host.
    Gap,
    /// Hosts whose logs begin later or end earlier than those of the others.
    Coverage,
    /// Numbers and names that are not in the catalogue, although it lists others of their family.
    Unknown,
    /// Many lines that speak of a call status but hold no result that can be read.
    NearMisses,
    /// Logs whose clocks differ.
    Clock,
}

impl Kind {
    /// Returns the name, as used in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::New => "new",
            Kind::Rise => "rise",
            Kind::Prompts => "prompts",
            Kind::Attention => "attention",
            Kind::Unanswered => "unanswered",
            Kind::Stopped => "stopped",
            Kind::Fall => "fall",
            Kind::User => "user",
            Kind::Host => "host",
            Kind::Retry => "retry",
            Kind::Repeats => "repeats",
            Kind::Gap => "gap",
            Kind::Coverage => "coverage",
            Kind::Unknown => "unknown",
            Kind::NearMisses => "near-misses",
            Kind::Clock => "clock",
        }
    }
}

/// A result that shows what a finding is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The time of the result, if its line has one that can be read.
    pub time: Option<Time>,
    /// The host, if it is known.
    pub host: Option<Box<str>>,
    /// The user, if known.
    pub user: Option<Box<str>>,
    /// The network address of the user, if known.
    pub address: Option<Box<str>>,
    /// The code or name.
    pub key: Key,
}

/// The period to which a rate refers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Per {
    /// Results in an hour.
    Hour,
    /// Results in a day.
    Day,
}

impl Per {
    /// Returns the words for JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Per::Hour => "per hour",
            Per::Day => "per day",
        }
    }
}

/// How frequent the codes of a finding are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// The number of results in the period before the change, or outside the time of the finding.
    pub before: f64,
    /// The number of results in the period after the change.
    pub after: f64,
    /// The period.
    pub per: Per,
}

/// Something that a person who looks at the log should know.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// What it is about.
    pub kind: Kind,
    /// The codes and names, the most frequent first.
    pub codes: Vec<Key>,
    /// When it began: the time of the first result that shows it, or of the last one for what stopped.
    pub since: Option<Time>,
    /// A time before which it probably did not begin.
    pub not_before: Option<Time>,
    /// When it ended, or `None` if it is still so at the end of the log.
    pub until: Option<Time>,
    /// Whether it was so already when the log begins, so that only its end is known.
    pub since_start: bool,
    /// The hosts that are affected, in the order of their names.
    pub hosts: Vec<Box<str>>,
    /// The number of hosts with any result at that time.
    pub hosts_of: u64,
    /// The users who are affected, if there are few of them.
    pub users: Vec<Box<str>>,
    /// The number of users who are affected.
    pub users_count: u64,
    /// The number of users with any result at that time.
    pub users_of: u64,
    /// The number of results.
    pub count: u64,
    /// Whether this number is an estimate, because a user has more results in an hour than are kept one by one. For [`Kind::Retry`],
    /// there are more.
    pub is_estimate: bool,
    /// The number of results that are of the first user or host, for a finding about one. For [`Kind::Retry`], those after the
    /// commonest time; for [`Kind::Prompts`], the prompts that were approved after the others.
    pub count_of_one: u64,
    /// The number of results whose user is known, where a change shows.
    pub results_of_users: u64,
    /// How many of the results have no time that can be read.
    pub count_without_time: u64,
    /// The first results.
    pub samples: Vec<Sample>,
    /// How frequent the codes were before and after.
    pub rates: Option<Rates>,
    /// When most results are, if that is a small part of the time of a change: its beginning and its end.
    pub dense: Option<(Time, Time)>,
    /// How long a change lasts within the log, in nanoseconds.
    pub lasts: Option<i64>,
    /// The number of hours in this time that have sign-ins.
    pub hours: f64,
    /// The largest number of results that another user has, for [`Kind::User`] without a change.
    pub most_of_others: u64,
    /// How many of 100 sign-ins the host has, for [`Kind::Host`].
    pub percent_of_all: f64,
    /// Whether the lines of the hosts are in a log with those of others, for [`Kind::Gap`] and [`Kind::Coverage`].
    pub is_shared: bool,
    /// Codes that are less frequent at the same time.
    pub fewer: Vec<Key>,
    /// The commonest time between two attempts in milliseconds, for [`Kind::Retry`].
    pub interval_ms: Option<u64>,
    /// The longest time that an attempt took in milliseconds, for [`Kind::Retry`].
    pub longest_ms: Option<u64>,
    /// The results that it is about. Empty if it is about lines that are missing, or that hold no result.
    pub scopes: Vec<Scope>,
    /// How surprising it is: minus the natural logarithm of its probability. 0 for what is not tested.
    pub evidence: f64,
}

impl Finding {
    /// Creates a finding of this kind without anything else.
    #[must_use]
    pub fn new(kind: Kind) -> Finding {
        Finding {
            kind,
            codes: Vec::new(),
            since: None,
            not_before: None,
            until: None,
            since_start: false,
            hosts: Vec::new(),
            hosts_of: 0,
            users: Vec::new(),
            users_count: 0,
            users_of: 0,
            count: 0,
            is_estimate: false,
            count_of_one: 0,
            results_of_users: 0,
            count_without_time: 0,
            samples: Vec::new(),
            rates: None,
            dense: None,
            lasts: None,
            hours: 0.0,
            most_of_others: 0,
            percent_of_all: 0.0,
            is_shared: false,
            fewer: Vec::new(),
            interval_ms: None,
            longest_ms: None,
            scopes: Vec::new(),
            evidence: 0.0,
        }
    }
}

/// All findings of a log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Findings {
    /// The findings, the most important first.
    pub list: Vec<Finding>,
    /// How many times each user was asked again within [`Options::repeat_within`], the most frequent first.
    pub repeats: Vec<(Box<str>, u64)>,
    /// The number of persons of whom one was examined: 1 unless the log is large.
    pub one_in: u64,
    /// The [`Options::repeat_within`] with which they were found.
    pub repeat_within: i64,
}

/// The limits that decide what is a finding.
#[derive(Clone, Debug)]
pub struct Options {
    /// The probability of a finding in a log in which nothing changed, at most.
    pub chance: f64,
    /// The same for logs in which most results do not name a user.
    pub chance_without_users: f64,
    /// The smallest number of cases in which a series is tested.
    pub cases_least: usize,
    /// The least number of cases in a stretch beyond those that are expected.
    pub excess_least: f64,
    /// How many cases fewer than expected a stretch must have.
    pub deficit_least: f64,
    /// How many times the rate outside the rate inside a stretch must be.
    pub ratio: f64,
    /// The same for results that do not show trouble, such as a factor that was given.
    pub ratio_of_ordinary: f64,
    /// The same for trouble with strong evidence.
    pub ratio_of_strong: f64,
    /// The evidence that is strong.
    pub strong: f64,
    /// The smallest number of different persons in a stretch.
    pub persons_least: usize,
    /// The evidence that must remain without the busiest person.
    pub evidence_without_one: f64,
    /// The evidence that a person's own rate changed, if nothing is unusual without the person.
    pub evidence_of_person: f64,
    /// The evidence that the log before or after a stretch is different.
    pub evidence_of_end: f64,
    /// The most time between two attempts of a person so that the second one counts as a repetition, in nanoseconds.
    pub repeat_within: i64,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            chance: 0.01,
            chance_without_users: 0.001,
            cases_least: 5,
            excess_least: 5.0,
            deficit_least: 10.0,
            ratio: 3.0,
            ratio_of_ordinary: 4.0,
            ratio_of_strong: 2.0,
            strong: 30.0,
            persons_least: 3,
            evidence_without_one: 7.0,
            evidence_of_person: 4.6,
            evidence_of_end: 7.0,
            repeat_within: rows::MINUTE,
        }
    }
}

/// Returns what changed in a log, since when, on which hosts and for whom.
#[must_use]
pub fn find(cells: &Cells, catalogue: &Catalogue, options: &Options) -> Findings {
    let units = Units::new(cells);
    let all_repeated = units::repeated(cells, catalogue, options);
    let repeated = retry::timed(&all_repeated, cells);
    let all = AllSeries::new(cells, &units, &repeated, catalogue, options);
    let stretches = (0..all.series.len()).flat_map(|index| search::Search::new(&all, index, &units, options).run());
    let mut stretches: Vec<_> = stretches.collect();
    stretches.extend(surge::stretches(&all, &units, &stretches, options));
    let results = OnceCell::new();
    let known = Known { all: &all, units: &units, repeated: &repeated, cells, options, results: &results };
    let mut list = incidents::findings(stretches, &known);
    for finding in list.iter_mut().filter(|finding| finding.kind == Kind::Repeats) {
        let time = |one: &&units::Repeated| Some(Time::from_nanoseconds(one.time));
        let is_inside = |one: &&units::Repeated| {
            time(one) >= finding.since && (finding.until.is_none() || time(one) <= finding.until)
        };
        finding.scopes = retry::scopes(repeated.iter().filter(is_inside), cells);
    }
    list.extend(concentration::findings(&units, cells, catalogue, &list, options));
    list.extend(attention::watched(cells));
    list.extend(attention::prompts(cells));
    list.extend(attention::unknown(cells, catalogue));
    list.extend(retry::findings(&repeated, cells, options));
    list.extend(coverage::findings(cells, options));
    list.extend(coverage::unanswered(cells));
    // The sort is stable, so that what comes first by time or name stays first.
    list.sort_by(|one, other| {
        let rank = |finding: &Finding| (finding.kind.max(Kind::Rise), Reverse(finding.users_count));
        rank(one).cmp(&rank(other))
    });
    Findings {
        list,
        repeats: retry::by_user(&all_repeated, cells),
        one_in: cells.rows().one_in(),
        repeat_within: options.repeat_within,
    }
}
