//! What projects may have: `user_storage_quota`, or limits that Keystone keeps (`[oslo_limit]`).

use std::time::Duration;

use glance_http::keystone::{LimitEndpoint, SessionOptions, Wanted};

use super::error::{ConfigError, Warning};
use super::keystone_group::KeystoneGroup;
use super::read::Reader;

/// Who says what projects may have.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum LimitConfig {
    /// Bytes in stores, the same for each project: `user_storage_quota`; `None` is unlimited.
    Fixed(Option<u64>),
    /// Keystone: `use_keystone_limits`.
    Keystone(Box<KeystoneLimitConfig>),
}

/// How Keystone is asked for limits: `[oslo_limit]`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct KeystoneLimitConfig {
    pub(crate) session: SessionOptions,
    /// What limits are registered for.
    pub(crate) endpoint: LimitEndpoint,
    /// How long they are remembered.
    pub(crate) cache_time: Duration,
}

impl Reader<'_> {
    pub(super) fn limits(&mut self) -> Result<LimitConfig, ConfigError> {
        let group = "DEFAULT";
        let quota = self.settings.number(group, "user_storage_quota")?;
        if !self.settings.flag(group, "use_keystone_limits")? {
            self.tell_of_unread(GROUP, "it is read only with `use_keystone_limits`");
            return Ok(LimitConfig::Fixed(Some(quota).filter(|quota| *quota > 0)));
        }
        if quota > 0 {
            self.warnings.push(Warning::InPart {
                setting: *self.settings.setting(group, "user_storage_quota"),
                reason: "with `use_keystone_limits`, Keystone says what projects may have",
            });
        }
        let group = KeystoneGroup {
            settings: self.settings,
            name: GROUP,
            needed_by: "`use_keystone_limits`",
        };
        Ok(LimitConfig::Keystone(Box::new(KeystoneLimitConfig {
            session: session(&group)?,
            endpoint: endpoint(&group)?,
            cache_time: self.settings.seconds("glance_rs", "limit_cache_time")?,
        })))
    }
}

fn session(group: &KeystoneGroup<'_>) -> Result<SessionOptions, ConfigError> {
    let mut session = SessionOptions::new(group.url("auth_url")?, group.login()?);
    session.tls = group.tls()?;
    session.region = group.text("region_name")?;
    let interfaces = group.settings.list(GROUP, "valid_interfaces")?;
    if let Some(first) = interfaces.first() {
        session.interface = group.interface("valid_interfaces", first)?;
    }
    if group.settings.is_set(GROUP, "timeout") {
        session.deadline = group.settings.seconds(GROUP, "timeout")?;
        session.connect_timeout = session.connect_timeout.min(session.deadline);
    }
    if group.settings.is_set(GROUP, "connect_retries") {
        let retries = group.settings.number(GROUP, "connect_retries")?;
        session.retries = u32::try_from(retries).unwrap_or(u32::MAX);
    }
    Ok(session)
}

fn endpoint(group: &KeystoneGroup<'_>) -> Result<LimitEndpoint, ConfigError> {
    if let Some(id) = group.text("endpoint_id")? {
        return Ok(LimitEndpoint::Id(id));
    }
    let service = group.text("endpoint_service_type")?;
    let service = service.ok_or_else(|| group.missing("endpoint_id"))?;
    let interface = group.needed("endpoint_interface")?;
    let wanted = Wanted::service(service)
        .named(group.text("endpoint_service_name")?)
        .at(group.interface("endpoint_interface", &interface)?)
        .in_region(group.text("endpoint_region_name")?);
    Ok(LimitEndpoint::Like(wanted))
}

const GROUP: &str = "oslo_limit";

#[cfg(test)]
mod tests {
    use glance_http::keystone::{Interface, Login, Scope};

    use super::*;
    use crate::config::tests::{CONNECTION, config, failure, loaded};

    const LEAST: &str = "[DEFAULT]\nuse_keystone_limits = yes\n[oslo_limit]\nendpoint_id = e\n\
         auth_url = http://k:5000\nauth_type = password\nusername = glance\npassword = canary\n\
         user_domain_name = Default\nsystem_scope = all\n";

