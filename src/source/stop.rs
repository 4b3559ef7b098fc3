//! A request to end a run before its inputs do, and waiting that it ends.
//!
//! Files on disk need no more than a look between two chunks. A pipe or a keyboard may have nothing to say for ever, and no
//! system call that waits for it can be called off without `unsafe`: it is left to a thread of its own, which is
//! abandoned when the request comes.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use crate::problem::Loss;

/// How often somebody who waits looks whether it was requested to stop.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Whether a run is to end early. Clones share the request.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Requests it; there is no way back.
    pub fn request(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was requested.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// What `receiver` is sent next.
    ///
    /// # Errors
    /// A [`Loss`] when the run is to end; or nobody is there to send anything.
    pub(super) fn receive<T>(&self, receiver: &Receiver<T>) -> io::Result<T> {
        loop {
            if self.is_requested() {
                return Err(Loss::interrupted().into());
            }
            match receiver.recv_timeout(LOOK_AGAIN) {
                Ok(received) => return Ok(received),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(io::Error::other("reading stopped unexpectedly")),
            }
        }
    }

    /// What `work` returns, which may take for ever.
    ///
    /// # Errors
    /// Those of `work`, a [`Loss`] when the run is to end, or that no thread can be started.
    pub(super) fn wait_for<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let (sender, receiver) = sync_channel(1);
        // Nobody may be waiting any more.
        thread::Builder::new().spawn(move || drop(sender.send(work())))?;
        self.receive(&receiver)?
    }
}
