//! Asks the file system what the walk needs to know, ahead of the walk and in parallel, because on a network share each answer
//! takes a round trip.
//!
//! Invariants:
//! * The walk takes the answers in its own order, whichever thread has asked.
//! * The walk does not depend on other threads: if no thread has started on a question, it asks the file system itself.
//! * Links to folders are not followed ahead of the walk, because only the walk knows which folders were entered.
//!
//! Memory: answers that wait for the walk hold about [`AHEAD_ENTRIES`] entries, plus at most one folder for each thread.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{self, FileType, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::seen::{self, Id};
use super::select::{Links, Selection};
use super::{Listed, plain};

/// How many entries may wait for the walk.
const AHEAD_ENTRIES: usize = 16 << 10;
/// The time after which an answer counts as slow. For a local disk, the system answers much faster, from memory.
const SLOW: Duration = Duration::from_micros(500);
/// How much longer an answer may take for each entry of a folder before it counts as slow.
const SLOW_ENTRY: Duration = Duration::from_micros(5);
/// How many slow answers in a row make a thread start others. A single slow answer may be due to a busy machine.
const SLOW_ANSWERS: u32 = 2;

/// An input or an entry of a folder. All entries of a folder are in memory at the same time, so a node is small.
pub(super) struct Node {
    /// The path, which is shared with the source that is made from this node.
    pub(super) path: Arc<Path>,
    /// The folder that contains the node, or `None` for an input.
    pub(super) folder: Option<Arc<Folder>>,
    /// The type in the listing, or `None` for an input that [`look_up`] has not found.
    pub(super) kind: Option<FileType>,
    /// The inode in the listing. Some file systems invent it, see [`seen`].
    pub(super) inode: Option<u64>,
    /// The size and time in the listing, which only Windows includes.
    pub(super) listed: Option<Box<Listed>>,
    ahead: Option<Box<Pending>>,
}

/// A folder that the walk enters.
pub(super) struct Folder {
    /// The input that contains the folder.
    input: PathBuf,
    path: PathBuf,
    /// The depth below the input; 0 for the input itself.
    depth: usize,
    /// The identity of the folder, if links are followed.
    id: Option<Id>,
    /// The folder that contains this one.
    around: Option<Arc<Folder>>,
}

/// The answer of the file system about an input, a link or a folder.
pub(super) struct Look {
    /// The metadata of the file or folder, or of the target of a link, or `None` if they are not needed.
    pub(super) metadata: Option<io::Result<Metadata>>,
    /// The entries, if the path is a folder.
    pub(super) entries: Entries,
    /// Counts the entries of the answer among those that wait for the walk, until it is dropped.
    room: Option<Room>,
}

/// The side that asks the file system: the walk itself, or a thread ahead of it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asker {
    Walk,
    Ahead,
}

/// The entries of a folder.
pub(super) enum Entries {
    /// Not listed, because the path is not a folder, or is a folder that is not entered.
    Unlisted,
    /// Not listed yet, because the path is a link to a folder, which only the walk may enter.
    Link,
    /// The errors of the listing, and then the entries, sorted by name.
    Listed(Vec<io::Result<Node>>),
    /// Not listed because of this error.
    Failed(io::Error),
    /// Not listed because the path is a link back to this folder, which contains the link.
    Loop(PathBuf),
}

/// Asks the file system on behalf of the walk, and ahead of it if threads are allowed.
pub(super) struct Lister {
    shared: Arc<Shared>,
    /// The largest number of threads.
    limit: usize,
}

/// The state that the walk and the threads share.
struct Shared {
    selection: Arc<Selection>,
    /// Whether the identities of folders are needed.
    identify: bool,
    queue: Mutex<Queue>,
    changed: Condvar,
}

/// The questions that wait for a thread.
#[derive(Default)]
struct Queue {
    /// The questions in reverse order: the walk needs the last one next.
    jobs: Vec<Job>,
    /// The number of threads.
    threads: usize,
    /// The largest number of threads.
    limit: usize,
    /// How many threads wait for a question.
    idle: usize,
    /// How many entries wait for the walk.
    entries: usize,
    /// Whether the walk has ended.
    is_over: bool,
}

/// A question that a thread may ask ahead of the walk. The side that sets `is_taken` first asks it.
struct Job {
    path: Arc<Path>,
    folder: Option<Arc<Folder>>,
    kind: Option<FileType>,
    is_taken: Arc<AtomicBool>,
    done: SyncSender<Look>,
}

