//! Sources × chunks on the thread pool, and their results back in order.
//!
//! Every thread runs the same worker: take the next task, cut it into chunks, show each to the scanner and a
//! [`Visitor`]. One thread or many is a matter of how many workers there are. A task is a whole small file, a range of a
//! big one, all of a compressed one, or a block of a stream; the tasks of one source follow one another.
//!
//! Workers open files, and where a file turns out to be big, others take their share of it. On a network share each open
//! waits for an answer. Unless the user says how many threads there are to be, workers that wait most of their time start
//! others, as many as it takes to keep the cores busy, up to [`WAITING_LIMIT`]; so few cores do not mean few files in flight.
//!
//! A worker that has a big compressed file scans what a thread of its own decompresses meanwhile, unless there is to be
//! one thread only; so one such file keeps two cores busy, and several keep all. The members of a big zip on disk are tasks of
//! their own; any other archive is one task, whose members follow one another.
//!
//! Invariants:
//! * The caller's sink sees everything in the order of the sources and, inside each, of the bytes (decision 6).
//! * Memory is bounded: at most a window of tasks is ahead of the sink, each with a few parts waiting. A worker that was
//!   started because others wait adds its own working memory, and a block where files are not small.
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

use std::error::Error;
use std::fmt;
use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::catalogue::Catalogue;
use crate::chunk::{Chunk, Chunks, Cut, Limits, Span};
use crate::pattern::PatternSet;
use crate::problem::{Kind, Problem};
use crate::scan::Scanner;
use crate::source::{
    self, Ahead, Chain, Digest, Digesting, EncodingChoice, Found, Members, Openable, Opened, Opening, Source, Stream,
    TextFile, Waited, What,
};
use crate::summary::Summary;
use crate::units::Written;
use crate::unpack::FileSpan;
use copies::{Begun, Hashing, Lookalikes};
use deliver::Deliver;
use feed::{Block, Feed, Rest, Task, Work};
use order::Order;
pub use order::Outlet;

/// More threads than any machine has cores for only cost time and memory.
pub const THREADS_LIMIT: usize = 256;
/// The most threads that are started while files are slow to open, unless [`field@Options::threads`] says how many.
pub const WAITING_LIMIT: usize = 64;
/// An open that takes longer than this had to wait for storage: local files open within some microseconds.
const SLOW_OPEN: Duration = Duration::from_micros(500);
/// How many slow opens in a row make a worker start others: one or two may be due to a busy machine.
const SLOW_OPENS: u32 = 3;

/// How the work is cut up.
#[derive(Clone, Debug)]
pub struct Options {
    /// Worker threads, at most 256; `None`: as many as the machine has cores, and more where they wait for files.
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
    /// How many workers begin, and how many there may be. Each may have a file open.
    fn threads(&self) -> (usize, usize) {
        let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let (first, most) =
            self.threads.map_or((cores, WAITING_LIMIT.max(cores)), |threads| (threads.get(), threads.get()));
        let limit = source::open_files_limit().min(THREADS_LIMIT);
        (first.min(limit), most.min(limit))
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

/// What a run read, and what it could not read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome<S = Summary> {
    /// What the caller makes of the results: their totals, or how many there are.
    pub summary: S,
    /// The sources that were read, whether or not to their end.
    pub files: u64,
    /// The bytes that were scanned, of compressed sources the decompressed ones.
    pub bytes: u64,
    /// The bytes of copies that were not counted.
    pub copied_bytes: u64,
    /// What was not read, or not read as it is, in the order of the inputs.
    pub problems: Vec<Problem>,
}

impl Outcome<()> {
    /// Notes what an event says of the inputs.
    fn note<P>(&mut self, event: &Event<P>) {
        match event {
            Event::Part(_) => {}
            Event::SourceEnd(end) => {
                self.files += u64::from(end.bytes.is_some());
                self.bytes += end.bytes.unwrap_or(0);
                self.copied_bytes += end.copied.unwrap_or(0);
                self.problems.extend_from_slice(&end.problems);
            }
            Event::Problem(problem) => self.problems.push(problem.clone()),
        }
    }

    /// The same, with what the caller made of the results.
    #[must_use]
    pub fn with<S>(self, summary: S) -> Outcome<S> {
        let Outcome { summary: (), files, bytes, copied_bytes, problems } = self;
        Outcome { summary, files, bytes, copied_bytes, problems }
    }
}

/// The system starts no threads, so a run could not begin.
#[derive(Debug)]
pub struct NoThreads(rayon::ThreadPoolBuildError);

impl fmt::Display for NoThreads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot start threads: {}", self.0)
    }
}

