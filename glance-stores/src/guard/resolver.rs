//! Names to addresses that may be reached.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use glance_core::ports::BoxError;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::rules::Rules;

/// Resolves names.
pub(crate) trait Resolver: fmt::Debug + Send + Sync + 'static {
    /// The addresses of a host.
    fn addresses(&self, host: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// The system's resolver.
#[derive(Debug)]
pub(super) struct SystemResolver;

impl Resolver for SystemResolver {
    fn addresses(&self, host: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        async move {
            let found = tokio::net::lookup_host((host, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        }
        .boxed()
    }
}

/// Gives connections the addresses of a name if all of them may be reached, and none otherwise: a
/// name that leads outside and inside is a trap.
#[derive(Debug)]
pub(super) struct GuardedResolver {
    pub(super) resolver: Arc<dyn Resolver>,
    pub(super) rules: Arc<Rules>,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        let (resolving, rules) = (
            self.resolver.addresses(host.clone()),
            Arc::clone(&self.rules),
        );
        async move {
            let addresses = resolving.await?;
            for address in &addresses {
                rules.judge_address(&host, *address)?;
            }
            if addresses.is_empty() {
                return Err(BoxError::from("the name has no address"));
            }
            // Port 0 becomes the URL's.
            let reachable = addresses.into_iter().map(|ip| SocketAddr::new(ip, 0));
            Ok(Box::new(reachable) as Addrs)
        }
        .boxed()
    }
}
