//! Keystone, the identity service of OpenStack (feature `keystone`).
//!
//! ```text
//! session    one service user's dealings with Keystone: login, renewal, requests with its token
//! login      what the service user shows, as a request body
//! catalog    which service stands where
//! barbican   certificates: the port `CertificateSource`, with a cache in front
//! image_services  image services of other regions: the port `ImageServices`
//! limits     what projects may have: the port `LimitSource`, with a cache in front
//! shared     answers about tokens that server processes share through memcached
//! verifier   whose a client's token is: the port `TokenVerifier`, with a cache in front
//! ```
//!
//! [`Session`] is for whoever has to ask an OpenStack service something in its own name;
//! [`KeystoneVerifier`] is one such user:
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use glance_core::memory::{MemoryGlance, VirtualClock};
//! use glance_http::keystone::{
//!     DomainRef, KeystoneVerifier, Login, Named, Scope, Session, SessionOptions, VerifierOptions,
//! };
//! use glance_http::{ApiOptions, Identity, TokenIdentity, router};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let domain = DomainRef::Id("default".into());
//! let login = Login::Password {
//!     user: Named::Name("glance".into(), domain.clone()),
//!     password: "secret".into(),
//!     scope: Scope::Project(Named::Name("services".into(), domain)),
//! };
//! // An application takes the system's clock.
//! let clock = Arc::new(VirtualClock::default());
//! let options = SessionOptions::new("http://keystone.example/identity".parse()?, login);
//! let session = Session::new(options, clock.clone())?;
//! let verifier = KeystoneVerifier::new(session, VerifierOptions::default(), clock);
//!
//! let identity = TokenIdentity::new(Arc::new(verifier))
//!     .with_authenticate_uri("https://keystone.example");
//! let options = ApiOptions {
//!     identity: Identity::Tokens(identity),
//!     ..ApiOptions::default()
//! };
//! let api = router(MemoryGlance::new().build()?, options);
//! # drop(api);
//! # Ok(())
//! # }
//! ```

mod barbican;
mod body;
mod cache;
mod catalog;
mod client;
mod error;
mod flight;
mod image_services;
mod limits;
mod login;
mod memcached;
mod sealed;
mod seldom;
mod session;
mod shared;
mod verifier;

pub use self::barbican::{BarbicanCertificates, KeyManagerEndpoint};
pub use self::catalog::{Interface, ServiceCatalog, UnknownInterface, Wanted};
pub use self::client::Answer;
pub use self::error::KeystoneError;
pub use self::image_services::KeystoneImageServices;
pub use self::limits::{KeystoneLimits, LimitEndpoint};
pub use self::login::{DomainRef, Login, Named, Scope};
pub use self::memcached::{
    InvalidMemcachedAddress, MemcachedAddress, MemcachedOptions, MemcachedTls,
};
pub use self::session::{Session, SessionOptions};
pub use self::shared::SharedAnswers;
pub use self::verifier::{CacheTime, KeystoneVerifier, VerifierOptions};
pub use crate::tls::TlsOptions;
