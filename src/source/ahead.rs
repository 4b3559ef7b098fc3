//! Reading ahead on a thread of its own, so that what one thread decompresses another one scans meanwhile.
//!
//! Invariants: the bytes and the error, if any, arrive in the reader's order; at most [`BLOCKS`] blocks wait, and they are
//! used again; a reader that is dropped ends its thread.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

/// How much is read at once, in bytes.
const BLOCK_BYTES: usize = 256 << 10;
/// How many blocks may wait.
const BLOCKS: usize = 4;

/// A reader whose bytes are fetched before they are asked for.
pub struct Ahead {
    filled: Receiver<io::Result<Block>>,
    emptied: Sender<Vec<u8>>,
    current: Block,
    is_done: bool,
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
    pub fn new(reader: Box<dyn Read + Send>) -> io::Result<Ahead> {
        let (filled_sender, filled) = sync_channel(BLOCKS);
        let (emptied, emptied_receiver) = channel();
        thread::Builder::new().spawn(move || read_all(reader, &filled_sender, &emptied_receiver))?;
        Ok(Ahead { filled, emptied, current: Block::default(), is_done: false })
    }
}

/// Sends block after block, then an empty one or the error.
fn read_all(mut reader: Box<dyn Read + Send>, filled: &SyncSender<io::Result<Block>>, emptied: &Receiver<Vec<u8>>) {
    loop {
        let mut bytes = emptied.try_recv().unwrap_or_default();
        bytes.resize(BLOCK_BYTES, 0);
        let read = reader.read(&mut bytes);
        if matches!(&read, Err(error) if error.kind() == io::ErrorKind::Interrupted) {
            continue;
        }
        let is_last = !matches!(read, Ok(1..));
        let sent = filled.send(read.map(|tail| Block { bytes, head: 0, tail }));
        if is_last || sent.is_err() {
            return;
        }
    }
}

impl Read for Ahead {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.current.head == self.current.tail && !self.is_done {
            // The other side may be gone already, and then wants none.
            let _ = self.emptied.send(std::mem::take(&mut self.current.bytes));
            let received = self.filled.recv();
            self.is_done = !matches!(&received, Ok(Ok(block)) if block.tail > 0);
            self.current = received.map_err(|_| io::Error::other("reading stopped unexpectedly"))??;
        }
        let waiting = &self.current.bytes[self.current.head..self.current.tail];
        let len = waiting.len().min(out.len());
        out[..len].copy_from_slice(&waiting[..len]);
        self.current.head += len;
        Ok(len)
    }
}
