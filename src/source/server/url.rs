//! A server's URL, taken apart: `scheme://user:password@host:port,host:port/database?name=value`.
//!
//! By RFC 3986, section 3, with what the clients of PostgreSQL allow besides: several hosts, none, and a socket's folder as an escaped host.

use percent_encoding::AsciiSet;
use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::percent_decode_str;
use percent_encoding::utf8_percent_encode;
use std::fmt;
use zeroize::Zeroizing;

/// The parts of a URL, their escapes undone.
#[derive(Clone, Default, Eq, PartialEq)]
pub(crate) struct ServerUrl {
    pub(crate) user: Option<String>,
    pub(crate) password: Option<Zeroizing<String>>,
    /// Hosts with their ports as written; a host may be empty.
    pub(crate) hosts: Vec<(String, Option<u16>)>,
    /// What follows the first slash behind the hosts.
    pub(crate) database: Option<String>,
    /// What follows the question mark, in its order.
    pub(crate) parameters: Vec<(String, Zeroizing<String>)>,
}

/// Shows nothing: every part may be a password in the wrong place.
impl fmt::Debug for ServerUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ServerUrl(…)")
    }
}

impl ServerUrl {
    /// Takes apart what follows `scheme:`. The fault is a phrase without any part of the URL.
    pub(crate) fn parse(rest: &str) -> Result<ServerUrl, &'static str> {
        let rest = rest.strip_prefix("//").ok_or("write `//` behind the colon")?;
        if rest.contains('#') {
            return Err("a `#` is no part of it; one in a password is written `%23`");
        }
        let (rest, query) = rest.split_once('?').map_or((rest, None), |(rest, query)| (rest, Some(query)));
        let (authority, database) = rest.split_once('/').map_or((rest, None), |(authority, path)| (authority, Some(path)));
        // An `@` in a password may stand unescaped: the last one ends the user's part.
        let (login, hosts) = authority.rsplit_once('@').map_or((None, authority), |(login, hosts)| (Some(login), hosts));
        let mut url = ServerUrl::default();
        if let Some(login) = login {
            let (user, password) = login.split_once(':').map_or((login, None), |(user, password)| (user, Some(password)));
            url.user = Some(decoded(user)?).filter(|user| !user.is_empty());
            url.password = password.map(decoded).transpose()?.map(Zeroizing::new);
        }
        for host in hosts.split(',').filter(|_| !hosts.is_empty()) {
            url.hosts.push(host_and_port(host)?);
        }
        if database.is_some_and(|database| database.contains('/')) {
            return Err("one `/` stands before the database; one in its name or in a password is written `%2F`");
        }
        url.database = database.map(decoded).transpose()?.filter(|database| !database.is_empty());
        for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').ok_or("what follows the `?` is `name=value`, with `&` between")?;
            url.parameters.push((decoded(name)?, Zeroizing::new(decoded(value)?)));
        }
        Ok(url)
    }
}

/// What a database's name may hold in a URL besides letters and digits.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'-').remove(b'.').remove(b'$').remove(b'~');

/// The URL of a database, from that of its server.
pub(crate) fn named(server: &str, database: &str) -> String {
    format!("{server}{}", utf8_percent_encode(database, PLAIN))
}

fn host_and_port(text: &str) -> Result<(String, Option<u16>), &'static str> {
    const PORT: &str =
        "a port is a number up to 65535; a `/`, `:`, `?` or `@` in a password is written `%2F`, `%3A`, `%3F` or `%40`";
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        // An address of IP version 6 has colons of its own.
        let (host, rest) = rest.split_once(']').ok_or("an address in brackets ends with `]`")?;
        (host.to_owned(), rest.strip_prefix(':'))
    } else {
        let (host, port) = text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
        (decoded(host)?, port)
    };
    let port = match port {
        None | Some("") => None,
        Some(port) => Some(port.parse().map_err(|_| PORT)?),
    };
    Ok((host, port))
}

fn decoded(text: &str) -> Result<String, &'static str> {
    percent_decode_str(text).decode_utf8().map(std::borrow::Cow::into_owned).map_err(|_| "an escape in it is no text in UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn takes_urls_apart() {
        let url =
            ServerUrl::parse("//me:p%40ss:w@rd@db1:5433,[::1]:5434,db3/crm?sslmode=require&application_name=a%20b").unwrap();
        assert_eq!(url.user.as_deref(), Some("me"));
        assert_eq!(url.password.as_ref().map(|password| password.as_str()), Some("p@ss:w@rd"));
        let host = |name: &str, port| (name.to_owned(), port);
        assert_eq!(url.hosts, [host("db1", Some(5433)), host("::1", Some(5434)), host("db3", None)]);
        assert_eq!(url.database.as_deref(), Some("crm"));
        assert_eq!(url.parameters[1], ("application_name".to_owned(), Zeroizing::new("a b".to_owned())));
        assert_eq!(format!("{url:?}"), "ServerUrl(…)");
    }

    #[test]
    fn parts_may_be_missing() {
        assert_eq!(ServerUrl::parse("//").unwrap(), ServerUrl::default());
        let url = ServerUrl::parse("///crm?host=/run/pg").unwrap();
        assert_eq!((url.hosts.len(), url.database.as_deref(), url.parameters.len()), (0, Some("crm"), 1));
        assert_eq!(ServerUrl::parse("//%2Frun%2Fpg/").unwrap().hosts, [("/run/pg".to_owned(), None)]);
    }

    #[test]
    fn faults_hold_nothing_of_the_url() {
        for url in
            ["me:secret@host", "//me:sec/ret@host/db", "//host:secret/db", "//host/db?secret", "//me:sec#ret@host", "//%ff/"]
        {
            let fault = ServerUrl::parse(url).unwrap_err();
            assert!(!fault.contains("secret") && !fault.contains("ret@"), "{fault}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_url_or_a_fault(text in ".{0,60}") {
            let _ = ServerUrl::parse(&text);
            let _ = ServerUrl::parse(&format!("//{text}"));
        }
    }
}
