//! Cells by group and code, where the names of the groups come from logs: users, hosts.
//!
//! There may be more of them than memory allows, so a limit decides which rows are kept. A rule that can be merged may look at keys
//! alone, never at counts: a host that is rare in each part may be the busiest of all, and no part can know. So the rule is an
//! order of the keys, as [`bounded`](super::bounded) proves. It cannot be the order of the alphabet, which would lose every
//! host of the site whose names begin with z, and the busiest of them with the others.
//!
//! Groups are therefore ordered by a hash of their name, which has nothing to do with how a name is spelled or how
//! often it occurs: the groups that are kept are a fair sample, and the share of the results that are in no row is about the
//! share of the groups that are not kept. Only the group is hashed, not the code, so that a group is kept or
//! lost with all its codes but for the one at which the limit cuts. Results without a group come first and are never lost.
//!
//! The hash is fixed, as totals of several machines are merged. Someone who knows it can make up names that are kept before others,
//! which costs others their row and nobody a result: all of them count in the total.

use std::collections::BTreeMap;

use super::bounded::{Bounded, Cell};
use super::key::{Grouped, RowKey, Table};
use super::tally::Tally;

/// The cells of the `LIMIT` rows whose groups have the smallest hashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupedRows<V, const LIMIT: usize> {
    cells: Bounded<(u64, Grouped), V, LIMIT>,
}

impl<V, const LIMIT: usize> Default for GroupedRows<V, LIMIT> {
    fn default() -> Self {
        GroupedRows { cells: Bounded::default() }
    }
}

impl<V: Cell, const LIMIT: usize> Table<Grouped, V> for GroupedRows<V, LIMIT> {
    fn add(&mut self, key: &Grouped, cell: &V) {
        // Cloning it counts references.
        let key = (key.group.as_deref().map_or(0, hash), key.clone());
        self.cells.add(&key, cell, || key.clone());
    }

    fn merge(&mut self, other: Self) {
        self.cells.merge(other.cells);
    }

    fn add_overflow<W: Cell>(&mut self, other: &<Grouped as RowKey>::Table<W>) {
        self.cells.add_overflow(other.cells.overflow());
    }

    fn iter(&self) -> impl Iterator<Item = (Grouped, &V)> {
        let sorted: BTreeMap<&Grouped, &V> = self.cells.iter().map(|((_, key), cell)| (key, cell)).collect();
        sorted.into_iter().map(|(key, cell)| (key.clone(), cell))
    }

    fn is_empty(&self) -> bool {
        self.cells.len() == 0
    }

    fn size_bytes(&self) -> usize {
        /// Of a key with its cell and its share of the map.
        const KEY_BYTES: usize = 250;
        size_of_val(self) + KEY_BYTES * self.cells.len()
    }

    fn overflow(&self) -> Tally {
        *self.cells.overflow()
    }
}

/// FNV-1a, and the last step of MurmurHash3, without which names that differ only at their end would lie side by side.
fn hash(name: &str) -> u64 {
    let fnv = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
    let mut hash = name.bytes().fold(0xCBF2_9CE4_8422_2325, fnv);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xFF51_AFD7_ED55_8CCD);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xC4CE_B9FE_1A85_EC53);
    hash ^ (hash >> 33)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{code, grouped};
    use super::*;

    fn filled<const LIMIT: usize>(keys: impl IntoIterator<Item = Grouped>) -> GroupedRows<Tally, LIMIT> {
        let mut rows = GroupedRows::default();
        for key in keys {
            rows.add(&key, &Tally::one(None));
        }
        rows
    }

    fn groups<const LIMIT: usize>(rows: &GroupedRows<Tally, LIMIT>) -> Vec<Option<String>> {
        Table::iter(rows).map(|(key, _)| key.group.map(|group| group.to_string())).collect()
    }

    /// Partial totals are stored, and those of two versions must agree on what is kept.
    #[test]
    fn the_hash_never_changes() {
        // Computed by another program.
        let expected = [
            ("", 0xEFD0_1F60_BA99_2926),
            ("a", 0x82A2_A958_A9BE_CE5B),
            ("b", 0x6E67_3288_764A_D2D0),
            ("zürich-07", 0xFDC0_FFCC_D395_EF3C),
        ];
        for (name, expected) in expected {
            assert_eq!(hash(name), expected, "{name}");
        }
    }

    #[test]
    fn what_is_kept_is_a_sample_of_all_groups() {
        let name = |number: usize| format!("{}-{number:03}", ["aachen", "zwolle"][number % 2]);
        let rows: GroupedRows<Tally, 500> = filled((0..1000).map(|number| grouped(Some(&name(number)), code(21))));
        let kept = groups(&rows);
        assert_eq!((kept.len(), rows.cells.overflow().count), (500, 500));
        let of_one_site = kept.iter().flatten().filter(|name| name.starts_with("zwolle")).count();
        // With a fair coin, further from 250 than this once in ten thousand times; but the hash is fixed.
        assert!((200..=300).contains(&of_one_site), "{of_one_site}");
    }

    #[test]
    fn a_group_is_kept_or_lost_with_all_its_codes() {
        let of_host = |number: usize| (0..4).map(move |of| grouped(Some(&format!("host-{number}")), code(100 + of)));
        let rows: GroupedRows<Tally, 40> = filled((0..100).flat_map(of_host));
        let mut kept = groups(&rows);
        kept.dedup();
        assert_eq!((kept.len(), rows.cells.overflow().count), (10, 360));
    }

    #[test]
    fn results_without_a_group_are_never_lost() {
        let hosts = (0..100).map(|number| grouped(Some(&format!("host-{number}")), code(21)));
        let rows: GroupedRows<Tally, 3> = filled(hosts.chain([grouped(None, code(21))]));
        assert_eq!(groups(&rows)[0], None);
    }
}
