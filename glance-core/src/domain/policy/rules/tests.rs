//! What a policy means, told by the defaults and by rules over them.

use super::super::super::id::{ImageId, ProjectId};
use super::super::super::image::Image;
use super::super::super::service_user::ServiceUser;
use super::super::super::time::Timestamp;
use super::super::super::visibility::{Viewer, Visibility};
use super::*;

fn owner() -> ProjectId {
    "owner".parse().unwrap()
}

fn image(visibility: Visibility) -> Image {
    let mut image = Image::queued(ImageId::from_bits(1), Timestamp::from_micros(0));
    image.owner = Some(owner());
    image.visibility = visibility;
    image
}

fn of(project: &str, roles: &[&str]) -> Caller {
    Caller::of_project(project.parse().unwrap()).with_roles(roles)
}

/// Whom the golden tables are about.
pub(super) fn callers() -> [(&'static str, Caller); 7] {
    [
        (
            "admin elsewhere",
            of("other", &["admin", "member", "reader"]),
        ),
        ("member of owner", of("owner", &["member", "reader"])),
        ("reader of owner", of("owner", &["reader"])),
        ("roleless of owner", of("owner", &[])),
        ("member elsewhere", of("other", &["member", "reader"])),
        ("reader elsewhere", of("other", &["reader"])),
        ("nobody", Caller::anonymous()),
    ]
}

fn policy(over: &[(&str, &str)]) -> (Rules, Vec<PolicyWarning>) {
    with_options(over, PolicyOptions::default())
}

fn with_options(over: &[(&str, &str)], options: PolicyOptions) -> (Rules, Vec<PolicyWarning>) {
    Rules::new(read_all(over), options).unwrap()
}

fn read_all(over: &[(&str, &str)]) -> Vec<(String, Rule)> {
    over.iter()
        .map(|(name, text)| ((*name).to_owned(), text.parse().unwrap()))
        .collect()
}

/// What is done to images, or to nothing in particular.
fn of_images() -> impl Iterator<Item = Action> {
    let all = Action::ALL.iter().copied();
    all.filter(|action| !action.as_str().contains("metadef"))
}

/// Whether a caller passes a rule of this text, on a private image of `owner`.
fn passes(text: &str, caller: &Caller) -> bool {
    let (rules, _) = policy(&[("get_image", text)]);
    let image = image(Visibility::Private);
    rules.allows(caller, Action::GetImage, &Target::image(&image, caller))
}

#[test]
fn every_action_has_a_default_and_the_table_is_sorted() {
    let rules = Rules::default();

    for action in Action::ALL {
        assert!(rules.has(action.as_str()), "{action}");
    }
    assert!(DEFAULTS.is_sorted_by(|one, next| one.name < next.name));
    assert_eq!(rules.all().count(), DEFAULTS.len());
    for default in DEFAULTS {
        let printed = default.rule(PolicyOptions::default()).unwrap().to_string();
        let text = Some(default.text).filter(|text| !text.is_empty());
        assert_eq!(printed, text.unwrap_or("@"));
    }
    assert_eq!(policy(&[]).1, []);
}

#[test]
fn defaults_match_the_golden_table() {
    let callers = callers();
    let rules = Rules::default();

    let mut table = String::new();
    for action in of_images() {
        table += &format!("{action}\n");
        for (name, caller) in &callers {
            let allowed: Vec<&str> = Visibility::ALL
                .into_iter()
                .filter(|visibility| {
                    let image = image(*visibility);
                    rules.allows(caller, action, &Target::image(&image, caller))
                })
                .map(Visibility::as_str)
                .collect();
            table += &format!("    {name:<18} {}\n", allowed.join(" "));
        }
    }

    expect_test::expect_file!["../../golden/policy.txt"].assert_eq(&table);
}

/// What a caller gets of an image: first it must see it, then the rule decides; who may not even
/// show an image gets a 404.
fn outcome(
    rules: &Rules,
    caller: &Caller,
    shared_with_it: bool,
    action: Action,
    of: &Image,
) -> &'static str {
    let viewer = Viewer {
        project: caller.project().cloned(),
        admin: rules.is_admin(caller),
    };
    let membership = shared_with_it.then_some(super::super::super::member::MemberStatus::Accepted);
    let target = Target::image(of, caller);
    if !viewer.sees(of, membership) {
        "404"
    } else if rules.allows(caller, action, &target) {
        "yes"
    } else if rules.allows(caller, Action::GetImage, &target) && action != Action::GetImage {
        "403"
    } else {
        "404"
    }
}

