//! Where a PostgreSQL server is and who asks, as the users of psql expect: from the URL, a service file, the environment and a password
//! file, in this order (PostgreSQL's documentation, libpq, sections "Connection URIs", "The Connection Service File", "Environment
//! Variables" and "The Password File").

mod passfile;

use crate::source::ServerError;
use crate::source::ServerOptions;
use crate::source::server::Asked;
use crate::source::server::CONNECT_PATIENCE;
use crate::source::server::Roots;
use crate::source::server::ServerUrl;
use crate::source::server::TlsMode;
use crate::source::server::named;
use configparser::ini::Ini;
use postgres::Config;
use postgres::config::SslMode;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;
use zeroize::Zeroizing;

const KIND: &str = "PostgreSQL";
const PORT: u16 = 5432;

/// Where the socket lies, where nothing is said: Debian's folder, then that of PostgreSQL itself.
const SOCKET_FOLDERS: [&str; 2] = ["/var/run/postgresql", "/tmp"];

/// Seconds without a word after which a connection that waits shows that it lives: firewalls forget silent ones.
const KEEPALIVE: Duration = Duration::from_mins(1);

/// Parameters of a connection, and the variables of the environment that stand for them.
const VARIABLES: [(&str, &str); 15] = [
    ("host", "PGHOST"),
    ("hostaddr", "PGHOSTADDR"),
    ("port", "PGPORT"),
    ("dbname", "PGDATABASE"),
    ("user", "PGUSER"),
    ("password", "PGPASSWORD"),
    ("passfile", "PGPASSFILE"),
    ("options", "PGOPTIONS"),
    ("sslmode", "PGSSLMODE"),
    ("sslrootcert", "PGSSLROOTCERT"),
    ("sslcert", "PGSSLCERT"),
    ("sslkey", "PGSSLKEY"),
    ("connect_timeout", "PGCONNECT_TIMEOUT"),
    ("target_session_attrs", "PGTARGETSESSIONATTRS"),
    ("channel_binding", "PGCHANNELBINDING"),
];

/// Parameters that have no meaning here, and do no harm.
const WITHOUT_MEANING: [&str; 17] = [
    "application_name",
    "fallback_application_name",
    "client_encoding",
    "gssencmode",
    "krbsrvname",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
    "sslcompression",
    "sslsni",
    "ssl_min_protocol_version",
    "ssl_max_protocol_version",
    "load_balance_hosts",
    "requiressl",
    "require_auth",
];

/// Where a server is, and who asks.
pub(super) struct Address {
    /// All but the database.
    config: Config,
    pub(super) tls: TlsMode,
    pub(super) roots: Roots,
    pub(super) asked: Asked,
    /// The URL without user, password and parameters, without the database: `postgres://host:5433/`.
    base: String,
    password: Option<Zeroizing<String>>,
    passwords: passfile::Passwords,
    user: Option<String>,
    /// Host and port by which the password file knows the server.
    place: (String, u16),
}

impl Address {
    /// Follows what stands behind `postgres:`.
    pub(super) fn resolve(url: &str, options: &ServerOptions) -> Result<Address, ServerError> {
        let fault = |fault: String| ServerError::Address { kind: KIND, fault };
        let url = ServerUrl::parse(url).map_err(|message| fault(message.to_owned()))?;
        let mut parameters = of_url(&url).map_err(fault)?;
        add_service(&mut parameters, options).map_err(fault)?;
        for (name, variable) in VARIABLES {
            if let Some(value) = options.variable(variable) {
                parameters.entry(name.to_owned()).or_insert(Zeroizing::new(value));
            }
        }
        let mut address = Address::of(&parameters, options).map_err(fault)?;
        let home = options.variable("HOME").or_else(|| options.variable("USERPROFILE")).map(PathBuf::from);
        let named = parameters.get("passfile").filter(|path| !path.is_empty()).map(|path| PathBuf::from(path.as_str()));
        if let Some(path) = named.or_else(|| home.map(|home| home.join(".pgpass"))) {
            address.passwords = passfile::Passwords::read(&path).map_err(ServerError::File)?;
        }
        Ok(address)
    }

