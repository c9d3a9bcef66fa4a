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
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::process::Stdio;

/// How far a clock may go back without a word: it is set a little now and then.
const BACK: SignedDuration = SignedDuration::from_mins(10);

/// The folder of what a run leaves. While it is held no other run begins.
pub(in crate::cli) struct State {
    folder: PathBuf,
    lock: Option<File>,
}

impl State {
    /// Takes the folder. `None` where another run has it. A clock that went back is an error: dates would be asked for twice.
    pub(in crate::cli) fn open(folder: &Path, now: Timestamp, is_dry: bool) -> anyhow::Result<Option<State>> {
        let opening = || format!("cannot use the folder `{}`", folder.display());
        let mut lock = None;
        if !is_dry {
            if !atomic_file::private_folder(folder).with_context(opening)? {
                return Err(advised(
                    "others than its owner can use it",
                    format!("`chmod 700 {}`: what is kept there tells which rows were found", folder.display()),
                )
                .context(opening()));
            }
            let path = folder.join("lock");
            let file =
                OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path).with_context(opening)?;
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
        Ok(Some(State { folder: folder.to_owned(), lock }))
    }

    /// A standard input for a command: the empty lock itself. A run may be killed and a command of it live on; as long as it does, the lock is held, and the
    /// next run does not do the same beside it.
    pub(in crate::cli) fn held(&self) -> io::Result<Stdio> {
        self.lock.as_ref().map_or_else(|| Ok(Stdio::null()), |lock| Ok(Stdio::from(lock.try_clone()?)))
    }

    /// A folder in it, made where it is not there.
    pub(in crate::cli) fn folder(&self, name: &str) -> anyhow::Result<PathBuf> {
        let path = self.folder.join(name);
        atomic_file::private_folder(&path).with_context(|| format!("cannot use the folder `{}`", path.display()))?;
        Ok(path)
    }

    /// A path in it, which need not be there.
    pub(in crate::cli) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Notes the time of this run.
    pub(in crate::cli) fn close(&self, now: Timestamp) -> anyhow::Result<()> {
        let path = self.folder.join("clock");
        atomic_file::write(&path, format!("{}\n", time::format(now)).as_bytes(), Access::Private, Existing::Replace)
            .with_context(|| format!("cannot write `{}`", path.display()))
    }
}

/// Moves a file into a folder. On another disk it appears there whole, and goes here afterwards.
pub(in crate::cli) fn deliver(from: &Path, to: &Path) -> anyhow::Result<()> {
    let moving = || format!("cannot move `{}` to `{}`", from.display(), to.display());
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).with_context(moving)?;
    }
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            copy(from, to)?;
            fs::remove_file(from).with_context(moving)
        }
        moved => moved.with_context(moving),
    }
}

/// Copies a file, which appears whole.
pub(in crate::cli) fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    let copying = || format!("cannot copy `{}` to `{}`", from.display(), to.display());
    let bytes = fs::read(from).with_context(copying)?;
    atomic_file::write(to, &bytes, Access::Public, Existing::Replace).with_context(copying)
}

/// A name that stands for nothing yet in a folder: the same file may come twice.
pub(in crate::cli) fn unused(folder: &Path, name: &str) -> String {
    let taken = |name: &str| folder.join(name).symlink_metadata().is_ok();
    if !taken(name) {
        return name.to_owned();
    }
    (2..u64::MAX).map(|number| format!("{number}-{name}")).find(|name| !taken(name)).unwrap_or_else(|| name.to_owned())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn a_command_that_outlives_its_run_holds_the_next_one_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let now = time::parse("2017-07-01T09:00:00Z").unwrap();
        let state = State::open(&path, now, false).unwrap().unwrap();
        let mut child = Command::new("sleep").arg("60").stdin(state.held().unwrap()).spawn().unwrap();
        drop(state);
        assert!(State::open(&path, now, false).unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(State::open(&path, now, false).unwrap().is_some());
    }
}
