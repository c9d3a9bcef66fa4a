//! Downstream attestations: what an onward recipient attested to the one who had supplied it, as far as it can be checked here
//! (`docs/verification.md`, "Downstream attestations").
//!
//! The challenge that it answers is another ledger's, so that five of the nine checks have nothing to compare with. What remains is the onward
//! recipient's statement to its own supplier, of which it is known that it does not contradict itself, and that the attestation above it names
//! these very bytes. It makes nothing better.

use crate::attestation::dsse::Envelope;
use crate::attestation::dsse::sha256;
use crate::attestation::predicate_v1::AttestationV1;
use crate::attestation::statement::Statement;
use crate::attestation::statement::StatementError;
use crate::finding::Outcome;
use crate::finding::Phase;
use crate::finding::declaration::Declarations;
use crate::finding::declaration::Onward;
use crate::finding::declaration::Policy;
use crate::finding::verdict;
use crate::finding::verdict::Judgement;
use crate::finding::verdict::Reason;
use crate::finding::verdict::ReasonCode;
use crate::finding::verdict::Verdict;
use crate::ledger::Ledger;
use crate::ledger::LedgerError;
use crate::ledger::Supply;
use crate::ledger::entry::OnwardEntry;
use crate::ledger::entry::OnwardRecipient;
use crate::ledger::onward::Named;
use crate::support::hex;
use crate::support::sanitize;
use crate::support::time;
use crate::verification::CheckResult;
use crate::verification::Failure;
use crate::verification::Status;
use crate::verification::check;
use crate::verification::check::Checks;
use jiff::Timestamp;
use std::collections::BTreeSet;

/// Declarations and reasons of one attestation that are judged: each is held against all the others, and nobody here knows who made them.
const MOST_JUDGED: usize = 10_000;

/// Why checks do not run that compare with a challenge.
const OTHERS: &str = "it answers another ledger's challenge, which is not here";

/// What became of it.
#[derive(Clone, Debug)]
pub(crate) enum Downstream {
    /// Nobody who counts names it, or it is not what `--downstream-of` is for.
    Refused {
        /// Why.
        failure: Failure,
        /// Whether it may be named by a file that is entered later.
        may_follow: bool,
    },
    /// It is named, and was looked at.
    Examined(Box<Examined>),
}

/// What is known of a downstream attestation.
#[derive(Clone, Debug)]
pub(crate) struct Examined {
    /// For whom it is named.
    pub(crate) recipient: String,
    /// V1 to V9, in this order.
    pub(crate) checks: Vec<CheckResult>,
    /// What was attested, where it could be read.
    pub(crate) stated: Option<AttestationV1>,
    /// The fingerprint of the pinned key that signed it.
    pub(crate) key: Option<String>,
    /// What is to be entered, for each attestation that names it; nothing where a check failed.
    pub(crate) entries: Vec<OnwardEntry>,
}

/// The onward recipients whom an attestation declares, as the ledger keeps them.
pub(super) fn declared(stated: &AttestationV1) -> Vec<OnwardRecipient> {
    let kept = |onward: &Onward| OnwardRecipient {
        recipient: sanitize::clean(&onward.recipient),
        attestations: onward.attestations.clone(),
    };
    stated.declared.onward.iter().map(kept).collect()
}

