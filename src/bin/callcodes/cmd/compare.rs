//! `compare`: shows which codes are new, gone, more or less frequent than before.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use callcodes::catalogue::Catalogue;
use callcodes::compare::{self, Change, Counted, NotSaved, Row, Saved};
use callcodes::filter::{Filter, Part, RelativeTo};
use callcodes::name;
use callcodes::pipeline::{Outcome, sign_ins};
use callcodes::render::{self, Format, HEAD_BYTES};
use callcodes::report::comparison::{self, Compared, Side};
use callcodes::report::problems::Extent;
use callcodes::report::wording;
use callcodes::source::STDIN;
use callcodes::summary::Dimension;
use callcodes::summary::sign_ins::{Options, Sought};
use callcodes::time::Time;
use callcodes::time::window::{Range, Window};
use jiff::Timestamp;

use crate::args::{CompareArgs, CompareBy, ReadArgs, RelativeToArg, SummaryFormatArg};
use crate::filters;
use crate::session::{Session, Written};
use crate::status::{Failure, Status};
use crate::term;

/// The largest saved summary that is read, in bytes.
const SAVED_BYTES: u64 = 256 << 20;

/// What is on one side.
enum Input {
    /// Logs. If they are split, only the results on one side of the split count.
    Logs(Vec<PathBuf>, Window),
    /// A saved summary.
    Saved(Box<Saved>),
}

/// How to save a summary that can be compared.
const SAVE: &str = "Save one with `callcodes --by hour,code -o FILE.json PATH`, without filters except --since and --until, and without \
                    --top, --min and --findings only; compare takes --code";

