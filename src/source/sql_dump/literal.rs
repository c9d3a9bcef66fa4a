//! The characters of a quoted text, whose quotes are doubled and which may hold escapes.

use memchr::memchr;

/// What backslashes do in a text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Escapes {
    None,
    Mysql,
    Postgres,
}

/// Adds the content of a quoted text without doubled quotes and escapes.
pub(super) fn unescape(content: &[u8], quote: u8, escapes: Escapes, out: &mut Vec<u8>) {
    let mut rest = content;
    loop {
        let found = if escapes == Escapes::None { memchr(quote, rest) } else { memchr::memchr2(quote, b'\\', rest) };
        let Some(at) = found else {
            out.extend_from_slice(rest);
            return;
        };
        out.extend_from_slice(&rest[..at]);
        if rest[at] == quote {
            out.push(quote);
            rest = rest.get(at + 2..).unwrap_or_default();
            continue;
        }
        let Some(byte) = rest.get(at + 1).copied() else { return };
        rest = &rest[at + 2..];
        match (escapes, byte) {
            (_, b'b') => out.push(0x08),
            (_, b'n') => out.push(b'\n'),
            (_, b'r') => out.push(b'\r'),
            (_, b't') => out.push(b'\t'),
            (Escapes::Mysql, b'0') => out.push(0),
            (Escapes::Mysql, b'Z') => out.push(0x1a),
            (Escapes::Mysql, b'%' | b'_') => out.extend_from_slice(&[b'\\', byte]),
            (Escapes::Postgres, b'f') => out.push(0x0c),
            (Escapes::Postgres, b'0'..=b'7') => {
                let more = rest.iter().take(2).take_while(|byte| matches!(byte, b'0'..=b'7')).count();
                let number =
                    rest[..more].iter().fold(u32::from(byte - b'0'), |number, digit| number * 8 + u32::from(digit - b'0'));
                out.push(u8::try_from(number & 0xff).unwrap_or_default());
                rest = &rest[more..];
            }
            (Escapes::Postgres, b'x' | b'u' | b'U') => {
                let most = match byte {
                    b'x' => 2,
                    b'u' => 4,
                    _ => 8,
                };
                let count = rest.iter().take(most).take_while(|byte| byte.is_ascii_hexdigit()).count();
                let number = str::from_utf8(&rest[..count]).ok().and_then(|digits| u32::from_str_radix(digits, 16).ok());
                match number {
                    Some(number) if byte == b'x' => out.push(u8::try_from(number).unwrap_or_default()),
                    Some(number) => {
                        let character = char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER);
                        out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                    }
                    None => out.push(byte),
                }
                rest = &rest[count..];
            }
            (_, other) => out.push(other),
        }
    }
}

/// Characters written as `\0041` or `\+000041`; with marks as `\u0041` or `\U00000041` too.
pub(super) fn unicode_escapes(text: &str, marks: &[u8]) -> Option<String> {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    let mut high: Option<u32> = None;
    while let Some(at) = rest.find('\\') {
        if high.is_some() && at > 0 {
            return None;
        }
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('\\') {
            out.push('\\');
            rest = after;
            continue;
        }
        let mark = rest.as_bytes().first().copied()?;
        let length = match mark {
            b'+' => 6,
            b'U' if marks.contains(&mark) => 8,
            _ => 4,
        };
        let skipped = usize::from(mark == b'+' || marks.contains(&mark));
        let code = u32::from_str_radix(rest.get(skipped..skipped + length)?, 16).ok()?;
        rest = &rest[skipped + length..];
        match (high.take(), code) {
            (None, 0xd800..=0xdbff) => high = Some(code),
            (Some(high), 0xdc00..=0xdfff) => out.push(char::from_u32(0x10000 + ((high - 0xd800) << 10) + (code - 0xdc00))?),
            (None, code) => out.push(char::from_u32(code)?),
            _ => return None,
        }
    }
    if high.is_some() {
        return None;
    }
    out.push_str(rest);
    Some(out)
}
