//! Lists the pieces of work of a run: whole files, and ranges of big ones.
//!
//! A plan is JSON Lines. The first line says what it is and what the user has passed, each further line is a [`Piece`], and the last line has their number and the
//! BLAKE3 hash of all lines before it. The same files have the same plan. All lines are ASCII, because shells that pass them on may take them
//! for text in some code page.
//!
//! Whoever scans a piece does not know the other files, and would have to hash all of it so that copies are recognised, which takes
//! longer than to scan it. A plan knows all files, and those in zip archives: see [`Piece::alone`].

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, Read as _, Write};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::forms::{self, Form};
use super::{FORMAT, Passed, Refused, refused};
use crate::pipeline::range_end;
use crate::pipeline::recorded::ascii;
use crate::problem::{Kind, Problem};
use crate::source::select::Content;
use crate::source::{BEGINNING_BYTES, Beginning, Digest, Found, Globs, Openable, Opened, Opening, Selection};

/// How many threads open files. Most of their time is spent waiting for slow storage.
const OPENERS: usize = 16;

/// The size of an average file in bytes from which opening it costs less than hashing it.
const WORTH_OPENING: u64 = 64 << 10;

/// A piece of work: a file, a range of one, or an input that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Piece {
    /// The place of the piece in the order of the inputs.
    pub id: u64,
    /// The path of the file as the inputs name it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The path below the input in which the file was found. Globs are matched against it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub below: String,
    /// Whether no glob matches the file, so that it is read only if it is an archive.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unmatched: bool,
    /// Whether no other file of the plan, in a zip archive or not, begins with the same bytes, so that it is no copy of another one and is not hashed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub alone: bool,
    /// The first byte of the range, and the one after its last. `None` for a whole file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<[u64; 2]>,
    /// The size of the file in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// When the file was last modified, in nanoseconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<i64>,
    /// How files are selected when this one is opened, if the plan was made with options about that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub select: Option<Box<Selects>>,
    /// Why the input cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

impl fmt::Display for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name().unwrap_or_default())?;
        match self.range {
            Some([start, end]) => write!(f, " (bytes {start} to {end}, piece {})", self.id),
            None => write!(f, " (piece {})", self.id),
        }
    }
}

/// The part of a [`Selection`] that decides when a file is opened, and about the files in an archive. It is in each piece, because pieces
/// are passed on one by one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Selects {
    /// The globs that are sensitive to letter case, and those that are not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    globs: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    iglobs: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_depth: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_bytes: Option<u64>,
    /// Limits of the time of the last modification, in nanoseconds since the Unix epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    newer_than: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    older_than: Option<i64>,
    /// Whether binary files are read, too.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    binary: bool,
}

impl Selects {
    /// Returns what a selection with these globs decides, or `None` if that is nothing.
    #[must_use]
    pub fn of(selection: &Selection, globs: &[String], iglobs: &[String]) -> Option<Box<Selects>> {
        let selects = Selects {
            globs: globs.to_vec(),
            iglobs: iglobs.to_vec(),
            max_depth: selection.max_depth,
            max_bytes: selection.max_bytes,
            newer_than: selection.newer_than.and_then(nanoseconds),
            older_than: selection.older_than.and_then(nanoseconds),
            binary: selection.content == Content::Any,
        };
        (selects != Selects::default()).then(|| Box::new(selects))
    }

    /// Returns the selection, which is about links to folders in no way, because a plan has no folders.
    fn selection(&self) -> Result<Selection, String> {
        let [globs, iglobs] = [&self.globs, &self.iglobs].map(|globs| globs.iter().map(String::as_str));
        Ok(Selection {
            globs: Globs::new(globs, iglobs)?,
            max_depth: self.max_depth,
            max_bytes: self.max_bytes,
            newer_than: self.newer_than.map(system_time),
            older_than: self.older_than.map(system_time),
            content: if self.binary { Content::Any } else { Content::Text },
            ..Selection::default()
        })
    }
}

