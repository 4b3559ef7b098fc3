//! Turns sources into tasks for the workers.
//!
//! Streams that arrive over time, such as pipes, are handed out in blocks. Every other source is a single task until a worker
//! opens it. If it turns out to be a big file, it is divided into ranges, and a big zip archive is divided into its members. A
//! compressed file is always one task, but several of them are decompressed in parallel.

use std::io::{self, Read};
use std::iter::Peekable;
use std::sync::Arc;

use super::starts::Divided;
use super::{CopyRule, InputEnds, Options, may_change, range_end, to_the_end};
use crate::chunk::{Changes, Chunks, OwnedChunk, Span, Start};
use crate::problem::{Kind, Loss, Problem, Remedy};
use crate::source::{Beginning, Digesting, Digests, Found, Members, Openable, Opened, Source, Stop, Stream, What};

/// A piece of work for one worker.
pub(super) enum Task {
    /// Report an input that has no source.
    Problem(Problem),
    /// Report the end of an input.
    InputEnd,
    /// Open a source and read all of it, or leave the rest to all workers.
    Open(Openable),
    /// Read a part of a source.
    Scan {
        source: Arc<Source>,
        work: Work,
        /// Whether this is the source's last task.
        is_last: bool,
    },
}

/// The part of a source that a task reads.
pub(super) enum Work {
    /// The lines of a range of an opened file.
    Range { text: Arc<Divided>, span: Span },
    /// A block of a stream.
    Block(Block),
    /// All of a source that was opened.
    Opened(io::Result<Opened>),
    /// Nothing, because the run ends before the source does.
    Interrupted,
}

/// The rest of a source that a worker has opened, for any worker to take.
pub(super) enum Rest {
    /// The ranges in `rest` of a file.
    File { source: Arc<Source>, text: Arc<Divided>, rest: Span, range_bytes: u64, stop: Stop },
    /// The members of a zip archive on disk.
    Members(Members),
}

impl Task {
    /// Whether the task may turn out to be work for several workers.
    pub(super) fn may_leave_rest(&self) -> bool {
        matches!(self, Task::Open(_))
    }
}

impl Rest {
    /// Returns the next task, and the rest that remains after it.
    pub(super) fn next(self) -> Option<(Task, Option<Rest>)> {
        match self {
            Rest::File { source, stop, .. } if stop.is_requested() => {
                Some((Task::Scan { source, work: Work::Interrupted, is_last: true }, None))
            }
            Rest::File { source, text, rest, range_bytes, stop } => {
                let span = Span { end: range_end(rest.start, rest.end, range_bytes), ..rest };
                let work = Work::Range { text: Arc::clone(&text), span };
                let task = Task::Scan { source: Arc::clone(&source), work, is_last: span.end == rest.end };
                let rest = Span { start: span.end, ..rest };
                let has_more = rest.start < rest.end;
                Some((task, has_more.then_some(Rest::File { source, text, rest, range_bytes, stop })))
            }
            Rest::Members(mut members) => {
                let task = members.next()?.map_or_else(Task::Problem, Task::Open);
                Some((task, Some(Rest::Members(members))))
            }
        }
    }
}

/// A block of a stream.
pub(super) struct Block {
    /// The beginning of the stream. It is set only in the first block, and only if the stream is compared with other sources.
    pub(super) beginning: Option<Beginning>,
    /// The text of the block. The last block has none.
    pub(super) chunk: Option<OwnedChunk>,
    pub(super) what: What,
    /// The errors of the whole stream. They are set only in the last block.
    pub(super) failed: Vec<io::Error>,
    /// The changes of the encoding in the whole stream. They are set only in the last block.
    pub(super) changes: Box<Changes>,
    /// The digest of the whole stream. It is set only in the last block, and only if the stream is compared with other sources.
    pub(super) digest: Option<Box<Digests>>,
}

/// Hands out tasks in order. The worker that asks for the next task also reads from a stream, while the others scan.
pub(super) struct Feed<I: Iterator> {
    inputs: Peekable<I>,
    /// Whether the first source has begun.
    has_begun: bool,
    /// The stream that is handed out in blocks.
    current: Option<(Arc<Source>, Current)>,
    /// Whether the run was interrupted and needs no more inputs.
    is_over: bool,
    ends: InputEnds,
    /// Whether the end of the last input must still be reported.
    is_in_input: bool,
    options: Options,
}

