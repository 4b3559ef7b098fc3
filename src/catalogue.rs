//! What is known about each result: its number, its names, where it comes from, what happened and what to check.
//!
//! Invariants: entries are in the order of their keys. No number and no name leads to two entries. A text that several codes
//! share leads to an entry of its own, never to one of these codes. Nothing here says whether a sign-in succeeded: a code
//! describes a call, a message or a prompt.
//!
//! Patterns say where in a log a result is; the catalogue says which result it is.

mod load;
mod names;
mod query;

use std::fmt;
use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Serialize};

pub use self::load::LoadError;
pub use self::query::{Answer, Query};
use crate::code::{Code, Key};
use crate::time::Time;

/// What tables show for a result that no entry knows: the vendor's own advice.
pub const UNKNOWN_DESCRIPTION: &str = "not in the vendor's list; contact Impero";

static BUILT_IN: LazyLock<Catalogue> = LazyLock::new(|| {
    Catalogue::from_toml(include_str!("builtin/codes.toml")).expect("the built-in codes are loaded by the tests")
});

/// Defines an enum as a table: a line for each variant, with its name for scripts and the words that people read for it.
macro_rules! worded {
    ($(#[$meaning:meta])* $name:ident {
        $($(#[$variant_meaning:meta])* $variant:ident: $script_name:literal, $words:literal;)*
    }) => {
        $(#[$meaning])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
        pub enum $name { $($(#[$variant_meaning])* #[serde(rename = $script_name)] $variant,)* }

        impl $name {
            /// All values, in their order.
            pub const ALL: [$name; [$($words),*].len()] = [$($name::$variant),*];

            /// Returns the name in JSON, in catalogues and on the command line.
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
        /// The mobile app and its notifications.
        App: "app", "app";
        /// A code from an OATH token.
        Oath: "oath", "OATH";
        /// The check of a voice.
        Voiceprint: "voiceprint", "voiceprint";
        /// Security questions.
        SecurityQuestions: "security-questions", "security questions";
        /// None was needed: a cached earlier sign-in, or a bypass.
        Cache: "cache", "cache or bypass";
        /// The user's or the customer's account.
        Account: "account", "account";
        /// The description does not tie it to one.
        Any: "any", "any";
        /// The request itself, before any was chosen.
        Request: "request", "request";
    }
}

worded! {
    /// The kind of result, which suggests where to look. The order is not a ranking, and no group means that a sign-in
    /// succeeded or failed.
    Group {
        /// The person gave what was asked for; whether it was right is another matter.
        FactorGiven: "factor-given", "factor given";
        /// Nothing was called or sent.
        NoCallMade: "no-call-made", "no call made";
        /// Interim: a later result follows.
        StillPending: "still-pending", "still pending";
        /// The person did, or left undone, something that can be talked through.
        PersonsAction: "persons-action", "person's action";
        /// The call, message or prompt did not get to the person.
        NotReached: "not-reached", "not reached";
        /// Blocks, locks and fraud reports.
        Security: "security", "security";
        /// The program that asks repeats itself too early.
        ClientResend: "client-resend", "client resend";
        /// Configuration, stored numbers or licences.
        SetupOrLicence: "setup-or-licence", "set-up or licence";
    }
}

/// What is known about one result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The number, if one is public.
    pub code: Option<Code>,
    /// The name of an entry without a number: its symbol, or the text that several codes share.
    pub name: Option<String>,
    /// The vendor's description, word for word.
    pub description: String,
    /// The name in the server's logs.
    pub symbol: Option<String>,
    /// The name in the SDK.
    pub sdk_constant: Option<String>,
    /// Other descriptions of the same result, in reports or in SDKs.
    pub other_descriptions: Vec<String>,
    /// The codes that share this entry's description. Empty for every entry that stands for a single result.
    pub candidates: Vec<Code>,
    /// How the result came about.
    pub channel: Channel,
    /// The kind of result, which suggests where to look.
    pub group: Group,
    /// What happened on the phone, in the app or with the code, in one or two sentences.
    pub happened: String,
    /// What `happened` and `checks` are based on.
    pub evidence: Evidence,
    /// What to check, the most useful first: one to [`CHECKS_LIMIT`].
    pub checks: Vec<Check>,
    /// Who can usually do something about it, the most likely first. At least one.
    pub whose: Vec<Whose>,
}

/// The most checks that an entry may have.
pub const CHECKS_LIMIT: usize = 3;

/// Something to check.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// What to look at or do, as a sentence.
    pub check: String,
    /// Where to find that: a place in a console, a log or a person, without a full stop.
    #[serde(rename = "where")]
    pub place: String,
}

/// What the explanation of a result is based on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Evidence {
    /// A public source explains this result.
    Documented,
    /// Public sources describe only the feature in the name of the result.
    Feature,
    /// Nothing but the name is public.
    Name,
}

impl Evidence {
    /// Returns a sentence that warns the reader; `None` if a public source explains the result.
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
    /// Who can usually do something about a result.
    Whose {
        /// The phone, switchboard or app of one user.
        UsersPhone: "users-phone", "the user's phone";
        /// What is stored about one user: number, PIN, mode, token.
        UsersData: "users-data", "the user's data";
        /// The program, RADIUS client or VPN that asks for the second factor.
        Client: "client", "the client";
        /// The settings of the server or the tenant.
        ServerSettings: "server-settings", "server settings";
        /// Licences and what the account may use.
        Licence: "licence", "licence";
        /// The service and the telephone network.
        Platform: "platform", "the service";
        /// Someone should find out whether this was an attack.
        Security: "security", "security";
    }
}

/// A service that results came from, and that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its name, as it stands in a sentence.
    pub name: String,
    /// The last day on which it served requests: `2024-09-30`.
    pub last_day: String,
    /// The last moment of that day, in whatever zone.
    pub end: Time,
}

impl Entry {
    /// The row that this entry's results count in.
    #[must_use]
    pub fn key(&self) -> Key {
        match self.code {
            Some(code) => Key::Code(code),
            None => Key::Name(Arc::from(self.name.as_deref().unwrap_or(&self.description))),
        }
    }

    /// Returns every name that a log may write for the result, except for its number.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.symbol
            .iter()
            .chain(&self.sdk_constant)
            .chain([&self.description])
            .chain(&self.other_descriptions)
            .map(String::as_str)
    }
}

/// All entries, with the lookup from what a log writes to its entry.
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
    /// The keys of the entries, in the same order, so that an entry is found by binary search.
    keys: Vec<Key>,
    /// The keys that are numbers, which come first. They are compared faster, and looked up for every line that is printed.
    codes: Vec<Code>,
    names: names::Names,
    services: Vec<Service>,
}

impl Catalogue {
    /// Returns the built-in catalogue.
    #[must_use]
    pub fn built_in() -> &'static Catalogue {
        &BUILT_IN
    }

    /// Reads a catalogue in the form that `src/builtin/codes.toml` describes.
    ///
    /// # Errors
    ///
    /// Fails if the text is not TOML of that form, if an entry is incomplete, or if two entries have the same number or name.
    pub fn from_toml(text: &str) -> Result<Catalogue, LoadError> {
        load::from_toml(text)
    }

    /// Returns all entries: numbers in ascending order, then names.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Returns the services that results come from and that have ended.
    #[must_use]
    pub fn services(&self) -> &[Service] {
        &self.services
    }

    /// Returns the entry for a result; `None` if it is not in the catalogue.
    #[must_use]
    pub fn entry(&self, key: &Key) -> Option<&Entry> {
        let index = match key {
            Key::Code(code) => self.codes.binary_search(code),
            Key::Name(_) => self.keys.binary_search(key),
        };
        index.ok().map(|index| &self.entries[index])
    }

    /// Returns the description of a result as tables show it.
    #[must_use]
    pub fn description(&self, key: &Key) -> &str {
        self.entry(key).map_or(UNKNOWN_DESCRIPTION, |entry| &entry.description)
    }

    /// Returns what a value in a log counts under. The value may be a number, a symbol, an SDK constant or a text.
    ///
    /// Blanks and quotes around it, trailing ` .,;:-` and the case of letters are ignored.
    ///
    /// * An empty value is [`Code::NONE`].
    /// * A decimal number of 32 bits is that code, known or not.
    /// * Anything else belongs to the entry with the longest name at the beginning of the value that ends where a word ends:
    ///   `PIN Entered for user bob` is 1, and `SUCCESS_NO_PIN_FOO` is none. A name further on does not count.
    /// * A value without an entry keeps its name as written, made printable and cut after 80 characters, where `…` marks the cut.
    ///   If it is nothing but trailing marks, such as `...`, these are kept.
    #[must_use]
    pub fn resolve(&self, written: &[u8]) -> Key {
        let core = names::core(written);
        if core.is_empty() {
            return Key::Code(Code::NONE);
        }
        if let Some(code) = names::number(core) {
            return Key::Code(code);
        }
        match self.names.longest_prefix(core) {
            Some(found) => self.keys[found.entry].clone(),
            None => Key::Name(Arc::from(names::shown(core))),
        }
    }
}
