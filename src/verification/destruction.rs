//! A recipient's record of destruction: whether it is of a supply of this ledger, and signed by whom it was supplied to. Whether it is enough to close the
//! supply is asked when it is closed ([`crate::ledger::closing`]).

use crate::attestation::destruction_v1::DestructionV1;
use crate::attestation::destruction_v1::RECIPIENT;
use crate::ledger::Ledger;
use crate::ledger::LedgerError;
use crate::ledger::closing;
use crate::ledger::entry::DestructionEntry;
use crate::support::hex;
use crate::support::sanitize;
use crate::support::time;
use crate::verification::Failure;
use crate::verification::paper;
use crate::verification::paper::Kind;
use crate::verification::paper::Paper;
use jiff::Timestamp;

/// As it is opened.
const KIND: Kind<DestructionV1> = Kind {
    supply_id: |said| &said.supply_id,
    known: |supply, digest| {
        supply.destructions.iter().find(|known| known.envelope == digest).map(|known| known.received_at.as_str())
    },
    unreadable: "ask the recipient for the file that `residua destroy` wrote",
    foreign: "ask the recipient of the supply for its own record",
};

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Destroyed {
    /// It can be entered. How many things it names.
    Accepted(Box<DestructionEntry>, usize),
    /// It cannot.
    Refused(Failure),
}

/// Verifies one. An error is the ledger's.
pub(crate) fn verify(ledger: &Ledger, bytes: &[u8], received_at: Timestamp) -> Result<Destroyed, LedgerError> {
    let refuse = |reason: String, help: &'static str| Ok(Destroyed::Refused(Failure { reason, help }));
    let Paper { supply, statement, signer, digest, received_at } = match paper::open(ledger, bytes, received_at, &KIND)? {
        Ok(paper) => paper,
        Err(failure) => return Ok(Destroyed::Refused(failure)),
    };
    let said = &statement.predicate;
    let subject = hex::encode(&statement.subject.sha256);
    let is_digest = |text: &Option<String>| text.as_ref().is_none_or(|text| hex::decode::<32>(text).is_some());
    let again = "ask the recipient to write it again with `residua destroy`";
    if closing::manifests(ledger, supply)?.iter().all(|manifest| manifest.digest != subject) {
        return refuse("it is about another manifest than the supply's".to_owned(), again);
    }
    if said.party != RECIPIENT || said.unresolved.is_some() || said.items.is_empty() {
        return refuse("it is no recipient's record, or names nothing".to_owned(), again);
    }
    if !said.items.iter().all(|item| is_digest(&item.sha256) && is_digest(&item.blake3))
        || time::parse(&said.destroyed_at).is_none()
    {
        return refuse("it has a digest or a time that is none".to_owned(), again);
    }
    let entry = DestructionEntry {
        supply_id: supply.entry.supply_id.clone(),
        envelope: digest,
        key: signer,
        name: sanitize::clean(&said.name),
        role: sanitize::clean(&said.role),
        destroyed_at: said.destroyed_at.clone(),
        received_at: time::format(received_at),
    };
    Ok(Destroyed::Accepted(Box::new(entry), said.items.len()))
}
