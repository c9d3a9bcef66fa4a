//! How long a scan of sources takes: measured on a part of each large object, scaled to all of its rows, and said as the rough figure that it
//! is.

use crate::intake::Mapping;
use crate::intake::convert::Converter;
use crate::intake::convert::Side;
use crate::record::RecordBatch;
use crate::source::RowBatch;
use crate::source::Session;
use crate::source::Sink;
use crate::source::Stopped;
use crate::support::number::of;
use crate::support::progress::Cancel;
use std::time::Duration;
use std::time::Instant;

/// Rows of one object that are read and converted to see how long that takes, or as many as come in the time.
const MEASURED: u64 = 40_000;
const PATIENCE: Duration = Duration::from_secs(2);

/// Objects that are measured; those after them, by rows, are taken to be like them.
const MOST_MEASURED: usize = 12;

/// Rows below which a scan is over before anybody would wait.
const WORTH_SAYING: u64 = 100_000;

/// A scan on one thread to reading and converting alone: it also makes fingerprints and looks them up. Scans of 600,000 people and 1,500,000
/// orders (10 keys, 15 hashes a row) on two cores, which the server and other programs shared, took 1.0 to 1.6 times what reading and
/// converting took on one thread, with four connections as with one.
const COMPARING: f64 = 2.0;

/// The part of their number by which several threads are faster than one.
const TOGETHER: f64 = 0.8;

/// The program's share in a scan through one connection: one thread reads while another compares.
const BESIDE: usize = 2;

/// What is known of the rows of one target.
pub(super) struct Ground<'a> {
    pub(super) session: &'a dyn Session,
    pub(super) object: usize,
    pub(super) mapping: &'a Mapping,
    /// All rows, where they are known at least roughly.
    pub(super) rows: Option<u64>,
}

/// How many rows, and how many seconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Estimate {
    pub(super) rows: u64,
    pub(super) seconds: f64,
}

impl Estimate {
    /// In words.
    pub(super) fn words(&self) -> String {
        format!(
            "A scan would take {} on this machine, reading and comparing about {}. That is a rough figure, from a part of the rows, and it rises \
             with the load on the server.\n",
            duration(self.seconds),
            of(rounded(self.rows), "row")
        )
    }
}

/// Estimates a scan with so many threads and connections to a server; `None` where it is short or nothing can be said.
pub(super) fn estimate(targets: &[Ground<'_>], threads: usize, connections: usize, cancel: &Cancel) -> Option<Estimate> {
    let mut known: Vec<(&Ground<'_>, u64)> = targets.iter().filter_map(|target| Some((target, target.rows?))).collect();
    let rows = known.iter().map(|(_, rows)| *rows).sum::<u64>();
    if rows < WORTH_SAYING {
        return None;
    }
    known.sort_by_key(|(_, rows)| std::cmp::Reverse(*rows));
    let (mut seconds, mut measured) = (0.0, 0_u64);
    for (target, rows) in known.iter().take(MOST_MEASURED) {
        if cancel.is_cancelled() {
            return None;
        }
        let Some(per_row) = measure(target, cancel) else { continue };
        let is_server = !target.session.facts().is_empty();
        let together = match target.session.is_parallel() {
            true if is_server => threads.min(connections.max(BESIDE)),
            true => threads,
            false => threads.min(BESIDE),
        };
        seconds += per_row * *rows as f64 * COMPARING / (together as f64 * TOGETHER).max(1.0);
        measured += rows;
    }
    (measured > 0).then(|| Estimate { rows, seconds: seconds * rows as f64 / measured as f64 })
}

/// The seconds that a row of an object takes to be read and converted, without what it takes until the first rows come.
fn measure(target: &Ground<'_>, cancel: &Cancel) -> Option<f64> {
    let splits = target.session.splits(target.object, usize::MAX, cancel).ok()?;
    let mut sink = Measuring {
        converter: Converter::new(target.mapping, Side::Recipient),
        records: RecordBatch::new(),
        began: None,
        rows: 0,
        taken: Duration::ZERO,
    };
    // In the middle: the first pages of a table are often its oldest rows, and unlike the rest.
    let _ = target.session.read(splits.get(splits.len() / 2)?, &mut sink, cancel);
    (sink.rows > 0).then(|| sink.taken.as_secs_f64() / sink.rows as f64)
}

/// Converts rows, and takes the time from the first batch to the last.
struct Measuring {
    converter: Converter,
    records: RecordBatch,
    began: Option<Instant>,
    /// Rows after the first batch.
    rows: u64,
    taken: Duration,
}

impl Sink for Measuring {
    fn take(&mut self, batch: RowBatch) -> Result<RowBatch, Stopped> {
        self.converter.convert(&batch, &mut self.records);
        let Some(began) = self.began else {
            self.began = Some(Instant::now());
            return Ok(batch);
        };
        self.rows += batch.rows() as u64;
        self.taken = began.elapsed();
        if self.rows >= MEASURED || self.taken >= PATIENCE { Err(Stopped) } else { Ok(batch) }
    }
}

/// A time as people say it who do not know it exactly.
pub(in crate::cli) fn duration(seconds: f64) -> String {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a time that is not negative")]
    let whole = |number: f64| number.round() as u64;
    let minutes = seconds / 60.0;
    match minutes {
        _ if minutes < 1.0 => "less than a minute".to_owned(),
        _ if minutes < 10.0 => format!("about {} min", whole(minutes)),
        _ if minutes < 120.0 => format!("about {} min", whole(minutes / 5.0) * 5),
        _ => format!("about {} h", whole(minutes / 60.0)),
    }
}

/// A number to its two first digits.
fn rounded(number: u64) -> u64 {
    let mut unit = 1;
    while number / unit >= 100 {
        unit *= 10;
    }
    (number + unit / 2) / unit * unit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_rough() {
        let words: Vec<String> = [3.0, 89.0, 260.0, 1_400.0, 9_000.0].into_iter().map(duration).collect();
        assert_eq!(words, ["less than a minute", "about 1 min", "about 4 min", "about 25 min", "about 3 h"]);
        assert_eq!([rounded(7), rounded(123_456), rounded(11_950_000)], [7, 120_000, 12_000_000]);
    }
}
