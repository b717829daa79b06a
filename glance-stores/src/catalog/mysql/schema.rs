//! What is in a database, and what is made of it.

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error};

use super::super::revision::{
    ALEMBIC, Content, failed, made_by, missing, refuse_missing, statements,
};
use crate::OpenError;

/// What the database holds.
pub(super) async fn content(connection: &mut Conn, name: &str) -> Result<Content, OpenError> {
    let read = async {
        let tables: Vec<String> = connection.query(TABLES).await?;
        if !tables.iter().any(|table| table == ALEMBIC) {
            return Ok::<_, Error>((tables, Vec::new()));
        }
        let revisions = "SELECT version_num FROM alembic_version ORDER BY version_num";
        Ok((tables, connection.query(revisions).await?))
    };
    let (tables, revisions) = read.await.map_err(failed("read the database", name))?;
    Content::of(&tables, revisions, name)
}

/// Makes sure that all is there that a catalog needs; adds what may be added.
pub(super) async fn complete(
    connection: &mut Conn,
    name: &str,
    additions: bool,
) -> Result<(), OpenError> {
    let found = content(connection, name).await?;
    found.check(name)?;
    if found == Content::Nothing {
        return Err(OpenError::Empty {
            database: name.to_owned(),
        });
    }
    let lacks = missing_additions(connection, name).await?;
    if lacks.is_empty() {
        return Ok(());
    }
    if !additions {
        return refuse_missing(lacks, name);
    }
    sync(connection, name).await
}

/// Makes what is missing; others that do the same wait. The lock goes with the connection.
pub(super) async fn sync(connection: &mut Conn, name: &str) -> Result<(), OpenError> {
    let locked: Option<u8> = connection
        .query_first(LOCK)
        .await
        .map_err(failed("lock", name))?
        .flatten();
    if locked != Some(1) {
        return Err(OpenError::Unreachable {
            database: name.to_owned(),
            reason: "somebody else has been changing its schema for minutes".into(),
        });
    }
    let current = content(connection, name).await?;
    current.check(name)?;
    if current == Content::Nothing {
        run(connection, &statements(SCHEMA))
            .await
            .map_err(failed("create the tables in", name))?;
    }
    let lacks = missing_additions(connection, name).await?;
    let mut additions = statements(ADDITIONS);
    additions.retain(|statement| {
        made_by(statement).is_some_and(|made| lacks.iter().any(|lacking| lacking == made))
    });
    run(connection, &additions)
        .await
        .map_err(failed("add our indexes to", name))?;
    refuse_missing(missing_additions(connection, name).await?, name)?;
    connection
        .query_drop(UNLOCK)
        .await
        .map_err(failed("unlock", name))
}

/// Takes our own columns, indexes and tables out; gives their names.
pub(super) async fn remove_additions(
    connection: &mut Conn,
    name: &str,
) -> Result<Vec<String>, OpenError> {
    content(connection, name).await?;
    let failed = failed::<Error>("remove our indexes from", name);
    let there: Vec<String> = connection.query(OURS).await.map_err(&failed)?;
    let mut removed = Vec::new();
    for statement in statements(ADDITIONS).iter().rev() {
        let words: Vec<&str> = statement.split_whitespace().collect();
        let drop = match words[..] {
            ["CREATE", "INDEX", index, "ON", table, ..] => format!("DROP INDEX {index} ON {table}"),
            ["CREATE", "TABLE", table, ..] => format!("DROP TABLE {table}"),
            ["ALTER", "TABLE", table, "ADD", "COLUMN", column, ..] => {
                format!("ALTER TABLE {table} DROP COLUMN {column}")
            }
            _ => continue,
        };
        let made = made_by(statement).unwrap_or_default();
        if there.iter().any(|known| known == made) {
            connection.query_drop(drop).await.map_err(&failed)?;
            removed.push(made.to_owned());
        }
    }
    Ok(removed)
}

async fn run(connection: &mut Conn, statements: &[String]) -> Result<(), Error> {
    for statement in statements {
        connection.query_drop(statement).await?;
    }
    Ok(())
}

async fn missing_additions(connection: &mut Conn, name: &str) -> Result<Vec<String>, OpenError> {
    let there: Vec<String> = connection
        .query(OURS)
        .await
        .map_err(failed("read the database", name))?;
    Ok(missing(ADDITIONS, &there))
}

const TABLES: &str =
    "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()";

const OURS: &str = "SELECT table_name FROM information_schema.tables
        WHERE table_schema = DATABASE() AND table_name LIKE 'glance\\_rs\\_%'
    UNION SELECT column_name FROM information_schema.columns
        WHERE table_schema = DATABASE() AND column_name LIKE 'glance\\_rs\\_%'
    UNION SELECT index_name FROM information_schema.statistics
        WHERE table_schema = DATABASE() AND index_name LIKE 'glance\\_rs\\_%'";

/// Who makes the schema holds this lock.
const LOCK: &str = "SELECT GET_LOCK(CONCAT('glance_rs ', MD5(DATABASE())), 300)";
const UNLOCK: &str = "DO RELEASE_LOCK(CONCAT('glance_rs ', MD5(DATABASE())))";

const SCHEMA: &str = include_str!("../schema/mysql.sql");
const ADDITIONS: &str = include_str!("../schema/mysql_additions.sql");
