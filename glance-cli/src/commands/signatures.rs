//! From a configuration to who verifies signatures of image data.

use std::sync::Arc;

use glance_core::Runtime;
use glance_core::ports::{CertificateSource, SignatureVerifier};
use glance_http::keystone::BarbicanCertificates;
use glance_stores::{CertificateFolder, CertificateVerifier, TrustedAuthorities};

use super::identity::session;
use super::operator::OperatorError;
use crate::config::{Certificates, SignatureConfig};

/// Who verifies signatures, if it is said where certificates are.
///
/// # Errors
///
/// A certificate or a key cannot be used.
pub(super) fn verifier(
    signatures: &SignatureConfig,
    runtime: &Runtime,
) -> Result<Option<Arc<dyn SignatureVerifier>>, OperatorError> {
    let source: Arc<dyn CertificateSource> = match &signatures.certificates {
        Certificates::None => return Ok(None),
        Certificates::Folder(path) => Arc::new(CertificateFolder::new(path)),
        Certificates::Barbican(barbican) => {
            let session = session("barbican_service_user", &barbican.session, runtime)?;
            let endpoint = barbican.endpoint.clone();
            Arc::new(BarbicanCertificates::new(session, endpoint))
        }
    };
    let verifier = CertificateVerifier::new(source);
    Ok(Some(match &signatures.roots {
        None => Arc::new(verifier),
        Some(path) => Arc::new(verifier.with_authorities(TrustedAuthorities::read(path)?)),
    }))
}
