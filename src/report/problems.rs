//! Problems in a few lines for people: one for each kind, or one for each problem where the paths are asked for.
//!
//! JSON has all of them. Here a folder with thousands of pictures must not bury the one log that could not be read, which
//! therefore comes first: kinds are told in the order in which [`Kind`] lists them.

use std::borrow::Cow;
use std::fmt;

use crate::problem::{Cause, Kind, Limit, Problem, Remedy};

use super::sheet::{Cell, Column, Holds};
use super::wording::{counted, grouped, size};

/// How much is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// One line a kind.
    Kinds,
    /// One line a problem.
    All,
}

/// The lines, without line ends. Problems of one kind stay in the order in which they are given. `copied_bytes`: how large
/// the copies are that were not counted, together.
#[must_use]
pub fn lines(problems: &[Problem], copied_bytes: u64, extent: Extent) -> Vec<String> {
    let mut sorted: Vec<&Problem> = problems.iter().collect();
    // Stable.
    sorted.sort_by_key(|problem| problem.kind);
    let kinds = sorted.chunk_by(|one, next| one.kind == next.kind);
    kinds
        .flat_map(|kind| match (extent, kind) {
            (Extent::Kinds, [first, _, ..]) => vec![sum(first, kind.len() as u64, copied_bytes)],
            _ => kind.iter().map(ToString::to_string).collect(),
        })
        .collect()
}

/// The fields of a problem, as scripts get it.
pub(super) const WITH_PATH: &[Column] = &[
    Column::for_scripts("path", Holds::Path, "The path of the file or folder."),
    Column::for_scripts("kind", Holds::Text, "The kind of problem: one of the words in `callcodes help output`."),
    Column::for_scripts("detail", Holds::Text, "What happened and what to do about it, as a sentence."),
];

/// The fields of a problem whose path is given elsewhere.
pub(super) const WITHOUT_PATH: &[Column] = WITH_PATH.split_at(1).1;

/// A problem as scripts get it.
pub(super) fn with_path(problem: &Problem) -> Cell<'_> {
    Cell::Record([vec![("path", (&problem.path).into())], parts(problem)].concat())
}

/// The same where its path stands beside it.
pub(super) fn without_path(problem: &Problem) -> Cell<'_> {
    Cell::Record(parts(problem))
}

fn parts(problem: &Problem) -> Vec<(&'static str, Cell<'_>)> {
    vec![("kind", problem.kind.to_string().into()), ("detail", detail(problem).into())]
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", shortened(&self.path), detail(self))
    }
}

/// A path as messages show it: without its middle if it is longer than any that is met but in damaged archives.
fn shortened(path: &str) -> Cow<'_, str> {
    const MOST: usize = 400;
    let len = if path.len() > MOST { path.chars().count() } else { 0 };
    if len <= MOST {
        return path.into();
    }
    let (front, back) = (path.chars().take(MOST / 2), path.chars().skip(len - MOST / 2));
    front.chain(['…']).chain(back).collect::<String>().into()
}

/// What happened and what to do about it, as one sentence without a full stop.
#[must_use]
pub fn detail(problem: &Problem) -> String {
    let mut detail = what(&problem.what);
    match problem.delivered {
        None => {}
        Some(0) => detail.push_str("; nothing of it could be read"),
        Some(bytes) => {
            // Nobody knows how long before the fault was found the data were wrong.
            let doubt = if problem.kind == Kind::Damaged { ", and may be wrong too" } else { "" };
            detail.push_str(&format!("; only the whole lines in the {bytes} bytes before were read{doubt}"));
        }
    }
    if let Some(remedy) = problem.remedy {
        // A cause of two clauses is a sentence of its own.
        detail.push_str(if remedy == Remedy::ShowLines { ". " } else { "; " });
        detail.push_str(&worded(remedy));
    }
    detail
}

/// What happened, without what can be done about it.
pub(super) fn what(cause: &Cause) -> String {
    match cause {
        Cause::Told(what) => what.clone(),
        Cause::TooLarge => "skipped, larger than --max-filesize".to_owned(),
        Cause::TooOld => "skipped, last modified before --newer-than".to_owned(),
        Cause::TooNew => "skipped, last modified at or after --older-than".to_owned(),
        Cause::NotFoundBut(near) => format!("no such file or folder; did you mean {near}?"),
        Cause::TooManyPaths(limit) => {
            format!("not gone through again: links lead to it under more than {limit} paths, and -g looks at paths")
        }
    }
}

