//! Reads mails (.eml) as archives, whose members are the text of the mail and its attachments, and mailboxes (mbox), whose members are
//! mails.
//!
//! RFC 5322 and RFC 2045 to 2049 specify the format. The crate mail-parser divides a mail into parts, and decodes names. The data of a
//! part stay in their own character set, because the encoding of a log is better detected from the log than from what a mail program
//! has guessed.
//!
//! The subject comes before the first text, because an alert may have its result there. Everything else outside of the parts is the last
//! member but for the fields that repeat the subject or describe a part, because a log may begin like a mail, and because a damaged mail
//! has text where a header should be. Of a text that the mail contains both plain and as HTML, the plain one is read, unless it is blank. A mail within a mail is a member.
//!
//! Texts of the header that are not ASCII are decoded by [`words`], which says what cannot be decoded. In the text of a mail, sign-ins of
//! Entra that are quoted are restored by [`quoted`].
//!
//! Several parts may have the same name. As later files of an archive replace earlier ones, all but the first get a number.
//!
//! In a mailbox, each mail follows a line that starts with `From `, and has `>` before other such lines. There is an empty line before
//! each of these lines, which distinguishes them from lines of a text in a mailbox that does not quote them.

mod quoted;
mod words;

use std::collections::HashSet;
use std::io::{self, BufRead as _, BufReader, Read};
use std::ops::ControlFlow;

use mail_parser::decoders::base64::base64_decode;
use mail_parser::{HeaderName, Message, MessageParser, MessagePart, MimeHeaders as _, PartType};
use memchr::{memchr, memmem};

use super::{Container, Format, Item, Label, MemberData, Options, Visit, refused, unix_time, without_dots};
use crate::name::shown_bytes;
use crate::problem::{Kind, Loss, Remedy};
use crate::unpack::fault::passed_on;
use crate::unpack::input::Input;
use crate::unpack::recognise::HEAD_BYTES;

/// Whether a text that begins with `head` is a mail: it begins with the fields of a header, among which are at least two that mails have
/// and one that only mails have.
pub(in crate::unpack) fn begins(head: &[u8]) -> bool {
    const ONLY_IN_MAILS: [&[u8]; 7] = [
        b"delivered-to",
        b"dkim-signature",
        b"message-id",
        b"mime-version",
        b"received",
        b"return-path",
        b"x-ms-exchange-organization-authas",
    ];
    const IN_MAILS: [&[u8]; 9] = [
        b"authentication-results",
        b"cc",
        b"content-transfer-encoding",
        b"content-type",
        b"date",
        b"from",
        b"reply-to",
        b"subject",
        b"to",
    ];
    let head = after_separator(&head[..head.len().min(HEAD_BYTES)]).unwrap_or(head);
    let is_cut = head.len() >= HEAD_BYTES - SEPARATOR_BYTES;
    let head = &head[..head.len().min(HEAD_BYTES)];
    let (mut fields, mut is_certain) = (0, false);
    let mut lines = head.split(|&byte| byte == b'\n').peekable();
    while let Some(line) = lines.next() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match line.first() {
            None => break,
            Some(b' ' | b'\t') if fields > 0 => continue,
            Some(_) => {}
        }
        let Some(colon) = memchr(b':', line) else {
            // The last line may be cut off.
            if lines.peek().is_some() || !is_cut {
                return false;
            }
            break;
        };
        let name = line[..colon].to_ascii_lowercase();
        // A time is no name.
        if !name.first().is_some_and(u8::is_ascii_alphabetic)
            || !name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
        {
            return false;
        }
        let only_in_mails = ONLY_IN_MAILS.contains(&&*name);
        is_certain |= only_in_mails;
        fields += usize::from(only_in_mails || IN_MAILS.contains(&&*name));
    }
    is_certain && fields >= 2
}

/// With what the line before a mail in a mailbox starts.
const SEPARATOR: &[u8] = b"From ";
/// The greatest length of such a line by which a mailbox is recognised, in bytes.
const SEPARATOR_BYTES: usize = 128;

