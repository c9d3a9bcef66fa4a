//! Arrow IPC: columns as they lie in memory, in messages one behind the other, with an index at the end (a file, Feather 2 among it) or
//! without (a stream).
//!
//! All messages are walked through at opening, so that a file that lost its end is read as far as it goes, and one whose index leaves a
//! batch out is read whole. What calls itself text is read as bytes and judged by us.

use super::Described;
use super::DescribedColumn;
use super::NOTE;
use super::cell::Bytes;
use super::nest;
use super::room::Room;
use super::rows::Pour;
use super::unused;
use super::unused::Leftover;
use super::unused::in_arrow::Part;
use super::unused::in_arrow::Search;
use crate::source::Problem;
use crate::source::ProblemCode;
use crate::source::ReadError;
use crate::source::file::OpenedFile;
use crate::source::file::io_reason;
use crate::source::guard::guarded;
use crate::support::progress::Cancel;
use arrow_array::ArrayRef;
use arrow_ipc::Block;
use arrow_ipc::MessageHeader;
use arrow_ipc::MetadataVersion;
use arrow_ipc::RecordBatch;
use arrow_ipc::convert::try_fb_to_schema;
use arrow_ipc::reader::FileDecoder;
use arrow_ipc::reader::read_dictionary;
use arrow_ipc::root_as_footer;
use arrow_ipc::root_as_message;
use arrow_schema::DataType;
use arrow_schema::Field;
use arrow_schema::Schema;
use std::collections::HashMap;
use std::collections::HashSet;
use std::io;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

/// What stands before the length of a message.
const CONTINUATION: [u8; 4] = [0xff; 4];

/// The most bytes that a message has before its columns.
const LONGEST_METADATA: u64 = 16 << 20;

/// Bytes between the last batch and the index that may be padding.
const PADDING: u64 = 4_096;

/// The most bytes that one batch, or all dictionaries, take in memory.
const MOST_HELD: u64 = 144 << 20;

/// The most rows of a batch: nothing of the file need stand behind a number of NULLs.
const MOST_ROWS: u64 = 1 << 31;

/// An opened file.
pub(super) struct Arrow {
    file: Arc<OpenedFile>,
    schema: Arc<Schema>,
    version: MetadataVersion,
    /// The places of the columns that are read.
    read: Vec<usize>,
    dictionaries: Vec<(Message, Part)>,
    batches: Vec<Batch>,
    /// The decoder with so many of the dictionaries.
    decoder: Mutex<Option<(usize, Arc<FileDecoder>)>>,
    room: Room,
}

/// Where a message lies.
#[derive(Clone, Copy)]
struct Message {
    offset: u64,
    /// Bytes before its columns.
    head: u64,
    body: u64,
}

struct Batch {
    message: Message,
    first_row: u64,
    rows: u64,
    /// The dictionaries that stand before it.
    dictionaries: usize,
}

/// What a message holds.
enum Content {
    Schema(Schema),
    Dictionary(Part),
    Batch(u64),
    Other,
}

