//! Who callers are taken for: `[paste_deploy] flavor`, and what Keystone needs beside it.

use std::time::Duration;

use glance_http::keystone::{CacheTime, SessionOptions, VerifierOptions};
use url::Url;

use super::error::{ConfigError, Warning};
use super::keystone_group::KeystoneGroup;
use super::memcached::SharingConfig;
use super::options::Support;
use super::read::Reader;

/// Who callers are taken for: `[paste_deploy] flavor`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Identity {
    /// Who the `X-…` headers of a trusted proxy say.
    Headers,
    /// Whose token it is, says Keystone.
    Keystone(Box<KeystoneConfig>),
    /// Everybody is an administrator.
    None,
}

/// How Keystone is reached and believed: `[keystone_authtoken]`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct KeystoneConfig {
    pub(crate) session: SessionOptions,
    pub(crate) verifier: VerifierOptions,
    /// Where answers are shared with other processes, if they are.
    pub(crate) sharing: Option<SharingConfig>,
    /// Where those who are refused get a token.
    pub(crate) authenticate_uri: String,
}

impl Reader<'_> {
    pub(super) fn identity(&mut self) -> Result<Identity, ConfigError> {
        let (group, option) = ("paste_deploy", "flavor");
        let flavor = self.settings.text(group, option)?.unwrap_or_default();
        match flavor.as_str() {
            "" | "none" => {
                self.tell_of_unread(GROUP, UNREAD);
                Ok(Identity::None)
            }
            "headers" => {
                self.tell_of_unread(GROUP, UNREAD);
                Ok(Identity::Headers)
            }
            "keystone" => self.keystone(),
            "keystone+cachemanagement" | "keystone+caching" => {
                self.warnings.push(Warning::InPart {
                    setting: *self.settings.setting(group, option),
                    reason: "images are not cached in this version",
                });
                self.keystone()
            }
            _ if flavor.contains("cach") => Err(self.settings.unsupported(
                group,
                option,
                "images are not cached in this version; use `keystone`, `headers` or none",
            )),
            _ => {
                let allowed = "`keystone`, `headers` or left out";
                Err(self.settings.invalid(group, option, &flavor, allowed))
            }
        }
    }

    fn keystone(&mut self) -> Result<Identity, ConfigError> {
        let group = AuthToken(KeystoneGroup {
            settings: self.settings,
            name: GROUP,
            needed_by: "flavor `keystone`",
        });
        group.refuse_what_is_not_built()?;
        let auth_url = group.0.url("auth_url")?;
        let authenticate_uri = group.0.text("www_authenticate_uri")?;
        // As upstream falls back: Keystone's root, as services reach it.
        let authenticate_uri = authenticate_uri.unwrap_or_else(|| root(&auth_url));
        let session = group.session(auth_url)?;
        let sharing = group.0.sharing(&session.login)?;
        let verifier = group.verifier()?;
        if sharing.is_none() {
            let reason = "it is read only with `memcached_servers`";
            self.tell_of_unread_among(GROUP, |option| option.starts_with("memcache_"), reason);
        }
        Ok(Identity::Keystone(Box::new(KeystoneConfig {
            session,
            verifier,
            sharing,
            authenticate_uri,
        })))
    }

    /// Warns of the options of a group that are honoured, and that nobody reads as it is set up.
    pub(super) fn tell_of_unread(&mut self, unread_group: &str, reason: &'static str) {
        self.tell_of_unread_among(unread_group, |_| true, reason);
    }

    fn tell_of_unread_among(
        &mut self,
        unread_group: &str,
        among: impl Fn(&str) -> bool,
        reason: &'static str,
    ) {
        let spec = |option: &str| self.settings.table().option(unread_group, option);
        let unread: Vec<_> = self
            .settings
            .places()
            .filter(|(group, option)| {
                *group == unread_group
                    && among(option)
                    && spec(option).is_some_and(|spec| spec.support == Support::Honoured)
            })
            .map(|(group, option)| (option.to_owned(), self.settings.origin(group, option)))
            .collect();
        if !unread.is_empty() {
            self.warnings.push(Warning::Ignored {
                group: unread_group.to_owned(),
                options: unread,
                reason,
            });
        }
    }
}

/// The options of keystonemiddleware, and those of the login that keystoneauth reads beside them.
struct AuthToken<'a>(KeystoneGroup<'a>);