    fn of(parameters: &Parameters, options: &ServerOptions) -> Result<Address, String> {
        let get = |name: &str| parameters.get(name).map(|value| value.as_str()).filter(|value| !value.is_empty());
        let mut config = Config::new();
        let hosts: Vec<&str> = get("host").map_or_else(Vec::new, |hosts| hosts.split(',').collect());
        let ports: Vec<&str> = get("port").map_or_else(Vec::new, |ports| ports.split(',').collect());
        if ports.len() > 1 && ports.len() != hosts.len() {
            return Err("there are as many ports as hosts, or one".to_owned());
        }
        let port = |index: usize| match ports.get(index).or(ports.first()).copied() {
            None | Some("") => Ok(PORT),
            Some(port) => port.parse::<u16>().map_err(|_| "a port is a number up to 65535".to_owned()),
        };
        let folder = || SOCKET_FOLDERS.into_iter().find(|folder| Path::new(folder).is_dir()).unwrap_or("/tmp").to_owned();
        let count = hosts.len().max(1);
        let mut places = Vec::with_capacity(count);
        for index in 0..count {
            let host = hosts.get(index).copied().unwrap_or_default();
            places.push((if host.is_empty() { folder() } else { host.to_owned() }, port(index)?));
        }
        for (host, port) in &places {
            if host.starts_with('/') {
                config.host_path(host)
            } else {
                config.host(host)
            };
            config.port(*port);
        }
        if let Some(address) = get("hostaddr") {
            for address in address.split(',') {
                config.hostaddr(address.parse().map_err(|_| "`hostaddr` is an address of numbers".to_owned())?);
            }
        }
        let user = get("user").map(str::to_owned).or_else(|| options.variable("USER")).or_else(|| options.variable("LOGNAME"));
        if let Some(user) = &user {
            config.user(user);
        }
        if let Some(extra) = get("options") {
            config.options(extra);
        }
        let patience = match get("connect_timeout").map(str::parse::<u64>) {
            None | Some(Ok(0)) => CONNECT_PATIENCE,
            Some(Ok(seconds)) => Duration::from_secs(seconds),
            Some(Err(_)) => return Err("`connect_timeout` is a number of seconds".to_owned()),
        };
        config.application_name("residua").connect_timeout(patience).keepalives_idle(KEEPALIVE);
        wanted_server(&mut config, get("target_session_attrs"), get("channel_binding"))?;
        let is_here = places.iter().all(|(host, _)| is_local(host));
        let roots = roots(get("sslrootcert"), get("sslcert"), get("sslkey"));
        let tls = tls_mode(get("sslmode"), is_here, roots.authorities.is_some())?;
        config.ssl_mode(match tls {
            TlsMode::Off => SslMode::Disable,
            TlsMode::Preferred => SslMode::Prefer,
            TlsMode::Required | TlsMode::Authority | TlsMode::Full => SslMode::Require,
        });
        let is_nowhere = hosts.iter().all(|host| host.is_empty());
        let (host, port) = places[0].clone();
        Ok(Address {
            base: base(if is_nowhere { &[] } else { &places }, port),
            asked: get("dbname").map_or(Asked::All, |name| Asked::One(name.to_owned())),
            password: parameters.get("password").filter(|password| !password.is_empty()).cloned(),
            passwords: passfile::Passwords::default(),
            place: (if SOCKET_FOLDERS.contains(&host.as_str()) { "localhost".to_owned() } else { host }, port),
            config,
            tls,
            roots,
            user,
        })
    }

    /// The name of one of its databases as a source.
    pub(super) fn name_of(&self, database: &str) -> String {
        named(&self.base, database)
    }

    /// The name of the server, where no database of it is meant.
    pub(super) fn name(&self) -> &str {
        &self.base
    }

    /// How to connect to one of its databases.
    pub(super) fn config(&self, database: &str) -> Config {
        let mut config = self.config.clone();
        config.dbname(database);
        let user = self.user.as_deref().unwrap_or_default();
        if let Some(password) = &self.password {
            config.password(password.as_str());
        } else if let Some(password) = self.passwords.find(&self.place.0, self.place.1, database, user) {
            config.password(password);
        }
        config
    }

    /// Who asks, as far as that is known before the server says it.
    pub(super) fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }
}

type Parameters = BTreeMap<String, Zeroizing<String>>;

