//! A client of the Image API.
//!
//! ```text
//! session     one service: where it is, who asks, one request and its answer
//! images import members metadefs tasks    what there is to ask for
//! upload download   image data, which is never held as a whole
//! ```

mod download;
mod error;
mod explanation;
mod images;
mod import;
mod members;
mod metadefs;
mod progress;
mod session;
mod tasks;
mod upload;

pub(crate) use self::download::{Fallback, Target, download};
pub(crate) use self::error::ClientError;
pub(crate) use self::images::{Query, changes};
pub(crate) use self::import::{ImportRequest, Target as ImportTarget};
pub(crate) use self::session::{Session, SessionOptions};
pub(crate) use self::upload::{DataSource, Purpose, upload};
