//! Who asks.

use super::account::{Account, account_methods};
use super::id::{DomainId, ProjectId, UserId};
use super::role::role_names;
use super::service_user::ServiceUser;

/// Who asks: what an identity service has vouched for.
///
/// Roles are compared in lower case, as Keystone and Glance do.
///
/// ```
/// use glance_core::domain::Caller;
///
/// let alice = Caller::of_project("a5c1".parse()?).with_roles(["Member", "reader"]);
/// assert!(alice.has_role("member"));
/// assert!(!alice.has_role("admin"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    account: Account,
    is_admin_project: bool,
    domain: Option<DomainId>,
    is_system_scoped: bool,
    service: Option<ServiceUser>,
}

impl Caller {
    /// Somebody who acts for a project, with no role yet.
    pub fn of_project(project: ProjectId) -> Self {
        Self::anonymous().with_project(Some(project))
    }

    /// Somebody of whom nothing is known: no project, no role.
    pub fn anonymous() -> Self {
        Self {
            account: Account::default(),
            // Upstream's word for whom nothing says otherwise.
            is_admin_project: true,
            domain: None,
            is_system_scoped: false,
            service: None,
        }
    }

    /// The one administrator of a service without identities: every role, no project.
    ///
    /// Upstream's context without authentication has no role at all and is refused by upstream's
    /// own default policies; it is of use only with the roles.
    pub fn local_admin() -> Self {
        Self::anonymous().with_roles(["admin", "member", "reader"])
    }

    /// The same caller with a token for a domain as a whole, not for a project.
    #[must_use]
    pub fn with_domain_scope(mut self, domain: Option<DomainId>) -> Self {
        self.domain = domain;
        self
    }

    /// The same caller with a token for the system as a whole, or not.
    #[must_use]
    pub fn with_system_scope(mut self, is_system_scoped: bool) -> Self {
        self.is_system_scoped = is_system_scoped;
        self
    }

    /// The same caller, whose project is the one from which a cloud is run, or not: what Keystone
    /// says of it. Where it says nothing, it is (upstream).
    #[must_use]
    pub fn with_admin_project(mut self, is_admin_project: bool) -> Self {
        self.is_admin_project = is_admin_project;
        self
    }

    /// The same caller, whose request came through a service.
    #[must_use]
    pub fn with_service(mut self, service: Option<ServiceUser>) -> Self {
        self.service = service;
        self
    }

    /// The domain that the token is for as a whole.
    pub fn domain_scope(&self) -> Option<&DomainId> {
        self.domain.as_ref()
    }

    /// Whether the token is for the system as a whole.
    pub fn is_system_scoped(&self) -> bool {
        self.is_system_scoped
    }

    /// Whether the project is the one from which the cloud is run.
    pub fn is_admin_project(&self) -> bool {
        self.is_admin_project
    }

    /// The service that the request came through.
    pub fn service(&self) -> Option<&ServiceUser> {
        self.service.as_ref()
    }
}

account_methods!(Caller);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_lends_the_caller_none_of_its_roles() {
        let nova = ServiceUser::default().with_roles(["service", " Admin "]);

        let caller = Caller::anonymous().with_service(Some(nova));

        assert!(!caller.has_role("admin") && !caller.has_role("service"));
        let roles: Vec<&str> = caller.service().unwrap().roles().collect();
        assert_eq!(roles, ["admin", "service"]);
    }
}
