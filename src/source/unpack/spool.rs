//! One private copy for all that is unpacked or comes through a pipe: a file without a name that nobody else can open.

use super::Limits;
#[cfg(feature = "archives")]
use crate::source::Problem;
#[cfg(feature = "archives")]
use crate::source::ProblemCode;
use crate::source::file::CHUNK;
use crate::source::file::Held;
use crate::source::file::Window;
#[cfg(feature = "archives")]
use crate::source::file::io_reason;
use crate::support::progress::Cancel;
use crate::support::progress::Progress;
use std::io;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

/// A growing private copy. It is made when the first byte comes, and with it a stage of the progress begins.
pub(in crate::source) struct Spool<'a> {
    held: Option<Arc<Held>>,
    end: u64,
    limits: Limits,
    progress: &'a dyn Progress,
}

/// Why nothing of a content was kept.
#[derive(Debug)]
pub(in crate::source) enum Stop {
    Cancelled,
    /// The pipe broke.
    Broken(io::Error),
    /// The copy could not be written.
    NotKept(NotKept),
    /// All copies together would be larger than is allowed.
    TooLarge,
    /// It is far larger than what it came from.
    TooDense,
}

impl Stop {
    /// What it means for a source that was not unpacked.
    #[cfg(feature = "archives")]
    pub(in crate::source) fn problem(&self, source: &str) -> Problem {
        let (code, detail) = match self {
            Stop::Cancelled => (ProblemCode::ReadFailed, "interrupted"),
            Stop::Broken(error) => return Problem::of_source(ProblemCode::ReadFailed, source, io_reason(error)),
            Stop::NotKept(fault) => {
                let detail = format!("it could not be unpacked into {}", fault.words());
                return Problem::of_source(ProblemCode::ReadFailed, source, detail);
            }
            Stop::TooLarge => (ProblemCode::BeyondLimit, "with it, more would be unpacked than is allowed; see `--unpack-limit`"),
            Stop::TooDense => {
                let detail = "it unpacks to so many times its size that it was left; unpack it, and scan what comes out";
                (ProblemCode::BeyondLimit, detail)
            }
        };
        Problem::of_source(code, source, detail)
    }
}

/// Why a temporary file could not be made or written. The folder is the one that the environment names.
#[derive(Debug)]
pub(in crate::source) struct NotKept {
    pub(in crate::source) folder: PathBuf,
    pub(in crate::source) error: io::Error,
}

impl NotKept {
    pub(in crate::source) fn new(error: io::Error) -> NotKept {
        NotKept { folder: tempfile::env::temp_dir(), error }
    }

    /// The folder and what is wrong with it. An error of the crate names the file too, which never was.
    pub(in crate::source) fn words(&self) -> String {
        let reason = match self.error.kind() {
            io::ErrorKind::NotFound => "there is no such folder".to_owned(),
            io::ErrorKind::PermissionDenied => "this user may not write there".to_owned(),
            io::ErrorKind::StorageFull => "the disk is full".to_owned(),
            kind => kind.to_string(),
        };
        format!("the folder for temporary files, `{}` (`TMPDIR` names another): {reason}", self.folder.display())
    }
}

/// What was copied.
pub(in crate::source) struct Copied {
    pub(in crate::source) held: Arc<Held>,
    pub(in crate::source) window: Window,
    /// What ended the copy before the content's end.
    pub(in crate::source) broken: Option<io::Error>,
}

impl<'a> Spool<'a> {
    pub(in crate::source) fn new(limits: Limits, progress: &'a dyn Progress) -> Self {
        Self { held: None, end: 0, limits, progress }
    }

    /// How far unpacking goes.
    #[cfg(feature = "archives")]
    pub(in crate::source) fn limits(&self) -> Limits {
        self.limits
    }

    /// Copies a pipe to its end, however much it is.
    pub(in crate::source) fn pipe(&mut self, pipe: &mut dyn Read, cancel: &Cancel) -> Result<Copied, Stop> {
        self.copy(pipe, cancel, |_| Ok(()))
    }

    /// Copies what is unpacked, within the limits. `packed` says how many packed bytes went into it so far.
    #[cfg(feature = "archives")]
    pub(in crate::source) fn unpack(
        &mut self,
        content: &mut dyn Read,
        packed: &dyn Fn() -> u64,
        cancel: &Cancel,
    ) -> Result<Copied, Stop> {
        let (start, limits) = (self.end, self.limits);
        self.copy(content, cancel, |end| {
            if end > limits.bytes {
                Err(Stop::TooLarge)
            } else if limits.is_beyond_ratio(end - start, packed()) {
                Err(Stop::TooDense)
            } else {
                Ok(())
            }
        })
    }

    fn copy(&mut self, content: &mut dyn Read, cancel: &Cancel, check: impl Fn(u64) -> Result<(), Stop>) -> Result<Copied, Stop> {
        if self.held.is_none() {
            self.progress.begin("unpacking", None, None);
        }
        let held = self.held()?;
        let start = self.end;
        let result = copy(&held, start, content, self.progress, cancel, check);
        match result {
            Ok((end, broken)) => {
                self.end = end;
                Ok(Copied { held, window: Window { start, size: end - start }, broken })
            }
            Err(stop) => {
                // What cannot be given back now goes when the program ends.
                let _ = held.truncate(start);
                Err(stop)
            }
        }
    }

    fn held(&mut self) -> Result<Arc<Held>, Stop> {
        if let Some(held) = &self.held {
            return Ok(held.clone());
        }
        let held = Arc::new(Held::private(tempfile::tempfile().map_err(not_kept)?));
        Ok(self.held.insert(held).clone())
    }
}

fn not_kept(error: io::Error) -> Stop {
    Stop::NotKept(NotKept::new(error))
}

/// Copies to the content's end or to where it breaks; gives the end of the copy.
fn copy(
    held: &Held,
    start: u64,
    content: &mut dyn Read,
    progress: &dyn Progress,
    cancel: &Cancel,
    check: impl Fn(u64) -> Result<(), Stop>,
) -> Result<(u64, Option<io::Error>), Stop> {
    let mut chunk = vec![0; CHUNK];
    let mut end = start;
    loop {
        if cancel.is_cancelled() {
            return Err(Stop::Cancelled);
        }
        match content.read(&mut chunk) {
            Ok(0) => return Ok((end, None)),
            Ok(count) => {
                check(end + count as u64)?;
                held.write_all_at(&chunk[..count], end).map_err(not_kept)?;
                end += count as u64;
                progress.advance(0, count as u64);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Ok((end, Some(error))),
        }
    }
}
