//! From a written value to the entry that bears the name, and the printable form of a name that none bears.
//!
//! Invariant: names are compared in one normal form, ASCII lower case with each run of blanks as one space, and only as
//! whole words. Underscores, letters and digits make words.
//!
//! One hash lookup for each word end, longest first, rather than a regex or an automaton over all names: the first lookup
//! nearly always hits, because logs write whole names.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;

use crate::code::Code;
use crate::terminal;

/// The longest name, in bytes of its normal form: what lets a lookup do without the heap. The longest built in has 48.
///
/// Must stay under [`SHOWN_LIMIT`], so that cutting an unknown name cannot make a known one of it.
pub(super) const NAME_LIMIT: usize = 64;

/// How many characters of an unknown name are kept.
const SHOWN_LIMIT: usize = 80;

/// The longest UTF-8 sequence: what must be seen behind a name to know whether a word ends there.
const LOOKAHEAD: usize = 4;

/// All names of all entries.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    /// From the normal form to the place of the entry.
    entries: HashMap<Box<[u8]>, usize>,
    /// The length of the longest of them.
    longest: usize,
}

/// A name that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// The place of its entry.
    pub(super) entry: usize,
    /// The length of the name's normal form.
    pub(super) len: usize,
}

impl Names {
    /// Lets `name` lead to `entry`, unless it leads to another one already: then that one is returned.
    pub(super) fn claim(&mut self, name: &str, entry: usize) -> Option<usize> {
        let normal = normal_form(name);
        let len = normal.len();
        match self.entries.entry(normal) {
            Slot::Occupied(slot) => Some(*slot.get()).filter(|&owner| owner != entry),
            Slot::Vacant(slot) => {
                slot.insert(entry);
                self.longest = self.longest.max(len);
                None
            }
        }
    }

    /// The entry that bears exactly this name.
    pub(super) fn whole(&self, name: &str) -> Option<usize> {
        self.entries.get(&normal_form(name)).copied()
    }

    /// The longest name that `text` begins with and that ends where a word ends.
    pub(super) fn longest_prefix(&self, text: &[u8]) -> Option<Found> {
        let mut buffer = [0; NAME_LIMIT + LOOKAHEAD];
        let mut len = 0;
        for (place, byte) in buffer.iter_mut().zip(normal_bytes(text)) {
            *place = byte;
            len += 1;
        }
        let window = &buffer[..len];
        (1..=len.min(self.longest))
            .rev()
            .filter(|&end| is_boundary(window, end))
            .find_map(|end| self.entries.get(&window[..end]).map(|&entry| Found { entry, len: end }))
    }
}

/// The normal form of a name, without what [`core()`] drops.
pub(super) fn normal_form(name: &str) -> Box<[u8]> {
    normal_bytes(core(name.as_bytes())).collect()
}

/// Lower case in ASCII, and of each run of blanks one space. Keeps UTF-8 valid.
pub(super) fn normal_bytes(text: &[u8]) -> impl Iterator<Item = u8> {
    let mut after_blank = false;
    text.iter().filter_map(move |byte| {
        let is_blank = byte.is_ascii_whitespace();
        let repeats = is_blank && after_blank;
        after_blank = is_blank;
        (!repeats).then(|| if is_blank { b' ' } else { byte.to_ascii_lowercase() })
    })
}

/// Whether no word goes on across `at`.
pub(super) fn is_boundary(text: &[u8], at: usize) -> bool {
    !(ends_in_word(&text[..at]) && starts_with_word(&text[at..]))
}

fn ends_in_word(text: &[u8]) -> bool {
    match text.last() {
        Some(byte) if byte.is_ascii() => is_word(char::from(*byte)),
        // Every name built in is ASCII; one that ends beyond it ends in a letter.
        Some(_) => true,
        None => false,
    }
}

fn starts_with_word(text: &[u8]) -> bool {
    let bytes = &text[..text.len().min(LOOKAHEAD)];
    bytes.utf8_chunks().next().and_then(|chunk| chunk.valid().chars().next()).is_some_and(is_word)
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// The value itself: without blanks around it, surrounding pairs of quotes and trailing ` .,;:-`.
///
/// Empty only if there is nothing but blanks and quotes; of nothing but trailing marks it is all of them.
pub(super) fn core(written: &[u8]) -> &[u8] {
    let unquoted = unquote(written);
    let mut core = unquoted;
    loop {
        let marks = core.iter().rev().take_while(|byte| b" .,;:-".contains(byte)).count();
        let shorter = unquote(&core[..core.len() - marks]);
        if shorter.is_empty() {
            return unquoted;
        }
        if shorter.len() == core.len() {
            return core;
        }
        core = shorter;
    }
}

fn unquote(mut text: &[u8]) -> &[u8] {
    loop {
        text = text.trim_ascii();
        match text {
            [first @ (b'"' | b'\''), inner @ .., last] if first == last => text = inner,
            _ => return text,
        }
    }
}

/// The decimal number that `core` is, if it fits. Leading zeros are allowed, a leading `+` is not: no log writes it.
pub(super) fn number(core: &[u8]) -> Option<Code> {
    let digits = core.strip_prefix(b"-").unwrap_or(core);
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    str::from_utf8(core).ok()?.parse().ok().map(Code)
}

/// An unknown name as results show it, always the same for the same `core`: blanks collapsed, what could upset a terminal
/// or is no UTF-8 replaced by U+FFFD, and cut after [`SHOWN_LIMIT`] characters.
pub(super) fn shown(core: &[u8]) -> String {
    let mut shown = String::new();
    let mut count = 0;
    for c in lossy(core) {
        let c = match c {
            _ if c.is_ascii_whitespace() => ' ',
            _ if terminal::obeys(c) => char::REPLACEMENT_CHARACTER,
            _ => c,
        };
        if c == ' ' && shown.ends_with(' ') {
            continue;
        }
        if count == SHOWN_LIMIT {
            shown.truncate(shown.trim_end_matches(' ').len());
            shown.push('…');
            break;
        }
        shown.push(c);
        count += 1;
    }
    shown
}

/// The characters of `bytes`, one at a time, so that a value of a megabyte costs no more than what is kept of it.
fn lossy(bytes: &[u8]) -> impl Iterator<Item = char> {
    bytes.utf8_chunks().flat_map(|chunk| {
        let replacement = (!chunk.invalid().is_empty()).then_some(char::REPLACEMENT_CHARACTER);
        chunk.valid().chars().chain(replacement)
    })
}