    fn keystone(text: &str) -> KeystoneLimitConfig {
        match config(text).limits {
            LimitConfig::Keystone(keystone) => *keystone,
            other @ LimitConfig::Fixed(_) => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_storage_quota_is_read_in_every_unit_and_0_is_none() {
        for (text, bytes) in [
            ("", None),
            ("user_storage_quota = 0", None),
            ("user_storage_quota = 7", Some(7)),
            ("user_storage_quota = 7B", Some(7)),
            ("user_storage_quota = 7KB", Some(7 << 10)),
            ("user_storage_quota = 7MB", Some(7 << 20)),
            ("user_storage_quota = 7GB", Some(7 << 30)),
            ("user_storage_quota = 7TB", Some(7 << 40)),
        ] {
            let limits = config(&format!("[DEFAULT]\n{text}\n")).limits;
            assert_eq!(limits, LimitConfig::Fixed(bytes), "{text}");
        }
        for wrong in ["7PB", "-1", "7 GB", "GB", "1.5GB"] {
            let message = failure(&format!("[DEFAULT]\nuser_storage_quota = {wrong}\n"));
            assert!(message.contains("must be a size"), "{message}");
        }
    }

    #[test]
    fn limits_of_keystone_are_asked_for_as_a_user_of_the_system() {
        let keystone = keystone(LEAST);

        assert_eq!(keystone.endpoint, LimitEndpoint::Id("e".to_owned()));
        let Login::Password { scope, .. } = &keystone.session.login else {
            panic!("{keystone:?}");
        };
        assert_eq!(*scope, Scope::System);
        assert!(!format!("{keystone:?}").contains("canary"));
    }

    #[test]
    fn every_option_of_oslo_limit_is_read() {
        let text = LEAST.replace("endpoint_id = e", "endpoint_service_type = image");
        let keystone = keystone(&format!(
            "{text}endpoint_service_name = glance\nendpoint_region_name = One\n\
             endpoint_interface = internalURL\nvalid_interfaces = admin,internal\n\
             region_name = Two\ntimeout = 3\nconnect_retries = 1\ncafile = ca\n\
             [glance_rs]\nlimit_cache_time = 9\n"
        ));

        let wanted = Wanted::service("image")
            .named(Some("glance".to_owned()))
            .at(Interface::Internal)
            .in_region(Some("One".to_owned()));
        assert_eq!(keystone.endpoint, LimitEndpoint::Like(wanted));
        assert_eq!(keystone.cache_time.as_secs(), 9);
        let session = &keystone.session;
        assert_eq!(session.interface, Interface::Admin);
        assert_eq!(session.region.as_deref(), Some("Two"));
        assert_eq!((session.deadline.as_secs(), session.retries), (3, 1));
        assert_eq!(session.connect_timeout.as_secs(), 3);
        assert_eq!(session.tls.authorities, Some("ca".into()));
    }

    #[test]
    fn what_oslo_limit_needs_and_does_not_have_is_named() {
        let lines: Vec<&str> = LEAST.lines().collect();
        for line in &lines[3..] {
            let option = line.split(' ').next().unwrap();
            if option == "system_scope" {
                continue;
            }
            let rest: Vec<&str> = lines
                .iter()
                .copied()
                .filter(|other| other != line)
                .collect();
            let message = failure(&(rest.join("\n") + "\n"));
            assert_eq!(
                message,
                format!("`[oslo_limit] {option}` is not set, and `use_keystone_limits` needs it")
            );
        }
    }

    #[test]
    fn an_option_that_is_read_for_nothing_is_told() {
        let both = LEAST.replace("[oslo_limit]", "user_storage_quota = 1GB\n[oslo_limit]");
        let (_, warnings) = loaded(&format!("{CONNECTION}{both}")).unwrap();
        let told: Vec<String> = warnings.iter().map(ToString::to_string).collect();
        assert!(
            told.iter()
                .any(|line| line.contains("Keystone says what projects may have")),
            "{told:?}"
        );

        let (_, warnings) =
            loaded(&format!("{CONNECTION}[oslo_limit]\nendpoint_id = e\n")).unwrap();
        let told: Vec<String> = warnings.iter().map(ToString::to_string).collect();
        assert!(
            told.iter()
                .any(|line| line.contains("read only with `use_keystone_limits`")),
            "{told:?}"
        );
    }
}
