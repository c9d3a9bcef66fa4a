//! Zip archives. What their directory lists is read; what it does not account for is told.

use super::Spool;
use super::Stop;
use super::compressed::damage;
use super::member_name;
use crate::source::Problem;
use crate::source::ProblemCode;
use crate::source::file::FileReader;
use crate::source::file::OpenedFile;
use crate::source::file::Packing;
use crate::source::file::Window;
use crate::support::progress::Cancel;
use std::borrow::Cow;
use zip::CompressionMethod;
use zip::ZipArchive;

/// The largest directory that is loaded, in bytes. An entry takes some hundred.
const LARGEST_DIRECTORY: u64 = 32 << 20;

/// What may stand behind an entry's content: a signature, its checksum and two sizes (APPNOTE 6.3.10, section 4.3.9).
const DESCRIPTOR: u64 = 24;

/// An archive whose directory was read.
pub(in crate::source) struct Zip<'a> {
    file: &'a OpenedFile,
    archive: ZipArchive<FileReader<&'a OpenedFile>>,
}

impl<'a> Zip<'a> {
    /// Reads the directory.
    pub(in crate::source) fn open(file: &'a OpenedFile) -> Result<Self, Problem> {
        let problem = |code, detail| Problem::of_source(code, file.name(), detail);
        if Record::of(file).is_some_and(|record| u64::from(record.directory_size) > LARGEST_DIRECTORY) {
            let detail = "the archive lists more files than are read of one; unpack it, and scan the folder";
            return Err(problem(ProblemCode::BeyondLimit, detail));
        }
        let detail = "the zip archive has no directory that can be read: it is cut short, damaged, or one part of several";
        let archive = ZipArchive::new(file.reader()).map_err(|_| problem(ProblemCode::CutShort, detail))?;
        Ok(Self { file, archive })
    }

    /// The files of the archive, in the order of its directory. What is not read of it is added to the problems.
    pub(in crate::source) fn members(
        mut self,
        spool: &mut Spool<'_>,
        problems: &mut Vec<Problem>,
        cancel: &Cancel,
    ) -> Result<Vec<OpenedFile>, Stop> {
        let (file, name) = (self.file, self.file.name());
        let problem = |code, source: &str, detail: &str| Problem::of_source(code, source, detail);
        if self.archive.has_duplicate_names() {
            let detail = "the archive lists a name twice, and only the later file of them was read";
            problems.push(problem(ProblemCode::Unsupported, name, detail));
        }
        if self.archive.len() as u64 > spool.limits().members {
            let detail = "the archive holds more files than are read of one; unpack it, and scan the folder";
            problems.push(problem(ProblemCode::BeyondLimit, name, detail));
            return Ok(Vec::new());
        }
        let mut members = Vec::new();
        let mut ranges = Vec::new();
        let mut has_comment = !self.archive.comment().is_empty();
        for index in 0..self.archive.len() {
            if cancel.is_cancelled() {
                return Err(Stop::Cancelled);
            }
            let Ok(entry) = self.archive.by_index_raw(index) else {
                problems.push(problem(ProblemCode::ReadFailed, name, "a file of the archive is not where its directory says"));
                continue;
            };
            let path = String::from_utf8_lossy(entry.name_raw()).into_owned();
            let path = entry.name().map_or(path, Cow::into_owned);
            let member = member_name(name, &path);
            let (start, packed) = (entry.data_start().unwrap_or(u64::MAX), entry.compressed_size());
            ranges.push((entry.header_start(), start.saturating_add(packed)));
            let method = entry.compression();
            // An empty content takes two bytes when it is deflated.
            let holds_nothing = entry.is_dir() && entry.size() == 0 && packed <= 2;
            let is_link = entry.is_symlink();
            has_comment |= !entry.comment().is_empty();
            if entry.encrypted() {
                let detail = "the file is encrypted; unpack it with its password, and scan what comes out";
                problems.push(problem(ProblemCode::Unsupported, &member, detail));
                continue;
            }
            drop(entry);
            let packing = Packing { format: "zip", member: Some(path) };
            if holds_nothing {
                continue;
            }
            if method == CompressionMethod::Stored {
                match file.part(&member, packing, Window { start, size: packed }) {
                    Some(part) if is_link && is_path(&part) => {}
                    Some(part) => members.push(part),
                    None => problems.push(problem(ProblemCode::CutShort, &member, "the archive ends before the file does")),
                }
                continue;
            }
            let Ok(mut content) = self.archive.by_index(index) else {
                let detail = format!("the file is packed in a way that is not read ({method})");
                problems.push(problem(ProblemCode::Unsupported, &member, &detail));
                continue;
            };
            match spool.unpack(&mut content, &|| packed, cancel) {
                Ok(copied) => {
                    let unpacked = file.unpacked(&member, packing, &copied.held, copied.window);
                    if !is_link || !is_path(&unpacked) {
                        members.push(unpacked);
                    }
                    if let Some(error) = copied.broken {
                        problems.push(damage(&member, "zip", &error));
                    }
                }
                Err(Stop::Cancelled) => return Err(Stop::Cancelled),
                Err(stop) => problems.push(stop.problem(&member)),
            }
        }
        let directory = self.archive.central_directory_start();
        let strays = strays(ranges, directory) + Record::of(file).map_or(0, |record| record.strays(directory, file.size()));
        if strays > 0 {
            let detail = format!("{strays} bytes of the archive belong to no file that its directory lists, and were not read");
            problems.push(problem(ProblemCode::UnknownFormat, name, &detail));
        }
        if has_comment {
            let detail = "the archive holds comments beside its files, which are not read";
            problems.push(problem(ProblemCode::Unsupported, name, detail));
        }
        Ok(members)
    }
}

