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

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::path::MAIN_SEPARATOR;
use std::sync::Arc;

use serde::de::{DeserializeSeed, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::copies::{Lookalikes, Looked};
use super::deliver::Deliver;
use super::packed::{Packer, Unpacked};
use super::sign_ins::{Counting, Kind, Listener, NOTHING, Note, NoteResult, Notes, Recorders, TEXT, UNKNOWN, Wants};
use super::texts::Collected;
use super::{InputEnds, LongLines, Message, Options, Outcome, Outlet, TaskEnd, delivered, packed, work};
use crate::attempt;
use crate::catalogue::Catalogue;
use crate::chunk::{Changes, Chunk};
use crate::code::{Code, Name, is_family};
use crate::pattern::PatternSet;
use crate::problem::Problem;
use crate::scan::Scanner;
use crate::source::names::Texts;
use crate::source::{Chain, Digest, Digests, Found, HashedPart, Source, What};
use crate::summary::covered::Mark;
use crate::summary::near_misses::{NearMisses, Stored};
use crate::summary::sign_ins::{Settled, Sought, Writer};
use crate::time::zone::DisplayZone;
use crate::time::{Assumed, Basis, Time};
use crate::units::{Units, Written};

/// The largest number of bytes or lines in a recorded line. Larger ones cannot be right, and their sum might overflow.
const COUNT_LIMIT: u64 = 1 << 56;

/// The size of notes in bytes above which they are written as a part. A large part has each of its texts only once.
const RECORDED_BYTES: usize = 1 << 20;

/// A message of a worker, as it is written to a file.
#[derive(Debug)]
pub struct Recorded(Line<Notes>);

/// A message of a worker. `P` is the form of its notes: [`Notes`] in memory, and [`Part`] in a file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Line<P> {
    /// The beginning of a source that is compared with others.
    Begin(Box<Looked>),
    /// The hashes of a piece of a file.
    Hashed(Vec<HashedPart>),
    Part(P),
    End(Box<End>),
    Problem(Problem),
}

/// The notes of a part, in few characters.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Part<'a> {
    /// The texts to which notes refer. [`part_json`] writes them.
    #[serde(skip_serializing, deserialize_with = "read_texts")]
    texts: Texts,
    /// The bases of times to which notes refer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    bases: Vec<Basis>,
    /// The names of results, each with its family.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    names: Vec<(String, String)>,
    /// The kinds of notes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    kinds: Vec<StoredKind>,
    /// The unit of the times of notes in nanoseconds.
    #[serde(skip_serializing_if = "is_zero")]
    unit: u64,
    /// The notes, as [packed] [columns](mod@column). [`part_json`] writes them.
    #[serde(borrow, skip_serializing)]
    notes: Cow<'a, str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    logged: Vec<Marked>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ends: Option<[i64; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    near_misses: Option<Stored>,
    #[serde(skip_serializing_if = "is_zero")]
    newlines: u64,
    #[serde(borrow, skip_serializing_if = "str::is_empty")]
    hashes: Cow<'a, str>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is that of serde")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// A [`Mark`]: its offset, and the start of its hour in seconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Marked(u64, i64);

impl Marked {
    const SECOND: i64 = 1_000_000_000;

    fn of(Mark { offset, hour }: Mark) -> Marked {
        Marked(offset, hour.nanoseconds().div_euclid(Marked::SECOND))
    }

    /// Returns `None` if a value cannot be right.
    fn mark(self) -> Option<Mark> {
        let Marked(offset, seconds) = self;
        let hour = Time::from_nanoseconds(seconds.saturating_mul(Marked::SECOND));
        (offset <= COUNT_LIMIT).then_some(Mark { offset, hour })
    }
}

