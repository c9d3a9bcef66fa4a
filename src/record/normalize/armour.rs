//! Text in armour: base64 and hexadecimal, in which programs carry a text through places that would harm it. What decodes to readable text is
//! read as that text: a row in base64, the payload of a JSON Web Token, an address in hexadecimal.
//!
//! A word may decode by chance. Of nine bytes at random all are printable once in 7,000 times, and a shorter token is not tried; what is
//! decoded stands in the place of its token, for what is before and behind it, and the token itself is kept behind the text ([`undone`]).

use data_encoding::BASE32_NOPAD;
use data_encoding::BASE64_NOPAD;
use data_encoding::BASE64URL_NOPAD;
use data_encoding::HEXLOWER_PERMISSIVE;

/// The shortest token that is decoded, and the shortest in base 32, which any word in capitals is.
const SHORTEST: usize = 12;
const SHORTEST_32: usize = 20;

/// Signs of the shortest token without its padding.
const STEP: usize = SHORTEST - 2;

/// Bytes of a long token by which it is seen whether the whole is worth it.
const TASTE: usize = 1_024;

/// Digits of which a number is taken for text only where it has so many.
const LONG_NUMBER: usize = 24;

/// Bytes from which on text in Latin-1 is told from chance.
const LATIN: usize = 16;

/// The text with what decodes to readable text decoded, none if nothing does. The tokens go to `kept`.
pub(super) fn undone(text: &str, kept: &mut String) -> Option<String> {
    let (mut out, mut copied) = (String::new(), 0);
    each_run(text.as_bytes(), |start, end| {
        let token = &text[start..end];
        let mut take = |at: usize, token: &str| {
            let Some(plain) = text_of(token) else { return false };
            out.push_str(&text[copied..at]);
            out.push_str(&plain);
            copied = at + token.len();
            kept.push('\n');
            kept.push_str(token);
            true
        };
        if !take(start, token) && !token.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            let mut at = start;
            for piece in token.split(|sign: char| !sign.is_ascii_alphanumeric()) {
                if piece.len() >= SHORTEST {
                    take(at, piece);
                }
                at += piece.len() + 1;
            }
        }
    });
    (copied > 0).then(|| out + &text[copied..])
}

/// Whether a cell has anything that decodes to readable text.
pub(crate) fn is_any(cell: &str) -> bool {
    cell.len() >= SHORTEST && undone(cell, &mut String::new()).is_some()
}

/// Calls back with each run of the signs of base64 that is long enough, its padding with it. Of lines that are as long as in mails and keys, all are one.
pub(super) fn each_run(bytes: &[u8], mut found: impl FnMut(usize, usize)) {
    let mut at = 0;
    while at < bytes.len() {
        // A run that is long enough, but for its padding, has a sign at every tenth place.
        let Some(probe) = bytes.get(at + STEP - 1) else { return };
        if !is_sign(*probe) {
            at += STEP;
            continue;
        }
        let before = bytes[at..at + STEP - 1].iter().rev().take_while(|byte| is_sign(**byte)).count();
        let start = at + STEP - 1 - before;
        let mut end = at + STEP;
        let mut line = start;
        loop {
            end += bytes[end..].iter().take_while(|byte| is_sign(**byte)).count();
            let fold = bytes[end..].iter().take(2).take_while(|byte| matches!(byte, b'\r' | b'\n' | b' ')).count();
            if fold == 0 || !matches!(end - line, 64 | 76) || !bytes.get(end + fold).is_some_and(|byte| is_sign(*byte)) {
                break;
            }
            end += fold;
            line = end;
        }
        end += bytes[end..].iter().take(2).take_while(|byte| **byte == b'=').count();
        if end - start >= SHORTEST {
            found(start, end);
        }
        at = end;
    }
}

