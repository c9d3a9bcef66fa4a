//! What programs do to text on its way: HTML entities, `%40` of an address, the backslashes of JSON, UTF-8 that was read as Windows-1252, base64.
//!
//! One value goes through [`unquoted`], [`unescape`] and [`repair`] as a whole (`plain`). Text that holds several values, [`decoded`], may have been escaped in part, and in
//! several ways, one within the other: JSON in a cell of JSON, a link in a page.

use crate::record::normalize::armour;
use crate::record::normalize::unify;
use percent_encoding::percent_decode_str;
use std::borrow::Cow;

/// Rounds of undoing: text within text within text is seen, and one more.
const ROUNDS: usize = 4;

/// The text with all escapes undone, as far as they are any. What was decoded from base64 and its kin stands at the end as it was written: it may have been a
/// word.
pub(crate) fn decoded(raw: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(raw);
    let mut kept = String::new();
    for _ in 0..ROUNDS {
        let Some(better) = undone(&text).or_else(|| armour::undone(&text, &mut kept)) else { break };
        text = Cow::Owned(better);
    }
    if kept.is_empty() { text } else { Cow::Owned(text.into_owned() + &kept) }
}

/// Appends a text without the characters that nobody sees: soft hyphens, joiners, marks of direction. They would part a word, and nobody who reads it
/// would know. Full-width letters, digits and signs become ordinary ones.
pub(crate) fn push_seen(text: &str, out: &mut String) {
    if text.is_ascii() {
        out.push_str(text);
    } else {
        out.extend(text.chars().filter(|letter| letter.is_control() || unify(*letter).is_some()).map(narrow));
    }
}

/// A letter or a sign as it is in ASCII, of those that are as wide as a Chinese one.
fn narrow(letter: char) -> char {
    let is_wide = ('\u{ff01}'..='\u{ff5e}').contains(&letter);
    if is_wide { char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter) } else { letter }
}

/// The text with one layer undone; none if there is none.
fn undone(text: &str) -> Option<String> {
    let has = |byte: u8| memchr::memchr(byte, text.as_bytes()).is_some();
    let backslashes = has(b'\\').then(|| without_backslashes(text)).flatten();
    let percents = || has(b'%').then(|| without_percents(text)).flatten();
    let entities = || (has(b'&') && has(b';')).then(|| unescape(text)).flatten();
    let breaks = || (has(b'<') || has(b'&')).then(|| without_breaks(text)).flatten();
    let mail = || has(b'=').then(|| without_equals(text)).flatten();
    backslashes.or_else(percents).or_else(breaks).or_else(entities).or_else(mail).or_else(|| mended(text))
}

/// What pages write where a word may be broken, and nobody sees: `<wbr>`, `&shy;`.
fn without_breaks(text: &str) -> Option<String> {
    const BREAKS: [&str; 6] = ["<wbr>", "<wbr/>", "<wbr />", "&shy;", "&zwnj;", "&zwj;"];
    let mut out: Option<String> = None;
    for sign in BREAKS {
        let known = out.as_deref().unwrap_or(text);
        if known.contains(sign) {
            out = Some(known.replace(sign, ""));
        }
    }
    out
}

/// `=3D` and the lines that end in `=`, as mails write them (quoted-printable). A sign of equality before two digits may be a value just as well, so
/// that something has to be written as only mails write it.
fn without_equals(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let is_high = |at: usize| matches!(bytes.get(at..at + 2), Some([b'8'..=b'9' | b'A'..=b'F', b'0'..=b'9' | b'A'..=b'F']));
    let is_mail = memchr::memchr_iter(b'=', bytes).any(|at| match bytes.get(at + 1..) {
        Some([b'\n', ..] | [b'\r', b'\n', ..] | [b'3', b'D', ..] | [b'0', b'A' | b'D', ..]) => true,
        Some([b'4', b'0', ..]) => {
            at.checked_sub(1).is_some_and(|before| bytes[before].is_ascii_alphanumeric())
                && bytes.get(at + 3).is_some_and(u8::is_ascii_alphabetic)
        }
        _ => is_high(at + 1) && bytes.get(at + 3) == Some(&b'=') && is_high(at + 4),
    });
    if !is_mail {
        return None;
    }
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let behind = bytes.get(at + 1..).unwrap_or_default();
        let digit = |place: usize| {
            behind.get(place).and_then(|byte| char::from(*byte).to_digit(16)).filter(|_| !behind[place].is_ascii_lowercase())
        };
        at += match (byte, behind) {
            (b'=', [b'\n', ..]) => 2,
            (b'=', [b'\r', b'\n', ..]) => 3,
            (b'=', _) => {
                let decoded = digit(0).zip(digit(1)).and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
                out.push(decoded.unwrap_or(b'='));
                if decoded.is_some() { 3 } else { 1 }
            }
            _ => {
                out.push(*byte);
                1
            }
        };
    }
    // Some mails are in Latin-1, and not in UTF-8.
    Some(String::from_utf8(out).unwrap_or_else(|wrong| wrong.into_bytes().into_iter().map(char::from).collect()))
}