/// Whether the content of a link can be a path, and is nothing else.
fn is_path(file: &OpenedFile) -> bool {
    const LONGEST: usize = 4_096;
    let content = file.head(LONGEST + 1).unwrap_or_default();
    !content.is_empty()
        && content.len() <= LONGEST
        && !content.iter().any(|byte| matches!(byte, b'\n' | b'\r' | b',' | b';' | b'@'))
}

/// What the record at the end of an archive says (APPNOTE 6.3.10, section 4.3.16).
struct Record {
    /// Where it begins in the file.
    place: u64,
    /// Bytes of the directory, or all ones where another record says it.
    directory_size: u32,
    /// Bytes of the comment, with which the file should end.
    comment: u64,
}

impl Record {
    /// Bytes without the comment.
    const LENGTH: usize = 22;

    /// The records of archives of four GiB or more, which stand before it (sections 4.3.14 and 4.3.15).
    const LARGE: u64 = 56 + 20;

    /// The last one of a file.
    fn of(file: &OpenedFile) -> Option<Self> {
        let length = Self::LENGTH + usize::from(u16::MAX);
        let start = file.size().saturating_sub(length as u64);
        let tail = file.window(start, length).ok()?;
        let place = memchr::memmem::rfind(&tail, b"PK\x05\x06")?;
        let record = tail.get(place..place + Self::LENGTH)?;
        Some(Self {
            place: start + place as u64,
            directory_size: u32::from_le_bytes(record[12..16].try_into().ok()?),
            comment: u64::from(u16::from_le_bytes(record[20..22].try_into().ok()?)),
        })
    }

    /// Bytes behind the directory that are neither of this record nor of those before it.
    fn strays(&self, directory: u64, size: u64) -> u64 {
        let end = self.place + Self::LENGTH as u64 + self.comment;
        let directory_end = directory + u64::from(self.directory_size);
        let before = if self.directory_size == u32::MAX { 0 } else { self.place.saturating_sub(directory_end) };
        size.saturating_sub(end) + before.saturating_sub(Self::LARGE)
    }
}

/// Bytes before the directory that none of the ranges covers, where they are more than may stand between two files.
fn strays(mut ranges: Vec<(u64, u64)>, directory: u64) -> u64 {
    ranges.sort_unstable();
    let (mut strays, mut end) = (0, 0);
    for (start, stop) in ranges.into_iter().chain([(directory, directory)]) {
        let allowed = if end == 0 { 0 } else { DESCRIPTOR };
        let hole = start.saturating_sub(end);
        strays += if hole > allowed { hole } else { 0 };
        end = end.max(stop);
    }
    strays
}
