//! Rows that hold what no Glance writes: they fail no list, and hide no other row.

use std::fmt::Debug;
use std::future::Future;
use std::path::Path;

use glance_core::domain::query::{Direction, Filter, ImageQuery, Listed, Page, Sort, SortKey};
use glance_core::domain::{
    BlobUrl, Change, Event, Image, ImageId, Location, MemberStatus, Membership, Status, Timestamp,
    Viewer, Visibility,
};
use glance_core::ports::{Catalog, MetadefCatalog, ScheduledDeletes};
use glance_stores::{MysqlCatalog, PostgresCatalog, SqlCatalog, SqliteCatalog, SqliteOptions};
use rusqlite::Connection;
use tokio::runtime::Runtime;

use crate::support::{self, Scratch};

/// Tests of one database: a name, and what makes a site on it.
macro_rules! odd {
    ($(#[$attribute:meta])* $name:ident, $site:expr) => {
        mod $name {
            use super::*;

            #[test]
            $(#[$attribute])*
            fn an_odd_image_is_left_out_of_lists_and_hides_no_other() {
                odd_images_are_left_out_of_lists(&$site);
            }

            #[test]
            $(#[$attribute])*
            fn an_odd_member_reads_as_none() {
                odd_members_are_left_out(&$site);
            }

            #[test]
            $(#[$attribute])*
            fn odd_images_do_not_hide_idle_ones() {
                odd_images_do_not_hide_idle_ones_of(&$site);
            }

            #[test]
            $(#[$attribute])*
            fn odd_deletes_do_not_hide_those_that_are_due() {
                odd_deletes_do_not_hide_due_ones(&$site);
            }
        }
    };
}

odd!(sqlite, Site::sqlite());
odd!(
    #[ignore = "needs PostgreSQL: .ci/run starts it"]
    postgres,
    Site::postgres()
);
odd!(
    #[ignore = "needs MariaDB: .ci/run starts it"]
    mysql,
    Site::mysql()
);

fn odd_images_are_left_out_of_lists(site: &Site) {
    for number in 1..=14 {
        site.insert(&image(number));
    }
    // More of them after each other than some pages are long.
    for number in [3, 4, 5, 6, 7] {
        site.spoil("images", "min_disk = -1", number);
    }
    site.spoil("images", "size = -1", 9);
    site.execute(&format!(
        "UPDATE image_locations SET meta_data = 'no JSON' WHERE image_id = '{}'",
        id(11)
    ));
    site.spoil("images", site.odd_time, 12);
    site.spoil("images", site.odd_value, 13);
    site.insert(&bare(15));
    site.spoil("images", "id = 'no UUID'", 15);
    let sane = [1, 2, 8, 10, 14].map(id);

    for (key, direction) in orders() {
        for filters in [vec![], vec![Filter::Tag("tag".to_owned())]] {
            for catalog in [&site.catalog, &site.walking] {
                for limit in [1, 2, 3, 5, 50] {
                    let query = ImageQuery {
                        listed: Listed::All,
                        filters: filters.clone(),
                        sort: Sort::by([(key, direction)]),
                        page: Page { limit, after: None },
                        ..ImageQuery::default()
                    };

                    let listed = site.walk(catalog.as_ref(), query.clone());

                    let mut meant = sane.to_vec();
                    if direction == Direction::Descending {
                        meant.reverse();
                    }
                    assert_eq!(listed, meant, "{query:#?}");
                }
            }
        }
    }
}

fn odd_members_are_left_out(site: &Site) {
    let mut shared = image(1);
    shared.visibility = Visibility::Shared;
    site.insert(&shared);
    for project in ["p", "q", "r"] {
        let member = Membership::offered(id(1), project.parse().unwrap(), time(1));
        site.run(site.catalog.put_member(&member, None)).unwrap();
    }
    // As nodes of upstream's may race to it, `r` has a second row, which is accepted.
    site.execute(
        "INSERT INTO image_members (image_id, member, can_share, created_at, status, deleted)
            SELECT image_id, member, can_share, created_at, 'accepted', deleted
            FROM image_members WHERE member = 'r'",
    );
    site.execute(
        "UPDATE image_members SET status = 'lost'
            WHERE member = 'q' OR (member = 'r' AND status = 'pending')",
    );

    let members = site.run(site.catalog.members(id(1))).unwrap();

    let projects = members.iter().map(|member| member.project.as_str());
    assert_eq!(projects.collect::<Vec<_>>(), ["p", "r"]);
    for (project, answer) in [
        ("p", Some(MemberStatus::Pending)),
        ("q", None),
        ("r", Some(MemberStatus::Accepted)),
    ] {
        let project = project.parse().unwrap();
        let seen = site.run(site.catalog.find(id(1), Some(&project)));
        assert_eq!(seen.unwrap().unwrap().membership, answer, "{project}");
        let viewer = Viewer {
            project: Some(project.clone()),
            admin: false,
        };
        let query = ImageQuery {
            listed: Listed::Only(Visibility::Shared),
            member_status: None,
            ..ImageQuery::default()
        };
        for catalog in [&site.catalog, &site.walking] {
            let listed = site.run(catalog.list(&query, &viewer)).unwrap();
            assert_eq!(listed.len(), usize::from(answer.is_some()), "{project}");
        }
    }
}

fn odd_images_do_not_hide_idle_ones_of(site: &Site) {
    for number in 1..=7 {
        site.insert(&bare(number));
    }
    for number in [1, 2, 3, 4, 6] {
        site.spoil("images", "min_ram = -1", number);
    }

    let idle = site.run(site.catalog.idle_queued(time(100), 2));

    let ids = idle.unwrap().into_iter().map(|image| image.id);
    assert_eq!(ids.collect::<Vec<_>>(), [5, 7].map(id));
}

fn odd_deletes_do_not_hide_due_ones(site: &Site) {
    for number in 1..=7 {
        let stored = image(number);
        site.insert(&stored);
        let deleted = stored.after(Event::DeleteScheduled, time(50)).unwrap();
        let change = Change::of_status(stored, deleted);
        site.run(site.catalog.commit(&change)).unwrap();
    }
    for number in [1, 2, 3, 4, 6] {
        site.execute(&format!(
            "UPDATE image_locations SET meta_data = '[]' WHERE image_id = '{}'",
            id(number)
        ));
    }

    let due = site.run(site.deletes.due(time(100), None, 2)).unwrap();
    let more = site.run(site.deletes.due(time(100), Some(id(5)), 2));

    assert_eq!(due.first().map(|due| due.image), Some(id(5)));
    let more = more.unwrap().into_iter().map(|due| due.image);
    assert_eq!(more.collect::<Vec<_>>(), [id(7)]);
}

/// A catalog, and its database by itself.
pub(crate) struct Site {
    runtime: Runtime,
    catalog: Box<dyn Catalog>,
    /// The same, where no mark is one of few images.
    walking: Box<dyn Catalog>,
    deletes: Box<dyn ScheduledDeletes>,
    pub(crate) metadefs: Box<dyn MetadefCatalog>,
    execute: Execute,
    /// What sets a time that is none, where the database keeps such, and a value of another kind.
    odd_time: &'static str,
    odd_value: &'static str,
    /// What is set of a definition so that its row is odd, and what has the database take it.
    pub(crate) no_time: &'static str,
    pub(crate) lax: &'static str,
}

type Execute = Box<dyn Fn(&Runtime, &str)>;

impl Site {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("glance.sqlite");
        let by_hand = move |_: &Runtime, statement: &str| {
            execute(&folder.path().join("glance.sqlite"), statement);
        };
        let open = || SqliteCatalog::open(&path, SqliteOptions::default());
        Self::on(
            open,
            Box::new(by_hand),
            "created_at = 'noon'",
            "name = x'00ff'",
        )
    }

    pub(crate) fn postgres() -> Self {
        let (_, scratch) = support::run(support::postgres_catalog());
        let options = scratch.options.clone();
        Self::on(
            || PostgresCatalog::open(&options),
            on_server(scratch),
            "created_at = 'infinity'",
            "virtual_size = -7",
        )
    }

    pub(crate) fn mysql() -> Self {
        let (_, scratch) = support::run(support::mysql_catalog());
        let options = scratch.options.clone();
        let site = Self::on(
            || MysqlCatalog::open(&options),
            on_server(scratch),
            "min_ram = -3",
            "virtual_size = -7",
        );
        Self {
            no_time: "created_at = '0000-00-00 00:00:00'",
            lax: "SET sql_mode = ''; ",
            ..site
        }
    }

    fn on<D, O, E>(
        open: impl Fn() -> O,
        execute: Execute,
        odd_time: &'static str,
        odd_value: &'static str,
    ) -> Self
    where
        SqlCatalog<D>: Catalog + MetadefCatalog + ScheduledDeletes,
        O: Future<Output = Result<SqlCatalog<D>, E>>,
        E: Debug,
    {
        let runtime = Runtime::new().unwrap();
        let open = || runtime.block_on(open()).unwrap();
        Self {
            catalog: Box::new(open()),
            walking: Box::new(open().with_few(0)),
            deletes: Box::new(open()),
            metadefs: Box::new(open()),
            execute,
            odd_time,
            odd_value,
            no_time: odd_time,
            lax: "",
            runtime,
        }
    }

    fn insert(&self, image: &Image) {
        self.run(self.catalog.insert(image, None)).unwrap();
    }

    /// Sets a column of an image.
    fn spoil(&self, table: &str, set: &str, number: u128) {
        self.execute(&format!(
            "UPDATE {table} SET {set} WHERE id = '{}'",
            id(number)
        ));
    }

    pub(crate) fn execute(&self, statement: &str) {
        (self.execute)(&self.runtime, statement);
    }

    /// All images of a query, page after page.
    fn walk(&self, catalog: &dyn Catalog, mut query: ImageQuery) -> Vec<ImageId> {
        let admin = Viewer {
            project: None,
            admin: true,
        };
        let mut walked = Vec::new();
        loop {
            let page = self.run(catalog.list(&query, &admin)).unwrap();
            walked.extend(page.iter().map(|image| image.id));
            let is_full = page.len() as u64 == u64::from(query.page.limit);
            match page.last() {
                Some(last) if is_full => query.page.after = Some(query.sort.position(last)),
                _ => return walked,
            }
        }
    }

    pub(crate) fn run<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }
}

fn on_server(scratch: Scratch) -> Execute {
    Box::new(move |runtime, statement| runtime.block_on(scratch.execute(statement)))
}

fn execute(path: &Path, statement: &str) {
    let connection = Connection::open(path).unwrap();
    connection.execute_batch(statement).unwrap();
}

/// In whatever order, images come as their numbers do.
fn orders() -> impl Iterator<Item = (SortKey, Direction)> {
    let both = |key| [Direction::Ascending, Direction::Descending].map(|to| (key, to));
    SortKey::ALL.into_iter().flat_map(both)
}

fn image(number: u128) -> Image {
    let mut image = bare(number);
    image.tags.insert("tag".parse().unwrap());
    let url = BlobUrl::new(format!("file:///images/{number}"));
    image.locations.push(Location::new(url));
    image.stored_as(Status::Active)
}

fn bare(number: u128) -> Image {
    let mut image = Image::queued(id(number), time(i64::try_from(number).unwrap()));
    image.visibility = Visibility::Public;
    image.name = Some(format!("{number:02}").parse().unwrap());
    image.size = Some(u64::try_from(number).unwrap());
    image
}

fn id(number: u128) -> ImageId {
    ImageId::from_bits(number)
}

fn time(number: i64) -> Timestamp {
    Timestamp::from_micros(1_700_000_000_000_000 + number * 1_000_000)
}
