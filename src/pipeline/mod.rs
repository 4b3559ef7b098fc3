//! Sources × chunks on the thread pool, and their results back in order.
//!
//! Every thread runs the same worker: take the next task, cut it into chunks, show each to the scanner and a
//! [`Visitor`]. One thread or many is a matter of how many workers there are. A task is a whole small file, a range of a
//! big one, all of a compressed one, or a block of a stream; the tasks of one source follow one another.
//!
//! A worker that has a big compressed file scans what a thread of its own decompresses meanwhile, unless there is to be
//! one thread only; so one such file keeps two cores busy, and several keep all. The members of a big zip on disk are tasks of
//! their own; any other archive is one task, whose members follow one another.
//!
//! Invariants:
//! * The caller's sink sees everything in the order of the sources and, inside each, of the bytes (decision 6).
//! * Memory is bounded: at most a window of tasks is ahead of the sink, each with a few parts waiting.
//! * A worker that waits never holds what the task at the head of the line needs, so nothing can lock up.
//! * When a run is to end early ([`Stop`](crate::source::Stop)), no further source is begun, and those in work end with
//!   the chunk that is being scanned. The parts that were made until then reach the sink as ever; each source that was
//!   cut has a problem that says so, and so has the first that was not begun.

pub mod annotate;
mod copies;
mod deliver;
mod feed;
pub mod inventory;
mod order;
pub mod summarise;

use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;

use crate::catalogue::Catalogue;
use crate::chunk::{Chunk, Chunks, Cut, Limits, Span};
use crate::pattern::PatternSet;
use crate::problem::{Kind, Problem};
use crate::scan::Scanner;
use crate::source::{
    Ahead, Beginning, Chain, Digest, Digesting, EncodingChoice, FileSpan, Found, Members, Opened, Opening, Source,
    Stream, TextFile, What,
};
use crate::units::{END_BYTES, Units};
use deliver::Deliver;
use feed::{Block, Feed, Task, Work};
use order::Order;
pub use order::Outlet;

/// More threads than any machine has cores for only cost time and memory.
pub const THREADS_LIMIT: usize = 256;

/// How the work is cut up.
#[derive(Clone, Debug)]
pub struct Options {
    /// Worker threads, at most 256; `None`: as many as the machine has cores.
    pub threads: Option<NonZeroUsize>,
    /// Files above this size are shared among threads in ranges of it, in bytes.
    pub range_bytes: u64,
    /// How ranges and streams are cut into chunks.
    pub limits: Limits,
    /// How sources are opened.
    pub opening: Opening,
    /// What becomes of sources that hold the same as one before.
    pub copies: CopyRule,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            threads: None,
            range_bytes: 4 << 20,
            limits: Limits::default(),
            opening: Opening::default(),
            copies: CopyRule::default(),
        }
    }
}

impl Options {
    /// Where the range ends that begins at `start`, in a file of `len` bytes.
    fn range_end(&self, start: u64, len: u64) -> u64 {
        let end = start.saturating_add(self.range_bytes);
        // The last one shall have enough to tell how the file ends.
        let least = (END_BYTES as u64).min(self.range_bytes / 4);
        if len.saturating_sub(end) < least { len } else { end.min(len) }
    }
}

/// The same chunks, which go to the end of their source, and whether that is in the units that its beginning told. If the
/// user has said what it is in, nothing told them; and what is read though it may be no text has no encoding.
fn to_the_end<R: io::Read>(chunks: Chunks<R>, source: &Source, options: &Options) -> Chunks<R> {
    match options.opening.encoding {
        EncodingChoice::Automatic if source.is_to_be_text() => chunks.checking_the_end(),
        EncodingChoice::Automatic | EncodingChoice::Given(_) => chunks,
    }
}

/// What becomes of sources that hold the same bytes as one before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CopyRule {
    /// They are skipped and told.
    #[default]
    CountOnce,
    /// They count like any other.
    CountAll,
}

/// What is done with the chunks of a task. Every worker has one of its own and uses it for one task after another.
pub trait Visitor: Send {
    /// What it hands to the sink.
    type Part: Send;

