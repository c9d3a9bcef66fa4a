//! `doctor`: what would keep a check from its work is told beforehand, each thing by itself, and nothing is changed.

use crate::cli::harness::Output;
use crate::cli::schedule::ORIGINATOR;
use crate::cli::schedule::RECIPIENT;
use crate::cli::schedule::campaign;
use crate::cli::schedule::check;
use crate::cli::schedule::post;
use crate::cli::server::MariaDb;
use crate::cli::server::Postgres;
use crate::cli::world::Person;
use crate::cli::world::SUPPLIED;
use crate::cli::world::World;
use serde_json::Value;
use std::fs;
#[cfg(unix)]
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// A password that no output may hold.
const SECRET: &str = "qzgeheim";

/// A day on which the challenge of [`SUPPLIED`] is valid.
const LATER: &str = "2017-05-06T09:00:00Z";

fn doctor(world: &World, who: &str, now: &str) -> Output {
    world.run(now, &["doctor", "--config", &format!("{who}.toml")])
}

/// A campaign whose baseline challenge has come in.
fn asked() -> World {
    let world = campaign();
    check(&world, "originator", SUPPLIED, &[]).exits_with(0);
    post(&world, "from-originator", "to-recipient");
    world
}

#[cfg(unix)]
fn mode(world: &World, name: &str, mode: u32) {
    fs::set_permissions(world.case.path(name), fs::Permissions::from_mode(mode)).expect("a mode");
}

/// The file of the challenge that came in.
fn challenge(world: &World) -> PathBuf {
    let entries = fs::read_dir(world.case.path("to-recipient")).expect("a folder").filter_map(Result::ok);
    let mut files = entries.map(|entry| entry.path()).filter(|path| path.is_file());
    files.next().expect("a challenge")
}

#[test]
fn nothing_is_wrong_where_nothing_is_and_nothing_is_changed() {
    let world = asked();
    let before = world.case.files();
    for who in ["originator", "recipient"] {
        let told = doctor(&world, who, LATER);
        eprintln!("{}", told.whole());
    }
    assert_eq!(world.case.files(), before);
}
