//! Decides which sign-ins a run keeps, based on what is known about them.
//!
//! A [`Filter`] has [`Rules`] for each [`Part`] of a sign-in. A value is kept if an including rule matches it or if there are
//! only excluding rules, and if no excluding rule matches it. A sign-in is kept if all its parts are kept.
//!
//! # Rules
//!
//! `!` before a rule excludes what it matches. Letter case does not matter.
//!
//! | part | rules |
//! |---|---|
//! | codes | `102`, `100-145`, a whole name such as `FAILED_PHONE_BUSY` or `Used Cache`, a family such as `nps`, or `unknown` for what is not in the catalogue |
//! | groups, channels | their names, such as `security` and `text-message` |
//! | outcomes | `succeeded`, `failed`, or `unknown` if the log does not say |
//! | users, hosts, addresses, files | globs |
//!
//! Rules are separated by commas. Globs are not, because names of users may contain commas.
//!
//! In a glob, `*` stands for any text, `?` for one character, `[a-f]` for one of these, and `[!a-f]` for any other. `/` and `\`
//! are equivalent, because shells remove backslashes, and `*` matches them too. Some globs also match a part of the value:
//!
//! * The user `ann` is also `CONTOSO\ann` and `ann@example.com`. A glob with a slash or `@` matches only the whole name.
//! * The host `host1` is also `host1.example.com`, and `eu/host1` of a site. A glob with a dot or a slash matches only the whole
//!   name.
//! * A glob for files matches the name of the file, or the whole path of the source if the glob has a slash. If several logs
//!   recorded a sign-in, it is enough that one of them matches.
//!
//! The empty glob matches unknown values, and no other glob does.
//!
//! The filter is not part of the search for results, because the user and the outcome of a sign-in may be in other lines, or in
//! another log.

mod glob;

use std::ops::BitOr;
use std::str::FromStr;
use std::sync::Arc;

pub use self::glob::Glob;
use crate::attempt::{Outcome, without_domain, without_network};
use crate::catalogue::{Catalogue, Channel, Entry, Group, Query};
use crate::code::Key;
use crate::finding::scope::Scopes;
use crate::time::Time;
use crate::time::window::{Range, Window};
use crate::time::zone::DisplayZone;

/// The rules for the sign-ins that a run keeps. The default keeps all of them.
///
/// # Examples
///
/// ```
/// use callcodes::catalogue::Catalogue;
/// use callcodes::code::{Code, Key};
/// use callcodes::filter::{Described, Filter, Part};
///
/// let filter = Filter { codes: "100-145,!102".parse()?, users: "ann".parse()?, ..Filter::default() };
/// let key = Key::Code(Code(102));
/// let sign_in = Described { user: Some(r"CONTOSO\Ann"), ..Described::new(&key) };
/// let dropped = filter.keeps(&sign_in, Catalogue::built_in()).unwrap_err();
/// assert_eq!(dropped.parts().collect::<Vec<_>>(), [Part::Code]);
/// # Ok::<_, String>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Rules for the code or name of the result.
    pub codes: Rules<Codes>,
    /// Rules for the group of the result. A result that is not in the catalogue has none.
    pub groups: Rules<Group>,
    /// Rules for the channel of the result. A result that is not in the catalogue has none.
    pub channels: Rules<Channel>,
    /// Rules for the user.
    pub users: Rules<Glob>,
    /// Rules for the machine.
    pub hosts: Rules<Glob>,
    /// Rules for the network address of the user.
    pub addresses: Rules<Glob>,
    /// Rules for whether the sign-in succeeded, according to the log.
    pub outcomes: Rules<Option<Outcome>>,
    /// Rules for the file or other source that contains the result.
    pub files: Rules<Glob>,
    /// The time window that must contain the time of the result.
    pub window: Window,
    /// The results of a finding. If `None`, results need not belong to one.
    pub finding: Option<Arc<Scopes>>,
    /// The point in time to which the ends of the window are relative.
    pub relative_to: RelativeTo,
    /// The zone of days and clock times that were given without one.
    pub zone: DisplayZone,
    /// Whether the window depends on that.
    pub lacks_zone: bool,
}

