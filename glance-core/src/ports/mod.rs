//! What the core needs from outside: traits, each with its contract.

mod byte_stream;
mod catalog;
mod clock;
mod executor;
mod found_blob;
mod image_store;
mod import_plugin;
mod limits;
mod metadef_catalog;
mod policy;
mod remote_images;
mod scheduled_deletes;
mod signatures;
mod task_log;
mod token_verifier;
mod web_source;

pub use self::byte_stream::{BodyError, ByteStream};
pub use self::catalog::{ABANDONED_AT_ONCE, Catalog, CatalogError, SeenImage};
pub use self::clock::{Clock, IdSource};
pub use self::executor::{Executor, run_blocking};
pub use self::found_blob::{BlobList, FoundBlob};
pub use self::image_store::{BlobKey, BlobWriter, Capabilities, ImageStore, Operation, StoreError};
pub use self::import_plugin::{ImportPlugin, Passing, PluginError};
pub use self::limits::{LimitError, LimitSource, UsageLedger};
pub use self::metadef_catalog::{MetadefCatalog, Parts, Put, Wanted};
pub use self::policy::{Denied, Policy, ReplaceableRules};
pub use self::remote_images::{ImageServices, RemoteImages};
pub use self::scheduled_deletes::{Located, OddImage, ScheduledDelete, ScheduledDeletes};
pub use self::signatures::{CertificateSource, SignatureCheck, SignatureError, SignatureVerifier};
pub use self::task_log::{TASKS_AT_ONCE, TaskLog};
pub use self::token_verifier::{InvalidToken, Token, TokenError, TokenVerifier, Tokens};
pub use self::web_source::{Incoming, SourceError, WebSource};

/// The cause of an error of a backend.
pub type BoxError = Box<dyn std::error::Error + Send + Sync + 'static>;
