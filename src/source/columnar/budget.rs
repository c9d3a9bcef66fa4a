//! Pages on their way to the crate, counted: a row whose lists go on for ever would be put together in memory before we see any of it.

use super::parquet::Window;
use crate::source::file::OpenedFile;
use parquet::arrow::arrow_reader::RowGroups;
use parquet::column::page::Page;
use parquet::column::page::PageIterator;
use parquet::column::page::PageMetadata;
use parquet::column::page::PageReader;
use parquet::errors::ParquetError;
use parquet::errors::Result;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::reader::SerializedPageReader;
use std::iter;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

/// The most bytes that the pages of one batch come to.
const MOST: u64 = 96 << 20;

/// What a value costs beside its bytes.
const A_VALUE: u64 = 24;

/// What is left for the pages of a batch.
#[derive(Clone)]
pub(super) struct Budget(Arc<AtomicU64>);

impl Budget {
    pub(super) fn new() -> Self {
        Self(Arc::new(AtomicU64::new(MOST)))
    }

    /// Begins another batch.
    pub(super) fn renew(&self) {
        self.0.store(MOST, Ordering::Relaxed);
    }

    fn spend(&self, bytes: u64) -> Result<()> {
        let left = self.0.load(Ordering::Relaxed);
        let left = left.checked_sub(bytes).ok_or_else(|| ParquetError::General("a batch is too large".to_owned()))?;
        self.0.store(left, Ordering::Relaxed);
        Ok(())
    }
}

/// One row group of a file.
pub(super) struct OneGroup<'a> {
    pub(super) file: &'a Arc<OpenedFile>,
    pub(super) metadata: &'a ParquetMetaData,
    pub(super) group: &'a RowGroupMetaData,
    pub(super) budget: Budget,
}

impl RowGroups for OneGroup<'_> {
    fn num_rows(&self) -> usize {
        usize::try_from(self.group.num_rows()).unwrap_or(0)
    }

    fn column_chunks(&self, index: usize) -> Result<Box<dyn PageIterator>> {
        let chunk = self.group.columns().get(index).ok_or_else(|| ParquetError::General("no such column".to_owned()))?;
        let window = Arc::new(Window(Arc::clone(self.file)));
        let pages = SerializedPageReader::new(window, chunk, self.num_rows(), None)?;
        Ok(Box::new(Once(Some(Counted {
            pages,
            has_lists: chunk.column_descr().max_rep_level() > 0,
            budget: self.budget.clone(),
        }))))
    }

    fn row_groups(&self) -> Box<dyn Iterator<Item = &RowGroupMetaData> + '_> {
        Box::new(iter::once(self.group))
    }

    fn metadata(&self) -> &ParquetMetaData {
        self.metadata
    }
}

/// The pages of one row group's part of a column.
struct Once(Option<Counted>);

impl Iterator for Once {
    type Item = Result<Box<dyn PageReader>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.take().map(|pages| Ok(Box::new(pages) as Box<dyn PageReader>))
    }
}

impl PageIterator for Once {}

struct Counted {
    pages: SerializedPageReader<Window>,
    has_lists: bool,
    budget: Budget,
}

impl Iterator for Counted {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl PageReader for Counted {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        let page = self.pages.get_next_page()?;
        if let Some(page) = &page {
            let bytes = page.buffer().len() as u64;
            // The values of a column without lists are read as they are asked for, and come to no more than the rows.
            let values = if self.has_lists { u64::from(page.num_values()) } else { 0 };
            self.budget.spend(bytes.saturating_add(values.saturating_mul(A_VALUE)))?;
        }
        Ok(page)
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.pages.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.pages.skip_next_page()
    }

    fn supports_deferred_dictionary(&self) -> bool {
        self.pages.supports_deferred_dictionary()
    }

    fn take_deferred_dictionary(&mut self) -> Result<Option<Page>> {
        self.pages.take_deferred_dictionary()
    }

    fn at_record_boundary(&mut self) -> Result<bool> {
        self.pages.at_record_boundary()
    }
}
