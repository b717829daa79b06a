//! Data of images that are said to be signed. That real signatures verify is tested where the
//! verifier is.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures::executor::block_on;
use futures::stream;
use glance_core::domain::{
    Attribute, Caller, Draft, Edit, HashAlgorithm, Image, ImageSignature, LocationEdit,
    LocationFault, Multihash, NewLocation, Position, Presence, PropertyName, Status, Timestamp,
    ValidationData,
};
use glance_core::memory::{MemoryCatalog, MemoryGlance, MemoryStore, SeededIds, ThreadExecutor};
use glance_core::ports::{
    BlobKey, BodyError, ByteStream, ImageStore, SignatureCheck, SignatureError, SignatureVerifier,
};
use glance_core::{
    ConfiguredStore, Error, ErrorKind, Glance, GlanceBuilder, LocationSettings, Runtime, Settings,
    Stores, UploadOptions,
};

/// Takes the hash of the data itself for its signature, and notes what it is asked.
#[derive(Debug, Clone, Default)]
struct HashIsSignature {
    begun: Arc<Mutex<usize>>,
    is_away: bool,
}

#[async_trait]
impl SignatureVerifier for HashIsSignature {
    async fn begin(
        &self,
        signature: &ImageSignature,
        _now: Timestamp,
    ) -> Result<Box<dyn SignatureCheck>, SignatureError> {
        *self.begun.lock().unwrap() += 1;
        if self.is_away {
            let source = "the key manager is away".into();
            return Err(SignatureError::Unavailable {
                certificate: signature.certificate.clone(),
                keeper: "the key manager",
                source,
            });
        }
        Ok(Box::new(Expected(signature.bytes.clone())))
    }
}

#[derive(Debug)]
struct Expected(Vec<u8>);

impl SignatureCheck for Expected {
    fn verify(self: Box<Self>, hash: &[u8]) -> Result<(), SignatureError> {
        (hash == self.0)
            .then_some(())
            .ok_or(SignatureError::Mismatch)
    }
}

const DATA: &str = "the disk";

/// SHA-256 of the data, in base64.
const GOOD: &str = "mtvmHAqFko0S5tQutBxfKOhLAkiF+hFb4wRp+1xDRF8=";
/// Of no data.
const BAD: &str = "AAAA";

fn created(glance: &Glance, said: &[(&str, &str)]) -> Image {
    let mut draft = Draft::raw("disk").unwrap();
    for (name, value) in said {
        let name: PropertyName = name.parse().unwrap();
        draft.properties.insert(name, value.parse().unwrap());
    }
    block_on(glance.create(&Caller::local_admin(), draft)).unwrap()
}

fn signed(glance: &Glance, signature: &str) -> Image {
    let said = [
        ("img_signature", signature),
        ("img_signature_hash_method", "SHA-256"),
        ("img_signature_key_type", "RSA-PSS"),
        (
            "img_signature_certificate_uuid",
            "8dab5c5f-9b36-4c5e-a4b8-6ab21a1ff1a0",
        ),
    ];
    created(glance, &said)
}

fn upload(glance: &Glance, image: &Image) -> Result<Image, Error> {
    upload_body(glance, image, ByteStream::from_bytes(DATA))
}

fn upload_body(glance: &Glance, image: &Image, body: ByteStream) -> Result<Image, Error> {
    let options = UploadOptions::default();
    block_on(glance.upload(&Caller::local_admin(), image.id, body, options))
}

fn assert_nothing_stays(memory: &MemoryGlance) {
    let [image] = <[Image; 1]>::try_from(memory.catalog.images()).unwrap();
    assert_eq!(image.status(), Status::Queued);
    assert!(image.locations.is_empty() && image.size.is_none() && image.checksum.is_none());
    assert_eq!(memory.catalog.intents(), []);
    assert_eq!(memory.store.contents(), (Vec::new(), 0));
}

#[test]
fn data_whose_signature_verifies_is_the_image_s() {
    let verifier = HashIsSignature::default();
    let memory = MemoryGlance::new().with_signatures(Arc::new(verifier.clone()));
    let glance = memory.build().unwrap();

    let uploaded = upload(&glance, &signed(&glance, GOOD)).unwrap();

    assert_eq!(uploaded.status(), Status::Active);
    assert_eq!(*verifier.begun.lock().unwrap(), 1);
}

#[test]
fn data_whose_signature_does_not_verify_leaves_nothing() {
    let memory = MemoryGlance::new().with_signatures(Arc::new(HashIsSignature::default()));
    let glance = memory.build().unwrap();

    let error = upload(&glance, &signed(&glance, BAD)).unwrap_err();

    assert!(
        matches!(error, Error::Signature(SignatureError::Mismatch)),
        "{error}"
    );
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert_nothing_stays(&memory);
}

