//! A pace that several threads keep together: at most so many rows a second.

use crate::support::progress::Cancel;
use std::num::NonZeroU32;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

/// How often somebody who waits looks whether the job was cancelled.
const LOOK: Duration = Duration::from_millis(100);

/// Holds a job to a number of rows a second. Rows that were not taken in time are not made up for.
#[derive(Debug)]
pub(crate) struct Pace {
    rows_per_second: NonZeroU32,
    /// Until when the rows that were taken so far last.
    until: Mutex<Option<Instant>>,
}

impl Pace {
    /// At most so many rows a second.
    pub(crate) fn new(rows_per_second: NonZeroU32) -> Self {
        Self { rows_per_second, until: Mutex::new(None) }
    }

    /// Waits as long as so many rows last, behind those who wait already. A cancelled job waits no longer.
    pub(crate) fn wait(&self, rows: u64, cancel: &Cancel) {
        let lasting = Duration::from_secs_f64(rows as f64 / f64::from(self.rows_per_second.get()));
        let until = {
            let mut until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            let end = until.map_or(now, |until| until.max(now)) + lasting;
            *until = Some(end);
            end
        };
        while !cancel.is_cancelled() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            std::thread::sleep(left.min(LOOK));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_share_a_pace_and_a_cancelled_job_does_not_wait() {
        let (pace, cancel) = (Pace::new(NonZeroU32::new(1_000).unwrap()), Cancel::default());
        let begun = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..5).for_each(|_| pace.wait(10, &cancel)));
            }
        });
        // Two hundred rows last a fifth of a second, whoever takes them; how much longer it took is the machine's affair.
        assert!(begun.elapsed() >= Duration::from_millis(200));
        cancel.cancel();
        pace.wait(1_000_000, &cancel);
    }
}
