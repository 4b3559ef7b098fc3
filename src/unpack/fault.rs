//! Words the faults of data that cannot be read, and carries errors through readers that are stacked on each other.

use std::fmt::Display;
use std::io;

use crate::problem::{Kind, Loss, Remedy};

/// Returns the loss for damaged data, such as `the gzip data are damaged (the checksum does not match)`.
///
/// `delivered` is how many decompressed bytes came before the fault, or `None` if no such number makes sense.
pub(super) fn damaged(data: impl Display, why: impl Display, delivered: Option<u64>) -> Loss {
    let what = format!("the {data} data is damaged ({why})");
    Loss { delivered, ..Loss::new(Kind::Damaged, what, Remedy::AskAgain) }
}

/// Returns the loss for `len` bytes that follow `what`, such as the end of an archive, and were not read.
pub(super) fn trailing(len: u64, what: impl Display) -> Loss {
    let (bytes, were) = if len == 1 { ("byte", "was") } else { ("bytes", "were") };
    let what = format!("{len} {bytes} after {what} {were} not read");
    Loss::new(Kind::TrailingBytes, what, Remedy::CutOut)
}

/// Restates the error of an inner reader for the reader around it.
///
/// Inside a [`Loss`], the number of bytes delivered is replaced by `delivered`, because the two readers count different
/// bytes: one compressed ones, the other decompressed ones. A loss without a number stays without one.
pub(crate) fn passed_on(mut error: io::Error, delivered: Option<u64>) -> io::Error {
    if let Some(loss) = error.get_mut().and_then(|inner| inner.downcast_mut::<Loss>()) {
        loss.delivered = loss.delivered.and(delivered);
    }
    error
}

/// Returns a copy of `error`, which [`io::Error`] cannot make itself. An error of the system keeps its kind and its text.
pub(crate) fn copied(error: &io::Error) -> io::Error {
    match Loss::of(error) {
        Some(loss) => loss.clone().into(),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}
