//! From sources to tasks: what comes when it comes in blocks, everything else whole, until the worker that opens it finds
//! that others can take a share: of a big file in ranges, of a big zip member by member. Compressed files are always
//! one task: several are then decompressed in parallel.

use std::io::{self, Read};
use std::iter::Peekable;
use std::sync::Arc;

use super::{CopyRule, Options, to_the_end};
use crate::chunk::{Chunks, OwnedChunk, Span};
use crate::problem::{Kind, Loss, Problem, Remedy};
use crate::source::{
    Beginning, Digest, Digesting, Found, Members, Openable, Opened, Source, Stop, Stream, TextFile, What,
};
use crate::units::END_BYTES;

/// A piece of work for one worker.
pub(super) enum Task {
    /// An input that is no source.
    Problem(Problem),
    /// Open a source and read all of it, or leave a rest.
    Open(Openable),
    /// Something of a source.
    Scan {
        source: Arc<Source>,
        work: Work,
        /// Whether this is the source's last task.
        is_last: bool,
    },
}

pub(super) enum Work {
    /// The lines of a range of an opened file.
    Range { text: Arc<TextFile>, span: Span },
    /// A block of a stream.
    Block(Block),
    /// All of something that was opened.
    Opened(io::Result<Opened>),
    /// The run ends before it does.
    Interrupted,
}

/// What is left of a source that a worker has opened, for any worker to take.
pub(super) enum Rest {
    File {
        source: Arc<Source>,
        text: Arc<TextFile>,
        next: u64,
        range_bytes: u64,
        stop: Stop,
    },
    /// The members of a zip on disk.
    Members(Members),
}

impl Task {
    /// Whether the task may turn out to be work for several workers.
    pub(super) fn may_leave_rest(&self) -> bool {
        matches!(self, Task::Open(_))
    }
}

impl Rest {
    /// The next task, and what is left then.
    pub(super) fn next(self) -> Option<(Task, Option<Rest>)> {
        match self {
            Rest::File { source, stop, .. } if stop.is_requested() => {
                Some((Task::Scan { source, work: Work::Interrupted, is_last: true }, None))
            }
            Rest::File { source, text, next, range_bytes, stop } => {
                let end = range_end(next, text.len, range_bytes);
                let span = Span { start: next, end };
                let work = Work::Range { text: Arc::clone(&text), span };
                let task = Task::Scan { source: Arc::clone(&source), work, is_last: end == text.len };
                Some((task, (end < text.len).then_some(Rest::File { source, text, next: end, range_bytes, stop })))
            }
            Rest::Members(mut members) => {
                let task = members.next()?.map_or_else(Task::Problem, Task::Open);
                Some((task, Some(Rest::Members(members))))
            }
        }
    }
}

/// Where the range ends that begins at `start`, in a file of `len` bytes.
pub(super) fn range_end(start: u64, len: u64, range_bytes: u64) -> u64 {
    let end = start.saturating_add(range_bytes);
    // The last range must be long enough to show how the file ends.
    let least = (END_BYTES as u64).min(range_bytes / 4);
    if len.saturating_sub(end) < least { len } else { end.min(len) }
}

pub(super) struct Block {
    /// With the first block of a stream that may be a copy, or have some: how it begins.
    pub(super) beginning: Option<Beginning>,
    pub(super) chunk: Option<OwnedChunk>,
    pub(super) what: What,
    /// With the last block, what kept it from being more.
    pub(super) failed: Vec<io::Error>,
    /// With the last block, of all bytes, if they are compared.
    pub(super) digest: Option<Digest>,
}

/// Hands out tasks in order. Streams are read in here, by whichever worker asks next, while the others scan.
pub(super) struct Feed<I: Iterator> {
    inputs: Peekable<I>,
    /// Whether a source was begun.
    has_begun: bool,
    current: Option<(Arc<Source>, Current)>,
    /// Whether nothing more is asked of the inputs.
    is_over: bool,
    options: Options,
}

/// A stream that is handed out in blocks.
struct Current {
    blocks: Blocks,
    /// How the stream begins, until its first block is handed out, if it is compared with others.
    beginning: Option<Beginning>,
    what: What,
}

impl<I: Iterator<Item = Found>> Feed<I> {
    pub(super) fn new(inputs: I, options: Options) -> Feed<I> {
        Feed { inputs: inputs.peekable(), has_begun: false, current: None, is_over: false, options }
    }

