use proptest::prelude::*;

use super::*;
use crate::code::{Code, Name};
use crate::finding::scope::Scope;

/// Parses rules as an option that is given several times.
fn rules<T: Rule>(typed: &[&str]) -> Rules<T> {
    typed.iter().map(|text| text.parse::<Rules<T>>().unwrap()).collect()
}

fn error<T: Rule>(text: &str) -> String {
    text.parse::<Rules<T>>().err().unwrap_or_default()
}

fn code(number: i32) -> Key {
    Key::Code(Code(number))
}

fn name(name: &str) -> Key {
    Key::Name(name.into())
}

fn keeps_key(filter: &Filter, key: &Key) -> bool {
    filter.check_key(key, Catalogue::built_in()).is_empty()
}

#[test]
fn rules_for_codes_are_numbers_ranges_names_and_unknown() {
    let cases: [(&[&str], Key, bool); 40] = [
        (&[], code(102), true),
        (&["102"], code(102), true),
        (&["102"], code(103), false),
        (&["102"], name("102"), false),
        (&["-5"], code(-5), true),
        (&["100-145,4"], code(100), true),
        (&["100-145,4"], code(145), true),
        (&["100-145,4"], code(146), false),
        (&["100-145,4"], code(4), true),
        (&["100-145,4"], name("Used Cache"), false),
        (&["100–145"], code(120), true),
        (&[" 4 , 5 "], code(5), true),
        (&["4", "5"], code(4), true),
        (&["4", "5"], code(5), true),
        (&["!102"], code(102), false),
        (&["100-145, ! 102"], code(102), false),
        (&["!102"], code(103), true),
        (&["!102"], name("Used Cache"), true),
        (&["100-145,!102"], code(102), false),
        (&["!102,100-145"], code(103), true),
        (&["!102", "100-145"], code(1), false),
        (&["FAILED_PHONE_BUSY"], code(100), false),
        (&["failed_phone_busy"], code(101), true),
        (&["SUCCESS_USED_CACHE"], code(6), true),
        (&["SUCCESS_USED_CACHE"], name("Used Cache"), false),
        (&["used  cache"], name("Used Cache"), true),
        (&["Used Cache"], code(8), true),
        (&["Used Cache"], code(7), false),
        (&["Used"], name("Used Cache"), false),
        (&["new_symbol"], name("NEW_SYMBOL"), true),
        (&["NPS"], Key::Name(Name::of("nps", "NoReply")), true),
        (&["nps"], code(102), false),
        (&["!mfa"], code(102), false),
        (&["NEW"], name("NEW_SYMBOL"), false),
        (&["unknown"], name("NEW_SYMBOL"), true),
        (&["Unknown"], code(9999), true),
        (&["unknown"], code(102), false),
        (&["unknown"], name("Used Cache"), false),
        (&["!unknown"], code(102), true),
        (&["!unknown"], code(9999), false),
    ];
    for (typed, key, expected) in cases {
        let filter = Filter { codes: rules(typed), ..Filter::default() };
        assert_eq!(keeps_key(&filter, &key), expected, "{typed:?} {key}");
    }
}

#[test]
fn groups_and_channels_are_those_of_the_catalogue() {
    let (no_answer, unknown) = (code(102), code(9999));
    let entry = Catalogue::built_in().entry(&no_answer).unwrap();
    assert_eq!((entry.group, entry.channel), (Group::NotReached, Channel::Call));
    for (group, keeps, keeps_unknown) in [
        ("not-reached", true, false),
        ("Not-Reached", true, false),
        ("security,not-reached", true, false),
        ("security", false, false),
        ("!security", true, true),
        ("!not-reached", false, true),
    ] {
        let filter = Filter { groups: rules(&[group]), ..Filter::default() };
        let kept = [&no_answer, &unknown].map(|key| keeps_key(&filter, key));
        assert_eq!(kept, [keeps, keeps_unknown], "{group}");
    }
    for (channel, keeps, keeps_unknown) in [
        ("call", true, false),
        ("text-message", false, false),
        ("text-message, CALL", true, false),
        ("!text-message", true, true),
        ("!call", false, true),
    ] {
        let filter = Filter { channels: rules(&[channel]), ..Filter::default() };
        let kept = [&no_answer, &unknown].map(|key| keeps_key(&filter, key));
        assert_eq!(kept, [keeps, keeps_unknown], "{channel}");
    }
}

