//! From sources to tasks: big files in ranges, streams in blocks, everything else whole. Compressed files are always
//! one task: several are then decompressed in parallel.

use std::io::{self, Read};
use std::iter::Peekable;
use std::sync::Arc;

use super::{CopyRule, Options, to_the_end};
use crate::chunk::{Chunks, OwnedChunk, Span};
use crate::problem::{Kind, Loss, Problem, Remedy};
use crate::source::{Beginning, Digest, Digesting, Found, Members, Opened, Source, Stream, TextFile, What};

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
    Source,
    /// The lines of a range of an opened file.
    Range { text: Arc<TextFile>, span: Span },
    /// All of a big compressed file.
    Compressed(Stream),
    /// All of a big archive whose members have to be read one after another.
    Archive(Members),
    /// A block of a stream.
    Block(Block),
    /// It does not open, or is skipped.
    Unopened(Problem),
    /// The run ends before it does.
    Interrupted,
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
    /// The big archive that is being handed out, member by member.
    members: Option<Members>,
    current: Option<(Arc<Source>, Current)>,
    /// Whether nothing more is asked of the inputs.
    is_over: bool,
    options: Options,
}

/// A source that is handed out in several tasks.
enum Current {
    File { text: Arc<TextFile>, next: u64 },
    Stream { blocks: Blocks, beginning: Option<Beginning>, what: What },
}

impl<I: Iterator<Item = Found>> Feed<I> {
    pub(super) fn new(inputs: I, options: Options) -> Feed<I> {
        Feed { inputs: inputs.peekable(), has_begun: false, members: None, current: None, is_over: false, options }
    }

    pub(super) fn next(&mut self) -> Option<Task> {
        loop {
            if self.options.opening.stop.is_requested() {
                return self.wind_up();
            }
            if let Some((source, current)) = self.current.take() {
                return Some(self.next_of(source, current));
            }
            let source = match self.next_found()? {
                Err(problem) => return Some(Task::Problem(problem)),
                Ok(source) => Arc::new(source),
            };
            let task = self.begin(source);
            self.has_begun = true;
            if task.is_some() {
                return task;
            }
        }
    }

    /// What is left to do when the run is to end: a source of which some tasks were handed out gets its last one, and the
    /// first that is not read is told.
    fn wind_up(&mut self) -> Option<Task> {
        if let Some((source, current)) = self.current.take() {
            let work = match current {
                Current::File { .. } => Work::Interrupted,
                // Of what comes slowly all may have been read and nothing handed out.
                Current::Stream { mut blocks, beginning, what } => {
                    let chunk = blocks.next();
                    if blocks.failed.is_empty() {
                        blocks.failed.push(Loss::interrupted().into());
                    }
                    Work::Block(Block { beginning, chunk, what, failed: blocks.failed, digest: None })
                }
            };
            return Some(Task::Scan { source, work, is_last: true });
        }
        if self.is_over {
            return None;
        }
        Some(Task::Problem(match self.next_found() {
            Some(Err(problem)) => problem,
            Some(Ok(source)) => {
                self.is_over = true;
                unread(&source)
            }
            None => {
                self.is_over = true;
                return None;
            }
        }))
    }

    fn next_found(&mut self) -> Option<Found> {
        let member = self.members.as_mut().and_then(Iterator::next);
        if member.is_none() {
            self.members = None;
        }
        member.or_else(|| self.inputs.next())
    }

    /// The first task of a source; `None` if it is handed out in several, or is nothing to do.
    fn begin(&mut self, source: Arc<Source>) -> Option<Task> {
        if is_one_task(&source, &self.options) {
            return Some(Task::Scan { source, work: Work::Source, is_last: true });
        }
        let work = match source.open(&self.options.opening) {
            Err(error) => Work::Unopened(Problem::unreadable(&source.name, &error)),
            Ok(Opened::Skipped(problem)) => Work::Unopened(problem),
            Ok(Opened::LeftOut) => return None,
            Ok(Opened::Compressed(stream)) => Work::Compressed(stream),
            Ok(Opened::Archive(members)) if members.are_independent() => {
                self.members = Some(members);
                return None;
            }
            Ok(Opened::Archive(members)) => Work::Archive(members),
            Ok(Opened::File(text)) => {
                self.current = Some((source, Current::File { text: Arc::new(text), next: 0 }));
                return None;
            }
            Ok(Opened::Stream(Stream { reader, what, beginning })) => {
                // Where there is nothing else, there is nothing to compare it with, and it need not be hashed.
                let is_alone = !self.has_begun && self.inputs.peek().is_none();
                let is_compared = self.options.copies == CopyRule::CountOnce && !is_alone;
                let reader = if is_compared { Piped::Compared(Digesting::new(reader)) } else { Piped::Alone(reader) };
                let chunks = Chunks::new(reader, Span::ALL, self.options.limits, what.units, Vec::new());
                let chunks = to_the_end(chunks, &source, &self.options);
                let beginning = is_compared.then_some(beginning);
                self.current = Some((source, Current::Stream { blocks: Blocks::new(chunks), beginning, what }));
                return None;
            }
        };
        Some(Task::Scan { source, work, is_last: true })
    }

