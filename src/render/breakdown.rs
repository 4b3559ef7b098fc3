//! Writes the results by other dimensions than their code. One dimension gives rows; two give a matrix in tables and one row
//! for each pair of values in CSV.
//!
//! A matrix has a row for each value of the first dimension, and columns for the most frequent values of the second one, as
//! many as fit. The other values are summed up in one column.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::iter;

use tabled::settings::object::{Columns, Rows};
use tabled::settings::{Alignment, Padding, Style};
use unicode_width::UnicodeWidthStr as _;

use super::renderer::{Options, Renderer as _};
use super::table::{self, GAP, Table};
use super::wrap::wrap;
use super::{Format, csv, screen};
use crate::catalogue::Catalogue;
use crate::report::breakdown::{self, Breakdown, Group};
use crate::report::sheet::{Cell, Column, Holds, Room, Share};
use crate::report::wording::{grouped, minute, moment};
use crate::report::{GENERAL, Report};
use crate::summary::Dimension;
use crate::summary::sign_ins::Value;
use crate::terminal::{escaped, replaced};
use crate::time::Time;
use crate::time::zone::DisplayZone;

/// The largest number of values of the second dimension that get a column in a matrix of unlimited width.
const ACROSS_LIMIT: usize = 12;
/// The width of the widest heading of a column in a matrix, in terminal columns.
const HEADING_WIDTH: usize = 20;

/// The title above a table, before the names of the dimensions.
const TITLE: &str = "Results by ";

/// The columns of CSV after the values.
const CSV_COLUMNS: [&str; 6] = ["count", "first_seen", "last_seen", "median_ms", "p95_ms", "pattern_kind"];

/// For each dimension, the columns of a table by this dimension alone. The last two are shown only if any duration is known.
static COLUMNS: [[Column; 8]; Dimension::ALL.len()] = {
    let mut all = [columns(""); Dimension::ALL.len()];
    let mut at = 0;
    while at < all.len() {
        all[at][0].heading = Some(heading(Dimension::ALL[at]));
        if matches!(Dimension::ALL[at], Dimension::Hour | Dimension::Day) {
            all[at][BAR].heading = Some("Bar");
        }
        at += 1;
    }
    all
};

/// The index of the column with bars, which hours and days have.
const BAR: usize = 3;

const fn columns(value: &'static str) -> [Column; 8] {
    [
        Column::for_people(value, Holds::Prose),
        Column::for_people("Count", Holds::Count),
        Column::for_people("Share", Holds::Share).yields(Room::ForOneLine),
        Column { heading: None, ..Column::for_people("", Holds::Bar) },
        Column::for_people("First seen", Holds::Time).yields(Room::ForProse),
        Column::for_people("Last seen", Holds::Time).yields(Room::ForProse),
        Column::for_people("Median", Holds::Duration).yields(Room::ForOneLine),
        Column::for_people("95 % within", Holds::Duration).yields(Room::ForOneLine),
    ]
}

const fn heading(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::Code => "Code",
        Dimension::Family => "Family",
        Dimension::Group => "Group",
        Dimension::Channel => "Channel",
        Dimension::Outcome => "Outcome",
        Dimension::Host => "Host",
        Dimension::User => "User",
        Dimension::Address => "Address",
        Dimension::File => "File",
        Dimension::Hour => "Hour",
        Dimension::Day => "Day",
    }
}

