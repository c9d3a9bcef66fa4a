//! `supplies`: what the ledger knows of each supply.

mod declared;

use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::context::LedgerArgument;
use crate::cli::exit_code::ExitCode;
use crate::cli::failure::Help;
use crate::cli::passphrase::PassphraseArgument;
use crate::cli::stamp;
use crate::ledger::Ledger;
use crate::ledger::LedgerView;
use crate::ledger::Supply;
use crate::ledger::board;
use crate::ledger::board::BoardRow;
use crate::ledger::board::onward;
use crate::ledger::dispute::Dispute;
use crate::ledger::seed::Roster;
use crate::ledger::seed::SeedEntry;
use crate::report::csv;
use crate::report::json_v1;
use crate::report::json_v1::approval::DeclarationV1;
use crate::report::json_v1::board::DisputeV1;
use crate::report::json_v1::board::ExceptionV1;
use crate::report::json_v1::closing::ClosingV1;
use crate::report::json_v1::closing::DestructionV1;
use crate::report::json_v1::downstream::BranchV1;
use crate::report::json_v1::received::CountersignedV1;
use crate::report::json_v1::stamp::StampV1;
use crate::report::text;
use crate::support::sanitize::clean;
use crate::support::time;
use clap::Args;
use clap::Subcommand;
use std::fmt::Write;

/// List the supplies, or show one with all that followed
///
/// Reads the originator's ledger and changes nothing.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  residua supplies list\n  residua supplies show 4f2a")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List all supplies
    List {
        #[command(flatten)]
        ledger: LedgerArgument,
    },
    /// Show one supply with its challenges and attestations
    Show {
        /// The supply: its id as `residua status` shows it, or as many of its first digits as tell it from the others
        supply: String,
        /// Show the seeds with all their values, to recognise one that turns up somewhere. Nobody else should see them
        #[arg(long)]
        seeds: bool,
        #[command(flatten)]
        ledger: LedgerArgument,
        #[command(flatten)]
        passphrase: PassphraseArgument,
    },
}

impl Arguments {
    /// Whether the result is a table, which can be had as CSV.
    pub(crate) fn has_table(&self) -> bool {
        matches!(self.command, Command::List { .. })
    }
}

/// Lists or shows.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<ExitCode> {
    let today = time::day(context.now());
    match &arguments.command {
        Command::List { ledger } => {
            let ledger = Ledger::open(&ledger.folder()?)?;
            let view = ledger.view();
            match context.format {
                Format::Text if context.is_csv => {
                    let supplies = view.supplies().iter().map(|supply| (supply, board::row(view, supply, today)));
                    context.print(&csv::supplies(supplies))?;
                }
                Format::Json => {
                    let supplies = view.supplies().iter().map(|supply| json(view, supply)).collect();
                    context.print(&json_v1::write(&json_v1::SuppliesV1 { version: json_v1::VERSION, supplies }))?;
                }
                Format::Text => {
                    for supply in view.supplies() {
                        let entry = &supply.entry;
                        let purpose =
                            if entry.purpose.is_empty() { String::new() } else { format!(", {}", clean(&entry.purpose)) };
                        context.say(&format!(
                            "{}  {} records to {}, to be deleted by {}{purpose}: {}\n",
                            entry.supply_id,
                            text::count(entry.records),
                            clean(&entry.recipient.name),
                            entry.delete_by,
                            board::row(view, supply, today).state
                        ))?;
                    }
                    if view.supplies().is_empty() {
                        context.explain("The ledger holds no supply yet.\n")?;
                    }
                }
            }
        }
        Command::Show { supply, seeds, ledger, passphrase } => {
            let mut ledger = Ledger::open(&ledger.folder()?)?;
            passphrase.unlock(&mut ledger)?;
            let view = ledger.view();
            let supply = view.supply(supply).map_err(|error| {
                let help = "`residua supplies list` lists the supplies of the ledger";
                anyhow::Error::new(Help(help.to_owned())).context(error.to_string())
            })?;
            let seeds =
                if *seeds { Some(ledger.seeds(&supply.entry.supply_id)?.map(numbered).unwrap_or_default()) } else { None };
            // A document that is damaged hides nothing of what the lines say.
            let (declarations, fault) = match declared::list(&ledger, supply) {
                Ok(declarations) => (declarations, None),
                Err(error) => (Vec::new(), Some(error)),
            };
            match context.format {
                Format::Json => {
                    let shown = json_v1::SupplyV1 { seeds, declarations, ..json(view, supply) };
                    context.print(&json_v1::write(&json_v1::SuppliesV1 { version: json_v1::VERSION, supplies: vec![shown] }))?;
                }
                Format::Text => {
                    let row = board::row(ledger.view(), supply, today);
                    context.say(&words(view, supply, &row, &declarations))?;
                    if let Some(seeds) = seeds {
                        context.say(&who(&seeds, &supply.entry.recipient.name))?;
                    }
                }
            }
            if let Some(error) = fault {
                return Err(error.into());
            }
        }
    }
    Ok(ExitCode::Clear)
}

