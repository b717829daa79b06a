//! Databases full of images, filled by statements inside of them.

use std::path::PathBuf;

use glance::ports::Catalog;
use glance::stores::{
    DatabaseHost, MysqlCatalog, PostgresCatalog, ServerOptions, SqliteCatalog, SqliteOptions,
};
use mysql_async::prelude::Queryable;
use tempfile::TempDir;

/// A kind of database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Mysql,
    Postgres,
    Sqlite,
}

/// A catalog of so many images.
pub(crate) struct Seeded {
    pub(crate) count: u64,
    pub(crate) catalog: Box<dyn Catalog>,
    place: Place,
}

/// Where a database is.
struct Place {
    kind: Kind,
    name: String,
    kept: Option<PathBuf>,
    folder: TempDir,
}

impl Kind {
    pub(crate) fn named(name: &str) -> Option<Self> {
        let kinds = [Self::Mysql, Self::Postgres, Self::Sqlite];
        kinds.into_iter().find(|kind| kind.name() == name)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Mysql => "mysql",
            Self::Postgres => "postgres",
            Self::Sqlite => "sqlite",
        }
    }

    /// Upstream's schema, and what fills it.
    fn scripts(self) -> (&'static str, &'static str) {
        match self {
            Self::Mysql => (
                include_str!("../../glance-stores/src/catalog/schema/mysql.sql"),
                include_str!("mysql.sql"),
            ),
            Self::Postgres => (
                include_str!("../../glance-stores/src/catalog/schema/postgres.sql"),
                include_str!("postgres.sql"),
            ),
            Self::Sqlite => (
                include_str!("../../glance-stores/src/catalog/schema/sqlite.sql"),
                include_str!("sqlite.sql"),
            ),
        }
    }

    fn analyze(self) -> &'static str {
        match self {
            Self::Mysql => {
                "ANALYZE TABLE images, image_properties, image_tags, image_locations, image_members"
            }
            Self::Postgres => "VACUUM ANALYZE",
            Self::Sqlite => "ANALYZE",
        }
    }

    /// Makes upstream's tables, fills them, and then makes upstream's indexes: all sooner done so.
    fn script(self, count: u64) -> String {
        let (schema, filling) = self.scripts();
        let (indexes, tables): (Vec<&str>, Vec<&str>) = schema
            .lines()
            .partition(|line| line.starts_with("CREATE INDEX"));
        let filling = filling
            .replace("@COUNT@", &count.to_string())
            .replace("@STEP@", &(count / 600).max(1).to_string());
        format!("{}\n{filling}\n{}", tables.join("\n"), indexes.join("\n"))
    }
}

impl Seeded {
    /// The database of a kind with so many images: one that was kept, or a new one.
    pub(crate) async fn new(kind: Kind, count: u64) -> Self {
        let kept = std::env::var_os("GLANCE_BENCH_KEEP").map(PathBuf::from);
        let name = match &kept {
            Some(_) => format!("glance_bench_{count}"),
            None => format!("glance_bench_{count}_{}", std::process::id()),
        };
        let place = Place {
            kind,
            name,
            kept,
            folder: tempfile::tempdir().expect("a folder"),
        };
        if !place.is_there().await {
            place.create().await;
            place.execute(&kind.script(count)).await;
            // Opened once for what it adds: SQLite reads the figures when it opens.
            drop(place.open().await);
            place.execute(kind.analyze()).await;
        }
        let catalog = place.open().await;
        Self {
            count,
            catalog,
            place,
        }
    }

    /// Drops the database, unless it is to be kept.
    pub(crate) async fn leave(self) {
        drop(self.catalog);
        let name = &self.place.name;
        match self.place.kind {
            _ if self.place.kept.is_some() => {}
            Kind::Mysql => self.place.on_server(&format!("DROP DATABASE {name}")).await,
            Kind::Postgres => {
                let drop = format!("DROP DATABASE {name} WITH (FORCE)");
                self.place.on_server(&drop).await;
            }
            Kind::Sqlite => {}
        }
    }
}

impl Place {
    fn file(&self) -> PathBuf {
        let folder = self.kept.as_deref().unwrap_or(self.folder.path());
        folder.join(format!("{}.sqlite", self.name))
    }

