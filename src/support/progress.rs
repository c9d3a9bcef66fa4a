//! What a long job tells while it runs, and how it is asked to stop. The bar itself is drawn in `cli`.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

/// Receives the advance of a job. Implementations are called from several threads.
pub(crate) trait Progress: Sync {
    /// A stage begins. `rows` and `bytes` are its expected size, where it is known.
    fn begin(&self, stage: &str, rows: Option<u64>, bytes: Option<u64>);
    /// So many further rows and bytes are done.
    fn advance(&self, rows: u64, bytes: u64);
    /// So many further hits were found.
    fn hits(&self, count: u64);
    /// The stage is over.
    fn end(&self);
}

/// A [`Progress`] that says nothing.
#[cfg(any(test, feature = "bench", feature = "fuzz"))]
pub(crate) struct Silent;

#[cfg(any(test, feature = "bench", feature = "fuzz"))]
impl Progress for Silent {
    fn begin(&self, _stage: &str, _rows: Option<u64>, _bytes: Option<u64>) {}
    fn advance(&self, _rows: u64, _bytes: u64) {}
    fn hits(&self, _count: u64) {}
    fn end(&self) {}
}

/// A request to stop, shared between the job and whoever may interrupt it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Asks the job to stop at its next chance.
    pub(crate) fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the job was asked to stop.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
