//! The report of a whole ledger: where every supply stands.

use crate::ledger::LedgerView;
use crate::ledger::Supply;
use crate::ledger::board::BoardRow;
use crate::ledger::board::State;
use crate::ledger::entry::ReceiptEntry;
use crate::report::html::Page;
use crate::report::html::picture;
use crate::report::html::picture::Mood;
use crate::report::html::prose;
use crate::report::html::shown;
use crate::support::number::grouped;
use crate::support::number::of;
use jiff::Timestamp;
use maud::Markup;
use maud::html;
use std::collections::BTreeMap;

/// The whole page. `rows` are the board's, one a supply, in the order of the ledger.
pub(crate) fn page(view: &LedgerView, rows: &[BoardRow], head: &str, made_at: Timestamp) -> String {
    let overdue = rows.iter().filter(|row| row.is_overdue).count() as u64;
    let records: u64 = rows.iter().map(|row| row.records).sum();
    let mood = if overdue > 0 { Mood::Bad } else { Mood::Plain };
    let body = html! {
        (picture::patterns())
        header {
            p.eyebrow { "Board of all supplies, made on " (made_at.strftime("%Y-%m-%d %H:%M")) " UTC with residua " (env!("CARGO_PKG_VERSION")) }
            h1 { (of(rows.len() as u64, "supply").replace("supplys", "supplies")) ", " (of(records, "record")) }
        }
        main {
            div class={ "verdict " (mood.class()) } {
                (picture::sign(mood))
                div {
                    p.word { @if overdue == 0 { "nothing is overdue" } @else { (grouped(overdue)) " overdue" } }
                    p { "Overdue is a supply whose agreed day has passed, whose data are not attested as deleted, and of which no answer is awaited." }
                }
            }
            section { h2 { "How the supplies stand" } (states(rows)) }
            section { h2 { "Every supply" } (table(view, rows)) }
            section {
                h2 { "What this page is" }
                p {
                    "It says what the originator's ledger said on that day, and nothing on it is signed. The evidence is in the attestations; "
                    code { "residua report SUPPLY --html FILE" } " makes a page of one supply that a browser can verify, and "
                    code { "residua bundle SUPPLY" } " a folder for whoever has to check it all."
                }
                dl.facts { dt { "Last line of the ledger" } dd { code { (head) } } }
            }
        }
    };
    Page { title: "Board of all supplies", scripts: &[super::BOARD_SCRIPT], data: &[], body }.render()
}

/// What a state is, for the eye.
fn mood(row: &BoardRow) -> Mood {
    match row.state {
        State::AttestedClear | State::Closed => Mood::Good,
        State::Residual | State::Overdue(_) => Mood::Bad,
        State::Inconclusive | State::Disputed | State::ClosedUnresolved | State::ClearWithExceptions(_) => Mood::Doubt,
        State::AwaitingBaseline | State::InUse | State::Due(_) | State::ChallengeIssued => Mood::Plain,
    }
}

/// How many supplies are in each state, as bars beside their numbers.
fn states(rows: &[BoardRow]) -> Markup {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for row in rows {
        *counts.entry(row.state.word()).or_default() += 1;
    }
    let most = counts.values().copied().max().unwrap_or(0);
    html! {
        @if counts.is_empty() { p { "The ledger holds no supply yet." } }
        @else {
            table.picture {
                thead { tr { th scope="col" { "State" } th scope="col" { "Supplies" } th.number scope="col" { "Number" } } }
                tbody {
                    @for (state, count) in counts {
                        tr {
                            th scope="row" { (state.replace('_', " ")) }
                            td.bar { (picture::bar(count, most)) }
                            td.number { (grouped(count)) }
                        }
                    }
                }
            }
        }
    }
}

fn table(view: &LedgerView, rows: &[BoardRow]) -> Markup {
    html! {
        div.screen {
            label for="filter" { "Show supplies with: " }
            input #filter type="search" autocomplete="off" disabled;
            " " span #filtered.soft aria-live="polite" {}
        }
        div.scroll {
            table.stacked #targets {
                thead {
                    tr {
                        th scope="col" { "Supply" }
                        th scope="col" { "Recipient" }
                        th.number scope="col" { "Records" }
                        th scope="col" { "Delete by" }
                        th scope="col" { "State" }
                        th scope="col" { "Next, and what else" }
                    }
                }
                @for (rows, supplies) in rows.chunks(200).zip(view.supplies().chunks(200)) {
                    tbody.far { @for (row, supply) in rows.iter().zip(supplies) { (line(row, supply)) } }
                }
            }
        }
    }
}

fn line(row: &BoardRow, supply: &Supply) -> Markup {
    let mark = match mood(row) {
        Mood::Good => "✓ ",
        Mood::Bad => "✗ ",
        Mood::Doubt => "? ",
        Mood::Plain => "",
    };
    html! {
        tr {
            th.short scope="row" { code { (row.short_id) } }
            td { (shown(&row.recipient)) }
            td.number data-label="records" { (grouped(row.records)) }
            td.nowrap data-label="delete by" { (row.delete_by) }
            td { (mark) (row.state) @if row.is_overdue { " " strong.nowrap { "(overdue)" } } }
            td {
                @if !row.next_command.is_empty() { code { (shown(&row.next_command)) } br; }
                (prose(&remarks(row, supply).join("; ")))
            }
        }
    }
}

/// What is to be known of a supply besides its state.
fn remarks(row: &BoardRow, supply: &Supply) -> Vec<String> {
    let mut remarks = Vec::new();
    if !row.remark.is_empty() {
        remarks.push(row.remark.clone());
    }
    if row.disputes > 0 {
        remarks.push(of(u64::from(row.disputes), "open objection"));
    }
    if row.missing_onward > 0 {
        remarks.push(format!("{} of onward recipients missing", of(u64::from(row.missing_onward), "attestation")));
    }
    if row.stamps > 0 {
        remarks.push(of(u64::from(row.stamps), "time stamp"));
    }
    let is_stamped = |answer: &ReceiptEntry| supply.stamps.iter().any(|stamp| stamp.document == answer.attestation);
    if supply.standing_answers().any(|answer| !is_stamped(answer)) {
        remarks.push("no time stamp over the newest answer".to_owned());
    }
    remarks
}
