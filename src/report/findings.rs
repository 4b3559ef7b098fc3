//! Words findings for people: what was found, what to do next, and the command that prints the lines behind it.
//!
//! No text says or suggests that a code means that a sign-in succeeded or failed.

use super::sheet::{Cell, Column, Holds};
use super::wording::{and, clocks, counted, grouped, moment, with_others};
use crate::catalogue::Catalogue;
use crate::code::{Key, MFA};
use crate::finding::{Finding, Findings, Kind, Options, Per, Rates, Sample, find};
use crate::summary::sign_ins::{ClocksApart, Settled};
use crate::terminal::replaced;
use crate::time::Time;
use crate::time::zone::DisplayZone;

/// The largest number of codes or users that are named in a sentence.
const NAMED: usize = 3;
/// The largest number of hosts that are named in a sentence.
const HOSTS_NAMED: usize = 5;

/// The largest number of findings above a table.
const SHOWN: usize = 7;
/// The command that prints the lines behind a finding, before its number.
const LINES: &str = "callcodes lines --finding";
/// The command that lists near misses.
const NEAR_MISSES: &str = "callcodes scan --near-misses";
/// The least number of near misses that is a finding.
const NEAR_MISSES_LEAST: u64 = 10;
/// Of so many results and near misses, one near miss is a finding.
const NEAR_MISSES_ONE_IN: u64 = 20;
/// What to do about what became rarer.
const CHANGED: &str = "Ask what was changed at that time.";
/// A minute in nanoseconds.
const MINUTE: i64 = 60_000_000_000;
/// The heading above findings.
const HEADING: &str = "Findings";

/// The fields of a finding.
pub(crate) const FINDING: &[Column] = &[
    Column::for_scripts("number", Holds::Count, "Its number, from 1 on, as for `lines --finding`."),
    Column::for_scripts(
        "kind",
        Holds::Text,
        "What it is about: one of the kinds that `callcodes help sign-ins` lists.",
    ),
    Column::for_scripts("codes", Holds::Codes, "The codes, the most frequent first."),
    Column::for_scripts("names", Holds::Texts, "The results without a number."),
    Column::for_scripts(
        "since",
        Holds::Time,
        "The time of the first line that shows it, or of the last one of what stopped.",
    )
    .or_null(),
    Column::for_scripts("not_before", Holds::Time, "A time before which it probably did not begin.").or_null(),
    Column::for_scripts("until", Holds::Time, "When it ended. `null` if it is so until the end of the log.").or_null(),
    Column::for_scripts("since_start", Holds::Flag, "Whether it was so already when the log begins."),
    Column::for_scripts("hosts", Holds::Texts, "The hosts that are affected, if hosts are known."),
    Column::for_scripts("hosts_of", Holds::Count, "Number of hosts with results at that time."),
    Column::for_scripts("users", Holds::Texts, "The users who are affected, if there are few."),
    Column::for_scripts("users_count", Holds::Count, "Number of users who are affected."),
    Column::for_scripts("users_of", Holds::Count, "Number of users with results at that time."),
    Column::for_scripts("users_one_in", Holds::Count, "Of how many users one was examined: 1 unless the log is large."),
    Column::for_scripts(
        "count",
        Holds::Count,
        "Number of results. An estimate if a user has more than 32 results in an hour in which it begins or ends.",
    ),
    Column::for_scripts("count_is_estimate", Holds::Flag, "Whether the number of results is an estimate."),
    Column::for_scripts(
        "count_of_one",
        Holds::Count,
        "How many of these are of the first user or host, have the interval, or, of the kind `prompts`, were approved after them.",
    ),
    Column::for_scripts("count_without_time", Holds::Count, "How many of these have no time that can be read."),
    Column::for_scripts("before", Holds::Rate, "Number of results in a unit of time before.").or_null(),
    Column::for_scripts("after", Holds::Rate, "The same after it began.").or_null(),
    Column::for_scripts("unit", Holds::Text, "The unit of `before` and `after`: `per hour` or `per day`.").or_null(),
    Column::for_scripts("fewer_codes", Holds::Codes, "Codes that are less frequent at the same time."),
    Column::for_scripts(
        "interval_ms",
        Holds::Duration,
        "The commonest time between two attempts, of the kind `retry`.",
    )
    .or_null(),
    Column::for_scripts("longest_ms", Holds::Duration, "The longest time that a sign-in took, of the kind `retry`.")
        .or_null(),
    Column::for_scripts(
        "samples",
        Holds::Texts,
        "The first results, each with its time, host, user, address and code.",
    ),
    Column::for_scripts("text", Holds::Text, "The finding in words."),
    Column::for_scripts("next", Holds::Text, "What to do next.").or_null(),
    Column::for_scripts(
        "command",
        Holds::Text,
        "The command that prints the lines. `PATH` stands for what it cannot repeat, such as standard input.",
    )
    .or_null(),
];

/// The fields of a user who was asked again.
pub(super) const REPEATS: &[Column] = &[
    Column::for_scripts("user", Holds::Text, "The user."),
    Column::for_scripts(
        "count",
        Holds::Count,
        "How many times the user was asked again. Of more than 32 results of a user on a host in an hour, only the first 32 are compared.",
    ),
];

/// The findings of a run, with their words.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    list: Vec<(Finding, Worded)>,
    repeats: Vec<(Box<str>, u64)>,
    one_in: u64,
    zone: DisplayZone,
}

impl Found {
    /// Returns the findings of a run, in the order of their numbers. There are none if the run did not collect what they need.
    ///
    /// `again` are the options and paths of the run as they are typed on a command line. Commands repeat them.
    #[must_use]
    pub fn of(settled: &Settled, catalogue: &Catalogue, options: &Options, again: &str) -> Found {
        let Some(cells) = &settled.cells else { return Found::default() };
        let mut findings = find(cells, catalogue, options);
        findings.list.retain(|finding| is_wanted(finding, settled));
        findings.list.extend(near_misses(settled));
        let mut found = Found::new(findings, catalogue, settled.totals.zone, again);
        found.list.extend(settled.clocks.iter().map(clock));
        found
    }

    /// Whether the findings above a table include all those about clocks.
    pub(super) fn shows_clocks(&self) -> bool {
        let is_clock = |(finding, _): &(Finding, Worded)| finding.kind == Kind::Clock;
        self.list.iter().any(is_clock) && self.list.iter().skip(SHOWN).all(|one| !is_clock(one))
    }

