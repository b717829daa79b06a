//! Where answers about tokens are shared: `[keystone_authtoken] memcached_servers` and its family.

use std::path::PathBuf;

use glance_core::domain::Secret;
use glance_http::keystone::{Login, MemcachedAddress, MemcachedOptions, MemcachedTls};

use super::error::ConfigError;
use super::keystone_group::KeystoneGroup;

/// Where answers about tokens are shared, and what their keys come of.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SharingConfig {
    pub(crate) memcached: MemcachedOptions,
    pub(crate) secret: Secret,
}

impl KeystoneGroup<'_> {
    /// `None` without a server.
    pub(super) fn sharing(&self, login: &Login) -> Result<Option<SharingConfig>, ConfigError> {
        // Answers are always sealed. Upstream does not start without the key, with servers or not.
        let key = self.text("memcache_secret_key")?.map(Secret::from);
        let strategy = self.needed("memcache_security_strategy")?;
        match strategy.to_lowercase().as_str() {
            "none" => {}
            "encrypt" | "mac" if key.is_some() => {}
            "encrypt" | "mac" => {
                return Err(ConfigError::MissingOfKeystone {
                    group: self.name,
                    option: "memcache_secret_key",
                    needed_by: "`memcache_security_strategy`",
                });
            }
            _ => {
                let allowed = "`None`, `MAC` or `ENCRYPT`";
                let option = "memcache_security_strategy";
                return Err(self.settings.invalid(self.name, option, &strategy, allowed));
            }
        }
        let servers = self.servers()?;
        if servers.is_empty() {
            return Ok(None);
        }
        self.refuse_sasl()?;
        let number = |option| self.settings.number(self.name, option);
        let seconds = |option| self.settings.seconds(self.name, option);
        let mut memcached = MemcachedOptions::new(servers);
        memcached.tls = self.memcached_tls(&memcached.servers)?;
        memcached.dead_retry = seconds("memcache_pool_dead_retry")?;
        memcached.idle_timeout = seconds("memcache_pool_unused_timeout")?;
        let most = number("memcache_pool_maxsize")?;
        memcached.most_connections = usize::try_from(most).unwrap_or(usize::MAX);
        let deadline = "memcache_pool_socket_timeout";
        if self.settings.is_set(self.name, deadline) {
            memcached.deadline = seconds(deadline)?;
        }
        let secret = key.unwrap_or_else(|| login.secret().clone());
        Ok(Some(SharingConfig { memcached, secret }))
    }

    fn servers(&self) -> Result<Vec<MemcachedAddress>, ConfigError> {
        let texts = self.settings.list(self.name, SERVERS)?;
        let address = |text: &String| {
            text.parse().map_err(|_| {
                let allowed = "`host`, `host:port`, `[IPv6]:port` or `unix:/path`, or several of \
                               them with commas between";
                self.settings.invalid(self.name, SERVERS, text, allowed)
            })
        };
        texts.iter().map(address).collect()
    }

    fn refuse_sasl(&self) -> Result<(), ConfigError> {
        let option = "memcache_sasl_enabled";
        if self.settings.flag(self.name, option)? {
            let reason = "memcached is spoken to in its text protocol, which has no SASL; encrypt \
                          the way with `memcache_tls_enabled`, and what is shared is sealed anyway";
            return Err(self.settings.unsupported(self.name, option, reason));
        }
        Ok(())
    }

    fn memcached_tls(
        &self,
        servers: &[MemcachedAddress],
    ) -> Result<Option<MemcachedTls>, ConfigError> {
        let (enabled, ciphers) = ("memcache_tls_enabled", "memcache_tls_allowed_ciphers");
        if !self.settings.flag(self.name, enabled)? {
            return Ok(None);
        }
        let unsupported =
            |option, reason| Err(self.settings.unsupported(self.name, option, reason));
        if servers
            .iter()
            .any(|server| matches!(server, MemcachedAddress::Unix(_)))
        {
            return unsupported(
                enabled,
                "a server of `memcached_servers` is a socket of this host",
            );
        }
        if self.text(ciphers)?.is_some() {
            return unsupported(
                ciphers,
                "ciphers are those of TLS 1.2 and 1.3 that are held to be safe, and have no names \
                 of OpenSSL; leave it out",
            );
        }
        let path = |option| Ok(self.text(option)?.map(PathBuf::from));
        Ok(Some(MemcachedTls {
            authorities: path("memcache_tls_cafile")?,
            certificate: path("memcache_tls_certfile")?,
            key: path("memcache_tls_keyfile")?,
        }))
    }
}

