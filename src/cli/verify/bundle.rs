//! `verify --bundle`: all evidence of one supply, judged without the originator's ledger. The result hangs on the bundle's files alone, so that it is the same
//! for everybody; `residua bundle` runs the same on what it has put together.

use crate::attestation::key::Card;
use crate::bundle::Files;
use crate::bundle::archive;
use crate::bundle::check::Bundle;
use crate::bundle::check::Check;
use crate::bundle::check::Status;
use crate::bundle::folder;
use crate::bundle::layout;
use crate::bundle::layout::Kind;
use crate::bundle::layout::Paper;
use crate::bundle::readme;
use crate::cli::bundle;
use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::exit_code::ExitCode;
use crate::cli::failure::Interrupted;
use crate::cli::stamp;
use crate::cli::verify;
use crate::cli::verify::approval as officers;
use crate::cli::verify::countersignature as confirmations;
use crate::cli::verify::destruction as destructions;
use crate::cli::verify::downstream as onward;
use crate::ledger::Ledger;
use crate::ledger::LedgerError;
use crate::ledger::LedgerView;
use crate::ledger::Supply;
use crate::ledger::approval::standing as officer_standing;
use crate::ledger::entry::Conclusion;
use crate::ledger::party::Standing;
use crate::report::json_v1;
use crate::report::json_v1::approval::ApprovedV1;
use crate::report::json_v1::board::DisputeV1;
use crate::report::json_v1::bundle::BundleCheckV1;
use crate::report::json_v1::bundle::BundleVerifiedV1;
use crate::report::json_v1::bundle::BundledAttestationV1;
use crate::report::json_v1::bundle::BundledKeyV1;
use crate::report::json_v1::bundle::BundledSupplyV1;
use crate::report::json_v1::bundle::JudgedV1;
use crate::report::json_v1::bundle::NamedCardV1;
use crate::report::text;
use crate::report::text::Style;
use crate::support::progress::Cancel;
use crate::support::sanitize::clean;
use crate::support::sanitize::is_harmful;
use crate::support::time;
use crate::verification;
use crate::verification::approval::Approved;
use crate::verification::countersignature::Countersigned;
use crate::verification::destruction::Destroyed;
use anyhow::Context as _;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

/// As it stands in a file: in one colour, and as wide as it comes.
const PLAIN: Style = Style { is_coloured: false, width: None };

/// What a bundle comes to.
pub(in crate::cli) struct Report {
    /// For people.
    pub(in crate::cli) text: String,
    /// For programs.
    pub(in crate::cli) json: BundleVerifiedV1,
    /// How the command ends.
    pub(in crate::cli) code: ExitCode,
    /// The part that hangs on the ledger, for people and for programs.
    pub(in crate::cli) judged: Option<(String, String)>,
    /// Whether the bundle itself holds together.
    pub(in crate::cli) is_sound: bool,
}

/// What was received for a supply, judged anew.
pub(in crate::cli) struct Judged {
    pub(in crate::cli) text: String,
    /// The same as JSON.
    pub(in crate::cli) json: String,
    code: ExitCode,
    members: JudgedV1,
}

/// Reads the files of a bundle.
pub(in crate::cli) fn read(path: &Path) -> anyhow::Result<Files> {
    let files = if path.is_dir() { folder::read(path) } else { archive::read(path) };
    files.with_context(|| reading(path))
}

fn reading(path: &Path) -> String {
    format!("cannot use the bundle `{}`", path.display())
}

