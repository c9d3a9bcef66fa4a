//! The file that says what `residua check` does: TOML, for one of the two parties. It holds no password: where one is needed, it says where that is
//! found.

use crate::schedule::hours::Hours;
use crate::schedule::retention::Retention;
use crate::support::toml_fault;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The longest that a hook may be given, in seconds.
const LONGEST_HOOK: u64 = 3_600;

/// Why a file of settings cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum SettingsError {
    /// The person's slip.
    #[error("line {line}: {message}")]
    Toml { line: usize, message: String },
    /// The person's slip.
    #[error("{0}")]
    Meaning(&'static str),
}

/// Everything that is set. Paths are as they are written; they are meant from the folder of the file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// What an originator does.
    pub(crate) originator: Option<Originator>,
    /// What a recipient does.
    pub(crate) recipient: Option<Recipient>,
    /// The hours in which scans may begin; at any time, where nothing is said.
    pub(crate) hours: Option<Hours>,
    /// After how many days something is no longer needed.
    #[serde(default)]
    pub(crate) retention: Retention,
    /// Commands that are told what happened.
    #[serde(default)]
    pub(crate) hooks: Hooks,
    /// A file for Prometheus.
    pub(crate) metrics: Option<PathBuf>,
    /// A file to which a line is added for each thing that was done.
    pub(crate) log: Option<PathBuf>,
    /// What such a line is.
    #[serde(default)]
    pub(crate) log_format: LogFormat,
    /// Variables that commands are given in their environment, by name, and where their values are found.
    #[serde(default)]
    pub(crate) environment: BTreeMap<String, Secret>,
}

/// What a line of the log is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// Words for people.
    #[default]
    Text,
    /// One JSON object.
    Json,
}

/// The originator's part.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Originator {
    /// The private key, with which the supplies were made.
    pub(crate) key: PathBuf,
    /// The ledger; the usual one, where nothing is said.
    pub(crate) ledger: Option<PathBuf>,
    /// What the recipients sent.
    pub(crate) inbox: PathBuf,
    /// What is for the recipients.
    pub(crate) outbox: PathBuf,
    /// What a run leaves for the next one.
    pub(crate) state: PathBuf,
    /// The file with the passphrase of the ledger's secrets, where they are under one.
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Whether a baseline is asked for on a new supply.
    #[serde(default = "yes")]
    pub(crate) baseline: bool,
    /// How many days after a clear answer a recheck is asked for; never, where nothing is said.
    pub(crate) recheck_days: Option<u16>,
    /// How many days after an answer that is not clear is asked again.
    #[serde(default = "a_week")]
    pub(crate) again_days: u16,
    /// For how many days an answer is accepted.
    pub(crate) valid_days: Option<u16>,
    /// Whether an officer of the recipient has to countersign.
    #[serde(default)]
    pub(crate) require_countersignature: bool,
    /// What holds for single supplies.
    #[serde(default)]
    pub(crate) supply: Vec<SupplyRule>,
}

/// What an originator sets for one supply.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SupplyRule {
    /// The first digits of its id.
    pub(crate) id: String,
    /// Declarations that are accepted.
    pub(crate) accept: Option<PathBuf>,
    /// The originator's own copies of the manifests, and lists that `verify --identify` wrote: what goes when the supply is closed.
    #[serde(default)]
    pub(crate) files: Vec<PathBuf>,
    /// Whether nothing need be left.
    #[serde(default)]
    pub(crate) accept_empty: bool,
    /// Whether the deletion is asked for where no baseline was accepted.
    #[serde(default)]
    pub(crate) without_baseline: bool,
    /// Whether nothing is asked of it by the schedule.
    #[serde(default)]
    pub(crate) paused: bool,
}

