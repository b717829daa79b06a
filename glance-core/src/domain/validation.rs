//! What a caller says of data that the service has not seen: its hash.

use thiserror::Error;

use super::content::Multihash;
use super::digest::HashAlgorithm;

/// What a caller says of the data at a location, as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidationData {
    /// Its MD5 in hex.
    pub checksum: Option<String>,
    /// The hash that counts, and its algorithm.
    pub multihash: Multihash,
}

impl ValidationData {
    /// The hash, in the form in which the service computes it.
    ///
    /// # Errors
    /// [`InvalidValidation`] where it is no hash of that algorithm.
    pub fn checked_multihash(&self) -> Result<Multihash, InvalidValidation> {
        let Multihash { algorithm, value } = &self.multihash;
        let known: HashAlgorithm =
            algorithm
                .parse()
                .map_err(|_| InvalidValidation::UnknownAlgorithm {
                    algorithm: algorithm.clone(),
                })?;
        check_hex("os_hash_value", value, known)?;
        Ok(Multihash {
            algorithm: known.as_str().to_owned(),
            value: value.to_ascii_lowercase(),
        })
    }

    /// The MD5, in the form in which the service computes it.
    ///
    /// # Errors
    /// [`InvalidValidation`] where it is no MD5.
    pub fn checked_checksum(&self) -> Result<Option<String>, InvalidValidation> {
        let Some(checksum) = &self.checksum else {
            return Ok(None);
        };
        check_hex("checksum", checksum, HashAlgorithm::Md5)?;
        Ok(Some(checksum.to_ascii_lowercase()))
    }
}

fn check_hex(
    name: &'static str,
    hash: &str,
    algorithm: HashAlgorithm,
) -> Result<(), InvalidValidation> {
    if !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(InvalidValidation::NotHex { name });
    }
    if hash.len() != algorithm.hex_chars() {
        return Err(InvalidValidation::WrongLength {
            name,
            algorithm,
            bytes: algorithm.hex_chars() / 2,
        });
    }
    Ok(())
}

/// Why what is said of data cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidValidation {
    /// Not a number in hex.
    #[error("{name} is not a valid hexadecimal value")]
    NotHex {
        /// Name of the attribute.
        name: &'static str,
    },
    /// No hash that is known here.
    #[error("os_hash_algo '{algorithm}' is not known")]
    UnknownAlgorithm {
        /// What was given.
        algorithm: String,
    },
    /// Too long or too short for the algorithm.
    #[error("{name} is not the correct size for {algorithm} (should be {bytes} bytes)")]
    WrongLength {
        /// Name of the attribute.
        name: &'static str,
        /// The algorithm.
        algorithm: HashAlgorithm,
        /// How long it should be.
        bytes: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(algorithm: &str, value: &str) -> ValidationData {
        ValidationData {
            checksum: Some(value.to_owned()),
            multihash: Multihash {
                algorithm: algorithm.to_owned(),
                value: value.to_owned(),
            },
        }
    }

    #[test]
    fn a_hash_is_hex_of_the_length_of_its_algorithm() {
        let good = "AB".repeat(16);

        let taken = said("md5", &good);
        assert_eq!(taken.checked_multihash().unwrap().value, "ab".repeat(16));
        assert_eq!(taken.checked_checksum().unwrap(), Some("ab".repeat(16)));

        for (algorithm, value) in [
            ("sha512", good.as_str()),
            ("md5", "abcd"),
            ("md5", "é"),
            ("md5", &"x".repeat(32)),
            ("crc32", "00000000"),
        ] {
            let refused = said(algorithm, value).checked_multihash();
            assert!(refused.is_err(), "{algorithm} {value}");
        }
        assert!(said("sha1", &"ab".repeat(20)).checked_checksum().is_err());
    }
}