/// Reads texts without an allocation for each.
fn read_texts<'de, D: Deserializer<'de>>(from: D) -> Result<Texts, D::Error> {
    struct All;
    struct One<'t>(&'t mut Texts);
    impl<'de> Visitor<'de> for All {
        type Value = Texts;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of texts")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Texts, A::Error> {
            let mut texts = Texts::default();
            while from.next_element_seed(One(&mut texts))?.is_some() {}
            Ok(texts)
        }
    }
    impl<'de> DeserializeSeed<'de> for One<'_> {
        type Value = ();

        fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
            from.deserialize_str(self)
        }
    }
    impl Visitor<'_> for One<'_> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a text")
        }

        fn visit_str<E>(self, text: &str) -> Result<(), E> {
            self.0.push(text);
            Ok(())
        }
    }
    from.deserialize_seq(All)
}

/// A [`Kind`]: the result, the index of the basis of the time, the pattern and the outcome.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct StoredKind(Option<NotedResult>, Option<u32>, u32, Option<attempt::Outcome>);

/// The result of a [`StoredKind`].
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum NotedResult {
    Code(i32),
    /// A name, as its index.
    Name([u32; 1]),
}

/// The columns of notes. A value that may be absent is 0 if it is, and larger by 1 otherwise. The index of a text is that in the list of
/// a [`Part`].
pub(crate) mod column {
    /// The start of the line, as the [folded](super::packed::folded) distance from that of the note before.
    pub(crate) const START: usize = 0;
    /// The index of the kind.
    pub(crate) const KIND: usize = 1;
    /// The time, as the folded distance from that of the last note with a time, in units.
    pub(crate) const TIME: usize = 2;
    /// The index of the user, and of the host and the address in the next two columns.
    pub(crate) const USER: usize = 3;
    /// The process, and the thread in the next column: twice its number and 1, or twice the index of its text and 2.
    pub(crate) const PROCESS: usize = 6;
    pub(crate) const LINE_BYTES: usize = 8;
    /// The number of columns.
    pub(crate) const COUNT: usize = 9;
}

/// The end of a task.
#[derive(Debug, Serialize, Deserialize)]
struct End {
    /// The name of the source, if this is its last task.
    ends: Option<String>,
    bytes: u64,
    text: Option<Reading>,
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
struct Reading {
    chain: Chain,
    units: Units,
    assumed: Assumed,
}

/// A step of [`record`].
pub enum Step {
    /// A problem of the current input. The messages have it, too.
    Problem(Problem),
    /// A message about the current input, as a line of JSON in ASCII.
    Message(String),
    /// All messages about the current input have come.
    InputEnd,
}

/// Scans `inputs` and passes what the workers find to `sink`, in the order of the inputs. Hours are those of `zone`. Each user is replaced
/// by what `rename` returns for them.
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
    rename: Option<Rename<'_>>,
    sink: &mut dyn FnMut(Step) -> io::Result<()>,
) -> io::Result<()> {
    // Everything that any way of counting needs.
    let (hours, with_hashes) = (Some(zone), options.copies.is_compared());
    let wants = Wants { hours, sought: Sought::Numbered, with_ends: true, with_hashes };
    let lookalikes = Lookalikes::new(&options.opening.stop);
    let crew = (set, catalogue, options, &lookalikes, InputEnds::Marked);
    let joined = Recorders::new(set).joined();
    let visitor = || Recorder { listener: wants.listener(options, &joined), rename };
    let mut sum = TaskEnd::default();
    work(inputs, crew, visitor, &mut |message| {
        let line = match message {
            Message::InputEnd => return sink(Step::InputEnd),
            Message::Part(line) => line,
            // Sources are not compared in this process.
            Message::Start(_) => return Ok(()),
            Message::Looked(looked) => Recorded(Line::Begin(looked)).into_json(),
            Message::Hashed(parts) => Recorded(Line::Hashed(parts)).into_json(),
            Message::TaskEnd(end) => {
                let ended = sum.join((*end).clone(), options.limits);
                let problems = ended.into_iter().flat_map(|(end, _)| end.problems);
                problems.map(Step::Problem).try_for_each(&mut *sink)?;
                Recorded(Line::End(Box::new(End::of(*end)))).into_json()
            }
            Message::Problem(problem) => {
                sink(Step::Problem(problem.clone()))?;
                Recorded(Line::Problem(problem)).into_json()
            }
        };
        sink(Step::Message(line?))
    })
}