fn worded(remedy: Remedy) -> Cow<'static, str> {
    Cow::Borrowed(match remedy {
        Remedy::AskAgain => "ask for the file again, copied whole",
        Remedy::Unpack => "unpack it and name the result",
        Remedy::UnpackWithAnother => "unpack it with another program and name the folder",
        Remedy::UnpackOutermost => "unpack the outermost one and name the folder",
        Remedy::UnpackAllParts => "unpack it with 7-Zip, with all parts in one folder, and name the result",
        Remedy::ExportEvents => {
            "export it as text with `wevtutil qe FILE /lf:true /f:text > FILE.txt`, or with Save All Events As in Event Viewer, \
             and name the result"
        }
        Remedy::Decompress => "decompress it and name the result",
        Remedy::DecompressData => "decompress them and name the result",
        Remedy::DecompressWithDictionary => "decompress them with it and name the result",
        Remedy::CutOut => "if they belong to the log, cut them out and name them as a file",
        Remedy::Split(None) => "split it where the encoding changes, and name both parts",
        Remedy::Split(Some(encoding)) => {
            return format!("split it where the encoding changes, or read that part with -E {encoding}").into();
        }
        Remedy::ReadCopy => "read a copy of it, or again when nobody writes to it",
        Remedy::GivePassword => "give its password with --password-file",
        Remedy::AddPassword => "write its password into the password file, in a line of its own",
        Remedy::Raise(Limit::Members) => "--max-members reads more",
        Remedy::Raise(Limit::Unpacked) => "--max-unpacked reads more",
        Remedy::Raise(Limit::Ratio) => "--max-ratio reads more",
        Remedy::Raise(Limit::Nesting) => "--max-nesting reads deeper",
        Remedy::FollowLinks => "-L follows it",
        Remedy::ReadAsMember => "what the archive holds of that is read under its own name",
        Remedy::Name => "name it to read it",
        Remedy::ReadBinary => "--binary reads it",
        Remedy::KeepCopies => "--keep-copies counts it",
        Remedy::DeleteUnfinished => "delete it if no run is writing it",
        Remedy::MoveAway => "delete it or move it elsewhere; what is piped to - is read all the same",
        Remedy::ChangeUser => "run as a user who may read it",
        Remedy::ShortenPath => "a long path can be read from a folder on the way",
        Remedy::ShowLines => "`callcodes lines` shows which pattern takes them for codes",
        Remedy::RunAgain => "run callcodes again to read all of it",
        Remedy::RunAgainForRest => "run callcodes again to read it",
    })
}

