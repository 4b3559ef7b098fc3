//! Holds the entries of all inputs in little memory, because there may be 100,000 of them.

use std::collections::BTreeMap;

use super::{Entry, Text};
use crate::problem::Problem;
use crate::source::names::Names;
use crate::time::Stamp;

/// The index that means that there is no value.
const NONE: u32 = u32::MAX;
/// How many of the last distinct values are compared with a new one.
const LAST_VALUES: usize = 8;

/// The entries of all inputs, in the order of the inputs.
#[derive(Debug, Default)]
pub struct Entries {
    paths: Names,
    rows: Vec<Row>,
    /// The distinct texts, without their numbers and times. There are few, because most files share one.
    kinds: Vec<Text>,
    hosts: Vec<Box<str>>,
    /// The problems of the entries that have any.
    problems: BTreeMap<usize, Vec<Problem>>,
}

/// The values of an entry that differ between nearly all entries.
#[derive(Debug)]
struct Row {
    bytes_on_disk: u64,
    bytes: u64,
    lines: u64,
    results: u64,
    first: Option<Stamp>,
    last: Option<Stamp>,
    /// The index in `kinds` of the text of the entry, or [`NONE`].
    kind: u32,
    /// The index in `hosts` of the machine of the entry, or [`NONE`].
    host: u32,
}

impl Default for Row {
    fn default() -> Row {
        let (first, last) = (None, None);
        Row { bytes_on_disk: u64::MAX, bytes: 0, lines: 0, results: 0, first, last, kind: NONE, host: NONE }
    }
}

/// Returns the index of a value in `values`. Adds the value if it is not among the last [`LAST_VALUES`].
fn index_of<T: PartialEq>(values: &mut Vec<T>, value: T) -> u32 {
    let known = values.iter().rev().take(LAST_VALUES).position(|known| *known == value);
    let index = known.map_or(values.len(), |from_end| values.len() - 1 - from_end);
    if known.is_none() {
        values.push(value);
    }
    u32::try_from(index).unwrap_or(NONE)
}

impl Entries {
    /// Returns the number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Iterates over the entries.
    pub fn iter(&self) -> impl Iterator<Item = Entry> {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    /// Whether the machine of any entry is known.
    #[must_use]
    pub fn has_hosts(&self) -> bool {
        self.rows.iter().any(|row| row.host != NONE)
    }

    /// Adds an entry.
    pub(super) fn push(&mut self, entry: Entry) {
        let Entry { path, bytes_on_disk, text, host, problems } = entry;
        self.paths.push_text(&path);
        if !problems.is_empty() {
            self.problems.insert(self.rows.len(), problems);
        }
        let mut row = Row {
            bytes_on_disk: bytes_on_disk.unwrap_or(u64::MAX),
            host: host.map_or(NONE, |host| index_of(&mut self.hosts, host)),
            ..Row::default()
        };
        if let Some(Text { bytes, lines, results, first, last, .. }) = text {
            row = Row { bytes, lines, results, first, last, ..row };
        }
        row.kind = text.map_or(NONE, |text| {
            let kind = Text { bytes: 0, lines: 0, results: 0, first: None, last: None, ..text };
            index_of(&mut self.kinds, kind)
        });
        self.rows.push(row);
    }

    /// Returns the entry at `index`, or `None` if there are fewer entries.
    fn get(&self, index: usize) -> Option<Entry> {
        let Row { bytes_on_disk, bytes, lines, results, first, last, kind, host } = *self.rows.get(index)?;
        let kind = self.kinds.get(kind as usize);
        Some(Entry {
            path: self.paths.text(index)?,
            bytes_on_disk: (bytes_on_disk != u64::MAX).then_some(bytes_on_disk),
            text: kind.map(|kind| Text { bytes, lines, results, first, last, ..kind.clone() }),
            host: self.hosts.get(host as usize).cloned(),
            problems: self.problems.get(&index).cloned().unwrap_or_default(),
        })
    }

    /// Returns the names of the inputs, in the order of the entries.
    pub(super) fn paths(&self) -> &Names {
        &self.paths
    }

    /// Returns the machine of the entry at `index` and its number of results. The machine is empty if the lines name several.
    pub(super) fn host(&self, index: usize) -> (Option<&str>, u64) {
        let row = &self.rows[index];
        (self.hosts.get(row.host as usize).map(AsRef::as_ref), row.results)
    }

    /// Sets the machine of the entry at `index`.
    pub(super) fn set_host(&mut self, index: usize, host: Option<&str>) {
        self.rows[index].host = host.map_or(NONE, |host| index_of(&mut self.hosts, host.into()));
    }

    /// Replaces the text of the entry at `index` with the problem that reports why it does not count.
    pub(super) fn replace(&mut self, index: usize, problem: Problem) {
        let row = &mut self.rows[index];
        *row = Row { bytes_on_disk: row.bytes_on_disk, host: row.host, ..Row::default() };
        self.problems.insert(index, vec![problem]);
    }

    /// Replaces the number of results of each text with what `kept` returns for it.
    pub(super) fn keep_results(&mut self, mut kept: impl FnMut(u64) -> u64) {
        self.rows.iter_mut().filter(|row| row.kind != NONE).for_each(|row| row.results = kept(row.results));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Kind;
    use crate::source::Chain;

    #[test]
    fn entries_come_out_as_they_went_in_and_take_little_memory() {
        assert!(size_of::<Row>() <= 72, "{}", size_of::<Row>());
        let text = |encoding, bytes| Text {
            chain: Chain::default(),
            encoding,
            has_mark: false,
            bytes,
            lines: bytes / 2,
            results: bytes / 3,
            first: None,
            last: None,
            time_form: Some("syslog".to_owned()),
            time_basis: vec!["year 2017".to_owned()],
            is_date_undecided: false,
            changing_times: 0,
        };
        let entry = |path: &str, host: Option<&str>, text| {
            let (path, host) = (path.to_owned(), host.map(Box::from));
            Entry { path, bytes_on_disk: None, text, host, problems: Vec::new() }
        };
        let problems = vec![Problem::new("t/b/x.png", Kind::Binary, "skipped")];
        let all = [
            Entry { bytes_on_disk: Some(0), ..entry("t/a/x.log", Some("a"), Some(text(Some("ASCII"), 7))) },
            Entry { problems, ..entry("t/b/x.png", Some("b"), None) },
            entry("t/a/y.log", Some("a"), Some(text(Some("ASCII"), 0))),
            entry("t/a/y.log", None, Some(text(None, 9))),
        ];
        let mut entries = Entries::default();
        assert!(entries.is_empty() && !entries.has_hosts());
        all.iter().for_each(|entry| entries.push(entry.clone()));
        assert!(entries.has_hosts());
        assert_eq!(entries.iter().collect::<Vec<_>>(), all);
        assert_eq!((entries.len(), entries.kinds.len(), entries.hosts.len()), (4, 2, 2));
    }
}
