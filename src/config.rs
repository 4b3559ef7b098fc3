//! Collects the patterns for a run: the built-in ones, and the user's own from files and from the command line.
//!
//! The sources of patterns, from the highest precedence to the lowest, are:
//!
//! 1. regexes given with `-e`, in the order given; they are called `e1`, `e2` and so on
//! 2. files given with `-f`, in the order given
//! 3. the file given with `--config`
//! 4. the user's configuration file ([`user_file`])
//! 5. the built-in patterns
//!
//! The definitions are returned in this order. If several patterns match at the same position, the first one wins. A pattern
//! replaces one with the same name in a source of lower precedence. If two files given with `-f` have a pattern with the same
//! name, that is an error, because it is not clear which one is meant. Of several files with a template for the names of
//! machines, the one with the highest precedence decides, and of several zones for a log, the first one. An entry of the catalogue
//! replaces one with the same name in a source of lower precedence, and a built-in one.
//!
//! Invariant: the definitions have unique names and valid regexes. [`scan::proof`](crate::scan::proof) checks whether they find
//! their examples, after they have been compiled. Tests check the built-in regexes, so that they need not be checked at each
//! start. Only [`user_file`] depends on the environment.

mod append;

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

pub use self::append::with_pattern;

use crate::catalogue::{Catalogue, LoadError};
use crate::neighbour::neighbour;
use crate::pattern::definition::{Definition, Origin};
use crate::pattern::diagnostic::{Diagnostic, Mark};
use crate::pattern::file::{self, CodeOf, ZoneOf};
use crate::pattern::validate;
use crate::problem::Problem;
use crate::source::ZoneRule;
use crate::source::machines::Template;
use crate::time::forms::Shape;
use crate::units;

/// The greatest size of a pattern file in bytes. It is enough for thousands of patterns, and rejects a log that is passed by
/// mistake.
pub const FILE_LIMIT_BYTES: usize = 4 * 1024 * 1024;

/// How many errors in the user's entries of the catalogue are looked for.
const ERRORS_LIMIT: usize = 100;

/// The sources of patterns besides the built-in ones, and the names of the patterns to use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layers {
    /// The user's configuration file, which need not exist, or `None` to use none. See [`user_file`].
    pub user_file: Option<PathBuf>,
    /// The file given with `--config`, which must exist.
    pub config: Option<PathBuf>,
    /// The files given with `-f`, which must exist.
    pub files: Vec<PathBuf>,
    /// The regexes given with `-e`.
    pub expressions: Vec<String>,
    /// The names given with `--pattern`. If there are any, only these patterns are used.
    pub only: Vec<String>,
    /// The names given with `--no-pattern`. These patterns are not used.
    pub without: Vec<String>,
}

/// The contents of the pattern files for a run: patterns, forms of times and settings.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The definitions of the patterns to use, in order of precedence.
    pub definitions: Vec<Definition>,
    /// The user's forms of times, in order of precedence. Of several with the same name, only the first one is used.
    pub times: Vec<Shape>,
    /// The zones of times without one in some logs. The first that matches counts.
    pub zones: Vec<ZoneRule>,
    /// The template that finds the names of machines in paths.
    pub host_from: Option<Template>,
    /// The catalogue with the user's entries, or `None` if there are none.
    pub catalogue: Option<&'static Catalogue>,
}

impl Config {
    /// Returns the catalogue, with the user's entries if there are any.
    #[must_use]
    pub fn catalogue(&self) -> &'static Catalogue {
        self.catalogue.unwrap_or_else(Catalogue::built_in)
    }
}

/// The contents of one source of patterns.
#[derive(Debug, Default)]
pub struct Layer {
    /// The definitions of the patterns, in the order of the source.
    pub definitions: Vec<Definition>,
    times: Vec<Shape>,
    zones: Vec<ZoneRule>,
    /// The user's entries of the catalogue, in the order of the source.
    pub codes: Vec<CodeOf>,
    host_from: Option<Template>,
}

/// The built-in patterns, in the form of a pattern file.
pub const BUILT_IN: &str = include_str!("builtin/patterns.toml");

