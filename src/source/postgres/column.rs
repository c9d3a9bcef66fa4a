//! How the values of a column are asked for and what becomes of their text.

/// What the text of a value stands for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::source) enum Form {
    /// Itself.
    Text,
    /// A day or a moment, which may be infinite.
    Moment,
    /// Bytes, in hexadecimal.
    Bytes,
    /// A list.
    Array,
    /// Words out of their order, for searching.
    Index,
    /// A list or a row with bytes in it, in hexadecimal.
    WithBytes,
}

impl Form {
    /// The form of a type, by its name in `pg_type` (of a domain: that of its base) and its category there, and whether there are bytes in its
    /// values.
    pub(in crate::source) fn of(type_name: &str, category: &str, has_bytes: bool) -> Form {
        match (type_name, category) {
            ("date" | "timestamp" | "timestamptz", _) => Form::Moment,
            ("bytea", _) => Form::Bytes,
            ("tsvector", _) => Form::Index,
            _ if has_bytes => Form::WithBytes,
            (_, "A") => Form::Array,
            _ => Form::Text,
        }
    }
}

/// A name as SQL has it, always quoted.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A name for people, quoted only where it would be misread.
pub(super) fn shown(name: &str) -> String {
    let is_plain = name.starts_with(|first: char| first.is_alphabetic() || first == '_')
        && name.chars().all(|character| character.is_alphanumeric() || matches!(character, '_' | '$' | '-' | ' '));
    if is_plain { name.to_owned() } else { quoted(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart() {
        assert_eq!(shown("contacts"), "contacts");
        assert_eq!(shown("Ärzte 2017"), "Ärzte 2017");
        assert_eq!(shown("a.b"), "\"a.b\"");
        assert_eq!(shown("x\"y"), "\"x\"\"y\"");
        assert_eq!(shown(""), "\"\"");
        assert_eq!(quoted("x\"; DROP TABLE y"), "\"x\"\"; DROP TABLE y\"");
    }
}
