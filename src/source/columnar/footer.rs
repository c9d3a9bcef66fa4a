//! The footer of a Parquet file, looked at before the crate takes it apart: a footer of some kilobytes may declare a schema of a million
//! levels, or columns that fill the memory.

use super::thrift::Cursor;
use crate::source::ProblemCode;
use crate::source::file::OpenedFile;
use crate::source::file::io_reason;

/// How a Parquet file begins and ends.
pub(in crate::source) const MAGIC: &[u8] = b"PAR1";

/// How one with an encrypted footer does.
pub(in crate::source) const ENCRYPTED: &[u8] = b"PARE";

/// The largest footer that is read, in bytes.
const LONGEST: u64 = 32 << 20;

/// The most elements of a schema.
const MOST_ELEMENTS: usize = 20_000;

/// The deepest nesting of a schema.
const DEEPEST: usize = 48;

/// The most chunks, that is columns times row groups.
const MOST_CHUNKS: usize = 150_000;

/// Why a footer is not read.
type Refused = (ProblemCode, String);

/// The bytes of the footer, and where it begins.
pub(super) fn read(file: &OpenedFile) -> Result<(Vec<u8>, u64), Refused> {
    let unreadable = |error: std::io::Error| (ProblemCode::Unreadable, io_reason(&error));
    let no_end = || {
        (
            ProblemCode::CutShort,
            "the file does not end as a Parquet file does: its end, which says where its rows are, is missing".to_owned(),
        )
    };
    let size = file.size();
    if size < 12 {
        return Err(no_end());
    }
    let tail = file.window(size - 8, 8).map_err(unreadable)?;
    let (length, magic) = tail.split_at_checked(4).ok_or_else(no_end)?;
    if magic == ENCRYPTED {
        return Err((ProblemCode::Unsupported, "the Parquet file is encrypted; this version does not read it".to_owned()));
    }
    if magic != MAGIC {
        return Err(no_end());
    }
    let length = u64::from(u32::from_le_bytes(length.try_into().unwrap_or_default()));
    let start = (size - 8).checked_sub(length).filter(|start| *start >= MAGIC.len() as u64);
    let Some(start) = start else {
        return Err((ProblemCode::Unreadable, "the footer of the Parquet file is said to be longer than the file".to_owned()));
    };
    if length > LONGEST {
        return Err((
            ProblemCode::Unsupported,
            format!("the footer of the Parquet file has {length} bytes; up to {LONGEST} are read"),
        ));
    }
    let bytes = file.window(start, usize::try_from(length).unwrap_or(0)).map_err(unreadable)?;
    if (bytes.len() as u64) < length {
        return Err(no_end());
    }
    check(&bytes)?;
    Ok((bytes, start))
}

/// Whether what a footer declares is within bounds.
fn check(bytes: &[u8]) -> Result<(), Refused> {
    let damaged = || (ProblemCode::Unreadable, "the footer of the Parquet file is damaged".to_owned());
    let outline = Outline::of(bytes).ok_or_else(damaged)?;
    if outline.is_encrypted {
        return Err((
            ProblemCode::Unsupported,
            "the Parquet file has encrypted columns; this version does not read it".to_owned(),
        ));
    }
    if outline.is_beyond {
        let detail = format!(
            "the Parquet file declares more than {MOST_ELEMENTS} columns, {DEEPEST} levels or {MOST_CHUNKS} parts of columns"
        );
        return Err((ProblemCode::Unsupported, detail));
    }
    Ok(())
}

/// What a footer declares.
#[derive(Default)]
struct Outline {
    is_encrypted: bool,
    is_beyond: bool,
}

impl Outline {
    fn of(bytes: &[u8]) -> Option<Outline> {
        let mut outline = Outline::default();
        let (mut cursor, mut last) = (Cursor::new(bytes), 0);
        let mut chunks = 0_usize;
        while let Some(field) = cursor.field(&mut last)? {
            match field.number {
                2 => {
                    let count = cursor.structures(field)?;
                    outline.is_beyond |= count > MOST_ELEMENTS;
                    outline.is_beyond |= depth(&mut cursor, count)? > DEEPEST;
                }
                4 => {
                    for _ in 0..cursor.structures(field)? {
                        let mut last = 0;
                        while let Some(field) = cursor.field(&mut last)? {
                            if field.number == 1 {
                                let count = cursor.structures(field)?;
                                chunks = chunks.saturating_add(count);
                                for _ in 0..count {
                                    outline.is_encrypted |= is_encrypted_chunk(&mut cursor)?;
                                }
                            } else {
                                cursor.skip(field)?;
                            }
                        }
                    }
                }
                8 => {
                    outline.is_encrypted = true;
                    cursor.skip(field)?;
                }
                _ => cursor.skip(field)?,
            }
        }
        outline.is_beyond |= chunks > MOST_CHUNKS;
        Some(outline)
    }
}

/// The depth of a schema, whose elements stand in one list, each with the number of its children, which follow it.
fn depth(cursor: &mut Cursor<'_>, count: usize) -> Option<usize> {
    let (mut open, mut deepest): (Vec<usize>, usize) = (Vec::new(), 0);
    for read in 0..count {
        let (mut last, mut children) = (0, 0);
        while let Some(field) = cursor.field(&mut last)? {
            if field.number == 5 {
                children = usize::try_from(cursor.integer()?).ok()?;
            } else {
                cursor.skip(field)?;
            }
        }
        // No element has more children than there are elements left.
        if children > count - read - 1 {
            return None;
        }
        if let Some(left) = open.last_mut() {
            *left = left.checked_sub(1)?;
        } else if read > 0 {
            return None;
        }
        if children > 0 {
            open.push(children);
        }
        deepest = deepest.max(open.len());
        while open.last() == Some(&0) {
            open.pop();
        }
        if deepest > DEEPEST {
            // The rest is not needed to refuse it, but to stand behind it.
            return Some(deepest);
        }
    }
    Some(deepest)
}

/// Passes over a chunk and says whether it is encrypted.
fn is_encrypted_chunk(cursor: &mut Cursor<'_>) -> Option<bool> {
    let (mut last, mut is_encrypted) = (0, false);
    while let Some(field) = cursor.field(&mut last)? {
        is_encrypted |= matches!(field.number, 8 | 9);
        cursor.skip(field)?;
    }
    Some(is_encrypted)
}
