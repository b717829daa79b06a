//! Against what upstream makes: its schema, and a file that Python Glance 33 filled.
#![cfg(feature = "sqlite")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write;
use std::path::Path;

use futures::executor::block_on;
use glance_core::domain::query::{ImageQuery, Listed, TaskQuery};
use glance_core::domain::{Change, Image, ImageId, MemberStatus, Status, Timestamp, Viewer};
use glance_core::ports::{Catalog, CatalogError, TaskLog};
use glance_stores::{OpenError, SqliteCatalog, SqliteOptions, schema_version};
use rusqlite::Connection;
use tempfile::TempDir;

#[test]
fn our_schema_is_upstreams() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("glance.sqlite");
    drop(block_on(SqliteCatalog::open(&path, SqliteOptions::default())).unwrap());

    // To renew it: GLANCE_REFERENCE=a-file-made-by-db-sync UPDATE_EXPECT=1.
    let reference = std::env::var_os("GLANCE_REFERENCE").map(Into::into);
    let facts = schema_facts(&reference.unwrap_or(path));

    expect_test::expect_file!["golden/upstream_sqlite_schema.txt"].assert_eq(&facts);
}

#[test]
fn images_of_upstream_are_found_with_all_they_have() {
    let (catalog, _folder) = upstream_catalog();

    let image = find(&catalog, 2).unwrap();

    assert_eq!(image.name.unwrap().as_str(), "active with data");
    assert_eq!(image.status, Status::Active);
    assert_eq!((image.min_disk, image.min_ram), (3, 512));
    assert_eq!((image.size, image.virtual_size), (Some(16), Some(16)));
    assert_eq!(image.checksum.unwrap(), "85d5f5110a974096ac4ec801a2d76ac6");
    assert_eq!(image.algorithm.unwrap(), "sha512");
    assert_eq!(image.tags, ["linux", "x86"]);
    assert_eq!(image.properties, ["hw_disk_bus=virtio", "os_distro=debian"]);
    let url = "file:///var/lib/glance/fast/00000002-0000-4000-8000-000000000000";
    assert_eq!(image.locations, [(url.to_owned(), Some("fast".to_owned()))]);
    assert_eq!(image.created_at, 1_795_312_805_689_365);
}

#[test]
fn an_odd_task_fails_no_list_of_tasks() {
    let (catalog, folder) = upstream_catalog();
    let connection = Connection::open(folder.path().join("glance.sqlite")).unwrap();
    let viewer = Viewer {
        project: None,
        admin: true,
    };
    let listed = || {
        let query = TaskQuery::of(viewer.clone(), Timestamp::from_micros(0));
        block_on(catalog.list_tasks(&query)).unwrap()
    };
    let before = listed().len();
    connection.execute_batch(ODD_TASKS).unwrap();

    let after = listed();

    assert_eq!(after.len(), before + 1);
    let odd = after.iter().find(|task| task.id.as_str() == "odd").unwrap();
    assert_eq!((odd.image, &odd.input, &odd.result), (None, &None, &None));
    assert_eq!(odd.message.as_deref(), Some("half way"));
}

const ODD_TASKS: &str = "
    INSERT INTO tasks (id, type, status, owner, image_id, created_at, updated_at, deleted)
    SELECT id, type, status, 'o', 'no id', '2026-01-01 00:00:00', '2026-01-01 00:00:00', 0
    FROM (SELECT 'odd' AS id, 'import' AS type, 'success' AS status
        UNION SELECT 'other kind', 'export', 'success'
        UNION SELECT 'other status', 'import', 'asleep');
    INSERT INTO task_info (task_id, input, result, message)
    VALUES ('odd', '[1]', 'no JSON', 'half way');";

