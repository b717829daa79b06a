//! When a node says that it wants no requests: upstream's `[healthcheck]`.

use std::net::SocketAddr;
use std::path::PathBuf;

use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use ipnet::IpNet;

/// What `/healthcheck` looks at, and how much it tells. The default finds every node healthy.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "these are upstream's options")]
pub struct HealthOptions {
    /// All that must be well.
    pub checks: Vec<HealthCheck>,
    /// Whether answers tell why, and of the host.
    pub detailed: bool,
    /// From where it answers, as the connection tells ([`ConnectInfo`]); empty is from everywhere.
    pub allowed_sources: Vec<IpNet>,
    /// Whether it does not answer requests that bear a header of proxies: `X-Forwarded...`.
    pub ignores_proxied: bool,
}

impl Default for HealthOptions {
    fn default() -> Self {
        Self {
            checks: vec![HealthCheck::DisableByFile(None)],
            detailed: false,
            allowed_sources: Vec::new(),
            ignores_proxied: false,
        }
    }
}

impl HealthOptions {
    /// Whether a request is answered. To others, there is no health check.
    pub(crate) fn answers(&self, parts: &Parts) -> bool {
        if self.ignores_proxied && PROXIES.iter().any(|name| parts.headers.contains_key(*name)) {
            return false;
        }
        if self.allowed_sources.is_empty() {
            return true;
        }
        // Who does not say where a request came from lets nobody in.
        let source = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        source.is_some_and(|ConnectInfo(source)| {
            let source = source.ip().to_canonical();
            self.allowed_sources.iter().any(|net| net.contains(&source))
        })
    }
}

/// Something that `/healthcheck` looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum HealthCheck {
    /// The node is out of service while this file is there. Without one it is in service.
    DisableByFile(Option<PathBuf>),
    /// The node is out of service while one of these files is missing.
    EnableByFiles(Vec<PathBuf>),
}

/// What a check found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) is_well: bool,
    pub(crate) reason: &'static str,
    pub(crate) details: String,
    /// Upstream's name of the check's kind of result.
    pub(crate) class: &'static str,
}

impl HealthCheck {
    /// Looks. A folder that cannot be looked into says nothing: its files are not there.
    pub(crate) async fn finding(&self) -> Finding {
        match self {
            Self::DisableByFile(None) => {
                Finding::well("No 'disable_by_file_path' configuration value specified")
            }
            Self::DisableByFile(Some(path)) => {
                let shown = path.display();
                if is_there(path).await {
                    Finding::ill("DISABLED BY FILE", format!("Path '{shown}' was found"))
                } else {
                    Finding::well(format!("Path '{shown}' was not found"))
                }
            }
            Self::EnableByFiles(paths) => {
                for path in paths {
                    if !is_there(path).await {
                        let details = format!("File path {} is missing", path.display());
                        return Finding::ill("FILE PATH MISSING", details);
                    }
                }
                Finding::well("Specified file paths are available")
            }
        }
    }
}

impl Finding {
    fn well(details: impl Into<String>) -> Self {
        Self {
            is_well: true,
            reason: "OK",
            details: details.into(),
            class: CLASS,
        }
    }

    fn ill(reason: &'static str, details: String) -> Self {
        Self {
            is_well: false,
            reason,
            details,
            class: CLASS,
        }
    }
}

async fn is_there(path: &PathBuf) -> bool {
    tokio::fs::try_exists(path).await.unwrap_or(false)
}

/// The headers by which upstream knows a request that came through a proxy.
const PROXIES: [&str; 5] = [
    "x-forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-prefix",
    "x-forwarded-proto",
];

const CLASS: &str = "HealthcheckResult";