/// Returns the definitions of the built-in patterns.
#[must_use]
pub fn built_in() -> Vec<Definition> {
    let read = read_config(BUILT_IN, &Origin::BuiltIn);
    // Never fails, because the tests read the same text.
    let read = read.map(|config| config.definitions);
    read.unwrap_or_else(|found| panic!("{}", found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")))
}

/// Returns the path of the user's configuration file, which need not exist: `callcodes/config.toml` in `%APPDATA%` on Windows,
/// and in `$XDG_CONFIG_HOME` or `~/.config` on other systems. Returns `None` if there is no home folder.
#[must_use]
pub fn user_file() -> Option<PathBuf> {
    let strategy = etcetera::choose_base_strategy().ok()?;
    Some(strategy.config_dir().join("callcodes").join("config.toml"))
}

/// Returns the path of `config.toml.txt`, if that file exists and the user's configuration file does not. Windows hides the
/// extension `.txt`, so people create such a file by mistake.
#[must_use]
pub fn with_hidden_ending(user_file: &Path) -> Option<PathBuf> {
    let mut named = user_file.as_os_str().to_owned();
    named.push(".txt");
    let named = PathBuf::from(named);
    (!user_file.exists() && named.is_file()).then_some(named)
}

/// Reads all patterns and returns those to use. `builtin_text` is the text of the file with the built-in patterns.
///
/// # Errors
///
/// Returns all errors of the first step that fails. The steps are: read and check each source, combine them, select patterns.
///
/// # Examples
///
/// ```
/// use callcodes::config::{self, Layers};
///
/// let layers = Layers { expressions: vec![r"result (?<code>\d+)".to_owned()], ..Layers::default() };
/// let definitions = config::load(&layers, config::BUILT_IN).unwrap().definitions;
/// assert_eq!(definitions[0].name, "e1");
/// assert_eq!(definitions.len(), 1 + config::built_in().len());
/// ```
pub fn load(layers: &Layers, builtin_text: &str) -> Result<Config, Vec<Diagnostic>> {
    let mut stack = read_layers(layers, builtin_text)?;
    let host_from = stack.iter_mut().find_map(|config| config.host_from.take());
    let zones = stack.iter_mut().flat_map(|config| std::mem::take(&mut config.zones)).collect();
    let mut times: Vec<Shape> = Vec::new();
    for shape in stack.iter_mut().flat_map(|config| std::mem::take(&mut config.times)) {
        if times.iter().all(|earlier| earlier.name() != shape.name()) {
            times.push(shape);
        }
    }
    let catalogue = catalogue(stack.iter_mut().map(|config| std::mem::take(&mut config.codes)).collect())?;
    let definitions = merge(stack.into_iter().map(|config| config.definitions).collect())?;
    let definitions = select(definitions, &layers.only, &layers.without)?;
    none_wrong(validate::check_order(&definitions))?;
    Ok(Config { definitions, times, zones, host_from, catalogue })
}

/// Adds the user's entries of the catalogue from all sources, which are in order of precedence, to the built-in ones. Returns `None` if
/// there are none. The catalogue is never freed, because a run has only one.
///
/// # Errors
///
/// Returns an error for each second entry of a source with the same name, and for each entry that the catalogue refuses.
pub fn catalogue(stack: Vec<Vec<CodeOf>>) -> Result<Option<&'static Catalogue>, Vec<Diagnostic>> {
    let mut all: Vec<(usize, CodeOf)> = Vec::new();
    let mut found = Vec::new();
    for (layer, code) in
        stack.into_iter().enumerate().flat_map(|(layer, codes)| codes.into_iter().map(move |one| (layer, one)))
    {
        let key = code.entry.key();
        match all.iter().find(|(_, earlier)| earlier.entry.key() == key) {
            None => all.push((layer, code)),
            Some((other, earlier)) if *other == layer => found.push(
                Diagnostic::new(format!("there are two entries for {key}"))
                    .at(code.mark)
                    .and_at(earlier.mark.clone())
                    .remedy("keep one of them"),
            ),
            Some(_) => {}
        }
    }
    let mut all: Vec<CodeOf> = all.into_iter().map(|(_, code)| code).collect();
    // Without an entry that is refused, the catalogue may refuse another one.
    while !all.is_empty() && found.len() < ERRORS_LIMIT {
        let entries = all.iter().map(|code| code.entry.clone()).collect();
        match Catalogue::built_in().with(entries) {
            Ok(_) if !found.is_empty() => break,
            Ok(catalogue) => return Ok(Some(Box::leak(Box::new(catalogue)))),
            Err((index, LoadError { message, remedy, .. })) => {
                let mut remedy = remedy;
                if let Some(first) = remedy.get_mut(..1) {
                    first.make_ascii_lowercase();
                }
                let mark = all.remove(index.min(all.len() - 1)).mark;
                found.push(Diagnostic::new(message).at(mark).remedy(remedy));
            }
        }
    }
    none_wrong(found).map(|()| None)
}

/// Reads a pattern file, which must contain at least one pattern, code, form of times or setting, and checks its regexes.
///
/// # Errors
///
/// Returns all errors in the TOML of the file or, if there are none, all errors in its regexes.
pub fn read_file(path: &Path) -> Result<Layer, Vec<Diagnostic>> {
    let layer = read_any_file(path)?;
    let Layer { definitions, times, zones, codes, host_from } = &layer;
    if definitions.is_empty() && times.is_empty() && zones.is_empty() && codes.is_empty() && host_from.is_none() {
        let remedy = "write [[pattern]] above each one; `callcodes patterns new NAME` writes a file to start from";
        return Err(vec![Diagnostic::new(format!("{} contains no pattern", path.display())).remedy(remedy)]);
    }
    Ok(layer)
}

/// Reads a pattern file, which may contain no patterns, and checks its regexes.
fn read_any_file(path: &Path) -> Result<Layer, Vec<Diagnostic>> {
    let text = read_text(path).map_err(|diagnostic| vec![diagnostic])?;
    read_config(&text, &Origin::File(path.to_owned()))
}

/// Checks the contents of a pattern file before they are written to `path`.
///
/// # Errors
///
/// Returns the same errors as [`read_file`].
pub fn check_contents(contents: &[u8], path: &Path) -> Result<(), Vec<Diagnostic>> {
    let text = decoded(contents.to_vec(), path).map_err(|diagnostic| vec![diagnostic])?;
    read_config(&text, &Origin::File(path.to_owned())).map(drop)
}

/// Whether there is a built-in pattern with this name, which a user's pattern of the same name replaces.
#[must_use]
pub fn is_built_in(name: &str) -> bool {
    built_in().iter().any(|definition| definition.name == name)
}

/// Combines the definitions from pattern files with the built-in ones, as if the files were passed with `-f`. Returns them in
/// order of precedence.
pub fn over_built_in(files: Vec<Definition>) -> Result<Vec<Definition>, Vec<Diagnostic>> {
    let definitions = merge(vec![files, built_in()])?;
    none_wrong(validate::check_order(&definitions))?;
    Ok(definitions)
}

/// Reads a pattern file from its text and checks the regexes, except those of the built-in patterns.
fn read_config(text: &str, origin: &Origin) -> Result<Layer, Vec<Diagnostic>> {
    let file::File { definitions, times, zones, codes, host_from } = file::read(text, origin)?;
    let mut found = Vec::new();
    let host_from = host_from.and_then(|(text, mark)| {
        let template = text.parse::<Template>();
        template.map_err(|reason| found.push(wrong("host_from", &reason, mark))).ok()
    });
    let mut rules = Vec::new();
    for ZoneOf { host, path, zone } in zones {
        let text = |glob: &Option<(String, Mark)>| glob.as_ref().map(|(text, _)| text.clone());
        let (host_text, path_text) = (text(&host), text(&path));
        // Each is checked by itself, so that an error points at it.
        for (key, glob) in [("host", host), ("path", path)] {
            if let Some((text, mark)) = glob
                && let Err(reason) = ZoneRule::new(Some(&text), None, zone)
            {
                found.push(wrong(key, &reason, mark));
            }
        }
        rules.extend(ZoneRule::new(host_text.as_deref(), path_text.as_deref(), zone));
    }
    if *origin != Origin::BuiltIn {
        found.extend(definitions.iter().flat_map(validate::check));
    }
    none_wrong(found)?;
    Ok(Layer { definitions, times, zones: rules, codes, host_from })
}

/// Returns the error for a wrong value of `key`.
fn wrong(key: &str, reason: &str, mark: Mark) -> Diagnostic {
    let (message, remedy) = reason.split_once(". Write ").unwrap_or((reason, ""));
    Diagnostic::new(format!("`{key}` is wrong: {message}")).at(mark).remedy(format!("write {remedy}"))
}

/// Returns an error if `found` contains errors.
fn none_wrong(found: Vec<Diagnostic>) -> Result<(), Vec<Diagnostic>> {
    if found.is_empty() { Ok(()) } else { Err(found) }
}

/// Reads all sources of patterns, in order of precedence. All files passed with `-f` count as one source.
fn read_layers(layers: &Layers, builtin_text: &str) -> Result<Vec<Layer>, Vec<Diagnostic>> {
    let mut found = Vec::new();
    let mut take = |read: Result<Layer, Vec<Diagnostic>>| {
        read.unwrap_or_else(|diagnostics| {
            found.extend(diagnostics);
            Layer::default()
        })
    };
    let expressions = take(read_expressions(&layers.expressions));
    let files = layers.files.iter().map(|path| take(read_file(path)));
    let files = files.fold(Layer::default(), |mut all, file| {
        all.definitions.extend(file.definitions);
        all.times.extend(file.times);
        all.zones.extend(file.zones);
        all.codes.extend(file.codes);
        all.host_from = all.host_from.or(file.host_from);
        all
    });
    let config = take(layers.config.as_deref().map_or_else(|| Ok(Layer::default()), read_file));
    let user_file = layers.user_file.as_deref().filter(|path| !is_absent(path));
    let user = take(user_file.map_or_else(|| Ok(Layer::default()), read_any_file));
    let builtin = take(read_config(builtin_text, &Origin::BuiltIn));
    none_wrong(found)?;
    Ok(vec![expressions, files, config, user, builtin])
}

/// Whether the file certainly does not exist. If this cannot be determined, the file is read, and that fails with an error.
fn is_absent(path: &Path) -> bool {
    matches!(path.try_exists(), Ok(false))
}

/// Creates the patterns `e1`, `e2` and so on from the regexes passed with `-e`.
fn read_expressions(expressions: &[String]) -> Result<Layer, Vec<Diagnostic>> {
    let definitions: Vec<Definition> =
        (1..).zip(expressions).map(|(number, regex)| Definition::from_expression(number, regex)).collect();
    none_wrong(definitions.iter().flat_map(validate::check).collect())?;
    Ok(Layer { definitions, ..Layer::default() })
}

/// Combines the definitions from all sources. A definition replaces those with the same name in sources of lower precedence.
fn merge(stack: Vec<Vec<Definition>>) -> Result<Vec<Definition>, Vec<Diagnostic>> {
    let mut merged: Vec<Definition> = Vec::new();
    let mut layer_by_name: HashMap<String, usize> = HashMap::new();
    let mut found = Vec::new();
    for (layer, definition) in
        stack.into_iter().enumerate().flat_map(|(layer, all)| all.into_iter().map(move |one| (layer, one)))
    {
        match layer_by_name.get(&definition.name) {
            None => {
                layer_by_name.insert(definition.name.clone(), layer);
                merged.push(definition);
            }
            Some(&other) if other == layer => found.push(in_two_files(&definition, &merged)),
            Some(_) => {}
        }
    }
    none_wrong(found)?;
    Ok(merged)
}

/// Returns the error for two files passed with `-f` that have a pattern with the same name.
fn in_two_files(definition: &Definition, merged: &[Definition]) -> Diagnostic {
    let diagnostic = Diagnostic::new(format!("two files have a pattern `{}`", definition.name))
        .at(definition.mark_name("the second one"))
        .remedy("give one of them another name, or leave one file out");
    match merged.iter().find(|earlier| earlier.name == definition.name) {
        Some(earlier) => diagnostic.and_at(earlier.mark_name("the first one")),
        None => diagnostic,
    }
}

/// Selects definitions according to `--pattern` and `--no-pattern`.
fn select(
    mut definitions: Vec<Definition>,
    only: &[String],
    without: &[String],
) -> Result<Vec<Definition>, Vec<Diagnostic>> {
    let names: HashSet<&str> = definitions.iter().map(|definition| definition.name.as_str()).collect();
    let chosen = only.iter().map(|name| ("--pattern", name)).chain(without.iter().map(|name| ("--no-pattern", name)));
    let unknown = chosen.filter(|(_, name)| !names.contains(name.as_str()));
    none_wrong(unknown.map(|(flag, name)| unknown_name(flag, name, &definitions)).collect())?;

    // Patterns for context are kept: they find no results themselves, and without them results would lack their users.
    let is_chosen = |definition: &Definition| only.is_empty() || only.contains(&definition.name);
    let recorders: HashSet<Option<String>> =
        definitions.iter().filter(|one| is_chosen(one)).map(|one| one.recorder.clone()).collect();
    definitions.retain(|one| is_chosen(one) || one.role.is_context() && recorders.contains(&one.recorder));
    definitions.retain(|definition| !without.contains(&definition.name));
    if definitions.is_empty() {
        let remedy = "leave out some of --pattern and --no-pattern, or give a pattern with -e or -f";
        return Err(vec![Diagnostic::new("no pattern is left to search for").remedy(remedy)]);
    }
    Ok(definitions)
}

/// Returns the error for a name that no pattern has.
fn unknown_name(flag: &str, name: &str, definitions: &[Definition]) -> Diagnostic {
    let mut names: Vec<&str> = definitions.iter().map(|definition| definition.name.as_str()).collect();
    names.sort_unstable();
    Diagnostic::new(format!("{flag} {name}: there is no pattern with that name"))
        .remedy(format!("the patterns are: {}", names.join(", ")))
}

/// Reads the text of a pattern file, which must be UTF-8 or UTF-16 and not too large.
fn read_text(path: &Path) -> Result<String, Diagnostic> {
    decoded(read_bytes(path).map_err(|error| unreadable(path, &error))?, path)
}

/// Decodes the contents of a pattern file.
fn decoded(bytes: Vec<u8>, path: &Path) -> Result<String, Diagnostic> {
    let name = path.display();
    if bytes.len() > FILE_LIMIT_BYTES {
        let limit = FILE_LIMIT_BYTES / (1024 * 1024);
        return Err(Diagnostic::new(format!("{name} is larger than {limit} MiB, the limit for a pattern file"))
            .remedy("give a file of [[pattern]] tables here, and logs as arguments"));
    }
    units::text(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = 1 + valid.iter().filter(|&&byte| byte == b'\n').count();
        Diagnostic::new(format!("{name} is not UTF-8: line {line} has a character in another encoding"))
            .remedy("save it as UTF-8: in Notepad, choose Save As and the encoding UTF-8")
    })
}

