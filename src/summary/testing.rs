//! Hits for the tests of this module: keys of every kind, with and without times and zones.

use proptest::prelude::*;

use super::key::{Grouped, RowKey};
use crate::code::{Code, Key};
use crate::time::{Basis, DateBasis, Stamp, Time, ZoneBasis};

pub(super) type Hits<K = Key> = Vec<(K, Option<Stamp>)>;

pub(super) fn code(number: i32) -> Key {
    Key::Code(Code(number))
}

pub(super) fn name(name: &str) -> Key {
    Key::Name(name.into())
}

pub(super) fn grouped(group: Option<&str>, key: Key) -> Grouped {
    Grouped { group: group.map(Into::into), key }
}

// Tests say `true` for a time whose line names the zone.
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
