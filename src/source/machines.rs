//! Finds out from the names of sources which machine each is from.
//!
//! People who collect logs from several machines put those of each machine into a folder or an archive of its own, or put the name of
//! the machine before that of the file:
//!
//! ```text
//! ticket/host07/MultiFactorAuthSvc.log         ticket/host07.zip!/MultiFactorAuthSvc.log         ticket/HOST07_MultiFactorAuthSvc.log
//! ticket/host08/MultiFactorAuthSvc.log         ticket/host08.zip!/MultiFactorAuthSvc.log         ticket/HOST08_MultiFactorAuthSvc.log
//! ```
//!
//! The folders of a level tell machines apart if two of them have a file with the same path below them, or else with the same name
//! anywhere below them. The first such level counts. If there is none, the beginnings of file names tell machines apart if two files
//! of a folder differ in nothing else. They are compared only if there are at most 10,000 files. A name without a letter, such as a
//! date, is not that of a machine. If nothing tells machines apart, none is known: a single folder may have any name.

use std::hash::BuildHasher as _;

use foldhash::fast::RandomState;
use foldhash::{HashMap, HashMapExt as _, HashSet};

pub use template::Template;

mod template;

/// How many levels of folders are looked at, and how many ways to divide the name of a file.
const LEVELS_LIMIT: usize = 32;
const WAYS_LIMIT: usize = 8;
/// Beginnings of file names are compared only if there are at most so many files.
const BEGINNINGS_LIMIT: usize = 10_000;
/// Longer names of files have no name of a machine before them, in bytes.
const NAME_LIMIT_BYTES: usize = 512;

/// Returns the machine of each source, or `None` where it is not known. With a template, only that decides.
///
/// # Examples
///
/// ```
/// use callcodes::source::machines;
///
/// let names = ["t/host1/svc.log", "t/host2.zip!/svc.log", "t/host2.zip!/other.log", "t/notes.txt"];
/// assert_eq!(machines::of(&names, None), [Some("host1"), Some("host2"), Some("host2"), None]);
/// assert_eq!(machines::of(&["logs/host1/svc.log"], None), [None]);
/// ```
#[must_use]
pub fn of<'n>(names: &[&'n str], template: Option<&Template>) -> Vec<Option<&'n str>> {
    if let Some(template) = template {
        return template.of(names);
    }
    let depth = names.iter().map(|name| name.matches(is_separator).count()).max().unwrap_or_default();
    let levels = || 0..depth.min(LEVELS_LIMIT);
    let level = levels().find(|&level| are_told_apart(names, level, |path, file| (path, file)));
    let level = level.or_else(|| levels().find(|&level| are_told_apart(names, level, |_, file| ("", file))));
    match level {
        Some(level) => names.iter().map(|name| divided_at(name, level).map(|(machine, ..)| machine)).collect(),
        None if names.len() <= BEGINNINGS_LIMIT => by_beginnings(names),
        None => vec![None; names.len()],
    }
}

/// Divides the name of a source at a level of its folders: into the name of the machine that the folder there may be called after, the
/// path below it, and the file without the name of the machine before it. Returns `None` if there is no such folder.
fn divided_at(name: &str, level: usize) -> Option<(&str, &str, &str)> {
    let mut rest = name;
    for _ in 0..level {
        rest = rest.split_once(is_separator)?.1;
    }
    let (folder, below) = rest.split_once(is_separator)?;
    let (path, file) = below.rsplit_once(is_separator).unwrap_or(("", below));
    let machine = machine(folder)?;
    Some((machine, path, without(machine, file)))
}

/// Returns the name of a file without that of the machine before it, as in `host07/HOST07_Svc.log`.
fn without<'n>(machine: &str, file: &'n str) -> &'n str {
    let start = file.get(..machine.len()).filter(|start| start.eq_ignore_ascii_case(machine));
    let rest = start.map(|start| &file[start.len()..]);
    rest.and_then(|rest| rest.strip_prefix(['_', '-', '.', ' '])).unwrap_or(file)
}

/// Whether two different machines have something in common that one machine has only once: `what` returns it, given the path of a
/// file and its name.
fn are_told_apart(names: &[&str], level: usize, what: for<'n> fn(&'n str, &'n str) -> (&'n str, &'n str)) -> bool {
    // Usually there is one name for all, and nothing to look up.
    let mut machines = names.iter().filter_map(|name| divided_at(name, level)).map(|(machine, ..)| machine);
    let first = machines.next().unwrap_or_default();
    if machines.all(|machine| machine.eq_ignore_ascii_case(first)) {
        return false;
    }
    let hasher = RandomState::default();
    // By the hash of what they have in common, the first name that has it. There may be 100,000 names.
    let mut first_by_rest: HashMap<u64, u32> = HashMap::new();
    for (index, name) in (0..).zip(names) {
        let Some((machine, path, file)) = divided_at(name, level) else { continue };
        let rest = what(path, file);
        let first = *first_by_rest.entry(hasher.hash_one(rest)).or_insert(index);
        let Some((other, path, file)) = divided_at(names[first as usize], level) else { continue };
        if what(path, file) == rest && !other.eq_ignore_ascii_case(machine) {
            return true;
        }
    }
    false
}

/// Returns the machines that the beginnings of file names tell apart.
fn by_beginnings<'n>(names: &[&'n str]) -> Vec<Option<&'n str>> {
    let mut machines_by_rest: HashMap<(&str, &str), HashSet<String>> = HashMap::new();
    for name in names {
        let folder = name.rsplit_once(is_separator).map_or("", |(folder, _)| folder);
        for (machine, rest) in divided(name).filter(|(_, rest)| is_log_name(rest)) {
            machines_by_rest.entry((folder, rest)).or_default().insert(machine.to_lowercase());
        }
    }
    let known: HashSet<String> =
        machines_by_rest.into_values().filter(|machines| machines.len() > 1).flatten().collect();
    let is_known = |machine: &&str| known.contains(&machine.to_lowercase());
    names.iter().map(|name| divided(name).map(|(machine, _)| machine).find(is_known)).collect()
}

