//! The end of a supply: what has to be there before what is kept of it is destroyed, and the destroying.
//!
//! Two lines are written, the intent and the end, with the destroying between them: a machine that fails on the way leaves a supply of which nothing
//! more is asked, and whose closing goes on when the command is given again. So secrets are never gone without a line that says why.

use crate::attestation::destruction_v1::DestructionV1;
use crate::attestation::destruction_v1::ItemV1;
use crate::attestation::dsse::sha256;
use crate::ledger::Ledger;
use crate::ledger::LedgerError;
use crate::ledger::LedgerView;
use crate::ledger::Supply;
use crate::ledger::board;
use crate::ledger::board::State;
use crate::ledger::dispute::is_reason;
use crate::ledger::entry::ClosedEntry;
use crate::ledger::entry::ClosingEntry;
use crate::ledger::entry::Conclusion;
use crate::ledger::entry::DestructionEntry;
use crate::ledger::entry::Entry;
use crate::ledger::entry::SupplyEntry;
use crate::ledger::kept_manifest;
use crate::ledger::party::Parties;
use crate::ledger::party::Standing;
use crate::ledger::reference;
use crate::ledger::seed;
use crate::ledger::store::secrets_name;
use crate::manifest::statement::ManifestV1;
use crate::support::hex;
use crate::support::sanitize;
use crate::support::time;
use jiff::Timestamp;
use jiff::civil::Date;
use std::collections::BTreeSet;
use std::fs;
use std::io;

/// Something that a record of destruction has to name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Needed {
    /// What, in words.
    pub(crate) what: String,
    /// By which digest it is known: SHA-256, or of findings BLAKE3.
    pub(crate) digest: String,
}

impl Supply {
    /// The day on which its closing began, from which on nothing more is asked of it.
    pub(crate) fn closing_day(&self) -> Option<Date> {
        self.closing.as_ref().and_then(|closing| time::parse(&closing.started_at)).map(time::day)
    }

    /// What speaks against the recipient's records on which it was closed, in words. A key may be revoked for a time that has passed.
    pub(super) fn doubts_of_records(&self, parties: &Parties) -> Option<&'static str> {
        if self.relied_on.is_empty() {
            Some("no record of destruction of the recipient was there")
        } else if self.relied_on.iter().any(|record| !counts(parties, record)) {
            Some("a record of destruction on which it was closed is signed by a key that was revoked by then")
        } else {
            None
        }
    }
}

/// Whether a recipient's record counts: its key was the recipient's when it was received.
pub(super) fn counts(parties: &Parties, record: &DestructionEntry) -> bool {
    time::parse(&record.received_at).is_some_and(|at| parties.key_at(&record.key, at) == Standing::Valid)
}

/// Both manifests of a supply, as records of destruction have to name them.
pub(crate) fn manifests(ledger: &Ledger, supply: &Supply) -> Result<Vec<Needed>, LedgerError> {
    let originator = supply.entry.originator.card()?;
    let statements = [
        ("the baseline manifest", &supply.entry.baseline_statement),
        ("the deletion manifest", &supply.entry.deletion_statement),
    ];
    let needed = statements.into_iter().map(|(what, digest)| {
        let statement = ledger.statement::<ManifestV1>(digest, &originator)?;
        Ok(Needed { what: what.to_owned(), digest: hex::encode(&statement.subject.sha256) })
    });
    needed.collect()
}

/// What stands in the way of closing a supply, in words: that it is not attested clear, and what no record of its recipient names as destroyed.
pub(crate) fn obstacles(ledger: &Ledger, supply: &Supply, today: Date) -> Result<Vec<String>, LedgerError> {
    let mut obstacles = Vec::new();
    let row = board::row(ledger.view(), supply, today);
    if row.state != State::AttestedClear || row.is_overdue {
        let remark = if row.remark.is_empty() { String::new() } else { format!(" ({})", row.remark) };
        obstacles.push(format!("the supply stands as `{}`{remark}", row.state));
    }
    let destroyed = destroyed(ledger, supply)?;
    let lacking = needed(ledger, supply)?.into_iter().filter(|needed| !destroyed.iter().any(|item| item.is(&needed.digest)));
    obstacles.extend(
        lacking.map(|needed| format!("no record of the recipient names {} ({})", needed.what, sanitize::clean(&needed.digest))),
    );
    Ok(obstacles)
}

