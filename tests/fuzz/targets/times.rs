//! Reads the times of lines, in all forms and with anything that the user may have specified, and times that people type.

#![no_main]

use std::io::Write as _;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::LazyLock;

use callcodes::catalogue::Catalogue;
use callcodes::chunk::Limits;
use callcodes::code::Key;
use callcodes::config::{self, Layers};
use callcodes::pattern::PatternSet;
use callcodes::pipeline::Options;
use callcodes::pipeline::summarise::summarise;
use callcodes::source::{Opening, Walk};
use callcodes::summary::Tally;
use callcodes::time::detect::{Circumstances, Given, detect};
use callcodes::time::forms::Shape;
use callcodes::time::window::Bound;
use callcodes::time::zone::{self, DisplayZone};
use callcodes::time::{Form, Order, Reader, SEARCH_LIMIT_BYTES, Stamp, Time};
use libfuzzer_sys::fuzz_target;

/// The zones of logs: one whose clocks change by an hour, one whose clocks change by half an hour, and one with an offset that is no hour.
static GIVEN: LazyLock<Vec<Given>> = LazyLock::new(|| {
    let given = |name| Given { zone: Some(zone::parse(name).expect("a zone")), ..Given::default() };
    ["Europe/Berlin", "Australia/Lord_Howe", "-03:30"].map(given).into()
});

/// Finds a number after `code=`.
static SET: LazyLock<PatternSet> = LazyLock::new(|| {
    let layers = Layers { expressions: vec![r"code=(?<code>\d+)".to_owned()], ..Layers::default() };
    PatternSet::compile(&config::load(&layers, "").expect("a sound regex").definitions).expect("a small regex")
});

/// 2017-02-20.
static MODIFIED: LazyLock<Time> = LazyLock::new(|| Time::from_nanoseconds(1_487_548_800_000_000_000));

/// How far apart the spans of results are that are tried in a line, in bytes.
const STEP_BYTES: usize = 11;

/// The longest text that is parsed as a zone, because zones are never freed.
const ZONE_BYTES: usize = 20;

fuzz_target!(|bytes: &[u8]| {
    let [choices, text @ ..] = bytes else { return };
    let is_chosen = |bit: u8| choices >> bit & 1 == 1;
    let order = [None, Some(Order::Dmy), Some(Order::Mdy), Some(Order::Ymd)][usize::from(choices & 3)];
    let zones: Vec<Given> = [vec![Given::default()], GIVEN.clone()].concat();
    let given = Given { order, year: is_chosen(4).then_some(2016), ..zones[usize::from(choices >> 2 & 3)] };
    let circumstances = Circumstances {
        name: if is_chosen(5) { "u_ex170214.log" } else { "log.txt" },
        modified: is_chosen(6).then_some(*MODIFIED),
        is_whole: is_chosen(7),
        has_events: text.starts_with(b"<Event"),
        given,
        ..Circumstances::default()
    };
    let form = detect(text, &circumstances);
    assert_eq!(detect(text, &circumstances), form, "the same lines have another form");
    let _ = (form.name(), form.evidence(), form.is_undecided());

    let mut reader = Reader::default();
    for line in text.split(|byte| *byte == b'\n') {
        let found = form.find(line);
        assert_eq!(reader.find(&form, line), found, "the lines before make a difference");
        assert_eq!(reader.read(&form, line), form.read(line), "the lines before make a difference");
        let results = results(&mut reader, &form, line);
        assert_eq!(results, self::results(&mut Reader::default(), &form, line), "the lines before make a difference");
        results.into_iter().chain([found, form.read(line)]).flatten().for_each(check_shown);
    }
    if text.windows(5).any(|window| window == b"code=") {
        assert_eq!(
            counted(text, given, 1, 1 << 20),
            counted(text, given, 3, 40),
            "ranges and threads make a difference"
        );
    }
    check_iso(text);
    if let Ok(text) = std::str::from_utf8(text) {
        check_own_form(text, &form);
        check_typed(text);
    }
});

