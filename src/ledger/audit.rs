//! Everything in a ledger's folder looked at, and all that is wrong with it.
//!
//! A command that works with a ledger verifies its chain, and each document when it opens it. Here all of it is looked at, and the first fault
//! hides none of the others. Our own documents are held against the digests in the lines that name them, which is all that our own key could
//! say of them; what the recipients signed is held against their pinned keys, too.
//!
//! What nobody can see from within is a ledger that was written anew from some line on, `head` and all. It shows in what left the house:
//! [`Audit::compare`] takes challenges and receipts, each of which names the last line of its time.

mod manifest;
mod stamp;

use crate::attestation::dsse::Envelope;
use crate::attestation::dsse::sha256;
use crate::attestation::key::Card;
use crate::attestation::predicate_v1::ChallengeV1;
use crate::attestation::receipt_v1::ReceiptV1;
use crate::attestation::statement::Predicate;
use crate::attestation::statement::PredicateType;
use crate::attestation::statement::Statement;
use crate::attestation::statement::StatementError;
use crate::ledger::Ledger;
use crate::ledger::LedgerError;
use crate::ledger::LedgerView;
use crate::ledger::Supply;
use crate::ledger::entry::PinnedCard;
use crate::ledger::entry::RepairEntry;
use crate::ledger::kept_manifest;
use crate::ledger::reference;
use crate::ledger::seed;
use crate::ledger::stamp as kept_stamp;
use crate::ledger::store::secrets_name;
use crate::support::hex;
use crate::support::number;
use crate::support::progress::Cancel;
use crate::support::sanitize;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::collections::HashSet;
use std::fs;
use std::io;

/// How many names of a kind a note has.
const MOST_NAMES: usize = 3;

/// What an onward recipient signed, perhaps with a key that is not pinned.
const ONWARD: &str = "onward recipient's attestation";

const OF_A_BACKUP: &str = "restore the ledger from a backup, and find out who changed it";

/// What was looked at, and what is wrong with it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Audit {
    /// Lines that hold together.
    pub(crate) lines: u64,
    /// The SHA-256 of the last of them.
    pub(crate) head: String,
    /// Supplies in them.
    pub(crate) supplies: u64,
    /// Documents that they name.
    pub(crate) documents: u64,
    /// Those among them that a recipient signed.
    pub(crate) signed: u64,
    /// Files of secrets that they need.
    pub(crate) secrets: u64,
    /// Copies of manifests that they name.
    pub(crate) manifests: u64,
    /// Time stamps that they name.
    pub(crate) stamps: u64,
    /// Whether it is a copy without secrets.
    pub(crate) is_exported: bool,
    /// What is wrong: the lines first, then documents and secrets in the order of the supplies.
    pub(crate) faults: Vec<Fault>,
    /// What is not wrong, and worth knowing.
    pub(crate) notes: Vec<String>,
    /// Challenges and receipts that came back from outside.
    pub(crate) carried: Vec<Carried>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Of what sort it is.
    pub(crate) kind: FaultKind,
    /// What.
    pub(crate) problem: String,
    /// What a person may do about it.
    pub(crate) help: String,
}

/// A sort of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FaultKind {
    /// The lines or their head.
    Lines,
    /// A recipient's pinned card.
    Card,
    /// A document is missing, or not what it was.
    Document,
    /// A document is not signed by the key that is pinned.
    Signature,
    /// Secrets are missing or damaged, or others can read them.
    Secrets,
    /// What a repair has cut off was not kept.
    Kept,
    /// The copy of a manifest is missing or altered, or others can read it.
    Manifest,
    /// A time stamp is missing, altered, or over something else.
    Stamp,
    /// A challenge or a receipt that left the house does not fit.
    Carried,
    /// Something is there and could not be read, so that nothing can be said of it.
    Unseen,
}

