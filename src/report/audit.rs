//! Lists a few lines for each code, so that people can check that the results are what the report says.

use super::sheet::{Cell, Column, Holds};
use crate::catalogue::Catalogue;
use crate::code::{Code, Key};
use crate::summary::audit::{Audit, Picked};
use crate::terminal::replaced;

/// The fields of a line in JSON. They have the names that they have in the output of `lines`.
pub const LINE: &[Column] = &[
    Column::for_scripts("code", Holds::Code, "The code. `null` if only a name is known, which is then in `name`.")
        .or_null(),
    Column::for_scripts("name", Holds::Text, "The name or text in the log, if it stands for no single code.").or_null(),
    Column::for_scripts("path", Holds::Path, "The path of the file."),
    Column::for_scripts("line", Holds::Count, "The number of the line; the first is 1."),
    Column::for_scripts("offset", Holds::Bytes, "The offset of the result in the unpacked file; the first byte is 0."),
    Column::for_scripts("text", Holds::Text, "The line. If it is longer than 1 KiB, the part around the result."),
];

/// Some of the lines with the same result.
#[derive(Clone, Debug, PartialEq)]
pub struct Audited {
    /// The code, if the result has one.
    pub code: Option<Code>,
    /// The name, if it has none.
    pub name: Option<String>,
    /// What the result means.
    pub description: String,
    /// The lines, in the order of their places.
    pub lines: Vec<Picked>,
}

impl Audited {
    /// Returns the lines that were picked for each of these results, without those for which there are none.
    pub(super) fn all<'k>(audit: &Audit, keys: impl Iterator<Item = &'k Key>, catalogue: &Catalogue) -> Vec<Audited> {
        let audited = keys.map(|key| Audited {
            code: key.code(),
            name: key.name().map(replaced),
            description: replaced(catalogue.description(key)),
            lines: audit.lines(key).into_iter().cloned().collect(),
        });
        audited.filter(|audited| !audited.lines.is_empty()).collect()
    }

    /// Returns the lines as values of JSON.
    pub(super) fn records(&self) -> impl Iterator<Item = Cell<'_>> {
        self.lines.iter().map(|line| {
            Cell::Record(vec![
                ("code", self.code.into()),
                ("name", self.name.as_ref().into()),
                ("path", (&*line.path).into()),
                ("line", line.line_number.into()),
                ("offset", line.offset.into()),
                ("text", (&*line.text).into()),
            ])
        })
    }
}
