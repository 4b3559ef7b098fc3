//! Reads events that Windows has exported as text for people, as text with a line for each event.
//!
//! `wevtutil qe LOG /f:text` writes an event as follows. Copy Details as Text in Event Viewer does the same without the first line and the
//! indentation, in the language of the computer, and may add the event as XML.
//!
//! ```text
//! Event[0]:
//!   Log Name: Application
//!   Source: Netop Guest
//!   Date: 2017-02-14T02:57:24.600
//!   Event ID: 1000
//!   Task: N/A
//!   Level: Information
//!   Computer: mfa01
//!   Description:
//! Azure multi-factor authentication of ann:
//! call result = 102
//! ```

use memchr::memmem;

use super::line::{self, Event};

/// The length in bytes above which a description is not held in memory until it ends.
const LIMIT_BYTES: usize = 4 << 20;

/// A part of an event.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Channel,
    Provider,
    Time,
    Id,
    Level,
    Computer,
    Description,
    Xml,
}

impl Part {
    /// Returns the field of an event that contains this part, or `None` for the text after the labels.
    pub(super) fn of(self, event: &mut Event) -> Option<&mut String> {
        Some(match self {
            Part::Channel => &mut event.channel,
            Part::Provider => &mut event.provider,
            Part::Time => &mut event.time,
            Part::Id => &mut event.id,
            Part::Level => &mut event.level,
            Part::Computer => &mut event.computer,
            Part::Description | Part::Xml => return None,
        })
    }
}

/// The labels of the parts in English and in German.
const LABELS: [(&str, Part); 15] = [
    ("Log Name", Part::Channel),
    ("Protokollname", Part::Channel),
    ("Source", Part::Provider),
    ("Quelle", Part::Provider),
    ("Date", Part::Time),
    ("Datum", Part::Time),
    ("Event ID", Part::Id),
    ("Ereignis-ID", Part::Id),
    ("Level", Part::Level),
    ("Ebene", Part::Level),
    ("Computer", Part::Computer),
    ("Description", Part::Description),
    ("Beschreibung", Part::Description),
    ("Event Xml", Part::Xml),
    ("Ereignis-XML", Part::Xml),
];

/// Whether an event begins with the first of these lines.
pub(super) fn is_start(line: &str, next: &str) -> bool {
    let is = |line, part| labelled(line).is_some_and(|(found, _)| found == part);
    is(line, Part::Channel) && is(next, Part::Provider) || is_number(line) && is(next, Part::Channel)
}

/// Whether an event begins with a line of this text, which may be cut off anywhere. So a mail that quotes events has them.
pub(super) fn is_in(text: &[u8]) -> bool {
    // Nearly all texts have none of these.
    let has = |label: &[u8]| memmem::find(text, label).is_some();
    if !has(b"Log Name:") && !has(b"Protokollname:") {
        return false;
    }
    let text = String::from_utf8_lossy(text);
    text.lines().zip(text.lines().skip(1)).any(|(line, next)| is_start(line, next))
}

/// Whether a line numbers an event, as in `Event[0]:`.
fn is_number(line: &str) -> bool {
    let line = line.trim().trim_end_matches(':');
    let number = line.strip_prefix("Event[").and_then(|rest| rest.strip_suffix(']'));
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Returns the part that a line is labelled with, and the rest of the line.
fn labelled(line: &str) -> Option<(Part, &str)> {
    let (label, rest) = line.split_once(':')?;
    let label = label.trim();
    let (_, part) = LABELS.iter().find(|(known, _)| *known == label)?;
    Some((*part, rest.trim()))
}

/// The event that is being read.
#[derive(Default)]
pub(super) struct Details {
    within: Within,
    event: Event,
    description: String,
    xml: String,
}

/// What the next line is part of.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Within {
    /// No event.
    #[default]
    Nothing,
    Labels,
    Description,
    Xml,
}

impl Details {
    /// Reads a line, which includes its line end. `next` is the line after it. Appends the line of the event before it to `text` if
    /// another event begins, and a line that is not part of an event.
    pub(super) fn read(&mut self, line: &str, next: &str, text: &mut Vec<u8>) {
        let is_numbered = self.within == Within::Labels && self.event.is_empty();
        if is_start(line, next) && !is_numbered {
            self.finish(text);
            self.within = Within::Labels;
        }
        match self.within {
            Within::Nothing => text.extend_from_slice(line.as_bytes()),
            Within::Labels => self.read_label(line),
            Within::Description if matches!(labelled(line), Some((Part::Xml, ""))) => self.within = Within::Xml,
            Within::Description => self.description.push_str(line),
            Within::Xml => {
                self.xml.push_str(line);
                // What follows is not part of the event, such as the end of a mail.
                if line.trim_end().ends_with("</Event>") {
                    self.finish(text);
                }
            }
        }
        if self.description.len() + self.xml.len() > LIMIT_BYTES {
            self.finish(text);
        }
    }

