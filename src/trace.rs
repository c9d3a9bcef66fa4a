//! Whether a person was supplied: the originator asks the copy of a manifest that its ledger keeps.