    /// Returns the finding with this index, and its words.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<(&Finding, &Worded)> {
        self.list.get(index).map(|(finding, worded)| (finding, worded))
    }

    /// Returns the number of findings.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are no findings.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Words findings. Times are shown in `zone`.
    ///
    /// `again` are the options and paths of the run as they are typed on a command line. Commands repeat them.
    #[must_use]
    pub fn new(findings: Findings, catalogue: &Catalogue, zone: DisplayZone, again: &str) -> Found {
        let Findings { list, repeats, one_in, repeat_within } = findings;
        let repeat_within = Within(repeat_within / 1_000_000_000);
        let words = Words { catalogue, zone, one_in, repeat_within, again };
        let worded = |(number, finding): (usize, Finding)| {
            let worded = words.of(number, &finding);
            (finding, worded)
        };
        Found { list: (1..).zip(list).map(worded).collect(), repeats, one_in, zone }
    }

    /// Returns the findings for people, or `None` if there are none. Each has a number, and lines that belong to it are indented.
    #[must_use]
    pub fn note(&self) -> Option<String> {
        let note = self.first(SHOWN)?;
        let others = self.list.len().saturating_sub(SHOWN) as u64;
        if others == 0 {
            return Some(note);
        }
        Some(format!("{note}\n{}: --findings only lists all of them.", counted(others, "more finding")))
    }

    /// Returns all findings for people, or `None` if there are none.
    #[must_use]
    pub fn whole_note(&self) -> Option<String> {
        self.first(usize::MAX)
    }

    /// Returns the note that only some users were examined, if it is so.
    #[must_use]
    pub fn sampled(&self) -> Option<String> {
        (self.one_in > 1).then(|| {
            format!(
                "There are too many results to examine every user for findings, so 1 in {} was: others may have denied prompts, or a code \
                 that nobody else has.\n\
                 To examine some of them, use --user or --host; --by user counts all.",
                grouped(self.one_in)
            )
        })
    }

    /// Returns what was found, in words.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.list.iter().map(|(_, worded)| worded.text.as_str())
    }

    fn first(&self, limit: usize) -> Option<String> {
        if self.list.is_empty() {
            return None;
        }
        let mut lines = vec![HEADING.to_owned()];
        for (number, (_, Worded { text, next, command })) in (1..).zip(self.list.iter().take(limit)) {
            let stop = if text.ends_with('.') { "" } else { "." };
            lines.push(format!("{number}  {text}{stop}"));
            lines.extend([next, command].into_iter().filter(|line| !line.is_empty()).map(|line| format!("   {line}")));
        }
        Some(lines.join("\n"))
    }

    /// Returns the findings for scripts.
    #[must_use]
    pub fn records(&self) -> Cell<'_> {
        Cell::List(self.fields().map(Cell::Record).collect())
    }

    /// Returns the findings as rows with the columns of [`FINDING`]. Texts of one cell are separated by ` | `, because they may
    /// contain spaces.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Vec<Cell<'static>>> {
        let text = |cell: &Cell<'_>| if let Cell::Text(text) = cell { Some(text.to_string()) } else { None };
        self.fields().map(move |fields| {
            let cells = fields.into_iter().map(|(_, cell)| match &cell {
                Cell::List(cells) => match cells.iter().map(text).collect::<Option<Vec<String>>>() {
                    Some(texts) => texts.join(" | ").into(),
                    None => cell,
                },
                _ => cell,
            });
            cells.collect()
        })
    }

    fn fields(&self) -> impl Iterator<Item = Vec<(&'static str, Cell<'static>)>> {
        (1..).zip(&self.list).map(|(number, (finding, worded))| self.field(number, finding, worded))
    }

    /// Returns for scripts how many times each user was asked again.
    #[must_use]
    pub fn repeats(&self) -> Cell<'_> {
        let record = |(user, count): &(Box<str>, u64)| {
            Cell::Record(vec![("user", replaced(user).into()), ("count", (*count).into())])
        };
        Cell::List(self.repeats.iter().map(record).collect())
    }

    fn field(&self, number: u64, finding: &Finding, worded: &Worded) -> Vec<(&'static str, Cell<'static>)> {
        let numbers = |codes: &[Key]| Cell::List(codes.iter().filter_map(Key::code).map(Cell::from).collect());
        let texts = |texts: &[Box<str>]| Cell::List(texts.iter().map(|text| replaced(text).into()).collect());
        let names = finding.codes.iter().filter_map(Key::name).map(|name| replaced(name).into()).collect();
        let rate = |of: fn(Rates) -> f64| Cell::from(finding.rates.map(of).map(Cell::Rate));
        let some = |text: &String| Cell::from(Some(text.clone()).filter(|text| !text.is_empty()));
        let samples = finding.samples.iter().map(|sample| self.sample(sample).into()).collect();
        vec![
            ("number", number.into()),
            ("kind", finding.kind.name().into()),
            ("codes", numbers(&finding.codes)),
            ("names", Cell::List(names)),
            ("since", finding.since.into()),
            ("not_before", finding.not_before.into()),
            ("until", finding.until.into()),
            ("since_start", finding.since_start.into()),
            ("hosts", texts(&finding.hosts)),
            ("hosts_of", finding.hosts_of.into()),
            ("users", texts(&finding.users)),
            ("users_count", finding.users_count.into()),
            ("users_of", finding.users_of.into()),
            ("users_one_in", self.one_in.into()),
            ("count", finding.count.into()),
            ("count_is_estimate", finding.is_estimate.into()),
            ("count_of_one", finding.count_of_one.into()),
            ("count_without_time", finding.count_without_time.into()),
            ("before", rate(|rates| rates.before)),
            ("after", rate(|rates| rates.after)),
            ("unit", finding.rates.map(|rates| rates.per.name()).into()),
            ("fewer_codes", numbers(&finding.fewer)),
            ("interval_ms", finding.interval_ms.into()),
            ("longest_ms", finding.longest_ms.into()),
            ("samples", Cell::List(samples)),
            ("text", worded.text.clone().into()),
            ("next", some(&worded.next)),
            ("command", some(&worded.command)),
        ]
    }

    fn sample(&self, sample: &Sample) -> String {
        let time = sample.time.map(|time| self.zone.of(time).to_string());
        let named = [&sample.host, &sample.user, &sample.address].into_iter().flatten().map(|text| replaced(text));
        let parts: Vec<String> = time.into_iter().chain(named).chain([replaced(&sample.key.to_string())]).collect();
        parts.join(" ")
    }
}

/// Divides the findings for people after the first `items` of them, or at least one. The rest is empty if there are no more.
#[must_use]
pub(crate) fn divided(note: &str, items: usize) -> (String, String) {
    let is_first_line = |line: &str| !line.starts_with(' ');
    let (mut first, mut rest, mut number) = (Vec::new(), Vec::new(), 0);
    for (at, line) in note.lines().enumerate() {
        number += usize::from(at > 0 && is_first_line(line));
        if number <= items.max(1) { first.push(line) } else { rest.push(line) }
    }
    (first.join("\n"), rest.join("\n"))
}

/// Whether `text` begins like a table with findings above it.
#[must_use]
pub fn begins(text: &str) -> bool {
    text.strip_prefix(HEADING).is_some_and(|rest| rest.starts_with("\n1  "))
}

/// The beginning of checks in the catalogue that are about many users.
const OF_MANY: &str = "If many users";
/// What to do about a code that one host has, instead of such a check.
const OTHER_HOSTS: &str = "Compare the settings and the network of this host with those of the others.";

/// The time within which somebody who is asked again counts as a repeat, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Within(pub i64);

impl Within {
    fn in_words(self) -> String {
        match self.0 {
            60 => "a minute".to_owned(),
            seconds if seconds % 60 == 0 => format!("{} minutes", seconds / 60),
            seconds => format!("{seconds} s"),
        }
    }
}

/// A finding in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worded {
    /// What was found, with its numbers.
    pub text: String,
    /// What to do next, or an empty text.
    pub next: String,
    /// The command that prints the lines, or an empty text if there are no such lines.
    pub command: String,
}

