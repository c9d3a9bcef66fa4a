//! One vector a check that fails it alone, and everything else that an attestation may get wrong: honest answers, spoiled in one place, signed anew.

use crate::attestation::LARGEST_INTEGER;
use crate::attestation::dsse::Envelope;
use crate::attestation::key::SigningKey;
use crate::attestation::predicate_v1::AttestationV1;
use crate::attestation::predicate_v1::ChallengeV1;
use crate::attestation::predicate_v1::DeclaredRows;
use crate::attestation::predicate_v1::Digest;
use crate::attestation::predicate_v1::KnownAnswers;
use crate::attestation::predicate_v1::ResumedV1;
use crate::attestation::predicate_v1::TargetV1;
use crate::attestation::predicate_v1::records_of;
use crate::attestation::sealed;
use crate::attestation::statement::Statement;
use crate::finding::Outcome;
use crate::finding::Phase;
use crate::finding::coverage::Column;
use crate::finding::coverage::Target;
use crate::finding::declaration::Backup;
use crate::finding::declaration::BeyondUse;
use crate::finding::declaration::Declarations;
use crate::finding::declaration::Exclusion;
use crate::finding::declaration::LawfulSource;
use crate::finding::declaration::NotScanned;
use crate::finding::declaration::Policy;
use crate::finding::declaration::Removed;
use crate::finding::gap::Gap;
use crate::finding::gap::GapCode;
use crate::finding::verdict::Verdict;
use crate::ledger::Ledger;
use crate::ledger::board;
use crate::ledger::board::State;
use crate::ledger::challenge::issue;
use crate::ledger::challenge::record;
use crate::ledger::entry::Basis;
use crate::ledger::entry::ClosingEntry;
use crate::ledger::entry::Conclusion;
use crate::ledger::entry::Entry;
use crate::ledger::entry::PinnedCard;
use crate::ledger::entry::RecipientEntry;
use crate::ledger::entry::RevocationEntry;
use crate::ledger::fixture::at;
use crate::ledger::fixture::backup;
use crate::ledger::fixture::seeds;
use crate::ledger::fixture::sign;
use crate::ledger::store::open_signed;
use crate::match_key::strength::decimal;
use crate::verification::CheckResult;
use crate::verification::Status;
use crate::verification::Verification;
use crate::verification::appraisal::Appraisal;
use crate::verification::fixture::CONTACTS;
use crate::verification::fixture::ISSUED;
use crate::verification::fixture::RECEIVED;
use crate::verification::fixture::ROLL;
use crate::verification::fixture::World;
use crate::verification::fixture::gone;
use crate::verification::fixture::restate;
use crate::verification::fixture::target;
use crate::verification::fixture::there;
use crate::verification::fixture::times;
use crate::verification::verify;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use roaring::RoaringBitmap;

/// A world with a baseline, a deletion challenge and the honest, clear answer.
fn clear() -> (World, Vec<u8>, Statement<AttestationV1>) {
    let mut world = World::new();
    let challenge = world.challenge(Phase::Deletion, ISSUED, Policy::default());
    let statement = world.attest(&challenge, &gone());
    (world, challenge, statement)
}

fn failed(verification: &Verification) -> Vec<u8> {
    let failed = |check: &&CheckResult| matches!(check.status, Status::Failed(_));
    verification.checks.iter().filter(failed).map(|check| check.number).collect()
}

/// Asserts that one check fails, by this word, that the others pass or say why they did not run, and that nothing is concluded.
fn assert_fails(verification: &Verification, number: u8, word: &str) {
    assert_eq!(failed(verification), [number], "{word}: {:#?}", verification.checks);
    assert_eq!(verification.checks.len(), 9);
    assert_eq!(verification.appraisal.conclusion, Conclusion::Failed);
    let Status::Failed(failures) = &verification.checks[usize::from(number) - 1].status else { unreachable!() };
    assert!(failures.iter().any(|failure| failure.reason.contains(word)), "{word}: {failures:?}");
    assert!(failures.iter().all(|failure| !failure.help.is_empty()));
}

fn assert_doubt(verification: &Verification, word: &str) {
    assert_eq!(failed(verification), [0_u8; 0], "{word}: {:#?}", verification.checks);
    assert_eq!(verification.appraisal.conclusion, Conclusion::Inconclusive, "{word}: {:?}", verification.appraisal);
    assert!(verification.appraisal.reasons.iter().any(|reason| reason.contains(word)), "{word}: {:?}", verification.appraisal);
}

/// Spoils the honest answer, states its verdict anew, and verifies.
fn spoiled(world: &World, statement: &Statement<AttestationV1>, change: impl FnOnce(&mut AttestationV1)) -> Verification {
    let mut statement = statement.clone();
    change(&mut statement.predicate);
    if statement.predicate.outcome().is_some() {
        restate(&mut statement.predicate, Phase::Deletion, &Policy::default());
    }
    world.verify(&statement)
}

#[test]
fn an_honest_answer_passes_every_check() {
    let (mut world, challenge, statement) = clear();
    let verification = world.verify(&statement);
    assert!(verification.checks.iter().all(|check| check.status == Status::Passed && check.doubts.is_empty()));
    assert_eq!(verification.appraisal, Appraisal { conclusion: Conclusion::Clear, ..Appraisal::default() });
    assert_eq!(verification.receipt().unwrap().verdict, "clear");

    // What remains is residual, and is no failure of the attestation.
    let mut found = gone();
    found.targets[0] = target(CONTACTS, 1_015, [7, 7, 7]);
    found.supply_records = (0..7).collect();
    found.person_blocks = vec![7, 0];
    found.found_records = 10;
    found.spot_checks[0].found = true;
    let verification = world.verify(&world.attest(&challenge, &found));
    assert_eq!(failed(&verification), [0_u8; 0], "{:#?}", verification.checks);
    assert_eq!(verification.appraisal.conclusion, Conclusion::Residual);
    assert!(verification.appraisal.reasons[0].contains("7 supplied records, found by `child_any_dob`"));

    let again = world.challenge(Phase::Recheck, ISSUED, Policy::default());
    let verification = world.verify(&world.attest(&again, &gone()));
    assert_eq!(verification.appraisal.conclusion, Conclusion::Clear);
    assert!(verification.appraisal.notes[0].contains("earlier challenge"));
}

