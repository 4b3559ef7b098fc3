//! Reading ahead on another thread, so that what one thread decompresses another one scans meanwhile.
//!
//! Invariants: the bytes and the error, if any, arrive in the reader's order; at most [`BLOCKS`] blocks wait, and they are
//! used again; a reader that is dropped ends the other side's work, at the latest with the next block.

use std::fmt;
use std::io::{self, Read};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

use super::stop::Stop;

/// How much is read at once, in bytes.
const BLOCK_BYTES: usize = 256 << 10;
/// How much is read at once where it may be all that is ever asked for, in bytes: enough to tell what it is.
const FIRST_BYTES: usize = 16 << 10;
/// How many blocks may wait.
const BLOCKS: usize = 4;
/// How much is read at once of what comes when it comes, in bytes: what a pipe holds on Linux.
const PIPE_BYTES: usize = 64 << 10;

/// A reader whose bytes are fetched before they are asked for.
pub struct Ahead {
    filled: Receiver<io::Result<Block>>,
    emptied: Sender<Vec<u8>>,
    current: Block,
    is_done: bool,
    stop: Stop,
}

/// The other side of an [`Ahead`].
pub(super) struct Filler {
    filled: SyncSender<io::Result<Block>>,
    emptied: Receiver<Vec<u8>>,
}

/// How far reading is ahead of whoever asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// As far as blocks may wait.
    Ahead,
    /// The same, once more is asked for than a first small block: what nobody wants costs little.
    AsAsked,
}

/// Whether the other side still wants what it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Demand {
    GoesOn,
    Gone,
}

#[derive(Default)]
struct Block {
    bytes: Vec<u8>,
    /// The part that has not been handed out.
    head: usize,
    tail: usize,
}

impl Ahead {
    /// Starts to read.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub fn new(mut reader: Box<dyn Read + Send>) -> io::Result<Ahead> {
        let (filler, ahead) = Ahead::pair();
        thread::Builder::new().spawn(move || filler.fill(&mut reader, None, Pace::Ahead))?;
        Ok(ahead)
    }

    /// Starts to read something that may keep its reader waiting, which a request to stop ends. What comes is handed on
    /// at once.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub(super) fn patient(mut reader: Box<dyn Read + Send>, stop: &Stop) -> io::Result<Ahead> {
        let (filler, ahead) = Ahead::pair();
        thread::Builder::new().spawn(move || filler.pass_on(&mut reader))?;
        Ok(Ahead { stop: stop.clone(), ..ahead })
    }

    /// A reader, and what it is fed by.
    pub(super) fn pair() -> (Filler, Ahead) {
        let (filled_sender, filled) = sync_channel(BLOCKS);
        let (emptied, emptied_receiver) = channel();
        let ahead = Ahead { filled, emptied, current: Block::default(), is_done: false, stop: Stop::default() };
        (Filler { filled: filled_sender, emptied: emptied_receiver }, ahead)
    }
}

impl fmt::Debug for Ahead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ahead").finish_non_exhaustive()
    }
}

impl Filler {
    /// Sends all that `reader` delivers, then the end or the error. `size`: how much it is likely to be, in bytes.
    pub(super) fn fill(self, reader: &mut dyn Read, size: Option<u64>, pace: Pace) -> Demand {
        // One byte more, so that the end of a small member is seen without another block.
        let wanted = size.map_or(usize::MAX, |size| usize::try_from(size).unwrap_or(usize::MAX).saturating_add(1));
        let block_bytes = wanted.clamp(4 << 10, BLOCK_BYTES);
        let mut is_first = true;
        // Each block is asked for by handing one back, the first by an empty one.
        let mut asked = 0;
        loop {
            let mut bytes = self.emptied.try_recv().inspect(|_| asked += 1).unwrap_or_default();
            while pace == Pace::AsAsked && !is_first && asked < 2 {
                match self.emptied.recv() {
                    Ok(emptied) => bytes = emptied,
                    Err(_) => return Demand::Gone,
                }
                asked += 1;
            }
            let is_small = pace == Pace::AsAsked && is_first;
            bytes.resize(if is_small { block_bytes.min(FIRST_BYTES) } else { block_bytes }, 0);
            is_first = false;
            let (tail, ended) = fill_block(reader, &mut bytes);
            if tail > 0 && self.filled.send(Ok(Block { bytes, head: 0, tail })).is_err() {
                return Demand::Gone;
            }
            if let Some(end) = ended {
                let sent = self.filled.send(end.map(|()| Block::default()));
                return if sent.is_ok() { Demand::GoesOn } else { Demand::Gone };
            }
        }
    }

    /// Sends what each read delivers, then the end or the error.
    fn pass_on(self, reader: &mut dyn Read) {
        loop {
            let mut bytes = self.emptied.try_recv().unwrap_or_default();
            bytes.resize(PIPE_BYTES, 0);
            let read = match reader.read(&mut bytes) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read,
            };
            let is_last = !matches!(read, Ok(1..));
            let sent = self.filled.send(read.map(|tail| Block { bytes, head: 0, tail }));
            if is_last || sent.is_err() {
                return;
            }
        }
    }

    /// Sends nothing but the reason why.
    pub(super) fn fail(self, reason: io::Error) -> Demand {
        if self.filled.send(Err(reason)).is_ok() { Demand::GoesOn } else { Demand::Gone }
    }
}

/// Reads until the block is full or nothing more is to come. What is delivered slowly is handed on as it comes only where
/// each read fills a block; the files and members that are read ahead are there already.
fn fill_block(reader: &mut dyn Read, bytes: &mut [u8]) -> (usize, Option<io::Result<()>>) {
    let mut tail = 0;
    while tail < bytes.len() {
        match reader.read(&mut bytes[tail..]) {
            Ok(0) => return (tail, Some(Ok(()))),
            Ok(len) => tail += len,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (tail, Some(Err(error))),
        }
    }
    (tail, None)
}

impl Read for Ahead {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.current.head == self.current.tail && !self.is_done {
            // The other side may be gone already, and then wants none.
            let _ = self.emptied.send(std::mem::take(&mut self.current.bytes));
            let received = self.stop.receive(&self.filled);
            self.is_done = !matches!(&received, Ok(Ok(block)) if block.tail > 0);
            self.current = received??;
        }
        let len = (&self.current.bytes[self.current.head..self.current.tail]).read(out)?;
        self.current.head += len;
        Ok(len)
    }
}
