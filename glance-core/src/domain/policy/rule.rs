//! A rule: a boolean tree over who asks and what for.

use super::super::caller::Caller;
use super::super::id::ProjectId;
use super::super::image::Image;
use super::super::visibility::Visibility;

/// What an action is on: the facts of it that rules look at.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// Whose it is, or is to be.
    pub owner: Option<&'a ProjectId>,
    /// The caller's own project, where the caller has the image through a membership.
    pub member: Option<&'a ProjectId>,
    /// Who else may see it.
    pub visibility: Option<Visibility>,
}

impl<'a> Target<'a> {
    /// An image, as `caller` meets it.
    ///
    /// As upstream, the caller counts as member wherever a shared image is another project's: who
    /// gets this far has been let see it.
    pub fn image(image: &'a Image, caller: &'a Caller) -> Self {
        let foreign =
            image.visibility == Visibility::Shared && image.owner.as_ref() != caller.project();
        Self {
            owner: image.owner.as_ref(),
            member: caller.project().filter(|_| foreign),
            visibility: Some(image.visibility),
        }
    }

    /// The caller's own project, where an action is on nothing in particular.
    pub fn own(caller: &'a Caller) -> Self {
        Self {
            owner: caller.project(),
            member: None,
            visibility: None,
        }
    }
}

/// A rule of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "whoever prints or compiles rules must answer each"
)]
pub enum Rule {
    /// Every one of these.
    All(Vec<Self>),
    /// One of these at least.
    Any(Vec<Self>),
    /// The target is of the caller's project: `project_id:%(project_id)s`.
    Owner,
    /// The caller's project is the target's member: `project_id:%(member_id)s`.
    Member,
    /// The caller holds a role.
    Role(String),
    /// The target has a visibility.
    Visible(Visibility),
}

impl Rule {
    /// Whether the rule lets `caller` act on `target`.
    pub fn allows(&self, caller: &Caller, target: &Target<'_>) -> bool {
        match self {
            Self::All(rules) => rules.iter().all(|rule| rule.allows(caller, target)),
            Self::Any(rules) => rules.iter().any(|rule| rule.allows(caller, target)),
            Self::Owner => caller.project().is_some() && caller.project() == target.owner,
            Self::Member => caller.project().is_some() && caller.project() == target.member,
            Self::Role(role) => caller.has_role(role),
            Self::Visible(visibility) => target.visibility == Some(*visibility),
        }
    }
}
