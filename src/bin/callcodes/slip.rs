//! Slips of the command line that look like paths: a command behind its options, a misspelt one, a code without `codes`.
//!
//! Invariant: what exists under its name is never a slip, so that every file can be read.

use std::path::{Path, PathBuf};

use callcodes::catalogue::Query;
use clap::{Command, CommandFactory as _};

use crate::args::Cli;
use crate::status::Failure;

/// Refuses paths that were given without a command if the first does not exist and is likely meant as something else.
pub(crate) fn check(paths: &[PathBuf]) -> Result<(), Failure> {
    match paths.first() {
        Some(first) if is_absent(first) => match first.to_str().and_then(|word| explain(word, Cli::command())) {
            Some(message) => Err(Failure::Message(message)),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

/// Whether there surely is nothing of that name, not even a link that leads nowhere.
fn is_absent(path: &Path) -> bool {
    path.symlink_metadata().is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
}

/// What a word was likely meant as that stands where a path should.
fn explain(word: &str, mut program: Command) -> Option<String> {
    program.build();
    if let Some(command) = program.find_subcommand_mut(word) {
        let usage = command.render_usage().to_string();
        let usage = usage.lines().next().unwrap_or_default().trim_start_matches("Usage: ").to_owned();
        return Some(format!("{word} is a command, and options come behind it: {usage}"));
    }
    if let Ok(Query::Code(_) | Query::Range(_)) = word.parse() {
        return Some(format!("there is no file or folder {word}. To explain a code, use: callcodes codes {word}"));
    }
    let meant = program.get_subcommands().map(Command::get_name).find(|name| is_one_edit_away(word, name))?;
    Some(format!("there is no file or folder {word}. Did you mean the command {meant}?"))
}

/// Whether one character too many, too few or wrong, or two that changed places, make one word of the other. A plural
/// is such an edit too.
fn is_one_edit_away(word: &str, other: &str) -> bool {
    let (word, other): (Vec<char>, Vec<char>) = (word.chars().collect(), other.chars().collect());
    let same_before = word.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let (word, other) = (&word[same_before..], &other[same_before..]);
    match (word, other) {
        ([], []) => false,
        ([_, rest @ ..], _) if rest == other => true,
        (_, [_, rest @ ..]) if rest == word => true,
        ([_, word @ ..], [_, other @ ..]) if word == other => true,
        ([a, b, word @ ..], [c, d, other @ ..]) => a == d && b == c && word == other,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explained(word: &str) -> Option<String> {
        explain(word, Cli::command())
    }

    #[test]
    fn a_command_behind_options_is_told_with_its_usage() {
        let cases = [
            ("lines", "callcodes lines [OPTIONS] [PATH]..."),
            ("files", "callcodes files [OPTIONS] [PATH]..."),
            ("scan", "callcodes scan [OPTIONS] [PATH]..."),
            ("codes", "callcodes codes [OPTIONS] [QUERY]..."),
            ("generate", "callcodes generate [OPTIONS] <WHAT>"),
            ("patterns", "callcodes patterns [OPTIONS]"),
        ];
        for (word, usage) in cases {
            let expected = format!("{word} is a command, and options come behind it: {usage}");
            assert_eq!(explained(word), Some(expected));
        }
    }

    #[test]
    fn numbers_and_ranges_lead_to_codes() {
        let expected = "there is no file or folder 100-110. To explain a code, use: callcodes codes 100-110";
        assert_eq!(explained("100-110").as_deref(), Some(expected));
        assert_eq!(explained("10.log"), None);
    }

    #[test]
    fn a_misspelt_command_is_suggested_and_nothing_further_away() {
        let cases = [
            ("line", Some("lines")),
            ("file", Some("files")),
            ("code", Some("codes")),
            ("pattern", Some("patterns")),
            ("scans", Some("scan")),
            ("sacn", Some("scan")),
            ("lynes", Some("lines")),
            ("lien", None),
            ("scan.log", None),
            ("s", None),
            ("", None),
        ];
        for (word, meant) in cases {
            let expected =
                meant.map(|meant| format!("there is no file or folder {word}. Did you mean the command {meant}?"));
            assert_eq!(explained(word), expected);
        }
    }
}
