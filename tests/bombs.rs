//! Small files that unpack to enormous ones: each ends at a limit, and says which option raises it.

#![allow(clippy::unwrap_used)]

mod packing;

use std::fs;
use std::io::Write as _;
use std::sync::LazyLock;

use callcodes::catalogue::Catalogue;
use callcodes::pattern::PatternSet;
use callcodes::pipeline::Options;
use callcodes::pipeline::summarise::{Outcome, summarise};
use callcodes::source::{Codec, Format, Limits, Opening, Walk};
use packing::{compress, pack};

static SET: LazyLock<PatternSet> = LazyLock::new(|| PatternSet::compile(&callcodes::config::built_in()).unwrap());

const LINE: &[u8] = b"callStatus=102\n";

fn scan(files: &[(&str, &[u8])], limits: Limits) -> (u64, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    let options = Options { opening: Opening { limits, ..Opening::default() }, ..Options::default() };
    let walk = Walk::new(vec![folder.path().to_owned()]);
    let Outcome { summary, problems, .. } = summarise(walk, &SET, Catalogue::built_in(), &options).unwrap();
    let prefix = format!("{}{}", folder.path().display(), std::path::MAIN_SEPARATOR);
    let told = problems.iter().map(|problem| problem.to_string().replace(&prefix, "")).collect();
    (summary.results(), told)
}

/// A result, and 4 MiB of zeros, in some kilobytes; a further one behind them.
fn zeros() -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(LINE).unwrap();
    let mebibyte = vec![0; 1 << 20];
    for _ in 0..4 {
        encoder.write_all(&mebibyte).unwrap();
    }
    encoder.write_all(b"\n").unwrap();
    encoder.write_all(LINE).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_file_that_unpacks_to_too_much_is_read_up_to_the_limit() {
    let zeros = zeros();
    let limits = Limits { ratio: 10, floor_bytes: 1 << 20, ..Limits::default() };
    let told = "a.gz: it unpacks to more than 10 times its size; --max-ratio reads more";
    let (results, problems) = scan(&[("a.gz", &zeros)], limits);
    assert_eq!((results, problems.first().map(String::as_str)), (1, Some(told)));
    let limits = Limits { unpacked_bytes: 1 << 20, ..Limits::default() };
    let told = "a.gz: the file unpacks to more than 1048576 bytes; --max-unpacked reads more";
    let (results, problems) = scan(&[("a.gz", &zeros)], limits);
    assert_eq!((results, problems.first().map(String::as_str)), (1, Some(told)));
}

#[test]
fn a_member_that_unpacks_to_too_much_costs_no_other() {
    let zeros = zeros();
    let limits = Limits { unpacked_bytes: 1 << 20, ..Limits::default() };
    let tar = pack(Format::Tar, &[("a.log", LINE), ("b.gz", &zeros), ("c.log", b"callStatus=4\n")]);
    let told = "x.tar!/b.gz: the file unpacks to more than 1048576 bytes; --max-unpacked reads more";
    assert_eq!(scan(&[("x.tar", &tar)], limits), (3, vec![told.to_owned()]));
}

#[test]
fn an_archive_that_is_too_large_itself_ends_there() {
    let limits = Limits { unpacked_bytes: 1 << 20, ..Limits::default() };
    let tar = pack(Format::Tar, &[("a.log", LINE), ("b.log", &vec![0; 4 << 20]), ("c.log", b"callStatus=4\n")]);
    let told = "x.tgz!/b.log: the file unpacks to more than 1048576 bytes; --max-unpacked reads more";
    assert_eq!(scan(&[("x.tgz", &compress(Codec::Gzip, &tar))], limits), (1, vec![told.to_owned()]));
    // Not compressed, it is as large as it is, and each member counts against what may come out of it.
    let told = [
        "x.tar!/b.log: the file unpacks to more than 1048576 bytes; --max-unpacked reads more",
        "x.tar: the file unpacks to more than 1048576 bytes, and the other members were not read; --max-unpacked reads \
         more",
    ];
    assert_eq!(scan(&[("x.tar", &tar)], limits), (1, told.map(str::to_owned).to_vec()));
}

#[test]
fn archives_are_read_to_a_stated_depth() {
    let mut nested = LINE.to_vec();
    for depth in 0..3 {
        let name = if depth == 0 { "a.log" } else { "inner.zip" };
        nested = pack(Format::Zip, &[(name, &nested), ("b.log", b"callStatus=4\n")]);
    }
    let (results, problems) = scan(&[("x.zip", &nested)], Limits::default());
    // Equal logs count once.
    assert_eq!(results, 2);
    assert_eq!(problems.len(), 2);
    let (results, problems) = scan(&[("x.zip", &nested)], Limits { nesting: 1, ..Limits::default() });
    assert_eq!(results, 1);
    assert_eq!(
        problems,
        ["x.zip!/inner.zip: an archive inside so many others (1) was not read; --max-nesting reads deeper"]
    );
}

#[test]
fn an_archive_has_so_many_members_at_most() {
    let logs: Vec<(String, Vec<u8>)> =
        (0..20).map(|log| (format!("{log}.log"), format!("log {log} callStatus=102\n").into_bytes())).collect();
    let members: Vec<(&str, &[u8])> = logs.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    for format in packing::FORMATS {
        let archive = pack(format, &members);
        let limits = Limits { members: 5, ..Limits::default() };
        let told = format!(
            "x: the {format} archive has more than 5 members, and the others were not read; --max-members reads more"
        );
        assert_eq!(scan(&[("x", &archive)], limits), (5, vec![told]), "{format}");
    }
}

/// A zip in which many members are archives, each of which unpacks to more than its share.
#[test]
fn many_small_bombs_cost_no_more_than_one() {
    let inner = pack(Format::Zip, &[("a.gz", &compress(Codec::Gzip, &vec![b'a'; 4 << 20]))]);
    let names: Vec<String> = (0..8).map(|member| format!("{member}.zip")).collect();
    // All but the last byte of the names' contents is the same, so that they are no copies.
    let members: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), inner.as_slice())).collect();
    let outer = pack(Format::Zip, &members);
    let limits = Limits { unpacked_bytes: 8 << 20, ..Limits::default() };
    let (results, problems) = scan(&[("x.zip", &outer)], limits);
    assert_eq!(results, 0);
    let over = problems.iter().filter(|problem| problem.contains("--max-unpacked reads more")).count();
    assert_eq!(over, 8, "{problems:?}");
}
