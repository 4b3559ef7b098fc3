//! What somebody at a terminal sees of a run that takes longer: a line on standard error that says how far it has come, and
//! that is gone before anything else is printed.
//!
//! Not drawn: where standard error is no terminal; while lines of the result scroll over the terminal, which show well
//! enough that it goes on; while somebody types what is read.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use callcodes::amount::Amount;
use callcodes::render::progress;
use callcodes::source::{Meter, Stop, Walk};

use crate::settings::Settings;
use crate::term::{self, Output, StatusLine};

/// A run that is done by then shows nothing.
const QUIET: Duration = Duration::from_millis(500);
/// How often the line is drawn.
const TICK: Duration = Duration::from_millis(100);
/// How long an interrupted run may take to end before a way out is told.
const PATIENCE: Duration = Duration::from_secs(1);

/// The line of a run; gone when this is.
pub(crate) struct Progress(Option<Arc<Shared>>);

/// Whether the line is drawn on a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    Drawn,
    NotDrawn,
}

struct Shared {
    meter: Meter,
    stop: Stop,
    started: Instant,
    /// What there is to be read, once everything has been listed; `None` in it if that does not tell.
    total: OnceLock<Option<Amount>>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    has_ended: bool,
    has_drawn: bool,
    line: StatusLine,
}

impl Progress {
    /// Begins to watch a run.
    pub(crate) fn begin(settings: &Settings, output: &Output, line: Line) -> Progress {
        if !term::can_draw() {
            return Progress(None);
        }
        let line = if settings.is_typed() { Line::NotDrawn } else { line };
        let opening = &settings.options.opening;
        let shared = Arc::new(Shared {
            meter: opening.meter.clone(),
            stop: opening.stop.clone(),
            started: Instant::now(),
            total: OnceLock::new(),
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let (watched, walk) = (Arc::clone(&shared), settings.walk(output));
        // Without a thread to spare there is no line.
        let started = thread::Builder::new().spawn(move || watch(&watched, line, walk));
        Progress(started.is_ok().then_some(shared))
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(shared) = &self.0 {
            let mut state = shared.lock();
            state.has_ended = true;
            state.line.clear();
            if shared.stop.is_requested() && !state.has_drawn {
                // The terminal has written `^C` where the result would begin.
                term::say("");
            }
            drop(state);
            shared.changed.notify_all();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The thread that draws. What it prints it prints under the lock, so that nothing comes behind the end.
fn watch(shared: &Arc<Shared>, line: Line, walk: Walk) {
    let mut walk = Some(walk);
    let mut patience = Some(PATIENCE);
    let mut state = shared.lock();
    loop {
        let waited = shared.changed.wait_timeout_while(state, TICK, |state| !state.has_ended);
        state = waited.unwrap_or_else(PoisonError::into_inner).0;
        if state.has_ended {
            return;
        }
        if shared.stop.is_requested() {
            state.line.clear();
            if patience == Some(Duration::ZERO) {
                patience = None;
                term::note("stopping takes longer than expected; press Ctrl-C again to end at once, without a result");
            }
            patience = patience.map(|patience| patience.saturating_sub(TICK));
        } else if line == Line::Drawn && shared.started.elapsed() >= QUIET {
            if let Some(walk) = walk.take() {
                list(shared, walk);
            }
            state.has_drawn = true;
            let total = shared.total.get().copied().flatten();
            state.line.draw(&progress::line(shared.meter.read(), total, shared.started.elapsed()));
        }
    }
}

/// Adds up on a thread of its own what there is to be read: a slow disk delays no line.
fn list(shared: &Arc<Shared>, mut walk: Walk) {
    let shared = Arc::clone(shared);
    let add_up = move || {
        let mut total = Amount::default();
        let sum = walk.try_for_each(|found| match found {
            _ if shared.lock().has_ended => None,
            Ok(source) => {
                total += Amount { bytes: source.disk_bytes()?, files: 1 };
                Some(())
            }
            Err(_) => Some(()),
        });
        // The only one who sets it.
        let _ = shared.total.set(sum.map(|()| total));
    };
    // Without a thread to spare there is no total.
    let _ = thread::Builder::new().spawn(add_up);
}
