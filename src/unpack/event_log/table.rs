//! Reads events that Event Viewer has saved as text or as CSV, as text with a line for each event.
//!
//! The first line has the headings of the columns that Event Viewer shows, in the language of the computer. The message has no heading and
//! is last, in quotes if it has several lines. Text has tabs in place of the commas.
//!
//! ```text
//! Level,Date and Time,Source,Event ID,Task Category
//! Information,2/14/2017 2:57:24 AM,Netop Guest,1000,None,"Azure multi-factor authentication of ann:
//! call result = 102"
//! ```
//!
//! An event begins with a line that has a time and a number in their columns. Quotes do not decide where it begins, so that a quote
//! too many spoils one event and not all that follow.

use memchr::memmem;

use super::details::Part;
use super::line::{self, Event};

/// The length in bytes above which a message is not held in memory until it ends.
const LIMIT_BYTES: usize = 4 << 20;

/// The headings in English and in German, with the part of an event that the column contains. Other columns are left out.
const HEADINGS: [(&str, Part); 12] = [
    ("Level", Part::Level),
    ("Ebene", Part::Level),
    ("Date and Time", Part::Time),
    ("Datum und Uhrzeit", Part::Time),
    ("Source", Part::Provider),
    ("Quelle", Part::Provider),
    ("Event ID", Part::Id),
    ("Ereignis-ID", Part::Id),
    ("Log", Part::Channel),
    ("Protokoll", Part::Channel),
    ("Computer", Part::Computer),
    ("Computername", Part::Computer),
];

/// A reader of such a table.
pub(super) struct Table {
    separator: char,
    /// The part of an event that each column contains.
    columns: Vec<Option<Part>>,
    /// The event that is being read, and its message as it is written.
    event: Option<(Event, String)>,
}

impl Table {
    /// Reads the headings at the beginning of a text, which may be cut off anywhere. Returns `None` if it has none.
    pub(super) fn of(text: &[u8]) -> Option<Table> {
        let line = text.split(|&byte| byte == b'\n').next()?;
        let (separator, columns) = headings(&String::from_utf8_lossy(line))?;
        Some(Table { separator, columns, event: None })
    }

    /// Reads a line, which includes its line end. Appends the line of the event before it to `text` if another event begins, and a line
    /// that is not part of an event.
    pub(super) fn read(&mut self, line: &str, text: &mut Vec<u8>) {
        if let Some((separator, columns)) = headings(line) {
            self.finish(text);
            // Another export may follow.
            (self.separator, self.columns) = (separator, columns);
        } else if let Some(event) = self.begun(line) {
            self.finish(text);
            self.event = Some(event);
        } else if let Some((_, message)) = &mut self.event {
            message.push_str(line);
            if message.len() > LIMIT_BYTES {
                self.finish(text);
            }
        } else {
            text.extend_from_slice(line.as_bytes());
        }
    }

    /// Returns the event that begins with a line, and the beginning of its message.
    fn begun(&self, line: &str) -> Option<(Event, String)> {
        let mut event = Event::default();
        let mut rest = Some(line);
        for column in &self.columns {
            let (value, after) = cell(rest?, self.separator);
            rest = after;
            let Some(field) = column.and_then(|part| part.of(&mut event)) else { continue };
            if field.is_empty() {
                *field = value;
            }
        }
        let is_number = |id: &str| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
        let is_time = event.time.starts_with(|first: char| first.is_ascii_digit()) && event.time.contains(':');
        (is_time && is_number(&event.id)).then(|| (event, rest.unwrap_or_default().to_owned()))
    }

    /// Appends the line of the event that has been read, if there is one.
    pub(super) fn finish(&mut self, text: &mut Vec<u8>) {
        let Some((mut event, message)) = self.event.take() else { return };
        event.message = line::cleaned(&unquoted(message.trim()));
        event.append(text);
    }
}

/// Returns the separator and the columns of a line with headings, or `None` for another line.
fn headings(line: &str) -> Option<(char, Vec<Option<Part>>)> {
    // Nearly all lines have neither.
    let has = |heading: &str| memmem::find(line.as_bytes(), heading.as_bytes()).is_some();
    if !has("Date and Time") && !has("Datum und Uhrzeit") {
        return None;
    }
    let separator = line.chars().find(|it| matches!(it, ',' | '\t' | ';'))?;
    let mut columns = Vec::new();
    let mut rest = Some(line);
    while let Some((heading, after)) = rest.map(|rest| cell(rest, separator)) {
        let part = HEADINGS.iter().find(|(known, _)| *known == heading).map(|(_, part)| *part);
        columns.push(part);
        rest = after;
    }
    let has = |part| columns.contains(&Some(part));
    (has(Part::Time) && has(Part::Id)).then_some((separator, columns))
}

