//! The visitor of the command `scan`: workers note what lines say of sign-ins, and the sink joins, matches and counts them.
//!
//! A log of a single recorder that writes one line for each sign-in needs none of that. So [`count_alone`] counts the results of a
//! single file on the workers, and gives up at the first line that has to be joined or may have a twin. That is usually in the first
//! chunk. Then [`count`] reads the file again.

use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use super::{Event, Options, Outcome, Outlet, SourceEnd, Visitor, hours, run};
use crate::attempt::{RECORDERS_LIMIT, Recorder};
use crate::catalogue::Catalogue;
use crate::chunk::Chunk;
use crate::code::Key;
use crate::hit::{Capture, Captures, Hit};
use crate::pattern::PatternSet;
use crate::pattern::definition::Role;
use crate::scan::{Scanner, Sink};
use crate::source::{EncodingChoice, Found, Source};
use crate::summary::sign_ins::{self, Heard, Settled, SignInTotals, SignIns};
use crate::summary::{Counts, Summary, quiet};
use crate::time::{Stamp, Time};
use crate::units::CodePage;

/// Counts the sign-ins in `inputs`: each once, however many logs have recorded it.
///
/// # Errors
///
/// Returns an error only if threads cannot be started. An input that cannot be read is a problem in the outcome.
pub fn count(
    inputs: impl Iterator<Item = Found> + Send,
    set: &PatternSet,
    catalogue: &Catalogue,
    options: &Options,
    counting: sign_ins::Options,
) -> io::Result<Outcome<Settled>> {
    let recorders = Recorders::new(set);
    let span = quiet::span(&counting.by);
    let mut sign_ins = SignIns::new(counting, catalogue);
    let mut sink = |event| {
        match event {
            Event::Part(part) => hear(&part, &recorders, &mut sign_ins),
            Event::Problem(_) => {}
            Event::SourceEnd(end) => end_source(&end, &mut sign_ins),
        }
        Ok(())
    };
    let mut outcome = run(inputs, set, catalogue, options, || Listener { span, ..Listener::new(options) }, &mut sink)?;
    let settled = sign_ins.settle();
    outcome.problems.extend(super::summarise::overflow(&settled.summary));
    Ok(outcome.with(settled))
}

/// Counts the results of a single file that needs no joining. Returns `None` if it does, or if it is an archive.
///
/// # Errors
///
/// Returns an error only if threads cannot be started. A file that cannot be read is a problem in the outcome.
pub fn count_alone(
    file: impl Iterator<Item = Found> + Send,
    set: &PatternSet,
    catalogue: &Catalogue,
    options: &Options,
) -> io::Result<Option<Outcome<Settled>>> {
    let recorders = Recorders::new(set);
    let (has_to_join, seen) = (AtomicBool::new(false), AtomicU8::new(0));
    let visitor = || Alone {
        recorders: &recorders,
        has_to_join: &has_to_join,
        seen: &seen,
        recorder: 0,
        counts: Counts::default(),
    };
    let (mut summary, mut counts) = (Summary::default(), Counts::default());
    let mut sink = |event| {
        match event {
            Event::Part(part) => counts.merge(part),
            Event::Problem(_) => {}
            Event::SourceEnd(end) => {
                let is_member = end.what.is_some_and(|what| what.chain.archives() > 0);
                has_to_join.fetch_or(is_member, Ordering::Relaxed);
                if let Some(bytes) = end.bytes {
                    summary.add_source(&std::mem::take(&mut counts), bytes);
                }
            }
        }
        // Ends the run, which is repeated.
        if has_to_join.load(Ordering::Relaxed) { Err(io::ErrorKind::Interrupted.into()) } else { Ok(()) }
    };
    let outcome = run(file, set, catalogue, options, visitor, &mut sink);
    if has_to_join.load(Ordering::Relaxed) {
        return Ok(None);
    }
    let mut outcome = outcome?;
    outcome.problems.extend(super::summarise::overflow(&summary));
    let totals = SignInTotals { attempts: summary.results(), ..SignInTotals::default() };
    Ok(Some(outcome.with(Settled { summary, totals, ..Settled::default() })))
}

/// Counts the results of task after task until something has to be joined.
struct Alone<'r> {
    recorders: &'r Recorders,
    has_to_join: &'r AtomicBool,
    /// The recorder that any worker has seen; 0 for none.
    seen: &'r AtomicU8,
    /// The recorder that this worker has seen.
    recorder: Recorder,
    counts: Counts,
}

