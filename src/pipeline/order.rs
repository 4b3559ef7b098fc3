//! Results in the order of their tasks, whichever worker is done first.
//!
//! Each task has a lane, in the order in which tasks were handed out. The sink empties the lane at the head; the others
//! wait. Workers wait too, once enough parts are waiting, so that memory stays bounded however slow the sink is.
//!
//! Nothing can lock up: the head's worker only ever waits for the sink, the sink only for the head's worker, and
//! whoever holds the feed holds no task. A thread that panics closes the order, and nobody waits for it.
//!
//! Who waits leaves word where to be woken, and whoever changes something wakes those that can go on by it, instead of
//! a condition variable for all: 64 workers on 2 cores, woken by each of 20,000 small files, took 40 times as long as 2.

use std::collections::VecDeque;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};
use std::time::Duration;

use super::Message;
use super::feed::{Feed, Task};
use crate::source::Found;

/// How many bytes of parts may wait behind the head, at the least; each part is the result of a few chunks or of a task.
const WAITING_BYTES: usize = 4 << 20;
/// What each thread may add to them, and the most that a part is expected to have.
const PART_BYTES: usize = 256 << 10;
/// With how many messages of the head the sink is woken. Not with each, nor with each task that is done: waking costs more
/// than a small file's few messages.
const NEWS_AT_HEAD: usize = 4;
/// After which time the sink takes what there is, however little.
const LINGERING: Duration = Duration::from_millis(20);
/// How many messages of the head may wait for the sink: so many that its worker can go on meanwhile.
const WAITING_AT_HEAD: usize = 2 * NEWS_AT_HEAD;
/// How many messages of one task may wait while others are at the head. What is no part is small, but an archive may
/// have millions of members.
const WAITING_IN_LANE: usize = 256;
/// How many bytes of parts the sink takes at once, give or take a part.
const BYTES_AT_ONCE: usize = 4 * PART_BYTES;

pub(super) struct Order<I: Iterator, P> {
    feed: Mutex<Feed<I>>,
    lanes: Mutex<Lanes<P>>,
    /// How many tasks may be in work or waiting. Many, since the sink is woken when half of them are done: waking it costs as
    /// much as opening a file.
    window: usize,
}

struct Lanes<P> {
    /// Number of the task whose lane is at the front.
    head: u64,
    lanes: VecDeque<Lane<P>>,
    /// The memory that a part takes, in bytes.
    weigh: fn(&P) -> usize,
    /// Of all parts that wait.
    waiting_bytes: usize,
    /// Above how many of them a worker waits for its turn.
    bytes_ahead: usize,
    /// With how many tasks done at the front the sink is woken.
    done_ahead: usize,
    no_more_tasks: bool,
    /// The sink has failed, or a thread panicked; nothing is wanted any more.
    closed: bool,
    /// Sleeps until there is enough for the sink, or for some time.
    sink: Option<Thread>,
    /// Sleeps, with the feed in hand, until another task may begin.
    feeder: Option<Thread>,
    /// How many lanes have a worker asleep.
    asleep: usize,
}

struct Lane<P> {
    waiting: VecDeque<Message<P>>,
    is_done: bool,
    /// Sleeps until it may add a part.
    worker: Option<Thread>,
}

/// Where a worker puts what a task yields.
pub struct Outlet<'o, P> {
    line: &'o dyn Line<P>,
    number: u64,
}

/// What an [`Outlet`] needs of its order, whatever the feed.
trait Line<P>: Sync {
    fn send(&self, number: u64, message: Message<P>);
    fn is_closed(&self) -> bool;
    fn finish(&self, number: u64);
    fn close(&self);
}

impl<P> Outlet<'_, P> {
    /// Hands on one part. Waits while enough is waiting before it.
    pub fn part(&mut self, part: P) {
        self.send(Message::Part(part));
    }

    pub(super) fn send(&mut self, message: Message<P>) {
        self.line.send(self.number, message);
    }

    /// Whether nobody wants further parts.
    pub(super) fn is_closed(&self) -> bool {
        self.line.is_closed()
    }
}

impl<P> Drop for Outlet<'_, P> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.line.close();
        } else {
            self.line.finish(self.number);
        }
    }
}

