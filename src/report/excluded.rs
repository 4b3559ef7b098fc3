//! Reports what the filters of a run excluded, and which of them did.

use super::wording::{self, counted, moment};
use crate::filter::{Part, RelativeTo};
use crate::summary::sign_ins::SignInTotals;

/// How the lines begin that take the place of the rows if the filters excluded everything.
pub(super) const ALL: &str = "No results are left: ";

/// Returns the options that excluded results, each with the number of results.
fn options(sign_ins: &SignInTotals) -> Vec<(&'static str, u64)> {
    let mut options: Vec<(&str, u64)> = Vec::new();
    for (part, count) in sign_ins.dropped.parts() {
        let option = wording::option(part);
        match options.last_mut() {
            // A result outside the window, and one without a time.
            Some((last, sum)) if *last == option => *sum += count,
            _ => options.push((option, count)),
        }
    }
    options
}

/// Returns the note on what was excluded.
pub(super) fn remark(sign_ins: &SignInTotals) -> Option<String> {
    let results = sign_ins.dropped.results;
    let options: Vec<&str> = options(sign_ins).into_iter().map(|(option, _)| option).collect();
    let is = if results == 1 { "is" } else { "are" };
    (results > 0).then(|| format!("{} {is} excluded by {}.", counted(results, "result"), options.join(" and ")))
}

/// Returns the note on a window that is relative to the newest time in the logs.
#[must_use]
pub fn window(sign_ins: &SignInTotals) -> Option<String> {
    let SignInTotals { window, relative_to: RelativeTo::Newest(_), newest, .. } = *sign_ins else { return None };
    let newest = moment(newest?);
    let from = window.since().map_or(String::new(), |since| format!(" from {}", moment(since)));
    let to = window.until().map_or(String::new(), |until| format!(" to {}", moment(until)));
    Some(format!("The window is{from}{to}, relative to the newest time in the logs, {newest}."))
}

/// Returns the notes of a report whose rows are not results.
pub(super) fn notes(sign_ins: &SignInTotals) -> impl Iterator<Item = String> {
    remark(sign_ins).into_iter().chain(window(sign_ins))
}

/// Returns the lines that take the place of the rows if everything was excluded: which option did that, and the times.
pub(super) fn all(sign_ins: &SignInTotals) -> Vec<String> {
    let dropped = &sign_ins.dropped;
    let options = options(sign_ins);
    let alone: Vec<&str> =
        options.iter().filter(|(_, count)| *count == dropped.results).map(|(option, _)| *option).collect();
    let (names, verb) = match alone.first() {
        Some(one) => ((*one).to_owned(), "excludes"),
        None => (options.iter().map(|(option, _)| *option).collect::<Vec<_>>().join(" and "), "together exclude"),
    };
    let mut lines = vec![format!("{ALL}{names} {verb} all {}.", counted(dropped.results, "result"))];
    if names == wording::option(Part::Host) && sign_ins.hosts == 0 {
        lines.push("Nothing in these logs tells hosts apart: see callcodes help sign-ins.".to_owned());
    }
    if let (Some(first), Some(last)) = (sign_ins.span.first, sign_ins.span.last)
        && dropped.by_part[Part::Window as usize] > 0
    {
        lines.push(format!("The results are from {} to {}.", moment(first), moment(last)));
        if sign_ins.relative_to == RelativeTo::Now {
            lines.push("To count back from the newest time in the logs, add --relative-to last.".to_owned());
        }
    }
    lines.extend(window(sign_ins));
    lines
}