    async fn is_there(&self) -> bool {
        let wanted = &self.name;
        match self.kind {
            Kind::Mysql => {
                let mut connection = mysql(mysql_server(), "information_schema").await;
                let found: Option<String> = connection
                    .exec_first(
                        "SELECT schema_name FROM schemata WHERE schema_name = ?",
                        (wanted,),
                    )
                    .await
                    .expect("the names of databases");
                connection.disconnect().await.expect("a goodbye");
                found.is_some()
            }
            Kind::Postgres => {
                let client = postgres(postgres_server(), "postgres").await;
                let select = "SELECT 1 FROM pg_database WHERE datname = $1";
                let found = client.query(select, &[wanted]).await;
                !found.expect("the names of databases").is_empty()
            }
            Kind::Sqlite => self.file().exists(),
        }
    }

    async fn create(&self) {
        let name = &self.name;
        match self.kind {
            Kind::Mysql => {
                let create = format!("CREATE DATABASE {name} CHARACTER SET utf8mb3");
                self.on_server(&create).await;
            }
            Kind::Postgres => self.on_server(&format!("CREATE DATABASE {name}")).await,
            Kind::Sqlite => {}
        }
    }

    async fn on_server(&self, statement: &str) {
        match self.kind {
            Kind::Mysql => run_mysql(statement, "information_schema").await,
            Kind::Postgres => run_postgres(statement, "postgres").await,
            Kind::Sqlite => {}
        }
    }

    async fn execute(&self, script: &str) {
        match self.kind {
            Kind::Mysql => run_mysql(script, &self.name).await,
            Kind::Postgres => run_postgres(script, &self.name).await,
            Kind::Sqlite => {
                let connection = rusqlite::Connection::open(self.file()).expect("a file");
                let pragmas = "PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF;";
                let all = format!("{pragmas} BEGIN; {script}; COMMIT;");
                connection.execute_batch(&all).expect("a filled database");
            }
        }
    }

    async fn open(&self) -> Box<dyn Catalog> {
        match self.kind {
            Kind::Mysql => {
                let server = mysql_server();
                let host = DatabaseHost::Name(server.ip_or_hostname().to_owned());
                let mut options = ServerOptions::new(host, &self.name);
                options.port = Some(server.tcp_port());
                options.user = server.user().map(str::to_owned);
                options.password = server.pass().map(str::to_owned);
                Box::new(MysqlCatalog::open(&options).await.expect("a catalog"))
            }
            Kind::Postgres => {
                let server = postgres_server();
                let [tokio_postgres::config::Host::Tcp(host), ..] = server.get_hosts() else {
                    panic!("GLANCE_TEST_POSTGRES has to name a host");
                };
                let mut options = ServerOptions::new(DatabaseHost::Name(host.clone()), &self.name);
                options.port = server.get_ports().first().copied();
                options.user = server.get_user().map(str::to_owned);
                options.password = server
                    .get_password()
                    .map(|text| String::from_utf8_lossy(text).into_owned());
                Box::new(PostgresCatalog::open(&options).await.expect("a catalog"))
            }
            Kind::Sqlite => {
                let opened = SqliteCatalog::open(self.file(), SqliteOptions::default()).await;
                Box::new(opened.expect("a catalog"))
            }
        }
    }
}

fn mysql_server() -> mysql_async::Opts {
    let url = std::env::var("GLANCE_TEST_MYSQL");
    let url = url.unwrap_or_else(|_| "mysql://root@127.0.0.1:3306".into());
    mysql_async::Opts::from_url(&url).expect("GLANCE_TEST_MYSQL as a URL")
}

async fn mysql(server: mysql_async::Opts, database: &str) -> mysql_async::Conn {
    let options = mysql_async::OptsBuilder::from_opts(server).db_name(Some(database));
    mysql_async::Conn::new(options).await.expect("a session")
}

async fn run_mysql(script: &str, database: &str) {
    let mut connection = mysql(mysql_server(), database).await;
    connection.query_drop(script).await.expect("statements");
    connection.disconnect().await.expect("a goodbye");
}

fn postgres_server() -> tokio_postgres::Config {
    let url = std::env::var("GLANCE_TEST_POSTGRES");
    let url = url.unwrap_or_else(|_| "postgresql://postgres@127.0.0.1:5432/postgres".into());
    url.parse().expect("GLANCE_TEST_POSTGRES as a URL")
}

async fn postgres(mut server: tokio_postgres::Config, database: &str) -> tokio_postgres::Client {
    server.dbname(database);
    let connected = server.connect(tokio_postgres::NoTls).await;
    let (client, connection) = connected.expect("a session");
    tokio::spawn(connection);
    client
}

async fn run_postgres(script: &str, database: &str) {
    let client = postgres(postgres_server(), database).await;
    client.batch_execute(script).await.expect("statements");
}
