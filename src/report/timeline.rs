//! Shows sign-ins in the order of time: the story of one person or host.

use super::sheet::{Cell, Column, End, Flow, Holds, Room, Sheet};
use super::wording::{self, counted, grouped, remark};
use super::{CAVEAT, GENERAL, PARTIAL, Report, excluded, problems, words};
use crate::catalogue::Catalogue;
use crate::summary::timeline::{Event, TIMELINE_LIMIT, Timeline};
use crate::terminal::replaced;
use crate::time::Time;

/// The shortest time between two sign-ins that a table shows.
const GAP_MS: u64 = 30 * 60 * 1_000;
const MINUTE_MS: u64 = 60 * 1_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;
const DAY_MS: u64 = 24 * HOUR_MS;
/// The heading of the results without a time.
const WITHOUT_TIME: &str = "Without a readable time:";

/// The sheet of a timeline.
pub static TIMELINE: Sheet = Sheet {
    schema: 1,
    columns: &COLUMNS,
    rows: "results",
    before: BEFORE,
    after: AFTER,
    flow: Flow::Streamed,
    without_rows: super::SUMMARY.without_rows,
};

static COLUMNS: [Column; 16] = [
    Column::new("time", "Time", Holds::Time, "Time of the result.").or_null(),
    Column::for_scripts(
        "gap_ms",
        Holds::Duration,
        "Milliseconds since the result before it. `null` for the first one, and without a time.",
    )
    .or_null(),
    Column::new("code", "Code", Holds::Code, "The code. `null` if only a name is known, which is then in `name`.")
        .or_null(),
    Column::for_scripts("name", Holds::Text, "The name or text in the log, if it stands for no single code.").or_null(),
    Column::for_scripts("description", Holds::Text, "What the code means, in the vendor's words."),
    Column::for_people("Description", Holds::Prose),
    Column::new("user", "User", Holds::Text, "The user, if known, in one spelling.").or_null().yields(Room::UnlessSame),
    Column::new("host", "Host", Holds::Text, "The machine on which the user signed in, if known.")
        .or_null()
        .yields(Room::UnlessSame),
    Column::new("outcome", "Outcome", Holds::Text, "What the log says of the sign-in: `succeeded` or `failed`.")
        .or_null()
        .yields(Room::ForOneLine),
    Column::new(
        "duration_ms",
        "Took",
        Holds::Duration,
        "Milliseconds from the first line of the sign-in to its result, if known.",
    )
    .or_null()
    .yields(Room::ForOneLine),
    Column::new("address", "Address", Holds::Text, "The network address of the user, if known.")
        .or_null()
        .yields(Room::ForOneLine),
    Column::for_scripts("logs", Holds::Count, "Number of logs that recorded the sign-in. It is listed once."),
    Column::for_scripts("path", Holds::Path, "The log that says most about it."),
    Column::for_scripts("group", Holds::Text, "Where to look, by kind of result, such as `not-reached`.").or_null(),
    Column::for_scripts(
        "family",
        Holds::Text,
        "The family of the result: `mfa`, `nps` or `entra`, or one of your own.",
    ),
    Column::for_scripts("pattern_kind", Holds::Text, "`general` if a general pattern found the result.").or_null(),
];

const BEFORE: &[Column] = &[
    Column::for_scripts("partial", Holds::Flag, "Whether the run was interrupted, so that results are missing."),
    Column::for_scripts("totals", Holds::Record(TOTALS), "Sums over the whole run."),
];

const TOTALS: &[Column] = &[
    Column::for_scripts("results", Holds::Count, "Number of results that the filters keep."),
    Column::for_scripts(
        "left_out",
        Holds::Count,
        "Number of the earliest of them that are not listed, because there are too many.",
    ),
    Column::for_scripts("excluded", Holds::Count, "Number of results that the filters exclude."),
    Column::for_scripts("files_read", Holds::Count, "Number of files that were read."),
];

const AFTER: &[Column] =
    &[Column::for_scripts("problems", Holds::Records(problems::WITH_PATH), "What was skipped or could not be read.")];

/// A row of a timeline, with the heading before it, if there is one.
#[derive(Clone, Debug, PartialEq)]
pub struct Row<'e> {
    /// How much later it is than the row before, in words, if that is long.
    pub heading: Option<String>,
    /// The cells, in the columns of [`TIMELINE`].
    pub cells: Vec<Cell<'e>>,
}

/// Returns the rows of a timeline.
pub fn rows<'t>(timeline: &'t Timeline, catalogue: &'t Catalogue) -> impl Iterator<Item = Row<'t>> {
    let mut last: Option<&Event> = None;
    timeline.events.iter().map(move |event| {
        let before = last.replace(event);
        let gap = before.and_then(|before| gap_ms(before.time?, event.time?));
        let heading = match before {
            Some(before) if event.time.is_none() && before.time.is_some() => Some(WITHOUT_TIME.to_owned()),
            _ => gap.filter(|gap| *gap >= GAP_MS).map(|gap| format!("{} later:", length(gap))),
        };
        Row { heading, cells: cells(event, gap, catalogue) }
    })
}

