//! Texts of a workbook that stand outside of cells, such as comments: one column, one text a row.

use super::parts::Texts;
use super::table::Halt;
use super::table::Value;
use super::table::Visit;
use super::xml::Xml;
use super::xml::local;
use super::xml::push_text;
use super::xml::unescaped;
use crate::source::batch::LONGEST_ROW;
use quick_xml::events::BytesStart;
use quick_xml::events::Event;

/// Shows the texts of a part as rows that follow the `row`th.
pub(super) fn walk(xml: &mut Xml<'_, '_>, sort: &Texts, row: &mut u32, visit: &mut dyn Visit) -> Result<(), Halt> {
    if sort.is_lenient {
        xml.lenient();
    }
    let (mut text, mut inside, mut whole) = (String::new(), 0_u32, 0_u32);
    let is_in = |names: &[&str], name: &str| names.contains(&name);
    let mut show = |text: &mut String| -> Result<(), Halt> {
        if !text.trim().is_empty() {
            *row = row.saturating_add(1);
            visit.row(*row)?;
            visit.cell(0, Value::Text(text.trim()))?;
        }
        text.clear();
        Ok(())
    };
    loop {
        if text.len() > LONGEST_ROW {
            show(&mut text)?;
        }
        match xml.next()? {
            Event::Start(element) => {
                let name = element.name();
                let name = local(name.as_ref());
                if whole == 0 {
                    show(&mut text)?;
                }
                inside += u32::from(is_in(sort.within, name));
                whole += u32::from(is_in(sort.whole, name));
                if sort.has_attributes {
                    push_attributes(&mut text, &element);
                }
            }
            Event::Empty(element) => {
                if sort.has_attributes {
                    push_attributes(&mut text, &element);
                }
                if whole == 0 {
                    show(&mut text)?;
                }
            }
            Event::End(element) => {
                let name = element.name();
                let name = local(name.as_ref());
                inside = inside.saturating_sub(u32::from(is_in(sort.within, name)));
                whole = whole.saturating_sub(u32::from(is_in(sort.whole, name)));
                if whole == 0 {
                    show(&mut text)?;
                } else if is_in(sort.within, name) && !text.is_empty() && !text.ends_with(' ') && name != "t" {
                    text.push(' ');
                } else if name == "p" && !text.is_empty() {
                    text.push('\n');
                }
            }
            Event::Eof => return show(&mut text),
            event if inside > 0 || sort.within.is_empty() => push_text(&mut text, &event)?,
            _ => {}
        }
    }
}

/// Adds the values of an element's attributes, but for those that declare names.
fn push_attributes(text: &mut String, element: &BytesStart<'_>) {
    for attribute in element.attributes().with_checks(false).flatten() {
        let name: &str = attribute.key.as_ref();
        if name != "xmlns" && !name.starts_with("xmlns:") && !name.starts_with("xsi:") {
            text.push_str(&unescaped(attribute.value));
            text.push(' ');
        }
    }
}
