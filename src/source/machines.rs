//! Determines from the names of sources on which machine each was written.
//!
//! People who collect logs from several machines put the logs of each machine into its own folder or archive, or add the name
//! of the machine as a prefix to the file name:
//!
//! ```text
//! ticket/host07/MultiFactorAuthSvc.log         ticket/host07.zip!/MultiFactorAuthSvc.log         ticket/HOST07_MultiFactorAuthSvc.log
//! ticket/host08/MultiFactorAuthSvc.log         ticket/host08.zip!/MultiFactorAuthSvc.log         ticket/HOST08_MultiFactorAuthSvc.log
//! ```
//!
//! The folders of a level distinguish machines if two of them have a file with the same path below them, or else with the same
//! name anywhere below them, because a machine has each file only once. The first such level counts, with one exception:
//! folders of sites may contain folders of machines, and folders of machines may contain folders of parts of a program. Both
//! look alike:
//!
//! ```text
//! eu/host1/svc.log   eu/host2/svc.log   us/host1/svc.log         host1/auth/svc.log   host1/sync/svc.log   host2/auth/svc.log
//! ```
//!
//! Therefore, if all files are in folders of a lower level, and these distinguish machines as well, the level whose names all
//! have a digit counts: machines are numbered, and sites and parts are not. If this does not decide, the lower level counts if
//! none of its names occurs below two folders; otherwise no machine is known. Two folders with the same name below different
//! sites are two machines, whose names then begin with the site: `eu/host1`.
//!
//! If there is no such level, prefixes of file names distinguish machines if two files of a folder differ only in their prefix.
//! They are compared only if there are at most 10,000 files.
//!
//! A name without a letter, such as a date, is not the name of a machine. Neither is a name that consists of the words in
//! `NO_MACHINES` and similar lists, such as `logs`, `old_2`, `2017-jan` or `radius`. If nothing distinguishes machines, none is
//! known, because a single folder may have any name.

use std::hash::BuildHasher as _;

use foldhash::fast::RandomState;
use foldhash::{HashMap, HashMapExt as _, HashSet};
use hashbrown::HashTable;

pub use template::Template;

mod template;

/// How many levels of folders are examined.
const LEVELS_LIMIT: usize = 32;
/// How many ways to divide a file name into the name of a machine and the rest are examined.
const WAYS_LIMIT: usize = 8;
/// The largest number of files for which prefixes of file names are compared.
const BEGINNINGS_LIMIT: usize = 10_000;
/// The length in bytes above which a file name is not searched for the name of a machine.
const NAME_LIMIT_BYTES: usize = 512;

/// Words that describe when a log was written or copied, without a `day` at their end. A folder is not named after a machine if
/// its name consists of such words, numbers, [`MONTHS`] and [`SERVICES`], as `old_2` and `2017-jan` do.
const NO_MACHINES: &[&str] = &[
    "after", "archive", "archives", "backup", "backups", "before", "copy", "current", "day", "log", "logs", "month",
    "new", "old", "previous", "temp", "tmp", "week", "to", "yester", "mon", "tue", "tues", "wed", "wednes", "thu",
    "thurs", "fri", "sat", "satur", "sun",
];
/// The names of the months. They may be shortened to three letters or more and have digits next to them: `14feb2017`.
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
/// The names of services. With a digit, such as `radius2`, they may be the name of a machine.
const SERVICES: &[&str] =
    &["radius", "service", "services", "svc", "sdk", "iis", "ldap", "adfs", "portal", "web", "syslog"];

