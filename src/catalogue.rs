//! What is known of each result: its number, its names, where it comes from and what it means to whoever troubleshoots.
//!
//! Invariants: the entries stand in the order of their keys, no number and no name leads to two of them, and a text that
//! several codes share leads to an entry of its own, never to one of those codes. Nothing here says whether a sign-in
//! succeeded: a code describes a call, a message or a prompt.
//!
//! Not beside the patterns: they say where a log writes a result, this says which one it is.

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

/// Defines an enum as a table: a line for each variant, with the words that people read for it.
macro_rules! worded {
    ($(#[$meaning:meta])* $name:ident { $($(#[$variant_meaning:meta])* $variant:ident: $words:literal,)* }) => {
        $(#[$meaning])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum $name { $($(#[$variant_meaning])* $variant,)* }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(match self { $($name::$variant => $words,)* })
            }
        }
    };
}

worded! {
    /// By which way the result came about.
    Channel {
        /// A phone call.
        Call: "call",
        /// A text message, one-way or two-way.
        TextMessage: "text message",
        /// The mobile app and its notifications.
        App: "app",
        /// A code from an OATH token.
        Oath: "OATH",
        /// The check of a voice.
        Voiceprint: "voiceprint",
        /// Security questions.
        SecurityQuestions: "security questions",
        /// None was needed: a cached earlier sign-in, or a bypass.
        Cache: "cache or bypass",
        /// The user's or the customer's account.
        Account: "account",
        /// The description does not tie it to one.
        Any: "any",
        /// The request itself, before any was chosen.
        Request: "request",
    }
}

worded! {
    /// Where to look, by kind of result. The order is no ranking, and no group stands for an outcome of the sign-in.
    Group {
        /// The person gave what was asked for; whether it was right is another matter.
        FactorGiven: "factor given",
        /// Nothing was called or sent.
        NoCallMade: "no call made",
        /// Interim: a later result follows.
        StillPending: "still pending",
        /// The person did, or left undone, something that can be talked through.
        PersonsAction: "person's action",
        /// The call, message or prompt did not get to the person.
        NotReached: "not reached",
        /// Blocks, locks and fraud reports.
        Security: "security",
        /// The program that asks repeats itself too early.
        ClientResend: "client resend",
        /// Configuration, stored numbers or licences.
        SetupOrLicence: "set-up or licence",
    }
}

impl Group {
    /// The name in JSON and in queries.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Group::FactorGiven => "factor-given",
            Group::NoCallMade => "no-call-made",
            Group::StillPending => "still-pending",
            Group::PersonsAction => "persons-action",
            Group::NotReached => "not-reached",
            Group::Security => "security",
            Group::ClientResend => "client-resend",
            Group::SetupOrLicence => "setup-or-licence",
        }
    }
}

/// What is known of one result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The number, if one is public.
    pub code: Option<Code>,
    /// Of an entry without a number: its symbol, or else the text that several codes share.
    pub name: Option<String>,
    /// The vendor's words, letter by letter.
    pub description: String,
    /// The name in the server's logs.
    pub symbol: Option<String>,
    /// The name in the SDK.
    pub sdk_constant: Option<String>,
    /// Other words for the same result, in reports or in SDKs.
    pub other_descriptions: Vec<String>,
    /// The codes that share this entry's description; empty for every entry that stands for one result.
    pub candidates: Vec<Code>,
    /// By which way it came about.
    pub channel: Channel,
    /// Where to look.
    pub group: Group,
    /// What happened on the phone, in the app or with the code, in one or two sentences.
    pub happened: String,
    /// What `happened` and `checks` rest on.
    pub evidence: Evidence,
    /// What to check, the most useful first; from one to [`CHECKS_LIMIT`].
    pub checks: Vec<Check>,
    /// Whose matter it usually is, the likeliest first; at least one.
    pub whose: Vec<Whose>,
}

/// The most checks that an entry may have.
pub const CHECKS_LIMIT: usize = 3;

/// One thing to check.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// What to look at or do, as a sentence.
    pub check: String,
    /// Where that is found: a place in a console, a log or a person, without a full stop.
    #[serde(rename = "where")]
    pub place: String,
}

/// What the explanation of a result rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Evidence {
    /// A public source explains this very result.
    Documented,
    /// Public sources describe only the feature that the result is named after.
    Feature,
    /// Nothing is public but the name.
    Name,
}

impl Evidence {
    /// What a reader should know about it, as a sentence; `None` where a public source explains the result.
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
    /// Whose matter a result usually is.
    Whose {
        /// The phone, switchboard or app of one user.
        UsersPhone: "the user's phone",
        /// What is stored about one user: number, PIN, mode, token.
        UsersData: "the user's data",
        /// The program, RADIUS client or VPN that asks for the second factor.
        Client: "the client",
        /// The settings of the server or the tenant.
        ServerSettings: "server settings",
        /// Licences and what the account may use.
        Licence: "licence",
        /// The service and the telephone network.
        Platform: "the service",
        /// Someone should find out whether this was an attack.
        Security: "security",
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

    /// Every word or wording that a log may write for it, the number apart.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.symbol
            .iter()
            .chain(&self.sdk_constant)
            .chain([&self.description])
            .chain(&self.other_descriptions)
            .map(String::as_str)
    }
}

/// All entries, and the way from what a log writes to the entry.
#[derive(Clone, Debug)]
pub struct Catalogue {
    entries: Vec<Entry>,
    /// The entries' keys, place by place: ascending, so that an entry is found by bisection.
    keys: Vec<Key>,
    /// Those of them that are numbers, which come first: compared in a third of the time, and asked for with every
    /// line that is printed.
    codes: Vec<Code>,
    names: names::Names,
    services: Vec<Service>,
}

impl Catalogue {
    /// The catalogue that the program brings along.
    #[must_use]
    pub fn built_in() -> &'static Catalogue {
        &BUILT_IN
    }

    /// Reads a catalogue in the schema that `src/builtin/codes.toml` explains.
    ///
    /// # Errors
    ///
    /// If the text is no TOML of that schema, if an entry lacks what it needs, or if two entries claim one number or name.
    pub fn from_toml(text: &str) -> Result<Catalogue, LoadError> {
        load::from_toml(text)
    }

    /// All entries: numbers ascending, then names.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The services that results come from, as far as they have ended.
    #[must_use]
    pub fn services(&self) -> &[Service] {
        &self.services
    }

    /// What is known of a result. `None` if it is not in the list.
    #[must_use]
    pub fn entry(&self, key: &Key) -> Option<&Entry> {
        let index = match key {
            Key::Code(code) => self.codes.binary_search(code),
            Key::Name(_) => self.keys.binary_search(key),
        };
        index.ok().map(|index| &self.entries[index])
    }

    /// What tables show for a result.
    #[must_use]
    pub fn description(&self, key: &Key) -> &str {
        self.entry(key).map_or(UNKNOWN_DESCRIPTION, |entry| &entry.description)
    }

    /// The row that a written value counts in: a number, a symbol, an SDK constant or a text.
    ///
    /// Blanks, surrounding quotes and trailing ` .,;:-` do not count, and neither does letter case. Nothing at all is
    /// [`Code::NONE`]. A decimal number of 32 bits is that code, known or not. Anything else is the entry whose name is
    /// the longest that the value begins with, up to a word boundary: `PIN Entered for user bob` is 1, while
    /// `SUCCESS_NO_PIN_FOO` is none of them. A name further in does not count.
    ///
    /// What no entry knows keeps its name as written, made printable and cut after 80 characters, where `…` marks
    /// the cut. A value that is nothing but trailing marks, such as `...`, keeps them.
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