/// The attestation satisfies every check, its verdict is what its findings give, and still a seed decides.
#[test]
fn a_seed_that_was_found_is_decisive() {
    let mut world = World::supplied(Some(&seeds()));
    let policy = Policy { without_baseline: true, ..Policy::default() };
    let challenge = world.challenge(Phase::Deletion, ISSUED, policy.clone());
    let verification = world.verify(&world.attest(&challenge, &gone()));
    assert_eq!(verification.appraisal.conclusion, Conclusion::Clear, "{:?}", verification.appraisal);
    // Its block holds some people, all of them in a lawful target; nothing else says who they are.
    let lawful = LawfulSource { name: "roll".into(), target: ROLL.into(), source: "register".into(), rows: None };
    let accept = Declarations { lawful_sources: vec![lawful], ..Declarations::default() };
    let challenge = world.challenge(Phase::Recheck, ISSUED, Policy { accept: accept.clone(), ..policy });
    let mut found = Outcome { declared: accept, ..gone() };
    found.targets[1] = target(ROLL, 5_100, [0, 3, 3]);
    found.person_blocks = vec![1, 2];
    found.spot_checks[1].found = true;
    let statement = world.attest(&challenge, &found);
    assert_eq!(statement.predicate.verdict, "clear");
    let verification = world.verify(&statement);
    assert_eq!(failed(&verification), [0_u8; 0], "{:#?}", verification.checks);
    assert_eq!(verification.appraisal.conclusion, Conclusion::Residual);
    let reason = "seed 1 of 4 was found: an invented person whom nobody but Party was given";
    assert_eq!(verification.appraisal.reasons, [reason]);
    assert_eq!(verification.receipt().unwrap().reasons, [reason]);

    // Once the supply is closed nobody knows the seeds any more. What was concluded stands, and nothing else is taken in.
    let file = sign(&statement, &world.originator.recipient);
    world.receive(&verification, &file);
    let closing = ClosingEntry { supply_id: world.supply_id.clone(), started_at: RECEIVED.to_owned(), unresolved: None };
    world.originator.ledger.append(at(RECEIVED), Entry::Closing(closing)).unwrap();
    let closed = verify(&world.originator.ledger, &file, at("2019-01-01T09:00:00Z")).unwrap();
    assert_eq!(failed(&closed), [0_u8; 0], "{:#?}", closed.checks);
    assert_eq!((closed.appraisal.conclusion, closed.receipt()), (Conclusion::Residual, None));
    let note = "the supply was closed on 2017-07-03: this is judged as of when it was received";
    assert!(closed.appraisal.notes.iter().any(|said| said.starts_with(note)), "{:?}", closed.appraisal.notes);
    assert!(closed.appraisal.reasons.iter().any(|said| said.contains("appraised as `residual`") && said.contains(reason)));
    let mut other = statement;
    other.predicate.operator.name = "Joe".to_owned();
    assert_fails(&world.verify(&other), 3, "the supply was closed on 2017-07-03");

    // A baseline that finds none of those who were asked for.
    let mut world = World::supplied(Some(&seeds()));
    let challenge = world.challenge(Phase::Baseline, "2017-05-08T09:00:00Z", Policy::default());
    let mut lacking = there();
    lacking.spot_checks[0].found = false;
    lacking.supply_records = (0..1_951).filter(|record| *record != 5).collect();
    let mut statement = world.attest(&challenge, &lacking);
    statement.predicate.scan = times("2017-05-08T10:00:00Z", "2017-05-08T10:30:00Z");
    let verification =
        verify(&world.originator.ledger, &sign(&statement, &world.originator.recipient), at("2017-05-08T12:00:00Z")).unwrap();
    assert_doubt(&verification, "0 of 2 seeds");
}

#[test]
fn an_honest_gap_passes_and_counts() {
    let (world, challenge, _) = clear();
    let mut outcome = gone();
    let gap = Gap { target: ROLL.into(), column: None, code: GapCode::RaggedRows, count: Some(3), detail: String::new() };
    outcome.gaps.push(gap);
    let verification = world.verify(&world.attest(&challenge, &outcome));
    assert_eq!(failed(&verification), [0_u8; 0]);
    assert_eq!(verification.appraisal.conclusion, Conclusion::Inconclusive);
}

#[test]
fn v1_envelope_and_types() {
    let (world, challenge, statement) = clear();
    let ledger = &world.originator.ledger;
    let good = String::from_utf8(sign(&statement, &world.originator.recipient)).unwrap();
    let doubled = good.replacen('{', "{\"payloadType\": \"x\",", 1);
    for text in ["", "{}", &good[..good.len() / 2], &good.replace("in-toto+json", "x"), &doubled, "\u{feff}{}"] {
        let verification = verify(ledger, text.as_bytes(), at(RECEIVED)).unwrap();
        assert_fails(&verification, 1, "");
        assert_eq!(verification.receipt(), None);
    }
    assert_fails(&verify(ledger, doubled.as_bytes(), at(RECEIVED)).unwrap(), 1, "the same member name twice");
    // A recipient that signs something else, or the same member twice inside.
    let sign_text = |text: &str| Envelope::sign(text.as_bytes().to_vec(), &world.originator.recipient).to_json();
    let payload = String::from_utf8(statement.to_payload().unwrap()).unwrap();
    let inside = sign_text(&payload.replacen("\"verdict\":", "\"verdict\":\"residual\",\"verdict\":", 1));
    assert_fails(&verify(ledger, &inside, at(RECEIVED)).unwrap(), 1, "the same member name twice");
    let newer = sign_text(&payload.replace("attestation:v1", "attestation:v2"));
    assert_fails(&verify(ledger, &newer, at(RECEIVED)).unwrap(), 1, "newer than 1");
    let asked: Statement<ChallengeV1> = open_signed(&challenge, &world.originator.key.card()).unwrap();
    assert_fails(
        &verify(ledger, &sign(&asked, &world.originator.recipient), at(RECEIVED)).unwrap(),
        1,
        "of the kind `challenge`",
    );
}

#[test]
fn v2_signature_of_the_pinned_key() {
    let (mut world, _, statement) = clear();
    let stranger = SigningKey::generate("Party", &[9; 32]).unwrap();
    let verification = world.verify_by(&statement, &stranger);
    assert_fails(&verification, 2, "no recipient of this ledger");
    assert_eq!((verification.receipt(), verification.stated), (None, None));
    // The right hint on the wrong signature, and the wrong hint on the right one.
    let hint = |key: &SigningKey, other: &SigningKey| {
        let text = String::from_utf8(sign(&statement, key)).unwrap();
        text.replace(key.fingerprint(), other.fingerprint()).into_bytes()
    };
    let (ledger, recipient) = (&world.originator.ledger, &world.originator.recipient);
    assert_fails(&verify(ledger, &hint(&stranger, recipient), at(RECEIVED)).unwrap(), 2, "");
    let verification = verify(ledger, &hint(recipient, &stranger), at(RECEIVED)).unwrap();
    assert_eq!(verification.appraisal.conclusion, Conclusion::Clear);
    // Another recipient of the same ledger.
    world.originator.supply(&stranger.card());
    let verification = world.verify_by(&statement, &stranger);
    assert_fails(&verification, 2, "another recipient of this ledger");
    assert_eq!(verification.receipt(), None);
    // The originator signs nothing in the recipient's name.
    assert_fails(&world.verify_by(&statement, &world.originator.key), 2, "no recipient");
}

/// The new key of the recipient.
fn successor() -> SigningKey {
    SigningKey::generate("Party", &[12; 32]).unwrap()
}

/// Enters that one key takes the place of another, at a time.
fn replace(world: &mut World, old: &SigningKey, new: &SigningKey, when: &str, basis: Basis) {
    let statement = (basis == Basis::Rotation).then(|| "0".repeat(64));
    let card = PinnedCard::new(&new.card());
    let replaces = Some(old.fingerprint().to_owned());
    let entry = RecipientEntry { card, replaces, since: when.to_owned(), basis, statement };
    world.originator.ledger.append(at(when), Entry::Recipient(Box::new(entry))).unwrap();
}

