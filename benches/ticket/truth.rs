//! What a reader of a ticket should find.

use std::collections::BTreeMap;

use super::{HOUR, MICROSECOND, SECOND};

/// One sign-in, and where it is recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SignIn {
    pub(crate) host: String,
    /// In lower case, without a domain.
    pub(crate) user: String,
    /// The address that the service log gives, without the port.
    pub(crate) address: Option<String>,
    pub(crate) code: i32,
    /// The outcome as the logs give it.
    pub(crate) succeeded: bool,
    /// The lines that are about it.
    pub(crate) lines: BTreeMap<Written, Line>,
    /// The RADIUS log's lines about it that are missing.
    pub(crate) lost: Vec<Written>,
}

/// A line about a sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// Nanoseconds since 1970, as exact as the line.
    pub(crate) time: i64,
    pub(crate) file: String,
}

/// What a line is. The first three are records of the result, the most telling first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Written {
    /// `Pfauth …` in the service log: everything.
    Service,
    /// The same in the relay's file.
    Relay,
    /// `rawCallStatus = …` in the RADIUS log: the code.
    RawCallStatus,
    /// `Calling pfAuthUser(…)` in the RADIUS log: the user.
    Calling,
    /// `authResult = …` in the RADIUS log: the outcome.
    AuthResult,
}

/// What results are counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dimension {
    Code,
    Host,
    User,
    Outcome,
    Address,
    File,
    Hour,
    Day,
}

impl SignIn {
    fn has_any(&self, written: [Written; 3]) -> bool {
        written.iter().any(|written| self.lines.contains_key(written))
    }

    /// Returns the records of the result, the most telling first.
    pub(crate) fn records(&self) -> impl Iterator<Item = &Line> {
        self.lines.range(..=Written::RawCallStatus).map(|(_, line)| line)
    }

    /// Returns the time from the call to the result in the RADIUS log, if both lines are there.
    pub(crate) fn duration(&self) -> Option<i64> {
        Some(self.lines.get(&Written::RawCallStatus)?.time - self.lines.get(&Written::Calling)?.time)
    }

    /// Returns the value as the JSON output spells it, or nothing if no line gives it. Times and files are those of the
    /// first of the [`records`](SignIn::records).
    pub(crate) fn value(&self, dimension: Dimension) -> Option<String> {
        let record = self.records().next();
        match dimension {
            Dimension::Code => Some(self.code.to_string()),
            Dimension::Host => Some(self.host.clone()).filter(|host| !host.is_empty()),
            Dimension::User => {
                self.has_any([Written::Service, Written::Relay, Written::Calling]).then(|| self.user.clone())
            }
            Dimension::Outcome => self
                .has_any([Written::Service, Written::Relay, Written::AuthResult])
                .then(|| if self.succeeded { "succeeded" } else { "failed" }.to_owned()),
            Dimension::Address => self.address.clone(),
            Dimension::File => record.map(|record| record.file.clone()),
            Dimension::Hour => record.map(|record| format!("{}:00:00Z", &iso(record.time)[..13])),
            Dimension::Day => record.map(|record| iso(record.time)[..10].to_owned()),
        }
    }
}

/// Everything about a ticket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Truth {
    /// By machine, and on each machine in the order in which they ended; a repeat comes directly after its first call.
    pub(crate) sign_ins: Vec<SignIn>,
}

impl Truth {
    /// Returns the sign-ins whose result is in some log.
    pub(crate) fn found(&self) -> impl Iterator<Item = &SignIn> {
        self.sign_ins.iter().filter(|sign_in| sign_in.records().next().is_some())
    }

    /// Returns how many results there are more than one record of.
    pub(crate) fn twins(&self) -> usize {
        self.found().filter(|sign_in| sign_in.records().count() > 1).count()
    }

    /// Returns the sign-ins for which the RADIUS log lacks this line.
    pub(crate) fn lost(&self, written: Written) -> impl Iterator<Item = &SignIn> {
        self.sign_ins.iter().filter(move |sign_in| sign_in.lost.contains(&written))
    }

    /// Counts the results, each once, by one or more dimensions.
    pub(crate) fn count_by(&self, dimensions: &[Dimension]) -> BTreeMap<Vec<Option<String>>, u64> {
        let mut counts = BTreeMap::new();
        for sign_in in self.found() {
            let key = dimensions.iter().map(|dimension| sign_in.value(*dimension)).collect();
            *counts.entry(key).or_default() += 1;
        }
        counts
    }
}

/// Returns a time as the services write it: `2017-02-14T08:17:12.000000Z`.
pub(crate) fn iso(time: i64) -> String {
    let day = time.div_euclid(24 * HOUR);
    let rest = time.rem_euclid(24 * HOUR);
    // Howard Hinnant's `civil_from_days`: years that begin in March, in eras of 400 of them.
    let shifted = day + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = 400 * era + year_of_era + i64::from(month <= 2);
    let (hour, minute, second) = (rest / HOUR, rest / (60 * SECOND) % 60, rest / SECOND % 60);
    let fraction = rest % SECOND / MICROSECOND;
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:06}Z")
}