#[test]
fn every_group_and_channel_has_the_name_that_catalogues_use() {
    for group in Group::ALL {
        assert_eq!(serde_json::to_value(group).unwrap(), group.name());
        assert!(rules::<Group>(&[group.name()]).keep(|wanted| *wanted == group));
    }
    for channel in Channel::ALL {
        assert_eq!(serde_json::to_value(channel).unwrap(), channel.name());
        assert!(rules::<Channel>(&[channel.name()]).keep(|wanted| *wanted == channel));
    }
}

#[test]
fn rules_for_outcomes_match_what_the_log_says_or_unknown() {
    let all = [Some(Outcome::Succeeded), Some(Outcome::Failed), None];
    for (typed, expected) in [
        ("succeeded", [true, false, false]),
        ("FAILED", [false, true, false]),
        ("unknown", [false, false, true]),
        ("failed,unknown", [false, true, true]),
        ("!failed", [true, false, true]),
        ("!unknown, ! failed", [true, false, false]),
    ] {
        let filter = Filter { outcomes: rules(&[typed]), ..Filter::default() };
        assert_eq!(all.map(|outcome| filter.check_outcome(outcome).is_empty()), expected, "{typed}");
    }
}

#[test]
fn users_match_with_and_without_their_domain() {
    let cases: [(&[&str], &str, bool); 38] = [
        (&["ann"], "ann", true),
        (&["ann"], "ANN", true),
        (&["ann"], r"CONTOSO\Ann", true),
        (&["ann"], "ann@example.com", true),
        (&["ann"], "anna", false),
        (&["ann"], r"ann\bob", false),
        (&["ann*"], r"CONTOSO\anna", true),
        (&["*n"], r"CONTOSO\ann", true),
        (&[r"contoso\ann"], r"CONTOSO\ann", true),
        (&["contoso/ann"], r"CONTOSO\ann", true),
        (&[r"contoso\ann"], "ann", false),
        (&[r"*\ann"], r"CONTOSO\ann", true),
        (&["*ann"], r"a\b\ann", true),
        (&["ann@*"], "ann@example.com", true),
        (&["ann@*"], "ann", false),
        (&["*@example.com"], "bob@example.org", false),
        (&["a?n"], "ann", true),
        (&["a?n"], "aéN", true),
        (&["a?n"], "an", false),
        (&["ÄNN"], "änn", true),
        (&["ΝΊΚΟΣ"], "νίκος", true),
        (&["Smith, Ann"], "smith, ann", true),
        (&["Smith, Ann"], "ann", false),
        (&["a.n"], "ann", false),
        (&["a[mn]n"], "aNn", true),
        (&["a[!mn]n"], "ann", false),
        (&["a[^mn]n"], "axn", true),
        (&["user[0-4]"], "user3", true),
        (&["user[0-4]"], "user5", false),
        (&["user[0-]"], "user-", true),
        (&["[]]"], "]", true),
        (&["[[]a"], "[a", true),
        (&[r"[a\d]"], "1", false),
        (&["ann", "bob"], "bob", true),
        (&["!ann"], r"CONTOSO\ann", false),
        (&["!ann"], "bob", true),
        (&["a*", "!ann"], "anna", true),
        (&["a*", "!ann"], "ann", false),
    ];
    for (typed, user, expected) in cases {
        let filter = Filter { users: rules(typed), ..Filter::default() };
        assert_eq!(filter.check_user(&[user]).is_empty(), expected, "{typed:?} {user}");
    }
}

