//! `glance serve`: a server from its configuration to its last request.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use glance_http::server::{ServerOptions, Stopped, serve};
use glance_http::{ApiOptions, router};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::api;
use super::identity;
use super::import_outside::Imports;
use super::limits;
use super::logging::Logging;
use super::open::{Backends, Missing};
use super::operator::{OperatorError, sources};
use super::rights::Rights;
use super::signatures;
use super::startup;
use crate::args::Serve;
use crate::config::{Config, Sources, Warning};
use crate::policy::Keeper;

/// Serves until told to stop.
///
/// # Errors
///
/// The server cannot start. Nothing is created then.
pub(crate) fn run(args: &Serve, is_debug: bool) -> Result<ExitCode, OperatorError> {
    let mut sources = sources(&args.config, is_debug);
    if let Some(bind) = args.bind {
        sources = sources
            .with_override("--bind", "glance_rs", "bind_host", bind.ip().to_string())
            .with_override("--bind", "glance_rs", "bind_port", bind.port().to_string());
    }
    let (config, warnings) = Config::load(&sources)?;
    let rights = Rights::read(&config)?;
    let options = api::options(&config)?;
    let runtime = runtime()?;
    let code = runtime.block_on(start(&sources, &config, &warnings, rights, options));
    // What still runs was cut off; the catalog is closed as the last task lets go of it.
    runtime.shutdown_timeout(LAST_PATIENCE);
    code
}

