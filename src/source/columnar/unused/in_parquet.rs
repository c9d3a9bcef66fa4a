//! Dictionaries in Parquet: each part of a column begins with its own, and the pages behind refer to its values by number.
//!
//! Row groups that one table in memory was written to often have the same dictionary, of which each uses a part: what any of them uses, is used.

use super::Leftover;
use super::MOST_VALUES;
use super::Used;
use crate::source::ProblemCode;
use crate::source::ReadError;
use crate::source::columnar::page;
use crate::source::columnar::parquet::MOST_HELD;
use crate::source::columnar::parquet::Window;
use crate::source::columnar::rows::Pour;
use crate::source::file::OpenedFile;
use crate::source::guard::guarded;
use crate::support::progress::Cancel;
use arrow_schema::Field;
use arrow_schema::Fields;
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReader;
use parquet::arrow::arrow_reader::RowGroups;
use parquet::arrow::parquet_to_arrow_field_levels;
use parquet::basic::Encoding;
use parquet::basic::Repetition;
use parquet::column::page::Page;
use parquet::column::page::PageIterator;
use parquet::column::page::PageMetadata;
use parquet::column::page::PageReader;
use parquet::errors::ParquetError;
use parquet::errors::Result;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::reader::SerializedPageReader;
use parquet::schema::types::SchemaDescriptor;
use parquet::schema::types::Type;
use std::collections::BTreeMap;
use std::collections::HashSet;
use std::iter;
use std::sync::Arc;

/// Values that are read at a time.
const AT_A_TIME: usize = 4_096;

/// A dictionary by its column and its content.
type Key = (usize, blake3::Hash);

/// What is known of the dictionaries of a file.
#[derive(Default)]
struct Known {
    /// Those of which every value is used.
    whole: HashSet<Key>,
    /// The others, each with the first row group that has it.
    open: BTreeMap<(usize, [u8; 32]), (usize, Used)>,
    values: u64,
}

/// The dictionaries of a file with values that no row uses; `None` where there are more than can be looked at.
pub(in super::super) fn find(
    file: &Arc<OpenedFile>,
    metadata: &ParquetMetaData,
    is_read: impl Fn(usize) -> bool,
    cancel: &Cancel,
) -> Option<Vec<Leftover>> {
    let mut known = Known::default();
    for (part, group) in metadata.row_groups().iter().enumerate() {
        for (leaf, chunk) in group.columns().iter().enumerate().filter(|(leaf, _)| is_read(*leaf)) {
            if cancel.is_cancelled() {
                return Some(Vec::new());
            }
            // What is damaged is told when the rows are read.
            let may_be_read = chunk.file_path().is_none()
                && page::has_dictionary(file, chunk).unwrap_or(false)
                && page::survey(file, chunk, true).is_ok_and(|pages| pages.flaw.is_none() && pages.held <= MOST_HELD);
            if may_be_read {
                let _ = guarded(|| known.look(file, chunk, (part, leaf), group.num_rows()));
            }
            if known.values > MOST_VALUES {
                return None;
            }
        }
    }
    Some(known.open.into_iter().map(|((leaf, _), (part, used))| Leftover { leaf, part, used }).collect())
}

impl Known {
    /// Goes through the pages of a part of a column until no value is left. A page that cannot be read leaves values unmarked, and so to be seen.
    fn look(
        &mut self,
        file: &Arc<OpenedFile>,
        chunk: &ColumnChunkMetaData,
        (part, leaf): (usize, usize),
        rows: i64,
    ) -> Result<()> {
        let mut pages = pages(file, chunk, rows)?;
        let Some(Page::DictionaryPage { buf, num_values, .. }) = pages.get_next_page()? else { return Ok(()) };
        let digest = blake3::hash(&buf);
        if self.whole.contains(&(leaf, digest)) {
            return Ok(());
        }
        // Each value takes a byte at least.
        let values = u64::from(num_values).min(buf.len() as u64);
        let (_, used) = self.open.entry((leaf, *digest.as_bytes())).or_insert_with(|| {
            self.values += values;
            (part, Used::none_of(values))
        });
        let mut outcome = Ok(());
        while used.left() > 0 && outcome.is_ok() {
            match pages.get_next_page() {
                Ok(Some(page)) => mark(&page, chunk, used).unwrap_or_default(),
                Ok(None) => break,
                Err(error) => outcome = Err(error),
            }
        }
        if used.left() == 0 {
            self.values -= used.values();
            self.open.remove(&(leaf, *digest.as_bytes()));
            self.whole.insert((leaf, digest));
        }
        outcome
    }
}

fn pages(file: &Arc<OpenedFile>, chunk: &ColumnChunkMetaData, rows: i64) -> Result<SerializedPageReader<Window>> {
    SerializedPageReader::new(Arc::new(Window(Arc::clone(file))), chunk, usize::try_from(rows).unwrap_or(0), None)
}

