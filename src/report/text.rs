//! Results in words and tables, for a terminal.

pub(crate) mod document;
pub(crate) mod outcome;
pub(crate) mod trace;
pub(crate) mod tree;
pub(crate) mod wrap;

use crate::ledger::board::BoardRow;
use crate::manifest::statement::KeyV1;
use crate::match_key::strength::parse_decimal;
pub(crate) use crate::support::number::grouped as count;
use crate::support::sanitize::clean;
use comfy_table::CellAlignment;
use comfy_table::ColumnConstraint;
use comfy_table::ContentArrangement;
use comfy_table::LineStyle;
use comfy_table::Table;
use comfy_table::TableStyle;
use std::fmt::Write;

/// A line under the head, and nothing else.
const RULED: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─'));

/// Spaces between two columns, and before the first.
const GAP: u16 = 2;

/// Columns of the board.
const BOARD: u16 = 80;

/// How text is laid out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    /// Whether words are coloured.
    pub(crate) is_coloured: bool,
    /// Columns of the terminal; `None` where the text goes elsewhere, and lines may be long.
    pub(crate) width: Option<u16>,
}

/// How a column of a table is aligned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// Bytes in the unit that people use.
pub(crate) fn bytes(number: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    let mut value = number as f64;
    let mut unit = "bytes";
    for next in UNITS {
        if value < 1_000.0 {
            break;
        }
        value /= 1_000.0;
        unit = next;
    }
    if unit == "bytes" { format!("{number} bytes") } else { format!("{value:.1} {unit}") }
}

/// A verdict's word, coloured where that is wanted; the word says it without colour.
pub(crate) fn word(text: &str, style: Style) -> String {
    let code = match text {
        "clear" | "present" | "passed" => "1;32",
        "residual" | "failed" => "1;31",
        "inconclusive" => "1;33",
        _ => "1",
    };
    if style.is_coloured { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
}

/// A table with a line under its head. Where a terminal is too narrow for it, the widest columns of words leave it and stand on lines of their
/// own, the first above its row and the others below; numbers and words stay whole.
pub(crate) fn table(head: &[(&str, Align)], rows: impl IntoIterator<Item = Vec<String>>, style: Style) -> String {
    let rows: Vec<Vec<String>> = rows.into_iter().map(|row| row.iter().map(|cell| clean(cell)).collect()).collect();
    lay_out(head, &rows, style)
}

/// As [`table`], of cells that are clean.
fn lay_out(head: &[(&str, Align)], rows: &[Vec<String>], style: Style) -> String {
    let mut inside: Vec<usize> = (0..head.len()).collect();
    let Some(width) = style.width.map(usize::from) else { return joined(&draw(head, rows, &inside, None)) };
    let is_too_wide = |lines: &[String]| lines.iter().any(|line| line.chars().count() > width);
    let longest: Vec<usize> = (0..head.len())
        .map(|column| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0))
        .collect();
    let widest = |inside: &[usize]| {
        let words = inside.iter().copied().filter(|column| head[*column].1 == Align::Left);
        words.max_by_key(|column| longest[*column]).filter(|_| inside.len() > 1)
    };
    // What does not fit by arithmetic is not drawn first: a board of thousands of rows is drawn once.
    let needed = |inside: &[usize]| -> usize {
        inside.iter().map(|column| usize::from(GAP) + longest[*column].max(head[*column].0.chars().count())).sum()
    };
    while needed(&inside) > width
        && let Some(widest) = widest(&inside)
    {
        inside.retain(|column| *column != widest);
    }
    let mut lines = draw(head, rows, &inside, None);
    // Characters that are wider than one column show only there.
    while is_too_wide(&lines)
        && let Some(widest) = widest(&inside)
    {
        inside.retain(|column| *column != widest);
        lines = draw(head, rows, &inside, None);
    }
    if inside.len() == head.len() {
        return joined(&lines);
    }
    if is_too_wide(&lines) {
        lines = draw(head, rows, &inside, style.width);
    }
    let outside: Vec<usize> = (0..head.len()).filter(|column| !inside.contains(column)).collect();
    joined(&beside(head, rows, &outside, &lines, width))
}