#[test]
fn what_upstream_left_in_odd_states_reads_as_it_does_there() {
    let (catalog, _folder) = upstream_catalog();
    let properties = |number| find(&catalog, number).unwrap().properties;

    assert_eq!(properties(12), ["b=again"]);
    assert_eq!(properties(15), ["empty=", "note=ünï → ✓"]);
    assert_eq!(find(&catalog, 13).unwrap().tags, ["back", "keep"]);
    assert_eq!(find(&catalog, 16).unwrap().name, None);
    let never_updated = find(&catalog, 20).unwrap();
    assert_eq!(never_updated.properties, ["nothing="]);
    assert_eq!(never_updated.updated_at, never_updated.created_at);
    assert_eq!(find(&catalog, 21).unwrap().locations.len(), 2);
    assert_eq!(find(&catalog, 19).unwrap().status, Status::Killed);
    for gone in [9, 10, 22] {
        assert!(find(&catalog, gone).is_none(), "{gone}");
    }
}

#[test]
fn an_empty_owner_or_member_is_served_and_is_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let path = copy_of_upstream(&folder);
    let rows = "INSERT INTO images (id, owner, status, visibility, protected, os_hidden, \
            min_disk, min_ram, created_at, deleted) \
        VALUES ('00000099-0000-4000-8000-000000000000', '', 'queued', 'shared', 0, 0, \
            0, 0, '2026-01-01 00:00:00.000000', 0); \
        INSERT INTO image_members (image_id, member, status, can_share, created_at, deleted) \
        VALUES ('00000099-0000-4000-8000-000000000000', '', 'pending', 0, \
            '2026-01-01 00:00:00.000000', 0);";
    Connection::open(&path)
        .unwrap()
        .execute_batch(rows)
        .unwrap();
    let catalog = block_on(SqliteCatalog::open(&path, SqliteOptions::default())).unwrap();
    let seen_by = |project: Option<&str>, admin| {
        let viewer = Viewer {
            project: project.map(|project| project.parse().unwrap()),
            admin,
        };
        let query = ImageQuery {
            listed: Listed::All,
            ..ImageQuery::default()
        };
        let images = block_on(catalog.list(&query, &viewer)).unwrap();
        images.iter().any(|image| image.id == id(99))
    };

    let image = block_on(catalog.find(id(99), None)).unwrap().unwrap().image;
    let members = block_on(catalog.members(id(99))).unwrap();

    assert_eq!(image.owner.unwrap().as_str(), "");
    assert_eq!(members[0].project.as_str(), "");
    let seen = [
        seen_by(None, true),
        seen_by(Some("p1"), false),
        seen_by(None, false),
    ];
    assert_eq!(seen, [true, false, false]);
}

