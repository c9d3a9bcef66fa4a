//! Challenges: what the originator asks, of whom, for how long, and whether it may be asked yet.

use crate::attestation::dsse::sha256;
use crate::attestation::predicate_v1::ChallengeV1;
use crate::attestation::sealed;
use crate::attestation::sealed::SealedError;
use crate::attestation::statement::Statement;
use crate::finding::Phase;
use crate::finding::declaration::Policy;
use crate::ledger::Ledger;
use crate::ledger::LedgerError;
use crate::ledger::Supply;
use crate::ledger::entry::ChallengeEntry;
use crate::ledger::entry::Entry;
use crate::ledger::entry::RefusedEntry;
use crate::ledger::group;
use crate::ledger::party::Key;
use crate::ledger::store::open_signed;
use crate::manifest::statement::ManifestV1;
use crate::support::hex;
use crate::support::sanitize;
use crate::support::time;
use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::civil::Date;
use std::collections::BTreeSet;

/// The most ordinals that a challenge asks for one by one.
pub(crate) const MOST_SPOT_CHECKS: usize = 1_000;

/// How many days a challenge is valid unless another number is asked for.
pub(crate) const DAYS_VALID: u16 = 14;

/// The most days that a challenge may be valid.
const MOST_DAYS: u16 = 366;

/// How far the clocks of two parties may differ: ten minutes.
pub(crate) const TOLERANCE_SECONDS: u64 = 600;

/// What is asked.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// When in the life of the supply.
    pub(crate) phase: Phase,
    /// What is accepted and required.
    pub(crate) policy: Policy,
    /// Ordinals to be answered one by one, in this order.
    pub(crate) spot_checks: Vec<u32>,
    /// How long an attestation is accepted.
    pub(crate) days_valid: u16,
    /// 16 random bytes: the challenge's id.
    pub(crate) id: [u8; 16],
    /// 32 random bytes: the challenge's nonce.
    pub(crate) nonce: [u8; 32],
}

/// Why a challenge was not issued.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChallengeError {
    /// The person's fault: the recipient may still have the data.
    #[error("the data may be kept until the end of {delete_by} (UTC); a {phase} challenge can be issued from {first} on")]
    TooEarly {
        /// The phase asked for.
        phase: &'static str,
        /// The agreed day.
        delete_by: Date,
        /// The day after it.
        first: Date,
    },
    /// The person's fault, or the recipient's: nothing says where the data were.
    #[error("no baseline of this supply has been accepted, so nothing says where the data were")]
    NoBaseline,
    /// The person's fault, or the recipient's: nobody can be asked.
    #[error("the key `{fingerprint}` of `{}` is revoked as of {since}: {reason}", sanitize::clean(.name))]
    Revoked {
        /// The name on its card.
        name: String,
        /// The key.
        fingerprint: String,
        /// The first day.
        since: Date,
        /// Why, in words.
        reason: String,
    },
    /// The person's fault: a declaration file that contradicts itself.
    #[error("the accepted declarations cannot be used: {fault}")]
    Declarations {
        /// In words.
        fault: String,
    },
    /// The person's fault, or the recipient's: copies that are not put beyond use, or should be gone already.
    #[error("the backup `{system}` cannot be accepted: {weakness}")]
    Backup {
        /// The backup system.
        system: String,
        /// In words.
        weakness: String,
    },
    /// The person's fault, or the recipient's: nobody could countersign.
    #[error("the challenge requires a countersignature, and `{}` has no officer in this ledger whose key is valid", sanitize::clean(.name))]
    NoOfficer {
        /// The name on the recipient's card.
        name: String,
    },
    /// The person's fault: what cannot be had without a baseline.
    #[error("empty targets cannot be accepted without a baseline, since nothing would say that they ever held the data")]
    EmptyWithoutBaseline,
    /// The person's fault: a number out of its range, or a key that the manifest has not.
    #[error("{problem}")]
    Request {
        /// In words.
        problem: String,
    },
    /// The system's fault.
    #[error(transparent)]
    Sealed(#[from] SealedError),
    /// The ledger's fault.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl ChallengeError {
    /// What a person may do about it.
    pub(crate) fn help(&self) -> Option<&'static str> {
        match self {
            ChallengeError::NoBaseline => Some(
                "issue a challenge with `--phase baseline` first and verify the answer; \
                 or accept with `--without-baseline` that nothing will be compared",
            ),
            ChallengeError::Revoked { .. } => Some(
                "have the recipient make a new key (`residua keygen`), compare its fingerprint by another channel, and enter its card with \
                 `residua recipient add CARD --replaces KEY`",
            ),
            ChallengeError::TooEarly { .. } => Some("issue it on that day or later; `residua status` says when it is due"),
            ChallengeError::Declarations { .. } => Some("correct the declaration file, or have the recipient correct it"),
            ChallengeError::Backup { .. } => Some(
                "strike it out of the declaration file, or have the recipient correct it: copies are an exception where all four promises of \
                 `beyond_use` are true, and until the day of `roll_off`",
            ),
            ChallengeError::NoOfficer { .. } => Some(
                "compare the fingerprint of an officer's card with the recipient, by another channel, and pin it with \
                 `residua recipient add CARD --officer OFFICER`; or leave `--require-countersignature` away",
            ),
            ChallengeError::EmptyWithoutBaseline => Some(
                "leave `--without-baseline` away where a baseline was accepted, or issue a challenge with `--phase baseline` first; without \
                 one, leave `--accept-empty` away",
            ),
            ChallengeError::Request { .. } => Some(
                "`residua challenge --help` has the limits; `residua inspect` of the manifest's statement lists its match keys",
            ),
            ChallengeError::Ledger(error) => error.help(),
            ChallengeError::Sealed(_) => None,
        }
    }
}

