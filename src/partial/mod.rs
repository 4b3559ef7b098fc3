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
//! {"partial":{"format":2,"version":"0.1.0","patterns":"…","reading":"…","zone":"UTC",…}}
//! {"piece":{"id":0,"path":"logs/a.log",…}}
//! {"begin":…}  {"part":…}  {"end":…}  {"problem":…}    any number of lines
//! {"done":{"lines":3,"digest":"…"}}
//! {"end_of_partial":{"pieces":1,"digest":"…"}}
//! ```
//!
//! A `part` has what lines contain about sign-ins. Its texts can be read, and its numbers are packed in columns, because in some logs
//! nearly every line has them.
//!
//! The digest in `done` is the BLAKE3 hash of the lines since `piece`, and that at the end is the hash of the lines `partial`, `piece` and
//! `done`. So a damaged or shortened partial is recognised. All lines are
//! ASCII, because shells that pass them on may take them for text in some code page.
//!
//! A partial also fits in one [line](mod@line) of text if it is small. [`Merge`] reads partials in any of the [forms](mod@forms) in which they arrive.
//!
//! Partials and plans may come from elsewhere. Nothing in them is executed, and only a plan names files, which are opened to be read.

pub mod forms;
pub mod hosts;
pub mod line;
pub mod plan;
pub mod pseudonyms;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs::File;
use std::hash::BuildHasher as _;
use std::io::{self, BufRead, BufReader, Seek as _, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use foldhash::quality::{FixedState, RandomState};
use serde::{Deserialize, Serialize};

use crate::pipeline::recorded::{Place, Recorded, ascii, put_below};
use crate::problem::{Kind, Problem, Remedy};
use crate::report::wording::grouped;
use crate::source::{Digest, HashedPart};
use forms::{Cells, Form, Spool};
use plan::{Changed, Piece, Plan};
use pseudonyms::Pseudonyms;

/// The version of the format of plans and partials.
pub const FORMAT: u32 = 2;

/// The largest length of a line in bytes.
const LINE_LIMIT: u64 = 256 << 20;

/// The length of lines in bytes that are parsed before they are passed on together, and how many such batches may wait.
const BATCH_BYTES: usize = 64 << 10;
const BATCHES: usize = 2;

/// An option that the user has passed: its long name and its values. A switch has no values.
pub type Passed = (String, Vec<String>);

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
    /// A fingerprint of the zones that the user has given to times without one, unless a plan was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zones: Option<String>,
    /// A fingerprint of the key with which users were replaced by pseudonyms, if they were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pseudonyms: Option<String>,
    /// The options about reading, which commands for the logs repeat.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<Passed>,
}

impl Header {
    /// Whether the pieces are those of a plan.
    #[must_use]
    pub fn is_planned(&self) -> bool {
        self.machine.is_none()
    }

    /// Whether the name can be that of a machine, which is in front of the names of its files.
    #[must_use]
    pub fn is_machine_name(name: &str) -> bool {
        const LIMIT: usize = 255;
        let is_wrong = |character: char| character.is_control() || ['/', '\\', '!'].contains(&character);
        !name.is_empty()
            && name.len() <= LIMIT
            && name.trim() == name
            && !name.contains(is_wrong)
            && ![".", ".."].contains(&name)
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
    /// How the file differed from its state in the plan when it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    changed: Option<Changed>,
}

#[derive(Serialize, Deserialize)]
struct EndOfPartial {
    pieces: u64,
    digest: Digest,
}

/// Writes a partial.
pub struct Writer<W> {
    out: W,
    pieces: u64,
    lines: u64,
    /// Hashes the messages of the current piece.
    hasher: blake3::Hasher,
    /// Hashes the lines that are not messages.
    controls: blake3::Hasher,
}

impl<W: Write> Writer<W> {
    /// Begins a partial.
    ///
    /// # Errors
    ///
    /// Returns the errors of `out`, as all functions here.
    pub fn new(out: W, header: &Header) -> io::Result<Writer<W>> {
        let (hasher, controls) = (blake3::Hasher::new(), blake3::Hasher::new());
        let mut writer = Writer { out, pieces: 0, lines: 0, hasher, controls };
        writer.control(&Control::Partial(header.clone()))?;
        Ok(writer)
    }

    fn control(&mut self, control: &Control) -> io::Result<()> {
        let line = ascii(serde_json::to_string(control)?);
        self.controls.update(line.as_bytes()).update(b"\n");
        self.out.write_all(line.as_bytes())?;
        self.out.write_all(b"\n")
    }

    /// Begins a piece.
    pub fn begin(&mut self, piece: &Piece) -> io::Result<()> {
        (self.lines, self.hasher) = (0, blake3::Hasher::new());
        self.control(&Control::Piece(piece.clone()))
    }

    /// Writes the line of a message about the current piece.
    pub fn message(&mut self, line: &[u8]) -> io::Result<()> {
        self.lines += 1;
        self.hasher.update(line).update(b"\n");
        self.out.write_all(line)?;
        self.out.write_all(b"\n")
    }

    /// Ends the current piece, whose file differed from its state in the plan like this.
    pub fn done(&mut self, changed: Option<Changed>) -> io::Result<()> {
        self.pieces += 1;
        let done = Done { lines: self.lines, digest: self.hasher.finalize().into(), changed };
        self.control(&Control::Done(done))
    }

