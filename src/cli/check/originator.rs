//! The originator's run: what came in is verified and entered, what is due is asked, and what is overdue is said.

use crate::attestation::dsse::sha256;
use crate::cli::challenge::read_declarations;
use crate::cli::check::Run;
use crate::cli::check::Step;
use crate::cli::check::event::Event;
use crate::cli::check::state::deliver;
use crate::cli::check::state::unused;
use crate::cli::context;
use crate::cli::exit_code::ExitCode;
use crate::cli::failure::advised;
use crate::finding::Phase;
use crate::ledger::Ledger;
use crate::ledger::board;
use crate::schedule::metrics::SupplyMetrics;
use crate::schedule::originator::Next;
use crate::schedule::originator::Rules;
use crate::schedule::originator::is_kept_waiting;
use crate::schedule::originator::next;
use crate::schedule::settings::Originator;
use crate::schedule::settings::SupplyRule;
use crate::support::atomic_file;
use crate::support::atomic_file::Access;
use crate::support::atomic_file::Existing;
use crate::support::hex;
use crate::support::time;
use anyhow::Context as _;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// The folder in the inbox for what was entered, and for what was refused.
const DONE: &str = "done";
const REFUSED: &str = "refused";

/// Challenges that were issued and are not in the outbox yet.
const STAGING: &str = "staging";

/// What is left of files of accepted declarations, by their supply.
const ACCEPTED: &str = "accepted";

pub(super) fn run(run: &mut Run<'_>, own: &Originator, restored: &[String]) -> anyhow::Result<()> {
    let folder = match &own.ledger {
        Some(ledger) => run.path(ledger),
        None => context::ledger_folder(None)?,
    };
    hand_over(run, own, &folder)?;
    take_in(run, own, &folder)?;
    ask(run, own, &folder)?;
    ask_after_restore(run, own, &folder, restored)?;
    say_overdue(run, &folder)
}

/// The words that every command of the ledger has.
fn with_ledger(run: &Run<'_>, own: &Originator, words: &[&str], folder: &Path) -> Vec<String> {
    let mut words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    let absolute = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()).display().to_string();
    words.extend(["--ledger".to_owned(), absolute(folder)]);
    if let Some(file) = &own.passphrase_file {
        words.extend(["--passphrase-file".to_owned(), absolute(&run.path(file))]);
    }
    words
}

/// Finishes what a run before was killed at: a challenge whose line is in the ledger goes out, and one without is forgotten, since nobody could answer it.
fn hand_over(run: &mut Run<'_>, own: &Originator, folder: &Path) -> anyhow::Result<()> {
    let staging = run.state.path(STAGING);
    let Ok(entries) = fs::read_dir(&staging) else { return Ok(()) };
    let ledger = Ledger::open(folder)?;
    for entry in entries {
        let path = entry.context("cannot read what a run before left")?.path();
        let Ok(bytes) = fs::read(&path) else { continue };
        let digest = hex::encode(&sha256(&bytes));
        let mut issued = ledger.view().supplies().iter().flat_map(|supply| &supply.challenges);
        let known = issued.find(|challenge| challenge.entry.envelope == digest);
        let name =
            known.map(|challenge| file_name(&challenge.entry.supply_id, challenge.phase.word(), &challenge.entry.challenge_id));
        if run.is_dry {
            continue;
        }
        match name {
            Some(name) => {
                let out = run.path(&own.outbox).join(&name);
                deliver(&path, &out)?;
                run.note(Step {
                    what: "deliver",
                    about: name,
                    why: "a run before was stopped after it had issued it".to_owned(),
                    code: Some(ExitCode::Clear),
                    ..Step::default()
                })?;
            }
            None => fs::remove_file(&path).with_context(|| format!("cannot remove `{}`", path.display()))?,
        }
    }
    Ok(())
}

