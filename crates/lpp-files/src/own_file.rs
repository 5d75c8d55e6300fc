//! Files for the programs' own use: logs, locks, partial downloads and their folders.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;

/// Opens a log, lock or partial file, which is written in place; anything else of that name is refused.
///
/// A study may come from somebody else. With a link in it (symbolic, or a second name of a file), the program would
/// write to any file of the user; with a pipe, it would wait forever.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let (log, victim) = (folder.path().join("run.log"), folder.path().join("precious"));
/// use std::fs::OpenOptions;
///
/// let open = || lpp_files::open_own_file(&log, OpenOptions::new().append(true).create(true));
/// open()?; // made
/// open()?; // opened
/// std::fs::remove_file(&log)?;
/// std::os::unix::fs::symlink(&victim, &log)?;
/// assert!(open().unwrap_err().to_string().contains("a link"));
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// The error of the system, and [`io::ErrorKind::InvalidInput`] for a link, a file of several names, a folder, pipe or
/// device.
pub fn open_own_file(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    if let Ok(metadata) = fs::symlink_metadata(path) {
        own(&metadata)?;
    }
    let no_follow = OFlags::NOFOLLOW.bits().cast_signed();
    let file = options.custom_flags(no_follow).open(path)?;
    // Asked again of what was opened: the name may have changed hands in between.
    own(&file.metadata()?)?;
    Ok(file)
}

/// Creates a new file that replaces whatever has that name. A link is replaced, not followed.
///
/// # Errors
/// The error of the system; a folder is not replaced.
pub fn replace_own_file(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new().write(true).create_new(true).open(path)
}

/// Creates a folder for the programs' own files, if there is none. A link is refused: it would lead all writes to another
/// place.
///
/// # Errors
/// The error of the system, and [`io::ErrorKind::InvalidInput`] for a link.
pub fn make_own_folder(folder: &Path) -> io::Result<()> {
    if folder.is_symlink() {
        let problem = "found a link, expected a folder made by lpp-rs; delete it";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, problem));
    }
    fs::create_dir_all(folder)
}

fn own(metadata: &fs::Metadata) -> io::Result<()> {
    let found = if metadata.is_symlink() {
        "a link"
    } else if metadata.is_dir() {
        "a folder"
    } else if !metadata.is_file() {
        "a pipe or device"
    } else if metadata.nlink() > 1 {
        "a link (a file of several names)"
    } else {
        return Ok(());
    };
    let problem = format!("found {found}, expected a file written by lpp-rs; delete it");
    Err(io::Error::new(io::ErrorKind::InvalidInput, problem))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::unix::fs::symlink;

    #[test]
    fn what_is_no_file_of_its_own_is_refused_and_untouched() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("victim"), "precious").unwrap();
        symlink(at("victim"), at("symbolic")).unwrap();
        symlink(at("nobody"), at("dangling")).unwrap();
        fs::hard_link(at("victim"), at("second name")).unwrap();
        fs::create_dir(at("folder")).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, at("pipe"), rustix::fs::Mode::RWXU).unwrap();
        for name in ["symbolic", "dangling", "second name", "folder", "pipe"] {
            for options in [
                OpenOptions::new().append(true).create(true),
                OpenOptions::new().write(true).create(true).truncate(true),
                OpenOptions::new()
                    .read(true)
                    .write(true)
                    .create(true)
                    .truncate(false),
            ] {
                let error = open_own_file(&at(name), options).unwrap_err().to_string();
                assert!(
                    error.contains("expected a file written by lpp-rs"),
                    "{name}: {error}"
                );
            }
        }
        assert_eq!(fs::read(at("victim")).unwrap(), b"precious");
        assert!(!at("nobody").exists());
    }

    #[test]
    fn a_folder_is_made_and_a_link_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("own");
        make_own_folder(&own).unwrap();
        make_own_folder(&own).unwrap();
        let link = folder.path().join("link");
        symlink(&own, &link).unwrap();
        let error = make_own_folder(&link).unwrap_err().to_string();
        assert!(error.contains("found a link"), "{error}");
    }

    #[test]
    fn a_new_file_takes_the_place_of_a_link_and_leaves_its_target() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("victim"), "precious").unwrap();
        symlink(at("victim"), at("symbolic")).unwrap();
        fs::hard_link(at("victim"), at("second name")).unwrap();
        fs::write(at("plain"), "old").unwrap();
        for name in ["symbolic", "second name", "plain", "new"] {
            replace_own_file(&at(name)).unwrap().write_all(b"mine").unwrap();
            assert_eq!(fs::read(at(name)).unwrap(), b"mine");
            assert!(!at(name).is_symlink());
        }
        assert_eq!(fs::read(at("victim")).unwrap(), b"precious");
        assert!(replace_own_file(folder.path()).is_err());
    }
}
