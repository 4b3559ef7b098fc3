//! From sources to tasks: big files in ranges, streams in blocks, everything else whole. Compressed files are always
//! one task: several are then decompressed in parallel.

use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;

use super::Options;
use crate::chunk::{Chunks, OwnedChunk, Span};
use crate::problem::Problem;
use crate::source::{Found, Opened, Source, Stream};
use crate::units::Units;

/// A piece of work for one worker.
pub(super) enum Task {
    /// An input that is no source.
    Problem(Problem),
    /// Something of a source.
    Scan {
        source: Arc<Source>,
        work: Work,
        /// Whether this is the source's last task.
        is_last: bool,
    },
}

pub(super) enum Work {
    /// Open it and read all of it.
    File,
    /// The lines of a range of an opened file.
    Range { file: Arc<File>, len: u64, units: Units, span: Span },
    /// All of a big compressed file.
    Compressed(Stream),
    /// A block of a stream, and why there is no further one.
    Block { chunk: Option<OwnedChunk>, failed: Option<io::Error> },
    /// It does not open, or is skipped.
    Unopened(Problem),
}

/// Hands out tasks in order. Streams are read in here, by whichever worker asks next, while the others scan.
pub(super) struct Feed<I> {
    inputs: I,
    current: Option<(Arc<Source>, Current)>,
    options: Options,
}

/// A source that is handed out in several tasks.
enum Current {
    File { file: Arc<File>, len: u64, units: Units, next: u64 },
    Stream(Chunks<Box<dyn Read + Send>>),
}

impl<I: Iterator<Item = Found>> Feed<I> {
    pub(super) fn new(inputs: I, options: Options) -> Feed<I> {
        Feed { inputs, current: None, options }
    }

    pub(super) fn next(&mut self) -> Option<Task> {
        if let Some((source, current)) = self.current.take() {
            return Some(self.next_of(source, current));
        }
        let source = match self.inputs.next()? {
            Err(problem) => return Some(Task::Problem(problem)),
            Ok(source) => Arc::new(source),
        };
        // Opened by the worker, so that a folder of small files is opened in parallel too.
        if source.listed_size().is_some_and(|size| size <= self.options.range_bytes) {
            return Some(Task::Scan { source, work: Work::File, is_last: true });
        }
        let current = match source.open(self.options.encoding) {
            Err(error) => {
                let problem = Problem::unreadable(&source.name, &error);
                return Some(Task::Scan { source, work: Work::Unopened(problem), is_last: true });
            }
            Ok(Opened::Skipped(problem)) => {
                return Some(Task::Scan { source, work: Work::Unopened(problem), is_last: true });
            }
            Ok(Opened::File { file, len, units }) => Current::File { file: Arc::new(file), len, units, next: 0 },
            Ok(Opened::Compressed(stream)) => {
                return Some(Task::Scan { source, work: Work::Compressed(stream), is_last: true });
            }
            Ok(Opened::Stream(stream)) => {
                Current::Stream(Chunks::new(stream.reader, Span::ALL, self.options.limits, stream.units, Vec::new()))
            }
        };
        Some(self.next_of(source, current))
    }

    /// The next task of a source that is handed out in several, keeping what is left of it.
    fn next_of(&mut self, source: Arc<Source>, current: Current) -> Task {
        let (work, rest) = match current {
            Current::File { file, len, units, next } => {
                let end = len.min(next.saturating_add(self.options.range_bytes));
                let work = Work::Range { file: Arc::clone(&file), len, units, span: Span { start: next, end } };
                (work, (end < len).then_some(Current::File { file, len, units, next: end }))
            }
            Current::Stream(mut chunks) => {
                let (chunk, failed) = next_block(&mut chunks);
                let goes_on = chunk.is_some();
                (Work::Block { chunk, failed }, goes_on.then_some(Current::Stream(chunks)))
            }
        };
        let is_last = rest.is_none();
        self.current = rest.map(|rest| (Arc::clone(&source), rest));
        Task::Scan { source, work, is_last }
    }
}

/// The next block; after an error what had been read before it.
fn next_block(chunks: &mut Chunks<impl Read>) -> (Option<OwnedChunk>, Option<io::Error>) {
    let mut failed = None;
    loop {
        match chunks.next_chunk() {
            Ok(chunk) => return (chunk.map(OwnedChunk::from), failed),
            Err(error) => failed = Some(error),
        }
    }
}
