//! Tests that a run that is divided among processes gives the same result as one process, however its pieces are divided, ordered,
//! grouped and repeated, and that partials that are damaged or incomplete are refused.

use std::collections::BTreeSet;
use std::fs;
use std::io::Cursor;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use base64_simd::STANDARD as BASE64;
use callcodes::catalogue::Catalogue;
use callcodes::config;
use callcodes::partial::hosts::Expected;
use callcodes::partial::plan::{self, Piece, Plan};
use callcodes::partial::{Coverage, FORMAT, Header, Merge, Purpose, Stored, Writer, to_line};
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
use crate::sealed::sealed;
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
    let backwards =
        |line: u64| format!("2017-02-1{}T{:02}:{line:02}:00Z callStatus={}\n", 1 + line / 12, line * 7 % 24, line % 3);
    write("host9/backwards.log", (0..60).map(backwards).collect::<String>().as_bytes());
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
        zones: None,
        pseudonyms: None,
        options: Vec::new(),
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
    recorded::record(sources, set, Catalogue::built_in(), &run, DisplayZone::UTC, None, &mut |step| {
        if !std::mem::replace(&mut is_in_piece, true) {
            writer.begin(next.next().unwrap())?;
        }
        match step {
            Step::Problem(_) => Ok(()),
            Step::Message(message) => writer.message(message.as_bytes()),
            Step::InputEnd => {
                is_in_piece = false;
                writer.done(None)
            }
        }
    })
    .unwrap();
    writer.end().unwrap();
    out
}

fn pieces(folder: &Path, split_bytes: u64) -> Vec<Piece> {
    let walk = Walk::new(vec![folder.to_owned()]);
    plan::divide(walk, &Opening::default(), (&Arc::new(Selection::default()), None), split_bytes)
}

fn read_plan(pieces: &[Piece]) -> Plan {
    let mut text = Vec::new();
    plan::write(plan::Typed::default(), pieces.iter().cloned(), &mut text).unwrap();
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
        assert_eq!(merge.add(&format!("{index}.ccp"), Stored::Path(path)), []);
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
        let coverage = merge.arrange(Some(&read_plan(&pieces)), Purpose::Count, |_| None).unwrap();
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
    assert_eq!(alone(), ["a.log 0", "a.log 65536", "a.log 131072"]);
    // The files in a zip archive have beginnings, too.
    write("d.zip", &pack(Format::Zip, &[("d.log", &log("d")), ("e.log", &log("e"))]));
    assert_eq!(alone(), ["a.log 0", "a.log 65536", "a.log 131072"]);
    write("d.zip", &pack(Format::Zip, &[("d.log", &log("d")), ("a.log", &log("a"))]));
    assert_eq!(alone(), Vec::<String>::new());
    write("d.zip", &pack(Format::Zip, &[("d.log", &log("d")), ("d.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")]));
    assert_eq!(alone(), ["a.log 0", "a.log 65536", "a.log 131072"]);
    // An archive in an archive may have any file.
    let inner = pack(Format::Zip, &[("d.log", &log("d"))]);
    write("d.zip", &pack(Format::Zip, &[("d.log", &log("d")), ("inner.zip", &inner)]));
    assert_eq!(alone(), Vec::<String>::new());
    write("d.zip", b"");
    assert_eq!(alone(), ["a.log 0", "a.log 65536", "a.log 131072"]);
    write("d.tar", &pack(Format::Tar, &[("d.log", &log("d"))]));
    assert_eq!(alone(), Vec::<String>::new());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn merges_of_merges_are_merges(
        order in prop::collection::vec(any::<u32>(), 400),
        repeated in prop::collection::vec(0_usize..400, 0..6),
        names in prop::option::of(prop::sample::select(&[
            // The third one is an older partial of the second machine.
            ["a", "b", "B"],
            // Without the third one, the first two are one machine.
            ["a", "a.one.example", "a.two.example"],
            ["a.one.example", "a", "A"],
        ][..])),
        how in 0_usize..5,
    ) {
        let (folder, set, store) = (folder(true), set(), tempfile::tempdir().unwrap());
        let pieces = pieces(folder.path(), 4096);
        let mut keys = order.iter().cycle();
        let mut assigned: Vec<(usize, &Piece)> = pieces.iter().map(|piece| (*keys.next().unwrap() as usize % 3, piece)).collect();
        let again: Vec<(usize, &Piece)> =
            repeated.iter().filter_map(|index| Some((order[*index] as usize % 3, pieces.get(*index)?))).collect();
        if names.is_none() {
            assigned.extend(again);
        }
        let run = divided(2, 20_000, 3_000);
        let partials: Vec<Vec<u8>> = (0..3)
            .map(|group| {
                let of_group: Vec<Piece> =
                    assigned.iter().filter(|(key, _)| *key == group).map(|(_, piece)| (*piece).clone()).collect();
                let written = 1000 - i64::try_from(group).unwrap();
                let header = names.map_or_else(|| header(None, None), |names| header(Some(names[group]), Some(written)));
                partial(&set, &of_group, &run, &header)
            })
            .collect();
        let merge = |partials: &[&[u8]], purpose| {
            let mut merge = Merge::new(set.patterns().len());
            add(&mut merge, &store, &partials.iter().map(|partial| partial.to_vec()).collect::<Vec<_>>());
            merge.arrange(None, purpose, |_| None).unwrap();
            merge
        };
        let counted = |partials: &[&[u8]]| merged(&merge(partials, Purpose::Count), &set, countings().swap_remove(how));
        let joined = |partials: &[&[u8]]| {
            let mut all = Vec::new();
            merge(partials, Purpose::Join).write(&mut all).unwrap();
            all
        };
        let [a, b, c] = [&partials[0][..], &partials[1], &partials[2]];
        let (expected, expected_count) = (joined(&[a, b, c]), counted(&[a, b, c]));
        let (ab, bc) = (joined(&[a, b]), joined(&[c, b]));
        for all in [&[c, b, a][..], &[&ab, c], &[a, &bc], &[c, &ab, &bc], &[&expected, b], &[&expected]] {
            prop_assert_eq!(counted(all), expected_count.clone());
            prop_assert_eq!(String::from_utf8(joined(all)).unwrap(), String::from_utf8(expected.clone()).unwrap());
        }
    }
}

