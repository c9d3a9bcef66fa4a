//! `schedule outdated`: what is no longer needed by the settings, and its destruction when a person asks for it, with a signed record.

use crate::cli::check::child::Runner;
use crate::cli::check::outdated;
use crate::cli::check::outdated::DESTROYED;
use crate::cli::check::outdated::Outdated;
use crate::cli::check::settled;
use crate::cli::check::state::State;
use crate::cli::check::state::unused;
use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::exit_code::ExitCode;
use crate::cli::failure::advised;
use crate::report::json_v1;
use crate::report::json_v1::set_up::OutdatedRowV1;
use crate::report::json_v1::set_up::OutdatedV1;
use crate::report::text;
use crate::schedule::settings::Settings;
use crate::support::atomic_file;
use crate::support::atomic_file::Access;
use crate::support::atomic_file::Existing;
use crate::support::hex;
use crate::support::number;
use crate::support::sanitize::clean;
use crate::support::time;
use anyhow::Context as _;
use clap::Args;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// List what is no longer needed, and destroy it on request
///
/// For a recipient: findings that are older than `findings_days`, and the manifests and challenges of supplies that were answered as clear longer than `manifests_days` ago. For an originator: supplies that
/// have been attested clear for `closing_days`, with what stands in the way of closing them. Nothing is outdated where `[retention]` says nothing.
///
/// With `--destroy` each supply is seen to by `residua destroy` or `residua close`, which sign a record: a recipient's goes to its outbox, an originator's into its ledger.
#[derive(Args, Debug)]
#[command(after_help = "\
In the file of settings:
  [retention]
  findings_days = 30    # of a recipient: from the day of the scan
  manifests_days = 365  # of a recipient: from the agreed day and the answer
  closing_days = 60     # of an originator: from the newest answer

Examples:
  residua schedule outdated --config residua.toml
  residua schedule outdated --config residua.toml --destroy \\
      --name \"A. N. Other\" --role \"data steward\"

Exit codes: 0 listed, or destroyed; 1 error: what could not be destroyed is
said, and all else was.")]
pub(crate) struct Arguments {
    /// The file of settings of `residua check`
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Destroy what is listed
    #[arg(long)]
    destroy: bool,
    /// Who signs; stands in the record. A recipient's `operator`, where nothing is said
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    name: String,
    /// In what capacity. A recipient's `operator_role`, where nothing is said
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    role: String,
}

/// What became of one supply.
struct Row {
    outdated: Outdated,
    code: Option<ExitCode>,
    result: String,
    record: Option<String>,
}

/// Lists or destroys.
pub(super) fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<ExitCode> {
    let (settings, base) = settled::read(&arguments.config)?;
    let now = context.now();
    let folder = settled::state(&settings, &base);
    let Some(state) = State::open(&folder, now, !arguments.destroy)? else {
        return Err(advised("a check is running, and nothing was destroyed", "try again when it has ended"));
    };
    let mut code = ExitCode::Clear;
    let mut rows = Vec::new();
    for outdated in outdated::find(&settings, &base, &folder, now)? {
        let mut row = Row { outdated, code: None, result: String::new(), record: None };
        if arguments.destroy {
            destroy(&mut row, arguments, &settings, (&base, &state), context)?;
            code = code.worst(row.code.unwrap_or(ExitCode::Clear));
        }
        if context.format == Format::Text {
            context.say(&words(&row))?;
        }
        rows.push(row);
    }
    if context.format == Format::Json {
        context.print(&json_v1::write(&OutdatedV1 {
            version: json_v1::VERSION,
            at: time::format(now),
            destroyed: arguments.destroy,
            outdated: rows.iter().map(json).collect(),
        }))?;
        return Ok(code);
    }
    if rows.is_empty() {
        context.explain("Nothing is outdated.\n")?;
    } else if !arguments.destroy {
        context.explain("Nothing was destroyed; `--destroy` does it, and signs a record.\n")?;
    }
    Ok(code)
}

