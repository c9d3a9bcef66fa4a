//! Going on where an earlier run of the same scan was broken off: a folder with a [`partial`] file for each finished target.
//!
//! A result is taken over only where everything that decides it is the same: the challenge and the salt (by the key of the digest), the program, the
//! manifest, the map and the flags (by the digest of the scan), the target with its columns and what they are taken for (by the digest of the target),
//! what the system says of the file, and its content, which is digested anew. Whatever differs, and whatever cannot be read, the target is
//! scanned as if there were no folder. So are databases, whose snapshot ended with the run that held it.

use crate::record::normalize;
use crate::scan::partial;
use crate::scan::partial::Fault;
use crate::scan::partial::Partial;
use crate::scan::tally::Tally;
use crate::source::ProblemCode;
use crate::source::ReadError;
use crate::source::Session;
use crate::source::SplitReport;
use crate::support::atomic_file;
use crate::support::atomic_file::Access;
use crate::support::atomic_file::AtomicFile;
use crate::support::atomic_file::Existing;
use crate::support::hex;
use crate::support::progress::Cancel;
use crate::support::secret::Secret;
use crate::support::time;
use jiff::Timestamp;
use std::borrow::Cow;
use std::cell::RefCell;
use std::fs;
use std::fs::File;
use std::io;
use std::io::BufReader;
use std::io::BufWriter;
use std::io::Seek;
use std::path::Path;
use std::path::PathBuf;
use tempfile::SpooledTempFile;
use thiserror::Error;

/// How the files of finished targets end. Others in the folder are on their way, or were when their run was killed.
const ENDING: &str = "partial";

/// Why there is no folder to go on from.
#[derive(Debug, Error)]
pub(crate) enum FolderError {
    /// It cannot be made or listed.
    #[error(transparent)]
    Unusable(#[from] io::Error),
    /// What is kept is for the recipient's eyes, and the folder is open to others.
    #[error("others than its owner may look into the folder")]
    Shared,
}

/// What is to be told of the files of earlier runs.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// Targets that were read anew although there was a file, and why.
    pub(crate) unused: Vec<(String, &'static str)>,
    /// Why results are not kept any more.
    pub(crate) failure: Option<io::Error>,
}

/// The folder of one challenge.
pub(crate) struct Resume<'a> {
    folder: PathBuf,
    key: Secret,
    /// Digest of all that decides the result of a target, and is the same for all of them.
    scan: String,
    clock: &'a dyn Fn() -> Timestamp,
    notes: RefCell<Notes>,
}

