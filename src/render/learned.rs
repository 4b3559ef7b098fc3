//! Writes learned patterns: a pattern file with comments that explain, to people who do not know regexes, what each pattern looks
//! for and what it takes.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::lines::push_result;
use super::patterns::toml_of;
use crate::catalogue::Catalogue;
use crate::hit::Capture;
use crate::pattern::definition::{Definition, ExpectedCode};
use crate::pattern::learn::{DIGITS, Learned, Part};
use crate::pipeline::similar::{Lines, Seen};
use crate::report::wording::{counted, grouped};
use crate::terminal::escaped_line;

/// The start of the output, by which it is recognised.
const HEAD: &str = "# Learned by callcodes from ";
/// The most characters of a line that a comment shows.
const SHOWN_CHARACTERS: usize = 200;
/// The most results that a comment lists.
const SHOWN_RESULTS: usize = 10;
/// The most lines of either sort that a comment lists.
pub const SHOWN_LINES: usize = 3;

/// The comments and the patterns of one proposal.
#[derive(Clone, Copy, Debug)]
pub struct Proposal<'p> {
    /// The patterns.
    pub learned: &'p [Learned],
    /// The number of lines that the user gave.
    pub lines: usize,
    /// The lines without a code that the user gave and that no pattern takes.
    pub left: &'p [String],
    /// What was seen in the files for each pattern, or nothing if there were no files.
    pub seen: &'p [Seen],
    /// The meanings of the codes.
    pub catalogue: &'p Catalogue,
}

/// Whether `text` begins like the output of this module.
pub(super) fn begins(text: &str) -> bool {
    text.starts_with(HEAD)
}

/// Returns the patterns without comments, as they are added to a pattern file.
#[must_use]
pub fn patterns(learned: &[Learned]) -> String {
    learned.iter().map(|one| toml_of(&one.definition)).collect::<Vec<_>>().join("\n")
}

/// Writes a pattern file with comments.
///
/// # Errors
///
/// Returns any error from writing to `out`.
pub fn write(proposal: &Proposal<'_>, out: &mut impl Write) -> io::Result<()> {
    let mut text = String::new();
    let adapted: usize = proposal.learned.iter().map(|one| one.adapted).sum();
    let _ = write!(text, "{HEAD}{}", counted(proposal.lines as u64, "line"));
    if adapted > 0 {
        let _ = write!(text, ", and adapted to {}", counted(adapted as u64, "similar line"));
    }
    text.push_str(".\n");
    if proposal.learned.len() > 1 {
        text.push_str("# The lines have too little in common for one pattern, so there are several.\n");
    }
    if !proposal.left.is_empty() {
        let count = grouped(proposal.left.len() as u64);
        let _ = writeln!(text, "# No result is found in {count} of the lines that you passed without a code:");
        for line in proposal.left.iter().take(SHOWN_LINES) {
            let _ = writeln!(text, "#   {}", shown(line));
        }
    }
    text.push_str(
        "# The examples are your lines. Replace the names and phone numbers in them before you pass the pattern on.\n",
    );
    for (index, learned) in proposal.learned.iter().enumerate() {
        text.push_str(if index > 0 { "\n" } else { "#\n" });
        push_parts(learned, proposal.catalogue, &mut text);
        if let Some(seen) = proposal.seen.get(index) {
            text.push_str("#\n");
            push_seen(seen, proposal.catalogue, &mut text);
        }
        text.push_str(&toml_of(&learned.definition));
    }
    out.write_all(text.as_bytes())
}

