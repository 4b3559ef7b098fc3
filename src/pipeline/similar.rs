//! The visitor that compares what patterns take with similar lines that no pattern takes, for `patterns learn` and `patterns check`.
//!
//! Lines over the limit and results that extend over several lines are not compared.

use std::collections::{BTreeMap, HashSet};
use std::io;

use encoding_rs::Encoding;

use super::{Event, Options, Outcome, Outlet, Visitor, run};
use crate::catalogue::Catalogue;
use crate::chunk::{Chunk, Cut, Limits};
use crate::code::Key;
use crate::hit::{Capture, Hit};
use crate::pattern::PatternSet;
use crate::pattern::learn::{Kind, LONGEST_LINE_BYTES, Sample, words};
use crate::scan::Scanner;
use crate::source::{Found, Source};
use crate::units::CodePage;

/// What is compared.
#[derive(Clone, Debug)]
pub struct Compared {
    /// The index of the pattern in its set, or `None` to look only for similar lines.
    pub pattern: Option<usize>,
    /// What similar lines have in common: any of these.
    pub kinds: Vec<Kind>,
    /// The most lines of either sort that are kept. Of lines with the same words, only the first is.
    pub kept: usize,
}

/// The largest number of different results that are counted apart. There are fewer than a hundred codes; more are texts that have
/// been mistaken for codes.
pub const RESULTS_LIMIT: usize = 1_000;

/// The lines that a pattern takes, and the similar ones that no pattern takes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    /// The number of lines that the pattern takes.
    pub taken: u64,
    /// How often the pattern finds each result, for the first [`RESULTS_LIMIT`] of them.
    pub results: BTreeMap<Key, u64>,
    /// How often the pattern finds any other result.
    pub other_results: u64,
    /// The first lines that the pattern takes.
    pub first_taken: Lines,
    /// The number of similar lines that no pattern takes.
    pub left: u64,
    /// The first similar lines that no pattern takes.
    pub first_left: Lines,
}

/// The first lines with different words.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lines {
    lines: Vec<SeenLine>,
    words: HashSet<Vec<String>>,
}

/// A line that was compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenLine {
    /// The name of the source. Empty until the source ends.
    pub path: String,
    /// The line, and where the code is in it. A line without a result has `0..0`.
    pub sample: Sample,
}

impl Seen {
    fn count(&mut self, key: Key, count: u64) {
        if self.results.len() < RESULTS_LIMIT || self.results.contains_key(&key) {
            *self.results.entry(key).or_default() += count;
        } else {
            self.other_results += count;
        }
    }
}

impl Lines {
    /// Returns the lines in their order.
    pub fn iter(&self) -> impl Iterator<Item = &SeenLine> {
        self.lines.iter()
    }

    fn add(&mut self, line: SeenLine, kept: usize) {
        if self.lines.len() < kept && self.words.insert(words(&line.sample.line)) {
            self.lines.push(line);
        }
    }

    fn merge(&mut self, other: Lines, path: &str, kept: usize) {
        for line in other.lines {
            self.add(SeenLine { path: path.to_owned(), ..line }, kept);
        }
    }
}

/// Compares the lines of all inputs, and returns what was seen for each of `compared`.
///
/// # Errors
///
/// Returns an error only if threads cannot be started. An input that cannot be read is a problem in the outcome.
pub fn compare(
    inputs: impl Iterator<Item = Found> + Send,
    set: &PatternSet,
    catalogue: &Catalogue,
    options: &Options,
    compared: &[Compared],
) -> io::Result<Outcome<Vec<Seen>>> {
    let none = || vec![Seen::default(); compared.len()];
    let (mut all, mut of_source) = (none(), none());
    let given = options.opening.encoding.given();
    let visitor = || Comparison { catalogue, given, compared, seen: none() };
    let outcome = run(inputs, set, catalogue, options, visitor, &mut |event| {
        match event {
            Event::Part(part) => merge(&mut of_source, part, "", compared),
            Event::SourceEnd(end) => {
                merge(&mut all, std::mem::replace(&mut of_source, none()), &end.source.name, compared);
            }
            Event::Replaced(_) | Event::Problem(_) => {}
        }
        Ok(())
    })?;
    Ok(outcome.with(all))
}

