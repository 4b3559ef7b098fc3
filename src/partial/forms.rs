//! The forms in which partials arrive: as they were written, redirected by PowerShell, compressed by gzip, or as a line of text in a list
//! or a CSV file.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read, Seek as _, SeekFrom};

use flate2::read::MultiGzDecoder;
use memchr::memmem;

use super::line::{self, Broken};
use super::{CONTROLS, LINE_LIMIT};
use crate::terminal;
use crate::units;

/// How many bytes are read to detect the form.
const HEAD_BYTES: u64 = 64;

/// The largest number of bytes that a compressed file unpacks to.
const UNPACKED_LIMIT: u64 = 16 << 30;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// A form of partials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// JSON Lines in UTF-8, or a part of them.
    Lines,
    /// Any other text, or UTF-8 with a byte order mark.
    Text,
    /// UTF-16, as PowerShell's `>` writes it.
    Utf16,
    Gzip,
}

impl Form {
    /// Returns the form of a file that begins like this.
    pub(super) fn of(head: &[u8]) -> Form {
        match head {
            [0x1f, 0x8b, ..] => Form::Gzip,
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [b'{' | b'C', 0, ..] | [0, b'{' | b'C', ..] => Form::Utf16,
            _ if is_inside(head) || head.starts_with(b"{\"plan\":") => Form::Lines,
            _ => Form::Text,
        }
    }

    /// Returns the text of a file, of which `head` has been read.
    ///
    /// # Errors
    ///
    /// Returns the error of the file, or why it cannot be decoded.
    pub(super) fn text(self, head: Vec<u8>, from: Box<dyn Read>) -> io::Result<Box<dyn BufRead>> {
        let is_marked = head.starts_with(BYTE_ORDER_MARK);
        let mut all = Cursor::new(head).chain(from);
        match self {
            Form::Lines => Ok(Box::new(BufReader::new(all))),
            Form::Text => {
                if is_marked {
                    all.read_exact(&mut [0; BYTE_ORDER_MARK.len()])?;
                }
                Ok(Box::new(BufReader::new(all)))
            }
            Form::Gzip => Ok(Box::new(BufReader::new(MultiGzDecoder::new(all).take(UNPACKED_LIMIT)))),
            Form::Utf16 => {
                let mut bytes = Vec::new();
                all.take(LINE_LIMIT).read_to_end(&mut bytes)?;
                let wrong = |what| io::Error::other(format!("{what}. Write it again with -o instead of >"));
                if bytes.len() as u64 == LINE_LIMIT {
                    return Err(wrong("this file in UTF-16 is larger than 256 MiB"));
                }
                let starts = CONTROLS.into_iter().chain([line::BEGIN.as_bytes()]);
                if let Some(at) = starts.filter_map(|start| memmem::find(&bytes, start)).min() {
                    bytes.truncate(at);
                    let number =
                        String::from_utf8_lossy(&units::of_text(&bytes).lines_in_utf8(&bytes)).matches('\n').count()
                            + 1;
                    return Err(io::Error::other(format!(
                        "in line {number}, a partial begins that is not in UTF-16, as the text before it is. Put each into a file of its own"
                    )));
                }
                let text = units::text(bytes).map_err(|_| wrong("this file in UTF-16 is damaged"))?;
                Ok(Box::new(Cursor::new(text.into_bytes())))
            }
        }
    }
}

/// Whether a line belongs to a partial in JSON Lines.
pub(super) fn is_inside(line: &[u8]) -> bool {
    const MESSAGES: [&[u8]; 5] = [b"{\"begin\":", b"{\"hashed\":", b"{\"part\":", b"{\"end\":", b"{\"problem\":"];
    CONTROLS.iter().chain(&MESSAGES).any(|start| line.starts_with(start))
}

/// Returns how a line of a partial in JSON begins that is anywhere in this line, if there is one. Its quotes may be doubled or escaped, and
/// its text may be in UTF-16.
pub(super) fn control(line: &[u8]) -> Option<&'static [u8]> {
    let mut plain = Vec::with_capacity(line.len());
    for byte in line.iter().filter(|byte| ![0, b'\\'].contains(*byte)) {
        if *byte != b'"' || plain.last() != Some(byte) {
            plain.push(*byte);
        }
    }
    CONTROLS.into_iter().find(|start| memmem::find(&plain, start).is_some())
}

