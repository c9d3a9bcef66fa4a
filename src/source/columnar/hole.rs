//! Bytes of a file that nothing in it accounts for: what was left behind, or put in front.

use crate::source::Problem;
use crate::source::ProblemCode;
use crate::source::file::OpenedFile;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::metadata::RowGroupMetaData;

/// Bytes between the parts of a file that may be padding.
const PADDING: u64 = 16 << 10;

/// What a Parquet file holds beside its columns and what belongs to them.
pub(super) fn in_parquet(file: &OpenedFile, metadata: &ParquetMetaData, footer_start: u64) -> Option<Problem> {
    let range = |start: Option<i64>, length: Option<i64>| {
        let start = u64::try_from(start?).ok()?;
        Some((start, start.saturating_add(u64::try_from(length.unwrap_or(0)).ok()?)))
    };
    let mut parts = vec![(0, 4), (footer_start, file.size())];
    let mut open_ended = Vec::new();
    for chunk in metadata.row_groups().iter().flat_map(RowGroupMetaData::columns) {
        parts.extend(super::page::range(chunk));
        parts.extend(range(chunk.column_index_offset(), chunk.column_index_length().map(i64::from)));
        parts.extend(range(chunk.offset_index_offset(), chunk.offset_index_length().map(i64::from)));
        let bloom = range(chunk.bloom_filter_offset(), chunk.bloom_filter_length().map(i64::from));
        if chunk.bloom_filter_length().is_none() {
            // Its length stands only in the filter itself.
            open_ended.extend(bloom);
        }
        parts.extend(bloom);
    }
    parts.sort_unstable();
    open_ended.sort_unstable();
    let (mut end, mut unknown) = (0, 0_u64);
    for (start, stop) in parts {
        let has_filter = open_ended.iter().any(|(offset, _)| *offset == end);
        if start > end && start - end > PADDING && !has_filter {
            unknown += start - end;
        }
        end = end.max(stop);
    }
    (unknown > 0).then(|| {
        let detail = format!("the file holds {unknown} bytes that nothing in it accounts for; they were not read");
        Problem::of_source(ProblemCode::UnknownFormat, file.name(), detail).in_object(file.name())
    })
}
