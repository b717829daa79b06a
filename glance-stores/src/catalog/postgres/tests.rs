//! Tests that look at the database itself: how lists are read.

use super::*;
use crate::DatabaseHost;
use crate::catalog::explaining::{Explaining, Plan};
use crate::catalog::plans;
use crate::catalog::sql::database::{Cell, Statement};

#[test]
#[ignore = "needs PostgreSQL: .ci/run starts it"]
fn every_page_of_every_order_is_read_from_an_index() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let server = server();
        let mut options = server.clone();
        options.database = format!("glance_plans_{}", std::process::id());
        let admin = connect(&server).await.unwrap();
        let make = format!("CREATE DATABASE {}", options.database);
        admin.batch_execute(&make).await.unwrap();
        PostgresCatalog::sync_schema(&options).await.unwrap();
        let filling = connect(&options).await.unwrap();
        for script in [FILL, plans::MARKS, "VACUUM ANALYZE"] {
            filling.batch_execute(script).await.unwrap();
        }
        let database = PostgresCatalog::open(&options).await.unwrap().database;
        let explaining = Explaining::of(database);
        let (table, wrong) = explaining
            .table(is_by_index, nodes, "Seq Scan on images")
            .await;

        let drop = format!("DROP DATABASE {} WITH (FORCE)", options.database);
        admin.batch_execute(&drop).await.unwrap();
        assert!(wrong.is_empty(), "{wrong}");
        expect_test::expect_file!["../golden/postgres_plans.txt"].assert_eq(&table);
    });
}

/// Whether nothing scans images, and no more of them are sorted than fill a page a few times: where
/// so few are left, PostgreSQL may sort them rather than walk. What is counted are rows of marks.
fn is_by_index(statement: &str, plan: &[String]) -> bool {
    let sorts_little = statement.starts_with("WITH \"few\"")
        || statement.contains("COUNT(*)")
        || !statement.contains("LIMIT");
    plan.iter().all(|line| {
        let is_sort = line.contains("Sort  (") && !sorts_little;
        !line.contains("Seq Scan on images") && (!is_sort || estimated_rows(line) <= 100)
    })
}

/// The nodes of the plans and what indexes are asked, without the figures that they rest on.
fn nodes(plans: Vec<Plan>) -> Vec<Plan> {
    let is_node = |line: &&String| line.contains("  (cost=") || line.contains("Index Cond: ");
    let bare = |line: &String| line.split("  (cost=").next().unwrap_or_default().to_owned();
    let plan =
        |(statement, plan): Plan| (statement, plan.iter().filter(is_node).map(bare).collect());
    plans.into_iter().map(plan).collect()
}

fn estimated_rows(line: &str) -> u64 {
    let rows = line.split("rows=").nth(1).unwrap_or_default();
    let digits: String = rows.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap()
}

impl Database for Explaining<Postgres> {
    fn dialect(&self) -> Dialect {
        self.database.dialect()
    }

    async fn read<R: Reading>(&self, mut reading: R) -> Result<R, CatalogError> {
        let session = self.database.begin("explain", Begin::Reading).await;
        let session = session.unwrap();
        while let Some(statement) = reading.next() {
            let explain = Statement {
                text: format!("EXPLAIN {}", statement.text),
                values: statement.values.clone(),
            };
            let plan = session.select(&explain).await.unwrap();
            let line = |mut row: Row| match row.pop() {
                Some(Cell::Text(line)) => line,
                other => panic!("{other:?}"),
            };
            let plan = plan.into_iter().map(line).collect();
            self.plans
                .lock()
                .unwrap()
                .push((statement.text.clone(), plan));
            reading.take(session.select(&statement).await.unwrap())?;
        }
        session.end("COMMIT").await;
        Ok(reading)
    }

    async fn write(&self, batch: Batch) -> Result<Vec<Vec<Row>>, CatalogError> {
        self.database.write(batch).await
    }
}

fn server() -> ServerOptions {
    let url = std::env::var("GLANCE_TEST_POSTGRES");
    let url = url.unwrap_or_else(|_| "postgresql://postgres@127.0.0.1:5432/postgres".into());
    let config: tokio_postgres::Config = url.parse().unwrap();
    let [tokio_postgres::config::Host::Tcp(host), ..] = config.get_hosts() else {
        panic!("GLANCE_TEST_POSTGRES has to name a host");
    };
    let mut options = ServerOptions::new(DatabaseHost::Name(host.clone()), "postgres");
    options.port = config.get_ports().first().copied();
    options.user = config.get_user().map(str::to_owned);
    let password = config.get_password().map(|text| text.to_vec());
    options.password = password.map(|text| String::from_utf8(text).unwrap());
    options
}

/// 30,000 images of 50 projects: 40 % private, 30 % public, 20 % shared, 10 % community.
const FILL: &str = "
    ALTER TABLE images SET (autovacuum_enabled = off);
    ALTER TABLE image_members SET (autovacuum_enabled = off);
    INSERT INTO images (id, name, size, status, created_at, updated_at, deleted, disk_format,
        container_format, owner, min_disk, min_ram, visibility)
    SELECT lpad(to_hex(n * 7919), 8, '0') || '-0000-4000-8000-000000000000',
        CASE WHEN n % 5 <> 0 THEN 'name ' || n % 700 END, n % 1000, 'active',
        timestamp '2026-01-01' + n / 3 * interval '1 minute', timestamp '2026-02-01', n % 50 = 0,
        'raw', 'bare', 'p' || n / 7 % 50, 0, 0,
        (CASE WHEN n % 10 < 4 THEN 'private' WHEN n % 10 < 7 THEN 'public'
            WHEN n % 10 < 9 THEN 'shared' ELSE 'community' END)
            ::image_visibility
    FROM generate_series(1, 30000) AS n;
    INSERT INTO image_members (image_id, member, can_share, created_at, deleted, status)
    SELECT id, 'p' || size % 50, false, created_at, false, 'accepted'
    FROM images WHERE visibility = 'shared' AND size % 3 = 0;
";
