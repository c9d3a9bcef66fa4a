//! A new data folder takes seconds to make and a tenth of one to copy: it is made once for each version of a server, and copied for each test.

use crate::cli::server::PATIENCE;
use crate::cli::server::Product;
use crate::cli::server::keeper::Keeper;
use crate::cli::server::keeper::new_folder;
use crate::cli::server::programs::Programs;
use std::fs;
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

/// The data folder of a server that was never used. Whoever comes first makes it, the others wait.
pub(super) fn ready<P: Product>(programs: &Programs) -> PathBuf {
    let shelf = Path::new(env!("CARGO_TARGET_TMPDIR")).join("servers");
    fs::create_dir_all(&shelf).expect("a folder for data folders");
    let folder = new_folder(P::SCHEME);
    let command = P::initialisation(programs, &folder.path().join("data"));

    // What would make another data folder makes another name. The path is another one each time.
    let place = folder.path().to_string_lossy().into_owned();
    let words: Vec<String> = command.iter().map(|word| word.to_string_lossy().replace(&place, "")).collect();
    let user = folder.path().metadata().expect("a new folder").uid();
    let recipe = format!("{} {user} {words:?} {}", programs.version(), include_str!("template.rs"));
    let template = shelf.join(format!("{}-{}", P::SCHEME, &blake3::hash(recipe.as_bytes()).to_hex()[..16]));
    if template.exists() {
        return template;
    }

    let lock = File::create(template.with_extension("lock")).expect("a lock file");
    lock.lock().expect("a lock");
    if !template.exists() {
        let mut keeper = Keeper::of(folder, "KILL", &command);
        keeper.go();
        let data = keeper.folder().join("data");
        let has_ended = keeper.wait_until(PATIENCE, |folder| folder.join("ended").exists());
        assert!(has_ended && data.is_dir(), "{} makes no data folder; its words:\n{}", P::NAME, keeper.log());
        P::settle(&data);
        // A copy that was broken off has this name, and not the final one.
        let unfinished = template.with_extension("unfinished");
        let _ = fs::remove_dir_all(&unfinished);
        copy(&data, &unfinished);
        fs::rename(unfinished, &template).expect("a finished data folder");
    }
    template
}

/// Copies a folder with its owners and rights; a copy on write where the file system can.
pub(super) fn copy(from: &Path, to: &Path) {
    let status = Command::new("cp").arg("-a").args([from, to]).status().expect("`cp`");
    assert!(status.success(), "cannot copy `{}` to `{}`", from.display(), to.display());
}
