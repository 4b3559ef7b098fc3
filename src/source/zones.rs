//! The zones that a configuration file assigns to times without one, according to the host or the path of a log.
//!
//! A zone is needed before the lines of a source are read, but the machines of all sources are known only after the walk.
//! Therefore a rule is matched against every part of the path of a source that may be the name of a machine, without comparing
//! it with other sources.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::machines;
use crate::filter::{Filter, Glob, Rules};

/// Rules for the zones of logs. The first rule that matches a log counts.
///
/// # Examples
///
/// ```
/// use callcodes::source::{ZoneRule, Zones};
/// use callcodes::time::zone;
///
/// let zone = zone::parse("Europe/Berlin")?;
/// let zones: Zones = [ZoneRule::new(Some("host07"), Some("*Radius*"), zone)?].into_iter().collect();
/// assert_eq!(zones.of("ticket/host07.zip!/MultiFactorAuthRadiusSvc.log"), Some(zone));
/// assert_eq!(zones.of("ticket/host07.zip!/MultiFactorAuthSvc.log"), None);
/// # Ok::<_, String>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Zones {
    rules: Arc<[ZoneRule]>,
    /// The machine on which the logs are, if it is known.
    machine: Option<Arc<str>>,
}

/// A rule that assigns a zone to some logs.
#[derive(Clone, Debug)]
pub struct ZoneRule {
    host: Option<Filter>,
    path: Option<Filter>,
    zone: &'static TimeZone,
}

impl ZoneRule {
    /// Creates a rule for logs whose host and path match these globs. The globs have the same meaning as in a [`Filter`].
    ///
    /// # Errors
    ///
    /// Fails with a message if one of them is not a valid glob.
    pub fn new(host: Option<&str>, path: Option<&str>, zone: &'static TimeZone) -> Result<ZoneRule, String> {
        let hosts = |hosts| Filter { hosts, ..Filter::default() };
        let files = |files| Filter { files, ..Filter::default() };
        Ok(ZoneRule {
            host: host.map(glob).transpose()?.map(hosts),
            path: path.map(glob).transpose()?.map(files),
            zone,
        })
    }

    fn matches(&self, name: &str, machine: Option<&str>) -> bool {
        let names = || machines::names_in(name).chain(machine);
        let is_of_host = |rule: &Filter| names().any(|host| rule.check_host(Some(host)).is_empty());
        self.host.as_ref().is_none_or(is_of_host)
            && self.path.as_ref().is_none_or(|rule| rule.check_files(&[name]).is_empty())
    }
}

/// Parses a glob. One that begins with `!` is refused, because it would match every log whose path has any other name.
fn glob(text: &str) -> Result<Rules<Glob>, String> {
    match text.strip_prefix('!') {
        Some(rest) => Err(format!("it cannot exclude. Write '{rest}' in a table with another zone above this one")),
        None if text.is_empty() => Err("it is empty. Write a glob such as 'host0*'".to_owned()),
        None => text.parse(),
    }
}

impl Zones {
    /// Returns the zone of the source with this name, or `None` if no rule matches.
    #[must_use]
    pub fn of(&self, name: &str) -> Option<&'static TimeZone> {
        self.rules.iter().find(|rule| rule.matches(name, self.machine.as_deref())).map(|rule| rule.zone)
    }

    /// Returns the same rules for logs of this machine, whose name need not be in their paths.
    #[must_use]
    pub fn on(&self, machine: &str) -> Zones {
        Zones { rules: Arc::clone(&self.rules), machine: Some(machine.into()) }
    }
}

impl FromIterator<ZoneRule> for Zones {
    fn from_iter<I: IntoIterator<Item = ZoneRule>>(rules: I) -> Zones {
        Zones { rules: rules.into_iter().collect(), machine: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::zone;

    fn matches(host: &str, path: &str, name: &str) -> bool {
        let some = |text: &'static str| Some(text).filter(|text| !text.is_empty());
        let [host, path] = [host, path].map(|text| some(Box::leak(Box::from(text))));
        ZoneRule::new(host, path, zone::parse("+01:00").unwrap()).unwrap().matches(name, None)
    }

    #[test]
    fn a_host_is_a_folder_an_archive_or_the_prefix_of_a_file_name() {
        for (host, name, expected) in [
            ("host07", "t/host07/Svc.log", true),
            ("HOST0*", "t/host07.example.com/logs/Svc.log", true),
            ("host07", "t/host07.tar.gz!/Svc.log", true),
            ("host07", "t/HOST07_Svc.log", true),
            ("host07", "t/host08/Svc.log", false),
            ("host0", "t/host07/Svc.log", false),
            ("host07", "Svc.log", false),
            ("*", "stdin", false),
        ] {
            assert_eq!(matches(host, "", name), expected, "{host} {name}");
        }
    }

    #[test]
    fn a_path_is_a_name_or_a_whole_path() {
        for (path, name, expected) in [
            ("*radius*", "t/MultiFactorAuthRadiusSvc.log", true),
            ("*radius*", "t/radius/Svc.log", false),
            ("*/berlin/*", "t/berlin/host07/Svc.log", true),
            ("stdin", "stdin", true),
        ] {
            assert_eq!(matches("", path, name), expected, "{path} {name}");
        }
        assert!(matches("host07", "*.log", "t/host07/Svc.log"));
        assert!(!matches("host07", "*.txt", "t/host07/Svc.log"));
        assert!(!matches("host08", "*.log", "t/host07/Svc.log"));
    }

    #[test]
    fn the_first_rule_that_matches_counts() {
        let [one, other] = ["+01:00", "+02:00"].map(|zone| zone::parse(zone).unwrap());
        let rule = |path, zone| ZoneRule::new(None, Some(path), zone).unwrap();
        let zones: Zones = [rule("a*", one), rule("*", other)].into_iter().collect();
        assert_eq!(["a.log", "b.log"].map(|name| zones.of(name)), [Some(one), Some(other)]);
        assert_eq!(Zones::default().of("a.log"), None);
    }

    #[test]
    fn logs_of_a_machine_need_not_name_it() {
        let zone = zone::parse("+01:00").unwrap();
        let zones: Zones = [ZoneRule::new(Some("host07"), Some("*.log"), zone).unwrap()].into_iter().collect();
        let of = |machine: &str, name| zones.on(machine).of(name);
        assert_eq!(of("HOST07", "Svc.log"), Some(zone));
        assert_eq!(of("host07.example.com", "logs/Svc.log"), Some(zone));
        assert_eq!([of("host08", "Svc.log"), of("host07", "Svc.txt"), zones.of("Svc.log")], [None; 3]);
    }
}