fn revoke(world: &mut World, key: &SigningKey, since: &str) {
    let fingerprint = key.fingerprint().to_owned();
    let entry = RevocationEntry { fingerprint, since: since.to_owned(), reason: "laptop stolen".to_owned() };
    world.originator.ledger.append(at(RECEIVED), Entry::Revocation(entry)).unwrap();
}

/// The board's state of the one supply.
fn state(world: &World) -> State {
    let row = board::rows(world.originator.ledger.view(), at(RECEIVED).to_zoned(TimeZone::UTC).date()).remove(0);
    row.state
}

/// The old key counts until the new one is entered, and the new one for what it is asked itself.
#[test]
fn v2_a_key_that_was_replaced() {
    let (mut world, challenge, statement) = clear();
    let new = successor();
    let old = SigningKey::generate("Party", &[2; 32]).unwrap();
    assert_eq!(old.fingerprint(), world.originator.recipient.fingerprint());
    replace(&mut world, &old, &new, "2017-07-03T11:00:00Z", Basis::Rotation);
    let verification = world.verify(&statement);
    assert_fails(&verification, 2, "has replaced since 2017-07-03T11:00:00Z");
    assert_eq!(verification.receipt(), None);
    // As received an hour earlier, it is the recipient's.
    let file = sign(&statement, &old);
    let early = verify(&world.originator.ledger, &file, at("2017-07-03T10:59:59Z")).unwrap();
    assert_eq!(early.appraisal.conclusion, Conclusion::Clear);
    assert_fails(&world.verify_by(&statement, &new), 2, "another key of the same recipient");
    // A new challenge goes to the new key; the baseline that the old one signed still counts.
    let asked = world.challenge(Phase::Deletion, RECEIVED, Policy::default());
    let sealed: Statement<ChallengeV1> = open_signed(&asked, &world.originator.key.card()).unwrap();
    assert_eq!(sealed.predicate.recipient_key, new.fingerprint());
    assert!(sealed::open(&sealed.predicate.sealed_salt, &new).is_ok());
    let statement = at_noon(world.attest(&asked, &gone()));
    let by = |key: &SigningKey| verify(&world.originator.ledger, &sign(&statement, key), at("2017-07-03T13:00:00Z")).unwrap();
    assert_fails(&by(&old), 2, "has replaced since");
    let verification = by(&new);
    assert_eq!(verification.appraisal.conclusion, Conclusion::Clear, "{verification:#?}");
    assert_eq!(verification.receipt().unwrap().signer.as_deref(), Some(new.fingerprint()));
    let file = sign(&statement, &new);
    world.receive(&verification, &file);
    assert_eq!(state(&world), State::AttestedClear);
    // The old challenge can be answered by nobody.
    let (_, old_challenge) = world.originator.ledger.view().challenge(&id_of(&world, &challenge)).unwrap();
    assert!(old_challenge.is_key_out);
}

/// The same answer, scanned after the challenge that is issued at noon.
fn at_noon(mut statement: Statement<AttestationV1>) -> Statement<AttestationV1> {
    statement.predicate.scan = times("2017-07-03T12:10:00Z", "2017-07-03T12:40:00Z");
    statement
}

fn id_of(world: &World, challenge: &[u8]) -> String {
    open_signed::<ChallengeV1>(challenge, &world.originator.key.card()).unwrap().predicate.challenge_id
}

#[test]
fn v2_a_key_that_is_not_valid_yet() {
    let (mut world, ..) = clear();
    let (old, new) = (SigningKey::generate("Party", &[2; 32]).unwrap(), successor());
    replace(&mut world, &old, &new, "2017-07-03T11:00:00Z", Basis::Compared);
    let asked = world.challenge(Phase::Deletion, ISSUED, Policy::default());
    let statement = world.attest(&asked, &gone());
    let early = verify(&world.originator.ledger, &sign(&statement, &new), at("2017-07-03T10:45:00Z")).unwrap();
    assert_fails(&early, 2, "pinned since 2017-07-03T11:00:00Z");
    assert_eq!(world.verify_by(&statement, &new).appraisal.conclusion, Conclusion::Clear);
}

#[test]
fn v2_a_key_that_is_revoked() {
    let (mut world, _, statement) = clear();
    let key = SigningKey::generate("Party", &[2; 32]).unwrap();
    revoke(&mut world, &key, "2017-07-03");
    let verification = world.verify(&statement);
    assert_fails(&verification, 2, "is revoked as of 2017-07-03: laptop stolen");
    assert_eq!(verification.receipt(), None);
    // Received on the day before, it was the recipient's.
    let file = sign(&statement, &key);
    let early = verify(&world.originator.ledger, &file, at("2017-07-02T23:59:59Z")).unwrap();
    assert!(matches!(early.checks[1].status, Status::Passed));
    // Nobody is asked before there is a new card.
    let request = world.originator.request(Phase::Deletion, Policy::default());
    let ledger = &world.originator.ledger;
    let refused = issue(ledger, &ledger.view().supplies()[0], request, at(RECEIVED)).unwrap_err();
    assert!(refused.to_string().contains("is revoked as of 2017-07-03") && refused.help().is_some(), "{refused}");
    replace(&mut world, &key, &successor(), RECEIVED, Basis::Compared);
    world.challenge(Phase::Deletion, RECEIVED, Policy::default());
}

/// A clear answer was accepted; then it turns out that somebody else had the key by then.
#[test]
fn a_revocation_reaches_back_to_what_was_accepted() {
    let (mut world, _, statement) = clear();
    let key = SigningKey::generate("Party", &[2; 32]).unwrap();
    let file = sign(&statement, &key);
    let verification = world.verify(&statement);
    world.receive(&verification, &file);
    assert_eq!(state(&world), State::AttestedClear);
    revoke(&mut world, &key, "2017-07-04");
    assert_eq!(state(&world), State::AttestedClear, "received before that day");
    revoke(&mut world, &key, "2017-07-03");
    assert_eq!(state(&world), State::Inconclusive);
    // Verified again, when it was received first is what counts.
    let again = verify(&world.originator.ledger, &file, at("2018-01-01T00:00:00Z")).unwrap();
    assert_fails(&again, 2, "is revoked as of 2017-07-03");
    assert_eq!((again.received_at, again.receipt()), (at(RECEIVED), None));
    // The ledger says so on its next reading too, and no line was changed.
    let reopened = Ledger::open(world.originator.ledger.folder()).unwrap();
    let answer = reopened.view().supplies()[0].challenges[1].answer().unwrap().clone();
    assert_eq!(answer.appraisal, Conclusion::Inconclusive);
    assert!(answer.reasons[0].contains("laptop stolen"), "{:?}", answer.reasons);
    assert!(reopened.view().supplies()[0].accepted_baseline().is_some());
}

/// A baseline that no longer counts takes with it what was compared with it, by whatever key that was signed.
#[test]
fn a_revoked_baseline_is_no_measure() {
    let (mut world, ..) = clear();
    let (old, new) = (SigningKey::generate("Party", &[2; 32]).unwrap(), successor());
    replace(&mut world, &old, &new, "2017-07-03T11:00:00Z", Basis::Compared);
    let asked = world.challenge(Phase::Deletion, RECEIVED, Policy::default());
    let statement = at_noon(world.attest(&asked, &gone()));
    let (file, received) = (sign(&statement, &new), at("2017-07-03T13:00:00Z"));
    let verification = verify(&world.originator.ledger, &file, received).unwrap();
    world.receive(&verification, &file);
    assert_eq!(state(&world), State::AttestedClear);
    revoke(&mut world, &old, "2017-05-08");
    assert!(world.originator.ledger.view().supplies()[0].accepted_baseline().is_none());
    assert_eq!(state(&world), State::Inconclusive);
    let again = verify(&world.originator.ledger, &file, received).unwrap();
    assert_doubt(&again, "baseline");
}

