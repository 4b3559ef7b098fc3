//! Tests how catalogue entries are rendered as text.

use callcodes::catalogue::{Answer, Catalogue, Entry};
use callcodes::code::{Code, Key};
use callcodes::render::codes;

fn found(query: &str) -> Vec<&'static Entry> {
    match Catalogue::built_in().find(&query.parse().expect("a query")) {
        Answer::Entries(entries) => entries,
        other => panic!("{query}: {other:?}"),
    }
}

fn rendered(entries: &[&Entry], columns: usize) -> String {
    let mut out = Vec::new();
    codes::entries(&mut out, entries, columns, None).expect("memory takes all");
    String::from_utf8(out).expect("text")
}

#[test]
fn one_entry_is_shown_in_full() {
    assert_eq!(
        rendered(&found("FAILED_PHONE_BUSY"), 60),
        "\
101  Call Already In Progress
  What happened  A verification of this user was still
                 running when the next request came. It does
                 not mean that the phone was busy.
  Check first    Raise the client's time-out: 30 to 60
                 seconds for MFA Server, 60 or more for the
                 NPS extension.
    where        RADIUS client; RD Gateway: NPS > Remote
                 RADIUS Server Groups > Load Balancing
  Then           Check whether the client asks two servers
                 at once.
    where        RADIUS client: servers and retries
  Then           Ask whether the user connected twice.
    where        The user
  Concerns       the client
  Group          client resend
  Channel        call
  Name in logs   FAILED_PHONE_BUSY
  Name in SDK    CALL_STATUS_PHONE_BUSY
  Also written   Auth Already In Progress
"
    );
}

#[test]
fn several_entries_are_shown_one_below_the_other() {
    assert_eq!(
        rendered(&found("voicemail")[..2], 200),
        "\
4  No Phone Input - Timed Out
  What happened  The call was answered, but no key was pressed before the time ran out. Usually, voicemail answered it.
  Check first    Ask whether the phone was switched on, had reception and was not forwarding calls.
    where        The user's phone
  Then           If you use a custom greeting, keep it shorter than 20 seconds.
    where        Entra: Multifactor authentication > Phone call settings
  Then           Add a backup number, or offer the app instead.
    where        MFA Server: Users > the user > backup phone; Entra: Users > the user > Authentication methods
  Concerns       the user's phone
  Group          not reached
  Channel        call
  Name in logs   SUCCESS_NO_PIN_BUT_TIMEOUT
  Name in SDK    CALL_STATUS_NO_PHONE_INPUT_TIMEOUT

13  Got Voicemail
  What happened  By its name, voicemail answered the call.
  Check first    Ask whether the phone was switched on, had reception and was not forwarding calls.
    where        The user's phone
  Then           Add a backup number, or offer the app instead.
    where        MFA Server: Users > the user > backup phone; Entra: Users > the user > Authentication methods
  Concerns       the user's phone
  Note           No public source explains this result. The text follows its name and the feature it is named after.
  Group          not reached
  Channel        call
  Name in SDK    CALL_STATUS_GOT_VOICEMAIL
"
    );
}

#[test]
fn an_entry_without_a_number_lists_the_codes_it_may_stand_for() {
    let catalogue = Catalogue::built_in();
    let shared = catalogue.entry(&catalogue.resolve(b"Used Cache")).unwrap();
    assert_eq!(
        rendered(&[shared], 100),
        "\
Used Cache
  What happened  No call was made: an earlier verification was still in the cache. The text alone
                 does not say which cache: that of the user (6), the IP-based one (8) or the
                 application-based one (9).
  One of         6, 8, 9
  Check first    Check whether caching is intended, and for how many seconds it lasts.
    where        Azure portal: MFA > Caching rules
  Then           Find the earlier line of the same user; it should be within that time.
    where        The same log
  Concerns       server settings
  Group          no call made
  Channel        cache or bypass
"
    );
}