fn gap_ms(one: Time, other: Time) -> Option<u64> {
    u64::try_from(other.nanoseconds().saturating_sub(one.nanoseconds()) / 1_000_000).ok()
}

/// Returns a long time in words: `3 h 12 min`, `2 days 4 h`.
fn length(milliseconds: u64) -> String {
    let (days, hours, minutes) =
        (milliseconds / DAY_MS, milliseconds % DAY_MS / HOUR_MS, milliseconds % HOUR_MS / MINUTE_MS);
    let parts = match (days, hours) {
        (0, 0) => [(minutes, format!("{minutes} min")), (0, String::new())],
        (0, _) => [(hours, format!("{hours} h")), (minutes, format!("{minutes} min"))],
        _ => [(days, counted(days, "day")), (hours, format!("{hours} h"))],
    };
    parts.into_iter().filter(|(number, _)| *number > 0).map(|(_, text)| text).collect::<Vec<_>>().join(" ")
}

fn cells<'e>(event: &'e Event, gap: Option<u64>, catalogue: &Catalogue) -> Vec<Cell<'e>> {
    let entry = catalogue.entry(&event.key);
    vec![
        event.time.into(),
        gap.into(),
        event.key.code().into(),
        event.key.name().map(replaced).into(),
        replaced(catalogue.description(&event.key)).into(),
        words(&event.key, catalogue).into(),
        event.user.as_deref().into(),
        event.host.as_deref().into(),
        event.outcome.map(crate::attempt::Outcome::name).into(),
        event.duration_ms.map(u64::from).into(),
        event.address.as_deref().into(),
        u64::from(event.logs).into(),
        (&*event.source).into(),
        entry.map(|entry| entry.group.name().to_owned()).into(),
        event.key.family().to_owned().into(),
        event.is_general.then_some(GENERAL).into(),
    ]
}

/// Returns the values before the rows. `report` is that of the same run.
#[must_use]
pub fn before(report: &Report, timeline: &Timeline) -> Vec<Cell<'static>> {
    let totals = Cell::Record(vec![
        ("results", report.results.into()),
        ("left_out", timeline.left_out.into()),
        ("excluded", report.sign_ins.dropped.results.into()),
        ("files_read", report.totals.files_read.into()),
    ]);
    vec![report.is_partial.into(), totals]
}

/// Returns the notes and values around the rows.
#[must_use]
pub fn end<'r>(report: &'r Report, timeline: &Timeline) -> End<'r> {
    let sums = || {
        let sums = [counted(report.results, "result"), format!("{} read", counted(report.totals.files_read, "file"))];
        let notes = [
            left_out(timeline),
            remark(
                report.sign_ins.matched,
                "result was recorded by more than one log and is listed once (--keep-twins lists each record).",
                "results were recorded by more than one log and are listed once (--keep-twins lists each record).",
            ),
            excluded::unmatched(&report.sign_ins),
            excluded::window(&report.sign_ins),
            excluded::without_user(&report.sign_ins),
            excluded::without_time(&report.sign_ins),
            wording::too_many_to_compare(&report.sign_ins),
            wording::undecided(report.times.undecided),
            remark(
                report.totals.results_without_zone,
                "result has a time without a zone, which is taken as UTC.",
                "results have a time without a zone, which is taken as UTC.",
            ),
        ];
        let clocks = report.clocks.iter().map(wording::clocks);
        [sums.join(", ")]
            .into_iter()
            .chain(notes.into_iter().flatten())
            .chain(clocks)
            .chain([CAVEAT.to_owned()])
            .collect()
    };
    End {
        above: report.is_partial.then(|| PARTIAL.to_owned()).into_iter().collect(),
        below: if report.results > 0 { sums() } else { report.nothing_found() },
        after: vec![Cell::List(report.problems.iter().map(problems::with_path).collect())],
    }
}

/// Returns the note on results that are left out, or `None` if there are none.
#[must_use]
pub fn left_out(timeline: &Timeline) -> Option<String> {
    let limit = grouped(TIMELINE_LIMIT as u64);
    remark(
        timeline.left_out,
        &format!("earlier result is not listed: at most {limit} are. Use --until to see earlier ones."),
        &format!("earlier results are not listed: at most {limit} are. Use --until to see earlier ones."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_between_two_results_has_two_units_at_most() {
        for (minutes, words) in [
            (30, "30 min"),
            (59, "59 min"),
            (60, "1 h"),
            (192, "3 h 12 min"),
            (1_440, "1 day"),
            (1_441, "1 day"),
            (3_130, "2 days 4 h"),
        ] {
            assert_eq!(length(minutes * MINUTE_MS + 59_999), words);
        }
    }
}
