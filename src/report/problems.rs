//! Words problems for people: one line for each kind, or one for each problem with `-v`.
//!
//! JSON lists every problem. On standard error, a folder with thousands of pictures must not bury the one log that could not be
//! read. Kinds are therefore reported in the order in which [`Kind`] lists them, losses first.

use std::borrow::Cow;
use std::fmt;

use crate::problem::{Cause, Kind, Limit, Problem, Remedy};

use super::sheet::{Cell, Column, Holds};
use super::wording::{counted, grouped, size};

/// How problems are listed on standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// One line for each kind.
    Kinds,
    /// One line for each problem.
    All,
}

/// Returns the lines, without line ends. Problems of one kind keep their order. `copied_bytes` is the total size of the copies
/// that were not counted.
#[must_use]
pub fn lines(problems: &[Problem], copied_bytes: u64, extent: Extent) -> Vec<String> {
    let mut sorted: Vec<&Problem> = problems.iter().collect();
    // The sort is stable.
    sorted.sort_by_key(|problem| problem.kind);
    let kinds = sorted.chunk_by(|one, next| one.kind == next.kind);
    kinds
        .flat_map(|kind| match (extent, kind) {
            (Extent::Kinds, [first, _, ..]) => vec![sum(first, kind, copied_bytes)],
            _ => kind.iter().map(ToString::to_string).collect(),
        })
        .collect()
}

/// The fields of a problem in JSON, including its path.
pub(super) const WITH_PATH: &[Column] = &[
    Column::for_scripts("path", Holds::Path, "The path of the file or folder."),
    Column::for_scripts("kind", Holds::Text, "The kind of problem: one of the words in `callcodes help output`."),
    Column::for_scripts("detail", Holds::Text, "What happened and what to do about it, as a sentence."),
];

/// The fields of a problem in JSON without its path, for rows that already have the path as a field.
pub(super) const WITHOUT_PATH: &[Column] = WITH_PATH.split_at(1).1;

/// Returns the record of a problem for scripts, with the fields [`WITH_PATH`].
pub(super) fn with_path(problem: &Problem) -> Cell<'_> {
    Cell::Record([vec![("path", (&problem.path).into())], parts(problem)].concat())
}

/// Returns the record of a problem for scripts, with the fields [`WITHOUT_PATH`].
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

/// Returns a path as messages show it. The middle of a path of more than 400 characters, which only damaged archives have, is
/// left out.
fn shortened(path: &str) -> Cow<'_, str> {
    const MOST: usize = 400;
    let len = if path.len() > MOST { path.chars().count() } else { 0 };
    if len <= MOST {
        return path.into();
    }
    let (front, back) = (path.chars().take(MOST / 2), path.chars().skip(len - MOST / 2));
    front.chain(['…']).chain(back).collect::<String>().into()
}

/// Returns what happened and what to do about it, as one sentence without a full stop.
#[must_use]
pub fn detail(problem: &Problem) -> String {
    let mut detail = what(&problem.what);
    match problem.delivered {
        None => {}
        Some(0) => detail.push_str("; none of it could be read"),
        Some(bytes) => {
            // Data may already have been wrong for a while when the damage was noticed.
            let doubt = if problem.kind == Kind::Damaged { ", and some of them may be wrong" } else { "" };
            detail.push_str(&format!("; only the whole lines in the {bytes} bytes before that were read{doubt}"));
        }
    }
    if let Some(remedy) = problem.remedy {
        // This cause has two clauses and is a sentence of its own.
        detail.push_str(if remedy == Remedy::ShowLines { ". " } else { "; " });
        detail.push_str(worded(remedy));
    }
    detail
}

/// Returns what happened in words, without the remedy.
pub(super) fn what(cause: &Cause) -> String {
    match cause {
        Cause::Described(what) => what.clone(),
        Cause::TooLarge => "skipped, larger than --max-filesize".to_owned(),
        Cause::TooOld => "skipped, last modified before --newer-than".to_owned(),
        Cause::TooNew => "skipped, last modified at or after --older-than".to_owned(),
        Cause::NotFoundBut(near) => format!("no such file or folder; did you mean {near}?"),
        Cause::TooManyPaths(limit) => {
            format!("skipped: symbolic links lead to this folder by more than {limit} paths")
        }
    }
}

