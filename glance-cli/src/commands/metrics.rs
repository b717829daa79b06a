//! What the stores of a server do, told to monitoring systems: `[glance_rs] metrics_bind`.

use std::net::SocketAddr;
use std::sync::Arc;

use glance_core::domain::StoreId;
use glance_core::ports::ImageStore;
use glance_http::metrics_router;
use glance_http::server::{ServerOptions, serve};
use glance_stores::{Metered, StoreMetrics, exposition};
use tokio::net::TcpListener;

/// The stores whose work is counted.
#[derive(Debug, Clone, Default)]
pub(super) struct Meters(Vec<Arc<Metered>>);

impl Meters {
    /// Counts the work of a store from now on.
    pub(super) fn count(&mut self, store: Arc<dyn ImageStore>) -> Arc<dyn ImageStore> {
        let metered = Arc::new(Metered::new(store));
        self.0.push(Arc::clone(&metered));
        metered
    }

    /// Answers at `/metrics` for as long as the server runs.
    pub(super) fn serve(self, listener: TcpListener) {
        let render = move || {
            let stores = self.0.iter();
            let figures: Vec<(StoreId, StoreMetrics)> = stores
                .map(|store| (store.id().clone(), store.metrics()))
                .collect();
            exposition(&figures)
        };
        let options = ServerOptions {
            max_connections: CONNECTIONS,
            ..ServerOptions::default()
        };
        tokio::spawn(async move {
            let router = metrics_router(render);
            if let Err(error) = serve(listener, router, options, std::future::pending()).await {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "metrics are not served any more"
                );
            }
        });
    }
}

/// Where figures are, for people.
pub(super) fn url(address: SocketAddr) -> String {
    format!("http://{address}/metrics")
}

/// A few monitoring systems, and their retries.
const CONNECTIONS: usize = 16;
