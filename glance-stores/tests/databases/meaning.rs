//! The catalogs against the meaning of queries and changes, on random ones.
//!
//! `PROPTEST_CASES` sets how many; a failure names its seed and the least case that fails.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};

use futures::future::join_all;
use glance_core::domain::query::{
    Compare, Direction, Filter, ImageQuery, Listed, NumberField, OneOf, Page, Sort, SortKey,
    TextField, TimeField,
};
use glance_core::domain::{
    BlobUrl, Change, Image, ImageId, Location, MemberStatus, Membership, Multihash, PropertyValue,
    Status, Timestamp, Viewer, Visibility,
};
use glance_core::ports::{Catalog, CatalogError};
use glance_stores::{MysqlCatalog, PostgresCatalog, SqliteCatalog, SqliteOptions};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{RngAlgorithm, TestCaseError, TestRng, TestRunner};
use tokio::runtime::Runtime;

use crate::support::{self, Scratch};

/// Tests of one database: a name, what each test needs, and what makes a subject.
macro_rules! meaning {
    ($(#[$attribute:meta])* $name:ident, $subject:expr) => {
        mod $name {
            use super::*;

            #[test]
            $(#[$attribute])*
            fn a_list_is_what_its_query_means() {
                lists_are_what_their_queries_mean(&$subject);
            }

            #[test]
            $(#[$attribute])*
            fn a_commit_makes_what_its_change_means() {
                commits_make_what_their_changes_mean(&$subject);
            }
        }
    };
}

meaning!(sqlite, Subject::sqlite());
meaning!(
    #[ignore = "needs PostgreSQL: .ci/run starts it"]
    postgres,
    Subject::postgres()
);

meaning!(
    #[ignore = "needs MariaDB: .ci/run starts it"]
    mysql,
    Subject::mysql()
);

fn lists_are_what_their_queries_mean(subject: &Subject) {
    let images = vec((any_image(subject.names), any_shares()), 0..25);
    let queries = vec((any_query(), any_viewer()), QUERIES);
    // Marks are looked up where few images bear them; else lists are walked.
    let few = select(&[0, 2, 4_000][..]);
    subject.hold(&(images, queries, few), |(images, queries, few)| {
        let catalog = subject.fresh(few);
        let images = numbered(images);
        let inserts = images.iter().map(|(image, _)| catalog.insert(image, None));
        for stored in subject.block_on(join_all(inserts)) {
            stored.unwrap();
        }
        let members = images.iter().flat_map(|(_, members)| members);
        let puts = members.map(|member| catalog.put_member(member, None));
        for put in subject.block_on(join_all(puts)) {
            put.unwrap();
        }

        for ((mut query, after), viewer) in queries {
            if let Some(after) = after
                && !images.is_empty()
            {
                query.page.after = Some(query.sort.position(&after.get(&images).0));
            }
            let matching = images
                .iter()
                .filter(|(image, members)| query.matches(&viewer, image, members))
                .map(|(image, _)| image.clone());
            let meant = query.page_of(matching.collect());

            let listed = subject.block_on(catalog.list(&query, &viewer)).unwrap();

            prop_assert_eq!(listed, meant, "{:#?} by {:?}", query, viewer);
        }
        Ok(())
    });
}

fn commits_make_what_their_changes_mean(subject: &Subject) {
    let image = || any_image(subject.names);
    let cases = (
        (image(), option::of(image()), image()),
        (any::<bool>(), option::weighted(0.2, any::<bool>())),
    );
    subject.hold(&cases, |((read, meanwhile, after), (edits, deletes))| {
        let catalog = subject.fresh(0);
        subject.block_on(catalog.insert(&read, None)).unwrap();
        let mut stored = read.clone();
        if let Some(mut other) = meanwhile {
            other.created_at = read.created_at;
            other.updated_at = read.updated_at.max(other.updated_at);
            let change = Change::of_status(read.clone(), other);
            stored = subject.block_on(catalog.commit(&change)).unwrap();
        }
        let mut after = after;
        after.created_at = read.created_at;
        if let Some(data_stays) = deletes {
            after = after.stored_as(match data_stays {
                true => Status::PendingDelete,
                false => Status::Deleted,
            });
        }
        let change = if edits {
            Change::of_edit(read, after)
        } else {
            Change::of_status(read, after)
        };

        let committed = subject.block_on(catalog.commit(&change));

        let found = |id| subject.block_on(catalog.find(id, None)).unwrap();
        match (change.applied_to(&stored), committed) {
            (Some(meant), Ok(committed)) => {
                prop_assert_eq!(&committed, &meant);
                let found = found(meant.id).map(|seen| seen.image);
                prop_assert_eq!(found, deletes.is_none().then_some(meant));
            }
            (None, Err(CatalogError::Conflict)) => {
                prop_assert_eq!(found(stored.id).unwrap().image, stored);
            }
            (meant, committed) => prop_assert!(false, "{:?} is not {:?}", committed, meant),
        }
        Ok(())
    });
}

type Fresh = Box<dyn Fn(&Runtime, u64) -> Box<dyn Catalog>>;

/// A database, and how a catalog that holds nothing is had on it.
struct Subject {
    runtime: Runtime,
    fresh: Fresh,
    /// The names that properties have.
    names: &'static [&'static str],
}

impl Subject {
    fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let number = AtomicU32::new(0);
        let fresh = move |runtime: &Runtime, few| {
            let file = number.fetch_add(1, Ordering::Relaxed).to_string();
            let options = SqliteOptions {
                synchronous_full: false,
                ..SqliteOptions::default()
            };
            let opened = runtime.block_on(SqliteCatalog::open(folder.path().join(file), options));
            Box::new(opened.unwrap().with_few(few)) as Box<dyn Catalog>
        };
        Self::of(fresh, WORDS)
    }

    fn postgres() -> Self {
        let fresh = {
            let scratch = support::run(Scratch::postgres());
            support::run(PostgresCatalog::sync_schema(&scratch.options)).unwrap();
            move |runtime: &Runtime, few| {
                let opened = runtime.block_on(async {
                    scratch.execute(WIPE).await;
                    PostgresCatalog::open(&scratch.options).await
                });
                Box::new(opened.unwrap().with_few(few)) as Box<dyn Catalog>
            }
        };
        Self::of(fresh, WORDS)
    }

    fn mysql() -> Self {
        let fresh = {
            let scratch = support::run(Scratch::mysql());
            support::run(MysqlCatalog::sync_schema(&scratch.options)).unwrap();
            move |runtime: &Runtime, few| {
                let opened = runtime.block_on(async {
                    scratch.execute(WIPE).await;
                    MysqlCatalog::open(&scratch.options).await
                });
                Box::new(opened.unwrap().with_few(few)) as Box<dyn Catalog>
            }
        };
        Self::of(fresh, NAMES_ON_MYSQL)
    }

    fn of(
        fresh: impl Fn(&Runtime, u64) -> Box<dyn Catalog> + 'static,
        names: &'static [&'static str],
    ) -> Self {
        Self {
            runtime: Runtime::new().unwrap(),
            fresh: Box::new(fresh),
            names,
        }
    }

    fn fresh(&self, few: u64) -> Box<dyn Catalog> {
        (self.fresh)(&self.runtime, few)
    }

    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// Tests a property on random cases.
    fn hold<S: Strategy>(&self, cases: &S, test: impl Fn(S::Value) -> Result<(), TestCaseError>) {
        let seed = seed();
        eprintln!("GLANCE_SEED={seed}");
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let config = ProptestConfig {
            cases: number_of_cases(),
            failure_persistence: None,
            ..ProptestConfig::default()
        };
        let random = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let run = TestRunner::new_with_rng(config, random).run(cases, test);
        if let Err(failure) = run {
            panic!("GLANCE_SEED={seed}: {failure}");
        }
    }
}

