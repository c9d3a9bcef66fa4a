//! A value of a row as text.

use super::utf16;
use crate::source::RowBatch;
use crate::source::batch::Counts;
use rusqlite::types::ValueRef;
use std::io::Write;

/// Adds a value to a row as text; bytes that are no text are counted and left out. No text in UTF-8 holds a NUL byte: with one it would
/// pass for text and match nothing. Nor does text that somebody stored as bytes hold other control characters: what does is packed
/// values, or text in UTF-16 whose bytes happen to be ASCII.
#[inline]
pub(super) fn push(batch: &mut RowBatch, column: usize, value: ValueRef<'_>, number: &mut Vec<u8>, binary: &mut Counts) {
    number.clear();
    match value {
        ValueRef::Null => batch.push_cell(None),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) if bytes.contains(&0) => {
            if let Some(text) = utf16::decode(bytes) {
                batch.push_text(&text);
            } else {
                binary.bump(column);
                batch.push_cell(None);
            }
        }
        ValueRef::Text(text) => batch.push_cell(Some(text)),
        ValueRef::Integer(integer) => {
            // Writing to a vector does not fail.
            let _ = write!(number, "{integer}");
            batch.push_cell(Some(number));
        }
        ValueRef::Real(real) => {
            write_real(real, number);
            batch.push_cell(Some(number));
        }
        ValueRef::Blob(bytes) => {
            if let Some(text) = str::from_utf8(bytes).ok().filter(|text| !text.contains(is_no_text)) {
                batch.push_text(text);
            } else {
                binary.bump(column);
                batch.push_cell(None);
            }
        }
    }
}

/// Control characters but for tabs, line breaks and the end mark of old text files.
fn is_no_text(character: char) -> bool {
    character.is_control() && !matches!(character, '\t' | '\n' | '\r' | '\u{c}' | '\u{1a}' | '\u{85}')
}

/// The shortest digits that give the number back; whole numbers without a point, as a person would have typed them.
fn write_real(real: f64, out: &mut Vec<u8>) {
    let is_moderate = real == 0.0 || (1e-5..1e17).contains(&real.abs());
    // Writing to a vector does not fail.
    let _ = if is_moderate { write!(out, "{real}") } else { write!(out, "{real:e}") };
}
