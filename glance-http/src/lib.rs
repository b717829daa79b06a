//! The OpenStack Image API v2 over [`Glance`], as an axum router.
//!
//! [`router`] is a part like any other of an axum application: it can be served at the root or
//! nested under a prefix (by `nest_service`, if the prefix with a slash after it is to be answered
//! too), and who asks is decided by [`Identity`]. With the feature `server` there is also an accept
//! loop with the timeouts and limits that a public service needs, with the feature `keystone` a
//! verifier of Keystone's tokens, and with the feature `nodes` the way to other nodes for what is
//! staged there.
//!
//! ```
//! use axum::body::Body;
//! use axum::http::{Request, StatusCode};
//! use glance_core::memory::MemoryGlance;
//! use glance_http::{ApiOptions, router};
//! use tower::ServiceExt;
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let glance = MemoryGlance::new().build()?;
//! let application = axum::Router::new().nest_service("/image", router(glance, ApiOptions::default()));
//!
//! let request = Request::get("/image/v2/images").body(Body::empty())?;
//! let answer = application.oneshot(request).await?;
//!
//! assert_eq!(answer.status(), StatusCode::OK);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use axum::{Router, middleware};
use glance_core::Glance;
use tower::Layer;

mod auth;
mod body;
mod cors;
mod edge;
mod error;
mod health;
#[cfg(feature = "keystone")]
pub mod keystone;
mod metrics;
mod nodes;
mod options;
mod reply;
mod routes;
#[cfg(feature = "server")]
pub mod server;
#[cfg(feature = "nodes")]
mod tls;
mod wire;

pub use self::auth::{Identity, TokenIdentity};
pub use self::cors::{Cors, CorsRule};
pub use self::health::{HealthCheck, HealthOptions};
pub use self::metrics::metrics_router;
#[cfg(feature = "nodes")]
pub use self::nodes::{HttpNodes, NodeOptions};
pub use self::nodes::{NodeAnswer, NodeError, NodeRequest, Nodes};
pub use self::options::ApiOptions;
pub use self::routes::{Endpoint, endpoints};
#[cfg(feature = "nodes")]
pub use self::tls::{TlsError, TlsOptions};
pub use self::wire::image_schema::{ImageSchema, InvalidImageSchema};

use self::options::Api;

/// The Image API of a service.
///
/// Links inside resources start with `/v2/`, as upstream's: clients put the endpoint of the
/// service catalog before them. The versions document links to
/// [`public_endpoint`](ApiOptions::public_endpoint), or to where the request came in.
pub fn router(glance: Glance, options: ApiOptions) -> Router {
    let compress = edge::compress(options.compress_from_bytes);
    let api = Api::new(glance, options);
    let v2 = routes::table(api.clone());
    let negotiated = middleware::from_fn_with_state(api.clone(), edge::negotiate).layer(v2);
    Router::new()
        .fallback_service(negotiated)
        .layer(middleware::from_fn(edge::catch_panic))
        .layer(middleware::from_fn(edge::render_error))
        .layer(compress)
        .layer(middleware::from_fn_with_state(api.clone(), edge::share))
        .layer(middleware::from_fn_with_state(api, edge::trace))
}
