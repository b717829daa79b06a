//! Who asks.

use std::collections::BTreeSet;

use super::id::{ProjectId, UserId};

/// Who asks: what an identity service has vouched for.
///
/// Roles are compared in lower case, as Keystone and Glance do.
///
/// ```
/// use glance_core::domain::Caller;
///
/// let alice = Caller::of_project("a5c1".parse()?).with_roles(["Member", "reader"]);
/// assert!(alice.has_role("member"));
/// assert!(!alice.is_admin());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    project: Option<ProjectId>,
    user: Option<UserId>,
    roles: BTreeSet<String>,
}

impl Caller {
    /// Somebody who acts for a project, with no role yet.
    pub fn of_project(project: ProjectId) -> Self {
        Self {
            project: Some(project),
            user: None,
            roles: BTreeSet::new(),
        }
    }

    /// Somebody of whom nothing is known: no project, no role.
    pub fn anonymous() -> Self {
        Self {
            project: None,
            user: None,
            roles: BTreeSet::new(),
        }
    }

    /// The one administrator of a service without identities: every role, no project.
    ///
    /// Upstream's context without authentication has no role at all and is refused by upstream's
    /// own default policies; it is of use only with the roles.
    pub fn local_admin() -> Self {
        Self::anonymous().with_roles(["admin", "member", "reader"])
    }

    /// The same caller acting for `project`, or for none.
    #[must_use]
    pub fn with_project(mut self, project: Option<ProjectId>) -> Self {
        self.project = project;
        self
    }

    /// The same caller known as `user`.
    #[must_use]
    pub fn with_user(mut self, user: Option<UserId>) -> Self {
        self.user = user;
        self
    }

    /// The same caller with these roles, and no others.
    #[must_use]
    pub fn with_roles<R: AsRef<str>>(mut self, roles: impl IntoIterator<Item = R>) -> Self {
        self.roles = roles
            .into_iter()
            .map(|role| role.as_ref().trim().to_lowercase())
            .filter(|role| !role.is_empty())
            .collect();
        self
    }

    /// The project the caller acts for.
    pub fn project(&self) -> Option<&ProjectId> {
        self.project.as_ref()
    }

    /// The user behind the request.
    pub fn user(&self) -> Option<&UserId> {
        self.user.as_ref()
    }

    /// Whether the caller holds a role, given in lower case.
    pub fn has_role(&self, role: &str) -> bool {
        self.roles.contains(role)
    }

    /// Whether the caller is an administrator: the rule `context_is_admin` of Glance's defaults.
    pub fn is_admin(&self) -> bool {
        self.has_role("admin")
    }
}