/// Returns the times of results at some places in a line.
fn results(reader: &mut Reader, form: &Form, line: &[u8]) -> Vec<Option<Stamp>> {
    let mut all: Vec<Option<Stamp>> = Vec::new();
    let mut end = 0;
    for start in (0..line.len()).step_by(STEP_BYTES) {
        let span: Range<usize> = start..line.len().min(start + 3);
        let stamp = match all.last() {
            None => reader.find_first(form, line, &span),
            Some(earlier) => reader.find_next(form, line, &span, (end, *earlier)),
        };
        end = span.end;
        all.push(stamp);
    }
    all
}

/// Counts the results in a file with this text.
fn counted(text: &[u8], times: Given, threads: usize, range_bytes: u64) -> Vec<(Key, Tally)> {
    let mut file = tempfile::NamedTempFile::new().expect("a folder for temporary files");
    file.write_all(text).expect("room for temporary files");
    let options = Options {
        threads: NonZeroUsize::new(threads),
        range_bytes,
        limits: Limits { block_bytes: 64, ..Limits::default() },
        opening: Opening { times, ..Opening::default() },
        ..Options::default()
    };
    let walk = Walk::new(vec![file.path().to_owned()]);
    let outcome = summarise(walk, &SET, Catalogue::built_in(), &options).expect("threads can be started");
    outcome.summary.iter().map(|(key, row)| (key, row.tally)).collect()
}

/// What is shown in any zone reads back, is in its hour and its day, and is the same time when it is typed.
fn check_shown(stamp: Stamp) {
    let time = stamp.time;
    for zone in [DisplayZone::UTC].into_iter().chain(GIVEN.iter().filter_map(|given| given.zone).map(DisplayZone::new))
    {
        let shown = zone.of(time).to_string();
        let again = Form::ISO_8601.read(shown.as_bytes()).expect("what is shown can be read");
        assert_eq!((again.time, again.zone_is_assumed()), (time, false), "{shown}");
        let typed = Bound::parse(&shown).expect("what is shown can be typed");
        assert_eq!(typed.resolve(*MODIFIED, zone), Ok(time), "{shown}");
        for (start, end) in
            [(zone.hour(time), zone.hour_end(zone.hour(time))), (zone.day(time), zone.day_end(zone.day(time)))]
        {
            assert!((start..end).contains(&time), "{shown} is not between {start} and {end}");
        }
    }
}

/// A time in ISO 8601 that is found can be read in place, whatever follows it.
fn check_iso(line: &[u8]) {
    let found = Form::ISO_8601.find(line);
    if let Some(stamp) = found {
        check_shown(stamp);
        let nuls = line.iter().take_while(|byte| **byte == 0).count();
        let read = |start| Form::ISO_8601.read(&line[start..]);
        let mut starts = 0..line.len().min(nuls + SEARCH_LIMIT_BYTES + 1);
        assert!(starts.any(|start| read(start) == Some(stamp)), "found but not read");
    }
    assert_eq!(Form::ISO_8601.find(&[line, b"|"].concat()), found, "a separator at the end makes a difference");
}

/// The first line as a form of the user, which reads the others.
fn check_own_form(text: &str, form: &Form) {
    let mut lines = text.lines();
    let notation = lines.next().unwrap_or_default();
    match Shape::compile("own", notation) {
        Ok(shape) => lines.for_each(|line| {
            let stamp = Reader::default().read_as(&shape, form, line.as_bytes());
            stamp.into_iter().for_each(check_shown);
        }),
        Err(error) => assert!(!error.message.is_empty() && notation.get(error.span).is_some(), "{}", error.message),
    }
}

/// A text as a time and as a zone.
fn check_typed(text: &str) {
    match Bound::parse(text) {
        Ok(bound) => {
            for given in GIVEN.iter().filter_map(|given| given.zone) {
                let resolved = bound.resolve(*MODIFIED, DisplayZone::new(given));
                assert!(
                    bound.is_relative() || bound.lacks_zone() || resolved == bound.resolve(*MODIFIED, DisplayZone::UTC)
                );
            }
        }
        Err(error) => assert!(!error.contains('\n') && !error.ends_with('.'), "{error}"),
    }
    if text.len() > ZONE_BYTES {
        return;
    }
    match zone::parse(text) {
        Ok(zone) => {
            let name = DisplayZone::new(zone).name();
            assert_eq!(zone::parse(&name).map(DisplayZone::new), Ok(DisplayZone::new(zone)), "{name}");
        }
        Err(error) => assert!(!error.contains('\n') && !error.ends_with('.'), "{error}"),
    }
}
