//! Sign-ins: joins the lines that belong to one sign-in, and counts a sign-in once even if several logs recorded it.
//!
//! | step | module |
//! |---|---|
//! | lines of one process and thread → an [`Attempt`] with its user, outcome and result | [`join`] |
//! | texts of logs → small numbers | [`values`] |
//! | spellings of a user's name → a person | [`persons`] |
//! | results of different recorders → one [`SignIn`] | [`twins`] |
//! | recorders whose clocks differ by the zones of their logs | [`clocks`] |
//!
//! A *recorder* is a program that logs sign-ins: the RADIUS service, the main service, or a program built on the SDK. The copy
//! that a syslog relay keeps counts as a recorder of its own. Two recorders may log the same sign-in; their results are *twins*.
//! One recorder never logs a sign-in twice.
//!
//! Invariant: nothing here depends on the order in which threads work. Lines arrive in the order of their source, and twins are
//! matched in the order of their times.

pub mod clocks;
pub mod join;
pub mod persons;
pub mod twins;
pub mod values;

use serde::{Deserialize, Serialize};

use crate::time::{Stamp, Time};
use values::Number;

pub use join::Attempt;

/// Whether a sign-in succeeded, according to the log. It is never derived from the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Outcome {
    /// The log says that the user was let in.
    Succeeded,
    /// The log says that the user was not let in.
    Failed,
}

impl Outcome {
    /// Reads the outcome as logs write it, in upper or lower case. Returns `None` for any other text.
    ///
    /// # Examples
    ///
    /// ```
    /// use callcodes::attempt::Outcome;
    ///
    /// assert_eq!(Outcome::read(b"succeeded"), Some(Outcome::Succeeded));
    /// assert_eq!(Outcome::read(b"BAD"), Some(Outcome::Failed));
    /// assert_eq!(Outcome::read(b"pending"), None);
    /// ```
    #[must_use]
    pub fn read(text: &[u8]) -> Option<Outcome> {
        const SUCCEEDED: [&str; 6] = ["succeeded", "success", "yes", "true", "good", "accepted"];
        const FAILED: [&str; 7] = ["failed", "failure", "no", "false", "bad", "rejected", "denied"];
        // The RADIUS service writes the numbers, and the main service these words.
        match text {
            b"1" | b"succeeded" => return Some(Outcome::Succeeded),
            b"0" | b"failed" => return Some(Outcome::Failed),
            _ => {}
        }
        let is_one = |words: &[&str]| words.iter().any(|word| text.eq_ignore_ascii_case(word.as_bytes()));
        if is_one(&SUCCEEDED) { Some(Outcome::Succeeded) } else { is_one(&FAILED).then_some(Outcome::Failed) }
    }

    /// Returns the outcome as one word, which is the same in tables and in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Succeeded => "succeeded",
            Outcome::Failed => "failed",
        }
    }
}

/// A result with everything that is known about its sign-in. It is kept to [`SIGN_IN_BYTES`], because millions may wait in memory
/// to be matched with their twins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// The time of the result in nanoseconds, or [`SignIn::NO_TIME`].
    time: i64,
    /// A number for the code or name of the result, assigned by the caller.
    pub key: u32,
    /// A number for the source or for the single result, assigned by the caller.
    pub origin: u32,
    /// The user who signed in, if known.
    pub user: Number,
    /// The machine, if the lines of the sign-in name it.
    pub host: Number,
    /// The network address of the user, if known.
    pub address: Number,
    /// Several small values in one number. From the lowest bit: the outcome (2 bits), whether the zone of the time was assumed (1
    /// bit), the recorder (6 bits), the duration in milliseconds plus one, or 0 if unknown (20 bits), and whether a general pattern
    /// found the result (1 bit).
    packed: u32,
}

/// The size of a [`SignIn`] in bytes.
pub const SIGN_IN_BYTES: usize = 32;
const _: () = assert!(size_of::<SignIn>() == SIGN_IN_BYTES);

