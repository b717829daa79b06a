//! The service that a request came through.

use super::account::{Account, account_methods};
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
    account: Account,
}

account_methods!(ServiceUser);
