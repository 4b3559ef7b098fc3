//! Reads events that Windows or Entra has exported, as text with a line for each event.
//!
//! As XML, Event Viewer writes all events in one line with Save All Events As. `wevtutil qe LOG /f:xml` writes each event in a line of its
//! own, and a program may write one over several lines. The events become the same lines as those of an event log; see
//! [`line`](mod@super::line). For exports as text, see [`details`] and [`table`](super::table), and for sign-ins of Entra [`json`]. Text between
//! events, which an export does not have, is passed on.

use std::io::{self, Read};

use encoding_rs::{Decoder, Encoding, UTF_16BE, UTF_16LE};
use memchr::{memchr, memmem, memrchr};

use super::details::{self, Details};
use super::json::{self, Json};
use super::line;
use super::table::Table;
use crate::problem::{Kind, Loss, Remedy};
use crate::units::{CodePage, Units};
use crate::unpack::input::Input;
use crate::unpack::recognise::HEAD_BYTES;

/// The namespace of events, which is stated in the first tag of each.
const NAMESPACE: &[u8] = b"http://schemas.microsoft.com/win/2004/08/events/event";
/// The length in bytes above which an event, or a line between events, is not held in memory until it ends. Windows limits an event to
/// 64 KiB in its own format.
const LIMIT_BYTES: usize = 4 << 20;

/// How events are exported.
enum Exported {
    Xml,
    Details(Box<Details>),
    Table(Box<Table>),
    Json(Json),
}

/// Whether a text that begins with `head` consists of exported events, in UTF-8, an ANSI code page or UTF-16.
pub(in crate::unpack) fn is_export(head: &[u8]) -> bool {
    Exported::of(head).is_some()
}

impl Exported {
    fn of(head: &[u8]) -> Option<Exported> {
        let is_mark_or_space =
            |byte: &&u8| matches!(byte, 0 | 0xEF | 0xBB | 0xBF | 0xFE | 0xFF) || byte.is_ascii_whitespace();
        let text = &head[head.iter().take_while(is_mark_or_space).count()..];
        let details = |text| details::is_in(text).then(|| Exported::Details(Box::default()));
        // Most texts begin with none of these: `<`, `[`, `{`, `Log Name`, `Protokollname`, `Event[0]`, and the headings of tables.
        if !matches!(text, [b'<' | b'[' | b'{' | b'L' | b'P' | b'E' | b'K' | b'S' | b'D', ..]) {
            return details(text);
        }
        // Without the NULs, ASCII in UTF-16 is ASCII.
        let ascii: Vec<u8> = text.iter().copied().filter(|&byte| byte != 0).collect();
        match ascii.first() {
            Some(b'<') => is_xml(&ascii).then_some(Exported::Xml),
            Some(b'[' | b'{') if json::is_export(&ascii) => Some(Exported::Json(Json::of(&ascii))),
            _ => Table::of(&ascii).map(|table| Exported::Table(Box::new(table))).or_else(|| details(&ascii)),
        }
    }
}

/// Whether the beginning of a text is that of events in XML.
fn is_xml(ascii: &[u8]) -> bool {
    let start = event_start(ascii);
    let has_namespace = |at: usize| {
        let tag = &ascii[at..];
        memmem::find(&tag[..memchr(b'>', tag).unwrap_or(tag.len())], NAMESPACE).is_some()
    };
    start.is_some_and(|at| is_nothing(&String::from_utf8_lossy(&ascii[..at])) && has_namespace(at))
}

/// A reader of the lines of exported events.
pub(crate) struct Export {
    kind: Exported,
    input: Input,
    /// Decodes UTF-16. `None` for all other encodings.
    utf16: Option<Decoder>,
    /// The encoding that the user has given.
    given: Option<&'static Encoding>,
    /// What was read and not yet converted, from `start`. Before `searched`, there is no end of the event at `start`.
    pending: Vec<u8>,
    start: usize,
    searched: usize,
    is_at_end: bool,
    /// The line of JSON that is being read.
    records: Vec<u8>,
    /// The lines that have been read, and how many of their bytes have been returned.
    text: Vec<u8>,
    returned: usize,
    /// Whether the last byte of the lines was not a line end.
    is_in_line: bool,
    loss: Option<Loss>,
}

