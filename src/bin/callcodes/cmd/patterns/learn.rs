//! `patterns learn`: makes a pattern from a line and the code in it, shows what it takes, and adds it to the user's pattern file.

use std::io::{self, BufRead as _, IsTerminal as _};
use std::path::{Path, PathBuf};

use callcodes::catalogue::Catalogue;
use callcodes::chunk::{Chunk, Limits};
use callcodes::hit::Capture;
use callcodes::name;
use callcodes::neighbour::neighbour;
use callcodes::pattern::PatternSet;
use callcodes::pattern::definition::{self, Definition, Origin};
use callcodes::pattern::diagnostic::Diagnostic;
use callcodes::pattern::file;
use callcodes::pattern::learn::{
    Kind, LONGEST_LINE_BYTES, Learned, NotFound, NotLearned, Sample, find, find_code, learn,
};
use callcodes::pipeline::similar::{Compared, Seen};
use callcodes::render::learned::{Proposal, SHOWN_LINES, patterns, shown, write};
use callcodes::scan::{Scanner, proof};
use callcodes::source::STDIN;

use encoding_rs::Encoding;

use super::logs::{Logs, output_args};
use super::{check, own_file, test};
use crate::args::{LearnArgs, PatternArgs};
use crate::argv;
use crate::paste;
use crate::settings;
use crate::status::{Failure, Status};
use crate::term;

/// The largest size of the lines on standard input, in bytes. Anything larger is a log.
const LIMIT_BYTES: u64 = 1 << 20;
/// The largest number of lines. More are a log.
const LIMIT_LINES: usize = 100;
/// The most similar lines in the logs to which a pattern is adapted.
const SIMILAR_LINES: usize = 500;
/// The most characters of the line that are shown on either side of a place.
const AROUND_CHARACTERS: usize = 24;

pub(super) fn run(args: LearnArgs) -> Result<Status, Failure> {
    // The target is resolved first, so that nothing is read in vain.
    let target = if args.write { Some(own_file::path(&args.patterns)?) } else { own_file::path(&args.patterns).ok() };
    let LearnArgs {
        code,
        user,
        host,
        near_miss,
        name,
        write: is_sure,
        arguments,
        patterns: pattern_args,
        logs: log_args,
    } = args;
    let (mut lines, paths) = given(&arguments, near_miss.is_some())?;
    let encoding = log_args.encoding.given();
    let output_args = output_args(log_args.verbose);
    let mut logs = Logs::begin(paths, log_args, &pattern_args, &output_args)?;
    if let Some(number) = near_miss {
        lines.push(logs.near_miss(number)?);
    }
    let known = Known::new(&pattern_args, encoding)?;
    let catalogue = known.catalogue;
    let said = [("--user", Capture::User, user), ("--host", Capture::Host, host)];
    let (samples, others) = samples(&lines, &code, &said, catalogue)?;
    if let Some(note) = known.takes_all(&samples, catalogue) {
        term::note(note);
        return Ok(Status::Done);
    }
    let is_taken = |name: &str| known.definitions.iter().any(|one| one.name == name);
    check_name(name.as_deref(), &is_taken)?;

    let similar = similar(&mut logs, &known, &samples, &others)?;
    let mut learned = learn(&samples, &similar, catalogue, &is_taken).map_err(|why| not_learned(&why, &samples))?;
    if let Some(name) = name {
        rename(&mut learned, name)?;
    }
    let proved = known.with(&learned, target.as_deref())?;
    let seen = seen(&mut logs, &proved, &learned)?;

    let left = proved.left(&others, catalogue);
    let proposal = Proposal { learned: &learned, lines: samples.len(), left: &left, seen: &seen, catalogue };
    logs.write(|output| write(&proposal, output))?;
    let status = logs.end()?;
    proved.notes(catalogue).into_iter().for_each(term::note);
    if status == Status::Interrupted {
        return Ok(status);
    }
    let Some(target) = target else { return Ok(status) };
    let shown_target = term::shown(&name::shown(&target));
    if is_sure || is_wanted(&shown_target) {
        own_file::add(&target, &patterns(&learned))?;
        term::note(format_args!("added {} to {shown_target}", these(&learned)));
    } else {
        let (verb, them) = if learned.len() == 1 { ("is", "it") } else { ("are", "them") };
        let these = these(&learned);
        term::note(format_args!("{these} {verb} not in use yet. To add {them} to {shown_target}, pass --write"));
    }
    Ok(status)
}

/// Gives the only learned pattern the name that the user has chosen.
fn rename(learned: &mut [Learned], name: String) -> Result<(), Failure> {
    let [only] = learned else {
        let message = "the lines have too little in common for one pattern, so --name cannot name it";
        let remedy = "leave out --name, or learn from the lines one after another";
        return Err(settings::diagnostics(&[Diagnostic::new(message).remedy(remedy)]));
    };
    only.definition.name = name;
    Ok(())
}

