//! A group in which an operator says how, and as whom, this service reaches Keystone: in the options
//! of keystoneauth.

use std::path::PathBuf;

use glance_http::keystone::{DomainRef, Interface, Login, Named, Scope, TlsOptions};
use url::Url;

use super::error::ConfigError;
use super::settings::Settings;

/// The options of keystoneauth in one group.
pub(super) struct KeystoneGroup<'a> {
    pub(super) settings: &'a Settings,
    pub(super) name: &'static str,
    /// What needs them.
    pub(super) needed_by: &'static str,
}

impl KeystoneGroup<'_> {
    pub(super) fn tls(&self) -> Result<TlsOptions, ConfigError> {
        Ok(TlsOptions {
            authorities: self.text("cafile")?.map(PathBuf::from),
            certificate: self.text("certfile")?.map(PathBuf::from),
            key: self.text("keyfile")?.map(PathBuf::from),
            insecure: self.settings.flag(self.name, "insecure")?,
        })
    }

    /// What an option that names an interface means.
    pub(super) fn interface(
        &self,
        option: &'static str,
        text: &str,
    ) -> Result<Interface, ConfigError> {
        text.parse().map_err(|_| {
            let allowed = "`public`, `internal` or `admin`";
            self.settings.invalid(self.name, option, text, allowed)
        })
    }

    pub(super) fn login(&self) -> Result<Login, ConfigError> {
        let auth_type = self.needed("auth_type")?;
        match auth_type.as_str() {
            "password" | "v3password" => Ok(Login::Password {
                user: self.user()?,
                password: self.needed("password")?.into(),
                scope: self.scope()?,
            }),
            "v3applicationcredential" => {
                let secret = self.needed("application_credential_secret")?.into();
                match self.text("application_credential_id")? {
                    Some(id) => Ok(Login::ApplicationCredential { id, secret }),
                    None => Ok(Login::NamedApplicationCredential {
                        name: self.needed("application_credential_name")?,
                        user: self.user()?,
                        secret,
                    }),
                }
            }
            _ => {
                let allowed = "`password` or `v3applicationcredential`";
                Err(self
                    .settings
                    .invalid(self.name, "auth_type", &auth_type, allowed))
            }
        }
    }

    fn user(&self) -> Result<Named, ConfigError> {
        if let Some(id) = self.text("user_id")? {
            return Ok(Named::Id(id));
        }
        let domain = self.domain("user_domain_id", "user_domain_name")?;
        Ok(Named::Name(
            self.needed("username")?,
            domain.ok_or_else(|| self.missing("user_domain_name"))?,
        ))
    }

    fn scope(&self) -> Result<Scope, ConfigError> {
        if let Some(id) = self.text("project_id")? {
            return Ok(Scope::Project(Named::Id(id)));
        }
        if let Some(name) = self.text("project_name")? {
            let domain = self.domain("project_domain_id", "project_domain_name")?;
            let domain = domain.ok_or_else(|| self.missing("project_domain_name"))?;
            return Ok(Scope::Project(Named::Name(name, domain)));
        }
        let own = |option| self.text(option);
        if let Some(id) = own("domain_id")? {
            return Ok(Scope::Domain(DomainRef::Id(id)));
        }
        if let Some(name) = own("domain_name")? {
            return Ok(Scope::Domain(DomainRef::Name(name)));
        }
        match own("system_scope")?.as_deref() {
            None => Ok(Scope::Unscoped),
            Some("all") => Ok(Scope::System),
            Some(other) => Err(self
                .settings
                .invalid(self.name, "system_scope", other, "`all`")),
        }
    }

    /// A domain by id, by name, or as the default of the group.
    fn domain(&self, id: &str, name: &str) -> Result<Option<DomainRef>, ConfigError> {
        for (id, name) in [(id, name), ("default_domain_id", "default_domain_name")] {
            if let Some(id) = self.text(id)? {
                return Ok(Some(DomainRef::Id(id)));
            }
            if let Some(name) = self.text(name)? {
                return Ok(Some(DomainRef::Name(name)));
            }
        }
        Ok(None)
    }

    pub(super) fn url(&self, option: &'static str) -> Result<Url, ConfigError> {
        let text = self.needed(option)?;
        let url = Url::parse(&text).ok();
        url.filter(|url| matches!(url.scheme(), "http" | "https"))
            .ok_or_else(|| {
                self.settings
                    .invalid(self.name, option, &text, "an http or https URL")
            })
    }

    pub(super) fn text(&self, option: &str) -> Result<Option<String>, ConfigError> {
        self.settings.text(self.name, option)
    }

    pub(super) fn needed(&self, option: &'static str) -> Result<String, ConfigError> {
        self.text(option)?.ok_or_else(|| self.missing(option))
    }

    pub(super) fn missing(&self, option: &'static str) -> ConfigError {
        ConfigError::MissingOfKeystone {
            group: self.name,
            option,
            needed_by: self.needed_by,
        }
    }
}
