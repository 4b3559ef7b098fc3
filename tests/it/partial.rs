//! Tests that a run that is divided among processes gives the same result as one process, however its pieces are divided, ordered,
//! grouped and repeated, and that partials that are damaged or incomplete are refused.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use callcodes::catalogue::Catalogue;
use callcodes::config;
use callcodes::partial::plan::{self, Piece, Plan};
use callcodes::partial::{Coverage, FORMAT, Header, Merge, Stored, Writer};
use callcodes::pattern::PatternSet;
use callcodes::pipeline::recorded::{self, Step};
use callcodes::pipeline::{self, CopyRule, Outcome, sign_ins};
use callcodes::source::{Opening, Selection, Walk};
use callcodes::summary::Dimension;
use callcodes::summary::sign_ins::{Options, Settled, Sought};
use callcodes::time::zone::DisplayZone;
use callcodes::unpack::{Codec, Format};
use proptest::prelude::*;
use tempfile::TempDir;

use crate::packing::{compress, pack};
use crate::sign_ins::{divided, written};
use crate::ticket::generated::{Layout, Order, Spec, ticket};
use crate::ticket::small;

/// Returns a folder with a ticket, and with copies, archives if they are wanted, other encodings, damaged files and near misses.
fn folder(with_archives: bool) -> TempDir {
    let spec = Spec {
        machines: 3,
        sign_ins: 120,
        rotations: 2,
        threads: 3,
        order: Order::Either,
        layout: Layout::Folders,
        ..small()
    };
    let ticket = ticket(&spec);
    let folder = written(&ticket);
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    let (path, log) = ticket.files.iter().max_by_key(|(_, bytes)| bytes.len()).unwrap();
    write("copies/plain.log", log);
    write("copies/packed.log.gz", &compress(Codec::Gzip, log));
    if with_archives {
        write("copies/archive.zip", &pack(Format::Zip, &[(path, log), ("other.log", b"callStatus=117\n")]));
    }
    let utf16: Vec<u8> =
        "2017-02-14T08:00:00Z callStatus=102\r\n".repeat(90).encode_utf16().flat_map(u16::to_le_bytes).collect();
    write("host9/utf16.log", &utf16);
    let changing = ["callStatus=13\n".repeat(200).into_bytes(), utf16].concat();
    write("host9/changing.log", &changing);
    let cut = compress(Codec::Gzip, log);
    write("host9/cut.log.gz", &cut[..cut.len() / 2]);
    write("host9/picture.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
    let near = "2017-02-14T08:00:00Z second factor: callStatus unreadable for ann\n";
    write("host9/near.log", near.repeat(150).as_bytes());
    write("host9/local.log", "02/14/2017 08:17:12 callStatus=108\n13/02/2017 callStatus=4\n".repeat(60).as_bytes());
    folder
}

fn set() -> PatternSet {
    PatternSet::compile(&config::built_in()).unwrap()
}

fn header(machine: Option<&str>, written: Option<i64>) -> Header {
    Header {
        format: FORMAT,
        version: "1".to_owned(),
        patterns: String::new(),
        reading: String::new(),
        zone: "UTC".to_owned(),
        keep_copies: false,
        machine: machine.map(str::to_owned),
        written,
    }
}

/// Makes a partial of these pieces.
fn partial(set: &PatternSet, pieces: &[Piece], run: &pipeline::Options, header: &Header) -> Vec<u8> {
    let (mut out, selection) = (Vec::new(), Arc::new(Selection::default()));
    let mut writer = Writer::new(&mut out, header).unwrap();
    let mut next = pieces.iter();
    let mut is_in_piece = false;
    let sources = pieces.iter().map(|piece| piece.source(&selection)).collect::<Vec<_>>().into_iter();
    let run = pipeline::Options { copies: CopyRule::Record, ..run.clone() };
    recorded::record(sources, set, Catalogue::built_in(), &run, DisplayZone::UTC, &mut |step| {
        if !std::mem::replace(&mut is_in_piece, true) {
            writer.begin(next.next().unwrap())?;
        }
        match step {
            Step::Message(message) => writer.message(&message),
            Step::InputEnd => {
                is_in_piece = false;
                writer.done()
            }
        }
    })
    .unwrap();
    writer.end().unwrap();
    out
}

fn pieces(folder: &Path, split_bytes: u64) -> Vec<Piece> {
    let walk = Walk::new(vec![folder.to_owned()]);
    plan::divide(walk, &Opening::default(), &Arc::new(Selection::default()), split_bytes)
}

fn read_plan(pieces: &[Piece]) -> Plan {
    let mut text = Vec::new();
    plan::write(pieces.iter().cloned(), &mut text).unwrap();
    let plan = Plan::read("plan", &text[..]).unwrap();
    assert!(plan.is_whole());
    plan
}

fn merged(merge: &Merge, set: &PatternSet, counting: Options) -> Outcome<Settled> {
    let run = pipeline::Options::default();
    let mut outcome = recorded::count(set, Catalogue::built_in(), &run, counting, |sink| merge.feed(sink)).unwrap();
    outcome.problems.sort();
    outcome
}

fn in_one_process(folder: &Path, set: &PatternSet, counting: Options) -> Outcome<Settled> {
    let run = divided(2, 20_000, 3_000);
    let walk = Walk::new(vec![folder.to_owned()]);
    let mut outcome = sign_ins::count(walk, set, Catalogue::built_in(), &run, counting).unwrap();
    outcome.problems.sort();
    outcome
}

/// Writes partials to a folder of their own, and adds them to a merge.
fn add(merge: &mut Merge, folder: &TempDir, partials: &[Vec<u8>]) {
    for (index, partial) in partials.iter().enumerate() {
        let path: PathBuf = folder.path().join(format!("{index}.ccp"));
        fs::write(&path, partial).unwrap();
        merge.add(&format!("{index}.ccp"), Stored::Path(path)).unwrap();
    }
}

/// The ways of counting that are compared.
fn countings() -> Vec<Options> {
    let options = |by: &[Dimension], near_misses| Options {
        by: by.to_vec(),
        near_misses,
        with_cells: by.is_empty(),
        with_history: by.is_empty(),
        ..Options::default()
    };
    vec![
        options(&[], Sought::Numbered),
        options(&[Dimension::Host, Dimension::Code], Sought::Counted),
        options(&[Dimension::Day, Dimension::User], Sought::Counted),
        options(&[Dimension::Hour], Sought::No),
        Options { keep_twins: true, ..options(&[Dimension::File], Sought::Counted) },
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn any_plan_order_and_grouping_gives_the_result_of_one_process(
        split_log in 10_u32..18,
        range_bytes in 500_u64..40_000,
        groups in 1_usize..6,
        order in prop::collection::vec(any::<u32>(), 400),
        repeated in prop::collection::vec(0_usize..400, 0..6),
        with_archives: bool,
        how in 0_usize..5,
    ) {
        let (folder, set, store) = (folder(with_archives), set(), tempfile::tempdir().unwrap());
        let pieces = pieces(folder.path(), 1 << split_log);
        let mut assigned: Vec<(u32, &Piece)> = pieces.iter().zip(order.iter().cycle()).map(|(piece, key)| (*key, piece)).collect();
        assigned.extend(repeated.iter().filter_map(|index| Some((order[*index], pieces.get(*index)?))));
        assigned.sort_by_key(|(key, _)| *key);
        let run = divided(2, range_bytes, 3_000);
        let partials: Vec<Vec<u8>> = (0..groups)
            .map(|group| {
                let of_group: Vec<Piece> =
                    assigned.iter().filter(|(key, _)| *key as usize % groups == group).map(|(_, piece)| (*piece).clone()).collect();
                partial(&set, &of_group, &run, &header(None, None))
            })
            .collect();
        let mut merge = Merge::new(set.patterns().len());
        // Partials may be concatenated.
        let (left, right) = partials.split_at(groups / 2);
        add(&mut merge, &store, &[vec![left.concat()], right.to_vec()].concat().into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>());
        let coverage = merge.arrange(Some(&read_plan(&pieces))).unwrap();
        let is_repeated = repeated.iter().filter(|index| **index < pieces.len()).count() as u64;
        prop_assert_eq!(coverage, Coverage { repeated: is_repeated, ..Coverage::default() });
        let counting = countings().swap_remove(how);
        let (found, expected) = (merged(&merge, &set, counting.clone()), in_one_process(folder.path(), &set, counting));
        prop_assert_eq!(&found.problems, &expected.problems);
        prop_assert_eq!(found, expected);
    }
}

#[test]
fn only_files_that_begin_like_no_other_are_alone() {
    let folder = tempfile::tempdir().unwrap();
    let log = |first: &str| format!("{first}\n{}", "callStatus=102\n".repeat(9_000)).into_bytes();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    let alone = || -> Vec<String> {
        let pieces = pieces(folder.path(), 1 << 16);
        let named =
            |piece: Piece| piece.alone.then(|| format!("{} {}", piece.below, piece.range.unwrap_or_default()[0]));
        pieces.into_iter().filter_map(named).collect()
    };
    write("a.log", &log("a"));
    write("b.log", &log("b"));
    write("begins-like-b.log", &log("b")[..100_000]);
    write("c.log", &log("c"));
    write("packed-c.gz", &compress(Codec::Gzip, &log("c")));
    write("picture.png", &[b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice(), &[0; 300_000]].concat());
    assert_eq!(alone(), ["a.log 0", "a.log 65536"]);
    // A file in an archive may begin in any way.
    write("d.zip", &pack(Format::Zip, &[("a.log", &log("a"))]));
    assert_eq!(alone(), Vec::<String>::new());
}
