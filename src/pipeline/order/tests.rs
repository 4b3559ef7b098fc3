//! Tests that results come in order with any number of threads, whichever thread is slow or panics.

use std::panic;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use proptest::prelude::*;

use std::sync::Arc;

use super::super::feed::{Feed, Rest, Task, Work};
use super::super::starts::Divided;
use super::super::{InputEnds, Message, Options, TaskEnd};
use super::lanes::{BYTES_AT_ONCE, PART_BYTES, WAITING_AT_HEAD, WAITING_BYTES, WAITING_IN_LANE};
use super::*;
use crate::chunk::Span;
use crate::problem::{Kind, Problem};
use crate::source::{Openable, Opened, Opening, Stop, TextFile};

/// The value of a part: the number of its task, and its number within the task.
type Part = (usize, usize);

/// Runs a test, and fails if it hangs, because a fault in this module is usually a deadlock.
fn in_time<R: Send + 'static>(test: impl FnOnce() -> R + Send + 'static) -> R {
    let (done, result) = mpsc::channel();
    let running = thread::spawn(move || drop(done.send(test())));
    match result.recv_timeout(Duration::from_secs(60)) {
        Ok(result) => result,
        Err(RecvTimeoutError::Timeout) => panic!("it hangs"),
        Err(RecvTimeoutError::Disconnected) => panic::resume_unwind(running.join().unwrap_err()),
    }
}

/// Spins for about `times` microseconds. Yielding instead would wait for every other process of a busy machine.
fn dawdle(times: usize) {
    (0..20 * times).for_each(|_| std::hint::spin_loop());
}

/// Returns an input without a source, which is the smallest possible task. Its name is its number.
fn input(number: usize) -> Found {
    Err(Problem::new(number.to_string(), Kind::Special, ""))
}