/// The walk's side of a [`Job`]. Dropping it makes the question unnecessary.
struct Pending {
    is_taken: Arc<AtomicBool>,
    done: Receiver<Look>,
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.is_taken.store(true, Ordering::Relaxed);
    }
}

/// Counts entries that wait for the walk. Dropping it removes them from the count.
struct Room {
    shared: Arc<Shared>,
    entries: usize,
}

impl Drop for Room {
    fn drop(&mut self) {
        let mut queue = self.shared.lock();
        let was_full = queue.is_full();
        queue.entries -= self.entries;
        if was_full && !queue.is_full() {
            self.shared.changed.notify_all();
        }
    }
}

impl Node {
    /// Creates the node of an input.
    pub(super) fn input(path: &Path) -> Node {
        Node { path: Arc::from(path), folder: None, kind: None, inode: None, listed: None, ahead: None }
    }

    /// Creates the node of an entry in the listing of a folder.
    fn entry(entry: &fs::DirEntry, folder: &Arc<Folder>) -> io::Result<Node> {
        let kind = entry.file_type()?;
        let (inode, listed) = listed(entry, kind);
        let listed = listed.map(Box::new);
        let path = Arc::from(entry.path().as_path());
        Ok(Node { path, folder: Some(Arc::clone(folder)), kind: Some(kind), inode, listed, ahead: None })
    }

    /// Returns the depth in folders; 0 for an input.
    pub(super) fn depth(&self) -> usize {
        depth(self.folder.as_deref())
    }

    /// Returns the path below the input.
    pub(super) fn relative(&self) -> &Path {
        relative(&self.path, self.folder.as_deref())
    }

    pub(super) fn is_folder(&self) -> bool {
        self.kind.is_some_and(|kind| kind.is_dir())
    }

    pub(super) fn is_link(&self) -> bool {
        self.kind.is_some_and(|kind| kind.is_symlink())
    }
}

/// Whether inputs are looked up in the listings of their folders. On Windows, asking for the type of a file means opening it,
/// and a wildcard that this program has expanded may stand for thousands of files. The tests do this on all systems.
const LISTS_INPUTS: bool = cfg!(any(windows, test));

/// How many inputs there must be for their folders to be worth listing.
const LISTED_LEAST: usize = 3;

/// Sets the type, size and time of inputs that are files from the listings of their folders, so that they are opened only to be read.
/// Other inputs stay as they are.
pub(super) fn look_up(inputs: &mut [Node]) {
    // A file may be an input several times.
    let mut folders: HashMap<PathBuf, HashMap<OsString, Vec<usize>>> = HashMap::new();
    let is_worth_it = LISTS_INPUTS && inputs.len() >= LISTED_LEAST;
    for (index, node) in inputs.iter().enumerate().filter(|_| is_worth_it) {
        if let (Some(folder), Some(name)) = (node.path.parent(), node.path.file_name()) {
            folders.entry(folder.to_owned()).or_default().entry(name.to_owned()).or_default().push(index);
        }
    }
    for (folder, mut indexes) in folders {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { &folder };
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let file = entry.file_type().ok().filter(FileType::is_file);
            if let Some((kind, indexes)) = file.zip(indexes.remove(&entry.file_name())) {
                let (inode, listed) = listed(&entry, kind);
                for index in indexes {
                    let node = &mut inputs[index];
                    (node.kind, node.inode, node.listed) = (Some(kind), inode, listed.map(Box::new));
                }
            }
        }
    }
}

fn depth(folder: Option<&Folder>) -> usize {
    folder.map_or(0, |folder| folder.depth + 1)
}

fn relative<'p>(path: &'p Path, folder: Option<&Folder>) -> &'p Path {
    folder.map_or(Path::new(""), |folder| path.strip_prefix(&folder.input).unwrap_or(path))
}

impl Lister {
    /// Creates a lister that starts at most `limit` threads. `identify` is whether the identities of folders are needed.
    pub(super) fn new(selection: Arc<Selection>, identify: bool, limit: usize) -> Lister {
        let queue = Mutex::new(Queue { limit, ..Queue::default() });
        Lister { shared: Arc::new(Shared { selection, identify, queue, changed: Condvar::new() }), limit }
    }

    /// Returns a reference that is valid as long as this lister or one of its threads exists.
    #[cfg(all(test, unix))]
    pub(super) fn life(&self) -> std::sync::Weak<impl Sized + use<>> {
        Arc::downgrade(&self.shared)
    }

