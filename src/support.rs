//! Tools without a domain: files that appear whole, hexadecimal, time, secrets, progress. Nothing here knows what residua is for.

pub(crate) mod atomic_file;
pub(crate) mod csv;
pub(crate) mod hex;
pub(crate) mod number;
pub(crate) mod pace;
pub(crate) mod place;
pub(crate) mod progress;
pub(crate) mod sanitize;
pub(crate) mod secret;
pub(crate) mod short;
#[cfg(test)]
pub(crate) mod snapshot;
pub(crate) mod time;
pub(crate) mod toml_fault;
pub(crate) mod word_set;
