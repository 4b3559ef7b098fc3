//! Problems in a few lines for people: one for each kind, or one for each problem where the paths are asked for.
//!
//! JSON has all of them. Here a folder with thousands of pictures must not bury the one log that could not be read, which
//! therefore comes first: kinds are told in the order in which [`Kind`] lists them.

use crate::problem::{Kind, Problem};

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

/// Several problems of one kind.
fn sum(first: &Problem, count: u64, copied_bytes: u64) -> String {
    let many = grouped(count);
    match first.kind {
        Kind::Interrupted => format!("{many} inputs not read to their end; first: {first} (-v lists all)"),
        Kind::Unreadable => format!("{many} inputs could not be read; first: {first} (-v lists all)"),
        Kind::Encrypted => {
            format!("{many} encrypted archives or members could not be read; first: {first} (-v lists all)")
        }
        Kind::Shortened => format!("{many} files became shorter while they were read; first: {first} (-v lists all)"),
        Kind::Damaged => format!("{many} compressed files or archives are damaged; first: {first} (-v lists all)"),
        Kind::Truncated => format!("{many} compressed files or archives are cut short; first: {first} (-v lists all)"),
        Kind::TrailingBytes => {
            format!("{many} compressed inputs are followed by other bytes; first: {first} (-v lists all)")
        }
        Kind::MixedEncodings => {
            format!("{many} inputs end in another encoding than they begin in; first: {first} (-v lists all)")
        }
        Kind::OverLimit => format!("{many} inputs go beyond a limit; first: {first} (-v lists all)"),
        Kind::LongLine => format!("{many} inputs have very long lines; first: {first} (-v lists all)"),
        Kind::TooManyNames => format!("{many} times too many names; first: {first} (-v lists all)"),
        Kind::Empty => format!("{many} archives without any file in them (-v lists them)"),
        Kind::Binary => format!("{} skipped (--binary reads them, -v lists them)", counted(count, "binary file")),
        Kind::Special => format!("{many} pipes, sockets or devices in folders skipped (-v lists them)"),
        Kind::Link => format!("{many} links not followed (-L follows those to folders on disk, -v lists them)"),
        Kind::Loop => format!("{many} links not followed that lead back to where they lie (-v lists them)"),
        Kind::OwnOutput => {
            format!(
                "{many} unfinished results of callcodes skipped; delete those that no run is writing (-v lists them)"
            )
        }
        Kind::TooLarge => format!("{many} files larger than --max-filesize skipped (-v lists them)"),
        Kind::OutsideTime => {
            format!("{many} files modified outside --newer-than or --older-than skipped (-v lists them)")
        }
        Kind::ReadAlready => {
            format!("{many} inputs skipped that were read already under the same or another name (-v lists them)")
        }
        Kind::Copy => {
            let bytes = size(copied_bytes);
            format!(
                "{many} copies of files already read, {bytes}, not counted (--keep-copies counts them, -v lists them)"
            )
        }
        Kind::CopyCounted => format!("{many} copies of files already read counted; first: {first} (-v lists all)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(path: &str, kind: Kind, detail: &str) -> Problem {
        Problem { path: path.to_owned(), kind, detail: detail.to_owned() }
    }

    #[test]
    fn one_of_a_kind_is_told_whole_and_several_are_counted() {
        let problems = [
            problem("a.png", Kind::Binary, "skipped, a binary file (PNG picture); --binary reads it"),
            problem("x", Kind::Unreadable, "no such file or folder"),
            problem("pipe", Kind::Special, "skipped, a pipe; name it to read it"),
            problem("b.png", Kind::Binary, "skipped, a binary file (PNG picture); --binary reads it"),
            problem("z.zip!/a.log", Kind::Encrypted, "it is encrypted; give its password with --password-file"),
            problem("z.zip!/b.log", Kind::Encrypted, "it is encrypted; give its password with --password-file"),
            problem("w", Kind::Unreadable, "permission denied"),
        ];
        assert_eq!(
            lines(&problems, 0, Extent::Kinds),
            [
                "2 inputs could not be read; first: x: no such file or folder (-v lists all)",
                "2 encrypted archives or members could not be read; first: z.zip!/a.log: it is encrypted; give its \
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
        let mixed = ["a", "b"].map(|path| problem(path, Kind::MixedEncodings, "it ends in UTF-16LE; split it"));
        assert_eq!(
            lines(&mixed, 0, Extent::Kinds),
            [
                "2 inputs end in another encoding than they begin in; first: a: it ends in UTF-16LE; split it (-v lists all)"
            ]
        );
        assert_eq!(lines(&[], 0, Extent::Kinds), Vec::<String>::new());
    }
}
