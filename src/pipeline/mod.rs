//! Scans sources in parallel, chunk by chunk, and puts the results back in order.
//!
//! Every thread runs the same worker: it takes the next task, cuts it into chunks, and passes each to the scanner and a
//! [`Visitor`]. With a single thread, there is just one worker. A task is a whole small file, a range of a big file, a whole
//! compressed file, or a block of a stream. The tasks of one source are consecutive.
//!
//! Workers open files. If a file turns out to be big, other workers take a share of it. On a network share, opening a file means
//! waiting for an answer. Therefore workers that spend most of their time waiting start others until the cores are busy, up to
//! [`WAITING_LIMIT`], unless the user has set the number of threads. Thus many files can be opened at the same time on few cores.
//!
//! A big compressed file is decompressed by a separate thread while its worker scans, unless there is only one thread. Thus one
//! such file keeps two cores busy, and several keep all of them busy. Each member of a big zip archive on disk is a task of its
//! own. Any other archive is one task, in which members are read one after another.
//!
//! Invariants:
//! * The caller's sink gets everything in the order of the sources and, within a source, in the order of its bytes.
//! * Memory is bounded: only a limited number of tasks are ahead of the sink, each with a few parts waiting. A worker that was
//!   started because others wait adds its own working memory, and a block for files that are not small.
//! * A worker that waits never holds anything that the first task in line needs, so there can be no deadlock.
//! * If a run is asked to end early ([`Stop`](crate::source::Stop)), no further source begins, and those being read end with the
//!   current chunk. All parts up to there reach the sink as usual. A problem reports each source that was cut short, and the
//!   first one that did not begin.

pub mod annotate;
pub mod audit;
mod context;
mod copies;
mod deliver;
mod feed;
mod hours;
pub mod inventory;
mod order;
mod overlaps;
pub(crate) mod packed;
pub mod recorded;
pub mod sign_ins;
pub mod similar;
mod starts;
pub mod summarise;
mod texts;

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::io;
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::catalogue::Catalogue;
use crate::chunk::{Changed, Changes, Chunk, Chunks, Cut, Limits, Span, Start};
use crate::pattern::PatternSet;
use crate::problem::{Kind, Loss, Problem, Remedy};
use crate::scan::Scanner;
use crate::source::{
    self, Ahead, Beginning, Chain, Digesting, Digests, EncodingChoice, Found, HashedPart, Members, Openable, Opened,
    Opening, Source, Stream, TextFile, Waited, What,
};
use crate::summary::Summary;
use crate::time::Assumed;
use crate::units::Written;
use crate::unpack::{FileSpan, TRAILER_BYTES};
pub use copies::Replaced;
use copies::{Begun, Hashing, Lookalikes, Looked};
use deliver::Deliver;
use feed::{Block, Feed, Rest, Task, Work};
use order::Order;
pub use order::Outlet;
use starts::Divided;

/// The largest number of threads that a user can choose. More would only cost time and memory.
pub const THREADS_LIMIT: usize = 256;
/// The largest number of threads that are started because files are slow to open, unless [`field@Options::threads`] is set.
pub const WAITING_LIMIT: usize = 64;
/// The time after which opening a file counts as slow, because it had to wait for storage. Local files open much faster.
const SLOW_OPEN: Duration = Duration::from_micros(500);
/// How many slow openings in a row make a worker start others. One or two may be due to a busy machine.
const SLOW_OPENS: u32 = 3;

/// The options of a run.
#[derive(Clone, Debug)]
pub struct Options {
    /// The number of worker threads, at most [`THREADS_LIMIT`]. `None` means as many as the machine has cores, and more while
    /// they wait for files.
    pub threads: Option<NonZeroUsize>,
    /// The length of a range in bytes. Larger files are divided into ranges, which threads share.
    pub range_bytes: u64,
    /// How ranges and streams are cut into chunks.
    pub limits: Limits,
    /// How sources are opened.
    pub opening: Opening,
    /// What to do with copies.
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
    /// Returns the number of workers with which the run begins, and the largest number. Each may have a file open.
    fn threads(&self) -> (usize, usize) {
        let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let (first, most) =
            self.threads.map_or((cores, WAITING_LIMIT.max(cores)), |threads| (threads.get(), threads.get()));
        let limit = source::open_files_limit().min(THREADS_LIMIT);
        (first.min(limit), most.min(limit))
    }
}

