//! Parquet: row groups of columns, in pages that are packed one by one.
//!
//! The crate takes the pages apart; before it does, the footer (see `footer`) and the headers of all pages of a row group (see `page`) are
//! looked at, so that nothing that the file merely declares fills the memory. What calls itself text is read as bytes and judged by us,
//! since the crate gives up a whole batch for one byte that is no UTF-8. Types that only the writer's own note on them tells
//! (`ARROW:schema`) are read as what Parquet itself calls them.

use super::Described;
use super::DescribedColumn;
use super::budget::Budget;
use super::budget::OneGroup;
use super::cell::Bytes;
use super::footer;
use super::nest;
use super::page;
use super::room::Room;
use super::rows::Pour;
use super::unused;
use super::unused::Leftover;
use crate::source::Problem;
use crate::source::ProblemCode;
use crate::source::ReadError;
use crate::source::file::OpenedFile;
use crate::source::file::io_reason;
use crate::source::guard::guarded;
use crate::support::progress::Cancel;
use arrow_schema::DataType;
use arrow_schema::Field;
use arrow_schema::Schema;
use arrow_schema::TimeUnit;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ArrowReaderMetadata;
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::arrow_reader::ParquetRecordBatchReader;
use parquet::arrow::arrow_reader::RowSelection;
use parquet::arrow::arrow_reader::RowSelector;
use parquet::arrow::parquet_to_arrow_field_levels;
use parquet::basic::ConvertedType;
use parquet::basic::LogicalType;
use parquet::basic::Type as Physical;
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaDataOptions;
use parquet::file::metadata::ParquetMetaDataReader;
use parquet::file::metadata::ParquetStatisticsPolicy;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::reader::ChunkReader;
use parquet::file::reader::Length;
use parquet::schema::types::SchemaDescriptor;
use parquet::schema::types::Type;
use parquet::schema::types::TypePtr;
use std::io;
use std::io::BufReader;
use std::io::Read;
use std::sync::Arc;

/// The most rows of a batch.
const BATCH_ROWS: u64 = 4_096;

/// The most bytes of a batch, by what the headers of its pages say.
const BATCH_BYTES: u64 = 24 << 20;

/// The most bytes that the pages of one row of groups hold at a time.
pub(super) const MOST_HELD: u64 = 144 << 20;

/// An opened Parquet file.
pub(super) struct Parquet {
    file: Arc<OpenedFile>,
    metadata: ArrowReaderMetadata,
    /// The places of the columns that are read among those of the schema.
    roots: Vec<usize>,
    groups: Vec<Group>,
    room: Room,
}

/// Where the rows of a row group stand among those of the file.
struct Group {
    first_row: u64,
    rows: u64,
}

impl Parquet {
    pub(super) fn open(file: &Arc<OpenedFile>, cancel: &Cancel) -> Result<(Self, Described), Problem> {
        let problem = |(code, detail): (ProblemCode, String)| Problem::of_source(code, file.name(), detail);
        let (bytes, footer_start) = footer::read(file).map_err(problem)?;
        let damaged = |error: ParquetError| {
            let (code, reason) = reason(&error);
            let code = if code == ProblemCode::ReadFailed { ProblemCode::Unreadable } else { code };
            problem((code, format!("the footer of the Parquet file cannot be used: {reason}")))
        };
        let broken = || problem((ProblemCode::Unreadable, "the footer of the Parquet file is damaged".to_owned()));
        let (original, metadata) = guarded(|| parse(&bytes)).ok_or_else(broken)?.map_err(damaged)?;
        drop(bytes);

        let mut described = Described::default();
        let mut roots = Vec::new();
        for (index, field) in metadata.schema().fields().iter().enumerate() {
            let annotated = original.root_schema().get_fields().get(index);
            let column = describe(field, annotated);
            if column.is_read {
                roots.push(index);
            }
            described.columns.push(column);
        }
        let mut groups = Vec::new();
        let mut total = 0_u64;
        for group in metadata.metadata().row_groups() {
            let rows = u64::try_from(group.num_rows()).unwrap_or(0);
            groups.push(Group { first_row: total, rows });
            total = total.saturating_add(rows);
        }
        described.rows = Some(total);
        let mut chunks = metadata.metadata().row_groups().iter().flat_map(RowGroupMetaData::columns).peekable();
        described.is_elsewhere = chunks.peek().is_some() && chunks.all(|chunk| chunk.file_path().is_some());
        described.details.push(("row groups".to_owned(), groups.len().to_string()));
        if let Ok(stated) = u64::try_from(metadata.metadata().file_metadata().num_rows())
            && stated != total
        {
            let detail = format!("the footer speaks of {stated} rows, and its row groups of {total}");
            described.problems.push(problem((ProblemCode::CutShort, detail)));
        }
        described.problems.extend(super::hole::in_parquet(file, metadata.metadata(), footer_start));
        let schema = metadata.metadata().file_metadata().schema_descr();
        let is_read = |leaf| roots.binary_search(&schema.get_column_root_idx(leaf)).is_ok();
        match unused::in_parquet::find(file, metadata.metadata(), is_read, cancel) {
            Some(unused) => described.unused = unused,
            None => described.problems.push(unused::beyond(file)),
        }
        Ok((Self { file: Arc::clone(file), metadata, roots, groups, room: Room::new() }, described))
    }