/// Words findings in the same way.
#[derive(Clone, Copy, Debug)]
pub struct Words<'w> {
    /// The catalogue that describes the codes.
    pub catalogue: &'w Catalogue,
    /// The zone in which times are shown.
    pub zone: DisplayZone,
    /// The number of people of whom one was examined.
    pub one_in: u64,
    /// The time within which repeats were looked for.
    pub repeat_within: Within,
    /// The options and paths of the run, as they are typed on a command line.
    pub again: &'w str,
}

impl Words<'_> {
    /// Returns a finding in words. `number` is its number, from 1 on.
    #[must_use]
    pub fn of(&self, number: usize, finding: &Finding) -> Worded {
        Worded { text: self.text(finding), next: self.next(finding), command: self.command(number, finding) }
    }

    /// Returns the command that prints the lines behind a finding.
    fn command(&self, number: usize, finding: &Finding) -> String {
        if finding.kind == Kind::NearMisses {
            return format!("{NEAR_MISSES} {}", self.again);
        }
        if finding.scopes.is_empty() { String::new() } else { format!("{LINES} {number} {}", self.again) }
    }

    /// Returns what was found, with its numbers.
    #[must_use]
    pub fn text(&self, finding: &Finding) -> String {
        let codes = self.codes(&finding.codes);
        match finding.kind {
            Kind::New | Kind::Rise | Kind::Stopped | Kind::Fall => self.change(finding, &codes),
            Kind::User if finding.rates.is_some() => {
                let when = if finding.since_start {
                    let then = match finding.rates {
                        Some(Rates { after, per, .. }) if after > 0.0 => format!("{} {}", rate(after), per_words(per)),
                        _ => "none".to_owned(),
                    };
                    format!("{}, then {then}", self.at("until ", finding.since))
                } else {
                    self.span(finding)
                };
                format!("{codes}: {} of {} {when}{}", some_results(finding), users(finding), hosts(finding))
            }
            Kind::User => {
                let others = match finding.most_of_others {
                    most if is_most(finding) || most == 0 => String::new(),
                    most => format!("; nobody else has more than {}", grouped(most)),
                };
                format!("{codes}: {} {}'s{}{others}", all(finding, "is", "are"), users(finding), hosts(finding))
            }
            Kind::Host => {
                let people = if finding.users_count > 0 { people(finding, self.one_in) } else { String::new() };
                let share = match finding.percent_of_all {
                    _ if is_most(finding) => String::new(),
                    percent => format!("; it has {} % of all sign-ins", rate(percent)),
                };
                format!("{codes}: {} on {}{people}{share}", all(finding, "is", "are"), named(&finding.hosts))
            }
            Kind::Attention => self.attention(finding, &codes),
            Kind::Prompts => self.prompts(finding),
            Kind::Retry => self.retry(finding),
            Kind::Repeats => format!(
                "More people than before are asked again within {}: {}",
                self.repeat_within.in_words(),
                self.change(finding, "")
            ),
            Kind::Gap => format!(
                "{} has no sign-in {} to {}, unlike the other hosts",
                named(&finding.hosts),
                self.at("from ", finding.since),
                self.time(finding.until)
            ),
            Kind::Coverage => self.coverage(finding),
            Kind::Unanswered => {
                let (after, until) = (self.at(" after ", finding.since), self.time(finding.until));
                let logs = if finding.hosts.len() == 1 { "the log goes on" } else { "the logs go on" };
                format!("No sign-in on {} has a result{after}, but {logs} until {until}", named(&finding.hosts))
            }
            Kind::Unknown => {
                format!("{codes}: in nobody's list, {}", results(finding.count))
            }
            Kind::NearMisses => format!(
                "{} speak of a call status but hold no result that can be read, so the numbers of results may be too small",
                counted(finding.count, "line")
            ),
            // `Found::of` words it.
            Kind::Clock => String::new(),
        }
    }

    /// Words a change of how frequent codes are.
    fn change(&self, finding: &Finding, codes: &str) -> String {
        let Rates { before, after, per } = finding.rates.unwrap_or(Rates { before: 0.0, after: 0.0, per: Per::Hour });
        let per = per_words(per);
        let (before, after) = (rate(before), rate(after));
        // Who had the results when there were more of them.
        let had_it = match (finding.kind, finding.since_start) {
            (Kind::Fall, _) if finding.users_count == 0 => "",
            (Kind::Fall, true) => " had it before",
            (Kind::Fall, false) => " had it at other times",
            _ => "",
        };
        let affected = format!("{}{}{had_it}", hosts(finding), people(finding, self.one_in));
        let codes = if codes.is_empty() { String::new() } else { format!("{codes}: ") };
        // The rate of a short time says little without the number, nor does one of a long time with few hours with sign-ins.
        let number = match finding.lasts {
            _ if is_short(finding) => format!(" ({})", some_results(finding)),
            Some(lasts) if is_sparse(finding, lasts) => format!(" ({} in {})", some_results(finding), duration(lasts)),
            _ => String::new(),
        };
        let fewer: Vec<String> = finding.fewer.iter().map(|key| replaced(&key.to_string())).collect();
        let fewer = match with_others(&fewer, 0) {
            fewer if fewer.is_empty() => fewer,
            fewer => format!("; at the same time, fewer results with {fewer}"),
        };
        let dense = finding.dense.map_or_else(String::new, |(from, to)| {
            let (from, to) = (self.at("from ", Some(from)), self.at("to ", Some(to)));
            format!("; most of them {from} {to}")
        });
        let text = match (finding.kind, finding.since_start) {
            (Kind::Stopped, true) => {
                let until = self.at("until ", finding.since);
                format!("{codes}{before} {per} from the beginning {until}, then none{affected}")
            }
            (Kind::New | Kind::Rise, false) if let Some(lasts) = finding.lasts.filter(|lasts| *lasts < MINUTE) => {
                let number = format!("{} within {}", some_results(finding), duration(lasts));
                let at = self.at("at ", finding.since);
                match finding.kind {
                    Kind::New => format!("{codes}new, {number} {at}{affected}"),
                    _ => format!("{codes}{number} {at}, otherwise {before} {per}{affected}"),
                }
            }
            (Kind::New, false) => {
                format!("{codes}new {}, {after} {per}{number}{affected}", self.span(finding))
            }
            (Kind::Stopped, false) => {
                let until = self.at(" until ", finding.until);
                format!("{codes}none {}{until}, before {before} {per}", self.at("after ", finding.since))
            }
            _ => format!("{codes}from {before} to {after} {per}{number} {}{affected}", self.span(finding)),
        };
        text + &dense + &fewer
    }

    fn attention(&self, finding: &Finding, codes: &str) -> String {
        const NO_TIME: &str = "at a time that cannot be read";
        let when = finding.since.map_or_else(|| NO_TIME.to_owned(), |_| self.time(finding.since));
        if finding.count == 1 {
            let users: Vec<String> = finding.users.iter().chain(&finding.hosts).map(|name| replaced(name)).collect();
            let parts = users
                .first()
                .into_iter()
                .cloned()
                .chain([when])
                .chain(users.get(1..).unwrap_or_default().iter().cloned());
            return format!("{codes}: {}", parts.collect::<Vec<_>>().join(", "));
        }
        let who = match finding.users.len() {
            0 => String::new(),
            _ => format!(" of {}", users(finding)),
        };
        let untimed = finding.count_without_time;
        let when = match (finding.since, untimed) {
            (None, _) => ", at times that cannot be read".to_owned(),
            (since, untimed) => {
                let until = self.time(finding.until);
                let span =
                    if since == finding.until { format!(", at {when}") } else { format!(", from {when} to {until}") };
                let others = if untimed > 0 { format!(", and {} {NO_TIME}", grouped(untimed)) } else { String::new() };
                span + &others
            }
        };
        format!("{codes}: {}{who}{when}{}", results(finding.count), hosts(finding))
    }

    fn prompts(&self, finding: &Finding) -> String {
        let is_approved = finding.count_of_one > 0;
        if finding.users_count > 1 || finding.count_of_one > 1 {
            let people = users(finding);
            let first = self.at("at ", finding.since);
            return if is_approved {
                format!(
                    "{people} approved a prompt after at least 5 that were denied or not answered within 10 minutes, first {first}"
                )
            } else {
                format!(
                    "{people} denied or did not answer at least 10 prompts within 30 minutes, first {first}, and approved none of them"
                )
            };
        }
        let addresses: Vec<String> =
            finding.samples.iter().filter_map(|sample| sample.address.as_deref()).map(replaced).collect();
        let addresses = match (addresses.first(), addresses.last()) {
            (Some(one), Some(other)) if one == other => format!(", all from {one}"),
            (Some(one), Some(other)) => format!(", from {one} at first and {other} at last"),
            _ => String::new(),
        };
        let (users, count) = (users(finding), grouped(finding.count));
        if !is_approved {
            return format!(
                "{users} denied or did not answer {count} prompts {}, and approved none{addresses}",
                self.span(finding)
            );
        }
        format!(
            "{users} approved a prompt {}, after {count} that were denied or not answered {}{addresses}",
            self.at("at ", finding.until),
            self.at("since ", finding.since),
        )
    }

    fn coverage(&self, finding: &Finding) -> String {
        let others = finding.hosts_of.saturating_sub(finding.hosts.len() as u64);
        let hosts = named(&finding.hosts);
        let (logs, one, or) = match finding.hosts.len() {
            1 => (format!("The log of {hosts}"), "s", ["", ""]),
            _ => (format!("The logs of {hosts}"), "", [" or earlier", " or later"]),
        };
        let goes = |one: &str, many: &str| match others {
            1 => format!("the log of another host {one}"),
            _ => format!("the logs of {} {many}", counted(others, "other host")),
        };
        match finding.since {
            Some(_) => {
                format!("{logs} end{one} at {}{}; {}", self.time(finding.since), or[0], goes("goes on", "go on"))
            }
            None => format!(
                "{logs} begin{one} at {}{}; {}",
                self.time(finding.until),
                or[1],
                goes("begins earlier", "begin earlier")
            ),
        }
    }

    /// Words the timer of a program that asks again.
    fn retry(&self, finding: &Finding) -> String {
        let seconds = finding.interval_ms.unwrap_or_default() / 1_000;
        let longest = match finding.longest_ms {
            Some(longest) => format!(", and sign-ins take up to {} s", grouped(longest.div_ceil(1_000))),
            None => String::new(),
        };
        let who = match (finding.users_count, &finding.users[..]) {
            (1, [name]) => format!("{} was", replaced(name)),
            (1, _) => "1 person was".to_owned(),
            (many, _) => format!("{} were", counted_people(many)),
        };
        let same = match (finding.count_of_one, finding.count) {
            (same, all) if same == all && !finding.is_estimate => "all of them".to_owned(),
            (same, _) => format!("{} of them", grouped(same)),
        };
        // Without the few others.
        let hosts = match (finding.hosts.len() as u64, finding.hosts_of) {
            (0, _) | (_, 0 | 1) => String::new(),
            (some, all) if some == all || some > HOSTS_NAMED as u64 => String::new(),
            _ => format!(", mostly on {}", named(&finding.hosts)),
        };
        let why = if is_of_few(finding) {
            "probably a program and not a person".to_owned()
        } else if is_timeout(finding) {
            format!("the time-out of the client is probably {seconds} s{longest}")
        } else {
            "probably a program that repeats".to_owned()
        };
        // Beyond the limit for an hour, repeats are not known one by one.
        let least = if finding.is_estimate { "at least " } else { "" };
        let (times, within) = (counted(finding.count, "time"), self.repeat_within.in_words());
        let first = self.at(", first at ", finding.since);
        format!(
            "{who} asked again {least}{times} within {within}, {same} about {seconds} s after the last attempt{hosts}{first}: {why}"
        )
    }

    /// Returns what to do next: the first check of the most frequent code.
    fn next(&self, finding: &Finding) -> String {
        match finding.kind {
            Kind::Repeats => String::new(),
            Kind::Stopped | Kind::Fall => CHANGED.to_owned(),
            Kind::User if finding.since_start && finding.rates.is_some() => CHANGED.to_owned(),
            Kind::Retry if is_of_few(finding) => {
                "Look for a program or a scheduled task that signs in as this user.".to_owned()
            }
            Kind::Retry if !is_timeout(finding) => {
                "Look for a program that signs in again after this time, such as a RADIUS client that does not wait long enough."
                    .to_owned()
            }
            Kind::Retry => {
                "Raise the time-out of the client, such as the RADIUS client or VPN, or look for a program that signs in regularly."
                    .to_owned()
            }
            Kind::Prompts if finding.count_of_one == 0 => {
                "Ask whether the user was signing in. If not, somebody else may know the password, so change it.".to_owned()
            }
            Kind::Prompts => {
                "Ask whether the user was signing in. If not, change the password and check the sign-in logs."
                    .to_owned()
            }
            Kind::Unanswered => {
                "Look in these logs for errors. The program may not have reached the service, or have written the results to another log."
                    .to_owned()
            }
            Kind::Gap => {
                "If the log has no other lines at that time either, ask for the missing part.".to_owned()
            }
            Kind::Coverage if finding.is_shared => {
                "Look whether the host was in use, and whether it still sends its lines to this log.".to_owned()
            }
            Kind::Coverage => "Ask for the missing part of the log.".to_owned(),
            Kind::Unknown if finding.codes.iter().any(|key| key.family() == MFA) => {
                "Contact the Impero support team.".to_owned()
            }
            Kind::Unknown => "Look in the documentation of the product that wrote the log.".to_owned(),
            Kind::NearMisses => "Look at them. If they are results, make a pattern of one.".to_owned(),
            _ => {
                let entry = finding.codes.first().and_then(|key| self.catalogue.entry(key));
                let mut checks = entry.iter().flat_map(|entry| &entry.checks).map(|check| check.check.clone());
                match finding.kind {
                    // An outage of the service is not of one user or host.
                    Kind::User => checks.find(|check| !check.starts_with(OF_MANY)),
                    Kind::Host => match checks.next() {
                        Some(check) if check.starts_with(OF_MANY) => Some(OTHER_HOSTS.to_owned()),
                        check => check,
                    },
                    _ => checks.next(),
                }
                .unwrap_or_default()
            }
        }
    }

    /// Returns codes with their descriptions.
    fn codes(&self, codes: &[Key]) -> String {
        let described = |key: &Key| match (key, self.catalogue.entry(key)) {
            (Key::Code(code), Some(entry)) => format!("{code} {}", entry.description),
            // With the name that the table has as well.
            (Key::Name(name), Some(entry)) if name.text() == entry.description => replaced(&key.to_string()),
            (Key::Name(_), Some(entry)) => format!("{} ({})", entry.description, replaced(&key.to_string())),
            (key, None) => replaced(&key.to_string()),
        };
        listed(codes.iter().map(described), "code")
    }

    /// Returns from when to when it is so.
    fn span(&self, finding: &Finding) -> String {
        match (finding.since, finding.until) {
            (Some(_), Some(_)) => format!("from {} to {}", self.time(finding.since), self.time(finding.until)),
            _ => self.at("since ", finding.since),
        }
    }

    fn at(&self, word: &str, time: Option<Time>) -> String {
        time.map_or_else(String::new, |_| format!("{word}{}", self.time(time)))
    }

    fn time(&self, time: Option<Time>) -> String {
        time.map_or_else(String::new, |time| moment(self.zone.of(time)))
    }
}

