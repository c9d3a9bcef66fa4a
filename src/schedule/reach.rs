//! What a run of `check` reaches on its machine, by the settings: what it writes, what it reads, whether it goes to a server. From this follows how far
//! a service can be closed in.

use crate::schedule::settings::Secret;
use crate::schedule::settings::Settings;
use std::path::Path;
use std::path::PathBuf;

/// Folders in which people live.
const HOMES: [&str; 3] = ["/home", "/root", "/run/user"];

/// Folders that a service gets of its own.
const TEMPORARY: [&str; 2] = ["/tmp", "/var/tmp"];

/// What is reached. All paths are absolute and without `.` and `..`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reach {
    /// Folders in which files are made, changed and moved, sorted.
    pub(crate) written: Vec<PathBuf>,
    /// Files and folders that are read, sorted; the program and the settings among them.
    pub(crate) read: Vec<PathBuf>,
    /// Whether a source is a server.
    pub(crate) has_servers: bool,
    /// Whether commands are told what happened: nobody knows what these reach.
    pub(crate) has_hooks: bool,
    /// Whether another account reads what is written: that of Prometheus.
    pub(crate) has_readers: bool,
    /// Credentials of the service manager, by name, sorted.
    pub(crate) credentials: Vec<String>,
    /// Variables that have to be set outside, by name, sorted.
    pub(crate) variables: Vec<String>,
}

impl Reach {
    /// Collects it. `settle` makes an absolute path of one that is written in the settings; `is_server` tells a server from a file.
    pub(crate) fn of(
        settings: &Settings,
        (program, config, ledger): (&Path, &Path, Option<&Path>),
        settle: impl Fn(&Path) -> PathBuf,
        is_server: impl Fn(&str) -> bool,
    ) -> Reach {
        let mut written = Vec::new();
        let mut read = vec![program.to_owned(), config.to_owned()];
        let mut has_servers = false;
        if let Some(own) = &settings.originator {
            written.extend([&own.inbox, &own.outbox, &own.state].map(|path| settle(path)));
            written.extend(ledger.map(Path::to_owned));
            read.push(settle(&own.key));
            read.extend(own.passphrase_file.iter().map(|path| settle(path)));
            read.extend(own.supply.iter().filter_map(|rule| rule.accept.as_ref()).map(|path| settle(path)));
        }
        if let Some(own) = &settings.recipient {
            written.extend([&own.inbox, &own.outbox, &own.state].map(|path| settle(path)));
            read.push(settle(&own.key));
            read.extend(own.originators.iter().chain(&own.map).chain(&own.declare).map(|path| settle(path)));
            for source in &own.sources {
                if is_server(source) {
                    has_servers = true;
                } else {
                    read.push(settle(Path::new(source.strip_prefix("sqlite:").unwrap_or(source))));
                }
            }
        }
        // The metrics appear by a new name in their folder, and a log that is not there yet is made in its own.
        for file in [&settings.metrics, &settings.log].into_iter().flatten() {
            written.extend(settle(file).parent().map(Path::to_owned));
        }
        let (mut credentials, mut variables) = (Vec::new(), Vec::new());
        for secret in settings.environment.values() {
            match secret {
                Secret::File(path) => read.push(settle(path)),
                Secret::Credential(name) => credentials.push(name.clone()),
                Secret::Variable(name) => variables.push(name.clone()),
            }
        }
        let hooks = &settings.hooks;
        let hooks = [&hooks.on_clear, &hooks.on_residual, &hooks.on_inconclusive, &hooks.on_overdue, &hooks.on_error];
        let programs: Vec<&String> = hooks.into_iter().filter_map(|hook| hook.first()).collect();
        read.extend(programs.iter().map(Path::new).filter(|program| program.is_absolute()).map(Path::to_owned));
        let mut reach = Reach {
            written,
            read,
            has_servers,
            has_hooks: !programs.is_empty(),
            has_readers: settings.metrics.is_some(),
            credentials,
            variables,
        };
        reach.written.sort();
        reach.written.dedup();
        reach.read.sort();
        reach.read.dedup();
        reach.credentials.sort();
        reach.credentials.dedup();
        reach.variables.sort();
        reach.variables.dedup();
        reach
    }

