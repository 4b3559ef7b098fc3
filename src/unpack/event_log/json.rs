//! Reads sign-ins that Entra has exported as JSON, as text with a line for each sign-in.
//!
//! Programs write JSON with a line for each property, or all records in one line. Either way, a line would not say what belongs together:
//! the time of a sign-in, its user, and the texts of its steps, one of which its status repeats. So each record becomes a line, without
//! the blanks between its parts:
//!
//! ```text
//! [
//!   {
//!     "createdDateTime": "2026-11-26T08:20:11Z",          {"createdDateTime":"2026-11-26T08:20:11Z","userPrincipalName":"ann@example.org"}
//!     "userPrincipalName": "ann@example.org"
//!   }
//! ]
//! ```
//!
//! Records are the objects in a list, in a list with one of the names in [`LISTS`], or outside of all others. A list with another name,
//! at any depth, has records if the first of them at the beginning of the text has the properties of a sign-in. JSON with an object in
//! each line is read as it is. What is not JSON keeps its lines, and a line end ends a text that is not closed.
//!
//! The answers of Kusto and Log Analytics have a list of the columns and a list of rows, which are lists of values. Each row becomes an
//! object with the names of the columns.

use memchr::memmem;

/// The names of the list of records in an object around it, as the answers of web services have them.
const LISTS: [&[u8]; 2] = [b"value", b"records"];
/// The names of the lists of columns and of rows in a table of Kusto, in lower case.
const COLUMNS: &[u8] = b"columns";
const ROWS: &[u8] = b"rows";
/// The names of the property of a column that has its name, in lower case.
const COLUMN_NAMES: [&[u8]; 2] = [b"name", b"columnname"];
/// The length up to which names are compared, in bytes.
const NAME_BYTES: usize = 64;
/// The largest number of columns of a table.
const COLUMNS_LIMIT: usize = 1000;

/// Words by which the beginning of a sign-in log is known, in any letter case: names of properties, and the category of the log.
const WORDS: [&[u8]; 8] = [
    b"\"createddatetime\"",
    b"\"userprincipalname\"",
    b"\"authenticationdetails\"",
    b"\"authenticationrequirement\"",
    b"\"appliedconditionalaccesspolicies\"",
    b"\"conditionalaccessstatus\"",
    b"signinlogs\"",
    b"auditlogs/signins\"",
];

/// The names of properties that have the time of a record, in lower case.
const TIMES: [&[u8]; 4] = [b"createddatetime", b"timegenerated", b"time", b"activitydatetime"];
/// The names of other properties by which a sign-in is known, in lower case.
const PROPERTIES: [&[u8]; 8] = [
    b"userprincipalname",
    b"userdisplayname",
    b"authenticationdetails",
    b"authenticationrequirement",
    b"appliedconditionalaccesspolicies",
    b"conditionalaccessstatus",
    b"appdisplayname",
    b"clientappused",
];

/// Whether a text that begins with `text` is such an export. It is without NULs, and begins with `[` or `{`.
pub(super) fn is_export(text: &[u8]) -> bool {
    let lower = text.to_ascii_lowercase();
    if text[0] == b'{' && has_columns(&lower) {
        return true;
    }
    if !WORDS.iter().any(|word| memmem::find(&lower, word).is_some()) {
        return false;
    }
    let after_bracket = &text[1..];
    let begins = |text: &[u8], byte| text.trim_ascii_start().first() == Some(&byte);
    match text[0] {
        b'[' => begins(after_bracket, b'{'),
        _ => {
            let blank = after_bracket.len() - after_bracket.trim_ascii_start().len();
            let has_line_end = after_bracket[..blank].contains(&b'\n') && begins(after_bracket, b'"');
            has_line_end || LISTS.iter().any(|list| has_list(text, list)) || List::of_records(text).is_some()
        }
    }
}

/// Whether a text in lower case has the beginning of a table of Kusto, which has the times of its rows in a column.
fn has_columns(lower: &[u8]) -> bool {
    has_list(lower, b"tables")
        && has_list(lower, COLUMNS)
        && TIMES.iter().any(|time| memmem::find(lower, &[b"\"", *time, b"\""].concat()).is_some())
}

