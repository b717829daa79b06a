//! What is known of tokens, for a while and for so many of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use glance_core::ports::{Token, TokenError};
use sha2::{Digest, Sha256};

use super::body::Known;

/// Whose a token is, or why nobody knows.
pub(super) type Outcome = Result<Arc<Known>, TokenError>;

/// A question about a token. The token itself is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Asked {
    digest: [u8; 32],
    allow_expired: bool,
}

impl Asked {
    pub(super) fn about(token: &Token, allow_expired: bool) -> Self {
        Self {
            digest: Sha256::digest(token.reveal().as_bytes()).into(),
            allow_expired,
        }
    }

    /// Of the token.
    pub(super) fn digest(&self) -> &[u8] {
        &self.digest
    }
}

/// What is known of tokens. Those that are not valid are kept apart, so that whoever tries many
/// does not push out the others.
#[derive(Debug)]
pub(super) struct TokenCache {
    /// `None` keeps nothing.
    lifetime: Option<Duration>,
    known: Mutex<Generations<[u8; 32], Arc<Known>>>,
    invalid: Mutex<Generations<Asked, ()>>,
}

impl TokenCache {
    pub(super) fn new(lifetime: Option<Duration>) -> Self {
        Self {
            lifetime,
            known: Mutex::new(Generations::new(MOST_KNOWN)),
            invalid: Mutex::new(Generations::new(MOST_INVALID)),
        }
    }

    /// How long an answer is good, if it is kept.
    pub(super) fn lifetime(&self) -> Option<Duration> {
        self.lifetime
    }

    pub(super) fn get(&self, asked: &Asked, now: Instant) -> Option<Outcome> {
        let known = lock(&self.known).get(&asked.digest, now);
        known.map(Ok).or_else(|| {
            let invalid = lock(&self.invalid).get(asked, now);
            invalid.map(|()| Err(TokenError::Invalid))
        })
    }

    /// Keeps an answer about a token that is good for so much longer. That nobody can say is none.
    pub(super) fn put(&self, asked: &Asked, outcome: &Outcome, left: Duration, now: Instant) {
        let Some(lifetime) = self.lifetime else {
            return;
        };
        match outcome {
            Ok(known) => {
                // One that may have expired is asked about again, sooner or later.
                let lifetime = match left {
                    Duration::ZERO => lifetime.min(EXPIRED_LIFETIME),
                    left => lifetime.min(left),
                };
                lock(&self.known).put(asked.digest, Arc::clone(known), now + lifetime);
            }
            Err(TokenError::Invalid) => {
                lock(&self.invalid).put(*asked, (), now + lifetime.min(INVALID_LIFETIME));
            }
            Err(_) => {}
        }
    }
}

/// A map that forgets what was not asked for lately, once it is full: in two halves, of which the
/// older one goes when the younger one is full.
#[derive(Debug)]
pub(super) struct Generations<K, V> {
    young: HashMap<K, (V, Instant)>,
    old: HashMap<K, (V, Instant)>,
    half: usize,
}

impl<K: Clone + Eq + std::hash::Hash, V: Clone> Generations<K, V> {
    pub(super) fn new(most: usize) -> Self {
        Self {
            young: HashMap::new(),
            old: HashMap::new(),
            half: most / 2,
        }
    }

    pub(super) fn get(&mut self, key: &K, now: Instant) -> Option<V> {
        if let Some((value, until)) = self.young.get(key) {
            return (now < *until).then(|| value.clone());
        }
        let (value, until) = self.old.remove(key)?;
        if now >= until {
            return None;
        }
        self.put(key.clone(), value.clone(), until);
        Some(value)
    }

    pub(super) fn put(&mut self, key: K, value: V, until: Instant) {
        if self.young.len() >= self.half {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, (value, until));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long is believed of a token that has expired that it may still be used.
const EXPIRED_LIFETIME: Duration = Duration::from_secs(300);

/// Half a kilobyte each.
const MOST_KNOWN: usize = 20_000;
const MOST_INVALID: usize = 20_000;
/// Long enough for a client that repeats itself, short enough for a Keystone that was not up to
/// date.
const INVALID_LIFETIME: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use glance_core::domain::{Caller, ServiceUser, Timestamp};

    use super::*;

    #[test]
    fn what_was_put_is_there_until_its_time_is_over() {
        let (mut map, now) = (Generations::new(4), Instant::now());
        map.put(1, 'a', now + Duration::from_secs(2));

        assert_eq!(map.get(&1, now), Some('a'));
        assert_eq!(map.get(&1, now + Duration::from_secs(1)), Some('a'));
        assert_eq!(map.get(&1, now + Duration::from_secs(2)), None);
    }

    #[test]
    fn a_full_map_keeps_what_is_asked_for() {
        let (mut map, now) = (Generations::new(10), Instant::now());
        let until = now + Duration::from_secs(1);
        map.put(0, 0, until);

        for key in 1..1000 {
            map.put(key, key, until);
            assert_eq!(map.get(&0, now), Some(0), "after {key}");
            assert!(map.young.len() + map.old.len() <= 10);
        }

        assert_eq!(map.get(&1, now), None);
        assert_eq!(map.get(&999, now), Some(999));
    }

    #[test]
    fn a_token_is_remembered_while_it_is_good_and_one_that_has_expired_briefly() {
        let cache = TokenCache::new(Some(Duration::from_secs(1_000_000)));
        let (asked, now) = (Asked::about(&"t".parse().unwrap(), true), Instant::now());
        let known = Arc::new(Known {
            caller: Caller::anonymous(),
            service: ServiceUser::default(),
            expires: Timestamp::from_micros(0),
        });
        let hour = Duration::from_secs(3600);

        for (left, kept) in [(hour, hour), (Duration::ZERO, EXPIRED_LIFETIME)] {
            cache.put(&asked, &Ok(Arc::clone(&known)), left, now);

            let just_before = now + kept - Duration::from_secs(1);
            assert!(cache.get(&asked, just_before).is_some(), "{left:?}");
            assert!(cache.get(&asked, now + kept).is_none(), "{left:?}");
        }
    }

    #[test]
    fn tokens_that_are_not_valid_are_remembered_briefly() {
        let cache = TokenCache::new(Some(Duration::from_secs(300)));
        let (asked, now) = (Asked::about(&"t".parse().unwrap(), false), Instant::now());

        cache.put(&asked, &Err(TokenError::Invalid), Duration::ZERO, now);

        assert!(matches!(
            cache.get(&asked, now),
            Some(Err(TokenError::Invalid))
        ));
        assert!(cache.get(&asked, now + INVALID_LIFETIME).is_none());
        let with_expired = Asked::about(&"t".parse().unwrap(), true);
        assert!(cache.get(&with_expired, now).is_none());
    }
}