#[test]
fn the_whole_matrix_matches_the_golden_table() {
    let system = |roles: &[&str]| {
        Caller::anonymous()
            .with_roles(roles)
            .with_system_scope(true)
    };
    let domain = Caller::anonymous()
        .with_roles(["admin", "member", "reader"])
        .with_domain_scope(Some("default".parse().unwrap()));
    let mut callers = vec![
        (
            "system admin".to_owned(),
            system(&["admin", "member", "reader"]),
            false,
        ),
        ("system reader".to_owned(), system(&["reader"]), false),
        ("domain admin".to_owned(), domain, false),
        ("nobody".to_owned(), Caller::anonymous(), false),
    ];
    for (persona, roles) in [
        ("project admin", &["admin", "member", "reader"][..]),
        ("project member", &["member", "reader"]),
        ("project reader", &["reader"]),
        ("service", &["service"]),
        ("no role", &[]),
    ] {
        for (relation, project, is_member) in [
            ("owner", "owner", false),
            ("member", "member", true),
            ("stranger", "stranger", false),
        ] {
            callers.push((
                format!("{persona}, {relation}"),
                of(project, roles),
                is_member,
            ));
        }
    }
    let rules = Rules::default();

    let mut table = String::new();
    for action in of_images() {
        let heads = Visibility::ALL.map(|visibility| format!("{visibility:<10}"));
        table += format!("{:<30}{}", action.as_str(), heads.concat()).trim_end();
        table += "\n";
        for (who, caller, is_member) in &callers {
            let row: String = Visibility::ALL
                .map(|visibility| {
                    let image = image(visibility);
                    let is_member = *is_member && visibility == Visibility::Shared;
                    let outcome = outcome(&rules, caller, is_member, action, &image);
                    format!("{outcome:<10}")
                })
                .concat();
            table += format!("    {who:<26}{row}").trim_end();
            table += "\n";
        }
    }

    expect_test::expect_file!["../../golden/policy_matrix.txt"].assert_eq(&table);
}

/// Rule R17: what only administrators do by default, of all that a policy file can name.
#[test]
fn every_rule_matches_the_golden_table_of_roles() {
    let callers = [
        ("admin", of("other", &["admin"])),
        ("service", of("other", &["service"])),
        ("member-of-owner", of("owner", &["member"])),
        ("reader-of-owner", of("owner", &["reader"])),
        ("roleless-of-owner", of("owner", &[])),
        ("member-elsewhere", of("other", &["member"])),
        ("nobody", Caller::anonymous()),
    ];
    let rules = Rules::default();
    let image = image(Visibility::Private);

    let mut table = String::new();
    for rule in rules.all() {
        let passing: Vec<&str> = callers
            .iter()
            .filter(|(_, caller)| {
                let target = Target::image(&image, caller);
                rules.explain(caller, rule.name(), &target).unwrap().allowed
            })
            .map(|(who, _)| *who)
            .collect();
        table += &format!("{}: {}\n", rule.name(), passing.join(" "));
    }

    expect_test::expect_file!["../../golden/policy_rules.txt"].assert_eq(&table);
}

#[test]
fn credentials_and_facts_are_compared_as_text() {
    let nova = ServiceUser::default()
        .with_user(Some("nova".parse().unwrap()))
        .with_roles(["service"]);
    let caller = of("owner", &["Member"])
        .with_user(Some("alice".parse().unwrap()))
        .with_user_domain(Some("default".parse().unwrap()))
        .with_admin_project(false)
        .with_service(Some(nova));

    for text in [
        "role:MEMBER",
        "roles:member",
        "user_id:alice and user_domain_id:default",
        "is_admin_project:False",
        "service_roles:service and service_user_id:nova",
        "not role:service",
        "project_id:%(owner)s and project_id:%(project_id)s",
        "'private':%(visibility)s and 'queued':%(status)s",
        "0:%(min_ram)s and False:%(protected)s and None:%(disk_format)s",
        "project_domain_id:None and system_scope:None",
        "not 'x':%(no_such_property)s",
        "'00000000-0000-0000-0000-000000000001':%(image_id)s",
    ] {
        assert!(passes(text, &caller), "{text}");
    }
    for text in [
        "role:admin",
        "user_id:Alice",
        "project_id:%(member_id)s",
        "project_domain_id:%(disk_format)s",
        "'x':%(no_such_property)s",
        "system_scope:all",
    ] {
        assert!(!passes(text, &caller), "{text}");
    }
}

#[test]
fn a_role_may_stand_in_a_property() {
    let (rules, _) = policy(&[("get_image", "role:%(needs_role)s")]);
    let mut image = image(Visibility::Public);
    let allows = |image: &Image| {
        let caller = of("other", &["pilot"]);
        rules.allows(&caller, Action::GetImage, &Target::image(image, &caller))
    };

    assert!(!allows(&image));
    let name = "needs_role".parse().unwrap();
    image.properties.insert(name, "Pilot".parse().unwrap());
    assert!(allows(&image));
}

#[test]
fn who_has_no_project_owns_nothing() {
    let mut image = image(Visibility::Private);
    image.owner = None;
    let (rules, _) = policy(&[("get_image", "project_id:%(owner)s")]);
    let caller = Caller::anonymous();

    assert!(!rules.allows(&caller, Action::GetImage, &Target::image(&image, &caller)));
}

#[test]
fn what_is_not_known_lets_nobody_pass_not_even_behind_a_not() {
    let admin = of("owner", &["admin", "member"]);

    for text in [
        "rule:typo",
        "not rule:typo",
        "not (rule:typo and role:admin)",
        "projct_id:%(owner)s",
        "not projct_id:%(owner)s",
    ] {
        assert!(!passes(text, &admin), "{text}");
    }
    assert!(passes("role:admin or rule:typo", &admin));
    assert!(passes("not (rule:typo and role:nobody)", &admin));
}