    /// What is read and lies in a folder that is written, so that it has to be kept from being written by itself.
    pub(crate) fn kept_apart(&self) -> Vec<&Path> {
        let temporary = TEMPORARY.iter().map(Path::new).filter(|_| self.needs_temporary());
        let folders: Vec<&Path> = self.written.iter().map(PathBuf::as_path).chain(temporary).collect();
        let is_below = |path: &Path| folders.iter().any(|folder| path != *folder && path.starts_with(folder));
        let read = self.read.iter().map(PathBuf::as_path);
        read.filter(|path| is_below(path) && !self.written.iter().any(|folder| folder == path)).collect()
    }

    /// Whether anything may lie where people live: what is named, or what is not, such as password files and the programs of hooks.
    pub(crate) fn needs_homes(&self) -> bool {
        self.has_servers || self.has_hooks || self.is_in(&HOMES)
    }

    /// Whether anything lies in a folder that a service with temporary folders of its own would not see.
    pub(crate) fn needs_temporary(&self) -> bool {
        self.is_in(&TEMPORARY)
    }

    /// Whether the network may be needed.
    pub(crate) fn needs_network(&self) -> bool {
        self.has_servers || self.has_hooks
    }

    fn is_in(&self, folders: &[&str]) -> bool {
        self.written.iter().chain(&self.read).any(|path| folders.iter().any(|folder| path.starts_with(folder)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(text: &str) -> Reach {
        let settings = Settings::parse(text).unwrap();
        let paths = (Path::new("/usr/bin/residua"), Path::new("/etc/residua/r.toml"), None);
        Reach::of(&settings, paths, |path| Path::new("/etc/residua").join(path), |source| source.contains("://"))
    }

    const RECIPIENT: &str =
        "[recipient]\nkey = \"k\"\noriginators = [\"o\"]\ninbox = \"/srv/in\"\noutbox = \"/srv/out\"\nstate = \"/srv/state\"\n";

    #[test]
    fn what_is_written_is_named_and_nothing_else() {
        let files = reach(&format!("{RECIPIENT}sources = [\"sqlite:/data/crm.db\", \"exports\"]"));
        assert_eq!(files.written, ["/srv/in", "/srv/out", "/srv/state"].map(PathBuf::from));
        let read = [
            "/data/crm.db",
            "/etc/residua/exports",
            "/etc/residua/k",
            "/etc/residua/o",
            "/etc/residua/r.toml",
            "/usr/bin/residua",
        ];
        assert_eq!(files.read, read.map(PathBuf::from));
        assert!(!files.needs_homes() && !files.needs_network() && !files.needs_temporary() && !files.has_readers);
        assert!(files.kept_apart().is_empty());
    }

    #[test]
    fn settings_beside_a_log_are_kept_from_being_written() {
        let text =
            format!("log = \"residua.log\"\nmetrics = \"/srv/prom/r.prom\"\n{RECIPIENT}sources = [\"/srv/state\", \"/srv/x\"]");
        let reach = reach(&text);
        assert_eq!(reach.written, ["/etc/residua", "/srv/in", "/srv/out", "/srv/prom", "/srv/state"].map(PathBuf::from));
        assert_eq!(reach.kept_apart(), ["/etc/residua/k", "/etc/residua/o", "/etc/residua/r.toml"].map(Path::new));
        assert!(reach.has_readers);
    }

    #[test]
    fn servers_homes_and_hooks_are_seen() {
        assert!(reach(&format!("{RECIPIENT}sources = [\"postgres://h/d\"]")).needs_network());
        assert!(reach(&format!("{RECIPIENT}sources = [\"postgres://h/d\"]")).needs_homes());
        for home in HOMES {
            assert!(reach(&format!("{RECIPIENT}sources = [\"{home}/a/x.csv\"]")).needs_homes());
            assert!(!reach(&format!("{RECIPIENT}sources = [\"{home}s/a/x.csv\"]")).needs_homes());
        }
        assert!(reach(&format!("{RECIPIENT}sources = [\"/var/tmp/x.csv\"]")).needs_temporary());
        let hooks = reach(&format!("{RECIPIENT}sources = [\"x\"]\n[hooks]\non_error = [\"/opt/tell\"]"));
        assert!(hooks.has_hooks && hooks.needs_network() && hooks.read.contains(&PathBuf::from("/opt/tell")));
        let secrets = "[environment]\nB = { credential = \"crm\" }\nA = { credential = \"crm\" }\nC = { variable = \"D\" }\nE = { file = \"f\" }";
        let secrets = reach(&format!("{RECIPIENT}sources = [\"x\"]\n{secrets}"));
        assert_eq!((secrets.credentials, secrets.variables), (vec!["crm".to_owned()], vec!["D".to_owned()]));
        assert!(secrets.read.contains(&PathBuf::from("/etc/residua/f")));
    }
}