impl Visitor for Alone<'_> {
    type Part = Counts;

    fn chunk(&mut self, _: &Source, chunk: &Chunk<'_>, scanner: &mut Scanner<'_>, out: &mut Outlet<'_, Counts>) {
        if self.has_to_join.load(Ordering::Relaxed) {
            return;
        }
        scanner.scan_into(chunk, &mut *self);
        if self.has_to_join.load(Ordering::Relaxed) {
            // The sink ends the run with the next part, of which there may be none otherwise.
            out.part(Counts::default());
        }
    }

    fn weight(part: &Counts) -> usize {
        part.size_bytes()
    }

    fn finish(&mut self, out: &mut Outlet<'_, Counts>) {
        if !self.counts.is_empty() {
            out.part(std::mem::take(&mut self.counts));
        }
    }
}

impl<'c> Sink<'c> for &mut Alone<'_> {
    const JOINS: bool = true;

    // Inlined, so that the other parts of a hit are not even computed.
    #[inline(always)]
    fn take(&mut self, hit: Hit<'c>) {
        let Writing { recorder, is_joined, .. } = self.recorders.0[hit.pattern];
        if is_joined || hit.captures[Capture::Host].is_some() {
            self.has_to_join.store(true, Ordering::Relaxed);
        }
        if recorder != self.recorder && recorder != 0 {
            self.meet(recorder);
        }
        self.counts.add(&hit.key, hit.time);
    }

    fn context(&mut self, _: Hit<'c>) {
        self.has_to_join.store(true, Ordering::Relaxed);
    }
}

impl Alone<'_> {
    /// Notes a recorder. If there is another one, their results may be twins.
    fn meet(&mut self, recorder: Recorder) {
        self.recorder = recorder;
        let before = self.seen.swap(recorder, Ordering::Relaxed);
        if before != 0 && before != recorder {
            self.has_to_join.store(true, Ordering::Relaxed);
        }
    }
}

/// What the pattern of a line says about it.
#[derive(Clone, Copy)]
struct Writing {
    recorder: Recorder,
    is_joined: bool,
    role: Role,
}

/// The recorders of a set, by pattern.
pub(super) struct Recorders(Vec<Writing>);

impl Recorders {
    pub(super) fn new(set: &PatternSet) -> Recorders {
        let mut names = Vec::new();
        let mut joined = Vec::new();
        for pattern in set.patterns() {
            let Some(name) = pattern.recorder() else { continue };
            if !names.contains(&name) {
                names.push(name);
            }
            if pattern.role().is_context() {
                joined.push(name);
            }
        }
        let number = |name| names.iter().position(|other| *other == name).map(|index| 1 + 2 * index);
        let writing = set.patterns().iter().map(|pattern| {
            let recorder = pattern.recorder().and_then(number).and_then(|number| Recorder::try_from(number).ok());
            Writing {
                // Results of recorders beyond the limit have no twins.
                recorder: recorder.filter(|&recorder| recorder < RECORDERS_LIMIT).unwrap_or(0),
                is_joined: pattern.recorder().is_some_and(|name| joined.contains(&name)),
                role: pattern.role(),
            }
        });
        Recorders(writing.collect())
    }
}

/// Ends a source.
pub(super) fn end_source(end: &SourceEnd, sign_ins: &mut SignIns) {
    match end.bytes {
        Some(bytes) => sign_ins.end_source(&end.source.name, bytes),
        // The name of a copy may tell machines apart as well.
        None => sign_ins.skip_source(&end.source.name),
    }
}

/// Passes the notes of a part on.
pub(super) fn hear(part: &Notes, recorders: &Recorders, sign_ins: &mut SignIns) {
    part.logged.iter().for_each(|start| sign_ins.logged(*start));
    let mut texts = part.texts.as_str();
    for note in &part.notes {
        let mut said = [None; SAID.len()];
        for (text, len) in said.iter_mut().zip(note.lens) {
            if len != NOTHING {
                let (this, rest) = texts.split_at(len as usize);
                (*text, texts) = (Some(this), rest);
            }
        }
        let [user, outcome, host, address, process, thread] = said;
        let Writing { recorder, is_joined, role } = recorders.0[note.pattern as usize];
        // The copy that a relay keeps names the machine, and is a recorder of its own.
        let relayed = Recorder::from(recorder > 0 && host.is_some());
        sign_ins.hear(&Heard {
            recorder: recorder + relayed,
            is_joined,
            begins: role == Role::Begins,
            key: note.key.clone(),
            stamp: note.stamp,
            user,
            outcome,
            host,
            address,
            process,
            thread,
            beside: note.beside.clone(),
        });
    }
}

