//! What only the originator knows of a manifest's ordinals: which are seeds, and which blocks are filled with people who were never supplied. The one place
//! that says so, out of the secrets or, in a bundle, out of the file that stands for them.

use crate::finding::Phase;
use crate::ledger::Ledger;
use crate::ledger::LedgerError;
use crate::ledger::Supply;
use crate::ledger::group;
use crate::ledger::ordinal::ordinals;
use crate::manifest::ordinal::BLOCK;
use crate::manifest::statement::ManifestV1;
use crate::manifest::statement::PhaseGroup;
use serde::Deserialize;
use serde::Serialize;
use std::collections::BTreeSet;

/// The version of the file's form.
const VERSION: u32 = 1;

const MISFIT: LedgerError = LedgerError::Misfit {
    problem: "what is said of seeds and controls in the place of the secrets is missing, or not of this supply",
};

/// What is known of the ordinals of one manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Known {
    /// The ordinals of the seeds, in the order of their rows, by which they are numbered. None where there are none.
    pub(crate) seeds: Vec<u32>,
    /// The blocks of the controls, ascending, where the manifest asks about people who were not supplied too.
    pub(crate) control_blocks: Option<Vec<u32>>,
}

/// What stands in the place of the secrets: no salt, no key and no value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct KnownV1 {
    version: u32,
    baseline: GroupV1,
    deletion: GroupV1,
}

/// Of one manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct GroupV1 {
    seeds: Vec<u32>,
    control_blocks: Vec<u32>,
}

impl KnownV1 {
    /// Out of the secrets of a supply; `None` where there is nothing to be known, or nothing is left of it.
    pub(super) fn of(ledger: &Ledger, supply: &Supply) -> Result<Option<KnownV1>, LedgerError> {
        let of = |phase: Phase| -> Result<GroupV1, LedgerError> {
            let originator = supply.entry.originator.card()?;
            let manifest = ledger.statement::<ManifestV1>(supply.statement(phase), &originator)?.predicate;
            let known = ledger.known(supply, phase, &manifest)?;
            Ok(GroupV1 { seeds: known.seeds, control_blocks: known.control_blocks.unwrap_or_default() })
        };
        let known = KnownV1 { version: VERSION, baseline: of(Phase::Baseline)?, deletion: of(Phase::Deletion)? };
        let is_empty = |group: &GroupV1| group.seeds.is_empty() && group.control_blocks.is_empty();
        Ok(Some(known).filter(|known| !is_empty(&known.baseline) || !is_empty(&known.deletion)))
    }

    /// The file, of which there is one form.
    pub(super) fn to_json(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// Reads the file back.
    pub(super) fn parse(bytes: &[u8]) -> Option<KnownV1> {
        let known: KnownV1 = serde_json::from_slice(bytes).ok()?;
        (known.version == VERSION && known.to_json() == bytes).then_some(known)
    }

    /// What it says of the manifest of a phase, where that can be.
    fn of_manifest(&self, supply: &Supply, phase: Phase, manifest: &ManifestV1) -> Option<Known> {
        let GroupV1 { seeds, control_blocks } = match group(phase) {
            PhaseGroup::Baseline => &self.baseline,
            PhaseGroup::Deletion => &self.deletion,
        };
        let is_asked = |ordinal: u64| ordinal < manifest.asked();
        let different: BTreeSet<u32> = seeds.iter().copied().collect();
        let are_seeds = different.len() == seeds.len()
            && seeds.len() as u64 == u64::from(supply.entry.seeds)
            && seeds.iter().all(|seed| is_asked(u64::from(*seed)) && control_blocks.binary_search(&(seed / BLOCK)).is_err());
        let are_blocks = control_blocks.is_sorted_by(|one, next| one < next)
            && control_blocks.len() as u64 == manifest.controls / u64::from(BLOCK)
            && control_blocks.iter().all(|block| is_asked(u64::from(*block) * u64::from(BLOCK) + u64::from(BLOCK) - 1));
        (are_seeds && are_blocks)
            .then(|| Known { seeds: seeds.clone(), control_blocks: (manifest.controls > 0).then(|| control_blocks.clone()) })
    }
}

impl Ledger {
    /// What is known of the ordinals of a supply's manifest for a phase. Of a supply that is closed nothing is left of it.
    pub(crate) fn known(&self, supply: &Supply, phase: Phase, manifest: &ManifestV1) -> Result<Known, LedgerError> {
        if supply.closing.is_some() {
            return Ok(Known::default());
        }
        if let Some(slice) = &self.slice {
            let is_nothing = supply.entry.seeds == 0 && manifest.controls == 0;
            return match &slice.known {
                Some(known) => known.of_manifest(supply, phase, manifest).ok_or(MISFIT),
                None if is_nothing => Ok(Known::default()),
                None => Err(MISFIT),
            };
        }
        let has_controls = manifest.controls > 0;
        let ordinals = has_controls.then(|| ordinals(self, manifest)).transpose()?;
        let seeds = self.seeds(&supply.entry.supply_id)?.map(|seeds| seeds.ordinals(phase));
        Ok(Known {
            seeds: seeds.unwrap_or_default(),
            control_blocks: ordinals.map(|ordinals| ordinals.control_blocks().to_vec()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::fixture::Originator;
    use crate::ledger::fixture::seeds;

    #[test]
    fn what_is_known_is_written_and_held_against_the_supply() {
        let mut originator = Originator::new();
        let card = originator.recipient.card();
        let (with, without) = (originator.supply_with(&card, Some(&seeds())), originator.supply(&card));
        let ledger = &originator.ledger;
        let [with, without] = [&with, &without].map(|id| ledger.view().supply(id).unwrap());
        assert_eq!(KnownV1::of(ledger, without).unwrap(), None);
        let known = KnownV1::of(ledger, with).unwrap().unwrap();
        let text = String::from_utf8(known.to_json()).unwrap();
        assert_eq!(
            text,
            "{\"version\":1,\"baseline\":{\"seeds\":[5,1999,800,801],\"controlBlocks\":[]},\"deletion\":{\"seeds\":[1999,5,700,701],\"controlBlocks\":[]}}\n"
        );
        assert_eq!(KnownV1::parse(text.as_bytes()), Some(known));
        let manifest = ledger
            .statement::<ManifestV1>(with.statement(Phase::Deletion), &with.entry.originator.card().unwrap())
            .unwrap()
            .predicate;
        let read =
            |text: &str| KnownV1::parse(text.as_bytes()).and_then(|known| known.of_manifest(with, Phase::Recheck, &manifest));
        assert_eq!(read(&text).unwrap().seeds, [1_999, 5, 700, 701]);
        for (from, to) in [
            ("[1999,5,700,701]", "[1999,5,700]"),
            ("[1999,5,700,701]", "[1999,5,700,700]"),
            ("[1999,5,700,701]", "[2000,5,700,701]"),
            ("701],\"controlBlocks\":[]", "701],\"controlBlocks\":[1]"),
            ("\"version\":1", "\"version\":2"),
            ("{\"version\"", "{ \"version\""),
            ("}\n", ",\"salt\":1}\n"),
        ] {
            assert!(text.contains(from) && read(&text.replace(from, to)).is_none(), "{from} {to}");
        }
    }
}
