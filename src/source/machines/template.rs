//! Templates with which the user specifies where the name of the machine is in the path of a log.

use std::path::PathBuf;
use std::str::FromStr;

use foldhash::HashSet;
use regex::Regex;

use super::is_separator;
use crate::name;

/// A template for the place of the name of the machine in the names of sources, such as `tickets/*/{host}/**` or `{host}_*.log`.
///
/// `{host}` stands for the name of the machine, which is the shortest text within one part of the path that fits. `*` stands
/// for any text within a part, and `**` for any number of parts. Slashes and backslashes both separate parts, and letter case
/// does not matter. An archive is a part like a folder, and its name may be written with or without its ending: `{host}/**`
/// finds `host07` in `host07.zip!/Svc.log`. A template that ends in `{host}` or a slash matches everything below. The ending of
/// a rotated or compressed log may be left out.
///
/// Where a template begins depends on its first part:
///
/// * A template of a single part is matched against the name of the file.
/// * A template that begins with `*` or `{host}` is matched against the path below the input. If no source matches there, it
///   begins one part further up, and so on.
/// * Any other template may begin at any part of the path. The first place where it matches counts.
///
/// # Examples
///
/// ```
/// use callcodes::source::machines::{self, Template};
///
/// let template: Template = "tickets/*/{host}/**".parse()?;
/// let names = ["tickets/4711/host07/Svc.log", "tickets/4711/host08.zip!/Svc.log", "tickets/readme.log"];
/// assert_eq!(machines::of(&names, Some(&template)), [Some("host07"), Some("host08"), None]);
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug)]
pub struct Template {
    regex: Regex,
    start: Start,
    /// The inputs of the run, each as its parts with slashes between them.
    inputs: HashSet<String>,
    /// The largest number of parts of an input.
    deepest: usize,
}

/// The place in a path where a template may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Start {
    /// The template begins at the name of the file.
    File,
    /// The template begins at the first part below the input.
    Below,
    /// The template may begin at any part of the path.
    Anywhere,
}

/// The text that stands for the name of the machine in a template.
const HOST: &str = "{host}";

/// A regex for what separates the parts of a path.
const SEPARATORS: &str = if cfg!(windows) { r"[/\\]+" } else { "/+" };
/// A regex for a character within a part of a path.
const WITHIN: &str = if cfg!(windows) { r"[^/\\]" } else { "[^/]" };

impl Template {
    /// Sets the inputs of the run, in place of those that were set before. Without any, paths are treated as relative to the input.
    #[must_use]
    pub fn below(mut self, inputs: &[PathBuf]) -> Template {
        (self.inputs, self.deepest) = (HashSet::default(), 0);
        for input in inputs {
            let name = name::shown(input);
            let parts: Vec<&str> = parts(&name).collect();
            self.deepest = self.deepest.max(parts.len());
            self.inputs.insert(parts.join("/"));
        }
        self
    }

    /// Returns the machine of each source, or `None` for a source whose name does not match the template.
    pub(super) fn of<'n>(&self, names: &[&'n str]) -> Vec<Option<&'n str>> {
        /// How many parts above the input the template may begin.
        const LEVELS_LIMIT: usize = 64;
        let find = |name: &'n str, start: usize| {
            let captures = self.regex.captures(&name[start..])?;
            captures.name("host").map(|host| host.as_str())
        };
        let starts: Vec<(Vec<usize>, usize)> = match self.start {
            Start::Anywhere => return names.iter().map(|name| find(name, 0)).collect(),
            Start::File => {
                return names.iter().map(|name| find(name, name.rfind(is_separator).map_or(0, |at| at + 1))).collect();
            }
            Start::Below => names.iter().map(|name| self.below_input(name)).collect(),
        };
        for up in 0..LEVELS_LIMIT {
            let found = names
                .iter()
                .zip(&starts)
                .map(|(name, (starts, below))| find(name, *starts.get(below.checked_sub(up)?)?));
            let found: Vec<_> = found.collect();
            if found.iter().any(Option::is_some) || starts.iter().all(|(_, below)| *below <= up) {
                return found;
            }
        }
        vec![None; names.len()]
    }

    /// Returns the positions at which the parts of a name begin, and the index of the first part below the input. If the file
    /// itself was passed as an argument, this is the index of the file.
    fn below_input(&self, name: &str) -> (Vec<usize>, usize) {
        let start_of = |part: &str| part.as_ptr().addr() - name.as_ptr().addr();
        let starts: Vec<usize> = parts(name).map(start_of).collect();
        let (mut path, mut below) = (String::new(), 0);
        for (index, part) in parts(name).enumerate().take(self.deepest) {
            if index > 0 {
                path.push('/');
            }
            path.push_str(part.strip_suffix('!').unwrap_or(part));
            if self.inputs.contains(&path) {
                below = index + 1;
            }
        }
        let below = below.min(starts.len().saturating_sub(1));
        (starts, below)
    }
}

