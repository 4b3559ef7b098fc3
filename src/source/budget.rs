//! Limits how much a file may unpack to, so that a bomb (a small file that unpacks to terabytes) costs neither memory nor time.
//!
//! Invariants:
//! * A file of `len` bytes may unpack to `floor_bytes + ratio * len` bytes, and never to more than `unpacked_bytes`, in each
//!   layer of archives and compression. In each layer of archives, it may hold `members` members. A layer with more ends exactly
//!   at the limit, with a [`Loss`] that names it. Bytes count when they are read or, if they must be unpacked whether or not they
//!   are read, when they are unpacked.
//! * The holes of a sparse file count like other bytes. However, a hole that exceeds the limit ends only its file, before the
//!   hole, and not the layer, because skipping a hole unpacks nothing. Thus a log is still read if it follows a file that
//!   consists of a terabyte of holes, which a list of last logins often does.
//! * Where reading ends does not depend on which thread was faster. The members of a zip archive on disk, which are read at the
//!   same time, are counted in the order in which they are stored ([`ledger`](super::ledger)). Their own sizes are stated in the
//!   archive, but what they unpack to inside is not known in advance. Therefore a part of the limit is free: all members together
//!   may use a quarter of it without counting, each in proportion to the bytes that it takes in the file. Nothing that fits into
//!   the limit is lost this way, and members do not wait for each other unless they are bombs.
//! * Data that are neither compressed nor in an archive have no budget.

use std::io::{self, Read};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::chain::Layer;
use super::ledger::{Entry, Ledger, Purse};
use crate::problem::{self, Kind, Loss, Remedy};
use crate::unpack::MAX_LAYERS;

/// The deepest nesting of archives that a user can allow. Each level needs a thread.
pub const NESTING_LIMIT: u8 = 16;
/// The largest number of layers: every archive may be compressed several times, and so may the contents of the last one.
const LEVELS: usize = (NESTING_LIMIT as usize + 1) * (MAX_LAYERS as usize + 1);
/// The divisor of a limit that gives the part that is free in the inner layers of a zip archive on disk.
const FREE_PART: u64 = 4;

/// The limits of unpacking, for each file on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest number of members in an archive, and in all archives together that are nested equally deep in it.
    pub members: u64,
    /// The largest number of bytes that a file may unpack to, in each layer.
    pub unpacked_bytes: u64,
    /// How many times its own size a file may unpack to, in each layer, in addition to `floor_bytes`.
    pub ratio: u64,
    /// How many bytes even the smallest file may unpack to, because a repetitive log compresses very well.
    pub floor_bytes: u64,
    /// How deep archives may be nested. With 1, an archive in an archive is not read.
    pub nesting: u8,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { members: 100_000, unpacked_bytes: 64 << 30, ratio: 250, floor_bytes: 256 << 20, nesting: 5 }
    }
}

/// The budget of a file, or of one member of an archive whose members are read at the same time.
#[derive(Debug)]
pub(super) struct Budget {
    limits: Limits,
    /// The name of the file in messages.
    file: String,
    /// The size of the file in bytes, or how many bytes of a stream have arrived.
    packed: AtomicU64,
    /// What was taken of each sum, by [`Purse::index`].
    counts: Mutex<Vec<Count>>,
    /// The entry of this member among those that are read at the same time, if it is such a member.
    beside: Option<Beside>,
}

/// The state of one sum: what was taken of it, and what may be taken.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    spent: u64,
    /// How much the members before this one leave, according to the last answer of the ledger.
    granted: u64,
    /// Whether the limit was exceeded.
    is_over: bool,
}

/// The entry of a member among those that are read at the same time.
#[derive(Debug)]
struct Beside {
    entry: Entry,
    /// The part of the file that the member takes, as numerator and denominator.
    share: (u64, u64),
}

impl Budget {
    /// Creates the whole budget of a file of `packed` bytes. For a stream, `packed` is 0, and its bytes are added as they arrive.
    /// `file` is the name in messages.
    pub(super) fn new(limits: Limits, packed: u64, file: &str) -> Arc<Budget> {
        let (file, packed) = (file.to_owned(), AtomicU64::new(packed));
        Arc::new(Budget { limits, file, packed, counts: Mutex::default(), beside: None })
    }

