//! Who meets an image how: each caller, visibility and status, as golden tables.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use futures::executor::block_on;
use glance_core::domain::{
    Attribute, Caller, Draft, Edit, Image, ImageId, MemberStatus, Presence, RangeRequest,
    Visibility,
};
use glance_core::memory::MemoryGlance;
use glance_core::ports::ByteStream;
use glance_core::{DownloadOptions, Error, ErrorKind, Glance, UploadOptions};

#[test]
fn who_may_do_what_matches_the_golden_table() {
    let mut table = String::new();
    for visibility in Visibility::ALL {
        for state in ["queued", "active", "deactivated", "deleted"] {
            table += &format!("{visibility} {state}\n");
            for (name, caller) in callers() {
                table += &format!("    {name:<9}");
                for (action, act) in ACTIONS {
                    let (glance, image) = block_on(prepared(visibility, state));
                    let outcome = match block_on(act(&glance, &caller, image)) {
                        Ok(()) => "ok".to_owned(),
                        Err(error) => format!("{:?}", error.kind()),
                    };
                    table += &format!(" {action}:{outcome}");
                }
                table += "\n";
            }
        }
    }

    expect_test::expect_file!["golden/access.txt"].assert_eq(&table);
}

#[test]
fn an_image_that_is_hidden_reads_as_one_that_is_absent() {
    let (glance, hidden) = block_on(prepared(Visibility::Private, "active"));
    let absent = ImageId::from_bits(99);
    let stranger = project("stranger", &["member", "reader"]);

    for (action, act) in ACTIONS {
        let to_hidden = block_on(act(&glance, &stranger, hidden))
            .unwrap_err()
            .to_string();
        let to_absent = block_on(act(&glance, &stranger, absent))
            .unwrap_err()
            .to_string();

        assert_eq!(
            to_hidden.replace(hidden.as_str(), "ID"),
            to_absent.replace(absent.as_str(), "ID"),
            "{action}"
        );
    }
}

#[test]
fn a_member_sees_its_own_membership_alone() {
    let (glance, image) = block_on(prepared(Visibility::Shared, "active"));
    let seen = |caller: Caller| {
        let members = block_on(glance.members(&caller, image)).unwrap();
        members
            .into_iter()
            .map(|member| member.project.to_string())
            .collect::<Vec<_>>()
    };

    assert_eq!(seen(project("accepted", &["reader"])), ["accepted"]);
    assert_eq!(
        seen(project("owner", &["reader"])),
        ["pending", "accepted", "rejected"]
    );
}

#[test]
fn the_owner_cannot_answer_for_a_member() {
    let (glance, image) = block_on(prepared(Visibility::Shared, "active"));
    let owner = project("owner", &["member", "reader"]);

    let answer = glance.answer_offer(&owner, image, "pending", MemberStatus::Accepted);

    assert_eq!(block_on(answer).unwrap_err().kind(), ErrorKind::Forbidden);
}

#[test]
fn nobody_but_an_administrator_gives_an_image_away() {
    let (glance, image) = block_on(prepared(Visibility::Shared, "active"));
    let owner = project("owner", &["member", "reader"]);

    for presence in [Presence::Any, Presence::Present] {
        let edit = Edit::Set(presence, Attribute::Owner(Some("other".parse().unwrap())));
        let refused = block_on(glance.edit(&owner, image, &[edit])).unwrap_err();
        assert!(matches!(refused, Error::ForeignOwner { .. }), "{refused:?}");
    }
}

type Act = fn(&Glance, &Caller, ImageId) -> futures::future::BoxFuture<'static, Result<(), Error>>;

const ACTIONS: [(&str, Act); 7] = [
    ("show", |glance, caller, id| {
        let (glance, caller) = (glance.clone(), caller.clone());
        Box::pin(async move { glance.image(&caller, id).await.map(|_| ()) })
    }),
    ("edit", |glance, caller, id| {
        let (glance, caller) = (glance.clone(), caller.clone());
        let edit = Edit::Set(Presence::Any, Attribute::Hidden(true));
        Box::pin(async move { glance.edit(&caller, id, &[edit]).await.map(|_| ()) })
    }),
    ("upload", |glance, caller, id| {
        let (glance, caller) = (glance.clone(), caller.clone());
        Box::pin(async move {
            let body = ByteStream::from_bytes("other data");
            glance
                .upload(&caller, id, body, UploadOptions::default())
                .await
                .map(|_| ())
        })
    }),
    ("download", |glance, caller, id| {
        let (glance, caller) = (glance.clone(), caller.clone());
        Box::pin(async move {
            match glance
                .download(&caller, id, DownloadOptions::default())
                .await?
            {
                Some(_) => Ok(()),
                None => Err(Error::ImageNotFound {
                    id: "no data".to_owned(),
                }),
            }
        })
    }),
    ("range", |glance, caller, id| {
        let (glance, caller) = (glance.clone(), caller.clone());
        let part = DownloadOptions {
            range: Some(RangeRequest::From(1)),
            ..DownloadOptions::default()
        };
        Box::pin(async move {
            match glance.download(&caller, id, part).await? {
                Some(_) => Ok(()),
                None => Err(Error::ImageNotFound {
                    id: "no data".to_owned(),
                }),
            }
        })
    }),
    ("deactivate", |glance, caller, id| {
        let (glance, caller) = (glance.clone(), caller.clone());
        Box::pin(async move { glance.deactivate(&caller, id).await.map(|_| ()) })
    }),
    ("delete", |glance, caller, id| {
        let (glance, caller) = (glance.clone(), caller.clone());
        Box::pin(async move { glance.delete(&caller, id).await })
    }),
];

fn callers() -> [(&'static str, Caller); 8] {
    let full = &["member", "reader"];
    [
        (
            "admin",
            project("elsewhere", &["admin", "member", "reader"]),
        ),
        ("owner", project("owner", full)),
        ("reader", project("owner", &["reader"])),
        ("pending", project("pending", full)),
        ("accepted", project("accepted", full)),
        ("rejected", project("rejected", full)),
        ("stranger", project("stranger", full)),
        ("nobody", Caller::anonymous()),
    ]
}

fn project(name: &str, roles: &[&str]) -> Caller {
    Caller::of_project(name.parse().unwrap()).with_roles(roles)
}

/// A service with one image of `owner`, shared with three projects before it became what it is.
async fn prepared(visibility: Visibility, state: &str) -> (Glance, ImageId) {
    let glance = MemoryGlance::new().build().unwrap();
    let admin = project("owner", &["admin", "member", "reader"]);
    let image: Image = glance
        .create(&admin, Draft::raw("image").unwrap())
        .await
        .unwrap();
    for status in MemberStatus::ALL {
        let member = status.as_str();
        glance
            .add_member(&admin, image.id, member.parse().unwrap())
            .await
            .unwrap();
        glance
            .answer_offer(&admin, image.id, member, status)
            .await
            .unwrap();
    }
    let edit = Edit::Set(Presence::Any, Attribute::Visibility(visibility));
    glance.edit(&admin, image.id, &[edit]).await.unwrap();
    if state != "queued" {
        let body = ByteStream::from_bytes("data");
        glance
            .upload(&admin, image.id, body, UploadOptions::default())
            .await
            .unwrap();
    }
    if state == "deactivated" {
        glance.deactivate(&admin, image.id).await.unwrap();
    }
    if state == "deleted" {
        glance.delete(&admin, image.id).await.unwrap();
    }
    (glance, image.id)
}
