//! An accept loop with the timeouts and limits that a public service needs.

mod connection;
mod stall;

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

/// How a server treats connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerOptions {
    /// How long the head of a request may take to come, the wait for it included: so it is also
    /// how long a connection may be idle.
    pub header_timeout: Duration,
    /// The most connections at a time; more wait in the kernel's queue.
    pub max_connections: usize,
    /// How long a client may take nothing of an answer.
    pub write_timeout: Duration,
    /// How long requests may go on after the server was told to stop.
    pub drain: Duration,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_secs(30),
            max_connections: 4096,
            write_timeout: Duration::from_secs(60),
            drain: Duration::from_secs(60),
        }
    }
}

/// How a server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stopped {
    /// Every request was answered.
    Drained,
    /// Requests were still going on when [`drain`](ServerOptions::drain) ended; they are cut off.
    TimedOut,
}

/// Serves HTTP/1.1 until `shutdown` is ready, then lets the requests
/// that are going on finish.
///
/// # Errors
/// The listener does not tell its address any more: it is broken.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    options: ServerOptions,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<Stopped> {
    let address = listener.local_addr()?;
    tracing::info!(%address, "listening");
    let connections = Arc::new(Semaphore::new(options.max_connections));
    let graceful = GracefulShutdown::new();
    // Dropped at the end, it cuts off those that are still going on.
    let mut serving = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut shutdown => break,
            Some(_) = serving.join_next() => continue,
            accepted = accept(&listener, &connections) => accepted,
        };
        let Some((accepted, permit)) = accepted else {
            break;
        };
        let connection = connection::Connection::new(accepted, router.clone(), options);
        let watched = connection.watched(&graceful);
        serving.spawn(async move {
            watched.await;
            drop(permit);
        });
    }
    drop(listener);
    tracing::info!(%address, "no longer listening; requests that are going on may finish");
    match tokio::time::timeout(options.drain, graceful.shutdown()).await {
        Ok(()) => Ok(Stopped::Drained),
        Err(_) => {
            tracing::warn!(%address, "requests were still going on at the end");
            Ok(Stopped::TimedOut)
        }
    }
}

/// The next connection, once there is room for it.
async fn accept(
    listener: &TcpListener,
    connections: &Arc<Semaphore>,
) -> Option<((TcpStream, SocketAddr), OwnedSemaphorePermit)> {
    // Fails only for a closed semaphore, and nobody closes it.
    let permit = Arc::clone(connections).acquire_owned().await.ok()?;
    loop {
        match listener.accept().await {
            Ok(accepted) => return Some((accepted, permit)),
            Err(error) if is_of_connection(&error) => {}
            Err(error) => {
                // Out of file descriptors, most likely: some come back as connections end.
                tracing::error!(error = &error as &dyn std::error::Error, "cannot accept");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Whether an error is of the connection that was to be accepted, not of the listener.
fn is_of_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}

const ACCEPT_PAUSE: Duration = Duration::from_millis(200);