/// Makes a challenge, ready to be signed by the supply's originator; [`record`] then enters it.
pub(crate) fn issue(
    ledger: &Ledger,
    supply: &Supply,
    request: Request,
    now: Timestamp,
) -> Result<Statement<ChallengeV1>, ChallengeError> {
    let phase = request.phase;
    let baseline = if phase == Phase::Baseline {
        None
    } else {
        if time::day(now) <= supply.delete_by {
            let first = supply.delete_by.tomorrow().unwrap_or(supply.delete_by);
            return Err(ChallengeError::TooEarly { phase: phase.word(), delete_by: supply.delete_by, first });
        }
        let accepted = supply.accepted_baseline().map(|receipt| receipt.attestation.clone());
        if accepted.is_none() && !request.policy.without_baseline {
            return Err(ChallengeError::NoBaseline);
        }
        accepted
    };
    let entry = &supply.entry;
    let card = ledger.view().current_card(supply);
    if let Some(revocation) = ledger.view().parties().key(&card.fingerprint).and_then(Key::revoked) {
        return Err(ChallengeError::Revoked {
            name: card.name.clone(),
            fingerprint: card.fingerprint.clone(),
            since: revocation.since,
            reason: revocation.reason.clone(),
        });
    }
    if request.policy.countersignature_required && !ledger.view().parties().has_officer(&card.fingerprint, now) {
        return Err(ChallengeError::NoOfficer { name: card.name.clone() });
    }
    let manifest: Statement<ManifestV1> =
        ledger.statement(supply.statement(phase), &entry.originator.card().map_err(LedgerError::from)?)?;
    check(&request, &manifest.predicate)?;
    for backup in &request.policy.accept.backups {
        if let Some(weakness) = backup.weakness(time::day(now)) {
            return Err(ChallengeError::Backup { system: sanitize::clean(&backup.system), weakness });
        }
    }
    let expires_at = now
        .checked_add(SignedDuration::from_hours(24 * i64::from(request.days_valid)))
        .map_err(|_| ChallengeError::Request { problem: "the challenge would end beyond all dates".to_owned() })?;
    let salt = ledger.secrets(&entry.supply_id)?;
    let sealed_salt = sealed::seal(salt.salt(group(phase)), &card.card().map_err(LedgerError::from)?)?;
    let challenge = ChallengeV1 {
        challenge_id: hex::encode(&request.id),
        nonce: hex::encode(&request.nonce),
        phase: phase.word().to_owned(),
        supply_id: entry.supply_id.clone(),
        recipient_key: card.fingerprint.clone(),
        issued_at: time::format(now),
        expires_at: time::format(expires_at),
        tolerance_seconds: TOLERANCE_SECONDS,
        policy: request.policy,
        spot_checks: request.spot_checks,
        sealed_salt,
        baseline,
        ledger_head: ledger.head().to_owned(),
    };
    Ok(Statement { subject: manifest.subject, predicate: challenge })
}

