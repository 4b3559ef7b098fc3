//! The visitor of the command `scan`: workers collect what lines contain about sign-ins, and the sink joins, matches and counts
//! them.
//!
//! A log of a single recorder that writes one line for each sign-in does not need this. Therefore [`count_alone`] counts the
//! results of a single file on the workers, and gives up at the first line that must be joined, may have a twin or is matched by a
//! general pattern, which is usually in the first chunk. The results of a single recorder whose lines are joined, or from which
//! findings are derived, need not wait for twins either: [`count_at_once`] keeps none of them, and gives up at the first result of
//! another recorder. Then [`count`] reads the file again.

use std::collections::VecDeque;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher as _, Hash, Hasher};
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use fearless_simd::Level;
use foldhash::fast::FixedState;

use super::annotate::newlines;
use super::overlaps::{self, Overlaps};
use super::texts::Collected;
use super::{CopyRule, Event, Options, Outcome, Outlet, SourceEnd, Visitor, hours, run};
use crate::attempt::values::Number;
use crate::attempt::{self, RECORDERS_LIMIT, Recorder};
use crate::catalogue::Catalogue;
use crate::chunk::Chunk;
use crate::code::{Code, Key, Name};
use crate::hit::{Capture, Hit};
use crate::near_miss::{self, NearMiss, Shape};
use crate::pattern::PatternSet;
use crate::pattern::definition::Role;
use crate::scan::{Scanner, Sink};
use crate::source::names::Texts;
use crate::source::{EncodingChoice, Found, Source};
use crate::summary::covered::Mark;
use crate::summary::near_misses::{First, NearMisses};
use crate::summary::sign_ins::{self, Field, Heard, KeyNumber, Settled, SignInTotals, SignIns, Sought, Writer};
use crate::summary::{Counts, Summary, quiet};
use crate::time::zone::DisplayZone;
use crate::time::{Basis, Stamp, Time};
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
    let counting = sign_ins::Options { at_once: false, ..counting };
    // There is always an outcome, because results do not have to wait for anything that they do not wait for.
    counted(inputs, set, catalogue, options, counting).map(Option::unwrap_or_default)
}

/// Counts the sign-ins in `inputs` like [`count`], but results do not wait for their twins. Returns `None` if they must, because there
/// are several recorders, or because a source replaces an earlier one.
///
/// # Errors
///
/// The same as those of [`count`].
pub fn count_at_once(
    inputs: impl Iterator<Item = Found> + Send,
    set: &PatternSet,
    catalogue: &Catalogue,
    options: &Options,
    counting: sign_ins::Options,
) -> io::Result<Option<Outcome<Settled>>> {
    counted(inputs, set, catalogue, options, sign_ins::Options { at_once: true, ..counting })
}

/// Counts the sign-ins in `inputs`. Returns `None` if results are counted at once although they have to wait.
fn counted(
    inputs: impl Iterator<Item = Found> + Send,
    set: &PatternSet,
    catalogue: &Catalogue,
    options: &Options,
    counting: sign_ins::Options,
) -> io::Result<Option<Outcome<Settled>>> {
    let wants = Wants::of(&counting, options.copies);
    let mut counting = Counting::new(set, catalogue, counting);
    let joined = counting.recorders.joined();
    let mut sink = |event| {
        counting.event(event);
        // An error ends the run.
        if counting.has_to_wait() { Err(io::ErrorKind::Interrupted.into()) } else { Ok(()) }
    };
    let visitor = || wants.listener(options, &joined);
    let outcome = run(inputs, set, catalogue, options, visitor, &mut sink);
    if counting.has_to_wait() {
        return Ok(None);
    }
    Ok(Some(counting.end(outcome?)))
}

