//! Finds the programs of a server, which Debian and Homebrew keep where PATH does not look.

use std::env;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

/// Folders that are looked through after those of PATH; of several versions the newest comes first.
const FOLDERS: [&str; 8] = [
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/sbin",
    "/opt/homebrew/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/opt/homebrew/opt/mariadb@*/bin",
    "/usr/local/opt/*/bin",
    "/usr/local/*/bin",
];

/// The programs of one server.
pub(crate) struct Programs {
    /// Serves.
    pub(super) server: PathBuf,
    /// Makes a data folder.
    pub(super) maker: PathBuf,
    /// Runs statements.
    pub(super) client: PathBuf,
}

impl Programs {
    /// Programs in one folder, as versions beside each other may not be mixed.
    pub(super) fn together(variable: &str, [server, maker, client]: [&str; 3]) -> Option<Programs> {
        let whole = |folder: &PathBuf| [server, maker, client].iter().all(|name| folder.join(name).is_file());
        let folder = folders(variable).into_iter().find(whole)?;
        Some(Programs { server: folder.join(server), maker: folder.join(maker), client: folder.join(client) })
    }

    /// Programs from wherever each is.
    pub(super) fn apart(variable: &str, [server, maker, client]: [&str; 3]) -> Option<Programs> {
        let folders = folders(variable);
        let find = |name| folders.iter().map(|folder| folder.join(name)).find(|path| path.is_file());
        Some(Programs { server: find(server)?, maker: find(maker)?, client: find(client)? })
    }

    /// What the server says its version is.
    pub(super) fn version(&self) -> String {
        let output = Command::new(&self.server).arg("--version").output().expect("the server's version");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}

/// Where to look: only into the folder that the variable names, if it is set.
fn folders(variable: &str) -> Vec<PathBuf> {
    if let Some(folder) = env::var_os(variable) {
        return vec![folder.into()];
    }
    let mut folders: Vec<PathBuf> = env::var_os("PATH").iter().flat_map(env::split_paths).collect();
    for pattern in FOLDERS {
        let mut found: Vec<PathBuf> = glob::glob(pattern).expect("a pattern").flatten().collect();
        found.sort_by_key(|folder| std::cmp::Reverse(newness(folder)));
        folders.extend(found);
    }
    folders
}

/// The numbers in a path, so that version 16 is newer than 9.6.
fn newness(folder: &Path) -> Vec<u32> {
    let text = folder.to_string_lossy();
    text.split(|letter: char| !letter.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect()
}