    /// Ends the partial.
    pub fn end(mut self) -> io::Result<()> {
        let digest = self.controls.finalize().into();
        self.control(&Control::EndOfPartial(EndOfPartial { pieces: self.pieces, digest }))
    }
}

/// Returns a partial as one line of text. `partial` is what a [`Writer`] has written.
///
/// # Errors
///
/// Returns the number of characters that the line would need if it is more than [`line::LIMIT`].
pub fn to_line(partial: &[u8]) -> Result<String, usize> {
    let (mut header, mut pieces) = (serde_json::Value::Null, Vec::new());
    for text in partial.split(|byte| *byte == b'\n').filter(|text| !text.is_empty()) {
        let mut value: serde_json::Value = serde_json::from_slice(text).unwrap_or_default();
        if let Some(value) = value.get_mut("partial") {
            header = value.take();
        } else if text.starts_with(b"{\"piece\":") {
            pieces.push(Vec::new());
        } else if !CONTROLS.iter().any(|control| text.starts_with(control)) {
            pieces.last_mut().into_iter().for_each(|piece: &mut Vec<_>| piece.push(std::mem::take(&mut value)));
        }
    }
    line::write(&(header, pieces))
}

/// Writes the partial that was in a line. The pieces are numbered, and their files are not known.
fn write_from_line((header, pieces): &line::Content, out: impl Write) -> io::Result<()> {
    let mut writer = Writer::new(out, &serde_json::from_value(header.clone())?)?;
    for (id, piece) in (0..).zip(pieces) {
        writer.begin(&Piece::unknown(id))?;
        for message in piece {
            writer.message(ascii(message.to_string()).as_bytes())?;
        }
        writer.done(None)?;
    }
    writer.end()
}

/// The reason why a partial is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The name of the partial.
    pub name: String,
    /// The number of the line, from 1, or 0 if it is about the whole file.
    pub line: u64,
    /// What is wrong and what to do about it.
    pub what: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        write!(f, ": {}", self.what)
    }
}

/// Where a partial is stored.
pub enum Stored {
    /// A file that can be opened again.
    Path(PathBuf),
    /// A pipe, which is read once.
    Once(Box<dyn io::Read>),
}

/// Where the lines of some partials are.
#[derive(Debug)]
struct Location {
    /// The name in messages.
    name: String,
    /// The file, or `None` for the spool.
    path: Option<PathBuf>,
    /// The positions of the first byte and the one after the last.
    range: [u64; 2],
    /// Whether the name has the number of the only line.
    is_line: bool,
}

/// A partial that is complete.
#[derive(Debug)]
struct Partial {
    header: Header,
    /// Where it begins: the index of its location, and the number of its line.
    location: usize,
    line: u64,
    /// The digest at its end.
    sum: Digest,
    /// Whether its pieces count.
    counts: bool,
}

impl Partial {
    fn machine(&self) -> Option<&str> {
        self.header.machine.as_deref()
    }
}

/// A piece in a partial.
#[derive(Debug)]
struct Found {
    piece: Piece,
    /// The index of its partial.
    partial: usize,
    /// The position and number of the first line after `piece`.
    offset: u64,
    line: u64,
    lines: u64,
    /// The digest of all lines.
    digest: Digest,
    check: Check,
    /// The hashes of the bytes of the piece, if it is a range of a file.
    hashed: Vec<HashedPart>,
    /// The logs in its messages, if the piece has no name because it was in a line.
    logs: Vec<String>,
    /// How the file differed from its state in the plan when it was read.
    changed: Option<Changed>,
}

impl Found {
    /// Returns when the version of the file that was read was last modified, if that is known. A file that was gone has no version, which
    /// is less than any.
    fn version(&self) -> Option<Option<i64>> {
        match self.changed {
            None => Some(self.piece.modified),
            Some(Changed::Differs { modified, .. }) => Some(modified),
            Some(Changed::Gone) => None,
        }
    }
}

/// Shows whether lines are still the same when they are read a second time. Unlike the digest, it takes hardly any time, and is never stored,
/// so that nobody can find other lines for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Check {
    seed: u64,
    sum: u64,
}

impl Check {
    /// Begins with a seed of its own.
    fn new() -> Check {
        Check { seed: RandomState::default().hash_one(0), sum: 0 }
    }

    /// Begins with the same seed.
    fn start(self) -> Check {
        Check { sum: 0, ..self }
    }

    fn add(&mut self, line: &[u8]) {
        self.sum = FixedState::with_seed(self.seed).hash_one((self.sum, line));
    }
}

/// Partials that are merged.
#[derive(Debug, Default)]
pub struct Merge {
    locations: Vec<Location>,
    spool: Spool,
    partials: Vec<Partial>,
    found: Vec<Found>,
    /// The number of patterns.
    patterns: usize,
    /// Makes pseudonyms of users that have none.
    pseudonyms: Option<Pseudonyms>,
    /// What is remarkable about files that are not refused.
    notes: Vec<String>,
}

/// What partials are merged for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To count them.
    Count,
    /// To join them to one file, which other partials may join later. Whether a name without a domain is that of another machine is not
    /// known before.
    Join,
}

/// How the pieces in partials cover what they should.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// The pieces of the plan that no partial has.
    pub missing: Vec<String>,
    /// How many pieces were done more than once, and count once.
    pub repeated: u64,
    /// The pieces that were done more than once in different ways, each with the partial whose piece counts.
    pub differing: Vec<String>,
    /// The files that changed after the plan was made, and were read.
    pub changed: Vec<Problem>,
    /// The machines of which there are different partials. Only the newest of each counts.
    pub machines: Vec<Several>,
    /// The partials that were left out, with the reasons.
    pub left_out: Vec<Refused>,
}

