//! Encrypted connections to memcached.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::MemcachedTls;
use crate::tls::{TlsError, unusable};

/// Makes connections encrypted.
#[derive(Clone)]
pub(super) struct Tls(TlsConnector);

impl Tls {
    pub(super) fn new(options: &MemcachedTls) -> Result<Self, TlsError> {
        let setup = |error: rustls::Error| TlsError::Setup {
            protocol: "memcached",
            source: error.into(),
        };
        let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(setup)?;
        let builder = match &options.authorities {
            Some(path) => builder.with_root_certificates(roots(path)?),
            None => builder.with_platform_verifier().map_err(setup)?,
        };
        let config = match &options.certificate {
            None => builder.with_no_client_auth(),
            Some(path) => {
                let key = options.key.as_ref().unwrap_or(path);
                let key = PrivateKeyDer::from_pem_file(key)
                    .map_err(|error| unusable("use the key of", key, error))?;
                builder
                    .with_client_auth_cert(certificates(path)?, key)
                    .map_err(|error| unusable("use the certificate and the key of", path, error))?
            }
        };
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }

    pub(super) async fn encrypted(
        &self,
        host: &str,
        stream: TcpStream,
    ) -> io::Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        self.0.connect(name, stream).await
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

fn roots(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        let added = roots.add(certificate);
        added.map_err(|error| unusable(CERTIFICATES, path, error))?;
    }
    Ok(roots)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    let certificates: Vec<_> = read.map_err(|error| unusable(CERTIFICATES, path, error))?;
    if certificates.is_empty() {
        return Err(unusable(CERTIFICATES, path, "there is none"));
    }
    Ok(certificates)
}

const CERTIFICATES: &str = "use the certificates of";