    /// Returns the answer about a node, and waits for it if a thread is asking. If the node is a folder, the threads ask about
    /// its entries next.
    pub(super) fn look(&self, node: &mut Node) -> Look {
        let shared = &self.shared;
        let mut look = match node.ahead.take().and_then(|ahead| ahead.wait()) {
            Some(look) => look,
            None => shared.look(&node.path, node.folder.as_ref(), node.kind, Asker::Walk),
        };
        look.room = None;
        if let (Entries::Link, Some(Ok(metadata))) = (&look.entries, &look.metadata) {
            look.entries = shared.entries(&node.path, node.folder.as_ref(), node.kind, Some(metadata));
        }
        if let Entries::Listed(entries) = &mut look.entries {
            self.begin(entries.iter_mut().flatten());
        }
        look
    }

    /// Lets the threads ask about these nodes, in their order, if there is anything to ask.
    pub(super) fn begin<'n>(&self, nodes: impl Iterator<Item = &'n mut Node>) {
        if self.limit == 0 {
            return;
        }
        let mut jobs: Vec<Job> = nodes.filter_map(|node| self.shared.job(node)).collect();
        if !jobs.is_empty() {
            let mut queue = self.shared.lock();
            jobs.reverse();
            queue.jobs.append(&mut jobs);
            self.shared.start(&mut queue, 1);
            drop(queue);
            self.shared.changed.notify_all();
        }
    }
}

impl Drop for Lister {
    fn drop(&mut self) {
        self.shared.lock().is_over = true;
        self.shared.changed.notify_all();
    }
}

impl Pending {
    /// Waits for the answer. Returns `None` if no thread has begun to ask.
    fn wait(self) -> Option<Look> {
        if !self.is_taken.swap(true, Ordering::Relaxed) {
            return None;
        }
        self.done.recv().ok()
    }
}

