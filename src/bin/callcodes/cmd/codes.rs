//! `codes`: explains the whole catalogue or parts of it, or the results in pasted lines.

use std::io::{self, Write};
use std::path::Path;

use callcodes::catalogue::{Answer, Catalogue, Entry, Query};
use callcodes::chunk::{Chunk, Limits};
use callcodes::code::Key;
use callcodes::pattern::PatternSet;
use callcodes::render;
use callcodes::scan::Scanner;
use callcodes::source::STDIN;

use crate::args::{CodesArgs, CodesFormatArg};
use crate::format;
use crate::paste;
use crate::settings;
use crate::status::{Failure, Status};
use crate::term::{self, Output, Styles};

/// The largest pasted text, in bytes. Anything larger is a log.
const PASTED_LIMIT_BYTES: u64 = 1 << 20;
/// The most words in a question. More words are a line from a log.
const PASTED_LINE_WORDS: usize = 8;

const CAVEAT: &str = "A code says what happened to the call or message, not whether the sign-in succeeded. Nor do \
                      SUCCESS_ and FAILED_ in a name.";

pub(crate) fn run(args: &CodesArgs) -> Result<Status, Failure> {
    settings::spare(args.output.as_deref(), &settings::pattern_files(&args.patterns))?;
    let config = settings::config(&args.patterns)?;
    let catalogue = config.catalogue();
    let mut found = Found::default();
    for question in questions(&args.queries)? {
        match question {
            Question::Pasted => found.add_pasted(catalogue, &settings::compiled(&config, &args.patterns)?)?,
            Question::One(query) => found.add_query(catalogue, &query),
            Question::Phrase(words) => found.add_phrase(catalogue, &words),
        }
    }
    if args.queries.is_empty() {
        found.entries.extend(catalogue.entries());
    }
    let format = format::chosen(args.format, args.output.as_deref())?;
    Output::write_whole(args.output.as_deref(), &Styles::default(), |output| match format {
        CodesFormatArg::Text => found.write_text(output, args.queries.is_empty(), args.output.as_deref()),
        CodesFormatArg::Json => render::codes::json(output, &found.entries, &found.unknown),
    })?;
    for missed in &found.missed {
        term::note(missed);
    }
    Ok(Status::Done)
}

/// One argument, or several that belong together.
#[derive(Debug, PartialEq)]
enum Question {
    /// The lines on standard input.
    Pasted,
    /// A single query.
    One(Query),
    /// One or more consecutive words, each without spaces.
    Phrase(Vec<String>),
}

/// Returns the code in a text such as `call result = 102`, whose words would otherwise all be searched for.
fn labelled_code(text: &str) -> Option<Query> {
    let (label, value) = text.rsplit_once(['=', ':'])?;
    let is_label = label.contains(char::is_alphabetic) && !label.contains(['=', ':', ',']);
    value.trim().parse().ok().filter(|query| is_label && matches!(query, Query::Code(_)))
}

/// Turns the arguments into questions. Commas separate questions, unless they are in a text with spaces. Consecutive plain
/// words are one question, and a label with a code is a question about the code.
fn questions(arguments: &[String]) -> Result<Vec<Question>, Failure> {
    if let Some(value) = labelled_code(&arguments.join(" ")) {
        return Ok(vec![Question::One(value)]);
    }
    let mut questions = Vec::new();
    // A comma also ends a phrase.
    let mut goes_on = false;
    for argument in arguments {
        let parts: Vec<&str> = argument.split(',').map(str::trim).collect();
        let is_list = parts.len() > 1 && parts.iter().any(|part| !part.is_empty());
        let separates = is_list && parts.iter().all(|part| !part.contains(char::is_whitespace));
        let parts = if separates { parts } else { vec![argument.as_str()] };
        for (at, part) in parts.iter().enumerate() {
            goes_on &= at == 0;
            if *part == STDIN {
                questions.push(Question::Pasted);
                goes_on = false;
            } else if !separates || !part.is_empty() {
                let query = part.parse().map_err(Failure::Message)?;
                goes_on = add_question(&mut questions, query, goes_on);
            }
        }
    }
    Ok(questions)
}

