//! Expands wildcards in paths, for systems on which the shell does not do this.
//!
//! `*` stands for any part of a name and `?` for one character, in every part of the path and in any letter case. As everywhere
//! on Windows, `.*` at the end also matches names without an extension, so that `*.*` matches all names. Nothing else is
//! special: names on Windows may contain brackets and braces, but neither `*` nor `?`.
//!
//! There are crates that expand all arguments of a program. They would also expand regexes and globs that are meant for this
//! program.

use std::fs;
use std::path::{Component, Path, PathBuf};

use regex::Regex;

/// Returns the paths that `path` stands for, sorted by name. If it has no wildcard, or nothing matches, returns `path` itself:
/// opening it then reports that it does not exist.
#[must_use]
pub fn expand(path: &Path) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::new()];
    let (mut any, mut is_listed) = (false, false);
    for component in path.components() {
        let wildcard = match component {
            Component::Normal(name) => name.to_str().filter(|name| name.contains(['*', '?'])),
            _ => None,
        };
        match wildcard {
            None => {
                is_listed = false;
                found.iter_mut().for_each(|found| found.push(component));
            }
            Some(wildcard) => {
                (any, is_listed) = (true, true);
                found = found.iter().flat_map(|folder| matching(folder, wildcard)).collect();
            }
        }
    }
    // A part after a wildcard need not exist in each folder, as in `*\logs`. If the last part has a wildcard, the names
    // were listed and do exist; asking Windows again would open each file.
    if any && !is_listed {
        found.retain(|path| path.symlink_metadata().is_ok());
    }
    if !any || found.is_empty() { vec![path.to_owned()] } else { found }
}

/// Returns the entries of a folder that match a wildcard, sorted by name.
fn matching(folder: &Path, wildcard: &str) -> Vec<PathBuf> {
    let listed = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let Ok(entries) = fs::read_dir(listed) else { return Vec::new() };
    let Some(wildcard) = compiled(wildcard) else { return Vec::new() };
    let mut names: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.file_name())).collect();
    names.retain(|name| wildcard.is_match(&folded(&name.to_string_lossy())));
    names.sort();
    names.iter().map(|name| folder.join(name)).collect()
}

/// Converts text to lower case, character by character, to compare it in any letter case.
pub(super) fn folded(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

/// Compiles a wildcard into a regex for whole names in lower case. Returns `None` if it is far longer than any name.
fn compiled(wildcard: &str) -> Option<Regex> {
    let regex = regex::escape(&folded(wildcard)).replace(r"\*", ".*").replace(r"\?", ".");
    let (name, ending) = regex.strip_suffix(r"\..*").map_or((&*regex, ""), |name| (name, r"(?:\..*)?"));
    Regex::new(&format!("(?s)^{name}{ending}$")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_match_any_part_and_question_marks_one_character() {
        let cases = [
            ("*.log", "a.log", true),
            ("*.log", "A.LOG", true),
            ("*.log", "a.log.1", false),
            ("*", "", true),
            ("a*b*c", "aXbXbc", true),
            ("a*b*c", "aXbXb", false),
            ("?.log", ".log", false),
            ("???", "äöü", true),
            ("[a].log", "a.log", false),
            ("[a]*", "[a].log", true),
            ("*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false),
            ("*.*", "syslog", true),
            ("*.*", "a.log", true),
            ("sys*.*", "syslog", true),
            ("sys.*", "syslog", false),
            ("*.l*", "syslog", false),
            ("*Ü.LOG", "grün-ü.log", true),
        ];
        for (wildcard, name, expected) in cases {
            assert_eq!(compiled(wildcard).unwrap().is_match(&folded(name)), expected, "{wildcard} {name}");
        }
    }

    #[test]
    fn every_part_of_a_path_may_have_wildcards() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b/x.log", "a/y.log", "a/x.txt", "c/deep/z.log", "top.log"] {
            let file = folder.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "").unwrap();
        }
        let expanded = |wildcard: &str| -> Vec<String> {
            let found = expand(&folder.path().join(wildcard));
            let relative = found.iter().map(|path| path.strip_prefix(folder.path()).unwrap().to_str().unwrap());
            relative.map(|path| path.replace('\\', "/")).collect()
        };
        assert_eq!(expanded("*.log"), ["top.log"]);
        assert_eq!(expanded("*.*"), ["a", "b", "c", "top.log"]);
        assert_eq!(expanded("*/*.*"), ["a/x.txt", "a/y.log", "b/x.log", "c/deep"]);
        assert_eq!(expanded("*/*.log"), ["a/y.log", "b/x.log"]);
        assert_eq!(expanded("*/x.*"), ["a/x.txt", "b/x.log"]);
        assert_eq!(expanded("*/deep"), ["c/deep"]);
        assert_eq!(expanded("*.none"), ["*.none"], "told as missing");
        assert_eq!(expanded("top.log"), ["top.log"]);
        assert_eq!(expanded("missing.log"), ["missing.log"]);
    }
}
