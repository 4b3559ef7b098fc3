//! Finds the entry for a name in a log, and makes names without an entry printable.
//!
//! Invariant: names are compared in a normal form, with ASCII letters in lower case and each run of blanks as one space. Only
//! whole words match. Words consist of letters, digits and underscores.
//!
//! A lookup tries each end of a word in the text as the end of the name, starting with the longest. The first attempt nearly
//! always succeeds, because logs write whole names, so neither a regex nor an automaton would be faster.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;

use crate::code::Code;
use crate::terminal;

/// The length of the longest name in its normal form, in bytes. The limit allows lookups without memory on the heap. The longest
/// built-in name has 77 bytes.
///
/// The limit must be less than [`SHOWN_LIMIT`], so that cutting an unknown name cannot result in a known one.
pub(super) const NAME_LIMIT: usize = 79;

/// The number of characters after which an unknown name is cut.
const SHOWN_LIMIT: usize = 80;

/// The number of bytes after a name that must be examined to decide whether a word ends there: the size of the longest UTF-8
/// character.
const LOOKAHEAD: usize = 4;

/// The names of all entries of the catalogue, for looking them up.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    /// The index of the entry for each normal form.
    entries: HashMap<Box<[u8]>, usize>,
    /// The length of the longest normal form.
    longest: usize,
}

/// A name of an entry that was found at the start of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// The index of the entry with this name.
    pub(super) entry: usize,
    /// The length of the name in its normal form.
    pub(super) len: usize,
}

impl Names {
    /// Adds `name` for `entry`. If another entry already has the name, returns that entry and changes nothing.
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

    /// Returns the entry that has exactly this name.
    pub(super) fn whole(&self, name: &str) -> Option<usize> {
        self.entries.get(&normal_form(name)).copied()
    }

    /// Returns the longest name that `text` starts with and that ends at the end of a word.
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

/// Returns the normal form of a name, without the characters that [`core()`] removes.
pub(super) fn normal_form(name: &str) -> Box<[u8]> {
    normal_bytes(core(name.as_bytes())).collect()
}

/// Converts ASCII letters to lower case, and each run of blanks to one space. Valid UTF-8 stays valid.
pub(super) fn normal_bytes(text: &[u8]) -> impl Iterator<Item = u8> {
    let mut after_blank = false;
    text.iter().filter_map(move |byte| {
        let is_blank = byte.is_ascii_whitespace();
        let repeats = is_blank && after_blank;
        after_blank = is_blank;
        (!repeats).then(|| if is_blank { b' ' } else { byte.to_ascii_lowercase() })
    })
}

/// Whether the position `at` is not within a word.
pub(super) fn is_boundary(text: &[u8], at: usize) -> bool {
    !(ends_in_word(&text[..at]) && starts_with_word(&text[at..]))
}

fn ends_in_word(text: &[u8]) -> bool {
    match text.last() {
        Some(byte) if byte.is_ascii() => is_word(char::from(*byte)),
        // Characters beyond ASCII are treated as letters. No built-in name ends with one.
        Some(_) => true,
        None => false,
    }
}

fn starts_with_word(text: &[u8]) -> bool {
    let bytes = &text[..text.len().min(LOOKAHEAD)];
    bytes.utf8_chunks().next().and_then(|chunk| chunk.valid().chars().next()).is_some_and(is_word)
}

/// Whether a character can be part of a word.
fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// Removes blanks and pairs of quotes around a value, and trailing ` .,;:-`.
///
/// A value that consists only of trailing punctuation keeps it. So the result is empty only if the value consists of blanks and
/// quotes.
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

/// Removes blanks and pairs of quotes around `text`.
fn unquote(mut text: &[u8]) -> &[u8] {
    loop {
        text = text.trim_ascii();
        match text {
            [first @ (b'"' | b'\''), inner @ .., last] if first == last => text = inner,
            _ => return text,
        }
    }
}

/// Parses `core` as a decimal number. Returns `None` if it is no number or too large. Leading zeros are accepted. A leading `+`
/// is not, because no log writes it.
pub(super) fn number(core: &[u8]) -> Option<Code> {
    let digits = core.strip_prefix(b"-").unwrap_or(core);
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    str::from_utf8(core).ok()?.parse().ok().map(Code)
}

/// Makes an unknown name printable. Each run of blanks becomes one space, invalid UTF-8 and control characters that affect a
/// terminal become U+FFFD, and the name is cut after [`SHOWN_LIMIT`] characters.
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

/// Decodes `bytes` one character at a time, so that a value of a megabyte costs no more than the part that is kept.
fn lossy(bytes: &[u8]) -> impl Iterator<Item = char> {
    bytes.utf8_chunks().flat_map(|chunk| {
        let replacement = (!chunk.invalid().is_empty()).then_some(char::REPLACEMENT_CHARACTER);
        chunk.valid().chars().chain(replacement)
    })
}
