//! Turns a summary into a report. It decides the order, shares and descriptions of rows once for all formats.
//!
//! Invariants: the same summary, problems and catalogue give an equal report, because nothing in it depends on the order in
//! which sources were read; and every text in it is safe for a terminal. Rows are ordered by their number of results and then
//! by code. No order is based on whether a sign-in succeeded, because a code does not say that.
//!
//! A summary cannot decide this, because it may cover only a part of the sources, and shares and ranks need the whole. The
//! formats must not decide this, because they would disagree.
//!
//! Every format writes a report from its [`Sheet`], which describes the rows. [`Report::before`] and [`Report::end`] return the
//! values and notes around the rows.

pub mod audit;
pub mod breakdown;
pub mod comparison;
pub mod excluded;
pub mod files;
pub mod findings;
pub mod near_misses;
pub mod problems;
pub mod sheet;
pub mod timeline;
pub mod trend;
pub mod wording;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::catalogue::{Catalogue, Group};
use crate::code::{Key, MFA};
use crate::filter::Part;
use crate::problem::{Kind, Problem};
use crate::summary::sign_ins::{ClocksApart, Settled, SignInTotals, VALUES_LIMIT};
use crate::summary::{self, Dimension, Durations, Summary, Tally, Totals};
use crate::terminal::replaced;
use crate::time::{Assumed, Time};
use audit::Audited;
use breakdown::{Breakdown, LeftOut, Shown, Sort};
use findings::Found;
use near_misses::NearMissList;
use sheet::{Cell, Column, End, Flow, Holds, Room, Share, Sheet};
use trend::Scale;
use wording::{alternatives, counted, grouped, percentage, remark, size};

/// The sheet of the summary for logs of one machine, or of machines that are not known.
pub static SUMMARY: Sheet = summary_sheet(&COLUMNS);
/// The sheet of the summary for logs of several machines. A table shows the number of machines instead of the number of files.
pub static SUMMARY_OF_HOSTS: Sheet = summary_sheet(&COLUMNS_OF_HOSTS);

static COLUMNS: [Column; 19] = summary_columns(false);
static COLUMNS_OF_HOSTS: [Column; 19] = summary_columns(true);

/// Returns the columns of the summary. The table shows either the number of machines or the number of files.
const fn summary_columns(of_hosts: bool) -> [Column; 19] {
    let mut columns = [
        Column::new("code", "Code", Holds::Code, "The code. `null` if only a name is known, which is then in `name`.")
            .or_null(),
        Column::for_scripts("name", Holds::Text, "The name or text in the log, if it stands for no single code.")
            .or_null(),
        Column::for_scripts("description", Holds::Text, "What the code means, in the vendor's words."),
        Column::for_people("Description", Holds::Prose),
        Column::for_scripts("known", Holds::Flag, "Whether the catalogue (`callcodes codes`) has this result."),
        Column::new("count", "Count", Holds::Count, "Number of results with this code."),
        Column::new("share", "Share", Holds::Share, "Share of all results.").yields(Room::ForOneLine),
        Column::for_people("Trend", Holds::Trend).yields(Room::ForProse),
        Column::new("first_seen", "First seen", Holds::Time, "Earliest time of these results.")
            .or_null()
            .yields(Room::ForProse),
        Column::new("last_seen", "Last seen", Holds::Time, "Latest time of these results.")
            .or_null()
            .yields(Room::ForTrend),
        Column::new("files", "Files", Holds::Count, "Number of files with such a result.").yields(Room::ForOneLine),
        Column::for_scripts("candidates", Holds::Codes, "The codes that share this text, if there are several.")
            .or_missing(),
        Column::for_scripts("group", Holds::Text, "Where to look, by kind of result, such as `not-reached`.").or_null(),
        Column::new("hosts", "Hosts", Holds::Count, "Number of machines with such a result, if they are known.")
            .or_null()
            .yields(Room::ForOneLine),
        Column::for_people("Group", Holds::Text).yields(Room::IfWide),
        MEDIAN,
        PERCENTILE,
        PATTERN_KIND,
        Column::for_scripts(
            "family",
            Holds::Text,
            "The family of the result: `mfa`, `nps` or `entra`, or one of your own.",
        ),
    ];
    // Hides the heading of `files` or of `hosts`.
    columns[if of_hosts { 10 } else { 13 }].heading = None;
    columns
}

/// The column for the median duration of sign-ins.
const MEDIAN: Column = Column::for_scripts(
    "median_ms",
    Holds::Duration,
    "Milliseconds from the first line of a sign-in to its result: half of the sign-ins took at most that long.",
)
.or_missing();
/// The column for the 95th percentile of the durations of sign-ins.
const PERCENTILE: Column = Column::for_scripts(
    "p95_ms",
    Holds::Duration,
    "The same for 95 of 100 sign-ins. Exact for up to 4,096 different durations, and up to a 128th too small beyond.",
)
.or_missing();

/// The column for the kind of patterns that found the results.
const PATTERN_KIND: Column = Column::for_scripts(
    "pattern_kind",
    Holds::Text,
    "`general` if general patterns found these results, which may also match lines of other programs. Such results have rows of \
     their own, after all others.",
)
.or_missing();
/// The value of [`PATTERN_KIND`] for the results of general patterns.
pub(crate) const GENERAL: &str = "general";

/// Returns the sheet of the summary with these columns.
const fn summary_sheet(columns: &'static [Column]) -> Sheet {
    Sheet {
        schema: 1,
        columns,
        rows: "results",
        before: BEFORE,
        after: AFTER,
        flow: Flow::Whole,
        without_rows: &[
            NOTHING_STANDS_OUT,
            NOTHING_FOUND,
            ALL_EMPTY,
            excluded::ALL,
            NONE_READABLE,
            NONE_READ,
            ALL_SKIPPED,
            NO_FILES,
        ],
    }
}

