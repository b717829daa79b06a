//! The SQLite catalog as a file: opened or refused, written by many, closed cleanly.
#![cfg(feature = "sqlite")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::sync::Arc;

use futures::executor::block_on;
use futures::future::join_all;
use glance_core::domain::query::{ImageQuery, Listed};
use glance_core::domain::{Image, ImageId, Timestamp, Viewer, Visibility};
use glance_core::ports::Catalog;
use glance_stores::{
    OpenError, SqliteCatalog, SqliteOptions, remove_additions, schema_version, sync_schema,
};
use rusqlite::Connection;

#[test]
fn what_is_stored_is_there_when_the_file_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE);
    let catalog = open(&path);
    block_on(catalog.insert(&image(1), None)).unwrap();
    drop(catalog);

    let found = block_on(open(&path).find(image(1).id, None))
        .unwrap()
        .unwrap();

    assert_eq!(found.image, image(1));
}

#[test]
fn closing_folds_the_log_into_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE);
    let catalog = open(&path);
    block_on(catalog.insert(&image(1), None)).unwrap();
    assert!(files(folder.path()).len() > 1);

    drop(catalog);

    assert_eq!(files(folder.path()), [FILE]);
}

#[test]
fn what_is_ours_can_be_taken_out_of_the_file_and_put_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE);
    drop(open(&path));
    let ours = || {
        let connection = Connection::open(&path).unwrap();
        let count = "SELECT COUNT(*) FROM sqlite_master WHERE name LIKE 'glance_rs_%'";
        connection
            .query_row(count, [], |row| row.get::<_, i64>(0))
            .unwrap()
    };
    let there = ours();

    let removed = remove_additions(&path).unwrap();

    assert_eq!((removed.len() as i64, ours()), (there, 0));
    assert_eq!(remove_additions(&path).unwrap(), [""; 0]);
    sync_schema(&path).unwrap();
    assert_eq!(ours(), there);
}

#[test]
fn a_thousand_creates_at_once_by_eight_writers_all_succeed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE);
    // Each has its own connections to the file, as eight processes have.
    let catalogs: Vec<Arc<SqliteCatalog>> = (0..8).map(|_| Arc::new(open(&path))).collect();
    let writers = catalogs.iter().enumerate().map(|(writer, catalog)| {
        let catalog = Arc::clone(catalog);
        std::thread::spawn(move || {
            let images: Vec<Image> = (0..125)
                .map(|number| image((writer * 1000 + number) as u128))
                .collect();
            let inserts = images.iter().map(|image| catalog.insert(image, None));
            let errors = block_on(join_all(inserts))
                .into_iter()
                .filter_map(Result::err);
            errors.map(|error| format!("{error:?}")).collect::<Vec<_>>()
        })
    });

    let writers: Vec<_> = writers.collect();
    let errors = writers
        .into_iter()
        .flat_map(|writer| writer.join().unwrap());

    assert_eq!(errors.collect::<Vec<_>>(), [""; 0]);
    let mut query = ImageQuery {
        listed: Listed::All,
        ..ImageQuery::default()
    };
    query.page.limit = 2000;
    let admin = Viewer {
        project: None,
        admin: true,
    };
    assert_eq!(
        block_on(catalogs[0].list(&query, &admin)).unwrap().len(),
        1000
    );
}

#[test]
fn one_batch_that_is_refused_leaves_the_others_of_its_group() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = open(&folder.path().join(FILE));
    block_on(catalog.insert(&image(3), None)).unwrap();

    let images: Vec<Image> = (1..=5).map(image).collect();
    let inserts = images.iter().map(|image| catalog.insert(image, None));
    let results: Vec<bool> = block_on(join_all(inserts))
        .iter()
        .map(Result::is_ok)
        .collect();

    assert_eq!(results, [true, true, false, true, true]);
}

#[test]
fn what_cannot_be_opened_is_refused_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("notes.txt"), "no database, whatever its name says").unwrap();
    std::fs::create_dir(path("folder")).unwrap();
    execute(&path("other.sqlite"), "CREATE TABLE t (x)");
    sync_schema(path("old.sqlite")).unwrap();
    execute(
        &path("old.sqlite"),
        "UPDATE alembic_version SET version_num = '2023_1_contract01'",
    );
    let before = files(folder.path());
    let never = SqliteOptions {
        create: false,
        ..SqliteOptions::default()
    };

    let mut refusals = String::new();
    for (name, options) in [
        ("notes.txt", SqliteOptions::default()),
        ("folder", SqliteOptions::default()),
        ("other.sqlite", SqliteOptions::default()),
        ("old.sqlite", SqliteOptions::default()),
        ("missing.sqlite", never),
        ("missing/glance.sqlite", SqliteOptions::default()),
    ] {
        let refused = block_on(SqliteCatalog::open(path(name), options)).unwrap_err();
        refusals += &refused
            .to_string()
            .replace(folder.path().to_str().unwrap(), "");
        refusals += "\n";
    }

    expect_test::expect![[r#"
        cannot open the database /notes.txt: it is no SQLite database
        cannot open the database /folder: Is a directory (os error 21)
        /other.sqlite is a database, but not one of Glance: it has no table alembic_version
        the database /old.sqlite is at revision 2023_1_contract01, and 2024_1_contract01 is needed: run Glance's own `glance-manage db sync` first
        there is no database /missing.sqlite
        cannot create the database /missing/glance.sqlite: No such file or directory (os error 2)
    "#]].assert_eq(&refusals);
    assert_eq!(files(folder.path()), before);
}

#[test]
fn the_version_of_a_file_is_told_without_touching_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE);
    assert!(matches!(
        schema_version(&path),
        Err(OpenError::Missing { .. })
    ));
    std::fs::write(&path, "").unwrap();
    assert_eq!(schema_version(&path).unwrap(), None);

    sync_schema(&path).unwrap();
    sync_schema(&path).unwrap();

    assert_eq!(
        schema_version(&path).unwrap().as_deref(),
        Some("2024_1_contract01")
    );
    assert_eq!(files(folder.path()), [FILE]);
}

#[test]
fn times_and_flags_are_written_as_upstream_writes_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE);
    let catalog = open(&path);
    block_on(catalog.insert(&image(7), None)).unwrap();
    drop(catalog);

    let row = "SELECT created_at || ' ' || updated_at || ' ' || typeof(created_at) || ' '
        || deleted || protected || os_hidden || typeof(deleted) FROM images";
    let row: String = Connection::open(&path)
        .unwrap()
        .query_row(row, [], |row| row.get(0))
        .unwrap();

    assert_eq!(
        row,
        "2023-11-14 22:13:20.000007 2023-11-14 22:13:20.000007 text 000integer"
    );
}

fn image(number: u128) -> Image {
    let micros = 1_700_000_000_000_000 + i64::try_from(number).unwrap();
    let mut image = Image::queued(ImageId::from_bits(number), Timestamp::from_micros(micros));
    image.visibility = Visibility::Public;
    image.tags.insert("tag".parse().unwrap());
    image
        .properties
        .insert("os".parse().unwrap(), "value".parse().unwrap());
    image
}

fn open(path: &Path) -> SqliteCatalog {
    block_on(SqliteCatalog::open(path, SqliteOptions::default())).unwrap()
}

fn execute(path: &Path, statement: &str) {
    Connection::open(path)
        .unwrap()
        .execute_batch(statement)
        .unwrap();
}

fn files(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort_unstable();
    names
}

const FILE: &str = "glance.sqlite";