/// Has one supply seen to by the command that a person would type.
fn destroy(
    row: &mut Row,
    arguments: &Arguments,
    settings: &Settings,
    (base, state): (&Path, &State),
    context: &Context,
) -> anyhow::Result<()> {
    let mut words = row.outdated.command.clone();
    let recipient = settings.recipient.as_ref();
    let signer = [
        ("--name", &arguments.name, recipient.map(|own| &own.operator)),
        ("--role", &arguments.role, recipient.map(|own| &own.operator_role)),
    ];
    for (flag, given, set) in signer {
        let text = if given.is_empty() { set.cloned().unwrap_or_default() } else { given.clone() };
        if !text.is_empty() {
            words.extend([flag.to_owned(), text]);
        }
    }
    if let Some(own) = recipient {
        let outbox = base.join(&own.outbox);
        fs::create_dir_all(&outbox).with_context(|| format!("cannot use the outbox `{}`", outbox.display()))?;
        let id = &row.outdated.supply;
        let name = format!("{}-{}.destroyed.json", id.get(..8).unwrap_or(id), time::day(context.now()));
        words.extend(["--out".to_owned(), outbox.join(unused(&outbox, &name)).display().to_string()]);
    }
    let runner = Runner::new(base, &settings.environment, context)?;
    let done = runner.run(&words, state)?;
    let text = |name| done.json.get(name).and_then(Value::as_str).map(str::to_owned);
    row.code = Some(done.code);
    row.record = text("file").or_else(|| text("record"));
    row.result.clone_from(&done.complaint);
    // What the record names is not asked for again, though the list of it be gone.
    for item in done.json.get("destroyed").and_then(Value::as_array).into_iter().flatten() {
        let digests = ["sha256", "blake3"].into_iter().filter_map(|name| item.get(name).and_then(Value::as_str));
        for digest in digests.filter(|digest| hex::decode::<32>(digest).is_some()) {
            let mark = state.folder(DESTROYED)?.join(digest);
            atomic_file::write(&mark, b"", Access::Private, Existing::Replace)
                .with_context(|| format!("cannot write `{}`", mark.display()))?;
        }
    }
    for (findings, beside) in row.outdated.files.iter().zip(&row.outdated.beside) {
        if !findings.exists() && beside.exists() {
            fs::remove_file(beside).with_context(|| format!("cannot remove `{}`", beside.display()))?;
        }
    }
    Ok(())
}

fn words(row: &Row) -> String {
    let outdated = &row.outdated;
    let mut words = format!("Supply {}\n", clean(&outdated.supply));
    for why in &outdated.why {
        words.push_str(&format!("  {}\n", text::clean_long(why)));
    }
    for file in &outdated.files {
        words.push_str(&format!("  {}\n", clean(&file.display().to_string())));
    }
    if !outdated.gone.is_empty() {
        words.push_str(&format!("  {} gone before\n", number::of(outdated.gone.len() as u64, "file")));
    }
    match row.code {
        None => {
            for obstacle in &outdated.obstacles {
                words.push_str(&format!("  In the way: {}\n", text::clean_long(obstacle)));
            }
        }
        Some(ExitCode::Clear) => {
            let record = row.record.as_ref().map_or_else(String::new, |record| format!("; record: {}", clean(record)));
            words.push_str(&format!("  Destroyed{record}\n"));
        }
        Some(_) => words.push_str(&format!("  Not destroyed: {}\n", text::clean_long(&row.result))),
    }
    words
}

fn json(row: &Row) -> OutdatedRowV1 {
    let outdated = &row.outdated;
    OutdatedRowV1 {
        supply_id: outdated.supply.clone(),
        why: outdated.why.clone(),
        files: outdated.files.iter().map(|file| file.display().to_string()).collect(),
        gone: outdated.gone.clone(),
        obstacles: outdated.obstacles.clone(),
        command: outdated.command.clone(),
        exit_code: row.code.map(|code| code as u8),
        result: row.result.clone(),
        record: row.record.clone(),
    }
}