fn merge(all: &mut [Seen], part: Vec<Seen>, path: &str, compared: &[Compared]) {
    for ((seen, part), compared) in all.iter_mut().zip(part).zip(compared) {
        seen.taken += part.taken;
        seen.left += part.left;
        seen.other_results += part.other_results;
        part.results.into_iter().for_each(|(key, count)| seen.count(key, count));
        seen.first_taken.merge(part.first_taken, path, compared.kept);
        seen.first_left.merge(part.first_left, path, compared.kept);
    }
}

/// Compares the lines of one task after another.
struct Comparison<'c> {
    catalogue: &'c Catalogue,
    /// The encoding that the user has chosen.
    given: Option<&'static Encoding>,
    compared: &'c [Compared],
    seen: Vec<Seen>,
}

impl Visitor for Comparison<'_> {
    type Part = Vec<Seen>;

    fn chunk(&mut self, _: &Source, chunk: &Chunk<'_>, scanner: &mut Scanner<'_>, _: &mut Outlet<'_, Vec<Seen>>) {
        if chunk.cut != Cut::AtLineEnd {
            return;
        }
        let mut hits = Vec::new();
        scanner.scan(chunk, |hit| hits.push(hit));
        let mut hits = hits.into_iter().peekable();
        let mut start = 0;
        for whole in chunk.owned().split_inclusive(|&byte| byte == b'\n') {
            let mut of_line = Vec::new();
            while let Some(hit) = hits.next_if(|hit| hit.line_start == start) {
                of_line.push(hit);
            }
            start += whole.len();
            let line = whole.strip_suffix(b"\n").unwrap_or(whole);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if of_line.is_empty() { self.add_left(line, chunk) } else { self.add_taken(&of_line) }
        }
    }

    fn weight(part: &Vec<Seen>) -> usize {
        const OTHERS_BYTES: usize = 64;
        let lines = |lines: &Lines| lines.iter().map(|line| 2 * line.sample.line.len() + OTHERS_BYTES).sum::<usize>();
        let of_one =
            |seen: &Seen| lines(&seen.first_taken) + lines(&seen.first_left) + (seen.results.len() + 1) * OTHERS_BYTES;
        part.iter().map(of_one).sum()
    }

    fn finish(&mut self, out: &mut Outlet<'_, Vec<Seen>>) {
        let none = vec![Seen::default(); self.compared.len()];
        let seen = std::mem::replace(&mut self.seen, none);
        if seen.iter().any(|seen| seen.taken + seen.left > 0) {
            out.part(seen);
        }
    }
}

impl Comparison<'_> {
    /// Adds a line without results, if it is similar.
    fn add_left(&mut self, line: &[u8], chunk: &Chunk<'_>) {
        if line.len() > LONGEST_LINE_BYTES {
            return;
        }
        let line = CodePage::of(line, chunk.written.units, self.given).read(line);
        for (compared, seen) in self.compared.iter().zip(&mut self.seen) {
            if compared.kinds.iter().any(|kind| kind.is_like(&line, self.catalogue)) {
                seen.left += 1;
                let sample = Sample { line: line.clone().into_owned(), code: 0..0, said: Vec::new() };
                seen.first_left.add(SeenLine { path: String::new(), sample }, compared.kept);
            }
        }
    }

    /// Adds a line with results.
    fn add_taken(&mut self, hits: &[Hit<'_>]) {
        for (compared, seen) in self.compared.iter().zip(&mut self.seen) {
            let own = || hits.iter().filter(|hit| Some(hit.pattern) == compared.pattern);
            let Some(first) = own().next() else { continue };
            seen.taken += 1;
            for hit in own() {
                seen.count(hit.key.clone(), 1);
            }
            if seen.first_taken.lines.len() < compared.kept {
                let line = CodePage::of(first.line, first.units, self.given).read(first.line).into_owned();
                let sample = Sample { code: code_of(first, &line), line, said: Vec::new() };
                seen.first_taken.add(SeenLine { path: String::new(), sample }, compared.kept);
            }
        }
    }
}

/// Returns an example of a pattern with the position of its code, or `None` if the pattern finds nothing in it.
#[must_use]
pub fn sample_of(set: &PatternSet, catalogue: &Catalogue, pattern: usize, line: &str) -> Option<Sample> {
    let mut sample = None;
    let mut scanner = Scanner::new(set, catalogue, Limits::default().lookahead_bytes);
    scanner.scan(&Chunk::whole(line.as_bytes()), |hit| {
        if hit.pattern == pattern && sample.is_none() {
            sample = Some(Sample { line: line.to_owned(), code: code_of(&hit, line), said: Vec::new() });
        }
    });
    sample
}

