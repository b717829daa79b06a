//! Identity from headers that a trusted proxy sets.

use axum::http::HeaderMap;
use glance_core::domain::{Caller, DomainId, ProjectId, ServiceUser, UserId};

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
        .with_roles(roles.split(','))
        .with_service(service(headers)?);
    Some(caller)
}

/// The service that the request came through, if the headers tell of one: it vouches for itself
/// alone.
fn service(headers: &HeaderMap) -> Option<Option<ServiceUser>> {
    let roles = one(headers, "x-service-roles")?;
    let is_refused = !matches!(
        one(headers, "x-service-identity-status")?,
        // Who sets the roles alone has looked at them.
        "Confirmed" | ""
    );
    let service = ServiceUser::default()
        .with_user(filled(one(headers, "x-service-user-id")?)?)
        .with_user_domain(filled(one(headers, "x-service-user-domain-id")?)?)
        .with_project(filled(one(headers, "x-service-project-id")?)?)
        .with_project_domain(filled(one(headers, "x-service-project-domain-id")?)?)
        .with_roles(roles.split(','));
    Some(Some(service).filter(|service| !is_refused && *service != ServiceUser::default()))
}

/// Takes away all headers that tell of an identity, and gives them.
pub(super) fn take_identity(headers: &mut HeaderMap) -> HeaderMap {
    let mut taken = HeaderMap::new();
    for name in IDENTITY {
        if let Some(value) = headers.remove(name) {
            taken.insert(name, value);
        }
    }
    taken
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
    fn the_service_that_a_request_came_through_is_taken_over() {
        let through = |pairs: &[(&'static str, &'static str)]| {
            let mut all = vec![("x-identity-status", "Confirmed"), ("x-roles", "member")];
            all.extend_from_slice(pairs);
            caller(&headers(&all)).map(|caller| caller.service().cloned())
        };
        let roles = ("x-service-roles", "Service,admin");

        let nova = through(&[
            ("x-service-identity-status", "Confirmed"),
            roles,
            ("x-service-user-id", "nova"),
            ("x-service-project-id", "services"),
        ]);
        let nova = nova.unwrap().unwrap();
        assert!(nova.has_role("service") && nova.has_role("admin"));
        assert_eq!(nova.user().map(UserId::as_str), Some("nova"));
        assert_eq!(nova.project().map(ProjectId::as_str), Some("services"));
        assert!(through(&[roles]).unwrap().is_some());
        let refused = ("x-service-identity-status", "Invalid");
        assert_eq!(through(&[refused, roles]), Some(None));
        assert_eq!(through(&[]), Some(None));
        assert_eq!(through(&[roles, roles]), None);
        let member = caller(&headers(&[
            ("x-identity-status", "Confirmed"),
            ("x-roles", "member"),
            roles,
        ]));
        // No right of the user follows from it.
        assert!(!member.unwrap().has_role("admin"));
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
