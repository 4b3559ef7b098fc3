//! Turns the comparison of two sides into a report.
//!
//! No word says that a code means that a sign-in succeeded or failed, and none says more than the test does.

use super::sheet::{Cell, Column, End, Flow, Holds, Room, Share, Sheet};
use super::wording::{self, counted, grouped, remark};
use super::{excluded, problems};
use crate::catalogue::Catalogue;
use crate::code::Key;
use crate::compare::{Change, Comparison, Row};
use crate::filter::Part;
use crate::finding::people_hours::PARTS_OF_WEEK;
use crate::problem::Problem;
use crate::summary::sign_ins::{Settled, SignInTotals};
use crate::summary::{Dimension, Tally};
use crate::terminal::replaced;
use crate::time::Assumed;
use crate::time::zone::DisplayZone;

/// The sheet of a comparison by code.
pub static COMPARISON: Sheet = sheet(&COLUMNS);
/// The sheet of a comparison by host and code.
pub static COMPARISON_BY_HOST: Sheet = sheet(&COLUMNS_BY_HOST);
/// The sheet of a comparison by user and code.
pub static COMPARISON_BY_USER: Sheet = sheet(&COLUMNS_BY_USER);

static COLUMNS: [Column; 21] = columns(None);
static COLUMNS_BY_HOST: [Column; 21] = columns(Some(Dimension::Host));
static COLUMNS_BY_USER: [Column; 21] = columns(Some(Dimension::User));

/// The least share of the exposure that both sides must cover so that no note is necessary.
const COMPARED_LEAST: f64 = 0.5;
/// How many times longer than the other a side may be without a note.
const LONGER_MOST: f64 = 4.0;

/// How many changes on single hosts are named.
const HOSTS_NAMED: usize = 3;

/// The number of rows of hosts or users up to which a table has all of them.
const FEW_ROWS: usize = 20;

/// The beginning of a table.
const BEFORE: &str = "Before: ";
/// The beginning of its second line.
const AFTER: &str = "After: ";

const fn sheet(columns: &'static [Column]) -> Sheet {
    Sheet {
        schema: 1,
        columns,
        rows: "changes",
        before: FIELDS,
        after: AFTER_ROWS,
        flow: Flow::Whole,
        without_rows: &[],
    }
}

const fn columns(of: Option<Dimension>) -> [Column; 21] {
    let mut columns = [
        Column::for_scripts(
            "change",
            Holds::Text,
            "`new`, `gone`, `up` or `down`; `unchanged` if chance explains the difference, or there are too few; `untested` if no hour of the week with such a result is covered by both sides.",
        ),
        Column::for_scripts("host", Holds::Text, "The machine, with `--by host`. `null` if it is not known.").or_null_or_missing(),
        Column::for_scripts("user", Holds::Text, "The user, with `--by user`. `null` if not known.").or_null_or_missing(),
        Column::new("code", "Code", Holds::Code, "The code. `null` if only a name is known.").or_null(),
        Column::for_scripts("name", Holds::Text, "The name or text in the log, if it stands for no single code.").or_null(),
        Column::for_scripts("description", Holds::Text, "What the code means, in the vendor's words."),
        Column::for_people("Description", Holds::Prose),
        Column::new("before", "Before", Holds::Count, "Number of results before."),
        Column::for_scripts("before_share", Holds::Share, "Share of all results before; with `--by`, of those of the host or user."),
        Column::for_people("Share", Holds::Share).yields(Room::ForOneLine),
        Column::for_scripts("before_per_hour", Holds::Rate, "Number of results before in an hour that the logs cover.").or_null(),
        Column::for_people("An hour", Holds::Rate).yields(Room::ForOneLine),
        Column::new("after", "After", Holds::Count, "Number of results afterwards."),
        Column::for_scripts("after_share", Holds::Share, "Share of all results afterwards; with `--by`, of those of the host or user."),
        Column::for_people("Share", Holds::Share).yields(Room::ForOneLine),
        Column::for_scripts("after_per_hour", Holds::Rate, "Number of results afterwards in an hour that the logs cover.").or_null(),
        Column::for_people("An hour", Holds::Rate).yields(Room::ForOneLine),
        Column::for_scripts(
            "chance",
            Holds::Share,
            "Probability of such a difference if nothing changed, at most, by an exact test of the same hours of the week.",
        )
 .or_null(),
        Column::for_people("Chance", Holds::Rate),
        Column::for_scripts("family", Holds::Text, "The family of the result: `mfa`, `nps` or `entra`, or one of your own."),
        Column::for_scripts("group", Holds::Text, "Where to look, by kind of result, such as `not-reached`.").or_null(),
    ];
    match of {
        Some(Dimension::Host) => columns[1].heading = Some("Host"),
        Some(_) => columns[2].heading = Some("User"),
        None => {}
    }
    columns
}

