//! Errors in patterns and pattern files: a message, an excerpt of the file with carets under the error, and a remedy.
//!
//! All checks of patterns return this type, because the person who edits the file needs the same details for every error.
//!
//! Invariant: rendering never fails. A span that is not within its text is moved into it first.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet, normalize_untrusted_str};

use crate::terminal;

/// The text that contains an error, with the name to show for it in messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceText {
    /// The path of the file, or `-e` for a regex from the command line.
    pub name: String,
    /// The whole text of the file, without a byte order mark.
    pub text: String,
}

/// The part of a text to which an error refers, with a label.
#[derive(Clone, Debug)]
pub struct Mark {
    source: Arc<SourceText>,
    span: Range<usize>,
    label: String,
}

/// An error in a pattern, with its position and a remedy. `Display` formats it as plain text, and [`Diagnostic::render`] can add
/// colours.
///
/// # Examples
///
/// ```
/// use callcodes::pattern::diagnostic::Diagnostic;
///
/// let error = Diagnostic::new("`Netop` cannot be the name of a pattern").remedy("use lower-case letters");
/// assert_eq!(error.to_string(), "error: `Netop` cannot be the name of a pattern\nhelp: use lower-case letters");
/// ```
#[derive(Clone, Debug)]
pub struct Diagnostic {
    message: String,
    // Boxed to keep a `Result` with a diagnostic small.
    place: Option<Box<Mark>>,
    other_place: Option<Box<Mark>>,
    remedy: Option<String>,
}

/// Whether a diagnostic is shown with colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Without colours, for files and pipes.
    Plain,
    /// With ANSI colours, for terminals.
    Styled,
}

impl Mark {
    /// Creates a mark at the bytes `span` of `source`. The label is shown next to the carets and may be empty.
    #[must_use]
    pub fn new(source: &Arc<SourceText>, span: Range<usize>, label: impl Into<String>) -> Mark {
        Mark { source: Arc::clone(source), span, label: label.into() }
    }

    /// Returns the span to mark with carets. It is within the text, at character boundaries, and ends with the first line of the
    /// mark: carets under the start of a long value are enough to find it.
    fn shown_span(&self) -> Range<usize> {
        let text = &self.source.text;
        let start = char_start(text, self.span.start.min(self.span.end));
        let end = char_start(text, self.span.start.max(self.span.end));
        let line_end = start + line_length(&text[start..]);
        start..end.clamp(start, line_end)
    }
}

impl Diagnostic {
    /// Creates an error without a position and without a remedy.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Diagnostic {
        Diagnostic { message: message.into(), place: None, other_place: None, remedy: None }
    }

    /// Adds the position of the error.
    #[must_use]
    pub fn at(mut self, place: Mark) -> Diagnostic {
        self.place = Some(Box::new(place));
        self
    }

    /// Adds another position that the error concerns, such as that of the earlier of two equal names.
    #[must_use]
    pub fn and_at(mut self, place: Mark) -> Diagnostic {
        self.other_place = Some(Box::new(place));
        self
    }

    /// Adds the remedy: how to correct the error.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Diagnostic {
        self.remedy = Some(remedy.into());
        self
    }

    /// Returns the message, without the excerpt and the remedy.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns the name of the text that contains the error, if the error has a position.
    #[must_use]
    pub fn source_name(&self) -> Option<&str> {
        self.place.as_ref().map(|place| place.source.name.as_str())
    }

    /// Renders the whole error, without a line end after the last line.
    #[must_use]
    pub fn render(&self, look: Look) -> String {
        let renderer = match look {
            Look::Plain => Renderer::plain(),
            Look::Styled => Renderer::styled(),
        };
        // Each line is normalized separately, because the renderer would replace line ends with spaces.
        let lines = self.remedy.iter().flat_map(|remedy| remedy.lines()).map(normalize_untrusted_str);
        let remedy = lines.collect::<Vec<_>>().join("\n");
        let mut group = Group::with_title(Level::ERROR.primary_title(normalize_untrusted_str(&self.message)));
        let snippets = self.snippets();
        if snippets.is_empty() && !remedy.is_empty() {
            // The renderer attaches a remedy to an excerpt, but here there is none.
            let help = Group::with_title(Level::HELP.secondary_title(remedy));
            return shown(&format!("{}\n{}", renderer.render(&[group]), renderer.render(&[help])));
        }
        for snippet in snippets {
            group = group.element(snippet);
        }
        if !remedy.is_empty() {
            group = group.element(Level::HELP.message(remedy));
        }
        shown(&renderer.render(&[group]))
    }

    /// Returns an excerpt for each position, or only one if both positions are in the same text.
    fn snippets(&self) -> Vec<Snippet<'_, annotate_snippets::Annotation<'_>>> {
        let place = self.place.as_deref().map(|mark| (AnnotationKind::Primary, mark));
        let other = self.other_place.as_deref().map(|mark| (AnnotationKind::Context, mark));
        match (place, other) {
            (Some(place), Some(other)) if Arc::ptr_eq(&place.1.source, &other.1.source) => {
                vec![excerpt(&place.1.source, &[place, other])]
            }
            (place, other) => place.into_iter().chain(other).map(|mark| excerpt(&mark.1.source, &[mark])).collect(),
        }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(Look::Plain))
    }
}

impl std::error::Error for Diagnostic {}

