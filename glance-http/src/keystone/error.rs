//! Why Keystone, or a service found through it, did not do what it was asked.

use std::time::Duration;

use thiserror::Error;

use super::catalog::Interface;
use crate::tls::TlsError;

/// Why Keystone, or a service found through it, did not do what it was asked. No variant shows a
/// token, a password, or a URL: those may hold credentials (rule R6).
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum KeystoneError {
    /// The work ended before its end; a slip in this program.
    #[error("the request to {action} broke off")]
    BrokeOff {
        /// What was to be done.
        action: &'static str,
    },
    /// The answer cannot be understood.
    #[error("the answer to a request to {action} cannot be understood: {problem}")]
    Malformed {
        /// What was to be done.
        action: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// The catalog does not say where the service is.
    #[error("the catalog has no {interface} endpoint of `{service}`{}", of_region(region.as_deref()))]
    NoEndpoint {
        /// The type of the service.
        service: String,
        /// The interface that was asked for.
        interface: Interface,
        /// The region that was asked for.
        region: Option<String>,
    },
    /// There is none or more than one, and which is meant is not clear.
    #[error("Keystone has {found} {interface} endpoints of `{service}` that fit, not one")]
    NotTheOnlyEndpoint {
        /// The type of the service.
        service: String,
        /// The interface that was asked for.
        interface: Interface,
        /// How many there are.
        found: usize,
    },
    /// It said no.
    #[error("a request to {action} was answered {status}")]
    Refused {
        /// What was to be done.
        action: &'static str,
        /// How it was answered.
        status: u16,
    },
    /// It took too long.
    #[error("a request to {action} was not answered within {} s", within.as_secs_f64())]
    Slow {
        /// What was to be done.
        action: &'static str,
        /// How long it might have taken.
        within: Duration,
    },
    /// The HTTP client cannot be made.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Nobody answered.
    #[error("nobody answered a request to {action}")]
    Unreachable {
        /// What was to be done.
        action: &'static str,
        /// Why not.
        source: reqwest::Error,
    },
}

fn of_region(region: Option<&str>) -> String {
    region
        .map(|region| format!(" in region `{region}`"))
        .unwrap_or_default()
}
