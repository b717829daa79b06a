//! What lists cost on each database, by how many images there are: medians, in milliseconds, and
//! how many times the first the last is.
//!
//! Of the images 40 % are private, 30 % public and 30 % shared, of 1,000 projects; each has three
//! properties, two tags and a location. The member `p7` owns 0.1 % of them, and 60 of others are
//! shared with it; all that is shared is shared with the member `everything`, too. A tag or a
//! property "of 1 %" is had by every hundredth image, of all visibilities.
//!
//! | variable | what it says | by default |
//! |---|---|---|
//! | `GLANCE_BENCH_IMAGES` | how many images, a comma between | `1000,10000` |
//! | `GLANCE_BENCH_DATABASES` | on what | `sqlite,postgres,mysql` |
//! | `GLANCE_BENCH_KEEP` | a folder: databases are found and left there, and on the servers | |
//! | `GLANCE_TEST_POSTGRES`, `GLANCE_TEST_MYSQL` | the servers, as URLs | on 127.0.0.1 |

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench stops where its ground gives way, and prints"
)]

mod databases;

use std::time::{Duration, Instant};

use glance::domain::query::{
    Compare, Direction, Filter, ImageQuery, Listed, NumberField, OneOf, Sort, SortKey, TextField,
};
use glance::domain::{MemberStatus, Viewer, Visibility};
use glance::ports::CatalogError;

use self::databases::{Kind, Seeded};

fn main() {
    let is_test = std::env::args().any(|argument| argument == "--test");
    let default = if is_test { "1000" } else { "1000,10000" };
    let counts = words("GLANCE_BENCH_IMAGES", default);
    let counts: Vec<u64> = counts
        .iter()
        .map(|count| count.parse().expect("a number of images"))
        .collect();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    for name in words("GLANCE_BENCH_DATABASES", "sqlite,postgres,mysql") {
        let kind = Kind::named(&name).expect("sqlite, postgres or mysql");
        runtime.block_on(measure(kind, &counts, is_test));
    }
}

fn words(variable: &str, default: &str) -> Vec<String> {
    let text = std::env::var(variable).unwrap_or_else(|_| default.to_owned());
    text.split(',').map(str::to_owned).collect()
}

async fn measure(kind: Kind, counts: &[u64], is_test: bool) {
    let mut seeded = Vec::new();
    for count in counts {
        seeded.push(Seeded::new(kind, *count).await);
    }
    let columns: Vec<String> = counts.iter().map(|count| format!("of {count}")).collect();
    println!(
        "\n| {}, ms (images found) | {} | ratio |",
        kind.name(),
        columns.join(" | ")
    );
    println!("|---|{}---|", "---|".repeat(counts.len()));
    for case in CASES {
        let mut costs = vec![Vec::new(); seeded.len()];
        let mut found = vec![String::new(); seeded.len()];
        let viewer = case.viewer();
        let mut queries = Vec::new();
        for database in &seeded {
            queries.push(case.query(database).await);
        }
        let started = Instant::now();
        // In turns, so that what else the machine does slows all of them.
        let rounds = if is_test { 1 } else { 101 };
        for round in 0..rounds {
            if round > 0 && started.elapsed() > Duration::from_secs(3) {
                break;
            }
            for (at, database) in seeded.iter().enumerate() {
                let before = Instant::now();
                found[at] = match database.catalog.list(&queries[at], &viewer).await {
                    Ok(images) => images.len().to_string(),
                    // The deadline of the catalog is a figure, too.
                    Err(CatalogError::Unavailable { .. }) => "unavailable".to_owned(),
                    Err(error) => panic!("{}: {error}", case.name),
                };
                costs[at].push(before.elapsed());
            }
        }
        let medians: Vec<f64> = costs.iter_mut().map(|costs| median(costs)).collect();
        let cells: Vec<String> = medians
            .iter()
            .zip(&found)
            .map(|(cost, found)| format!("{cost:.2} ({found})"))
            .collect();
        let ratio = medians[medians.len() - 1] / medians[0];
        println!("| {} | {} | {ratio:.1} |", case.name, cells.join(" | "));
    }
    for database in seeded {
        database.leave().await;
    }
}

