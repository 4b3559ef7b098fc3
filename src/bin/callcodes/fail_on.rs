//! The conditions of `--fail-on`, with which a script learns from the exit status that something was found.

use std::str::FromStr;

use callcodes::catalogue::Catalogue;
use callcodes::code::Key;
use callcodes::filter::{Codes, Filter, Rules};
use callcodes::report::wording::{counted, grouped};
use callcodes::summary::sign_ins::Settled;

use crate::term;

/// The word for any finding.
const FINDING: &str = "finding";
/// The largest number of codes that a message names.
const NAMED: usize = 3;

/// What makes a run fail: any finding, or results with some codes.
#[derive(Clone, Debug, Default)]
pub(crate) struct FailOn {
    is_finding: bool,
    codes: Option<Rules<Codes>>,
}

impl FromStr for FailOn {
    type Err = String;

    fn from_str(text: &str) -> Result<FailOn, String> {
        let is_finding = |part: &&str| part.trim().eq_ignore_ascii_case(FINDING);
        let (findings, codes): (Vec<&str>, Vec<&str>) = text.split(',').partition(is_finding);
        let codes = if codes.is_empty() { None } else { Some(codes.join(",").parse()?) };
        Ok(FailOn { is_finding: !findings.is_empty(), codes })
    }
}

impl FromIterator<FailOn> for FailOn {
    fn from_iter<I: IntoIterator<Item = FailOn>>(all: I) -> FailOn {
        let (mut is_finding, mut codes) = (false, Vec::new());
        for one in all {
            is_finding |= one.is_finding;
            codes.extend(one.codes);
        }
        FailOn { is_finding, codes: if codes.is_empty() { None } else { Some(codes.into_iter().collect()) } }
    }
}

impl FailOn {
    /// Whether any finding makes the run fail.
    pub(crate) fn is_about_findings(&self) -> bool {
        self.is_finding
    }

    /// Returns what is wrong with a word that is neither `finding` nor a code or name of the catalogue. Such a condition would hardly
    /// ever be met, and nobody would notice.
    pub(crate) fn mistake(&self, catalogue: &Catalogue) -> Option<String> {
        let wrong = self.codes.as_ref()?.unlisted(catalogue).next()?;
        let near = catalogue.similar_name(wrong, &[FINDING, "unknown"]);
        let hint = near.map_or_else(
            || {
                "Write finding, or codes and names as callcodes codes lists them; unknown is any other result"
                    .to_owned()
            },
            |near| format!("Did you mean {near}?"),
        );
        let wrong = term::shown(wrong);
        Some(format!("--fail-on: {wrong} is neither {FINDING} nor a code or name of the catalogue. {hint}"))
    }

    /// Returns a message for each condition that these results meet.
    pub(crate) fn met(&self, settled: &Settled, catalogue: &Catalogue, findings: &[&str]) -> Vec<String> {
        let of_findings = findings.first().filter(|_| self.is_finding).map(|first| {
            let first = if findings.len() == 1 { format!(": {first}") } else { format!("; the first: {first}") };
            format!("--fail-on {FINDING} is met by {}{first}", counted(findings.len() as u64, FINDING))
        });
        of_findings.into_iter().chain(self.met_by_codes(settled, catalogue)).collect()
    }

    fn met_by_codes(&self, settled: &Settled, catalogue: &Catalogue) -> Option<String> {
        let filter = Filter { codes: self.codes.clone()?, ..Filter::default() };
        let mut counts: Vec<(Key, u64)> = Vec::new();
        for (key, row) in settled.summary.iter().chain(settled.general.iter()) {
            if row.tally.count == 0 || !filter.check_key(&key, catalogue).is_empty() {
                continue;
            }
            match counts.iter_mut().find(|(known, _)| *known == key) {
                Some((_, count)) => *count += row.tally.count,
                None => counts.push((key, row.tally.count)),
            }
        }
        // The keys come in order, and the sort is stable.
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let mut texts: Vec<String> =
            counts.iter().take(NAMED).map(|(key, count)| of_code(key, *count, catalogue)).collect();
        let others: u64 = counts.iter().skip(NAMED).map(|(_, count)| count).sum();
        if others > 0 {
            texts.push(format!("{} with other codes", grouped(others)));
        }
        (!texts.is_empty()).then(|| format!("--fail-on is met by {}", texts.join(", ")))
    }
}

/// Returns a number of results with a code: `5 results with 102 Phone Unreachable`.
fn of_code(key: &Key, count: u64, catalogue: &Catalogue) -> String {
    let description = catalogue.entry(key).map_or("", |entry| &entry.description);
    let name = match key {
        Key::Name(_) if !description.is_empty() => description.to_owned(),
        key => format!("{} {description}", term::shown(&key.to_string())).trim_end().to_owned(),
    };
    format!("{} with {name}", counted(count, "result"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_and_codes_can_be_in_one_list() {
        let parsed = |text: &str| {
            let parsed: FailOn = text.parse().unwrap();
            (parsed.is_finding, parsed.codes.is_some())
        };
        assert_eq!(parsed("finding"), (true, false));
        assert_eq!(parsed("Finding, 102"), (true, true));
        assert_eq!(parsed("100-145"), (false, true));
        let mistake = |text: &str| text.parse::<FailOn>().unwrap().mistake(Catalogue::built_in());
        for right in ["finding,102", "9999", "100-145", "nps", "unknown", "FAILED_PHONE_BUSY", "failed_phone_busy"] {
            assert_eq!(mistake(right), None, "{right}");
        }
        for (wrong, near) in
            [("findings", "finding"), ("finding,PHONE_BSY", "FAILED_PHONE_BUSY"), ("unknwon", "unknown")]
        {
            assert!(
                mistake(wrong).unwrap().ends_with(&format!("Did you mean {near}?")),
                "{wrong}: {:?}",
                mistake(wrong)
            );
        }
        assert!(mistake("foo").unwrap().contains("Write finding"));
        assert!("102,,103".parse::<FailOn>().is_err());
    }
}
