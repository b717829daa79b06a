//! Who says whether data bears the signature that its image names.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use thiserror::Error;

use super::BoxError;
use crate::domain::{CertificateId, HashAlgorithm, ImageSignature, SignatureScheme, Timestamp};

/// Who says whether data bears the signature that its image names.
///
/// # Contract
///
/// * `begin` is asked before any data is read, and refuses what no data could pass: a certificate
///   that is not there, not valid at `now` or not trusted, a key of another kind;
/// * the check passes for the hash of the data that was signed, and for nothing else.
#[async_trait]
pub trait SignatureVerifier: fmt::Debug + Send + Sync + 'static {
    /// Finds the certificate of a signature, and makes sure of it.
    async fn begin(
        &self,
        signature: &ImageSignature,
        now: Timestamp,
    ) -> Result<Box<dyn SignatureCheck>, SignatureError>;
}

/// What waits for the hash of the data. It takes a while: it is not for a thread that others need.
pub trait SignatureCheck: fmt::Debug + Send {
    /// Passes where the signature is one of data with this hash, by the algorithm of the signature.
    ///
    /// # Errors
    /// [`SignatureError::Mismatch`].
    fn verify(self: Box<Self>, hash: &[u8]) -> Result<(), SignatureError>;
}

/// Where certificates are: a folder, or a key manager.
///
/// # Contract
///
/// * it gives PEM or DER, the certificate itself first; in PEM, those that vouch for it may follow;
/// * it gives 64 KiB at most;
/// * what it remembers, it remembers for minutes at most: certificates are withdrawn by removing
///   them.
#[async_trait]
pub trait CertificateSource: fmt::Debug + Send + Sync + 'static {
    /// The certificate of this id.
    async fn certificate(&self, id: &CertificateId) -> Result<Bytes, SignatureError>;
}

/// Why data cannot be said to bear its signature.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// The service may not read the certificate.
    #[error("this service may not read certificate {certificate}")]
    Forbidden {
        /// Which one.
        certificate: CertificateId,
    },
    /// There is something else, or something broken, in the place of a certificate.
    #[error("{certificate} is no certificate that can be read")]
    Malformed {
        /// Which one.
        certificate: CertificateId,
    },
    /// The data was signed with another key, or is other data.
    #[error("the signature of the data did not verify")]
    Mismatch,
    /// There is no such certificate.
    #[error("no certificate found with ID {certificate}")]
    NotFound {
        /// Which one.
        certificate: CertificateId,
    },
    /// It is too early or too late for the certificate.
    #[error("certificate {certificate} is outside its valid date range")]
    NotValidNow {
        /// Which one.
        certificate: CertificateId,
    },
    /// The service has nobody who could say.
    #[error("this service verifies no signatures, so it takes no data of a signed image")]
    NoVerifier,
    /// Wherever certificates are cannot be asked: worth another try.
    #[error("certificate {certificate} cannot be fetched, for {keeper} cannot be asked")]
    Unavailable {
        /// Which one.
        certificate: CertificateId,
        /// Where it is, for whoever brings the data: "the key manager".
        keeper: &'static str,
        /// Why not.
        source: BoxError,
    },
    /// Verifiers do not know such signatures.
    #[error("signatures of type {scheme} over {hash} are not supported")]
    Unsupported {
        /// The hash.
        hash: HashAlgorithm,
        /// The scheme.
        scheme: SignatureScheme,
    },
    /// Verifiers do not know such keys.
    #[error(
        "the key of certificate {certificate} is not supported: RSA keys of 2048 to 8192 bits, \
         DSA keys of 2048 and 3072 bits, P-256, P-384 and P-521 are"
    )]
    UnsupportedKey {
        /// Whose key.
        certificate: CertificateId,
    },
    /// Nobody vouches for the certificate who is trusted.
    #[error("certificate {certificate} is not one of an authority that this service trusts")]
    Untrusted {
        /// Which one.
        certificate: CertificateId,
    },
    /// The key makes signatures of another type.
    #[error("the key of certificate {certificate} makes no signatures of type {scheme}")]
    WrongKey {
        /// Whose key.
        certificate: CertificateId,
        /// The scheme.
        scheme: SignatureScheme,
    },
}