/// Whether a finding is about something that the filter keeps. Filters do not apply to the lines that show where a log has a hole.
fn is_wanted(finding: &Finding, settled: &Settled) -> bool {
    let is_about_logs = matches!(finding.kind, Kind::Gap | Kind::Coverage | Kind::Unanswered);
    let window = &settled.totals.window;
    let is_over = finding.until.zip(window.since()).is_some_and(|(until, since)| until < since);
    let is_later = finding.since.zip(window.until()).is_some_and(|(since, until)| since > until);
    let is_empty = settled.totals.dropped.results > 0 && settled.summary.results() + settled.general.results() == 0;
    !is_about_logs || !is_over && !is_later && !is_empty
}

/// Returns the finding that many lines hold no result that can be read, if it is so.
fn near_misses(settled: &Settled) -> Option<Finding> {
    let lines = settled.near_misses.lines();
    let results = settled.summary.results() + settled.general.results() + settled.totals.dropped.results;
    let is_many = lines >= NEAR_MISSES_LEAST && lines * NEAR_MISSES_ONE_IN >= results + lines;
    // Without any result, they are listed anyway.
    (is_many && results > 0).then(|| Finding { count: lines, ..Finding::new(Kind::NearMisses) })
}

/// Returns the finding that the clocks of two logs differ.
fn clock(apart: &ClocksApart) -> (Finding, Worded) {
    let note = clocks(apart);
    let (text, next) = note.split_once('\n').unwrap_or((&note, ""));
    let finding = Finding { hosts: apart.hosts.clone(), hosts_of: apart.machines, ..Finding::new(Kind::Clock) };
    (finding, Worded { text: text.trim_end_matches('.').to_owned(), next: next.to_owned(), command: String::new() })
}