/// The point in time to which the ends of a window are relative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RelativeTo {
    /// The ends of the window are fixed times.
    #[default]
    Nothing,
    /// The ends of the window are relative to the current time.
    Now,
    /// The ends of the window are relative to the latest time in the logs. [`Filter::set_newest`] computes the window when that
    /// time is known.
    Newest(Range),
}

/// The separators in paths. Globs treat them as equivalent.
const SLASHES: [char; 2] = ['/', '\\'];

/// A sign-in as a [`Filter`] sees it. `None` means that the value is unknown.
#[derive(Clone, Copy, Debug)]
pub struct Described<'s> {
    /// The code or name of the result.
    pub key: &'s Key,
    /// The user who signed in.
    pub user: Option<&'s str>,
    /// The machine on which the user signed in.
    pub host: Option<&'s str>,
    /// The network address of the user.
    pub address: Option<&'s str>,
    /// Whether the sign-in succeeded, according to the log.
    pub outcome: Option<Outcome>,
    /// The name of the source that contains the result.
    pub file: Option<&'s str>,
    /// The time of the result.
    pub time: Option<Time>,
}

impl<'s> Described<'s> {
    /// Describes a sign-in of which only the result is known.
    #[must_use]
    pub fn new(key: &'s Key) -> Described<'s> {
        Described { key, user: None, host: None, address: None, outcome: None, file: None, time: None }
    }
}

/// A part of a filter that can drop a sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// The rules for codes and names, in [`Filter::codes`].
    Code,
    /// The rules for groups, in [`Filter::groups`].
    Group,
    /// The rules for channels, in [`Filter::channels`].
    Channel,
    /// The rules for users, in [`Filter::users`], if the user is known.
    User,
    /// The rules for users, in [`Filter::users`], if the user is unknown. It could be a user whom the rules keep.
    NoUser,
    /// The rules for machines, in [`Filter::hosts`].
    Host,
    /// The rules for network addresses, in [`Filter::addresses`].
    Address,
    /// The rules for outcomes, in [`Filter::outcomes`].
    Outcome,
    /// The rules for files, in [`Filter::files`].
    File,
    /// The time window, in [`Filter::window`], if the time is known.
    Window,
    /// The time window, in [`Filter::window`], if the sign-in has no time. It could be in the window.
    NoTime,
    /// The finding, in [`Filter::finding`].
    Finding,
}

impl Part {
    /// All parts of a filter.
    pub const ALL: [Part; 12] = [
        Part::Code,
        Part::Group,
        Part::Channel,
        Part::User,
        Part::NoUser,
        Part::Host,
        Part::Address,
        Part::Outcome,
        Part::File,
        Part::Window,
        Part::NoTime,
        Part::Finding,
    ];
}

/// The parts of a filter that drop a sign-in. Empty if the sign-in is kept. `|` combines the results of several checks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Dropped(u16);

impl Dropped {
    /// Returns no part if `kept` is true, and else `part`.
    fn unless(kept: bool, part: Part) -> Dropped {
        Dropped(u16::from(!kept) << part as u32)
    }

    /// Whether no part drops the sign-in.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether the sign-in is dropped only because of its code or name, or what the catalogue says about it.
    #[must_use]
    pub fn is_only_key(self) -> bool {
        const KEY: u16 = 1 << Part::Code as u32 | 1 << Part::Group as u32 | 1 << Part::Channel as u32;
        !self.is_empty() && self.0 & !KEY == 0
    }

    /// Returns the parts that drop the sign-in, in the order of [`Part::ALL`].
    pub fn parts(self) -> impl Iterator<Item = Part> {
        Part::ALL.into_iter().filter(move |&part| self.0 & 1 << part as u32 != 0)
    }
}

impl BitOr for Dropped {
    type Output = Dropped;

    fn bitor(self, other: Dropped) -> Dropped {
        Dropped(self.0 | other.0)
    }
}