/// Returns the names of learned patterns as they are mentioned in a sentence.
fn these(learned: &[Learned]) -> String {
    let names: Vec<String> = learned.iter().map(|one| format!("`{}`", one.definition.name)).collect();
    format!("{} {}", if names.len() == 1 { "the pattern" } else { "the patterns" }, names.join(" and "))
}

/// Asks whether the pattern is written. Without a terminal for the question and the answer, it is not.
fn is_wanted(target: &str) -> bool {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return false;
    }
    term::ask(format_args!("Add this to {target}, so that every run uses it? [y/N]"));
    let mut answer = String::new();
    let answered = io::stdin().lock().read_line(&mut answer);
    answered.is_ok() && ["y", "yes", "j", "ja"].contains(&answer.trim().to_lowercase().as_str())
}

/// Divides the arguments into lines and the paths of logs. Without a line, reads lines from standard input, unless there is one in the
/// logs.
fn given(arguments: &[PathBuf], is_in_logs: bool) -> Result<(Vec<String>, Vec<PathBuf>), Failure> {
    let mut lines: Vec<String> = Vec::new();
    let mut paths: Vec<PathBuf> = Vec::new();
    let mut reads_stdin = false;
    for argument in arguments {
        match argument.to_str() {
            Some(STDIN) => reads_stdin = true,
            Some(line) if !argument.exists() && test::is_line(line) => lines.extend(lines_of(line)),
            _ => paths.push(argument.clone()),
        }
    }
    let paths = settings::expanded(&paths);
    if let Some(missing) = paths.iter().find(|path| !path.exists()) {
        return Err(no_such_file(missing));
    }
    if (lines.is_empty() && !is_in_logs) || reads_stdin {
        term::note_waiting_for("paste the lines here");
        let pasted = paste::read(None, LIMIT_BYTES).map_err(|problem| {
            settings::diagnostics(&[Diagnostic::new(term::shown(&format!("cannot read {problem}")))])
        })?;
        lines.extend(lines_of(&String::from_utf8_lossy(&pasted)));
    }
    if lines.len() > LIMIT_LINES {
        let remedy = "pass one line with a code, and the others as a log: save them to a file, and pass that";
        let message = format!("these are more than {LIMIT_LINES} lines");
        return Err(settings::diagnostics(&[Diagnostic::new(message).remedy(remedy)]));
    }
    if lines.is_empty() && !is_in_logs {
        let remedy = "pass a line with a code in quotation marks, as in callcodes patterns learn \"call result: 102\" --code 102";
        return Err(settings::diagnostics(&[Diagnostic::new("there is no line to learn from").remedy(remedy)]));
    }
    Ok((lines, paths))
}

fn no_such_file(path: &Path) -> Failure {
    if cfg!(windows)
        && let Some(explained) = path.to_str().and_then(argv::explain_quote)
    {
        return Failure::Message(explained);
    }
    let message = format!("there is no file or folder {}", term::shown(&name::shown(path)));
    let remedy = match neighbour(path) {
        Some(near) => format!("did you mean {}?", near.display()),
        None => "check the path; if it is a part of the line, put the whole line in double quotation marks".to_owned(),
    };
    settings::diagnostics(&[Diagnostic::new(message).remedy(remedy)])
}

fn lines_of(text: &str) -> impl Iterator<Item = String> {
    text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned)
}

/// Returns the lines with a code, and the other lines, which show what may differ.
fn samples(
    lines: &[String],
    all_codes: &[String],
    values: &[(&str, Capture, Option<String>)],
    catalogue: &Catalogue,
) -> Result<(Vec<Sample>, Vec<String>), Failure> {
    let (mut samples, mut others) = (Vec::new(), Vec::new());
    let in_order = all_codes.len() > 1 && all_codes.len() == lines.len();
    for (index, line) in lines.iter().enumerate() {
        let codes = if in_order { &all_codes[index..=index] } else { all_codes };
        let mut found = None;
        for written in codes {
            match find_code(line, written, catalogue) {
                Ok(_) if found.is_some() => return Err(two_codes(line)),
                Ok(code) => found = Some(code),
                Err(NotFound::Several(places)) => return Err(several("--code", line, written, &places)),
                Err(NotFound::Absent) => {}
            }
        }
        let Some(code) = found else {
            others.push(line.clone());
            continue;
        };
        let mut said = Vec::new();
        for (flag, capture, value) in values {
            let Some(value) = value else { continue };
            match find(line, value) {
                Ok(span) if span.start < code.end && code.start < span.end => {
                    let message = format!("{flag} {value} is the same place in the line as the code");
                    let remedy = format!("choose another place, as in {flag} {value}@2, or leave out {flag}");
                    return Err(settings::diagnostics(&[Diagnostic::new(message).remedy(remedy)]));
                }
                Ok(span) => said.push((*capture, span)),
                Err(NotFound::Several(places)) => return Err(several(flag, line, value, &places)),
                Err(NotFound::Absent) if lines.len() > 1 => {}
                Err(NotFound::Absent) => return Err(absent(flag, value)),
            }
        }
        samples.push(Sample { line: line.clone(), code, said });
    }
    let missing = all_codes.iter().find(|code| lines.iter().all(|line| find_code(line, code, catalogue).is_err()));
    match missing {
        Some(missing) => Err(absent("--code", missing)),
        None if samples.is_empty() => Err(absent("--code", all_codes.first().map_or("", String::as_str))),
        None => Ok((samples, others)),
    }
}