/// Returns each way to divide a file name into that of a machine and the rest.
fn divided(name: &str) -> impl Iterator<Item = (&str, &str)> {
    let file = name.rsplit(is_separator).next().filter(|file| file.len() <= NAME_LIMIT_BYTES).unwrap_or_default();
    /// Shorter words after a dot are endings, as in `Svc.log.1`.
    const NAME_LETTERS: usize = 6;
    let ways = file.match_indices(['_', '-', '.', ' ']).map(|(at, by)| (&file[..at], by, &file[at + 1..]));
    let ways = ways.filter(|(_, by, rest)| *by != "." || letters(rest) >= NAME_LETTERS);
    ways.take(WAYS_LIMIT).filter_map(|(name, _, rest)| Some((machine(name)?, rest)))
}

/// Whether the rest of a file name may be that of a log by itself: a date or the number of a rotation is not.
fn is_log_name(rest: &str) -> bool {
    /// `Svc.log` has one before the dot that many letters long; `1.log` and `02.txt` have none.
    const LETTERS: usize = 3;
    // `01_Svc.log` goes on with the number of the machine, as in `host-01_Svc.log`.
    let number = rest.bytes().take_while(u8::is_ascii_digit).count();
    number == 0 && letters(rest) >= LETTERS
}

/// Returns the number of letters before the first dot.
fn letters(name: &str) -> usize {
    name.split('.').next().unwrap_or_default().chars().filter(|character| character.is_alphabetic()).count()
}

/// Whether a character separates the parts of the name of a source.
pub(crate) fn is_separator(character: char) -> bool {
    character == '/' || cfg!(windows) && character == '\\'
}

/// Returns the name of the machine that a folder or an archive may be called after; `None` if that cannot be a machine.
fn machine(folder: &str) -> Option<&str> {
    let name = match folder.strip_suffix('!') {
        None => folder,
        Some(archive) => {
            let name = archive.rsplit_once('.').map_or(archive, |(name, _)| name);
            name.strip_suffix(".tar").unwrap_or(name)
        }
    };
    name.chars().any(char::is_alphabetic).then_some(name)
}

#[cfg(test)]
mod tests {
    fn of<'n>(names: &[&'n str]) -> Vec<Option<&'n str>> {
        super::of(names, None)
    }

    #[test]
    fn folders_and_archives_with_the_same_files_are_machines() {
        let names = ["t/host1/a/svc.log", "t/host2.tar.gz!/a/svc.log", "t/host3/other.log", "t/readme.txt"];
        assert_eq!(of(&names), [Some("host1"), Some("host2"), Some("host3"), None]);
        let names = ["t.zip!/host1/svc.log", "t.zip!/host2/svc.log"];
        assert_eq!(of(&names), [Some("host1"), Some("host2")]);
        let names = ["logs/site/host1/svc.log", "logs/site/host2/svc.log", "logs/else/host3/svc.log"];
        assert_eq!(of(&names), [Some("host1"), Some("host2"), Some("host3")]);
    }

    #[test]
    fn the_same_name_at_another_depth_or_after_that_of_the_machine_is_enough() {
        assert_eq!(of(&["t/host1/svc.log", "t/host2/Logs/svc.log"]), [Some("host1"), Some("host2")]);
        assert_eq!(of(&["t/host1/HOST1_svc.log", "t/host2/HOST2_svc.log"]), [Some("host1"), Some("host2")]);
    }

    #[test]
    fn beginnings_of_file_names_are_machines() {
        let names = ["t/HOST-01_Svc.log", "t/HOST-02_Svc.log", "t/HOST-02_Svc.log.1", "t/HOST-03_Radius.log"];
        assert_eq!(of(&names), [Some("HOST-01"), Some("HOST-02"), Some("HOST-02"), None]);
    }

    #[test]
    fn the_number_of_a_machine_belongs_to_its_name() {
        let names = ["t/mfa-01_Svc.log", "t/mfa-02_Svc.log", "t/rad-01_Svc.log", "t/mfa-01_Radius.log"];
        assert_eq!(of(&names), [Some("mfa-01"), Some("mfa-02"), Some("rad-01"), Some("mfa-01")]);
    }

    #[test]
    fn hostile_names_take_little_time() {
        let deep: Vec<String> = (0..20).map(|index| format!("{}{index}", "a/".repeat(20_000))).collect();
        let long: Vec<String> = (0..20).map(|index| format!("{}{index}", "a_".repeat(20_000))).collect();
        for names in [deep, long] {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            assert_eq!(of(&names).len(), 20);
        }
    }

    #[test]
    fn dates_rotations_and_single_folders_are_not() {
        for names in [
            &["t/2017-02-13/svc.log", "t/2017-02-14/svc.log"][..],
            &["t/svc.log", "t/svc.log.1", "t/svc.log.2"],
            &["t/Svc.log.1", "t/Radius.log.1", "t/Svc.log", "t/Radius.log"],
            &["t/Svc_1.log", "t/Radius_1.log"],
            &["t/Svc_2017-02-14.log", "t/Radius_2017-02-14.log"],
            &["host1/svc.log", "host1/radius.log"],
            &["svc.log"],
            &["stdin"],
            &[""],
            &["logs/svc.log", "logs/old/svc.log"],
            &["t/a/svc.log", "t/A/svc.log"],
        ] {
            assert_eq!(of(names), vec![None; names.len()], "{names:?}");
        }
    }
}
