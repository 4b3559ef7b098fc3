//! Compares the walk with a naive one, which asks the file system about everything and does one thing after another.

// The set-up of a test may panic when it fails, which clippy accepts only in test functions.
#![allow(clippy::unwrap_used)]

use std::collections::{HashMap, HashSet};
use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

type Id = (u64, u64);

/// An entry of a random tree. The numbers select one of the existing entries.
#[derive(Clone, Debug)]
enum Made {
    Folder(usize, usize),
    File(usize, usize),
    HardLink(usize, usize, prop::sample::Index),
    Link(usize, usize, prop::sample::Index),
    BrokenLink(usize, usize),
}

const NAMES: [&str; 6] = ["a", "a.log", "b", "b b", "B", "ä"];

/// Creates the entry on disk, unless its name exists.
fn make(made: &Made, folders: &mut Vec<PathBuf>, files: &mut Vec<PathBuf>) {
    let (Made::Folder(folder, name)
    | Made::File(folder, name)
    | Made::HardLink(folder, name, _)
    | Made::Link(folder, name, _)
    | Made::BrokenLink(folder, name)) = *made;
    let path = folders[folder % folders.len()].join(NAMES[name]);
    if path.symlink_metadata().is_ok() {
        return;
    }
    match made {
        Made::Folder(..) => {
            fs::create_dir(&path).unwrap();
            folders.push(path);
        }
        Made::File(..) => {
            fs::write(&path, "rawCallStatus = 21\n").unwrap();
            files.push(path);
        }
        Made::HardLink(_, _, target) if !files.is_empty() => fs::hard_link(target.get(files), &path).unwrap(),
        Made::HardLink(..) => {}
        Made::Link(_, _, target) => {
            let targets: Vec<&PathBuf> = folders.iter().chain(&*files).collect();
            symlink(target.get(&targets), &path).unwrap();
        }
        Made::BrokenLink(..) => symlink("nothing", &path).unwrap(),
    }
}

fn made() -> impl Strategy<Value = Made> {
    let place = (0_usize..8, 0..NAMES.len());
    prop_oneof![
        3 => place.clone().prop_map(|(folder, name)| Made::Folder(folder, name)),
        4 => place.clone().prop_map(|(folder, name)| Made::File(folder, name)),
        1 => (place.clone(), any::<prop::sample::Index>()).prop_map(|((folder, name), at)| Made::HardLink(folder, name, at)),
        2 => (place.clone(), any::<prop::sample::Index>()).prop_map(|((folder, name), at)| Made::Link(folder, name, at)),
        1 => place.prop_map(|(folder, name)| Made::BrokenLink(folder, name)),
    ]
}

/// The state of the naive walk, with what it has found.
struct Naive {
    links: Links,
    max_depth: Option<usize>,
    files: HashSet<Id>,
    /// The folders that were entered, with the largest number of levels.
    folders: HashMap<Id, usize>,
    found: Vec<String>,
}

impl Naive {
    fn tell(&mut self, what: &str, path: &Path) {
        self.found.push(format!("{what} {}", path.display()));
    }

    fn meet(&mut self, path: &Path, around: &[Id]) {
        let (depth, is_link) = (around.len(), path.is_symlink());
        let Ok(metadata) = fs::metadata(path) else { return self.tell("Unreadable", path) };
        let id = (metadata.dev(), metadata.ino());
        if !metadata.is_dir() {
            let is_new = self.files.insert(id);
            return self.tell(if is_new { "file" } else { "ReadAlready" }, path);
        }
        if is_link && depth > 0 && self.links == Links::Stay {
            if self.max_depth.is_none_or(|limit| depth < limit) {
                self.tell("Link", path);
            }
            return;
        }
        if is_link && around.contains(&id) {
            return self.tell("Loop", path);
        }
        let levels = self.max_depth.map_or(usize::MAX, |limit| limit.saturating_sub(depth));
        if self.folders.get(&id).is_some_and(|&deepest| levels <= deepest) {
            return self.tell("ReadAlready", path);
        }
        self.folders.entry(id).and_modify(|deepest| *deepest = levels.max(*deepest)).or_insert(levels);
        if levels > 0 {
            let mut names: Vec<_> = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            names.sort();
            names.iter().for_each(|name| self.meet(&path.join(name), &[around, &[id]].concat()));
        }
    }
}