/// The values of the summary before the rows.
const BEFORE: &[Column] = &[
        Column::for_scripts("partial", Holds::Flag, "Whether the run was interrupted, so that results are missing."),
        Column::for_scripts("joined", Holds::Flag, "`false` if each result counts by itself (`--no-join`).").or_missing(),
        Column::for_scripts("totals", Holds::Record(TOTALS), "Sums over the whole run."),
        Column::for_scripts(
            "results_without_time",
            Holds::Count,
            "Number of results whose line has no readable time.",
        ),
        Column::for_scripts(
            "times_without_zone",
            Holds::Count,
            "Number of results whose time has no zone and was taken as UTC.",
        ),
        Column::for_scripts(
            "files_with_dates_undecided",
            Holds::Count,
            "Number of files with results whose dates can have the day or the month first, so that their times were not read, if there are any.",
        )
        .or_missing(),
        Column::for_scripts(
            "files_with_dates_assumed",
            Holds::Count,
            "Number of files with results in which lines alone do not show the year, the date, or the order of day and month, if there are any.",
        )
        .or_missing(),
        Column::for_scripts(
            "times_at_clock_change",
            Holds::Count,
            "Number of times in lines with results that the clocks of a given zone repeat or skip, if there are any: they are read as before the change.",
        )
        .or_missing(),
        Column::for_scripts(
            "distinct_after_services_ended",
            Holds::Count,
            "Number of different results that were last seen after the services that give them had ended, if there are any.",
        )
        .or_missing(),
        Column::for_scripts(
            "clocks_apart",
            Holds::Records(CLOCKS),
            "Logs of the same host whose times differ by whole quarters of an hour, if there are any.",
        )
        .or_missing(),
        Column::for_scripts("findings", Holds::Records(findings::FINDING), "What changed and what stands out, the most important first. Empty if nothing does, and left out if that was not looked for.").if_sought(),
        Column::for_scripts("repeats", Holds::Records(findings::REPEATS), "The users who were asked again within a minute, or the time of --repeat-within, on the same host, the most frequent first, if there are any.").or_missing(),
        Column::for_scripts("groups", Holds::Records(GROUP), "The results of each group, the most frequent first, with `--grouped`.").or_missing(),
        Column::for_scripts("by", Holds::Texts, "The dimensions of `--by`.").or_missing(),
        Column::for_scripts("rows", Holds::Records(breakdown::ROW), "The results by the dimensions of `--by`.")
            .or_null_or_missing(),
    ];

/// The fields of a record about the results of a group.
const GROUP: &[Column] = &[
    Column::for_scripts("group", Holds::Text, "Where to look, or `null` for results that are not in the catalogue.")
        .or_null(),
    Column::for_scripts("pattern_kind", Holds::Text, "`general` for results of general patterns, or else `null`.")
        .or_null(),
    Column::for_scripts("count", Holds::Count, "Number of results, including those in rows that --top leaves out."),
    Column::for_scripts("share", Holds::Share, "Share of all results."),
];

/// The fields of a record about two logs whose clocks differ.
const CLOCKS: &[Column] = &[
    Column::for_scripts("ahead", Holds::Path, "The log with the later times, on the first host."),
    Column::for_scripts("behind", Holds::Path, "The log with the earlier times."),
    Column::for_scripts("minutes", Holds::Count, "By how many minutes they differ."),
    Column::for_scripts(
        "zone",
        Holds::Text,
        "The zone that `--tz` may give to the log whose times have none, if those of the other one have one.",
    )
    .or_null(),
    Column::for_scripts("hosts", Holds::Count, "Number of hosts with such logs; 1 if they are not known."),
    Column::for_scripts("first_hosts", Holds::Texts, "The first of these hosts, three at most, if they are known."),
];

/// The values of the summary after the rows.
const AFTER: &[Column] = &[
    Column::for_scripts(
        "near_misses",
        Holds::Records(near_misses::SHAPE),
        "Lines that speak of a call status but hold no result that can be read, if there are any: the most frequent shape first, up to 1,000 of them.",
    )
    .or_missing(),
    Column::for_scripts("audit", Holds::Records(audit::LINE), "Some of the lines with each result, picked at random by `--audit`.")
        .or_missing(),
    Column::for_scripts("problems", Holds::Records(problems::WITH_PATH), "What was skipped or could not be read."),
];

const TOTALS: &[Column] = &[
    Column::for_scripts("results", Holds::Count, "Number of results. What two logs recorded counts once."),
    Column::for_scripts(
        "twins",
        Holds::Count,
        "Number of results that do not count, because another log recorded them.",
    ),
    Column::for_scripts(
        "general",
        Holds::Count,
        "How many of the results general patterns found, which may also match lines of other programs.",
    ),
    Column::for_scripts("attempts", Holds::Count, "Number of sign-ins, with and without a result."),
    Column::for_scripts(
        "excluded",
        Holds::Count,
        "Number of results that --since, --user and the other filters exclude.",
    ),
    Column::for_scripts(
        "excluded_without_time",
        Holds::Count,
        "How many of these are excluded because they have no readable time.",
    ),
    Column::for_scripts("excluded_by", Holds::Texts, "The options that exclude them."),
    Column::for_scripts(
        "near_misses",
        Holds::Count,
        "Number of lines that speak of a call status but hold no result that can be read. Filters do not apply to them.",
    ),
    Column::for_scripts(
        "distinct",
        Holds::Count,
        "Number of different results. A result that both general and other patterns found counts once, and has two rows.",
    ),
    Column::for_scripts("families", Holds::Records(FAMILY), "The results of each family, if there are several.")
        .or_null(),
    Column::for_scripts("files_read", Holds::Count, "Number of files that were read."),
    Column::for_scripts("files_with_results", Holds::Count, "Number of files with at least one result."),
    Column::for_scripts("hosts", Holds::Count, "Number of machines with logs, if they are known.").or_null(),
    Column::for_scripts("hosts_with_results", Holds::Count, "Number of machines with results, if they are known.")
        .or_null(),
    Column::for_scripts("bytes", Holds::Bytes, "Size of all that was read, after unpacking."),
];

const FAMILY: &[Column] = &[
    Column::for_scripts("family", Holds::Text, "The family."),
    Column::for_scripts("results", Holds::Count, "Number of its results."),
];