impl Filter {
    /// Whether the filter keeps every sign-in.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let globs = [&self.users, &self.hosts, &self.addresses, &self.files];
        self.codes.is_empty()
            && self.groups.is_empty()
            && self.channels.is_empty()
            && globs.iter().all(|globs| globs.is_empty())
            && self.outcomes.is_empty()
            && self.window == Window::default()
            && self.finding.is_none()
            && !matches!(self.relative_to, RelativeTo::Newest(_))
    }

    /// Whether the filter keeps the sign-ins of all users and times: it depends at most on the result, the machine and the file.
    #[must_use]
    pub fn keeps_all_users_and_times(&self) -> bool {
        self.users.is_empty()
            && self.addresses.is_empty()
            && self.outcomes.is_empty()
            && self.window == Window::default()
            && !matches!(self.relative_to, RelativeTo::Newest(_))
    }

    /// Returns the zone of days and clock times, if the window depends on it.
    #[must_use]
    pub fn window_zone(&self) -> Option<DisplayZone> {
        self.lacks_zone.then_some(self.zone)
    }

    /// Computes the window if it is relative to the latest time in the logs, which is `newest`. If the logs have no times, the
    /// window is empty.
    ///
    /// # Errors
    ///
    /// Fails with a message if a time is out of range, or if the window ends before it starts. The window is empty then.
    pub fn set_newest(&mut self, newest: Option<Time>) -> Result<(), String> {
        let RelativeTo::Newest(range) = self.relative_to else { return Ok(()) };
        self.window = Window::empty();
        if let Some(newest) = newest {
            self.window = range.resolve(newest, self.zone)?;
        }
        Ok(())
    }

    /// Applies all parts of the filter to a sign-in.
    ///
    /// # Errors
    ///
    /// Returns all parts that drop the sign-in, so that the caller can report a part that drops every sign-in.
    pub fn keeps(&self, sign_in: &Described<'_>, catalogue: &Catalogue) -> Result<(), Dropped> {
        let dropped = self.check_key(sign_in.key, catalogue)
            | self.check_user(sign_in.user.as_slice())
            | self.check_host(sign_in.host)
            | self.check_address(sign_in.address)
            | self.check_outcome(sign_in.outcome)
            | self.check_files(sign_in.file.as_slice())
            | self.check_time(sign_in.time)
            | self.check_finding(sign_in.key, || sign_in.user.into_iter().collect(), sign_in.host, sign_in.time);
        if dropped.is_empty() { Ok(()) } else { Err(dropped) }
    }

    /// Applies the rules for codes, groups and channels. The same few results occur often, so the answer is worth caching.
    #[must_use]
    pub fn check_key(&self, key: &Key, catalogue: &Catalogue) -> Dropped {
        let entry = catalogue.entry(key);
        let code = self.codes.keep(|codes| codes.contain(key, entry, catalogue));
        let group = self.groups.keep(|group| entry.is_some_and(|entry| entry.group == *group));
        let channel = self.channels.keep(|channel| entry.is_some_and(|entry| entry.channel == *channel));
        Dropped::unless(code, Part::Code)
            | Dropped::unless(group, Part::Group)
            | Dropped::unless(channel, Part::Channel)
    }

    /// Applies the rules for users. `spellings` are all spellings of the user's name. They are empty if the user is unknown.
    #[must_use]
    pub fn check_user(&self, spellings: &[&str]) -> Dropped {
        let part = if spellings.is_empty() { Part::NoUser } else { Part::User };
        let spellings = if spellings.is_empty() { &[""] } else { spellings };
        let kept = self.users.keep(|glob| {
            spellings.iter().any(|whole| {
                glob.matches(whole) || !glob.has(&['/', '\\', '@']) && glob.matches_part(without_domain(whole))
            })
        });
        Dropped::unless(kept, part)
    }

    /// Applies the rules for machines.
    #[must_use]
    pub fn check_host(&self, host: Option<&str>) -> Dropped {
        let whole = host.unwrap_or_default();
        let name = without_network(whole);
        let bare = name.rsplit(SLASHES).next().unwrap_or_default();
        let kept = self.hosts.keep(|glob| {
            glob.matches(whole)
                || !glob.has(&['.']) && glob.matches_part(name)
                || !glob.has(&['.', '/', '\\']) && glob.matches_part(bare)
        });
        Dropped::unless(kept, Part::Host)
    }

    /// Applies the rules for network addresses.
    #[must_use]
    pub fn check_address(&self, address: Option<&str>) -> Dropped {
        let kept = self.addresses.keep(|glob| glob.matches(address.unwrap_or_default()));
        Dropped::unless(kept, Part::Address)
    }

    /// Applies the rules for outcomes.
    #[must_use]
    pub fn check_outcome(&self, outcome: Option<Outcome>) -> Dropped {
        Dropped::unless(self.outcomes.keep(|wanted| *wanted == outcome), Part::Outcome)
    }

    /// Applies the rules for files. `files` are the names of all sources that recorded the sign-in.
    #[must_use]
    pub fn check_files(&self, files: &[&str]) -> Dropped {
        let files = if files.is_empty() { &[""] } else { files };
        let kept = self.files.keep(|glob| {
            files.iter().any(|whole| {
                let name = whole.rsplit(SLASHES).next().unwrap_or_default();
                glob.matches(if glob.has(&SLASHES) { whole } else { name })
            })
        });
        Dropped::unless(kept, Part::File)
    }

    /// Applies the time window. If there is no window, the sign-in needs no time.
    #[must_use]
    pub fn check_time(&self, time: Option<Time>) -> Dropped {
        match time {
            Some(time) => Dropped::unless(self.window.contains(time), Part::Window),
            None => Dropped::unless(self.window == Window::default(), Part::NoTime),
        }
    }

    /// Applies the results of the finding. `spellings` returns all spellings of the user's name, or nothing if the user is unknown.
    #[must_use]
    pub fn check_finding<'s>(
        &self,
        key: &Key,
        spellings: impl FnOnce() -> Vec<&'s str>,
        host: Option<&str>,
        time: Option<Time>,
    ) -> Dropped {
        let kept = self.finding.as_ref().is_none_or(|scopes| {
            let spellings = if scopes.are_of_anyone() { Vec::new() } else { spellings() };
            scopes.have(key, &spellings, host, time)
        });
        Dropped::unless(kept, Part::Finding)
    }
}

