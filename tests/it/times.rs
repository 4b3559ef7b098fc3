//! Tests times of every form, with logs that are easily misread, generated logs of each form, and every way of reading them.

use callcodes::time::detect::{Circumstances, Given, detect};
use callcodes::time::{Reader, Time};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Traps {
    trap: Vec<Trap>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Trap {
    why: String,
    name: Option<String>,
    modified: Option<String>,
    tz: Option<String>,
    lines: Vec<String>,
    times: Vec<String>,
    repeat: Option<usize>,
}

fn moment(text: &str) -> Time {
    let text = if text.len() == 10 { format!("{text}T00:00:00") } else { text.to_owned() };
    let clock: DateTime = text.parse().unwrap();
    Time::from_nanoseconds(TimeZone::UTC.to_timestamp(clock).unwrap().as_nanosecond().try_into().unwrap())
}

#[test]
fn no_trap_catches_a_time() {
    let traps: Traps = toml::from_str(include_str!("times.toml")).unwrap();
    let mut wrong = Vec::new();
    for trap in &traps.trap {
        assert_eq!(trap.lines.len(), trap.times.len(), "{}", trap.why);
        let text = (trap.lines.join("\n") + "\n").repeat(trap.repeat.unwrap_or(1));
        let circumstances = Circumstances {
            name: trap.name.as_deref().unwrap_or("log.txt"),
            modified: Some(moment(trap.modified.as_deref().unwrap_or("2017-02-20"))),
            is_whole: true,
            given: Given {
                zone: trap.tz.as_deref().map(|zone| callcodes::time::zone::parse(zone).unwrap()),
                ..Given::default()
            },
            ..Circumstances::default()
        };
        let form = detect(text.as_bytes(), &circumstances);
        for (line, expected) in trap.lines.iter().zip(&trap.times) {
            let found = form.find(line.as_bytes()).map(|stamp| {
                let shown = stamp.time.to_string();
                if stamp.zone_is_assumed() { shown.trim_end_matches('Z').to_owned() } else { shown }
            });
            if found.as_deref().unwrap_or_default() != expected {
                wrong.push(format!("{}\n  {line:?} is {found:?} and not {expected:?}, by {:?}", trap.why, form.name()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A log of one form: lines that have a time, and noise between them.
struct Generated {
    text: String,
    /// The times of the lines with a result, as `lines` shows them.
    times: Vec<Option<String>>,
}

/// Writes a time in some form. The arguments are the clock and a number that increases from 0.
type Write = fn(DateTime, usize) -> String;

/// The forms that are generated, each with its name. Every log begins on 2017-01-28, so that a part above 12 comes early.
const FORMS: [(&str, Write); 29] = [
    ("iso-8601", |at, _| format!("{} x", at.strftime("%Y-%m-%dT%H:%M:%SZ"))),
    ("nps-text", |at, _| format!("\"NPS01\",\"IAS\",{},1,\"ann\"", at.strftime("%m/%d/%Y,%H:%M:%S"))),
    ("nps-xml", |at, _| {
        format!("<Event><Timestamp data_type=\"4\">{}</Timestamp>", at.strftime("%m/%d/%Y %H:%M:%S.000"))
    }),
    ("slashes", |at, _| format!("{} x", at.strftime("%-m/%-d/%Y %-I:%M:%S %p"))),
    ("slashes", |at, _| format!("[{}] x", at.strftime("%d/%m/%Y %H:%M:%S"))),
    ("cmtrace", |at, _| {
        format!(
            "<![LOG[x]LOG]!><time=\"{}+000\" date=\"{}\" type=\"1\">",
            at.strftime("%H:%M:%S.000"),
            at.strftime("%m-%d-%Y")
        )
    }),
    ("dots", |at, _| format!("{} x", at.strftime("%d.%m.%Y %H:%M:%S"))),
    ("dots-columns", |at, _| format!("\"{}\";\"{}\";x", at.strftime("%d.%m.%Y"), at.strftime("%H:%M:%S"))),
    ("syslog", |at, _| format!("<13>{} host x", at.strftime("%b %e %H:%M:%S"))),
    ("web", |at, number| format!("192.0.2.{} - - [{} +0000] x", number % 200, at.strftime("%d/%b/%Y:%H:%M:%S"))),
    ("ctime", |at, _| format!("[{}] x", at.strftime("%a %b %d %H:%M:%S %Y"))),
    ("name-comma", |at, _| format!("{} x", at.strftime("%b %-d, %Y %-I:%M:%S %p"))),
    ("year-slashes", |at, _| format!("{} x", at.strftime("%Y/%m/%d %H:%M:%S"))),
    ("compact-short-whole", |at, _| format!("{} x", at.strftime("%y%m%d %H%M%S"))),
    ("epoch", |at, _| {
        format!("{{\"level\":\"info\",\"ts\":{}.0}}", TimeZone::UTC.to_timestamp(at).unwrap().as_second())
    }),
    // The message mentions a date before the time of the line.
    ("iso-8601", |at, number| {
        let end = at + jiff::SignedDuration::from_hours(if number % 3 == 0 { 8000 } else { -8000 });
        let [end, at] = [end, at].map(|at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
        format!("{{\"message\":\"valid until {end}\",\"level\":\"info\",\"time\":\"{at}\"}}")
    }),
    ("iso-8601", |at, number| {
        format!(
            "level=info msg=\"since 2016-01-01 00:00:{:02}\" time={}Z",
            number % 60,
            at.strftime("%Y-%m-%dT%H:%M:%S")
        )
    }),
    ("cmtrace", |at, number| {
        format!(
            "<![LOG[since 2016-01-01 00:00:{:02}]LOG]!><time=\"{}+000\" date=\"{}\" type=\"1\">",
            number % 60,
            at.strftime("%H:%M:%S.000"),
            at.strftime("%-m-%-d-%Y")
        )
    }),
    ("dots-dotted", |at, _| format!("{} since 2016-01-01 00:00:00", at.strftime("%-d.%-m.%Y klo %-H.%M.%S"))),
    ("year-slashes-half-first", |at, _| {
        let half = if at.hour() < 12 { "上午" } else { "下午" };
        format!("{} {half} {} since 2016-01-01 00:00:00", at.strftime("%Y/%-m/%-d"), at.strftime("%I:%M:%S"))
    }),
    ("date-time-fields", |at, _| format!("date={} time={} tz=\"+0000\"", at.date(), at.strftime("%H:%M:%S"))),
    // The time at which a line was received, and that at which it was written.
    ("iso-columns", |at, _| {
        let written = at - jiff::SignedDuration::from_secs(7);
        let [at, written] = [at, written].map(|at| at.strftime("%Y-%m-%d,%H:%M:%S").to_string());
        format!("{at},{written},192.0.2.7,16,5")
    }),
    ("iso-8601", |at, number| {
        let level = ["INFO ", "[WARN|a] ", "Error: ", "D, ["][number % 4];
        format!("{level}{} x", at.strftime("%Y-%m-%d %H:%M:%S"))
    }),
    ("dots", |at, number| format!("{}{} x", ["[INFO ] ", "WARNING: "][number % 2], at.strftime("%d.%m.%Y %H:%M:%S"))),
    ("iso-8601, syslog", |at, number| {
        at.strftime(if number % 5 == 4 { "%b %e %H:%M:%S host x" } else { "%Y-%m-%dT%H:%M:%SZ x" }).to_string()
    }),
    ("iso-8601", |at, _| {
        let local = at + jiff::SignedDuration::from_hours(1);
        format!("{} (+0100) x", local.strftime("%Y-%m-%d %H:%M:%S"))
    }),
    ("iso-dotted-joined", |at, _| {
        let local = at - jiff::SignedDuration::from_mins(300);
        format!("{}-300 I46E393 LEVEL: Warning", local.strftime("%Y-%m-%d-%H.%M.%S"))
    }),
    ("clock-dots", |at, _| format!("{} x", at.strftime("%H:%M:%S %d.%m.%Y"))),
    ("sharepoint", |at, _| format!("{}.00 \tw3wp.exe (0x0A18) \t0x3118\tx", at.strftime("%m/%d/%Y %H:%M:%S"))),
];

/// Generates a log of a thousand lines that spans some days. Every fourth line is noise.
fn generated(write: Write) -> Generated {
    let first: DateTime = "2017-01-28T23:11:07".parse().unwrap();
    let (mut text, mut times) = (String::new(), Vec::new());
    for number in 0..1000_usize {
        let at = first + jiff::SignedDuration::from_secs(number as i64 * 397);
        if number % 4 == 3 && number > 40 {
            text += "   at Contoso.Client.Call(String user) rawCallStatus = 102\r\n";
            times.push(None);
        } else {
            text += &format!("{} rawCallStatus = 21\r\n", write(at, number));
            times.push(Some(format!("{at}Z")));
        }
    }
    Generated { text, times }
}

/// Returns the times that `lines` shows for the results in `path`.
fn times_of(path: &std::path::Path, stdin: Option<&[u8]>, args: &[&str]) -> Vec<Option<String>> {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_callcodes"));
    command.args(["lines", "--format", "jsonl", "--no-config", "--year", "2017"]).args(args).arg(path);
    command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let output = std::thread::scope(|scope| {
        scope.spawn(move || std::io::Write::write_all(&mut pipe, stdin.unwrap_or_default()));
        child.wait_with_output().unwrap()
    });
    let time = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        line["time"].as_str().map(str::to_owned)
    };
    String::from_utf8(output.stdout).unwrap().lines().map(time).collect()
}

#[track_caller]
fn assert_same(found: &[Option<String>], expected: &[Option<String>], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let first = found.iter().zip(expected).enumerate().find(|(_, (found, expected))| found != expected);
    assert_eq!(first, None, "{what}");
}

#[test]
fn every_line_has_its_own_time_in_every_way_of_reading() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for (name, write) in FORMS {
        let Generated { text, times } = generated(write);
        let modified = moment("2017-02-03");
        let form =
            detect(&text.as_bytes()[..8192], &Circumstances { modified: Some(modified), ..Circumstances::default() });
        assert_eq!(form.name().as_deref(), Some(name));
        let wide: Vec<u8> = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut gzip, text.as_bytes()).unwrap();
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        zip.start_file("a.log", zip::write::SimpleFileOptions::default()).unwrap();
        std::io::Write::write_all(&mut zip, text.as_bytes()).unwrap();
        std::fs::write(path("a.log"), &text).unwrap();
        std::fs::write(path("wide.log"), wide).unwrap();
        std::fs::write(path("a.log.gz"), gzip.finish().unwrap()).unwrap();
        std::fs::write(path("a.zip"), zip.finish().unwrap().into_inner()).unwrap();
        for file in ["a.log", "wide.log", "a.log.gz", "a.zip"] {
            for threads in ["-j1", "-j4"] {
                assert_same(&times_of(&path(file), None, &[threads]), &times, &format!("{name}: {file} {threads}"));
            }
        }
        let piped = times_of(std::path::Path::new("-"), Some(text.as_bytes()), &[]);
        assert_same(&piped, &times, &format!("{name}: piped"));
    }
}

#[test]
fn the_time_of_a_line_does_not_depend_on_how_the_source_is_divided() {
    use callcodes::catalogue::Catalogue;
    use callcodes::pipeline::Options;
    use callcodes::pipeline::inventory::inventory;
    use callcodes::source::Walk;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("2017-02-03.log");
    let set = callcodes::pattern::PatternSet::compile(&callcodes::config::built_in()).unwrap();
    for (name, write) in FORMS {
        let Generated { text, times } = generated(write);
        std::fs::write(&path, &text).unwrap();
        for range_bytes in [1, 97, 5000, u64::MAX] {
            let options = Options {
                range_bytes: range_bytes.max(64),
                threads: std::num::NonZeroUsize::new(3),
                ..Options::default()
            };
            let walk = Walk::new(vec![path.clone()]);
            let counting = callcodes::summary::sign_ins::Options::default();
            let listed = inventory(walk, &set, Catalogue::built_in(), &options, counting).unwrap().summary;
            let found: Vec<_> = listed.entries.iter().filter_map(|entry| entry.text).collect();
            let [entry] = &found[..] else { panic!("{found:?}") };
            let shown = [entry.first, entry.last].map(|stamp| stamp.map(|stamp| stamp.time.to_string()));
            let first = times[0].clone();
            let last = times.iter().rev().flatten().next().cloned();
            assert_eq!((shown, entry.time_form.as_deref()), ([first, last], Some(name)), "{range_bytes}");
        }
    }
}

#[test]
fn times_at_a_change_of_clocks_are_counted_however_the_source_is_divided() {
    use callcodes::catalogue::Catalogue;
    use callcodes::pipeline::Options;
    use callcodes::pipeline::inventory::inventory;
    use callcodes::source::Walk;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    let set = callcodes::pattern::PatternSet::compile(&callcodes::config::built_in()).unwrap();
    // Each minute from 1 to 4 o'clock, of which those from 2 to 3 o'clock occur twice. Every other line has a result.
    let line = |minute: u32| {
        let result = if minute.is_multiple_of(2) { "rawCallStatus = 21" } else { "x" };
        format!("2017-10-29 {:02}:{:02}:00 {result}\n", minute / 60, minute % 60)
    };
    std::fs::write(&path, (60..240).map(line).collect::<String>()).unwrap();
    for (zone, expected) in [("Europe/Berlin", 30), ("+01:00", 0), ("America/New_York", 0)] {
        for (threads, range_bytes) in [(1, u64::MAX), (1, 64), (3, 64), (4, 1000)] {
            let threads = std::num::NonZeroUsize::new(threads);
            let mut options = Options { threads, range_bytes, ..Options::default() };
            options.opening.times.zone = Some(callcodes::time::zone::parse(zone).unwrap());
            let walk = Walk::new(vec![path.clone()]);
            let counting = callcodes::summary::sign_ins::Options::default();
            let outcome = inventory(walk, &set, Catalogue::built_in(), &options, counting).unwrap();
            let text = outcome.summary.entries.iter().next().unwrap().text.unwrap();
            assert_eq!((text.changing_times, outcome.times.changing), (expected, expected), "{zone} {range_bytes}");
        }
    }
}

#[test]
fn each_result_in_a_line_has_its_own_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    let cases = [
        ("{1} rawCallStatus = 21 {2} rawCallStatus = 102", "12"),
        ("{1} rawCallStatus = 21 rawCallStatus = 102", "11"),
        ("{1} rawCallStatus = 21 rawCallStatus = 102 {2} rawCallStatus = 5 {3}", "112"),
        // A time that is about something else.
        ("{1} rawCallStatus = 21, locked until {2}, rawCallStatus = 102", "11"),
        ("{1} rawCallStatus = 21, expires {2} rawCallStatus = 102", "11"),
        ("{1} rawCallStatus = 21, next retry at {2} rawCallStatus = 102", "11"),
        ("{1} rawCallStatus = 21 {2} valid to {3} rawCallStatus = 102", "12"),
        ("{1} rawCallStatus = 21 at {2} rawCallStatus = 102", "12"),
        ("{d1} rawCallStatus = 21, gesperrt bis {d2}, rawCallStatus = 102", "11"),
        // A carriage return ends a line.
        ("{1} rawCallStatus = 21\r{2} rawCallStatus = 102\rrawCallStatus = 5", "12-"),
        ("{1} 10 %\r{2} rawCallStatus = 21 rawCallStatus = 102\r", "22"),
        ("rawCallStatus = 5\r{1} rawCallStatus = 21", "-1"),
        // NUL bytes come before a line.
        ("\0\0\0{1} rawCallStatus = 21", "1"),
        // Several records are in one line, with the time before or after the message.
        ("[{\"time\":\"{1}\",\"m\":\"rawCallStatus = 21\"},{\"time\":\"{2}\",\"m\":\"rawCallStatus = 102\"}]", "12"),
        ("[{\"m\":\"rawCallStatus = 21\",\"time\":\"{1}\"}, {\"m\":\"rawCallStatus = 102\",\"time\":\"{2}\"}]", "12"),
        ("[{\"time\":\"{1}\",\"m\":\"x\"},{\"m\":\"rawCallStatus = 21\"},{\"m\":\"y\",\"time\":\"{2}\"}]", "-"),
        ("[{\"time\":\"{1}\",\"m\":\"rawCallStatus = 21\"},{\"m\":\"rawCallStatus = 102\"}]", "1-"),
        ("{\"time\":\"{1}\",\"of\":[{\"m\":\"rawCallStatus = 21\"},{\"m\":\"rawCallStatus = 102\"}]}", "11"),
        ("{\"time\":\"{1}\",\"of\":[{\"a\":1},{\"b\":2}],\"m\":\"rawCallStatus = 21\"}", "1"),
        ("{\"time\":\"{1}\",\"of\":{\"a\":[{\"m\":\"rawCallStatus = 21\"}]}}", "1"),
        ("level=info m=\"{rawCallStatus = 21}\" time=\"{1}\"", "1"),
        // Other forms.
        ("{d1} rawCallStatus = 21 {d2} rawCallStatus = 102 rawCallStatus = 5", "122"),
        ("<![LOG[rawCallStatus = 21]LOG]!>{c1}<![LOG[rawCallStatus = 102]LOG]!>{c2}", "12"),
    ];
    for (text, expected) in cases {
        let mut text = text.to_owned();
        for number in 1..4 {
            text = text.replace(&format!("{{{number}}}"), &format!("2017-02-14T02:57:0{number}Z"));
            text = text.replace(&format!("{{d{number}}}"), &format!("14.02.2017 02:57:0{number}"));
            let fields = format!("<time=\"02:57:0{number}.000+000\" date=\"02-14-2017\" type=\"1\">");
            text = text.replace(&format!("{{c{number}}}"), &fields);
        }
        let expected: Vec<Option<String>> =
            expected.chars().map(|number| (number != '-').then(|| format!("2017-02-14T02:57:0{number}Z"))).collect();
        for end in ["", "\n", "\r\n"] {
            std::fs::write(&path, format!("{text}{end}")).unwrap();
            assert_eq!(times_of(&path, None, &[]), expected, "{text:?}");
            assert_eq!(times_of(&path, None, &["--no-join"]), expected, "{text:?}");
        }
    }
}

#[test]
fn clocks_may_be_changed_at_any_minute() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    // Clocks were set forward from 0:01 to 1:01.
    let clocks = ["00:00:59", "00:05:00", "01:00:30", "01:05:00"];
    std::fs::write(&path, clocks.map(|clock| format!("2010-03-14 {clock} rawCallStatus = 21\n")).concat()).unwrap();
    let expected = ["03:30:59", "03:35:00", "04:30:30", "03:35:00"].map(|clock| Some(format!("2010-03-14T{clock}Z")));
    assert_eq!(times_of(&path, None, &["--tz", "America/St_Johns"]), expected);
}

#[test]
fn what_the_beginning_of_a_file_does_not_decide_is_decided_by_parts_of_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    let banner = "This text has no times.\n".repeat(5000);
    let syslog: String =
        (0..9000).map(|at| format!("Feb 14 02:{:02}:{:02} host rawCallStatus = 21\n", at / 60 % 60, at % 60)).collect();
    // Neither the first nor the last lines determine the order of day and month.
    let day = |day: usize| format!("{day:02}/02/2016 02:57:24 rawCallStatus = 21\n").repeat(1000);
    let days: String = [1, 2, 13, 3].map(day).concat();
    let clock = |hour: usize| format!("{hour:02}:57:24 rawCallStatus = 21\n").repeat(500);
    for (text, expected) in [
        (banner + &syslog, Some("2017-02-14T02:00:00Z")),
        (days, Some("2016-02-01T02:57:24Z")),
        // The clock times are of one day, and of two.
        ([1, 2].map(clock).concat(), Some("2017-02-14T01:57:24Z")),
        ([23, 0].map(clock).concat(), None),
    ] {
        std::fs::write(&path, &text).unwrap();
        let named = folder.path().join("a-2017-02-14.log");
        std::fs::write(&named, &text).unwrap();
        for threads in ["-j1", "-j4"] {
            let times = times_of(&named, None, &[threads]);
            assert_eq!(times.first().unwrap().as_deref(), expected);
            assert!(times.iter().all(|time| time.is_some() == expected.is_some()));
        }
    }
}

#[test]
fn a_zone_and_an_order_can_be_given() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    let lines = |text: &str, args: &[&str]| {
        std::fs::write(&path, text).unwrap();
        times_of(&path, None, args).into_iter().map(Option::unwrap_or_default).collect::<Vec<_>>()
    };
    let log = "02/03/2017 02:57:24 rawCallStatus = 21\n";
    assert_eq!(lines(log, &[]), [""]);
    assert_eq!(lines(log, &["--date-order", "dmy"]), ["2017-03-02T02:57:24Z"]);
    assert_eq!(lines(log, &["--date-order", "MDY"]), ["2017-02-03T02:57:24Z"]);
    assert_eq!(lines(log, &["--date-order", "mdy", "--tz", "Europe/Berlin"]), ["2017-02-03T01:57:24Z"]);
    assert_eq!(lines(log, &["--date-order", "mdy", "--tz", "-0330"]), ["2017-02-03T06:27:24Z"]);
    // A zone in the line takes precedence over the given one, but an abbreviation of several zones does not.
    let zones = "2017-07-14 02:57:24Z rawCallStatus = 21\n2017-07-14 02:57:24 rawCallStatus = 21\n\
                 2017-07-14 02:57:24 CST rawCallStatus = 21\n";
    assert_eq!(
        lines(zones, &["--tz", "Europe/Berlin"]),
        ["2017-07-14T02:57:24Z", "2017-07-14T00:57:24Z", "2017-07-14T00:57:24Z"]
    );
    // The first time is in an hour that is skipped, and the second one in an hour that occurs twice.
    let changes = "2017-03-26 02:30:00 rawCallStatus = 21\n2017-10-29 02:30:00 rawCallStatus = 21\n";
    assert_eq!(lines(changes, &["--tz", "Europe/Berlin"]), ["2017-03-26T01:30:00Z", "2017-10-29T00:30:00Z"]);
}

#[test]
fn a_group_for_the_time_reads_every_form() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    let pattern = ["-e", r"at (?<time>.*) rawCallStatus = (?<code>\d+)"];
    let texts = [
        ("14.02.2017 02:57:24", "2017-02-14T02:57:24Z"),
        ("2017-02-14T02:57:24Z", "2017-02-14T02:57:24Z"),
        ("2/14/2017 2:57:24 PM", "2017-02-14T14:57:24Z"),
        ("Feb 14 02:57:24", "2017-02-14T02:57:24Z"),
        ("1487041044", "2017-02-14T02:57:24Z"),
        ("14/Feb/2017:02:57:24 +0100", "2017-02-14T01:57:24Z"),
        // Day or month first?
        ("02/03/2017 02:57:24", ""),
        ("yesterday", ""),
    ];
    for (text, expected) in texts {
        std::fs::write(&path, format!("id 7 at {text} rawCallStatus = 21\n")).unwrap();
        let times = times_of(&path, None, &pattern);
        assert_eq!(times, [Some(expected.to_owned()).filter(|time| !time.is_empty())], "{text}");
    }
}

