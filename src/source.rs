//! Where rows come from: files and databases, opened read-only and read in batches.
//!
//! [`discover()`] follows the SOURCE arguments to a list of [`Session`]s. A session is one opened source: it says what it is, lists what it
//! holds, divides it into [`Split`]s and reads a split into a [`Sink`], one [`RowBatch`] at a time. What could not be seen is a
//! [`Problem`] with a code, a place and a count; no problem and no error ever holds a value of a cell. A new format is a new file that
//! implements [`Session`], and one line in `detect`.

mod batch;
mod bytes;
#[cfg(feature = "columnar")]
mod columnar;
mod copy_text;
mod csv;
mod detect;
mod discover;
mod file;
mod guard;
mod header;
mod json;
mod label;
#[cfg(feature = "columnar")]
mod lake;
mod mysql;
mod nested;
mod opener;
mod options;
mod postgres;
mod recorded;
mod server;
mod sql_dump;
mod sqlite;
#[cfg(test)]
mod testing;
mod unpack;
mod view;
#[cfg(feature = "workbooks")]
mod workbook;

pub(crate) use batch::Locator;
pub(crate) use batch::RowBatch;
pub(crate) use discover::Found;
pub(crate) use discover::SourceError;
pub(crate) use discover::discover;
pub(crate) use discover::is_server;
pub(crate) use discover::shown;
pub(crate) use guard::is_guarded;
pub(crate) use label::Label;
pub(crate) use options::InputFormat;
pub(crate) use options::Options;
pub(crate) use options::TextOptions;
pub(crate) use options::TextRule;
pub(crate) use recorded::Recorded;
pub(crate) use server::Refusal;
pub(crate) use server::ServerError;
pub(crate) use server::ServerOptions;
pub(crate) use unpack::Limits;

use crate::support::progress::Cancel;
use serde::Deserialize;
use serde::Serialize;
use std::borrow::Cow;
use std::fmt;
use thiserror::Error;

/// Parts of an object from which a sample is taken, where its source knows no cheaper places.
const SAMPLED_PARTS: usize = 3;

/// One opened source. It stays open, and its snapshot with it, until it is dropped.
pub(crate) trait Session: Send + Sync {
    /// What this source is, by its own word and by the person's.
    fn identity(&self) -> &Identity;

    /// What is true of the source at this moment, as key and value, and may be otherwise the next time.
    fn facts(&self) -> &[(String, String)] {
        &[]
    }

    /// What holds the rows still while they are read.
    fn consistency(&self) -> Consistency;

    /// Every object and column there is, readable or not.
    fn inventory(&self) -> &Inventory;

    /// Divides an object into about `wanted` parts, which together hold every row once. One part is the serial way and always exact.
    /// This may read the whole object. An object that is not readable has no parts.
    fn splits(&self, object: usize, wanted: usize, cancel: &Cancel) -> Result<Vec<Split>, ReadError>;

    /// Parts from whose beginnings a sample of about `rows` rows is taken: from several places of the object, as far as going there costs
    /// little. Rows may be missing in them, and stand in two.
    fn samples(&self, object: usize, rows: u64, cancel: &Cancel) -> Result<Vec<Split>, ReadError> {
        // Without an order of the rows to lean on, places are as dear as the whole object: a few do.
        let _ = rows;
        let splits = self.splits(object, SAMPLED_PARTS, cancel)?;
        let step = splits.len().div_ceil(SAMPLED_PARTS).max(1);
        Ok(splits.into_iter().step_by(step).collect())
    }

    /// Whether several threads may read splits of this session at once.
    fn is_parallel(&self) -> bool;

    /// Reads one split to its end. A source that breaks off midway is a problem in the report, and the rows before it stand. After
    /// [`ReadError::SplitMismatch`] every row of the object that was handed over is void, from this split and from the others: the
    /// caller reads `splits(object, 1)` instead.
    fn read(&self, split: &Split, sink: &mut dyn Sink, cancel: &Cancel) -> Result<SplitReport, ReadError>;

    /// Lets go what is needed only while rows are read, such as connections beside the one that holds the snapshot. They come back when they
    /// are needed again.
    fn rest(&self) {}

    /// What happened to the source since it was opened that makes the reading doubtful. To be asked for after the last read.
    fn recheck(&self) -> Vec<Problem>;

    /// Says before the rows are read that the digest will be asked for, so that it can be made of the same bytes on the way.
    fn will_digest(&self) {}

    /// BLAKE3 of the content in hexadecimal, where the source is a file; `None` where it is none.
    fn digest(&self, cancel: &Cancel) -> Result<Option<String>, ReadError>;

