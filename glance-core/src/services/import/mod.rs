//! Imports: data that comes to images after the request for it was answered (ADR 21).

mod create;
mod end;
mod fill;
mod lease;
mod left;
mod progress;
mod remote;
mod run;
mod source;
mod start;
mod stop;
mod targets;

pub use self::create::NewImageImport;
pub use self::remote::AskedRemote;
pub use self::start::ImportRequest;
pub(super) use self::start::importing;

use std::collections::BTreeSet;

use crate::domain::inspect::Report;
use crate::domain::{
    BlobUrl, ImageId, ImportPlan, Imported, Intent, Location, RemoteError, StoreId, Tally, TaskId,
    Work,
};
use crate::error::Error;
use crate::ports::{BodyError, PluginError, SourceError, StoreError};

use self::progress::Progress;
use self::remote::Envoy;

/// An import under way.
#[derive(Debug)]
struct Import {
    /// The row by which this process holds it; it bears the id of the task.
    intent: Intent,
    task: TaskId,
    plan: ImportPlan,
    /// Who asks another Glance, in the process that was asked for the import.
    envoy: Option<Envoy>,
    progress: Progress,
}

impl Import {
    fn new(intent: &Intent, plan: ImportPlan, envoy: Option<Envoy>) -> Self {
        Self {
            intent: intent.clone(),
            task: TaskId::stored(intent.id.to_string()),
            plan,
            envoy,
            progress: Progress::default(),
        }
    }

    /// The staged blob that it takes up.
    fn staged(&self) -> Option<&BlobUrl> {
        match &self.intent.work {
            Work::Import(staged) => staged.as_ref(),
            Work::Delete(_)
            | Work::Discard(_)
            | Work::Hash(_)
            | Work::Stage
            | Work::Staged(_)
            | Work::Upload
            | Work::Vacate => None,
        }
    }
}

/// How far an import is with its stores.
#[derive(Debug)]
struct Filling {
    image: ImageId,
    task: TaskId,
    /// Those that it is done with.
    tally: Tally,
    /// Those that have the data, to which no location leads yet.
    stored: Vec<(StoreId, Location)>,
    /// Those where data of nobody may stand.
    unclean: BTreeSet<StoreId>,
    /// Those where a part of the data may be.
    unswept: BTreeSet<StoreId>,
    /// Data may still come there.
    is_in_doubt: bool,
    /// What came.
    arrived: Option<Arrived>,
    /// Why stores failed, for whoever asked.
    reasons: BTreeSet<String>,
}

/// Data that came, and what it was found to be.
#[derive(Debug, Clone)]
struct Arrived {
    imported: Imported,
    report: Report,
}

impl Filling {
    /// It has not come to any.
    fn of(import: &Import) -> Self {
        Self {
            image: import.plan.image,
            task: import.task.clone(),
            tally: Tally::default(),
            stored: Vec::new(),
            unclean: BTreeSet::new(),
            unswept: BTreeSet::new(),
            is_in_doubt: false,
            arrived: None,
            reasons: BTreeSet::new(),
        }
    }

    /// Notes that one store has no data, and why.
    fn store_failed(&mut self, store: &StoreId, error: &Error) {
        self.all_failed([store], error);
    }

    /// The same for all that were to have it.
    fn all_failed<'s>(&mut self, stores: impl IntoIterator<Item = &'s StoreId>, error: &Error) {
        let stores: Vec<StoreId> = stores.into_iter().cloned().collect();
        let names: Vec<&str> = stores.iter().map(StoreId::as_str).collect();
        tracing::warn!(
            image.id = %self.image, task.id = %self.task, stores = names.join(","),
            error = error as &dyn std::error::Error,
            "an import cannot fill stores"
        );
        self.tally.failed.extend(stores);
        self.reasons.insert(told(error));
    }

    fn has_failed(&self) -> bool {
        !self.tally.failed.is_empty()
    }

    /// Why the import fails.
    fn reason(&self) -> String {
        match self.reasons.is_empty() {
            true => "none of the stores took the data".to_owned(),
            false => {
                let reasons: Vec<&str> = self.reasons.iter().map(String::as_str).collect();
                reasons.join("; ")
            }
        }
    }
}

/// What is told of an error: its own words, or those of what broke off on the way.
fn told(error: &Error) -> String {
    let broken = match error {
        Error::Body(broken) => Some(broken),
        // What it read of the data.
        Error::Plugin(PluginError::Failed { source, .. }) => source.downcast_ref::<BodyError>(),
        _ => None,
    };
    if let Some(broken) = broken {
        if let Some(source) = broken.0.downcast_ref::<SourceError>() {
            return source.to_string();
        }
        if let Some(plugin) = broken.0.downcast_ref::<PluginError>() {
            return plugin.to_string();
        }
        if let Some(store) = broken.0.downcast_ref::<StoreError>() {
            return store.to_string();
        }
        if let Some(remote) = broken.0.downcast_ref::<RemoteError>() {
            return remote.to_string();
        }
    }
    error.to_string()
}

/// Whether an error says nothing of the data or the stores: the work is no longer this process's, or
/// the rows cannot be read or written.
fn ends_work(error: &Error) -> bool {
    matches!(
        error,
        Error::Catalog(_) | Error::Contended { .. } | Error::Gone { .. } | Error::Stopping
    )
}