#[test]
fn hosts_match_with_and_without_their_network() {
    for (typed, host, expected) in [
        ("host1", "host1", true),
        ("HOST1", "host1.example.com", true),
        ("host?", "host1.example.com", true),
        ("host1.*", "host1.example.com", true),
        ("host1.example.com", "host1", false),
        ("*.example.org", "host1.example.com", false),
        ("10", "10.0.0.1", false),
        ("10.0.*", "10.0.0.1", true),
        ("!host1", "host1.example.com", false),
        ("host1", "eu/host1", true),
        ("host1", "eu.zip!/host1.example.com", true),
        ("EU/*", r"eu\host1", true),
        ("us/host1", "eu/host1", false),
        ("eu", "eu/host1", false),
        ("eu", "eu.zip!/host1", false),
    ] {
        let filter = Filter { hosts: rules(&[typed]), ..Filter::default() };
        assert_eq!(filter.check_host(Some(host)).is_empty(), expected, "{typed} {host}");
    }
}

#[test]
fn addresses_match_as_a_whole() {
    for (typed, address, expected) in [
        ("10.0.0.?", "10.0.0.7", true),
        ("10.0.0.?", "10.0.0.70", false),
        ("10", "10.0.0.7", false),
        ("FE80::*", "fe80::1", true),
        ("!10.*", "10.0.0.7", false),
    ] {
        let filter = Filter { addresses: rules(&[typed]), ..Filter::default() };
        assert_eq!(filter.check_address(Some(address)).is_empty(), expected, "{typed} {address}");
    }
}

#[test]
fn files_match_by_name_or_with_a_slash_as_a_whole() {
    for (typed, file, expected) in [
        ("svc.log", "ticket/host1.zip!/Svc.log", true),
        ("*.log", "svc.log", true),
        ("t*.log", "ticket/svc.log", false),
        ("host1*", "host1/svc.log", false),
        ("*/host1.zip!/*", "ticket/host1.zip!/svc.log", true),
        (r"*\host1\*", "ticket/host1/svc.log", true),
        ("*/host1/*", r"C:\ticket\host1\svc.log", true),
        ("svc.log", r"C:\ticket\host1\svc.log", true),
        ("host1/*", "ticket/host1/svc.log", false),
        ("!svc*", "ticket/svc.log", false),
    ] {
        let filter = Filter { files: rules(&[typed]), ..Filter::default() };
        assert_eq!(filter.check_files(&[file]).is_empty(), expected, "{typed} {file}");
    }
}

