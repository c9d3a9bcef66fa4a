//! A bundle held against itself: six numbered checks (`docs/bundle.md` §5), all of them run, all faults listed. What the attestations say is judged elsewhere.

use crate::attestation::dsse::Envelope;
use crate::attestation::dsse::sha256;
use crate::attestation::receipt_v1::ReceiptV1;
use crate::attestation::statement::PredicateType;
use crate::bundle::BundleError;
use crate::bundle::Files;
use crate::bundle::layout;
use crate::bundle::layout::Kind;
use crate::bundle::layout::Paper;
use crate::finding::Phase;
use crate::ledger::Ledger;
use crate::ledger::Supply;
use crate::ledger::audit::Audit;
use crate::ledger::audit::Fault;
use crate::ledger::audit::FaultKind;
use crate::ledger::slice::SliceFiles;
use crate::manifest::statement::ManifestV1;
use crate::support::hex;
use crate::support::number;
use crate::support::progress::Cancel;
use crate::support::sanitize;
use crate::support::time;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

/// What each check is called.
const NAMES: [&str; 6] = [
    "files are those of SHA256SUMS",
    "the ledger's slice holds together",
    "documents are those that its lines name",
    "signatures and cards, and lines that say what was signed",
    "challenges and receipts name a state of this ledger",
    "time stamps are over these documents",
];

/// A bundle that was read.
#[derive(Debug)]
pub(crate) struct Bundle {
    files: Files,
    ledger: Ledger,
    slice: Vec<String>,
    withheld: u64,
    /// `None` where the slice does not show one supply, or a card of it cannot be used.
    papers: Option<Vec<Paper>>,
}

/// One check, with its result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Check {
    /// 1 to 6.
    pub(crate) number: u8,
    /// What it checks, in a few words.
    pub(crate) name: &'static str,
    /// How it went.
    pub(crate) status: Status,
}

/// How a check went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// What was looked at, in words.
    Passed(String),
    /// All that is wrong.
    Failed(Vec<String>),
    /// Why it could not run.
    NotRun(&'static str),
}

impl Bundle {
    /// Takes in files. What is wrong inside is for the checks; refused is only what is something else.
    pub(crate) fn open(files: Files) -> Result<Bundle, BundleError> {
        for name in [layout::SUMS, layout::LINES, layout::HEAD] {
            if !files.contains_key(name) {
                return Err(BundleError::NotABundle(name));
            }
        }
        let file = |name: &str| files.get(name).cloned();
        let slice = SliceFiles {
            lines: file(layout::LINES).unwrap_or_default(),
            head: file(layout::HEAD).unwrap_or_default(),
            pinned: file(layout::PINNED),
            known: file(layout::KNOWN),
        };
        let documents = files.values().map(|bytes| (hex::encode(&sha256(bytes)), bytes.clone())).collect();
        let (ledger, mut problems) = Ledger::open_slice(&slice, documents);
        let papers = match ledger.view().supplies() {
            [supply] => layout::papers(&ledger, supply).ok(),
            supplies => {
                problems.push(format!("it shows {} supplies, and not one", supplies.len()));
                None
            }
        };
        let withheld = slice.withheld();
        Ok(Bundle { files, ledger, slice: problems, withheld, papers })
    }

    /// The slice, read as a ledger.
    pub(crate) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The supply that it is about, where there is one.
    pub(crate) fn supply(&self) -> Option<&Supply> {
        self.ledger.view().supplies().first().filter(|_| self.papers.is_some())
    }

    /// The evidence.
    pub(crate) fn papers(&self) -> &[Paper] {
        self.papers.as_deref().unwrap_or_default()
    }

    /// All files.
    pub(crate) fn files(&self) -> &Files {
        &self.files
    }

