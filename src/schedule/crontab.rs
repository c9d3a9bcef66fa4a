//! A line of a crontab that runs `check`.

use crate::schedule::quoting;
use crate::schedule::quoting::CRONTAB;
use crate::schedule::quoting::QuotingError;
use crate::schedule::unit::Setup;
use std::fmt::Write;
use std::path::Path;

/// The longest command that every cron reads; the oldest have room for a thousand characters.
const LONGEST: usize = 990;

/// How often a check is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Every {
    /// Every hour.
    Hour,
    /// Once a day.
    Day,
}

/// The name of a file in `/etc/cron.d`, in which names with a dot are passed over.
pub(crate) fn file_name(name: &str) -> String {
    format!("{name}-check")
}

/// The crontab. With an account it is one for `/etc/cron.d`, without one it is for the account's own.
pub(crate) fn text(setup: &Setup<'_>, every: Every, machine: &[u8]) -> Result<String, QuotingError> {
    let program = quoting::cron_path(setup.program)?;
    let config = quoting::cron_path(setup.config)?;
    let mask = if setup.reach.has_readers { "022" } else { "077" };
    let ledger = match setup.ledger {
        Some(ledger) => format!("RESIDUA_LEDGER={} ", quoting::cron_path(ledger)?),
        None => String::new(),
    };
    let account = match setup.user {
        Some(user) => {
            quoting::account(user)?;
            format!("{user} ")
        }
        None => String::new(),
    };
    let (minute, hour) = moment(machine, setup.config);
    let times = match every {
        Every::Hour => format!("{minute} * * * *"),
        Every::Day => format!("{minute} {hour} * * *"),
    };
    let command = format!("umask {mask} && {ledger}{program} check --config {config} >/dev/null");
    if command.len() > LONGEST {
        let why = "is so long that not every cron reads the line to its end";
        return Err(QuotingError::Path { path: setup.config.to_owned(), place: CRONTAB, why });
    }
    let mut text = String::from(
        "# Does one `residua check`. It is no harm to run it often: what is not due is not done. Cron goes by the time of this machine; residua\n\
         # reckons in days of UTC, whatever that is.\n\
         # What it complains of goes by mail to the account, or to whom MAILTO=address names in a line above. What was done is in the log,\n\
         # and told by hooks and metrics.\n",
    );
    if let Some(hours) = setup.hours {
        let _ = writeln!(text, "# The settings let scans begin from {hours}; `check` keeps to that by itself.");
    }
    if !setup.reach.variables.is_empty() {
        for name in &setup.reach.variables {
            quoting::variable(name)?;
        }
        let _ = writeln!(
            text,
            "# The settings take from the environment, which cron leaves empty: {}",
            setup.reach.variables.join(", ")
        );
    }
    if setup.reach.has_hooks {
        text.push_str("# Hooks find few programs by name here: name them with their whole path.\n");
    }
    let _ = writeln!(text, "{times} {account}{command}");
    Ok(text)
}

/// The minute and the hour of a machine and of its settings: always the same, and another one elsewhere, so that not all begin at once.
fn moment(machine: &[u8], config: &Path) -> (u8, u8) {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"residua schedule\0").update(machine).update(b"\0").update(config.as_os_str().as_encoded_bytes());
    let mut bytes = [0; 8];
    hasher.finalize_xof().fill(&mut bytes);
    let minutes = u64::from_le_bytes(bytes) % (24 * 60);
    (u8::try_from(minutes % 60).unwrap_or(0), u8::try_from(minutes / 60).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::reach::Reach;

    fn line(setup: &Setup<'_>, every: Every) -> Result<String, QuotingError> {
        Ok(text(setup, every, b"machine")?.lines().last().unwrap().to_owned())
    }

    #[test]
    fn a_line_says_what_is_meant() {
        let reach = Reach::default();
        let setup = Setup {
            name: "residua",
            program: Path::new("/opt/50% off/residua"),
            config: Path::new("/etc/o'ne/$x.toml"),
            user: None,
            ledger: None,
            reach: &reach,
            hours: None,
        };
        let (minute, hour) = moment(b"machine", setup.config);
        assert_eq!(
            line(&setup, Every::Hour).unwrap(),
            format!(
                "{minute} * * * * umask 077 && '/opt/50'\\%' off/residua' check --config '/etc/o'\"'\"'ne/$x.toml' >/dev/null"
            )
        );
        let told = Reach { has_readers: true, ..Reach::default() };
        let of_account = Setup { user: Some("residua"), ledger: Some(Path::new("/the ledger")), reach: &told, ..setup };
        let daily = line(&of_account, Every::Day).unwrap();
        let begins = format!("{minute} {hour} * * * residua umask 022 && RESIDUA_LEDGER='/the ledger' ");
        assert!(daily.starts_with(&begins), "{daily}");
    }

    #[test]
    fn what_a_crontab_cannot_hold_is_refused() {
        let reach = Reach::default();
        let long = format!("/{}", "long/".repeat(200));
        for (program, config, user) in
            [("/a\\b", "/c", "u"), ("/a", "/c\n* * * * * x", "u"), ("/a", "/c", "u x"), ("/a", long.as_str(), "u")]
        {
            let (program, config) = (Path::new(program), Path::new(config));
            let setup = Setup { name: "r", program, config, user: Some(user), ledger: None, reach: &reach, hours: None };
            line(&setup, Every::Hour).unwrap_err();
        }
    }

    #[test]
    fn machines_begin_at_times_of_their_own() {
        let config = Path::new("/etc/residua/residua.toml");
        let moments: std::collections::BTreeSet<(u8, u8)> = (0..200_u8)
            .map(|machine| moment(&[machine], config))
            .inspect(|(minute, hour)| assert!(*minute < 60 && *hour < 24))
            .collect();
        assert!(moments.len() > 150, "{}", moments.len());
        assert!(moments.iter().map(|(minute, _)| minute).collect::<std::collections::BTreeSet<_>>().len() > 40);
        assert_eq!(moment(b"a", config), moment(b"a", config));
    }
}
