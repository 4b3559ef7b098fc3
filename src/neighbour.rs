//! Suggests an existing path in place of one that does not exist, for messages such as "did you mean …?".
//!
//! This is used only for paths that a user has typed, because it lists folders.

use std::cmp::Reverse;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::name;
use crate::problem::Cause;

/// The most names of a folder that are compared. In a larger folder, the nearest of these is a good enough guess.
const NAMES_LIMIT: usize = 10_000;

/// Returns the existing path that is most similar to `path`, which does not exist. Starts in the deepest folder of `path` that
/// exists, takes the entry with the most similar name, and continues from there. Returns `None` if no name is similar.
#[must_use]
pub fn neighbour(path: &Path) -> Option<PathBuf> {
    let is_folder = |folder: &&Path| folder.as_os_str().is_empty() || folder.is_dir();
    let folder = path.ancestors().skip(1).find(is_folder)?;
    let mut missing = path.strip_prefix(folder).ok()?.components();
    let wrong = missing.next()?.as_os_str().to_str()?;
    let listed = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let names =
        fs::read_dir(listed).ok()?.take(NAMES_LIMIT).filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let near = names.filter_map(|name| Some((distance(wrong, &name)?, name)));
    // If several names are equally similar, take the first in alphabetical order, so that the result does not depend on the order in
    // which the system lists them.
    let (_, name) = near.max_by_key(|(distance, name)| (Reverse(*distance), Reverse(name.clone())))?;
    let found = folder.join(name);
    if missing.as_path().as_os_str().is_empty() {
        return Some(found);
    }
    let whole = found.join(missing.as_path());
    let corrected = if whole.exists() { None } else { neighbour(&whole) };
    corrected.or_else(|| whole.ancestors().find(|path| path.exists()).map(Path::to_owned))
}

/// Returns a cause that suggests a similar path, if `path` does not exist and a similar one does. `reason` is the error that reading
/// `path` gave.
#[must_use]
pub fn cause(path: &Path, reason: &io::Error) -> Option<Cause> {
    let near = if reason.kind() == io::ErrorKind::NotFound { neighbour(path) } else { None };
    near.map(|near| Cause::NotFoundBut(name::shown(&near)))
}

/// Returns the number of characters that have to change to turn one name into the other, ignoring case. Returns `None` if that is
/// more than a third of the characters before the extension. A missing extension is not a change, because Windows hides extensions.
fn distance(wrong: &str, name: &str) -> Option<usize> {
    let (wrong, name) = (wrong.to_lowercase(), name.to_lowercase());
    if Path::new(&name).file_stem().is_some_and(|stem| stem == wrong.as_str()) {
        return Some(0);
    }
    let distance = strsim::osa_distance(&wrong, &name);
    let stem = Path::new(&wrong).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    (distance <= stem.chars().count() / 3).then_some(distance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_similar_name_in_the_deepest_folder_that_exists() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["tickets/4711/app.log", "tickets/4711/Host.log", "tickets/0815/other.txt", "own.toml.txt"] {
            let file = folder.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "").unwrap();
        }
        let cases = [
            ("tickest/4711/app.log", Some("tickets/4711/app.log")),
            ("tickets/4711/app.lgo", Some("tickets/4711/app.log")),
            ("tickets/4711/app", Some("tickets/4711/app.log")),
            ("tickets/4711/host.log", Some("tickets/4711/Host.log")),
            ("tickets/4712/host.log", Some("tickets/4711/Host.log")),
            ("tickest/4711/none.at.all", Some("tickets/4711")),
            ("own.toml", Some("own.toml.txt")),
            ("tickets/4711/none.at.all", None),
            ("tickets/4711/abc.log", None),
            ("x/y", None),
        ];
        for (wrong, expected) in cases {
            // On a file system that ignores letter case, the path exists.
            if wrong.ends_with("host.log") && folder.path().join("tickets/4711/host.log").exists() {
                continue;
            }
            let found = neighbour(&folder.path().join(wrong));
            let relative = found.map(|path| path.strip_prefix(folder.path()).unwrap().to_owned());
            assert_eq!(relative, expected.map(PathBuf::from), "{wrong}");
        }
    }
}
