//! Where the certificates are with which signatures of image data are verified.

use std::path::PathBuf;

use glance_http::keystone::{KeyManagerEndpoint, SessionOptions, Wanted};

use super::Identity;
use super::error::{ConfigError, Warning};
use super::keystone_group::KeystoneGroup;
use super::read::Reader;

/// How signatures of image data are verified.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SignatureConfig {
    pub(crate) certificates: Certificates,
    /// The authorities that certificates must be of, as a file or a folder; without, anybody's do.
    pub(crate) roots: Option<PathBuf>,
}

/// Where certificates are.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Certificates {
    /// In Barbican.
    Barbican(Box<BarbicanConfig>),
    /// In files that are named after their ids.
    Folder(PathBuf),
    /// Nowhere: data of signed images is refused.
    None,
}

/// How Barbican is reached: `[barbican]`, and a login.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct BarbicanConfig {
    pub(crate) session: SessionOptions,
    pub(crate) endpoint: KeyManagerEndpoint,
}

impl Reader<'_> {
    pub(super) fn signatures(
        &mut self,
        identity: &Identity,
    ) -> Result<SignatureConfig, ConfigError> {
        self.refuse_other_key_managers()?;
        let path = |option| self.settings.text(OWN, option);
        let (folder, roots) = (path("signature_certificates")?, path("signature_roots")?);
        let certificates = match folder {
            Some(folder) => {
                let reason = "certificates are read from `[glance_rs] signature_certificates`";
                for group in ["key_manager", BARBICAN, USER] {
                    self.tell_of_unread(group, reason);
                }
                Certificates::Folder(folder.into())
            }
            None if self.names_barbican() => {
                Certificates::Barbican(Box::new(self.barbican(identity)?))
            }
            None => Certificates::None,
        };
        if roots.is_some() && certificates == Certificates::None {
            self.warnings.push(Warning::InPart {
                setting: *self.settings.setting(OWN, "signature_roots"),
                reason: "no certificate is read: set `[glance_rs] signature_certificates`, or \
                         `[key_manager] backend`",
            });
        }
        Ok(SignatureConfig {
            certificates,
            roots: roots.map(PathBuf::from),
        })
    }

    /// castellan takes a name or the class that it stands for.
    fn refuse_other_key_managers(&self) -> Result<(), ConfigError> {
        let (group, option) = ("key_manager", "backend");
        let backend = self.settings.text(group, option)?.unwrap_or_default();
        let class = backend.rsplit('.').next().unwrap_or_default();
        match class {
            "" | "barbican" | "BarbicanKeyManager" => Ok(()),
            _ => Err(self.settings.invalid(group, option, &backend, "`barbican`")),
        }
    }

    fn names_barbican(&self) -> bool {
        self.settings.places().any(|(group, option)| {
            [BARBICAN, USER].contains(&group) || (group, option) == ("key_manager", "backend")
        })
    }

    fn barbican(&self, identity: &Identity) -> Result<BarbicanConfig, ConfigError> {
        let group = |name| KeystoneGroup {
            settings: self.settings,
            name,
            needed_by: "Barbican",
        };
        let (user, barbican) = (group(USER), group(BARBICAN));
        let mut session = match identity {
            Identity::Keystone(keystone) if user.text("auth_url")?.is_none() => {
                keystone.session.clone()
            }
            _ => {
                let mut session = SessionOptions::new(user.url("auth_url")?, user.login()?);
                session.tls = user.tls()?;
                session
            }
        };
        if let Some(file) = barbican.text("verify_ssl_path")? {
            session.tls.authorities = Some(file.into());
        }
        if !self.settings.flag(BARBICAN, "verify_ssl")? {
            session.tls.insecure = true;
        }
        let endpoint = match barbican.text("barbican_endpoint")? {
            Some(_) => KeyManagerEndpoint::At(barbican.url("barbican_endpoint")?),
            None => {
                let interface = barbican.needed("barbican_endpoint_type")?;
                let wanted = Wanted::service("key-manager")
                    .at(barbican.interface("barbican_endpoint_type", &interface)?)
                    .in_region(barbican.text("barbican_region_name")?);
                KeyManagerEndpoint::Like(wanted)
            }
        };
        Ok(BarbicanConfig { session, endpoint })
    }
}