impl FaultKind {
    /// The word that programs are told.
    pub(crate) fn word(self) -> &'static str {
        match self {
            FaultKind::Lines => "lines",
            FaultKind::Card => "card",
            FaultKind::Document => "document",
            FaultKind::Signature => "signature",
            FaultKind::Secrets => "secrets",
            FaultKind::Kept => "kept",
            FaultKind::Manifest => "manifest",
            FaultKind::Stamp => "stamp",
            FaultKind::Carried => "carried",
            FaultKind::Unseen => "unseen",
        }
    }
}

/// A challenge or a receipt that came back from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Carried {
    /// Its file.
    pub(crate) name: String,
    /// The line that was the last one when it was issued, counted from 1, and 0 before the first; `None` where there is no such line.
    pub(crate) line: Option<u64>,
}

/// A document that a line names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Document<'a> {
    /// In words.
    pub(super) what: &'static str,
    /// `None` where it is of no single one.
    pub(super) supply_id: Option<&'a str>,
    /// Its digest.
    pub(super) sha256: &'a str,
    /// The fingerprint of the recipient's key that signed it; `None` where it is our own, or signed by a key that is not pinned.
    signer: Option<&'a str>,
}

impl Document<'_> {
    /// Whether the originator signed it.
    pub(super) fn is_ours(&self) -> bool {
        self.signer.is_none() && self.what != ONWARD
    }

    /// It in words.
    fn named(&self, ledger: &Ledger) -> String {
        let of_supply = self.supply_id.map(|id| format!(" of supply {}", ledger.view().short_id(id)));
        format!("the {} `{}`{}", self.what, self.sha256, of_supply.unwrap_or_default())
    }
}

/// All documents that lines name, in the order of the supplies; one may be there several times.
pub(super) fn documents(view: &LedgerView) -> Vec<Document<'_>> {
    let rotations = view.rotations.iter().map(|(sha256, signer)| Document {
        what: "rotation",
        supply_id: None,
        sha256,
        signer: Some(signer),
    });
    view.supplies().iter().flat_map(documents_of).chain(rotations).collect()
}

/// The documents of one supply.
pub(super) fn documents_of(supply: &Supply) -> Vec<Document<'_>> {
    let entry = &supply.entry;
    let document = |what, sha256, signer| Document { what, supply_id: Some(&entry.supply_id), sha256, signer };
    let mut documents = vec![
        document("baseline manifest's statement", &entry.baseline_statement, None),
        document("deletion manifest's statement", &entry.deletion_statement, None),
    ];
    for challenge in &supply.challenges {
        documents.push(document("challenge", &challenge.entry.envelope, None));
        for receipt in &challenge.receipts {
            documents.push(document("attestation", &receipt.attestation, Some(supply.signer(receipt))));
        }
    }
    for approval in supply.challenges.iter().flat_map(|challenge| &challenge.approvals) {
        documents.push(document("countersignature of an attestation", &approval.envelope, Some(&approval.key)));
    }
    for given in supply.challenges.iter().flat_map(|challenge| &challenge.acknowledgements) {
        documents.push(document("receipt", &given.envelope, None));
    }
    for confirmed in &supply.countersignatures {
        documents.push(document("confirmation", &confirmed.envelope, Some(&confirmed.key)));
    }
    for record in &supply.destructions {
        documents.push(document("record of destruction", &record.envelope, Some(&record.key)));
    }
    if let Some(closed) = &supply.closed {
        documents.push(document("own record of destruction", &closed.record, None));
    }
    for entry in &supply.onward {
        documents.push(document(ONWARD, &entry.attestation, entry.key.as_deref()));
    }
    documents
}

/// The recipients' and their officers' keys, each read once, by fingerprint. `None` for those that are none.
type Cards<'a> = BTreeMap<&'a str, Option<Card>>;

