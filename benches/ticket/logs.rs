//! The logs: what happened as each recorder writes it, in order of time, and cut by rotation.

use std::fmt::Write as _;

use super::plan::{Event, Recorded, moment};
use super::random::Random;
use super::truth::{self, SignIn, Written, iso};
use super::{Layout, MILLISECOND, Order, SECOND, Spec, Spelling, Ticket, between, index};

/// In noise, `%u` is a user, `%a` an address and `%n` a number below 1000.
const RADIUS_NOISE: [&str; 8] = [
    r"Access-Request with identifier %n received from %a:50%n for user CONTOSO\%u, 9 attributes, 214 bytes",
    "Access-Accept with identifier %n sent to %a:50%n after 5366 ms, 3 attributes, 71 bytes",
    "Access-Reject with identifier %n sent to %a:50%n after 5366 ms, 1 attribute, 38 bytes",
    "Attribute 31 (Calling-Station-Id) is '%a', attribute 32 (NAS-Identifier) is 'vpn%n.example.com'",
    r"User 'CONTOSO\%u' found in group 'CN=VPN Users,OU=Groups,DC=example,DC=com', standard mode",
    "pfAuthUser: worker took identifier %n from the queue; %n waiting, 8 workers, 2 of them idle",
    "Duplicate of identifier %n from %a:50%n dropped: the first request is still being worked on",
    "   at PfAuth.Radius.Session.ReadReply(Stream reply, Int32& rawCallStatus, Int32& errorId) in session.cs:line %n",
];

const SERVICE_NOISE: [&str; 6] = [
    "Pfauth started for user '%u'.",
    r#"User "admin" changed user "%u" value phone from "+1 425 555 0102" to "+1 425 555 0121""#,
    "queue: %n waiting | 8 workers | oldest %n ms",
    "voiceprint result = 2, device validation result = 4, error-id: %n",
    "Reply for '%u' in %n ms from %a:443, message error id: %n",
    "   at PfAuth.Client.AuthenticateLocal(PfAuthParams pfAuthParams, Int32& callStatus, Int32& errorId) in client.cs:line %n",
];

const FIRST_NAMES: [&str; 16] = [
    "ann", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy", "mallory", "niaj", "olivia",
    "peggy", "trent", "victor",
];

const LAST_NAMES: [&str; 10] =
    ["", ".lee", ".o'neil", "-ray", "_kim", ".hall~2", ".svc$", ".de.vries", "#test", ".smith"];

/// Returns the name of a user in lower case and without a domain.
fn user_name(user: usize) -> String {
    let (first, rest) = (FIRST_NAMES[user % FIRST_NAMES.len()], user / FIRST_NAMES.len());
    let (last, number) = (LAST_NAMES[rest % LAST_NAMES.len()], rest / LAST_NAMES.len());
    if number == 0 { format!("{first}{last}") } else { format!("{first}{number}{last}") }
}

fn spelled(user: &str, usual: String, spelling: Spelling, random: &mut Random) -> String {
    let capital = || user[..1].to_uppercase() + &user[1..];
    match (spelling, random.below(5)) {
        (Spelling::Usual, _) => usual,
        (_, 0) => format!(r"CONTOSO\{user}"),
        (_, 1) => format!(r"contoso\{}", capital()),
        (_, 2) => format!("{}@contoso", capital()),
        (_, 3) => user.to_uppercase(),
        _ => user.to_owned(),
    }
}

/// A line to be written: sorted by time, then by its place in the sign-in, then at random.
struct Line {
    time: i64,
    place: u8,
    tie: u64,
    text: String,
    /// The sign-in that it belongs to, and as what.
    of: Option<(usize, Written)>,
}

/// A line of the relay, with the exact time of the event.
pub(super) type Relayed = (i64, String);

/// The logs of one machine in the making.
struct Logs<'s> {
    spec: &'s Spec,
    random: &'s mut Random,
    radius: Vec<Line>,
    service: Vec<Line>,
    sign_ins: Vec<SignIn>,
}

