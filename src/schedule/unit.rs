//! A service and a timer of systemd that run `check`: closed in as far as the settings allow, so that a mistake in a reader of strange files reaches
//! nothing but what a check writes anyway.

use crate::schedule::crontab::Every;
use crate::schedule::quoting;
use crate::schedule::quoting::QuotingError;
use crate::schedule::quoting::UNIT;
use crate::schedule::reach::Reach;
use std::fmt::Write;
use std::path::Path;

/// The folder in which credentials are looked for, until somebody says otherwise.
pub(crate) const CREDENTIALS: &str = "/etc/residua/credentials";

/// What is set up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup<'a> {
    /// By which several configurations are told apart.
    pub(crate) name: &'a str,
    /// This program.
    pub(crate) program: &'a Path,
    /// The settings.
    pub(crate) config: &'a Path,
    /// Under which account it runs; a crontab of that account's own needs none.
    pub(crate) user: Option<&'a str>,
    /// The ledger, where the settings leave it to the environment.
    pub(crate) ledger: Option<&'a Path>,
    /// What a run reaches.
    pub(crate) reach: &'a Reach,
    /// The hours in which scans begin, in words.
    pub(crate) hours: Option<&'a str>,
}

/// The service's file name.
pub(crate) fn service_name(name: &str) -> String {
    format!("{name}-check.service")
}

/// The timer's file name.
pub(crate) fn timer_name(name: &str) -> String {
    format!("{name}-check.timer")
}

/// The service, which does one check.
pub(crate) fn service(setup: &Setup<'_>) -> Result<String, QuotingError> {
    let reach = setup.reach;
    let name = setup.name;
    let mut text = format!(
        "# {}: does one `residua check`. {} says when.\n\n[Unit]\nDescription=Scheduled checks of residua ({name})\n",
        service_name(name),
        timer_name(name)
    );
    if reach.needs_network() {
        text.push_str("Wants=network-online.target\nAfter=network-online.target\n");
    }
    text.push_str("\n[Service]\nType=oneshot\n");
    command(&mut text, setup)?;
    text.push_str(
        "# 10 inconclusive, 11 residual and 13 overdue are results: hooks, metrics and the log tell them. What remains as a failure of\n\
         # the service is 1, an error, and 12, a document that failed a check.\n\
         SuccessExitStatus=10 11 13\n\
         # A scan takes as long as it takes. A stop ends the running scan too, which leaves no half file.\n\
         TimeoutStartSec=infinity\nTimeoutStopSec=2min\nKillMode=control-group\nNice=10\nIOSchedulingClass=idle\n",
    );
    secrets(&mut text, reach)?;
    files(&mut text, reach)?;
    network(&mut text, reach);
    text.push_str(
        "\n# Everything else that a check does without.\n\
         NoNewPrivileges=yes\nCapabilityBoundingSet=\nAmbientCapabilities=\nPrivateDevices=yes\nDevicePolicy=closed\n\
         ProtectClock=yes\nProtectControlGroups=yes\nProtectHostname=yes\nProtectKernelLogs=yes\nProtectKernelModules=yes\n\
         ProtectKernelTunables=yes\nProtectProc=invisible\nRestrictNamespaces=yes\nRestrictRealtime=yes\nRestrictSUIDSGID=yes\n\
         LockPersonality=yes\nMemoryDenyWriteExecute=yes\nSystemCallArchitectures=native\nSystemCallFilter=@system-service\n\
         SystemCallErrorNumber=EPERM\n",
    );
    if reach.has_hooks {
        text.push_str(
            "# The commands under [hooks] run inside of this service and are confined with it: they write nowhere else, reach no device, and\n\
             # gain no privilege, so that a mail program that is set-user-ID fails. Let such a hook speak to a server, or loosen what it needs\n\
             # by `systemctl edit`.\n",
        );
    }
    Ok(text)
}

/// What is run, and as whom.
fn command(text: &mut String, setup: &Setup<'_>) -> Result<(), QuotingError> {
    let program = quoting::text(setup.program, UNIT)?;
    if program.contains(['"', '\'', '\\']) {
        let why = "has a quotation mark or a backslash, which systemd refuses in the path of a program";
        return Err(QuotingError::Path { path: setup.program.to_owned(), place: UNIT, why });
    }
    let config = quoting::text(setup.config, UNIT)?;
    // By the colon no variable is put into the words: a `$` stands for itself.
    let _ = writeln!(text, "ExecStart={} check --config {}", quoting::systemd(&format!(":{program}")), quoting::systemd(config));
    if let Some(user) = setup.user {
        quoting::account(user)?;
        let _ = writeln!(text, "User={user}");
    }
    if let Some(ledger) = setup.ledger {
        let ledger = quoting::text(ledger, UNIT)?;
        let _ = writeln!(
            text,
            "# The settings name no ledger: this is the usual one.\nEnvironment={}",
            quoting::systemd(&format!("RESIDUA_LEDGER={ledger}"))
        );
    }
    Ok(())
}