/// Appends what a pattern looks for, in words.
fn push_parts(learned: &Learned, catalogue: &Catalogue, text: &mut String) {
    let Definition { name, ignore_case, .. } = &learned.definition;
    let case = if *ignore_case { ", in upper or lower case" } else { "" };
    let _ = writeln!(text, "# `{name}` takes lines that have, in this order{case}:");
    for part in &learned.parts {
        let (what, value) = match part {
            Part::Text(value) => ("this text".to_owned(), value.clone()),
            Part::Value(what, value) => (format!("any {what}"), value.clone()),
            Part::Said(Capture::Code, value) if is_number(value) => {
                let digits = value.len().max(DIGITS);
                ("the code".to_owned(), format!("{value}   (a number of up to {digits} digits)"))
            }
            Part::Said(Capture::Code, value) => ("the code".to_owned(), format!("{value}   (a name or text)")),
            Part::Said(capture, value) => (named(*capture).to_owned(), value.clone()),
            Part::Gap => ("anything".to_owned(), String::new()),
        };
        let _ = writeln!(text, "{}", format!("#   {what:<15}{}", shown(&value)).trim_end());
    }
    if !learned.left_out.is_empty() {
        let words = shown(&learned.left_out.join(" "));
        let _ = writeln!(
            text,
            "# It does not look for these words of your line, because similar lines have others: {words}"
        );
        text.push_str("# If they matter, leave out the logs: `callcodes patterns learn LINE --code CODE`.\n");
    }
    for example in &learned.definition.examples {
        if let ExpectedCode::Written(written) = &example.code
            && catalogue.entry(&catalogue.resolve(written.as_bytes())).is_none()
        {
            let written = shown(written);
            let _ = writeln!(text, "# `{written}` is not in the vendor's list, so it is counted under its own name.");
        }
    }
    let texts =
        learned.parts.iter().filter_map(|part| if let Part::Text(text) = part { Some(text.as_str()) } else { None });
    let words = texts.flat_map(|text| text.split(|one: char| !one.is_alphanumeric()));
    if words.filter(|word| !word.is_empty()).count() < 2 {
        text.push_str(
            "# That is only one word, so it may take numbers that are not codes. Check what it takes in your logs.\n",
        );
    }
}

fn is_number(text: &str) -> bool {
    text.trim_start_matches('-').bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns what a group captures, in words.
fn named(capture: Capture) -> &'static str {
    match capture {
        Capture::Code => "the code",
        Capture::Text => "the text",
        Capture::User => "the user",
        Capture::Outcome => "the outcome",
        Capture::Host => "the host",
        Capture::Address => "the address",
        Capture::Time => "the time",
        Capture::Process => "the process",
        Capture::Thread => "the thread",
    }
}

/// Appends what a pattern takes in the files, and what it leaves out.
fn push_seen(seen: &Seen, catalogue: &Catalogue, text: &mut String) {
    if seen.taken == 0 {
        text.push_str("# It takes no line in these files.\n");
    } else {
        let _ = writeln!(text, "# It takes {} in these files:", counted(seen.taken, "line"));
        let mut results: Vec<_> = seen.results.iter().collect();
        results.sort_by_key(|(key, count)| (std::cmp::Reverse(**count), (*key).clone()));
        for (key, count) in results.iter().take(SHOWN_RESULTS) {
            let mut result = Vec::new();
            push_result(&mut result, catalogue, key);
            let _ = writeln!(text, "#   {:>7}  {}", grouped(**count), shown(&String::from_utf8_lossy(&result)));
        }
        let others = results.iter().skip(SHOWN_RESULTS).map(|(_, count)| **count).sum::<u64>() + seen.other_results;
        if others > 0 {
            let _ = writeln!(text, "#   {:>7}  others", grouped(others));
        }
        push_lines(&seen.first_taken, text);
    }
    if seen.left > 0 {
        let lines = counted(seen.left, "similar line");
        let verb = if seen.left == 1 { "has" } else { "have" };
        let _ = writeln!(text, "# It leaves out {lines}, which {verb} no result yet:");
        push_lines(&seen.first_left, text);
        text.push_str("# To take such a line as well, pass it after the first one, with a --code of its own.\n");
    }
}

fn push_lines(lines: &Lines, text: &mut String) {
    for line in lines.iter().take(SHOWN_LINES) {
        let _ = writeln!(text, "#   {}: {}", shown(&line.path), shown(&line.sample.line));
    }
}

/// Returns the lines of text that compare a pattern with similar lines in logs.
#[must_use]
pub fn comparison(name: &str, seen: &Seen) -> Vec<String> {
    if seen.left == 0 {
        let lines = match seen.taken {
            0 => "takes no line in the logs".to_owned(),
            taken => {
                format!("takes {} in the logs, and there are no similar ones without a result", counted(taken, "line"))
            }
        };
        return vec![format!("pattern `{name}` {lines}")];
    }
    let all = counted(seen.taken + seen.left, "similar line");
    let mut lines =
        vec![format!("pattern `{name}` takes {} of {all}. It leaves out lines such as:", grouped(seen.taken))];
    lines.extend(seen.first_left.iter().map(|line| format!("  {}: {}", shown(&line.path), shown(&line.sample.line))));
    lines.push("  If they have results, pass one of them to `callcodes patterns learn`, with its code".to_owned());
    lines
}

/// Returns the start of a text as it can be shown in a comment.
#[must_use]
pub fn shown(text: &str) -> String {
    let mut start: String = text.chars().take(SHOWN_CHARACTERS).collect();
    if start.len() < text.len() {
        start.push_str("...");
    }
    escaped_line(&start).into_owned()
}