/// Verifies a bundle.
pub(super) fn run(path: &Path, from: Option<&Path>, to: Option<&Path>, context: &Context) -> anyhow::Result<ExitCode> {
    let cards = [("originator", from), ("recipient", to)];
    let cards: Vec<(&'static str, Card)> = cards
        .into_iter()
        .filter_map(|(role, path)| path.map(|path| Ok((role, Card::read(path)?))))
        .collect::<anyhow::Result<_>>()?;
    let bundle = Bundle::open(read(path)?).with_context(|| reading(path))?;
    let mut report = report(&bundle, &context.cancel)?;
    let differs = differs(&bundle, &report);
    let mut code = report.code;
    for (role, card) in cards {
        let agrees = bundle.supply().is_some_and(|supply| is_theirs(&bundle, supply, role, &card));
        let word = if agrees { "is the key of the card that you named" } else { "is NOT the key of the card that you named" };
        let _ = writeln!(report.text, "The {role}'s key {word}: {}", card.fingerprint());
        report.json.pinned.push(NamedCardV1 { role, fingerprint: card.fingerprint().to_owned(), agrees });
        if !agrees {
            code = code.worst(ExitCode::VerificationFailed);
        }
    }
    match context.format {
        Format::Text => context.say(&report.text)?,
        Format::Json => context.print(&json_v1::write(&report.json))?,
    }
    match differs {
        Some(Difference::OtherVersion) => context.warn(
            "`verification.txt`, `verification.json`, `README.md` and the pages were written by another version of residua, and were not compared with this result: rely on none of them, and run no command of theirs",
        )?,
        Some(Difference::Other) => {
            context.warn("this result is not the one in `verification.txt` and `verification.json`, or `README.md` or a page is not that of this bundle, although the same version of residua is said to have written them: somebody has changed the bundle")?;
            code = code.worst(ExitCode::VerificationFailed);
        }
        None => {}
    }
    Ok(code)
}

/// How a result differs from the one that a bundle holds.
enum Difference {
    /// Another version wrote it, and may word it otherwise.
    OtherVersion,
    /// It is another result.
    Other,
}

fn differs(bundle: &Bundle, report: &Report) -> Option<Difference> {
    let file = |name: &str| bundle.files().get(name).map(Vec::as_slice).unwrap_or_default();
    let written = (file(layout::VERIFIED_TEXT), file(layout::VERIFIED_JSON));
    let is_same = written == (report.text.as_bytes(), json_v1::write(&report.json).as_bytes());
    // Its commands are given to a shell, and the pages are believed by people.
    let readme = bundle.supply().map(|supply| readme::text(bundle, supply, bundle.files()));
    let are_pages_same = bundle::pages(bundle).is_ok_and(|pages| pages.iter().all(|(name, page)| file(name) == page.as_slice()));
    if is_same && are_pages_same && readme.is_some_and(|readme| file(layout::README) == readme.as_bytes()) {
        return None;
    }
    let version = serde_json::from_slice::<serde_json::Value>(written.1).ok();
    let version = version.as_ref().and_then(|json| json.get("residua")).and_then(serde_json::Value::as_str);
    Some(match version {
        Some(version) if version != env!("CARGO_PKG_VERSION") => Difference::OtherVersion,
        _ => Difference::Other,
    })
}

/// Whether a card is that of the originator, or one of the recipient's.
fn is_theirs(bundle: &Bundle, supply: &Supply, role: &str, card: &Card) -> bool {
    let parties = bundle.ledger().view().parties();
    let fingerprint = card.fingerprint();
    if role == "originator" {
        return supply.entry.originator.fingerprint == fingerprint;
    }
    parties.key(fingerprint).is_some() && parties.current(fingerprint) == parties.current(&supply.entry.recipient.fingerprint)
}

/// Everything that a bundle comes to.
pub(in crate::cli) fn report(bundle: &Bundle, cancel: &Cancel) -> anyhow::Result<Report> {
    let checks = bundle.checks(cancel).ok_or(Interrupted)?;
    let is_sound = checks.iter().all(|check| matches!(check.status, Status::Passed(_)));
    let (mut words, supply) = match bundle.supply() {
        Some(supply) => head(bundle, supply),
        None => ("Bundle of no supply that can be told.\n".to_owned(), None),
    };
    words.push_str("\nThe bundle itself:\n");
    words.push_str(&check_words(&checks));
    if bundle.withheld() > 0 {
        words.push_str("That none of the withheld lines is about this supply is the word of whoever made the bundle.\n");
    }
    let keys = keys(bundle);
    if !keys.is_empty() {
        words.push_str(
            "\nThe keys that this rests on. Nothing in a bundle shows whose a key is: compare each fingerprint with its owner by another channel, or name cards that \
             you were given with `--from` and `--to`.\n",
        );
    }
    for key in &keys {
        let _ = writeln!(words, "  {}  {} ({}, {}): {}", key.fingerprint, clean(&key.name), key.role, key.state, key.card);
    }
    let mut code = if is_sound { ExitCode::Clear } else { ExitCode::VerificationFailed };
    let (judged, received) = match bundle.supply().map(|supply| judge(bundle.ledger(), supply, bundle.papers())) {
        Some(Ok(judged)) => {
            let _ = write!(
                words,
                "\nWhat was received, in the words in which the originator is told it, so that `you` is the originator:\n\n{}",
                judged.text
            );
            code = code.worst(judged.code);
            let Judged { text, json, members, .. } = judged;
            (Some((text, json)), Some(members))
        }
        Some(Err(error)) => {
            let _ = writeln!(words, "\nWhat was received cannot be judged: {error}");
            code = code.worst(ExitCode::VerificationFailed);
            (None, None)
        }
        None => {
            code = code.worst(ExitCode::VerificationFailed);
            (None, None)
        }
    };
    if !is_sound {
        words.push_str("The bundle is not as it was made, or was not made by residua: rely on nothing in it, and ask the originator for it again.\n");
    }
    let json = BundleVerifiedV1 {
        version: json_v1::VERSION,
        residua: env!("CARGO_PKG_VERSION"),
        supply,
        checks: checks.into_iter().map(check_json).collect(),
        keys,
        received,
        exit_code: code as u8,
        pinned: Vec::new(),
    };
    // A slice is somebody else's file, whatever the entries in it were once.
    let text = words.chars().fold(String::with_capacity(words.len()), |mut text, character| {
        if character != '\n' && is_harmful(character) {
            text.extend(character.escape_unicode());
        } else {
            text.push(character);
        }
        text
    });
    Ok(Report { text, json, code, judged, is_sound })
}

/// What it is about.
fn head(bundle: &Bundle, supply: &Supply) -> (String, Option<BundledSupplyV1>) {
    let (entry, ledger) = (&supply.entry, bundle.ledger());
    let mut facts = vec![
        ("originator", clean(&entry.originator.name)),
        ("recipient", clean(&entry.recipient.name)),
        ("records", text::count(entry.records)),
        ("supplied", format!("{}, to be deleted by {}", clean(&entry.created_at), clean(&entry.delete_by))),
        ("ledger", format!("{} lines, the last one {}", text::count(ledger.len()), ledger.head())),
    ];
    facts.extend(supply.closing_day().map(|day| ("closed", day.to_string())));
    let json = BundledSupplyV1 {
        supply_id: entry.supply_id.clone(),
        originator: entry.originator.name.clone(),
        recipient: entry.recipient.name.clone(),
        records: entry.records,
        seeds: entry.seeds,
        delete_by: entry.delete_by.clone(),
        closed_since: supply.closing_day().map(|day| day.to_string()),
        lines: ledger.len(),
        withheld: bundle.withheld(),
        head: ledger.head().to_owned(),
    };
    (format!("Bundle of the evidence of supply {}\n{}", entry.supply_id, text::facts(&facts)), Some(json))
}

fn check_words(checks: &[Check]) -> String {
    let mut words = String::new();
    for check in checks {
        let (number, name) = (check.number, check.name);
        match &check.status {
            Status::Passed(looked_at) => {
                let _ = writeln!(words, "  B{number} passed   {name} ({looked_at})");
            }
            Status::NotRun(because) => {
                let _ = writeln!(words, "  B{number} not run  {name}: {because}");
            }
            Status::Failed(faults) => {
                let _ = writeln!(words, "  B{number} failed   {name}");
                for fault in faults {
                    let _ = writeln!(words, "       {}", text::clean_long(fault));
                }
            }
        }
    }
    words
}

fn check_json(check: Check) -> BundleCheckV1 {
    let (result, looked_at, faults) = match check.status {
        Status::Passed(looked_at) => ("passed", Some(looked_at), Vec::new()),
        Status::NotRun(because) => ("not run", None, vec![because.to_owned()]),
        Status::Failed(faults) => ("failed", None, faults),
    };
    BundleCheckV1 { check: format!("B{}", check.number), name: check.name, result, looked_at, faults }
}

/// The keys with what became of each.
fn keys(bundle: &Bundle) -> Vec<BundledKeyV1> {
    let parties = bundle.ledger().view().parties();
    let state = |fingerprint: &str| {
        let key = parties.key(fingerprint);
        let revoked =
            key.and_then(|key| key.revoked()).or_else(|| parties.officer(fingerprint).and_then(|officer| officer.revoked()));
        match (revoked, key.and_then(|key| key.replaced.as_ref())) {
            (Some(revoked), _) => format!("revoked as of {}: {}", revoked.since, clean(&revoked.reason)),
            (None, Some(replaced)) => format!("replaced on {}", time::day(replaced.since)),
            (None, None) => "current".to_owned(),
        }
    };
    let cards = bundle.papers().iter().filter_map(|paper| match &paper.kind {
        Kind::Card { role, pinned } => Some(BundledKeyV1 {
            role,
            name: pinned.name.clone(),
            fingerprint: pinned.fingerprint.clone(),
            card: paper.name.clone(),
            state: if *role == "originator" { "current".to_owned() } else { state(&pinned.fingerprint) },
        }),
        _ => None,
    });
    cards.collect()
}

/// Judges all that was received for a supply, from its own ledger or from the slice of a bundle: what is said is the same. The documents are called by their
/// files in the bundle.
pub(in crate::cli) fn judge(ledger: &Ledger, supply: &Supply, papers: &[Paper]) -> Result<Judged, LedgerError> {
    let names = papers.iter().map(|paper| (paper.sha256.as_str(), paper.name.as_str())).collect();
    let mut judge = Judge { ledger, supply, names, words: String::new(), members: JudgedV1::default(), shown: BTreeMap::new() };
    judge.confirmations()?;
    judge.attestations()?;
    judge.approvals()?;
    judge.onward()?;
    judge.destructions()?;
    judge.remarks();
    let code = judge.conclude();
    let Judge { words, members, .. } = judge;
    Ok(Judged { text: words, json: json_v1::write(&members), code, members })
}

/// Everything received so far.
struct Judge<'a> {
    ledger: &'a Ledger,
    supply: &'a Supply,
    /// The files by their digests.
    names: BTreeMap<&'a str, &'a str>,
    words: String,
    members: JudgedV1,
    /// What each attestation comes to, by its SHA-256.
    shown: BTreeMap<String, Conclusion>,
}

