//! `residua` verifies that a shared dataset was deleted.
//!
//! A company (the *originator*) supplies personal records to another (the *recipient*) and keeps salted fingerprints of each. After the
//! agreed date the recipient scans its databases and files against them and signs what it found; the originator verifies that.
//!
//! ```text
//! ORIGINATOR  data ─source→ rows ─intake→ records ─match_key→ atoms ─fingerprint→ manifest
//! RECIPIENT   data ─source→ rows ─intake→ records ─match_key→ atoms ─fingerprint→ probes ─scan→ outcome ─finding→ verdict ─attestation→
//! ORIGINATOR  attestation ─verification→ checks, appraisal ─ledger→ board ─report→
//! ```
//!
//! The modules in the order of the data: `record` (fields, schema, normalisers), `match_key` (atoms, keys, what they are worth),
//! `fingerprint`, `manifest` (the file of fingerprints), `finding` (outcome and verdict), `source` (files and databases), `intake` (rows to
//! records), `supply` and `scan` (the two pipelines), `trace` (whether a person was supplied), `attestation` (signed documents), `ledger` (the originator's memory),
//! `bundle` (the evidence of one supply for others), `verification`,
//! `schedule` (what is due), `report` (what people and machines read), `demo` (invented data), `cli`. `ARCHITECTURE.md` has the table of who may use whom, and
//! `tests/architecture.rs` enforces it.
//!
//! The library exists for the program: its interface is [`main`], and nothing else of it is promised.

mod attestation;
mod bundle;
mod cli;
mod demo;
mod finding;
mod fingerprint;
mod intake;
mod ledger;
mod manifest;
mod match_key;
mod record;
mod report;
mod scan;
mod schedule;
// What readers share is dead where they are left out; the build with all of them tells what is dead indeed.
#[cfg_attr(not(all(feature = "archives", feature = "columnar", feature = "workbooks")), allow(dead_code))]
mod source;
mod supply;
mod support;
mod trace;
mod verification;

#[cfg(feature = "bench")]
#[doc(hidden)]
pub use crate::cli::drain::drain;
#[cfg(feature = "fuzz")]
#[doc(hidden)]
pub use crate::cli::fuzz::fuzz;
pub use crate::cli::main;
