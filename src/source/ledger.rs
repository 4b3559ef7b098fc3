//! What members of one archive may take that are read side by side: as much as if they were read one after another.
//!
//! Of a sum that all have in common, a member may take what those before it leave, in the order of the archive. Members
//! that are still being read may take more, so a member goes on at once only where the most that these can take leaves
//! it enough, and waits for them to end where it does not. What is read so depends on nothing but the archive.
//!
//! Invariants: a member waits for earlier ones only, so that the first of those in work never waits; an entry is closed by
//! being dropped, whatever becomes of its member; as many entries are kept as there are members in work, and those
//! that ended out of turn.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// What is summed up for itself: each layer of archives and compression has its bytes and its members. The outermost is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purse {
    Bytes(usize),
    Members(usize),
}

impl Purse {
    pub(super) fn index(self) -> usize {
        match self {
            Purse::Bytes(level) => 2 * level,
            Purse::Members(level) => 2 * level + 1,
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Ledger {
    book: Mutex<Book>,
    closed: Condvar,
}

#[derive(Debug, Default)]
struct Book {
    /// What was taken by the entries that were closed before the first that is kept, by purse.
    taken: Vec<u64>,
    /// Number of the first entry that is kept.
    first: u64,
    entries: VecDeque<Line>,
}

#[derive(Debug)]
enum Line {
    /// Takes at most so many bytes of the outermost layer, and nobody knows what else.
    Open { most: u64 },
    /// What it took, by purse.
    Closed(Vec<u64>),
}

/// The entry of one member. Dropping it closes it.
#[derive(Debug)]
pub(super) struct Entry {
    ledger: Arc<Ledger>,
    number: u64,
    took: Vec<u64>,
}

/// What is left for an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Left {
    pub(super) amount: u64,
    /// Whether no entry before it is open, so that it will not become more.
    pub(super) is_final: bool,
}

impl Ledger {
    /// Opens the entry of the next member, which takes at most so many bytes of the outermost layer.
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

fn of(amounts: &[u64], purse: Purse) -> u64 {
    amounts.get(purse.index()).copied().unwrap_or(0)
}

impl Entry {
    /// What is certain to be left of `whole` by the entries before it.
    pub(super) fn left(&self, purse: Purse, whole: u64) -> Left {
        self.ledger.lock().left(self.number, purse, whole)
    }

    /// The same when `wanted` is left, or nothing more will be. Waits for that.
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

    /// Notes what it took of all purses, by [`Purse::index`].
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
        // The first may take 10 and the second 20, and nobody knows how much of the inner layer.
        assert_eq!(three.left(outer, 100), left(70, false));
        assert_eq!((one.left(inner, 100), two.left(inner, 100)), (left(100, true), left(0, false)));
        assert_eq!(three.wait(outer, 100, 70), left(70, false));
        // Out of turn.
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
    fn who_waits_is_woken_when_the_earlier_ones_end_also_by_a_panic() {
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