fn number_of_cases() -> u32 {
    let cases = std::env::var("PROPTEST_CASES").ok();
    cases.and_then(|cases| cases.parse().ok()).unwrap_or(200)
}

/// `GLANCE_SEED` replays a failure.
fn seed() -> u64 {
    let seed = std::env::var("GLANCE_SEED").ok();
    seed.and_then(|seed| seed.parse().ok())
        .unwrap_or_else(rand_seed)
}

fn rand_seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(())
}

/// Each image with its own id, and its members.
fn numbered(images: Vec<(Image, Shares)>) -> Vec<(Image, Vec<Membership>)> {
    let with_members = |(number, (mut image, shares)): (u128, (Image, Shares))| {
        // Ids in another order than that of insertion.
        image.id = ImageId::from_bits(number * 7919 % 31);
        let offered =
            |project: String| Membership::offered(image.id, project.parse().unwrap(), time(1));
        let members = shares.into_iter().map(|(project, status)| Membership {
            status,
            ..offered(project)
        });
        let members = members.collect();
        (image, members)
    };
    (1..).zip(images).map(with_members).collect()
}

type Shares = BTreeMap<String, MemberStatus>;

fn any_shares() -> impl Strategy<Value = Shares> {
    btree_map(project(), select(&MemberStatus::ALL[..]), 0..3)
}

