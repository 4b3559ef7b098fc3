//! Selects which files in folders and archives are read.
//!
//! A file or folder that is passed as an argument is always read, as in ripgrep. Of the selection, only [`Content`] applies to
//! it.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::seen::PathMatters;
use super::wildcard::folded;
use crate::problem::{Cause, Kind};

/// The prefix of the name of a temporary file. Output is written to such a file before it gets its final name.
pub const TEMPORARY_PREFIX: &str = ".callcodes-";
/// How many random letters and digits follow [`TEMPORARY_PREFIX`].
const TEMPORARY_RANDOM_LEN: usize = 6;

/// Whether the file at `path` has the name of a temporary file of this program. A run that was killed leaves one behind, and its
/// results would count twice.
pub(super) fn is_temporary(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.and_then(|name| name.strip_prefix(TEMPORARY_PREFIX)).is_some_and(|random| {
        random.len() == TEMPORARY_RANDOM_LEN && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// The selection of files that are read. By default, these are all files that contain text.
///
/// # Examples
///
/// ```
/// use callcodes::source::{Globs, Selection};
///
/// // Logs, but not the old ones, of at most 1 MiB.
/// let globs = Globs::new(["*.log", "!old/"], [])?;
/// let selection = Selection { globs, max_bytes: Some(1 << 20), ..Selection::default() };
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// The paths that are read.
    pub globs: Globs,
    /// The number of folder levels that are read; 1 means only the files directly in the input.
    pub max_depth: Option<usize>,
    /// The largest size in bytes.
    pub max_bytes: Option<u64>,
    /// The earliest time of the last modification.
    pub newer_than: Option<SystemTime>,
    /// The time before which a file must have been modified.
    pub older_than: Option<SystemTime>,
    /// Whether links to folders are followed.
    pub links: Links,
    /// The content that is read.
    pub content: Content,
    /// Counts members whose time of modification is too close to a limit to be sure, because it has no zone. Clones share the
    /// count.
    pub doubts: Doubts,
}

/// Counts the archive members that `--newer-than` or `--older-than` may have selected wrongly, because their time has no zone, as
/// in a zip archive, and is within some hours of the limit.
#[derive(Clone, Debug, Default)]
pub struct Doubts(Arc<AtomicU64>);

impl Doubts {
    /// Returns the number of such members so far.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Whether the zone of a time of modification is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clock {
    /// The time is a definite moment.
    Utc,
    /// The time may be local time in an unknown zone. It is read as UTC.
    Unknown,
}

/// The largest difference between UTC and a local time.
const FARTHEST_ZONE: Duration = Duration::from_secs(14 * 60 * 60);

/// What to do with symbolic links to folders that are found in folders. Links to files are always read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Links {
    /// Skip links to folders.
    #[default]
    Stay,
    /// Read the folders to which links lead, except for folders that contain the link.
    Follow,
}

/// The content that is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Content {
    /// Text, according to [`recognise`](crate::unpack::recognise).
    #[default]
    Text,
    /// Anything, including binary files.
    Any,
}

/// Globs, with the same meaning as in ripgrep:
/// * A glob is matched against the path below the input, or against the name alone if it has no slash.
/// * A glob that begins with `!` excludes files.
/// * If several globs match, the last one decides.
/// * If at least one glob does not exclude, files that match no glob are left out.
///
/// An archive counts as a folder of the same name, which may be followed by `!` as in results: `old.zip/*` and
/// `old.zip!/*` mean the same.
#[derive(Clone, Debug)]
pub struct Globs {
    sensitive: Gitignore,
    /// The globs that ignore letter case, in lower case. They are matched against paths in lower case, because the crate itself
    /// ignores only the case of ASCII letters.
    insensitive: Gitignore,
    /// Whether any glob is matched against more than the name of a file.
    look_at_paths: bool,
}

impl Default for Globs {
    fn default() -> Globs {
        Globs { sensitive: Gitignore::empty(), insensitive: Gitignore::empty(), look_at_paths: false }
    }
}

