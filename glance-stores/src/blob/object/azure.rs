//! Azure Blob Storage.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use glance_core::domain::StoreId;
use object_store::StaticCredentialProvider;
use object_store::azure::{
    AzureAccessKey, AzureCredential, AzureCredentialProvider, MicrosoftAzureBuilder,
};
use object_store::client::HttpConnector;

use super::bridge::{ObjectBridge, Shared, Transfer};
use super::connection::{Connector, client_options, retries};
use super::requests::{Creation, Requests};
use super::signer::Signer;
use super::urls::Urls;
use crate::{OpenError, Secret};

/// A container on Azure Blob Storage. Upstream has no such store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AzureOptions {
    /// The name of the store.
    pub id: StoreId,
    /// The storage account.
    pub account: String,
    /// One of the account's two keys, as Azure shows it (base 64).
    pub access_key: Secret,
    /// The container.
    pub container: String,
    /// Whether a container that is missing is made by an upload.
    pub create_container_on_put: bool,
    /// The URL of the account, where it is not `https://<account>.blob.core.windows.net`.
    pub endpoint: Option<String>,
    /// Bytes of a part. Parts get larger where 10,000 of them would not suffice.
    pub part_size: u64,
    /// How many parts of an upload are on their way at most. Less of them are where they would
    /// take more than 30 MiB of memory.
    pub parts_at_once: usize,
}

impl AzureOptions {
    /// A container, written in parts of 10 MiB.
    pub fn new(
        id: StoreId,
        account: impl Into<String>,
        access_key: Secret,
        container: impl Into<String>,
    ) -> Self {
        Self {
            id,
            account: account.into(),
            access_key,
            container: container.into(),
            create_container_on_put: false,
            endpoint: None,
            part_size: 10 << 20,
            parts_at_once: 10,
        }
    }

    fn check(&self) -> Result<(), OpenError> {
        let is_name = |name: &str| !name.is_empty() && !name.contains(['/', '@', '?', '#']);
        let wrong = if !is_name(&self.account) {
            "the account has no name"
        } else if !is_name(&self.container) {
            "the container has no name"
        } else if self
            .endpoint
            .as_ref()
            .is_some_and(|url| url.contains(['@', '?']))
        {
            "the endpoint is a URL and nothing else; the key has an option of its own"
        } else if self.part_size == 0 || self.parts_at_once == 0 {
            "the size of parts and their number at once must be at least 1"
        } else {
            return Ok(());
        };
        Err(OpenError::options(&self.id, wrong))
    }
}

impl ObjectBridge {
    /// Image data in a container on Azure Blob Storage: `azure://<account>/<container>/<image id>`.
    /// Nothing is asked of the server yet.
    ///
    /// ```
    /// use glance_stores::{AzureOptions, ObjectBridge};
    ///
    /// let key = "c2VjcmV0".into();
    /// let options = AzureOptions::new("azure".parse()?, "account", key, "images");
    /// let store = ObjectBridge::open_azure(options)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`OpenError`] says what does not fit.
    pub fn open_azure(options: AzureOptions) -> Result<Self, OpenError> {
        options.check()?;
        let key = AzureAccessKey::try_new(options.access_key.reveal());
        let key = key.map_err(|_| OpenError::options(&options.id, "the key is not base 64"))?;
        let credentials: AzureCredentialProvider = Arc::new(StaticCredentialProvider::new(
            AzureCredential::AccessKey(key),
        ));
        let signer = Signer::Azure {
            credentials: Arc::clone(&credentials),
            account: options.account.clone(),
        };
        let connector = Connector {
            condition: Some(signer.clone()),
        };
        let failed = |error| OpenError::options(&options.id, error);
        let client = connector.connect(&client_options()).map_err(failed)?;
        let endpoint = options
            .endpoint
            .clone()
            .unwrap_or_else(|| format!("https://{}.blob.core.windows.net", options.account));
        let objects = MicrosoftAzureBuilder::new()
            .with_account(&options.account)
            .with_client_options(client_options())
            .with_container_name(&options.container)
            .with_credentials(credentials)
            .with_endpoint(endpoint.clone())
            .with_http_connector(connector)
            .with_retry(retries())
            .build()
            .map_err(failed)?;
        let creation = Creation {
            query: "?restype=container",
            body: String::new(),
        };
        let requests = Requests {
            client,
            signer,
            bucket: format!("{}/{}", endpoint.trim_end_matches('/'), options.container),
            creation: options.create_container_on_put.then_some(creation),
        };
        let place = format!("{}/{}", options.account, options.container);
        Ok(Self::new(Shared {
            id: options.id,
            objects: Arc::new(objects),
            urls: Urls::new(vec!["azure"], place),
            transfer: Transfer {
                large: options.part_size,
                chunk_size: options.part_size,
                at_once: options.parts_at_once,
            },
            requests,
            // Azure shows no blocks but those of a blob whose name is known, and none alone.
            lists_uploads: AtomicBool::new(false),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(account: &str, container: &str, key: &str) -> AzureOptions {
        AzureOptions::new("azure".parse().unwrap(), account, key.into(), container)
    }

    #[test]
    fn neither_options_nor_store_nor_errors_print_the_key() {
        let canary = "Y2FuYXJ5Y2FuYXJ5";
        let fine = options("account", "images", canary);
        let wrong = [
            options("", "images", canary),
            options("account", "images/other", canary),
            options("account", "images", "Y2FuYXJ5Y2FuYXJ5!"),
            AzureOptions {
                part_size: 0,
                ..fine.clone()
            },
        ];

        let store = ObjectBridge::open_azure(fine.clone()).unwrap();
        let mut table = String::new();
        for options in wrong {
            table += &format!("{}\n", ObjectBridge::open_azure(options).unwrap_err());
        }

        let text = format!("{fine:?} {store:?} {store:#?} {table}");
        assert!(!text.contains(canary), "{text}");
        assert!(!text.contains("canary"), "{text}");
        expect_test::expect![[r#"
            store `azure` cannot be used: the account has no name
            store `azure` cannot be used: the container has no name
            store `azure` cannot be used: the key is not base 64
            store `azure` cannot be used: the size of parts and their number at once must be at least 1
        "#]]
        .assert_eq(&table);
    }
}
