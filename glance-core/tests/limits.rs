//! What projects may have, and what becomes of data that passes it (rule R9).

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::task::Poll;

use async_trait::async_trait;
use bytes::Bytes;
use futures::executor::block_on;
use futures::future::join_all;
use futures::stream;
use glance_core::domain::{
    Caller, Draft, Image, ImportMethod, ProjectId, ProjectLimits, Quotas, Resource, Status, Usage,
};
use glance_core::memory::{FixedLimits, MemoryCatalog, MemoryGlance, MemoryStore};
use glance_core::ports::{
    BodyError, ByteStream, Catalog, ImageStore, Incoming, LimitError, LimitSource, SourceError,
    UsageLedger, WebSource,
};
use glance_core::{
    ConfiguredStore, Error, ErrorKind, Glance, GlanceBuilder, ImportRequest, ImportSettings,
    Settings, Stores, UploadOptions,
};

fn bytes(limit: u64) -> ProjectLimits {
    ProjectLimits {
        stored_bytes: Some(limit),
        ..ProjectLimits::default()
    }
}

fn limited(limits: ProjectLimits) -> (MemoryGlance, Glance) {
    let settings = Settings {
        import: ImportSettings {
            methods: ImportMethod::ALL.to_vec(),
            ..ImportSettings::default()
        },
        ..Settings::default()
    };
    let memory = MemoryGlance::new()
        .with_settings(settings)
        .with_limits(Arc::new(FixedLimits::new(limits)));
    let glance = memory.build().unwrap();
    (memory, glance)
}

fn project() -> ProjectId {
    "p".parse().unwrap()
}

fn member() -> Caller {
    Caller::anonymous()
        .with_project(Some(project()))
        .with_roles(["member", "reader"])
}

fn created(glance: &Glance) -> Image {
    block_on(glance.create(&member(), Draft::raw("disk").unwrap())).unwrap()
}

/// Data in pieces of 10 bytes.
fn data(pieces: usize) -> ByteStream {
    let pieces = (0..pieces).map(|_| Ok::<_, BodyError>(Bytes::from_static(b"0123456789")));
    ByteStream::new(stream::iter(pieces))
}

fn announced(size: u64) -> UploadOptions {
    UploadOptions {
        size: Some(size),
        ..UploadOptions::default()
    }
}

async fn upload(
    glance: &Glance,
    image: &Image,
    pieces: usize,
    options: UploadOptions,
) -> Result<Image, Error> {
    glance
        .upload(&member(), image.id, data(pieces), options)
        .await
}

fn refused(result: Result<Image, Error>) -> Resource {
    match result {
        Err(Error::Quota(quota)) => quota.resource,
        other => panic!("{other:?}"),
    }
}

fn stored(memory: &MemoryGlance) -> u64 {
    block_on(memory.catalog.usage(&project()))
        .unwrap()
        .stored_bytes
}

#[test]
fn of_fifty_uploads_that_each_take_all_that_is_left_one_succeeds() {
    let (memory, glance) = limited(bytes(30));
    let images: Vec<Image> = (0..50).map(|_| created(&glance)).collect();

    let uploads = images
        .iter()
        .map(|image| upload(&glance, image, 3, announced(30)));
    let results = block_on(join_all(uploads));

    let (done, others): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert_eq!(done.len(), 1);
    for result in others {
        assert_eq!(refused(result), Resource::StoredBytes);
    }
    assert_eq!(stored(&memory), 30);
    assert_eq!(memory.store.contents().0.len(), 1);
}

#[test]
fn data_of_unknown_size_stops_at_the_limit_and_nothing_of_it_stays() {
    let (memory, glance) = limited(bytes(30));
    let image = created(&glance);

    let result = block_on(upload(&glance, &image, 1_000_000, UploadOptions::default()));

    assert_eq!(refused(result), Resource::StoredBytes);
    let [image] = <[Image; 1]>::try_from(memory.catalog.images()).unwrap();
    assert_eq!(image.status(), Status::Queued);
    assert_eq!(memory.store.contents(), (Vec::new(), 0));
    assert_eq!((stored(&memory), memory.catalog.intents()), (0, Vec::new()));
    // And what fits goes in afterwards, to the last byte.
    let full = block_on(upload(&glance, &image, 3, UploadOptions::default()));
    assert_eq!(full.unwrap().size, Some(30));
    let empty = created(&glance);
    assert!(block_on(upload(&glance, &empty, 0, UploadOptions::default())).is_ok());
}

#[test]
fn uploads_of_unknown_size_never_pass_the_limit_together() {
    let (memory, glance) = limited(bytes(100));
    let images: Vec<Image> = (0..20).map(|_| created(&glance)).collect();

    let uploads = images
        .iter()
        .map(|image| upload(&glance, image, 3, UploadOptions::default()));
    let results = block_on(join_all(uploads));

    let done = results.iter().filter(|result| result.is_ok()).count() as u64;
    assert!(done <= 3, "{done}");
    assert_eq!(stored(&memory), 30 * done);
    assert_eq!(memory.store.contents().0.len() as u64, done);
}

