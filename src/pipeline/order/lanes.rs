//! The lanes of the tasks, in order: what each holds, and who is to be woken. A plain value: threads share it under a lock.

use std::collections::VecDeque;
use std::thread::{self, Thread};

use super::super::Message;
use super::super::feed::{Rest, Task};

/// How many bytes of parts may wait behind the head, at the least; each part is the result of a few chunks or of a task.
pub(super) const WAITING_BYTES: usize = 4 << 20;
/// What each thread may add to them, and the most that a part is expected to have.
pub(super) const PART_BYTES: usize = 256 << 10;
/// With how many messages of the head the sink is woken. Not with each, nor with each task that is done: waking costs more
/// than a small file's few messages.
const NEWS_AT_HEAD: usize = 4;
/// How many messages of the head may wait for the sink: so many that its worker can go on meanwhile.
pub(super) const WAITING_AT_HEAD: usize = 2 * NEWS_AT_HEAD;
/// How many messages of one task may wait while others are at the head. What is no part is small, but an archive may
/// have millions of members.
pub(super) const WAITING_IN_LANE: usize = 256;
/// How many bytes of parts the sink takes at once, give or take a part.
pub(super) const BYTES_AT_ONCE: usize = 4 * PART_BYTES;

pub(super) struct Lanes<P> {
    /// Each lane keeps its place as long as it stands; its next one follows it.
    pub(super) places: Vec<Lane<P>>,
    free: Vec<usize>,
    /// The place of the first lane.
    pub(super) head: Option<usize>,
    pub(super) tail: Option<usize>,
    /// How many lanes there are.
    count: usize,
    /// How many of them may be there before another source is begun. Many, since the sink is woken when half of them are done:
    /// waking it costs as much as opening a file.
    window: usize,
    /// How many lanes have a rest.
    pub(super) rests: usize,
    /// How many lanes may still leave one.
    pub(super) opening: usize,
    /// The memory that a part takes, in bytes.
    pub(super) weigh: fn(&P) -> usize,
    /// Of all parts that wait.
    pub(super) waiting_bytes: usize,
    /// Above how many of them a worker waits for its turn.
    bytes_ahead: usize,
    pub(super) no_more_tasks: bool,
    /// The sink has failed, or a thread panicked; nothing is wanted any more.
    pub(super) closed: bool,
    /// Sleeps until there is enough for the sink, or for some time.
    pub(super) sink: Option<Thread>,
    /// Sleeps, with the feed in hand, until another task may begin.
    pub(super) feeder: Option<Thread>,
    /// Workers that sleep until a rest may be taken, or no more can come.
    pub(super) idle: Vec<Thread>,
    /// How many lanes have a worker asleep.
    pub(super) asleep: usize,
}

pub(super) struct Lane<P> {
    pub(super) waiting: VecDeque<Message<P>>,
    pub(super) is_done: bool,
    /// Sleeps until it may add a part.
    pub(super) worker: Option<Thread>,
    /// The place of the following lane.
    next: Option<usize>,
    /// Work that comes right after this lane and has not been taken.
    rest: Option<Rest>,
    pub(super) may_leave_rest: bool,
}

impl<P> Lane<P> {
    /// Whether nothing more comes to it, nor between it and the next one.
    fn is_over(&self) -> bool {
        self.is_done && self.rest.is_none()
    }
}

impl<P> Lanes<P> {
    /// No lanes yet, with room for the work of so many threads. `weigh` tells how much memory a part takes, in bytes.
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

    /// Has room for the work of so many threads.
    pub(super) fn serve(&mut self, threads: usize) {
        self.window = 8 * threads + 32;
        self.bytes_ahead = WAITING_BYTES.max(2 * threads * PART_BYTES);
    }

    /// Inserts a lane after the one at `before`, or at the front, and returns its place.
    pub(super) fn insert(&mut self, before: Option<usize>) -> usize {
        let place = self.free.pop().unwrap_or(self.places.len());
        let next = before.map_or(self.head, |before| self.places[before].next);
        // What a place has is used again.
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

    /// The lanes with their places, in order.
    fn in_order(&self) -> impl Iterator<Item = (usize, &Lane<P>)> {
        std::iter::successors(self.head, |&place| self.places[place].next).map(|place| (place, &self.places[place]))
    }

    fn front(&self) -> Option<&Lane<P>> {
        self.head.map(|head| &self.places[head])
    }

    pub(super) fn has_room_for_task(&self) -> bool {
        self.count < self.window
    }

    /// The next task of the first rest, and the place of its lane. Where there is no room, only of the one that the sink
    /// comes to next.
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

    /// For the sink: whether it can go on.
    pub(super) fn has_news(&self) -> bool {
        match self.front() {
            Some(front) => front.is_over() || !front.waiting.is_empty(),
            None => self.no_more_tasks,
        }
    }

    /// Whether the sink is to be woken: there is enough for it, or others wait for it.
    fn has_enough_news(&self) -> bool {
        let is_awaited = self.no_more_tasks || self.feeder.is_some() || self.asleep > 0 || !self.idle.is_empty();
        let is_enough = |front: &Lane<P>| front.waiting.len() >= NEWS_AT_HEAD;
        (is_awaited && self.has_news())
            || self.front().is_some_and(is_enough)
            || self.in_order().take_while(|(_, lane)| lane.is_over()).nth(self.window / 2 - 1).is_some()
    }

    /// For the sink: moves what is next to `taken`, of as many lanes as are done, up to a few parts.
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

    /// Those that have something to do now: the feeder and those that wait for a rest; then the workers for whose parts there
    /// is room, those first whose turn comes first.
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

    /// For a worker: whether there is room for another message. Only parts are large; of all else there may be more, so
    /// that a small task never waits.
    pub(super) fn has_room(&self, place: usize, is_part: bool) -> bool {
        let in_lane = self.places[place].waiting.len();
        match self.head == Some(place) {
            _ if !is_part => in_lane < WAITING_IN_LANE,
            true => in_lane < WAITING_AT_HEAD,
            false => in_lane < WAITING_IN_LANE && self.waiting_bytes < self.bytes_ahead,
        }
    }

    /// For a worker: has it woken when there is room.
    pub(super) fn sleep_in(&mut self, place: usize) {
        let is_new = self.places[place].worker.replace(thread::current()).is_none();
        self.asleep += usize::from(is_new);
    }

    /// A lane leaves this rest, or none. Those that can go on by it.
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

    /// The sink, if it sleeps and should not any longer.
    pub(super) fn sink_that_should_go_on(&mut self) -> Option<Thread> {
        if self.sink.is_some() && self.has_enough_news() { self.sink.take() } else { None }
    }
}

impl<P> Message<P> {
    pub(super) fn is_part(&self) -> bool {
        matches!(self, Message::Part(_))
    }

    /// Only parts are large.
    pub(super) fn weight(&self, weigh: fn(&P) -> usize) -> usize {
        match self {
            Message::Part(part) => weigh(part),
            _ => 0,
        }
    }
}
