//! The catalog in a PostgreSQL database: a pool of connections, a transaction for each request.

mod schema;
mod session;
#[cfg(test)]
mod tests;
mod tls;
mod value;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Pool, PoolError, RecyclingMethod, Runtime,
};
use futures::FutureExt;
use glance_core::ports::CatalogError;
use tokio_postgres::error::SqlState;

use self::session::{Session, catalog_error, failure, is_lost};
use super::revision::failed;
use super::server::{CONNECT_DEADLINE, DatabaseHost, ServerOptions, TlsMode};
use super::sql::Dialect;
use super::sql::database::{Batch, Database, Reading, Row};
use super::sql_catalog::SqlCatalog;
use super::transaction::{self, Begin, Failure};
use crate::OpenError;

/// A catalog in a PostgreSQL database, in Glance's own tables: a Python Glance may serve it
/// meanwhile. It works in the tokio runtime that it was opened in.
///
/// ```no_run
/// use glance_stores::{DatabaseHost, PostgresCatalog, ServerOptions};
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let options = ServerOptions::new(DatabaseHost::Name("127.0.0.1".into()), "glance");
/// PostgresCatalog::sync_schema(&options).await?;
/// let catalog = PostgresCatalog::open(&options).await?;
/// # Ok::<(), glance_stores::OpenError>(()) }).unwrap();
/// ```
pub type PostgresCatalog = SqlCatalog<Postgres>;