/// Returns the logs of one machine, and adds what goes through the relay to `relay`.
pub(super) fn machine(
    spec: &Spec,
    host: &str,
    events: &[Event],
    windows: &[(i64, i64)],
    random: &mut Random,
    relay: &mut Vec<Relayed>,
) -> Ticket {
    let skew = between(random, -spec.skew, spec.skew + 1);
    let mut logs = Logs { spec, random, radius: Vec::new(), service: Vec::new(), sign_ins: Vec::new() };
    for (event, call) in events.iter().flat_map(|event| event.times.chunks(2).map(move |call| (event, call))) {
        let (begin, end) = (call[0], call[1]);
        let host = host.to_owned();
        let (user, code, succeeded) = (user_name(event.user), event.row.code, event.succeeded);
        logs.sign_ins.push(SignIn { host, user, code, succeeded, ..SignIn::default() });
        if event.recorded != Recorded::Service {
            logs.sign_in_by_radius(event, begin, end);
        }
        if event.recorded != Recorded::Radius {
            let time = end + skew - between(logs.random, MILLISECOND, 3 * MILLISECOND);
            logs.sign_in_by_service(event, time, relay);
        }
    }
    for _ in 0..spec.noise * logs.sign_ins.len() {
        let time = moment(windows, 0, logs.random);
        logs.noise(time);
    }
    let mut part = Ticket::default();
    part.truth.sign_ins = logs.sign_ins;
    for (name, lines) in [("MultiFactorAuthRadiusSvc.log", logs.radius), ("MultiFactorAuthSvc.log", logs.service)] {
        let path = match spec.layout {
            Layout::Folders => format!("{host}/{name}"),
            Layout::Prefixes => format!("{}_{name}", host.to_uppercase()),
            Layout::Bare => name.to_owned(),
        };
        rotate(spec, &path, lines, &mut part);
    }
    part
}

/// Returns the file of the relay.
pub(super) fn relay(spec: &Spec, mut lines: Vec<Relayed>) -> Ticket {
    lines.sort();
    let mut text = String::new();
    for (_, line) in lines {
        text += &line;
        text += spec.line_end;
    }
    Ticket { files: vec![(relay_name(spec).to_owned(), text.into_bytes())], ..Ticket::default() }
}

fn relay_name(spec: &Spec) -> &'static str {
    if spec.layout == Layout::Folders { "relay/syslog" } else { "syslog" }
}