/// Whether a text has the beginning of a list of objects with this name.
fn has_list(text: &[u8], name: &[u8]) -> bool {
    let quoted = [b"\"", name, b"\""].concat();
    memmem::find_iter(text, &quoted).any(|at| {
        let rest = text[at + quoted.len()..].trim_ascii_start().strip_prefix(b":").unwrap_or_default();
        rest.trim_ascii_start().strip_prefix(b"[").is_some_and(|rest| rest.trim_ascii_start().starts_with(b"{"))
    })
}

/// A list in an object.
struct List {
    /// The name of the list, or as much of it as is compared.
    name: Vec<u8>,
    /// The number of objects and lists around it.
    depth: usize,
}

impl List {
    /// Returns the innermost list around the first properties of a sign-in, or `None` if a text begins with none in a list. There must
    /// be a time among these properties.
    fn of_records(text: &[u8]) -> Option<List> {
        /// What is open: the name of a list, or nothing for an object.
        type Open = Option<Vec<u8>>;
        let mut open: Vec<Open> = Vec::new();
        let (mut has_time, mut has_other) = (false, false);
        let (mut name, mut at) = (Vec::new(), 0);
        while let Some(&byte) = text.get(at) {
            at += 1;
            match byte {
                b'"' => {
                    let len = len_of_text(&text[at..])?;
                    name = text[at..at + len.min(NAME_BYTES)].to_ascii_lowercase();
                    at += len + 1;
                }
                b':' => {
                    let list = open.iter().rposition(Option::is_some);
                    let is_new = (TIMES.contains(&&*name) && !has_time) || (PROPERTIES.contains(&&*name) && !has_other);
                    // The record itself is outside of all lists.
                    let list = if is_new { Some(list?) } else { None };
                    has_time |= TIMES.contains(&&*name);
                    has_other |= PROPERTIES.contains(&&*name);
                    if let Some(depth) = list.filter(|_| has_time && has_other) {
                        return Some(List { name: open.swap_remove(depth)?, depth });
                    }
                }
                b'[' => open.push(Some(std::mem::take(&mut name))),
                b'{' => open.push(None),
                b']' | b'}' => {
                    open.pop();
                }
                _ => {}
            }
        }
        None
    }
}