#[test]
fn a_narrow_terminal_wraps_lines_between_words() {
    assert_eq!(
        rendered(&found("13"), 0),
        "\
13  Got Voicemail
  What happened  By its name,
                 voicemail answered
                 the call.
  Check first    Ask whether the
                 phone was switched
                 on, had reception
                 and was not
                 forwarding calls.
    where        The user's phone
  Then           Add a backup number,
                 or offer the app
                 instead.
    where        MFA Server: Users >
                 the user > backup
                 phone; Entra: Users
                 > the user >
                 Authentication
                 methods
  Concerns       the user's phone
  Note           No public source
                 explains this
                 result. The text
                 follows its name and
                 the feature it is
                 named after.
  Group          not reached
  Channel        call
  Name in SDK    CALL_STATUS_GOT_VOICEMAIL
"
    );
}

#[test]
fn more_than_five_entries_are_shown_as_a_table() {
    assert_eq!(
        rendered(&found("4-9"), 80),
        "\
Code  Description                  Group            Channel
-------------------------------------------------------------------
   4  No Phone Input - Timed Out   not reached      call
   5  PIN Expired and Not Changed  person's action  call
   6  Used Cache                   no call made     cache or bypass
   7  Bypassed Auth                no call made     cache or bypass
   8  Used Cache                   no call made     cache or bypass
   9  Used Cache                   no call made     cache or bypass
"
    );
}

#[test]
fn five_entries_are_still_shown_in_full() {
    let text = rendered(&found("21-25"), 80);
    assert_eq!(text.matches("  What happened  ").count(), 5);
    assert_eq!(text.matches("\n\n").count(), 4);
}

#[test]
fn the_overview_has_a_row_for_every_entry() {
    let entries: Vec<&Entry> = Catalogue::built_in().entries().iter().collect();
    let mut out = Vec::new();
    codes::everything(&mut out, &entries, None).unwrap();
    let text = String::from_utf8(out).unwrap();
    let (table, families) = text.split_once("\n\n").unwrap();
    assert_eq!(
        families,
        "43 more names of the family entra: callcodes codes entra\n60 more names of the family nps: callcodes codes nps\n"
    );
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 2 + 77);
    assert_eq!(lines[0], "   Code  Description                                 Group              Channel");
    assert_eq!(lines[1], "-".repeat(90));
    assert_eq!(lines[2], "      0  No call result                              no call made       request");
    assert_eq!(lines[78], "6, 8, 9  Used Cache                                  no call made       cache or bypass");
    assert!(lines.iter().all(|line| line.trim_end() == *line));
}

#[test]
fn the_overview_has_a_line_for_every_code_at_80_columns_and_wraps_between_words_at_40() {
    let entries: Vec<&Entry> = Catalogue::built_in().entries().iter().filter(|entry| entry.family == "mfa").collect();
    let overview = |width| {
        let mut out = Vec::new();
        codes::overview(&mut out, &entries, Some(width)).unwrap();
        String::from_utf8(out).unwrap()
    };
    for (width, note) in
        [(80, "Widen the window to see: Channel.\n"), (40, "Widen the window to see: Group, Channel.\n")]
    {
        let table = overview(width);
        assert!(table.lines().all(|line| line.chars().count() <= width), "{table}");
        assert!(table.ends_with(&format!("\n\n{note}")), "{table}");
        assert!(entries.iter().all(|entry| entry.description.split(' ').all(|word| table.contains(word))), "{table}");
    }
    assert_eq!(overview(80).lines().count(), 2 + entries.len() + 2);
}

#[test]
fn no_entries_give_no_output() {
    assert_eq!(rendered(&[], 80), "");
}

#[test]
fn an_unknown_number_is_not_in_the_vendors_list() {
    assert_eq!(codes::unknown(&Key::Code(Code(77))), "77 is not in the vendor's list; contact Impero");
}
