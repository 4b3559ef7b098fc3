//! Reads the passwords of `--password-file`. They come from a file or a pipe and never from the command line, which other users of
//! the system can see. They are never printed, not even in errors.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use callcodes::neighbour;
use callcodes::problem::{Kind, Problem};
use callcodes::source::STDIN;
use callcodes::unpack::Passwords;
use callcodes::{name, units};

use crate::status::Failure;
use crate::term;

/// The greatest size of a password file in bytes. A larger file is certainly not a list of passwords.
const FILE_BYTES: u64 = 64 << 10;
/// The most passwords. The number is limited because trying each of them on each encrypted file takes time.
const PASSWORDS_LIMIT: usize = 100;

/// Reads one password from each line of `file`. If it is `-`, they are read from standard input, which must not be one of `inputs`.
pub(crate) fn read(file: &Path, inputs: &[PathBuf]) -> Result<Passwords, Failure> {
    let is_stdin = file == Path::new(STDIN);
    let mut bytes = Vec::new();
    let read = if is_stdin {
        check_stdin(inputs)?;
        io::stdin().take(FILE_BYTES + 1).read_to_end(&mut bytes)
    } else {
        File::open(file).and_then(|file| file.take(FILE_BYTES + 1).read_to_end(&mut bytes))
    };
    read.map_err(|reason| {
        let problem = match neighbour::cause(file, &reason) {
            Some(cause) => Problem::new(name::shown(file), Kind::Unreadable, cause),
            None => Problem::unreadable(name::shown(file), &reason),
        };
        Failure::Message(term::shown(&format!("cannot read the password file {problem}")))
    })?;
    let what = if is_stdin {
        "the list of passwords on standard input".to_owned()
    } else {
        format!("the password file {}", term::shown(&name::shown(file)))
    };
    parse(bytes).map_err(|why| Failure::Message(format!("{what} {why}")))
}

fn check_stdin(inputs: &[PathBuf]) -> Result<(), Failure> {
    let why = if inputs.iter().any(|input| input == Path::new(STDIN)) {
        "standard input cannot be both the log and the password file. Save the passwords in a file, or pass the log \
         as a file"
    } else if term::stdin_is_terminal() {
        "--password-file - would show the password while it is typed. Pipe it in, or save it in a file"
    } else {
        return Ok(());
    };
    Err(Failure::Message(why.to_owned()))
}

fn parse(bytes: Vec<u8>) -> Result<Passwords, &'static str> {
    if bytes.len() as u64 > FILE_BYTES {
        return Err("is larger than 64 KiB. It must contain only passwords, one per line");
    }
    let text = units::text(bytes)
        .map_err(|_| "is not UTF-8. Save it as UTF-8: in Notepad, choose Save As and the encoding UTF-8")?;
    let lines = text.lines().filter(|line| !line.is_empty());
    let passwords: Vec<String> = lines.map(str::to_owned).collect();
    match passwords.len() {
        0 => Err("is empty. It must contain at least one password, one per line"),
        1..=PASSWORDS_LIMIT => Ok(Passwords::new(passwords)),
        _ => Err("has more than 100 lines. Keep only the passwords that may be right"),
    }
}