/// The beginning of the text in place of findings if there are none.
const NOTHING_STANDS_OUT: &str = "Nothing stands out in ";
const NOTHING_FOUND: &str = "No result codes found in ";
const NONE_READABLE: &str = "No file could be read, so nothing was searched: standard error has the reasons.";
const NONE_READ: &str = "No file was read, so nothing was searched: ";
const ALL_SKIPPED: &str = "All files were skipped, so nothing was searched: standard error has the reasons.";
/// The note for a run in which all input is empty.
pub const ALL_EMPTY: &str = "All input is empty, so nothing was searched.";
const NO_FILES: &str = "No files were found, so nothing was searched. Pass a log file, or a folder with log files.";

/// How the user has restricted which files in folders and archives are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Restriction {
    /// The user has not restricted the files.
    #[default]
    None,
    /// The user has restricted the files by globs, and perhaps also by depth.
    Globs,
    /// The user has restricted the depth of folders.
    Depth,
}

impl Restriction {
    /// Returns the note for a run in which this restriction leaves no file. It can follow a colon. `None` if there is no
    /// restriction.
    #[must_use]
    pub fn note(self) -> Option<&'static str> {
        match self {
            Restriction::None => None,
            Restriction::Globs => Some(LEFT_OUT_BY_GLOB),
            Restriction::Depth => Some("--max-depth excludes all files in deeper folders."),
        }
    }
}

/// The note for globs that exclude everything. The likely reason is a glob that does not mean what the user thinks.
const LEFT_OUT_BY_GLOB: &str = "-g and --iglob exclude all other files.
\
    A glob with a slash is matched against the path below the folder or archive that you pass, any other against the \
    file \
    name alone; '**/host7/**' matches everything in folders and archives called host7.";

/// The note on the lines that were picked for an audit.
const AUDIT: &str =
    "The lines below were picked at random from those with each code. Check that they say what the table says.";

/// The note on results that were counted by themselves.
const COUNTS_EACH: &str = "Each result counts by itself (--no-join), so a sign-in that two logs record counts twice.";

/// The note below every table with codes.
const CAVEAT: &str = "A code says what happened to the call or message, not whether the sign-in succeeded.";

/// The note above the report of an interrupted run.
pub const PARTIAL: &str = "PARTIAL RESULT: the run was interrupted; this is what had been read by then.";

/// The results of a run, ready to be written in any format.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Whether the run was interrupted, so that results are missing.
    pub is_partial: bool,
    /// The number of results.
    pub results: u64,
    /// How many of the results general patterns found.
    pub general_results: u64,
    /// The number of different results.
    pub distinct: u64,
    /// The totals over all sources. Results without a time do not count for first and last times, and times without a zone were
    /// read as UTC.
    pub totals: Totals,
    /// The families and the number of their results, if there are several.
    pub families: Vec<(String, u64)>,
    /// The number of rows whose last time is after the end of all services that give such results. This is a reason to check a
    /// clock, not to doubt the result.
    pub distinct_after_services_ended: u64,
    /// The services and the days on which they ended, such as `MFA Server on 2024-09-30`.
    pub services_ended: Vec<String>,
    /// The number of results without a row, because there are too many different numbers or names to list.
    pub results_without_row: u64,
    /// The cells of each row, in the columns of [`SUMMARY`]. The most frequent result comes first; equal counts are ordered by
    /// code, numbers before names.
    pub rows: Vec<Vec<Cell<'static>>>,
    /// The same for the results of general patterns.
    pub general_rows: Vec<Vec<Cell<'static>>>,
    /// The problems, in sorted order: what the totals do not include, or include with a reservation.
    pub problems: Vec<Problem>,
    /// The patterns of the run, and how its files were restricted.
    pub searched: Searched,
    /// The numbers of sign-ins, machines and twins, and what may be missing from the counts.
    pub sign_ins: SignInTotals,
    /// The results by other dimensions, if the user asked for that.
    pub breakdown: Option<Breakdown>,
    /// The number of rows that are not shown, and of their results.
    pub left_out: LeftOut,
    /// The first and the last time of all results, if any has one.
    pub span: Option<(Time, Time)>,
    /// The groups of rows, if the user asked for them, in order.
    pub groups: Vec<RowGroup>,
    /// What was assumed about the times in files with results.
    pub times: Assumed,
    /// The pairs of logs whose clocks differ, because they use different zones.
    pub clocks: Vec<ClocksApart>,
    /// Lines that speak of a call status but hold no result that can be read.
    pub near_misses: NearMissList,
    /// Some of the lines with each result, if the user asked for them.
    pub audit: Vec<Audited>,
    /// What changed and what stands out, if the user wants to know. The caller adds it.
    pub findings: Found,
    /// Whether only findings are written, and not the results.
    pub is_only_findings: bool,
    /// Whether each result counts by itself, and not the sign-ins.
    pub counts_each: bool,
    /// Whether findings were looked for.
    pub seeks_findings: bool,
}

/// Rows of the same group in the catalogue, which come one after another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowGroup {
    /// The group, or `None` for results that are not in the catalogue.
    pub group: Option<Group>,
    /// Whether these are results of general patterns.
    pub is_general: bool,
    /// The number of rows that are shown.
    pub rows: usize,
    /// The number of results, including those in rows that are not shown.
    pub results: u64,
}

/// The patterns of a run and the restriction of its files, which the report names if nothing was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Searched {
    /// The names of the patterns, in their order of precedence.
    pub pattern_names: Vec<String>,
    /// The names of the general ones among them.
    pub general_names: Vec<String>,
    /// How the files were restricted.
    pub restriction: Restriction,
}

impl Report {
    /// Makes the report of a summary. `problems` may come in any order.
    #[must_use]
    pub fn new(summary: &Summary, mut problems: Vec<Problem>, catalogue: &Catalogue, searched: Searched) -> Report {
        problems.sort();
        let results = summary.results();
        let mut rows: Vec<_> = summary.iter().collect();
        // The rows come in the order of their keys, and the sort is stable.
        rows.sort_by_key(|(_, row)| Reverse(row.tally.count));
        Report {
            is_partial: problems.iter().any(|problem| problem.kind == Kind::Interrupted),
            results,
            general_results: 0,
            distinct: rows.len() as u64,
            totals: *summary.totals(),
            families: families(&rows),
            distinct_after_services_ended: after_services_ended(rows.iter().map(|(key, row)| (key, *row)), catalogue),
            services_ended: catalogue
                .services()
                .iter()
                .map(|ended| format!("{} on {}", ended.name, ended.last_day))
                .collect(),
            results_without_row: summary.overflow().map_or(0, |overflow| overflow.count),
            rows: rows
                .iter()
                .map(|(key, row)| cells(key, row, None, results, (None, Cell::Absent), catalogue))
                .collect(),
            general_rows: Vec::new(),
            problems,
            searched,
            sign_ins: SignInTotals::default(),
            breakdown: None,
            left_out: LeftOut::default(),
            span: span(rows.iter().map(|(_, row)| row.tally)),
            groups: Vec::new(),
            times: Assumed::default(),
            clocks: Vec::new(),
            near_misses: NearMissList::default(),
            audit: Vec::new(),
            findings: Found::default(),
            is_only_findings: false,
            counts_each: false,
            seeks_findings: false,
        }
    }

