//! A file that stays open while it is read, or a window of one, and its state at opening, so that a later change is noticed.

use super::Consistency;
use super::InputFormat;
use super::Problem;
use super::ProblemCode;
use super::ReadError;
use crate::support::hex;
use crate::support::progress::Cancel;
use std::collections::BTreeMap;
use std::fs::File;
use std::fs::Metadata;
use std::io;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::OnceLock;
use std::time::SystemTime;
use tempfile::TempPath;

/// Bytes that are read at once when a whole file goes by.
pub(super) const CHUNK: usize = 1 << 20;

/// What is read: a whole file of the system, a part of one, as an archive holds it, or a part of a private copy, as it was unpacked.
#[derive(Clone)]
pub(super) struct OpenedFile {
    /// The source's name as declared.
    name: String,
    /// Whose bytes are read.
    held: Arc<Held>,
    /// The file of the system that all of it comes from.
    origin: Arc<Held>,
    /// Where the bytes lie in what is held, where they are not all of it.
    window: Option<Window>,
    /// The kind that a person says it is of.
    stated: Option<InputFormat>,
    /// What is known from elsewhere.
    setting: Arc<Setting>,
    /// How the bytes were packed in their origin, from the outside to the inside.
    packing: Vec<Packing>,
    digest: OnceLock<String>,
}

/// A file of the operating system.
pub(super) struct Held {
    file: File,
    /// Where it was opened; `None` for a private copy without a name.
    path: Option<PathBuf>,
    /// Its state at opening; `None` where nobody else can change it.
    stamp: Option<Stamp>,
    /// Removes the file when it is done, where it is a private copy with a name.
    _copy: Option<TempPath>,
}

/// A run of bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Window {
    pub(super) start: u64,
    pub(super) size: u64,
}

/// What is known of a file from the folder that it lies in.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Setting {
    /// Columns that every row has with the same value, as the folders of the path name them.
    pub(super) columns: Vec<(String, Option<String>)>,
    /// What people call columns, by their names in the file.
    pub(super) names: BTreeMap<String, String>,
    /// What people are to be told of the file, as key and value.
    pub(super) notes: Vec<(String, String)>,
}

/// A step from what a file of the system holds to what is read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Packing {
    /// The format, for instance `gzip` or `zip`.
    pub(super) format: &'static str,
    /// The name within an archive.
    pub(super) member: Option<String>,
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

#[cfg(unix)]
fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
    use std::os::unix::fs::FileExt;
    file.write_at(bytes, offset)
}

#[cfg(windows)]
fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
    use std::os::windows::fs::FileExt;
    file.seek_write(bytes, offset)
}

impl Held {
    /// Takes a file that has no path, and that nobody else can change.
    pub(super) fn private(file: File) -> Self {
        Self { file, path: None, stamp: None, _copy: None }
    }

