//! Divides a run among processes and machines, and merges what they found.
//!
//! A [plan](plan::Plan) lists pieces of work: whole files, and ranges of big ones. A process reads some pieces and writes a partial
//! ([`Writer`]): what its workers found, before it is joined, matched and counted. [`Merge`] reads partials in any order and grouping,
//! checks that each piece is there exactly once, and counts everything in the order of the plan, as one process would have done.
//!
//! # Format
//!
//! Plans and partials are JSON Lines. Partials can be concatenated. The lines of a partial are:
//!
//! ```text
//! {"partial":{"format":1,"version":"0.1.0","patterns":"…","reading":"…","zone":"UTC",…}}
//! {"piece":{"id":0,"path":"logs/a.log",…}}
//! {"begin":…}  {"part":…}  {"end":…}  {"problem":…}    any number of lines
//! {"done":{"lines":3,"digest":"…"}}
//! {"end_of_partial":{"pieces":1}}
//! ```
//!
//! The digest is the BLAKE3 hash of the lines between `piece` and `done`, so a damaged or shortened partial is recognised.
//!
//! Partials and plans may come from elsewhere. Nothing in them is executed, and only a plan names files, which are opened to be read.

pub mod plan;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _, Seek as _, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use serde::{Deserialize, Serialize};

use crate::pipeline::recorded::{Place, Recorded};
use crate::problem::{Kind, Problem};
use crate::source::{Digest, HashedPart};
use plan::{Piece, Plan};

/// The version of the format of plans and partials.
pub const FORMAT: u32 = 1;

/// The largest length of a line in bytes.
const LINE_LIMIT: u64 = 256 << 20;

/// The length of lines in bytes that are parsed before they are passed on together, and how many such batches may wait.
const BATCH_BYTES: usize = 256 << 10;
const BATCHES: usize = 2;

/// How many pieces that are missing are named.
const NAMED: usize = 20;

/// What a partial says about the run that wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The version of the format: [`FORMAT`].
    pub format: u32,
    /// The version of callcodes that wrote the partial.
    pub version: String,
    /// A fingerprint of the patterns and the catalogue.
    pub patterns: String,
    /// A fingerprint of the options that decide how logs are read.
    pub reading: String,
    /// The name of the zone whose hours are recorded.
    pub zone: String,
    /// Whether copies count.
    pub keep_copies: bool,
    /// The name of the machine on which the partial was written, unless a plan was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<String>,
    /// When the partial was written, in seconds since the Unix epoch, unless a plan was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written: Option<i64>,
}

impl Header {
    /// Whether the pieces are those of a plan.
    #[must_use]
    pub fn is_planned(&self) -> bool {
        self.machine.is_none()
    }
}

/// A line that is not a message.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Control {
    Partial(Header),
    Piece(Piece),
    Done(Done),
    EndOfPartial(EndOfPartial),
}

/// The starts of the lines that are a [`Control`].
const CONTROLS: [&[u8]; 4] = [b"{\"partial\":", b"{\"piece\":", b"{\"done\":", b"{\"end_of_partial\":"];

#[derive(Serialize, Deserialize)]
struct Done {
    lines: u64,
    digest: Digest,
}

#[derive(Serialize, Deserialize)]
struct EndOfPartial {
    pieces: u64,
}

/// Writes a partial.
pub struct Writer<W> {
    out: W,
    pieces: u64,
    lines: u64,
    hasher: blake3::Hasher,
}

impl<W: Write> Writer<W> {
    /// Begins a partial.
    ///
    /// # Errors
    ///
    /// Returns the errors of `out`, as all functions here.
    pub fn new(out: W, header: &Header) -> io::Result<Writer<W>> {
        let mut writer = Writer { out, pieces: 0, lines: 0, hasher: blake3::Hasher::new() };
        writer.control(&Control::Partial(header.clone()))?;
        Ok(writer)
    }