/// A machine of which there are different partials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Several {
    /// The name of the machine.
    pub machine: String,
    /// The file with the partial that counts.
    pub counts: String,
    /// The files with the others.
    pub others: Vec<String>,
    /// The logs that only the others have, with the name of the machine in front.
    pub lost: Vec<String>,
    /// Whether all were written at the same time, so that none is the newest.
    pub is_tie: bool,
}

impl Merge {
    /// Creates an empty list, for a set of `patterns` patterns.
    #[must_use]
    pub fn new(patterns: usize) -> Merge {
        Merge { patterns, ..Merge::default() }
    }

    /// Makes pseudonyms of the users in partials without pseudonyms.
    pub fn make_pseudonyms(&mut self, pseudonyms: Pseudonyms) {
        self.pseudonyms = Some(pseudonyms);
    }

    /// Returns the headers of all partials that count, each with the place where it begins.
    pub fn headers(&self) -> impl Iterator<Item = (&Header, String)> {
        self.partials.iter().filter(|partial| partial.counts).map(|partial| (&partial.header, self.place_of(partial)))
    }

    /// Returns the options about reading with which all partials that count were written.
    #[must_use]
    pub fn options(&self) -> Vec<Passed> {
        let mut headers = self.partials.iter().filter(|partial| partial.counts).map(|partial| &partial.header);
        let mut options = headers.next().map(|first| first.options.clone()).unwrap_or_default();
        headers.for_each(|other| options.retain(|option| other.options.contains(option)));
        options
    }

    /// Returns what is remarkable about files that are not refused.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Returns the names of all machines, also of those whose partials do not count.
    pub fn machines(&self) -> impl Iterator<Item = &str> {
        self.partials.iter().filter_map(|partial| partial.header.machine.as_deref())
    }

