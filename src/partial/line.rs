//! A partial in one line of text, for tools that return only a little of what a host prints.
//!
//! Remediation tools return the last 2,048 characters of the last line, so a line has at most [`LIMIT`] characters:
//!
//! ```text
//! CC1:1278:eJy7…:1CC
//! ```
//!
//! The number is that of the characters between the second and the third colon. They are the URL-safe base64 of the beginning of a BLAKE3
//! hash, which recognises damage, and of zlib data. These are the header and the messages in JSON, with the columns
//! of the notes as numbers, because similar numbers compress well. The compressor knows the words that all partials have from a dictionary.
//!
//! The marks at both ends show where a line begins in the row of a CSV file, and whether a tool has cut it.

use base64_simd::URL_SAFE_NO_PAD as BASE64;
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use memchr::memmem;
use serde_json::Value;

use crate::pipeline::packed::{Packer, Unpacked};
use crate::pipeline::recorded::{ascii, column};

/// The largest number of characters of a line.
pub const LIMIT: usize = 2000;

/// How a line begins. The digit is the version of the form.
pub const BEGIN: &str = "CC1:";
/// How a line ends.
const END: &str = ":1CC";

/// How many bytes of the hash are stored.
const SUM_BYTES: usize = 6;

/// The largest number of bytes of JSON in a line, so that a hostile line cannot fill the memory.
const JSON_LIMIT: usize = 256 << 10;

/// The words that all partials have. Changing this text needs another version of the form.
const DICTIONARY: &[u8] = br#"OtherYearFileNameModifiedGivenAssumedConfiguredUtf16LeUtf16BeUtf8{"problem":{"path":"","kind":"unreadable","what":{"Described":""},"delivered":null,"remedy":null}}"unread":[],"long_lines":"changes":"near_misses":{},"names":[["mfa","SUCCESS_WITH_PIN","FAILED_PHONE_","NO_PIN"]],"C:\\Program Files\\Multi-Factor Authentication Server\\Logs\\MultiFactorAuthRadiusSvc.log.1MultiFactorAuthSvc.logC:/ProgramData/Netop/CONTOSO\\@example.com192.168.10.,0,0,0,0,1,1,1,1,1,0,0,0,0,0,0,0,0,0,0],[1,2,1,2,1,2],"hashes":"","logged":[],"ends":[],"newlines":{"part":{"texts":[""],"bases":[{"zone":"Named","date":"Line"}],"bases":[{"zone":"AssumedUtc","date":"Line"}],"unit":1000,"columns":[[0,85,0,433,409,405,533,17],0,1,0],[{"end":{"ends":"","bytes":,"text":{"chain":[],"units":"Bytes","assumed":{"undecided":0,"orders":0,"dates":0,"changing":0}},"digests":null}}],[{"begin":{"name":"","beginning":,"bytes":,"digests":{"whole":"","beginnings":[]}}},[{"format":1,"version":"0.1.0","patterns":"","reading":"","zone":"UTC","keep_copies":false,"machine":"","written":17"#;

/// Why a line cannot be read, as the rest of a sentence about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// It ends before its end.
    EndMissing,
    /// It begins after its beginning.
    BeginningMissing,
    /// Its characters are not those that were written.
    Damaged,
}

/// The header and the messages of each piece.
pub(super) type Content = (Value, Vec<Vec<Value>>);

/// Returns the line for a partial, or the number of its characters if there are more than [`LIMIT`].
pub(super) fn write((header, pieces): &Content) -> Result<String, usize> {
    let columns = |message: &Value| to_columns(message).unwrap_or_else(|| message.clone());
    let pieces: Vec<Vec<Value>> = pieces.iter().map(|piece| piece.iter().map(columns).collect()).collect();
    let json = ascii(
        Value::from(vec![header.clone(), Value::from(pieces.into_iter().map(Value::from).collect::<Vec<_>>())])
            .to_string(),
    );
    let mut bytes = blake3::hash(json.as_bytes()).as_bytes()[..SUM_BYTES].to_vec();
    bytes.extend(deflated(json.as_bytes()));
    let payload = BASE64.encode_to_string(&bytes);
    let line = format!("{BEGIN}{}:{payload}{END}", payload.len());
    if line.len() <= LIMIT && json.len() <= JSON_LIMIT { Ok(line) } else { Err(line.len().max(LIMIT + 1)) }
}