impl<'a> Judge<'a> {
    fn view(&self) -> &'a LedgerView {
        self.ledger.view()
    }

    fn name(&self, digest: &'a str) -> &'a str {
        self.names.get(digest).copied().unwrap_or(digest)
    }

    /// When something was received. The lines were read, so that it is a time.
    fn at(received_at: &str) -> Timestamp {
        time::parse(received_at).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// What the lines say to be good is not. Where a key was revoked since, that is no contradiction.
    fn contradict(&mut self, name: &str, standing: &Standing<'_>) {
        if !matches!(standing, Standing::Revoked { .. }) {
            self.members.contradictions.push(format!("`{name}` was entered as one that holds, and does not hold now"));
        }
    }

    fn confirmations(&mut self) -> Result<(), LedgerError> {
        for entry in &self.supply.countersignatures {
            let name = self.name(&entry.envelope);
            let received_at = Self::at(&entry.received_at);
            let result =
                verification::countersignature::verify(self.ledger, &self.ledger.document(&entry.envelope)?, received_at)?;
            let (_, words, json) = confirmations::tell(name.to_owned(), &result);
            if matches!(result, Countersigned::Refused(_)) {
                self.contradict(name, &self.view().parties().key_at(&entry.key, received_at));
            }
            let _ = writeln!(self.words, "{words}");
            self.members.countersignatures.push(json);
        }
        Ok(())
    }

    fn attestations(&mut self) -> Result<(), LedgerError> {
        for received in self.supply.received() {
            let receipt = received.receipt;
            let name = self.name(&receipt.attestation);
            let received_at = Self::at(&receipt.received_at);
            let mut verification = verification::verify(self.ledger, &self.ledger.document(&receipt.attestation)?, received_at)?;
            let seen = verification.appraisal.conclusion;
            verification.appraisal.hold(receipt);
            let shown = verification.appraisal.conclusion;
            if seen == Conclusion::Failed && receipt.appraisal != Conclusion::Failed {
                self.contradict(name, &self.view().parties().key_at(self.supply.signer(receipt), received_at));
            }
            // A line may say of any file that it answers this challenge, and the newest one at that.
            let answered = verification.asked.as_ref().map(|asked| asked.challenge_id.as_str());
            let is_other = answered.is_some_and(|answered| answered != received.challenge.entry.challenge_id);
            if is_other {
                self.members
                    .contradictions
                    .push(format!("`{name}` was entered for another challenge than the one that it answers"));
            }
            let shown = if is_other { Conclusion::Failed } else { shown };
            self.words.push_str(&verify::words(Path::new(name), &verification, PLAIN));
            let _ = writeln!(
                self.words,
                "Received {}. In the ledger it is appraised as: {}{}\n",
                clean(&receipt.received_at),
                receipt.appraisal.word(),
                if receipt.appraisal < shown { ", which is better than what is seen now, and does not count" } else { "" }
            );
            let worst = self.shown.entry(receipt.attestation.clone()).or_insert(shown);
            *worst = shown.max(*worst);
            self.members.attestations.push(BundledAttestationV1 {
                received_at: receipt.received_at.clone(),
                recorded: receipt.appraisal.word(),
                recorded_reasons: receipt.reasons.clone(),
                verification: verify::json(Path::new(name), &verification),
            });
        }
        Ok(())
    }

    fn approvals(&mut self) -> Result<(), LedgerError> {
        let party = &self.supply.entry.recipient.fingerprint;
        for entry in self.supply.challenges.iter().flat_map(|challenge| &challenge.approvals) {
            let name = self.name(&entry.envelope);
            let result = verification::approval::verify(
                self.ledger,
                &self.ledger.document(&entry.envelope)?,
                Self::at(&entry.received_at),
            )?;
            let of = self.name(&entry.attestation);
            let (accepted, failure) = match result {
                Approved::Accepted(accepted) => (Some(accepted), None),
                Approved::Refused(failure) => (None, Some(failure)),
            };
            let _ = writeln!(self.words, "{name}");
            if let Some(accepted) = &accepted {
                let _ = writeln!(self.words, "{}\n  of the attestation `{of}`\n", officers::by(accepted));
            }
            if let Some(failure) = &failure {
                let _ = writeln!(self.words, "Countersignature refused: {}\n", failure.reason);
                self.contradict(name, &officer_standing(self.view().parties(), party, entry));
            }
            self.members.approvals.push(ApprovedV1 {
                file: name.to_owned(),
                result: if accepted.is_some() { "accepted" } else { "refused" },
                supply_id: Some(entry.supply_id.clone()),
                challenge_id: Some(entry.challenge_id.clone()),
                attestation: Some(entry.attestation.clone()),
                appraisal: self.shown.get(&entry.attestation).map(|shown| shown.word()),
                reason: failure.as_ref().map(|failure| failure.reason.clone()),
                help: failure.as_ref().map(|failure| failure.help.to_owned()),
            });
        }
        Ok(())
    }

    fn onward(&mut self) -> Result<(), LedgerError> {
        let supply_id = &self.supply.entry.supply_id;
        let mut told = BTreeMap::new();
        // Of several lines about the same bytes the newest says when a pinned key was known.
        for entry in &self.supply.onward {
            told.insert(entry.attestation.as_str(), entry);
        }
        for (digest, entry) in told {
            let name = self.name(digest);
            if self.supply.naming(digest).is_empty() {
                let _ = writeln!(
                    self.words,
                    "{name}\nattestation of an onward recipient, named by an answer that no longer stands; it is not judged\n"
                );
                continue;
            }
            let bytes = self.ledger.document(digest)?;
            let result = verification::downstream::verify(self.ledger, self.supply, &bytes, Self::at(&entry.received_at))?;
            let _ = writeln!(self.words, "{}", onward::words(supply_id, Path::new(name), &result, PLAIN));
            self.members.onward.push(onward::json(supply_id, Path::new(name), &result));
        }
        Ok(())
    }

    fn destructions(&mut self) -> Result<(), LedgerError> {
        for entry in &self.supply.destructions {
            let name = self.name(&entry.envelope);
            let received_at = Self::at(&entry.received_at);
            let result = verification::destruction::verify(self.ledger, &self.ledger.document(&entry.envelope)?, received_at)?;
            let (_, words, json) = destructions::tell(name.to_owned(), &result, "");
            if matches!(result, Destroyed::Refused(_)) {
                self.contradict(name, &self.view().parties().key_at(&entry.key, received_at));
            }
            let _ = writeln!(self.words, "{words}");
            self.members.destructions.push(json);
        }
        Ok(())
    }

    /// What changes nothing and belongs to it.
    fn remarks(&mut self) {
        for dispute in &self.supply.disputes {
            let entry = &dispute.entry;
            let end = dispute.settlement.as_ref().map_or_else(
                || "open".to_owned(),
                |settlement| format!("settled {}: {}", clean(&settlement.settled_at), text::clean_long(&settlement.reason)),
            );
            let _ = writeln!(
                self.words,
                "Dispute {} by the {}, raised {}: {} ({end})",
                entry.number,
                entry.by.word(),
                clean(&entry.raised_at),
                text::clean_long(&entry.reason)
            );
            self.members.disputes.push(DisputeV1::from(dispute));
        }
        for entry in &self.supply.stamps {
            let line = stamp::line(self.view(), entry);
            let _ = writeln!(self.words, "`{}`: {line}", self.name(&entry.stamp));
            self.members.stamps.push(line);
        }
        if let Some(day) = self.supply.closing_day() {
            let record = self.supply.closed.as_ref().map(|closed| self.name(&closed.record));
            let record =
                record.map_or_else(|| "it was not ended".to_owned(), |name| format!("the originator's record is `{name}`"));
            let unresolved = self.supply.closing.as_ref().and_then(|closing| closing.unresolved.as_ref());
            let unresolved = unresolved.map_or_else(String::new, |reason| {
                format!("; although something stood in the way: {}", text::clean_long(reason))
            });
            let _ = writeln!(self.words, "The supply was closed on {day}; {record}{unresolved}.");
        }
    }

    /// What the answers that stand come to, and how a command ends by it.
    fn conclude(&mut self) -> ExitCode {
        for contradiction in &self.members.contradictions {
            let _ = writeln!(self.words, "Contradiction: {contradiction}");
        }
        let shown = |digest: &String| self.shown.get(digest).copied();
        let stands = self.supply.standing_answers().filter_map(|answer| shown(&answer.attestation)).max();
        for challenge in self.supply.unanswered() {
            let _ = writeln!(self.words, "Not answered: `{}`", self.name(&challenge.entry.envelope));
        }
        let mut code = stands.map_or(ExitCode::Inconclusive, verify::exit_code);
        match stands {
            Some(stands) => {
                let _ = writeln!(self.words, "The answers that stand come to: {}", stands.word());
            }
            None => self.words.push_str("Nothing was answered yet about the deletion, so that nothing is shown about it.\n"),
        }
        self.members.stands = stands.map(Conclusion::word);
        if !self.members.contradictions.is_empty() {
            code = code.worst(ExitCode::VerificationFailed);
        }
        code
    }
}