/// The values before the rows.
const FIELDS: &[Column] = &[
    Column::for_scripts("partial", Holds::Flag, "Whether a run was interrupted, so that results are missing."),
    Column::for_scripts("before", Holds::Record(SIDE), "What is before."),
    Column::for_scripts("after", Holds::Record(SIDE), "What is compared with it."),
    Column::for_scripts("by", Holds::Text, "`host` or `user`, if codes are compared by that.").or_missing(),
    Column::for_scripts(
        "has_people",
        Holds::Flag,
        "Whether a person who has a code in an hour counts once in the test. Otherwise each result does.",
    ),
    Column::for_scripts("exposure", Holds::Count, "Number of people's hours, or of results, on both sides."),
    Column::for_scripts(
        "compared",
        Holds::Count,
        "How many of them are at hours of the week that both sides cover, so that they are compared.",
    ),
];

const SIDE: &[Column] = &[
    Column::for_scripts("name", Holds::Text, "The path, or the time of `--split`."),
    Column::for_scripts("saved", Holds::Flag, "Whether it is a saved summary."),
    Column::for_scripts("results", Holds::Count, "Number of results."),
    Column::for_scripts("files", Holds::Count, "Number of files that were read."),
    Column::for_scripts("hosts", Holds::Count, "Number of machines with results, if they are known.").or_null(),
    Column::for_scripts("hours", Holds::Rate, "Number of hours that the logs cover, if it is known.").or_null(),
    Column::for_scripts("first_seen", Holds::Time, "Earliest time of the results.").or_null(),
    Column::for_scripts("last_seen", Holds::Time, "Latest time of the results.").or_null(),
];

/// The values after the rows.
const AFTER_ROWS: &[Column] = &[
    Column::for_scripts(
        "notes",
        Holds::Texts,
        "What limits the comparison and what was assumed about both sides, in words.",
    ),
    Column::for_scripts("problems", Holds::Records(problems::WITH_PATH), "What was skipped or could not be read."),
];

/// What is known of a side besides its counts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Side {
    /// The path, or the time at which logs were split.
    pub name: String,
    /// Whether it is a saved summary.
    pub is_saved: bool,
    /// Whether it is a saved summary that was not counted by the hour.
    pub lacks_hours: bool,
    /// The number of results, and their first and last time.
    pub tally: Tally,
    /// The number of files that were read.
    pub files: u64,
    /// The number of machines with results, or 0 if they are not known.
    pub hosts: u64,
    /// The number of hours that the logs cover, if it is known.
    pub hours: Option<f64>,
    /// Whether the run was interrupted.
    pub is_partial: bool,
    /// The number of results without a readable time.
    pub without_time: u64,
    /// What was assumed about the logs, and what does not count.
    pub notes: Vec<String>,
}

/// A comparison with what is known of both sides, ready to be written in any format.
#[derive(Clone, Debug)]
pub struct Compared {
    /// The two sides.
    pub sides: [Side; 2],
    /// The comparison.
    pub comparison: Comparison,
    /// What codes are compared by.
    pub of: Option<Dimension>,
    /// What may be on both sides, so that a change may not show.
    pub shared: Option<String>,
    /// What changed on single hosts, if codes are not compared by host.
    pub on_hosts: Vec<Row>,
    /// The problems of both runs.
    pub problems: Vec<Problem>,
    /// The zone in which times are shown.
    pub zone: DisplayZone,
}