const SERVERS: &str = "memcached_servers";

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::Identity;
    use crate::config::tests::{CONNECTION, KEYSTONE, config, failure, loaded};

    fn sharing(more: &str) -> Option<SharingConfig> {
        match config(&format!("{KEYSTONE}{more}")).identity {
            Identity::Keystone(keystone) => keystone.sharing,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn servers_alone_give_the_defaults_and_a_key_of_the_services_password() {
        assert_eq!(sharing(""), None);
        assert_eq!(sharing("memcached_servers =\n"), None);

        let sharing = sharing("memcached_servers = one:11211,[::1]:5, unix:/run/m\n").unwrap();

        let servers = ["one", "[::1]:5", "unix:/run/m"].map(|server| server.parse().unwrap());
        assert_eq!(sharing.memcached, MemcachedOptions::new(servers.to_vec()));
        assert_eq!(sharing.secret.reveal(), "canary");
        assert!(!format!("{sharing:?}").contains("canary"));
    }

    #[test]
    fn every_option_of_memcached_is_read() {
        let SharingConfig { memcached, secret } = sharing(
            "memcache_servers = one\nmemcache_security_strategy = encrypt\n\
             memcache_secret_key = key\nmemcache_pool_dead_retry = 7\nmemcache_pool_maxsize = 3\n\
             memcache_pool_socket_timeout = 2\nmemcache_pool_unused_timeout = 9\n\
             memcache_tls_enabled = true\nmemcache_tls_cafile = ca\nmemcache_tls_certfile = c\n\
             memcache_tls_keyfile = k\n",
        )
        .unwrap();

        assert_eq!(secret.reveal(), "key");
        assert_eq!(memcached.dead_retry, Duration::from_secs(7));
        assert_eq!(memcached.most_connections, 3);
        assert_eq!(memcached.deadline, Duration::from_secs(2));
        assert_eq!(memcached.idle_timeout, Duration::from_secs(9));
        let tls = MemcachedTls {
            authorities: Some("ca".into()),
            certificate: Some("c".into()),
            key: Some("k".into()),
        };
        assert_eq!(memcached.tls, Some(tls));
    }

    #[test]
    fn a_strategy_without_its_key_does_not_start() {
        for strategy in ["MAC", "ENCRYPT", "encrypt"] {
            for servers in ["", "memcached_servers = one\n"] {
                let option = format!("memcache_security_strategy = {strategy}\n");
                assert_eq!(
                    failure(&format!("{KEYSTONE}{servers}{option}")),
                    "`[keystone_authtoken] memcache_secret_key` is not set, and \
                     `memcache_security_strategy` needs it"
                );
            }
        }
    }

    #[test]
    fn what_cannot_be_honoured_does_not_start() {
        for (line, told) in [
            ("memcached_servers = one,cache:port", "must be `host`, "),
            (
                "memcache_security_strategy = SIGN",
                "must be `None`, `MAC` or `ENCRYPT`",
            ),
            (
                "memcache_pool_maxsize = 0",
                "must be a whole number of at least 1",
            ),
            ("memcache_sasl_enabled = true", "which has no SASL"),
            (
                "memcache_tls_enabled = true\nmemcache_tls_allowed_ciphers = HIGH",
                "have no names of OpenSSL",
            ),
            (
                "memcache_tls_enabled = true\nmemcached_servers = unix:/m",
                "is a socket of this host",
            ),
        ] {
            let message = failure(&format!("{KEYSTONE}memcached_servers = one\n{line}\n"));
            assert!(message.contains(told), "{line}: {message}");
        }
    }

    #[test]
    fn options_of_memcached_without_a_server_are_told_to_be_unread() {
        let more = "memcache_pool_dead_retry = 7\nmemcache_secret_key = canary\n\
                    token_cache_time = 7\n";

        let (_, warnings) = loaded(&format!("{CONNECTION}{KEYSTONE}{more}")).unwrap();

        let warnings: Vec<String> = warnings.iter().map(ToString::to_string).collect();
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        let told = &warnings[0];
        assert!(told.contains("memcache_pool_dead_retry"), "{told}");
        assert!(told.contains("memcache_secret_key"), "{told}");
        assert!(
            !told.contains("token_cache_time") && !told.contains("canary"),
            "{told}"
        );
        assert!(
            told.ends_with("it is read only with `memcached_servers`"),
            "{told}"
        );
    }
}