/// Returns the length of a text in quotes, after the first quote. Returns `None` if it does not end.
fn len_of_text(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        match text.get(at)? {
            b'"' => return Some(at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// Returns the records in JSON, as text with a line for each of them. Returns `None` if the text is no JSON or has no sign-ins.
pub(in crate::unpack) fn records(text: &[u8]) -> Option<Vec<u8>> {
    let has_word = || {
        let lower = text.to_ascii_lowercase();
        WORDS.iter().any(|word| memmem::find(&lower, word).is_some())
    };
    let is_json = text.split_first().is_some_and(|(first, rest)| {
        matches!((first, rest.trim_ascii_start().first()), (b'[', Some(b'{')) | (b'{', Some(b'"')))
    });
    if !is_json || !has_word() {
        return None;
    }
    let (mut json, mut out) = (Json::of(text), Vec::new());
    json.read(text, &mut out);
    json.finish(&mut out);
    Some(out)
}

/// The place in an export up to which it has been read.
#[derive(Default)]
pub(super) struct Json {
    /// The list of records, if it has another name than those in [`LISTS`].
    list: Option<List>,
    /// The number of objects and lists that are open.
    depth: usize,
    /// The number of those that are open around records.
    around: usize,
    is_in_text: bool,
    /// Whether the last byte was a backslash that escapes the next one.
    is_escaped: bool,
    /// The last text on this level, which is the name of the value after it, as far as it is compared.
    name: Vec<u8>,
    /// The name of the property whose value is being read.
    property: Vec<u8>,
    /// The names of the columns of a table, and the depth of the list of columns while it is open.
    columns: Vec<Vec<u8>>,
    columns_depth: Option<usize>,
    /// Whether the records are rows of a table.
    has_rows: bool,
    /// The index of the current value in a row.
    column: usize,
    /// Whether there is anything in the line that is being written.
    has_line: bool,
}

impl Json {
    /// Creates a reader of an export that begins with `head`.
    pub(super) fn of(head: &[u8]) -> Json {
        let is_object = head.first() == Some(&b'{');
        Json { list: if is_object { List::of_records(head) } else { None }, ..Json::default() }
    }

    /// Reads the next bytes of an export, which may be cut anywhere, and appends the lines to `out`.
    pub(super) fn read(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        for &byte in bytes {
            if self.is_in_text {
                self.read_text(byte, out);
                continue;
            }
            match byte {
                b'\n' if self.depth <= self.around => self.end_line(out),
                b'\n' => {}
                b' ' | b'\t' | b'\r' if self.depth > 0 || !self.has_line => {}
                b',' if self.depth == self.around && self.around > 0 => self.end_line(out),
                b'{' | b'[' => self.open(byte, out),
                b'}' | b']' => self.close(byte, out),
                _ => {
                    match byte {
                        b'"' => {
                            self.is_in_text = true;
                            self.name.clear();
                        }
                        b':' => self.property = std::mem::take(&mut self.name),
                        _ => {}
                    }
                    self.push(byte, out);
                    if byte == b',' && self.has_rows && self.depth == self.around + 1 {
                        self.column += 1;
                        self.push_column(out);
                    }
                }
            }
        }
    }

    /// Ends the last line.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        self.end_line(out);
    }

    fn read_text(&mut self, byte: u8, out: &mut Vec<u8>) {
        if byte == b'\n' {
            self.is_in_text = false;
            self.is_escaped = false;
            if self.depth <= self.around {
                self.end_line(out);
            }
            return;
        }
        self.is_in_text = byte != b'"' || self.is_escaped;
        self.is_escaped = byte == b'\\' && !self.is_escaped;
        if self.is_in_text && self.name.len() < NAME_BYTES {
            self.name.push(byte);
        }
        self.push(byte, out);
        let is_column = !self.is_in_text
            && self.columns_depth.is_some_and(|depth| depth + 1 == self.depth)
            && COLUMN_NAMES.iter().any(|name| self.property.eq_ignore_ascii_case(name));
        if is_column && self.columns.len() < COLUMNS_LIMIT {
            self.columns.push(std::mem::take(&mut self.name));
            self.property.clear();
        }
    }

    fn open(&mut self, byte: u8, out: &mut Vec<u8>) {
        let is_list = byte == b'[';
        let is_outer = self.depth == 0;
        let name = std::mem::take(&mut self.property);
        let is_own =
            self.list.as_ref().is_some_and(|list| list.depth == self.depth && list.name.eq_ignore_ascii_case(&name));
        let is_of_rows = !self.columns.is_empty() && name.eq_ignore_ascii_case(ROWS);
        let is_named = self.around == 0 && (self.depth == 1 && LISTS.contains(&&*name) || is_own || is_of_rows);
        self.depth += 1;
        if is_list && (is_outer || is_named) {
            // The list is only around the records.
            self.end_line(out);
            self.around = self.depth;
            self.has_rows = is_of_rows;
            return;
        }
        if is_list && self.around == 0 && name.eq_ignore_ascii_case(COLUMNS) {
            self.columns.clear();
            self.columns_depth = Some(self.depth);
        }
        if self.depth == self.around + 1 {
            self.end_line(out);
            if self.has_rows && is_list {
                self.column = 0;
                self.push(b'{', out);
                return self.push_column(out);
            }
        }
        self.push(byte, out);
    }

    /// Appends the name of the current column before its value.
    fn push_column(&mut self, out: &mut Vec<u8>) {
        let name = self.columns.get(self.column).map(Vec::as_slice).unwrap_or_default();
        out.push(b'"');
        out.extend_from_slice(name);
        out.extend_from_slice(b"\":");
    }

    fn close(&mut self, byte: u8, out: &mut Vec<u8>) {
        if self.depth == 0 {
            return self.push(byte, out);
        }
        if self.depth == self.around {
            // The end of the list of records.
            self.around = 0;
            self.has_rows = false;
            self.end_line(out);
        } else {
            let is_row = self.has_rows && byte == b']' && self.depth == self.around + 1;
            self.push(if is_row { b'}' } else { byte }, out);
        }
        if self.columns_depth == Some(self.depth) {
            self.columns_depth = None;
        }
        self.depth -= 1;
        if self.depth == self.around {
            self.end_line(out);
        }
    }

    fn push(&mut self, byte: u8, out: &mut Vec<u8>) {
        out.push(byte);
        self.has_line = true;
    }

    fn end_line(&mut self, out: &mut Vec<u8>) {
        if std::mem::take(&mut self.has_line) {
            out.push(b'\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(export: &str) -> String {
        let whole = {
            let (mut json, mut out) = (Json::default(), Vec::new());
            json.read(export.as_bytes(), &mut out);
            json.finish(&mut out);
            out
        };
        let (mut json, mut out) = (Json::default(), Vec::new());
        export.as_bytes().chunks(1).for_each(|byte| json.read(byte, &mut out));
        json.finish(&mut out);
        assert_eq!(out, whole);
        String::from_utf8(out).unwrap()
    }

    const PRETTY: &str = "{\r\n    \"createdDateTime\": \"2026-11-26T08:20:11Z\",\r\n    \"note\": \"a, \\\"{[ b\",\r\n    \"value\": [\r\n      \
                          { \"code\": 1 },\r\n      { }\r\n    ]\r\n  }";
    const LINE: &str =
        "{\"createdDateTime\":\"2026-11-26T08:20:11Z\",\"note\":\"a, \\\"{[ b\",\"value\":[{\"code\":1},{}]}\n";

    #[test]
    fn a_record_is_a_line_wherever_records_are() {
        let record = PRETTY.replace("value", "steps");
        let line = LINE.replace("value", "steps");
        for (open, between, close) in
            [("[", ",", "]"), ("[\r\n  ", ",\r\n  ", "\r\n]\r\n"), ("", "\n", "\n"), ("\r\n", "", "")]
        {
            let export = [open, &record, between, &record, close].concat();
            assert_eq!(read(&export), line.repeat(2), "{export}");
        }
        for name in ["value", "records"] {
            let export = format!(
                "{{\n  \"@odata.context\": \"x\",\n  \"{name}\": [\n {PRETTY}, {PRETTY} ],\n \"next\": 1\n}}\n[{PRETTY}]"
            );
            let lines = LINE.repeat(2);
            assert_eq!(read(&export), format!("{{\"@odata.context\":\"x\",\"{name}\":\n{lines},\"next\":1}}\n{LINE}"));
        }
    }

    /// Returns the lines of an export whose list of records is found by its beginning.
    fn read_by_head(export: &str) -> String {
        assert!(is_export(export.as_bytes()), "{export}");
        let (mut json, mut out) = (Json::of(export.as_bytes()), Vec::new());
        export.as_bytes().chunks(1).for_each(|byte| json.read(byte, &mut out));
        json.finish(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_list_with_any_name_has_records_if_they_are_sign_ins() {
        let record = "{\"id\":\"1\",\"createdDateTime\":\"2026-11-26T08:20:11Z\",\"userPrincipalName\":\"ann\",\"value\":[{\"x\":1}]}";
        for name in [
            "signIns",
            "data",
            "Results",
            "items",
            "logs",
            "a list with a name that is longer than any name that is compared, far",
        ] {
            let export = format!("{{\"n\":[1],\"{name}\":[{record},{record}],\"next\":1}}\n");
            let expected = format!("{{\"n\":[1],\"{name}\":\n{record}\n{record}\n,\"next\":1}}\n");
            assert_eq!(read_by_head(&export), expected);
            // The list may be in other objects and lists, and may come several times.
            let export = format!("{{\"pages\":[{{\"{name}\":[{record},{record}]}},{{\"{name}\":[{record}]}}]}}\n");
            let expected =
                format!("{{\"pages\":[{{\"{name}\":\n{record}\n{record}\n}},{{\"{name}\":\n{record}\n}}]}}\n");
            assert_eq!(read_by_head(&export), expected);
        }
        let export = "{\"logs\": [ {\n \"time\": \"2026-11-26T08:20:11Z\", \"properties\": { \"userPrincipalName\": \"ann\" } } ] }";
        let line = "{\"time\":\"2026-11-26T08:20:11Z\",\"properties\":{\"userPrincipalName\":\"ann\"}}";
        assert_eq!(read_by_head(export), format!("{{\"logs\":\n{line}\n}}\n"));
    }

    #[test]
    fn a_list_within_a_record_is_no_list_of_records() {
        for text in [
            "{\"time\":1,\"users\":[{\"userPrincipalName\":\"ann\",\"time\":2}]}\n",
            "{\"users\":[{\"userPrincipalName\":\"ann\",\"appDisplayName\":\"x\"}],\"m\":\"callStatus=102\"}\n",
            "{\"users\":[{\"x\":1}],\"createdDateTime\":\"2026-11-26T08:20:11Z\",\"userPrincipalName\":\"ann\"}\n",
        ] {
            assert!(!is_export(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn a_row_of_a_table_becomes_an_object() {
        for (tables, columns, name, rows) in
            [("tables", "columns", "name", "rows"), ("Tables", "Columns", "ColumnName", "Rows")]
        {
            let export = format!(
                "{{\"{tables}\":[{{\"name\":\"PrimaryResult\",\"{columns}\":[{{\"{name}\":\"TimeGenerated\",\"type\":\"datetime\"}},\
                 {{\"{name}\":\"User\",\"type\":\"name\"}}],\n \"{rows}\":[\n[\"2026-11-26T08:20:11Z\", \"a, ]b\"],\n [null,[1,2],3]]}}]}}\n"
            );
            let head = format!(
                "{{\"{tables}\":[{{\"name\":\"PrimaryResult\",\"{columns}\":[{{\"{name}\":\"TimeGenerated\",\"type\":\"datetime\"}},\
                 {{\"{name}\":\"User\",\"type\":\"name\"}}],\"{rows}\":\n"
            );
            let lines = "{\"TimeGenerated\":\"2026-11-26T08:20:11Z\",\"User\":\"a, ]b\"}\n{\"TimeGenerated\":null,\"User\":[1,2],\"\":3}\n";
            assert_eq!(read_by_head(&export), format!("{head}{lines}}}]}}\n"));
        }
    }

    #[test]
    fn what_is_not_json_keeps_its_lines() {
        let text = "it is \"so\r\nand so }\n} on\n";
        assert_eq!(read(text), text);
        // A text that is not closed ends with its line.
        assert_eq!(read("[{\"a\": \"b\n}, {\"c\": 1}]"), "{\"a\":\"b}\n{\"c\":1}\n");
        assert_eq!(read("]]}}{{{{\n"), "]]}}\n{{{{\n");
    }

    #[test]
    fn only_sign_ins_are_an_export() {
        for text in [
            "[{\"createdDateTime\":",
            "[\r\n  {\r\n \"UserPrincipalName\"",
            "{\r\n  \"conditionalAccessStatus\"",
            "{\"@odata.context\":\"https://graph.microsoft.com/v1.0/$metadata#auditLogs/signIns\",\"value\":[{",
            "{\"records\": [ { \"category\": \"SignInLogs\"",
        ] {
            assert!(is_export(text.as_bytes()), "{text}");
        }
        for text in [
            "[",
            "{",
            "[{\"message\":",
            "{\"createdDateTime\":\"2026-11-26T08:20:11Z\"}\n{\"createdDateTime\"",
            "{\"category\":\"SignInLogs\",\"value\":[1]}",
            "[error] \"createdDateTime\"",
            "{ \"createdDateTime\": 1 }",
        ] {
            assert!(!is_export(text.as_bytes()), "{text}");
        }
    }
}
