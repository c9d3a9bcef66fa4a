//! How the values of a column are asked for and what becomes of their text.

use crate::source::RowBatch;
use crate::source::batch::Counts;
use crate::source::bytes;
use std::borrow::Cow;

/// What the text of a value stands for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Form {
    /// Itself.
    Text,
    /// Text of a column in Windows-1252, which old programs filled with the bytes of UTF-8.
    Latin1,
    /// A day or a moment, which may be all zeros in place of NULL.
    Moment,
    /// Bytes.
    Bytes,
    /// Bytes that are filled up with zeros.
    FixedBytes,
    /// Bits, which are a number.
    Bits,
    /// A shape, or numbers packed together: never text.
    Packed,
}

impl Form {
    /// The form of a type and a character set, as `information_schema.COLUMNS` names them.
    pub(super) fn of(data_type: &str, character_set: Option<&str>) -> Form {
        match data_type {
            "date" | "datetime" | "timestamp" => Form::Moment,
            "binary" => Form::FixedBytes,
            "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" => Form::Bytes,
            "bit" => Form::Bits,
            "geometry" | "point" | "linestring" | "polygon" | "multipoint" | "multilinestring" | "multipolygon"
            | "geometrycollection" | "geomcollection" | "vector" => Form::Packed,
            _ if character_set == Some("latin1") => Form::Latin1,
            _ => Form::Text,
        }
    }

    /// How a column is selected, by its quoted name.
    pub(super) fn selected(self, name: &str) -> String {
        match self {
            Form::Bits => format!("CAST({name} AS UNSIGNED)"),
            Form::Packed => format!("HEX({name})"),
            _ => name.to_owned(),
        }
    }
}

/// Whether values of a type may be longer than the longest row.
pub(super) fn may_be_long(data_type: &str) -> bool {
    matches!(data_type, "mediumtext" | "longtext" | "mediumblob" | "longblob" | "json")
}

/// Adds a value to a row as text. Text with zero bytes in it is judged as bytes are.
#[inline]
pub(super) fn push(batch: &mut RowBatch, column: usize, form: Form, value: Option<&[u8]>, binary: &mut Counts) {
    let Some(value) = value else { return batch.push_cell(None) };
    match form {
        Form::Bytes => bytes::push(batch, column, value, binary),
        Form::FixedBytes => bytes::push(batch, column, without_filling(value), binary),
        Form::Moment if is_zero(value) => batch.push_cell(None),
        _ if value.contains(&0) => bytes::push(batch, column, value, binary),
        Form::Latin1 if !value.is_ascii() => match str::from_utf8(value) {
            Ok(text) => batch.push_text(&repaired(text)),
            Err(_) => batch.push_cell(Some(value)),
        },
        _ => batch.push_cell(Some(value)),
    }
}

/// Bytes of fixed length without the zeros at their end, where what is left is text by itself.
fn without_filling(value: &[u8]) -> &[u8] {
    let length = value.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let rest = &value[..length];
    if !rest.contains(&0) && bytes::text(rest).is_some() { rest } else { value }
}

/// Whether a date, a moment or a fraction of one has no digit but zeros: what programs write where they know no date.
fn is_zero(value: &[u8]) -> bool {
    value.starts_with(b"0000-00-00") && value.iter().all(|byte| matches!(byte, b'0' | b'-' | b':' | b' ' | b'.'))
}

/// Text whose characters, as bytes of Windows-1252, are UTF-8: it was stored as bytes in a column that took them for characters.
fn repaired(text: &str) -> Cow<'_, str> {
    let bytes: Option<Vec<u8>> = text.chars().map(windows_1252).collect();
    match bytes.and_then(|bytes| String::from_utf8(bytes).ok()) {
        Some(repaired) => Cow::Owned(repaired),
        None => Cow::Borrowed(text),
    }
}

/// The byte of a character. Where Windows-1252 has none, the server keeps the control character of the same number.
fn windows_1252(character: char) -> Option<u8> {
    const UPPER: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘', '’', '“',
        '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    match u8::try_from(u32::from(character)) {
        Ok(byte) if !(0x80..0xa0).contains(&byte) => Some(byte),
        _ => {
            let place = UPPER.iter().position(|upper| *upper == character)?;
            u8::try_from(0x80 + place).ok()
        }
    }
}

