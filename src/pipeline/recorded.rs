//! Scans sources in one process, and counts what was found in another.
//!
//! A run has two halves. Workers read sources and send messages, which come in order, and the sink joins, matches and counts what they
//! contain. [`record`] runs only the first half, and turns the messages into lines of JSON. [`count`] runs only the second half, on such
//! lines. Both are the code of a run in one process, so the result is the same if the lines come in the order of the sources.
//!
//! The lines may come from elsewhere, so each is checked when it is [parsed](Recorded::parse), and a line that is not valid is refused.
//! Nothing in a line is opened, read or executed.
//!
//! One thing is different. In one process, a file with which a longer one begins is recognised as a copy, because both can be read again.
//! Here, only files with equal bytes are. A file that begins like another one is reported, and both count.

use std::io;
use std::path::MAIN_SEPARATOR;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::copies::{Lookalikes, Looked};
use super::deliver::Deliver;
use super::sign_ins::{Counting, Listener, NOTHING, Note, NoteResult, Notes, Recorders, TEXT, UNKNOWN, Wants};
use super::{InputEnds, LongLines, Message, Options, Outcome, TaskEnd, delivered, work};
use crate::attempt;
use crate::catalogue::Catalogue;
use crate::chunk::Changes;
use crate::code::{Code, Name, is_family};
use crate::pattern::PatternSet;
use crate::problem::Problem;
use crate::source::{Chain, Digest, Digests, Found, HashedPart, Source, What};
use crate::summary::Dimension;
use crate::summary::near_misses::{NearMisses, Stored};
use crate::summary::sign_ins::{Settled, Sought, Writer};
use crate::time::zone::DisplayZone;
use crate::time::{Assumed, Basis, Stamp, Time};
use crate::units::{Units, Written};

/// The largest number of bytes or lines in a recorded line. Larger ones cannot be right, and their sum might overflow.
const COUNT_LIMIT: u64 = 1 << 56;

/// A message of a worker, as it is written to a file.
#[derive(Debug, Serialize, Deserialize)]
pub struct Recorded(Line);

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Line {
    /// The beginning of a source that is compared with others.
    Begin(Box<Looked>),
    /// The hashes of a piece of a file.
    Hashed(Vec<HashedPart>),
    Part(Part),
    End(Box<End>),
    Problem(Problem),
}

/// The notes of a part, in few characters.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Part {
    /// The texts to which notes refer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    texts: Vec<String>,
    /// The bases of times to which notes refer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    bases: Vec<Basis>,
    /// The names of results, each with its family.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    names: Vec<(String, String)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<Row>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    logged: Vec<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ends: Option<[i64; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    near_misses: Option<Stored>,
    #[serde(skip_serializing_if = "is_zero")]
    newlines: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hashes: Vec<u32>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is that of serde")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// A note. Its parts are: the result, the time since that of the note before in nanoseconds, the index of its basis, the pattern, the
/// indexes of the user, host and address, the process and the thread, the outcome, and the range of the line.
#[derive(Debug, Serialize, Deserialize)]
struct Row(
    Option<NotedResult>,
    Option<(i64, u32)>,
    u32,
    [Option<u32>; 3],
    [Option<i64>; 2],
    Option<attempt::Outcome>,
    u64,
    Option<u32>,
);

/// The result in a note.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum NotedResult {
    Code(i32),
    /// A name, as its index.
    Name([u32; 1]),
}

/// The end of a task.
#[derive(Debug, Serialize, Deserialize)]
struct End {
    /// The name of the source, if this is its last task.
    ends: Option<String>,
    bytes: u64,
    text: Option<Text>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unopened: Option<Problem>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    unread: Vec<Problem>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    long_lines: Option<LongLines>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    changes: Option<Changes>,
    #[serde(default, skip_serializing_if = "is_zero")]
    changing_times: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    digests: Option<Digests>,
}

/// What is known about the text of a source.
#[derive(Debug, Serialize, Deserialize)]
struct Text {
    chain: Chain,
    units: Units,
    assumed: Assumed,
}

/// A step of [`record`].
pub enum Step {
    /// A message about the current input.
    Message(Box<Recorded>),
    /// All messages about the current input have come.
    InputEnd,
}

