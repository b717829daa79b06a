//! A whole service in memory.

use std::sync::Arc;

use super::{MemoryCatalog, MemoryStore, VirtualClock};
use crate::domain::StoreId;
use crate::domain::policy::Protections;
use crate::ports::{
    Catalog, ImageStore, LimitSource, MetadefCatalog, Policy, SignatureVerifier, WebSource,
};
use crate::{BuildError, Glance, GlanceBuilder, Settings, Stores};

/// A whole service in memory; its parts can be looked at and handled from outside.
///
/// Ids follow from a seed and time stands still until [`clock`](Self::clock) is moved.
#[derive(Debug)]
pub struct MemoryGlance {
    /// Its rows.
    pub catalog: Arc<MemoryCatalog>,
    /// Its time.
    pub clock: VirtualClock,
    /// Its bytes.
    pub store: Arc<MemoryStore>,
    /// Bytes that are to be imported.
    pub staging: Arc<MemoryStore>,
    seed: u64,
    settings: Settings,
    policy: Option<Arc<dyn Policy>>,
    protections: Option<Arc<Protections>>,
    limits: Option<Arc<dyn LimitSource>>,
    signatures: Option<Arc<dyn SignatureVerifier>>,
    web: Option<Arc<dyn WebSource>>,
}

impl MemoryGlance {
    /// An empty service.
    pub fn new() -> Self {
        Self {
            catalog: Arc::new(MemoryCatalog::default()),
            clock: VirtualClock::default(),
            store: Arc::new(MemoryStore::default()),
            staging: Arc::new(MemoryStore::new(StoreId::literal(
                "os_glance_staging_store",
            ))),
            seed: 0,
            settings: Settings::default(),
            policy: None,
            protections: None,
            limits: None,
            signatures: None,
            web: None,
        }
    }

    /// Takes ids from another seed.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets limits, formats and the hash.
    #[must_use]
    pub fn with_settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Decides who may do what.
    #[must_use]
    pub fn with_policy(mut self, policy: Arc<dyn Policy>) -> Self {
        self.policy = Some(policy);
        self
    }

    /// Says who may touch which custom properties.
    #[must_use]
    pub fn with_protections(mut self, protections: Protections) -> Self {
        self.protections = Some(Arc::new(protections));
        self
    }

    /// Says what projects may have.
    #[must_use]
    pub fn with_limits(mut self, limits: Arc<dyn LimitSource>) -> Self {
        self.limits = Some(limits);
        self
    }

    /// Says whether data bears its signature.
    #[must_use]
    pub fn with_signatures(mut self, signatures: Arc<dyn SignatureVerifier>) -> Self {
        self.signatures = Some(signatures);
        self
    }

    /// Reads data from the web for imports.
    #[must_use]
    pub fn with_web_source(mut self, web: Arc<dyn WebSource>) -> Self {
        self.web = Some(web);
        self
    }

    /// The service.
    ///
    /// # Errors
    /// A setting makes no sense.
    pub fn build(&self) -> Result<Glance, BuildError> {
        let runtime = self.clock.runtime(self.seed);
        let catalog = Arc::<MemoryCatalog>::clone(&self.catalog) as Arc<dyn Catalog>;
        let metadefs = Arc::<MemoryCatalog>::clone(&self.catalog) as Arc<dyn MetadefCatalog>;
        let store = Arc::<MemoryStore>::clone(&self.store) as Arc<dyn ImageStore>;
        let staging = Arc::<MemoryStore>::clone(&self.staging) as Arc<dyn ImageStore>;
        let stores = Stores::from(store).with_staging(staging);
        let mut builder = GlanceBuilder::new(catalog, stores, runtime)
            .with_metadefs(metadefs)
            .with_settings(self.settings.clone());
        if let Some(policy) = &self.policy {
            builder = builder.with_policy(Arc::clone(policy));
        }
        if let Some(protections) = &self.protections {
            builder = builder.with_protections(Arc::clone(protections));
        }
        if let Some(limits) = &self.limits {
            builder = builder.with_limits(Arc::clone(limits));
        }
        if let Some(web) = &self.web {
            builder = builder.with_web_source(Arc::clone(web));
        }
        if let Some(signatures) = &self.signatures {
            builder = builder.with_signatures(Arc::clone(signatures));
        }
        builder.build()
    }
}

impl Default for MemoryGlance {
    fn default() -> Self {
        Self::new()
    }
}