    fn control(&mut self, control: &Control) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, control)?;
        self.out.write_all(b"\n")
    }

    /// Begins a piece.
    pub fn begin(&mut self, piece: &Piece) -> io::Result<()> {
        (self.lines, self.hasher) = (0, blake3::Hasher::new());
        self.control(&Control::Piece(piece.clone()))
    }

    /// Writes a message about the current piece.
    pub fn message(&mut self, message: &Recorded) -> io::Result<()> {
        let line = message.to_json()?;
        self.lines += 1;
        self.hasher.update(line.as_bytes()).update(b"\n");
        self.out.write_all(line.as_bytes())?;
        self.out.write_all(b"\n")
    }

    /// Ends the current piece.
    pub fn done(&mut self) -> io::Result<()> {
        self.pieces += 1;
        let done = Done { lines: self.lines, digest: self.hasher.finalize().into() };
        self.control(&Control::Done(done))
    }

    /// Ends the partial.
    pub fn end(mut self) -> io::Result<()> {
        self.control(&Control::EndOfPartial(EndOfPartial { pieces: self.pieces }))
    }
}

/// The reason why a partial is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The name of the partial.
    pub name: String,
    /// The number of the line, from 1.
    pub line: u64,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.name, self.line, self.what)
    }
}

/// Where a partial is stored.
#[derive(Debug)]
pub enum Stored {
    /// A file that can be opened again.
    Path(PathBuf),
    /// A temporary file with what came from a pipe.
    Temporary(File),
}

impl Stored {
    fn open(&self) -> io::Result<File> {
        match self {
            Stored::Path(path) => File::open(path),
            Stored::Temporary(file) => file.try_clone(),
        }
    }
}

/// A piece in a partial.
#[derive(Debug)]
struct Found {
    piece: Piece,
    /// The index of the header of its partial.
    header: usize,
    /// The index of the file, and the position and number of the first line after `piece`.
    file: usize,
    offset: u64,
    line: u64,
    lines: u64,
    /// The digest of all lines.
    digest: Digest,
    /// The hashes of the bytes of the piece, if it is a range of a file.
    hashed: Vec<HashedPart>,
}

/// Partials that are merged.
#[derive(Debug, Default)]
pub struct Merge {
    headers: Vec<(Header, String)>,
    files: Vec<(String, Stored)>,
    found: Vec<Found>,
    /// The number of patterns.
    patterns: usize,
}

/// How the pieces in partials cover what they should.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// The pieces of the plan that no partial has.
    pub missing: Vec<String>,
    /// How many pieces were done more than once, and count once.
    pub repeated: u64,
    /// The machines of which several partials were given. Only the newest of each counts.
    pub machines: Vec<String>,
}

impl Merge {
    /// Creates an empty list, for a set of `patterns` patterns.
    #[must_use]
    pub fn new(patterns: usize) -> Merge {
        Merge { patterns, ..Merge::default() }
    }

    /// Returns the headers of all partials so far, each with the name of the first file that has it.
    pub fn headers(&self) -> impl Iterator<Item = &(Header, String)> {
        self.headers.iter()
    }