/// Whether a value may hold `&amp;`, `\u0040` or `%40`.
pub(super) fn may_be_escaped(bytes: &[u8]) -> bool {
    memchr::memchr3_iter(b'&', b'\\', b'%', bytes).any(|at| match bytes[at..] {
        [b'&', ..] => memchr::memchr(b';', &bytes[at..]).is_some(),
        [b'%', high, low, ..] => high.is_ascii_hexdigit() && low.is_ascii_hexdigit(),
        [b'\\', b'u', ..] => true,
        _ => false,
    })
}

/// One value without one layer of `\u0040` or `%40`; none if there is none. A plus stands for a blank where that is what the writing makes of
/// one: not beside a `%20`, and not in an address.
pub(super) fn unquoted(text: &str) -> Option<String> {
    if text.contains("\\u")
        && let Some(better) = without_backslashes(text)
    {
        return Some(better);
    }
    if !text.contains('%') {
        return None;
    }
    let better = without_percents(text)?;
    let is_plain = text.starts_with('+') || text.contains("%20") || better.contains('@') || text.contains(' ');
    Some(if is_plain { better } else { without_percents(&text.replace('+', " "))? })
}

/// `\u0040` and what else JSON, and programs like it, write with a backslash. Letters after one stand for signs only where the text is
/// quoted: a path and a login name have backslashes too.
fn without_backslashes(text: &str) -> Option<String> {
    let is_quoted = text.contains("\\\"") || text.trim_start().starts_with(['{', '[', '"']);
    let (mut out, mut rest, mut found) = (String::with_capacity(text.len()), text, false);
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let behind = &rest[at + 1..];
        let (sign, length) = match behind.bytes().next() {
            Some(sign @ (b'"' | b'/' | b'\\')) => (Some(char::from(sign)), 1),
            Some(b'n' | b'r' | b't' | b'b' | b'f') if is_quoted => (Some(' '), 1),
            Some(b'u') => unicode_escape(behind).map_or((None, 0), |(sign, length)| (Some(sign), length)),
            _ => (None, 0),
        };
        found |= sign.is_some();
        out.push(sign.unwrap_or('\\'));
        rest = &behind[length..];
    }
    out.push_str(rest);
    found.then_some(out)
}

/// The character of `u0040` or of a pair like `ud83d\ude00`, and the bytes that it takes.
fn unicode_escape(text: &str) -> Option<(char, usize)> {
    let unit = |text: &str| u16::from_str_radix(text.strip_prefix('u')?.get(..4)?, 16).ok();
    let first = unit(text)?;
    let units = [first, text.get(5..).and_then(|rest| rest.strip_prefix('\\')).and_then(unit).unwrap_or(0)];
    let sign = char::decode_utf16(units).next()?.ok()?;
    Some((sign, if sign.len_utf16() == 2 { 11 } else { 5 }))
}

/// `%40`, and the plus signs of a query. None where what comes out is no text.
fn without_percents(text: &str) -> Option<String> {
    let spaced = text.contains('=') && !text.contains(char::is_whitespace);
    let text = if spaced { Cow::Owned(text.replace('+', " ")) } else { Cow::Borrowed(text) };
    match percent_decode_str(&text).decode_utf8() {
        Ok(decoded) if decoded != text => Some(decoded.into_owned()),
        _ => None,
    }
}

/// The text with those runs mended that are UTF-8 read as Windows-1252.
fn mended(text: &str) -> Option<String> {
    if text.is_ascii() {
        return None;
    }
    let (mut out, mut rest, mut found) = (String::with_capacity(text.len()), text, false);
    while let Some(start) = rest.find(|letter: char| !letter.is_ascii()) {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = rest.find(|letter: char| letter.is_ascii()).unwrap_or(rest.len());
        let mended = repair(&rest[..end]);
        found |= mended.is_some();
        out.push_str(mended.as_deref().unwrap_or(&rest[..end]));
        rest = &rest[end..];
    }
    out.push_str(rest);
    found.then_some(out)
}

