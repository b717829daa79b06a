//! Other nodes of the service, which have what this one has not: they are asked on behalf of callers.

use std::time::Duration;

use async_trait::async_trait;
use axum::http::{HeaderMap, Method, StatusCode};
use bytes::Bytes;
use glance_core::ports::BoxError;
use thiserror::Error;

/// The way to other nodes.
///
/// # Contract
///
/// * an answer of any status is an answer; a redirect is not followed;
/// * headers go to the host that is named, and to no other;
/// * it ends in good time, and a host that is dead holds up no requests to others (rule R19).
#[async_trait]
pub trait Nodes: std::fmt::Debug + Send + Sync + 'static {
    /// Asks the node that is reached at `host`, a URL.
    async fn ask(&self, host: &str, request: NodeRequest) -> Result<NodeAnswer, NodeError>;
}

/// What a node is asked.
#[derive(Debug, Clone)]
#[expect(clippy::exhaustive_structs, reason = "adapters send all of it")]
pub struct NodeRequest {
    /// The method.
    pub method: Method,
    /// The path after that of the host; it starts with a slash.
    pub path: String,
    /// Who asks, and the rest of what is said beside the body.
    pub headers: HeaderMap,
    /// The body; empty for none.
    pub body: Bytes,
}

/// What it answered.
#[derive(Debug, Clone)]
#[expect(clippy::exhaustive_structs, reason = "adapters make it")]
pub struct NodeAnswer {
    /// The status.
    pub status: StatusCode,
    /// The body, or the first part of a long one.
    pub body: Bytes,
}

/// Why a node did not answer.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum NodeError {
    /// So many requests are under way to it that another would only wait.
    #[error("{most} requests to the node are under way")]
    Busy {
        /// How many there may be.
        most: usize,
    },
    /// Its URL cannot be asked.
    #[error("the URL of the node is none of http or https")]
    NotReachable,
    /// It took too long.
    #[error("the node did not answer within {} s", within.as_secs_f64())]
    Slow {
        /// How long it might have taken.
        within: Duration,
    },
    /// The answer broke off, or is none.
    #[error("the answer of the node cannot be read")]
    Unreadable {
        /// Why not.
        source: BoxError,
    },
    /// Nobody is there.
    #[error("the node cannot be reached")]
    Unreachable {
        /// Why not.
        source: BoxError,
    },
}

#[cfg(feature = "nodes")]
pub use self::http::{HttpNodes, NodeOptions};

#[cfg(feature = "nodes")]
mod http;
