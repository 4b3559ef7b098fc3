//! Times of every form: logs that are easily read wrong, generated logs of each form, and every way of reading them.

use callcodes::time::Time;
use callcodes::time::detect::{Circumstances, detect};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
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
