//! The zip archive that a workbook is, read by its parts: never more of one than is bearable, and never by the sizes that it states.

use super::table::Halt;
use crate::source::ProblemCode;
use crate::source::file::FileReader;
use crate::source::file::OpenedFile;
use crate::support::progress::Cancel;
use std::collections::HashMap;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::sync::Arc;
use zip::ZipArchive;

/// The largest list of parts that is opened, in bytes. Those of workbooks are a thousandth of it.
const LONGEST_DIRECTORY: u64 = 8 << 20;

/// The most bytes of a part that are unpacked.
const LARGEST_PART: u64 = 32 << 30;

/// What is said of bytes that belong to no part.
pub(super) const OTHER_BYTES: &str = "the file holds bytes or comments that belong to no part of the workbook";

/// The most bytes between two parts: what some writers put behind a part whose size they did not know before.
const BETWEEN: u64 = 24;

/// Bytes at the end of a zip archive in which the place of its list stands.
const TAIL: u64 = 22 + (64 << 10);

/// A zip archive, by the names of its parts.
pub(super) struct Package {
    archive: ZipArchive<FileReader<Arc<OpenedFile>>>,
    /// The parts by their names in lower case, as such names are compared.
    places: HashMap<String, usize>,
    pub(super) parts: Vec<Part>,
    /// Several parts bear one name, or one that is no text.
    pub(super) has_hidden_parts: bool,
    /// The file holds bytes that are of no part, or comments.
    pub(super) has_other_bytes: bool,
}

/// A part of a package.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) name: String,
    /// Its size in the file.
    pub(super) bytes: u64,
    pub(super) is_encrypted: bool,
}

impl Package {
    /// Opens the archive. `None`: it is none, or one with a list that no workbook has.
    pub(super) fn open(file: &Arc<OpenedFile>) -> Option<Package> {
        if !has_bearable_directory(file) {
            return None;
        }
        let archive = ZipArchive::new(FileReader::new(Arc::clone(file))).ok()?;
        let (mut places, mut parts) = (HashMap::new(), Vec::new());
        let mut has_hidden_parts = archive.has_duplicate_names();
        let metadata = archive.metadata();
        for index in 0..archive.len() {
            let entry = metadata.entry(index).ok()?;
            let Ok(name) = entry.name() else {
                has_hidden_parts = true;
                parts.push(Part { name: String::new(), bytes: 0, is_encrypted: false });
                continue;
            };
            let name = name.replace('\\', "/").trim_start_matches('/').to_owned();
            has_hidden_parts |= !entry.is_dir() && places.insert(name.to_lowercase(), index).is_some();
            parts.push(Part { name, bytes: entry.compressed_size(), is_encrypted: entry.encrypted() });
        }
        let has_other_bytes = has_other_bytes(file, &archive);
        Some(Package { archive, places, parts, has_hidden_parts, has_other_bytes })
    }

    /// The place of a part.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.places.get(&name.trim_start_matches('/').to_lowercase()).copied()
    }

    /// Shows the content of a part to `look`.
    pub(super) fn with_part<T>(
        &self,
        index: usize,
        cancel: &Cancel,
        look: impl FnOnce(&mut BufReader<PartReader<'_>>) -> Result<T, Halt>,
    ) -> Result<T, Halt> {
        let mut archive = self.archive.clone();
        let part = archive.by_index(index).map_err(|error| match error {
            zip::result::ZipError::UnsupportedArchive(_) => {
                Halt::unsupported("a part is packed in a way that this program does not know")
            }
            zip::result::ZipError::Io(error) => Halt::of_io(&error, cancel),
            _ => Halt::failed("a part of the file is damaged"),
        })?;
        let reader = PartReader { part: Box::new(part), left: LARGEST_PART, event_left: u64::MAX, cancel: cancel.clone() };
        look(&mut BufReader::with_capacity(64 << 10, reader))
    }

    /// A part whole, where it is no larger than `most`.
    pub(super) fn content(&self, index: usize, most: u64, cancel: &Cancel) -> Result<Vec<u8>, Halt> {
        self.with_part(index, cancel, |part| {
            let mut content = Vec::new();
            part.take(most + 1).read_to_end(&mut content).map_err(|error| Halt::of_io(&error, cancel))?;
            if content.len() as u64 > most {
                return Err(Halt::unsupported(format!("a part of the file is larger than {} MiB", most >> 20)));
            }
            Ok(content)
        })
    }

    /// A part in XML as its events.
    pub(super) fn with_xml<T>(
        &self,
        index: usize,
        cancel: &Cancel,
        look: impl FnOnce(&mut super::xml::Xml<'_, '_>) -> Result<T, Halt>,
    ) -> Result<T, Halt> {
        self.with_part(index, cancel, |part| {
            let head = part.fill_buf().map_err(|error| Halt::of_io(&error, cancel))?;
            if head.starts_with(b"\xff\xfe")
                || head.starts_with(b"\xfe\xff")
                || head.get(1) == Some(&0)
                || head.first() == Some(&0)
            {
                return Err(Halt::unsupported("a part of the file is XML in UTF-16"));
            }
            look(&mut super::xml::Xml::new(part, cancel))
        })
    }
}

