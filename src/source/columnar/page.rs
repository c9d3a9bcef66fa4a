//! The pages of a part of a column in a Parquet file, gone through before the crate unpacks them: each says how large it will be, and nothing
//! holds it to its word.

use super::thrift::Cursor;
use crate::source::file::OpenedFile;
use parquet::basic::Compression;
use parquet::basic::Type;
use parquet::file::metadata::ColumnChunkMetaData;
use std::io;
use std::io::Read;

/// The most bytes that a page may unpack to.
const LARGEST_PAGE: u64 = 64 << 20;

/// The most bytes of a page in a kind of LZ4 whose unpacked size nothing bounds but its own: it holds 255 times as many at the most.
const LARGEST_LZ4: u64 = 1 << 20;

/// The bytes in which the header of a page is looked for, first and at the most.
const HEADER: usize = 512;
const LONGEST_HEADER: usize = 1 << 20;

/// What the pages of a part of a column come to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pages {
    /// Values, NULLs among them, up to the first page that cannot be read.
    pub(super) values: u64,
    /// Bytes that are held while the pages are read one by one.
    pub(super) held: u64,
    /// The most bytes that one value adds to a batch.
    pub(super) width: u64,
    /// Why no page after those is read.
    pub(super) flaw: Option<&'static str>,
}

/// The header of a page.
#[derive(Clone, Copy, Default)]
struct Header {
    kind: i64,
    unpacked: u64,
    packed: u64,
    values: u64,
    encoding: i64,
    /// Bytes of levels, which are not packed.
    levels: u64,
    is_packed: bool,
    length: u64,
}

const DATA: i64 = 0;
const INDEX: i64 = 1;
const DICTIONARY: i64 = 2;
const DATA_2: i64 = 3;
const DELTA_BYTE_ARRAY: i64 = 7;

/// Whether a part of a column begins with a dictionary.
pub(super) fn has_dictionary(file: &OpenedFile, chunk: &ColumnChunkMetaData) -> io::Result<bool> {
    let Some((offset, end)) = range(chunk) else { return Ok(false) };
    let end = end.min(file.size());
    Ok(offset < end && header(file, offset, end)?.is_some_and(|header| header.kind == DICTIONARY && header.unpacked > 0))
}

/// Goes through the pages of a part of a column.
pub(super) fn survey(file: &OpenedFile, chunk: &ColumnChunkMetaData, is_shared: bool) -> io::Result<Pages> {
    let mut pages = Pages::default();
    let Some((mut offset, end)) = range(chunk) else {
        pages.flaw = Some("the file says of it that it begins before the file, or has less than no bytes");
        return Ok(pages);
    };
    if end > file.size() {
        // The pages before the end are read all the same.
        pages.flaw = Some("it goes beyond the end of the file");
    }
    let end = end.min(file.size());
    let (mut largest, mut dictionary) = (0, 0);
    while offset < end {
        let Some(header) = header(file, offset, end)? else {
            pages.flaw = Some("the header of a page is damaged");
            break;
        };
        let start = offset + header.length;
        if let Some(flaw) = flaw(file, chunk, &header, start, end)? {
            pages.flaw = Some(flaw);
            break;
        }
        let values = header.values.max(1);
        match header.kind {
            DICTIONARY => dictionary = header.unpacked,
            DATA | DATA_2 => {
                largest = largest.max(header.unpacked + header.packed);
                let per_value = header.unpacked.div_ceil(values);
                let width = match chunk.column_type() {
                    // A value holds the beginning of the one before it, or stands in the dictionary and is copied.
                    Type::BYTE_ARRAY if header.encoding == DELTA_BYTE_ARRAY || !is_shared => header.unpacked.max(dictionary),
                    Type::BYTE_ARRAY => 16 + per_value,
                    Type::FIXED_LEN_BYTE_ARRAY => u64::try_from(chunk.column_descr().type_length()).unwrap_or(0),
                    _ => 16,
                };
                pages.width = pages.width.max(width);
                pages.values += header.values;
            }
            _ => {}
        }
        offset = start + header.packed;
    }
    pages.held = largest + dictionary;
    Ok(pages)
}