impl Audit {
    /// Looks at everything of a ledger that was opened as it is, with this fault. `None` where it was cancelled.
    pub(crate) fn new(ledger: &Ledger, fault: Option<&LedgerError>, cancel: &Cancel) -> Option<Audit> {
        let view = ledger.view();
        let mut audit = Audit {
            lines: ledger.len(),
            head: ledger.head().to_owned(),
            supplies: view.supplies().len() as u64,
            is_exported: ledger.is_exported(),
            ..Audit::default()
        };
        audit.faults.extend(fault.map(of_lines));
        let pinned: Vec<&PinnedCard> =
            view.recipients().into_iter().chain(view.parties().officers().map(|officer| &officer.pinned)).collect();
        let cards: Cards<'_> = pinned.par_iter().map(|card| (card.fingerprint.as_str(), card.card().ok())).collect();
        for card in pinned.into_iter().filter(|card| cards.get(card.fingerprint.as_str()).is_some_and(Option::is_none)) {
            audit.faults.push(of_card(card));
        }
        let mut documents = documents(view);
        let mut known = HashSet::with_capacity(documents.len());
        documents.retain(|document| known.insert((document.sha256, document.signer)));
        audit.documents = documents.len() as u64;
        audit.signed = documents.iter().filter(|document| document.signer.is_some()).count() as u64;
        let check = |document| if cancel.is_cancelled() { None } else { check_document(ledger, &cards, document) };
        audit.faults.par_extend(documents.par_iter().filter_map(check));
        if ledger.slice.is_some() {
            // A slice has neither secrets nor a folder.
            let (stamps, faults) = stamp::check(ledger, cancel);
            audit.stamps = stamps;
            audit.faults.extend(faults);
            return (!cancel.is_cancelled()).then_some(audit);
        }
        let supplies: Vec<(u64, Vec<Fault>)> =
            view.supplies().par_iter().map(|supply| check_secrets(ledger, supply, audit.is_exported)).collect();
        for (files, faults) in supplies {
            audit.secrets += files;
            audit.faults.extend(faults);
        }
        let (manifests, faults) = manifest::check(ledger, cancel);
        audit.manifests = manifests;
        audit.faults.extend(faults);
        let (stamps, faults) = stamp::check(ledger, cancel);
        audit.stamps = stamps;
        audit.faults.extend(faults);
        audit.faults.extend(view.repairs().iter().filter_map(|repair| check_kept(ledger, repair)));
        // Behind a fault of the lines there may be some that name what seems to be named by none.
        if fault.is_none() {
            audit.notes = notes(ledger, &known.into_iter().map(|(sha256, _)| sha256).collect());
        }
        (!cancel.is_cancelled()).then_some(audit)
    }