/// Returns what a user is replaced by.
pub type Rename<'r> = &'r (dyn Fn(&str) -> String + Sync);

/// Listens to the lines of one task after another, and sends what they contain as lines of JSON, so that all workers write them.
struct Recorder<'r> {
    listener: Listener,
    rename: Option<Rename<'r>>,
}

impl super::Visitor for Recorder<'_> {
    type Part = serde_json::Result<String>;

    fn chunk(&mut self, _: &Source, chunk: &Chunk<'_>, scanner: &mut Scanner<'_>, out: &mut Outlet<'_, Self::Part>) {
        self.listener.listen(chunk, scanner);
        if self.listener.size_bytes() > RECORDED_BYTES {
            out.part(self.line());
        }
    }

    fn weight(part: &Self::Part) -> usize {
        part.as_ref().map_or(0, String::len)
    }

    fn finish(&mut self, out: &mut Outlet<'_, Self::Part>) {
        if !self.listener.is_empty() {
            out.part(self.line());
        }
    }
}

impl Recorder<'_> {
    fn line(&mut self) -> serde_json::Result<String> {
        let mut recorded = Recorded(Line::Part(self.listener.take()));
        if let Some(rename) = self.rename {
            recorded.rename(rename);
        }
        recorded.into_json()
    }
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
    /// Parses a line that [`record`] or [`Recorded::into_json`] has written, for a set of `patterns` patterns.
    ///
    /// # Errors
    ///
    /// Returns what is wrong with the line.
    pub fn parse(line: &[u8], patterns: usize) -> Result<Recorded, String> {
        // Checking all of the line at once is faster than checking each text in it.
        let line = std::str::from_utf8(line).map_err(|error| error.to_string())?;
        let line: Line<Part<'_>> = serde_json::from_str(line).map_err(|error| error.to_string())?;
        Recorded::checked(line, patterns).ok_or_else(|| "a value is not possible".to_owned())
    }

    /// Returns `None` if a value cannot be right.
    fn checked(line: Line<Part<'_>>, patterns: usize) -> Option<Recorded> {
        Some(Recorded(match line {
            Line::Begin(begin) if begin.bytes.is_some_and(|bytes| bytes > COUNT_LIMIT) => return None,
            Line::End(end) if !end.is_sane() => return None,
            Line::Begin(begin) => Line::Begin(begin),
            Line::Hashed(parts) => Line::Hashed(parts),
            Line::Part(part) => Line::Part(part.into_notes(patterns)?),
            Line::End(end) => Line::End(end),
            Line::Problem(problem) => Line::Problem(problem),
        }))
    }

    /// Returns the line of JSON in ASCII for the message, without a line feed.
    ///
    /// # Errors
    ///
    /// Returns an error if the message cannot be written as JSON.
    pub fn into_json(self) -> serde_json::Result<String> {
        let line = match self.0 {
            Line::Begin(begin) => Line::Begin(begin),
            Line::Hashed(parts) => Line::Hashed(parts),
            Line::Part(notes) => return part_json(&notes),
            Line::End(end) => Line::End::<()>(end),
            Line::Problem(problem) => Line::Problem(problem),
        };
        serde_json::to_string(&line).map(ascii)
    }

    /// Returns the hashes of a piece of a file, if the line has them.
    #[must_use]
    pub fn hashed(&self) -> Option<&[HashedPart]> {
        if let Line::Hashed(parts) = &self.0 { Some(parts) } else { None }
    }

    /// Adds the hashes of beginnings that are longer than a piece of a file, if the line is the beginning of the file. `parts` are those
    /// of its pieces.
    pub fn add_beginnings(&mut self, parts: &[HashedPart]) {
        if let Line::Begin(looked) = &mut self.0 {
            looked.digests.iter_mut().for_each(|digests| digests.add_beginnings(parts));
        }
    }

    /// Returns the name of the source that begins or ends here, or of the input of a problem.
    #[must_use]
    pub fn source(&self) -> Option<&str> {
        match &self.0 {
            Line::Begin(begin) => Some(&begin.name),
            Line::Problem(problem) => Some(&problem.path),
            Line::End(end) => end.ends.as_deref(),
            Line::Part(_) | Line::Hashed(_) => None,
        }
    }

    /// Puts the names of sources below the name of a machine, as if they were in a folder with that name on this machine.
    pub fn put_below(&mut self, machine: &str) {
        let below = |name: &mut String| *name = put_below(machine, name);
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

    /// Replaces each user by what `rename` returns for them.
    pub fn rename(&mut self, rename: Rename<'_>) {
        let Line::Part(notes) = &mut self.0 else { return };
        let before = std::mem::take(&mut notes.texts);
        let mut after = Collected::default();
        let mut index = |text: &str| after.index(text.as_bytes(), || Cow::Borrowed(text));
        let mut users: Vec<Option<u32>> = vec![None; before.len()];
        for note in &mut notes.notes {
            let text = |index: u32| before.get(index as usize).unwrap_or_default();
            let [user, others @ ..] = &mut note.said;
            if let Some(renamed) = users.get_mut(*user as usize) {
                *user = *renamed.get_or_insert_with(|| index(&rename(text(*user))));
            }
            others.iter_mut().filter(|other| **other != NOTHING).for_each(|other| *other = index(text(*other)));
            for writer in note.writers.iter_mut().filter(|writer| **writer != UNKNOWN && **writer >= TEXT) {
                *writer = TEXT + u64::from(index(text(u32::try_from(*writer - TEXT).unwrap_or(NOTHING))));
            }
        }
        notes.texts = after.take();
        // The lines of near misses may name users, but their shapes do not.
        let mut stored = notes.near_misses.to_stored();
        stored.forget_lines();
        notes.near_misses = NearMisses::from_stored(stored).unwrap_or_default();
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
            Line::Part(notes) => Message::Part(wanted(notes, wants)),
            Line::End(end) => Message::TaskEnd(Box::new(end.task_end(place))),
            Line::Problem(problem) => Message::Problem(problem),
        })
    }
}