    /// Hands over the values of a dictionary that no row uses.
    pub(super) fn read_unused(
        &self,
        leftover: &Leftover,
        field: &Field,
        pour: &mut Pour<'_>,
        cancel: &Cancel,
    ) -> Result<(), ReadError> {
        unused::in_parquet::read(&self.file, self.metadata.metadata(), leftover, field, pour, cancel)
    }

    /// The number of rows of each row group.
    pub(super) fn parts(&self) -> Vec<u64> {
        self.groups.iter().map(|group| group.rows).collect()
    }

    /// Reads a row group. What cannot be read is noted, and the rest is read.
    pub(super) fn read(&self, index: usize, pour: &mut Pour<'_>, cancel: &Cancel) -> Result<(), ReadError> {
        let (Some(group), Some(metadata)) = (self.groups.get(index), self.metadata.metadata().row_groups().get(index)) else {
            return Err(ReadError::UnknownSplit);
        };
        if metadata.columns().iter().any(|chunk| chunk.file_path().is_some()) {
            pour.lost(
                ProblemCode::Unsupported,
                Some(group.rows),
                "rows are said to be in another file, and are read there if it is a source",
            );
            return Ok(());
        }
        let plan = match self.plan(metadata, group.rows, cancel) {
            Ok(plan) => plan?,
            Err(error) => {
                pour.lost(ProblemCode::ReadFailed, Some(group.rows), io_reason(&error));
                return Ok(());
            }
        };
        if plan.held > MOST_HELD {
            let detail = "rows are in row groups whose pages are too large to be held in memory";
            pour.lost(ProblemCode::Unsupported, Some(group.rows), detail);
            return Ok(());
        }
        let room = self.room.take(plan.held.saturating_add(plan.batch_bytes), cancel);
        let mut read = 0;
        let outcome = if plan.rows == 0 && plan.flaw.is_some() {
            Ok(())
        } else {
            self.batches(index, &plan, group, &mut read, pour, cancel)?
        };
        drop(room);
        let missing = group.rows.saturating_sub(read);
        match (outcome, plan.flaw) {
            (Err((code, detail)), _) => pour.lost(code, Some(missing), format!("rows were not read: {detail}")),
            (Ok(()), Some((column, flaw))) => {
                pour.lost(ProblemCode::ReadFailed, Some(missing), format!("rows were not read, for a column's part: {flaw}"));
                let _ = column;
            }
            (Ok(()), None) if missing > 0 => {
                pour.lost(ProblemCode::CutShort, Some(missing), "row groups hold fewer rows than the footer says");
            }
            (Ok(()), None) if read > group.rows => {
                let more = read - group.rows;
                pour.lost(ProblemCode::CutShort, Some(more), "row groups hold more rows than the footer says; they were read");
            }
            (Ok(()), None) => {}
        }
        pour.passed(metadata.columns().iter().map(|chunk| u64::try_from(chunk.compressed_size()).unwrap_or(0)).sum());
        Ok(())
    }