/// What a [`Listener`] collects besides results.
#[derive(Clone, Copy)]
pub(super) struct Wants {
    /// The zone of the hours in which there are lines, or `None` if they are not collected.
    pub(super) hours: Option<DisplayZone>,
    /// Whether near misses are collected.
    pub(super) sought: Sought,
    /// Whether the times of the first and the last line are collected.
    pub(super) with_ends: bool,
    /// Whether the hashes of lines with results are collected, to find parts that logs have in common.
    pub(super) with_hashes: bool,
}

impl Wants {
    /// Returns what is needed to count in this way. If the user wants to count copies, parts that logs have in common may count as well.
    pub(super) fn of(counting: &sign_ins::Options, copies: CopyRule) -> Wants {
        let by_time = counting.with_history || quiet::shortest(&counting.by).is_some();
        Wants {
            hours: by_time.then_some(counting.zone),
            sought: counting.near_misses,
            with_ends: counting.with_cells || counting.with_history,
            with_hashes: copies.is_compared() && !counting.at_once,
        }
    }

    /// Returns a listener that collects this. `joined` is [`Recorders::joined`].
    pub(super) fn listener(self, options: &Options, joined: &[bool]) -> Listener {
        let Wants { hours, sought, with_ends, with_hashes } = self;
        Listener { hours, sought, with_ends, with_hashes, joined: joined.to_vec(), ..Listener::new(options) }
    }
}

/// Counts sign-ins from the events of a run.
pub(super) struct Counting<'c> {
    recorders: Recorders,
    sign_ins: SignIns<'c>,
    near_misses: AllNearMisses,
    overlaps: Overlaps,
}