fn of_url(url: &ServerUrl) -> Result<Parameters, String> {
    let mut parameters = Parameters::new();
    let mut add = |name: &str, value: String| parameters.insert(name.to_owned(), Zeroizing::new(value));
    if !url.hosts.is_empty() {
        let ports = url.hosts.iter().map(|(_, port)| port.map(|port| port.to_string()).unwrap_or_default());
        let ports = ports.collect::<Vec<_>>().join(",");
        add("host", url.hosts.iter().map(|(host, _)| host.as_str()).collect::<Vec<_>>().join(","));
        if ports.bytes().any(|byte| byte != b',') {
            add("port", ports);
        }
    }
    for (name, value) in [("dbname", &url.database), ("user", &url.user)] {
        if let Some(value) = value {
            add(name, value.clone());
        }
    }
    if let Some(password) = &url.password {
        parameters.insert("password".to_owned(), password.clone());
    }
    for (name, value) in &url.parameters {
        let name = if name == "ssl" && value.as_str() == "true" { "sslmode" } else { name.as_str() };
        let is_known = name == "service" || VARIABLES.iter().any(|(known, _)| *known == name) || WITHOUT_MEANING.contains(&name);
        if !is_known {
            return Err("behind the `?` stands a parameter that this program does not know".to_owned());
        }
        let value =
            if name == "sslmode" && value.as_str() == "true" { Zeroizing::new("require".to_owned()) } else { value.clone() };
        parameters.insert(name.to_owned(), value);
    }
    Ok(parameters)
}

/// Adds what a service file says, where the URL does not say it.
fn add_service(parameters: &mut Parameters, options: &ServerOptions) -> Result<(), String> {
    let Some(service) = parameters.get("service").map(|service| service.to_string()).or_else(|| options.variable("PGSERVICE"))
    else {
        return Ok(());
    };
    let home = options.variable("HOME").map(|home| Path::new(&home).join(".pg_service.conf"));
    let own = options.variable("PGSERVICEFILE").map(PathBuf::from).or(home);
    let folder = options.variable("PGSYSCONFDIR").unwrap_or_else(|| "/etc/postgresql-common".to_owned());
    let common = Path::new(&folder).join("pg_service.conf");
    for path in own.into_iter().chain([common]) {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let text = Zeroizing::new(text);
        let mut file = Ini::new_cs();
        // A password may hold what elsewhere begins a comment, and a colon.
        file.set_inline_comment_symbols(Some(&[]));
        file.set_comment_symbols(&['#']);
        let mut defaults = file.defaults();
        defaults.delimiters = vec!['='];
        file.load_defaults(defaults);
        let sections = file.read(text.to_string()).map_err(|_| format!("the service file `{}` is malformed", path.display()))?;
        if let Some(section) = sections.get(&service) {
            for (name, value) in section {
                let value = Zeroizing::new(value.clone().unwrap_or_default());
                parameters.entry(name.clone()).or_insert(value);
            }
            return Ok(());
        }
    }
    Err("no service file holds the service that was named".to_owned())
}

/// Which of several hosts is meant, and whether the password is tied to the certificate.
fn wanted_server(config: &mut Config, attributes: Option<&str>, binding: Option<&str>) -> Result<(), String> {
    use postgres::config::ChannelBinding;
    use postgres::config::TargetSessionAttrs;
    config.target_session_attrs(match attributes {
        None | Some("any") => TargetSessionAttrs::Any,
        Some("read-write" | "primary") => TargetSessionAttrs::ReadWrite,
        Some("read-only" | "standby" | "prefer-standby") => TargetSessionAttrs::ReadOnly,
        Some(_) => return Err("`target_session_attrs` is `any`, `read-write` or `read-only`".to_owned()),
    });
    config.channel_binding(match binding {
        None | Some("prefer") => ChannelBinding::Prefer,
        Some("disable") => ChannelBinding::Disable,
        Some("require") => ChannelBinding::Require,
        Some(_) => return Err("`channel_binding` is `disable`, `prefer` or `require`".to_owned()),
    });
    Ok(())
}

fn roots(authorities: Option<&str>, certificate: Option<&str>, key: Option<&str>) -> Roots {
    Roots {
        authorities: authorities.filter(|path| *path != "system").map(PathBuf::from),
        client: certificate.zip(key).map(|(certificate, key)| (certificate.into(), key.into())),
    }
}

/// The words of `sslmode`. Where none is given, a server elsewhere has to show that it is the one; one on this machine has not.
fn tls_mode(word: Option<&str>, is_here: bool, has_authorities: bool) -> Result<TlsMode, String> {
    Ok(match word {
        None if is_here && !has_authorities => TlsMode::Preferred,
        None | Some("verify-full") => TlsMode::Full,
        Some("disable") => TlsMode::Off,
        Some("allow" | "prefer") => TlsMode::Preferred,
        // As libpq: who gives an authority wants it asked.
        Some("require") if has_authorities => TlsMode::Authority,
        Some("require") => TlsMode::Required,
        Some("verify-ca") => TlsMode::Authority,
        Some(_) => return Err("`sslmode` is `disable`, `prefer`, `require`, `verify-ca` or `verify-full`".to_owned()),
    })
}

