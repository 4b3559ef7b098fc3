//! The visitor of the command `scan`: workers collect what lines contain about sign-ins, and the sink joins, matches and counts
//! them.
//!
//! A log of a single recorder that writes one line for each sign-in does not need this. Therefore [`count_alone`] counts the
//! results of a single file on the workers, and gives up at the first line that must be joined, may have a twin or is matched by a
//! general pattern, which is usually in the first chunk. Then [`count`] reads the file again.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use super::{Event, Options, Outcome, Outlet, SourceEnd, Visitor, hours, run};
use crate::attempt::{self, RECORDERS_LIMIT, Recorder};
use crate::catalogue::Catalogue;
use crate::chunk::Chunk;
use crate::code::{Code, Key, Name};
use crate::hit::{Capture, Hit};
use crate::pattern::PatternSet;
use crate::pattern::definition::Role;
use crate::scan::{Scanner, Sink};
use crate::source::{EncodingChoice, Found, Source};
use crate::summary::sign_ins::{self, Heard, Settled, SignInTotals, SignIns, Writer};
use crate::summary::{Counts, Dimension, Summary, quiet};
use crate::time::zone::DisplayZone;
use crate::time::{Stamp, Time};
use crate::units::CodePage;

/// Counts the sign-ins in `inputs`. Each sign-in counts once, however many logs have recorded it.
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
    let parts = quiet::shortest(&counting.by).map(|part| (part, counting.zone));
    let mut sign_ins = SignIns::new(counting, catalogue);
    let mut sink = |event| {
        match event {
            Event::Part(part) => hear(&part, &recorders, &mut sign_ins),
            Event::Replaced(replaced) => replaced.take_back(sign_ins.take_back(replaced.number)),
            Event::Problem(_) => {}
            Event::SourceEnd(end) => end_source(&end, &mut sign_ins),
        }
        Ok(())
    };
    let mut outcome = run(inputs, set, catalogue, options, || Listener { parts, ..Listener::new(options) }, &mut sink)?;
    let settled = sign_ins.settle();
    outcome.problems.extend(super::summarise::overflow([&settled.summary, &settled.general]));
    Ok(outcome.with(settled))
}

/// Counts the results of a single file whose lines need not be joined. Returns `None` if they must be, or if it is an archive.
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
            Event::Replaced(_) | Event::Problem(_) => {}
            Event::SourceEnd(end) => {
                let is_member = end.what.is_some_and(|what| what.chain.archives() > 0);
                has_to_join.fetch_or(is_member, Ordering::Relaxed);
                if let Some(bytes) = end.bytes {
                    summary.add_source(&std::mem::take(&mut counts), bytes);
                }
            }
        }
        // An error ends the run. The caller then counts again with `count`.
        if has_to_join.load(Ordering::Relaxed) { Err(io::ErrorKind::Interrupted.into()) } else { Ok(()) }
    };
    let outcome = run(file, set, catalogue, options, visitor, &mut sink);
    if has_to_join.load(Ordering::Relaxed) {
        return Ok(None);
    }
    let mut outcome = outcome?;
    outcome.problems.extend(super::summarise::overflow([&summary]));
    let totals = SignInTotals { attempts: summary.results(), ..SignInTotals::default() };
    Ok(Some(outcome.with(Settled { summary, totals, ..Settled::default() })))
}

/// Counts the results of one task after another, until a line must be joined.
struct Alone<'r> {
    recorders: &'r Recorders,
    has_to_join: &'r AtomicBool,
    /// The recorder that any worker has seen, or 0 for none.
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
            // The sink ends the run when it gets a part, and without this one there might be none.
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

    // Inlined, so that unused parts of a hit are not even computed.
    #[inline(always)]
    fn take(&mut self, hit: Hit<'c>) {
        let Writing { recorder, is_joined, is_general, .. } = self.recorders.0[hit.pattern];
        if is_joined || is_general || hit.says(Capture::Host).is_some() {
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
    /// Records that a recorder was seen. If another one was seen before, their results may be twins.
    fn meet(&mut self, recorder: Recorder) {
        self.recorder = recorder;
        let before = self.seen.swap(recorder, Ordering::Relaxed);
        if before != 0 && before != recorder {
            self.has_to_join.store(true, Ordering::Relaxed);
        }
    }
}

/// The properties of a line that its pattern determines.
#[derive(Clone, Copy)]
struct Writing {
    recorder: Recorder,
    is_joined: bool,
    is_general: bool,
    role: Role,
}

/// The recorders of all patterns in a set, by the index of the pattern.
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
                // Results of recorders above the limit are never matched as twins.
                recorder: recorder.filter(|&recorder| recorder < RECORDERS_LIMIT).unwrap_or(0),
                is_joined: pattern.recorder().is_some_and(|name| joined.contains(&name)),
                is_general: pattern.is_general(),
                role: pattern.role(),
            }
        });
        Recorders(writing.collect())
    }
}

