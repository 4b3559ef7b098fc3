//! How much a file may unpack to, so that a bomb (a small file that unpacks to terabytes) costs neither memory nor time.
//!
//! Invariants:
//! * A file of `len` bytes may unpack to `floor_bytes + ratio * len` bytes and never to more than `unpacked_bytes`, in each
//!   layer of archives and compression: a layer that yields more ends there, with a [`Loss`] that names the limit.
//! * Where the members of an archive are read in parallel, each has its own share, in proportion to the bytes that it takes
//!   in the file. So the shares add up to the whole, and where reading ends does not depend on which thread was faster.
//! * What is neither compressed nor in an archive has no budget: it can only be as large as it is.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::compression::MAX_LAYERS;
use crate::problem::{Kind, Loss};

/// How many members every nested archive may have, however small its share is.
const MEMBERS_FLOOR: u64 = 10_000;
/// How deep archives may be nested at most, whatever the user asks for: each level has a thread of its own.
pub const NESTING_LIMIT: u8 = 16;
/// Every archive may be compressed over, and so may what is in the last one.
const LEVELS: usize = (NESTING_LIMIT as usize + 1) * (MAX_LAYERS as usize + 1);

/// Limits on what is unpacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Members of one archive on disk, those of archives in it included.
    pub members: u64,
    /// Bytes that one file on disk may unpack to.
    pub unpacked_bytes: u64,
    /// How many times its size one file on disk may unpack to, beyond `floor_bytes`.
    pub ratio: u64,
    /// What the smallest file may unpack to, whatever the ratio: one log that repeats itself compresses well.
    pub floor_bytes: u64,
    /// How many archives may lie in one another; 1: an archive in an archive is not read.
    pub nesting: u8,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { members: 100_000, unpacked_bytes: 64 << 30, ratio: 250, floor_bytes: 256 << 20, nesting: 5 }
    }
}

/// What is left for one file, or for one member of an archive that is read in parallel with others.
#[derive(Debug)]
pub(super) struct Budget {
    limits: Limits,
    /// The share of the file that this budget is for, as a fraction.
    share: (u64, u64),
    /// Bytes of the file, as far as they are known.
    packed: AtomicU64,
    /// Bytes that came out, by layer.
    spent: [AtomicU64; LEVELS],
    members: AtomicU64,
}

impl Budget {
    /// The whole budget of a file of this many bytes; 0 for a stream, whose bytes are counted as they come.
    pub(super) fn new(limits: Limits, packed: u64) -> Arc<Budget> {
        Budget::share(limits, packed, (1, 1))
    }

    /// The part of the budget of a file of `packed` bytes for a member that takes `share.0` of `share.1` bytes of it.
    pub(super) fn share(limits: Limits, packed: u64, share: (u64, u64)) -> Arc<Budget> {
        Arc::new(Budget {
            limits,
            share: (share.0.min(share.1), share.1.max(1)),
            packed: AtomicU64::new(packed),
            spent: [const { AtomicU64::new(0) }; LEVELS],
            members: AtomicU64::new(0),
        })
    }

    /// The limits that it follows.
    pub(super) fn limits(&self) -> Limits {
        self.limits
    }

    fn part(&self, whole: u64) -> u64 {
        let part = u128::from(whole) * u128::from(self.share.0) / u128::from(self.share.1);
        u64::try_from(part).unwrap_or(u64::MAX)
    }

    /// How many bytes may come out of each layer.
    fn allowed(&self) -> u64 {
        self.part(self.by_ratio().min(self.limits.unpacked_bytes))
    }

    fn by_ratio(&self) -> u64 {
        self.packed.load(Ordering::Relaxed).saturating_mul(self.limits.ratio).saturating_add(self.limits.floor_bytes)
    }