/// Scans `inputs` and passes what the workers find to `sink`, in the order of the inputs. Hours are those of `zone`.
///
/// `options.copies` must be [`CopyRule::Record`](super::CopyRule::Record), or
/// [`CopyRule::CountAll`](super::CopyRule::CountAll) if copies count. If the run is interrupted, the last input has no
/// [`Step::InputEnd`].
///
/// # Errors
///
/// Returns the first error of the sink, which ends the run, or [`NoThreads`](super::NoThreads).
pub fn record(
    inputs: impl Iterator<Item = Found> + Send,
    set: &PatternSet,
    catalogue: &Catalogue,
    options: &Options,
    zone: DisplayZone,
    sink: &mut dyn FnMut(Step) -> io::Result<()>,
) -> io::Result<()> {
    // Everything that any way of counting needs.
    let (parts, with_hashes) = (Some((Dimension::Hour, zone)), options.copies.is_compared());
    let wants = Wants { parts, sought: Sought::Numbered, with_ends: true, with_hashes };
    let lookalikes = Lookalikes::new(&options.opening.stop);
    let crew = (set, catalogue, options, &lookalikes, InputEnds::Marked);
    let joined = Recorders::new(set).joined();
    work(inputs, crew, || wants.listener(options, &joined), &mut |message| {
        sink(match message {
            Message::InputEnd => Step::InputEnd,
            Message::Looked(looked) => Step::Message(Box::new(Recorded(Line::Begin(looked)))),
            // Sources are not compared in this process.
            Message::Start(_) => return Ok(()),
            Message::Hashed(parts) => Step::Message(Box::new(Recorded(Line::Hashed(parts)))),
            Message::Part(notes) => Step::Message(Box::new(Recorded(Line::Part(Part::of(&notes))))),
            Message::TaskEnd(end) => Step::Message(Box::new(Recorded(Line::End(Box::new(End::of(*end)))))),
            Message::Problem(problem) => Step::Message(Box::new(Recorded(Line::Problem(problem)))),
        })
    })
}

/// The place of a recorded message in its source, of which several pieces may have been recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Whether the piece is the first of its source.
    pub is_first: bool,
    /// Whether the piece is the last of its source.
    pub is_last: bool,
    /// The digest of the whole source, if there are several pieces.
    pub digest: Option<Digest>,
}

impl Place {
    /// The place of a source that was recorded as a whole.
    pub const WHOLE: Place = Place { is_first: true, is_last: true, digest: None };
}

/// Counts the sign-ins in recorded messages, like [`sign_ins::count`](super::sign_ins::count) those in sources.
///
/// `feed` calls the function that it gets with all messages, in the order of the sources. `options.copies` is whether copies count.
///
/// # Errors
///
/// Returns the errors of `feed`.
pub fn count(
    set: &PatternSet,
    catalogue: &Catalogue,
    options: &Options,
    counting: crate::summary::sign_ins::Options,
    feed: impl FnOnce(&mut dyn FnMut(Recorded, Place) -> io::Result<()>) -> io::Result<()>,
) -> io::Result<Outcome<Settled>> {
    let wants = Wants::of(&counting, options.copies);
    let mut counting = Counting::new(set, catalogue, counting);
    let mut sink = |event| {
        counting.event(event);
        Ok(())
    };
    let lookalikes = Lookalikes::new(&options.opening.stop);
    let outcome = delivered::<Listener>(options, &lookalikes, &mut sink, |deliver: &mut Deliver<'_, Listener>| {
        feed(&mut |recorded, place| match recorded.message(wants, place) {
            Some(message) => deliver.message(message),
            None => Ok(()),
        })
    })?;
    Ok(counting.end(outcome))
}

impl Recorded {
    /// Parses a line that [`Recorded::to_json`] has written, for a set of `patterns` patterns.
    ///
    /// # Errors
    ///
    /// Returns what is wrong with the line.
    pub fn parse(line: &[u8], patterns: usize) -> Result<Recorded, String> {
        let recorded: Recorded = serde_json::from_slice(line).map_err(|error| error.to_string())?;
        recorded.check(patterns).ok_or_else(|| "a value is not possible".to_owned())?;
        Ok(recorded)
    }

