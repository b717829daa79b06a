//! Answers about tokens as others may hold them, who can neither read nor make nor move them.

use std::fmt;
use std::num::NonZeroU32;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hkdf::{HKDF_SHA256, Prk};
use aws_lc_rs::pbkdf2;
use glance_core::domain::{Secret, Timestamp};

use super::cache::Asked;

/// What everybody has in common who knows the same secret and asks the same Keystone.
pub(super) struct Sealer {
    root: Prk,
}

/// Where the answer about one token is, and with which key it is sealed. Both come of the token, so
/// that whoever knows the secret alone can read nothing either.
pub(super) struct Envelope {
    name: String,
    key: RandomizedNonceKey,
}

/// An answer of Keystone.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sealed {
    /// When it was asked for.
    pub(super) asked_at: Timestamp,
    /// Its body.
    pub(super) body: Vec<u8>,
}

impl Sealer {
    /// The secret may be a password: to try many takes long.
    pub(super) fn new(secret: &Secret, keystone: &str) -> Self {
        let mut root = [0; 32];
        pbkdf2::derive(
            pbkdf2::PBKDF2_HMAC_SHA256,
            ITERATIONS,
            format!("{PREFIX}{keystone}").as_bytes(),
            secret.reveal().as_bytes(),
            &mut root,
        );
        Self {
            root: Prk::new_less_safe(HKDF_SHA256, &root),
        }
    }

    /// `None` where the cryptography fails, which it does not.
    pub(super) fn envelope(&self, asked: &Asked) -> Option<Envelope> {
        let expanded = |purpose: &[u8]| -> Result<[u8; 32], Unspecified> {
            let mut bytes = [0; 32];
            let info = [purpose, asked.digest()];
            self.root.expand(&info, HKDF_SHA256)?.fill(&mut bytes)?;
            Ok(bytes)
        };
        let name = expanded(b"name").ok()?;
        let name = name
            .iter()
            .fold(PREFIX.to_owned(), |name, byte| format!("{name}{byte:02x}"));
        let key = RandomizedNonceKey::new(&AES_256_GCM, &expanded(b"key").ok()?).ok()?;
        Some(Envelope { name, key })
    }
}

impl Envelope {
    /// As memcached knows it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn seal(&self, asked_at: Timestamp, body: &[u8]) -> Option<Vec<u8>> {
        let mut text = asked_at.as_micros().to_be_bytes().to_vec();
        text.extend_from_slice(body);
        let nonce = self.key.seal_in_place_append_tag(self.bound(), &mut text);
        Some([&nonce.ok()?.as_ref()[..], &text].concat())
    }

    /// `None` for what was not sealed in this envelope.
    pub(super) fn open(&self, mut value: Vec<u8>) -> Option<Sealed> {
        let (nonce, text) = value.split_first_chunk_mut::<NONCE_LEN>()?;
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let text = self.key.open_in_place(nonce, self.bound(), text).ok()?;
        let (asked_at, body) = text.split_first_chunk()?;
        Some(Sealed {
            asked_at: Timestamp::from_micros(i64::from_be_bytes(*asked_at)),
            body: body.to_vec(),
        })
    }

    fn bound(&self) -> Aad<&[u8]> {
        Aad::from(self.name.as_bytes())
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer").finish_non_exhaustive()
    }
}

/// Names the format: another one has another number, and reads nothing of this one. Upstream's keys
/// begin otherwise.
const PREFIX: &str = "glance-rs/tokens/1/";
/// A fifth of a second, once in a process.
const ITERATIONS: NonZeroU32 = NonZeroU32::new(600_000).unwrap();

#[cfg(test)]
mod tests {
    use super::*;

    const KEYSTONE: &str = "http://keystone:5000";

    fn envelope(secret: &str, keystone: &str, token: &str) -> Envelope {
        let asked = Asked::about(&token.parse().unwrap(), false);
        Sealer::new(&secret.into(), keystone)
            .envelope(&asked)
            .unwrap()
    }

    #[test]
    fn what_was_sealed_is_opened_by_whoever_knows_the_secret_and_the_token() {
        let (asked_at, body) = (Timestamp::from_micros(-7), b"{\"token\": {}}");
        let sealed = envelope("secret", KEYSTONE, "token")
            .seal(asked_at, body)
            .unwrap();

        let again = envelope("secret", KEYSTONE, "token");

        let opened = again.open(sealed.clone()).unwrap();
        assert_eq!((opened.asked_at, &opened.body[..]), (asked_at, &body[..]));
        assert!(!sealed.windows(5).any(|window| window == b"token"));
        assert_ne!(again.seal(asked_at, body).unwrap(), sealed);
    }

    #[test]
    fn nothing_else_is_opened() {
        let own = envelope("secret", KEYSTONE, "token");
        let sealed = own.seal(Timestamp::from_micros(1), b"body").unwrap();

        for (secret, keystone, token) in [
            ("other", KEYSTONE, "token"),
            ("secret", "http://other:5000", "token"),
            ("secret", KEYSTONE, "other"),
        ] {
            let other = envelope(secret, keystone, token);
            assert!(
                other.open(sealed.clone()).is_none(),
                "{secret} {keystone} {token}"
            );
            assert_ne!(other.name(), own.name(), "{secret} {keystone} {token}");
        }
        for length in 0..sealed.len() {
            assert!(own.open(sealed[..length].to_vec()).is_none(), "{length}");
        }
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert!(own.open(changed).is_none(), "{index}");
        }
        assert!(own.open([&sealed[..], b"x"].concat()).is_none());
    }

    #[test]
    fn a_name_is_one_that_memcached_takes_and_holds_no_token() {
        let name = envelope("secret", KEYSTONE, "canary").name().to_owned();

        assert!(name.len() <= 250 && name.bytes().all(|byte| byte.is_ascii_graphic()));
        assert!(
            name.starts_with("glance-rs/tokens/1/") && !name.contains("canary"),
            "{name}"
        );
    }
}
