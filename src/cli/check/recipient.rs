//! The recipient's run: the challenges in the inbox are answered, each once.
//!
//! An attestation is written into the state folder by the scan itself, whole or not at all, and from then on the challenge counts as answered: whatever is
//! killed afterwards, no second one is signed. It goes to the outbox after that.

use crate::attestation::dsse::Envelope;
use crate::attestation::dsse::sha256;
use crate::attestation::key::SigningKey;
use crate::attestation::predicate_v1::AttestationV1;
use crate::attestation::predicate_v1::ReasonV1;
use crate::attestation::statement::Statement;
use crate::cli::check::Run;
use crate::cli::check::Step;
use crate::cli::check::event::Event;
use crate::cli::check::inbox::ANSWERS;
use crate::cli::check::inbox::Asked;
use crate::cli::check::inbox::DONE;
use crate::cli::check::inbox::FINDINGS;
use crate::cli::check::inbox::Inbox;
use crate::cli::check::inbox::REFUSED;
use crate::cli::check::inbox::about;
use crate::cli::check::inbox::answer_name;
use crate::cli::check::inbox::look_into;
use crate::cli::check::state::copy;
use crate::cli::check::state::deliver;
use crate::cli::check::state::unused;
use crate::cli::exit_code::ExitCode;
use crate::finding::Phase;
use crate::report::json_v1;
use crate::report::json_v1::schedule::SummaryV1;
use crate::schedule::hours::Hours;
use crate::schedule::metrics::SupplyMetrics;
use crate::schedule::recipient::Known;
use crate::schedule::recipient::Turn;
use crate::schedule::recipient::turn;
use crate::schedule::settings::Recipient;
use crate::support::atomic_file;
use crate::support::atomic_file::Access;
use crate::support::atomic_file::Existing;
use crate::support::hex;
use crate::support::sanitize::clean;
use crate::support::time;
use anyhow::Context as _;
use jiff::civil::Date;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// Marks of what went to the outbox.
const SENT: &str = "sent";

/// Finished targets of scans that were broken off.
const KEPT: &str = "kept";

/// Reasons of a verdict that are told; of more it tells the number.
const MOST_TOLD: usize = 5;

/// What is kept of an answer that went to the outbox.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sent {
    /// SHA-256 of the attestation.
    sha256: String,
    supply: String,
    phase: String,
    verdict: String,
    /// When its scan ended.
    finished_at: String,
}

pub(super) fn run(run: &mut Run<'_>, own: &Recipient, hours: Option<&Hours>) -> anyhow::Result<()> {
    let mut inbox = look_into(&run.base, own)?;
    for (file, why) in std::mem::take(&mut inbox.refused) {
        refuse(run, own, &file, why)?;
    }
    for asked in &inbox.asked {
        let id = asked.challenge.challenge_id.clone();
        let manifest = inbox.manifests.get(&asked.manifest);
        let is_answered = run.state.path(ANSWERS).join(answer_name(&id)).is_file();
        let known = Known { is_answered, has_manifest: manifest.is_some(), hours };
        // A scan before this one may have gone on until the hours were over.
        match (turn(&asked.challenge, known, run.context.now()), manifest) {
            (Turn::Scan, Some(manifest)) => {
                if let Err(error) = scan(run, own, asked, manifest) {
                    run.fail("scan", about(asked), &error)?;
                }
            }
            (Turn::Answered | Turn::Scan, _) => {}
            (Turn::Later(until, why), _) => {
                let result = format!("not before {}", time::format(until));
                run.note(Step { what: "defer", about: about(asked), why, result, ..Step::default() })?;
            }
            (Turn::Person(why), _) => {
                let event = Some(Event::error(&about(asked), &why));
                run.note(Step {
                    what: "leave",
                    about: about(asked),
                    why,
                    code: Some(ExitCode::Error),
                    event,
                    ..Step::default()
                })?;
            }
            (Turn::Over(why), _) => refuse(run, own, &asked.file, why)?,
        }
        if let Err(error) = send(run, own, asked) {
            run.fail("send", about(asked), &error)?;
        }
    }
    if !run.is_dry {
        forget(run, &inbox.asked)?;
    }
    run.supplies = stands(run, &inbox);
    Ok(())
}

/// Removes finished targets of scans that nobody waits for any more.
fn forget(run: &Run<'_>, asked: &[Asked]) -> anyhow::Result<()> {
    let waiting: BTreeSet<&str> = asked.iter().filter(|asked| asked.file.is_file()).map(|asked| asked.sha256.as_str()).collect();
    for entry in fs::read_dir(run.state.path(KEPT)).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() && !waiting.contains(entry.file_name().to_string_lossy().as_ref()) {
            fs::remove_dir_all(&path).with_context(|| format!("cannot remove `{}`", path.display()))?;
        }
    }
    Ok(())
}

