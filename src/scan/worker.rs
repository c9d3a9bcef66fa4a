//! Workers: one target read and probed on all cores.
//!
//! A source whose parts can be read side by side gives each worker parts of its own. A source with one connection is read by one thread,
//! which hands its batches to the workers. Either way findings are written in the order of the rows.

use crate::scan::findings;
use crate::scan::findings::FoundRow;
use crate::scan::findings::Place;
use crate::scan::probe::Ground;
use crate::scan::probe::Lookup;
use crate::scan::probe::Prober;
use crate::scan::tally::Tally;
use crate::source::ReadError;
use crate::source::RowBatch;
use crate::source::Session;
use crate::source::Sink;
use crate::source::Split;
use crate::source::SplitReport;
use crate::source::Stopped;
use crate::support::pace::Pace;
use crate::support::progress::Cancel;
use crate::support::progress::Progress;
use std::collections::BTreeMap;
use std::io;
use std::io::Write;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use thiserror::Error;

/// Batches that may wait between the reader of one connection and its workers.
const WAITING: usize = 4;

/// Why a target was not scanned to its end.
#[derive(Debug, Error)]
pub(crate) enum WorkError {
    /// The source's own word, which becomes a gap, except for an interruption.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The findings could not be written: a full disk, most likely.
    #[error("cannot write the findings")]
    Findings(#[from] io::Error),
    /// A worker broke down: a bug of ours.
    #[error("a worker broke down, which is a defect of residua")]
    Panicked,
}

/// A target in the hands of the workers.
pub(crate) struct Work<'a> {
    /// Its source.
    pub(crate) session: &'a dyn Session,
    /// Its place in the source's inventory.
    pub(crate) object: usize,
    /// What is looked for.
    pub(crate) lookup: &'a Lookup<'a>,
    /// What is known of the target.
    pub(crate) ground: &'a Ground<'a>,
    /// The names that its findings carry.
    pub(crate) place: Place<'a>,
    /// How many workers.
    pub(crate) threads: usize,
    /// What holds the reading back, where a person wants that.
    pub(crate) pace: Option<&'a Pace>,
    /// Who is told.
    pub(crate) progress: &'a dyn Progress,
    /// Who may interrupt.
    pub(crate) cancel: &'a Cancel,
}

/// One part done: its place among the parts, its rows, its findings.
struct Done {
    sequence: usize,
    rows: u64,
    found: Vec<FoundRow>,
}

/// A batch on its way to a worker: its place among the batches, and the rows of the parts before its own.
struct Waiting {
    sequence: usize,
    base: u64,
    batch: RowBatch,
}