/// Closes the order at the end of its scope.
struct Closing<'o, P>(&'o dyn Line<P>);

impl<P> Drop for Closing<'_, P> {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl<I: Iterator<Item = Found> + Send, P: Send> Order<I, P> {
    /// `weigh` tells how much memory a part takes, in bytes.
    pub(super) fn new(feed: Feed<I>, threads: usize, weigh: fn(&P) -> usize) -> Order<I, P> {
        let window = 8 * threads + 32;
        let lanes = Lanes {
            head: 0,
            lanes: VecDeque::new(),
            weigh,
            waiting_bytes: 0,
            bytes_ahead: WAITING_BYTES.max(2 * threads * PART_BYTES),
            done_ahead: window / 2,
            no_more_tasks: false,
            closed: false,
            sink: None,
            feeder: None,
            asleep: 0,
        };
        Order { feed: Mutex::new(feed), lanes: Mutex::new(lanes), window }
    }

    /// The next task and its outlet; `None` when there are no more.
    pub(super) fn next_task(&self) -> Option<(Task, Outlet<'_, P>)> {
        // Held until the lane stands, so that lanes are in the order of the tasks.
        let mut feed = self.feed.lock().unwrap_or_else(PoisonError::into_inner);
        let has_room = |lanes: &Lanes<P>| lanes.lanes.len() < self.window;
        let lanes = self.sleep_until(has_room, |lanes| lanes.feeder = Some(thread::current()));
        if lanes.closed {
            return None;
        }
        drop(lanes);
        // What finds and opens inputs may panic too.
        let closing = Closing(self);
        let task = feed.next();
        std::mem::forget(closing);
        let mut lanes = self.lock();
        let Some(task) = task else {
            lanes.no_more_tasks = true;
            wake(lanes.sink.take());
            return None;
        };
        lanes.lanes.push_back(Lane { waiting: VecDeque::new(), is_done: false, worker: None });
        let number = lanes.head + lanes.lanes.len() as u64 - 1;
        Some((task, Outlet { line: self, number }))
    }

    /// Passes every message to `sink`, in order, until all tasks are done or a thread has panicked.
    pub(super) fn drain(&self, mut sink: impl FnMut(Message<P>) -> io::Result<()>) -> io::Result<()> {
        // However this ends, no worker is to wait for it.
        let _closing = Closing(self);
        let mut taken = Vec::new();
        loop {
            let mut lanes = self.await_news();
            if lanes.closed || lanes.lanes.is_empty() {
                return Ok(());
            }
            lanes.take(&mut taken);
            let feeder = if lanes.lanes.len() < self.window { lanes.feeder.take() } else { None };
            let workers = lanes.that_can_go_on();
            drop(lanes);
            wake(feeder.into_iter().chain(workers));
            for message in taken.drain(..) {
                sink(message)?;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Lanes<P>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For the sink: sleeps until there is enough for it, or something for some time.
    fn await_news(&self) -> MutexGuard<'_, Lanes<P>> {
        let mut lanes = self.lock();
        while !lanes.closed && !lanes.has_news() {
            lanes.sink = Some(thread::current());
            drop(lanes);
            thread::park_timeout(LINGERING);
            lanes = self.lock();
        }
        lanes.sink = None;
        lanes
    }

    /// Sleeps until `is_ready`, or until the order is closed. `leave_word` says where this thread is to be woken; it
    /// may be woken in vain.
    fn sleep_until(
        &self,
        is_ready: impl Fn(&Lanes<P>) -> bool,
        leave_word: impl Fn(&mut Lanes<P>),
    ) -> MutexGuard<'_, Lanes<P>> {
        let mut lanes = self.lock();
        while !lanes.closed && !is_ready(&lanes) {
            leave_word(&mut lanes);
            let sink = lanes.sink_that_should_go_on();
            drop(lanes);
            wake(sink);
            thread::park();
            lanes = self.lock();
        }
        lanes
    }
}

fn wake(threads: impl IntoIterator<Item = Thread>) {
    threads.into_iter().for_each(|thread| thread.unpark());
}

impl<P> Lanes<P> {
    /// For the sink: whether it can go on.
    fn has_news(&self) -> bool {
        match self.lanes.front() {
            Some(front) => front.is_done || !front.waiting.is_empty(),
            None => self.no_more_tasks,
        }
    }

