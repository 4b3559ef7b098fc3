//! The lines themselves: templates, and the running state that fills them in.
//!
//! Invariant: what [`Lines::count`] counts is all that a reader should find; the other templates avoid the keys, or
//! hold them with nothing that could be a value.

use std::collections::BTreeMap;

use super::codes::{ROWS, Row};
use super::random::Random;
use super::{Counts, Kind, Spec};

/// `%u` user, `%a` address, `%n` a number below 1000, `%p` a port.
const RADIUS: [&str; 10] = [
    r"Calling pfAuthUser('CONTOSO\%u', '', 1) for client vpn%n.example.com at %a",
    "authResult = 1",
    r"Access-Request with identifier %n received from %a:%p for user CONTOSO\%u, 9 attributes, 214 bytes",
    "Access-Accept with identifier %n sent to %a:%p after 5366 ms, 3 attributes, 71 bytes",
    "Access-Reject with identifier %n sent to %a:%p after 5366 ms, 1 attribute, 38 bytes",
    "Forwarding identifier %n to RADIUS target %a:1812 with shared secret 2 of 3, attempt 1, time-out 60 s",
    "Attribute 31 (Calling-Station-Id) is '%a', attribute 32 (NAS-Identifier) is 'vpn%n.example.com'",
    "Worker took identifier %n from the queue after 3 ms; %n waiting, 8 workers, 2 of them idle",
    "User 'CONTOSO\\%u' found in group 'CN=VPN Users,OU=Groups,DC=example,DC=com', standard mode, phone on file",
    "Duplicate of identifier %n from %a:%p dropped: the first request is 12 s old and still being worked on",
];

const STACK: [&str; 4] = [
    "   at PfAuth.Client.AuthenticateLocal(PfAuthParams pfAuthParams, Int32& callStatus, Int32& errorId) in client.cs:line %n",
    "   at PfAuth.Radius.Session.ReadReply(Stream reply, Int32& rawCallStatus, Int32& errorId) in session.cs:line %n",
    "   at PfAuth.Web.Portal.Describe(IFormatProvider provider, CallStatus callStatus, Boolean isFallback) in portal.cs:line %n",
    "   at PfAuth.Sdk.Response.get_callStatus() called by host%n.example.com for %a, connection reset while reading",
];

const USERS: [&str; 16] = [
    "ann",
    "bob",
    "carol",
    "dave.o'neil",
    "erin",
    "frank",
    "grace",
    "heidi-lee",
    "ivan",
    "judy",
    "mallory",
    "niaj",
    "olivia",
    "peggy",
    "svc$backup",
    "trent",
];

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// 2017-02-14T00:00:00Z, in microseconds since 1970.
const START_MICROSECONDS: i64 = 1_487_030_400_000_000;

/// The mean is a tenth of a second: a busy server.
const STEP_MICROSECONDS: u64 = 200_000;

/// The time of the line being written; it never goes back.
struct Clock {
    microseconds: i64,
    second: i64,
    /// `second` in ISO 8601, without the zone.
    text: String,
}

impl Clock {
    fn advance(&mut self, microseconds: u64) {
        self.microseconds += i64::try_from(microseconds).expect("a step is short");
        let second = self.microseconds.div_euclid(1_000_000);
        if second != self.second || self.text.is_empty() {
            self.second = second;
            let time = jiff::Timestamp::from_second(second).expect("a log does not reach the year 9999");
            self.text = time.to_string();
            self.text.truncate("2017-02-14T00:00:00".len());
        }
    }

    fn iso(&self, block: &mut Vec<u8>) {
        block.extend_from_slice(self.text.as_bytes());
        block.push(b'.');
        let mut fraction = self.microseconds.rem_euclid(1_000_000).unsigned_abs();
        let mut digits = *b"000000";
        for digit in digits.iter_mut().rev() {
            *digit += u8::try_from(fraction % 10).expect("a digit");
            fraction /= 10;
        }
        block.extend_from_slice(&digits);
        block.push(b'Z');
    }

    /// As in RFC 3164: no year, no zone, the day padded with a space.
    fn syslog(&self, block: &mut Vec<u8>) {
        let month: usize = self.text[5..7].parse().expect("a month of two digits");
        let day = self.text[8..10].strip_prefix('0').map_or(self.text[8..10].to_owned(), |day| format!(" {day}"));
        block.extend_from_slice(format!("{} {day} {}", MONTHS[month - 1], &self.text[11..]).as_bytes());
    }
}

