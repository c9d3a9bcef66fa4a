//! A supply, its challenges and honest answers, for tests that then spoil one thing.

use crate::attestation::dsse::sha256;
use crate::attestation::key::SigningKey;
use crate::attestation::predicate_v1;
use crate::attestation::predicate_v1::AttestationV1;
use crate::attestation::predicate_v1::ChallengeReference;
use crate::attestation::predicate_v1::ChallengeV1;
use crate::attestation::predicate_v1::Digest;
use crate::attestation::predicate_v1::Environment;
use crate::attestation::predicate_v1::KnownAnswers;
use crate::attestation::predicate_v1::ManifestReference;
use crate::attestation::predicate_v1::Operator;
use crate::attestation::predicate_v1::ScanTimes;
use crate::attestation::predicate_v1::Sentinels;
use crate::attestation::predicate_v1::SpotCheckV1;
use crate::attestation::predicate_v1::Tool;
use crate::attestation::statement::Statement;
use crate::finding::Outcome;
use crate::finding::Phase;
use crate::finding::SpotCheck;
use crate::finding::Tried;
use crate::finding::coverage::Column;
use crate::finding::coverage::KeyResult;
use crate::finding::coverage::Target;
use crate::finding::declaration::Policy;
use crate::finding::verdict;
use crate::ledger::entry::Conclusion;
use crate::ledger::fixture::Originator;
use crate::ledger::fixture::RECORDS;
use crate::ledger::fixture::at;
use crate::ledger::fixture::sign;
use crate::ledger::seed::Roster;
use crate::ledger::store::open_signed;
use crate::manifest::statement::ManifestV1;
use crate::match_key::strength::Class;
use crate::support::hex;
use crate::verification::Verification;
use crate::verification::verify;

pub(super) const CONTACTS: &str = "sqlite:crm.db#contacts";
pub(super) const ROLL: &str = "sqlite:crm.db#roll";

/// When the deletion challenge is issued, when its scan runs, and when the answer comes.
pub(super) const ISSUED: &str = "2017-07-03T09:00:00Z";
pub(super) const RECEIVED: &str = "2017-07-03T12:00:00Z";

/// An originator with one supply.
pub(super) struct World {
    pub(super) originator: Originator,
    pub(super) supply_id: String,
}

impl World {
    /// With an accepted baseline.
    pub(super) fn new() -> World {
        let mut world = World::without_baseline();
        let challenge = world.challenge(Phase::Baseline, "2017-05-08T09:00:00Z", Policy::default());
        let mut statement = world.attest(&challenge, &there());
        statement.predicate.scan = times("2017-05-08T10:00:00Z", "2017-05-08T10:30:00Z");
        let file = sign(&statement, &world.originator.recipient);
        let verification = verify(&world.originator.ledger, &file, at("2017-05-08T12:00:00Z")).unwrap();
        assert_eq!(verification.appraisal.conclusion, Conclusion::Present, "{:?}", verification.appraisal);
        world.receive(&verification, &file);
        world
    }

    pub(super) fn without_baseline() -> World {
        World::supplied(None)
    }

    /// With or without seeds, of which every challenge asks for two.
    pub(super) fn supplied(seeds: Option<&Roster>) -> World {
        let mut originator = Originator::new();
        let card = originator.recipient.card();
        let supply_id = originator.supply_with(&card, seeds);
        World { originator, supply_id }
    }

    /// A challenge's file.
    pub(super) fn challenge(&mut self, phase: Phase, now: &str, policy: Policy) -> Vec<u8> {
        self.originator.challenge(&self.supply_id, phase, now, policy)
    }

    /// Enters a receipt.
    pub(super) fn receive(&mut self, verification: &Verification, file: &[u8]) {
        self.originator.ledger.add_receipt(verification.received_at, verification.receipt().unwrap(), file).unwrap();
    }

    /// The honest answer to a challenge, for an outcome.
    pub(super) fn attest(&self, challenge: &[u8], outcome: &Outcome) -> Statement<AttestationV1> {
        let originator = self.originator.key.card();
        let asked: ChallengeV1 = open_signed(challenge, &originator).unwrap().predicate;
        let phase = asked.phase().unwrap();
        let supply = self.originator.ledger.view().supply(&asked.supply_id).unwrap();
        let manifest_digest = supply.statement(phase);
        let manifest: Statement<ManifestV1> = self.originator.ledger.statement(manifest_digest, &originator).unwrap();
        let predicate = AttestationV1 {
            verdict: String::new(),
            verdict_reasons: Vec::new(),
            meaning: String::new(),
            supply: asked.supply_id.clone(),
            manifest: ManifestReference {
                manifest_id: manifest.predicate.manifest_id.clone(),
                statement_sha256: manifest_digest.to_owned(),
                blake3: manifest.predicate.layout.blake3.clone(),
            },
            challenge: ChallengeReference {
                challenge_id: asked.challenge_id.clone(),
                nonce: asked.nonce.clone(),
                phase: asked.phase.clone(),
                issued_at: asked.issued_at.clone(),
                sha256: hex::encode(&sha256(challenge)),
            },
            baseline: asked.baseline.clone(),
            scan: times("2017-07-03T10:00:00Z", "2017-07-03T10:30:00Z"),
            operator: Operator { name: "Jo".to_owned(), role: String::new(), declaration: "I ran this scan.".to_owned() },
            tool: Tool { name: "residua".to_owned(), version: "0.1.0".to_owned(), sha256: None },
            environment: Environment { os: "linux".to_owned(), arch: "x86_64".to_owned() },
            configuration: Digest { blake3: "0".repeat(64) },
            coverage: predicate_v1::coverage_of(outcome),
            sentinels: Sentinels { injected: outcome.sentinels.tried, detected: outcome.sentinels.found },
            known_answers: KnownAnswers { asked: outcome.known_answers.tried, answered: outcome.known_answers.found },
            records: predicate_v1::records_of(outcome, false),
            spot_checks: outcome
                .spot_checks
                .iter()
                .map(|check| SpotCheckV1 { record: check.record, found: check.found })
                .collect(),
            detail: None,
            declared: outcome.declared.clone(),
            limitations: predicate_v1::LIMITATIONS.map(str::to_owned).to_vec(),
        };
        let mut statement = Statement { subject: manifest.subject, predicate };
        restate(&mut statement.predicate, phase, &asked.policy);
        statement
    }

