//! Turns the messages of workers, which come in order, into the events for the caller's sink: it sums up the tasks of each source
//! and leaves out copies of earlier sources.

use std::collections::{HashMap, HashSet};
use std::io;
use std::rc::Rc;

use super::copies::{self, Begun, Compared, Copies, First, Lookalikes, Replaced};
use super::{CopyRule, Event, Message, Options, SourceEnd, TaskEnd, Visitor, changes_problem};
use crate::chunk::Limits;
use crate::problem::{Kind, Problem};
use crate::source::{Beginning, Digests};
use crate::time::Assumed;

/// What is between the name of an archive and that of a file in it.
const IN_ARCHIVE: &str = "!/";

/// Turns messages into events, in order.
pub(super) struct Deliver<'s, V: Visitor> {
    sink: &'s mut dyn FnMut(Event<V::Part>) -> io::Result<()>,
    limits: Limits,
    /// The sources that were counted, or `None` if copies count, too.
    copies: Option<Copies<'s>>,
    /// The beginnings of the sources that were cut short when the run was interrupted.
    cut: HashSet<Beginning>,
    /// The sum of the tasks of the current source.
    sum: TaskEnd,
    /// The beginning of the current source.
    start: Option<Begun>,
    state: State<V::Part>,
    /// How many sources were read so far.
    number: u32,
    members: Members,
    /// The numbers of the sources that were replaced.
    replaced: HashSet<u32>,
}

/// The files of an archive that were read so far, to find those that replace an earlier one.
#[derive(Default)]
struct Members {
    /// The name of the archive.
    archive: String,
    /// For each file, how many sources were read before it, and its size in bytes.
    by_name: HashMap<String, (u32, u64)>,
}

impl Members {
    /// Adds a file of an archive. Returns the earlier file of the same name, if there is one.
    fn add(&mut self, name: &str, number: u32, bytes: u64) -> Option<Replaced> {
        let (archive, _) = name.split_once(IN_ARCHIVE)?;
        if archive != self.archive {
            *self = Members { archive: archive.to_owned(), by_name: HashMap::new() };
        }
        let (number, bytes) = self.by_name.insert(name.to_owned(), (number, bytes))?;
        Some(Replaced::new(number, name.to_owned(), bytes, None))
    }
}

/// What happens to the parts of the current source.
enum State<P> {
    /// The parts are passed on.
    PassedOn,
    /// The parts are held back, because the source begins like an earlier one and may be a copy.
    Held { parts: Vec<P>, weight: usize },
    /// The parts are dropped, because the source is a copy of the one with this name.
    Dropped(String),
    /// The parts are dropped, because the run was interrupted before it was known whether the source is a copy. An interrupted
    /// run must not count more than a complete one.
    Unknown,
}

