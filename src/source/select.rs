//! Which of the files that are met in folders are read. What is named as an input is read whatever this says, as with
//! ripgrep; only [`Content`] holds for it too.

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

/// How the name of a file begins that a result is collected in before it gets its own name.
pub const TEMPORARY_PREFIX: &str = ".callcodes-";
/// How many letters and digits follow.
const TEMPORARY_RANDOM_LEN: usize = 6;

/// Whether a result was collected in it. One that was killed leaves such a file, and its results would count twice.
pub(super) fn is_temporary(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.and_then(|name| name.strip_prefix(TEMPORARY_PREFIX)).is_some_and(|random| {
        random.len() == TEMPORARY_RANDOM_LEN && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// Which files are read; by default every one that holds text.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// By path.
    pub globs: Globs,
    /// How many folders deep: 1 is what lies in the input itself.
    pub max_depth: Option<usize>,
    /// The largest size, in bytes.
    pub max_bytes: Option<u64>,
    /// Modified at this time or later.
    pub newer_than: Option<SystemTime>,
    /// Modified before this time.
    pub older_than: Option<SystemTime>,
    /// Whether links to folders are gone through.
    pub links: Links,
    /// By what they hold.
    pub content: Content,
    /// Of how many members the time, being local, might decide otherwise. Clones count together.
    pub doubts: Doubts,
}

/// How many members of archives were chosen or left out by a time that may mean another moment.
#[derive(Clone, Debug, Default)]
pub struct Doubts(Arc<AtomicU64>);

impl Doubts {
    /// How many until now.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Whose clock a time of modification is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clock {
    /// It is a moment.
    Utc,
    /// It may be the local time of a zone that nobody knows, and is read as UTC.
    Unknown,
}

/// How far the local times of the earth are from UTC at most.
const FARTHEST_ZONE: Duration = Duration::from_secs(14 * 60 * 60);

/// What happens to symbolic links to folders that are met in folders. Those to files are always read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Links {
    /// They are skipped.
    #[default]
    Stay,
    /// What they lead to is read, unless that is where they lie.
    Follow,
}

/// What a file has to hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Content {
    /// Text, by the rule of [`recognise`](crate::unpack::recognise).
    #[default]
    Text,
    /// Anything.
    Any,
}

/// Globs with ripgrep's meaning: matched against the path below the input, or the name alone if they have no slash; `!`
/// excludes; the last that matches decides; with any that does not exclude, files that match none are left out. An archive
/// is a folder of its name, which may be followed by `!` as in results: `old.zip/*` and `old.zip!/*` mean the same.
#[derive(Clone, Debug)]
pub struct Globs {
    sensitive: Gitignore,
    /// In lower case, as are the paths that they are matched against: the crate's own rule knows only the case of ASCII.
    insensitive: Gitignore,
    /// Whether any of them looks at more than a name.
    look_at_paths: bool,
}

impl Default for Globs {
    fn default() -> Globs {
        Globs { sensitive: Gitignore::empty(), insensitive: Gitignore::empty(), look_at_paths: false }
    }
}

impl Globs {
    /// `sensitive` to letter case first, then `insensitive`, which decide where both match.
    ///
    /// # Errors
    /// What is wrong with the first one that is no glob.
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

    /// Whether they leave out a file or a folder. As in the crate's own overrides, the meaning of a line in a `.gitignore`
    /// is turned round.
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

    /// Whether there is none, so that every file is read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sensitive.is_empty() && self.insensitive.is_empty()
    }
}

/// On Windows a backslash separates folders in what people type, so there it cannot escape; `[*]` can. ripgrep takes it for
/// an escape and then finds nothing.
fn with_slashes(glob: &str) -> Cow<'_, str> {
    if cfg!(windows) { Cow::Owned(glob.replace('\\', "/")) } else { Cow::Borrowed(glob) }
}

/// A glob that names archives as results do, with the names of folders for them. `[!/]` names none.
fn with_folders(glob: &str) -> Option<String> {
    let (sign, rest) = glob.split_at(usize::from(glob.starts_with('!')));
    (rest.contains("!/") && !rest.contains("[!/")).then(|| sign.to_owned() + &rest.replace("!/", "/"))
}

fn reason(error: &ignore::Error) -> String {
    match error {
        ignore::Error::Glob { err, .. } => err.clone(),
        ignore::Error::WithLineNumber { err, .. }
        | ignore::Error::WithPath { err, .. }
        | ignore::Error::WithDepth { err, .. } => reason(err),
        other => other.to_string(),
    }
}

/// What the globs say of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Globbed {
    /// It is read.
    Read,
    /// It is like none of those that are to be read. An archive may hold files that are.
    Unmatched,
    /// It, or a folder that it lies in, is excluded, and whatever it holds.
    Excluded,
}

impl Selection {
    /// What the globs say of a file, at its path below the input. Of the folders only those inside archives are looked at:
    /// an excluded folder on disk is never entered.
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

    /// Whether a file may be left out for its path.
    pub(super) fn chooses_paths(&self) -> bool {
        !self.globs.is_empty() || self.max_depth.is_some()
    }

    /// Whether the globs leave out a folder with all that is below it.
    pub(super) fn excludes_folder(&self, below: &Path) -> bool {
        self.globs.leave_out(below, true)
    }

    /// Whether a folder's path decides what is read of it.
    pub(super) fn path_matters(&self) -> PathMatters {
        if self.globs.look_at_paths { PathMatters::Yes } else { PathMatters::No }
    }

    /// Why a file is not read: a kind of problem and its particulars. What is not known of it is no reason.
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
    fn globs_mean_what_they_mean_to_ripgrep() {
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
    fn temporary_files_of_this_program_are_known_by_name() {
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
    fn what_is_no_glob_is_told() {
        let reason = |glob| Globs::new([glob], []).unwrap_err();
        assert_eq!(reason("[a"), "unclosed character class; missing ']'");
        assert_eq!(reason("{a,b"), "unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)");
    }
}