    /// Returns the budget of the next member of the file to which this budget belongs. The member takes `packed` bytes of the
    /// file and unpacks to at most `most` bytes.
    pub(super) fn of_member(&self, ledger: &Arc<Ledger>, packed: u64, most: u64) -> Arc<Budget> {
        let len = self.packed.load(Ordering::Relaxed);
        let beside = Beside { entry: ledger.open(most), share: (packed.min(len), len.max(1)) };
        let (limits, file, packed) = (self.limits, self.file.clone(), AtomicU64::new(len));
        Arc::new(Budget { limits, file, packed, counts: Mutex::default(), beside: Some(beside) })
    }

    /// Returns the limit of a sum.
    fn whole(&self, purse: Purse) -> u64 {
        match purse {
            Purse::Bytes(_) => self.by_ratio().min(self.limits.unpacked_bytes),
            Purse::Members(_) => self.limits.members,
        }
    }

    /// Returns how many bytes the ratio and the floor allow.
    fn by_ratio(&self) -> u64 {
        self.packed.load(Ordering::Relaxed).saturating_mul(self.limits.ratio).saturating_add(self.limits.floor_bytes)
    }

    /// Returns how much this member may take of a sum without counting.
    fn free(&self, purse: Purse) -> u64 {
        let (Some(Beside { share: (part, of), .. }), Purse::Bytes(1..) | Purse::Members(_)) = (&self.beside, purse)
        else {
            return 0;
        };
        let free = u128::from(self.whole(purse) / FREE_PART) * u128::from(*part) / u128::from(*of);
        u64::try_from(free).unwrap_or(u64::MAX)
    }

    fn counts(&self) -> MutexGuard<'_, Vec<Count>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls `change` with the count of a sum, and returns its result.
    fn count<T>(&self, purse: Purse, change: impl FnOnce(&mut Count) -> T) -> T {
        let mut counts = self.counts();
        let index = purse.index();
        let len = counts.len().max(index + 1);
        counts.resize(len, Count::default());
        change(&mut counts[index])
    }

    /// Returns how much of a sum may be taken now, without waiting for other members.
    fn left(&self, purse: Purse) -> u64 {
        let whole = self.whole(purse);
        let Count { spent, granted, .. } = self.count(purse, |count| *count);
        let Some(beside) = &self.beside else { return whole.saturating_sub(spent) };
        let free = self.free(purse);
        if spent < free.saturating_add(granted) {
            return free.saturating_add(granted) - spent;
        }
        let granted = beside.entry.left(purse, whole).amount;
        self.count(purse, |count| count.granted = granted);
        free.saturating_add(granted).saturating_sub(spent)
    }

    /// Returns how much of `wanted` may be taken of a sum. Waits for earlier members until this is known.
    fn allowed(&self, purse: Purse, wanted: u64) -> u64 {
        let left = self.left(purse);
        let Some(beside) = self.beside.as_ref().filter(|_| left < wanted) else { return left.min(wanted) };
        let needed = self.count(purse, |count| count.spent).saturating_add(wanted).saturating_sub(self.free(purse));
        let granted = beside.entry.wait(purse, self.whole(purse), needed).amount;
        self.count(purse, |count| count.granted = granted);
        self.left(purse).min(wanted)
    }

    /// Whether `wanted` may be taken of a sum. Waits for earlier members until this is known.
    fn has_left(&self, purse: Purse, wanted: u64) -> bool {
        self.allowed(purse, wanted) == wanted
    }

    /// Counts one member of an archive in this layer. Returns a loss if there are too many.
    pub(super) fn member(&self, level: usize, layer: Layer) -> Result<(), Loss> {
        let purse = purse(level, Purse::Members);
        if self.has_left(purse, 1) {
            self.count(purse, |count| count.spent += 1);
            return Ok(());
        }
        let (file, limit) = (&self.file, self.limits.members);
        let what =
            format!("{file} has more than {limit} files{}, and the rest was not read", layer_words(level, layer));
        Err(Loss::new(Kind::OverLimit, what, Remedy::Raise(problem::Limit::Members)))
    }

    /// Returns a loss if something in this layer has exceeded the limit of bytes.
    pub(super) fn may_continue(&self, level: usize, layer: Layer) -> Result<(), Loss> {
        if !self.count(purse(level, Purse::Bytes), |count| count.is_over) {
            return Ok(());
        }
        let loss = self.over(level, layer, None);
        Err(Loss { what: format!("{}, and no file after that was read", loss.what), ..loss })
    }