/// The number of a recorder, a program that logs sign-ins: at most [`RECORDERS_LIMIT`]. 0 means that the recorder is unknown, so
/// the result is not matched with those of other recorders.
pub type Recorder = u8;

/// The largest number that a [`Recorder`] may have.
pub const RECORDERS_LIMIT: Recorder = 63;

impl SignIn {
    const NO_TIME: i64 = i64::MIN;
    const OUTCOME: u32 = 0b11;
    const ZONE_ASSUMED: u32 = 0b100;
    const RECORDER_SHIFT: u32 = 3;
    const DURATION_SHIFT: u32 = 9;
    /// Durations are less than this, in milliseconds. It is more than [`join::SPAN_LIMIT`], which no attempt exceeds.
    const DURATION_LIMIT: u32 = 1 << 20;
    const DURATION: u32 = (SignIn::DURATION_LIMIT - 1) << SignIn::DURATION_SHIFT;
    const GENERAL: u32 = 1 << 29;

    /// Creates a sign-in with the given result, time, recorder and origin. Everything else is unknown.
    #[must_use]
    pub fn new(key: u32, stamp: Option<Stamp>, recorder: Recorder, origin: u32) -> SignIn {
        let (user, host, address) = Default::default();
        let zone = if stamp.is_some_and(|stamp| stamp.zone_is_assumed()) { SignIn::ZONE_ASSUMED } else { 0 };
        let packed = zone | u32::from(recorder.min(RECORDERS_LIMIT)) << SignIn::RECORDER_SHIFT;
        let time = stamp.map_or(SignIn::NO_TIME, |stamp| stamp.time.nanoseconds());
        SignIn { time, key, origin, user, host, address, packed }
    }

    /// Returns the time of the result, if it has one.
    #[must_use]
    pub fn time(&self) -> Option<Time> {
        (self.time != SignIn::NO_TIME).then(|| Time::from_nanoseconds(self.time))
    }

    /// Whether the time is written without a zone, so that one had to be assumed.
    #[must_use]
    pub fn zone_is_assumed(&self) -> bool {
        self.packed & SignIn::ZONE_ASSUMED != 0
    }

    /// Returns the number of the program that recorded the result.
    #[must_use]
    pub fn recorder(&self) -> Recorder {
        Recorder::try_from(self.packed >> SignIn::RECORDER_SHIFT & u32::from(RECORDERS_LIMIT)).unwrap_or_default()
    }

    /// Returns whether the sign-in succeeded according to the log, or `None` if the log does not say.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        match self.packed & SignIn::OUTCOME {
            1 => Some(Outcome::Succeeded),
            2 => Some(Outcome::Failed),
            _ => None,
        }
    }

    /// Sets whether the sign-in succeeded according to the log.
    pub fn set_outcome(&mut self, outcome: Option<Outcome>) {
        let bits = match outcome {
            None => 0,
            Some(Outcome::Succeeded) => 1,
            Some(Outcome::Failed) => 2,
        };
        self.packed = self.packed & !SignIn::OUTCOME | bits;
    }

    /// Returns the time from the first line of the sign-in to its result, in milliseconds, if known.
    #[must_use]
    pub fn duration_ms(&self) -> Option<u32> {
        ((self.packed & SignIn::DURATION) >> SignIn::DURATION_SHIFT).checked_sub(1)
    }

    /// Sets the duration to the time from `began` to the result. It becomes unknown if that is negative, because the clock was
    /// set back.
    pub fn set_began(&mut self, began: Option<Time>) {
        let since = began.filter(|_| self.time != SignIn::NO_TIME);
        let since = since.map(|began| self.time.saturating_sub(began.nanoseconds()).div_euclid(1_000_000));
        let since = since.and_then(|since| u32::try_from(since + 1).ok());
        let since = since.filter(|&since| since < SignIn::DURATION_LIMIT).unwrap_or(0);
        self.packed = self.packed & !SignIn::DURATION | since << SignIn::DURATION_SHIFT;
    }

    /// Whether only general patterns found the result, so that it is counted separately.
    #[must_use]
    pub fn is_general(&self) -> bool {
        self.packed & SignIn::GENERAL != 0
    }

    /// Returns the same sign-in with a result that a general pattern found.
    #[must_use]
    pub fn found_by_general_pattern(self) -> SignIn {
        SignIn { packed: self.packed | SignIn::GENERAL, ..self }
    }

    /// Adds the values that `twin` has and this result does not. `twin` is a result of the same sign-in from another log.
    pub fn complete(&mut self, twin: &SignIn) {
        self.user = self.user.or(twin.user);
        self.host = self.host.or(twin.host);
        self.address = self.address.or(twin.address);
        self.set_outcome(self.outcome().or(twin.outcome()));
        if self.duration_ms().is_none() {
            self.packed |= twin.packed & SignIn::DURATION;
        }
        if !twin.is_general() {
            self.packed &= !SignIn::GENERAL;
        }
    }
}

