//! Which algorithm verifies what, with which key.

use aws_lc_rs::digest::{self, Digest};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P256_SHA512_ASN1, ECDSA_P384_SHA256_ASN1,
    ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA512_ASN1, ECDSA_P521_SHA224_ASN1, ECDSA_P521_SHA256_ASN1,
    ECDSA_P521_SHA384_ASN1, ECDSA_P521_SHA512_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters, RsaPssSaltLength,
    UnparsedPublicKey, VerificationAlgorithm,
};
use glance_core::domain::HashAlgorithm;
use x509_cert::der::oid::ObjectIdentifier;
use x509_cert::der::oid::db::rfc5912::{
    ECDSA_WITH_SHA_256, ECDSA_WITH_SHA_384, ECDSA_WITH_SHA_512, ID_DSA, ID_EC_PUBLIC_KEY,
    RSA_ENCRYPTION, SECP_256_R_1, SECP_384_R_1, SECP_521_R_1, SHA_256_WITH_RSA_ENCRYPTION,
    SHA_384_WITH_RSA_ENCRYPTION, SHA_512_WITH_RSA_ENCRYPTION,
};
use x509_cert::der::oid::db::rfc8410::ID_ED_25519;
use x509_cert::spki::SubjectPublicKeyInfoOwned;

use super::pure::{DsaKey, verify_rsa_pss_sha224};

/// A public key, by what it is for; its bytes as they stand in a certificate.
#[derive(Debug, Clone)]
pub(super) enum PublicKey<'a> {
    Dsa(Box<DsaKey>),
    Ec(Curve, &'a [u8]),
    Ed25519(&'a [u8]),
    Rsa(&'a [u8]),
}

/// A curve of ECDSA.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Curve {
    P256,
    P384,
    P521,
}

impl<'a> PublicKey<'a> {
    /// The key of a certificate, if it is of a kind that is known.
    pub(super) fn of(spki: &'a SubjectPublicKeyInfoOwned) -> Option<Self> {
        let bytes = spki.subject_public_key.as_bytes()?;
        match spki.algorithm.oid {
            RSA_ENCRYPTION => {
                let bits = RsaParameters::public_modulus_len(bytes).ok()?;
                let limits = RSA_PSS_2048_8192_SHA256;
                (limits.min_modulus_len()..=limits.max_modulus_len())
                    .contains(&bits)
                    .then_some(Self::Rsa(bytes))
            }
            ID_EC_PUBLIC_KEY => {
                let parameters = spki.algorithm.parameters.as_ref()?;
                let curve = match parameters.decode_as::<ObjectIdentifier>().ok()? {
                    SECP_256_R_1 => Curve::P256,
                    SECP_384_R_1 => Curve::P384,
                    SECP_521_R_1 => Curve::P521,
                    _ => return None,
                };
                Some(Self::Ec(curve, bytes))
            }
            ID_DSA => {
                let parameters = spki.algorithm.parameters.as_ref()?;
                DsaKey::of(parameters, bytes).map(|key| Self::Dsa(Box::new(key)))
            }
            ID_ED_25519 => Some(Self::Ed25519(bytes)),
            _ => None,
        }
    }
}

/// How a signature over a hash is verified, and by which key.
#[derive(Debug, Clone)]
pub(super) enum OverHash {
    AwsLc(Algorithm, Vec<u8>),
    Dsa(Box<DsaKey>),
    RsaPssSha224(Vec<u8>),
}

impl OverHash {
    /// RSA-PSS with the longest salt, as upstream wants it; `None` for hashes that are not offered.
    pub(super) fn rsa_pss(hash: HashAlgorithm, key: &[u8]) -> Option<Self> {
        const LONGEST: RsaPssSaltLength = RsaPssSaltLength::Max;
        let algorithm = match hash {
            HashAlgorithm::Sha224 => return Some(Self::RsaPssSha224(key.to_owned())),
            HashAlgorithm::Sha256 => Algorithm {
                algorithm: &const { RSA_PSS_2048_8192_SHA256.with_pss_salt_length(LONGEST) },
                digest: &digest::SHA256,
            },
            HashAlgorithm::Sha384 => Algorithm {
                algorithm: &const { RSA_PSS_2048_8192_SHA384.with_pss_salt_length(LONGEST) },
                digest: &digest::SHA384,
            },
            HashAlgorithm::Sha512 => Algorithm {
                algorithm: &const { RSA_PSS_2048_8192_SHA512.with_pss_salt_length(LONGEST) },
                digest: &digest::SHA512,
            },
            _ => return None,
        };
        Some(Self::AwsLc(algorithm, key.to_owned()))
    }

    /// DSA; `None` for hashes that are not offered.
    pub(super) fn dsa(hash: HashAlgorithm, key: Box<DsaKey>) -> Option<Self> {
        match hash {
            HashAlgorithm::Sha224
            | HashAlgorithm::Sha256
            | HashAlgorithm::Sha384
            | HashAlgorithm::Sha512 => Some(Self::Dsa(key)),
            _ => None,
        }
    }

    /// ECDSA; `None` for hashes that are not offered.
    pub(super) fn ecdsa(curve: Curve, hash: HashAlgorithm, key: &[u8]) -> Option<Self> {
        let algorithm = Algorithm::ecdsa(curve, hash)?;
        Some(Self::AwsLc(algorithm, key.to_owned()))
    }

    /// Whether a signature is one of data with this hash.
    pub(super) fn verify(&self, hash: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::AwsLc(algorithm, key) => algorithm.verify(key, hash, signature),
            Self::Dsa(key) => key.verify(hash, signature),
            Self::RsaPssSha224(key) => verify_rsa_pss_sha224(key, hash, signature),
        }
    }
}

