//! What a run leaves for the next one: a lock, the time, and files on their way.

use crate::cli::failure::advised;
use crate::support::atomic_file;
use crate::support::atomic_file::Access;
use crate::support::atomic_file::Existing;
use crate::support::time;
use anyhow::Context as _;
use jiff::SignedDuration;
use jiff::Timestamp;
use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::fs::TryLockError;
use std::path::Path;
use std::path::PathBuf;

/// How far a clock may go back without a word: it is set a little now and then.
const BACK: SignedDuration = SignedDuration::from_mins(10);

/// The folder of what a run leaves. While it is held no other run begins.
pub(super) struct State {
    folder: PathBuf,
    _lock: Option<File>,
}

impl State {
    /// Takes the folder. `None` where another run has it. A clock that went back is an error: dates would be asked for twice.
    pub(super) fn open(folder: &Path, now: Timestamp, is_dry: bool) -> anyhow::Result<Option<State>> {
        let opening = || format!("cannot use the folder `{}`", folder.display());
        let mut lock = None;
        if !is_dry {
            create_private(folder).with_context(opening)?;
            let path = folder.join("lock");
            let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).with_context(opening)?;
            match file.try_lock() {
                Ok(()) => lock = Some(file),
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(anyhow::Error::new(error).context(opening())),
            }
        }
        let last = fs::read_to_string(folder.join("clock")).ok().and_then(|text| time::parse(text.trim()));
        if let Some(last) = last.filter(|last| last.duration_since(now) > BACK) {
            return Err(advised(
                format!("the clock says {}, and the last check was at {}", time::format(now), time::format(last)),
                format!("set the clock; if it was wrong then, remove `{}`", folder.join("clock").display()),
            ));
        }
        Ok(Some(State { folder: folder.to_owned(), _lock: lock }))
    }

    /// A folder in it, made where it is not there.
    pub(super) fn folder(&self, name: &str) -> anyhow::Result<PathBuf> {
        let path = self.folder.join(name);
        create_private(&path).with_context(|| format!("cannot use the folder `{}`", path.display()))?;
        Ok(path)
    }

    /// A path in it, which need not be there.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Notes the time of this run.
    pub(super) fn close(&self, now: Timestamp) -> anyhow::Result<()> {
        let path = self.folder.join("clock");
        atomic_file::write(&path, format!("{}\n", time::format(now)).as_bytes(), Access::Private, Existing::Replace)
            .with_context(|| format!("cannot write `{}`", path.display()))
    }
}

/// Moves a file into a folder, also to another disk: it appears there whole, and goes here afterwards.
pub(super) fn deliver(from: &Path, to: &Path) -> anyhow::Result<()> {
    let moving = || format!("cannot move `{}` to `{}`", from.display(), to.display());
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).with_context(moving)?;
    }
    copy(from, to)?;
    fs::remove_file(from).with_context(moving)
}

/// Copies a file, which appears whole.
pub(super) fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    let copying = || format!("cannot copy `{}` to `{}`", from.display(), to.display());
    let bytes = fs::read(from).with_context(copying)?;
    atomic_file::write(to, &bytes, Access::Public, Existing::Replace).with_context(copying)
}

#[cfg(unix)]
fn create_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(not(unix))]
fn create_private(path: &Path) -> std::io::Result<()> {
    fs::create_dir_all(path)
}
