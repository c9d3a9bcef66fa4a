//! The ledger's folder: its chain of lines, the documents and the secrets.
//!
//! Writers take the lock, read what others appended since, and only then append, so that two processes never fork the chain. A line counts once
//! it and its line feed are on the disk; then `head` is replaced. Between the two a machine may fail, so one line more than `head` knows is
//! sound, and fewer lines mean that some were taken away. It never becomes two: where `head` lags, it is replaced before another line is
//! appended. Whoever rewrites the folder as a whole is not found out here, but by the challenges, which carry the ledger's head out of the house.

mod chain;
mod export;
pub(crate) mod repair;

use crate::attestation::dsse::Envelope;
use crate::attestation::dsse::sha256;
use crate::attestation::key::Card;
use crate::attestation::predicate_v1::AttestationV1;
use crate::attestation::statement::Predicate;
use crate::attestation::statement::Statement;
use crate::ledger::LedgerError;
use crate::ledger::LedgerView;
use crate::ledger::Supply;
use crate::ledger::closing;
use crate::ledger::entry::CountersignatureEntry;
use crate::ledger::entry::Entry;
use crate::ledger::entry::Line;
use crate::ledger::entry::OnwardEntry;
use crate::ledger::entry::PinnedCard;
use crate::ledger::entry::ReceiptEntry;
use crate::ledger::entry::SupplyEntry;
use crate::ledger::seed::Roster;
use crate::ledger::slice::Slice;
use crate::ledger::store::chain::Chain;
use crate::ledger::store::chain::Fault;
use crate::ledger::vault::Vault;
use crate::manifest::statement::ManifestV1;
use crate::manifest::statement::PhaseGroup;
use crate::support::atomic_file;
use crate::support::atomic_file::Access;
use crate::support::atomic_file::Existing;
use crate::support::hex;
use crate::support::sanitize;
use crate::support::secret::Secret;
use crate::support::time;
use jiff::Timestamp;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use zeroize::Zeroize;
use zeroize::ZeroizeOnDrop;
use zeroize::Zeroizing;

/// The longest file of secrets that is read, in bytes; ours have some 400.
const LONGEST_SECRETS: usize = 4096;

/// What the ledger keeps of a supply for its owner's eyes alone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Private<'a> {
    /// The salts and shuffle keys.
    pub(crate) secrets: &'a Secrets,
    /// The invented people, where there are some.
    pub(crate) seeds: Option<&'a Roster>,
    /// By what the originator knows each record, where that is to be kept.
    pub(crate) references: Option<&'a [String]>,
    /// The baseline manifest as it was just written, where a copy is to be kept.
    pub(crate) manifest: Option<&'a Path>,
}

/// The salts and shuffle keys of one supply. They never leave the ledger, except sealed in a challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Secrets {
    /// The salt of the baseline manifest.
    pub(crate) baseline_salt: Secret,
    /// The salt of the deletion manifest.
    pub(crate) deletion_salt: Secret,
    /// The key by which the baseline manifest's ordinals were shuffled.
    pub(crate) baseline_shuffle: Secret,
    /// The key by which the deletion manifest's ordinals were shuffled.
    pub(crate) deletion_shuffle: Secret,
}

impl Secrets {
    /// The salt of the manifest of a phase group.
    pub(crate) fn salt(&self, group: PhaseGroup) -> &Secret {
        match group {
            PhaseGroup::Baseline => &self.baseline_salt,
            PhaseGroup::Deletion => &self.deletion_salt,
        }
    }

    /// The key of the shuffle of the manifest of a phase group.
    pub(crate) fn shuffle(&self, group: PhaseGroup) -> &Secret {
        match group {
            PhaseGroup::Baseline => &self.baseline_shuffle,
            PhaseGroup::Deletion => &self.deletion_shuffle,
        }
    }
}

/// Secrets as they stand in their file.
#[derive(Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SecretsJson {
    baseline_salt: String,
    deletion_salt: String,
    baseline_shuffle: String,
    deletion_shuffle: String,
}

/// A ledger that was read. [`Ledger::open`] has found it whole.
#[derive(Debug)]
pub(crate) struct Ledger {
    folder: PathBuf,
    view: LedgerView,
    chain: Chain,
    pub(super) vault: Vault,
    /// What stands in the place of the folder, where this was opened from a bundle. Nothing is looked for in a folder then.
    pub(super) slice: Option<Slice>,
}

impl Ledger {
    /// Opens the ledger of a folder and verifies every line.
    pub(crate) fn open(folder: &Path) -> Result<Ledger, LedgerError> {
        match Ledger::open_as_is(folder)? {
            (ledger, None) => Ok(ledger),
            (_, Some(fault)) => Err(fault),
        }
    }

    /// Opens the ledger of a folder as far as it is sound, and says what is wrong with the rest. Only for those whose work is the fault: what
    /// the lines add up to is not to be believed where there is one, and nothing can be appended.
    pub(crate) fn open_as_is(folder: &Path) -> Result<(Ledger, Option<LedgerError>), LedgerError> {
        let mut ledger = Ledger::new(folder);
        if !ledger.lines_path().is_file() {
            return Err(LedgerError::Missing { folder: folder.to_owned() });
        }
        // A reader must not see half of what a writer appends. Where the lock file cannot be opened, nobody can be writing either.
        let lock = File::open(ledger.path("lock")).ok();
        if let Some(lock) = &lock {
            lock.lock_shared().map_err(|source| ledger.file_error("lock", source))?;
        }
        let fault = ledger.read_further().err();
        Ok((ledger, fault))
    }