/// What a pipe does with the partial of a machine.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Arrives,
    Lost,
    Doubled,
    /// It ends at this 65536th of its length.
    Cut(u16),
    /// Its beginning is missing, up to this 65536th.
    Headless(u16),
    /// The byte at this 65536th has other bits, namely these.
    Changed(u16, u8),
    /// An older partial comes, too.
    Twice,
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        6 => Just(Fate::Arrives),
        1 => Just(Fate::Lost),
        1 => Just(Fate::Doubled),
        1 => any::<u16>().prop_map(Fate::Cut),
        1 => any::<u16>().prop_map(Fate::Headless),
        1 => (any::<u16>(), 1_u8..).prop_map(|(place, bits)| Fate::Changed(place, bits)),
        1 => Just(Fate::Twice),
    ]
}

impl Fate {
    /// Returns what comes out of the pipe.
    fn apply(self, whole: &[u8], older: &[u8]) -> Vec<Vec<u8>> {
        let at = |place: u16| whole.len() * usize::from(place) / 65536;
        match self {
            Fate::Arrives => vec![whole.to_vec()],
            Fate::Lost => vec![],
            Fate::Doubled => vec![whole.to_vec(), whole.to_vec()],
            Fate::Cut(place) => vec![whole[..at(place)].to_vec()],
            Fate::Headless(place) => vec![whole[at(place)..].to_vec()],
            Fate::Changed(place, bits) => {
                let mut changed = whole.to_vec();
                changed[at(place)] ^= bits;
                vec![changed]
            }
            Fate::Twice => vec![older.to_vec(), whole.to_vec()],
        }
    }
}

/// What a machine sends: the messages of one of a few hosts with the name of the machine, and an older partial with fewer results.
struct Sent {
    name: String,
    whole: Vec<u8>,
    older: Vec<u8>,
}

