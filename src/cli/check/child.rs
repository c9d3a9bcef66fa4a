//! The program run by itself: each step of a check is a command of its own, so that what it does is what a person would have typed, and a step that fails
//! or is killed takes no other with it.

use crate::cli::check::state::State;
use crate::cli::context::Context;
use crate::cli::exit_code::ExitCode;
use crate::cli::failure::advised;
use crate::schedule::settings::Secret;
use crate::support::time;
use anyhow::Context as _;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;
use zeroize::Zeroizing;

/// What runs commands.
pub(in crate::cli) struct Runner {
    program: PathBuf,
    folder: PathBuf,
    /// A fixed time, handed on.
    now: Option<String>,
    environment: Vec<(String, Zeroizing<String>)>,
}

/// What a command did.
pub(in crate::cli) struct Done {
    /// How it ended; an error, where it was killed.
    pub(in crate::cli) code: ExitCode,
    /// Its result.
    pub(in crate::cli) json: Value,
    /// The first line of its complaint, if any.
    pub(in crate::cli) complaint: String,
}

impl Runner {
    /// Finds the program, and the values of the environment.
    pub(in crate::cli) fn new(folder: &Path, secrets: &BTreeMap<String, Secret>, context: &Context) -> anyhow::Result<Runner> {
        let program = std::env::current_exe().context("cannot find this program's own file")?;
        let environment = secrets.iter().map(|(name, secret)| Ok((name.clone(), value(folder, name, secret)?)));
        let now = context.fixed_now.map(time::format);
        Ok(Runner { program, folder: folder.to_owned(), now, environment: environment.collect::<anyhow::Result<_>>()? })
    }

    /// Runs a command to its end. What it complains of goes to standard error, as it does where a person types it.
    pub(in crate::cli) fn run(&self, words: &[String], state: &State) -> anyhow::Result<Done> {
        let (done, complaint) = self.run_silently(words, state.held()?)?;
        // It was made harmless where it was written.
        let _ = std::io::Write::write_all(&mut std::io::stderr().lock(), complaint.as_bytes());
        Ok(done)
    }

    /// Runs a command to its end, and gives back all that it complains of.
    pub(in crate::cli) fn run_silently(&self, words: &[String], input: Stdio) -> anyhow::Result<(Done, String)> {
        let mut command = Command::new(&self.program);
        command.args(words).args(["--format", "json", "--quiet", "--progress", "never"]).current_dir(&self.folder);
        if let Some(now) = &self.now {
            command.args(["--now", now]);
        }
        for (name, value) in &self.environment {
            command.env(name, value.as_str());
        }
        let output = command.stdin(input).output().context("cannot start this program anew")?;
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        let code = match output.status.code() {
            Some(0) => ExitCode::Clear,
            Some(2) => ExitCode::Usage,
            Some(10) => ExitCode::Inconclusive,
            Some(11) => ExitCode::Residual,
            Some(12) => ExitCode::VerificationFailed,
            Some(13) => ExitCode::Overdue,
            _ => ExitCode::Error,
        };
        let json = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let first = complaint.lines().find(|line| line.starts_with("error")).unwrap_or_default();
        let first = match first.trim_start_matches("error: ") {
            "" if output.status.code().is_none() => "it was killed",
            first => first,
        };
        Ok((Done { code, json, complaint: first.to_owned() }, complaint))
    }
}

/// The value of a variable. No error tells any of it.
pub(in crate::cli) fn value(folder: &Path, name: &str, secret: &Secret) -> anyhow::Result<Zeroizing<String>> {
    let path = match secret {
        Secret::Variable(other) => {
            let missing =
                || advised(format!("the variable `{other}`, for `{name}`, is not set"), "set it where this program is started");
            return std::env::var(other).map(Zeroizing::new).map_err(|_| missing());
        }
        Secret::File(path) => folder.join(path),
        Secret::Credential(credential) => {
            let folder = std::env::var_os("CREDENTIALS_DIRECTORY").ok_or_else(|| {
                advised(
                    format!("there are no credentials of the service manager, and `{name}` needs `{credential}`"),
                    "run it as a unit of systemd with `LoadCredential=`, or say `{ file = … }`",
                )
            })?;
            Path::new(&folder).join(credential)
        }
    };
    let text = Zeroizing::new(
        fs::read_to_string(&path).with_context(|| format!("cannot read the value of `{name}` in `{}`", path.display()))?,
    );
    Ok(Zeroizing::new(text.lines().next().unwrap_or_default().to_owned()))
}
