//! An officer's countersignature of an attestation: whether it is of one that was received, and signed by whom the recipient named for it.

use crate::attestation::approval_v1::ApprovalV1;
use crate::attestation::dsse::Envelope;
use crate::attestation::dsse::sha256;
use crate::attestation::statement::Statement;
use crate::ledger::Ledger;
use crate::ledger::LedgerError;
use crate::ledger::entry::ApprovalEntry;
use crate::ledger::party::Standing;
use crate::support::hex;
use crate::support::sanitize;
use crate::support::time;
use crate::verification::Failure;
use jiff::Timestamp;

const NEW_KEY: &str = "if the officer has a new key, compare its fingerprint by another channel and pin its card: `residua recipient add CARD --officer OFFICER`";

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Approved {
    /// It can be entered.
    Accepted(Box<ApprovalEntry>),
    /// It cannot.
    Refused(Failure),
}

/// Verifies one. An error is the ledger's.
pub(crate) fn verify(ledger: &Ledger, bytes: &[u8], received_at: Timestamp) -> Result<Approved, LedgerError> {
    let refuse = |reason: String, help: &'static str| Ok(Approved::Refused(Failure { reason, help }));
    let Ok(envelope) = Envelope::parse(bytes) else {
        return refuse("the file is no signed envelope".to_owned(), "ask for it again, or copy it again");
    };
    let view = ledger.view();
    let parties = view.parties();
    let Some((verified, officer)) = parties.officer_signer(&envelope)? else {
        if let Some((_, key)) = parties.signer(&envelope, || None)? {
            let key = &key.pinned;
            let reason = format!(
                "signed by `{}` of `{}`, a key that signs attestations, and so by no officer",
                key.fingerprint,
                sanitize::clean(&key.name)
            );
            return refuse(
                reason,
                "somebody else countersigns, with a key that is pinned for it: `residua recipient add CARD --officer OFFICER`",
            );
        }
        return refuse("no officer of this ledger has signed these bytes".to_owned(), NEW_KEY);
    };
    let statement: Statement<ApprovalV1> = match Statement::open(verified) {
        Ok(statement) => statement,
        Err(error) => return refuse(error.to_string(), "ask the officer for the file that `residua countersign` wrote"),
    };
    let said = &statement.predicate;
    if let Some(fault) = said.fault() {
        return refuse(fault.to_owned(), "ask the officer for the file that `residua countersign` wrote");
    }
    let known = view.challenge(&said.challenge_id).filter(|(supply, _)| supply.entry.supply_id == said.supply_id);
    let Some((supply, challenge)) = known else {
        return refuse(
            "it is about an answer to a challenge that is not in this ledger".to_owned(),
            "name the ledger from which the challenge was issued with `--ledger`",
        );
    };
    let digest = hex::encode(&sha256(bytes));
    let first = challenge.approvals.iter().find(|known| known.envelope == digest);
    if let Some(day) = supply.closing_day().filter(|_| first.is_none()) {
        return refuse(
            format!("the supply was closed on {day}, and nothing is judged anew"),
            "`residua supplies show` has what was received before, and what was concluded from it",
        );
    }
    let attestation = hex::encode(&statement.subject.sha256);
    if challenge.receipts.iter().all(|receipt| receipt.attestation != attestation) {
        return refuse(
            format!("it is of the attestation with SHA-256 {attestation}, which was not received for its challenge"),
            "verify the attestation that was countersigned together with it: `residua verify ATTESTATION COUNTERSIGNATURE`",
        );
    }
    // What was received before is judged as of then.
    let received_at = first.and_then(|known| time::parse(&known.received_at)).unwrap_or(received_at);
    let key = officer.pinned.fingerprint.clone();
    match parties.officer_at(&key, &supply.entry.recipient.fingerprint, received_at) {
        Standing::Valid => {}
        Standing::NotYet { since } => {
            return refuse(
                format!(
                    "signed by `{key}`, which is pinned as an officer's since {}, after the file was received",
                    time::format(since)
                ),
                "look at the clock of this machine: it was set back since the card was entered, or was wrong then",
            );
        }
        Standing::Revoked { since, reason } => {
            return refuse(
                format!("signed by `{key}`, which is revoked as of {since}: {}", sanitize::clean(reason)),
                "have the recipient name another officer, and pin that card: `residua recipient add CARD --officer OFFICER`",
            );
        }
        Standing::Unknown | Standing::Replaced { .. } => {
            return refuse(
                format!("signed by `{key}`, an officer of another recipient"),
                "ask the recipient whom the challenge names for its own officer's countersignature",
            );
        }
    }
    Ok(Approved::Accepted(Box::new(ApprovalEntry {
        supply_id: said.supply_id.clone(),
        challenge_id: said.challenge_id.clone(),
        attestation,
        envelope: digest,
        key,
        name: sanitize::clean(&said.name),
        role: sanitize::clean(&said.role),
        signed_at: said.signed_at.clone(),
        received_at: time::format(received_at),
    })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attestation::approval_v1::APPROVED;
    use crate::attestation::key::SigningKey;
    use crate::attestation::predicate_v1::AttestationV1;
    use crate::finding::Phase;
    use crate::finding::declaration::Policy;
    use crate::ledger::board;
    use crate::ledger::board::State;
    use crate::ledger::entry::Conclusion;
    use crate::ledger::entry::Entry;
    use crate::ledger::entry::OfficerEntry;
    use crate::ledger::entry::PinnedCard;
    use crate::ledger::entry::RevocationEntry;
    use crate::ledger::fixture::at;
    use crate::ledger::fixture::sign;
    use crate::verification::Status;
    use crate::verification::Verification;
    use crate::verification::fixture::ISSUED;
    use crate::verification::fixture::RECEIVED;
    use crate::verification::fixture::World;
    use crate::verification::fixture::gone;
    use crate::verification::fixture::restate;
    use crate::verification::fixture::there;
    use crate::verification::fixture::times;
    use proptest::prelude::*;

    const PINNED: &str = "2017-05-06T09:00:00Z";

    fn key(seed: u8) -> SigningKey {
        SigningKey::generate("Officer", &[seed; 32]).unwrap()
    }

    fn pin(world: &mut World, officer: &SigningKey) -> Result<(), LedgerError> {
        let entry = OfficerEntry {
            party: world.originator.recipient.fingerprint().to_owned(),
            card: PinnedCard::new(&officer.card()),
            since: PINNED.to_owned(),
        };
        world.originator.ledger.append(at(PINNED), Entry::Officer(Box::new(entry)))
    }

    /// A challenge that requires a countersignature, and the honest answer to it.
    fn required() -> (World, SigningKey, Statement<AttestationV1>, Vec<u8>) {
        let mut world = World::new();
        let officer = key(40);
        pin(&mut world, &officer).unwrap();
        let policy = Policy { countersignature_required: true, ..Policy::default() };
        let challenge = world.challenge(Phase::Deletion, ISSUED, policy);
        let statement = world.attest(&challenge, &gone());
        let file = sign(&statement, &world.originator.recipient);
        (world, officer, statement, file)
    }

    fn approval(
        statement: &Statement<AttestationV1>,
        file: &[u8],
        officer: &SigningKey,
        change: impl FnOnce(&mut ApprovalV1),
    ) -> Vec<u8> {
        let stated = &statement.predicate;
        let mut approval = ApprovalV1 {
            supply_id: stated.supply.clone(),
            challenge_id: stated.challenge.challenge_id.clone(),
            signed_at: RECEIVED.to_owned(),
            name: "B. Other".to_owned(),
            role: "director".to_owned(),
            declaration: APPROVED.to_owned(),
        };
        change(&mut approval);
        sign(&Statement::new("deletion.attestation.json", sha256(file), approval), officer)
    }

    fn judge(world: &World, file: &[u8]) -> Verification {
        crate::verification::verify(&world.originator.ledger, file, at(RECEIVED)).unwrap()
    }

    /// Verifies as `verify` does, and enters it.
    fn receive(world: &mut World, file: &[u8]) -> Conclusion {
        let verification = judge(world, file);
        world.receive(&verification, file);
        verification.appraisal.conclusion
    }

    fn approve(world: &mut World, bytes: &[u8]) {
        match verify(&world.originator.ledger, bytes, at(RECEIVED)).unwrap() {
            Approved::Accepted(entry) => world.originator.ledger.add_approval(at(RECEIVED), *entry, bytes).unwrap(),
            Approved::Refused(failure) => panic!("{failure:?}"),
        };
    }

    fn refused(world: &World, bytes: &[u8], part: &str) {
        match verify(&world.originator.ledger, bytes, at(RECEIVED)).unwrap() {
            Approved::Refused(failure) => assert!(failure.reason.contains(part) && !failure.help.is_empty(), "{failure:?}"),
            Approved::Accepted(entry) => panic!("{part}: {entry:?}"),
        }
    }

    fn revoke(world: &mut World, key: &str, since: &str) {
        let entry = RevocationEntry { fingerprint: key.to_owned(), since: since.to_owned(), reason: "left".to_owned() };
        world.originator.ledger.append(at(RECEIVED), Entry::Revocation(entry)).unwrap();
    }

    fn state(world: &World) -> State {
        board::rows(world.originator.ledger.view(), time::parse_day("2017-07-04").unwrap())[0].state
    }

    #[test]
    fn a_required_countersignature_is_missed_and_makes_good() {
        let (mut world, officer, statement, file) = required();
        let verification = judge(&world, &file);
        assert!(verification.checks.iter().all(|check| check.status == Status::Passed));
        assert_eq!(verification.appraisal.conclusion, Conclusion::Inconclusive);
        assert!(verification.appraisal.reasons[0].contains("requires a countersignature"), "{:?}", verification.appraisal);
        let doubt = &verification.checks[1].doubts[0];
        assert!(doubt.help.contains("`residua countersign`"));
        assert!(verification.awaits_countersignature());
        let signed = approval(&statement, &file, &officer, |_| ());
        refused(&world, &signed, "was not received for its challenge");
        assert_eq!(receive(&mut world, &file), Conclusion::Inconclusive);
        assert_eq!(state(&world), State::Inconclusive);

        approve(&mut world, &signed);
        assert_eq!(receive(&mut world, &file), Conclusion::Clear);
        assert_eq!(state(&world), State::AttestedClear);
        assert_eq!(judge(&world, &file).approved.unwrap().name, "B. Other");
        // A second time nothing is entered.
        let lines = world.originator.ledger.len();
        approve(&mut world, &signed);
        receive(&mut world, &file);
        assert_eq!(world.originator.ledger.len(), lines);
    }

    #[test]
    fn nobody_is_asked_for_what_nobody_could_sign() {
        let mut world = World::new();
        let policy = Policy { countersignature_required: true, ..Policy::default() };
        let ask = |world: &mut World| {
            let request = world.originator.request(Phase::Deletion, policy.clone());
            let ledger = &world.originator.ledger;
            crate::ledger::challenge::issue(ledger, &ledger.view().supplies()[0], request, at(ISSUED)).map(drop)
        };
        let error = ask(&mut world).unwrap_err();
        assert!(error.to_string().contains("has no officer") && error.help().unwrap().contains("--officer"), "{error}");
        let officer = key(40);
        pin(&mut world, &officer).unwrap();
        ask(&mut world).unwrap();
        revoke(&mut world, officer.fingerprint(), "2017-07-01");
        assert!(ask(&mut world).is_err());
        // Nor may the recipient's own key be an officer's.
        let own = SigningKey::generate("Party", &[2; 32]).unwrap();
        assert_eq!(own.fingerprint(), world.originator.recipient.fingerprint());
        assert!(pin(&mut world, &own).unwrap_err().to_string().contains("signs attestations"));
    }

    #[test]
    fn what_is_no_countersignature_of_it_is_refused() {
        let (mut world, officer, statement, file) = required();
        receive(&mut world, &file);
        let own = SigningKey::generate("Party", &[2; 32]).unwrap();
        refused(&world, &approval(&statement, &file, &own, |_| ()), "a key that signs attestations");
        refused(&world, &approval(&statement, &file, &key(41), |_| ()), "no officer of this ledger");
        refused(&world, &approval(&statement, b"other bytes", &officer, |_| ()), "was not received for its challenge");
        let altered = |change: fn(&mut ApprovalV1)| approval(&statement, &file, &officer, change);
        refused(&world, &altered(|approval| approval.challenge_id = "0".repeat(32)), "not in this ledger");
        refused(&world, &altered(|approval| approval.supply_id = "0".repeat(32)), "not in this ledger");
        refused(&world, &altered(|approval| approval.declaration = "I object.".to_owned()), "something else");
        refused(&world, &altered(|approval| approval.name.clear()), "one line");
        refused(&world, &file, "a key that signs attestations");
        refused(&world, b"{}", "no signed envelope");
        // Another statement by the officer is none either, nor is an officer of somebody else.
        refused(&world, &sign(&statement, &officer), "of the kind");
        let stranger = key(42);
        let card = PinnedCard::new(&SigningKey::generate("Third", &[3; 32]).unwrap().card());
        let other = world.originator.supply(&card.card().unwrap());
        assert!(!other.is_empty());
        let post = OfficerEntry { party: card.fingerprint, card: PinnedCard::new(&stranger.card()), since: PINNED.to_owned() };
        world.originator.ledger.append(at(PINNED), Entry::Officer(Box::new(post))).unwrap();
        refused(&world, &approval(&statement, &file, &stranger, |_| ()), "an officer of another recipient");
        revoke(&mut world, officer.fingerprint(), "2017-07-03");
        refused(&world, &approval(&statement, &file, &officer, |_| ()), "is revoked as of 2017-07-03: left");
        assert_eq!(receive(&mut world, &file), Conclusion::Inconclusive);
    }

    #[test]
    fn a_revoked_officer_takes_what_rested_on_it() {
        let (mut world, officer, statement, file) = required();
        receive(&mut world, &file);
        approve(&mut world, &approval(&statement, &file, &officer, |_| ()));
        assert_eq!(receive(&mut world, &file), Conclusion::Clear);
        // From a later day on it changes nothing.
        revoke(&mut world, officer.fingerprint(), "2017-07-04");
        assert_eq!(state(&world), State::AttestedClear);
        revoke(&mut world, officer.fingerprint(), "2017-07-03");
        assert_eq!(state(&world), State::Inconclusive);
        let verification = judge(&world, &file);
        assert_eq!(verification.appraisal.conclusion, Conclusion::Inconclusive);
        assert!(verification.appraisal.reasons[0].contains("which is revoked as of 2017-07-03: left"));
        // Read again from the file, and with another officer.
        let ledger = Ledger::open(world.originator.ledger.folder()).unwrap();
        assert_eq!(board::rows(ledger.view(), time::parse_day("2017-07-04").unwrap())[0].state, State::Inconclusive);
        let second = key(43);
        pin(&mut world, &second).unwrap();
        approve(&mut world, &approval(&statement, &file, &second, |_| ()));
        assert_eq!(receive(&mut world, &file), Conclusion::Clear);
        assert_eq!(state(&world), State::AttestedClear);
    }

    /// A baseline that needed a countersignature is none without it, and what was compared with it is not clear.
    #[test]
    fn a_baseline_is_lost_with_its_officer() {
        let mut world = World::without_baseline();
        let officer = key(40);
        pin(&mut world, &officer).unwrap();
        let policy = Policy { countersignature_required: true, ..Policy::default() };
        let challenge = world.challenge(Phase::Baseline, "2017-05-08T09:00:00Z", policy);
        let mut statement = world.attest(&challenge, &there());
        statement.predicate.scan = times("2017-05-08T10:00:00Z", "2017-05-08T10:30:00Z");
        restate(&mut statement.predicate, Phase::Baseline, &Policy::default());
        let file = sign(&statement, &world.originator.recipient);
        assert_eq!(receive(&mut world, &file), Conclusion::Inconclusive);
        assert!(world.originator.ledger.view().supplies()[0].accepted_baseline().is_none());
        approve(&mut world, &approval(&statement, &file, &officer, |_| ()));
        assert_eq!(receive(&mut world, &file), Conclusion::Present);
        let challenge = world.challenge(Phase::Deletion, ISSUED, Policy::default());
        let later = sign(&world.attest(&challenge, &gone()), &world.originator.recipient);
        assert_eq!(receive(&mut world, &later), Conclusion::Clear);
        assert_eq!(state(&world), State::AttestedClear);
        revoke(&mut world, officer.fingerprint(), "2017-05-08");
        assert_eq!(state(&world), State::Inconclusive);
    }

    /// Whatever a program would write, a ledger takes no such conclusion without the countersignature.
    #[test]
    fn a_receipt_without_it_does_not_fit() {
        let (mut world, _, _, file) = required();
        let verification = judge(&world, &file);
        let mut receipt = verification.receipt().unwrap();
        receipt.appraisal = Conclusion::Clear;
        let error = world.originator.ledger.add_receipt(at(RECEIVED), receipt, &file).unwrap_err();
        assert!(error.to_string().contains("without a countersignature"), "{error}");
    }

    #[test]
    fn where_none_is_required_it_is_only_told() {
        let mut world = World::new();
        let officer = key(40);
        pin(&mut world, &officer).unwrap();
        let challenge = world.challenge(Phase::Deletion, ISSUED, Policy::default());
        let statement = world.attest(&challenge, &gone());
        let file = sign(&statement, &world.originator.recipient);
        assert_eq!(receive(&mut world, &file), Conclusion::Clear);
        approve(&mut world, &approval(&statement, &file, &officer, |_| ()));
        let verification = judge(&world, &file);
        assert_eq!((verification.appraisal.conclusion, verification.approved.is_some()), (Conclusion::Clear, true));
        revoke(&mut world, officer.fingerprint(), "2017-07-01");
        let verification = judge(&world, &file);
        assert_eq!((verification.appraisal.conclusion, verification.approved.is_some()), (Conclusion::Clear, false));
        assert_eq!(state(&world), State::AttestedClear);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Whichever papers come in whichever order, nothing is clear that has no countersignature by an officer whose key holds.
        #[test]
        fn nothing_is_clear_without_it(steps in prop::collection::vec((0..5_u8, 0..3_u8, 1..5_u8), 1..10)) {
            let (mut world, officer, statement, file) = required();
            let keys = [officer, key(44), SigningKey::generate("Party", &[2; 32]).unwrap()];
            let (mut pinned, mut approved, mut revoked) = ([true, false, false], [false; 3], [false; 3]);
            for (what, who, day) in steps {
                let index = usize::from(who);
                match what {
                    0 => drop(receive(&mut world, &file)),
                    1 if pin(&mut world, &keys[index]).is_ok() => pinned[index] = true,
                    2 | 3 => {
                        let bytes = approval(&statement, &file, &keys[index], |_| ());
                        if let Approved::Accepted(entry) = verify(&world.originator.ledger, &bytes, at(RECEIVED)).unwrap() {
                            prop_assert!(pinned[index] && !revoked[index] && index < 2);
                            world.originator.ledger.add_approval(at(RECEIVED), *entry, &bytes).unwrap();
                            approved[index] = true;
                            receive(&mut world, &file);
                        }
                    }
                    4 if who < 2 && pinned[index] => {
                        let since = format!("2017-07-0{day}");
                        let entry = RevocationEntry { fingerprint: keys[index].fingerprint().to_owned(), since, reason: "left".to_owned() };
                        if world.originator.ledger.append(at(RECEIVED), Entry::Revocation(entry)).is_ok() {
                            revoked[index] |= day <= 3;
                        }
                    }
                    _ => {}
                }
                let is_approved = (0..2).any(|index| approved[index] && !revoked[index]);
                let is_clear = state(&world) == State::AttestedClear;
                prop_assert!(!is_clear || is_approved);
                prop_assert_eq!(judge(&world, &file).appraisal.conclusion == Conclusion::Clear, is_approved);
            }
        }
    }
}