/// One of aws-lc-rs, over a hash.
#[derive(Debug, Clone, Copy)]
pub(super) struct Algorithm {
    algorithm: &'static dyn VerificationAlgorithm,
    digest: &'static digest::Algorithm,
}

impl Algorithm {
    fn ecdsa(curve: Curve, hash: HashAlgorithm) -> Option<Self> {
        let (algorithm, digest): (&'static dyn VerificationAlgorithm, _) = match (curve, hash) {
            // See `verify`.
            (Curve::P256, HashAlgorithm::Sha224 | HashAlgorithm::Sha256) => {
                (&ECDSA_P256_SHA256_ASN1, &digest::SHA256)
            }
            (Curve::P256, HashAlgorithm::Sha384) => (&ECDSA_P256_SHA384_ASN1, &digest::SHA384),
            (Curve::P256, HashAlgorithm::Sha512) => (&ECDSA_P256_SHA512_ASN1, &digest::SHA512),
            (Curve::P384, HashAlgorithm::Sha224 | HashAlgorithm::Sha256) => {
                (&ECDSA_P384_SHA256_ASN1, &digest::SHA256)
            }
            (Curve::P384, HashAlgorithm::Sha384) => (&ECDSA_P384_SHA384_ASN1, &digest::SHA384),
            (Curve::P384, HashAlgorithm::Sha512) => (&ECDSA_P384_SHA512_ASN1, &digest::SHA512),
            (Curve::P521, HashAlgorithm::Sha224) => (&ECDSA_P521_SHA224_ASN1, &digest::SHA224),
            (Curve::P521, HashAlgorithm::Sha256) => (&ECDSA_P521_SHA256_ASN1, &digest::SHA256),
            (Curve::P521, HashAlgorithm::Sha384) => (&ECDSA_P521_SHA384_ASN1, &digest::SHA384),
            (Curve::P521, HashAlgorithm::Sha512) => (&ECDSA_P521_SHA512_ASN1, &digest::SHA512),
            _ => return None,
        };
        Some(Self { algorithm, digest })
    }

    /// ECDSA takes a hash for a number (FIPS 186-5, 6.4.2), so one of SHA-224 is the same as one of
    /// SHA-256 that begins with zeros: the curves are not shorter than either.
    fn verify(self, key: &[u8], hash: &[u8], signature: &[u8]) -> bool {
        let zeros = self.digest.output_len().saturating_sub(hash.len());
        let mut padded = vec![0; zeros];
        padded.extend_from_slice(hash);
        Digest::import_less_safe(&padded, self.digest).is_ok_and(|digest| {
            UnparsedPublicKey::new(self.algorithm, key)
                .verify_digest(&digest, signature)
                .is_ok()
        })
    }
}

/// Whether the key of an issuer made the signature of a certificate.
pub(super) fn verify_certificate(
    issuer: &PublicKey<'_>,
    algorithm: ObjectIdentifier,
    signed: &[u8],
    signature: &[u8],
) -> bool {
    let ecdsa = |curve: &Curve, hash| Algorithm::ecdsa(*curve, hash).map(|it| it.algorithm);
    let algorithm: Option<&'static dyn VerificationAlgorithm> = match (issuer, algorithm) {
        (PublicKey::Ec(curve, _), ECDSA_WITH_SHA_256) => ecdsa(curve, HashAlgorithm::Sha256),
        (PublicKey::Ec(curve, _), ECDSA_WITH_SHA_384) => ecdsa(curve, HashAlgorithm::Sha384),
        (PublicKey::Ec(curve, _), ECDSA_WITH_SHA_512) => ecdsa(curve, HashAlgorithm::Sha512),
        (PublicKey::Ed25519(_), ID_ED_25519) => Some(&ED25519),
        (PublicKey::Rsa(_), SHA_256_WITH_RSA_ENCRYPTION) => Some(&RSA_PKCS1_2048_8192_SHA256),
        (PublicKey::Rsa(_), SHA_384_WITH_RSA_ENCRYPTION) => Some(&RSA_PKCS1_2048_8192_SHA384),
        (PublicKey::Rsa(_), SHA_512_WITH_RSA_ENCRYPTION) => Some(&RSA_PKCS1_2048_8192_SHA512),
        _ => None,
    };
    let (PublicKey::Ec(_, key) | PublicKey::Ed25519(key) | PublicKey::Rsa(key)) = issuer else {
        return false;
    };
    algorithm.is_some_and(|algorithm| {
        UnparsedPublicKey::new(algorithm, key)
            .verify(signed, signature)
            .is_ok()
    })
}