/// Turns the pieces of a plan into sources. Remembers the last selection, because most pieces have the same one.
#[derive(Debug, Default)]
pub struct Selections {
    /// The selection of pieces that have none.
    general: Arc<Selection>,
    last: Option<(Box<Selects>, Arc<Selection>)>,
}

impl Selections {
    /// `general` is the selection of pieces that have none.
    #[must_use]
    pub fn new(general: Arc<Selection>) -> Selections {
        Selections { general, last: None }
    }

    /// Returns the source that a piece describes, or its problem.
    pub fn source(&mut self, piece: &Piece) -> Found {
        let Some(select) = &piece.select else { return piece.source(&self.general) };
        if let Some((_, selection)) = self.last.as_ref().filter(|(last, _)| last == select) {
            return piece.source(selection);
        }
        let selection = select.selection().map(Arc::new).map_err(|what| {
            let path = piece.path.as_deref().unwrap_or_default();
            Problem::new(path, Kind::Unreadable, format!("a glob of the plan is not valid: {what}"))
        })?;
        let found = piece.source(&selection);
        self.last = Some((select.clone(), selection));
        found
    }
}

/// How a file differs from its state when it was planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Changed {
    /// It cannot be found.
    Gone,
    /// It has another size or was modified at another time.
    Differs {
        /// When it was last modified, in nanoseconds since the Unix epoch.
        modified: Option<i64>,
        /// Its size in bytes.
        #[serde(default)]
        bytes: Option<u64>,
    },
}

impl Piece {
    /// Returns a piece of which only the number is known.
    pub(super) fn unknown(id: u64) -> Piece {
        Piece {
            id,
            path: None,
            below: String::new(),
            unmatched: false,
            alone: false,
            range: None,
            bytes: None,
            modified: None,
            select: None,
            problem: None,
        }
    }

    /// Whether the size and the range are possible.
    pub(super) fn is_sane(&self) -> bool {
        const LIMIT: u64 = 1 << 56;
        let bytes = self.bytes.unwrap_or(0);
        bytes <= LIMIT && self.range.is_none_or(|[start, end]| start < end && end <= bytes)
    }

    /// Returns the source that this piece describes, or its problem.
    pub fn source(&self, selection: &Arc<Selection>) -> Found {
        if let Some(problem) = &self.problem {
            return Err(problem.clone());
        }
        let path = Path::new(self.path.as_deref().unwrap_or_default());
        let range = self.range.map(|[start, end]| Range { start, end });
        let openable = Openable::planned(path, &self.below, self.unmatched, range, selection);
        // If the file has changed, it may begin like another one by now.
        Ok(if self.alone && self.changed().is_none() { openable.alone() } else { openable })
    }

    /// Returns the path of the file or of what cannot be read, if it is known.
    pub(super) fn name(&self) -> Option<&str> {
        self.problem.as_ref().map(|problem| &problem.path).or(self.path.as_ref()).map(String::as_str)
    }

    /// Compares the file with its state when it was planned. Returns `None` if nothing has changed.
    #[must_use]
    pub fn changed(&self) -> Option<Changed> {
        let path = self.path.as_deref().filter(|_| self.problem.is_none())?;
        let Ok(metadata) = std::fs::metadata(path) else { return Some(Changed::Gone) };
        let is_same = self.bytes == Some(metadata.len()) && self.modified == modified(&metadata);
        (!is_same).then(|| Changed::Differs { modified: modified(&metadata), bytes: Some(metadata.len()) })
    }
}

fn modified(metadata: &std::fs::Metadata) -> Option<i64> {
    nanoseconds(metadata.modified().ok()?)
}

/// Returns the nanoseconds since the Unix epoch.
fn nanoseconds(time: SystemTime) -> Option<i64> {
    time.duration_since(UNIX_EPOCH).map_or_else(
        |before| i64::try_from(before.duration().as_nanos()).ok().map(|nanoseconds| -nanoseconds),
        |after| i64::try_from(after.as_nanos()).ok(),
    )
}

