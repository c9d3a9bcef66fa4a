//! What is no longer needed by the settings, and the command that destroys it. It is only found here.

use crate::attestation::dsse::Envelope;
use crate::attestation::key::Card;
use crate::attestation::key::SigningKey;
use crate::attestation::predicate_v1::AttestationV1;
use crate::attestation::predicate_v1::ChallengeV1;
use crate::attestation::statement::PredicateType;
use crate::attestation::statement::Statement;
use crate::cli::check::inbox;
use crate::cli::context;
use crate::ledger::Ledger;
use crate::ledger::board;
use crate::ledger::closing;
use crate::manifest::statement::ManifestV1;
use crate::manifest::statement::PhaseGroup;
use crate::schedule::originator;
use crate::schedule::retention::Answer;
use crate::schedule::retention::Retention;
use crate::schedule::settings::Originator;
use crate::schedule::settings::Recipient;
use crate::schedule::settings::Settings;
use crate::support::hex;
use crate::support::time;
use jiff::Timestamp;
use jiff::civil::Date;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// Marks of what a record names as destroyed, by its digest: a folder in that of the state.
pub(in crate::cli) const DESTROYED: &str = "destroyed";

/// What is outdated of one supply.
#[derive(Debug, Default)]
pub(in crate::cli) struct Outdated {
    /// Its id.
    pub(in crate::cli) supply: String,
    /// Why, and of what.
    pub(in crate::cli) why: Vec<String>,
    /// The files that go.
    pub(in crate::cli) files: Vec<PathBuf>,
    /// What went before and stands in no record, as `residua destroy --gone` takes it.
    pub(in crate::cli) gone: Vec<String>,
    /// What stands in the way of closing it.
    pub(in crate::cli) obstacles: Vec<String>,
    /// What goes with the findings: our own summaries, which no record names.
    pub(in crate::cli) beside: Vec<PathBuf>,
    /// The command but for who signs and where its record goes.
    pub(in crate::cli) command: Vec<String>,
}

/// Finds it.
pub(in crate::cli) fn find(settings: &Settings, base: &Path, state: &Path, now: Timestamp) -> anyhow::Result<Vec<Outdated>> {
    if settings.retention == Retention::default() {
        return Ok(Vec::new());
    }
    match (&settings.originator, &settings.recipient) {
        (Some(own), _) => of_originator(own, settings.retention, base, time::day(now)),
        (None, Some(own)) => of_recipient(own, settings.retention, (base, state), now),
        (None, None) => Ok(Vec::new()),
    }
}

fn of_originator(own: &Originator, retention: Retention, base: &Path, today: Date) -> anyhow::Result<Vec<Outdated>> {
    let folder = match &own.ledger {
        Some(ledger) => base.join(ledger),
        None => context::ledger_folder(None)?,
    };
    let ledger = Ledger::open(&folder)?;
    let mut found = Vec::new();
    for supply in ledger.view().supplies().iter().filter(|supply| supply.closed.is_none()) {
        let row = board::row(ledger.view(), supply, today);
        let Some(why) = retention.supply(row.state, originator::newest_answer(supply), today) else { continue };
        let id = supply.entry.supply_id.clone();
        let files = own.rule(&id).map(|rule| rule.files.as_slice()).unwrap_or_default();
        let files: Vec<PathBuf> = files.iter().map(|file| base.join(file)).filter(|file| file.is_file()).collect();
        let mut command = vec!["close".to_owned(), id.clone()];
        command.extend(files.iter().map(|file| absolute(file)));
        command.extend(["--as".to_owned(), absolute(&base.join(&own.key)), "--ledger".to_owned(), absolute(&folder)]);
        let obstacles = closing::obstacles(&ledger, supply, today)?;
        found.push(Outdated { supply: id, why: vec![why], files, obstacles, command, ..Outdated::default() });
    }
    Ok(found)
}

