//! What the readers of workbooks of every format share: tables, the cells that they hand over one after another, and why they stop.

use crate::source::Problem;
use crate::source::ProblemCode;
use crate::source::ReadError;
use crate::source::file::io_reason;
use crate::support::progress::Cancel;
use std::io;

/// The columns that a sheet of any format may have.
pub(super) const MOST_COLUMNS: u32 = 1 << 14;

/// The rows that a sheet of any format may have.
pub(super) const MOST_ROWS: u32 = 1 << 20;

/// The merged regions of a sheet that are heeded.
pub(super) const MOST_REGIONS: usize = 1 << 20;

/// A workbook of one format.
pub(super) trait Book: Send + Sync {
    /// The format's usual ending.
    fn format(&self) -> &'static str;

    /// Everything that holds rows.
    fn tables(&self) -> &[Table];

    /// Shows all cells of a table to `visit`, row by row.
    fn walk(&self, table: usize, visit: &mut dyn Visit, cancel: &Cancel) -> Result<(), Halt>;

    /// The regions of a table whose cells are merged.
    fn regions(&self, table: usize, cancel: &Cancel) -> Result<Regions, Halt>;

    /// Lets go what is needed only while rows are read.
    fn rest(&self) {}
}

/// A sheet, or what else of a workbook holds rows.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) details: Vec<(String, String)>,
    /// The names of its columns, where they are no matter of its rows.
    pub(super) names: Option<Vec<String>>,
    /// Bytes of the file that it takes up.
    pub(super) bytes: Option<u64>,
}

/// What a cell holds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'a> {
    Text(&'a str),
    /// An error, which stands for no value.
    Error,
    /// A formula whose result was never stored.
    Uncached,
    /// A value that this program cannot tell.
    Unknown,
}

/// Is shown the cells of a table.
pub(super) trait Visit {
    /// A row begins, by its number from 1. The one before it is over.
    fn row(&mut self, number: u32) -> Result<(), Halt>;

    /// A cell of the row, by its column from 0. Cells that hold nothing are left out.
    fn cell(&mut self, column: u32, value: Value<'_>) -> Result<(), Halt>;

    /// The row that is over now stands so many times more.
    fn repeat(&mut self, times: u32) -> Result<(), Halt>;
}

/// Why a table was not walked to its end.
#[derive(Debug)]
pub(super) enum Halt {
    /// Whoever looks has seen enough.
    Enough,
    Ended(ReadError),
    /// Something is wrong with the file.
    Fault(ProblemCode, String),
}

impl Halt {
    pub(super) fn failed(detail: impl Into<String>) -> Halt {
        Halt::Fault(ProblemCode::ReadFailed, detail.into())
    }

    pub(super) fn unsupported(detail: impl Into<String>) -> Halt {
        Halt::Fault(ProblemCode::Unsupported, detail.into())
    }

    /// An error of reading, which may be a request to stop in disguise.
    pub(super) fn of_io(error: &io::Error, cancel: &Cancel) -> Halt {
        if cancel.is_cancelled() {
            return Halt::Ended(ReadError::Cancelled);
        }
        let code = if error.kind() == io::ErrorKind::UnexpectedEof { ProblemCode::CutShort } else { ProblemCode::ReadFailed };
        Halt::Fault(code, io_reason(error))
    }

    /// As a problem of a source; an interruption is none.
    pub(super) fn problem(self, source: &str) -> Result<Problem, ReadError> {
        match self {
            Halt::Enough => Err(ReadError::Cancelled),
            Halt::Ended(error) => Err(error),
            Halt::Fault(code, detail) => Ok(Problem::of_source(code, source, detail)),
        }
    }
}

impl From<ReadError> for Halt {
    fn from(error: ReadError) -> Halt {
        Halt::Ended(error)
    }
}

/// A block of cells that show as one. Rows from 1, columns from 0, the last included.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Region {
    pub(super) first_row: u32,
    pub(super) last_row: u32,
    pub(super) first_column: u32,
    pub(super) last_column: u32,
}

/// The merged regions of a table, by their first rows.
#[derive(Debug, Default)]
pub(super) struct Regions {
    pub(super) all: Vec<Region>,
    /// Regions that were one too many, or no regions.
    pub(super) left_out: u64,
}

impl Regions {
    pub(super) fn push(&mut self, region: Option<Region>) {
        match region {
            Some(region) if self.all.len() < MOST_REGIONS => self.all.push(region),
            _ => self.left_out += 1,
        }
    }

    pub(super) fn sorted(mut self) -> Regions {
        self.all.sort_unstable();
        self
    }
}

/// A cell's place by its name, for instance `B7`: the row from 1 and the column from 0.
pub(super) fn place_of(name: &str) -> Option<(u32, u32)> {
    let letters = name.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (letters, digits) = name.split_at(letters);
    if letters.is_empty() || letters.len() > 4 || digits.len() > 9 {
        return None;
    }
    let column = letters.bytes().fold(0_u32, |column, letter| column * 26 + u32::from(letter.to_ascii_uppercase() - b'A') + 1);
    let row = digits.parse().ok()?;
    Some((row, column - 1))
}

/// A region by its name, for instance `A1:B7`.
pub(super) fn region_of(name: &str) -> Option<Region> {
    let (first, last) = name.split_once(':').unwrap_or((name, name));
    let ((row, column), (other_row, other_column)) = (place_of(first)?, place_of(last)?);
    Some(Region {
        first_row: row.min(other_row),
        last_row: row.max(other_row),
        first_column: column.min(other_column),
        last_column: column.max(other_column),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_cells_are_places() {
        assert_eq!(place_of("A1"), Some((1, 0)));
        assert_eq!(place_of("XFD1048576"), Some((1_048_576, 16_383)));
        for name in ["", "1", "A", "AAAAA1", "A99999999999", "A-1", "A1x"] {
            assert_eq!(place_of(name), None, "{name}");
        }
        let region = Region { first_row: 2, last_row: 4, first_column: 1, last_column: 27 };
        assert_eq!(region_of("B2:AB4"), Some(region));
        assert_eq!(region_of("AB4:B2"), Some(region));
        assert_eq!(region_of("B2:x"), None);
    }
}
