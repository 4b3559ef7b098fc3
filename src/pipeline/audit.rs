//! Counts sign-ins as the command `scan` does, and picks a few lines with each code, so that people can check the results.
//!
//! Only results that count are picked, which is known when everything has been read: another log may have the same sign-in, and a
//! filter may need a user from another line. So the lines wait in a store of the caller, as for the command `lines`.

use std::borrow::Cow;
use std::io::{self, Read, Seek, Write};

use serde::Serialize;

use super::annotate;
use super::{Options, Outcome};
use crate::catalogue::Catalogue;
use crate::code::{Code, Key, Name};
use crate::hit::Hit;
use crate::near_miss;
use crate::numbered::{Details, LineFormat, Rendered};
use crate::pattern::PatternSet;
use crate::source::{EncodingChoice, Found};
use crate::summary::audit::{Audit, Picked};
use crate::summary::sign_ins::{Options as CountingOptions, Settled};
use crate::units::CodePage;

/// Counts the sign-ins in `inputs`, and picks `lines` lines for each code. `store` must be empty; it holds the lines until all logs have
/// been read.
///
/// # Errors
///
/// Returns [`NoStore`](annotate::NoStore) if `store` fails, or [`NoThreads`](super::NoThreads).
pub fn count(
    inputs: impl Iterator<Item = Found> + Send,
    set: &PatternSet,
    catalogue: &Catalogue,
    options: &Options,
    counting: CountingOptions,
    lines: usize,
    store: &mut (impl Read + Write + Seek),
) -> io::Result<Outcome<Settled>> {
    let mut picker = Picker { audit: Audit::new(lines) };
    let records = Records { encoding: options.opening.encoding };
    let outcome = annotate::joined(inputs, set, catalogue, options, counting, &records, store, &mut picker)?;
    let mut outcome = outcome.map(|(_, settled)| Settled { audit: picker.audit, ..settled });
    outcome.problems.extend(super::summarise::overflow([&outcome.summary.summary, &outcome.summary.general]));
    Ok(outcome)
}

/// A result as it waits in the store: path and offset, line number, whether it counts, and its code, the family and the name, and its text.
type Record<'r> = ((Cow<'r, str>, u64), u64, bool, (Option<i32>, Option<(Cow<'r, str>, Cow<'r, str>)>, Cow<'r, str>));

/// Writes each result as a [`Record`] in JSON, one on a line.
struct Records {
    encoding: EncodingChoice,
}

impl LineFormat for Records {
    fn line(&self, path: &str, hits: &[Hit<'_>], out: &mut Rendered) {
        for hit in hits {
            let (kept, _) = near_miss::kept(hit.line, &hit.span);
            let text = CodePage::of(hit.line, hit.units, self.encoding.given()).read(kept);
            out.begin_line();
            // The line number and whether the result counts are filled in later.
            push(out.bytes(), "[", &(path, hit.offset()));
            out.bytes().push(b',');
            out.line_number();
            out.bytes().push(b',');
            out.details(|_| {});
            let name = hit.key.name().map(|name| (hit.key.family(), name));
            push(out.bytes(), ",", &(hit.key.code().map(|code| code.0), name, &*text));
            out.bytes().extend_from_slice(b"]\n");
        }
    }

    fn details(&self, details: &Details<'_>, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(if details.counted_in.is_none() { b"true" } else { b"false" });
    }
}

/// Appends a value as JSON.
fn push(bytes: &mut Vec<u8>, before: &str, value: &impl Serialize) {
    bytes.extend_from_slice(before.as_bytes());
    // Writing texts and numbers to a vector cannot fail.
    let _ = serde_json::to_writer(bytes, value);
}

/// Receives the records of the results that the filter keeps, and picks some of those that count.
struct Picker {
    audit: Audit,
}

impl Write for Picker {
    /// Reads whole records, because that is how they are written.
    fn write(&mut self, records: &[u8]) -> io::Result<usize> {
        for record in records.split_inclusive(|&byte| byte == b'\n') {
            let ((path, offset), line_number, counts, (code, name, text)): Record = serde_json::from_slice(record)?;
            let key = code
                .map(|code| Key::Code(Code(code)))
                .or_else(|| name.map(|(family, name)| Key::Name(Name::of(&family, &name))));
            if let Some(key) = key.filter(|key| counts && self.audit.wants(key, &path, offset)) {
                self.audit.add(&key, Picked { path: path.into(), offset, line_number, text: text.into() });
            }
        }
        Ok(records.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
