//! An originator with a ledger in a temporary folder, for tests.

use crate::attestation::dsse::Envelope;
use crate::attestation::dsse::sha256;
use crate::attestation::key::Card;
use crate::attestation::key::SigningKey;
use crate::attestation::predicate_v1::ChallengeV1;
use crate::attestation::statement::Predicate;
use crate::attestation::statement::Statement;
use crate::finding::Phase;
use crate::finding::declaration::Backup;
use crate::finding::declaration::BeyondUse;
use crate::finding::declaration::Policy;
use crate::ledger::Ledger;
use crate::ledger::LedgerError;
use crate::ledger::challenge;
use crate::ledger::challenge::Request;
use crate::ledger::entry::Conclusion;
use crate::ledger::entry::OnwardRecipient;
use crate::ledger::entry::ReceiptEntry;
use crate::ledger::seed::Roster;
use crate::ledger::seed::SeedEntry;
use crate::ledger::store::Private;
use crate::ledger::store::Secrets;
use crate::manifest::layout::Layout;
use crate::manifest::layout::SectionLayout;
use crate::manifest::statement::KeyV1;
use crate::manifest::statement::ManifestV1;
use crate::manifest::statement::PhaseGroup;
use crate::manifest::statement::SchemaColumn;
use crate::manifest::statement::StatementFault;
use crate::manifest::statement::SupplyTerms;
use crate::support::hex;
use crate::support::secret::Secret;
use crate::support::time;
use jiff::Timestamp;
use tempfile::TempDir;

/// Records of every supply here.
pub(crate) const RECORDS: u64 = 2_000;

/// The agreed day of every supply here.
pub(crate) const DELETE_BY: &str = "2017-06-30";

/// What stands for a manifest's file here.
const MANIFEST: &[u8] = b"no manifest, and as good as one for whoever copies it";

/// An originator, its recipient and their ledger.
pub(crate) struct Originator {
    pub(crate) folder: TempDir,
    pub(crate) ledger: Ledger,
    pub(crate) key: SigningKey,
    pub(crate) recipient: SigningKey,
    counter: u8,
}

impl Originator {
    /// With an empty ledger.
    pub(crate) fn new() -> Originator {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::create_or_open(&folder.path().join("ledger")).unwrap();
        let key = SigningKey::generate("Emma's Diary", &[1; 32]).unwrap();
        let recipient = SigningKey::generate("Party", &[2; 32]).unwrap();
        Originator { folder, ledger, key, recipient, counter: 0 }
    }

    /// Enters a supply for a recipient; returns its id.
    pub(crate) fn supply(&mut self, recipient: &Card) -> String {
        self.supply_with(recipient, None)
    }

    /// Enters a supply with seeds for a recipient; returns its id.
    pub(crate) fn supply_with(&mut self, recipient: &Card, seeds: Option<&Roster>) -> String {
        let (number, envelopes) = self.manifests(recipient, &[]);
        let secrets = secrets(number);
        let private = Private { secrets: &secrets, seeds, references: None, manifest: None };
        self.enter(recipient, &envelopes, &private).unwrap()
    }

    /// Enters a supply of whose baseline manifest a copy is kept, some bytes for a file; returns its id.
    pub(crate) fn supply_with_manifest(&mut self, recipient: &Card) -> String {
        self.try_supply_with_manifest(recipient, MANIFEST).unwrap()
    }

    /// Enters such a supply, where the file to be copied is this one.
    pub(crate) fn try_supply_with_manifest(&mut self, recipient: &Card, written: &[u8]) -> Result<String, LedgerError> {
        let (number, envelopes) = self.manifests(recipient, MANIFEST);
        let (secrets, path) = (secrets(number), self.folder.path().join("baseline.residua"));
        std::fs::write(&path, written).unwrap();
        self.enter(recipient, &envelopes, &Private { secrets: &secrets, seeds: None, references: None, manifest: Some(&path) })
    }

