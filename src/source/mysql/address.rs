//! Where a `MySQL` or `MariaDB` server is and who asks, as the users of the command-line clients expect: from the URL, an option file and the
//! environment, in this order (`MySQL`'s reference manual, "Command Options for Connecting to the Server" and "Environment Variables").

mod option_file;

use crate::source::ServerError;
use crate::source::ServerOptions;
use crate::source::server::Asked;
use crate::source::server::Roots;
use crate::source::server::ServerUrl;
use crate::source::server::TlsMode;
use crate::source::server::named;
use option_file::Settings;
use std::path::Path;
use std::path::PathBuf;
use zeroize::Zeroizing;

/// As messages name the servers.
pub(super) const KIND: &str = "MySQL";

const PORT: u16 = 3306;

/// Where a server on this machine listens, where nothing is said.
const SOCKETS: [&str; 3] = ["/run/mysqld/mysqld.sock", "/var/lib/mysql/mysql.sock", "/tmp/mysql.sock"];

/// Parameters of a URL.
const PARAMETERS: [&str; 5] = ["ssl-mode", "ssl-ca", "ssl-cert", "ssl-key", "socket"];

/// Options, and the variables of the environment that stand for them.
const VARIABLES: [(&str, &str); 4] =
    [("host", "MYSQL_HOST"), ("port", "MYSQL_TCP_PORT"), ("socket", "MYSQL_UNIX_PORT"), ("password", "MYSQL_PWD")];

/// Where a server is, and who asks.
pub(super) struct Address {
    /// Without a socket.
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) socket: Option<PathBuf>,
    pub(super) user: Option<String>,
    pub(super) password: Option<Zeroizing<String>>,
    pub(super) tls: TlsMode,
    pub(super) roots: Roots,
    pub(super) asked: Asked,
    /// The URL without user, password and parameters, without the database: `mysql://host:3307/`.
    base: String,
}

impl Address {
    /// Follows what stands behind `mysql:`.
    pub(super) fn resolve(url: &str, options: &ServerOptions) -> Result<Address, ServerError> {
        let fault = |fault: String| ServerError::Address { kind: KIND, fault };
        let url = ServerUrl::parse(url).map_err(|message| fault(message.to_owned()))?;
        let own = of_url(&url).map_err(fault)?;
        let home = options.variable("HOME").or_else(|| options.variable("USERPROFILE")).map(PathBuf::from);
        let file = match (&options.defaults_file, home) {
            (Some(path), _) => option_file::read(path, false),
            (None, Some(home)) => option_file::read(&home.join(".my.cnf"), true),
            (None, None) => Ok(Settings::new()),
        };
        let mut settings = own;
        merge(&mut settings, file.map_err(ServerError::File)?);
        let variables = VARIABLES.iter().filter_map(|(name, variable)| Some((*name, options.variable(variable)?)));
        merge(&mut settings, variables.map(|(name, value)| (name.to_owned(), Zeroizing::new(value))).collect());
        let user = options.variable("USER").or_else(|| options.variable("LOGNAME")).or_else(|| options.variable("USERNAME"));
        Address::of(&settings, user).map_err(fault)
    }

