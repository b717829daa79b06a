//! Tests that look at the database itself: how lists are read, and what bad rows do.

use std::path::Path;
use std::sync::Mutex;

use futures::executor::block_on;
use glance_core::domain::query::{Direction, ImageQuery, Listed, Sort, SortKey};
use glance_core::domain::{
    BlobUrl, Change, Event, Image, ImageId, ImageQuotas, Location, MemberStatus, Membership,
    Timestamp, Viewer, Visibility,
};
use glance_core::ports::{Catalog, CatalogError, ScheduledDeletes};
use rusqlite::Connection;

use super::super::plans::{self, FEW};
use super::super::sql::database::{Batch, Cell, Database, Reading, Row, Statement};
use super::super::sql::{self, Dialect};
use super::super::turns::Turn;
use super::connection::select;
use super::{SqliteCatalog, SqliteOptions};

#[test]
fn every_page_of_every_order_is_read_from_an_index() {
    let (folder, connection) = catalog_of_images(200);
    let database = Explaining::of(connection);

    for (key, direction) in orders() {
        for (who, viewer) in viewers() {
            for listed in [Listed::Usual, Listed::All, Listed::Only(Visibility::Public)] {
                let query = first_page(listed, Sort::by([(key, direction)]));
                let first = database.explain(&query, &viewer);
                let after = first.images.last().map(|last| query.sort.position(last));
                let mut second = query.clone();
                second.page.after = after;
                let second = database.explain(&second, &viewer);

                assert!(
                    !first.images.is_empty() && !second.images.is_empty(),
                    "{key:?} {who}"
                );
                for (statement, plan) in first.plans.iter().chain(&second.plans) {
                    check_plan(statement, plan);
                }
            }
        }
    }
    drop(folder);
}

#[test]
fn plans_of_lists_match_the_golden_table() {
    let (_folder, connection) = catalog_of_images(200);
    connection.execute_batch(plans::MARKS).unwrap();
    let mut database = Explaining::of(connection);

    let mut table = String::new();
    for case in plans::cases() {
        database.few = case.few;
        let explained = database.explain(&case.query, &case.viewer);
        table += &case.shown(&explained.plans);
    }

    expect_test::expect_file!["../golden/sqlite_plans.txt"].assert_eq(&table);
}

#[test]
fn all_that_concerns_an_image_finds_its_rows_by_the_image() {
    let (_folder, connection) = catalog_of_images(50);
    let database = Explaining::of(connection);
    let (id, now) = (ImageId::from_bits(5), Timestamp::from_micros(9));
    let project = "p".parse().unwrap();
    let member = Membership::offered(id, "m".parse().unwrap(), now);
    let quotas = ImageQuotas {
        all: Some(100),
        queued: Some(100),
    };

    block_on(async {
        sql::members::put(&database, &member, Some(3))
            .await
            .unwrap();
        let before = sql::images::find(&database, id, Some(&project))
            .await
            .unwrap();
        let before = before.unwrap().image;
        sql::images::insert(&database, &image(51), Some(quotas))
            .await
            .unwrap();
        let mut after = image(6);
        after
            .locations
            .push(Location::new(BlobUrl::new("file:///images/5")));
        let edit = Change::of_edit(before.clone(), after);
        let edited = sql::change::commit(&database, &edit).await.unwrap();
        let bare = Change::of_edit(edited.clone(), before);
        sql::change::commit(&database, &bare).await.unwrap();
        sql::members::members(&database, id).await.unwrap();
        sql::images::idle_queued(&database, now, 5).await.unwrap();
        let pending = Some(MemberStatus::Pending);
        for status in [pending, None] {
            sql::members::set(&database, id, &member.project, status, now)
                .await
                .unwrap();
        }
        let deleted = edited.after(Event::Deleted, now).unwrap();
        let delete = Change::of_status(edited, deleted);
        sql::change::commit(&database, &delete).await.unwrap();
    });

    let plans = std::mem::take(&mut *database.plans.lock().unwrap());
    assert!(plans.len() > 40, "{}", plans.len());
    for (statement, plan) in plans {
        for line in &plan {
            let by_image = line.contains("_image_id") || line.contains("images_1 (id=?)");
            let by_row = line.contains("INTEGER PRIMARY KEY") || line.contains("IN-OPERATOR");
            // The quota of a project counts its own images, that of queued ones only those.
            let by_owner = match statement.contains("COUNT") && statement.contains("'queued'") {
                false => line.contains("INDEX glance_rs_images_owner_"),
                true => line.contains("_owner_status (owner=? AND os_hidden=? AND status=?)"),
            };
            let by_age = line.contains("glance_rs_images_idle_queued (status=? AND <expr><?)");
            let finds = !line.contains("SCAN") && (by_image || by_row || by_owner || by_age);
            let other = ["CONSTANT ROW", "SUBQUERY", "TEMP B-TREE", "BLOOM FILTER"];
            let fine = finds || other.iter().any(|words| line.contains(words));
            assert!(fine, "{statement}\n{}", plan.join("\n"));
        }
    }
}

