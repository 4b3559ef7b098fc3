//! Tests that Windows event logs are read as text with a line for each event, wherever they are and however they are damaged.

use std::fs;
use std::io::{Cursor, Read, Write as _};
use std::process::{Command, Stdio};

use callcodes::problem::{Kind, Loss};
use callcodes::report::problems::detail;
use callcodes::unpack::{Codec, Format, Recognised, decompressed, recognise};

use crate::packing::events::{BLOCK_BYTES, BLOCK_HEADER_BYTES, Event, HEADER_BYTES, ends, event_log};
use crate::packing::{CODECS, FORMATS, compress, pack};

const EVENTS: [Event<'_>; 3] = [
    Event {
        time: "2017-02-14T02:57:24.6008710Z",
        computer: "mfa01",
        id: "1000",
        level: "4",
        values: &[("", "Azure multi-factor authentication of ann: call result = 102")],
    },
    Event {
        time: "2017-02-14T03:02:00.0000000Z",
        computer: "MFA01",
        id: "102",
        level: "3",
        values: &[("User", "bob"), ("rawCallStatus", "21")],
    },
    Event {
        time: "2017-02-14T03:10:30.0000000Z",
        computer: "mfa01",
        id: "21",
        level: "2",
        values: &[("", "Call status: PIN Entered\r\nUser: für \u{7535}"), ("", "<&>")],
    },
];

const LINES: [&str; 3] = [
    "2017-02-14T02:57:24.6008710Z mfa01 Application, Netop Guest, event 1000, Information: Azure multi-factor authentication of \
     ann: call result = 102\n",
    "2017-02-14T03:02:00.0000000Z MFA01 Application, Netop Guest, event 102, Warning: User=bob; rawCallStatus=21\n",
    "2017-02-14T03:10:30.0000000Z mfa01 Application, Netop Guest, event 21, Error: Call status: PIN Entered\tUser: für \u{7535}; \
     <&>\n",
];

/// Returns the text of an event log, and what was lost.
fn read(log: &[u8]) -> (String, Option<Loss>) {
    let mut text = Vec::new();
    let end = decompressed(Box::new(Cursor::new(log.to_vec()))).read_to_end(&mut text);
    (String::from_utf8(text).unwrap(), end.err().map(|error| Loss::of(&error).unwrap().clone()))
}

/// Returns the text of an event log, and what was lost in words.
fn worded(log: &[u8]) -> (String, String) {
    let (text, loss) = read(log);
    (text, loss.map(|loss| detail(&loss.of_input("a.evtx"))).unwrap_or_default())
}

/// Runs the program in a folder with these files.
fn program(files: &[(&str, &[u8])], args: &[&str], stdin: &[u8]) -> (String, String, Option<i32>) {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    let mut child = Command::new(env!("CARGO_BIN_EXE_callcodes"))
        .args(args)
        .arg("--no-config")
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(stdin).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code())
}

#[test]
fn an_event_is_a_line() {
    assert_eq!(read(&event_log(&[&EVENTS])), (LINES.concat(), None));
    // A log that Windows has just created has a block without events.
    let mut empty = event_log(&[]);
    assert_eq!(read(&empty), (String::new(), None));
    empty.extend([0; BLOCK_BYTES]);
    assert_eq!(read(&empty), (String::new(), None));
}

#[test]
fn events_in_several_blocks_have_the_order_of_the_file() {
    let log = event_log(&[&EVENTS[2..], &EVENTS[..2]]);
    assert_eq!(read(&log), (LINES[2].to_owned() + LINES[0] + LINES[1], None));
    // Several logs in one file, and room that is not used yet.
    let several = [&log[..], &[0; BLOCK_BYTES], &event_log(&[&EVENTS[..1]]), &[0; 1000]].concat();
    assert_eq!(read(&several), (LINES[2].to_owned() + LINES[0] + LINES[1] + LINES[0], None));
}

