//! The default rule of every action: one table (spec/policy.md §3).

use super::super::visibility::Visibility;
use super::action::Action;
use super::rule::Rule;

/// The rule that holds where no policy file says otherwise.
pub fn default_rule(action: Action) -> Rule {
    let admin = || role("admin");
    let member_of_owner = || Rule::All(vec![role("member"), Rule::Owner]);
    match action {
        Action::AddImage
        | Action::AddMember
        | Action::CommunitizeImage
        | Action::Deactivate
        | Action::DeleteImage
        | Action::DeleteMember
        | Action::ModifyImage
        | Action::Reactivate
        | Action::UploadImage => Rule::Any(vec![admin(), member_of_owner()]),
        Action::DownloadFromStore | Action::DownloadImage => {
            Rule::Any(vec![admin(), Rule::All(vec![role("member"), visible()])])
        }
        Action::GetImage | Action::GetImageLocation => {
            Rule::Any(vec![admin(), Rule::All(vec![role("reader"), visible()])])
        }
        Action::GetImages => Rule::Any(vec![admin(), Rule::All(vec![role("reader"), Rule::Owner])]),
        Action::GetMember | Action::GetMembers => {
            let concerned = Rule::Any(vec![Rule::Owner, Rule::Member]);
            Rule::Any(vec![admin(), Rule::All(vec![role("reader"), concerned])])
        }
        Action::ModifyMember => {
            Rule::Any(vec![admin(), Rule::All(vec![role("member"), Rule::Member])])
        }
        Action::DeleteImageLocation | Action::PublicizeImage => admin(),
        Action::StoresInfoDetail => Rule::Any(vec![admin(), role("service")]),
    }
}

fn role(name: &str) -> Rule {
    Rule::Role(name.to_owned())
}

/// Those who have been let see an image. Upstream's rule passes for any shared image: who is a
/// member of it was settled when it was read.
fn visible() -> Rule {
    let open = [
        Visibility::Community,
        Visibility::Public,
        Visibility::Shared,
    ];
    let mut rules = vec![Rule::Owner, Rule::Member];
    rules.extend(open.map(Rule::Visible));
    Rule::Any(rules)
}

#[cfg(test)]
mod tests {
    use super::super::super::caller::Caller;
    use super::super::super::id::{ImageId, ProjectId};
    use super::super::super::image::Image;
    use super::super::super::time::Timestamp;
    use super::super::rule::Target;
    use super::*;

    #[test]
    fn defaults_match_the_golden_table() {
        let owner: ProjectId = "owner".parse().unwrap();
        let other: ProjectId = "other".parse().unwrap();
        let of = |project: &ProjectId, roles: &[&str]| {
            Caller::of_project(project.clone()).with_roles(roles)
        };
        let callers = [
            (
                "admin elsewhere",
                of(&other, &["admin", "member", "reader"]),
            ),
            ("member of owner", of(&owner, &["member", "reader"])),
            ("reader of owner", of(&owner, &["reader"])),
            ("roleless of owner", of(&owner, &[])),
            ("member elsewhere", of(&other, &["member", "reader"])),
            ("reader elsewhere", of(&other, &["reader"])),
            ("nobody", Caller::anonymous()),
        ];

        let mut table = String::new();
        for action in Action::ALL {
            table += &format!("{action}\n");
            for (name, caller) in &callers {
                let allowed: Vec<&str> = Visibility::ALL
                    .into_iter()
                    .filter(|visibility| {
                        let mut image =
                            Image::queued(ImageId::from_bits(1), Timestamp::from_micros(0));
                        image.owner = Some(owner.clone());
                        image.visibility = *visibility;
                        default_rule(*action).allows(caller, &Target::image(&image, caller))
                    })
                    .map(Visibility::as_str)
                    .collect();
                table += &format!("    {name:<18} {}\n", allowed.join(" "));
            }
        }

        expect_test::expect_file!["../golden/policy.txt"].assert_eq(&table);
    }
}
