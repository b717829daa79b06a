//! The service that a request came through.

use std::collections::BTreeSet;

use super::id::{DomainId, ProjectId, UserId};
use super::role::role_names;

/// The service that passed a user's request on and vouches for it: what its own token says.
///
/// It speaks for the service alone. No right of the user follows from it (rule R18).
///
/// ```
/// use glance_core::domain::ServiceUser;
///
/// let nova = ServiceUser::default()
///     .with_user(Some("nova".parse()?))
///     .with_roles(["Service"]);
/// assert!(nova.has_role("service"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServiceUser {
    user: Option<UserId>,
    user_domain: Option<DomainId>,
    project: Option<ProjectId>,
    project_domain: Option<DomainId>,
    roles: BTreeSet<String>,
}

impl ServiceUser {
    /// The same service known as `user`.
    #[must_use]
    pub fn with_user(mut self, user: Option<UserId>) -> Self {
        self.user = user;
        self
    }

    /// The same service, whose user is in `domain`.
    #[must_use]
    pub fn with_user_domain(mut self, domain: Option<DomainId>) -> Self {
        self.user_domain = domain;
        self
    }

    /// The same service acting for `project`.
    #[must_use]
    pub fn with_project(mut self, project: Option<ProjectId>) -> Self {
        self.project = project;
        self
    }

    /// The same service, whose project is in `domain`.
    #[must_use]
    pub fn with_project_domain(mut self, domain: Option<DomainId>) -> Self {
        self.project_domain = domain;
        self
    }

    /// The same service with these roles, and no others.
    #[must_use]
    pub fn with_roles<R: AsRef<str>>(mut self, roles: impl IntoIterator<Item = R>) -> Self {
        self.roles = role_names(roles);
        self
    }

    /// The user that the service is.
    pub fn user(&self) -> Option<&UserId> {
        self.user.as_ref()
    }

    /// The domain of the user.
    pub fn user_domain(&self) -> Option<&DomainId> {
        self.user_domain.as_ref()
    }

    /// The project that the service acts for.
    pub fn project(&self) -> Option<&ProjectId> {
        self.project.as_ref()
    }

    /// The domain of the project.
    pub fn project_domain(&self) -> Option<&DomainId> {
        self.project_domain.as_ref()
    }

    /// The roles of the service, in lower case.
    pub fn roles(&self) -> impl Iterator<Item = &str> {
        self.roles.iter().map(String::as_str)
    }

    /// Whether the service holds a role, given in lower case.
    pub fn has_role(&self, role: &str) -> bool {
        self.roles.contains(role)
    }
}