/// Returns notes without what is not wanted.
fn wanted(mut notes: Notes, wants: Wants) -> Notes {
    if wants.hours.is_none() {
        notes.logged.clear();
    }
    notes.ends = notes.ends.filter(|_| wants.with_ends);
    match wants.sought {
        Sought::No => notes.near_misses = NearMisses::default(),
        Sought::Counted => notes.near_misses.forget_numbers(),
        Sought::Numbered => {}
    }
    if !wants.with_hashes {
        notes.hashes.clear();
    }
    notes
}

/// Returns the line of JSON in ASCII for the notes of a part. Most of it is written here, because the texts and the packed columns are long.
fn part_json(notes: &Notes) -> serde_json::Result<String> {
    const END: &str = "}}";
    let (times, unit) = times(notes);
    let unit = if notes.notes.is_empty() { 0 } else { unit };
    let mut json = ascii(serde_json::to_string(&Line::Part(Part::of(notes, unit)))?);
    json.truncate(json.len().saturating_sub(END.len()));
    let put = |json: &mut String, name: &str| {
        *json += if json.ends_with('{') { "\"" } else { ",\"" };
        *json += name;
        *json += "\":";
    };
    if notes.texts.len() > 0 {
        put(&mut json, "texts");
        json.reserve(notes.texts.size_bytes() + 4 * notes.texts.len());
        // All texts together, without an early end, because that is faster.
        let is_plain = notes.texts.bytes().iter().fold(true, |all, byte| all & (b' '..=b'~').contains(byte));
        for (index, text) in notes.texts.iter().enumerate() {
            json += if index == 0 { "[" } else { "," };
            if is_plain {
                push_plain(text, &mut json);
            } else {
                json += &ascii(serde_json::to_string(text)?);
            }
        }
        json += "]";
    }
    if !notes.notes.is_empty() {
        put(&mut json, "notes");
        json += "\"";
        columns(notes, &times).finish(&mut json);
        json += "\"";
    }
    json += END;
    Ok(json)
}