/// Whether a host is this machine.
fn is_local(host: &str) -> bool {
    host.starts_with('/') || host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn base(places: &[(String, u16)], port: u16) -> String {
    let ported = |host: &str, port: u16| if port == PORT { host.to_owned() } else { format!("{host}:{port}") };
    let shown = |(host, port): &(String, u16)| match host {
        host if host.starts_with('/') => ported(&host.replace('%', "%25").replace('/', "%2F"), *port),
        host if host.contains(':') => ported(&format!("[{host}]"), *port),
        host => ported(host, *port),
    };
    let hosts: Vec<String> = if places.is_empty() { vec![ported("", port)] } else { places.iter().map(shown).collect() };
    format!("postgres://{}/", hosts.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(url: &str) -> Address {
        Address::resolve(url, &ServerOptions::default()).unwrap()
    }

    fn fault(url: &str) -> String {
        Address::resolve(url, &ServerOptions::default()).map(|_| ()).unwrap_err().to_string()
    }

    #[test]
    fn names_hold_no_login() {
        for (url, name) in [
            ("//me:secret@db.example.com/crm?sslmode=disable", "postgres://db.example.com/crm"),
            ("//me@db.example.com:5433/crm", "postgres://db.example.com:5433/crm"),
            ("//[::1]:5433/crm", "postgres://[::1]:5433/crm"),
            ("///crm", "postgres:///crm"),
            ("///crm?host=/run/pg&port=5433", "postgres://%2Frun%2Fpg:5433/crm"),
            ("//%2Frun%2Fpg/crm", "postgres://%2Frun%2Fpg/crm"),
            ("//a,b:5433/crm", "postgres://a,b:5433/crm"),
            ("//a/odd%20name%2Fx", "postgres://a/odd%20name%2Fx"),
        ] {
            let address = address(url);
            let Asked::One(database) = &address.asked else { panic!("{url} asks for all") };
            assert_eq!(address.name_of(database), name, "{url}");
        }
        assert_eq!(address("//a/").asked, Asked::All);
    }

    #[test]
    fn a_server_elsewhere_has_to_show_who_it_is() {
        let mode = |url: &str| address(url).tls;
        assert_eq!(mode("//db.example.com/crm"), TlsMode::Full);
        assert_eq!(mode("//db.example.com/crm?sslmode=require"), TlsMode::Required);
        assert_eq!(mode("//db.example.com/crm?sslmode=require&sslrootcert=ca.pem"), TlsMode::Authority);
        assert_eq!(mode("//db.example.com,localhost/crm"), TlsMode::Full);
        assert_eq!(mode("//localhost/crm"), TlsMode::Preferred);
        assert_eq!(mode("//127.0.0.1/crm?sslrootcert=ca.pem"), TlsMode::Full);
        assert_eq!(mode("///crm"), TlsMode::Preferred);
        assert_eq!(mode("///crm?sslmode=disable"), TlsMode::Off);
    }

    #[test]
    fn what_is_wrong_is_said_without_the_url() {
        for url in [
            "//h/db?sslmode=secret",
            "//h/db?secret=1",
            "//h/db?connect_timeout=secret",
            "//a,b,c/db?port=1,2",
            "//h/db?service=secret",
        ] {
            assert!(!fault(url).contains("secret"), "{}", fault(url));
        }
    }

    #[test]
    fn a_service_and_the_environment_fill_what_the_url_leaves_open() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("service.conf");
        fs::write(&path, "# services\n[crm]\nhost=db1\nport=5433\ndbname=crm\nuser=me\npassword=a;b#c:d=e\n[other]\nhost=db2\n")
            .unwrap();
        let mut parameters = of_url(&ServerUrl::parse("///?service=crm&user=you").unwrap()).unwrap();
        parameters.insert("servicefile".to_owned(), Zeroizing::default());
        thread_local!(static FILE: std::cell::RefCell<String> = const { std::cell::RefCell::new(String::new()) });
        FILE.set(path.to_string_lossy().into_owned());
        let variable = |name: &str| (name == "PGSERVICEFILE").then(|| FILE.with_borrow(Clone::clone));
        let options = ServerOptions { variable: Some(variable), ..ServerOptions::default() };
        add_service(&mut parameters, &options).unwrap();
        let get = |name: &str| parameters[name].as_str().to_owned();
        assert_eq!(
            (get("host"), get("port"), get("user"), get("password")),
            ("db1".into(), "5433".into(), "you".into(), "a;b#c:d=e".into())
        );
        let options =
            ServerOptions { variable: Some(|name| (name == "PGHOST").then(|| "db3".to_owned())), ..ServerOptions::default() };
        assert_eq!(Address::resolve("//", &options).unwrap().name(), "postgres://db3/");
    }
}
