//! Object container files of Avro: records in packed blocks, each with its number of records and a mark at its end.
//!
//! The blocks are walked through at opening, which tells the exact number of records, and where one is damaged the next mark is looked for.
//! The crate unpacks without a bound, so that what a block unpacks to is measured before.

use super::Described;
use super::DescribedColumn;
use super::NOTE;
use super::cell::Bytes;
use super::nest;
use super::room::Room;
use super::rows::Pour;
use crate::source::Problem;
use crate::source::ProblemCode;
use crate::source::ReadError;
use crate::source::file::CHUNK;
use crate::source::file::OpenedFile;
use crate::source::file::io_reason;
use crate::source::guard::guarded;
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

/// The longest header that is read, with the schema in it.
const LONGEST_HEADER: usize = 4 << 20;

/// The most bytes of a block, packed and unpacked.
const LARGEST_BLOCK: u64 = 48 << 20;

/// Bytes of blocks that are read at once.
const PART: u64 = 1 << 20;

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
    /// A header with the same schema, of blocks that are not packed.
    header: Vec<u8>,
    codec: Codec,
    blocks: Vec<Block>,
    /// Runs of blocks that are read at once.
    parts: Vec<Range<usize>>,
    /// The places of the columns that are read.
    read: Vec<usize>,
    room: Room,
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
        let head = file.head(LONGEST_HEADER).map_err(unreadable)?;
        let Some(header) = Header::parse(&head) else {
            return Err(problem(ProblemCode::Unreadable, "the header of the Avro file is damaged, cut or too long"));
        };
        let codec = match header.codec {
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
        let plain = header.plain();
        let schema =
            guarded(|| ReaderBuilder::new().with_batch_size(1).build(Cursor::new(plain.clone())).map(|reader| reader.schema()));
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
            Self { file: Arc::clone(file), header: plain, codec, blocks: Vec::new(), parts: Vec::new(), read, room: Room::new() };
        let flaws = this.walk(header.length, header.mark, cancel).map_err(unreadable)?;
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
    fn walk(&mut self, start: usize, mark: &[u8], cancel: &Cancel) -> io::Result<Flaws> {
        let (file, mut flaws) = (Arc::clone(&self.file), Flaws::default());
        let (mut offset, mut first_row) = (start as u64, 0_u64);
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
                _ => {
                    let Some(at) = find(&file, mark, offset, cancel)? else {
                        flaws.is_cut = true;
                        break;
                    };
                    flaws.damaged += 1;
                    offset = at + MARK as u64;
                }
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
        let run = &self.blocks[blocks.clone()];
        let (Some(first), Some(last)) = (run.first(), run.last()) else { return Ok(Ok(())) };
        let large = || (ProblemCode::Unsupported, "their block is too large to be held in memory".to_owned());
        let damaged = || (ProblemCode::ReadFailed, "their block is damaged, or unpacks to too much".to_owned());
        // Damaged bytes may lie between blocks, and are left out.
        let mut data = Vec::new();
        let sizes: u64 = run.iter().map(|block| block.end() - block.start).sum();
        if sizes > LARGEST_BLOCK {
            return Ok(Err(large()));
        }
        // Packed, unpacked and as columns.
        let room = self.room.take(sizes.saturating_mul(8), cancel);
        for block in run {
            let length = usize::try_from(block.data_end - block.data).unwrap_or(0);
            let bytes = match self.file.window(block.data, length) {
                Ok(bytes) if bytes.len() == length => bytes,
                Ok(_) => return Ok(Err((ProblemCode::ReadFailed, "the file is shorter than at its opening".to_owned()))),
                Err(error) => return Ok(Err((ProblemCode::ReadFailed, io_reason(&error)))),
            };
            match guarded(|| self.unpack(bytes)).flatten() {
                Some(unpacked) => data.extend(unpacked),
                None => return Ok(Err(damaged())),
            }
            if data.len() as u64 > LARGEST_BLOCK {
                return Ok(Err(large()));
            }
        }
        let rows = run.iter().fold(0, |sum: u64, block| sum.saturating_add(block.rows));
        // A record has a byte at least. What has none at all would have the crate count for ever.
        let Some(count) = usize::try_from(rows).ok().filter(|count| *count <= data.len()) else { return Ok(Err(damaged())) };
        if count == 0 {
            return Ok(Ok(()));
        }
        // All of it as one block, and that as one batch: behind the last record the crate is not to be asked again, since it would go on
        // for ever where bytes are left.
        let mut content = self.header.clone();
        put(&mut content, rows);
        put(&mut content, data.len() as u64);
        content.append(&mut data);
        content.extend([0; MARK]);
        let batch = guarded(|| {
            let builder = ReaderBuilder::new().with_batch_size(count).with_projection(self.read.clone());
            builder.build(Cursor::new(content)).ok()?.next()?.ok()
        });
        let Some(batch) = batch.flatten() else { return Ok(Err(damaged())) };
        let left_out = usize::try_from(skipped).unwrap_or(0).min(batch.num_rows());
        let rest = batch.slice(left_out, batch.num_rows() - left_out);
        pour.batch(&rest, first.first_row.saturating_add(left_out as u64), cancel)?;
        *read = batch.num_rows() as u64;
        drop(room);
        pour.passed(last.end() - first.start);
        Ok(Ok(()))
    }

    /// What a block unpacks to; `None` where it is damaged, or where that is too much.
    fn unpack(&self, packed: Vec<u8>) -> Option<Vec<u8>> {
        let bytes = packed.as_slice();
        match self.codec {
            Codec::None => Some(packed),
            Codec::Deflate => bounded(flate2::read::DeflateDecoder::new(bytes)),
            Codec::Snappy => {
                // A checksum of what it unpacks to stands behind.
                let (bytes, checksum) = bytes.split_at_checked(bytes.len().checked_sub(4)?)?;
                let length = snap::raw::decompress_len(bytes).ok()?;
                if length as u64 > LARGEST_BLOCK {
                    return None;
                }
                let unpacked = snap::raw::Decoder::new().decompress_vec(bytes).ok()?;
                let mut sum = flate2::Crc::new();
                sum.update(&unpacked);
                (sum.sum().to_be_bytes() == checksum).then_some(unpacked)
            }
            Codec::Zstandard => bounded(zstd::stream::read::Decoder::new(bytes).ok()?),
            Codec::Bzip2 => bounded(bzip2::read::BzDecoder::new(bytes)),
            Codec::Xz => {
                let stream = liblzma::stream::Stream::new_stream_decoder(LARGEST_BLOCK, 0).ok()?;
                bounded(liblzma::read::XzDecoder::new_stream(bytes, stream))
            }
        }
    }
}

