//! A new data folder takes seconds to make and a tenth of one to copy: it is made once for each version of a server, and copied for each test.

use crate::cli::server::PATIENCE;
use crate::cli::server::Product;
use crate::cli::server::keeper::Keeper;
use crate::cli::server::keeper::new_folder;
use crate::cli::server::keeper::substitute;
use crate::cli::server::programs::Programs;
use std::fs;
use std::fs::File;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

/// The data folder of a server that was never used. Whoever comes first makes it, the others wait.
pub(super) fn ready<P: Product>(programs: &Programs) -> PathBuf {
    let shelf = Path::new(env!("CARGO_TARGET_TMPDIR")).join("servers");
    fs::create_dir_all(&shelf).expect("a folder for data folders");
    // What would make another data folder makes another name.
    let command = P::initialisation(programs, Path::new("data"));
    let recipe = format!("{} {:?} {command:?} {}", programs.version(), substitute(), include_str!("template.rs"));
    let template = shelf.join(format!("{}-{}", P::SCHEME, &blake3::hash(recipe.as_bytes()).to_hex()[..16]));
    if template.exists() {
        return template;
    }

    let lock = File::create(template.with_extension("lock")).expect("a lock file");
    lock.lock().expect("a lock");
    if !template.exists() {
        let folder = new_folder(P::SCHEME);
        let command = P::initialisation(programs, &folder.join("data"));
        let mut keeper = Keeper::of(folder, "KILL", &command);
        keeper.go();
        let data = keeper.folder().join("data");
        let has_ended = keeper.wait_until(PATIENCE, |folder| folder.join("ended").exists());
        assert!(has_ended && data.is_dir(), "{} makes no data folder; its words:\n{}", P::NAME, keeper.log());
        P::settle(&data);
        // A copy that was broken off has this name, and not the final one.
        let unfinished = template.with_extension("unfinished");
        let _ = fs::remove_dir_all(&unfinished);
        let status = Command::new("cp").arg("-a").args([&data, &unfinished]).status().expect("`cp`");
        assert!(status.success(), "cannot copy `{}` to `{}`", data.display(), unfinished.display());
        fs::rename(unfinished, &template).expect("a finished data folder");
    }
    template
}