/// Makes chunks that reach the end of their source check whether it ends like an archive. There is nothing to check if the user has
/// chosen the encoding, or if the source does not begin like text.
fn to_the_end<R: io::Read>(chunks: Chunks<R>, source: &Source, options: &Options) -> Chunks<R> {
    match options.opening.encoding {
        EncodingChoice::Automatic if source.is_text() => chunks.checking_the_end(),
        EncodingChoice::Automatic | EncodingChoice::Given(_) => chunks,
    }
}

/// Returns the end of the range that begins at `start`, in a file or a piece of one that ends at `len`.
#[must_use]
pub fn range_end(start: u64, len: u64, range_bytes: u64) -> u64 {
    let end = start.saturating_add(range_bytes);
    // The last range must be long enough to detect an archive at the end of the file.
    let least = (TRAILER_BYTES as u64).min(range_bytes / 4);
    if len.saturating_sub(end) < least { len } else { end.min(len) }
}

/// Whether the encoding of a source may change. It does not if the user has chosen the encoding, or if the source is an event log, whose
/// lines are made here.
fn may_change(written: Written, options: &Options) -> bool {
    options.opening.encoding == EncodingChoice::Automatic && !written.names_computer
}

/// What to do with copies: sources that hold the same bytes as an earlier one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CopyRule {
    /// Skip and report copies.
    #[default]
    CountOnce,
    /// Count copies like all other sources.
    CountAll,
    /// Record what copies are recognised by, so that they can be skipped when what was recorded is merged. Only for
    /// [`recorded::record`].
    Record,
}

impl CopyRule {
    /// Whether sources are compared with others, in this run or later.
    fn is_compared(self) -> bool {
        self != CopyRule::CountAll
    }
}

/// Processes the chunks of a task. Each worker has its own visitor, and uses it for one task after another.
pub trait Visitor: Send {
    /// The value that is sent to the sink.
    type Part: Send;

    /// The largest number of bytes of parts that are held back until it is known whether their source is a copy. If there are
    /// more, they are passed on, and a copy then counts.
    const HELD_BYTES: usize = copies::HELD_BYTES;

    /// Processes one chunk of the current task. It may send parts to `out` at any time.
    fn chunk(
        &mut self,
        source: &Source,
        chunk: &Chunk<'_>,
        scanner: &mut Scanner<'_>,
        out: &mut Outlet<'_, Self::Part>,
    );

    /// Returns the approximate memory use of a part in bytes, which limits how many may wait.
    fn weight(part: &Self::Part) -> usize {
        size_of_val(part)
    }

    /// Whether a part has something that was found, so that what was assumed about the times of its source matters.
    fn has_found(_: &Self::Part) -> bool {
        true
    }

    /// Ends the current task, which has no more chunks. Everything that has not been sent yet must be sent now.
    fn finish(&mut self, out: &mut Outlet<'_, Self::Part>);
}

/// An event for the caller's sink. Events come in order.
#[derive(Debug)]
pub enum Event<P> {
    /// A part of the current source.
    Part(P),
    /// The end of the current source.
    SourceEnd(SourceEnd),
    /// A source that has ended and that the current one replaces. The sink may take its results back.
    Replaced(Rc<Replaced>),
    /// The problem of an input that has no source.
    Problem(Problem),
}

/// The end of one source.
#[derive(Debug)]
pub struct SourceEnd {
    /// The source.
    pub source: Arc<Source>,
    /// How many bytes were scanned, counted after decompression. `None` if the source could not be opened or was skipped, or if
    /// the run was interrupted before any of it was scanned.
    pub bytes: Option<u64>,
    /// The layers around the text and its encoding, or `None` if nothing was read.
    pub what: Option<What>,
    /// The length in bytes if the source was skipped as a copy.
    pub copied: Option<u64>,
    /// What was assumed about the times of the source.
    pub assumed: Assumed,
    /// The problems with the source: what was not read, or read only with a reservation.
    pub problems: Vec<Problem>,
}

/// The outcome of a run: what was read, and what could not be read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome<S = Summary> {
    /// The value that the caller makes from the results, such as their totals.
    pub summary: S,
    /// How many sources were read, completely or not.
    pub files: u64,
    /// How many bytes were scanned, counted after decompression.
    pub bytes: u64,
    /// The total size in bytes of copies that were not counted.
    pub copied_bytes: u64,
    /// The problems of all inputs, in their order: what was not read, or read only with a reservation.
    pub problems: Vec<Problem>,
    /// What was assumed about the times of sources with results.
    pub times: Assumed,
    /// Whether anything was found in the current source.
    has_found: bool,
    /// The times of single sources, by the number of sources that were read before, and only as far as anything was assumed.
    times_of: HashMap<u32, Assumed>,
}

