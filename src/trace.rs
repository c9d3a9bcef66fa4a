//! Whether a person was supplied: the originator asks the copy of a manifest that its ledger keeps.
//!
//! The person is read as a scan reads a row, with every reading of what is ambiguous ([`query`]), and looked for by each match key that can be
//! formed of what was given ([`lookup`]). What is wrong here is a false "no": somebody is told that nobody has the data. So a supply of which
//! nothing could be looked up is unknown, and one of which not every record could be looked for is said to be so. Nothing is stored, and no
//! value that was asked for stands in an answer.

pub(crate) mod lookup;
pub(crate) mod query;

use crate::trace::lookup::Looked;
use thiserror::Error;

/// Why nothing can be said of a supply.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub(crate) enum Unknown {
    /// The supply was made without a copy, or by a program that kept none.
    #[error("no copy of its manifest is kept")]
    NotKept,
    /// The copy is gone.
    #[error("its copy of the manifest is missing")]
    Missing,
    /// The salts were destroyed, or the ledger is a copy without them.
    #[error("its salts are not there, so that nobody can ask its manifest any more")]
    NoSalt,
    /// What was given goes with no key of the supply.
    #[error("what was given forms none of its match keys in full")]
    NoKey,
    /// Another normaliser made the fingerprints: looking with this one could miss who is there.
    #[error("its fingerprints were made with normaliser `{found}`, and this program has `{known}`")]
    Normaliser {
        /// That of the supply.
        found: String,
        /// Ours.
        known: &'static str,
    },
    /// Salt and manifest do not belong together, so that nothing would ever match.
    #[error("the salt in the ledger is not that of its manifest")]
    OtherSalt,
    /// What stands in every manifest is not found in this one.
    #[error("its manifest does not give the known answer")]
    KnownAnswer,
    /// A file is damaged, or cannot be read.
    #[error("{0}")]
    Unusable(String),
}

impl Unknown {
    /// The word that programs are told.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Unknown::NotKept => "not_kept",
            Unknown::Missing => "missing",
            Unknown::NoSalt => "no_salt",
            Unknown::NoKey => "no_key",
            Unknown::Normaliser { .. } => "normalizer",
            Unknown::OtherSalt => "other_salt",
            Unknown::KnownAnswer => "known_answer",
            Unknown::Unusable(_) => "unusable",
        }
    }
}

/// What looking among the references that the originator kept came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Referenced {
    /// No reference was given, or the supply has none kept.
    NotAsked,
    /// A record has it.
    Found,
    /// Every record has a reference, and none has this one.
    Absent,
}

/// Whether a supply held the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Records agree by a key that agrees by chance next to never.
    Held,
    /// Records agree by keys that strangers may share.
    Possible,
    /// Some records could not be looked for by what was given; none of the others agrees.
    NotFound {
        /// How many could not.
        unsearched: u64,
    },
    /// Every record was looked for by something that was given, and none agrees.
    NotHeld,
    /// Nothing can be said.
    Unknown(Unknown),
}

impl Answer {
    /// The answer for one supply. What was found counts even where another way was closed.
    pub(crate) fn of(looked: &Result<Looked, Unknown>, referenced: Referenced) -> Answer {
        match (looked, referenced) {
            (_, Referenced::Found) => Answer::Held,
            (Ok(looked), _) if !looked.certain.is_empty() => Answer::Held,
            (Ok(looked), _) if !looked.possible.is_empty() => Answer::Possible,
            (Ok(_) | Err(Unknown::NoKey), Referenced::Absent) => Answer::NotHeld,
            (Ok(looked), Referenced::NotAsked) => match looked.unsearched {
                0 => Answer::NotHeld,
                unsearched => Answer::NotFound { unsearched },
            },
            (Err(unknown), _) => Answer::Unknown(unknown.clone()),
        }
    }

    /// The word that tables and programs use.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Answer::Held => "held",
            Answer::Possible => "possible",
            Answer::NotFound { .. } => "not_found",
            Answer::NotHeld => "not_held",
            Answer::Unknown(_) => "unknown",
        }
    }

    /// Whether the recipient has to be told of an erasure, or may have to be.
    pub(crate) fn is_to_be_told(&self) -> bool {
        matches!(self, Answer::Held | Answer::Possible)
    }

    /// Whether it is a yes or a no.
    pub(crate) fn is_plain(&self) -> bool {
        matches!(self, Answer::Held | Answer::NotHeld)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use roaring::RoaringBitmap;

    fn looked(certain: &[u32], possible: &[u32], unsearched: u64) -> Looked {
        let set = |records: &[u32]| records.iter().copied().collect::<RoaringBitmap>();
        Looked { certain: set(certain), possible: set(possible), unsearched, ..Looked::default() }
    }

    #[test]
    fn no_is_said_only_where_every_record_was_looked_for() {
        let of = |looked: Result<Looked, Unknown>, referenced| Answer::of(&looked, referenced);
        assert_eq!(of(Ok(looked(&[3], &[4], 0)), Referenced::NotAsked), Answer::Held);
        assert_eq!(of(Ok(looked(&[], &[4], 0)), Referenced::Absent), Answer::Possible);
        assert_eq!(of(Ok(looked(&[], &[], 1)), Referenced::NotAsked), Answer::NotFound { unsearched: 1 });
        assert_eq!(of(Ok(looked(&[], &[], 0)), Referenced::NotAsked), Answer::NotHeld);
        assert_eq!(of(Ok(looked(&[], &[], 9)), Referenced::Absent), Answer::NotHeld);
        for unknown in [Unknown::NotKept, Unknown::Missing, Unknown::NoSalt, Unknown::OtherSalt, Unknown::KnownAnswer] {
            for referenced in [Referenced::NotAsked, Referenced::Absent] {
                assert_eq!(of(Err(unknown.clone()), referenced), Answer::Unknown(unknown.clone()));
            }
            assert_eq!(of(Err(unknown), Referenced::Found), Answer::Held);
        }
        assert_eq!(of(Err(Unknown::NoKey), Referenced::NotAsked), Answer::Unknown(Unknown::NoKey));
        assert_eq!(of(Err(Unknown::NoKey), Referenced::Absent), Answer::NotHeld);
    }
}
