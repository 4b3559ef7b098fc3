//! Words the notes on results that the options of a run excluded, and on which options excluded them.

use super::wording::{self, counted, grouped, moment, remark as counted_remark};
use crate::filter::{Part, RelativeTo};
use crate::summary::quiet::QUIET_LIMIT;
use crate::summary::sign_ins::{Matched, SignInTotals};

/// The beginning of the lines that replace the rows if the filters excluded everything.
pub(super) const ALL: &str = "No results are left: ";

/// Returns the options that excluded results, each with the number of results that it excluded.
fn options(sign_ins: &SignInTotals) -> Vec<(&'static str, u64)> {
    let mut options: Vec<(&str, u64)> = Vec::new();
    for (part, count) in sign_ins.dropped.parts() {
        let option = wording::option(part);
        match options.last_mut() {
            // An option can exclude results for two reasons: they are outside the window, or they have no time.
            Some((last, sum)) if *last == option => *sum += count,
            _ => options.push((option, count)),
        }
    }
    options
}

/// Returns the options that excluded results.
pub(super) fn names(sign_ins: &SignInTotals) -> Vec<&'static str> {
    options(sign_ins).into_iter().map(|(option, _)| option).collect()
}

/// Returns the note on excluded results, of which there are `results`, or `None` if there are none.
pub(super) fn remark(sign_ins: &SignInTotals, results: u64) -> Option<String> {
    let options = names(sign_ins);
    let is = if results == 1 { "is" } else { "are" };
    (results > 0).then(|| format!("{} {is} excluded by {}.", counted(results, "result"), options.join(" and ")))
}

/// Returns the note on a window that is relative to the newest time in the logs.
#[must_use]
pub fn window(sign_ins: &SignInTotals) -> Option<String> {
    let SignInTotals { window, relative_to: RelativeTo::Newest(_), newest, .. } = *sign_ins else { return None };
    let Some(newest) = newest else {
        return Some("No line about a sign-in has a readable time, so none is inside the window.".to_owned());
    };
    let moment = |time| moment(sign_ins.zone.of(time));
    let newest = moment(newest);
    let from = window.since().map_or(String::new(), |since| format!(" from {}", moment(since)));
    let to = window.until().map_or(String::new(), |until| format!(" to {}", moment(until)));
    Some(format!("The window is{from}{to}, relative to the newest sign-in in the logs, {newest}."))
}

/// Returns the note on files that do not match the template for the names of machines.
#[must_use]
pub fn unmatched(sign_ins: &SignInTotals) -> Option<String> {
    let Matched { files, without_host } = sign_ins.template?;
    if files == 0 {
        let note = "No file matches --host-from, so no path names a host: see callcodes help sign-ins.";
        return Some(note.to_owned());
    }
    counted_remark(
        without_host,
        "file with results does not match --host-from, so its host is not known.",
        "files with results do not match --host-from, so their hosts are not known.",
    )
}

/// Returns the note on results without a known user, which `--user` excludes although they may be about a user that it matches.
#[must_use]
pub fn without_user(sign_ins: &SignInTotals) -> Option<String> {
    counted_remark(
        sign_ins.dropped.by_part[Part::NoUser as usize],
        "result has no known user, so --user excludes it, too.",
        "results have no known user, so --user excludes them, too.",
    )
}

/// Returns the note on results that may be inside the window.
#[must_use]
pub fn without_time(sign_ins: &SignInTotals) -> Option<String> {
    counted_remark(
        sign_ins.dropped.by_part[Part::NoTime as usize],
        "excluded result has no readable time, so it may be inside the window of --since and --until.",
        "excluded results have no readable time, so they may be inside the window of --since and --until.",
    )
}

/// Returns the note on rows for hours or days without results that are left out.
#[must_use]
pub fn quiet_rows(sign_ins: &SignInTotals) -> Option<String> {
    let limit = grouped(QUIET_LIMIT as u64);
    let note = format!("More than {limit} rows would have no results, so hours and days without any are left out.");
    sign_ins.lacks_quiet_rows.then_some(note)
}

/// Returns the notes for a report whose rows are not results. `results` is the number of results that are left, and `left_out`
/// the number of results that were excluded.
pub(super) fn notes(sign_ins: &SignInTotals, results: u64, left_out: u64) -> Vec<String> {
    if results == 0 && left_out > 0 {
        return all(sign_ins, left_out);
    }
    [remark(sign_ins, left_out), without_time(sign_ins), without_user(sign_ins), window(sign_ins)]
        .into_iter()
        .flatten()
        .collect()
}

/// Returns the lines that replace the rows if all `results` were excluded: which options excluded them, and the times of the
/// results.
pub(super) fn all(sign_ins: &SignInTotals, results: u64) -> Vec<String> {
    let dropped = &sign_ins.dropped;
    let options = options(sign_ins);
    let alone: Vec<&str> =
        options.iter().filter(|(_, count)| *count == dropped.results).map(|(option, _)| *option).collect();
    let (names, verb) = match alone.first() {
        Some(one) => ((*one).to_owned(), "excludes"),
        None => (options.iter().map(|(option, _)| *option).collect::<Vec<_>>().join(" and "), "together exclude"),
    };
    let moment = |time| moment(sign_ins.zone.of(time));
    let mut lines = vec![format!("{ALL}{names} {verb} all {}.", counted(results, "result"))];
    if names == wording::option(Part::Code) {
        lines.push("It takes codes and whole names; `callcodes codes WORD` finds them by a word.".to_owned());
    }
    if names == wording::option(Part::Host) && sign_ins.template.is_some() {
        lines.extend(unmatched(sign_ins));
    } else if names == wording::option(Part::Host) && sign_ins.hosts == 0 {
        lines.push("Nothing in these logs tells hosts apart: see callcodes help sign-ins.".to_owned());
    }
    if let (Some(first), Some(last)) = (sign_ins.span.first, sign_ins.span.last)
        && dropped.by_part[Part::Window as usize] > 0
    {
        lines.push(format!("The results are from {} to {}.", moment(first), moment(last)));
        if sign_ins.relative_to == RelativeTo::Now {
            lines.push("To count back from the newest sign-in in the logs, add --relative-to last.".to_owned());
        }
        if let Some(zone) = sign_ins.window_zone {
            let other = if zone.is_utc() { "; --display-tz or --tz changes that" } else { "" };
            lines.push(format!("Times of --since and --until without a zone are in {}{other}.", zone.name()));
        }
    }
    lines.extend([without_time(sign_ins), without_user(sign_ins), window(sign_ins)].into_iter().flatten());
    lines
}
