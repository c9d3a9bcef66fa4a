//! What a scan found, what it could not see, and what follows: the only words that both parties' code shares.
//!
//! The recipient's pipeline ends in an [`Outcome`], the originator's begins with the same one, read from an attestation. Between them stands
//! one function, [`verdict::judge`], which both call. Nothing here reads or writes anything.

pub(crate) mod coverage;
pub(crate) mod declaration;
pub(crate) mod gap;
pub(crate) mod verdict;

use crate::finding::coverage::Target;
use crate::finding::declaration::Declarations;
use crate::finding::declaration::Exclusion;
use crate::finding::gap::Gap;
use roaring::RoaringBitmap;

/// When a scan takes place in the life of a supply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// On receipt: the data are there, and are found.
    Baseline,
    /// After the agreed date.
    Deletion,
    /// Again, later.
    Recheck,
    /// After a backup was restored.
    Restore,
}

impl Phase {
    /// Every phase.
    pub(crate) const ALL: [Phase; 4] = [Phase::Baseline, Phase::Deletion, Phase::Recheck, Phase::Restore];

    /// The word that files and the command line use.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Phase::Baseline => "baseline",
            Phase::Deletion => "deletion",
            Phase::Recheck => "recheck",
            Phase::Restore => "restore",
        }
    }

    /// The phase of a word.
    pub(crate) fn parse(word: &str) -> Option<Phase> {
        Phase::ALL.into_iter().find(|phase| phase.word() == word)
    }
}

/// Something of which `found` of `tried` were found, as all should be: sentinels, known answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tried {
    /// How many were to be found.
    pub(crate) tried: u64,
    /// How many were.
    pub(crate) found: u64,
}

/// The answer to one of the challenge's spot checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SpotCheck {
    /// The ordinal asked for.
    pub(crate) record: u32,
    /// Whether a key of class S or P found it.
    pub(crate) found: bool,
}

/// Ordinals are counted in blocks of this size where they may not be named.
pub(crate) const BLOCK: u32 = 1_000;

/// Everything that a scan has to say, before it is judged.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Outcome {
    /// The records of the supply.
    pub(crate) records: u64,
    /// Those of them that have at least one match key, so that they can be looked for.
    pub(crate) searchable: u64,
    /// People besides who were not supplied, and are looked for all the same: the manifest's controls.
    pub(crate) controls: u64,
    /// The rows for which the classes were planned.
    pub(crate) expected_rows: u64,
    /// What was read, in the order of the sources.
    pub(crate) targets: Vec<Target>,
    /// What could not be seen.
    pub(crate) gaps: Vec<Gap>,
    /// What was left out on purpose.
    pub(crate) excluded: Vec<Exclusion>,
    /// What the recipient declares, unverified.
    pub(crate) declared: Declarations,
    /// Invented rows put into the scan's own input.
    pub(crate) sentinels: Tried,
    /// Known-answer records looked up in the manifest.
    pub(crate) known_answers: Tried,
    /// Distinct records found by any key in any target, controls included.
    pub(crate) found_records: u64,
    /// The records found by a key of class S.
    pub(crate) supply_records: RoaringBitmap,
    /// Records found by a key of class P, counted by blocks of [`BLOCK`] ordinals.
    pub(crate) person_blocks: Vec<u32>,
    /// The answers to the spot checks.
    pub(crate) spot_checks: Vec<SpotCheck>,
}

impl Outcome {
    /// Everybody who was asked about, and so the number of ordinals.
    pub(crate) fn asked(&self) -> u64 {
        self.records.saturating_add(self.controls)
    }

    /// Everybody who can be looked for. Each control has a match key.
    pub(crate) fn findable(&self) -> u64 {
        self.searchable.saturating_add(self.controls)
    }

    /// All rows read.
    pub(crate) fn rows_read(&self) -> u64 {
        self.targets.iter().map(|target| target.rows_read).sum()
    }

    /// All rows from which at least one key was formed.
    pub(crate) fn rows_probed(&self) -> u64 {
        self.targets.iter().map(|target| target.rows_read.saturating_sub(target.rows_without_key)).sum()
    }

    /// Whether the targets were seen to be empty: of those whose columns could hold people there is one at least, none of them has a row, and
    /// no row elsewhere holds anything of a person. Rows whose cells are blank are no proof, since they may be blank to this reader only.
    pub(crate) fn is_seen_empty(&self) -> bool {
        let is_empty = |target: &Target| target.rows_unkeyed == 0 && (target.rows_read == 0 || !target.could_hold_people());
        self.rows_probed() == 0 && self.targets.iter().all(is_empty) && self.targets.iter().any(Target::is_emptied)
    }
}
