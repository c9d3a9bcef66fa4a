//! Tar archives: their members lie in them as they are, and are read where they lie.

use super::Spool;
use super::Stop;
use super::member_name;
use crate::source::Problem;
use crate::source::ProblemCode;
use crate::source::file::OpenedFile;
use crate::source::file::Packing;
use crate::source::file::Window;
use crate::support::progress::Cancel;
use std::io;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;
use tar::Archive;
use tar::Entry;
use tar::EntryType;
use tar::Header;
use tar::PaxExtension;

/// The size of everything in an archive is a multiple of it (POSIX.1-2024, `pax`, "ustar Interchange Format").
const BLOCK: usize = 512;

/// Whether a content begins with the header of a member: its sum holds.
pub(in crate::source) fn is_tar(head: &[u8]) -> bool {
    let Some(block) = head.get(..BLOCK) else { return false };
    let sum: u32 = block[..148].iter().chain(&block[156..]).map(|byte| u32::from(*byte)).sum::<u32>() + 8 * 32;
    Header::from_byte_slice(block).cksum().is_ok_and(|stated| stated == sum)
}

/// The files of an archive, in its order. What is not read of it is added to the problems.
pub(in crate::source) fn members(
    file: &OpenedFile,
    spool: &mut Spool<'_>,
    problems: &mut Vec<Problem>,
    cancel: &Cancel,
) -> Result<Vec<OpenedFile>, Stop> {
    let name = file.name();
    let mut members = Vec::new();
    let problem = |code, source: &str, detail: &str| Problem::of_source(code, source, detail);
    let start = if begins_with_label(file) { BLOCK as u64 } else { 0 };
    let mut archive = Archive::new(Behind { reader: file.reader_from(start), start });
    // An archive may follow another in one file, behind the zeros that end the first.
    archive.set_ignore_zeros(true);
    let Ok(entries) = archive.entries_with_seek() else {
        problems.push(problem(ProblemCode::ReadFailed, name, "the tar archive cannot be read"));
        return Ok(members);
    };
    let mut is_cut = false;
    for entry in entries {
        if cancel.is_cancelled() {
            return Err(Stop::Cancelled);
        }
        let Ok(mut entry) = entry else {
            let detail = "the tar archive is damaged, or other bytes stand behind it; its members before that place were read";
            problems.push(problem(ProblemCode::ReadFailed, name, detail));
            return Ok(members);
        };
        if members.len() as u64 >= spool.limits().members {
            let detail = "the archive holds more files than are read of one; unpack it, and scan the folder";
            problems.push(problem(ProblemCode::BeyondLimit, name, detail));
            return Ok(members);
        }
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let member = member_name(name, &path);
        let packing = Packing { format: "tar", member: Some(path) };
        // A value of several lines cannot be told from damage, and neither is read.
        let is_comment = |pair: io::Result<PaxExtension<'_>>| pair.map_or(true, |pair| pair.key() == Ok("comment"));
        let has_comment = if entry.header().entry_type() == EntryType::XGlobalHeader {
            !is_revision(&mut entry)
        } else {
            entry.pax_extensions().map_or(true, |pairs| pairs.is_some_and(|mut pairs| pairs.any(is_comment)))
        };
        if has_comment {
            let detail = "the tar archive holds comments or damaged attributes beside its files, which are not read";
            problems.push(problem(ProblemCode::Unsupported, name, detail));
        }
        let is_pax_sparse = entry
            .pax_extensions()
            .ok()
            .flatten()
            .is_some_and(|pairs| pairs.flatten().any(|pair| pair.key().is_ok_and(|key| key.starts_with("GNU.sparse."))));
        match entry.header().entry_type() {
            // What is of no file may have a content all the same: hard links in archives of POSIX do.
            EntryType::Directory
            | EntryType::Symlink
            | EntryType::Link
            | EntryType::Char
            | EntryType::Block
            | EntryType::Fifo
                if entry.size() == 0 => {}
            // What was looked at above.
            EntryType::XGlobalHeader => {}
            EntryType::GNUSparse => {
                // Its holes are not in the archive.
                let packed = entry.header().entry_size().unwrap_or(1);
                match spool.unpack(&mut entry, &|| packed, cancel) {
                    Ok(copied) => {
                        is_cut |= copied.broken.is_some();
                        members.push(file.unpacked(&member, packing, &copied.held, copied.window));
                    }
                    Err(Stop::Cancelled) => return Err(Stop::Cancelled),
                    Err(stop) => problems.push(stop.problem(&member)),
                }
            }
            EntryType::Regular | EntryType::Continuous if is_pax_sparse => {
                let detail = "a file with holes, stored without them; unpack the archive, and scan the folder";
                problems.push(problem(ProblemCode::Unsupported, &member, detail));
            }
            EntryType::Regular
            | EntryType::Continuous
            | EntryType::Directory
            | EntryType::Symlink
            | EntryType::Link
            | EntryType::Char
            | EntryType::Block
            | EntryType::Fifo => {
                let start = start + entry.raw_file_position();
                let window = Window { start, size: entry.size().min(file.size().saturating_sub(start)) };
                is_cut |= window.size < entry.size();
                members.extend(file.part(&member, packing, window));
            }
            _ => problems.push(problem(ProblemCode::Unsupported, &member, "a member of the archive of a sort that is not read")),
        }
    }
    if is_cut || !ends_with_zeros(file) {
        let detail = "the tar archive ends before its end mark; what is in it was read";
        problems.push(problem(ProblemCode::CutShort, name, detail));
    }
    Ok(members)
}

/// A file behind its first bytes, in which places count from there. Its reader never stands before them.
struct Behind<R> {
    reader: R,
    start: u64,
}

impl<R: Read> Read for Behind<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buffer)
    }
}

impl<R: Seek> Seek for Behind<R> {
    fn seek(&mut self, place: SeekFrom) -> io::Result<u64> {
        let place = match place {
            SeekFrom::Start(place) => SeekFrom::Start(self.start.checked_add(place).ok_or(io::ErrorKind::InvalidInput)?),
            place => place,
        };
        self.reader.seek(place)?.checked_sub(self.start).ok_or_else(|| io::ErrorKind::InvalidInput.into())
    }
}

/// Whether the first block names the volume, as `tar --label` writes it: a header of type `V`, in which GNU leaves the size empty. It has no content.
fn begins_with_label(file: &OpenedFile) -> bool {
    let head = file.head(BLOCK).unwrap_or_default();
    let size = head.get(124..136).unwrap_or_default();
    head.get(156) == Some(&b'V') && size.iter().all(|byte| matches!(byte, 0 | b' ' | b'0'))
}

/// Whether a header for all entries holds a revision alone, as `git archive` writes it.
fn is_revision(entry: &mut Entry<'_, impl Read>) -> bool {
    let mut content = String::new();
    let is_read = entry.take(BLOCK as u64).read_to_string(&mut content).is_ok() && content.len() < BLOCK;
    let revision = content.trim_end().split_once(" comment=").map(|(_, revision)| revision);
    is_read && revision.is_some_and(|revision| revision.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Whether a block of zeros ends the archive. There should be two; some programs write one.
fn ends_with_zeros(file: &OpenedFile) -> bool {
    let mut end = [1; BLOCK];
    let mut reader = file.reader();
    let place = file.size().saturating_sub(BLOCK as u64);
    let read = reader.seek(SeekFrom::Start(place)).and_then(|_| reader.read_exact(&mut end));
    read.is_ok() && end.iter().all(|byte| *byte == 0)
}