    /// What besides the digest, the name and the columns decides the rows, and what the system says of the file: of use to see whether it is
    /// still as another run of the program read it. `None` where more than the bytes of a file decides the rows, as a log beside a database
    /// does, and where the file was touched since it was opened.
    fn standing(&self) -> Option<String> {
        None
    }

    /// The statements by which an administrator makes an account that may read all of this source and nothing else; `None` where there are no
    /// accounts. `databases` of the server are read in one scan.
    fn grants(&self, role: &str, databases: usize) -> Result<Option<Grants>, ReadError> {
        let _ = (role, databases);
        Ok(None)
    }

    /// The statements by which an administrator gives the account that reads this source what it lacks to read all of it, and nothing else; empty where
    /// nothing is missing, `None` where there are no accounts.
    fn missing_grants(&self) -> Result<Option<String>, ReadError> {
        Ok(None)
    }
}

/// Statements that make an account. They hold no password.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Grants {
    /// What is said once for a server, the same by each of its databases.
    pub(crate) server: String,
    /// What is said of the one database.
    pub(crate) database: String,
}

/// What a source is.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub(crate) struct Identity {
    /// The format, for instance `csv` or `sqlite`.
    pub(crate) kind: Cow<'static, str>,
    /// The name as declared, for instance `sqlite:crm.db` or `exports/contacts.csv`.
    pub(crate) name: String,
    /// Stable facts in a fixed order, as key and value.
    pub(crate) facts: Vec<(String, String)>,
}

/// What holds the rows still while they are read.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Consistency {
    /// One snapshot that several connections share.
    SharedSnapshot,
    /// One read transaction on one connection.
    OneConnection,
    /// Size, time and inode of a file, compared at the end.
    FileStat,
    /// A private copy that nobody else can change.
    PrivateCopy,
    /// Nothing: rows may move while they are read.
    None,
}

impl Consistency {
    /// The word for it in machine output.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Consistency::SharedSnapshot => "shared-snapshot",
            Consistency::OneConnection => "one-connection",
            Consistency::FileStat => "file-stat",
            Consistency::PrivateCopy => "private-copy",
            Consistency::None => "none",
        }
    }
}

/// Everything that a source holds.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub(crate) struct Inventory {
    pub(crate) objects: Vec<Object>,
    /// There may be objects that cannot even be listed.
    pub(crate) blind: bool,
    /// What is already known to be wrong with the objects before a row is read.
    pub(crate) problems: Vec<Problem>,
}

/// A table, or what takes its place.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub(crate) struct Object {
    pub(crate) name: String,
    pub(crate) kind: ObjectKind,
    pub(crate) columns: Vec<Column>,
    /// Columns of the declared primary key, in its order; empty where none is declared.
    pub(crate) primary_key: Vec<usize>,
    /// The exact number of rows in the snapshot, where it is known beforehand.
    pub(crate) rows_expected: Option<u64>,
    /// About how many rows there are, by the database's own statistics, where the number is not known.
    pub(crate) rows_estimated: Option<u64>,
    /// The size in bytes, for progress, where it is known.
    pub(crate) bytes: Option<u64>,
    pub(crate) access: Access,
    /// How the object is read, as key and value, to be shown to people.
    pub(crate) details: Vec<(String, String)>,
}

/// What sort of object it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub(crate) enum ObjectKind {
    /// A text file that is one table.
    File,
    Table,
    View,
    /// A view whose rows are stored.
    MaterialisedView,
    /// A table whose rows come from another server or a file.
    ForeignTable,
    /// Large values that no table holds.
    LargeObjects,
    /// A table whose rows come from a module of the database.
    VirtualTable,
}

impl ObjectKind {
    /// The word for it in machine output.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            ObjectKind::File => "file",
            ObjectKind::Table => "table",
            ObjectKind::View => "view",
            ObjectKind::MaterialisedView => "materialised-view",
            ObjectKind::ForeignTable => "foreign-table",
            ObjectKind::LargeObjects => "large-objects",
            ObjectKind::VirtualTable => "virtual-table",
        }
    }
}

/// A column of an object.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) declared_type: Option<String>,
    pub(crate) access: Access,
}

/// Whether an object or a column can be read, and if not, why.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Access {
    Readable,
    /// The privileges do not allow it.
    Denied(String),
    /// Only some rows are shown, for instance by row-level security.
    Filtered(String),
    /// It holds no rows of its own: they are read where they are stored. Not a gap.
    Derived(String),
    /// This program cannot read it.
    Unsupported(String),
}