/// Verifies what recipients sent. What was entered, and what was refused, is moved aside.
fn take_in(run: &mut Run<'_>, own: &Originator, folder: &Path) -> anyhow::Result<()> {
    let inbox = run.path(&own.inbox);
    let mut files: Vec<PathBuf> = match fs::read_dir(&inbox) {
        Ok(entries) => entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).filter(|path| path.is_file()).collect(),
        Err(error) => return Err(anyhow::Error::new(error).context(format!("cannot read the inbox `{}`", inbox.display()))),
    };
    // An officer's countersignature may lie beside what it countersigns, and counts only after it.
    files.sort_by_key(|path| (path.to_string_lossy().contains("approval"), path.clone()));
    for path in files.into_iter().filter(|path| !is_on_its_way(path)) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.to_str().is_none() {
            refuse_unnamed(run, &path, &inbox.join(REFUSED), name)?;
            continue;
        }
        let key = fs::canonicalize(run.path(&own.key)).unwrap_or_else(|_| run.path(&own.key)).display().to_string();
        let receipts = run.path(&own.outbox).join("receipts");
        let file = fs::canonicalize(&path).unwrap_or_else(|_| path.clone()).display().to_string();
        let words = with_ledger(
            run,
            own,
            &["verify", &file, "--as", &key, "--receipts", &receipts.display().to_string(), "--force"],
            folder,
        );
        let mut step =
            Step { what: "verify", about: name.clone(), why: "it came in".to_owned(), command: words.clone(), ..Step::default() };
        if run.is_dry {
            run.note(step)?;
            continue;
        }
        fs::create_dir_all(&receipts).with_context(|| format!("cannot use the folder `{}`", receipts.display()))?;
        let done = run.runner.run(&words, &run.state)?;
        step.code = Some(done.code);
        step.result = said(&done.json, &done.complaint);
        let aside = match done.code {
            ExitCode::Clear | ExitCode::Inconclusive | ExitCode::Residual => {
                let conclusion = concluded(&done.json).unwrap_or_default();
                // Files may be called alike, and one may come twice under two names.
                let about = answered(&done.json).unwrap_or_else(|| step.about.clone());
                step.event = Event::concluded(conclusion, &about, &step.result, Vec::new());
                Some(DONE)
            }
            ExitCode::VerificationFailed => {
                step.event = Some(Event::error(&step.about, &step.result));
                Some(REFUSED)
            }
            // Something failed that says nothing about the file, as a full disk or a ledger that a person is at work with.
            ExitCode::Error | ExitCode::Usage | ExitCode::Overdue => {
                step.result = format!("{}; it stays in the inbox", step.result);
                step.event = Some(Event::error(&step.about, &step.result));
                None
            }
        };
        let result = step.result.clone();
        // What is to be told of it is kept before it goes out of sight.
        run.note(step)?;
        let Some(aside) = aside.map(|folder| inbox.join(folder)) else { continue };
        let aside = aside.join(unused(&aside, &name));
        if done.code == ExitCode::VerificationFailed {
            let reason = PathBuf::from(format!("{}.reason.txt", aside.display()));
            let writing = || format!("cannot write `{}`", reason.display());
            fs::create_dir_all(inbox.join(REFUSED)).with_context(writing)?;
            atomic_file::write(&reason, format!("{result}\n").as_bytes(), Access::Public, Existing::Replace)
                .with_context(writing)?;
        }
        deliver(&path, &aside)?;
    }
    Ok(())
}

/// Puts a file aside that no command can be given, since its name is no text.
fn refuse_unnamed(run: &mut Run<'_>, path: &Path, folder: &Path, name: String) -> anyhow::Result<()> {
    let why = "its name is not UTF-8: give it another one, and bring it again".to_owned();
    let event = Some(Event::error(&name, &why));
    let aside = folder.join(unused(folder, &name));
    run.note(Step { what: "refuse", about: name, why, code: Some(ExitCode::VerificationFailed), event, ..Step::default() })?;
    if run.is_dry { Ok(()) } else { deliver(path, &aside) }
}

/// Files that somebody is still writing.
fn is_on_its_way(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with('.') || name.ends_with(".part") || name.ends_with(".tmp")
}

/// What is judged in the result of a verification: an attestation, or one that was judged anew since an officer has countersigned it.
fn judged(json: &Value) -> Option<&Value> {
    ["attestations", "approvals"].into_iter().find_map(|list| json.get(list)?.get(0))
}

/// What an attestation was appraised as.
fn concluded(json: &Value) -> Option<&str> {
    judged(json)?.get("appraisal")?.as_str()
}