#[test]
fn a_soft_limit_is_passed_once_by_data_of_unknown_size() {
    let settings = Settings {
        quotas: Quotas {
            soft_storage: true,
            project: bytes(30),
            ..Quotas::default()
        },
        ..Settings::default()
    };
    let memory = MemoryGlance::new().with_settings(settings);
    let glance = memory.build().unwrap();
    let unknown = |pieces| {
        let image = created(&glance);
        block_on(upload(&glance, &image, pieces, UploadOptions::default()))
    };

    assert!(unknown(3).is_ok() && unknown(3).is_ok());
    assert_eq!(refused(unknown(0)), Resource::StoredBytes);
    assert_eq!(stored(&memory), 60);
}

#[test]
fn an_upload_that_is_too_large_is_refused_before_its_data() {
    let (memory, glance) = limited(bytes(30));
    let image = created(&glance);
    let never = stream::poll_fn(|_| -> Poll<Option<Result<Bytes, BodyError>>> {
        panic!("the data is asked for")
    });
    let never = ByteStream::new(never);

    let result = block_on(glance.upload(&member(), image.id, never, announced(31)));

    assert_eq!(refused(result), Resource::StoredBytes);
    assert_eq!(memory.catalog.images(), [image]);
}

#[test]
fn data_is_staged_up_to_a_limit_whether_its_size_is_told_or_not() {
    let (memory, glance) = limited(ProjectLimits {
        staged_bytes: Some(50),
        stored_bytes: Some(0),
        ..ProjectLimits::default()
    });
    let stage = |pieces, options| {
        let image = created(&glance);
        block_on(glance.stage(&member(), image.id, data(pieces), options))
    };
    let staged = || {
        block_on(memory.catalog.usage(&project()))
            .unwrap()
            .staged_bytes
    };

    assert_eq!(refused(stage(6, announced(60))), Resource::StagedBytes);
    let unknown = stage(1_000_000, UploadOptions::default());
    assert_eq!(refused(unknown), Resource::StagedBytes);
    assert_eq!((staged(), memory.catalog.intents()), (0, Vec::new()));
    assert_eq!(memory.staging.contents(), (Vec::new(), 0));
    let first = stage(2, announced(20)).unwrap();
    assert!(stage(3, UploadOptions::default()).is_ok());
    assert_eq!(staged(), 50);
    assert_eq!(refused(stage(1, announced(10))), Resource::StagedBytes);
    assert_eq!(
        refused(stage(1, UploadOptions::default())),
        Resource::StagedBytes
    );

    // What is not staged any more makes room.
    block_on(glance.delete(&member(), first.id)).unwrap();
    assert_eq!(staged(), 30);
    assert!(stage(2, announced(20)).is_ok());
}

fn request(method: ImportMethod) -> ImportRequest {
    ImportRequest {
        method,
        remote: None,
        uri: Some("https://images.example/disk".to_owned()),
        stores: (method == ImportMethod::CopyImage).then(|| vec!["there".parse().unwrap()]),
        store: None,
        all_stores: false,
        all_must_succeed: true,
        request_id: None,
    }
}

/// A download has nothing to stage, and none begins where too much is staged already.
#[test]
fn a_download_is_refused_where_too_much_is_staged_already() {
    for (limit, is_refused) in [(50, false), (49, true)] {
        let limits = ProjectLimits {
            staged_bytes: Some(50),
            ..ProjectLimits::default()
        };
        let (memory, glance) = limited(limits);
        let staged = created(&glance);
        let options = UploadOptions::default();
        block_on(glance.stage(&member(), staged.id, data(5), options)).unwrap();
        let now = ProjectLimits {
            staged_bytes: Some(limit),
            ..limits
        };
        let glance = memory
            .with_seed(2)
            .with_limits(Arc::new(FixedLimits::new(now)))
            .with_web_source(Arc::new(Web))
            .build()
            .unwrap();
        let image = created(&glance);

        let asked = request(ImportMethod::WebDownload);
        let begun = block_on(glance.import(&member(), image.id, asked));

        match begun {
            Err(Error::Quota(quota)) => {
                assert!(is_refused);
                assert_eq!(quota.resource, Resource::StagedBytes);
                let image = block_on(glance.image(&member(), image.id)).unwrap();
                assert_eq!(image.status(), Status::Queued);
            }
            begun => assert!(begun.is_ok() && !is_refused, "{limit}: {begun:?}"),
        }
    }
}