/// A stream that is handed out in blocks.
struct Current {
    blocks: Blocks,
    /// The beginning of the stream, until the first block is handed out. `None` if it is not compared with other sources.
    beginning: Option<Beginning>,
    what: What,
}

impl<I: Iterator<Item = Found>> Feed<I> {
    /// Creates a feed for `inputs`. `ends` is whether the end of each input is reported.
    pub(super) fn new(inputs: I, options: Options, ends: InputEnds) -> Feed<I> {
        let (inputs, is_in_input) = (inputs.peekable(), false);
        Feed { inputs, has_begun: false, current: None, is_over: false, ends, is_in_input, options }
    }

    /// Returns the next task, or `None` if there are no more. May wait for a pipe.
    pub(super) fn next(&mut self) -> Option<Task> {
        loop {
            if self.options.opening.stop.is_requested() {
                return self.wind_up();
            }
            if let Some((source, current)) = self.current.take() {
                return Some(self.next_block(source, current));
            }
            if std::mem::take(&mut self.is_in_input) {
                return Some(Task::InputEnd);
            }
            let input = self.inputs.next()?;
            self.is_in_input = self.ends == InputEnds::Marked;
            let openable = match input {
                Err(problem) => return Some(Task::Problem(problem)),
                Ok(openable) => openable,
            };
            let task = if openable.may_keep_waiting() { self.begin(openable) } else { Some(Task::Open(openable)) };
            self.has_begun = true;
            if task.is_some() {
                return task;
            }
        }
    }

    /// Returns the last tasks of a run that was asked to stop: a stream that has begun gets its last block, and the first
    /// source that is not read is reported.
    fn wind_up(&mut self) -> Option<Task> {
        if let Some((source, Current { mut blocks, beginning, what })) = self.current.take() {
            // A slow stream may have been read without handing out anything yet.
            let chunk = blocks.next();
            if blocks.failed.is_empty() {
                blocks.failed.push(Loss::interrupted().into());
            }
            let changes = Box::new(blocks.chunks.changes());
            let work = Work::Block(Block { beginning, chunk, what, failed: blocks.failed, changes, digest: None });
            return Some(Task::Scan { source, work, is_last: true });
        }
        if self.is_over {
            return None;
        }
        let next = self.inputs.next();
        self.is_over = !matches!(next, Some(Err(_)));
        Some(Task::Problem(next?.map_or_else(|problem| problem, |openable| unread(openable.source()))))
    }

    /// Opens a stream and returns its task. Returns `None` if it is handed out in blocks or needs no work. It is opened here
    /// and not by a worker, so that waiting for it delays only the inputs after it.
    fn begin(&mut self, openable: Openable) -> Option<Task> {
        let source = Arc::clone(openable.source());
        let opened = match openable.open(&self.options.opening) {
            Ok(Opened::LeftOut) => return None,
            Ok(Opened::Stream(Stream { reader, what, beginning })) => {
                // If there is no other source, the stream need not be hashed.
                let is_alone = !self.has_begun && self.inputs.peek().is_none();
                let is_compared = match self.options.copies {
                    CopyRule::CountOnce => !is_alone,
                    rule => rule.is_compared(),
                };
                let reader = if is_compared { Digesting::new(reader) } else { Digesting::without(reader) };
                let (limits, written) = (self.options.limits, what.written);
                let chunks = if may_change(written, &self.options) {
                    let start = Start::of_source(written.units);
                    Chunks::changing(reader, start, Span::ALL, limits, written, Vec::new())
                } else {
                    Chunks::new(reader, Span::ALL, limits, written, Vec::new())
                };
                let chunks = to_the_end(chunks, &source, &self.options);
                let beginning = is_compared.then_some(beginning);
                self.current = Some((source, Current { blocks: Blocks::new(chunks), beginning, what }));
                return None;
            }
            opened => opened,
        };
        Some(Task::Scan { source, work: Work::Opened(opened), is_last: true })
    }