    /// Leaves out the partials for which `reason` returns why, and returns them.
    fn leave_out(&mut self, reason: impl Fn(&Header) -> Option<String>) -> Vec<Refused> {
        let mut left_out = Vec::new();
        for partial in self.partials.iter_mut().filter(|partial| partial.counts) {
            if let Some(what) = reason(&partial.header) {
                partial.counts = false;
                let location = &self.locations[partial.location];
                left_out.push(refused(&location.name, if location.is_line { 0 } else { partial.line }, what));
            }
        }
        self.forget();
        left_out
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

    /// Returns the name of the file with a partial, and its line if it is not the first.
    fn place_of(&self, partial: &Partial) -> String {
        let name = &self.locations[partial.location].name;
        if partial.line <= 1 { name.clone() } else { format!("{name}:{}", partial.line) }
    }

    /// Adds a file with one or more partials, in any of the [`forms`]. Returns why partials are refused. The others of the file are added.
    pub fn add(&mut self, name: &str, stored: Stored) -> Vec<Refused> {
        let failed = |error: io::Error| vec![refused(name, 0, format!("cannot be read: {error}"))];
        let result = (|| match stored {
            Stored::Once(mut pipe) => {
                let head = forms::head(&mut pipe)?;
                self.add_spooled(name, Form::of(&head), head, pipe)
            }
            Stored::Path(path) => {
                let mut file = File::open(&path)?;
                let head = forms::head(&mut file)?;
                match Form::of(&head) {
                    Form::Lines => {
                        let range = [0, file.metadata()?.len()];
                        let location = Location { name: name.to_owned(), path: Some(path), range, is_line: false };
                        Ok(self.index(location, file))
                    }
                    form => self.add_spooled(name, form, head, Box::new(file)),
                }
            }
        })();
        result.unwrap_or_else(failed)
    }

    /// Adds partials that cannot be read where they are.
    fn add_spooled(
        &mut self,
        name: &str,
        form: Form,
        head: Vec<u8>,
        from: Box<dyn io::Read>,
    ) -> io::Result<Vec<Refused>> {
        let mut text = match form.text(head, from) {
            Ok(text) => text,
            Err(error) => return Ok(vec![refused(name, 0, error.to_string())]),
        };
        if let Form::Lines = Form::of(text.fill_buf()?) {
            let range = match self.spool.copy(&mut text) {
                Err(error)
                    if form == Form::Gzip && error.get_ref().is_none_or(|inner| !inner.is::<forms::NoRoom>()) =>
                {
                    let what =
                        format!("the gzip data are damaged or incomplete ({error}). Copy or collect the file again");
                    return Ok(vec![refused(name, 0, what)]);
                }
                range => range?,
            };
            let lines = self.spool.reader()?;
            return Ok(self.index(Location { name: name.to_owned(), path: None, range, is_line: false }, lines));
        }
        let (mut all, mut number, mut count) = (Vec::new(), 0_u64, 0_u64);
        let mut without = Without::default();
        // Whether the line before is of a partial in JSON, and the first line with a NUL.
        let (mut is_in_json, mut with_nul) = (false, None);
        let mut line = Vec::new();
        while read_line(&mut text, LINE_LIMIT, &mut line)? > 0 {
            number += 1;
            let found = line::read(&line);
            // Beside a partial in a line, other JSON is that of the tool that collected it.
            let control = forms::control(&line).filter(|control| found.is_empty() || *control == CONTROLS[0]);
            if line.starts_with(CONTROLS[0]) {
                let what = "a partial in JSON begins here, among other lines. Put it into a file of its own";
                all.push(refused(name, number, what.to_owned()));
            } else if control.is_some_and(|control| control == CONTROLS[0] || !is_in_json) {
                all.push(refused(name, number, IN_JSON.to_owned()));
            } else if control.is_none() && !is_in_json && line.contains(&0) && line.iter().any(|byte| *byte != 0) {
                with_nul = with_nul.or(Some(number));
            }
            // One message for each partial.
            is_in_json = control.is_some_and(|control| control != CONTROLS[3]) || is_in_json && found.is_empty();
            if control.is_none() {
                without.add(number, &line, !found.is_empty());
            }
            for content in found {
                count += 1;
                let name = format!("{name}:{number}");
                match content {
                    Ok(content) => {
                        let mut partial = Vec::new();
                        // Only a header with other values than those of this version fails.
                        if let Err(error) = write_from_line(&content, &mut partial) {
                            all.push(refused(&name, 0, format!("the partial in this line cannot be read: {error}")));
                            continue;
                        }
                        let range = self.spool.copy(&mut &partial[..])?;
                        let lines = self.spool.reader()?;
                        all.extend(self.index(Location { name, path: None, range, is_line: true }, lines));
                    }
                    Err(broken) => all.push(refused(&name, 0, forms::explained(broken, &line))),
                }
            }
        }
        if number == 0 {
            return Ok(vec![refused(
                name,
                0,
                "the file is empty. Was the disk full, or the run ended early? Write it again".to_owned(),
            )]);
        }
        if count == 0 && all.is_empty() {
            all.push(refused(name, 1, NOT_PARTIAL.to_owned()));
        } else if count > 0 {
            all.extend(with_nul.map(|number| refused(name, number, WITH_NUL.to_owned())));
            self.notes.extend(without.note(name));
        }
        Ok(all)
    }

    /// Adds the partials in a file, of which `lines` has the text. Returns those that are refused.
    fn index(&mut self, location: Location, lines: File) -> Vec<Refused> {
        let (name, is_line, range) = (location.name.clone(), location.is_line, location.range);
        let index = self.locations.len();
        self.locations.push(location);
        let failed = |error: io::Error| refused(&name, 0, format!("cannot be read: {error}"));
        let mut lines = match Lines::open(lines, range) {
            Ok(lines) => lines,
            Err(error) => return vec![failed(error)],
        };
        let mut all = Vec::new();
        // After a partial that is refused, the next one begins with its header.
        let mut is_over = true;
        loop {
            let before = self.found.len();
            match self.index_one(index, &name, &mut lines, is_over) {
                Ok(true) => is_over = true,
                Ok(false) => break,
                Err((refused, is_in_header)) => {
                    self.found.truncate(before);
                    // One message for each partial.
                    all.push(Refused { line: if is_line { 0 } else { refused.line }, ..refused });
                    match lines.skip_to_header(is_in_header) {
                        Ok(true) => is_over = false,
                        Ok(false) => break,
                        Err(error) => {
                            all.push(failed(error));
                            break;
                        }
                    }
                }
            }
        }
        all
    }

    /// Adds the next partial, and returns whether there was one. If `is_over` is not set, its header was read already. With an error
    /// comes whether the line is the header of another partial.
    fn index_one(
        &mut self,
        location: usize,
        name: &str,
        lines: &mut Lines,
        is_over: bool,
    ) -> Result<bool, (Refused, bool)> {
        let io = |error: io::Error| (refused(name, 0, format!("cannot be read: {error}")), false);
        if is_over && !lines.next().map_err(io)? {
            return Ok(false);
        }
        let first = lines.number;
        let wrong = |line: u64, what: String| (refused(name, line, what), false);
        if lines.line.trim_ascii().is_empty() {
            return Ok(true);
        }
        if lines.line.starts_with(b"{\"plan\":") {
            return Err(wrong(first, PLAN.to_owned()));
        }
        if !lines.line.starts_with(CONTROLS[0]) {
            let is_inside = forms::is_inside(&lines.line);
            return Err(wrong(first, if is_inside { BEGINNING_MISSING } else { NOT_PARTIAL }.to_owned()));
        }
        let header = match serde_json::from_slice(&lines.line) {
            Ok(Control::Partial(header)) => header,
            Ok(_) => return Err(wrong(first, NOT_PARTIAL.to_owned())),
            Err(error) => return Err(wrong(first, format!("the first line of the partial {DAMAGED} ({error})"))),
        };
        if header.format != FORMAT {
            let what = format!(
                "the partial has format {}, and this version of callcodes reads format {FORMAT}. Write it with this version, or merge \
                 with version {}",
                header.format, header.version
            );
            return Err(wrong(first, what));
        }
        if header.machine.as_deref().is_some_and(|machine| !Header::is_machine_name(machine)) {
            return Err(wrong(
                first,
                "the name of its machine is not possible. Write it again with --machine NAME".to_owned(),
            ));
        }
        let whose =
            header.machine.as_ref().map_or("the partial".to_owned(), |machine| format!("the partial of {machine}"));
        let (mut current, mut pieces): (Option<(Found, blake3::Hasher)>, _) = (None, 0_u64);
        let mut controls = blake3::Hasher::new();
        controls.update(&lines.line).update(b"\n");
        let partial = self.partials.len();
        loop {
            if !lines.next().map_err(io)? {
                return Err(wrong(lines.number, format!("{whose} {CUT}")));
            }
            let (number, line) = (lines.number, lines.line.as_slice());
            let wrong = |what: &str| (refused(name, number, format!("{whose} {what}")), line.starts_with(CONTROLS[0]));
            if !CONTROLS.iter().any(|control| line.starts_with(control)) {
                let Some((found, hasher)) = &mut current else { return Err(wrong(DAMAGED)) };
                found.lines += 1;
                found.check.add(line);
                hasher.update(line).update(b"\n");
                if found.piece.range.is_some() && line.starts_with(b"{\"hashed\":") {
                    let recorded = Recorded::parse(line, self.patterns);
                    let recorded = recorded.map_err(|what| wrong(&format!("{DAMAGED} ({what})")))?;
                    found.hashed.extend(recorded.hashed().into_iter().flatten());
                }
                if found.piece.name().is_none() && !line.starts_with(b"{\"part\":") {
                    let recorded = Recorded::parse(line, self.patterns);
                    let recorded = recorded.map_err(|what| wrong(&format!("{DAMAGED} ({what})")))?;
                    found.logs.extend(recorded.source().map(str::to_owned));
                }
                continue;
            }
            let control = serde_json::from_slice(line).map_err(|error| wrong(&format!("{DAMAGED} ({error})")))?;
            if !matches!(control, Control::EndOfPartial(_)) {
                controls.update(line).update(b"\n");
            }
            match control {
                Control::Piece(piece) if current.is_none() => {
                    if !piece.is_sane() {
                        return Err(wrong("has a piece whose range is not possible. Write it again"));
                    }
                    let (offset, line, digest) = (lines.offset, number + 1, Digest::of(b""));
                    let (check, hashed, logs, changed) = (Check::new(), Vec::new(), Vec::new(), None);
                    let found = Found { piece, partial, offset, line, lines: 0, digest, check, hashed, logs, changed };
                    current = Some((found, blake3::Hasher::new()));
                }
                Control::Done(done) => {
                    let Some((mut found, hasher)) = current.take() else { return Err(wrong(CUT)) };
                    (found.digest, found.changed) = (hasher.finalize().into(), done.changed);
                    if found.digest != done.digest || found.lines != done.lines {
                        return Err((refused(name, found.line, format!("{whose} {DAMAGED}")), false));
                    }
                    self.found.push(found);
                    pieces += 1;
                }
                Control::EndOfPartial(end) if current.is_none() && end.pieces == pieces => {
                    let sum = controls.finalize().into();
                    if end.digest != sum {
                        return Err((refused(name, first, format!("{whose} {DAMAGED}")), false));
                    }
                    self.partials.push(Partial { header, location, line: first, sum, counts: true });
                    return Ok(true);
                }
                Control::Piece(_) | Control::EndOfPartial(_) | Control::Partial(_) => return Err(wrong(CUT)),
            }
        }
    }

    /// Chooses the partial of each machine that counts, leaves out those for which `reason` returns why, puts the pieces in order,
    /// keeps one of each, and compares them with the plan if there is one.
    ///
    /// # Errors
    ///
    /// Returns the first piece that is not one of the plan.
    pub fn arrange(
        &mut self,
        plan: Option<&Plan>,
        purpose: Purpose,
        reason: impl Fn(&Header) -> Option<String>,
    ) -> Result<Coverage, Refused> {
        let mut coverage = Coverage::default();
        self.choose_newest(purpose, &mut coverage);
        coverage.left_out = self.leave_out(reason);
        let foreign = |merge: &Merge, found: &Found, what: &str| {
            let partial = &merge.partials[found.partial];
            let what = format!("piece {} {what}", found.piece.id);
            refused(&merge.locations[partial.location].name, found.line - 1, what)
        };
        let partials = &self.partials;
        let is_planned = |found: &Found| partials[found.partial].header.is_planned();
        if let Some(plan) = plan {
            let is_foreign = |found: &&Found| is_planned(found) && plan.piece(found.piece.id) != Some(&found.piece);
            if let Some(found) = self.found.iter().find(is_foreign) {
                let what =
                    "is not in this plan. Pass the plan for which the partial was made, or scan again with this one";
                return Err(foreign(self, found, what));
            }
        }
        let machine = |found: &Found| partials[found.partial].header.machine.as_deref();
        // Of pieces that were done more than once, the first one counts. It is the same in any order of the partials: that of the version
        // which was modified last, and of one version, the one with the most lines.
        self.found.sort_by(|a, b| {
            let digest = |found: &Found| String::from(found.digest);
            (machine(a), a.piece.id, b.version(), b.lines)
                .cmp(&(machine(b), b.piece.id, a.version(), a.lines))
                .then_with(|| digest(a).cmp(&digest(b)))
        });
        let is_same = |a: &Found, b: &Found| machine(a) == machine(b) && a.piece.id == b.piece.id;
        for same in self.found.chunk_by(is_same).filter(|same| same.len() > 1) {
            if let Some(other) = same.iter().find(|other| other.piece != same[0].piece) {
                return Err(foreign(
                    self,
                    other,
                    "is another one in other partials. Merge the partials of one plan only",
                ));
            }
            coverage.repeated += same.len() as u64 - 1;
            if same.iter().any(|other| other.digest != same[0].digest) && !self.count_as_one(same) {
                let place = self.place_of(&partials[same[0].partial]);
                coverage.differing.push(format!("{} of {place}", same[0].piece));
            }
        }
        self.found.dedup_by(|later, first| is_same(later, first));
        let of_one_file = |a: &Found, b: &Found| machine(a) == machine(b) && a.piece.path == b.piece.path;
        let files = self.found.chunk_by(of_one_file);
        coverage.changed = files.filter(|pieces| pieces.first().is_some_and(is_planned)).filter_map(changed).collect();
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

    /// Whether pieces are the same as soon as users are replaced by pseudonyms.
    fn count_as_one(&self, same: &[Found]) -> bool {
        let digest = |found: &Found| {
            let partial = &self.partials[found.partial];
            if !self.changes_users(partial) {
                return Some(found.digest);
            }
            let mut hasher = blake3::Hasher::new();
            let result = self.read(found, &mut None, &mut |line, number| {
                hasher.update(self.parsed(partial, line, number)?.into_json()?.as_bytes()).update(b"\n");
                Ok(())
            });
            // The next one to read it gets the same error.
            result.ok().map(|()| hasher.finalize().into())
        };
        let first = digest(&same[0]);
        self.pseudonyms.is_some() && first.is_some() && same[1..].iter().all(|other| digest(other) == first)
    }

    /// Chooses the newest of the partials of each machine. Of those that are the same, one counts.
    fn choose_newest(&mut self, purpose: Purpose, coverage: &mut Coverage) {
        let names = match purpose {
            Purpose::Count => hosts::machines(self.partials.iter().filter_map(Partial::machine)),
            Purpose::Join => BTreeMap::new(),
        };
        let mut by_machine: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, Partial { header, counts, .. }) in self.partials.iter().enumerate() {
            if let Some(machine) = header.machine.as_ref().filter(|_| *counts) {
                let folded = machine.to_lowercase();
                by_machine.entry(names.get(&folded).cloned().unwrap_or(folded)).or_default().push(index);
            }
        }
        by_machine.retain(|_, indexes| indexes.len() > 1);
        let mut logs: BTreeMap<usize, BTreeSet<&str>> =
            by_machine.values().flatten().map(|index| (*index, BTreeSet::new())).collect();
        // A piece without a message has nothing that could be left out.
        for found in self.found.iter().filter(|found| found.lines > 0) {
            let Some(logs) = logs.get_mut(&found.partial) else { continue };
            logs.extend(found.logs.iter().map(String::as_str).chain(found.piece.name()));
        }
        for mut indexes in by_machine.into_values() {
            let key = |index: &usize| {
                let Partial { header, sum, .. } = &self.partials[*index];
                (header.written, String::from(*sum), &header.machine)
            };
            indexes.sort_by(|a, b| key(b).cmp(&key(a)));
            let first = &self.partials[indexes[0]];
            let is_copy = |other: &Partial| (other.header.written, other.sum) == (first.header.written, first.sum);
            let others = indexes[1..].iter().map(|index| &self.partials[*index]);
            let copies = others.clone().filter(|other| is_copy(other)).count();
            coverage.repeated += copies as u64;
            if copies < indexes.len() - 1 {
                let others = others.filter(|other| !is_copy(other));
                let below = |log: &str| put_below(first.machine().unwrap_or_default(), log);
                let older: BTreeSet<&str> = indexes[1..].iter().flat_map(|index| &logs[index]).copied().collect();
                coverage.machines.push(Several {
                    machine: first.header.machine.clone().unwrap_or_default(),
                    counts: self.place_of(first),
                    is_tie: others.clone().any(|other| other.header.written == first.header.written),
                    others: others.map(|other| self.place_of(other)).collect(),
                    lost: older.into_iter().filter(|log| !has_log(&logs[&indexes[0]], log)).map(below).collect(),
                });
            }
            for index in &indexes[1..] {
                self.partials[*index].counts = false;
            }
        }
        self.forget();
    }

    /// Removes the pieces of partials that do not count.
    fn forget(&mut self) {
        let partials = &self.partials;
        self.found.retain(|found| partials[found.partial].counts);
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
            let (place, parts) = self.place(index);
            let partial = &self.partials[found.partial];
            self.read(found, &mut open, &mut |line, number| {
                let mut recorded = self.parsed(partial, line, number)?;
                recorded.add_beginnings(&parts);
                if let Some(machine) = &partial.header.machine {
                    recorded.put_below(machine);
                }
                batch.push(recorded, place, line.len())
            })?;
        }
        Ok(())
    }

