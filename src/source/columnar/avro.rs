//! Object container files of Avro: records in packed blocks, each with its number of records and a mark at its end.
//!
//! The blocks are walked through at opening, which tells the exact number of records, and where one is damaged the next mark is looked for.
//! The crate unpacks without a bound, so that what a block unpacks to is measured before.

use super::Described;
use super::DescribedColumn;
use super::NOTE;
use super::cell::Bytes;
use super::guard::guarded;
use super::nest;
use super::rows::Pour;
use crate::source::Problem;
use crate::source::ProblemCode;
use crate::source::ReadError;
use crate::source::file::CHUNK;
use crate::source::file::OpenedFile;
use crate::source::file::io_reason;
use crate::support::progress::Cancel;
use arrow_avro::reader::ReaderBuilder;
use arrow_schema::DataType;
use arrow_schema::Field;
use memchr::memmem;
use std::io;
use std::io::Cursor;
use std::io::Read;
use std::ops::Range;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

/// The longest header that is read, with the schema in it.
const LONGEST_HEADER: usize = 4 << 20;

/// The most bytes of a block, packed and unpacked.
const LARGEST_BLOCK: u64 = 48 << 20;

/// Bytes of blocks that are read at once.
const PART: u64 = 1 << 20;

/// From so many bytes on, one part is read at a time.
const HEAVY: u64 = 8 << 20;

/// Records of a batch.
const BATCH_ROWS: usize = 1_024;

/// Bytes of the mark at the end of a block.
const MARK: usize = 16;

const FEWER: &str = "blocks hold fewer records than they say";

/// How blocks are packed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Codec {
    None,
    Deflate,
    Snappy,
    Zstandard,
    Bzip2,
    Xz,
}

/// An opened file.
pub(super) struct Avro {
    file: Arc<OpenedFile>,
    /// The bytes of the header, which every reading begins with.
    header: Vec<u8>,
    codec: Codec,
    blocks: Vec<Block>,
    /// Runs of blocks that are read at once.
    parts: Vec<Range<usize>>,
    /// The places of the columns that are read.
    read: Vec<usize>,
    heavy: Mutex<()>,
}

/// Where a block lies.
struct Block {
    start: u64,
    /// Where its records begin.
    data: u64,
    /// Where they end, and its mark begins.
    data_end: u64,
    first_row: u64,
    rows: u64,
}

impl Block {
    fn end(&self) -> u64 {
        self.data_end + MARK as u64
    }
}

impl Avro {
    pub(super) fn open(file: &Arc<OpenedFile>, cancel: &Cancel) -> Result<(Self, Described), Problem> {
        let problem = |code, detail: &str| Problem::of_source(code, file.name(), detail);
        let unreadable = |error: io::Error| problem(ProblemCode::Unreadable, &io_reason(&error));
        let mut header = file.head(LONGEST_HEADER).map_err(unreadable)?;
        let Some((length, codec)) = parse_header(&header) else {
            return Err(problem(ProblemCode::Unreadable, "the header of the Avro file is damaged, cut or too long"));
        };
        header.truncate(length);
        let codec = match codec.as_slice() {
            b"" | b"null" => Codec::None,
            b"deflate" => Codec::Deflate,
            b"snappy" => Codec::Snappy,
            b"zstandard" => Codec::Zstandard,
            b"bzip2" => Codec::Bzip2,
            b"xz" => Codec::Xz,
            _ => {
                return Err(problem(
                    ProblemCode::Unsupported,
                    "the Avro file is packed in a way that this version does not read",
                ));
            }
        };
        let schema =
            guarded(|| ReaderBuilder::new().with_batch_size(1).build(Cursor::new(header.clone())).map(|reader| reader.schema()));
        let Some(Ok(schema)) = schema else {
            return Err(problem(
                ProblemCode::Unsupported,
                "the schema of the Avro file is of a kind that this version does not read",
            ));
        };
        let mut described = Described::default();
        let mut read = Vec::new();
        for (index, field) in schema.fields().iter().enumerate() {
            let field = noted(field);
            let is_read = nest::is_read(field.data_type());
            if is_read {
                read.push(index);
            }
            let declared =
                if super::meaning(&field) == Bytes::Uuid { "uuid".to_owned() } else { super::type_words(field.data_type()) };
            described.columns.push(DescribedColumn { declared, field, is_read });
        }
        let mut this =
            Self { file: Arc::clone(file), header, codec, blocks: Vec::new(), parts: Vec::new(), read, heavy: Mutex::new(()) };
        let flaws = this.walk(cancel).map_err(unreadable)?;
        if flaws.damaged > 0 {
            let detail = "blocks are damaged; their records were not read";
            described.problems.push(problem(ProblemCode::ReadFailed, detail).in_object(file.name()).counted(flaws.damaged));
        }
        if flaws.is_cut {
            let detail = "the file ends in the middle of a block; the blocks before it were read";
            described.problems.push(problem(ProblemCode::CutShort, detail).in_object(file.name()));
        }
        described.rows = Some(this.blocks.iter().fold(0, |sum, block| sum.saturating_add(block.rows)));
        described.details.push(("blocks".to_owned(), this.blocks.len().to_string()));
        Ok((this, described))
    }

