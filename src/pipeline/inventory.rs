//! The visitor of the command `files`: it finds out what each source is, and ignores what its results mean.
//!
//! Invariant: an entry does not depend on how its source was cut into tasks and chunks. A chunk ends with a line or, in a line
//! over the limit, anywhere, even in the middle of a character; `Facts::join` puts together what was divided.
//!
//! The first time is that of the first line that has one, and the last time that of the last such line. Therefore only a few lines
//! of each chunk are examined: from its beginning until the first time of the source is known, and from its end until there is a
//! time. In a log with times, that costs next to nothing. The earliest and latest time would require examining every line, and
//! they are the same if lines were written in order. As everywhere, a piece of a line over the limit counts as a line.

use std::io;

use encoding_rs::Encoding;
use memchr::{memchr_iter, memrchr_iter};

use super::{Event, Options, Outcome, Outlet, SourceEnd, Visitor, run};
use crate::catalogue::Catalogue;
use crate::chunk::Chunk;
use crate::pattern::PatternSet;
use crate::problem::Problem;
use crate::scan::Scanner;
use crate::source::{Chain, Found, Source, What};
use crate::time::{Form, Stamp};
use crate::units::{Characters, Units};

/// The entry of one input: a source, or an input that has none.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The name in results.
    pub path: String,
    /// The size according to the file system in bytes, if it is a file on disk.
    pub bytes_on_disk: Option<u64>,
    /// The text that was read; `None` if the input was skipped.
    pub text: Option<Text>,
    /// Why it was skipped, or not read completely, or only with a reservation.
    pub problems: Vec<Problem>,
}

/// The text of a source.
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    /// The layers around the text.
    pub chain: Chain,
    /// The name of the encoding; `None` if the text is empty.
    pub encoding: Option<&'static str>,
    /// Whether the text begins with a byte order mark.
    pub has_mark: bool,
    /// The unpacked size in bytes.
    pub bytes: u64,
    /// The number of lines, including a last one without a line end.
    pub lines: u64,
    /// The number of results.
    pub results: u64,
    /// The time of the first line that has one.
    pub first: Option<Stamp>,
    /// The time of the last line that has one.
    pub last: Option<Stamp>,
    /// The name of the form of its times; `None` if no line has one that can be read.
    pub time_form: Option<String>,
    /// What its times rest on besides its lines, in words. If the order of day and month is not known, this is why there are no times.
    pub time_basis: Vec<String>,
    /// Whether its dates can have the day or the month first, so that its times were not read.
    pub is_date_undecided: bool,
}

/// Reads all `inputs` and passes an entry for each to `sink`, in order.
///
/// # Errors
///
/// Returns the first error of the sink, which ends the run, or [`NoThreads`](super::NoThreads).
pub fn inventory(
    inputs: impl Iterator<Item = Found> + Send,
    set: &PatternSet,
    catalogue: &Catalogue,
    options: &Options,
    mut sink: impl FnMut(Entry) -> io::Result<()>,
) -> io::Result<Outcome<()>> {
    let given = options.opening.encoding.given();
    // The facts about the current source, whose tasks arrive one after another.
    let mut facts = Facts::default();
    run(inputs, set, catalogue, options, Facts::default, &mut |event| match event {
        Event::Part(part) => {
            facts.join(part);
            Ok(())
        }
        Event::Problem(problem) => {
            let path = problem.path.clone();
            sink(Entry { path, bytes_on_disk: None, text: None, problems: vec![problem] })
        }
        Event::SourceEnd(end) => sink(entry(end, &std::mem::take(&mut facts), given)),
    })
}

/// Makes the entry of a source at its end. `given` is the encoding that the user has chosen.
fn entry(end: SourceEnd, facts: &Facts, given: Option<&'static Encoding>) -> Entry {
    let text = end.bytes.zip(end.what).map(|(bytes, what)| text(bytes, what, facts, given));
    let bytes_on_disk = end.source.listed().map(|listed| listed.len);
    Entry { path: end.source.name.clone(), bytes_on_disk, text, problems: end.problems }
}