/// Returns the heading above the rows with this change.
#[must_use]
pub fn heading(change: Change) -> &'static str {
    match change {
        Change::New => "New",
        Change::Gone => "Gone",
        Change::Up => "Up",
        Change::Down => "Down",
        Change::Unchanged => "No clear change",
        Change::Untested => "Not compared: no such result at an hour of the week that both cover",
    }
}

/// Returns the note on results that filters exclude, or `None` if there are none.
#[must_use]
pub fn left_out(settled: &Settled) -> Option<String> {
    let dropped = settled.totals.dropped.results;
    remark(dropped, "result is excluded by the filters.", "results are excluded by the filters.")
}

/// Returns the note on results that are on neither side of a split, because they have no time.
fn left_out_without_time(sign_ins: &SignInTotals) -> Option<String> {
    remark(
        sign_ins.dropped.by_part[Part::NoTime as usize],
        "result has no readable time, so it is neither before nor after --split.",
        "results have no readable time, so they are neither before nor after --split.",
    )
}

/// Returns what was assumed about the logs of one side, and what is not tested.
#[must_use]
pub fn notes(settled: &Settled, times: &Assumed, is_split: bool) -> Vec<String> {
    let (sign_ins, totals) = (&settled.totals, settled.summary.totals());
    let without_time = remark(
        totals.results_without_time,
        "result has no readable time, so it counts, but is not tested.",
        "results have no readable time, so they count, but are not tested.",
    );
    let without_zone = remark(
        totals.results_without_zone,
        "result has a time without a zone, which is taken as UTC.",
        "results have a time without a zone, which is taken as UTC.",
    );
    let notes = [
        if is_split { left_out_without_time(sign_ins) } else { excluded::without_time(sign_ins) },
        excluded::without_user(sign_ins),
        excluded::unmatched(sign_ins),
        wording::too_many_to_compare(sign_ins),
        without_time,
        without_zone,
        wording::assumed(times),
        wording::undecided(times.undecided),
    ];
    notes.into_iter().flatten().chain(settled.clocks.iter().map(wording::clocks)).collect()
}