    /// Returns the number of pieces so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.found.len()
    }

    /// Whether there are no pieces.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Adds a file with one or more partials. Nothing of a file that is refused is added.
    ///
    /// # Errors
    ///
    /// Returns the first line that is not valid.
    pub fn add(&mut self, name: &str, stored: Stored) -> Result<(), Refused> {
        let (headers, found) = (self.headers.len(), self.found.len());
        let result = self.index(name, &stored);
        if result.is_err() {
            self.headers.truncate(headers);
            self.found.truncate(found);
        }
        result?;
        self.files.push((name.to_owned(), stored));
        Ok(())
    }

    fn index(&mut self, name: &str, stored: &Stored) -> Result<(), Refused> {
        let mut lines = Lines::open(stored).map_err(|error| refused(name, 0, error.to_string()))?;
        let file = self.files.len();
        let (mut header, mut pieces) = (None, 0_u64);
        let mut current: Option<(Found, blake3::Hasher)> = None;
        while lines.next().map_err(|error| refused(name, 0, error.to_string()))? {
            let (number, line) = (lines.number, lines.line.as_slice());
            let wrong = |what: &str| refused(name, number, what.to_owned());
            if !CONTROLS.iter().any(|control| line.starts_with(control)) {
                let Some((found, hasher)) = &mut current else {
                    return Err(wrong(NOT_PARTIAL));
                };
                found.lines += 1;
                hasher.update(line).update(b"\n");
                if found.piece.range.is_some() && line.starts_with(b"{\"hashed\":") {
                    let recorded = Recorded::parse(line, self.patterns).map_err(|what| wrong(&what))?;
                    found.hashed.extend(recorded.hashed().into_iter().flatten());
                }
                continue;
            }
            let control: Control = serde_json::from_slice(line).map_err(|error| wrong(&error.to_string()))?;
            match control {
                Control::Partial(new) if header.is_none() => {
                    if new.format != FORMAT {
                        return Err(wrong(&format!(
                            "the partial has format {}, and this version of callcodes reads format {FORMAT}",
                            new.format
                        )));
                    }
                    let known = self.headers.iter().position(|(header, _)| *header == new);
                    header = Some(known.unwrap_or_else(|| {
                        self.headers.push((new, name.to_owned()));
                        self.headers.len() - 1
                    }));
                    pieces = 0;
                }
                Control::Piece(piece) => {
                    let (Some(header), None) = (header, &current) else { return Err(wrong(CUT)) };
                    if !piece.is_sane() {
                        return Err(wrong("the range of this piece is not possible"));
                    }
                    let found = Found {
                        piece,
                        header,
                        file,
                        offset: lines.offset,
                        line: number + 1,
                        lines: 0,
                        digest: Digest::of(b""),
                        hashed: Vec::new(),
                    };
                    current = Some((found, blake3::Hasher::new()));
                }
                Control::Done(done) => {
                    let Some((mut found, hasher)) = current.take() else { return Err(wrong(CUT)) };
                    found.digest = hasher.finalize().into();
                    if found.digest != done.digest || found.lines != done.lines {
                        let first = found.line;
                        return Err(refused(
                            name,
                            first,
                            "the lines of this piece are damaged or incomplete".to_owned(),
                        ));
                    }
                    self.found.push(found);
                    pieces += 1;
                }
                Control::EndOfPartial(end) => {
                    if current.is_some() || header.take().is_none() || end.pieces != pieces {
                        return Err(wrong(CUT));
                    }
                }
                Control::Partial(_) => return Err(wrong(CUT)),
            }
        }
        if header.is_some() || current.is_some() {
            return Err(refused(name, lines.number, CUT.to_owned()));
        }
        if lines.number == 0 {
            return Err(refused(name, 1, "the file is empty".to_owned()));
        }
        Ok(())
    }

    /// Puts the pieces in order, keeps one of each, and compares them with the plan if there is one.
    ///
    /// # Errors
    ///
    /// Returns the first piece that is not one of the plan.
    pub fn arrange(&mut self, plan: Option<&Plan>) -> Result<Coverage, Refused> {
        let mut coverage = Coverage::default();
        if let Some(plan) = plan {
            let foreign = |found: &&Found| plan.piece(found.piece.id) != Some(&found.piece);
            if let Some(found) = self.found.iter().find(foreign) {
                let what =
                    format!("piece {} is not in this plan; was the partial made from another one?", found.piece.id);
                return Err(refused(&self.files[found.file].0, found.line - 1, what));
            }
        } else {
            coverage.machines = self.newest();
        }
        let headers = &self.headers;
        let machine = |found: &Found| headers[found.header].0.machine.as_deref();
        self.found.sort_by(|a, b| (machine(a), a.piece.id, a.header).cmp(&(machine(b), b.piece.id, b.header)));
        let before = self.found.len();
        let mut kept: Option<(Option<String>, u64)> = None;
        self.found.retain(|found| {
            let key = (headers[found.header].0.machine.clone(), found.piece.id);
            let is_new = kept.as_ref() != Some(&key);
            kept = Some(key);
            is_new
        });
        coverage.repeated = (before - self.found.len()) as u64;
        if let Some(plan) = plan {
            let mut found = self.found.iter().map(|found| found.piece.id).peekable();
            for piece in plan.pieces() {
                if found.next_if_eq(&piece.id).is_none() {
                    coverage.missing.push(piece.to_string());
                }
            }
        }
        Ok(coverage)
    }

    /// Keeps only the newest partial of each machine, and returns the machines that had several.
    fn newest(&mut self) -> Vec<String> {
        let mut newest: BTreeMap<&str, (i64, usize, u32)> = BTreeMap::new();
        for (index, (header, _)) in self.headers.iter().enumerate() {
            let Some(machine) = &header.machine else { continue };
            let written = header.written.unwrap_or(i64::MIN);
            let entry = newest.entry(machine).or_insert((written, index, 0));
            entry.2 += 1;
            if written > entry.0 {
                (entry.0, entry.1) = (written, index);
            }
        }
        let several =
            newest.iter().filter(|(_, (.., count))| *count > 1).map(|(machine, _)| (*machine).to_owned()).collect();
        let kept: HashMap<usize, ()> = newest.values().map(|(_, index, _)| (*index, ())).collect();
        let headers = &self.headers;
        self.found.retain(|found| headers[found.header].0.machine.is_none() || kept.contains_key(&found.header));
        several
    }

    /// Passes all messages to `sink`, in order. Names of sources get the name of the machine in front if the partial has one.
    ///
    /// Another thread parses them meanwhile.
    ///
    /// # Errors
    ///
    /// Returns the errors of `sink`, a [`Refused`] inside an [`io::Error`] for a line that is not valid, and an error if no thread can
    /// be started.
    pub fn feed(&self, sink: &mut dyn FnMut(Recorded, Place) -> io::Result<()>) -> io::Result<()> {
        let (sender, batches) = sync_channel(BATCHES);
        thread::scope(|scope| {
            let parse = move || {
                let mut batch = Batch { sender, messages: Vec::new(), bytes: 0 };
                let result = self.parse(&mut batch).and_then(|()| batch.send());
                // If nobody receives it, the sink has failed before.
                result.unwrap_or_else(|error| drop(batch.sender.send(Err(error))));
            };
            thread::Builder::new().spawn_scoped(scope, parse)?;
            for batch in batches {
                for (recorded, place) in batch? {
                    sink(recorded, place)?;
                }
            }
            Ok(())
        })
    }

    /// Parses all messages, in order.
    fn parse(&self, batch: &mut Batch) -> io::Result<()> {
        let mut open: Option<(usize, Lines)> = None;
        for (index, found) in self.found.iter().enumerate() {
            let place = self.place(index);
            let (name, stored) = &self.files[found.file];
            let mut lines = match open.take() {
                Some((file, lines)) if file == found.file && lines.offset <= found.offset => lines,
                _ => Lines::open(stored)?,
            };
            lines.go_to(found.offset, found.line)?;
            let machine = self.headers[found.header].0.machine.as_deref();
            for _ in 0..found.lines {
                lines.next()?;
                let mut recorded = Recorded::parse(&lines.line, self.patterns)
                    .map_err(|what| io::Error::other(RefusedError(refused(name, lines.number, what))))?;
                if let Some(machine) = machine {
                    recorded.put_below(machine);
                }
                batch.push(recorded, place, lines.line.len())?;
            }
            open = Some((found.file, lines));
        }
        Ok(())
    }

    /// Returns the place of a piece in its source.
    fn place(&self, index: usize) -> Place {
        let piece = &self.found[index].piece;
        let Some([start, _]) = piece.range else { return Place::WHOLE };
        let is_same = |found: &&Found| found.piece.path == piece.path && found.piece.range.is_some();
        let is_first = index == 0 || !is_same(&&self.found[index - 1]);
        let is_last = self.found.get(index + 1).is_none_or(|next| !is_same(&next));
        // The digest of the whole file is only needed at its beginning.
        let digest = || {
            let pieces = self.found[index..].iter().take_while(is_same);
            let parts: Vec<HashedPart> = pieces.flat_map(|found| &found.hashed).copied().collect();
            Digest::of_parts(&parts, piece.bytes?)
        };
        let digest = if start == 0 { digest() } else { None };
        Place { is_first, is_last, digest }
    }
}