    /// The number of records of each part.
    pub(super) fn parts(&self) -> Vec<u64> {
        self.parts.iter().map(|part| self.blocks[part.clone()].iter().map(|block| block.rows).sum()).collect()
    }

    /// Finds all blocks.
    fn walk(&mut self, cancel: &Cancel) -> io::Result<Flaws> {
        let (file, mut flaws) = (Arc::clone(&self.file), Flaws::default());
        let mark = self.header[self.header.len() - MARK..].to_vec();
        let (mut offset, mut first_row) = (self.header.len() as u64, 0_u64);
        let mut part_bytes = 0;
        while offset < file.size() && !cancel.is_cancelled() {
            let head = file.window(offset, 20)?;
            let mut varints = Varints { bytes: &head, at: 0 };
            let block = varints.natural().zip(varints.natural()).and_then(|(rows, size)| {
                let data = offset + varints.at as u64;
                let data_end = data.checked_add(size).filter(|end| *end <= file.size())?;
                Some(Block { start: offset, data, data_end, first_row, rows })
            });
            let is_whole = match &block {
                Some(block) => file.window(block.data_end, MARK)? == mark,
                None => false,
            };
            match block {
                Some(block) if is_whole => {
                    offset = block.end();
                    first_row = first_row.saturating_add(block.rows);
                    let length = block.end() - block.start;
                    match self.parts.last_mut() {
                        Some(part) if part_bytes + length <= PART => {
                            part.end += 1;
                            part_bytes += length;
                        }
                        _ => {
                            self.parts.push(self.blocks.len()..self.blocks.len() + 1);
                            part_bytes = length;
                        }
                    }
                    self.blocks.push(block);
                }
                _ => match find(&file, &mark, offset, cancel)? {
                    Some(at) => {
                        flaws.damaged += 1;
                        offset = at + MARK as u64;
                    }
                    None => {
                        flaws.is_cut = true;
                        break;
                    }
                },
            }
        }
        Ok(flaws)
    }

    /// Reads a part. Where a block is damaged, the others are read one by one.
    pub(super) fn read(&self, index: usize, pour: &mut Pour<'_>, cancel: &Cancel) -> Result<(), ReadError> {
        let Some(part) = self.parts.get(index) else { return Err(ReadError::UnknownSplit) };
        let blocks = &self.blocks[part.clone()];
        let Some(first) = blocks.first() else { return Ok(()) };
        let total = blocks.iter().fold(0, |sum: u64, block| sum.saturating_add(block.rows));
        let mut read = 0;
        match self.run(part, 0, &mut read, pour, cancel)? {
            Ok(()) if read >= total => Ok(()),
            Ok(()) => {
                pour.lost(ProblemCode::CutShort, Some(total - read), FEWER);
                Ok(())
            }
            Err((code, detail)) if part.len() == 1 => {
                pour.lost(code, Some(total.saturating_sub(read)), format!("rows were not read: {detail}"));
                Ok(())
            }
            Err(_) => {
                // The block in which it broke off is begun again, behind what was handed over of it.
                let broken = first.first_row.saturating_add(read);
                let is_open = |block: &Block| block.first_row.saturating_add(block.rows) > broken;
                let Some(at) = blocks.iter().position(is_open) else { return Ok(()) };
                self.one_by_one(part.start + at..part.end, broken.saturating_sub(blocks[at].first_row), pour, cancel)
            }
        }
    }

