//! `schedule next`: what `check` will do, and when. It decides by the same code, writes nothing and holds nobody up.

use crate::cli::check::inbox;
use crate::cli::check::settled;
use crate::cli::context;
use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::exit_code::ExitCode;
use crate::ledger::Ledger;
use crate::ledger::board;
use crate::ledger::board::State;
use crate::report::json_v1;
use crate::report::json_v1::set_up::ComingRowV1;
use crate::report::json_v1::set_up::ComingV1;
use crate::report::text;
use crate::report::text::Align;
use crate::schedule::coming;
use crate::schedule::coming::Coming;
use crate::schedule::coming::When;
use crate::schedule::hours::Hours;
use crate::schedule::originator;
use crate::schedule::originator::Next;
use crate::schedule::originator::Rules;
use crate::schedule::recipient;
use crate::schedule::recipient::Known;
use crate::schedule::settings::Originator;
use crate::schedule::settings::Recipient;
use crate::support::time;
use clap::Args;
use jiff::Timestamp;
use jiff::civil::Date;
use std::path::Path;
use std::path::PathBuf;

/// Show what scheduled checks will do, and when
///
/// For an originator, what is asked of each supply next, by the ledger as it stands. For a recipient, what becomes of each challenge in the inbox, and which agreed days come. It decides as
/// `residua check` does, reads what that reads and writes nothing. It shows what is due; at which minute that is done, the timer decides.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  residua schedule next --config residua.toml
  residua schedule next --config residua.toml --days 30
  residua schedule next --config residua.toml --count 1 --format json")]
pub(crate) struct Arguments {
    /// The file of settings of `residua check`
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Only what comes within so many days, and what waits for a person
    #[arg(long, value_name = "N")]
    days: Option<u32>,
    /// Only the first so many
    #[arg(long, value_name = "N")]
    count: Option<usize>,
}

/// Shows it.
pub(super) fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<ExitCode> {
    let (settings, base) = settled::read(&arguments.config)?;
    let now = context.now();
    let today = time::day(now);
    let hours = settings.hours.as_ref().filter(|_| settings.recipient.is_some());
    let mut rows = Vec::new();
    let mut party = "recipient";
    if let Some(own) = &settings.originator {
        party = "originator";
        of_originator(own, &base, today, &mut rows)?;
    }
    if let Some(own) = &settings.recipient {
        of_recipient(own, (&base, &settled::state(&settings, &base)), hours, now, &mut rows)?;
    }
    coming::sort(&mut rows);
    coming::limit(&mut rows, today, arguments.days, arguments.count);
    if context.format == Format::Json {
        context.print(&json_v1::write(&ComingV1 {
            version: json_v1::VERSION,
            at: time::format(now),
            party,
            hours_open: hours.map(|hours| time::format(hours.next(now))),
            coming: rows.iter().map(|row| json(row, today)).collect(),
        }))?;
        return Ok(ExitCode::Clear);
    }
    if rows.is_empty() {
        context.say("Nothing comes.\n")?;
    } else {
        context.say(&table(&rows, today, context))?;
    }
    if let Some(hours) = hours {
        let open = if hours.is_open(now) { "now".to_owned() } else { format!("next at {}", time::format(hours.next(now))) };
        context.explain(&format!("Scans begin from {}: {open}.\n", hours.words()))?;
    }
    context.explain(match settings.originator {
        Some(_) => {
            "This is what is due by the ledger, in UTC days; answers in the inbox are taken in first, and may change it. The timer that runs `residua check` decides at which minute it is done.\n"
        }
        None => {
            "This is what is due by the inbox, in UTC. The timer that runs `residua check` decides at which minute it is done.\n"
        }
    })?;
    Ok(ExitCode::Clear)
}