/// Finds every partial in a line of text, which may be a row of a CSV file.
pub(super) fn read(text: &[u8]) -> Vec<Result<Content, Broken>> {
    let mut found = Vec::new();
    let mut rest = text;
    loop {
        let (begin, end) = (memmem::find(rest, BEGIN.as_bytes()), memmem::find(rest, END.as_bytes()));
        let Some(begin) = begin.filter(|begin| end.is_none_or(|end| *begin < end)) else {
            let Some(end) = end else { return found };
            found.push(Err(Broken::BeginningMissing));
            rest = &rest[end + END.len()..];
            continue;
        };
        rest = &rest[begin + BEGIN.len()..];
        match payload(rest) {
            Some(payload) => {
                found.push(content(payload).ok_or(Broken::Damaged));
                rest = rest.get(memmem::find(rest, END.as_bytes()).unwrap_or(0) + END.len()..).unwrap_or_default();
            }
            None => {
                found.push(Err(Broken::EndMissing));
                // Whatever follows belongs to this partial, unless another one begins.
                let next = memmem::find(rest, BEGIN.as_bytes()).unwrap_or(rest.len());
                rest = &rest[next..];
            }
        }
    }
}

/// Returns the characters between the length and the end.
fn payload(rest: &[u8]) -> Option<&[u8]> {
    let digits = rest.iter().take(5).position(|byte| *byte == b':')?;
    let len: usize = std::str::from_utf8(&rest[..digits]).ok()?.parse().ok()?;
    let payload = rest.get(digits + 1..)?.get(..len)?;
    rest[digits + 1 + len..].starts_with(END.as_bytes()).then_some(payload)
}

fn content(payload: &[u8]) -> Option<Content> {
    let bytes = BASE64.decode_to_vec(payload).ok()?;
    let (sum, packed) = bytes.split_at_checked(SUM_BYTES)?;
    let json = inflated(packed)?;
    if blake3::hash(&json).as_bytes()[..SUM_BYTES] != *sum {
        return None;
    }
    let (header, pieces): Content = serde_json::from_slice(&json).ok()?;
    let packed = |message: Value| if message.get("part").is_some() { to_packed(message) } else { Some(message) };
    let pieces = pieces.into_iter().map(|piece| piece.into_iter().map(packed).collect()).collect::<Option<_>>()?;
    Some((header, pieces))
}

fn deflated(json: &[u8]) -> Vec<u8> {
    let mut deflate = Compress::new(Compression::best(), true);
    let mut packed = Vec::with_capacity(json.len() + 1024);
    // Neither call fails with room for everything.
    let _ = deflate.set_dictionary(DICTIONARY);
    let _ = deflate.compress_vec(json, &mut packed, FlushCompress::Finish);
    packed
}

fn inflated(packed: &[u8]) -> Option<Vec<u8>> {
    let mut inflate = Decompress::new(true);
    let mut json = Vec::with_capacity(16 << 10);
    // The first call stops after the head, which asks for the dictionary.
    if inflate.decompress_vec(packed, &mut json, FlushDecompress::None).err()?.needs_dictionary().is_some() {
        inflate.set_dictionary(DICTIONARY).ok()?;
    }
    loop {
        let (read, len) = (usize::try_from(inflate.total_in()).ok()?, json.len());
        match inflate.decompress_vec(packed.get(read..)?, &mut json, FlushDecompress::None).ok()? {
            Status::StreamEnd => return Some(json),
            _ if json.len() >= JSON_LIMIT => return None,
            _ if json.len() == json.capacity() => json.reserve(json.len()),
            _ if json.len() == len => return None,
            _ => {}
        }
    }
}

