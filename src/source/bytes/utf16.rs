//! Text in UTF-16 that a program stored as bytes, without telling the database that it is text.

/// The text of bytes that are UTF-16 of either byte order, with or without a byte order mark and a NUL at the end. `None`: they are
/// no such text. Many bytes pass for UTF-16, so most characters have to be Latin and one of
/// them ASCII, and no character may be one that no text holds.
pub(super) fn decode(bytes: &[u8]) -> Option<String> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    decode_units(pairs.iter().map(|pair| u16::from_le_bytes(*pair)))
        .or_else(|| decode_units(pairs.iter().map(|pair| u16::from_be_bytes(*pair))))
}

fn decode_units(units: impl Iterator<Item = u16>) -> Option<String> {
    let text: String = char::decode_utf16(units).collect::<Result<_, _>>().ok()?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text).trim_end_matches('\0');
    let latin = text.chars().filter(|character| *character < '\u{250}').count();
    let has_ascii = text.contains(|character: char| character.is_ascii_alphanumeric());
    let is_text = has_ascii && 2 * latin > text.chars().count() && !text.chars().any(is_foreign_to_text);
    is_text.then(|| text.to_owned())
}

/// Control characters but for tabs and line breaks, private use, and what is no character.
fn is_foreign_to_text(character: char) -> bool {
    (character.is_control() && !matches!(character, '\t' | '\n' | '\r'))
        || matches!(character, '\u{e000}'..='\u{f8ff}' | '\u{fdd0}'..='\u{fdef}' | '\u{fffe}' | '\u{ffff}' | '\u{f0000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn decodes_either_byte_order() {
        for text in ["Ann", "Żółć 1", "Ann Ωmega\r\n", "x😀y z"] {
            let units: Vec<u16> = text.encode_utf16().collect();
            let marked: Vec<u16> = [0xfeff].into_iter().chain(units.iter().copied()).chain([0]).collect();
            for units in [units, marked] {
                let little: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
                let big: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
                assert_eq!(decode(&little).as_deref(), Some(text));
                assert_eq!(decode(&big).as_deref(), Some(text));
            }
        }
    }

    #[test]
    fn refuses_what_is_no_text() {
        let others: [&[u8]; 8] = [b"", b"\0", b"\0\0", b"Ann\0", b"A\0n\0n", b"A\0\0\0n\0\0\0", b"\x01\0\x02\0", b"A\0\x00\xd8"];
        for bytes in others {
            assert_eq!(decode(bytes), None, "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_decoded_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = decode(&bytes);
        }
    }
}