/// Whoever stole a key names a card of its own, answers with it, and is found out.
#[test]
fn a_successor_of_a_stolen_key_counts_for_nothing() {
    let (mut world, ..) = clear();
    let (old, new) = (SigningKey::generate("Party", &[2; 32]).unwrap(), successor());
    replace(&mut world, &old, &new, "2017-07-03T11:00:00Z", Basis::Rotation);
    let asked = world.challenge(Phase::Deletion, RECEIVED, Policy::default());
    let statement = at_noon(world.attest(&asked, &gone()));
    let (file, received) = (sign(&statement, &new), at("2017-07-03T13:00:00Z"));
    let verification = verify(&world.originator.ledger, &file, received).unwrap();
    world.receive(&verification, &file);
    assert_eq!(state(&world), State::AttestedClear);
    revoke(&mut world, &old, "2017-07-01");
    assert_eq!(state(&world), State::Inconclusive);
    assert_fails(&verify(&world.originator.ledger, &file, received).unwrap(), 2, "it was named by");
}

#[test]
fn v3_our_challenge_once_in_its_window() {
    let (mut world, challenge, statement) = clear();
    let elsewhere = World::without_baseline();
    let verification = elsewhere.verify(&statement);
    assert_fails(&verification, 3, "no challenge of this id");
    assert_eq!(verification.receipt(), None);
    assert_fails(&spoiled(&world, &statement, |stated| stated.challenge.sha256 = "0".repeat(64)), 3, "not the file");
    assert_fails(&spoiled(&world, &statement, |stated| stated.challenge.nonce = "0".repeat(64)), 3, "nonce");
    assert_fails(&spoiled(&world, &statement, |stated| stated.challenge.phase = "baseline".into()), 3, "phase");
    assert_fails(&spoiled(&world, &statement, |stated| stated.challenge.issued_at = RECEIVED.into()), 3, "date of issue");

    let late = |finished: &str, received: &str| {
        let mut statement = statement.clone();
        statement.predicate.scan.finished_at = finished.to_owned();
        verify(&world.originator.ledger, &sign(&statement, &world.originator.recipient), at(received)).unwrap()
    };
    assert_fails(&late("2017-07-17T09:10:01Z", "2017-07-18T09:00:00Z"), 3, "expired on 2017-07-17");
    assert_eq!(late("2017-07-17T09:10:00Z", "2017-07-18T09:00:00Z").appraisal.conclusion, Conclusion::Clear);
    assert_doubt(&late("2017-07-18T09:00:00Z", RECEIVED), "clocks disagree");

    // The same bytes again are the same answer; others are a second one.
    let file = sign(&statement, &world.originator.recipient);
    let first = verify(&world.originator.ledger, &file, at(RECEIVED)).unwrap();
    world.receive(&first, &file);
    let again = verify(&world.originator.ledger, &file, at("2018-01-01T00:00:00Z")).unwrap();
    assert_eq!((again.appraisal.conclusion, again.received_at), (Conclusion::Clear, at(RECEIVED)));
    let lines = world.originator.ledger.len();
    world.receive(&again, &file);
    assert_eq!(world.originator.ledger.len(), lines);
    let mut other = world.attest(&challenge, &gone());
    other.predicate.operator.name = "Al".to_owned();
    let replay = world.verify(&other);
    assert_fails(&replay, 3, "already answered");
    // Its receipt is a failed attempt, and does not take the first one's place.
    world.receive(&replay, &sign(&other, &world.originator.recipient));
    let (_, known) = world.originator.ledger.view().challenge(&other.predicate.challenge.challenge_id).unwrap();
    assert_eq!((known.receipts.len(), known.answer().unwrap().appraisal), (2, Conclusion::Clear));
    // An attempt that slipped through between two processes is caught where it is entered.
    let mut receipt = replay.receipt().unwrap();
    receipt.appraisal = Conclusion::Clear;
    let file = sign(&other, &world.originator.recipient);
    let refused = world.originator.ledger.add_receipt(at(RECEIVED), receipt, &file).unwrap_err();
    assert!(refused.to_string().contains("already answered"));
}

#[test]
fn a_failed_attempt_leaves_the_challenge_open() {
    let (mut world, _, statement) = clear();
    let mut wrong = statement.clone();
    wrong.predicate.meaning.clear();
    let verification = world.verify(&wrong);
    assert_fails(&verification, 8, "meaning");
    world.receive(&verification, &sign(&wrong, &world.originator.recipient));
    assert_eq!(world.verify(&statement).appraisal.conclusion, Conclusion::Clear);
}

#[test]
fn v4_our_manifest() {
    let (mut world, _, statement) = clear();
    assert_fails(&spoiled(&world, &statement, |stated| stated.manifest.manifest_id = "0".repeat(32)), 4, "id");
    assert_fails(&spoiled(&world, &statement, |stated| stated.manifest.statement_sha256 = "0".repeat(64)), 4, "statement");
    assert_fails(&spoiled(&world, &statement, |stated| stated.manifest.blake3 = "0".repeat(64)), 4, "BLAKE3");
    assert_fails(&spoiled(&world, &statement, |stated| stated.supply = "0".repeat(32)), 4, "another supply");
    assert_fails(&spoiled(&world, &statement, |stated| stated.baseline = None), 4, "another baseline");
    // The manifests of another supply for the same recipient, and of the other phase.
    let card = world.originator.recipient.card();
    let other_supply = world.originator.supply(&card);
    let other = world.originator.challenge(&other_supply, Phase::Baseline, "2017-05-08T09:00:00Z", Policy::default());
    let mut moved = statement.clone();
    let other = world.attest(&other, &there());
    (moved.subject, moved.predicate.manifest) = (other.subject, other.predicate.manifest);
    assert_fails(&world.verify(&moved), 4, "not the deletion manifest");
    let own = world.challenge(Phase::Baseline, "2017-05-08T09:00:00Z", Policy::default());
    let own = world.attest(&own, &there());
    (moved.subject, moved.predicate.manifest) = (own.subject, own.predicate.manifest);
    assert_fails(&world.verify(&moved), 4, "not the deletion manifest");
}

#[test]
fn v5_times_in_order() {
    let (world, _, statement) = clear();
    let at_times = |started: &str, finished: &str| spoiled(&world, &statement, |stated| stated.scan = times(started, finished));
    assert_fails(&at_times("2017-07-03T10:00:00Z", "2017-07-03T09:49:59Z"), 5, "ended before it began");
    assert_fails(&at_times("2017-07-03 10:00", "2017-07-03T10:30:00Z"), 5, "no UTC time");
    for (started, finished) in
        [("2017-07-03T08:50:00Z", "2017-07-03T10:30:00Z"), ("2017-07-03T10:00:00Z", "2017-07-03T12:10:00Z")]
    {
        assert_eq!(at_times(started, finished).appraisal.conclusion, Conclusion::Clear, "within the tolerance");
    }
    assert_doubt(&at_times("2017-07-03T08:49:59Z", "2017-07-03T10:30:00Z"), "10 minutes before the challenge");
    assert_doubt(&at_times("2017-07-03T10:00:00Z", "2017-07-03T13:00:00Z"), "60 minutes after the attestation was received");
}