/// Makes the partials of a few machines once, and gives them other names.
fn sent(set: &PatternSet, count: usize) -> Vec<Sent> {
    let folder = tempfile::tempdir().unwrap();
    let run = divided(1, 20_000, 3_000);
    let made: Vec<[String; 2]> = (0..5)
        .map(|kind| {
            let log = folder.path().join(format!("{kind}.log"));
            let line = |row: usize| {
                format!(
                    "2017-02-1{}T0{}:{:02}:00Z callStatus={} for user{kind}\n",
                    1 + kind,
                    row % 9,
                    row * 7 % 60,
                    100 + row * kind % 20
                )
            };
            [Some(1000), Some(500)].map(|written| {
                let rows = if written == Some(500) { 1 } else { 1 + 3 * kind };
                fs::write(&log, (0..rows).map(line).collect::<String>()).unwrap();
                String::from_utf8(partial(set, &pieces(&log, 1 << 20), &run, &header(Some("MACHINE"), written)))
                    .unwrap()
            })
        })
        .collect();
    (0..count)
        .map(|index| {
            let name = format!("PC-{index:05}");
            let [whole, older] = &made[index % made.len()];
            let named = |text: &str| sealed(text.replacen("MACHINE", &name, 1).as_bytes(), false);
            Sent { whole: named(whole), older: named(older), name }
        })
        .collect()
}

/// Sends the partials of machines through a pipe, and checks that the result is that of the partials that arrived, and that all others
/// are named.
fn check_pipe(set: &PatternSet, machines: &[Sent], fates: &[Fate], order: &[u32], forms: usize) {
    let store = tempfile::tempdir().unwrap();
    let mut packets: Vec<(u32, Vec<u8>)> = Vec::new();
    let mut keys = order.iter().copied().cycle();
    for (index, (sent, fate)) in machines.iter().zip(fates.iter().cycle()).enumerate() {
        // Some machines send a line.
        let form = |partial: &[u8]| {
            if (index + forms).is_multiple_of(3) {
                (to_line(partial).unwrap() + "\n").into_bytes()
            } else {
                partial.to_vec()
            }
        };
        let whole = form(&sent.whole);
        for packet in fate.apply(&whole, &form(&sent.older)) {
            packets.push((keys.next().unwrap(), packet));
        }
    }
    packets.sort();
    let mut merge = Merge::new(set.patterns().len());
    let mut refused = 0;
    for (index, (_, packet)) in packets.iter().enumerate() {
        let path = store.path().join(index.to_string());
        fs::write(&path, packet).unwrap();
        refused += merge.add(&index.to_string(), Stored::Path(path)).len();
    }
    merge.arrange(None, Purpose::Count, |_| None).unwrap();
    let expected = Expected::parse(&machines.iter().map(|sent| sent.name.clone() + "\n").collect::<String>());
    let difference = expected.compare(merge.machines());
    assert_eq!(difference.unexpected, Vec::<String>::new());
    let silent: BTreeSet<&str> = difference.silent.iter().map(|silent| silent.name.as_str()).collect();
    for (sent, fate) in machines.iter().zip(fates.iter().cycle()) {
        let is_silent = silent.contains(sent.name.as_str());
        match fate {
            Fate::Arrives | Fate::Doubled | Fate::Twice => assert!(!is_silent, "{fate:?} {}", sent.name),
            Fate::Lost => assert!(is_silent, "{}", sent.name),
            Fate::Cut(_) | Fate::Headless(_) | Fate::Changed(..) => {}
        }
    }
    let is_damaged = |fate: &&Fate| matches!(fate, Fate::Cut(_) | Fate::Headless(_) | Fate::Changed(..));
    let damaged = machines.iter().zip(fates.iter().cycle()).filter(|(_, fate)| is_damaged(fate)).count();
    let lost = machines.iter().zip(fates.iter().cycle()).filter(|(_, fate)| matches!(fate, Fate::Lost)).count();
    // What is damaged is said, unless nothing at all has arrived of it.
    assert!(silent.len() <= damaged + lost);
    let is_gone = |fate: &&Fate| matches!(fate, Fate::Cut(0) | Fate::Lost);
    let gone = fates.iter().cycle().take(machines.len()).filter(is_gone).count();
    assert!(refused > 0 || silent.len() <= gone, "{silent:?}");
    let mut clean = Merge::new(set.patterns().len());
    for sent in machines.iter().filter(|sent| !silent.contains(sent.name.as_str())) {
        let path = store.path().join(&sent.name);
        fs::write(&path, &sent.whole).unwrap();
        assert_eq!(clean.add(&sent.name, Stored::Path(path)), []);
    }
    clean.arrange(None, Purpose::Count, |_| None).unwrap();
    let counting = countings().swap_remove(1);
    assert_eq!(merged(&merge, set, counting.clone()), merged(&clean, set, counting));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_bad_pipe_gives_the_result_of_what_arrives_and_the_names_of_the_rest(
        fates in prop::collection::vec(fate(), 12),
        order in prop::collection::vec(any::<u32>(), 30),
        forms in 0_usize..3,
    ) {
        static SET: LazyLock<(PatternSet, Vec<Sent>)> = LazyLock::new(|| {
            let set = set();
            let sent = sent(&set, 12);
            (set, sent)
        });
        check_pipe(&SET.0, &SET.1, &fates, &order, forms);
    }
}

