//! The parts of binary workbooks (`.xlsb`): records, each with its kind and its length ([MS-XLSB]).

use super::number::Format;
use super::number::push_number;
use super::package::Package;
use super::package::read_exact;
use super::sheet_xml::Shared;
use super::strings::Strings;
use super::table::Halt;
use super::table::MOST_COLUMNS;
use super::table::MOST_ROWS;
use super::table::Region;
use super::table::Regions;
use super::table::Value;
use super::table::Visit;
use super::xlsx::ListedSheet;
use super::xlsx::Outline;
use crate::support::progress::Cancel;
use std::collections::HashMap;
use std::io::Read;

/// The longest record.
const LONGEST: usize = 48 << 20;

/// The most sheets, styles and formats.
const MOST: usize = 1 << 16;

/// Shows all records of a part to `see`, by kind and content.
fn records(
    package: &Package,
    part: usize,
    cancel: &Cancel,
    mut see: impl FnMut(u16, &[u8]) -> Result<(), Halt>,
) -> Result<(), Halt> {
    package.with_part(part, cancel, |reader| {
        let mut content = Vec::new();
        loop {
            let mut byte = [0];
            if reader.read(&mut byte).map_err(|error| Halt::of_io(&error, cancel))? == 0 {
                return Ok(());
            }
            reader.get_mut().event_left = u64::MAX;
            let mut kind = u16::from(byte[0]);
            if kind >= 0x80 {
                read_exact(reader, &mut byte, cancel)?;
                kind = (kind & 0x7f) | (u16::from(byte[0] & 0x7f) << 7);
            }
            let mut length = 0;
            for place in 0..4 {
                read_exact(reader, &mut byte, cancel)?;
                length |= usize::from(byte[0] & 0x7f) << (7 * place);
                if byte[0] < 0x80 {
                    break;
                }
            }
            if length > LONGEST {
                return Err(Halt::failed("a record is longer than 48 MiB"));
            }
            content.clear();
            content.shrink_to(1 << 20);
            let count = reader.by_ref().take(length as u64).read_to_end(&mut content);
            if count.map_err(|error| Halt::of_io(&error, cancel))? < length {
                return Err(Halt::Fault(
                    crate::source::ProblemCode::CutShort,
                    "a part of the file ends within a record".to_owned(),
                ));
            }
            see(kind, &content)?;
        }
    })
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes)
}

fn float(bytes: &[u8], at: usize) -> Option<f64> {
    bytes.get(at..at + 8)?.try_into().ok().map(f64::from_le_bytes)
}

/// A text behind its length, and where it ends.
fn text(bytes: &[u8], at: usize) -> Option<(String, usize)> {
    let length = number(bytes, at)?;
    let length = if length == u32::MAX { 0 } else { length as usize };
    let end = (at + 4).checked_add(length.checked_mul(2)?)?;
    let units = bytes.get(at + 4..end)?;
    Some((encoding_rs::UTF_16LE.decode_without_bom_handling(units).0.into_owned(), end))
}

/// A number in four bytes.
pub(super) fn packed(value: u32) -> f64 {
    #[expect(clippy::cast_possible_wrap, reason = "the bits are those of a signed number")]
    let number = if value & 2 == 2 { f64::from(value as i32 >> 2) } else { f64::from_bits(u64::from(value & !3) << 32) };
    if value & 1 == 1 { number / 100.0 } else { number }
}

