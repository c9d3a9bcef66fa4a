//! Copies of scripts in UTF-8, where quotes cannot be told in the bytes as they are.

use super::Copied;
use crate::source::Problem;
use crate::source::ProblemCode;
use crate::source::file::CHUNK;
use crate::source::file::OpenedFile;
use crate::source::file::io_reason;
use crate::support::progress::Cancel;
use encoding_rs::CoderResult;
use encoding_rs::Encoding;
use memchr::memchr;
use std::io;
use std::io::Write;

/// The text of a file behind its byte order mark as an unnamed file in UTF-8.
pub(super) fn in_utf8(file: &OpenedFile, encoding: &'static Encoding, mark: usize, cancel: &Cancel) -> Result<Copied, Problem> {
    let problem = |error: &io::Error| Problem::of_source(ProblemCode::Unreadable, file.name(), io_reason(error));
    let mut copy = tempfile::tempfile().map_err(|error| problem(&error))?;
    let flawed = write(file, encoding, mark as u64, cancel, &mut copy).map_err(|error| problem(&error))?;
    let mut problems = Vec::new();
    if flawed > 0 {
        let detail = format!("bytes are no text in {}", encoding.name());
        problems.push(Problem::of_source(ProblemCode::Undecodable, file.name(), detail).counted(flawed));
    }
    let text = OpenedFile::unnamed(file.name(), copy).map_err(|error| problem(&error))?;
    Ok(Copied { text, form: format!("a copy in UTF-8 of the text in {}", encoding.name()), problems })
}

/// Writes a text as UTF-8, and counts what could not be decoded.
fn write(file: &OpenedFile, encoding: &'static Encoding, start: u64, cancel: &Cancel, out: &mut dyn Write) -> io::Result<u64> {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let (mut chunk, mut text) = (vec![0; CHUNK], vec![0; 4 * CHUNK]);
    let (mut offset, mut flawed) = (start, 0);
    loop {
        if cancel.is_cancelled() {
            return Err(io::Error::other("interrupted"));
        }
        let count = file.read_at(&mut chunk, offset)?;
        offset += count as u64;
        let mut rest = &chunk[..count];
        loop {
            let (result, read, written, is_flawed) = decoder.decode_to_utf8(rest, &mut text, count == 0);
            flawed += u64::from(is_flawed);
            out.write_all(&text[..written])?;
            rest = &rest[read..];
            if result == CoderResult::InputEmpty {
                break;
            }
        }
        if count == 0 {
            return Ok(flawed);
        }
    }
}

/// Whether a backslash stands anywhere in a file.
pub(super) fn has_backslashes(file: &OpenedFile, cancel: &Cancel) -> Result<bool, Problem> {
    let (mut chunk, mut offset) = (vec![0; CHUNK], 0);
    loop {
        let count = file
            .read_at(&mut chunk, offset)
            .map_err(|error| Problem::of_source(ProblemCode::ReadFailed, file.name(), io_reason(&error)))?;
        if count == 0 || cancel.is_cancelled() {
            return Ok(false);
        }
        if memchr(b'\\', &chunk[..count]).is_some() {
            return Ok(true);
        }
        offset += count as u64;
    }
}