fn any_image(names: &'static [&'static str]) -> impl Strategy<Value = Image> {
    let identity = (
        option::of(word()),
        option::of(project()),
        select(&Visibility::ALL[..]),
    );
    let flags = (
        any::<bool>(),
        prop::bool::weighted(0.2),
        select(&STATUSES[..]),
    );
    let formats = (option::of(word()), option::of(word()), 0_i64..4, 0_i64..4);
    let data = (
        option::of(0_u64..4),
        option::of(0_u64..4),
        option::of(word()),
        option::of(word()),
    );
    let sets = (
        btree_set(word(), 0..3),
        btree_map(
            select(names).prop_map(str::to_owned),
            option::weighted(0.8, word()),
            0..3,
        ),
        vec(0_u8..3, 0..3),
    );
    (identity, flags, formats, data, sets, (0_i64..4, 0_i64..4)).prop_map(
        |(identity, flags, formats, data, sets, (created, updated))| {
            let mut image = Image::queued(ImageId::from_bits(1), time(created));
            image.updated_at = time(updated);
            image.name = identity.0.map(|name| name.parse().unwrap());
            image.owner = identity.1.map(|owner| owner.parse().unwrap());
            image.visibility = identity.2;
            (image.protected, image.hidden) = (flags.0, flags.1);
            image.disk_format = formats.0.map(|format| format.parse().unwrap());
            image.container_format = formats.1.map(|format| format.parse().unwrap());
            image.min_disk = formats.2.try_into().unwrap();
            image.min_ram = formats.3.try_into().unwrap();
            (image.size, image.virtual_size, image.checksum) = (data.0, data.1, data.2);
            let hash = |value| Multihash {
                algorithm: "sha512".to_owned(),
                value,
            };
            image.multihash = data.3.map(hash);
            let tags: BTreeSet<String> = sets.0;
            image.tags = tags.iter().filter_map(|tag| tag.parse().ok()).collect();
            let properties: BTreeMap<String, Option<String>> = sets.1;
            image.properties = properties
                .iter()
                .filter_map(|(name, value)| {
                    Some((name.parse().ok()?, PropertyValue::stored(value.clone())))
                })
                .collect();
            let places: BTreeSet<u8> = sets.2.into_iter().collect();
            let place = |place| Location::new(BlobUrl::new(format!("file:///images/{place}")));
            image.locations = places.into_iter().map(place).collect();
            image.stored_as(flags.2)
        },
    )
}

fn any_viewer() -> impl Strategy<Value = Viewer> {
    (option::weighted(0.8, project()), any::<bool>()).prop_map(|(project, admin)| Viewer {
        project: project.map(|project| project.parse().unwrap()),
        admin,
    })
}

