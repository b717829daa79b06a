//! What the defaults mean for metadata definitions.

use super::super::super::metadef::{Namespace, NamespaceVisibility};
use super::super::super::visibility::Viewer;
use super::tests::callers;
use super::*;

/// What a caller gets: first it must see the namespace, then the rule decides; who may not even show
/// it gets a 404.
fn outcome(rules: &Rules, caller: &Caller, action: Action, of: &Namespace) -> &'static str {
    let viewer = Viewer {
        project: caller.project().cloned(),
        admin: rules.is_admin(caller),
    };
    let target = Target::namespace(of);
    if !of.is_seen_by(&viewer) {
        "404"
    } else if rules.allows(caller, action, &target) {
        "yes"
    } else if rules.allows(caller, Action::GetMetadefNamespace, &target)
        && action != Action::GetMetadefNamespace
    {
        "403"
    } else {
        "404"
    }
}

#[test]
fn the_matrix_of_metadata_definitions_matches_the_golden_table() {
    let callers = callers();
    let rules = Rules::default();
    let actions = Action::ALL
        .iter()
        .filter(|action| action.as_str().contains("metadef"));

    let mut table = format!("{:<44}", "");
    for visibility in NamespaceVisibility::ALL {
        table += &format!("{visibility:<9}");
    }
    for action in actions {
        table = format!("{}\n{action}\n", table.trim_end());
        for (name, caller) in &callers {
            table += &format!("    {name:<40}");
            for visibility in NamespaceVisibility::ALL {
                let namespace = Namespace {
                    name: "N".parse().unwrap(),
                    display_name: None,
                    description: None,
                    visibility,
                    protected: false,
                    owner: "owner".parse().unwrap(),
                };
                let outcome = outcome(&rules, caller, *action, &namespace);
                table += &format!("{outcome:<9}");
            }
            table = format!("{}\n", table.trim_end());
        }
    }

    expect_test::expect_file!["../../golden/policy_metadefs.txt"].assert_eq(&table);
}
