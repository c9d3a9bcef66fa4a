//! Gaps: parts of the ground that a scan did not see. One is enough for `inconclusive`.

use serde::Deserialize;
use serde::Serialize;
use std::fmt;

/// Why a part was not seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum GapCode {
    /// It could not be opened or listed.
    Unreadable,
    /// It is of no kind that this program reads.
    UnknownFormat,
    /// It holds nothing at all, not even a header.
    Empty,
    /// It is a device, a pipe or a socket.
    NotRegular,
    /// A chain of symbolic links that leads back to itself.
    SymlinkLoop,
    /// More than one delimiter divides the rows evenly, or none does.
    AmbiguousDelimiter,
    /// The encoding of a text can only be guessed.
    AmbiguousEncoding,
    /// A column of fixed width ends within words.
    DoubtfulWidths,
    /// The first row is stated to name the columns, and holds values.
    DoubtfulHeader,
    /// Rows with more or fewer cells than the header.
    RaggedRows,
    /// Bytes that are no text in the encoding.
    Undecodable,
    /// A row or cell over the limit.
    RowTooLong,
    /// Packed content beyond what is unpacked.
    BeyondLimit,
    /// Two columns of one name.
    DuplicateColumn,
    /// It changed while it was read.
    ChangedWhileRead,
    /// Access was refused.
    Denied,
    /// The system showed only a part of the rows.
    Filtered,
    /// It is of a kind that this program does not read yet.
    Unsupported,
    /// It ends too early.
    CutShort,
    /// Reading broke off.
    ReadFailed,
    /// Cells that hold no text.
    BinaryCells,
    /// Objects may exist that could not even be listed.
    Blind,
    /// Fewer or more rows were read than the system said it holds.
    RowCount,
    /// A column that is not mapped holds what looks like personal data.
    UnmappedPersonal,
    /// A target with personal columns, of which no match key can be formed.
    NoKey,
    /// Rows whose personal values were not understood, and that formed no key.
    UnreadableValues,
    /// A column most of whose values are not of the kind that it was taken for.
    ImplausibleMapping,
    /// A column of digests.
    HashedValues,
    /// A column of encrypted or binary values, written as text.
    EncodedValues,
    /// Telephone numbers or identifiers in scientific notation.
    RoundedNumbers,
    /// Rows with more ambiguous readings than are tried.
    TooManyReadings,
    /// Rows that hold one value of a person each, under its name.
    AttributeRows,
    /// More rows were scanned than the classes of the keys were planned for.
    RowsAbovePlan,
    /// A database of a server that is not among the sources.
    NotAsked,
    /// A server that is a copy, and lags behind what it copies.
    Stale,
    /// A part of a divided scan that nobody handed in.
    MissingSplit,
}

impl GapCode {
    /// Every code, for documents and tests.
    pub(crate) const ALL: [GapCode; 36] = [
        GapCode::Unreadable,
        GapCode::UnknownFormat,
        GapCode::Empty,
        GapCode::NotRegular,
        GapCode::SymlinkLoop,
        GapCode::AmbiguousDelimiter,
        GapCode::AmbiguousEncoding,
        GapCode::DoubtfulWidths,
        GapCode::DoubtfulHeader,
        GapCode::RaggedRows,
        GapCode::Undecodable,
        GapCode::RowTooLong,
        GapCode::BeyondLimit,
        GapCode::DuplicateColumn,
        GapCode::ChangedWhileRead,
        GapCode::Denied,
        GapCode::Filtered,
        GapCode::Unsupported,
        GapCode::CutShort,
        GapCode::ReadFailed,
        GapCode::BinaryCells,
        GapCode::Blind,
        GapCode::RowCount,
        GapCode::UnmappedPersonal,
        GapCode::NoKey,
        GapCode::UnreadableValues,
        GapCode::ImplausibleMapping,
        GapCode::HashedValues,
        GapCode::EncodedValues,
        GapCode::RoundedNumbers,
        GapCode::TooManyReadings,
        GapCode::AttributeRows,
        GapCode::RowsAbovePlan,
        GapCode::NotAsked,
        GapCode::Stale,
        GapCode::MissingSplit,
    ];