impl Queue {
    fn is_full(&self) -> bool {
        self.entries >= AHEAD_ENTRIES
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Creates the question about a node, or returns `None` if there is nothing to ask ahead of the walk.
    fn job(&self, node: &mut Node) -> Option<Job> {
        let is_excluded = || self.selection.excludes_folder(node.relative());
        if node.kind.is_some_and(|kind| !kind.is_symlink() && !kind.is_dir()) || (node.is_folder() && is_excluded()) {
            return None;
        }
        let (sender, done) = sync_channel(1);
        let is_taken = Arc::new(AtomicBool::new(false));
        node.ahead = Some(Box::new(Pending { is_taken: Arc::clone(&is_taken), done }));
        Some(Job { path: Arc::clone(&node.path), folder: node.folder.clone(), kind: node.kind, is_taken, done: sender })
    }

    /// Starts threads while there is work for them and there are fewer than `most`.
    fn start(self: &Arc<Shared>, queue: &mut Queue, most: usize) {
        // The walk itself asks the next question, so it needs no thread.
        let wanted = queue.jobs.len().saturating_sub(1 + queue.idle);
        for _ in queue.threads..most.min(queue.threads + wanted) {
            let shared = Arc::clone(self);
            // If no thread can be started, the walk asks everything itself.
            queue.threads += usize::from(thread::Builder::new().spawn(move || shared.serve()).is_ok());
        }
    }

    /// Takes one question after another from the queue and asks the file system. Each thread runs this.
    fn serve(self: &Arc<Shared>) {
        let mut slow = 0;
        let mut queue = self.lock();
        loop {
            if queue.is_over {
                return;
            }
            let job = if queue.is_full() { None } else { queue.jobs.pop() };
            let Some(job) = job else {
                queue.idle += 1;
                queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
                queue.idle -= 1;
                continue;
            };
            if job.is_taken.swap(true, Ordering::Relaxed) {
                continue;
            }
            drop(queue);
            let started = Instant::now();
            let mut look = self.look(&job.path, job.folder.as_ref(), job.kind, Asker::Ahead);
            let took = started.elapsed();
            let mut jobs = Vec::new();
            let mut entries = 1;
            if let Entries::Listed(nodes) = &mut look.entries {
                entries += nodes.len();
                jobs.extend(nodes.iter_mut().flatten().filter_map(|node| self.job(node)));
            }
            let is_slow = took > SLOW + SLOW_ENTRY * u32::try_from(entries).unwrap_or(u32::MAX);
            slow = if is_slow { slow + 1 } else { 0 };
            queue = self.lock();
            queue.entries += entries;
            jobs.reverse();
            queue.jobs.append(&mut jobs);
            let most = if slow >= SLOW_ANSWERS { queue.limit.min(2 * queue.threads) } else { 1 };
            self.start(&mut queue, most);
            drop(queue);
            look.room = Some(Room { shared: Arc::clone(self), entries });
            // If the walk has skipped the node, sending fails because the receiver was dropped.
            drop(job.done.send(look));
            queue = self.lock();
        }
    }

    /// Asks the file system about one path.
    fn look(&self, path: &Path, folder: Option<&Arc<Folder>>, kind: Option<FileType>, asker: Asker) -> Look {
        let is_listed_folder = kind.is_some_and(|kind| kind.is_dir());
        let metadata = (self.identify || !is_listed_folder).then(|| fs::metadata(path));
        let known = metadata.as_ref().and_then(|metadata| metadata.as_ref().ok());
        let is_link = kind.is_some_and(|kind| kind.is_symlink());
        let entries = match is_listed_folder || known.is_some_and(Metadata::is_dir) {
            true if is_link && asker == Asker::Ahead => Entries::Link,
            true => self.entries(path, folder, kind, known),
            false => Entries::Unlisted,
        };
        Look { metadata, entries, room: None }
    }

    /// Lists a folder, or the folder to which a link leads, unless it must not be entered.
    fn entries(
        &self,
        path: &Path,
        around: Option<&Arc<Folder>>,
        kind: Option<FileType>,
        metadata: Option<&Metadata>,
    ) -> Entries {
        let (follows, is_link) = (self.selection.links == Links::Follow, kind.is_some_and(|kind| kind.is_symlink()));
        let depth = depth(around.map(Arc::as_ref));
        let id = if follows { metadata.and_then(|metadata| seen::id(path, metadata)) } else { None };
        if is_link && let Some(looped) = around.and_then(|around| around.find(id.as_ref()?)) {
            return Entries::Loop(looped.to_owned());
        }
        let is_excluded = || depth > 0 && self.selection.excludes_folder(relative(path, around.map(Arc::as_ref)));
        if (is_link && !follows) || self.selection.max_depth.is_some_and(|limit| depth >= limit) || is_excluded() {
            return Entries::Unlisted;
        }
        let input = around.map_or(path, |around| &around.input).to_owned();
        let folder = Arc::new(Folder { input, path: path.to_owned(), depth, id, around: around.cloned() });
        match fs::read_dir(path) {
            Err(error) => Entries::Failed(error),
            Ok(entries) => {
                let mut nodes: Vec<_> = entries.map(|entry| Node::entry(&entry?, &folder)).collect();
                // Whole paths are compared, which gives the same order because only the names differ. Extracting the names would
                // take as long as the rest of the walk.
                nodes.sort_by(|a, b| match (a, b) {
                    (Ok(a), Ok(b)) => a.path.as_os_str().cmp(b.path.as_os_str()),
                    (a, b) => a.is_ok().cmp(&b.is_ok()),
                });
                Entries::Listed(plain::sorted(nodes, |node| node.as_ref().map_or(Path::new(""), |node| &node.path)))
            }
        }
    }
}

impl Folder {
    /// Returns the nearest folder with this identity among this folder and those that contain it.
    fn find(&self, id: &Id) -> Option<&Path> {
        if self.id.as_ref() == Some(id) {
            return Some(&self.path);
        }
        self.around.as_ref()?.find(id)
    }
}

/// Returns the substitute for the inode of an entry, and the size and time of a file. On Windows, a listing includes all of them.
#[cfg(windows)]
fn listed(entry: &fs::DirEntry, kind: FileType) -> (Option<u64>, Option<Listed>) {
    let metadata = entry.metadata().ok().filter(|_| kind.is_file());
    (metadata.as_ref().and_then(seen::inode), metadata.as_ref().map(Listed::of))
}

/// Returns the inode of an entry, and the size and time of a file. On Unix, a listing includes only the inode.
#[cfg(unix)]
fn listed(entry: &fs::DirEntry, _: FileType) -> (Option<u64>, Option<Listed>) {
    (Some(std::os::unix::fs::DirEntryExt::ino(entry)), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_that_is_named_several_times_is_looked_up_each_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["a/x.log", "b/y.log"] {
            fs::create_dir_all(path(name).parent().unwrap()).unwrap();
            fs::write(path(name), "").unwrap();
        }
        let look_up = |names: &[&str]| {
            let mut inputs: Vec<Node> = names.iter().map(|name| Node::input(&path(name))).collect();
            look_up(&mut inputs);
            inputs.iter().map(|node| node.kind.is_some()).collect::<Vec<_>>()
        };
        assert_eq!(look_up(&["a/x.log", "b/y.log", "a/x.log", "b/none.log"]), [true, true, true, false]);
        assert_eq!(look_up(&["a/x.log", "b/y.log"]), [false, false], "too few for it to be worth it");
    }
}
