//! The catalog in a MySQL or MariaDB database: a pool of connections, a transaction for each
//! request.

mod schema;
mod session;
#[cfg(test)]
mod tests;
mod value;

use std::fmt;
use std::time::Duration;

use glance_core::ports::CatalogError;
use mysql_async::{Conn, Error, Opts, OptsBuilder, Pool, PoolConstraints, PoolOpts, SslOpts};

use self::session::{Session, catalog_error, failure};
use super::server::{
    CONNECT_DEADLINE, Charset, DatabaseHost, DatabaseTls, PoolOptions, ServerOptions, TlsMode,
};
use super::sql::Dialect;
use super::sql::database::{Batch, Database, Reading, Row};
use super::sql_catalog::SqlCatalog;
use super::transaction::{self, Begin, Failure};
use crate::OpenError;

/// A catalog in a MySQL or MariaDB database, in Glance's own tables: a Python Glance may serve it
/// meanwhile. It works in the tokio runtime that it was opened in.
///
/// ```no_run
/// use glance_stores::{DatabaseHost, MysqlCatalog, ServerOptions};
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let options = ServerOptions::new(DatabaseHost::Name("127.0.0.1".into()), "glance");
/// MysqlCatalog::sync_schema(&options).await?;
/// let catalog = MysqlCatalog::open(&options).await?;
/// # Ok::<(), glance_stores::OpenError>(()) }).unwrap();
/// ```
pub type MysqlCatalog = SqlCatalog<Mysql>;

impl SqlCatalog<Mysql> {
    /// Opens the catalog in a database that Glance made, or this.
    ///
    /// # Errors
    /// [`OpenError`] names the database and the reason.
    pub async fn open(options: &ServerOptions) -> Result<Self, OpenError> {
        let name = options.name(SCHEME);
        let mut connection = connect(options).await?;
        schema::complete(&mut connection, &name, options.additions).await?;
        let database = Mysql {
            pool: Pool::new(pooled(options)),
            wait: options.pool.timeout,
            statement_timeout: options.pool.statement_timeout,
            name,
        };
        Ok(Self::on(database, options.pool.most()))
    }

    /// The revision of Glance's schema in a database; `None` where it holds nothing yet. Several
    /// revisions are joined by `, `.
    ///
    /// # Errors
    /// [`OpenError`] where it cannot be reached, or is no database of Glance.
    pub async fn schema_version(options: &ServerOptions) -> Result<Option<String>, OpenError> {
        let name = options.name(SCHEME);
        let content = schema::content(&mut connect(options).await?, &name).await?;
        Ok(content.revision())
    }

    /// Brings a database to the schema that is needed: makes it, or adds our own columns, indexes
    /// and tables.
    ///
    /// # Errors
    /// [`OpenError`] where it is no database of Glance, or at another revision.
    pub async fn sync_schema(options: &ServerOptions) -> Result<(), OpenError> {
        schema::sync(&mut connect(options).await?, &options.name(SCHEME)).await
    }

    /// Takes our own columns, indexes and tables out of a database, so that it is as Glance made
    /// it. Gives their names. What they know of unfinished uploads and deletes is lost.
    ///
    /// # Errors
    /// [`OpenError`] where it is no database of Glance.
    pub async fn remove_additions(options: &ServerOptions) -> Result<Vec<String>, OpenError> {
        schema::remove_additions(&mut connect(options).await?, &options.name(SCHEME)).await
    }
}

/// The driver of MySQL and MariaDB: a pool of connections.
#[derive(Clone)]
pub struct Mysql {
    pool: Pool,
    /// How long to wait for a connection.
    wait: Duration,
    statement_timeout: Duration,
    name: String,
}

impl Mysql {
    /// Begins a transaction. A connection that was lost since it was last used is no error, while
    /// another can be made.
    async fn begin(&self, operation: &'static str, begin: Begin) -> Result<Session, Failure> {
        let mut tried = 0;
        loop {
            let connection = match tokio::time::timeout(self.wait, self.pool.get_conn()).await {
                Ok(connection) => connection.map_err(no_connection)?,
                Err(_) => {
                    let source = format!("no connection was free within {:?}", self.wait).into();
                    return Err(Failure::Final(CatalogError::Unavailable { source }));
                }
            };
            let mut session = Session::new(connection);
            match session.command(session::begin(begin)).await {
                Ok(()) => return Ok(session),
                Err(Error::Io(_) | Error::Driver(_)) if tried < MOST_LOST => tried += 1,
                Err(error) => return Err(failure(operation, error)),
            }
        }
    }
}

impl fmt::Debug for Mysql {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mysql")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Database for Mysql {
    fn dialect(&self) -> Dialect {
        Dialect::Mysql
    }

    async fn read<R: Reading>(&self, reading: R) -> Result<R, CatalogError> {
        let (driver, operation) = (self.clone(), reading.operation());
        let begin = async move { driver.begin(operation, Begin::Reading).await };
        transaction::read(reading, self.statement_timeout, begin).await
    }

    async fn write(&self, batch: Batch) -> Result<Vec<Vec<Row>>, CatalogError> {
        transaction::write(&batch, || self.begin(batch.operation, Begin::Batch)).await
    }
}