/// The recipient's part.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Recipient {
    /// The private key.
    pub(crate) key: PathBuf,
    /// The cards of those whose challenges are answered.
    pub(crate) originators: Vec<PathBuf>,
    /// Challenges and manifests, as they came; folders in it are looked into.
    pub(crate) inbox: PathBuf,
    /// What is for the originators.
    pub(crate) outbox: PathBuf,
    /// What was done, and findings: for nobody else.
    pub(crate) state: PathBuf,
    /// What is scanned, as on the command line of `scan`. A relative path is meant from the folder of the file.
    pub(crate) sources: Vec<String>,
    /// What is scanned instead for a challenge of phase `restore`; the same, where nothing is said.
    #[serde(default)]
    pub(crate) restored_sources: Vec<String>,
    /// As `scan --map`.
    pub(crate) map: Option<PathBuf>,
    /// As `scan --declare`.
    pub(crate) declare: Option<PathBuf>,
    /// As `scan --deep`.
    #[serde(default)]
    pub(crate) deep: bool,
    /// As `scan --operator`.
    #[serde(default)]
    pub(crate) operator: String,
    /// As `scan --operator-role`.
    #[serde(default)]
    pub(crate) operator_role: String,
    /// As `scan --counts-only`.
    #[serde(default)]
    pub(crate) counts_only: bool,
    /// As `scan --consent`.
    #[serde(default)]
    pub(crate) consent: bool,
    /// As `scan --threads`.
    pub(crate) threads: Option<u16>,
    /// As `scan --max-rows-per-second`.
    pub(crate) max_rows_per_second: Option<u32>,
    /// As `scan --statement-timeout`.
    pub(crate) statement_timeout: Option<u64>,
    /// As `scan --connections`.
    pub(crate) connections: Option<u16>,
}

/// Where a value is found that stands in no file of settings.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub(crate) enum Secret {
    /// The first line of a file.
    File(PathBuf),
    /// A credential of the service manager, by its name: a file in the folder that `CREDENTIALS_DIRECTORY` names.
    Credential(String),
    /// Another variable of the environment.
    Variable(String),
}

/// Commands, each as its program and arguments; they get JSON on standard input.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Hooks {
    #[serde(default)]
    pub(crate) on_clear: Vec<String>,
    #[serde(default)]
    pub(crate) on_residual: Vec<String>,
    #[serde(default)]
    pub(crate) on_inconclusive: Vec<String>,
    #[serde(default)]
    pub(crate) on_overdue: Vec<String>,
    #[serde(default)]
    pub(crate) on_error: Vec<String>,
    /// After how many seconds a command is ended; 30, where nothing is said.
    pub(crate) timeout_seconds: Option<u64>,
}

fn yes() -> bool {
    true
}

fn a_week() -> u16 {
    7
}

impl Originator {
    /// What is set for one supply, by its whole id.
    pub(crate) fn rule(&self, supply_id: &str) -> Option<&SupplyRule> {
        self.supply.iter().find(|rule| !rule.id.is_empty() && supply_id.starts_with(&rule.id))
    }
}

impl Settings {
    /// Reads a file's text.
    pub(crate) fn parse(text: &str) -> Result<Settings, SettingsError> {
        let settings: Settings = toml::from_str(text).map_err(|error| {
            let (line, message) = toml_fault::describe(text, &error);
            SettingsError::Toml { line, message }
        })?;
        match (&settings.originator, &settings.recipient) {
            (None, None) => return Err(SettingsError::Meaning("it has neither `[originator]` nor `[recipient]`")),
            (Some(_), Some(_)) => {
                return Err(SettingsError::Meaning("it has `[originator]` and `[recipient]`; each party has a file of its own"));
            }
            (None, Some(recipient)) if recipient.sources.is_empty() => {
                return Err(SettingsError::Meaning("`sources` is empty, so that nothing would be scanned"));
            }
            (None, Some(recipient)) if recipient.originators.is_empty() => {
                return Err(SettingsError::Meaning("`originators` is empty, so that nobody's challenge would be answered"));
            }
            _ => {}
        }
        let (retention, is_originator) = (settings.retention, settings.originator.is_some());
        if is_originator && (retention.findings.is_some() || retention.manifests.is_some()) {
            return Err(SettingsError::Meaning(
                "`findings_days` and `manifests_days` are a recipient's; an originator's is `closing_days`",
            ));
        }
        if !is_originator && retention.closing.is_some() {
            return Err(SettingsError::Meaning(
                "`closing_days` is an originator's; a recipient has `findings_days` and `manifests_days`",
            ));
        }
        if settings.hooks.timeout_seconds.is_some_and(|seconds| !(1..=LONGEST_HOOK).contains(&seconds)) {
            return Err(SettingsError::Meaning("`timeout_seconds` is not between 1 and 3600"));
        }
        let recipient = settings.recipient.as_ref();
        let mut sources = recipient.into_iter().flat_map(|recipient| recipient.sources.iter().chain(&recipient.restored_sources));
        if sources.clone().any(|source| source == "-") {
            return Err(SettingsError::Meaning("standard input (`-`) is no source of a scheduled scan"));
        }
        if sources.any(|source| has_password(source)) {
            return Err(SettingsError::Meaning(
                "a source has a password in its URL; say under `[environment]` where it is found, or use a password file",
            ));
        }
        Ok(settings)
    }
}

