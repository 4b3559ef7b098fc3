//! Reads partials, lines with a partial, and plans: any bytes, and what was written with changes. Changes are refused or have no effect.
//! Where the digests were made right after the changes, what is accepted can be counted, written and read again.

#![no_main]
#![allow(clippy::unwrap_used)]

#[path = "../../it/sealed.rs"]
mod sealed;

use std::fs;
use std::io::{Cursor, Write as _};
use std::num::NonZeroUsize;
use std::sync::{Arc, LazyLock};

use arbitrary::Arbitrary;
use callcodes::catalogue::Catalogue;
use callcodes::config;
use callcodes::partial::plan::{self, Piece, Plan, Selections, Typed};
use callcodes::partial::pseudonyms::Pseudonyms;
use callcodes::partial::{FORMAT, Header, Merge, Purpose, Refused, Stored, Writer, to_line};
use callcodes::pattern::PatternSet;
use callcodes::pipeline::recorded::{self, Step};
use callcodes::pipeline::{self, CopyRule, Outcome};
use callcodes::source::{Opening, Selection, Walk};
use callcodes::summary::Dimension;
use callcodes::summary::sign_ins::{Options, Settled, Sought};
use callcodes::time::zone::DisplayZone;
use flate2::Compression;
use flate2::write::GzEncoder;
use libfuzzer_sys::fuzz_target;
use sealed::sealed;

#[derive(Arbitrary, Debug)]
enum Input<'a> {
    Bytes(&'a [u8]),
    /// One byte of what was written is another one.
    Byte {
        form: u8,
        at: u16,
        is: u8,
    },
    Edited {
        form: u8,
        edits: Vec<Edit<'a>>,
    },
    /// An edited partial whose digests are right.
    Sealed {
        is_planned: bool,
        edits: Vec<Edit<'a>>,
    },
}

#[derive(Arbitrary, Debug)]
struct Edit<'a> {
    at: u16,
    removed: u8,
    inserted: &'a [u8],
}

/// What was written of the same logs.
struct Written {
    /// The partial of a machine, and pieces of a plan.
    partials: [Vec<u8>; 2],
    plan: Vec<u8>,
    /// The first partial, in any form in which partials arrive, and the second partial.
    forms: Vec<Vec<u8>>,
}

static SET: LazyLock<PatternSet> = LazyLock::new(|| PatternSet::compile(&config::built_in()).unwrap());