    /// The number and the signed statements of a further supply, of which the baseline's is of a file with this content, where there is some.
    fn manifests(&mut self, recipient: &Card, file: &[u8]) -> (u8, [Vec<u8>; 2]) {
        self.counter += 1;
        let number = self.counter;
        let mut baseline = manifest(PhaseGroup::Baseline, number, &self.key.card(), recipient, None);
        if !file.is_empty() {
            baseline.layout.sha256 = hex::encode(&sha256(file));
            baseline.layout.file_length = file.len() as u64;
        }
        let deletion = manifest(PhaseGroup::Deletion, number, &self.key.card(), recipient, Some(baseline.layout.sha256.clone()));
        let sign = |manifest: ManifestV1| {
            let sha256 = hex::decode(&manifest.layout.sha256).unwrap();
            sign(&Statement::new(&format!("{}.residua", manifest.phase_group.word()), sha256, manifest), &self.key)
        };
        (number, [sign(baseline), sign(deletion)])
    }

    fn enter(
        &mut self,
        recipient: &Card,
        [baseline, deletion]: &[Vec<u8>; 2],
        private: &Private<'_>,
    ) -> Result<String, LedgerError> {
        self.ledger.add_supply(at("2017-05-05T09:00:00Z"), recipient, &self.key.card(), baseline, deletion, private)
    }

    /// What a challenge may ask, with an id and nonce of its own.
    pub(crate) fn request(&mut self, phase: Phase, policy: Policy) -> Request {
        self.counter += 1;
        Request { phase, policy, spot_checks: vec![5, 1_999], days_valid: 14, id: [self.counter; 16], nonce: [self.counter; 32] }
    }

    /// Issues, signs and enters a challenge; returns its file.
    pub(crate) fn challenge(&mut self, supply_id: &str, phase: Phase, now: &str, policy: Policy) -> Vec<u8> {
        let request = self.request(phase, policy);
        let supply = self.ledger.view().supply(supply_id).unwrap();
        let statement: Statement<ChallengeV1> = challenge::issue(&self.ledger, supply, request, at(now)).unwrap();
        let envelope = sign(&statement, &self.key);
        challenge::record(&mut self.ledger, at(now), &envelope, Vec::new()).unwrap();
        envelope
    }

    /// Enters an answer to the newest challenge, which declares these onward recipients with what it names of them; returns its SHA-256.
    pub(crate) fn answer(&mut self, supply_id: &str, appraisal: Conclusion, onward: &[(&str, &[&str])]) -> String {
        let challenge = self.ledger.view().supply(supply_id).unwrap().challenges.last().unwrap().entry.clone();
        let file = format!("answer {}", self.ledger.len());
        let receipt = ReceiptEntry {
            supply_id: supply_id.to_owned(),
            challenge_id: challenge.challenge_id,
            phase: challenge.phase,
            attestation: digest_of(&file),
            received_at: challenge.issued_at.clone(),
            verdict: "x".to_owned(),
            appraisal,
            reasons: Vec::new(),
            signer: None,
            exceptions: Vec::new(),
            onward: onward_recipients(onward),
        };
        self.ledger.add_receipt(at(&challenge.issued_at), receipt, file.as_bytes()).unwrap();
        digest_of(&file)
    }
}

/// The digest of a file with this text.
pub(crate) fn digest_of(file: &str) -> String {
    hex::encode(&sha256(file.as_bytes()))
}

/// Onward recipients, and the texts of the files that are named of each.
pub(crate) fn onward_recipients(onward: &[(&str, &[&str])]) -> Vec<OnwardRecipient> {
    let of = |(recipient, files): &(&str, &[&str])| OnwardRecipient {
        recipient: (*recipient).to_owned(),
        attestations: files.iter().map(|file| digest_of(file)).collect(),
    };
    onward.iter().map(of).collect()
}

/// A time.
pub(crate) fn at(text: &str) -> Timestamp {
    time::parse(text).unwrap()
}

/// The file of a signed statement.
pub(crate) fn sign<P: Predicate>(statement: &Statement<P>, key: &SigningKey) -> Vec<u8> {
    Envelope::sign(statement.to_payload().unwrap(), key).to_json()
}

pub(crate) fn secrets(number: u8) -> Secrets {
    let secret = |part: u8| Secret::new([number.wrapping_mul(16).wrapping_add(part); 32]);
    Secrets { baseline_salt: secret(1), deletion_salt: secret(2), baseline_shuffle: secret(3), deletion_shuffle: secret(4) }
}