/// Returns the machine of each source, or `None` where it is not known. If there is a template, it alone decides.
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
    let Some(mut level) = levels().find(|&level| are_told_apart(names, level, Common::File)) else {
        return if names.len() <= BEGINNINGS_LIMIT { by_beginnings(names) } else { vec![None; names.len()] };
    };
    let mut is_strong = are_told_apart(names, level, Common::Path);
    let mut site = None;
    for lower in level + 1..depth.min(LEVELS_LIMIT) {
        match compared(names, level, lower, is_strong) {
            Lower::Counts { is_below_several } => {
                site = is_below_several.then_some(level);
                (level, is_strong) = (lower, true);
            }
            Lower::DoesNotCount => {}
            Lower::IsUndecided => return vec![None; names.len()],
        }
    }
    let machine_of = |name: &&'n str| divided_at(name, level).map(|(machine, ..)| machine);
    let Some(site) = site else { return names.iter().map(machine_of).collect() };
    let several = below_several(names, site, level);
    let with_site = |name: &&'n str| {
        let machine = machine_of(name)?;
        if !several.contains(&machine.to_lowercase()) {
            return Some(machine);
        }
        let (start, end) = (start_of(name, site)?, start_of(name, level)? + machine.len());
        name.get(start..end)
    };
    names.iter().map(with_site).collect()
}

/// Whether the folders of a lower level, rather than those of an upper one, are machines.
enum Lower {
    DoesNotCount,
    /// The folders of the lower level are machines. `is_below_several` is whether some of them have the same name below different
    /// folders of the upper level.
    Counts {
        is_below_several: bool,
    },
    /// The folders of either level may be machines.
    IsUndecided,
}

/// Compares two levels of folders. `is_strong` is whether folders of the upper level have the same path below them, and not
/// only a file with the same name.
fn compared(names: &[&str], upper: usize, lower: usize, is_strong: bool) -> Lower {
    let folders = || names.iter().filter_map(|name| Some((divided_at(name, upper)?.0, divided_at(name, lower))));
    // If a file is in no folder of the lower level, the machines must be folders of the upper level.
    let is_incomplete = is_strong && folders().any(|(_, lower)| lower.is_none());
    if is_incomplete || !are_told_apart(names, lower, Common::Path) {
        return Lower::DoesNotCount;
    }
    let is_numbered = |name: &str| name.contains(|character: char| character.is_ascii_digit());
    let upper_is_numbered = folders().all(|(upper, _)| is_numbered(upper));
    let lower_is_numbered = folders().all(|(_, lower)| lower.is_none_or(|(lower, ..)| is_numbered(lower)));
    let is_below_several = !below_several(names, upper, lower).is_empty();
    match (upper_is_numbered, lower_is_numbered) {
        (true, false) => Lower::DoesNotCount,
        (false, true) => Lower::Counts { is_below_several },
        _ if !is_below_several => Lower::Counts { is_below_several },
        // The upper level explains all differences.
        _ if !are_told_apart(names, lower, Common::PathWithin(upper)) => Lower::DoesNotCount,
        _ => Lower::IsUndecided,
    }
}

/// Returns the names of folders of the lower level, in lower case, that occur below several folders of the upper level.
fn below_several(names: &[&str], upper: usize, lower: usize) -> HashSet<String> {
    let mut upper_by_lower: HashMap<String, &str> = HashMap::new();
    let mut several = HashSet::default();
    for name in names {
        let (Some((upper, ..)), Some((lower, ..))) = (divided_at(name, upper), divided_at(name, lower)) else {
            continue;
        };
        let lower = lower.to_lowercase();
        if !upper_by_lower.entry(lower.clone()).or_insert(upper).eq_ignore_ascii_case(upper) {
            several.insert(lower);
        }
    }
    several
}

/// Returns the position in the name of a source at which its folder of this level begins.
fn start_of(name: &str, level: usize) -> Option<usize> {
    let mut start = 0;
    for _ in 0..level {
        start += name[start..].find(is_separator)? + 1;
    }
    Some(start)
}

/// Divides the name of a source at a level of its folders into the name of the machine after which the folder may be named, the
/// path below the folder, and the file name without the name of the machine as a prefix. Returns `None` if there is no such
/// folder.
fn divided_at(name: &str, level: usize) -> Option<(&str, &str, &str)> {
    let (folder, below) = name[start_of(name, level)?..].split_once(is_separator)?;
    let (path, file) = below.rsplit_once(is_separator).unwrap_or(("", below));
    let machine = machine(folder)?;
    Some((machine, path, without(machine, unpacked(file))))
}