/// Reads a part as far as it is bearable.
pub(super) struct PartReader<'a> {
    part: Box<dyn Read + 'a>,
    left: u64,
    /// Bytes that may still come before somebody allows more.
    pub(super) event_left: u64,
    cancel: Cancel,
}

impl Read for PartReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.cancel.is_cancelled() {
            return Err(io::Error::other("interrupted"));
        }
        if self.event_left == 0 {
            return Err(io::Error::other("a single value is larger than 48 MiB"));
        }
        if self.left == 0 {
            return Err(io::Error::other("a part of the file unpacks to more than 32 GiB"));
        }
        let count = self.part.read(buffer)?;
        self.left = self.left.saturating_sub(count as u64);
        self.event_left = self.event_left.saturating_sub(count as u64);
        Ok(count)
    }
}

/// Whether the archive's own word on the size of its list is one that a workbook may have.
fn has_bearable_directory(file: &OpenedFile) -> bool {
    let start = file.size().saturating_sub(TAIL);
    let Ok(tail) = file.window(start, usize::try_from(TAIL).unwrap_or(0)) else { return false };
    let Some(at) = memchr::memmem::rfind(&tail, b"PK\x05\x06") else { return false };
    let Some(size) = tail.get(at + 12..at + 16) else { return false };
    let size = u64::from(u32::from_le_bytes([size[0], size[1], size[2], size[3]]));
    // A list of the 64-bit kind has its size elsewhere; the parts of a workbook need none, but for large ones of some writers.
    size <= LONGEST_DIRECTORY || (size == u64::from(u32::MAX) && is_bearable_64(file, &tail, at))
}

/// The same, of a list of the 64-bit kind.
fn is_bearable_64(file: &OpenedFile, tail: &[u8], end: usize) -> bool {
    let Some(locator) = end.checked_sub(20).and_then(|start| tail.get(start..end)) else { return false };
    let number = |bytes: &[u8]| bytes.try_into().map_or(u64::MAX, u64::from_le_bytes);
    if !locator.starts_with(b"PK\x06\x07") {
        return false;
    }
    let Ok(record) = file.window(number(&locator[8..16]), 56) else { return false };
    record.starts_with(b"PK\x06\x06") && record.len() == 56 && number(&record[40..48]) <= LONGEST_DIRECTORY
}

/// Whether bytes stand before, between or behind the parts, or the archive or a part has a comment.
fn has_other_bytes(file: &OpenedFile, archive: &ZipArchive<FileReader<Arc<OpenedFile>>>) -> bool {
    let (metadata, mut reader) = (archive.metadata(), archive.clone());
    let mut spans = Vec::new();
    for index in 0..archive.len() {
        let has_comment = metadata.entry(index).is_ok_and(|entry| !entry.comment().is_empty());
        let Ok(part) = reader.by_index_raw(index) else { return true };
        let Some(start) = part.data_start() else { return true };
        if has_comment {
            return true;
        }
        spans.push((part.header_start(), start.saturating_add(part.compressed_size())));
    }
    spans.sort_unstable();
    let directory = archive.central_directory_start();
    let mut end = 0_u64;
    for (start, after) in spans.into_iter().chain([(directory, directory)]) {
        let between = if end == 0 { 0 } else { BETWEEN };
        if start > end.saturating_add(between) {
            return true;
        }
        end = end.max(after);
    }
    !archive.comment().is_empty() || ends_elsewhere(file, directory)
}

/// Whether the list of parts and its end record are not the last that the file holds.
fn ends_elsewhere(file: &OpenedFile, directory: u64) -> bool {
    let start = file.size().saturating_sub(TAIL);
    let Ok(tail) = file.window(start, usize::try_from(TAIL).unwrap_or(0)) else { return true };
    let Some(at) = memchr::memmem::rfind(&tail, b"PK\x05\x06") else { return true };
    let number = |at: usize| tail.get(at..at + 4).map_or(0, |bytes| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
    let end = start + at as u64;
    let size = u64::from(number(at + 12));
    // The records of a list of the 64-bit kind stand between, with 76 bytes.
    let is_behind_list = size == u64::from(u32::MAX) || matches!(end.checked_sub(directory + size), Some(0 | 76));
    !is_behind_list || end + 22 != file.size()
}

/// Reads on from a stream of bytes, all that is asked for.
pub(super) fn read_exact(reader: &mut impl Read, buffer: &mut [u8], cancel: &Cancel) -> Result<(), Halt> {
    reader.read_exact(buffer).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => Halt::Fault(ProblemCode::CutShort, "a part of the file ends too early".to_owned()),
        _ => Halt::of_io(&error, cancel),
    })
}