/// Whether a byte is a sign of base64, in either alphabet.
pub(super) fn is_sign(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

/// The readable text that a token decodes to.
pub(super) fn text_of(token: &str) -> Option<String> {
    let is_padded = token.ends_with('=');
    let folded;
    let mut token = token.trim_end_matches('=');
    if token.contains([' ', '\n']) {
        folded = token.replace([' ', '\r', '\n'], "");
        token = &folded;
    }
    if token.len() < if is_padded { STEP } else { SHORTEST } {
        return None;
    }
    let try_all = |token: &str| {
        let hexadecimal = token.strip_prefix("0x").or_else(|| token.strip_prefix('x')).unwrap_or(token);
        let is_telling = hexadecimal.len() >= LONG_NUMBER || hexadecimal.bytes().any(|byte| byte.is_ascii_alphabetic());
        let hexadecimal = if is_telling { hex(hexadecimal) } else { None };
        hexadecimal
            .and_then(readable)
            .or_else(|| (is_padded || is_mixed(token)).then(|| base64(token)).flatten().and_then(readable))
            .or_else(|| base32(token).and_then(readable))
    };
    if token.len() > TASTE {
        try_all(token.get(..TASTE)?)?;
    }
    try_all(token)
}

/// The bytes of a token in hexadecimal.
pub(super) fn hex(token: &str) -> Option<Vec<u8>> {
    token.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| HEXLOWER_PERMISSIVE.decode(token.as_bytes()).ok()).flatten()
}

/// The bytes of a token in base64, in either alphabet, without its padding.
pub(super) fn base64(token: &str) -> Option<Vec<u8>> {
    let alphabet = if token.contains(['+', '/']) { BASE64_NOPAD } else { BASE64URL_NOPAD };
    alphabet.decode(token.as_bytes()).ok()
}

/// The bytes of a token in base 32.
pub(super) fn base32(token: &str) -> Option<Vec<u8>> {
    let is_one =
        token.len() >= SHORTEST_32 && token.bytes().all(|byte| byte.is_ascii_uppercase() || (b'2'..=b'7').contains(&byte));
    (is_one && token.bytes().any(|byte| byte.is_ascii_digit())).then(|| BASE32_NOPAD.decode(token.as_bytes()).ok()).flatten()
}

/// Whether a token has a digit, or letters of both cases: words mostly have neither.
fn is_mixed(token: &str) -> bool {
    let has = |is: fn(&u8) -> bool| token.as_bytes().iter().any(is);
    has(u8::is_ascii_digit) || has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase)
}

/// Bytes as text, where nine in ten characters are printable: UTF-8, UTF-16 of letters that Latin-1 has, Latin-1.
fn readable(bytes: Vec<u8>) -> Option<String> {
    let half = |parity: usize| bytes.iter().skip(parity).step_by(2).filter(|byte| **byte == 0).count() * 20 >= bytes.len() * 9;
    let text = if bytes.len() >= 8 && (half(0) || half(1)) {
        let is_little = half(1);
        let unit =
            |pair: &[u8]| if is_little { u16::from_le_bytes([pair[0], pair[1]]) } else { u16::from_be_bytes([pair[0], pair[1]]) };
        String::from_utf16(&bytes.chunks_exact(2).map(unit).collect::<Vec<u16>>()).ok()?
    } else {
        match String::from_utf8(bytes) {
            Ok(text) => text,
            // What was cut within a character, as a taste of a long token is.
            Err(error) if error.utf8_error().error_len().is_none() => {
                let end = error.utf8_error().valid_up_to();
                let mut bytes = error.into_bytes();
                bytes.truncate(end);
                String::from_utf8(bytes).ok()?
            }
            Err(error) => {
                let bytes = error.into_bytes();
                let is_letter = |byte: &u8| *byte >= 0xc0 || is_printable(char::from(*byte));
                let high = bytes.iter().filter(|byte| !byte.is_ascii()).count();
                if bytes.len() < LATIN || high * 5 > bytes.len() || !bytes.iter().all(is_letter) {
                    return None;
                }
                bytes.into_iter().map(char::from).collect()
            }
        }
    };
    let (mut all, mut good) = (0_usize, 0_usize);
    for letter in text.chars() {
        all += 1;
        good += usize::from(is_printable(letter) || letter.is_alphabetic());
    }
    if good == 0 || good * 10 < all * 9 {
        return None;
    }
    let plain = |letter: char| if letter.is_control() && !matches!(letter, '\n' | '\t') { ' ' } else { letter };
    Some(text.trim_start_matches('\u{feff}').chars().map(plain).collect())
}