    /// Holds a challenge or a receipt that left the house against the lines. An error is the file's, which is neither.
    pub(crate) fn compare(
        &mut self,
        ledger: &Ledger,
        name: &str,
        bytes: &[u8],
        envelope: &Envelope,
    ) -> Result<(), StatementError> {
        let found = PredicateType::of(envelope.unverified_payload())?;
        if !matches!(found, PredicateType::Challenge | PredicateType::Receipt) {
            return Err(StatementError::OtherKind { found, wanted: ChallengeV1::TYPE });
        }
        let shown = sanitize::clean(name);
        let mut originators: BTreeMap<&str, &PinnedCard> = BTreeMap::new();
        for supply in ledger.view().supplies() {
            originators.entry(&supply.entry.originator.fingerprint).or_insert(&supply.entry.originator);
        }
        let cards: Vec<Card> = originators.into_values().filter_map(|card| card.card().ok()).collect();
        let Some(verified) = cards.iter().find_map(|card| envelope.verify(card).ok()) else {
            self.carry(name, None, format!("`{shown}` is not signed by the originator of any supply of this ledger"));
            return Ok(());
        };
        let digest = hex::encode(&sha256(bytes));
        // Its line, if there is one: whether that names these bytes.
        let (head, entries, own) = if found == PredicateType::Receipt {
            let receipt: ReceiptV1 = Statement::open(verified)?.predicate;
            let challenge = ledger.view().challenge(&receipt.challenge_id);
            let mut given = challenge.iter().flat_map(|(_, challenge)| &challenge.acknowledgements);
            let own = given.any(|given| given.envelope == digest).then_some(true);
            (receipt.ledger_head, Some(receipt.ledger_entries), own)
        } else {
            let challenge: ChallengeV1 = Statement::open(verified)?.predicate;
            let known = ledger.view().challenge(&challenge.challenge_id);
            (challenge.ledger_head, None, known.map(|(_, known)| known.entry.envelope == digest))
        };
        let Some(line) = ledger.line_of(&head) else {
            let problem = format!("`{shown}` was issued when the ledger ended with a line that it does not have");
            self.carry(name, None, problem);
            return Ok(());
        };
        match own {
            _ if entries.is_some_and(|entries| entries != line) => {
                let problem = format!("`{shown}` counts other lines than the {line} at whose end it was issued");
                self.carry(name, Some(line), problem);
            }
            Some(false) => {
                self.carry(name, Some(line), format!("`{shown}` is another document than the {found} of its id in the ledger"));
            }
            // Where the lines are not read to their end, its own may follow.
            None if self.faults.iter().all(|fault| fault.kind != FaultKind::Lines) => {
                self.faults.push(Fault {
                    kind: FaultKind::Carried,
                    problem: format!("`{shown}` was issued after line {line}, and has no line itself"),
                    help: format!(
                        "if the command that issued it was stopped before its end, issue another; if it was not, lines were removed: {OF_A_BACKUP}"
                    ),
                });
                self.carried.push(Carried { name: name.to_owned(), line: Some(line) });
            }
            _ => self.carried.push(Carried { name: name.to_owned(), line: Some(line) }),
        }
        Ok(())
    }

    fn carry(&mut self, name: &str, line: Option<u64>, problem: String) {
        let help = format!("if it was issued from this ledger, lines were removed or altered: {OF_A_BACKUP}");
        self.faults.push(Fault { kind: FaultKind::Carried, problem, help });
        self.carried.push(Carried { name: name.to_owned(), line });
    }

    /// Whether something could not be looked at.
    pub(crate) fn has_unseen(&self) -> bool {
        self.faults.iter().any(|fault| fault.kind == FaultKind::Unseen)
    }
}

fn of_lines(fault: &LedgerError) -> Fault {
    match fault {
        LedgerError::File { path, source } if source.kind() == io::ErrorKind::NotFound => Fault {
            kind: FaultKind::Lines,
            problem: format!("`{}` is missing", sanitize::clean(&path.to_string_lossy())),
            help: OF_A_BACKUP.to_owned(),
        },
        LedgerError::File { path, source } => unseen(&path.to_string_lossy(), source),
        _ => Fault { kind: FaultKind::Lines, problem: fault.to_string(), help: fault.help().unwrap_or(OF_A_BACKUP).to_owned() },
    }
}

fn of_card(card: &PinnedCard) -> Fault {
    let (name, key) = (sanitize::clean(&card.name), sanitize::clean(&card.fingerprint));
    let problem = format!("the card of `{name}` with the key `{key}` cannot be used");
    Fault { kind: FaultKind::Card, problem, help: OF_A_BACKUP.to_owned() }
}

fn unseen(name: &str, source: &io::Error) -> Fault {
    Fault {
        kind: FaultKind::Unseen,
        problem: format!("`{}` could not be read: {source}", sanitize::clean(name)),
        help: "use an account that may read it, and see to the disk; then verify again".to_owned(),
    }
}