/// Whether a request can be answered at all.
fn check(request: &Request, manifest: &ManifestV1) -> Result<(), ChallengeError> {
    let refuse = |problem: String| Err(ChallengeError::Request { problem });
    if !(1..=MOST_DAYS).contains(&request.days_valid) {
        return refuse(format!("a challenge is valid for 1 to {MOST_DAYS} days"));
    }
    if request.policy.baseline_percent > 100 {
        return refuse("the share of a baseline is at most 100 percent".to_owned());
    }
    if request.policy.empty_accepted && request.phase == Phase::Baseline {
        return refuse("a baseline finds the data, so that its targets cannot be accepted as empty".to_owned());
    }
    if request.policy.empty_accepted && request.policy.without_baseline {
        return Err(ChallengeError::EmptyWithoutBaseline);
    }
    if let Some(fault) = request.policy.accept.fault() {
        return Err(ChallengeError::Declarations { fault });
    }
    let is_planned = |name: &String| manifest.keys.iter().any(|key| key.name == *name);
    if let Some(key) = request.policy.required_keys.iter().find(|name| !is_planned(name)) {
        return refuse(format!("the manifest has no match key `{}`", sanitize::clean(key)));
    }
    if request.spot_checks.len() > MOST_SPOT_CHECKS {
        return refuse(format!("a challenge asks for at most {MOST_SPOT_CHECKS} records one by one"));
    }
    let different: BTreeSet<u32> = request.spot_checks.iter().copied().collect();
    if different.len() != request.spot_checks.len() || different.last().is_some_and(|last| u64::from(*last) >= manifest.asked()) {
        return refuse("the records asked for one by one are not different records of the supply".to_owned());
    }
    Ok(())
}

