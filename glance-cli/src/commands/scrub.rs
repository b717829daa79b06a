//! `glance scrub`: removes what deletes and broken uploads left behind, while servers may run.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use glance_core::domain::{Holder, ImageId, Intent};
use glance_core::{Error, Glance, ScrubPlan, Scrubbed, Scrubber};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::logging::Logging;
use super::open::{Backends, Missing};
use super::operator::{OperatorError, sources};
use super::serve::runtime;
use crate::args::Scrub;
use crate::config::{Config, Database};
use crate::output;

/// Scrubs once, or until told to stop, or takes a delete back.
///
/// # Errors
///
/// The database or the store cannot be used; the delete cannot be taken back.
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
        let janitor = Janitor::new(&config, backends)?;
        match args.restore {
            Some(image) => janitor.restore(image).await,
            None if args.daemon => janitor.go_on(&config).await,
            None => janitor.once().await,
        }
    });
    runtime.shutdown_timeout(LAST_PATIENCE);
    code
}

/// A service that serves nobody, under a name that nobody has.
#[derive(Debug)]
struct Janitor {
    glance: Glance,
    scrubber: Scrubber,
    backends: Backends,
    /// Who asks what is left to do: nobody, so that only leases count.
    nobody: Holder,
}

impl Janitor {
    fn new(config: &Config, backends: Backends) -> Result<Self, OperatorError> {
        let bits = backends.runtime.ids.next_bits();
        let name = format!("glance-scrub/{}", ImageId::from_bits(bits));
        let glance = backends.glance(config, Some(name.clone()))?;
        let plan = ScrubPlan {
            delay: config.deletes.delay,
            at_once: config.deletes.at_once,
        };
        let deletes = Arc::clone(&backends.deletes);
        Ok(Self {
            scrubber: Scrubber::new(glance.clone(), deletes, plan),
            glance,
            nobody: Holder {
                node: format!("{name}/nobody"),
                process: name,
            },
            backends,
        })
    }

    /// The claims in the catalog tell of scrubbers of ours, wherever they are; of upstream's, only
    /// the file tells that its `glance-control` writes.
    async fn restore(&self, image: ImageId) -> Result<ExitCode, OperatorError> {
        let pid_file = Path::new(PID_FILE);
        if pid_file.exists() {
            return Err(OperatorError::OtherScrubber {
                pid_file: pid_file.to_owned(),
            });
        }
        self.scrubber.restore(image).await?;
        output::lines(&format!("image {image} is active again")).map_err(OperatorError::Output)?;
        Ok(ExitCode::SUCCESS)
    }

    /// Told to stop, it ends with the images that it is at.
    async fn go_on(&self, config: &Config) -> Result<ExitCode, OperatorError> {
        let stop = |kind| {
            signal(kind).map_err(|source| OperatorError::System {
                action: "wait for signals",
                source,
            })
        };
        let mut terminate = stop(SignalKind::terminate())?;
        let mut interrupt = stop(SignalKind::interrupt())?;
        output::note("glance: scrubbing until stopped");
        self.glance.scrub().await?;
        let scrubber = self.scrubber.clone();
        let pause = config.deletes.pause.max(SHORTEST_PAUSE);
        let (going_on, mut stopped) = watch::channel(());
        let mut passes = tokio::spawn(async move {
            loop {
                log(scrubber.pass().await);
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    // Closed: it is to stop.
                    _ = stopped.changed() => return,
                }
            }
        });
        tokio::select! {
            () = self.glance.keep_scrubbing() => {}
            _ = &mut passes => {}
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        self.scrubber.stop();
        drop(going_on);
        let patience = config.listen.drain_timeout;
        if !passes.is_finished() && tokio::time::timeout(patience, passes).await.is_err() {
            tracing::warn!("stopped in the middle of an image; another pass finishes it");
        }
        output::note("glance: stopped");
        Ok(ExitCode::SUCCESS)
    }

    async fn once(&self) -> Result<ExitCode, OperatorError> {
        let lease = self.glance.settings().lease;
        let deadline = self.backends.runtime.clock.now().after(lease);
        let scheduled = self.scrubber.pass().await?;
        let mut done = self.glance.scrub().await?;
        let mut unfinished = self.unfinished().await?;
        let failed = |done: &Scrubbed| scheduled.failures + done.failures > 0;
        if !unfinished.is_empty() && !failed(&done) {
            output::note(&format!(
                "glance: unfinished uploads and deletes: {}; waiting for those that nobody works \
                 on, {} s at most",
                unfinished.len(),
                lease.as_secs()
            ));
        }
        while !unfinished.is_empty()
            && !failed(&done)
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
        tell(scheduled, done, unfinished.len())
    }

    /// What was begun and is not at its end: abandoned by then, unless somebody goes on with it.
    async fn unfinished(&self) -> Result<Vec<Intent>, OperatorError> {
        let later = self.backends.runtime.clock.now().after(FAR_AHEAD);
        let found = self.backends.catalog.abandoned_intents(&self.nobody, later);
        Ok(found.await.map_err(Error::from)?)
    }
}

fn log(done: Result<Scrubbed, Error>) {
    match done {
        Ok(done) if done == Scrubbed::default() => {}
        Ok(done) => tracing::info!(
            images = done.deletes,
            failures = done.failures,
            "data of deleted images removed"
        ),
        Err(error) => tracing::error!(
            error = &error as &dyn std::error::Error,
            "cannot tell which deletes are scheduled; they are looked for again later"
        ),
    }
}

fn tell(scheduled: Scrubbed, done: Scrubbed, unfinished: usize) -> Result<ExitCode, OperatorError> {
    let text = format!(
        "deleted images scrubbed: {}\nuploads undone: {}\ndeletes finished: {}\n\
         queued images expired: {}\nstray files removed: {}\nfailures: {}\n\
         still being worked on: {}",
        scheduled.deletes,
        done.uploads,
        done.deletes,
        done.expired,
        done.strays,
        scheduled.failures + done.failures,
        unfinished.saturating_sub(done.failures),
    );
    output::lines(&text).map_err(OperatorError::Output)?;
    if scheduled.failures + done.failures > 0 {
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

const PAUSE: Duration = Duration::from_millis(500);
/// Longer than any lease.
const FAR_AHEAD: Duration = Duration::from_secs(24 * 3600);
const LAST_PATIENCE: Duration = Duration::from_secs(2);
/// `wakeup_time = 0` means to go right on; the database is to have a moment to itself.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
/// Where upstream's `glance-control` notes that a scrubber runs.
const PID_FILE: &str = "/var/run/glance/glance-scrubber.pid";