impl Error for NoThreads {}

/// What one task reports at its end, and the sum of that over the tasks of a source.
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
    Start(Arc<Begun>),
    Part(P),
    TaskEnd(Box<TaskEnd>),
    Problem(Problem),
}

/// Scans `inputs` and passes what the visitors make of them to `sink`, in order.
///
/// # Errors
/// The first error of the sink, which ends the run, or [`NoThreads`].
pub fn run<V: Visitor>(
    mut inputs: impl Iterator<Item = Found> + Send,
    set: &PatternSet,
    catalogue: &Catalogue,
    options: &Options,
    visitor: impl Fn() -> V + Sync,
    sink: &mut dyn FnMut(Event<V::Part>) -> io::Result<()>,
) -> io::Result<Outcome<()>> {
    // A second thread would only be started and stopped where there is work for one.
    let first: Vec<Found> = inputs.by_ref().take(2).collect();
    let is_small = |only: &Openable| only.known_size().is_some_and(|size| size <= options.range_bytes);
    let is_one_task = matches!(first.as_slice(), [Ok(only)] if is_small(only));
    let inputs = first.into_iter().chain(inputs.fuse());
    let (threads, most) = if is_one_task { (1, 1) } else { options.threads() };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|error| io::Error::other(NoThreads(error)))?;
    let crew = Crew {
        order: Order::new(Feed::new(inputs, options.clone()), threads, V::weight),
        lookalikes: Lookalikes::new(&options.opening.stop),
        set,
        catalogue,
        options,
        visitor: &visitor,
        first: threads,
        threads: AtomicUsize::new(threads),
        most,
    };
    let mut outcome = Outcome::default();
    let mut watched = |event: Event<V::Part>| {
        outcome.note(&event);
        sink(event)
    };
    // The pool's threads cannot become more, so those that are started later are none of it.
    thread::scope(|others| {
        pool.in_place_scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|_| crew.work(others));
            }
            let mut deliver = Deliver::<V>::new(options, &mut watched);
            crew.order.drain(|message| deliver.message(message))
        })
    })?;
    // Ctrl-C also ends the program at the other end of a pipe, and the end of the pipe may be here first.
    let is_told = outcome.problems.iter().any(|problem| problem.kind == Kind::Interrupted);
    if options.opening.stop.is_requested() && !is_told {
        let event = Event::Problem(Problem::interrupted("all inputs"));
        outcome.note(&event);
        sink(event)?;
    }
    Ok(outcome)
}

/// What the workers share.
struct Crew<'c, I: Iterator, V: Visitor, F> {
    order: Order<I, V::Part>,
    lookalikes: Lookalikes,
    set: &'c PatternSet,
    catalogue: &'c Catalogue,
    options: &'c Options,
    visitor: &'c F,
    /// How many workers the run begins with.
    first: usize,
    /// How many workers have been started.
    threads: AtomicUsize,
    /// The most workers that there may be.
    most: usize,
}

impl<I: Iterator<Item = Found> + Send, V: Visitor, F: Fn() -> V + Sync> Crew<'_, I, V, F> {
    /// Works until there is nothing left to do. Starts others as long as most of the time is spent waiting for files.
    fn work<'s>(&'s self, others: &'s thread::Scope<'s, '_>) {
        let waited = Waited::default();
        let mut worker = Worker {
            scanner: Scanner::new(self.set, self.catalogue, self.options.limits.lookahead_bytes),
            visitor: (self.visitor)(),
            buffer: Vec::new(),
            opening: Opening { waited: waited.clone(), ..self.options.opening.clone() },
            options: self.options,
            lookalikes: &self.lookalikes,
            most: self.most,
        };
        let mut pace = Pace::default();
        while let Some((task, mut out)) = self.order.next_task() {
            let started = Instant::now();
            worker.run(task, &mut out);
            drop(out);
            if self.first < self.most
                && let Some(ratio) = pace.note(started.elapsed(), waited.take())
            {
                for _ in 0..self.more(ratio) {
                    // Without another thread it goes on as it is.
                    let _ = thread::Builder::new().spawn_scoped(others, || self.work(others));
                }
            }
        }
    }

    /// How many further workers to start, so that all keep the cores busy if each works one part of its time in `ratio`. At
    /// most as many as there are, so that a mistake costs little.
    fn more(&self, ratio: u32) -> usize {
        let now = self.threads.load(Ordering::Relaxed);
        let wanted = self.first.saturating_mul(ratio as usize).min(self.most).min(2 * now);
        let before = self.threads.fetch_max(wanted, Ordering::Relaxed);
        let more = wanted.saturating_sub(before);
        if more > 0 {
            self.order.serve(wanted);
        }
        more
    }
}

