//! The recipient's run: the challenges in the inbox are answered, each once.
//!
//! An attestation is written into the state folder by the scan itself, whole or not at all, and from then on the challenge counts as answered: whatever is
//! killed afterwards, no second one is signed. It goes to the outbox after that.

use crate::attestation::dsse::Envelope;
use crate::attestation::dsse::sha256;
use crate::attestation::key::Card;
use crate::attestation::predicate_v1::ChallengeV1;
use crate::attestation::statement::PredicateType;
use crate::attestation::statement::Statement;
use crate::cli::check::Run;
use crate::cli::check::Step;
use crate::cli::check::state::copy;
use crate::cli::check::state::deliver;
use crate::cli::check::told::Event;
use crate::cli::exit_code::ExitCode;
use crate::manifest::statement::ManifestV1;
use crate::report::json_v1;
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
use crate::support::time;
use anyhow::Context as _;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// The folder in the inbox for challenges that were answered, and for those that cannot be.
const DONE: &str = "done";
const REFUSED: &str = "refused";

/// Attestations that were signed, by their challenge.
const ANSWERS: &str = "answers";

/// What was found, for whoever deletes.
const FINDINGS: &str = "findings";

/// Marks of what went to the outbox.
const SENT: &str = "sent";

/// How deep folders in the inbox are looked into, and how large a signed document is.
const DEEPEST: usize = 8;
const LARGEST: u64 = 64 << 20;

/// A challenge that came in.
struct Asked {
    file: PathBuf,
    challenge: ChallengeV1,
    /// The card of whom it is from.
    card: PathBuf,
    /// The SHA-256 of the manifest that it is about.
    manifest: [u8; 32],
}

/// What lies in the inbox.
#[derive(Default)]
struct Inbox {
    asked: Vec<Asked>,
    /// Manifests, by the SHA-256 that their signed statements name.
    manifests: BTreeMap<[u8; 32], PathBuf>,
    /// Challenges of which nobody whose card is named is the author, and why they are not answered.
    refused: Vec<(PathBuf, String)>,
}

