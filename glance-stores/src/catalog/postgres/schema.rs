//! What is in a database, and what is made of it.

use tokio_postgres::{Client, Error};

use super::super::revision::{ALEMBIC, Content, failed, missing, names_in, refuse_missing};
use crate::OpenError;

/// What the database holds.
pub(super) async fn content(client: &Client, name: &str) -> Result<Content, OpenError> {
    let read = async {
        let tables = names(client, TABLES).await?;
        if !tables.iter().any(|table| table == ALEMBIC) {
            return Ok::<_, Error>((tables, Vec::new()));
        }
        let revisions = "SELECT version_num FROM alembic_version ORDER BY version_num";
        Ok((tables, names(client, revisions).await?))
    };
    let (tables, revisions) = read.await.map_err(failed("read the database", name))?;
    Content::of(&tables, revisions, name)
}

/// Makes sure that all is there that a catalog needs; adds what may be added.
pub(super) async fn complete(
    client: &Client,
    name: &str,
    additions: bool,
) -> Result<(), OpenError> {
    let found = content(client, name).await?;
    found.check(name)?;
    if found == Content::Nothing {
        return Err(OpenError::Empty {
            database: name.to_owned(),
        });
    }
    let lacks = missing_additions(client, name).await?;
    if lacks.is_empty() {
        return Ok(());
    }
    if !additions {
        return refuse_missing(lacks, name);
    }
    sync(client, name).await
}

/// Makes what is missing, in one transaction: others that do the same wait.
pub(super) async fn sync(client: &Client, name: &str) -> Result<(), OpenError> {
    let write = "write to the database";
    client
        .batch_execute(&format!("BEGIN; SELECT pg_advisory_xact_lock({LOCK})"))
        .await
        .map_err(failed(write, name))?;
    let current = content(client, name).await?;
    current.check(name)?;
    if current == Content::Nothing {
        client
            .batch_execute(SCHEMA)
            .await
            .map_err(failed("create the tables in", name))?;
    }
    client
        .batch_execute(ADDITIONS)
        .await
        .map_err(failed("add our indexes to", name))?;
    refuse_missing(missing_additions(client, name).await?, name)?;
    client
        .batch_execute("COMMIT")
        .await
        .map_err(failed(write, name))
}

/// Takes our own indexes and tables out; gives their names.
pub(super) async fn remove_additions(
    client: &Client,
    name: &str,
) -> Result<Vec<String>, OpenError> {
    content(client, name).await?;
    let failed = failed::<Error>("remove our indexes from", name);
    let there = names(client, OURS).await.map_err(&failed)?;
    let tables = names(client, TABLES).await.map_err(&failed)?;
    let mut script = String::from("BEGIN;");
    let mut removed = Vec::new();
    for name in names_in(ADDITIONS).into_iter().rev() {
        if there.contains(&name) {
            let is_table = tables.contains(&name);
            let what = if is_table { "TABLE" } else { "INDEX" };
            script += &format!("DROP {what} {name};");
            removed.push(name);
        }
    }
    script += "COMMIT";
    client.batch_execute(&script).await.map_err(&failed)?;
    Ok(removed)
}

async fn missing_additions(client: &Client, name: &str) -> Result<Vec<String>, OpenError> {
    let there = names(client, OURS).await;
    Ok(missing(
        ADDITIONS,
        &there.map_err(failed("read the database", name))?,
    ))
}

async fn names(client: &Client, select: &str) -> Result<Vec<String>, Error> {
    let rows = client.query(select, &[]).await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}

const TABLES: &str = "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema()";

const OURS: &str = "SELECT relname::text FROM pg_class
    WHERE relnamespace = current_schema()::regnamespace AND relname LIKE 'glance\\_rs\\_%'";

/// Who makes the schema holds this advisory lock; the number means nothing.
const LOCK: i64 = 0x676c_616e_6365;

const SCHEMA: &str = include_str!("../schema/postgres.sql");
const ADDITIONS: &str = include_str!("../schema/postgres_additions.sql");