static WRITTEN: LazyLock<Written> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let log = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    log(
        "a.log",
        "2017-02-14T08:00:00.5Z i Pfauth failed for user 'ann'. Call status: SUCCESS_NO_PIN_BUT_TIMEOUT - \"No PIN Entered\".\n\
         2017-02-14T08:00:07.25Z|5|6|rawCallStatus = 102\n\
         2017-02-14T08:00:09Z second factor: callStatus unreadable for bob\n14.02. callStatus=NEW_NAME\n",
    );
    log("b.log", &"2017-02-14 09:00:00 callStatus=21\n".repeat(40));
    log("c.log.gz", "no gzip data");
    let selection = Arc::new(Selection::default());
    let walk = Walk::new(vec![folder.path().to_owned()]);
    let pieces = plan::divide(walk, &Opening::default(), (&selection, None), 1024);
    // The same in each run.
    let shown = |text: Vec<u8>| {
        String::from_utf8(text).unwrap().replace(&format!("{}/", folder.path().display()), "").into_bytes()
    };
    let fixed = |piece: &Piece| Piece { modified: piece.modified.map(|_| 7), ..piece.clone() };
    let partial = |pieces: &[Piece], machine: Option<&str>| {
        let mut out = Vec::new();
        let mut writer = Writer::new(&mut out, &header(machine)).unwrap();
        let (mut next, mut is_in_piece) = (pieces.iter(), false);
        let sources = pieces.iter().map(|piece| piece.source(&selection)).collect::<Vec<_>>().into_iter();
        let run = pipeline::Options { threads: NonZeroUsize::new(1), copies: CopyRule::Record, ..Default::default() };
        recorded::record(sources, &SET, Catalogue::built_in(), &run, DisplayZone::UTC, None, &mut |step| {
            if !std::mem::replace(&mut is_in_piece, true) {
                writer.begin(&fixed(next.next().unwrap()))?;
            }
            match step {
                Step::Problem(_) => Ok(()),
                Step::Message(message) => writer.message(message.as_bytes()),
                Step::InputEnd => {
                    is_in_piece = false;
                    writer.done(None)
                }
            }
        })
        .unwrap();
        writer.end().unwrap();
        sealed(&shown(out), true)
    };
    let whole: Vec<Piece> = pieces.iter().filter(|piece| piece.range.is_none()).cloned().collect();
    assert!(whole.len() >= 2 && whole.len() < pieces.len(), "{pieces:?}");
    let mut plan = Vec::new();
    let named = |piece: &Piece| Piece {
        path: piece.path.as_ref().map(|path| path.rsplit('/').next().unwrap().to_owned()),
        ..fixed(piece)
    };
    plan::write(Typed::default(), pieces.iter().map(named), &mut plan).unwrap();
    let partials = [partial(&whole, Some("PC")), partial(&pieces, None)];
    let line = to_line(&partials[0]).unwrap();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(&partials[0]).unwrap();
    let utf16 = format!("\u{feff}{}\r\n", String::from_utf8(partials[0].clone()).unwrap());
    let forms = vec![
        partials[0].clone(),
        line.clone().into_bytes(),
        format!("PC,\"{line}\",0\r\n").into_bytes(),
        gzip.finish().unwrap(),
        utf16.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        partials[1].clone(),
    ];
    Written { partials, plan, forms }
});

/// What each of the forms gives.
static MERGED: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let merged = |form: &Vec<u8>| {
        let (refused, merge) = read(form);
        assert_eq!(refused, []);
        rewritten(&merge).unwrap()
    };
    WRITTEN.forms.iter().map(merged).collect()
});

fuzz_target!(|input: Input<'_>| {
    match input {
        Input::Bytes(bytes) => {
            check_any(bytes);
            check_plan(bytes);
        }
        Input::Byte { form, at, is } => {
            let form = usize::from(form) % (WRITTEN.forms.len() + 1);
            let mut bytes = WRITTEN.forms.get(form).unwrap_or(&WRITTEN.plan).clone();
            let at = usize::from(at) % bytes.len();
            bytes[at] = is;
            match WRITTEN.forms.get(form) {
                Some(_) => check_changed(form, &bytes),
                None => assert!(check_plan(&bytes).is_none_or(|plan| plan.is_whole()), "a changed byte goes unnoticed"),
            }
        }
        Input::Edited { form, edits } => {
            let form = usize::from(form) % (WRITTEN.forms.len() + 1);
            match WRITTEN.forms.get(form) {
                Some(bytes) => check_changed(form, &edited(bytes, &edits)),
                None => drop(check_plan(&edited(&WRITTEN.plan, &edits))),
            }
        }
        Input::Sealed { is_planned, edits } => {
            let partial = sealed(&edited(&WRITTEN.partials[usize::from(is_planned)], &edits), true);
            check_any(&partial);
            if let Ok(line) = to_line(&partial) {
                check_any(line.as_bytes());
            }
        }
    }
});

fn header(machine: Option<&str>) -> Header {
    Header {
        format: FORMAT,
        version: "1".to_owned(),
        patterns: "1f".to_owned(),
        reading: "2f".to_owned(),
        zone: "UTC".to_owned(),
        keep_copies: false,
        machine: machine.map(str::to_owned),
        written: machine.map(|_| 1_487_548_800),
        zones: None,
        pseudonyms: None,
        options: Vec::new(),
    }
}

