//! A page of a list, in a catalog of 1,000 and of 100,000 images: first page, middle page, by
//! name. The figures of the two catalogs should differ little: a page is a walk along an index.

#![expect(
    clippy::expect_used,
    reason = "a bench stops where its ground gives way"
)]

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use futures::stream::{self, StreamExt};
use glance::domain::query::{Direction, Filter, ImageQuery, OneOf, Sort, SortKey, TextField};
use glance::domain::{Caller, Draft, ImageId, Visibility};
use glance::{LocalGlance, Settings};

fn lists(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut group = criterion.benchmark_group("list 25 images");
    group
        .measurement_time(Duration::from_secs(3))
        .sample_size(50);
    for count in [1_000, 100_000] {
        let folder = tempfile::tempdir().expect("a folder");
        let (glance, middle) = runtime.block_on(filled(folder.path(), count));
        let member = member("p1");
        let queries = [
            ("first page", ImageQuery::default(), None),
            ("middle page", ImageQuery::default(), Some(middle)),
            (
                "middle page by name",
                ImageQuery {
                    sort: Sort::by([(SortKey::Name, Direction::Ascending)]),
                    ..ImageQuery::default()
                },
                Some(middle),
            ),
            (
                "one name",
                ImageQuery {
                    filters: vec![Filter::Text(TextField::Name, OneOf::exactly("image 500"))],
                    ..ImageQuery::default()
                },
                None,
            ),
        ];
        for (name, query, marker) in queries {
            group.bench_function(BenchmarkId::new(name, count), |bencher| {
                bencher.to_async(&runtime).iter(|| async {
                    glance
                        .images(&member, query.clone(), marker)
                        .await
                        .expect("a page")
                });
            });
        }
    }
    group.finish();
}

/// Images of ten projects, a third of them public; gives a public one from the middle.
async fn filled(folder: &std::path::Path, count: usize) -> (LocalGlance, ImageId) {
    let mut settings = Settings::default();
    // All of them stay queued.
    settings.quotas.images.queued = None;
    let opened = LocalGlance::open_with(folder, settings).await;
    let glance = opened.expect("a service");
    let create = |number: usize| {
        let glance = &glance;
        async move {
            let project = format!("p{}", number % 10);
            let draft = Draft {
                visibility: Some(match number % 3 {
                    0 => Visibility::Public,
                    1 => Visibility::Shared,
                    _ => Visibility::Private,
                }),
                owner: project.parse().ok(),
                tags: ["one", "two"]
                    .iter()
                    .filter_map(|tag| tag.parse().ok())
                    .collect(),
                ..Draft::raw(&format!("image {number}")).expect("a draft")
            };
            let admin = member(&project).with_roles(["admin", "member", "reader"]);
            glance.create(&admin, draft).await.expect("an image").id
        }
    };
    let ids: Vec<ImageId> = stream::iter(0..count)
        .map(create)
        .buffered(64)
        .collect()
        .await;
    (glance, ids[count / 2 / 3 * 3])
}

fn member(project: &str) -> Caller {
    Caller::of_project(project.parse().expect("an id")).with_roles(["member", "reader"])
}

criterion_group!(benches, lists);
criterion_main!(benches);
