//! What servers of databases have in common: where they are, and the pool.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// Where the server of a database is, and how its connections are made.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerOptions {
    /// The host.
    pub host: DatabaseHost,
    /// The port; without one the usual port of the database.
    pub port: Option<u16>,
    /// Who we are to it; without one the name of the system's user.
    pub user: Option<String>,
    /// The password. It is shown nowhere.
    pub password: Option<String>,
    /// The database on the server.
    pub database: String,
    /// How connections are encrypted.
    pub tls: DatabaseTls,
    /// How many connections there are.
    pub pool: PoolOptions,
    /// Add our own indexes and tables where they are missing.
    pub additions: bool,
    /// The character set of sessions, where the database has several: MySQL's `utf8mb3`, or
    /// `utf8mb4`.
    pub charset: Option<Charset>,
}

impl ServerOptions {
    /// A database on a host, with the defaults of everything else.
    pub fn new(host: DatabaseHost, database: impl Into<String>) -> Self {
        Self {
            host,
            port: None,
            user: None,
            password: None,
            database: database.into(),
            tls: DatabaseTls::default(),
            pool: PoolOptions::default(),
            additions: true,
            charset: None,
        }
    }

    /// What the database is called in errors: never with the password.
    pub(super) fn name(&self, scheme: &str) -> String {
        format!("{scheme}://{self}")
    }
}

impl fmt::Display for ServerOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            DatabaseHost::Name(host) if host.contains(':') => write!(f, "[{host}]")?,
            DatabaseHost::Name(host) => f.write_str(host)?,
            DatabaseHost::Socket(path) => write!(f, "({})", path.display())?,
        }
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        write!(f, "/{}", self.database)
    }
}

impl fmt::Debug for ServerOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerOptions")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("user", &self.user)
            .field("password", &self.password.as_ref().map(|_| "***"))
            .field("database", &self.database)
            .field("tls", &self.tls)
            .field("pool", &self.pool)
            .field("additions", &self.additions)
            .field("charset", &self.charset)
            .finish()
    }
}

/// Where the server of a database listens.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "drivers must answer every kind")]
pub enum DatabaseHost {
    /// A name or an address.
    Name(String),
    /// A Unix socket: for PostgreSQL the folder that it is in.
    Socket(PathBuf),
}

/// A character set of MySQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "drivers must answer every set")]
pub enum Charset {
    /// UTF-8 of at most three bytes a character: that of Glance's tables.
    Utf8mb3,
    /// UTF-8.
    Utf8mb4,
}

/// How connections to a server are encrypted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DatabaseTls {
    /// Whether they are, and what is checked.
    pub mode: TlsMode,
    /// A file of PEM certificates to trust.
    pub ca: Option<PathBuf>,
    /// Files of our own certificate and its key, in PEM.
    pub identity: Option<(PathBuf, PathBuf)>,
}

/// What is asked of the encryption of a connection, in the words of PostgreSQL's `sslmode`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "drivers must answer every mode")]
pub enum TlsMode {
    /// No encryption.
    #[default]
    Disable,
    /// Encryption if the server offers it; its certificate is not checked. On MySQL as
    /// [`Disable`](Self::Disable).
    Prefer,
    /// Encryption; the certificate is not checked.
    Require,
    /// Encryption, with a certificate that is trusted, whatever name it is for. On MySQL as
    /// [`VerifyFull`](Self::VerifyFull).
    VerifyCa,
    /// Encryption, with a certificate that is trusted and for this host.
    VerifyFull,
}

/// How many connections there are, in the words of SQLAlchemy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolOptions {
    /// Connections that are kept (`max_pool_size`).
    pub size: usize,
    /// Connections beyond them, closed after use (`max_overflow`).
    pub overflow: usize,
    /// How long a request waits for one (`pool_timeout`).
    pub timeout: Duration,
    /// How old a connection gets (`connection_recycle_time`); without one, any age.
    pub recycle: Option<Duration>,
    /// How long the server works on one statement of a connection of the pool, waits for locks
    /// included, until it gives up; in whole seconds, one at least. MySQL gives up reading alone.
    /// What makes or changes the schema may take longer.
    pub statement_timeout: Duration,
}

impl PoolOptions {
    /// How many connections there are at most: one at least.
    pub(super) fn most(&self) -> usize {
        self.size.saturating_add(self.overflow).max(1)
    }

    /// How long a statement may take, in milliseconds: no more than every server takes.
    pub(super) fn statement_millis(&self) -> u64 {
        let most = u64::from(u32::MAX / 2 / 1000);
        self.statement_timeout.as_secs().clamp(1, most) * 1000
    }
}

impl Default for PoolOptions {
    fn default() -> Self {
        Self {
            size: 5,
            overflow: 50,
            timeout: Duration::from_secs(30),
            recycle: Some(Duration::from_secs(3600)),
            statement_timeout: DEADLINE,
        }
    }
}

/// How long a transaction may take.
pub(super) const DEADLINE: Duration = Duration::from_secs(30);

/// How long it may take to connect.
pub(super) const CONNECT_DEADLINE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_shown_nowhere() {
        let mut options = ServerOptions::new(DatabaseHost::Name("db".into()), "glance");
        options.password = Some("canary".into());

        assert!(!format!("{options:?} {options}").contains("canary"));
        assert_eq!(options.name("mysql"), "mysql://db/glance");
    }
}