impl Export {
    /// Creates a reader of the export in `input`, which is in `units` or, if these are bytes, in UTF-8 or a code page. `given` is the
    /// code page that the user has chosen.
    pub(crate) fn new(mut input: Input, units: Units, given: Option<&'static Encoding>) -> Export {
        let utf16 = match units {
            // No export that is recognised is in UTF-32.
            Units::Bytes | Units::Utf32Le | Units::Utf32Be => None,
            Units::Utf16Le => Some(UTF_16LE.new_decoder_with_bom_removal()),
            Units::Utf16Be => Some(UTF_16BE.new_decoder_with_bom_removal()),
        };
        Export {
            kind: Exported::of(input.peek(HEAD_BYTES)).unwrap_or(Exported::Xml),
            input,
            utf16,
            given,
            pending: Vec::new(),
            start: 0,
            searched: 0,
            is_at_end: false,
            records: Vec::new(),
            text: Vec::new(),
            returned: 0,
            is_in_line: false,
            loss: None,
        }
    }

    /// Reads more into `pending`.
    fn fill(&mut self) {
        self.pending.drain(..self.start);
        self.searched = self.searched.saturating_sub(self.start);
        self.start = 0;
        // What is available, because a pipe may be slow.
        let bytes = self.input.available();
        self.is_at_end = bytes.is_empty();
        match &mut self.utf16 {
            None => self.pending.extend_from_slice(bytes),
            Some(decoder) => {
                let before = self.pending.len();
                // A unit becomes at most three bytes, and some units may be left from before.
                let room = decoder.max_utf8_buffer_length(bytes.len()).unwrap_or(3 * bytes.len() + 16);
                self.pending.resize(before + room, 0);
                let (_, _, len, _) = decoder.decode_to_utf8(bytes, &mut self.pending[before..], self.is_at_end);
                self.pending.truncate(before + len);
            }
        }
        let len = bytes.len();
        self.input.consume(len);
    }

    /// Converts the next part of `pending`. Returns whether there was one.
    fn convert(&mut self) -> bool {
        match self.kind {
            Exported::Xml => {}
            Exported::Details(_) | Exported::Table(_) => return self.convert_line(),
            Exported::Json(_) => return self.convert_json(),
        }
        let rest = &self.pending[self.start..];
        match event_start(rest) {
            Some(0) => self.convert_event(),
            Some(at) => self.pass_on(at),
            None if self.is_at_end => self.pass_on(rest.len()),
            // The last line may continue.
            None => {
                let lines = memrchr(b'\n', rest).map_or(0, |at| at + 1);
                self.pass_on(if lines == 0 && rest.len() > LIMIT_BYTES { rest.len() / 2 } else { lines })
            }
        }
    }

    /// Converts the next line of an export as text, if it and the next one are complete.
    fn convert_line(&mut self) -> bool {
        let rest = &self.pending[self.start..];
        let end_of_line = |text: &[u8]| match memchr(b'\n', text) {
            Some(at) => Some(at + 1),
            None if self.is_at_end || text.len() > LIMIT_BYTES => Some(text.len()),
            None => None,
        };
        let Some((end, next)) = end_of_line(rest).and_then(|end| Some((end, end_of_line(&rest[end..])?))) else {
            return false;
        };
        let [line, next] =
            [&rest[..end], &rest[end..end + next]].map(|line| CodePage::of(line, Units::Bytes, self.given).read(line));
        let line = line.trim_start_matches('\u{feff}');
        match &mut self.kind {
            Exported::Xml | Exported::Json(_) => return false,
            Exported::Details(details) if end == 0 => details.finish(&mut self.text),
            Exported::Details(details) => details.read(line, &next, &mut self.text),
            Exported::Table(table) if end == 0 => table.finish(&mut self.text),
            Exported::Table(table) => table.read(line, &mut self.text),
        }
        self.start += end;
        end > 0 || !self.text.is_empty()
    }

    /// Converts what has been read of JSON.
    fn convert_json(&mut self) -> bool {
        let Exported::Json(json) = &mut self.kind else { return false };
        json.read(&self.pending[self.start..], &mut self.records);
        self.start = self.pending.len();
        if self.is_at_end {
            json.finish(&mut self.records);
        }
        let end = match memrchr(b'\n', &self.records) {
            Some(at) => at + 1,
            None if self.records.len() > LIMIT_BYTES => self.records.len(),
            None => 0,
        };
        for line in self.records[..end].split_inclusive(|&byte| byte == b'\n') {
            let line = CodePage::of(line, Units::Bytes, self.given).read(line);
            // A byte order mark before the first record is a line of its own.
            let line = line.trim_start_matches('\u{feff}');
            self.text.extend_from_slice(if line == "\n" { b"" } else { line.as_bytes() });
        }
        self.records.drain(..end);
        end > 0
    }

