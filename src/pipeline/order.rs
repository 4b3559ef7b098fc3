//! Puts results into the order of their tasks, whichever worker finishes first.
//!
//! Each task has a lane, in the order of the inputs. The sink empties the first lane, and the others wait. Once enough parts are
//! waiting, workers wait, too, so that memory is bounded however slow the sink is.
//!
//! A worker that opens a large source leaves the [`Rest`] of it at its lane. Free workers take tasks from the rest, and the
//! lanes of these tasks come right after that lane.
//!
//! There can be no deadlock. The worker of the first lane waits only for the sink. The sink waits only for the worker of the
//! first lane, or for a worker to take the rest there. Every free worker, including the one that left it, takes the first rest
//! before anything else, so not all workers can be asleep in lanes after a rest. A thread that panics closes the order, so that
//! no thread waits for it.
//!
//! A waiting thread leaves its handle in the lanes, and a thread that changes something wakes only the threads that can
//! continue. A single condition variable would wake all threads for each of thousands of small files.

mod lanes;
#[cfg(test)]
mod tests;

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};
use std::time::Duration;

use self::lanes::Lanes;
use super::Message;
use super::feed::{Feed, Rest, Task};
use crate::source::Found;

/// The time after which the sink takes what there is, however little.
const LINGERING: Duration = Duration::from_millis(20);

/// The order of all tasks, shared by the workers and the sink.
pub(super) struct Order<I: Iterator, P> {
    feed: Mutex<Feed<I>>,
    line: Line<P>,
}

/// The lanes, shared by all threads.
struct Line<P>(Mutex<Lanes<P>>);

/// The lane of a task, into which its worker puts results. Dropping it ends the task.
pub struct Outlet<'o, P> {
    line: &'o Line<P>,
    /// The index of the lane in [`Lanes::places`].
    place: usize,
}

impl<P> Outlet<'_, P> {
    /// Sends a part to the sink. Blocks while too many parts are waiting for it.
    pub fn part(&mut self, part: P) {
        self.send(Message::Part(part));
    }

    /// Sends a message to the sink. Blocks while too many are waiting. Does nothing if the order was closed.
    pub(super) fn send(&mut self, message: Message<P>) {
        let (place, is_part) = (self.place, message.is_part());
        let has_room = |lanes: &Lanes<P>| lanes.has_room(place, is_part);
        let mut lanes = self.line.sleep_until(has_room, |lanes| lanes.sleep_in(place));
        if lanes.closed {
            return;
        }
        let weight = message.weight(lanes.weigh);
        lanes.places[place].waiting.push_back(message);
        lanes.waiting_bytes += weight;
        let sink = lanes.sink_that_should_go_on();
        drop(lanes);
        wake(sink);
    }

    /// Leaves the rest of the source to all workers, or declares with `None` that there is no rest. Only the first call has an
    /// effect.
    pub(super) fn leave(&mut self, rest: Option<Rest>) {
        let woken = self.line.lock().leave(self.place, rest);
        wake(woken);
    }

    /// Whether the order was closed, so that no more parts are wanted.
    pub(super) fn is_closed(&self) -> bool {
        self.line.lock().closed
    }
}

impl<P> Drop for Outlet<'_, P> {
    fn drop(&mut self) {
        if thread::panicking() {
            return self.line.close();
        }
        let mut lanes = self.line.lock();
        let woken = lanes.leave(self.place, None);
        lanes.places[self.place].is_done = true;
        let sink = lanes.sink_that_should_go_on();
        drop(lanes);
        wake(woken.into_iter().chain(sink));
    }
}

/// A guard that closes the order when it is dropped.
struct Closing<'o, P>(&'o Line<P>);