    /// Returns the line of JSON for the message, without a line feed.
    ///
    /// # Errors
    ///
    /// Returns an error if the message cannot be written as JSON.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }

    /// Returns the hashes of a piece of a file, if the line has them.
    #[must_use]
    pub fn hashed(&self) -> Option<&[HashedPart]> {
        if let Line::Hashed(parts) = &self.0 { Some(parts) } else { None }
    }

    /// Puts the names of sources below the name of a machine, as if they were in a folder with that name on this machine.
    pub fn put_below(&mut self, machine: &str) {
        let below = |name: &mut String| *name = format!("{machine}{MAIN_SEPARATOR}{name}");
        match &mut self.0 {
            Line::Begin(begin) => below(&mut begin.name),
            Line::Problem(problem) => below(&mut problem.path),
            Line::Part(_) | Line::Hashed(_) => {}
            Line::End(end) => {
                end.ends.iter_mut().for_each(below);
                end.unopened.iter_mut().chain(&mut end.unread).for_each(|problem| below(&mut problem.path));
            }
        }
    }

    /// Replaces each user by what `change` returns for them.
    pub fn change_users(&mut self, mut change: impl FnMut(&str) -> String) {
        let Line::Part(part) = &mut self.0 else { return };
        let mut is_user = vec![false; part.texts.len()];
        let mut is_other = is_user.clone();
        for Row(_, _, _, [user, others @ ..], writers, ..) in &part.notes {
            let mark = |is: &mut Vec<bool>, index: Option<u32>| {
                if let Some(is) = index.and_then(|index| is.get_mut(index as usize)) {
                    *is = true;
                }
            };
            mark(&mut is_user, *user);
            others.iter().for_each(|index| mark(&mut is_other, *index));
            writers.iter().for_each(|writer| mark(&mut is_other, writer.and_then(text_index)));
        }
        let mut moved = Vec::new();
        for index in 0..is_user.len() {
            if !is_user[index] {
                moved.push(None);
                continue;
            }
            let changed = change(&part.texts[index]);
            if is_other[index] {
                part.texts.push(changed);
                moved.push(u32::try_from(part.texts.len() - 1).ok());
            } else {
                part.texts[index] = changed;
                moved.push(None);
            }
        }
        for Row(_, _, _, [user, ..], ..) in &mut part.notes {
            let to = user.and_then(|index| moved.get(index as usize).copied().flatten());
            *user = to.or(*user);
        }
        // The lines of near misses may name users, but their shapes do not.
        if let Some(stored) = &mut part.near_misses {
            stored.forget_lines();
        }
    }

    /// Returns `None` if a value cannot be right.
    fn check(&self, patterns: usize) -> Option<()> {
        let is_sane = match &self.0 {
            Line::Begin(begin) => begin.bytes.is_none_or(|bytes| bytes <= COUNT_LIMIT),
            Line::Part(part) => part.is_sane(patterns),
            Line::End(end) => end.is_sane(),
            Line::Problem(_) | Line::Hashed(_) => true,
        };
        is_sane.then_some(())
    }

    /// Returns the message of a worker. Returns `None` if it is the beginning of a later piece.
    fn message(self, wants: Wants, place: Place) -> Option<Message<Notes>> {
        Some(match self.0 {
            Line::Begin(_) if !place.is_first => return None,
            Line::Hashed(_) => return None,
            Line::Begin(mut looked) => {
                looked.digests = match place.digest {
                    Some(whole) => looked.digests.map(|digests| digests.with_whole(whole)),
                    // The digest of one of several pieces is not that of the source.
                    None => looked.digests.filter(|_| place.is_last),
                };
                Message::Looked(looked)
            }
            Line::Part(part) => Message::Part(part.notes(wants)),
            Line::End(end) => Message::TaskEnd(Box::new(end.task_end(place))),
            Line::Problem(problem) => Message::Problem(problem),
        })
    }
}

/// Returns the number by which a row refers to a text of a process or thread, which are numbers otherwise.
fn text_number(index: u32) -> i64 {
    -1 - i64::from(index)
}

/// Returns the index of the text to which the number of a process or thread refers.
fn text_index(number: i64) -> Option<u32> {
    u32::try_from(-1 - number).ok().filter(|_| number < 0)
}

