//! Memory that the readers of one file share, however many read at once.

use crate::support::progress::Cancel;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

/// Bytes that all readers of a file may hold together.
const ALL: u64 = 160 << 20;

/// Between two looks at the cancel token.
const PATIENCE: Duration = Duration::from_millis(200);

/// What is free.
pub(super) struct Room {
    free: Mutex<u64>,
    freed: Condvar,
}

/// What one reader holds, until it is dropped.
pub(super) struct Held<'a> {
    room: &'a Room,
    bytes: u64,
}

impl Room {
    pub(super) fn new() -> Self {
        Self { free: Mutex::new(ALL), freed: Condvar::new() }
    }

    /// Waits until so many bytes are free, or until the job is cancelled.
    pub(super) fn take(&self, bytes: u64, cancel: &Cancel) -> Held<'_> {
        let bytes = bytes.min(ALL);
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        while *free < bytes && !cancel.is_cancelled() {
            free = self.freed.wait_timeout(free, PATIENCE).unwrap_or_else(PoisonError::into_inner).0;
        }
        let bytes = bytes.min(*free);
        *free -= bytes;
        Held { room: self, bytes }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let mut free = self.room.free.lock().unwrap_or_else(PoisonError::into_inner);
        *free += self.bytes;
        self.room.freed.notify_all();
    }
}