/// The rules for one part of a sign-in. If there are no rules, every value is kept.
///
/// Rules are parsed from text. Those from several texts can be combined with `collect`.
///
/// # Examples
///
/// ```
/// use callcodes::catalogue::Group;
/// use callcodes::filter::Rules;
///
/// let typed = ["security,not-reached", "!client-resend"];
/// let rules: Rules<Group> = typed.iter().map(|text| text.parse::<Rules<_>>()).collect::<Result<_, _>>()?;
/// assert!(!rules.is_empty());
/// # Ok::<_, String>(())
/// ```
#[derive(Clone, Debug)]
pub struct Rules<T> {
    including: Vec<T>,
    excluding: Vec<T>,
}

impl<T> Rules<T> {
    /// Whether there are no rules, so that every value is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.including.is_empty() && self.excluding.is_empty()
    }

    /// Whether the rules keep a value. `matches` returns whether a rule matches it.
    fn keep(&self, matches: impl Fn(&T) -> bool) -> bool {
        (self.including.is_empty() || self.including.iter().any(&matches)) && !self.excluding.iter().any(&matches)
    }
}

impl Rules<Codes> {
    /// Returns the names in the rules that no result and no family of the catalogue has. A log may still have them.
    pub fn unlisted<'r>(&'r self, catalogue: &'r Catalogue) -> impl Iterator<Item = &'r str> {
        self.including.iter().chain(&self.excluding).filter_map(|rule| match rule {
            Codes::Known(Query::Words(name)) if !catalogue.has_name(name) => Some(name.as_str()),
            _ => None,
        })
    }
}

impl<T> Default for Rules<T> {
    fn default() -> Rules<T> {
        Rules { including: Vec::new(), excluding: Vec::new() }
    }
}

impl<T> FromIterator<Rules<T>> for Rules<T> {
    fn from_iter<I: IntoIterator<Item = Rules<T>>>(all: I) -> Rules<T> {
        all.into_iter().fold(Rules::default(), |mut rules, more| {
            rules.including.extend(more.including);
            rules.excluding.extend(more.excluding);
            rules
        })
    }
}

impl<T: Rule> FromStr for Rules<T> {
    /// What is wrong with the rules and how to correct them, in two sentences without the last full stop.
    type Err = String;