/// Appends a text of printable ASCII as JSON.
fn push_plain(text: &str, json: &mut String) {
    *json += "\"";
    let mut copied = 0;
    // A domain is followed by a backslash.
    for at in memchr::memchr2_iter(b'\\', b'"', text.as_bytes()) {
        *json += &text[copied..at];
        *json += "\\";
        copied = at;
    }
    *json += &text[copied..];
    *json += "\"";
}

/// Returns the distance of the time of each note from that of the last note with a time, in units, and the unit in nanoseconds. Times have a
/// precision of a second, a millisecond or a microsecond.
fn times(notes: &Notes) -> (Vec<u64>, i64) {
    let has_time: Vec<bool> = notes.kinds.iter().map(|kind| kind.basis.is_some()).collect();
    let (mut time, mut unit) = (0_i64, 1_000_000_000);
    let distances = notes.notes.iter().map(|note| {
        let since = if has_time[note.kind as usize] {
            let this = note.time.nanoseconds();
            this.wrapping_sub(std::mem::replace(&mut time, this))
        } else {
            0
        };
        while !is_multiple(since, unit) {
            unit /= 1000;
        }
        since
    });
    let distances: Vec<i64> = distances.collect();
    fn folded<const UNIT: i64>(distances: &[i64]) -> Vec<u64> {
        distances.iter().map(|since| packed::folded(since / UNIT)).collect()
    }
    // The units are written out, because dividing by a number that is not known takes long.
    let folded = match unit {
        1_000_000_000 => folded::<1_000_000_000>(&distances),
        1_000_000 => folded::<1_000_000>(&distances),
        1_000 => folded::<1_000>(&distances),
        _ => folded::<1>(&distances),
    };
    (folded, unit)
}

/// Packs the [columns](mod@column) of notes, whose times are these.
fn columns(notes: &Notes, times: &[u64]) -> Packer {
    let notes = &notes.notes;
    let mut packer = Packer::new(notes.len());
    let mut start = 0;
    packer.column(notes.iter().map(|note| {
        let since = note.line_start.wrapping_sub(std::mem::replace(&mut start, note.line_start));
        packed::folded(since.cast_signed())
    }));
    packer.column(notes.iter().map(|note| u64::from(note.kind)));
    packer.column(times.iter().copied());
    // What is absent is the largest number, and 0 in its column.
    for index in 0..3 {
        packer.column(notes.iter().map(|note| u64::from(note.said[index].wrapping_add(1))));
    }
    for index in 0..2 {
        packer.column(notes.iter().map(|note| match note.writers[index] {
            UNKNOWN => 0,
            writer @ TEXT.. => 2 + 2 * (writer - TEXT),
            number => 1 + 2 * number,
        }));
    }
    packer.column(notes.iter().map(|note| u64::from(note.line_bytes.wrapping_add(1))));
    packer
}

/// Puts the name of a source below that of a machine.
pub(crate) fn put_below(machine: &str, name: &str) -> String {
    format!("{machine}{MAIN_SEPARATOR}{name}")
}

/// Returns JSON with all other characters than ASCII escaped. They occur only in strings.
pub(crate) fn ascii(json: String) -> String {
    if json.is_ascii() {
        return json;
    }
    let mut escaped = String::with_capacity(json.len() * 2);
    for character in json.chars() {
        if character.is_ascii() {
            escaped.push(character);
        } else {
            let units =
                character.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect::<String>();
            escaped += &units;
        }
    }
    escaped
}

/// Whether a time is a multiple of a unit. The units are written out here, too.
#[inline]
fn is_multiple(time: i64, unit: i64) -> bool {
    match unit {
        1_000_000_000 => time % 1_000_000_000 == 0,
        1_000_000 => time % 1_000_000 == 0,
        1_000 => time % 1_000 == 0,
        _ => true,
    }
}

