//! A database of a PostgreSQL server, in one snapshot that all connections to it share.
//!
//! One connection exports a `REPEATABLE READ READ ONLY` snapshot and holds it to the end. Others read under it, each part of a table in a
//! transaction of its own, so that no lock is held for longer than a part takes: not even a change of a table's definition waits long.
//! Nothing is written, and `row_security = off` makes an error of rows that would be hidden.
//!
//! A snapshot does not protect from everything: `TRUNCATE` and rewriting forms of `ALTER TABLE` leave a table empty for older snapshots
//! (PostgreSQL's documentation, "Caveats" of concurrency control). Each relation's file and columns are therefore compared at the end.

mod address;
mod catalogue;
mod column;
mod connection;
mod grants;
mod server;

use super::Consistency;
use super::Extent;
use super::Grants;
use super::Identity;
use super::Inventory;
use super::Object;
use super::ObjectKind;
use super::Problem;
use super::ProblemCode;
use super::ReadError;
use super::Session;
use super::Sink;
use super::Split;
use super::SplitReport;
use super::batch::Feed;
use super::batch::LONGEST_ROW;
use super::copy_text::CopyText;
use super::copy_text::Prefix;
use super::server::Connections;
use crate::support::progress::Cancel;
use catalogue::Reading;
use catalogue::Stamp;
pub(super) use column::Form;
use connection::Connection;
use connection::Connector;
use connection::reason;
pub(super) use server::open;
use std::collections::HashMap;
use std::io::BufRead;
use std::io::ErrorKind;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::mpsc;
use std::time::Duration;

/// Pages of a part that is read in one transaction: 8 MiB to 128 MiB.
const FEWEST_PAGES: u32 = 1_024;
const MOST_PAGES: u32 = 16_384;

/// Places of a table from which a sample is taken.
const SAMPLED_PLACES: u32 = 8;

/// Rows to a page, where the statistics do not say.
const ROWS_PER_PAGE: u64 = 40;

/// How often a reader that waits for the server looks whether the job was cancelled.
const LOOK: Duration = Duration::from_millis(100);

/// Marks a place in the transaction that holds the snapshot, and goes back to it: so the locks are given back that were taken meanwhile.
const SAVEPOINT: &str = "SAVEPOINT residua";
const ROLLBACK: &str = "ROLLBACK TO SAVEPOINT residua; RELEASE SAVEPOINT residua";

/// An opened database.
pub(super) struct PgSession {
    identity: Identity,
    facts: Vec<(String, String)>,
    inventory: Inventory,
    readings: Vec<Reading>,
    stamps: HashMap<u32, Stamp>,
    connector: Connector,
    /// Holds the snapshot, and reads where it cannot be shared.
    main: Mutex<Connection>,
    /// The name of the snapshot, where others may use it.
    snapshot: Option<String>,
    readers: Connections<Connection>,
}

impl PgSession {
    fn main(&self) -> MutexGuard<'_, Connection> {
        // A reader that panicked leaves a connection that answers or does not; either shows.
        self.main.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn readable(&self, object: usize) -> Result<(&Object, &Reading), ReadError> {
        let known = self.inventory.objects.get(object).filter(|object| object.access.is_readable());
        known.zip(self.readings.get(object)).ok_or(ReadError::UnknownSplit)
    }

    fn problem(&self, object: &Object, code: ProblemCode, detail: impl Into<String>) -> Problem {
        Problem::of_source(code, &self.identity.name, detail).in_object(&object.name)
    }

    /// Asks for something in a transaction under the snapshot, and ends it.
    fn under_snapshot<T>(&self, work: impl FnOnce(&mut Connection) -> Result<T, Broken>) -> Result<T, Broken> {
        let Some(snapshot) = &self.snapshot else {
            let mut main = self.main();
            main.client.batch_execute(SAVEPOINT)?;
            let worked = work(&mut main);
            // A word to break off may arrive late, and then break this off instead.
            main.client.batch_execute(ROLLBACK).or_else(|_| main.client.batch_execute(ROLLBACK))?;
            return worked;
        };
        let mut lent = self.readers.lend(|| self.connector.connect()).map_err(Broken::Server)?;
        let Some(connection) = lent.get() else { return Err(Broken::Read(ReadError::UnknownSplit)) };
        self.connector.begin(&mut connection.client, Some(snapshot))?;
        let done = work(connection)?;
        connection.client.batch_execute("COMMIT")?;
        lent.give_back();
        Ok(done)
    }

