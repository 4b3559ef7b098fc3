//! Printed lines whose numbers are filled in later. Workers render them, and the writer numbers them.
//!
//! The number of a line is known only after everything before it was counted. Workers therefore leave a gap for it, and
//! [`Numbering`] fills the gaps when the lines are written. That costs a copy of what is printed, and saves reading everything
//! twice.

use std::io::{self, Write};

use crate::hit::Hit;

/// A format in which lines with hits are printed.
pub trait LineFormat: Sync {
    /// Renders the hits of one line into `out`. There is at least one hit. `path` is the name of the source in results.
    fn line(&self, path: &str, hits: &[Hit<'_>], out: &mut Rendered);
}

/// Printed lines, with gaps where the line numbers go.
#[derive(Debug, Default)]
pub struct Rendered {
    pub(crate) bytes: Vec<u8>,
    gaps: Vec<Gap>,
    /// The number of line feeds in the text of this part, from which the next part is numbered.
    pub(crate) newlines: u64,
    /// The number of hits in this part.
    pub(crate) hits: u64,
}

/// The place of a line number.
#[derive(Debug)]
struct Gap {
    /// The number goes before `bytes[at]`.
    at: usize,
    /// The number of line feeds between the beginning of the part and the line.
    newlines_before: u64,
}

impl Rendered {
    /// Returns the buffer for rendered bytes.
    pub fn bytes(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Leaves a gap for the number of the line here.
    pub fn line_number(&mut self) {
        self.gaps.push(Gap { at: self.bytes.len(), newlines_before: self.newlines });
    }

    /// Takes everything that was rendered. Leaves buffers of the same capacity, since growing them would copy.
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
    /// The numbered part. It is written in one piece, because writing each line costs more than this copy.
    whole: Vec<u8>,
}

impl Numbering {
    /// Writes the next part of the current source. Lines are numbered from 1.
    ///
    /// # Errors
    ///
    /// Returns the errors of `out`.
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

    /// Begins another source, with line 1.
    pub fn next_source(&mut self) {
        self.newlines_before = 0;
    }

    /// Returns how many hits were written.
    #[must_use]
    pub fn hits(&self) -> u64 {
        self.hits
    }
}

/// Appends a number in decimal. It is much faster than `write!`, and called for each printed line.
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
        fn a_number_is_written_as_by_the_standard_library(number in prop_oneof![any::<u64>(), 0_u64..2000, Just(u64::MAX)]) {
            let mut bytes = b"line ".to_vec();
            push_number(&mut bytes, number);
            prop_assert_eq!(String::from_utf8(bytes).unwrap(), format!("line {number}"));
        }
    }
}