/// Returns the parts of the name of a source, which are separated by slashes.
fn parts(name: &str) -> impl Iterator<Item = &str> {
    name.split(is_separator).filter(|part| !part.is_empty() && *part != ".")
}

impl FromStr for Template {
    /// The message for the user: what is wrong with the template, and what to do about it, as two sentences without the last full
    /// stop.
    type Err = String;

    fn from_str(text: &str) -> Result<Template, String> {
        let mut outside = text.split(HOST);
        if outside.clone().any(|text| text.contains(['{', '}'])) {
            return Err("only {host} can be in braces. Write * for any other text".to_owned());
        }
        let (Some(before), Some(after), None) = (outside.next(), outside.next(), outside.next()) else {
            return Err(if text.contains(HOST) {
                "{host} can be in it only once. Write * where the name does not matter".to_owned()
            } else {
                "it has no {host}. Write {host} where the name of the machine is, as in 'tickets/*/{host}/**' or \
                 '{host}_*.log'"
                    .to_owned()
            });
        };
        if before.ends_with('*') || after.starts_with('*') {
            let remedy = "Write what is between them, as in '{host}_*.log'";
            return Err(format!("nothing says where {HOST} ends and * begins. {remedy}"));
        }
        let slashes = ['/', '\\'];
        let mut parts: Vec<&str> = text.split(slashes).filter(|part| !part.is_empty() && *part != ".").collect();
        if text.ends_with(slashes) || parts.last() == Some(&HOST) {
            parts.push("**");
        }
        let start = match parts[..] {
            [_] => Start::File,
            ["*" | "**" | HOST, ..] => Start::Below,
            _ => Start::Anywhere,
        };
        let mut regex = "(?si)^".to_owned();
        if start == Start::Anywhere {
            regex += &format!("(?:{WITHIN}*{SEPARATORS})*?");
        }
        let last = parts.len() - 1;
        for (index, part) in parts.iter().enumerate() {
            regex += &match (*part, index == last) {
                // At the end, at least one part must follow, because the content of a folder is not the folder itself.
                ("**", true) => ".+".to_owned(),
                ("**", false) => format!("(?:{WITHIN}+{SEPARATORS})*?"),
                (part, true) => within(part) + r"(?:\.\d{1,3})?(?:\.(?:gz|bz2|xz|zst))?$",
                // Matches a folder, or an archive with or without its ending.
                (part, false) => format!(r"{}(?:(?:(?:\.tar)?\.[^/\\.]+)?!)?{SEPARATORS}", within(part)),
            };
        }
        let regex = Regex::new(&regex).map_err(|_| "it is too long. Write ** for its beginning".to_owned())?;
        Ok(Template { regex, start, inputs: HashSet::default(), deepest: 0 })
    }
}