/// What is asked next of each supply that is not closed.
fn of_originator(own: &Originator, base: &Path, today: Date, rows: &mut Vec<Coming>) -> anyhow::Result<()> {
    let folder = match &own.ledger {
        Some(ledger) => base.join(ledger),
        None => context::ledger_folder(None)?,
    };
    let ledger = Ledger::open(&folder)?;
    let view = ledger.view();
    for supply in view.supplies() {
        let row = board::row(view, supply, today);
        if matches!(row.state, State::Closed | State::ClosedUnresolved) {
            continue;
        }
        let id = &supply.entry.supply_id;
        let is_paused = own.rule(id).is_some_and(|rule| rule.paused);
        let next = if is_paused { Next::Nothing } else { originator::next(supply, &row, Rules::of(own, id), today) };
        let (when, what, mut why) = coming::of_supply(next);
        if when == When::Never {
            let said = if is_paused { "it is paused in the settings" } else { "no recheck is asked for without `recheck_days`" };
            said.clone_into(&mut why);
        }
        let about = format!("{} {}", row.short_id, row.recipient);
        rows.push(Coming { when, what, about, supply: Some(id.clone()), challenge: None, why, until: None });
    }
    Ok(())
}

/// What becomes of each challenge in the inbox, and the agreed days of the manifests there.
fn of_recipient(
    own: &Recipient,
    (base, state): (&Path, &Path),
    hours: Option<&Hours>,
    now: Timestamp,
    rows: &mut Vec<Coming>,
) -> anyhow::Result<()> {
    let found = inbox::look_into(base, own)?;
    for (file, why) in &found.refused {
        let about = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let what = "put aside, unanswered".to_owned();
        rows.push(Coming { when: When::Now, what, about, supply: None, challenge: None, why: why.clone(), until: None });
    }
    for asked in &found.asked {
        let id = &asked.challenge.challenge_id;
        let known = Known {
            is_answered: state.join(inbox::ANSWERS).join(inbox::answer_name(id)).is_file(),
            has_manifest: found.manifests.contains_key(&asked.manifest),
            hours,
        };
        let (when, what, why) = coming::of_challenge(recipient::turn(&asked.challenge, known, now));
        rows.push(Coming {
            when,
            what,
            about: inbox::about(asked),
            supply: Some(asked.challenge.supply_id.clone()),
            challenge: Some(id.clone()),
            why,
            until: Some(asked.challenge.expires_at.clone()),
        });
    }
    let mut days: Vec<(Date, &str)> = (found.terms.iter())
        .filter_map(|terms| Some((time::parse_day(&terms.delete_by)?, terms.supply_id.as_str())))
        .filter(|(day, _)| *day >= time::day(now))
        .collect();
    // A supply has a manifest for the baseline and one for the deletion.
    days.sort_unstable();
    days.dedup();
    for (day, supply) in days {
        rows.push(Coming {
            when: When::On(day),
            what: "delete by then".to_owned(),
            about: format!("supply {}", supply.get(..8).unwrap_or(supply)),
            supply: Some(supply.to_owned()),
            challenge: None,
            why: "it is the agreed day; a challenge may come from the next day on".to_owned(),
            until: None,
        });
    }
    Ok(())
}

fn table(rows: &[Coming], today: Date, context: &Context) -> String {
    let has_ends = rows.iter().any(|row| row.until.is_some());
    let mut head =
        vec![("when", Align::Left), ("days", Align::Right), ("about", Align::Left), ("what", Align::Left), ("why", Align::Left)];
    if has_ends {
        head.push(("answer until", Align::Left));
    }
    let cells = rows.iter().map(|row| {
        let days = row.when.days(today).map_or_else(String::new, |days| days.to_string());
        let mut cells = vec![row.when.words(), days, row.about.clone(), row.what.clone(), row.why.clone()];
        if has_ends {
            cells.push(row.until.clone().unwrap_or_default());
        }
        cells
    });
    text::table(&head, cells, context.style)
}

fn json(row: &Coming, today: Date) -> ComingRowV1 {
    let (when, on) = match row.when {
        When::Now => ("now", None),
        When::Person => ("person", None),
        When::On(_) | When::At(_) => ("on", Some(row.when.words())),
        When::Never => ("never", None),
    };
    ComingRowV1 {
        when,
        on,
        days: row.when.days(today),
        supply_id: row.supply.clone(),
        challenge_id: row.challenge.clone(),
        about: row.about.clone(),
        what: row.what.clone(),
        why: row.why.clone(),
        until: row.until.clone(),
    }
}