    /// Signs by the recipient and verifies at the usual time.
    pub(super) fn verify(&self, statement: &Statement<AttestationV1>) -> Verification {
        self.verify_by(statement, &self.originator.recipient)
    }

    pub(super) fn verify_by(&self, statement: &Statement<AttestationV1>, key: &SigningKey) -> Verification {
        verify(&self.originator.ledger, &sign(statement, key), at(RECEIVED)).unwrap()
    }
}

/// States the verdict anew, as a recipient would whose scan had found what the attestation now holds.
pub(super) fn restate(stated: &mut AttestationV1, phase: Phase, policy: &Policy) {
    let outcome = stated.outcome().unwrap();
    let judgement = verdict::judge(phase, policy, &outcome);
    stated.verdict = judgement.verdict.word().to_owned();
    stated.verdict_reasons = predicate_v1::reasons(&judgement);
    stated.meaning = verdict::meaning(judgement.verdict, &outcome);
}

pub(super) fn times(started_at: &str, finished_at: &str) -> ScanTimes {
    ScanTimes { started_at: started_at.to_owned(), finished_at: finished_at.to_owned() }
}

/// What a baseline finds: nearly all records in the contacts, none in the roll.
pub(super) fn there() -> Outcome {
    Outcome {
        targets: vec![target(CONTACTS, 3_000, [1_950, 1_980, 1_980]), target(ROLL, 5_000, [0, 0, 3])],
        found_records: 1_981,
        supply_records: (0..1_950).collect(),
        person_blocks: vec![1_000, 980],
        spot_checks: vec![SpotCheck { record: 5, found: true }, SpotCheck { record: 1_999, found: false }],
        ..gone()
    }
}

/// What a scan finds after the deletion: nothing.
pub(super) fn gone() -> Outcome {
    Outcome {
        records: RECORDS,
        searchable: RECORDS,
        expected_rows: 20_000,
        targets: vec![target(CONTACTS, 1_015, [0, 0, 0]), target(ROLL, 5_100, [0, 0, 3])],
        sentinels: Tried { tried: 2, found: 2 },
        known_answers: Tried { tried: 3, found: 3 },
        person_blocks: vec![0, 0],
        found_records: 3,
        spot_checks: vec![SpotCheck { record: 5, found: false }, SpotCheck { record: 1_999, found: false }],
        ..Outcome::default()
    }
}

/// A table whose three keys, of class S, P and A, find so many records.
pub(super) fn target(name: &str, rows: u64, found: [u64; 3]) -> Target {
    let key = |key: &str, class: Class, u: f64, found: u64| KeyResult {
        key: key.to_owned(),
        class,
        has_supply_atom: class == Class::Supply,
        fingerprints: RECORDS,
        probes: rows,
        hits: found,
        rows: found,
        distinct_records: found,
        declared_rows: Vec::new(),
        doubtful_rows: 0,
        doubtful_records: 0,
        u,
    };
    let column = |name: &str, taken_for: &str| Column {
        name: name.to_owned(),
        taken_for: taken_for.to_owned(),
        by: "header".to_owned(),
        filled: rows,
        unreadable: 0,
    };
    Target {
        name: name.to_owned(),
        source: "sqlite:crm.db".to_owned(),
        kind: "sqlite".to_owned(),
        identity: vec![("path".to_owned(), "/srv/crm.db".to_owned())],
        consistency: "snapshot".to_owned(),
        schema_digest: "0".repeat(64),
        rows_expected: Some(rows),
        rows_read: rows,
        bytes: rows * 90,
        hashes: rows * 3,
        records_found: found.into_iter().max().unwrap_or(0),
        columns: vec![column("name", "name.full"), column("email", "email.main"), column("dob", "date.birth")],
        by_key: vec![
            key("child_any_dob", Class::Supply, 1e-15, found[0]),
            key("email", Class::Person, 1e-12, found[1]),
            key("name_postcode", Class::Aggregate, 1e-6, found[2]),
        ],
        ..Target::default()
    }
}