/// A message that was looked at.
enum Step {
    Message(Message, Content, MetadataVersion),
    /// The mark of the end, and where what follows begins.
    End(u64),
    Damaged(&'static str),
}

/// Whether bytes begin a stream: a schema behind the mark of a message.
pub(in crate::source) fn is_stream(head: &[u8]) -> bool {
    let Some(rest) = head.strip_prefix(&CONTINUATION) else { return false };
    let Some((length, rest)) = rest.split_at_checked(4) else { return false };
    let length = u32::from_le_bytes(length.try_into().unwrap_or_default());
    let Some(metadata) = rest.get(..length as usize) else {
        // A schema that is longer than what is judged by.
        return length > 0 && u64::from(length) <= LONGEST_METADATA && rest.len() > 1 << 16;
    };
    guarded(|| root_as_message(metadata).is_ok_and(|message| message.header_type() == MessageHeader::Schema)).unwrap_or(false)
}

impl Arrow {
    pub(super) fn open(file: &Arc<OpenedFile>, cancel: &Cancel) -> Result<(Self, Described), Problem> {
        let problem = |code, detail: &str| Problem::of_source(code, file.name(), detail);
        let unreadable = |error: io::Error| problem(ProblemCode::Unreadable, &io_reason(&error));
        let is_file = file.head(6).map_err(unreadable)?.starts_with(super::ARROW_MAGIC);
        let mut described = Described::default();
        let footer = if is_file { Footer::read(file).map_err(unreadable)? } else { None };
        if is_file && footer.is_none() {
            described.problems.push(problem(
                ProblemCode::CutShort,
                "the file does not end as an Arrow file does; its batches were read as far as they go",
            ));
        }
        let end = footer.as_ref().map_or(file.size(), |footer| footer.start);
        // A file's mark is filled up, so that what follows it is aligned.
        let padded = if is_file { file.window(8, 4_096).map_err(unreadable)? } else { Vec::new() };
        let filled = padded.chunks(8).take_while(|chunk| chunk.iter().all(|byte| *byte == 0)).count() as u64 * 8;
        let first = if is_file { 8 + filled } else { 0 };
        let (head, content, version) = match step(file, first, end).map_err(unreadable)? {
            Step::Message(message, Content::Schema(schema), version) => (message, schema, version),
            Step::Message(..) | Step::End(_) | Step::Damaged(_) => {
                return Err(problem(ProblemCode::Unreadable, "the Arrow file does not say what its columns are"));
            }
        };
        let mut this = Self {
            file: Arc::clone(file),
            schema: Arc::new(Schema::empty()),
            version,
            read: Vec::new(),
            dictionaries: Vec::new(),
            batches: Vec::new(),
            decoder: Mutex::new(None),
            room: Room::new(),
        };
        let mut known = HashSet::new();
        let mut offset = head.offset + head.head + head.body;
        while offset < end {
            if cancel.is_cancelled() {
                return Err(problem(ProblemCode::ReadFailed, "interrupted"));
            }
            match step(file, offset, end).map_err(unreadable)? {
                Step::Message(message, content, _) => {
                    known.insert(offset);
                    offset = message.offset + message.head + message.body;
                    this.keep(message, &content);
                }
                Step::End(behind) => {
                    if end.saturating_sub(behind) > if is_file { PADDING } else { 0 } {
                        let detail =
                            format!("{} bytes follow the last batch that nothing accounts for; they were not read", end - behind);
                        described.problems.push(problem(ProblemCode::UnknownFormat, &detail));
                    }
                    break;
                }
                Step::Damaged(reason) => {
                    described.problems.push(problem(ProblemCode::CutShort, reason));
                    break;
                }
            }
        }
        // What the walk did not come to, the index may name.
        let mut lost = 0;
        for place in footer.iter().flat_map(|footer| &footer.blocks).filter(|place| !known.contains(place)) {
            match step(file, *place, end).map_err(unreadable)? {
                Step::Message(message, content, _) => this.keep(message, &content),
                Step::End(_) | Step::Damaged(_) => lost += 1,
            }
        }
        if lost > 0 {
            let detail = "batches are not where the index of the file says".to_owned();
            described.problems.push(problem(ProblemCode::ReadFailed, &detail).counted(lost));
        }
        let fields = content.fields().iter().map(|field| plain(field)).collect::<Vec<_>>();
        for (index, field) in fields.iter().enumerate() {
            let is_read = nest::is_read(field.data_type());
            if is_read {
                this.read.push(index);
            }
            let declared = match super::meaning(field) {
                Bytes::Text => "text".to_owned(),
                Bytes::Uuid => "uuid".to_owned(),
                Bytes::Any => super::type_words(field.data_type()),
            };
            described.columns.push(DescribedColumn { declared, field: field.clone(), is_read });
        }
        this.schema = Arc::new(Schema::new(fields));
        match this.unused(cancel) {
            Some(unused) => described.unused = unused,
            None => described.problems.push(unused::beyond(file)),
        }
        described.rows = Some(this.batches.iter().fold(0, |sum, batch| sum.saturating_add(batch.rows)));
        described.details.push(("batches".to_owned(), this.batches.len().to_string()));
        Ok((this, described))
    }