/// Returns a regex for one part of a template.
fn within(part: &str) -> String {
    let texts =
        part.split(HOST).map(|text| text.split('*').map(regex::escape).collect::<Vec<_>>().join(&format!("{WITHIN}*")));
    texts.collect::<Vec<_>>().join(&format!("(?<host>{WITHIN}+?)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(text: &str) -> Template {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    /// Returns the machine of each source in a run with these inputs.
    fn of<'n>(text: &str, inputs: &[&str], names: &[&'n str]) -> Vec<Option<&'n str>> {
        let inputs: Vec<PathBuf> = inputs.iter().map(PathBuf::from).collect();
        template(text).below(&inputs).of(names)
    }

    #[test]
    fn a_template_that_begins_with_a_name_may_begin_at_any_part() {
        for (text, name, host) in [
            ("tickets/*/{host}/**", "tickets/4711/host07/Svc.log", Some("host07")),
            ("tickets/*/{host}/**", "/data/tickets/4711/host07/logs/Svc.log", Some("host07")),
            ("tickets/*/{host}/**", "./Tickets/4711/HOST07/Svc.log", Some("HOST07")),
            (r"tickets\*\{host}\**", "tickets/4711/host07/Svc.log", Some("host07")),
            ("/tickets//*/./{host}/", "tickets/4711/host07/Svc.log", Some("host07")),
            ("tickets/*/{host}", "tickets/4711/host07/Svc.log", Some("host07")),
            ("tickets/**/{host}/*.log", "tickets/a/b/host07/Svc.log", Some("host07")),
            ("tickets/**/{host}/*.log", "tickets/host07/Svc.log", Some("host07")),
            ("tickets/*/{host}/**", "tickets/4711/Svc.log", None),
            ("tickets/*/{host}/**", "my-tickets/4711/host07/Svc.log", None),
            ("tickets/{host}/*.log", "tickets/host07/Svc.txt", None),
            ("tickets/{host}/**", "tickets/a/tickets/b/Svc.log", Some("a")),
            ("mfa-{host}/**", "t/mfa-host07/Svc.log", Some("host07")),
            ("**/{host}/*.log", "t/a/host07/Svc.log", Some("host07")),
        ] {
            assert_eq!(of(text, &[], &[name]), [host], "{text} {name}");
        }
    }

    #[test]
    fn a_template_that_begins_with_stars_begins_below_the_input() {
        let names = ["./host01/Svc.log", "./host02/Svc.log"];
        assert_eq!(of("**/{host}/**", &["."], &names), [Some("host01"), Some("host02")]);
        let names = ["../t/host01/Svc.log", "../t/host02/Svc.log"];
        assert_eq!(of("**/{host}/**", &["../t"], &names), [Some("host01"), Some("host02")]);
    }

    #[test]
    fn a_single_part_is_the_name_of_the_file() {
        for (name, host) in [
            ("t/HOST07_Svc.log", Some("HOST07")),
            ("t/a.zip!/HOST07_Svc.log", Some("HOST07")),
            ("HOST07_Svc.log", Some("HOST07")),
            ("t/HOST07_Svc_2.LOG", Some("HOST07")),
            ("t/HOST07_Svc.log.12", Some("HOST07")),
            ("t/HOST07_Svc.log.1.gz", Some("HOST07")),
            ("t/HOST07_Svc.txt", None),
            ("a_b.log/Svc.txt", None),
            ("t/_Svc.log", None),
        ] {
            assert_eq!(of("{host}_*.log", &[], &[name]), [host], "{name}");
        }
        assert_eq!(of("*-{host}.log", &[], &["a-b-host07.log"]), [Some("host07")]);
        assert_eq!(of("[{host}] (1+1).log", &[], &["[host07] (1+1).log"]), [Some("host07")]);
    }

    #[test]
    fn an_archive_is_a_folder_with_or_without_its_ending() {
        for (text, name, host) in [
            ("{host}/**", "host07.zip!/Svc.log", Some("host07")),
            ("{host}/**", "host07.tar.gz!/a/Svc.log", Some("host07")),
            ("{host}/**", "host07.example.com.zip!/Svc.log", Some("host07.example.com")),
            ("{host}/**", "host07.example.com/Svc.log", Some("host07.example.com")),
            ("{host}.zip/**", "host07.zip!/Svc.log", Some("host07")),
            ("{host}.zip/**", "host07.7z!/Svc.log", None),
            ("ticket.zip/{host}/**", "t/ticket.zip!/host07/Svc.log", Some("host07")),
            ("ticket/{host}/**", "t/ticket.zip!/host07/Svc.log", Some("host07")),
            ("logs-{host}/**", "t/logs-host07.tgz!/Svc.log", Some("host07")),
        ] {
            assert_eq!(of(text, &[], &[name]), [host], "{text} {name}");
        }
    }

    #[test]
    fn a_template_that_begins_with_any_text_is_matched_below_the_input() {
        let names = ["t/4711/host07/Svc.log", "t/4711/host08/Svc.log", "t/4711/readme.log"];
        let hosts = [Some("host07"), Some("host08"), None];
        for input in ["t/4711", "t/4711/", "./t/4711"] {
            assert_eq!(of("{host}/**", &[input], &names), hosts, "{input}");
            assert_eq!(of("*/{host}/**", &["t"], &names), hosts);
        }
        assert_eq!(of("{host}/**", &["t.zip"], &["t.zip!/host07/Svc.log"]), [Some("host07")]);
        assert_eq!(of("{host}/**", &["."], &["./host07/Svc.log"]), [Some("host07")]);
        assert_eq!(
            of("{host}/**", &["t", "t/a"], &["t/host07/Svc.log", "t/a/host08/Svc.log"]),
            [Some("host07"), Some("host08")]
        );
    }

    #[test]
    fn a_template_that_matches_nothing_below_the_input_begins_further_up() {
        let names = ["t/host07/Svc.log", "t/host08/Svc.log"];
        let hosts = [Some("host07"), Some("host08")];
        assert_eq!(of("{host}/**", &["t/host07", "t/host08"], &names), hosts);
        assert_eq!(of("{host}/*.log", &names, &names), hosts, "files that were passed");
        assert_eq!(of("*/{host}/**", &["t"], &names), hosts);
        assert_eq!(of("{host}/*.txt", &["t"], &names), [None, None]);
        assert_eq!(of("{host}/**", &["-"], &["stdin"]), [None]);
        assert_eq!(of("{host}/**", &[], &[""]), [None]);
    }

    #[test]
    fn a_wrong_template_is_explained() {
        let none = "it has no {host}. Write {host} where the name of the machine is, as in 'tickets/*/{host}/**' or '{host}_*.log'";
        let braces = "only {host} can be in braces. Write * for any other text";
        let beside = "nothing says where {host} ends and * begins. Write what is between them, as in '{host}_*.log'";
        for (text, error) in [
            ("", none),
            ("tickets/*/**", none),
            ("{host}/{host}", "{host} can be in it only once. Write * where the name does not matter"),
            ("{machine}/**", braces),
            ("{Host}/**", braces),
            ("{host}/{date}/**", braces),
            ("{host/**", braces),
            ("{{host}}", braces),
            ("{host}*.log", beside),
            ("*{host}.log", beside),
            (&("{host}".to_owned() + &"*a".repeat(100_000)), beside),
            (&("{host}_".to_owned() + &"*a".repeat(1_000_000)), "it is too long. Write ** for its beginning"),
        ] {
            assert_eq!(text.parse::<Template>().err().as_deref(), Some(error), "{text:.40}");
        }
    }

    #[test]
    fn hostile_names_take_little_time() {
        let deep = "a/".repeat(4_000);
        for text in ["**/{host}/**/b", "{host}/**/b", "x/{host}/**", "{host}_*.log"] {
            assert_eq!(of(text, &[], &[&deep, &deep.replace('/', "_")]), [None, None], "{text}");
        }
    }
}