/// A name as SQL has it, always quoted.
pub(super) fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A text as SQL has it, where a backslash escapes what follows it, as it does in the sessions of this program.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

/// A name for people, quoted only where it would be misread.
pub(super) fn shown(name: &str) -> String {
    let is_plain = name.starts_with(|first: char| first.is_alphanumeric() || first == '_')
        && name.chars().all(|character| character.is_alphanumeric() || matches!(character, '_' | '$' | '-' | ' '));
    if is_plain { name.to_owned() } else { quoted(name) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Locator;
    use proptest::prelude::*;

    fn read(form: Form, value: &[u8]) -> Option<String> {
        let (mut batch, mut binary) = (RowBatch::default(), Counts::default());
        push(&mut batch, 0, form, Some(value), &mut binary);
        batch.end_row(Locator::None);
        batch.cell(0, 0).map(str::to_owned)
    }

    #[test]
    fn names_are_told_apart() {
        assert_eq!(shown("contacts"), "contacts");
        assert_eq!(shown("2017 Ärzte"), "2017 Ärzte");
        assert_eq!(shown("a.b"), "`a.b`");
        assert_eq!(shown("x`y"), "`x``y`");
        assert_eq!(shown(""), "``");
        assert_eq!(quoted("x`; DROP TABLE y"), "`x``; DROP TABLE y`");
        assert_eq!(literal("it's"), "'it''s'");
    }

    #[test]
    fn zero_dates_are_nothing_and_partial_ones_stay() {
        for value in ["0000-00-00", "0000-00-00 00:00:00", "0000-00-00 00:00:00.000000"] {
            assert_eq!(read(Form::Moment, value.as_bytes()), None, "{value}");
            assert_eq!(read(Form::Text, value.as_bytes()).as_deref(), Some(value));
        }
        for value in ["1980-00-00", "0000-00-00 00:00:01", "1980-02-03 04:05:06"] {
            assert_eq!(read(Form::Moment, value.as_bytes()).as_deref(), Some(value));
        }
    }

    #[test]
    fn utf8_in_a_latin1_column_is_read_as_utf8() {
        for (stored, meant) in [
            ("RenÃ©", "René"),
            ("MÃ¼ller", "Müller"),
            ("â‚¬", "€"),
            ("Ã\u{81}", "Á"),
            ("René", "René"),
            ("Müller – Straße", "Müller – Straße"),
            ("ann", "ann"),
            ("Ã© Š", "Ã© Š"),
            ("Łódź", "Łódź"),
        ] {
            assert_eq!(read(Form::Latin1, stored.as_bytes()).as_deref(), Some(meant), "{stored}");
            assert_eq!(read(Form::Text, stored.as_bytes()).as_deref(), Some(stored), "{stored}");
        }
    }

    #[test]
    fn bytes_are_text_where_they_are() {
        assert_eq!(read(Form::Bytes, b"ann").as_deref(), Some("ann"));
        assert_eq!(read(Form::Bytes, b"\xff\xfe\x00\x01"), None);
        assert_eq!(read(Form::FixedBytes, b"ann\0\0\0").as_deref(), Some("ann"));
        assert_eq!(read(Form::FixedBytes, b"\x01\x02\0\0"), None);
        assert_eq!(read(Form::Text, b"a\0n\0n\0").as_deref(), Some("ann"));
    }

    proptest! {
        #[test]
        fn what_was_stored_as_bytes_comes_back(text in "\\PC{0,12}") {
            let upper: String = text.bytes().map(|byte| {
                (0..=0x2122_u32).filter_map(char::from_u32).find(|character| windows_1252(*character) == Some(byte)).unwrap()
            }).collect();
            prop_assert_eq!(repaired(&upper), text);
        }

        #[test]
        fn any_value_is_read(value in prop::collection::vec(any::<u8>(), 0..24)) {
            for form in [Form::Text, Form::Latin1, Form::Moment, Form::Bytes, Form::FixedBytes, Form::Bits, Form::Packed] {
                let _ = read(form, &value);
            }
        }
    }
}
