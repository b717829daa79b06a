//! The image service, which holds the ports.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::inspect::InspectionRules;
use crate::domain::policy::Protections;
use crate::domain::query::PageLimits;
use crate::domain::{Formats, HashAlgorithm, Holder, ImportMethod, Quotas, Timestamp};
use crate::ports::{
    Catalog, ImageServices, ImportPlugin, LimitSource, MetadefCatalog, Policy, RemoteImages,
    SignatureVerifier, WebSource,
};

use super::at_work::AtWork;
use super::builder::Runtime;
use super::stores::Stores;
use super::turns::Turns;

/// The image service. Cloning it is cheap; all clones are one service.
#[derive(Debug, Clone)]
pub struct Glance {
    pub(super) catalog: Arc<dyn Catalog>,
    pub(super) metadefs: Option<Arc<dyn MetadefCatalog>>,
    pub(super) stores: Arc<Stores>,
    pub(super) policy: Arc<dyn Policy>,
    pub(super) protections: Option<Arc<Protections>>,
    pub(super) limits: Option<Arc<dyn LimitSource>>,
    pub(super) web: Option<Arc<dyn WebSource>>,
    pub(super) remote: Option<(Arc<dyn ImageServices>, Arc<dyn RemoteImages>)>,
    pub(super) plugins: Arc<[Arc<dyn ImportPlugin>]>,
    pub(super) signatures: Option<Arc<dyn SignatureVerifier>>,
    pub(super) runtime: Runtime,
    pub(super) settings: Arc<Settings>,
    pub(super) holder: Arc<Holder>,
    pub(super) at_work: AtWork,
    /// The part of it that reads data for its hash.
    pub(super) hashing: AtWork,
    /// Imports that read data, and those that wait for that.
    pub(super) importing: Turns,
}

impl Glance {
    /// How the service is set up.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Where data is kept.
    pub fn stores(&self) -> &Stores {
        &self.stores
    }

    pub(super) fn now(&self) -> Timestamp {
        self.runtime.clock.now()
    }
}

/// How a service is set up. The defaults are upstream's, where it has any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Whether the data of a deleted image stays until a [`Scrubber`](crate::Scrubber) removes it.
    pub delayed_delete: bool,
    /// Formats that are accepted.
    pub formats: Formats,
    /// The hash that is computed beside MD5: `hashing_algorithm`.
    pub hash: HashAlgorithm,
    /// How images are imported.
    pub import: ImportSettings,
    /// How strictly data is held against the format it is said to have.
    pub inspection: InspectionRules,
    /// What becomes of data that somebody else wrote.
    pub locations: LocationSettings,
    /// How long work on a blob stays with a process that shows no sign of life.
    pub lease: Duration,
    /// How long pages are.
    pub pages: PageLimits,
    /// Limits.
    pub quotas: Quotas,
    /// How long a task is told of after its end: `task_time_to_live`.
    pub task_lifetime: Duration,
    /// How long an image that nobody gives data to, or changes, stays queued; `None` is for ever,
    /// as in upstream. Then it is deleted, unless it is protected (rule R15). Staged data that
    /// nobody imports is kept as long, and then the image is queued again.
    pub queued_lifetime: Option<Duration>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            delayed_delete: false,
            formats: Formats::default(),
            hash: HashAlgorithm::default(),
            import: ImportSettings::default(),
            inspection: InspectionRules::default(),
            locations: LocationSettings::default(),
            lease: Duration::from_secs(30),
            pages: PageLimits::default(),
            quotas: Quotas::default(),
            task_lifetime: Duration::from_secs(48 * 3600),
            queued_lifetime: Some(Duration::from_secs(30 * 24 * 3600)),
        }
    }
}

/// How images are imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportSettings {
    /// How many a node runs at a time: `task_pool_threads`. The others wait for their turn. Of one
    /// project there are half as many, so that it does not hold up the others.
    pub at_once: usize,
    /// To how many stores data is written at a time: `max_parallel_stores`. More are filled from
    /// those.
    pub max_parallel_stores: usize,
    /// The ways that are offered, where the service has what they take: `enabled_import_methods`.
    pub methods: Vec<ImportMethod>,
    /// How names of properties begin that come with images of other Glances: `extra_properties` of
    /// `[glance_download_properties]`.
    pub remote_properties: Vec<String>,
    /// Where other nodes ask this one for what is staged here: `worker_self_reference_url`, or else
    /// `public_endpoint`. Nodes that share a staging area may have one in common, or none.
    pub self_reference: Option<String>,
}

impl Default for ImportSettings {
    fn default() -> Self {
        Self {
            at_once: 16,
            max_parallel_stores: 1,
            methods: ImportMethod::DEFAULT.to_vec(),
            remote_properties: REMOTE_PROPERTIES.map(str::to_owned).to_vec(),
            self_reference: None,
        }
    }
}

/// What becomes of data that somebody else wrote and a caller gives a location of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocationSettings {
    /// Whether it is read for its hash (rule R13): `do_secure_hash`.
    pub is_hashed: bool,
    /// How often that is tried: `http_retries`; once at least.
    pub hash_attempts: u32,
}

impl Default for LocationSettings {
    fn default() -> Self {
        Self {
            is_hashed: true,
            hash_attempts: 3,
        }
    }
}

const REMOTE_PROPERTIES: [&str; 5] = ["hw_", "trait:", "os_distro", "os_secure_boot", "os_type"];