/// Removes the ending of a compressed file from its name, because only one of the machines may have compressed its logs.
fn unpacked(file: &str) -> &str {
    [".gz", ".bz2", ".xz", ".zst"].into_iter().find_map(|ending| file.strip_suffix(ending)).unwrap_or(file)
}

/// Removes the name of the machine as a prefix from a file name, as in `host07/HOST07_Svc.log`.
fn without<'n>(machine: &str, file: &'n str) -> &'n str {
    let start = file.get(..machine.len()).filter(|start| start.eq_ignore_ascii_case(machine));
    let rest = start.map(|start| &file[start.len()..]);
    rest.and_then(|rest| rest.strip_prefix(['_', '-', '.', ' '])).unwrap_or(file)
}

/// Something that two machines may have in common, and that one machine has only once.
#[derive(Clone, Copy)]
enum Common {
    /// A path below their folders.
    Path,
    /// The name of a file anywhere below their folders.
    File,
    /// A path below their folders, and the folder of this level that contains them.
    PathWithin(usize),
}

/// Whether the folders of a level distinguish machines, because two of them have something in common.
fn are_told_apart(names: &[&str], level: usize, common: Common) -> bool {
    // Usually all names are the same, so that nothing needs to be looked up.
    let mut machines = names.iter().filter_map(|name| divided_at(name, level)).map(|(machine, ..)| machine);
    let first = machines.next().unwrap_or_default();
    if machines.all(|machine| machine.eq_ignore_ascii_case(first)) {
        return false;
    }
    let rest_of = |name, path, file| match common {
        Common::Path => ("", path, file),
        Common::File => ("", "", file),
        Common::PathWithin(upper) => (divided_at(name, upper).map_or("", |(folder, ..)| folder), path, file),
    };
    let hasher = RandomState::default();
    let of_index = |index: u32| {
        let (machine, path, file) = divided_at(names[index as usize], level)?;
        Some((machine, rest_of(names[index as usize], path, file)))
    };
    let hash_of = |index: u32| of_index(index).map_or(0, |(_, rest)| hasher.hash_one(rest));
    // The first name with each rest, by its index. There may be 100,000 names.
    let mut firsts: HashTable<u32> = HashTable::new();
    for index in 0..u32::try_from(names.len()).unwrap_or(u32::MAX) {
        let Some((machine, rest)) = of_index(index) else { continue };
        let is_same = |other: &u32| of_index(*other).is_some_and(|(_, other)| other == rest);
        let first = *firsts.entry(hasher.hash_one(rest), is_same, |other| hash_of(*other)).or_insert(index).get();
        if of_index(first).is_some_and(|(other, _)| !other.eq_ignore_ascii_case(machine)) {
            return true;
        }
    }
    false
}

/// Returns the machine of each source according to prefixes of file names that differ in nothing else.
fn by_beginnings<'n>(names: &[&'n str]) -> Vec<Option<&'n str>> {
    let mut machines_by_rest: HashMap<(&str, &str), HashSet<String>> = HashMap::new();
    for name in names {
        let folder = name.rsplit_once(is_separator).map_or("", |(folder, _)| folder);
        for (machine, rest) in divided(unpacked(name)).filter(|(_, rest)| is_log_name(rest)) {
            machines_by_rest.entry((folder, rest)).or_default().insert(machine.to_lowercase());
        }
    }
    let known: HashSet<String> =
        machines_by_rest.into_values().filter(|machines| machines.len() > 1).flatten().collect();
    let is_known = |machine: &&str| known.contains(&machine.to_lowercase());
    names.iter().map(|name| divided(name).map(|(machine, _)| machine).find(is_known)).collect()
}

/// Returns each way to divide the file name of a source into the name of a machine and the rest.
fn divided(name: &str) -> impl Iterator<Item = (&str, &str)> {
    let file = name.rsplit(is_separator).next().filter(|file| file.len() <= NAME_LIMIT_BYTES).unwrap_or_default();
    /// The number of letters below which a word after a dot is an ending, as in `Svc.log.1`.
    const NAME_LETTERS: usize = 6;
    let ways = file.match_indices(['_', '-', '.', ' ']).map(|(at, by)| (&file[..at], by, &file[at + 1..]));
    let ways = ways.filter(|(_, by, rest)| *by != "." || letters(rest) >= NAME_LETTERS);
    ways.take(WAYS_LIMIT).filter_map(|(name, _, rest)| Some((machine(name)?, rest)))
}