impl Access {
    /// Whether rows can be read from it.
    pub(crate) fn is_readable(&self) -> bool {
        matches!(self, Access::Readable)
    }

    /// Why a part of the ground stays unseen, where it does.
    pub(crate) fn problem(&self) -> Option<(ProblemCode, &str)> {
        match self {
            Access::Readable | Access::Derived(_) => None,
            Access::Denied(reason) => Some((ProblemCode::Denied, reason)),
            Access::Filtered(reason) => Some((ProblemCode::Filtered, reason)),
            Access::Unsupported(reason) => Some((ProblemCode::Unsupported, reason)),
        }
    }
}

/// A part of an object that is read on its own, by whom and where is open: it can be written down and sent.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Split {
    /// The object's place in the inventory.
    pub(crate) object: usize,
    /// The part's place among the parts of its object, from 0.
    pub(crate) index: usize,
    pub(crate) extent: Extent,
}

/// What a split covers.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Extent {
    /// The whole object.
    Whole,
    /// The records that begin in a range of bytes; both ends lie on record boundaries.
    Bytes { start: u64, end: u64 },
    /// The rows of a table whose row ids lie between two, both included.
    RowIds { first: i64, last: i64 },
    /// The rows on pages of a table, from the first to the last; without a last, to the table's end.
    Pages { first: u32, last: Option<u32> },
    /// The row groups, batches or blocks of a file from the first to the last, both included, counted from 0.
    Groups { first: usize, last: usize },
    /// So many rows from the beginning of an object, for a sample.
    First { rows: u64 },
    /// So many rows from the end of an object, by its primary key, for a sample.
    Last { rows: u64 },
}

/// What the reading of a split came to.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SplitReport {
    pub(crate) rows: u64,
    /// Bytes of the file that were read, or bytes of text where there is no file.
    pub(crate) bytes: u64,
    pub(crate) problems: Vec<Problem>,
}

impl SplitReport {
    /// Adds the report of another part of the same object. What both complain of is one problem with a larger count.
    pub(crate) fn absorb(&mut self, part: SplitReport) {
        self.rows += part.rows;
        self.bytes += part.bytes;
        for problem in part.problems {
            match self
                .problems
                .iter_mut()
                .find(|known| known.count.is_some() && problem.count.is_some() && known.is_like(&problem))
            {
                Some(known) => {
                    known.count = Some(known.count.unwrap_or(0) + problem.count.unwrap_or(0));
                    known.first = known.first.into_iter().chain(problem.first).min();
                }
                None => self.problems.push(problem),
            }
        }
    }
}

/// Takes batches of rows.
pub(crate) trait Sink {
    /// Takes a full batch and gives back one to fill, whose content is discarded. [`Stopped`] ends the read.
    fn take(&mut self, batch: RowBatch) -> Result<RowBatch, Stopped>;
}

/// A sink wants no further rows.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("the reader was told to stop")]
pub(crate) struct Stopped;

/// Why a split was not read to its end.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub(crate) enum ReadError {
    /// The person interrupted the job.
    #[error("interrupted")]
    Cancelled,
    /// The sink ended the read.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// The records do not end where the split ends, which happens with unbalanced quotes: read the object as one split.
    #[error("the records do not end where the part of the file ends")]
    SplitMismatch,
    /// The split belongs to another source: a bug of the caller, or a split of an earlier state of the file.
    #[error("no such part of this source")]
    UnknownSplit,
    /// The source gave an error before any row was read.
    #[error("{0}")]
    Failed(Problem),
}

/// A part of the ground that was not seen, or not seen as it should be.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Problem {
    pub(crate) code: ProblemCode,
    /// The source's name as declared.
    pub(crate) source: String,
    /// The object's name; `None` where the whole source is meant.
    pub(crate) object: Option<String>,
    pub(crate) column: Option<String>,
    /// How many rows or cells, where it can be counted.
    pub(crate) count: Option<u64>,
    /// The byte of the file where the first of those rows begins. Never a row id, which may be a person's number.
    pub(crate) first: Option<u64>,
    /// A lower-case phrase for people, without values.
    pub(crate) detail: String,
}

impl Problem {
    /// A problem of a whole source.
    pub(crate) fn of_source(code: ProblemCode, source: &str, detail: impl Into<String>) -> Self {
        Self { code, source: source.to_owned(), object: None, column: None, count: None, first: None, detail: detail.into() }
    }

    /// The same problem, placed in an object.
    pub(crate) fn in_object(mut self, object: &str) -> Self {
        self.object = Some(object.to_owned());
        self
    }

