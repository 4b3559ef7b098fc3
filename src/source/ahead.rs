//! Reads ahead on another thread, so that one thread can scan while another one decompresses.
//!
//! Invariants:
//! * Bytes and errors arrive in the order of the underlying reader.
//! * At most [`BLOCKS`] blocks wait, and their memory is reused.
//! * Dropping the reader ends the other thread, at the latest when it has filled its next block.

use std::fmt;
use std::io::{self, Read};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

use super::stop::Stop;

/// How many bytes are read at once.
const BLOCK_BYTES: usize = 256 << 10;
/// The size of the first block with [`Pace::AsAsked`], in bytes: enough to recognise a format.
const FIRST_BYTES: usize = 16 << 10;
/// How many blocks may wait to be read.
const BLOCKS: usize = 4;
/// How many bytes of a pipe are read at once: as many as a pipe holds on Linux.
const PIPE_BYTES: usize = 64 << 10;

/// A reader whose bytes are read in advance by another thread.
pub struct Ahead {
    filled: Receiver<io::Result<Block>>,
    emptied: Sender<Vec<u8>>,
    current: Block,
    is_done: bool,
    stop: Stop,
}

/// The sending side of an [`Ahead`].
pub(super) struct Filler {
    filled: SyncSender<io::Result<Block>>,
    emptied: Receiver<Vec<u8>>,
}

/// How far the sender reads ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// The sender fills as many blocks as may wait.
    Ahead,
    /// The sender fills only a small first block until more is requested, and then as many blocks as may wait. Thus a source
    /// that is not wanted costs little.
    AsAsked,
}

/// Whether the receiving side still exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Demand {
    GoesOn,
    Gone,
}

/// A block of bytes, of which `head..tail` have not been handed out.
#[derive(Default)]
struct Block {
    bytes: Vec<u8>,
    head: usize,
    tail: usize,
}

impl Ahead {
    /// Starts a thread that reads `reader` ahead.
    ///
    /// # Errors
    ///
    /// Returns an error if the thread cannot be started.
    pub fn new(mut reader: Box<dyn Read + Send>) -> io::Result<Ahead> {
        let (filler, ahead) = Ahead::pair();
        thread::Builder::new().spawn(move || filler.fill(&mut reader, None, Pace::Ahead))?;
        Ok(ahead)
    }

    /// Starts a thread that reads a pipe or a device. Bytes are passed on as they arrive, and a request to stop ends the wait for
    /// them.
    ///
    /// # Errors
    ///
    /// Returns an error if the thread cannot be started.
    pub(super) fn patient(mut reader: Box<dyn Read + Send>, stop: &Stop) -> io::Result<Ahead> {
        let (filler, ahead) = Ahead::pair();
        thread::Builder::new().spawn(move || filler.pass_on(&mut reader))?;
        Ok(Ahead { stop: stop.clone(), ..ahead })
    }

    /// Returns the sending and the receiving side, without starting a thread.
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
    /// Sends everything that `reader` delivers, and then the end or the error. `size` is the expected number of bytes, which
    /// allows smaller blocks for small sources.
    pub(super) fn fill(self, reader: &mut dyn Read, size: Option<u64>, pace: Pace) -> Demand {
        // One byte more than expected, so that the end of a small member is noticed without another block.
        let wanted = size.map_or(usize::MAX, |size| usize::try_from(size).unwrap_or(usize::MAX).saturating_add(1));
        let block_bytes = wanted.clamp(4 << 10, BLOCK_BYTES);
        let mut is_first = true;
        // The receiver requests a block by returning one. To request the first block, it returns an empty one.
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

    /// Sends the bytes of each read as soon as they arrive, and then the end or the error.
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

    /// Sends only this error.
    pub(super) fn fail(self, reason: io::Error) -> Demand {
        if self.filled.send(Err(reason)).is_ok() { Demand::GoesOn } else { Demand::Gone }
    }
}

/// Reads until the block is full, or until the end or an error. Returns how many bytes were read. This waits for slow readers,
/// but files and members are never slow, and pipes are read with [`Filler::pass_on`].
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
            // If the sender was dropped, it needs no more blocks.
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