impl Part<'_> {
    /// Returns the notes of a part as it is written, without its notes and texts, and the unit of times.
    fn of(notes: &Notes, unit: i64) -> Part<'_> {
        let mut bases = Vec::<Basis>::new();
        let kinds = notes.kinds.iter().map(|kind| {
            let result = match kind.result {
                NoteResult::None => None,
                NoteResult::Code(Code(code)) => Some(NotedResult::Code(code)),
                NoteResult::Name(index) => Some(NotedResult::Name([index])),
            };
            let basis = kind.basis.map(|basis| {
                let known = bases.iter().position(|other| *other == basis);
                let index = known.unwrap_or_else(|| {
                    bases.push(basis);
                    bases.len() - 1
                });
                u32::try_from(index).unwrap_or(u32::MAX)
            });
            StoredKind(result, basis, kind.pattern, kind.outcome)
        });
        let kinds = kinds.collect();
        Part {
            texts: Texts::default(),
            bases,
            names: notes.names.iter().map(|name| (name.family().to_owned(), name.text().to_owned())).collect(),
            kinds,
            unit: unit.cast_unsigned(),
            notes: Cow::Borrowed(""),
            logged: notes.logged.iter().map(|mark| Marked::of(*mark)).collect(),
            ends: notes.ends.map(|ends| ends.map(Time::nanoseconds)),
            near_misses: (!notes.near_misses.is_empty()).then(|| notes.near_misses.to_stored()),
            newlines: notes.newlines,
            hashes: Cow::Owned(packed::pack_hashes(&notes.hashes)),
        }
    }

    /// Returns the notes for a set of `patterns` patterns, or `None` if a value cannot be right.
    fn into_notes(self, patterns: usize) -> Option<Notes> {
        let names = self.names.iter().map(|(family, text)| is_family(family).then(|| Name::of(family, text)));
        let names: Vec<Name> = names.collect::<Option<_>>()?;
        let is_sane = |stored: &Stored| stored.is_sane(COUNT_LIMIT);
        if self.newlines > COUNT_LIMIT || !self.near_misses.as_ref().is_none_or(is_sane) {
            return None;
        }
        let near_misses = self.near_misses.map_or_else(|| Some(NearMisses::default()), NearMisses::from_stored)?;
        let kind = |kind: &StoredKind| kind.kind(&self.bases, names.len(), patterns);
        let kinds: Vec<Kind> = self.kinds.iter().map(kind).collect::<Option<_>>()?;
        let texts = self.texts;
        let notes = if self.notes.is_empty() {
            Vec::new()
        } else {
            rows(&self.notes, texts.len(), &kinds, i64::try_from(self.unit).ok()?)?
        };
        Some(Notes {
            notes,
            kinds,
            texts,
            names,
            logged: self.logged.into_iter().map(Marked::mark).collect::<Option<_>>()?,
            ends: self.ends.map(|ends| ends.map(Time::from_nanoseconds)),
            near_misses,
            newlines: self.newlines,
            hashes: packed::unpack_hashes(&self.hashes)?,
        })
    }
}

impl StoredKind {
    /// Returns `None` if a value cannot be right.
    fn kind(&self, bases: &[Basis], names: usize, patterns: usize) -> Option<Kind> {
        let StoredKind(result, basis, pattern, outcome) = *self;
        let result = match result {
            None => NoteResult::None,
            Some(NotedResult::Code(code)) => NoteResult::Code(Code(code)),
            Some(NotedResult::Name([index])) => {
                NoteResult::Name(Some(index).filter(|index| (*index as usize) < names)?)
            }
        };
        let basis = match basis {
            None => None,
            Some(index) => Some(*bases.get(index as usize)?),
        };
        ((pattern as usize) < patterns).then_some(Kind { result, basis, pattern, outcome })
    }
}