/// Several problems of one kind.
fn sum(first: &Problem, count: u64, copied_bytes: u64) -> String {
    let many = grouped(count);
    let with_first = |what: &str| format!("{many} {what}; first: {first} (-v lists all)");
    let skipped = |what: &str| format!("{many} {what}");
    match first.kind {
        Kind::Interrupted => with_first("inputs not read to their end"),
        Kind::Unreadable => with_first("inputs could not be read"),
        Kind::Encrypted => with_first("encrypted archives or files in them could not be read"),
        Kind::Shortened => with_first("files became shorter while they were read"),
        Kind::Damaged => with_first("compressed files or archives are damaged"),
        Kind::Truncated => with_first("compressed files or archives are cut short"),
        Kind::TrailingBytes => with_first("compressed inputs are followed by other bytes"),
        Kind::MixedEncodings => with_first("inputs end in another encoding than they begin in"),
        Kind::OverLimit => with_first("inputs go beyond a limit"),
        Kind::LongLine => with_first("inputs have very long lines"),
        Kind::TooManyNames => with_first("times too many names"),
        Kind::Empty => skipped("archives without any file in them (-v lists them)"),
        Kind::Binary => format!("{} skipped (--binary reads them, -v lists them)", counted(count, "binary file")),
        Kind::Special => skipped("pipes, sockets or devices in folders skipped (-v lists them)"),
        Kind::Link => skipped("links not followed (-L follows those to folders on disk, -v lists them)"),
        Kind::Loop => skipped("links not followed that lead back to where they lie (-v lists them)"),
        Kind::OwnOutput => {
            skipped("files that callcodes wrote itself skipped; delete them or move them elsewhere (-v lists them)")
        }
        Kind::TooLarge => skipped("files larger than --max-filesize skipped (-v lists them)"),
        Kind::OutsideTime => skipped("files modified outside --newer-than or --older-than skipped (-v lists them)"),
        Kind::ReadAlready => {
            skipped("inputs skipped that were read already under the same or another name (-v lists them)")
        }
        Kind::Copy => {
            let bytes = size(copied_bytes);
            skipped(&format!(
                "copies of files already read, {bytes}, not counted (--keep-copies counts them, -v lists them)"
            ))
        }
        Kind::CopyCounted => with_first("copies of files already read counted"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::problem::Loss;

    #[test]
    fn a_path_of_thousands_of_characters_is_shown_without_its_middle() {
        let told = |path: &str| Problem::new(path, Kind::Unreadable, "gone").to_string();
        let (front, back) = ("é".repeat(200), "f".repeat(200));
        assert_eq!(told(&format!("{front}{back}")), format!("{front}{back}: gone"));
        let path = format!("{front}{}{back}", "x".repeat(4000));
        assert_eq!(told(&path), format!("{front}…{back}: gone"));
        assert_eq!(lines(&[Problem::new(path, Kind::Unreadable, "gone")], 0, Extent::Kinds)[0].chars().count(), 407);
    }

    #[test]
    fn a_loss_says_how_much_was_read_before_it() {
        let told = |kind, delivered| {
            let loss = Loss { kind, what: "the gzip data break off".to_owned(), delivered, remedy: Remedy::AskAgain };
            detail(&loss.of_input("a.gz"))
        };
        let ask = "ask for the file again, copied whole";
        assert_eq!(told(Kind::Truncated, None), format!("the gzip data break off; {ask}"));
        let nothing = format!("the gzip data break off; nothing of it could be read; {ask}");
        assert_eq!(told(Kind::Damaged, Some(0)), nothing);
        let before = "the gzip data break off; only the whole lines in the 7 bytes before were read";
        assert_eq!(told(Kind::Truncated, Some(7)), format!("{before}; {ask}"));
        assert_eq!(told(Kind::Damaged, Some(7)), format!("{before}, and may be wrong too; {ask}"));
    }

    #[test]
    fn what_users_chose_is_called_by_the_flag_with_which_they_did() {
        let cases = [
            (Cause::TooLarge, "skipped, larger than --max-filesize"),
            (Cause::TooOld, "skipped, last modified before --newer-than"),
            (Cause::TooNew, "skipped, last modified at or after --older-than"),
        ];
        for (cause, what) in cases {
            assert_eq!(detail(&Problem::new("x", Kind::OutsideTime, cause)), what);
        }
    }

    fn problem(path: &str, kind: Kind, what: &str, remedy: Option<Remedy>) -> Problem {
        Problem { remedy, ..Problem::new(path, kind, what) }
    }

    #[test]
    fn one_of_a_kind_is_told_whole_and_several_are_counted() {
        let picture = "skipped, a binary file (PNG picture)";
        let problems = [
            problem("a.png", Kind::Binary, picture, Some(Remedy::ReadBinary)),
            problem("x", Kind::Unreadable, "no such file or folder", None),
            problem("pipe", Kind::Special, "skipped, a pipe", Some(Remedy::Name)),
            problem("b.png", Kind::Binary, picture, Some(Remedy::ReadBinary)),
            problem("z.zip!/a.log", Kind::Encrypted, "it is encrypted", Some(Remedy::GivePassword)),
            problem("z.zip!/b.log", Kind::Encrypted, "it is encrypted", Some(Remedy::GivePassword)),
            problem("w", Kind::Unreadable, "permission denied", None),
        ];
        assert_eq!(
            lines(&problems, 0, Extent::Kinds),
            [
                "2 inputs could not be read; first: x: no such file or folder (-v lists all)",
                "2 encrypted archives or files in them could not be read; first: z.zip!/a.log: it is encrypted; give its \
                 password with --password-file (-v lists all)",
                "2 binary files skipped (--binary reads them, -v lists them)",
                "pipe: skipped, a pipe; name it to read it",
            ]
        );
        assert_eq!(
            lines(&problems, 0, Extent::All),
            [
                "x: no such file or folder",
                "w: permission denied",
                "z.zip!/a.log: it is encrypted; give its password with --password-file",
                "z.zip!/b.log: it is encrypted; give its password with --password-file",
                "a.png: skipped, a binary file (PNG picture); --binary reads it",
                "b.png: skipped, a binary file (PNG picture); --binary reads it",
                "pipe: skipped, a pipe; name it to read it",
            ]
        );
        let mixed = ["a", "b"].map(|path| problem(path, Kind::MixedEncodings, "it ends in UTF-16LE; split it", None));
        assert_eq!(
            lines(&mixed, 0, Extent::Kinds),
            [
                "2 inputs end in another encoding than they begin in; first: a: it ends in UTF-16LE; split it (-v lists all)"
            ]
        );
        assert_eq!(lines(&[], 0, Extent::Kinds), Vec::<String>::new());
    }
}