#[test]
fn viewers_of_upstreams_images_get_listed_what_is_theirs() {
    let (catalog, _folder) = upstream_catalog();
    let mut table = String::new();
    for project in ["p1", "p2", "p3", "p4", "p5"] {
        for listed in [Listed::Usual, Listed::All] {
            let viewer = Viewer {
                project: Some(project.parse().unwrap()),
                admin: false,
            };
            let query = ImageQuery {
                listed,
                ..ImageQuery::default()
            };
            let images = block_on(catalog.list(&query, &viewer)).unwrap();
            let numbers: Vec<String> = images.iter().map(number).collect();
            writeln!(table, "{project} {listed:?}: {}", numbers.join(" ")).unwrap();
        }
    }

    expect_test::expect![[r#"
        p1 Usual: 18 17 16 15 14 13 12 11 8 4 3 2 1 21 20
        p1 All: 18 17 16 15 14 13 12 11 8 5 4 3 2 1 21 20
        p2 Usual: 11 6 5 4
        p2 All: 11 6 5 4
        p3 Usual: 11 4 3
        p3 All: 11 5 4 3
        p4 Usual: 11 4
        p4 All: 11 5 4
        p5 Usual: 11 4
        p5 All: 11 5 4
    "#]]
    .assert_eq(&table);
}

#[test]
fn members_of_upstreams_images_are_as_they_answered() {
    let (catalog, _folder) = upstream_catalog();

    let members = block_on(catalog.members(id(3))).unwrap();

    let answers: Vec<_> = members
        .iter()
        .map(|member| (member.project.as_str(), member.status))
        .collect();
    let expected = [
        ("p2", MemberStatus::Pending),
        ("p3", MemberStatus::Accepted),
        ("p4", MemberStatus::Rejected),
    ];
    assert_eq!(answers, expected);
}

#[test]
fn a_property_that_upstream_removed_is_revived_in_its_row() {
    let (catalog, folder) = upstream_catalog();
    let before = block_on(catalog.find(id(12), None)).unwrap().unwrap().image;
    let mut after = before.clone();
    after
        .properties
        .insert("a".parse().unwrap(), "back".parse().unwrap());

    let stored = block_on(catalog.commit(&Change::of_edit(before, after))).unwrap();
    drop(catalog);

    assert_eq!(stored.properties.len(), 2);
    let connection = Connection::open(folder.path().join(FILE)).unwrap();
    let row = "SELECT value, deleted FROM image_properties WHERE id = 4";
    let row: (String, bool) = connection
        .query_row(row, [], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    assert_eq!(row, ("back".to_owned(), false));
}

#[test]
fn the_lock_of_an_import_stays_whatever_a_save_says() {
    let (catalog, _folder) = upstream_catalog();
    let before = block_on(catalog.find(id(14), None)).unwrap().unwrap().image;
    let mut after = before.clone();
    after.properties.clear();

    let stored = block_on(catalog.commit(&Change::of_edit(before.clone(), after))).unwrap();

    assert_eq!(stored.properties, before.properties);
    assert_eq!(stored.properties.len(), 1);
}

#[test]
fn ids_that_upstream_deleted_stay_taken() {
    let (catalog, _folder) = upstream_catalog();
    let image = Image::queued(id(9), Timestamp::from_micros(0));

    let again = block_on(catalog.insert(&image, None));

    assert!(matches!(again, Err(CatalogError::Conflict)), "{again:?}");
}

#[test]
fn a_file_of_upstream_is_refused_where_it_may_not_be_added_to() {
    let folder = tempfile::tempdir().unwrap();
    let path = copy_of_upstream(&folder);
    let untouched = std::fs::read(&path).unwrap();
    let options = SqliteOptions {
        additions: false,
        ..SqliteOptions::default()
    };

    let refused = block_on(SqliteCatalog::open(&path, options)).unwrap_err();

    let OpenError::AdditionsMissing { missing, .. } = &refused else {
        panic!("{refused}")
    };
    assert!(
        missing.contains(&"glance_rs_intents".to_owned()),
        "{missing:?}"
    );
    assert_eq!(std::fs::read(&path).unwrap(), untouched);
    glance_stores::sync_schema(&path).unwrap();
    block_on(SqliteCatalog::open(&path, options)).unwrap();
    assert_eq!(schema_version(&path).unwrap().unwrap(), "2024_1_contract01");
}

/// What a test says of an image, in plain values.
struct Seen {
    name: Option<glance_core::domain::ImageName>,
    status: Status,
    min_disk: u32,
    min_ram: u32,
    size: Option<u64>,
    virtual_size: Option<u64>,
    checksum: Option<String>,
    algorithm: Option<String>,
    tags: Vec<String>,
    properties: Vec<String>,
    locations: Vec<(String, Option<String>)>,
    created_at: i64,
    updated_at: i64,
}

fn find(catalog: &SqliteCatalog, number: u32) -> Option<Seen> {
    let image = block_on(catalog.find(id(number), None)).unwrap()?.image;
    let location = |location: &glance_core::domain::Location| {
        let store = location.store().map(|store| store.to_string());
        (location.url.as_str().to_owned(), store)
    };
    Some(Seen {
        status: image.status(),
        min_disk: image.min_disk.get(),
        min_ram: image.min_ram.get(),
        size: image.size,
        virtual_size: image.virtual_size,
        algorithm: image.multihash.map(|hash| hash.algorithm),
        tags: image.tags.iter().map(ToString::to_string).collect(),
        properties: image
            .properties
            .iter()
            .map(|(name, value)| format!("{name}={}", value.as_str()))
            .collect(),
        locations: image.locations.iter().map(location).collect(),
        created_at: image.created_at.as_micros(),
        updated_at: image.updated_at.as_micros(),
        name: image.name,
        checksum: image.checksum,
    })
}

fn id(number: u32) -> ImageId {
    format!("{number:08}-0000-4000-8000-000000000000")
        .parse()
        .unwrap()
}

fn number(image: &Image) -> String {
    image.id.as_str()[..8].trim_start_matches('0').to_owned()
}

fn upstream_catalog() -> (SqliteCatalog, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = copy_of_upstream(&folder);
    (
        block_on(SqliteCatalog::open(path, SqliteOptions::default())).unwrap(),
        folder,
    )
}

fn copy_of_upstream(folder: &TempDir) -> std::path::PathBuf {
    let path = folder.path().join(FILE);
    std::fs::copy(
        concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/fixtures/upstream.sqlite"
        ),
        &path,
    )
    .unwrap();
    path
}

/// Tables, columns, keys and indexes of a file, but for our own additions.
fn schema_facts(path: &Path) -> String {
    let connection = Connection::open(path).unwrap();
    let rows = |query: &str, columns: usize| -> Vec<Vec<String>> {
        let mut statement = connection.prepare(query).unwrap();
        let text = |row: &rusqlite::Row<'_>, at| match row.get_unwrap(at) {
            rusqlite::types::Value::Null => "-".to_owned(),
            rusqlite::types::Value::Integer(number) => number.to_string(),
            rusqlite::types::Value::Text(text) => text,
            other => panic!("{other:?}"),
        };
        let row = |row: &rusqlite::Row<'_>| Ok((0..columns).map(|at| text(row, at)).collect());
        statement
            .query_map([], row)
            .unwrap()
            .map(Result::unwrap)
            .collect()
    };
    let mut facts = String::new();
    let tables = "SELECT name FROM sqlite_master WHERE type = 'table' \
        AND name NOT LIKE 'glance_rs_%' AND name NOT LIKE 'sqlite_%' ORDER BY name";
    for table in rows(tables, 1).concat() {
        writeln!(facts, "{table}").unwrap();
        let columns = format!(
            "SELECT name, type, \"notnull\", dflt_value, pk FROM pragma_table_info('{table}')"
        );
        for column in rows(&columns, 5) {
            let [name, kind, not_null, default, key] = &column[..] else {
                unreachable!()
            };
            let needed = if not_null == "1" {
                "needed"
            } else {
                "optional"
            };
            writeln!(
                facts,
                "  {name}: {kind}, {needed}, default {default}, key {key}"
            )
            .unwrap();
        }
        let references = format!(
            "SELECT \"from\", \"table\", \"to\", on_update, on_delete \
             FROM pragma_foreign_key_list('{table}') ORDER BY 1"
        );
        for reference in rows(&references, 5) {
            writeln!(facts, "  reference: {}", reference.join(" ")).unwrap();
        }
        facts += &index_facts(&table, &rows);
    }
    facts
}

fn index_facts(table: &str, rows: &dyn Fn(&str, usize) -> Vec<Vec<String>>) -> String {
    let indexes = format!(
        "SELECT name, \"unique\", origin, partial FROM pragma_index_list('{table}') \
         WHERE name NOT LIKE 'glance_rs_%'"
    );
    let mut facts = Vec::new();
    for index in rows(&indexes, 4) {
        let [name, unique, origin, partial] = &index[..] else {
            unreachable!()
        };
        let columns = format!("SELECT name FROM pragma_index_info('{name}') ORDER BY seqno");
        let columns = rows(&columns, 1).concat().join(", ");
        // SQLite names by number what a constraint makes.
        let name = if origin == "c" {
            name
        } else {
            "(of a constraint)"
        };
        facts.push(format!(
            "  index {name}: {columns}; unique {unique}, origin {origin}, partial {partial}\n"
        ));
    }
    facts.sort();
    facts.concat()
}

const FILE: &str = "glance.sqlite";