    /// Writes all bytes at an offset. Of use for private copies only.
    pub(super) fn write_all_at(&self, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
        while !bytes.is_empty() {
            match write_at(&self.file, bytes, offset) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => {
                    bytes = &bytes[count..];
                    offset += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Gives back the room of a private copy from an offset on.
    pub(super) fn truncate(&self, size: u64) -> io::Result<()> {
        self.file.set_len(size)
    }
}

impl OpenedFile {
    /// Opens a regular file.
    pub(super) fn open(name: &str, path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let stamp = Some(Stamp::of(&file.metadata()?));
        let held = Arc::new(Held { file, path: Some(path.to_owned()), stamp, _copy: None });
        let name = name.to_owned();
        let setting = Arc::default();
        let (window, stated, packing, digest) = (None, None, Vec::new(), OnceLock::new());
        Ok(Self { name, origin: held.clone(), held, window, stated, setting, packing, digest })
    }

    /// Takes a file that has no path, and that nobody else can change.
    pub(super) fn unnamed(name: &str, file: File) -> io::Result<Self> {
        let window = Window { start: 0, size: file.metadata()?.len() };
        Ok(Self::private(name, &Arc::new(Held::private(file)), window))
    }

    /// A part of a private copy.
    pub(super) fn private(name: &str, held: &Arc<Held>, window: Window) -> Self {
        Self {
            name: name.to_owned(),
            origin: held.clone(),
            held: held.clone(),
            window: Some(window),
            stated: None,
            setting: Arc::default(),
            packing: Vec::new(),
            digest: OnceLock::new(),
        }
    }

    /// What this file holds packed, as it was unpacked into a private copy.
    pub(super) fn unpacked(&self, name: &str, packing: Packing, held: &Arc<Held>, window: Window) -> Self {
        let packing = self.packing.iter().cloned().chain([packing]).collect();
        Self {
            origin: self.origin.clone(),
            stated: self.stated,
            setting: self.setting.clone(),
            packing,
            ..Self::private(name, held, window)
        }
    }

    /// What this file holds as it is, at a place of its own. `None`: it does not reach so far.
    pub(super) fn part(&self, name: &str, packing: Packing, part: Window) -> Option<Self> {
        let is_within = part.start.checked_add(part.size).is_some_and(|end| end <= self.size());
        let start = self.start() + part.start;
        is_within.then(|| self.unpacked(name, packing, &self.held, Window { start, ..part }))
    }

    /// The same content as a file with a path, for readers that ask for one.
    pub(super) fn with_path(self) -> io::Result<Self> {
        if self.path().is_some() {
            return Ok(self);
        }
        let mut copy = tempfile::NamedTempFile::new()?;
        io::copy(&mut self.reader(), &mut copy)?;
        let (file, path) = copy.into_parts();
        let held = Held { file, path: Some(path.to_path_buf()), stamp: None, _copy: Some(path) };
        Ok(Self { held: Arc::new(held), window: None, ..self })
    }

    /// The same, of which a person says what it is.
    pub(super) fn stated(self, stated: Option<InputFormat>) -> Self {
        Self { stated, ..self }
    }

    /// The same, of which more is known from the folder that it lies in.
    pub(super) fn set_in(self, setting: Setting) -> Self {
        Self { setting: Arc::new(setting), ..self }
    }

    /// What is known from the folder that it lies in.
    pub(super) fn setting(&self) -> &Setting {
        &self.setting
    }

    /// The kind that a person says it is of.
    pub(super) fn stated_kind(&self) -> Option<&'static str> {
        self.stated.map(|format| format.kind)
    }

    /// The source's name as declared.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Where it was opened, if it is a whole file.
    pub(super) fn path(&self) -> Option<&Path> {
        if self.window.is_some() { None } else { self.held.path.as_deref() }
    }

    /// How many steps of unpacking it took.
    pub(super) fn depth(&self) -> usize {
        self.packing.len()
    }

    /// What holds its bytes still.
    pub(super) fn consistency(&self) -> Consistency {
        if self.held.stamp.is_some() { Consistency::FileStat } else { Consistency::PrivateCopy }
    }

    fn start(&self) -> u64 {
        self.window.map_or(0, |window| window.start)
    }

    /// Size at opening, in bytes.
    pub(super) fn size(&self) -> u64 {
        match (self.window, self.held.stamp) {
            (Some(window), _) => window.size,
            (None, Some(stamp)) => stamp.size,
            (None, None) => self.held.file.metadata().map_or(0, |metadata| metadata.len()),
        }
    }

    /// Whether the file goes by several names (hard links). Not known on systems without such.
    pub(super) fn has_other_names(&self) -> bool {
        self.held.file.metadata().is_ok_and(|metadata| links(&metadata) > 1)
    }

    /// Facts about the file for an identity.
    pub(super) fn facts(&self) -> Vec<(String, String)> {
        let mut facts = Vec::new();
        if let Some(path) = &self.origin.path {
            let canonical = path.canonicalize().unwrap_or_else(|_| path.clone());
            facts.push(("path".to_owned(), canonical.to_string_lossy().into_owned()));
        }
        let packing = |packing: &Packing| match &packing.member {
            Some(member) => format!("{}: {member}", packing.format),
            None => packing.format.to_owned(),
        };
        facts.extend(self.packing.iter().map(|step| ("packing".to_owned(), packing(step))));
        facts
    }

    /// Reads at an offset; 0 bytes only at the end of the file.
    pub(super) fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut length = buffer.len();
        if let Some(window) = self.window {
            length = length.min(usize::try_from(window.size.saturating_sub(offset)).unwrap_or(usize::MAX));
        }
        loop {
            match read_at(&self.held.file, &mut buffer[..length], self.start() + offset) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    /// The bytes from the first to the last, for readers that go through them.
    pub(super) fn reader(&self) -> FileReader<&OpenedFile> {
        FileReader::new(self)
    }

    /// Its bytes from a place on.
    #[cfg(feature = "archives")]
    pub(super) fn reader_from(&self, position: u64) -> FileReader<&OpenedFile> {
        FileReader { file: self, position }
    }

    /// The first bytes, at most `limit`.
    pub(super) fn head(&self, limit: usize) -> io::Result<Vec<u8>> {
        self.window(0, limit)
    }

    /// The bytes from `offset` on, at most `limit`; fewer only at the end of the file.
    pub(super) fn window(&self, offset: u64, limit: usize) -> io::Result<Vec<u8>> {
        let limit = limit.min(usize::try_from(self.size().saturating_sub(offset)).unwrap_or(usize::MAX));
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

    /// Whether size, time or identity of the file of the system differ from what they were at opening, here and at the path.
    pub(super) fn recheck(&self) -> Option<Problem> {
        let changed = |detail: &str| Some(Problem::of_source(ProblemCode::ChangedWhileRead, &self.name, detail));
        let stamp = self.origin.stamp?;
        match self.origin.file.metadata().map(|metadata| Stamp::of(&metadata)) {
            Ok(now) if now == stamp => {}
            Ok(_) => return changed("the file was written while it was read"),
            Err(_) => return changed("the file's state cannot be told any more"),
        }
        self.is_replaced().then(|| changed("the file was replaced or removed while it was read")).flatten()
    }

    /// Size, time and number of the file of the system, and how it was unpacked and is to be read. `None` where it was touched since it was
    /// opened. Its device is left out: after a restart of the machine it may have another number.
    pub(super) fn standing(&self) -> Option<String> {
        if self.recheck().is_some() {
            return None;
        }
        let of_system = self.origin.stamp.map(|stamp| (stamp.size, stamp.modified, stamp.key.map(|(_, number)| number)));
        Some(format!("{of_system:?} {:?} {:?} {:?} {}", self.packing, self.stated, self.setting, self.size()))
    }

    /// Whether another file, or none, is now at the path.
    pub(super) fn is_replaced(&self) -> bool {
        let Some(stamp) = self.origin.stamp else { return false };
        let at_path = self.origin.path.as_ref().map(|path| path.metadata().map(|metadata| file_key(&metadata)));
        at_path.is_some_and(|key| key.ok() != Some(stamp.key))
    }

    /// A read that failed.
    pub(super) fn failed(&self, error: &io::Error) -> ReadError {
        ReadError::Failed(Problem::of_source(ProblemCode::ReadFailed, &self.name, io_reason(error)))
    }
}

/// Goes through the bytes of a file. Its place is its own, so that several may read one file.
#[derive(Clone)]
pub(super) struct FileReader<F> {
    file: F,
    position: u64,
}

impl<F> FileReader<F> {
    /// From the first byte on.
    pub(super) fn new(file: F) -> Self {
        Self { file, position: 0 }
    }
}

impl<F: std::ops::Deref<Target = OpenedFile>> Read for FileReader<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(buffer, self.position)?;
        self.position += count as u64;
        Ok(count)
    }
}

impl<F: std::ops::Deref<Target = OpenedFile>> Seek for FileReader<F> {
    fn seek(&mut self, place: SeekFrom) -> io::Result<u64> {
        let place = match place {
            SeekFrom::Start(place) => Some(place),
            SeekFrom::End(step) => self.file.size().checked_add_signed(step),
            SeekFrom::Current(step) => self.position.checked_add_signed(step),
        };
        self.position = place.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
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
    fn standing_is_of_one_state_of_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        fs::write(&path, "a,b\n").unwrap();
        let open = || OpenedFile::open("a.csv", &path).unwrap();
        let file = open();
        let before = file.standing();
        assert!(before.is_some());
        assert_eq!(open().standing(), before);
        let columns = vec![("day".to_owned(), Some("1".to_owned()))];
        assert_ne!(open().set_in(Setting { columns, ..Setting::default() }).standing(), before);
        fs::write(&path, "a,b\n1,2\n").unwrap();
        assert_eq!(file.standing(), None);
        assert!(open().standing().is_some_and(|now| Some(now) != before));
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