/// Writes a breakdown as a table or as CSV.
///
/// # Errors
///
/// Returns any error from writing to `out`.
pub(super) fn write(
    report: &Report,
    breakdown: &Breakdown,
    format: Format,
    options: Options,
    out: &mut dyn Write,
) -> io::Result<()> {
    if format == Format::Csv {
        return write_csv(breakdown, options.zone, out);
    }
    let names: Vec<&str> = breakdown.by.iter().map(|dimension| dimension.name()).collect();
    let mut end = screen::end(report, breakdown.rows.len(), &options);
    if breakdown.rows.is_empty() {
        end.below.extend(breakdown.left_out.remark());
        return Table::new(&COLUMNS[0], options).end(&end, out);
    }
    end.below.splice(1..1, breakdown.left_out.remark());
    end.above.push(format!("{TITLE}{}", names.join(" and ")));
    if breakdown.by.contains(&Dimension::Day) && !options.zone.is_utc() {
        end.below.insert(1, format!("Days are those of {}.", options.zone.name()));
    }
    let first_general = breakdown.rows.iter().position(|group| group.is_general).unwrap_or(breakdown.rows.len());
    match breakdown.by[..] {
        [one] => {
            let is_timed = breakdown.rows.iter().any(|group| group.percentile_ms(50).is_some());
            let columns = &COLUMNS[Dimension::ALL.iter().position(|dimension| *dimension == one).unwrap_or_default()];
            let most = breakdown.rows.iter().map(|group| group.tally.count).max().unwrap_or_default();
            let mut table = Table::new(if is_timed { columns } else { &columns[..6] }, options);
            let gaps = gaps(report, breakdown, &breakdown.rows[..first_general], one);
            for (at, group) in breakdown.rows.iter().enumerate() {
                if let Some(gap) = gaps.get(&group.values[0]).filter(|_| at < first_general) {
                    table.row(&of_gap(gap), out)?;
                }
                if at > 0 && at == first_general {
                    table.section(&report.general_heading());
                }
                table.row(&row(report, one, group, most, options.zone), out)?;
            }
            table.end(&end, out)
        }
        _ => {
            for note in &end.above {
                table::write_notes(std::slice::from_ref(note), options.width, out)?;
                writeln!(out)?;
            }
            let (others, general) = breakdown.rows.split_at(first_general);
            let mut hidden = Vec::new();
            if !others.is_empty() {
                let gaps = gaps(report, breakdown, others, breakdown.by[0]);
                hidden = write_matrix(&breakdown.by, others, &gaps, options, out)?;
            }
            if !others.is_empty() && !general.is_empty() {
                writeln!(out)?;
                table::write_notes(&[report.general_heading()], options.width, out)?;
            }
            if !general.is_empty() {
                hidden.extend(write_matrix(&breakdown.by, general, &BTreeMap::new(), options, out)?);
                hidden.dedup();
            }
            end.below.splice(1..1, hidden);
            writeln!(out)?;
            table::write_notes(&end.below, options.width, out)
        }
    }
}

/// Returns the cells of a row by one dimension. `most` is the largest count.
fn row(report: &Report, dimension: Dimension, group: &Group, most: u64, zone: DisplayZone) -> [Cell<'static>; 8] {
    let duration = |percent| group.percentile_ms(percent).map(u64::from).into();
    [
        full(dimension, &group.values[0], zone).into(),
        group.tally.count.into(),
        Share { count: group.tally.count, total: report.results }.into(),
        Cell::Bar(Share { count: group.tally.count, total: most }),
        group.tally.first.into(),
        group.tally.last.into(),
        duration(50),
        duration(95),
    ]
}

/// Returns the hours or days that come after a time without lines, each with a text about that time, if the rows are in the order of
/// time and complete. `down` is what each row is about.
fn gaps<'g>(
    report: &Report,
    breakdown: &Breakdown,
    groups: &'g [Group],
    down: Dimension,
) -> BTreeMap<&'g Value, String> {
    const HOUR: i64 = 3_600_000_000_000;
    let (length, unit) = match down {
        Dimension::Hour => (HOUR, "h"),
        Dimension::Day => (24 * HOUR, "d"),
        _ => return BTreeMap::new(),
    };
    let times: Vec<(&Value, i64)> = groups
        .iter()
        .filter_map(|group| match &group.values[0] {
            value @ Value::Time(time) => Some((value, time.nanoseconds())),
            _ => None,
        })
        .collect();
    let is_whole = !report.sign_ins.lacks_quiet_rows && breakdown.left_out.remark().is_none();
    if !is_whole || !times.is_sorted_by_key(|(_, time)| *time) {
        return BTreeMap::new();
    }
    let gap = |pair: &[(&'g Value, i64)]| {
        let &[(_, one), (value, next)] = pair else { return None };
        // Days of a zone differ by an hour when clocks change.
        let missing = (next - one + length / 2) / length - 1;
        (missing > 0).then(|| (value, format!("no lines for {missing} {unit}")))
    };
    times.windows(2).filter_map(gap).collect()
}

/// Returns the cells of a row about a time without lines.
fn of_gap(gap: &str) -> [Cell<'static>; 8] {
    let mut cells = [const { Cell::Absent }; 8];
    cells[0] = gap.to_owned().into();
    cells
}

/// Formats a value for people, and adds the meaning of a code.
fn full(dimension: Dimension, value: &Value, zone: DisplayZone) -> String {
    match value {
        Value::Key(key) => match key.name() {
            None => format!("{key} {}", replaced(Catalogue::built_in().description(key))),
            Some(_) => replaced(&key.to_string()),
        },
        _ => short(dimension, value, zone),
    }
}