/// Returns what follows the first line of a mailbox, or `None` if the text does not start with such a line.
fn after_separator(text: &[u8]) -> Option<&[u8]> {
    let end = memchr(b'\n', &text[..text.len().min(SEPARATOR_BYTES)])?;
    text.starts_with(SEPARATOR).then(|| &text[end + 1..])
}

/// Visits the parts of a mail, or the mails in a mailbox. See [`super::walk`] for the contract.
pub(super) fn walk(container: Container, options: &Options, visit: &mut Visit<'_>) -> io::Result<()> {
    let (mut raw, mut input) = (Vec::new(), container.into_input());
    if input.peek(SEPARATOR.len()) == SEPARATOR {
        return mailbox(input, options, visit);
    }
    // An input never returns an error.
    let _ = input.by_ref().take(options.held_bytes + 1).read_to_end(&mut raw);
    if raw.len() as u64 > options.held_bytes {
        return Err(too_large(options).into());
    }
    let mail = MessageParser::default().parse(&raw).unwrap_or_default();
    let mut walk = Walk {
        raw: &raw,
        mail: &mail,
        names: HashSet::new(),
        has_text: false,
        end: 0,
        outside: Vec::new(),
        fault: fault_of(&mail),
    };
    let parts = mail.parts.iter().zip(0..).filter(|(part, _)| !matches!(part.body, PartType::Multipart(_)));
    let (mut members, limit) = (0, options.max_members);
    for (part, id) in parts {
        members += 1;
        if members > limit {
            return Err(Format::Mail.too_many_members(limit).into());
        }
        if walk.part(part, id, visit).is_break() {
            return Ok(());
        }
    }
    if let Some(error) = input.failure() {
        return Err(passed_on(error, None));
    }
    walk.end(visit)
}

/// Visits the mails in a mailbox.
fn mailbox(input: Input, options: &Options, visit: &mut Visit<'_>) -> io::Result<()> {
    let mut reader = BufReader::new(input.into_reader());
    let (mut mail, mut line, mut number, mut is_after_blank) = (Vec::new(), Vec::new(), 0, true);
    let mut is_too_large = false;
    loop {
        line.clear();
        // A longer line comes in pieces.
        let read = reader.by_ref().take(options.held_bytes).read_until(b'\n', &mut line);
        let is_end = !matches!(read, Ok(1..));
        if is_end || is_after_blank && line.starts_with(SEPARATOR) {
            let label = Label { name: format!("{number}.eml"), ..Label::default() };
            let item = match (number, is_too_large) {
                (0, _) => None,
                (_, true) => Some(Item::Unread(label, too_large(options))),
                (_, false) => Some(Item::Member(label, &mut Data::new(std::mem::take(&mut mail)))),
            };
            if number > options.max_members {
                return Err(Format::Mail.too_many_members(options.max_members).into());
            }
            if item.is_some_and(|item| visit(item).is_break()) {
                return Ok(());
            }
            if is_end {
                return read.map(|_| ()).map_err(|error| passed_on(error, None));
            }
            mail.clear();
            is_too_large = false;
            number += 1;
            is_after_blank = false;
            continue;
        }
        is_after_blank = line.trim_ascii().is_empty();
        let quotes = line.iter().take_while(|&&byte| byte == b'>').count();
        let is_quoted = quotes > 0 && line[quotes..].starts_with(SEPARATOR);
        let line = &line[usize::from(is_quoted)..];
        is_too_large |= (mail.len() + line.len()) as u64 > options.held_bytes;
        if !is_too_large {
            mail.extend_from_slice(line);
        }
    }
}

/// Returns the loss for a mail that is too large to keep in memory.
fn too_large(options: &Options) -> Loss {
    let limit = options.held_bytes >> 20;
    let what = format!("the mail has to be kept in memory as a whole and is larger than {limit} MiB");
    Loss::new(Kind::OverLimit, what, Remedy::SaveAttachments)
}

/// The state of a walk through the parts of a mail.
struct Walk<'m> {
    raw: &'m [u8],
    mail: &'m Message<'m>,
    /// The names of the parts so far, in lower case.
    names: HashSet<String>,
    /// Whether a text was read, and the subject before it.
    has_text: bool,
    /// The end of the last part.
    end: usize,
    /// What is outside of the parts so far.
    outside: Vec<u8>,
    /// What is wrong with the header, if that was not read completely.
    fault: Option<Loss>,
}