/// A query, and which image it continues after.
fn any_query() -> impl Strategy<Value = (ImageQuery, Option<Index>)> {
    let listed = prop_oneof![
        3 => Just(Listed::Usual),
        3 => Just(Listed::All),
        1 => Just(Listed::Nothing),
        3 => select(&Visibility::ALL[..]).prop_map(Listed::Only),
    ];
    let direction = select(&[Direction::Ascending, Direction::Descending][..]);
    let sort = vec((select(&SortKey::ALL[..]), direction), 0..3).prop_map(Sort::by);
    let member_status = option::of(select(&MemberStatus::ALL[..]));
    let hidden = prop::bool::weighted(0.2);
    let parts = (
        listed,
        member_status,
        hidden,
        vec(any_filter(), 0..3),
        sort,
        0_u32..9,
    );
    (parts, option::of(any::<Index>())).prop_map(
        |((listed, member_status, hidden, filters, sort, limit), after)| {
            let page = Page { limit, after: None };
            (
                ImageQuery {
                    listed,
                    member_status,
                    hidden,
                    filters,
                    sort,
                    page,
                },
                after,
            )
        },
    )
}

fn any_filter() -> impl Strategy<Value = Filter> {
    let numbers = select(
        &[
            NumberField::MinDisk,
            NumberField::MinRam,
            NumberField::Size,
            NumberField::VirtualSize,
        ][..],
    );
    let texts = select(
        &[
            TextField::Checksum,
            TextField::ContainerFormat,
            TextField::DiskFormat,
            TextField::HashAlgorithm,
            TextField::HashValue,
            TextField::Id,
            TextField::Name,
            TextField::Owner,
            TextField::Status,
        ][..],
    );
    let wanted = prop_oneof![
        word(),
        project(),
        Just("active".to_owned()),
        Just("sha512".to_owned())
    ];
    let times = select(&[TimeField::CreatedAt, TimeField::UpdatedAt][..]);
    prop_oneof![
        (numbers, any_compare(), 0_i64..4)
            .prop_map(|(field, compare, number)| Filter::Number(field, compare, number)),
        (word(), word()).prop_map(|(name, value)| Filter::Property(name, value)),
        any::<bool>().prop_map(Filter::Protected),
        word().prop_map(Filter::Tag),
        (texts, wanted).prop_map(|(field, text)| Filter::Text(field, OneOf::exactly(text))),
        vec(word(), 0..3).prop_map(|names| {
            let list = names.join(",");
            Filter::Text(
                TextField::Name,
                OneOf::parse(&format!("in:{list}")).unwrap(),
            )
        }),
        (times, any_compare(), 0_i64..4).prop_map(|(field, compare, at)| Filter::Time(
            field,
            compare,
            time(at)
        )),
    ]
}

fn any_compare() -> impl Strategy<Value = Compare> {
    select(
        &[
            Compare::Equal,
            Compare::NotEqual,
            Compare::Less,
            Compare::AtMost,
            Compare::Greater,
            Compare::AtLeast,
        ][..],
    )
}

fn word() -> impl Strategy<Value = String> {
    select(WORDS).prop_map(str::to_owned)
}

fn project() -> impl Strategy<Value = String> {
    select(&["p", "q", "P"][..]).prop_map(str::to_owned)
}

fn time(number: i64) -> Timestamp {
    // Around the turn of a second, where the text of a time has to be padded.
    Timestamp::from_micros(1_700_000_000_000_000 - 2 + number)
}

/// Of images that are there.
const STATUSES: [Status; 5] = [
    Status::Queued,
    Status::Saving,
    Status::Active,
    Status::Deactivated,
    Status::Killed,
];

/// How many queries each catalog is asked: 10,000 in all.
const QUERIES: usize = 50;

/// Words on which databases could differ: empty, upper and lower case, wildcards, accents, spaces.
const WORDS: &[&str] = &["", "a", "A", "a ", "b%", "B_", "á", "z'"];

/// Of names that differ in case, accents or spaces, an image has one on MySQL.
const NAMES_ON_MYSQL: &[&str] = &["a", "b%", "B_", "z'"];

/// Empties the tables of a server.
const WIPE: &str = "DELETE FROM image_members; DELETE FROM image_properties; \
    DELETE FROM image_tags; DELETE FROM image_locations; DELETE FROM images; \
    DELETE FROM glance_rs_intents; DELETE FROM glance_rs_locks;";