/// What a recipient has of one supply.
#[derive(Default)]
struct Held {
    card: PathBuf,
    delete_by: Option<Date>,
    statement: PathBuf,
    /// Word for `--gone`, digest and file of each manifest.
    manifests: Vec<(&'static str, String, PathBuf)>,
    /// Digest and file of each challenge.
    challenges: Vec<(String, PathBuf)>,
    /// Whether one of them can still be answered and was not.
    is_asked: bool,
    /// The challenge's id, the attestation and the day of each answer, the oldest first.
    answers: Vec<(String, AttestationV1, Date)>,
}

fn of_recipient(
    own: &Recipient,
    retention: Retention,
    (base, state): (&Path, &Path),
    now: Timestamp,
) -> anyhow::Result<Vec<Outdated>> {
    let today = time::day(now);
    let mut found = Vec::new();
    for (supply, held) in held(own, (base, state), now)? {
        let newest = held.answers.len().saturating_sub(1);
        let answer = |index: usize| {
            held.answers.get(index).map(|(_, stated, day)| Answer {
                day: *day,
                verdict: &stated.verdict,
                is_superseded: index < newest,
            })
        };
        let mut outdated = Outdated { supply, ..Outdated::default() };
        // By `--gone`'s word and digest.
        let mut lost: Vec<(&str, String)> = Vec::new();
        for (index, (id, stated, _)) in held.answers.iter().enumerate() {
            let Some(detail) = &stated.detail else { continue };
            let Some(why) = answer(index).and_then(|answer| retention.findings(answer, today)) else { continue };
            let file = state.join(inbox::FINDINGS).join(format!("{id}.csv"));
            if file.is_file() {
                outdated.why.push(format!("findings of the {} scan: {why}", stated.challenge.phase));
                outdated.files.push(file);
                outdated.beside.push(state.join(inbox::FINDINGS).join(format!("{id}.summary.json")));
            } else {
                lost.push(("findings", detail.blake3.clone()));
            }
        }
        let why = held.delete_by.and_then(|by| retention.manifests(by, answer(newest), held.is_asked, today));
        if let Some(why) = why {
            let before = outdated.files.len();
            for (word, digest, file) in &held.manifests {
                if file.is_file() { outdated.files.push(file.clone()) } else { lost.push((word, digest.clone())) }
            }
            outdated.files.extend(held.challenges.iter().map(|(_, file)| file.clone()));
            let answered = held.answers.iter().map(|(_, stated, _)| &stated.challenge.sha256);
            let missing = answered.filter(|digest| !held.challenges.iter().any(|(known, _)| known == *digest));
            lost.extend(missing.map(|digest| ("challenge", digest.clone())));
            if outdated.files.len() > before {
                outdated.why.push(format!("manifests and challenges: {why}"));
            }
        }
        lost.retain(|(_, digest)| hex::decode::<32>(digest).is_some() && !state.join(DESTROYED).join(digest).is_file());
        if !lost.is_empty() {
            outdated.why.push("gone before, and in no record".to_owned());
        }
        outdated.gone = lost.into_iter().map(|(word, digest)| format!("{word}={digest}")).collect();
        if outdated.files.is_empty() && outdated.gone.is_empty() {
            continue;
        }
        outdated.command = vec!["destroy".to_owned()];
        outdated.command.extend(outdated.files.iter().map(|file| absolute(file)));
        for gone in &outdated.gone {
            outdated.command.extend(["--gone".to_owned(), gone.clone()]);
        }
        let (of, from) = (absolute(&held.statement), absolute(&held.card));
        outdated.command.extend(["--of".to_owned(), of, "--from".to_owned(), from]);
        outdated.command.extend(["--as".to_owned(), absolute(&base.join(&own.key))]);
        found.push(outdated);
    }
    Ok(found)
}

/// All that a recipient has, by supply. A supply of which no manifest's statement is left is not known here.
fn held(own: &Recipient, (base, state): (&Path, &Path), now: Timestamp) -> anyhow::Result<BTreeMap<String, Held>> {
    let key = SigningKey::read(&base.join(&own.key))?;
    let mut all: BTreeMap<String, Held> = BTreeMap::new();
    let mut answered = BTreeSet::new();
    for entry in fs::read_dir(state.join(inbox::ANSWERS)).into_iter().flatten().flatten() {
        let Some(bytes) = inbox::read_small(&entry.path()) else { continue };
        let Ok(envelope) = Envelope::parse(&bytes) else { continue };
        let Ok(verified) = envelope.verify(&key.card()) else { continue };
        let Ok(statement) = Statement::<AttestationV1>::open(verified) else { continue };
        let stated = statement.predicate;
        let (Some(finished), id) = (time::parse(&stated.scan.finished_at), stated.challenge.challenge_id.clone()) else {
            continue;
        };
        answered.insert(id.clone());
        all.entry(stated.supply.clone()).or_default().answers.push((id, stated, time::day(finished)));
    }
    let cards = own.originators.iter().map(|path| {
        let path = base.join(path);
        Ok((Card::read(&path)?, path))
    });
    let cards: Vec<(Card, PathBuf)> = cards.collect::<anyhow::Result<_>>()?;
    for file in inbox::all_files(&base.join(&own.inbox))? {
        let Some(bytes) = inbox::read_small(&file) else { continue };
        let Ok(envelope) = Envelope::parse(&bytes) else { continue };
        let Ok(kind) = PredicateType::of(envelope.unverified_payload()) else { continue };
        let Some((verified, card)) = cards.iter().find_map(|(card, path)| Some((envelope.verify(card).ok()?, path))) else {
            continue;
        };
        match kind {
            PredicateType::Challenge => {
                let Ok(statement) = Statement::<ChallengeV1>::open(verified) else { continue };
                let challenge = statement.predicate;
                if challenge.recipient_key != key.fingerprint() {
                    continue;
                }
                let held = all.entry(challenge.supply_id.clone()).or_default();
                let is_open = time::parse(&challenge.expires_at).is_some_and(|expires| now <= expires);
                held.is_asked |= is_open && !answered.contains(&challenge.challenge_id);
                held.challenges.push((hex::encode(&crate::attestation::dsse::sha256(&bytes)), file));
            }
            PredicateType::Manifest => {
                let Ok(statement) = Statement::<ManifestV1>::open(verified) else { continue };
                let manifest = statement.predicate;
                let held = all.entry(manifest.supply.supply_id.clone()).or_default();
                let word = match manifest.phase_group {
                    PhaseGroup::Baseline => "baseline",
                    PhaseGroup::Deletion => "deletion",
                };
                let of = file.to_string_lossy().strip_suffix(".intoto.json").map(PathBuf::from);
                held.manifests.extend(of.map(|of| (word, hex::encode(&statement.subject.sha256), of)));
                held.delete_by = time::parse_day(&manifest.supply.delete_by);
                (held.statement, held.card) = (file, card.clone());
            }
            _ => {}
        }
    }
    // A record is named by the supply's id.
    all.retain(|supply, held| held.statement.is_file() && hex::decode::<16>(supply).is_some());
    for held in all.values_mut() {
        held.answers.sort_by(|(_, one, _), (_, other, _)| one.scan.finished_at.cmp(&other.scan.finished_at));
    }
    Ok(all)
}

fn absolute(path: &Path) -> String {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}