/// Returns what is wrong with a mail whose parts cannot be separated.
fn fault_of(mail: &Message<'_>) -> Option<Loss> {
    let lacks_boundary = |part: &MessagePart<'_>| {
        let kind = part.content_type();
        kind.is_some_and(|kind| kind.ctype().eq_ignore_ascii_case("multipart") && kind.attribute("boundary").is_none())
    };
    let is_damaged = mail.parts.iter().any(lacks_boundary);
    is_damaged
        .then(|| Format::Mail.damaged("its header does not say what divides its parts, so these were not decoded"))
}

impl Walk<'_> {
    /// Visits the part with this number.
    fn part(&mut self, part: &MessagePart<'_>, id: u32, visit: &mut Visit<'_>) -> ControlFlow<()> {
        let label = self.label(part);
        let (start, end) = (part.offset_body as usize, part.offset_end as usize);
        let raw = self.raw.get(start..end).unwrap_or_default();
        self.outside.extend_from_slice(self.raw.get(self.end..start).unwrap_or_default());
        self.end = self.end.max(end);
        if self.is_other_version(part, id) {
            let what = "skipped, the text of the mail as HTML, which is read as plain text";
            return visit(Item::Unread(label, Loss::new(Kind::Copy, what.to_owned(), Remedy::SaveHtml)));
        }
        let mut data = match decoded(part, raw) {
            Ok(data) => data,
            Err(loss) => return visit(Item::Unread(label, loss)),
        };
        if is_sealed(part, &data.bytes) {
            let what = "it is encrypted, or signed in a form that is not supported";
            return visit(Item::Unread(label, refused(what, Remedy::SaveAttachments)));
        }
        let is_text = matches!(part.body, PartType::Text(_) | PartType::Html(_)) && part.attachment_name().is_none();
        if is_text {
            data.bytes = quoted::restored(data.bytes);
            if !std::mem::replace(&mut self.has_text, true) {
                data.bytes.splice(0..0, self.subject());
            }
        }
        visit(Item::Member(label, &mut data))
    }

    /// Returns the subject as the first lines of a text.
    fn subject(&mut self) -> Vec<u8> {
        let header =
            self.mail.parts.first().and_then(|root| root.headers.iter().find(|it| it.name == HeaderName::Subject));
        let raw = header.and_then(|it| self.raw.get(it.offset_start as usize..it.offset_end as usize));
        let Some(raw) = raw else { return Vec::new() };
        // A line that begins with a blank continues the one before it.
        let unfolded: Vec<u8> = raw.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
        let subject = self.decoded(unfolded.trim_ascii());
        [b"Subject: ", subject.as_slice(), b"\n\n"].concat()
    }

    /// Decodes a part of the header, and records what cannot be decoded.
    fn decoded(&mut self, header: &[u8]) -> Vec<u8> {
        let words = words::decoded(header);
        self.fault = self.fault.take().or(words.fault);
        words.text
    }

    /// Whether a part is a version of a text in HTML that the mail also contains as plain text.
    fn is_other_version(&self, part: &MessagePart<'_>, id: u32) -> bool {
        let has_plain = || {
            let texts = self.mail.text_bodies().filter_map(MessagePart::text_contents);
            texts.flat_map(str::chars).any(|character| !character.is_whitespace())
        };
        matches!(part.body, PartType::Html(_))
            && self.mail.html_body.contains(&id)
            && !self.mail.text_body.contains(&id)
            && has_plain()
    }

    /// Returns the label of a part, with a name that no earlier part has.
    fn label(&mut self, part: &MessagePart<'_>) -> Label {
        let name = part.attachment_name().filter(|name| !name.trim().is_empty()).unwrap_or(match part.body {
            PartType::Text(_) => "text.txt",
            PartType::Html(_) => "text.html",
            PartType::Message(_) => "mail.eml",
            _ => "attachment",
        });
        let name = self.new_name(&without_dots(&shown_bytes(name.as_bytes())));
        let modified = self.mail.date().and_then(|date| unix_time(date.to_timestamp()));
        Label { name, modified, ..Label::default() }
    }

    /// Returns a name that no earlier part has.
    fn new_name(&mut self, name: &str) -> String {
        let numbered = |number: u64| if number == 1 { name.to_owned() } else { format!("{number}/{name}") };
        let is_new = |name: &String| self.names.insert(name.to_lowercase());
        (1..).map(numbered).find(is_new).unwrap_or_default()
    }

    /// Visits what is outside of the parts, and checks whether the mail is complete.
    fn end(&mut self, visit: &mut Visit<'_>) -> io::Result<()> {
        let outside = self.decoded(&without_repeated_fields(&self.outside));
        if !outside.trim_ascii().is_empty() {
            // Without the empty line, a header would be a mail.
            let subject = if self.has_text { Vec::new() } else { self.subject() };
            let mut data = Data::new([subject.as_slice(), b"\n", &outside].concat());
            let label = Label { name: self.new_name("header.txt"), ..Label::default() };
            if visit(Item::Member(label, &mut data)).is_break() {
                return Ok(());
            }
        }
        let root = self.mail.parts.first();
        let boundary = root.and_then(|root| root.content_type()?.attribute("boundary"));
        let fault = self.fault.take().map_or(Ok(()), |fault| Err(fault.into()));
        let Some(boundary) = boundary else { return fault };
        let close = format!("--{boundary}--");
        let Some(at) = memmem::rfind(self.raw, close.as_bytes()) else {
            return Err(Format::Mail.truncated(None).into());
        };
        let rest = &self.raw[at + close.len()..];
        if !rest.trim_ascii().is_empty() {
            let label = Label { name: "after the last part.txt".to_owned(), ..Label::default() };
            let mut data = Data::new(rest.to_vec());
            // This is the last member in any case.
            let _ = visit(Item::Member(label, &mut data));
        }
        fault
    }
}