#[test]
fn only_the_empty_glob_matches_an_unknown_value() {
    let values = [None, Some(""), Some("ann"), Some(r"CONTOSO\"), Some("unknown")];
    for (typed, expected) in [
        ("", [true, true, false, false, false]),
        ("!", [false, false, true, true, true]),
        ("*", [false, false, true, true, true]),
        ("!*", [true, true, false, false, false]),
        ("unknown", [false, false, false, false, true]),
        ("!ann", [true, true, false, true, true]),
    ] {
        let globs = || rules(&[typed]);
        let filter = Filter { users: globs(), hosts: globs(), addresses: globs(), ..Filter::default() };
        assert_eq!(values.map(|value| filter.check_user(value.as_slice()).is_empty()), expected, "{typed:?}");
        assert_eq!(values.map(|value| filter.check_host(value).is_empty()), expected, "{typed:?}");
        assert_eq!(values.map(|value| filter.check_address(value).is_empty()), expected, "{typed:?}");
    }
}

#[test]
fn a_window_drops_times_outside_it_and_missing_times() {
    let [before, since, after] = [1, 2, 3].map(Time::from_nanoseconds);
    let dropped = |filter: &Filter, time| filter.check_time(time).parts().collect::<Vec<_>>();
    let filter = Filter { window: Window::new(Some(since), None, DisplayZone::UTC).unwrap(), ..Filter::default() };
    assert_eq!(dropped(&filter, Some(before)), [Part::Window]);
    assert_eq!(dropped(&filter, Some(after)), []);
    assert_eq!(dropped(&filter, None), [Part::NoTime]);
    assert_eq!(dropped(&Filter::default(), None), []);
}

#[test]
fn every_part_that_drops_a_sign_in_is_reported() {
    let key = code(102);
    let sign_in = Described {
        user: Some("ann"),
        host: Some("host1"),
        address: Some("10.0.0.1"),
        outcome: Some(Outcome::Failed),
        file: Some("svc.log"),
        time: Some(Time::from_nanoseconds(1)),
        ..Described::new(&key)
    };
    let all = Filter {
        codes: rules(&["!102"]),
        groups: rules(&["security"]),
        channels: rules(&["app"]),
        users: rules(&["bob"]),
        hosts: rules(&["host2"]),
        addresses: rules(&["10.0.0.2"]),
        outcomes: rules(&["succeeded"]),
        files: rules(&["radius.log"]),
        window: Window::new(Some(Time::from_nanoseconds(2)), None, DisplayZone::UTC).unwrap(),
        finding: Some(Arc::new([Scope::of_codes(&[code(117)])].into_iter().collect())),
        relative_to: RelativeTo::Now,
        ..Filter::default()
    };
    let parts = |filter: &Filter, sign_in: &Described<'_>| -> Vec<Part> {
        filter.keeps(sign_in, Catalogue::built_in()).err().into_iter().flat_map(Dropped::parts).collect()
    };
    let is_known = |part: &Part| !matches!(part, Part::NoUser | Part::NoTime);
    assert_eq!(parts(&all, &sign_in), Part::ALL.into_iter().filter(is_known).collect::<Vec<_>>());
    assert_eq!(parts(&all, &Described { time: None, ..sign_in })[8..], [Part::NoTime, Part::Finding]);
    assert_eq!(parts(&all, &Described { user: None, ..sign_in })[3], Part::NoUser);
    assert_eq!(parts(&Filter::default(), &sign_in), []);
    let some = Filter { users: rules(&["ann"]), hosts: rules(&["host2"]), ..Filter::default() };
    assert_eq!(parts(&some, &sign_in), [Part::Host]);
}

#[test]
fn a_filter_is_empty_unless_a_part_has_rules() {
    assert!(Filter::default().is_empty());
    let time = Some(Time::from_nanoseconds(1));
    for filter in [
        Filter { codes: rules(&["!1"]), ..Filter::default() },
        Filter { groups: rules(&["security"]), ..Filter::default() },
        Filter { channels: rules(&["call"]), ..Filter::default() },
        Filter { users: rules(&[""]), ..Filter::default() },
        Filter { hosts: rules(&["!"]), ..Filter::default() },
        Filter { addresses: rules(&["*"]), ..Filter::default() },
        Filter { outcomes: rules(&["unknown"]), ..Filter::default() },
        Filter { files: rules(&["*"]), ..Filter::default() },
        Filter { window: Window::new(None, time, DisplayZone::UTC).unwrap(), ..Filter::default() },
    ] {
        assert!(!filter.is_empty(), "{filter:?}");
    }
}

#[test]
fn errors_suggest_what_to_write() {
    for (text, expected) in [
        ("", "a part of the list is empty. Write the list as in 4,100-145"),
        ("4,,5", "a part of the list is empty. Write the list as in 4,100-145"),
        ("4, !", "a part of the list is empty. Write the list as in 4,100-145"),
        ("145-100", "the range 145-100 runs backwards. Write it as 100-145"),
        ("100-", "the range 100- has no end. Write both ends, such as 100-145"),
        ("99999999999", "99999999999 is too large for a code. Codes run from -2147483648 to 2147483647"),
        ("100..145", r#""100..145" is no code, range or name. Write one such as 102, 100-145 or FAILED_PHONE_BUSY"#),
        ("!!102", r#""!102" is no code, range or name. Write one such as 102, 100-145 or FAILED_PHONE_BUSY"#),
    ] {
        assert_eq!(error::<Codes>(text), expected, "{text}");
    }
    assert_eq!(
        error::<Group>("security,not there"),
        "there is no group \"not there\". Write one of factor-given, no-call-made, still-pending, persons-action, \
         not-reached, security, client-resend, setup-or-licence"
    );
    assert!("Security,Not reached".parse::<Rules<Group>>().is_ok(), "as tables show it");
    assert!("person's action".parse::<Rules<Group>>().is_ok(), "as it is spoken");
    assert_eq!(error::<Group>(","), "a part of the list is empty. Write the list as in security,not-reached");
    assert_eq!(
        error::<Channel>("sms"),
        "there is no channel \"sms\". Write one of call, text-message, app, oath, voiceprint, security-questions, cache, \
         account, any, request"
    );
    assert_eq!(error::<Channel>(""), "a part of the list is empty. Write the list as in call,text-message");
    assert_eq!(error::<Option<Outcome>>("ok"), "there is no outcome \"ok\". Write one of succeeded, failed, unknown");
    assert_eq!(error::<Option<Outcome>>("!"), "a part of the list is empty. Write the list as in failed,unknown");
    for (text, expected) in [
        ("a[b", r#"a [ in "a[b" has no ]. Write [[] for the character itself"#),
        ("[]", r#"a [ in "[]" has no ]. Write [[] for the character itself"#),
        ("![!]", r#"a [ in "[!]" has no ]. Write [[] for the character itself"#),
        ("[z-a]", "the range z-a in a glob runs backwards. Write it as a-z"),
    ] {
        assert_eq!(error::<Glob>(text), expected, "{text}");
    }
    assert_eq!(error::<Glob>(&"?".repeat(200_000)), "the glob is too long. Write * for a part of it");
}

#[test]
fn the_examples_of_lists_are_valid() {
    assert_eq!(error::<Codes>(Codes::LIST_EXAMPLE.unwrap()), "");
    assert_eq!(error::<Group>(Group::LIST_EXAMPLE.unwrap()), "");
    assert_eq!(error::<Channel>(Channel::LIST_EXAMPLE.unwrap()), "");
    assert_eq!(error::<Option<Outcome>>(<Option<Outcome>>::LIST_EXAMPLE.unwrap()), "");
}

/// Returns texts in which the special characters and words of rules are frequent.
fn typed() -> impl Strategy<Value = String> {
    prop_oneof![r"[-!*?\[\]^/\\@.,a-c0-2–éİ ]{0,12}", "\\PC{0,20}", any::<String>()]
}

/// Parses a rule twice: once as an including rule and once as an excluding one.
fn both<T: Rule>(rule: &str) -> Option<[Rules<T>; 2]> {
    Some([rule.parse().ok()?, format!("!{rule}").parse().ok()?])
}

proptest! {
    #[test]
    fn excluding_a_rule_keeps_what_including_it_drops(
        rule in typed().prop_filter("excludes by itself or has several parts", |rule| !rule.trim().starts_with('!')),
        value in prop::option::of(typed()),
        number in -2..3,
    ) {
        let keys = [code(number), code(100 + number), name(value.as_deref().unwrap_or_default())];
        if let Some([included, excluded]) = both(&rule).filter(|_| !rule.contains(',')) {
            let [included, excluded] = [included, excluded].map(|codes| Filter { codes, ..Filter::default() });
            for key in &keys {
                prop_assert_ne!(keeps_key(&included, key), keeps_key(&excluded, key));
            }
        }
        if let Some([included, excluded]) = both::<Glob>(&rule) {
            let [included, excluded] = [included, excluded].map(|globs| Filter {
                users: globs.clone(),
                hosts: globs.clone(),
                addresses: globs.clone(),
                files: globs,
                ..Filter::default()
            });
            let value = value.as_deref();
            let check = |filter: &Filter| {
                let (user, files) = (filter.check_user(value.as_slice()), filter.check_files(value.as_slice()));
                [user, filter.check_host(value), filter.check_address(value), files].map(Dropped::is_empty)
            };
            for (kept, dropped) in check(&included).into_iter().zip(check(&excluded)) {
                prop_assert_ne!(kept, dropped);
            }
        }
    }

    #[test]
    fn a_value_without_special_characters_matches_itself_in_any_case(value in r"[^\*\?\[!]{0,20}") {
        let filter = Filter { users: rules(&[&value]), addresses: rules(&[&value]), ..Filter::default() };
        prop_assert!(filter.check_address(Some(&value)).is_empty());
        let ascii = value.to_ascii_uppercase();
        prop_assert!((filter.check_user(&[&ascii]) | filter.check_address(Some(&ascii))).is_empty());
    }

    #[test]
    fn no_text_makes_a_parser_panic(text in typed()) {
        let _ = (text.parse::<Rules<Codes>>(), text.parse::<Rules<Group>>(), text.parse::<Rules<Channel>>());
        let _ = (text.parse::<Rules<Option<Outcome>>>(), text.parse::<Rules<Glob>>());
    }
}
