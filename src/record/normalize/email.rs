//! E-mail addresses: lower case, `+tag` stripped, and for Gmail the dots, which its servers ignore.
//!
//! The address is taken out of what surrounds it: `Ann Lee <ann@lee.example>`, `mailto:ann@lee.example?subject=…`, `ann%40lee.example`.
//! A cell may hold several; [`canonical`] takes the first that is one, [`candidates`] all. Quoted local parts are not read, and neither is a
//! bar in one: in a cell a bar parts what stands beside the address from it.
//!
//! What stands before an address without a gap may be part of it by the letter of the standard (RFC 5322, section 3.2.3, allows `=`, `/` and
//! `#`): `user=ann@lee.example`, `deleted_ann@lee.example`. So [`candidates`] gives the shorter readings too: behind each sign that next to
//! no address holds, behind a word of those that programs put before an address to put it out of use, and without an ending of a file.

use crate::record::normalize::Reading;
use crate::record::normalize::placeholder::is_placeholder;
use crate::record::normalize::plain;

/// Local parts that are nobody's at any domain.
const NOBODY: [&str; 20] = [
    "none",
    "noemail",
    "no.email",
    "no-email",
    "no_email",
    "nomail",
    "no.mail",
    "no-mail",
    "noemailaddress",
    "unknown",
    "null",
    "undefined",
    "notprovided",
    "notgiven",
    "notknown",
    "noreply",
    "no-reply",
    "donotreply",
    "do-not-reply",
    "invalid",
];
/// Local parts that are nobody's at a domain of the same name (`test@test.com`).
const NOBODY_TWICE: [&str; 17] =
    ["na", "nil", "no", "test", "email", "mail", "abc", "asdf", "a", "x", "xx", "xxx", "aa", "aaa", "user", "name", "deleted"];

/// The first address of the cell.
pub(crate) fn canonical(raw: &str, out: &mut String) -> Reading {
    out.clear();
    let mut first = None;
    let mut buffer = String::new();
    let reading = each(raw, &mut buffer, &mut |address| {
        if first.is_none() {
            first = Some(address.to_owned());
        }
    });
    out.push_str(first.as_deref().unwrap_or(""));
    reading
}

/// Whether the cell is its addresses and nothing else but the names that mail programs write before them. A cell with further content
/// (JSON, a note) holds more than this kind can see.
pub(crate) fn is_whole(raw: &str) -> bool {
    let is_part = |part: &str| match part.trim().split_once('<') {
        Some((name, address)) => {
            !name.contains(['{', '[', '@']) && address.ends_with('>') && !address.contains(char::is_whitespace)
        }
        // What a query holds beside the address is not seen.
        None if part.contains(['=', '&']) && !part.trim().starts_with("mailto:") => false,
        None => {
            !part.trim().contains([' ', '\t', '\n', '"', '{', '[', '|']) && parted(part).all(|one| one.matches('@').count() < 2)
        }
    };
    raw.trim().split([';', ',']).all(is_part)
}

/// Signs that an address may hold by the letter of the standard, and hardly any does: what is behind them may be the address.
const PARTING: [char; 14] = ['=', '&', '?', '/', '#', '!', '*', '$', '%', '^', '~', '`', '{', '}'];

/// Words that stand before an address or behind it where somebody put it out of use, or where it is the name of a file.
const OUT_OF_USE: [&str; 21] = [
    "deleted",
    "del",
    "removed",
    "inactive",
    "disabled",
    "old",
    "archived",
    "archive",
    "expired",
    "anonymised",
    "anonymized",
    "gdpr",
    "invalid",
    "bounced",
    "unsubscribed",
    "optout",
    "closed",
    "former",
    "copy",
    "export",
    "bak",
];
/// Endings of files that are named for an address.
const FILES: [&str; 28] = [
    "csv", "tsv", "json", "jsonl", "txt", "log", "sql", "pdf", "zip", "tar", "7z", "xlsx", "xls", "ods", "doc", "docx", "xml",
    "html", "eml", "msg", "vcf", "gz", "bz2", "xz", "zst", "parquet", "png", "jpg",
];

/// Shorter readings of one address that are tried.
const MOST_READINGS: usize = 8;

/// The longest local part (RFC 5321, section 4.5.3.1).
const LONGEST_LOCAL: usize = 64;

