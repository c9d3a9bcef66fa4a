//! A regular file that stays open while it is read, and its state at opening, so that a later change is noticed.

use super::Problem;
use super::ProblemCode;
use super::ReadError;
use crate::support::hex;
use crate::support::progress::Cancel;
use std::fs::File;
use std::fs::Metadata;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::SystemTime;

/// Bytes that are read at once when a whole file goes by.
pub(super) const CHUNK: usize = 1 << 20;

/// A file that was opened for reading.
pub(super) struct OpenedFile {
    /// The source's name as declared.
    name: String,
    file: File,
    /// Where it was opened; `None` for an unnamed copy of standard input.
    path: Option<PathBuf>,
    stamp: Stamp,
    digest: OnceLock<String>,
}

/// What changes when a file is written or replaced.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Stamp {
    size: u64,
    modified: Option<SystemTime>,
    key: Option<FileKey>,
}

/// A file's number on this machine, whatever its path.
pub(super) type FileKey = (u64, u64);

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self { size: metadata.len(), modified: metadata.modified().ok(), key: file_key(metadata) }
    }
}

/// Device and inode.
#[cfg(unix)]
#[allow(clippy::unnecessary_wraps, reason = "other systems have no such number")]
pub(super) fn file_key(metadata: &Metadata) -> Option<FileKey> {
    use std::os::unix::fs::MetadataExt;
    Some((metadata.dev(), metadata.ino()))
}

/// Not known here; paths stand in for it.
#[cfg(not(unix))]
pub(super) fn file_key(_metadata: &Metadata) -> Option<FileKey> {
    None
}

#[cfg(unix)]
fn links(metadata: &Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt;
    metadata.nlink()
}

#[cfg(not(unix))]
fn links(_metadata: &Metadata) -> u64 {
    1
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    use std::os::unix::fs::FileExt;
    file.read_at(buffer, offset)
}

#[cfg(windows)]
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    use std::os::windows::fs::FileExt;
    file.seek_read(buffer, offset)
}

impl OpenedFile {
    /// Opens a regular file.
    pub(super) fn open(name: &str, path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        Self::new(name, file, Some(path.to_owned()))
    }

    /// Takes a file that has no path.
    pub(super) fn unnamed(name: &str, file: File) -> io::Result<Self> {
        Self::new(name, file, None)
    }

    fn new(name: &str, file: File, path: Option<PathBuf>) -> io::Result<Self> {
        let stamp = Stamp::of(&file.metadata()?);
        Ok(Self { name: name.to_owned(), file, path, stamp, digest: OnceLock::new() })
    }

    /// The source's name as declared.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Where it was opened.
    pub(super) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Size at opening, in bytes.
    pub(super) fn size(&self) -> u64 {
        self.stamp.size
    }

    /// Whether the file goes by several names (hard links). Not known on systems without such.
    pub(super) fn has_other_names(&self) -> bool {
        self.file.metadata().is_ok_and(|metadata| links(&metadata) > 1)
    }

    /// Facts about the file for an identity.
    pub(super) fn facts(&self) -> Vec<(String, String)> {
        let mut facts = Vec::new();
        if let Some(path) = &self.path {
            let canonical = path.canonicalize().unwrap_or_else(|_| path.clone());
            facts.push(("path".to_owned(), canonical.to_string_lossy().into_owned()));
        }
        facts
    }

    /// Reads at an offset; 0 bytes only at the end of the file.
    pub(super) fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        loop {
            match read_at(&self.file, buffer, offset) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    /// The first bytes, at most `limit`.
    pub(super) fn head(&self, limit: usize) -> io::Result<Vec<u8>> {
        self.window(0, limit)
    }

    /// The bytes from `offset` on, at most `limit`; fewer only at the end of the file.
    pub(super) fn window(&self, offset: u64, limit: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; limit];
        let mut filled = 0;
        while filled < limit {
            match self.read_at(&mut bytes[filled..], offset + filled as u64)? {
                0 => break,
                count => filled += count,
            }
        }
        bytes.truncate(filled);
        Ok(bytes)
    }