/// Where the values of `[environment]` come from.
fn secrets(text: &mut String, reach: &Reach) -> Result<(), QuotingError> {
    if !reach.credentials.is_empty() {
        let _ = write!(
            text,
            "\n# What `{{ credential = … }}` names in the settings: the first line of each file, which belongs to root alone (mode 0600). Put the values\n\
             # there, or name other files; LoadCredentialEncrypted= takes what `systemd-creds encrypt` made.\n"
        );
    }
    for name in &reach.credentials {
        quoting::credential(name)?;
        let _ = writeln!(text, "LoadCredential={name}:{CREDENTIALS}/{name}");
    }
    for name in &reach.variables {
        quoting::variable(name)?;
        let _ = writeln!(
            text,
            "\n# The settings take {name} from the environment: set it by `systemctl edit`, with EnvironmentFile= and not in this file, which\n\
             # everybody can read."
        );
    }
    Ok(())
}

/// Which files it sees and changes.
fn files(text: &mut String, reach: &Reach) -> Result<(), QuotingError> {
    text.push_str("\n# The whole file system can only be read, but for what a check writes. These folders have to be there.\nProtectSystem=strict\n");
    for path in &reach.written {
        if path.parent().is_none() {
            let why = "would let the service write everywhere; name another folder in the settings";
            return Err(QuotingError::Path { path: path.clone(), place: "ReadWritePaths= of the unit", why });
        }
        let _ = writeln!(text, "ReadWritePaths={}", quoting::systemd(quoting::text(path, UNIT)?));
    }
    let apart = reach.kept_apart();
    if !apart.is_empty() {
        text.push_str("# They lie in a folder that is written, and stay as they are.\n");
    }
    for path in apart {
        // What is not there is passed over: a source may have been deleted, which is what a scan is to find.
        let _ = writeln!(text, "ReadOnlyPaths={}", quoting::systemd(&format!("-{}", quoting::text(path, UNIT)?)));
    }
    text.push_str(if reach.needs_homes() {
        "# Homes can be read: something that the settings name lies there, or may lie there (a password file, a hook).\nProtectHome=read-only\n"
    } else {
        "ProtectHome=yes\n"
    });
    text.push_str(if reach.needs_temporary() {
        "# No PrivateTmp=: the settings name files below /tmp or /var/tmp, where they may be removed at any time.\n\
         ReadWritePaths=/tmp /var/tmp\n"
    } else {
        "PrivateTmp=yes\n"
    });
    text.push_str(if reach.has_readers {
        "# Metrics are read by another account. What is for this one alone (answers, findings, keys) is written so, whatever this says.\nUMask=0022\n"
    } else {
        "# Where another account of the group fetches what is in the outbox: 0027.\nUMask=0077\n"
    });
    Ok(())
}

fn network(text: &mut String, reach: &Reach) {
    text.push_str(if reach.needs_network() {
        "\nRestrictAddressFamilies=AF_UNIX AF_INET AF_INET6\n"
    } else {
        "\n# No source is a server and there are no hooks, so that nothing goes over the network.\nPrivateNetwork=yes\nRestrictAddressFamilies=AF_UNIX\n"
    });
}

