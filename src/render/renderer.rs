//! The interface of all formats that write a sheet.

use std::io::{self, Write};

use anstyle::Style;

use crate::report::sheet::{Cell, End};

/// The layout for the destination of a report. Only the table uses it; the default is for files and pipes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The terminal's width in columns, or `None` if lines may have any length.
    pub width: Option<usize>,
    /// The style of the table's head.
    pub head: Style,
}

/// Writes the rows of one sheet in one format.
///
/// Each method fails with the error of `out`, whose kind is kept, so that the caller can recognise a closed pipe.
pub trait Renderer {
    /// Writes what comes before the rows. `before` holds the values of
    /// [`Sheet::before`](crate::report::sheet::Sheet::before).
    fn begin(&mut self, before: &[Cell<'_>], out: &mut dyn Write) -> io::Result<()>;

    /// Writes a row, or keeps it for the end. It has a cell for each of [`Sheet::columns`](crate::report::sheet::Sheet::columns).
    fn row(&mut self, cells: &[Cell<'_>], out: &mut dyn Write) -> io::Result<()>;

    /// Writes the rest of the report, which ends with a line end.
    fn end(&mut self, end: &End<'_>, out: &mut dyn Write) -> io::Result<()>;
}