#[test]
fn the_computer_is_the_host_and_the_time_is_in_utc() {
    let log = event_log(&[&EVENTS]);
    let expected = "host,code,count,first_seen,last_seen,median_ms,p95_ms,pattern_kind\n\
                    MFA01,1,1,2017-02-14T03:10:30Z,2017-02-14T03:10:30Z,,,\n\
                    MFA01,21,1,2017-02-14T03:02:00Z,2017-02-14T03:02:00Z,,,\n\
                    MFA01,102,1,2017-02-14T02:57:24.600871Z,2017-02-14T02:57:24.600871Z,,,general\n";
    // Options for text and for times without a zone do not matter.
    let args = ["a.evtx", "--by", "host,code", "--format", "csv", "-E", "utf-16le", "--tz", "+05:00"];
    let (stdout, stderr, status) = program(&[("a.evtx", &log)], &args, b"");
    assert_eq!((stdout.as_str(), stderr.as_str(), status), (expected, "", Some(0)));
}

#[test]
fn an_event_log_gives_the_same_lines_wherever_it_is() {
    let log = event_log(&[&EVENTS[..1], &EVENTS[1..]]);
    let lines = |files: &[(&str, &[u8])], stdin: &[u8]| {
        let path = if files.is_empty() { "-" } else { "x" };
        let (stdout, stderr, status) = program(files, &["lines", path], stdin);
        assert_eq!((stderr.as_str(), status), ("", Some(0)));
        // The path and the number of the line come first.
        let lines = stdout.lines().map(|line| line.split_once(": ").unwrap().1.to_owned());
        lines.collect::<Vec<_>>()
    };
    let expected = lines(&[("x", &log)], b"");
    assert_eq!(expected.len(), 3);
    assert_eq!(lines(&[], &log), expected);
    for codec in CODECS {
        assert_eq!(lines(&[("x", &compress(codec, &log))], b""), expected, "{codec}");
        assert_eq!(lines(&[], &compress(codec, &log)), expected, "{codec}");
    }
    for format in FORMATS {
        assert_eq!(lines(&[("x", &pack(format, &[("host7/Application.evtx", &log)]))], b""), expected, "{format}");
    }
}

#[test]
fn several_threads_read_an_event_log_in_its_order() {
    let blocks: Vec<&[_]> = (0..40).map(|index| &EVENTS[index % 3..=index % 3]).collect();
    let mut log = event_log(&blocks);
    let block = |index: usize| 4096 + index * 65536;
    log[block(5) + 600] ^= 1;
    log[block(17)..block(18)].fill(7);
    let printed = |threads| {
        let files = [("a.evtx", &log[..]), ("b.log", b"callStatus=102\n")];
        program(&files, &["lines", "-j", threads, "a.evtx", "b.log"], b"")
    };
    let expected = printed("1");
    // All but the blank one and perhaps the damaged one.
    assert!(expected.0.lines().count() >= 39 && expected.1.contains("damaged"), "{expected:?}");
    assert_eq!(printed("2"), expected);
    assert_eq!(printed("5"), expected);
}

#[test]
fn files_shows_the_number_of_events_their_span_and_the_computer() {
    let log = event_log(&[&EVENTS]);
    let (stdout, stderr, status) = program(&[("a.evtx", &log)], &["files", "a.evtx"], b"");
    let expected = "\
File    What it is                           Host    Size  Lines  First time            Last time             Results
---------------------------------------------------------------------------------------------------------------------
a.evtx  evtx > UTF-8 text, 68.0 KiB on disk  mfa01  377 B      3  2017-02-14 02:57:24Z  2017-02-14 03:10:30Z        3

1 file read, 377 B, 3 lines, 3 results
";
    assert_eq!((stdout.as_str(), stderr.as_str(), status), (expected, "", Some(0)));
    // A log that has reached its maximum size begins with its newest events.
    let log = event_log(&[&[EVENTS[2], EVENTS[0], EVENTS[1]]]);
    let (stdout, ..) = program(&[("a.evtx", &log)], &["files", "a.evtx"], b"");
    assert_eq!(stdout, expected);
    // An event names its computer even if it has no result.
    let log = event_log(&[&[Event { values: &[], ..EVENTS[0] }]]);
    let (stdout, ..) = program(&[("a.evtx", &log)], &["files", "a.evtx", "--format", "csv"], b"");
    assert!(stdout.contains(",mfa01,"), "{stdout}");
}

/// All positions of a log that are used, and some of those that are not.
fn positions(log: &[u8], end: usize) -> impl Iterator<Item = usize> {
    let used = (0..130).chain(HEADER_BYTES - 1..end + 2);
    used.chain([end + 1000, log.len() - 1])
}

