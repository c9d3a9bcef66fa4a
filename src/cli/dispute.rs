//! `dispute`: objections of either party, which the originator enters and settles.

use crate::attestation::dsse::sha256;
use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::context::LedgerArgument;
use crate::cli::document::read;
use crate::cli::exit_code::ExitCode;
use crate::cli::failure::advised;
use crate::ledger::Ledger;
use crate::ledger::dispute::LONGEST_REASON;
use crate::ledger::dispute::is_reason;
use crate::ledger::entry::DisputeEntry;
use crate::ledger::entry::Entry;
use crate::ledger::entry::SettlementEntry;
use crate::ledger::entry::Side;
use crate::report::json_v1;
use crate::support::hex;
use crate::support::time;
use clap::Args;
use clap::ValueEnum;
use std::path::Path;
use std::path::PathBuf;

/// Enter an objection to how a supply stands, or settle one
///
/// An objection changes no appraisal. While it is open, `status` shows the supply as disputed, and after the agreed day as overdue, unless a
/// challenge waits for its answer. Both the objection and its end stay in the ledger, and `supplies show` has them with their reasons.
#[derive(Args, Debug)]
#[command(override_usage = "\
residua dispute [OPTIONS] --by <SIDE> --reason <TEXT> <SUPPLY>
       residua dispute [OPTIONS] --settle <N> --reason <TEXT> <SUPPLY>")]
#[command(after_help = "\
Examples:
  residua dispute 4f2a --by recipient --document letter.pdf \\
      --reason \"contacts is a copy of the register that we bought\"
  residua dispute 4f2a --settle 1 --reason \"the invoice was shown\"")]
pub(crate) struct Arguments {
    /// The supply: its id as `residua status` shows it, or as many of its first digits as tell it from the others
    supply: String,
    /// Who objects
    #[arg(long, value_enum, value_name = "SIDE", required_unless_present = "settle", conflicts_with = "settle")]
    by: Option<SideArgument>,
    /// Why, or how it was settled, in words
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// The attestation that it is about: its file or its SHA-256, which `supplies show --format json` has
    #[arg(long, value_name = "FILE-OR-DIGEST", conflicts_with = "settle")]
    attestation: Option<PathBuf>,
    /// A paper that goes with it. The ledger holds its SHA-256 and not the paper: keep it
    #[arg(long, value_name = "FILE", conflicts_with = "settle")]
    document: Option<PathBuf>,
    /// Settle the objection of this number
    #[arg(long, value_name = "N")]
    settle: Option<u32>,
    #[command(flatten)]
    ledger: LedgerArgument,
}

/// A party on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SideArgument {
    /// You
    Originator,
    /// Whoever was supplied
    Recipient,
}

impl From<SideArgument> for Side {
    fn from(side: SideArgument) -> Side {
        match side {
            SideArgument::Originator => Side::Originator,
            SideArgument::Recipient => Side::Recipient,
        }
    }
}

/// Enters or settles.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<ExitCode> {
    if !is_reason(&arguments.reason) {
        return Err(advised(
            "the reason is empty or too long",
            format!("say it in at most {LONGEST_REASON} bytes, and name what is longer with `--document`"),
        ));
    }
    let mut ledger = Ledger::open(&arguments.ledger.folder()?)?;
    let supply = ledger.view().supply(&arguments.supply).map_err(|error| {
        let help = "`residua supplies list` lists the supplies of the ledger";
        advised(error, help)
    })?;
    let supply_id = supply.entry.supply_id.clone();
    let now = context.now();
    let reason = arguments.reason.trim().to_owned();
    let number = if let Some(number) = arguments.settle {
        if !supply.open_disputes().any(|dispute| dispute.number == number) {
            return Err(advised(
                format!("the supply has no open objection of number {number}"),
                "`residua supplies show SUPPLY` lists them",
            ));
        }
        let entry = SettlementEntry { supply_id: supply_id.clone(), number, reason, settled_at: time::format(now) };
        ledger.append(now, Entry::Settlement(entry))?;
        number
    } else {
        let attestation = arguments.attestation.as_deref().map(digest).transpose()?;
        if attestation.as_ref().is_some_and(|attestation| !supply.has_attestation(attestation)) {
            return Err(advised(
                "the ledger has no such attestation of this supply",
                "name the file as it was received, or its SHA-256 from `residua supplies show SUPPLY --format json`",
            ));
        }
        let document = arguments.document.as_deref().map(|path| read(path, "document")).transpose()?;
        let number = supply.next_dispute();
        let entry = DisputeEntry {
            supply_id: supply_id.clone(),
            number,
            // The parser asks for it where nothing is settled.
            by: arguments.by.map_or(Side::Originator, Side::from),
            reason,
            attestation,
            document: document.map(|bytes| hex::encode(&sha256(&bytes))),
            raised_at: time::format(now),
        };
        ledger.append(now, Entry::Dispute(entry))?;
        number
    };
    let is_open = arguments.settle.is_none();
    match context.format {
        Format::Json => context.print(&json_v1::write(&json_v1::board::DisputedV1 {
            version: json_v1::VERSION,
            supply_id,
            number,
            is_open,
        }))?,
        Format::Text if is_open => {
            context.say(&format!("Objection {number} to supply {supply_id}\n"))?;
            let is_closed = ledger.view().supply(&supply_id).is_ok_and(|supply| supply.closed.is_some());
            let shown = if is_closed {
                "The supply stays closed, and the board says that there is an objection"
            } else {
                "The supply is shown as disputed"
            };
            context.explain(&format!(
                "{shown} until it is settled: residua dispute {} --settle {number} --reason TEXT\n",
                ledger.view().short_id(&supply_id)
            ))?;
        }
        Format::Text => context.say(&format!("Objection {number} to supply {supply_id} is settled\n"))?,
    }
    Ok(ExitCode::Clear)
}

/// The SHA-256 that is meant: itself, or that of a file.
fn digest(named: &Path) -> anyhow::Result<String> {
    match named.to_str().map(str::to_lowercase).filter(|text| hex::decode::<32>(text).is_some()) {
        Some(digest) => Ok(digest),
        None => Ok(hex::encode(&sha256(&read(named, "attestation")?))),
    }
}
