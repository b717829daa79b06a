//! Visibility of lists as index ranges.

use super::super::id::ProjectId;
use super::super::image::Image;
use super::super::member::{MemberStatus, Membership};
use super::super::visibility::{Viewer, Visibility};

/// Which of the images that a viewer may see a list is to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::exhaustive_enums, reason = "segments must answer every choice")]
pub enum Listed {
    /// What upstream lists by default: everything but other people's community images.
    #[default]
    Usual,
    /// Everything: `visibility=all`.
    All,
    /// Images of one visibility.
    Only(Visibility),
    /// None: an empty `visibility=`.
    Nothing,
}

/// A range of an index of the catalog. A list is the union of a few of them, merged in order, an
/// image in two of them taken once (design D6).
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "catalogs must translate every segment"
)]
pub enum Segment {
    /// Every image of a visibility.
    Visibility(Visibility),
    /// A project's own images, of one visibility or of any.
    Owned(ProjectId, Option<Visibility>),
    /// Shared images of which the project is a member, with one status or any.
    SharedWith(ProjectId, Option<MemberStatus>),
}

impl Segment {
    /// The segments of a list, as spec/api-images.md §6 says who sees what.
    pub fn of(listed: Listed, member: Option<MemberStatus>, viewer: &Viewer) -> Vec<Self> {
        use Visibility::{Community, Private, Public, Shared};
        let mut segments = Vec::new();
        match (listed, viewer.admin) {
            (Listed::Nothing, _) => {}
            (Listed::Only(visibility), true) => segments.push(Self::Visibility(visibility)),
            (Listed::All, true) => segments.extend(Visibility::ALL.map(Self::Visibility)),
            (Listed::Usual, true) => {
                segments.extend([Public, Private, Shared].map(Self::Visibility));
            }
            (Listed::Only(visibility @ (Public | Community)), false) => {
                segments.push(Self::Visibility(visibility));
            }
            (Listed::Only(Private | Shared), false) => {}
            (Listed::Usual, false) => segments.push(Self::Visibility(Public)),
            (Listed::All, false) => segments.extend([Public, Community].map(Self::Visibility)),
        }
        let Some(project) = &viewer.project else {
            return segments;
        };
        match (listed, viewer.admin) {
            (Listed::Usual, true) => segments.push(Self::Owned(project.clone(), Some(Community))),
            (Listed::Usual | Listed::All, false) => {
                segments.push(Self::Owned(project.clone(), None));
                segments.push(Self::SharedWith(project.clone(), member));
            }
            (Listed::Only(Private), false) => {
                segments.push(Self::Owned(project.clone(), Some(Private)));
            }
            (Listed::Only(Shared), false) => {
                segments.push(Self::Owned(project.clone(), Some(Shared)));
                segments.push(Self::SharedWith(project.clone(), member));
            }
            (Listed::Nothing | Listed::All | Listed::Only(_), _) => {}
        }
        segments
    }

    /// Whether an image is in it, given all memberships of the image.
    pub fn contains(&self, image: &Image, members: &[Membership]) -> bool {
        match self {
            Self::Visibility(visibility) => image.visibility == *visibility,
            Self::Owned(project, visibility) => {
                image.owner.as_ref() == Some(project)
                    && visibility.is_none_or(|visibility| image.visibility == visibility)
            }
            Self::SharedWith(project, status) => {
                image.visibility == Visibility::Shared
                    && members.iter().any(|member| {
                        member.project == *project
                            && status.is_none_or(|status| member.status == status)
                    })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_gets_what_listed_matches_the_golden_table() {
        let project: ProjectId = "p".parse().unwrap();
        let viewers = [
            (
                "nobody",
                Viewer {
                    project: None,
                    admin: false,
                },
            ),
            (
                "member of p",
                Viewer {
                    project: Some(project.clone()),
                    admin: false,
                },
            ),
            (
                "admin without project",
                Viewer {
                    project: None,
                    admin: true,
                },
            ),
            (
                "admin of p",
                Viewer {
                    project: Some(project),
                    admin: true,
                },
            ),
        ];
        let mut choices = vec![Listed::Usual, Listed::All, Listed::Nothing];
        choices.extend(Visibility::ALL.map(Listed::Only));

        let mut table = String::new();
        for (name, viewer) in &viewers {
            for listed in &choices {
                table += &format!("{name}, {listed:?}:\n");
                for segment in Segment::of(*listed, Some(MemberStatus::Accepted), viewer) {
                    table += &format!("    {segment:?}\n");
                }
            }
        }

        expect_test::expect_file!["../golden/listed.txt"].assert_eq(&table);
    }
}
