//! Converts an event in XML, as Windows exports events, to a line of text.
//!
//! ```text
//! 2017-02-14T02:57:24.6008710Z mfa01.example.com Application, Netop Guest, event 1000, Information: call result = 102; User=ann
//! ```
//!
//! The parts are the time in UTC, the computer, the channel, the provider, the number of the event, its level, and then its message
//! and its values, with their names if they have any. `-` stands for a part that the event does not have.
//!
//! Invariants:
//!
//! * An event is always one line, so the number of the line is that of the event. Line ends within a value become a tab, because
//!   patterns allow white space where a value is wrapped, but do not read words after a tab as part of a name.
//! * The values of an event are separated by `; `, which is part of no code and no name.
//! * A value that the message contains is not repeated, because a result in it would count twice.

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr, memmem};

/// What stands for a part that an event does not have.
const NONE: &str = "-";

/// How many bytes of messages are searched for the values of an event. No event of Windows needs as many.
const SEARCHED_BYTES: usize = 64 << 20;

/// The parts of an event.
#[derive(Default, PartialEq, Eq)]
pub(super) struct Event {
    /// The time, in UTC as in XML, or in any other form.
    pub(super) time: String,
    pub(super) computer: String,
    pub(super) channel: String,
    pub(super) provider: String,
    pub(super) id: String,
    /// The level, as a number or in words.
    pub(super) level: String,
    pub(super) message: String,
    /// The values, each with its name, which may be empty.
    values: Vec<(String, String)>,
}

/// Appends the line of an event, with a line end, to `text`. `written` returns when the event was written, for events that do not contain
/// their time.
///
/// The XML need not be well-formed. What can be read of it is in the line.
pub(super) fn append(xml: &[u8], written: impl FnOnce() -> Option<String>, text: &mut Vec<u8>) {
    let mut event = event(xml);
    if !is_time(&event.time) {
        event.time = written().unwrap_or_default();
    }
    event.append(text);
}

/// Reads the parts of an event in XML.
pub(super) fn event(xml: &[u8]) -> Event {
    let mut event = Event::default();
    // The names of the open elements, the outermost first, and that of the value in the innermost one.
    let mut path: Vec<&[u8]> = Vec::with_capacity(8);
    let mut name = Cow::Borrowed(&b""[..]);
    let mut value = Vec::new();
    let mut rest = xml;
    while let Some(token) = next(&mut rest) {
        match token {
            // Most texts are of no part, and need not be read.
            Token::Text(_) | Token::Raw(_) if Part::of(&path).is_none() => {}
            Token::Text(some) => unescape(some, &mut value),
            Token::Raw(some) => value.extend_from_slice(some),
            Token::Start { name: element, attributes, is_empty } => {
                event.add(&path, &name, &mut value);
                event.add_attributes(&path, element, attributes);
                name = if element == b"Data" { attribute(attributes, b"Name") } else { element.into() };
                if !is_empty {
                    path.push(element);
                }
            }
            Token::End => {
                event.add(&path, &name, &mut value);
                path.pop();
                name = Cow::Borrowed(b"");
            }
        }
    }
    event.add(&path, &name, &mut value);
    event
}

/// A part of an event that the text of an element is.
enum Part {
    Id,
    Level,
    Channel,
    Computer,
    Message,
    Value,
}

impl Part {
    /// Returns the part that the text in the element at `path` is, or `None` if the line does not have that text.
    fn of(path: &[&[u8]]) -> Option<Part> {
        let &[_, section, ..] = path else { return None };
        let element = path.last().copied().unwrap_or_default();
        match (section, element) {
            (b"System", b"EventID") => Some(Part::Id),
            (b"System", b"Level") => Some(Part::Level),
            (b"System", b"Channel") => Some(Part::Channel),
            (b"System", b"Computer") => Some(Part::Computer),
            (b"RenderingInfo", b"Message") => Some(Part::Message),
            // The rest repeats parts in the language of the computer. The binary data are in hexadecimal.
            (b"System" | b"RenderingInfo", _) | (_, b"Binary") => None,
            _ => Some(Part::Value),
        }
    }
}

impl Event {
    /// Whether the event has no part.
    pub(super) fn is_empty(&self) -> bool {
        *self == Event::default()
    }