pub(crate) fn run(args: &CompareArgs) -> Result<Status, Failure> {
    let ReadArgs { format, output, patterns, input } = &args.read;
    let mut session = Session::begin(input, patterns, output, *format, |_| Written::AtTheEnd)?;
    session.reports_early = false;
    let of = args.by.map(|by| match by {
        CompareBy::Host => Dimension::Host,
        CompareBy::User => Dimension::User,
    });
    let (mut filter, split) = filter_and_split(args, &mut session)?;
    // Codes are left out at the end, because a share is one of all results.
    let keys = Filter {
        codes: std::mem::take(&mut filter.codes),
        groups: std::mem::take(&mut filter.groups),
        channels: std::mem::take(&mut filter.channels),
        ..Filter::default()
    };
    let catalogue = session.settings.catalogue();
    filters::note_unlisted(&args.filter, catalogue);
    let shared = shared(&session.settings.inputs).filter(|_| split.is_none());
    let sides = sides(args, split, &session.settings.inputs, &filter, of, catalogue)?;
    let saved =
        || sides.iter().filter_map(|(_, input)| if let Input::Saved(saved) = input { Some(saved) } else { None });
    let is_any_saved = saved().next().is_some();
    let is_by_hour = is_any_saved && saved().all(|saved| saved.has_hours);
    let (mut described, mut counts, mut by_host) = (Vec::new(), Vec::new(), Vec::new());
    let mut without_time = 0;
    let mut outcome = Outcome::<()>::default();
    for (name, input) in sides {
        let (mut counted, mut side) = match input {
            Input::Saved(saved) => {
                let Saved { counted, is_partial, files, hosts, has_hours, .. } = *saved;
                (counted, Side { is_saved: true, lacks_hours: !has_hours, is_partial, files, hosts, ..Side::default() })
            }
            Input::Logs(paths, window) => {
                session.settings.inputs = paths;
                let filter = Filter { window, ..filter.clone() };
                let read = read(&mut session, filter, of, is_by_hour)?;
                let settled = &read.summary;
                filters::check(settled)?;
                let is_partial = Status::of(&read.problems) == Status::Interrupted;
                if read.files == 0 && !is_partial {
                    term::report_problems(&read.problems, 0, Extent::Kinds);
                    return Err(Failure::Message(format!("{name}: no log was read, so there is nothing to compare")));
                }
                if of.is_none() && !is_by_hour {
                    by_host.push(Counted::of(settled, Some(Dimension::Host), false));
                }
                without_time = settled.totals.dropped.by_part[Part::NoTime as usize];
                let mut counted = Counted::of(settled, of, is_by_hour);
                if args.split.is_some() {
                    counted.logged.clear();
                }
                let hosts = settled.totals.hosts_with_results;
                let mut notes = comparison::notes(settled, &read.times, split.is_some());
                // If logs are split, each side excludes what is on the other one.
                notes.extend(comparison::left_out(settled).filter(|_| args.split.is_none()));
                let without_time = settled.summary.totals().results_without_time;
                let side = Side { is_partial, files: read.files, hosts, notes, without_time, ..Side::default() };
                // Logs that are split are read twice, but have each problem once.
                if args.split.is_none() || outcome.files == 0 {
                    outcome.files += read.files;
                    outcome.bytes += read.bytes;
                    outcome.copied_bytes += read.copied_bytes;
                }
                outcome.problems.extend(read.problems);
                (counted, side)
            }
        };
        if is_any_saved && !is_by_hour {
            counted.forget_hours();
        }
        (side.name, side.tally, side.hours) = (name, counted.tally, counted.hours);
        described.push(side);
        counts.push(counted);
    }
    outcome.problems.sort();
    outcome.problems.dedup();
    let Ok(mut counts) = <[Counted; 2]>::try_from(counts) else { return Ok(Status::Refused) };
    compare::name_hosts_alike(&mut counts, of);
    let [before, after] = &counts;
    if split.is_some() {
        on_both_sides(&described, without_time, &session)?;
    }
    let mut comparison = compare::compare(before, after);
    comparison.rows.retain(|row| keys.check_key(&row.key, catalogue).is_empty());
    let on_hosts = match <[Counted; 2]>::try_from(by_host) {
        Ok(mut by_host) => {
            compare::name_hosts_alike(&mut by_host, Some(Dimension::Host));
            compare::compare(&by_host[0], &by_host[1]).rows
        }
        Err(_) => Vec::new(),
    };
    let is_named = |row: &Row| {
        row.place.is_some() && row.change < Change::Unchanged && keys.check_key(&row.key, catalogue).is_empty()
    };
    let on_hosts = on_hosts.into_iter().filter(is_named).collect();
    let overlapping = wording::remark(
        comparison.overlapping,
        "host has lines of the same hours before and after, so the same results may be on both sides.",
        "hosts have lines of the same hours before and after, so the same results may be on both sides.",
    );
    let shared = shared.or(overlapping);
    let sides = <[Side; 2]>::try_from(described).unwrap_or_default();
    let compared = Compared {
        sides,
        comparison,
        of,
        shared,
        on_hosts,
        problems: outcome.problems.clone(),
        zone: session.settings.zone,
    };
    let (format, layout) = (Format::from(session.format), session.layout());
    session.write(|output| render::render_comparison(&compared, format, &layout, output))?;
    let files = outcome.files;
    // JSON has these notes, and a table begins with them.
    if matches!(session.format, SummaryFormatArg::Csv) {
        compared.notes().iter().for_each(term::note);
    }
    session.end(&outcome, files)
}

/// Returns the filter, and the time of `--split`. With `--relative-to last`, both are relative to the newest time in the logs, for which
/// they are read once more.
fn filter_and_split(
    args: &CompareArgs,
    session: &mut Session<'_, SummaryFormatArg>,
) -> Result<(Filter, Option<Time>), Failure> {
    let times = &args.read.input.times;
    let Some(split) = args.split else { return Ok((filters::filter(&args.filter, times)?, None)) };
    check_split(&session.settings.inputs)?;
    let zone = times.typed();
    let range = Range { since: args.filter.since, until: args.filter.until };
    let is_relative = split.is_relative() || range.is_relative();
    let mut filter = filters::without_window(&args.filter, times);
    let now = match args.filter.relative_to {
        Some(RelativeToArg::Last) if !is_relative => {
            return Err(Failure::Message(
                "--relative-to last has no effect on fixed times. Use a relative one, such as --split -3h".to_owned(),
            ));
        }
        Some(RelativeToArg::Last) => {
            let newest = read(session, Filter { zone, ..Filter::default() }, None, false)?.summary.totals.newest;
            newest.ok_or_else(|| {
                Failure::Message("--relative-to last: no line about a sign-in has a readable time".to_owned())
            })?
        }
        _ => Time::from_nanoseconds(i64::try_from(Timestamp::now().as_nanosecond()).unwrap_or(i64::MAX)),
    };
    filter.window = range.resolve(now, zone).map_err(Failure::Message)?;
    let split = split.resolve(now, zone).map_err(|reason| Failure::Message(format!("--split: {reason}")))?;
    Ok((filter, Some(split)))
}

