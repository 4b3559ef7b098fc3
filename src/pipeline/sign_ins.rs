//! The visitor of the command `scan`: workers note what lines say of sign-ins, and the sink joins, matches and counts them.
//!
//! Most runs that count over a single file need neither: a log of one recorder has no twins, and no lines to join. So a visitor first
//! counts results on the workers, and gives up at the first line that has to be joined or may have a twin. Then the file is read again.

use std::io;

use super::{Event, Options, Outcome, Outlet, Visitor, run};
use crate::attempt::{RECORDERS_LIMIT, Recorder};
use crate::catalogue::Catalogue;
use crate::chunk::Chunk;
use crate::code::Key;
use crate::hit::{Capture, Captures, Hit};
use crate::pattern::PatternSet;
use crate::pattern::definition::Role;
use crate::scan::{Scanner, Sink};
use crate::source::{EncodingChoice, Found, Source};
use crate::summary::sign_ins::{self, Heard, Settled, SignIns};
use crate::time::Stamp;
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
    let mut sign_ins = SignIns::new(counting);
    let mut sink = |event| {
        match event {
            Event::Part(part) => hear(&part, &recorders, &mut sign_ins),
            Event::Problem(_) => {}
            Event::SourceEnd(end) => {
                if let Some(bytes) = end.bytes {
                    sign_ins.end_source(&end.source.name, bytes);
                }
            }
        }
        Ok(())
    };
    let mut outcome = run(inputs, set, catalogue, options, || Listener::new(options), &mut sink)?;
    let settled = sign_ins.settle();
    outcome.problems.extend(super::summarise::overflow(&settled.summary));
    Ok(outcome.with(settled))
}

/// What the pattern of a line says about it.
#[derive(Clone, Copy)]
struct Writing {
    recorder: Recorder,
    is_joined: bool,
    role: Role,
}

/// The recorders of a set, by pattern.
struct Recorders(Vec<Writing>);

impl Recorders {
    fn new(set: &PatternSet) -> Recorders {
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

/// Passes the notes of a part on.
fn hear(part: &Notes, recorders: &Recorders, sign_ins: &mut SignIns) {
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
        });
    }
}

/// The captures that are noted, in this order.
const SAID: [Capture; 6] =
    [Capture::User, Capture::Outcome, Capture::Host, Capture::Address, Capture::Process, Capture::Thread];

/// The length of what the line does not say.
const NOTHING: u32 = u32::MAX;

/// Above this size in bytes, notes are sent before their chunk is done.
const PART_BYTES: usize = 256 << 10;

/// What lines say of sign-ins, in order.
#[derive(Debug, Default)]
pub struct Notes {
    notes: Vec<Note>,
    /// The texts of all notes, one after another.
    texts: String,
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
}

impl Notes {
    fn size_bytes(&self) -> usize {
        self.notes.len() * size_of::<Note>() + self.texts.len()
    }
}

/// Notes what the lines of task after task say.
struct Listener {
    encoding: EncodingChoice,
    notes: Notes,
}

impl Listener {
    fn new(options: &Options) -> Listener {
        Listener { encoding: options.opening.encoding, notes: Notes::default() }
    }
}

impl Visitor for Listener {
    type Part = Notes;

    fn chunk(&mut self, _: &Source, chunk: &Chunk<'_>, scanner: &mut Scanner<'_>, out: &mut Outlet<'_, Notes>) {
        scanner.scan_into(chunk, &mut *self);
        if self.notes.size_bytes() > PART_BYTES {
            out.part(std::mem::take(&mut self.notes));
        }
    }

    fn weight(part: &Notes) -> usize {
        part.size_bytes()
    }

    fn finish(&mut self, out: &mut Outlet<'_, Notes>) {
        if !self.notes.notes.is_empty() {
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
    fn note(&mut self, hit: &Hit<'_>, key: Option<Key>) {
        let Notes { notes, texts } = &mut self.notes;
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
        notes.push(Note { pattern, lens, key, stamp: hit.time });
    }
}