    /// Writes all pieces that count to one file, in the same order for any order of the partials: those of a plan as one partial, and the
    /// partial of each machine.
    ///
    /// # Errors
    ///
    /// Returns the errors of `out`, and a [`Refused`] inside an [`io::Error`] for a line that is not valid.
    pub fn write(&self, mut out: impl Write) -> io::Result<()> {
        let counting = || self.partials.iter().enumerate().filter(|(_, partial)| partial.counts);
        let mut partials: Vec<(usize, &Partial)> =
            counting().filter(|(_, partial)| !partial.header.is_planned()).collect();
        partials.sort_by(|(_, a), (_, b)| a.header.machine.cmp(&b.header.machine));
        partials.splice(0..0, counting().find(|(_, partial)| partial.header.is_planned()));
        let (mut open, mut rest) = (None, self.found.iter().peekable());
        for (index, partial) in partials {
            let mut header = partial.header.clone();
            if let Some(pseudonyms) = &self.pseudonyms {
                header.pseudonyms.get_or_insert_with(|| pseudonyms.fingerprint());
            }
            if header.is_planned() {
                header.options = self.options();
            }
            let mut writer = Writer::new(&mut out, &header)?;
            let is_planned = |found: &Found| self.partials[found.partial].header.is_planned();
            let belongs = |found: &&Found| found.partial == index || partial.header.is_planned() && is_planned(found);
            while let Some(found) = rest.next_if(belongs) {
                writer.begin(&found.piece)?;
                let partial = &self.partials[found.partial];
                self.read(found, &mut open, &mut |line, number| {
                    let recorded = self.parsed(partial, line, number)?;
                    if self.changes_users(partial) {
                        writer.message(recorded.into_json()?.as_bytes())
                    } else {
                        writer.message(line)
                    }
                })?;
                writer.done(found.changed)?;
            }
            writer.end()?;
        }
        Ok(())
    }

