//! A ledger: how much it holds, whether it is whole, and where each supply stands.

use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::supplies;
use crate::ledger::Ledger;
use crate::ledger::board;
use crate::report::json_v1;
use crate::report::text;
use crate::support::number::of;
use crate::support::sanitize::clean;
use crate::support::time;
use std::path::Path;

/// Shows a ledger.
pub(super) fn inspect(folder: &Path, context: &Context) -> anyhow::Result<()> {
    let ledger = Ledger::open(folder)?;
    let view = ledger.view();
    let rows = board::rows(view, time::day(context.now()));
    if context.format == Format::Json {
        return context.print(&json_v1::write(&json_v1::inspected::InspectedLedgerV1 {
            version: json_v1::VERSION,
            kind: "ledger",
            is_whole: true,
            entries: ledger.len(),
            head: ledger.head().to_owned(),
            recipients: (view.recipients().into_iter())
                .map(|card| json_v1::inspected::PartyV1 { name: card.name.clone(), fingerprint: card.fingerprint.clone() })
                .collect(),
            board: rows.iter().map(json_v1::board::BoardRowV1::from).collect(),
            supplies: view.supplies().iter().map(|supply| supplies::json(view, supply)).collect(),
        }));
    }
    let challenges: usize = view.supplies().iter().map(|supply| supply.challenges.len()).sum();
    let receipts: usize =
        view.supplies().iter().flat_map(|supply| &supply.challenges).map(|challenge| challenge.receipts.len()).sum();
    let onward: usize = view.supplies().iter().map(|supply| supply.onward.len()).sum();
    let mut words =
        "A ledger: the originator's memory of what was supplied, asked and answered. Its chain is whole: every entry holds the \
                     digest of the one before it.\n\n"
            .to_owned();
    words.push_str(&text::facts(&[
        (
            "entries",
            format!(
                "{}: {}, {}, {} received{}",
                text::count(ledger.len()),
                supplies_of(view.supplies().len()),
                of(challenges as u64, "challenge"),
                of(receipts as u64, "attestation"),
                if onward == 0 { String::new() } else { format!(", {} of onward recipients", text::count(onward as u64)) }
            ),
        ),
        ("head", ledger.head().to_owned()),
        ("salts", "in the folder `secrets`, for the originator alone; not shown".to_owned()),
    ]));
    if !view.supplies().is_empty() {
        words.push_str("\nRecipients:\n");
    }
    for card in view.recipients() {
        words.push_str(&format!("  {} (key {})\n", clean(&card.name), clean(&card.fingerprint)));
    }
    for officer in view.parties().officers() {
        let card = &officer.pinned;
        words.push_str(&format!("  {}, an officer of one of them (key {})\n", clean(&card.name), clean(&card.fingerprint)));
    }
    words.push_str("\nSupplies:\n");
    if rows.is_empty() {
        words.push_str("The ledger holds no supply yet.\n");
    } else {
        words.push_str(&text::board(&rows, context.style));
    }
    words.push_str("\n`residua supplies show SUPPLY` has all that followed one of them.\n");
    context.say(&words)
}

fn supplies_of(number: usize) -> String {
    format!("{number} suppl{}", if number == 1 { "y" } else { "ies" })
}