fn is_printable(letter: char) -> bool {
    letter == ' ' || letter.is_ascii_graphic() || matches!(letter, '\t' | '\r' | '\n')
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::BASE32;
    use data_encoding::BASE64;
    use data_encoding::BASE64_MIME;
    use data_encoding::BASE64URL;
    use data_encoding::HEXUPPER;
    use proptest::prelude::*;

    const ROW: &str =
        "Ann Lee,1980-02-03,ann@lee.example,1 Old Mill Road, Leeds, LS1 4AB, 07700 900123 and some more of the kind";

    fn undo(text: &str) -> Option<(String, String)> {
        let mut kept = String::new();
        undone(text, &mut kept).map(|plain| (plain, kept))
    }

    #[test]
    fn what_is_readable_is_read() {
        let bytes = ROW.as_bytes();
        let utf16: Vec<u8> = ROW.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for token in [
            BASE64.encode(bytes),
            BASE64_NOPAD.encode(bytes),
            BASE64URL.encode(bytes),
            HEXLOWER_PERMISSIVE.encode(bytes),
            HEXUPPER.encode(bytes),
            format!("0x{}", HEXUPPER.encode(bytes)),
            BASE32.encode(bytes).trim_end_matches('=').to_owned(),
            BASE64.encode(&utf16),
            BASE64_MIME.encode(bytes).trim_end().to_owned(),
        ] {
            assert_eq!(undo(&token).expect("text").0, ROW, "{token}");
            assert_eq!(undo(&format!("{{\"a\":\"{token}\"}}")).expect("text").0, format!("{{\"a\":\"{ROW}\"}}"));
        }
        let (plain, kept) = undo("say YW5uQGxlZS5leGFtcGxl, twice").unwrap();
        assert_eq!((plain.as_str(), kept.as_str()), ("say ann@lee.example, twice", "\nYW5uQGxlZS5leGFtcGxl"));
        assert_eq!(undo("/r/YW5uQGxlZS5leGFtcGxl").unwrap().0, "/r/ann@lee.example");
        assert_eq!(undo(&BASE64.encode("José Núñez, Łódź".as_bytes())).unwrap().0, "José Núñez, Łódź");
        assert_eq!(undo(&BASE64.encode(b"Jos\xe9 Green of 12 High Street")).unwrap().0, "José Green of 12 High Street");
        let token = format!(
            "{}.{}.c2ln",
            BASE64URL_NOPAD.encode(b"{\"alg\":\"HS256\"}"),
            BASE64URL_NOPAD.encode(b"{\"sub\":\"ann@lee.example\"}")
        );
        assert_eq!(undo(&token).unwrap().0, "{\"alg\":\"HS256\"}.{\"sub\":\"ann@lee.example\"}.c2ln");
    }

    #[test]
    fn words_stay_words() {
        for text in [
            "a customer since 1998, complained twice about delivery",
            "responsibilities McDonaldson-Smithers INTERNATIONALISATION",
            "550e8400-e29b-41d4-a716-446655440000 447700900123 4929123412341234",
            "5d41402abc4b2a76b9719d911017c592 $2b$12$abcdefghijklmnopqrstuv",
            "https://shop.example/products/LongSleeveShirt2020?id=31313131",
            "antidisestablishmentarianism",
        ] {
            assert_eq!(undo(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn total(text in any::<String>(), token in "[A-Za-z0-9+/=_ \n-]{0,90}") {
            undo(&text);
            undo(&token);
            text_of(&token);
        }

        #[test]
        fn every_run_is_seen(before in "[ .,é]{0,14}", token in "[A-Za-z0-9]{12,40}", after in "[ .,é]{0,14}") {
            let text = format!("{before}{token}{after}");
            let mut runs = Vec::new();
            each_run(text.as_bytes(), |start, end| runs.push(text[start..end].to_owned()));
            prop_assert_eq!(runs, [token]);
        }
    }
}