    fn read_label(&mut self, line: &str) {
        let Some((part, rest)) = labelled(line) else { return };
        match part.of(&mut self.event) {
            Some(value) => rest.clone_into(value),
            None if part == Part::Xml => self.within = Within::Xml,
            None => {
                self.within = Within::Description;
                self.description.push_str(rest);
                self.description.push('\n');
            }
        }
    }

    /// Appends the line of the event that has been read, if there is one.
    pub(super) fn finish(&mut self, text: &mut Vec<u8>) {
        let Details { within, mut event, description, xml } = std::mem::take(self);
        if within == Within::Nothing {
            return;
        }
        if !xml.is_empty() {
            // The XML says more, and its time is in UTC.
            event = line::event(xml.as_bytes());
        }
        event.message = line::cleaned(&description);
        event.append(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(export: &str) -> String {
        let (mut details, mut text) = (Details::default(), Vec::new());
        let lines: Vec<&str> = export.split_inclusive('\n').collect();
        for (index, line) in lines.iter().enumerate() {
            details.read(line, lines.get(index + 1).unwrap_or(&""), &mut text);
        }
        details.finish(&mut text);
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn the_output_of_wevtutil_is_read() {
        let event = "Event[0]:\r\n  Log Name: Application\r\n  Source: Netop Guest\r\n  Date: 2017-02-14T02:57:24.600\r\n  Event ID: 7\r\n  \
                     Task: N/A\r\n  Level: Warning\r\n  Opcode: N/A\r\n  Keyword: N/A\r\n  User: N/A\r\n  User Name: N/A\r\n  \
                     Computer: mfa01\r\n  Description: \r\nMFA of ann:\r\nDate: call result = 102\r\n\r\n";
        let newer = event.replace("Event[0]:", "Event[1]").replace(".600", ".6000000Z").replace("102", "21");
        assert_eq!(
            read(&format!("{event}{newer}")),
            "2017-02-14T02:57:24.600\tmfa01 Application, Netop Guest, event 7, Warning: MFA of ann:\tDate: call result = 102\n\
             2017-02-14T02:57:24.6000000Z mfa01 Application, Netop Guest, event 7, Warning: MFA of ann:\tDate: call result = 21\n"
        );
    }

    #[test]
    fn details_in_a_mail_are_one_event_and_the_mail_is_kept() {
        let details = "Log Name:      Application\nSource:        Netop Guest\nDate:          2/14/2017 2:57:24 AM\n\
                       Computer:      mfa01\nDescription:\ncall result = 102\nEvent Xml:\n<Event>\n  <System>\n    \
                       <TimeCreated SystemTime=\"2017-02-14T01:57:24.6Z\" />\n    <Computer>mfa01</Computer>\n  </System>\n\
                       </Event>\n";
        let mail = format!("Hi, here it is:\n\n{details}\nRegards\n");
        assert!(is_in(mail.as_bytes()) && !is_in(b"Log Name: x\nRegards\n"));
        let expected = "Hi, here it is:\n\n2017-02-14T01:57:24.6Z mfa01 -, -, event -, Information: call result = 102\n\nRegards\n";
        assert_eq!(read(&mail), expected);
    }

    #[test]
    fn copied_details_are_read_in_english_and_in_german() {
        let english = "Log Name:      Application\r\nSource:        Netop Guest\r\nDate:          2/14/2017 2:57:24 AM\r\n\
                       Event ID:      7\r\nTask Category: None\r\nLevel:         Error\r\nKeywords:      Classic\r\nUser:          N/A\r\n\
                       Computer:      mfa01\r\nDescription:\r\nMFA call result = 102\r\n";
        let german = "Protokollname: Application\r\nQuelle:        Netop Guest\r\nDatum:         14.02.2017 02:57:24\r\n\
                      Ereignis-ID:   7\r\nAufgabenkategorie:Keine\r\nEbene:         Fehler\r\nSchl\u{fc}sselw\u{f6}rter:Klassisch\r\n\
                      Benutzer:      Nicht zutreffend\r\nComputer:      mfa01\r\nBeschreibung:\r\nMFA call result = 102\r\n";
        let xml = "Ereignis-XML:\r\n<Event xmlns=\"http://schemas.microsoft.com/win/2004/08/events/event\">\r\n  <System>\r\n    \
                   <EventID>7</EventID>\r\n    <TimeCreated SystemTime=\"2017-02-14T01:57:24.6Z\" />\r\n    <Computer>mfa01</Computer>\r\n  \
                   </System>\r\n  <EventData>\r\n    <Data>102</Data>\r\n    <Data>ann</Data>\r\n  </EventData>\r\n</Event>\r\n";
        assert_eq!(
            read(&format!("{english}{german}{german}{xml}")),
            "2/14/2017 2:57:24 AM\tmfa01 Application, Netop Guest, event 7, Error: MFA call result = 102\n\
             14.02.2017 02:57:24\tmfa01 Application, Netop Guest, event 7, Fehler: MFA call result = 102\n\
             2017-02-14T01:57:24.6Z mfa01 -, -, event 7, Information: MFA call result = 102; ann\n"
        );
    }
}