impl SqlCatalog<Postgres> {
    /// Opens the catalog in a database that Glance made, or this.
    ///
    /// # Errors
    /// [`OpenError`] names the database and the reason.
    pub async fn open(options: &ServerOptions) -> Result<Self, OpenError> {
        let name = options.name(SCHEME);
        schema::complete(&connect(options).await?, &name, options.additions).await?;
        let database = Postgres {
            pool: pool(options)?,
            keep: options.pool.size,
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
        let content = schema::content(&connect(options).await?, &name).await?;
        Ok(content.revision())
    }

    /// Brings a database to the schema that is needed: makes it, or adds our own indexes and
    /// tables.
    ///
    /// # Errors
    /// [`OpenError`] where it is no database of Glance, or at another revision.
    pub async fn sync_schema(options: &ServerOptions) -> Result<(), OpenError> {
        schema::sync(&connect(options).await?, &options.name(SCHEME)).await
    }

    /// Takes our own indexes and tables out of a database, so that it is as Glance made it. Gives
    /// their names. What they know of unfinished uploads and deletes is lost.
    ///
    /// # Errors
    /// [`OpenError`] where it is no database of Glance.
    pub async fn remove_additions(options: &ServerOptions) -> Result<Vec<String>, OpenError> {
        schema::remove_additions(&connect(options).await?, &options.name(SCHEME)).await
    }
}

/// The driver of PostgreSQL: a pool of connections.
#[derive(Clone)]
pub struct Postgres {
    pool: Pool,
    /// How many connections are kept.
    keep: usize,
    statement_timeout: Duration,
    name: String,
}

impl Postgres {
    /// Begins a transaction. A connection that was lost since it was last used is no error, while
    /// another can be made.
    async fn begin(&self, operation: &'static str, begin: Begin) -> Result<Session, Failure> {
        let mut tried = 0;
        loop {
            let client = self.pool.get().await.map_err(no_connection)?;
            let session = Session::new(client, self.pool.clone(), self.keep);
            match session.command(session::begin(begin)).await {
                Ok(()) => return Ok(session),
                Err(error) if is_lost(&error) && tried <= self.pool.status().max_size => tried += 1,
                Err(error) => return Err(failure(operation, error)),
            }
        }
    }
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Database for Postgres {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
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

fn no_connection(error: PoolError) -> Failure {
    Failure::Final(match error {
        PoolError::Backend(error) => match catalog_error("connect", error) {
            CatalogError::Backend { source, .. } => CatalogError::Unavailable { source },
            error => error,
        },
        error => CatalogError::Unavailable {
            source: error.into(),
        },
    })
}

/// A connection beside the pool.
async fn connect(options: &ServerOptions) -> Result<tokio_postgres::Client, OpenError> {
    let name = options.name(SCHEME);
    let config = config(options);
    let connecting = async {
        match tls::connector(&options.tls).map_err(failed("connect to", &name))? {
            Some(tls) => {
                let (client, connection) = config.connect(tls).await.map_err(refused(&name))?;
                tokio::spawn(connection.map(drop));
                Ok(client)
            }
            None => {
                let tls = tokio_postgres::NoTls;
                let (client, connection) = config.connect(tls).await.map_err(refused(&name))?;
                tokio::spawn(connection.map(drop));
                Ok(client)
            }
        }
    };
    match tokio::time::timeout(CONNECT_DEADLINE, connecting).await {
        Ok(connected) => connected,
        Err(_) => Err(OpenError::Unreachable {
            database: name,
            reason: format!("no answer within {CONNECT_DEADLINE:?}").into(),
        }),
    }
}

/// A server that is not there may come; one that says no will say it again.
fn refused(name: &str) -> impl Fn(tokio_postgres::Error) -> OpenError {
    move |error| {
        let database = name.to_owned();
        let says_no = error.code().is_some_and(|code| {
            ![
                &SqlState::CANNOT_CONNECT_NOW,
                &SqlState::TOO_MANY_CONNECTIONS,
            ]
            .contains(&code)
        });
        let reason = session::sentence(&error).into();
        if says_no {
            OpenError::Database {
                action: "connect to",
                database,
                reason,
            }
        } else {
            OpenError::Unreachable { database, reason }
        }
    }
}

fn pool(options: &ServerOptions) -> Result<Pool, OpenError> {
    let name = options.name(SCHEME);
    let manager = ManagerConfig {
        recycling_method: RecyclingMethod::Fast,
    };
    let config = config(options);
    let manager = match tls::connector(&options.tls).map_err(failed("connect to", &name))? {
        Some(tls) => Manager::from_config(config, tls, manager),
        None => Manager::from_config(config, tokio_postgres::NoTls, manager),
    };
    let recycle = options.pool.recycle;
    let millis = options.pool.statement_millis();
    let session = Arc::from(format!("{SESSION}; SET statement_timeout = {millis}"));
    Pool::builder(manager)
        .max_size(options.pool.most())
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(options.pool.timeout))
        .create_timeout(Some(CONNECT_DEADLINE))
        .recycle_timeout(Some(CONNECT_DEADLINE))
        .post_create(Hook::async_fn(move |client, _| {
            let session: Arc<str> = Arc::clone(&session);
            Box::pin(async move {
                let set = client.batch_execute(&session).await;
                set.map_err(HookError::Backend)
            })
        }))
        .pre_recycle(Hook::sync_fn(move |_, metrics| {
            if recycle.is_some_and(|most| metrics.age() >= most) {
                return Err(HookError::message("it is as old as a connection gets"));
            }
            Ok(())
        }))
        .build()
        .map_err(failed("make a pool of connections to", &name))
}

fn config(options: &ServerOptions) -> tokio_postgres::Config {
    let mut config = tokio_postgres::Config::new();
    match &options.host {
        DatabaseHost::Name(host) => config.host(host),
        DatabaseHost::Socket(folder) => config.host_path(folder),
    };
    if let Some(port) = options.port {
        config.port(port);
    }
    if let Some(user) = &options.user {
        config.user(user);
    }
    if let Some(password) = &options.password {
        config.password(password);
    }
    config
        .dbname(&options.database)
        .application_name("glance")
        .connect_timeout(CONNECT_DEADLINE)
        .ssl_mode(match options.tls.mode {
            TlsMode::Disable => tokio_postgres::config::SslMode::Disable,
            TlsMode::Prefer => tokio_postgres::config::SslMode::Prefer,
            TlsMode::Require | TlsMode::VerifyCa | TlsMode::VerifyFull => {
                tokio_postgres::config::SslMode::Require
            }
        });
    config
}

/// What every connection needs. A plan is made for the values that are asked for: one for any
/// values does not know how few rows a page has.
const SESSION: &str = "SET plan_cache_mode = force_custom_plan; SET timezone = 'UTC'";

const SCHEME: &str = "postgresql";