/// Every address of the cell, and of each every reading.
pub(crate) fn candidates(raw: &str, emit: &mut dyn FnMut(&str)) -> Reading {
    wrapped(raw, emit);
    let mut shorter = String::new();
    each(raw, &mut String::new(), &mut |address| {
        emit(address);
        let Some((local, domain)) = address.split_once('@') else { return };
        for shortened in std::iter::successors(Some(domain), |domain| without_ending(domain)) {
            let is_other = shortened != domain;
            let locals = is_other.then_some(local).into_iter().chain(behind(local).take(MOST_READINGS));
            for local in locals {
                // Read anew: what is ahead of the address kept a tag or a dot of Gmail's from being seen.
                if self::address(&format!("{local}@{shortened}"), &mut shorter) == Reading::Value {
                    emit(&shorter);
                }
            }
        }
    })
}

/// Bytes before the sign of an address, and of each label behind it, that [`quick`] reads: what is longer may be a digest or text in armour.
const MOST_QUICK: usize = 21;

/// What [`candidates`] gives of a cell that is one address of ordinary signs and has one reading; false for any other cell.
pub(crate) fn quick(cell: &str, out: &mut String) -> bool {
    out.clear();
    let bytes = cell.as_bytes();
    let is_local = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    let Some(at) = bytes.iter().position(|byte| !is_local(*byte)).filter(|at| (1..=MOST_QUICK).contains(at)) else {
        return false;
    };
    if bytes[at] != b'@' || !bytes[0].is_ascii_alphanumeric() {
        return false;
    }
    let domain = &bytes[at + 1..];
    let (mut label, mut labels, mut is_lettered) = (0, 0, true);
    for byte in domain {
        match byte {
            b'.' if (1..=MOST_QUICK).contains(&label) => {
                (label, is_lettered) = (0, true);
                labels += 1;
            }
            b'a'..=b'z' | b'A'..=b'Z' => label += 1,
            b'0'..=b'9' | b'-' => (label, is_lettered) = (label + 1, false),
            _ => return false,
        }
    }
    if labels == 0 || !is_lettered || !(2..=MOST_QUICK).contains(&label) {
        return false;
    }
    out.push_str(cell);
    out.make_ascii_lowercase();
    let last = &out[out.len() - label..];
    if !matches!(last, "com" | "net" | "org" | "uk") && (FILES.contains(&last) || OUT_OF_USE.contains(&last)) {
        return false;
    }
    let mut local = at;
    if domain.len() < 15 && matches!(&out[at + 1..], "gmail.com" | "googlemail.com") {
        let stripped: String = out[..at].chars().filter(|sign| *sign != '.').collect();
        local = stripped.len();
        *out = stripped + "@gmail.com";
    }
    let (local, site) = (&out[..local], &out[local + 1..]);
    let end = local.bytes().position(|byte| !byte.is_ascii_alphanumeric());
    let (first, is_parted) = (&local[..end.unwrap_or(local.len())], end.is_some());
    // A telephone number, or a number or a word before the address.
    if first.bytes().all(|byte| byte.is_ascii_digit()) || is_parted && OUT_OF_USE.contains(&first) {
        return false;
    }
    let is_nobody = matches!(local.as_bytes()[0], b'n' | b'u' | b'd' | b'i') && NOBODY.contains(&local);
    !(is_nobody || site.starts_with(local) && NOBODY_TWICE.contains(&local))
}

/// What may be the local part, without what stands before it.
fn behind(local: &str) -> impl Iterator<Item = &str> {
    // The last sign first: however many there are, the address is behind it.
    let parted = local.rmatch_indices(PARTING).map(|(at, sign)| &local[at + sign.len()..]);
    let last = local.rsplit(PARTING).next().unwrap_or(local);
    let bare = last.trim_start_matches(|letter: char| !letter.is_alphanumeric());
    let first_end = bare.find(|letter: char| !letter.is_alphanumeric());
    let worded = first_end.and_then(|end| {
        let (word, rest) = bare.split_at(end);
        let is_set_before = word.bytes().all(|byte| byte.is_ascii_digit()) || OUT_OF_USE.contains(&word);
        is_set_before.then(|| rest.trim_start_matches(|letter: char| !letter.is_alphanumeric()))
    });
    let lined = bare.split_once('_').map(|(_, rest)| rest);
    let bare = (bare.len() < last.len()).then_some(bare);
    bare.into_iter().chain(worded).chain(lined).chain(parted).filter(|local| !local.is_empty())
}