/// Where a part of a column begins and ends in the file.
pub(super) fn range(chunk: &ColumnChunkMetaData) -> Option<(u64, u64)> {
    let start = u64::try_from(chunk.dictionary_page_offset().unwrap_or(chunk.data_page_offset())).ok()?;
    let length = u64::try_from(chunk.compressed_size()).ok()?;
    Some((start, start.checked_add(length)?))
}

/// Why a page is not read.
fn flaw(
    file: &OpenedFile,
    chunk: &ColumnChunkMetaData,
    header: &Header,
    start: u64,
    end: u64,
) -> io::Result<Option<&'static str>> {
    if header.packed > end - start {
        return Ok(Some("a page goes beyond the end of the column's part or of the file"));
    }
    if header.unpacked > LARGEST_PAGE || header.packed > LARGEST_PAGE {
        return Ok(Some("a page is larger than 64 MiB"));
    }
    if header.levels > header.unpacked || header.levels > header.packed || !matches!(header.kind, DATA..=DATA_2) {
        return Ok(Some("the header of a page is damaged"));
    }
    if !header.is_packed {
        return Ok(None);
    }
    // These unpack whatever there is.
    let is_bounded = match chunk.compression() {
        Compression::GZIP(_) | Compression::BROTLI(_) => {
            let packed = file.window(start + header.levels, usize::try_from(header.packed - header.levels).unwrap_or(0))?;
            let most = header.unpacked - header.levels;
            match chunk.compression() {
                Compression::GZIP(_) => is_within(flate2::read::MultiGzDecoder::new(&packed[..]), most),
                _ => is_within(brotli::Decompressor::new(&packed[..], 4_096), most),
            }
        }
        Compression::LZ4 => header.packed <= LARGEST_LZ4,
        _ => true,
    };
    Ok((!is_bounded).then_some("a page unpacks to more than it declares, or is damaged"))
}

/// Whether what is read ends within so many bytes.
fn is_within(mut unpacked: impl Read, most: u64) -> bool {
    let mut total = 0_u64;
    let mut buffer = [0; 16 << 10];
    loop {
        match unpacked.read(&mut buffer) {
            Ok(0) => return true,
            Ok(count) => total += count as u64,
            Err(_) => return false,
        }
        if total > most {
            return false;
        }
    }
}

/// The header of the page at an offset. `None`: there is none.
fn header(file: &OpenedFile, offset: u64, end: u64) -> io::Result<Option<Header>> {
    let mut limit = HEADER;
    loop {
        let most = usize::try_from(end - offset).unwrap_or(usize::MAX).min(limit);
        let bytes = file.window(offset, most)?;
        if let Some(header) = parse(&bytes) {
            return Ok(Some(header));
        }
        if bytes.len() < limit || limit >= LONGEST_HEADER {
            return Ok(None);
        }
        limit = LONGEST_HEADER;
    }
}

fn parse(bytes: &[u8]) -> Option<Header> {
    let mut header = Header { kind: -1, is_packed: true, ..Header::default() };
    let (mut cursor, mut last) = (Cursor::new(bytes), 0);
    while let Some(field) = cursor.field(&mut last)? {
        match field.number {
            1 => header.kind = cursor.integer()?,
            2 => header.unpacked = small(cursor.integer()?)?,
            3 => header.packed = small(cursor.integer()?)?,
            5 | 7 | 8 if Cursor::is_structure(field) => {
                let (version, mut last) = (field.number, 0);
                while let Some(field) = cursor.field(&mut last)? {
                    match (version, field.number) {
                        (_, 1) => header.values = small(cursor.integer()?)?,
                        (5 | 7, 2) | (8, 4) => header.encoding = cursor.integer()?,
                        (8, 5 | 6) => header.levels += small(cursor.integer()?)?,
                        (8, 7) => header.is_packed = Cursor::truth(field),
                        _ => cursor.skip(field)?,
                    }
                }
            }
            _ => cursor.skip(field)?,
        }
    }
    if header.kind == DICTIONARY {
        // The number of the dictionary's own values counts for no row.
        header.values = 0;
    }
    header.length = cursor.at() as u64;
    (header.kind != INDEX || header.values == 0).then_some(header)
}

/// A number of the format's 32-bit fields that counts something.
fn small(value: i64) -> Option<u64> {
    i32::try_from(value).ok().and_then(|value| u64::try_from(value).ok())
}
