//! Checksums and hashes of image data, over chunks.

use std::fmt;

use md5::Md5;
use sha1::Sha1;
use sha2::digest::{Digest, DynDigest};
use sha2::{Sha224, Sha256, Sha384, Sha512};
use thiserror::Error;

use super::text::spelled;

/// A hash algorithm, by the name that `hashlib` and `os_hash_algo` use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum HashAlgorithm {
    /// MD5: upstream's `checksum`, for old clients.
    Md5,
    /// SHA-1.
    Sha1,
    /// SHA-224.
    Sha224,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512: upstream's default.
    #[default]
    Sha512,
}

impl HashAlgorithm {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Md5,
        Self::Sha1,
        Self::Sha224,
        Self::Sha256,
        Self::Sha384,
        Self::Sha512,
    ];

    /// The name on the wire, in the database and in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Sha224 => "sha224",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    /// How long its hashes are in hex.
    pub fn hex_chars(self) -> usize {
        match self {
            Self::Md5 => 32,
            Self::Sha1 => 40,
            Self::Sha224 => 56,
            Self::Sha256 => 64,
            Self::Sha384 => 96,
            Self::Sha512 => 128,
        }
    }

    /// A hash of nothing, to be fed.
    pub fn hasher(self) -> Hasher {
        let state: Box<dyn DynDigest + Send> = match self {
            Self::Md5 => Box::new(Md5::new()),
            Self::Sha1 => Box::new(Sha1::new()),
            Self::Sha224 => Box::new(Sha224::new()),
            Self::Sha256 => Box::new(Sha256::new()),
            Self::Sha384 => Box::new(Sha384::new()),
            Self::Sha512 => Box::new(Sha512::new()),
        };
        Hasher {
            algorithm: self,
            state,
        }
    }
}

spelled!(HashAlgorithm, UnknownAlgorithm, str::to_owned);

/// A name of no hash algorithm that is offered here.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("hash algorithm '{text}' is not one of md5, sha1, sha224, sha256, sha384, sha512")]
pub struct UnknownAlgorithm {
    /// What was given.
    pub text: String,
}

/// A running hash.
///
/// ```
/// use glance_core::domain::HashAlgorithm;
///
/// let mut md5 = HashAlgorithm::Md5.hasher();
/// md5.update(b"hello ");
/// md5.update(b"world");
/// assert_eq!(md5.finish(), "5eb63bbbe01eeed093cb22bb8f5acdc3");
/// ```
pub struct Hasher {
    algorithm: HashAlgorithm,
    state: Box<dyn DynDigest + Send>,
}

impl Hasher {
    /// Feeds the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.state.update(bytes);
    }

    /// The hash of all that was fed, in lower-case hex.
    pub fn finish(self) -> String {
        self.finish_bytes()
            .iter()
            .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
    }

    /// The same as bytes.
    pub fn finish_bytes(self) -> Box<[u8]> {
        self.state.finalize()
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hasher")
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_as_long_as_is_said() {
        for algorithm in HashAlgorithm::ALL {
            let hash = algorithm.hasher().finish();

            assert_eq!(hash.len(), algorithm.hex_chars(), "{algorithm}");
        }
    }
}