    /// Appends the line of the event, with a line end, to `text`. A tab follows a time that is not in UTC, because it may contain spaces.
    pub(super) fn append(self, text: &mut Vec<u8>) {
        let Event { time, computer, channel, provider, id, level, message, values } = self;
        let after_time = if is_time(&time) || time.is_empty() { " " } else { "\t" };
        let mut add = |part: &str, after: &str| {
            text.extend_from_slice(if part.is_empty() { NONE.as_bytes() } else { part.as_bytes() });
            text.extend_from_slice(after.as_bytes());
        };
        add(&time, after_time);
        // White space would end the name of the computer.
        if computer.contains(char::is_whitespace) {
            add(&computer.split_whitespace().collect::<Vec<_>>().join("_"), " ");
        } else {
            add(&computer, " ");
        }
        add(&channel, ", ");
        add(&provider, ", event ");
        add(&id, ", ");
        add(&level_name(&level), "");
        let mut separator = ": ";
        let mut add = |name: &str, value: &str| {
            text.extend_from_slice(separator.as_bytes());
            separator = "; ";
            text.extend_from_slice(name.as_bytes());
            text.extend_from_slice(if name.is_empty() { b"" } else { b"=" });
            text.extend_from_slice(value.as_bytes());
        };
        if !message.is_empty() {
            add("", &message);
        }
        for (index, (name, value)) in values.iter().enumerate() {
            let is_searched = index * message.len() < SEARCHED_BYTES;
            if !is_searched || !has_words(&message, value) {
                add(name, value);
            }
        }
        text.push(b'\n');
    }

    /// Adds the text in the element at `path`, and clears it. `name` is the name of the value.
    fn add(&mut self, path: &[&[u8]], name: &[u8], value: &mut Vec<u8>) {
        if value.is_empty() {
            return;
        }
        let text = text_of(value);
        value.clear();
        if text.is_empty() {
            return;
        }
        match Part::of(path) {
            Some(Part::Id) => self.id = text,
            Some(Part::Level) => self.level = text,
            Some(Part::Channel) => self.channel = text,
            Some(Part::Computer) => self.computer = text,
            Some(Part::Message) => self.message = text,
            Some(Part::Value) => self.values.push((text_of(name), text)),
            None => {}
        }
    }

    /// Adds what the attributes of an element contain. The element is in the one at `path`.
    fn add_attributes(&mut self, path: &[&[u8]], element: &[u8], attributes: &[u8]) {
        let of = |wanted: &[u8]| text_of(&attribute(attributes, wanted));
        match (path, element) {
            ([_, b"System", ..], b"TimeCreated") => self.time = of(b"SystemTime"),
            ([_, b"System", ..], b"Provider") => {
                let name = of(b"Name");
                self.provider = if name.is_empty() { of(b"EventSourceName") } else { name };
            }
            ([] | [_] | [_, b"System" | b"RenderingInfo", ..], _) => {}
            _ => {
                let is_value = |name: &[u8]| !name.starts_with(b"xmlns") && (element, name) != (b"Data", b"Name");
                let values = all(attributes).filter(|(name, _)| is_value(name));
                let values = values.map(|(name, value)| (text_of(name), text_of(&unescaped(value))));
                self.values.extend(values.filter(|(_, value)| !value.is_empty()));
            }
        }
    }
}

/// Returns the name of a level as Event Viewer shows it in English. A name is returned as it is.
fn level_name(level: &str) -> Cow<'_, str> {
    Cow::Borrowed(match level {
        "1" => "Critical",
        "2" => "Error",
        "3" => "Warning",
        "" | "0" | "4" => "Information",
        "5" => "Verbose",
        number if number.bytes().all(|byte| byte.is_ascii_digit()) => return format!("level {number}").into(),
        name => name,
    })
}

/// Whether a text is a time in UTC as events have it, such as `2017-02-14T02:57:24.6008710Z`.
fn is_time(time: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'-' | b':' | b'.' | b'T' | b'Z');
    time.len() >= 20 && time.ends_with('Z') && time.bytes().all(is_part)
}

/// Returns the text of a value, [`cleaned`].
fn text_of(value: &[u8]) -> String {
    match str::from_utf8(value) {
        Ok(text) => cleaned(text),
        Err(_) => cleaned(&String::from_utf8_lossy(value)),
    }
}

/// Returns a text without white space at its ends, with a tab in place of each line end and the white space around it.
pub(super) fn cleaned(text: &str) -> String {
    let trimmed = |line| str::trim_matches(line, |it: char| it.is_whitespace() || it == '\0');
    // Most texts have none of the bytes with which a line end begins.
    if !text.bytes().any(|byte| matches!(byte, b'\n' | b'\r' | 0xC2 | 0xE2)) {
        return trimmed(text).to_owned();
    }
    let is_line_end = |character| matches!(character, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}');
    let lines = text.split(is_line_end).map(trimmed);
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\t")
}

