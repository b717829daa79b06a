//! What a rule may ask of the caller: the credentials, by their names in policy files.

use super::super::caller::Caller;
use super::super::service_user::ServiceUser;

/// Declares the credentials with their names.
macro_rules! credentials {
    ($($variant:ident = $name:literal),* $(,)?) => {
        /// Something that is known of the caller (oslo.context's policy values).
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Credential {
            $($variant,)*
        }

        impl Credential {
            /// The credential of this name.
            pub(super) fn named(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant),)*
                    // oslo.policy adds it.
                    "system" => Some(Self::SystemScope),
                    _ => None,
                }
            }
        }
    };
}

credentials! {
    DomainId = "domain_id",
    IsAdminProject = "is_admin_project",
    ProjectDomainId = "project_domain_id",
    ProjectId = "project_id",
    Roles = "roles",
    ServiceProjectDomainId = "service_project_domain_id",
    ServiceProjectId = "service_project_id",
    ServiceRoles = "service_roles",
    ServiceUserDomainId = "service_user_domain_id",
    ServiceUserId = "service_user_id",
    SystemScope = "system_scope",
    UserDomainId = "user_domain_id",
    UserId = "user_id",
}

impl Credential {
    /// Whether a value of it is what is looked for. `None` is asked about where the caller has
    /// no such thing; of a list each value is asked about.
    pub(super) fn any(self, caller: &Caller, mut is: impl FnMut(Option<&str>) -> bool) -> bool {
        let service = caller.service();
        let one = match self {
            Self::Roles => return caller.roles().any(|role| is(Some(role))),
            Self::ServiceRoles => {
                return service.is_some_and(|service| service.roles().any(|role| is(Some(role))));
            }
            Self::DomainId => caller.domain_scope().map(|id| id.as_str()),
            Self::IsAdminProject => Some(python_flag(caller.is_admin_project())),
            Self::ProjectDomainId => caller.project_domain().map(|id| id.as_str()),
            Self::ProjectId => caller.project().map(|id| id.as_str()),
            Self::ServiceProjectDomainId => service
                .and_then(ServiceUser::project_domain)
                .map(|id| id.as_str()),
            Self::ServiceProjectId => service.and_then(ServiceUser::project).map(|id| id.as_str()),
            Self::ServiceUserDomainId => service
                .and_then(ServiceUser::user_domain)
                .map(|id| id.as_str()),
            Self::ServiceUserId => service.and_then(ServiceUser::user).map(|id| id.as_str()),
            // The only system there is.
            Self::SystemScope => caller.is_system_scoped().then_some("all"),
            Self::UserDomainId => caller.user_domain().map(|id| id.as_str()),
            Self::UserId => caller.user().map(|id| id.as_str()),
        };
        is(one)
    }
}

/// A truth value as Python prints it: rules compare text.
pub(super) fn python_flag(flag: bool) -> &'static str {
    if flag { "True" } else { "False" }
}
