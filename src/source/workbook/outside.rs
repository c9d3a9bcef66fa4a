//! Texts of a workbook that no cell shows: targets of links, texts within formulas, lists to choose from, filters, names, headers, properties.
//!
//! Of these only what looks like a person's is kept, so that an ordinary workbook has its sheets and nothing else. An address of e-mail that
//! stands alone is a value, and is read as one; all others are texts in which intake looks for values.

use super::table::Halt;
use super::table::Table;
use super::table::Value;
use super::table::Visit;
use super::xml::Xml;
use super::xml::attribute;
use super::xml::local;
use super::xml::push_text;
use super::xml::unescaped;
use crate::source::Options;
use quick_xml::events::BytesStart;
use quick_xml::events::Event;
use std::collections::BTreeSet;

/// Bytes of such texts that are kept.
const MOST_BYTES: usize = 8 << 20;

/// What is said where they are more.
pub(super) const TOO_MANY: &str = "links, formulas and settings hold more texts of people than are read";

/// Texts of cells that are marked as used; no more are kept of them.
const MOST_MARKED: usize = 8 << 20;

/// Attributes that name other things, and whose values are no texts.
const NO_TEXTS: [&str; 16] = [
    "uid",
    "uri",
    "guid",
    "Id",
    "id",
    "Type",
    "sqref",
    "ref",
    "r",
    "rgb",
    "Ignorable",
    "userId",
    "providerId",
    "PartName",
    "ContentType",
    "Requires",
];

/// Elements that say who wrote the workbook, and when.
const AUTHORS: [&str; 12] = [
    "creator",
    "lastModifiedBy",
    "created",
    "modified",
    "lastPrinted",
    "generator",
    "initial-creator",
    "printed-by",
    "creation-date",
    "date",
    "print-date",
    "editing-duration",
];

/// What of a part is looked at. What else it holds is read elsewhere.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Look {
    /// Everything.
    All,
    /// The attributes alone.
    Attributes,
    /// Of the cells of a sheet of Excel only the formulas.
    Sheet,
    /// Of the tables of `OpenDocument` only the formulas and the attributes.
    Tables,
}

/// The texts that were found.
#[derive(Default)]
pub(super) struct Outside {
    is_value: Option<fn(&str) -> bool>,
    addresses: BTreeSet<String>,
    texts: BTreeSet<String>,
    bytes: usize,
    /// Texts that were too many.
    pub(super) left_out: u64,
    /// The shared texts that cells show, a bit each.
    used: Vec<u64>,
}

impl Outside {
    pub(super) fn new(options: &Options) -> Self {
        Self { is_value: options.is_value, ..Self::default() }
    }

    /// Notes that a cell shows the shared text of a number.
    pub(super) fn mark(&mut self, index: usize) {
        if index < MOST_MARKED {
            let place = index / 64;
            if self.used.len() <= place {
                self.used.resize(place + 1, 0);
            }
            self.used[place] |= 1 << (index % 64);
        }
    }

    pub(super) fn is_used(&self, index: usize) -> bool {
        self.used.get(index / 64).is_some_and(|bits| bits >> (index % 64) & 1 == 1)
    }

