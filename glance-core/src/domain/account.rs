//! What callers and services have in common: a user, and what it acts for.

use std::collections::BTreeSet;

use super::id::{DomainId, ProjectId, UserId};

/// A user of an identity service, and what it acts for: what its token says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) user: Option<UserId>,
    pub(super) user_domain: Option<DomainId>,
    pub(super) project: Option<ProjectId>,
    pub(super) project_domain: Option<DomainId>,
    pub(super) roles: BTreeSet<String>,
}

/// The methods of whoever has an `account`.
macro_rules! account_methods {
    ($whose:ident) => {
        impl $whose {
            /// The same, known as `user`.
            #[must_use]
            pub fn with_user(mut self, user: Option<UserId>) -> Self {
                self.account.user = user;
                self
            }

            /// The same, whose user is in `domain`.
            #[must_use]
            pub fn with_user_domain(mut self, domain: Option<DomainId>) -> Self {
                self.account.user_domain = domain;
                self
            }

            /// The same, acting for `project`, or for none.
            #[must_use]
            pub fn with_project(mut self, project: Option<ProjectId>) -> Self {
                self.account.project = project;
                self
            }

            /// The same, whose project is in `domain`.
            #[must_use]
            pub fn with_project_domain(mut self, domain: Option<DomainId>) -> Self {
                self.account.project_domain = domain;
                self
            }

            /// The same with these roles, and no others.
            #[must_use]
            pub fn with_roles<R: AsRef<str>>(mut self, roles: impl IntoIterator<Item = R>) -> Self {
                self.account.roles = role_names(roles);
                self
            }

            /// The user.
            pub fn user(&self) -> Option<&UserId> {
                self.account.user.as_ref()
            }

            /// The domain of the user.
            pub fn user_domain(&self) -> Option<&DomainId> {
                self.account.user_domain.as_ref()
            }

            /// The project that the user acts for.
            pub fn project(&self) -> Option<&ProjectId> {
                self.account.project.as_ref()
            }

            /// The domain of the project.
            pub fn project_domain(&self) -> Option<&DomainId> {
                self.account.project_domain.as_ref()
            }

            /// The roles, in lower case.
            pub fn roles(&self) -> impl Iterator<Item = &str> {
                self.account.roles.iter().map(String::as_str)
            }

            /// Whether there is a role of this name, given in lower case.
            pub fn has_role(&self, role: &str) -> bool {
                self.account.roles.contains(role)
            }
        }
    };
}

pub(super) use account_methods;