impl<S> Outcome<S> {
    /// Returns the same outcome without the results.
    #[must_use]
    pub fn without_results(self) -> (Outcome<()>, S) {
        let Outcome { summary, files, bytes, copied_bytes, problems, times, has_found, times_of } = self;
        (Outcome { summary: (), files, bytes, copied_bytes, problems, times, has_found, times_of }, summary)
    }
}

impl Outcome<()> {
    /// Adds an event.
    fn note<V: Visitor>(&mut self, event: &Event<V::Part>) {
        match event {
            Event::Part(part) => self.has_found |= V::has_found(part),
            Event::SourceEnd(end) => {
                if std::mem::take(&mut self.has_found) && end.what.is_some() {
                    let times = end.assumed;
                    self.times.merge(&times);
                    if times != Assumed::default() && end.bytes.is_some() {
                        self.times_of.insert(u32::try_from(self.files).unwrap_or(u32::MAX), times);
                    }
                }
                self.files += u64::from(end.bytes.is_some());
                self.bytes += end.bytes.unwrap_or(0);
                self.copied_bytes += end.copied.unwrap_or(0);
                self.problems.extend_from_slice(&end.problems);
            }
            Event::Problem(problem) => self.problems.push(problem.clone()),
            Event::Replaced(_) => {}
        }
    }

    /// Adds the problem of a source that was replaced. If it was taken back, removes everything else about it.
    fn replace(&mut self, replaced: &Replaced) {
        if replaced.is_taken_back() {
            self.files -= 1;
            self.bytes -= replaced.bytes();
            self.problems.retain(|problem| problem.path != replaced.name());
            if let Some(times) = self.times_of.remove(&replaced.number) {
                self.times.subtract(&times);
            }
        }
        let problem = replaced.problem();
        self.copied_bytes += if problem.kind == Kind::Copy { replaced.bytes() } else { 0 };
        self.problems.push(problem);
    }

    /// Returns the same outcome with this value for the results.
    #[must_use]
    pub fn with<S>(self, summary: S) -> Outcome<S> {
        self.map(|()| summary)
    }
}

impl<R> Outcome<R> {
    /// Returns the same outcome with another value for the results.
    #[must_use]
    pub fn map<S>(self, change: impl FnOnce(R) -> S) -> Outcome<S> {
        let Outcome { summary, files, bytes, copied_bytes, problems, times, has_found, times_of } = self;
        Outcome { summary: change(summary), files, bytes, copied_bytes, problems, times, has_found, times_of }
    }
}

/// The error that is returned if the system cannot start threads. The run has not begun then.
#[derive(Debug)]
pub struct NoThreads(rayon::ThreadPoolBuildError);

impl fmt::Display for NoThreads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot start threads: {}", self.0)
    }
}

impl Error for NoThreads {}

/// The report of a task at its end, or the sum of the reports of all tasks of a source.
#[derive(Clone, Debug, Default)]
struct TaskEnd {
    bytes: u64,
    what: Option<What>,
    /// What was assumed about the times of the source, if `what` does not say so because it was recorded.
    assumed: Option<Assumed>,
    /// The reason why the source could not be opened or was skipped.
    unopened: Option<Problem>,
    /// The reasons why the source could not be read to its end.
    unread: Vec<Problem>,
    long_lines: LongLines,
    changes: Changes,
    changing_times: u64,
    /// The digest of all bytes of a stream, if it is compared with other sources.
    digest: Option<Digests>,
    /// The source, if this is its last task.
    ends_source: Option<Arc<Source>>,
}

/// The number of lines over the limit, and where the first one is.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct LongLines {
    count: u64,
    first_offset: Option<u64>,
}

/// A message of a worker to the sink.
enum Message<P> {
    /// The beginning of a source that is compared with others.
    Start(Begun),
    Part(P),
    TaskEnd(Box<TaskEnd>),
    Problem(Problem),
    /// The beginning of a source that another process compares with others. Sent only for [`CopyRule::Record`].
    Looked(Box<Looked>),
    /// The hashes of a piece of a file. Sent only for [`CopyRule::Record`].
    Hashed(Vec<HashedPart>),
    /// The end of an input. Sent only if a run asks for it.
    InputEnd,
}

