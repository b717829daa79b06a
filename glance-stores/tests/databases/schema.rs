//! Against what upstream makes: each table, column, key and index; and who opens whose database.

use std::fmt::Write;

use glance_core::domain::{Image, ImageId, Timestamp};
use glance_core::ports::Catalog;
use glance_stores::{MysqlCatalog, OpenError, PostgresCatalog};

use crate::support::{Scratch, run};

/// The tests of one kind of server: its catalog, what makes an empty database, and what it is asked.
macro_rules! schema_of {
    ($name:ident, $needs:literal, $catalog:ty, $scratch:path, $facts:expr, $ours:expr,
     $reference:literal, $golden:literal, $refusals:expr) => {
        mod $name {
            use super::*;

            #[test]
            #[ignore = $needs]
            fn our_schema_is_upstreams() {
                let facts = run(async {
                    let scratch = $scratch().await;
                    // To renew it: a script of the server's dump program in this variable, and
                    // UPDATE_EXPECT=1.
                    match std::env::var_os($reference) {
                        Some(dump) => {
                            let script = std::fs::read_to_string(dump).unwrap();
                            scratch.execute(&script).await;
                        }
                        None => <$catalog>::sync_schema(&scratch.options).await.unwrap(),
                    }
                    facts(&scratch, $facts).await
                });

                expect_test::expect_file![$golden].assert_eq(&facts);
            }

            #[test]
            #[ignore = $needs]
            fn additions_come_and_go() {
                run(async {
                    let scratch = $scratch().await;
                    let options = &scratch.options;
                    <$catalog>::sync_schema(options).await.unwrap();
                    let whole = facts(&scratch, $facts).await;

                    let removed = <$catalog>::remove_additions(options).await.unwrap();
                    let again = <$catalog>::remove_additions(options).await.unwrap();

                    let intents = "glance_rs_intents".to_owned();
                    assert!(removed.contains(&intents), "{removed:?}");
                    assert_eq!(again, [""; 0]);
                    assert_eq!(scratch.select($ours).await.len(), 0);
                    assert_eq!(facts(&scratch, $facts).await, whole);
                    let mut never = options.clone();
                    never.additions = false;
                    let refused = <$catalog>::open(&never).await.unwrap_err();
                    let lacks = matches!(refused, OpenError::AdditionsMissing { .. });
                    assert!(lacks, "{refused}");
                    let catalog = <$catalog>::open(options).await.unwrap();
                    let image = Image::queued(ImageId::from_bits(1), Timestamp::from_micros(0));
                    catalog.insert(&image, None).await.unwrap();
                });
            }

            #[test]
            #[ignore = $needs]
            fn what_cannot_be_opened_is_refused_in_one_sentence() {
                let refusals = run(async {
                    let scratch = $scratch().await;
                    let mut absent = scratch.options.clone();
                    absent.database += "_absent";
                    let mut deaf = scratch.options.clone();
                    deaf.port = Some(1);
                    let mut refusals = String::new();
                    for options in [&absent, &deaf, &scratch.options] {
                        let refused = <$catalog>::open(options).await.unwrap_err();
                        writeln!(refusals, "{refused}").unwrap();
                    }
                    for script in [
                        "CREATE TABLE t (x INT)",
                        "CREATE TABLE alembic_version (version_num VARCHAR(32))",
                        "INSERT INTO alembic_version VALUES ('2023_1_contract01'), ('2024_1_expand01')",
                    ] {
                        scratch.execute(script).await;
                        let refused = <$catalog>::open(&scratch.options).await.unwrap_err();
                        writeln!(refusals, "{refused}").unwrap();
                    }
                    let port = scratch.options.port.unwrap().to_string();
                    refusals
                        .replace(&scratch.options.database, "glance")
                        .replace(&port, "PORT")
                });

                $refusals.assert_eq(&refusals);
            }

            #[test]
            #[ignore = $needs]
            fn servers_that_start_at_once_make_one_schema() {
                run(async {
                    let scratch = $scratch().await;
                    let options = &scratch.options;

                    let synced = (0..8).map(|_| <$catalog>::sync_schema(options));
                    for synced in futures::future::join_all(synced).await {
                        synced.unwrap();
                    }
                    <$catalog>::remove_additions(options).await.unwrap();
                    let opened = (0..8).map(|_| <$catalog>::open(options));
                    for opened in futures::future::join_all(opened).await {
                        opened.unwrap();
                    }

                    let version = <$catalog>::schema_version(options).await.unwrap();
                    assert_eq!(version.as_deref(), Some("2024_1_contract01"));
                });
            }
        }
    };
}