/// Which challenge an attestation answers.
fn answered(json: &Value) -> Option<String> {
    let text = |name| judged(json)?.get(name).and_then(Value::as_str);
    let first = |id: &str| id.get(..8).unwrap_or(id).to_owned();
    let phase = text("phase").map_or_else(String::new, |phase| format!("{phase} "));
    Some(format!("the {phase}challenge {} of supply {}", first(text("challengeId")?), first(text("supplyId")?)))
}

/// What came of a verification, in one line.
fn said(json: &Value, complaint: &str) -> String {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    if let Some(attestation) = json.get("attestations").and_then(|all| all.get(0)) {
        let reasons: Vec<String> = (attestation.get("appraisalReasons").and_then(Value::as_array).into_iter().flatten())
            .filter_map(|reason| reason.as_str().map(str::to_owned))
            .collect();
        let reasons = if reasons.is_empty() { String::new() } else { format!(": {}", reasons.join("; ")) };
        return format!("appraised as {}{reasons}", text(attestation.get("appraisal")));
    }
    for list in ["countersignatures", "destructions", "approvals"] {
        if let Some(entered) = json.get(list).and_then(|all| all.get(0)) {
            let reason = text(entered.get("reason"));
            return if reason.is_empty() { text(entered.get("result")) } else { reason };
        }
    }
    complaint.to_owned()
}

/// Issues what is due.
fn ask(run: &mut Run<'_>, own: &Originator, folder: &Path) -> anyhow::Result<()> {
    let today = time::day(run.now);
    let ledger = Ledger::open(folder)?;
    let view = ledger.view();
    let due: Vec<(String, String, Next)> = (view.supplies().iter())
        .filter(|supply| !rule(own, &supply.entry.supply_id).is_some_and(|rule| rule.paused))
        .map(|supply| {
            let rules = Rules::of(own, &supply.entry.supply_id);
            let row = board::row(view, supply, today);
            let next = next(supply, &row, rules, today);
            (supply.entry.supply_id.clone(), row.short_id, next)
        })
        .collect();
    drop(ledger);
    for (id, short, next) in due {
        match next {
            Next::Ask { phase, without_baseline, why } => {
                if let Err(error) = issue(run, own, folder, &id, (phase.word(), without_baseline), why) {
                    run.fail("issue", short, &error)?;
                }
            }
            Next::Person(why) => run.note(Step { what: "leave", about: short, why, ..Step::default() })?,
            Next::On(..) | Next::Wait(_) | Next::Nothing => {}
        }
    }
    Ok(())
}

/// Issues what a person asked for, since a backup was restored.
fn ask_after_restore(run: &mut Run<'_>, own: &Originator, folder: &Path, restored: &[String]) -> anyhow::Result<()> {
    for given in restored {
        let ledger = Ledger::open(folder)?;
        let supply = ledger.view().supply(given);
        let supply = supply.map(|supply| (supply.entry.supply_id.clone(), supply.accepted_baseline().is_some()));
        drop(ledger);
        let asked = match supply {
            Ok((id, has_baseline)) => {
                let why = "a backup was restored, says whoever started this run".to_owned();
                let without_baseline = !has_baseline && rule(own, &id).is_some_and(|rule| rule.without_baseline);
                issue(run, own, folder, &id, (Phase::Restore.word(), without_baseline), why)
            }
            Err(error) => Err(advised(error, "`residua supplies list` lists the supplies of the ledger")),
        };
        if let Err(error) = asked {
            run.fail("issue", given.clone(), &error)?;
        }
    }
    Ok(())
}

fn rule<'a>(own: &'a Originator, id: &str) -> Option<&'a SupplyRule> {
    own.rule(id)
}

fn file_name(supply: &str, phase: &str, challenge: &str) -> String {
    let first = |id: &str| id.get(..8).unwrap_or(id).to_owned();
    format!("{}-{phase}-{}.challenge.json", first(supply), first(challenge))
}