/// The domain without a last label that is none, or without what stands behind its last label and is no part of one.
fn without_ending(domain: &str) -> Option<&str> {
    let (rest, last) = domain.rsplit_once('.')?;
    if FILES.contains(&last) || OUT_OF_USE.contains(&last) {
        return Some(rest);
    }
    let length = last.find(|letter: char| letter == '_' || letter.is_ascii_digit()).filter(|length| *length >= 2)?;
    Some(&domain[..rest.len() + 1 + length])
}

/// The address that is wrapped in another, to which mail comes back: `bounce+ann=lee.example@host` (VERP) and `SRS0=x=y=lee.example=ann@host`.
/// `prvs=x=ann@lee.example` is read by [`candidates`] as any sign before an address is.
fn wrapped(raw: &str, emit: &mut dyn FnMut(&str)) {
    if !raw.contains('=') {
        return;
    }
    let ends = |letter: char| {
        letter.is_whitespace() || matches!(letter, ',' | ';' | '<' | '>' | '(' | ')' | '[' | ']' | '"' | '|' | ':')
    };
    let mut out = String::new();
    let mut read = |local: &str, domain: &str| {
        if is_domain(domain) && address(&format!("{local}@{domain}"), &mut out) == Reading::Value {
            emit(&out);
        }
    };
    for local in raw.split(ends).filter_map(|word| word.split_once('@')).map(|(local, _)| local) {
        let parts: Vec<&str> = local.split('=').collect();
        for pair in parts.windows(2).rev().take(MOST_READINGS) {
            let (first, second) = (pair[0], pair[1]);
            // What sends the mail stands before the address, with a plus or a hyphen.
            read(first, second);
            for (at, _) in first.match_indices(['+', '-']).take(MOST_READINGS) {
                read(&first[at + 1..], second);
            }
            read(second, first);
        }
    }
}

/// The address whose halves stand in two cells.
pub(crate) fn joined(local: &str, domain: &str, out: &mut String) -> Reading {
    out.clear();
    let (local, domain) = (local.trim(), domain.trim().trim_start_matches('@'));
    let is_local = local.chars().any(char::is_alphabetic)
        && local.chars().all(|sign| sign.is_alphanumeric() || "._-+".contains(sign))
        && local.len() <= LONGEST_LOCAL;
    let is_site = domain.len() > 4 && domain.as_bytes()[..4].eq_ignore_ascii_case(b"www.");
    let ends_in_letters = domain.rsplit('.').next().is_some_and(|last| last.chars().all(char::is_alphabetic));
    if !is_local || is_site || !ends_in_letters || !is_domain(domain) {
        return Reading::Unreadable;
    }
    address(&format!("{local}@{domain}"), out)
}

fn each(raw: &str, buffer: &mut String, emit: &mut dyn FnMut(&str)) -> Reading {
    if is_placeholder(raw) {
        return Reading::Blank;
    }
    let text = plain(raw);
    let text = if memchr::memchr(b'@', text.as_bytes()).is_none() { text.replace("%40", "@").into() } else { text };
    let mut reading = Reading::Unreadable;
    for word in with_sign(&text).flat_map(parted).filter(|word| word.contains('@')) {
        match address(word, buffer) {
            Reading::Value => {
                reading = Reading::Value;
                emit(buffer);
            }
            Reading::Blank if reading == Reading::Unreadable => reading = Reading::Blank,
            _ => {}
        }
    }
    reading
}

/// The words of a text that hold the sign of an address.
fn with_sign(text: &str) -> impl Iterator<Item = &str> {
    let is_end =
        |byte: &u8| matches!(byte, b' ' | b',' | b';' | b'<' | b'>' | b'(' | b')' | b'[' | b']' | b'{' | b'}' | b'"' | b'|');
    let bytes = text.as_bytes();
    let mut from = 0;
    std::iter::from_fn(move || {
        let at = from + memchr::memchr(b'@', &bytes[from..])?;
        let start = bytes[from..at].iter().rposition(is_end).map_or(from, |before| from + before + 1);
        from = bytes[at..].iter().position(is_end).map_or(bytes.len(), |behind| at + behind);
        text.get(start..from)
    })
}