    fn keep(&mut self, message: Message, content: &Content) {
        match content {
            Content::Dictionary(part) => self.dictionaries.push((message, *part)),
            Content::Batch(rows) => {
                let first_row = self.batches.last().map_or(0, |batch| batch.first_row.saturating_add(batch.rows));
                self.batches.push(Batch { message, first_row, rows: *rows, dictionaries: self.dictionaries.len() });
            }
            Content::Schema(_) | Content::Other => {}
        }
    }

    /// The number of rows of each batch.
    pub(super) fn parts(&self) -> Vec<u64> {
        self.batches.iter().map(|batch| batch.rows).collect()
    }

    /// Reads a batch. What cannot be read is noted.
    pub(super) fn read(&self, index: usize, pour: &mut Pour<'_>, cancel: &Cancel) -> Result<(), ReadError> {
        let Some(batch) = self.batches.get(index) else { return Err(ReadError::UnknownSplit) };
        let lost =
            |pour: &mut Pour<'_>, code, detail: &str| pour.lost(code, Some(batch.rows), format!("rows were not read: {detail}"));
        let held = match self.held(batch.message) {
            Ok(held) => held,
            Err(error) => {
                lost(pour, ProblemCode::ReadFailed, &io_reason(&error));
                return Ok(());
            }
        };
        if held > MOST_HELD || batch.rows > MOST_ROWS {
            lost(pour, ProblemCode::Unsupported, "their batch is too large to be held in memory");
            return Ok(());
        }
        let room = self.room.take(held, cancel);
        let decoded = self.decoder(batch.dictionaries).and_then(|decoder| {
            let bytes = self.bytes(batch.message).map_err(|error| (ProblemCode::ReadFailed, io_reason(&error)))?;
            let decoded = guarded(|| decoder.read_record_batch(&block(batch.message), &bytes.into()));
            // What the crate says may quote what it met.
            decoded.and_then(Result::ok).flatten().ok_or_else(|| (ProblemCode::ReadFailed, "their batch is damaged".to_owned()))
        });
        match decoded {
            Ok(decoded) => {
                pour.batch(&decoded, batch.first_row, cancel)?;
                pour.passed(batch.message.head + batch.message.body);
            }
            Err((code, detail)) => lost(pour, code, &detail),
        }
        drop(room);
        Ok(())
    }

    /// The dictionaries with values that no batch uses; `None` where there are more than can be looked at. What is damaged is told when the
    /// rows are read.
    fn unused(&self, cancel: &Cancel) -> Option<Vec<Leftover>> {
        let mut search = Search::new(&self.schema, &self.read);
        let columns = search.columns();
        if columns.is_empty() {
            return Some(Vec::new());
        }
        let decoder = FileDecoder::new(Arc::new(search.numbers()), self.version).with_projection(columns.clone());
        let mut parts = self.dictionaries.iter().map(|(_, part)| *part).enumerate();
        let mut known = 0;
        for batch in &self.batches {
            if cancel.is_cancelled() {
                return Some(Vec::new());
            }
            parts.by_ref().take(batch.dictionaries - known).for_each(|(number, part)| search.part(number, part));
            known = batch.dictionaries;
            let is_small = self.held(batch.message).is_ok_and(|held| held <= MOST_HELD) && batch.rows <= MOST_ROWS;
            let Some(bytes) = is_small.then(|| self.bytes(batch.message).ok()).flatten() else { continue };
            let _ = guarded(|| {
                let numbers = decoder.read_record_batch(&block(batch.message), &bytes.into()).ok()??;
                search.batch(&numbers, &columns);
                Some(())
            });
        }
        parts.for_each(|(number, part)| search.part(number, part));
        search.finish()
    }

