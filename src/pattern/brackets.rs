//! Detects the commonest mistake in a first regex: brackets copied from the log, such as `[GW]`, which a regex reads as
//! a set of characters.
//!
//! This is not part of [`validate`](super::validate), because such a regex is valid: only a line of the log shows what
//! was meant.

use std::convert::Infallible;

use regex_syntax::ast::{Ast, Visitor, parse::Parser, visit};

/// Returns a remedy if `regex` contains a bracketed set that also appears, character for character, in `line`.
pub(super) fn remedy(regex: &str, line: &[u8]) -> Option<String> {
    let ast = Parser::new().parse(regex).ok()?;
    let Ok(sets) = visit(&ast, Sets { regex, found: Vec::new() });
    let is_in_line = |set: &&str| line.windows(set.len()).any(|part| part == set.as_bytes());
    let set = sets.into_iter().find(is_in_line)?;
    Some(format!("write {} to match brackets in the log", regex_syntax::escape(set)))
}

/// Collects the bracketed sets of a regex as they are written, in the order of the text.
struct Sets<'r> {
    regex: &'r str,
    found: Vec<&'r str>,
}

impl<'r> Visitor for Sets<'r> {
    type Output = Vec<&'r str>;
    type Err = Infallible;

    fn finish(self) -> Result<Vec<&'r str>, Infallible> {
        Ok(self.found)
    }

    fn visit_pre(&mut self, ast: &Ast) -> Result<(), Infallible> {
        if let Ast::ClassBracketed(set) = ast {
            self.found.extend(self.regex.get(set.span.start.offset..set.span.end.offset));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_set_that_appears_in_the_line_is_reported() {
        let line = br"12:00 [GW.1] guest [0-9]: result 21";
        let told = |regex: &str| remedy(regex, line);
        let expected = Some(r"write \[GW\.1\] to match brackets in the log".to_owned());
        assert_eq!(told(r"[GW.1] guest .*? (?<code>\d+)"), expected);
        assert_eq!(told(r"[a-z]+(?: [GW.1])? (?<code>\d+)"), expected);
        assert_eq!(told(r"\[GW.1\] [a-z]+ (?<code>\d+)"), None);
        assert_eq!(told("[GW"), None);
    }
}
