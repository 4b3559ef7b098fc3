//! Resolves and checks the path of the file that a result is written to.
//!
//! The rules that differ on Windows are functions of plain values, so that tests can call them on every system.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// Whether `target` is the name of a device, which is written to directly and not replaced.
pub(crate) fn is_device(target: &Path) -> bool {
    target.to_str().is_some_and(|name| if cfg!(windows) { is_windows_device(name) } else { is_descriptor(name) })
}

/// Whether the path is a device on Windows, such as `NUL`, which is a device in any folder.
fn is_windows_device(path: &str) -> bool {
    let name = path.rsplit(['\\', '/', ':']).find(|part| !part.is_empty()).unwrap_or_default().to_ascii_uppercase();
    let numbered =
        |kind| name.strip_prefix(kind).is_some_and(|number: &str| matches!(number.as_bytes(), [b'1'..=b'9']));
    path.starts_with(r"\\.\")
        || ["NUL", "CON", "CONOUT$", "PRN", "AUX"].contains(&name.as_str())
        || numbered("COM")
        || numbered("LPT")
}

/// Whether the path stands for an open file of this program on Unix, such as `/dev/stdout`.
fn is_descriptor(path: &str) -> bool {
    let number = ["/dev/fd/", "/proc/self/fd/"].iter().find_map(|folder| path.strip_prefix(folder));
    number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
        || ["/dev/stdout", "/dev/stderr"].contains(&path)
}

/// Returns the canonical path of `target`, which need not exist. It is the destination of a link, so that the destination is
/// replaced and the link is kept. On Windows, only a canonical path may be longer than 260 characters.
///
/// # Errors
///
/// Returns an error if the folder does not exist.
pub(crate) fn real(target: &Path) -> io::Result<PathBuf> {
    if let Ok(target) = target.canonicalize() {
        return Ok(target);
    }
    let name = target.file_name().ok_or(io::ErrorKind::NotFound)?;
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = match name.to_str() {
        Some(name) if cfg!(windows) => Path::new(without_what_windows_drops(name)),
        _ => Path::new(name),
    };
    let folder = match folder.canonicalize() {
        // Wine has no answer for long paths.
        Err(_) if cfg!(windows) && folder.is_dir() => verbatim(std::path::absolute(folder)?),
        folder => folder?,
    };
    Ok(folder.join(name))
}

/// Returns an absolute path on Windows in the verbatim form, which may be longer than 260 characters.
fn verbatim(path: PathBuf) -> PathBuf {
    match path.to_str() {
        Some(text) if text.starts_with(r"\\?\") => path,
        Some(text) => match text.strip_prefix(r"\\") {
            Some(share) => PathBuf::from(format!(r"\\?\UNC\{share}")),
            None => PathBuf::from(format!(r"\\?\{text}")),
        },
        None => path,
    }
}

/// Removes trailing dots and spaces, which Windows drops from names, but not from canonical paths. With them, no program could open
/// the file.
fn without_what_windows_drops(name: &str) -> &str {
    name.trim_end_matches(['.', ' '])
}

/// Checks that `target` can be replaced if it exists, without changing or creating it. This is called before anything is read,
/// because a program that shows the file may have locked it.
///
/// # Errors
///
/// Returns the error of the operating system if `target` cannot be replaced.
pub(crate) fn check(target: &Path) -> io::Result<()> {
    match replacing().open(target) {
        Err(reason) if reason.kind() != io::ErrorKind::NotFound => Err(reason),
        _ => Ok(()),
    }
}

fn replacing() -> OpenOptions {
    let mut options = File::options();
    options.write(true);
    #[cfg(windows)]
    {
        use std::os::windows::fs::OpenOptionsExt as _;
        // A file can be replaced only if it may be deleted.
        const GENERIC_WRITE_AND_DELETE: u32 = 0x4000_0000 | 0x0001_0000;
        options.access_mode(GENERIC_WRITE_AND_DELETE);
    }
    options
}

/// The error code of Windows if another program has locked a file.
pub(crate) const SHARING_VIOLATION: i32 = 32;
/// The error code of Windows if another program has locked a part of a file.
const LOCK_VIOLATION: i32 = 33;

/// Returns a message with a remedy for an error that occurred when writing a file. Returns `None` if the message of the operating
/// system is good enough.
pub(crate) fn remedy(kind: io::ErrorKind, code: Option<i32>, is_windows: bool) -> Option<&'static str> {
    match kind {
        _ if is_windows && [Some(SHARING_VIOLATION), Some(LOCK_VIOLATION)].contains(&code) => {
            Some("another program has it open, perhaps a spreadsheet. Close it there, or choose another file")
        }
        io::ErrorKind::NotFound => Some("there is no such folder. Create it first, or choose another"),
        io::ErrorKind::IsADirectory => Some("it is a folder. Choose a file in it"),
        io::ErrorKind::PermissionDenied if is_windows => Some(
            "permission denied. Another program may have it open: close it there, or choose a file in a folder that \
             you may write to",
        ),
        io::ErrorKind::PermissionDenied => Some("permission denied. Choose a file in a folder that you may write to"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_recognised_by_name() {
        let devices = ["NUL", "nul", "NUL:", r"C:\x\nul", "con", "COM1", "lpt9", r"\\.\pipe\x"];
        assert!(devices.iter().all(|name| is_windows_device(name)));
        let files = ["null", "nul.csv", "COM0", "COM10", r"NUL\report.csv", "", "console"];
        assert!(!files.iter().any(|name| is_windows_device(name)));
        assert!(["/dev/stdout", "/dev/stderr", "/dev/fd/3", "/proc/self/fd/1"].iter().all(|name| is_descriptor(name)));
        assert!(!["/dev/shm/report.csv", "/dev/fd/x", "/dev/stdin", "stdout"].iter().any(|name| is_descriptor(name)));
    }

    #[test]
    fn a_file_that_another_program_has_open_is_explained() {
        let remedy = |kind, code| remedy(kind, code, true).unwrap();
        assert!(remedy(io::ErrorKind::Other, Some(32)).starts_with("another program has it open"));
        assert!(remedy(io::ErrorKind::Other, Some(33)).starts_with("another program has it open"));
        assert!(remedy(io::ErrorKind::PermissionDenied, Some(5)).contains("Another program may have it open"));
        assert_eq!(super::remedy(io::ErrorKind::Other, Some(32), false), None, "there it is another error");
    }

    #[test]
    fn verbatim_paths_begin_with_a_question_mark() {
        let verbatim = |path: &str| verbatim(PathBuf::from(path)).into_os_string().into_string().unwrap();
        assert_eq!(verbatim(r"C:\logs"), r"\\?\C:\logs");
        assert_eq!(verbatim(r"\\server\share\logs"), r"\\?\UNC\server\share\logs");
        assert_eq!(verbatim(r"\\?\C:\logs"), r"\\?\C:\logs");
    }

    #[test]
    fn checking_a_file_neither_changes_nor_creates_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("report.csv");
        check(&file).unwrap();
        assert!(!file.exists());
        std::fs::write(&file, "old").unwrap();
        check(&file).unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"old");
    }

    #[test]
    fn a_new_file_is_in_the_canonical_folder() {
        let folder = tempfile::tempdir().unwrap();
        let expected = folder.path().canonicalize().unwrap().join("new.csv");
        assert_eq!(real(&folder.path().join(".").join("new.csv")).unwrap(), expected);
        let missing = real(&folder.path().join("none").join("new.csv")).unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
        assert_eq!(without_what_windows_drops("new.csv. ."), "new.csv");
    }
}