    /// Hands over the values of a dictionary that no batch uses.
    pub(super) fn read_unused(&self, leftover: &Leftover, pour: &mut Pour<'_>, cancel: &Cancel) -> Result<(), ReadError> {
        let lost = |pour: &mut Pour<'_>, code, detail: &str| {
            pour.lost(code, Some(leftover.used.left()), format!("values of a dictionary were not read: {detail}"));
        };
        match self.values(leftover.part) {
            Ok(values) => pour.values(values.as_ref(), |value| !leftover.used.is_used(value), cancel)?,
            Err((code, detail)) => lost(pour, code, &detail),
        }
        Ok(())
    }

    /// The values of the dictionary that a message completes.
    fn values(&self, part: usize) -> Result<ArrayRef, (ProblemCode, String)> {
        let id = self.dictionaries[part].1.id;
        let (mut dictionaries, mut total) = (HashMap::new(), 0_u64);
        for (message, _) in self.alive(part + 1).into_iter().filter(|(_, part)| part.id == id) {
            let failed = |error: io::Error| (ProblemCode::ReadFailed, io_reason(&error));
            total = total.saturating_add(self.held(*message).map_err(failed)?);
            if total > MOST_HELD {
                return Err((ProblemCode::Unsupported, "it is too large to be held in memory".to_owned()));
            }
            let mut head = self.bytes(*message).map_err(failed)?;
            let body = head.split_off(usize::try_from(message.head).unwrap_or(0)).into();
            let read = guarded(|| {
                let metadata = head.get(if head.starts_with(&CONTINUATION) { 8 } else { 4 }..)?;
                let part = root_as_message(metadata).ok()?.header_as_dictionary_batch()?;
                read_dictionary(&body, part, &self.schema, &mut dictionaries, &self.version).ok()
            });
            read.flatten().ok_or_else(|| (ProblemCode::ReadFailed, "it is damaged".to_owned()))?;
        }
        dictionaries.remove(&id).ok_or_else(|| (ProblemCode::ReadFailed, "it is damaged".to_owned()))
    }

    /// Those of the first so many messages with dictionaries that no later one of them took the place of.
    fn alive(&self, count: usize) -> Vec<&(Message, Part)> {
        let mut replaced = HashSet::new();
        let is_alive = |(_, part): &&(Message, Part)| !replaced.contains(&part.id) && (part.is_added || replaced.insert(part.id));
        let mut alive: Vec<_> = self.dictionaries.iter().take(count).rev().filter(is_alive).collect();
        alive.reverse();
        alive
    }