    /// Hands over the rows of a group. The outer error ends the reading, the inner one this group's.
    fn batches(
        &self,
        index: usize,
        plan: &Plan,
        group: &Group,
        read: &mut u64,
        pour: &mut Pour<'_>,
        cancel: &Cancel,
    ) -> Result<Result<(), (ProblemCode, &'static str)>, ReadError> {
        let metadata = self.metadata.metadata();
        let schema = metadata.file_metadata().schema_descr();
        let budget = Budget::new();
        let source = OneGroup { file: &self.file, metadata, group: metadata.row_group(index), budget: budget.clone() };
        let reader = guarded(|| {
            let mask = ProjectionMask::roots(schema, self.roots.iter().copied());
            let levels = parquet_to_arrow_field_levels(schema, mask, Some(self.metadata.schema().fields()))?;
            let rows = usize::try_from(plan.rows).unwrap_or(usize::MAX);
            // Without a page to keep away from, whatever there is counts.
            let part = plan.flaw.is_some().then(|| RowSelection::from(vec![RowSelector::select(rows)]));
            ParquetRecordBatchReader::try_new_with_row_groups(&levels, &source, plan.batch, part)
        });
        let mut reader = match reader {
            Some(Ok(reader)) => reader,
            Some(Err(error)) => return Ok(Err(reason(&error))),
            None => return Ok(Err((ProblemCode::ReadFailed, "their data are damaged"))),
        };
        loop {
            budget.renew();
            match guarded(|| reader.next()) {
                Some(None) => return Ok(Ok(())),
                Some(Some(Ok(batch))) => {
                    pour.batch(&batch, group.first_row.saturating_add(*read), cancel)?;
                    *read += batch.num_rows() as u64;
                }
                // What the crate says may quote what it met.
                Some(Some(Err(_))) | None => {
                    return Ok(Err((ProblemCode::ReadFailed, "their data are damaged, or too large for memory")));
                }
            }
        }
    }

    /// How a row group is read.
    fn plan(&self, group: &RowGroupMetaData, rows: u64, cancel: &Cancel) -> io::Result<Result<Plan, ReadError>> {
        let schema = self.metadata.metadata().file_metadata().schema_descr();
        let mut plan = Plan { rows, held: 0, batch: 1, batch_bytes: 0, flaw: None };
        let mut width = 0_u64;
        for (leaf, chunk) in group.columns().iter().enumerate() {
            if cancel.is_cancelled() {
                return Ok(Err(ReadError::Cancelled));
            }
            if self.roots.binary_search(&schema.get_column_root_idx(leaf)).is_err() {
                continue;
            }
            let descriptor = chunk.column_descr();
            let is_shared = descriptor.converted_type() != ConvertedType::DECIMAL;
            let pages = page::survey(&self.file, chunk, is_shared)?;
            plan.held = plan.held.saturating_add(pages.held);
            width = width.saturating_add(pages.width);
            if let Some(flaw) = pages.flaw {
                // Values are rows only where there is one of each.
                let is_flat = descriptor.max_rep_level() == 0;
                let whole = if is_flat { pages.values } else { 0 };
                if whole < plan.rows {
                    plan.rows = whole;
                    plan.flaw = Some((leaf, flaw));
                }
            }
        }
        let batch = (BATCH_BYTES / width.max(1)).clamp(1, BATCH_ROWS);
        plan.batch = usize::try_from(batch).unwrap_or(1);
        plan.batch_bytes = batch.saturating_mul(width);
        Ok(Ok(plan))
    }
}

/// The schema as it is annotated, and all that is known of the file.
fn parse(bytes: &[u8]) -> Result<(SchemaDescriptor, ArrowReaderMetadata), ParquetError> {
    let original = ParquetMetaDataReader::decode_schema(bytes)?;
    let plain = Arc::new(SchemaDescriptor::new(unannotated(original.root_schema_ptr(), 0)?));
    let mut options = ParquetMetaDataOptions::new();
    options.set_schema(plain);
    options.set_column_stats_policy(ParquetStatisticsPolicy::SkipAll);
    options.set_size_stats_policy(ParquetStatisticsPolicy::SkipAll);
    let metadata = Arc::new(ParquetMetaDataReader::decode_metadata_with_options(bytes, Some(&options))?);
    let arrow = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let found = ArrowReaderMetadata::try_new(Arc::clone(&metadata), arrow.clone())?;
    let nodes = original.root_schema().get_fields().iter();
    let fields: Vec<Field> = found.schema().fields().iter().zip(nodes).map(|(field, node)| hinted(field, Some(node))).collect();
    let metadata = ArrowReaderMetadata::try_new(metadata, arrow.with_schema(Arc::new(Schema::new(fields))))?;
    Ok((original.as_ref().clone(), metadata))
}