/// How each supply stands: its newest verdict, and the days to the agreed one.
fn stands(run: &Run<'_>, inbox: &Inbox) -> Vec<SupplyMetrics> {
    let mut newest: BTreeMap<String, Sent> = BTreeMap::new();
    for entry in fs::read_dir(run.state.path(SENT)).into_iter().flatten().flatten() {
        let Some(sent) = fs::read(entry.path()).ok().and_then(|bytes| serde_json::from_slice::<Sent>(&bytes).ok()) else {
            continue;
        };
        if newest.get(&sent.supply).is_none_or(|known| known.finished_at < sent.finished_at) {
            newest.insert(sent.supply.clone(), sent);
        }
    }
    let terms = inbox.terms.iter().map(|terms| (terms.supply_id.as_str(), time::parse_day(&terms.delete_by)));
    let days: BTreeMap<&str, Option<Date>> = terms.collect();
    let ids: BTreeSet<&str> = days.keys().copied().chain(newest.keys().map(String::as_str)).collect();
    let today = time::day(run.now);
    let stands = ids.into_iter().map(|id| SupplyMetrics {
        supply: id.to_owned(),
        state: newest.get(id).map_or("unanswered", |sent| &sent.verdict).to_owned(),
        days: days.get(id).copied().flatten().map(|day| time::days_between(today, day)),
        // Nobody owes an answer before it is asked for.
        is_overdue: false,
    });
    stands.collect()
}

/// Puts a challenge aside that is not answered, with the reason.
fn refuse(run: &mut Run<'_>, own: &Recipient, file: &Path, why: String) -> anyhow::Result<()> {
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let event = Some(Event::error(&name, &why));
    let reason = format!("{why}\n");
    // What is to be told of it is kept before it goes out of sight.
    run.note(Step { what: "refuse", about: name.clone(), why, code: Some(ExitCode::Error), event, ..Step::default() })?;
    if run.is_dry {
        return Ok(());
    }
    let folder = run.path(&own.inbox).join(REFUSED);
    let aside = folder.join(unused(&folder, &name));
    let reasons = PathBuf::from(format!("{}.reason.txt", aside.display()));
    let writing = || format!("cannot write `{}`", reasons.display());
    fs::create_dir_all(&folder).with_context(writing)?;
    atomic_file::write(&reasons, reason.as_bytes(), Access::Public, Existing::Replace).with_context(writing)?;
    deliver(file, &aside)
}

fn scan(run: &mut Run<'_>, own: &Recipient, asked: &Asked, manifest: &Path) -> anyhow::Result<()> {
    if !run.is_dry {
        for name in [ANSWERS, FINDINGS, KEPT] {
            run.state.folder(name)?;
        }
    }
    let state = run.state.path("");
    let words = scan_words(&run.base, own, asked, manifest, &state);
    let out = state.join(ANSWERS).join(answer_name(&asked.challenge.challenge_id));
    let why = format!("it came in, and is valid until {}", asked.challenge.expires_at);
    let mut step = Step { what: "scan", about: about(asked), why, command: words.clone(), ..Step::default() };
    if run.is_dry {
        return run.note(step);
    }
    let done = run.runner.run(&words, &run.state)?;
    step.code = Some(done.code);
    run.rows = run.rows.saturating_add(done.json.get("rows").and_then(Value::as_u64).unwrap_or(0));
    if out.is_file() {
        let word = |name| done.json.get(name).and_then(Value::as_str).unwrap_or_default();
        step.result = format!("{}: {}", word("verdict"), word("meaning"));
    } else {
        step.result.clone_from(&done.complaint);
        step.event = Some(Event::error(&step.about, &done.complaint));
    }
    run.note(step)
}

/// The words of the scan that answers a challenge.
pub(in crate::cli) fn scan_words(base: &Path, own: &Recipient, asked: &Asked, manifest: &Path, state: &Path) -> Vec<String> {
    let id = &asked.challenge.challenge_id;
    let absolute = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()).display().to_string();
    // The sources come first and as they are written: a target goes by the name under which it was scanned.
    let is_restored = asked.challenge.phase == Phase::Restore.word() && !own.restored_sources.is_empty();
    let sources = if is_restored { &own.restored_sources } else { &own.sources };
    let mut words: Vec<String> = ["scan".to_owned()].into_iter().chain(sources.iter().cloned()).collect();
    let mut add = |flag: &str, value: String| words.extend([flag.to_owned(), value]);
    add("--manifest", absolute(manifest));
    add("--challenge", absolute(&asked.file));
    add("--from", absolute(&asked.card));
    add("--as", absolute(&base.join(&own.key)));
    add("--out", state.join(ANSWERS).join(answer_name(id)).display().to_string());
    add("--findings", state.join(FINDINGS).join(format!("{id}.csv")).display().to_string());
    add("--resume", state.join(KEPT).display().to_string());
    for (flag, path) in [("--map", &own.map), ("--declare", &own.declare)] {
        if let Some(path) = path {
            add(flag, absolute(&base.join(path)));
        }
    }
    for (flag, text) in [("--operator", &own.operator), ("--operator-role", &own.operator_role)] {
        if !text.is_empty() {
            add(flag, text.clone());
        }
    }
    let numbers = [
        ("--threads", own.threads.map(u64::from)),
        ("--max-rows-per-second", own.max_rows_per_second.map(u64::from)),
        ("--statement-timeout", own.statement_timeout),
        ("--connections", own.connections.map(u64::from)),
    ];
    for (flag, number) in numbers {
        if let Some(number) = number {
            add(flag, number.to_string());
        }
    }
    for (flag, is_set) in [("--deep", own.deep), ("--counts-only", own.counts_only), ("--consent", own.consent)] {
        if is_set {
            words.push(flag.to_owned());
        }
    }
    // Findings of a run that was killed before it signed.
    words.push("--force".to_owned());
    words
}