    /// A decoder that knows the first so many dictionaries.
    fn decoder(&self, count: usize) -> Result<Arc<FileDecoder>, (ProblemCode, String)> {
        let mut kept = self.decoder.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, decoder)) = kept.as_ref()
            && *known == count
        {
            return Ok(Arc::clone(decoder));
        }
        *kept = None;
        let mut decoder = FileDecoder::new(Arc::clone(&self.schema), self.version).with_projection(self.read.clone());
        let mut held = 0_u64;
        for (message, _) in self.alive(count) {
            let failed = |error: io::Error| (ProblemCode::ReadFailed, io_reason(&error));
            held = held.saturating_add(self.held(*message).map_err(failed)?);
            if held > MOST_HELD {
                let detail = "the dictionaries of their columns are too large to be held in memory";
                return Err((ProblemCode::Unsupported, detail.to_owned()));
            }
            let bytes = self.bytes(*message).map_err(failed)?;
            let read = guarded(|| decoder.read_dictionary(&block(*message), &bytes.into()));
            if !matches!(read, Some(Ok(()))) {
                return Err((ProblemCode::ReadFailed, "a dictionary of their columns is damaged".to_owned()));
            }
        }
        let decoder = Arc::new(decoder);
        *kept = Some((count, Arc::clone(&decoder)));
        Ok(decoder)
    }

    fn bytes(&self, message: Message) -> io::Result<Vec<u8>> {
        let length = usize::try_from(message.head + message.body).unwrap_or(usize::MAX);
        let bytes = self.file.window(message.offset, length)?;
        if bytes.len() < length { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(bytes) }
    }

    /// The bytes that a message takes in memory.
    fn held(&self, message: Message) -> io::Result<u64> {
        if message.body > MOST_HELD {
            return Ok(message.body);
        }
        let bytes = self.file.window(message.offset, usize::try_from(message.head).unwrap_or(0))?;
        let metadata = bytes.get(if bytes.starts_with(&CONTINUATION) { 8 } else { 4 }..).unwrap_or_default();
        // Where its buffers are packed, each says in its first bytes how large it is.
        let packed = guarded(|| {
            let message = root_as_message(metadata).ok()?;
            let batch: Option<RecordBatch<'_>> = match message.header_type() {
                MessageHeader::DictionaryBatch => message.header_as_dictionary_batch()?.data(),
                _ => message.header_as_record_batch(),
            };
            let batch = batch?;
            batch.compression()?;
            Some(batch.buffers()?.iter().map(|buffer| (buffer.offset(), buffer.length())).collect::<Vec<_>>())
        });
        let mut held = message.body;
        for (offset, length) in packed.flatten().unwrap_or_default() {
            let Ok(offset) = u64::try_from(offset) else { continue };
            if length < 8 || offset > message.body {
                continue;
            }
            let prefix = self.file.window(message.offset + message.head + offset, 8)?;
            let size = i64::from_le_bytes(prefix.try_into().unwrap_or_default());
            held = held.saturating_add(u64::try_from(size).unwrap_or(0));
        }
        Ok(held)
    }
}

/// Where a message lies, as the crate wants it.
fn block(message: Message) -> Block {
    let narrow = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    Block::new(narrow(message.offset), i32::try_from(message.head).unwrap_or(i32::MAX), narrow(message.body))
}

/// Looks at the message at an offset.
fn step(file: &OpenedFile, offset: u64, end: u64) -> io::Result<Step> {
    let cut = Step::Damaged("the file ends in the middle of a batch; the batches before it were read");
    let damaged = Step::Damaged("a part of the file is damaged; what follows it could not be found");
    let mut prefix = 4;
    let mut bytes = file.window(offset, 4)?;
    if bytes == CONTINUATION {
        prefix = 8;
        bytes = file.window(offset + 4, 4)?;
    }
    let Ok(length) = <[u8; 4]>::try_from(bytes) else { return Ok(cut) };
    let length = u64::from(u32::from_le_bytes(length));
    if length == 0 {
        return Ok(Step::End(offset + prefix));
    }
    if length > LONGEST_METADATA {
        return Ok(damaged);
    }
    let metadata = file.window(offset + prefix, usize::try_from(length).unwrap_or(0))?;
    if (metadata.len() as u64) < length {
        return Ok(cut);
    }
    let parsed = guarded(|| {
        let message = root_as_message(&metadata).ok()?;
        let body = u64::try_from(message.bodyLength()).ok()?;
        let content = match message.header_type() {
            MessageHeader::Schema => {
                let schema = message.header_as_schema()?;
                if !schema.endianness().equals_to_target_endianness() {
                    return None;
                }
                Content::Schema(try_fb_to_schema(schema).ok()?)
            }
            MessageHeader::DictionaryBatch => {
                let part = message.header_as_dictionary_batch()?;
                let values = u64::try_from(part.data()?.length()).ok()?;
                Content::Dictionary(Part { id: part.id(), values, is_added: part.isDelta() })
            }
            MessageHeader::RecordBatch => Content::Batch(u64::try_from(message.header_as_record_batch()?.length()).ok()?),
            _ => Content::Other,
        };
        Some((body, content, message.version()))
    });
    let Some((body, content, version)) = parsed.flatten() else { return Ok(damaged) };
    let message = Message { offset, head: prefix + length, body };
    let is_within = offset.checked_add(message.head + length).and_then(|at| at.checked_add(body)).is_some()
        && offset + message.head + body <= end;
    Ok(if is_within { Step::Message(message, content, version) } else { cut })
}

