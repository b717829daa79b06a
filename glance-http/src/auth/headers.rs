//! Identity from headers that a trusted proxy sets.

use axum::http::HeaderMap;
use glance_core::domain::{Caller, DomainId, ProjectId, UserId};

/// The caller that the headers tell of; `None` if they do not, or not clearly.
pub(super) fn caller(headers: &HeaderMap) -> Option<Caller> {
    if one(headers, "x-identity-status")? != "Confirmed" {
        return None;
    }
    let project = match one(headers, "x-project-id")? {
        "" => one(headers, "x-tenant-id")?,
        project => project,
    };
    let roles = one(headers, "x-roles")?;
    let caller = Caller::anonymous()
        .with_project(filled::<ProjectId>(project)?)
        .with_user(filled::<UserId>(one(headers, "x-user-id")?)?)
        .with_domain_scope(filled::<DomainId>(one(headers, "x-domain-id")?)?)
        .with_system_scope(one(headers, "openstack-system-scope")? == "all")
        .with_roles(roles.split(','));
    Some(caller)
}

/// Takes away all headers that tell of an identity.
pub(super) fn remove_identity(headers: &mut HeaderMap) {
    for name in IDENTITY {
        headers.remove(name);
    }
}

/// The value of a header, empty if it is absent. A header that came twice says nothing: one of the
/// two may be a client's.
fn one<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next();
    if values.next().is_some() {
        return None;
    }
    value.map_or(Some(""), |value| {
        std::str::from_utf8(value.as_bytes()).ok().map(str::trim)
    })
}

fn filled<T: std::str::FromStr>(text: &str) -> Option<Option<T>> {
    if text.is_empty() {
        return Some(None);
    }
    text.parse().ok().map(Some)
}

/// Every header by which an identity is told, today or in older versions of upstream.
pub(super) const IDENTITY: [&str; 35] = [
    "openstack-system-scope",
    "x-domain-id",
    "x-domain-name",
    "x-identity-status",
    "x-is-admin-project",
    "x-project-domain-id",
    "x-project-domain-name",
    "x-project-id",
    "x-project-name",
    "x-role",
    "x-roles",
    "x-service-catalog",
    "x-service-domain-id",
    "x-service-domain-name",
    "x-service-identity-status",
    "x-service-project-domain-id",
    "x-service-project-domain-name",
    "x-service-project-id",
    "x-service-project-name",
    "x-service-roles",
    "x-service-user-domain-id",
    "x-service-user-domain-name",
    "x-service-user-id",
    "x-service-user-name",
    "x-tenant",
    "x-tenant-id",
    "x-tenant-name",
    "x-tenant-domain-id",
    "x-tenant-domain-name",
    "x-trust-id",
    "x-user",
    "x-user-domain-id",
    "x-user-domain-name",
    "x-user-id",
    "x-user-name",
];

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect::<Vec<_>>()
            .into_iter()
            .fold(HeaderMap::new(), |mut map, (name, value)| {
                map.append(name, value);
                map
            })
    }

    #[test]
    fn a_confirmed_identity_is_taken_over() {
        let caller = caller(&headers(&[
            ("x-identity-status", "Confirmed"),
            ("x-tenant-id", "p"),
            ("x-roles", "Member, reader,"),
        ]))
        .unwrap();

        assert_eq!(caller.project().map(ProjectId::as_str), Some("p"));
        assert!(caller.has_role("member") && caller.has_role("reader") && !caller.has_role(""));
    }

    #[test]
    fn the_scope_of_an_identity_is_taken_over() {
        let admin = |more| {
            let confirmed = ("x-identity-status", "Confirmed");
            caller(&headers(&[confirmed, ("x-roles", "admin"), more])).unwrap()
        };
        let is_project_scoped =
            |caller: &Caller| caller.domain_scope().is_none() && !caller.is_system_scoped();

        assert!(is_project_scoped(&admin(("x-project-id", "p"))));
        assert!(!is_project_scoped(&admin(("x-domain-id", "d"))));
        assert!(!is_project_scoped(&admin((
            "openstack-system-scope",
            "all"
        ))));
    }

    #[test]
    fn an_identity_that_is_not_confirmed_is_nobody() {
        for status in ["Invalid", "confirmed", ""] {
            assert!(
                caller(&headers(&[("x-identity-status", status)])).is_none(),
                "{status}"
            );
        }
        assert!(caller(&headers(&[("x-roles", "admin")])).is_none());
    }

    #[test]
    fn a_header_that_came_twice_is_not_believed() {
        let twice = headers(&[
            ("x-identity-status", "Confirmed"),
            ("x-project-id", "p"),
            ("x-project-id", "q"),
        ]);

        assert!(caller(&twice).is_none());
    }
}