/// Reads a file, but not more than one byte beyond the limit.
fn read_bytes(path: &Path) -> io::Result<Vec<u8>> {
    if path.is_dir() {
        return Err(io::Error::other("it is a folder"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(FILE_LIMIT_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Returns the error for a file that cannot be read.
fn unreadable(path: &Path, error: &io::Error) -> Diagnostic {
    let problem = Problem::unreadable(path.display().to_string(), error);
    let near = if error.kind() == io::ErrorKind::NotFound { neighbour(path) } else { None };
    Diagnostic::new(format!("cannot read the pattern file {problem}")).remedy(match near {
        Some(near) => format!("did you mean {}?", near.display()),
        None => "check the path; `callcodes patterns new NAME` writes a pattern file to start from".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::source::machines;

    const BUILTIN: &str = "[[pattern]]\nname = 'radius'\nregex = 'status=(?<code>\\d+)'\n\
                           [[pattern]]\nname = 'sdk'\nregex = 'call=(?<code>\\d+)'\n";

    /// A folder with pattern files.
    struct Folder(tempfile::TempDir);

    impl Folder {
        fn new() -> Folder {
            Folder(tempfile::tempdir().unwrap())
        }

        fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
            let path = self.path(name);
            fs::write(&path, content).unwrap();
            path
        }

        /// Writes a file with a pattern for each name. Each regex contains the name of the file.
        fn patterns(&self, file: &str, names: &[&str]) -> PathBuf {
            let pattern = |name: &&str| format!("[[pattern]]\nname = '{name}'\nregex = '{file} {name} (?<code>a)'\n");
            self.write(file, names.iter().map(pattern).collect::<String>())
        }

        fn path(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }

        /// Returns the errors, without the path of the folder.
        fn errors(&self, layers: &Layers) -> String {
            let errors = load(layers, BUILTIN).unwrap_err();
            let shown = errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
            shown.replace(&format!("{}{}", self.0.path().display(), std::path::MAIN_SEPARATOR), "")
        }
    }

    fn names(layers: &Layers) -> Vec<String> {
        let definitions = load(layers, BUILTIN).unwrap().definitions;
        definitions.into_iter().map(|definition| definition.name).collect()
    }

    fn strings(list: &[&str]) -> Vec<String> {
        list.iter().map(ToString::to_string).collect()
    }

    /// These patterns are not checked at start-up.
    #[test]
    fn the_built_in_patterns_are_sound() {
        let definitions = built_in();
        let found = definitions.iter().flat_map(validate::check).chain(validate::check_order(&definitions));
        assert_eq!(found.map(|one| one.to_string()).collect::<Vec<_>>(), Vec::<String>::new());
    }

    #[test]
    fn without_files_the_built_in_patterns_apply() {
        assert_eq!(names(&Layers::default()), ["radius", "sdk"]);
    }

    #[test]
    fn patterns_are_in_order_of_precedence() {
        let folder = Folder::new();
        let layers = Layers {
            user_file: Some(folder.patterns("user.toml", &["user"])),
            config: Some(folder.patterns("config.toml", &["config-1", "config-2"])),
            files: vec![folder.patterns("a.toml", &["file-a"]), folder.patterns("b.toml", &["file-b"])],
            expressions: strings(&["x(?<code>a)", "y(?<code>a)"]),
            ..Layers::default()
        };
        let expected = ["e1", "e2", "file-a", "file-b", "config-1", "config-2", "user", "radius", "sdk"];
        assert_eq!(names(&layers), expected);
    }

    #[test]
    fn a_name_replaces_the_same_name_further_down() {
        let folder = Folder::new();
        let layers = Layers {
            user_file: Some(folder.patterns("user.toml", &["own", "sdk"])),
            config: Some(folder.patterns("config.toml", &["sdk"])),
            ..Layers::default()
        };
        let regexes: Vec<String> =
            load(&layers, BUILTIN).unwrap().definitions.into_iter().map(|one| one.regex).collect();
        assert_eq!(regexes, ["config.toml sdk (?<code>a)", "user.toml own (?<code>a)", r"status=(?<code>\d+)"]);
    }

    #[test]
    fn the_user_file_need_not_exist_and_config_must() {
        let folder = Folder::new();
        let layers = Layers { user_file: Some(folder.path("none.toml")), ..Layers::default() };
        assert_eq!(names(&layers), ["radius", "sdk"]);

        let layers = Layers { config: Some(folder.path("none.toml")), ..Layers::default() };
        let expected = "\
error: cannot read the pattern file none.toml: no such file or folder
help: check the path; `callcodes patterns new NAME` writes a pattern file to start from";
        assert_eq!(folder.errors(&layers), expected);
    }

    #[test]
    fn the_errors_of_all_sources_are_reported_at_once() {
        let folder = Folder::new();
        let layers = Layers {
            expressions: strings(&["x(?<code>a)", "y"]),
            config: Some(folder.write("config.toml", "[[pattern]]\nname = 'x'\nregex = '('\n")),
            ..Layers::default()
        };
        let expected = "\
error: pattern `e2` does not say where the code is
 --> -e:1:1
  |
1 | y
  | ^ no group `code` in this regex
  |
  = help: put the part of the regex that finds the code between (?<code> and ), as in (?<code>\\d+)
error: the `regex` of pattern `x` is not a valid regex
 --> config.toml:3:10
  |
3 | regex = '('
  |          ^ unclosed group
  |
  = help: add the missing ), or write \\( if a parenthesis is meant";
        assert_eq!(folder.errors(&layers), expected);
    }

    #[test]
    fn a_name_in_two_files_given_with_f_is_an_error() {
        let folder = Folder::new();
        let files = vec![folder.patterns("a.toml", &["x", "own"]), folder.patterns("b.toml", &["own"])];
        let expected = "\
error: two files have a pattern `own`
 --> b.toml:2:8
  |
2 | name = 'own'
  |        ^^^^^ the second one
  |
 ::: a.toml:5:8
  |
5 | name = 'own'
  |        ----- the first one
  |
  = help: give one of them another name, or leave one file out";
        assert_eq!(folder.errors(&Layers { files, ..Layers::default() }), expected);
    }

    #[test]
    fn the_same_regex_in_two_expressions_is_an_error() {
        let folder = Folder::new();
        let layers = Layers { expressions: strings(&["x(?<code>a)", "x(?<code>a)"]), ..Layers::default() };
        let expected = "\
error: pattern `e2` never finds a result: `e1` comes first with the same regex
 --> -e:1:1
  |
1 | x(?<code>a)
  | ^^^^^^^^^^^ the earlier pattern always matches first
  |
 ::: -e:1:1
  |
1 | x(?<code>a)
  | ----------- the earlier pattern
  |
  = help: remove one of the two, or give the earlier one a `when` or an `unless`";
        assert_eq!(folder.errors(&layers), expected);
    }

    #[test]
    fn pattern_and_no_pattern_select_by_name() {
        let layers = |only: &[&str], without: &[&str]| Layers {
            expressions: strings(&["x(?<code>a)"]),
            only: strings(only),
            without: strings(without),
            ..Layers::default()
        };
        assert_eq!(names(&layers(&["sdk", "e1"], &[])), ["e1", "sdk"]);
        assert_eq!(names(&layers(&[], &["radius"])), ["e1", "sdk"]);
        assert_eq!(names(&layers(&["sdk", "radius"], &["radius"])), ["sdk"]);

        let folder = Folder::new();
        let expected = "\
error: --pattern raduis: there is no pattern with that name
help: the patterns are: e1, radius, sdk
error: --no-pattern x: there is no pattern with that name
help: the patterns are: e1, radius, sdk";
        assert_eq!(folder.errors(&layers(&["raduis"], &["x"])), expected);

        let expected = "\
error: no pattern is left to search for
help: leave out some of --pattern and --no-pattern, or give a pattern with -e or -f";
        assert_eq!(folder.errors(&layers(&["sdk"], &["sdk"])), expected);
    }

    #[test]
    fn pattern_files_may_be_utf_8_or_utf_16() {
        let folder = Folder::new();
        let load_file = |path: PathBuf| Layers { config: Some(path), ..Layers::default() };
        let text = "[[pattern]]\r\nname = 'own'\r\nregex = 'é(?<code>a)'\r\n";

        let bom = folder.write("bom.toml", format!("\u{feff}{text}"));
        assert_eq!(names(&load_file(bom)), ["own", "radius", "sdk"]);

        let save = "\nhelp: save it as UTF-8: in Notepad, choose Save As and the encoding UTF-8";
        // As `>` writes it in PowerShell, and without the byte order mark.
        for text in [text.to_owned(), format!("\u{feff}{text}")] {
            let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            assert_eq!(names(&load_file(folder.write("wide.toml", wide))), ["own", "radius", "sdk"]);
        }
        let wrong = "\u{feff}[[pattern]]\r\nname = 'é(('\r\n";
        let wide: Vec<u8> = wrong.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let shown = folder.errors(&load_file(folder.write("wide.toml", wide)));
        assert!(shown.contains("wide.toml:2:8") && shown.contains("name = 'é(('"), "{shown}");

        let ansi: Vec<u8> = text.chars().map(|char| u8::try_from(char).unwrap()).collect();
        let path = folder.write("ansi.toml", ansi);
        let expected = format!("error: ansi.toml is not UTF-8: line 3 has a character in another encoding{save}");
        assert_eq!(folder.errors(&load_file(path)), expected);
    }

    #[test]
    fn a_file_that_is_too_large_and_a_folder_are_refused() {
        let folder = Folder::new();
        let large = folder.write("large.log", vec![b'\n'; FILE_LIMIT_BYTES + 1]);
        let expected = "\
error: large.log is larger than 4 MiB, the limit for a pattern file
help: give a file of [[pattern]] tables here, and logs as arguments";
        assert_eq!(folder.errors(&Layers { files: vec![large], ..Layers::default() }), expected);
        let full = folder.write("full.toml", vec![b'#'; FILE_LIMIT_BYTES]);
        assert_eq!(names(&Layers { user_file: Some(full), ..Layers::default() }), ["radius", "sdk"]);

        fs::create_dir(folder.path("logs")).unwrap();
        let expected = "\
error: cannot read the pattern file logs: it is a folder
help: check the path; `callcodes patterns new NAME` writes a pattern file to start from";
        assert_eq!(folder.errors(&Layers { files: vec![folder.path("logs")], ..Layers::default() }), expected);
    }

    #[test]
    fn a_file_without_a_pattern_is_refused_if_the_user_named_it() {
        let folder = Folder::new();
        let empty = folder.write("empty.toml", "# nothing yet\n");
        let expected = "\
error: empty.toml contains no pattern
help: write [[pattern]] above each one; `callcodes patterns new NAME` writes a file to start from";
        assert_eq!(folder.errors(&Layers { files: vec![empty.clone()], ..Layers::default() }), expected);
        assert_eq!(folder.errors(&Layers { config: Some(empty.clone()), ..Layers::default() }), expected);
        assert_eq!(names(&Layers { user_file: Some(empty), ..Layers::default() }), ["radius", "sdk"]);
    }

    #[test]
    fn the_template_for_hosts_with_the_highest_precedence_decides() {
        let folder = Folder::new();
        let file = |name: &str| folder.write(&format!("{name}.toml"), format!("host_from = '{name}/{{host}}/**'\n"));
        let files = [file("f1"), file("f2"), file("config"), file("user")];
        let layers = |given: [bool; 4]| Layers {
            files: files[..2].iter().zip(given).filter(|(_, given)| *given).map(|(file, _)| file.clone()).collect(),
            config: given[2].then(|| files[2].clone()),
            user_file: given[3].then(|| files[3].clone()),
            ..Layers::default()
        };
        let names = ["f1/a/b.log", "f2/a/b.log", "config/a/b.log", "user/a/b.log"];
        for first in 0..4 {
            let template = load(&layers([0, 1, 2, 3].map(|at| at >= first)), BUILTIN).unwrap().host_from.unwrap();
            let hosts = machines::of(&names, Some(&template));
            assert_eq!(hosts.iter().position(Option::is_some), Some(first));
        }
        assert!(load(&layers([false; 4]), BUILTIN).unwrap().host_from.is_none());
    }

    #[test]
    fn a_wrong_template_for_hosts_is_reported_with_its_line() {
        let folder = Folder::new();
        let text = "# where hosts are\nhost_from = \"tickets/**\"\n[[pattern]]\nname = 'x'\nregex = '('\n";
        let expected = "\
error: `host_from` is wrong: it has no {host}
 --> config.toml:2:13
  |
2 | host_from = \"tickets/**\"
  |             ^^^^^^^^^^^^
  |
  = help: write {host} where the name of the machine is, as in 'tickets/*/{host}/**' or '{host}_*.log'
error: the `regex` of pattern `x` is not a valid regex
 --> config.toml:5:10
  |
5 | regex = '('
  |          ^ unclosed group
  |
  = help: add the missing ), or write \\( if a parenthesis is meant";
        assert_eq!(
            folder.errors(&Layers { config: Some(folder.write("config.toml", text)), ..Layers::default() }),
            expected
        );
        let user = folder.write("user.toml", "host_from = 7\n");
        let expected = "\
error: `host_from` must be text
 --> user.toml:1:13
  |
1 | host_from = 7
  |             ^ this is a whole number
  |
  = help: put it in quotes: '...'";
        assert_eq!(folder.errors(&Layers { user_file: Some(user), ..Layers::default() }), expected);
    }

    #[test]
    fn the_user_file_is_in_the_configuration_folder() {
        let path = user_file().unwrap();
        assert!(path.ends_with(Path::new("callcodes").join("config.toml")), "{}", path.display());
    }
}
