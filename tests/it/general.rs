//! Tests that the results of general patterns are counted separately, once, and in the same way however the logs are divided.

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;

use callcodes::catalogue::Catalogue;
use callcodes::chunk::Limits;
use callcodes::config;
use callcodes::pattern::PatternSet;
use callcodes::pipeline::{self, sign_ins};
use callcodes::source::Walk;
use callcodes::summary::Dimension;
use callcodes::summary::sign_ins::{Options, Settled, Value};
use proptest::prelude::*;

/// Lines without times, so that none are twins, each with its result and whether a general pattern finds it.
const LINES: [(&str, &str, bool); 7] = [
    ("rawCallStatus = 21", "21", false),
    ("rawCallStatus = 102", "102", false),
    ("Call Status: Used Cache", "Used Cache", false),
    ("MFA call result: 21", "21", true),
    ("MFA call result: 102", "102", true),
    ("multi-factor authentication: call result = Used Cache", "Used Cache", true),
    ("rawCallStatus = 300", "300", false),
];

/// The number of results and of files, for each kind of pattern and each result.
type Rows = BTreeMap<(bool, String), (u64, u64)>;

/// Counts as the documentation says, one line at a time.
fn expected(files: &[Vec<usize>]) -> Rows {
    let mut rows = Rows::new();
    for file in files {
        let mut of_file: BTreeMap<(bool, String), u64> = BTreeMap::new();
        for (_, result, is_general) in file.iter().map(|line| LINES[*line]) {
            *of_file.entry((is_general, result.to_owned())).or_default() += 1;
        }
        for (row, count) in of_file {
            let (results, files) = rows.entry(row).or_default();
            *results += count;
            *files += 1;
        }
    }
    rows
}

fn rows(settled: &Settled) -> Rows {
    let kinds = [(false, &settled.summary), (true, &settled.general)];
    let rows = kinds.into_iter().flat_map(|(is_general, summary)| {
        summary.iter().map(move |(key, row)| ((is_general, key.to_string()), (row.tally.count, row.files)))
    });
    rows.collect()
}

proptest! {
    // Few cases, because each writes files and starts threads.
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn each_result_has_one_row_of_its_kind(
        files in prop::collection::vec(prop::collection::vec(0..LINES.len(), 1..60), 1..4),
        range_bytes in 1_u64..400,
        block_bytes in 1_usize..200,
    ) {
        let folder = tempfile::tempdir().unwrap();
        for (number, file) in files.iter().enumerate() {
            let lines: String = file.iter().map(|line| format!("{}\n", LINES[*line].0)).collect();
            // The first line keeps files from being copies.
            fs::write(folder.path().join(format!("{number}.log")), format!("file {number}\n{lines}")).unwrap();
        }
        let (set, catalogue) = (PatternSet::compile(&config::built_in()).unwrap(), Catalogue::built_in());
        let expected = expected(&files);
        for threads in [1, 3] {
            let limits = Limits { block_bytes, ..Limits::default() };
            let run = pipeline::Options { threads: NonZeroUsize::new(threads), range_bytes, limits, ..Default::default() };
            let counted = |by: &[Dimension], with_verdicts| {
                let options = Options { by: by.to_vec(), with_verdicts, ..Options::default() };
                let walk = Walk::new(vec![folder.path().to_owned()]);
                sign_ins::count(walk, &set, catalogue, &run, options).unwrap().summary
            };
            prop_assert_eq!(&rows(&counted(&[], false)), &expected);
            let settled = counted(&[Dimension::Code], true);
            prop_assert_eq!(&rows(&settled), &expected);
            let by_code = settled.rows.iter().map(|row| {
                let Value::Key(key) = &row.values[0] else { panic!("{row:?}") };
                ((row.is_general, key.to_string()), row.tally.count)
            });
            prop_assert!(by_code.collect::<BTreeMap<_, _>>().into_iter().eq(expected.iter().map(|(row, (results, _))| (row.clone(), *results))));
            // A dimension that is the same for all results has one row for each kind of pattern.
            let settled = counted(&[Dimension::User], false);
            for is_general in [false, true] {
                let of_kind = || settled.rows.iter().filter(|row| row.is_general == is_general);
                let all: u64 = expected.iter().filter(|((kind, _), _)| *kind == is_general).map(|(_, (results, _))| results).sum();
                prop_assert_eq!(of_kind().map(|row| row.tally.count).sum::<u64>(), all);
                prop_assert_eq!(of_kind().count(), usize::from(all > 0));
            }
        }
    }
}