    fn of(settings: &Settings, login: Option<String>) -> Result<Address, String> {
        let get = |name: &str| settings.get(name).map(|value| value.as_str()).filter(|value| !value.is_empty());
        let port = match get("port").map(str::parse::<u16>) {
            None | Some(Ok(0)) => None,
            Some(Ok(port)) => Some(port),
            Some(Err(_)) => return Err("a port is a number up to 65535".to_owned()),
        };
        let host = get("host").unwrap_or_default();
        let is_default_host = host.is_empty() || host == "localhost";
        let roots = Roots {
            authorities: get("ssl-ca").map(PathBuf::from),
            client: get("ssl-cert").zip(get("ssl-key")).map(|(certificate, key)| (certificate.into(), key.into())),
        };
        let asks_for_tls = asks_for_tls(settings);
        let socket = match get("socket") {
            _ if host.starts_with('/') => Some(PathBuf::from(host)),
            Some(socket) if is_default_host => Some(PathBuf::from(socket)),
            // Whoever names a port or wants to know whose server it is means the network.
            None if is_default_host && port.is_none() && !asks_for_tls => {
                SOCKETS.into_iter().map(PathBuf::from).find(|socket| socket.exists())
            }
            _ => None,
        };
        let is_here = socket.is_some() || is_default_host || is_loopback(host);
        let tls = if socket.is_some() { TlsMode::Off } else { tls_mode(settings, is_here, roots.authorities.is_some())? };
        Ok(Address {
            base: base(host, get("socket").map(Path::new).filter(|_| socket.is_some()), port.unwrap_or(PORT)),
            host: if host.is_empty() { "localhost".to_owned() } else { host.to_owned() },
            port: port.unwrap_or(PORT),
            socket,
            user: get("user").map(str::to_owned).or(login),
            password: settings.get("password").cloned(),
            tls,
            roots,
            asked: get("database").map_or(Asked::All, |name| Asked::One(name.to_owned())),
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
}

/// Adds what is not said yet.
fn merge(settings: &mut Settings, more: Settings) {
    // A URL without a database asks for all, and one with a host means its own port and socket.
    for (name, value) in more {
        settings.entry(name).or_insert(value);
    }
}

fn of_url(url: &ServerUrl) -> Result<Settings, String> {
    let mut settings = Settings::new();
    let mut add = |name: &str, value: &str| settings.insert(name.to_owned(), Zeroizing::new(value.to_owned()));
    match url.hosts.as_slice() {
        [] => {}
        [(host, port)] => {
            if !host.is_empty() {
                add("host", host);
                // Port and socket of another server are not meant.
                add("port", "");
                add("socket", "");
            }
            if let Some(port) = port {
                add("port", &port.to_string());
                add("socket", "");
            }
        }
        _ => return Err("it names several hosts; name one".to_owned()),
    }
    if let Some(user) = &url.user {
        add("user", user);
    }
    if let Some(password) = &url.password {
        add("password", password);
    }
    add("database", url.database.as_deref().unwrap_or_default());
    for (name, value) in &url.parameters {
        let name = name.to_ascii_lowercase().replace('_', "-");
        if !PARAMETERS.contains(&name.as_str()) {
            return Err(
                "behind the `?` stands a parameter that this program does not know; it knows `ssl-mode`, `ssl-ca`, `ssl-cert`, \
                 `ssl-key` and `socket`"
                    .to_owned(),
            );
        }
        add(&name, value);
    }
    Ok(settings)
}

/// Whether somebody says how the connection is to be secured.
fn asks_for_tls(settings: &Settings) -> bool {
    let has = |name: &str| settings.get(name).is_some_and(|value| !value.is_empty());
    let mode = settings.get("ssl-mode").map(|mode| mode.to_ascii_uppercase());
    let is_strict = mode.is_some_and(|mode| mode == "REQUIRED" || mode.starts_with("VERIFY_"));
    is_strict || has("ssl-ca") || is_on(settings, "ssl-verify-server-cert") == Some(true)
}

/// Whether an option that needs no value is given: `ssl`, `ssl=1`; `ssl=0`, `skip-ssl` and `disable-ssl` mean that it is not.
fn is_on(settings: &Settings, name: &str) -> Option<bool> {
    if settings.contains_key(&format!("skip-{name}")) || settings.contains_key(&format!("disable-{name}")) {
        return Some(false);
    }
    let value = settings.get(name)?;
    Some(!matches!(value.to_ascii_lowercase().as_str(), "0" | "off" | "false"))
}

/// The words of `ssl-mode`. Where nothing is said, a server elsewhere has to show that it is the one; one on this machine has not.
fn tls_mode(settings: &Settings, is_here: bool, has_authorities: bool) -> Result<TlsMode, String> {
    let word = settings.get("ssl-mode").map(|word| word.to_ascii_uppercase()).filter(|word| !word.is_empty());
    let verifies = is_on(settings, "ssl-verify-server-cert");
    let ssl = is_on(settings, "ssl");
    Ok(match word.as_deref() {
        Some("DISABLED") => TlsMode::Off,
        Some("PREFERRED") => TlsMode::Preferred,
        // Who gives an authority wants it asked.
        Some("REQUIRED") if has_authorities => TlsMode::Authority,
        Some("REQUIRED") => TlsMode::Required,
        Some("VERIFY_CA") => TlsMode::Authority,
        Some("VERIFY_IDENTITY") => TlsMode::Full,
        Some(_) => {
            return Err("`ssl-mode` is `DISABLED`, `PREFERRED`, `REQUIRED`, `VERIFY_CA` or `VERIFY_IDENTITY`".to_owned());
        }
        None if verifies == Some(true) => TlsMode::Full,
        None if ssl == Some(false) => TlsMode::Off,
        None if ssl == Some(true) && verifies == Some(false) => TlsMode::Required,
        None if has_authorities || !is_here => TlsMode::Full,
        None if ssl == Some(true) => TlsMode::Required,
        None => TlsMode::Preferred,
    })
}

fn is_loopback(host: &str) -> bool {
    host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn base(host: &str, socket: Option<&Path>, port: u16) -> String {
    let ported = |host: &str| if port == PORT { host.to_owned() } else { format!("{host}:{port}") };
    let escaped = |path: &str| path.replace('%', "%25").replace('/', "%2F");
    let host = match (socket, host) {
        (Some(socket), _) => escaped(&socket.to_string_lossy()),
        (None, host) if host.starts_with('/') => escaped(host),
        (None, host) if host.contains(':') => ported(&format!("[{host}]")),
        (None, host) => ported(host),
    };
    format!("mysql://{host}/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn address(url: &str) -> Address {
        Address::resolve(url, &ServerOptions::default()).unwrap()
    }

    fn fault(url: &str) -> String {
        Address::resolve(url, &ServerOptions::default()).map(|_| ()).unwrap_err().to_string()
    }

    #[test]
    fn names_hold_no_login() {
        for (url, name) in [
            ("//me:secret@db.example.com/crm?ssl-mode=DISABLED", "mysql://db.example.com/crm"),
            ("//me@db.example.com:3306/crm", "mysql://db.example.com/crm"),
            ("//me@db.example.com:3307/crm", "mysql://db.example.com:3307/crm"),
            ("//[::1]:3307/crm", "mysql://[::1]:3307/crm"),
            ("///crm", "mysql:///crm"),
            ("//localhost/crm?socket=/run/x.sock", "mysql://%2Frun%2Fx.sock/crm"),
            ("//%2Frun%2Fx.sock/crm", "mysql://%2Frun%2Fx.sock/crm"),
            ("//a/odd%20name", "mysql://a/odd%20name"),
        ] {
            let address = address(url);
            let Asked::One(database) = &address.asked else { panic!("{url} asks for all") };
            assert_eq!(address.name_of(database), name, "{url}");
        }
        assert_eq!(address("//a/").asked, Asked::All);
        assert_eq!(address("//a").asked, Asked::All);
    }

    #[test]
    fn a_server_elsewhere_has_to_show_who_it_is() {
        let mode = |url: &str| address(url).tls;
        assert_eq!(mode("//db.example.com/crm"), TlsMode::Full);
        assert_eq!(mode("//db.example.com/crm?ssl-mode=required"), TlsMode::Required);
        assert_eq!(mode("//db.example.com/crm?ssl-mode=REQUIRED&ssl-ca=ca.pem"), TlsMode::Authority);
        assert_eq!(mode("//db.example.com/crm?ssl-mode=verify_ca"), TlsMode::Authority);
        assert_eq!(mode("//db.example.com/crm?ssl-mode=Verify_Identity"), TlsMode::Full);
        assert_eq!(mode("//db.example.com/crm?ssl-mode=preferred"), TlsMode::Preferred);
        assert_eq!(mode("//127.0.0.1/crm"), TlsMode::Preferred);
        assert_eq!(mode("//127.0.0.1/crm?ssl-ca=ca.pem"), TlsMode::Full);
        assert_eq!(mode("//localhost:3306/crm?ssl-mode=disabled"), TlsMode::Off);
        let options = |text: &str| {
            let pairs = text.split(' ').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
            let settings: Settings = pairs.map(|(name, value)| (name.into(), Zeroizing::new(value.into()))).collect();
            tls_mode(&settings, false, false).unwrap()
        };
        assert_eq!(options("skip-ssl"), TlsMode::Off);
        assert_eq!(options("ssl=0"), TlsMode::Off);
        assert_eq!(options("ssl"), TlsMode::Full);
        assert_eq!(options("ssl ssl-verify-server-cert=0"), TlsMode::Required);
        assert_eq!(options("ssl-verify-server-cert"), TlsMode::Full);
    }

    #[test]
    fn a_socket_is_used_where_this_machine_is_meant_and_no_port_is_named() {
        assert_eq!(address("//localhost/crm?socket=/x").socket, Some("/x".into()));
        assert_eq!(address("///crm?socket=/x").socket, Some("/x".into()));
        assert_eq!(address("//db.example.com/crm?socket=/x").socket, None);
        assert_eq!(address("//127.0.0.1/crm").socket, None);
        assert_eq!(address("//localhost:3306/crm").socket, None);
        assert_eq!(address("//localhost/crm?ssl-mode=REQUIRED").socket, None);
        assert_eq!(address("//%2Fx/crm").socket, Some("/x".into()));
        assert_eq!(address("//:3307/crm").host, "localhost");
    }

    #[test]
    fn what_is_wrong_is_said_without_the_url() {
        for url in ["//h/db?ssl-mode=secret", "//h/db?secret=1", "//a,secret/db", "//h/db?password=secret"] {
            assert!(!fault(url).contains("secret"), "{}", fault(url));
        }
    }

    #[test]
    fn an_option_file_and_the_environment_fill_what_the_url_leaves_open() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("my.cnf");
        fs::write(&path, "[client]\nhost=db1\nport=3307\nuser=me\ndatabase=other\n[mysql]\nssl_mode=REQUIRED\n").unwrap();
        let variable = |name: &str| match name {
            "MYSQL_PWD" => Some("canary".to_owned()),
            "MYSQL_HOST" => Some("db3".to_owned()),
            "USER" => Some("login".to_owned()),
            _ => None,
        };
        let options = ServerOptions { variable: Some(variable), defaults_file: Some(path.clone()), ..ServerOptions::default() };
        let address = Address::resolve("///crm", &options).unwrap();
        assert_eq!(address.name(), "mysql://db1:3307/");
        assert_eq!((address.user.as_deref(), address.tls), (Some("me"), TlsMode::Required));
        assert_eq!(address.password.as_ref().map(|password| password.as_str()), Some("canary"));
        assert_eq!(address.asked, Asked::One("crm".to_owned()));
        // A host of the URL's own has a port of its own, and a URL without a database asks for all.
        let address = Address::resolve("//you:own@db2/", &options).unwrap();
        assert_eq!((address.name(), address.user.as_deref()), ("mysql://db2/", Some("you")));
        assert_eq!(address.password.as_ref().map(|password| password.as_str()), Some("own"));
        assert_eq!(address.asked, Asked::All);
        let options = ServerOptions { variable: Some(variable), ..ServerOptions::default() };
        let address = Address::resolve("///crm", &options).unwrap();
        assert_eq!((address.name(), address.user.as_deref()), ("mysql://db3/", Some("login")));
        let options = ServerOptions { defaults_file: Some(folder.path().join("none")), ..ServerOptions::default() };
        assert!(Address::resolve("///crm", &options).is_err());
    }
}