/// The parts of a word with several addresses, between signs that a single address may hold too.
fn parted(word: &str) -> impl Iterator<Item = &str> {
    let several = word.matches('@').nth(1).is_some();
    word.split(move |letter: char| several && matches!(letter, '/' | '\\' | '&' | ':' | '=' | '?'))
}

/// One address, perhaps with a scheme before it and a query or punctuation after it.
fn address(word: &str, out: &mut String) -> Reading {
    out.clear();
    let word = match word.split_once(':') {
        Some((scheme, rest)) if !scheme.contains('@') && !rest.is_empty() => rest.trim_start_matches('/'),
        _ => word,
    };
    let word = word.trim_start_matches([':', '\'']);
    let Some((local, domain)) = word.split_once('@') else { return Reading::Unreadable };
    let domain = domain.split(['?', ':', '/', '&', '\'', '#', '%', '*', '=', '$', '^', '~']).next().unwrap_or("");
    let domain = domain.trim_end_matches(['.', '!', '_', '-']);
    let local = match local.find('+') {
        Some(at) if at > 0 => &local[..at],
        _ => local,
    };
    let is_local = |letter: char| {
        if letter.is_ascii() { letter.is_ascii_graphic() && !matches!(letter, '\\' | ':') } else { letter.is_alphanumeric() }
    };
    // `j***@lee.example` is nobody's address any more.
    let is_masked = local.contains("**");
    if local.is_empty() || is_masked || !local.chars().all(is_local) || !is_domain(domain) {
        return Reading::Unreadable;
    }
    let gmail = domain.eq_ignore_ascii_case("gmail.com") || domain.eq_ignore_ascii_case("googlemail.com");
    out.extend(local.chars().filter(|letter| !(gmail && *letter == '.')).flat_map(char::to_lowercase));
    if out.is_empty() {
        return Reading::Unreadable;
    }
    let label = domain.split('.').next().unwrap_or("");
    let nobody = NOBODY.contains(&out.as_str()) || label.eq_ignore_ascii_case(out) && NOBODY_TWICE.contains(&out.as_str());
    if nobody {
        out.clear();
        return Reading::Blank;
    }
    out.push('@');
    if gmail {
        out.push_str("gmail.com");
    } else {
        out.extend(domain.chars().flat_map(char::to_lowercase));
    }
    Reading::Value
}