/// Whether `text` contains `words` between characters that are neither letters nor digits.
fn has_words(text: &str, words: &str) -> bool {
    if text.is_empty() {
        return false;
    }
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || !byte.is_ascii();
    let is_bounded = |at: usize| {
        let before = text.as_bytes()[..at].last().is_none_or(|&byte| !is_word(byte));
        before && text.as_bytes().get(at + words.len()).is_none_or(|&byte| !is_word(byte))
    };
    memmem::find_iter(text.as_bytes(), words).any(is_bounded)
}

/// A piece of XML.
enum Token<'x> {
    /// The start of an element, or the whole element if it is empty.
    Start { name: &'x [u8], attributes: &'x [u8], is_empty: bool },
    /// The end of an element.
    End,
    /// Text with references such as `&amp;`.
    Text(&'x [u8]),
    /// Text in a CDATA section.
    Raw(&'x [u8]),
}

/// Returns the next token of `xml`, and removes it. Returns `None` at the end. Comments, declarations and processing instructions are
/// left out. A token that is not complete is text.
fn next<'x>(xml: &mut &'x [u8]) -> Option<Token<'x>> {
    loop {
        let all = *xml;
        if all.is_empty() {
            return None;
        }
        let Some(range) = markup(all) else {
            *xml = &[];
            return Some(Token::Text(all));
        };
        if range.start > 0 {
            *xml = &all[range.start..];
            return Some(Token::Text(&all[..range.start]));
        }
        *xml = &all[range.end..];
        let inner = &all[1..range.end - 1];
        match inner {
            [b'/', ..] => return Some(Token::End),
            [b'!', b'[', b'C', b'D', b'A', b'T', b'A', b'[', raw @ ..] => {
                return Some(Token::Raw(raw.strip_suffix(b"]]").unwrap_or(raw)));
            }
            [b'!' | b'?', ..] => {}
            _ => {
                let is_empty = inner.ends_with(b"/");
                let inner = inner.strip_suffix(b"/").unwrap_or(inner);
                let len = inner.iter().position(u8::is_ascii_whitespace).unwrap_or(inner.len());
                let (name, attributes) = inner.split_at(len);
                // Prefixes of namespaces carry no meaning here.
                let name = memchr(b':', name).map_or(name, |at| &name[at + 1..]);
                return Some(Token::Start { name, attributes, is_empty });
            }
        }
    }
}

/// Returns the range of the first complete markup in `xml`, from `<` to `>`. In a tag, `>` may be part of a quoted value.
fn markup(xml: &[u8]) -> Option<Range<usize>> {
    let start = memchr(b'<', xml)?;
    let rest = &xml[start..];
    if let [_, b'!' | b'?', ..] = rest {
        for (opening, closing) in [(&b"<!--"[..], &b"-->"[..]), (b"<![CDATA[", b"]]>"), (b"<?", b"?>")] {
            if rest.starts_with(opening) {
                let end = opening.len() + memmem::find(&rest[opening.len()..], closing)? + closing.len();
                return Some(start..start + end);
            }
        }
    }
    // A tag is short, so a loop over its bytes is faster than a search.
    let mut end = 1;
    loop {
        match *rest.get(end)? {
            b'>' => return Some(start..start + end + 1),
            quote @ (b'"' | b'\'') => end += memchr(quote, &rest[end + 1..])? + 2,
            _ => end += 1,
        }
    }
}

/// Returns the name and the value of each attribute.
fn all(mut attributes: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    std::iter::from_fn(move || {
        let (name, rest) = attributes.split_at(memchr(b'=', attributes)?);
        let (quote, rest) = rest[1..].trim_ascii_start().split_first()?;
        let end = memchr(*quote, rest).filter(|_| matches!(quote, b'"' | b'\''))?;
        attributes = &rest[end + 1..];
        Some((name.trim_ascii(), &rest[..end]))
    })
}

/// Returns the value of the attribute `wanted`, or nothing if there is none.
fn attribute<'x>(attributes: &'x [u8], wanted: &[u8]) -> Cow<'x, [u8]> {
    all(attributes).find(|(name, _)| *name == wanted).map_or_else(Cow::default, |(_, value)| unescaped(value))
}

/// Returns `text` with the characters that its references stand for.
fn unescaped(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.contains(&b'&') {
        return text.into();
    }
    let mut out = Vec::with_capacity(text.len());
    unescape(text, &mut out);
    out.into()
}

/// Appends `text` to `out`, with the characters that references such as `&lt;` and `&#10;` stand for.
fn unescape(mut text: &[u8], out: &mut Vec<u8>) {
    /// The length of the longest reference, `&#x10FFFF;`, without its `&` and `;`.
    const LONGEST: usize = 8;
    while let Some(at) = memchr(b'&', text) {
        let (before, rest) = (&text[..at], &text[at + 1..]);
        out.extend_from_slice(before);
        let end = rest.iter().take(LONGEST + 1).position(|&byte| byte == b';');
        match end.and_then(|end| referred(&rest[..end])).zip(end) {
            Some((character, end)) => {
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                text = &rest[end + 1..];
            }
            None => {
                out.push(b'&');
                text = rest;
            }
        }
    }
    out.extend_from_slice(text);
}