fn median(costs: &mut [Duration]) -> f64 {
    costs.sort();
    costs[costs.len() / 2].as_secs_f64() * 1000.0
}

/// A list that is measured.
struct Case {
    name: &'static str,
    member: &'static str,
    order: SortKey,
    from_middle: bool,
    shared: Option<MemberStatus>,
    filters: fn(middle: u64) -> Vec<Filter>,
}

const PLAIN: Case = Case {
    name: "first page",
    member: "p7",
    order: SortKey::CreatedAt,
    from_middle: false,
    shared: None,
    filters: |_| Vec::new(),
};

const CASES: [Case; 20] = [
    PLAIN,
    Case {
        name: "middle page",
        from_middle: true,
        ..PLAIN
    },
    Case {
        name: "by name, first page",
        order: SortKey::Name,
        ..PLAIN
    },
    Case {
        name: "by name, middle page",
        order: SortKey::Name,
        from_middle: true,
        ..PLAIN
    },
    filtered("name of one image", |middle| {
        text(TextField::Name, &format!("image {middle}"))
    }),
    filtered("name of none", |_| text(TextField::Name, "nobody")),
    filtered("tag of all", |_| vec![Filter::Tag("common".into())]),
    filtered("tag of 1 %", |_| vec![Filter::Tag("tag 42".into())]),
    filtered("tag of none", |_| vec![Filter::Tag("nobody".into())]),
    filtered("property of all", |_| {
        vec![property("hw_disk_bus", "virtio")]
    }),
    filtered("property of 1 %", |_| {
        vec![property("os_distro", "distro 42")]
    }),
    filtered("property of none", |_| {
        vec![property("os_distro", "nobody")]
    }),
    filtered("two properties, 0.1 %", |_| {
        vec![
            property("os_distro", "distro 42"),
            property("os_version", "version 4"),
        ]
    }),
    filtered("size, 1 %", |_| {
        vec![
            Filter::Number(NumberField::Size, Compare::AtLeast, 500_000_000),
            Filter::Number(NumberField::Size, Compare::AtMost, 509_000_000),
        ]
    }),
    filtered("owner, oneself", |_| text(TextField::Owner, "p7")),
    filtered("owner, another", |_| text(TextField::Owner, "p8")),
    Case {
        name: "shared, pending",
        shared: Some(MemberStatus::Pending),
        ..PLAIN
    },
    Case {
        name: "shared, accepted",
        shared: Some(MemberStatus::Accepted),
        ..PLAIN
    },
    Case {
        name: "`everything`: first page",
        member: "everything",
        ..PLAIN
    },
    Case {
        name: "`everything`: tag of 1 %",
        member: "everything",
        ..filtered("", |_| vec![Filter::Tag("tag 42".into())])
    },
];

const fn filtered(name: &'static str, filters: fn(u64) -> Vec<Filter>) -> Case {
    Case {
        name,
        filters,
        ..PLAIN
    }
}

fn text(field: TextField, text: &str) -> Vec<Filter> {
    vec![Filter::Text(field, OneOf::exactly(text))]
}

fn property(name: &str, value: &str) -> Filter {
    Filter::Property(name.to_owned(), value.to_owned())
}

impl Case {
    fn viewer(&self) -> Viewer {
        Viewer {
            project: Some(self.member.parse().expect("a project")),
            admin: false,
        }
    }

    async fn query(&self, database: &Seeded) -> ImageQuery {
        // A public image from the middle.
        let middle = database.count / 2 / 10 * 10 + 4;
        let direction = match self.order {
            SortKey::Name => Direction::Ascending,
            _ => Direction::Descending,
        };
        let mut query = ImageQuery {
            filters: (self.filters)(middle),
            sort: Sort::by([(self.order, direction)]),
            ..ImageQuery::default()
        };
        if let Some(status) = self.shared {
            query.listed = Listed::Only(Visibility::Shared);
            query.member_status = Some(status);
        }
        if self.from_middle {
            let of_name = ImageQuery {
                filters: text(TextField::Name, &format!("image {middle}")),
                ..ImageQuery::default()
            };
            let found = database.catalog.list(&of_name, &self.viewer()).await;
            let found = found.expect("a page");
            let marker = found.first().expect("the image of the middle");
            query.page.after = Some(query.sort.position(marker));
        }
        query
    }
}
