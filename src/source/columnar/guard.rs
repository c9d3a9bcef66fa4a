//! What stands between the crates and a file that was made to break them: they panic on damaged data here and there, where they should
//! give an error.

use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;

/// What a step of a crate gives; `None` where it broke down. What it worked on is not to be used again.
pub(super) fn guarded<T>(step: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(step)).ok()
}
