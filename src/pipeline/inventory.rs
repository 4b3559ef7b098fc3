//! The visitor of the command `files`, which describes each source. Only if there is a filter are sign-ins joined, as for `scan`,
//! because a filter needs to know them.
//!
//! Invariant: an entry does not depend on how its source was cut into tasks and chunks. A chunk ends with a line or, in a line
//! over the limit, anywhere, even in the middle of a character. `Facts::join` puts what was divided together again.
//!
//! The first time of a source is the time of the first line that has one, and the last time that of the last such line. Therefore
//! only a few lines of each chunk are examined: from its beginning until the first time of the source is known, and from its end
//! until a time is found. In a log with times, this costs next to nothing. Finding the earliest and the latest time would require
//! examining every line, and they are the same if lines were written in order. As everywhere, a piece of a line over the limit
//! counts as a line.
//!
//! Only of an event log, every line is examined. It may begin with its newest events, and each of its lines has the time at the start.

mod entries;

use std::io;

use encoding_rs::Encoding;
use memchr::{memchr_iter, memrchr_iter};

pub use entries::Entries;

use super::sign_ins::{self, Listener, Notes, Recorders};
use super::{Event, Options, Outcome, Outlet, SourceEnd, Visitor, run};
use crate::catalogue::Catalogue;
use crate::chunk::Chunk;
use crate::hit::{Capture, Hit};
use crate::pattern::PatternSet;
use crate::problem::Problem;
use crate::scan::{Scanner, Sink};
use crate::source::machines::{self, Template};
use crate::source::{Chain, Found, Source, What};
use crate::summary::sign_ins::{Matched, Options as CountingOptions, Settled, SignIns, When};
use crate::time::{Form, Stamp};
use crate::units::{Characters, Units};

/// The entry of one input in the list of `files`, whether or not it could be opened as a source.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The name in results.
    pub path: String,
    /// The size in bytes according to the file system, if the input is a file on disk.
    pub bytes_on_disk: Option<u64>,
    /// The text that was read, or `None` if the input was skipped.
    pub text: Option<Text>,
    /// The machine on which the input was written, if there is only one and it is known.
    pub host: Option<Box<str>>,
    /// The reasons why the input was skipped, not read completely, or read only with a reservation.
    pub problems: Vec<Problem>,
}

/// The text of a source.
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    /// The layers around the text.
    pub chain: Chain,
    /// The name of the encoding, or `None` if the text is empty.
    pub encoding: Option<&'static str>,
    /// Whether the text begins with a byte order mark.
    pub has_mark: bool,
    /// The unpacked size in bytes.
    pub bytes: u64,
    /// The number of lines, including a last one without a line end.
    pub lines: u64,
    /// The number of results that the filter keeps. A result counts in every file that records it.
    pub results: u64,
    /// The time of the first line that has one, or the earliest time of an event log.
    pub first: Option<Stamp>,
    /// The time of the last line that has one, or the latest time of an event log.
    pub last: Option<Stamp>,
    /// The name of the form of its times, or `None` if no line has a time that can be read.
    pub time_form: Option<String>,
    /// What was decided about its times beyond what the lines contain, in words. If the order of day and month is not known,
    /// this is the reason why there are no times.
    pub time_basis: Vec<String>,
    /// Whether its dates can have the day or the month first, so that its times were not read.
    pub is_date_undecided: bool,
    /// How many times of lines with results are in an hour that clocks repeat or skip.
    pub changing_times: u64,
}

/// The entries of all inputs.
#[derive(Debug, Default)]
pub struct Inventory {
    /// The entries, in the order of the inputs.
    pub entries: Entries,
    /// What the filter dropped, or the default if there is no filter.
    pub sign_ins: Settled,
    /// How many results the filter dropped, counted in every file that records them.
    pub left_out: u64,
}

