//! The interface that every format of a sheet implements.

use std::io::{self, Write};

use anstyle::Style;

use crate::report::sheet::{Cell, End};
use crate::report::trend::Charset;
use crate::time::zone::DisplayZone;

/// Adapts a report to the terminal and the user. Only the table uses what is about the terminal. The default is right for files and
/// pipes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The terminal's width in columns, or `None` if lines may have any length.
    pub width: Option<usize>,
    /// The style of the table's headings.
    pub head: Style,
    /// The terminal's height in rows, or `None` if lines may be of any number.
    pub height: Option<usize>,
    /// The characters of trends and bars.
    pub charset: Charset,
    /// The zone in which times are shown, in every format.
    pub zone: DisplayZone,
}

/// Writes the rows of one sheet in one format.
///
/// Every method returns any error from writing to `out`, with its kind, so that the caller can recognise a closed pipe.
pub trait Renderer {
    /// Writes the part before the rows. `before` has a value for each field of
    /// [`Sheet::before`](crate::report::sheet::Sheet::before).
    fn begin(&mut self, before: &[Cell<'_>], out: &mut dyn Write) -> io::Result<()>;

    /// Writes a row, or keeps it until [`end`](Renderer::end). `cells` has a cell for each of
    /// [`Sheet::columns`](crate::report::sheet::Sheet::columns).
    fn row(&mut self, cells: &[Cell<'_>], out: &mut dyn Write) -> io::Result<()>;

    /// Begins a section of the rows. Only a table shows its heading.
    fn section(&mut self, _heading: &str) {}

    /// Writes the rest of the report, including a final line end.
    fn end(&mut self, end: &End<'_>, out: &mut dyn Write) -> io::Result<()>;
}
