//! The lanes of all tasks, in order, with their messages and the threads that wait. This is a plain value, which threads share
//! under a lock.

use std::collections::VecDeque;
use std::thread::{self, Thread};

use super::super::Message;
use super::super::feed::{Rest, Task};

/// The minimum limit, in bytes, for the parts that wait in lanes other than the first.
pub(super) const WAITING_BYTES: usize = 4 << 20;
/// The expected size of the largest part in bytes. With many threads, the limit [`WAITING_BYTES`] is raised to twice this for
/// each thread.
pub(super) const PART_BYTES: usize = 256 << 10;
/// The number of messages in the first lane after which the sink is woken. Waking it costs more than delivering the few
/// messages of a small file.
const NEWS_AT_HEAD: usize = 4;
/// How many messages may wait in the first lane, so that its worker can continue while the sink wakes up.
pub(super) const WAITING_AT_HEAD: usize = 2 * NEWS_AT_HEAD;
/// How many messages may wait in any other lane. Messages other than parts are small, but an archive may have millions of
/// members.
pub(super) const WAITING_IN_LANE: usize = 256;
/// How many bytes of parts the sink takes at once. The last part may exceed it.
pub(super) const BYTES_AT_ONCE: usize = 4 * PART_BYTES;

/// All lanes, as a linked list in the order of their tasks.
pub(super) struct Lanes<P> {
    /// The storage of lanes. A lane keeps its index as long as it exists.
    pub(super) places: Vec<Lane<P>>,
    /// The indices in `places` that are not in use.
    free: Vec<usize>,
    /// The index of the first lane.
    pub(super) head: Option<usize>,
    /// The index of the last lane.
    pub(super) tail: Option<usize>,
    /// The number of lanes.
    count: usize,
    /// The number of lanes below which another source may begin. It is large, because the sink is woken when half of the lanes
    /// are done, and waking it costs as much as opening a file.
    window: usize,
    /// How many lanes have a rest.
    pub(super) rests: usize,
    /// How many lanes may still leave a rest.
    pub(super) opening: usize,
    /// Returns the memory use of a part in bytes.
    pub(super) weigh: fn(&P) -> usize,
    /// The memory use of all waiting parts.
    pub(super) waiting_bytes: usize,
    /// The number of waiting bytes above which all workers except that of the first lane wait, too.
    bytes_ahead: usize,
    pub(super) no_more_tasks: bool,
    /// Whether no more messages are wanted, because the sink has failed or a thread has panicked.
    pub(super) closed: bool,
    /// The thread of the sink, while it sleeps.
    pub(super) sink: Option<Thread>,
    /// The worker that sleeps, with the feed locked, until another task may begin.
    pub(super) feeder: Option<Thread>,
    /// The workers that sleep until they can take a rest, or until no more rests can come.
    pub(super) idle: Vec<Thread>,
    /// How many lanes have a sleeping worker.
    pub(super) asleep: usize,
}

/// The lane of one task.
pub(super) struct Lane<P> {
    pub(super) waiting: VecDeque<Message<P>>,
    pub(super) is_done: bool,
    /// The worker of the lane, while it sleeps until there is room for a message.
    pub(super) worker: Option<Thread>,
    /// The index of the next lane.
    next: Option<usize>,
    /// The work that comes right after this lane, for any worker to take.
    rest: Option<Rest>,
    /// Whether the worker may still leave a rest, because it has neither done so nor declared that there is none.
    pub(super) may_leave_rest: bool,
}

impl<P> Lane<P> {
    /// Whether no more messages will come, neither in this lane nor in new lanes between it and the next one.
    fn is_over(&self) -> bool {
        self.is_done && self.rest.is_none()
    }
}