impl<'c> Counting<'c> {
    pub(super) fn new(set: &PatternSet, catalogue: &'c Catalogue, counting: sign_ins::Options) -> Counting<'c> {
        let (recorders, near_misses, overlaps) = (Recorders::new(set), AllNearMisses::default(), Overlaps::default());
        Counting { recorders, sign_ins: SignIns::new(counting, catalogue), near_misses, overlaps }
    }

    /// Adds an event.
    pub(super) fn event(&mut self, event: Event<Notes>) {
        match event {
            Event::Part(part) => {
                hear(&part, &self.recorders, &mut self.sign_ins);
                part.hashes.iter().for_each(|hash| self.overlaps.line(*hash));
                self.near_misses.part(part.near_misses, part.newlines);
            }
            Event::Replaced(replaced) => {
                let is_taken_back = self.sign_ins.take_back(replaced.number);
                if is_taken_back {
                    self.near_misses.take_back(replaced.number);
                }
                replaced.take_back(is_taken_back);
                self.overlaps.replace(replaced.number);
            }
            Event::Problem(_) => {}
            Event::SourceEnd(end) => {
                end_source(&end, &mut self.sign_ins);
                self.near_misses.end_source(&end);
                self.overlaps.end_source(&end);
            }
        }
    }

    /// Whether results are counted at once although they have to wait.
    fn has_to_wait(&self) -> bool {
        self.sign_ins.has_to_wait()
    }

    /// Ends the run with this outcome.
    pub(super) fn end(self, mut outcome: Outcome<()>) -> Outcome<Settled> {
        let settled = Settled { near_misses: self.near_misses.finish(), ..self.sign_ins.settle() };
        outcome.problems.extend(self.overlaps.problems());
        outcome.problems.extend(super::summarise::overflow([&settled.summary, &settled.general]));
        outcome.with(settled)
    }
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
        encoding: options.opening.encoding,
        counts: Counts::default(),
        near_misses: NearMisses::default(),
    };
    let (mut summary, mut counts, mut all) = (Summary::default(), Counts::default(), AllNearMisses::default());
    let mut sink = |event| {
        match event {
            Event::Part((part, near_misses)) => {
                counts.merge(part);
                all.part(near_misses, 0);
            }
            Event::Replaced(_) | Event::Problem(_) => {}
            Event::SourceEnd(end) => {
                all.end_source(&end);
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
    Ok(Some(outcome.with(Settled { summary, totals, near_misses: all.finish(), ..Settled::default() })))
}

/// The number of sources whose near misses can still be taken back.
const RECENT_SOURCES: usize = 4096;

/// Collects the near misses of all sources.
#[derive(Default)]
pub(super) struct AllNearMisses {
    /// Those of the sources that ended before the recent ones.
    all: NearMisses,
    /// Those of the sources that ended last and have any, by the number of sources that were read before. If a longer copy of such a
    /// source is read, they are taken back.
    recent: VecDeque<(u32, NearMisses)>,
    /// The number of sources that have been read.
    sources: u32,
    /// Those of the current source.
    current: NearMisses,
    /// The number of line feeds in the current source so far.
    newlines: u64,
}

impl AllNearMisses {
    /// Adds those of the next part of the current source, which has `newlines` line feeds.
    pub(super) fn part(&mut self, part: NearMisses, newlines: u64) {
        if !part.is_empty() {
            self.current.merge_part(part, self.newlines);
        }
        self.newlines += newlines;
    }

    /// Ends the current source.
    pub(super) fn end_source(&mut self, end: &SourceEnd) {
        self.newlines = 0;
        let current = std::mem::take(&mut self.current);
        if !current.is_empty() {
            self.recent.push_back((self.sources, current.in_source(&end.source.name)));
        }
        if self.recent.len() > RECENT_SOURCES
            && let Some((_, oldest)) = self.recent.pop_front()
        {
            self.all.merge(oldest);
        }
        self.sources += u32::from(end.bytes.is_some());
    }

    /// Takes back those of a source before which `number` sources were read. Those of a source that ended long ago stay.
    pub(super) fn take_back(&mut self, number: u32) {
        self.recent.retain(|(other, _)| *other != number);
    }

    /// Returns those of all sources.
    pub(super) fn finish(mut self) -> NearMisses {
        self.recent.into_iter().for_each(|(_, near_misses)| self.all.merge(near_misses));
        self.all
    }
}

/// Counts a near miss. `line_number` is the number of its line in the part of its source, if lines are counted.
pub(super) fn note_near_miss(
    near_misses: &mut NearMisses,
    found: &NearMiss<'_>,
    line_number: Option<u64>,
    encoding: EncodingChoice,
) {
    let (kept, words) = near_miss::kept(found.line, &found.words);
    let page = CodePage::of(found.line, found.units, encoding.given());
    let [before, named, after] =
        [&kept[..words.start], &kept[words.clone()], &kept[words.end..]].map(|part| page.read(part));
    let line = [&*before, &*named, &*after].concat();
    let shape = Shape::of(&line, before.len()..before.len() + named.len());
    near_misses.add(
        &shape,
        First { path: "".into(), offset: found.line_offset, line_number, line: line.into(), words: before.len() },
    );
}

/// Counts the results of one task after another, until a line must be joined.
struct Alone<'r> {
    recorders: &'r Recorders,
    has_to_join: &'r AtomicBool,
    /// The recorder that any worker has seen, or 0 for none.
    seen: &'r AtomicU8,
    /// The recorder that this worker has seen.
    recorder: Recorder,
    encoding: EncodingChoice,
    counts: Counts,
    near_misses: NearMisses,
}

impl Visitor for Alone<'_> {
    type Part = (Counts, NearMisses);

    fn chunk(&mut self, _: &Source, chunk: &Chunk<'_>, scanner: &mut Scanner<'_>, out: &mut Outlet<'_, Self::Part>) {
        if self.has_to_join.load(Ordering::Relaxed) {
            return;
        }
        scanner.scan_into(chunk, &mut *self);
        if self.has_to_join.load(Ordering::Relaxed) {
            // The sink ends the run when it gets a part, and without this one there might be none.
            out.part(Self::Part::default());
        }
    }

    fn weight((counts, near_misses): &Self::Part) -> usize {
        counts.size_bytes() + near_misses.size_bytes()
    }

    fn finish(&mut self, out: &mut Outlet<'_, Self::Part>) {
        if !self.counts.is_empty() || !self.near_misses.is_empty() {
            out.part((std::mem::take(&mut self.counts), std::mem::take(&mut self.near_misses)));
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

    fn wants_near_misses(&self) -> bool {
        true
    }

    fn near_miss(&mut self, found: NearMiss<'c>) {
        note_near_miss(&mut self.near_misses, &found, None, self.encoding);
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

    /// Returns for each pattern whether its lines are joined with others of the same thread.
    pub(super) fn joined(&self) -> Vec<bool> {
        self.0.iter().map(|writing| writing.is_joined).collect()
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
    part.logged.iter().for_each(|mark| sign_ins.logged(*mark));
    part.ends.into_iter().for_each(|ends| sign_ins.reaches(ends));
    let kinds: Vec<(Writing, Option<KeyNumber>)> = part
        .kinds
        .iter()
        .map(|kind| {
            let key = match kind.result {
                NoteResult::None => None,
                NoteResult::Code(code) => Some(Key::Code(code)),
                NoteResult::Name(index) => part.names.get(index as usize).cloned().map(Key::Name),
            };
            (recorders.0[kind.pattern as usize], key.map(|key| sign_ins.key(&key)))
        })
        .collect();
    // The number of each text in each field, as soon as it is known.
    let mut numbers = vec![[Number::default(); Field::COUNT]; part.texts.len()];
    for note in &part.notes {
        let mut number = |field: Field, index: u32| {
            let Some(number) = numbers.get_mut(index as usize).map(|of_fields| &mut of_fields[field as usize]) else {
                return Number::default();
            };
            if !number.is_known() {
                *number = sign_ins.number(field, part.texts.get(index as usize).unwrap_or_default());
            }
            *number
        };
        let [user, host, address] = note.said;
        let (user, address) = (number(Field::User, user), number(Field::Address, address));
        let names_host = host != NOTHING;
        let host = number(Field::Host, host);
        let [process, thread] = note.writers.map(|writer| match writer {
            UNKNOWN => Writer::Unknown,
            TEXT.. => Writer::Text(number(Field::Writer, u32::try_from(writer - TEXT).unwrap_or(NOTHING))),
            number => Writer::Number(number),
        });
        let (Kind { basis, outcome, .. }, (writing, key)) = (part.kinds[note.kind as usize], kinds[note.kind as usize]);
        let Writing { recorder, is_joined, is_general, role } = writing;
        // The copy that a relay keeps names the machine, and counts as a separate recorder.
        let relayed = Recorder::from(recorder > 0 && names_host);
        sign_ins.hear(&Heard {
            recorder: recorder + relayed,
            is_joined,
            begins: role == Role::Begins,
            is_general,
            key,
            stamp: basis.map(|basis| Stamp { time: note.time, basis }),
            user,
            outcome,
            host,
            address,
            process,
            thread,
            beside: (note.line_bytes != NOTHING).then(|| note.line_start..note.line_start + u64::from(note.line_bytes)),
        });
    }
}

/// The index or length that marks a value that the line does not contain.
pub(super) const NOTHING: u32 = u32::MAX;

/// The longest line, in bytes, that is compared with lines of other logs. A longer one may have many results.
const HASHED_BYTES: usize = 4 << 10;

/// The size in bytes above which notes are sent before their chunk is done.
pub(super) const PART_BYTES: usize = 256 << 10;

/// What lines contain about sign-ins, in the order of the lines.
#[derive(Debug, Default)]
pub struct Notes {
    pub(super) notes: Vec<Note>,
    /// What many notes have in common.
    pub(super) kinds: Vec<Kind>,
    /// The texts of all notes.
    pub(super) texts: Texts,
    /// The names of results without a code.
    pub(super) names: Vec<Name>,
    /// Some of the lines, from which follow the hours in which there are lines.
    pub(super) logged: Vec<Mark>,
    /// The times of the first and the last line that has one, if they are wanted.
    pub(super) ends: Option<[Time; 2]>,
    pub(super) near_misses: NearMisses,
    /// The number of line feeds in the part, if lines are counted.
    pub(super) newlines: u64,
    /// The hashes of the lines with a result and a time, if they are wanted.
    pub(super) hashes: Vec<u32>,
}

/// What one line contains about a sign-in. In some logs, nearly every line has one, so a note is small and has no texts of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Note {
    /// The index of its [`Kind`].
    pub(super) kind: u32,
    /// The indexes of the user, the host and the address, or [`NOTHING`].
    pub(super) said: [u32; 3],
    /// The process and the thread, each as a number, as [`TEXT`] plus the index of a text, or as [`UNKNOWN`].
    pub(super) writers: [u64; 2],
    /// The time, if the kind has a basis.
    pub(super) time: Time,
    /// The offset of the line in its source.
    pub(super) line_start: u64,
    /// The length of the line in its source, or [`NOTHING`] if its thread is known.
    pub(super) line_bytes: u32,
}

/// What many notes have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Kind {
    pub(super) result: NoteResult,
    /// The basis of the time, or `None` if the line has no time.
    pub(super) basis: Option<Basis>,
    pub(super) pattern: u32,
    pub(super) outcome: Option<attempt::Outcome>,
}

/// The result in a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum NoteResult {
    /// There is no result, because the line is a context.
    None,
    Code(Code),
    /// A name, as its index in [`Notes`].
    Name(u32),
}

/// The value for a process or thread that the line does not contain.
pub(super) const UNKNOWN: u64 = u64::MAX;

/// The value for a process or thread that is not a number, to which the index of its text is added. Numbers are less than this.
pub(super) const TEXT: u64 = Writer::LIMIT;

impl Notes {
    pub(super) fn size_bytes(&self) -> usize {
        let near_misses = self.near_misses.size_bytes();
        size_of_val(self.notes.as_slice())
            + size_of_val(&self.kinds[..])
            + self.texts.size_bytes()
            + size_of_val(&self.logged[..])
            + size_of_val(&self.hashes[..])
            + near_misses
    }

    /// Takes the near misses out of the notes.
    pub(super) fn take_near_misses(&mut self) -> NearMisses {
        std::mem::take(&mut self.near_misses)
    }
}

/// Collects what the lines of one task after another contain about sign-ins.
pub(super) struct Listener {
    encoding: EncodingChoice,
    /// For each pattern, whether the processes and threads of its lines are collected. If empty, those of all lines are.
    joined: Vec<bool>,
    /// The zone of the hours in which there are lines, or `None` if they are not collected.
    pub(super) hours: Option<DisplayZone>,
    /// Whether near misses are collected.
    pub(super) sought: Sought,
    /// Whether the times of the first and the last line are collected.
    pub(super) with_ends: bool,
    /// Whether the hashes of lines with results are collected.
    with_hashes: bool,
    notes: Vec<Note>,
    kinds: Kinds,
    texts: Collected,
    names: Distinct<Spelled>,
    logged: Vec<Mark>,
    ends: Option<[Time; 2]>,
    near_misses: NearMisses,
    /// The number of line feeds so far, if they are counted.
    newlines: u64,
    hashes: Vec<u32>,
    /// The number of notes in the last part.
    last_len: usize,
}

impl Listener {
    pub(super) fn new(options: &Options) -> Listener {
        let encoding = options.opening.encoding;
        let (notes, kinds, texts, names, logged, ends, near_misses, newlines, hashes) = Default::default();
        let (hours, sought, with_ends, with_hashes, last_len) = (None, Sought::No, false, false, 0);
        Listener {
            encoding,
            joined: Vec::new(),
            hours,
            sought,
            with_ends,
            with_hashes,
            notes,
            kinds,
            texts,
            names,
            logged,
            ends,
            near_misses,
            newlines,
            hashes,
            last_len,
        }
    }
}

impl Visitor for Listener {
    type Part = Notes;

    /// Enough for about two million lines. Counting a copy would be worse than using this memory.
    const HELD_BYTES: usize = 256 << 20;

    fn chunk(&mut self, _: &Source, chunk: &Chunk<'_>, scanner: &mut Scanner<'_>, out: &mut Outlet<'_, Notes>) {
        self.listen(chunk, scanner);
        if self.size_bytes() > PART_BYTES {
            out.part(Listener::take(self));
        }
    }

    fn weight(part: &Notes) -> usize {
        part.size_bytes()
    }

    /// The number of line feeds is there for every source if lines are counted.
    fn has_found(part: &Notes) -> bool {
        let is_empty = part.notes.is_empty() && part.logged.is_empty() && part.near_misses.is_empty();
        !is_empty || part.ends.is_some()
    }

    fn finish(&mut self, out: &mut Outlet<'_, Notes>) {
        if !self.is_empty() {
            out.part(Listener::take(self));
        }
    }
}

/// Listens to one chunk. Not a closure, because calling one would copy every hit.
struct Listening<'l, 'c> {
    listener: &'l mut Listener,
    /// The lines of the chunk.
    owned: &'c [u8],
    /// How many bytes of them have been searched for line feeds.
    counted: &'l mut usize,
}

impl<'c> Sink<'c> for Listening<'_, 'c> {
    const JOINS: bool = true;

    #[inline(always)]
    fn take(&mut self, mut hit: Hit<'c>) {
        let key = std::mem::replace(&mut hit.key, Key::Code(Code::NONE));
        self.listener.note(&hit, Some(key));
    }

    #[inline(always)]
    fn context(&mut self, hit: Hit<'c>) {
        self.listener.note(&hit, None);
    }

    fn wants_near_misses(&self) -> bool {
        self.listener.sought != Sought::No
    }

    fn near_miss(&mut self, found: NearMiss<'c>) {
        let Listening { listener, owned, counted } = self;
        if listener.sought == Sought::Numbered {
            listener.newlines += newlines(Level::new(), &owned[**counted..found.line_start]);
            **counted = found.line_start;
        }
        let number = (listener.sought == Sought::Numbered).then_some(listener.newlines + 1);
        listener.note_near_miss(&found, number);
    }
}

impl Listener {
    /// Collects what the lines of a chunk contain.
    pub(super) fn listen(&mut self, chunk: &Chunk<'_>, scanner: &mut Scanner<'_>) {
        let mut counted = 0;
        scanner.scan_into(chunk, Listening { listener: &mut *self, owned: chunk.owned(), counted: &mut counted });
        if self.sought == Sought::Numbered {
            self.newlines += newlines(Level::new(), &chunk.owned()[counted..]);
        }
        self.note_logged(chunk);
    }

    /// Whether nothing was collected since the last call of [`Listener::take`].
    pub(super) fn is_empty(&self) -> bool {
        let is_empty = self.notes.is_empty() && self.logged.is_empty() && self.near_misses.is_empty();
        is_empty && self.newlines == 0 && self.ends.is_none()
    }

    pub(super) fn size_bytes(&self) -> usize {
        let near_misses = self.near_misses.size_bytes();
        size_of_val(self.notes.as_slice())
            + self.kinds.size_bytes()
            + self.texts.size_bytes()
            + size_of_val(&self.logged[..])
            + size_of_val(&self.hashes[..])
            + near_misses
    }

    /// Records the lines from which follow the hours in which the chunk has lines, and the times of its first and last line, if they are
    /// wanted.
    pub(super) fn note_logged(&mut self, chunk: &Chunk<'_>) {
        if self.hours.is_none() && !self.with_ends {
            return;
        }
        let ends = hours::examine(chunk, self.hours.unwrap_or(DisplayZone::UTC), &mut self.logged);
        if self.hours.is_none() {
            self.logged.clear();
        }
        if let Some([first, last]) = ends.filter(|_| self.with_ends) {
            self.ends = Some([self.ends.map_or(first, |[first, _]| first), last]);
        }
    }

    /// Adds a near miss. `line_number` is the number of its line in the part, if lines are counted.
    pub(super) fn note_near_miss(&mut self, found: &NearMiss<'_>, line_number: Option<u64>) {
        note_near_miss(&mut self.near_misses, found, line_number, self.encoding);
    }

    /// Returns everything that was collected since the last call.
    pub(super) fn take(&mut self) -> Notes {
        self.last_len = self.notes.len();
        let (notes, kinds, texts) = (std::mem::take(&mut self.notes), self.kinds.take(), self.texts.take());
        let names = self.names.take().into_iter().map(|Spelled(name)| name).collect();
        let (logged, near_misses) = (std::mem::take(&mut self.logged), std::mem::take(&mut self.near_misses));
        let ends = self.ends.take();
        let (newlines, hashes) = (std::mem::take(&mut self.newlines), std::mem::take(&mut self.hashes));
        Notes { notes, kinds, texts, names, logged, ends, near_misses, newlines, hashes }
    }

    /// Adds a note on a line. `key` is its result, or `None` if the line only adds to another one.
    pub(super) fn note(&mut self, hit: &Hit<'_>, key: Option<Key>) {
        if self.notes.is_empty() {
            // The next part is about as large as the last one.
            self.notes.reserve(self.last_len);
        }
        let result = match key {
            None => NoteResult::None,
            Some(Key::Code(code)) => NoteResult::Code(code),
            Some(Key::Name(name)) => NoteResult::Name(self.names.index(Spelled(name))),
        };
        if self.with_hashes
            && hit.time.is_some()
            && hit.line.len() <= HASHED_BYTES
            && !matches!(result, NoteResult::None)
        {
            // The seed is fixed, because which lines are compared must not depend on chance.
            self.hashes.push(overlaps::short(FixedState::default().hash_one(hit.line)));
        }
        let user = hit.user();
        let said = [user.as_deref(), hit.says(Capture::Host), hit.says(Capture::Address)];
        let said = said.map(|text| text.map_or(NOTHING, |bytes| self.text(hit, bytes)));
        let is_joined = self.joined.get(hit.pattern).is_none_or(|is_joined| *is_joined);
        let mut writer = |capture| match hit.says(capture).filter(|_| is_joined) {
            None => UNKNOWN,
            Some(bytes) => Writer::number(bytes).unwrap_or_else(|| TEXT + u64::from(self.text(hit, bytes))),
        };
        let writers = [writer(Capture::Process), writer(Capture::Thread)];
        let place = if is_joined { hit.place_without_thread() } else { None };
        let kind = self.kinds.index(Kind {
            result,
            basis: hit.time.map(|stamp| stamp.basis),
            pattern: u32::try_from(hit.pattern).unwrap_or(u32::MAX),
            outcome: hit.says(Capture::Outcome).and_then(attempt::Outcome::read),
        });
        self.notes.push(Note {
            kind,
            said,
            writers,
            time: hit.time.map_or(Time::from_nanoseconds(0), |stamp| stamp.time),
            line_start: hit.line_offset,
            line_bytes: place.and_then(|place| u32::try_from(place.end - place.start).ok()).unwrap_or(NOTHING),
        });
    }

    /// Returns the index of a text.
    #[inline]
    fn text(&mut self, hit: &Hit<'_>, bytes: &[u8]) -> u32 {
        let Listener { texts, encoding, .. } = self;
        texts.index(bytes, || CodePage::of(hit.line, hit.units, encoding.given()).read(bytes))
    }
}

/// A name. Unlike equal names, which may differ in letter case, equal ones have the same spelling.
#[derive(Clone, Debug)]
struct Spelled(Name);

impl Spelled {
    fn parts(&self) -> (&str, &str) {
        let Spelled(name) = self;
        (name.family(), name.text())
    }
}

impl PartialEq for Spelled {
    fn eq(&self, other: &Spelled) -> bool {
        self.parts() == other.parts()
    }
}

impl Eq for Spelled {}

impl Hash for Spelled {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parts().hash(state);
    }
}

/// Collects items without repeats, and numbers them from 0 on, in the order in which they come.
#[derive(Debug)]
struct Distinct<T> {
    all: Vec<T>,
    indexes: foldhash::HashMap<T, u32>,
}

impl<T> Default for Distinct<T> {
    fn default() -> Distinct<T> {
        Distinct { all: Vec::new(), indexes: foldhash::HashMap::default() }
    }
}

impl<T: Clone + Eq + Hash> Distinct<T> {
    /// Returns the index of an item, which is added if it is new.
    fn index(&mut self, item: T) -> u32 {
        let Distinct { all, indexes } = self;
        match indexes.entry(item) {
            Entry::Occupied(entry) => *entry.get(),
            Entry::Vacant(entry) => {
                let index = u32::try_from(all.len()).unwrap_or(u32::MAX);
                all.push(entry.key().clone());
                *entry.insert(index)
            }
        }
    }