/// Returns the position of the code of a result in its line, which is `0..0` if the line had to be decoded or unwrapped.
fn code_of(hit: &Hit<'_>, line: &str) -> std::ops::Range<usize> {
    let code = hit.captures[Capture::Code].filter(|_| hit.unwrapped.is_none() && line.as_bytes() == hit.line);
    let range = code.and_then(|code| {
        let start = (code.as_ptr() as usize).checked_sub(hit.line.as_ptr() as usize)?;
        line.get(start..start + code.len()).map(|_| start..start + code.len())
    });
    range.unwrap_or(0..0)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;
    use std::path::PathBuf;

    use proptest::prelude::*;

    use super::*;
    use crate::pattern::definition::Definition;
    use crate::pattern::learn::find_code;
    use crate::source::Walk;

    const LINES: [&str; 6] = [
        "MFA call of ann: answer=102",
        "MFA call of bob: answer=21 answer=102",
        "MFA call of bob: answer=\"Phone Unreachable\"",
        "MFA call of eve: no answer",
        "MFA call of eve started",
        "x",
    ];

    fn compared() -> (PatternSet, Vec<Compared>) {
        let set = PatternSet::compile(&[Definition::from_expression(1, r"answer=(?<code>\d+)")]).unwrap();
        let code = find_code(LINES[0], "102", Catalogue::built_in()).unwrap();
        let kinds = Kind::of(&Sample { line: LINES[0].to_owned(), code, said: Vec::new() }).into_iter().collect();
        (set, vec![Compared { pattern: Some(0), kinds, kept: 2 }])
    }

    #[test]
    fn lines_are_counted_as_taken_or_as_similar() {
        let (set, compared) = compared();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        std::fs::write(&path, LINES.join("\r\n")).unwrap();
        let walk = Walk::new(vec![path]);
        let outcome = compare(walk, &set, Catalogue::built_in(), &Options::default(), &compared).unwrap();
        let [seen] = &outcome.summary[..] else { panic!("{outcome:?}") };
        assert_eq!((seen.taken, seen.left), (2, 2));
        let results: Vec<(String, u64)> = seen.results.iter().map(|(key, count)| (key.to_string(), *count)).collect();
        assert_eq!(results, [("21".to_owned(), 1), ("102".to_owned(), 2)]);
        let lines = |lines: &Lines| lines.iter().map(|line| line.sample.line.clone()).collect::<Vec<_>>();
        assert_eq!(lines(&seen.first_taken), LINES[..2]);
        assert_eq!(lines(&seen.first_left), LINES[2..4]);
        let first = seen.first_taken.iter().next().unwrap();
        assert!(first.path.ends_with("a.log"));
        assert_eq!(&first.sample.line[first.sample.code.clone()], "102");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn what_is_seen_does_not_depend_on_how_logs_are_divided(
            files in prop::collection::vec(prop::collection::vec(0..LINES.len(), 0..40), 1..4),
            range_bytes in 20_u64..2_000,
            threads in 1_usize..5,
        ) {
            let (set, compared) = compared();
            let folder = tempfile::tempdir().unwrap();
            let mut paths: Vec<PathBuf> = Vec::new();
            for (index, lines) in files.iter().enumerate() {
                paths.push(folder.path().join(format!("{index}.log")));
                // No two files are copies.
                let lines = lines.iter().map(|&line| format!("{}\n", LINES[line]));
                let text: String = std::iter::once(format!("{index}\n")).chain(lines).collect();
                std::fs::write(&paths[index], text).unwrap();
            }
            let options = Options { range_bytes, threads: NonZeroUsize::new(threads), ..Options::default() };
            let run = |options: &Options| {
                compare(Walk::new(paths.clone()), &set, Catalogue::built_in(), options, &compared).unwrap().summary
            };
            let seen = run(&options);
            prop_assert_eq!(&seen, &run(&Options::default()));
            let count = |wanted: [usize; 2]| files.iter().flatten().filter(|&line| wanted.contains(line)).count() as u64;
            prop_assert_eq!((seen[0].taken, seen[0].left), (count([0, 1]), count([2, 3])));
        }
    }
}