#[test]
fn v5_targets_of_an_earlier_run() {
    let (world, _, statement) = clear();
    // The scan ran from 10:00 on, after a challenge of 9:00.
    let scanned = |at: &str| {
        spoiled(&world, &statement, |stated| {
            stated.scan = times("2017-07-03T10:00:00Z", "2017-07-03T10:30:00Z");
            let target = &mut stated.coverage.targets[0];
            target.content_digest = Some(Digest { blake3: "ab".repeat(32) });
            target.resumed = Some(ResumedV1 { scanned_at: at.to_owned() });
        })
    };
    for at in ["2017-07-03T08:50:00Z", "2017-07-03T09:30:00Z", "2017-07-03T10:10:00Z"] {
        let verification = scanned(at);
        assert_eq!((failed(&verification), verification.appraisal.conclusion), (Vec::new(), Conclusion::Clear), "{at}");
        let note = format!("1 of 2 targets were read by an earlier run of the scan, from {at} on");
        assert!(verification.appraisal.notes.iter().any(|said| said.starts_with(&note)), "{:?}", verification.appraisal.notes);
    }
    assert_fails(&scanned("2017-07-03T10:10:01Z"), 5, "scanned after this one began");
    assert_fails(&scanned("2017-07-03 09:30"), 5, "no UTC time");
    assert_doubt(&scanned("2017-07-03T08:49:59Z"), "10 minutes before the challenge");
}

/// One thing that is spoiled.
type Change = fn(&mut AttestationV1);

/// Every way in which the numbers can contradict one another, with a word of what is said of it.
fn contradictions() -> Vec<(&'static str, Change)> {
    vec![
        ("records is not", |stated| stated.coverage.records += 1),
        ("who were not supplied is not", |stated| stated.coverage.controls = 1_000),
        ("looked for is not", |stated| stated.coverage.searchable -= 1),
        ("planned for is not", |stated| stated.coverage.expected_rows += 1),
        ("`complete`", |stated| stated.coverage.complete = false),
        ("targets twice", |stated| stated.coverage.targets.push(stated.coverage.targets[0].clone())),
        ("both read and left out", |stated| {
            stated.coverage.excluded.push(Exclusion { target: ROLL.into(), column: None, reason: "x".into() });
            stated.coverage.complete = false;
        }),
        ("declared removed, and holds rows", |stated| {
            stated.declared.removed.push(Removed { target: ROLL.into(), reason: "dropped".into() });
        }),
        ("no digest says that its content is the same", |stated| {
            stated.coverage.targets[0].resumed = Some(ResumedV1 { scanned_at: stated.scan.started_at.clone() });
        }),
        ("more rows without a key", |stated| stated.coverage.targets[0].rows_without_key = 1_016),
        ("more cells than", |stated| stated.coverage.targets[0].columns[0].filled += 1),
        ("computed than the rows form", |stated| stated.coverage.targets[0].hashes += 1),
        ("fingerprints without a row", |stated| stated.coverage.targets[0].rows_without_key = 1_015),
        ("fewer fingerprints than rows", |stated| {
            for key in &mut stated.coverage.targets[0].by_key {
                key.probes = 1;
                key.lambda = decimal(2_000.0 * key.u.parse::<f64>().unwrap());
            }
        }),
        ("listed twice", |stated| {
            let key = stated.coverage.targets[0].by_key[0].clone();
            stated.coverage.targets[0].by_key.push(key);
        }),
        ("no key of the manifest", |stated| stated.coverage.targets[0].by_key[0].key = "other".into()),
        ("are not the manifest's", |stated| stated.coverage.targets[0].by_key[0].class = "A".into()),
        ("are not the manifest's", |stated| stated.coverage.targets[0].by_key[0].supply_only = false),
        ("are not the manifest's", |stated| {
            let key = &mut stated.coverage.targets[0].by_key[2];
            (key.u, key.lambda) = ("1.00e-3".into(), "2.03e3".into());
        }),
        ("are not the manifest's", |stated| {
            let key = &mut stated.coverage.targets[0].by_key[2];
            (key.fingerprints, key.lambda) = (4_000, "4.06e0".into());
        }),
        ("what they can be", |stated| stated.coverage.targets[0].by_key[2].lambda = "9.00e0".into()),
        ("what they can be", |stated| stated.records.supply = Some("AAAA".into())),
        ("hits without a row", |stated| {
            stated.coverage.targets[1].by_key[2].rows = 0;
        }),
        ("fewer hits", |stated| stated.coverage.targets[1].by_key[2].hits = 2),
        ("more rows hit", |stated| {
            let key = &mut stated.coverage.targets[1].by_key[2];
            (key.rows, key.hits) = (5_101, 5_101);
        }),
        ("records found are not what its keys", |stated| stated.coverage.targets[1].records_found = 2),
        ("records found are not what its keys", |stated| {
            stated.coverage.targets[1].records_found = 4;
        }),
        ("a declaration that is not there", |stated| {
            let declared = DeclaredRows { declaration: "x".into(), rows: 1 };
            stated.coverage.targets[1].by_key[2].declared_rows.push(declared);
        }),
        ("not what the targets hold", |stated| stated.records.found = 4),
        ("not what the targets hold", |stated| stated.records.found = 2),
        ("keys of class S", |stated| {
            stated.records.supply_count = 1;
            stated.records.supply = None;
        }),
        ("as many as stated", |stated| {
            stated.records.supply = predicate_with([3].into_iter().collect());
        }),
        ("number that no record has", |stated| {
            stated.records.supply = predicate_with([2_000].into_iter().collect());
            stated.records.supply_count = 1;
        }),
        ("blocks of people found are not as many", |stated| stated.records.person_blocks.push(0)),
        ("keys of class P", |stated| stated.records.person_blocks[0] = 1),
        ("more people found than records", |stated| stated.records.person_blocks[1] = 1_001),
        ("which no gap says", |stated| stated.coverage.targets[0].rows_expected = Some(1_016)),
        ("which no gap says", |stated| stated.coverage.targets[0].columns[1].unreadable = 508),
        ("personal columns formed no key", |stated| {
            stated.coverage.targets[0].by_key.clear();
            stated.coverage.targets[0].rows_without_key = 1_015;
        }),
        ("which no exclusion says", |stated| stated.coverage.targets[0].columns[2].taken_for = "excluded".into()),
        ("more than the 20000 planned for", |stated| {
            let mut large = stated.coverage.targets[0].clone();
            large.name = "lake".into();
            (large.rows_read, large.rows_expected, large.hashes) = (20_000, None, 60_000);
            for key in &mut large.by_key {
                key.probes = 20_000;
                key.lambda = decimal(2_000.0 * 20_000.0 * key.u.parse::<f64>().unwrap());
            }
            stated.coverage.targets.push(large);
        }),
    ]
}

