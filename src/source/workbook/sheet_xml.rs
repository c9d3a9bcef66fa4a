//! The cells of a sheet in XML, as Excel writes them.

use super::number::Format;
use super::number::push_written;
use super::strings::Strings;
use super::table::Halt;
use super::table::MOST_COLUMNS;
use super::table::Regions;
use super::table::Value;
use super::table::Visit;
use super::table::place_of;
use super::table::region_of;
use super::xml::Xml;
use super::xml::attribute;
use super::xml::local;
use super::xml::push_text;
use crate::source::batch::LONGEST_ROW;
use crate::support::progress::Cancel;
use quick_xml::events::BytesStart;
use quick_xml::events::Event;
use std::io::Read;

/// What the cells of all sheets refer to.
#[derive(Clone, Copy)]
pub(super) struct Shared<'a> {
    pub(super) strings: &'a Strings,
    pub(super) formats: &'a [Format],
    pub(super) is_1904: bool,
}

/// How a cell's value is written.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Kind {
    #[default]
    Number,
    Shared,
    Text,
    Boolean,
    Error,
    /// An error that stands for a value kept elsewhere.
    Rich,
    Date,
}

/// The cell that is being read.
#[derive(Default)]
struct Cell {
    column: u32,
    kind: Kind,
    format: Format,
    has_formula: bool,
    text: String,
}

/// Shows the cells of a sheet, or those that are kept of another workbook.
pub(super) fn walk(xml: &mut Xml<'_, '_>, shared: Shared<'_>, visit: &mut dyn Visit) -> Result<(), Halt> {
    let (mut row, mut column) = (0_u32, 0_u32);
    let (mut cell, mut scratch) = (Cell::default(), String::new());
    let (mut is_in_cell, mut is_in_value) = (false, false);
    loop {
        match xml.next()? {
            Event::Start(element) => match local(element.name().as_ref()) {
                "v" | "t" | "val" if is_in_cell => is_in_value = true,
                "c" | "cell" => {
                    begin(&element, &mut cell, &mut row, &mut column, shared.formats, visit)?;
                    is_in_cell = true;
                }
                "f" => cell.has_formula = is_in_cell,
                "row" => {
                    row = number_of(&element, row);
                    column = 0;
                    visit.row(row)?;
                }
                // How it is pronounced is no part of a text.
                "rPh" if is_in_cell => xml.skip()?,
                "value" => {
                    // What another program served last, a row each.
                    row = row.saturating_add(1);
                    visit.row(row)?;
                    cell = Cell { kind: Kind::Text, ..Cell::default() };
                    is_in_cell = true;
                }
                _ => {}
            },
            Event::Empty(element) => match local(element.name().as_ref()) {
                "f" => cell.has_formula = is_in_cell,
                "c" | "cell" => begin(&element, &mut cell, &mut row, &mut column, shared.formats, visit)?,
                "row" => row = number_of(&element, row),
                _ => {}
            },
            Event::End(element) => match local(element.name().as_ref()) {
                "v" | "t" | "val" => is_in_value = false,
                "c" | "cell" | "value" if is_in_cell => {
                    is_in_cell = false;
                    show(&mut cell, shared, &mut scratch, visit)?;
                }
                _ => {}
            },
            Event::Eof => return Ok(()),
            event if is_in_value => {
                push_text(&mut cell.text, &event)?;
                if cell.text.len() > 3 * LONGEST_ROW {
                    return Err(Halt::unsupported("a text is longer than 48 MiB"));
                }
            }
            _ => {}
        }
    }
}

fn number_of(element: &BytesStart<'_>, last: u32) -> u32 {
    attribute(element, "r").and_then(|number| number.parse().ok()).unwrap_or_else(|| last.saturating_add(1))
}

/// Begins a cell: where it stands and how its value is written.
fn begin(
    element: &BytesStart<'_>,
    cell: &mut Cell,
    row: &mut u32,
    column: &mut u32,
    formats: &[Format],
    visit: &mut dyn Visit,
) -> Result<(), Halt> {
    cell.text.clear();
    cell.text.shrink_to(1 << 20);
    (cell.kind, cell.format, cell.has_formula) = (Kind::Number, Format::Plain, false);
    let mut is_rich = false;
    if *row == 0 {
        *row = 1;
        visit.row(1)?;
    }
    for attribute in element.attributes().with_checks(false).flatten() {
        let value = attribute.value.as_ref();
        match attribute.key.as_ref() {
            "r" => {
                let Some((stated_row, stated_column)) = place_of(value) else {
                    return Err(Halt::failed("a cell has no place that can be told"));
                };
                *column = stated_column;
                if stated_row != *row {
                    *row = stated_row;
                    visit.row(*row)?;
                }
            }
            "s" => cell.format = value.parse().ok().and_then(|index: usize| formats.get(index)).copied().unwrap_or_default(),
            "t" => {
                cell.kind = match value {
                    "s" => Kind::Shared,
                    "str" | "inlineStr" => Kind::Text,
                    "b" => Kind::Boolean,
                    "e" => Kind::Error,
                    "d" => Kind::Date,
                    _ => Kind::Number,
                }
            }
            "vm" => is_rich = true,
            _ => {}
        }
    }
    if is_rich && cell.kind == Kind::Error {
        cell.kind = Kind::Rich;
    }
    if *column >= MOST_COLUMNS {
        return Err(Halt::failed("a cell lies beyond the last column"));
    }
    cell.column = *column;
    *column += 1;
    Ok(())
}