impl Globs {
    /// Compiles globs that are `sensitive` and `insensitive` to letter case. If both match, the insensitive ones decide, as if
    /// they came later.
    ///
    /// # Errors
    ///
    /// Returns a message for the first glob that is invalid.
    pub fn new<'g>(
        sensitive: impl IntoIterator<Item = &'g str>,
        insensitive: impl IntoIterator<Item = &'g str>,
    ) -> Result<Globs, String> {
        let mut look_at_paths = false;
        let mut build = |globs: &mut dyn Iterator<Item = Cow<'_, str>>| {
            let mut builder = GitignoreBuilder::new("");
            builder.allow_unclosed_class(false);
            for glob in globs {
                look_at_paths |=
                    glob.trim_start_matches('!').trim_start_matches("**/").trim_end_matches('/').contains('/');
                builder.add_line(None, &glob)?;
                if let Some(folders) = with_folders(&glob) {
                    builder.add_line(None, &folders)?;
                }
            }
            builder.build()
        };
        let sensitive = build(&mut sensitive.into_iter().map(with_slashes)).map_err(|error| reason(&error))?;
        let mut folded = insensitive.into_iter().map(|glob| Cow::Owned(folded(&with_slashes(glob))));
        let insensitive = build(&mut folded).map_err(|error| reason(&error))?;
        Ok(Globs { sensitive, insensitive, look_at_paths })
    }

    /// Whether the globs leave out a file or a folder. As in the overrides of the crate, they mean the opposite of the lines of a
    /// `.gitignore`: a match selects, and `!` excludes.
    fn leave_out(&self, below: &Path, is_folder: bool) -> bool {
        if self.is_empty() {
            return false;
        }
        let by_insensitive = if self.insensitive.is_empty() {
            Match::None
        } else {
            self.insensitive.matched(folded(&below.to_string_lossy()), is_folder)
        };
        match by_insensitive.or(self.sensitive.matched(below, is_folder)) {
            Match::Whitelist(_) => true,
            Match::Ignore(_) => false,
            Match::None => !is_folder && self.sensitive.num_ignores() + self.insensitive.num_ignores() > 0,
        }
    }

    /// Whether there are no globs, so that every file is read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sensitive.is_empty() && self.insensitive.is_empty()
    }
}

/// Replaces backslashes with slashes on Windows, where people type them to separate folders. Therefore a backslash cannot
/// escape a character there, but `[*]` can. ripgrep treats it as an escape, so that such a glob finds nothing.
fn with_slashes(glob: &str) -> Cow<'_, str> {
    if cfg!(windows) { Cow::Owned(glob.replace('\\', "/")) } else { Cow::Borrowed(glob) }
}

/// Replaces the `!/` after archives with `/`. Returns `None` if there is none, or if it is in brackets as in `[!/]`.
fn with_folders(glob: &str) -> Option<String> {
    let (sign, rest) = glob.split_at(usize::from(glob.starts_with('!')));
    (rest.contains("!/") && !rest.contains("[!/")).then(|| sign.to_owned() + &rest.replace("!/", "/"))
}

/// Returns the message of an error, without the glob that caused it.
fn reason(error: &ignore::Error) -> String {
    match error {
        ignore::Error::Glob { err, .. } => err.clone(),
        ignore::Error::WithLineNumber { err, .. }
        | ignore::Error::WithPath { err, .. }
        | ignore::Error::WithDepth { err, .. } => reason(err),
        other => other.to_string(),
    }
}

/// The decision of the globs on a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Globbed {
    /// The file is read.
    Read,
    /// No glob matches the file. If it is an archive, some of its members may match.
    Unmatched,
    /// The file, or a folder that contains it, is excluded. If it is an archive, all of its members are excluded, too.
    Excluded,
}

impl Selection {
    /// Returns the decision of the globs on a file at this path below the input. All folders of the path are checked, because the
    /// path may be inside an archive. An excluded folder on disk is never even entered.
    pub(super) fn globbed(&self, below: &Path) -> Globbed {
        if self.globs.is_empty() {
            return Globbed::Read;
        }
        let inside = below.ancestors().take_while(|folder| folder.components().count() > 0);
        let is_excluded = inside.into_iter().any(|folder| self.excludes_folder(folder));
        if is_excluded {
            Globbed::Excluded
        } else if self.globs.leave_out(below, false) {
            Globbed::Unmatched
        } else {
            Globbed::Read
        }
    }

    /// Whether a file can be left out because of its path.
    pub(super) fn chooses_paths(&self) -> bool {
        !self.globs.is_empty() || self.max_depth.is_some()
    }

    /// Whether the globs exclude a folder with everything in it.
    pub(super) fn excludes_folder(&self, below: &Path) -> bool {
        self.globs.leave_out(below, true)
    }

    /// Whether the path of a folder affects which of its files are read.
    pub(super) fn path_matters(&self) -> PathMatters {
        if self.globs.look_at_paths { PathMatters::Yes } else { PathMatters::No }
    }

