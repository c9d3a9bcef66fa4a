//! Whether a text is JSON, and whether it is one value on each line.

use super::parse;
use crate::source::batch::LONGEST_ROW;
use crate::source::csv::QUOTE;
use crate::source::file::OpenedFile;
use memchr::memchr;
use std::io;

/// Bytes by which it is judged, and lines.
const HEAD: usize = 1 << 20;
const MOST_LINES: usize = 100;

/// The byte order mark of UTF-8.
pub(super) const MARK: &[u8] = b"\xef\xbb\xbf";

/// Whether a text begins as JSON does: an object, or a list that is no name in brackets.
pub(in crate::source) fn is_json(head: &[u8]) -> bool {
    let text = blanks_off(head.strip_prefix(MARK).unwrap_or(head));
    let line = &text[..memchr(b'\n', text).unwrap_or(text.len())];
    match text.first() {
        Some(b'{') => true,
        Some(b'[') => match blanks_off(&text[1..]).first() {
            Some(b'{' | b']' | &QUOTE) => true,
            Some(b'[') => !blanks_off(&blanks_off(&text[1..])[1..]).first().is_some_and(u8::is_ascii_alphabetic),
            // A number or word in brackets may also begin a table or a log.
            Some(b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => is_value(line) || is_bare(&text[1..]),
            _ => false,
        },
        _ => false,
    }
}

/// Whether a list goes on over several lines, or beyond what is there of it, and is one of numbers.
fn is_bare(text: &[u8]) -> bool {
    let is_part =
        |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E' | b',' | b' ' | b'\t' | b'\r' | b'\n' | b']');
    text.starts_with(b"\n") || text.starts_with(b"\r\n") || (text.contains(&b',') && text.iter().all(is_part))
}

/// Whether each line is a value of its own. Two lines in three may be damaged.
pub(super) fn is_lines(file: &OpenedFile, start: u64) -> io::Result<bool> {
    let mut head = file.window(start, HEAD)?;
    if memchr(b'\n', blanks_off(&head)).is_none() && start + (head.len() as u64) < file.size() {
        head = file.window(start, LONGEST_ROW + HEAD)?;
    }
    let is_whole = start + head.len() as u64 >= file.size();
    let mut lines: Vec<_> = head.split(|byte| *byte == b'\n').collect();
    let last = if is_whole { None } else { lines.pop() };
    let lines = lines.into_iter().map(|line| blanks_off(line).trim_ascii_end()).filter(|line| !line.is_empty());
    let (mut seen, mut good) = (0, 0);
    for line in lines.take(MOST_LINES) {
        // What goes on in the next line is one value with it.
        if seen == 0 && matches!(line.last(), Some(b'[' | b'{' | b',' | b':')) {
            return Ok(false);
        }
        seen += 1;
        good += usize::from(matches!(line.first(), Some(b'{' | b'[')) && is_value(line));
    }
    let goes_on = last.is_some_and(|line| !blanks_off(line).is_empty());
    Ok((seen > 1 || (seen == 1 && goes_on)) && good * 3 >= seen)
}

fn is_value(line: &[u8]) -> bool {
    let text = String::from_utf8_lossy(line);
    let text = text.trim_matches('\u{1e}');
    parse::values(text.as_bytes()).is_some_and(|values| !values.is_empty())
}

/// The same without blanks, line breaks and record separators before it.
pub(super) fn blanks_off(text: &[u8]) -> &[u8] {
    let blanks = text.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x1e)).count();
    &text[blanks..]
}
