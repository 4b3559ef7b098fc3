//! Describes each result: its number, its names, what happened and what to check.
//!
//! The results of each product are a family, such as `nps`. Their codes and names are never those of another family.
//!
//! Invariants: entries are sorted by key. No number and no name belongs to two entries of a family. A text that several codes share has its
//! own entry, and does not belong to any of these codes. Nothing here says whether a sign-in succeeded: a code describes a call,
//! a message or a prompt.
//!
//! Patterns find results in a log; the catalogue identifies and explains them.

mod load;
mod names;
mod query;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

pub use self::load::LoadError;
pub use self::query::{Answer, Query};
use crate::code::{Code, Key, MFA, Name};
use crate::time::Time;

/// What tables show for a result of the family [`MFA`] that is not in the catalogue. The advice is the vendor's own.
pub const UNKNOWN_DESCRIPTION: &str = "not in the vendor's list; contact Impero";

/// What tables show for a result of another family that is not in the catalogue.
pub const UNKNOWN_NAME_DESCRIPTION: &str = "not in the list of this family";

/// Returns what tables show for a result that is not in the catalogue.
#[must_use]
pub fn unknown_description(key: &Key) -> &'static str {
    if key.family() == MFA { UNKNOWN_DESCRIPTION } else { UNKNOWN_NAME_DESCRIPTION }
}

/// The built-in catalogue, which `build.rs` makes from the files in `src/builtin`.
const BUILT_IN_TEXT: &str = include_str!(concat!(env!("OUT_DIR"), "/catalogue.json"));

static BUILT_IN: LazyLock<Catalogue> =
    LazyLock::new(|| load::from_json(BUILT_IN_TEXT).expect("the built-in codes are loaded by the tests"));

