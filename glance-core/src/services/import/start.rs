//! What is asked of an import, and its first step: one change of the image that begins it.

use std::sync::Arc;

use super::super::glance::Glance;
use super::remote::{AskedRemote, named_remote};
use crate::domain::policy::Action;
use crate::domain::{
    Caller, CannotImport, Change, Holder, Image, ImageId, ImportMethod, ImportPlan, Intent,
    IntentId, LockStep, StoreId, Task, TaskId, TaskKind, TaskStatus, TaskStep, Work,
};
use crate::error::Error;
use crate::ports::CatalogError;

/// What is asked of an import.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "adapters must say all of it")]
pub struct ImportRequest {
    /// Where the data comes from.
    pub method: ImportMethod,
    /// The address of it, where it comes from the web.
    pub uri: Option<String>,
    /// The image of another Glance, where the data comes from one.
    pub remote: Option<AskedRemote>,
    /// The stores that are to have it; the default one, where nothing is said.
    pub stores: Option<Vec<StoreId>>,
    /// The one store that is to have it, said in the other way.
    pub store: Option<StoreId>,
    /// Every store is to have it.
    pub all_stores: bool,
    /// Whether one store that fails ends it all.
    pub all_must_succeed: bool,
    /// The request, for the row of the task.
    pub request_id: Option<String>,
}

/// The lock of an import that shows no sign of life.
struct Broken {
    lock: TaskId,
    task: Option<Task>,
}

impl Glance {
    /// Begins to give an image its data, or to copy it to more stores, and goes on in the background.
    /// `None` where all stores have the data.
    ///
    /// # Errors
    /// The service does not import in this way; the project has too much already; there is no image
    /// that the caller may see; it is in another status, lacks a format, or is being imported; the
    /// caller may not; the stores are none of this service, take no data, or have it; the address is
    /// refused, or the image of another Glance not named; a limit is passed.
    /// [`CannotImport::StagedElsewhere`] names the node that has to be asked.
    pub async fn import(
        &self,
        caller: &Caller,
        id: ImageId,
        request: ImportRequest,
    ) -> Result<Option<Task>, Error> {
        let method = request.method;
        self.check_offered(method)?;
        self.check_room(caller).await?;
        let image = self.visible_image(caller, id).await?;
        check_state(&image, method)?;
        let (remote, envoy) = named_remote(caller, &request)?.unzip();
        self.permit(caller, importing(method), &image)?;
        let broken = self.broken_lock(&image).await?;
        let stores = self.import_stores(&image, &request)?;
        let Some(first) = stores.first() else {
            return Ok(None);
        };
        if !request.all_must_succeed && !self.stores.are_named() {
            return Err(CannotImport::SingleStore.into());
        }
        self.check_address(&request)?;
        self.check_going(&image, &stores).await?;
        let staged = match method {
            ImportMethod::GlanceDirect => Some(self.taken_up(&image).await?),
            ImportMethod::CopyImage | ImportMethod::GlanceDownload | ImportMethod::WebDownload => {
                None
            }
        };
        let first = first.clone();
        let uri = request.uri.clone();
        let plan = ImportPlan {
            image: id,
            method,
            uri: uri.filter(|_| method == ImportMethod::WebDownload),
            remote,
            stores,
            all_must_succeed: request.all_must_succeed,
            roles: match self.plugins.is_empty() {
                true => Vec::new(),
                false => caller.roles().map(str::to_owned).collect(),
            },
            is_creation: false,
        };
        let task = self.import_task(caller, &plan, request.request_id)?;
        let (store, url) = staged
            .as_ref()
            .map_or((&first, None), |staged| (&staged.store, Some(&staged.url)));
        let intent = Intent {
            id: IntentId::stored(task.id.to_string()),
            ..self.intent(id, store, Work::Import(url.cloned()), self.now())
        };
        let claim = self.claim_for_import(&image, plan.stores.len()).await?;
        let change = self.beginning(image, &plan, task.clone(), broken.as_ref())?;
        let mut change = change.beginning([intent.clone()]).claiming(claim);
        if let Some(row) = staged.and_then(|staged| staged.row) {
            change = change.ending(row, Holder::nobody());
        }

        let catalog = Arc::clone(&self.catalog);
        let begun = async move { catalog.commit(&change).await };
        match self.begin_import(intent, envoy, begun).await? {
            Ok(_) => {}
            // Another import was first, or a delete.
            Err(CatalogError::Conflict | CatalogError::NotFound) => {
                return Err(Error::BeingImported { image: id });
            }
            Err(error) => return Err(error.into()),
        }
        Ok(Some(task.told()))
    }

