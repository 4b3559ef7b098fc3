//! Writes the options and paths of a run as they are typed, so that a command in the output can be pasted.

use std::ffi::{OsStr, OsString};

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, CommandFactory as _};

use crate::args::Cli;

/// The word that stands for input that cannot be named in a command.
pub(crate) const PATH: &str = "PATH";

/// The options of `lines` that decide how it reads and prints, and not which results.
const OUTPUT: [&str; 10] =
    ["threads", "context", "format", "output", "verbose", "color", "no_progress", "stats", "no_join", "finding"];

/// The shells into which a command is pasted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shells {
    /// The shells of Unix.
    Unix,
    /// Both `cmd` and PowerShell.
    Windows,
}

const SHELLS: Shells = if cfg!(windows) { Shells::Windows } else { Shells::Unix };

/// Returns the options and paths of a run of `scan` that `lines` takes too, as they are typed. [`PATH`] stands for the paths if
/// `has_paths` is false, and for everything if a shell cannot express an argument.
pub(crate) fn typed(scan: &ArgMatches, has_paths: bool) -> String {
    let program = Cli::command();
    let Some(lines) = program.find_subcommand("lines") else { return PATH.to_owned() };
    words(scan, lines, has_paths, SHELLS).map_or_else(|| PATH.to_owned(), |words| words.join(" "))
}

fn words(scan: &ArgMatches, command: &Command, has_paths: bool, shells: Shells) -> Option<Vec<String>> {
    let is_given = |arg: &&Arg| {
        let id = arg.get_id();
        let is_known = scan.ids().any(|known| known == id);
        is_known && scan.value_source(id.as_str()) == Some(ValueSource::CommandLine)
    };
    let mut words = Vec::new();
    let mut paths: Vec<&OsStr> = Vec::new();
    for arg in command.get_arguments().filter(|arg| !OUTPUT.contains(&arg.get_id().as_str())).filter(is_given) {
        let values = scan.get_raw(arg.get_id().as_str()).into_iter().flatten();
        match arg.get_long() {
            None => paths = values.collect(),
            Some(long) if arg.get_action().takes_values() => {
                for value in values {
                    words.extend(option(long, value, shells)?);
                }
            }
            Some(long) => words.push(format!("--{long}")),
        }
    }
    if paths.is_empty() || !has_paths {
        words.push(PATH.to_owned());
        return Some(words);
    }
    if paths.iter().any(|path| path.as_encoded_bytes().starts_with(b"-")) {
        words.push("--".to_owned());
    }
    for path in paths {
        words.push(quoted(path, shells)?);
    }
    Some(words)
}

/// Returns an option with its value. A value that begins like an option is part of the same word.
fn option(long: &str, value: &OsStr, shells: Shells) -> Option<Vec<String>> {
    let option = format!("--{long}");
    if value.as_encoded_bytes().starts_with(b"-") || value.is_empty() {
        let mut word = OsString::from(option + "=");
        word.push(value);
        return Some(vec![quoted(&word, shells)?]);
    }
    Some(vec![option, quoted(value, shells)?])
}

/// Returns a word as it is typed, or `None` if the shells read it in different ways, or if it has characters that are not shown.
fn quoted(word: &OsStr, shells: Shells) -> Option<String> {
    let word = word.to_str().filter(|word| !word.chars().any(char::is_control))?;
    let is_mark = |byte: u8| b"-_./:".contains(&byte) || byte == b'\\' && shells == Shells::Windows;
    // PowerShell splits words at commas, and options at dots.
    let is_plain = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || is_mark(byte));
    if is_plain && !word.is_empty() && !word.starts_with('-') {
        return Some(word.to_owned());
    }
    match shells {
        Shells::Unix if !word.contains(['"', '$', '`', '\\', '!']) => Some(format!("\"{word}\"")),
        Shells::Unix => Some(format!("'{}'", word.replace('\'', r"'\''"))),
        Shells::Windows => {
            // `cmd` replaces variables between two `%`, and PowerShell those after `$`. The backslash of a folder such as `C$\`
            // begins no name.
            let has_variable = word.matches('%').count() > 1
                || word.split('$').skip(1).any(|rest| rest.starts_with(|c: char| c != '\\' && c != '/'));
            // PowerShell takes curly quotation marks for straight ones.
            let is_read_alike = !has_variable && !word.contains(['"', '`', '\u{201c}', '\u{201d}', '\u{201e}']);
            // A backslash before a quotation mark is part of it.
            is_read_alike.then(|| format!("\"{}\"", word.trim_end_matches('\\')))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(shells: Shells, arguments: &[&str], has_paths: bool) -> Option<String> {
        let program = Cli::command();
        let lines = program.find_subcommand("lines").unwrap();
        let matches = Cli::command().try_get_matches_from([&["callcodes"], arguments].concat()).unwrap();
        let scan = matches.subcommand_matches("scan").unwrap_or(&matches);
        words(scan, lines, has_paths, shells).map(|words| words.join(" "))
    }

    #[test]
    fn options_that_decide_about_results_are_repeated_and_others_are_not() {
        let arguments = ["scan", "a", "-o", "x.json", "--by", "host", "--top", "3", "-v", "-j2", "--keep-twins", "b c"];
        assert_eq!(on(Shells::Unix, &arguments, true).as_deref(), Some("--keep-twins a \"b c\""));
        let arguments = ["-g", "*.log", "-g", "!x*", "--since", "-3h", "--code", "102,117", "--user", "", "--", "-a"];
        let typed = r#""--since=-3h" --code "102,117" "--user=" --glob "*.log" --glob '!x*' -- "-a""#;
        assert_eq!(on(Shells::Unix, &arguments, true).as_deref(), Some(typed));
        let typed = r#""--since=-3h" --code "102,117" "--user=" --glob "*.log" --glob "!x*" -- "-a""#;
        assert_eq!(on(Shells::Windows, &arguments, true).as_deref(), Some(typed));
        assert_eq!(on(Shells::Unix, &["--tz", "+01:00", "-"], false).as_deref(), Some("--tz \"+01:00\" PATH"));
        assert_eq!(on(Shells::Unix, &[], true).as_deref(), Some("PATH"));
    }

    #[test]
    fn words_are_quoted_for_the_shells_into_which_they_are_pasted() {
        let quoted = |shells, word: &str| quoted(OsStr::new(word), shells);
        for (word, unix, windows) in [
            ("tickets/4711", "tickets/4711", Some("tickets/4711")),
            (r"C:\tickets\4711", r"'C:\tickets\4711'", Some(r"C:\tickets\4711")),
            ("C:\\47 12\\", "'C:\\47 12\\'", Some("\"C:\\47 12\"")),
            (r"\\host\C$\logs", r"'\\host\C$\logs'", Some("\"\\\\host\\C$\\logs\"")),
            ("O'Brien", "\"O'Brien\"", Some("\"O'Brien\"")),
            ("ann@example.com", "\"ann@example.com\"", Some("\"ann@example.com\"")),
            ("$x", "'$x'", None),
            ("%a%", "\"%a%\"", None),
            ("100%", "\"100%\"", Some("\"100%\"")),
            ("say \"x\"", "'say \"x\"'", None),
            ("a`b", "'a`b'", None),
            ("don't $x", r"'don'\''t $x'", None),
            ("", "\"\"", Some("\"\"")),
        ] {
            assert_eq!(quoted(Shells::Unix, word).as_deref(), Some(unix), "{word}");
            assert_eq!(quoted(Shells::Windows, word).as_deref(), windows, "{word}");
        }
        assert_eq!(quoted(Shells::Unix, "a\u{1b}b"), None);
    }
}