/// Adds a query, to the previous phrase if `goes_on`, and returns whether a following word would belong to it.
fn add_question(questions: &mut Vec<Question>, query: Query, goes_on: bool) -> bool {
    match query {
        Query::Words(word) if !word.contains(char::is_whitespace) => {
            match questions.last_mut() {
                Some(Question::Phrase(words)) if goes_on => words.push(word),
                _ => questions.push(Question::Phrase(vec![word])),
            }
            true
        }
        query => {
            questions.push(Question::One(query));
            false
        }
    }
}

/// The answers to the queries, each entry once, in the order of the queries.
#[derive(Default)]
struct Found {
    entries: Vec<&'static Entry>,
    /// Results that are not in the catalogue: numbers, and names in a pasted line.
    unknown: Vec<Key>,
    missed: Vec<String>,
}

impl Found {
    /// Adds an answer and returns whether it contained anything.
    fn add(&mut self, answer: Answer<'static>) -> bool {
        match answer {
            Answer::Nothing => return false,
            Answer::UnknownCode(code) => self.add_unknown(Key::Code(code)),
            Answer::Entries(entries) => {
                for entry in entries {
                    if !self.entries.contains(&entry) {
                        self.entries.push(entry);
                    }
                }
            }
        }
        true
    }

    fn add_query(&mut self, catalogue: &'static Catalogue, query: &Query) {
        if self.add(catalogue.find(query)) {
            return;
        }
        let text = match query {
            Query::Code(code) => code.to_string(),
            Query::Range(codes) => format!("{}-{}", codes.start(), codes.end()),
            Query::Words(words) => words.clone(),
        };
        self.missed.push(if text.split_whitespace().count() > PASTED_LINE_WORDS {
            "nothing in the catalogue matches so many words. If this is a line from a log, pipe it into `callcodes \
             codes -`, or run that and paste the line"
                .to_owned()
        } else {
            format!(
                "nothing in the catalogue matches {text:?}. Try one word of a description, such as voicemail, or a \
                 number; `callcodes codes` lists everything"
            )
        });
    }

    /// Adds the entries that contain all the words or, if there are none, the answers for each word.
    fn add_phrase(&mut self, catalogue: &'static Catalogue, words: &[String]) {
        let whole = Query::Words(words.join(" "));
        if words.len() == 1 || words.len() > PASTED_LINE_WORDS {
            self.add_query(catalogue, &whole);
        } else if !self.add(catalogue.find(&whole)) {
            for word in words {
                self.add_query(catalogue, &Query::Words(word.clone()));
            }
        }
    }

    /// Adds what the patterns find in each line of standard input or, if they find nothing, the codes that the line mentions.
    fn add_pasted(&mut self, catalogue: &'static Catalogue, set: &PatternSet) -> Result<(), Failure> {
        term::note_waiting_for("reading standard input");
        let read = paste::read(None, PASTED_LIMIT_BYTES);
        let text = read.map_err(|problem| Failure::Message(term::shown(&format!("cannot read {problem}"))))?;
        if text.len() as u64 > PASTED_LIMIT_BYTES {
            let message = "standard input holds more than 1 MiB, too much to explain line by line. Use `callcodes -` to \
                           count its results or `callcodes lines -` to list them";
            return Err(Failure::Message(message.to_owned()));
        }
        let lookahead_bytes = Limits::default().lookahead_bytes;
        let mut scanner = Scanner::new(set, catalogue, lookahead_bytes);
        let mut keys: Vec<(u64, Key)> = Vec::new();
        scanner.scan(&Chunk::whole(&text), |hit| keys.push((hit.line_offset, hit.key)));
        // Keys are in the order of the lines.
        let mut keys = keys.into_iter().peekable();
        let mut end = 0;
        let mut anything = false;
        for line in text.split_inclusive(|&byte| byte == b'\n') {
            end += line.len() as u64;
            let mut has_hit = false;
            while let Some((_, key)) = keys.next_if(|(at, _)| *at < end) {
                has_hit |= self.add_key(catalogue, &key);
            }
            anything |= has_hit || self.add(catalogue.explain(&String::from_utf8_lossy(line)));
        }
        if !anything {
            self.missed.push(
                "nothing in the pasted text is a code, a name or a description, and no pattern finds a result in it. \
                 `callcodes patterns test` shows how far the patterns get"
                    .to_owned(),
            );
        }
        Ok(())
    }