schema_of!(
    postgres,
    "needs PostgreSQL: .ci/run starts it",
    PostgresCatalog,
    Scratch::postgres,
    POSTGRES,
    "SELECT 1 FROM pg_class WHERE relname LIKE 'glance\\_rs\\_%'",
    "GLANCE_REFERENCE_POSTGRES",
    "../golden/upstream_postgres_schema.txt",
    expect_test::expect![[r#"
        cannot connect to postgresql://127.0.0.1:PORT/glance_absent: db error: FATAL: database "glance_absent" does not exist
        cannot reach the database postgresql://127.0.0.1:1/glance: error connecting to server: Connection refused (os error 111)
        the database postgresql://127.0.0.1:PORT/glance holds no schema yet: `glance db sync` makes it
        postgresql://127.0.0.1:PORT/glance is a database, but not one of Glance: it has no table alembic_version
        the database postgresql://127.0.0.1:PORT/glance is at revision none, and 2024_1_contract01 is needed: run Glance's own `glance-manage db sync` first
        the database postgresql://127.0.0.1:PORT/glance is at revision 2023_1_contract01, 2024_1_expand01, and 2024_1_contract01 is needed: run Glance's own `glance-manage db sync` first
    "#]]
);

schema_of!(
    mysql,
    "needs MariaDB: .ci/run starts it",
    MysqlCatalog,
    Scratch::mysql,
    MYSQL,
    "SELECT 1 FROM information_schema.columns WHERE table_schema = DATABASE()
        AND (column_name LIKE 'glance%' OR table_name LIKE 'glance%')",
    "GLANCE_REFERENCE_MYSQL",
    "../golden/upstream_mysql_schema.txt",
    expect_test::expect![[r#"
        cannot connect to mysql://127.0.0.1:PORT/glance_absent: ERROR 1049 (42000): Unknown database 'glance_absent'
        cannot reach the database mysql://127.0.0.1:1/glance: Input/output error: Input/output error: Connection refused (os error 111)
        the database mysql://127.0.0.1:PORT/glance holds no schema yet: `glance db sync` makes it
        mysql://127.0.0.1:PORT/glance is a database, but not one of Glance: it has no table alembic_version
        the database mysql://127.0.0.1:PORT/glance is at revision none, and 2024_1_contract01 is needed: run Glance's own `glance-manage db sync` first
        the database mysql://127.0.0.1:PORT/glance is at revision 2023_1_contract01, 2024_1_expand01, and 2024_1_contract01 is needed: run Glance's own `glance-manage db sync` first
    "#]]
);

/// What a database tells of its tables, but for our own additions.
async fn facts(scratch: &Scratch, selects: &[(&str, &str)]) -> String {
    let mut facts = String::new();
    for (what, select) in selects {
        for row in scratch.select(select).await {
            let cells: Vec<String> = row
                .into_iter()
                .map(|cell| cell.unwrap_or_else(|| "-".to_owned()))
                .collect();
            writeln!(facts, "{what} {}", cells.join(" | ")).unwrap();
        }
    }
    facts
}

/// What PostgreSQL is asked.
const POSTGRES: &[(&str, &str)] = &[
    (
        "column",
        "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
            CASE WHEN a.attnotnull THEN 'needed' ELSE 'optional' END,
            pg_get_expr(d.adbin, d.adrelid)
        FROM pg_class c
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
            AND c.relname NOT LIKE 'glance\\_rs\\_%'
        ORDER BY c.relname COLLATE \"C\", a.attnum",
    ),
    (
        "constraint",
        "SELECT c.relname, k.conname, pg_get_constraintdef(k.oid)
        FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relname NOT LIKE 'glance\\_rs\\_%'
        ORDER BY c.relname COLLATE \"C\", k.conname COLLATE \"C\"",
    ),
    (
        "index",
        "SELECT indexdef FROM pg_indexes
        WHERE schemaname = 'public' AND indexname NOT LIKE 'glance\\_rs\\_%'
            AND tablename NOT LIKE 'glance\\_rs\\_%'
        ORDER BY tablename COLLATE \"C\", indexname COLLATE \"C\"",
    ),
    (
        "enum",
        "SELECT t.typname, e.enumlabel FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid
        ORDER BY t.typname, e.enumsortorder",
    ),
    (
        "sequence",
        "SELECT sequencename, data_type, start_value, increment_by FROM pg_sequences
        WHERE schemaname = 'public' ORDER BY sequencename COLLATE \"C\"",
    ),
    ("revision", "SELECT version_num FROM alembic_version"),
];

/// What MySQL is asked. MariaDB numbers the names of its checks.
const MYSQL: &[(&str, &str)] = &[
    (
        "table",
        "SELECT table_name, engine, table_collation FROM information_schema.tables
        WHERE table_schema = DATABASE() AND table_name NOT LIKE 'glance\\_rs\\_%' ORDER BY 1",
    ),
    (
        "column",
        "SELECT table_name, column_name, column_type, collation_name,
            IF(is_nullable = 'NO', 'needed', 'optional'), column_default, extra
        FROM information_schema.columns
        WHERE table_schema = DATABASE() AND table_name NOT LIKE 'glance\\_rs\\_%'
            AND column_name NOT LIKE 'glance\\_rs\\_%'
        ORDER BY table_name, ordinal_position",
    ),
    (
        "index",
        "SELECT table_name, index_name, IF(non_unique, 'many', 'unique'),
            GROUP_CONCAT(column_name ORDER BY seq_in_index)
        FROM information_schema.statistics
        WHERE table_schema = DATABASE() AND table_name NOT LIKE 'glance\\_rs\\_%'
            AND index_name NOT LIKE 'glance\\_rs\\_%'
        GROUP BY 1, 2, 3 ORDER BY 1, 2",
    ),
    (
        "reference",
        "SELECT k.table_name, k.constraint_name, k.column_name, k.referenced_table_name,
            k.referenced_column_name, r.update_rule, r.delete_rule
        FROM information_schema.key_column_usage k
        JOIN information_schema.referential_constraints r
            ON r.constraint_schema = k.table_schema AND r.constraint_name = k.constraint_name
        WHERE k.table_schema = DATABASE() ORDER BY 1, 2",
    ),
    (
        "check",
        "SELECT table_name, check_clause FROM information_schema.check_constraints
        WHERE constraint_schema = DATABASE() ORDER BY 1, 2",
    ),
    ("revision", "SELECT version_num FROM alembic_version"),
];
