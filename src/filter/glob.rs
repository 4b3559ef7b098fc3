//! Globs for the values of sign-ins. [The filter](super) describes their syntax.
//!
//! A glob is converted to a regex. Crates for globs give slashes and braces the meaning that they have in paths, but not every
//! value here is a path.

use std::fmt::Write as _;

use regex::Regex;

use super::Rule;

/// A glob for a value of a sign-in. [The filter](super) describes its syntax.
#[derive(Clone, Debug)]
pub struct Glob {
    text: String,
    regex: Regex,
}

impl Glob {
    /// Whether the glob contains one of these characters.
    pub(super) fn has(&self, characters: &[char]) -> bool {
        self.text.contains(characters)
    }

    /// Whether the glob matches a whole value. An unknown value is empty.
    pub(super) fn matches(&self, value: &str) -> bool {
        value.is_empty() == self.text.is_empty() && self.regex.is_match(value)
    }

    /// Whether the glob matches a part of a known value, which may be empty.
    pub(super) fn matches_part(&self, part: &str) -> bool {
        !part.is_empty() && self.matches(part)
    }
}

impl Rule for Glob {
    const LIST_EXAMPLE: Option<&'static str> = None;

    fn parse(text: &str) -> Result<Glob, String> {
        let mut regex = String::from("(?si)^");
        let mut rest = text;
        while let Some(character) = rest.chars().next() {
            rest = &rest[character.len_utf8()..];
            match character {
                '*' => regex.push_str(".*"),
                '?' => regex.push('.'),
                '/' | '\\' => regex.push_str(r"[/\\]"),
                '[' => {
                    let (negation, members, after) = class(rest)
                        .ok_or_else(|| format!("a [ in {text:?} has no ]. Write [[] for the character itself"))?;
                    regex.push_str(negation);
                    push_members(&mut regex, members)?;
                    regex.push(']');
                    rest = after;
                }
                _ => push_escaped(&mut regex, character),
            }
        }
        regex.push('$');
        let regex = Regex::new(&regex).map_err(|_| "the glob is too long. Write * for a part of it".to_owned())?;
        Ok(Glob { text: text.to_owned(), regex })
    }
}

/// Splits the text after a `[` into the start of a regex class, its members, and the text after the `]`.
fn class(text: &str) -> Option<(&'static str, &str, &str)> {
    let (negation, text) = match text.strip_prefix(['!', '^']) {
        Some(text) => ("[^", text),
        None => ("[", text),
    };
    // As in shells, a `]` at the start is a member.
    let first = text.chars().next()?.len_utf8();
    let end = first + text[first..].find(']')?;
    Some((negation, &text[..end], &text[end + 1..]))
}

/// Appends the members of a class: characters, and ranges such as `a-f`.
fn push_members(regex: &mut String, members: &str) -> Result<(), String> {
    let members: Vec<char> = members.chars().collect();
    let mut rest = &members[..];
    while let [from, after @ ..] = rest {
        push_escaped(regex, *from);
        rest = after;
        if let ['-', to, after @ ..] = rest {
            if from > to {
                return Err(format!("the range {from}-{to} in a glob runs backwards. Write it as {to}-{from}"));
            }
            regex.push('-');
            push_escaped(regex, *to);
            rest = after;
        }
    }
    Ok(())
}

/// Appends a character that stands for itself, even if it has a special meaning in regexes.
fn push_escaped(regex: &mut String, character: char) {
    // Writing to a string cannot fail.
    let _ = write!(regex, r"\x{{{:x}}}", u32::from(character));
}