/// Scans `inputs` and passes the parts of the visitors to `sink`, in order.
///
/// `visitor` makes a visitor for each worker. `sink` runs on the thread of the caller.
///
/// # Errors
///
/// Returns the first error of the sink, which ends the run, or [`NoThreads`]. An input that cannot be read is not an error, but
/// a problem.
pub fn run<V: Visitor>(
    inputs: impl Iterator<Item = Found> + Send,
    set: &PatternSet,
    catalogue: &Catalogue,
    options: &Options,
    visitor: impl Fn() -> V + Sync,
    sink: &mut dyn FnMut(Event<V::Part>) -> io::Result<()>,
) -> io::Result<Outcome<()>> {
    let lookalikes = Lookalikes::new(&options.opening.stop);
    let mut outcome = delivered::<V>(options, &lookalikes, sink, |deliver| {
        let crew = (set, catalogue, options, &lookalikes, InputEnds::Unmarked);
        work(inputs, crew, visitor, &mut |message| deliver.message(message))
    })?;
    // Ctrl-C also ends the program that writes to a pipe, so the end of the pipe may arrive before the request to stop.
    let is_reported = outcome.problems.iter().any(|problem| problem.kind == Kind::Interrupted);
    if options.opening.stop.is_requested() && !is_reported {
        let event = Event::Problem(Problem::interrupted("all inputs"));
        outcome.note::<V>(&event);
        sink(event)?;
    }
    Ok(outcome)
}

/// Passes the messages that `feed` gives to a [`Deliver`] on to `sink` as events, and collects the outcome.
fn delivered<V: Visitor>(
    options: &Options,
    lookalikes: &Lookalikes,
    sink: &mut dyn FnMut(Event<V::Part>) -> io::Result<()>,
    feed: impl FnOnce(&mut Deliver<'_, V>) -> io::Result<()>,
) -> io::Result<Outcome<()>> {
    let mut outcome = Outcome::default();
    let mut watched = |event: Event<V::Part>| {
        outcome.note::<V>(&event);
        let replaced = if let Event::Replaced(replaced) = &event { Some(Rc::clone(replaced)) } else { None };
        sink(event)?;
        replaced.iter().for_each(|replaced| outcome.replace(replaced));
        Ok(())
    };
    feed(&mut Deliver::<V>::new(options, lookalikes, &mut watched))?;
    Ok(outcome)
}

/// Whether workers send [`Message::InputEnd`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum InputEnds {
    Unmarked,
    Marked,
}

/// Scans `inputs` and passes the messages of all workers to `sink`, in order.
fn work<V: Visitor>(
    mut inputs: impl Iterator<Item = Found> + Send,
    (set, catalogue, options, lookalikes, ends): (&PatternSet, &Catalogue, &Options, &Lookalikes, InputEnds),
    visitor: impl Fn() -> V + Sync,
    sink: &mut dyn FnMut(Message<V::Part>) -> io::Result<()>,
) -> io::Result<()> {
    // A command may read its inputs several times.
    options.opening.meter.start_over();
    // For a single small file, further threads would only be started and stopped again.
    let first: Vec<Found> = inputs.by_ref().take(2).collect();
    let is_small = |only: &Openable| only.known_size().is_some_and(|size| size <= options.range_bytes);
    let is_one_task = matches!(first.as_slice(), [Ok(only)] if is_small(only));
    let inputs = first.into_iter().chain(inputs.fuse());
    let (threads, most) = if is_one_task { (1, 1) } else { options.threads() };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|error| io::Error::other(NoThreads(error)))?;
    let crew = Crew {
        order: Order::new(Feed::new(inputs, options.clone(), ends), threads, V::weight),
        lookalikes,
        set,
        catalogue,
        options,
        visitor: &visitor,
        first: threads,
        threads: AtomicUsize::new(threads),
        most,
    };
    // The pool cannot grow, so threads that are started later are not part of it.
    thread::scope(|others| {
        pool.in_place_scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|_| crew.work(others));
            }
            crew.order.drain(sink)
        })
    })
}

/// The state that the workers share.
struct Crew<'c, I: Iterator, V: Visitor, F> {
    order: Order<I, V::Part>,
    lookalikes: &'c Lookalikes,
    set: &'c PatternSet,
    catalogue: &'c Catalogue,
    options: &'c Options,
    visitor: &'c F,
    /// How many workers the run begins with.
    first: usize,
    /// How many workers were started.
    threads: AtomicUsize,
    /// The largest number of workers.
    most: usize,
}