#[test]
fn data_of_a_signed_image_is_refused_where_nobody_can_say() {
    let memory = MemoryGlance::new();
    let glance = memory.build().unwrap();

    let error = upload(&glance, &signed(&glance, GOOD)).unwrap_err();

    assert!(
        matches!(error, Error::Signature(SignatureError::NoVerifier)),
        "{error}"
    );
    assert_nothing_stays(&memory);
}

#[test]
fn a_verifier_that_cannot_be_asked_lets_nothing_in() {
    let verifier = HashIsSignature {
        is_away: true,
        ..HashIsSignature::default()
    };
    let memory = MemoryGlance::new().with_signatures(Arc::new(verifier));
    let glance = memory.build().unwrap();

    let error = upload(&glance, &signed(&glance, GOOD)).unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_nothing_stays(&memory);
}

#[test]
fn a_signature_that_makes_no_sense_is_refused_before_anybody_is_asked() {
    let verifier = HashIsSignature::default();
    let memory = MemoryGlance::new().with_signatures(Arc::new(verifier.clone()));
    let glance = memory.build().unwrap();

    let error = upload(&glance, &signed(&glance, "*")).unwrap_err();

    assert!(matches!(error, Error::InvalidSignature(_)), "{error}");
    assert_eq!(*verifier.begun.lock().unwrap(), 0);
    assert_nothing_stays(&memory);
}

#[test]
fn data_of_an_image_that_says_less_than_all_of_its_signature_is_not_verified() {
    let memory = MemoryGlance::new();
    let glance = memory.build().unwrap();
    let image = created(&glance, &[("img_signature", BAD)]);

    assert_eq!(upload(&glance, &image).unwrap().status(), Status::Active);
}

#[test]
fn data_that_breaks_off_is_not_said_to_be_signed_wrongly() {
    let memory = MemoryGlance::new().with_signatures(Arc::new(HashIsSignature::default()));
    let glance = memory.build().unwrap();
    let image = signed(&glance, GOOD);
    let pieces = [Ok("the".into()), Err(BodyError("gone".into()))];
    let body = ByteStream::new(stream::iter(pieces));

    let error = upload_body(&glance, &image, body).unwrap_err();

    assert!(matches!(error, Error::Body(_)), "{error}");
    assert_nothing_stays(&memory);
}

/// A service of its own, for which places in stores are named.
fn service() -> Caller {
    Caller::local_admin().with_roles(["admin", "service"])
}

/// Puts the data into a store beside the service, at the place of an image.
fn published(store: &MemoryStore, image: &Image) -> NewLocation {
    let key = BlobKey {
        image: image.id,
        upload: "by hand".parse().unwrap(),
        size: None,
    };
    block_on(async {
        let mut writer = store.start(&key).await.unwrap();
        writer.write(DATA.into()).await.unwrap();
        writer.commit().await.unwrap();
    });
    NewLocation::at(&format!("memory://{}/{}", store.id(), image.id))
}

fn locate(glance: &Glance, image: &Image, new: NewLocation) -> Result<Image, Error> {
    block_on(glance.add_location(&service(), image.id, new, None))
}

fn patch(glance: &Glance, image: &Image, edits: &[Edit]) -> Result<Image, Error> {
    block_on(glance.edit(&service(), image.id, edits))
}

/// The one image, once no work is left.
fn settled(memory: &MemoryGlance) -> Image {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !memory.catalog.intents().is_empty() {
        assert!(Instant::now() < deadline, "{:?}", memory.catalog.intents());
        std::thread::sleep(Duration::from_millis(1));
    }
    let [image] = <[Image; 1]>::try_from(memory.catalog.images()).unwrap();
    image
}

fn verifying(settings: Settings) -> MemoryGlance {
    let verifier = Arc::new(HashIsSignature::default());
    let memory = MemoryGlance::new().with_signatures(verifier);
    memory.with_settings(settings)
}

/// What is said of the data, rightly.
fn its_hash() -> ValidationData {
    let mut hasher = HashAlgorithm::Sha512.hasher();
    hasher.update(DATA.as_bytes());
    ValidationData {
        checksum: None,
        multihash: Multihash {
            algorithm: "sha512".to_owned(),
            value: hasher.finish(),
        },
    }
}

#[test]
fn data_at_a_location_is_the_image_s_once_its_signature_verifies() {
    let memory = verifying(Settings::default());
    let glance = memory.build().unwrap();
    let image = signed(&glance, GOOD);

    let located = locate(&glance, &image, published(&memory.store, &image)).unwrap();
    let settled = settled(&memory);

    assert_eq!(located.status(), Status::Importing);
    assert_eq!(settled.status(), Status::Active);
    assert!(settled.multihash.is_some() && settled.locations.len() == 1);
}

