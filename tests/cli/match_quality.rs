//! What `docs/match-quality.md` says of the match keys is what the program does.

#[path = "../../benches/match_quality/measure.rs"]
mod measure;

use crate::snapshot::is_blessing;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

/// What stands around the tables.
const MARKS: [&str; 2] = ["<!-- measured -->\n", "<!-- end of what was measured -->\n"];

#[test]
fn document_shows_what_is_measured() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program: OsString = env::var_os("RESIDUA_PROGRAM").unwrap_or_else(|| env!("CARGO_BIN_EXE_residua").into());
    let measured = measure::tables(Path::new(&program), &root.join("testdata/febrl3"));
    let path = root.join("docs/match-quality.md");
    let document = fs::read_to_string(&path).expect("docs/match-quality.md");
    let (before, rest) = document.split_once(MARKS[0]).expect("the mark before the tables");
    let (shown, after) = rest.split_once(MARKS[1]).expect("the mark after the tables");
    if is_blessing() {
        let [begin, end] = MARKS;
        fs::write(&path, format!("{before}{begin}\n{}\n\n{end}{after}", measured.trim())).expect("docs/match-quality.md");
        return;
    }
    assert_eq!(
        shown.trim(),
        measured.trim(),
        "the tables of docs/match-quality.md (left) are not what the program does (right); `cargo bench --bench match_quality` prints them, \
         and RESIDUA_BLESS=1 puts them there"
    );
}
