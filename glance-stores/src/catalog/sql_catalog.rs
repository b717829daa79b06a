//! The port, on whichever database.

use async_trait::async_trait;
use glance_core::domain::metadef::{
    Dated, MetadefChange, NamespaceContents, NamespaceDocument, NamespaceName, NamespaceQuery,
    ResourceType,
};
use glance_core::domain::query::{ImageQuery, TaskQuery};
use glance_core::domain::{
    BlobUrl, Change, Claim, Creation, Holder, Image, ImageId, ImageQuotas, Intent, IntentId,
    Location, MemberStatus, Membership, ProjectId, Task, TaskId, TaskStatus, Timestamp, Usage,
    Viewer,
};
use glance_core::ports::{
    Catalog, CatalogError, Located, MetadefCatalog, OddImage, Parts, Put, ScheduledDelete,
    ScheduledDeletes, SeenImage, TaskLog, UsageLedger,
};

use super::sql;
use super::sql::database::Database;
use super::turns::Turns;

/// A catalog in Glance's own tables, on the database of a driver: a Python Glance may serve it
/// meanwhile. Its names are `SqliteCatalog`, `PostgresCatalog` and `MysqlCatalog`.
#[derive(Debug)]
pub struct SqlCatalog<D> {
    pub(super) database: D,
    turns: Turns,
    few: u64,
}

impl<D> SqlCatalog<D> {
    /// On a database that so many connections read at a time.
    pub(super) fn on(database: D, connections: usize) -> Self {
        Self {
            database,
            turns: Turns::among(connections),
            few: FEW,
        }
    }

    /// How many images may have a tag, have a property or be shared with a project, so that a list
    /// that asks for those looks at each of them; where there are more, it walks an index in the
    /// order of the page until the page is full. The default, 4,000, suits a million images: best is
    /// about the square root of 25 times as many as there are.
    #[must_use]
    pub fn with_few(self, few: u64) -> Self {
        Self { few, ..self }
    }
}

#[async_trait]
impl<D: Database> Catalog for SqlCatalog<D> {
    async fn insert(&self, image: &Image, quotas: Option<ImageQuotas>) -> Result<(), CatalogError> {
        sql::images::insert(&self.database, image, quotas).await
    }

    async fn create(&self, creation: &Creation) -> Result<(), CatalogError> {
        sql::images::create(&self.database, creation).await
    }

    async fn find(
        &self,
        id: ImageId,
        project: Option<&ProjectId>,
    ) -> Result<Option<SeenImage>, CatalogError> {
        sql::images::find(&self.database, id, project).await
    }

    async fn list(&self, query: &ImageQuery, viewer: &Viewer) -> Result<Vec<Image>, CatalogError> {
        let turn = self.turns.take(viewer.project.as_ref()).await?;
        sql::list::list(&self.database, query, viewer, self.few, turn).await
    }

    async fn idle_queued(&self, before: Timestamp, limit: u32) -> Result<Vec<Image>, CatalogError> {
        sql::images::idle_queued(&self.database, before, limit).await
    }

    async fn commit(&self, change: &Change) -> Result<Image, CatalogError> {
        sql::change::commit(&self.database, change).await
    }

    async fn members(&self, image: ImageId) -> Result<Vec<Membership>, CatalogError> {
        sql::members::members(&self.database, image).await
    }

    async fn put_member(
        &self,
        member: &Membership,
        quota: Option<u64>,
    ) -> Result<(), CatalogError> {
        sql::members::put(&self.database, member, quota).await
    }

    async fn set_member(
        &self,
        image: ImageId,
        project: &ProjectId,
        status: Option<MemberStatus>,
        now: Timestamp,
    ) -> Result<(), CatalogError> {
        sql::members::set(&self.database, image, project, status, now).await
    }

    async fn find_intent(&self, id: &IntentId) -> Result<Option<Intent>, CatalogError> {
        sql::intents::find(&self.database, id).await
    }

    async fn intents_of(&self, image: ImageId) -> Result<Vec<Intent>, CatalogError> {
        sql::intents::of_image(&self.database, image).await
    }

    async fn abandoned_intents(
        &self,
        asking: &Holder,
        now: Timestamp,
    ) -> Result<Vec<Intent>, CatalogError> {
        sql::intents::abandoned(&self.database, asking, now).await
    }