fn issue(run: &mut Run<'_>, own: &Originator, folder: &Path, id: &str, asked: (&str, bool), why: String) -> anyhow::Result<()> {
    let (phase, without_baseline) = asked;
    let absolute = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()).display().to_string();
    let staged = if run.is_dry { run.state.path(STAGING) } else { run.state.folder(STAGING)? };
    // One that could not be brought to the outbox still lies there.
    let staged = PathBuf::from(absolute(&staged)).join(unused(&staged, &format!("{id}.challenge.json")));
    let out = staged.display().to_string();
    let key = absolute(&run.path(&own.key));
    let mut words = with_ledger(run, own, &["challenge", id, "--phase", phase, "--as", &key, "--out", &out, "--force"], folder);
    let rule = rule(own, id);
    if let Some(accept) = rule.and_then(|rule| rule.accept.as_ref()).filter(|_| phase != "baseline") {
        let accept = still_accepted(run, id, run.path(accept))?;
        words.extend(["--accept".to_owned(), absolute(&accept)]);
    }
    if rule.is_some_and(|rule| rule.accept_empty) && phase != "baseline" && !without_baseline {
        words.push("--accept-empty".to_owned());
    }
    if without_baseline {
        words.push("--without-baseline".to_owned());
    }
    if own.require_countersignature {
        words.push("--require-countersignature".to_owned());
    }
    if let Some(days) = own.valid_days {
        words.extend(["--valid-days".to_owned(), days.to_string()]);
    }
    let about = format!("a {phase} challenge of supply {}", id.get(..8).unwrap_or(id));
    let mut step = Step { what: "issue", about, why, command: words.clone(), ..Step::default() };
    if run.is_dry {
        return run.note(step);
    }
    let done = run.runner.run(&words, &run.state)?;
    step.code = Some(done.code);
    let challenge = done.json.get("challengeId").and_then(Value::as_str);
    if let Some(challenge) = challenge.filter(|_| done.code == ExitCode::Clear) {
        let name = file_name(id, phase, challenge);
        deliver(&staged, &run.path(&own.outbox).join(&name))?;
        step.result = name;
    } else {
        step.result.clone_from(&done.complaint);
        step.event = Some(Event::error(&step.about, &done.complaint));
    }
    run.note(step)
}

/// The declarations that are accepted on this day: a backup counts until its copies are overwritten, and after that no challenge takes it. Where the file names
/// such a one, what is left of it is written into the state folder.
fn still_accepted(run: &Run<'_>, id: &str, file: PathBuf) -> anyhow::Result<PathBuf> {
    // What is wrong with the file is said by the command that is given it.
    let Ok(mut accepted) = read_declarations(&file) else { return Ok(file) };
    let before = accepted.backups.len();
    let today = time::day(run.now);
    accepted.backups.retain(|backup| time::parse_day(&backup.roll_off).is_none_or(|day| day >= today));
    if accepted.backups.len() == before {
        return Ok(file);
    }
    let left = run.state.path(ACCEPTED).join(format!("{id}.toml"));
    if !run.is_dry {
        run.state.folder(ACCEPTED)?;
        let text = toml::to_string_pretty(&accepted).context("cannot write the declarations as TOML")?;
        atomic_file::write(&left, text.as_bytes(), Access::Private, Existing::Replace)
            .with_context(|| format!("cannot write `{}`", left.display()))?;
    }
    Ok(left)
}

/// Says what is overdue, supply by supply.
fn say_overdue(run: &mut Run<'_>, folder: &Path) -> anyhow::Result<()> {
    let ledger = Ledger::open(folder)?;
    let (view, today) = (ledger.view(), time::day(run.now));
    for supply in view.supplies() {
        let row = board::row(view, supply, today);
        // The board waits where another question was asked. Whoever never answers is overdue all the same.
        let is_kept_waiting = !row.is_overdue && is_kept_waiting(supply, today);
        run.supplies.push(SupplyMetrics {
            supply: row.supply_id.clone(),
            state: row.state.word().to_owned(),
            days: row.days,
            is_overdue: row.is_overdue || is_kept_waiting,
        });
        if !row.is_overdue && !is_kept_waiting {
            continue;
        }
        let silence = if is_kept_waiting { "a challenge before ended without an accepted answer" } else { "" };
        let words = [row.state.to_string(), silence.to_owned(), row.remark];
        let result = words.into_iter().filter(|words| !words.is_empty()).collect::<Vec<_>>().join("; ");
        let event = Event { name: "overdue", about: row.short_id.clone(), message: result.clone(), files: Vec::new() };
        run.note(Step {
            what: "overdue",
            about: format!("{} ({})", row.short_id, row.recipient),
            code: Some(ExitCode::Overdue),
            result,
            event: Some(event),
            ..Step::default()
        })?;
    }
    Ok(())
}