/// Messages that are passed on to another thread together.
struct Batch {
    sender: SyncSender<io::Result<Vec<(Recorded, Place)>>>,
    messages: Vec<(Recorded, Place)>,
    bytes: usize,
}

impl Batch {
    /// Adds a message whose line has `bytes` bytes. Returns an error if nobody receives messages any more.
    fn push(&mut self, recorded: Recorded, place: Place, bytes: usize) -> io::Result<()> {
        self.messages.push((recorded, place));
        self.bytes += bytes;
        if self.bytes < BATCH_BYTES { Ok(()) } else { self.send() }
    }

    fn send(&mut self) -> io::Result<()> {
        self.bytes = 0;
        let sent = self.sender.send(Ok(std::mem::take(&mut self.messages)));
        sent.map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

const NOT_PARTIAL: &str = "this is no partial of callcodes; make one with callcodes scan --partial";
const CUT: &str = "the partial is incomplete; write or copy it again";

fn refused(name: &str, line: u64, what: String) -> Refused {
    Refused { name: name.to_owned(), line, what }
}

/// A [`Refused`] as an error.
#[derive(Debug)]
pub struct RefusedError(pub Refused);

impl fmt::Display for RefusedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for RefusedError {}

/// Returns the problem that reports the pieces that are missing.
#[must_use]
pub fn missing(coverage: &Coverage) -> Vec<Problem> {
    let named = coverage.missing.iter().take(NAMED);
    let mut problems: Vec<Problem> = named
        .map(|piece| Problem::new(piece.as_str(), Kind::Unreadable, "no partial has this piece of the plan"))
        .collect();
    let others = coverage.missing.len().saturating_sub(NAMED);
    if others > 0 {
        problems.push(Problem::new("plan", Kind::Unreadable, format!("{others} more pieces are missing")));
    }
    problems
}

/// Reads lines, and knows where they are.
struct Lines {
    reader: BufReader<File>,
    /// The position after the last line.
    offset: u64,
    /// The number of lines so far.
    number: u64,
    line: Vec<u8>,
}

impl Lines {
    fn open(stored: &Stored) -> io::Result<Lines> {
        let mut file = stored.open()?;
        file.seek(SeekFrom::Start(0))?;
        Ok(Lines { reader: BufReader::with_capacity(64 << 10, file), offset: 0, number: 0, line: Vec::new() })
    }

    /// Goes to a position, before which there are `line` - 1 lines.
    fn go_to(&mut self, offset: u64, line: u64) -> io::Result<()> {
        if offset != self.offset {
            let by = i64::try_from(offset).unwrap_or(i64::MAX) - i64::try_from(self.offset).unwrap_or(0);
            self.reader.seek_relative(by)?;
        }
        (self.offset, self.number) = (offset, line - 1);
        Ok(())
    }

    /// Reads the next line, and returns whether there is one.
    fn next(&mut self) -> io::Result<bool> {
        self.line.clear();
        let len = self.reader.by_ref().take(LINE_LIMIT).read_until(b'\n', &mut self.line)? as u64;
        if len == 0 {
            return Ok(false);
        }
        (self.offset, self.number) = (self.offset + len, self.number + 1);
        if self.line.pop_if(|byte| *byte == b'\n').is_some() {
            self.line.pop_if(|byte| *byte == b'\r');
        }
        Ok(true)
    }
}