/// Reads all `inputs` and describes them. The filter of `counting` decides which results count.
///
/// # Errors
///
/// Returns an error only if threads cannot be started. An input that cannot be read is a problem of its entry.
pub fn inventory(
    inputs: impl Iterator<Item = Found> + Send,
    set: &PatternSet,
    catalogue: &Catalogue,
    options: &Options,
    counting: CountingOptions,
) -> io::Result<Outcome<Inventory>> {
    let mut listed = Listed { host_from: counting.host_from.clone(), ..Listed::default() };
    let given = options.opening.encoding.given();
    if counting.filter.is_empty() {
        let visitor = || Examiner::<false>::new(options);
        let outcome = run(inputs, set, catalogue, options, visitor, &mut |event| {
            listed.add(event, given, &mut |_| true);
            Ok(())
        })?;
        let replaced = std::mem::take(&mut listed.replaced);
        let (mut entries, template) = listed.finish();
        replaced.into_iter().for_each(|(index, problem)| entries.replace(index, problem));
        let mut sign_ins = Settled::default();
        sign_ins.totals.template = template;
        return Ok(outcome.with(Inventory { entries, sign_ins, left_out: 0 }));
    }
    let recorders = Recorders::new(set);
    let mut sign_ins = SignIns::new(CountingOptions { with_verdicts: true, ..counting }, catalogue);
    // Whether each result, in order, is kept, as far as this has been decided.
    let mut kept: Vec<bool> = Vec::new();
    let mut decide = |sign_ins: &mut SignIns<'_>, when| {
        let decided: Result<(), io::Error> = sign_ins.decide(when, |verdicts| {
            kept.extend(verdicts.map(|verdict| verdict.is_some()));
            Ok(())
        });
        decided
    };
    let visitor = || Examiner::<true>::new(options);
    let outcome = run(inputs, set, catalogue, options, visitor, &mut |event| {
        listed.add(event, given, &mut |heard| match heard {
            Heard::Notes(notes) => {
                sign_ins::hear(notes, &recorders, &mut sign_ins);
                true
            }
            Heard::End(end) => {
                sign_ins::end_source(end, &mut sign_ins);
                true
            }
            Heard::Replaced(number) => sign_ins.take_back(number),
        });
        if sign_ins.is_full() { decide(&mut sign_ins, When::Full) } else { Ok(()) }
    })?;
    decide(&mut sign_ins, When::End)?;
    let replaced = std::mem::take(&mut listed.replaced);
    let ((mut entries, template), mut kept) = (listed.finish(), kept.into_iter());
    // The results of a source that was taken back are not left out by the filter.
    let taken_back: u64 = replaced.iter().map(|(index, _)| entries.host(*index).1).sum();
    let mut left_out = 0;
    entries.keep_results(|found| {
        let results = usize::try_from(found).unwrap_or(usize::MAX);
        let kept = kept.by_ref().take(results).filter(|kept| *kept).count() as u64;
        left_out += found - kept;
        kept
    });
    replaced.into_iter().for_each(|(index, problem)| entries.replace(index, problem));
    let mut sign_ins = sign_ins.settle();
    sign_ins.totals.template = template;
    Ok(outcome.with(Inventory { entries, sign_ins, left_out: left_out - taken_back }))
}