impl<'a> Resume<'a> {
    /// Opens the folder of a challenge in `parent`, and makes it where there is none. `conditions` are what the scan was told that may change a
    /// result, besides salt, nonce and challenge.
    pub(crate) fn open(
        parent: &Path,
        salt: &Secret,
        nonce: &[u8; 32],
        challenge_sha256: &str,
        conditions: &[String],
        clock: &'a dyn Fn() -> Timestamp,
    ) -> Result<Resume<'a>, FolderError> {
        if !atomic_file::private_folder(parent)? {
            return Err(FolderError::Shared);
        }
        let folder = parent.join(challenge_sha256);
        atomic_file::private_folder(&folder)?;
        remove_files(&folder, |path| path.extension().is_none_or(|ending| ending != ENDING))?;
        let mut resume = Resume {
            folder,
            key: partial::key(partial::OF_TARGET, salt, nonce),
            scan: String::new(),
            clock,
            notes: RefCell::default(),
        };
        let fixed = [challenge_sha256, env!("CARGO_PKG_VERSION"), normalize::VERSION];
        let parts: Vec<&str> = fixed.into_iter().chain(conditions.iter().map(String::as_str)).collect();
        resume.scan = resume.digest(&parts);
        Ok(resume)
    }

    /// How many targets of this challenge are kept, by whatever run.
    pub(crate) fn kept(&self) -> usize {
        let is_kept = |entry: &fs::DirEntry| entry.path().extension().is_some_and(|ending| ending == ENDING);
        fs::read_dir(&self.folder).map_or(0, |entries| entries.flatten().filter(is_kept).count())
    }

    /// Removes what is kept for this challenge.
    pub(crate) fn remove(&self) -> io::Result<()> {
        remove_files(&self.folder, |_| true)?;
        fs::remove_dir(&self.folder)
    }

    /// What is to be told, once.
    pub(crate) fn notes(&self) -> Notes {
        self.notes.take()
    }

    /// Digest of texts, each with its length, so that no two lists give the same.
    pub(super) fn digest(&self, parts: &[&str]) -> String {
        let mut hasher = blake3::Hasher::new_keyed(self.key.expose());
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        hex::encode(hasher.finalize().as_bytes())
    }

    /// Where a target's file stands. Its name tells nothing of the target's.
    fn path(&self, name: &str) -> PathBuf {
        let digest = self.digest(&["file", name]);
        self.folder.join(digest.get(..32).unwrap_or(&digest)).with_extension(ENDING)
    }

    /// What an earlier run kept of a target, and its findings, where it is still true. `target` is the digest of what the target is.
    pub(super) fn take(
        &self,
        name: &str,
        target: &str,
        session: &dyn Session,
        cancel: &Cancel,
    ) -> Result<Option<(Partial<'static>, SpooledTempFile)>, ReadError> {
        let anew = |why| {
            self.notes.borrow_mut().unused.push((name.to_owned(), why));
            Ok(None)
        };
        let path = self.path(name);
        // Only a file: nobody else can put anything there, but the owner may by mistake.
        let Ok(metadata) = path.symlink_metadata() else { return Ok(None) };
        if !metadata.is_file() {
            return anew("what was kept of it cannot be read");
        }
        let opened = File::open(&path).map_err(Fault::Unreadable);
        let read = opened.and_then(|file| partial::read(BufReader::new(file), metadata.len(), &self.key));
        let (partial, findings): (Partial<'static>, _) = match read {
            Ok(read) => read,
            Err(Fault::Version) => return anew("what was kept of it is of another version of residua"),
            Err(Fault::Damaged) => return anew("what was kept of it is damaged"),
            Err(Fault::Unreadable(_)) => return anew("what was kept of it cannot be read"),
        };
        if partial.scan != self.scan {
            return anew("what was kept of it is of a scan with another map, other flags or another residua");
        }
        if partial.target != target {
            return anew("its columns are others, or taken for something else");
        }
        // The originator would be told of a run that read it after this one began.
        if time::parse(&partial.scanned_at).is_none_or(|at| at > (self.clock)()) {
            return anew("what was kept of it is of a later time than this machine's clock shows");
        }
        let standing = session.standing().map(|standing| self.digest(&[&standing]));
        if standing.as_ref() != Some(&partial.standing) {
            return anew("the file has changed");
        }
        match session.digest(cancel) {
            Ok(Some(content)) if content == partial.content => Ok(Some((partial, findings))),
            Err(ReadError::Cancelled) => Err(ReadError::Cancelled),
            Ok(_) | Err(_) => anew("the file has changed"),
        }
    }

    /// Keeps what was found in a finished target, where another run may rely on it. That there is no room for it stops nothing.
    pub(super) fn keep(
        &self,
        name: &str,
        target: &str,
        session: &dyn Session,
        (tally, report): (&Tally, &SplitReport),
        content: &str,
        findings: &mut SpooledTempFile,
    ) {
        // What went wrong outside of the file's content may go well the next time.
        let is_passing = |code| matches!(code, ProblemCode::ReadFailed | ProblemCode::Unreadable | ProblemCode::ChangedWhileRead);
        if self.notes.borrow().failure.is_some() || report.problems.iter().any(|problem| is_passing(problem.code)) {
            return;
        }
        let Some(standing) = session.standing() else { return };
        let partial = Partial {
            scan: self.scan.clone(),
            target: target.to_owned(),
            standing: self.digest(&[&standing]),
            content: content.to_owned(),
            scanned_at: time::format((self.clock)()),
            tally: Cow::Borrowed(tally),
            report: Cow::Borrowed(report),
        };
        let write = |findings: &mut SpooledTempFile| {
            findings.rewind()?;
            let mut file = AtomicFile::create(&self.path(name), Access::Private, Existing::Replace)?;
            partial::write(BufWriter::new(&mut file), &self.key, &partial, findings)?;
            file.commit()
        };
        if let Err(error) = write(findings) {
            self.notes.borrow_mut().failure = Some(error);
        }
    }
}

/// Removes those of the files in a folder that are meant. What another run removes meanwhile is gone too.
fn remove_files(folder: &Path, is_meant: impl Fn(&Path) -> bool) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if is_meant(&path) {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open<'a>(parent: &Path, clock: &'a dyn Fn() -> Timestamp, conditions: &[String]) -> Resume<'a> {
        Resume::open(parent, &Secret::new([1; 32]), &[2; 32], "ab", conditions, clock).unwrap()
    }

    #[test]
    fn a_folder_is_for_its_owner_and_goes_when_it_is_done() {
        let root = tempfile::tempdir().unwrap();
        let parent = root.path().join("kept");
        let clock = || Timestamp::UNIX_EPOCH;
        let resume = open(&parent, &clock, &[]);
        fs::write(resume.path("a.csv"), "x").unwrap();
        fs::write(resume.folder.join(".residua-half.part"), "x").unwrap();
        // What a killed run left on its way goes when the next begins.
        let resume = open(&parent, &clock, &[]);
        assert_eq!(fs::read_dir(&resume.folder).unwrap().count(), 1);
        assert_eq!(resume.kept(), 1);
        resume.remove().unwrap();
        assert_eq!(fs::read_dir(&parent).unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_others_may_look_into_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let root = tempfile::tempdir().unwrap();
        let parent = root.path().join("kept");
        let clock = || Timestamp::UNIX_EPOCH;
        open(&parent, &clock, &[]);
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&parent), mode(&parent.join("ab"))), (0o700, 0o700));
        fs::set_permissions(&parent, fs::Permissions::from_mode(0o750)).unwrap();
        let refused = Resume::open(&parent, &Secret::new([1; 32]), &[2; 32], "ab", &[], &clock);
        assert!(matches!(refused, Err(FolderError::Shared)));
    }

    #[test]
    fn no_two_conditions_are_the_same_scan() {
        let root = tempfile::tempdir().unwrap();
        let clock = || Timestamp::UNIX_EPOCH;
        let lists: [&[&str]; 5] = [&[], &[""], &["a", "b"], &["ab", ""], &["", "ab"]];
        let mut scans: Vec<String> = (lists.iter())
            .map(|list| {
                open(&root.path().join("kept"), &clock, &list.iter().map(|part| (*part).to_owned()).collect::<Vec<_>>()).scan
            })
            .collect();
        scans.sort();
        scans.dedup();
        assert_eq!(scans.len(), lists.len());
    }
}