/// Run with `cargo test --profile bench --test it partial:: -- --ignored`.
#[test]
#[ignore = "takes minutes"]
fn ten_thousand_trials_of_a_bad_pipe() {
    let set = set();
    let sent = sent(&set, 12);
    let config = ProptestConfig { cases: 10_000, ..ProptestConfig::default() };
    let inputs = (prop::collection::vec(fate(), 12), prop::collection::vec(any::<u32>(), 30), 0_usize..3);
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let result = runner.run(&inputs, |(fates, order, forms)| {
        check_pipe(&set, &sent, &fates, &order, forms);
        Ok(())
    });
    result.unwrap();
}

#[test]
#[ignore = "takes a minute"]
fn ten_thousand_machines_through_a_bad_pipe() {
    let set = set();
    let sent = sent(&set, 10_000);
    let fates: Vec<Fate> = (0..997_u16)
        .map(|number| match number % 23 {
            3 => Fate::Lost,
            5 => Fate::Doubled,
            7 => Fate::Cut(number.wrapping_mul(7919)),
            11 => Fate::Headless(number.wrapping_mul(7919)),
            13 => Fate::Twice,
            _ => Fate::Arrives,
        })
        .collect();
    let order: Vec<u32> = (0..9973_u32).map(|number| number.wrapping_mul(2_654_435_761)).collect();
    check_pipe(&set, &sent, &fates, &order, 0);
}

#[test]
fn no_partial_or_line_makes_a_merge_panic() {
    let set = set();
    let sent = sent(&set, 4);
    let store = tempfile::tempdir().unwrap();
    let path = store.path().join("x");
    let mut random = 1_u64;
    let mut next = |limit: usize| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(random >> 33).unwrap() % limit
    };
    let texts = [sent[3].whole.clone(), (to_line(&sent[3].whole).unwrap() + "\n").into_bytes()];
    let packed = packed(&texts[0]);
    let mut counted = 0;
    for _ in 0..2000 {
        let mut bytes = texts[next(2)].clone();
        for _ in 0..=next(3) {
            let at = next(bytes.len());
            match next(5) {
                // The bytes of the packed notes, which are base64.
                4 if bytes.len() == texts[0].len() => {
                    let at = packed.start + next(packed.len()) / 4 * 4;
                    let mut three = BASE64.decode_to_vec(&bytes[at..at + 4]).unwrap_or_default();
                    three.iter_mut().for_each(|byte| *byte ^= u8::try_from(next(256) & next(256) & next(256)).unwrap());
                    let four = BASE64.encode_to_string(&three);
                    bytes.splice(at..at + four.len(), four.into_bytes());
                }
                0 => bytes[at] = u8::try_from(next(256)).unwrap(),
                1 => bytes[at] = b"0987-.,[]{}\"nul"[next(15)],
                2 => drop(bytes.drain(at..(at + next(20)).min(bytes.len() - 1))),
                _ => drop(bytes.splice(at..at, std::iter::repeat_n(b'9', next(20)))),
            }
            if bytes.is_empty() {
                bytes.push(b'{');
            }
        }
        // The digests are made right, so that wrong values are not noticed by them.
        let bytes = sealed(&bytes, true);
        fs::write(&path, &bytes).unwrap();
        let mut merge = Merge::new(set.patterns().len());
        merge.add("x", Stored::Path(path.clone()));
        if merge.arrange(None, Purpose::Count, |_| None).is_ok() {
            let run = pipeline::Options::default();
            let counting = countings().swap_remove(next(5));
            let outcome = recorded::count(&set, Catalogue::built_in(), &run, counting, |sink| merge.feed(sink));
            counted += u32::from(outcome.is_ok() && !merge.is_empty());
        }
    }
    // Some get past all checks, and others do not.
    assert!((100..1500).contains(&counted), "{counted}");
}