pub(super) fn run(run: &mut Run<'_>, own: &Recipient, hours: Option<&Hours>) -> anyhow::Result<()> {
    let mut inbox = look_into(run, own)?;
    for (file, why) in std::mem::take(&mut inbox.refused) {
        refuse(run, own, &file, why)?;
    }
    inbox.asked.sort_by(|one, other| {
        (&one.challenge.issued_at, &one.challenge.challenge_id).cmp(&(&other.challenge.issued_at, &other.challenge.challenge_id))
    });
    for asked in &inbox.asked {
        let id = asked.challenge.challenge_id.clone();
        let manifest = inbox.manifests.get(&asked.manifest);
        let is_answered = run.state.path(ANSWERS).join(answer_name(&id)).is_file();
        let known = Known { is_answered, has_manifest: manifest.is_some(), hours };
        match (turn(&asked.challenge, known, run.now), manifest) {
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
        send(run, own, asked)?;
    }
    Ok(())
}

fn about(asked: &Asked) -> String {
    let challenge = &asked.challenge;
    let first = |id: &str| id.get(..8).unwrap_or(id).to_owned();
    format!("the {} challenge {} of supply {}", challenge.phase, first(&challenge.challenge_id), first(&challenge.supply_id))
}

fn answer_name(challenge: &str) -> String {
    format!("{challenge}.attestation.json")
}

/// Reads every document of the inbox. What is none is left where it lies: people put data beside them.
fn look_into(run: &Run<'_>, own: &Recipient) -> anyhow::Result<Inbox> {
    let key = crate::attestation::key::SigningKey::read(&run.path(&own.key))?;
    let originators = own.originators.iter().map(|path| {
        let path = run.path(path);
        Ok((Card::read(&path)?, path))
    });
    let originators: Vec<(Card, PathBuf)> = originators.collect::<anyhow::Result<_>>()?;
    let mut inbox = Inbox::default();
    let mut files = Vec::new();
    list(&run.path(&own.inbox), DEEPEST, &mut files)?;
    files.sort();
    for file in files {
        if fs::metadata(&file).map_or(0, |metadata| metadata.len()) > LARGEST {
            continue;
        }
        let Ok(bytes) = fs::read(&file) else { continue };
        let Ok(envelope) = Envelope::parse(&bytes) else { continue };
        let Ok(kind) = PredicateType::of(envelope.unverified_payload()) else { continue };
        let signed = originators.iter().find_map(|(card, path)| Some((envelope.verify(card).ok()?, path)));
        match (kind, signed) {
            (PredicateType::Challenge, None) => {
                inbox.refused.push((file, "it is not signed by an originator whose card `originators` names".to_owned()));
            }
            (PredicateType::Challenge, Some((verified, card))) => match Statement::<ChallengeV1>::open(verified) {
                Ok(statement) if statement.predicate.recipient_key != key.fingerprint() => {
                    inbox.refused.push((file, "it is addressed to another key".to_owned()));
                }
                Ok(statement) if hex::decode::<16>(&statement.predicate.challenge_id).is_none() => {
                    inbox.refused.push((file, "it has no id".to_owned()));
                }
                Ok(statement) => inbox.asked.push(Asked {
                    file,
                    challenge: statement.predicate,
                    card: card.clone(),
                    manifest: statement.subject.sha256,
                }),
                Err(error) => inbox.refused.push((file, error.to_string())),
            },
            (PredicateType::Manifest, Some((verified, _))) => {
                let manifest =
                    file.to_string_lossy().strip_suffix(".intoto.json").map(PathBuf::from).filter(|path| path.is_file());
                if let (Ok(statement), Some(manifest)) = (Statement::<ManifestV1>::open(verified), manifest) {
                    inbox.manifests.insert(statement.subject.sha256, manifest);
                }
            }
            _ => {}
        }
    }
    Ok(inbox)
}

/// All files of a folder and of those in it, but for what was put aside.
fn list(folder: &Path, deeper: usize, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let reading = || format!("cannot read the inbox `{}`", folder.display());
    for entry in fs::read_dir(folder).with_context(reading)? {
        let path = entry.with_context(reading)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() && !path.is_symlink() {
            if deeper > 0 && name != DONE && name != REFUSED {
                list(&path, deeper - 1, files)?;
            }
        } else if name.ends_with(".json") && path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

/// Puts a challenge aside that is not answered, with the reason.
fn refuse(run: &mut Run<'_>, own: &Recipient, file: &Path, why: String) -> anyhow::Result<()> {
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let event = Some(Event::error(&name, &why));
    if !run.is_dry {
        let aside = run.path(&own.inbox).join(REFUSED).join(&name);
        deliver(file, &aside)?;
        let reason = PathBuf::from(format!("{}.reason.txt", aside.display()));
        atomic_file::write(&reason, format!("{why}\n").as_bytes(), Access::Public, Existing::Replace)
            .with_context(|| format!("cannot write `{}`", reason.display()))?;
    }
    run.note(Step { what: "refuse", about: name, why, code: Some(ExitCode::Error), event, ..Step::default() })
}

fn scan(run: &mut Run<'_>, own: &Recipient, asked: &Asked, manifest: &Path) -> anyhow::Result<()> {
    let id = &asked.challenge.challenge_id;
    let absolute = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()).display().to_string();
    let folder = |name: &str| if run.is_dry { Ok(run.state.path(name)) } else { run.state.folder(name) };
    let (answers, findings) = (folder(ANSWERS)?, folder(FINDINGS)?);
    let out = PathBuf::from(absolute(&answers)).join(answer_name(id));
    let listed = PathBuf::from(absolute(&findings)).join(format!("{id}.csv"));
    // The sources come first and as they are written: a target goes by the name under which it was scanned.
    let mut words: Vec<String> = ["scan".to_owned()].into_iter().chain(own.sources.iter().cloned()).collect();
    let mut add = |flag: &str, value: String| words.extend([flag.to_owned(), value]);
    add("--manifest", absolute(manifest));
    add("--challenge", absolute(&asked.file));
    add("--from", absolute(&asked.card));
    add("--as", absolute(&run.path(&own.key)));
    add("--out", out.display().to_string());
    add("--findings", listed.display().to_string());
    for (flag, path) in [("--map", &own.map), ("--declare", &own.declare)] {
        if let Some(path) = path {
            add(flag, absolute(&run.path(path)));
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
    let why = format!("it came in, and is valid until {}", asked.challenge.expires_at);
    let mut step = Step { what: "scan", about: about(asked), why, command: words.clone(), ..Step::default() };
    if run.is_dry {
        return run.note(step);
    }
    let done = run.runner.run(&words)?;
    step.code = Some(done.code);
    let verdict = done.json.get("verdict").and_then(Value::as_str).unwrap_or_default().to_owned();
    run.rows = run.rows.saturating_add(done.json.get("rows").and_then(Value::as_u64).unwrap_or(0));
    if out.is_file() {
        let summary = findings.join(format!("{id}.summary.json"));
        atomic_file::write(&summary, json_v1::write(&done.json).as_bytes(), Access::Private, Existing::Replace)
            .with_context(|| format!("cannot write `{}`", summary.display()))?;
        let meaning = done.json.get("meaning").and_then(Value::as_str).unwrap_or_default();
        step.result = format!("{verdict}: {meaning}");
        run.supplies.push(SupplyMetrics {
            supply: asked.challenge.supply_id.clone(),
            state: verdict.clone(),
            days: None,
            is_overdue: false,
        });
        let files = [&listed, &summary].map(|path| path.display().to_string()).to_vec();
        let name = match verdict.as_str() {
            "residual" => Some("residual"),
            "inconclusive" => Some("inconclusive"),
            "clear" => Some("clear"),
            _ => None,
        };
        step.event = name.map(|name| Event { name, about: about(asked), message: step.result.clone(), files });
    } else {
        step.result.clone_from(&done.complaint);
        step.event = Some(Event::error(&step.about, &done.complaint));
    }
    run.note(step)
}

/// Brings an answer to the outbox, once, and puts its challenge aside.
fn send(run: &mut Run<'_>, own: &Recipient, asked: &Asked) -> anyhow::Result<()> {
    let id = &asked.challenge.challenge_id;
    let answer = run.state.path(ANSWERS).join(answer_name(id));
    if run.is_dry || !answer.is_file() {
        return Ok(());
    }
    let mark = run.state.folder(SENT)?.join(id);
    if !mark.is_file() {
        let first = |id: &str| id.get(..8).unwrap_or(id).to_owned();
        let name = format!("{}-{}-{}.attestation.json", first(&asked.challenge.supply_id), asked.challenge.phase, first(id));
        let outbox = run.path(&own.outbox);
        fs::create_dir_all(&outbox).with_context(|| format!("cannot use the outbox `{}`", outbox.display()))?;
        copy(&answer, &outbox.join(&name))?;
        let digest = hex::encode(&sha256(&fs::read(&answer).with_context(|| format!("cannot read `{}`", answer.display()))?));
        atomic_file::write(&mark, format!("{digest}\n").as_bytes(), Access::Private, Existing::Replace)
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
        deliver(&asked.file, &run.path(&own.inbox).join(DONE).join(name))?;
    }
    Ok(())
}