/// Shows a cell that is complete.
fn show(cell: &mut Cell, shared: Shared<'_>, scratch: &mut String, visit: &mut dyn Visit) -> Result<(), Halt> {
    let text = cell.text.as_str();
    scratch.clear();
    let value = match cell.kind {
        Kind::Text if text.is_empty() => return Ok(()),
        _ if text.is_empty() && cell.has_formula => Value::Uncached,
        _ if text.is_empty() => return Ok(()),
        Kind::Shared => text.trim().parse().ok().and_then(|index| shared.strings.get(index)).map_or(Value::Unknown, Value::Text),
        Kind::Text => Value::Text(unescape(text, scratch)),
        Kind::Boolean => Value::Text(match text.trim() {
            "1" => "true",
            "0" => "false",
            other => other,
        }),
        Kind::Error => Value::Error,
        Kind::Rich => Value::Unknown,
        Kind::Date => {
            push_iso(scratch, text);
            Value::Text(scratch)
        }
        Kind::Number if push_written(scratch, text, cell.format, shared.is_1904) => Value::Text(scratch),
        Kind::Number => Value::Text(text),
    };
    visit.cell(cell.column, value)
}

/// A moment as `YYYY-MM-DD`, with the time where it is not midnight.
pub(super) fn push_iso(text: &mut String, moment: &str) {
    let moment = moment.trim();
    let Some((day, time)) = moment.split_once('T') else {
        text.push_str(moment);
        return;
    };
    text.push_str(day);
    let time = if time.contains('.') { time.trim_end_matches('0').trim_end_matches('.') } else { time };
    if !matches!(time, "00:00:00" | "00:00:00Z" | "00:00" | "") {
        text.push(' ');
        text.push_str(time);
    }
}

/// A text with its characters in the form `_x000D_` as they are meant.
pub(super) fn unescape<'a>(text: &'a str, scratch: &'a mut String) -> &'a str {
    if !text.contains("_x") {
        return text;
    }
    scratch.clear();
    let mut rest = text;
    while let Some(at) = rest.find("_x") {
        let code = rest.get(at + 2..at + 6).filter(|_| rest.as_bytes().get(at + 6) == Some(&b'_'));
        let code = code.filter(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let character = code.and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32);
        scratch.push_str(&rest[..at]);
        let (meant, length) = character.map_or(("_x", 2), |_| ("", 7));
        scratch.push_str(meant);
        scratch.extend(character);
        rest = &rest[at + length..];
    }
    scratch.push_str(rest);
    scratch
}

/// The merged regions of a sheet, which stand behind its cells. Looked for in the bytes, since to parse all cells for them takes far longer.
pub(super) fn regions(part: &mut impl Read, cancel: &Cancel) -> Result<Regions, Halt> {
    let finder = memchr::memmem::Finder::new(b"mergeCell");
    let (mut regions, mut buffer, mut filled) = (Regions::default(), vec![0; 256 << 10], 0);
    loop {
        let count = part.read(&mut buffer[filled..]).map_err(|error| Halt::of_io(&error, cancel))?;
        filled += count;
        let bytes = &buffer[..filled];
        // What may continue in the next bytes is kept.
        let mut kept = filled.saturating_sub(16);
        let mut from = 0;
        while let Some(at) = finder.find(&bytes[from..]).map(|at| at + from) {
            let name_end = at + b"mergeCell".len();
            let Some(length) = memchr::memchr(b'>', &bytes[name_end..]).filter(|length| *length < 4_096) else {
                if filled - at < 4_096 {
                    kept = kept.min(at.saturating_sub(1));
                    break;
                }
                from = name_end;
                continue;
            };
            let is_tag = at > 0 && matches!(bytes[at - 1], b'<' | b':') && bytes[name_end].is_ascii_whitespace();
            if is_tag {
                regions.push(reference(&bytes[name_end..name_end + length]).and_then(region_of));
            }
            from = name_end + length;
            kept = kept.max(from);
        }
        if count == 0 {
            return Ok(regions.sorted());
        }
        buffer.copy_within(kept..filled, 0);
        filled -= kept;
    }
}

/// The attribute `ref` among others.
fn reference(attributes: &[u8]) -> Option<&str> {
    let at = memchr::memmem::find(attributes, b"ref=")? + 4;
    let quote = *attributes.get(at)?;
    let value = &attributes[at + 1..];
    str::from_utf8(&value[..memchr::memchr(quote, value)?]).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_characters_come_back() {
        let mut scratch = String::new();
        for (text, expected) in [
            ("a_x000D_b", "a\rb"),
            ("_x005F_x000D_", "_x000D_"),
            ("_x00_", "_x00_"),
            ("no", "no"),
            ("é_xé", "é_xé"),
            ("_xD800_", "_xD800_"),
        ] {
            assert_eq!(unescape(text, &mut scratch), expected);
        }
    }

    #[test]
    fn moments_lose_midnight() {
        for (moment, expected) in [
            ("2017-06-30T00:00:00", "2017-06-30"),
            ("2017-06-30T12:30:00.000", "2017-06-30 12:30:00"),
            ("2017-06-30", "2017-06-30"),
            ("2017-06-30T12:30:00.250", "2017-06-30 12:30:00.25"),
        ] {
            let mut text = String::new();
            push_iso(&mut text, moment);
            assert_eq!(text, expected);
        }
    }
}