/// Upstream's purge goes by that time alone.
#[test]
fn what_came_back_tells_no_time_of_deletion() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE);
    let catalog = block_on(SqliteCatalog::open(&path, SqliteOptions::default())).unwrap();
    let (id, now) = (ImageId::from_bits(1), Timestamp::from_micros(9_000_000));
    let member = Membership::offered(id, "m".parse().unwrap(), now);
    block_on(async {
        let mut with = image(1);
        with.properties
            .insert("k".parse().unwrap(), "v".parse().unwrap());
        let mut without = with.clone();
        without.properties.clear();
        catalog.insert(&with, None).await.unwrap();
        for (before, after) in [(&with, &without), (&without, &with)] {
            let edit = Change::of_edit(before.clone(), after.clone());
            catalog.commit(&edit).await.unwrap();
        }
        catalog.put_member(&member, None).await.unwrap();
        let remove = catalog.set_member(id, &member.project, None, now);
        remove.await.unwrap();
        catalog.put_member(&member, None).await.unwrap();

        let active = with.after(Event::UploadStarted, now).unwrap();
        let mut active = active.after(Event::DataStored, now).unwrap();
        active
            .locations
            .push(Location::new(BlobUrl::new("file:///images/1")));
        let stored = Change::of_edit(with, active.clone());
        catalog.commit(&stored).await.unwrap();
        let scheduled = active.after(Event::DeleteScheduled, now).unwrap();
        let schedule = Change::of_status(active, scheduled);
        catalog.commit(&schedule).await.unwrap();
        catalog.restore(id, &[], now).await.unwrap();
    });

    let connection = open(&path);
    let tables = "images image_locations image_properties image_tags image_members";
    for table in tables.split(' ') {
        let count = |of: &str| -> i64 {
            let sql = format!("SELECT COUNT(*) FROM {table} WHERE NOT deleted AND {of}");
            connection.query_one(&sql, [], |row| row.get(0)).unwrap()
        };
        assert_eq!(count("deleted_at IS NULL"), 1, "{table}");
        assert_eq!(count("deleted_at IS NOT NULL"), 0, "{table}");
    }
}

#[test]
fn what_a_project_has_is_counted_from_indexes() {
    let (_folder, connection) = catalog_of_images(200);
    let database = Explaining::of(connection);

    let usage = block_on(sql::usage::usage(&database, &"p".parse().unwrap())).unwrap();

    assert!(usage.images > 0);
    let plans = std::mem::take(&mut *database.plans.lock().unwrap());
    assert_eq!(plans.len(), 4);
    for (statement, plan) in plans {
        let reads = |table: &str, index: &str| {
            let mut lines = plan.iter().filter(|line| line.contains(table));
            let found = lines.clone().next().is_some();
            found && lines.all(|line| line.contains("SEARCH") && line.contains(index))
        };
        let whole = plan.join("\n");
        assert!(reads(" images ", "(owner=?"), "{statement}\n{whole}");
        if statement.contains("image_locations") {
            assert!(
                reads("image_locations", "(image_id=?)"),
                "{statement}\n{whole}"
            );
            assert!(
                reads("glance_rs_reservations", "(owner=?)"),
                "{statement}\n{whole}"
            );
            assert!(reads("glance_rs_intents", "(id=?)"), "{statement}\n{whole}");
        }
        if statement.contains("image_properties") {
            assert!(
                reads("image_properties", "image_id=?"),
                "{statement}\n{whole}"
            );
        }
    }
}

#[test]
fn a_page_takes_a_number_of_statements_that_does_not_grow_with_it() {
    let (_folder, connection) = catalog_of_images(200);
    let database = Explaining::of(connection);
    let (_, viewer) = viewers().remove(1);

    let statements = |limit| {
        let mut query = first_page(Listed::Usual, Sort::default());
        query.page.limit = limit;
        let page = database.explain(&query, &viewer);
        (page.images.len(), page.plans.len())
    };

    assert_eq!(statements(2), (2, 8));
    assert_eq!(statements(50), (50, 8));
}