/// The captures that are noted, in this order.
const SAID: [Capture; 6] =
    [Capture::User, Capture::Outcome, Capture::Host, Capture::Address, Capture::Process, Capture::Thread];

/// The length of what the line does not say.
const NOTHING: u32 = u32::MAX;

/// Above this size in bytes, notes are sent before their chunk is done.
pub(super) const PART_BYTES: usize = 256 << 10;

/// What lines say of sign-ins, in order.
#[derive(Debug, Default)]
pub struct Notes {
    notes: Vec<Note>,
    /// The texts of all notes, one after another.
    texts: String,
    /// The beginnings of the hours or days in which there are lines.
    logged: Vec<Time>,
}

/// What a line says of a sign-in.
#[derive(Debug)]
struct Note {
    pattern: u32,
    /// The length of each text in bytes.
    lens: [u32; SAID.len()],
    /// `None` for a context.
    key: Option<Key>,
    stamp: Option<Stamp>,
    /// Where the line is, if nothing tells which thread wrote it.
    beside: Option<Range<u64>>,
}

impl Notes {
    pub(super) fn size_bytes(&self) -> usize {
        self.notes.len() * size_of::<Note>() + self.texts.len() + size_of_val(&self.logged[..])
    }
}

/// Notes what the lines of task after task say.
pub(super) struct Listener {
    encoding: EncodingChoice,
    /// The length in nanoseconds of the hours or days in which lines are noted.
    span: Option<i64>,
    notes: Notes,
}

impl Listener {
    pub(super) fn new(options: &Options) -> Listener {
        Listener { encoding: options.opening.encoding, span: None, notes: Notes::default() }
    }
}

impl Visitor for Listener {
    type Part = Notes;

    /// Some two million lines. Counting a copy would be worse than using the memory.
    const HELD_BYTES: usize = 256 << 20;

    fn chunk(&mut self, _: &Source, chunk: &Chunk<'_>, scanner: &mut Scanner<'_>, out: &mut Outlet<'_, Notes>) {
        scanner.scan_into(chunk, &mut *self);
        if let Some(span) = self.span {
            hours::logged(chunk.written.form, chunk.owned(), span, &mut self.notes.logged);
        }
        if self.notes.size_bytes() > PART_BYTES {
            out.part(std::mem::take(&mut self.notes));
        }
    }

    fn weight(part: &Notes) -> usize {
        part.size_bytes()
    }

    fn finish(&mut self, out: &mut Outlet<'_, Notes>) {
        if !self.notes.notes.is_empty() || !self.notes.logged.is_empty() {
            out.part(std::mem::take(&mut self.notes));
        }
    }
}

impl<'c> Sink<'c> for &mut Listener {
    const JOINS: bool = true;

    #[inline(always)]
    fn take(&mut self, hit: Hit<'c>) {
        let key = Some(hit.key.clone());
        self.note(&hit, key);
    }

    #[inline(always)]
    fn context(&mut self, hit: Hit<'c>) {
        self.note(&hit, None);
    }
}

impl Listener {
    pub(super) fn size_bytes(&self) -> usize {
        self.notes.size_bytes()
    }

    /// Returns everything that was noted.
    pub(super) fn take(&mut self) -> Notes {
        std::mem::take(&mut self.notes)
    }

    /// Notes what a line says. `key` is its result; `None` if it only adds to one.
    pub(super) fn note(&mut self, hit: &Hit<'_>, key: Option<Key>) {
        let Notes { notes, texts, .. } = &mut self.notes;
        let captures: &Captures<&[u8]> = &hit.captures;
        let lens = SAID.map(|capture| {
            let Some(bytes) = captures[capture] else { return NOTHING };
            let before = texts.len();
            match std::str::from_utf8(bytes) {
                Ok(text) => texts.push_str(text),
                Err(_) => texts.push_str(&CodePage::of(hit.line, hit.units, self.encoding.given()).read(bytes)),
            }
            u32::try_from(texts.len() - before).unwrap_or(NOTHING)
        });
        let pattern = u32::try_from(hit.pattern).unwrap_or(u32::MAX);
        notes.push(Note { pattern, lens, key, stamp: hit.time, beside: hit.place_without_thread() });
    }
}