/// Seeds by their numbers.
fn numbered(seeds: Roster) -> Vec<json_v1::SeedV1> {
    let Roster { columns, seeds, .. } = seeds;
    let cells = |seed: SeedEntry| columns.iter().cloned().zip(seed.cells).collect();
    (1..)
        .zip(seeds)
        .map(|(number, seed)| json_v1::SeedV1 { seed: number, row: u64::from(seed.row) + 1, cells: cells(seed) })
        .collect()
}

/// Who the seeds are.
fn who(seeds: &[json_v1::SeedV1], recipient: &str) -> String {
    let recipient = clean(recipient);
    if seeds.is_empty() {
        return "No record of this supply is a seed.\n".to_owned();
    }
    let mut words =
        format!("\nSeeds: invented people whom nobody but {recipient} was given. Whoever has one has it from {recipient}.\n");
    for seed in seeds {
        let _ = writeln!(words, "Seed {} of {} (row {} of the data)", seed.seed, seeds.len(), seed.row);
        for (column, cell) in seed.cells.iter().filter(|(_, cell)| !cell.trim().is_empty()) {
            let _ = writeln!(words, "  {}: {}", clean(column), clean(cell));
        }
    }
    words
}

fn words(view: &LedgerView, supply: &Supply, row: &BoardRow, declarations: &[DeclarationV1]) -> String {
    let entry = &supply.entry;
    let mut words = format!(
        "Supply {}\n  {} records to {} (key {})\n  supplied {}, to be deleted by {}\n",
        entry.supply_id,
        text::count(entry.records),
        clean(&entry.recipient.name),
        entry.recipient.fingerprint,
        entry.created_at,
        entry.delete_by
    );
    let current = view.current_card(supply);
    if current.fingerprint != entry.recipient.fingerprint {
        let _ = writeln!(words, "  challenges go to its key {} ({})", current.fingerprint, clean(&current.name));
    }
    for (what, said) in [
        ("for", &entry.purpose),
        ("contract", &entry.contract),
        ("lawful basis", &entry.lawful_basis),
        ("manner of deletion", &entry.manner),
    ] {
        if !said.is_empty() {
            let _ = writeln!(words, "  {what}: {}", text::clean_long(said));
        }
    }
    if entry.seeds > 0 {
        let _ = writeln!(words, "  of the records, seeds: {} (`--seeds` shows them)", entry.seeds);
    }
    match view.countersignature(supply) {
        Some(entry) => {
            let what =
                if entry.is_derived { "the manifest made anew from the data, and found the same" } else { "receipt alone" };
            let _ = writeln!(words, "  confirmed by the recipient {}: {what}", entry.signed_at);
        }
        None => words.push_str("  not confirmed by the recipient (`residua receive`)\n"),
    }
    for challenge in &supply.challenges {
        let asked = &challenge.entry;
        let _ = writeln!(
            words,
            "  {} challenge {} issued {}, valid until {}",
            asked.phase, asked.challenge_id, asked.issued_at, asked.expires_at
        );
        for receipt in &challenge.receipts {
            let _ = writeln!(
                words,
                "    attestation received {}: stated {}, appraised {}{}",
                receipt.received_at,
                clean(&receipt.verdict),
                receipt.appraisal.word(),
                receipt.clear_until().map_or_else(String::new, |until| format!(" with exceptions until {until}"))
            );
            words.push_str(&text::outcome::exceptions(&receipt.exceptions, "      "));
            for reason in &receipt.reasons {
                let _ = writeln!(words, "      {}", clean(reason));
            }
        }
    }
    words.push_str(&declared::words(declarations));
    for Dispute { entry, settlement } in &supply.disputes {
        let _ = writeln!(
            words,
            "  objection {} by the {}, raised {}: {}",
            entry.number,
            entry.by.word(),
            entry.raised_at,
            text::clean_long(&entry.reason)
        );
        for (what, digest) in [("attestation", &entry.attestation), ("paper", &entry.document)] {
            let _ = digest.iter().try_for_each(|digest| writeln!(words, "    {what} with SHA-256 {digest}"));
        }
        let _ = match settlement {
            Some(end) => writeln!(words, "    settled {}: {}", end.settled_at, text::clean_long(&end.reason)),
            None => writeln!(words, "    open"),
        };
    }
    for entry in &supply.destructions {
        let by = text::signed(" (", &entry.name, &entry.role, ")");
        let _ = writeln!(words, "  record of destruction by the recipient{by}, of {}: {}", entry.destroyed_at, entry.envelope);
    }
    if let Some(closed) = &supply.closed {
        let _ = writeln!(words, "  closed {}, with your own record of destruction: {}", closed.closed_at, closed.record);
    }
    for entry in &supply.stamps {
        let _ = writeln!(words, "  {}", stamp::line(view, entry));
    }
    let drawn = text::tree::tree(&onward::tree(view, supply), "    ");
    if !drawn.is_empty() {
        let _ = write!(words, "  onward recipients:\n{drawn}");
    }
    let _ = writeln!(words, "State: {}", row.state);
    if !row.next_command.is_empty() {
        let _ = writeln!(words, "Next: {}", row.next_command);
    }
    if !row.remark.is_empty() {
        let _ = writeln!(words, "  {}", row.remark);
    }
    words
}