/// Defines an enum from a table with one row for each variant: its name for scripts, and the words to show to people.
macro_rules! worded {
    ($(#[$meaning:meta])* $name:ident {
        $($(#[$variant_meaning:meta])* $variant:ident: $script_name:literal, $words:literal;)*
    }) => {
        $(#[$meaning])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
        pub enum $name { $($(#[$variant_meaning])* #[serde(rename = $script_name)] $variant,)* }

        impl $name {
            /// All variants, in the order in which they are listed.
            pub const ALL: [$name; [$($words),*].len()] = [$($name::$variant),*];

            /// Returns the name, as used in JSON, in catalogues and on the command line.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $($name::$variant => $script_name,)* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(match self { $($name::$variant => $words,)* })
            }
        }
    };
}

worded! {
    /// How the user was asked for the second factor.
    Channel {
        /// A phone call.
        Call: "call", "call";
        /// A text message, one-way or two-way.
        TextMessage: "text-message", "text message";
        /// The mobile app, with a notification.
        App: "app", "app";
        /// A code from an OATH token.
        Oath: "oath", "OATH";
        /// A check of the user's voice.
        Voiceprint: "voiceprint", "voiceprint";
        /// Security questions.
        SecurityQuestions: "security-questions", "security questions";
        /// The user was not asked: an earlier sign-in was cached, or there is a bypass.
        Cache: "cache", "cache or bypass";
        /// The user was not asked, because of the user's or the customer's account.
        Account: "account", "account";
        /// The description of the result does not name a channel.
        Any: "any", "any";
        /// The request failed before a channel was chosen.
        Request: "request", "request";
    }
}

worded! {
    /// A kind of result, which suggests where to look for the cause. The order is not a ranking, and no group means that a
    /// sign-in succeeded or failed.
    Group {
        /// The person gave what was asked for. It may not have been correct.
        FactorGiven: "factor-given", "factor given";
        /// No call was made, and no message or prompt was sent.
        NoCallMade: "no-call-made", "no call made";
        /// An interim result, which a later one follows.
        StillPending: "still-pending", "still pending";
        /// The person did something, or did not do something, that they can be asked about.
        PersonsAction: "persons-action", "person's action";
        /// The call, message or prompt did not reach the person.
        NotReached: "not-reached", "not reached";
        /// A block, a lock or a fraud report.
        Security: "security", "security";
        /// The program that sends requests repeats them too early.
        ClientResend: "client-resend", "client resend";
        /// The configuration, a stored number or a licence.
        SetupOrLicence: "setup-or-licence", "set-up or licence";
    }
}

/// An entry of the catalogue: everything that is known about one result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The family of the result.
    pub family: String,
    /// The code, if it is public.
    pub code: Option<Code>,
    /// The name of an entry without a code: its symbol, the text that several codes share, or, in families other than [`MFA`], the
    /// name in the log.
    pub name: Option<String>,
    /// The vendor's description, unchanged.
    pub description: String,
    /// The name of the result in the server's logs.
    pub symbol: Option<String>,
    /// The name of the result in the SDK.
    pub sdk_constant: Option<String>,
    /// Other descriptions of the same result, in reports or in SDKs.
    pub other_descriptions: Vec<String>,
    /// The codes that share this entry's description. Empty if the entry stands for a single result.
    pub candidates: Vec<Code>,
    /// The most similar results of the family [`MFA`]. They are never counted together.
    pub see_also: Vec<Code>,
    /// How the user was asked for the second factor.
    pub channel: Channel,
    /// The kind of result, which suggests where to look.
    pub group: Group,
    /// What happened on the phone, in the app or with the code, in one or two sentences.
    pub happened: String,
    /// How well public sources support `happened` and `checks`.
    pub evidence: Evidence,
    /// What to check, the most useful first: from one to [`CHECKS_LIMIT`] checks.
    pub checks: Vec<Check>,
    /// Who can usually fix the cause, the most likely first. There is at least one.
    pub whose: Vec<Whose>,
}

/// The largest number of checks in an entry.
pub const CHECKS_LIMIT: usize = 3;

/// Something to check when a result occurs.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// What to look at or do, as a sentence.
    pub check: String,
    /// Where to look for the check, such as a page of a console, a log or a person. Ends without a full stop.
    #[serde(rename = "where")]
    pub place: String,
}

/// How well public sources support the explanation of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Evidence {
    /// A public source explains this result.
    Documented,
    /// Public sources describe only the feature that the result is named after.
    Feature,
    /// Only the name of the result is public.
    Name,
}

impl Evidence {
    /// Returns a sentence that warns the reader, or `None` if a public source explains the result.
    #[must_use]
    pub fn caveat(self) -> Option<&'static str> {
        match self {
            Evidence::Documented => None,
            Evidence::Feature => Some(
                "No public source explains this result. The text follows its name and the feature it is named after.",
            ),
            Evidence::Name => Some("No public source explains this result. The text follows its name."),
        }
    }
}

worded! {
    /// Who can usually fix the cause of a result.
    Whose {
        /// The user, whose phone, switchboard or app is the cause.
        UsersPhone: "users-phone", "the user's phone";
        /// The person who maintains the data that is stored about the user: number, PIN, mode, token.
        UsersData: "users-data", "the user's data";
        /// The person who runs the program, RADIUS client or VPN that asks for the second factor.
        Client: "client", "the client";
        /// The person who maintains the settings of the server or the tenant.
        ServerSettings: "server-settings", "server settings";
        /// The person who manages licences and what the account may use.
        Licence: "licence", "licence";
        /// The provider of the service or of the telephone network.
        Platform: "platform", "the service";
        /// The security team, which should find out whether this was an attack.
        Security: "security", "security";
    }
}

/// A retired service from which results came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// The name of the service, as written in a sentence.
    pub name: String,
    /// The last day on which the service answered requests, such as `2024-09-30`.
    pub last_day: String,
    /// The last moment of the service's last day, in the time zone where that day ends last.
    pub end: Time,
}

impl Entry {
    /// Returns the key under which results with this entry are counted.
    #[must_use]
    pub fn key(&self) -> Key {
        match self.code {
            Some(code) => Key::Code(code),
            None => Key::Name(Name::of(&self.family, self.name.as_deref().unwrap_or(&self.description))),
        }
    }

    /// Returns every name by which a log may refer to the result, except for its number.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        // Outside the vendor's family, the description only explains the name.
        let description = Some(&self.description).filter(|_| self.family == MFA);
        let name = self.name.as_ref().filter(|_| self.family != MFA);
        self.symbol
            .iter()
            .chain(&self.sdk_constant)
            .chain(name)
            .chain(description)
            .chain(&self.other_descriptions)
            .map(String::as_str)
    }
}