    /// Converts the event at the start of `pending`, if it is complete.
    fn convert_event(&mut self) -> bool {
        const END: &[u8] = b"</Event>";
        let from = self.searched.max(self.start);
        let Some(at) = memmem::find(&self.pending[from..], END) else {
            self.searched = self.pending.len().saturating_sub(END.len()).max(self.start);
            if self.pending.len() - self.start > LIMIT_BYTES {
                return self.pass_on(1);
            }
            if self.is_at_end {
                let what = "it ends within an event, which was not read";
                self.loss = Some(Loss::new(Kind::Truncated, what, Remedy::AskAgain));
                self.start = self.pending.len();
            }
            return false;
        };
        let end = from + at + END.len();
        let event = &self.pending[self.start..end];
        if std::mem::take(&mut self.is_in_line) {
            self.text.push(b'\n');
        }
        line::append(CodePage::of(event, Units::Bytes, self.given).read(event).as_bytes(), || None, &mut self.text);
        self.start = end;
        true
    }

    /// Passes on `len` bytes that are not part of an event, unless they only separate events. Returns whether there are any.
    fn pass_on(&mut self, len: usize) -> bool {
        let bytes = &self.pending[self.start..self.start + len];
        let text = CodePage::of(bytes, Units::Bytes, self.given).read(bytes);
        if self.is_in_line || !is_nothing(&text) {
            self.text.extend_from_slice(text.trim_start_matches('\u{feff}').as_bytes());
            self.is_in_line = !text.ends_with('\n');
        }
        self.start += len;
        len > 0
    }
}

impl Read for Export {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            let len = (&self.text[self.returned..]).read(out)?;
            self.returned += len;
            if len > 0 {
                return Ok(len);
            }
            self.text.clear();
            self.returned = 0;
            if !self.convert() {
                if self.is_at_end {
                    let failure = self.input.failure();
                    return failure.or(self.loss.take().map(io::Error::from)).map_or(Ok(0), Err);
                }
                self.fill();
            }
        }
    }
}

/// Returns where the first event in `text` begins.
fn event_start(text: &[u8]) -> Option<usize> {
    const START: &[u8] = b"<Event";
    let is_start =
        |at: &usize| text.get(at + START.len()).is_some_and(|byte| byte.is_ascii_whitespace() || *byte == b'>');
    memmem::find_iter(text, START).find(is_start)
}

