//! What a service user shows to be let in.

use glance_core::domain::Secret;
use serde_json::{Value, json};

/// What a service user shows to be let in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Login {
    /// A name and a password.
    Password {
        /// Who.
        user: Named,
        /// The password.
        password: Secret,
        /// For what.
        scope: Scope,
    },
    /// An application credential, by its own id. What it is for was said when it was made.
    ApplicationCredential {
        /// Its id.
        id: String,
        /// Its secret.
        secret: Secret,
    },
    /// An application credential, by its name and its user.
    NamedApplicationCredential {
        /// Its name.
        name: String,
        /// Whose it is.
        user: Named,
        /// Its secret.
        secret: Secret,
    },
}

/// A user or a project.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Named {
    /// By its id.
    Id(String),
    /// By its name in a domain.
    Name(String, DomainRef),
}

/// A domain.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DomainRef {
    /// By its id.
    Id(String),
    /// By its name.
    Name(String),
}

/// What a token is to be for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scope {
    /// A domain as a whole.
    Domain(DomainRef),
    /// A project.
    Project(Named),
    /// The system as a whole.
    System,
    /// Nothing, or the user's default project.
    Unscoped,
}

impl Login {
    /// What nobody else knows of it.
    pub fn secret(&self) -> &Secret {
        match self {
            Self::Password { password, .. } => password,
            Self::ApplicationCredential { secret, .. }
            | Self::NamedApplicationCredential { secret, .. } => secret,
        }
    }

    /// The body of `POST /v3/auth/tokens`.
    pub(super) fn body(&self) -> Value {
        match self {
            Self::Password {
                user,
                password,
                scope,
            } => {
                let mut user = user.body();
                user["password"] = password.reveal().into();
                let mut auth = json!({
                    "identity": {"methods": ["password"], "password": {"user": user}}
                });
                if let Some(scope) = scope.body() {
                    auth["scope"] = scope;
                }
                json!({"auth": auth})
            }
            Self::ApplicationCredential { id, secret } => {
                by_credential(&json!({"id": id, "secret": secret.reveal()}))
            }
            Self::NamedApplicationCredential { name, user, secret } => by_credential(
                &json!({"name": name, "user": user.body(), "secret": secret.reveal()}),
            ),
        }
    }
}

fn by_credential(credential: &Value) -> Value {
    json!({"auth": {"identity": {
        "methods": ["application_credential"],
        "application_credential": credential,
    }}})
}

impl Named {
    fn body(&self) -> Value {
        match self {
            Self::Id(id) => json!({"id": id}),
            Self::Name(name, domain) => json!({"name": name, "domain": domain.body()}),
        }
    }
}

impl DomainRef {
    fn body(&self) -> Value {
        match self {
            Self::Id(id) => json!({"id": id}),
            Self::Name(name) => json!({"name": name}),
        }
    }
}

impl Scope {
    fn body(&self) -> Option<Value> {
        match self {
            Self::Domain(domain) => Some(json!({"domain": domain.body()})),
            Self::Project(project) => Some(json!({"project": project.body()})),
            Self::System => Some(json!({"system": {"all": true}})),
            Self::Unscoped => None,
        }
    }
}
