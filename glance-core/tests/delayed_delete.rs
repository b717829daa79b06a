//! Deletes whose data goes later: the use case, and what a scrubber does about it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use futures::executor::block_on;
use glance_core::domain::{BlobUrl, Caller, Draft, Holder, Image, ImageId, Intent, Status, Work};
use glance_core::memory::MemoryGlance;
use glance_core::ports::{ByteStream, Catalog, Clock, ImageStore as _, ScheduledDeletes};
use glance_core::{Error, Glance, ScrubPlan, Scrubbed, Scrubber, Settings};

struct Site {
    memory: MemoryGlance,
    glance: Glance,
    scrubber: Scrubber,
}

impl Site {
    fn new(delay: Duration) -> Self {
        let memory = MemoryGlance::new().with_settings(Settings {
            delayed_delete: true,
            ..Settings::default()
        });
        let glance = memory.build().unwrap();
        let deletes: Arc<dyn ScheduledDeletes> = Arc::clone(&memory.catalog) as _;
        let plan = ScrubPlan { delay, at_once: 2 };
        let scrubber = Scrubber::new(glance.clone(), deletes, plan);
        Self {
            memory,
            glance,
            scrubber,
        }
    }

    async fn image(&self) -> Image {
        let caller = Caller::local_admin();
        let draft = Draft::raw("cirros").unwrap();
        let image = self.glance.create(&caller, draft).await.unwrap();
        let body = ByteStream::from_bytes("the disk");
        self.glance
            .upload(&caller, image.id, body, Default::default())
            .await
            .unwrap()
    }

    async fn delete(&self, image: &Image) -> Result<(), Error> {
        // A change moves its image past the last one, if need be ahead of the clock.
        self.memory.clock.advance(Duration::from_secs(1));
        self.glance.delete(&Caller::local_admin(), image.id).await
    }

    /// Whether the store still holds the data.
    async fn holds(&self, image: &Image) -> bool {
        let url = &image.locations[0].url;
        self.memory.store.read(url, None).await.is_ok()
    }
}

#[test]
fn data_of_a_deleted_image_stays_until_its_time() {
    block_on(async {
        let site = Site::new(Duration::from_secs(60));
        let image = site.image().await;

        site.delete(&image).await.unwrap();
        site.memory.clock.advance(Duration::from_secs(59));
        let early = site.scrubber.pass().await.unwrap();
        let held = site.holds(&image).await;
        site.memory.clock.advance(Duration::from_secs(1));
        let late = site.scrubber.pass().await.unwrap();

        assert_eq!(early, Scrubbed::default());
        assert!(held);
        assert_eq!((late.deletes, late.failures), (1, 0));
        assert!(!site.holds(&image).await);
        assert_eq!(site.memory.catalog.intents(), []);
        assert_eq!(site.scrubber.pass().await.unwrap(), Scrubbed::default());
        let gone = site.scrubber.restore(image.id).await.unwrap_err();
        assert!(matches!(gone, Error::NotScheduled { .. }), "{gone}");
    });
}

#[test]
fn an_image_without_data_is_deleted_at_once() {
    block_on(async {
        let site = Site::new(Duration::ZERO);
        let draft = Draft::raw("empty").unwrap();
        let caller = Caller::local_admin();
        let image = site.glance.create(&caller, draft).await.unwrap();

        site.delete(&image).await.unwrap();

        let now = site.memory.clock.now();
        assert_eq!(site.memory.catalog.due(now, None, 9).await.unwrap(), []);
    });
}

#[test]
fn a_deactivated_image_with_data_cannot_be_deleted() {
    block_on(async {
        let site = Site::new(Duration::ZERO);
        let image = site.image().await;
        let caller = Caller::local_admin();
        site.glance.deactivate(&caller, image.id).await.unwrap();

        let refused = site.delete(&image).await.unwrap_err();

        assert!(matches!(refused, Error::Transition(_)), "{refused}");
        assert!(site.holds(&image).await);
    });
}

#[test]
fn a_delete_that_is_taken_back_brings_the_image_back_whole() {
    block_on(async {
        let site = Site::new(Duration::ZERO);
        let image = site.image().await;
        site.delete(&image).await.unwrap();

        let restored = site.scrubber.restore(image.id).await.unwrap();

        assert_eq!(restored.status(), Status::Active);
        assert_eq!(restored.locations, image.locations);
        assert_eq!(site.scrubber.pass().await.unwrap(), Scrubbed::default());
        assert!(site.holds(&image).await);
        let seen = site.memory.catalog.find(image.id, None).await.unwrap();
        assert_eq!(seen.unwrap().image, restored);
    });
}

#[test]
fn a_delete_is_taken_back_while_other_data_of_the_image_is_on_its_way_out() {
    block_on(async {
        let site = Site::new(Duration::ZERO);
        let image = site.image().await;
        site.delete(&image).await.unwrap();
        let now = site.memory.clock.now();
        let removal = |bits: u128, url: BlobUrl| Intent {
            id: ImageId::from_bits(bits).into(),
            image: image.id,
            store: site.memory.store.id().clone(),
            work: Work::Delete(url),
            holder: Holder::nobody(),
            lease_until: now,
        };
        let own = removal(1, image.locations[0].url.clone());
        let other = removal(2, BlobUrl::new("memory://what-it-had-before"));
        for intent in [&own, &other] {
            site.memory.catalog.claim(intent, now).await.unwrap();
        }

        let refused = site.scrubber.restore(image.id).await;
        let ended = site.memory.catalog.end_intent(&own.id, &own.holder);
        ended.await.unwrap();
        let restored = site.scrubber.restore(image.id).await;

        assert!(
            matches!(refused, Err(Error::DataGone { .. })),
            "{refused:?}"
        );
        assert_eq!(restored.unwrap().locations, image.locations);
        assert_eq!(site.memory.catalog.intents(), [other]);
    });
}

#[test]
fn an_image_in_a_store_of_nobody_stays_as_it_is() {
    block_on(async {
        let site = Site::new(Duration::ZERO);
        let mut image = site.image().await.stored_as(Status::Active);
        image.id = ImageId::from_bits(4);
        image.locations[0].url = BlobUrl::new("elsewhere://there");
        site.memory.catalog.insert(&image, None).await.unwrap();
        site.delete(&image).await.unwrap();

        let done = site.scrubber.pass().await.unwrap();

        assert_eq!((done.deletes, done.failures), (0, 1));
        assert!(site.scrubber.restore(image.id).await.is_ok());
    });
}

#[test]
fn a_scrubber_that_was_stopped_begins_nothing() {
    block_on(async {
        let site = Site::new(Duration::ZERO);
        let image = site.image().await;
        site.delete(&image).await.unwrap();

        site.scrubber.stop();

        assert_eq!(site.scrubber.pass().await.unwrap(), Scrubbed::default());
        assert!(site.holds(&image).await);
    });
}