/// Returns the time that is this many nanoseconds after the Unix epoch.
fn system_time(nanoseconds: i64) -> SystemTime {
    let distance = Duration::from_nanos(nanoseconds.unsigned_abs());
    let time = if nanoseconds < 0 { UNIX_EPOCH.checked_sub(distance) } else { UNIX_EPOCH.checked_add(distance) };
    time.unwrap_or(UNIX_EPOCH)
}

/// Returns the length of ranges for a wanted length: a power of two, so that the digest of a file follows from those of its ranges.
#[must_use]
pub fn split_bytes(wanted: u64) -> u64 {
    wanted.clamp(1024, 1 << 62).next_power_of_two()
}

/// Returns the inputs as pieces, each of which is a whole file, without opening them.
pub fn files(inputs: impl Iterator<Item = Found>) -> impl Iterator<Item = Piece> {
    inputs.zip(0..).map(|(found, id)| Piece { id, ..whole(found) })
}

/// Divides inputs into pieces. Plain files of more than `split_bytes` bytes are divided into ranges. All pieces get `select`, which must be
/// what `selection` decides.
pub fn divide(
    inputs: impl Iterator<Item = Found>,
    opening: &Opening,
    (selection, select): (&Arc<Selection>, Option<Box<Selects>>),
    split_bytes: u64,
) -> Vec<Piece> {
    let files: Vec<Piece> = files(inputs).collect();
    let total = files.iter().filter_map(|piece| piece.bytes).fold(0, u64::saturating_add);
    let are_large = total / files.len().max(1) as u64 >= WORTH_OPENING;
    let look = |piece: Piece| {
        let is_long = piece.bytes.is_some_and(|bytes| bytes > split_bytes);
        let looked = if is_long || are_large { looked(&piece, opening, selection) } else { Looked::default() };
        (piece, looked)
    };
    let looked: Vec<(Piece, Looked)> = match rayon::ThreadPoolBuilder::new().num_threads(OPENERS).build() {
        Ok(pool) if files.len() > 1 => pool.install(|| files.into_par_iter().map(look).collect()),
        _ => files.into_iter().map(look).collect(),
    };
    let mut sources: HashMap<Beginning, u32> = HashMap::new();
    for beginning in looked.iter().filter_map(|(_, looked)| looked.beginnings.as_ref()).flatten() {
        *sources.entry(*beginning).or_default() += 1;
    }
    let are_known = are_large && looked.iter().all(|(_, looked)| looked.beginnings.is_some());
    let mut pieces = Vec::with_capacity(looked.len());
    for (whole, Looked { is_plain, beginnings }) in looked {
        let is_only = |beginning: &Beginning| are_known && sources.get(beginning) == Some(&1);
        let alone = is_plain && beginnings.is_some_and(|all| all.iter().all(is_only));
        let bytes = whole.bytes.unwrap_or(0);
        let (is_divided, mut start) = (is_plain && bytes > split_bytes, 0);
        loop {
            let end = if is_divided { range_end(start, bytes, split_bytes) } else { bytes };
            let range = is_divided.then_some([start, end]);
            let select = select.clone().filter(|_| whole.problem.is_none());
            pieces.push(Piece { id: pieces.len() as u64, range, alone, select, ..whole.clone() });
            start = end;
            if start >= bytes {
                break;
            }
        }
    }
    pieces
}

/// What is known of a file that was opened.
#[derive(Default)]
struct Looked {
    /// Whether the file is neither compressed nor an archive, so that it can be divided.
    is_plain: bool,
    /// The beginnings of all sources in the file, or `None` if they are not known.
    beginnings: Option<Vec<Beginning>>,
}

/// Opens the file of a piece.
fn looked(piece: &Piece, opening: &Opening, selection: &Arc<Selection>) -> Looked {
    let Ok(openable) = piece.source(selection) else { return Looked { is_plain: false, beginnings: Some(Vec::new()) } };
    let beginnings = match openable.open(opening) {
        Ok(Opened::File(text)) => return Looked { is_plain: true, beginnings: Some(vec![text.beginning]) },
        Ok(Opened::Compressed(stream) | Opened::Stream(stream)) => Some(vec![stream.beginning]),
        Ok(Opened::LeftOut) => Some(Vec::new()),
        // With other options, the file may be read.
        Ok(Opened::Skipped(_)) => first_bytes(piece).map(|beginning| vec![beginning]),
        // To get to the files in other archives, all of the archive would have to be unpacked.
        Ok(Opened::Archive(members)) if members.are_independent() => beginnings_of_members(piece, opening),
        Ok(Opened::Archive(_)) | Err(_) => None,
    };
    Looked { is_plain: false, beginnings }
}