/// All that is read, where it is within bounds.
fn bounded(unpacked: impl Read) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    unpacked.take(LARGEST_BLOCK + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 <= LARGEST_BLOCK).then_some(bytes)
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

/// Adds a number as Avro writes it.
fn put(out: &mut Vec<u8>, value: u64) {
    let mut rest = value << 1;
    while rest >= 0x80 {
        out.push(u8::try_from(rest & 0x7f).unwrap_or(0) | 0x80);
        rest >>= 7;
    }
    out.push(u8::try_from(rest).unwrap_or(0));
}

/// What stands before the blocks.
struct Header<'a> {
    schema: &'a [u8],
    codec: &'a [u8],
    /// What stands behind each block.
    mark: &'a [u8],
    length: usize,
}

impl<'a> Header<'a> {
    fn parse(bytes: &'a [u8]) -> Option<Header<'a>> {
        let mut varints = Varints { bytes, at: super::AVRO_MAGIC.len() };
        let (mut schema, mut codec) = (&bytes[..0], &bytes[..0]);
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
                match key {
                    b"avro.schema" => schema = value,
                    b"avro.codec" => codec = value,
                    _ => {}
                }
            }
        }
        let length = varints.at.checked_add(MARK)?;
        let mark = bytes.get(varints.at..length)?;
        Some(Header { schema, codec, mark, length })
    }

    /// A header with the same schema, of blocks that are not packed and whose mark is all zeros.
    fn plain(&self) -> Vec<u8> {
        let mut plain = super::AVRO_MAGIC.to_vec();
        put(&mut plain, 1);
        put(&mut plain, 11);
        plain.extend(b"avro.schema");
        put(&mut plain, self.schema.len() as u64);
        plain.extend(self.schema);
        put(&mut plain, 0);
        plain.extend([0; MARK]);
        plain
    }
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
        .any(|key| field.metadata().get(key).is_some_and(|name| matches!(name.as_str(), "arrow.uuid" | "uuid")));
    field.metadata_mut().remove(NOTE);
    if is_uuid {
        field.metadata_mut().insert(NOTE.to_owned(), "uuid".to_owned());
    }
    field
}
