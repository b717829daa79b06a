//! `[database] connection`: an SQLAlchemy URL of SQLite, MySQL, MariaDB or PostgreSQL.

use std::path::PathBuf;

use glance_stores::{Charset, DatabaseHost, ServerOptions, TlsMode};
use percent_encoding::percent_decode_str;
use url::form_urlencoded;

/// Where the catalog is kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Database {
    /// A database of a MySQL or MariaDB server.
    Mysql(Box<ServerOptions>),
    /// A database of a PostgreSQL server.
    Postgres(Box<ServerOptions>),
    /// A file; a relative one is relative to the folder the server is started in.
    Sqlite(PathBuf),
    /// `sqlite://`: gone when the server ends.
    SqliteInMemory,
}

/// Why a connection is refused. Nothing of it but the scheme and names of parameters may be shown.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Refused {
    /// What is wrong, as the end of a sentence.
    Malformed(&'static str),
    /// A parameter that is not understood, or not like this.
    Parameter(String),
    /// A database that is not built.
    Scheme(String),
}

impl Database {
    /// Reads the URL.
    ///
    /// # Errors
    ///
    /// [`Refused`] for what is no URL, another database, or what is not understood of it.
    pub(super) fn parse(url: &str) -> Result<Self, Refused> {
        let is_scheme = |scheme: &str| {
            scheme.starts_with(|first: char| first.is_ascii_alphabetic())
                && scheme
                    .chars()
                    .all(|each| each.is_ascii_alphanumeric() || "+-._".contains(each))
        };
        let (scheme, rest) = url
            .split_once("://")
            .filter(|(scheme, _)| is_scheme(scheme))
            .ok_or(Refused::Malformed(
                "is not a URL: it must look like `sqlite:////absolute/path` or \
                 `mysql://user:password@host/glance`",
            ))?;
        // What follows the `+` is a Python driver.
        match scheme.split('+').next() {
            Some("sqlite") => sqlite(rest),
            Some("mysql" | "mariadb") => Ok(Self::Mysql(Box::new(mysql(rest)?))),
            Some("postgresql" | "postgres") => Ok(Self::Postgres(Box::new(postgres(rest)?))),
            _ => Err(Refused::Scheme(scheme.to_owned())),
        }
    }

    /// The options of a server.
    pub(super) fn server_mut(&mut self) -> Option<&mut ServerOptions> {
        match self {
            Self::Mysql(server) | Self::Postgres(server) => Some(server),
            Self::Sqlite(_) | Self::SqliteInMemory => None,
        }
    }
}

fn sqlite(rest: &str) -> Result<Database, Refused> {
    if rest.contains('?') {
        return Err(Refused::Malformed(
            "has parameters after its `?`, which SQLite has none of here",
        ));
    }
    match rest.strip_prefix('/') {
        Some("" | ":memory:") => Ok(Database::SqliteInMemory),
        Some(path) => Ok(Database::Sqlite(PathBuf::from(path))),
        None if rest.is_empty() => Ok(Database::SqliteInMemory),
        None => Err(Refused::Malformed(
            "names a host, which SQLite has none of: use `sqlite:///relative/path` or \
             `sqlite:////absolute/path`",
        )),
    }
}

fn mysql(rest: &str) -> Result<ServerOptions, Refused> {
    let (mut server, parameters) = server(rest)?;
    let (mut checks_authority, mut checks_name) = (None, false);
    let (mut certificate, mut key) = (None, None);
    for (name, value) in parameters {
        match (name.as_str(), value.as_str()) {
            ("charset", "utf8" | "utf8mb3") => server.charset = Some(Charset::Utf8mb3),
            ("charset", "utf8mb4") => server.charset = Some(Charset::Utf8mb4),
            ("unix_socket", _) => server.host = DatabaseHost::Socket(value.into()),
            ("ssl_ca", _) => server.tls.ca = Some(value.into()),
            ("ssl_cert", _) => certificate = Some(value.into()),
            ("ssl_key", _) => key = Some(value.into()),
            ("ssl_verify_cert", "true" | "false") => checks_authority = Some(value == "true"),
            ("ssl_verify_identity", "true" | "false") => checks_name = value == "true",
            // About Python.
            ("binary_prefix" | "plugin", _) => {}
            _ => return Err(Refused::Parameter(name)),
        }
    }
    server.tls.identity = certificate.zip(key);
    let is_asked_for = server.tls.ca.is_some() || server.tls.identity.is_some();
    server.tls.mode = match checks_authority.unwrap_or(server.tls.ca.is_some()) {
        _ if checks_name => TlsMode::VerifyFull,
        true => TlsMode::VerifyCa,
        false if is_asked_for => TlsMode::Require,
        false => TlsMode::Disable,
    };
    Ok(server)
}

