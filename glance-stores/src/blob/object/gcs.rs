//! Google Cloud Storage.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use glance_core::domain::StoreId;
use object_store::client::HttpConnector;
use object_store::gcp::GoogleCloudStorageBuilder;

use super::bridge::{ObjectBridge, Shared, Transfer};
use super::connection::{Connector, client_options, retries};
use super::requests::Requests;
use super::signer::Signer;
use super::urls::Urls;
use crate::{OpenError, Secret};

/// A bucket on Google Cloud Storage. Upstream has no such store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GcsOptions {
    /// The name of the store.
    pub id: StoreId,
    /// The bucket. It must exist.
    pub bucket: String,
    /// Who Google is to take us for.
    pub credentials: GcsCredentials,
    /// The URL of the service, where it is not `https://storage.googleapis.com`.
    pub endpoint: Option<String>,
    /// Bytes of a part, 5 MiB or more. Parts get larger where 10,000 of them would not suffice.
    pub part_size: u64,
    /// How many parts of an upload are on their way at most. Less of them are where they would
    /// take more than 30 MiB of memory.
    pub parts_at_once: usize,
}

/// Who Google is to take us for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum GcsCredentials {
    /// The service account whose key is in a file (JSON).
    ServiceAccountFile(PathBuf),
    /// The service account with this key (JSON).
    ServiceAccountKey(Secret),
}

impl GcsOptions {
    /// A bucket, written in parts of 10 MiB.
    pub fn new(id: StoreId, bucket: impl Into<String>, credentials: GcsCredentials) -> Self {
        Self {
            id,
            bucket: bucket.into(),
            credentials,
            endpoint: None,
            part_size: 10 << 20,
            parts_at_once: 10,
        }
    }

    fn check(&self) -> Result<(), OpenError> {
        let wrong = if self.bucket.is_empty() || self.bucket.contains(['/', '@', '?', '#']) {
            "the bucket has no name"
        } else if self.part_size < LEAST_PART {
            "a part must have at least 5 MB"
        } else if self.parts_at_once == 0 {
            "at least one part must be allowed at once"
        } else {
            return Ok(());
        };
        Err(OpenError::options(&self.id, wrong))
    }

    fn key(&self) -> Result<String, OpenError> {
        match &self.credentials {
            GcsCredentials::ServiceAccountFile(path) => std::fs::read_to_string(path)
                .map_err(|error| OpenError::failed("read", path, error)),
            GcsCredentials::ServiceAccountKey(key) => Ok(key.reveal().to_owned()),
        }
    }
}

impl ObjectBridge {
    /// Image data in a bucket on Google Cloud Storage: `gs://<bucket>/<image id>`. Nothing is asked
    /// of the server yet.
    ///
    /// # Errors
    /// [`OpenError`] says what does not fit, or which file cannot be read.
    pub fn open_gcs(options: GcsOptions) -> Result<Self, OpenError> {
        options.check()?;
        let endpoint = options.endpoint.as_deref().unwrap_or(ENDPOINT);
        let endpoint = endpoint.trim_end_matches('/');
        // An upload in parts is completed without a condition: Google knows none there.
        let connector = Connector { condition: None };
        let client = connector.connect(&client_options());
        let client = client.map_err(|error| OpenError::options(&options.id, error))?;
        let objects = GoogleCloudStorageBuilder::new()
            .with_base_url(endpoint)
            .with_bucket_name(&options.bucket)
            .with_client_options(client_options())
            .with_http_connector(connector)
            .with_retry(retries())
            .with_service_account_key(options.key()?)
            .build();
        // What is wrong with a key may be told with a piece of it.
        let objects = objects
            .map_err(|_| OpenError::options(&options.id, "the key of the account is no key"))?;
        let requests = Requests {
            client,
            signer: Signer::Gcs {
                credentials: Arc::clone(objects.credentials()),
            },
            bucket: format!("{endpoint}/{}", options.bucket),
            creation: None,
        };
        Ok(Self::new(Shared {
            id: options.id,
            objects: Arc::new(objects),
            urls: Urls::new(vec!["gs"], options.bucket),
            transfer: Transfer {
                large: options.part_size,
                chunk_size: options.part_size,
                at_once: options.parts_at_once,
            },
            requests,
            lists_uploads: AtomicBool::new(true),
        }))
    }
}

const ENDPOINT: &str = "https://storage.googleapis.com";

/// What Google takes, but for the last part.
const LEAST_PART: u64 = 5 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_options_nor_errors_print_the_key() {
        let id = || "gcs".parse().unwrap();
        for key in [
            "canary",
            r#"{"private_key": "canary", "client_email": "a@b"}"#,
        ] {
            let credentials = GcsCredentials::ServiceAccountKey(key.into());
            let options = GcsOptions::new(id(), "images", credentials);

            let opened = ObjectBridge::open_gcs(options.clone());

            let text = format!("{options:?} {opened:?} {opened:#?}");
            assert!(!text.contains("canary"), "{text}");
        }
    }

    #[test]
    fn options_that_do_not_fit_are_named() {
        let key = || GcsCredentials::ServiceAccountFile("/nonexistent".into());
        let fine = GcsOptions::new("gcs".parse().unwrap(), "images", key());
        let wrong = [
            fine.clone(),
            GcsOptions {
                bucket: String::new(),
                ..fine.clone()
            },
            GcsOptions {
                part_size: 1,
                ..fine.clone()
            },
            GcsOptions {
                parts_at_once: 0,
                ..fine
            },
        ];

        let mut table = String::new();
        for options in wrong {
            table += &format!("{}\n", ObjectBridge::open_gcs(options).unwrap_err());
        }

        expect_test::expect![[r#"
            cannot read /nonexistent: No such file or directory (os error 2)
            store `gcs` cannot be used: the bucket has no name
            store `gcs` cannot be used: a part must have at least 5 MB
            store `gcs` cannot be used: at least one part must be allowed at once
        "#]]
        .assert_eq(&table);
    }
}