/// Returns the beginnings of all files in an archive, whatever they are, because with other options they may be read. Returns `None` if
/// they are not known.
fn beginnings_of_members(piece: &Piece, opening: &Opening) -> Option<Vec<Beginning>> {
    let any = Arc::new(Selection { content: Content::Any, ..Selection::default() });
    let archive = Piece { unmatched: false, ..piece.clone() }.source(&any).ok()?;
    let Opened::Archive(members) = archive.open(opening).ok()? else { return None };
    let beginning = |member: Found| match member.ok()?.open(opening).ok()? {
        Opened::File(text) => Some(text.beginning),
        Opened::Compressed(stream) | Opened::Stream(stream) => Some(stream.beginning),
        Opened::Archive(_) | Opened::LeftOut | Opened::Skipped(_) => None,
    };
    members.map(beginning).collect()
}

/// Returns the beginning of the file as it is on disk.
fn first_bytes(piece: &Piece) -> Option<Beginning> {
    let (mut head, file) = (Vec::new(), File::open(piece.path.as_deref()?).ok()?);
    file.take(BEGINNING_BYTES as u64).read_to_end(&mut head).ok()?;
    Some(Beginning::of(&head))
}

/// Returns an input as a piece, without its number.
fn whole(found: Found) -> Piece {
    let none = Piece::unknown(0);
    let failed = |problem: Problem| Piece { problem: Some(problem), ..none.clone() };
    let openable = match found {
        Ok(openable) => openable,
        Err(problem) => return failed(problem),
    };
    let name = openable.source().name.clone();
    let Some((path, below, unmatched)) = openable.plan() else {
        let what = "a pipe or device cannot be part of a plan";
        return failed(Problem::new(name, Kind::Unreadable, what));
    };
    let Some(text) = path.to_str() else {
        let what = "its name is not valid Unicode, so it cannot be part of a plan; rename it";
        return failed(Problem::new(name, Kind::Unreadable, what));
    };
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) => return failed(Problem::unreadable(name, &error)),
    };
    Piece {
        path: Some(text.to_owned()),
        below: below.to_owned(),
        unmatched,
        bytes: Some(metadata.len()),
        modified: modified(&metadata),
        ..none
    }
}

#[derive(Serialize, Deserialize)]
struct First {
    plan: u32,
    version: String,
    #[serde(flatten)]
    typed: Typed,
}

/// What the user has passed to make a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Typed {
    /// The files and folders that were divided.
    pub inputs: Vec<String>,
    /// The options about files, which commands for the logs repeat.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<Passed>,
}

#[derive(Serialize, Deserialize)]
struct Last {
    pieces: u64,
    digest: Digest,
}

/// Writes a plan.
///
/// # Errors
///
/// Returns the errors of `out`.
pub fn write(typed: Typed, pieces: impl Iterator<Item = Piece>, mut out: impl Write) -> io::Result<u64> {
    let (mut count, mut hasher) = (0, blake3::Hasher::new());
    let mut put = |line: String| {
        hasher.update(line.as_bytes()).update(b"\n");
        out.write_all(line.as_bytes())?;
        out.write_all(b"\n")
    };
    put(ascii(serde_json::to_string(&First { plan: FORMAT, version: env!("CARGO_PKG_VERSION").to_owned(), typed })?))?;
    for piece in pieces {
        put(ascii(serde_json::to_string(&piece)?))?;
        count += 1;
    }
    let last = Last { pieces: count, digest: hasher.finalize().into() };
    writeln!(out, "{}", serde_json::to_string(&last)?)?;
    Ok(count)
}