fn absent(flag: &str, written: &str) -> Failure {
    let message = format!("{flag} {}: this is not in the line as a whole word", shown(written));
    let remedy = format!(
        "copy it from the line, as it is written there; put text with spaces in quotation marks: {flag} \"Phone Unreachable\""
    );
    settings::diagnostics(&[Diagnostic::new(message).remedy(remedy)])
}

fn two_codes(line: &str) -> Failure {
    let message = format!("more than one --code is in this line: {}", shown(line));
    let remedy = "pass one --code for each line, in the order of the lines";
    settings::diagnostics(&[Diagnostic::new(message).remedy(remedy)])
}

/// Returns the failure for a text that a line contains several times, with each place.
fn several(flag: &str, line: &str, written: &str, places: &[std::ops::Range<usize>]) -> Failure {
    let mut text = format!("error: `{}` is in the line {} times\n", shown(written), places.len());
    let label = |number: usize| format!("{flag} {}@{number}", quoted_argument(written));
    for (number, place) in (1..).zip(places) {
        let before: Vec<char> = line[..place.start].chars().rev().take(AROUND_CHARACTERS).collect();
        let before: String = before.into_iter().rev().collect();
        let after: String = line[place.end..].chars().take(AROUND_CHARACTERS).collect();
        let cut = |is_cut: bool| if is_cut { "..." } else { "" };
        let (start, end) = (cut(before.len() < place.start), cut(place.end + after.len() < line.len()));
        let here = format!("{start}{before}>>>{}<<<{after}{end}", &line[place.clone()]);
        text.push_str(&format!("  {}   {}\n", label(number), shown(&here)));
    }
    text.push_str(&format!("help: choose one of them, as in {}", label(places.len())));
    Failure::Diagnostics(text)
}

/// Returns a text as it is typed on a command line.
fn quoted_argument(text: &str) -> String {
    let text = shown(text);
    if text.contains(char::is_whitespace) { format!("\"{text}\"") } else { text }
}

fn not_learned(why: &NotLearned, samples: &[Sample]) -> Failure {
    let line = |index: &usize| samples.get(*index).map_or(String::new(), |sample| shown(&sample.line));
    let diagnostic = match why {
        NotLearned::NoWords(index) => {
            Diagnostic::new(format!("there are no words beside the code in this line: {}", line(index)))
                .remedy("pass a line with a word, or write the pattern with `callcodes patterns new NAME`")
        }
        NotLearned::TooLong(index) => {
            let limit = LONGEST_LINE_BYTES >> 10;
            Diagnostic::new(format!("a line is longer than {limit} KiB: {}", line(index)))
                .remedy("pass the part of the line around the code")
        }
    };
    settings::diagnostics(&[diagnostic])
}

/// Checks the name that the user has chosen.
fn check_name(name: Option<&str>, is_taken: &dyn Fn(&str) -> bool) -> Result<(), Failure> {
    let Some(name) = name else { return Ok(()) };
    let wrong = definition::check_name(name).err().or_else(|| {
        let remedy = "choose another name; `callcodes patterns` lists the patterns";
        is_taken(name).then(|| (format!("there is already a pattern `{name}`"), remedy.to_owned()))
    });
    match wrong {
        Some((message, remedy)) => Err(settings::diagnostics(&[Diagnostic::new(message).remedy(remedy)])),
        None => Ok(()),
    }
}

/// The patterns of a run, without the learned ones.
struct Known {
    definitions: Vec<Definition>,
    set: PatternSet,
    catalogue: &'static Catalogue,
    /// The encoding of all logs, if the user has chosen one.
    encoding: Option<&'static Encoding>,
}

/// The patterns of a run, with the learned ones.
struct Proved {
    definitions: Vec<Definition>,
    set: PatternSet,
    catalogue: &'static Catalogue,
    /// The indexes of the learned patterns.
    learned: std::ops::Range<usize>,
}