    /// Opens the ledger of a folder, or begins one.
    pub(crate) fn create_or_open(folder: &Path) -> Result<Ledger, LedgerError> {
        let ledger = Ledger::new(folder);
        if !ledger.lines_path().is_file() {
            for name in ["", "envelopes", "secrets"] {
                create_private_folder(&ledger.path(name)).map_err(|source| ledger.file_error(name, source))?;
            }
            let _lock = ledger.lock()?;
            if !ledger.lines_path().is_file() {
                ledger.write_head()?;
                atomic_file::write(&ledger.lines_path(), b"", Access::Private, Existing::Keep)
                    .map_err(|source| ledger.file_error("ledger.jsonl", source))?;
            }
        }
        Ledger::open(folder)
    }

    /// Before anything is read.
    fn new(folder: &Path) -> Ledger {
        Ledger {
            folder: folder.to_owned(),
            view: LedgerView::default(),
            chain: Chain::new(),
            vault: Vault::default(),
            slice: None,
        }
    }

    /// Reads the slice of a bundle: its lines, the cards that withheld lines pin, and what stands in the place of the folder. All that is wrong with the
    /// lines, in words.
    pub(super) fn of_slice(lines: &[u8], head: &[u8], pinned: BTreeMap<u64, PinnedCard>, slice: Slice) -> (Ledger, Vec<String>) {
        let mut ledger = Ledger { chain: Chain::of_slice(pinned), slice: Some(slice), ..Ledger::new(Path::new("")) };
        let read = ledger.chain.read_bytes(lines, &mut ledger.view);
        let mut problems = Vec::new();
        match read {
            Ok(()) => {
                let newer = ledger.chain.newer().map(|line| LedgerError::Newer { line }.to_string());
                problems.extend(newer);
                let misplaced = ledger.chain.misplaced_pin();
                problems
                    .extend(misplaced.map(|line| format!("a card is said to be pinned by line {line}, which is not withheld")));
            }
            Err(Fault::Lines(error)) => problems.push(error.to_string()),
            Err(Fault::System(error)) => problems.push(error.to_string()),
        }
        if head != format!("{} {}\n", ledger.len(), ledger.head()).as_bytes() {
            problems.push("the file `head` does not name the last line".to_owned());
        }
        (ledger, problems)
    }

