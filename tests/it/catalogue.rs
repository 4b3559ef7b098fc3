//! Compares the catalogue with the vendor's table, and tests how values and queries are looked up in it.

use std::collections::BTreeSet;

use callcodes::catalogue::{Answer, Catalogue, Channel, Entry, Evidence, Group, Query, UNKNOWN_DESCRIPTION};
use callcodes::code::{Code, Key, MFA};
use proptest::prelude::*;

/// The project's copy of the vendor's table: `code | description`.
const VENDOR_TABLE: &str = include_str!("vendor_table.txt");
/// Every other public name of a numbered result.
const NAMES: &str = include_str!("names.csv");

fn code(number: i32) -> Key {
    Key::Code(Code(number))
}

fn name(text: &str) -> Key {
    Key::Name(text.into())
}

fn resolve(written: &str) -> Key {
    Catalogue::built_in().resolve(written.as_bytes())
}

fn numbers(answer: &Answer<'_>) -> Vec<String> {
    match answer {
        Answer::Entries(entries) => entries.iter().map(|entry| entry.key().to_string()).collect(),
        Answer::UnknownCode(code) => vec![format!("unknown {code}")],
        Answer::Nothing => Vec::new(),
    }
}

fn find(query: &str) -> Vec<String> {
    numbers(&Catalogue::built_in().find(&query.parse().expect("a query")))
}

fn explain(text: &str) -> Vec<String> {
    numbers(&Catalogue::built_in().explain(text))
}