fn predicate_with(records: RoaringBitmap) -> Option<String> {
    let outcome = Outcome { supply_records: records, ..Outcome::default() };
    records_of(&outcome, false).supply
}

#[test]
fn v6_coverage_adds_up() {
    let (world, _, statement) = clear();
    for (word, change) in contradictions() {
        assert_fails(&spoiled(&world, &statement, change), 6, word);
    }
}

#[test]
fn numbers_that_overflow_are_refused() {
    let (world, _, statement) = clear();
    let mut large = statement.clone();
    let target = large.predicate.coverage.targets[0].clone();
    for number in 0..4_000 {
        let name = format!("t{number}");
        let rows_read = LARGEST_INTEGER;
        large.predicate.coverage.targets.push(TargetV1 { name, rows_read, ..target.clone() });
    }
    assert_fails(&world.verify(&large), 6, "what they can be");
}

#[test]
fn v6_differences_from_the_baseline_are_doubts() {
    let (mut world, challenge, _) = clear();
    let answer = |outcome: &Outcome| world.verify(&world.attest(&challenge, outcome));
    let changed = |change: fn(&mut Outcome)| {
        let mut outcome = gone();
        change(&mut outcome);
        answer(&outcome)
    };
    let drop_contacts = |outcome: &mut Outcome| {
        outcome.targets.remove(0);
    };
    assert_doubt(&changed(drop_contacts), "is gone, and nobody declares why");
    assert_doubt(
        &changed(|outcome| {
            outcome.targets.remove(0);
            outcome.declared.removed.push(Removed { target: CONTACTS.into(), reason: "dropped".into() });
        }),
        "which the challenge does not accept",
    );
    assert_doubt(&changed(|outcome| outcome.targets[0].identity[0].1 = "/tmp/crm.db".into()), "its path is another");
    assert_doubt(&changed(|outcome| outcome.targets[0].identity.push(("uuid".into(), "x".into()))), "its uuid is another");
    assert_doubt(&changed(|outcome| outcome.targets[0].kind = "csv".into()), "its kind is another");
    assert_doubt(
        &changed(|outcome| outcome.targets[0].columns[2].taken_for = "date.event".into()),
        "`dob` is taken for `date.event`",
    );
    let unformed = changed(|outcome| {
        let target = &mut outcome.targets[0];
        target.hashes -= target.by_key.remove(0).probes;
    });
    assert_doubt(&unformed, "does not now");
    assert_doubt(&changed(|outcome| outcome.targets[0] = target(CONTACTS, 3_000, [0, 0, 0])), "has not become smaller");
    assert_doubt(
        &changed(|outcome| outcome.targets[1] = target(ROLL, 2_000, [0, 0, 3])),
        "more are gone than were to be deleted",
    );
    // An emptied table, a new table, a new column, and a column of other name are no surprise.
    let quiet: [fn(&mut Outcome); 3] = [
        |outcome| outcome.targets[0] = target(CONTACTS, 0, [0, 0, 0]),
        |outcome| outcome.targets.push(target("new", 10, [0, 0, 0])),
        |outcome| outcome.targets[0].columns.push(Column { name: "x".into(), taken_for: "text".into(), ..Column::default() }),
    ];
    for change in quiet {
        assert_eq!(changed(change).appraisal.conclusion, Conclusion::Clear);
    }
    // A removal that the challenge accepts.
    let removed =
        Declarations { removed: vec![Removed { target: CONTACTS.into(), reason: "dropped".into() }], ..Declarations::default() };
    let accepting = Policy { accept: removed.clone(), ..Policy::default() };
    let challenge = world.challenge(Phase::Deletion, ISSUED, accepting);
    let mut outcome = Outcome { declared: removed, ..gone() };
    outcome.targets.remove(0);
    assert_eq!(world.verify(&world.attest(&challenge, &outcome)).appraisal.conclusion, Conclusion::Clear);
}

/// A table that has lost all its rows, and an answer in which no row of a person is left.
fn emptied(outcome: &Outcome) -> Outcome {
    let targets = vec![target(CONTACTS, 0, [0, 0, 0]), target(ROLL, 0, [0, 0, 0])];
    Outcome { targets, found_records: 0, ..outcome.clone() }
}

#[test]
fn emptied_targets_are_clear_where_the_challenge_accepts_that() {
    let mut world = World::new();
    let plain = world.challenge(Phase::Deletion, ISSUED, Policy::default());
    let removed = Removed { target: ROLL.into(), reason: "all of it was deleted".into() };
    let accept = Declarations { removed: vec![removed], ..Declarations::default() };
    let accepting = Policy { empty_accepted: true, accept: accept.clone(), ..Policy::default() };
    let challenge = world.challenge(Phase::Deletion, ISSUED, accepting.clone());
    let empty = Outcome { declared: accept, ..emptied(&gone()) };
    let answer = |change: &dyn Fn(&mut Outcome)| {
        let mut outcome = empty.clone();
        change(&mut outcome);
        world.verify(&world.attest(&challenge, &outcome))
    };

    let verification = answer(&|_| ());
    assert_eq!(verification.appraisal.conclusion, Conclusion::Clear, "{:?}", verification.appraisal);
    assert!(verification.appraisal.notes.iter().any(|note| note.contains("an empty copy in the same place")));
    // A table of others besides is no surprise, and neither is one that is gone and declared so.
    assert_eq!(answer(&|outcome| drop(outcome.targets.remove(1))).appraisal.conclusion, Conclusion::Clear);

    // Not without the word, and not with a word that the recipient says itself.
    assert_doubt(&world.verify(&world.attest(&plain, &empty)), "not one row was read");
    let mut forged = world.attest(&plain, &empty);
    restate(&mut forged.predicate, Phase::Deletion, &accepting);
    assert_fails(&world.verify(&forged), 8, "stated as `clear`");

    // The place is not one in which the data were, or not the same as then.
    let only = |name: &'static str| {
        move |outcome: &mut Outcome| {
            outcome.targets.remove(0);
            outcome.targets[0].name = name.into();
        }
    };
    assert_doubt(&answer(&only("elsewhere.csv")), "of the baseline is gone, and nobody declares why");
    assert_doubt(&answer(&only("elsewhere.csv")), "none of the targets that were read empty");
    assert_doubt(&answer(&|outcome| outcome.targets[0].identity[0].1 = "/tmp/crm.db".into()), "its path is another");
    assert_doubt(&answer(&|outcome| drop(outcome.targets[0].by_key.remove(0))), "formed the key `child_any_dob`");
    assert_doubt(&answer(&|outcome| outcome.targets[0].columns.clear()), "none of the targets");
    // Many rows that were nobody's of the supply are gone from a table too, and nobody declares that.
    assert_doubt(&answer(&|outcome| outcome.declared.removed.clear()), "more are gone than were to be deleted");

    // The scan has to have seen itself work.
    let blind = answer(&|outcome| (outcome.sentinels.tried, outcome.sentinels.found) = (0, 0));
    assert_doubt(&blind, "could put in no row of its own");
}

