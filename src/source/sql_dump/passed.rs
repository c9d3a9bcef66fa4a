//! Whether a text that is passed over may be the value of a row: one in a setting, a default, a comment, or behind the rows of an `INSERT`.
//!
//! No reader gives such texts to the scan, so what looks like a value of somebody's is told as not read. What the programs that write dumps say
//! there (encodings, modes, names, versions, dates, defaults) does not.

use super::lexer::Kind;
use super::lexer::Lexer;
use super::lexer::Rules;
use memchr::memchr_iter;

/// How lines begin, in small letters, that programs write about a dump, with numbers of their own.
const WRITTEN: [&[u8]; 24] = [
    b"change master",
    b"completed on",
    b"data for name:",
    b"data pos:",
    b"date:",
    b"dependencies:",
    b"dump completed",
    b"dumped ",
    b"dumping data",
    b"file encoding",
    b"generation time:",
    b"gtid ",
    b"host:",
    b"mariadb dump",
    b"mysql dump",
    b"name:",
    b"object:",
    b"server version",
    b"set global gtid",
    b"source server",
    b"started on",
    b"table structure",
    b"target server",
    b"toc entry",
];

/// Whether a text may be a value.
pub(super) fn may_be_value(text: &[u8]) -> bool {
    is_someones(text) || (!is_systems(text) && (has_number(text) || (has_name(text) && has_date(text))))
}

/// Whether a quoted name may be a value: its numbers count for nothing, since tables are named for days.
pub(super) fn is_someones(text: &[u8]) -> bool {
    has_address(text) || has_postcode(text)
}

/// Whether a line of a comment may hold values.
pub(super) fn is_in_comment(line: &[u8]) -> bool {
    let marks = |line: &[u8]| line.iter().take_while(|byte| b"-#/*! \t\r".contains(byte)).count();
    let mut text = &line[marks(line)..];
    // `/*!40101 …` and `/*M!999999\- …` begin with a version.
    if line.starts_with(b"/*!") || line.starts_with(b"/*M!") {
        let text_of_version = text.strip_prefix(b"M!").unwrap_or(text);
        let digits = text_of_version.iter().take_while(|byte| byte.is_ascii_digit()).count();
        text = &text_of_version[digits..];
        text = &text[marks(text)..];
    }
    let head = text[..text.len().min(24)].to_ascii_lowercase();
    if WRITTEN.iter().any(|start| head.starts_with(start)) { is_someones(text) } else { may_be_value(text) }
}

/// Whether a text or a number is written out in what stands behind the rows of an `INSERT`. 0 and 1 count and switch.
pub(super) fn holds_literals(tail: &[u8], rules: &Rules) -> bool {
    let mut lexer = Lexer::of_text(tail, Rules { delimiter: b"\0".to_vec(), ..rules.clone() });
    loop {
        let token = lexer.next(|_| {});
        let bytes = lexer.bytes(token);
        match token.kind {
            Kind::End => return false,
            Kind::Text | Kind::Escaped | Kind::Dollar if bytes.iter().any(u8::is_ascii_alphanumeric) || !bytes.is_ascii() => {
                return true;
            }
            Kind::Quoted if rules.dialect.has_quoted_texts() => return true,
            Kind::Number if bytes != b"0" && bytes != b"1" => return true,
            _ => {}
        }
    }
}

/// Texts of servers and of their tools that hold numbers: a position, a key, a password that was hashed, a moment, a drawing.
fn is_systems(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    let is_hex = |text: &[u8]| text.iter().all(u8::is_ascii_hexdigit);
    let is_key = text.len() >= 36 && [8, 13, 18, 23].iter().all(|place| text[*place] == b'-');
    let rest_of_key = text.iter().all(|byte| byte.is_ascii_hexdigit() || b"-:,\n\r {}".contains(byte));
    let hash = text.strip_prefix(b"*").or_else(|| text.strip_prefix(b"md5")).or_else(|| text.strip_prefix(b"0x"));
    let hash = hash.unwrap_or(text);
    let is_log = text.len() > 7 && text[text.len() - 7] == b'.' && text[text.len() - 6] == b'0' && !text.contains(&b' ');
    let parts: Vec<&[u8]> = text.splitn(4, |byte| *byte == b'-').collect();
    let is_position = matches!(parts.as_slice(), [[_], _, last] if last.iter().all(u8::is_ascii_digit));
    let is_moment =
        is_day(text) && text.len() <= 40 && text[10..].iter().all(|byte| !byte.is_ascii_alphabetic() || b"TZ".contains(byte));
    let is_number = text.len() < 10 && text.iter().all(|byte| byte.is_ascii_digit() || b"+-.".contains(byte));
    let is_colour = text.first() == Some(&b'#') && text.len() <= 9 && is_hex(&text[1..]);
    (is_key && rest_of_key)
        || (hash.len() >= 32 && is_hex(hash))
        || text.starts_with(b"SCRAM-SHA-256$")
        || text.starts_with(b"[0E232FF0-B466-11cf")
        || is_log
        || is_position
        || is_moment
        || is_number
        || is_colour
}

/// `ann@example.org`, anywhere.
fn has_address(text: &[u8]) -> bool {
    memchr_iter(b'@', text).any(|at| {
        let is_local =
            at > 0 && (text[at - 1].is_ascii_alphanumeric() || b"._-+".contains(&text[at - 1]) || !text[at - 1].is_ascii());
        let domain = &text[at + 1..];
        let length =
            domain.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b".-".contains(byte) || !byte.is_ascii()).count();
        let domain = domain[..length].strip_suffix(b".").unwrap_or(&domain[..length]);
        let last = domain.iter().rposition(|byte| *byte == b'.').map(|dot| &domain[dot + 1..]);
        is_local
            && last.is_some_and(|last| last.len() > 1 && last.iter().all(|byte| byte.is_ascii_alphabetic() || !byte.is_ascii()))
    })
}

