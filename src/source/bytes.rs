//! Cells that a database calls bytes, and that hold text all the same.

mod utf16;

use super::RowBatch;
use super::batch::Counts;
use std::borrow::Cow;

/// The text that a program stored as bytes: UTF-8, or UTF-16 where there are NUL bytes. `None`: they are no text. No text in UTF-8 holds
/// a NUL byte: with one it would pass for text and match nothing. Nor does text that somebody stored as bytes hold other control characters:
/// what does is packed values, or text in UTF-16 whose bytes happen to be ASCII.
pub(super) fn text(bytes: &[u8]) -> Option<Cow<'_, str>> {
    if bytes.contains(&0) {
        return utf16::decode(bytes).map(Cow::Owned);
    }
    str::from_utf8(bytes).ok().filter(|text| !text.contains(is_no_text)).map(Cow::Borrowed)
}

/// Adds a cell of bytes to a row; what is no text is counted, and reads as NULL.
pub(super) fn push(batch: &mut RowBatch, column: usize, bytes: &[u8], binary: &mut Counts) {
    if let Some(text) = text(bytes) {
        batch.push_text(&text);
    } else {
        binary.bump(column);
        batch.push_cell(None);
    }
}

/// Control characters but for tabs, line breaks and the end mark of old text files.
fn is_no_text(character: char) -> bool {
    character.is_control() && !matches!(character, '\t' | '\n' | '\r' | '\u{c}' | '\u{1a}' | '\u{85}')
}
