//! Data from web servers, for imports.

mod download;
mod error;
mod pace;
mod validator;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use glance_core::domain::UriFilter;
use glance_core::ports::{Incoming, SourceError, WebSource};
use reqwest::header::HeaderMap;
use url::Url;

pub(super) use self::download::{Asked, Download, Patience};
pub(super) use self::error::{broken_off, refused, unusable};
pub use self::pace::Pace;
use crate::guard::{AllowList, Deadlines, Guard, GuardOptions, Network, Redirects, Trust};
use crate::{OpenError, Retries};

/// What imports may read from the web, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpSourceOptions {
    /// What an operator lets be asked: `[import_filtering_opts]`.
    pub filter: UriFilter,
    /// Hosts, as they stand in URIs, that may be at any address; others have to be at public ones.
    pub hosts: Vec<String>,
    /// Networks that any host may be in.
    pub networks: Vec<Network>,
    /// How often a body that broke off is taken up until so much came again as [`Pace`] asks for,
    /// and how long the waits before are.
    pub retries: Retries,
    /// How slowly data may come.
    pub pace: Pace,
}

impl HttpSourceOptions {
    /// What the filter lets be asked at public addresses. A body is taken up for minutes.
    pub fn new(filter: UriFilter) -> Self {
        Self {
            filter,
            hosts: Vec::new(),
            networks: Vec::new(),
            retries: Retries {
                tries: 8,
                backoff: Duration::from_secs(2),
                most: Duration::from_secs(60),
            },
            pace: Pace::default(),
        }
    }

    pub(super) fn patience(&self) -> Patience {
        Patience {
            retries: self.retries,
            pace: self.pace,
        }
    }

    /// What holds everybody to it.
    pub(super) fn guard(self, redirects: Redirects) -> Result<Guard, OpenError> {
        Guard::new(GuardOptions {
            allowed: AllowList {
                hosts: self.hosts,
                networks: self.networks,
                ports: Vec::new(),
            },
            filter: Some(self.filter),
            redirects,
            deadlines: DEADLINES,
            most_bytes: None,
            trust: Trust::System,
            proxies: BTreeMap::new(),
        })
    }
}

/// Data from web servers: `web-download`.
///
/// Users choose what this process connects to, so that everything goes through the guard of the
/// HTTP store (rule R3). Every redirect is judged by the filter and the guard, and every address
/// that a name leads to. Nothing is taken from the environment: no proxy either.
///
/// A body that breaks off is asked for again from there, if the server told by which it can be
/// known to be the same (RFC 9110 §13.1.5). One that comes too slowly is given up.
///
/// ```
/// use glance_core::domain::{UriFilter, UriFilterOptions};
/// use glance_core::ports::WebSource;
/// use glance_stores::{HttpSource, HttpSourceOptions};
///
/// let filter = UriFilter::new(UriFilterOptions::default())?;
/// let source = HttpSource::open(HttpSourceOptions::new(filter))?;
/// assert!(source.check("https://images.example/ubuntu.img").is_ok());
/// assert!(source.check("http://169.254.169.254/latest/meta-data/").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct HttpSource {
    guard: Arc<Guard>,
    patience: Patience,
}

impl HttpSource {
    /// Opens the source. Nothing is connected to.
    ///
    /// # Errors
    /// [`OpenError`] names the option that cannot be used.
    pub fn open(options: HttpSourceOptions) -> Result<Self, OpenError> {
        let patience = options.patience();
        let guard = Arc::new(options.guard(REDIRECTS)?);
        Ok(Self { guard, patience })
    }

    fn url(&self, uri: &str) -> Result<Url, SourceError> {
        let url = Url::parse(uri).map_err(|_| SourceError::Forbidden {
            reason: "it is not a URI".to_owned(),
        })?;
        self.guard.judge(&url).map_err(refused)?;
        Ok(url)
    }
}

#[async_trait]
impl WebSource for HttpSource {
    fn check(&self, uri: &str) -> Result<(), SourceError> {
        self.url(uri).map(drop)
    }

    async fn open(&self, uri: &str) -> Result<Incoming, SourceError> {
        let url = self.url(uri)?;
        let asked = Asked {
            url,
            headers: HeaderMap::new(),
            is_checked: false,
        };
        let download = Download::begin(Arc::clone(&self.guard), asked, self.patience).await?;
        Ok(Incoming {
            size: download.size(),
            body: download.into_bytes(),
        })
    }
}

/// As upstream's client follows them.
const REDIRECTS: Redirects = Redirects {
    statuses: &[301, 302, 303, 307, 308],
    most: 10,
};

/// Images are large: as a whole they may take however long they take at the slowest [`Pace`].
const DEADLINES: Deadlines = Deadlines {
    answer: Duration::from_secs(30),
    idle: Duration::from_secs(60),
    total: None,
};