async fn start(
    sources: &Sources,
    config: &Config,
    warnings: &[Warning],
    rights: Rights,
    options: ApiOptions,
) -> Result<ExitCode, OperatorError> {
    // First of all: a second server on the same address must not touch the data of the first.
    let listener = listen(config.listen.address).await?;
    let address = listener.local_addr().map_err(cannot("tell the address"))?;
    let metrics = match config.listen.metrics {
        Some(address) => Some(listen(address).await?),
        None => None,
    };
    let logging = Logging::start(&config.log)?;
    let signals = Signals::watch(sources.clone(), logging, rights.policy.clone())?;
    let signatures = signatures::verifier(&config.signatures, &glance_stores::tokio_runtime())?;
    let authority = identity::authority(&config.identity, &glance_stores::tokio_runtime())?;
    let backends = Backends::open(config, Missing::IsMade).await?;
    let backends = Backends {
        policy: Some(rights.policy.rules()),
        protections: rights.protections.clone(),
        limits: limits::source(&config.limits, &backends.runtime)?,
        signatures,
        imports: Some(Imports::open(&config.import, authority.image_services)?),
        ..backends
    };
    let glance = backends.glance(config, Some(node_name(address)))?;

    startup::announce(config, address);
    startup::warn(config, address, warnings);
    rights.warn();
    tokio::spawn(rights.policy.watch());
    if let Some(listener) = metrics {
        backends.meters.clone().serve(listener);
    }
    let (scrubbed, at_start) = oneshot::channel();
    tokio::spawn({
        let glance = glance.clone();
        async move {
            glance.scrub_at_start().await;
            // Whoever waited may have gone on.
            let _ = scrubbed.send(());
            glance.keep_scrubbing().await;
        }
    });
    if timeout(SCRUB_PATIENCE, at_start).await.is_err() {
        tracing::warn!("leftovers are still being removed; the service starts meanwhile");
    }

    let options = ApiOptions {
        identity: authority.vouching,
        nodes: Some(identity::nodes(&config.identity)?),
        ..options
    };
    let router = router(glance, options);
    let serving = serve(
        listener,
        router,
        server_options(config),
        ended(signals.first),
    );
    tokio::select! {
        stopped = serving => match stopped.map_err(cannot("accept connections"))? {
            Stopped::TimedOut => tracing::warn!("stopped; requests still going on were cut off"),
            _ => tracing::info!("stopped"),
        },
        () = ended(signals.second) => {
            tracing::warn!("told to stop a second time: stopped at once");
            return Ok(ExitCode::FAILURE);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A few workers do: what takes time is done on threads of its own.
pub(super) fn runtime() -> Result<Runtime, OperatorError> {
    let cores = std::thread::available_parallelism().map_or(MIN_WORKERS, usize::from);
    Builder::new_multi_thread()
        .worker_threads(cores.clamp(MIN_WORKERS, MAX_WORKERS))
        .max_blocking_threads(MAX_BLOCKING)
        .thread_name("glance")
        .enable_all()
        .build()
        .map_err(cannot("start threads"))
}

async fn listen(address: SocketAddr) -> Result<TcpListener, OperatorError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| OperatorError::Bind { address, source })
}

/// When the server is to stop.
#[derive(Debug)]
struct Signals {
    /// Told to stop.
    first: oneshot::Receiver<()>,
    /// Told to stop again: at once.
    second: oneshot::Receiver<()>,
}

impl Signals {
    /// Waits for SIGTERM and SIGINT from here on, and obeys SIGHUP: the log gets its level from
    /// the configuration again, and the policy is read again.
    fn watch(sources: Sources, logging: Logging, policy: Keeper) -> Result<Self, OperatorError> {
        let watched = |kind| signal(kind).map_err(cannot("wait for signals"));
        let mut terminate = watched(SignalKind::terminate())?;
        let mut interrupt = watched(SignalKind::interrupt())?;
        let mut hang_up = watched(SignalKind::hangup())?;
        let (to_first, first) = oneshot::channel();
        let (to_second, second) = oneshot::channel();
        tokio::spawn(async move {
            for stop in [to_first, to_second] {
                loop {
                    tokio::select! {
                        _ = terminate.recv() => break,
                        _ = interrupt.recv() => break,
                        _ = hang_up.recv() => {
                            renew_log(&sources, &logging);
                            let policy = policy.clone();
                            tokio::task::spawn_blocking(move || policy.renew());
                        }
                    }
                }
                // Nobody waits for it any more where this fails.
                let _ = stop.send(());
            }
        });
        Ok(Self { first, second })
    }
}

fn renew_log(sources: &Sources, logging: &Logging) {
    match Config::load(sources) {
        Ok((config, _)) => {
            logging.renew(&config.log);
            tracing::info!("log level taken from the configuration again");
        }
        Err(error) => tracing::error!(
            error = &error as &dyn std::error::Error,
            "the configuration cannot be read again; the log stays as it is"
        ),
    }
}

async fn ended(signal: oneshot::Receiver<()>) {
    if signal.await.is_err() {
        // Whoever waits for signals has gone: none will come.
        std::future::pending().await
    }
}

/// A name that no other living process has: nobody else listens there. Network namespaces are told
/// apart, for each has a 127.0.0.1 of its own.
fn node_name(address: SocketAddr) -> String {
    let namespace = fs::read_link("/proc/self/ns/net").unwrap_or_default();
    let host = rustix::system::uname();
    format!(
        "{}/{}/{address}",
        host.nodename().to_string_lossy(),
        namespace.display()
    )
}

fn server_options(config: &Config) -> ServerOptions {
    ServerOptions {
        header_timeout: config.listen.header_timeout,
        max_connections: config.listen.max_connections,
        write_timeout: config.listen.stall_timeout,
        drain: config.listen.drain_timeout,
    }
}

fn cannot(action: &'static str) -> impl Fn(io::Error) -> OperatorError {
    move |source| OperatorError::System { action, source }
}

const MIN_WORKERS: usize = 2;
const MAX_WORKERS: usize = 4;
/// The store reads on 64 at most, so that a disk that hangs leaves some to the rest. Left alone,
/// tokio starts hundreds under load, which gain nothing and cost memory.
const MAX_BLOCKING: usize = 96;
/// How long a start waits for what earlier processes left to be removed: a store that is dead holds
/// up nobody who does not need it (rule R19).
const SCRUB_PATIENCE: Duration = Duration::from_secs(5);
/// How long the last threads may take to end when the server has stopped.
const LAST_PATIENCE: Duration = Duration::from_secs(2);