impl AuthToken<'_> {
    /// Upstream's options that would mean something, and cannot here.
    fn refuse_what_is_not_built(&self) -> Result<(), ConfigError> {
        let harmless: [(&str, &[&str], &str); 4] = [
            (
                "auth_section",
                &[],
                "the login is read from this group alone",
            ),
            ("trust_id", &[], "the service user logs in for itself"),
            (
                "auth_version",
                &["3", "3.0", "v3", "v3.0"],
                "version 3 is the only one there is",
            ),
            (
                "enforce_token_bind",
                &["disabled", "permissive"],
                "Keystone binds tokens to nothing any more",
            ),
        ];
        for (option, harmless, reason) in harmless {
            let value = self.0.text(option)?;
            if value.is_some_and(|value| !harmless.contains(&value.as_str())) {
                return Err(self.0.settings.unsupported(GROUP, option, reason));
            }
        }
        Ok(())
    }

    fn session(&self, auth_url: Url) -> Result<SessionOptions, ConfigError> {
        let mut session = SessionOptions::new(auth_url, self.0.login()?);
        session.tls = self.0.tls()?;
        let interface = self.0.needed("interface")?;
        session.interface = self.0.interface("interface", &interface)?;
        session.region = self.0.text("region_name")?;
        let settings = self.0.settings;
        let retries = settings.number(GROUP, "http_request_max_retries")?;
        session.retries = u32::try_from(retries).unwrap_or(u32::MAX);
        if settings.is_set(GROUP, "http_connect_timeout") {
            session.connect_timeout = settings.seconds(GROUP, "http_connect_timeout")?;
            session.deadline = session.deadline.max(session.connect_timeout);
        }
        Ok(session)
    }

    fn verifier(&self) -> Result<VerifierOptions, ConfigError> {
        let settings = self.0.settings;
        Ok(VerifierOptions {
            cache_time: match settings.limit(GROUP, "token_cache_time")? {
                None => CacheTime::Never,
                // As with memcached.
                Some(0) => CacheTime::UntilExpiry,
                Some(seconds) => CacheTime::For(Duration::from_secs(seconds)),
            },
            service_token_roles: settings.list(GROUP, "service_token_roles")?,
            service_token_roles_required: settings.flag(GROUP, "service_token_roles_required")?,
            delay_auth_decision: settings.flag(GROUP, "delay_auth_decision")?,
        })
    }
}

fn root(auth_url: &Url) -> String {
    let root = auth_url.join("/").unwrap_or_else(|_| auth_url.clone());
    root.as_str().trim_end_matches('/').to_owned()
}

const GROUP: &str = "keystone_authtoken";
const UNREAD: &str = "it is read only with flavor `keystone`";

#[cfg(test)]
mod tests {
    use glance_http::keystone::{DomainRef, Interface, Login, Named, Scope};

    use super::*;
    use crate::config::tests::{CONNECTION, KEYSTONE, config, failure, loaded};