/// Returns the notes in packed columns, which refer to `texts` texts, or `None` if a value cannot be right.
fn rows(packed: &str, texts: usize, kinds: &[Kind], unit: i64) -> Option<Vec<Note>> {
    let unpacked = Unpacked::of(packed)?;
    let (rows, columns) = unpacked.columns::<{ column::COUNT }>()?;
    let empty = Note {
        kind: 0,
        said: [NOTHING; 3],
        writers: [UNKNOWN; 2],
        time: Time::from_nanoseconds(0),
        line_start: 0,
        line_bytes: NOTHING,
    };
    let mut notes = vec![empty; rows];
    let low = |value: u64| u32::try_from(value).unwrap_or(NOTHING);
    // One column after another, because then each loop is short.
    let (mut is_sane, mut start, mut time) = (true, 0_u64, 0_i64);
    columns[column::START].each(&mut notes, |note, since| {
        start = start.wrapping_add(packed::unfolded(since).cast_unsigned());
        is_sane &= start <= COUNT_LIMIT;
        note.line_start = start;
    });
    columns[column::KIND].each(&mut notes, |note, kind| {
        is_sane &= kind < kinds.len() as u64;
        note.kind = low(kind);
    });
    columns[column::TIME].each(&mut notes, |note, since| {
        let (since, is_over) = packed::unfolded(since).overflowing_mul(unit);
        is_sane &= !is_over;
        time = time.wrapping_add(since);
        note.time = Time::from_nanoseconds(time);
    });
    // A value that is absent is 0, and 1 less than that is no index.
    for index in 0..empty.said.len() {
        let column = &columns[column::USER + index];
        if column.same() != Some(0) {
            column.each(&mut notes, |note, text| {
                is_sane &= text <= texts as u64;
                note.said[index] = low(text.wrapping_sub(1));
            });
        }
    }
    for index in 0..empty.writers.len() {
        let column = &columns[column::PROCESS + index];
        if column.same() != Some(0) {
            column.each(&mut notes, |note, writer| {
                let (half, is_text) = (writer.wrapping_sub(1) / 2, writer % 2 == 0);
                let limit = if is_text { texts as u64 } else { Writer::LIMIT };
                is_sane &= half < limit || writer == 0;
                note.writers[index] = match writer {
                    0 => UNKNOWN,
                    _ if is_text => TEXT + half,
                    _ => half,
                };
            });
        }
    }
    let column = &columns[column::LINE_BYTES];
    if column.same() != Some(0) {
        column.each(&mut notes, |note, bytes| {
            is_sane &= bytes <= u64::from(NOTHING);
            note.line_bytes = low(bytes.wrapping_sub(1));
        });
    }
    is_sane.then_some(notes)
}