/// Returns where the packed notes are in a partial.
fn packed(partial: &[u8]) -> Range<usize> {
    const BEGIN: &[u8] = b"\"notes\":\"";
    let start = partial.windows(BEGIN.len()).position(|window| window == BEGIN).unwrap() + BEGIN.len();
    let len = partial[start..].iter().position(|byte| *byte == b'"').unwrap();
    assert!(len > 40, "{len}");
    start..start + len
}

#[test]
fn each_changed_byte_is_refused_or_has_no_effect() {
    let set = set();
    let sent = sent(&set, 4);
    let read = |bytes: &[u8]| {
        let mut merge = Merge::new(set.patterns().len());
        let refused = merge.add("x", Stored::Once(Box::new(Cursor::new(bytes.to_vec()))));
        let mut out = Vec::new();
        merge.arrange(None, Purpose::Count, |_| None).unwrap();
        merge.write(&mut out).unwrap();
        (refused.len(), out)
    };
    let whole = &sent[3].whole;
    let packed = packed(whole);
    let line = to_line(whole).unwrap();
    for form in [whole.clone(), line.into_bytes(), compress(Codec::Gzip, whole)] {
        let (refused, expected) = read(&form);
        assert_eq!((refused, expected.is_empty()), (0, false));
        let mut without_effect = 0;
        for at in 0..form.len() {
            for is in [form[at] ^ 1, form[at] ^ 0x20, b'\n'] {
                let mut bytes = form.clone();
                bytes[at] = is;
                let (refused, out) = read(&bytes);
                assert!(refused > 0 || out == expected, "{is} at {at}");
                assert!(refused > 0 || form != *whole || !packed.contains(&at), "{is} at {at}");
                without_effect += u32::from(refused == 0 && is != form[at]);
            }
        }
        // Such as letter case in digests, and the time in the head of gzip data.
        assert!(without_effect < 200, "{without_effect}");
    }
}

#[test]
fn a_line_has_the_same_messages_as_its_partial() {
    let (folder, set) = (folder(true), set());
    let all = pieces(folder.path(), 1 << 30);
    let run = divided(1, 20_000, 3_000);
    let store = tempfile::tempdir().unwrap();
    let mut fitting = 0;
    for piece in all {
        let partial = partial(&set, &[Piece { id: 0, ..piece }], &run, &header(Some("PC"), Some(7)));
        let Ok(line) = to_line(&partial) else { continue };
        fitting += 1;
        assert!(line.len() <= 2000);
        let counted = [partial, line.into_bytes()].map(|bytes| {
            let mut merge = Merge::new(set.patterns().len());
            add(&mut merge, &store, &[bytes]);
            merge.arrange(None, Purpose::Count, |_| None).unwrap();
            countings().into_iter().map(|counting| merged(&merge, &set, counting)).collect::<Vec<_>>()
        });
        assert_eq!(counted[0], counted[1]);
    }
    assert!(fitting >= 5, "{fitting}");
}
