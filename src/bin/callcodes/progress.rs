//! Shows the progress of a longer run as a line on standard error, which is removed before anything else is printed.
//!
//! There is no line if standard error is not a terminal, if the user types the input, or if results are printed on the terminal
//! during the run, which already shows that something happens.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use callcodes::amount::Amount;
use callcodes::render::progress;
use callcodes::source::{Meter, Stop, Walk};

use crate::settings::Settings;
use crate::term::{self, Output, StatusLine};

/// The time from the start of a run until the progress line appears.
const QUIET: Duration = Duration::from_millis(500);
/// The time between two updates of the line.
const TICK: Duration = Duration::from_millis(100);
/// The time that an interrupted run may take to stop before a note explains how to end it at once.
const PATIENCE: Duration = Duration::from_secs(1);

/// The progress line of a run. Dropping this removes the line.
pub(crate) struct Progress(Option<Arc<Shared>>);

/// Whether the progress line is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    Drawn,
    NotDrawn,
}

struct Shared {
    meter: Meter,
    stop: Stop,
    started: Instant,
    /// The total amount of input. Not set until everything has been listed, and `None` if the total is unknown.
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
    /// Starts showing the progress of a run.
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
        // If no thread can be started, there is no line.
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
                // The terminal has printed `^C` at the start of the line, so the result starts on the next one.
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

/// Draws the line until the run ends. Called in a separate thread. It prints only while it holds the lock, so that nothing is
/// printed after the end.
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

/// Starts a thread that lists the inputs and sets the total, so that a slow disk does not delay the progress line.
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
        // Nothing else sets the total.
        let _ = shared.total.set(sum.map(|()| total));
    };
    // If no thread can be started, there is no total.
    let _ = thread::Builder::new().spawn(add_up);
}