#[test]
fn the_built_in_catalogue_is_what_its_files_say() {
    let files = ["codes", "nps", "entra"].map(|name| {
        let path = format!("{}/src/builtin/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(path).expect("a file of the repository")
    });
    let read = Catalogue::from_toml(&files.concat()).expect("a catalogue");
    assert_eq!(read.entries(), Catalogue::built_in().entries());
    assert_eq!(read.services(), Catalogue::built_in().services());
}

#[test]
fn the_numbered_entries_equal_the_vendors_table() {
    let vendor: Vec<&str> = VENDOR_TABLE.lines().collect();
    assert_eq!(vendor.len(), 71);
    let own: Vec<String> = Catalogue::built_in()
        .entries()
        .iter()
        .filter_map(|entry| Some(format!("{} | {}", entry.code.filter(|code| *code != Code::NONE)?, entry.description)))
        .collect();
    assert_eq!(own, vendor);
}

#[test]
fn the_other_entries_are_no_call_result_and_those_without_a_number() {
    let catalogue = Catalogue::built_in();
    let none = &catalogue.entries()[0];
    assert_eq!((none.code, none.description.as_str()), (Some(Code(0)), "No call result"));
    let named: Vec<(&str, &str)> = catalogue
        .entries()
        .iter()
        .filter(|entry| entry.family == MFA && entry.code.is_none())
        .map(|entry| (entry.name.as_deref().unwrap(), entry.description.as_str()))
        .collect();
    assert_eq!(
        named,
        [
            ("FAILED_AUTHENTICATION_THROTTLED", "Authentication Throttled"),
            ("FAILED_OATH_CODE_PIN_INCORRECT", "OATH Code + PIN Incorrect"),
            ("FAILED_SMS_MAX_OTP_RETRY_REACHED", "Exceeded Maximum Text Message OTP Attempts"),
            ("Undefined error code", "Undefined error code"),
            ("Used Cache", "Used Cache"),
        ]
    );
    let own = catalogue.entries().iter().filter(|entry| entry.family == MFA);
    assert_eq!(own.count(), 1 + 71 + 5);
}

#[test]
fn the_other_names_are_exactly_the_public_ones() {
    let expected: BTreeSet<(i32, String)> = NAMES
        .lines()
        .skip(1)
        .map(|line| {
            let fields: Vec<&str> = line.split(',').collect();
            (fields[0].parse().unwrap(), fields[2].to_owned())
        })
        .collect();
    let own: BTreeSet<(i32, String)> = Catalogue::built_in()
        .entries()
        .iter()
        .filter_map(|entry| Some((entry.code?.0, entry)))
        .flat_map(|(code, entry)| {
            entry.names().filter(|name| *name != entry.description).map(move |name| (code, name.to_owned()))
        })
        .collect();
    assert_eq!(own, expected);
    for (number, written) in &expected {
        assert_eq!(resolve(written), code(*number), "{written}");
    }
}

#[test]
fn entries_are_sorted_by_key_and_found_by_key() {
    let catalogue = Catalogue::built_in();
    assert!(catalogue.entries().is_sorted_by_key(Entry::key));
    for entry in catalogue.entries() {
        assert_eq!(catalogue.entry(&entry.key()), Some(entry));
        assert_eq!(catalogue.description(&entry.key()), entry.description);
    }
    for unknown in [code(26), code(99), code(146), code(-1), name("used cache 2"), name("PIN Entered")] {
        assert_eq!(catalogue.entry(&unknown), None, "{unknown}");
        assert_eq!(catalogue.description(&unknown), UNKNOWN_DESCRIPTION);
    }
    assert_eq!(UNKNOWN_DESCRIPTION, "not in the vendor's list; contact Impero");
}

#[test]
fn no_advice_claims_that_the_sign_in_succeeded_or_failed() {
    let claims = [
        "sign-in succeeded",
        "sign-in failed",
        "sign-in was",
        "signed in",
        "log-in",
        "login",
        "logged in",
        "authentication succeeded",
        "authentication failed",
        "authentication was successful",
        "access granted",
        "access denied",
        "let in",
        "successful",
    ];
    for entry in Catalogue::built_in().entries() {
        let sentences = [&entry.happened].into_iter().chain(entry.checks.iter().map(|check| &check.check));
        for text in sentences {
            let lower = text.to_lowercase();
            for claim in claims {
                assert!(!lower.contains(claim), "{}: {claim:?} in {text:?}", entry.key());
            }
            assert!(text.ends_with('.'), "{}: {text:?}", entry.key());
        }
        assert!(entry.checks.iter().all(|check| !check.place.ends_with('.')), "{}", entry.key());
        // An explanation that rests on the name alone says so.
        assert_eq!(
            entry.happened.starts_with("By its name, "),
            entry.evidence != Evidence::Documented,
            "{}",
            entry.key()
        );
    }
}

#[test]
fn zero_empty_text_and_the_name_of_zero_are_no_call_result() {
    for written in ["0", "-0", "000", "", "  ", "''", "\"\"", "\t' '\r\n", "No call result"] {
        assert_eq!(resolve(written), code(0), "{written:?}");
    }
}

#[test]
fn numbers_are_codes_whether_known_or_unknown() {
    for (written, number) in [
        ("21", 21),
        (" 21 ", 21),
        ("'102'", 102),
        ("0013", 13),
        ("102.", 102),
        ("77", 77),
        ("-5", -5),
        ("2147483647", i32::MAX),
        ("-2147483648", i32::MIN),
    ] {
        assert_eq!(resolve(written), code(number), "{written:?}");
    }
    for written in ["2147483648", "-2147483649", "99999999999999999999", "+5", "1e3", "0x15", "1 2", "-", "--5", "٢١"]
    {
        assert_eq!(resolve(written), name(written), "{written:?}");
    }
}

#[test]
fn the_vendor_and_the_sdk_spell_code_104_differently() {
    assert_eq!(resolve("IN Mode Not Allowed"), code(104));
    assert_eq!(resolve("PIN Mode Not Allowed"), code(104));
    assert_eq!(resolve("Return PIN Mode Not Allowed"), code(114));
}

#[test]
fn the_text_that_three_codes_share_has_an_entry_of_its_own() {
    assert_eq!(resolve("Used Cache"), name("Used Cache"));
    assert_eq!(resolve("USED  cache."), name("Used Cache"));
    assert_eq!(resolve("SUCCESS_USED_CACHE"), code(6));
    assert_eq!(resolve("Used IP-based Cache"), code(8));
    assert_eq!(resolve("Used App-based Cache"), code(9));
    let entry = Catalogue::built_in().entry(&name("Used Cache")).unwrap();
    assert_eq!(entry.candidates, [Code(6), Code(8), Code(9)]);
}

#[test]
fn the_longest_of_names_that_contain_one_another_counts() {
    for (written, number) in [
        ("SUCCESS_NO_PIN", 2),
        ("SUCCESS_NO_PIN_BUT_TIMEOUT", 4),
        ("SUCCESS_WITH_PIN", 1),
        ("SUCCESS_WITH_PIN_BUT_TIMEOUT", 3),
        ("OATH Code Verified", 23),
        ("Fallback OATH Code Verified", 24),
        ("Invalid Phone Number", 100),
        ("Invalid Phone Number Format", 107),
        ("No PIN Entered", 2),
        ("PIN Entered", 1),
        ("CALL_STATUS_INVALID_PHONE_NUMBER", 100),
        ("CALL_STATUS_INVALID_PHONE_NUMBER_FORMAT", 107),
    ] {
        assert_eq!(resolve(written), code(number), "{written}");
    }
}

#[test]
fn a_name_counts_only_at_the_beginning_and_as_whole_words() {
    for (written, number) in [
        ("PIN Entered for user bob", 1),
        ("PIN Entered\u{201d}", 1),
        ("pin\t \r\n entered", 1),
        ("\"PIN Entered\".", 1),
        ("FAILED_PHONE_BUSY - ", 101),
        ("FAILED_PHONE_BUSY - \"Call Already In Progress\".", 101),
        ("failed_phone_busy", 101),
        ("# Not Pressed After Entry", 3),
        ("PIN Entered\u{1}", 1),
    ] {
        assert_eq!(resolve(written), code(number), "{written:?}");
    }
    for written in [
        "SUCCESS_NO_PIN_FOO",
        "SUCCESS_NO_PIN2",
        "XSUCCESS_NO_PIN",
        "PIN EnteredX",
        "PIN Entered\u{e9}",
        "the PIN Entered",
        "PIN-Entered",
        "Call Status: PIN Entered",
        "SUCCESS_NO_PIN_FOO - \"No PIN Entered\"",
    ] {
        assert_eq!(resolve(written), name(written), "{written:?}");
    }
}

#[test]
fn an_unknown_name_is_made_printable_and_shortened() {
    let long = "é".repeat(100);
    let cut = format!("{}…", "é".repeat(80));
    let cut_at_blank = format!("{} x", "y".repeat(79));
    for (written, shown) in [
        ("  New  Status.\t", "New Status"),
        ("'FAILED_SOMETHING_NEW' - ", "FAILED_SOMETHING_NEW"),
        ("a\u{1b}[31mb", "a\u{fffd}[31mb"),
        ("a\u{202e}b\u{2028}c", "a\u{fffd}b\u{fffd}c"),
        ("a\r\n\tb", "a b"),
        ("...", "..."),
        ("'", "'"),
        (long.as_str(), cut.as_str()),
        (&"z".repeat(80), &"z".repeat(80)),
        (&cut_at_blank, &format!("{}…", "y".repeat(79))),
    ] {
        assert_eq!(resolve(written), name(shown), "{written:?}");
    }
    assert_eq!(Catalogue::built_in().resolve(b"no\xffUTF-8\xc3"), name("no\u{fffd}UTF-8\u{fffd}"));
}

#[test]
fn each_family_has_names_of_its_own() {
    let catalogue = Catalogue::built_in();
    assert_eq!(catalogue.families().collect::<Vec<_>>(), ["entra", "mfa", "nps"]);
    let of = |family, text: &str| catalogue.resolve_in(family, text.as_bytes()).to_string();
    assert_eq!(of("nps", "oathcodeincorrect"), "nps:OathCodeIncorrect");
    assert_eq!(of("nps", "Got Voicemail"), "nps:Got Voicemail", "a name of another family is unknown");
    assert_eq!(of("nps", "21"), "nps:21", "only one family has numbers");
    assert_eq!(of("mfa", "OathCodeIncorrect"), "OathCodeIncorrect");
    // Of names that begin alike, the longest wins.
    let to_the_device = "MFA denied; unable to send the mobile app notification to the device";
    assert_eq!(of("entra", to_the_device), format!("entra:{to_the_device}"));
    assert_eq!(
        of("entra", "MFA Denied; unable to send the mobile app notification."),
        format!("entra:{}", &to_the_device[..54])
    );
    assert_eq!(of("entra", "MFA denied; user"), "entra:MFA denied; user", "a text that is cut off has no entry");
    let unknown = catalogue.resolve_in("nps", b"SomethingNew");
    assert_eq!(catalogue.description(&unknown), "not in the list of this family");
}

#[test]
fn a_query_may_name_a_family() {
    assert_eq!(find("nps:OathCodeIncorrect"), ["nps:OathCodeIncorrect"]);
    assert_eq!(find("OathCodeIncorrect"), ["nps:OathCodeIncorrect"]);
    assert_eq!(find("declined the authentication"), ["entra:MFA denied; user declined the authentication"]);
    assert_eq!(find("nps").len(), 60);
    assert_eq!(find("entra").len(), 43);
}

/// Returns every name in the family of the codes with the key of its entry.
fn known_names() -> Vec<(String, Key)> {
    let catalogue = Catalogue::built_in();
    let shared: Vec<&Entry> = catalogue.entries().iter().filter(|entry| !entry.candidates.is_empty()).collect();
    let row = |entry: &Entry, name: &str| {
        shared.iter().find(|shared| shared.description == name).map_or_else(|| entry.key(), |shared| shared.key())
    };
    catalogue
        .entries()
        .iter()
        .filter(|entry| entry.family == MFA)
        .flat_map(|entry| entry.names().map(move |name| (name.to_owned(), row(entry, name))))
        .collect()
}

/// Returns the key of the longest name at the beginning of the text. Tries every name.
fn longest_known_prefix(written: &str) -> Option<Key> {
    let is_word = |c: char| c == '_' || c.is_alphanumeric();
    known_names()
        .into_iter()
        .filter(|(name, _)| {
            written.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
                && !written[name.len()..].starts_with(is_word)
        })
        .max_by_key(|(name, _)| name.len())
        .map(|(_, key)| key)
}

proptest! {
    #[test]
    fn any_bytes_can_be_resolved(written in prop::collection::vec(any::<u8>(), 0..300)) {
        let catalogue = Catalogue::built_in();
        let key = catalogue.resolve(&written);
        if let Key::Name(name) = &key {
            prop_assert!(!name.text().is_empty());
            prop_assert!(name.text().chars().count() <= 81);
            prop_assert!(!name.text().contains(char::is_control));
        }
        prop_assert!(!catalogue.description(&key).is_empty());
    }

    #[test]
    fn resolving_a_name_again_changes_nothing(written in "[ a-zA-Z0-9_'\".,;:é\u{a0}\u{1}\t-]{0,100}") {
        let key = resolve(&written);
        prop_assert_eq!(resolve(&key.to_string()), key);
    }

    #[test]
    fn letter_case_blanks_and_quotes_do_not_matter_for_a_known_name(
        (name, key) in prop::sample::select(known_names()),
        upper in prop::collection::vec(any::<bool>(), 64),
        before in "[ \t\r\n]{0,3}",
        after in "[ \t\r\n]{0,3}",
        quote in prop::sample::select(vec!["", "'", "\""]),
        blanks in "[ \t\r\n]{1,3}",
    ) {
        let cased: String = name
            .chars()
            .zip(upper)
            .map(|(c, upper)| if upper { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
            .collect();
        let written = format!("{before}{quote}{}{quote}{after}", cased.replace(' ', &blanks));
        prop_assert_eq!(resolve(&written), key);
    }

    #[test]
    fn the_longest_name_at_the_beginning_wins(
        (first, _) in prop::sample::select(known_names()),
        between in prop::sample::select(vec!["", " ", "_", "-", " - \"", "é", "…", "1"]),
        (second, _) in prop::sample::select(known_names()),
    ) {
        let written = format!("{first}{between}{second}");
        let expected = longest_known_prefix(&written);
        let resolved = resolve(&written);
        match expected {
            Some(key) => prop_assert_eq!(resolved, key),
            None => prop_assert_eq!(Catalogue::built_in().entry(&resolved), None),
        }
    }

    #[test]
    fn every_number_resolves_to_its_code(number in any::<i32>(), zeros in 0..5_usize) {
        let sign = if number < 0 { "-" } else { "" };
        let written = format!("{sign}{}{}", "0".repeat(zeros), number.unsigned_abs());
        prop_assert_eq!(resolve(&written), code(number));
    }

    #[test]
    fn any_text_can_be_a_query_and_be_explained(text in "\\PC{0,80}") {
        let catalogue = Catalogue::built_in();
        prop_assert_ne!(catalogue.explain(&text), Answer::Entries(Vec::new()));
        if let Ok(query) = text.parse::<Query>() {
            prop_assert_ne!(catalogue.find(&query), Answer::Entries(Vec::new()));
        }
    }

    #[test]
    fn a_name_is_explained_wherever_it_is_in_the_text((name, key) in prop::sample::select(known_names())) {
        let text = format!("2017-02-14T02:57:24Z|i|1412|6452|pfsvc|said '{name}', then went on");
        prop_assert_eq!(explain(&text), [key.to_string()]);
    }
}

#[test]
fn a_query_for_one_entry_gives_that_entry() {
    for query in ["102", "0102", "CONFIG_ISSUE", "config_issue", "CALL_STATUS_CONFIGURATION_ISSUE", "Phone Unreachable"]
    {
        assert_eq!(find(query), ["102"], "{query}");
    }
    assert_eq!(find("SUCCESS_NO_PIN"), ["2"]);
    assert_eq!(find("0"), ["0"]);
    assert_eq!(find("FAILED_AUTHENTICATION_THROTTLED"), ["FAILED_AUTHENTICATION_THROTTLED"]);
}

#[test]
fn a_query_for_a_shared_text_gives_all_entries_that_share_it() {
    assert_eq!(find("Used Cache"), ["6", "8", "9", "Used Cache"]);
}

#[test]
fn a_query_for_a_range_gives_the_entries_in_it() {
    assert_eq!(find("24-101"), ["24", "25", "100", "101"]);
    assert_eq!(find("24 – 101"), ["24", "25", "100", "101"]);
    assert_eq!(find("145-2147483647"), ["145"]);
    assert_eq!(find("13-13"), ["13"]);
    assert_eq!(find("26-99"), Vec::<String>::new());
}

#[test]
fn a_query_for_words_gives_every_entry_that_contains_all_of_them() {
    let (of_entra, of_nps) =
        ("entra:MFA denied; phone call went to voicemail", "nps:UserVoiceAuthFailedCallWentToVoicemail");
    assert_eq!(find("voicemail"), ["4", "13", of_entra, of_nps]);
    assert_eq!(find("VoiceMail"), ["4", "13", of_entra, of_nps]);
    assert_eq!(find("hung up")[0], "108");
    assert_eq!(find("passcode  PIN"), ["19", "123", "nps:SMSAuthFailedWrongCodePinEntered"]);
    let resent = ["101", "entra:MFA denied; duplicate authentication attempt", "nps:UserAuthFailedDuplicateRequest"];
    assert_eq!(find("client resend"), resent);
    assert_eq!(find("client-resend"), resent, "as JSON and completions spell the group");
    assert_eq!(find("persons-action"), find("person's action"));
    assert_eq!(find("voiceprint set-up"), ["119", "128"]);
    assert_eq!(find("STATUS_VOICEPRINT_E"), ["17", "18"]);
    assert_eq!(find("no such thing"), Vec::<String>::new());
    assert_eq!(find("pound"), Vec::<String>::new(), "only CALL_STATUS_POUND_NOT_PRESSED has it");
    assert_eq!(find("pound_not"), ["3"]);
}

#[test]
fn a_query_for_a_number_without_an_entry_says_so() {
    assert_eq!(find("77"), ["unknown 77"]);
    assert_eq!(find("-5"), ["unknown -5"]);
}

#[test]
fn an_invalid_query_is_answered_with_what_to_write() {
    let messages: Vec<String> = ["110-100", "100-", "", "99999999999", "1-99999999999"]
        .iter()
        .map(|query| query.parse::<Query>().unwrap_err().to_string())
        .collect();
    assert_eq!(
        messages,
        [
            "the range 110-100 runs backwards. Write it as 100-110",
            "the range 100- has no end. Write both ends, such as 100-145",
            "the query is empty. Give a code, a name or a word, such as 102 or voicemail",
            "99999999999 is too large for a code. Codes run from -2147483648 to 2147483647",
            "99999999999 is too large for a code. Codes run from -2147483648 to 2147483647",
        ]
    );
}

#[test]
fn a_pasted_line_is_explained_by_the_names_in_it() {
    assert_eq!(
        explain(
            "pfsvc|Pfauth failed for user 'ann' from 10.0.0.1:21. Call status: FAILED_PHONE_BUSY - \"Auth Already In Progress\"."
        ),
        ["101"]
    );
    assert_eq!(explain("first got voicemail, then user hung up the phone; got  VOICEMAIL again"), ["13", "108"]);
    assert_eq!(explain("callStatus = Fallback OATH Code Verified"), ["24"]);
    assert_eq!(explain("Call Status: Used Cache"), ["Used Cache"]);
    assert_eq!(explain(" '108' "), ["108"]);
    assert_eq!(explain("77"), ["unknown 77"]);
    for nothing in ["rawCallStatus = 21", "SUCCESS_NO_PIN_FOO", "MY_CONFIG_ISSUE", "éPIN Entered", ""] {
        assert_eq!(explain(nothing), Vec::<String>::new(), "{nothing}");
    }
}

#[test]
fn an_entry_in_json_has_all_fields() {
    let catalogue = Catalogue::built_in();
    let entry = |key: &Key| serde_json::to_value(catalogue.entry(key).unwrap()).unwrap();
    assert_eq!(
        entry(&code(2)),
        serde_json::json!({
            "family": "mfa",
            "code": 2,
            "name": null,
            "description": "No PIN Entered",
            "symbol": "SUCCESS_NO_PIN",
            "sdk_constant": "CALL_STATUS_NO_PIN_ENTERED",
            "other_descriptions": ["Only # Entered"],
            "candidates": [],
            "see_also": [],
            "channel": "call",
            "group": "factor-given",
            "happened": "During the call, the user pressed only #.",
            "evidence": "documented",
            "checks": [
                {
                    "check": "Check the user's mode: standard mode expects # alone, PIN mode expects the PIN followed by #.",
                    "where": "MFA Server: Users > the user; defaults in Company Settings > General",
                },
                { "check": "Look for the line with the outcome of the sign-in.", "where": "The same request in the log" },
            ],
            "whose": ["users-data"],
        })
    );
    let shared = entry(&name("Used Cache"));
    assert_eq!(shared["code"], serde_json::Value::Null);
    assert_eq!(shared["name"], "Used Cache");
    assert_eq!(shared["candidates"], serde_json::json!([6, 8, 9]));
}

#[test]
fn channels_and_groups_are_shown_in_plain_words() {
    assert_eq!(Channel::TextMessage.to_string(), "text message");
    assert_eq!(format!("{:<16}|", Group::PersonsAction), "person's action |");
    let groups: BTreeSet<Group> = Catalogue::built_in().entries().iter().map(|entry| entry.group).collect();
    let words: Vec<String> = groups.iter().map(Group::to_string).collect();
    assert_eq!(
        words,
        [
            "factor given",
            "no call made",
            "still pending",
            "person's action",
            "not reached",
            "security",
            "client resend",
            "set-up or licence"
        ]
    );
    for group in groups {
        assert_eq!(serde_json::to_value(group).unwrap(), group.name());
    }
}

/// Returns a TOML table with the keys that every entry needs, and these `particulars`.
fn toml_entry(particulars: &str) -> String {
    format!(
        "[[code]]\n{particulars}\nchannel = 'any'\ngroup = 'security'\nhappened = 'It is.'\nevidence = 'name'\n\
         checks = [{{ check = 'Look.', where = 'There' }}]\nwhose = ['client']\n"
    )
}

#[track_caller]
fn assert_refused(particulars: &[&str], message: &str, at: &str) {
    let text: String = particulars.iter().map(|particulars| toml_entry(particulars)).collect();
    let error = Catalogue::from_toml(&text).expect_err("a contradiction");
    assert_eq!(error.to_string(), message);
    assert_eq!(&text[error.span.expect("a place")], at);
}

#[test]
fn a_catalogue_that_contradicts_itself_is_refused() {
    assert_refused(
        &["number = 1\ndescription = 'A'", "number = 1\ndescription = 'B'"],
        "there are two entries for 1. Keep one of them",
        "'B'",
    );
    assert_refused(
        &["number = 1\ndescription = 'A'", "number = 2\ndescription = 'B'\nsymbol = 'a '"],
        "\"a \" names both 1 and 2. Keep it at one of them, or give the shared text an entry with both as `candidates`",
        "'B'",
    );
    assert_refused(
        &["number = 1\ndescription = 'A'", "number = 2\ndescription = 'A'", "description = 'A'\ncandidates = [2]"],
        "\"A\" names both A and 1. Keep it at one of them, or give the shared text an entry with both as `candidates`",
        "'A'",
    );
    assert_refused(
        &["number = 1\ndescription = 'A'", "description = 'B'\ncandidates = [1]"],
        "1 is a candidate for \"B\", but no entry 1 has that name. Name only codes that share the description",
        "'B'",
    );
    assert_refused(
        &["number = 1\ndescription = 'A'\ncandidates = [1]"],
        "the entry 1 has candidates beside a number or symbol of its own. Give `candidates` only to a description that several codes share",
        "'A'",
    );
    assert_refused(
        &["number = 1\ndescription = '7'"],
        "the entry 1 has the name \"7\", which a log could only mean as a number. Use `number` for numbers",
        "'7'",
    );
    assert_refused(
        &["number = 1\ndescription = ' '"],
        "the entry 1 has an empty name. Write the name or drop its key",
        "' '",
    );
    let long = "x".repeat(80);
    assert_refused(
        &[&format!("number = 1\ndescription = '{long}'")],
        &format!(
            "the entry 1 has a name of more than 79 bytes: \"{long}\". Shorten it: a value in a log is known by how it begins"
        ),
        &format!("'{long}'"),
    );
}

#[test]
fn an_entry_that_does_not_say_what_to_check_is_refused() {
    let cases = [
        ("happened = 'It is.'", "happened = ' '", "an empty `happened`. Say in a sentence what happened"),
        (
            "checks = [{ check = 'Look.', where = 'There' }]",
            "checks = []",
            "0 checks. Give from one to three `checks`, the most useful first",
        ),
        ("where = 'There'", "where = ' '", "an empty check. Write both `check` and `where`"),
        ("whose = ['client']", "whose = []", "an empty `whose`. Say whose matter it usually is"),
    ];
    for (has, instead, message) in cases {
        let text = toml_entry("number = 1\ndescription = 'A'").replace(has, instead);
        let error = Catalogue::from_toml(&text).unwrap_err();
        assert_eq!(error.to_string(), format!("the entry 1 has {message}"));
    }
}

#[test]
fn a_service_needs_the_date_of_its_last_day() {
    let error = Catalogue::from_toml("[[service]]\nname = \"MFA Server\"\nlast_day = \"autumn\"\n").unwrap_err();
    assert_eq!(error.to_string(), "the last day of MFA Server is no date. Write it as \"2024-09-30\"");
    let built_in = Catalogue::built_in().services();
    let named: Vec<(&str, &str)> = built_in.iter().map(|one| (one.name.as_str(), one.last_day.as_str())).collect();
    assert_eq!(named, [("Azure MFA SDK", "2020-09-30"), ("MFA Server", "2024-09-30")]);
}

#[test]
fn a_catalogue_with_an_unknown_key_is_refused() {
    let error = Catalogue::from_toml("[[code]]\nnumber = 1\ncolour = 'red'\n").unwrap_err();
    assert_eq!(error.remedy, "Write one [[code]] table per result, with the keys that the built-in list uses");
    assert!(error.message.starts_with("this is not a list of codes: unknown field `colour`"), "{}", error.message);
    assert_eq!(error.span, Some(20..26));
}

#[test]
fn an_empty_catalogue_is_valid_and_has_no_entries() {
    let empty = Catalogue::from_toml("").unwrap();
    assert_eq!(empty.resolve(b"PIN Entered"), name("PIN Entered"));
    assert_eq!(empty.resolve(b"1"), code(1));
    assert_eq!(empty.description(&code(1)), UNKNOWN_DESCRIPTION);
}

#[test]
fn the_longest_name_allowed_is_still_a_whole_word() {
    let longest = "x".repeat(64);
    let catalogue = Catalogue::from_toml(&toml_entry(&format!("number = 1\ndescription = '{longest}'"))).unwrap();
    for (after, expected) in
        [("", true), (" y", true), ("…", true), ("y", false), ("_", false), ("é", false), ("語", false)]
    {
        let written = format!("{longest}{after}");
        assert_eq!(catalogue.resolve(written.as_bytes()) == code(1), expected, "{after:?}");
    }
}

#[test]
fn windows_line_ends_change_nothing() {
    let text = toml_entry("number = 1\ndescription = 'A'").replace('\n', "\r\n");
    assert_eq!(Catalogue::from_toml(&text).unwrap().entries().len(), 1);
}