/// Returns a text without the fields that repeat the subject of a mail, such as `Thread-Topic`, or the names of its parts. Such a field
/// ends before the next line that begins with a letter.
fn without_repeated_fields(text: &[u8]) -> Vec<u8> {
    let mut is_repeated = false;
    let mut is_left_out = |line: &&[u8]| {
        if !matches!(line.first(), Some(b' ' | b'\t')) {
            let name = line[..memchr(b':', line).unwrap_or(0)].to_ascii_lowercase();
            is_repeated = name.ends_with(b"subject") || name.ends_with(b"topic") || name.starts_with(b"content-");
        }
        is_repeated
    };
    text.split_inclusive(|&byte| byte == b'\n').filter(|line| !is_left_out(line)).flatten().copied().collect()
}

/// The decoded data of a part.
struct Data {
    bytes: Vec<u8>,
    /// How many bytes have been read.
    read: usize,
    /// The reason why there are no more.
    fault: Option<Loss>,
}

impl Data {
    fn new(bytes: Vec<u8>) -> Data {
        Data { bytes, read: 0, fault: None }
    }
}

impl Read for Data {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let len = self.bytes.get(self.read..).unwrap_or_default().read(out)?;
        self.read += len;
        match self.fault.take_if(|_| len == 0 && !out.is_empty()) {
            Some(loss) => Err(Loss { delivered: Some(self.read as u64), ..loss }.into()),
            None => Ok(len),
        }
    }
}

impl MemberData for Data {}

/// Decodes the data of a part.
///
/// # Errors
///
/// Returns a loss if the encoding is not known. If only some of the data can be decoded, the reader returns the loss after them.
fn decoded(part: &MessagePart<'_>, raw: &[u8]) -> Result<Data, Loss> {
    let encoding = part.content_transfer_encoding().unwrap_or_default().trim().to_ascii_lowercase();
    let (bytes, fault) = match encoding.as_str() {
        "" | "7bit" | "8bit" | "binary" => (raw.to_vec(), None),
        "quoted-printable" => (quoted_printable(raw), None),
        "base64" => base64(raw),
        _ => {
            let what = format!("it is encoded in a way that is not supported ({})", shown_bytes(encoding.as_bytes()));
            return Err(refused(&what, Remedy::SaveAttachments));
        }
    };
    Ok(Data { fault, ..Data::new(bytes) })
}

