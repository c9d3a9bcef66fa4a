//! The databases of a `MySQL` or `MariaDB` server, in one snapshot on one connection.
//!
//! A snapshot cannot be shared between connections: one reads everything, in a transaction that is `REPEATABLE READ` and `READ ONLY`. Before
//! each table stands a savepoint and behind it the way back to it, which gives the lock on the table's definition back, as `mysqldump` does.
//! A second connection only breaks off what the first is doing.
//!
//! Only some engines keep the rows of a snapshot. A table of another is compared at the end with what it was at the beginning, and so are
//! the definitions of all.

mod account;
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
use super::batch::Counts;
use super::batch::Feed;
use super::batch::LONGEST_ROW;
use super::batch::Locator;
use crate::support::progress::Cancel;
use catalogue::Reading;
use connection::Connection;
use connection::Connector;
use connection::reason;
use mysql_async::Error;
use mysql_async::Row;
use mysql_async::prelude::Queryable;
pub(super) use server::open;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

/// How often a reader that waits for the server looks whether the job was cancelled.
const LOOK: Duration = Duration::from_millis(100);

/// How long the server may take to break off a statement.
const PATIENCE: Duration = Duration::from_secs(10);

/// The databases of a server that were asked for.
pub(super) struct MysqlSession {
    identity: Identity,
    facts: Vec<(String, String)>,
    inventory: Inventory,
    readings: Vec<Reading>,
    /// For each object, whether no snapshot covers it and it held no row at the beginning.
    unheld_empty: Vec<bool>,
    databases: Vec<String>,
    connector: Connector,
    /// Holds the snapshot, and reads.
    main: Mutex<Connection>,
}

impl MysqlSession {
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

    /// Sends a statement and takes what comes, until its end or that of the job.
    fn receive(&self, statement: &str, rows: &mut Rows<'_>, feed: &mut Feed<'_>, cancel: &Cancel) -> Result<(), Broken> {
        let mut main = self.main();
        main.run("SAVEPOINT residua")?;
        let received = stream(&mut main, statement, rows, feed, cancel);
        // Without it the server would send the rest of the table to nobody.
        if matches!(received, Err(Broken::Read(_))) && self.connector.kill(main.id).is_err() {
            main.cut();
        }
        // What was on its way comes first, and ends with the word that it was broken off.
        let given_back = (0..2).any(|_| main.run_within("ROLLBACK TO SAVEPOINT residua", PATIENCE).is_ok());
        if !given_back {
            // Whatever became of the transaction, nothing is read outside it.
            main.cut();
        }
        received
    }
}

/// Why a reading ended early.
enum Broken {
    Read(ReadError),
    Server(Error),
}

impl From<ReadError> for Broken {
    fn from(error: ReadError) -> Self {
        Broken::Read(error)
    }
}

impl From<Error> for Broken {
    fn from(error: Error) -> Self {
        Broken::Server(error)
    }
}

/// What becomes of rows as they come.
struct Rows<'a> {
    reading: &'a Reading,
    /// Before the cells stands a list of those that were too long.
    has_marks: bool,
    binary: Counts,
}

impl Rows<'_> {
    #[inline]
    fn take(&mut self, row: &Row, feed: &mut Feed<'_>) {
        let marks = if self.has_marks { connection::bytes(row, 0).filter(|marks| !marks.is_empty()) } else { None };
        let before = usize::from(self.has_marks);
        for (index, form) in self.reading.forms.iter().enumerate() {
            if marks.is_some_and(|marks| is_marked(marks, index)) {
                feed.batch.push_too_long();
            } else {
                column::push(&mut feed.batch, index, *form, connection::bytes(row, index + before), &mut self.binary);
            }
        }
        feed.batch.end_row(Locator::None);
    }
}

/// Whether a number stands in a list with commas.
fn is_marked(marks: &[u8], index: usize) -> bool {
    marks.split(|byte| *byte == b',').any(|mark| str::from_utf8(mark).is_ok_and(|mark| mark.parse() == Ok(index)))
}

fn stream(
    main: &mut Connection,
    statement: &str,
    rows: &mut Rows<'_>,
    feed: &mut Feed<'_>,
    cancel: &Cancel,
) -> Result<(), Broken> {
    let Some((runtime, conn)) = main.parts() else { return Err(Error::from(mysql_async::DriverError::ConnectionClosed).into()) };
    let is_over = || cancel.is_cancelled();
    let sent = runtime.block_on(connection::unless(conn.query_iter(statement), is_over, LOOK));
    let Some(sent) = sent else { return Err(ReadError::Cancelled.into()) };
    let mut result = sent?;
    loop {
        // The sink may take its time and is no part of what waits for the server.
        let is_at_end = runtime.block_on(async {
            loop {
                match connection::unless(result.next(), is_over, LOOK).await {
                    None => return Err(Broken::Read(ReadError::Cancelled)),
                    Some(row) => match row? {
                        None => return Ok(true),
                        Some(row) => rows.take(&row, feed),
                    },
                }
                if feed.batch.is_full() {
                    return Ok(false);
                }
            }
        })?;
        if is_at_end {
            return Ok(());
        }
        feed.row_done()?;
        if cancel.is_cancelled() {
            return Err(ReadError::Cancelled.into());
        }
    }
}

impl Session for MysqlSession {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn facts(&self) -> &[(String, String)] {
        &self.facts
    }

