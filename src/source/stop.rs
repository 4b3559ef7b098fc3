//! Requests the early end of a run, and provides waits that such a request ends.
//!
//! For files on disk, it is enough to check for a request between two chunks. However, a pipe or a keyboard may be silent
//! forever, and a system call that waits for it cannot be cancelled without `unsafe`. Therefore a separate thread makes the
//! call, and is abandoned when the request comes.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use crate::problem::Loss;

/// How often a waiting thread checks for a request.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// A request to end a run early. Clones share the request.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Requests the end of the run. This cannot be undone.
    pub fn request(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the end of the run was requested.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Waits for the next value from `receiver`.
    ///
    /// # Errors
    ///
    /// Returns a [`Loss`] when the end is requested, or another error if the sender is gone.
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

    /// Runs `work` on another thread, and waits for its result. `work` may never return.
    ///
    /// # Errors
    ///
    /// Returns the error of `work`, a [`Loss`] when the end is requested, or an error if no thread can be started.
    pub(super) fn wait_for<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let (sender, receiver) = sync_channel(1);
        // Sending fails if the receiver was dropped, which does not matter here.
        thread::Builder::new().spawn(move || drop(sender.send(work())))?;
        self.receive(&receiver)?
    }
}