    /// The same problem, placed in a column.
    pub(crate) fn in_column(mut self, column: &str) -> Self {
        self.column = Some(column.to_owned());
        self
    }

    /// The same problem with the number of rows or cells.
    pub(crate) fn counted(mut self, count: u64) -> Self {
        self.count = Some(count);
        self
    }

    /// The same problem with the place of the first row, where that is a place in a file.
    pub(crate) fn first_at(mut self, first: Option<Locator>) -> Self {
        if let Some(Locator::ByteOffset(offset)) = first {
            self.first = Some(offset);
        }
        self
    }

    /// What is wrong, and where it begins.
    pub(crate) fn explanation(&self) -> String {
        match self.first {
            None => self.detail.clone(),
            Some(offset) => format!("{} (the first at byte {offset})", self.detail),
        }
    }

    /// Whether both say the same of one place, so that their counts add up.
    fn is_like(&self, other: &Problem) -> bool {
        (self.code, &self.source, &self.object, &self.column, &self.detail)
            == (other.code, &other.source, &other.object, &other.column, &other.detail)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}`", self.source)?;
        if let Some(object) = self.object.as_ref().filter(|object| **object != self.source) {
            write!(formatter, ", `{object}`")?;
        }
        if let Some(column) = &self.column {
            write!(formatter, ", column `{column}`")?;
        }
        write!(formatter, ": {}", self.explanation())
    }
}

/// What sort of problem it is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ProblemCode {
    /// The operating system or the database refused to open or to list it.
    Unreadable,
    /// Neither a table nor any format that this program knows.
    UnknownFormat,
    /// A format, an encoding or a kind of object that this program knows of but cannot read.
    Unsupported,
    /// Privileges are missing.
    Denied,
    /// Rows are hidden by a policy.
    Filtered,
    /// A file without content.
    Empty,
    /// A FIFO, a socket or a device.
    NotRegular,
    /// Symbolic links that lead in a circle.
    SymlinkLoop,
    /// More than one delimiter divides the rows evenly, or none does.
    AmbiguousDelimiter,
    /// The encoding of a text can only be guessed, or rows are in another than the rest.
    AmbiguousEncoding,
    /// A column of fixed width ends within words.
    DoubtfulWidths,
    /// The first row is stated to name the columns, and holds values.
    DoubtfulHeader,
    /// Rows with fewer or more cells than the table has columns.
    RaggedRows,
    /// Cells whose bytes are no text in the encoding; they are read with replacement characters.
    Undecodable,
    /// Cells that hold bytes rather than text; they are not read.
    BinaryCells,
    /// Rows or cells beyond the largest size that is read.
    RowTooLong,
    /// Packed content beyond what is unpacked: too large, too dense, too deep, or of too many files.
    BeyondLimit,
    /// Several columns bear the same name.
    DuplicateColumn,
    /// The source changed between its opening and the end of the reading.
    ChangedWhileRead,
    /// The end is missing: a quote that is never closed, a file shorter than it was.
    CutShort,
    /// An error in the middle of the reading; the rows before it were read.
    ReadFailed,
    /// A database of the server that is not among the sources.
    NotAsked,
    /// The server is a copy that lags behind what it copies.
    Stale,
}

impl ProblemCode {
    /// The word for it in machine output.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            ProblemCode::Unreadable => "unreadable",
            ProblemCode::UnknownFormat => "unknown_format",
            ProblemCode::Unsupported => "unsupported",
            ProblemCode::Denied => "denied",
            ProblemCode::Filtered => "filtered",
            ProblemCode::Empty => "empty",
            ProblemCode::NotRegular => "not_regular",
            ProblemCode::SymlinkLoop => "symlink_loop",
            ProblemCode::AmbiguousDelimiter => "ambiguous_delimiter",
            ProblemCode::AmbiguousEncoding => "ambiguous_encoding",
            ProblemCode::DoubtfulWidths => "doubtful_widths",
            ProblemCode::DoubtfulHeader => "doubtful_header",
            ProblemCode::RaggedRows => "ragged_rows",
            ProblemCode::Undecodable => "undecodable",
            ProblemCode::BinaryCells => "binary_cells",
            ProblemCode::RowTooLong => "row_too_long",
            ProblemCode::BeyondLimit => "beyond_limit",
            ProblemCode::DuplicateColumn => "duplicate_column",
            ProblemCode::ChangedWhileRead => "changed_while_read",
            ProblemCode::CutShort => "cut_short",
            ProblemCode::ReadFailed => "read_failed",
            ProblemCode::NotAsked => "not_asked",
            ProblemCode::Stale => "stale",
        }
    }
}