#[test]
fn data_at_a_location_whose_signature_does_not_verify_is_refused() {
    for validation in [None, Some(its_hash())] {
        let memory = verifying(Settings::default());
        let glance = memory.build().unwrap();
        let image = signed(&glance, BAD);
        let mut new = published(&memory.store, &image);
        new.validation = validation;

        let located = locate(&glance, &image, new).unwrap();
        settled(&memory);

        assert_eq!(located.status(), Status::Importing);
        assert_nothing_stays(&memory);
    }
}

#[test]
fn a_signed_image_takes_no_location_where_nobody_can_say() {
    let away = HashIsSignature {
        is_away: true,
        ..HashIsSignature::default()
    };
    for (memory, kind) in [
        (MemoryGlance::new(), ErrorKind::Invalid),
        (
            MemoryGlance::new().with_signatures(Arc::new(away)),
            ErrorKind::Unavailable,
        ),
    ] {
        let glance = memory.build().unwrap();
        let image = signed(&glance, GOOD);

        let error = locate(&glance, &image, published(&memory.store, &image)).unwrap_err();

        assert!(matches!(error, Error::Signature(_)), "{error}");
        assert_eq!(error.kind(), kind);
        assert_eq!(settled(&memory).status(), Status::Queued);
    }
}

#[test]
fn a_signed_image_takes_no_location_whose_data_is_not_read_before_it_is_active() {
    let unread = Settings {
        locations: LocationSettings {
            is_hashed: false,
            ..LocationSettings::default()
        },
        ..Settings::default()
    };
    let add = |new| Edit::Locations(LocationEdit::Add(Position::Last, new));
    let memory = verifying(unread);
    let glance = memory.build().unwrap();
    let image = signed(&glance, GOOD);
    let posted = locate(&glance, &image, published(&memory.store, &image));
    let memory = verifying(Settings::default());
    let glance = memory.build().unwrap();
    let image = signed(&glance, GOOD);
    let new = published(&memory.store, &image);
    let replaced = Edit::Locations(LocationEdit::Replace(vec![new.clone()]));
    let patched = patch(&glance, &image, &[add(new)]);
    let replaced = patch(&glance, &image, &[replaced]);

    for refused in [posted, patched, replaced] {
        let error = refused.unwrap_err();
        assert!(
            matches!(error, Error::Location(LocationFault::Signed)),
            "{error}"
        );
    }
    assert_eq!(settled(&memory).status(), Status::Queued);
}

#[test]
fn an_active_image_that_is_signed_takes_no_other_place() {
    let memory = verifying(Settings::default());
    let other = Arc::new(MemoryStore::new("other".parse().unwrap()));
    let runtime = Runtime {
        clock: Arc::new(memory.clock.clone()),
        executor: Arc::new(ThreadExecutor::new(memory.clock.clone())),
        ids: Arc::new(SeededIds::new(1)),
    };
    let catalog = Arc::<MemoryCatalog>::clone(&memory.catalog);
    let all = [&memory.store, &other].map(|store| {
        let store: Arc<dyn ImageStore> = Arc::<MemoryStore>::clone(store);
        ConfiguredStore::new(store, "memory")
    });
    let stores = Stores::unnamed(memory.store.id(), all.to_vec()).unwrap();
    let glance = GlanceBuilder::new(catalog, stores, runtime)
        .with_signatures(Arc::new(HashIsSignature::default()))
        .build()
        .unwrap();
    let image = signed(&glance, GOOD);
    upload(&glance, &image).unwrap();
    let active = settled(&memory);
    let mut known = NewLocation::at(active.locations[0].url.as_str());
    known
        .location
        .metadata
        .insert("rack".to_owned(), "7".into());

    let told = Edit::Locations(LocationEdit::Replace(vec![known]));
    let told = patch(&glance, &image, &[told]).unwrap();
    let new = published(&other, &image);
    let added = Edit::Locations(LocationEdit::Add(Position::At(0), new));
    let error = patch(&glance, &image, &[added]).unwrap_err();

    assert_eq!(told.locations[0].metadata["rack"], "7");
    assert!(
        matches!(error, Error::Location(LocationFault::Signed)),
        "{error}"
    );
}

#[test]
fn what_an_active_image_says_of_a_signature_changes_nothing() {
    let memory = verifying(Settings::default());
    let glance = memory.build().unwrap();
    let image = created(&glance, &[]);
    locate(&glance, &image, published(&memory.store, &image)).unwrap();
    let said = signed(&verifying(Settings::default()).build().unwrap(), BAD).properties;
    let edits = said
        .into_iter()
        .map(|(name, value)| Edit::Set(Presence::Any, Attribute::Property(name, value)));

    patch(&glance, &image, &edits.collect::<Vec<_>>()).unwrap();

    let settled = settled(&memory);
    assert_eq!(settled.status(), Status::Active);
    assert!(settled.multihash.is_some());
}