/// Returns the parts of the name of a source that may be the name of its machine: folders, archives and prefixes of the file
/// name.
pub(super) fn names_in(name: &str) -> impl Iterator<Item = &str> {
    let folders = name.rsplit_once(is_separator).map_or("", |(folders, _)| folders);
    folders.split(is_separator).filter_map(machine).chain(divided(name).map(|(machine, _)| machine))
}

/// Whether the rest of a file name, without its prefix, may itself be the name of a log. A date or the number of a rotation is
/// not.
fn is_log_name(rest: &str) -> bool {
    /// How many letters the name of a log has at least before the dot. `Svc.log` has enough; `1.log` and `02.txt` do not.
    const LETTERS: usize = 3;
    // In `host-01_Svc.log`, the number after the hyphen is part of the machine's name.
    let number = rest.bytes().take_while(u8::is_ascii_digit).count();
    number == 0 && letters(rest) >= LETTERS
}

/// Returns the number of letters in a name before its first dot.
fn letters(name: &str) -> usize {
    name.split('.').next().unwrap_or_default().chars().filter(|character| character.is_alphabetic()).count()
}

/// Whether a character separates the parts of the name of a source.
pub(crate) fn is_separator(character: char) -> bool {
    character == '/' || cfg!(windows) && character == '\\'
}

/// Returns the name of the machine after which a folder or an archive may be named, or `None` if it cannot be that of a machine.
fn machine(folder: &str) -> Option<&str> {
    let name = match folder.strip_suffix('!') {
        None => folder,
        Some(archive) => {
            let (name, ending) = archive.rsplit_once('.').unwrap_or((archive, ""));
            // A mail is named after its subject.
            if ending.eq_ignore_ascii_case("eml") {
                return None;
            }
            name.strip_suffix(".tar").unwrap_or(name)
        }
    };
    (name.chars().any(char::is_alphabetic) && !is_no_machine(name)).then_some(name)
}