/// What a recipient had of a supply, as far as the ledger knows: both manifests, the challenges that it answered, with the salts in them, and the findings
/// that its attestations name.
fn needed(ledger: &Ledger, supply: &Supply) -> Result<Vec<Needed>, LedgerError> {
    let mut needed = manifests(ledger, supply)?;
    let mut known = BTreeSet::new();
    for challenge in &supply.challenges {
        let answers = challenge.receipts.iter().filter(|receipt| receipt.appraisal != Conclusion::Failed);
        let day = time::day(challenge.issued_at);
        for (number, receipt) in answers.enumerate() {
            if number == 0 {
                let what = format!("the challenge `{}` of {day}", challenge.phase.word());
                needed.push(Needed { what, digest: challenge.entry.envelope.clone() });
            }
            if let Some(detail) = ledger.received(supply, receipt)?.detail.filter(|detail| known.insert(detail.blake3.clone())) {
                let what = format!("the findings of the `{}` scan for the challenge of {day}", challenge.phase.word());
                needed.push(Needed { what, digest: detail.blake3 });
            }
        }
    }
    Ok(needed)
}

/// What the recipient's records say to be destroyed. One that was signed by a key which is revoked as of its receipt says nothing.
fn destroyed(ledger: &Ledger, supply: &Supply) -> Result<Vec<ItemV1>, LedgerError> {
    let mut items = Vec::new();
    for entry in supply.destructions.iter().filter(|entry| counts(ledger.view().parties(), entry)) {
        let signer = ledger.view().signing_card(supply, &entry.key)?;
        items.extend(ledger.statement::<DestructionV1>(&entry.envelope, &signer)?.predicate.items);
    }
    Ok(items)
}

impl Ledger {
    /// Enters that the closing of a supply begins. `false`, and nothing is entered, where lines were added since this ledger was read: what stood in no
    /// way then may do so now.
    pub(crate) fn begin_closing(&mut self, now: Timestamp, entry: ClosingEntry) -> Result<bool, LedgerError> {
        let known = self.view().entries;
        let mut is_begun = false;
        self.append_after(now, |view| {
            is_begun = view.entries == known;
            is_begun.then_some(Entry::Closing(entry))
        })?;
        Ok(is_begun)
    }

    /// Removes what is kept of a supply for its owner's eyes alone. Only once its closing was entered. Returns what
    /// it was, in words, each with whether it was still there: a command before may have come as far as this.
    pub(crate) fn destroy_secrets(&self, supply: &Supply) -> Result<Vec<(&'static str, bool)>, LedgerError> {
        self.refuse_export()?;
        if supply.closing.is_none() {
            return Err(LedgerError::Misfit { problem: "the supply is not being closed" });
        }
        // Whoever puts secrets under a passphrase meanwhile would write anew what is removed here.
        let _lock = self.lock()?;
        let mut destroyed = Vec::new();
        for (what, name) in secrets_of(&supply.entry) {
            let mut was_there = false;
            for name in Ledger::names_of_private(&name) {
                match fs::remove_file(self.path(&name)) {
                    Ok(()) => was_there = true,
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(source) => return Err(self.file_error(&name, source)),
                }
            }
            destroyed.push((what, was_there));
        }
        #[cfg(unix)]
        fs::File::open(self.path("secrets"))
            .and_then(|folder| folder.sync_all())
            .map_err(|source| self.file_error("secrets", source))?;
        Ok(destroyed)
    }

    /// Enters a recipient's record. `false` where the same bytes were entered before.
    pub(crate) fn add_destruction(
        &mut self,
        now: Timestamp,
        entry: DestructionEntry,
        envelope: &[u8],
    ) -> Result<bool, LedgerError> {
        if hex::encode(&sha256(envelope)) != entry.envelope {
            return Err(LedgerError::Misfit { problem: "the record of destruction is another document" });
        }
        self.keep_document(envelope)?;
        let mut is_new = true;
        self.append_after(now, |view| {
            let known = view.by_id(&entry.supply_id).map(|supply| supply.destructions.as_slice()).unwrap_or_default();
            is_new = known.iter().all(|known| known.envelope != entry.envelope);
            is_new.then_some(Entry::Destruction(entry))
        })?;
        Ok(is_new)
    }

    /// Names of files of secrets that outlived their supply's end.
    pub(super) fn surviving_secrets(&self, entry: &SupplyEntry) -> Vec<String> {
        secrets_of(entry)
            .into_iter()
            .flat_map(|(_, name)| Ledger::names_of_private(&name))
            .filter(|name| self.path(name).exists())
            .collect()
    }
}

/// The files of a supply that are for the owner's eyes alone, each with the word of a record of destruction.
fn secrets_of(entry: &SupplyEntry) -> Vec<(&'static str, String)> {
    let id = &entry.supply_id;
    let mut files = vec![("salts", secrets_name(id))];
    if entry.seeds > 0 {
        files.push(("seeds", seed::file_name(id)));
    }
    if entry.has_references {
        files.push(("references", reference::file_name(id)));
    }
    files.extend(entry.kept_manifest.iter().map(|digest| ("kept manifest", kept_manifest::file_name(digest))));
    files
}