/// How a row group is read.
struct Plan {
    /// Rows before the first page that cannot be read.
    rows: u64,
    /// Bytes that are held meanwhile.
    held: u64,
    /// Rows of a batch, and about their bytes.
    batch: usize,
    batch_bytes: u64,
    /// The leaf whose page it is, and what is wrong with it.
    flaw: Option<(usize, &'static str)>,
}

/// The schema with text as mere bytes.
fn unannotated(node: TypePtr, depth: usize) -> Result<TypePtr, ParquetError> {
    let info = node.get_basic_info();
    match node.as_ref() {
        Type::PrimitiveType { physical_type: Physical::BYTE_ARRAY, .. }
            if !matches!(info.converted_type(), ConvertedType::DECIMAL)
                && !matches!(info.logical_type_ref(), Some(LogicalType::Decimal { .. } | LogicalType::Unknown)) =>
        {
            let mut plain = Type::primitive_type_builder(info.name(), Physical::BYTE_ARRAY);
            if info.has_repetition() {
                plain = plain.with_repetition(info.repetition());
            }
            plain.with_id(info.has_id().then(|| info.id())).build().map(Arc::new)
        }
        Type::PrimitiveType { .. } => Ok(node),
        Type::GroupType { fields, .. } => {
            let fields: Vec<TypePtr> =
                fields.iter().map(|field| unannotated(Arc::clone(field), depth + 1)).collect::<Result<_, _>>()?;
            let mut group = Type::group_type_builder(info.name())
                .with_fields(fields)
                .with_converted_type(info.converted_type())
                .with_logical_type(info.logical_type_ref().cloned())
                .with_id(info.has_id().then(|| info.id()));
            if depth > 0 && info.has_repetition() {
                group = group.with_repetition(info.repetition());
            }
            group.build().map(Arc::new)
        }
    }
}

/// The same field with bytes that are not copied out of their pages, and with time stamps of the old kind in a unit that holds centuries.
fn hinted(field: &Field, node: Option<&TypePtr>) -> Field {
    let inner = |field: &Arc<Field>| Arc::new(hinted(field, None));
    let kind = match field.data_type() {
        DataType::Binary => DataType::BinaryView,
        DataType::Timestamp(TimeUnit::Nanosecond, None) if node.is_some_and(|node| is_int96(node)) => {
            DataType::Timestamp(TimeUnit::Microsecond, None)
        }
        DataType::Struct(fields) => {
            let nodes = node.filter(|node| node.is_group()).map_or(&[][..], |node| node.get_fields());
            let hint = |(index, field): (usize, &Arc<Field>)| Arc::new(hinted(field, nodes.get(index)));
            DataType::Struct(fields.iter().enumerate().map(hint).collect())
        }
        DataType::List(field) => DataType::List(inner(field)),
        DataType::LargeList(field) => DataType::LargeList(inner(field)),
        DataType::FixedSizeList(field, size) => DataType::FixedSizeList(inner(field), *size),
        DataType::Map(field, is_sorted) => DataType::Map(inner(field), *is_sorted),
        other => other.clone(),
    };
    field.clone().with_data_type(kind)
}

fn is_int96(node: &Type) -> bool {
    node.is_primitive() && node.get_physical_type() == Physical::INT96
}

/// What a column is, by its type in memory and by the annotations of the file.
fn describe(field: &Field, annotated: Option<&TypePtr>) -> DescribedColumn {
    let field = noted(field, annotated);
    let declared = match super::meaning(&field) {
        Bytes::Text => "text".to_owned(),
        Bytes::Uuid => "uuid".to_owned(),
        Bytes::Any => super::type_words(field.data_type()),
    };
    let is_variant =
        annotated.is_some_and(|node| matches!(node.get_basic_info().logical_type_ref(), Some(LogicalType::Variant { .. })));
    let is_read = nest::is_read(field.data_type()) && !is_variant;
    DescribedColumn { declared: if is_variant { "variant".to_owned() } else { declared }, field, is_read }
}

/// The field with a note on what its bytes are, and those within it.
fn noted(field: &Field, node: Option<&TypePtr>) -> Field {
    let node = node.map(AsRef::as_ref);
    let inner = |field: &Arc<Field>, node: Option<&TypePtr>| Arc::new(noted(field, node));
    let children = node.filter(|node| node.is_group()).map_or(&[][..], Type::get_fields);
    let kind = match field.data_type() {
        DataType::Struct(fields) => {
            // A part goes by its name: where a file leaves one out, the others keep theirs.
            let child = |field: &Arc<Field>| children.iter().find(|child| child.name() == field.name().as_str());
            DataType::Struct(fields.iter().map(|field| inner(field, child(field))).collect())
        }
        DataType::List(element) => DataType::List(inner(element, element_of(children, element))),
        DataType::Map(entries, is_sorted) => DataType::Map(inner(entries, children.first()), *is_sorted),
        other => other.clone(),
    };
    let mut field = field.clone().with_data_type(kind);
    if let Some(word) = node.filter(|node| node.is_primitive()).map(meaning).and_then(super::note) {
        field.metadata_mut().insert(super::NOTE.to_owned(), word.to_owned());
    }
    field
}

/// The node of a list's values: below one that repeats, or that one itself, in old files.
fn element_of<'a>(children: &'a [TypePtr], element: &Field) -> Option<&'a TypePtr> {
    let repeated = children.first()?;
    let is_wrapped = repeated.is_group()
        && repeated.get_fields().len() == 1
        && !matches!(element.data_type(), DataType::Struct(fields) if fields.len() == 1 && fields[0].name() == repeated.get_fields()[0].name() && element.name() == repeated.name());
    if is_wrapped { repeated.get_fields().first() } else { Some(repeated) }
}

