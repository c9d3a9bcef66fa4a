//! The schedule: what is due on a UTC day, on either side, and in which hours it may be done. It reads no clock and does nothing itself; `cli` does, by
//! the commands that a person would type.

pub(crate) mod hours;
pub(crate) mod metrics;
pub(crate) mod originator;
pub(crate) mod recipient;
pub(crate) mod settings;