    fn check_offered(&self, method: ImportMethod) -> Result<(), Error> {
        match self.import_methods().contains(&method) {
            true => Ok(()),
            false => Err(self.not_enabled(method)),
        }
    }

    /// That the service does not import in this way, but in others.
    pub(super) fn not_enabled(&self, method: ImportMethod) -> Error {
        let enabled = self.import_methods();
        CannotImport::NotEnabled { method, enabled }.into()
    }

    /// The lock of the image, if it has one that may be broken.
    async fn broken_lock(&self, image: &Image) -> Result<Option<Broken>, Error> {
        let Some(lock) = image.import_lock() else {
            return Ok(None);
        };
        let task = self.catalog.find_task(&lock).await?;
        match task {
            Some(task) if !task.has_lost_its_lock(self.now()) => {
                Err(Error::BeingImported { image: image.id })
            }
            task => Ok(Some(Broken { lock, task })),
        }
    }

    fn check_address(&self, request: &ImportRequest) -> Result<(), Error> {
        if request.method != ImportMethod::WebDownload {
            return Ok(());
        }
        let refused = |reason: String| Err(CannotImport::Address { reason }.into());
        let Some(uri) = &request.uri else {
            return refused("it is missing".to_owned());
        };
        self.check_uri(uri).or_else(refused)
    }

    /// Refuses an address that the web is not asked for: the reason.
    pub(super) fn check_uri(&self, uri: &str) -> Result<(), String> {
        if uri.len() > LONGEST_URI {
            return Err(format!("it may have at most {LONGEST_URI} bytes"));
        }
        match self.web.as_ref().map(|web| web.check(uri)) {
            Some(Err(error)) => Err(error.to_string()),
            _ => Ok(()),
        }
    }

    fn import_task(
        &self,
        caller: &Caller,
        plan: &ImportPlan,
        request_id: Option<String>,
    ) -> Result<Task, Error> {
        let now = self.now();
        let mut task = Task::pending(self.new_task_id(), TaskKind::ApiImageImport, now);
        task.owner = caller.project().cloned();
        task.image = Some(plan.image);
        task.request_id = request_id;
        task.user = caller.user().cloned();
        task.input = Some(plan.to_input());
        Ok(task.begun(now)?)
    }

    /// The change of the image and its lock.
    fn beginning(
        &self,
        image: Image,
        plan: &ImportPlan,
        task: Task,
        broken: Option<&Broken>,
    ) -> Result<Change, Error> {
        let now = self.now();
        let old = broken.and_then(|broken| broken.task.as_ref());
        let old_input = old.and_then(|old| old.input.as_ref());
        let old_stores = old_input.map(ImportPlan::stores_of).unwrap_or_default();
        let after = image.import_begun(plan, self.stores.are_named(), &old_stores, now)?;
        let mut change = Change::of_status(image, after).locking(LockStep::Taken {
            by: task.id.clone(),
            instead_of: broken.map(|broken| broken.lock.clone()),
        });
        if let Some(old) = old
            && matches!(old.status(), TaskStatus::Pending | TaskStatus::Processing)
        {
            let lifetime = self.settings().task_lifetime;
            change = change.with_task(TaskStep::Moved {
                task: old.failed(PREEMPTED.to_owned(), now, lifetime)?,
                from: old.status(),
            });
        }
        Ok(change.with_task(TaskStep::Recorded(task)))
    }
}

/// What whoever imports in this way, or ends such an import, does to the image.
pub(in super::super) fn importing(method: ImportMethod) -> Action {
    match method {
        ImportMethod::CopyImage => Action::CopyImage,
        ImportMethod::GlanceDirect | ImportMethod::GlanceDownload | ImportMethod::WebDownload => {
            Action::ModifyImage
        }
    }
}

/// Refuses an image that is not in the status for this way to import, or lacks a format.
fn check_state(image: &Image, method: ImportMethod) -> Result<(), CannotImport> {
    let (wanted, status) = (method.status(), image.status());
    if status != wanted {
        return Err(CannotImport::Status {
            method,
            wanted,
            status,
        });
    }
    // Upstream asks for the container first.
    for (attribute, is_missing) in [
        ("container_format", image.container_format.is_none()),
        ("disk_format", image.disk_format.is_none()),
    ] {
        if is_missing {
            return Err(CannotImport::FormatMissing { attribute });
        }
    }
    Ok(())
}

/// What is told of a task whose lock was broken (upstream's words).
const PREEMPTED: &str = "Expired lock preempted";

/// Longer ones are no addresses, and the row of the task has to hold it.
const LONGEST_URI: usize = 8192;
