//! Writes the lines of an audit below a table.

use std::io::{self, Write};

use super::table::write_notes;
use crate::report::audit::Audited;
use crate::terminal::{escaped, escaped_line};

/// The indent of the lines with a result.
const INDENT: &str = "   ";

/// Writes the lines of each result as text, after an empty line.
pub(super) fn write(audit: &[Audited], width: Option<usize>, out: &mut dyn Write) -> io::Result<()> {
    for Audited { code, name, description, lines } in audit {
        let key = code.map_or_else(|| format!("\"{}\"", name.as_deref().unwrap_or_default()), |code| code.to_string());
        writeln!(out)?;
        write_notes(&[format!("{key} {description}")], width, out)?;
        for line in lines {
            writeln!(out, "{INDENT}{}:{}: {}", escaped(&line.path), line.line_number, escaped_line(&line.text))?;
        }
    }
    Ok(())
}