    /// Whether the sink is to be woken: there is enough for it, or others wait for it.
    fn has_enough_news(&self) -> bool {
        let is_awaited = self.no_more_tasks || self.feeder.is_some() || self.asleep > 0;
        let is_enough = |front: &Lane<P>| front.waiting.len() >= NEWS_AT_HEAD;
        (is_awaited && self.has_news())
            || self.lanes.front().is_some_and(is_enough)
            || self.lanes.iter().take_while(|lane| lane.is_done).nth(self.done_ahead - 1).is_some()
    }

    /// For the sink: moves what is next to `taken`, of as many lanes as are done, up to a few parts.
    fn take(&mut self, taken: &mut Vec<Message<P>>) {
        let mut bytes = 0;
        while bytes < BYTES_AT_ONCE
            && let Some(front) = self.lanes.front_mut()
        {
            match front.waiting.pop_front() {
                Some(message) => {
                    bytes += message.weight(self.weigh);
                    taken.push(message);
                }
                None if front.is_done => {
                    self.lanes.pop_front();
                    self.head += 1;
                }
                None => break,
            }
        }
        self.waiting_bytes -= bytes;
    }

    /// The workers for whose parts there is room now, those first whose turn comes first.
    fn that_can_go_on(&mut self) -> Vec<Thread> {
        let mut woken = Vec::new();
        if self.asleep == 0 {
            return woken;
        }
        let mut lanes = self.lanes.iter_mut();
        woken.extend(
            lanes.next().filter(|head| head.waiting.len() < WAITING_AT_HEAD).and_then(|head| head.worker.take()),
        );
        let room = self.bytes_ahead.saturating_sub(self.waiting_bytes) / PART_BYTES;
        let with_room = lanes.filter(|lane| lane.waiting.len() < WAITING_IN_LANE);
        woken.extend(with_room.filter_map(|lane| lane.worker.take()).take(room));
        self.asleep -= woken.len();
        woken
    }

    fn lane(&mut self, number: u64) -> Option<&mut Lane<P>> {
        self.index(number).and_then(|index| self.lanes.get_mut(index))
    }

    fn index(&self, number: u64) -> Option<usize> {
        usize::try_from(number.checked_sub(self.head)?).ok()
    }

    /// For a worker: whether there is room for another message. Only parts are large; of all else there may be more, so
    /// that a small task never waits.
    fn has_room(&self, number: u64, is_part: bool) -> bool {
        let in_lane = self.index(number).and_then(|index| self.lanes.get(index)).map_or(0, |lane| lane.waiting.len());
        match number == self.head {
            _ if !is_part => in_lane < WAITING_IN_LANE,
            true => in_lane < WAITING_AT_HEAD,
            false => in_lane < WAITING_IN_LANE && self.waiting_bytes < self.bytes_ahead,
        }
    }

    /// For a worker: has it woken when there is room.
    fn sleep_in(&mut self, number: u64) {
        if let Some(lane) = self.lane(number) {
            let is_new = lane.worker.replace(thread::current()).is_none();
            self.asleep += usize::from(is_new);
        }
    }

    /// The sink, if it sleeps and should not any longer.
    fn sink_that_should_go_on(&mut self) -> Option<Thread> {
        if self.sink.is_some() && self.has_enough_news() { self.sink.take() } else { None }
    }
}

impl<I: Iterator<Item = Found> + Send, P: Send> Line<P> for Order<I, P> {
    fn send(&self, number: u64, message: Message<P>) {
        let is_part = message.is_part();
        let has_room = |lanes: &Lanes<P>| lanes.has_room(number, is_part);
        let mut lanes = self.sleep_until(has_room, |lanes| lanes.sleep_in(number));
        if lanes.closed {
            return;
        }
        debug_assert!(lanes.lane(number).is_some(), "a lane stays as long as its outlet");
        let weight = message.weight(lanes.weigh);
        if let Some(lane) = lanes.lane(number) {
            lane.waiting.push_back(message);
            lanes.waiting_bytes += weight;
        }
        let sink = lanes.sink_that_should_go_on();
        drop(lanes);
        wake(sink);
    }

    fn is_closed(&self) -> bool {
        self.lock().closed
    }

