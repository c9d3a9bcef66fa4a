//! `close`: the originator destroys what it kept of a supply, once the recipient has signed that it did so too.

use crate::attestation::destruction_v1;
use crate::attestation::destruction_v1::DestructionV1;
use crate::attestation::destruction_v1::ItemV1;
use crate::attestation::dsse::Envelope;
use crate::attestation::key::SigningKey;
use crate::attestation::statement::Statement;
use crate::attestation::statement::Subject;
use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::context::LedgerArgument;
use crate::cli::exit_code::ExitCode;
use crate::cli::failure::Help;
use crate::cli::failure::advised;
use crate::cli::removal;
use crate::cli::removal::Doomed;
use crate::ledger::Ledger;
use crate::ledger::Supply;
use crate::ledger::closing;
use crate::ledger::dispute::LONGEST_REASON;
use crate::ledger::dispute::is_reason;
use crate::ledger::entry::ClosedEntry;
use crate::ledger::entry::ClosingEntry;
use crate::ledger::entry::Entry;
use crate::manifest::statement::ManifestV1;
use crate::report::json_v1;
use crate::report::json_v1::closing::ClosedV1;
use crate::support::sanitize::clean;
use crate::support::time;
use clap::Args;
use std::path::PathBuf;

/// Destroy what is kept of a supply, and enter that it is closed
///
/// A supply is closed once it is attested clear and the recipient's records (`residua destroy`, entered with `residua verify`) name both manifests, the
/// challenges that it answered, and its findings. Then its salts, seeds and references in the ledger are removed, and the files that are named here;
/// what was asked and answered stays. Nothing more can be asked of it. Without files it tells what stands in the way.
#[derive(Args, Debug)]
#[command(after_help = "\
Example:
  residua close 4f2a handover/baseline.residua handover/deletion.residua \\
      --as keys/emma.key --name \"A. N. Other\" --role \"data protection officer\"

What a file system, a snapshot or a backup still holds of a removed file is
not looked at: backups of the ledger have salts in them, too.

Exit codes: 0 closed, or closed before; 1 error, or something stands in the
way, which is listed, and nothing was destroyed.")]
pub(crate) struct Arguments {
    /// The supply: its id as `residua status` shows it, or as many of its first digits as tell it from the others
    supply: String,
    /// Your own copies of both manifests, and the lists that `verify --identify` wrote
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The key that made the supply
    #[arg(long = "as", value_name = "KEY")]
    key: PathBuf,
    /// A manifest of which you have no file any more: `baseline=SHA256` or `deletion=SHA256`; may be repeated
    #[arg(long, value_name = "WHAT=SHA256", value_parser = removal::gone)]
    gone: Vec<ItemV1>,
    /// Close it although something stands in the way, for this reason, in one line. `status` shows it as closed unresolved for good
    #[arg(long, value_name = "REASON")]
    unresolved: Option<String>,
    /// Who signs; stands in the record
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    name: String,
    /// In what capacity
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    role: String,
    #[command(flatten)]
    ledger: LedgerArgument,
}