fn worded(remedy: Remedy) -> &'static str {
    match remedy {
        Remedy::AskAgain => "ask the sender for a complete copy of the file",
        Remedy::Unpack => "extract it and scan the extracted files",
        Remedy::UnpackWithAnother => "extract it with another program and scan the folder",
        Remedy::UnpackOutermost => "extract the outermost archive and scan the folder",
        Remedy::UnpackAllParts => "put all parts in one folder, extract them with 7-Zip, and scan the extracted files",
        Remedy::ConvertEvents => "convert it with `wevtutil epl FILE.evt FILE.evtx /lf:true` and scan the new file",
        Remedy::SaveEvents => {
            "ask the sender to save the log with Save All Events As in Event Viewer and to send that file"
        }
        Remedy::SaveAttachments => "save its attachments and scan these",
        Remedy::SaveHtml => "save the mail as HTML and scan that if the texts differ",
        Remedy::OpenMail => "open the mail in a mail program, save what it shows of the header as text, and scan that",
        Remedy::Decompress => "decompress it with another program and scan the result",
        Remedy::DecompressData => "decompress the file with another program and scan the result",
        Remedy::DecompressWithDictionary => "decompress the file with that dictionary and scan the result",
        Remedy::CutOut => "if they are part of the log, save them to a separate file and scan that",
        Remedy::DetectEncoding => "scan it without -E",
        Remedy::ReadCopy => "scan a copy, or scan again when nothing is writing to it",
        Remedy::GivePassword => "save its password in a text file and pass that with --password-file",
        Remedy::AddPassword => "add its password to the password file, on a line of its own",
        Remedy::Raise(Limit::Members) => "raise --max-members to read more",
        Remedy::Raise(Limit::Unpacked) => "raise --max-unpacked to read more",
        Remedy::Raise(Limit::Ratio) => "raise --max-ratio to read more",
        Remedy::Raise(Limit::Nesting) => "raise --max-nesting to read deeper",
        Remedy::FollowLinks => "use -L to follow it",
        Remedy::ReadAsMember => "if the file is in the archive, it is read under its own name",
        Remedy::Name => "pass it as an argument to read it",
        Remedy::ReadBinary => "use --binary to read it",
        Remedy::KeepCopies => "use --keep-copies to count it",
        Remedy::DeleteUnfinished => "delete it unless callcodes is still running",
        Remedy::MoveAway => "delete it, move it elsewhere, or pipe it in to read it anyway",
        Remedy::ChangeUser => "run callcodes as a user who may read it",
        Remedy::ShortenPath => "change into a folder closer to the file and use a relative path",
        Remedy::ShowLines => "`callcodes lines` shows which pattern finds them",
        Remedy::RunAgain => "run callcodes again to read all of it",
        Remedy::PlanAgain => "make a new plan with callcodes plan, and scan again",
        Remedy::RunAgainForRest => "run callcodes again to read it",
    }
}

/// How many machines a message names.
const NAMED: usize = 20;