    /// Pages of a relation at this moment; rows of the snapshot lie on no later ones.
    fn pages(&self, reading: &Reading) -> Result<u32, Broken> {
        let query = "SELECT pg_relation_size($1::oid) / current_setting('block_size')::bigint";
        self.under_snapshot(|connection| {
            let pages: i64 = connection.client.query_one(query, &[&reading.id])?.try_get(0)?;
            Ok(u32::try_from(pages).unwrap_or(u32::MAX))
        })
    }

    /// Receives what a statement sends, until its end or that of the job.
    fn receive(
        &self,
        connection: &mut Connection,
        statement: &str,
        rows: &mut CopyText<'_>,
        feed: &mut Feed<'_>,
        cancel: &Cancel,
    ) -> Result<(), Broken> {
        let canceller = &connection.canceller;
        std::thread::scope(|scope| {
            let (done, waiting) = mpsc::channel::<()>();
            scope.spawn(move || {
                while waiting.recv_timeout(LOOK) == Err(mpsc::RecvTimeoutError::Timeout) {
                    if cancel.is_cancelled() {
                        // If it does not arrive, the statement's next row finds the job cancelled.
                        let _ = canceller.cancel();
                        return;
                    }
                }
            });
            let received = stream(&mut connection.client, statement, rows, feed, cancel);
            drop(done);
            if matches!(received, Err(Broken::Read(_))) {
                // Without it the server would send the rest of the table to nobody.
                let _ = canceller.cancel();
            }
            received
        })
    }
}

/// Why a reading ended early.
enum Broken {
    Read(ReadError),
    Server(postgres::Error),
}

impl From<ReadError> for Broken {
    fn from(error: ReadError) -> Self {
        Broken::Read(error)
    }
}

impl From<postgres::Error> for Broken {
    fn from(error: postgres::Error) -> Self {
        Broken::Server(error)
    }
}

fn stream(
    client: &mut postgres::Client,
    statement: &str,
    rows: &mut CopyText<'_>,
    feed: &mut Feed<'_>,
    cancel: &Cancel,
) -> Result<(), Broken> {
    let mut reader = client.copy_out(statement)?;
    loop {
        if cancel.is_cancelled() {
            return Err(ReadError::Cancelled.into());
        }
        let bytes = match reader.fill_buf() {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => {
                let inner = error.into_inner().and_then(|inner| inner.downcast::<postgres::Error>().ok());
                return Err(inner.map_or(Broken::Read(ReadError::UnknownSplit), |error| Broken::Server(*error)));
            }
        };
        if bytes.is_empty() {
            return Ok(());
        }
        let count = bytes.len();
        rows.take(bytes, feed)?;
        reader.consume(count);
    }
}

impl Session for PgSession {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn facts(&self) -> &[(String, String)] {
        &self.facts
    }

    fn consistency(&self) -> Consistency {
        if self.snapshot.is_some() { Consistency::SharedSnapshot } else { Consistency::OneConnection }
    }

    fn inventory(&self) -> &Inventory {
        &self.inventory
    }