/// The timer, which starts the service; by an expression of systemd.time(7) where one is given.
pub(crate) fn timer(setup: &Setup<'_>, every: Every, calendar: Option<&str>) -> Result<String, QuotingError> {
    let name = setup.name;
    let mut text = format!(
        "# {}: starts {}. It is no harm to start it often: what is not due is not done.\n",
        timer_name(name),
        service_name(name)
    );
    if let Some(hours) = setup.hours {
        let _ = writeln!(
            text,
            "# The settings let scans begin from {hours}. That is for `check` to keep to: the timer need not know it, and what came in\n\
             # is looked at all day."
        );
    }
    let _ = write!(text, "\n[Unit]\nDescription=Time of the scheduled checks of residua ({name})\n\n[Timer]\n");
    if let Some(calendar) = calendar {
        quoting::calendar(calendar)?;
        let _ = writeln!(text, "OnCalendar={calendar}");
    } else {
        let (times, delay) = match every {
            Every::Hour => ("*-*-* *:00:00 UTC", "15min"),
            Every::Day => ("*-*-* 00:00:00 UTC", "4h"),
        };
        let _ = write!(
            text,
            "# In UTC, as all dates of residua are. Each machine waits a time of its own, which stays the same.\n\
             OnCalendar={times}\nRandomizedDelaySec={delay}\nFixedRandomDelay=yes\n"
        );
    }
    text.push_str(
        "# A run that was missed while the machine was off is caught up.\nPersistent=yes\n\n[Install]\nWantedBy=timers.target\n",
    );
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn setup<'a>(reach: &'a Reach, program: &'a str, config: &'a str) -> Setup<'a> {
        Setup {
            name: "crm",
            program: Path::new(program),
            config: Path::new(config),
            user: Some("residua"),
            ledger: None,
            reach,
            hours: None,
        }
    }

    fn holds(text: &str, line: &str) -> bool {
        text.lines().any(|other| other == line)
    }

    #[test]
    fn a_recipient_of_files_is_closed_in() {
        let reach = Reach { written: ["/srv/in", "/srv/out 50%"].map(PathBuf::from).to_vec(), ..Reach::default() };
        let text = service(&setup(&reach, "/usr/bin/residua", "/etc/residua/a b.toml")).unwrap();
        for line in [
            "ExecStart=:/usr/bin/residua check --config \"/etc/residua/a b.toml\"",
            "User=residua",
            "ReadWritePaths=/srv/in",
            "ReadWritePaths=\"/srv/out 50%%\"",
            "ProtectSystem=strict",
            "ProtectHome=yes",
            "PrivateTmp=yes",
            "PrivateNetwork=yes",
            "RestrictAddressFamilies=AF_UNIX",
            "SuccessExitStatus=10 11 13",
            "UMask=0077",
        ] {
            assert!(holds(&text, line), "{line}\n{text}");
        }
        assert!(!text.contains("hooks]") && !text.contains("LoadCredential") && !text.contains("network-online"));
        assert!(text.lines().all(|line| line.chars().count() <= 160), "{text}");
    }

    #[test]
    fn what_the_settings_need_is_let_in() {
        let reach = Reach {
            written: ["/srv", "/srv/in"].map(PathBuf::from).to_vec(),
            read: ["/srv/key", "/tmp/x", "/srv/in"].map(PathBuf::from).to_vec(),
            has_servers: true,
            has_hooks: true,
            has_readers: true,
            credentials: vec!["crm".to_owned()],
            variables: vec!["OTHER".to_owned()],
        };
        let ledger = Path::new("/srv/the ledger");
        let text = service(&Setup { ledger: Some(ledger), ..setup(&reach, "/opt/50%/residua", "/c") }).unwrap();
        for line in [
            "ExecStart=:/opt/50%%/residua check --config /c",
            "Environment=\"RESIDUA_LEDGER=/srv/the ledger\"",
            "ReadOnlyPaths=-/srv/key",
            "ProtectHome=read-only",
            "ReadWritePaths=/tmp /var/tmp",
            "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6",
            "LoadCredential=crm:/etc/residua/credentials/crm",
            "UMask=0022",
        ] {
            assert!(holds(&text, line), "{line}\n{text}");
        }
        assert!(!text.contains("ReadOnlyPaths=-/srv/in") && !text.contains("PrivateTmp=yes") && !text.contains("PrivateNetwork"));
        assert!(text.contains("confined with it") && text.contains("take OTHER from the environment"));
        assert!(text.lines().all(|line| line.chars().count() <= 160), "{text}");
    }

    #[test]
    fn nothing_is_written_into_a_unit_that_would_mean_something_else() {
        let sound = Reach::default();
        service(&setup(&sound, "/bin/r", "/c\\d'\"$x.toml")).unwrap();
        for (program, config) in
            [("/bin/o'ne", "/c"), ("/bin/a\"b", "/c"), ("/bin/a\\b", "/c"), ("/bin/a\nb", "/c"), ("/bin/r", "/c\nUser=root")]
        {
            service(&setup(&sound, program, config)).unwrap_err();
        }
        for reach in [
            Reach { written: vec![PathBuf::from("/")], ..Reach::default() },
            Reach { written: vec![PathBuf::from("/a\nUser=root")], ..Reach::default() },
            Reach { credentials: vec!["a\nUser=root".to_owned()], ..Reach::default() },
            Reach { variables: vec!["A\nUser=root".to_owned()], ..Reach::default() },
        ] {
            service(&setup(&reach, "/bin/r", "/c")).unwrap_err();
        }
        service(&Setup { user: Some("a\nb"), ..setup(&sound, "/bin/r", "/c") }).unwrap_err();
        timer(&setup(&sound, "/bin/r", "/c"), Every::Hour, Some("daily\nUnit=x")).unwrap_err();
    }

    #[test]
    fn the_timer_says_when() {
        let reach = Reach::default();
        let setup = setup(&reach, "/bin/r", "/c");
        let text = timer(&setup, Every::Hour, None).unwrap();
        assert!(holds(&text, "OnCalendar=*-*-* *:00:00 UTC") && holds(&text, "Persistent=yes"), "{text}");
        assert!(!text.contains("scans begin"));
        let text =
            timer(&Setup { hours: Some("22:00 to 05:00 UTC"), ..setup }, Every::Day, Some("Mon *-*-* 03:00:00 UTC")).unwrap();
        assert!(
            holds(&text, "OnCalendar=Mon *-*-* 03:00:00 UTC") && text.contains("scans begin from 22:00 to 05:00 UTC"),
            "{text}"
        );
    }
}