    fn finish(&self, number: u64) {
        let mut lanes = self.lock();
        if let Some(lane) = lanes.lane(number) {
            lane.is_done = true;
        }
        let sink = lanes.sink_that_should_go_on();
        drop(lanes);
        wake(sink);
    }

    fn close(&self) {
        let mut lanes = self.lock();
        lanes.closed = true;
        let mut woken: Vec<Thread> = lanes.sink.take().into_iter().chain(lanes.feeder.take()).collect();
        woken.extend(lanes.lanes.iter_mut().filter_map(|lane| lane.worker.take()));
        lanes.asleep = 0;
        drop(lanes);
        wake(woken);
    }
}

impl<P> Message<P> {
    fn is_part(&self) -> bool {
        matches!(self, Message::Part(_))
    }

    /// Only parts are large.
    fn weight(&self, weigh: fn(&P) -> usize) -> usize {
        match self {
            Message::Part(part) => weigh(part),
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc::{self, RecvTimeoutError};
    use std::time::Duration;

    use proptest::prelude::*;

    use super::super::{Options, TaskEnd};
    use super::*;
    use crate::problem::{Kind, Problem};

    /// What is sent with a part: the task it is of, and which of its parts it is.
    type Part = (usize, usize);

    /// Ends a test that would hang, which is how faults in here show.
    fn in_time<R: Send + 'static>(test: impl FnOnce() -> R + Send + 'static) -> R {
        let (done, result) = mpsc::channel();
        let running = thread::spawn(move || drop(done.send(test())));
        match result.recv_timeout(Duration::from_secs(60)) {
            Ok(result) => result,
            Err(RecvTimeoutError::Timeout) => panic!("it hangs"),
            Err(RecvTimeoutError::Disconnected) => panic::resume_unwind(running.join().unwrap_err()),
        }
    }

    /// A source that is none: the least task there is. Its number is its name.
    fn input(number: usize) -> Found {
        Err(Problem::new(number.to_string(), Kind::Special, ""))
    }

    /// Works off as many tasks as `parts` has entries, each of which yields so many parts.
    fn run(
        parts: &[usize],
        threads: usize,
        work: impl Fn(Part) + Sync,
        mut sink: impl FnMut(Part) -> io::Result<()>,
    ) -> io::Result<()> {
        let order = Order::new(Feed::new((0..parts.len()).map(input), Options::default()), threads, |_| PART_BYTES);
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    while let Some((Task::Problem(problem), mut out)) = order.next_task() {
                        let task: usize = problem.path.parse().unwrap();
                        for part in 0..parts[task] {
                            work((task, part));
                            out.part((task, part));
                            // What is no part is no end either: an archive has many sources.
                            out.send(Message::Problem(problem.clone()));
                        }
                        out.send(Message::TaskEnd(Box::new(TaskEnd { bytes: task as u64, ..TaskEnd::default() })));
                    }
                });
            }
            // The end of a task comes as the part behind its last.
            order.drain(|message| match message {
                Message::Part(part) => sink(part),
                Message::TaskEnd(end) => {
                    let task = usize::try_from(end.bytes).unwrap();
                    sink((task, parts[task]))
                }
                Message::Problem(_) => Ok(()),
                Message::Start(_) => panic!("the workers send none"),
            })
        })
    }

    fn expected(parts: &[usize]) -> Vec<Part> {
        parts.iter().enumerate().flat_map(|(task, &count)| (0..=count).map(move |part| (task, part))).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn everything_comes_in_order(parts in prop::collection::vec(0_usize..40, 0..60), threads in 1_usize..9) {
            let seen = in_time({
                let parts = parts.clone();
                move || {
                    let mut seen = Vec::new();
                    let sink = |part| { seen.push(part); Ok(()) };
                    // Uneven work, so that lanes fill up in another order.
                    let work = |(task, part)| (0..(task * 7 + part * 3) % 5).for_each(|_| thread::yield_now());
                    run(&parts, threads, work, sink).unwrap();
                    seen
                }
            });
            prop_assert_eq!(seen, expected(&parts));
        }

        #[test]
        fn an_error_of_the_sink_ends_the_run(parts in prop::collection::vec(1_usize..40, 1..60), at: prop::sample::Index) {
            let all = expected(&parts);
            let last = all[at.index(all.len())];
            let (seen, ended) = in_time(move || {
                let mut seen = Vec::new();
                let sink = |part| {
                    seen.push(part);
                    if part == last { Err(io::ErrorKind::BrokenPipe.into()) } else { Ok(()) }
                };
                let ended = run(&parts, 4, |_| {}, sink);
                (seen, ended.map_err(|error| error.kind()))
            });
            prop_assert_eq!(ended, Err(io::ErrorKind::BrokenPipe));
            prop_assert_eq!(seen.as_slice(), &all[..=at.index(all.len())]);
        }
    }

    #[test]
    fn however_slow_the_sink_few_parts_wait() {
        let most = in_time(|| {
            let (waiting, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
            let work = |_| {
                most.fetch_max(waiting.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            };
            let parts = vec![50; 60];
            let sink = |(_, part)| {
                (0..20).for_each(|_| thread::yield_now());
                waiting.fetch_sub(usize::from(part < 50), Ordering::SeqCst);
                Ok(())
            };
            run(&parts, 4, work, sink).unwrap();
            most.into_inner()
        });
        // Of each worker the one that it is about to hand on, and of the sink those that it has taken.
        assert!(most <= (WAITING_BYTES + BYTES_AT_ONCE) / PART_BYTES + WAITING_AT_HEAD + 4, "{most}");
    }

    #[test]
    fn an_archive_of_many_members_waits_too() {
        const MEMBERS: usize = 3000;
        let (told, most) = in_time(|| {
            let order: Order<_, Part> =
                Order::new(Feed::new((0..20).map(input), Options::default()), 4, |_| PART_BYTES);
            let (waiting, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
            let mut told = 0;
            let work = || {
                while let Some((Task::Problem(problem), mut out)) = order.next_task() {
                    for _ in 0..MEMBERS {
                        most.fetch_max(waiting.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        out.send(Message::Problem(problem.clone()));
                    }
                }
            };
            thread::scope(|scope| {
                (0..4).for_each(|_| drop(scope.spawn(work)));
                let sink = |_| {
                    waiting.fetch_sub(1, Ordering::SeqCst);
                    told += 1;
                    Ok(())
                };
                order.drain(sink).unwrap();
            });
            (told, most.into_inner())
        });
        assert_eq!(told, 20 * MEMBERS);
        // Of four workers, of a task that is just done, and what the sink has taken of that and of the next.
        assert!(most <= 8 * WAITING_IN_LANE, "{most} of {told}");
    }

    /// Whether `run` ends, and by that panic.
    fn panics(
        threads: usize,
        work: impl Fn(Part) + Sync + Send + 'static,
        sink: impl FnMut(Part) + Send + 'static,
    ) -> bool {
        let mut sink = sink;
        in_time(move || {
            let parts = vec![40; 60];
            let run = || {
                run(&parts, threads, work, |part| {
                    sink(part);
                    Ok(())
                })
            };
            panic::catch_unwind(panic::AssertUnwindSafe(run)).is_err()
        })
    }

    #[test]
    fn a_worker_that_panics_leaves_nobody_waiting() {
        for threads in [1, 2, 8] {
            assert!(panics(threads, |part| assert_ne!(part, (30, 5)), |_| {}), "{threads} threads");
        }
    }

    #[test]
    fn a_sink_that_panics_leaves_nobody_waiting() {
        for threads in [1, 2, 8] {
            assert!(panics(threads, |_| {}, |part| assert_ne!(part, (30, 5))), "{threads} threads");
        }
    }

    #[test]
    fn inputs_that_panic_leave_nobody_waiting() {
        for threads in [1, 2, 8] {
            let ended = in_time(move || {
                let inputs = (0..60).map(|number| if number < 30 { input(number) } else { panic!("no such input") });
                let order: Order<_, Part> = Order::new(Feed::new(inputs, Options::default()), threads, |_| PART_BYTES);
                let run = || {
                    thread::scope(|scope| {
                        for _ in 0..threads {
                            scope.spawn(|| while order.next_task().is_some() {});
                        }
                        order.drain(|_| Ok(()))
                    })
                };
                panic::catch_unwind(panic::AssertUnwindSafe(run)).is_err()
            });
            assert!(ended, "{threads} threads");
        }
    }
}