/// Four seeds. A request asks for the first two of them.
pub(crate) fn seeds() -> Roster {
    let seed = |row, baseline, deletion| SeedEntry { row, baseline, deletion, cells: vec!["Jenny Wren".to_owned()] };
    Roster::new(vec!["name".to_owned()], vec![seed(3, 5, 1_999), seed(20, 1_999, 5), seed(400, 800, 700), seed(401, 801, 701)])
}

/// A backup of which everything is promised.
pub(crate) fn backup(system: &str, last_copy: &str, roll_off: &str) -> Backup {
    Backup {
        system: system.to_owned(),
        last_copy: last_copy.to_owned(),
        roll_off: roll_off.to_owned(),
        rotation: "three months".to_owned(),
        beyond_use: BeyondUse { not_used: true, not_shared: true, secured: true, will_be_deleted: true },
    }
}

/// A manifest's statement with one key of each class.
fn manifest(group: PhaseGroup, number: u8, originator: &Card, recipient: &Card, baseline: Option<String>) -> ManifestV1 {
    let digest = |part: u8| hex::encode(&[number.wrapping_mul(16).wrapping_add(part).wrapping_add(group as u8 * 8); 32]);
    let key = |name: &str, atoms: &[&str], class: &str, u: &str| KeyV1 {
        name: name.to_owned(),
        atoms: atoms.iter().map(|atom| (*atom).to_owned()).collect(),
        class: class.to_owned(),
        u: u.to_owned(),
        basis: "product".to_owned(),
        joint_collisions: 0,
        lambda: "1.00e-5".to_owned(),
        guesses: None,
    };
    let column = |name: &str, kind: &str, role: &str, origin: &str| SchemaColumn {
        name: name.to_owned(),
        kind: Some(kind.to_owned()),
        role: Some(role.to_owned()),
        origin: Some(origin.to_owned()),
        order: None,
        group: String::new(),
    };
    let section = SectionLayout {
        entries: RECORDS + 1,
        fence_bits: 6,
        fingerprints_at: 4096,
        fence_at: 4096,
        ordinals_at: 4096,
        blake3: digest(3),
    };
    let mut manifest = ManifestV1 {
        manifest_id: hex::encode(&[number.wrapping_add(group as u8); 16]),
        phase_group: group,
        created_at: "2017-05-05T09:00:00Z".to_owned(),
        supply: SupplyTerms {
            supply_id: hex::encode(&[number; 16]),
            originator: originator.name().to_owned(),
            originator_key: originator.fingerprint().to_owned(),
            recipient: recipient.name().to_owned(),
            recipient_key: recipient.fingerprint().to_owned(),
            delete_by: DELETE_BY.to_owned(),
            purpose: "one campaign".to_owned(),
            contract: String::new(),
            lawful_basis: String::new(),
            manner: String::new(),
        },
        records: RECORDS,
        controls: 0,
        records_without_key: 0,
        expected_rows: 20_000,
        normalizer: String::new(),
        schema: vec![
            column("name", "name", "full", "public"),
            column("dob", "date", "birth", "common"),
            column("child_dob", "date", "child", "supply"),
            column("postcode", "postcode", "main", "public"),
            column("email", "email", "main", "common"),
        ],
        keys: vec![
            key("child_any_dob", &["child.day", "name.any", "birth.day"], "S", "1.00e-15"),
            key("email", &["email"], "P", "1.00e-12"),
            key("name_postcode", &["name.full", "postcode.unit"], "A", "1.00e-6"),
        ],
        key_commitment: digest(4),
        known_answer: RECORDS,
        layout: Layout { file_length: 1, ordinal_bytes: 4, sections: vec![section; 3], sha256: digest(1), blake3: digest(2) },
        baseline_manifest: baseline,
    };
    // The normaliser's version is nobody's business here; the statement itself says which one it wants.
    if let Err(StatementFault::Normaliser { known, .. }) = manifest.plan() {
        manifest.normalizer = known.to_owned();
    }
    manifest
}
