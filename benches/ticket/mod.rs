//! Writes a made-up support ticket, the logs of many MFA servers on one day, together with the truth about it: every
//! sign-in once, with each line that records it.
//!
//! The default ticket has 57,312 sign-ins on 40 machines and an outage on 25 of them from 08:17:12. A sign-in through RADIUS
//! is recorded by two services, so that a reader who counts lines counts nearly all of them twice.
//!
//! Invariants: the same [`Spec`] gives the same bytes and truth on every platform. On one machine, two results of the same
//! user and code are more than five seconds apart, except for [`Spec::repeats`]. No noise line holds a result, or the
//! user or outcome of a sign-in in the form in which the services log them. A whole machine is in memory at a time.
//! Names and addresses are those reserved for documentation.
#![allow(dead_code, reason = "each program that includes this uses its own part of it")]

#[path = "../data/codes.rs"]
#[allow(clippy::duplicate_mod, reason = "the logs of `benches/data` and the tickets may be in one program")]
pub(crate) mod codes;
#[path = "../data/random.rs"]
#[allow(clippy::duplicate_mod, reason = "the logs of `benches/data` and the tickets may be in one program")]
mod random;

mod logs;
mod plan;
pub(crate) mod truth;

use std::io;

use plan::Recorded;
use random::Random;
use truth::Truth;

/// Times and durations are nanoseconds, times since 1970. The logs show microseconds.
pub(crate) const MICROSECOND: i64 = 1_000;
pub(crate) const MILLISECOND: i64 = 1_000 * MICROSECOND;
pub(crate) const SECOND: i64 = 1_000 * MILLISECOND;
pub(crate) const HOUR: i64 = 3_600 * SECOND;
/// 2017-02-14T00:00:00Z.
pub(crate) const MIDNIGHT: i64 = 1_487_030_400 * SECOND;

/// Everything that determines a ticket.
#[derive(Clone, Debug)]
pub(crate) struct Spec {
    pub(crate) seed: u64,
    /// Machines are numbered from 0 here and named from `host01`.
    pub(crate) machines: usize,
    /// The sign-ins on all machines, repeats included.
    pub(crate) sign_ins: usize,
    /// How many people there are; not every one of them needs to sign in.
    pub(crate) users: usize,
    /// The time of the first possible line.
    pub(crate) start: i64,
    /// The time from the first to the last possible line; at least two minutes.
    pub(crate) span: i64,
    pub(crate) outage: Option<Outage>,
    /// This many sign-ins did not come through RADIUS: only the service log records them.
    pub(crate) service_only: usize,
    /// This many sign-ins are recorded in the RADIUS log only, half of them with codes that have no symbol.
    pub(crate) radius_only: usize,
    /// This many calls are hung up (108), and the same user's next call is hung up less than two seconds later; both logs
    /// record both. The service log records each at its own time, so there are four records of two sign-ins.
    pub(crate) repeats: usize,
    /// Sign-ins run on this many threads of a machine. Where too many would be open at a time, they take less than the
    /// usual 3 to 45 seconds.
    pub(crate) threads: usize,
    /// This many sign-ins of different users, about half of them with the same code, end in the same millisecond. At
    /// most `threads`.
    pub(crate) burst: usize,
    /// On each machine, the service log records one sign-in just before this time and the RADIUS log just after it.
    /// Useful without skew, and at least a minute after `start`.
    pub(crate) across: Option<i64>,
    /// The clocks of the two recorders of a machine differ by up to this much. Apart from that, the service log is one to
    /// three milliseconds ahead.
    pub(crate) skew: i64,
    /// A machine and an hour in which it logs nothing, counted from 0 at midnight before `start`.
    pub(crate) gaps: Vec<(usize, i64)>,
    /// A machine and the time at which its logs end.
    pub(crate) ends: Vec<(usize, i64)>,
    /// How often each log was rotated: `.log.1` is older than `.log`, and `.log.2` is older still.
    pub(crate) rotations: usize,
    /// Noise lines for each sign-in, two thirds of them in the RADIUS log.
    pub(crate) noise: usize,
    pub(crate) order: Order,
    pub(crate) lost: Lost,
    pub(crate) layout: Layout,
    /// Whether there is a syslog file in which a relay has collected the results of all service logs, with whole seconds.
    pub(crate) relay: bool,
    pub(crate) spelling: Spelling,
    pub(crate) line_end: &'static str,
}

/// A time from which four in five sign-ins on some machines end with 102 or 117.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outage {
    pub(crate) start: i64,
    pub(crate) machines: usize,
}

/// The order in which the RADIUS service logs the outcome and the code of a sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// `authResult` before `rawCallStatus`.
    OutcomeFirst,
    /// `rawCallStatus` before `authResult`.
    CodeFirst,
    /// One or the other for each sign-in.
    Either,
}

/// How many in a thousand lines of each kind are missing.
///
/// Without its `Calling` line, a result in the RADIUS log has no user. If another sign-in with the same code ended within
/// a tenth of a second, no reader can be sure which line of the service log is its twin.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lost {
    pub(crate) calling: u64,
    pub(crate) auth_result: u64,
    pub(crate) raw_call_status: u64,
}

/// How the files of a ticket are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// A folder for each machine: `host07/MultiFactorAuthSvc.log`.
    Folders,
    /// All in one folder, with the machine in the name: `HOST07_MultiFactorAuthSvc.log`.
    Prefixes,
    /// The logs of one machine, whose name is nowhere and empty in the truth: `MultiFactorAuthSvc.log`.
    Bare,
}

