//! Texts that are read in review: what the program says, kept in `tests/snapshots/` and compared word by word. The integration tests include
//! this file too.
//!
//! A text that was changed on purpose is written anew by `RESIDUA_BLESS=1 cargo test`, and then read in the difference.

use std::env;
use std::fs;
use std::path::Path;

/// Holds a text against its file. With `RESIDUA_BLESS` set, which is refused where `CI` is, it writes the file instead.
#[track_caller]
pub(crate) fn holds(name: &str, text: &str) {
    document_is(&format!("tests/snapshots/{name}"), text);
}

/// The same for a file anywhere in the repository, by its path from the root.
#[track_caller]
pub(crate) fn document_is(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    if is_blessing() {
        fs::create_dir_all(path.parent().expect("a folder")).expect("the folder of snapshots");
        fs::write(&path, text).expect("a snapshot");
        return;
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    if kept == text {
        return;
    }
    let same = kept.lines().zip(text.lines()).take_while(|(kept, now)| kept == now).count();
    let around = |whole: &str| whole.lines().skip(same.saturating_sub(3)).take(12).collect::<Vec<_>>().join("\n");
    panic!(
        "{name} differs from line {} on. If that is intended, write it anew with RESIDUA_BLESS=1 and read the difference.\n\
         --- kept\n{}\n--- now\n{}\n",
        same + 1,
        around(&kept),
        around(text)
    );
}

/// Whether what is kept is to be written anew.
pub(crate) fn is_blessing() -> bool {
    let is_asked = env::var_os("RESIDUA_BLESS").is_some_and(|value| !value.is_empty());
    assert!(!is_asked || env::var_os("CI").is_none(), "a snapshot is not written where it is to be checked");
    is_asked
}
