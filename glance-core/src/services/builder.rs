//! Putting a service together.

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use super::at_work::{AtWork, Room};
use super::glance::{Glance, Settings};
use super::stores::Stores;
use super::turns::Turns;
use crate::domain::policy::{Protections, Rules};
use crate::domain::{Holder, ImageId, StoreId};
use crate::ports::{
    Catalog, Clock, Executor, IdSource, ImageServices, ImportPlugin, LimitSource, MetadefCatalog,
    Policy, RemoteImages, SignatureVerifier, WebSource,
};

/// Time, ids and work beside the request.
#[derive(Debug, Clone)]
pub struct Runtime {
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Work beside the request.
    pub executor: Arc<dyn Executor>,
    /// Where new ids come from.
    pub ids: Arc<dyn IdSource>,
}

/// Puts a [`Glance`] together.
#[derive(Debug)]
pub struct GlanceBuilder {
    catalog: Arc<dyn Catalog>,
    metadefs: Option<Arc<dyn MetadefCatalog>>,
    stores: Stores,
    runtime: Runtime,
    policy: Arc<dyn Policy>,
    protections: Option<Arc<Protections>>,
    limits: Option<Arc<dyn LimitSource>>,
    web: Option<Arc<dyn WebSource>>,
    remote: Option<(Arc<dyn ImageServices>, Arc<dyn RemoteImages>)>,
    plugins: Vec<Arc<dyn ImportPlugin>>,
    signatures: Option<Arc<dyn SignatureVerifier>>,
    settings: Settings,
    node: Option<String>,
}

impl GlanceBuilder {
    /// A service with its rows in `catalog` and its bytes in one store, or in [`Stores`].
    pub fn new(catalog: Arc<dyn Catalog>, stores: impl Into<Stores>, runtime: Runtime) -> Self {
        Self {
            catalog,
            metadefs: None,
            stores: stores.into(),
            runtime,
            policy: Arc::new(Rules::default()),
            protections: None,
            limits: None,
            web: None,
            remote: None,
            plugins: Vec::new(),
            signatures: None,
            settings: Settings::default(),
            node: None,
        }
    }

    /// Keeps metadata definitions in a catalog. Without, the service has none.
    #[must_use]
    pub fn with_metadefs(mut self, metadefs: Arc<dyn MetadefCatalog>) -> Self {
        self.metadefs = Some(metadefs);
        self
    }

    /// Decides who may do what. The default is OpenStack's own rules.
    #[must_use]
    pub fn with_policy(mut self, policy: Arc<dyn Policy>) -> Self {
        self.policy = policy;
        self
    }

    /// Says who may touch which custom properties. Without, whoever may edit an image may touch all
    /// of them.
    #[must_use]
    pub fn with_protections(mut self, protections: Arc<Protections>) -> Self {
        self.protections = Some(protections);
        self
    }

    /// Says what projects may have. Without, [`Quotas::project`](crate::domain::Quotas::project) is
    /// for every project.
    #[must_use]
    pub fn with_limits(mut self, limits: Arc<dyn LimitSource>) -> Self {
        self.limits = Some(limits);
        self
    }

    /// Reads data from the web, for imports. Without, none is imported from there.
    #[must_use]
    pub fn with_web_source(mut self, web: Arc<dyn WebSource>) -> Self {
        self.web = Some(web);
        self
    }

    /// Reads images of other Glances, for imports: where they are, and what they hold. Without, none
    /// is imported from there.
    #[must_use]
    pub fn with_remote_images(
        mut self,
        services: Arc<dyn ImageServices>,
        images: Arc<dyn RemoteImages>,
    ) -> Self {
        self.remote = Some((services, images));
        self
    }

    /// What data of imports passes on its way to the stores, in order. Copies between stores pass
    /// nothing.
    #[must_use]
    pub fn with_plugins(mut self, plugins: Vec<Arc<dyn ImportPlugin>>) -> Self {
        self.plugins = plugins;
        self
    }

    /// Says whether data bears its signature. Without, no image that names one takes data.
    #[must_use]
    pub fn with_signatures(mut self, signatures: Arc<dyn SignatureVerifier>) -> Self {
        self.signatures = Some(signatures);
        self
    }

    /// Sets limits, formats and the hash.
    #[must_use]
    pub fn with_settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Names this node. No two living processes may bear one name: what an earlier process of
    /// this name left unfinished is then taken over at once, not when its lease ends.
    #[must_use]
    pub fn with_node(mut self, name: impl Into<String>) -> Self {
        self.node = Some(name.into());
        self
    }

    /// The service.
    ///
    /// # Errors
    /// [`BuildError`] names the setting that makes no sense.
    pub fn build(self) -> Result<Glance, BuildError> {
        if self.settings.lease < MIN_LEASE {
            return Err(BuildError::LeaseTooShort {
                lease: self.settings.lease,
            });
        }
        if self.settings.pages.default == 0 || self.settings.pages.max == 0 {
            return Err(BuildError::EmptyPages);
        }
        let process = ImageId::from_bits(self.runtime.ids.next_bits()).to_string();
        let at_once = self.settings.import.at_once.max(1);
        let room = Room {
            of_all: at_once,
            of_one: at_once.div_ceil(2),
        };
        let node = self.node.unwrap_or_else(|| process.clone());
        Ok(Glance {
            catalog: self.catalog,
            metadefs: self.metadefs,
            stores: Arc::new(self.stores),
            policy: self.policy,
            protections: self.protections,
            limits: self.limits,
            web: self.web,
            remote: self.remote,
            plugins: self.plugins.into(),
            signatures: self.signatures,
            runtime: self.runtime,
            settings: Arc::new(self.settings),
            holder: Arc::new(Holder { node, process }),
            at_work: AtWork::default(),
            hashing: AtWork::default(),
            importing: Turns::new(room),
        })
    }
}

/// Shorter leases would end between two signs of life on a busy machine.
const MIN_LEASE: Duration = Duration::from_secs(1);

/// A setting that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Clients could not tell the stores apart.
    #[error("two stores have the name `{store}`")]
    DuplicateStore {
        /// The name.
        store: StoreId,
    },
    /// A page holds at least one image.
    #[error("pages of lists hold at least 1 image: pages.default and pages.max are not 0")]
    EmptyPages,
    /// A lease has to outlive a pause of its holder.
    #[error("a lease of {lease:?} is too short: it takes {MIN_LEASE:?} or more")]
    LeaseTooShort {
        /// What was set.
        lease: Duration,
    },
    /// Data that is for no store in particular has to go somewhere.
    #[error("the default store `{store}` is none of the stores")]
    UnknownDefaultStore {
        /// The name.
        store: StoreId,
    },
}