impl Compared {
    /// Returns the sheet.
    #[must_use]
    pub fn sheet(&self) -> &'static Sheet {
        match self.of {
            Some(Dimension::Host) => &COMPARISON_BY_HOST,
            Some(_) => &COMPARISON_BY_USER,
            None => &COMPARISON,
        }
    }

    /// Returns the rows. A table of hosts or users has only those with a change, unless there are few.
    pub fn rows(&self, is_table: bool) -> impl Iterator<Item = &Row> {
        self.comparison.rows.iter().filter(move |row| !is_table || self.is_in_table(row))
    }

    fn is_in_table(&self, row: &Row) -> bool {
        self.of.is_none() || row.change < Change::Unchanged || self.comparison.rows.len() <= FEW_ROWS
    }

    /// Returns the values before the rows.
    #[must_use]
    pub fn before(&self) -> Vec<Cell<'_>> {
        let side = |side: &Side| {
            Cell::Record(vec![
                ("name", side.name.clone().into()),
                ("saved", side.is_saved.into()),
                ("results", side.tally.count.into()),
                ("files", side.files.into()),
                ("hosts", super::known(side.hosts)),
                ("hours", side.hours.map_or(Cell::Absent, Cell::Rate)),
                ("first_seen", side.tally.first.into()),
                ("last_seen", side.tally.last.into()),
            ])
        };
        let [before, after] = &self.sides;
        vec![
            self.is_partial().into(),
            side(before),
            side(after),
            self.of.map(Dimension::name).into(),
            self.comparison.has_people.into(),
            self.comparison.exposure.into(),
            self.comparison.compared.into(),
        ]
    }

    fn is_partial(&self) -> bool {
        self.sides.iter().any(|side| side.is_partial)
    }

    /// Returns the cells of a row.
    #[must_use]
    pub fn cells(&self, row: &Row) -> Vec<Cell<'static>> {
        /// The smallest probability that is shown is 1 in this number.
        const PARTS: f64 = 1e9;
        let catalogue = Catalogue::built_in();
        let key = &row.key;
        let place = || Cell::from(Some(row.place.as_deref().map_or_else(|| "not known".to_owned(), replaced)));
        let of = |dimension| if self.of == Some(dimension) { place() } else { Cell::Absent };
        let mut cells = vec![
            row.change.name().into(),
            of(Dimension::Host),
            of(Dimension::User),
            key.code().into(),
            key.name().map(replaced).into(),
            replaced(catalogue.description(key)).into(),
            super::words(key, catalogue).into(),
        ];
        for amount in [row.before, row.after] {
            let share = Cell::from(Share { count: amount.count, total: amount.of });
            cells.extend([
                amount.count.into(),
                share.clone(),
                share,
                amount.per_hour.map_or(Cell::Absent, Cell::Rate),
                amount.per_hour.map(rate).into(),
            ]);
        }
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a probability is from 0 to 1")]
        let chance = row.chance.map(|chance| Share { count: ((chance * PARTS) as u64).max(1), total: PARTS as u64 });
        cells.push(chance.into());
        cells.push(row.chance.map(percent).into());
        cells.push(key.family().to_owned().into());
        cells.push(catalogue.entry(key).map(|entry| entry.group.name()).into());
        cells
    }

    /// Returns the notes and values around the rows.
    #[must_use]
    pub fn end(&self) -> End<'_> {
        let [before, after] = &self.sides;
        let lines = format!("{BEFORE}{}\n{AFTER}{}", self.line(before), self.line(after));
        let partial = self.is_partial().then(|| super::PARTIAL.to_owned());
        let limits = self.limits();
        let notes = self.notes().into_iter().map(Cell::from).collect();
        let above = partial.into_iter().chain([lines]).chain((!limits.is_empty()).then(|| limits.join("\n")));
        End {
            above: above.collect(),
            below: self.below(),
            after: vec![Cell::List(notes), Cell::List(self.problems.iter().map(problems::with_path).collect())],
        }
    }

    /// Describes a side in a line.
    fn line(&self, side: &Side) -> String {
        let Tally { count, first, last } = side.tally;
        let hours = side.hours.filter(|hours| *hours > 0.0).map(|hours| format!("{} hours", rate(hours)));
        let hosts = (side.hosts > 1).then(|| counted(side.hosts, "host"));
        let span = first.zip(last).map(|(first, last)| wording::span(self.zone.of(first), self.zone.of(last)));
        let parts = [counted(count, "result"), format!("{} read", counted(side.files, "file"))].into_iter();
        let parts: Vec<String> = parts.chain(hosts).chain(hours).chain(span).collect();
        format!("{}, {}", replaced(&side.name), parts.join(", "))
    }

    /// Returns what limits the comparison, the most important first.
    fn limits(&self) -> Vec<String> {
        let names = ["before", "after"];
        let mut limits = Vec::from_iter(self.shared.clone());
        let empty: Vec<&str> = names
            .into_iter()
            .zip(&self.sides)
            .filter(|(_, side)| side.tally.count == 0)
            .map(|(name, _)| name)
            .collect();
        if !empty.is_empty() {
            limits.push(format!(
                "There is no result {}, so nothing can be compared: what occurs on one side only may have occurred unrecorded on the \
                 other.",
                empty.join(" or ")
            ));
            return limits;
        }
        let timeless = names.into_iter().zip(&self.sides).filter(|(_, side)| side.without_time >= side.tally.count);
        let timeless: Vec<&str> = timeless.map(|(name, _)| name).collect();
        if !timeless.is_empty() {
            limits
                .push(format!("No result {} has a readable time, so nothing can be compared.", timeless.join(" or ")));
            return limits;
        }
        let [before, after] = &self.sides;
        let length = |side: &Side| side.hours.unwrap_or(side.tally.count as f64);
        let has_hours = before.hours.is_some() && after.hours.is_some();
        let [one, other] = if has_hours {
            [length(before), length(after)]
        } else {
            [before, after].map(|side| side.tally.count as f64)
        };
        let what = if has_hours { "covers far fewer hours" } else { "has far fewer results" };
        if one * LONGER_MOST < other {
            limits.push(format!(
                "What is before {what} than what is after, so rare codes may look new only because they were not recorded."
            ));
        } else if other * LONGER_MOST < one {
            limits.push(format!("What is after {what} than what is before, so rare codes may look gone only because too little was recorded."));
        }
        if !self.comparison.has_people && self.sides.iter().any(|side| side.is_saved) {
            let lacks_hours = self.sides.iter().any(|side| side.lacks_hours);
            let hours =
                ["", " and, unless it was counted by hour,code, at which hours: days may be compared with nights"];
            let hours = hours[usize::from(lacks_hours)];
            limits.push(format!(
                "A saved summary does not say whose results they are{hours}, and one user may have many of the results. A change is therefore \
                 named more rarely."
            ));
        }
        let Comparison { exposure, compared, has_people, has_users, hosts_of_one, ref covered, .. } = self.comparison;
        if has_people && !has_users && exposure > 0 {
            limits.push(
                "At least on one side, most results do not name a user, so one user may have many of them. A change is therefore named more rarely."
                    .to_owned(),
            );
        }
        if (compared as f64) < COMPARED_LEAST * exposure as f64 {
            let what = if has_people { "people's hours" } else { "results" };
            let [before, after] = covered.each_ref().map(parts_of_week);
            let some = match compared {
                0 => "nothing".to_owned(),
                compared => format!("only {} of {} {what}", grouped(compared), grouped(exposure)),
            };
            limits.push(format!(
                "The two cover different hours of the day or days of the week, so {some} can be compared. Before: {before}. After: \
                 {after}. Pass logs of the same hours of working days or weekends, or see each hour with callcodes --by hour,code."
            ));
        }
        for (hosts, side) in hosts_of_one.into_iter().zip(names) {
            let place = if side == "before" { "before" } else { "afterwards" };
            limits.extend(remark(
                hosts,
                &format!("host has results only {place}. Compare each with --by host."),
                &format!("hosts have results only {place}. Compare each with --by host."),
            ));
        }
        limits
    }

    fn below(&self) -> Vec<String> {
        let left_out = self.comparison.rows.iter().filter(|row| !self.is_in_table(row)).count() as u64;
        let left_out = remark(
            left_out,
            "row without a clear change is not shown; --format csv and json have it.",
            "rows without a clear change are not shown; --format csv and json have them.",
        );
        let Comparison { chance_least, has_users, .. } = self.comparison;
        let without_busiest = if has_users {
            ", and if a difference remains without the three people who have most of the results"
        } else {
            ""
        };
        let chance = format!(
            "Chance is the probability of such a difference, or a larger one, if nothing changed, by an exact test of the same hours \
             of working days and weekends. A change is named only if chance gives any row such a difference in at most 1 of {} \
             comparisons, which is a chance below {} here{without_busiest}.",
            grouped(u64::from(self.comparison.one_in())),
            percent(chance_least),
        );
        let caveat = "A code says what happened to the call or message, not whether the sign-in succeeded.";
        let has_rows = self.rows(true).next().is_some();
        let chance = (has_rows && self.comparison.compared > 0).then_some(chance);
        let nothing = (!has_rows && left_out.is_some()).then(|| "No clear change.".to_owned());
        let notes = self.side_notes();
        nothing
            .into_iter()
            .chain(self.host_notes())
            .chain(left_out)
            .chain(chance)
            .chain(notes)
            .chain([caveat.to_owned()])
            .collect()
    }

    /// Returns what limits the comparison, and what was assumed about both sides.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        [self.limits(), self.host_notes(), self.side_notes()].concat()
    }

    /// Returns what changed on single hosts and not on all of them together.
    fn host_notes(&self) -> Vec<String> {
        let is_clear = |row: &&Row| {
            let of_all = self.comparison.rows.iter().find(|other| other.key == row.key);
            of_all.is_some_and(|of_all| of_all.change >= Change::Unchanged)
        };
        let rows: Vec<&Row> = self.on_hosts.iter().filter(is_clear).collect();
        let note = |row: &&Row| {
            let host = row.place.as_deref().map(replaced).unwrap_or_default();
            let (before, after) = (grouped(row.before.count), grouped(row.after.count));
            format!("On {host} alone, {} changed: {before} before, {after} after.", result(&row.key))
        };
        let more = (rows.len() as u64).saturating_sub(HOSTS_NAMED as u64);
        let more = remark(more, "more change is on a single host.", "more changes are on single hosts.");
        let hint = (!rows.is_empty()).then(|| "--by host compares the codes of each host.".to_owned());
        rows.iter().take(HOSTS_NAMED).map(note).chain(more).chain(hint).collect()
    }

    fn side_notes(&self) -> Vec<String> {
        let [before, after] = &self.sides;
        let of_side = |begin: &str, side: &Side| -> Vec<String> {
            side.notes.iter().map(|note| format!("{begin}{}", note.replace('\n', " "))).collect()
        };
        [of_side(BEFORE, before), of_side(AFTER, after)].concat()
    }
}