    /// Takes all items, and begins anew.
    fn take(&mut self) -> Vec<T> {
        self.indexes.clear();
        std::mem::take(&mut self.all)
    }
}

/// Collects the kinds of notes.
#[derive(Debug, Default)]
struct Kinds {
    distinct: Distinct<Kind>,
    /// The kinds that were looked up last, as numbers, each with its index. The place is a hash of the number.
    recent: Vec<(u64, u32)>,
}

impl Kinds {
    /// The base-2 logarithm of the number of kinds that are remembered as the last ones.
    const RECENT_BITS: u32 = 8;
    /// A number that no kind has.
    const NONE: u64 = u64::MAX;

    /// Returns the index of a kind.
    #[inline]
    fn index(&mut self, kind: Kind) -> u32 {
        let number = Kinds::number(&kind);
        // The upper bits of a product depend on all bits of its factors. The factor is that of the golden ratio.
        let product = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let slot = usize::try_from(product >> (u64::BITS - Kinds::RECENT_BITS)).unwrap_or_default();
        match self.recent.get(slot) {
            Some((recent, index)) if *recent == number => *index,
            _ => self.find(kind, number, slot),
        }
    }

    fn find(&mut self, kind: Kind, number: u64, slot: usize) -> u32 {
        let index = self.distinct.index(kind);
        self.recent.resize(1 << Kinds::RECENT_BITS, (Kinds::NONE, 0));
        if number != Kinds::NONE {
            self.recent[slot] = (number, index);
        }
        index
    }

    /// Returns a number that only this kind has, or [`Kinds::NONE`] if its pattern has a large number.
    #[inline]
    fn number(kind: &Kind) -> u64 {
        let (tag, result) = match kind.result {
            NoteResult::None => (0, 0),
            NoteResult::Code(Code(code)) => (1, code.cast_unsigned()),
            NoteResult::Name(index) => (2, index),
        };
        let basis = kind.basis.map_or(0, |basis| (1 + basis.zone as u64) << 4 | basis.date as u64);
        let outcome = kind.outcome.map_or(0, |outcome| 1 + outcome as u64);
        if kind.pattern >= 1 << 20 {
            return Kinds::NONE;
        }
        u64::from(kind.pattern) << 44 | basis << 36 | outcome << 34 | tag << 32 | u64::from(result)
    }

    fn size_bytes(&self) -> usize {
        size_of_val(&self.distinct.all[..])
    }

    /// Takes all kinds, and begins anew.
    fn take(&mut self) -> Vec<Kind> {
        self.recent.clear();
        self.distinct.take()
    }
}
