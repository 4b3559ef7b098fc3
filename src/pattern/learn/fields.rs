//! Recognises what a line says besides the code: the user, the host, the address and whether the sign-in succeeded.
//!
//! A value is recognised by the word before it, as in `user 'ann'`, `Benutzer: ann` and `host=web01`, or by its form. The word must
//! not be part of a sentence about users, such as `the user has answered`.

use std::ops::Range;

use super::tokens::{Kind, Token, Value};
use crate::attempt::Outcome;
use crate::hit::Capture;

/// The words before a user.
const USERS: [&str; 26] = [
    "account",
    "accountname",
    "anwender",
    "benutzer",
    "benutzerkonto",
    "benutzername",
    "gast",
    "guest",
    "identity",
    "konto",
    "kullanici",
    "kunde",
    "login",
    "logon",
    "mitarbeiter",
    "nutzer",
    "principal",
    "samaccountname",
    "subject",
    "teilnehmer",
    "upn",
    "user",
    "userid",
    "username",
    "usuario",
    "utilisateur",
];
/// The words before a host.
const HOSTS: [&str; 14] = [
    "computer",
    "computername",
    "device",
    "host",
    "hostname",
    "machine",
    "machinename",
    "node",
    "pc",
    "rechner",
    "rechnername",
    "server",
    "servername",
    "workstation",
];
/// The words before an address.
const ADDRESSES: [&str; 13] = [
    "addr",
    "address",
    "adresse",
    "client",
    "clientip",
    "from",
    "ip",
    "ipaddress",
    "peer",
    "remote",
    "source",
    "src",
    "von",
];
/// Words that are part of a name's description rather than a name, as in `user name ann`.
const FILLERS: [&str; 6] = ["account", "id", "ist", "is", "name", "the"];
/// Words that follow a word such as `user` in a sentence.
const SENTENCE: [&str; 48] = [
    "a",
    "an",
    "and",
    "answered",
    "as",
    "at",
    "authentication",
    "by",
    "can",
    "cannot",
    "could",
    "das",
    "der",
    "des",
    "did",
    "die",
    "does",
    "entered",
    "failed",
    "for",
    "from",
    "had",
    "has",
    "hat",
    "have",
    "hung",
    "in",
    "kann",
    "mit",
    "nicht",
    "not",
    "of",
    "on",
    "oder",
    "or",
    "pressed",
    "to",
    "und",
    "via",
    "vom",
    "von",
    "was",
    "will",
    "wird",
    "with",
    "wurde",
    "zu",
    "zum",
];
/// The shortest word that is an outcome. Shorter ones, such as `no` and `good`, are words of many sentences.
const OUTCOME_BYTES: usize = 6;

/// Marks the tokens that groups can capture, unless the line already has a token for the group. Several tokens of one value
/// become one.
pub(super) fn recognise(line: &str, tokens: &mut Vec<Token>) {
    let text = |token: &Token| &line[token.span.clone()];
    let is_said = |tokens: &[Token], capture| tokens.iter().any(|token| token.kind == Kind::Said(capture));
    for (capture, words) in [(Capture::User, &USERS[..]), (Capture::Host, &HOSTS)] {
        if !is_said(tokens, capture)
            && let Some(range) = after_word(line, tokens, words)
        {
            mark(tokens, range, capture);
        }
    }
    if !is_said(tokens, Capture::User) {
        let mut accounts = (0..tokens.len()).filter(|&at| tokens[at].kind == Kind::Value(Value::Account));
        if let (Some(only), None) = (accounts.next(), accounts.next()) {
            mark(tokens, only..only + 1, Capture::User);
        }
    }
    if !is_said(tokens, Capture::Host)
        && let Some(at) = after_time(line, tokens)
    {
        mark(tokens, at..at + 1, Capture::Host);
    }
    if !is_said(tokens, Capture::Address) {
        let addresses = || (0..tokens.len()).filter(|&at| tokens[at].kind == Kind::Value(Value::Address));
        let is_named = |&at: &usize| {
            let words = tokens[..at].iter().rev().take(3).filter(|token| token.kind == Kind::Word);
            words.clone().any(|token| is_one(&ADDRESSES, text(token)))
        };
        if let Some(at) = addresses().find(is_named).or(addresses().next()) {
            mark(tokens, at..at + 1, Capture::Address);
        }
    }
    if !is_said(tokens, Capture::Outcome) {
        let is_outcome = |token: &Token| {
            let word = text(token);
            token.kind == Kind::Word && word.len() >= OUTCOME_BYTES && Outcome::read(word.as_bytes()).is_some()
        };
        if let Some(at) = tokens.iter().position(is_outcome) {
            mark(tokens, at..at + 1, Capture::Outcome);
        }
    }
}

/// Replaces tokens by one that a group captures.
fn mark(tokens: &mut Vec<Token>, range: Range<usize>, capture: Capture) {
    let (first, last) = (&tokens[range.start], &tokens[range.end - 1]);
    let token = Token { kind: Kind::Said(capture), span: first.span.start..last.span.end, is_spaced: first.is_spaced };
    tokens.splice(range, [token]);
}

fn is_one(words: &[&str], word: &str) -> bool {
    words.iter().any(|one| one.eq_ignore_ascii_case(word))
}