fn edited(bytes: &[u8], edits: &[Edit<'_>]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for Edit { at, removed, inserted } in edits.iter().take(4) {
        let at = usize::from(*at) % (bytes.len() + 1);
        let end = bytes.len().min(at + usize::from(*removed));
        bytes.splice(at..end, inserted.iter().copied());
    }
    bytes
}

/// Reads partials through a pipe, as all that are no files are.
fn read(bytes: &[u8]) -> (Vec<Refused>, Merge) {
    let mut merge = Merge::new(SET.patterns().len());
    let mut refused = merge.add("x", Stored::Once(Box::new(Cursor::new(bytes.to_vec()))));
    refused.extend(merge.arrange(None, Purpose::Count, |_| None).err());
    (refused, merge)
}

/// Returns the partials as they are written again, or `None` if a line is refused.
fn rewritten(merge: &Merge) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    merge.write(&mut out).ok().map(|()| out)
}

fn counted(merge: &Merge) -> Option<Outcome<Settled>> {
    let counting =
        Options { by: vec![Dimension::Host, Dimension::User], near_misses: Sought::Numbered, ..Options::default() };
    let run = pipeline::Options { threads: NonZeroUsize::new(1), ..Default::default() };
    let outcome = recorded::count(&SET, Catalogue::built_in(), &run, counting, |sink| merge.feed(sink));
    let mut outcome = outcome.ok()?;
    outcome.problems.sort();
    Some(outcome)
}

/// What was changed is refused or has no effect.
fn check_changed(form: usize, bytes: &[u8]) {
    let (refused, merge) = read(bytes);
    let is_same = rewritten(&merge).is_some_and(|merged| merged == MERGED[form]);
    assert!(!refused.is_empty() || is_same, "a change goes unnoticed");
}

/// What is accepted can be counted, written and read again, with and without names of users.
fn check_any(bytes: &[u8]) {
    let (refused, merge) = read(bytes);
    assert!(refused.iter().all(|refused| !refused.to_string().is_empty()));
    let (outcome, out) = (counted(&merge), rewritten(&merge));
    assert_eq!(outcome.is_some(), out.is_some(), "what can be counted cannot be written, or the other way round");
    let Some(out) = out.filter(|_| !merge.is_empty()) else { return };
    let (refused, again) = read(&out);
    assert_eq!(refused, [], "what is written is refused");
    assert_eq!(rewritten(&again).as_ref(), Some(&out));
    assert_eq!(counted(&again), outcome);
    let (_, mut redacted) = read(&out);
    redacted.make_pseudonyms(Pseudonyms::new(b"key").unwrap());
    assert!(counted(&redacted).is_some());
    let (refused, _) = read(&rewritten(&redacted).unwrap());
    assert_eq!(refused, [], "what is written with pseudonyms is refused");
}

/// A plan that is accepted can be written and read again, and a whole one is as it was written. Returns it.
fn check_plan(bytes: &[u8]) -> Option<Plan> {
    let plan = match Plan::read("x", bytes) {
        Ok(plan) => plan,
        Err(refused) => {
            assert!(!refused.to_string().is_empty());
            return None;
        }
    };
    let mut selections = Selections::new(Arc::default());
    for piece in plan.pieces() {
        assert!(plan.piece(piece.id).is_some());
        let _ = selections.source(piece);
    }
    let mut out = Vec::new();
    plan::write(plan.typed().clone(), plan.pieces().iter().cloned(), &mut out).unwrap();
    let again = Plan::read("x", &out[..]).unwrap();
    assert_eq!((again.pieces(), again.is_whole()), (plan.pieces(), true));
    let written = || Plan::read("x", &WRITTEN.plan[..]).unwrap();
    assert!(
        !plan.is_whole() || plan.pieces().is_empty() || plan.pieces() == written().pieces(),
        "a change goes unnoticed"
    );
    Some(plan)
}