#[test]
fn a_pattern_can_say_how_its_times_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let (path, own) = (folder.path().join("a.log"), folder.path().join("own.toml"));
    std::fs::write(&path, "02/03/2017 at 02.57 rawCallStatus = 21\n31/12/2016 at 02.57 rawCallStatus = 21\n").unwrap();
    let pattern = "[[pattern]]\nname = 'own'\nregex = '(?<time>.*) rawCallStatus = (?<code>[0-9]+)'\n";
    std::fs::write(&own, format!("{pattern}time_form = '%d/%m/%Y at %H.%M'\n")).unwrap();
    let expected = ["2017-03-02T02:57:00Z", "2016-12-31T02:57:00Z"].map(|time| Some(time.to_owned()));
    assert_eq!(times_of(&path, None, &["-f", own.to_str().unwrap()]), expected);
}

#[test]
fn a_form_can_be_added() {
    let folder = tempfile::tempdir().unwrap();
    let (path, own) = (folder.path().join("a.log"), folder.path().join("own.toml"));
    std::fs::write(&path, "[14.02.2017 um 02.57 Uhr] rawCallStatus = 21\n").unwrap();
    assert_eq!(times_of(&path, None, &[]), [None]);
    std::fs::write(&own, "[[time]]\nname = 'own'\nform = '%d.%m.%Y um %H.%M Uhr'\n").unwrap();
    assert_eq!(times_of(&path, None, &["-f", own.to_str().unwrap()]), [Some("2017-02-14T02:57:00Z".to_owned())]);

    std::fs::write(&own, "[[time]]\nname = 'own'\nform = '%d.%m.%Y'\nfrom = 1\n").unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_callcodes"));
    let output =
        command.args(["lines", "--no-config", "-f", "own.toml", "a.log"]).current_dir(&folder).output().unwrap();
    let expected = "\
error: the `form` of the time `own` is not a form of times
 --> own.toml:3:9
  |
3 | form = '%d.%m.%Y'
  |         ^^^^^^^^
  |
  = help: this form has no clock time. Add %H:%M:%S, or %s for seconds since 1970

error: unknown key `from`
 --> own.toml:4:1
  |
4 | from = 1
  | ^^^^
  |
  = help: a time can have: name, form";
    assert_eq!(String::from_utf8(output.stderr).unwrap().trim_end().replace('\r', ""), expected);
}

