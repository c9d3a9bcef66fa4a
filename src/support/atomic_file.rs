//! Files that appear whole or not at all: written beside their place under a passing name, synced, then renamed.

use std::fs;
use std::fs::File;
use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use tempfile::NamedTempFile;
use tempfile::TempDir;

/// Who may read a new file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everybody whom the process's umask lets (0644).
    Public,
    /// The owner alone (0600): keys, salts, findings.
    Private,
}

/// Whether a file that stands in the way may be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Existing {
    /// It stays, and the new file is an error of kind `AlreadyExists`.
    Keep,
    /// It is replaced in one step.
    Replace,
}

/// A file on its way to `path`. Dropped before [`AtomicFile::commit`], it leaves nothing.
#[derive(Debug)]
pub(crate) struct AtomicFile {
    path: PathBuf,
    existing: Existing,
    temporary: NamedTempFile,
}

impl AtomicFile {
    /// Begins a file that will stand at `path`. Missing parent folders are an error.
    pub(crate) fn create(path: &Path, access: Access, existing: Existing) -> io::Result<AtomicFile> {
        if existing == Existing::Keep && path.symlink_metadata().is_ok() {
            return Err(io::Error::from(io::ErrorKind::AlreadyExists));
        }
        if path.metadata().is_ok_and(|metadata| !metadata.is_file()) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"));
        }
        let folder = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let mut builder = tempfile::Builder::new();
        builder.prefix(".residua-").suffix(".part");
        set_mode(&mut builder, access);
        // The passing name that the error would tell says nothing to anybody.
        let temporary = builder.tempfile_in(folder).map_err(|error| match error.raw_os_error() {
            Some(number) => io::Error::from_raw_os_error(number),
            None => io::Error::from(error.kind()),
        })?;
        Ok(AtomicFile { path: path.to_owned(), existing, temporary })
    }

    /// The open file, to write to.
    pub(crate) fn file(&mut self) -> &mut File {
        self.temporary.as_file_mut()
    }

    /// Where the file is for now, to read what was written.
    pub(crate) fn passing_path(&self) -> &Path {
        self.temporary.path()
    }

    /// Syncs the content and gives the file its name.
    pub(crate) fn commit(self) -> io::Result<()> {
        self.temporary.as_file().sync_all()?;
        match self.existing {
            Existing::Keep => self.temporary.persist_noclobber(&self.path).map_err(|error| error.error)?,
            Existing::Replace => self.temporary.persist(&self.path).map_err(|error| error.error)?,
        };
        sync_folder(&self.path)
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file().flush()
    }
}

/// Writes a whole file in one go.
pub(crate) fn write(path: &Path, bytes: &[u8], access: Access, existing: Existing) -> io::Result<()> {
    let mut file = AtomicFile::create(path, access, existing)?;
    file.write_all(bytes)?;
    file.commit()
}

/// A folder for its owner alone, under a passing name beside `path`: filled, it is renamed. Dropped before that, it is removed with all in it.
pub(crate) fn folder_beside(path: &Path) -> io::Result<TempDir> {
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".residua-").suffix(".part");
    set_folder_mode(&mut builder);
    builder.tempdir_in(parent).map_err(|error| match error.raw_os_error() {
        Some(number) => io::Error::from_raw_os_error(number),
        None => io::Error::from(error.kind()),
    })
}

/// Opens a file to append to and to lock, and makes it for its owner alone where there is none.
pub(crate) fn open_private(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Makes a folder for its owner alone, where there is none, and those above it. Says whether the one that is there is for its owner alone.
#[cfg(unix)]
pub(crate) fn private_folder(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::DirBuilderExt;
    use std::os::unix::fs::PermissionsExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    let of_others = path.metadata()?.permissions().mode() & 0o077;
    Ok(of_others == 0)
}

/// Makes a folder, where there is none, and those above it. Where the system has no such notion, it is for its owner alone.
#[cfg(not(unix))]
pub(crate) fn private_folder(path: &Path) -> io::Result<bool> {
    fs::create_dir_all(path)?;
    Ok(true)
}

#[cfg(unix)]
fn set_folder_mode(builder: &mut tempfile::Builder<'_, '_>) {
    use std::os::unix::fs::PermissionsExt;
    builder.permissions(fs::Permissions::from_mode(0o700));
}

#[cfg(not(unix))]
fn set_folder_mode(_builder: &mut tempfile::Builder<'_, '_>) {}

/// Makes the new name itself durable.
#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => File::open(parent)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

#[cfg(not(unix))]
fn sync_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn set_mode(builder: &mut tempfile::Builder<'_, '_>, access: Access) {
    use std::os::unix::fs::PermissionsExt;
    let mode = match access {
        Access::Public => 0o644,
        Access::Private => 0o600,
    };
    builder.permissions(fs::Permissions::from_mode(mode));
}

#[cfg(not(unix))]
fn set_mode(_builder: &mut tempfile::Builder<'_, '_>, _access: Access) {}

/// Whether others than the owner may read the file. Where the system has no such notion, `false`.
#[cfg(unix)]
pub(crate) fn is_readable_by_others(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    Ok(file.metadata()?.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
pub(crate) fn is_readable_by_others(_file: &File) -> io::Result<bool> {
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_file_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        let mut file = AtomicFile::create(&path, Access::Public, Existing::Keep).unwrap();
        file.write_all(b"half").unwrap();
        drop(file);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn an_existing_file_is_kept_unless_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        write(&path, b"one", Access::Public, Existing::Keep).unwrap();
        let error = write(&path, b"two", Access::Public, Existing::Keep).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        write(&path, b"three", Access::Public, Existing::Replace).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"three");
    }

    #[cfg(unix)]
    #[test]
    fn private_files_are_for_the_owner() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        write(&path, b"k", Access::Private, Existing::Keep).unwrap();
        assert!(!is_readable_by_others(&File::open(&path).unwrap()).unwrap());
    }
}