/// Passes the end of a source to the sign-ins.
pub(super) fn end_source(end: &SourceEnd, sign_ins: &mut SignIns) {
    match end.bytes {
        Some(bytes) => sign_ins.end_source(&end.source.name, bytes),
        // The name of a copy also helps to distinguish machines.
        None => sign_ins.skip_source(&end.source.name),
    }
}

/// Passes the notes of a part to the sign-ins.
pub(super) fn hear(part: &Notes, recorders: &Recorders, sign_ins: &mut SignIns) {
    part.logged.iter().for_each(|start| sign_ins.logged(*start));
    let mut texts = part.texts.as_str();
    for note in &part.notes {
        let mut next = |len| {
            let (this, rest) = (len != NOTHING).then(|| texts.split_at(len as usize))?;
            texts = rest;
            Some(this)
        };
        let [user, host, address] = note.lens.map(&mut next);
        let [process, thread] = note.writers.map(|writer| match writer {
            UNKNOWN => Writer::Unknown,
            TEXT.. => next(u32::try_from(writer - TEXT).unwrap_or(NOTHING)).map_or(Writer::Unknown, Writer::Text),
            number => Writer::Number(number),
        });
        let Writing { recorder, is_joined, is_general, role } = recorders.0[note.pattern as usize];
        // The copy that a relay keeps names the machine, and counts as a separate recorder.
        let relayed = Recorder::from(recorder > 0 && host.is_some());
        sign_ins.hear(&Heard {
            recorder: recorder + relayed,
            is_joined,
            begins: role == Role::Begins,
            is_general,
            key: match note.result {
                NoteResult::None => None,
                NoteResult::Code(code) => Some(Key::Code(code)),
                NoteResult::Name(index) => Some(Key::Name(part.names[index as usize].clone())),
            },
            stamp: note.stamp,
            user,
            outcome: note.outcome,
            host,
            address,
            process,
            thread,
            beside: (note.line_bytes != NOTHING).then(|| note.line_start..note.line_start + u64::from(note.line_bytes)),
        });
    }
}

/// The length that marks a value that the line does not contain.
const NOTHING: u32 = u32::MAX;

/// The size in bytes above which notes are sent before their chunk is done.
pub(super) const PART_BYTES: usize = 256 << 10;

/// What lines contain about sign-ins, in the order of the lines.
#[derive(Debug, Default)]
pub struct Notes {
    notes: Vec<Note>,
    /// The texts of all notes, one after another.
    texts: String,
    /// The names of results without a code.
    names: Vec<Name>,
    /// The starts of the hours or days in which there are lines.
    logged: Vec<Time>,
}

/// What one line contains about a sign-in. In some logs, nearly every line has one, so a note is small and cheap to drop.
#[derive(Clone, Copy, Debug)]
struct Note {
    result: NoteResult,
    stamp: Option<Stamp>,
    /// The process and the thread, each as a number, as [`TEXT`] plus the length of a text, or as [`UNKNOWN`]. Their texts come
    /// after those of `lens`.
    writers: [u64; 2],
    /// The lengths in bytes of the user, the host and the address, or [`NOTHING`].
    lens: [u32; 3],
    pattern: u32,
    outcome: Option<attempt::Outcome>,
    /// The offset of the line in its source.
    line_start: u64,
    /// The length of the line in its source, or [`NOTHING`] if its thread is known.
    line_bytes: u32,
}

/// The result in a note.
#[derive(Clone, Copy, Debug)]
enum NoteResult {
    /// There is no result, because the line is a context.
    None,
    Code(Code),
    /// A name, as its index in [`Notes`].
    Name(u32),
}

/// The value for a process or thread that the line does not contain.
const UNKNOWN: u64 = u64::MAX;

/// The value for a process or thread that is not a number, to which the length of its text is added. Numbers are less than this.
const TEXT: u64 = Writer::LIMIT;

impl Notes {
    pub(super) fn size_bytes(&self) -> usize {
        size_of_val(self.notes.as_slice()) + self.texts.len() + size_of_val(&self.logged[..])
    }
}

/// Collects what the lines of one task after another contain about sign-ins.
pub(super) struct Listener {
    encoding: EncodingChoice,
    /// Whether hours or days in which there are lines are collected, and in which zone, or `None` if neither is.
    parts: Option<(Dimension, DisplayZone)>,
    notes: Vec<Note>,
    /// The texts of the notes, in UTF-8, which is checked for all of them together.
    texts: Vec<u8>,
    names: Vec<Name>,
    logged: Vec<Time>,
    /// The number of notes in the last part, and the length of their texts in bytes.
    last_len: (usize, usize),
}

