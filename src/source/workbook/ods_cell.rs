//! A cell of an `OpenDocument` table: its value by the word of its attributes, or else its paragraphs.

use super::number::Format;
use super::number::push_written;
use super::sheet_xml::push_iso;
use super::table::Halt;
use super::table::Value;
use super::xml::attribute;
use super::xml::push_text;
use super::xml::unescaped;
use crate::source::batch::LONGEST_ROW;
use quick_xml::events::BytesStart;
use quick_xml::events::Event;
use std::fmt::Write as _;

/// What the attributes of a cell say that it holds.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Kind {
    /// Nothing, or what its paragraphs hold.
    #[default]
    Open,
    Number,
    Date,
    Time,
    Boolean,
    Text,
    Error,
}

/// The cell that is being read.
#[derive(Default)]
pub(super) struct Cell {
    /// How often it stands side by side.
    pub(super) times: u32,
    kind: Kind,
    has_formula: bool,
    /// The value as the attributes give it.
    stated: Option<String>,
    text: String,
    paragraphs: u32,
    is_in_paragraph: bool,
    shown: String,
}

impl Cell {
    pub(super) fn begin(&mut self, element: &BytesStart<'_>, times: u32) {
        self.text.clear();
        self.text.shrink_to(1 << 20);
        (self.times, self.kind, self.has_formula, self.stated) = (times, Kind::Open, false, None);
        (self.paragraphs, self.is_in_paragraph) = (0, false);
        for attribute in element.attributes().with_checks(false).flatten() {
            let key: &str = attribute.key.as_ref();
            let value = unescaped(attribute.value);
            match super::xml::local(key) {
                "value-type" if self.kind != Kind::Error => {
                    self.kind = match value.as_ref() {
                        "float" | "percentage" | "currency" => Kind::Number,
                        "date" => Kind::Date,
                        "time" => Kind::Time,
                        "boolean" => Kind::Boolean,
                        "string" => Kind::Text,
                        "error" => Kind::Error,
                        _ => Kind::Open,
                    }
                }
                "value" | "date-value" | "time-value" | "boolean-value" | "string-value" => {
                    self.stated = Some(value.into_owned());
                }
                "formula" => self.has_formula = true,
                _ => {}
            }
        }
    }

    /// An element within the cell.
    pub(super) fn element(&mut self, name: &str, element: &BytesStart<'_>, is_start: bool) {
        match name {
            "p" | "h" => {
                if self.paragraphs > 0 {
                    self.text.push('\n');
                }
                self.paragraphs += 1;
                self.is_in_paragraph = is_start;
            }
            "s" if self.is_in_paragraph => {
                let count: usize = attribute(element, "c").and_then(|count| count.parse().ok()).unwrap_or(1);
                self.text.extend(std::iter::repeat_n(' ', count.min(1_000)));
            }
            "tab" if self.is_in_paragraph => self.text.push('\t'),
            "line-break" if self.is_in_paragraph => self.text.push('\n'),
            _ => {}
        }
    }

    pub(super) fn end(&mut self, name: &str) {
        self.is_in_paragraph &= !matches!(name, "p" | "h");
    }

    pub(super) fn text(&mut self, event: &Event<'_>) -> Result<(), Halt> {
        if !self.is_in_paragraph {
            return Ok(());
        }
        if self.text.len() > 2 * LONGEST_ROW {
            return Err(Halt::unsupported("a text is longer than 32 MiB"));
        }
        let start = self.text.len();
        push_text(&mut self.text, event)?;
        // Blanks in a row are one, as is a line break of the file.
        if self.text[start..].contains(['\n', '\t', '\r']) || self.text[start..].contains("  ") {
            let added = self.text.split_off(start);
            let mut was_blank = false;
            for character in added.chars() {
                let is_blank = matches!(character, ' ' | '\n' | '\t' | '\r');
                if !is_blank || !was_blank {
                    self.text.push(if is_blank { ' ' } else { character });
                }
                was_blank = is_blank;
            }
        }
        Ok(())
    }

    /// What the cell holds, where it holds something.
    pub(super) fn value(&mut self) -> Option<Value<'_>> {
        let stated = self.stated.as_deref().filter(|stated| !stated.is_empty());
        self.shown.clear();
        self.shown.shrink_to(1 << 20);
        match (self.kind, stated) {
            (Kind::Error, _) => return Some(Value::Error),
            (Kind::Number, Some(stated)) => {
                if !push_written(&mut self.shown, stated, Format::Plain, false) {
                    self.shown.push_str(stated);
                }
            }
            (Kind::Date, Some(stated)) => push_iso(&mut self.shown, stated),
            (Kind::Time, Some(stated)) => push_time(&mut self.shown, stated),
            (Kind::Boolean | Kind::Text, Some(stated)) => self.shown.push_str(stated),
            _ if !self.text.is_empty() => return Some(Value::Text(&self.text)),
            (Kind::Text, _) => return None,
            // A formula of no kind has no result.
            _ if self.has_formula => return Some(Value::Uncached),
            _ => return None,
        }
        Some(Value::Text(&self.shown))
    }
}

/// A length of time such as `PT12H30M00S` as hours, minutes and seconds; as it stands, where it is none.
fn push_time(text: &mut String, stated: &str) {
    let parse = || {
        let (sign, rest) = stated.strip_prefix('-').map_or(("", stated), |rest| ("-", rest));
        let (hours, rest) = rest.strip_prefix("PT")?.split_once('H')?;
        let (minutes, rest) = rest.split_once('M')?;
        let seconds = rest.strip_suffix('S')?;
        let (seconds, fraction) = seconds.split_once(['.', ',']).unwrap_or((seconds, ""));
        let hours: u64 = hours.parse().ok()?;
        let (minutes, seconds): (u8, u8) = (minutes.parse().ok()?, seconds.parse().ok()?);
        Some((sign, hours, minutes, seconds, fraction.trim_end_matches('0').to_owned()))
    };
    let Some((sign, hours, minutes, seconds, fraction)) = parse() else {
        text.push_str(stated);
        return;
    };
    // Writing to a string does not fail.
    let _ = write!(text, "{sign}{hours:02}:{minutes:02}:{seconds:02}");
    if !fraction.is_empty() {
        let _ = write!(text, ".{fraction}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_hours_minutes_and_seconds() {
        for (stated, expected) in
            [("PT12H30M00S", "12:30:00"), ("PT37H05M01.500S", "37:05:01.5"), ("P1D", "P1D"), ("-PT01H00M00S", "-01:00:00")]
        {
            let mut text = String::new();
            push_time(&mut text, stated);
            assert_eq!(text, expected);
        }
    }
}