/// Returns the first cell of a row, without its quotes, and the rest after the separator.
fn cell(row: &str, separator: char) -> (String, Option<&str>) {
    let quoted = row.strip_prefix('"').and_then(|inner| {
        let end = inner.match_indices('"').map(|(at, _)| at).find(|&at| {
            let after = &inner[at + 1..];
            after.trim_end_matches(['\r', '\n']).is_empty() || after.starts_with(separator)
        })?;
        Some((&inner[..end], &inner[end + 1..]))
    });
    let (value, rest) = quoted.unwrap_or_else(|| row.split_at(row.find(separator).unwrap_or(row.len())));
    (value.trim().replace("\"\"", "\""), rest.strip_prefix(separator))
}

/// Returns a message without the quotes around it. Doubled quotes within them become single ones, unless there is a single one, too.
fn unquoted(message: &str) -> String {
    let Some(inner) = message.strip_prefix('"') else { return message.to_owned() };
    let inner = inner.strip_suffix('"').unwrap_or(inner);
    if inner.replace("\"\"", "").contains('"') { inner.to_owned() } else { inner.replace("\"\"", "\"") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(export: &str) -> String {
        let (mut table, mut text) = (Table::of(export.as_bytes()).unwrap(), Vec::new());
        export.split_inclusive('\n').for_each(|line| table.read(line, &mut text));
        table.finish(&mut text);
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn csv_is_read_in_english() {
        let export = "Level,Date and Time,Source,Event ID,Task Category\r\n\
                      Warning,2/14/2017 2:57:24 AM,Netop Guest,7,None,\"MFA of ann, \"\"the boss\"\":\r\n\r\ncall result = 102\r\n\"\r\n\
                      Error,2/14/2017 3:00:00 PM,\"Guest, Netop\",1000,None,call result = 4\r\n\
                      Information,2/14/2017 3:00:01 PM,Netop Guest,8,None\r\n";
        assert_eq!(
            read(export),
            "2/14/2017 2:57:24 AM\t- -, Netop Guest, event 7, Warning: MFA of ann, \"the boss\":\tcall result = 102\n\
             2/14/2017 3:00:00 PM\t- -, Guest, Netop, event 1000, Error: call result = 4\n\
             2/14/2017 3:00:01 PM\t- -, Netop Guest, event 8, Information\n"
        );
    }

    #[test]
    fn text_is_read_in_german_with_any_columns() {
        let export = "Schl\u{fc}sselw\u{f6}rter\tEbene\tDatum und Uhrzeit\tQuelle\tEreignis-ID\tAufgabenkategorie\tProtokoll\tComputer\r\n\
                      Klassisch\tFehler\t14.02.2017 02:57:24\tNetop Guest\t7\tKeine\tApplication\tmfa01\t\"MFA von ann:\r\n\
                      call result = 102\"\r\n";
        let row =
            "14.02.2017 02:57:24\tmfa01 Application, Netop Guest, event 7, Fehler: MFA von ann:\tcall result = 102\n";
        assert_eq!(read(export), row);
        let security = "Keywords\tDate and Time\tSource\tEvent ID\tTask Category\r\nAudit Failure\t2/14/2017 2:57:24 AM\tNPS\t6273\tx\tNo\r\n";
        assert_eq!(read(security), "2/14/2017 2:57:24 AM\t- -, NPS, event 6273, Information: No\n");
    }

    #[test]
    fn a_quote_too_many_spoils_no_other_event() {
        let heading = "Level,Date and Time,Source,Event ID,Task Category\n";
        let event = |message: &str| format!("Error,2/14/2017 2:57:24 AM,Netop Guest,7,None,{message}\n");
        let line = |message: &str| format!("2/14/2017 2:57:24 AM\t- -, Netop Guest, event 7, Error: {message}\n");
        let [one, two, three] = ["\"user=\"ann\"\n1\"", "\"not closed\n\n2", "3"];
        let export = [event(one), event(two), heading.to_owned(), event(three)].concat();
        let expected = [line("user=\"ann\"\t1"), line("not closed\t2"), line("3")].concat();
        assert_eq!(read(&format!("{heading}a remark\n{export}")), format!("a remark\n{expected}"));
    }

    #[test]
    fn other_tables_have_no_events() {
        for text in ["", "Date and Time", "Date and Time,Source\n", "Event ID,Date\n", "x\nDate and Time,Event ID\n"] {
            assert!(Table::of(text.as_bytes()).is_none(), "{text}");
        }
    }
}
