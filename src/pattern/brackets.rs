//! Detects the most common mistake in a first regex: brackets that were copied from the log, such as `[GW]`. In a regex, they
//! match a single one of the characters between them.
//!
//! This is not part of [`validate`](super::validate), because such a regex is valid. Only a line of the log shows that it is a
//! mistake.

use std::convert::Infallible;

use regex_syntax::ast::{Ast, Visitor, parse::Parser, visit};

/// Returns advice to escape the brackets if a bracketed set of `regex`, such as `[GW]`, also appears literally in `line`.
pub(super) fn remedy(regex: &str, line: &[u8]) -> Option<String> {
    let ast = Parser::new().parse(regex).ok()?;
    let Ok(sets) = visit(&ast, Sets { regex, found: Vec::new() });
    let is_in_line = |set: &&str| line.windows(set.len()).any(|part| part == set.as_bytes());
    let set = sets.into_iter().find(is_in_line)?;
    Some(format!("write {} to match brackets in the log", regex_syntax::escape(set)))
}

/// Collects the text of every bracketed set in a regex, from left to right.
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
        let message = |regex: &str| remedy(regex, line);
        let expected = Some(r"write \[GW\.1\] to match brackets in the log".to_owned());
        assert_eq!(message(r"[GW.1] guest .*? (?<code>\d+)"), expected);
        assert_eq!(message(r"[a-z]+(?: [GW.1])? (?<code>\d+)"), expected);
        assert_eq!(message(r"\[GW.1\] [a-z]+ (?<code>\d+)"), None);
        assert_eq!(message("[GW"), None);
    }
}