fn postgres(rest: &str) -> Result<ServerOptions, Refused> {
    let (mut server, parameters) = server(rest)?;
    // As libpq.
    server.tls.mode = TlsMode::Prefer;
    let (mut certificate, mut key) = (None, None);
    for (name, value) in parameters {
        match (name.as_str(), value.as_str()) {
            ("sslmode", "disable") => server.tls.mode = TlsMode::Disable,
            ("sslmode", "allow" | "prefer") => server.tls.mode = TlsMode::Prefer,
            ("sslmode", "require") => server.tls.mode = TlsMode::Require,
            ("sslmode", "verify-ca") => server.tls.mode = TlsMode::VerifyCa,
            ("sslmode", "verify-full") => server.tls.mode = TlsMode::VerifyFull,
            ("sslrootcert", _) => server.tls.ca = Some(value.into()),
            ("sslcert", _) => certificate = Some(value.into()),
            ("sslkey", _) => key = Some(value.into()),
            ("host", host) if host.starts_with('/') => {
                server.host = DatabaseHost::Socket(value.into());
            }
            ("host", _) => server.host = DatabaseHost::Name(value),
            ("port", port) => match port.parse() {
                Ok(port) => server.port = Some(port),
                Err(_) => return Err(Refused::Parameter(name)),
            },
            ("client_encoding", "utf8" | "UTF8" | "utf-8") => {}
            _ => return Err(Refused::Parameter(name)),
        }
    }
    server.tls.identity = certificate.zip(key);
    if matches!(server.host, DatabaseHost::Socket(_)) {
        server.tls.mode = TlsMode::Disable;
    }
    Ok(server)
}

