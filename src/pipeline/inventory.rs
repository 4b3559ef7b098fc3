//! The visitor behind `files`: what each source is, without a word about what its results say.
//!
//! Invariant: an entry does not depend on how its source was cut into tasks and chunks. A chunk ends with a line or, in a
//! line over the limit, anywhere, also in the middle of a character; `Facts::join` puts together what such a cut divides.
//!
//! The first and the last time are those of the first and of the last line that have one that can be read, so a few lines of
//! each chunk are looked at: from its front until the source's first time is known, and from its back until there is one. In a
//! log that has times that costs next to nothing; the earliest and the latest would cost a look at every line, and are
//! the same where lines are written in order. As everywhere, a piece of a line over the limit is taken for a line.

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

/// One input: a source, or why there is none.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// How results name it.
    pub path: String,
    /// Its size as the file system lists it, in bytes, if it is a file on disk.
    pub bytes_on_disk: Option<u64>,
    /// What was read of it; `None` if it was skipped.
    pub text: Option<Text>,
    /// Why it was skipped, or not read whole or as it is; each of this input.
    pub problems: Vec<Problem>,
}

/// What was read of a source.
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    /// What is around the text.
    pub chain: Chain,
    /// The name of the encoding; `None` where there is nothing that could be in one.
    pub encoding: Option<&'static str>,
    /// Whether a byte order mark comes first.
    pub has_mark: bool,
    /// The size, unpacked, in bytes.
    pub bytes: u64,
    /// How many lines there are; a last one without a line end counts.
    pub lines: u64,
    /// How many results.
    pub results: u64,
    /// The time of the first line that has one.
    pub first: Option<Stamp>,
    /// The time of the last line that has one.
    pub last: Option<Stamp>,
}

/// Passes what each of `inputs` is to `sink`, in order.
///
/// # Errors
/// The first error of the sink, which ends the run, or [`NoThreads`](super::NoThreads).
pub fn inventory(
    inputs: impl Iterator<Item = Found> + Send,
    set: &PatternSet,
    catalogue: &Catalogue,
    options: &Options,
    mut sink: impl FnMut(Entry) -> io::Result<()>,
) -> io::Result<Outcome<()>> {
    let given = options.opening.encoding.given();
    // Of the current source: its tasks arrive one after another.
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

fn entry(end: SourceEnd, facts: &Facts, given: Option<&'static Encoding>) -> Entry {
    let text = end.bytes.zip(end.what).map(|(bytes, what)| text(bytes, what, facts, given));
    let bytes_on_disk = end.source.listed().map(|listed| listed.len);
    Entry { path: end.source.name.clone(), bytes_on_disk, text, problems: end.problems }
}

fn text(bytes: u64, what: What, facts: &Facts, given: Option<&'static Encoding>) -> Text {
    let name = match (what.written.units, given) {
        (Units::Utf16Le, _) => "UTF-16LE",
        (Units::Utf16Be, _) => "UTF-16BE",
        (Units::Bytes, Some(given)) => given.name(),
        (Units::Bytes, None) => facts.characters.encoding(),
    };
    let has_mark = facts.start.is_some_and(|offset| offset > 0);
    // A mark makes it UTF-8 even if nothing beyond ASCII follows.
    let name = if has_mark && name == Characters::ASCII { "UTF-8" } else { name };
    Text {
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

/// What is known of a stretch of a source.
#[derive(Debug, Default)]
struct Facts {
    /// Offset of its first chunk, which lies behind the mark if that is the source's first.
    start: Option<u64>,
    line_feeds: u64,
    /// Whether it ends in the middle of a line.
    is_in_line: bool,
    results: u64,
    characters: Characters,
    first: Option<Stamp>,
    last: Option<Stamp>,
}

impl Facts {
    /// Takes in the stretch that follows.
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

/// Looks at the chunks of one task after another.
impl Visitor for Facts {
    type Part = Facts;

    fn chunk(&mut self, _: &Source, chunk: &Chunk<'_>, scanner: &mut Scanner<'_>, _: &mut Outlet<'_, Facts>) {
        let text = chunk.owned();
        let mut results = 0;
        scanner.scan(chunk, |_| results += 1);
        let (first, last) = times(chunk.written.form, text, self.first);
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

/// The first time in `text`, unless one before it is `known`, and the last.
fn times(form: Form, text: &[u8], known: Option<Stamp>) -> (Option<Stamp>, Option<Stamp>) {
    let first = known.or_else(|| first_time(form, text));
    // Where there is no first one there is no last.
    (first, first.and_then(|_| last_time(form, text)))
}

fn first_time(form: Form, text: &[u8]) -> Option<Stamp> {
    let mut start = 0;
    memchr_iter(b'\n', text).chain([text.len()]).find_map(|end| {
        let line = &text[start..end];
        start = end + 1;
        form.find(line)
    })
}

fn last_time(form: Form, text: &[u8]) -> Option<Stamp> {
    let mut end = text.len();
    memrchr_iter(b'\n', text).map(Some).chain([None]).find_map(|line_feed| {
        let line = &text[line_feed.map_or(0, |at| at + 1)..end];
        end = line_feed.unwrap_or(0);
        form.find(line)
    })
}