/// An input for the sign-ins of a run.
enum Heard<'e> {
    Notes(&'e Notes),
    End(&'e SourceEnd),
    /// The number of a source to take back.
    Replaced(u32),
}

/// The entries that have been collected so far in a run.
#[derive(Default)]
struct Listed {
    /// The facts about the current source so far. Its tasks arrive one after another.
    facts: Facts,
    entries: Entries,
    /// The template for the names of machines in the names of sources, or `None` to detect them.
    host_from: Option<Template>,
    /// The indexes of the entries without a source, in ascending order.
    without_source: Vec<usize>,
    /// The indexes of the entries of all sources that were read.
    read: Vec<usize>,
    /// The indexes of the entries whose sources were taken back, each with the problem that reports it.
    replaced: Vec<(usize, Problem)>,
}

impl Listed {
    /// Adds an event. `hear` returns whether a source could be taken back.
    fn add(
        &mut self,
        event: Event<(Facts, Notes)>,
        given: Option<&'static Encoding>,
        hear: &mut dyn FnMut(Heard<'_>) -> bool,
    ) {
        match event {
            Event::Part((facts, notes)) => {
                self.facts.join(facts);
                hear(Heard::Notes(&notes));
            }
            Event::Problem(problem) => {
                let path = problem.path.clone();
                self.without_source.push(self.entries.len());
                self.entries.push(Entry { path, bytes_on_disk: None, text: None, host: None, problems: vec![problem] });
            }
            Event::Replaced(replaced) => {
                replaced.take_back(hear(Heard::Replaced(replaced.number)));
                if let Some(index) = self.read.get(replaced.number as usize).filter(|_| replaced.is_taken_back()) {
                    self.replaced.push((*index, replaced.problem()));
                }
            }
            Event::SourceEnd(end) => {
                if end.bytes.is_some() {
                    self.read.push(self.entries.len());
                }
                hear(Heard::End(&end));
                self.entries.push(entry(end, &std::mem::take(&mut self.facts), given));
            }
        }
    }

    /// Returns all entries, with the machines that follow from the names of all sources, and how many sources match the
    /// template if there is one.
    fn finish(self) -> (Entries, Option<Matched>) {
        let Listed { mut entries, without_source, host_from, .. } = self;
        let is_source = |index: &usize| without_source.binary_search(index).is_err();
        let texts = entries.paths().texts();
        let names: Vec<&str> = (0..texts.len()).filter(is_source).filter_map(|index| texts.get(index)).collect();
        let machines = machines::of(&names, host_from.as_ref());
        let mut matched = Matched::default();
        for (index, machine) in (0..texts.len()).filter(is_source).zip(machines) {
            let (host, results) = entries.host(index);
            matched.files += u64::from(machine.is_some());
            matched.without_host += u64::from(machine.is_none() && host.is_none() && results > 0);
            match host {
                // If the lines name several machines, the file has none.
                Some("") => entries.set_host(index, None),
                Some(_) => {}
                None => entries.set_host(index, machine),
            }
        }
        (entries, host_from.map(|_| matched))
    }
}

/// Creates the entry of a source at its end. `given` is the encoding that the user has chosen.
fn entry(end: SourceEnd, facts: &Facts, given: Option<&'static Encoding>) -> Entry {
    let text = end.bytes.zip(end.what).map(|(bytes, what)| {
        let text = text(bytes, what, facts, given);
        Text { changing_times: end.assumed.changing, ..text }
    });
    let bytes_on_disk = end.source.listed().map(|listed| listed.len);
    let host = facts.host.clone();
    Entry { path: end.source.name.clone(), bytes_on_disk, text, host, problems: end.problems }
}

/// Describes the text of a source.
fn text(bytes: u64, what: What, facts: &Facts, given: Option<&'static Encoding>) -> Text {
    let name = match (what.written.units, given) {
        (units @ (Units::Utf16Le | Units::Utf16Be | Units::Utf32Le | Units::Utf32Be), _) => units.name(),
        (Units::Bytes, Some(given)) => given.name(),
        (Units::Bytes, None) => facts.characters.encoding(),
    };
    let form = &what.written.form;
    let is_date_undecided = bytes > 0 && form.is_undecided();
    let has_times = facts.first.is_some() || is_date_undecided || form.may_pass_midnight();
    let has_mark = facts.start.is_some_and(|offset| offset > 0);
    // Text with a byte order mark is UTF-8, even if only ASCII follows.
    let name = if has_mark && name == Characters::ASCII { "UTF-8" } else { name };
    Text {
        time_form: form.name().filter(|_| has_times),
        time_basis: if has_times { form.evidence() } else { Vec::new() },
        is_date_undecided,
        changing_times: 0,
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
    /// The offset of the first chunk of the part. The first chunk of a source begins after the byte order mark.
    start: Option<u64>,
    line_feeds: u64,
    /// Whether the part ends in the middle of a line.
    is_in_line: bool,
    results: u64,
    /// The machine that lines with results name, or all lines of an event log. It is empty if they name several.
    host: Option<Box<str>>,
    characters: Characters,
    first: Option<Stamp>,
    last: Option<Stamp>,
    /// Whether the lines are those of an event log, so that `first` is the earliest time and `last` the latest.
    is_event_log: bool,
}

impl Facts {
    /// Adds the facts about the next part.
    fn join(&mut self, next: Facts) {
        if !next.characters.is_empty() {
            self.is_in_line = next.is_in_line;
        }
        self.start = self.start.or(next.start);
        self.line_feeds += next.line_feeds;
        self.results += next.results;
        match next.host {
            Some(host) if host.is_empty() => self.host = Some(host),
            Some(host) => self.name_host(&host),
            None => {}
        }
        self.characters.join(next.characters);
        if next.is_event_log {
            self.is_event_log = true;
            self.first = self.first.into_iter().chain(next.first).min_by_key(|stamp| stamp.time);
            self.last = self.last.into_iter().chain(next.last).max_by_key(|stamp| stamp.time);
        } else {
            self.first = self.first.or(next.first);
            self.last = next.last.or(self.last);
        }
    }
}

impl Facts {
    /// Records that a line names a machine.
    fn name_host(&mut self, host: &str) {
        match &self.host {
            Some(known) if known.is_empty() || known.eq_ignore_ascii_case(host) => {}
            Some(_) => self.host = Some(Box::from("")),
            None if host.is_empty() => {}
            None => self.host = Some(Box::from(host)),
        }
    }
}

/// Collects the facts about one task after another. `JOINED` is whether it also collects what lines contain about sign-ins.
struct Examiner<const JOINED: bool> {
    facts: Facts,
    listener: Listener,
}

impl<const JOINED: bool> Examiner<JOINED> {
    fn new(options: &Options) -> Examiner<JOINED> {
        Examiner { facts: Facts::default(), listener: Listener::new(options) }
    }
}

impl<const JOINED: bool> Visitor for Examiner<JOINED> {
    type Part = (Facts, Notes);

    fn chunk(&mut self, _: &Source, chunk: &Chunk<'_>, scanner: &mut Scanner<'_>, out: &mut Outlet<'_, Self::Part>) {
        let text = chunk.owned();
        scanner.scan_into(chunk, &mut *self);
        let is_event_log = chunk.written.names_computer;
        let (first, last) = if is_event_log {
            for line in text.split(|&byte| byte == b'\n') {
                let computer = chunk.written.computer(line);
                computer.into_iter().for_each(|computer| self.facts.name_host(&String::from_utf8_lossy(computer)));
            }
            span(&chunk.written.form, text)
        } else {
            times(&chunk.written.form, text, self.facts.first)
        };
        self.facts.join(Facts {
            start: Some(chunk.offset),
            line_feeds: memchr_iter(b'\n', text).count() as u64,
            is_in_line: text.last().is_some_and(|&byte| byte != b'\n'),
            results: 0,
            host: None,
            characters: Characters::of(text),
            first,
            last,
            is_event_log,
        });
        if self.listener.size_bytes() > sign_ins::PART_BYTES {
            self.finish(out);
        }
    }

    fn weight((_, notes): &Self::Part) -> usize {
        size_of::<Self::Part>() + notes.size_bytes()
    }

    fn finish(&mut self, out: &mut Outlet<'_, Self::Part>) {
        if self.facts.start.is_some() {
            out.part((std::mem::take(&mut self.facts), self.listener.take()));
        }
    }
}

impl<'c, const JOINED: bool> Sink<'c> for &mut Examiner<JOINED> {
    // The host may be before the result in its line.
    const JOINS: bool = true;

    #[inline(always)]
    fn take(&mut self, hit: Hit<'c>) {
        self.facts.results += 1;
        if let Some(host) = hit.says(Capture::Host) {
            self.facts.name_host(&String::from_utf8_lossy(host));
        }
        if JOINED {
            self.listener.note(&hit, Some(hit.key.clone()));
        }
    }

    fn context(&mut self, hit: Hit<'c>) {
        if JOINED {
            self.listener.note(&hit, None);
        }
    }
}

/// Returns the first and the last time of a source, as far as `text` shows. `known` is the first time of an earlier part, if
/// there is one.
fn times(form: &Form, text: &[u8], known: Option<Stamp>) -> (Option<Stamp>, Option<Stamp>) {
    let first = known.or_else(|| first_time(form, text));
    // If there is no first time, there is no last one either.
    (first, first.and_then(|_| last_time(form, text)))
}

/// Returns the earliest and the latest time of the lines in `text`.
fn span(form: &Form, text: &[u8]) -> (Option<Stamp>, Option<Stamp>) {
    let times = || text.split(|&byte| byte == b'\n').filter_map(|line| form.find(line));
    (times().min_by_key(|stamp| stamp.time), times().max_by_key(|stamp| stamp.time))
}

/// Returns the time of the first line in `text` that has one.
fn first_time(form: &Form, text: &[u8]) -> Option<Stamp> {
    let mut start = 0;
    memchr_iter(b'\n', text).chain([text.len()]).find_map(|end| {
        let line = &text[start..end];
        start = end + 1;
        form.find(line)
    })
}

/// Returns the time of the last line in `text` that has one.
fn last_time(form: &Form, text: &[u8]) -> Option<Stamp> {
    let mut end = text.len();
    memrchr_iter(b'\n', text).map(Some).chain([None]).find_map(|line_feed| {
        let line = &text[line_feed.map_or(0, |at| at + 1)..end];
        end = line_feed.unwrap_or(0);
        form.find(line)
    })
}