/// Whether a name cannot be that of a machine, because of the words of which it consists.
pub(crate) fn is_no_machine(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let is_digit = |character: char| character.is_ascii_digit();
    let has_digit = name.contains(is_digit);
    let mut words = name.split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_empty());
    words.all(|word| {
        let letters = word.trim_matches(is_digit);
        letters.is_empty()
            || letters.len() >= 3 && MONTHS.iter().any(|month| month.starts_with(letters))
            // The weekdays end in "day".
            || NO_MACHINES.contains(&word.strip_suffix("day").filter(|word| !word.is_empty()).unwrap_or(word))
            || !has_digit && SERVICES.contains(&word)
    })
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
    fn file_names_may_be_at_different_depths_or_after_the_name_of_the_machine() {
        assert_eq!(of(&["t/host1/svc.log", "t/host2/Logs/svc.log"]), [Some("host1"), Some("host2")]);
        assert_eq!(of(&["t/host1/HOST1_svc.log", "t/host2/HOST2_svc.log"]), [Some("host1"), Some("host2")]);
    }

    #[test]
    fn numbered_folders_below_sites_are_machines() {
        let names = ["eu/host1/svc.log", "us/host1/svc.log", "eu/host2/svc.log"];
        assert_eq!(of(&names), [Some("eu/host1"), Some("us/host1"), Some("host2")]);
        let names = ["t/eu.zip!/Host1.zip!/svc.log", "t/us.zip!/host1.zip!/svc.log", "t/eu.zip!/host2/svc.log"];
        assert_eq!(of(&names), [Some("eu.zip!/Host1"), Some("us.zip!/host1"), Some("host2")]);
        let names = ["site1/host1/svc.log", "site1/host2/svc.log", "site2/host3/svc.log"];
        assert_eq!(of(&names), [Some("host1"), Some("host2"), Some("host3")]);
        let names = ["eu/london/a/svc.log", "eu/london/b/svc.log", "us/boston/c/svc.log"];
        assert_eq!(of(&names), [Some("a"), Some("b"), Some("c")], "no name is below two folders");
    }

    #[test]
    fn folders_below_machines_are_not_machines() {
        let names = ["host1/auth/svc.log", "host1/sync/svc.log", "host2/auth/svc.log"];
        assert_eq!(of(&names), [Some("host1"), Some("host1"), Some("host2")]);
        let names = ["a/auth/svc.log", "a/sync/radius.log", "b/auth/svc.log", "b/sync/radius.log"];
        assert_eq!(
            of(&names),
            [Some("a"), Some("a"), Some("b"), Some("b")],
            "the lower folders have nothing in common"
        );
        let names = ["host1/svc.log", "host1/a/svc.log", "host1/b/svc.log", "host2/svc.log"];
        assert_eq!(of(&names), [Some("host1"), Some("host1"), Some("host1"), Some("host2")]);
        let names = ["a/auth/svc.log", "b/auth/svc.log", "b/sync/svc2.log", "b/svc3.log"];
        assert_eq!(of(&names), [Some("a"), Some("b"), Some("b"), Some("b")]);
    }

    #[test]
    fn machines_are_not_known_if_two_levels_are_equally_likely() {
        for names in [
            ["eu/auth/svc.log", "eu/sync/svc.log", "us/auth/svc.log", "us/sync/svc.log"],
            ["ticket1/host1/svc.log", "ticket1/host2/svc.log", "ticket2/host1/svc.log", "ticket2/host2/svc.log"],
        ] {
            assert_eq!(of(&names), [None; 4], "{names:?}");
        }
    }

    #[test]
    fn folders_of_times_and_services_are_not_machines() {
        for names in [
            ["t/january/svc.log", "t/february/svc.log"],
            ["t/2017-jan/svc.log", "t/2017-feb/svc.log"],
            ["t/14feb2017/svc.log", "t/15feb2017/svc.log"],
            ["t/Monday/svc.log", "t/tue/svc.log"],
            ["t/today/svc.log", "t/YESTERDAY/svc.log"],
            ["t/wednesday_2/svc.log", "t/Sept/svc.log"],
            ["t/before/svc.log", "t/after/svc.log"],
            ["t/logs/svc.log", "t/old logs_2/svc.log"],
            ["t/backup/svc.log", "t/host1/svc.log"],
            ["t/backup.zip!/svc.log", "t/temp.zip!/svc.log"],
            ["t/no call.eml!/text.txt", "t/busy.EML!/text.txt"],
            ["t/radius/x.log", "t/service/x.log"],
            ["t/radius/x.log", "t/host1/x.log"],
            ["t/old_Svc.log", "t/new_Svc.log"],
            ["t/Radius_Svc.log", "t/Service_Svc.log"],
        ] {
            assert_eq!(of(&names), [None, None], "{names:?}");
        }
        assert_eq!(of(&["t/radius1/x.log", "t/radius-02/x.log"]), [Some("radius1"), Some("radius-02")]);
        let names = ["t/monday/host1/svc.log", "t/monday/host2/svc.log", "t/friday/host1/svc.log"];
        assert_eq!(of(&names), [Some("host1"), Some("host2"), Some("host1")]);
        let names = ["host1/radius/x.log", "host1/service/x.log", "host2/radius/x.log"];
        assert_eq!(of(&names), [Some("host1"), Some("host1"), Some("host2")]);
    }

    #[test]
    fn only_one_of_the_machines_may_have_compressed_its_logs() {
        assert_eq!(of(&["t/host1/svc.log", "t/host2/svc.log.gz"]), [Some("host1"), Some("host2")]);
        assert_eq!(of(&["t/HOST1_Service.log", "t/HOST2_Service.log.gz"]), [Some("HOST1"), Some("HOST2")]);
    }

    #[test]
    fn prefixes_of_file_names_are_machines() {
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
    fn dates_rotations_and_single_folders_are_not_machines() {
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
