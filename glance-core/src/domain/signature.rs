//! The signature that the data of an image bears, as four of its properties say it.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;

use super::digest::HashAlgorithm;
use super::id::{ImageId, InvalidId};
use super::image::Image;
use super::property::PropertyName;

/// What is said of the signature of an image's data, and the signature itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageSignature {
    /// Whose key it was made with.
    pub certificate: CertificateId,
    /// The hash of the data that was signed.
    pub hash: HashAlgorithm,
    /// How it was made.
    pub scheme: SignatureScheme,
    /// The signature.
    pub bytes: Vec<u8>,
}

impl Image {
    /// The signature that data of the image must bear. `None` where one of the four properties is
    /// missing: upstream verifies nothing then.
    ///
    /// # Errors
    /// All four are there, and one of them makes no sense.
    pub fn signature(&self) -> Result<Option<ImageSignature>, InvalidSignature> {
        let said = |name: &str| {
            self.properties
                .get(&PropertyName::stored(name.to_owned()))?
                .text()
        };
        let (Some(bytes), Some(hash), Some(scheme), Some(certificate)) = (
            said(SIGNATURE),
            said(HASH_METHOD),
            said(KEY_TYPE),
            said(CERTIFICATE),
        ) else {
            return Ok(None);
        };
        Ok(Some(ImageSignature {
            certificate: certificate.parse().map_err(|_| InvalidSignature {
                property: CERTIFICATE,
                expected: "a UUID",
            })?,
            hash: hash_method(hash).ok_or(InvalidSignature {
                property: HASH_METHOD,
                expected: "SHA-224, SHA-256, SHA-384 or SHA-512",
            })?,
            scheme: SignatureScheme::of_key_type(scheme).ok_or(InvalidSignature {
                property: KEY_TYPE,
                expected: "RSA-PSS, DSA, ECC_SECP256R1, ECC_SECP384R1, ECC_SECP521R1, \
                           ECC_SECT409K1, ECC_SECT409R1, ECC_SECT571K1 or ECC_SECT571R1",
            })?,
            bytes: decoded(bytes).ok_or(InvalidSignature {
                property: SIGNATURE,
                expected: "a signature in base64",
            })?,
        }))
    }
}

/// How a signature is made. The curve of ECDSA is the one of the key, whichever `ECC_…` the image
/// names: upstream looks no closer either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "verifiers must answer every scheme"
)]
pub enum SignatureScheme {
    /// DSA.
    Dsa,
    /// ECDSA.
    Ecdsa,
    /// RSA-PSS with the longest salt there is, and MGF1 over the same hash.
    RsaPss,
}

impl SignatureScheme {
    fn of_key_type(text: &str) -> Option<Self> {
        match text {
            "DSA" => Some(Self::Dsa),
            "RSA-PSS" => Some(Self::RsaPss),
            // The first is not upstream's, which refuses it.
            "ECC_SECP256R1" | "ECC_SECP384R1" | "ECC_SECP521R1" | "ECC_SECT409K1"
            | "ECC_SECT409R1" | "ECC_SECT571K1" | "ECC_SECT571R1" => Some(Self::Ecdsa),
            _ => None,
        }
    }
}

impl fmt::Display for SignatureScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Dsa => "DSA",
            Self::Ecdsa => "ECDSA",
            Self::RsaPss => "RSA-PSS",
        })
    }
}

/// The id of a certificate: a UUID in lower case, which names a file or a secret and leads nowhere
/// else.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CertificateId(String);

impl CertificateId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CertificateId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let uuid: ImageId = text.parse()?;
        Ok(Self(uuid.as_str().to_ascii_lowercase()))
    }
}

impl fmt::Display for CertificateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A property about a signature that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("property {property} must be {expected}: the signature of the data cannot be verified")]
pub struct InvalidSignature {
    /// Which one.
    pub property: &'static str,
    /// What it must be.
    pub expected: &'static str,
}

fn hash_method(text: &str) -> Option<HashAlgorithm> {
    match text {
        "SHA-224" => Some(HashAlgorithm::Sha224),
        "SHA-256" => Some(HashAlgorithm::Sha256),
        "SHA-384" => Some(HashAlgorithm::Sha384),
        "SHA-512" => Some(HashAlgorithm::Sha512),
        _ => None,
    }
}

/// Base64 as tools print it: in lines.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let text: String = text.split_ascii_whitespace().collect();
    STANDARD.decode(text).ok().filter(|bytes| !bytes.is_empty())
}

const SIGNATURE: &str = "img_signature";
const HASH_METHOD: &str = "img_signature_hash_method";
const KEY_TYPE: &str = "img_signature_key_type";
const CERTIFICATE: &str = "img_signature_certificate_uuid";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;

    const SAID: [(&str, &str); 4] = [
        (SIGNATURE, "c2ln\nbmVk\n"),
        (HASH_METHOD, "SHA-256"),
        (KEY_TYPE, "RSA-PSS"),
        (CERTIFICATE, "8DAB5C5F-9b36-4c5e-a4b8-6ab21a1ff1a0"),
    ];

    fn image(said: &[(&str, &str)]) -> Image {
        let mut image = Image::queued(ImageId::from_bits(1), Timestamp::from_micros(0));
        for (name, value) in said {
            let name = PropertyName::stored((*name).to_owned());
            image.properties.insert(name, value.parse().unwrap());
        }
        image
    }

    #[test]
    fn four_properties_are_a_signature() {
        let signature = image(&SAID).signature().unwrap().unwrap();

        assert_eq!(signature.bytes, b"signed");
        assert_eq!(signature.hash, HashAlgorithm::Sha256);
        assert_eq!(signature.scheme, SignatureScheme::RsaPss);
        let id = "8dab5c5f-9b36-4c5e-a4b8-6ab21a1ff1a0";
        assert_eq!(signature.certificate.as_str(), id);
    }

    #[test]
    fn fewer_than_four_are_none() {
        for missing in 0..SAID.len() {
            let mut said = SAID.to_vec();
            said.remove(missing);

            assert_eq!(image(&said).signature(), Ok(None));
        }
    }

    #[test]
    fn one_that_makes_no_sense_is_named() {
        for (place, value) in [
            (0, "*"),
            (0, "c2ln="),
            (0, ""),
            (1, "SHA-1"),
            (1, "sha256"),
            (2, "RSA"),
            (2, "ECC_SECP192R1"),
            (3, "../../etc/passwd"),
            (3, ""),
        ] {
            let mut said = SAID;
            said[place].1 = value;

            let error = image(&said).signature().unwrap_err();
            assert_eq!(error.property, SAID[place].0, "{value}");
        }
    }
}