/// Brings an answer to the outbox, once, tells of it, and puts its challenge aside. All that is told is taken from the answer itself, so that nothing is
/// lost where the run that signed it was killed.
fn send(run: &mut Run<'_>, own: &Recipient, asked: &Asked) -> anyhow::Result<()> {
    let id = &asked.challenge.challenge_id;
    let answer = run.state.path(ANSWERS).join(answer_name(id));
    if run.is_dry || !answer.is_file() {
        return Ok(());
    }
    let mark = run.state.folder(SENT)?.join(id);
    if !mark.is_file() {
        let reading = || format!("cannot read `{}`", answer.display());
        let bytes = fs::read(&answer).with_context(reading)?;
        let card = SigningKey::read(&run.path(&own.key))?.card();
        let envelope = Envelope::parse(&bytes).with_context(reading)?;
        let stated =
            Statement::<AttestationV1>::open(envelope.verify(&card).with_context(reading)?).with_context(reading)?.predicate;
        let files = summarise(run, id, &stated)?;
        let event = Event::concluded(&stated.verdict, &about(asked), &conclusion(&stated), files);
        if let Some(event) = &event {
            run.tell(event)?;
        }
        let first = |id: &str| id.get(..8).unwrap_or(id).to_owned();
        let name = format!("{}-{}-{}.attestation.json", first(&asked.challenge.supply_id), asked.challenge.phase, first(id));
        let outbox = run.path(&own.outbox);
        fs::create_dir_all(&outbox).with_context(|| format!("cannot use the outbox `{}`", outbox.display()))?;
        copy(&answer, &outbox.join(&name))?;
        let sent = Sent {
            sha256: hex::encode(&sha256(&bytes)),
            supply: asked.challenge.supply_id.clone(),
            phase: asked.challenge.phase.clone(),
            verdict: stated.verdict,
            finished_at: stated.scan.finished_at,
        };
        atomic_file::write(&mark, json_v1::write(&sent).as_bytes(), Access::Private, Existing::Replace)
            .with_context(|| format!("cannot write `{}`", mark.display()))?;
        run.note(Step {
            what: "send",
            about: name,
            why: format!("the answer to {}", about(asked)),
            code: Some(ExitCode::Clear),
            ..Step::default()
        })?;
    }
    let name = asked.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if asked.file.is_file() {
        let folder = run.path(&own.inbox).join(DONE);
        deliver(&asked.file, &folder.join(unused(&folder, &name)))?;
    }
    Ok(())
}

/// The verdict with what stood in its way.
fn conclusion(stated: &AttestationV1) -> String {
    let mut words = format!("{}: {}", stated.verdict, stated.meaning);
    let reasons: Vec<String> = stated.verdict_reasons.iter().take(MOST_TOLD).map(reason).collect();
    if !reasons.is_empty() {
        let more = stated.verdict_reasons.len().saturating_sub(MOST_TOLD);
        let more = if more == 0 { String::new() } else { format!("; and {more} more") };
        words.push_str(&format!(" What stood in the way: {}{more}.", reasons.join("; ")));
    }
    words
}

fn reason(reason: &ReasonV1) -> String {
    let mut words = reason.code.clone();
    if let Some(place) = &reason.place {
        words.push_str(&format!(" at `{}`", clean(place)));
    }
    if let Some(key) = &reason.key {
        words.push_str(&format!(" by `{}`", clean(key)));
    }
    if let Some(count) = reason.count {
        words.push_str(&format!(" ({count})"));
    }
    words
}

/// Writes beside the findings what was signed, in short, for whoever deletes. The files that there are.
fn summarise(run: &Run<'_>, id: &str, stated: &AttestationV1) -> anyhow::Result<Vec<String>> {
    let folder = run.state.folder(FINDINGS)?;
    let folder = fs::canonicalize(&folder).unwrap_or(folder);
    let (listed, summary) = (folder.join(format!("{id}.csv")), folder.join(format!("{id}.summary.json")));
    let json = json_v1::write(&SummaryV1 {
        version: json_v1::VERSION,
        challenge_id: id,
        supply_id: &stated.supply,
        verdict: &stated.verdict,
        meaning: &stated.meaning,
        verdict_reasons: &stated.verdict_reasons,
        finished_at: &stated.scan.finished_at,
        findings: listed.is_file().then(|| listed.display().to_string()),
    });
    atomic_file::write(&summary, json.as_bytes(), Access::Private, Existing::Replace)
        .with_context(|| format!("cannot write `{}`", summary.display()))?;
    Ok([listed, summary].into_iter().filter(|path| path.is_file()).map(|path| path.display().to_string()).collect())
}