/// Returns the line that sums up several problems of one kind. `first` is the first of them.
fn sum(first: &Problem, all: &[&Problem], copied_bytes: u64) -> String {
    let count = all.len() as u64;
    let many = grouped(count);
    let with_first = |what: &str| format!("{many} {what}; first: {first} (-v lists all)");
    let skipped = |what: &str| format!("{many} {what}");
    match first.kind {
        Kind::Interrupted => with_first("inputs were not read to the end"),
        Kind::Unreadable => with_first("inputs could not be read"),
        Kind::Encrypted => with_first("encrypted archives or files in them could not be read"),
        Kind::Shortened => with_first("files became shorter while they were being read"),
        Kind::Damaged => with_first("compressed files or archives are damaged"),
        Kind::Truncated => with_first("compressed files or archives are cut short"),
        Kind::TrailingBytes => with_first("compressed files are followed by other data"),
        Kind::MixedEncodings => with_first("files are not in the encoding given with -E"),
        Kind::Changed => with_first("files changed after the plan was made, which divides them"),
        Kind::NoPartial => {
            let named: Vec<&str> = all.iter().take(NAMED).map(|problem| problem.path.as_str()).collect();
            let more = if all.len() > NAMED { ", ..." } else { "" };
            format!(
                "{many} hosts have no partial: {}{more}; run callcodes scan --partial there (-v tells more)",
                named.join(", ")
            )
        }
        Kind::OldPartial => with_first("partials are old or from the future, and count"),
        Kind::OverLimit => with_first("files exceed a limit"),
        Kind::LongLine => with_first("files have very long lines"),
        Kind::EncodingChanges => with_first("files change their encoding, and each part was read in its own"),
        Kind::ChangedWhole => with_first("files changed after the plan was made, and their new versions were read"),
        Kind::TooManyNames => with_first("times there were too many different names"),
        Kind::Empty => skipped("archives contain no files (-v lists them)"),
        Kind::Binary => {
            format!("{} skipped (use --binary to read them, -v to list them)", counted(count, "binary file"))
        }
        Kind::Special => skipped("pipes, sockets or devices in folders skipped (-v lists them)"),
        Kind::Link => skipped("links not followed (use -L to follow those to folders on disk, -v to list them)"),
        Kind::Loop => skipped("links not followed because they lead back to their own folder (-v lists them)"),
        Kind::OwnOutput => {
            skipped("files skipped because callcodes wrote them; delete them or move them elsewhere (-v lists them)")
        }
        Kind::TooLarge => skipped("files larger than --max-filesize skipped (-v lists them)"),
        Kind::OutsideTime => skipped("files modified outside --newer-than or --older-than skipped (-v lists them)"),
        Kind::ReadAlready => {
            skipped("inputs skipped because they were already read under the same or another name (-v lists them)")
        }
        Kind::Copy => {
            let bytes = size(copied_bytes);
            skipped(&format!(
                "copies of files already read, {bytes}, not counted (use --keep-copies to count them, -v to list them)"
            ))
        }
        Kind::CopyCounted => with_first("copies of files already read were counted"),
        Kind::MayRepeat => with_first("files may repeat lines of others; all of them count"),
        Kind::Replaced => skipped(
            "files replaced by a later one of the same name in their archive, not counted (use --keep-copies to count \
             them, -v to list them)",
        ),
        Kind::OlderPartial => with_first("logs are only in older partials"),
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
            let loss =
                Loss { kind, what: "the gzip data is cut short".to_owned(), delivered, remedy: Remedy::AskAgain };
            detail(&loss.of_input("a.gz"))
        };
        let ask = "ask the sender for a complete copy of the file";
        assert_eq!(told(Kind::Truncated, None), format!("the gzip data is cut short; {ask}"));
        let nothing = format!("the gzip data is cut short; none of it could be read; {ask}");
        assert_eq!(told(Kind::Damaged, Some(0)), nothing);
        let before = "the gzip data is cut short; only the whole lines in the 7 bytes before that were read";
        assert_eq!(told(Kind::Truncated, Some(7)), format!("{before}; {ask}"));
        assert_eq!(told(Kind::Damaged, Some(7)), format!("{before}, and some of them may be wrong; {ask}"));
    }

    #[test]
    fn files_that_an_option_excludes_are_reported_with_the_option() {
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
    fn a_single_problem_of_a_kind_is_reported_whole_and_several_are_counted() {
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
                "2 encrypted archives or files in them could not be read; first: z.zip!/a.log: it is encrypted; save \
                 its password in a text file and pass that with --password-file (-v lists all)",
                "2 binary files skipped (use --binary to read them, -v to list them)",
                "pipe: skipped, a pipe; pass it as an argument to read it",
            ]
        );
        assert_eq!(
            lines(&problems, 0, Extent::All),
            [
                "x: no such file or folder",
                "w: permission denied",
                "z.zip!/a.log: it is encrypted; save its password in a text file and pass that with --password-file",
                "z.zip!/b.log: it is encrypted; save its password in a text file and pass that with --password-file",
                "a.png: skipped, a binary file (PNG picture); use --binary to read it",
                "b.png: skipped, a binary file (PNG picture); use --binary to read it",
                "pipe: skipped, a pipe; pass it as an argument to read it",
            ]
        );
        let mixed =
            ["a", "b"].map(|path| problem(path, Kind::MixedEncodings, "it is UTF-16LE; scan it without -E", None));
        assert_eq!(
            lines(&mixed, 0, Extent::Kinds),
            [
                "2 files are not in the encoding given with -E; first: a: it is UTF-16LE; scan it without -E (-v lists all)"
            ]
        );
        assert_eq!(lines(&[], 0, Extent::Kinds), Vec::<String>::new());
    }
}
