//! What a filter costs on one image, in memory.

#![expect(
    clippy::expect_used,
    reason = "a bench stops where its ground gives way"
)]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use glance::domain::query::{Compare, Filter, ImageQuery, NumberField, OneOf, TextField};
use glance::domain::{Caller, Image, ImageId, Timestamp, Viewer};

fn filters(criterion: &mut Criterion) {
    let mut image = Image::queued(ImageId::from_bits(1), Timestamp::from_micros(0));
    image.name = "debian-13-amd64".parse().ok();
    image.owner = "alice".parse().ok();
    image.size = Some(1 << 30);
    image.tags = ["lts", "amd64"]
        .iter()
        .filter_map(|tag| tag.parse().ok())
        .collect();
    let query = ImageQuery {
        filters: vec![
            Filter::Text(TextField::Name, OneOf::exactly("debian-13-amd64")),
            Filter::Tag("lts".to_owned()),
            Filter::Number(NumberField::Size, Compare::AtLeast, 1 << 20),
        ],
        ..ImageQuery::default()
    };
    let alice = Caller::of_project(image.owner.clone().expect("it has an owner"))
        .with_roles(["member", "reader"]);
    let viewer = Viewer {
        project: alice.project().cloned(),
        admin: false,
    };
    criterion.bench_function("filter/three conditions on an image", |bencher| {
        bencher.iter(|| black_box(&query).matches(&viewer, black_box(&image), &[]));
    });
}

criterion_group!(benches, filters);
criterion_main!(benches);