/// At least two labels, the last no number.
fn is_domain(domain: &str) -> bool {
    let is_label =
        |label: &str| !label.is_empty() && label.chars().all(|letter| letter.is_alphanumeric() || "-_".contains(letter));
    let last = domain.rsplit('.').next().unwrap_or("");
    domain.contains('.')
        && domain.split('.').all(is_label)
        && last.chars().count() >= 2
        && !last.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn every(raw: &str) -> Vec<String> {
        let mut found = Vec::new();
        candidates(raw, &mut |value| found.push(value.to_owned()));
        found
    }

    #[test]
    fn addresses_within_addresses_are_found() {
        for raw in [
            "bounce+ann=lee.example@lists.example",
            "bounces-123-ann=lee.example@lists.example",
            "<SRS0=abcd=XY=lee.example=ann@relay.example>",
            "SRS1=x=host.example==abcd=XY=lee.example=ann@relay.example",
            "prvs=0123abc=ann@lee.example",
            "user_ann@lee.example_2017",
            "x:ann@lee.example07700900000",
        ] {
            assert!(every(raw).contains(&"ann@lee.example".to_owned()), "{raw}: {:?}", every(raw));
        }
        assert_eq!(every("ann@lee.example"), ["ann@lee.example"]);
    }

    #[test]
    fn halves_of_an_address_are_joined() {
        let joined = |local: &str, domain: &str| {
            let mut out = String::new();
            (joined(local, domain, &mut out) == Reading::Value).then_some(out)
        };
        assert_eq!(joined("Ann.Lee", "Mail.example").as_deref(), Some("ann.lee@mail.example"));
        assert_eq!(joined("ann", "@mail.example").as_deref(), Some("ann@mail.example"));
        for (local, domain) in
            [("4711", "mail.example"), ("ann lee", "mail.example"), ("ann", "www.mail.example"), ("ann", "1.5"), ("", "")]
        {
            assert_eq!(joined(local, domain), None, "{local} {domain}");
        }
    }

    #[test]
    fn vectors_hold() {
        crate::record::normalize::vectors::check(include_str!("../../../testdata/vectors/normalize/email.tsv"), canonical);
    }

    #[test]
    fn every_address_is_a_candidate() {
        let mut found = Vec::new();
        let reading =
            candidates("Ann <a.lee@gmail.com>; none@none.com, B@Lee.example", &mut |address| found.push(address.to_owned()));
        assert_eq!(reading, Reading::Value);
        assert_eq!(found, ["alee@gmail.com", "b@lee.example"]);
        for (cell, expected) in [
            ("bob@mail.org/anna@x.com", &["bob@mail.org", "anna@x.com"][..]),
            ("bob@mail.org&anna@x.com", &["bob@mail.org", "anna@x.com"]),
            ("mailto:bob@mail.org?cc=anna@x.com", &["bob@mail.org", "anna@x.com"]),
            ("bob@mail.org|anna@x.com", &["bob@mail.org", "anna@x.com"]),
            ("bob/sue@mail.org", &["bob/sue@mail.org", "sue@mail.org"]),
        ] {
            let mut found = Vec::new();
            candidates(cell, &mut |address| found.push(address.to_owned()));
            assert_eq!(found, expected, "{cell}");
        }
        for (cell, address) in [
            ("user=mia.k@post.example", "mia.k@post.example"),
            ("/unsubscribe?email=mia.k@post.example&list=3", "mia.k@post.example"),
            ("https://shop.example/u?list=3&email=mia.k%40post.example", "mia.k@post.example"),
            ("s3://b/exports/mia.k@post.example.json", "mia.k@post.example"),
            ("#mia.k@post.example", "mia.k@post.example"),
            ("*mia.k@post.example", "mia.k@post.example"),
            ("_mia.k@post.example_", "mia.k@post.example"),
            ("-mia.k@post.example", "mia.k@post.example"),
            ("1234-mia.k@post.example", "mia.k@post.example"),
            ("deleted_mia.k@post.example", "mia.k@post.example"),
            ("deleted.mia.k@post.example", "mia.k@post.example"),
            ("mia.k@post.example.deleted", "mia.k@post.example"),
            ("home/mia.k@post.example/docs", "mia.k@post.example"),
            ("s3://b/a/b/c/d/e/f/g/h/i/j/k/mia.k@post.example.json.gz", "mia.k@post.example"),
            ("users/deleted_mia.k@post.example", "mia.k@post.example"),
            ("https://shop.example/a?b=1&c=2&d=3&e=4&f=5&email=mia.k@post.example", "mia.k@post.example"),
            ("email=mia.k+shop@gmail.com", "miak@gmail.com"),
        ] {
            let mut found = Vec::new();
            candidates(cell, &mut |address| found.push(address.to_owned()));
            assert!(found.iter().any(|found| found == address), "{cell}: {found:?}");
            assert!(found.len() <= 3 * (1 + MOST_READINGS), "{cell}: {found:?}");
        }
        let mut found = Vec::new();
        candidates("john.old@lee.example", &mut |address| found.push(address.to_owned()));
        assert_eq!(found, ["john.old@lee.example"], "a part of somebody's own address is nobody else's");
        for masked in ["j***@lee.example", "***nn@lee.example"] {
            assert_eq!(candidates(masked, &mut |_| panic!("no address")), Reading::Unreadable, "{masked}");
        }
        assert!(!is_whole("/unsubscribe?email=mia.k@post.example&name=Mia"));
        assert!(is_whole("mailto:mia.k@post.example?subject=hello"));
        assert!(is_whole("bob@mail.org/anna@x.com"));
        assert!(!is_whole("bob@mail.org+anna@x.com") && !is_whole("ann|lee@post.example"));
    }

    proptest! {
        #[test]
        fn total_and_idempotent(raw in prop_oneof!["\\PC{0,24}", "[a-zA-Z.+%':?]{1,6}@[a-zA-Z.?:]{1,8}", "[a-z+.]{1,9}@gmail.com"]) {
            let (mut once, mut twice) = (String::new(), String::new());
            if canonical(&raw, &mut once) == Reading::Value {
                prop_assert_eq!(canonical(&once, &mut twice), Reading::Value);
                prop_assert_eq!(once, twice);
            }
        }

        #[test]
        fn total(raw in any::<String>()) {
            canonical(&raw, &mut String::new());
        }
    }
}
