//! From what an image says of its signature to a check that waits for the hash of its data.

use std::sync::Arc;

use async_trait::async_trait;
use glance_core::domain::{CertificateId, ImageSignature, SignatureScheme, Timestamp};
use glance_core::ports::{CertificateSource, SignatureCheck, SignatureError, SignatureVerifier};

use super::certificate::Parsed;
use super::key::{OverHash, PublicKey};
use super::trust::TrustedAuthorities;

/// Verifies signatures with the keys of X.509 certificates: RSA-PSS and DSA by keys of 2048 bits or
/// more, and ECDSA on P-256, P-384 and P-521.
#[derive(Debug)]
pub struct CertificateVerifier {
    source: Arc<dyn CertificateSource>,
    authorities: Option<TrustedAuthorities>,
}

impl CertificateVerifier {
    /// Verifies with certificates from there, whoever made them: whoever may put one there may sign
    /// images.
    pub fn new(source: Arc<dyn CertificateSource>) -> Self {
        Self {
            source,
            authorities: None,
        }
    }

    /// Takes certificates of these authorities only.
    #[must_use]
    pub fn with_authorities(mut self, authorities: TrustedAuthorities) -> Self {
        self.authorities = Some(authorities);
        self
    }

    /// The certificate of a signature, which is good at this time.
    async fn certificate(
        &self,
        id: &CertificateId,
        now: Timestamp,
    ) -> Result<Parsed, SignatureError> {
        let certificate = || id.clone();
        let bytes = self.source.certificate(id).await?;
        let mut chain = Parsed::read_all(&bytes).map_err(|_| SignatureError::Malformed {
            certificate: certificate(),
        })?;
        let (Some(first), rest) = (chain.first(), chain.len()) else {
            return Err(SignatureError::Malformed {
                certificate: certificate(),
            });
        };
        if !first.is_valid_at(now) {
            return Err(SignatureError::NotValidNow {
                certificate: certificate(),
            });
        }
        if let Some(authorities) = &self.authorities
            && (rest > LONGEST_CHAIN
                || !first.may_sign_data()
                || !authorities.vouch_for(&chain, now))
        {
            return Err(SignatureError::Untrusted {
                certificate: certificate(),
            });
        }
        Ok(chain.swap_remove(0))
    }
}

#[async_trait]
impl SignatureVerifier for CertificateVerifier {
    async fn begin(
        &self,
        signature: &ImageSignature,
        now: Timestamp,
    ) -> Result<Box<dyn SignatureCheck>, SignatureError> {
        let (scheme, hash) = (signature.scheme, signature.hash);
        let id = &signature.certificate;
        let certificate = self.certificate(id, now).await?;
        let key = certificate.key();
        let key = key.ok_or_else(|| SignatureError::UnsupportedKey {
            certificate: id.clone(),
        })?;
        let over = match (scheme, key) {
            (SignatureScheme::Dsa, PublicKey::Dsa(key)) => OverHash::dsa(hash, key),
            (SignatureScheme::Ecdsa, PublicKey::Ec(curve, key)) => {
                OverHash::ecdsa(curve, hash, key)
            }
            (SignatureScheme::RsaPss, PublicKey::Rsa(key)) => OverHash::rsa_pss(hash, key),
            _ => {
                return Err(SignatureError::WrongKey {
                    certificate: id.clone(),
                    scheme,
                });
            }
        };
        Ok(Box::new(Check {
            over: over.ok_or(SignatureError::Unsupported { hash, scheme })?,
            signature: signature.bytes.clone(),
        }))
    }
}

/// A signature, and the key it has to be of.
#[derive(Debug)]
struct Check {
    over: OverHash,
    signature: Vec<u8>,
}

impl SignatureCheck for Check {
    fn verify(self: Box<Self>, hash: &[u8]) -> Result<(), SignatureError> {
        if self.over.verify(hash, &self.signature) {
            Ok(())
        } else {
            Err(SignatureError::Mismatch)
        }
    }
}

/// How many certificates one that is to be trusted may come with.
const LONGEST_CHAIN: usize = 8;
