//! One connection: how hyper is set up for it.

use std::net::SocketAddr;

use axum::extract::ConnectInfo;
use axum::{Extension, Router};
use hyper::server::conn::http1::Builder;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpStream;
use tower::Layer;

use super::ServerOptions;
use super::stall::Unstalled;

pub(super) struct Connection {
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    options: ServerOptions,
}

impl Connection {
    pub(super) fn new(
        (stream, peer): (TcpStream, SocketAddr),
        router: Router,
        options: ServerOptions,
    ) -> Self {
        Self {
            stream,
            peer,
            router,
            options,
        }
    }

    /// Serves the connection to its end, which the graceful shutdown asks for.
    pub(super) fn watched(
        self,
        graceful: &GracefulShutdown,
    ) -> impl Future<Output = ()> + Send + 'static {
        if let Err(error) = self.stream.set_nodelay(true) {
            tracing::debug!(error = &error as &dyn std::error::Error, "no TCP_NODELAY");
        }
        let stream = Unstalled::new(self.stream, self.options.write_timeout);
        let from = Extension(ConnectInfo(self.peer));
        let service = TowerToHyperService::new(from.layer(self.router));
        // HTTP/2 is not spoken: a client that never opens its window would hold memory for each of
        // many streams (rule R11), and TCP would show no stall.
        let connection = Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.options.header_timeout)
            .max_buf_size(BUFFER)
            .serve_connection(TokioIo::new(stream), service);
        let watched = graceful.watch(connection);
        async move {
            // Clients that go away are every day's business.
            if let Err(error) = watched.await {
                tracing::debug!(
                    error = &error as &dyn std::error::Error,
                    "a connection broke"
                );
            }
        }
    }
}

/// What one connection may hold in memory each way (rule R11). Large enough that image data comes
/// in pieces that are passed on uncopied.
const BUFFER: usize = 256 << 10;
