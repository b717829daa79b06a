//! Databases of one's own on the servers that tests use; they go when they are dropped.

use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};

use glance_stores::{DatabaseHost, MysqlCatalog, PostgresCatalog, ServerOptions};
use mysql_async::prelude::Queryable;

/// A database that is dropped with this.
#[derive(Debug)]
pub(crate) struct Scratch {
    pub(crate) server: Server,
    pub(crate) options: ServerOptions,
}

/// A kind of server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Server {
    Mysql,
    Postgres,
}

impl Scratch {
    /// An empty database on the PostgreSQL server.
    pub(crate) async fn postgres() -> Self {
        let url = std::env::var("GLANCE_TEST_POSTGRES");
        let url = url.unwrap_or_else(|_| "postgresql://postgres@127.0.0.1:5432/postgres".into());
        let config: tokio_postgres::Config = url.parse().unwrap();
        let [tokio_postgres::config::Host::Tcp(host), ..] = config.get_hosts() else {
            panic!("GLANCE_TEST_POSTGRES has to name a host");
        };
        let mut options = ServerOptions::new(DatabaseHost::Name(host.clone()), new_name());
        options.port = config.get_ports().first().copied();
        options.user = config.get_user().map(str::to_owned);
        let password = config.get_password().map(|text| text.to_vec());
        options.password = password.map(|text| String::from_utf8(text).unwrap());
        let server = Server::Postgres;
        let scratch = Self { server, options };
        scratch
            .on_server(&format!("CREATE DATABASE {}", scratch.options.database))
            .await;
        scratch
    }

    /// An empty database on the MySQL or MariaDB server.
    pub(crate) async fn mysql() -> Self {
        let url = std::env::var("GLANCE_TEST_MYSQL");
        Self::mysql_at(&url.unwrap_or_else(|_| "mysql://root@127.0.0.1:3306".into())).await
    }

    /// An empty database on a MySQL or MariaDB server.
    pub(crate) async fn mysql_at(url: &str) -> Self {
        let opts = mysql_async::Opts::from_url(url).unwrap();
        let host = DatabaseHost::Name(opts.ip_or_hostname().to_owned());
        let mut options = ServerOptions::new(host, new_name());
        options.port = Some(opts.tcp_port());
        options.user = opts.user().map(str::to_owned);
        options.password = opts.pass().map(str::to_owned);
        let server = Server::Mysql;
        let scratch = Self { server, options };
        let name = &scratch.options.database;
        scratch
            .on_server(&format!("CREATE DATABASE {name} CHARACTER SET utf8mb3"))
            .await;
        scratch
    }

    /// Runs a script in the database.
    pub(crate) async fn execute(&self, script: &str) {
        self.run(&self.options, script).await;
    }

    /// The rows of a select, as texts.
    pub(crate) async fn select(&self, select: &str) -> Vec<Vec<Option<String>>> {
        self.run(&self.options, select).await
    }

    async fn on_server(&self, script: &str) {
        let mut options = self.options.clone();
        options.database = match self.server {
            Server::Mysql => "information_schema".to_owned(),
            Server::Postgres => "postgres".to_owned(),
        };
        self.run(&options, script).await;
    }

    async fn run(&self, options: &ServerOptions, script: &str) -> Vec<Vec<Option<String>>> {
        match self.server {
            Server::Mysql => run_on_mysql(options, script).await,
            Server::Postgres => run_on_postgres(options, script).await,
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let scratch = Self {
            server: self.server,
            options: self.options.clone(),
        };
        // Not in this thread, which may be inside a runtime.
        let dropping = std::thread::spawn(move || {
            let database = &scratch.options.database;
            let force = match scratch.server {
                Server::Mysql => "",
                Server::Postgres => " WITH (FORCE)",
            };
            run(scratch.on_server(&format!("DROP DATABASE IF EXISTS {database}{force}")));
            std::mem::forget(scratch);
        });
        dropping.join().unwrap();
    }
}

/// A catalog in a database of its own.
pub(crate) async fn postgres_catalog() -> (PostgresCatalog, Scratch) {
    let scratch = Scratch::postgres().await;
    PostgresCatalog::sync_schema(&scratch.options)
        .await
        .unwrap();
    let catalog = PostgresCatalog::open(&scratch.options).await.unwrap();
    (catalog, scratch)
}

/// A catalog in a database of its own.
pub(crate) async fn mysql_catalog() -> (MysqlCatalog, Scratch) {
    let scratch = Scratch::mysql().await;
    MysqlCatalog::sync_schema(&scratch.options).await.unwrap();
    let catalog = MysqlCatalog::open(&scratch.options).await.unwrap();
    (catalog, scratch)
}

/// Runs a future in a tokio runtime.
pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    runtime.unwrap().block_on(future)
}

fn new_name() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    format!("glance_test_{}_{number}", std::process::id())
}

async fn run_on_mysql(options: &ServerOptions, script: &str) -> Vec<Vec<Option<String>>> {
    let DatabaseHost::Name(host) = &options.host else {
        panic!("{options:?}");
    };
    let opts = mysql_async::OptsBuilder::default()
        .ip_or_hostname(host.clone())
        .tcp_port(options.port.unwrap_or(3306))
        .user(options.user.clone())
        .pass(options.password.clone())
        .db_name(Some(options.database.clone()));
    let mut connection = mysql_async::Conn::new(opts).await.unwrap();
    let rows: Vec<mysql_async::Row> = connection.query(script).await.unwrap();
    connection.disconnect().await.unwrap();
    rows.into_iter()
        .map(|row| row.unwrap().into_iter().map(text).collect())
        .collect()
}

fn text(value: mysql_async::Value) -> Option<String> {
    mysql_async::from_value(value)
}

async fn run_on_postgres(options: &ServerOptions, script: &str) -> Vec<Vec<Option<String>>> {
    let DatabaseHost::Name(host) = &options.host else {
        panic!("{options:?}");
    };
    let mut config = tokio_postgres::Config::new();
    config
        .host(host)
        .port(options.port.unwrap_or(5432))
        .dbname(&options.database);
    if let Some(user) = &options.user {
        config.user(user);
    }
    if let Some(password) = &options.password {
        config.password(password);
    }
    let (client, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let messages = client.simple_query(script).await.unwrap();
    messages
        .iter()
        .filter_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => Some(
                (0..row.len())
                    .map(|at| row.get(at).map(str::to_owned))
                    .collect(),
            ),
            _ => None,
        })
        .collect()
}
