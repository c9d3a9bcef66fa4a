//! The schedule: what is due on a UTC day, on either side, and in which hours it may be done. It reads no clock and does nothing itself; `cli` does, by
//! the commands that a person would type.

pub(crate) mod coming;
pub(crate) mod crontab;
pub(crate) mod hours;
pub(crate) mod metrics;
pub(crate) mod originator;
pub(crate) mod quoting;
pub(crate) mod reach;
pub(crate) mod recipient;
pub(crate) mod retention;
pub(crate) mod settings;
pub(crate) mod unit;
