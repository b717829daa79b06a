//! Data of images that are said to be signed. That real signatures verify is tested where the
//! verifier is.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::executor::block_on;
use futures::stream;
use glance_core::domain::{Caller, Draft, Image, ImageSignature, PropertyName, Status, Timestamp};
use glance_core::memory::MemoryGlance;
use glance_core::ports::{
    BodyError, ByteStream, SignatureCheck, SignatureError, SignatureVerifier,
};
use glance_core::{Error, ErrorKind, Glance, UploadOptions};

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