/// Decodes quoted-printable text. What is not an escape stays as it is.
fn quoted_printable(raw: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = memchr(b'=', rest) {
        bytes.extend_from_slice(&rest[..at]);
        let after = &rest[at + 1..];
        let blank = after.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r')).count();
        let digit = |at: usize| after.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        rest = if after.get(blank) == Some(&b'\n') {
            &after[blank + 1..]
        } else if let (Some(high), Some(low)) = (digit(0), digit(1)) {
            bytes.push(u8::try_from(high << 4 | low).unwrap_or_default());
            &after[2..]
        } else {
            // The mail may end with a soft line break.
            bytes.extend((!after.trim_ascii().is_empty()).then_some(b'='));
            after
        };
    }
    bytes.extend_from_slice(rest);
    bytes
}

/// Decodes base64 up to the first line that is none. Returns the loss if there is such a line.
fn base64(raw: &[u8]) -> (Vec<u8>, Option<Loss>) {
    if let Some(bytes) = base64_decode(raw) {
        return (bytes, None);
    }
    let mut bytes = Vec::new();
    for line in raw.split_inclusive(|&byte| byte == b'\n') {
        match base64_decode(line) {
            Some(decoded) => bytes.extend(decoded),
            None => break,
        }
    }
    (bytes, Some(Format::Mail.damaged("a part is not base64, as it states")))
}