/// Formats a value for people, without the meaning of a code.
fn short(dimension: Dimension, value: &Value, zone: DisplayZone) -> String {
    match value {
        Value::Key(key) => replaced(&key.to_string()),
        Value::Outcome(outcome) => outcome.name().to_owned(),
        Value::Text(text) => replaced(text),
        Value::Time(time) if dimension == Dimension::Day => zone.date(*time).to_string(),
        // Cuts the seconds off, so that 2017-02-14 08:00:00Z becomes 2017-02-14 08:00Z.
        Value::Time(time) => minute(zone.of(*time)),
        Value::Others => "(others)".to_owned(),
        Value::Unknown if dimension == Dimension::Outcome => "not said".to_owned(),
        Value::Unknown => "not known".to_owned(),
    }
}

fn write_csv(breakdown: &Breakdown, zone: DisplayZone, out: &mut dyn Write) -> io::Result<()> {
    let names = breakdown.by.iter().map(|dimension| dimension.name());
    out.write_all(&csv::record(names.chain(CSV_COLUMNS))?)?;
    for group in &breakdown.rows {
        let values =
            breakdown.by.iter().zip(&group.values).map(|(dimension, value)| breakdown::cell(*dimension, value, zone));
        let duration = |percent| Cell::from(group.percentile_ms(percent).map(u64::from));
        let tally = &group.tally;
        let kind = group.is_general.then_some(GENERAL).into();
        let rest: [Cell<'static>; 6] =
            [tally.count.into(), tally.first.into(), tally.last.into(), duration(50), duration(95), kind];
        let cells: Vec<Cell<'static>> = values.chain(rest).collect();
        let texts: Vec<_> = cells.iter().map(|cell| csv::text(cell, zone)).collect();
        out.write_all(&csv::record(texts.iter().map(AsRef::as_ref))?)?;
    }
    Ok(())
}

/// Writes a matrix of these groups. Returns the notes on its columns.
fn write_matrix(
    by: &[Dimension],
    groups: &[Group],
    gaps: &BTreeMap<&Value, String>,
    options: Options,
    out: &mut dyn Write,
) -> io::Result<Vec<String>> {
    let [down, across] = *by else { return Ok(Vec::new()) };
    // The rows of the matrix are in the order in which their values first occur.
    let mut rows: Vec<&Value> = Vec::new();
    let mut counts: BTreeMap<(&Value, &Value), u64> = BTreeMap::new();
    let mut by_row: BTreeMap<&Value, u64> = BTreeMap::new();
    let mut by_column: BTreeMap<&Value, u64> = BTreeMap::new();
    for Group { values, tally, .. } in groups {
        let (row, column) = (&values[0], &values[1]);
        if !by_row.contains_key(row) {
            rows.push(row);
        }
        *counts.entry((row, column)).or_default() += tally.count;
        *by_row.entry(row).or_default() += tally.count;
        *by_column.entry(column).or_default() += tally.count;
    }
    let mut columns: Vec<(&Value, u64)> = by_column.into_iter().collect();
    columns.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
    let zone = options.zone;
    let day = common_day(across, zone, columns.iter().map(|(value, _)| *value));
    let clock = |time: Time| moment(zone.of(time))[11..16].to_owned();
    // An hour that occurs twice because clocks are set back has two columns.
    let mut clocks: Vec<String> = columns
        .iter()
        .filter_map(|(value, _)| if let Value::Time(time) = value { Some(clock(*time)) } else { None })
        .collect();
    clocks.sort();
    let has_twice = clocks.windows(2).any(|pair| pair[0] == pair[1]);
    let label = |value: &Value| match (value, &day) {
        (Value::Time(time), Some(_)) if has_twice => clock(*time) + &zone.of(*time).offset(),
        (Value::Time(time), Some(_)) => clock(*time),
        // Times are not cut, because they differ at their ends.
        (Value::Time(_), None) => short(across, value, zone),
        _ => cut(&escaped(&short(across, value, zone))),
    };
    let width_of = |(value, count): &(&Value, u64)| GAP + label(value).width().max(grouped(*count).len());
    let first = rows
        .iter()
        .map(|row| full(down, row, zone).width())
        .chain([heading(down).len()])
        .chain(gaps.values().map(String::len))
        .max()
        .unwrap_or(0);
    // The width of the first column, the total and the others.
    let total = by_row.values().sum::<u64>();
    let fixed = first + 2 * (GAP + grouped(total).len().max("Others".len()));
    let mut taken = fixed;
    let fits = |column: &&(&Value, u64)| {
        taken += width_of(column);
        options.width.is_none_or(|width| taken <= width)
    };
    let mut shown = columns.iter().take_while(fits).take(ACROSS_LIMIT).count().max(1);
    // If only one value remains, it gets a column of its own, because its sum would take as much room.
    shown += usize::from(shown + 1 == columns.len());
    if across.is_time() {
        columns[..shown].sort();
    }
    let (named, others) = columns.split_at(shown);
    let head = [heading(down).to_owned()].into_iter().chain(named.iter().map(|(value, _)| label(value)));
    let head = head.chain((!others.is_empty()).then(|| "Others".to_owned())).chain(["Total".to_owned()]);
    let mut lines: Vec<Vec<String>> = vec![head.collect()];
    for row in rows {
        let count = |value: &Value| counts.get(&(row, value)).copied();
        // An hour or day without a count stays empty, because nothing was logged then. If something was, there is a count, even
        // if it is 0.
        let is_time = |value: &Value| matches!(value, Value::Time(_));
        let is_silent = |value: &Value| count(value).is_none() && (is_time(row) || is_time(value));
        let text = |value: &Value| if is_silent(value) { String::new() } else { grouped(count(value).unwrap_or(0)) };
        if let Some(gap) = gaps.get(row) {
            let cells = lines[0].len();
            lines.push(iter::once(gap.clone()).chain(iter::repeat(String::new())).take(cells).collect());
        }
        let mut line = vec![escaped(&full(down, row, zone)).into_owned()];
        line.extend(named.iter().map(|(value, _)| text(value)));
        if !others.is_empty() {
            let is_silent = others.iter().all(|(value, _)| is_silent(value));
            let sum = others.iter().filter_map(|(value, _)| count(value)).sum();
            line.push(if is_silent { String::new() } else { grouped(sum) });
        }
        line.push(grouped(by_row[row]));
        lines.push(line);
    }
    let mut layout = tabled::Table::from_iter(lines);
    layout.with((Style::empty(), Padding::new(0, GAP, 0, 0), Alignment::right()));
    layout.modify(Columns::first(), Alignment::left()).modify(Rows::first(), Alignment::right());
    layout.modify((0, 0), Alignment::left());
    let text = layout.to_string();
    let mut lines = text.lines().map(|line| line.trim_end_matches(' '));
    let head = lines.next().unwrap_or_default();
    let style = options.head;
    writeln!(out, "{style}{head}{style:#}")?;
    writeln!(out, "{}", "-".repeat(head.width()))?;
    lines.try_for_each(|line| writeln!(out, "{line}"))?;
    let some = (!others.is_empty()).then(|| {
        let (some, all) = (grouped(named.len() as u64), grouped(columns.len() as u64));
        format!("Only the {some} most frequent of {all} values have a column; --format csv has all.")
    });
    let day = day.map(|day| format!("The hours across are on {day}, in {}.", zone.name()));
    Ok(day.into_iter().chain(some).collect())
}

/// Returns the day of all values if they are hours of the same day.
fn common_day<'v>(
    dimension: Dimension,
    zone: DisplayZone,
    mut values: impl Iterator<Item = &'v Value>,
) -> Option<String> {
    let day = |value: &Value| match value {
        Value::Time(time) if dimension == Dimension::Hour => Some(zone.date(*time).to_string()),
        _ => None,
    };
    let first = day(values.next()?)?;
    values.filter(|value| **value != Value::Unknown).all(|value| day(value).as_ref() == Some(&first)).then_some(first)
}

/// Shortens a heading to [`HEADING_WIDTH`] if it is wider.
fn cut(text: &str) -> String {
    if text.width() <= HEADING_WIDTH {
        return text.to_owned();
    }
    let first = wrap(text, HEADING_WIDTH - 2).into_iter().next().unwrap_or_default();
    format!("{first}..")
}

/// Whether `text` begins like a breakdown.
pub(super) fn begins(text: &str) -> bool {
    let line = text.lines().next().unwrap_or_default();
    let is_dimension = |name: &str| Dimension::ALL.iter().any(|dimension| dimension.name() == name);
    if let Some(names) = line.strip_prefix(TITLE) {
        return names.split(" and ").all(is_dimension);
    }
    [',', ';', '\t'].into_iter().any(|separator| {
        let names: Vec<&str> = line.split(separator).map(|name| name.trim_matches('"')).collect();
        names.split_last_chunk().is_some_and(|(dimensions, rest)| {
            !dimensions.is_empty() && dimensions.iter().all(|name| is_dimension(name)) && *rest == CSV_COLUMNS
        })
    })
}
