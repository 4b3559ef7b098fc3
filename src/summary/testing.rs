//! Results for the tests of summaries: keys of every kind, with and without times and zones. A composite key serves to test the
//! laws for other keys than plain codes.

use std::sync::Arc;

use proptest::prelude::*;

use super::bounded::{Bounded, BoundedKey, RowValue};
use super::key::{RowKey, Table};
use super::tally::Tally;
use crate::code::{Code, Key};
use crate::time::{Basis, DateBasis, Stamp, Time, ZoneBasis};

pub(super) type Hits<K = Key> = Vec<(K, Option<Stamp>)>;

pub(super) fn code(number: i32) -> Key {
    Key::Code(Code(number))
}

pub(super) fn name(name: &str) -> Key {
    Key::Name(name.into())
}

/// A composite key: a code or name within a group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Grouped {
    group: Option<Arc<str>>,
    key: Key,
}

/// The largest number of rows with composite keys. Tests generate more, so that they also test the limit.
pub(super) const GROUPED_LIMIT: usize = 8;

impl RowKey for Grouped {
    type Table<V: RowValue> = Bounded<Grouped, V, GROUPED_LIMIT>;
}

impl BoundedKey for Grouped {}

impl<V: RowValue> Table<Grouped, V> for Bounded<Grouped, V, GROUPED_LIMIT> {
    fn add(&mut self, key: &Grouped, value: &V) {
        Bounded::add(self, key, value);
    }

    fn merge(&mut self, other: Self) {
        Bounded::merge(self, other);
    }

    fn add_overflow<W: RowValue>(&mut self, other: &<Grouped as RowKey>::Table<W>) {
        Bounded::add_overflow(self, Bounded::overflow(other));
    }

    fn iter(&self) -> impl Iterator<Item = (Grouped, &V)> {
        Bounded::iter(self).map(|(key, value)| (key.clone(), value))
    }

    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn size_bytes(&self) -> usize {
        size_of_val(self)
    }

    fn overflow(&self) -> Tally {
        *Bounded::overflow(self)
    }
}

pub(super) fn grouped(group: Option<&str>, key: Key) -> Grouped {
    Grouped { group: group.map(Into::into), key }
}

// `zoned` is whether the line has a zone.
pub(super) fn stamp(second: i64, zoned: bool) -> Option<Stamp> {
    let zone = if zoned { ZoneBasis::Named } else { ZoneBasis::Assumed };
    let basis = Basis { zone, date: DateBasis::Line };
    Some(Stamp { time: Time::from_nanoseconds(second * 1_000_000_000), basis })
}

pub(super) fn keys() -> impl Strategy<Value = Key> {
    prop_oneof![
        prop::sample::select(vec![0, 21, 102, 255, 256, -1, i32::MAX, i32::MIN]).prop_map(code),
        "[a-c]{1,2}".prop_map(|text| name(&text)),
    ]
}

pub(super) fn grouped_keys() -> impl Strategy<Value = Grouped> {
    (prop::option::of("[a-c]{0,2}"), keys()).prop_map(|(group, key)| grouped(group.as_deref(), key))
}

pub(super) fn hits<K: RowKey>(key: impl Strategy<Value = K>) -> impl Strategy<Value = Hits<K>> {
    let stamp = prop::option::of((-3_i64..3, any::<bool>())).prop_map(|given| {
        let (second, zoned) = given?;
        stamp(second, zoned)
    });
    prop::collection::vec((key, stamp), 0..30)
}
