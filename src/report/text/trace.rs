//! Which supplies held a person, in words.

use crate::report::json_v1::trace::TraceV1;
use crate::report::json_v1::trace::TracedV1;
use crate::report::text::clean_long;
use crate::support::number::grouped;
use crate::support::number::of;
use crate::support::sanitize::clean;
use std::fmt::Write;

/// Rows that are named before the rest is only counted.
const MOST_ROWS: usize = 5;

/// Columns that are named before the rest is only counted.
const MOST_COLUMNS: usize = 5;

/// The answers, and what follows.
pub(crate) fn trace(result: &TraceV1) -> String {
    let mut words = format!("Asked by {}.\n", listed(&result.asked_by));
    if result.is_exported {
        words.push_str("This ledger is an export without secrets, which cannot be asked: ask the ledger itself.\n");
    }
    if result.supplies.is_empty() {
        words.push_str("The ledger holds no supply yet.\n");
        return words;
    }
    for traced in &result.supplies {
        supply(traced, &mut words);
    }
    let count = |word: &str| result.supplies.iter().filter(|traced| traced.answer == word).count() as u64;
    let told = result.supplies.iter().filter(|traced| traced.is_to_be_told).count() as u64;
    let _ = writeln!(
        words,
        "Of {}: held {}, possible {}, not held {}, not found {}, unknown {}.",
        supplies(result.supplies.len() as u64),
        grouped(count("held")),
        grouped(count("possible")),
        grouped(count("not_held")),
        grouped(count("not_found")),
        grouped(count("unknown"))
    );
    if told > 0 {
        words.push_str("Where you erase the person's data, each recipient named by `tell` has to be told (GDPR Art. 19).\n");
    }
    if result.supplies.iter().any(|traced| matches!(traced.answer, "not_found" | "unknown")) {
        words.push_str("What is not found or unknown is no no: ask with more of what the person goes by, or tell these recipients as well.\n");
    }
    words
}

fn supply(traced: &TracedV1, words: &mut String) {
    let recipient = clean(&traced.recipient);
    let answer = match traced.answer {
        "held" => format!("held, by {}", listed(&traced.found_by)),
        "possible" => format!("possible, by {}, which others may share", listed(&traced.found_by)),
        "not_found" => format!(
            "not found; {} of {} could not be looked for",
            grouped(traced.not_looked_for.unwrap_or(traced.records)),
            of(traced.records, "record")
        ),
        "not_held" => "not held".to_owned(),
        _ => format!("unknown: {}", clean_long(traced.reason_text.as_deref().unwrap_or_default())),
    };
    let _ = writeln!(words, "{}  {recipient}: {answer}", traced.short_id);
    if !traced.columns_not_looked_in.is_empty() {
        let columns = &traced.columns_not_looked_in;
        let named: Vec<String> = columns.iter().take(MOST_COLUMNS).map(|column| format!("`{}`", clean(column))).collect();
        let more = columns.len().saturating_sub(MOST_COLUMNS);
        let more = if more > 0 { format!(" and {} more", grouped(more as u64)) } else { String::new() };
        let _ = writeln!(words, "  not looked in: {}{more}, of which a manifest has nothing", named.join(", "));
    }
    if traced.answer == "not_held" {
        return;
    }
    let supplied = traced.supplied_at.get(..10).unwrap_or(&traced.supplied_at);
    let _ = writeln!(
        words,
        "  {} supplied {supplied}, to be deleted by {}; {}",
        of(traced.records, "record"),
        traced.delete_by,
        traced.state
    );
    if !traced.rows.is_empty() {
        let named: Vec<String> = traced.rows.iter().take(MOST_ROWS).map(ToString::to_string).collect();
        let more = traced.rows.len().saturating_sub(MOST_ROWS);
        let more = if more > 0 { format!(" and {} more", grouped(more as u64)) } else { String::new() };
        let _ = writeln!(words, "  row {}{more} of the data", named.join(", "));
    }
    for seed in &traced.seeds {
        let _ = writeln!(words, "  seed {seed} of this supply agrees, an invented person");
    }
    if traced.is_to_be_told {
        let _ = writeln!(words, "  tell {recipient}");
    }
    for onward in &traced.onward {
        let _ = writeln!(words, "  it passed the data on to `{}`: {}", clean(&onward.recipient), clean(&onward.reason));
    }
    if traced.is_onward_unread {
        words.push_str("  one of its answers cannot be read, and may name others to whom the data went on\n");
    }
}

fn supplies(count: u64) -> String {
    if count == 1 { "1 supply".to_owned() } else { format!("{} supplies", grouped(count)) }
}

/// Sorts of values as people call them.
fn listed(sorts: &[&str]) -> String {
    let called = |sort: &&str| match *sort {
        "dob" => "date of birth",
        "email" => "e-mail address",
        "phone" => "telephone",
        "ref" => "reference",
        "name" => "name",
        "postcode" => "postcode",
        _ => "address",
    };
    let mut names: Vec<&str> = sorts.iter().map(called).collect();
    match names.pop() {
        None => "nothing".to_owned(),
        Some(last) if names.is_empty() => last.to_owned(),
        Some(last) => format!("{} and {last}", names.join(", ")),
    }
}