    /// The word that files use.
    pub(crate) fn word(self) -> &'static str {
        match self {
            GapCode::Unreadable => "unreadable",
            GapCode::UnknownFormat => "unknown_format",
            GapCode::Empty => "empty",
            GapCode::NotRegular => "not_regular",
            GapCode::SymlinkLoop => "symlink_loop",
            GapCode::AmbiguousDelimiter => "ambiguous_delimiter",
            GapCode::AmbiguousEncoding => "ambiguous_encoding",
            GapCode::DoubtfulWidths => "doubtful_widths",
            GapCode::DoubtfulHeader => "doubtful_header",
            GapCode::RaggedRows => "ragged_rows",
            GapCode::Undecodable => "undecodable",
            GapCode::RowTooLong => "row_too_long",
            GapCode::BeyondLimit => "beyond_limit",
            GapCode::DuplicateColumn => "duplicate_column",
            GapCode::ChangedWhileRead => "changed_while_read",
            GapCode::Denied => "denied",
            GapCode::Filtered => "filtered",
            GapCode::Unsupported => "unsupported",
            GapCode::CutShort => "cut_short",
            GapCode::ReadFailed => "read_failed",
            GapCode::BinaryCells => "binary_cells",
            GapCode::Blind => "blind",
            GapCode::RowCount => "row_count",
            GapCode::UnmappedPersonal => "unmapped_personal",
            GapCode::NoKey => "no_key",
            GapCode::UnreadableValues => "unreadable_values",
            GapCode::ImplausibleMapping => "implausible_mapping",
            GapCode::HashedValues => "hashed_values",
            GapCode::EncodedValues => "encoded_values",
            GapCode::RoundedNumbers => "rounded_numbers",
            GapCode::TooManyReadings => "too_many_readings",
            GapCode::AttributeRows => "attribute_rows",
            GapCode::RowsAbovePlan => "rows_above_plan",
            GapCode::NotAsked => "not_asked",
            GapCode::Stale => "stale",
            GapCode::MissingSplit => "missing_split",
        }
    }

    /// The code of a word.
    pub(crate) fn parse(word: &str) -> Option<GapCode> {
        GapCode::ALL.into_iter().find(|code| code.word() == word)
    }

    /// What a person may do about it.
    pub(crate) fn help(self) -> &'static str {
        match self {
            GapCode::Unreadable => {
                "give the account that runs the scan the right to read it; a link that leads nowhere is to be removed, or left out in the map \
                 file (`[[exclude]]`)"
            }
            GapCode::Denied => "give the account that runs the scan the right to read it",
            GapCode::UnknownFormat | GapCode::Unsupported => {
                "if it holds records, export them to CSV; if you looked into it and it holds none, leave it out in the map file \
                 (`[[exclude]]`), with a reason that the originator accepts"
            }
            GapCode::Empty => {
                "remove the empty file, or do not name it among the sources; where nothing came through a pipe, see what the command before \
                 it says"
            }
            GapCode::NotRegular | GapCode::SymlinkLoop => "name the regular file that holds the data",
            GapCode::AmbiguousDelimiter => {
                "name the delimiter: of this file in the map file (`delimiter = \";\"`), or of every text file with `--delimiter`; where \
                 none divides the lines, give `widths`; if it holds no records, leave it out there (`[[exclude]]`), with a reason that the \
                 originator accepts"
            }
            GapCode::DoubtfulWidths => {
                "correct the widths; where values touch on purpose, say `packed = true` beside `widths` in the map file"
            }
            GapCode::DoubtfulHeader => {
                "see what the first row is, and say so in the map file: `header = true` where it names the columns, `header = false` where it is a \
                 record; then what the columns hold. Where one sheet holds several tables, give each a sheet of its own"
            }
            GapCode::RaggedRows => {
                "export the file again with every cell quoted; or, if `residua inspect` shows another delimiter than the file's, name that in \
                 the map file (`delimiter`, or `widths` for columns of fixed width)"
            }
            GapCode::AmbiguousEncoding => {
                "name the encoding: of this file in the map file (`encoding = \"windows-1252\"`), or of every text file with `--encoding`; or \
                 export the file again as UTF-8"
            }
            GapCode::Undecodable => {
                "export the file again as UTF-8, or name its encoding in the map file (`encoding = \"windows-1252\"`)"
            }
            GapCode::RowTooLong => "look for an unclosed quote, or export the file again",
            GapCode::BeyondLimit => {
                "unpack it, and scan what comes out; where it is the bytes that are too many, rather than the layers or how far they unpack, \
                 `--unpack-limit` allows more"
            }
            GapCode::DuplicateColumn => "give each column a name of its own",
            GapCode::ChangedWhileRead => "scan again while nothing writes to it, or scan a copy",
            GapCode::Filtered => "scan with an account that sees all rows",
            GapCode::CutShort => "obtain the whole file, or close the quote that stays open in it",
            GapCode::ReadFailed => "see what the system says, mend it, and scan again",
            GapCode::BinaryCells => {
                "find out what the column holds; if it is not personal, leave it out in the map file: `column = { kind = \"ignored\", \
                 reason = \"…\" }`, which the originator has to accept"
            }
            GapCode::Blind => "scan with an account that may list every object",
            GapCode::RowCount => "scan again while nothing writes to it",
            GapCode::UnmappedPersonal => {
                "say in the map file what the column holds (`--map`), or leave it out there: `column = { kind = \"ignored\", reason = \"…\" }`, \
                 which the originator has to accept"
            }
            GapCode::NoKey => {
                "say in the map file what further columns hold (`--map`), or leave the target out there (`[[exclude]]` with a `reason`), \
                 which the originator has to accept"
            }
            GapCode::UnreadableValues => "look at the column's values; if they are of another kind, say so with `--map`",
            GapCode::ImplausibleMapping => "correct the column's kind with `--map`",
            GapCode::HashedValues => {
                "scan the table in which the values stand in clear; if the digests are of nothing personal, leave the column out in the map \
                 file: `column = { kind = \"ignored\", reason = \"…\" }`, which the originator has to accept. Digests of e-mail addresses \
                 are looked for where the originator wrote the manifest with `residua supply --probe-hashed-email`; the gap stays, since \
                 nobody can tell what other digests are of"
            }
            GapCode::EncodedValues => {
                "scan the values decrypted, or unpacked; if they are nothing personal, leave the column out in the map file: \
                 `column = { kind = \"ignored\", reason = \"…\" }`, which the originator has to accept"
            }
            GapCode::RoundedNumbers => {
                "export the table again with the column as text, so that no spreadsheet cuts its numbers short; if they are measurements, leave the \
                 column out in the map file: `column = { kind = \"ignored\", reason = \"…\" }`, which the originator has to accept"
            }
            GapCode::AttributeRows => {
                "put the values of a person side by side with a query, pipe its result in (`… | residua scan -`), and leave this table out"
            }
            GapCode::TooManyReadings => "map fewer columns of the same kind with `--map`",
            GapCode::NotAsked => {
                "name the database among the sources too (a URL without a database means all of them), or leave it out in the map file \
                 (`[[exclude]]` with a `reason`), which the originator has to accept"
            }
            GapCode::Stale => "scan the primary, or wait until the replica has caught up",
            GapCode::MissingSplit => "run the split that is missing, and merge again with what it hands in",
            GapCode::RowsAbovePlan => "ask the originator for a manifest made with a higher `--expect-rows`",
        }
    }
}

impl fmt::Display for GapCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}

/// One part that was not seen. It names a target and at most a column, never a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Gap {
    /// Where: the name of a target or source.
    pub(crate) target: String,
    /// Where within it.
    pub(crate) column: Option<String>,
    /// Why.
    pub(crate) code: GapCode,
    /// How many rows, cells or files, where that is known.
    pub(crate) count: Option<u64>,
    /// In words.
    pub(crate) detail: String,
}

impl Gap {
    /// Where it is, and what it is, in one line: the place of the reason that it makes.
    pub(crate) fn place(&self) -> String {
        let place =
            self.column.as_ref().map_or_else(|| self.target.clone(), |column| format!("{}, column {column}", self.target));
        format!("{place}: {}", self.code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_round_trip() {
        for code in GapCode::ALL {
            assert_eq!(GapCode::parse(code.word()), Some(code));
            assert!(!code.help().is_empty());
        }
    }
}