impl<I: Iterator<Item = Found> + Send, V: Visitor, F: Fn() -> V + Sync> Crew<'_, I, V, F> {
    /// Works until there is nothing left to do. This is the body of each worker. Starts other workers while it spends most of
    /// its time waiting for files.
    fn work<'s>(&'s self, others: &'s thread::Scope<'s, '_>) {
        let waited = Waited::default();
        let mut worker = Worker {
            scanner: Scanner::new(self.set, self.catalogue, self.options.limits.lookahead_bytes),
            visitor: (self.visitor)(),
            buffer: Vec::new(),
            opening: Opening { waited: waited.clone(), threads: self.first, ..self.options.opening.clone() },
            options: self.options,
            lookalikes: self.lookalikes,
            most: self.most,
        };
        let mut pace = Pace::default();
        while let Some((task, mut out)) = self.order.next_task() {
            let started = Instant::now();
            worker.run(task, &mut out);
            drop(out);
            // This also resets the time, which must be that of one task.
            let ratio = pace.note(started.elapsed(), waited.take());
            if let Some(ratio) = ratio.filter(|_| self.first < self.most) {
                for _ in 0..self.more(ratio) {
                    // If no thread can be started, the run continues with the existing ones.
                    let _ = thread::Builder::new().spawn_scoped(others, || self.work(others));
                }
            }
        }
    }

    /// Returns how many more workers to start. A worker that computes for 1/`ratio` of its time and waits for files for the
    /// rest leaves room for `ratio` workers on each core. The number of workers is at most doubled, so that a wrong guess
    /// costs little.
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

/// Measures how much of its time a worker has spent waiting in its last tasks.
#[derive(Default)]
struct Pace {
    slow: u32,
    took: Duration,
    waited: Duration,
}

impl Pace {
    /// Records a task. After several tasks in a row that waited most of their time, returns the ratio of their total time to
    /// the time that they worked.
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

/// The tools of one thread.
struct Worker<'s, V> {
    scanner: Scanner<'s>,
    visitor: V,
    buffer: Vec<u8>,
    opening: Opening,
    options: &'s Options,
    lookalikes: &'s Lookalikes,
    /// The largest number of workers.
    most: usize,
}