/// Runs one task for each entry of `parts`. The entry is the number of parts that the task sends.
fn run(
    parts: &[usize],
    threads: usize,
    work: impl Fn(Part) + Sync,
    mut sink: impl FnMut(Part) -> io::Result<()>,
) -> io::Result<()> {
    let order =
        Order::new(Feed::new((0..parts.len()).map(input), Options::default(), InputEnds::Unmarked), threads, |_| {
            PART_BYTES
        });
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((Task::Problem(problem), mut out)) = order.next_task() {
                    let task: usize = problem.path.parse().unwrap();
                    for part in 0..parts[task] {
                        work((task, part));
                        out.part((task, part));
                        // A message that is not a part does not end a task either, because an archive has many sources.
                        out.send(Message::Problem(problem.clone()));
                    }
                    out.send(Message::TaskEnd(Box::new(TaskEnd { bytes: task as u64, ..TaskEnd::default() })));
                }
            });
        }
        // The end of a task counts as a part after its last one.
        order.drain(|message| match message {
            Message::Part(part) => sink(part),
            Message::TaskEnd(end) => {
                let task = usize::try_from(end.bytes).unwrap();
                sink((task, parts[task]))
            }
            Message::Problem(_) => Ok(()),
            Message::Start(_) | Message::Looked(_) | Message::Hashed(_) | Message::InputEnd => {
                panic!("the workers send none")
            }
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
                // Uneven work, so that lanes are not filled in order.
                let work = |(task, part)| dawdle((task * 7 + part * 3) % 5);
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

/// Runs a file for each entry of `ranges`. The entry is the number of its ranges, and each range sends `parts` parts. Returns
/// what the sink got.
fn run_ranges(ranges: &[u64], parts: usize, threads: usize, work: impl Fn(u64) + Sync) -> Vec<(u64, u64)> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "a log\n").unwrap();
    let text = |len: u64| match Openable::file(file.path()).open(&Opening::default()).unwrap() {
        Opened::File(text) => Arc::new(Divided::new(TextFile { len, ..text })),
        _ => panic!("a log is text"),
    };
    // The name of each file is the number of its ranges.
    let inputs = ranges.iter().map(|ranges| Ok(Openable::file(Path::new(&ranges.to_string()))));
    let order: Order<_, (u64, u64)> =
        Order::new(Feed::new(inputs, Options::default(), InputEnds::Unmarked), threads, |_| PART_BYTES);
    let work = || {
        while let Some((task, mut out)) = order.next_task() {
            let (len, start) = match task {
                Task::Open(openable) => {
                    let source = Arc::clone(openable.source());
                    let ranges = source.name.parse().unwrap();
                    let (text, stop) = (text(ranges), Stop::default());
                    out.leave((ranges > 1).then_some(Rest::File {
                        source,
                        text,
                        rest: Span { start: 1, end: ranges },
                        range_bytes: 1,
                        stop,
                    }));
                    (ranges, 0)
                }
                Task::Scan { work: Work::Range { text, span }, .. } => (text.text.len, span.start),
                _ => panic!("there are only files"),
            };
            for _ in 0..parts {
                work(start);
                out.part((len, start));
            }
        }
    };
    let mut seen = Vec::new();
    thread::scope(|scope| {
        (0..threads).for_each(|_| drop(scope.spawn(work)));
        order.drain(|message| {
            if let Message::Part(part) = message {
                seen.push(part);
            }
            Ok(())
        })
    })
    .unwrap();
    seen
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn ranges_come_in_order_after_the_one_that_left_them(
        ranges in prop::collection::vec(prop_oneof![4 => Just(1_u64), 1 => 2_u64..90], 1..40),
        parts in prop_oneof![3 => Just(1_usize), 1 => 2_usize..12],
        threads in 1_usize..9,
    ) {
        let seen = in_time({
            let ranges = ranges.clone();
            move || run_ranges(&ranges, parts, threads, |start| dawdle(usize::try_from(start % 3).unwrap()))
        });
        let all = |&len: &u64| (0..len).flat_map(move |start| std::iter::repeat_n((len, start), parts));
        prop_assert_eq!(seen, ranges.iter().flat_map(all).collect::<Vec<_>>());
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
            dawdle(200);
            waiting.fetch_sub(usize::from(part < 50), Ordering::SeqCst);
            Ok(())
        };
        run(&parts, 4, work, sink).unwrap();
        most.into_inner()
    });
    // This includes one part that each worker is about to send, and those that the sink has taken.
    assert!(most <= (WAITING_BYTES + BYTES_AT_ONCE) / PART_BYTES + WAITING_AT_HEAD + 4, "{most}");
}

#[test]
fn an_archive_of_many_members_waits_too() {
    const MEMBERS: usize = 3000;
    let (told, most) = in_time(|| {
        let order: Order<_, Part> =
            Order::new(Feed::new((0..20).map(input), Options::default(), InputEnds::Unmarked), 4, |_| PART_BYTES);
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
    // This includes the messages of four workers and of a task that has just ended, and those that the sink has taken of that
    // task and the next one.
    assert!(most <= 8 * WAITING_IN_LANE, "{most} of {told}");
}

/// Returns whether `run` ends with the given panic.
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
fn a_panic_of_a_worker_leaves_no_thread_waiting() {
    for threads in [1, 2, 8] {
        assert!(panics(threads, |part| assert_ne!(part, (30, 5)), |_| {}), "{threads} threads");
    }
}

#[test]
fn a_panic_of_the_sink_leaves_no_thread_waiting() {
    for threads in [1, 2, 8] {
        assert!(panics(threads, |_| {}, |part| assert_ne!(part, (30, 5))), "{threads} threads");
    }
}

#[test]
fn a_panic_of_the_inputs_leaves_no_thread_waiting() {
    for threads in [1, 2, 8] {
        let ended = in_time(move || {
            let inputs = (0..60).map(|number| if number < 30 { input(number) } else { panic!("no such input") });
            let order: Order<_, Part> =
                Order::new(Feed::new(inputs, Options::default(), InputEnds::Unmarked), threads, |_| PART_BYTES);
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