impl Listener {
    pub(super) fn new(options: &Options) -> Listener {
        let encoding = options.opening.encoding;
        let (notes, texts, names, logged) = Default::default();
        Listener { encoding, parts: None, notes, texts, names, logged, last_len: (0, 0) }
    }
}

impl Visitor for Listener {
    type Part = Notes;

    /// Enough for about two million lines. Counting a copy would be worse than using this memory.
    const HELD_BYTES: usize = 256 << 20;

    fn chunk(&mut self, _: &Source, chunk: &Chunk<'_>, scanner: &mut Scanner<'_>, out: &mut Outlet<'_, Notes>) {
        scanner.scan_into(chunk, &mut *self);
        if let Some(parts) = self.parts {
            hours::logged(chunk.written.form, chunk.owned(), parts, &mut self.logged);
        }
        if self.size_bytes() > PART_BYTES {
            out.part(Listener::take(self));
        }
    }

    fn weight(part: &Notes) -> usize {
        part.size_bytes()
    }

    fn finish(&mut self, out: &mut Outlet<'_, Notes>) {
        if !self.notes.is_empty() || !self.logged.is_empty() {
            out.part(Listener::take(self));
        }
    }
}

impl<'c> Sink<'c> for &mut Listener {
    const JOINS: bool = true;

    #[inline(always)]
    fn take(&mut self, mut hit: Hit<'c>) {
        let key = std::mem::replace(&mut hit.key, Key::Code(Code::NONE));
        self.note(&hit, Some(key));
    }

    #[inline(always)]
    fn context(&mut self, hit: Hit<'c>) {
        self.note(&hit, None);
    }
}

impl Listener {
    pub(super) fn size_bytes(&self) -> usize {
        size_of_val(self.notes.as_slice()) + self.texts.len() + size_of_val(&self.logged[..])
    }

    /// Returns everything that was collected since the last call.
    pub(super) fn take(&mut self) -> Notes {
        self.last_len = (self.notes.len(), self.texts.len());
        let (notes, names) = (std::mem::take(&mut self.notes), std::mem::take(&mut self.names));
        let texts = String::from_utf8(std::mem::take(&mut self.texts)).expect("each text is in UTF-8");
        Notes { notes, texts, names, logged: std::mem::take(&mut self.logged) }
    }

    /// Adds a note on a line. `key` is its result, or `None` if the line only adds to another one.
    pub(super) fn note(&mut self, hit: &Hit<'_>, key: Option<Key>) {
        if self.notes.is_empty() {
            // The next part is about as large as the last one.
            self.notes.reserve(self.last_len.0);
            self.texts.reserve(self.last_len.1);
        }
        let result = match key {
            None => NoteResult::None,
            Some(Key::Code(code)) => NoteResult::Code(code),
            Some(Key::Name(name)) => {
                self.names.push(name);
                NoteResult::Name(u32::try_from(self.names.len() - 1).unwrap_or(u32::MAX))
            }
        };
        let user = hit.user();
        let said = [user.as_deref(), hit.says(Capture::Host), hit.says(Capture::Address)];
        let lens = said.map(|text| text.map_or(NOTHING, |bytes| self.text(hit, bytes)));
        let writers = [Capture::Process, Capture::Thread].map(|capture| match hit.says(capture) {
            None => UNKNOWN,
            Some(bytes) => Writer::number(bytes).unwrap_or_else(|| TEXT + u64::from(self.text(hit, bytes))),
        });
        let place = hit.place_without_thread();
        self.notes.push(Note {
            result,
            stamp: hit.time,
            writers,
            lens,
            pattern: u32::try_from(hit.pattern).unwrap_or(u32::MAX),
            outcome: hit.says(Capture::Outcome).and_then(attempt::Outcome::read),
            line_start: hit.line_offset,
            line_bytes: place.and_then(|place| u32::try_from(place.end - place.start).ok()).unwrap_or(NOTHING),
        });
    }

    /// Adds a text and returns its length.
    #[inline]
    fn text(&mut self, hit: &Hit<'_>, bytes: &[u8]) -> u32 {
        let before = self.texts.len();
        if bytes.is_ascii() || std::str::from_utf8(bytes).is_ok() {
            self.texts.extend_from_slice(bytes);
        } else {
            let page = CodePage::of(hit.line, hit.units, self.encoding.given());
            self.texts.extend_from_slice(page.read(bytes).as_bytes());
        }
        u32::try_from(self.texts.len() - before).unwrap_or(NOTHING)
    }
}