/// Whether a part can be read only by a mail program, because it is encrypted or signed. A signature beside the text it signs is not.
fn is_sealed(part: &MessagePart<'_>, bytes: &[u8]) -> bool {
    part.is_content_type("application", "pkcs7-mime")
        || part.is_content_type("application", "x-pkcs7-mime")
        || bytes.trim_ascii_start().starts_with(b"-----BEGIN PGP MESSAGE-----")
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::unpack::Passwords;

    /// A member: its name, its data or the loss in words, and the kind of its fault.
    type Seen = (String, String, Option<Kind>);

    /// Returns each member, and the kind of the error.
    fn read(raw: &[u8], held_bytes: u64) -> (Vec<Seen>, Option<Kind>) {
        let options = Options { passwords: Passwords::default(), held_bytes, max_members: 9 };
        let container = Container::Stream(Box::new(Cursor::new(raw.to_vec())));
        let mut members = Vec::new();
        let end = walk(container, &options, &mut |item| {
            members.push(match item {
                Item::Member(label, data) => {
                    let mut bytes = Vec::new();
                    let fault = data.read_to_end(&mut bytes).err();
                    let kind = fault.and_then(|fault| Loss::of(&fault).map(|loss| loss.kind));
                    (label.name, String::from_utf8_lossy(&bytes).into_owned(), kind)
                }
                Item::Unread(label, loss) => (label.name, loss.what, Some(loss.kind)),
            });
            ControlFlow::Continue(())
        });
        (members, end.err().and_then(|error| Loss::of(&error).map(|loss| loss.kind)))
    }

    fn named(name: &str, data: &str) -> Seen {
        (name.to_owned(), data.to_owned(), None)
    }

    /// Returns the member with the header of a mail.
    fn header(text: &str) -> Seen {
        named("header.txt", &format!("\n{text}"))
    }

    const HEADER: &str = "MIME-Version: 1.0\nFrom: a@example.com\n";

    #[test]
    fn the_header_of_a_mail_is_recognised() {
        let folded =
            b"Received: from a\r\n\tby b; Tue, 14 Feb 2017 10:00:00 +0000\r\nFrom: a@example.com\r\n\r\n: text";
        let in_box = format!("From a@example.com Tue Feb 14 10:00:00 2017\n{HEADER}\ntext");
        let long = format!("{HEADER}X-Long: {}", "x".repeat(600));
        for mail in [HEADER.as_bytes(), folded, in_box.as_bytes(), long.as_bytes()] {
            assert!(begins(mail), "{}", String::from_utf8_lossy(mail));
        }
        for text in [
            &b""[..],
            b"From ann: call result = 102\n",
            b"From: ann\nTo: bob\nSubject: call result = 102\n\nMessage-ID: 1\n",
            b"Received: 102\nCall Status: PIN Entered\n",
            b"Received: 102\nDate 2017-02-14\n",
            b"HTTP/1.1 200 OK\nDate: Tue, 14 Feb 2017 10:00:00 GMT\nContent-Type: text/plain\n\n",
            b"2017-02-14T02:57:24Z message-id: 5\nReceived: x\nFrom: y\n",
            b" Received: x\nFrom: y\n",
            b"Received: x\n",
        ] {
            assert!(!begins(text), "{}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn a_text_is_decoded_and_follows_the_subject() {
        let mail = format!(
            "{HEADER}Subject: =?utf-8?Q?call_result_=3D_117?=\nContent-Transfer-Encoding: quoted-printable\n\nCall Sta=\r\ntus: =\n102, a=3D1, \
             50 % =zz =4"
        );
        let text = "Subject: call result = 117\n\nCall Status: 102, a=1, 50 % =zz =4";
        assert_eq!(
            read(mail.as_bytes(), 1 << 20),
            (vec![named("text.txt", text), header(&format!("{HEADER}\n"))], None)
        );
    }

    #[test]
    fn nothing_outside_of_the_parts_is_lost_and_the_subject_counts_once() {
        // A log that begins like a mail, and has no text.
        let log = format!("{HEADER}callStatus: 102\n2017-02-14 Call Status: 4\n");
        let lost =
            |members: &[Seen], text: &str| members.iter().filter(|(_, data, _)| data.contains(text)).count() != 1;
        let members = read(log.as_bytes(), 1 << 20).0;
        assert!(!lost(&members, "callStatus: 102") && !lost(&members, "Call Status: 4"), "{members:?}");
        let mail = [
            HEADER,
            "Subject: call\n result = 102\nThread-Topic: call\n\tresult = 102\nX-Reason: rawCallStatus = 21\n",
            "Content-Type: multipart/mixed; boundary=x\n\npreamble\n--x\n",
            "Content-Type: text/plain; name=\"result = 102\"\nno field\n\ntext\n--x--\n",
        ];
        let (members, error) = read(mail.concat().as_bytes(), 1 << 20);
        assert_eq!(error, None);
        for text in ["result = 102", "rawCallStatus = 21", "preamble", "no field", "text"] {
            assert!(text == "text" || !lost(&members, text), "{text} {members:?}");
        }
        // Without a boundary, nothing tells the parts.
        let mail = format!("{HEADER}Content-Type: multipart/mixed\n\ncall result = 102\n");
        let (members, error) = read(mail.as_bytes(), 1 << 20);
        assert!(!lost(&members, "call result = 102"));
        assert_eq!(error, Some(Kind::Damaged));
    }

    #[test]
    fn what_a_header_does_not_say_is_reported() {
        let read = |fields: &str| read(format!("{HEADER}{fields}\n\ntext\n").as_bytes(), 1 << 20);
        let is_in = |members: &[Seen], text: &str| members.iter().any(|(_, data, _)| data.contains(text));
        for (fields, expected, kind) in [
            ("Subject: =?x-none?Q?call_result_=3D_117?=", "Subject: call result = 117\n", Kind::Damaged),
            ("X-Reason: =?x-none?Q?call_result_=3D_117?=", "X-Reason: call result = 117\n", Kind::Damaged),
            ("Subject: =?utf-8?B?Y2FsbCByZXN1bHQgPSAx*TE3?=", "Subject: call result = \n", Kind::Damaged),
            ("Subject: =?utf-8?B?Y2FsbCByZXN1bHQ", "Subject: =?utf-8?B?Y2FsbCByZXN1bHQ\n", Kind::Truncated),
        ] {
            let (members, error) = read(fields);
            assert_eq!(error, Some(kind), "{fields}");
            assert!(is_in(&members, expected) && is_in(&members, "text"), "{members:?}");
        }
        let (members, error) =
            read("Subject: =?utf-8?Q?call_?=\n =?utf-8?Q?result?= = 117\nX-Reason: =?latin1?q?call_result_=3D_102?=");
        assert!(is_in(&members, "Subject: call result = 117\n"), "{members:?}");
        assert!(is_in(&members, "X-Reason: call result = 102\n") && error.is_none(), "{members:?} {error:?}");
    }

    #[test]
    fn parts_with_the_same_name_are_told_apart_and_the_html_version_is_left_out() {
        let part = |header: &str, body: &str| format!("--x\nContent-Type: {header}\n\n{body}\n");
        let mail = [
            &format!("{HEADER}Content-Type: multipart/mixed; boundary=x\n\npreamble\n"),
            "--x\nContent-Type: multipart/alternative; boundary=y\n\n",
            "--y\nContent-Type: text/plain\n\nplain\n--y\nContent-Type: text/html\n\n<b>plain</b>\n--y--\n",
            &part("text/plain; name=a.log", "one"),
            &part("application/octet-stream; name=A.log\nContent-Transfer-Encoding: BASE64", "dHdv"),
            &part("text/plain\nContent-Transfer-Encoding: x-uuencode", "begin"),
            &part("application/pkcs7-mime; name=smime.p7m", "sealed"),
            &part("message/rfc822", "Subject: inner\n\nbody"),
            "--x--\nmore",
        ];
        let (mut members, error) = read(mail.concat().as_bytes(), 1 << 20);
        assert_eq!(members.remove(members.len() - 2).0, "header.txt");
        let seen: Vec<_> = members.iter().map(|(name, data, kind)| (&**name, data.trim_ascii(), *kind)).collect();
        assert_eq!(
            seen,
            [
                ("text.txt", "plain", None),
                ("text.html", "skipped, the text of the mail as HTML, which is read as plain text", Some(Kind::Copy)),
                ("a.log", "one", None),
                ("2/A.log", "two", None),
                ("2/text.txt", "it is encoded in a way that is not supported (x-uuencode)", Some(Kind::Unreadable)),
                ("smime.p7m", "it is encrypted, or signed in a form that is not supported", Some(Kind::Unreadable)),
                ("mail.eml", "Subject: inner\n\nbody", None),
                ("after the last part.txt", "more", None),
            ]
        );
        assert_eq!(error, None);
    }

    #[test]
    fn an_html_text_is_read_if_the_plain_one_is_blank() {
        let mail = format!(
            "{HEADER}Content-Type: multipart/alternative; boundary=y\n\n--y\nContent-Type: text/plain\n\n \n--y\nContent-Type: text/html\n\n\
             <b>html</b>\n--y--\n"
        );
        let (members, _) = read(mail.as_bytes(), 1 << 20);
        assert_eq!(members[1], named("text.html", "<b>html</b>"));
    }

    #[test]
    fn what_is_damaged_cut_or_too_large_is_reported() {
        let mail = format!(
            "{HEADER}Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/plain\nContent-Transfer-Encoding: base64\n\nb25l\n\
             !!!\n--x--\n"
        );
        let damaged = ("text.txt".to_owned(), "one".to_owned(), Some(Kind::Damaged));
        let (members, error) = read(mail.as_bytes(), 1 << 20);
        assert_eq!((&members[..1], error), (&[damaged][..], None));
        let cut = mail.strip_suffix("--x--\n").unwrap();
        assert_eq!(read(cut.as_bytes(), 1 << 20).1, Some(Kind::Truncated));
        assert_eq!(read(mail.as_bytes(), 50), (Vec::new(), Some(Kind::OverLimit)));
    }

    #[test]
    fn a_mailbox_has_a_member_for_each_mail() {
        let mail = |text: &str| format!("From a@example.com Tue Feb 14 10:00:00 2017\n{HEADER}\n{text}\n\n");
        let mailbox = [mail("one\n>From b\nFrom c"), mail("two"), mail(&"x".repeat(100))].concat();
        let expected = [
            named("1.eml", &format!("{HEADER}\none\nFrom b\nFrom c\n\n")),
            named("2.eml", &format!("{HEADER}\ntwo\n\n")),
        ];
        let (members, error) = read(mailbox.as_bytes(), 90);
        assert_eq!(members[..2], expected);
        assert_eq!(
            (members[2].0.as_str(), members[2].2, members.len(), error),
            ("3.eml", Some(Kind::OverLimit), 3, None)
        );
    }
}