    /// Looks at one chunk of the current task.
    fn chunk(
        &mut self,
        source: &Source,
        chunk: &Chunk<'_>,
        scanner: &mut Scanner<'_>,
        out: &mut Outlet<'_, Self::Part>,
    );

    /// How much memory a part takes, roughly, in bytes.
    fn weight(part: &Self::Part) -> usize {
        size_of_val(part)
    }

    /// The current task has no more chunks.
    fn finish(&mut self, out: &mut Outlet<'_, Self::Part>);
}

/// What the sink sees, in order.
#[derive(Debug)]
pub enum Event<P> {
    /// A part of the current source.
    Part(P),
    /// The current source is done.
    SourceEnd(SourceEnd),
    /// An input that is no source.
    Problem(Problem),
}

/// The end of one source.
#[derive(Debug)]
pub struct SourceEnd {
    /// The source.
    pub source: Arc<Source>,
    /// The bytes that were scanned, of a compressed source the decompressed ones; `None` if it could not be opened or
    /// was skipped, or the run was interrupted before anything of it was scanned.
    pub bytes: Option<u64>,
    /// What it turned out to be; `None` like `bytes`.
    pub what: Option<What>,
    /// If it was skipped as a copy of another source: its bytes.
    pub copied: Option<u64>,
    /// What was not read, or not read as it is.
    pub problems: Vec<Problem>,
}

/// What is known of a source before its first part.
#[derive(Debug)]
struct SourceStart {
    source: Arc<Source>,
    beginning: Beginning,
    /// Its length, if it is a file that is read as it lies.
    file_bytes: Option<u64>,
}

/// What one task tells at its end, to be summed up over its source.
#[derive(Debug, Default)]
struct TaskEnd {
    bytes: u64,
    what: Option<What>,
    unopened: Option<Problem>,
    unread: Vec<Problem>,
    long_lines: LongLines,
    /// Of all bytes, if they do not lie in a file.
    digest: Option<Digest>,
    ends_source: Option<Arc<Source>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct LongLines {
    count: u64,
    first_offset: Option<u64>,
}

/// What workers put in line.
enum Message<P> {
    Start(Box<SourceStart>),
    Part(P),
    TaskEnd(Box<TaskEnd>),
    Problem(Problem),
}

/// Scans `inputs` and passes what the visitors make of them to `sink`, in order.
///
/// # Errors
/// The first error of the sink, which ends the run, or that threads cannot be started.
pub fn run<V: Visitor>(
    mut inputs: impl Iterator<Item = Found> + Send,
    set: &PatternSet,
    catalogue: &Catalogue,
    options: &Options,
    visitor: impl Fn() -> V + Sync,
    sink: &mut dyn FnMut(Event<V::Part>) -> io::Result<()>,
) -> io::Result<()> {
    // A second thread would only be started and stopped where there is work for one.
    let first: Vec<Found> = inputs.by_ref().take(2).collect();
    let is_one_task = matches!(first.as_slice(), [Ok(only)] if feed::is_one_task(only, options));
    let inputs = first.into_iter().chain(inputs.fuse());
    let threads = if is_one_task { 1 } else { options.threads.map_or(0, |threads| threads.get().min(THREADS_LIMIT)) };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(io::Error::other)?;
    let threads = pool.current_num_threads();
    let order = Order::new(Feed::new(inputs, options.clone()), threads, V::weight);
    let mut interruption_is_told = false;
    let mut watched = |event: Event<V::Part>| {
        interruption_is_told |= event.problems().iter().any(|problem| problem.kind == Kind::Interrupted);
        sink(event)
    };
    pool.in_place_scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|_| {
                let scanner = Scanner::new(set, catalogue, options.limits.lookahead_bytes);
                let mut worker = Worker { scanner, visitor: visitor(), buffer: Vec::new(), options, threads };
                while let Some((task, mut out)) = order.next_task() {
                    worker.run(task, &mut out);
                }
            });
        }
        let mut deliver = Deliver::<V>::new(options, &mut watched);
        order.drain(|message| deliver.message(message))
    })?;
    // Ctrl-C also ends the program at the other end of a pipe, and the end of the pipe may be here first.
    if options.opening.stop.is_requested() && !interruption_is_told {
        sink(Event::Problem(Problem::interrupted("all inputs")))?;
    }
    Ok(())
}