impl End {
    fn of(end: TaskEnd) -> End {
        let text = end.what.map(|What { chain, written }| {
            let assumed = Assumed::of(&written.form);
            Reading { chain, units: written.units, assumed }
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
        let what = self.text.map(|Reading { chain, units, .. }| What { chain, written: Written::from(units) });
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::time::{DateBasis, ZoneBasis};

    fn number<T: Arbitrary + From<u8> + Clone + fmt::Debug + 'static>() -> impl Strategy<Value = T> {
        prop_oneof![any::<T>(), any::<u8>().prop_map(T::from)]
    }

    const TEXTS: u32 = 5;
    const KINDS: u32 = 4;

    fn kind() -> impl Strategy<Value = Kind> {
        let result = prop_oneof![
            Just(NoteResult::None),
            number::<i32>().prop_map(|code| NoteResult::Code(Code(code))),
            (0..3_u32).prop_map(NoteResult::Name)
        ];
        let basis = prop::option::of(any::<bool>()).prop_map(|basis| {
            let zone = |is_named| if is_named { ZoneBasis::Named } else { ZoneBasis::Assumed };
            basis.map(|is_named| Basis { zone: zone(is_named), date: DateBasis::Line })
        });
        let outcome = prop::option::of(prop_oneof![Just(attempt::Outcome::Succeeded), Just(attempt::Outcome::Failed)]);
        (result, basis, 0..9_u32, outcome).prop_map(|(result, basis, pattern, outcome)| Kind {
            result,
            basis,
            pattern,
            outcome,
        })
    }

    /// A note of one of [`KINDS`] kinds, which refers to [`TEXTS`] texts.
    fn note() -> impl Strategy<Value = Note> {
        let text = || prop_oneof![Just(NOTHING), 0..TEXTS];
        let writer =
            || prop_oneof![Just(UNKNOWN), 0..Writer::LIMIT, (0..TEXTS).prop_map(|index| TEXT + u64::from(index))];
        let time = prop_oneof![any::<i64>(), (0..9_i64).prop_map(|time| time * 1_000_000)];
        let (start, bytes) = (0..=COUNT_LIMIT, prop_oneof![Just(NOTHING), 0..NOTHING]);
        (0..KINDS, [text(), text(), text()], [writer(), writer()], time, start, bytes).prop_map(
            |(kind, said, writers, time, line_start, line_bytes)| {
                let time = Time::from_nanoseconds(time);
                Note { kind, said, writers, time, line_start, line_bytes }
            },
        )
    }

    fn notes() -> impl Strategy<Value = Notes> {
        let text = || prop_oneof!["[a-c]?", r"CONTOSO\\[a-c]{3}", "\\PC{0,9}"];
        (
            prop::collection::vec(note(), 0..20),
            prop::collection::vec(kind(), KINDS as usize),
            prop::collection::vec(text(), TEXTS as usize),
            any::<Vec<u32>>(),
            0..=COUNT_LIMIT,
            prop::collection::vec((0..=COUNT_LIMIT, any::<i32>()), 0..20),
        )
            .prop_map(|(notes, kinds, all, hashes, newlines, logged)| {
                let mut texts = Texts::default();
                all.iter().for_each(|text| texts.push(text));
                Notes {
                    notes,
                    kinds,
                    texts,
                    names: ["NO_PIN", "NO_PIN2", "NO_PIN3"].map(|name| Name::of("mfa", name)).to_vec(),
                    logged: logged
                        .into_iter()
                        .filter_map(|(offset, hour)| Marked(offset, hour.into()).mark())
                        .collect(),
                    newlines,
                    hashes,
                    ..Notes::default()
                }
            })
    }

    /// Returns everything in notes. The time of one without a basis means nothing.
    fn shown(notes: &Notes) -> String {
        let mut rows = notes.notes.clone();
        let has_time = |note: &Note| notes.kinds[note.kind as usize].basis.is_some();
        rows.iter_mut().filter(|note| !has_time(note)).for_each(|note| note.time = Time::from_nanoseconds(0));
        let Notes { kinds, texts, names, logged, hashes, newlines, .. } = notes;
        let texts: Vec<&str> = texts.iter().collect();
        format!("{rows:?} {kinds:?} {texts:?} {names:?} {logged:?} {hashes:?} {newlines}")
    }

    proptest! {
        #[test]
        fn notes_are_as_before(notes in notes()) {
            let before = shown(&notes);
            let json = Recorded(Line::Part(notes)).into_json().unwrap();
            prop_assert!(json.is_ascii());
            let Recorded(Line::Part(after)) = Recorded::parse(json.as_bytes(), 9).unwrap() else { panic!("{json}") };
            prop_assert_eq!(shown(&after), before);
        }

        #[test]
        fn any_columns_are_refused_or_notes(values in prop::collection::vec(prop_oneof![9 => 0..4_u64, 1 => any::<u64>()], 27), unit in number::<u64>()) {
            let (mut packer, mut notes) = (Packer::new(3), String::new());
            values.chunks(3).for_each(|column| packer.column(column.iter().copied()));
            packer.finish(&mut notes);
            let mut texts = Texts::default();
            ["a", "b"].iter().for_each(|text| texts.push(text));
            let kinds =
                vec![StoredKind(None, None, 0, None), StoredKind(Some(NotedResult::Code(102)), None, 3, None)];
            let part = Part { texts, kinds, unit, notes: notes.into(), ..Part::default() };
            if let Some(notes) = part.into_notes(4) {
                prop_assert_eq!(notes.notes.len(), 3);
            }
        }
    }
}