fn no_connection(error: Error) -> Failure {
    Failure::Final(match catalog_error("connect", error) {
        CatalogError::Backend { source, .. } => CatalogError::Unavailable { source },
        error => error,
    })
}

/// A connection beside the pool.
async fn connect(options: &ServerOptions) -> Result<Conn, OpenError> {
    let database = options.name(SCHEME);
    let unreachable = |reason| OpenError::Unreachable {
        database: database.clone(),
        reason,
    };
    match tokio::time::timeout(CONNECT_DEADLINE, Conn::new(single(options))).await {
        Ok(Ok(connection)) => Ok(connection),
        // A server that is not there may come; one that says no will say it again.
        Ok(Err(Error::Server(error))) if error.code != TOO_MANY_CONNECTIONS => {
            Err(OpenError::Database {
                action: "connect to",
                database,
                reason: error.into(),
            })
        }
        Ok(Err(error)) => Err(unreachable(error.into())),
        Err(_) => Err(unreachable(
            format!("no answer within {CONNECT_DEADLINE:?}").into(),
        )),
    }
}

fn pooled(options: &ServerOptions) -> Opts {
    let pool = &options.pool;
    let most = pool.most();
    let kept = pool.size.min(most);
    let mut opts = PoolOpts::new()
        .with_reset_connection(false)
        .with_inactive_connection_ttl(Duration::ZERO)
        .with_ttl_check_interval(Duration::from_secs(5))
        .with_abs_conn_ttl(pool.recycle);
    if let Some(constraints) = PoolConstraints::new(kept, most) {
        opts = opts.with_constraints(constraints);
    }
    // What follows a transaction that a cluster rolled back must not be committed by itself.
    let setup = session(options).chain(["SET autocommit = 0"]);
    let setup = setup.map(str::to_owned).chain([statement_timeout(pool)]);
    builder(options)
        .setup(setup.collect::<Vec<_>>())
        .pool_opts(opts)
        .into()
}

fn single(options: &ServerOptions) -> Opts {
    let setup = session(options).map(str::to_owned);
    builder(options).setup(setup.collect::<Vec<_>>()).into()
}

/// Each of the two databases reads what is in its own kind of comment.
fn statement_timeout(pool: &PoolOptions) -> String {
    let millis = pool.statement_millis();
    let seconds = millis / 1000;
    format!(
        "SET @glance = 0 /*M!100101 , max_statement_time = {seconds} */ \
            /*!50708 , max_execution_time = {millis} */"
    )
}

/// What every connection is told first.
fn session(options: &ServerOptions) -> impl Iterator<Item = &'static str> {
    let charset = match options.charset {
        Some(Charset::Utf8mb3) => "SET NAMES utf8mb3",
        Some(Charset::Utf8mb4) | None => "SET NAMES utf8mb4",
    };
    [charset].into_iter().chain(SESSION)
}

fn builder(options: &ServerOptions) -> OptsBuilder {
    let builder = OptsBuilder::default()
        .user(options.user.clone())
        .pass(options.password.clone())
        .db_name(Some(options.database.clone()))
        // What was to be changed counts, not what became different by it.
        .client_found_rows(true)
        .prefer_socket(false)
        .stmt_cache_size(STATEMENTS)
        .ssl_opts(ssl(&options.tls));
    match &options.host {
        DatabaseHost::Name(host) => builder
            .ip_or_hostname(host.clone())
            .tcp_port(options.port.unwrap_or(3306)),
        DatabaseHost::Socket(path) => builder.socket(Some(path.to_string_lossy().into_owned())),
    }
}

fn ssl(tls: &DatabaseTls) -> Option<SslOpts> {
    let opts = SslOpts::default();
    let opts = match tls.mode {
        // The driver cannot ask first whether the server could.
        TlsMode::Disable | TlsMode::Prefer => return None,
        TlsMode::Require => opts
            .with_danger_accept_invalid_certs(true)
            .with_danger_skip_domain_validation(true),
        // mysql_async 0.37 looks for the name of an error that rustls now words otherwise, so it
        // checks the host either way; so does PyMySQL, unless it is told not to.
        TlsMode::VerifyCa | TlsMode::VerifyFull => opts,
    };
    let roots = tls.ca.iter().map(|file| file.clone().into()).collect();
    let identity = tls.identity.as_ref().map(|(certificate, key)| {
        mysql_async::ClientIdentity::new(certificate.clone().into(), key.clone().into())
    });
    Some(
        opts.with_disable_built_in_roots(tls.ca.is_some())
            .with_root_certs(roots)
            .with_client_identity(identity),
    )
}

/// What every connection needs: times in UTC and cut to what a column holds, as MariaDB does it;
/// errors where something does not fit; not to wait for a lock longer than a client waits.
const SESSION: [&str; 4] = [
    "SET time_zone = '+00:00'",
    "SET sql_mode = IF(VERSION() LIKE '%MariaDB%', 'TRADITIONAL', \
        'TRADITIONAL,TIME_TRUNCATE_FRACTIONAL')",
    "SET innodb_lock_wait_timeout = 10",
    "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
];

const SCHEME: &str = "mysql";

/// The error code of a server that is busy.
const TOO_MANY_CONNECTIONS: u16 = 1040;

/// Statements that a connection keeps prepared.
const STATEMENTS: usize = 256;

/// How many lost connections a request may meet in the pool.
const MOST_LOST: u32 = 100;