/// The cells of a line in a CSV file.
pub(super) struct Cells {
    delimiter: u8,
    count: usize,
}

impl Cells {
    /// Returns the cells of the first line of a file, if they can be the names of columns.
    pub(super) fn of_heading(line: &[u8]) -> Option<Cells> {
        const NAME_LIMIT: usize = 64;
        let times = |delimiter: &u8| memchr::memchr_iter(*delimiter, line).count();
        let delimiter = *[b'\t', b';', b','].iter().max_by_key(|delimiter| times(delimiter))?;
        let cells = Cells::split(line, delimiter)?;
        cells.iter().all(|cell| cell.len() <= NAME_LIMIT).then_some(Cells { delimiter, count: cells.len() })
    }

    /// Whether a line has as many cells.
    pub(super) fn is_row(&self, line: &[u8]) -> bool {
        Cells::split(line, self.delimiter).is_some_and(|cells| cells.len() == self.count)
    }

    fn split(line: &[u8], delimiter: u8) -> Option<csv::ByteRecord> {
        csv::ReaderBuilder::new()
            .has_headers(false)
            .delimiter(delimiter)
            .from_reader(line)
            .into_byte_records()
            .next()?
            .ok()
    }
}

/// Returns the first bytes of a file.
pub(super) fn head(file: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    file.take(HEAD_BYTES).read_to_end(&mut head)?;
    Ok(head)
}

/// Returns the message for a line with a partial that cannot be read. The beginning of the line may name the machine.
pub(super) fn explained(broken: Broken, text: &[u8]) -> String {
    let what = match broken {
        Broken::EndMissing => {
            "the end of the partial is missing. The tool that collected it has cut or wrapped the line: collect it again with longer \
             lines"
        }
        Broken::BeginningMissing => {
            "the beginning of the partial is missing. The tool that collected it has kept only the end of the line: print nothing after \
             the line, or collect a file instead"
        }
        Broken::Damaged => "the partial is damaged. Collect it again",
    };
    format!("{what}. The line begins with: {}", beginning(text))
}

/// Returns the beginning of a line for a message.
pub(super) fn beginning(text: &[u8]) -> String {
    const SHOWN: usize = 40;
    let text = String::from_utf8_lossy(&text[..text.len().min(4 * SHOWN)]);
    let begin = text.find(line::BEGIN).map_or(text.len(), |at| at + line::BEGIN.len());
    let shown: String = text[..begin].chars().take(SHOWN).collect();
    terminal::escaped(shown.trim_end()).into_owned()
}

/// The error of a [`Spool`] that cannot be written.
#[derive(Debug)]
pub(super) struct NoRoom(String);

impl std::fmt::Display for NoRoom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NoRoom {}

/// A temporary file with partials that cannot be read where they are.
#[derive(Debug, Default)]
pub(super) struct Spool {
    file: Option<File>,
    len: u64,
}

impl Spool {
    /// Copies everything, and returns the positions of its first byte and the one after its last.
    pub(super) fn copy(&mut self, from: &mut dyn Read) -> io::Result<[u64; 2]> {
        let no_room = |error: io::Error| {
            let variable = if cfg!(windows) { "TEMP" } else { "TMPDIR" };
            let folder = std::env::temp_dir();
            io::Error::other(NoRoom(format!(
                "there is no place for a copy in {}: {error}. Set {variable} to a folder that exists and has room",
                folder.display()
            )))
        };
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(tempfile::tempfile().map_err(no_room)?),
        };
        let start = self.len;
        file.seek(SeekFrom::Start(start))?;
        let mut buffer = vec![0; 64 << 10];
        loop {
            let len = match from.read(&mut buffer) {
                Ok(0) => return Ok([start, self.len]),
                Ok(len) => len,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            io::Write::write_all(file, &buffer[..len]).map_err(no_room)?;
            self.len += len as u64;
        }
    }

    /// Returns the file, to read from it. All readers and [`Spool::copy`] share one position.
    pub(super) fn reader(&self) -> io::Result<File> {
        self.file.as_ref().map_or_else(|| Err(io::ErrorKind::NotFound.into()), File::try_clone)
    }
}