    /// The lines as they stand in the file, as far as they were read, without their line feeds.
    pub(super) fn raw_lines(&self) -> Result<Vec<Vec<u8>>, LedgerError> {
        let mut bytes = Vec::new();
        let read = File::open(self.lines_path()).and_then(|file| file.take(self.chain.length()).read_to_end(&mut bytes));
        read.map_err(|source| self.file_error("ledger.jsonl", source))?;
        let lines = bytes.split_inclusive(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\n").unwrap_or(line).to_vec());
        Ok(lines.collect())
    }

    /// What the lines add up to.
    pub(crate) fn view(&self) -> &LedgerView {
        &self.view
    }

    /// The SHA-256 of the last line, by which challenges name the state of the ledger; 64 zeros where it is empty.
    pub(crate) fn head(&self) -> &str {
        self.chain.head()
    }

    /// How many lines there are.
    pub(crate) fn len(&self) -> u64 {
        self.chain.len()
    }

    /// Which line has this SHA-256, counted from 1; 0 for the 64 zeros that stand before the first. `None` where it is no head that this ledger
    /// ever had.
    pub(crate) fn line_of(&self, head: &str) -> Option<u64> {
        self.chain.line_of(head)
    }

    /// The folder.
    #[cfg(test)]
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Enters a supply: both manifests' statements as signed, the secrets, and the seeds where there are some. The statements say everything else.
    pub(crate) fn add_supply(
        &mut self,
        now: Timestamp,
        recipient: &Card,
        originator: &Card,
        baseline: &[u8],
        deletion: &[u8],
        private: &Private<'_>,
    ) -> Result<String, LedgerError> {
        let misfit = |problem| Err(LedgerError::Misfit { problem });
        let first: ManifestV1 = open_signed(baseline, originator)?.predicate;
        let second: ManifestV1 = open_signed(deletion, originator)?.predicate;
        let terms = &second.supply;
        if (first.phase_group, second.phase_group) != (PhaseGroup::Baseline, PhaseGroup::Deletion) {
            return misfit("a supply has one manifest for the baseline and one for the deletion");
        }
        if !second.pairs_with(&first) || second.baseline_manifest.as_ref() != Some(&first.layout.sha256) {
            return misfit("the two manifests are not of the same supply");
        }
        if terms.recipient_key != recipient.fingerprint() || terms.originator_key != originator.fingerprint() {
            return misfit("the manifests name other keys than the cards");
        }
        let entry = SupplyEntry {
            supply_id: terms.supply_id.clone(),
            recipient: PinnedCard::new(recipient),
            originator: PinnedCard::new(originator),
            records: second.records,
            delete_by: terms.delete_by.clone(),
            purpose: terms.purpose.clone(),
            contract: terms.contract.clone(),
            lawful_basis: terms.lawful_basis.clone(),
            manner: terms.manner.clone(),
            baseline_statement: hex::encode(&sha256(baseline)),
            deletion_statement: hex::encode(&sha256(deletion)),
            created_at: second.created_at.clone(),
            seeds: private.seeds.and_then(|seeds| u32::try_from(seeds.seeds.len()).ok()).unwrap_or(0),
            has_references: private.references.is_some(),
            kept_manifest: private.manifest.map(|_| first.layout.sha256.clone()),
        };
        let supply_id = entry.supply_id.clone();
        let entry = Entry::Supply(Box::new(entry));
        if let Some(problem) = self.view.misfit(&entry) {
            return misfit(problem);
        }
        self.keep_document(baseline)?;
        self.keep_document(deletion)?;
        self.keep_secrets(&supply_id, private.secrets)?;
        if let Some(seeds) = private.seeds {
            self.keep_seeds(&supply_id, seeds)?;
        }
        if let Some(references) = private.references {
            self.keep_references(&supply_id, references)?;
        }
        if let Some(written) = private.manifest {
            self.keep_manifest(&first.layout.sha256, written)?;
        }
        let entered = self.append(now, entry);
        if entered.is_err() && private.manifest.is_some() && self.view.supply(&supply_id).is_err() {
            self.forget_manifest(&first.layout.sha256);
        }
        entered?;
        Ok(supply_id)
    }

    /// Enters an attestation's receipt. `false` where the same was entered before.
    pub(crate) fn add_receipt(&mut self, now: Timestamp, receipt: ReceiptEntry, attestation: &[u8]) -> Result<bool, LedgerError> {
        if hex::encode(&sha256(attestation)) != receipt.attestation {
            return Err(LedgerError::Misfit { problem: "the receipt is of another attestation" });
        }
        self.keep_document(attestation)?;
        let mut is_new = true;
        self.append_after(now, |view| {
            let known = view.challenge(&receipt.challenge_id).and_then(|(_, challenge)| {
                challenge.receipts.iter().rev().find(|known| known.attestation == receipt.attestation)
            });
            is_new = known.is_none_or(|known| {
                let is_judged_so =
                    (known.appraisal, &known.reasons, &known.verdict) == (receipt.appraisal, &receipt.reasons, &receipt.verdict);
                !is_judged_so || known.onward != receipt.onward
            });
            is_new.then_some(Entry::Receipt(receipt))
        })?;
        Ok(is_new)
    }

    /// Enters a recipient's countersignature. `false` where the same bytes were entered before.
    pub(crate) fn add_countersignature(
        &mut self,
        now: Timestamp,
        entry: CountersignatureEntry,
        envelope: &[u8],
    ) -> Result<bool, LedgerError> {
        if hex::encode(&sha256(envelope)) != entry.envelope {
            return Err(LedgerError::Misfit { problem: "the countersignature is another document" });
        }
        self.keep_document(envelope)?;
        let mut is_new = true;
        self.append_after(now, |view| {
            let known = view.supply(&entry.supply_id).ok().map(|supply| supply.countersignatures.as_slice()).unwrap_or_default();
            is_new = known.iter().all(|known| known.envelope != entry.envelope);
            is_new.then_some(Entry::Countersignature(entry))
        })?;
        Ok(is_new)
    }

    /// Enters what an onward recipient attested. `false` where it says nothing new.
    pub(crate) fn add_onward(&mut self, now: Timestamp, entry: OnwardEntry, attestation: &[u8]) -> Result<bool, LedgerError> {
        if hex::encode(&sha256(attestation)) != entry.attestation {
            return Err(LedgerError::Misfit { problem: "the onward attestation is another document" });
        }
        self.keep_document(attestation)?;
        let mut is_new = true;
        self.append_after(now, |view| {
            is_new = view.supply(&entry.supply_id).ok().is_none_or(|supply| supply.is_news(&entry));
            is_new.then_some(Entry::Onward(entry))
        })?;
        Ok(is_new)
    }

    /// Appends one entry.
    pub(crate) fn append(&mut self, now: Timestamp, entry: Entry) -> Result<(), LedgerError> {
        self.append_after(now, |_| Some(entry))
    }

    /// Takes the lock, reads what others appended, and appends what `choose` makes of it, if anything.
    pub(super) fn append_after(
        &mut self,
        now: Timestamp,
        choose: impl FnOnce(&LedgerView) -> Option<Entry>,
    ) -> Result<(), LedgerError> {
        let _lock = self.lock()?;
        let known = self.read_further()?;
        let Some(entry) = choose(&self.view) else { return Ok(()) };
        if let Some(problem) = self.view.misfit(&entry) {
            return Err(LedgerError::Misfit { problem });
        }
        self.append_line(now, entry, known)?;
        // The line counts, whatever becomes of `head` now: were this an error, the command would be given again, and the same be entered twice.
        // Whoever appends next makes up for it, or fails before anything is appended.
        let _ = self.write_head();
        Ok(())
    }

    /// Appends the line of an entry that fits, where the lock is held and `head` knows the lines up to a number. It does not know this one yet.
    fn append_line(&mut self, now: Timestamp, entry: Entry, known: u64) -> Result<(), LedgerError> {
        // The command before failed between its line and `head`. Were this one to fail there as well, `head` would lag by two.
        if known < self.len() {
            self.write_head()?;
        }
        let line =
            Line { sequence: self.len() + 1, previous: self.head().to_owned(), at: time::format(now), entry: entry.clone() };
        let mut bytes = serde_json::to_vec(&line).map_err(|error| self.file_error("ledger.jsonl", error.into()))?;
        bytes.push(b'\n');
        self.write_line(&bytes).map_err(|source| self.file_error("ledger.jsonl", source))?;
        bytes.pop();
        self.chain.append(&bytes);
        self.view.fold(entry).map_err(|problem| LedgerError::Misfit { problem })
    }

    fn write_line(&self, bytes: &[u8]) -> io::Result<()> {
        let mut file = OpenOptions::new().append(true).open(self.lines_path())?;
        let written = file.write_all(bytes).and_then(|()| file.sync_all());
        if written.is_err() {
            // Not a repair: what this very call wrote of its own line is taken back, so that a full disk leaves no torn line.
            let _ = file.set_len(self.chain.length()).and_then(|()| file.sync_all());
        }
        written
    }

    /// Reads the lines after those that are known, and holds the end of the chain against `head`. Returns the last line that `head` knows.
    fn read_further(&mut self) -> Result<u64, LedgerError> {
        let read = self.read_lines();
        match (read, self.chain.newer()) {
            (Ok(()), None) => self.check_head(),
            // Only a chain that is sound to its end is a newer program's; whether the end was torn, too, that program can tell.
            (Ok(()) | Err(LedgerError::Torn { .. }), Some(line)) => {
                self.check_head()?;
                Err(LedgerError::Newer { line })
            }
            // Where `head` knows the line that is cut short, it was whole once, and no command that failed has cut it.
            (Err(torn @ LedgerError::Torn { .. }), None) => {
                self.check_head()?;
                Err(torn)
            }
            (Err(fault), _) => Err(fault),
        }
    }

    fn read_lines(&mut self) -> Result<(), LedgerError> {
        let known = self.chain.length();
        let open = File::open(self.lines_path()).and_then(|mut file| {
            let length = file.metadata()?.len();
            file.seek(SeekFrom::Start(known.min(length)))?;
            Ok((file, length))
        });
        let (file, length) = open.map_err(|source| self.file_error("ledger.jsonl", source))?;
        if length < known {
            return Err(LedgerError::Broken { line: self.len(), problem: "lines were removed while it was in use" });
        }
        self.chain.read(file, &mut self.view).map_err(|fault| match fault {
            Fault::System(source) => self.file_error("ledger.jsonl", source),
            Fault::Lines(error) => error,
        })
    }

    /// Compares the end of the chain with the file `head`. Returns the number of the last line that `head` knows.
    fn check_head(&self) -> Result<u64, LedgerError> {
        let text = fs::read_to_string(self.path("head")).map_err(|source| self.file_error("head", source))?;
        let known = text.strip_suffix('\n').and_then(|text| text.split_once(' '));
        let known = known.and_then(|(number, digest)| Some((number.parse::<u64>().ok()?, digest)));
        let last = self.len();
        let (sequence, digest) = known.ok_or(LedgerError::Broken { line: last, problem: "the file `head` is damaged" })?;
        let broken = |line, problem| Err(LedgerError::Broken { line, problem });
        if sequence > last {
            return broken(last, "lines that stood after it are missing");
        }
        if last - sequence > 1 {
            return broken(last, "it and lines before it were not written by this program");
        }
        if self.line_of(digest) != Some(sequence) {
            return broken(sequence.max(1).min(last), "it was altered after it was written");
        }
        Ok(sequence)
    }

    fn write_head(&self) -> Result<(), LedgerError> {
        let text = format!("{} {}\n", self.len(), self.head());
        atomic_file::write(&self.path("head"), text.as_bytes(), Access::Private, Existing::Replace)
            .map_err(|source| self.file_error("head", source))
    }

    /// Keeps a signed document under its SHA-256, which is returned.
    pub(crate) fn keep_document(&self, bytes: &[u8]) -> Result<String, LedgerError> {
        self.refuse_export()?;
        let digest = hex::encode(&sha256(bytes));
        let name = document_name(&digest);
        match atomic_file::write(&self.path(&name), bytes, Access::Private, Existing::Keep) {
            Ok(()) => Ok(digest),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => self.document(&digest).map(|_| digest),
            Err(error) => Err(self.file_error(&name, error)),
        }
    }

    /// A signed document, with the digest that the ledger names.
    pub(crate) fn document(&self, digest: &str) -> Result<Vec<u8>, LedgerError> {
        let problem = |problem| LedgerError::Document { sha256: sanitize::clean(digest), problem };
        if hex::decode::<32>(digest).is_none() {
            return Err(problem("has no digest for a name"));
        }
        let bytes = self.read_document(digest).map_err(|_| problem("is missing or cannot be read"))?;
        if hex::encode(&sha256(&bytes)) == digest { Ok(bytes) } else { Err(problem("was altered")) }
    }

    /// The statement in a document that this key has signed.
    pub(crate) fn statement<P: Predicate>(&self, digest: &str, signer: &Card) -> Result<Statement<P>, LedgerError> {
        let problem = |problem| LedgerError::Document { sha256: sanitize::clean(digest), problem };
        let envelope = Envelope::parse(&self.document(digest)?).map_err(|_| problem("is not a signed envelope"))?;
        let verified = envelope.verify(signer).map_err(|_| problem("is not signed by the key that the ledger pins"))?;
        Statement::open(verified).map_err(|_| problem("is not the statement that the ledger takes it for"))
    }

    /// What a received attestation says.
    pub(crate) fn received(&self, supply: &Supply, receipt: &ReceiptEntry) -> Result<AttestationV1, LedgerError> {
        let card = self.view.signing_card(supply, supply.signer(receipt))?;
        Ok(self.statement::<AttestationV1>(&receipt.attestation, &card)?.predicate)
    }

    fn keep_secrets(&self, supply_id: &str, secrets: &Secrets) -> Result<(), LedgerError> {
        let name = secrets_name(supply_id);
        let members = [
            ("baselineSalt", &secrets.baseline_salt),
            ("deletionSalt", &secrets.deletion_salt),
            ("baselineShuffle", &secrets.baseline_shuffle),
            ("deletionShuffle", &secrets.deletion_shuffle),
        ];
        // Room for all from the start: a string that grows leaves copies behind that nobody wipes.
        let mut text = Zeroizing::new(String::with_capacity(512));
        for (number, (member, secret)) in members.into_iter().enumerate() {
            let digits = Zeroizing::new(hex::encode(secret.expose()));
            for part in [if number == 0 { "{\n  \"" } else { ",\n  \"" }, member, "\": \"", &digits, "\""] {
                text.push_str(part);
            }
        }
        text.push_str("\n}\n");
        // A supply that was interrupted before its line was written may have left a file; no line names it, so it is of no use.
        self.write_private(&name, text.as_bytes())
    }

    /// The secrets of a supply. Refused where others than the owner may read the file.
    pub(crate) fn secrets(&self, supply_id: &str) -> Result<Secrets, LedgerError> {
        let name = secrets_name(supply_id);
        if hex::decode::<16>(supply_id).is_none() {
            return Err(LedgerError::Secrets { path: self.path(&name) });
        }
        closing::refuse(&self.view, supply_id)?;
        let bytes = self.read_private(&name, LONGEST_SECRETS)?;
        let secret = |text: &str| hex::decode(text).map(Secret::new);
        let read = serde_json::from_slice::<SecretsJson>(&bytes).ok().and_then(|json| {
            Some(Secrets {
                baseline_salt: secret(&json.baseline_salt)?,
                deletion_salt: secret(&json.deletion_salt)?,
                baseline_shuffle: secret(&json.baseline_shuffle)?,
                deletion_shuffle: secret(&json.deletion_shuffle)?,
            })
        });
        read.ok_or_else(|| LedgerError::Secrets { path: self.path(&name) })
    }

    /// The bytes of a document, whatever they are. Its name is a digest.
    pub(super) fn read_document(&self, digest: &str) -> io::Result<Vec<u8>> {
        if let Some(slice) = &self.slice {
            return slice.document(digest);
        }
        let path = self.path(&document_name(digest));
        // Whoever opens a pipe waits for its other end.
        if fs::metadata(&path)?.is_file() { fs::read(&path) } else { Err(io::Error::other("it is no regular file")) }
    }

    /// Whether this is a copy that was made by [`Ledger::export`], or the slice of a bundle.
    pub(crate) fn is_exported(&self) -> bool {
        self.slice.is_some() || self.path(export::MARK).exists()
    }

    pub(super) fn refuse_export(&self) -> Result<(), LedgerError> {
        if self.is_exported() { Err(LedgerError::Exported { folder: self.folder.clone() }) } else { Ok(()) }
    }

    pub(super) fn lock(&self) -> Result<File, LedgerError> {
        self.refuse_export()?;
        let locked = atomic_file::open_private(&self.path("lock")).and_then(|file| file.lock().map(|()| file));
        locked.map_err(|source| self.file_error("lock", source))
    }

    fn lines_path(&self) -> PathBuf {
        self.path("ledger.jsonl")
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub(super) fn file_error(&self, name: &str, source: io::Error) -> LedgerError {
        LedgerError::File { path: self.path(name), source }
    }
}

/// Opens a document that is about to be entered.
pub(crate) fn open_signed<P: Predicate>(bytes: &[u8], originator: &Card) -> Result<Statement<P>, LedgerError> {
    let refused = |source| LedgerError::Envelope { name: originator.name().to_owned(), source };
    let envelope = Envelope::parse(bytes).map_err(refused)?;
    Ok(Statement::open(envelope.verify(originator).map_err(refused)?)?)
}

fn document_name(digest: &str) -> String {
    format!("envelopes/{digest}.json")
}

pub(super) fn secrets_name(supply_id: &str) -> String {
    format!("secrets/{supply_id}.json")
}

#[cfg(unix)]
pub(super) fn create_private_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(not(unix))]
pub(super) fn create_private_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Phase;
    use crate::finding::declaration::Policy;
    use crate::ledger::entry::ChallengeEntry;
    use crate::ledger::fixture::Originator;
    use crate::ledger::fixture::at;
    use crate::ledger::fixture::secrets;

