//! An image and its data in one request: `POST /v2/tasks`, upstream's older way to import.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::super::glance::Glance;
use crate::domain::{
    Caller, CannotImport, Creation, Draft, ImageQuotas, ImportMethod, ImportPlan, Intent, IntentId,
    StoreId, Task, TaskId, TaskKind, Work,
};
use crate::error::Error;
use crate::ports::CatalogError;

/// What is asked of an import that makes its image.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "adapters must say all of it")]
pub struct NewImageImport {
    /// The image.
    pub draft: Draft,
    /// The address of its data.
    pub uri: String,
    /// The store that is to have it; the default one, where nothing is said.
    pub store: Option<StoreId>,
    /// All that was asked, in upstream's form, for the row of the task.
    pub input: Map<String, Value>,
    /// The request, for the row of the task.
    pub request_id: Option<String>,
}

impl Glance {
    /// Makes an image and begins to give it data from the web; goes on in the background. Where that
    /// fails, the image goes again, unless it is protected: that one stays queued.
    ///
    /// # Errors
    /// The caller may not; the service does not read the web; the address is refused; the image is, as
    /// with [`create`](Self::create), or it lacks a format; the store is none of this service, or takes
    /// no data; a limit is passed.
    pub async fn import_new(&self, caller: &Caller, asked: NewImageImport) -> Result<Task, Error> {
        self.may_use_tasks(caller)?;
        self.check_new_address(&asked.uri)?;
        let (image, quotas) = self.drafted(caller, asked.draft).await?;
        image.require_formats()?;
        let store = self.stores.chosen(asked.store.as_ref())?;
        if !store.capabilities().write {
            let store = store.id().clone();
            return Err(CannotImport::ReadOnly { store }.into());
        }
        let now = self.now();
        let mut task = Task::pending(self.new_task_id(), TaskKind::Import, now);
        task.owner = caller.project().cloned();
        task.image = Some(image.id);
        task.request_id = asked.request_id;
        task.user = caller.user().cloned();
        task.input = Some(asked.input);
        let plan = ImportPlan::of_task(&task, store.id());
        let plan = plan.ok_or_else(|| CannotImport::From {
            reason: "it is missing".to_owned(),
        })?;
        let intent = Intent {
            id: IntentId::stored(task.id.to_string()),
            ..self.intent(image.id, store.id(), Work::Import(None), now)
        };
        let claim = self.claim_for_import(&image, 1).await?;
        let quotas = ImageQuotas {
            queued: None,
            ..quotas
        };
        let has_lists = self.stores.are_named();
        let creation =
            Creation::importing(&image, &plan, has_lists, intent.clone(), task.clone(), now)?;
        let creation = creation.within(quotas).claiming(claim);

        let catalog = Arc::clone(&self.catalog);
        let created = async move { catalog.create(&creation).await };
        match self.begin_import(intent, None, created).await? {
            Ok(()) => Ok(task.told()),
            Err(CatalogError::Conflict) => Err(Error::DuplicateImage { image: image.id }),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn new_task_id(&self) -> TaskId {
        TaskId::from(crate::domain::ImageId::from_bits(
            self.runtime.ids.next_bits(),
        ))
    }

    fn check_new_address(&self, uri: &str) -> Result<(), Error> {
        if self.web.is_none() {
            return Err(self.not_enabled(ImportMethod::WebDownload));
        }
        self.check_uri(uri)
            .map_err(|reason| CannotImport::From { reason }.into())
    }
}
