//! Results in words and tables, for a terminal.

use crate::finding::Outcome;
use crate::finding::Phase;
use crate::finding::coverage::Target;
use crate::finding::declaration::Declarations;
use crate::finding::declaration::Policy;
use crate::finding::gap::Gap;
use crate::finding::verdict::Judgement;
use crate::finding::verdict::ReasonGroup;
use crate::finding::verdict::Verdict;
use crate::finding::verdict::group;
use crate::finding::verdict::meaning;
use crate::finding::verdict::overlaps;
use crate::ledger::board::BoardRow;
use crate::match_key::plan::Plan;
use crate::match_key::strength::Class;
use crate::match_key::strength::decimal;
pub(crate) use crate::support::number::grouped as count;
use crate::support::sanitize::clean;
use comfy_table::CellAlignment;
use comfy_table::ContentArrangement;
use comfy_table::LineStyle;
use comfy_table::Table;
use comfy_table::TableStyle;
use std::fmt::Write;

/// Reasons, gaps and findings that are listed before the rest is only counted.
const MOST_LINES: usize = 40;

/// A line under the head, and nothing else.
const RULED: TableStyle = TableStyle::new().header_separator(LineStyle::new('─', '─', '─', '─'));

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

/// A table with a line under its head.
pub(crate) fn table(head: &[(&str, Align)], rows: impl IntoIterator<Item = Vec<String>>, style: Style) -> String {
    let mut table = Table::new();
    table.load_style(RULED).set_header(head.iter().map(|(name, _)| *name));
    if let Some(width) = style.width {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    }
    for row in rows {
        table.add_row(row.iter().map(|cell| clean(cell)));
    }
    for (column, (_, align)) in table.column_iter_mut().zip(head) {
        if *align == Align::Right {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut text = String::new();
    for line in table.lines() {
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
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

/// The plan's keys and what they are worth.
pub(crate) fn plan(plan: &Plan, fingerprints: impl Fn(usize) -> u64, style: Style) -> String {
    let head = [
        ("key", Align::Left),
        ("class", Align::Left),
        ("fingerprints", Align::Right),
        ("u", Align::Right),
        ("from", Align::Left),
        ("collisions", Align::Right),
        ("λ", Align::Right),
        ("guesses", Align::Right),
    ];
    let rows = plan.keys.iter().enumerate().map(|(number, planned)| {
        vec![
            planned.key.name.clone(),
            planned.class.letter().to_owned(),
            count(fingerprints(number)),
            decimal(planned.u),
            planned.basis.word().to_owned(),
            count(planned.collisions),
            decimal(planned.lambda),
            planned.guesses.map_or_else(|| "not countable".to_owned(), count),
        ]
    });
    table(&head, rows, style)
}

/// The result of a scan.
pub(crate) fn outcome(phase: Phase, policy: &Policy, judgement: &Judgement, outcome: &Outcome, style: Style) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "Verdict ({}): {}", phase.word(), word(judgement.verdict.word(), style));
    let _ = writeln!(text, "{}\n", meaning(judgement.verdict, outcome));
    text.push_str(&targets(&outcome.targets, outcome.records, style));
    reasons(&mut text, judgement);
    for overlap in overlaps(policy, outcome) {
        let _ = writeln!(
            text,
            "Declared overlap: {} of the people in `{}` are held lawfully as `{}` ({}); declared by the recipient, accepted by the originator.",
            count(overlap.records),
            clean(&overlap.target),
            clean(&overlap.declaration),
            clean(&overlap.source)
        );
    }
    gaps(&mut text, &outcome.gaps);
    for exclusion in &outcome.excluded {
        let column = exclusion.column.as_ref().map_or_else(String::new, |column| format!(", column `{}`", clean(column)));
        let _ = writeln!(text, "Left out: `{}`{column}: {}", clean(&exclusion.target), clean(&exclusion.reason));
    }
    let _ = writeln!(
        text,
        "Sentinels found: {} of {}. Known answers found: {} of {}.",
        count(outcome.sentinels.found),
        count(outcome.sentinels.tried),
        count(outcome.known_answers.found),
        count(outcome.known_answers.tried)
    );
    if phase != Phase::Baseline && judgement.verdict == Verdict::Clear {
        text.push_str("This does not prove that no copy exists elsewhere, nor that the bytes are gone from disks and backups.\n");
    }
    text
}

fn targets(targets: &[Target], records: u64, style: Style) -> String {
    let head = [
        ("target", Align::Left),
        ("rows", Align::Right),
        ("without key", Align::Right),
        ("records found", Align::Right),
        ("S", Align::Right),
        ("P", Align::Right),
        ("A keys in excess", Align::Right),
    ];
    let most = |target: &Target, class: Class| {
        let results = target.by_key.iter().filter(|result| result.class == class).peekable();
        let mut results = results;
        results.peek().is_some().then(|| results.map(|result| result.distinct_records).max().unwrap_or(0))
    };
    let shown = |number: Option<u64>| number.map_or_else(|| "–".to_owned(), count);
    let rows = targets.iter().map(|target| {
        let excess: Vec<&str> = (target.by_key.iter())
            .filter(|result| result.class == Class::Aggregate && result.distinct_records > result.bound())
            .map(|result| result.key.as_str())
            .collect();
        vec![
            target.name.clone(),
            count(target.rows_read),
            count(target.rows_without_key),
            format!("{} of {}", count(target.records_found), count(records)),
            shown(most(target, Class::Supply)),
            shown(most(target, Class::Person)),
            if excess.is_empty() { "none".to_owned() } else { excess.len().to_string() },
        ]
    });
    let mut text = table(&head, rows, style);
    text.push_str(
        "S: supplied records found, P: people found, A: keys that agree more often than coincidence explains; – where no such key could be formed.\n",
    );
    text
}

fn reasons(text: &mut String, judgement: &Judgement) {
    if judgement.reasons.is_empty() {
        return;
    }
    text.push_str("Reasons:\n");
    let groups = group(&judgement.reasons);
    for reasons in groups.iter().take(MOST_LINES) {
        let _ = writeln!(text, "  {}", reason(reasons));
    }
    if let Some(more) = groups.len().checked_sub(MOST_LINES).filter(|more| *more > 0) {
        let _ = writeln!(text, "  and {more} more");
    }
}

/// Reasons of one code at one place in a line.
fn reason(reasons: &ReasonGroup<'_>) -> String {
    let mut text = reasons.code.word().to_owned();
    if let Some(place) = reasons.place {
        let _ = write!(text, ": {}", clean(place));
    }
    if !reasons.keys.is_empty() {
        let _ = write!(text, ", by {}", reasons.keys.iter().map(|key| clean(key)).collect::<Vec<_>>().join(", "));
    }
    if let Some(number) = reasons.count {
        let _ = write!(text, " ({})", count(number));
    }
    text
}

fn gaps(text: &mut String, gaps: &[Gap]) {
    if gaps.is_empty() {
        return;
    }
    text.push_str("Gaps (what was not seen):\n");
    for gap in gaps.iter().take(MOST_LINES) {
        let column = gap.column.as_ref().map_or_else(String::new, |column| format!(", column `{}`", clean(column)));
        let number = gap.count.map_or_else(String::new, |number| format!(" ({})", count(number)));
        let _ = writeln!(text, "  {}: `{}`{column}: {}{number}", gap.code, clean(&gap.target), clean(&gap.detail));
        let _ = writeln!(text, "    help: {}", gap.code.help());
    }
    if let Some(more) = gaps.len().checked_sub(MOST_LINES).filter(|more| *more > 0) {
        let _ = writeln!(text, "  and {more} more");
    }
}

/// What a recipient declares, for the originator to accept or not.
pub(crate) fn declared(declared: &Declarations) -> String {
    let mut text = String::new();
    for lawful in &declared.lawful_sources {
        let rows = lawful
            .rows
            .as_ref()
            .map_or_else(String::new, |rows| format!(", rows whose `{}` is `{}`", clean(&rows.column), clean(&rows.equals)));
        let _ = writeln!(
            text,
            "  lawful source `{}`: `{}`{rows}: {}",
            clean(&lawful.name),
            clean(&lawful.target),
            clean(&lawful.source)
        );
    }
    for removed in &declared.removed {
        let _ = writeln!(text, "  removed: `{}`: {}", clean(&removed.target), clean(&removed.reason));
    }
    for backup in &declared.backups {
        let _ = writeln!(
            text,
            "  backup `{}`: last copy {}, gone on {}",
            clean(&backup.system),
            clean(&backup.last_copy),
            clean(&backup.roll_off)
        );
    }
    for system in &declared.not_scanned {
        let _ = writeln!(text, "  not scanned: `{}`: {}", clean(&system.system), clean(&system.reason));
    }
    for onward in &declared.onward {
        let _ = writeln!(text, "  passed on to `{}`: {}", clean(&onward.recipient), clean(&onward.reason));
    }
    for exclusion in &declared.exclusions {
        let column = exclusion.column.as_ref().map_or_else(String::new, |column| format!(", column `{}`", clean(column)));
        let _ = writeln!(text, "  left out: `{}`{column}: {}", clean(&exclusion.target), clean(&exclusion.reason));
    }
    if !text.is_empty() {
        text.insert_str(0, "Declared by the recipient, not verified:\n");
    }
    text
}

/// The board.
pub(crate) fn board(rows: &[BoardRow], style: Style) -> String {
    if rows.is_empty() {
        return "The ledger holds no supply yet.\n".to_owned();
    }
    let head = [
        ("supply", Align::Left),
        ("recipient", Align::Left),
        ("records", Align::Right),
        ("delete by", Align::Left),
        ("state", Align::Left),
        ("next", Align::Left),
    ];
    let cells = rows.iter().map(|row| {
        vec![
            row.short_id.clone(),
            row.recipient.clone(),
            count(row.records),
            row.delete_by.to_string(),
            row.state.to_string(),
            row.next_action.clone(),
        ]
    });
    table(&head, cells, style)
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
}
