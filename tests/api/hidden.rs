//! An image that a caller may not know of is as absent in every way: the answer, and the work
//! that is done for it (rule R16).

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use axum::body::Body;
use axum::http::StatusCode;
use glance_core::domain::query::{ImageQuery, TaskQuery};
use glance_core::domain::{
    BlobUrl, Change, Claim, Creation, Holder, Image, ImageId, ImageQuotas, Intent, IntentId,
    MemberStatus, Membership, ProjectId, Task, TaskId, TaskStatus, Timestamp, Usage, Viewer,
};
use glance_core::memory::{MemoryCatalog, MemoryGlance, MemoryStore};
use glance_core::ports::{
    Catalog, CatalogError, ImageStore, MetadefCatalog, SeenImage, TaskLog, UsageLedger,
};
use glance_core::{ConfiguredStore, GlanceBuilder, Settings, Stores};
use glance_http::endpoints;

use super::support::{ABSENT, ALICE, BOB, RAW, Site, V21, request, staging};

#[tokio::test]
async fn a_hidden_image_costs_what_an_absent_one_costs_on_every_route() {
    let memory = MemoryGlance::new();
    let catalog = Arc::new(Recording {
        inner: Arc::<MemoryCatalog>::clone(&memory.catalog),
        calls: Mutex::default(),
    });
    let site = Site::over(service(&memory, &catalog));
    let hidden = site.image(ALICE, RAW).await;
    site.upload(ALICE, &hidden, "data").await;

    let mut paths: Vec<_> = endpoints()
        .into_iter()
        .filter(|endpoint| endpoint.path.contains("{image_id}"))
        .map(|endpoint| (endpoint.method, endpoint.path.to_owned()))
        .collect();
    assert!(paths.len() > 12, "{paths:?}");
    paths.push((
        axum::http::Method::GET,
        "/v2/images?marker={image_id}".to_owned(),
    ));
    for (method, path) in paths {
        let mut met = Vec::new();
        for id in [hidden.as_str(), ABSENT] {
            let path = path
                .replace("{image_id}", id)
                .replace("{member_id}", "p3")
                .replace("{store_id}", "memory")
                .replace("{tag}", "t");
            catalog.take();
            let (media, body) = body_of(&path, &method);
            let request = request(BOB, method.clone(), &path).header("content-type", media);
            let answer = site.send(request.body(Body::from(body)).unwrap()).await;
            let text = answer.text().replace(id, "{image_id}");
            met.push((answer.status, text, catalog.take()));
        }

        assert_eq!(met[0], met[1], "{method} {path}");
        let (status, _, calls) = &met[0];
        let expected = match path.contains("marker") {
            true => StatusCode::BAD_REQUEST,
            false => StatusCode::NOT_FOUND,
        };
        assert_eq!(*status, expected, "{method} {path}");
        assert_eq!(*calls, ["find"], "{method} {path}");
    }
}

