//! The port, on whichever database.

use async_trait::async_trait;
use glance_core::domain::metadef::{
    Dated, MetadefChange, NamespaceContents, NamespaceDocument, NamespaceName, NamespaceQuery,
    ResourceType,
};
use glance_core::domain::query::ImageQuery;
use glance_core::domain::{
    BlobUrl, Change, Holder, Image, ImageId, ImageQuotas, Intent, IntentId, MemberStatus,
    Membership, ProjectId, Timestamp, Viewer,
};
use glance_core::ports::{
    Catalog, CatalogError, MetadefCatalog, Parts, Put, ScheduledDelete, ScheduledDeletes, SeenImage,
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

    async fn find(
        &self,
        id: ImageId,
        project: Option<&ProjectId>,
    ) -> Result<Option<SeenImage>, CatalogError> {
        sql::images::find(&self.database, id, project).await
    }

    async fn list(&self, query: &ImageQuery, viewer: &Viewer) -> Result<Vec<Image>, CatalogError> {
        let _turn = self.turns.take(viewer.project.as_ref()).await?;
        sql::list::list(&self.database, query, viewer, self.few).await
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

    async fn end_intent(&self, intent: &IntentId, holder: &Holder) -> Result<(), CatalogError> {
        sql::intents::end(&self.database, intent, holder).await
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

    async fn claim(&self, image: ImageId, intents: &[Intent]) -> Result<(), CatalogError> {
        sql::scheduled_deletes::claim(&self.database, image, intents).await
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

    async fn restore(&self, image: ImageId, now: Timestamp) -> Result<Image, CatalogError> {
        sql::scheduled_deletes::restore(&self.database, image, now).await
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