    /// Makes the report of sign-ins, as [`Report::new`] does. `shown` decides which rows are shown, and in which order.
    #[must_use]
    pub fn of_sign_ins(
        settled: Settled,
        by: &[Dimension],
        shown: Shown,
        problems: Vec<Problem>,
        catalogue: &Catalogue,
        searched: Searched,
    ) -> Report {
        let mut report = Report::new(&settled.summary, problems, catalogue, searched);
        report.general_results = settled.general.results();
        report.results += report.general_results;
        report.results_without_row += settled.general.overflow().map_or(0, |overflow| overflow.count);
        let mut rows: Vec<_> = settled.summary.iter().map(|(key, row)| (key, row, false)).collect();
        rows.extend(settled.general.iter().map(|(key, row)| (key, row, true)));
        report.distinct = rows.iter().map(|(key, ..)| key).collect::<BTreeSet<_>>().len() as u64;
        report.distinct_after_services_ended =
            after_services_ended(rows.iter().map(|(key, row, _)| (key, *row)), catalogue);
        // If there is a breakdown, `shown` applies to its rows.
        let of_codes = if by.is_empty() { shown } else { Shown::default() };
        of_codes.sort(&mut rows, Sort::Count, |(key, ..)| key.clone(), |(_, row, _)| row.tally);
        rows.sort_by_key(|(.., is_general)| *is_general);
        report.span = span(rows.iter().map(|(_, row, _)| row.tally));
        let group = |key: &Key| catalogue.entry(key).map(|entry| entry.group);
        if of_codes.is_grouped {
            report.groups =
                groups(rows.iter().map(|(key, row, is_general)| (group(key), *is_general, row.tally.count)));
            let place = |key: &Key, is_general: bool| {
                report.groups.iter().position(|one| (one.group, one.is_general) == (group(key), is_general))
            };
            rows.sort_by_cached_key(|(key, _, is_general)| place(key, *is_general));
        }
        report.left_out =
            of_codes.cut(&mut rows, |(_, row, _)| row.tally, |(key, ..)| breakdown::is_pinned(key, catalogue));
        for one in &mut report.groups {
            let is_in = |(key, _, is_general): &&(Key, &summary::Row, bool)| {
                (group(key), *is_general) == (one.group, one.is_general)
            };
            one.rows = rows.iter().filter(is_in).count();
        }
        let history = settled.history.as_ref().zip(report.span).and_then(|(history, span)| {
            let most = rows.iter().map(|(_, row, _)| row.tally.count).max().unwrap_or_default();
            let window = settled.totals.window;
            let scale = Scale::new(history, span, (window.since(), window.until()), most, settled.totals.zone);
            Some((history, scale?))
        });
        let cells = |(key, row, is_general): &(Key, &summary::Row, bool)| {
            let (durations, kind) = match is_general {
                true => (&settled.general_durations, Some(GENERAL)),
                false => (&settled.durations, None),
            };
            let trend = history.as_ref().filter(|_| row.tally.first.is_some());
            let trend = trend.map(|(history, scale)| Cell::Trend(scale.trend(history, key, *is_general)));
            let trend = trend.unwrap_or(Cell::Absent);
            cells(key, row, durations.get(key), report.results, (kind, trend), catalogue)
        };
        let first_general = rows.iter().position(|(.., is_general)| *is_general).unwrap_or(rows.len());
        let (others, general) = rows.split_at(first_general);
        let (others, general) = (others.iter().map(cells).collect(), general.iter().map(cells).collect());
        (report.rows, report.general_rows) = (others, general);
        report.sign_ins = settled.totals;
        report.seeks_findings = settled.cells.is_some();
        report.clocks = settled.clocks;
        report.audit = Audited::all(&settled.audit, rows.iter().map(|(key, ..)| key), catalogue);
        report.near_misses = NearMissList::new(&settled.near_misses);
        report.breakdown = (!by.is_empty()).then(|| Breakdown::new(settled.rows, by, shown, catalogue));
        report
    }

    /// Whether some input could not be read, so that it is missing from the totals.
    #[must_use]
    pub fn lacks_input(&self) -> bool {
        self.problems.iter().map(|problem| problem.kind).any(Kind::is_loss)
    }