/// A log in the making.
pub(super) struct Lines {
    kind: Kind,
    density: u64,
    /// Events left in the current run of `density`, and which of them is the result.
    left: u64,
    result_at: u64,
    random: Random,
    clock: Clock,
    line_end: u8,
    line_count: u64,
    by_code: BTreeMap<i32, u64>,
}

impl Lines {
    pub(super) fn new(spec: &Spec) -> Lines {
        let density = if spec.kind == Kind::FalseCandidates { 0 } else { spec.density };
        let line_end = if spec.kind == Kind::HugeLine { b' ' } else { b'\n' };
        Lines {
            kind: spec.kind,
            density,
            left: 0,
            result_at: 0,
            random: Random::new(spec.seed),
            clock: Clock { microseconds: START_MICROSECONDS, second: 0, text: String::new() },
            line_end,
            line_count: 0,
            by_code: BTreeMap::new(),
        }
    }

    /// Appends what happened next: a line, or a few that belong together.
    pub(super) fn event(&mut self, block: &mut Vec<u8>) {
        let step = self.random.below(STEP_MICROSECONDS);
        self.clock.advance(step);
        let is_result = self.is_result();
        match self.kind {
            Kind::Radius | Kind::HugeLine if is_result => self.raw(block),
            Kind::Pfauth if is_result => self.pfauth(block),
            Kind::Mixed if is_result => self.any_shape(block),
            Kind::FalseCandidates => self.service(block, "e", "pfsvc", &STACK),
            Kind::Pfauth => self.service(block, "i", "pfsvc", &RADIUS),
            Kind::Radius | Kind::HugeLine | Kind::Mixed => self.service(block, "0", "pfrad", &RADIUS),
        }
    }

    /// Ends the last line.
    pub(super) fn finish(&mut self, block: &mut [u8]) {
        if let Some(last) = block.last_mut()
            && *last == b' '
        {
            *last = b'\n';
            self.line_count = 1;
        }
    }

    pub(super) fn counts(self, bytes: u64) -> Counts {
        Counts { bytes, lines: self.line_count, by_code: self.by_code }
    }

    /// Exactly one event in `density`, at a random place among them: neither periodic nor clustered by chance.
    fn is_result(&mut self) -> bool {
        if self.density == 0 {
            return false;
        }
        if self.left == 0 {
            self.left = self.density;
            self.result_at = self.random.below(self.density);
        }
        self.left -= 1;
        self.left == self.result_at
    }

    fn count(&mut self, code: i32) {
        *self.by_code.entry(code).or_default() += 1;
    }

    fn end_line(&mut self, block: &mut Vec<u8>) {
        block.push(self.line_end);
        if self.line_end == b'\n' {
            self.line_count += 1;
        }
    }

    /// Time, level, process, thread and component, as both services start their lines.
    fn prefix(&mut self, block: &mut Vec<u8>, level: &str, component: &str) {
        self.clock.iso(block);
        block.push(b'|');
        block.extend_from_slice(level.as_bytes());
        block.extend_from_slice(b"|1412|");
        number(block, 6400 + 4 * self.random.below(32));
        block.push(b'|');
        block.extend_from_slice(component.as_bytes());
        block.push(b'|');
    }

    fn service(&mut self, block: &mut Vec<u8>, level: &str, component: &str, messages: &[&str]) {
        self.prefix(block, level, component);
        let message = *self.random.pick(messages);
        self.fill(block, message);
        self.end_line(block);
    }

    fn fill(&mut self, block: &mut Vec<u8>, template: &str) {
        let mut rest = template.as_bytes();
        while let Some(at) = memchr::memchr(b'%', rest) {
            block.extend_from_slice(&rest[..at]);
            match rest.get(at + 1) {
                Some(b'u') => block.extend_from_slice(self.random.pick(&USERS).as_bytes()),
                Some(b'a') => {
                    block.extend_from_slice(b"192.0.2.");
                    number(block, 1 + self.random.below(254));
                }
                Some(b'p') => number(block, 49_152 + self.random.below(16_384)),
                _ => number(block, self.random.below(1000)),
            }
            rest = &rest[at + 2..];
        }
        block.extend_from_slice(rest);
    }

