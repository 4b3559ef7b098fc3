//! Shares one limit among members of an archive that are read at the same time, so that each may take exactly as much as if they
//! were read one after another.
//!
//! A member may take what the members before it, in the order of the archive, leave of each sum. Members that are still being
//! read may take more. Therefore a later member proceeds only if enough is left even if they take as much as they can;
//! otherwise it waits for them to end. Thus what is read depends on nothing but the archive.
//!
//! Invariants:
//! * A member waits for earlier members only, so the first of those being read never waits.
//! * Dropping an entry closes it, whatever has happened to its member.
//! * An entry is kept only while its member, or an earlier one, is being read.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// A sum that has a limit: the bytes or the members of one layer of archives and compression. The outermost layer is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purse {
    Bytes(usize),
    Members(usize),
}

impl Purse {
    /// Returns the index of this sum in lists of all sums.
    pub(super) fn index(self) -> usize {
        match self {
            Purse::Bytes(level) => 2 * level,
            Purse::Members(level) => 2 * level + 1,
        }
    }
}

/// The entries of all members of an archive, shared among threads.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    book: Mutex<Book>,
    closed: Condvar,
}

/// The state of a ledger.
#[derive(Debug, Default)]
struct Book {
    /// The total that the entries before `first` have taken of each sum, by [`Purse::index`].
    taken: Vec<u64>,
    /// The number of the first entry that is kept.
    first: u64,
    entries: VecDeque<Line>,
}

/// The state of one entry in the ledger.
#[derive(Debug)]
enum Line {
    /// A member that is still being read. It takes at most `most` bytes of the outermost layer; how much it takes of the other
    /// layers is not known yet.
    Open { most: u64 },
    /// A member that was read, with what it took of each sum, by [`Purse::index`].
    Closed(Vec<u64>),
}

/// The entry of one member. Dropping it closes it.
#[derive(Debug)]
pub(super) struct Entry {
    ledger: Arc<Ledger>,
    number: u64,
    took: Vec<u64>,
}

/// The amount of a sum that is left for an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Left {
    /// The amount that is certainly left. It can grow while earlier entries are open.
    pub(super) amount: u64,
    /// Whether all earlier entries are closed, so that the amount is final.
    pub(super) is_final: bool,
}

impl Ledger {
    /// Opens an entry for the next member, which takes at most `most` bytes of the outermost layer.
    pub(super) fn open(self: &Arc<Ledger>, most: u64) -> Entry {
        let mut book = self.lock();
        let number = book.first + book.entries.len() as u64;
        book.entries.push_back(Line::Open { most });
        drop(book);
        Entry { ledger: Arc::clone(self), number, took: Vec::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    /// Returns how much of `whole` is left for the entry with this number.
    fn left(&self, number: u64, purse: Purse, whole: u64) -> Left {
        let before = usize::try_from(number - self.first).unwrap_or(usize::MAX);
        let (mut taken, mut is_final) = (of(&self.taken, purse), true);
        for line in self.entries.iter().take(before) {
            let line = match line {
                Line::Closed(took) => of(took, purse),
                Line::Open { most } => {
                    is_final = false;
                    if purse == Purse::Bytes(0) { *most } else { u64::MAX }
                }
            };
            taken = taken.saturating_add(line);
        }
        Left { amount: whole.saturating_sub(taken), is_final }
    }

    /// Closes an entry, and forgets all closed entries before the first open one.
    fn close(&mut self, number: u64, took: Vec<u64>) {
        let at = usize::try_from(number - self.first).unwrap_or(usize::MAX);
        if let Some(line) = self.entries.get_mut(at) {
            *line = Line::Closed(took);
        }
        while let Some(Line::Closed(took)) = self.entries.front() {
            self.taken.resize(self.taken.len().max(took.len()), 0);
            for (sum, took) in self.taken.iter_mut().zip(took) {
                *sum = sum.saturating_add(*took);
            }
            self.entries.pop_front();
            self.first += 1;
        }
    }
}

/// Returns the amount of one sum, or 0 if the list is too short to contain it.
fn of(amounts: &[u64], purse: Purse) -> u64 {
    amounts.get(purse.index()).copied().unwrap_or(0)
}

impl Entry {
    /// Returns how much of `whole` the entries before this one are certain to leave.
    pub(super) fn left(&self, purse: Purse, whole: u64) -> Left {
        self.ledger.lock().left(self.number, purse, whole)
    }

    /// Waits until at least `wanted` is left or the amount is final, and returns what is left.
    pub(super) fn wait(&self, purse: Purse, whole: u64, wanted: u64) -> Left {
        let mut book = self.ledger.lock();
        loop {
            let left = book.left(self.number, purse, whole);
            if left.is_final || left.amount >= wanted {
                return left;
            }
            book = self.ledger.closed.wait(book).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Sets how much the member took of each sum, by [`Purse::index`].
    pub(super) fn took(&mut self, amounts: Vec<u64>) {
        self.took = amounts;
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.ledger.lock().close(self.number, std::mem::take(&mut self.took));
        self.ledger.closed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(amount: u64, is_final: bool) -> Left {
        Left { amount, is_final }
    }

    #[test]
    fn an_entry_has_what_those_before_it_leave() {
        let ledger = Arc::new(Ledger::default());
        let (outer, inner) = (Purse::Bytes(0), Purse::Bytes(1));
        let [mut one, mut two, three] = [10, 20, 30].map(|most| ledger.open(most));
        assert_eq!(one.left(outer, 100), left(100, true));
        // The first member may take 10 and the second 20, and both take an unknown amount of the inner layer.
        assert_eq!(three.left(outer, 100), left(70, false));
        assert_eq!((one.left(inner, 100), two.left(inner, 100)), (left(100, true), left(0, false)));
        assert_eq!(three.wait(outer, 100, 70), left(70, false));
        // The second ends before the first.
        two.took(vec![15, 0, 40]);
        drop(two);
        assert_eq!((three.left(outer, 100), three.left(inner, 100)), (left(75, false), left(0, false)));
        one.took(vec![9]);
        drop(one);
        assert_eq!((three.left(outer, 100), three.left(inner, 100)), (left(76, true), left(60, true)));
        assert_eq!(three.wait(inner, 30, 100), left(0, true));
        assert!(ledger.lock().entries.len() == 1, "{ledger:?}");
    }

    #[test]
    fn a_waiting_entry_wakes_when_the_earlier_ones_end_even_by_a_panic() {
        let ledger = Arc::new(Ledger::default());
        let [one, two, three] = [5, 5, 5].map(|most| ledger.open(most));
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| three.wait(Purse::Bytes(0), 12, 12));
            drop(two);
            let panics = scope.spawn(move || {
                let _one = one;
                std::panic::resume_unwind(Box::new(()));
            });
            assert!(panics.join().is_err());
            assert_eq!(waiting.join().unwrap(), left(12, true));
        });
    }
}