    /// A text that stands for itself.
    pub(super) fn text(&mut self, text: &str) {
        let text = text.trim();
        if text.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("mailto:")) {
            let (to, rest) = text[7..].split_once('?').unwrap_or((&text[7..], ""));
            for address in to.split([',', ';']) {
                self.text(address.trim_start_matches(['/', ':']));
            }
            self.remark(rest);
        } else if is_address(text) {
            if self.has_room(text) {
                self.addresses.insert(text.to_owned());
            }
        } else {
            self.remark(text);
        }
    }

    /// A text among others, of which it is not known where it begins and ends.
    pub(super) fn remark(&mut self, text: &str) {
        let is_telling = match self.is_value {
            // A word for nothing is a value too, but nobody's.
            Some(is_value) => is_worth_a_look(text) && is_value(text),
            None => text.contains('@'),
        };
        if is_telling && self.has_room(text) {
            self.texts.insert(if is_address(text) { format!("({text})") } else { text.to_owned() });
        }
    }

    fn has_room(&mut self, text: &str) -> bool {
        let has_room = self.bytes + text.len() <= MOST_BYTES;
        self.bytes += if has_room { text.len() + 64 } else { 0 };
        self.left_out += u64::from(!has_room);
        has_room
    }

    /// The texts in quotation marks within a formula, and what stands between them.
    pub(super) fn formula(&mut self, formula: &str) {
        let (mut rest, mut between) = (formula, String::new());
        while let Some(start) = rest.find('"') {
            between.push_str(&rest[..=start]);
            let (mut literal, mut after) = (String::new(), &rest[start + 1..]);
            while let Some(end) = after.find('"') {
                literal.push_str(&after[..end]);
                after = &after[end + 1..];
                match after.strip_prefix('"') {
                    // Two of them are one within the text.
                    Some(more) => {
                        literal.push('"');
                        after = more;
                    }
                    None => break,
                }
            }
            self.text(&literal);
            rest = after;
        }
        between.push_str(rest);
        self.remark(&between);
    }

    /// The texts among the bytes of a record of the older kind: those of formulas by their lengths, all others by their characters.
    pub(super) fn record(&mut self, bytes: &[u8]) {
        for literal in literals(bytes) {
            self.text(&literal);
        }
        let mut run = String::new();
        for width in [1, 2] {
            for start in 0..width {
                for unit in bytes.get(start..).unwrap_or_default().chunks(width).chain([&[0_u8; 2][..width]]) {
                    let is_letter = (unit[0] == b'\t' || unit[0] >= b' ') && unit.get(1).is_none_or(|high| *high == 0);
                    if is_letter {
                        run.push(char::from(unit[0]));
                    } else {
                        if run.len() > 4 {
                            self.run(&run);
                        }
                        run.clear();
                    }
                }
            }
        }
    }

    fn run(&mut self, run: &str) {
        let is_link = run.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("mailto:"));
        if is_link {
            self.text(run);
        } else if !self.addresses.iter().any(|known| run.contains(known.as_str())) {
            self.remark(run);
        }
    }

    /// The texts of a part in XML.
    pub(super) fn part(&mut self, xml: &mut Xml<'_, '_>, look: Look) -> Result<(), Halt> {
        let (mut text, mut cells, mut is_shared) = (String::new(), 0_u32, false);
        loop {
            let event = xml.next()?;
            let is_start = matches!(event, Event::Start(_));
            match event {
                Event::Start(element) | Event::Empty(element) => {
                    self.flush(&mut text, look, cells, "");
                    let name = element.name();
                    let name = local(name.as_ref());
                    cells += u32::from(is_start && is_cells(look, name));
                    match (look, name) {
                        (Look::Sheet, "c") if cells > 0 => is_shared = attribute(&element, "t").is_some_and(|kind| kind == "s"),
                        (Look::Sheet, "row" | "v" | "f" | "t" | "is") if cells > 0 => {}
                        (Look::Tables, "table-cell" | "covered-table-cell") => {
                            if let Some(formula) = attribute(&element, "formula") {
                                self.formula(&formula);
                            }
                        }
                        _ => self.attributes(&element),
                    }
                }
                Event::End(element) => {
                    let name = element.name();
                    let name = local(name.as_ref());
                    if look == Look::Sheet && cells > 0 && name == "v" && is_shared {
                        if let Ok(index) = text.trim().parse() {
                            self.mark(index);
                        }
                        text.clear();
                    }
                    self.flush(&mut text, look, cells, name);
                    cells -= u32::from(cells > 0 && is_cells(look, name));
                }
                Event::Comment(comment) => self.text(&comment.xml10_content()),
                Event::Eof => return Ok(()),
                event => push_text(&mut text, &event)?,
            }
        }
    }

    /// Keeps the text of an element that is over, or of what stands before another in it.
    fn flush(&mut self, text: &mut String, look: Look, cells: u32, name: &str) {
        let is_formula = matches!(name, "f" | "formula" | "formula1" | "formula2" | "definedName" | "calculatedColumnFormula");
        let is_read_elsewhere = look == Look::Attributes || (cells > 0 && !(is_formula && look == Look::Sheet));
        if !text.is_empty() && !is_read_elsewhere && !AUTHORS.contains(&name) {
            if is_formula {
                self.formula(text);
            } else {
                self.text(text);
            }
        }
        text.clear();
        text.shrink_to(1 << 20);
    }

    fn attributes(&mut self, element: &BytesStart<'_>) {
        for attribute in element.attributes().with_checks(false).flatten() {
            let name: &str = attribute.key.as_ref();
            if attribute.value.len() > 4
                && name != "xmlns"
                && !name.starts_with("xmlns:")
                && !name.starts_with("xsi:")
                && !NO_TEXTS.contains(&local(name))
            {
                let value = unescaped(attribute.value);
                if value.contains('"') { self.formula(&value) } else { self.text(&value) }
            }
        }
    }

    /// What was found, as tables.
    pub(super) fn tables(&mut self) -> Vec<(Table, Vec<String>)> {
        let table = |name: &str, column: &str| Table {
            name: name.to_owned(),
            details: vec![("found in".to_owned(), "links, formulas, settings, properties and unused texts".to_owned())],
            names: Some(vec![column.to_owned()]),
            bytes: None,
        };
        let addresses = (table("(addresses that no cell shows)", "email"), std::mem::take(&mut self.addresses));
        let texts = (table("(texts that no cell shows)", "text"), std::mem::take(&mut self.texts));
        let found = [addresses, texts].into_iter().filter(|(_, texts)| !texts.is_empty());
        found.map(|(table, texts)| (table, texts.into_iter().collect())).collect()
    }
}