impl<P> Lanes<P> {
    /// Creates an empty list with room for the work of `threads` threads. `weigh` returns the memory use of a part in bytes.
    pub(super) fn new(threads: usize, weigh: fn(&P) -> usize) -> Lanes<P> {
        let mut lanes = Lanes {
            places: Vec::new(),
            free: Vec::new(),
            head: None,
            tail: None,
            count: 0,
            window: 0,
            rests: 0,
            opening: 0,
            weigh,
            waiting_bytes: 0,
            bytes_ahead: 0,
            no_more_tasks: false,
            closed: false,
            sink: None,
            feeder: None,
            idle: Vec::new(),
            asleep: 0,
        };
        lanes.serve(threads);
        lanes
    }

    /// Sets the limits on lanes and waiting bytes to make room for `threads` threads.
    pub(super) fn serve(&mut self, threads: usize) {
        self.window = 8 * threads + 32;
        self.bytes_ahead = WAITING_BYTES.max(2 * threads * PART_BYTES);
    }

    /// Inserts a lane after the one at index `before`, or at the front. Returns its index.
    pub(super) fn insert(&mut self, before: Option<usize>) -> usize {
        let place = self.free.pop().unwrap_or(self.places.len());
        let next = before.map_or(self.head, |before| self.places[before].next);
        // The memory of an old lane is reused.
        let waiting = self.places.get_mut(place).map(|lane| std::mem::take(&mut lane.waiting)).unwrap_or_default();
        let lane = Lane { waiting, is_done: false, worker: None, next, rest: None, may_leave_rest: false };
        match self.places.get_mut(place) {
            Some(old) => *old = lane,
            None => self.places.push(lane),
        }
        match before {
            Some(before) => self.places[before].next = Some(place),
            None => self.head = Some(place),
        }
        if self.tail == before {
            self.tail = Some(place);
        }
        self.count += 1;
        place
    }

    /// Iterates over the indices and lanes, in order.
    fn in_order(&self) -> impl Iterator<Item = (usize, &Lane<P>)> {
        std::iter::successors(self.head, |&place| self.places[place].next).map(|place| (place, &self.places[place]))
    }

    /// Returns the first lane.
    fn front(&self) -> Option<&Lane<P>> {
        self.head.map(|head| &self.places[head])
    }

    /// Whether another task may begin.
    pub(super) fn has_room_for_task(&self) -> bool {
        self.count < self.window
    }

    /// Takes the next task of the first rest, and returns it with the index of its lane. If there is no room for another task,
    /// only a rest at the first lane may be taken, because the sink needs it next.
    pub(super) fn take_rest(&mut self) -> Option<(Task, usize)> {
        while self.rests > 0 {
            let (place, _) = self.in_order().find(|(_, lane)| lane.rest.is_some())?;
            if !self.has_room_for_task() && self.head != Some(place) {
                return None;
            }
            self.rests -= 1;
            let Some((task, rest)) = self.places[place].rest.take().and_then(Rest::next) else { continue };
            let place = self.insert(Some(place));
            self.rests += usize::from(rest.is_some());
            self.places[place].rest = rest;
            return Some((task, place));
        }
        None
    }

    /// Whether there is anything for the sink to do.
    pub(super) fn has_news(&self) -> bool {
        match self.front() {
            Some(front) => front.is_over() || !front.waiting.is_empty(),
            None => self.no_more_tasks,
        }
    }

    /// Whether the sink must be woken, because enough messages are waiting, or some are waiting and other threads wait for the
    /// sink.
    fn has_enough_news(&self) -> bool {
        let is_awaited = self.no_more_tasks || self.feeder.is_some() || self.asleep > 0 || !self.idle.is_empty();
        let is_enough = |front: &Lane<P>| front.waiting.len() >= NEWS_AT_HEAD;
        (is_awaited && self.has_news())
            || self.front().is_some_and(is_enough)
            || self.in_order().take_while(|(_, lane)| lane.is_over()).nth(self.window / 2 - 1).is_some()
    }