/// What the end of a file says.
struct Footer {
    start: u64,
    /// Where dictionaries and batches are.
    blocks: Vec<u64>,
}

impl Footer {
    /// `None` where there is none.
    fn read(file: &OpenedFile) -> io::Result<Option<Footer>> {
        let Some(tail) = file.size().checked_sub(10) else { return Ok(None) };
        let bytes = file.window(tail, 10)?;
        if !bytes.ends_with(super::ARROW_MAGIC) || bytes.len() < 10 {
            return Ok(None);
        }
        let length = u64::from(u32::from_le_bytes(bytes[..4].try_into().unwrap_or_default()));
        let Some(start) = tail.checked_sub(length).filter(|start| *start >= 8 && length <= LONGEST_METADATA) else {
            return Ok(None);
        };
        let bytes = file.window(start, usize::try_from(length).unwrap_or(0))?;
        let blocks = guarded(|| {
            let footer = root_as_footer(&bytes).ok()?;
            let blocks = footer.dictionaries().into_iter().flatten().chain(footer.recordBatches().into_iter().flatten());
            Some(blocks.filter_map(|block| u64::try_from(block.offset()).ok()).collect())
        });
        Ok(blocks.flatten().map(|blocks| Footer { start, blocks }))
    }
}

/// The same field with text as bytes, and a note that it is text.
fn plain(field: &Field) -> Field {
    let inner = |field: &Arc<Field>| Arc::new(plain(field));
    let (kind, is_text) = match field.data_type() {
        DataType::List(field) => (DataType::List(inner(field)), false),
        DataType::LargeList(field) => (DataType::LargeList(inner(field)), false),
        DataType::ListView(field) => (DataType::ListView(inner(field)), false),
        DataType::LargeListView(field) => (DataType::LargeListView(inner(field)), false),
        DataType::FixedSizeList(field, size) => (DataType::FixedSizeList(inner(field), *size), false),
        DataType::Struct(fields) => (DataType::Struct(fields.iter().map(inner).collect()), false),
        DataType::Map(field, is_sorted) => (DataType::Map(inner(field), *is_sorted), false),
        DataType::RunEndEncoded(ends, values) => {
            let (kind, is_text) = plain_type(values.data_type());
            let values = Arc::new(values.as_ref().clone().with_data_type(kind));
            (DataType::RunEndEncoded(Arc::clone(ends), values), is_text)
        }
        other => plain_type(other),
    };
    let mut field = field.clone().with_data_type(kind);
    let is_uuid = field.metadata().get("ARROW:extension:name").is_some_and(|name| name == "arrow.uuid");
    let note = if is_uuid { Some("uuid") } else { is_text.then_some("text") };
    field.metadata_mut().remove(NOTE);
    if let Some(note) = note {
        field.metadata_mut().insert(NOTE.to_owned(), note.to_owned());
    }
    field
}

/// A type without others inside, with text as bytes; and whether it is text.
fn plain_type(kind: &DataType) -> (DataType, bool) {
    match kind {
        DataType::Utf8 => (DataType::Binary, true),
        DataType::LargeUtf8 => (DataType::LargeBinary, true),
        DataType::Utf8View => (DataType::BinaryView, true),
        DataType::Dictionary(keys, values) => {
            let (values, is_text) = plain_type(values);
            (DataType::Dictionary(keys.clone(), Box::new(values)), is_text)
        }
        other => (other.clone(), false),
    }
}
