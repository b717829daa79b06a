//! Images in a catalog that cannot be reached now and then.

use async_trait::async_trait;
use glance_core::domain::query::ImageQuery;
use glance_core::domain::{
    BlobUrl, Change, Creation, Holder, Image, ImageId, ImageQuotas, Intent, IntentId, MemberStatus,
    Membership, ProjectId, Timestamp, Viewer,
};
use glance_core::ports::{Catalog, CatalogError, SeenImage};

use super::FaultyCatalog;

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Catalog for FaultyCatalog {
    async fn insert(&self, image: &Image, quotas: Option<ImageQuotas>) -> Result<(), CatalogError> {
        self.around(self.inner.insert(image, quotas)).await
    }

    async fn create(&self, creation: &Creation) -> Result<(), CatalogError> {
        self.around(self.inner.create(creation)).await
    }

    async fn find(
        &self,
        id: ImageId,
        project: Option<&ProjectId>,
    ) -> Result<Option<SeenImage>, CatalogError> {
        self.around(self.inner.find(id, project)).await
    }

    async fn list(&self, query: &ImageQuery, viewer: &Viewer) -> Result<Vec<Image>, CatalogError> {
        self.around(self.inner.list(query, viewer)).await
    }

    async fn idle_queued(&self, before: Timestamp, limit: u32) -> Result<Vec<Image>, CatalogError> {
        self.around(self.inner.idle_queued(before, limit)).await
    }

    async fn commit(&self, change: &Change) -> Result<Image, CatalogError> {
        self.around(self.inner.commit(change)).await
    }

    async fn members(&self, image: ImageId) -> Result<Vec<Membership>, CatalogError> {
        self.around(self.inner.members(image)).await
    }

    async fn put_member(
        &self,
        member: &Membership,
        quota: Option<u64>,
    ) -> Result<(), CatalogError> {
        self.around(self.inner.put_member(member, quota)).await
    }

    async fn set_member(
        &self,
        image: ImageId,
        project: &ProjectId,
        status: Option<MemberStatus>,
        now: Timestamp,
    ) -> Result<(), CatalogError> {
        self.around(self.inner.set_member(image, project, status, now))
            .await
    }

    async fn find_intent(&self, id: &IntentId) -> Result<Option<Intent>, CatalogError> {
        self.around(self.inner.find_intent(id)).await
    }

    async fn intents_of(&self, image: ImageId) -> Result<Vec<Intent>, CatalogError> {
        self.around(self.inner.intents_of(image)).await
    }

    async fn abandoned_intents(
        &self,
        asking: &Holder,
        now: Timestamp,
    ) -> Result<Vec<Intent>, CatalogError> {
        self.around(self.inner.abandoned_intents(asking, now)).await
    }

    async fn renew_intent(
        &self,
        intent: &IntentId,
        holder: &Holder,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, CatalogError> {
        self.around(self.inner.renew_intent(intent, holder, now, until))
            .await
    }

    async fn take_over(
        &self,
        intent: &IntentId,
        holder: &Holder,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<u64>, CatalogError> {
        self.around(self.inner.take_over(intent, holder, now, until))
            .await
    }

    async fn end_intent(&self, intent: &IntentId, holder: &Holder) -> Result<(), CatalogError> {
        self.around(self.inner.end_intent(intent, holder)).await
    }

    async fn begin_delete(&self, intent: &Intent, now: Timestamp) -> Result<(), CatalogError> {
        self.around(self.inner.begin_delete(intent, now)).await
    }

    async fn open_deletes(&self, image: ImageId) -> Result<Vec<BlobUrl>, CatalogError> {
        self.around(self.inner.open_deletes(image)).await
    }

    async fn finish_delete(
        &self,
        intent: &Intent,
        holder: &Holder,
        now: Timestamp,
    ) -> Result<(), CatalogError> {
        self.around(self.inner.finish_delete(intent, holder, now))
            .await
    }
}