/// A plan, or some lines of one.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// What the user has passed, if the plan has its first line.
    typed: Typed,
    /// The pieces, in the order of their numbers.
    pieces: Vec<Piece>,
    /// Whether the plan has its first and its last line, so that nothing is missing.
    is_whole: bool,
}

impl Plan {
    /// Reads a plan or some lines of one, in any of the [`forms`] in which partials arrive.
    ///
    /// # Errors
    ///
    /// Returns the first line that is not valid.
    pub fn read_any(name: &str, mut from: Box<dyn io::Read>) -> Result<Plan, Refused> {
        let text = forms::head(&mut from).and_then(|head| Form::of(&head).text(head, from));
        Plan::read(name, text.map_err(|error| refused(name, 0, error.to_string()))?)
    }

    /// Reads a plan or some lines of one, in UTF-8.
    ///
    /// # Errors
    ///
    /// Returns the first line that is not valid.
    pub fn read(name: &str, reader: impl BufRead) -> Result<Plan, Refused> {
        let (mut plan, mut hasher) = (Plan::default(), blake3::Hasher::new());
        let (mut has_first, mut has_last) = (false, false);
        for (index, line) in reader.split(b'\n').enumerate() {
            let number = index as u64 + 1;
            let mut line = line.map_err(|error| refused(name, number, error.to_string()))?;
            line.pop_if(|byte| *byte == b'\r');
            let wrong = |what: String| refused(name, number, what);
            let invalid = |error: serde_json::Error| wrong(format!("this is no line of a plan of callcodes: {error}"));
            if has_last {
                return Err(wrong("the plan has already ended".to_owned()));
            }
            if line.starts_with(b"{\"plan\":") {
                let first: First = serde_json::from_slice(&line).map_err(invalid)?;
                if first.plan != FORMAT {
                    return Err(wrong(format!(
                        "the plan has format {}, and this version of callcodes reads format {FORMAT}",
                        first.plan
                    )));
                }
                (has_first, plan.typed) = (index == 0, first.typed);
            } else if line.starts_with(b"{\"pieces\":") {
                let last: Last = serde_json::from_slice(&line).map_err(invalid)?;
                has_last = true;
                let digest: Digest = hasher.finalize().into();
                if has_first && (last.pieces != plan.pieces.len() as u64 || last.digest != digest) {
                    return Err(wrong(
                        "the plan is damaged or incomplete; make a new one with callcodes plan".to_owned(),
                    ));
                }
            } else {
                let piece: Piece = serde_json::from_slice(&line).map_err(invalid)?;
                if piece.name().is_none() {
                    let what = "this is no line of a plan of callcodes: it names no file. Pass lines as callcodes plan wrote them";
                    return Err(wrong(what.to_owned()));
                }
                if !piece.is_sane() {
                    return Err(wrong("the range of this piece is not possible".to_owned()));
                }
                plan.pieces.push(piece);
            }
            hasher.update(&line).update(b"\n");
        }
        plan.is_whole = has_first && has_last;
        plan.pieces.sort_by_key(|piece| piece.id);
        Ok(plan)
    }

    /// Returns what the user has passed, if the plan has its first line.
    #[must_use]
    pub fn typed(&self) -> &Typed {
        &self.typed
    }

    /// Returns the pieces, in the order of their numbers.
    #[must_use]
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// Returns the pieces by value.
    #[must_use]
    pub fn into_pieces(self) -> Vec<Piece> {
        self.pieces
    }

    /// Returns how the files of the plan were selected, if the plan was made with options about that.
    #[must_use]
    pub fn selection(&self) -> Option<Selection> {
        self.pieces.iter().find_map(|piece| piece.select.as_ref())?.selection().ok()
    }

    /// Whether the plan has its first and its last line, so that nothing is missing.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// Returns the piece with this number.
    #[must_use]
    pub fn piece(&self, id: u64) -> Option<&Piece> {
        self.pieces.binary_search_by_key(&id, |piece| piece.id).ok().map(|index| &self.pieces[index])
    }
}
