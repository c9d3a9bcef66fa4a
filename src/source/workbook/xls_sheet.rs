//! The cells of a sheet of the older kind, with its charts and texts.

use super::biff::Biff;
use super::biff::Script;
use super::number::Format;
use super::number::push_number;
use super::outside::literals;
use super::strings::Strings;
use super::table::Halt;
use super::table::Value;
use super::table::Visit;
use super::xlsb::packed;

/// The record with which a sheet, or a chart in it, begins, and that with which it ends.
pub(super) const BOF: u16 = 0x809;
pub(super) const EOF: u16 = 0x0a;

/// What is read of a sheet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Part {
    Cells,
    /// The copies of cells that its charts keep.
    Charts,
    /// Comments and text boxes.
    Texts,
}

/// What the cells of all sheets refer to.
#[derive(Clone, Copy)]
pub(super) struct Shared<'a> {
    pub(super) strings: &'a Strings,
    pub(super) formats: &'a [Format],
    pub(super) is_1904: bool,
    pub(super) script: Script,
}

/// Shows the cells of a part of a sheet.
struct Shown<'a> {
    shared: Shared<'a>,
    visit: &'a mut dyn Visit,
    row: Option<u16>,
    text: String,
}

impl Shown<'_> {
    fn place(&mut self, row: u16) -> Result<(), Halt> {
        if self.row != Some(row) {
            self.row = Some(row);
            self.visit.row(u32::from(row) + 1)?;
        }
        Ok(())
    }

    fn number(&mut self, column: u16, style: u16, number: f64) -> Result<(), Halt> {
        let format = self.shared.formats.get(usize::from(style)).copied().unwrap_or_default();
        self.text.clear();
        push_number(&mut self.text, number, format, self.shared.is_1904);
        self.visit.cell(column.into(), Value::Text(&self.text))
    }

    fn text(&mut self, column: u16) -> Result<(), Halt> {
        if self.text.is_empty() { Ok(()) } else { self.visit.cell(column.into(), Value::Text(&self.text)) }
    }

    /// A cell of a record that begins with its row.
    fn cell(&mut self, kind: u16, biff: &mut Biff<'_>) -> Result<(), Halt> {
        let (row, column) = (biff.short()?, biff.short()?);
        if kind == 0xbd {
            self.place(row)?;
            for column in (column..).take(biff.left() / 6) {
                let style = biff.short()?;
                let value = packed(biff.long()?);
                self.number(column, style, value)?;
            }
            return Ok(());
        }
        let style = biff.short()?;
        match kind {
            0x203 => {
                self.place(row)?;
                let value = biff.float()?;
                self.number(column, style, value)
            }
            0x27e => {
                self.place(row)?;
                let value = packed(biff.long()?);
                self.number(column, style, value)
            }
            0xfd => {
                self.place(row)?;
                let index = biff.long()? as usize;
                let value = self.shared.strings.get(index).map_or(Value::Unknown, Value::Text);
                self.visit.cell(column.into(), value)
            }
            0x204 | 0xd6 => {
                self.place(row)?;
                self.text.clear();
                biff.text(self.shared.script, false, &mut self.text)?;
                self.text(column)
            }
            0x205 => {
                self.place(row)?;
                let [value, is_error] = biff.bytes()?;
                let value = match (is_error, value) {
                    (0, 0) => Value::Text("false"),
                    (0, _) => Value::Text("true"),
                    _ => Value::Error,
                };
                self.visit.cell(column.into(), value)
            }
            _ => self.formula(row, column, style, biff),
        }
    }

    fn formula(&mut self, row: u16, column: u16, style: u16, biff: &mut Biff<'_>) -> Result<(), Halt> {
        self.place(row)?;
        let value: [u8; 8] = biff.bytes()?;
        match value {
            // The text follows in a record of its own; shared formulas may stand between.
            [0, .., 0xff, 0xff] => {
                self.text.clear();
                for _ in 0..4 {
                    match biff.next()? {
                        Some((0x207, _)) => {
                            biff.text(self.shared.script, false, &mut self.text)?;
                            return self.text(column);
                        }
                        Some((0x4bc | 0x221 | 0x236 | 0x21 | 0x36 | 0x3c, _)) => {}
                        _ => break,
                    }
                }
                Err(Halt::failed("the result of a formula is missing"))
            }
            [1, _, value, .., 0xff, 0xff] => {
                self.visit.cell(column.into(), Value::Text(if value == 0 { "false" } else { "true" }))
            }
            [2, .., 0xff, 0xff] => self.visit.cell(column.into(), Value::Error),
            // Some writers know no result and say an empty text instead, so only a formula that has one in itself is taken at its word.
            [3, .., 0xff, 0xff] => {
                if gives_none(&biff.rest()?) {
                    Ok(())
                } else {
                    self.visit.cell(column.into(), Value::Uncached)
                }
            }
            [.., 0xff, 0xff] => self.visit.cell(column.into(), Value::Unknown),
            value => self.number(column, style, f64::from_le_bytes(value)),
        }
    }
}

/// Whether a formula holds empty texts, and no others.
fn gives_none(formula: &[u8]) -> bool {
    let texts = literals(formula);
    !texts.is_empty() && texts.iter().all(String::is_empty)
}

/// Shows the cells of a part of the sheet that begins with the next record.
pub(super) fn walk(biff: &mut Biff<'_>, part: Part, shared: Shared<'_>, visit: &mut dyn Visit) -> Result<(), Halt> {
    let mut shown = Shown { shared, visit, row: None, text: String::new() };
    let (mut depth, mut texts) = (0_u32, 0_u16);
    let mut is_chart_sheet = false;
    while let Some((kind, _)) = biff.next()? {
        match kind {
            BOF => {
                biff.skip(2)?;
                is_chart_sheet |= depth == 0 && biff.short()? == 0x20;
                depth += 1;
            }
            _ if depth == 0 => return Err(Halt::failed("a sheet does not begin as one")),
            EOF if depth == 1 => return Ok(()),
            EOF => depth -= 1,
            0x06 | 0xbd | 0xd6 | 0xfd | 0x203 | 0x204 | 0x205 | 0x27e => {
                let is_chart = depth > 1 || is_chart_sheet;
                if is_chart == (part == Part::Charts) && part != Part::Texts {
                    shown.cell(kind, biff)?;
                }
            }
            0x1b6 if part == Part::Texts => {
                biff.skip(10)?;
                let count = usize::from(biff.short()?);
                biff.skip(biff.left())?;
                if count > 0 {
                    shown.text.clear();
                    biff.text_box(count, &mut shown.text)?;
                    shown.place(texts)?;
                    texts = texts.saturating_add(1);
                    shown.text(0)?;
                }
            }
            _ => {}
        }
    }
    Err(super::cfb::cut())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_formula_with_an_empty_text_gives_one() {
        assert!(gives_none(b"\x44\x00\x00\x17\x00\x00"));
        assert!(!gives_none(b"\x17\x03\x00Ann"));
        assert!(!gives_none(b"\x17\x03\x00Ann\x17\x00\x00\x08"));
        assert!(!gives_none(b"\x44\x00\x00\x00\x00"));
    }
}
