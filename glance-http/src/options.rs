//! How the API is set up.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRef;
use glance_core::Glance;

use crate::auth::Identity;
use crate::cors::Cors;
use crate::health::HealthOptions;
use crate::nodes::Nodes;
use crate::wire::attribute::ImageRules;
use crate::wire::image_schema::ImageSchema;

/// How the API is set up. The defaults are upstream's where upstream has them.
#[derive(Debug, Clone)]
pub struct ApiOptions {
    /// Who vouches for callers.
    pub identity: Identity,
    /// Where clients reach the service, for links to it; by default where the request came in.
    pub public_endpoint: Option<String>,
    /// The way to other nodes, for what is staged there. Without it, they are not asked: an import of
    /// it is refused, and a delete leaves it to them.
    pub nodes: Option<Arc<dyn Nodes>>,
    /// The most characters of a request id that a client sends; 0 for any number.
    pub max_request_id_length: usize,
    /// Whether readers of an image see the URL of its data. It weakens rule R4.
    pub show_direct_url: bool,
    /// Whether readers of an image see all its locations. It weakens rule R4.
    pub show_locations: bool,
    /// Which pages of other origins may call from a browser.
    pub cors: Cors,
    /// JSON of so many bytes and more is compressed for clients that accept it; `None` is never.
    /// Image data never is.
    pub compress_from_bytes: Option<u64>,
    /// What `/healthcheck` looks at.
    pub health: HealthOptions,
    /// Whether a proxy in front is believed where it says a request came from and went to:
    /// `Forwarded` and `X-Forwarded-...`. Clients must not get past it.
    pub trust_proxy_headers: bool,
    /// What is declared of custom properties: upstream's `schema-image.json`.
    pub image_schema: ImageSchema,
    /// The most bytes of a JSON body.
    pub json_limit_bytes: usize,
    /// How long a client may send nothing in the middle of a body.
    pub stall_timeout: Duration,
}

impl Default for ApiOptions {
    fn default() -> Self {
        Self {
            identity: Identity::default(),
            public_endpoint: None,
            nodes: None,
            max_request_id_length: 64,
            show_direct_url: false,
            show_locations: false,
            cors: Cors::default(),
            compress_from_bytes: Some(8192),
            health: HealthOptions::default(),
            trust_proxy_headers: false,
            image_schema: ImageSchema::default(),
            json_limit_bytes: 1 << 20,
            stall_timeout: Duration::from_secs(60),
        }
    }
}

/// What handlers and layers share.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    pub(crate) glance: Glance,
    pub(crate) options: Arc<ApiOptions>,
}

impl Api {
    pub(crate) fn new(glance: Glance, options: ApiOptions) -> Self {
        Self {
            glance,
            options: Arc::new(options),
        }
    }

    /// What values of images have to fit.
    pub(crate) fn image_rules(&self) -> ImageRules<'_> {
        ImageRules {
            formats: &self.glance.settings().formats,
            schema: &self.options.image_schema,
        }
    }
}

impl FromRef<Api> for Glance {
    fn from_ref(api: &Api) -> Self {
        api.glance.clone()
    }
}

impl FromRef<Api> for Arc<ApiOptions> {
    fn from_ref(api: &Api) -> Self {
        Self::clone(&api.options)
    }
}