#[test]
fn what_comes_before_a_cut_is_read_and_the_cut_is_reported() {
    let log = event_log(&[&EVENTS]);
    let ends = ends(&EVENTS);
    for len in positions(&log, ends[2]).filter(|&len| len >= 8) {
        // The last four bytes of an event only repeat its length.
        let whole = ends.iter().filter(|&&end| end <= len + 4).count();
        let (text, loss) = read(&log[..len]);
        assert_eq!(text, LINES[..whole].concat(), "{len}");
        let loss = loss.map(|loss| (loss.kind, loss.delivered));
        assert_eq!(loss, Some((Kind::Truncated, Some(text.len() as u64))), "{len}");
    }
}

#[test]
fn a_wrong_bit_anywhere_loses_no_earlier_event_and_is_reported() {
    let log = event_log(&[&EVENTS]);
    let ends = ends(&EVENTS);
    for at in positions(&log, ends[2]) {
        let mut wrong = log.clone();
        wrong[at] ^= 1 << (at % 8);
        if at < 8 {
            assert_eq!(recognise(&wrong), Recognised::Damaged(Codec::EventLog), "{at}");
            continue;
        }
        let (text, loss) = read(&wrong);
        assert!(loss.is_some() || text == LINES.concat(), "{at}: {text}");
        let before =
            if at < HEADER_BYTES + BLOCK_HEADER_BYTES { 0 } else { ends.iter().filter(|&&end| end <= at).count() };
        assert!(text.starts_with(&LINES[..before].concat()), "{at}: {text}");
    }
}