/// Whether the finding is about a time of less than an hour.
fn is_short(finding: &Finding) -> bool {
    const HOUR: i64 = 3_600_000_000_000;
    let length = |since: Time, until: Time| until.nanoseconds().saturating_sub(since.nanoseconds());
    finding.since.zip(finding.until).is_some_and(|(since, until)| length(since, until) < HOUR)
}

/// Whether so much of a time is without sign-ins that its rate is not that of the hours with sign-ins.
#[expect(clippy::cast_precision_loss, reason = "durations are compared")]
fn is_sparse(finding: &Finding, lasts: i64) -> bool {
    let is_change = matches!(finding.kind, Kind::New | Kind::Rise);
    is_change && lasts as f64 / (60.0 * MINUTE as f64) > 1.5 * finding.hours.max(1.0)
}

/// Returns a duration in words, in the largest unit of which there are at least two. Days are rounded.
fn duration(nanoseconds: i64) -> String {
    let seconds = u64::try_from(nanoseconds).unwrap_or_default().div_ceil(1_000_000_000).max(1);
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => counted(seconds / 60, "minute"),
        7_200..172_800 => counted(seconds / 3_600, "hour"),
        _ => counted((seconds + 43_200) / 86_400, "day"),
    }
}

fn per_words(per: Per) -> &'static str {
    match per {
        Per::Hour => "an hour",
        Per::Day => "a day",
    }
}

/// Whether nearly all results are of the user or host that a finding is about.
fn is_most(finding: &Finding) -> bool {
    finding.count_of_one * 10 >= finding.count * 9
}

/// Whether a timer is of so few users that it says nothing about a time-out.
fn is_of_few(finding: &Finding) -> bool {
    finding.users_count < 3
}

/// Whether there are enough repeats after the same time to be those of a client that does not wait, and so few of each user that these
/// are people who sign in.
fn is_timeout(finding: &Finding) -> bool {
    const LEAST: u64 = 20;
    const OF_ONE: u64 = 20;
    finding.count >= LEAST && finding.count <= OF_ONE * finding.users_count
}

/// Returns `all 43 are` or `41 of 43 are`.
fn all(finding: &Finding, is: &str, are: &str) -> String {
    match (finding.count_of_one, finding.count) {
        (1, 1) => format!("the only one {is}"),
        (one, all) if one == all => format!("all {} {are}", grouped(all)),
        (one, all) => format!("{} of {} {are}", grouped(one), grouped(all)),
    }
}

fn results(count: u64) -> String {
    counted(count, "result")
}

fn some_results(finding: &Finding) -> String {
    format!("{}{}", if finding.is_estimate { "about " } else { "" }, results(finding.count))
}

fn counted_people(count: u64) -> String {
    if count == 1 { "1 person".to_owned() } else { format!("{} people", grouped(count)) }
}

/// Returns on which hosts it is, if hosts are known.
fn hosts(finding: &Finding) -> String {
    match (finding.hosts.len() as u64, finding.hosts_of) {
        (0, _) => String::new(),
        (1 | 2, _) => format!(", on {}", named(&finding.hosts)),
        (some, all) if some == all => format!(", on all {} hosts", grouped(all)),
        (some, all) if some < all => {
            let of = format!(", on {} of {} hosts", grouped(some), grouped(all));
            if some > HOSTS_NAMED as u64 { of } else { format!("{of} ({})", names(&finding.hosts).join(", ")) }
        }
        (some, _) => format!(", on {} hosts", grouped(some)),
    }
}

/// Returns how many of the users have it, if users are known.
fn people(finding: &Finding, one_in: u64) -> String {
    if finding.users_count == 0 {
        return String::new();
    }
    let all = finding.users_of.max(finding.users_count);
    let (about, examined) = match one_in {
        0 | 1 => ("", String::new()),
        2 => ("about ", " (half of them were examined)".to_owned()),
        many => ("about ", format!(" (1 in {} was examined)", grouped(many))),
    };
    let number = |count: u64| grouped(if one_in > 1 { rounded(count.saturating_mul(one_in)) } else { count });
    let all = if finding.users_of == 0 { String::new() } else { format!(" of {}", number(all)) };
    format!(", {about}{}{all} people{examined}", number(finding.users_count))
}

/// Rounds an estimate to two digits.
fn rounded(number: u64) -> u64 {
    let mut unit = 1;
    while number / unit >= 100 {
        unit *= 10;
    }
    (number + unit / 2) / unit * unit
}

