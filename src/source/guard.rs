//! What stands between the crates that read files and a file that was made to break them: some panic on damaged data here and there, where
//! they should give an error.

use std::cell::Cell;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;

thread_local! {
    static IS_GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// What a step of a reader gives; `None` where it broke down. What it worked on is not to be used again.
pub(super) fn guarded<T>(step: impl FnOnce() -> T) -> Option<T> {
    let before = IS_GUARDED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(step)).ok();
    IS_GUARDED.set(before);
    result
}

/// Whether a panic of this thread is expected, and becomes a problem of the file.
pub(crate) fn is_guarded() -> bool {
    IS_GUARDED.get()
}
