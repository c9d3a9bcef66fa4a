//! `status`: the board, one line a supply.

use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::context::LedgerArgument;
use crate::cli::exit_code::ExitCode;
use crate::ledger::Ledger;
use crate::ledger::board;
use crate::report::json_v1;
use crate::report::text;
use crate::support::time;
use clap::Args;

/// Show where every supply stands, and what to do next
///
/// One line a supply, from the originator's ledger: the first digits of its id, by which the other commands know it, the agreed day, its state
/// and the next command. A supply is overdue when the agreed day has passed, the data are not attested as deleted, and no challenge waits
/// for an answer.
#[derive(Args, Debug)]
#[command(after_help = "\
Example:
  residua status

Exit codes: 0, or 13 when something is overdue.")]
pub(crate) struct Arguments {
    #[command(flatten)]
    ledger: LedgerArgument,
}

/// Shows the board.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<ExitCode> {
    let ledger = Ledger::open(&arguments.ledger.folder()?)?;
    let today = time::day(context.now());
    let rows = board::rows(ledger.view(), today);
    match context.format {
        Format::Text => context.say(&text::board(&rows, context.style))?,
        Format::Json => context.print(&json_v1::write(&json_v1::BoardV1 {
            version: json_v1::VERSION,
            today: today.to_string(),
            supplies: rows.iter().map(json_v1::BoardRowV1::from).collect(),
        }))?,
    }
    Ok(if rows.iter().any(|row| row.is_overdue) { ExitCode::Overdue } else { ExitCode::Clear })
}