impl Known {
    fn new(args: &PatternArgs, encoding: Option<&'static Encoding>) -> Result<Known, Failure> {
        let (config, set) = settings::proved(args)?;
        let (catalogue, definitions) = (config.catalogue(), config.definitions);
        Ok(Known { definitions, set: set.reading_in(encoding), catalogue, encoding })
    }

    /// Returns a note if a pattern already finds the code in each of the lines.
    fn takes_all(&self, samples: &[Sample], catalogue: &Catalogue) -> Option<String> {
        let mut scanner = Scanner::new(&self.set, catalogue, Limits::default().lookahead_bytes);
        let mut pattern = None;
        for sample in samples {
            let expected = catalogue.resolve(sample.line[sample.code.clone()].as_bytes());
            let mut taker = None;
            scanner.scan(&Chunk::whole(sample.line.as_bytes()), |hit| {
                if hit.key == expected {
                    taker = Some(hit.pattern);
                }
            });
            pattern = Some(taker?);
        }
        let definition = self.definitions.get(pattern?)?;
        let whose = if definition.origin == Origin::BuiltIn { "the built-in pattern" } else { "the pattern" };
        let (name, these) = (&definition.name, if samples.len() == 1 { "this line" } else { "these lines" });
        Some(format!("{whose} `{name}` already finds the code in {these}, so no new one is needed"))
    }

    /// Adds the learned patterns before the built-in ones, and checks all examples.
    fn with(&self, learned: &[Learned], target: Option<&Path>) -> Result<Proved, Failure> {
        let origin = Origin::File(target.map_or_else(|| PathBuf::from("the new pattern"), Path::to_owned));
        // From the text, as it will be read, so that errors have a place in it.
        let own = file::parse(&patterns(learned), &origin).map_err(|found| settings::diagnostics(&found))?;
        let at =
            self.definitions.iter().position(|one| one.origin == Origin::BuiltIn).unwrap_or(self.definitions.len());
        let mut definitions = self.definitions.clone();
        let range = at..at + own.len();
        definitions.splice(at..at, own);
        let set = proof::compile(&definitions, || self.catalogue).map_err(|mut found| {
            let message = "the learned patterns do not pass their own check, so they cannot be used";
            let remedy = "learn from one line at a time, or from longer lines; what follows shows what is wrong";
            found.insert(0, Diagnostic::new(message).remedy(remedy));
            settings::diagnostics(&found)
        })?;
        Ok(Proved { definitions, set: set.reading_in(self.encoding), catalogue: self.catalogue, learned: range })
    }
}

impl Proved {
    /// Returns those lines in which no pattern finds a result.
    fn left(&self, lines: &[String], catalogue: &Catalogue) -> Vec<String> {
        let mut scanner = Scanner::new(&self.set, catalogue, Limits::default().lookahead_bytes);
        let mut is_left = |line: &&String| {
            let mut is_taken = false;
            scanner.scan(&Chunk::whole(line.as_bytes()), |_| is_taken = true);
            !is_taken
        };
        lines.iter().filter(|line| is_left(line)).cloned().collect()
    }

    /// Returns notes on learned patterns whose lines other patterns take.
    fn notes(&self, catalogue: &Catalogue) -> Vec<String> {
        let own: Vec<(usize, &Definition)> = self.definitions.iter().enumerate().collect();
        check::taken(&own[self.learned.clone()], &self.definitions, &self.set, catalogue)
    }
}

/// Returns lines in the logs that are similar to the samples and that no pattern takes, after those that the user has passed.
fn similar(logs: &mut Logs<'_>, known: &Known, samples: &[Sample], others: &[String]) -> Result<Vec<String>, Failure> {
    let kinds = samples.iter().filter_map(Kind::of).collect();
    let seen =
        logs.compare((&known.set, known.catalogue), &[Compared { pattern: None, kinds, kept: SIMILAR_LINES }])?;
    let lines = seen.iter().flat_map(|seen| seen.first_left.iter()).map(|line| line.sample.line.clone());
    Ok(others.iter().cloned().chain(lines).collect())
}

/// Returns what the learned patterns take in the logs.
fn seen(logs: &mut Logs<'_>, proved: &Proved, learned: &[Learned]) -> Result<Vec<Seen>, Failure> {
    let compared: Vec<Compared> = proved
        .learned
        .clone()
        .zip(learned)
        .map(|(index, one)| Compared {
            pattern: Some(index),
            kinds: one.kind.iter().cloned().collect(),
            kept: SHOWN_LINES,
        })
        .collect();
    logs.compare((&proved.set, proved.catalogue), &compared)
}