/// Returns the names of the users, or of the first ones.
fn users(finding: &Finding) -> String {
    let names: Vec<String> = finding.users.iter().map(|user| replaced(user)).collect();
    let others = finding.users_count.saturating_sub(names.len() as u64);
    if names.is_empty() { counted_people(others) } else { with_others(&names, others) }
}

fn names(hosts: &[Box<str>]) -> Vec<String> {
    hosts.iter().map(|host| replaced(host)).collect()
}

fn named(hosts: &[Box<str>]) -> String {
    let names = names(hosts);
    if names.len() <= HOSTS_NAMED { and(&names) } else { counted(names.len() as u64, "host") }
}

/// Returns the first texts, and the number of others.
fn listed(texts: impl ExactSizeIterator<Item = String>, noun: &str) -> String {
    let others = texts.len().saturating_sub(NAMED);
    let mut shown: Vec<String> = texts.take(NAMED).collect();
    if others > 0 {
        shown.push(counted(others as u64, &format!("other {noun}")));
    }
    shown.join(", ")
}

/// Returns a rate with two digits, as far as they matter: 0, 0.4, 3.7 or 1,234.
fn rate(rate: f64) -> String {
    let tenths = (rate * 10.0).round();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rate is not negative, and `as` saturates"
    )]
    let (tenths, whole) = (tenths as u64, rate.round() as u64);
    match tenths {
        0 if rate > 0.0 => "under 0.1".to_owned(),
        1..100 if tenths % 10 > 0 => format!("{}.{}", tenths / 10, tenths % 10),
        _ => grouped(whole),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::Code;
    use crate::finding::scope::Scope;
    use crate::time::window::Window;

    const SECOND: i64 = 1_000_000_000;
    /// 2017-02-14 08:17:12Z.
    const START: i64 = 1_487_060_232 * SECOND;

    fn worded(finding: &Finding) -> [String; 3] {
        let words = Words {
            catalogue: Catalogue::built_in(),
            zone: DisplayZone::UTC,
            one_in: 1,
            repeat_within: Within(60),
            again: "",
        };
        let Worded { text, next, command } = words.of(3, finding);
        [text, next, command]
    }

    fn after(seconds: i64) -> Option<Time> {
        Some(Time::from_nanoseconds(START + seconds * SECOND))
    }

    fn names(names: &[&str]) -> Vec<Box<str>> {
        names.iter().map(|name| Box::from(*name)).collect()
    }

    fn about(kind: Kind, codes: &[i32]) -> Finding {
        let codes = codes.iter().map(|code| Key::Code(Code(*code))).collect();
        Finding { codes, since: after(0), hosts_of: 40, ..Finding::new(kind) }
    }

    fn rates(before: f64, after: f64) -> Option<Rates> {
        Some(Rates { before, after, per: Per::Hour })
    }

    #[test]
    fn a_rise_has_its_rates_hosts_and_people() {
        let hosts = (1..=25).map(|number| format!("host{number}").into()).collect();
        let rise = Finding {
            hosts,
            users_count: 1_804,
            users_of: 2_310,
            rates: rates(0.41, 37.2),
            fewer: vec![Key::Code(Code(21))],
            ..about(Kind::Rise, &[102, 117])
        };
        let check = "If many users have it within a few minutes, look for an outage.";
        assert_eq!(
            worded(&rise),
            [
                "102 Phone Unreachable, 117 Unable to Place Call: from 0.4 to 37 an hour since 2017-02-14 08:17:12Z, on 25 of 40 \
             hosts, 1,804 of 2,310 people; at the same time, fewer results with 21",
                check,
                "",
            ]
        );
        let new = Finding {
            until: after(3_600),
            hosts: names(&["host1"]),
            rates: rates(0.0, 9.94),
            ..about(Kind::New, &[102])
        };
        assert_eq!(
            worded(&new),
            [
                "102 Phone Unreachable: new from 2017-02-14 08:17:12Z to 2017-02-14 09:17:12Z, 9.9 an hour, on host1",
                check,
                "",
            ]
        );
    }

    #[test]
    fn a_rate_of_a_short_time_has_its_number() {
        let rise = Finding { until: after(1_080), count: 11, rates: rates(1.2, 38.8), ..about(Kind::Rise, &[102]) };
        assert_eq!(
            worded(&rise)[0],
            "102 Phone Unreachable: from 1.2 to 39 an hour (11 results) from 2017-02-14 08:17:12Z to 2017-02-14 08:35:12Z"
        );
    }

    #[test]
    fn a_burst_and_a_sparse_log_have_their_number_and_time() {
        let burst = Finding { until: after(1), count: 54, rates: rates(0.0, 3_240.0), ..about(Kind::New, &[102]) };
        let burst = Finding { lasts: Some(SECOND / 2), ..burst };
        assert_eq!(worded(&burst)[0], "102 Phone Unreachable: new, 54 results within 1 s at 2017-02-14 08:17:12Z");
        let rise = Finding { kind: Kind::Rise, rates: rates(1.2, 3_240.0), is_estimate: true, ..burst };
        assert_eq!(
            worded(&rise)[0],
            "102 Phone Unreachable: about 54 results within 1 s at 2017-02-14 08:17:12Z, otherwise 1.2 an hour"
        );
        let lasts = Some(398 * 86_400 * SECOND);
        let sparse = Finding { until: None, is_estimate: false, lasts, hours: 50.0, ..rise };
        assert_eq!(
            worded(&sparse)[0],
            "102 Phone Unreachable: from 1.2 to 3,240 an hour (54 results in 398 days) since 2017-02-14 08:17:12Z"
        );
        let hosts = names(&["host1", "host2", "host3"]);
        let few = Finding { hosts, lasts: None, ..sparse };
        assert_eq!(
            worded(&few)[0],
            "102 Phone Unreachable: from 1.2 to 3,240 an hour since 2017-02-14 08:17:12Z, on 3 of 40 hosts (host1, host2, host3)"
        );
    }

    #[test]
    fn what_no_longer_occurs_has_the_rate_before() {
        let stopped = Finding { rates: rates(12.0, 0.0), ..about(Kind::Stopped, &[21]) };
        assert_eq!(
            worded(&stopped),
            ["21 Mobile App Authenticated: none after 2017-02-14 08:17:12Z, before 12 an hour", CHANGED, ""]
        );
        let already = Finding { since_start: true, ..stopped };
        assert_eq!(
            worded(&already)[0],
            "21 Mobile App Authenticated: 12 an hour from the beginning until 2017-02-14 08:17:12Z, then none"
        );
        let fall = Finding { kind: Kind::Fall, rates: rates(12.0, 0.04), ..already };
        assert_eq!(
            worded(&fall)[0],
            "21 Mobile App Authenticated: from 12 to under 0.1 an hour since 2017-02-14 08:17:12Z"
        );
    }

    #[test]
    fn what_is_of_one_user_or_host_names_them() {
        let hosts = (1..=31).map(|number| format!("host{number}").into()).collect();
        let (count, count_of_one, users_count) = (43, 43, 1);
        let user =
            Finding { users: names(&["bob"]), hosts, count, count_of_one, users_count, ..about(Kind::User, &[107]) };
        assert_eq!(
            worded(&user),
            [
                "107 Invalid Phone Number Format: all 43 are bob's, on 31 of 40 hosts",
                "Remove spaces, dashes and letters, and put the country code and an extension into their own fields.",
                "",
            ]
        );
        let since = Finding { rates: rates(0.0, 1.0), ..user };
        assert_eq!(
            worded(&since)[0],
            "107 Invalid Phone Number Format: 43 results of bob since 2017-02-14 08:17:12Z, on 31 of 40 hosts"
        );
        let ended = Finding { since_start: true, rates: rates(1.0, 0.0), ..since.clone() };
        assert_eq!(
            worded(&ended)[..2],
            [
                "107 Invalid Phone Number Format: 43 results of bob until 2017-02-14 08:17:12Z, then none, on 31 of 40 hosts",
                CHANGED,
            ]
        );
        let most = Finding { rates: None, count: 101, most_of_others: 4, ..since };
        assert_eq!(
            worded(&most)[0],
            "107 Invalid Phone Number Format: 43 of 101 are bob's, on 31 of 40 hosts; nobody else has more than 4"
        );
        let (count, count_of_one, users_count, users_of) = (41, 40, 7, 90);
        let hosts = names(&["host3"]);
        let host = Finding { hosts, count, count_of_one, users_count, users_of, ..about(Kind::Host, &[126]) };
        assert_eq!(worded(&host)[0], "126 User Licenses Exceeded: 40 of 41 are on host3, 7 of 90 people");
        let most = Finding { count: 90, percent_of_all: 4.2, ..host };
        assert_eq!(
            worded(&most)[0],
            "126 User Licenses Exceeded: 40 of 90 are on host3, 7 of 90 people; it has 4.2 % of all sign-ins"
        );
    }

    #[test]
    fn a_report_of_fraud_names_the_user_the_time_and_the_host() {
        let (users, hosts) = (names(&["carol"]), names(&["host17"]));
        let one = Finding { users, hosts, count: 1, users_count: 1, until: after(0), ..about(Kind::Attention, &[132]) };
        assert_eq!(
            worded(&one),
            [
                "132 Fraud Reported: carol, 2017-02-14 08:17:12Z, host17",
                "Ask whether this was intended. If a stranger was signing in, change the password and check the sign-in logs.",
                "",
            ]
        );
        let (users, users_count) = (names(&["ann", "carol"]), 2);
        let several = Finding { users, users_count, count: 3, until: after(60), ..one };
        assert_eq!(
            worded(&several)[0],
            "132 Fraud Reported: 3 results of ann and carol, from 2017-02-14 08:17:12Z to 2017-02-14 08:18:12Z, on host17"
        );
    }

    #[test]
    fn an_approved_prompt_has_its_times_and_addresses() {
        let sample = |address: &str| Sample {
            time: after(0),
            host: None,
            user: None,
            address: Some(address.into()),
            key: Key::Code(Code(129)),
        };
        let samples = vec![sample("10.1.1.1"), sample("10.2.2.2")];
        let users = names(&["ann"]);
        let until = after(400);
        let one = Finding {
            users,
            users_count: 1,
            until,
            count: 6,
            count_of_one: 1,
            samples,
            ..about(Kind::Prompts, &[21, 129])
        };
        assert_eq!(
            worded(&one),
            [
                "ann approved a prompt at 2017-02-14 08:23:52Z, after 6 that were denied or not answered since 2017-02-14 08:17:12Z, \
             from 10.1.1.1 at first and 10.2.2.2 at last",
                "Ask whether the user was signing in. If not, change the password and check the sign-in logs.",
                "",
            ]
        );
        let none = Finding { count_of_one: 0, samples: Vec::new(), ..one.clone() };
        assert_eq!(
            worded(&none)[..2],
            [
                "ann denied or did not answer 6 prompts from 2017-02-14 08:17:12Z to 2017-02-14 08:23:52Z, and approved none",
                "Ask whether the user was signing in. If not, somebody else may know the password, so change it.",
            ]
        );
        let named = Finding { users: names(&["ann", "bob", "carol", "dave"]), users_count: 9, ..none.clone() };
        assert_eq!(
            worded(&named)[0],
            "ann, bob, carol and 6 others denied or did not answer at least 10 prompts within 30 minutes, first at \
             2017-02-14 08:17:12Z, and approved none of them"
        );
        let many = Finding { users: Vec::new(), users_count: 9, ..none };
        assert_eq!(
            worded(&many)[0],
            "9 people denied or did not answer at least 10 prompts within 30 minutes, first at 2017-02-14 08:17:12Z, and \
             approved none of them"
        );
        let many = Finding { count_of_one: 9, ..many };
        assert_eq!(
            worded(&many)[0],
            "9 people approved a prompt after at least 5 that were denied or not answered within 10 minutes, first at \
             2017-02-14 08:17:12Z"
        );
    }

    #[test]
    fn a_timer_stands_beside_how_long_calls_take() {
        let (count, count_of_one, users_count) = (36, 31, 5);
        let (interval_ms, longest_ms) = (Some(30_000), Some(40_200));
        let hosts = names(&["host1"]);
        let retry =
            Finding { hosts, count, count_of_one, users_count, interval_ms, longest_ms, ..about(Kind::Retry, &[]) };
        assert_eq!(
            worded(&retry),
            [
                "5 people were asked again 36 times within a minute, 31 of them about 30 s after the last attempt, mostly on host1, first at \
             2017-02-14 08:17:12Z: the time-out of the client is probably 30 s, and sign-ins take up to 41 s",
                "Raise the time-out of the client, such as the RADIUS client or VPN, or look for a program that signs in regularly.",
                "",
            ]
        );
        let few = Finding { count: 19, count_of_one: 19, ..retry.clone() };
        let many = Finding { count: 101, ..retry.clone() };
        for finding in [few, many] {
            let [text, next, _] = worded(&finding);
            assert!(text.ends_with(": probably a program that repeats"), "{text}");
            assert!(next.starts_with("Look for a program that signs in again"), "{next}");
        }
        let (users, hosts) = (names(&["bob"]), Vec::new());
        let of_one = Finding { users, hosts, users_count: 1, count: 12, count_of_one: 12, longest_ms: None, ..retry };
        assert_eq!(
            worded(&of_one),
            [
                "bob was asked again 12 times within a minute, all of them about 30 s after the last attempt, first at 2017-02-14 \
             08:17:12Z: probably a program and not a person",
                "Look for a program or a scheduled task that signs in as this user.",
                "",
            ]
        );
        // Of more than 32 results in an hour, only the first ones are known one by one.
        let most = Finding { count: 31, count_of_one: 31, is_estimate: true, ..of_one };
        let [text, ..] = worded(&most);
        assert!(
            text.starts_with("bob was asked again at least 31 times within a minute, 31 of them about 30 s"),
            "{text}"
        );
    }

    #[test]
    fn a_change_says_when_most_of_its_results_are() {
        const DAY: i64 = 86_400;
        let (dense, until) = (after(DAY).zip(after(DAY + 3_600)), after(8 * DAY));
        let lasts = Some(8 * DAY * SECOND);
        let new = Finding { dense, until, lasts, hours: 192.0, rates: rates(0.0, 15.0), ..about(Kind::New, &[102]) };
        assert_eq!(
            worded(&new)[0],
            "102 Phone Unreachable: new from 2017-02-14 08:17:12Z to 2017-02-22 08:17:12Z, 15 an hour; most of them from \
             2017-02-15 08:17:12Z to 2017-02-15 09:17:12Z"
        );
    }

    #[test]
    fn the_next_step_of_one_user_or_host_is_not_about_many_users() {
        let next = |kind: Kind, code: i32| worded(&about(kind, &[code]))[1].clone();
        assert_eq!(next(Kind::Rise, 102), "If many users have it within a few minutes, look for an outage.");
        assert!(next(Kind::User, 102).starts_with("If it is one user, check the number"), "{}", next(Kind::User, 102));
        assert_eq!(next(Kind::Host, 102), OTHER_HOSTS);
        assert_eq!(next(Kind::User, 107), next(Kind::Rise, 107));
        assert_eq!(next(Kind::Host, 107), next(Kind::Rise, 107));
    }

    #[test]
    fn the_people_of_a_fall_are_those_who_had_it() {
        let (users_count, users_of) = (36, 50);
        let fall = Finding { users_count, users_of, rates: rates(30.0, 2.0), ..about(Kind::Fall, &[102]) };
        let [text, ..] = worded(&fall);
        assert!(text.ends_with(", 36 of 50 people had it at other times"), "{text}");
        let [text, ..] = worded(&Finding { since_start: true, ..fall });
        assert!(text.ends_with(", 36 of 50 people had it before"), "{text}");
    }

    #[test]
    fn missing_lines_are_not_taken_for_a_silence() {
        let next = "Ask for the missing part of the log.";
        let ends = Finding { hosts: names(&["host33"]), ..about(Kind::Coverage, &[]) };
        assert_eq!(
            worded(&ends),
            ["The log of host33 ends at 2017-02-14 08:17:12Z; the logs of 39 other hosts go on", next, "",]
        );
        let begin = Finding { hosts: names(&["a", "b"]), since: None, until: after(0), hosts_of: 3, ..ends };
        assert_eq!(
            worded(&begin)[0],
            "The logs of a and b begin at 2017-02-14 08:17:12Z or later; the log of another host begins earlier"
        );
        let gap = Finding { kind: Kind::Gap, since: after(0), until: after(60), hosts: names(&["a"]), ..begin };
        assert_eq!(
            worded(&gap)[..2],
            [
                "a has no sign-in from 2017-02-14 08:17:12Z to 2017-02-14 08:18:12Z, unlike the other hosts",
                "If the log has no other lines at that time either, ask for the missing part.",
            ]
        );
    }

    #[test]
    fn sign_ins_without_a_result_have_the_time_of_the_last_one() {
        let silent = Finding { hosts: names(&["a", "b"]), until: after(60), ..about(Kind::Unanswered, &[]) };
        assert_eq!(
            worded(&silent)[0],
            "No sign-in on a and b has a result after 2017-02-14 08:17:12Z, but the logs go on until 2017-02-14 08:18:12Z"
        );
        assert_eq!(
            worded(&Finding { since: None, hosts: names(&["a"]), ..silent })[0],
            "No sign-in on a has a result, but the log goes on until 2017-02-14 08:18:12Z"
        );
    }

    #[test]
    fn repeats_have_their_rates() {
        let hosts = names(&["host1"]);
        let (users_count, users_of) = (20, 31);
        let repeats = Finding { hosts, users_count, users_of, rates: rates(1.2, 14.0), ..about(Kind::Repeats, &[]) };
        assert_eq!(
            worded(&repeats)[0],
            "More people than before are asked again within a minute: from 1.2 to 14 an hour since 2017-02-14 08:17:12Z, on \
             host1, 20 of 31 people"
        );
    }

    #[test]
    fn the_number_of_people_is_an_estimate_if_only_some_were_examined() {
        let rise = Finding { users_count: 22_568, users_of: 42_158, ..about(Kind::Rise, &[102]) };
        assert_eq!(people(&rise, 1), ", 22,568 of 42,158 people");
        assert_eq!(people(&rise, 2), ", about 45,000 of 84,000 people (half of them were examined)");
        assert_eq!(people(&rise, 8), ", about 180,000 of 340,000 people (1 in 8 was examined)");
    }

    #[test]
    fn unknown_numbers_come_with_the_vendors_advice() {
        let unknown = Finding { count: 9, ..about(Kind::Unknown, &[777, 778, 779, 780, 781]) };
        assert_eq!(
            worded(&unknown),
            ["777, 778, 779, 2 other codes: in nobody's list, 9 results", "Contact the Impero support team.", "",]
        );
    }

    #[test]
    fn filters_apply_to_holes_in_logs() {
        let gap = Finding { until: after(60), ..about(Kind::Gap, &[]) };
        let settled = |since: i64, until: i64, excluded: u64| {
            let mut settled = Settled::default();
            settled.totals.window = Window::new(after(since), after(until), DisplayZone::UTC).unwrap();
            settled.totals.dropped.results = excluded;
            settled
        };
        assert!(is_wanted(&gap, &settled(-60, 120, 0)) && is_wanted(&gap, &settled(30, 120, 0)));
        // It is over before the window begins, or begins after the window.
        assert!(!is_wanted(&gap, &settled(90, 120, 0)) && !is_wanted(&gap, &settled(-60, -30, 0)));
        // No result is left.
        assert!(!is_wanted(&gap, &settled(-60, 120, 7)));
        let rise = Finding { until: after(60), ..about(Kind::Rise, &[102]) };
        assert!(is_wanted(&rise, &settled(90, 120, 0)));
    }

    #[test]
    fn a_note_says_that_only_some_users_were_examined() {
        let findings = Findings { list: Vec::new(), repeats: Vec::new(), one_in: 4, repeat_within: 60_000_000_000 };
        let found = Found::new(findings, Catalogue::built_in(), DisplayZone::UTC, "");
        assert_eq!(
            found.sampled().as_deref(),
            Some(
                "There are too many results to examine every user for findings, so 1 in 4 was: others may have denied prompts, or a \
                 code that nobody else has.\n\
                 To examine some of them, use --user or --host; --by user counts all."
            )
        );
    }

    #[test]
    fn the_first_findings_are_numbered_and_recognised() {
        let unknown = about(Kind::Unknown, &[777]);
        let list = vec![Finding { count: 1, scopes: vec![Scope::of_codes(&unknown.codes)], ..unknown }; 9];
        let findings = Findings { list, repeats: Vec::new(), one_in: 1, repeat_within: 60_000_000_000 };
        let found = Found::new(findings, Catalogue::built_in(), DisplayZone::UTC, "--user ann a.zip");
        assert_eq!(found.sampled(), None);
        let note = found.note().unwrap();
        let lines: Vec<&str> = note.lines().collect();
        assert_eq!(
            lines[..4],
            [
                "Findings",
                "1  777: in nobody's list, 1 result.",
                "   Contact the Impero support team.",
                "   callcodes lines --finding 1 --user ann a.zip",
            ]
        );
        assert_eq!(lines[6], "   callcodes lines --finding 2 --user ann a.zip");
        assert_eq!((lines.len(), lines[22]), (23, "2 more findings: --findings only lists all of them."));
        assert!(begins(&note) && !begins("Findings of the night\n1  102"));
        assert_eq!(Found::default().note(), None);
    }
}