    /// Returns the values before the rows, in the order of [`Sheet::before`] of [`SUMMARY`].
    #[must_use]
    pub fn before(&self) -> Vec<Cell<'_>> {
        let totals = &self.totals;
        let sums = Cell::Record(vec![
            ("results", self.results.into()),
            ("twins", self.sign_ins.twins.into()),
            ("general", self.general_results.into()),
            ("attempts", self.sign_ins.attempts.max(self.results).into()),
            ("excluded", self.sign_ins.dropped.results.into()),
            ("excluded_without_time", self.sign_ins.dropped.by_part[Part::NoTime as usize].into()),
            ("excluded_by", Cell::List(excluded::names(&self.sign_ins).into_iter().map(Cell::from).collect())),
            ("near_misses", self.near_misses.lines.into()),
            ("distinct", self.distinct.into()),
            ("families", self.families_cell()),
            ("files_read", totals.files_read.into()),
            ("files_with_results", totals.files_with_results.into()),
            ("hosts", known(self.sign_ins.hosts)),
            ("hosts_with_results", known(self.sign_ins.hosts_with_results)),
            ("bytes", totals.bytes.into()),
        ]);
        let after = Some(self.distinct_after_services_ended).filter(|&count| count > 0);
        vec![
            self.is_partial.into(),
            if self.counts_each { false.into() } else { Cell::Absent },
            sums,
            totals.results_without_time.into(),
            totals.results_without_zone.into(),
            known(self.times.undecided),
            known(self.times.orders.max(self.times.dates)),
            known(self.times.changing),
            after.into(),
            Cell::List(self.clocks.iter().map(clocks).collect()),
            if self.seeks_findings { self.findings.records() } else { Cell::Absent },
            if self.is_only_findings { Cell::Absent } else { self.findings.repeats() },
            self.groups_cell(),
            Cell::List(self.breakdown.iter().flat_map(|breakdown| breakdown.names()).map(Cell::from).collect()),
            self.breakdown.as_ref().map_or(Cell::Absent, Cell::Groups),
        ]
    }

    /// Returns the sheet of the summary.
    #[must_use]
    pub fn sheet(&self) -> &'static Sheet {
        if self.sign_ins.hosts > 1 { &SUMMARY_OF_HOSTS } else { &SUMMARY }
    }

    /// Returns the line above the rows of general patterns, if other rows come before them.
    #[must_use]
    pub fn general_heading(&self) -> String {
        match &self.searched.general_names[..] {
            [name] => format!("Found by the general pattern {name}:"),
            names => format!("Found by the general patterns {}:", names.join(", ")),
        }
    }

    /// Returns the note on the results of general patterns, or `None` if there are none.
    fn general_remark(&self) -> Option<String> {
        let (patterns, take) = match self.searched.general_names.len() {
            1 => ("a general pattern", "takes"),
            _ => ("general patterns", "take"),
        };
        let some = match (self.general_results, self.results) {
            (0, _) => return None,
            (1, 1) => "The result was".to_owned(),
            (some, all) if some == all => "All results were".to_owned(),
            (1, _) => "1 of these results was".to_owned(),
            (some, _) => format!("{} of these results were", grouped(some)),
        };
        let names: String = self.searched.general_names.iter().map(|name| format!(" --pattern {name}")).collect();
        Some(format!(
            "{some} found by {patterns}, which sometimes {take} lines of other programs.\n\
             To see the lines, use the same paths and filters with: callcodes lines{names}"
        ))
    }

    /// Returns the notes and values around the rows that are known only after them.
    #[must_use]
    pub fn end(&self) -> End<'_> {
        End {
            above: [
                self.is_partial.then(|| PARTIAL.to_owned()),
                (self.results > 0).then(|| self.head()),
                self.findings.note(),
            ]
            .into_iter()
            .flatten()
            .collect(),
            below: if self.results > 0 { self.sums() } else { self.nothing_found() },
            after: vec![
                self.near_misses.records(),
                Cell::List(self.audit.iter().flat_map(Audited::records).collect()),
                Cell::List(self.problems.iter().map(problems::with_path).collect()),
            ],
        }
    }

    /// Returns the findings for people, or why there are none, as notes.
    #[must_use]
    pub fn findings_alone(&self) -> Vec<String> {
        let mut notes = Vec::from_iter(self.is_partial.then(|| PARTIAL.to_owned()));
        if self.results == 0 {
            notes.push(self.nothing_found().join("\n"));
            return notes;
        }
        let of =
            if self.results == 1 { "the only result".to_owned() } else { format!("{} results", grouped(self.results)) };
        let nothing = || {
            format!(
                "{NOTHING_STANDS_OUT}{of}: no code became more or less frequent for many people, none belongs to one {} \
                 alone, and none needs attention by itself.\n\
                 Leave out --findings only to see how often each code occurs, and when it was first and last seen.",
                if self.findings.sampled().is_some() { "host" } else { "user or host" }
            )
        };
        notes.push(self.findings.whole_note().unwrap_or_else(nothing));
        notes.extend(self.findings.sampled());
        notes.extend(excluded::remark(&self.sign_ins, self.sign_ins.dropped.results));
        notes
    }

    /// Returns the number of results of each family, or nothing if there is only one.
    fn families_cell(&self) -> Cell<'_> {
        if self.families.is_empty() {
            return Cell::Absent;
        }
        let record = |(family, count): &(String, u64)| {
            Cell::Record(vec![("family", family.clone().into()), ("results", (*count).into())])
        };
        Cell::List(self.families.iter().map(record).collect())
    }

    /// Returns the first line: the number of results, codes, hosts and files, and the time of the results.
    fn head(&self) -> String {
        let hosts = match (self.sign_ins.hosts_with_results, self.sign_ins.hosts) {
            (_, 0 | 1) => None,
            (some, all) if some == all => Some(counted(all, "host")),
            (some, all) => Some(format!("{} of {}", grouped(some), counted(all, "host"))),
        };
        let zone = self.sign_ins.zone;
        let span = self.span.map(|(first, last)| wording::span(zone.of(first), zone.of(last)));
        let files = counted(self.totals.files_read, "file");
        let parts = [counted(self.results, "result"), counted(self.distinct, "code"), files];
        parts.into_iter().chain(hosts).chain(span).collect::<Vec<_>>().join(", ")
    }

    /// Returns the headings of the groups of rows, each with the number of rows before it. The second list is for the rows of general
    /// patterns.
    #[must_use]
    pub fn group_headings(&self) -> [Vec<(usize, String)>; 2] {
        [false, true].map(|is_general| {
            let mut before = 0;
            let groups = self.groups.iter().filter(|group| group.is_general == is_general && group.rows > 0);
            let heading = |group: &RowGroup| {
                let name = group.group.map_or("not in the catalogue".to_owned(), |group| group.to_string());
                let name = name[..1].to_uppercase() + &name[1..];
                let share = percentage(Share { count: group.results, total: self.results });
                let pattern = if is_general { format!("{} ", self.general_heading()) } else { String::new() };
                let at = before;
                before += group.rows;
                (at, format!("{pattern}{name}, {}, {share}", counted(group.results, "result")))
            };
            groups.map(heading).collect()
        })
    }

    fn groups_cell(&self) -> Cell<'_> {
        let record = |group: &RowGroup| {
            Cell::Record(vec![
                ("group", group.group.map(Group::name).into()),
                ("pattern_kind", group.is_general.then_some(GENERAL).into()),
                ("count", group.results.into()),
                ("share", Share { count: group.results, total: self.results }.into()),
            ])
        };
        Cell::List(self.groups.iter().map(record).collect())
    }

    fn sums(&self) -> Vec<String> {
        let totals = &self.totals;
        let sums = format!("{} read, {}", counted(totals.files_read, "file"), size(totals.bytes));
        let families = self.families.iter().map(|(family, count)| format!("{} {family}", grouped(*count)));
        let families = (!self.families.is_empty()).then(|| {
            format!(
                "Results of each family, which may record the same sign-ins: {}.",
                families.collect::<Vec<_>>().join(", ")
            )
        });
        let remarks = [
            families,
            self.left_out.remark(),
            self.general_remark(),
            self.near_misses.note(),
            (!self.audit.is_empty()).then(|| AUDIT.to_owned()),
            self.counts_each.then(|| COUNTS_EACH.to_owned()),
            remark(
                self.sign_ins.matched,
                "result was recorded by more than one log and counts once (--keep-twins counts each record).",
                "results were recorded by more than one log and count once (--keep-twins counts each record).",
            ),
            remark(
                self.sign_ins.attempts.saturating_sub(self.results),
                "sign-in has no result in the logs.",
                "sign-ins have no result in the logs.",
            ),
            remark(
                self.sign_ins.uncompared,
                "result has no readable time, so it was not compared with those of other logs and may count twice.",
                "results have no readable time, so they were not compared with those of other logs and may count twice.",
            ),
            wording::mixed_zones(&self.sign_ins.hosts_with_mixed_zones),
            remark(
                self.sign_ins.beside_relay,
                "result may count twice: it is in a log whose host is not known, and in lines that name a host.\n\
                 Put the log into a folder named after its host, and use --host-from: see callcodes help sign-ins.",
                "results may count twice: they are in logs whose host is not known, and in lines that name a host.\n\
                 Put each log into a folder named after its host, and use --host-from: see callcodes help sign-ins.",
            ),
            excluded::unmatched(&self.sign_ins),
            excluded::remark(&self.sign_ins, self.sign_ins.dropped.results),
            excluded::window(&self.sign_ins),
            excluded::without_user(&self.sign_ins),
            excluded::without_time(&self.sign_ins),
            wording::too_many_to_compare(&self.sign_ins),
            excluded::quiet_rows(&self.sign_ins),
            self.sign_ins.beyond_values.then(|| {
                format!(
                    "There were more than {} users, hosts or addresses: the others count together.",
                    grouped(VALUES_LIMIT as u64)
                )
            }),
            remark(
                self.results_without_row,
                "result is counted in the total only: there are too many different names or numbers to list.",
                "results are counted in the total only: there are too many different names or numbers to list.",
            ),
            remark(
                totals.results_without_time,
                "result has no readable time and does not count for first and last seen.",
                "results have no readable time and do not count for first and last seen.",
            ),
            remark(
                totals.results_without_zone,
                "result has a time without a zone, which is taken as UTC.",
                "results have a time without a zone, which is taken as UTC.",
            ),
            wording::assumed(&self.times),
            wording::undecided(self.times.undecided),
            self.findings.sampled(),
        ];
        let clocks = self.clocks.iter().filter(|_| !self.findings.shows_clocks()).map(wording::clocks);
        let after = remark(
            self.distinct_after_services_ended,
            "code was last seen after its services had ended",
            "codes were last seen after their services had ended",
        );
        let ended = self.services_ended.join(", ");
        let after =
            after.map(|after| format!("{after}: {ended}.\nCheck the machine's clock, and which service it uses now."));
        [sums]
            .into_iter()
            .chain(remarks.into_iter().flatten())
            .chain(clocks)
            .chain(after)
            .chain([CAVEAT.to_owned()])
            .collect()
    }

    /// Returns the lines that replace the rows if there are none: whether anything was searched, and what the user can do.
    #[must_use]
    pub fn nothing_found(&self) -> Vec<String> {
        if self.sign_ins.dropped.results > 0 {
            let excluded = excluded::all(&self.sign_ins, self.sign_ins.dropped.results);
            let notes = [wording::undecided(self.times.undecided), self.near_misses.note()];
            return excluded.into_iter().chain(notes.into_iter().flatten()).collect();
        }
        let lacks_input = self.lacks_input();
        let Totals { files_read, bytes, .. } = self.totals;
        if files_read == 0 {
            return vec![match self.searched.restriction.note() {
                Some(note) if lacks_input => format!("{NONE_READABLE} {note}"),
                None if lacks_input => NONE_READABLE.to_owned(),
                Some(note) => format!("{NONE_READ}{note}"),
                None if self.problems.is_empty() => NO_FILES.to_owned(),
                None => ALL_SKIPPED.to_owned(),
            }];
        }
        if bytes == 0 && !lacks_input {
            return vec![ALL_EMPTY.to_owned()];
        }
        let but = if lacks_input { ", but some input could not be read: standard error has the reasons" } else { "" };
        let names = &self.searched.pattern_names;
        let (patterns, names) = match names.len() {
            0 => ("patterns", "none".to_owned()),
            1 => ("pattern", names.concat()),
            _ => ("patterns", names.join(", ")),
        };
        let (files, size) = (counted(files_read, "file"), size(bytes));
        let attempts = remark(
            self.sign_ins.attempts,
            "sign-in has no result in the logs.",
            "sign-ins have no result in the logs.",
        );
        let advice = "If a line should have matched, pass it to `callcodes patterns test`, which shows how far each \
                      pattern gets.";
        let lines = [
            format!("{NOTHING_FOUND}{files} ({size}){but}. Searched for the {patterns}: {names}."),
            self.near_misses.note().filter(|_| self.near_misses.lines > 0).unwrap_or_else(|| advice.to_owned()),
        ];
        lines.into_iter().chain(attempts).collect()
    }
}

