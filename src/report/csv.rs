//! Tables for spreadsheets: RFC 4180 with a heading, every cell of words in quotes.
//!
//! Names come from other people, and a spreadsheet runs a cell that begins like a formula. So whatever begins so gets an apostrophe in front, which
//! spreadsheets take as "this is text".

use crate::ledger::Supply;
use crate::ledger::board::BoardRow;
use crate::report::json_v1::trace::TracedV1;
use crate::report::text::clean_long;

/// What a spreadsheet may take for the begin of a formula, in the wide forms of East Asian keyboards too.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// A cell.
enum Cell {
    /// Words, perhaps another party's.
    Words(String),
    /// A number or yes and no of ours, as it is.
    Plain(String),
}

/// The board.
pub(crate) fn board(rows: &[BoardRow]) -> String {
    const HEAD: &str =
        "supply_id,recipient,records,delete_by,state,days,until,is_overdue,disputes,next_command,remark,missing_onward";
    written(
        HEAD,
        rows.iter().map(|row| {
            vec![
                words(&row.supply_id),
                words(&row.recipient),
                plain(&row.records),
                plain(&row.delete_by),
                words(row.state.word()),
                Cell::Plain(row.days.map_or_else(String::new, |days| days.to_string())),
                Cell::Plain(row.until.map_or_else(String::new, |until| until.to_string())),
                plain(&row.is_overdue),
                plain(&row.disputes),
                words(&row.next_command),
                words(&row.remark),
                plain(&row.missing_onward),
            ]
        }),
    )
}

/// The supplies, each with its state.
pub(crate) fn supplies<'a>(supplies: impl Iterator<Item = (&'a Supply, BoardRow)>) -> String {
    const HEAD: &str = "supply_id,recipient,recipient_key,records,delete_by,purpose,created_at,state";
    written(
        HEAD,
        supplies.map(|(supply, row)| {
            let entry = &supply.entry;
            vec![
                words(&entry.supply_id),
                words(&entry.recipient.name),
                words(&entry.recipient.fingerprint),
                plain(&entry.records),
                plain(&supply.delete_by),
                words(&entry.purpose),
                words(&entry.created_at),
                words(row.state.word()),
            ]
        }),
    )
}

/// Which supplies held a person.
pub(crate) fn trace(supplies: &[TracedV1]) -> String {
    const HEAD: &str = "supply_id,recipient,records,supplied_at,delete_by,answer,reason,found_by,rows,seeds,not_looked_for,is_to_be_told,onward,state";
    let numbers = |numbers: Vec<String>| words(&numbers.join(" "));
    written(
        HEAD,
        supplies.iter().map(|traced| {
            let onward: Vec<&str> = traced.onward.iter().map(|onward| onward.recipient.as_str()).collect();
            vec![
                words(&traced.supply_id),
                words(&traced.recipient),
                plain(&traced.records),
                words(&traced.supplied_at),
                plain(&traced.delete_by),
                words(traced.answer),
                words(traced.reason_text.as_deref().unwrap_or_default()),
                words(&traced.found_by.join(" ")),
                numbers(traced.rows.iter().map(ToString::to_string).collect()),
                numbers(traced.seeds.iter().map(ToString::to_string).collect()),
                Cell::Plain(traced.not_looked_for.map_or_else(String::new, |count| count.to_string())),
                plain(&traced.is_to_be_told),
                words(&onward.join("; ")),
                words(traced.state_word),
            ]
        }),
    )
}

fn words(text: &str) -> Cell {
    Cell::Words(text.to_owned())
}

fn plain(value: &impl ToString) -> Cell {
    Cell::Plain(value.to_string())
}

fn written(head: &str, rows: impl Iterator<Item = Vec<Cell>>) -> String {
    let mut text = format!("{head}\r\n");
    for row in rows {
        let cells: Vec<String> = row.iter().map(cell).collect();
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    text
}

fn cell(cell: &Cell) -> String {
    match cell {
        Cell::Plain(text) => text.clone(),
        Cell::Words(text) => {
            let guard = if text.trim_start().starts_with(FORMULA) || text.starts_with(char::is_control) { "'" } else { "" };
            format!("\"{guard}{}\"", clean_long(text).replace('"', "\"\""))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_of_words_is_a_formula() {
        let written = |text: &str| cell(&words(text));
        assert_eq!(written("Party"), "\"Party\"");
        assert_eq!(written("A \"B\", C; D"), "\"A \"\"B\"\", C; D\"");
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "  =cmd|' /C calc'!A0", "＝1", "－1"] {
            assert!(written(text).starts_with("\"'"), "{text}");
        }
        for text in ["\t=1", "\r=1", "\n=1"] {
            let cell = written(text);
            assert!(cell.starts_with("\"'") && !cell.contains(char::is_control), "{cell:?}");
        }
        assert_eq!(cell(&plain(&-3)), "-3");
    }

    #[test]
    fn every_row_has_the_cells_of_the_head() {
        let text = written("a,b", [vec![words("x"), plain(&1)], vec![words(""), Cell::Plain(String::new())]].into_iter());
        assert_eq!(text, "a,b\r\n\"x\",1\r\n\"\",\r\n");
    }
}