/// Returns the name of a user without the domain: `ann` for `CONTOSO\ann` and for `ann@example.com`. A distinguished name is
/// returned unchanged.
#[must_use]
pub fn without_domain(user: &str) -> &str {
    // Searches bytes, because names are short and a search for a character takes long to set up.
    let bytes = user.as_bytes();
    if bytes.contains(&b'=') {
        return user;
    }
    let name = bytes.iter().rposition(|byte| *byte == b'\\').map_or(user, |at| &user[at + 1..]);
    name.bytes().position(|byte| byte == b'@').map_or(name, |at| &name[..at])
}

/// Returns the name of a machine without its network: `host1` for `host1.example.com`. An IP address is returned unchanged. A
/// site before the name, as in `eu/host1`, is kept.
#[must_use]
pub fn without_network(host: &str) -> &str {
    let start = host.rfind(['/', '\\']).map_or(0, |at| at + 1);
    let name = &host[start..];
    if name.starts_with(|character: char| character.is_ascii_digit()) {
        return host;
    }
    name.find('.').map_or(host, |end| &host[..start + end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{Basis, DateBasis, ZoneBasis};

    fn at(milliseconds: i64, zone: ZoneBasis) -> Option<Stamp> {
        let time = Time::from_nanoseconds(milliseconds * 1_000_000);
        Some(Stamp { time, basis: Basis { zone, date: DateBasis::Line } })
    }

    #[test]
    fn setting_one_value_keeps_the_others() {
        for recorder in [0, 1, RECORDERS_LIMIT] {
            for outcome in [None, Some(Outcome::Succeeded), Some(Outcome::Failed)] {
                for duration in [None, Some(0), Some(600_000)] {
                    for zone in [ZoneBasis::Named, ZoneBasis::Assumed] {
                        let mut sign_in = SignIn::new(7, at(1_000_000, zone), recorder, 9);
                        sign_in.set_began(
                            duration.map(|ms: u32| Time::from_nanoseconds((1_000_000 - i64::from(ms)) * 1_000_000)),
                        );
                        sign_in.set_outcome(outcome);
                        assert_eq!((sign_in.recorder(), sign_in.outcome()), (recorder, outcome));
                        assert_eq!(sign_in.duration_ms(), duration);
                        assert_eq!(sign_in.zone_is_assumed(), zone == ZoneBasis::Assumed);
                    }
                }
            }
        }
    }

    #[test]
    fn a_clock_that_was_set_back_gives_no_duration() {
        let mut sign_in = SignIn::new(7, at(0, ZoneBasis::Named), 1, 0);
        sign_in.set_began(Some(Time::from_nanoseconds(2_000_000)));
        assert_eq!(sign_in.duration_ms(), None);
        sign_in.set_began(Some(Time::from_nanoseconds(i64::MIN)));
        assert_eq!(sign_in.duration_ms(), None);
    }
}