/// All entries, with a lookup of the values that logs contain.
///
/// # Examples
///
/// ```
/// use callcodes::catalogue::Catalogue;
///
/// let catalogue = Catalogue::built_in();
/// let key = catalogue.resolve(b"SUCCESS_PHONE_APP_AUTHENTICATED");
/// assert_eq!(key.to_string(), "21");
/// assert_eq!(catalogue.entry(&key).unwrap().description, "Mobile App Authenticated");
/// ```
#[derive(Clone, Debug)]
pub struct Catalogue {
    entries: Vec<Entry>,
    /// The keys of the entries, in the same order, for a binary search.
    keys: Vec<Key>,
    /// The keys that are numbers, which come before the names. Comparing them is faster, which matters because each printed line
    /// looks one up.
    codes: Vec<Code>,
    /// The names of each family.
    names: BTreeMap<String, names::Names>,
    services: Vec<Service>,
}

impl Catalogue {
    /// Returns the built-in catalogue.
    #[must_use]
    pub fn built_in() -> &'static Catalogue {
        &BUILT_IN
    }

    /// Returns the text of the built-in catalogue, by which two versions of it can be compared.
    #[must_use]
    pub fn built_in_text() -> &'static str {
        BUILT_IN_TEXT
    }

    /// Reads a catalogue in the format that `src/builtin/codes.toml` describes.
    ///
    /// # Errors
    ///
    /// Fails if the text does not have that format, if an entry is incomplete, or if two entries have the same number or name.
    pub fn from_toml(text: &str) -> Result<Catalogue, LoadError> {
        load::from_toml(text)
    }

    /// Adds the entries of a user to these. An entry with the same key as one of these replaces it.
    ///
    /// # Errors
    ///
    /// Returns the index of an entry that is incomplete or has a name of another one, and what is wrong with it.
    pub fn with(&self, own: Vec<Entry>) -> Result<Catalogue, (usize, LoadError)> {
        load::with(self, own)
    }

    /// Returns all entries: numbers in ascending order, then names.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Returns the retired services from which results came.
    #[must_use]
    pub fn services(&self) -> &[Service] {
        &self.services
    }

    /// Returns the entry for a result, or `None` if the result is not in the catalogue.
    #[must_use]
    pub fn entry(&self, key: &Key) -> Option<&Entry> {
        let index = match key {
            Key::Code(code) => self.codes.binary_search(code),
            Key::Name(_) => self.keys.binary_search(key),
        };
        index.ok().map(|index| &self.entries[index])
    }

    /// Returns the description of a result, as tables show it.
    #[must_use]
    pub fn description(&self, key: &Key) -> &str {
        self.entry(key).map_or_else(|| unknown_description(key), |entry| &entry.description)
    }

    /// Returns the key under which a value in a log is counted. The value may be a number, a symbol, an SDK constant or a text.
    ///
    /// Blanks and quotes around the value, trailing ` .,;:-` and letter case are ignored.
    ///
    /// * An empty value is [`Code::NONE`].
    /// * A decimal number of 32 bits is that code, even if the catalogue does not contain it.
    /// * Any other value belongs to the entry with the longest name at the start of the value that ends at the end of a word:
    ///   `PIN Entered for user bob` is 1, and `SUCCESS_NO_PIN_FOO` has no entry. Names that occur later in the value are not
    ///   considered.
    /// * A value without an entry keeps its name as written, made printable, and cut after 80 characters with an `…`. A value
    ///   that consists only of trailing punctuation, such as `...`, keeps it.
    #[must_use]
    pub fn resolve(&self, written: &[u8]) -> Key {
        let core = names::core(written);
        if core.is_empty() {
            return Key::Code(Code::NONE);
        }
        if let Some(code) = names::number(core) {
            return Key::Code(code);
        }
        self.resolve_name(MFA, core)
    }

    /// Returns the key under which a value in a log is counted that is the name of a result of this family. In families other than
    /// [`MFA`], every value is a name, also a number.
    #[must_use]
    pub fn resolve_in(&self, family: &str, written: &[u8]) -> Key {
        if family == MFA { self.resolve(written) } else { self.resolve_name(family, names::core(written)) }
    }

    fn resolve_name(&self, family: &str, core: &[u8]) -> Key {
        match self.names.get(family).and_then(|names| names.longest_prefix(core)) {
            Some(found) => self.keys[found.entry].clone(),
            None => Key::Name(Name::of(family, &names::shown(core))),
        }
    }

    /// Returns the names of the families, in alphabetical order.
    pub fn families(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(String::as_str)
    }
}