/// Collects texts, and stores equal ones once.
#[derive(Default)]
struct Texts<'t> {
    all: Vec<String>,
    index_of: foldhash::HashMap<&'t str, u32>,
}

impl<'t> Texts<'t> {
    fn index(&mut self, text: &'t str) -> u32 {
        *self.index_of.entry(text).or_insert_with(|| {
            self.all.push(text.to_owned());
            u32::try_from(self.all.len() - 1).unwrap_or(u32::MAX)
        })
    }
}

impl Part {
    fn of(notes: &Notes) -> Part {
        let (mut texts, mut bases, mut before) = (Texts::default(), Vec::<Basis>::new(), 0_i64);
        let mut rest = notes.texts.as_str();
        let mut next = |len: u32| {
            let (this, after) = (len != NOTHING).then(|| rest.split_at(len as usize))?;
            rest = after;
            Some(this)
        };
        let mut row = |note: &Note| {
            let said = note.lens.map(|len| next(len).map(|text| texts.index(text)));
            let writers = note.writers.map(|writer| match writer {
                UNKNOWN => None,
                TEXT.. => {
                    next(u32::try_from(writer - TEXT).unwrap_or(NOTHING)).map(|text| text_number(texts.index(text)))
                }
                number => i64::try_from(number).ok(),
            });
            let time = note.stamp.map(|Stamp { time, basis }| {
                let basis = bases.iter().position(|other| *other == basis).unwrap_or_else(|| {
                    bases.push(basis);
                    bases.len() - 1
                });
                let since = time.nanoseconds().wrapping_sub(before);
                before = time.nanoseconds();
                (since, u32::try_from(basis).unwrap_or(u32::MAX))
            });
            let result = match note.result {
                NoteResult::None => None,
                NoteResult::Code(Code(code)) => Some(NotedResult::Code(code)),
                NoteResult::Name(index) => Some(NotedResult::Name([index])),
            };
            let line_bytes = (note.line_bytes != NOTHING).then_some(note.line_bytes);
            Row(result, time, note.pattern, said, writers, note.outcome, note.line_start, line_bytes)
        };
        let rows = notes.notes.iter().map(&mut row).collect();
        Part {
            notes: rows,
            texts: texts.all,
            bases,
            names: notes.names.iter().map(|name| (name.family().to_owned(), name.text().to_owned())).collect(),
            logged: notes.logged.iter().map(|time| time.nanoseconds()).collect(),
            ends: notes.ends.map(|ends| ends.map(Time::nanoseconds)),
            near_misses: (!notes.near_misses.is_empty()).then(|| notes.near_misses.to_stored()),
            newlines: notes.newlines,
            hashes: notes.hashes.clone(),
        }
    }

    fn is_sane(&self, patterns: usize) -> bool {
        let has = |len: usize, index: u32| (index as usize) < len;
        let texts = self.texts.len();
        let is_text_short = self.texts.iter().all(|text| u32::try_from(text.len()).is_ok_and(|len| len < NOTHING));
        let are_names_right = self.names.iter().all(|(family, _)| is_family(family));
        let is_row_sane = |Row(result, time, pattern, said, writers, _, start, _): &Row| {
            let is_named = match result {
                Some(NotedResult::Name([index])) => has(self.names.len(), *index),
                Some(NotedResult::Code(_)) | None => true,
            };
            is_named
                && time.is_none_or(|(_, basis)| has(self.bases.len(), basis))
                && has(patterns, *pattern)
                && said.iter().flatten().all(|index| has(texts, *index))
                && writers.iter().flatten().all(|writer| match text_index(*writer) {
                    Some(index) => has(texts, index),
                    None => u64::try_from(*writer).is_ok_and(|number| number < Writer::LIMIT),
                })
                && *start <= COUNT_LIMIT
        };
        let are_near_misses_sane = self.near_misses.as_ref().is_none_or(|stored| stored.is_sane(COUNT_LIMIT));
        is_text_short
            && are_names_right
            && self.notes.iter().all(is_row_sane)
            && are_near_misses_sane
            && self.newlines <= COUNT_LIMIT
    }

