//! A file that stays open while it is read, or a window of one, and its state at opening, so that a later change is noticed.

mod tree;

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
use std::sync::Mutex;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::time::SystemTime;
use tempfile::TempPath;
pub(super) use tree::BLOCK;
use tree::Tree;

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
    /// What is known of the digest, where it is made while the file is read.
    tree: Arc<Mutex<Option<Tree>>>,
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
        Ok(Self { name, origin: held.clone(), held, window, stated, setting, packing, digest, tree: Arc::default() })
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
            tree: Arc::default(),
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
        let filled = self.fill_at(&mut bytes, offset)?;
        bytes.truncate(filled);
        Ok(bytes)
    }

    /// Reads at an offset until the buffer is full; less only at the end of the file.
    pub(super) fn fill_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.read_at(&mut buffer[filled..], offset + filled as u64)? {
                0 => break,
                count => filled += count,
            }
        }
        Ok(filled)
    }

    /// Says that the digest will be asked for: it is to be made of what goes by while the file is read.
    pub(super) fn will_digest(&self) {
        if self.digest.get().is_none() {
            self.tree.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| Tree::new(self.size()));
        }
    }

    /// Whether it is of use to show what is read.
    pub(super) fn is_digested(&self) -> bool {
        self.tree.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Takes the whole blocks among the bytes that were read at an offset into the digest, where that is made meanwhile.
    pub(super) fn show(&self, bytes: &[u8], offset: u64) {
        let (size, end) = (self.size(), offset + bytes.len() as u64);
        let is_new = |block| {
            let tree = self.tree.lock().unwrap_or_else(PoisonError::into_inner);
            tree.as_ref().is_some_and(|tree| size > BLOCK && !tree.holds(block))
        };
        for block in offset.div_ceil(BLOCK)..size.div_ceil(BLOCK) {
            let (start, stop) = (block * BLOCK, ((block + 1) * BLOCK).min(size));
            if stop > end {
                break;
            }
            let within = |place: u64| usize::try_from(place - offset).unwrap_or(usize::MAX);
            if let Some(bytes) = bytes.get(within(start)..within(stop)).filter(|_| is_new(block)) {
                let value = tree::value(block, bytes);
                // Another thread may have read the same meanwhile.
                let mut tree = self.tree.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(tree) = tree.as_mut().filter(|tree| !tree.holds(block)) {
                    tree.add(block, value);
                }
            }
        }
    }

    /// BLAKE3 of the content, of which what has gone by already is not read again.
    pub(super) fn digest(&self, cancel: &Cancel) -> Result<String, ReadError> {
        if let Some(digest) = self.digest.get() {
            return Ok(digest.clone());
        }
        let tree = self.tree.lock().unwrap_or_else(PoisonError::into_inner).take();
        let digest = match tree.map(|tree| self.rest(&tree, cancel)) {
            Some(Ok(digest)) => digest,
            Some(Err(Rest::Cancelled)) => return Err(ReadError::Cancelled),
            Some(Err(Rest::Failed(error))) => return Err(self.failed(&error)),
            Some(Err(Rest::Shrunk)) | None => self.whole(cancel)?,
        };
        Ok(self.digest.get_or_init(|| hex::encode(digest.as_bytes())).clone())
    }

    /// The digest, from what went by and the rest of the file.
    fn rest(&self, tree: &Tree, cancel: &Cancel) -> Result<blake3::Hash, Rest> {
        tree.finish(|offset, length| {
            if cancel.is_cancelled() {
                return Err(Rest::Cancelled);
            }
            let bytes = self.window(offset, usize::try_from(length).unwrap_or(usize::MAX)).map_err(Rest::Failed)?;
            if bytes.len() as u64 == length { Ok(bytes) } else { Err(Rest::Shrunk) }
        })
    }

    /// The digest of every byte from the first to the last.
    fn whole(&self, cancel: &Cancel) -> Result<blake3::Hash, ReadError> {
        let mut hasher = blake3::Hasher::new();
        let mut chunk = vec![0; CHUNK];
        let mut offset = 0;
        loop {
            if cancel.is_cancelled() {
                return Err(ReadError::Cancelled);
            }
            let count = self.read_at(&mut chunk, offset).map_err(|error| self.failed(&error))?;
            if count == 0 {
                return Ok(hasher.finalize());
            }
            hasher.update(&chunk[..count]);
            offset += count as u64;
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

/// Why what is missing of a digest could not be read.
enum Rest {
    Cancelled,
    Failed(io::Error),
    /// The file is shorter than at its opening.
    Shrunk,
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

    #[test]
    fn digest_is_the_same_whatever_went_by() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        let block = usize::try_from(BLOCK).unwrap();
        for size in [0, 1, block, block + 1, 5 * block, 5 * block + 77] {
            let content: Vec<u8> = (0..size).map(|place| (place % 251).to_le_bytes()[0]).collect();
            fs::write(&path, &content).unwrap();
            let whole = blake3::hash(&content).to_hex().to_string();
            for (start, stop) in [(0, size), (0, 0), (1, size), (block - 1, 3 * block + 9), (3 * block, size), (7, 9)] {
                let file = OpenedFile::open("a.csv", &path).unwrap();
                assert!(!file.is_digested());
                file.will_digest();
                assert!(file.is_digested());
                let (start, stop) = (start.min(size), stop.min(size));
                file.show(&content[start..stop.max(start)], start as u64);
                // Twice is as good as once.
                file.show(&content[start..stop.max(start)], start as u64);
                assert_eq!(file.digest(&Cancel::default()).unwrap(), whole, "{size}: {start} to {stop}");
            }
        }
        let file = OpenedFile::open("a.csv", &path).unwrap();
        file.will_digest();
        fs::write(&path, "shorter").unwrap();
        assert_eq!(file.digest(&Cancel::default()).unwrap(), blake3::hash(b"shorter").to_hex().to_string());
        let cancel = Cancel::default();
        cancel.cancel();
        let file = OpenedFile::open("a.csv", &path).unwrap();
        file.will_digest();
        assert_eq!(file.digest(&cancel), Err(ReadError::Cancelled));
    }
}