    fn keystone(more: &str) -> KeystoneConfig {
        match config(&format!("{KEYSTONE}{more}")).identity {
            Identity::Keystone(keystone) => *keystone,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_least_that_keystone_needs_gives_the_defaults_of_upstream() {
        let keystone = keystone("");

        assert_eq!(keystone.authenticate_uri, "http://k:5000");
        assert_eq!(keystone.verifier, VerifierOptions::default());
        let session = SessionOptions::new(
            "http://k:5000".parse().unwrap(),
            Login::Password {
                user: Named::Name("glance".into(), DomainRef::Name("Default".into())),
                password: "canary".into(),
                scope: Scope::Unscoped,
            },
        );
        assert_eq!(keystone.session, session);
        assert!(!format!("{keystone:?}").contains("canary"));
    }

    #[test]
    fn every_option_of_keystone_is_read() {
        let keystone = keystone(
            "www_authenticate_uri = https://k/identity\nproject_name = services\n\
             project_domain_id = default\ncafile = ca\ncertfile = c\nkeyfile = k\ninsecure = yes\n\
             interface = publicURL\nregion_name = One\nhttp_request_max_retries = 1\n\
             http_connect_timeout = 20\ntoken_cache_time = 7\nservice_token_roles = service,admin\n\
             service_token_roles_required = no\n\
             [filter:authtoken]\npaste.filter_factory = x\ndelay_auth_decision = false\n",
        );

        let session = &keystone.session;
        assert_eq!(keystone.authenticate_uri, "https://k/identity");
        let services = Named::Name("services".into(), DomainRef::Id("default".into()));
        let Login::Password { scope, .. } = &session.login else {
            panic!("{session:?}");
        };
        assert_eq!(*scope, Scope::Project(services));
        assert_eq!(session.tls.authorities, Some("ca".into()));
        assert_eq!(session.tls.certificate, Some("c".into()));
        assert_eq!(session.tls.key, Some("k".into()));
        assert!(session.tls.insecure);
        assert_eq!(session.interface, Interface::Public);
        assert_eq!(session.region.as_deref(), Some("One"));
        assert_eq!(session.retries, 1);
        assert_eq!(session.connect_timeout, Duration::from_secs(20));
        assert_eq!(session.deadline, Duration::from_secs(20));
        let verifier = &keystone.verifier;
        assert_eq!(verifier.cache_time, CacheTime::For(Duration::from_secs(7)));
        assert_eq!(verifier.service_token_roles, ["service", "admin"]);
        assert!(!verifier.service_token_roles_required && !verifier.delay_auth_decision);
    }

    #[test]
    fn tokens_are_remembered_as_long_as_told() {
        let time = |seconds| {
            let option = format!("token_cache_time = {seconds}\n");
            keystone(&option).verifier.cache_time
        };

        assert_eq!(time(-1), CacheTime::Never);
        assert_eq!(time(0), CacheTime::UntilExpiry);
        assert_eq!(time(300), CacheTime::default());
    }

    #[test]
    fn an_application_credential_is_named_or_has_an_id() {
        let login = |more: &str| {
            let text = KEYSTONE.replace("= password", "= v3applicationcredential");
            let config = config(&format!(
                "{text}application_credential_secret = canary\n{more}"
            ));
            match config.identity {
                Identity::Keystone(keystone) => keystone.session.login,
                other => panic!("{other:?}"),
            }
        };

        let by_id = login("application_credential_id = c\n");
        assert!(
            matches!(by_id, Login::ApplicationCredential { .. }),
            "{by_id:?}"
        );
        let named = login("application_credential_name = c\n");
        assert!(
            matches!(named, Login::NamedApplicationCredential { .. }),
            "{named:?}"
        );
    }

    #[test]
    fn what_keystone_needs_and_does_not_have_is_named() {
        let lines: Vec<&str> = KEYSTONE.lines().collect();
        for (index, option) in [
            "auth_url",
            "auth_type",
            "username",
            "password",
            "user_domain_name",
        ]
        .into_iter()
        .enumerate()
        {
            let mut lines = lines.clone();
            lines.remove(index + 3);
            assert_eq!(
                failure(&lines.join("\n")),
                format!(
                    "`[keystone_authtoken] {option}` is not set, and flavor `keystone` needs it"
                )
            );
        }
        for (wrong, allowed) in [
            ("interface = private", "`public`, `internal` or `admin`"),
            ("system_scope = some", "`all`"),
            (
                "auth_type = v3kerberos",
                "`password` or `v3applicationcredential`",
            ),
            ("auth_url = ftp://user:canary@k", "an http or https URL"),
        ] {
            let message = failure(&format!("{KEYSTONE}{wrong}\n"));
            assert!(
                message.ends_with(&format!("must be {allowed}")),
                "{message}"
            );
            assert!(!message.contains("canary"), "{message}");
        }
        for refused in [
            "auth_section = other",
            "trust_id = t",
            "auth_version = v2.0",
            "enforce_token_bind = required",
        ] {
            let message = failure(&format!("{KEYSTONE}{refused}\n"));
            assert!(message.contains("cannot be honoured"), "{message}");
        }
    }

    #[test]
    fn the_part_of_a_flavor_that_is_about_a_cache_is_told_not_to_be_there() {
        for flavor in ["keystone+cachemanagement", "keystone+caching"] {
            let text = KEYSTONE.replace("flavor = keystone", &format!("flavor = {flavor}"));
            let (config, warnings) = loaded(&format!("{CONNECTION}{text}")).unwrap();

            assert!(matches!(config.identity, Identity::Keystone(_)));
            let warnings: Vec<String> = warnings.iter().map(ToString::to_string).collect();
            assert_eq!(warnings.len(), 1, "{warnings:?}");
            assert!(
                warnings[0].ends_with("is honoured in part: images are not cached in this version"),
                "{warnings:?}"
            );
        }
    }

    #[test]
    fn options_of_keystone_without_it_are_told_to_be_unread() {
        let text = "[keystone_authtoken]\nauth_url = http://k\npassword = canary\n";
        for flavor in ["", "[paste_deploy]\nflavor = headers\n"] {
            let (_, warnings) = loaded(&format!("{CONNECTION}{flavor}{text}")).unwrap();

            let warnings: Vec<String> = warnings.iter().map(ToString::to_string).collect();
            assert_eq!(warnings.len(), 1, "{warnings:?}");
            let told = &warnings[0];
            assert!(
                told.starts_with("no effect of `[keystone_authtoken]` `auth_url`"),
                "{told}"
            );
            assert!(
                told.ends_with(": it is read only with flavor `keystone`"),
                "{told}"
            );
            assert!(!told.contains("canary"), "{told}");
        }
    }
}