impl<P> Drop for Closing<'_, P> {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl<I: Iterator<Item = Found> + Send, P: Send> Order<I, P> {
    /// Creates an order for the tasks of `feed` and `threads` workers. `weigh` returns the memory use of a part in bytes.
    pub(super) fn new(feed: Feed<I>, threads: usize, weigh: fn(&P) -> usize) -> Order<I, P> {
        Order { feed: Mutex::new(feed), line: Line(Mutex::new(Lanes::new(threads, weigh))) }
    }

    /// Raises the limits on tasks and waiting parts to make room for `threads` workers.
    pub(super) fn serve(&self, threads: usize) {
        let mut lanes = self.line.lock();
        lanes.serve(threads);
        wake(lanes.feeder.take());
    }

    /// Waits for the next task, and returns it with its lane. Returns `None` if there are no more tasks.
    pub(super) fn next_task(&self) -> Option<(Task, Outlet<'_, P>)> {
        loop {
            let mut lanes = self.line.lock();
            if lanes.closed {
                return None;
            }
            if let Some((task, place)) = lanes.take_rest() {
                return Some((task, Outlet { line: &self.line, place }));
            }
            if lanes.rests == 0 && lanes.no_more_tasks && lanes.opening == 0 {
                wake(lanes.idle.drain(..));
                return None;
            }
            if lanes.rests > 0 || lanes.no_more_tasks {
                lanes.idle.push(thread::current());
                let sink = lanes.sink_that_should_go_on();
                drop(lanes);
                wake(sink);
                thread::park();
                continue;
            }
            drop(lanes);
            if let Some((task, place)) = self.begin_task() {
                return Some((task, Outlet { line: &self.line, place }));
            }
        }
    }

    /// Takes the next task of the feed, and returns it with the index of its lane. Returns `None` if something else must be done
    /// first.
    fn begin_task(&self) -> Option<(Task, usize)> {
        // The feed stays locked until the lane exists, so that lanes are in the order of the tasks.
        let mut feed = self.feed.lock().unwrap_or_else(PoisonError::into_inner);
        let is_ready = |lanes: &Lanes<P>| lanes.has_room_for_task() || lanes.rests > 0 || lanes.no_more_tasks;
        let lanes = self.line.sleep_until(is_ready, |lanes| lanes.feeder = Some(thread::current()));
        if lanes.closed || lanes.rests > 0 || lanes.no_more_tasks {
            return None;
        }
        drop(lanes);
        // If the code that finds and opens inputs panics, the order is closed, too.
        let closing = Closing(&self.line);
        let task = feed.next();
        std::mem::forget(closing);
        let mut lanes = self.line.lock();
        let Some(task) = task else {
            lanes.no_more_tasks = true;
            wake(lanes.sink.take());
            return None;
        };
        let tail = lanes.tail;
        let place = lanes.insert(tail);
        let may_leave_rest = task.may_leave_rest();
        lanes.opening += usize::from(may_leave_rest);
        lanes.places[place].may_leave_rest = may_leave_rest;
        Some((task, place))
    }

    /// Passes every message to `sink`, in order, until all tasks are done or a thread has panicked.
    pub(super) fn drain(&self, mut sink: impl FnMut(Message<P>) -> io::Result<()>) -> io::Result<()> {
        // However this function ends, no worker may keep waiting for it.
        let _closing = Closing(&self.line);
        let mut taken = Vec::new();
        loop {
            let mut lanes = self.line.await_news();
            if lanes.closed || lanes.head.is_none() {
                return Ok(());
            }
            lanes.take(&mut taken);
            let workers = lanes.that_can_go_on();
            drop(lanes);
            wake(workers);
            for message in taken.drain(..) {
                sink(message)?;
            }
        }
    }
}

impl<P> Line<P> {
    fn lock(&self) -> MutexGuard<'_, Lanes<P>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Blocks the sink until enough messages are waiting, or until some have been waiting for [`LINGERING`].
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

    /// Blocks until `is_ready` returns true or the order is closed. `leave_word` stores the handle of this thread where other
    /// threads find it to wake it. Spurious wakeups are harmless.
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

    /// Closes the order and wakes all threads.
    fn close(&self) {
        let mut lanes = self.lock();
        lanes.closed = true;
        let mut woken: Vec<Thread> = lanes.sink.take().into_iter().chain(lanes.feeder.take()).collect();
        woken.append(&mut lanes.idle);
        woken.extend(lanes.places.iter_mut().filter_map(|lane| lane.worker.take()));
        lanes.asleep = 0;
        drop(lanes);
        wake(woken);
    }
}

fn wake(threads: impl IntoIterator<Item = Thread>) {
    threads.into_iter().for_each(|thread| thread.unpark());
}