#[test]
fn a_row_that_no_glance_writes_is_an_error_that_names_it() {
    let bad = [
        (
            "UPDATE images SET status = 'lost'",
            "status: `lost` is not an image status",
        ),
        (
            "UPDATE images SET visibility = 'secret'",
            "visibility: visibility 'secret' is not one of public, private, shared, community",
        ),
        ("UPDATE images SET size = -1", "size: -1 is not a size"),
        (
            "UPDATE images SET min_disk = -1",
            "min_disk: -1 is not between 0 and 2147483647",
        ),
        (
            "UPDATE images SET created_at = 'noon'",
            "created_at: `noon` is not an ISO 8601 time such as 2026-11-22T10:00:00Z",
        ),
    ];

    for (update, problem) in bad {
        let (folder, connection) = catalog_of_images(1);
        connection.execute_batch(update).unwrap();
        let path = folder.path().join(FILE);
        let catalog = block_on(SqliteCatalog::open(path, SqliteOptions::default())).unwrap();

        let error = block_on(catalog.find(ImageId::from_bits(1), None)).unwrap_err();

        let CatalogError::Odd { source } = error else {
            panic!("{error:?}")
        };
        let id = ImageId::from_bits(1);
        assert_eq!(source.to_string(), format!("in images `{id}`, {problem}"));
    }
}

#[test]
fn a_row_in_an_unknown_status_is_left_out_of_lists() {
    let (folder, connection) = catalog_of_images(3);
    let lost = "UPDATE images SET status = 'lost' WHERE id LIKE '%2'";
    assert_eq!(connection.execute(lost, []).unwrap(), 1);
    let path = folder.path().join(FILE);
    let catalog = block_on(SqliteCatalog::open(path, SqliteOptions::default())).unwrap();
    let admin = Viewer {
        project: None,
        admin: true,
    };

    let query = first_page(Listed::All, Sort::default());
    let listed = block_on(catalog.list(&query, &admin)).unwrap();

    assert_eq!(listed.len(), 2);
}

#[test]
fn members_that_upstream_raced_to_add_twice_can_be_removed() {
    let (folder, connection) = catalog_of_images(1);
    let twin =
        "INSERT INTO image_members (image_id, member, can_share, status, deleted, created_at)
        SELECT id, 'twin', 0, 'pending', 0, created_at FROM images";
    connection
        .execute_batch(&format!("{twin}; {twin};"))
        .unwrap();
    let path = folder.path().join(FILE);
    let catalog = block_on(SqliteCatalog::open(path, SqliteOptions::default())).unwrap();
    let (id, twin) = (ImageId::from_bits(1), "twin".parse().unwrap());
    assert_eq!(block_on(catalog.members(id)).unwrap().len(), 1);

    block_on(catalog.set_member(id, &twin, None, Timestamp::from_micros(9))).unwrap();

    assert_eq!(block_on(catalog.members(id)).unwrap(), []);
}

/// What SQLite says of how a select is carried out.
fn check_plan(statement: &str, plan: &[String]) {
    let shown = || format!("{statement}\n{}", plan.join("\n"));
    // The images of a mark that few bear are looked at one by one and sorted, and so are the few
    // locations of a page.
    let of_few = statement.starts_with("WITH \"few\"");
    let may_sort = of_few || statement.contains("FROM \"image_locations\"");
    for line in plan {
        assert!(!line.contains("SCAN") || line == "SCAN few", "{}", shown());
        assert!(!line.contains("TEMP B-TREE") || may_sort, "{}", shown());
    }
    let line = |at: usize| plan.get(at).map(String::as_str).unwrap_or_default();
    if of_few {
        assert_eq!(line(0), "MATERIALIZE few");
        let by_mark = line(1).starts_with("SEARCH image_") && line(1).contains("INDEX glance_rs_");
        assert!(by_mark, "{}", shown());
        let by_id = line(2).starts_with("SEARCH images USING") && line(2).ends_with("(id=?)");
        assert!(by_id, "{}", shown());
    } else if statement.contains("LIMIT") && !statement.contains("COUNT") {
        assert!(line(0).contains("INDEX glance_rs_"), "{}", shown());
        assert!(line(0).starts_with("SEARCH images USING "), "{}", shown());
        if statement.contains("\"owner\" = ") {
            // Its own images, not all of a visibility.
            assert!(
                line(0).contains("INDEX glance_rs_images_owner_"),
                "{}",
                shown()
            );
        }
    }
}