    const NOW: &str = "2017-05-08T09:00:00Z";

    /// A ledger of two supplies and three challenges: five lines.
    fn five_lines() -> (Originator, PathBuf) {
        let mut originator = Originator::new();
        let card = originator.recipient.card();
        let supplies = [originator.supply(&card), originator.supply(&card)];
        for supply in [0, 1, 0] {
            originator.challenge(&supplies[supply], Phase::Baseline, NOW, Policy::default());
        }
        let path = originator.ledger.folder().to_owned();
        (originator, path)
    }

    fn refused(folder: &Path) -> String {
        let error = Ledger::open(folder).unwrap_err();
        assert!(error.help().is_some());
        error.to_string()
    }

    #[test]
    fn a_ledger_reads_back() {
        let (originator, folder) = five_lines();
        let again = Ledger::open(&folder).unwrap();
        assert_eq!((again.len(), again.head()), (5, originator.ledger.head()));
        assert_eq!(again.view().supplies().len(), 2);
        assert_eq!(again.view().supplies()[0].challenges.len(), 2);
        assert_eq!(Ledger::create_or_open(&folder).unwrap().len(), 5);
        let recipient = &again.view().supplies()[0].entry.recipient;
        assert_eq!(recipient.card().unwrap(), originator.recipient.card());
        let missing = originator.folder.path().join("none");
        assert!(refused(&missing).starts_with("there is no ledger in"));
    }

