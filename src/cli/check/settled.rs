//! The settings of a check and the folder from which their paths are meant.

use crate::cli::document::read_text;
use crate::cli::failure::advised;
use crate::schedule::settings::Settings;
use anyhow::Context as _;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// Reads the settings, and finds their folder.
pub(in crate::cli) fn read(config: &Path) -> anyhow::Result<(Settings, PathBuf)> {
    let text = read_text(config, "settings")?;
    let settings = Settings::parse(&text).map_err(|error| {
        advised(
            format!("cannot use the settings `{}`: {error}", config.display()),
            "see `residua check --help` for the form of the file",
        )
    })?;
    let base = match config.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let base = fs::canonicalize(&base).with_context(|| format!("cannot use the folder `{}`", base.display()))?;
    Ok((settings, base))
}

/// The folder of what a run leaves for the next one.
pub(in crate::cli) fn state(settings: &Settings, base: &Path) -> PathBuf {
    let state = settings.originator.as_ref().map(|own| &own.state).or(settings.recipient.as_ref().map(|own| &own.state));
    base.join(state.map_or(Path::new("state"), PathBuf::as_path))
}
