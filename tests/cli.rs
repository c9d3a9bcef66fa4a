//! The program as a person runs it. [`harness`] has the builder, [`world`] two parties and their data; each subject has a file of its own
//! beside them.

mod bad_input;
mod basics;
mod board;
mod bundle;
mod canary;
mod closing;
mod columns;
mod controls;
mod crowd;
mod demo;
#[cfg(unix)]
mod doctor;
#[cfg(target_os = "linux")]
mod faults;
mod forgeries;
pub(crate) mod harness;
mod help;
mod hostile_files;
mod identify;
mod inspect;
#[cfg(unix)]
mod inspect_server;
#[cfg(unix)]
mod interrupt;
#[cfg(feature = "columnar")]
mod lake;
mod ledger;
mod r#loop;
mod match_quality;
mod matrix;
mod messages;
#[cfg(unix)]
mod mysql;
mod never_clear;
mod odd_files;
mod onward;
mod opaque;
#[cfg(feature = "archives")]
mod overlap;
mod packed;
mod papers;
mod passphrase;
mod piped;
#[cfg(unix)]
mod postgres;
#[cfg(unix)]
mod read_only;
mod receive;
mod recipients;
pub(crate) mod report;
mod resume;
mod retention;
mod schedule;
mod schedule_install;
#[cfg(target_os = "linux")]
mod schedule_kills;
mod schedule_next;
#[cfg(unix)]
mod schedule_servers;
#[cfg(unix)]
mod schedule_years;
mod seeds;
#[cfg(unix)]
mod server;
mod split;
#[cfg(unix)]
mod sql_dump;
mod sqlite;
mod stamp;
#[cfg(unix)]
mod terminal;
mod trace;
mod transformations;
mod traps;
pub(crate) mod world;
mod year;
