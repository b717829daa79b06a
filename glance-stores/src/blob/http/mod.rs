//! Image data on web servers, as it stands there: read-only.

mod error;
mod reader;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use glance_core::domain::{BlobUrl, ByteRange, ImageId, StoreId};
use glance_core::ports::{
    BlobKey, BlobWriter, ByteStream, Capabilities, ImageStore, Operation, StoreError,
};
use url::Url;

use self::reader::Reader;
use crate::OpenError;
use crate::guard::{AllowList, Deadlines, Guard, GuardOptions, ProxyAddress, Redirects, Trust};

/// What an HTTP store may reach, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpOptions {
    /// The name of the store.
    pub id: StoreId,
    /// What is allowed beyond the rules: by themselves, they allow ports 80 and 443 of hosts
    /// whose every address is public.
    pub allowed: AllowList,
    /// The proxy of a scheme (`http`, `https`): `http_proxy_information`. A proxy resolves names
    /// by itself, so that where they lead is for the proxy to judge. None is taken from the
    /// environment.
    pub proxies: BTreeMap<String, ProxyAddress>,
    /// The authorities whose certificates are believed, and no others:
    /// `https_ca_certificates_file`.
    pub ca_certificates: Option<PathBuf>,
    /// Whether all certificates are believed where no authorities are named: `https_insecure`.
    pub insecure: bool,
}

/// Image data on web servers: every `http` and `https` URL is a location of this store.
///
/// It reads exact bytes or none (rule R12). A server that answers a range with the whole blob is
/// refused as [`StoreError::Unsupported`]: to skip what was not asked for would move the whole
/// blob for each range. Redirects are followed as upstream does: 301 and 302, at most 5.
///
/// Whoever adds a location chooses what this process connects to, so that everything goes through
/// one guard (rule R3). What the guard refuses is [`StoreError::Forbidden`].
///
/// ```
/// use std::collections::BTreeMap;
/// use glance_core::domain::BlobUrl;
/// use glance_core::ports::ImageStore;
/// use glance_stores::{AllowList, HttpOptions, HttpStore};
///
/// let store = HttpStore::open(HttpOptions {
///     id: "http".parse()?,
///     allowed: AllowList { networks: vec!["10.20.0.0/16".parse()?], ..AllowList::default() },
///     proxies: BTreeMap::new(),
///     ca_certificates: None,
///     insecure: false,
/// })?;
/// assert!(store.owns(&BlobUrl::new("https://images.example/ubuntu.img")));
/// assert!(!store.capabilities().write);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct HttpStore {
    id: StoreId,
    guard: Guard,
}

impl HttpStore {
    /// Opens the store. Nothing is connected to.
    ///
    /// # Errors
    /// [`OpenError`] names the option that cannot be used.
    pub fn open(options: HttpOptions) -> Result<Self, OpenError> {
        let trust = match (options.ca_certificates, options.insecure) {
            (Some(file), _) => Trust::File(file),
            (None, true) => Trust::Anything,
            (None, false) => Trust::System,
        };
        let guard = Guard::new(GuardOptions {
            allowed: options.allowed,
            filter: None,
            redirects: REDIRECTS,
            deadlines: DEADLINES,
            most_bytes: None,
            trust,
            proxies: options.proxies,
        })?;
        Ok(Self {
            id: options.id,
            guard,
        })
    }

    fn reader<'s>(
        &'s self,
        location: &'s BlobUrl,
        operation: Operation,
    ) -> Result<Reader<'s>, StoreError> {
        let url = parse(location).ok_or_else(|| StoreError::NotFound {
            store: self.id.clone(),
            location: location.clone(),
        })?;
        Ok(Reader {
            store: &self.id,
            guard: &self.guard,
            location,
            operation,
            url,
        })
    }

    fn unsupported(&self, operation: Operation) -> StoreError {
        StoreError::Unsupported {
            store: self.id.clone(),
            operation,
        }
    }
}

#[async_trait]
impl ImageStore for HttpStore {
    fn id(&self) -> &StoreId {
        &self.id
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            write: false,
            delete: false,
            ranges: true,
            list: false,
        }
    }

    fn owns(&self, location: &BlobUrl) -> bool {
        parse(location).is_some()
    }

    async fn start(&self, _key: &BlobKey) -> Result<Box<dyn BlobWriter>, StoreError> {
        Err(self.unsupported(Operation::Write))
    }

    async fn read(
        &self,
        location: &BlobUrl,
        range: Option<ByteRange>,
    ) -> Result<ByteStream, StoreError> {
        match range {
            None => self.reader(location, Operation::Read)?.whole().await,
            Some(range) => {
                let reader = self.reader(location, Operation::ReadRange)?;
                reader.range(range).await
            }
        }
    }

    async fn size(&self, location: &BlobUrl) -> Result<u64, StoreError> {
        self.reader(location, Operation::Size)?.size().await
    }

    async fn delete(&self, _location: &BlobUrl) -> Result<(), StoreError> {
        Err(self.unsupported(Operation::Delete))
    }

    /// Nothing is ever written, so that there is nothing to remove.
    async fn discard(&self, _key: &BlobKey) -> Result<(), StoreError> {
        Ok(())
    }

    /// Nothing is ever written, so that there is nothing to remove.
    async fn vacate(&self, _image: ImageId) -> Result<(), StoreError> {
        Ok(())
    }

    /// Nothing is ever written, so that there is nothing to remove.
    async fn sweep(&self, _idle: Duration) -> Result<usize, StoreError> {
        Ok(0)
    }
}

fn parse(location: &BlobUrl) -> Option<Url> {
    let url = Url::parse(location.as_str()).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
}

/// As upstream follows them.
const REDIRECTS: Redirects = Redirects {
    statuses: &[301, 302],
    most: 5,
};

/// Images are large: as a whole they may take however long they take.
const DEADLINES: Deadlines = Deadlines {
    answer: Duration::from_secs(30),
    idle: Duration::from_secs(60),
    total: None,
};