    /// Reads blocks each on its own; of the first, so many records were handed over before.
    fn one_by_one(&self, blocks: Range<usize>, skipped: u64, pour: &mut Pour<'_>, cancel: &Cancel) -> Result<(), ReadError> {
        let mut skipped = skipped;
        for index in blocks {
            let mut read = skipped;
            let outcome = self.run(&(index..index + 1), skipped, &mut read, pour, cancel)?;
            skipped = 0;
            let missing = self.blocks[index].rows.saturating_sub(read);
            match outcome {
                Err((code, detail)) => pour.lost(code, Some(missing), format!("rows were not read: {detail}")),
                Ok(()) if missing > 0 => pour.lost(ProblemCode::CutShort, Some(missing), FEWER),
                Ok(()) => {}
            }
        }
        Ok(())
    }

    /// Hands over the records of blocks but for the first so many; `read` counts these and what was handed over.
    fn run(
        &self,
        blocks: &Range<usize>,
        skipped: u64,
        read: &mut u64,
        pour: &mut Pour<'_>,
        cancel: &Cancel,
    ) -> Result<Result<(), (ProblemCode, String)>, ReadError> {
        if cancel.is_cancelled() {
            return Err(ReadError::Cancelled);
        }
        let list = &self.blocks[blocks.clone()];
        let (Some(first), Some(last)) = (list.first(), list.last()) else { return Ok(Ok(())) };
        // Damaged bytes may lie between blocks, and are left out.
        let mut content = self.header.clone();
        let mut total = 0;
        for block in list {
            if block.end() - block.start > LARGEST_BLOCK {
                return Ok(Err((ProblemCode::Unsupported, "their block is too large to be held in memory".to_owned())));
            }
            let length = usize::try_from(block.end() - block.start).unwrap_or(0);
            let bytes = match self.file.window(block.start, length) {
                Ok(bytes) if bytes.len() == length => bytes,
                Ok(_) => return Ok(Err((ProblemCode::ReadFailed, "the file is shorter than at its opening".to_owned()))),
                Err(error) => return Ok(Err((ProblemCode::ReadFailed, io_reason(&error)))),
            };
            let packed = &bytes[usize::try_from(block.data - block.start).unwrap_or(0)..bytes.len() - MARK];
            let Some(unpacked) = self.unpacked(packed) else {
                return Ok(Err((ProblemCode::ReadFailed, "their block is damaged, or unpacks to too much".to_owned())));
            };
            total += unpacked;
            if total > LARGEST_BLOCK {
                return Ok(Err((ProblemCode::Unsupported, "their block is too large to be held in memory".to_owned())));
            }
            content.extend(bytes);
        }
        let one_at_a_time = (total > HEAVY).then(|| self.heavy.lock().unwrap_or_else(PoisonError::into_inner));
        let damaged = || (ProblemCode::ReadFailed, "their block is damaged".to_owned());
        let reader = guarded(|| {
            ReaderBuilder::new().with_batch_size(BATCH_ROWS).with_projection(self.read.clone()).build(Cursor::new(content))
        });
        let Some(Ok(mut reader)) = reader else { return Ok(Err(damaged())) };
        let mut place = 0_u64;
        let rows = list.iter().fold(0, |sum: u64, block| sum.saturating_add(block.rows));
        loop {
            match guarded(|| reader.next()) {
                Some(None) => break,
                Some(Some(Ok(batch))) => {
                    let count = batch.num_rows() as u64;
                    let left_out = usize::try_from(skipped.saturating_sub(place).min(count)).unwrap_or(0);
                    let rest = batch.slice(left_out, batch.num_rows() - left_out);
                    // Between blocks of one part lies nothing that has rows.
                    pour.batch(&rest, first.first_row.saturating_add(place).saturating_add(left_out as u64), cancel)?;
                    place += count;
                    *read = place.max(skipped);
                }
                Some(Some(Err(_))) | None => return Ok(Err(damaged())),
            }
            if place > rows {
                break;
            }
        }
        drop(one_at_a_time);
        pour.passed(last.end() - first.start);
        Ok(Ok(()))
    }

