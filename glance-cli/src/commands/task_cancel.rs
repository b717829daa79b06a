//! `glance task cancel`: ends an import in the catalog, while servers may run.

use std::process::ExitCode;
use std::time::Duration;

use glance_core::domain::{Caller, ImageId};

use super::logging::Logging;
use super::open::{Backends, Missing};
use super::operator::{OperatorError, sources};
use super::serve::runtime;
use crate::args::{CancelTask, Task};
use crate::config::{Config, Database};
use crate::output;

/// Cancels an import.
///
/// # Errors
///
/// The database cannot be used; there is no such import, or it has ended.
pub(crate) fn run(task: &Task, is_debug: bool) -> Result<ExitCode, OperatorError> {
    let Task::Cancel(args) = task;
    let (config, warnings) = Config::load(&sources(&args.config, is_debug))?;
    if config.catalog.database == Database::SqliteInMemory {
        return Err(OperatorError::InMemory);
    }
    let runtime = runtime()?;
    let done = runtime.block_on(async {
        let _logging = Logging::start(&config.log)?;
        for warning in warnings {
            tracing::warn!("{warning}");
        }
        cancel(&config, args).await
    });
    runtime.shutdown_timeout(LAST_PATIENCE);
    done
}

/// Whoever can write to the catalog is no caller of a policy: Glance's own rules let an administrator
/// do it.
async fn cancel(config: &Config, args: &CancelTask) -> Result<ExitCode, OperatorError> {
    let backends = Backends::open(config, Missing::IsRefused).await?;
    let name = ImageId::from_bits(backends.runtime.ids.next_bits());
    let glance = backends.glance(config, Some(format!("glance-task/{name}")))?;
    let task = glance.cancel_task(&Caller::local_admin(), &args.id).await?;
    let image = task.image.map(|image| format!(" of image {image}"));
    let text = format!(
        "the import{} is cancelled: a server or a scrubber rolls it back within seconds, or, if its \
         own is dead, within a minute or so",
        image.unwrap_or_default()
    );
    output::lines(&text).map_err(OperatorError::Output)?;
    Ok(ExitCode::SUCCESS)
}

const LAST_PATIENCE: Duration = Duration::from_secs(2);
