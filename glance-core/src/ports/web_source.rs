//! Data from the web, for imports.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use thiserror::Error;

use super::{BoxError, ByteStream};

/// Data on its way to a service that asked for it.
#[derive(Debug)]
pub struct Incoming {
    /// Bytes to come, if that is known.
    pub size: Option<u64>,
    /// The bytes, or an error where they break off for good.
    pub body: ByteStream,
}

/// Where imports read what a URI names.
///
/// # Contract
///
/// * an address that filters or the network's rules forbid is refused before a byte is sent
///   (rule R3), in `check` where the URI alone shows it, else in `open`;
/// * a body that breaks off is taken up where it broke, as long as the server shows that the data is
///   still the same (RFC 9110, If-Range); else it ends with an error, never with other data;
/// * a body that comes so slowly that it would be held up for ever ends with an error (rule R3);
/// * an error of a body is a [`SourceError`], which says why; no error text tells credentials.
#[async_trait]
pub trait WebSource: fmt::Debug + Send + Sync + 'static {
    /// Whether the URI may be asked at all.
    fn check(&self, uri: &str) -> Result<(), SourceError>;

    /// Asks for the data.
    async fn open(&self, uri: &str) -> Result<Incoming, SourceError>;
}

/// Why there is no data.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The address is refused.
    #[error("the address is not allowed: {reason}")]
    Forbidden {
        /// By what.
        reason: String,
    },
    /// The data does not come to its end; in the body.
    #[error("{reason}")]
    Broken {
        /// What went wrong, for the user: without the address, which may hold credentials.
        reason: String,
    },
    /// The server has an answer, and it is no data.
    #[error("the server answers {status}")]
    Refused {
        /// Its status code.
        status: u16,
    },
    /// The server does not answer in time.
    #[error("the server does not answer within {} s", .within.as_secs_f64())]
    Silent {
        /// How long it was waited for.
        within: Duration,
    },
    /// The server cannot be reached.
    #[error("the server cannot be reached")]
    Unreachable {
        /// Why.
        source: BoxError,
    },
    /// The server answers with what is no data, or none that can be told whole.
    #[error("the server's answer cannot be used: {reason}")]
    Unusable {
        /// Why not.
        reason: String,
    },
}