#[test]
fn where_every_place_of_the_data_is_declared_gone_an_empty_one_proves_nothing() {
    let mut world = World::new();
    let gone_for_good = |name: &str| Removed { target: name.into(), reason: "dropped".into() };
    let removed = vec![gone_for_good(CONTACTS), gone_for_good(ROLL)];
    let accept = Declarations { removed, ..Declarations::default() };
    let policy = Policy { empty_accepted: true, accept: accept.clone(), ..Policy::default() };
    let challenge = world.challenge(Phase::Deletion, ISSUED, policy);
    // One that the data were never in, and one in which the baseline found no more than coincidence.
    for name in ["decoy.csv", ROLL] {
        let targets = vec![target(name, 0, [0, 0, 0])];
        let outcome = Outcome { declared: accept.clone(), targets, ..emptied(&gone()) };
        assert_doubt(&world.verify(&world.attest(&challenge, &outcome)), "none of the targets that were read empty");
    }
    let targets = vec![target(CONTACTS, 0, [0, 0, 0])];
    let outcome = Outcome { declared: accept, targets, ..emptied(&gone()) };
    assert_eq!(world.verify(&world.attest(&challenge, &outcome)).appraisal.conclusion, Conclusion::Clear);
}

#[test]
fn the_same_file_gives_the_same_counts() {
    let mut world = World::without_baseline();
    let file = |mut outcome: Outcome| {
        outcome.targets[0].content_digest = Some("ab".repeat(32));
        outcome.targets[0].kind = "csv".into();
        outcome
    };
    let challenge = world.challenge(Phase::Baseline, "2017-05-08T09:00:00Z", Policy::default());
    let mut baseline = world.attest(&challenge, &file(there()));
    baseline.predicate.scan = times("2017-05-08T10:00:00Z", "2017-05-08T10:30:00Z");
    let verification = world.verify(&baseline);
    world.receive(&verification, &sign(&baseline, &world.originator.recipient));
    let challenge = world.challenge(Phase::Deletion, ISSUED, Policy::default());
    let mut outcome = file(gone());
    outcome.targets[0] = Target { rows_read: 3_000, ..file(there()).targets[0].clone() };
    for key in &mut outcome.targets[0].by_key {
        (key.hits, key.rows, key.distinct_records) = (0, 0, 0);
    }
    outcome.targets[0].records_found = 0;
    assert_doubt(&world.verify(&world.attest(&challenge, &outcome)), "the same content as in the baseline");
}

#[test]
fn without_a_baseline_nothing_is_clear_unless_it_was_agreed() {
    let mut world = World::without_baseline();
    let request = world.originator.request(Phase::Deletion, Policy::default());
    let supply = world.originator.ledger.view().supply(&world.supply_id).unwrap();
    let error = issue(&world.originator.ledger, supply, request, at(ISSUED)).unwrap_err();
    assert!(error.to_string().contains("no baseline") && error.help().unwrap().contains("--without-baseline"));
    let agreed = Policy { without_baseline: true, ..Policy::default() };
    let challenge = world.challenge(Phase::Deletion, ISSUED, agreed);
    let verification = world.verify(&world.attest(&challenge, &gone()));
    assert_eq!(verification.appraisal.conclusion, Conclusion::Clear);
    assert!(verification.appraisal.notes[0].contains("without a baseline"));
}

#[test]
fn a_challenge_that_hides_the_lack_of_a_baseline_gains_nothing() {
    for (baseline, word) in [(None, "no accepted baseline"), (Some("0".repeat(64)), "was not accepted")] {
        let mut world = World::without_baseline();
        let agreed = Policy { without_baseline: true, ..Policy::default() };
        let request = world.originator.request(Phase::Deletion, agreed);
        let supply = world.originator.ledger.view().supply(&world.supply_id).unwrap();
        let mut asked = issue(&world.originator.ledger, supply, request, at(ISSUED)).unwrap();
        asked.predicate.policy.without_baseline = baseline.is_some();
        asked.predicate.baseline = baseline;
        let challenge = sign(&asked, &world.originator.key);
        record(&mut world.originator.ledger, at(ISSUED), &challenge, Vec::new()).unwrap();
        assert_doubt(&world.verify(&world.attest(&challenge, &gone())), word);
    }
}

#[test]
fn a_baseline_in_files_only_is_named() {
    let mut world = World::without_baseline();
    let challenge = world.challenge(Phase::Baseline, ISSUED, Policy::default());
    let mut outcome = there();
    outcome.targets[0].kind = "csv".into();
    outcome.targets[1] = target(ROLL, 5_000, [0, 0, 0]);
    outcome.found_records = 1_980;
    let verification = world.verify(&world.attest(&challenge, &outcome));
    assert_eq!(verification.appraisal.conclusion, Conclusion::Present);
    assert!(verification.appraisal.notes[0].contains("in files only"));
}

#[test]
fn v7_sentinels_known_answers_spot_checks() {
    let (world, challenge, statement) = clear();
    assert_fails(&spoiled(&world, &statement, |stated| stated.sentinels.detected = 1), 7, "1 of 2 sentinels");
    assert_fails(
        &spoiled(&world, &statement, |stated| (stated.sentinels.injected, stated.sentinels.detected) = (0, 0)),
        7,
        "without a sentinel",
    );
    assert_fails(
        &spoiled(&world, &statement, |stated| stated.known_answers = KnownAnswers { asked: 2, answered: 2 }),
        7,
        "known answers",
    );
    assert_fails(&spoiled(&world, &statement, |stated| stated.known_answers.answered = 2), 7, "2 of 3 known answers");
    assert_fails(&spoiled(&world, &statement, |stated| stated.spot_checks.reverse()), 7, "in its order");
    assert_fails(&spoiled(&world, &statement, |stated| stated.spot_checks.truncate(1)), 7, "in its order");
    assert_fails(&spoiled(&world, &statement, |stated| stated.spot_checks[1].found = true), 7, "counted nowhere");
    let mut found = gone();
    found.targets[0] = target(CONTACTS, 1_015, [7, 7, 7]);
    found.supply_records = (0..7).collect();
    found.person_blocks = vec![7, 0];
    assert_fails(&world.verify(&world.attest(&challenge, &Outcome { found_records: 7, ..found })), 7, "named as found");
}

#[test]
fn v8_verdict_recomputed() {
    let (world, challenge, statement) = clear();
    let state = |statement: &Statement<AttestationV1>, change: fn(&mut AttestationV1)| {
        let mut statement = statement.clone();
        change(&mut statement.predicate);
        world.verify(&statement)
    };
    assert_fails(&state(&statement, |stated| stated.verdict = "inconclusive".into()), 8, "gives `clear`");
    assert_fails(&state(&statement, |stated| stated.verdict = "splendid".into()), 8, "`splendid`");
    assert_fails(&state(&statement, |stated| stated.meaning.push('!')), 8, "meaning");
    assert_fails(&state(&statement, |stated| stated.limitations.truncate(1)), 8, "limitations");
    let mut outcome = gone();
    outcome.gaps.push(Gap { target: "lake".into(), column: None, code: GapCode::Denied, count: None, detail: String::new() });
    let honest = world.attest(&challenge, &outcome);
    assert_fails(&state(&honest, |stated| stated.verdict_reasons.clear()), 8, "reasons");
    assert_fails(&state(&honest, |stated| stated.verdict_reasons[0].code = "x".into()), 8, "reasons");
    // A hidden gap: it is attested, and not in the verdict.
    assert_fails(&state(&honest, |stated| stated.verdict = "clear".into()), 8, "gives `inconclusive`");
    // A recipient that accepts its own declaration.
    let system = NotScanned { system: "lake".into(), reason: "no access".into() };
    let declared = Declarations { not_scanned: vec![system], ..Declarations::default() };
    let mut own = world.attest(&challenge, &Outcome { declared: declared.clone(), ..gone() });
    assert_eq!(world.verify(&own).not_accepted, ["system not scanned `lake`"]);
    restate(&mut own.predicate, Phase::Deletion, &Policy { accept: declared, ..Policy::default() });
    assert_fails(&world.verify(&own), 8, "stated as `clear`");
}