const OWN: &str = "glance_rs";
const BARBICAN: &str = "barbican";
const USER: &str = "barbican_service_user";

#[cfg(test)]
mod tests {
    use glance_http::keystone::Interface;

    use super::*;
    use crate::config::tests::{CONNECTION, config, failure, loaded};

    const USER_LOGIN: &str = "[barbican_service_user]\nauth_url = http://k:5000\n\
         auth_type = password\nusername = glance\npassword = canary\nuser_domain_name = Default\n";
    const FLAVOR: &str = "[paste_deploy]\nflavor = keystone\n[keystone_authtoken]\n\
         auth_url = http://own:5000\nauth_type = password\nusername = g\npassword = canary\n\
         user_domain_name = Default\n";

    fn barbican(text: &str) -> BarbicanConfig {
        match config(text).signatures.certificates {
            Certificates::Barbican(barbican) => *barbican,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn no_certificate_is_read_unless_it_is_said_where_from() {
        assert_eq!(config("").signatures.certificates, Certificates::None);
        assert_eq!(config(FLAVOR).signatures.certificates, Certificates::None);
    }

    #[test]
    fn a_folder_goes_before_barbican() {
        let text =
            format!("{USER_LOGIN}[glance_rs]\nsignature_certificates = /c\nsignature_roots = /r\n");
        let (config, warnings) = loaded(&format!("{CONNECTION}{text}")).unwrap();

        assert_eq!(
            config.signatures,
            SignatureConfig {
                certificates: Certificates::Folder("/c".into()),
                roots: Some("/r".into()),
            }
        );
        let told: Vec<String> = warnings.iter().map(ToString::to_string).collect();
        assert!(
            told.iter()
                .any(|line| line.contains("`[barbican_service_user]`")),
            "{told:?}"
        );
    }

    #[test]
    fn every_option_of_barbican_is_read() {
        let barbican = barbican(&format!(
            "{USER_LOGIN}cafile = ca\n[barbican]\nbarbican_endpoint_type = internal\n\
             barbican_region_name = One\nverify_ssl = no\nverify_ssl_path = other\n"
        ));

        let wanted = Wanted::service("key-manager")
            .at(Interface::Internal)
            .in_region(Some("One".to_owned()));
        assert_eq!(barbican.endpoint, KeyManagerEndpoint::Like(wanted));
        assert_eq!(barbican.session.auth_url.as_str(), "http://k:5000/");
        assert_eq!(barbican.session.tls.authorities, Some("other".into()));
        assert!(barbican.session.tls.insecure);
        assert!(!format!("{barbican:?}").contains("canary"));
    }

    #[test]
    fn barbican_is_asked_as_tokens_are_validated_unless_it_has_a_login_of_its_own() {
        let backend = "[key_manager]\nbackend = \
             castellan.key_manager.barbican_key_manager.BarbicanKeyManager\n\
             [barbican]\nbarbican_endpoint = http://b:9311\n";

        let shared = barbican(&format!("{FLAVOR}{backend}"));
        let own = barbican(&format!("{FLAVOR}{USER_LOGIN}{backend}"));

        assert_eq!(shared.session.auth_url.as_str(), "http://own:5000/");
        assert_eq!(own.session.auth_url.as_str(), "http://k:5000/");
        let endpoint = KeyManagerEndpoint::At("http://b:9311".parse().unwrap());
        assert_eq!(own.endpoint, endpoint);
    }

    #[test]
    fn what_cannot_be_honoured_is_refused() {
        assert_eq!(
            failure("[barbican]\nbarbican_endpoint = http://b\n"),
            "`[barbican_service_user] auth_url` is not set, and Barbican needs it"
        );
        let vault = failure("[key_manager]\nbackend = vault\n");
        assert!(vault.contains("must be `barbican`"), "{vault}");
        let text = format!("{USER_LOGIN}[barbican]\nbarbican_api_version = v2\n");
        assert!(failure(&text).contains("version 1 is the only one"));
        assert!(failure("[vault]\nvault_url = http://v\n").contains("cannot be honoured"));
    }
}
