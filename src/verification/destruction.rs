//! A recipient's record of destruction: whether it is of a supply of this ledger, and signed by whom it was supplied to. Whether it is enough to close the
//! supply is asked when it is closed ([`crate::ledger::closing`]).

use crate::attestation::destruction_v1::DestructionV1;
use crate::attestation::destruction_v1::RECIPIENT;
use crate::attestation::dsse::Envelope;
use crate::attestation::dsse::sha256;
use crate::attestation::statement::Statement;
use crate::ledger::Ledger;
use crate::ledger::LedgerError;
use crate::ledger::closing;
use crate::ledger::entry::DestructionEntry;
use crate::support::hex;
use crate::support::sanitize;
use crate::support::time;
use crate::verification::Failure;
use crate::verification::check::Findings;
use crate::verification::check::signature;
use jiff::Timestamp;

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
    let Ok(envelope) = Envelope::parse(bytes) else {
        return refuse("the file is no signed envelope".to_owned(), "ask for it again, or copy it again");
    };
    let parties = ledger.view().parties();
    let Some((verified, key)) = parties.signer(&envelope, || None)? else {
        return refuse(
            "no recipient of this ledger has signed these bytes".to_owned(),
            "ask the recipient with which key it signed, and compare its fingerprint",
        );
    };
    let statement: Statement<DestructionV1> = match Statement::open(verified) {
        Ok(statement) => statement,
        Err(error) => return refuse(error.to_string(), "ask the recipient for the file that `residua destroy` wrote"),
    };
    let said = &statement.predicate;
    let Ok(supply) = ledger.view().supply(&said.supply_id) else {
        return refuse(
            format!("it is of supply {}, which is not in this ledger", sanitize::clean(&said.supply_id)),
            "name the ledger of that supply with `--ledger`",
        );
    };
    let signer = key.pinned.fingerprint.clone();
    if parties.current(&signer) != parties.current(&supply.entry.recipient.fingerprint) {
        return refuse(
            format!("signed by `{signer}`, to whom this was not supplied"),
            "ask the recipient of the supply for its own record",
        );
    }
    // What was received before is judged as of then.
    let digest = hex::encode(&sha256(bytes));
    let first = supply.destructions.iter().find(|known| known.envelope == digest);
    let received_at = first.and_then(|known| time::parse(&known.received_at)).unwrap_or(received_at);
    let mut findings = Findings::default();
    signature::judge(&mut findings, ledger.view(), &signer, received_at);
    if let Some(failure) = findings.into_first() {
        return Ok(Destroyed::Refused(failure));
    }
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