/// Shows texts as rows.
pub(super) fn show(texts: &[String], visit: &mut dyn Visit) -> Result<(), Halt> {
    for (number, text) in (1..).zip(texts) {
        visit.row(number)?;
        visit.cell(0, Value::Text(text))?;
    }
    Ok(())
}

/// Whether an element holds the cells of a sheet.
fn is_cells(look: Look, name: &str) -> bool {
    match look {
        Look::Sheet => name == "sheetData",
        Look::Tables => name == "table",
        Look::All | Look::Attributes => false,
    }
}

/// Whether a text may hold a value at all: an address, or digits among others, or so many as a telephone number has.
fn is_worth_a_look(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    text.contains('@') || text.contains("%40") || digits >= 10 || (digits >= 2 && digits < text.trim().len())
}

/// Whether a text is an address of e-mail and nothing else.
fn is_address(text: &str) -> bool {
    let is_plain = |character: char| character.is_alphanumeric() || "@._-+".contains(character);
    let Some((before, domain)) = text.split_once('@') else { return false };
    !before.is_empty() && !domain.contains('@') && domain.contains('.') && text.chars().all(is_plain)
}

/// The texts of a formula of the older kind, each behind its length and how wide its characters are.
pub(super) fn literals(bytes: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(ahead) = bytes.get(at..).and_then(|rest| memchr::memchr(0x17, rest)) {
        at += ahead + 1;
        let (Some(count), Some(flags)) = (bytes.get(at), bytes.get(at + 1)) else { break };
        let (count, width) = (usize::from(*count), usize::from(*flags) + 1);
        let Some(letters) = bytes.get(at + 2..at + 2 + count * width).filter(|_| width <= 2) else { continue };
        let units: Vec<u16> =
            letters.chunks(width).map(|unit| u16::from_le_bytes([unit[0], unit.get(1).copied().unwrap_or(0)])).collect();
        let text: String = char::decode_utf16(units).map(|unit| unit.unwrap_or('\0')).collect();
        if !text.contains(char::is_control) {
            at += 2 + count * width;
            found.push(text);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(look: impl FnOnce(&mut Outside)) -> Vec<(String, Vec<String>)> {
        let mut outside = Outside::default();
        look(&mut outside);
        outside.tables().into_iter().map(|(table, texts)| (table.names.unwrap_or_default().concat(), texts)).collect()
    }

    fn one(column: &str, text: &str) -> Vec<(String, Vec<String>)> {
        vec![(column.to_owned(), vec![text.to_owned()])]
    }

    #[test]
    fn addresses_are_values_and_others_texts() {
        assert_eq!(found(|outside| outside.text("mailto:a.b@example.com?subject=x")), one("email", "a.b@example.com"));
        assert_eq!(found(|outside| outside.text("see a@example.com")), one("text", "see a@example.com"));
        assert_eq!(found(|outside| outside.text("yes,no")), []);
        assert_eq!(found(|outside| outside.remark("a@example.comB")), one("text", "(a@example.comB)"));
    }

    #[test]
    fn texts_of_formulas_are_found() {
        let all = found(|outside| outside.formula("HYPERLINK(\"mailto:a@example.com\",\"he said \"\"b@example.com\"\"\")"));
        assert_eq!(all[0].1, ["a@example.com"]);
        assert!(all[1].1.contains(&"he said \"b@example.com\"".to_owned()));
        let tokens = [&b"\x17\x0d\x00a@example.com"[..], b"B\x01"].concat();
        assert_eq!(found(|outside| outside.record(&tokens)), one("email", "a@example.com"));
        let wide: Vec<u8> = "mailto:a@example.com".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(found(|outside| outside.record(&wide)), one("email", "a@example.com"));
        assert_eq!(literals(b"\x17\x00\x00"), [""]);
    }
}