/// The lines of a table of some of the columns; wrapped where a width is given.
fn draw(head: &[(&str, Align)], rows: &[Vec<String>], inside: &[usize], width: Option<u16>) -> Vec<String> {
    let mut table = Table::new();
    table.load_style(RULED).set_header(inside.iter().map(|column| head[*column].0));
    if let Some(width) = width {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    }
    for row in rows {
        table.add_row(inside.iter().map(|column| row.get(*column).map(String::as_str).unwrap_or_default()));
    }
    for (column, number) in table.column_iter_mut().zip(inside) {
        column.set_padding((GAP, 0));
        if head[*number].1 == Align::Right {
            column.set_cell_alignment(CellAlignment::Right);
            // A number that goes on in the next line would be read as two.
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect()
}

/// Puts the cells of the columns that left the table beside its lines, of which the first two are the head. Where the table's rows were
/// wrapped, one row no longer is one line, and the cells follow at the end.
fn beside(head: &[(&str, Align)], rows: &[Vec<String>], outside: &[usize], lines: &[String], width: usize) -> Vec<String> {
    let (first, further) = match outside.split_first() {
        Some((0, further)) => (Some(0), further),
        _ => (None, outside),
    };
    let cell = |row: &Vec<String>, column: usize| row.get(column).cloned().unwrap_or_default();
    // Below the names of their rows the numbers stand a little further in, where there is room.
    let longest = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);
    let indent = if first.is_some() && longest + 2 <= width { "  " } else { "" };
    let lines: Vec<String> = lines.iter().map(|line| format!("{indent}{line}")).collect();
    let mut text = Vec::new();
    if let Some(column) = first {
        text.push(format!("  {}", head[column].0));
    }
    text.extend(lines.iter().take(2).cloned());
    let per_row = lines.len().saturating_sub(2).checked_div(rows.len()).unwrap_or(0).max(1);
    let mut shown = lines.iter().skip(2);
    for row in rows {
        if let Some(column) = first.filter(|column| !cell(row, *column).is_empty()) {
            text.extend(wrap::line(&format!("  {}", cell(row, column)), width));
        }
        text.extend(shown.by_ref().take(per_row).cloned());
        for column in further.iter().filter(|column| !cell(row, **column).is_empty()) {
            text.extend(wrap::line(&format!("    {}: {}", head[*column].0, cell(row, *column)), width));
        }
    }
    text.extend(shown.cloned());
    text
}

fn joined(lines: &[String]) -> String {
    lines.iter().fold(String::new(), |text, line| text + line + "\n")
}

/// Who signed and in what capacity, as that person says, behind a word: ` by A. N. Other, data steward`. Empty where nothing is said.
pub(crate) fn signed(before: &str, name: &str, role: &str, after: &str) -> String {
    let said: Vec<String> = [clean(name), clean(role)].into_iter().filter(|word| !word.is_empty()).collect();
    if said.is_empty() { String::new() } else { format!("{before}{}{after}", said.join(", ")) }
}

/// Names and what they stand for, one below the other.
pub(crate) fn facts(facts: &[(&str, String)]) -> String {
    let longest = facts.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (name, value) in facts {
        let _ = writeln!(text, "  {name:longest$}  {value}");
    }
    text
}

/// As many characters of a long text as it has, made harmless: [`clean`] cuts what is longer than a name.
pub(crate) fn clean_long(text: &str) -> String {
    text.split_inclusive(' ').map(clean).collect()
}

/// What the columns of a target are taken for.
#[derive(Clone, Debug)]
pub(crate) struct ColumnRow {
    /// The column's name.
    pub(crate) name: String,
    /// What it was taken for.
    pub(crate) taken_for: String,
    /// Who says so.
    pub(crate) by: String,
    /// Cells seen and cells filled.
    pub(crate) filled: (u64, u64),
    /// What else there is to say.
    pub(crate) note: String,
}

/// The table of columns that `inspect` shows, and `scan` and `supply` before they begin.
pub(crate) fn columns(rows: &[ColumnRow], style: Style) -> String {
    let head = [
        ("column", Align::Left),
        ("taken for", Align::Left),
        ("by", Align::Left),
        ("filled", Align::Right),
        ("note", Align::Left),
    ];
    let cells = rows.iter().map(|row| {
        let (seen, filled) = row.filled;
        let share = if seen == 0 { "–".to_owned() } else { format!("{:.0} %", filled as f64 * 100.0 / seen as f64) };
        vec![row.name.clone(), row.taken_for.clone(), row.by.clone(), share, row.note.clone()]
    });
    table(&head, cells, style)
}

/// The keys of a plan and what they are worth.
pub(crate) fn plan(keys: &[KeyV1], fingerprints: impl Fn(usize) -> u64, style: Style) -> String {
    let head = [
        ("key", Align::Left),
        ("class", Align::Left),
        ("fingerprints", Align::Right),
        ("u", Align::Right),
        ("bits", Align::Right),
        ("from", Align::Left),
        ("collisions", Align::Right),
        ("λ", Align::Right),
        ("guesses", Align::Right),
        ("atoms", Align::Left),
    ];
    let rows = keys.iter().enumerate().map(|(number, key)| {
        vec![
            key.name.clone(),
            key.class.clone(),
            count(fingerprints(number)),
            plain(&key.u),
            parse_decimal(&key.u).filter(|u| *u > 0.0).map_or_else(String::new, |u| format!("{:.0}", -u.log2())),
            key.basis.clone(),
            count(key.joint_collisions),
            plain(&key.lambda),
            key.guesses.map_or_else(|| "not countable".to_owned(), count),
            key.atoms.join(" "),
        ]
    });
    table(&head, rows, style)
}

/// A number of the wire form `2.28e1` as people write it, unless it is very small or very large.
fn plain(decimal: &str) -> String {
    match parse_decimal(decimal) {
        Some(0.0) => "0".to_owned(),
        Some(number) if (100.0..1e9).contains(&number) => format!("{number:.0}"),
        Some(number) if (1.0..100.0).contains(&number) => format!("{number:.1}"),
        Some(number) if (0.001..1.0).contains(&number) => format!("{number:.3}"),
        _ => clean(decimal),
    }
}

/// What the columns of [`plan`] say.
pub(crate) fn plan_legend(expected_rows: u64) -> String {
    format!(
        "S proves that the supplied record is there, P that the person is, A only counts. u: the chance that two unrelated people agree, and its bits (−log₂ u); \
         λ: the coincidences to expect in {} rows of the recipient; guesses: after how many somebody who holds manifest and salt has found a \
         field that the key holds; atoms: what has to agree.\n",
        count(expected_rows)
    )
}

/// That a manifest asks about people besides the supplied records; nothing where it does not.
pub(crate) fn asked_besides(records: u64, controls: u64) -> String {
    if controls == 0 {
        return String::new();
    }
    format!(
        "It asks about {} people in all: {} of them were never supplied to you (controls), and which ones only the originator knows.\n",
        count(records.saturating_add(controls)),
        count(controls)
    )
}

/// The board. It is laid out for a narrow terminal everywhere: what to do next stands below its row where it does not fit.
pub(crate) fn board(rows: &[BoardRow], style: Style) -> String {
    let head = [
        ("supply", Align::Left),
        ("recipient", Align::Left),
        ("records", Align::Right),
        ("delete by", Align::Left),
        ("state", Align::Left),
        ("next", Align::Left),
        ("note", Align::Left),
    ];
    let cells = rows.iter().map(|row| {
        vec![
            row.short_id.clone(),
            clean(&row.recipient),
            count(row.records),
            row.delete_by.to_string(),
            row.state.short(),
            row.next_command.clone(),
            // In our words, with commands that are not to be cut; what it quotes is clean.
            row.remark.clone(),
        ]
    });
    lay_out(
        &head,
        &cells.collect::<Vec<_>>(),
        Style { width: Some(style.width.map_or(BOARD, |width| width.min(BOARD))), ..style },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(bytes(999), "999 bytes");
        assert_eq!(bytes(283_800_000), "283.8 MB");
    }

    #[test]
    fn tables_hold_no_control_characters_of_others() {
        let style = Style { is_coloured: false, width: None };
        let text = table(&[("name", Align::Left)], [vec!["a\u{1b}[31mb".to_owned()]], style);
        assert!(!text.contains('\u{1b}'), "{text}");
    }

    fn sample(width: Option<u16>, name: &str, next: &str) -> String {
        let head = [("name", Align::Left), ("rows", Align::Right), ("next", Align::Left)];
        let rows = [vec![name.to_owned(), "1,065,220".to_owned(), next.to_owned()], vec!["b".into(), "1".into(), String::new()]];
        table(&head, rows, Style { is_coloured: false, width })
    }

    #[test]
    fn a_table_that_fits_stays_as_it_is() {
        let whole = "  name       rows  next\n───────────────────────\n  a     1,065,220  go\n  b             1\n";
        assert_eq!(sample(None, "a", "go"), whole);
        assert_eq!(sample(Some(23), "a", "go"), whole);
    }

    #[test]
    fn what_does_not_fit_stands_beside_its_row() {
        let next = "`residua challenge 4f2a` and then wait";
        assert_eq!(
            sample(Some(40), "a", next),
            "  name       rows\n─────────────────\n  a     1,065,220\n    next: `residua challenge 4f2a` and\n          then wait\n  b             1\n"
        );
        let long = "folder/".repeat(5);
        assert_eq!(
            sample(Some(32), &long, ""),
            "  name\n         rows  next\n  ─────────────────\n  folder/folder/folder/folder/\n    folder/\n    1,065,220\n  b\n            1\n"
        );
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for width in [20, 40, 60, 80, 120] {
            for length in [1, 15, 50, 200] {
                let text = sample(Some(width), &"x".repeat(length), &"word ".repeat(length / 5));
                let longest = text.lines().map(|line| line.chars().count()).max().unwrap_or(0);
                assert!(longest <= usize::from(width), "{width}, {length}:\n{text}");
            }
        }
    }
}