/// Verifies one below a supply, by its whole id. An error is the ledger's.
pub(crate) fn verify(ledger: &Ledger, supply: &Supply, bytes: &[u8], received_at: Timestamp) -> Result<Downstream, LedgerError> {
    let refuse = |reason: String, help: &'static str, may_follow: bool| {
        Ok(Downstream::Refused { failure: Failure { reason, help }, may_follow })
    };
    let view = ledger.view();
    let digest = hex::encode(&sha256(bytes));
    let named = supply.naming(&digest);
    let Some(first) = named.first().copied() else {
        return refuse(
            format!(
                "no attestation that stands for supply {} names these bytes (SHA-256 {digest})",
                view.short_id(&supply.entry.supply_id)
            ),
            "verify first what names it; if nothing does, have the recipient name it in its answer to a new challenge (`residua scan --onward \
             RECIPIENT=FILE`). A file of which a byte was changed is another file",
            true,
        );
    };
    if supply.has_attestation(&digest) {
        return refuse(
            "it is an attestation of the supply's own recipient, and not of somebody to whom the data went on".to_owned(),
            "ask the recipient why it names its own attestation as another's",
            false,
        );
    }
    let mut checks = Checks::default();
    let (statement, key) = open(&mut checks, ledger, supply, bytes, &named, received_at)?;
    let mut examined =
        Examined { recipient: first.recipient.to_owned(), checks: Vec::new(), stated: None, key, entries: Vec::new() };
    if let Some(stated) = statement.map(|statement| statement.predicate) {
        if view.challenge(&stated.challenge.challenge_id).is_some() {
            return refuse(
                "it answers a challenge of this ledger, and so is no statement of somebody to whom the data went on".to_owned(),
                "verify it without `--downstream-of`",
                false,
            );
        }
        examine(&mut checks, &stated);
        examined.stated = Some(stated);
    }
    examined.checks = checks.finish();
    let has_failed = examined.checks.iter().any(|check| matches!(check.status, Status::Failed(_)));
    if let Some(stated) = examined.stated.as_ref().filter(|_| !has_failed) {
        let entry = |named: &Named<'_>| OnwardEntry {
            supply_id: supply.entry.supply_id.clone(),
            parent: named.parent.to_owned(),
            recipient: named.recipient.to_owned(),
            attestation: digest.clone(),
            key: examined.key.clone(),
            verdict: stated.verdict.clone(),
            received_at: time::format(first_received(supply, &digest, examined.key.as_deref()).unwrap_or(received_at)),
            onward: declared(stated),
        };
        examined.entries = named.iter().map(entry).collect();
    }
    Ok(Downstream::Examined(Box::new(examined)))
}

/// When the same bytes were received first with a signature that was known so far: by this pinned key, or by none. A card that is pinned later says
/// nothing of what came before.
fn first_received(supply: &Supply, digest: &str, key: Option<&str>) -> Option<Timestamp> {
    let known = supply.onward.iter().find(|entry| entry.attestation == digest && entry.key.as_deref() == key)?;
    time::parse(&known.received_at)
}

