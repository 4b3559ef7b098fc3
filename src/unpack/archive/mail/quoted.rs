//! Restores JSON in the text of a mail, where the mail program has divided its lines and put `>` before them.
//!
//! ```text
//! > {"createdDateTime":"2026-11-26T08:20:11Z","userPrincipalName":        {"createdDateTime":"2026-11-26T08:20:11Z","userPrincipalName":"ann"}
//! > "ann"}
//! ```
//!
//! Only sign-ins of Entra are restored, with a line for each record. Other JSON either has each result on one line anyway, or looks like
//! any other text. Some programs divide a line at a space, which they leave out, and others after a fixed number of characters.

use crate::unpack::event_log;

/// The largest number of lines over which a JSON text extends.
const LINES_LIMIT: usize = 2000;

/// Returns a text in which quoted JSON is restored.
pub(super) fn restored(text: Vec<u8>) -> Vec<u8> {
    let lines: Vec<&[u8]> = text.split_inclusive(|&byte| byte == b'\n').collect();
    let mut out: Option<Vec<u8>> = None;
    let (mut at, mut kept) = (0, 0);
    while at < lines.len() {
        if let Some((len, records)) = records_at(&lines[at..]) {
            let out = out.get_or_insert_default();
            lines[kept..at].iter().for_each(|line| out.extend_from_slice(line));
            out.extend(records);
            kept = at + len;
            at = kept;
        } else {
            at += 1;
        }
    }
    let Some(mut out) = out else { return text };
    lines[kept..].iter().for_each(|line| out.extend_from_slice(line));
    out
}

/// Returns the records of the JSON with which the first line begins, and over how many lines it extends. Returns `None` if there are none,
/// or if the line is as it was.
fn records_at(lines: &[&[u8]]) -> Option<(usize, Vec<u8>)> {
    let first = lines.first()?;
    let marks = &first[..first.iter().take_while(|byte| matches!(byte, b'>' | b' ')).count()];
    if !matches!(first.get(marks.len()), Some(b'[' | b'{')) {
        return None;
    }
    let mut place = Place::default();
    let mut parts: Vec<(&[u8], bool)> = Vec::new();
    for line in lines.iter().take(LINES_LIMIT) {
        let part = unquoted(line, marks)?;
        parts.push((part, place.is_in_text));
        place.pass(part);
        if place.depth == 0 {
            break;
        }
    }
    if place.depth > 0 || marks.is_empty() && parts.len() == 1 {
        return None;
    }
    let records = event_log::records(joined(&parts).trim_ascii_start())?;
    Some((parts.len(), records))
}

/// Returns a line without its end and the marks before it. Returns `None` if it has other marks.
fn unquoted<'l>(line: &'l [u8], marks: &[u8]) -> Option<&'l [u8]> {
    let mut rest = line.strip_prefix(marks)?;
    while let [before @ .., b'\r' | b'\n'] = rest {
        rest = before;
    }
    (!rest.starts_with(b">")).then_some(rest)
}

/// Joins the parts of a text, each with whether it begins within a text in quotes.
fn joined(parts: &[(&[u8], bool)]) -> Vec<u8> {
    let len = parts.first().map_or(0, |(part, _)| part.len());
    let is_cut = |rest: &[(&[u8], bool)]| rest.len() > 1 && rest.iter().all(|(part, _)| part.len() == len);
    let is_cut_by_length = parts.split_last().is_some_and(|(_, others)| is_cut(others));
    let mut whole = Vec::new();
    for (part, is_in_text) in parts {
        let had_space = match whole.as_slice() {
            // A hyphen within a word, as in a date.
            [.., before, b'-'] => *before != b' ',
            [.., last] => last.is_ascii_whitespace(),
            [] => true,
        };
        if *is_in_text && !had_space && !is_cut_by_length && !part.starts_with(b" ") {
            whole.push(b' ');
        }
        whole.extend_from_slice(part);
    }
    whole
}

/// A place in JSON.
#[derive(Default)]
struct Place {
    /// The number of objects and lists that are open.
    depth: usize,
    is_in_text: bool,
    is_escaped: bool,
}

impl Place {
    /// Moves the place to the end of `part`.
    fn pass(&mut self, part: &[u8]) {
        for byte in part {
            match byte {
                _ if self.is_escaped => self.is_escaped = false,
                b'\\' if self.is_in_text => self.is_escaped = true,
                b'"' => self.is_in_text = !self.is_in_text,
                _ if self.is_in_text => {}
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    const RECORD: &str = "{\"createdDateTime\":\"2026-11-26T08:20:11Z\",\"userPrincipalName\":\"ann@example.org\",\"authenticationDetails\":\
                          [{\"authenticationStepResultDetail\":\"MFA denied; user declined the \\\"authentication\\\"\"}]}";

    fn restored(text: &str) -> String {
        String::from_utf8(super::restored(text.into())).unwrap()
    }

    /// Divides a text at spaces, or else only at the ends of values.
    fn wrapped(text: &str, width: usize, mark: &str) -> String {
        let mut out = String::from(mark);
        let mut column = 0;
        for word in text.split_inclusive([' ', '-', ',']) {
            if column > 0 && column + word.trim_end().len() > width {
                out.truncate(out.trim_end_matches(' ').len());
                out += &format!("\r\n{mark}");
                column = 0;
            }
            out += word;
            column += word.len();
        }
        out + "\r\n"
    }

    fn cut(text: &str, width: usize, mark: &str) -> String {
        text.as_bytes().chunks(width).map(|part| format!("{mark}{}\n", std::str::from_utf8(part).unwrap())).collect()
    }

    #[test]
    fn a_record_is_whole_wherever_it_was_divided() {
        for mark in ["> ", ">", ">> ", "> > ", ""] {
            for width in 20..200 {
                for quoted in [wrapped(RECORD, width, mark), cut(RECORD, width, mark)] {
                    let lines = quoted.lines().count();
                    if lines == 2 && quoted == cut(RECORD, width, mark) {
                        // Two lines do not show how they were divided.
                        continue;
                    }
                    let text = format!("{mark}Hello\n{quoted}{mark}Bye\n");
                    let expected = format!("{mark}Hello\n{RECORD}\n{mark}Bye\n");
                    assert_eq!(restored(&text).replace("}\r\n", "}\n"), expected, "{text}");
                }
            }
        }
    }

    #[test]
    fn a_list_becomes_a_line_for_each_record() {
        let list = format!("[{RECORD},{RECORD}]");
        assert_eq!(restored(&format!("> {list}\n> x\n")), format!("{RECORD}\n{RECORD}\n> x\n"));
        assert_eq!(restored(&wrapped(&list, 70, "> ")), format!("{RECORD}\n{RECORD}\n"));
    }

    #[test]
    fn other_text_stays_as_it_is() {
        let cut = RECORD.strip_suffix('}').unwrap();
        for text in [
            "",
            "> {",
            "{\n{\n{\n",
            "> {\"a\":\n> 1}\n",
            "> [x] \"createdDateTime\"\r\n> y\r\n",
            &format!("{RECORD}\n"),
            &format!("> {cut}\nno more of it }}\n"),
            &format!("> {cut}\n"),
        ] {
            assert_eq!(restored(text), text, "{text}");
        }
    }
}
