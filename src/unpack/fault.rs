//! What there is to say of data that cannot be read, and of faults on their way through several layers.

use std::fmt::Display;
use std::io;

use crate::problem::{Kind, Loss, Remedy};

/// Data of a kind that contradict themselves, and why.
pub(super) fn damaged(data: impl Display, why: impl Display, delivered: Option<u64>) -> Loss {
    let what = format!("the {data} data is damaged ({why})");
    Loss { delivered, ..Loss::new(Kind::Damaged, what, Remedy::AskAgain) }
}

/// `len` bytes that follow something and belong to nothing.
pub(super) fn trailing(len: u64, what: impl Display) -> Loss {
    let (bytes, were) = if len == 1 { ("byte", "was") } else { ("bytes", "were") };
    let what = format!("{len} {bytes} after {what} {were} not read");
    Loss::new(Kind::TrailingBytes, what, Remedy::CutOut)
}

/// An error of the layer below, with the place in this layer, if it has a place.
pub(crate) fn passed_on(mut error: io::Error, delivered: Option<u64>) -> io::Error {
    if let Some(loss) = error.get_mut().and_then(|inner| inner.downcast_mut::<Loss>()) {
        loss.delivered = loss.delivered.and(delivered);
    }
    error
}

/// The same error once more.
pub(crate) fn copied(error: &io::Error) -> io::Error {
    match Loss::of(error) {
        Some(loss) => loss.clone().into(),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}