/// Runs V1 and V2. A key that is not pinned is no failure: the attestation above, which was authenticated, names these bytes.
fn open(
    checks: &mut Checks,
    ledger: &Ledger,
    supply: &Supply,
    bytes: &[u8],
    named: &[Named<'_>],
    received_at: Timestamp,
) -> Result<(Option<Statement<AttestationV1>>, Option<String>), LedgerError> {
    let view = ledger.view();
    let envelope = match Envelope::parse(bytes) {
        Ok(envelope) => envelope,
        Err(error) => {
            checks.run(1, |findings| check::envelope::not_an_envelope(findings, &error));
            checks.skip_rest("the file is no signed envelope (V1)");
            return Ok((None, None));
        }
    };
    let signed = view.parties().signer(&envelope, || None)?;
    let key = signed.map(|(_, key)| key.pinned.fingerprint.clone());
    let verified = match (signed, &key) {
        (Some((verified, _)), Some(key)) => {
            let received_at = first_received(supply, &hex::encode(&sha256(bytes)), Some(key.as_str())).unwrap_or(received_at);
            checks.run(2, |findings| {
                check::signature::judge(findings, view, key, received_at);
                let current = |key: &str| view.parties().current(key).to_owned();
                if named.iter().any(|named| named.signer.is_some_and(|signer| current(signer) == current(key))) {
                    findings.fail(
                        format!("signed by `{key}`, by whom the attestation is signed that names it as another's"),
                        "ask for the attestation of the onward recipient, signed by its own key",
                    );
                }
            });
            Some(verified)
        }
        _ if let Some((_, officer)) = view.parties().officer_signer(&envelope)? => {
            let key = &officer.pinned;
            let reason = format!(
                "signed by `{}` of `{}`, an officer who countersigns for a recipient of this ledger",
                key.fingerprint,
                sanitize::clean(&key.name)
            );
            checks.run(2, |findings| {
                findings.fail(reason, "ask for the attestation of the onward recipient, signed by its own key");
            });
            checks.skip_rest("what is inside is not read where somebody else has signed it (V2)");
            return Ok((None, None));
        }
        _ if view.parties().key(envelope.keyid()).is_some() => {
            let claimed = sanitize::clean(envelope.keyid());
            checks.run(2, |findings| {
                findings.fail(
                    format!("it claims to be signed by `{claimed}`, which is pinned here, and the signature is not that key's"),
                    "ask the onward recipient itself for its attestation, and compare the SHA-256 of the file",
                );
            });
            checks.skip_rest("what is inside is not read where a signature is false (V2)");
            return Ok((None, None));
        }
        _ => {
            checks.skip(
                2,
                "it is signed by a key that is not pinned here; the attestation above it names these bytes, and nothing else says whose they are",
            );
            named.first().and_then(|named| envelope.vouched(bytes, named.attestation))
        }
    };
    let statement = verified.map_or(Err(StatementError::NotAStatement), Statement::open);
    match statement {
        Ok(statement) => {
            checks.run(1, |_| {});
            Ok((Some(statement), key))
        }
        Err(error) => {
            checks.run(1, |findings| check::envelope::not_an_attestation(findings, &error));
            checks.skip_rest("the statement cannot be read (V1)");
            Ok((None, key))
        }
    }
}

/// Runs those of V3 to V9 that need the document alone.
fn examine(checks: &mut Checks, stated: &AttestationV1) {
    for number in [3, 4, 5, 7] {
        checks.skip(number, OTHERS);
    }
    checks.run(9, |findings| check::declaration::check(findings, stated));
    let outcome = stated.outcome().filter(check::coverage::is_countable);
    let Some(outcome) = outcome else {
        checks.run(6, check::coverage::unreadable);
        checks.skip(8, "the coverage holds words or numbers that cannot be judged (V6)");
        return;
    };
    checks.run(6, |findings| {
        check::coverage::inner(findings, None, stated, &outcome);
        findings.fail_if(
            outcome.searchable > outcome.records,
            "more records can be looked for than there are",
            check::coverage::ALTERED,
        );
    });
    let declared = &outcome.declared;
    let count = [
        declared.lawful_sources.len(),
        declared.removed.len(),
        declared.backups.len(),
        declared.not_scanned.len(),
        declared.onward.len(),
        declared.exclusions.len(),
        outcome.excluded.len(),
        stated.verdict_reasons.len(),
    ];
    if count.into_iter().sum::<usize>() > MOST_JUDGED {
        checks.run(8, |findings| {
            findings.fail(format!("more than {MOST_JUDGED} declarations and reasons are not judged"), check::coverage::ALTERED);
        });
        return;
    }
    checks.run(8, |findings| {
        let judgement = judgement(stated, &outcome);
        match judgement {
            Some(judgement) => check::verdict::check(findings, stated, &outcome, &judgement),
            None => findings.fail(
                format!(
                    "the verdict `{}` with its reasons is none to which what is attested leads, whatever the challenge accepted",
                    sanitize::clean(&stated.verdict)
                ),
                check::coverage::ALTERED,
            ),
        }
    });
}

/// The judgement that an attestation's findings and its own reasons lead to, where any challenge could have led there. What the challenge accepted
/// is not known, so that the reasons stated have to lie between those that no challenge takes away and those that the strictest one gives.
fn judgement(stated: &AttestationV1, outcome: &Outcome) -> Option<Judgement> {
    let phase = Phase::parse(&stated.challenge.phase)?;
    let Judgement { reasons, .. } = stated.judgement()?;
    let missing = reasons.iter().filter(|reason| reason.code == ReasonCode::RequiredKeyMissing);
    let required_keys: Vec<String> = missing.filter_map(|reason| reason.key.clone()).collect();
    let is_within = |empty_accepted: bool| {
        let lenient = Policy {
            // It is the challenge that asks for it, and no part of the verdict.
            countersignature_required: false,
            accept: Declarations { exclusions: outcome.excluded.clone(), ..outcome.declared.clone() },
            required_keys: required_keys.clone(),
            baseline_percent: 0,
            unkeyed_percent: 100,
            without_baseline: false,
            empty_accepted,
        };
        let strict = Policy { accept: Declarations::default(), baseline_percent: 100, unkeyed_percent: 0, ..lenient.clone() };
        let (least, most) = (verdict::judge(phase, &lenient, outcome), verdict::judge(phase, &strict, outcome));
        let holds = |all: &[Reason], some: &[Reason]| {
            let all: BTreeSet<&Reason> = all.iter().collect();
            some.iter().all(|reason| all.contains(reason))
        };
        holds(&reasons, &least.reasons) && holds(&most.reasons, &reasons)
    };
    if !is_within(false) && !is_within(true) {
        return None;
    }
    let best = if phase == Phase::Baseline { Verdict::Present } else { Verdict::Clear };
    let mut sorted = reasons;
    sorted.sort();
    sorted.dedup();
    let verdict = sorted.iter().map(|reason| reason.code.verdict()).max().unwrap_or(best);
    Some(Judgement { verdict, reasons: sorted })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attestation::key::SigningKey;
    use crate::finding::declaration::Exclusion;
    use crate::finding::declaration::LawfulSource;
    use crate::finding::declaration::NotScanned;
    use crate::finding::gap::Gap;
    use crate::finding::gap::GapCode;
    use crate::ledger::board;
    use crate::ledger::entry::Basis;
    use crate::ledger::entry::Conclusion;
    use crate::ledger::entry::Entry;
    use crate::ledger::entry::OfficerEntry;
    use crate::ledger::entry::PinnedCard;
    use crate::ledger::entry::RecipientEntry;
    use crate::ledger::entry::RevocationEntry;
    use crate::ledger::fixture::at;
    use crate::ledger::fixture::sign;
    use crate::verification::fixture::CONTACTS;
    use crate::verification::fixture::ISSUED;
    use crate::verification::fixture::RECEIVED;
    use crate::verification::fixture::ROLL;
    use crate::verification::fixture::World;
    use crate::verification::fixture::gone;
    use crate::verification::fixture::restate;
    use crate::verification::fixture::target;

    const LATER: &str = "2017-07-04T12:00:00Z";

    fn client() -> SigningKey {
        SigningKey::generate("Client", &[9; 32]).unwrap()
    }

    /// What a client attests to the broker, whose challenge had this policy.
    fn attested(outcome: &Outcome, policy: &Policy) -> Statement<AttestationV1> {
        let mut broker = World::new();
        let challenge = broker.challenge(Phase::Deletion, ISSUED, policy.clone());
        let mut statement = broker.attest(&challenge, outcome);
        // Both worlds count their challenges alike.
        statement.predicate.challenge.challenge_id = "f".repeat(32);
        statement
    }

    /// Our ledger, with the broker's clear answer that names these files as the client's.
    fn naming(files: &[&[u8]]) -> World {
        let onward = Onward {
            recipient: "Client".to_owned(),
            reason: "hosts it".to_owned(),
            attestations: files.iter().map(|file| hex::encode(&sha256(file))).collect(),
        };
        let accepted = Onward { attestations: Vec::new(), ..onward.clone() };
        let accept = Declarations { onward: vec![accepted], ..Declarations::default() };
        let mut world = World::new();
        let challenge = world.challenge(Phase::Deletion, ISSUED, Policy { accept, ..Policy::default() });
        let declared = Declarations { onward: vec![onward], ..Declarations::default() };
        let answer = world.attest(&challenge, &Outcome { declared, ..gone() });
        let verification = world.verify(&answer);
        assert_eq!(verification.appraisal.conclusion, Conclusion::Clear, "{:?}", verification.appraisal);
        let file = sign(&answer, &world.originator.recipient);
        world.receive(&verification, &file);
        world
    }

    fn look(world: &World, file: &[u8], now: &str) -> Downstream {
        let supply = world.originator.ledger.view().supply(&world.supply_id).unwrap();
        verify(&world.originator.ledger, supply, file, at(now)).unwrap()
    }

    #[track_caller]
    fn examined(world: &World, file: &[u8], now: &str) -> Examined {
        match look(world, file, now) {
            Downstream::Examined(examined) => *examined,
            Downstream::Refused { failure, .. } => panic!("{failure:?}"),
        }
    }

    #[track_caller]
    fn refused(world: &World, file: &[u8], words: &str) {
        let Downstream::Refused { failure, .. } = look(world, file, RECEIVED) else { panic!("not refused: {words}") };
        assert!(failure.reason.contains(words), "{failure:?}");
    }

    fn failed(examined: &Examined) -> Vec<u8> {
        let failed = examined.checks.iter().filter(|check| matches!(check.status, Status::Failed(_)));
        failed.map(|check| check.number).collect()
    }

    fn enter(world: &mut World, examined: &Examined, file: &[u8], now: &str) -> bool {
        world.originator.ledger.add_onward(at(now), examined.entries[0].clone(), file).unwrap()
    }

    fn remark(world: &World) -> (String, bool) {
        let row = board::rows(world.originator.ledger.view(), time::parse_day("2017-07-05").unwrap()).remove(0);
        (row.remark, row.is_overdue)
    }

    #[test]
    fn what_is_named_is_looked_at_and_nothing_else() {
        let statement = attested(&gone(), &Policy::default());
        let file = sign(&statement, &client());
        let mut world = naming(&[&file]);
        assert!(remark(&world).1);
        let found = examined(&world, &file, RECEIVED);
        assert_eq!((found.recipient.as_str(), found.key.as_deref(), failed(&found)), ("Client", None, Vec::new()));
        let passed = found.checks.iter().filter(|check| check.status == Status::Passed).map(|check| check.number);
        assert_eq!(passed.collect::<Vec<_>>(), [1, 6, 8, 9]);
        assert_eq!(found.entries[0].verdict, "clear");
        // Other bytes that say the same, and another's.
        refused(&world, &[&file[..], b"\n"].concat(), "names these bytes");
        refused(&world, &sign(&statement, &world.originator.recipient), "names these bytes");
        refused(&world, b"", "names these bytes");
        assert!(enter(&mut world, &found, &file, RECEIVED));
        assert_eq!(remark(&world), (
            "nothing is due; a recheck may be asked for later; onward recipient `Client`: stated clear by a key that is not pinned"
                .to_owned(),
            false
        ));
        // A second time it says nothing new, and as the client's it does once its card is pinned.
        let again = examined(&world, &file, LATER);
        assert_eq!(again.entries, found.entries);
        assert!(!enter(&mut world, &again, &file, LATER));
        pin(&mut world);
        let pinned = examined(&world, &file, LATER);
        assert_eq!((pinned.key.as_deref(), failed(&pinned)), (Some(client().fingerprint()), Vec::new()));
        assert!(enter(&mut world, &pinned, &file, LATER));
        assert_eq!(remark(&world), ("nothing is due; a recheck may be asked for later".to_owned(), false));
        // A key that is revoked as of then takes its worth from it.
        let fingerprint = client().fingerprint().to_owned();
        let revoked = RevocationEntry { fingerprint, since: "2017-07-04".to_owned(), reason: "stolen".to_owned() };
        world.originator.ledger.append(at(LATER), Entry::Revocation(revoked)).unwrap();
        assert_eq!(remark(&world), ("onward recipient `Client`: its key was not valid".to_owned(), true));
        assert_eq!(failed(&examined(&world, &file, LATER)), [2]);
    }

    fn pin(world: &mut World) {
        let card = PinnedCard::new(&client().card());
        let since = "2017-07-04T11:00:00Z";
        let entry = RecipientEntry { card, replaces: None, since: since.to_owned(), basis: Basis::Compared, statement: None };
        world.originator.ledger.append(at(since), Entry::Recipient(Box::new(entry))).unwrap();
    }

    #[test]
    fn a_false_signature_of_a_pinned_key_and_the_recipients_own_are_refused() {
        let statement = attested(&gone(), &Policy::default());
        let stranger = SigningKey::generate("Client", &[8; 32]).unwrap();
        let hint = String::from_utf8(sign(&statement, &stranger)).unwrap();
        let hint = hint.replace(stranger.fingerprint(), client().fingerprint()).into_bytes();
        let own = sign(&statement, &SigningKey::generate("Party", &[2; 32]).unwrap());
        let mut world = naming(&[&hint, &own]);
        pin(&mut world);
        for file in [&hint, &own] {
            let found = examined(&world, file, LATER);
            assert_eq!((failed(&found), found.entries.len()), (vec![2], 0));
        }
    }

    #[test]
    fn an_officer_of_a_recipient_attests_nothing_for_somebody_below_it() {
        let file = sign(&attested(&gone(), &Policy::default()), &client());
        let mut world = naming(&[&file]);
        let officer = OfficerEntry {
            party: world.originator.recipient.fingerprint().to_owned(),
            card: PinnedCard::new(&client().card()),
            since: RECEIVED.to_owned(),
        };
        world.originator.ledger.append(at(RECEIVED), Entry::Officer(Box::new(officer))).unwrap();
        let found = examined(&world, &file, RECEIVED);
        assert_eq!((failed(&found), found.entries.len()), (vec![2], 0));
    }

    #[test]
    fn what_declares_more_than_is_judged_is_not_judged() {
        for (number, expected) in [(MOST_JUDGED / 2, Vec::new()), (MOST_JUDGED / 2 + 1, vec![8])] {
            let not_scanned =
                (0..number).map(|number| NotScanned { system: number.to_string(), reason: "x".to_owned() }).collect();
            let declared = Declarations { not_scanned, ..Declarations::default() };
            let file = sign(&attested(&Outcome { declared, ..gone() }, &Policy::default()), &client());
            let found = examined(&naming(&[&file]), &file, RECEIVED);
            assert_eq!(failed(&found), expected, "{number}");
        }
    }

    #[test]
    fn what_answers_our_own_challenge_is_no_leaf() {
        let mut statement = attested(&gone(), &Policy::default());
        let ids: Vec<String> = {
            let world = naming(&[]);
            let supply = world.originator.ledger.view().supplies()[0].clone();
            supply.challenges.iter().map(|challenge| challenge.entry.challenge_id.clone()).collect()
        };
        statement.predicate.challenge.challenge_id.clone_from(&ids[1]);
        let file = sign(&statement, &client());
        refused(&naming(&[&file]), &file, "answers a challenge of this ledger");
    }

    type Forge = fn(&mut AttestationV1);

    #[test]
    fn one_that_contradicts_itself_is_not_entered() {
        let residual = Outcome {
            targets: vec![target(CONTACTS, 3_000, [5, 5, 5]), target(ROLL, 5_000, [0, 0, 3])],
            found_records: 6,
            supply_records: (0..5).collect(),
            person_blocks: vec![5, 0],
            ..gone()
        };
        let forged: [(u8, Forge); 8] = [
            (8, |stated| stated.verdict = "clear".to_owned()),
            (8, |stated| {
                stated.verdict_reasons.clear();
                stated.verdict = "clear".to_owned();
                let outcome = stated.outcome().unwrap();
                stated.meaning = verdict::meaning(Verdict::Clear, &outcome);
            }),
            (8, |stated| stated.limitations.clear()),
            (8, |stated| stated.challenge.phase = "other".to_owned()),
            (6, |stated| stated.coverage.complete = false),
            (6, |stated| stated.records.supply_count = 0),
            (6, |stated| stated.coverage.targets[0].by_key[0].rows = 6),
            (9, |stated| {
                let onward = |digest: &str| Onward {
                    recipient: "X".to_owned(),
                    reason: "y".to_owned(),
                    attestations: vec![digest.to_owned()],
                };
                stated.declared.onward = vec![onward("0a")];
            }),
        ];
        for (number, forge) in forged {
            let mut statement = attested(&residual, &Policy::default());
            forge(&mut statement.predicate);
            let file = sign(&statement, &client());
            let found = examined(&naming(&[&file]), &file, RECEIVED);
            assert!(failed(&found).contains(&number), "V{number}: {:?}", found.checks);
            assert!(found.entries.is_empty());
        }
        let file = sign(&attested(&residual, &Policy::default()), &client());
        let mut world = naming(&[&file]);
        let found = examined(&world, &file, RECEIVED);
        assert_eq!((failed(&found), found.entries[0].verdict.as_str()), (Vec::new(), "residual"));
        enter(&mut world, &found, &file, RECEIVED);
        assert_eq!(remark(&world), ("onward recipient `Client`: stated residual".to_owned(), true));
        // What is no attestation.
        let file = b"{}".to_vec();
        let found = examined(&naming(&[&file]), &file, RECEIVED);
        assert_eq!((failed(&found), found.entries.len()), (vec![1], 0));
    }

    /// What an honest program states under a challenge that is not known here is always found to follow.
    #[test]
    fn every_honest_statement_passes_whatever_its_challenge_accepted() {
        let lawful = LawfulSource { name: "roll".to_owned(), target: ROLL.to_owned(), source: "register".to_owned(), rows: None };
        let people = Outcome {
            targets: vec![target(CONTACTS, 1_015, [0, 0, 0]), target(ROLL, 5_100, [0, 40, 3])],
            found_records: 41,
            person_blocks: vec![40, 0],
            declared: Declarations { lawful_sources: vec![lawful], ..Declarations::default() },
            ..gone()
        };
        let left_out = Outcome {
            excluded: vec![Exclusion { target: "staff".to_owned(), column: None, reason: "ours".to_owned() }],
            ..gone()
        };
        let mut unkeyed = gone();
        unkeyed.targets[0].rows_unkeyed = 20;
        let mut gaps = gone();
        gaps.gaps.push(Gap { target: ROLL.into(), column: None, code: GapCode::CutShort, count: None, detail: String::new() });
        let mut empty = gone();
        for target in &mut empty.targets {
            target.rows_read = 0;
            target.rows_expected = Some(0);
            target.hashes = 0;
            target.records_found = 0;
            for result in &mut target.by_key {
                (result.probes, result.hits, result.rows, result.distinct_records) = (0, 0, 0, 0);
            }
        }
        empty.found_records = 0;
        for outcome in [gone(), people, left_out, unkeyed, gaps, empty] {
            let accept = Declarations { exclusions: outcome.excluded.clone(), ..outcome.declared.clone() };
            let accepting = Policy { accept, ..Policy::default() };
            let policies = [
                Policy::default(),
                accepting.clone(),
                Policy { unkeyed_percent: 100, ..accepting.clone() },
                Policy { unkeyed_percent: 0, ..Policy::default() },
                Policy { empty_accepted: true, ..accepting.clone() },
                Policy { required_keys: vec!["email".to_owned(), "phone".to_owned()], ..accepting },
            ];
            for policy in policies {
                let mut statement = attested(&outcome, &Policy::default());
                restate(&mut statement.predicate, Phase::Deletion, &policy);
                let stated = &statement.predicate;
                let judged = judgement(stated, &outcome);
                assert_eq!(judged, stated.judgement(), "{policy:?}");
            }
        }
    }
}
