//! What systemd itself says of a unit, where it is on this machine.

use anyhow::Context as _;
use std::fs;
use std::io;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;

/// The program that reads units as systemd does.
const PROGRAM: &str = "systemd-analyze";

/// What is said of files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is not on this machine.
    NotThere,
    /// What it has to say against them; nothing, where they are sound.
    Said(Vec<String>),
}

/// Lets systemd read units, by their names and contents.
pub(super) fn verify(files: &[(String, String)]) -> anyhow::Result<Verdict> {
    let folder = tempfile::Builder::new().prefix("residua-").tempdir().context("cannot make a temporary folder")?;
    let mut paths = Vec::new();
    for (name, content) in files {
        let path = folder.path().join(name);
        fs::write(&path, content).with_context(|| format!("cannot write `{}`", path.display()))?;
        paths.push(path);
    }
    let mut command = Command::new(PROGRAM);
    // Whether manual pages are installed is no matter of the unit.
    let Some(output) = run(command.args(["verify", "--man=no"]).args(&paths))? else { return Ok(Verdict::NotThere) };
    let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    let before = format!("{}/", folder.path().display());
    // It reads what these units depend on as well, and says of that what is none of our matter.
    let ours = said.lines().filter(|line| line.contains(&before) || files.iter().any(|(name, _)| line.contains(name)));
    let mut said: Vec<String> = ours.map(|line| line.replace(&before, "")).filter(|line| !line.trim().is_empty()).collect();
    said.dedup();
    Ok(Verdict::Said(said))
}

/// Whether systemd understands an expression of times; where it is not on this machine, nobody knows.
pub(super) fn understands_calendar(expression: &str) -> anyhow::Result<Option<bool>> {
    let output = run(Command::new(PROGRAM).args(["calendar", "--"]).arg(expression))?;
    Ok(output.map(|output| output.status.success()))
}

/// Runs it to its end, without colours and in one language. `None` where there is none.
fn run(command: &mut Command) -> anyhow::Result<Option<Output>> {
    let plain = [("LC_ALL", "C"), ("SYSTEMD_COLORS", "0"), ("SYSTEMD_LOG_LEVEL", "notice"), ("SYSTEMD_LOG_TARGET", "console")];
    match command.envs(plain).stdin(Stdio::null()).output() {
        Ok(output) => Ok(Some(output)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied) => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot run `{PROGRAM}`")),
    }
}