/// While it is copied, an image counts as staged, whoever copies it: so it has to fit.
#[test]
fn a_copy_has_to_fit_among_what_is_staged() {
    for (limit, is_refused) in [(50, false), (49, true)] {
        let stores = ["here", "there"].map(|name| {
            let store: Arc<dyn ImageStore> = Arc::new(MemoryStore::new(name.parse().unwrap()));
            ConfiguredStore::new(store, "memory")
        });
        let stores = Stores::named(&"here".parse().unwrap(), stores.to_vec()).unwrap();
        let memory = MemoryGlance::new();
        let runtime = memory.clock.runtime(1);
        let limits = ProjectLimits {
            staged_bytes: Some(limit),
            ..ProjectLimits::default()
        };
        let catalog = Arc::<MemoryCatalog>::clone(&memory.catalog) as Arc<dyn Catalog>;
        let glance = GlanceBuilder::new(catalog, stores, runtime)
            .with_limits(Arc::new(FixedLimits::new(limits)))
            .with_settings(Settings {
                import: ImportSettings {
                    methods: ImportMethod::ALL.to_vec(),
                    ..ImportSettings::default()
                },
                ..Settings::default()
            })
            .build()
            .unwrap();
        let image = created(&glance);
        block_on(upload(&glance, &image, 5, UploadOptions::default())).unwrap();
        let admin = member().with_roles(["admin", "member", "reader"]);

        let begun = block_on(glance.import(&admin, image.id, request(ImportMethod::CopyImage)));

        match begun {
            Err(Error::Quota(quota)) => {
                assert!(is_refused);
                assert_eq!(quota.resource, Resource::StagedBytes);
            }
            begun => assert!(begun.is_ok() && !is_refused, "{limit}: {begun:?}"),
        }
    }
}

#[derive(Debug)]
struct Web;

#[async_trait]
impl WebSource for Web {
    fn check(&self, _: &str) -> Result<(), SourceError> {
        Ok(())
    }

    async fn open(&self, _: &str) -> Result<Incoming, SourceError> {
        Ok(Incoming {
            size: None,
            body: data(1),
        })
    }
}

#[test]
fn images_and_uploads_have_limits_of_their_own() {
    let (_, glance) = limited(ProjectLimits {
        images: Some(2),
        uploads: Some(0),
        ..ProjectLimits::default()
    });
    let image = created(&glance);
    created(&glance);

    let third = block_on(glance.create(&member(), Draft::raw("disk").unwrap()));

    assert_eq!(refused(third), Resource::Images);
    let result = block_on(upload(&glance, &image, 1, announced(10)));
    assert_eq!(refused(result), Resource::Uploads);
}

#[test]
fn a_project_of_its_own_limits_and_nobody_are_not_bound_by_the_others() {
    let limits = FixedLimits::new(bytes(0)).with_project(project(), bytes(10));
    let memory = MemoryGlance::new().with_limits(Arc::new(limits));
    let glance = memory.build().unwrap();
    let admin = Caller::local_admin();
    let ownerless = Draft {
        ownerless: true,
        ..Draft::raw("disk").unwrap()
    };

    let image = created(&glance);
    assert!(block_on(upload(&glance, &image, 1, announced(10))).is_ok());
    let nobodys = block_on(glance.create(&admin, ownerless)).unwrap();
    assert!(block_on(glance.upload(&admin, nobodys.id, data(9), announced(90))).is_ok());
}

#[test]
fn usage_is_told_with_what_may_be_had() {
    let (_, glance) = limited(bytes(100));
    block_on(upload(&glance, &created(&glance), 4, announced(40))).unwrap();

    let told = block_on(glance.usage(&member())).unwrap().unwrap();

    assert_eq!(told.limits, bytes(100));
    let expected = Usage {
        images: 1,
        stored_bytes: 40,
        ..Usage::default()
    };
    assert_eq!(told.usage, expected);
    assert!(
        block_on(glance.usage(&Caller::anonymous()))
            .unwrap()
            .is_none()
    );
    let unlimited = MemoryGlance::new().build().unwrap();
    assert!(block_on(unlimited.usage(&member())).unwrap().is_none());
}

/// Nobody can say.
#[derive(Debug)]
struct Away;

#[async_trait]
impl LimitSource for Away {
    async fn limits(&self, _: &ProjectId) -> Result<ProjectLimits, LimitError> {
        let source = "simulated".into();
        Err(LimitError::Unavailable { source })
    }
}

#[test]
fn where_nobody_can_say_what_a_project_may_have_it_gets_nothing() {
    let memory = MemoryGlance::new();
    let image = created(&memory.build().unwrap());
    let glance = memory.with_limits(Arc::new(Away)).build().unwrap();
    let kind = |result: Result<Image, Error>| result.unwrap_err().kind();

    let created = block_on(glance.create(&member(), Draft::raw("disk").unwrap()));
    let uploaded = block_on(upload(&glance, &image, 1, announced(10)));

    assert_eq!(kind(created), ErrorKind::Unavailable);
    assert_eq!(kind(uploaded), ErrorKind::Unavailable);
    let told = block_on(glance.usage(&member()));
    assert_eq!(told.unwrap_err().kind(), ErrorKind::Unavailable);
}
