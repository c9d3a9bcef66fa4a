//! The originator's ledger: whether it is whole and can be written to, and whether the key and the passphrase of the settings are its own.

use crate::attestation::key::SigningKey;
use crate::cli::check::child::value;
use crate::cli::context;
use crate::cli::doctor::Examination;
use crate::cli::doctor::Group;
use crate::cli::doctor::Level;
use crate::cli::failure::advised;
use crate::cli::passphrase;
use crate::ledger::Ledger;
use crate::ledger::audit::Audit;
use crate::ledger::entry::Line;
use crate::schedule::settings::Originator;
use crate::schedule::settings::Secret;
use crate::support::number::of;
use crate::support::place;
use crate::support::time;
use jiff::SignedDuration;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufRead;
use std::io::BufReader;
use std::path::Path;

/// How far the last line of the ledger may lie ahead of the clock without a word.
const AHEAD: SignedDuration = SignedDuration::from_mins(10);

/// The variable that names a file with the passphrase.
const FILE: &str = "RESIDUA_PASSPHRASE_FILE";

/// Looks at the ledger.
pub(super) fn examine(it: &mut Examination<'_>, own: &Originator, environment: &BTreeMap<String, Secret>) {
    let named = own.ledger.as_ref().map(|ledger| it.path(ledger));
    let Some(folder) = it.look(Group::Ledger, "the ledger", context::ledger_folder(named.as_ref())) else { return };
    let about = format!("the ledger `{}`", own.ledger.as_ref().unwrap_or(&folder).display());
    let opened = Ledger::open_as_is(&folder).map_err(anyhow::Error::new);
    let Some((mut ledger, fault)) = it.look(Group::Ledger, &about, opened) else { return };
    unlock(it, own, environment, &mut ledger);
    // Where it was interrupted, nobody is told anything any more.
    let Some(audit) = Audit::new(&ledger, fault.as_ref(), &it.context.cancel) else { return };
    for fault in &audit.faults {
        it.note(Level::Wrong, Group::Ledger, &about, &fault.problem, &fault.help);
    }
    if audit.is_exported {
        let advice = "name the ledger itself";
        it.note(Level::Wrong, Group::Ledger, &about, "is a copy without secrets, to which nothing is added", advice);
    }
    if audit.faults.is_empty() {
        let what = format!("is whole: {}, {}", of(audit.lines, "line"), of(audit.supplies, "supply"));
        it.fine(Group::Ledger, &about, what.replace("supplys", "supplies"));
    }
    let lines = folder.join("ledger.jsonl");
    if let Some(error) = place::may_write(&folder).and_then(|()| place::may_write(&lines)).err() {
        let error = anyhow::Error::new(error).context("nothing can be added to it");
        it.failed(Group::Ledger, &about, &error);
    }
    supplies(it, own, &ledger);
    match last(&lines) {
        Some(last) if last.duration_since(it.now) > AHEAD => {
            let what = format!("says {}, and the last line of the ledger is of {}", time::format(it.now), time::format(last));
            it.note(Level::Wrong, Group::Clock, "the clock", what, "set the clock");
        }
        Some(last) => {
            it.fine(Group::Clock, "the ledger", format!("its last line is of {}, which is not to come", time::format(last)));
        }
        None => {}
    }
}

/// Opens the secrets, where they are under a passphrase.
fn unlock(it: &mut Examination<'_>, own: &Originator, environment: &BTreeMap<String, Secret>, ledger: &mut Ledger) {
    if !ledger.is_protected() {
        return;
    }
    let about = "the ledger's secrets";
    // As the commands that `check` starts find it.
    let variable = || match environment.get(FILE).map(|secret| value(&it.base, FILE, secret)) {
        Some(found) => found.ok().map(|path| it.base.join(path.as_str())),
        None => std::env::var_os(FILE).filter(|value| !value.is_empty()).map(|path| it.base.join(path)),
    };
    let Some(file) = own.passphrase_file.as_ref().map(|file| it.path(file)).or_else(variable) else {
        let error = advised(
            "they are under a passphrase, and no `passphrase_file` is named",
            "name the file in the settings: without it nothing can be asked",
        );
        return it.failed(Group::Ledger, about, &error);
    };
    // A file that cannot be read was told of among the files.
    let Ok(passphrase) = passphrase::read(&file) else { return };
    if it.look(Group::Ledger, about, ledger.unlock(passphrase).map_err(anyhow::Error::new)).is_some() {
        it.fine(Group::Ledger, about, "open with the passphrase");
    }
}

/// Holds the settings against the supplies.
fn supplies(it: &mut Examination<'_>, own: &Originator, ledger: &Ledger) {
    let view = ledger.view();
    let open = || view.supplies().iter().filter(|supply| supply.closed.is_none());
    if let Ok(key) = SigningKey::read(&it.path(&own.key)) {
        let others: Vec<&str> = (open())
            .filter(|supply| supply.entry.originator.fingerprint != key.fingerprint())
            .map(|supply| view.short_id(&supply.entry.supply_id))
            .collect();
        if others.is_empty() {
            it.fine(Group::Ledger, "the key", "is that with which the supplies were made");
        } else {
            let what = format!("is not that with which these supplies were made: {}", others.join(", "));
            let advice = "name the key that made them, or give them a file of settings of their own, with a ledger of their own";
            it.note(Level::Wrong, Group::Ledger, "the key", what, advice);
        }
    }
    for rule in &own.supply {
        if let Err(error) = view.supply(&rule.id) {
            let advice = "`residua supplies list` shows the ids; a rule for none does nothing";
            it.note(Level::Doubtful, Group::Ledger, format!("the rule for `{}`", rule.id), error.to_string(), advice);
        }
    }
}

/// When the last line was written.
fn last(lines: &Path) -> Option<Timestamp> {
    let last =
        BufReader::new(File::open(lines).ok()?).split(b'\n').map_while(Result::ok).filter(|line| !line.is_empty()).last()?;
    time::parse(&serde_json::from_slice::<Line>(&last).ok()?.at)
}