    /// When the newest line that is shown was appended, as it says.
    pub(crate) fn newest(&self) -> Timestamp {
        let lines = self.files.get(layout::LINES).map(Vec::as_slice).unwrap_or_default();
        let time = |line: &[u8]| {
            let line: serde_json::Value = serde_json::from_slice(line).ok()?;
            line.get("at").and_then(serde_json::Value::as_str).and_then(time::parse)
        };
        lines.rsplit(|byte| *byte == b'\n').find_map(time).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// How many lines of the ledger are withheld.
    pub(crate) fn withheld(&self) -> u64 {
        self.withheld
    }

    /// Runs all checks. `None` where it was cancelled.
    pub(crate) fn checks(&self, cancel: &Cancel) -> Option<Vec<Check>> {
        const NO_SUPPLY: &str = "the slice does not show one supply with usable cards (B2, B4)";
        let audit = Audit::new(&self.ledger, None, cancel)?;
        let of = |kinds: &[FaultKind]| -> Vec<String> {
            let faults = audit.faults.iter().filter(|fault| kinds.contains(&fault.kind));
            faults.map(|fault: &Fault| fault.problem.clone()).collect()
        };
        let files = of_result(of_number(self.files.len() - 1, "file"), self.sums());
        let statuses = match self.supply() {
            None => {
                let cards = of(&[FaultKind::Card]);
                let cards = if cards.is_empty() { Status::NotRun(NO_SUPPLY) } else { Status::Failed(cards) };
                let slice = of_result(String::new(), self.slice.clone());
                [files, slice, Status::NotRun(NO_SUPPLY), cards, Status::NotRun(NO_SUPPLY), Status::NotRun(NO_SUPPLY)]
            }
            Some(supply) => {
                let lines = format!("{} lines, {} of them withheld", self.ledger.len(), self.withheld);
                let documents = self.papers().iter().filter(|paper| matches!(paper.kind, Kind::Document { .. })).count();
                let cards = self.papers().iter().filter(|paper| matches!(paper.kind, Kind::Card { .. })).count();
                let signatures =
                    [self.signatures(supply), of(&[FaultKind::Card, FaultKind::Signature]), self.agreement(supply)].concat();
                let (heads, carried) = self.heads(audit.clone(), supply);
                [
                    files,
                    of_result(lines, [self.slice.clone(), self.known(supply)].concat()),
                    of_result(of_number(documents, "document"), self.documents()),
                    of_result(format!("{} and {}", of_number(documents, "document"), of_number(cards, "card")), signatures),
                    of_result(of_number(carried, "document"), heads),
                    of_result(number::of(audit.stamps, "time stamp"), of(&[FaultKind::Stamp])),
                ]
            }
        };
        let checks = (1..).zip(NAMES).zip(statuses).map(|((number, name), status)| Check { number, name, status });
        Some(checks.collect())
    }

    /// B1: every file is listed with its digest, and every listed file is there.
    fn sums(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let text = self.files.get(layout::SUMS).map(|bytes| String::from_utf8_lossy(bytes)).unwrap_or_default();
        let mut listed = BTreeMap::new();
        for line in text.lines() {
            match line.split_once("  ") {
                Some((digest, name)) if hex::decode::<32>(digest).is_some() && !listed.contains_key(name) => {
                    listed.insert(name, digest);
                }
                _ => faults.push(format!("`SHA256SUMS` has a line that is none: `{}`", sanitize::clean(line))),
            }
        }
        if sums(&self.files).as_slice() != text.as_bytes() && faults.is_empty() {
            faults.extend(listed.iter().filter_map(|(name, digest)| match self.files.get(*name) {
                None => Some(format!("`{}` is missing", sanitize::clean(name))),
                Some(bytes) if hex::encode(&sha256(bytes)) != **digest => {
                    Some(format!("`{}` was altered", sanitize::clean(name)))
                }
                Some(_) => None,
            }));
            let unlisted = self.files.keys().filter(|name| *name != layout::SUMS && !listed.contains_key(name.as_str()));
            faults.extend(unlisted.map(|name| format!("`{}` is not listed", sanitize::clean(name))));
            if faults.is_empty() {
                faults.push("`SHA256SUMS` is not in the form in which it is written".to_owned());
            }
        }
        faults
    }

    /// Of B2: what is said in the place of the secrets is of this supply.
    fn known(&self, supply: &Supply) -> Vec<String> {
        let of = |phase: Phase| {
            let originator = supply.entry.originator.card().ok()?;
            // A statement that cannot be used is told with the documents.
            let manifest = self.ledger.statement::<ManifestV1>(supply.statement(phase), &originator).ok()?.predicate;
            self.ledger.known(supply, phase, &manifest).err().map(|error| error.to_string())
        };
        let mut faults: BTreeSet<String> = [Phase::Baseline, Phase::Deletion].into_iter().filter_map(of).collect();
        if supply.closing.is_some() && self.files.contains_key(layout::KNOWN) {
            faults
                .insert("it says what is known of seeds and controls, which was destroyed when the supply was closed".to_owned());
        }
        faults.into_iter().collect()
    }

    /// B3: each document stands at its place as it was, and nothing stands beside them.
    fn documents(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let places: BTreeMap<&str, &Paper> = self.papers().iter().map(|paper| (paper.name.as_str(), paper)).collect();
        for (name, paper) in &places {
            match self.files.get(*name) {
                None => faults.push(format!("`{name}` is missing")),
                Some(bytes) if hex::encode(&sha256(bytes)) != paper.sha256 => {
                    faults.push(format!("`{name}` is not what the ledger's lines name (SHA-256 {})", paper.sha256));
                }
                Some(_) => {}
            }
        }
        // At the top stand texts and pages, which are no evidence.
        let is_known = |name: &str| {
            !name.contains('/')
                || places.contains_key(name)
                || [layout::LINES, layout::HEAD, layout::PINNED, layout::KNOWN].contains(&name)
        };
        let others = self.files.keys().filter(|name| !is_known(name));
        faults.extend(others.map(|name| format!("no line of the ledger names `{}`", sanitize::clean(name))));
        faults
    }

    /// Of B4: the originator's documents. The others' are looked at with the ledger.
    fn signatures(&self, supply: &Supply) -> Vec<String> {
        let Ok(originator) = supply.entry.originator.card() else {
            return vec!["the originator's card cannot be used".to_owned()];
        };
        let mut faults = Vec::new();
        for document in self.ledger.named_documents().into_iter().filter(|document| document.is_ours) {
            // One that is missing is told already.
            let Ok(bytes) = self.ledger.document(&document.sha256) else { continue };
            if !Envelope::parse(&bytes).is_ok_and(|envelope| envelope.verify(&originator).is_ok()) {
                faults.push(format!("the {} `{}` is not signed by the originator's key", document.what, document.sha256));
            }
        }
        faults
    }

    /// Of B4: the lines of the supply and of what was received say what the originator signed. Where the next line is withheld, no digest holds them.
    fn agreement(&self, supply: &Supply) -> Vec<String> {
        let mut faults = Vec::new();
        let Ok(originator) = supply.entry.originator.card() else { return faults };
        let entry = &supply.entry;
        for digest in [&entry.baseline_statement, &entry.deletion_statement] {
            // What cannot be read is told already, or is no statement.
            let Ok(statement) = self.ledger.statement::<ManifestV1>(digest, &originator) else {
                faults.push(format!("the statement `{digest}` of a manifest cannot be read"));
                continue;
            };
            let manifest = &statement.predicate;
            let terms = &manifest.supply;
            let agrees = (&terms.supply_id, &terms.recipient_key, &terms.originator_key)
                == (&entry.supply_id, &entry.recipient.fingerprint, &entry.originator.fingerprint)
                && (&terms.delete_by, &terms.purpose, &terms.contract) == (&entry.delete_by, &entry.purpose, &entry.contract)
                && (&terms.lawful_basis, &terms.manner) == (&entry.lawful_basis, &entry.manner)
                && manifest.records == entry.records;
            if !agrees {
                faults.push(format!("the line of the supply says otherwise than the signed statement `{digest}`"));
            }
        }
        for challenge in &supply.challenges {
            for given in &challenge.acknowledgements {
                let Ok(statement) = self.ledger.statement::<ReceiptV1>(&given.envelope, &originator) else {
                    faults.push(format!("the receipt `{}` cannot be read", given.envelope));
                    continue;
                };
                let said = &statement.predicate;
                let mut entered = challenge.receipts.iter().filter(|receipt| receipt.attestation == given.attestation);
                let agrees = said.attestation_sha256 == given.attestation
                    && entered.next().is_some_and(|receipt| receipt.received_at == said.received_at);
                if !agrees {
                    faults.push(format!(
                        "the line of what was received says otherwise than the signed receipt `{}`",
                        given.envelope
                    ));
                }
            }
        }
        faults
    }

    /// B5: each challenge and receipt names a line of the ledger as the last one of its time, which came before its own, and how many were looked at.
    fn heads(&self, mut audit: Audit, supply: &Supply) -> (Vec<String>, usize) {
        audit.faults.clear();
        let mut faults = Vec::new();
        let mut carried = 0;
        for paper in self.papers() {
            let Some(envelope) = self.files.get(&paper.name).and_then(|bytes| Envelope::parse(bytes).ok()) else { continue };
            let kind = PredicateType::of(envelope.unverified_payload()).ok();
            if !matches!(kind, Some(PredicateType::Challenge | PredicateType::Receipt)) {
                continue;
            }
            carried += 1;
            let bytes = self.files.get(&paper.name).map(Vec::as_slice).unwrap_or_default();
            if let Err(error) = audit.compare(&self.ledger, &paper.name, bytes, &envelope) {
                faults.push(format!("`{}`: {error}", paper.name));
                continue;
            }
            let line = audit.carried.last().filter(|carried| carried.name == paper.name).and_then(|carried| carried.line);
            let Some(line) = line else { continue };
            let is_at_its_place = match kind {
                Some(PredicateType::Challenge) => {
                    let own = supply.challenges.iter().find(|challenge| challenge.entry.envelope == paper.sha256);
                    own.is_none_or(|own| line < own.place())
                }
                _ => supply.acknowledged_at(&paper.sha256).is_none_or(|received| line >= received),
            };
            if !is_at_its_place {
                faults.push(format!("`{}` was issued at another place of the ledger than its line says", paper.name));
            }
        }
        let told = audit.faults.into_iter().map(|fault| fault.problem);
        (told.chain(faults).collect(), carried)
    }
}

/// So many of something, in words.
fn of_number(number: usize, what: &str) -> String {
    number::of(number as u64, what)
}

fn of_result(looked_at: String, faults: Vec<String>) -> Status {
    if faults.is_empty() { Status::Passed(looked_at) } else { Status::Failed(faults) }
}

/// The file of digests over all other files.
pub(crate) fn sums(files: &Files) -> Vec<u8> {
    let listed = files.iter().filter(|(name, _)| *name != layout::SUMS);
    let lines = listed.map(|(name, bytes)| format!("{}  {name}\n", hex::encode(&sha256(bytes))));
    lines.collect::<String>().into_bytes()
}
