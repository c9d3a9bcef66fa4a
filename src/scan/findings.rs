//! The local findings: a CSV file that tells the recipient's DBA what to delete. It stays with the recipient.

use crate::source::Locator;
use crate::source::RowBatch;
use crate::support::csv::quote;
use crate::support::hex;
use std::io;
use std::io::BufRead;
use std::io::Write;

/// The columns of the file.
const HEADER: &str = "source,object,row,primary_key,match_key,class,record";

/// One row that a key found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FoundRow {
    /// The row's place within its part of the object, from 0.
    pub(crate) row: u64,
    /// What identifies the row in its table.
    pub(crate) primary_key: String,
    /// The key's place in the plan.
    pub(crate) key: usize,
    /// The record's ordinal.
    pub(crate) record: u32,
}

/// The names that one object's findings carry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    /// The source.
    pub(crate) source: &'a str,
    /// The object within it.
    pub(crate) object: &'a str,
    /// Name and class letter of each key.
    pub(crate) keys: &'a [(String, &'static str)],
}

/// Writes what stands before the first finding: a random nonce, without which the file's digest would tell a guess from a miss.
pub(crate) fn write_header(out: &mut dyn Write, nonce: &[u8; 32]) -> io::Result<()> {
    writeln!(out, "# nonce {}", hex::encode(nonce))?;
    writeln!(out, "{HEADER}")
}

/// Whether a file that begins so is a list of findings.
pub(crate) fn is_list(start: &[u8]) -> bool {
    let mut lines = start.split(|byte| *byte == b'\n');
    lines.next().is_some_and(|line| line.starts_with(b"# nonce ")) && lines.next() == Some(HEADER.as_bytes())
}

/// Writes findings, whose part of the object begins with its row number `base` (from 0).
pub(crate) fn write(out: &mut dyn Write, place: Place<'_>, base: u64, found: &[FoundRow]) -> io::Result<()> {
    let (source, object) = (quote(place.source), quote(place.object));
    for finding in found {
        let (name, class) = &place.keys[finding.key];
        let row = base + finding.row + 1;
        writeln!(out, "{source},{object},{row},{},{name},{class},{}", quote(&finding.primary_key), finding.record)?;
    }
    Ok(())
}

/// What each finding of an object begins with.
pub(super) fn prefix(source: &str, object: &str) -> String {
    format!("{},{},", quote(source), quote(object))
}

/// Copies findings of a part that begins behind `base` rows of its object, which counted from its own beginning.
pub(super) fn shift(from: impl BufRead, out: &mut dyn Write, prefix: &str, base: u64) -> io::Result<()> {
    for line in from.lines() {
        let line = line?;
        let malformed = || io::Error::new(io::ErrorKind::InvalidData, "a finding is of another object");
        let (row, rest) = line.strip_prefix(prefix).and_then(|rest| rest.split_once(',')).ok_or_else(malformed)?;
        let row: u64 = row.parse().map_err(|_| malformed())?;
        writeln!(out, "{prefix}{},{rest}", row.saturating_add(base))?;
    }
    Ok(())
}

/// What identifies a row: the cells of its primary key, else where it stands.
pub(crate) fn primary_key(batch: &RowBatch, row: usize, columns: &[(usize, String)]) -> String {
    if !columns.is_empty() {
        let parts: Vec<String> =
            columns.iter().map(|(index, name)| format!("{name}={}", batch.cell(row, *index).unwrap_or("NULL"))).collect();
        return parts.join(";");
    }
    match batch.locator(row) {
        Locator::None => String::new(),
        Locator::ByteOffset(offset) => format!("byte={offset}"),
        Locator::RowId(id) => format!("rowid={id}"),
        Locator::TupleId(page, place) => format!("ctid=({page},{place})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_counted_from_one_and_cells_are_quoted() {
        let mut out = Vec::new();
        write_header(&mut out, &[0; 32]).unwrap();
        let keys = [("email".to_owned(), "A")];
        let place = Place { source: "sqlite:a,b.db", object: "t", keys: &keys };
        let found = FoundRow { row: 4, primary_key: "id=1\"".into(), key: 0, record: 7 };
        write(&mut out, place, 100, &[found]).unwrap();
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("# nonce 0000"));
        assert_eq!(lines[1], HEADER);
        assert_eq!(lines[2], "\"sqlite:a,b.db\",t,105,\"id=1\"\"\",email,A,7");
    }
}
