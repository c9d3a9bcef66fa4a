//! Cells that hold several values under names of their own: JSON, hstore, XML. They are not divided; but names that are those of a person's
//! fields tell that the values beside them are a person's, whatever they look like.

use crate::intake::infer::names_person;
use std::collections::HashMap;

/// Names whose meaning is remembered.
const MOST_REMEMBERED: usize = 10_000;

/// A longer name names nothing.
const LONGEST_NAME: usize = 64;

/// Looks for names of a person's fields, and remembers those that it has seen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names(HashMap<String, bool>);

impl Names {
    /// Whether a cell holds values under names, one of which is that of a person's field.
    pub(crate) fn name_person(&mut self, cell: &str) -> bool {
        let cell = cell.trim();
        match cell.as_bytes().first() {
            Some(b'{' | b'[' | b'"') => self.quoted(cell),
            Some(b'<') => self.tagged(cell),
            _ => false,
        }
    }

    /// `"name": …` of JSON, `"name"=>…` of hstore.
    fn quoted(&mut self, cell: &str) -> bool {
        let mut rest = cell;
        while let Some((_, from)) = rest.split_once('"') {
            let Some(end) = end_of_text(from) else { return false };
            let (name, behind) = (&from[..end], &from[end + 1..]);
            let follows = behind.trim_start();
            if (follows.starts_with(':') || follows.starts_with("=>")) && self.is_persons(name) {
                return true;
            }
            // JSON within JSON is a text with quotes of its own.
            if name.contains("\\\"") && name.trim_start().starts_with(['{', '[']) && self.quoted(&name.replace("\\\"", "\"")) {
                return true;
            }
            rest = behind;
        }
        false
    }

    /// `<name>` and `name="…"` of XML.
    fn tagged(&mut self, cell: &str) -> bool {
        let is_of_name = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.');
        let tags = cell.split('<').skip(1).map(|tag| tag.split('>').next().unwrap_or_default());
        tags.into_iter().any(|tag| {
            let name = tag.split(|letter| !is_of_name(letter)).next().unwrap_or_default();
            let attributes = tag.split('=').map(|before| before.rsplit(|letter| !is_of_name(letter)).next().unwrap_or_default());
            std::iter::once(name).chain(attributes).any(|name| self.is_persons(name))
        })
    }

    fn is_persons(&mut self, name: &str) -> bool {
        if name.is_empty() || name.len() > LONGEST_NAME {
            return false;
        }
        if let Some(known) = self.0.get(name) {
            return *known;
        }
        let is_persons = names_person(name);
        if self.0.len() < MOST_REMEMBERED {
            self.0.insert(name.to_owned(), is_persons);
        }
        is_persons
    }
}

/// Where a text ends that began before: at a quote without a backslash before it.
fn end_of_text(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    text.bytes().position(|byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_of_persons_fields_tell() {
        let mut names = Names::default();
        for cell in [
            r#"{"id": 5, "first_name": "Ann"}"#,
            r#" [{"x": {"surname":"Lee"}}]"#,
            r#""colour"=>"red", "surname"=>"Lee""#,
            r#"{"body": "{\"surname\": \"Lee\"}"}"#,
            "<p><surname>Lee</surname></p>",
            r#"<p lastName="Lee"/>"#,
        ] {
            assert!(names.name_person(cell), "{cell}");
        }
        for cell in [
            r#"{"id": 5, "created_at": "x", "colour": "surname"}"#,
            "surname: Lee",
            "{red,blue}",
            r#"{"a\"b": 1, "c"#,
            "<b>bold</b>",
            "",
        ] {
            assert!(!names.name_person(cell), "{cell}");
        }
    }

    proptest! {
        #[test]
        fn any_cell_is_looked_at(cell in "[{\\[<\"][a\"\\\\:=><é {\\[]{0,40}") {
            Names::default().name_person(&cell);
        }
    }
}
