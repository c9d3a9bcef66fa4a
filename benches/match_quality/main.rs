//! Match quality: how many rows of persons with known corruptions each match key finds, and how many it finds wrongly.
//!
//! `cargo bench --bench match_quality` prints the tables of `docs/match-quality.md`. `-- FOLDER` measures other data of the same three files
//! and columns. Nothing is timed, and the figures do not depend on the machine or on the salt.

mod measure;

use std::env;
use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

fn main() -> io::Result<()> {
    // Cargo adds `--bench`.
    let folder = env::args_os().skip(1).find(|argument| !argument.to_string_lossy().starts_with('-'));
    let folder = folder.map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/febrl3"), PathBuf::from);
    let tables = measure::tables(Path::new(env!("CARGO_BIN_EXE_residua")), &folder);
    io::stdout().write_all(tables.as_bytes())
}