proptest! {
    /// jiff writes a time in each form, and it is read back. Seconds since 1970 have ten digits from 2001 on.
    #[test]
    fn a_time_that_jiff_writes_is_read_back(second in 1_000_000_000_i64..1_750_000_000, form in 0_usize..FORMS.len()) {
        let at = jiff::tz::Offset::UTC.to_datetime(jiff::Timestamp::from_second(second).unwrap());
        let (name, write) = FORMS[form];
        // The following days show the order of day and month, and that numbers increase.
        let rest = (0..20).map(|number| at + jiff::SignedDuration::from_hours(24 * number)).map(|at| write(at, 0));
        let text = rest.collect::<Vec<_>>().join("\n");
        let after = at + jiff::SignedDuration::from_hours(24 * 20);
        let circumstances =
            Circumstances { modified: Some(moment(&after.to_string())), is_whole: true, ..Circumstances::default() };
        let found = detect(text.as_bytes(), &circumstances);
        let stamp = found.find(write(at, 0).as_bytes());
        prop_assert_eq!(stamp.map(|stamp| stamp.time.to_string()), Some(format!("{at}Z")), "{}: {:?}", name, found.name());
    }

    #[test]
    fn any_lines_can_be_read(
        lines in prop::collection::vec(
            "[-0-9/.:, TZ\\[\\]<>\"aFebAPM=;|\\\\\u{200e}{}\r]{0,40}|\\PC{0,40}|(\\{?\"(time|ts)\": ?\"?(2017-02-14T02:57:2[0-9]Z|1487041044)\"?,?[\\{\\}\r]?){0,4}",
            0..20,
        ),
        at in (0_usize..200, 0_usize..200),
    ) {
        let text = lines.join("\n");
        let form = detect(text.as_bytes(), &Circumstances::default());
        let mut reader = Reader::default();
        for line in lines.iter().map(String::as_bytes).chain([text.as_bytes()]) {
            let _ = (form.find(line), form.read(line));
            let (one, two) = (at.0.min(line.len()), at.1.min(line.len()));
            let time = reader.find_first(&form, line, &(one..(one + 3).min(line.len())));
            let _ = reader.find_next(&form, line, &(two..(two + 3).min(line.len())), (one, time));
        }
    }
}
