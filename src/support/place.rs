//! What the system lets this process do at a place, and how much room is left there; found out without writing.

use std::io;
use std::path::Path;

/// Whether files may be made in a folder, or a file be written to.
#[cfg(unix)]
pub(crate) fn may_write(path: &Path) -> io::Result<()> {
    let wanted =
        if path.is_dir() { rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK } else { rustix::fs::Access::WRITE_OK };
    may(path, wanted)
}

/// Whether what is in a file may be read, or what is in a folder be listed.
#[cfg(unix)]
pub(crate) fn may_read(path: &Path) -> io::Result<()> {
    let wanted =
        if path.is_dir() { rustix::fs::Access::READ_OK | rustix::fs::Access::EXEC_OK } else { rustix::fs::Access::READ_OK };
    may(path, wanted)
}

/// Whether a file may be run.
#[cfg(unix)]
pub(crate) fn may_run(path: &Path) -> io::Result<()> {
    may(path, rustix::fs::Access::EXEC_OK)
}

/// As the system decides it when it comes to it: by the effective user.
#[cfg(unix)]
fn may(path: &Path, wanted: rustix::fs::Access) -> io::Result<()> {
    Ok(rustix::fs::accessat(rustix::fs::CWD, path, wanted, rustix::fs::AtFlags::EACCESS)?)
}

/// Whether files may be made in a folder, or a file be written to, as far as its attributes say.
#[cfg(not(unix))]
pub(crate) fn may_write(path: &Path) -> io::Result<()> {
    if path.metadata()?.permissions().readonly() { Err(io::ErrorKind::PermissionDenied.into()) } else { Ok(()) }
}

/// Whether it is there: the rest shows when it is read.
#[cfg(not(unix))]
pub(crate) fn may_read(path: &Path) -> io::Result<()> {
    path.metadata().map(|_| ())
}

/// Whether it is there: the rest shows when it is run.
#[cfg(not(unix))]
pub(crate) fn may_run(path: &Path) -> io::Result<()> {
    path.metadata().map(|_| ())
}

/// The bytes that this process may still write on the disk of a place; `None` where the system does not say.
#[cfg(unix)]
pub(crate) fn room(path: &Path) -> io::Result<Option<u64>> {
    let disk = rustix::fs::statvfs(path)?;
    Ok(Some(disk.f_bavail.saturating_mul(disk.f_frsize)))
}

#[cfg(not(unix))]
pub(crate) fn room(_path: &Path) -> io::Result<Option<u64>> {
    Ok(None)
}

/// Who besides the owner may do something with a file or folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Others {
    /// They may read it, write to it or run it.
    pub(crate) have_any: bool,
    /// Its group or everybody may write to it.
    pub(crate) may_write: bool,
    /// Everybody may write to it.
    pub(crate) all_may_write: bool,
}

/// What the mode of a file or folder lets others do. Where the system has no such notion, nothing.
#[cfg(unix)]
pub(crate) fn others(path: &Path) -> io::Result<Others> {
    use std::os::unix::fs::PermissionsExt;
    let mode = path.metadata()?.permissions().mode();
    Ok(Others { have_any: mode & 0o077 != 0, may_write: mode & 0o022 != 0, all_may_write: mode & 0o002 != 0 })
}

#[cfg(not(unix))]
pub(crate) fn others(path: &Path) -> io::Result<Others> {
    path.metadata().map(|_| Others::default())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_place_is_judged_and_not_touched() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "text").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        assert_eq!(others(&file).unwrap(), Others { have_any: true, ..Others::default() });
        fs::set_permissions(&file, fs::Permissions::from_mode(0o620)).unwrap();
        assert_eq!(others(&file).unwrap(), Others { have_any: true, may_write: true, all_may_write: false });
        fs::set_permissions(&file, fs::Permissions::from_mode(0o602)).unwrap();
        assert_eq!(others(&file).unwrap(), Others { have_any: true, may_write: true, all_may_write: true });
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(others(&file).unwrap(), Others::default());
        may_read(&file).unwrap();
        may_write(folder.path()).unwrap();
        // Not even the system's administrator runs what is no program.
        assert_eq!(may_run(&file).unwrap_err().kind(), io::ErrorKind::PermissionDenied);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o700)).unwrap();
        may_run(&file).unwrap();
        assert_eq!(may_write(&folder.path().join("none")).unwrap_err().kind(), io::ErrorKind::NotFound);
        assert!(room(folder.path()).unwrap().is_some());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