impl<'s, V: Visitor> Deliver<'s, V> {
    /// Creates the delivery of events to `sink`.
    pub(super) fn new(
        options: &Options,
        lookalikes: &'s Lookalikes,
        sink: &'s mut dyn FnMut(Event<V::Part>) -> io::Result<()>,
    ) -> Deliver<'s, V> {
        let Options { limits, copies: rule, .. } = options;
        let (limits, copies) = (*limits, (*rule == CopyRule::CountOnce).then(|| Copies::new(lookalikes)));
        let (cut, sum) = (HashSet::new(), TaskEnd::default());
        let (number, members, replaced) = Default::default();
        Deliver { sink, limits, copies, cut, sum, start: None, state: State::PassedOn, number, members, replaced }
    }

    /// Processes the next message.
    ///
    /// # Errors
    ///
    /// Returns the errors of the sink.
    pub(super) fn message(&mut self, message: Message<V::Part>) -> io::Result<()> {
        match message {
            Message::Start(start) => {
                self.begin(start);
                Ok(())
            }
            // Ranges after the position at which reading failed may have been read. They do not count, because every line number
            // after the gap would be wrong, and the result would depend on where ranges begin.
            Message::Part(_) if self.sum.breaks_off() => Ok(()),
            Message::Part(part) => self.part(part),
            Message::Problem(problem) => (self.sink)(Event::Problem(problem)),
            Message::Looked(looked) => {
                if let Some(copies) = &self.copies {
                    self.begin(copies.read_by_other(*looked));
                }
                Ok(())
            }
            Message::Hashed(_) | Message::InputEnd => Ok(()),
            Message::TaskEnd(end) => match self.sum.join(*end, self.limits) {
                None => Ok(()),
                Some((end, digest)) => self.end(end, digest),
            },
        }
    }

    /// Begins a source, and decides what happens to its parts.
    fn begin(&mut self, start: Begun) {
        self.state = match &mut self.copies {
            None => State::PassedOn,
            Some(copies) if self.cut.contains(&copies.beginning(start)) => State::Unknown,
            Some(copies) => match copies.first(start) {
                First::New => State::PassedOn,
                First::Doubtful => State::Held { parts: Vec::new(), weight: 0 },
                First::Copy(original) => State::Dropped(original),
                First::Unknown => State::Unknown,
            },
        };
        self.start = Some(start);
    }

    /// Passes a part on, holds it back or drops it. If too much is held back, passes everything on.
    fn part(&mut self, part: V::Part) -> io::Result<()> {
        match &mut self.state {
            State::PassedOn => (self.sink)(Event::Part(part)),
            State::Dropped(_) | State::Unknown => Ok(()),
            State::Held { parts, weight } => {
                *weight += V::weight(&part);
                parts.push(part);
                if *weight > V::HELD_BYTES { self.pass_on() } else { Ok(()) }
            }
        }
    }

    /// Passes on all parts that were held back.
    fn pass_on(&mut self) -> io::Result<()> {
        if let State::Held { parts, .. } = std::mem::replace(&mut self.state, State::PassedOn) {
            parts.into_iter().try_for_each(|part| (self.sink)(Event::Part(part)))?;
        }
        Ok(())
    }

    /// Ends a source: makes the final decision whether it is a copy, and passes on its end.
    fn end(&mut self, mut end: SourceEnd, digest: Option<Digests>) -> io::Result<()> {
        let start = self.start.take();
        if end.problems.iter().any(|problem| problem.kind == Kind::Interrupted) {
            let beginning = |copies: &Copies| start.map(|start| copies.beginning(start));
            self.cut.extend(self.copies.as_ref().and_then(beginning));
            if let State::Held { .. } = self.state {
                self.state = State::Unknown;
            }
        }
        let is_whole = !end.problems.iter().any(|problem| problem.kind.breaks_off());
        let compared = match (&mut self.state, &mut self.copies, start) {
            (State::Dropped(original), ..) => Compared::Same(std::mem::take(original)),
            (State::PassedOn | State::Held { .. }, Some(copies), Some(start)) if is_whole => {
                copies.last(start, &end, digest)
            }
            _ => Compared::Different,
        };
        let mut replaced = Vec::new();
        match (compared, &self.state) {
            (_, State::Unknown) | (Compared::Unknown, State::Held { .. }) => {
                self.state = State::PassedOn;
                end.bytes = None;
                end.problems = vec![Problem::interrupted(&end.source.name)];
                return (self.sink)(Event::SourceEnd(end));
            }
            (Compared::Same(original), State::PassedOn) => {
                end.problems.push(copies::counted(&end.source, &original));
            }
            (Compared::Same(original), State::Held { .. } | State::Dropped(_)) => {
                // The whole file was compared, even if the run was interrupted before it was scanned to its end.
                let of_file = |copies: &Copies| start.and_then(|start| copies.file_bytes(start));
                let bytes = self.copies.as_ref().and_then(of_file).or(end.bytes).unwrap_or(0);
                (end.bytes, end.copied) = (None, Some(bytes));
                end.problems = vec![copies::dropped(&end.source, &original, bytes)];
                self.state = State::Dropped(original);
            }
            (Compared::Different, _) if is_whole => {
                if let (Some(copies), Some(start)) = (&mut self.copies, start) {
                    replaced = copies.replaced_by(start);
                    if let (Some(bytes), Some(what)) = (end.bytes, &end.what) {
                        let other = copies.unclear(start, bytes);
                        end.problems.extend(other.map(|it| copies::may_repeat(&end.source, &what.chain, &it)));
                    }
                    copies.add(start, &end, self.number);
                }
            }
            (Compared::Different | Compared::Unknown, _) => {}
        }
        self.pass_on()?;
        self.state = State::PassedOn;
        if let (Some(bytes), true) = (end.bytes, self.copies.is_some() && is_whole) {
            let is_member = end.what.as_ref().is_some_and(|what| what.chain.archives() > 0);
            let earlier = if is_member { self.members.add(&end.source.name, self.number, bytes) } else { None };
            replaced.extend(earlier);
        }
        for replaced in replaced {
            if self.replaced.insert(replaced.number) {
                (self.sink)(Event::Replaced(Rc::new(replaced)))?;
            }
        }
        self.number += u32::from(end.bytes.is_some());
        (self.sink)(Event::SourceEnd(end))
    }
}

impl TaskEnd {
    /// Whether reading ended early in one of the tasks so far.
    fn breaks_off(&self) -> bool {
        self.unread.iter().any(|problem| problem.kind.breaks_off())
    }

    /// Adds the report of the next task of the same source. If it is the last task, returns the end of the source, and the
    /// digest of all bytes if there is one.
    pub(super) fn join(&mut self, task: TaskEnd, limits: Limits) -> Option<(SourceEnd, Option<Digests>)> {
        if !self.breaks_off() {
            self.bytes += task.bytes;
            self.long_lines.merge(task.long_lines);
            self.changes.merge(task.changes);
            self.changing_times += task.changing_times;
            self.unread.extend(task.unread);
        }
        self.what = self.what.take().or(task.what);
        self.assumed = self.assumed.take().or(task.assumed);
        self.unopened = self.unopened.take().or(task.unopened);
        self.digest = self.digest.take().or(task.digest);
        let source = task.ends_source?;
        let sum = std::mem::take(self);
        let long_lines = sum.long_lines.problem(&source, limits);
        let changes = changes_problem(&sum.changes, &source);
        let is_untouched = sum.bytes == 0 && sum.unread.iter().any(|problem| problem.kind == Kind::Interrupted);
        let bytes = (sum.unopened.is_none() && !is_untouched).then_some(sum.bytes);
        let problems = sum.unopened.into_iter().chain(sum.unread).chain(long_lines).chain(changes).collect();
        let read = || sum.what.as_ref().map(|what| Assumed::of(&what.written.form));
        let assumed = sum.assumed.or_else(read).unwrap_or_default();
        let assumed = Assumed { changing: sum.changing_times, ..assumed };
        Some((SourceEnd { source, bytes, what: sum.what, copied: None, assumed, problems }, sum.digest))
    }
}