/// Fails if logs that are split cannot be read twice.
fn check_split(inputs: &[PathBuf]) -> Result<(), Failure> {
    let is_stream = |input: &&PathBuf| {
        input.as_path() == Path::new(STDIN)
            || input.metadata().is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
    };
    if inputs.iter().any(|input| is_stream(&input)) {
        return Err(Failure::Message(
            "--split reads the logs twice, which is not possible with standard input or a pipe. Save them to a file first"
                .to_owned(),
        ));
    }
    if let Some(saved) = inputs.iter().find(|input| is_summary(input)) {
        let saved = shown(saved);
        return Err(Failure::Message(format!(
            "{saved} is a saved summary, which --split cannot divide. Pass the logs"
        )));
    }
    Ok(())
}

/// Fails if a split leaves all results on one side.
fn on_both_sides(sides: &[Side], without_time: u64, session: &Session<'_, SummaryFormatArg>) -> Result<(), Failure> {
    let [before, after] = sides else { return Ok(()) };
    let (side, place) = match (before.tally.count, after.tally.count) {
        (0, 0) if without_time > 0 => {
            return Err(Failure::Message(format!(
                "--split: {} no readable time, so none is before or after it",
                if without_time == 1 {
                    "the only result has".to_owned()
                } else {
                    format!("all {} results have", wording::grouped(without_time))
                }
            )));
        }
        (1.., 0) => (before, "before"),
        (0, 1..) => (after, "after"),
        _ => return Ok(()),
    };
    let Some((first, last)) = side.tally.first.zip(side.tally.last) else { return Ok(()) };
    let zone = session.settings.zone;
    Err(Failure::Message(format!(
        "--split: all results are {place} it ({}). Choose a time between these, or add --relative-to last so that a relative time counts from the \
         last sign-in in the logs",
        wording::span(zone.of(first), zone.of(last)),
    )))
}

/// Returns the note that both sides have the same files, or `None`.
fn shared(inputs: &[PathBuf]) -> Option<String> {
    let [before, after] = inputs else { return None };
    let [before, after] = [before.canonicalize().ok()?, after.canonicalize().ok()?];
    let note = match (after.starts_with(&before), before.starts_with(&after)) {
        (true, true) => "Both sides are the same, so nothing can differ.",
        (true, false) => "What is after is a part of what is before, so its results are on both sides.",
        (false, true) => "What is before is a part of what is after, so its results are on both sides.",
        (false, false) => return None,
    };
    Some(note.to_owned())
}

/// Reads the logs of one side.
fn read(
    session: &mut Session<'_, SummaryFormatArg>,
    filter: Filter,
    of: Option<Dimension>,
    is_by_hour: bool,
) -> Result<Outcome<callcodes::summary::sign_ins::Settled>, Failure> {
    // Without another dimension, a change on a single host would not show.
    let first = if is_by_hour { Some(Dimension::Hour) } else { of.or(Some(Dimension::Host)) };
    let options = Options {
        by: first.into_iter().chain([Dimension::Code]).collect(),
        filter,
        host_from: session.settings.host_from.clone(),
        near_misses: Sought::No,
        zone: session.settings.zone,
        with_cells: !is_by_hour,
        with_history: true,
        ..Options::default()
    };
    session.read(|walk, settings, _| {
        sign_ins::count(walk, &settings.set, settings.catalogue(), &settings.options, options)
    })
}