    /// Returns the next block of a stream, and keeps the stream for the next one.
    fn next_block(&mut self, source: Arc<Source>, Current { mut blocks, beginning, what }: Current) -> Task {
        let chunk = blocks.next();
        let is_last = chunk.is_none();
        let (failed, changes, digest) = if is_last { blocks.end() } else { Default::default() };
        let block = Block { beginning, chunk, what: what.clone(), failed, changes, digest };
        if !is_last {
            self.current = Some((Arc::clone(&source), Current { blocks, beginning: None, what }));
        }
        Task::Scan { source, work: Work::Block(block), is_last }
    }
}

/// Returns the problem that reports the first source that is not read because the run was interrupted. How many sources follow is
/// not known.
fn unread(source: &Source) -> Problem {
    let what = "neither this nor what follows was read, because the run was interrupted";
    Problem::new(&source.name, Kind::Interrupted, what).remedy(Remedy::RunAgainForRest)
}

/// The blocks of a stream.
struct Blocks {
    chunks: Chunks<Digesting<Box<dyn Read + Send>>>,
    /// The errors so far. They are reported with the last block, because nothing counts after a reported error, but several
    /// blocks that were read before it may still follow.
    failed: Vec<io::Error>,
}

impl Blocks {
    /// Creates blocks from `chunks`.
    fn new(chunks: Chunks<Digesting<Box<dyn Read + Send>>>) -> Blocks {
        Blocks { chunks, failed: Vec::new() }
    }

    /// Returns the next chunk, and keeps any errors for the end.
    fn next(&mut self) -> Option<OwnedChunk> {
        loop {
            match self.chunks.next_chunk() {
                Ok(chunk) => return chunk.map(OwnedChunk::from),
                Err(error) => self.failed.push(error),
            }
        }
    }

    /// Returns the errors, the changes of the encoding, and the digest of all bytes, if the stream is compared with other sources.
    fn end(&mut self) -> (Vec<io::Error>, Box<Changes>, Option<Box<Digests>>) {
        (
            std::mem::take(&mut self.failed),
            Box::new(self.chunks.changes()),
            self.chunks.reader().digests().map(Box::new),
        )
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::source::Chain;
    use crate::units::Written;

    #[test]
    fn text_that_was_read_from_a_pipe_counts_even_if_it_was_not_handed_out() {
        // One and a half lines, and then the request to stop.
        let typed: Vec<io::Result<&[u8]>> = vec![Ok(b"call result = 102\ncall resu"), Err(Loss::interrupted().into())];
        let mut typed = typed.into_iter();
        let reader = std::iter::from_fn(move || typed.next());
        let options = Options::default();
        options.opening.stop.request();
        let what = What { chain: Chain::default(), written: Written::default() };
        let chunks = Chunks::new(
            Digesting::without(Box::new(Reads(reader)) as Box<dyn Read + Send>),
            Span::ALL,
            options.limits,
            what.written,
            Vec::new(),
        );
        let mut feed = Feed::new(std::iter::empty(), options, InputEnds::Unmarked);
        let current = Current { blocks: Blocks::new(chunks), beginning: None, what };
        feed.current = Some((Arc::clone(Openable::file(Path::new("pipe")).source()), current));

        let Some(Task::Scan { work: Work::Block(Block { chunk, failed, .. }), is_last, .. }) = feed.next() else {
            panic!()
        };
        assert_eq!((chunk.unwrap().get().owned(), is_last), (&b"call result = 102\n"[..], true));
        let failed: Vec<_> = failed.iter().map(|error| Loss::of(error).unwrap()).collect();
        assert_eq!(failed, [&Loss::interrupted()]);
        assert!(feed.next().is_none());
    }

    /// A reader that returns prepared results, one for each read.
    struct Reads<I>(I);

    impl<'b, I: Iterator<Item = io::Result<&'b [u8]>>> Read for Reads<I> {
        fn read(&mut self, mut out: &mut [u8]) -> io::Result<usize> {
            self.0.next().map_or(Ok(0), |read| io::Write::write(&mut out, read?))
        }
    }
}