/// Two groups as those of a postcode: `EC1R 1QZ`.
fn has_postcode(text: &[u8]) -> bool {
    let words: Vec<&[u8]> = text.split(|byte| !byte.is_ascii_alphanumeric()).collect();
    words.windows(2).any(|pair| {
        let (area, rest) = (pair[0], pair[1]);
        let is_area = (2..=4).contains(&area.len())
            && area[0].is_ascii_uppercase()
            && area.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
            && area[1..].iter().any(u8::is_ascii_digit);
        is_area && matches!(rest, [digit, b'A'..=b'Z', b'A'..=b'Z'] if digit.is_ascii_digit())
    })
}

/// Five digits or more in a row, or ten with blanks and hyphens between them, that are no day.
fn has_number(text: &[u8]) -> bool {
    let mut at = 0;
    let mut joined = 0;
    while at < text.len() {
        if !text[at].is_ascii_digit() {
            joined = if matches!(text[at], b' ' | b'-' | b'(' | b')') { joined } else { 0 };
            at += 1;
            continue;
        }
        if is_day(&text[at..]) {
            (at, joined) = (at + 10, 0);
            continue;
        }
        let run = &text[at..];
        let run = &run[..run.iter().take_while(|byte| byte.is_ascii_digit()).count()];
        let is_stamp = matches!(run.len(), 8 | 14) && (run.starts_with(b"19") || run.starts_with(b"20"));
        joined += run.len();
        if run.iter().any(|digit| *digit != b'0') && !is_stamp && (run.len() >= 5 || joined >= 10) {
            return true;
        }
        at += run.len();
    }
    false
}

/// Whether a text begins with a day: `1980-01-02`.
fn is_day(text: &[u8]) -> bool {
    let has_form = |(place, byte): (usize, &u8)| if matches!(place, 4 | 7) { *byte == b'-' } else { byte.is_ascii_digit() };
    text.len() >= 10 && text[..10].iter().enumerate().all(has_form) && !text.get(10).is_some_and(u8::is_ascii_digit)
}

/// A day anywhere, as `1980-01-02` or `02/01/1980`.
fn has_date(text: &[u8]) -> bool {
    let is_british = |day: &[u8]| {
        let has_form =
            |(place, byte): (usize, &u8)| if matches!(place, 2 | 5) { b"/.-".contains(byte) } else { byte.is_ascii_digit() };
        day.iter().enumerate().all(has_form)
    };
    text.windows(10).any(|day| is_day(day) || is_british(day))
}

/// Two words in a row that begin with a capital and go on in small letters.
fn has_name(text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(text);
    let is_name = |word: &str| {
        let mut letters = word.chars();
        letters.next().is_some_and(char::is_uppercase) && letters.next().is_some_and(char::is_lowercase)
    };
    let words = text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    let words: Vec<bool> = words.map(is_name).collect();
    words.windows(2).any(|pair| pair[0] && pair[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_told_from_what_tools_write() {
        for text in [
            "ann.green@example.org",
            "CU65433",
            "07700958319",
            "+44 7700 958319",
            "0770-095-8319",
            "EC1R 1QZ",
            "Ann Green 1968-12-25",
            "Ann|Green|25/12/1968",
            "{\"no\": \"CU65433\"}",
        ] {
            assert!(may_be_value(text.as_bytes()), "{text}");
        }
        for text in [
            "",
            "utf8mb4",
            "UTF8",
            "NO_AUTO_VALUE_ON_ZERO,NO_BACKSLASH_ESCAPES",
            "+00:00",
            "the customer",
            "First Name",
            "active",
            "GB",
            "10000",
            "0.00000",
            "2017-01-01",
            "2017-01-01 00:00:00.000000+00",
            "00000000-0000-0000-0000-000000000001",
            "3e11fa47-71ca-11e1-9e33-c80aa9429562:1-77",
            "0-1-12345",
            "mysql-bin.000017",
            "md50123456789abcdef0123456789abcdef",
            "^[A-Za-z0-9._%-]+@[A-Za-z0-9.-]+[.][A-Za-z]+$",
            "%@%",
            "root@localhost",
            "backup of 20170701",
            "#336699",
        ] {
            assert!(!may_be_value(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn comments_of_tools_hold_no_values() {
        for line in [
            "-- Name: people_20170701; Type: TABLE; Schema: public; Owner: postgres",
            "-- TOC entry 203 (class 1259 OID 16389)",
            "-- Dumped from database version 15.3 (Debian 15.3-1.pgdg120+1)",
            "-- Started on 2017-07-01 10:00:00 UTC",
            "-- Host: localhost    Database: crm",
            "-- Server version\t8.0.33-0ubuntu0.20.04.2",
            "-- Generation Time: Jul 01, 2017 at 10:00 AM",
            "-- Dump completed on 2017-07-01 10:00:00",
            "-- CHANGE MASTER TO MASTER_LOG_FILE='mysql-bin.000001', MASTER_LOG_POS=154000;",
            "/****** Object:  Table [dbo].[people]    Script Date: 01/07/2017 10:00:00 ******/",
            "/*!40101 SET NAMES utf8 */",
            "/*M!999999\\- enable the sandbox mode */",
            "Source Server Version : 50717",
        ] {
            assert!(!is_in_comment(line.as_bytes()), "{line}");
        }
        assert!(is_in_comment(b"-- Ann Green, 52 Larch Road, EC1R 1QZ"));
        assert!(is_in_comment(b"-- Name: ann@example.org"));
        assert!(is_in_comment(b"('CU35145', 'Ann', 'Green'),"));
    }
}