    fn add_key(&mut self, catalogue: &'static Catalogue, key: &Key) -> bool {
        match catalogue.entry(key) {
            Some(entry) => return self.add(Answer::Entries(vec![entry])),
            None => self.add_unknown(key.clone()),
        }
        true
    }

    /// Adds a result that is not in the catalogue, numbers before names.
    fn add_unknown(&mut self, key: Key) {
        if self.unknown.contains(&key) {
            return;
        }
        let end = match key {
            Key::Code(_) => self.unknown.iter().take_while(|key| key.code().is_some()).count(),
            Key::Name(_) => self.unknown.len(),
        };
        self.unknown.insert(end, key);
    }

    fn write_text(&self, output: &mut impl Write, everything: bool, target: Option<&Path>) -> io::Result<()> {
        let (columns, width) = (term::text_width(target), term::width(target));
        if everything {
            render::codes::everything(output, &self.entries, width)?;
        } else {
            render::codes::entries(output, &self.entries, columns, width)?;
        }
        if !self.unknown.is_empty() && !self.entries.is_empty() {
            writeln!(output)?;
        }
        for key in &self.unknown {
            writeln!(output, "{}", render::codes::unknown(key))?;
        }
        if !self.unknown.is_empty() || !self.entries.is_empty() {
            writeln!(output, "\n{}", render::wrap::wrap(CAVEAT, columns).join("\n"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use callcodes::code::Code;

    use super::*;

    fn asked(arguments: &[&str]) -> Vec<Question> {
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        questions(&arguments).unwrap_or_else(|failure| panic!("{failure:?}"))
    }

    fn code(number: i32) -> Question {
        Question::One(Query::Code(Code(number)))
    }

    fn phrase(words: &[&str]) -> Question {
        Question::Phrase(words.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn words_in_a_row_are_one_question_and_nothing_else_is() {
        assert_eq!(asked(&["user", "hung", "up"]), [phrase(&["user", "hung", "up"])]);
        assert_eq!(asked(&["not", "102", "reached"]), [phrase(&["not"]), code(102), phrase(&["reached"])]);
        assert_eq!(asked(&["not", "-", "reached"]), [phrase(&["not"]), Question::Pasted, phrase(&["reached"])]);
        let quoted = Question::One(Query::Words("text message".to_owned()));
        assert_eq!(asked(&["text message", "pin"]), [quoted, phrase(&["pin"])]);
        assert_eq!(asked(&["7-9", "-7"]), [Question::One(Query::Range(7..=9)), code(-7)]);
    }

    #[test]
    fn commas_separate_but_not_in_a_text_with_blanks() {
        assert_eq!(asked(&["101,102"]), [code(101), code(102)]);
        assert_eq!(asked(&["101,", "102"]), [code(101), code(102)]);
        assert_eq!(asked(&["101, 102"]), [code(101), code(102)]);
        assert_eq!(asked(&["voicemail,pin"]), [phrase(&["voicemail"]), phrase(&["pin"])]);
        assert_eq!(asked(&["hung", "up,", "pin"]), [phrase(&["hung", "up"]), phrase(&["pin"])]);
        let comma = phrase(&[","]);
        assert_eq!(asked(&[","]), [comma]);
        let text = "Denied, 21 of 22";
        assert_eq!(asked(&[text]), [Question::One(Query::Words(text.to_owned()))]);
    }
}