/// Whether a server's URL names a password, in the place of one or as a parameter.
fn has_password(source: &str) -> bool {
    let Some((_, rest)) = source.split_once("://") else { return false };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
    let parameters = rest.split_once('?').map_or("", |(_, parameters)| parameters);
    user.contains(':')
        || parameters.split('&').any(|parameter| parameter.starts_with("password=") && parameter.len() > "password=".len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECIPIENT: &str = "[recipient]\nkey = \"k\"\noriginators = [\"o\"]\ninbox = \"i\"\noutbox = \"o\"\nstate = \"s\"\n";

    #[test]
    fn each_party_has_a_file() {
        let recipient =
            format!("{RECIPIENT}sources = [\"sqlite:crm.db\"]\n[environment]\nPGPASSWORD = {{ credential = \"crm\" }}\n");
        let settings = Settings::parse(&recipient).unwrap();
        assert_eq!(settings.environment["PGPASSWORD"], Secret::Credential("crm".to_owned()));
        let originator = "[originator]\nkey = \"k\"\ninbox = \"i\"\noutbox = \"o\"\nstate = \"s\"\n";
        assert_eq!(Settings::parse(originator).unwrap().originator.unwrap().again_days, 7);
        let kept = format!("{originator}[retention]\nclosing_days = 60\n");
        assert_eq!(Settings::parse(&kept).unwrap().retention.closing, Some(60));
        for (text, told) in [
            (String::new(), "neither"),
            (kept.replace("closing", "findings"), "an originator's is `closing_days`"),
            (format!("{RECIPIENT}sources = [\"x\"]\n[retention]\nclosing_days = 60"), "is an originator's"),
            (kept.replace("60", "-1"), "line 7"),
            (format!("{originator}{RECIPIENT}sources = [\"x\"]"), "of its own"),
            (format!("{RECIPIENT}sources = []"), "nothing would be scanned"),
            (format!("{RECIPIENT}sources = [\"-\"]"), "standard input"),
            (format!("{RECIPIENT}sources = [\"postgres://u:geheim@h/d\"]"), "password in its URL"),
            (format!("{RECIPIENT}sources = [\"x\"]\nrestored_sources = [\"mysql://u:geheim@h/d\"]"), "password in its URL"),
            (format!("log_format = \"yaml\"\n{RECIPIENT}sources = [\"x\"]"), "line 1"),
            (format!("{RECIPIENT}sources = [\"postgres://h/d?x=1&password=geheim\"]"), "password in its URL"),
            (format!("{RECIPIENT}sources = [\"x\"]\nsecret = \"geheim\""), "line 8: unknown field `secret`"),
            (format!("{RECIPIENT}sources = [\"x\"]\n[hooks]\ntimeout_seconds = 0"), "between 1 and 3600"),
            (format!("{RECIPIENT}sources = [\"x\"]\n[environment]\nA = \"geheim\""), "line 9"),
            (format!("{RECIPIENT}sources = [\"x\"]\n[hours]\nfrom = \"25:00\"\nto = \"06:00\""), "time of the day"),
        ] {
            let error = Settings::parse(&text).unwrap_err().to_string();
            assert!(error.contains(told) && !error.contains("geheim"), "{error}");
        }
    }
}