impl<P> Event<P> {
    /// What it tells was not read.
    fn problems(&self) -> &[Problem] {
        match self {
            Event::Part(_) => &[],
            Event::SourceEnd(end) => &end.problems,
            Event::Problem(problem) => std::slice::from_ref(problem),
        }
    }
}

/// One thread's tools.
struct Worker<'s, V> {
    scanner: Scanner<'s>,
    visitor: V,
    buffer: Vec<u8>,
    options: &'s Options,
    /// How many workers there are.
    threads: usize,
}

impl<V: Visitor> Worker<'_, V> {
    fn run(&mut self, task: Task, out: &mut Outlet<'_, V::Part>) {
        let (source, work, is_last) = match task {
            Task::Problem(problem) => return out.send(Message::Problem(problem)),
            Task::Scan { source, work, is_last } => (source, work, is_last),
        };
        let mut end = TaskEnd::default();
        match work {
            Work::Source => return self.source(source, out),
            Work::Archive(members) => return self.members(members, out),
            Work::Compressed(stream) => self.compressed(&source, stream, &mut end, out),
            Work::Range { text, span } => {
                if span.start == 0 {
                    self.start(&source, text.beginning, Some(text.len), out);
                }
                self.range(&source, &text, span, &mut end, out);
            }
            Work::Block(Block { beginning, chunk, what, failed, digest }) => {
                if let Some(beginning) = beginning {
                    self.start(&source, beginning, None, out);
                }
                (end.what, end.digest) = (Some(what), digest);
                if let Some(chunk) = chunk {
                    end.bytes += chunk.get().source_bytes;
                    end.long_lines.note(&chunk.get());
                    self.visitor.chunk(&source, &chunk.get(), &mut self.scanner, out);
                }
                end.unread = failed.iter().map(|error| Problem::unreadable(&source.name, error)).collect();
            }
            Work::Unopened(problem) => end.unopened = Some(problem),
            Work::Interrupted => end.unread.push(Problem::interrupted(&source.name)),
        }
        self.finish(is_last.then_some(source), end, out);
    }

    fn finish(&mut self, ends_source: Option<Arc<Source>>, mut end: TaskEnd, out: &mut Outlet<'_, V::Part>) {
        self.visitor.finish(out);
        end.ends_source = ends_source;
        out.send(Message::TaskEnd(Box::new(end)));
    }

    /// Opens a source and reads all of it.
    fn source(&mut self, source: Arc<Source>, out: &mut Outlet<'_, V::Part>) {
        let mut end = TaskEnd::default();
        match source.open(&self.options.opening) {
            Ok(Opened::File(text)) => {
                self.start(&source, text.beginning, Some(text.len), out);
                self.range(&source, &text, Span::ALL, &mut end, out);
            }
            // Small, or read ahead already.
            Ok(Opened::Compressed(stream) | Opened::Stream(stream)) => self.stream(&source, stream, &mut end, out),
            Ok(Opened::Archive(members)) => return self.members(members, out),
            Ok(Opened::LeftOut) => return,
            Ok(Opened::Skipped(problem)) => end.unopened = Some(problem),
            Err(error) => end.unopened = Some(Problem::unreadable(&source.name, &error)),
        }
        self.finish(Some(source), end, out);
    }

    /// Reads the members of an archive, and those of archives in it.
    fn members(&mut self, members: Members, out: &mut Outlet<'_, V::Part>) {
        for found in members {
            match found {
                Ok(source) => self.source(Arc::new(source), out),
                Err(problem) => out.send(Message::Problem(problem)),
            }
            if out.is_closed() {
                break;
            }
        }
    }

    /// Tells how a source begins, for whoever looks for copies.
    fn start(
        &self,
        source: &Arc<Source>,
        beginning: Beginning,
        file_bytes: Option<u64>,
        out: &mut Outlet<'_, V::Part>,
    ) {
        if self.options.copies == CopyRule::CountOnce {
            let source = Arc::clone(source);
            out.send(Message::Start(Box::new(SourceStart { source, beginning, file_bytes })));
        }
    }

    fn stream(&mut self, source: &Arc<Source>, stream: Stream, end: &mut TaskEnd, out: &mut Outlet<'_, V::Part>) {
        let Stream { reader, what, beginning } = stream;
        if self.options.copies == CopyRule::CountOnce {
            self.start(source, beginning, None, out);
            let mut reader = Digesting::new(reader);
            let chunks = self.cut(&mut reader, Span::ALL, what.units);
            self.chunks(source, to_the_end(chunks, source, self.options), end, out);
            end.digest = Some(reader.digest());
        } else {
            let chunks = self.cut(reader, Span::ALL, what.units);
            self.chunks(source, to_the_end(chunks, source, self.options), end, out);
        }
        end.what = Some(what);
    }

    fn compressed(&mut self, source: &Arc<Source>, stream: Stream, end: &mut TaskEnd, out: &mut Outlet<'_, V::Part>) {
        if self.threads == 1 {
            return self.stream(source, stream, end, out);
        }
        match Ahead::new(stream.reader) {
            Ok(reader) => self.stream(source, Stream { reader: Box::new(reader), ..stream }, end, out),
            Err(error) => end.unopened = Some(Problem::unreadable(&source.name, &error)),
        }
    }

    fn range(
        &mut self,
        source: &Source,
        text: &TextFile,
        span: Span,
        end: &mut TaskEnd,
        out: &mut Outlet<'_, V::Part>,
    ) {
        let TextFile { file, len, units, .. } = text;
        end.what = Some(What { chain: Chain::default(), units: *units });
        let span = Span { end: span.end.min(*len), ..span };
        let chunks = self.cut(FileSpan::new(file, span.read_from(*units), *len), span, *units);
        let chunks = if span.end == *len { to_the_end(chunks, source, self.options) } else { chunks };
        self.chunks(source, chunks, end, out);
    }

    /// Chunks in this thread's working memory.
    fn cut<R: io::Read>(&mut self, reader: R, span: Span, units: Units) -> Chunks<R> {
        Chunks::new(reader, span, self.options.limits, units, std::mem::take(&mut self.buffer))
    }

    fn chunks(
        &mut self,
        source: &Source,
        mut chunks: Chunks<impl io::Read>,
        end: &mut TaskEnd,
        out: &mut Outlet<'_, V::Part>,
    ) {
        loop {
            match chunks.next_chunk() {
                Ok(None) => break,
                // What is left where reading failed is little, and may be all there was.
                Ok(Some(_)) if self.options.opening.stop.is_requested() && end.unread.is_empty() => {
                    end.unread.push(Problem::interrupted(&source.name));
                    break;
                }
                Ok(Some(chunk)) => {
                    end.bytes += chunk.source_bytes;
                    end.long_lines.note(&chunk);
                    self.visitor.chunk(source, &chunk, &mut self.scanner, out);
                }
                Err(error) => end.unread.push(Problem::unreadable(&source.name, &error)),
            }
            if out.is_closed() {
                break;
            }
        }
        self.buffer = chunks.into_buffer();
    }
}

impl LongLines {
    fn note(&mut self, chunk: &Chunk<'_>) {
        if chunk.cut == Cut::FirstPiece {
            self.merge(LongLines { count: 1, first_offset: Some(chunk.offset) });
        }
    }

    fn merge(&mut self, later: LongLines) {
        self.count += later.count;
        self.first_offset = self.first_offset.or(later.first_offset);
    }

    fn problem(self, source: &Source, limits: Limits) -> Option<Problem> {
        let first = self.first_offset?;
        let (lines, were) = if self.count == 1 { ("line", "was") } else { ("lines", "were") };
        let what = format!(
            "{} {lines} longer than {} bytes {were} searched in pieces, the first at byte {first}; a result that a cut \
             divides is missed",
            self.count, limits.line_bytes,
        );
        Some(Problem::new(&source.name, Kind::LongLine, what))
    }
}