    /// Checks whether `bytes` more bytes of a member, of which `delivered` bytes were read, are within the limit, without
    /// counting them. Waits until it is known how much the members before it take.
    pub(super) fn allows(&self, bytes: u64, delivered: u64, level: usize, layer: Layer) -> Result<(), Loss> {
        let has_left = self.has_left(purse(level, Purse::Bytes), bytes);
        if has_left { Ok(()) } else { Err(self.over(level, layer, Some(delivered))) }
    }

    /// Returns the loss for data that exceed the limit of bytes.
    fn over(&self, level: usize, layer: Layer, delivered: Option<u64>) -> Loss {
        let Limits { ratio, floor_bytes, unpacked_bytes, .. } = self.limits;
        let (limit, of) = if self.by_ratio() < unpacked_bytes {
            let floor = if floor_bytes > 0 { format!(" plus {}", size(floor_bytes)) } else { String::new() };
            (format!("{ratio} times its size{floor}"), problem::Limit::Ratio)
        } else {
            (size(unpacked_bytes), problem::Limit::Unpacked)
        };
        let what = format!("{} unpacks to more than {limit}{}", self.file, layer_words(level, layer));
        Loss { kind: Kind::OverLimit, what, delivered, remedy: Remedy::Raise(of) }
    }
}

impl Drop for Budget {
    fn drop(&mut self) {
        let counts = std::mem::take(&mut *self.counts());
        let counted = |(index, count): (usize, &Count)| {
            let purse = if index % 2 == 0 { Purse::Bytes(index / 2) } else { Purse::Members(index / 2) };
            count.spent.saturating_sub(self.free(purse))
        };
        let took = counts.iter().enumerate().map(counted).collect();
        if let Some(beside) = &mut self.beside {
            beside.entry.took(took);
        }
    }
}

/// Returns the purse for the bytes or members of a layer. Layers beyond the deepest possible one share its purse.
fn purse(level: usize, of: impl Fn(usize) -> Purse) -> Purse {
    of(level.min(LEVELS - 1))
}

/// Returns the words for a layer in messages; none for the outermost one.
fn layer_words(level: usize, layer: Layer) -> String {
    if level == 0 { String::new() } else { format!(" at packing level {} ({layer})", level + 1) }
}

/// Formats a size as it is written on the command line, without rounding.
fn size(bytes: u64) -> String {
    let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    let unit = units.into_iter().find(|(power, _)| bytes >> power > 0 && bytes.trailing_zeros() >= *power);
    unit.map_or_else(|| format!("{bytes} bytes"), |(power, unit)| format!("{} {unit}", bytes >> power))
}

/// A reader that counts the data of one layer against the budget. After the last byte that the budget allows, it fails.
pub(super) struct Charged<R> {
    reader: R,
    budget: Arc<Budget>,
    level: usize,
    layer: Layer,
    delivered: u64,
    /// Whether bytes were left out because the budget does not allow them.
    is_cut: bool,
}

impl<R> Charged<R> {
    /// Returns a reader that counts the bytes of `reader` in this layer.
    pub(super) fn new(reader: R, budget: &Arc<Budget>, level: usize, layer: Layer) -> Charged<R> {
        Charged { reader, budget: Arc::clone(budget), level, layer, delivered: 0, is_cut: false }
    }
}

impl<R: Read> Read for Charged<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        let purse = purse(self.level, Purse::Bytes);
        // As much is read as the caller wants, even if less is certainly left at the moment. Otherwise the lengths of reads, and so
        // how far the layers around this one are read before it ends early, would depend on how far other threads are.
        let read = if self.is_cut { 1 } else { self.reader.read(out)? as u64 };
        let len = if self.is_cut { 0 } else { self.budget.allowed(purse, read) };
        if len == 0 && read > 0 {
            self.budget.count(purse, |count| count.is_over = true);
            return Err(self.budget.over(self.level, self.layer, Some(self.delivered)).into());
        }
        self.is_cut = len < read;
        self.budget.count(purse, |count| count.spent += len);
        self.delivered += len;
        // At most as many as were read into the buffer.
        Ok(usize::try_from(len).unwrap_or(out.len()))
    }
}

