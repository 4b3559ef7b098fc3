//! Measures the progress of reading, in bytes and files on disk.
//!
//! Invariants:
//! * A file counts with the size that it had when it was opened, however often parts of it are read. When it is closed, all of it
//!   counts, including bytes that were skipped, such as those of a picture or of unwanted members. Therefore the meter ends at
//!   the sum of all listed sizes.
//! * An input without a size, such as a pipe, counts as it is read.
//! * An archive is one file.
//!
//! This costs one addition for each read from the system, and nothing for a line.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::amount::Amount;
use crate::unpack::Watch;

/// Counts what is read. Clones share the count.
#[derive(Clone, Debug, Default)]
pub struct Meter(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    bytes: AtomicU64,
    files: AtomicU64,
}

impl Meter {
    /// Returns how much was read so far.
    #[must_use]
    pub fn read(&self) -> Amount {
        Amount { bytes: self.0.bytes.load(Ordering::Relaxed), files: self.0.files.load(Ordering::Relaxed) }
    }

    /// Forgets what was read before, because a run may read the same files several times, one time after the other.
    pub(crate) fn start_over(&self) {
        self.0.bytes.store(0, Ordering::Relaxed);
        self.0.files.store(0, Ordering::Relaxed);
    }

    /// Counts a whole file of `bytes` bytes that is not read.
    pub(super) fn pass_over(&self, bytes: u64) {
        drop(self.begin(Some(bytes)));
    }

    /// Starts to count a file of `len` bytes, or of an unknown length if `len` is `None`.
    pub(super) fn begin(&self, len: Option<u64>) -> Gauge {
        Gauge { meter: self.clone(), len, read: AtomicU64::new(0) }
    }
}

/// The count of one file. Dropping it counts the rest of the file.
#[derive(Debug)]
pub(super) struct Gauge {
    meter: Meter,
    len: Option<u64>,
    read: AtomicU64,
}

impl Watch for Gauge {
    fn read(&self, bytes: u64) {
        let limit = self.len.unwrap_or(u64::MAX);
        let before = self.read.fetch_add(bytes, Ordering::Relaxed);
        let news = before.saturating_add(bytes).min(limit) - before.min(limit);
        self.meter.0.bytes.fetch_add(news, Ordering::Relaxed);
    }
}

impl Drop for Gauge {
    fn drop(&mut self) {
        let read = self.read.load(Ordering::Relaxed);
        self.read(self.len.map_or(0, |len| len.saturating_sub(read)));
        self.meter.0.files.fetch_add(1, Ordering::Relaxed);
    }
}

/// A reader that counts its bytes.
pub(super) struct Metered<R> {
    pub(super) reader: R,
    pub(super) gauge: Gauge,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let len = self.reader.read(out)?;
        self.gauge.read(len as u64);
        Ok(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_counts_once_and_completely_when_it_is_closed() {
        let meter = Meter::default();
        let one = meter.begin(Some(100));
        one.read(30);
        assert_eq!(meter.read(), Amount { bytes: 30, files: 0 });
        // Some bytes are read by two threads, where their ranges meet.
        one.read(60);
        one.read(60);
        assert_eq!(meter.read(), Amount { bytes: 100, files: 0 });
        drop(one);
        assert_eq!(meter.read(), Amount { bytes: 100, files: 1 });

        let skipped = meter.begin(Some(1000));
        skipped.read(8);
        drop(skipped);
        meter.pass_over(5);
        assert_eq!(meter.read(), Amount { bytes: 1105, files: 3 });
        meter.start_over();
        assert_eq!(meter.read(), Amount::default());
    }

    #[test]
    fn an_input_without_a_size_counts_as_it_is_read() {
        let meter = Meter::default();
        let mut reader = Metered { reader: &b"a line\n"[..], gauge: meter.begin(None) };
        reader.read_exact(&mut [0; 5]).unwrap();
        assert_eq!(meter.read(), Amount { bytes: 5, files: 0 });
        io::copy(&mut reader, &mut io::sink()).unwrap();
        drop(reader);
        assert_eq!(meter.read(), Amount { bytes: 7, files: 1 });
    }
}
