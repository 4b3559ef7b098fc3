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
//! Records are the objects in a list, in a list with one of the names in [`LISTS`], or outside of all others. JSON with an object in each
//! line is read as it is. What is not JSON keeps its lines, and a line end ends a text that is not closed.

use memchr::memmem;

/// The names of the list of records in an object around it, as the answers of web services have them.
const LISTS: [&[u8]; 2] = [b"value", b"records"];

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

/// Whether a text that begins with `text` is such an export. It is without NULs, and begins with `[` or `{`.
pub(super) fn is_export(text: &[u8]) -> bool {
    let lower = text.to_ascii_lowercase();
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
            has_line_end || LISTS.iter().any(|list| has_list(text, list))
        }
    }
}

/// Whether a text has the beginning of a list of objects with this name.
fn has_list(text: &[u8], name: &[u8]) -> bool {
    let quoted = [b"\"", name, b"\""].concat();
    memmem::find_iter(text, &quoted).any(|at| {
        let rest = text[at + quoted.len()..].trim_ascii_start().strip_prefix(b":").unwrap_or_default();
        rest.trim_ascii_start().strip_prefix(b"[").is_some_and(|rest| rest.trim_ascii_start().starts_with(b"{"))
    })
}

/// The place in an export up to which it has been read.
#[derive(Default)]
pub(super) struct Json {
    /// The number of objects and lists that are open.
    depth: usize,
    /// The number of those that are open around records.
    around: usize,
    is_in_text: bool,
    /// Whether the last byte was a backslash that escapes the next one.
    is_escaped: bool,
    /// The last text on this level, which is the name of the value after it, as far as it may be one of [`LISTS`].
    name: Vec<u8>,
    /// Whether there is anything in the line that is being written.
    has_line: bool,
}

impl Json {
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
                    if byte == b'"' {
                        self.is_in_text = true;
                        self.name.clear();
                    }
                    self.push(byte, out);
                }
            }
        }
    }

    /// Ends the last line.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        self.end_line(out);
    }

    fn read_text(&mut self, byte: u8, out: &mut Vec<u8>) {
        const NAME_BYTES: usize = 16;
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
    }

    fn open(&mut self, byte: u8, out: &mut Vec<u8>) {
        let is_list = byte == b'[';
        let is_outer = self.depth == 0;
        let is_named = self.depth == 1 && self.around == 0 && LISTS.contains(&self.name.as_slice());
        self.depth += 1;
        if is_list && (is_outer || is_named) {
            // The list is only around the records.
            self.end_line(out);
            self.around = self.depth;
            return;
        }
        if self.depth == self.around + 1 {
            self.end_line(out);
        }
        self.push(byte, out);
    }

    fn close(&mut self, byte: u8, out: &mut Vec<u8>) {
        if self.depth == 0 {
            return self.push(byte, out);
        }
        if self.depth == self.around {
            // The end of the list of records.
            self.around = 0;
            self.end_line(out);
        } else {
            self.push(byte, out);
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