    #[test]
    fn a_change_to_any_line_is_found_and_named() {
        let (_originator, folder) = five_lines();
        let path = folder.join("ledger.jsonl");
        let good = fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = good.lines().collect();
        let write = |lines: &[&str]| fs::write(&path, lines.join("\n") + "\n").unwrap();
        for number in 0..lines.len() {
            // An altered line shows in the line after it; the last one in `head`.
            let altered = lines[number].replacen("T09:", "T08:", 1);
            let mut changed = lines.clone();
            changed[number] = &altered;
            write(&changed);
            let shown = (number + 2).min(lines.len());
            assert!(
                refused(&folder).starts_with(&format!("the ledger is broken at line {shown}: ")),
                "{number}: {}",
                refused(&folder)
            );
            // A line that was taken out, doubled, or moved.
            let mut changed = lines.clone();
            changed.remove(number);
            write(&changed);
            assert!(refused(&folder).contains("broken at line"), "{number}");
            let mut changed = lines.clone();
            changed.insert(number, lines[number]);
            write(&changed);
            assert!(refused(&folder).contains("broken at line"), "{number}");
            if number > 0 {
                let mut changed = lines.clone();
                changed.swap(number, number - 1);
                write(&changed);
                assert!(refused(&folder).contains("broken at line"), "{number}");
            }
        }
        write(&lines);
        assert_eq!(Ledger::open(&folder).unwrap().len(), 5);
    }