/// What is wrong with a recipient's record at this place of the ledger, in words.
pub(super) fn misfit_of_destruction(view: &LedgerView, entry: &DestructionEntry) -> Option<&'static str> {
    if hex::decode::<32>(&entry.envelope).is_none()
        || time::parse(&entry.destroyed_at).is_none()
        || time::parse(&entry.received_at).is_none()
    {
        return Some("the record of destruction has a digest or date that is none");
    }
    let Some(supply) = view.by_id(&entry.supply_id) else {
        return Some("the record of destruction is of a supply that is not in the ledger");
    };
    let is_theirs = view.parties.current(&entry.key) == view.parties.current(&supply.entry.recipient.fingerprint);
    if is_theirs && counts(&view.parties, entry) {
        None
    } else {
        Some("the record of destruction is signed by a key that was not the recipient's when it was received")
    }
}

/// What is wrong with the beginning of an end at this place of the ledger, in words.
pub(super) fn misfit(view: &LedgerView, entry: &ClosingEntry) -> Option<&'static str> {
    match view.by_id(&entry.supply_id) {
        None => Some("the closing is of a supply that is not in the ledger"),
        Some(supply) if supply.closing.is_some() => Some("the supply is being closed already"),
        Some(_) if time::parse(&entry.started_at).is_none() => Some("the closing has a date that is none"),
        Some(_) if entry.unresolved.as_ref().is_some_and(|reason| !is_reason(reason)) => {
            Some("the closing lacks its reason, or has too long a one")
        }
        Some(_) => None,
    }
}

/// What is wrong with an end at this place of the ledger, in words.
pub(super) fn misfit_of_end(view: &LedgerView, entry: &ClosedEntry) -> Option<&'static str> {
    match view.by_id(&entry.supply_id) {
        None => Some("the end is of a supply that is not in the ledger"),
        Some(supply) if supply.closing.is_none() => Some("the supply was not being closed"),
        Some(supply) if supply.closed.is_some() => Some("the supply is closed already"),
        Some(_) if hex::decode::<32>(&entry.record).is_none() || time::parse(&entry.closed_at).is_none() => {
            Some("the end has a digest or date that is none")
        }
        Some(_) => None,
    }
}