/// A supply with all that followed, for programs.
pub(crate) fn json(view: &LedgerView, supply: &Supply) -> json_v1::SupplyV1 {
    let entry = &supply.entry;
    json_v1::SupplyV1 {
        supply_id: entry.supply_id.clone(),
        recipient: entry.recipient.name.clone(),
        recipient_key: entry.recipient.fingerprint.clone(),
        records: entry.records,
        delete_by: entry.delete_by.clone(),
        purpose: entry.purpose.clone(),
        contract: entry.contract.clone(),
        lawful_basis: entry.lawful_basis.clone(),
        manner: entry.manner.clone(),
        created_at: entry.created_at.clone(),
        seeds: None,
        countersigned: view.countersignature(supply).map(|entry| CountersignedV1 {
            signed_at: entry.signed_at.clone(),
            received_at: entry.received_at.clone(),
            key: entry.key.clone(),
            name: entry.name.clone(),
            role: entry.role.clone(),
            derived: entry.is_derived,
        }),
        challenges: (supply.challenges.iter())
            .map(|challenge| json_v1::ChallengeV1 {
                challenge_id: challenge.entry.challenge_id.clone(),
                phase: challenge.entry.phase.clone(),
                issued_at: challenge.entry.issued_at.clone(),
                expires_at: challenge.entry.expires_at.clone(),
                receipts: (challenge.receipts.iter())
                    .map(|receipt| json_v1::ReceiptV1 {
                        attestation: receipt.attestation.clone(),
                        received_at: receipt.received_at.clone(),
                        verdict: receipt.verdict.clone(),
                        appraisal: receipt.appraisal.word().to_owned(),
                        reasons: receipt.reasons.clone(),
                        exceptions: receipt.exceptions.iter().map(ExceptionV1::from).collect(),
                    })
                    .collect(),
            })
            .collect(),
        disputes: supply.disputes.iter().map(DisputeV1::from).collect(),
        destructions: supply.destructions.iter().map(DestructionV1::from).collect(),
        closing: supply.closing.as_ref().map(|closing| ClosingV1 {
            started_at: closing.started_at.clone(),
            unresolved: closing.unresolved.clone(),
            closed_at: supply.closed.as_ref().map(|closed| closed.closed_at.clone()),
            record: supply.closed.as_ref().map(|closed| closed.record.clone()),
        }),
        onward: onward::tree(view, supply).iter().map(BranchV1::from).collect(),
        declarations: Vec::new(),
        stamps: supply.stamps.iter().map(|entry| StampV1::new(view, entry)).collect(),
    }
}
