//! Results in the order of their tasks, whichever worker is done first.
//!
//! Each task has a lane, in the order in which tasks were handed out. The sink empties the lane at the head; the others
//! wait. Workers wait too, once enough parts are waiting, so that memory stays bounded however slow the sink is.
//!
//! Nothing can lock up: the head's worker only ever waits for the sink, the sink only for the head's worker, and
//! whoever holds the feed holds no task.

use std::collections::VecDeque;
use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::Message;
use super::feed::{Feed, Task};
use crate::source::Found;

/// How many parts may wait behind the head; each is the result of a chunk or of a task.
const PARTS_AHEAD: usize = 16;
/// How many parts of the head may wait for the sink.
const PARTS_AT_HEAD: usize = 4;

pub(super) struct Order<I, P> {
    feed: Mutex<Feed<I>>,
    lanes: Mutex<Lanes<P>>,
    changed: Condvar,
    /// How many tasks may be in work or waiting.
    window: usize,
}

struct Lanes<P> {
    /// Number of the task whose lane is at the front.
    head: u64,
    lanes: VecDeque<Lane<P>>,
    parts_waiting: usize,
    no_more_tasks: bool,
    /// The sink has failed; nothing is wanted any more.
    closed: bool,
}

struct Lane<P> {
    waiting: VecDeque<Message<P>>,
    is_done: bool,
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
        self.line.finish(self.number);
    }
}

impl<I: Iterator<Item = Found> + Send, P: Send> Order<I, P> {
    pub(super) fn new(feed: Feed<I>, threads: usize) -> Order<I, P> {
        let lanes = Lanes { head: 0, lanes: VecDeque::new(), parts_waiting: 0, no_more_tasks: false, closed: false };
        Order { feed: Mutex::new(feed), lanes: Mutex::new(lanes), changed: Condvar::new(), window: 4 * threads + 4 }
    }

    /// The next task and its outlet; `None` when there are no more.
    pub(super) fn next_task(&self) -> Option<(Task, Outlet<'_, P>)> {
        // Held until the lane stands, so that lanes are in the order of the tasks.
        let mut feed = self.feed.lock().unwrap_or_else(PoisonError::into_inner);
        let lanes = self.wait_while(|lanes| !lanes.closed && lanes.lanes.len() >= self.window);
        if lanes.closed {
            return None;
        }
        drop(lanes);
        let task = feed.next();
        let mut lanes = self.lock();
        let Some(task) = task else {
            lanes.no_more_tasks = true;
            self.changed.notify_all();
            return None;
        };
        lanes.lanes.push_back(Lane { waiting: VecDeque::new(), is_done: false });
        let number = lanes.head + lanes.lanes.len() as u64 - 1;
        Some((task, Outlet { line: self, number }))
    }

    /// Passes every message to `sink`, in order, until all tasks are done.
    pub(super) fn drain(&self, mut sink: impl FnMut(Message<P>) -> io::Result<()>) -> io::Result<()> {
        loop {
            let mut lanes = self.wait_while(Lanes::nothing_to_do);
            let Some(front) = lanes.lanes.front_mut() else { return Ok(()) };
            if front.waiting.is_empty() {
                lanes.lanes.pop_front();
                lanes.head += 1;
                drop(lanes);
                self.changed.notify_all();
                continue;
            }
            let messages = std::mem::take(&mut front.waiting);
            lanes.parts_waiting -= messages.len();
            drop(lanes);
            self.changed.notify_all();
            for message in messages {
                if let Err(error) = sink(message) {
                    self.lock().closed = true;
                    self.changed.notify_all();
                    return Err(error);
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Lanes<P>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_while(&self, condition: impl FnMut(&mut Lanes<P>) -> bool) -> MutexGuard<'_, Lanes<P>> {
        self.changed.wait_while(self.lock(), condition).unwrap_or_else(PoisonError::into_inner)
    }
}

impl<P> Lanes<P> {
    /// For the sink: whether it has to wait.
    fn nothing_to_do(&mut self) -> bool {
        match self.lanes.front() {
            Some(front) => front.waiting.is_empty() && !front.is_done,
            None => !self.no_more_tasks,
        }
    }

    fn lane(&mut self, number: u64) -> Option<&mut Lane<P>> {
        let index = usize::try_from(number.checked_sub(self.head)?).ok()?;
        self.lanes.get_mut(index)
    }

    /// For a worker: whether it has to wait before it adds a part.
    fn is_full(&self, number: u64) -> bool {
        if number == self.head {
            self.lanes.front().is_some_and(|front| front.waiting.len() >= PARTS_AT_HEAD)
        } else {
            self.parts_waiting >= PARTS_AHEAD
        }
    }
}

impl<I: Iterator<Item = Found> + Send, P: Send> Line<P> for Order<I, P> {
    fn send(&self, number: u64, message: Message<P>) {
        // Only parts are large; the end of a task may always be told, so that a small task never waits.
        let is_part = matches!(message, Message::Part(_));
        let mut lanes = self.wait_while(|lanes| is_part && !lanes.closed && lanes.is_full(number));
        if lanes.closed {
            return;
        }
        lanes.parts_waiting += 1;
        if let Some(lane) = lanes.lane(number) {
            lane.waiting.push_back(message);
        }
        drop(lanes);
        self.changed.notify_all();
    }

    fn is_closed(&self) -> bool {
        self.lock().closed
    }

    fn finish(&self, number: u64) {
        if let Some(lane) = self.lock().lane(number) {
            lane.is_done = true;
        }
        self.changed.notify_all();
    }
}