impl Work<'_> {
    /// Reads and probes the whole target, or these parts of it; findings go to `out`.
    pub(crate) fn run(&self, own: Option<&[Split]>, out: &mut dyn Write) -> Result<(Tally, SplitReport), WorkError> {
        // Small parts even out the work; the source chooses what is sensible for its kind.
        let splits = match own {
            Some(own) => own.to_vec(),
            None => self.session.splits(self.object, self.threads * 4, self.cancel)?,
        };
        // A single worker too probes what it reads: a batch that another thread read would be far from its core. Of a single part the workers share
        // the batches.
        if self.session.is_parallel() && (splits.len() > 1 || self.threads <= 1) {
            self.side_by_side(&splits, out)
        } else {
            self.in_line(&splits, out)
        }
    }

    /// Again, as one part, after the parts turned out not to fit.
    pub(crate) fn run_serially(&self, out: &mut dyn Write) -> Result<(Tally, SplitReport), WorkError> {
        let splits = self.session.splits(self.object, 1, self.cancel)?;
        self.in_line(&splits, out)
    }

    fn side_by_side(&self, splits: &[Split], out: &mut dyn Write) -> Result<(Tally, SplitReport), WorkError> {
        let next = AtomicUsize::new(0);
        let failed = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let (sender, receiver) = mpsc::sync_channel::<Done>(self.threads);
            let (next, failed) = (&next, &failed);
            let workers: Vec<_> = (0..self.threads.clamp(1, splits.len().max(1)))
                .map(|_| {
                    let sender = sender.clone();
                    scope.spawn(move || {
                        let result = self.take_splits(splits, next, failed, &sender);
                        failed.fetch_or(result.is_err(), Ordering::Relaxed);
                        result
                    })
                })
                .collect();
            drop(sender);
            let written = self.write_in_order(&receiver, out);
            failed.fetch_or(written.is_err(), Ordering::Relaxed);
            // Workers that still wait to hand something over are released by the receiver's end.
            drop(receiver);
            collect(workers.into_iter().map(std::thread::ScopedJoinHandle::join), written)
        })
    }

    fn take_splits(
        &self,
        splits: &[Split],
        next: &AtomicUsize,
        failed: &AtomicBool,
        sender: &mpsc::SyncSender<Done>,
    ) -> Result<(Tally, SplitReport), ReadError> {
        let mut sink = ProbeSink { work: self, prober: Prober::new(self.lookup, self.ground), found: Vec::new() };
        let mut report = SplitReport::default();
        while !failed.load(Ordering::Relaxed) {
            let sequence = next.fetch_add(1, Ordering::Relaxed);
            let Some(split) = splits.get(sequence) else { break };
            sink.prober.inject_sentinel();
            let part = self.session.read(split, &mut sink, self.cancel)?;
            let done = Done { sequence, rows: part.rows, found: std::mem::take(&mut sink.found) };
            report.absorb(part);
            if sender.send(done).is_err() {
                return Err(ReadError::Stopped(Stopped));
            }
        }
        Ok((sink.prober.finish(), report))
    }

    fn in_line(&self, splits: &[Split], out: &mut dyn Write) -> Result<(Tally, SplitReport), WorkError> {
        let (to_workers, batches) = mpsc::sync_channel::<Waiting>(WAITING);
        let batches = &Mutex::new(Some(batches));
        std::thread::scope(|scope| {
            let (back, recycled) = mpsc::channel::<RowBatch>();
            let (sender, receiver) = mpsc::sync_channel::<Done>(WAITING);
            let reader = scope.spawn(move || {
                let mut sink = LineSink { work: self, to_workers, recycled, sequence: 0, base: 0 };
                let mut report = SplitReport::default();
                for split in splits {
                    let part = self.session.read(split, &mut sink, self.cancel)?;
                    sink.base += part.rows;
                    report.absorb(part);
                }
                Ok::<_, ReadError>((Tally::default(), report))
            });
            let workers: Vec<_> = (0..self.threads.max(1))
                .map(|_| {
                    let (sender, back) = (sender.clone(), back.clone());
                    scope.spawn(move || {
                        let tally = self.take_batches(batches, &sender, &back);
                        Ok((tally, SplitReport::default()))
                    })
                })
                .collect();
            drop((sender, back));
            let written = self.write_in_order(&receiver, out);
            drop(receiver);
            // Nobody takes batches any more, whatever the reason: the reader's next one ends it.
            batches.lock().unwrap_or_else(PoisonError::into_inner).take();
            let parts = workers.into_iter().chain(std::iter::once(reader));
            collect(parts.map(std::thread::ScopedJoinHandle::join), written)
        })
    }

    fn take_batches(
        &self,
        batches: &Mutex<Option<mpsc::Receiver<Waiting>>>,
        sender: &mpsc::SyncSender<Done>,
        back: &mpsc::Sender<RowBatch>,
    ) -> Tally {
        let mut prober = Prober::new(self.lookup, self.ground);
        prober.inject_sentinel();
        loop {
            let received = {
                let guard = batches.lock().unwrap_or_else(PoisonError::into_inner);
                guard.as_ref().and_then(|batches| batches.recv().ok())
            };
            let Some(Waiting { sequence, base, batch }) = received else { break };
            let mut found = Vec::new();
            let hits = prober.probe(&batch, &mut found);
            for finding in &mut found {
                finding.row += base;
            }
            self.progress.hits(hits);
            self.progress.advance(batch.rows() as u64, batch.bytes() as u64);
            // A reader that is done takes no batch back.
            let _ = back.send(batch);
            if sender.send(Done { sequence, rows: 0, found }).is_err() {
                break;
            }
        }
        prober.finish()
    }

    fn keep_pace(&self, batch: &RowBatch) {
        if let Some(pace) = self.pace {
            pace.wait(batch.rows() as u64, self.cancel);
        }
    }

    /// Writes the findings of the parts in their order. A part waits here only while an earlier one is still being read.
    fn write_in_order(&self, receiver: &mpsc::Receiver<Done>, out: &mut dyn Write) -> io::Result<()> {
        let mut waiting: BTreeMap<usize, Done> = BTreeMap::new();
        let mut next = 0;
        let mut base = 0;
        for done in receiver {
            waiting.insert(done.sequence, done);
            while let Some(done) = waiting.remove(&next) {
                findings::write(out, self.place, base, &done.found)?;
                base += done.rows;
                next += 1;
            }
        }
        Ok(())
    }
}

/// Puts the parts together; of several errors the one that says most stands.
fn collect(
    parts: impl Iterator<Item = std::thread::Result<Result<(Tally, SplitReport), ReadError>>>,
    written: io::Result<()>,
) -> Result<(Tally, SplitReport), WorkError> {
    let mut whole: Option<Tally> = None;
    let mut report = SplitReport::default();
    let mut failure = None;
    let mut has_panicked = false;
    for part in parts {
        let Ok(part) = part else {
            has_panicked = true;
            continue;
        };
        match part {
            Ok((tally, part)) => {
                report.absorb(part);
                match &mut whole {
                    Some(whole) => whole.merge(tally),
                    None => whole = Some(tally),
                }
            }
            // A worker that was told to stop says less than the one that made it stop.
            Err(error @ ReadError::Stopped(_)) => failure = failure.or(Some(error)),
            Err(error) => failure = Some(error),
        }
    }
    written?;
    if has_panicked {
        return Err(WorkError::Panicked);
    }
    match failure {
        Some(error) => Err(error.into()),
        None => Ok((whole.unwrap_or_default(), report)),
    }
}

/// Probes batches where they are read.
struct ProbeSink<'a> {
    work: &'a Work<'a>,
    prober: Prober<'a>,
    found: Vec<FoundRow>,
}

impl Sink for ProbeSink<'_> {
    fn take(&mut self, batch: RowBatch) -> Result<RowBatch, Stopped> {
        self.work.keep_pace(&batch);
        let hits = self.prober.probe(&batch, &mut self.found);
        self.work.progress.hits(hits);
        self.work.progress.advance(batch.rows() as u64, batch.bytes() as u64);
        Ok(batch)
    }
}

/// Hands batches to the workers.
struct LineSink<'a> {
    work: &'a Work<'a>,
    to_workers: mpsc::SyncSender<Waiting>,
    recycled: mpsc::Receiver<RowBatch>,
    sequence: usize,
    /// Rows of the parts read before.
    base: u64,
}

impl Sink for LineSink<'_> {
    fn take(&mut self, batch: RowBatch) -> Result<RowBatch, Stopped> {
        self.work.keep_pace(&batch);
        self.to_workers.send(Waiting { sequence: self.sequence, base: self.base, batch }).map_err(|_| Stopped)?;
        self.sequence += 1;
        Ok(self.recycled.try_recv().unwrap_or_default())
    }
}