    /// Shows every chunk of the file to `visit`, in order, and keeps the digest of what went by.
    pub(super) fn pass(&self, cancel: &Cancel, mut visit: impl FnMut(u64, &[u8])) -> Result<&str, ReadError> {
        let mut hasher = blake3::Hasher::new();
        let mut chunk = vec![0; CHUNK];
        let mut offset = 0;
        loop {
            if cancel.is_cancelled() {
                return Err(ReadError::Cancelled);
            }
            let count = self.read_at(&mut chunk, offset).map_err(|error| self.failed(&error))?;
            if count == 0 {
                break;
            }
            hasher.update(&chunk[..count]);
            visit(offset, &chunk[..count]);
            offset += count as u64;
        }
        Ok(self.digest.get_or_init(|| hex::encode(hasher.finalize().as_bytes())))
    }

    /// BLAKE3 of the content, from an earlier pass where there was one.
    pub(super) fn digest(&self, cancel: &Cancel) -> Result<String, ReadError> {
        match self.digest.get() {
            Some(digest) => Ok(digest.clone()),
            None => self.pass(cancel, |_, _| {}).map(str::to_owned),
        }
    }

    /// Whether size, time or identity differ from what they were at opening, here and at the path.
    pub(super) fn recheck(&self) -> Option<Problem> {
        let changed = |detail: &str| Some(Problem::of_source(ProblemCode::ChangedWhileRead, &self.name, detail));
        match self.file.metadata().map(|metadata| Stamp::of(&metadata)) {
            Ok(stamp) if stamp == self.stamp => {}
            Ok(_) => return changed("the file was written while it was read"),
            Err(_) => return changed("the file's state cannot be told any more"),
        }
        self.is_replaced().then(|| changed("the file was replaced or removed while it was read")).flatten()
    }

    /// Whether another file, or none, is now at the path.
    pub(super) fn is_replaced(&self) -> bool {
        let at_path = self.path.as_ref().map(|path| path.metadata().map(|metadata| file_key(&metadata)));
        at_path.is_some_and(|key| key.ok() != Some(self.stamp.key))
    }

    /// A read that failed.
    pub(super) fn failed(&self, error: &io::Error) -> ReadError {
        ReadError::Failed(Problem::of_source(ProblemCode::ReadFailed, &self.name, io_reason(error)))
    }
}

/// What an input or output error says, without paths.
pub(super) fn io_reason(error: &io::Error) -> String {
    error.to_string().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn notices_growth_replacement_and_removal() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        fs::write(&path, "a,b\n").unwrap();
        let file = OpenedFile::open("a.csv", &path).unwrap();
        assert_eq!(file.recheck(), None);
        fs::write(&path, "a,b\n1,2\n").unwrap();
        assert_eq!(file.recheck().unwrap().code, ProblemCode::ChangedWhileRead);

        let file = OpenedFile::open("a.csv", &path).unwrap();
        let other = folder.path().join("b.csv");
        fs::write(&other, "a,b\n1,2\n").unwrap();
        fs::rename(&other, &path).unwrap();
        assert!(file.recheck().unwrap().detail.contains("replaced"));

        let file = OpenedFile::open("a.csv", &path).unwrap();
        fs::remove_file(&path).unwrap();
        assert!(file.recheck().unwrap().detail.contains("replaced"));
    }

    #[test]
    fn digest_is_blake3_of_the_content() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        let content = vec![b'x'; CHUNK + 7];
        fs::write(&path, &content).unwrap();
        let file = OpenedFile::open("a.csv", &path).unwrap();
        assert_eq!(file.digest(&Cancel::default()).unwrap(), blake3::hash(&content).to_hex().to_string());
        assert_eq!(file.head(3).unwrap(), b"xxx");
    }
}
