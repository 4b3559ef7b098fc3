//! Reports invalid TOML in a pattern file, with a remedy for each of the usual mistakes: a string that is not closed, curly
//! quotes, a backslash in double quotes, and a second pattern without its own `[[pattern]]`.

use std::ops::Range;

use super::Reader;
use crate::pattern::diagnostic::{Diagnostic, Mark};

impl Reader<'_> {
    /// Reports that the file is not valid TOML.
    pub(super) fn syntax_error(&mut self, error: &toml::de::Error) {
        let span = error.span().unwrap_or_default();
        let message = error.message();
        if let Some(opening) = unclosed(&self.source.text, &span) {
            let diagnostic = Diagnostic::new(format!("this is not TOML: {message}"))
                .at(Mark::new(self.source, span.clone(), ""))
                .and_at(Mark::new(self.source, opening, "the text starts here"))
                .remedy("close the text with ''' on the line where it starts");
            self.found.push((span.start, diagnostic));
            return;
        }
        let remedy = if has_curly_quotes(&self.source.text, &span) {
            "use straight quotes, ' or \", in place of the curly ones"
        } else if message.contains("escape") {
            "put a regex between ''' and ''', where a backslash stands for itself"
        } else if message.contains("duplicate key") {
            "each key can be given once: remove one of the two, or write [[pattern]] above the next pattern"
        } else {
            "put text that contains quotes between ''' and ''', and compare with what `callcodes patterns new NAME` writes"
        };
        self.report(&span, format!("this is not TOML: {message}"), "", remedy);
    }
}

/// Whether the error is at or directly after curly quotes, which word processors write instead of straight ones.
fn has_curly_quotes(text: &str, span: &Range<usize>) -> bool {
    let is_curly = |char: char| matches!(char, '“' | '”' | '„' | '‘' | '’' | '‚');
    let before = text.get(..span.start).and_then(|before| before.chars().next_back());
    before.is_some_and(is_curly) || text.get(span.clone()).is_some_and(|inside| inside.contains(is_curly))
}

/// Returns the opening `'''` of a string that was not closed, if that explains the error. The string is either still open at the
/// error, or was closed directly before it by a `'''` on a later line, which was probably meant to open the next string.
fn unclosed(text: &str, error: &Range<usize>) -> Option<Range<usize>> {
    let mut opening: Option<usize> = None;
    let mut start = 0;
    for line in text.get(..error.start)?.split_inclusive('\n') {
        let opened_above = opening;
        let is_comment = opening.is_none() && line.trim_start().starts_with('#');
        for (at, quotes) in line.match_indices("'''").filter(|_| !is_comment) {
            let at = start + at;
            if opening.is_some() && opening == opened_above && at + quotes.len() == error.start {
                return opening.map(|opening| opening..opening + quotes.len());
            }
            opening = if opening.is_some() { None } else { Some(at) };
        }
        start += line.len();
    }
    opening.map(|opening| opening..opening + "'''".len())
}

#[cfg(test)]
mod tests {
    use super::super::tests::errors;

    #[test]
    fn invalid_toml_gets_a_remedy() {
        let expected = r#"error: this is not TOML: missing escaped value, expected `b`, `e`, `f`, `n`, `r`, `\`, `"`, `x`, `u`, `U`
 --> own.toml:3:11
  |
3 | regex = "\d"
  |           ^
  |
  = help: put a regex between ''' and ''', where a backslash stands for itself"#;
        assert_eq!(errors("[[pattern]]\nname = 'a'\nregex = \"\\d\"\n"), expected);

        let expected = "\
error: this is not TOML: duplicate key
 --> own.toml:3:1
  |
3 | name = 'b'
  | ^^^^
  |
  = help: each key can be given once: remove one of the two, or write [[pattern]] above the next pattern";
        assert_eq!(errors("[[pattern]]\nname = 'a'\nname = 'b'\n"), expected);

        let expected = "\
error: this is not TOML: key with no value, expected `=`
 --> own.toml:2:6
  |
2 | name 'a'
  |      ^
  |
  = help: put text that contains quotes between ''' and ''', and compare with what `callcodes patterns new NAME` writes";
        assert_eq!(errors("[[pattern]]\nname 'a'\n"), expected);
    }

    #[test]
    fn curly_quotes_get_a_remedy() {
        let expected = "\
error: this is not TOML: string values must be quoted, expected literal string
 --> own.toml:2:8
  |
2 | name = “x”
  |        ^^^
  |
  = help: use straight quotes, ' or \", in place of the curly ones";
        assert_eq!(errors("[[pattern]]\nname = “x”\n"), expected);
        let remedy = expected.lines().last().unwrap();
        assert!(errors("[[pattern]]\nname = 'x’\n").ends_with(remedy));
        assert!(!errors("[[pattern]] # “x”\nname = x\n").ends_with(remedy));
    }

    #[test]
    fn a_string_that_is_not_closed_is_marked_where_it_starts() {
        let expected = "\
error: this is not TOML: unexpected key or value, expected newline, `#`
 --> own.toml:4:11
  |
3 | regex = '''b
  |         --- the text starts here
4 | when = '''a''', c
  |           ^
  |
  = help: close the text with ''' on the line where it starts";
        let text = "[[pattern]]\n# '''\nregex = '''b\nwhen = '''a''', c\n";
        assert_eq!(errors(text), expected);

        let remedy = expected.lines().last().unwrap();
        assert!(errors("[[pattern]]\nregex = '''b\nc").ends_with(remedy));
        assert!(!errors("[[pattern]]\nregex = '''b''' c\n").ends_with(remedy));
        assert!(!errors("[[pattern]]\nregex = '''\nb'''\nname = x\n").ends_with(remedy));
    }
}
