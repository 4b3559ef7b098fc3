//! Which sign-ins a run keeps, by what is known of them.
//!
//! A [`Filter`] has [`Rules`] for each [`Part`] of a sign-in. A value is kept if an including rule matches it, or if there are only
//! excluding rules, and if no excluding rule matches it. A sign-in is kept if all parts are.
//!
//! # Rules
//!
//! `!` before a rule excludes what it matches. Letter case does not matter.
//!
//! | part | rules |
//! |---|---|
//! | codes | `102`, `100-145`, a whole name such as `FAILED_PHONE_BUSY` or `Used Cache`, or `unknown` for what is not in the catalogue |
//! | groups, channels | their names, such as `security` and `text-message` |
//! | outcomes | `succeeded`, `failed`, or `unknown` if the log does not say |
//! | users, hosts, addresses, files | globs |
//!
//! Commas separate rules, except for globs: names of users may contain commas.
//!
//! In a glob, `*` stands for any text, `?` for one character, `[a-f]` for one of these, and `[!a-f]` for one of the others. `/` and
//! `\` mean the same, because shells remove backslashes, and `*` matches them, too. Some globs also match a part of the value:
//!
//! * The user `ann` is also `CONTOSO\ann` and `ann@example.com`. A glob with a slash or `@` matches only the whole name.
//! * The host `host1` is also `host1.example.com`, and `eu/host1` of a site. A glob with a dot or a slash matches only the whole name.
//! * A glob for files matches the name of the file, or the whole name of the source if the glob has a slash. If several logs recorded a
//!   sign-in, it is enough that one of them matches.
//!
//! The empty glob matches what the log does not say, and no other glob does.
//!
//! The filter is not part of the search for results: the user and the outcome of a sign-in may be in other lines, or in another log.

mod glob;

use std::ops::BitOr;
use std::str::FromStr;

pub use self::glob::Glob;
use crate::attempt::{Outcome, without_domain, without_network};
use crate::catalogue::{Catalogue, Channel, Entry, Group, Query};
use crate::code::Key;
use crate::time::Time;
use crate::time::window::{Range, Window};
use crate::time::zone::DisplayZone;

/// What a run keeps. By default, it is everything.
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
    /// The codes and names of results.
    pub codes: Rules<Codes>,
    /// The groups of results. One that is not in the catalogue has none.
    pub groups: Rules<Group>,
    /// The channels of results. One that is not in the catalogue has none.
    pub channels: Rules<Channel>,
    /// The users.
    pub users: Rules<Glob>,
    /// The machines.
    pub hosts: Rules<Glob>,
    /// The network addresses of the users.
    pub addresses: Rules<Glob>,
    /// The log's own word on the sign-in.
    pub outcomes: Rules<Option<Outcome>>,
    /// The sources.
    pub files: Rules<Glob>,
    /// The times.
    pub window: Window,
    /// What the times were relative to.
    pub relative_to: RelativeTo,
    /// The zone of days and clock times that were given without one.
    pub zone: DisplayZone,
    /// Whether the window depends on that.
    pub lacks_zone: bool,
}

/// What the ends of a window are relative to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RelativeTo {
    /// They are fixed.
    #[default]
    Nothing,
    /// The time of the run.
    Now,
    /// The newest time in the logs. [`Filter::set_newest`] sets the window when it is known.
    Newest(Range),
}

/// The characters between the parts of a path. Globs treat them alike.
const SLASHES: [char; 2] = ['/', '\\'];

/// What a [`Filter`] looks at.
#[derive(Clone, Copy, Debug)]
pub struct Described<'s> {
    /// Which result it is.
    pub key: &'s Key,
    /// The user.
    pub user: Option<&'s str>,
    /// The machine.
    pub host: Option<&'s str>,
    /// The network address of the user.
    pub address: Option<&'s str>,
    /// The log's own word on the sign-in.
    pub outcome: Option<Outcome>,
    /// The name of the source in results.
    pub file: Option<&'s str>,
    /// The time of the result.
    pub time: Option<Time>,
}

impl<'s> Described<'s> {
    /// Describes a sign-in of which nothing is known but its result.
    #[must_use]
    pub fn new(key: &'s Key) -> Described<'s> {
        Described { key, user: None, host: None, address: None, outcome: None, file: None, time: None }
    }
}

/// A part of a filter that can drop a sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// [`Filter::codes`].
    Code,
    /// [`Filter::groups`].
    Group,
    /// [`Filter::channels`].
    Channel,
    /// [`Filter::users`]: it is another user.
    User,
    /// [`Filter::users`]: the user is not known, so that nobody knows whether it is one of them.
    NoUser,
    /// [`Filter::hosts`].
    Host,
    /// [`Filter::addresses`].
    Address,
    /// [`Filter::outcomes`].
    Outcome,
    /// [`Filter::files`].
    File,
    /// [`Filter::window`]: the time is outside.
    Window,
    /// [`Filter::window`]: there is no time, so that nobody knows whether it is outside.
    NoTime,
}

impl Part {
    /// All parts.
    pub const ALL: [Part; 11] = [
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
    ];
}

/// The parts of a filter that drop a sign-in; none if it is kept. `|` adds those of another check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Dropped(u16);

impl Dropped {
    fn unless(kept: bool, part: Part) -> Dropped {
        Dropped(u16::from(!kept) << part as u32)
    }