/// Counts the different results whose last time is after the end of all services.
fn after_services_ended<'s>(rows: impl Iterator<Item = (&'s Key, &'s summary::Row)>, catalogue: &Catalogue) -> u64 {
    let Some(end) = catalogue.services().iter().map(|service| service.end).max() else { return 0 };
    let is_after =
        |(key, row): &(&'s Key, &summary::Row)| key.family() == MFA && row.tally.last.is_some_and(|last| last > end);
    rows.filter(is_after).map(|(key, _)| key).collect::<BTreeSet<_>>().len() as u64
}

/// Returns the families and the number of their results, or nothing if there is only one family.
fn families(rows: &[(Key, &summary::Row)]) -> Vec<(String, u64)> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for (key, row) in rows {
        *counts.entry(key.family()).or_default() += row.tally.count;
    }
    let several = Some(counts).filter(|counts| counts.len() > 1).unwrap_or_default();
    several.into_iter().map(|(family, count)| (family.to_owned(), count)).collect()
}

/// Returns the text after the first line of a table, or the whole text if it begins with another line.
#[must_use]
pub(crate) fn after_head(text: &str) -> &str {
    let Some((head, rest)) = text.split_once("\n\n") else { return text };
    let is_counted = |part: Option<&str>, nouns: [&str; 2]| {
        let words = part.and_then(|part| part.split_once(' '));
        words.is_some_and(|(number, noun)| {
            number.bytes().all(|byte| byte.is_ascii_digit() || byte == b',') && nouns.contains(&noun)
        })
    };
    let head = head.replace('\n', " ");
    let mut parts = head.split(", ");
    let is_head = is_counted(parts.next(), ["result", "results"])
        && is_counted(parts.next(), ["code", "codes"])
        && is_counted(parts.next(), ["file", "files"]);
    if is_head { rest } else { text }
}