/// What is wrong with a document.
fn check_document(ledger: &Ledger, cards: &Cards<'_>, document: &Document<'_>) -> Option<Fault> {
    let Document { what, sha256: digest, signer, .. } = document;
    let fault = |kind, problem: &str| {
        let problem = format!("{} {problem}", document.named(ledger));
        let other =
            if signer.is_some() || *what == ONWARD { "the copy of the recipient" } else { "the copy that you handed out" };
        let help =
            format!("restore `envelopes/{digest}.json` from a backup of the ledger, or from {other}: its SHA-256 is its name");
        Some(Fault { kind, problem, help })
    };
    let bytes = match ledger.read_document(digest) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return fault(FaultKind::Document, "is missing"),
        // Of our own making: what stands there is no file.
        Err(error) if error.kind() == io::ErrorKind::Other => return fault(FaultKind::Document, "is no regular file"),
        Err(error) => return Some(unseen(&format!("envelopes/{digest}.json"), &error)),
    };
    if hex::encode(&sha256(&bytes)) != *digest {
        return fault(FaultKind::Document, "was altered");
    }
    // A key that is none was told already; one that no line pins is another fault.
    let card = match cards.get((*signer)?) {
        Some(card) => card.as_ref()?,
        None => return Some(of_signature(ledger, document)),
    };
    let is_signed = Envelope::parse(&bytes).is_ok_and(|envelope| envelope.verify(card).is_ok());
    (!is_signed).then(|| of_signature(ledger, document))
}

fn of_signature(ledger: &Ledger, document: &Document<'_>) -> Fault {
    let key = sanitize::clean(document.signer.unwrap_or_default());
    let problem = format!("{} is not signed by the key `{key}`, as its line says", document.named(ledger));
    // It is what its line says, so that both were written so.
    Fault { kind: FaultKind::Signature, problem, help: OF_A_BACKUP.to_owned() }
}