/// Writes the notes of a part as columns of numbers, which compress better than packed ones. Returns `None` if there are none.
fn to_columns(message: &Value) -> Option<Value> {
    let mut message = message.clone();
    let part = message.get_mut("part")?.as_object_mut()?;
    let notes = part.remove("notes")?;
    let unpacked = Unpacked::of(notes.as_str()?)?;
    let (rows, columns) = unpacked.columns::<{ column::COUNT }>()?;
    let columns = columns.iter().map(|column| match column.same() {
        Some(value) => Value::from(value),
        None => Value::from(column.values(rows)),
    });
    part.insert("columns".to_owned(), columns.collect());
    Some(message)
}

/// Packs the notes of a part again, as they were before [`to_columns`].
fn to_packed(mut message: Value) -> Option<Value> {
    let part = message.get_mut("part")?.as_object_mut()?;
    let Some(columns) = part.remove("columns") else { return Some(message) };
    let columns = columns.as_array().filter(|columns| columns.len() == column::COUNT)?;
    // The first column has every value, so the number of rows is known.
    let rows = columns[0].as_array()?.len();
    let values = |column: &Value| match column {
        Value::Array(values) if values.len() == rows => values.iter().map(Value::as_u64).collect(),
        value => value.as_u64().map(|value| vec![value; rows]),
    };
    let columns: Vec<Vec<u64>> = columns.iter().map(values).collect::<Option<_>>()?;
    let (mut packer, mut notes) = (Packer::new(rows), String::new());
    columns.into_iter().for_each(|column| packer.column(column.into_iter()));
    packer.finish(&mut notes);
    part.insert("notes".to_owned(), notes.into());
    Some(message)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn content() -> Content {
        let notes = |starts: &[u64], code| {
            let same = |value| vec![value; starts.len()];
            let columns =
                [starts.to_vec(), same(code), starts.iter().map(|start| start.wrapping_mul(1_000_003)).collect()];
            let rest = (3..column::COUNT as u64).map(same);
            let (mut packer, mut notes) = (Packer::new(starts.len()), String::new());
            columns.into_iter().chain(rest).for_each(|column| packer.column(column.into_iter()));
            packer.finish(&mut notes);
            notes
        };
        let several = json!({"part": {"texts": ["ann", "\u{e4}\u{1f600}"], "unit": 1000, "notes": notes(&[5, 0, 85], 9), "newlines": 3}});
        let single = json!({"part": {"unit": 1, "notes": notes(&[u64::MAX], 0)}});
        let none = json!({"part": {"newlines": 2}});
        let end = json!({"end": {"ends": "a.log", "bytes": 18_446_744_073_709_551_615_u64, "text": null}});
        (json!({"format": 2, "machine": "PC"}), vec![vec![several, end.clone()], vec![], vec![single, none, end]])
    }

    #[test]
    fn a_line_has_what_was_written_wherever_it_is() {
        let content = content();
        let line = write(&content).unwrap();
        assert!(line.is_ascii() && line.len() < 700, "{line}");
        let row = format!("PC,\"{line}\",{line}\r");
        assert_eq!(read(row.as_bytes()), [Ok(content.clone()), Ok(content)]);
        assert_eq!(read(b"PC,Failed"), []);
    }

    #[test]
    fn a_line_that_is_cut_or_damaged_is_recognised() {
        let line = write(&content()).unwrap();
        let begin = line.rfind(':').unwrap() - 20;
        for at in 1..line.len() {
            // What is left of the marks themselves is not recognised.
            let expected = if at < BEGIN.len() { vec![] } else { vec![Err(Broken::EndMissing)] };
            assert_eq!(read(&line.as_bytes()[..at]), expected, "{at}");
            let expected = if at > line.len() - END.len() { vec![] } else { vec![Err(Broken::BeginningMissing)] };
            assert_eq!(read(&line.as_bytes()[at..]), expected, "{at}");
        }
        let other = if line.as_bytes()[begin] == b'A' { "B" } else { "A" };
        let damaged = format!("{}{other}{}", &line[..begin], &line[begin + 1..]);
        assert_eq!(read(damaged.as_bytes()), [Err(Broken::Damaged)]);
        assert_eq!(
            read(b"CC1:4:AAAA:1CC CC1:x:1CC CC1:99999999999:A:1CC"),
            [Err(Broken::Damaged), Err(Broken::EndMissing), Err(Broken::EndMissing)]
        );
    }
}