/// A select, and how SQLite carries it out.
type Plan = (String, Vec<String>);

/// A database that notes how it carries out what it reads.
#[derive(Debug)]
struct Explaining {
    connection: Mutex<Connection>,
    few: u64,
    plans: Mutex<Vec<Plan>>,
}

struct Explained {
    images: Vec<Image>,
    plans: Vec<Plan>,
}

impl Explaining {
    fn of(connection: Connection) -> Self {
        Self {
            connection: Mutex::new(connection),
            few: FEW,
            plans: Mutex::default(),
        }
    }

    fn explain(&self, query: &ImageQuery, viewer: &Viewer) -> Explained {
        let images = block_on(sql::list::list(
            self,
            query,
            viewer,
            self.few,
            Turn::alone(),
        ))
        .unwrap();
        Explained {
            images,
            plans: std::mem::take(&mut *self.plans.lock().unwrap()),
        }
    }
}

impl Explaining {
    fn run(&self, statement: &Statement) -> Vec<Row> {
        let connection = self.connection.lock().unwrap();
        let explain = Statement {
            text: format!("EXPLAIN QUERY PLAN {}", statement.text),
            values: statement.values.clone(),
        };
        let detail = |mut row: Row| match row.pop() {
            Some(Cell::Text(detail)) => detail,
            other => panic!("{other:?}"),
        };
        let plan = select(&connection, &explain).unwrap();
        let plan = plan.into_iter().map(detail).collect();
        let mut plans = self.plans.lock().unwrap();
        plans.push((statement.text.clone(), plan));
        select(&connection, statement).unwrap()
    }
}

impl Database for Explaining {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    async fn read<R: Reading>(&self, mut reading: R) -> Result<R, CatalogError> {
        while let Some(statement) = reading.next() {
            let rows = self.run(&statement);
            reading.take(rows)?;
        }
        Ok(reading)
    }

    async fn write(&self, batch: Batch) -> Result<Vec<Vec<Row>>, CatalogError> {
        for step in &batch.steps {
            self.run(&step.statement);
        }
        Ok(batch
            .then
            .iter()
            .map(|statement| self.run(statement))
            .collect())
    }
}

fn orders() -> impl Iterator<Item = (SortKey, Direction)> {
    let directions = [Direction::Ascending, Direction::Descending];
    SortKey::ALL
        .into_iter()
        .flat_map(move |key| directions.map(|direction| (key, direction)))
}

fn viewers() -> Vec<(&'static str, Viewer)> {
    let project = || Some("p".parse().unwrap());
    vec![
        (
            "admin",
            Viewer {
                project: project(),
                admin: true,
            },
        ),
        (
            "member",
            Viewer {
                project: project(),
                admin: false,
            },
        ),
    ]
}

fn first_page(listed: Listed, sort: Sort) -> ImageQuery {
    let mut query = ImageQuery {
        listed,
        sort,
        ..ImageQuery::default()
    };
    query.page.limit = 3;
    query
}

/// Images of all kinds, and a connection to their file.
fn catalog_of_images(count: u128) -> (tempfile::TempDir, Connection) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE);
    let options = SqliteOptions {
        synchronous_full: false,
        ..SqliteOptions::default()
    };
    let catalog = block_on(SqliteCatalog::open(&path, options)).unwrap();
    let images: Vec<Image> = (1..=count).map(image).collect();
    let inserts = images.iter().map(|image| catalog.insert(image, None));
    for insert in block_on(futures::future::join_all(inserts)) {
        insert.unwrap();
    }
    drop(catalog);
    (folder, open(&path))
}

fn open(path: &Path) -> Connection {
    Connection::open(path).unwrap()
}

fn image(number: u128) -> Image {
    let time = Timestamp::from_micros(i64::try_from(number / 3).unwrap());
    let mut image = Image::queued(ImageId::from_bits(number), time);
    image.visibility = Visibility::ALL[usize::try_from(number % 4).unwrap()];
    image.owner = Some(
        ["p", "q"][usize::try_from(number / 7 % 2).unwrap()]
            .parse()
            .unwrap(),
    );
    image.name = (!number.is_multiple_of(5)).then(|| format!("n{}", number % 9).parse().unwrap());
    image.tags.insert("tag".parse().unwrap());
    image
}

const FILE: &str = "glance.sqlite";