    /// Moves the next messages for the sink to `taken`. Continues through lanes that are done, up to [`BYTES_AT_ONCE`].
    pub(super) fn take(&mut self, taken: &mut Vec<Message<P>>) {
        let mut bytes = 0;
        while bytes < BYTES_AT_ONCE
            && let Some(head) = self.head
        {
            let front = &mut self.places[head];
            match front.waiting.pop_front() {
                Some(message) => {
                    bytes += message.weight(self.weigh);
                    taken.push(message);
                }
                None if front.is_over() => {
                    self.head = front.next;
                    if self.head.is_none() {
                        self.tail = None;
                    }
                    self.free.push(head);
                    self.count -= 1;
                }
                None => break,
            }
        }
        self.waiting_bytes -= bytes;
    }

    /// Removes and returns the sleeping threads that now have something to do: the feeder and the workers that wait for a rest,
    /// and then the workers for whose messages there is room, in the order of their lanes.
    pub(super) fn that_can_go_on(&mut self) -> Vec<Thread> {
        let mut woken = Vec::new();
        let is_rest_next = self.front().is_some_and(|front| front.rest.is_some());
        if self.has_room_for_task() || is_rest_next {
            woken.extend(self.feeder.take());
            if self.rests > 0 || !self.no_more_tasks {
                woken.append(&mut self.idle);
            }
        }
        if self.asleep == 0 {
            return woken;
        }
        let others = woken.len();
        let mut room = self.bytes_ahead.saturating_sub(self.waiting_bytes) / PART_BYTES;
        let mut at = self.head;
        while let Some(place) = at {
            let (is_head, lane) = (self.head == at, &mut self.places[place]);
            at = lane.next;
            let limit = if is_head { WAITING_AT_HEAD } else { WAITING_IN_LANE };
            if (is_head || room > 0) && lane.waiting.len() < limit {
                let worker = lane.worker.take();
                room -= usize::from(worker.is_some() && !is_head);
                woken.extend(worker);
            }
        }
        self.asleep -= woken.len() - others;
        woken
    }

    /// Whether there is room for another message of a worker. Messages other than parts are small, so more of them may wait,
    /// and a small task never has to.
    pub(super) fn has_room(&self, place: usize, is_part: bool) -> bool {
        let in_lane = self.places[place].waiting.len();
        match self.head == Some(place) {
            _ if !is_part => in_lane < WAITING_IN_LANE,
            true => in_lane < WAITING_AT_HEAD,
            false => in_lane < WAITING_IN_LANE && self.waiting_bytes < self.bytes_ahead,
        }
    }

    /// Stores the handle of the current thread, so that it is woken when there is room in its lane.
    pub(super) fn sleep_in(&mut self, place: usize) {
        let is_new = self.places[place].worker.replace(thread::current()).is_none();
        self.asleep += usize::from(is_new);
    }

    /// Stores the rest that a lane leaves, or the fact that there is none. Returns the threads that can now continue.
    pub(super) fn leave(&mut self, place: usize, rest: Option<Rest>) -> Vec<Thread> {
        let has_rest = rest.is_some();
        let lane = &mut self.places[place];
        debug_assert!(lane.may_leave_rest || !has_rest, "others may take the rest of an input only");
        if !std::mem::take(&mut lane.may_leave_rest) {
            return Vec::new();
        }
        lane.rest = rest;
        self.opening -= 1;
        self.rests += usize::from(has_rest);
        let mut woken = Vec::new();
        if has_rest || (self.no_more_tasks && self.opening == 0) {
            woken.append(&mut self.idle);
            woken.extend(self.feeder.take());
        }
        woken
    }

    /// Returns the thread of the sink if it sleeps and must be woken.
    pub(super) fn sink_that_should_go_on(&mut self) -> Option<Thread> {
        if self.sink.is_some() && self.has_enough_news() { self.sink.take() } else { None }
    }
}

impl<P> Message<P> {
    /// Whether this message is a part, rather than a small message about a task or source.
    pub(super) fn is_part(&self) -> bool {
        matches!(self, Message::Part(_))
    }

    /// Returns the memory use of this message in bytes. Only parts are large enough to count.
    pub(super) fn weight(&self, weigh: fn(&P) -> usize) -> usize {
        match self {
            Message::Part(part) => weigh(part),
            _ => 0,
        }
    }
}