/// How the logs write a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// `CONTOSO\ann` in the RADIUS log and `ann` in the service log.
    Usual,
    /// Every record in another way: `CONTOSO\ann`, `contoso\Ann`, `Ann@contoso`, `ANN` or `ann`.
    Mixed,
}

impl Default for Spec {
    fn default() -> Spec {
        Spec {
            seed: 1,
            machines: 40,
            sign_ins: 57_312,
            users: 2_300,
            start: MIDNIGHT + 300 * SECOND,
            span: 12 * HOUR - 300 * SECOND,
            outage: Some(Outage { start: MIDNIGHT + 8 * HOUR + 1_032 * SECOND, machines: 25 }),
            service_only: 20,
            radius_only: 0,
            repeats: 0,
            threads: 16,
            burst: 1,
            across: None,
            skew: 0,
            gaps: Vec::new(),
            ends: Vec::new(),
            rotations: 1,
            noise: 2,
            order: Order::OutcomeFirst,
            lost: Lost::default(),
            layout: Layout::Folders,
            relay: false,
            spelling: Spelling::Usual,
            line_end: "\r\n",
        }
    }
}

impl Spec {
    /// Returns a ticket of the usual shape that takes about `bytes`, within a few per cent.
    pub(crate) fn of_size(bytes: u64) -> Spec {
        const BYTES_PER_SIGN_IN: u64 = 677;
        let sign_ins = usize::try_from(bytes / BYTES_PER_SIGN_IN).expect("a ticket that fits on a disk");
        let usual = Spec::default();
        Spec { sign_ins, service_only: sign_ins.min(usual.service_only), threads: 64, ..usual }
    }

    /// Returns how the truth, the folders and the relay call a machine.
    pub(crate) fn host(&self, machine: usize) -> String {
        if self.layout == Layout::Bare { String::new() } else { format!("host{:02}", machine + 1) }
    }
}

/// Some or all files of a ticket, and the truth about them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ticket {
    /// Relative paths with `/`, and contents.
    pub(crate) files: Vec<(String, Vec<u8>)>,
    pub(crate) truth: Truth,
}

/// Returns the whole ticket that `spec` determines.
///
/// # Panics
/// If `spec` asks for what cannot be, such as more repeats than sign-ins.
pub(crate) fn ticket(spec: &Spec) -> Ticket {
    let mut whole = Ticket::default();
    let add = |part: Ticket| {
        whole.files.extend(part.files);
        whole.truth.sign_ins.extend(part.truth.sign_ins);
        Ok(())
    };
    write(spec, add).expect("adding to a ticket cannot fail");
    whole
}

/// Passes the ticket to `take` in parts, so that it need not fit in memory: each machine on its own, then the relay.
///
/// # Errors
/// Those of `take`.
///
/// # Panics
/// As [`ticket`].
pub(crate) fn write(spec: &Spec, mut take: impl FnMut(Ticket) -> io::Result<()>) -> io::Result<()> {
    assert!((1..=spec.threads.min(100)).contains(&spec.burst), "a burst needs as many threads");
    assert!(spec.layout != Layout::Bare || (spec.machines == 1 && !spec.relay), "bare logs are of one machine");
    let mut random = Random::new(spec.seed);
    let recorded = recorded(spec, &mut random);
    let mut order: Vec<usize> = (0..spec.machines).collect();
    shuffle(&mut order, &mut random);
    let hit = spec.outage.map_or(0, |outage| outage.machines.min(spec.machines));
    let mut relay = Vec::new();
    for (machine, recorded) in recorded.iter().enumerate() {
        let outage = spec.outage.filter(|_| order[..hit].contains(&machine)).map(|outage| outage.start);
        let mut random = Random::new(random.next());
        let windows = plan::windows(spec, machine);
        let events = plan::events(spec, &windows, outage, recorded, &mut random);
        take(logs::machine(spec, &spec.host(machine), &events, &windows, &mut random, &mut relay))?;
    }
    if spec.relay {
        take(logs::relay(spec, relay))?;
    }
    Ok(())
}

/// Returns, for each machine, which logs record its sign-ins. A call and its repeat are one item.
fn recorded(spec: &Spec, random: &mut Random) -> Vec<Vec<Recorded>> {
    let special = spec.service_only + spec.radius_only + 2 * spec.repeats;
    let usual = spec.sign_ins.checked_sub(special).expect("fewer special sign-ins than sign-ins");
    let mut all = vec![Recorded::Both; usual];
    all.resize(all.len() + spec.service_only, Recorded::Service);
    all.resize(all.len() + spec.radius_only, Recorded::Radius);
    all.resize(all.len() + spec.repeats, Recorded::BothTwice);
    shuffle(&mut all, random);
    let mut machines = vec![Vec::new(); spec.machines];
    for recorded in all {
        machines[index(random, spec.machines)].push(recorded);
    }
    machines
}

fn shuffle<T>(items: &mut [T], random: &mut Random) {
    for last in (1..items.len()).rev() {
        items.swap(last, index(random, last + 1));
    }
}

/// Returns a random index below `length`, which is not 0.
fn index(random: &mut Random, length: usize) -> usize {
    usize::try_from(random.below(length as u64)).expect("an index of a slice fits usize")
}

/// Returns a random number of whole microseconds from `low` to less than `high`.
fn between(random: &mut Random, low: i64, high: i64) -> i64 {
    let steps = ((high - low) / MICROSECOND).unsigned_abs();
    low + random.below(steps.max(1)) as i64 * MICROSECOND
}
