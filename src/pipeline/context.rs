//! Finds the lines around those with results, for `lines -C`.
//!
//! Which results are kept is known only after everything has been read, so every line that may be needed is rendered, and
//! [`Numbering`](crate::numbered::Numbering) chooses. These are the lines around each line with a result and, because another task
//! may end or begin there, the first and last lines of each task. So the output does not depend on where tasks and chunks end.

use std::collections::VecDeque;

use memchr::{memchr, memrchr};

use crate::numbered::CONTEXT_BYTES;

/// The lines around those with results, in one task after another.
#[derive(Debug)]
pub(super) struct Context {
    /// The number of lines before and after.
    limit: usize,
    /// The last lines that have not been passed on, each with its number in the task, from 0 on.
    recent: VecDeque<(u64, Vec<u8>)>,
    /// The number of lines to pass on before any others.
    after: usize,
    /// The number of the next line in the task.
    next: u64,
}

impl Context {
    pub(super) fn new(limit: usize) -> Context {
        Context { limit, recent: VecDeque::new(), after: limit, next: 0 }
    }

    /// Whether no lines around are wanted.
    pub(super) fn is_empty(&self) -> bool {
        self.limit == 0
    }

    /// Takes lines without a result. Passes those on that follow a line with one, with their numbers.
    pub(super) fn lines(&mut self, text: &[u8], mut pass: impl FnMut(u64, &[u8])) {
        let mut rest = text;
        while self.after > 0 && !rest.is_empty() {
            let end = memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
            pass(self.next, kept(&rest[..end]));
            self.next += u64::from(rest[end - 1] == b'\n');
            self.after -= 1;
            rest = &rest[end..];
        }
        if rest.is_empty() {
            return;
        }
        self.next += rest.iter().filter(|&&byte| byte == b'\n').count() as u64;
        // The number of the line that starts at the end of `rest`, or that `rest` ends within.
        let mut number = self.next + u64::from(!rest.ends_with(b"\n"));
        let (mut last, mut end) = (VecDeque::new(), rest.len());
        while last.len() < self.limit && end > 0 {
            let start = memrchr(b'\n', &rest[..end - 1]).map_or(0, |at| at + 1);
            number -= 1;
            last.push_front((number, kept(&rest[start..end]).to_vec()));
            end = start;
        }
        let surplus = (self.recent.len() + last.len()).saturating_sub(self.limit);
        self.recent.drain(..surplus.min(self.recent.len()));
        self.recent.append(&mut last);
    }

    /// Takes a line with a result, after the lines before it have been passed on. [`Context::flush`] passes it on too, because it may
    /// be next to another one while its own results are not kept.
    pub(super) fn result(&mut self, line: &[u8]) {
        self.recent.push_back((self.next, kept(line).to_vec()));
        self.next += u64::from(line.ends_with(b"\n"));
        self.after = self.limit;
    }

    /// Passes on the last lines.
    pub(super) fn flush(&mut self, mut pass: impl FnMut(u64, &[u8])) {
        self.recent.drain(..).for_each(|(number, line)| pass(number, &line));
    }

    /// Begins the next task.
    pub(super) fn reset(&mut self) {
        *self = Context::new(self.limit);
    }
}

/// Returns the part of a line that may be shown, without its end.
fn kept(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    // One byte more shows that the line is longer.
    &line[..line.len().min(CONTEXT_BYTES + 1)]
}