/// Marks the values that a page refers to. `None` where it is damaged.
fn mark(page: &Page, chunk: &ColumnChunkMetaData, used: &mut Used) -> Option<()> {
    let descriptor = chunk.column_descr();
    let (definition, repetition) = (width(descriptor.max_def_level()), width(descriptor.max_rep_level()));
    let (encoding, count, definitions, values) = match page {
        Page::DictionaryPage { .. } => return Some(()),
        Page::DataPage { buf, num_values, encoding, def_level_encoding, rep_level_encoding, .. } => {
            let count = *num_values as usize;
            let (_, rest) = levels(buf, repetition, *rep_level_encoding, count)?;
            let (definitions, values) = levels(rest, definition, *def_level_encoding, count)?;
            (encoding, count, definitions, values)
        }
        Page::DataPageV2 { buf, num_values, encoding, def_levels_byte_len, rep_levels_byte_len, .. } => {
            let (_, rest) = buf.split_at_checked(*rep_levels_byte_len as usize)?;
            let (definitions, values) = rest.split_at_checked(*def_levels_byte_len as usize)?;
            (encoding, *num_values as usize, Levels::Runs(definitions), values)
        }
    };
    if !matches!(encoding, Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY) {
        return Some(());
    }
    // NULLs have no number. What fills up the last numbers refers to nothing.
    let mut filled = count;
    if definition > 0 {
        let highest = u32::try_from(descriptor.max_def_level()).ok()?;
        filled = 0;
        let mut count_level = |level, times| filled += if level == highest { times } else { 0 };
        match definitions {
            Levels::Runs(bytes) => runs(bytes, definition, count, &mut count_level)?,
            Levels::Bits(bytes) => (0..count).try_for_each(|index| {
                count_level(bits_from_the_top(bytes, index, definition)?, 1);
                Some(())
            })?,
        }
    }
    let (width, values) = values.split_first()?;
    runs(values, u32::from(*width), filled, &mut |value, _| used.mark(value as usize))
}

/// How levels are written.
enum Levels<'a> {
    Runs(&'a [u8]),
    /// The old way: one behind the other, from the top bit on.
    Bits(&'a [u8]),
}

/// The bits that it takes to write a level.
fn width(highest: i16) -> u32 {
    16 - highest.max(0).leading_zeros()
}

/// The levels that a page begins with, and what is behind.
fn levels(bytes: &[u8], width: u32, encoding: Encoding, count: usize) -> Option<(Levels<'_>, &[u8])> {
    if width == 0 {
        return Some((Levels::Runs(&[]), bytes));
    }
    if encoding == Encoding::RLE {
        let (length, rest) = bytes.split_at_checked(4)?;
        let (levels, rest) = rest.split_at_checked(u32::from_le_bytes(length.try_into().ok()?) as usize)?;
        return Some((Levels::Runs(levels), rest));
    }
    let (levels, rest) = bytes.split_at_checked(count.checked_mul(width as usize)?.div_ceil(8))?;
    Some((Levels::Bits(levels), rest))
}

fn bits_from_the_top(bytes: &[u8], index: usize, width: u32) -> Option<u32> {
    let bits = index * width as usize..(index + 1) * width as usize;
    bits.into_iter().try_fold(0, |value, bit| Some(value << 1 | u32::from(bytes.get(bit / 8)? >> (7 - bit % 8) & 1)))
}

/// Shows so many numbers of runs, in which a number is repeated or numbers stand packed by eights; each with how often it comes there.
fn runs(mut bytes: &[u8], width: u32, mut count: usize, show: &mut impl FnMut(u32, usize)) -> Option<()> {
    if width > 32 {
        return None;
    }
    while count > 0 {
        let head = varint(&mut bytes)?;
        let length = usize::try_from(head >> 1).ok()?;
        if head & 1 == 0 {
            let (value, rest) = bytes.split_at_checked(width.div_ceil(8) as usize)?;
            let value = value.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte));
            let times = length.min(count);
            if times > 0 {
                show(value, times);
            }
            (bytes, count) = (rest, count - times);
        } else {
            let numbers = length.checked_mul(8)?;
            let packed = &bytes[..length.checked_mul(width as usize)?.min(bytes.len())];
            // The last run may be cut where its numbers end.
            let times = numbers.min(count);
            for index in 0..times {
                show(packed_number(packed, index, width)?, 1);
            }
            (bytes, count) = (&bytes[packed.len()..], count - times);
        }
    }
    Some(())
}

#[inline]
fn packed_number(bytes: &[u8], index: usize, width: u32) -> Option<u32> {
    let bit = index.checked_mul(width as usize)?;
    if bit + width as usize > bytes.len() * 8 {
        return None;
    }
    let rest = &bytes[(bit / 8).min(bytes.len())..];
    let word = rest.first_chunk().copied().unwrap_or_else(|| {
        let mut word = [0; 8];
        word[..rest.len()].copy_from_slice(rest);
        word
    });
    let mask = (1_u64 << width) - 1;
    u32::try_from(u64::from_le_bytes(word) >> (bit % 8) & mask).ok()
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if *byte < 0x80 {
            return Some(value);
        }
    }
    None
}