    /// Reads the lines of a piece, each with its number. `open` is what the call before has left open.
    fn read(
        &self,
        found: &Found,
        open: &mut Option<(usize, Lines)>,
        each: &mut dyn FnMut(&[u8], u64) -> io::Result<()>,
    ) -> io::Result<()> {
        let index = self.partials[found.partial].location;
        let location = &self.locations[index];
        let mut lines = match open.take() {
            Some((of, lines)) if of == index && lines.offset <= found.offset => lines,
            _ => {
                let file = location.path.as_ref().map_or_else(|| self.spool.reader(), File::open)?;
                Lines::open(file, location.range)?
            }
        };
        lines.go_to(found.offset, found.line)?;
        let mut check = found.check.start();
        for _ in 0..found.lines {
            lines.next()?;
            check.add(&lines.line);
            each(&lines.line, if location.is_line { 0 } else { lines.number })?;
        }
        if check != found.check {
            let what = "the file has changed while it was read. Merge again".to_owned();
            return Err(io::Error::other(RefusedError(refused(&location.name, 0, what))));
        }
        *open = Some((index, lines));
        Ok(())
    }

    /// Whether users of this partial are replaced by pseudonyms.
    fn changes_users(&self, partial: &Partial) -> bool {
        self.pseudonyms.is_some() && partial.header.pseudonyms.is_none()
    }

