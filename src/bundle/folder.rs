//! A bundle as a folder.

use crate::bundle::BundleError;
use crate::bundle::Files;
use crate::bundle::Intake;
use crate::support::atomic_file;
use crate::support::atomic_file::Access;
use crate::support::atomic_file::Existing;
use std::fs;
use std::fs::File;
use std::io;
use std::io::Read;
use std::path::Path;

/// Reads all files of a folder and of the folders in it.
pub(crate) fn read(folder: &Path) -> Result<Files, BundleError> {
    let mut intake = Intake::default();
    take_in(&mut intake, folder, "")?;
    Ok(intake.files)
}

fn take_in(intake: &mut Intake, folder: &Path, above: &str) -> Result<(), BundleError> {
    for entry in fs::read_dir(folder).map_err(BundleError::Read)? {
        let entry = entry.map_err(BundleError::Read)?;
        let name = entry.file_name();
        let name = name.to_str().map(|name| format!("{above}{name}"));
        let name = name.ok_or_else(|| BundleError::Name(super::shown(&entry.file_name().to_string_lossy())))?;
        super::check_name(&name)?;
        let kind = entry.file_type().map_err(BundleError::Read)?;
        if kind.is_dir() && above.is_empty() {
            take_in(intake, &entry.path(), &format!("{name}/"))?;
        } else if kind.is_file() {
            let mut bytes = Vec::new();
            let file = File::open(entry.path()).map_err(BundleError::Read)?;
            file.take(intake.room()).read_to_end(&mut bytes).map_err(BundleError::Read)?;
            intake.add(&name, bytes)?;
        } else {
            // A link may lead anywhere, and whoever opens a pipe waits for its other end.
            return Err(BundleError::NotRegular(super::shown(&name)));
        }
    }
    Ok(())
}

/// Writes a folder that is not there yet, for its owner alone. It appears whole or not at all.
pub(crate) fn write(folder: &Path, files: &Files) -> io::Result<()> {
    if folder.symlink_metadata().is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    let passing = atomic_file::folder_beside(folder)?;
    for (name, bytes) in files {
        let path = passing.path().join(name);
        if let Some(parent) = path.parent().filter(|parent| !parent.is_dir()) {
            create_private(parent)?;
        }
        atomic_file::write(&path, bytes, Access::Private, Existing::Keep)?;
    }
    fs::rename(passing.path(), folder)
}

#[cfg(unix)]
fn create_private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn create_private(folder: &Path) -> io::Result<()> {
    fs::create_dir(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> Files {
        let file = |name: &str, text: &str| (name.to_owned(), text.as_bytes().to_vec());
        Files::from([file("README.md", "a"), file("ledger/head", "0"), file("cards/x.card.json", "{}")])
    }

    #[test]
    fn a_folder_reads_back_and_is_for_its_owner() {
        let case = tempfile::tempdir().unwrap();
        let folder = case.path().join("bundle");
        write(&folder, &files()).unwrap();
        assert_eq!(read(&folder).unwrap(), files());
        assert_eq!(write(&folder, &files()).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_dir(case.path()).unwrap().count(), 1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&folder), mode(&folder.join("cards")), mode(&folder.join("README.md"))), (0o700, 0o700, 0o600));
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_leads_out_of_it_is_refused() {
        let case = tempfile::tempdir().unwrap();
        let folder = case.path().join("bundle");
        write(&folder, &files()).unwrap();
        std::os::unix::fs::symlink("README.md", folder.join("link")).unwrap();
        assert!(matches!(read(&folder), Err(BundleError::NotRegular(name)) if name == "link"));
        fs::remove_file(folder.join("link")).unwrap();
        fs::create_dir_all(folder.join("cards/deeper")).unwrap();
        assert!(matches!(read(&folder), Err(BundleError::NotRegular(_))));
        fs::remove_dir(folder.join("cards/deeper")).unwrap();
        fs::write(folder.join("a b"), "").unwrap();
        assert!(matches!(read(&folder), Err(BundleError::Name(_))));
    }
}
