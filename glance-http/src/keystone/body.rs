//! What Keystone tells of a token.

use glance_core::domain::{Caller, DomainId, ProjectId, ServiceUser, Timestamp, UserId};
use serde::Deserialize;
use serde::de::Error as _;

use super::catalog::ServiceCatalog;

/// What a login tells, beside its token.
#[derive(Debug)]
pub(super) struct LoginBody {
    pub(super) expires: Timestamp,
    pub(super) catalog: ServiceCatalog,
}

impl LoginBody {
    pub(super) fn read(body: &[u8]) -> serde_json::Result<Self> {
        let Enveloped { token } = serde_json::from_slice::<Enveloped<LoginToken>>(body)?;
        Ok(Self {
            expires: time(&token.expires_at)?,
            catalog: token.catalog,
        })
    }
}

/// Whose a token is.
#[derive(Debug)]
pub(super) struct Known {
    /// Whoever sends it as their own.
    pub(super) caller: Caller,
    /// Whoever passes on requests with it.
    pub(super) service: ServiceUser,
    pub(super) expires: Timestamp,
}

impl Known {
    pub(super) fn read(body: &[u8]) -> serde_json::Result<Self> {
        let Enveloped { token } = serde_json::from_slice::<Enveloped<UserToken>>(body)?;
        let user: UserId = id(&token.user.id)?;
        let user_domain: Option<DomainId> = optional_id(token.user.domain.as_ref())?;
        let project: Option<ProjectId> = token
            .project
            .as_ref()
            .map(|project| id(&project.id))
            .transpose()?;
        let project_domain: Option<DomainId> = match &token.project {
            Some(project) => optional_id(project.domain.as_ref())?,
            None => None,
        };
        let roles: Vec<&str> = token.roles.iter().map(|role| role.name.as_str()).collect();
        let caller = Caller::anonymous()
            .with_user(Some(user.clone()))
            .with_user_domain(user_domain.clone())
            .with_project(project.clone())
            .with_project_domain(project_domain.clone())
            .with_domain_scope(optional_id(token.domain.as_ref())?)
            .with_system_scope(token.system.is_some_and(|system| system.all))
            .with_admin_project(token.is_admin_project.unwrap_or(true))
            .with_roles(&roles);
        let service = ServiceUser::default()
            .with_user(Some(user))
            .with_user_domain(user_domain)
            .with_project(project)
            .with_project_domain(project_domain)
            .with_roles(&roles);
        Ok(Self {
            caller,
            service,
            expires: time(&token.expires_at)?,
        })
    }
}

#[derive(Deserialize)]
struct Enveloped<T> {
    token: T,
}

#[derive(Deserialize)]
struct LoginToken {
    expires_at: String,
    #[serde(default)]
    catalog: ServiceCatalog,
}

#[derive(Deserialize)]
struct UserToken {
    expires_at: String,
    user: Owned,
    project: Option<Owned>,
    domain: Option<Identified>,
    system: Option<System>,
    is_admin_project: Option<bool>,
    #[serde(default)]
    roles: Vec<Role>,
}

#[derive(Deserialize)]
struct Owned {
    id: String,
    domain: Option<Identified>,
}

#[derive(Deserialize)]
struct Identified {
    id: String,
}

#[derive(Deserialize)]
struct System {
    #[serde(default)]
    all: bool,
}

#[derive(Deserialize)]
struct Role {
    name: String,
}

fn id<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> serde_json::Result<T> {
    text.parse().map_err(serde_json::Error::custom)
}

fn optional_id<T>(identified: Option<&Identified>) -> serde_json::Result<Option<T>>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    identified.map(|identified| id(&identified.id)).transpose()
}

fn time(text: &str) -> serde_json::Result<Timestamp> {
    text.parse().map_err(serde_json::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: &str = r#""user": {"id": "u", "name": "U", "domain": {"id": "ud", "name": "UD"}}"#;

    fn known(rest: &str) -> serde_json::Result<Known> {
        let body = format!(
            r#"{{"token": {{"expires_at": "2026-11-26T16:00:00.000000Z", {USER}{rest}}}}}"#
        );
        Known::read(body.as_bytes())
    }

    #[test]
    fn a_token_of_a_project_gives_its_credentials() {
        let known = known(
            r#", "project": {"id": "p", "name": "P", "domain": {"id": "pd"}},
               "roles": [{"id": "1", "name": "Member"}, {"id": "2", "name": "reader"}],
               "is_admin_project": false"#,
        )
        .unwrap();

        let caller = known.caller;
        assert_eq!(caller.user().unwrap().as_str(), "u");
        assert_eq!(caller.user_domain().unwrap().as_str(), "ud");
        assert_eq!(caller.project().unwrap().as_str(), "p");
        assert_eq!(caller.project_domain().unwrap().as_str(), "pd");
        assert_eq!(caller.roles().collect::<Vec<_>>(), ["member", "reader"]);
        assert!(!caller.is_admin_project() && !caller.is_system_scoped());
        assert!(caller.domain_scope().is_none() && caller.service().is_none());
        assert!(known.service.has_role("member"));
        assert_eq!(known.expires.to_string(), "2026-11-26T16:00:00Z");
    }

    #[test]
    fn other_scopes_are_told_apart() {
        let unscoped = known("").unwrap().caller;
        assert!(unscoped.project().is_none() && unscoped.roles().next().is_none());
        assert!(unscoped.is_admin_project());
        let domain = known(r#", "domain": {"id": "d", "name": "D"}"#)
            .unwrap()
            .caller;
        assert_eq!(domain.domain_scope().unwrap().as_str(), "d");
        let system = known(r#", "system": {"all": true}"#).unwrap().caller;
        assert!(system.is_system_scoped());
    }

    #[test]
    fn what_is_not_whole_is_nobody() {
        for rest in [
            r#", "project": {"id": ""}"#,
            r#", "project": {"name": "P"}"#,
            r#", "roles": [{"id": "1"}]"#,
            r#", "roles": "admin""#,
        ] {
            assert!(known(rest).is_err(), "{rest}");
        }
        for body in [
            "",
            "{}",
            r#"{"token": {}}"#,
            r#"{"token": {"expires_at": "soon"}}"#,
        ] {
            assert!(Known::read(body.as_bytes()).is_err(), "{body}");
        }
    }
}
