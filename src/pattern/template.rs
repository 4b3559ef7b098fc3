//! The pattern file that `callcodes patterns new` writes: a working pattern, with comments that explain how to change it.
//!
//! Invariant: the file is valid and its pattern finds its examples, so that people start from a pattern that works. The comments
//! are for people who have never seen a regex, so every step can be copied.

use super::definition::check_name;
use super::diagnostic::Diagnostic;

/// The text of the file, with `NAME` in place of the name of the pattern.
const TEMPLATE: &str = r#"# A pattern for callcodes: how to find call / SMS result codes in one kind of log line.
# Lines that start with # are for you; the program skips them. Save this file as UTF-8.
#
#   try it     callcodes patterns check NAME.toml
#   use it     callcodes -f NAME.toml PATH-OF-THE-LOGS
#   keep it    copy everything below into your configuration file, see `callcodes patterns --help`

[[pattern]]

# The name of the pattern in results: lower-case letters, digits and hyphens.
name = "NAME"

# What it is for, in one line. You may leave it out.
description = "MFA results as this product writes them"

# What a result looks like. To write your own, take three steps:
#   1. Copy the part of a real line that only results have, with the code in it:
#          Call result: 21
#   2. Put a backslash before each of these characters, if there are any:  \ . + * ? ( ) | [ ] { } ^ $
#   3. Replace the code by (?<code>\d+), which means: some digits, and these are the code.
#          Call result: (?<code>\d+)
# For a code that is written as a word, such as FAILED_PHONE_BUSY, write (?<code>\w+) instead.
# For parts that differ from line to line: .*? matches any text, \d+ matches digits, \S+ matches text without spaces.
# Other parts of the line that you can capture, each at most once:
#   (?<user>...) who signed in     (?<host>...) on which machine     (?<address>...) from which network address
#   (?<outcome>...) whether the sign-in succeeded, as the log puts it
#   (?<time>...) when, if the time is not at the start of the line
#   (?<text>...) the description next to a code that is written as a word
regex = '''user '(?<user>[^']+)'.*? Call result: (?<code>\d+)'''

# true: upper and lower case are the same. false: they are different.
ignore_case = true

# To use one of the lines below, remove the # before it.
# Count a result only if this also appears somewhere in the same line (| means "or"):
# when = '''mfa|azure'''
# Do not count a result if this appears somewhere in the same line:
# unless = '''test mode'''
# A result may extend over several lines:
# multiline = true
# The code may be empty, which then means 0, no call result:
# empty_is_zero = true
# The pattern may also match lines of other programs, so count its results in rows of their own:
# general = true
# Count a name or text that callcodes does not know only if this also appears somewhere in the same line:
# sign = '''mfa|multi-factor'''
# Do not count a result if this appears in the same line, and nothing that `sign` matches:
# foreign = '''callType|sip:'''

# Lines from the log, and what the pattern must find in each of them. Two or three real lines are best, but replace the names
# and phone numbers of real people first. The lines are checked each time the pattern is loaded, so a mistake shows at once.
# The code is a number, or text in quotes: code = 'FAILED_PHONE_BUSY'. You may leave out the user.
examples = [
  { line = '''2024-05-01 10:15:30 HELPDESK-7 MFA for user 'CONTOSO\ann': Call result: 21''', code = 21, user = 'CONTOSO\ann' },
  { line = '''2024-05-01 10:16:02 HELPDESK-7 MFA for user 'bob@contoso.com': Call result: 102''', code = 102 },
]

# Lines that look similar but must not be counted.
counter_examples = [
  '''2024-05-01 10:15:31 HELPDESK-7 Session for user 'CONTOSO\ann' closed. Result code: 0''',
]
"#;

/// Returns the text of a new pattern file with one pattern called `name`. Its line ends are `\n`.
///
/// # Examples
///
/// ```
/// use callcodes::pattern::template::template;
///
/// let text = template("netop-guest")?;
/// assert!(text.contains("name = \"netop-guest\""));
/// # Ok::<_, callcodes::pattern::diagnostic::Diagnostic>(())
/// ```
///
/// # Errors
///
/// Returns an error if `name` cannot be the name of a pattern.
pub fn template(name: &str) -> Result<String, Diagnostic> {
    check_name(name).map_err(|(message, remedy)| Diagnostic::new(message).remedy(remedy))?;
    Ok(TEMPLATE.replace("NAME", name))
}

/// Returns the first line of every new pattern file, which identifies such a file.
pub(crate) fn first_line() -> &'static str {
    TEMPLATE.lines().next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::definition::{Definition, Origin};
    use super::super::{examples, file, validate};
    use super::*;

    fn definitions(text: &str) -> Vec<Definition> {
        file::parse(text, &Origin::File("netop-guest.toml".into())).unwrap_or_else(|errors| panic!("{}", errors[0]))
    }

    fn complaints(text: &str) -> Vec<String> {
        let definitions = definitions(text);
        let mut found: Vec<Diagnostic> = definitions.iter().flat_map(validate::check).collect();
        let find = |line: &[u8], only| examples::tests::find(&definitions, line, only);
        found.extend(examples::check(&definitions, &|_, written| examples::tests::resolve(written), find, &|_, _| {
            Vec::new()
        }));
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_template_loads_and_finds_its_own_examples() {
        let text = template("netop-guest").unwrap();
        assert_eq!(complaints(&text), [""; 0]);
        assert_eq!(complaints(&text.replace('\n', "\r\n")), [""; 0]);
        let definitions = definitions(&text);
        assert_eq!(definitions.len(), 1);
        assert_eq!(definitions[0].name, "netop-guest");
        assert_eq!((definitions[0].examples.len(), definitions[0].counter_examples.len()), (2, 1));
        assert!(text.contains("callcodes -f netop-guest.toml "));
    }

    #[test]
    fn keys_in_comments_work_when_they_are_uncommented() {
        let text = template("x").unwrap();
        let offered =
            ["when = ", "unless = ", "multiline = ", "empty_is_zero = ", "general = ", "sign = ", "foreign = "];
        let text = offered.iter().fold(text, |text, key| {
            let line = format!("\n# {key}");
            assert!(text.contains(&line), "{key}");
            text.replace(&line, &format!("\n{key}"))
        });
        assert_eq!(complaints(&text), [""; 0]);
        let [definition] = &definitions(&text)[..] else { panic!("{text}") };
        assert!(
            definition.when.is_some()
                && definition.unless.is_some()
                && definition.multiline
                && definition.empty_is_zero
                && definition.general
                && definition.sign.is_some()
                && definition.foreign.is_some()
        );
    }

    #[test]
    fn a_bad_name_is_refused() {
        let expected = "\
error: `Own Log` cannot be the name of a pattern
help: use lower-case letters, digits and hyphens, as in `netop-guest`";
        assert_eq!(template("Own Log").unwrap_err().to_string(), expected);
    }
}
