//! What the newest answer declares, and what the originator said to each declaration last.

use crate::attestation::predicate_v1::ChallengeV1;
use crate::ledger::Ledger;
use crate::ledger::LedgerError;
use crate::ledger::Supply;
use crate::ledger::refusal;
use crate::report::json_v1::approval::DeclarationV1;
use crate::support::sanitize::clean;
use std::fmt::Write;

/// The declarations of the newest answer. What counts as accepted is what its own challenge accepted, or one after it; a refusal may have come before.
pub(super) fn list(ledger: &Ledger, supply: &Supply) -> Result<Vec<DeclarationV1>, LedgerError> {
    let mut newest_first = supply.challenges.iter().enumerate().rev();
    let Some((answered, answer)) = newest_first.find_map(|(index, challenge)| Some((index, challenge.answer()?))) else {
        return Ok(Vec::new());
    };
    let stated = ledger.received(supply, answer)?;
    let items = refusal::items(&stated.declared, &stated.coverage.excluded);
    let mut said = vec!["proposed"; items.len()];
    if items.is_empty() {
        return Ok(Vec::new());
    }
    let originator = supply.entry.originator.card()?;
    for (index, challenge) in supply.challenges.iter().enumerate() {
        let policy = ledger.statement::<ChallengeV1>(&challenge.entry.envelope, &originator)?.predicate.policy;
        let accepted = refusal::items(&policy.accept, &[]);
        for (state, item) in said.iter_mut().zip(&items) {
            if accepted.iter().any(|accepted| accepted.is(item)) {
                *state = if index < answered { "proposed" } else { "accepted" };
            } else if challenge.refuses(item) {
                *state = "refused";
            }
        }
    }
    let shown = items.into_iter().zip(said).map(|(item, state)| DeclarationV1 { state, kind: item.kind, name: item.name });
    Ok(shown.collect())
}

/// They in words.
pub(super) fn words(declarations: &[DeclarationV1]) -> String {
    let mut words = String::new();
    if !declarations.is_empty() {
        words.push_str("  declared by the recipient in its newest answer, not verified:\n");
    }
    for declaration in declarations {
        let said = match declaration.state {
            "accepted" => "accepted by you",
            "refused" => "refused by you",
            _ => "proposed; neither accepted nor refused",
        };
        let _ = writeln!(words, "    {} `{}`: {said}", clean(&declaration.kind), clean(&declaration.name));
    }
    words
}
