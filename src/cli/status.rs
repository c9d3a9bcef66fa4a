//! `status`: the board, one line a supply.

use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::context::LedgerArgument;
use crate::cli::exit_code::ExitCode;
use crate::ledger::Ledger;
use crate::ledger::LedgerView;
use crate::ledger::board;
use crate::ledger::board::BoardRow;
use crate::ledger::board::State;
use crate::ledger::board::filter::Filter;
use crate::ledger::board::onward;
use crate::ledger::board::onward::Branch;
use crate::report::csv;
use crate::report::json_v1;
use crate::report::json_v1::board::BoardRowV1;
use crate::report::json_v1::downstream::BranchV1;
use crate::report::text;
use crate::report::text::tree;
use crate::support::sanitize::clean;
use crate::support::time;
use clap::Args;
use clap::builder::PossibleValuesParser;

/// Show where every supply stands, and what to do next
///
/// One line a supply, from the originator's ledger: the first digits of its id, by which the other commands know it, the agreed day, its state
/// and the next command. A supply is overdue when the agreed day has passed, no challenge waits for an answer, and the data are not attested as deleted:
/// because nobody was asked, or the answer is not clear, or the day of an exception has passed, or a recheck was not answered, or a
/// party objects, or an attestation of somebody to whom the data went on is missing or not clear.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  residua status
  residua status --due-within 14
  residua status --recipient party --state residual --state disputed
  residua status --overdue --format csv > overdue.csv
  residua status --tree

Exit codes: 0, or 13 when something that is shown is overdue. What a filter
leaves out does not count.")]
pub(crate) struct Arguments {
    /// Only recipients whose name holds this text, in any case of its letters
    #[arg(long, value_name = "TEXT", help_heading = "Filters, which all have to hold")]
    recipient: Option<String>,
    /// Only supplies in this state; may be repeated
    #[arg(long = "state", value_name = "STATE", value_parser = PossibleValuesParser::new(State::WORDS), help_heading = "Filters, which all have to hold")]
    states: Vec<String>,
    /// Only what is overdue, whatever its state
    #[arg(long, help_heading = "Filters, which all have to hold")]
    overdue: bool,
    /// Only what is overdue, or of which the agreed day, the end of a challenge or the day of an exception comes within so many days
    #[arg(long, value_name = "DAYS", help_heading = "Filters, which all have to hold")]
    due_within: Option<u32>,
    /// Show below the board to whom each recipient passed the data on, what those attested, and what is missing
    #[arg(long)]
    tree: bool,
    #[command(flatten)]
    ledger: LedgerArgument,
}

/// Shows the board.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<ExitCode> {
    let ledger = Ledger::open(&arguments.ledger.folder()?)?;
    let today = time::day(context.now());
    let filter = Filter {
        recipient: arguments.recipient.clone(),
        states: arguments.states.clone(),
        is_overdue: arguments.overdue,
        due_within: arguments.due_within,
    };
    let mut rows = board::rows(ledger.view(), today);
    rows.retain(|row| filter.passes(row));
    match context.format {
        Format::Text if context.is_csv => context.print(&csv::board(&rows))?,
        Format::Text if rows.is_empty() && filter.is_open() => context.say("The ledger holds no supply yet.\n")?,
        Format::Text if rows.is_empty() => context.say("No supply of the ledger is like that.\n")?,
        Format::Text => {
            context.say(&text::board(&rows, context.style))?;
            if arguments.tree {
                context.say(&trees(ledger.view(), &rows))?;
            }
        }
        Format::Json => context.print(&json_v1::write(&json_v1::board::BoardV1 {
            version: json_v1::VERSION,
            today: today.to_string(),
            supplies: rows.iter().map(|row| json(ledger.view(), row, arguments.tree)).collect(),
        }))?,
    }
    Ok(if rows.iter().any(|row| row.is_overdue) { ExitCode::Overdue } else { ExitCode::Clear })
}

/// The onward recipients of a line's supply.
fn branches(view: &LedgerView, row: &BoardRow) -> Vec<Branch> {
    view.supply(&row.supply_id).map(|supply| onward::tree(view, supply)).unwrap_or_default()
}

/// What stands below the supplies that are shown.
fn trees(view: &LedgerView, rows: &[BoardRow]) -> String {
    let mut words = "\nOnward recipients:\n".to_owned();
    let mut is_none = true;
    for row in rows {
        let drawn = tree::tree(&branches(view, row), "  ");
        if !drawn.is_empty() {
            is_none = false;
            words.push_str(&format!("  {} {}: {}\n{drawn}", row.short_id, clean(&row.recipient), row.state));
        }
    }
    if is_none { "\nNo onward recipient is declared.\n".to_owned() } else { words }
}

fn json(view: &LedgerView, row: &BoardRow, has_tree: bool) -> BoardRowV1 {
    let onward = has_tree.then(|| branches(view, row).iter().map(BranchV1::from).collect());
    BoardRowV1 { onward, ..BoardRowV1::from(row) }
}