/// Enters a signed challenge, which has to be of this ledger's originator, with the declarations that were refused when it was issued. Returns the
/// SHA-256 of its file.
pub(crate) fn record(
    ledger: &mut Ledger,
    now: Timestamp,
    envelope: &[u8],
    refusals: Vec<RefusedEntry>,
) -> Result<String, LedgerError> {
    let misfit = |problem| LedgerError::Misfit { problem };
    let originators: Vec<_> = {
        let mut cards: Vec<_> = ledger.view().supplies().iter().map(|supply| &supply.entry.originator).collect();
        cards.sort_by_key(|card| &card.fingerprint);
        cards.dedup_by_key(|card| &card.fingerprint);
        cards.into_iter().cloned().collect()
    };
    let mut refused = misfit("the ledger has no supply");
    for pinned in originators {
        match open_signed::<ChallengeV1>(envelope, &pinned.card()?) {
            Ok(statement) => {
                let challenge = statement.predicate;
                let supply = ledger
                    .view()
                    .supply(&challenge.supply_id)
                    .map_err(|_| misfit("the challenge is of another ledger's supply"))?;
                if supply.entry.originator.fingerprint != pinned.fingerprint
                    || ledger.view().current_card(supply).fingerprint != challenge.recipient_key
                {
                    return Err(misfit("the challenge names other keys than its supply"));
                }
                let is_pinned = supply.entry.recipient.fingerprint == challenge.recipient_key;
                let digest = hex::encode(&sha256(envelope));
                let entry = ChallengeEntry {
                    supply_id: challenge.supply_id,
                    challenge_id: challenge.challenge_id,
                    phase: challenge.phase,
                    issued_at: challenge.issued_at,
                    expires_at: challenge.expires_at,
                    envelope: digest.clone(),
                    recipient_key: (!is_pinned).then_some(challenge.recipient_key),
                    countersignature_required: challenge.policy.countersignature_required,
                    refused: refusals,
                };
                ledger.keep_document(envelope)?;
                ledger.append(now, Entry::Challenge(entry))?;
                return Ok(digest);
            }
            Err(error) => refused = error,
        }
    }
    Err(refused)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attestation::dsse::Envelope;
    use crate::attestation::key::SigningKey;
    use crate::finding::declaration::Backup;
    use crate::finding::declaration::Declarations;
    use crate::finding::declaration::NotScanned;
    use crate::ledger::fixture::Originator;
    use crate::ledger::fixture::at;
    use crate::ledger::fixture::backup;
    use crate::ledger::fixture::secrets;
    use crate::ledger::fixture::sign;

    fn supplied() -> (Originator, String) {
        let mut originator = Originator::new();
        let card = originator.recipient.card();
        let supply_id = originator.supply(&card);
        (originator, supply_id)
    }

    fn issued(originator: &Originator, request: Request, now: &str) -> Result<Statement<ChallengeV1>, ChallengeError> {
        issue(&originator.ledger, &originator.ledger.view().supplies()[0], request, at(now))
    }

    #[test]
    fn a_challenge_carries_what_its_supply_says() {
        let (mut originator, supply_id) = supplied();
        let request = originator.request(Phase::Baseline, Policy::default());
        let statement = issued(&originator, request, "2017-05-08T09:00:00Z").unwrap();
        assert_eq!(statement.subject.name, "baseline.residua");
        let challenge = statement.predicate.clone();
        assert_eq!((challenge.supply_id.as_str(), challenge.baseline.as_ref()), (supply_id.as_str(), None));
        assert_eq!(challenge.expires_at, "2017-05-22T09:00:00Z");
        assert_eq!(challenge.ledger_head, originator.ledger.head());
        let salt = sealed::open(&challenge.sealed_salt, &originator.recipient).unwrap();
        assert_eq!(salt, secrets(1).baseline_salt);
        // Entered once, and by the originator's signature only.
        let stranger = SigningKey::generate("Emma's Diary", &[7; 32]).unwrap();
        let error =
            record(&mut originator.ledger, at("2017-05-08T09:00:00Z"), &sign(&statement, &stranger), Vec::new()).unwrap_err();
        assert!(error.to_string().contains("not signed by `Emma's Diary`"));
        let envelope = sign(&statement, &originator.key);
        assert!(Envelope::parse(&envelope).is_ok());
        let digest = record(&mut originator.ledger, at("2017-05-08T09:00:00Z"), &envelope, Vec::new()).unwrap();
        assert_eq!(originator.ledger.view().challenge(&challenge.challenge_id).unwrap().1.entry.envelope, digest);
        assert!(record(&mut originator.ledger, at("2017-05-08T09:00:00Z"), &envelope, Vec::new()).is_err());
    }

    #[test]
    fn nobody_is_asked_before_the_day_after_the_agreed_one() {
        let (mut originator, _) = supplied();
        let agreed = Policy { without_baseline: true, ..Policy::default() };
        for phase in [Phase::Deletion, Phase::Recheck, Phase::Restore] {
            let request = originator.request(phase, agreed.clone());
            let error = issued(&originator, request.clone(), "2017-06-30T23:59:59Z").unwrap_err();
            let words = format!(
                "the data may be kept until the end of 2017-06-30 (UTC); a {} challenge can be issued from 2017-07-01 on",
                phase.word()
            );
            assert_eq!(error.to_string(), words);
            let statement = issued(&originator, request, "2017-07-01T00:00:00Z").unwrap();
            assert_eq!(statement.subject.name, "deletion.residua");
            let salt = sealed::open(&statement.predicate.sealed_salt, &originator.recipient).unwrap();
            assert_eq!(salt, secrets(1).deletion_salt);
        }
    }

    #[test]
    fn what_cannot_be_answered_is_not_asked() {
        let (mut originator, _) = supplied();
        let mut refuse = |word: &str, change: &dyn Fn(&mut Request)| {
            let mut request = originator.request(Phase::Baseline, Policy::default());
            change(&mut request);
            let now = if request.phase == Phase::Baseline { "2017-05-08T09:00:00Z" } else { "2017-07-01T00:00:00Z" };
            let error = issued(&originator, request, now).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        };
        refuse("1 to 366 days", &|request| request.days_valid = 0);
        refuse("at most 100 percent", &|request| request.policy.baseline_percent = 101);
        refuse("cannot be accepted as empty", &|request| request.policy.empty_accepted = true);
        refuse("cannot be accepted without a baseline", &|request| {
            request.phase = Phase::Deletion;
            request.policy.empty_accepted = true;
            request.policy.without_baseline = true;
        });
        refuse("no match key `whole`", &|request| request.policy.required_keys.push("whole".to_owned()));
        refuse("at most 1000", &|request| request.spot_checks = (0..1_001).collect());
        refuse("not different records", &|request| request.spot_checks = vec![1, 1]);
        refuse("not different records", &|request| request.spot_checks = vec![2_000]);
        refuse("lacks its reason", &|request| {
            let not_scanned = vec![NotScanned { system: "lake".to_owned(), reason: String::new() }];
            request.policy.accept = Declarations { not_scanned, ..Declarations::default() };
        });
    }

    #[test]
    fn a_backup_is_accepted_with_all_promises_and_until_it_is_gone() {
        let (mut originator, _) = supplied();
        let mut asked = |change: &dyn Fn(&mut Backup), now: &str| {
            let mut tape = backup("tape", "2017-06-29", "2017-09-29");
            change(&mut tape);
            let accept = Declarations { backups: vec![tape], ..Declarations::default() };
            let policy = Policy { accept, without_baseline: true, ..Policy::default() };
            let request = originator.request(Phase::Deletion, policy);
            issued(&originator, request, now).map(|_| ()).map_err(|error| error.to_string())
        };
        for now in ["2017-07-03T09:00:00Z", "2017-09-29T23:59:59Z"] {
            assert_eq!(asked(&|_| (), now), Ok(()), "{now}");
        }
        let refused = |result: Result<(), String>, words: &str| {
            let error = result.unwrap_err();
            assert!(error.starts_with("the backup `tape` cannot be accepted: ") && error.contains(words), "{error}");
        };
        refused(asked(&|_| (), "2017-09-30T00:00:00Z"), "has passed: 2017-09-29");
        refused(asked(&|tape| tape.beyond_use.secured = false, "2017-07-03T09:00:00Z"), "not promised that they are secured");
    }
}