    #[test]
    fn any_flipped_bit_is_found() {
        let (_originator, folder) = five_lines();
        let path = folder.join("ledger.jsonl");
        let good = fs::read(&path).unwrap();
        for index in (0..good.len()).step_by(7) {
            let mut bytes = good.clone();
            bytes[index] ^= 1 << (index % 8);
            fs::write(&path, &bytes).unwrap();
            assert!(Ledger::open(&folder).is_err(), "byte {index}");
        }
    }

    #[test]
    fn a_torn_line_is_named_and_left_as_it_is() {
        let (mut originator, folder) = five_lines();
        let path = folder.join("ledger.jsonl");
        let good = fs::read(&path).unwrap();
        let torn = [good.as_slice(), br#"{"sequence":6,"prev"#].concat();
        fs::write(&path, &torn).unwrap();
        assert_eq!(refused(&folder), "the last line of the ledger, line 6, was cut short");
        let card = originator.recipient.card();
        let entry = Entry::Challenge(challenge_entry(&originator, 99));
        assert!(matches!(originator.ledger.append(at(NOW), entry), Err(LedgerError::Torn { line: 6 })));
        assert_eq!(fs::read(&path).unwrap(), torn);
        // What the help says.
        fs::write(&path, &good).unwrap();
        originator.ledger = Ledger::open(&folder).unwrap();
        originator.supply(&card);
        // Cut at its end, the ledger is told from a shorter one by its `head`.
        fs::write(&path, &good).unwrap();
        assert!(refused(&folder).contains("lines that stood after it are missing"));
    }

    #[test]
    fn a_crash_between_line_and_head_is_sound() {
        let (mut originator, folder) = five_lines();
        let head = fs::read(folder.join("head")).unwrap();
        let card = originator.recipient.card();
        originator.supply(&card);
        fs::write(folder.join("head"), &head).unwrap();
        assert_eq!(Ledger::open(&folder).unwrap().len(), 6);
        originator.supply(&card);
        fs::write(folder.join("head"), &head).unwrap();
        assert!(refused(&folder).contains("were not written by this program"));
        fs::write(folder.join("head"), "x").unwrap();
        assert!(refused(&folder).contains("`head` is damaged"));
    }

    /// Appends as a command does that fails after its line and before `head`; what it knew is lost with it.
    fn fail_before_head(folder: &Path, entry: ChallengeEntry) {
        let mut ledger = Ledger::open(folder).unwrap();
        let known = ledger.check_head().unwrap();
        ledger.append_line(at(NOW), Entry::Challenge(entry), known).unwrap();
    }

    #[test]
    fn crashes_one_after_another_are_sound() {
        let (originator, folder) = five_lines();
        let entry = |number| challenge_entry(&originator, number);
        let head = || fs::read_to_string(folder.join("head")).unwrap();
        let holds = |lines: u64, known: u64| {
            assert_eq!(Ledger::open(&folder).unwrap().len(), lines);
            assert!(head().starts_with(&format!("{known} ")), "{}", head());
        };
        // Two in a row, and a third.
        for lines in 6..=8 {
            fail_before_head(&folder, entry(100 + u8::try_from(lines).unwrap()));
            holds(lines, lines - 1);
        }
        // A whole one between two.
        Ledger::open(&folder).unwrap().append(at(NOW), Entry::Challenge(entry(120))).unwrap();
        holds(9, 9);
        fail_before_head(&folder, entry(121));
        holds(10, 9);
        // One that failed after it caught up and before its own line.
        let ledger = Ledger::open(&folder).unwrap();
        ledger.write_head().unwrap();
        holds(10, 10);
        fail_before_head(&folder, entry(122));
        holds(11, 10);
        // Whoever reads, or has nothing to append, writes nothing.
        let before = head();
        Ledger::open(&folder).unwrap().append_after(at(NOW), |_| None).unwrap();
        assert!(Ledger::open(&folder).unwrap().append(at(NOW), Entry::Challenge(entry(122))).is_err());
        assert_eq!(head(), before);
    }

    #[test]
    fn a_process_goes_on_after_its_head_was_not_written() {
        let (mut originator, folder) = five_lines();
        let entries = [challenge_entry(&originator, 100), challenge_entry(&originator, 101)].map(Entry::Challenge);
        for entry in entries {
            let known = originator.ledger.check_head().unwrap();
            originator.ledger.append_line(at(NOW), entry, known).unwrap();
        }
        let again = Ledger::open(&folder).unwrap();
        assert_eq!((again.len(), again.head()), (7, originator.ledger.head()));
    }

    #[test]
    fn a_line_that_head_knows_was_not_altered_behind_its_back() {
        let (originator, folder) = five_lines();
        let path = folder.join("ledger.jsonl");
        let good = fs::read_to_string(&path).unwrap();
        // The last line altered, and one put behind it that holds the altered line's digest: as if a command had failed before `head`.
        let last = good.lines().last().unwrap();
        fs::write(&path, good.replace(last, &last.replacen("T09:", "T08:", 1))).unwrap();
        append_text(&folder, &serde_json::to_string(&Entry::Challenge(challenge_entry(&originator, 99))).unwrap());
        assert_eq!(refused(&folder), "the ledger is broken at line 5: it was altered after it was written");
        // The same behind the line as it was is such a command's.
        fs::write(&path, &good).unwrap();
        append_text(&folder, &serde_json::to_string(&Entry::Challenge(challenge_entry(&originator, 99))).unwrap());
        assert_eq!(Ledger::open(&folder).unwrap().len(), 6);
    }

    /// Appends a line of any content that holds the digest of the line before, and leaves `head` alone.
    fn append_text(folder: &Path, entry: &str) {
        let path = folder.join("ledger.jsonl");
        let text = fs::read_to_string(&path).unwrap();
        let previous = hex::encode(&sha256(text.lines().last().unwrap().as_bytes()));
        let sequence = text.lines().count() + 1;
        let line = format!(r#"{{"sequence":{sequence},"previous":"{previous}","at":"{NOW}","entry":{entry}}}"#);
        fs::write(&path, format!("{text}{line}\n")).unwrap();
    }

    fn write_head_by_hand(folder: &Path) {
        let text = fs::read_to_string(folder.join("ledger.jsonl")).unwrap();
        let digest = hex::encode(&sha256(text.lines().last().unwrap().as_bytes()));
        fs::write(folder.join("head"), format!("{} {digest}\n", text.lines().count())).unwrap();
    }

    #[test]
    fn a_newer_ledger_is_told_from_a_broken_one() {
        const LATER: &str = r#"{"later":{"supplyId":"x","reasons":["y"]}}"#;
        let (mut originator, folder) = five_lines();
        let path = folder.join("ledger.jsonl");
        let is_newer = |line| {
            let error = Ledger::open(&folder).unwrap_err();
            assert!(matches!(error, LedgerError::Newer { line: found } if found == line), "{error}");
            assert!(error.help().unwrap().starts_with("install a newer residua"));
        };
        // Of another kind, as a failed command leaves it, and as a finished one does.
        append_text(&folder, LATER);
        is_newer(6);
        write_head_by_hand(&folder);
        is_newer(6);
        let newer = fs::read_to_string(&path).unwrap();
        // This version adds nothing to it, also where it had the ledger open.
        let entry = challenge_entry(&originator, 99);
        for _ in 0..2 {
            let error = originator.ledger.append(at(NOW), Entry::Challenge(entry.clone())).unwrap_err();
            assert!(matches!(error, LedgerError::Newer { line: 6 }));
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), newer);
        // Torn: for the newer program to mend.
        fs::write(&path, format!("{newer}{{\"seq")).unwrap();
        is_newer(6);
        // Whatever does not hold together is broken, and nobody is told to install anything.
        let is_broken = |text: &str, line: u64| {
            fs::write(&path, text).unwrap();
            assert!(refused(&folder).starts_with(&format!("the ledger is broken at line {line}: ")), "{}", refused(&folder));
        };
        is_broken(&newer.replacen("later", "other", 1), 6);
        is_broken(&newer.replacen("T09:", "T08:", 1), 2);
        is_broken(&newer.replacen(r#""sequence":6"#, r#""sequence":7"#, 1), 6);
        is_broken(&newer.replacen(r#""at":"2017-05-08T09:00:00Z","entry":{"later"#, r#""at":"today","entry":{"later"#, 1), 6);
        is_broken(&format!("{newer}{{\"later\":[]}}\n"), 7);
        is_broken(newer.split_inclusive('\n').take(5).collect::<String>().as_str(), 5);
        // What follows a line that is not understood is seen to hold together, whatever it says.
        fs::write(&path, &newer).unwrap();
        append_text(&folder, &serde_json::to_string(&Entry::Challenge(entry.clone())).unwrap());
        is_newer(6);
        append_text(&folder, &serde_json::to_string(&Entry::Challenge(entry)).unwrap());
        assert!(refused(&folder).contains("were not written by this program"));
        write_head_by_hand(&folder);
        is_newer(6);
        let longer = fs::read_to_string(&path).unwrap();
        is_broken(&longer.replacen("later", "other", 1), 7);
    }

    #[test]
    fn a_known_kind_with_something_new_is_newer() {
        let (originator, folder) = five_lines();
        let entry = serde_json::to_string(&Entry::Challenge(challenge_entry(&originator, 99))).unwrap();
        append_text(&folder, &entry.replacen(r#""phase""#, r#""manner":"x","phase""#, 1));
        assert!(matches!(Ledger::open(&folder).unwrap_err(), LedgerError::Newer { line: 6 }));
    }

    #[test]
    fn a_broken_ledger_opens_as_far_as_it_is_sound() {
        let (originator, folder) = five_lines();
        let path = folder.join("ledger.jsonl");
        let good = fs::read_to_string(&path).unwrap();
        let head = fs::read_to_string(folder.join("head")).unwrap();
        let lines: Vec<&str> = good.split_inclusive('\n').collect();
        let entry = Entry::Challenge(challenge_entry(&originator, 99));
        let holds = |text: &str, head: &str, sound: u64, fault: &str| {
            fs::write(&path, text).unwrap();
            fs::write(folder.join("head"), head).unwrap();
            let (mut ledger, found) = Ledger::open_as_is(&folder).unwrap();
            assert_eq!(ledger.len(), sound, "{fault}");
            let challenges: usize = ledger.view().supplies().iter().map(|supply| supply.challenges.len()).sum();
            assert_eq!(ledger.view().supplies().len() + challenges, usize::try_from(sound).unwrap());
            let found = found.map(|found| found.to_string()).unwrap_or_default();
            assert!(found.contains(fault) && found.is_empty() == fault.is_empty(), "{found}");
            // Nothing is added to what is not sound.
            assert_eq!(ledger.append(at(NOW), entry.clone()).is_err(), !fault.is_empty());
            assert_eq!(fs::read_to_string(&path).unwrap() == text, !fault.is_empty());
        };
        holds(&good, &head, 5, "");
        holds(&format!("{good}{{\"seq"), &head, 5, "line 6, was cut short");
        holds(&[lines[0], lines[1], lines[3], lines[4]].concat(), &head, 2, "broken at line 3");
        holds(&format!("{good}x\n"), &head, 5, "broken at line 6: it is not JSON");
        holds(&lines[..4].concat(), &head, 4, "lines that stood after it are missing");
        holds(&good, "x", 5, "`head` is damaged");
        holds(&good, &head.replacen(' ', " 0", 1), 5, "it was altered after it was written");
        fs::remove_file(&path).unwrap();
        assert!(matches!(Ledger::open_as_is(&folder).unwrap_err(), LedgerError::Missing { .. }));
    }

    #[test]
    fn a_head_is_known_by_its_digest() {
        let (mut originator, folder) = five_lines();
        let mut heads = vec!["0".repeat(64)];
        heads.extend(
            fs::read_to_string(folder.join("ledger.jsonl")).unwrap().lines().map(|line| hex::encode(&sha256(line.as_bytes()))),
        );
        let again = Ledger::open(&folder).unwrap();
        for (line, head) in heads.iter().enumerate() {
            assert_eq!(again.line_of(head), Some(line as u64));
            assert_eq!(originator.ledger.line_of(head), Some(line as u64));
        }
        assert_eq!(heads.last().unwrap(), again.head());
        let strange = ["", "0", &"f".repeat(64), &heads[3].to_uppercase(), &heads[3][1..], &format!("{}0", heads[3])];
        assert!(strange.iter().all(|head| again.line_of(head).is_none()));
        // A line that another process appends is known once it was read.
        let card = originator.recipient.card();
        originator.supply(&card);
        assert_eq!(again.line_of(originator.ledger.head()), None);
        assert_eq!(Ledger::open(&folder).unwrap().line_of(originator.ledger.head()), Some(6));
    }

    fn challenge_entry(originator: &Originator, number: u8) -> ChallengeEntry {
        ChallengeEntry {
            supply_id: originator.ledger.view().supplies()[0].entry.supply_id.clone(),
            challenge_id: hex::encode(&[number; 16]),
            phase: "baseline".to_owned(),
            issued_at: NOW.to_owned(),
            expires_at: NOW.to_owned(),
            envelope: hex::encode(&[number; 32]),
            recipient_key: None,
            countersignature_required: false,
            refused: Vec::new(),
        }
    }

    #[test]
    fn two_writers_share_one_chain() {
        let (originator, folder) = five_lines();
        let entries =
            |from: u8| (from..from + 20).map(|number| Entry::Challenge(challenge_entry(&originator, number))).collect::<Vec<_>>();
        std::thread::scope(|scope| {
            for entries in [entries(100), entries(200)] {
                let mut ledger = Ledger::open(&folder).unwrap();
                scope.spawn(move || {
                    for entry in entries {
                        ledger.append(at(NOW), entry).unwrap();
                    }
                });
            }
            scope.spawn(|| {
                for _ in 0..20 {
                    Ledger::open(&folder).unwrap();
                }
            });
        });
        assert_eq!(Ledger::open(&folder).unwrap().len(), 45);
    }

    #[test]
    fn an_entry_has_to_fit() {
        let (mut originator, _folder) = five_lines();
        let lines = originator.ledger.len();
        let mut refuse = |entry: ChallengeEntry, word: &str| {
            let error = originator.ledger.append(at(NOW), Entry::Challenge(entry)).unwrap_err();
            assert!(error.to_string().contains(word), "{error}");
        };
        let (other, _folder) = five_lines();
        let good = challenge_entry(&other, 99);
        refuse(ChallengeEntry { supply_id: "0".repeat(32), ..good.clone() }, "supply that is not in the ledger");
        refuse(ChallengeEntry { challenge_id: "../../x".to_owned(), ..good.clone() }, "id or digest");
        refuse(ChallengeEntry { phase: "later".to_owned(), ..good }, "phase or date");
        assert_eq!(originator.ledger.len(), lines);
    }

    #[test]
    fn secrets_are_for_their_owner() {
        let (originator, folder) = five_lines();
        let supply_id = originator.ledger.view().supplies()[1].entry.supply_id.clone();
        assert_eq!(originator.ledger.secrets(&supply_id).unwrap(), secrets(2));
        let path = folder.join(secrets_name(&supply_id));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
            assert!(matches!(originator.ledger.secrets(&supply_id), Err(LedgerError::Shared { .. })));
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        }
        fs::write(&path, "{}").unwrap();
        assert!(matches!(originator.ledger.secrets(&supply_id), Err(LedgerError::Secrets { .. })));
        assert!(matches!(originator.ledger.secrets("../../etc/passwd"), Err(LedgerError::Secrets { .. })));
        assert!(!format!("{:?}", secrets(2)).contains("32"));
    }

    #[test]
    fn documents_are_what_their_name_says() {
        let (originator, folder) = five_lines();
        let digest = originator.ledger.keep_document(b"x").unwrap();
        assert_eq!(originator.ledger.document(&digest).unwrap(), b"x");
        assert_eq!(originator.ledger.keep_document(b"x").unwrap(), digest);
        fs::write(folder.join(document_name(&digest)), b"y").unwrap();
        assert!(originator.ledger.document(&digest).unwrap_err().to_string().ends_with("was altered"));
        assert!(originator.ledger.keep_document(b"x").is_err());
        assert!(originator.ledger.document("../secrets").is_err());
    }

    #[test]
    fn ids_are_found_by_their_beginning() {
        let (originator, _folder) = five_lines();
        let view = originator.ledger.view();
        let id = &view.supplies()[0].entry.supply_id;
        assert_eq!(view.supply(&id[..2]).unwrap().entry.supply_id, *id);
        assert_eq!(view.supply("0").unwrap_err().to_string(), "2 supplies have an id that begins with `0`");
        assert!(view.supply("").is_err() && view.supply("f").is_err() && view.supply(&format!("{id}0")).is_err());
        assert_eq!(view.short_id(id), &id[..8]);
    }
}