/// Returns the name and the input of both sides.
fn sides(
    args: &CompareArgs,
    split: Option<Time>,
    inputs: &[PathBuf],
    filter: &Filter,
    of: Option<Dimension>,
    catalogue: &Catalogue,
) -> Result<[(String, Input); 2], Failure> {
    if let Some(split) = split {
        let zone = args.read.input.times.typed();
        let last = Time::from_nanoseconds(split.nanoseconds().saturating_sub(1));
        let (since, until) = (filter.window.since(), filter.window.until());
        let earliest = |one: Option<Time>, other| Some(one.map_or(other, |one: Time| one.min(other)));
        let latest = |one: Option<Time>, other| Some(one.map_or(other, |one: Time| one.max(other)));
        let window = |since, until| {
            let error = |_| Failure::Message("--split is not between --since and --until".to_owned());
            Window::new(since, until, zone).map_err(error)
        };
        let display = args.read.input.times.display();
        let time = wording::moment(display.of(split));
        let logs = |window| Input::Logs(inputs.to_vec(), window);
        return Ok([
            (format!("until {time}"), logs(window(since, earliest(until, last))?)),
            (format!("from {time}"), logs(window(latest(since, split), until)?)),
        ]);
    }
    let [before, after] = inputs else {
        return Err(Failure::Message(
            "compare needs two inputs, BEFORE and AFTER, or --split WHEN and the logs. To compare several folders, put them into one"
                .to_owned(),
        ));
    };
    if before == after && before.as_path() == Path::new(STDIN) {
        return Err(Failure::Message("BEFORE and AFTER cannot both be standard input".to_owned()));
    }
    let side = |path: &PathBuf| {
        let Some(saved) = saved(path, of, catalogue)? else {
            return Ok((shown(path), Input::Logs(vec![path.clone()], filter.window)));
        };
        let without_keys = Filter { relative_to: RelativeTo::Nothing, ..filter.clone() };
        if !without_keys.is_empty() || matches!(filter.relative_to, RelativeTo::Newest(_)) {
            return Err(Failure::Message(format!(
                "{} is a saved summary, which can be filtered only by --code, --group and --channel. Pass the logs",
                shown(path)
            )));
        }
        Ok((shown(path), Input::Saved(Box::new(saved))))
    };
    Ok([side(before)?, side(after)?])
}

fn shown(path: &Path) -> String {
    term::shown(&name::shown(path))
}

/// Returns the beginning of a file as text, or `None` if it is no file that can be read.
fn beginning(path: &Path, bytes: u64) -> Option<String> {
    let is_file = path.metadata().is_ok_and(|metadata| metadata.is_file());
    let mut head = Vec::new();
    File::open(path).ok().filter(|_| is_file)?.take(bytes).read_to_end(&mut head).ok()?;
    // Windows PowerShell saves what it redirects as UTF-16 with a byte order mark.
    Some(encoding_rs::UTF_8.decode(&head).0.into_owned())
}

fn is_summary(path: &Path) -> bool {
    beginning(path, HEAD_BYTES as u64).is_some_and(|head| compare::is_saved(&head))
}

/// Reads a saved summary. Returns `None` if the file is something else, such as a log.
fn saved(path: &Path, of: Option<Dimension>, catalogue: &Catalogue) -> Result<Option<Saved>, Failure> {
    if !is_summary(path) {
        return Ok(None);
    }
    let Some(text) = beginning(path, SAVED_BYTES) else { return Ok(None) };
    let is_own = render::is_own_output(text.as_bytes());
    let refused = |reason: String| Err(Failure::Message(format!("{}: {reason}", shown(path))));
    match compare::read(&text, of, catalogue) {
        Ok(saved) => Ok(Some(saved)),
        Err(NotSaved::Damaged(_)) if !is_own => Ok(None),
        Err(NotSaved::Damaged(reason)) => {
            refused(format!("{reason}, so it cannot be compared. Save a summary with `callcodes scan -o FILE.json`"))
        }
        Err(NotSaved::Newer(version)) => refused(format!(
            "a newer version of callcodes wrote this summary (schema {version}). Use that version, or pass the logs"
        )),
        Err(NotSaved::Filtered(excluded)) => refused(format!(
            "filters excluded {} when this summary was saved, so it does not have all results of its logs. {SAVE}",
            wording::counted(excluded, "result")
        )),
        Err(NotSaved::Cut(missing)) => refused(format!(
            "--top, --min or --findings only left out {} when this summary was saved. {SAVE}",
            wording::counted(missing, "result")
        )),
        Err(NotSaved::CountedEach) => refused(format!(
            "this summary was counted with --no-join, so sign-ins that two logs record may have counted twice. {SAVE}"
        )),
        Err(NotSaved::CountedOtherwise) => {
            let of = of.map_or("code", Dimension::name);
            refused(format!(
                "this summary was not counted by {of} and code. Save one with `callcodes scan --by {of},code -o FILE.json`"
            ))
        }
    }
}