    fn consistency(&self) -> Consistency {
        Consistency::OneConnection
    }

    fn inventory(&self) -> &Inventory {
        &self.inventory
    }

    fn splits(&self, object: usize, _wanted: usize, _cancel: &Cancel) -> Result<Vec<Split>, ReadError> {
        let known = self.inventory.objects.get(object).ok_or(ReadError::UnknownSplit)?;
        let whole = Split { object, index: 0, extent: Extent::Whole };
        Ok(if known.access.is_readable() { vec![whole] } else { Vec::new() })
    }

    fn samples(&self, object: usize, rows: u64, cancel: &Cancel) -> Result<Vec<Split>, ReadError> {
        let Ok((known, _)) = self.readable(object) else { return self.splits(object, 1, cancel) };
        // From either end of a small table the same rows would come.
        if known.primary_key.is_empty() || known.rows_estimated.is_none_or(|known| known <= 2 * rows) {
            return Ok(vec![Split { object, index: 0, extent: Extent::First { rows } }]);
        }
        let rows = rows.div_ceil(2);
        let extents = [Extent::First { rows }, Extent::Last { rows }];
        Ok(extents.into_iter().enumerate().map(|(index, extent)| Split { object, index, extent }).collect())
    }

    fn is_parallel(&self) -> bool {
        false
    }

    fn read(&self, split: &Split, sink: &mut dyn Sink, cancel: &Cancel) -> Result<SplitReport, ReadError> {
        let (object, reading) = self.readable(split.object)?;
        let selected = catalogue::select(object, reading, &split.extent, LONGEST_ROW);
        let (statement, has_marks) = selected.ok_or(ReadError::UnknownSplit)?;
        let mut feed = Feed::new(sink);
        let mut rows = Rows { reading, has_marks, binary: Counts::default() };
        let broken = match self.receive(&statement, &mut rows, &mut feed, cancel) {
            Ok(()) => None,
            Err(Broken::Read(error)) => return Err(error),
            Err(Broken::Server(_)) if cancel.is_cancelled() => return Err(ReadError::Cancelled),
            // Functions of a view's maker, and other servers, may say anything.
            Err(Broken::Server(error)) if matches!(object.kind, ObjectKind::View | ObjectKind::ForeignTable) => {
                Some((connection::code(&error), connection::code_alone(&error)))
            }
            Err(Broken::Server(error)) => Some((connection::code(&error), reason(&error))),
        };
        let column = |index: usize| object.columns.get(index).map(|column| column.name.clone()).unwrap_or_default();
        let binary = rows.binary;
        let mut report = feed.finish(&self.identity.name, &object.name, column)?;
        report.problems.extend(binary.iter().map(|(index, count)| {
            let detail = "cells hold bytes that are not text and were not read";
            self.problem(object, ProblemCode::BinaryCells, detail).in_column(&column(index)).counted(count)
        }));
        report.problems.extend(broken.map(|(code, detail)| self.problem(object, code, detail)));
        Ok(report)
    }

    fn recheck(&self) -> Vec<Problem> {
        let unsure = |why: String| {
            let detail = format!("it cannot be told whether tables were altered while they were read: {why}");
            vec![Problem::of_source(ProblemCode::ChangedWhileRead, &self.identity.name, detail)]
        };
        if let Err(error) = self.main().run("DO 1") {
            return unsure(format!("the connection that held the snapshot is lost ({})", reason(&error)));
        }
        let mut now = match self.connector.connect() {
            Ok(connection) => connection,
            Err(error) => return unsure(reason(&error)),
        };
        let stamps = match catalogue::stamps(&mut now, &self.databases) {
            Ok(stamps) => stamps,
            Err(error) => return unsure(reason(&error)),
        };
        let mut problems = Vec::new();
        for (index, (object, reading)) in self.inventory.objects.iter().zip(&self.readings).enumerate() {
            if !object.access.is_readable() {
                continue;
            }
            let Some(stamp) = stamps.get(&reading.table) else {
                let detail = "the table was dropped, so that rows of it may not have been seen";
                problems.push(self.problem(object, ProblemCode::ChangedWhileRead, detail));
                continue;
            };
            let detail = if *stamp != reading.stamp {
                "the table was altered, emptied or written to, so that rows of it may not have been seen"
            } else if reading.is_unheld(object) && stamp.written.is_none() {
                let was_empty = self.unheld_empty.get(index).copied().unwrap_or(false);
                if was_empty && catalogue::is_empty(&mut now, reading) {
                    continue;
                }
                "no snapshot covers the table, and the server does not say when it was last written to"
            } else {
                continue;
            };
            problems.push(self.problem(object, ProblemCode::ChangedWhileRead, detail));
        }
        problems
    }

    fn digest(&self, _cancel: &Cancel) -> Result<Option<String>, ReadError> {
        Ok(None)
    }

    fn grants(&self, role: &str, _databases: usize) -> Result<Option<Grants>, ReadError> {
        account::write(self, role).map(Some).ok_or_else(|| {
            let detail = "such a name of an account cannot be written into a statement; choose one of letters";
            ReadError::Failed(Problem::of_source(ProblemCode::Unsupported, &self.identity.name, detail))
        })
    }

    fn missing_grants(&self) -> Result<Option<String>, ReadError> {
        Ok(Some(account::missing(self)))
    }
}
