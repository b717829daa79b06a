//! One connection: how hyper is set up for it.

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpStream;

use super::ServerOptions;
use super::stall::Unstalled;

pub(super) struct Connection {
    stream: TcpStream,
    router: Router,
    options: ServerOptions,
}

impl Connection {
    pub(super) fn new(stream: TcpStream, router: Router, options: ServerOptions) -> Self {
        Self {
            stream,
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
        let stream = Unstalled::new(
            self.stream,
            self.options.header_timeout,
            self.options.write_timeout,
        );
        let service = TowerToHyperService::new(self.router);
        let connection = builder(self.options)
            .serve_connection(TokioIo::new(stream), service)
            .into_owned();
        let watched = graceful.watch(connection);
        async move {
            // Clients that go away are every day's business.
            if let Err(error) = watched.await {
                tracing::debug!(error = &*error, "a connection broke");
            }
        }
    }
}

/// What one connection may hold in memory is bounded here (rule R11), whatever the client does:
/// [`BUFFER`] each way, and in HTTP/2 a window for each of a bounded number of streams.
fn builder(options: ServerOptions) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(options.header_timeout)
        .max_buf_size(BUFFER);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(BUFFER)
        .max_header_list_size(HEADERS)
        .keep_alive_interval(options.header_timeout)
        .keep_alive_timeout(options.header_timeout);
    builder
}

/// Large enough that image data comes in pieces that are passed on uncopied (stack.md §2).
const BUFFER: usize = 256 << 10;
const STREAMS: u32 = 32;
const STREAM_WINDOW: u32 = 256 << 10;
const CONNECTION_WINDOW: u32 = 1 << 20;
const HEADERS: u32 = 64 << 10;