    fn raw(&mut self, block: &mut Vec<u8>) {
        let code = self.random.pick(&ROWS).code;
        self.count(code);
        self.prefix(block, "0", "pfrad");
        block.extend_from_slice(b"rawCallStatus = ");
        block.extend_from_slice(code.to_string().as_bytes());
        self.end_line(block);
    }

    fn pfauth(&mut self, block: &mut Vec<u8>) {
        self.prefix(block, "i", "pfsvc");
        self.pfauth_message(block);
        self.end_line(block);
    }

    fn pfauth_message(&mut self, block: &mut Vec<u8>) {
        let outcome = *self.random.pick(&["Pfauth succeeded for user '", "Pfauth failed for user '"]);
        block.extend_from_slice(outcome.as_bytes());
        let user = *self.random.pick(&[
            "%u'",
            "%u@example.com'",
            r"CONTOSO\%u'",
            "CN=%u,OU=Staff,DC=example,DC=com' (distinguishedName format)",
        ]);
        self.fill(block, user);
        let origin = *self.random.pick(&["", " from %a", " from %a:%p"]);
        self.fill(block, origin);
        let (code, symbol, text) = self.named();
        self.count(code);
        block.extend_from_slice(format!(". Call status: {symbol} - \"{text}\".").as_bytes());
    }

    /// A code that has a symbol, with it and its text.
    fn named(&mut self) -> (i32, &'static str, &'static str) {
        loop {
            if let Row { code, symbol: Some((symbol, text)), .. } = self.random.pick(&ROWS) {
                return (*code, symbol, text);
            }
        }
    }

    /// A code whose description is no other's.
    fn described(&mut self) -> &'static Row {
        loop {
            let row = self.random.pick(&ROWS);
            if row.description != "Used Cache" {
                return row;
            }
        }
    }

    fn any_shape(&mut self, block: &mut Vec<u8>) {
        match self.random.below(10) {
            0 => self.raw(block),
            1 => self.pfauth(block),
            2 => {
                self.clock.syslog(block);
                block.extend_from_slice(b" mfa1 pfsvc: ");
                self.pfauth_message(block);
                self.end_line(block);
            }
            3 => self.oath(block),
            4 => self.web_page(block),
            shape => self.sdk(block, shape),
        }
    }

    fn oath(&mut self, block: &mut Vec<u8>) {
        let row = self.described();
        self.count(row.code);
        self.clock.syslog(block);
        self.fill(
            block,
            " mfa1 pfsvc: i|1412|6452|pfsvc|validate_oath_code: user \"%u\" updated authentication result.",
        );
        block.extend_from_slice(format!(" authenticated = 1, callStatus = {}", row.description).as_bytes());
        self.end_line(block);
    }

    /// Two lines, as the PHP sample prints them.
    fn web_page(&mut self, block: &mut Vec<u8>) {
        let row = self.described();
        self.count(row.code);
        block.extend_from_slice(self.random.pick(&["GOOD AUTH", "BAD AUTH"]).as_bytes());
        self.end_line(block);
        block.extend_from_slice(format!("Call Status: {}", row.description).as_bytes());
        self.end_line(block);
    }

    /// The shapes that programs on the SDK write, by number.
    fn sdk(&mut self, block: &mut Vec<u8>, shape: u64) {
        let code = if shape == 6 { 0 } else { self.random.pick(&ROWS).code };
        self.count(code);
        let text = match shape {
            5 => format!("Azure MFA: Authentication Failed. Call Status='{code}', ErrorID='0'"),
            6 => r"InnerException null; callStatus=0, errorId=5, Certificate File Path: C:\certs\pf.p12".to_owned(),
            7 => format!("<response><callStatus>{code}</callStatus><errorId>0</errorId></response>"),
            8 => format!("<response>\n  <callStatus>\n    {code}\n  </callStatus>\n</response>"),
            _ if self.random.below(2) == 0 => format!("call_status: {code}"),
            _ => format!("{{\"callStatus\": {code}, \"errorId\": 0}}"),
        };
        for line in text.split('\n') {
            block.extend_from_slice(line.as_bytes());
            self.end_line(block);
        }
    }
}

/// Appends `value` in decimal; `write!` is several times as slow, and a log has tens of millions of these.
fn number(block: &mut Vec<u8>, mut value: u64) {
    let start = block.len();
    loop {
        block.push(b'0' + u8::try_from(value % 10).expect("a digit"));
        value /= 10;
        if value == 0 {
            break;
        }
    }
    block[start..].reverse();
}