    fn from_str(text: &str) -> Result<Rules<T>, String> {
        let mut rules = Rules::default();
        let parts = match T::LIST_EXAMPLE {
            Some(_) => text.split(',').map(str::trim).collect(),
            None => vec![text],
        };
        for rule in parts {
            let (rules, rule) = match rule.strip_prefix('!') {
                Some(rule) => (&mut rules.excluding, rule),
                None => (&mut rules.including, rule),
            };
            match T::LIST_EXAMPLE {
                None => rules.push(T::parse(rule)?),
                Some(example) if rule.trim().is_empty() => {
                    return Err(format!("a part of the list is empty. Write the list as in {example}"));
                }
                Some(_) => rules.push(T::parse(rule.trim())?),
            }
        }
        Ok(rules)
    }
}

/// A rule for values of one kind.
pub trait Rule: Sized {
    /// An example of several rules, separated by commas. `None` if commas can be part of a rule.
    const LIST_EXAMPLE: Option<&'static str>;

    /// Parses a rule without its `!`.
    ///
    /// # Errors
    ///
    /// Returns what is wrong with the rule and how to correct it, in two sentences without the last full stop.
    fn parse(text: &str) -> Result<Self, String>;
}

/// A rule for the code or name of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Codes {
    /// Matches a code, a range of codes, a whole name, or every result of a family.
    Known(Query),
    /// Matches every result that is not in the catalogue.
    Unknown,
}

impl Codes {
    /// Whether the rule matches a result. `entry` is the result's entry in the catalogue.
    fn contain(&self, key: &Key, entry: Option<&Entry>, catalogue: &Catalogue) -> bool {
        match self {
            Codes::Known(Query::Code(code)) => key.code() == Some(*code),
            Codes::Known(Query::Range(codes)) => key.code().is_some_and(|code| codes.contains(&code.0)),
            Codes::Known(Query::Words(name)) => {
                key.family().eq_ignore_ascii_case(name) || catalogue.is_named(key, name)
            }
            Codes::Unknown => entry.is_none(),
        }
    }
}

impl Rule for Codes {
    const LIST_EXAMPLE: Option<&'static str> = Some("4,100-145");

    fn parse(text: &str) -> Result<Codes, String> {
        if text.eq_ignore_ascii_case(UNKNOWN) {
            return Ok(Codes::Unknown);
        }
        match text.parse()? {
            Query::Words(name) if !name.contains(char::is_alphabetic) => {
                Err(format!("{name:?} is no code, range or name. Write one such as 102, 100-145 or FAILED_PHONE_BUSY"))
            }
            query => Ok(Codes::Known(query)),
        }
    }
}

impl Rule for Group {
    const LIST_EXAMPLE: Option<&'static str> = Some("security,not-reached");

    fn parse(text: &str) -> Result<Group, String> {
        named(text, "group", &Group::ALL, Group::name)
    }
}

impl Rule for Channel {
    const LIST_EXAMPLE: Option<&'static str> = Some("call,text-message");

    fn parse(text: &str) -> Result<Channel, String> {
        named(text, "channel", &Channel::ALL, Channel::name)
    }
}

impl Rule for Option<Outcome> {
    const LIST_EXAMPLE: Option<&'static str> = Some("failed,unknown");

    fn parse(text: &str) -> Result<Option<Outcome>, String> {
        let all = [Some(Outcome::Succeeded), Some(Outcome::Failed), None];
        named(text, "outcome", &all, |outcome| outcome.map_or(UNKNOWN, Outcome::name))
    }
}

/// The rule for an outcome that the log does not mention, and for results that are not in the catalogue.
const UNKNOWN: &str = "unknown";

/// Returns the value with the given name. Upper and lower case are equivalent, and so are hyphens, spaces and underscores,
/// because tables show names with spaces. Apostrophes are left out.
fn named<T: Copy>(text: &str, kind: &str, all: &[T], name: fn(T) -> &'static str) -> Result<T, String> {
    let hyphenated = text.replace([' ', '_'], "-").replace('\'', "");
    all.iter().copied().find(|&value| name(value).eq_ignore_ascii_case(&hyphenated)).ok_or_else(|| {
        let names: Vec<&str> = all.iter().map(|&value| name(value)).collect();
        format!("there is no {kind} {text:?}. Write one of {}", names.join(", "))
    })
}

#[cfg(test)]
mod tests;