    async fn renew_intent(
        &self,
        intent: &IntentId,
        holder: &Holder,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, CatalogError> {
        sql::intents::renew(&self.database, intent, holder, now, until).await
    }

    async fn take_over(
        &self,
        intent: &IntentId,
        holder: &Holder,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<u64>, CatalogError> {
        sql::intents::take_over(&self.database, intent, holder, now, until).await
    }

    async fn end_intent(&self, intent: &IntentId, holder: &Holder) -> Result<(), CatalogError> {
        sql::intents::end(&self.database, intent, holder).await
    }

    async fn begin_delete(&self, intent: &Intent, now: Timestamp) -> Result<(), CatalogError> {
        sql::scheduled_deletes::begin_delete(&self.database, intent, now).await
    }

    async fn open_deletes(&self, image: ImageId) -> Result<Vec<BlobUrl>, CatalogError> {
        sql::intents::open_deletes(&self.database, image).await
    }

    async fn finish_delete(
        &self,
        intent: &Intent,
        holder: &Holder,
        now: Timestamp,
    ) -> Result<(), CatalogError> {
        sql::scheduled_deletes::finish_delete(&self.database, intent, holder, now).await
    }
}

#[async_trait]
impl<D: Database> UsageLedger for SqlCatalog<D> {
    async fn usage(&self, project: &ProjectId) -> Result<Usage, CatalogError> {
        sql::usage::usage(&self.database, project).await
    }

    async fn reserve(
        &self,
        intent: &IntentId,
        holder: &Holder,
        claim: &Claim,
    ) -> Result<(), CatalogError> {
        sql::usage::reserve(&self.database, intent, holder, claim).await
    }
}

#[async_trait]
impl<D: Database> TaskLog for SqlCatalog<D> {
    async fn insert_task(&self, task: &Task) -> Result<(), CatalogError> {
        sql::tasks::insert(&self.database, task).await
    }

    async fn find_task(&self, id: &TaskId) -> Result<Option<Task>, CatalogError> {
        sql::tasks::find(&self.database, id).await
    }

    async fn list_tasks(&self, query: &TaskQuery) -> Result<Vec<Task>, CatalogError> {
        sql::tasks::list(&self.database, query).await
    }

    async fn move_task(&self, task: &Task, from: TaskStatus) -> Result<(), CatalogError> {
        sql::tasks::store_move(&self.database, task, from).await
    }

    async fn expire_tasks(&self, now: Timestamp) -> Result<u64, CatalogError> {
        sql::tasks::expire(&self.database, now).await
    }
}

#[async_trait]
impl<D: Database> ScheduledDeletes for SqlCatalog<D> {
    async fn due(
        &self,
        before: Timestamp,
        after: Option<ImageId>,
        limit: u32,
    ) -> Result<Vec<ScheduledDelete>, CatalogError> {
        sql::scheduled_deletes::due(&self.database, before, after, limit).await
    }

    async fn located(&self, after: Option<u64>, limit: u32) -> Result<Vec<Located>, CatalogError> {
        sql::scheduled_deletes::located(&self.database, after, limit).await
    }

    async fn all_images(
        &self,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Result<Image, OddImage>>, CatalogError> {
        sql::all_images::all_images(&self.database, after, limit).await
    }

    async fn left(&self, image: ImageId) -> Result<Vec<Location>, CatalogError> {
        sql::scheduled_deletes::left_of(&self.database, image).await
    }

    async fn claim(&self, intent: &Intent, now: Timestamp) -> Result<(), CatalogError> {
        sql::scheduled_deletes::claim(&self.database, intent, now).await
    }

    async fn scrubbed(
        &self,
        image: ImageId,
        url: &BlobUrl,
        now: Timestamp,
    ) -> Result<(), CatalogError> {
        sql::scheduled_deletes::scrubbed(&self.database, image, url, now).await
    }

    async fn finish(&self, image: ImageId, now: Timestamp) -> Result<bool, CatalogError> {
        sql::scheduled_deletes::finish(&self.database, image, now).await
    }

    async fn restore(
        &self,
        image: ImageId,
        unrelated: &[IntentId],
        now: Timestamp,
    ) -> Result<Image, CatalogError> {
        sql::scheduled_deletes::restore(&self.database, image, unrelated, now).await
    }
}

#[async_trait]
impl<D: Database> MetadefCatalog for SqlCatalog<D> {
    async fn namespaces(
        &self,
        query: &NamespaceQuery,
        viewer: &Viewer,
    ) -> Result<Vec<NamespaceContents>, CatalogError> {
        sql::metadefs::list(&self.database, query, viewer).await
    }

    async fn names(&self) -> Result<Vec<NamespaceName>, CatalogError> {
        sql::metadefs::names(&self.database).await
    }

    async fn read(
        &self,
        names: &[NamespaceName],
        parts: &Parts,
    ) -> Result<Vec<NamespaceContents>, CatalogError> {
        sql::metadefs::read(&self.database, names, parts).await
    }

    async fn put(
        &self,
        document: &NamespaceDocument,
        put: Put,
        now: Timestamp,
    ) -> Result<(), CatalogError> {
        sql::metadefs::put(&self.database, document, put, now).await
    }

    async fn change(
        &self,
        namespace: &NamespaceName,
        change: &MetadefChange,
        now: Timestamp,
    ) -> Result<(), CatalogError> {
        sql::metadefs::change(&self.database, namespace, change, now).await
    }

    async fn resource_types(&self) -> Result<Vec<Dated<ResourceType>>, CatalogError> {
        sql::metadefs::resource_types(&self.database).await
    }

    async fn clear(&self) -> Result<(), CatalogError> {
        sql::metadefs::clear(&self.database).await
    }
}

/// See [`SqlCatalog::with_few`].
const FEW: u64 = 4_000;