fn found(inputs: &[PathBuf], selection: &Selection, threads: usize) -> Vec<String> {
    let walk = Walk::new(inputs.to_vec()).selecting(selection.clone()).listing_ahead(threads);
    walk.map(|found| match found {
        Ok(openable) => format!("file {}", openable.source().name),
        Err(problem) => format!("{:?} {}", problem.kind, problem.path),
    })
    .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn a_walk_finds_what_a_naive_one_finds_in_its_order(
        tree in prop::collection::vec(made(), 0..40),
        follow in any::<bool>(),
        max_depth in prop_oneof![2 => Just(None), 1 => (0_usize..4).prop_map(Some)],
        others in prop::collection::vec(any::<prop::sample::Index>(), 0..9),
    ) {
        let root = TempDir::new().unwrap();
        let (mut folders, mut files) = (vec![root.path().to_owned()], Vec::new());
        tree.iter().for_each(|made| make(made, &mut folders, &mut files));
        let all: Vec<&PathBuf> = folders.iter().chain(&files).collect();
        let mut inputs: Vec<PathBuf> = others.iter().map(|at| (*at.get(&all)).clone()).collect();
        inputs.push(root.path().to_owned());

        let links = if follow { Links::Follow } else { Links::Stay };
        let (files, folders) = Default::default();
        let mut naive = Naive { links, max_depth, files, folders, found: Vec::new() };
        inputs.iter().for_each(|input| naive.meet(input, &[]));
        let selection = Selection { links, max_depth, ..Selection::default() };
        for threads in [0, 1, 5] {
            prop_assert_eq!(&found(&inputs, &selection, threads), &naive.found, "{} threads", threads);
        }
    }
}

#[test]
fn several_files_in_a_folder_are_looked_up_together() {
    let root = TempDir::new().unwrap();
    let path = |name: &str| root.path().join(name);
    ["a.log", "b.log"].iter().for_each(|name| fs::write(path(name), "").unwrap());
    fs::create_dir_all(path("folder/deep")).unwrap();
    fs::write(path("folder/c.log"), "").unwrap();
    symlink(path("a.log"), path("link")).unwrap();
    let inputs = ["a.log", "b.log", "folder", "link", "missing", "folder/c.log", "folder/deep"];
    let mut nodes: Vec<Node> = inputs.iter().map(|name| Node::input(&path(name))).collect();
    listing::look_up(&mut nodes);
    let known: Vec<&str> =
        inputs.iter().zip(&nodes).filter(|(_, node)| node.kind.is_some()).map(|(name, _)| *name).collect();
    assert_eq!(known, ["a.log", "b.log", "folder/c.log"], "a folder, a link and nothing are asked about one by one");
    let listed = |node: &Node| node.inode == Some(fs::metadata(&node.path).unwrap().ino());
    assert!(nodes[..2].iter().all(listed));
}

#[test]
fn a_walk_that_is_dropped_early_leaves_no_thread() {
    let root = TempDir::new().unwrap();
    for folder in 0..50 {
        fs::create_dir_all(root.path().join(format!("{folder}/deep"))).unwrap();
        fs::write(root.path().join(format!("{folder}/a.log")), "").unwrap();
    }
    let mut walk = Walk::new(vec![root.path().to_owned()]).listing_ahead(4);
    assert!(walk.next().unwrap().is_ok());
    let lister = walk.visit.as_ref().unwrap().lister.life();
    drop(walk);
    while lister.strong_count() > 0 {
        std::thread::yield_now();
    }
}

#[test]
#[cfg(target_pointer_width = "64")]
fn the_memory_for_each_listed_file_is_small() {
    assert!(size_of::<Node>() <= 72, "{}", size_of::<Node>());
}

#[test]
fn a_folder_takes_less_memory_the_fewer_of_its_entries_are_left() {
    let node = |number: usize| Ok(Node::input(Path::new(&number.to_string())));
    let mut level = Level((0..1000).map(node).collect());
    assert_eq!(level.by_ref().take(900).flatten().map(|node| node.path).last(), Some(Path::new("899").into()));
    assert!(level.0.capacity() < 300, "{}", level.0.capacity());
    assert_eq!(level.flatten().count(), 100);
}