#[test]
fn v9_declarations() {
    let (world, challenge, _) = clear();
    let system = |name: &str, reason: &str| NotScanned { system: name.into(), reason: reason.into() };
    for (word, not_scanned) in
        [("declared twice", vec![system("lake", "a"), system("lake", "b")]), ("lacks its reason", vec![system("lake", " ")])]
    {
        let declared = Declarations { not_scanned, ..Declarations::default() };
        let verification = world.verify(&world.attest(&challenge, &Outcome { declared, ..gone() }));
        assert_fails(&verification, 9, word);
    }
}

/// The answer to a deletion challenge that accepts these backups, which it declares, and otherwise the honest one.
fn with_backups(accept: &[Backup], declare: &[Backup], received: &str) -> Verification {
    let mut world = World::new();
    let declarations = |backups: &[Backup]| Declarations { backups: backups.to_vec(), ..Declarations::default() };
    // Issued by a program from before such a backup was refused.
    let request = world.originator.request(Phase::Deletion, Policy::default());
    let supply = world.originator.ledger.view().supply(&world.supply_id).unwrap();
    let mut asked = issue(&world.originator.ledger, supply, request, at(ISSUED)).unwrap();
    asked.predicate.policy.accept = declarations(accept);
    let challenge = sign(&asked, &world.originator.key);
    record(&mut world.originator.ledger, at(ISSUED), &challenge, Vec::new()).unwrap();
    let statement = world.attest(&challenge, &Outcome { declared: declarations(declare), ..gone() });
    verify(&world.originator.ledger, &sign(&statement, &world.originator.recipient), at(received)).unwrap()
}

#[test]
fn copies_that_are_not_beyond_use_or_should_be_gone_are_not_clear() {
    let tape = || backup("tape", "2017-06-29", "2017-07-03");
    let promised = |change: fn(&mut BeyondUse)| {
        let mut tape = tape();
        change(&mut tape.beyond_use);
        tape
    };
    let none = BeyondUse { not_used: false, not_shared: false, secured: false, will_be_deleted: false };
    for (weak, word) in [
        (promised(|promises| promises.not_used = false), "not promised that they are not used"),
        (promised(|promises| promises.not_shared = false), "not promised that they are not shared"),
        (promised(|promises| promises.secured = false), "not promised that they are secured"),
        (promised(|promises| promises.will_be_deleted = false), "not promised that they will be deleted"),
        (Backup { beyond_use: none, ..tape() }, "that they are not used, nor that they are not shared"),
        (backup("tape", "2017-06-29", "2017-07-02"), "has passed: 2017-07-02"),
        (backup("tape", "2017-07-03", "2017-07-03"), "cannot be overwritten"),
        (backup("tape", "2017-07-04", "2017-08-03"), "is dated 2017-07-04"),
        (Backup { rotation: String::new(), ..tape() }, "lacks"),
    ] {
        let weak = [weak];
        let verification = with_backups(&weak, &weak, RECEIVED);
        assert_doubt(&verification, word);
        assert!(verification.checks[8].doubts[0].help.contains("new challenge"));
        // What is accepted and not declared is nobody's copy.
        assert_eq!(with_backups(&weak, &[], RECEIVED).appraisal.conclusion, Conclusion::Clear);
    }
    // Without a fault they stand as exceptions, the earliest first; what was not accepted does not.
    let disk = backup("disk", "2017-06-29", "2017-07-31");
    let verification = with_backups(&[disk.clone(), tape()], &[disk.clone(), tape()], RECEIVED);
    assert_eq!(verification.appraisal.clear_until().unwrap().to_string(), "2017-07-03");
    let receipt = verification.receipt().unwrap();
    let days: Vec<&str> = receipt.exceptions.iter().map(|exception| exception.roll_off.as_str()).collect();
    assert_eq!((days, receipt.appraisal), (vec!["2017-07-03", "2017-07-31"], Conclusion::Clear));
    let verification = with_backups(&[tape()], &[tape(), disk], RECEIVED);
    assert_eq!((verification.appraisal.conclusion, verification.appraisal.clear_until()), (Conclusion::Inconclusive, None));
    assert_eq!(verification.receipt().unwrap().exceptions, []);
    // To the end of its day, and not a second longer.
    let at_midnight = |received| with_backups(&[tape()], &[tape()], received);
    assert_eq!(at_midnight("2017-07-03T23:59:59Z").appraisal.conclusion, Conclusion::Clear);
    assert_doubt(&at_midnight("2017-07-04T00:00:00Z"), "has passed: 2017-07-03");
}

#[test]
fn a_ledger_that_lost_a_document_is_an_error_and_no_failed_check() {
    let (world, _, statement) = clear();
    let digest = statement.predicate.challenge.sha256.clone();
    std::fs::remove_file(world.originator.ledger.folder().join(format!("envelopes/{digest}.json"))).unwrap();
    let error = verify(&world.originator.ledger, &sign(&statement, &world.originator.recipient), at(RECEIVED)).unwrap_err();
    assert!(error.to_string().contains("is missing"));
}

#[test]
fn other_people_s_text_is_cleaned() {
    let (world, _, statement) = clear();
    let verification = spoiled(&world, &statement, |stated| {
        stated.coverage.targets[0].name = "x\u{1b}[31m".into();
        stated.coverage.targets[0].rows_without_key = 2_000;
    });
    assert!(verification.appraisal.reasons.iter().all(|reason| !reason.contains('\u{1b}')));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn the_appraisal_is_never_better_than_the_verdict(changes in prop::collection::vec((0_usize..45, any::<bool>()), 1..24)) {
        let (world, challenge, statement) = clear();
        let contradictions = contradictions();
        for (index, is_honest) in changes {
            let mut statement = if is_honest { world.attest(&challenge, &there()) } else { statement.clone() };
            if let Some((_, change)) = contradictions.get(index) {
                change(&mut statement.predicate);
            }
            if statement.predicate.outcome().is_some() && is_honest {
                restate(&mut statement.predicate, Phase::Deletion, &Policy::default());
            }
            let stated = Verdict::parse(&statement.predicate.verdict).unwrap();
            let verification = world.verify(&statement);
            prop_assert!(verification.appraisal.conclusion >= Conclusion::from(stated));
            if let Some(judgement) = &verification.judgement {
                prop_assert!(verification.appraisal.conclusion >= Conclusion::from(judgement.verdict));
            }
        }
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let world = World::without_baseline();
        prop_assert_eq!(verify(&world.originator.ledger, &bytes, at(RECEIVED)).unwrap().appraisal.conclusion, Conclusion::Failed);
    }
}
