//! A value of a row as text.

use crate::source::RowBatch;
use crate::source::batch::Counts;
use crate::source::bytes;
use rusqlite::types::ValueRef;
use std::io::Write;

/// Adds a value to a row as text; bytes that are no text are counted and left out. What calls itself text and holds NUL bytes is judged
/// as bytes are.
#[inline]
pub(super) fn push(batch: &mut RowBatch, column: usize, value: ValueRef<'_>, number: &mut Vec<u8>, binary: &mut Counts) {
    number.clear();
    match value {
        ValueRef::Null => batch.push_cell(None),
        ValueRef::Text(text) if !text.contains(&0) => batch.push_cell(Some(text)),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes::push(batch, column, bytes, binary),
        ValueRef::Integer(integer) => {
            // Writing to a vector does not fail.
            let _ = write!(number, "{integer}");
            batch.push_cell(Some(number));
        }
        ValueRef::Real(real) => {
            write_real(real, number);
            batch.push_cell(Some(number));
        }
    }
}

/// The shortest digits that give the number back; whole numbers without a point, as a person would have typed them.
fn write_real(real: f64, out: &mut Vec<u8>) {
    let is_moderate = real == 0.0 || (1e-5..1e17).contains(&real.abs());
    // Writing to a vector does not fail.
    let _ = if is_moderate { write!(out, "{real}") } else { write!(out, "{real:e}") };
}