fn body_of(path: &str, method: &axum::http::Method) -> (&'static str, &'static str) {
    match (method.as_str(), path.rsplit('/').next()) {
        ("PATCH", _) => (V21, r#"[{"op": "add", "path": "/name", "value": "n"}]"#),
        ("POST", Some("import")) => (
            "application/json",
            r#"{"method": {"name": "glance-direct"}}"#,
        ),
        ("POST", Some("locations")) => ("application/json", r#"{"url": "http://a/b"}"#),
        ("POST", Some("members")) => ("application/json", r#"{"member": "p3"}"#),
        ("PUT", Some("p3")) => ("application/json", r#"{"status": "accepted"}"#),
        ("PUT", Some("file" | "stage")) => ("application/octet-stream", "data"),
        _ => ("application/json", ""),
    }
}

fn service(memory: &MemoryGlance, catalog: &Arc<Recording>) -> glance_core::Glance {
    let runtime = memory.clock.runtime(7);
    let catalog = Arc::<Recording>::clone(catalog) as Arc<dyn Catalog>;
    let store: Arc<dyn ImageStore> = Arc::<MemoryStore>::clone(&memory.store);
    let default = store.id().clone();
    // With a name, so that the routes of stores are there, too.
    let stores = Stores::named(&default, vec![ConfiguredStore::new(store, "memory")]).unwrap();
    let area: Arc<dyn ImageStore> = Arc::<MemoryStore>::clone(&memory.staging);
    let metadefs = Arc::<MemoryCatalog>::clone(&memory.catalog) as Arc<dyn MetadefCatalog>;
    GlanceBuilder::new(catalog, stores.with_staging(area), runtime)
        .with_metadefs(metadefs)
        .with_settings(Settings {
            import: staging(),
            ..Settings::default()
        })
        .build()
        .unwrap()
}

/// A catalog that notes what it is asked.
#[derive(Debug)]
struct Recording {
    inner: Arc<dyn Catalog>,
    calls: Mutex<Vec<&'static str>>,
}

impl Recording {
    /// What was asked since the last time.
    fn take(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.calls.lock().unwrap())
    }

    fn note(&self, call: &'static str) -> &dyn Catalog {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.push(call);
        self.inner.as_ref()
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Catalog for Recording {
    async fn insert(&self, image: &Image, quotas: Option<ImageQuotas>) -> Result<(), CatalogError> {
        self.note("insert").insert(image, quotas).await
    }

    async fn create(&self, creation: &Creation) -> Result<(), CatalogError> {
        self.note("create").create(creation).await
    }

    async fn find(
        &self,
        id: ImageId,
        project: Option<&ProjectId>,
    ) -> Result<Option<SeenImage>, CatalogError> {
        self.note("find").find(id, project).await
    }

    async fn list(&self, query: &ImageQuery, viewer: &Viewer) -> Result<Vec<Image>, CatalogError> {
        self.note("list").list(query, viewer).await
    }

    async fn idle_queued(&self, before: Timestamp, limit: u32) -> Result<Vec<Image>, CatalogError> {
        self.note("idle_queued").idle_queued(before, limit).await
    }

    async fn commit(&self, change: &Change) -> Result<Image, CatalogError> {
        self.note("commit").commit(change).await
    }

    async fn members(&self, image: ImageId) -> Result<Vec<Membership>, CatalogError> {
        self.note("members").members(image).await
    }

    async fn put_member(
        &self,
        member: &Membership,
        quota: Option<u64>,
    ) -> Result<(), CatalogError> {
        self.note("put_member").put_member(member, quota).await
    }

    async fn set_member(
        &self,
        image: ImageId,
        project: &ProjectId,
        status: Option<MemberStatus>,
        now: Timestamp,
    ) -> Result<(), CatalogError> {
        let catalog = self.note("set_member");
        catalog.set_member(image, project, status, now).await
    }

    async fn find_intent(&self, id: &IntentId) -> Result<Option<Intent>, CatalogError> {
        self.note("find_intent").find_intent(id).await
    }

    async fn intents_of(&self, image: ImageId) -> Result<Vec<Intent>, CatalogError> {
        self.note("intents_of").intents_of(image).await
    }

    async fn abandoned_intents(
        &self,
        asking: &Holder,
        now: Timestamp,
    ) -> Result<Vec<Intent>, CatalogError> {
        let catalog = self.note("abandoned_intents");
        catalog.abandoned_intents(asking, now).await
    }

    async fn renew_intent(
        &self,
        intent: &IntentId,
        holder: &Holder,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, CatalogError> {
        let catalog = self.note("renew_intent");
        catalog.renew_intent(intent, holder, now, until).await
    }

    async fn take_over(
        &self,
        intent: &IntentId,
        holder: &Holder,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<u64>, CatalogError> {
        let catalog = self.note("take_over");
        catalog.take_over(intent, holder, now, until).await
    }

    async fn end_intent(&self, intent: &IntentId, holder: &Holder) -> Result<(), CatalogError> {
        self.note("end_intent").end_intent(intent, holder).await
    }

    async fn begin_delete(&self, intent: &Intent, now: Timestamp) -> Result<(), CatalogError> {
        self.note("begin_delete").begin_delete(intent, now).await
    }

    async fn open_deletes(&self, image: ImageId) -> Result<Vec<BlobUrl>, CatalogError> {
        self.note("open_deletes").open_deletes(image).await
    }

    async fn finish_delete(
        &self,
        intent: &Intent,
        holder: &Holder,
        now: Timestamp,
    ) -> Result<(), CatalogError> {
        let catalog = self.note("finish_delete");
        catalog.finish_delete(intent, holder, now).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl UsageLedger for Recording {
    async fn usage(&self, project: &ProjectId) -> Result<Usage, CatalogError> {
        self.note("usage").usage(project).await
    }

    async fn reserve(
        &self,
        intent: &IntentId,
        holder: &Holder,
        claim: &Claim,
    ) -> Result<(), CatalogError> {
        self.note("reserve").reserve(intent, holder, claim).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl TaskLog for Recording {
    async fn insert_task(&self, task: &Task) -> Result<(), CatalogError> {
        self.note("insert_task").insert_task(task).await
    }

    async fn find_task(&self, id: &TaskId) -> Result<Option<Task>, CatalogError> {
        self.note("find_task").find_task(id).await
    }

    async fn list_tasks(&self, query: &TaskQuery) -> Result<Vec<Task>, CatalogError> {
        self.note("list_tasks").list_tasks(query).await
    }

    async fn move_task(&self, task: &Task, from: TaskStatus) -> Result<(), CatalogError> {
        self.note("move_task").move_task(task, from).await
    }

    async fn expire_tasks(&self, now: Timestamp) -> Result<u64, CatalogError> {
        self.note("expire_tasks").expire_tasks(now).await
    }
}
