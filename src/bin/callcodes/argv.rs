//! Corrects command lines on Windows: `/?` becomes `--help`, and a quotation mark after a backslash ends a path.
//!
//! People type a folder as `"C:\47 12\"`, and `cmd` completes it like that. However, Windows treats the quotation mark after the
//! last backslash as part of the argument, which then includes everything that follows.

use std::ffi::OsString;
use std::path::Path;

/// Returns the arguments as the user meant them.
pub(crate) fn corrected(arguments: Vec<OsString>) -> Vec<OsString> {
    if cfg!(windows) { corrected_on_windows(arguments, |path| Path::new(path).exists()) } else { arguments }
}

fn corrected_on_windows(mut arguments: Vec<OsString>, exists: impl Fn(&str) -> bool) -> Vec<OsString> {
    for argument in arguments.iter_mut().skip(1) {
        if argument == "/?" {
            *argument = "--help".into();
        }
    }
    // Only the last argument can be corrected. If another one follows, other quotation marks have been paired wrongly as well.
    let last = arguments.pop();
    match last.as_ref().and_then(|last| split(last.to_str()?, exists)) {
        Some(parts) => arguments.extend(parts),
        None => arguments.extend(last),
    }
    arguments
}

/// Splits an argument with exactly one quotation mark into the path before it and the arguments after it. Returns `None` if
/// there is no such path.
fn split(argument: &str, exists: impl Fn(&str) -> bool) -> Option<Vec<OsString>> {
    let (path, rest) = argument.split_once('"')?;
    let is_end = rest.is_empty() || rest.starts_with(char::is_whitespace);
    let is_path = !path.is_empty() && is_end && !rest.contains('"') && exists(path);
    // Windows has removed the backslash before the quotation mark.
    is_path
        .then(|| [format!("{path}\\").into()].into_iter().chain(rest.split_whitespace().map(OsString::from)).collect())
}

/// Returns a message that explains a quotation mark in the path of an input, which no path on Windows can contain. Returns
/// `None` if there is none.
pub(crate) fn explain_quote(path: &str) -> Option<String> {
    let (before, _) = path.split_once('"')?;
    Some(format!(
        "the quotation mark after {before} is part of the path, because it follows a backslash. Leave out that \
         backslash: \
         \"{before}\""
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn corrected(arguments: &[&str]) -> Vec<String> {
        let arguments = arguments.iter().map(OsString::from).collect();
        let mended = corrected_on_windows(arguments, |path| [r"C:\47 12", "47 12", "lines"].contains(&path));
        mended.into_iter().map(|argument| argument.into_string().unwrap()).collect()
    }

    #[test]
    fn a_folder_that_ends_in_a_backslash_ends_there() {
        let cases: [(&[&str], &[&str]); 7] = [
            (&["callcodes", "C:\\47 12\" --format json"], &["callcodes", "C:\\47 12\\", "--format", "json"]),
            (&["callcodes", "lines", "47 12\""], &["callcodes", "lines", "47 12\\"]),
            // The intention is unclear: not the last argument, not a folder, or more than one quotation mark.
            (&["callcodes", "C:\\47 12\" -o C:\\x", "y.csv"], &["callcodes", "C:\\47 12\" -o C:\\x", "y.csv"]),
            (&["callcodes", "-e", "code \" (?<code>\\d+)"], &["callcodes", "-e", "code \" (?<code>\\d+)"]),
            (&["callcodes", "47 12\" \""], &["callcodes", "47 12\" \""]),
            (&["callcodes", "47 12\"x"], &["callcodes", "47 12\"x"]),
            (&["callcodes"], &["callcodes"]),
        ];
        for (arguments, expected) in cases {
            assert_eq!(corrected(arguments), expected);
        }
    }

    #[test]
    fn a_quotation_mark_in_a_path_is_explained() {
        let expected = "the quotation mark after C:\\47 12 is part of the path, because it follows a backslash. \
                        Leave out that backslash: \"C:\\47 12\"";
        assert_eq!(explain_quote("C:\\47 12\" -o C:\\x").as_deref(), Some(expected));
        assert_eq!(explain_quote("C:\\47 12"), None);
    }

    #[test]
    fn help_is_asked_for_as_everywhere_on_windows() {
        assert_eq!(corrected(&["callcodes", "lines", "/?"]), ["callcodes", "lines", "--help"]);
        assert_eq!(corrected(&["callcodes", "/?"]), ["callcodes", "--help"]);
        assert_eq!(corrected(&["/?"]), ["/?"]);
    }
}
