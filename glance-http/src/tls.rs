//! HTTP clients with the operator's certificates.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use glance_core::ports::BoxError;
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Identity};
use thiserror::Error;

/// Whom TLS believes, and what it shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsOptions {
    /// The authorities that are believed, and no others; by default those of the system.
    pub authorities: Option<PathBuf>,
    /// A certificate that is shown to the server.
    pub certificate: Option<PathBuf>,
    /// Its key, if it is not in the same file.
    pub key: Option<PathBuf>,
    /// Whether any certificate is believed. Whoever is on the way can then be the server.
    pub insecure: bool,
}

/// Why there is no client.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A certificate or key cannot be used.
    #[error("cannot {action} `{}`", path.display())]
    File {
        /// What was to be done with it.
        action: &'static str,
        /// Where it is.
        path: PathBuf,
        /// Why not.
        source: BoxError,
    },
    /// A client cannot be made.
    #[error("the client of {protocol} cannot be set up")]
    Setup {
        /// What it speaks.
        protocol: &'static str,
        /// Why not.
        source: BoxError,
    },
}

impl TlsOptions {
    /// A client that takes nothing from the environment, and follows no redirect: a token is for one
    /// server alone.
    pub(crate) fn client(&self, connect_timeout: Duration) -> Result<Client, TlsError> {
        let mut client = Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .referer(false)
            .connect_timeout(connect_timeout)
            .tls_danger_accept_invalid_certs(self.insecure);
        if let Some(path) = &self.authorities {
            let certificates = Certificate::from_pem_bundle(&read(path)?)
                .map_err(|error| unusable("use the certificates of", path, error))?;
            client = client.tls_certs_only(certificates);
        }
        if let Some(path) = &self.certificate {
            let mut pem = read(path)?;
            if let Some(key) = &self.key {
                pem.push(b'\n');
                pem.extend(read(key)?);
            }
            let identity = Identity::from_pem(&pem)
                .map_err(|error| unusable("use the certificate and the key of", path, error))?;
            client = client.identity(identity);
        }
        client.build().map_err(|error| TlsError::Setup {
            protocol: "HTTP",
            source: error.into(),
        })
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|error| unusable("read", path, error))
}

pub(crate) fn unusable(action: &'static str, path: &Path, source: impl Into<BoxError>) -> TlsError {
    TlsError::File {
        action,
        path: path.to_owned(),
        source: source.into(),
    }
}