    fn parsed(&self, partial: &Partial, line: &[u8], number: u64) -> io::Result<Recorded> {
        let name = &self.locations[partial.location].name;
        let wrong =
            |what| io::Error::other(RefusedError(refused(name, number, format!("a message {DAMAGED} ({what})"))));
        let mut recorded = Recorded::parse(line, self.patterns).map_err(wrong)?;
        if let Some(pseudonyms) = self.pseudonyms.as_ref().filter(|_| partial.header.pseudonyms.is_none()) {
            recorded.rename(&|user| pseudonyms.of(user));
        }
        Ok(recorded)
    }

    /// Returns the place of a piece in its source, and the hashes of all pieces if it is the first of several.
    fn place(&self, index: usize) -> (Place, Vec<HashedPart>) {
        let piece = &self.found[index].piece;
        let Some([start, _]) = piece.range else { return (Place::WHOLE, Vec::new()) };
        let is_same = |found: &&Found| found.piece.path == piece.path && found.piece.range.is_some();
        let is_first = index == 0 || !is_same(&&self.found[index - 1]);
        let is_last = self.found.get(index + 1).is_none_or(|next| !is_same(&next));
        // The hashes are only needed at the beginning of the file.
        let parts = || -> Vec<HashedPart> {
            let mut end = 0;
            let follows = |found: &&Found| {
                let range = found.piece.range.filter(|[start, _]| *start == end);
                end = range.map_or(end, |[_, end]| end);
                is_same(found) && range.is_some()
            };
            let pieces = self.found[index..].iter().take_while(follows);
            pieces.flat_map(|found| &found.hashed).copied().collect()
        };
        let parts = if start == 0 { parts() } else { Vec::new() };
        let digest = piece.bytes.and_then(|bytes| Digest::of_parts(&parts, bytes));
        (Place { is_first, is_last, digest }, parts)
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

/// Why a file is refused that has nothing of a partial.
pub const NOT_PARTIAL: &str = "this is no partial of callcodes. Make one with callcodes scan --partial -o FILE";
const CUT: &str = "is incomplete. Copy or collect the whole file again, or write it again with -o";
const DAMAGED: &str = "is damaged. Copy or collect the file again, or write it again with -o, because > in PowerShell may change characters";
const BEGINNING_MISSING: &str = "the beginning of the partial is missing. Copy or collect the whole file again";
const LOST: &str =
    "left out, because only an older partial has it; pass all folders of a machine to one callcodes scan --partial";
const IN_JSON: &str = "this is of a partial in JSON that is not as it was written, among other lines. Put the partial into a file of its own, or \
                       collect it again";
const WITH_NUL: &str =
    "there is a NUL, as if text in UTF-16 had been added to text in another encoding. Put each into a file of its own";
const PLAN: &str = "this is a plan and no partial. Pass it with --plan";

/// Whether `logs` has a log, an archive with it, or a log in it. A line names the logs in an archive, and another partial the archive.
fn has_log(logs: &BTreeSet<&str>, log: &str) -> bool {
    let inside = format!("{log}!/");
    logs.contains(log)
        || log.match_indices("!/").any(|(end, _)| logs.contains(&log[..end]))
        || logs.range(inside.as_str()..).next().is_some_and(|next| next.starts_with(&inside))
}

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

/// Returns the problems that report the logs that only partials have which do not count.
#[must_use]
pub fn lost(coverage: &Coverage) -> Vec<Problem> {
    let lost = |log: &String| Problem::new(log.as_str(), Kind::OlderPartial, LOST);
    coverage.machines.iter().flat_map(|several| several.lost.iter().map(lost)).collect()
}

/// Returns the problems that report the pieces that are missing.
#[must_use]
pub fn missing(coverage: &Coverage) -> Vec<Problem> {
    let missing =
        |piece: &String| Problem::new(piece.as_str(), Kind::Unreadable, "no partial has this piece of the plan");
    coverage.missing.iter().map(missing).collect()
}

/// Returns the problem of a file that changed after the plan was made. `pieces` are those of the file that were read.
fn changed(pieces: &[Found]) -> Option<Problem> {
    let version = |found: &Found| match found.changed {
        None => Some((found.piece.modified, found.piece.bytes)),
        Some(Changed::Differs { modified, bytes }) => Some((modified, bytes)),
        // Reading it has failed, which is a problem of its own.
        Some(Changed::Gone) => None,
    };
    let versions: BTreeSet<_> = pieces.iter().filter_map(version).collect();
    let Piece { path, range, modified, bytes, .. } = &pieces.first()?.piece;
    if versions.iter().all(|version| *version == (*modified, *bytes)) {
        return None;
    }
    let path = path.as_deref().unwrap_or_default();
    if range.is_none() {
        let what = "it changed after the plan was made, and all of its new version was read";
        return Some(Problem::new(path, Kind::ChangedWhole, what));
    }
    let pieces = if versions.len() > 1 {
        "its pieces are of different versions, so results may be missing or count twice"
    } else {
        "its pieces are of a new version"
    };
    let planned = bytes.unwrap_or(0);
    let has_grown = versions.iter().any(|(_, bytes)| bytes.is_some_and(|bytes| bytes > planned));
    let grown = if has_grown { format!("; nothing after byte {planned} was read") } else { String::new() };
    let what = format!("it changed after the plan was made, and {pieces}{grown}");
    Some(Problem::new(path, Kind::Changed, what).remedy(Remedy::PlanAgain))
}

/// The lines of a file that have no partial, while others have one.
#[derive(Default)]
struct Without {
    /// The beginning of the first line and its cells, if these may be the names of columns.
    heading: Option<(String, Cells)>,
    /// The number and the beginning of the first of the other lines, and how many there are.
    others: Option<(u64, String, u64)>,
}

impl Without {
    /// Adds a line of the file, which may have a partial.
    fn add(&mut self, number: u64, line: &[u8], has_partial: bool) {
        if has_partial {
            let is_same = |(_, cells): &(String, Cells)| cells.is_row(line);
            self.heading.take_if(|heading| is_same(heading));
        } else if line.trim_ascii().is_empty() {
        } else if let (1, Some(cells)) = (number, Cells::of_heading(line)) {
            self.heading = Some((forms::beginning(line), cells));
        } else {
            self.others.get_or_insert_with(|| (number, forms::beginning(line), 0)).2 += 1;
        }
    }

    /// Returns the note about the lines of the file with this name, if there are any.
    fn note(self, name: &str) -> Option<String> {
        let (heading, others) = (self.heading, self.others);
        let lines = others.as_ref().map_or(0, |(_, _, lines)| *lines) + u64::from(heading.is_some());
        let first = heading.map(|(beginning, _)| (1, beginning));
        let (number, beginning) = first.or(others.map(|(number, beginning, _)| (number, beginning)))?;
        Some(match lines {
            1 => format!("{name}: line {number} has no partial. It begins with: {beginning}"),
            _ => format!(
                "{name}: {} lines have no partial, such as line {number}, which begins with: {beginning}",
                grouped(lines)
            ),
        })
    }
}

/// Reads lines, and knows where they are.
struct Lines {
    reader: BufReader<File>,
    /// The position after the last line.
    offset: u64,
    /// The position at which the partial ends, if other things follow in the file.
    end: u64,
    /// The number of lines so far.
    number: u64,
    line: Vec<u8>,
}

impl Lines {
    fn open(mut file: File, [start, end]: [u64; 2]) -> io::Result<Lines> {
        file.seek(SeekFrom::Start(start))?;
        // Many partials are small.
        let capacity = usize::try_from(end - start).unwrap_or(usize::MAX).clamp(1, 64 << 10);
        let reader = BufReader::with_capacity(capacity, file);
        Ok(Lines { reader, offset: start, end, number: 0, line: Vec::new() })
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
        let limit = LINE_LIMIT.min(self.end.saturating_sub(self.offset));
        let len = read_line(&mut self.reader, limit, &mut self.line)?;
        (self.offset, self.number) = (self.offset + len, self.number + u64::from(len > 0));
        Ok(len > 0)
    }

    /// Reads on to the line with which a partial begins, unless the current one does, and returns whether there is one.
    fn skip_to_header(&mut self, is_header: bool) -> io::Result<bool> {
        if is_header {
            return Ok(true);
        }
        while self.next()? {
            if self.line.starts_with(CONTROLS[0]) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Reads a line of at most `limit` bytes without its end, and returns how many bytes were read.
fn read_line(reader: &mut impl BufRead, limit: u64, line: &mut Vec<u8>) -> io::Result<u64> {
    line.clear();
    let mut len = 0;
    // This finds the end of long lines faster than `read_until`.
    while len < limit {
        let bytes = match reader.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            bytes => bytes?,
        };
        let most = usize::try_from(limit - len).map_or(bytes.len(), |most| most.min(bytes.len()));
        let end = memchr::memchr(b'\n', &bytes[..most]);
        let taken = end.map_or(most, |end| end + 1);
        line.extend_from_slice(&bytes[..taken]);
        reader.consume(taken);
        len += taken as u64;
        if taken == 0 || end.is_some() {
            break;
        }
    }
    if line.pop_if(|byte| *byte == b'\n').is_some() {
        line.pop_if(|byte| *byte == b'\r');
    }
    Ok(len)
}