/// Hands over the values of a dictionary that no row uses. The crate reads them as those of a column without NULLs, whose pages refer to
/// them and to no others.
pub(in super::super) fn read(
    file: &Arc<OpenedFile>,
    metadata: &ParquetMetaData,
    leftover: &Leftover,
    field: &Field,
    pour: &mut Pour<'_>,
    cancel: &Cancel,
) -> std::result::Result<(), ReadError> {
    let mut missing = leftover.used.left();
    let reader = guarded(|| {
        let group = metadata.row_group(leftover.part);
        let chunk = group.column(leftover.leaf);
        let schema = alone(chunk.column_descr().self_type())?;
        let field = Field::new(schema.root_schema().get_fields()[0].name(), field.data_type().clone(), false);
        let hint = Fields::from(vec![field]);
        let levels = parquet_to_arrow_field_levels(&schema, ProjectionMask::all(), Some(&hint))?;
        let dictionary = pages(file, chunk, group.num_rows())?.get_next_page()?;
        let numbers = (0..leftover.used.values()).filter_map(|value| u32::try_from(value).ok());
        let numbers = numbers.filter(|value| !leftover.used.is_used(*value as usize)).collect();
        let source = Source { metadata, dictionary, numbers };
        ParquetRecordBatchReader::try_new_with_row_groups(&levels, &source, AT_A_TIME, None)
    });
    if let Some(Ok(mut reader)) = reader {
        while let Some(Some(Ok(batch))) = guarded(|| reader.next()) {
            for values in batch.columns() {
                pour.values(values.as_ref(), |_| true, cancel)?;
                missing = missing.saturating_sub(values.len() as u64);
            }
        }
    }
    if missing > 0 {
        pour.lost(ProblemCode::ReadFailed, Some(missing), "values of dictionaries were not read: their data are damaged");
    }
    Ok(())
}

/// The schema of a column that stands alone and has no NULLs.
fn alone(kind: &Type) -> Result<SchemaDescriptor> {
    let Type::PrimitiveType { basic_info: info, physical_type, type_length, scale, precision } = kind else {
        return Err(ParquetError::General("no column".to_owned()));
    };
    let column = Type::primitive_type_builder(info.name(), *physical_type)
        .with_repetition(Repetition::REQUIRED)
        .with_converted_type(info.converted_type())
        .with_logical_type(info.logical_type_ref().cloned())
        .with_length(*type_length)
        .with_precision(*precision)
        .with_scale(*scale)
        .build()?;
    let root = Type::group_type_builder("schema").with_fields(vec![Arc::new(column)]).build()?;
    Ok(SchemaDescriptor::new(Arc::new(root)))
}

/// A dictionary, and the numbers of the values that are to be read.
struct Source<'a> {
    metadata: &'a ParquetMetaData,
    dictionary: Option<Page>,
    numbers: Vec<u32>,
}

impl RowGroups for Source<'_> {
    fn num_rows(&self) -> usize {
        self.numbers.len()
    }

    fn column_chunks(&self, _index: usize) -> Result<Box<dyn PageIterator>> {
        let mut pages: Vec<Page> = self.dictionary.iter().cloned().collect();
        pages.extend(self.numbers.chunks(AT_A_TIME).map(page_of));
        Ok(Box::new(Once(Some(Pages(pages.into_iter())))))
    }

    fn row_groups(&self) -> Box<dyn Iterator<Item = &RowGroupMetaData> + '_> {
        Box::new(iter::empty())
    }

    fn metadata(&self) -> &ParquetMetaData {
        self.metadata
    }
}

/// A page that refers to values by these numbers, in one run of 32 bits each.
fn page_of(numbers: &[u32]) -> Page {
    let eights = numbers.len().div_ceil(8);
    let head = (eights << 1) | 1;
    let low = |value: usize| u8::try_from(value % 0x80).unwrap_or(0);
    let mut buffer = vec![32, low(head) | 0x80, low(head >> 7)];
    buffer.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
    buffer.resize(3 + eights * 32, 0);
    let count = u32::try_from(numbers.len()).unwrap_or(0);
    Page::DataPageV2 {
        buf: Bytes::from(buffer),
        num_values: count,
        encoding: Encoding::RLE_DICTIONARY,
        num_nulls: 0,
        num_rows: count,
        def_levels_byte_len: 0,
        rep_levels_byte_len: 0,
        is_compressed: false,
        statistics: None,
    }
}

struct Once(Option<Pages>);

impl Iterator for Once {
    type Item = Result<Box<dyn PageReader>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.take().map(|pages| Ok(Box::new(pages) as Box<dyn PageReader>))
    }
}

impl PageIterator for Once {}

struct Pages(std::vec::IntoIter<Page>);

impl Iterator for Pages {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(Ok)
    }
}

impl PageReader for Pages {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        Ok(self.0.next())
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        Ok(None)
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.0.next();
        Ok(())
    }
}