impl Logs<'_> {
    fn radius_line(&mut self, time: i64, place: u8, thread: usize, message: &str, of: Option<(usize, Written)>) {
        let text = format!("{}|0|1412|{}|pfrad|{message}", iso(time), 6452 + 4 * thread);
        self.radius.push(Line { time, place, tie: self.random.next(), text, of });
    }

    fn service_line(&mut self, time: i64, thread: usize, message: &str, of: Option<(usize, Written)>) {
        let text = format!("{}|i|1388|{}|pfsvc|{message}", iso(time), 5104 + 4 * thread);
        self.service.push(Line { time, place: 0, tie: self.random.next(), text, of });
    }

    fn sign_in_by_radius(&mut self, event: &Event, begin: i64, end: i64) {
        let number = self.sign_ins.len() - 1;
        let user = &self.sign_ins[number].user;
        let user = spelled(user, format!(r"CONTOSO\{user}"), self.spec.spelling, self.random);
        let code_first = match self.spec.order {
            Order::OutcomeFirst => false,
            Order::CodeFirst => true,
            Order::Either => self.random.below(2) == 0,
        };
        let calling = format!("Calling pfAuthUser('{user}', '', 1)");
        let outcome = format!("authResult = {}", u8::from(event.succeeded));
        let code = format!("rawCallStatus = {}", event.row.code);
        let lost = self.spec.lost;
        for (written, time, place, message, lost) in [
            (Written::Calling, begin, 0, calling, lost.calling),
            (Written::AuthResult, end, u8::from(code_first), outcome, lost.auth_result),
            (Written::RawCallStatus, end, u8::from(!code_first), code, lost.raw_call_status),
        ] {
            if self.random.below(1_000) < lost {
                self.sign_ins[number].lost.push(written);
            } else {
                self.radius_line(time, place, event.thread, &message, Some((number, written)));
            }
        }
    }

    fn sign_in_by_service(&mut self, event: &Event, time: i64, relay: &mut Vec<Relayed>) {
        let (symbol, text) = event.row.symbol.expect("the service log gets no result without a symbol");
        let (number, random) = (self.sign_ins.len() - 1, &mut *self.random);
        let sign_in = &mut self.sign_ins[number];
        // Most sign-ins through RADIUS come from one of six gateways, the others from anywhere.
        sign_in.address = match (random.below(10), event.recorded != Recorded::Service) {
            (0, _) => None,
            (_, true) => Some(format!("192.0.2.{}", 1 + random.below(6))),
            (_, false) => Some(format!("198.51.100.{}", 1 + random.below(254))),
        };
        let port = if random.below(2) == 0 { String::new() } else { format!(":{}", 49_152 + random.below(16_384)) };
        let from = sign_in.address.as_ref().map(|address| format!(" from {address}{port}")).unwrap_or_default();
        let user = spelled(&sign_in.user, sign_in.user.clone(), self.spec.spelling, random);
        let outcome = if event.succeeded { "succeeded" } else { "failed" };
        let mut message = format!("Pfauth {outcome} for user '{user}'{from}. Call status: {symbol} - \"{text}\".");
        if self.spec.relay {
            let second = time - time.rem_euclid(SECOND);
            relay.push((time, format!("{}Z {} pfsvc: {message}", &iso(second)[..19], sign_in.host)));
            let line = truth::Line { time: second, file: relay_name(self.spec).to_owned() };
            sign_in.lines.insert(Written::Relay, line);
        }
        if random.below(8) == 0 {
            message = format!("6f1c7f2e-08d4-4c2b-9b57-{:012x}|{message}", random.below(1 << 48));
        }
        self.service_line(time, event.thread, &message, Some((number, Written::Service)));
    }

    fn noise(&mut self, time: i64) {
        let thread = index(self.random, self.spec.threads);
        if self.random.below(3) < 2 {
            let message = self.fill(&RADIUS_NOISE);
            self.radius_line(time, 0, thread, &message, None);
        } else {
            let message = self.fill(&SERVICE_NOISE);
            self.service_line(time, thread, &message, None);
        }
    }

    fn fill(&mut self, templates: &[&str]) -> String {
        let random = &mut *self.random;
        let mut parts = random.pick(templates).split('%');
        let mut text = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let _ = match part.as_bytes()[0] {
                b'u' => write!(text, "{}", user_name(index(random, self.spec.users))),
                b'a' => write!(text, "192.0.2.{}", 1 + random.below(254)),
                _ => write!(text, "{}", 100 + random.below(900)),
            };
            text += &part[1..];
        }
        text
    }
}

/// Writes the lines in order to the files of a log, the oldest of which has the highest number, and notes where each is.
fn rotate(spec: &Spec, path: &str, mut lines: Vec<Line>, part: &mut Ticket) {
    lines.sort_unstable_by_key(|line| (line.time, line.place, line.tie));
    let file_count = spec.rotations + 1;
    for file in 0..file_count {
        let age = spec.rotations - file;
        let path = if age == 0 { path.to_owned() } else { format!("{path}.{age}") };
        let mut bytes = Vec::new();
        for line in &lines[lines.len() * file / file_count..lines.len() * (file + 1) / file_count] {
            bytes.extend_from_slice(line.text.as_bytes());
            bytes.extend_from_slice(spec.line_end.as_bytes());
            if let Some((number, written)) = line.of {
                part.truth.sign_ins[number].lines.insert(written, truth::Line { time: line.time, file: path.clone() });
            }
        }
        part.files.push((path, bytes));
    }
}