/// What the bytes of a column are said to be.
fn meaning(node: &Type) -> Bytes {
    let info = node.get_basic_info();
    match (info.logical_type_ref(), info.converted_type()) {
        (Some(LogicalType::Uuid), _) => Bytes::Uuid,
        (Some(LogicalType::String | LogicalType::Enum | LogicalType::Json), _)
        | (None, ConvertedType::UTF8 | ConvertedType::ENUM | ConvertedType::JSON) => Bytes::Text,
        _ => Bytes::Any,
    }
}

/// What an error of the crate says, without what it quotes.
fn reason(error: &ParquetError) -> (ProblemCode, &'static str) {
    match error {
        ParquetError::NYI(_) => (ProblemCode::Unsupported, "they are written or packed in a way that this version does not read"),
        ParquetError::EOF(_) => (ProblemCode::ReadFailed, "their data end early"),
        _ => (ProblemCode::ReadFailed, "their data are damaged"),
    }
}

/// The file, as the crate asks for it.
pub(super) struct Window(pub(super) Arc<OpenedFile>);

/// The file from an offset on.
pub(super) struct From {
    file: Arc<OpenedFile>,
    offset: u64,
}

impl Read for From {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(buffer, self.offset)?;
        self.offset += count as u64;
        Ok(count)
    }
}

impl Length for Window {
    fn len(&self) -> u64 {
        self.0.size()
    }
}

impl ChunkReader for Window {
    type T = BufReader<From>;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Self::T> {
        Ok(BufReader::with_capacity(1_024, From { file: Arc::clone(&self.0), offset: start }))
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<bytes::Bytes> {
        let is_within = start.checked_add(length as u64).is_some_and(|end| end <= self.0.size());
        let bytes = if is_within { self.0.window(start, length)? } else { Vec::new() };
        if bytes.len() < length { Err(ParquetError::EOF("the file ends".to_owned())) } else { Ok(bytes.into()) }
    }
}