    /// Whether no part drops it.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Returns the parts that drop it, in the order of [`Part::ALL`].
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
    /// Whether it keeps everything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let globs = [&self.users, &self.hosts, &self.addresses, &self.files];
        self.codes.is_empty()
            && self.groups.is_empty()
            && self.channels.is_empty()
            && globs.iter().all(|globs| globs.is_empty())
            && self.outcomes.is_empty()
            && self.window == Window::default()
            && !matches!(self.relative_to, RelativeTo::Newest(_))
    }

    /// Returns the zone of days and clock times, if the window depends on it.
    #[must_use]
    pub fn window_zone(&self) -> Option<DisplayZone> {
        self.lacks_zone.then_some(self.zone)
    }

    /// Sets the window if it is relative to the newest time in the logs. If there is no such time, the window is empty.
    ///
    /// # Errors
    ///
    /// Fails with a message if a time is out of range, or if the window ends before it starts. Then it is empty, too.
    pub fn set_newest(&mut self, newest: Option<Time>) -> Result<(), String> {
        let RelativeTo::Newest(range) = self.relative_to else { return Ok(()) };
        self.window = Window::empty();
        if let Some(newest) = newest {
            self.window = range.resolve(newest, self.zone)?;
        }
        Ok(())
    }

    /// Checks all parts of a sign-in.
    ///
    /// # Errors
    ///
    /// Returns all parts that drop it, so that the caller can report a part that drops every sign-in.
    pub fn keeps(&self, sign_in: &Described<'_>, catalogue: &Catalogue) -> Result<(), Dropped> {
        let dropped = self.check_key(sign_in.key, catalogue)
            | self.check_user(sign_in.user.as_slice())
            | self.check_host(sign_in.host)
            | self.check_address(sign_in.address)
            | self.check_outcome(sign_in.outcome)
            | self.check_files(sign_in.file.as_slice())
            | self.check_time(sign_in.time);
        if dropped.is_empty() { Ok(()) } else { Err(dropped) }
    }

    /// Checks the result, and its group and channel. Like users, the same few results occur often, so the answer is worth caching.
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

    /// Checks the user, given all spellings of the name. There are none if the user is not known.
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

    /// Checks the machine.
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

    /// Checks the network address of the user.
    #[must_use]
    pub fn check_address(&self, address: Option<&str>) -> Dropped {
        let kept = self.addresses.keep(|glob| glob.matches(address.unwrap_or_default()));
        Dropped::unless(kept, Part::Address)
    }

    /// Checks the log's own word on the sign-in.
    #[must_use]
    pub fn check_outcome(&self, outcome: Option<Outcome>) -> Dropped {
        Dropped::unless(self.outcomes.keep(|wanted| *wanted == outcome), Part::Outcome)
    }

    /// Checks the names of the sources: of all that recorded the sign-in.
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

    /// Checks the time. Without a window, a sign-in needs none.
    #[must_use]
    pub fn check_time(&self, time: Option<Time>) -> Dropped {
        match time {
            Some(time) => Dropped::unless(self.window.contains(time), Part::Window),
            None => Dropped::unless(self.window == Window::default(), Part::NoTime),
        }
    }
}

/// The rules for one part of a sign-in. None keep every value.
///
/// Rules are parsed from text, and those of several texts are collected.
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
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.including.is_empty() && self.excluding.is_empty()
    }

    /// Whether they keep a value, given which of them match it.
    fn keep(&self, matches: impl Fn(&T) -> bool) -> bool {
        (self.including.is_empty() || self.including.iter().any(&matches)) && !self.excluding.iter().any(&matches)
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
    /// What is wrong with the rules, and what to do about it, as two sentences without the last full stop.
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

/// What one rule matches.
pub trait Rule: Sized {
    /// An example of several rules with commas between them; `None` if commas are part of a rule.
    const LIST_EXAMPLE: Option<&'static str>;

    /// Parses a rule without its `!`.
    ///
    /// # Errors
    ///
    /// Returns what is wrong with the rule, and what to do about it, as two sentences without the last full stop.
    fn parse(text: &str) -> Result<Self, String>;
}

/// Codes and names of results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Codes {
    /// A code, a range of codes, or a whole name.
    Known(Query),
    /// Everything that is not in the catalogue.
    Unknown,
}

impl Codes {
    fn contain(&self, key: &Key, entry: Option<&Entry>, catalogue: &Catalogue) -> bool {
        match self {
            Codes::Known(Query::Code(code)) => key.code() == Some(*code),
            Codes::Known(Query::Range(codes)) => key.code().is_some_and(|code| codes.contains(&code.0)),
            Codes::Known(Query::Words(name)) => catalogue.is_named(key, name),
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

/// The word for an outcome that the log does not say, and for results that are not in the catalogue.
const UNKNOWN: &str = "unknown";

/// Returns the value with this name, in any letter case, and with spaces for hyphens, as tables show it.
fn named<T: Copy>(text: &str, kind: &str, all: &[T], name: fn(T) -> &'static str) -> Result<T, String> {
    let hyphenated = text.replace([' ', '_'], "-");
    all.iter().copied().find(|&value| name(value).eq_ignore_ascii_case(&hyphenated)).ok_or_else(|| {
        let names: Vec<&str> = all.iter().map(|&value| name(value)).collect();
        format!("there is no {kind} {text:?}. Write one of {}", names.join(", "))
    })
}

#[cfg(test)]
mod tests;