/// A reader of a stream of unknown length. Each byte that it reads raises the budget.
pub(super) struct Counted<R> {
    pub(super) reader: R,
    pub(super) budget: Arc<Budget>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let len = self.reader.read(out)?;
        self.budget.packed.fetch_add(len as u64, Ordering::Relaxed);
        Ok(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Problem;
    use crate::report::problems::detail;
    use crate::unpack::{Codec, Format};

    const FLOOR: u64 = 1 << 20;
    const GZIP: Layer = Layer::Codec(Codec::Gzip);
    const ZIP: Layer = Layer::Archive(Format::Zip);

    fn limits(ratio: u64, unpacked_bytes: u64) -> Limits {
        Limits { ratio, unpacked_bytes, floor_bytes: FLOOR, ..Limits::default() }
    }

    /// Reads `bytes` bytes in a layer. Returns how many the budget allows, and the error.
    fn read(budget: &Arc<Budget>, (level, layer): (usize, Layer), bytes: u64, buffer: usize) -> (u64, Option<String>) {
        let mut charged = Charged::new(io::repeat(b'x').take(bytes), budget, level, layer);
        let (mut buffer, mut sum) = (vec![0; buffer], 0);
        loop {
            match charged.read(&mut buffer) {
                Ok(0) => return (sum, None),
                Ok(len) => sum += len as u64,
                Err(error) => return (sum, Some(detail(&Problem::unreadable("", &error)))),
            }
        }
    }

    #[test]
    fn a_layer_yields_what_the_ratio_allows_to_the_byte_and_the_error_names_the_flag() {
        let told = "a.gz unpacks to more than 2 times its size plus 1 MiB; only the whole lines in the 1048596 bytes \
                    before that were read; raise --max-ratio to read more";
        for buffer in [1, 7, 4096, 1 << 21] {
            let budget = Budget::new(limits(2, u64::MAX), 10, "a.gz");
            assert_eq!(read(&budget, (0, GZIP), FLOOR + 21, buffer), (FLOOR + 20, Some(told.to_owned())), "{buffer}");
            // Another layer has as much again.
            assert_eq!(read(&budget, (1, GZIP), FLOOR + 20, buffer), (FLOOR + 20, None), "{buffer}");
        }
    }

    #[test]
    fn a_file_unpacks_to_so_many_bytes_whatever_its_size() {
        let budget = Budget::new(limits(250, 100), 1 << 40, "a.tar");
        let tar = (0, Layer::Archive(Format::Tar));
        assert_eq!(read(&budget, tar, 60, 50), (60, None));
        assert_eq!(budget.may_continue(0, tar.1), Ok(()));
        assert_eq!(budget.allows(40, 60, 0, tar.1), Ok(()));
        let told = "a.tar unpacks to more than 100 bytes; only the whole lines in the 40 bytes before that were \
                    read; raise --max-unpacked to read more";
        assert_eq!(read(&budget, tar, 50, 50), (40, Some(told.to_owned())));
        // An empty member never exceeds the limit.
        assert_eq!(read(&budget, tar, 0, 50), (0, None));
        let told = "a.tar unpacks to more than 100 bytes; none of it could be read; raise --max-unpacked to read more";
        assert_eq!(read(&budget, tar, 1, 50), (0, Some(told.to_owned())));
        assert_eq!(detail(&budget.allows(1, 0, 0, tar.1).unwrap_err().of_input("")), told);
        let told =
            "a.tar unpacks to more than 100 bytes, and no file after that was read; raise --max-unpacked to read more";
        assert_eq!(detail(&budget.may_continue(0, tar.1).unwrap_err().of_input("")), told);
        assert_eq!(budget.may_continue(1, tar.1), Ok(()));
    }

    #[test]
    fn a_stream_may_unpack_to_more_the_longer_it_turns_out_to_be() {
        let budget = Budget::new(Limits { floor_bytes: 0, ..limits(2, u64::MAX) }, 0, "stdin");
        let counted = Counted { reader: io::repeat(b'x').take(30), budget: Arc::clone(&budget) };
        // As much as was packed, and not twice as much.
        let mut charged = Charged::new(counted, &budget, 0, GZIP);
        assert_eq!(io::copy(&mut charged, &mut io::sink()).unwrap(), 30);
        let told = "stdin unpacks to more than 2 times its size; only the whole lines in the 30 bytes before that \
                    were read; raise --max-ratio to read more";
        assert_eq!(read(&budget, (0, GZIP), 31, 8), (30, Some(told.to_owned())));
    }

    #[test]
    fn members_read_at_the_same_time_may_take_as_much_as_one_after_another() {
        let file = Budget::new(limits(250, 100), 1000, "x.zip");
        let ledger = Arc::new(Ledger::default());
        // The second needs no more than is certainly left, whatever the first takes; the third has to wait for the others.
        let [one, two, three] = [50, 50, 60].map(|most| file.of_member(&ledger, 100, most));
        assert_eq!(read(&two, (0, ZIP), 50, 8), (50, None));
        assert_eq!(three.left(Purse::Bytes(0)), 0);
        assert_eq!(read(&one, (0, ZIP), 40, 8), (40, None));
        drop((one, two));
        let told = "x.zip unpacks to more than 100 bytes; only the whole lines in the 10 bytes before that were \
                    read; raise --max-unpacked to read more";
        assert_eq!(read(&three, (0, ZIP), 60, 8), (10, Some(told.to_owned())));
    }

    /// Otherwise the layers around a layer that ends early would have been read less far if other members were being read.
    #[test]
    fn a_read_is_as_long_as_if_no_other_member_were_being_read() {
        struct Asked(std::sync::mpsc::Sender<usize>);
        impl Read for Asked {
            fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
                self.0.send(out.len()).unwrap();
                Ok(out.len())
            }
        }
        let file = Budget::new(limits(250, 100), 1000, "x.zip");
        let ledger = Arc::new(Ledger::default());
        let [one, two] = [90, 100].map(|most| file.of_member(&ledger, 100, most));
        let (sender, asked) = std::sync::mpsc::channel();
        let mut charged = Charged::new(Asked(sender), &two, 0, ZIP);
        std::thread::scope(|scope| {
            // Only 10 bytes are certainly left until the first member ends.
            let reading = scope.spawn(move || charged.read(&mut [0; 50]).unwrap());
            assert_eq!(asked.recv().unwrap(), 50);
            drop(one);
            assert_eq!(reading.join().unwrap(), 50);
        });
    }