/// Returns the first and the last time in `tallies`.
fn span(tallies: impl Iterator<Item = Tally>) -> Option<(Time, Time)> {
    let mut all = Tally::default();
    tallies.for_each(|tally| all.merge(&tally));
    all.first.zip(all.last)
}

/// Returns the groups of rows: those with the most results first, and those of general patterns after all others. Each row has its
/// group, whether general patterns found it, and its number of results.
fn groups(rows: impl Iterator<Item = (Option<Group>, bool, u64)>) -> Vec<RowGroup> {
    let mut results: BTreeMap<(bool, Option<Group>), u64> = BTreeMap::new();
    rows.for_each(|(group, is_general, count)| *results.entry((is_general, group)).or_default() += count);
    let group = |((is_general, group), results)| RowGroup { group, is_general, rows: 0, results };
    let mut groups: Vec<RowGroup> = results.into_iter().map(group).collect();
    groups.sort_by_key(|group| (group.is_general, Reverse(group.results)));
    groups
}

/// Returns the cells of a result, in the columns of [`SUMMARY`]. `kind` is the value of [`PATTERN_KIND`].
fn cells(
    key: &Key,
    row: &summary::Row,
    durations: Option<&Durations>,
    results: u64,
    (kind, trend): (Option<&'static str>, Cell<'static>),
    catalogue: &Catalogue,
) -> Vec<Cell<'static>> {
    let entry = catalogue.entry(key);
    let candidates = entry.map_or(&[][..], |entry| &entry.candidates);
    vec![
        key.code().into(),
        key.name().map(replaced).into(),
        replaced(catalogue.description(key)).into(),
        words(key, catalogue).into(),
        entry.is_some().into(),
        row.tally.count.into(),
        Share { count: row.tally.count, total: results }.into(),
        trend,
        row.tally.first.into(),
        row.tally.last.into(),
        row.files.into(),
        Cell::List(candidates.iter().map(|code| (*code).into()).collect()),
        entry.map(|entry| entry.group.name()).into(),
        known(row.hosts),
        entry.map(|entry| entry.group.to_string()).into(),
        percentile(durations, 50),
        percentile(durations, 95),
        kind.into(),
        key.family().to_owned().into(),
    ]
}

/// Returns the description of a result, with its name if no number identifies it.
fn words(key: &Key, catalogue: &Catalogue) -> String {
    let entry = catalogue.entry(key);
    let candidates = entry.map_or(&[][..], |entry| &entry.candidates);
    let description = replaced(catalogue.description(key));
    match key.name().map(replaced) {
        None => description,
        Some(_) if entry.is_none() => format!("\"{}\": {description}", replaced(&key.to_string())),
        Some(_) if !candidates.is_empty() => format!("{description} ({})", alternatives(candidates)),
        Some(name) if name == description => replaced(&key.to_string()),
        Some(_) => format!("{description} ({})", replaced(&key.to_string())),
    }
}

/// Returns the record of two logs whose clocks differ.
fn clocks(apart: &ClocksApart) -> Cell<'_> {
    Cell::Record(vec![
        ("ahead", (&*apart.ahead).into()),
        ("behind", (&*apart.behind).into()),
        ("minutes", (u64::from(apart.quarters) * 15).into()),
        ("zone", apart.zone().into()),
        ("hosts", apart.machines.into()),
        ("first_hosts", Cell::List(apart.hosts.iter().map(|host| (&**host).into()).collect())),
    ])
}

/// Returns a cell with a number of machines. It is absent if no machine is known.
fn known(hosts: u64) -> Cell<'static> {
    Some(hosts).filter(|&hosts| hosts > 0).into()
}

fn percentile(durations: Option<&Durations>, percent: u64) -> Cell<'static> {
    durations.and_then(|durations| durations.percentile(percent)).map(u64::from).into()
}

#[cfg(test)]
pub(crate) mod testing {
    //! Builds summaries and reports for the tests of the formats.

    use super::*;
    use crate::code::Code;
    use crate::summary::Counts;
    use crate::time::Form;