    /// Returns the reason why a file of this size and time is not read, or `None` if it is read. An unknown size or time is not a
    /// reason.
    pub(super) fn refuses(
        &self,
        size: Option<u64>,
        modified: Option<SystemTime>,
        clock: Clock,
    ) -> Option<(Kind, Cause)> {
        let exceeds = |limit: u64| size.is_some_and(|size| size > limit);
        if self.max_bytes.is_some_and(exceeds) {
            return Some((Kind::TooLarge, Cause::TooLarge));
        }
        let modified = modified?;
        let is_near = |limit: SystemTime| {
            limit.duration_since(modified).unwrap_or_else(|later| later.duration()) <= FARTHEST_ZONE
        };
        if clock == Clock::Unknown && self.newer_than.into_iter().chain(self.older_than).any(is_near) {
            self.doubts.0.fetch_add(1, Ordering::Relaxed);
        }
        if self.newer_than.is_some_and(|time| modified < time) {
            return Some((Kind::OutsideTime, Cause::TooOld));
        }
        if self.older_than.is_some_and(|time| modified >= time) {
            return Some((Kind::OutsideTime, Cause::TooNew));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_mean_the_same_as_in_ripgrep() {
        let cases: [(&[&str], &[&str], &str, bool); 18] = [
            (&[], &[], "a.log", true),
            (&["*.log"], &[], "deep/a.log", true),
            (&["*.log"], &[], "deep/A.LOG", false),
            (&[], &["*.log"], "deep/A.LOG", true),
            (&["!*.log"], &[], "a.log", false),
            (&["!*.log"], &[], "a.txt", true),
            (&["*.log", "!old*"], &[], "old.log", false),
            (&["!old*", "*.log"], &[], "old.log", true),
            (&["/a.log"], &[], "deep/a.log", false),
            (&["deep/*.log"], &[], "deep/a.log", true),
            (&["deep/*.log"], &[], "other/deep/a.log", false),
            (&["**/deep/*.{log,txt}"], &[], "other/deep/a.txt", true),
            (&[], &["*Ü.LOG"], "deep/grün-ü.log", true),
            (&[], &["Größe/*.[K-M]og"], "GRÖSSE/a.LOG", false),
            (&[], &["Größe/*.[K-M]og"], "grÖße/a.LOG", true),
            (&["*.log"], &["!OLD*"], "old.log", false),
            (&["!old*"], &["OLD*"], "old.log", true),
            (&["*.log"], &["*.TXT"], "a.csv", false),
        ];
        for (sensitive, insensitive, path, read) in cases {
            let globs = Globs::new(sensitive.iter().copied(), insensitive.iter().copied()).unwrap();
            let selection = Selection { globs, ..Selection::default() };
            assert_eq!(
                selection.globbed(Path::new(path)) == Globbed::Read,
                read,
                "{sensitive:?} {insensitive:?} {path}"
            );
        }
    }

    #[test]
    fn temporary_files_of_this_program_are_recognised_by_name() {
        let named = |name: &str| is_temporary(Path::new(name));
        assert!([".callcodes-a1B2c3", "deep/.callcodes-000000"].iter().all(|name| named(name)));
        let others = [".callcodes-", ".callcodes-a1B2c", ".callcodes-a1B2c3d", ".callcodes-a1B2c.", "callcodes-a1B2c3"];
        assert!(!others.iter().any(|name| named(name)));
    }

    #[cfg(windows)]
    #[test]
    fn backslashes_separate_folders() {
        let globs = Globs::new([r"deep\*.log"], []).unwrap();
        let selection = Selection { globs, ..Selection::default() };
        assert_eq!(selection.globbed(Path::new(r"deep\a.log")), Globbed::Read);
        assert_eq!(selection.globbed(Path::new(r"other\deep\a.log")), Globbed::Unmatched);
    }

    #[test]
    fn a_folder_is_left_out_only_if_excluded() {
        let globs = Globs::new(["*.log", "!old"], []).unwrap();
        let selection = Selection { globs, ..Selection::default() };
        assert!(selection.excludes_folder(Path::new("deep/old")));
        assert!(!selection.excludes_folder(Path::new("deep")));
    }

    #[test]
    fn an_invalid_glob_is_reported() {
        let reason = |glob| Globs::new([glob], []).unwrap_err();
        assert_eq!(reason("[a"), "unclosed character class; missing ']'");
        assert_eq!(reason("{a,b"), "unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)");
    }
}
