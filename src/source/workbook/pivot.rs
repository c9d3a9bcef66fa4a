//! Copies of rows that a workbook keeps for its pivot tables, and may keep when the sheet is gone.

use super::number::Format;
use super::number::push_written;
use super::package::Package;
use super::sheet_xml::push_iso;
use super::sheet_xml::unescape;
use super::strings::Strings;
use super::table::Halt;
use super::table::MOST_COLUMNS;
use super::table::Value;
use super::table::Visit;
use super::xml::Xml;
use super::xml::attribute;
use super::xml::local;
use crate::support::progress::Cancel;
use quick_xml::events::BytesStart;
use quick_xml::events::Event;

/// Stands for no value among the shared ones; XML cannot hold it.
const NONE: &str = "\0";

/// What the records of a pivot cache refer to.
#[derive(Default)]
pub(super) struct Definition {
    pub(super) names: Vec<String>,
    /// For each field where its shared values begin, and their number.
    shared: Vec<(usize, usize)>,
    values: Strings,
}

impl Definition {
    pub(super) fn read(package: &Package, part: usize, cancel: &Cancel) -> Result<Definition, Halt> {
        package.with_xml(part, cancel, Definition::parse)
    }

    fn parse(xml: &mut Xml<'_, '_>) -> Result<Definition, Halt> {
        let mut definition = Definition::default();
        let (mut is_in_shared, mut is_stored) = (false, true);
        let mut text = String::new();
        loop {
            let event = xml.next()?;
            let is_start = matches!(event, Event::Start(_));
            match event {
                Event::Start(element) | Event::Empty(element) => match local(element.name().as_ref()) {
                    "cacheField" => {
                        is_stored = attribute(&element, "databaseField").is_none_or(|value| value != "0" && value != "false");
                        if is_stored {
                            if definition.names.len() >= MOST_COLUMNS as usize {
                                return Err(Halt::unsupported("copies of rows for pivot tables have too many columns"));
                            }
                            let name = attribute(&element, "name").unwrap_or_default();
                            definition.names.push(name.into_owned());
                            definition.shared.push((definition.values.len(), 0));
                        }
                    }
                    "sharedItems" => is_in_shared = is_start && is_stored,
                    name if is_in_shared && item(name, &element, &mut text) => {
                        definition.values.push(&text)?;
                        if let Some((_, count)) = definition.shared.last_mut() {
                            *count += 1;
                        }
                    }
                    _ => {}
                },
                Event::End(element) if local(element.name().as_ref()) == "sharedItems" => is_in_shared = false,
                Event::Eof => return Ok(definition),
                _ => {}
            }
        }
    }

    /// Shows the records.
    pub(super) fn walk(&self, xml: &mut Xml<'_, '_>, visit: &mut dyn Visit) -> Result<(), Halt> {
        let (mut row, mut field, mut text) = (0_u32, 0_usize, String::new());
        loop {
            match xml.next()? {
                Event::Start(element) | Event::Empty(element) => match local(element.name().as_ref()) {
                    "r" => {
                        row = row.saturating_add(1);
                        field = 0;
                        visit.row(row)?;
                    }
                    "x" if row > 0 => {
                        let index: Option<usize> = attribute(&element, "v").and_then(|index| index.parse().ok());
                        let shared = self.shared.get(field).copied().unwrap_or_default();
                        let value = index.filter(|index| *index < shared.1).and_then(|index| self.values.get(shared.0 + index));
                        show(value, field, visit)?;
                        field += 1;
                    }
                    name if row > 0 && item(name, &element, &mut text) => {
                        show(Some(&text), field, visit)?;
                        field += 1;
                    }
                    _ => {}
                },
                Event::Eof => return Ok(()),
                _ => {}
            }
            if field > MOST_COLUMNS as usize {
                return Err(Halt::failed("a copy of a row for pivot tables has too many cells"));
            }
        }
    }

    /// Shows the values alone, where no records are kept: each in a row of its own.
    pub(super) fn walk_values(&self, visit: &mut dyn Visit) -> Result<(), Halt> {
        let mut row = 0;
        for (field, (start, count)) in self.shared.iter().enumerate() {
            for index in *start..start + count {
                row += 1;
                visit.row(row)?;
                show(self.values.get(index), field, visit)?;
            }
        }
        Ok(())
    }
}

fn show(value: Option<&str>, field: usize, visit: &mut dyn Visit) -> Result<(), Halt> {
    let column = u32::try_from(field).unwrap_or(u32::MAX);
    match value {
        Some(NONE) => Ok(()),
        Some(text) => visit.cell(column, Value::Text(text)),
        None => visit.cell(column, Value::Unknown),
    }
}

/// The value of an element, where it is one.
fn item(name: &str, element: &BytesStart<'_>, text: &mut String) -> bool {
    let value = attribute(element, "v").unwrap_or_default();
    text.clear();
    match name {
        "s" => {
            let mut scratch = String::new();
            let value = unescape(&value, &mut scratch).to_owned();
            text.push_str(&value);
        }
        "n" => {
            if !push_written(text, &value, Format::Plain, false) {
                text.push_str(&value);
            }
        }
        "d" => push_iso(text, &value),
        "b" => text.push_str(if value == "1" || value == "true" { "true" } else { "false" }),
        "e" | "m" => text.push_str(NONE),
        _ => return false,
    }
    true
}