    /// A result, its count, and the beginnings of lines from which its times are read.
    pub(crate) type Found<'a> = (Key, u64, &'a [&'a str]);

    pub(crate) fn code(number: i32) -> Key {
        Key::Code(Code(number))
    }

    pub(crate) fn name(name: &str) -> Key {
        Key::Name(name.into())
    }

    /// Returns the summary of sources. Each source is given by its results and its size in bytes. The first occurrences of a
    /// result get the times.
    pub(crate) fn summary(sources: &[(&[Found], u64)]) -> Summary {
        let mut summary = Summary::default();
        for (found, bytes) in sources {
            let mut counts = Counts::default();
            for (key, count, times) in *found {
                let stamps = times.iter().map(|time| Form::default().read(time.as_bytes()));
                for stamp in stamps.chain(std::iter::repeat(None)).take(usize::try_from(*count).unwrap()) {
                    counts.add(key, stamp);
                }
            }
            summary.add_source(&counts, *bytes);
        }
        summary
    }

    pub(crate) fn report(sources: &[(&[Found], u64)]) -> Report {
        let pattern_names = ["radius-raw", "sdk-text"].map(String::from).to_vec();
        let searched = Searched { pattern_names, ..Searched::default() };
        Report::new(&summary(sources), Vec::new(), Catalogue::built_in(), searched)
    }

    /// Returns a report with every kind of row, for 1000 results in two files.
    pub(crate) fn every_kind() -> Report {
        report(&[
            (
                &[
                    (code(102), 187, &["2017-02-14T02:57:24.600871Z", "2017-02-15T10:00:00+01:00"]),
                    (code(21), 700, &["2017-02-14T02:57:24.999Z", "2017-02-13T23:59:59Z"]),
                    (name("Used Cache"), 50, &["2017-02-14 03:00:00", "2017-02-14 03:00:01"]),
                    (name("FAILED_AUTHENTICATION_THROTTLED"), 40, &[]),
                    (code(0), 1, &[]),
                ],
                100_000,
            ),
            (
                &[
                    (code(102), 1, &["2016-12-31T23:59:59Z"]),
                    (code(777), 10, &[]),
                    (name("Some Text"), 10, &["2017-02-14T00:00:00Z"]),
                    (code(-5), 1, &[]),
                ],
                23_456,
            ),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{code, every_kind, name, report, summary};
    use super::*;
    use crate::code::Code;

    fn column(report: &Report, name: &str) -> Vec<Cell<'static>> {
        let place = SUMMARY.columns.iter().position(|column| column.name == Some(name)).unwrap();
        report.rows.iter().map(|row| row[place].clone()).collect()
    }

    #[test]
    fn rows_are_ordered_by_count_and_then_by_code_before_name() {
        let one = |key: Key| (key, 1, &[][..]);
        let report =
            report(&[(&[one(name("c")), one(name("B")), one(code(145)), one(code(21)), (code(144), 2, &[])], 1)]);
        let codes = [144, 21, 145].map(|code| Cell::Code(Code(code)));
        assert_eq!(column(&report, "code")[..3], codes);
        assert_eq!(column(&report, "name"), [Cell::Absent, Cell::Absent, Cell::Absent, "B".into(), "c".into()]);
    }

    #[test]
    fn only_times_after_the_end_of_all_services_in_every_zone_are_noted() {
        let after = |times: &[&str]| report(&[(&[(code(21), 2, times)], 1)]).distinct_after_services_ended;
        assert_eq!(after(&["2020-10-02T00:00:00Z"]), 0, "MFA Server went on");
        assert_eq!(after(&["2024-09-30T23:59:59-12:00"]), 0);
        assert_eq!(after(&["2024-10-01T00:00:00-12:00"]), 1);
        assert_eq!(after(&["2025-01-01T00:00:00Z", "2017-02-14T00:00:00Z"]), 1);
        assert_eq!(after(&[]), 0);
        let none = Catalogue::from_toml("").unwrap();
        let summary = summary(&[(&[(code(21), 1, &["2025-01-01T00:00:00Z"])], 1)]);
        assert_eq!(Report::new(&summary, Vec::new(), &none, Searched::default()).distinct_after_services_ended, 0);
    }

    #[test]
    fn a_row_has_what_the_catalogue_knows() {
        let report = every_kind();
        let unknown = "not in the vendor's list; contact Impero";
        let expected = [
            ("Mobile App Authenticated", true),
            ("Phone Unreachable", true),
            ("Used Cache", true),
            ("Authentication Throttled", true),
            (unknown, false),
            (unknown, false),
            (unknown, false),
            ("No call result", true),
        ];
        assert_eq!(column(&report, "description"), expected.map(|(description, _)| Cell::from(description)));
        assert_eq!(column(&report, "known"), expected.map(|(_, known)| Cell::from(known)));
        let mut candidates = vec![Cell::List(Vec::new()); 8];
        candidates[2] = Cell::List([6, 8, 9].map(|code| Cell::Code(Code(code))).to_vec());
        assert_eq!(column(&report, "candidates"), candidates);
    }

    #[test]
    fn totals_and_shares_are_of_all_results() {
        let report = every_kind();
        let totals = Totals {
            files_read: 2,
            files_with_results: 2,
            bytes: 123_456,
            // Eight results have a time: in the first file two each for 102, 21 and "Used Cache"; in the second file one each
            // for 102 and the text.
            results_without_time: 992,
            results_without_zone: 2,
        };
        assert_eq!(report.totals, totals);
        assert_eq!((report.results, report.distinct, report.results_without_row), (1000, 8, 0));
        let counts = [700, 188, 50, 40, 10, 10, 1, 1];
        assert_eq!(column(&report, "count"), counts.map(Cell::Number));
        assert_eq!(column(&report, "share"), counts.map(|count| Cell::Share(Share { count, total: 1000 })));
        assert_eq!(Share { count: 188, total: 1000 }.fraction(), 0.188);
    }

    #[test]
    fn control_characters_in_names_are_replaced() {
        let report = report(&[(&[(name("a\u{1b}[2J\r\nb\u{9b}c\u{202e}d é…"), 1, &[])], 1)]);
        let shown = "a\u{fffd}[2J\u{fffd}\u{fffd}b\u{fffd}c\u{fffd}d é…";
        assert_eq!(column(&report, "name"), [Cell::from(shown)]);
    }

    #[test]
    fn problems_are_sorted_and_a_loss_is_reported() {
        let problem = |path: &str, kind| Problem::new(path, kind, "x");
        let new = |problems| Report::new(&summary(&[]), problems, Catalogue::built_in(), Searched::default());

        let report = new(vec![problem("b", Kind::Unreadable), problem("a", Kind::LongLine)]);
        assert_eq!(report.problems.iter().map(|problem| problem.path.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert!(report.lacks_input());
        assert!(!new(vec![problem("a", Kind::LongLine)]).lacks_input());
        assert!(!report.is_partial);
        assert!(new(vec![problem("a", Kind::Interrupted)]).is_partial);
    }
}