/// Returns the character that a reference stands for, or `_` if XML does not allow it.
fn referred(name: &[u8]) -> Option<char> {
    Some(match name {
        b"lt" => '<',
        b"gt" => '>',
        b"amp" => '&',
        b"quot" => '"',
        b"apos" => '\'',
        [b'#', number @ ..] => {
            let number = str::from_utf8(number).ok()?;
            let number = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            let character = char::from_u32(number.ok()?)?;
            if character.is_control() && !character.is_whitespace() { '_' } else { character }
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(xml: &str) -> String {
        let mut text = Vec::new();
        append(xml.as_bytes(), || None, &mut text);
        String::from_utf8(text).unwrap()
    }

    fn with(data: &str) -> String {
        let head = "2017-02-14T02:57:24.6008710Z mfa01 Application, Netop Guest, event 1000, Warning";
        let xml = format!(
            "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='Netop Guest'/>\
             <EventID Qualifiers='16384'>1000</EventID><Level>3</Level>\
             <TimeCreated SystemTime='2017-02-14T02:57:24.6008710Z'/><Channel>Application</Channel>\
             <Computer>mfa01</Computer><Security UserID='S-1-5-18'/></System>{data}</Event>"
        );
        line(&xml).strip_prefix(head).unwrap().to_owned()
    }

    #[test]
    fn the_values_follow_the_parts() {
        assert_eq!(with(""), "\n");
        assert_eq!(with("<EventData><Data>call result = 102</Data></EventData>"), ": call result = 102\n");
        assert_eq!(
            with(
                r#"<EventData><Data Name="User">ann</Data><Data Name="Empty"/><Data>a</Data><Binary>3130</Binary></EventData>"#
            ),
            ": User=ann; a\n"
        );
        assert_eq!(
            with("<UserData><e:Info xmlns:e='x'><e:User>ann</e:User><List><Code>21</Code></List></e:Info></UserData>"),
            ": User=ann; Code=21\n"
        );
        assert_eq!(
            with("<UserData xmlns='x'><Call xmlns:e='y' number = '0431 1' e:result=\"102\" empty=''/></UserData>"),
            ": number=0431 1; e:result=102\n"
        );
    }

    #[test]
    fn line_ends_become_tabs() {
        assert_eq!(
            with("<EventData><Data>\r\nCall status: PIN Entered \r\n\r\n User: ann&#10;x</Data></EventData>"),
            ": Call status: PIN Entered\tUser: ann\tx\n"
        );
    }

    #[test]
    fn references_and_sections_are_read() {
        assert_eq!(
            with(
                "<EventData><Data>&lt;callStatus&gt;13&lt;/callStatus&gt; &amp;lt; &quot;&#x27;&unknown; &</Data></EventData>"
            ),
            ": <callStatus>13</callStatus> &lt; \"'&unknown; &\n"
        );
        assert_eq!(with("<EventData><!-- > --><Data><![CDATA[a<b&amp;]]></Data></EventData>"), ": a<b&amp;\n");
    }

    #[test]
    fn a_value_that_the_message_contains_is_not_repeated() {
        assert_eq!(
            with(
                "<EventData><Data>ann</Data><Data Name='Code'>21</Data><Data>10</Data></EventData><RenderingInfo Culture='de-DE'>\
                 <Message>Anruf von ann: call result = 21, 1000 ms</Message><Level>Warnung</Level></RenderingInfo>"
            ),
            ": Anruf von ann: call result = 21, 1000 ms; 10\n"
        );
    }

    #[test]
    fn missing_parts_are_marked() {
        assert_eq!(line("<Event/>"), "- - -, -, event -, Information\n");
        let mut text = Vec::new();
        let xml = b"<Event><System><TimeCreated SystemTime='soon'/><Level>16</Level><Computer>a b</Computer></System>";
        append(xml, || Some("2017-02-14T02:57:24Z".to_owned()), &mut text);
        assert_eq!(text, b"2017-02-14T02:57:24Z a_b -, -, event -, level 16\n");
    }

    #[test]
    fn what_is_not_xml_does_no_harm() {
        assert_eq!(with("<EventData><Data>21<Data Name='x>"), ": 21<Data Name='x></Event>\n");
        assert_eq!(line("</a></b><![CDATA[x]]>&#xFFFFFFF;<"), "- - -, -, event -, Information\n");
    }
}
