//! Printed lines whose numbers are filled in later: what passes from the workers, which render them, to the writer, which numbers them.
//!
//! A line's number is known only once everything before it has been counted, so workers leave a gap for it, and
//! [`Numbering`] fills the gaps on the way out. That costs a copy of what is printed and saves a second pass over what
//! is read.

use std::io::{self, Write};

use crate::hit::Hit;

/// How a line with hits is printed.
pub trait LineFormat: Sync {
    /// Renders the hits of one line, of which there is at least one. `path` is the name of its source in results.
    fn line(&self, path: &str, hits: &[Hit<'_>], out: &mut Rendered);
}

/// Printed lines, with gaps where the line numbers go.
#[derive(Debug, Default)]
pub struct Rendered {
    pub(crate) bytes: Vec<u8>,
    gaps: Vec<Gap>,
    /// Line feeds since the last part: what the numbering of the next part builds on.
    pub(crate) newlines: u64,
    /// Hits in this part.
    pub(crate) hits: u64,
}

/// A number to be put in before `bytes[at]`: so many line feeds lie between the part's start and the line.
#[derive(Debug)]
struct Gap {
    at: usize,
    newlines_before: u64,
}

impl Rendered {
    /// Where rendered bytes go.
    pub fn bytes(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Puts the line's number here.
    pub fn line_number(&mut self) {
        self.gaps.push(Gap { at: self.bytes.len(), newlines_before: self.newlines });
    }

    /// What has been rendered, leaving room for as much again: growing copies.
    pub(crate) fn take(&mut self) -> Rendered {
        let next = Rendered {
            bytes: Vec::with_capacity(self.bytes.len()),
            gaps: Vec::with_capacity(self.gaps.len()),
            ..Rendered::default()
        };
        std::mem::replace(self, next)
    }
}

/// Fills in the line numbers of one source after another.
#[derive(Debug, Default)]
pub struct Numbering {
    newlines_before: u64,
    hits: u64,
    /// The part as it is written: in one piece, because a line at a time costs more than it copies.
    whole: Vec<u8>,
}

impl Numbering {
    /// Writes a part of the current source. Lines are numbered from 1.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&mut self, part: &Rendered, out: &mut impl Write) -> io::Result<()> {
        self.whole.clear();
        let mut copied = 0;
        for gap in &part.gaps {
            self.whole.extend_from_slice(&part.bytes[copied..gap.at]);
            push_number(&mut self.whole, self.newlines_before + gap.newlines_before + 1);
            copied = gap.at;
        }
        self.whole.extend_from_slice(&part.bytes[copied..]);
        out.write_all(&self.whole)?;
        self.newlines_before += part.newlines;
        self.hits += part.hits;
        Ok(())
    }

    /// The next part belongs to another source.
    pub fn next_source(&mut self) {
        self.newlines_before = 0;
    }

    /// How many hits have been written.
    #[must_use]
    pub fn hits(&self) -> u64 {
        self.hits
    }
}

/// Appends a number in decimal: what `write!` does, at a tenth of its cost.
pub(crate) fn push_number(bytes: &mut Vec<u8>, number: u64) {
    let mut digits = [b'0'; 20];
    let (mut start, mut rest) = (digits.len(), number);
    loop {
        start -= 1;
        digits[start] += (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break bytes.extend_from_slice(&digits[start..]);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_number_is_written_as_everywhere(number in prop_oneof![any::<u64>(), 0_u64..2000, Just(u64::MAX)]) {
            let mut bytes = b"line ".to_vec();
            push_number(&mut bytes, number);
            prop_assert_eq!(String::from_utf8(bytes).unwrap(), format!("line {number}"));
        }
    }
}