    /// The next task of a source that is handed out in several, keeping what is left of it.
    fn next_of(&mut self, source: Arc<Source>, current: Current) -> Task {
        let (work, rest) = match current {
            Current::File { text, next } => {
                let end = self.options.range_end(next, text.len);
                let work = Work::Range { text: Arc::clone(&text), span: Span { start: next, end } };
                (work, (end < text.len).then_some(Current::File { text, next: end }))
            }
            Current::Stream { mut blocks, beginning, what } => {
                let chunk = blocks.next();
                let is_last = chunk.is_none();
                let (failed, digest) = if is_last { blocks.end() } else { Default::default() };
                let block = Block { beginning, chunk, what: what.clone(), failed, digest };
                (Work::Block(block), (!is_last).then_some(Current::Stream { blocks, beginning: None, what }))
            }
        };
        let is_last = rest.is_none();
        self.current = rest.map(|rest| (Arc::clone(&source), rest));
        Task::Scan { source, work, is_last }
    }
}

/// Whether a worker opens it and reads all of it. What is small is opened there and not here, so that a folder of small
/// files is opened in parallel too.
pub(super) fn is_one_task(source: &Source, options: &Options) -> bool {
    source.is_member() || source.listed_size().is_some_and(|size| size <= options.range_bytes)
}

/// Told of the first source that nobody begins to read. Nobody knows how many follow.
fn unread(source: &Source) -> Problem {
    let what = "neither this nor what follows was read, because the run was interrupted";
    Problem::new(&source.name, Kind::Interrupted, what).remedy(Remedy::RunAgainForRest)
}

/// What a stream is read from.
enum Piped {
    Alone(Box<dyn Read + Send>),
    Compared(Digesting<Box<dyn Read + Send>>),
}

impl Read for Piped {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self {
            Piped::Alone(reader) => reader.read(out),
            Piped::Compared(reader) => reader.read(out),
        }
    }
}

/// The blocks of a stream.
struct Blocks {
    chunks: Chunks<Piped>,
    /// Told with the last block, not with the first one behind it: what is read of a source where reading has failed does
    /// not count, and there may be several blocks of what was read before.
    failed: Vec<io::Error>,
}

impl Blocks {
    fn new(chunks: Chunks<Piped>) -> Blocks {
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
        let digest = match self.chunks.reader() {
            Piped::Alone(_) => None,
            Piped::Compared(reader) => Some(reader.digest()),
        };
        (std::mem::take(&mut self.failed), digest)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::source::Chain;
    use crate::units::Units;

    #[test]
    fn what_was_read_of_a_pipe_counts_though_nothing_of_it_was_handed_out() {
        // A line and a half, and then the request to stop.
        let typed: Vec<io::Result<&[u8]>> = vec![Ok(b"call result = 102\ncall resu"), Err(Loss::interrupted().into())];
        let mut typed = typed.into_iter();
        let reader = std::iter::from_fn(move || typed.next());
        let options = Options::default();
        options.opening.stop.request();
        let what = What { chain: Chain::default(), units: Units::Bytes };
        let chunks =
            Chunks::new(Piped::Alone(Box::new(Reads(reader))), Span::ALL, options.limits, what.units, Vec::new());
        let mut feed = Feed::new(std::iter::empty(), options);
        let current = Current::Stream { blocks: Blocks::new(chunks), beginning: None, what };
        feed.current = Some((Arc::new(Source::file(Path::new("pipe"))), current));

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