    /// Returns the notes, without what is not wanted.
    fn notes(self, wants: Wants) -> Notes {
        let (mut texts, mut notes, mut before) = (String::new(), Vec::with_capacity(self.notes.len()), 0_i64);
        for Row(result, time, pattern, said, writers, outcome, line_start, line_bytes) in self.notes {
            let mut text = |index: u32| {
                let text = self.texts.get(index as usize).map_or("", String::as_str);
                texts.push_str(text);
                u32::try_from(text.len()).unwrap_or(NOTHING)
            };
            let lens = said.map(|index| index.map_or(NOTHING, &mut text));
            let writers = writers.map(|writer| match writer {
                None => UNKNOWN,
                Some(number) => match text_index(number) {
                    Some(index) => TEXT + u64::from(text(index)),
                    None => u64::try_from(number).unwrap_or(UNKNOWN),
                },
            });
            let stamp = time.and_then(|(since, basis)| {
                before = before.wrapping_add(since);
                Some(Stamp { time: Time::from_nanoseconds(before), basis: *self.bases.get(basis as usize)? })
            });
            let result = match result {
                None => NoteResult::None,
                Some(NotedResult::Code(code)) => NoteResult::Code(Code(code)),
                Some(NotedResult::Name([index])) => NoteResult::Name(index),
            };
            let line_bytes = line_bytes.unwrap_or(NOTHING);
            notes.push(Note { result, stamp, writers, lens, pattern, outcome, line_start, line_bytes });
        }
        let logged = self.logged.into_iter().map(Time::from_nanoseconds);
        let start = |time: Time| wants.parts.map(|(part, zone)| part.start(time, zone).unwrap_or(time));
        let near_misses = self.near_misses.and_then(NearMisses::from_stored).filter(|_| wants.sought != Sought::No);
        let mut near_misses = near_misses.unwrap_or_default();
        if wants.sought == Sought::Counted {
            near_misses.forget_numbers();
        }
        Notes {
            notes,
            texts,
            names: self.names.iter().map(|(family, text)| Name::of(family, text)).collect(),
            logged: logged.filter_map(start).collect(),
            ends: self.ends.filter(|_| wants.with_ends).map(|ends| ends.map(Time::from_nanoseconds)),
            near_misses,
            newlines: self.newlines,
            hashes: if wants.with_hashes { self.hashes } else { Vec::new() },
        }
    }
}

impl End {
    fn of(end: TaskEnd) -> End {
        let text = end.what.map(|What { chain, written }| {
            let assumed = Assumed::of(&written.form);
            Text { chain, units: written.units, assumed }
        });
        End {
            ends: end.ends_source.map(|source| source.name.clone()),
            bytes: end.bytes,
            text,
            unopened: end.unopened,
            unread: end.unread,
            long_lines: (end.long_lines.count > 0).then_some(end.long_lines),
            changes: (end.changes.count > 0).then_some(end.changes),
            changing_times: end.changing_times,
            digests: end.digest,
        }
    }

    fn is_sane(&self) -> bool {
        let assumed = self.text.as_ref().map(|text| text.assumed).unwrap_or_default();
        let counts =
            [self.bytes, self.changing_times, assumed.undecided, assumed.orders, assumed.dates, assumed.changing];
        let lines = self.long_lines.map_or(0, |lines| lines.count);
        let changes = self.changes.as_ref();
        let is_counted = changes.is_none_or(|it| it.count <= COUNT_LIMIT && it.count >= it.first.len() as u64);
        counts.iter().chain([&lines]).all(|count| *count <= COUNT_LIMIT) && is_counted
    }

    fn task_end(self, place: Place) -> TaskEnd {
        let ends = self.ends.filter(|_| place.is_last);
        let assumed = self.text.as_ref().map(|text| text.assumed);
        let what = self.text.map(|Text { chain, units, .. }| What { chain, written: Written::from(units) });
        TaskEnd {
            bytes: self.bytes,
            what,
            assumed,
            unopened: self.unopened,
            unread: self.unread,
            long_lines: self.long_lines.unwrap_or_default(),
            changes: self.changes.unwrap_or_default(),
            changing_times: self.changing_times,
            digest: self.digests,
            ends_source: ends.map(|name| Arc::new(Source::read_by_other(&name))),
        }
    }
}