/// Refuses whoever asks for the secrets of a supply that is closed.
pub(super) fn refuse(view: &LedgerView, supply_id: &str) -> Result<(), LedgerError> {
    match view.by_id(supply_id).and_then(Supply::closing_day) {
        Some(day) => Err(LedgerError::Closed { supply_id: sanitize::clean(supply_id), day }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attestation::key::SigningKey;
    use crate::finding::Phase;
    use crate::finding::declaration::Policy;
    use crate::ledger::entry::DisputeEntry;
    use crate::ledger::entry::OnwardEntry;
    use crate::ledger::entry::RevocationEntry;
    use crate::ledger::entry::Side;
    use crate::ledger::fixture::Originator;
    use crate::ledger::fixture::at;
    use crate::ledger::fixture::digest_of;

    const ANSWERED: &str = "2017-07-03T09:00:00Z";
    const DESTROYED: &str = "2017-07-05T09:00:00Z";

    /// A supply that is attested clear, by an answer that names the client's attestation.
    fn clear() -> (Originator, String) {
        let mut originator = Originator::new();
        let card = originator.recipient.card();
        let id = originator.supply(&card);
        let policy = Policy { without_baseline: true, ..Policy::default() };
        originator.challenge(&id, Phase::Deletion, ANSWERED, policy);
        let parent = originator.answer(&id, Conclusion::Clear, &[("Client", &["one"])]);
        enter(&mut originator, leaf(&id, &parent, "clear")).unwrap();
        (originator, id)
    }

    fn enter(originator: &mut Originator, entry: Entry) -> Result<(), LedgerError> {
        originator.ledger.append(at(DESTROYED), entry)
    }

    fn leaf(id: &str, parent: &str, verdict: &str) -> Entry {
        Entry::Onward(OnwardEntry {
            supply_id: id.to_owned(),
            parent: parent.to_owned(),
            recipient: "Client".to_owned(),
            attestation: digest_of("one"),
            key: None,
            verdict: verdict.to_owned(),
            received_at: DESTROYED.to_owned(),
            onward: Vec::new(),
        })
    }

    fn record(id: &str, key: &SigningKey) -> Entry {
        Entry::Destruction(DestructionEntry {
            supply_id: id.to_owned(),
            envelope: digest_of("a record"),
            key: key.fingerprint().to_owned(),
            name: String::new(),
            role: String::new(),
            destroyed_at: DESTROYED.to_owned(),
            received_at: DESTROYED.to_owned(),
        })
    }

    fn begun(id: &str) -> ClosingEntry {
        ClosingEntry { supply_id: id.to_owned(), started_at: DESTROYED.to_owned(), unresolved: None }
    }

    fn ended(id: &str) -> Entry {
        Entry::Closed(ClosedEntry { supply_id: id.to_owned(), record: digest_of("our record"), closed_at: DESTROYED.to_owned() })
    }

    fn row(originator: &Originator) -> board::BoardRow {
        board::rows(originator.ledger.view(), time::parse_day("2017-07-10").unwrap()).remove(0)
    }

    fn closed() -> (Originator, String) {
        let (mut originator, id) = clear();
        let record = record(&id, &originator.recipient);
        enter(&mut originator, record).unwrap();
        assert!(originator.ledger.begin_closing(at(DESTROYED), begun(&id)).unwrap());
        enter(&mut originator, ended(&id)).unwrap();
        assert_eq!(row(&originator).state, State::Closed);
        (originator, id)
    }

    #[test]
    fn a_supply_is_no_longer_closed_for_good_where_a_record_that_it_rests_on_counts_no_more() {
        let (mut originator, _) = closed();
        let fingerprint = originator.recipient.fingerprint().to_owned();
        let revoke = |since: &str| RevocationEntry {
            fingerprint: fingerprint.clone(),
            since: since.to_owned(),
            reason: "stolen".to_owned(),
        };
        enter(&mut originator, Entry::Revocation(revoke("2017-07-06"))).unwrap();
        assert_eq!(row(&originator).state, State::Closed);
        enter(&mut originator, Entry::Revocation(revoke("2017-07-05"))).unwrap();
        let row = row(&originator);
        assert_eq!(row.state, State::ClosedUnresolved);
        assert!(row.remark.contains("signed by a key that was revoked by then"), "{}", row.remark);
    }

    /// No command writes such lines.
    #[test]
    fn a_supply_that_was_closed_without_any_record_is_not_closed_for_good() {
        let (mut originator, id) = clear();
        enter(&mut originator, Entry::Closing(begun(&id))).unwrap();
        enter(&mut originator, ended(&id)).unwrap();
        // What comes after the beginning is not what it rests on.
        let late = record(&id, &originator.recipient);
        enter(&mut originator, late).unwrap();
        let row = row(&originator);
        assert_eq!(row.state, State::ClosedUnresolved);
        assert!(row.remark.contains("no record of destruction"), "{}", row.remark);
    }

    #[test]
    fn what_an_onward_recipient_states_counts_after_the_end_too() {
        let (mut originator, id) = closed();
        let parent = originator.ledger.view().supplies()[0].challenges[0].receipts[0].attestation.clone();
        enter(&mut originator, leaf(&id, &parent, "residual")).unwrap();
        let row = row(&originator);
        assert_eq!(row.state, State::ClosedUnresolved);
        assert!(row.remark.contains("onward recipient `Client`: stated residual"), "{}", row.remark);
    }

    #[test]
    fn an_objection_stands_before_a_closing_that_is_not_ended() {
        let (mut originator, id) = clear();
        enter(&mut originator, Entry::Closing(begun(&id))).unwrap();
        assert_eq!(row(&originator).state, State::AttestedClear);
        let dispute = DisputeEntry {
            supply_id: id.clone(),
            number: 1,
            by: Side::Recipient,
            reason: "not ours".to_owned(),
            attestation: None,
            document: None,
            raised_at: DESTROYED.to_owned(),
        };
        enter(&mut originator, Entry::Dispute(dispute)).unwrap();
        let row = row(&originator);
        assert_eq!((row.state, row.is_overdue), (State::Disputed, true));
        assert!(row.next_action().contains("residua close") && row.remark.contains("was begun on"), "{}", row.remark);
    }

    #[test]
    fn a_record_by_anybody_else_s_key_does_not_fit() {
        let (mut originator, id) = clear();
        let other = SigningKey::generate("Other", &[7; 32]).unwrap();
        originator.supply(&other.card());
        let by_other = record(&id, &other);
        assert!(matches!(enter(&mut originator, by_other), Err(LedgerError::Misfit { .. })));
        let unknown = record(&id, &SigningKey::generate("Nobody", &[8; 32]).unwrap());
        assert!(matches!(enter(&mut originator, unknown), Err(LedgerError::Misfit { .. })));
        let theirs = record(&id, &originator.recipient);
        enter(&mut originator, theirs).unwrap();
    }

    #[test]
    fn a_closing_begins_only_where_nothing_was_entered_since_it_was_looked_at() {
        let (mut originator, id) = clear();
        let mut before = Ledger::open(originator.ledger.folder()).unwrap();
        let theirs = record(&id, &originator.recipient);
        enter(&mut originator, theirs).unwrap();
        assert!(!before.begin_closing(at(DESTROYED), begun(&id)).unwrap());
        assert!(before.view().supplies()[0].closing.is_none());
        // It has read the rest by now.
        assert!(before.begin_closing(at(DESTROYED), begun(&id)).unwrap());
    }
}
