//! A decision of the policy takes nothing from the heap: lists ask for each image.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which may panic")]

use allocation_counter::measure;
use glance_core::domain::policy::{Action, PolicyOptions, Rule, Rules, Target};
use glance_core::domain::{Caller, Image, ImageId, Timestamp, Visibility};
use glance_core::ports::{Policy, ReplaceableRules};

fn image() -> Image {
    let mut image = Image::queued(ImageId::from_bits(1), Timestamp::from_micros(0));
    image.owner = Some("owner".parse().unwrap());
    image.visibility = Visibility::Shared;
    image.size = Some(1 << 40);
    let name = "class".parse().unwrap();
    image.properties.insert(name, "secret".parse().unwrap());
    image
}

/// How often a decision of these rules on each action went to the heap, for callers of all kinds.
fn allocations(rules: Rules) -> u64 {
    let image = image();
    let policy = ReplaceableRules::new(rules);
    let callers = [
        Caller::of_project("owner".parse().unwrap()).with_roles(["member", "reader"]),
        Caller::of_project("other".parse().unwrap()).with_roles(["admin", "creator", "service"]),
        Caller::anonymous(),
    ];
    let mut allowed = 0;
    let measured = measure(|| {
        for caller in &callers {
            for action in Action::ALL {
                let target = Target::image(&image, caller);
                allowed += usize::from(policy.check(caller, *action, &target).is_ok());
            }
            allowed += usize::from(policy.is_admin(caller));
        }
    });
    assert!(allowed > 0, "somebody may do something");
    measured.count_total
}

#[test]
fn the_defaults_allocate_nothing() {
    assert_eq!(allocations(Rules::default()), 0);
}

#[test]
fn rules_of_every_kind_allocate_nothing() {
    let rule: Rule = "not role:%(class)s and (1099511627776:%(size)s or user_id:%(name)s) or \
                      'secret':%(class)s and roles:creator or True:%(protected)s or rule:typo"
        .parse()
        .unwrap();
    let over = Action::ALL
        .iter()
        .map(|action| (action.as_str().to_owned(), rule.clone()));

    let (rules, _) = Rules::new(over, PolicyOptions::default()).unwrap();

    assert_eq!(allocations(rules), 0);
}
