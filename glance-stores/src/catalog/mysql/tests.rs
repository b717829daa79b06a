//! Tests that look at the database itself: how lists are read.

use mysql_async::prelude::Queryable;

use super::*;
use crate::DatabaseHost;
use crate::catalog::explaining::Explaining;
use crate::catalog::plans;
use crate::catalog::sql::database::{Cell, Statement};
use crate::catalog::transaction::Transaction;

#[test]
#[ignore = "needs MariaDB: .ci/run starts it"]
fn every_page_of_every_order_is_read_from_an_index() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let server = server();
        let mut options = server.clone();
        options.database = format!("glance_plans_{}", std::process::id());
        let mut admin = connect(&server).await.unwrap();
        let make = format!("CREATE DATABASE {} CHARACTER SET utf8mb3", options.database);
        admin.query_drop(&make).await.unwrap();
        MysqlCatalog::sync_schema(&options).await.unwrap();
        let mut filling = connect(&options).await.unwrap();
        for script in [FILL, plans::MARKS, ANALYZE] {
            filling.query_drop(script).await.unwrap();
        }
        let database = MysqlCatalog::open(&options).await.unwrap().database;
        let explaining = Explaining::of(database);
        let (table, wrong) = explaining
            .table(is_by_index, |plans| plans, "images ALL")
            .await;

        let drop = format!("DROP DATABASE {}", options.database);
        admin.query_drop(&drop).await.unwrap();
        assert!(wrong.is_empty(), "{wrong}");
        expect_test::expect_file!["../golden/mysql_plans.txt"].assert_eq(&table);
    });
}

/// Whether nothing scans or sorts images: but of the few that are shared with a project. The plan's
/// columns are table, how it is read, by which index, and what else is done.
fn is_by_index(statement: &str, plan: &[String]) -> bool {
    let sorts_little =
        statement.starts_with("WITH `few`") || statement.contains("`image_locations`");
    plan.iter().all(|line| {
        let sorts = line.contains("filesort") || line.contains("temporary");
        !line.starts_with("images ALL")
            && !line.starts_with("images index ")
            && (sorts_little || !statement.contains("LIMIT") || !sorts)
    })
}

impl Database for Explaining<Mysql> {
    fn dialect(&self) -> Dialect {
        self.database.dialect()
    }

    async fn read<R: Reading>(&self, mut reading: R) -> Result<R, CatalogError> {
        let session = self.database.begin("explain", Begin::Reading).await;
        let mut session = session.unwrap();
        while let Some(statement) = reading.next() {
            let explain = Statement {
                text: format!("EXPLAIN {}", statement.text),
                values: statement.values.clone(),
            };
            let plan = session.select("explain", &explain).await.unwrap();
            // id, select_type, table, type, possible_keys, key, key_len, ref, rows, Extra
            let line = |row: Row| {
                let text = |at: usize| match &row[at] {
                    Cell::Text(text) => text.clone(),
                    other => format!("{other:?}"),
                };
                [2, 3, 5, 9].map(text).join(" ")
            };
            let plan = plan.into_iter().map(line).collect();
            self.plans
                .lock()
                .unwrap()
                .push((statement.text.clone(), plan));
            reading.take(session.select("list", &statement).await.unwrap())?;
        }
        session.end("COMMIT").await;
        Ok(reading)
    }

    async fn write(&self, batch: Batch) -> Result<Vec<Vec<Row>>, CatalogError> {
        self.database.write(batch).await
    }
}

fn server() -> ServerOptions {
    let url = std::env::var("GLANCE_TEST_MYSQL");
    let url = url.unwrap_or_else(|_| "mysql://root@127.0.0.1:3306".into());
    let opts = Opts::from_url(&url).unwrap();
    let host = DatabaseHost::Name(opts.ip_or_hostname().to_owned());
    let mut options = ServerOptions::new(host, "information_schema");
    options.port = Some(opts.tcp_port());
    options.user = opts.user().map(str::to_owned);
    options.password = opts.pass().map(str::to_owned);
    options
}

const ANALYZE: &str = "ANALYZE TABLE images, image_members, image_properties, image_tags";

/// 30,000 images of 50 projects: 40 % private, 30 % public, 20 % shared, 10 % community.
const FILL: &str = "
    INSERT INTO images (id, name, size, status, created_at, updated_at, deleted, disk_format,
        container_format, owner, min_disk, min_ram, visibility)
    SELECT CONCAT(LPAD(HEX(n * 7919), 8, '0'), '-0000-4000-8000-000000000000'),
        CASE WHEN n % 5 <> 0 THEN CONCAT('name ', n % 700) END, n % 1000, 'active',
        '2026-01-01' + INTERVAL n DIV 3 MINUTE, '2026-02-01', n % 50 = 0,
        'raw', 'bare', CONCAT('p', n DIV 7 % 50), 0, 0,
        CASE WHEN n % 10 < 4 THEN 'private' WHEN n % 10 < 7 THEN 'public'
            WHEN n % 10 < 9 THEN 'shared' ELSE 'community' END
    FROM (WITH digits AS (SELECT 0 AS d UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4
            UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9)
        SELECT 1 + a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d AS n
        FROM digits a, digits b, digits c, digits e, digits f WHERE f.d < 3) AS numbers;
    INSERT INTO image_members (image_id, member, can_share, created_at, deleted, status)
    SELECT id, CONCAT('p', size % 50), false, created_at, false, 'accepted'
    FROM images WHERE visibility = 'shared' AND size % 3 = 0;
";