/// How many files of secrets a supply has, and what is wrong with them.
fn check_secrets(ledger: &Ledger, supply: &Supply, is_exported: bool) -> (u64, Vec<Fault>) {
    let id = &supply.entry.supply_id;
    let mut faults = Vec::new();
    // Between the two lines of its end secrets may be there or not.
    if supply.closed.is_some() {
        return (0, ledger.surviving_secrets(&supply.entry).iter().map(|name| outlived(ledger, id, name)).collect());
    }
    if supply.closing.is_some() {
        return (0, faults);
    }
    let mut files = 0;
    let mut take = |what: &str, read: Result<(), LedgerError>| match read {
        Err(LedgerError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound && is_exported => {}
        read => {
            files += 1;
            faults.extend(read.err().map(|error| of_secrets(ledger, id, what, &error)));
        }
    };
    // What cannot be opened is looked at from the outside.
    let is_locked = ledger.is_locked();
    let outside = |name: String| ledger.look_at_private(&name);
    take("salts", if is_locked { outside(secrets_name(id)) } else { ledger.secrets(id).map(drop) });
    if supply.entry.seeds > 0 {
        take("seeds", if is_locked { outside(seed::file_name(id)) } else { ledger.seeds(id).map(drop) });
    }
    if supply.entry.has_references {
        take("references", if is_locked { outside(reference::file_name(id)) } else { ledger.references(id).map(drop) });
    }
    (files, faults)
}

/// Secrets that should be destroyed are there: a copy of the ledger was put back, most likely.
fn outlived(ledger: &Ledger, supply_id: &str, name: &str) -> Fault {
    Fault {
        kind: FaultKind::Secrets,
        problem: format!("supply {} is closed, and `{name}` is still there", ledger.view().short_id(supply_id)),
        help: "remove the file; then find out who put it back, and whether there are further copies".to_owned(),
    }
}

fn of_secrets(ledger: &Ledger, supply_id: &str, what: &str, error: &LedgerError) -> Fault {
    let of_supply = format!("of supply {}", ledger.view().short_id(supply_id));
    match error {
        LedgerError::File { source, .. } if source.kind() == io::ErrorKind::NotFound => Fault {
            kind: FaultKind::Secrets,
            problem: format!("the {what} {of_supply} are missing"),
            help: format!(
                "restore the files of `{supply_id}` in `secrets` from a backup; without them nothing further can be asked of this supply"
            ),
        },
        LedgerError::File { path, source } => unseen(&path.to_string_lossy(), source),
        _ => Fault {
            kind: FaultKind::Secrets,
            problem: format!("the {what} {of_supply}: {error}"),
            help: error.help().unwrap_or(OF_A_BACKUP).to_owned(),
        },
    }
}

fn check_kept(ledger: &Ledger, repair: &RepairEntry) -> Option<Fault> {
    let name = repair.kept();
    let problem = match fs::read(ledger.path(&name)) {
        Ok(bytes) if hex::encode(&sha256(&bytes)) == repair.sha256 => return None,
        Ok(_) => "was altered",
        Err(error) if error.kind() == io::ErrorKind::NotFound => "is missing",
        Err(error) => return Some(unseen(&name, &error)),
    };
    Some(Fault {
        kind: FaultKind::Kept,
        problem: format!("`{name}`, which was cut off the end of the lines, {problem}"),
        help: "restore the file from a backup of the ledger".to_owned(),
    })
}

/// What stands in the folder besides what lines name, and what was done to it.
fn notes(ledger: &Ledger, named: &HashSet<&str>) -> Vec<String> {
    let mut notes = Vec::new();
    for repair in ledger.view().repairs() {
        notes.push(format!(
            "line {} was cut short once; the {} of it are kept in `{}`",
            repair.line,
            number::of(repair.bytes, "byte"),
            repair.kept()
        ));
    }
    for repaired in ledger.repairs_without_line().unwrap_or_default() {
        let kept = repaired.entry.kept();
        notes.push(format!(
            "`{kept}` was cut off the end of the lines, and no line says so; `residua ledger repair` ends what was begun"
        ));
    }
    let is_named = |name: &str| name.strip_suffix(".json").is_some_and(|digest| named.contains(digest));
    let is_of_supply =
        |name: &str| name.split('.').next().is_some_and(|id| hex::decode::<16>(id).is_none() || ledger.view().supply(id).is_ok());
    let kept = manifest::named(ledger);
    let stamps: HashSet<&str> = ledger.view().stamps().map(|entry| entry.stamp.as_str()).collect();
    let folders = [
        ("envelopes", others(ledger, "envelopes", is_named)),
        ("secrets", others(ledger, "secrets", is_of_supply)),
        (
            kept_manifest::FOLDER,
            others(ledger, kept_manifest::FOLDER, |name| {
                name.strip_suffix(kept_manifest::ENDING).is_some_and(|digest| kept.contains(digest))
            }),
        ),
        (
            kept_stamp::FOLDER,
            others(ledger, kept_stamp::FOLDER, |name| {
                name.strip_suffix(kept_stamp::ENDING).is_some_and(|digest| stamps.contains(digest))
            }),
        ),
    ];
    for (folder, names) in folders {
        if !names.is_empty() {
            let listed: Vec<String> = names.iter().take(MOST_NAMES).map(|name| format!("`{}`", sanitize::clean(name))).collect();
            notes.push(format!(
                "no line names {} in `{folder}`: {}{}; a command that did not finish leaves such files, and so does whoever removes lines",
                number::of(names.len() as u64, "file"),
                listed.join(", "),
                if names.len() > MOST_NAMES { " and more" } else { "" }
            ));
        }
    }
    if ledger.is_locked() {
        notes.push(
            "the secrets are under a passphrase, which was not given: that they are there was looked at, and not what is in them"
                .to_owned(),
        );
    }
    if ledger.is_exported() {
        notes.push("this is an export: the secrets are not in it, and were not looked at".to_owned());
    }
    notes
}

/// The names in a folder of the ledger that are not known, sorted.
fn others(ledger: &Ledger, folder: &str, is_known: impl Fn(&str) -> bool) -> Vec<String> {
    let files = fs::read_dir(ledger.path(folder)).into_iter().flatten().flatten();
    let mut names: Vec<String> = files.map(|file| file.file_name().to_string_lossy().into_owned()).collect();
    names.retain(|name| !is_known(name));
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attestation::key::SigningKey;
    use crate::finding::Phase;
    use crate::finding::declaration::Policy;
    use crate::ledger::entry::Basis;
    use crate::ledger::entry::Conclusion;
    use crate::ledger::entry::Entry;
    use crate::ledger::entry::ReceiptEntry;
    use crate::ledger::entry::RecipientEntry;
    use crate::ledger::fixture::Originator;
    use crate::ledger::fixture::at;
    use crate::ledger::fixture::seeds;

    const NOW: &str = "2017-05-08T09:00:00Z";

    fn kinds(ledger: &Ledger, fault: Option<&LedgerError>) -> Vec<FaultKind> {
        let audit = Audit::new(ledger, fault, &Cancel::default()).unwrap();
        assert!(audit.faults.iter().all(|fault| !fault.help.is_empty()));
        audit.faults.into_iter().map(|fault| fault.kind).collect()
    }

    /// Enters an attestation signed by a key, whatever it says.
    fn receive(originator: &mut Originator, supply_id: &str, key: &SigningKey) {
        receive_as(originator, supply_id, key, None);
    }

    fn receive_as(originator: &mut Originator, supply_id: &str, key: &SigningKey, signer: Option<&str>) {
        let challenge = originator.ledger.view().supply(supply_id).unwrap().challenges.last().unwrap().entry.clone();
        let envelope = Envelope::sign(format!("{{\"by\":\"{}\"}}", key.name()).into_bytes(), key).to_json();
        let receipt = ReceiptEntry {
            supply_id: supply_id.to_owned(),
            challenge_id: challenge.challenge_id,
            phase: challenge.phase,
            attestation: hex::encode(&sha256(&envelope)),
            received_at: NOW.to_owned(),
            verdict: "present".to_owned(),
            appraisal: Conclusion::Failed,
            reasons: Vec::new(),
            exceptions: Vec::new(),
            onward: Vec::new(),
            signer: signer.map(str::to_owned),
        };
        originator.ledger.add_receipt(at(NOW), receipt, &envelope).unwrap();
    }

    #[test]
    fn a_signature_by_another_key_is_found() {
        let mut originator = Originator::new();
        let card = originator.recipient.card();
        let supply = originator.supply_with(&card, Some(&seeds()));
        originator.challenge(&supply, Phase::Baseline, NOW, Policy::default());
        let own = SigningKey::generate("Party", &[2; 32]).unwrap();
        receive(&mut originator, &supply, &own);
        let audit = Audit::new(&originator.ledger, None, &Cancel::default()).unwrap();
        assert_eq!((audit.lines, audit.supplies, audit.documents, audit.signed, audit.secrets), (3, 1, 4, 1, 2));
        assert!(audit.faults.is_empty() && audit.notes.is_empty());
        // Somebody else's, another recipient's of the same ledger, and no envelope at all.
        receive(&mut originator, &supply, &SigningKey::generate("Other", &[9; 32]).unwrap());
        assert_eq!(kinds(&originator.ledger, None), [FaultKind::Signature]);
        let third = SigningKey::generate("Third", &[3; 32]).unwrap();
        originator.supply(&third.card());
        receive(&mut originator, &supply, &third);
        assert_eq!(kinds(&originator.ledger, None), [FaultKind::Signature, FaultKind::Signature]);
    }

    #[test]
    fn a_key_that_took_the_place_of_another_signs_too() {
        let mut originator = Originator::new();
        let card = originator.recipient.card();
        let supply = originator.supply(&card);
        originator.challenge(&supply, Phase::Baseline, NOW, Policy::default());
        let [old, new] = [[2; 32], [7; 32]].map(|seed| SigningKey::generate("Party", &seed).unwrap());
        receive(&mut originator, &supply, &old);
        let rotate = |originator: &mut Originator, by: &SigningKey, replaces: &Card, card: &Card| {
            let envelope = Envelope::sign(b"{\"a\":\"rotation\"}".to_vec(), by).to_json();
            let statement = originator.ledger.keep_document(&envelope).unwrap();
            let entry = RecipientEntry {
                card: PinnedCard::new(card),
                replaces: Some(replaces.fingerprint().to_owned()),
                since: NOW.to_owned(),
                basis: Basis::Rotation,
                statement: Some(statement.clone()),
            };
            originator.ledger.append(at(NOW), Entry::Recipient(Box::new(entry))).unwrap();
            statement
        };
        let statement = rotate(&mut originator, &old, &card, &new.card());
        receive_as(&mut originator, &supply, &new, Some(new.card().fingerprint()));
        let audit = Audit::new(&originator.ledger, None, &Cancel::default()).unwrap();
        assert_eq!((audit.documents, audit.signed, audit.faults.len(), audit.notes.len()), (6, 3, 0, 0));
        // It was the old key that had to sign.
        rotate(&mut originator, &old, &new.card(), &SigningKey::generate("Party", &[8; 32]).unwrap().card());
        assert_eq!(kinds(&originator.ledger, None), [FaultKind::Signature]);
        fs::remove_file(originator.ledger.folder().join(format!("envelopes/{statement}.json"))).unwrap();
        assert_eq!(kinds(&originator.ledger, None), [FaultKind::Document, FaultKind::Document]);
    }

    #[test]
    fn secrets_that_are_needed_are_missed() {
        let mut originator = Originator::new();
        let card = originator.recipient.card();
        let (with, without) = (originator.supply_with(&card, Some(&seeds())), originator.supply(&card));
        let path = |name: String| originator.ledger.folder().join("secrets").join(name);
        fs::remove_file(path(format!("{with}.seeds.json"))).unwrap();
        fs::write(path(format!("{without}.json")), "{}").unwrap();
        assert_eq!(kinds(&originator.ledger, None), [FaultKind::Secrets, FaultKind::Secrets]);
        // A copy has none; what is there is looked at all the same.
        fs::write(originator.ledger.folder().join("exported"), "").unwrap();
        assert_eq!(kinds(&originator.ledger, None), [FaultKind::Secrets]);
    }

    #[test]
    fn what_cannot_be_read_is_not_said_to_be_wrong() {
        let mut originator = Originator::new();
        let card = originator.recipient.card();
        originator.supply(&card);
        let fault = |kind: io::ErrorKind| LedgerError::File { path: "ledger/head".into(), source: kind.into() };
        assert_eq!(kinds(&originator.ledger, Some(&fault(io::ErrorKind::NotFound))), [FaultKind::Lines]);
        assert_eq!(kinds(&originator.ledger, Some(&fault(io::ErrorKind::PermissionDenied))), [FaultKind::Unseen]);
        let cancel = Cancel::default();
        cancel.cancel();
        assert!(Audit::new(&originator.ledger, None, &cancel).is_none());
    }

    #[test]
    fn a_card_that_is_none_is_told_once() {
        let mut originator = Originator::new();
        let card = originator.recipient.card();
        let supply = originator.supply(&card);
        originator.challenge(&supply, Phase::Baseline, NOW, Policy::default());
        let own = SigningKey::generate("Party", &[2; 32]).unwrap();
        receive(&mut originator, &supply, &own);
        let path = originator.ledger.folder().join("ledger.jsonl");
        let text = fs::read_to_string(&path).unwrap();
        let pinned = originator.ledger.view().supplies()[0].entry.recipient.age_recipient.clone();
        fs::write(&path, text.replacen(&pinned, "age1", 1)).unwrap();
        let (ledger, fault) = Ledger::open_as_is(originator.ledger.folder()).unwrap();
        assert_eq!(kinds(&ledger, fault.as_ref()), [FaultKind::Lines, FaultKind::Card]);
    }
}