#[test]
fn what_follows_a_damaged_block_is_read() {
    let blocks: Vec<&[Event<'_>]> = EVENTS.chunks(1).collect();
    let log = event_log(&blocks);
    let second = HEADER_BYTES + BLOCK_BYTES;
    let rest = LINES[0].to_owned() + LINES[2];
    let ask = "ask the sender to save the log with Save All Events As in Event Viewer and to send that file";
    let wrong = |at: usize, bytes: &[u8]| {
        let mut log = log.clone();
        log[at..at + bytes.len()].copy_from_slice(bytes);
        worded(&log)
    };
    let damaged = |why: &str| format!("the event log is damaged ({why}), and the rest was read; {ask}");
    assert_eq!(wrong(second, b"x"), (rest.clone(), damaged("1 of 3 blocks could not be read")));
    // The signature of the event.
    let lost = damaged("1 of 3 blocks could not be read, at least 1 event could not be read");
    assert_eq!(wrong(second + BLOCK_HEADER_BYTES, b"x"), (rest, lost));
    // A letter.
    let at = second + log[second..].windows(3).position(|bytes| bytes == b"b\0o").unwrap();
    let changed = LINES.concat().replace("bob", "Bob");
    assert_eq!(wrong(at, b"B"), (changed, damaged("the checksum of 1 of 3 blocks is wrong")));
    assert_eq!(wrong(24, b"\xff"), (LINES.concat(), damaged("the checksum of its header is wrong")));
    let (text, loss) = worded(&[&log[..], &[7; 10]].concat());
    assert_eq!(text, LINES.concat());
    assert_eq!(
        loss,
        "10 bytes after the event log were not read; if they are part of the log, save them to a separate file and scan that"
    );
}

#[test]
fn a_log_that_windows_has_not_closed_has_more_blocks_than_its_header_states() {
    let mut log = event_log(&[&EVENTS[..1], &EVENTS[1..2], &EVENTS[2..]]);
    // The flags do not count for the checksum, but the number of blocks does.
    log[120] = 1;
    log[42] = 1;
    let header_sum = {
        let mut crc = flate2::Crc::new();
        crc.update(&log[..120]);
        crc.sum().to_le_bytes()
    };
    log[124..128].copy_from_slice(&header_sum);
    assert_eq!(read(&log), (LINES.concat(), None));
    // A damaged block that is followed by another one is part of the log.
    log[HEADER_BYTES + BLOCK_BYTES] = b'x';
    let (text, loss) = read(&log);
    assert_eq!(text, LINES[0].to_owned() + LINES[2]);
    assert_eq!(loss.unwrap().what, "the event log is damaged (1 of 3 blocks could not be read), and the rest was read");
}

#[test]
fn a_cut_in_a_compressed_event_log_is_reported_for_the_outer_format() {
    let log = event_log(&[&EVENTS[..1], &EVENTS[1..]]);
    let gzip = compress(Codec::Gzip, &log);
    let (text, loss) = worded(&gzip[..gzip.len() / 2]);
    assert!(LINES.concat().starts_with(&text) && loss.starts_with("the gzip data is cut short; "), "{loss}");
}

/// Returns the events as Event Viewer exports them as XML.
fn exported(events: &[Event<'_>]) -> String {
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let value = |(name, value): &(&str, &str)| match name.is_empty() {
        true => format!("<Data>{}</Data>", escaped(value)),
        false => format!("<Data Name='{name}'>{}</Data>", escaped(value)),
    };
    let event = |Event { time, computer, id, level, values }: &Event<'_>| {
        let values: String = values.iter().map(value).collect();
        format!(
            "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='Netop Guest'/>\
             <EventID Qualifiers='0'>{id}</EventID><Level>{level}</Level><Task>0</Task><Keywords>0x80000000000000</Keywords>\
             <TimeCreated SystemTime='{time}'/><EventRecordID>7</EventRecordID><Channel>Application</Channel>\
             <Computer>{computer}</Computer><Security/></System><EventData>{values}</EventData></Event>"
        )
    };
    let events: String = events.iter().map(event).collect();
    format!("<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"yes\"?>\r\n<Events>{events}</Events>")
}

#[test]
fn exported_events_give_the_same_lines_as_the_event_log() {
    let log = event_log(&[&EVENTS]);
    let export = exported(&EVENTS);
    let utf16: Vec<u8> = format!("\u{feff}{export}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let args = ["--by", "host,code", "--format", "csv", "x"];
    let expected = program(&[("x", &log)], &args, b"");
    assert_eq!(expected.0.lines().count(), 4);
    for export in [export.as_bytes(), &utf16] {
        assert_eq!(program(&[("x", export)], &args, b""), expected);
        assert_eq!(program(&[("x", &compress(Codec::Gzip, export))], &args, b""), expected);
        let lines = |bytes: &[u8]| program(&[("x", bytes)], &["lines", "x"], b"");
        assert_eq!(lines(export), lines(&log));
        let piped = program(&[], &["lines", "-"], export).0;
        assert_eq!(piped.replace("stdin:", "x:"), lines(&log).0);
        let zip = pack(Format::Zip, &[("host7/Application.xml", export)]);
        let (stdout, ..) = program(&[("x", &zip)], &["files", "x"], b"");
        let row = "x!/host7/Application.xml  zip > exported events > UTF-8 text  mfa01  377 B      3  2017-02-14 02:57:24Z  2017-02-14 \
                   03:10:30Z        3\n";
        assert!(stdout.contains(row), "{stdout}");
    }
}

#[test]
fn events_exported_as_text_have_their_own_times_and_computers() {
    let event = |number: usize, time: &str, computer: &str, code: &str| {
        format!(
            "Event[{number}]:\r\n  Log Name: Application\r\n  Source: Netop Guest\r\n  Date: {time}\r\n  Event ID: 21\r\n  Task: N/A\r\n  \
             Level: Information\r\n  User: N/A\r\n  Computer: {computer}\r\n  Description: \r\nMFA of ann:\r\ncall result = {code}\r\n\r\n"
        )
    };
    let export =
        event(0, "2017-02-14T02:57:24.600", "mfa01", "102") + &event(1, "2017-02-14T03:00:00.000", "mfa02", "4");
    let utf16: Vec<u8> = format!("\u{feff}{export}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let german = "Protokollname: Application\r\nQuelle:        Netop Guest\r\nDatum:         14.02.2017 04:57:24\r\nEreignis-ID:   \
                  7\r\nEbene:         Fehler\r\nComputer:      mfa03\r\nBeschreibung:\r\nf\u{fc}r ann: MFA call result = 133\r\n";
    // Windows-1252.
    let german: Vec<u8> = german.chars().map(|character| u8::try_from(u32::from(character)).unwrap()).collect();
    let args = ["--by", "host,code", "--format", "csv", "--tz", "+02:00", "x", "y"];
    let expected = "host,code,count,first_seen,last_seen,median_ms,p95_ms,pattern_kind\n\
                    mfa01,102,1,2017-02-14T00:57:24.6Z,2017-02-14T00:57:24.6Z,,,general\n\
                    mfa02,4,1,2017-02-14T01:00:00Z,2017-02-14T01:00:00Z,,,general\n\
                    mfa03,133,1,2017-02-14T02:57:24Z,2017-02-14T02:57:24Z,,,general\n";
    for export in [export.as_bytes(), &utf16] {
        let (stdout, stderr, status) = program(&[("x", export), ("y", &german)], &args, b"");
        assert_eq!((stdout.as_str(), stderr.as_str(), status), (expected, "", Some(0)));
    }
    let lines = program(&[("y", &german)], &["lines", "y"], b"").0;
    let expected = "y:1: [133 Mobile App No Response, host mfa03] 14.02.2017 04:57:24\tmfa03 Application, Netop Guest, event 7, Fehler: f\u{fc}r ann: \
                    MFA call result = 133\n";
    assert_eq!(lines, expected);
}

#[test]
fn events_saved_as_text_or_csv_are_events_of_the_host_in_the_path() {
    let export = |separator: &str, headings: [&str; 5], times: [&str; 2]| {
        let message = |code: &str| {
            format!("\"Azure multi-factor authentication of \"\"ann\"\":\r\n\r\ncall result = {code}\r\n\"")
        };
        let event = |time: &str, code: &str| {
            [["Information", time, "Netop Guest", "1000", "None"].join(separator), message(code)].join(separator)
        };
        [headings.join(separator), event(times[0], "102"), event(times[1], "4"), String::new()].join("\r\n")
    };
    let english = export(
        ",",
        ["Level", "Date and Time", "Source", "Event ID", "Task Category"],
        ["2/14/2017 2:57:24 AM", "2/14/2017 3:00:00 PM"],
    );
    let german = export(
        "\t",
        ["Ebene", "Datum und Uhrzeit", "Quelle", "Ereignis-ID", "Aufgabenkategorie"],
        ["14.02.2017 02:57:24", "14.02.2017 15:00:00"],
    );
    let utf16: Vec<u8> =
        format!("\u{feff}{}", german.replace("ann", "bob")).encode_utf16().flat_map(u16::to_le_bytes).collect();
    let zip = |host: &str, export: &[u8]| pack(Format::Zip, &[(&format!("{host}/events.txt"), export), ("x", b"-")]);
    let args = ["--by", "host,code", "--format", "csv", "--host-from", "{host}/events.txt", "a.zip", "b.zip", "c.zip"];
    let files = [
        ("a.zip", zip("host07", english.as_bytes())),
        ("b.zip", zip("host08", german.as_bytes())),
        ("c.zip", zip("host09", &utf16)),
    ];
    let (stdout, _, status) = program(&files.each_ref().map(|(name, bytes)| (*name, bytes.as_slice())), &args, b"");
    let rows = |host: &str| {
        format!(
            "{host},4,1,2017-02-14T15:00:00Z,2017-02-14T15:00:00Z,,,general\n\
             {host},102,1,2017-02-14T02:57:24Z,2017-02-14T02:57:24Z,,,general\n"
        )
    };
    let heading = "host,code,count,first_seen,last_seen,median_ms,p95_ms,pattern_kind\n";
    let expected = [heading.to_owned(), rows("host07"), rows("host08"), rows("host09")].concat();
    assert_eq!((stdout, status), (expected, Some(0)));
    let lines = program(&[("x", english.as_bytes())], &["lines", "x"], b"").0;
    let line = |number: usize, result: &str, time: &str, code: &str| {
        format!(
            "x:{number}: [{result}] {time}\t- -, Netop Guest, event 1000, Information: Azure multi-factor authentication of \"ann\":\t\
             call result = {code}\n"
        )
    };
    let expected = line(1, "102 Phone Unreachable", "2/14/2017 2:57:24 AM", "102")
        + &line(2, "4 No Phone Input - Timed Out", "2/14/2017 3:00:00 PM", "4");
    assert_eq!(lines, expected);
}

#[test]
fn one_event_with_another_form_of_time_has_its_time() {
    let event = |time: &str, code: &str, xml: &str| {
        format!(
            "Log Name: Application\nSource: Netop Guest\nDate: {time}\nComputer: mfa01\nDescription:\nMFA call result = {code}\n{xml}"
        )
    };
    let xml = "Event Xml:\n<Event><System><TimeCreated SystemTime='2017-03-14T02:57:24Z'/><Computer>mfa01</Computer></System></Event>\n";
    let local = event("2/14/2017 2:57:24 AM", "102", "");
    let german = local.replace("Log Name", "Protokollname").replace("Source", "Quelle").replace("Date", "Datum");
    let german = german.replace("2/14/2017 2:57:24 AM", "14.02.2017 02:57:24").replace("102", "133");
    let utc = event("x", "4", xml);
    for (export, count) in [
        ([local.clone(), utc.clone()].concat(), 2),
        ([utc.repeat(20), local.clone()].concat(), 21),
        ([local, german].concat(), 2),
    ] {
        let (stdout, ..) = program(&[("x", export.as_bytes())], &["lines", "--format", "csv", "x"], b"");
        let has_time = |row: &&str| row.contains(",2017-02-14T02:57:24Z,") || row.contains(",2017-03-14T02:57:24Z,");
        assert_eq!(stdout.lines().filter(has_time).count(), count, "{stdout}");
    }
}

/// Returns a sign-in of Entra as JSON, with a time, a user, the text of its status and those of its steps.
fn sign_in(time: &str, user: &str, status: &str, steps: &[&str]) -> serde_json::Value {
    let steps: Vec<_> =
        steps.iter().map(|text| serde_json::json!({ "authenticationStepResultDetail": text })).collect();
    serde_json::json!({
        "createdDateTime": time,
        "userPrincipalName": user,
        "status": { "errorCode": 500_121, "additionalDetails": status },
        "authenticationDetails": steps,
    })
}

#[test]
fn a_sign_in_in_json_counts_once_however_it_is_written() {
    let declined = "MFA denied; user declined the authentication";
    let blocked = "MFA denied; user is blocked";
    let all = [
        sign_in("2026-11-26T08:20:11Z", "ann@example.org", declined, &["Correct password", declined]),
        sign_in("2026-11-26T08:21:00Z", "bob@example.org", blocked, &["Correct password"]),
        sign_in("2026-11-26T08:22:00Z", "cid@example.org", "MFA completed in Azure AD", &[]),
        sign_in("2026-11-26T08:23:00Z", "ann@example.org", declined, &["MFA Denied; user declined the authentication"]),
    ];
    let expected = "user,code,count,first_seen,last_seen,median_ms,p95_ms,pattern_kind\n\
                    ann@example.org,entra:MFA denied; user declined the authentication,2,2026-11-26T08:20:11Z,2026-11-26T08:23:00Z,,,\n\
                    bob@example.org,entra:MFA denied; user is blocked,1,2026-11-26T08:21:00Z,2026-11-26T08:21:00Z,,,\n\
                    cid@example.org,entra:MFA completed in Azure AD,1,2026-11-26T08:22:00Z,2026-11-26T08:22:00Z,,,\n";
    let lines: String = all.iter().map(|one| format!("{one}\n")).collect();
    let list = serde_json::Value::from(all.to_vec());
    let answer = serde_json::json!({ "@odata.context": "x#auditLogs/signIns", "value": list });
    let pretty = |value: &serde_json::Value| serde_json::to_string_pretty(value).unwrap();
    let one_by_one: String = all.iter().map(|one| pretty(one) + "\n").collect();
    let powershell =
        pretty(&list).replace("\"authen", "\"Authen").replace("\"addit", "\"Addit").replace("\"userP", "\"UserP");
    for text in [
        lines,
        list.to_string(),
        pretty(&list),
        pretty(&list).replace('\n', "\r\n"),
        answer.to_string(),
        pretty(&answer),
        one_by_one,
        powershell,
    ] {
        let (stdout, stderr, status) =
            program(&[("x", text.as_bytes())], &["--by", "user,code", "--format", "csv", "x"], b"");
        assert_eq!((stdout.as_str(), stderr.as_str(), status), (expected, "", Some(0)), "{text}");
    }
}
