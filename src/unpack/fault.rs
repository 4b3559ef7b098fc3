//! Creates the errors for data that cannot be read, and passes errors from inner to outer readers.

use std::fmt::Display;
use std::io;

use crate::problem::{Kind, Loss, Remedy};

/// Returns the loss for damaged data, with a message such as `the gzip data is damaged (the checksum does not match)`.
///
/// `delivered` is the number of decompressed bytes before the fault, or `None` if no such number makes sense.
pub(super) fn damaged(data: impl Display, why: impl Display, delivered: Option<u64>) -> Loss {
    let what = format!("the {data} data is damaged ({why})");
    Loss { delivered, ..Loss::new(Kind::Damaged, what, Remedy::AskAgain) }
}

/// Returns the loss for `len` bytes that were not read. They follow `what`, such as the end of an archive.
pub(super) fn trailing(len: u64, what: impl Display) -> Loss {
    let (bytes, were) = if len == 1 { ("byte", "was") } else { ("bytes", "were") };
    let what = format!("{len} {bytes} after {what} {were} not read");
    Loss::new(Kind::TrailingBytes, what, Remedy::CutOut)
}

/// Converts the error of an inner reader to one for the reader around it.
///
/// If the error contains a [`Loss`], its number of delivered bytes is replaced by `delivered`, because the inner reader counts
/// compressed bytes and the outer one decompressed bytes. A loss without a number is not changed.
pub(crate) fn passed_on(mut error: io::Error, delivered: Option<u64>) -> io::Error {
    if let Some(loss) = error.get_mut().and_then(|inner| inner.downcast_mut::<Loss>()) {
        loss.delivered = loss.delivered.and(delivered);
    }
    error
}

/// Returns a copy of `error`, because [`io::Error`] is not `Clone`. The copy of an error from the system has its kind and its text.
pub(crate) fn copied(error: &io::Error) -> io::Error {
    match Loss::of(error) {
        Some(loss) => loss.clone().into(),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}