    fn spend(&self, level: usize, bytes: u64) -> Result<(), Loss> {
        let spent = self.spent[level.min(LEVELS - 1)].fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        if spent <= self.allowed() {
            return Ok(());
        }
        let (what, remedy) = if self.by_ratio() < self.limits.unpacked_bytes {
            let ratio = self.limits.ratio;
            (format!("it unpacks to more than {ratio} times its size"), "--max-ratio reads more")
        } else {
            let bytes = self.limits.unpacked_bytes;
            (format!("the file unpacks to more than {bytes} bytes"), "--max-unpacked reads more")
        };
        Err(Loss { kind: Kind::OverLimit, what, delivered: None, remedy })
    }

    /// Fails as reading in that layer does once it has come to its limit.
    pub(super) fn is_left(&self, level: usize) -> Result<(), Loss> {
        self.spend(level, 0)
    }

    /// Takes one member into account.
    pub(super) fn member(&self) -> Result<(), Loss> {
        let before = self.members.fetch_add(1, Ordering::Relaxed);
        let least = MEMBERS_FLOOR.min(self.limits.members);
        if before < self.part(self.limits.members).max(least) {
            return Ok(());
        }
        let what = format!("there are more than {} members, and the others were not read", self.limits.members);
        Err(Loss { kind: Kind::OverLimit, what, delivered: None, remedy: "--max-members reads more" })
    }
}

/// A reader of what one layer unpacks to, which ends with an error where that is too much.
pub(super) struct Charged<R> {
    pub(super) reader: R,
    pub(super) budget: Arc<Budget>,
    pub(super) level: usize,
}

impl<R: Read> Read for Charged<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let len = self.reader.read(out)?;
        self.budget.spend(self.level, len as u64)?;
        Ok(len)
    }
}

/// A reader of a stream of unknown length, whose bytes raise what may come out of it.
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

    const FLOOR: u64 = 1 << 20;

    fn limits(ratio: u64, unpacked_bytes: u64) -> Limits {
        Limits { ratio, unpacked_bytes, floor_bytes: FLOOR, ..Limits::default() }
    }

    #[test]
    fn a_layer_may_yield_what_the_ratio_allows_and_the_error_names_the_flag() {
        let budget = Budget::new(limits(2, u64::MAX), 10);
        assert_eq!(budget.spend(0, FLOOR + 20), Ok(()));
        let loss = budget.spend(0, 1).unwrap_err();
        assert_eq!(loss.to_string(), "it unpacks to more than 2 times its size; --max-ratio reads more");
        // Another layer has as much again.
        assert_eq!(budget.spend(1, FLOOR + 20), Ok(()));
    }

    #[test]
    fn a_file_may_unpack_to_so_many_bytes_whatever_its_size() {
        let budget = Budget::new(limits(250, 100), 1 << 40);
        assert_eq!(budget.spend(0, 100), Ok(()));
        let loss = budget.spend(0, 1).unwrap_err();
        assert_eq!(loss.to_string(), "the file unpacks to more than 100 bytes; --max-unpacked reads more");
    }

    #[test]
    fn the_shares_of_a_file_add_up_to_no_more_than_the_whole() {
        let limits = limits(250, 64 << 30);
        let len = 1000;
        let shares = [300, 300, 399, 1].map(|packed| Budget::share(limits, len, (packed, len)).allowed());
        assert_eq!(shares.iter().sum::<u64>() / 10, Budget::new(limits, len).allowed() / 10);
        // A member cannot have more than all of it, whatever the archive claims.
        assert_eq!(Budget::share(limits, len, (5000, len)).allowed(), Budget::new(limits, len).allowed());
    }

    #[test]
    fn members_are_limited() {
        let limits = Limits { members: 2, ..Limits::default() };
        let budget = Budget::share(limits, 1000, (1, 1000));
        assert_eq!((budget.member(), budget.member()), (Ok(()), Ok(())));
        assert_eq!(
            budget.member().unwrap_err().to_string(),
            "there are more than 2 members, and the others were not read; --max-members reads more"
        );
    }
}