    fn splits(&self, object: usize, wanted: usize, _cancel: &Cancel) -> Result<Vec<Split>, ReadError> {
        let known = self.inventory.objects.get(object).ok_or(ReadError::UnknownSplit)?;
        if !known.access.is_readable() {
            return Ok(Vec::new());
        }
        let (known, reading) = self.readable(object)?;
        let whole = || vec![Split { object, index: 0, extent: Extent::Whole }];
        if wanted <= 1 || !reading.has_pages || self.snapshot.is_none() {
            return Ok(whole());
        }
        let pages = match self.pages(reading) {
            Ok(pages) => pages,
            Err(Broken::Read(error)) => return Err(error),
            Err(Broken::Server(error)) => {
                return Err(ReadError::Failed(self.problem(known, ProblemCode::ReadFailed, reason(&error))));
            }
        };
        let step = (pages / u32::try_from(wanted).unwrap_or(u32::MAX)).clamp(FEWEST_PAGES, MOST_PAGES);
        if pages <= step {
            return Ok(whole());
        }
        let starts: Vec<u32> = (0..pages).step_by(step as usize).collect();
        let split = |(index, first): (usize, &u32)| {
            let last = starts.get(index + 1).map(|next| next - 1);
            Split { object, index, extent: Extent::Pages { first: *first, last } }
        };
        Ok(starts.iter().enumerate().map(split).collect())
    }

    fn samples(&self, object: usize, rows: u64, cancel: &Cancel) -> Result<Vec<Split>, ReadError> {
        let Ok((known, reading)) = self.readable(object) else { return self.splits(object, 1, cancel) };
        let split = |index, extent| Split { object, index, extent };
        let per_page = known.rows_estimated.map_or(ROWS_PER_PAGE, |rows| rows / u64::from(reading.pages.max(1))).max(1);
        let each = u32::try_from(rows / u64::from(SAMPLED_PLACES) / per_page).unwrap_or(u32::MAX).max(1);
        if !reading.has_pages || reading.pages / SAMPLED_PLACES <= each {
            return Ok(vec![split(0, Extent::First { rows })]);
        }
        let step = (reading.pages - each) / (SAMPLED_PLACES - 1);
        let places = (0..SAMPLED_PLACES).map(|place| place * step);
        Ok(places.enumerate().map(|(index, first)| split(index, Extent::Pages { first, last: Some(first + each - 1) })).collect())
    }

    fn is_parallel(&self) -> bool {
        self.snapshot.is_some()
    }

    fn read(&self, split: &Split, sink: &mut dyn Sink, cancel: &Cancel) -> Result<SplitReport, ReadError> {
        let (object, reading) = self.readable(split.object)?;
        let part = match split.extent {
            Extent::Whole => String::new(),
            Extent::First { rows } => format!(" LIMIT {rows}"),
            Extent::Pages { first, last } if reading.has_pages => {
                let end = last.and_then(|last| last.checked_add(1)).map(|end| format!(" AND ctid < '({end},0)'::tid"));
                format!(" WHERE ctid >= '({first},0)'::tid{}", end.unwrap_or_default())
            }
            _ => return Err(ReadError::UnknownSplit),
        };
        let (statement, prefix): (String, Prefix) = catalogue::copy(object, reading, &part, LONGEST_ROW);
        let mut feed = Feed::new(sink);
        let mut rows = CopyText::new(&reading.forms, prefix);
        let mut is_another = false;
        let received = self.under_snapshot(|connection| {
            self.receive(connection, &statement, &mut rows, &mut feed, cancel)?;
            // The lock that was taken holds the name where it is: whether it was the one that was listed can be told now.
            let name = format!("{}.{}", column::quoted(&reading.relation.0), column::quoted(&reading.relation.1));
            let row = connection.client.query_one("SELECT to_regclass($1)::oid", &[&name])?;
            is_another = row.try_get::<_, Option<u32>>(0)? != Some(reading.id);
            Ok(())
        });
        let broken = match received {
            Ok(()) if rows.is_complete() => None,
            Ok(()) => Some((ProblemCode::CutShort, "the server ended within a row".to_owned())),
            Err(Broken::Read(error)) => return Err(error),
            Err(Broken::Server(_)) if cancel.is_cancelled() => return Err(ReadError::Cancelled),
            // Functions of a view's maker, and other servers, may say anything.
            Err(Broken::Server(error)) if matches!(object.kind, ObjectKind::View | ObjectKind::ForeignTable) => {
                Some((connection::code(&error), connection::code_alone(&error)))
            }
            Err(Broken::Server(error)) => Some((connection::code(&error), reason(&error))),
        };
        let broken = broken.or_else(|| {
            let detail = "another table bore the name when it was read";
            is_another.then(|| (ProblemCode::ChangedWhileRead, detail.to_owned()))
        });
        let column = |index: usize| object.columns.get(index).map(|column| column.name.clone()).unwrap_or_default();
        let (too_long, malformed, binary) = (rows.too_long, rows.malformed, rows.binary);
        let mut report = feed.finish(&self.identity.name, &object.name, column)?;
        report.problems.extend(binary.iter().map(|(index, count)| {
            let detail = "cells hold bytes, or an index of words, that are no text, and were not read";
            self.problem(object, ProblemCode::BinaryCells, detail).in_column(&column(index)).counted(count)
        }));
        let counted = [
            (ProblemCode::RowTooLong, too_long, "rows are longer than 16 MiB, and were not read"),
            (ProblemCode::ReadFailed, malformed, "rows came with another number of cells, and were not read"),
        ];
        let counted = counted.into_iter().filter(|(_, count, _)| *count > 0);
        report.problems.extend(counted.map(|(code, count, detail)| self.problem(object, code, detail).counted(count)));
        report.problems.extend(broken.map(|(code, detail)| self.problem(object, code, detail)));
        Ok(report)
    }