/// Closes.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<ExitCode> {
    let mut ledger = Ledger::open(&arguments.ledger.folder()?)?;
    let key = SigningKey::read(&arguments.key)?;
    let reason = arguments.unresolved.as_deref().map(str::trim);
    if reason.is_some_and(|reason| !is_reason(reason) || reason.contains('\n')) {
        return Err(advised(
            format!("the reason is empty, longer than {LONGEST_REASON} bytes, or of several lines"),
            "say in one line why the supply is closed all the same",
        ));
    }
    let supply = ledger.view().supply(&arguments.supply).map_err(|error| {
        anyhow::Error::new(Help("`residua supplies list` lists the supplies of the ledger".to_owned())).context(error.to_string())
    })?;
    let supply = supply.clone();
    let id = supply.entry.supply_id.clone();
    let originator = supply.entry.originator.card()?;
    if key.fingerprint() != originator.fingerprint() {
        return Err(advised(
            format!("the supply was made with the key `{}`, and this is another", originator.fingerprint()),
            "sign with the key that made the supply (`--as`)",
        ));
    }
    if let (Some(closed), Some(day)) = (&supply.closed, supply.closing_day()) {
        if !arguments.files.is_empty() {
            return Err(advised(
                format!("the supply was closed on {day}, and the files that are named here were not removed"),
                "remove them yourself; your record of destruction names what was destroyed then",
            ));
        }
        match context.format {
            Format::Text => context.say(&format!("Supply {id} was closed on {day}\n"))?,
            Format::Json => context.print(&json_v1::write(&ClosedV1 {
                version: json_v1::VERSION,
                supply_id: id,
                is_closed: true,
                unresolved: supply.closing.and_then(|closing| closing.unresolved),
                obstacles: Vec::new(),
                destroyed: Vec::new(),
                record: Some(closed.record.clone()),
            }))?,
        }
        return Ok(ExitCode::Clear);
    }
    let doomed = removal::recognise(&arguments.files, &originator, context)?;
    if doomed.iter().any(|doomed| doomed.supply_id.as_ref().is_some_and(|other| *other != id)) {
        return Err(advised("a file is of another supply, and nothing was destroyed", "name the files of this supply alone"));
    }
    let own = own(&ledger, &supply, &doomed, &arguments.gone)?;
    // What was begun is ended.
    let others = match supply.closing {
        Some(_) => Vec::new(),
        None => closing::obstacles(&ledger, &supply, time::day(context.now()))?,
    };
    if reason.is_some() && supply.closing.is_none() && others.is_empty() {
        return Err(advised("nothing stands in the way of closing it", "leave `--unresolved` away"));
    }
    if !own.is_empty() || (reason.is_none() && !others.is_empty()) {
        return refuse(id, own.into_iter().chain(others).collect(), context);
    }
    let now = context.now();
    if supply.closing.is_none() {
        let unresolved = reason.map(str::to_owned);
        let entry = ClosingEntry { supply_id: id.clone(), started_at: time::format(now), unresolved };
        if !ledger.begin_closing(now, entry)? {
            return Err(advised(
                "something was entered into the ledger meanwhile, and nothing was destroyed",
                "run the command again: it looks anew for what stands in the way",
            ));
        }
    }
    // Read again: what counts is what the line says, ours or that of a command before, which did not come to its end.
    let supply = ledger.view().supply(&id)?.clone();
    let secrets = ledger.destroy_secrets(&supply)?;
    let (removed, remaining) = removal::remove(doomed);
    if !remaining.is_empty() {
        return Err(advised(
            format!("the closing was begun, and not ended: not destroyed: {}", remaining.join("; ")),
            "see why they could not be removed, and run the command again; what is gone by then is said with `--gone`",
        ));
    }
    let mut items: Vec<ItemV1> = secrets.into_iter().map(|(what, was_there)| ItemV1::secret(what, was_there)).collect();
    items.extend(removed.iter().map(|doomed| doomed.item.clone()).chain(arguments.gone.iter().cloned()));
    let unresolved = supply.closing.as_ref().and_then(|closing| closing.unresolved.clone());
    let predicate = DestructionV1 {
        supply_id: id.clone(),
        party: destruction_v1::ORIGINATOR.to_owned(),
        items: items.clone(),
        unresolved: unresolved.clone(),
        destroyed_at: time::format(now),
        name: clean(&arguments.name),
        role: clean(&arguments.role),
        declaration: destruction_v1::OF_ORIGINATOR.to_owned(),
    };
    let subject: Subject = ledger.statement::<ManifestV1>(&supply.entry.deletion_statement, &originator)?.subject;
    let payload = Statement::new(&subject.name, subject.sha256, predicate).to_payload()?;
    let record = ledger.keep_document(&Envelope::sign(payload, &key).to_json())?;
    ledger.append(
        now,
        Entry::Closed(ClosedEntry { supply_id: id.clone(), record: record.clone(), closed_at: time::format(now) }),
    )?;
    match context.format {
        Format::Text => {
            let how = if unresolved.is_some() { " unresolved" } else { "" };
            let mut words = format!("Supply {id} is closed{how}. Destroyed:\n");
            for item in items.iter().filter(|item| item.sha256.is_none()) {
                words.push_str(&format!("  {}\n", item.what));
            }
            words.extend(removed.iter().map(Doomed::words));
            words.push_str(&format!("Record: {record} in the ledger\n"));
            context.say(&words)
        }
        Format::Json => {
            let files = removed.iter().map(Doomed::json);
            let others = items.iter().filter(|item| item.sha256.is_none() || item.how == "gone").map(removal::json);
            context.print(&json_v1::write(&ClosedV1 {
                version: json_v1::VERSION,
                supply_id: id,
                is_closed: true,
                unresolved,
                obstacles: Vec::new(),
                destroyed: others.chain(files).collect(),
                record: Some(record),
            }))
        }
    }?;
    Ok(ExitCode::Clear)
}

/// What the originator itself has to destroy, and did not name.
fn own(ledger: &Ledger, supply: &Supply, doomed: &[Doomed], gone: &[ItemV1]) -> anyhow::Result<Vec<String>> {
    let named = || doomed.iter().map(|doomed| &doomed.item).chain(gone);
    let lacking = closing::manifests(ledger, supply)?.into_iter().filter(|needed| !named().any(|item| item.is(&needed.digest)));
    Ok(lacking.map(|needed| format!("your own copy of {} is not named ({})", needed.what, needed.digest)).collect())
}

/// Tells what stands in the way.
fn refuse(supply_id: String, obstacles: Vec<String>, context: &Context) -> anyhow::Result<ExitCode> {
    match context.format {
        Format::Text => {
            let listed = obstacles.join("\n  ");
            context.say(&format!("Supply {supply_id} is not closed, and nothing was destroyed:\n  {listed}\n"))?;
        }
        Format::Json => context.print(&json_v1::write(&ClosedV1 {
            version: json_v1::VERSION,
            supply_id,
            is_closed: false,
            unresolved: None,
            obstacles,
            destroyed: Vec::new(),
            record: None,
        }))?,
    }
    Err(advised(
        "something stands in the way of closing the supply",
        "name your own copies of the manifests, or say with `--gone` that there are none; the recipient signs its record with `residua destroy`, and you \
         enter it with `residua verify`; `--unresolved REASON` closes a supply that will never be clear",
    ))
}
