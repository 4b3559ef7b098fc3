//! Renders output lines whose line numbers are filled in later.
//!
//! Worker threads render lines in parallel, but the number of a line is known only when everything before it has been counted. So
//! the workers leave a gap for the number, and [`Numbering`] fills the gaps when the lines are written. This copies the output once,
//! but saves a second pass over the input.

use std::io::{self, Write};

use crate::hit::Hit;

/// An output format for lines with hits.
pub trait LineFormat: Sync {
    /// Renders the hits of one line. There is at least one hit. `path` is the name of the source in results.
    fn line(&self, path: &str, hits: &[Hit<'_>], out: &mut Rendered);
}

/// A part of the output: rendered lines with gaps for their numbers.
#[derive(Debug, Default)]
pub struct Rendered {
    pub(crate) bytes: Vec<u8>,
    gaps: Vec<Gap>,
    /// The number of line feeds in the part of the input that was rendered.
    pub(crate) newlines: u64,
    /// The number of hits in this part.
    pub(crate) hits: u64,
}

/// A gap for a line number, before `bytes[at]`.
#[derive(Debug)]
struct Gap {
    at: usize,
    /// The number of line feeds in the input between the start of the part and the line.
    newlines_before: u64,
}

impl Rendered {
    /// Returns the buffer to which lines are rendered.
    pub fn bytes(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Leaves a gap for the number of the line.
    pub fn line_number(&mut self) {
        self.gaps.push(Gap { at: self.bytes.len(), newlines_before: self.newlines });
    }

    /// Takes everything that has been rendered. Reserves as much memory for the next part, because growing a vector copies it.
    pub(crate) fn take(&mut self) -> Rendered {
        let next = Rendered {
            bytes: Vec::with_capacity(self.bytes.len()),
            gaps: Vec::with_capacity(self.gaps.len()),
            ..Rendered::default()
        };
        std::mem::replace(self, next)
    }
}

/// Fills in the line numbers and writes the lines, one source after another.
#[derive(Debug, Default)]
pub struct Numbering {
    /// The number of line feeds in the current source before the next part.
    newlines_before: u64,
    hits: u64,
    /// The current part with its numbers. It is written at once, because writing line by line would cost more than the copy.
    whole: Vec<u8>,
}

impl Numbering {
    /// Writes a part of the current source. Lines are numbered from 1.
    ///
    /// # Errors
    ///
    /// Fails if `out` fails.
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

    /// Starts the next source, whose lines are numbered from 1 again.
    pub fn next_source(&mut self) {
        self.newlines_before = 0;
    }

    /// Returns the number of hits that have been written.
    #[must_use]
    pub fn hits(&self) -> u64 {
        self.hits
    }
}

/// Appends a number in decimal. For the many numbers in an output, `write!` would be slow.
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
        fn a_number_is_written_in_decimal(number in prop_oneof![any::<u64>(), 0_u64..2000, Just(u64::MAX)]) {
            let mut bytes = b"line ".to_vec();
            push_number(&mut bytes, number);
            prop_assert_eq!(String::from_utf8(bytes).unwrap(), format!("line {number}"));
        }
    }
}
