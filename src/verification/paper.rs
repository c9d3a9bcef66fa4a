//! A paper that a recipient signs besides its attestations, on its way in: signed by whom the supply was made to, with a key that was good when it came. What it
//! says is for each kind of paper to judge.

use crate::attestation::dsse::Envelope;
use crate::attestation::dsse::sha256;
use crate::attestation::statement::Predicate;
use crate::attestation::statement::Statement;
use crate::ledger::Ledger;
use crate::ledger::LedgerError;
use crate::ledger::Supply;
use crate::support::hex;
use crate::support::sanitize;
use crate::support::time;
use crate::verification::Failure;
use crate::verification::check::Findings;
use crate::verification::check::signature;
use jiff::Timestamp;

/// What tells one kind of paper from another.
pub(super) struct Kind<P> {
    /// The supply that it says itself to be of.
    pub(super) supply_id: fn(&P) -> &str,
    /// When the same bytes were received first, by the SHA-256 of the file.
    pub(super) known: for<'a> fn(&'a Supply, &str) -> Option<&'a str>,
    /// What to do where it cannot be read.
    pub(super) unreadable: &'static str,
    /// What to do where another recipient has signed it.
    pub(super) foreign: &'static str,
}

/// A paper whose signature counts.
pub(super) struct Paper<'a, P> {
    /// Of which supply it is.
    pub(super) supply: &'a Supply,
    /// What it says.
    pub(super) statement: Statement<P>,
    /// The fingerprint of the key that signed it.
    pub(super) signer: String,
    /// SHA-256 of its file.
    pub(super) digest: String,
    /// When it was received; where the ledger knows these bytes, when they were received first.
    pub(super) received_at: Timestamp,
}

/// Opens one, or says what is wrong with it. An error is the ledger's.
pub(super) fn open<'a, P: Predicate>(
    ledger: &'a Ledger,
    bytes: &[u8],
    received_at: Timestamp,
    kind: &Kind<P>,
) -> Result<Result<Paper<'a, P>, Failure>, LedgerError> {
    let refuse = |reason: String, help: &'static str| Ok(Err(Failure { reason, help }));
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
    let statement: Statement<P> = match Statement::open(verified) {
        Ok(statement) => statement,
        Err(error) => return refuse(error.to_string(), kind.unreadable),
    };
    let id = (kind.supply_id)(&statement.predicate);
    let Some(supply) = ledger.view().supply(id).ok().filter(|supply| supply.entry.supply_id == id) else {
        return refuse(
            format!("it is of supply {}, which is not in this ledger", sanitize::clean(id)),
            "name the ledger of that supply with `--ledger`",
        );
    };
    let signer = key.pinned.fingerprint.clone();
    if parties.current(&signer) != parties.current(&supply.entry.recipient.fingerprint) {
        return refuse(format!("signed by `{signer}`, to whom this was not supplied"), kind.foreign);
    }
    // What was received before is judged as of then.
    let digest = hex::encode(&sha256(bytes));
    let received_at = (kind.known)(supply, &digest).and_then(time::parse).unwrap_or(received_at);
    let mut findings = Findings::default();
    signature::judge(&mut findings, ledger.view(), &signer, received_at);
    match findings.into_first() {
        Some(failure) => Ok(Err(failure)),
        None => Ok(Ok(Paper { supply, statement, signer, digest, received_at })),
    }
}