impl<V: Visitor> Worker<'_, V> {
    /// Does one task.
    fn run(&mut self, task: Task, out: &mut Outlet<'_, V::Part>) {
        let (source, work, is_last) = match task {
            Task::Problem(problem) => return out.send(Message::Problem(problem)),
            Task::InputEnd => return out.send(Message::InputEnd),
            Task::Open(openable) => return self.open(openable, out),
            Task::Scan { source, work, is_last } => (source, work, is_last),
        };
        let mut end = TaskEnd::default();
        match work {
            Work::Opened(opened) => return self.opened(source, opened, out),
            Work::Range { text, span } => self.range(&source, &text, span, &mut end, out),
            Work::Block(Block { beginning, chunk, what, failed, changes, digest }) => {
                if let Some(beginning) = beginning {
                    out.send(self.stream_start(&source, beginning));
                }
                (end.what, end.changes, end.digest) = (Some(what), *changes, digest.map(|digests| *digests));
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

    /// Ends a task and sends its report.
    fn finish(&mut self, ends_source: Option<Arc<Source>>, mut end: TaskEnd, out: &mut Outlet<'_, V::Part>) {
        self.visitor.finish(out);
        end.ends_source = ends_source;
        end.changing_times = self.scanner.take_changing_times();
        out.send(Message::TaskEnd(Box::new(end)));
    }

    /// Opens a source and reads all of it, or leaves the rest to all workers.
    fn open(&mut self, openable: Openable, out: &mut Outlet<'_, V::Part>) {
        let source = Arc::clone(openable.source());
        let opened = openable.open(&self.opening);
        self.opened(source, opened, out);
    }

    /// Reads a source that was opened.
    fn opened(&mut self, source: Arc<Source>, opened: io::Result<Opened>, out: &mut Outlet<'_, V::Part>) {
        let is_big = source.listed().is_some_and(|listed| listed.len > self.options.range_bytes);
        let opened = match opened {
            Ok(Opened::File(text)) => return self.file(source, text, out),
            Ok(_) if source.piece().is_some() => Err(not_plain().into()),
            Ok(Opened::Archive(members)) if is_big && members.are_independent() => {
                return out.leave(Some(Rest::Members(members)));
            }
            opened => opened,
        };
        // Reading all of this takes time, and no other worker should wait for a share of it.
        out.leave(None);
        let mut end = TaskEnd::default();
        match opened {
            Ok(Opened::Compressed(stream)) if is_big => self.compressed(&source, stream, &mut end, out),
            // These are too small for another thread, or another thread already reads ahead.
            Ok(Opened::Compressed(stream) | Opened::Stream(stream)) => self.stream(&source, stream, &mut end, out),
            Ok(Opened::Archive(members)) => return self.members(members, out),
            Ok(Opened::LeftOut | Opened::File(_)) => return,
            Ok(Opened::Skipped(problem)) => end.unopened = Some(problem),
            Err(error) => end.unopened = Some(Problem::unreadable(&source.name, &error)),
        }
        self.finish(Some(source), end, out);
    }

    /// Reads a whole file, or reads the first range of a big one and leaves the other ranges to all workers.
    fn file(&mut self, source: Arc<Source>, text: TextFile, out: &mut Outlet<'_, V::Part>) {
        let mut end = TaskEnd::default();
        let range_bytes = self.options.range_bytes;
        let whole = source.piece().unwrap_or(0..text.len);
        let piece = Span { start: whole.start.min(text.len), end: whole.end.min(text.len) };
        let span = Span { end: range_end(piece.start, piece.end, range_bytes), ..piece };
        let is_last = span.end == piece.end;
        let text = Arc::new(Divided::new(text));
        if !is_last {
            let (source, text, stop) = (Arc::clone(&source), Arc::clone(&text), self.opening.stop.clone());
            out.leave(Some(Rest::File { source, text, rest: Span { start: span.end, ..piece }, range_bytes, stop }));
        }
        self.start(&source, &text.text, piece, out);
        self.range(&source, &text, span, &mut end, out);
        self.finish(is_last.then_some(source), end, out);
    }

    /// Reads the members of an archive, including those of nested archives.
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

    /// Sends the beginning of a file if copies must be recognised. `piece` is the part of the file that is read.
    fn start(&self, source: &Source, text: &TextFile, piece: Span, out: &mut Outlet<'_, V::Part>) {
        match self.options.copies {
            CopyRule::CountAll => {}
            CopyRule::CountOnce => {
                let is_dear = self.opening.waited.get() >= SLOW_OPEN;
                let hashing = if is_dear && text.is_in_memory() { Hashing::AtOnce } else { Hashing::WhenAlike };
                out.send(Message::Start(self.lookalikes.file(text, hashing)));
            }
            CopyRule::Record => {
                let stop = &self.opening.stop;
                let is_hashed = !source.is_alone();
                out.send(Message::Looked(Box::new(Looked::file(text, piece, is_hashed, stop))));
                if is_hashed && piece != (Span { start: 0, end: text.len }) {
                    let parts = text.hashed_parts(piece.start..piece.end, stop).unwrap_or_default();
                    out.send(Message::Hashed(parts));
                }
            }
        }
    }

    /// Returns the message with the beginning of a stream that is compared with other sources.
    fn stream_start(&self, source: &Source, beginning: Beginning) -> Message<V::Part> {
        match self.options.copies {
            CopyRule::Record => Message::Looked(Box::new(Looked::stream(source, beginning))),
            CopyRule::CountOnce | CopyRule::CountAll => Message::Start(self.lookalikes.stream(source, beginning)),
        }
    }

    /// Reads a stream, and hashes it if copies must be recognised.
    fn stream(&mut self, source: &Arc<Source>, stream: Stream, end: &mut TaskEnd, out: &mut Outlet<'_, V::Part>) {
        let Stream { reader, what, beginning } = stream;
        let is_compared = self.options.copies.is_compared();
        if is_compared {
            out.send(self.stream_start(source, beginning));
        }
        let mut reader = if is_compared { Digesting::new(reader) } else { Digesting::without(reader) };
        let start = Start::of_source(what.written.units);
        let chunks = self.cut(&mut reader, start, Span::ALL, what.written);
        self.chunks(source, to_the_end(chunks, source, self.options), end, out);
        if is_compared {
            end.digest = reader.digests();
            self.lookalikes.stream_end(beginning, end.bytes);
        }
        end.what = Some(what);
    }

    /// Reads a big compressed file, which another thread decompresses unless only one thread is allowed.
    fn compressed(&mut self, source: &Arc<Source>, stream: Stream, end: &mut TaskEnd, out: &mut Outlet<'_, V::Part>) {
        if self.most == 1 {
            return self.stream(source, stream, end, out);
        }
        match Ahead::new(stream.reader) {
            Ok(reader) => self.stream(source, Stream { reader: Box::new(reader), ..stream }, end, out),
            Err(error) => end.unopened = Some(Problem::unreadable(&source.name, &error)),
        }
    }

    /// Reads the lines of one range of a file.
    fn range(&mut self, source: &Source, text: &Divided, span: Span, end: &mut TaskEnd, out: &mut Outlet<'_, V::Part>) {
        let TextFile { file, len, written, .. } = &text.text;
        end.what = Some(What { chain: Chain::default(), written: *written });
        let start = if span.start == 0 {
            Ok(Start::of_source(written.units))
        } else if may_change(*written, self.options) {
            text.start(span.start, self.options.range_bytes, self.options.limits, &self.opening.stop)
        } else {
            Ok(Start { offset: span.read_from(written.units), ..Start::of_source(written.units) })
        };
        let span = Span { end: span.end.min(*len), ..span };
        match start {
            Ok(start) => {
                let reader = FileSpan::new(file, start.offset, *len);
                let chunks = self.cut(reader, start, span, *written);
                let chunks = if span.end == *len { to_the_end(chunks, source, self.options) } else { chunks };
                self.chunks(source, chunks, end, out);
            }
            Err(error) => end.unread.push(Problem::unreadable(&source.name, &error)),
        }
    }

    /// Cuts the text of a reader into chunks, using the buffer of this worker. The reader starts at `start`.
    fn cut<R: io::Read>(&mut self, reader: R, start: Start, span: Span, written: Written) -> Chunks<R> {
        let (limits, buffer) = (self.options.limits, std::mem::take(&mut self.buffer));
        if may_change(written, self.options) {
            Chunks::changing(reader, start, span, limits, written, buffer)
        } else {
            Chunks::new(reader, span, limits, written, buffer)
        }
    }

    /// Passes all chunks to the visitor, up to the end or a request to stop.
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
                // If reading has failed, this chunk is the last one. It is small, and may be everything that was read, so it is
                // still passed on.
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
        end.changes.merge(chunks.changes());
        self.buffer = chunks.into_buffer();
    }
}

impl LongLines {
    /// Counts a line over the limit if `chunk` begins it.
    fn note(&mut self, chunk: &Chunk<'_>) {
        if chunk.cut == Cut::FirstPiece {
            self.merge(LongLines { count: 1, first_offset: Some(chunk.offset) });
        }
    }

    /// Adds the long lines of a later part of the source.
    fn merge(&mut self, later: LongLines) {
        self.count += later.count;
        self.first_offset = self.first_offset.or(later.first_offset);
    }

    /// Returns the problem that reports long lines, or `None` if there are none.
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

/// Returns the loss for a file of which a piece should be read, but that is no plain text.
fn not_plain() -> Loss {
    let what = "a part of this file was to be read, but it is no longer plain text";
    Loss::new(Kind::Unreadable, what, Remedy::PlanAgain)
}

/// Returns the problem that reports where the encoding of a source changes, or `None` if it does not.
fn changes_problem(changes: &Changes, source: &Source) -> Option<Problem> {
    let place = |changed: &Changed| {
        let after = if changed.is_after_stray_byte {
            ", after a stray byte, whose line was not searched up to there"
        } else {
            ""
        };
        format!("to {} at byte {}{after}", changed.units.name(), changed.offset)
    };
    let mut places: Vec<String> = changes.first.iter().map(place).collect();
    let others = changes.count - changes.first.len() as u64;
    if others > 0 {
        places.push(format!("and {others} more"));
    }
    let times = if changes.count == 1 { String::new() } else { format!(" {} times", changes.count) };
    let what = format!("its encoding changes{times}: {}; each part was read in its own encoding", places.join(", "));
    (changes.count > 0).then(|| Problem::new(&source.name, Kind::EncodingChanges, what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_starts_others_only_after_it_has_waited_several_times_in_a_row() {
        let micros = Duration::from_micros;
        let mut pace = Pace::default();
        // A local file, and one that was slow to open.
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