/// Whether a text consists only of what is around events in an export.
fn is_nothing(text: &str) -> bool {
    let mut rest = text.trim_start_matches('\u{feff}').trim_start();
    if let Some((_, after)) = rest.strip_prefix("<?xml").and_then(|rest| rest.split_once("?>")) {
        rest = after.trim_start();
    }
    let is_end = |word: &str| matches!(word, "<Events>" | "</Events>");
    rest.split_whitespace().all(is_end)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: &str = "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='Netop Guest'/>\
                         <EventID>7</EventID><TimeCreated SystemTime='2017-02-14T02:57:24.6008710Z'/><Channel>Application</Channel>\
                         <Computer>mfa01</Computer></System><EventData><Data>f\u{fc}r ann: MFA call result = 21</Data></EventData></Event>";
    const LINE: &str = "2017-02-14T02:57:24.6008710Z mfa01 Application, Netop Guest, event 7, Information: f\u{fc}r ann: MFA call result = \
                        21\n";

    /// A reader that returns the bytes in pieces.
    struct Pieces(Vec<u8>, usize);

    impl Read for Pieces {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let len = self.1.min(out.len()).min(self.0.len());
            self.0.drain(..len).zip(out).for_each(|(byte, out)| *out = byte);
            Ok(len)
        }
    }

    fn read(bytes: &[u8], piece_bytes: usize) -> (String, Option<String>) {
        let input = Input::new(Box::new(Pieces(bytes.to_vec(), piece_bytes)));
        let mut export = Export::new(input, Units::of(bytes), None);
        let mut text = Vec::new();
        let end = export.read_to_end(&mut text).map_err(|error| error.to_string());
        (String::from_utf8(text).unwrap(), end.err())
    }

    #[test]
    fn exports_are_recognised_in_every_encoding() {
        let xml = "<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"yes\"?>\r\n";
        for start in ["", "\u{feff}", "\r\n", xml] {
            for (open, close) in [("", ""), ("<Events>", "</Events>"), ("<Events>\r\n  ", "\r\n</Events>\r\n")] {
                let export = format!("{start}{open}{EVENT}{EVENT}\r\n{EVENT}{close}");
                let expected = (LINE.repeat(3), None);
                let utf16 = |write: fn(u16) -> [u8; 2]| export.encode_utf16().flat_map(write).collect::<Vec<u8>>();
                let latin = export.chars().map(|it| u8::try_from(u32::from(it)).unwrap_or(b' ')).collect();
                for bytes in [export.clone().into(), latin, utf16(u16::to_le_bytes), utf16(u16::to_be_bytes)] {
                    assert!(is_export(&bytes[..512]), "{export}");
                    for piece_bytes in [1, 7, usize::MAX] {
                        assert_eq!(read(&bytes, piece_bytes), expected);
                    }
                }
            }
        }
    }

    #[test]
    fn other_text_is_not_an_export() {
        let other = EVENT.replace("microsoft", "example");
        for text in [
            "",
            "<",
            "<Event",
            "<Event>",
            "<Events><EventData/>",
            "<html>",
            "2017 <Event>",
            &other,
            &format!("x {EVENT}"),
        ] {
            assert!(!is_export(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn text_between_events_is_passed_on() {
        let export = format!("{EVENT}\r\none\ntwo{EVENT}</Events> three\r\n{EVENT}<EventData>");
        let expected = format!("{LINE}\r\none\ntwo\n{LINE}</Events> three\r\n{LINE}<EventData>");
        assert_eq!(read(export.as_bytes(), 5), (expected, None));
    }

    #[test]
    fn an_event_that_is_cut_off_is_reported() {
        let export = format!("{EVENT}\r\n{EVENT}");
        let cut = (LINE.to_owned(), Some("it ends within an event, which was not read".to_owned()));
        for len in EVENT.len() + 9..export.len() {
            assert_eq!(read(&export.as_bytes()[..len], usize::MAX), cut, "{len}");
        }
    }

    #[test]
    fn an_export_of_any_length_is_read() {
        let numbered = |number: usize| {
            (EVENT.replace("= 21", &format!("= {number}")), LINE.replace("= 21", &format!("= {number}")))
        };
        let (events, lines): (String, String) = (0..1000).map(numbered).unzip();
        assert!(events.len() > 300_000);
        for piece_bytes in [1000, 3001, usize::MAX] {
            assert_eq!(read(events.as_bytes(), piece_bytes), (lines.clone(), None));
        }
        let details = |number: usize| {
            let end = format!("Computer: mfa01\nDescription: \nMFA:\ncall result = {number}\n\n");
            let event = format!(
                "Event[{number}]:\nLog Name: Application\nSource: Netop Guest\nDate: 2017-02-14T02:57:24Z\n{end}"
            );
            let line = format!(
                "2017-02-14T02:57:24Z mfa01 Application, Netop Guest, event -, Information: MFA:\tcall result = {number}\n"
            );
            (event, line)
        };
        let (events, lines): (String, String) = (0..2000).map(details).unzip();
        for piece_bytes in [1000, 3001, usize::MAX] {
            assert_eq!(read(events.as_bytes(), piece_bytes), (lines.clone(), None));
        }
    }

    #[test]
    fn json_is_read_in_every_encoding() {
        let record =
            "{\r\n  \"createdDateTime\": \"2026-11-26T08:20:11Z\",\r\n  \"userDisplayName\": \"f\u{fc}r\"\r\n}";
        let line = "{\"createdDateTime\":\"2026-11-26T08:20:11Z\",\"userDisplayName\":\"f\u{fc}r\"}\n";
        for start in ["", "\u{feff}", "\r\n"] {
            for (open, close) in [("", ""), ("[\r\n", "\r\n]\r\n")] {
                let export = format!("{start}{open}{record},{record}{close}");
                let utf16 = |write: fn(u16) -> [u8; 2]| export.encode_utf16().flat_map(write).collect::<Vec<u8>>();
                let latin = export.chars().map(|it| u8::try_from(u32::from(it)).unwrap_or(b' ')).collect();
                for bytes in [export.clone().into(), latin, utf16(u16::to_le_bytes), utf16(u16::to_be_bytes)] {
                    assert!(is_export(&bytes[..bytes.len().min(512)]), "{export}");
                    for piece_bytes in [1, 7, usize::MAX] {
                        let separator = if open.is_empty() { ",\n" } else { "" };
                        assert_eq!(read(&bytes, piece_bytes), ([line, separator, line].concat(), None));
                    }
                }
            }
        }
    }

    #[test]
    fn what_does_not_end_is_not_held_in_memory() {
        let endless = format!("<Event {}", "x".repeat(LIMIT_BYTES + 100_000));
        let (text, loss) = read(endless.as_bytes(), usize::MAX);
        assert_eq!((text.len(), loss), (endless.len(), None));
    }
}
