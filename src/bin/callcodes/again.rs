//! Writes the options and paths of a run as they are typed, so that a command in the output can be pasted.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use callcodes::partial::Passed;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Args as _, Command, CommandFactory as _, Id};

use crate::args::{Cli, InputArgs};

/// The word that stands for input that cannot be named in a command.
pub(crate) const PATH: &str = "PATH";

/// The id of the argument with the paths.
const PATHS: &str = "paths";

/// Returns the values with which an option was passed, or `None` if it was not.
type Given<'g> = &'g dyn Fn(&Arg) -> Option<Vec<OsString>>;

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
    let given = |arg: &Arg| of(scan, arg);
    let paths = scan.get_raw(PATHS).filter(|_| has_paths).into_iter().flatten();
    all_words(&given, &paths.collect::<Vec<_>>())
}

/// Returns the same for a run of `merge`. `passed` are the options about reading with which the partials and the plan were made, and `paths`
/// those of the plan.
pub(crate) fn merged(merge: &ArgMatches, passed: &[Passed], paths: &[PathBuf]) -> String {
    let reading = reading();
    // Partials come from elsewhere, so only what they have of these options is typed.
    let of_passed = |arg: &Arg| {
        let long = arg.get_long().filter(|_| reading.contains(arg.get_id()))?;
        let (_, values) = passed.iter().find(|(name, _)| name == long)?;
        Some(values.iter().map(OsString::from).collect())
    };
    let given = |arg: &Arg| of(merge, arg).or_else(|| of_passed(arg));
    all_words(&given, &paths.iter().map(|path| path.as_os_str()).collect::<Vec<_>>())
}

/// Returns the options about reading that were passed, without those about hosts and shown times, which are options of `merge`.
pub(crate) fn passed(matches: &ArgMatches) -> Vec<Passed> {
    let command = InputArgs::augment_args(Command::new("input"));
    let reading = reading();
    let passed = command.get_arguments().filter(|arg| reading.contains(arg.get_id())).filter_map(|arg| {
        let values = of(matches, arg)?.into_iter().filter(|_| arg.get_action().takes_values());
        let values = values.map(|value| value.into_string().ok()).collect::<Option<_>>()?;
        Some((arg.get_long()?.to_owned(), values))
    });
    passed.collect()
}

/// Returns the options about reading that `merge` does not have.
fn reading() -> Vec<Id> {
    let command = InputArgs::augment_args(Command::new("input"));
    let others = [PATHS, "host_from", "display_tz"];
    let ids = command.get_arguments().map(Arg::get_id).filter(|id| !OUTPUT.contains(&id.as_str()));
    ids.filter(|id| !others.contains(&id.as_str())).cloned().collect()
}

/// Returns the values with which an option was passed on the command line, or `None` if it was not.
fn of(matches: &ArgMatches, arg: &Arg) -> Option<Vec<OsString>> {
    let id = arg.get_id();
    let is_given =
        matches.ids().any(|known| known == id) && matches.value_source(id.as_str()) == Some(ValueSource::CommandLine);
    is_given.then(|| matches.get_raw(id.as_str()).into_iter().flatten().map(OsStr::to_owned).collect())
}

fn all_words(given: Given<'_>, paths: &[&OsStr]) -> String {
    let program = Cli::command();
    let Some(lines) = program.find_subcommand("lines") else { return PATH.to_owned() };
    words(given, paths, lines, SHELLS).map_or_else(|| PATH.to_owned(), |words| words.join(" "))
}

fn words(given: Given<'_>, paths: &[&OsStr], command: &Command, shells: Shells) -> Option<Vec<String>> {
    let mut words = Vec::new();
    for arg in command.get_arguments().filter(|arg| !OUTPUT.contains(&arg.get_id().as_str())) {
        let Some((long, values)) = arg.get_long().zip(given(arg)) else { continue };
        if !arg.get_action().takes_values() {
            words.push(format!("--{long}"));
            continue;
        }
        for value in values {
            words.extend(option(long, &value, shells)?);
        }
    }
    if paths.is_empty() {
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
        let paths = scan.get_raw(PATHS).filter(|_| has_paths).into_iter().flatten();
        words(&|arg| of(scan, arg), &paths.collect::<Vec<_>>(), lines, shells).map(|words| words.join(" "))
    }

    #[test]
    fn a_merge_repeats_only_options_about_reading_of_partials() {
        let passed = |arguments: &[&str]| {
            let matches = Cli::command().try_get_matches_from([&["callcodes"], arguments].concat()).unwrap();
            passed(matches.subcommand().unwrap().1)
        };
        let scan = [
            "scan",
            "--partial",
            "-E",
            "utf-16le",
            "--tz=-05:00",
            "-j2",
            "--binary",
            "--redact-users",
            "k",
            "-o",
            "x",
            "a",
        ];
        let of_scan = passed(&scan);
        let plan = passed(&["plan", "-g", "*.log", "-g", "!x", "--split-bytes", "1M", "a"]);
        let some = |name: &str, values: &[&str]| (name.to_owned(), values.iter().map(|&value| value.into()).collect());
        let expected = [some("binary", &[]), some("encoding", &["utf-16le"]), some("tz", &["-05:00"])];
        assert_eq!(of_scan, expected);
        assert_eq!(plan, [some("glob", &["*.log", "!x"])]);
        let matches =
            Cli::command().try_get_matches_from(["callcodes", "merge", "--top", "3", "--user", "a", "b"]).unwrap();
        // What a partial may have and no run writes.
        let foreign = [some("output", &["x"]), some("no-such", &[]), some("file", &["y"]), some("user", &["b"])];
        let all = [of_scan, plan, foreign.to_vec()].concat();
        let merged = |paths: &[&str]| {
            let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
            merged(matches.subcommand().unwrap().1, &all, &paths)
        };
        let options = if cfg!(windows) { "--glob \"!x\"" } else { "--glob '!x'" };
        let options = format!("--user a --glob \"*.log\" {options} --binary --encoding utf-16le \"--tz=-05:00\"");
        assert_eq!(merged(&[]), format!("{options} PATH"));
        assert_eq!(merged(&["a b", "c"]), format!("{options} \"a b\" c"));
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