/// HTML entities undone, or none if there was none: `&amp;`, `&#39;`, `&#x27;`, `&eacute;` and the like.
pub(super) fn unescape(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut found = false;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        // Entities are short; looking further would cost the cell's length for each `&`.
        let entity = rest.bytes().skip(1).take(11).position(|byte| byte == b';').map(|length| (&rest[1..=length], length));
        if let Some((replacement, length)) = entity.and_then(|(entity, length)| Some((entity_text(entity)?, length))) {
            out.extend(replacement.into_iter().flatten());
            rest = &rest[length + 2..];
            found = true;
        } else {
            out.push('&');
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    found.then_some(out)
}

/// What stands for the entity of this name: one character, or a letter and its mark.
fn entity_text(entity: &str) -> Option<[Option<char>; 2]> {
    if let Some(number) = entity.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        };
        return Some([Some(char::from_u32(code)?), None]);
    }
    // What is written in capitals altogether, or in small letters, had its entities written so too; and letters are folded anyway.
    let small = entity.to_ascii_lowercase();
    let whole = match small.as_str() {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" | "lsquo" | "rsquo" | "rsquor" => '\'',
        "nbsp" => ' ',
        "ndash" | "mdash" => '-',
        "szlig" => 'ß',
        "aelig" => 'æ',
        "oelig" => 'œ',
        "oslash" => 'ø',
        "thorn" => 'þ',
        "eth" => 'ð',
        "lstrok" => 'ł',
        "dstrok" => 'đ',
        "hstrok" => 'ħ',
        "tstrok" => 'ŧ',
        "lmidot" => 'ŀ',
        "ijlig" => 'ĳ',
        "eng" => 'ŋ',
        "imath" | "inodot" => 'ı',
        _ => {
            let letter = entity.chars().next().filter(char::is_ascii_alphabetic)?;
            let mark = match &small[1..] {
                "grave" => '\u{300}',
                "acute" => '\u{301}',
                "circ" => '\u{302}',
                "tilde" => '\u{303}',
                "macr" => '\u{304}',
                "breve" => '\u{306}',
                "dot" => '\u{307}',
                "uml" => '\u{308}',
                "ring" => '\u{30a}',
                "dblac" => '\u{30b}',
                "caron" => '\u{30c}',
                "cedil" => '\u{327}',
                "ogon" => '\u{328}',
                _ => return None,
            };
            return Some([Some(letter), Some(mark)]);
        }
    };
    Some([Some(whole), None])
}

/// UTF-8 that was read as Windows-1252 or Latin-1, read again; none if the text is not of that sort. Real text practically never is.
pub(super) fn repair(text: &str) -> Option<String> {
    const HIGH: &str = "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ";
    if text.is_ascii() {
        return None;
    }
    let byte = |letter: char| match u8::try_from(u32::from(letter)) {
        Ok(byte) => Some(byte),
        Err(_) => HIGH.chars().zip(0x80..=0x9f).find(|(high, _)| *high == letter).map(|(_, byte)| byte),
    };
    let bytes: Option<Vec<u8>> = text.chars().map(byte).collect();
    String::from_utf8(bytes?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn layers_are_undone() {
        for (raw, expected) in [
            ("plain", "plain"),
            (r#"{"mail":"ann\u0040lee.example"}"#, r#"{"mail":"ann@lee.example"}"#),
            (r#"{"b":"{\"mail\":\"ann\\u0040lee.example\"}"}"#, r#"{"b":"{"mail":"ann@lee.example"}"}"#),
            ("Ren\\u00e9e \\ud83d\\ude00", "Renée 😀"),
            ("name=Ann+Lee&mail=ann%40lee.example", "name=Ann Lee&mail=ann@lee.example"),
            ("ann%2540lee.example", "ann@lee.example"),
            ("Ann &amp;lt;ann&#64;lee.example&amp;gt;", "Ann <ann@lee.example>"),
            ("M&UUML;LLER, Z&Eacute;, &SZLIG;", "MU\u{308}LLER, ZE\u{301}, ß"),
            ("said JosÃ© of Łódź", "said José of Łódź"),
            ("STAFF\\nrobert, 50% off", "STAFF\\nrobert, 50% off"),
            ("ann<wbr>@lee.<wbr/>example, Il&shy;ling", "ann@lee.example, Illing"),
            ("<td style=3D\"a\">Ann=20Gr=\nay</td>", "<td style=\"a\">Ann Gray</td>"),
            ("Kunde=20=C3=A9=20ann", "Kunde é ann"),
            ("ann=40lee.example", "ann@lee.example"),
            ("age=20, width=400, a=EF", "age=20, width=400, a=EF"),
            ("\\u00", "\\u00"),
            ("%ff%fe", "%ff%fe"),
        ] {
            assert_eq!(decoded(raw), expected, "of {raw}");
        }
    }

    proptest! {
        #[test]
        fn total(raw in any::<String>(), escaped in "[\\\\u0-9dDA%a-f&#;=<\n\"é]{0,40}") {
            decoded(&raw);
            decoded(&escaped);
        }
    }
}
