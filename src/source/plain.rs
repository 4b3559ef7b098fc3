//! Orders names in a folder so that originals come before their copies.
//!
//! If several sources hold the same bytes, only the first one counts and appears in results. Sorted by name, `x (2).log` comes
//! before `x.log`. Therefore an original and its copies trade places until the original comes first. All other names stay where
//! they are. A name that only looks like that of a copy does no harm, because nothing is left out because of its name.

use std::collections::HashMap;
use std::path::Path;

use memchr::{memchr, memmem};

/// Puts `items` into the order in which they are read. Only originals and their copies move.
pub(super) fn sorted<T>(items: Vec<T>, path: impl Fn(&T) -> &Path + Copy) -> Vec<T> {
    let order = first(items.iter().map(|item| path(item).as_os_str().as_encoded_bytes()));
    let Some(order) = order else { return items };
    let mut items: Vec<_> = items.into_iter().map(Some).collect();
    order.into_iter().filter_map(|index| items[index].take()).collect()
}

/// Returns the order in which `paths` are read, as indices, with originals before their copies. Returns `None` if they are
/// already in that order.
pub(super) fn first<'p>(paths: impl Iterator<Item = &'p [u8]> + Clone) -> Option<Vec<usize>> {
    let mut groups: HashMap<String, Vec<(usize, usize, &str)>> = HashMap::new();
    for path in paths.clone().filter(|path| may_be_copy(path)).filter_map(|path| str::from_utf8(path).ok()) {
        let (plain, steps) = original(path);
        if steps > 0 {
            groups.entry(plain).or_default();
        }
    }
    if groups.is_empty() {
        return None;
    }
    let mut order = Vec::new();
    for (index, path) in paths.enumerate() {
        order.push(index);
        let Ok(path) = str::from_utf8(path) else { continue };
        let (plain, steps) = original(path);
        if let Some(group) = groups.get_mut(&plain) {
            group.push((steps, index, path));
        }
    }
    for mut group in groups.into_values() {
        let places: Vec<_> = group.iter().map(|(_, index, _)| *index).collect();
        // If two copies differ in length, the shorter name has the smaller number.
        group.sort_by_key(|(steps, _, path)| (*steps, path.len(), *path));
        places.into_iter().zip(group).for_each(|(place, (_, index, _))| order[place] = index);
    }
    order.iter().enumerate().any(|(place, index)| place != *index).then_some(order)
}

/// A quick check whether a path can be that of a copy. It rules out nearly all paths.
fn may_be_copy(path: &[u8]) -> bool {
    memchr(b'(', path).is_some() || memmem::find(path, b"opy").is_some() || memmem::find(path, b"opie").is_some()
}

/// Returns the path of the original of a file, and how many marks of a copy were removed from the file name to get it.
fn original(path: &str) -> (String, usize) {
    let (folder, name) = path.split_at(path.rfind(['/', '\\']).map_or(0, |at| at + 1));
    let (mut name, mut steps) = (name.to_owned(), 0);
    while let Some(plain) = of_copy(&name) {
        (name, steps) = (plain, steps + 1);
    }
    (folder.to_owned() + &name, steps)
}

/// Removes one mark of a copy from `name`. Returns `None` if it has none.
fn of_copy(name: &str) -> Option<String> {
    // Windows before Vista named copies like this.
    let of = |before: &str, after: &str| {
        let rest = name.strip_prefix(before)?;
        let rest = rest.strip_prefix(" (").and_then(|rest| rest.split_once(')')).map_or(rest, |(_, rest)| rest);
        rest.strip_prefix(after).filter(|rest| !rest.is_empty()).map(str::to_owned)
    };
    of("Copy", " of ").or_else(|| of("Kopie", " von ")).or_else(|| {
        let ends = name.match_indices('.').map(|(at, _)| at).chain([name.len()]);
        ends.into_iter().find_map(|end| {
            let stem = original_stem(&name[..end]).filter(|stem| !stem.is_empty())?;
            Some(stem.to_owned() + &name[end..])
        })
    })
}

/// Removes one mark of a copy from the end of a name without its extension.
fn original_stem(stem: &str) -> Option<&str> {
    let is_number = |text: &str| matches!(text.len(), 1..=3) && text.bytes().all(|byte| byte.is_ascii_digit());
    // Browsers, Explorer and KDE add numbers, and GNOME adds words.
    if let Some((plain, number)) = stem.strip_suffix(')').and_then(|stem| stem.rsplit_once('(')) {
        let is_copy = is_number(number) || number == "copy" || number.ends_with(" copy") || number == "Kopie";
        return is_copy.then(|| plain.trim_end());
    }
    // Explorer and the Finder add these words; the Finder may also add a number.
    let stem = stem.rsplit_once(' ').filter(|(_, number)| is_number(number)).map_or(stem, |(stem, _)| stem);
    [" - Copy", " - Kopie", " copy", " Kopie"].iter().find_map(|suffix| stem.strip_suffix(suffix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_systems_give_to_copies_lead_to_the_original() {
        let copies = [
            "x (2).log",
            "x(1).log",
            "x (002).log",
            "x - Copy.log",
            "x - Copy (2).log",
            "x - Kopie.log",
            "x - Kopie (3).log",
            "Copy of x.log",
            "Copy (2) of x.log",
            "Kopie von x.log",
            "Kopie (2) von x.log",
            "x copy.log",
            "x copy 2.log",
            "x Kopie.log",
            "x Kopie 2.log",
            "x (copy).log",
            "x (another copy).log",
            "x (3rd copy).log",
            "Copy of x (2).log",
        ];
        for copy in copies {
            assert_eq!(original(&format!("t (2)/{copy}")).0, "t (2)/x.log", "{copy}");
        }
        assert_eq!(original("x (1).tar.gz").0, "x.tar.gz");
        assert_eq!(original("x.tar (1).gz").0, "x.tar.gz");
        assert_eq!(original("logs - Copy").0, "logs");
        let others = [
            "x.log",
            "x_1.log",
            "x-1.log",
            "x 2.log",
            "x.log.1",
            "x (2024).log",
            "(2).log",
            "copy.log",
            "Copy of ",
            "x (a).log",
            " copy",
        ];
        for other in others {
            assert_eq!(original(other), (other.to_owned(), 0));
        }
    }

    #[test]
    fn only_an_original_and_its_copies_trade_places() {
        let order = |paths: &[&str]| first(paths.iter().map(|path| path.as_bytes()));
        assert_eq!(order(&["a", "b", "x.log"]), None);
        assert_eq!(order(&["x (2).log", "y.log"]), None);
        assert_eq!(order(&["x.log", "x (2).log"]), None);
        assert_eq!(order(&["a/x (2).log", "b/x.log"]), None);
        assert_eq!(order(&["x (2).log", "x.log"]), Some(vec![1, 0]));
        let paths = ["Copy of x.log", "a.log", "x (10).log", "x (2) - Copy.log", "x (2).log", "x.log", "z.log"];
        let read: Vec<_> = order(&paths).unwrap().into_iter().map(|index| paths[index]).collect();
        assert_eq!(read, ["x.log", "a.log", "x (2).log", "x (10).log", "Copy of x.log", "x (2) - Copy.log", "z.log"]);
    }
}