#[test]
fn what_is_not_known_is_warned_about_and_known_names_are_not() {
    let (_, warnings) = policy(&[
        ("get_image", "rule:typo or projct_id:%(owner)s or rule:mine"),
        ("mine", "role:a"),
        ("get_imges", "role:a"),
        ("tasks_api_access", "role:a"),
        ("add_metadef_tags", "role:a"),
        ("cache_image", "role:a"),
    ]);

    let told: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "rule `get_image` refers to `rule:typo`, which is not defined, and lets nobody pass by \
             it",
            "rule `get_image` asks for `projct_id`, which no token has, and lets nobody pass by it",
            "rule `get_imges` has no effect: it is none of Glance's, and no other refers to it",
        ]
    );
}

#[test]
fn rules_that_refer_to_themselves_are_refused() {
    let circle = [
        ("a", "role:x and not rule:b"),
        ("b", "rule:c"),
        ("c", "rule:a"),
    ];

    let refused = Rules::new(read_all(&circle), PolicyOptions::default()).unwrap_err();

    assert_eq!(
        refused.to_string(),
        "rules refer to each other in a circle: a -> b -> c -> a"
    );
    let chain: Vec<(String, Rule)> = (0..100)
        .map(|n| {
            (
                format!("r{n:03}"),
                format!("rule:r{:03}", n + 1).parse().unwrap(),
            )
        })
        .collect();
    let refused = Rules::new(chain, PolicyOptions::default());
    assert!(matches!(refused, Err(PolicyError::TooDeep { .. })));
}

#[test]
fn another_rule_may_say_who_is_an_administrator() {
    let (rules, _) = policy(&[("context_is_admin", "role:cloud_admin")]);

    assert!(rules.is_admin(&of("x", &["cloud_admin"])));
    assert!(!rules.is_admin(&of("x", &["admin"])));
    let (rules, _) = policy(&[("context_is_admin", "'ops':%(project_id)s and role:admin")]);
    assert!(rules.is_admin(&of("ops", &["admin"])));
    assert!(!rules.is_admin(&of("x", &["admin"])));
}

#[test]
fn a_token_for_the_system_passes_no_rule_about_projects_unless_scopes_are_not_enforced() {
    let system = Caller::anonymous()
        .with_roles(["admin"])
        .with_system_scope(true);
    let image = image(Visibility::Public);
    let target = Target::image(&image, &system);
    let lax = PolicyOptions {
        scope: false,
        ..PolicyOptions::default()
    };

    assert!(!Rules::default().allows(&system, Action::GetImage, &target));
    assert!(Rules::default().is_admin(&system));
    assert!(
        with_options(&[], lax)
            .0
            .allows(&system, Action::GetImage, &target)
    );
}

#[test]
fn old_defaults_let_all_do_what_the_owner_does() {
    let old = PolicyOptions {
        new_defaults: false,
        ..PolicyOptions::default()
    };
    let (rules, _) = with_options(&[], old);
    let image = image(Visibility::Shared);
    let may =
        |caller: &Caller, action| rules.allows(caller, action, &Target::image(&image, caller));
    let (own, other) = (of("owner", &[]), of("other", &["member"]));

    for action in [
        Action::DeleteImage,
        Action::ModifyImage,
        Action::SetImageLocation,
        Action::UploadImage,
        Action::AddMember,
    ] {
        assert!(may(&own, action), "{action}");
        assert!(!may(&other, action), "{action}");
        assert!(may(&of("other", &["admin"]), action), "{action}");
    }
    assert!(may(&of("other", &[]), Action::DownloadImage));
    assert!(may(&other, Action::ModifyMember) && !may(&own, Action::ModifyMember));
    assert!(
        !may(&own, Action::PublicizeImage),
        "it never was everybody's"
    );

    let (rules, _) = with_options(&[("default", "!"), ("delete_image", "role:x")], old);
    let may =
        |caller: &Caller, action| rules.allows(caller, action, &Target::image(&image, caller));
    assert!(!may(&own, Action::DownloadImage));
    assert!(!may(&own, Action::DeleteImage) && may(&of("owner", &["x"]), Action::DeleteImage));
    assert!(!may(&of("other", &["x"]), Action::DeleteImage));
}

#[test]
fn an_explanation_tells_each_part() {
    let (rules, _) = policy(&[
        ("get_image", "rule:mine and not rule:typo"),
        ("mine", "role:a"),
    ]);
    let caller = of("owner", &["a"]);
    let image = image(Visibility::Private);

    let why = rules
        .explain(&caller, "get_image", &Target::image(&image, &caller))
        .unwrap();

    assert!(!why.allowed);
    assert_eq!(
        why.to_string(),
        "unknown rule:mine and not rule:typo\n  yes     rule:mine\n    yes     role:a\n  \
         unknown not rule:typo\n    unknown rule:typo"
    );
    assert!(
        rules
            .explain(&caller, "no_such_rule", &Target::nothing())
            .is_none()
    );
}