    /// The bytes that a block unpacks to; `None` where it is damaged, or where they are too many.
    fn unpacked(&self, packed: &[u8]) -> Option<u64> {
        match self.codec {
            Codec::None => Some(packed.len() as u64),
            Codec::Deflate => measured(flate2::read::DeflateDecoder::new(packed)),
            Codec::Snappy => {
                // The length stands in front, and the crate unpacks no more than that; a checksum stands behind.
                packed.get(4..)?;
                let mut length = 0;
                for (index, byte) in packed.iter().take(5).enumerate() {
                    length |= u64::from(byte & 0x7f) << (7 * index);
                    if byte & 0x80 == 0 {
                        return (length <= LARGEST_BLOCK).then_some(length);
                    }
                }
                None
            }
            Codec::Zstandard => measured(zstd::stream::read::Decoder::new(packed).ok()?),
            Codec::Bzip2 => measured(bzip2::read::BzDecoder::new(packed)),
            Codec::Xz => {
                let stream = liblzma::stream::Stream::new_stream_decoder(LARGEST_BLOCK, 0).ok()?;
                measured(liblzma::read::XzDecoder::new_stream(packed, stream))
            }
        }
    }
}

/// The number of bytes that are read, where it is within bounds.
fn measured(mut unpacked: impl Read) -> Option<u64> {
    let mut total = 0;
    let mut buffer = [0; 16 << 10];
    loop {
        match unpacked.read(&mut buffer).ok()? {
            0 => return Some(total),
            count => total += count as u64,
        }
        if total > LARGEST_BLOCK {
            return None;
        }
    }
}

/// What is wrong with the blocks of a file.
#[derive(Default)]
struct Flaws {
    damaged: u64,
    is_cut: bool,
}

/// Where the mark stands next.
fn find(file: &OpenedFile, mark: &[u8], from: u64, cancel: &Cancel) -> io::Result<Option<u64>> {
    let finder = memmem::Finder::new(mark);
    let mut offset = from;
    while !cancel.is_cancelled() {
        let bytes = file.window(offset, CHUNK)?;
        if let Some(at) = finder.find(&bytes) {
            return Ok(Some(offset + at as u64));
        }
        if bytes.len() < CHUNK {
            return Ok(None);
        }
        offset += (CHUNK - MARK) as u64;
    }
    Ok(None)
}

/// Numbers as Avro writes them.
struct Varints<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Varints<'a> {
    fn integer(&mut self) -> Option<i64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = *self.bytes.get(self.at)?;
            self.at += 1;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some((value >> 1).cast_signed() ^ -(value & 1).cast_signed());
            }
        }
        None
    }

    fn natural(&mut self) -> Option<u64> {
        self.integer().and_then(|value| u64::try_from(value).ok())
    }

    fn text(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.natural()?).ok()?;
        let text = self.bytes.get(self.at..self.at.checked_add(length)?)?;
        self.at += length;
        Some(text)
    }
}

/// The length of a header, and the name of how blocks are packed.
fn parse_header(bytes: &[u8]) -> Option<(usize, Vec<u8>)> {
    let mut varints = Varints { bytes, at: super::AVRO_MAGIC.len() };
    let mut codec = Vec::new();
    loop {
        let count = varints.integer()?;
        if count == 0 {
            break;
        }
        if count < 0 {
            // The length of what follows in bytes.
            varints.integer()?;
        }
        for _ in 0..count.unsigned_abs() {
            let (key, value) = (varints.text()?, varints.text()?);
            if key == b"avro.codec" {
                codec = value.to_vec();
            }
        }
    }
    let length = varints.at.checked_add(MARK)?;
    (length <= bytes.len()).then_some((length, codec))
}

/// The field with a note on what its bytes are.
fn noted(field: &Field) -> Field {
    let inner = |field: &Arc<Field>| Arc::new(noted(field));
    let kind = match field.data_type() {
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(inner).collect()),
        DataType::List(field) => DataType::List(inner(field)),
        DataType::Map(field, is_sorted) => DataType::Map(inner(field), *is_sorted),
        other => other.clone(),
    };
    let mut field = field.clone().with_data_type(kind);
    let is_uuid = ["ARROW:extension:name", "logicalType"]
        .iter()
        .any(|key| field.metadata().get(*key).is_some_and(|name| matches!(name.as_str(), "arrow.uuid" | "uuid")));
    field.metadata_mut().remove(NOTE);
    if is_uuid {
        field.metadata_mut().insert(NOTE.to_owned(), "uuid".to_owned());
    }
    field
}
