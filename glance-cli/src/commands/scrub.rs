//! `glance scrub`: removes what deletes and broken uploads left behind, while servers may run.

use std::process::ExitCode;
use std::time::Duration;

use glance_core::domain::{Holder, ImageId, Intent};
use glance_core::{Error, Glance, Scrubbed};
use tokio::signal::unix::{SignalKind, signal};

use super::logging::Logging;
use super::open::{Backends, Missing};
use super::operator::{OperatorError, sources};
use super::serve::runtime;
use crate::args::Scrub;
use crate::config::{Config, Database};
use crate::output;

/// Scrubs once, or until told to stop.
///
/// # Errors
///
/// The database or the store cannot be used.
pub(crate) fn run(args: &Scrub, is_debug: bool) -> Result<ExitCode, OperatorError> {
    let (config, warnings) = Config::load(&sources(&args.config, is_debug))?;
    if config.catalog.database == Database::SqliteInMemory {
        return Err(OperatorError::InMemory);
    }
    let runtime = runtime()?;
    let code = runtime.block_on(async {
        let _logging = Logging::start(&config.log)?;
        for warning in warnings {
            tracing::warn!("{warning}");
        }
        let backends = Backends::open(&config, Missing::IsRefused).await?;
        let scrubber = Scrubber::new(&config, backends)?;
        if args.daemon {
            scrubber.go_on().await
        } else {
            scrubber.once().await
        }
    });
    runtime.shutdown_timeout(LAST_PATIENCE);
    code
}

/// A service that serves nobody, under a name that nobody has.
#[derive(Debug)]
struct Scrubber {
    glance: Glance,
    backends: Backends,
    /// Who asks what is left to do: nobody, so that only leases count.
    nobody: Holder,
}

impl Scrubber {
    fn new(config: &Config, backends: Backends) -> Result<Self, OperatorError> {
        let bits = backends.runtime.ids.next_bits();
        let name = format!("glance-scrub/{}", ImageId::from_bits(bits));
        Ok(Self {
            glance: backends.glance(config, Some(name.clone()))?,
            nobody: Holder {
                node: format!("{name}/nobody"),
                process: name,
            },
            backends,
        })
    }

    async fn go_on(&self) -> Result<ExitCode, OperatorError> {
        output::note("glance: scrubbing until stopped");
        let stop = |kind| {
            signal(kind).map_err(|source| OperatorError::System {
                action: "wait for signals",
                source,
            })
        };
        let mut terminate = stop(SignalKind::terminate())?;
        let mut interrupt = stop(SignalKind::interrupt())?;
        self.glance.scrub().await?;
        tokio::select! {
            () = self.glance.keep_scrubbing() => {}
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn once(&self) -> Result<ExitCode, OperatorError> {
        let lease = self.glance.settings().lease;
        let deadline = self.backends.runtime.clock.now().after(lease);
        let mut done = self.glance.scrub().await?;
        let mut unfinished = self.unfinished().await?;
        if !unfinished.is_empty() && done.failures == 0 {
            output::note(&format!(
                "glance: unfinished uploads and deletes: {}; waiting for those that nobody works \
                 on, {} s at most",
                unfinished.len(),
                lease.as_secs()
            ));
        }
        while !unfinished.is_empty()
            && done.failures == 0
            && self.backends.runtime.clock.now() <= deadline
        {
            tokio::time::sleep(PAUSE).await;
            let more = self.glance.scrub().await?;
            done.uploads += more.uploads;
            done.deletes += more.deletes;
            done.expired += more.expired;
            done.strays += more.strays;
            done.failures += more.failures;
            unfinished = self.unfinished().await?;
        }
        tell(done, unfinished.len())
    }

    /// What was begun and is not at its end: abandoned by then, unless somebody goes on with it.
    async fn unfinished(&self) -> Result<Vec<Intent>, OperatorError> {
        let later = self.backends.runtime.clock.now().after(FAR_AHEAD);
        let found = self.backends.catalog.abandoned_intents(&self.nobody, later);
        Ok(found.await.map_err(Error::from)?)
    }
}

fn tell(done: Scrubbed, unfinished: usize) -> Result<ExitCode, OperatorError> {
    let text = format!(
        "uploads undone: {}\ndeletes finished: {}\nqueued images expired: {}\n\
         stray files removed: {}\nfailures: {}\nstill being worked on: {}",
        done.uploads,
        done.deletes,
        done.expired,
        done.strays,
        done.failures,
        unfinished.saturating_sub(done.failures),
    );
    output::lines(&text).map_err(OperatorError::Output)?;
    if done.failures > 0 {
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

const PAUSE: Duration = Duration::from_millis(500);
/// Longer than any lease.
const FAR_AHEAD: Duration = Duration::from_secs(24 * 3600);
const LAST_PATIENCE: Duration = Duration::from_secs(2);