/// How much of its time a worker has waited lately.
#[derive(Default)]
struct Pace {
    slow: u32,
    took: Duration,
    waited: Duration,
}

impl Pace {
    /// Notes one task. After several in a row that waited most of their time, returns how many times as long as the work
    /// they took.
    fn note(&mut self, took: Duration, waited: Duration) -> Option<u32> {
        if waited < SLOW_OPEN || waited * 4 < took * 3 {
            *self = Pace::default();
            return None;
        }
        self.slow += 1;
        self.took += took;
        self.waited += waited;
        let worked = self.took.saturating_sub(self.waited).as_micros().max(1);
        (self.slow >= SLOW_OPENS).then(|| u32::try_from(self.took.as_micros() / worked).unwrap_or(u32::MAX))
    }
}

/// One thread's tools.
struct Worker<'s, V> {
    scanner: Scanner<'s>,
    visitor: V,
    buffer: Vec<u8>,
    opening: Opening,
    options: &'s Options,
    lookalikes: &'s Lookalikes,
    /// The most workers that there may be.
    most: usize,
}

impl<V: Visitor> Worker<'_, V> {
    fn run(&mut self, task: Task, out: &mut Outlet<'_, V::Part>) {
        let (source, work, is_last) = match task {
            Task::Problem(problem) => return out.send(Message::Problem(problem)),
            Task::Open(openable) => return self.open(openable, out),
            Task::Scan { source, work, is_last } => (source, work, is_last),
        };
        let mut end = TaskEnd::default();
        match work {
            Work::Opened(opened) => return self.opened(source, opened, out),
            Work::Range { text, span } => self.range(&source, &text, span, &mut end, out),
            Work::Block(Block { beginning, chunk, what, failed, digest }) => {
                if let Some(beginning) = beginning {
                    out.send(Message::Start(self.lookalikes.stream(&source, beginning)));
                }
                (end.what, end.digest) = (Some(what), digest);
                if let Some(chunk) = chunk {
                    end.bytes += chunk.get().source_bytes;
                    end.long_lines.note(&chunk.get());
                    self.visitor.chunk(&source, &chunk.get(), &mut self.scanner, out);
                }
                end.unread = failed.iter().map(|error| Problem::unreadable(&source.name, error)).collect();
            }
            Work::Interrupted => end.unread.push(Problem::interrupted(&source.name)),
        }
        self.finish(is_last.then_some(source), end, out);
    }

    fn finish(&mut self, ends_source: Option<Arc<Source>>, mut end: TaskEnd, out: &mut Outlet<'_, V::Part>) {
        self.visitor.finish(out);
        end.ends_source = ends_source;
        out.send(Message::TaskEnd(Box::new(end)));
    }

    /// Opens a source and reads all of it, or leaves a rest to others.
    fn open(&mut self, openable: Openable, out: &mut Outlet<'_, V::Part>) {
        let source = Arc::clone(openable.source());
        let opened = openable.open(&self.opening);
        self.opened(source, opened, out);
    }

    fn opened(&mut self, source: Arc<Source>, opened: io::Result<Opened>, out: &mut Outlet<'_, V::Part>) {
        let is_big = source.listed().is_some_and(|listed| listed.len > self.options.range_bytes);
        let opened = match opened {
            Ok(Opened::File(text)) => return self.file(source, text, out),
            Ok(Opened::Archive(members)) if is_big && members.are_independent() => {
                return out.leave(Some(Rest::Members(members)));
            }
            opened => opened,
        };
        // What follows takes its time, and no worker is to wait for a share of it.
        out.leave(None);
        let mut end = TaskEnd::default();
        match opened {
            Ok(Opened::Compressed(stream)) if is_big => self.compressed(&source, stream, &mut end, out),
            // Small, or read ahead already.
            Ok(Opened::Compressed(stream) | Opened::Stream(stream)) => self.stream(&source, stream, &mut end, out),
            Ok(Opened::Archive(members)) => return self.members(members, out),
            Ok(Opened::LeftOut | Opened::File(_)) => return,
            Ok(Opened::Skipped(problem)) => end.unopened = Some(problem),
            Err(error) => end.unopened = Some(Problem::unreadable(&source.name, &error)),
        }
        self.finish(Some(source), end, out);
    }

    /// Reads a file, or the first range of a big one, whose others it leaves.
    fn file(&mut self, source: Arc<Source>, text: TextFile, out: &mut Outlet<'_, V::Part>) {
        let mut end = TaskEnd::default();
        let (text, range_bytes) = (Arc::new(text), self.options.range_bytes);
        let span = Span { start: 0, end: feed::range_end(0, text.len, range_bytes) };
        let is_last = span.end == text.len;
        if !is_last {
            let (source, text, stop) = (Arc::clone(&source), Arc::clone(&text), self.opening.stop.clone());
            out.leave(Some(Rest::File { source, text, next: span.end, range_bytes, stop }));
        }
        self.start(&text, out);
        self.range(&source, &text, span, &mut end, out);
        self.finish(is_last.then_some(source), end, out);
    }

    /// Reads the members of an archive, and those of archives in it.
    fn members(&mut self, members: Members, out: &mut Outlet<'_, V::Part>) {
        for found in members {
            match found {
                Ok(openable) => self.open(openable, out),
                Err(problem) => out.send(Message::Problem(problem)),
            }
            if out.is_closed() {
                break;
            }
        }
    }

    /// Reports how a file begins, where copies are looked for.
    fn start(&self, text: &TextFile, out: &mut Outlet<'_, V::Part>) {
        if self.options.copies == CopyRule::CountOnce {
            let is_dear = self.opening.waited.get() >= SLOW_OPEN;
            let hashing = if is_dear && text.is_in_memory() { Hashing::AtOnce } else { Hashing::WhenAlike };
            out.send(Message::Start(self.lookalikes.file(text, hashing)));
        }
    }

    fn stream(&mut self, source: &Arc<Source>, stream: Stream, end: &mut TaskEnd, out: &mut Outlet<'_, V::Part>) {
        let Stream { reader, what, beginning } = stream;
        let is_compared = self.options.copies == CopyRule::CountOnce;
        if is_compared {
            out.send(Message::Start(self.lookalikes.stream(source, beginning)));
        }
        let mut reader = if is_compared { Digesting::new(reader) } else { Digesting::without(reader) };
        let chunks = self.cut(&mut reader, Span::ALL, what.written);
        self.chunks(source, to_the_end(chunks, source, self.options), end, out);
        if is_compared {
            end.digest = reader.digest();
            self.lookalikes.stream_end(beginning, end.bytes);
        }
        end.what = Some(what);
    }

    fn compressed(&mut self, source: &Arc<Source>, stream: Stream, end: &mut TaskEnd, out: &mut Outlet<'_, V::Part>) {
        if self.most == 1 {
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
        let TextFile { file, len, written, .. } = text;
        end.what = Some(What { chain: Chain::default(), written: *written });
        let span = Span { end: span.end.min(*len), ..span };
        let chunks = self.cut(FileSpan::new(file, span.read_from(written.units), *len), span, *written);
        let chunks = if span.end == *len { to_the_end(chunks, source, self.options) } else { chunks };
        self.chunks(source, chunks, end, out);
    }

    /// Chunks in this thread's working memory.
    fn cut<R: io::Read>(&mut self, reader: R, span: Span, written: Written) -> Chunks<R> {
        Chunks::new(reader, span, self.options.limits, written, std::mem::take(&mut self.buffer))
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
            "{} {lines} longer than {} bytes {were} searched in pieces, the first at byte {first}; a result that is \
             split between two pieces is missed",
            self.count, limits.line_bytes,
        );
        Some(Problem::new(&source.name, Kind::LongLine, what))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_starts_others_only_if_it_waits_again_and_again() {
        let micros = Duration::from_micros;
        let mut pace = Pace::default();
        // A local file, and one whose open met a busy machine.
        let local = (micros(40), micros(25));
        let remote = (micros(3100), micros(3000));
        for (took, waited) in [local, remote, remote, local, remote, remote] {
            assert_eq!(pace.note(took, waited), None);
        }
        assert_eq!(pace.note(remote.0, remote.1), Some(31));
        // Big files take as long to read.
        assert_eq!(pace.note(micros(9000), micros(3000)), None);
    }
}