/// Returns the tokens of the value after the first of `words` that has one.
fn after_word(line: &str, tokens: &[Token], words: &[&str]) -> Option<Range<usize>> {
    let text = |at: usize| tokens.get(at).map_or("", |token| &line[token.span.clone()]);
    let named = (0..tokens.len()).filter(|&at| tokens[at].kind == Kind::Word && is_named(words, text(at)));
    named
        .filter_map(|at| {
            let mut at = at + 1;
            while tokens.get(at).is_some_and(|token| token.kind == Kind::Word && token.is_spaced)
                && is_one(&FILLERS, text(at))
            {
                at += 1;
            }
            let is_separator = |at: usize| matches!(text(at), ":" | "=" | "\"" | "'" | ">" | "[" | "(" | "<");
            let start = at;
            while is_separator(at) && at < start + 4 {
                at += 1;
            }
            let has_separator = at > start;
            value_at(line, tokens, at, has_separator)
        })
        .next()
}

/// Whether a word of a line is one of `words`, or ends with one as in `TargetUserName` and `src_host`.
fn is_named(words: &[&str], word: &str) -> bool {
    let last = word.rsplit('_').next().unwrap_or(word);
    let upper = |at: &usize| word.as_bytes()[*at].is_ascii_uppercase() && *at > 0;
    let parts = (0..word.len()).filter(upper).map(|at| &word[at..]);
    is_one(words, word) || is_one(words, last) || parts.into_iter().any(|part| is_one(words, part))
}

/// Returns the tokens of the value that begins with token `start`.
fn value_at(line: &str, tokens: &[Token], start: usize, has_separator: bool) -> Option<Range<usize>> {
    let first = tokens.get(start)?;
    match first.kind {
        Kind::Value(Value::Quoted(_) | Value::Account | Value::Mixed | Value::Address) => {
            return Some(start..start + 1);
        }
        Kind::Word => {}
        _ => return None,
    }
    // Names such as `ann.lee` and `web-dmz`, but not the full stop after them.
    let mut end = start + 1;
    while let Some([mark, next]) = tokens.get(end..end + 2) {
        let is_joined = matches!(&line[mark.span.clone()], "." | "-" | "_" | "$" | "@" | "\\") && !mark.is_spaced;
        if !is_joined || next.is_spaced || !matches!(next.kind, Kind::Word | Kind::Value(Value::Number | Value::Mixed))
        {
            break;
        }
        end += 2;
    }
    let is_name = |token: &Token| !is_one(&SENTENCE, &line[token.span.clone()]);
    // The name of the next value, as in `user host=web01`.
    let is_key = tokens.get(end).is_some_and(|next| !next.is_spaced && &line[next.span.clone()] == "=");
    (!is_key && (has_separator || is_name(first))).then_some(start..end)
}

/// Returns the token of the host that a syslog relay or a log framework writes after the time, at the start of the line.
fn after_time(line: &str, tokens: &[Token]) -> Option<usize> {
    let time = tokens.iter().take(6).position(|token| token.kind == Kind::Value(Value::Time))?;
    let host = tokens.get(time + 1).filter(|host| host.is_spaced)?;
    match host.kind {
        Kind::Value(Value::Mixed) => Some(time + 1),
        Kind::Word => {
            let program = tokens.get(time + 2).filter(|program| program.is_spaced && program.kind == Kind::Word)?;
            let after =
                tokens.get(time + 3).filter(|after| !after.is_spaced && program.span.end == after.span.start)?;
            matches!(&line[after.span.clone()], "[" | ":").then_some(time + 1)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tokens::tokens;
    use super::*;

    /// Returns what is recognised in a line.
    fn said(line: &str) -> String {
        let mut tokens = tokens(line, &[]);
        recognise(line, &mut tokens);
        let said = tokens.iter().filter_map(|token| match token.kind {
            Kind::Said(capture) => Some(format!("{}={}", capture.name(), &line[token.span.clone()])),
            _ => None,
        });
        said.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn values_are_recognised_by_the_word_before_them() {
        for (line, expected) in [
            ("MFA for user 'CONTOSO\\ann' done", "user=CONTOSO\\ann"),
            ("Anruf an Benutzer meier beendet", "user=meier"),
            ("user: ann.lee, computer: WEB", "user=ann.lee host=WEB"),
            (r#"{"userName":"ann lee","src_host":"ras"}"#, "user=ann lee host=ras"),
            ("user=ann host=web01 ip=192.0.2.7", "user=ann host=web01 address=192.0.2.7"),
            ("user name ann on server web-dmz: failed", "user=ann host=web-dmz outcome=failed"),
            ("call of ann@example.com.", "user=ann@example.com"),
            // Sentences about users.
            ("the user has answered", ""),
            ("user host=web01", "host=web01"),
            ("Mails of ann@example.com to bob@example.com", ""),
        ] {
            assert_eq!(said(line), expected, "{line}");
        }
    }

    #[test]
    fn the_host_may_come_after_the_time() {
        assert_eq!(said("Feb  4 02:57:24 radius mfad[14]: call ended"), "host=radius");
        assert_eq!(said("2024-05-01 10:15:30 HELPDESK-7 call ended"), "host=HELPDESK-7");
        assert_eq!(said("2024-05-01 10:15:30 call ended"), "");
    }

    #[test]
    fn the_address_after_a_word_for_it_comes_first() {
        assert_eq!(said("[10.0.0.1] login from 192.0.2.7:50123"), "address=192.0.2.7");
        assert_eq!(said("[10.0.0.1] login"), "address=10.0.0.1");
    }
}
