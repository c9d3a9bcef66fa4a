//! Whether rows are written out in the body of a function, a trigger or a block.

use super::lexer::Kind;
use super::lexer::Lexer;
use super::lexer::Rules;
use super::lexer::Token;

/// Bodies within bodies that are looked into.
const DEEPEST: usize = 4;

/// Whether a body holds an `INSERT` with a row of values alone, of which one says something. In doubt it does.
pub(super) fn holds_rows(text: &[u8], rules: &Rules, depth: usize) -> bool {
    if depth > DEEPEST {
        return true;
    }
    let mut lexer = Lexer::of_text(text, Rules { delimiter: b"\0".to_vec(), ..rules.clone() });
    let (mut is_insert, mut in_values) = (false, false);
    loop {
        let token = lexer.next(|_| {});
        match token.kind {
            Kind::End => return false,
            Kind::Dollar => {
                let bytes = lexer.bytes(token);
                let tag = memchr::memchr(b'$', &bytes[1..]).map_or(1, |end| end + 2);
                let inner = bytes.get(tag..bytes.len().saturating_sub(tag)).unwrap_or_default().to_vec();
                if holds_rows(&inner, rules, depth + 1) {
                    return true;
                }
            }
            Kind::Text | Kind::Escaped if mentions_insert(lexer.bytes(token)) => {
                let bytes = lexer.bytes(token);
                let start = memchr::memchr(b'\'', bytes).map_or(0, |at| at + 1);
                let inner = bytes.get(start..bytes.len().saturating_sub(1)).unwrap_or_default();
                let inner = String::from_utf8_lossy(inner).replace("''", "'").into_bytes();
                if holds_rows(&inner, rules, depth + 1) {
                    return true;
                }
            }
            Kind::Word if lexer.is_word(token, "insert") || lexer.is_word(token, "copy") => {
                (is_insert, in_values) = (true, false);
            }
            Kind::Word if lexer.is_word(token, "values") || lexer.is_word(token, "value") => in_values = is_insert,
            Kind::Mark(b'(') if in_values => match is_written_out(&mut lexer) {
                Some(true) => return true,
                Some(false) => {}
                None => return false,
            },
            Kind::Mark(b',') if in_values => {}
            Kind::Mark(b';') => (is_insert, in_values) = (false, false),
            _ => in_values = false,
        }
    }
}

/// Whether a row behind its opening parenthesis consists of values alone, of which one is a text or a long number; `None`: it has no end.
fn is_written_out(lexer: &mut Lexer<'_>) -> Option<bool> {
    let (mut depth, mut says, mut is_plain) = (1_usize, false, true);
    loop {
        let token: Token = lexer.next(|_| {});
        let bytes = lexer.bytes(token);
        match token.kind {
            Kind::Text | Kind::Escaped => says |= bytes.iter().any(u8::is_ascii_alphanumeric) || !bytes.is_ascii(),
            Kind::Number => says |= bytes.len() >= 6,
            Kind::Word => {
                let known: [&[u8]; 6] = [b"null", b"default", b"true", b"false", b"n", b"x"];
                is_plain &= known.iter().any(|word| bytes.eq_ignore_ascii_case(word));
            }
            Kind::Quoted | Kind::Name => is_plain = false,
            Kind::Mark(b'(') => depth += 1,
            Kind::Mark(b')') => depth -= 1,
            Kind::End => return None,
            _ => {}
        }
        if depth == 0 {
            return Some(says && is_plain);
        }
    }
}

fn mentions_insert(text: &[u8]) -> bool {
    super::dialect::find_ignoring_case(text, b"insert").is_some()
}