    #[test]
    fn a_part_of_the_inner_layers_is_free_and_not_counted() {
        let file = Budget::new(Limits { members: 40, ..limits(250, 400) }, 1000, "x.zip");
        let ledger = Arc::new(Ledger::default());
        // A quarter of 400 bytes and of 40 members, for members that take 400, 300 and, as it claims, 5000 of 1000 bytes.
        let [one, two, three] = [400, 300, 5000].map(|packed| file.of_member(&ledger, packed, 10));
        let free = |budget: &Budget| (budget.free(Purse::Bytes(1)), budget.free(Purse::Members(1)));
        assert_eq!((free(&one), free(&two), free(&three)), ((40, 4), (30, 3), (100, 10)));
        assert_eq!(one.free(Purse::Bytes(0)), 0);
        // While the first is being read, the second has only the free part.
        assert_eq!(two.left(Purse::Bytes(1)), 30);
        assert_eq!(read(&one, (1, GZIP), 300, 64), (300, None));
        drop(one);
        // Of the 400, the part of the 300 that was not free is gone; 30 are free.
        let told = "x.zip unpacks to more than 400 bytes at packing level 2 (gzip); only the whole lines in the 170 \
                    bytes before that were read; raise --max-unpacked to read more";
        assert_eq!(read(&two, (1, GZIP), 1000, 64), (170, Some(told.to_owned())));
        drop(two);
        assert_eq!(three.left(Purse::Bytes(1)), 100);
    }

    #[test]
    fn members_are_limited_in_each_layer() {
        let limits = Limits { members: 2, ..Limits::default() };
        let budget = Budget::new(limits, 1000, "x.tar");
        assert_eq!([1, 1, 2].map(|level| budget.member(level, ZIP)), [Ok(()), Ok(()), Ok(())]);
        assert_eq!(
            detail(&budget.member(1, ZIP).unwrap_err().of_input("")),
            "x.tar has more than 2 files at packing level 2 (zip), and the rest was not read; raise --max-members to \
             read more"
        );
    }

    #[test]
    fn sizes_are_displayed_as_they_are_given() {
        let told = [0, 1, 1023, 1024, 1025, 1 << 20, 64 << 30, 1536 << 20, (1 << 40) + 1].map(size);
        let expected = [
            "0 bytes",
            "1 bytes",
            "1023 bytes",
            "1 KiB",
            "1025 bytes",
            "1 MiB",
            "64 GiB",
            "1536 MiB",
            "1099511627777 bytes",
        ];
        assert_eq!(told, expected);
    }
}