/// Replaces characters that control a terminal. The renderer has already replaced control characters below U+0080, so the
/// remaining escape characters are from its colours.
fn shown(rendered: &str) -> String {
    rendered.replace(|character| terminal::obeys(character) && !"\n\u{1b}".contains(character), "\u{fffd}")
}

/// Returns an excerpt of `source` with the lines from the first mark to the last one.
fn excerpt<'d>(
    source: &'d SourceText,
    marks: &[(AnnotationKind, &'d Mark)],
) -> Snippet<'d, annotate_snippets::Annotation<'d>> {
    let text = &source.text;
    let spans = || marks.iter().map(|(_, mark)| mark.shown_span());
    let first = spans().map(|span| span.start).min().unwrap_or_default();
    let last = spans().map(|span| span.end).max().unwrap_or_default();

    // Only these lines are passed to the renderer, because it indexes its whole input, and a large file may have many errors.
    let start = text[..first].rfind('\n').map_or(0, |line_end| line_end + 1);
    let end = last + line_length(&text[last..]);
    let line_number = 1 + text[..start].bytes().filter(|&byte| byte == b'\n').count();

    let mut snippet =
        Snippet::source(&text[start..end]).line_start(line_number).path(normalize_untrusted_str(&source.name));
    for (kind, mark) in marks {
        snippet = snippet.annotation(annotation(*kind, mark, &mark.shown_span(), start));
    }
    snippet
}

/// Returns the carets and the label for a mark. `start` is the offset of the excerpt in the text.
fn annotation<'d>(
    kind: AnnotationKind,
    mark: &'d Mark,
    span: &Range<usize>,
    start: usize,
) -> annotate_snippets::Annotation<'d> {
    let annotation = kind.span(span.start - start..span.end - start);
    if mark.label.is_empty() { annotation } else { annotation.label(normalize_untrusted_str(&mark.label)) }
}

/// Returns the greatest character boundary that is at most `at`.
fn char_start(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

/// Returns the length of the first line of `text` in bytes, without its line end.
fn line_length(text: &str) -> usize {
    let line = text.split('\n').next().unwrap_or_default();
    if line.len() < text.len() { line.strip_suffix('\r').unwrap_or(line).len() } else { line.len() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn source(text: &str) -> Arc<SourceText> {
        Arc::new(SourceText { name: "own.toml".to_owned(), text: text.to_owned() })
    }

    #[test]
    fn a_diagnostic_shows_the_place_and_the_remedy() {
        let source = source("first\r\nname = 'ä' \r\nlast\r\n");
        let shown = Diagnostic::new("the name is odd")
            .at(Mark::new(&source, 14..18, "this one"))
            .remedy("write another\nor none")
            .to_string();
        let expected = "\
error: the name is odd
 --> own.toml:2:8
  |
2 | name = 'ä' 
  |        ^^^ this one
  |
  = help: write another
          or none";
        assert_eq!(shown, expected);
    }

    #[test]
    fn two_places_in_one_text_share_an_excerpt() {
        let source = source("a = 1\nb = 2\nc = 3\nd = 4\ne = 5\nf = 6\na = 7\n");
        let shown = Diagnostic::new("`a` twice")
            .at(Mark::new(&source, 36..37, "again"))
            .and_at(Mark::new(&source, 0..1, "first"))
            .to_string();
        let expected = "\
error: `a` twice
 --> own.toml:7:1
  |
1 | a = 1
  | - first
...
7 | a = 7
  | ^ again";
        assert_eq!(shown, expected);
    }

    #[test]
    fn places_in_two_texts_have_an_excerpt_each() {
        let other = Arc::new(SourceText { name: "-e".to_owned(), text: "x+".to_owned() });
        let shown = Diagnostic::new("both")
            .at(Mark::new(&source("a"), 0..1, "here"))
            .and_at(Mark::new(&other, 1..2, ""))
            .to_string();
        let expected = "\
error: both
 --> own.toml:1:1
  |
1 | a
  | ^ here
  |
 ::: -e:1:2
  |
1 | x+
  |  -";
        assert_eq!(shown, expected);
    }

    #[test]
    fn place_and_remedy_are_optional() {
        let diagnostic = Diagnostic::new("nothing \u{1b}[31mmore");
        assert_eq!(diagnostic.to_string(), "error: nothing ␛[31mmore");
        let shown = diagnostic.remedy("write more\nor less").to_string();
        assert_eq!(shown, "error: nothing ␛[31mmore\nhelp: write more\n      or less");
    }

    proptest! {
        #[test]
        fn rendering_never_panics(
            text in prop_oneof!["(?s).{0,60}", "[a\r\n\t 'é漢\u{301}]{0,60}", "[a-z]{300,400}"],
            message in "(?s).{0,20}",
            label in "(?s).{0,20}",
            remedy in "(?s).{0,20}",
            spans in any::<[(usize, usize); 2]>(),
            near in any::<bool>(),
        ) {
            let source = source(&text);
            let [place, other] = spans.map(|(start, end)| {
                let limit = if near { text.len() + 2 } else { usize::MAX };
                start % limit..end % limit
            });
            let diagnostic = Diagnostic::new(message)
                .at(Mark::new(&source, place, label.clone()))
                .and_at(Mark::new(&source, other, label))
                .remedy(remedy);
            prop_assert!(diagnostic.render(Look::Plain).starts_with("error"));
            prop_assert!(!diagnostic.render(Look::Styled).is_empty());
        }
    }
}