/// Describes the text of a source.
fn text(bytes: u64, what: What, facts: &Facts, given: Option<&'static Encoding>) -> Text {
    let name = match (what.written.units, given) {
        (Units::Utf16Le, _) => "UTF-16LE",
        (Units::Utf16Be, _) => "UTF-16BE",
        (Units::Bytes, Some(given)) => given.name(),
        (Units::Bytes, None) => facts.characters.encoding(),
    };
    let form = &what.written.form;
    let is_date_undecided = bytes > 0 && form.is_undecided();
    let has_times = facts.first.is_some() || is_date_undecided;
    let has_mark = facts.start.is_some_and(|offset| offset > 0);
    // With a byte order mark, text is UTF-8 even if only ASCII follows.
    let name = if has_mark && name == Characters::ASCII { "UTF-8" } else { name };
    Text {
        time_form: form.name().filter(|_| has_times),
        time_basis: if has_times { form.evidence() } else { Vec::new() },
        is_date_undecided,
        chain: what.chain,
        encoding: (bytes > 0).then_some(name),
        has_mark,
        bytes,
        lines: facts.line_feeds + u64::from(facts.is_in_line),
        results: facts.results,
        first: facts.first,
        last: facts.last,
    }
}

/// The facts about a part of a source.
#[derive(Debug, Default)]
struct Facts {
    /// The offset of its first chunk. The first chunk of a source begins after the byte order mark.
    start: Option<u64>,
    line_feeds: u64,
    /// Whether the part ends in the middle of a line.
    is_in_line: bool,
    results: u64,
    characters: Characters,
    first: Option<Stamp>,
    last: Option<Stamp>,
}

impl Facts {
    /// Adds the part that follows.
    fn join(&mut self, next: Facts) {
        if !next.characters.is_empty() {
            self.is_in_line = next.is_in_line;
        }
        self.start = self.start.or(next.start);
        self.line_feeds += next.line_feeds;
        self.results += next.results;
        self.characters.join(next.characters);
        self.first = self.first.or(next.first);
        self.last = next.last.or(self.last);
    }
}

/// Collects the facts about one task after another.
impl Visitor for Facts {
    type Part = Facts;

    fn chunk(&mut self, _: &Source, chunk: &Chunk<'_>, scanner: &mut Scanner<'_>, _: &mut Outlet<'_, Facts>) {
        let text = chunk.owned();
        let mut results = 0;
        scanner.scan(chunk, |_| results += 1);
        let (first, last) = times(&chunk.written.form, text, self.first);
        self.join(Facts {
            start: Some(chunk.offset),
            line_feeds: memchr_iter(b'\n', text).count() as u64,
            is_in_line: text.last().is_some_and(|&byte| byte != b'\n'),
            results,
            characters: Characters::of(text),
            first,
            last,
        });
    }

    fn finish(&mut self, out: &mut Outlet<'_, Facts>) {
        if self.start.is_some() {
            out.part(std::mem::take(self));
        }
    }
}

/// Returns the first time in `text`, or `known` if an earlier part has one, and the last time.
fn times(form: &Form, text: &[u8], known: Option<Stamp>) -> (Option<Stamp>, Option<Stamp>) {
    let first = known.or_else(|| first_time(form, text));
    // Without a first time there is no last one, so there is no need to search.
    (first, first.and_then(|_| last_time(form, text)))
}

/// Returns the time of the first line that has one.
fn first_time(form: &Form, text: &[u8]) -> Option<Stamp> {
    let mut start = 0;
    memchr_iter(b'\n', text).chain([text.len()]).find_map(|end| {
        let line = &text[start..end];
        start = end + 1;
        form.find(line)
    })
}

/// Returns the time of the last line that has one.
fn last_time(form: &Form, text: &[u8]) -> Option<Stamp> {
    let mut end = text.len();
    memrchr_iter(b'\n', text).map(Some).chain([None]).find_map(|line_feed| {
        let line = &text[line_feed.map_or(0, |at| at + 1)..end];
        end = line_feed.unwrap_or(0);
        form.find(line)
    })
}
