//! Certificates in files.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use async_trait::async_trait;
use bytes::Bytes;
use glance_core::domain::CertificateId;
use glance_core::ports::{CertificateSource, SignatureError};
use tokio::task::spawn_blocking;

use super::MOST_BYTES;

/// A folder of certificates, each in a file that is named after its id in lower case, with `.pem`.
/// Files are read whenever they are needed: one that is removed counts no more.
#[derive(Debug, Clone)]
pub struct CertificateFolder {
    path: PathBuf,
}

impl CertificateFolder {
    /// The certificates in a folder. It need not be there yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }
}

#[async_trait]
impl CertificateSource for CertificateFolder {
    async fn certificate(&self, id: &CertificateId) -> Result<Bytes, SignatureError> {
        let path = self.path.join(format!("{id}.pem"));
        let read = spawn_blocking(move || {
            let mut bytes = Vec::new();
            File::open(path)?
                .take(MOST_BYTES + 1)
                .read_to_end(&mut bytes)?;
            Ok::<_, io::Error>(bytes)
        });
        let read = read
            .await
            .unwrap_or_else(|error| Err(io::Error::other(error)));
        let certificate = id.clone();
        match read {
            Ok(bytes) if bytes.len() as u64 > MOST_BYTES => {
                Err(SignatureError::Malformed { certificate })
            }
            Ok(bytes) => Ok(bytes.into()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(SignatureError::NotFound { certificate })
            }
            Err(error) => Err(SignatureError::Unavailable {
                certificate,
                keeper: "the folder of certificates",
                source: error.into(),
            }),
        }
    }
}
