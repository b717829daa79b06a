//! Names of roles.

use std::collections::BTreeSet;

/// The names as they are compared: in lower case, as Keystone and Glance do, without blanks around
/// them, empty ones left out.
pub(super) fn role_names<R: AsRef<str>>(roles: impl IntoIterator<Item = R>) -> BTreeSet<String> {
    roles
        .into_iter()
        .map(|role| role.as_ref().trim().to_lowercase())
        .filter(|role| !role.is_empty())
        .collect()
}