/// Formats a rate with at least two digits.
fn rate(rate: f64) -> String {
    match rate {
        whole if whole.fract() == 0.0 || whole >= 99.5 => grouped(super::sheet::whole(whole)),
        tenths if tenths >= 9.95 => format!("{tenths:.1}"),
        _ => format!("{rate:.2}"),
    }
}

/// Returns a result with its code: `102 Phone Unreachable`.
fn result(key: &Key) -> String {
    let words = super::words(key, Catalogue::built_in());
    key.code().map_or_else(|| words.clone(), |code| format!("{} {words}", code.0))
}

/// Formats a probability, also a small one, as a percentage.
fn percent(chance: f64) -> String {
    match 100.0 * chance {
        some if some >= 0.0995 => format!("{some:.1}%"),
        some if some >= 0.0005 => format!("{some:.3}%"),
        _ => "<0.001%".to_owned(),
    }
}

/// Lists parts of the week: `working days 08:00 to 20:00Z and weekends 00:00 to 24:00Z`.
fn parts_of_week(covered: &[bool; PARTS_OF_WEEK]) -> String {
    const OF_DAY: usize = PARTS_OF_WEEK / 2;
    const HOURS: usize = 24 / OF_DAY;
    let days = ["working days", "weekends"].into_iter().zip(covered.chunks(OF_DAY)).filter_map(|(days, covered)| {
        let mut at = 0;
        let spans = covered.chunk_by(|one, next| one == next).filter_map(|same| {
            let from = at;
            at += same.len();
            same[0].then(|| format!("{:02}:00 to {:02}:00Z", from * HOURS, at * HOURS))
        });
        let spans: Vec<String> = spans.collect();
        (!spans.is_empty()).then(|| format!("{days} {}", spans.join(", ")))
    });
    days.collect::<Vec<_>>().join(" and ")
}

/// Whether `text` begins like a table of a comparison.
#[must_use]
pub fn begins(text: &str) -> bool {
    let sides = text.split_once("\n\n").map_or(text, |(sides, _)| sides);
    // A line may be wrapped at any space.
    let [before, after] = [BEFORE, AFTER].map(str::trim_end);
    let after = sides.strip_prefix(before).and_then(|rest| rest.split_once(&format!("\n{after}")));
    // A long path without spaces may be wrapped within a word.
    let has_results = |side: &&str| side.lines().collect::<String>().contains("result");
    after.is_some_and(|(before, after)| [before, after].iter().all(has_results))
}