/// `[user[:password]@][host][:port]/database[?parameters]`.
fn server(rest: &str) -> Result<(ServerOptions, Vec<(String, String)>), Refused> {
    let (place, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = place.split_once('/').unwrap_or((place, ""));
    if database.is_empty() {
        return Err(Refused::Malformed("names no database after its host"));
    }
    let (login, address) = match authority.rsplit_once('@') {
        Some((login, address)) => (Some(login), address),
        None => (None, authority),
    };
    let (host, port) = match address.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (address, None),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let host = if host.is_empty() { "localhost" } else { host };
    let host = DatabaseHost::Name(host.to_owned());
    let mut server = ServerOptions::new(host, decoded(database)?);
    if let Some(port) = port.filter(|port| !port.is_empty()) {
        let port = port.parse();
        server.port = Some(port.map_err(|_| Refused::Malformed("has a port that is none"))?);
    }
    if let Some(login) = login {
        let (user, password) = match login.split_once(':') {
            Some((user, password)) => (user, Some(password)),
            None => (login, None),
        };
        server.user = Some(decoded(user)?);
        server.password = password.map(decoded).transpose()?;
    }
    let parameters = form_urlencoded::parse(parameters.as_bytes()).into_owned();
    Ok((server, parameters.collect()))
}

fn decoded(text: &str) -> Result<String, Refused> {
    let decoded = percent_decode_str(text).decode_utf8();
    let malformed = |_| Refused::Malformed("has a `%` that stands for no character");
    Ok(decoded.map_err(malformed)?.into_owned())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use glance_stores::{Charset, DatabaseHost, ServerOptions, TlsMode};

    use super::{Database, Refused};

    fn mysql(url: &str) -> ServerOptions {
        match Database::parse(url) {
            Ok(Database::Mysql(server)) => *server,
            other => panic!("{other:?}"),
        }
    }

    fn postgres(url: &str) -> ServerOptions {
        match Database::parse(url) {
            Ok(Database::Postgres(server)) => *server,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn three_slashes_are_a_relative_path_and_four_an_absolute_one() {
        assert_eq!(
            Database::parse("sqlite:///data/glance.sqlite"),
            Ok(Database::Sqlite("data/glance.sqlite".into()))
        );
        assert_eq!(
            Database::parse("sqlite+pysqlite:////var/lib/glance.sqlite"),
            Ok(Database::Sqlite("/var/lib/glance.sqlite".into()))
        );
    }

    #[test]
    fn no_path_is_a_database_in_memory() {
        for url in ["sqlite://", "sqlite:///", "sqlite:///:memory:"] {
            assert_eq!(Database::parse(url), Ok(Database::SqliteInMemory), "{url}");
        }
    }

    #[test]
    fn a_server_is_read_with_all_that_its_url_says() {
        let url = "mysql+pymysql://gl%40nce:s%3Acr%2Ft@db:3307/images?charset=utf8";
        let server = mysql(url);

        assert_eq!(server.host, DatabaseHost::Name("db".to_owned()));
        assert_eq!(server.port, Some(3307));
        assert_eq!(server.user.as_deref(), Some("gl@nce"));
        assert_eq!(server.password.as_deref(), Some("s:cr/t"));
        assert_eq!(server.database, "images");
        assert_eq!(server.charset, Some(Charset::Utf8mb3));
        assert_eq!(server.tls.mode, TlsMode::Disable);
        assert!(!format!("{server:?} {server}").contains("cr/t"));
    }

    #[test]
    fn hosts_are_names_addresses_or_sockets() {
        let host = |url| mysql(url).host;
        assert_eq!(host("mysql:///g"), DatabaseHost::Name("localhost".into()));
        assert_eq!(
            host("mariadb://[::1]:1/g"),
            DatabaseHost::Name("::1".into())
        );
        assert_eq!(host("mysql://[::1]/g"), DatabaseHost::Name("::1".into()));
        let socket = DatabaseHost::Socket(PathBuf::from("/run/db"));
        assert_eq!(host("mysql://u@/g?unix_socket=/run/db"), socket);
        let server = postgres("postgresql://u@/g?host=/run/db&port=1");
        assert_eq!((server.host, server.port), (socket, Some(1)));
    }

    #[test]
    fn encryption_is_what_the_drivers_of_python_make_of_it() {
        let mysql = |more: &str| mysql(&format!("mysql://h/g{more}")).tls.mode;
        let postgres = |more: &str| {
            postgres(&format!("postgresql+psycopg2://h/g{more}"))
                .tls
                .mode
        };

        assert_eq!(mysql("?ssl_ca=/ca.pem"), TlsMode::VerifyCa);
        let full = "?ssl_ca=/ca.pem&ssl_verify_identity=true";
        assert_eq!(mysql(full), TlsMode::VerifyFull);
        let bare = "?ssl_ca=/ca.pem&ssl_verify_cert=false";
        assert_eq!(mysql(bare), TlsMode::Require);
        assert_eq!(postgres(""), TlsMode::Prefer);
        assert_eq!(postgres("?sslmode=require"), TlsMode::Require);
        assert_eq!(postgres("?sslmode=verify-full"), TlsMode::VerifyFull);
    }

    #[test]
    fn another_database_is_refused_by_its_scheme_alone() {
        assert_eq!(
            Database::parse("oracle+cx://glance:secret@db/glance"),
            Err(Refused::Scheme("oracle+cx".to_owned()))
        );
    }

    #[test]
    fn a_parameter_that_is_not_understood_is_refused_by_its_name_alone() {
        for url in ["mysql://h/g?sekret=x", "postgresql://h/g?sekret=x"] {
            let refused = Database::parse(url);
            assert_eq!(refused, Err(Refused::Parameter("sekret".to_owned())));
        }
        let refused = Database::parse("postgresql://h/g?sslmode=maybe");
        assert_eq!(refused, Err(Refused::Parameter("sslmode".to_owned())));
    }

    #[test]
    fn what_is_no_url_of_a_database_is_refused() {
        for url in [
            "secret",
            "",
            "my secret://x",
            "sqlite://host/path",
            "sqlite:///a?mode=ro",
            "mysql://u:p@host",
            "mysql://u:p@host/",
            "postgresql://host:port/glance",
            "postgresql://%ff@host/glance",
        ] {
            assert!(
                matches!(Database::parse(url), Err(Refused::Malformed(_))),
                "{url}"
            );
        }
    }
}
