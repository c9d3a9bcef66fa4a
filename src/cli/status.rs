//! `status`: the board, one line a supply.

use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::context::ledger_folder;
use crate::cli::exit_code::ExitCode;
use crate::ledger::Ledger;
use crate::ledger::board;
use crate::report::json_v1;
use crate::report::text;
use crate::support::time;
use clap::Args;
use std::path::PathBuf;

/// Show where every supply stands, and what to do next
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  residua status\n\nExit codes: 0, or 13 when something is overdue.")]
pub(crate) struct Arguments {
    /// The ledger; else `$RESIDUA_LEDGER`, else a folder of your user's data directory
    #[arg(long, value_name = "DIR")]
    ledger: Option<PathBuf>,
}

/// Shows the board.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<ExitCode> {
    let ledger = Ledger::open(&ledger_folder(arguments.ledger.as_ref())?)?;
    let today = time::day(context.now());
    let rows = board::rows(ledger.view(), today);
    match context.format {
        Format::Text => context.print(&text::board(&rows, context.style))?,
        Format::Json => context.print(&json_v1::write(&json_v1::BoardV1 {
            version: json_v1::VERSION,
            today: today.to_string(),
            supplies: rows.iter().map(json_v1::BoardRowV1::from).collect(),
        }))?,
    }
    Ok(if rows.iter().any(|row| row.is_overdue) { ExitCode::Overdue } else { ExitCode::Clear })
}
