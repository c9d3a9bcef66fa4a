//! The manifest: one binary file of sorted fingerprints for each supply and phase group, and the signed statement beside it.
//!
//! `docs/format.md` is the specification, and the code cites its sections. [`write::Writer`] gathers entries and streams the file
//! front to back; [`read::Manifest`] maps a file whose [`layout::Layout`] came from a verified statement; [`index::Index`] answers the
//! scan's probes. [`ordinal`] says which ordinals are whose.

#[cfg(test)]
pub(crate) mod fixture;
pub(crate) mod header;
pub(crate) mod index;
pub(crate) mod layout;
pub(crate) mod ordinal;
pub(crate) mod read;
mod section;
pub(crate) mod shuffle;
mod spill;
pub(crate) mod statement;
pub(crate) mod write;

/// The keyed hash of one match key of one record, cut to 16 bytes.
pub(crate) type Fingerprint = [u8; 16];

/// The random name that a manifest's header and its signed statement share.
pub(crate) type ManifestId = [u8; 16];