/// The workbook's own part.
pub(super) fn outline(package: &Package, part: usize, cancel: &Cancel) -> Result<Outline, Halt> {
    let mut outline = Outline::default();
    records(package, part, cancel, |kind, content| {
        match kind {
            153 => outline.is_1904 = content.first().is_some_and(|flags| flags & 1 == 1),
            156 if outline.sheets.len() < MOST => {
                let sheet = text(content, 8).and_then(|(relation, end)| {
                    let state = if number(content, 0)? == 0 { "visible" } else { "hidden" };
                    Some(ListedSheet { name: text(content, end)?.0, state: state.to_owned(), relation })
                });
                outline.sheets.push(sheet.ok_or_else(|| Halt::failed("the list of sheets is damaged"))?);
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(outline)
}

/// What the number formats of the styles make of numbers, by the number of the style.
pub(super) fn formats(package: &Package, part: usize, cancel: &Cancel) -> Result<Vec<Format>, Halt> {
    let (mut codes, mut formats, mut is_in_cells) = (HashMap::new(), Vec::new(), false);
    records(package, part, cancel, |kind, content| {
        let short = |at: usize| content.get(at..at + 2).map(|bytes| u16::from_le_bytes([bytes[0], bytes[1]]));
        match kind {
            44 if codes.len() < MOST => {
                if let (Some(id), Some((code, _))) = (short(0), text(content, 2)) {
                    codes.insert(id, Format::of_code(&code));
                }
            }
            617 => is_in_cells = true,
            618 => is_in_cells = false,
            47 if is_in_cells && formats.len() < MOST => {
                let id = short(2).unwrap_or(0);
                formats.push(codes.get(&id).copied().unwrap_or_else(|| Format::built_in(u32::from(id))));
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(formats)
}

/// The texts that cells share.
pub(super) fn strings(package: &Package, part: usize, strings: &mut Strings, cancel: &Cancel) -> Result<(), Halt> {
    records(package, part, cancel, |kind, content| match kind {
        19 => match text(content, 1) {
            Some((text, _)) => strings.push(&text),
            None => Err(Halt::failed("a text is damaged")),
        },
        _ => Ok(()),
    })
}

/// The merged regions of a sheet.
pub(super) fn regions(package: &Package, part: usize, cancel: &Cancel) -> Result<Regions, Halt> {
    let mut regions = Regions::default();
    records(package, part, cancel, |kind, content| {
        if kind == 176 {
            let region = || {
                Some(Region {
                    first_row: number(content, 0)?.checked_add(1)?,
                    last_row: number(content, 4)?.checked_add(1)?,
                    first_column: number(content, 8)?,
                    last_column: number(content, 12)?,
                })
            };
            regions.push(region());
        }
        Ok(())
    })?;
    Ok(regions.sorted())
}

/// Shows the cells of a sheet.
pub(super) fn walk(
    package: &Package,
    part: usize,
    shared: Shared<'_>,
    visit: &mut dyn Visit,
    cancel: &Cancel,
) -> Result<(), Halt> {
    let (mut next_column, mut scratch, mut has_row) = (0, String::new(), false);
    records(package, part, cancel, |kind, content| {
        if kind == 0 {
            let row = number(content, 0).filter(|row| *row < MOST_ROWS).ok_or_else(|| Halt::failed("a row has no number"))?;
            (next_column, has_row) = (0, true);
            return visit.row(row + 1);
        }
        // Short cells follow the one before them and do not name their column.
        let (column, style_at, kind) = match kind {
            1..=11 | 62 => (number(content, 0), 4, kind),
            12..=18 => (Some(next_column), 0, kind - 11),
            _ => return Ok(()),
        };
        let damaged = || Halt::failed("a cell is damaged");
        let column = column.filter(|column| *column < MOST_COLUMNS && has_row).ok_or_else(damaged)?;
        next_column = column + 1;
        let style = number(content, style_at).ok_or_else(damaged)? & 0x00ff_ffff;
        let format = shared.formats.get(style as usize).copied().unwrap_or_default();
        let at = style_at + 4;
        scratch.clear();
        let mut decimal = |number: f64| push_number(&mut scratch, number, format, shared.is_1904);
        let value = match kind {
            2 => {
                decimal(packed(number(content, at).ok_or_else(damaged)?));
                Value::Text(&scratch)
            }
            3 | 11 => Value::Error,
            4 | 10 => Value::Text(if content.get(at).ok_or_else(damaged)? == &0 { "false" } else { "true" }),
            5 | 9 => {
                decimal(float(content, at).ok_or_else(damaged)?);
                Value::Text(&scratch)
            }
            6 | 8 => {
                scratch = text(content, at).ok_or_else(damaged)?.0;
                Value::Text(&scratch)
            }
            62 => {
                scratch = text(content, at + 1).ok_or_else(damaged)?.0;
                Value::Text(&scratch)
            }
            7 => {
                let index = number(content, at).ok_or_else(damaged)?;
                shared.strings.get(index as usize).map_or(Value::Unknown, Value::Text)
            }
            _ => return Ok(()),
        };
        visit.cell(column, value)
    })
}