    fn rest(&self) {
        self.readers.close_idle();
    }

    fn recheck(&self) -> Vec<Problem> {
        let name = &self.identity.name;
        let unsure = |why: String| {
            let detail = format!("it cannot be told whether tables were altered while they were read: {why}");
            vec![Problem::of_source(ProblemCode::ChangedWhileRead, name, detail)]
        };
        if let Err(error) = self.main().client.simple_query("SELECT 1") {
            return unsure(format!("the connection that held the snapshot is lost ({})", reason(&error)));
        }
        // The catalogue of this moment, not of the snapshot.
        let now = self.connector.connect().and_then(|mut connection| {
            self.connector.begin(&mut connection.client, None)?;
            catalogue::stamps(&mut connection.client)
        });
        let now = match now {
            Ok(now) => now,
            Err(error) => return unsure(reason(&error)),
        };
        let read = self.inventory.objects.iter().zip(&self.readings).filter(|(object, _)| object.access.is_readable());
        read.filter_map(|(object, reading)| {
            // Partitions may be detached, emptied or dropped beneath the table through which their rows are read.
            let is_as_it_was = |id: &u32| self.stamps.get(id).is_some_and(|then| now.get(id) == Some(then));
            let detail = match (self.stamps.get(&reading.id), now.get(&reading.id)) {
                (Some(then), Some(now)) if then == now && reading.below.iter().all(is_as_it_was) => return None,
                (Some(_), Some(_)) => "the table was altered, emptied or written anew, so that rows of it may not have been seen",
                _ => "the table was dropped, so that rows of it may not have been seen",
            };
            Some(self.problem(object, ProblemCode::ChangedWhileRead, detail))
        })
        .collect()
    }

    fn digest(&self, _cancel: &Cancel) -> Result<Option<String>, ReadError> {
        Ok(None)
    }

    fn grants(&self, role: &str, databases: usize) -> Result<Option<Grants>, ReadError> {
        grants::write(self, role, databases).map(Some).map_err(|broken| match broken {
            Broken::Read(error) => error,
            Broken::Server(error) => {
                let problem = Problem::of_source(ProblemCode::ReadFailed, &self.identity.name, reason(&error));
                ReadError::Failed(problem)
            }
        })
    }

    fn missing_grants(&self) -> Result<Option<String>, ReadError> {
        grants::missing(self).map(Some).map_err(|broken| match broken {
            Broken::Read(error) => error,
            Broken::Server(error) => {
                let problem = Problem::of_source(ProblemCode::ReadFailed, &self.identity.name, reason(&error));
                ReadError::Failed(problem)
            }
        })
    }
}
