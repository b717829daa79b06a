//! Answers about tokens that server processes share through memcached.

use std::time::Duration;

use glance_core::domain::{Secret, Timestamp};
use reqwest::Url;

use super::body::Known;
use super::cache::Asked;
use super::error::KeystoneError;
use super::memcached::{Memcached, MemcachedOptions};
use super::sealed::Sealer;
use super::seldom::Seldom;

/// Answers about tokens that server processes share through memcached. What is there is sealed with
/// a key that comes of a secret, of Keystone's URL and of the token: whoever reaches memcached can
/// read none, make none, and give none to another token. A memcached that does not answer refuses
/// nobody: Keystone is asked.
#[derive(Debug)]
pub struct SharedAnswers {
    memcached: Memcached,
    sealer: Sealer,
    told_of_forged: Seldom,
}

/// An answer of somebody else.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) known: Known,
    pub(super) asked_at: Timestamp,
}

impl SharedAnswers {
    /// Shares with whoever has the same servers, the same secret and the same URL of Keystone.
    ///
    /// # Errors
    /// [`KeystoneError`] names the certificate or key that cannot be used.
    pub fn new(
        options: &MemcachedOptions,
        secret: &Secret,
        keystone: &Url,
    ) -> Result<Self, KeystoneError> {
        Ok(Self {
            memcached: Memcached::new(options)?,
            sealer: Sealer::new(secret, keystone.as_str()),
            told_of_forged: Seldom::default(),
        })
    }

    pub(super) async fn get(&self, asked: &Asked) -> Option<Shared> {
        let envelope = self.sealer.envelope(asked)?;
        let value = self.memcached.get(envelope.name()).await?;
        let Some(sealed) = envelope.open(value) else {
            if self.told_of_forged.is_time() {
                tracing::warn!(
                    "memcached has an answer about a token that nobody gave who knows the secret: \
                     it is not believed"
                );
            }
            return None;
        };
        Some(Shared {
            known: Known::read(&sealed.body).ok()?,
            asked_at: sealed.asked_at,
        })
    }

    /// Shares the body of an answer that is good for so much longer.
    pub(super) async fn put(
        &self,
        asked: &Asked,
        asked_at: Timestamp,
        body: &[u8],
        left: Duration,
    ) {
        let Some(envelope) = self.sealer.envelope(asked) else {
            return;
        };
        if let Some(sealed) = envelope.seal(asked_at, body) {
            self.memcached.set(envelope.name(), &sealed, left).await;
        }
    }
}

/// How much longer an answer is good that is believed for `lifetime`; `None` for not at all. It ages
/// where it is shared: nobody believes it longer than who asked, and one of the future nobody.
pub(super) fn left(
    lifetime: Duration,
    asked_at: Timestamp,
    expires: Timestamp,
    now: Timestamp,
) -> Option<Duration> {
    if asked_at > now || expires <= now {
        return None;
    }
    let left = lifetime.checked_sub(now.since(asked_at))?;
    Some(left.min(expires.since(now))).filter(|left| !left.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_ages_and_dies_with_its_token() {
        let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
        let seconds = Duration::from_secs;

        for (asked_at, expires, now, expected) in [
            (100, 1000, 100, Some(300)),
            (100, 1000, 399, Some(1)),
            (100, 1000, 400, None),
            (100, 1000, 900, None),
            (100, 150, 120, Some(30)),
            (100, 150, 150, None),
            (100, 150, 200, None),
            (101, 1000, 100, None),
        ] {
            let left = left(seconds(300), at(asked_at), at(expires), at(now));
            assert_eq!(left, expected.map(seconds), "{asked_at} {expires} {now}");
        }
    }
}
