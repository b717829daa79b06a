//! What a decision of the policy costs.

#![expect(
    clippy::expect_used,
    reason = "a bench stops where its ground gives way"
)]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use glance::domain::policy::{Action, Rules, Target};
use glance::domain::{Caller, Image, ImageId, Timestamp, Visibility};
use glance::ports::{Policy, ReplaceableRules};

fn decisions(criterion: &mut Criterion) {
    let mut image = Image::queued(ImageId::from_bits(1), Timestamp::from_micros(0));
    image.owner = "alice".parse().ok();
    image.visibility = Visibility::Shared;
    let owner = image.owner.clone().expect("it has an owner");
    let alice = Caller::of_project(owner).with_roles(["member", "reader"]);
    let stranger = Caller::of_project("stranger".parse().expect("it is an id")).with_roles([
        "load-balancer_member",
        "creator",
        "heat_stack_owner",
    ]);
    let admin = Caller::local_admin();
    let policy = ReplaceableRules::new(Rules::default());

    for (who, caller, action) in [
        ("get_image by its owner", &alice, Action::GetImage),
        ("get_image by an administrator", &admin, Action::GetImage),
        ("get_image refused", &stranger, Action::GetImage),
        ("delete_image by its owner", &alice, Action::DeleteImage),
    ] {
        criterion.bench_function(&format!("policy/{who}"), |bencher| {
            bencher.iter(|| {
                let target = Target::image(black_box(&image), caller);
                policy.check(black_box(caller), action, &target)
            });
        });
    }
    criterion.bench_function("policy/who is an administrator", |bencher| {
        bencher.iter(|| policy.is_admin(black_box(&alice)));
    });
}

criterion_group!(benches, decisions);
criterion_main!(benches);