    pub(super) fn next(&mut self) -> Option<Task> {
        loop {
            if self.options.opening.stop.is_requested() {
                return self.wind_up();
            }
            if let Some((source, current)) = self.current.take() {
                return Some(self.next_block(source, current));
            }
            let openable = match self.inputs.next()? {
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

    /// What is left to do when the run is to end: a stream of which some blocks were handed out gets its last one, and the
    /// first source that is not read is reported.
    fn wind_up(&mut self) -> Option<Task> {
        if let Some((source, Current { mut blocks, beginning, what })) = self.current.take() {
            // Of what comes slowly all may have been read and nothing handed out.
            let chunk = blocks.next();
            if blocks.failed.is_empty() {
                blocks.failed.push(Loss::interrupted().into());
            }
            let work = Work::Block(Block { beginning, chunk, what, failed: blocks.failed, digest: None });
            return Some(Task::Scan { source, work, is_last: true });
        }
        if self.is_over {
            return None;
        }
        let next = self.inputs.next();
        self.is_over = !matches!(next, Some(Err(_)));
        Some(Task::Problem(next?.map_or_else(|problem| problem, |openable| unread(openable.source()))))
    }

    /// The first task of a stream; `None` if the stream is handed out in blocks, or needs no work. It is opened here, so that
    /// it delays only the inputs after it.
    fn begin(&mut self, openable: Openable) -> Option<Task> {
        let source = Arc::clone(openable.source());
        let opened = match openable.open(&self.options.opening) {
            Ok(Opened::LeftOut) => return None,
            Ok(Opened::Stream(Stream { reader, what, beginning })) => {
                // Where there is nothing else, there is nothing to compare it with, and it need not be hashed.
                let is_alone = !self.has_begun && self.inputs.peek().is_none();
                let is_compared = self.options.copies == CopyRule::CountOnce && !is_alone;
                let reader = if is_compared { Digesting::new(reader) } else { Digesting::without(reader) };
                let chunks = Chunks::new(reader, Span::ALL, self.options.limits, what.written, Vec::new());
                let chunks = to_the_end(chunks, &source, &self.options);
                let beginning = is_compared.then_some(beginning);
                self.current = Some((source, Current { blocks: Blocks::new(chunks), beginning, what }));
                return None;
            }
            opened => opened,
        };
        Some(Task::Scan { source, work: Work::Opened(opened), is_last: true })
    }

    /// The next block of a stream, keeping what is left of it.
    fn next_block(&mut self, source: Arc<Source>, Current { mut blocks, beginning, what }: Current) -> Task {
        let chunk = blocks.next();
        let is_last = chunk.is_none();
        let (failed, digest) = if is_last { blocks.end() } else { Default::default() };
        let block = Block { beginning, chunk, what: what.clone(), failed, digest };
        if !is_last {
            self.current = Some((Arc::clone(&source), Current { blocks, beginning: None, what }));
        }
        Task::Scan { source, work: Work::Block(block), is_last }
    }
}

/// Told of the first source that nobody begins to read. Nobody knows how many follow.
fn unread(source: &Source) -> Problem {
    let what = "neither this nor what follows was read, because the run was interrupted";
    Problem::new(&source.name, Kind::Interrupted, what).remedy(Remedy::RunAgainForRest)
}

/// The blocks of a stream.
struct Blocks {
    chunks: Chunks<Digesting<Box<dyn Read + Send>>>,
    /// Told with the last block, not with the first one behind it: what is read of a source where reading has failed does
    /// not count, and there may be several blocks of what was read before.
    failed: Vec<io::Error>,
}

impl Blocks {
    fn new(chunks: Chunks<Digesting<Box<dyn Read + Send>>>) -> Blocks {
        Blocks { chunks, failed: Vec::new() }
    }

    fn next(&mut self) -> Option<OwnedChunk> {
        loop {
            match self.chunks.next_chunk() {
                Ok(chunk) => return chunk.map(OwnedChunk::from),
                Err(error) => self.failed.push(error),
            }
        }
    }

    /// What kept them from being more, and the digest of all, if they are compared.
    fn end(&mut self) -> (Vec<io::Error>, Option<Digest>) {
        (std::mem::take(&mut self.failed), self.chunks.reader().digest())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::source::Chain;
    use crate::units::Written;

    #[test]
    fn what_was_read_of_a_pipe_counts_though_nothing_of_it_was_handed_out() {
        // A line and a half, and then the request to stop.
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
        let mut feed = Feed::new(std::iter::empty(), options);
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

    /// A reader, read by read.
    struct Reads<I>(I);

    impl<'b, I: Iterator<Item = io::Result<&'b [u8]>>> Read for Reads<I> {
        fn read(&mut self, mut out: &mut [u8]) -> io::Result<usize> {
            self.0.next().map_or(Ok(0), |read| io::Write::write(&mut out, read?))
        }
    }
}
