//! Image data over real connections, and stores that fail in the middle of it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::body::Body;
use axum::http::{Method, StatusCode};
use bytes::Bytes;
use futures::{StreamExt, stream};
use glance_core::domain::{BlobUrl, ByteRange, ImageId, Location, StoreId};
use glance_core::memory::{MemoryGlance, MemoryStore};
use glance_core::ports::{
    BlobKey, BlobWriter, BoxError, ByteStream, Capabilities, ImageStore, Operation, StoreError,
};
use glance_core::{Glance, GlanceBuilder};
use glance_http::server::ServerOptions;
use glance_http::{ApiOptions, Identity, router};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::server::Running;
use super::support::{ALICE, Answer, RAW, Site, request};

/// What a store does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// It breaks off in the middle of a blob.
    BreaksOff,
    /// It ends early, as if that was all.
    EndsEarly,
    /// It has no room.
    Full,
    /// It fails, with a secret in the reason.
    Fails,
    /// It only reads.
    ReadOnly,
    /// It reads blobs from the start alone.
    NoRanges,
}

/// A store in memory with a fault.
#[derive(Debug)]
struct Faulty {
    store: MemoryStore,
    fault: Fault,
}

impl Faulty {
    fn failed(&self, operation: Operation) -> StoreError {
        let source: BoxError = "canary".into();
        StoreError::Backend {
            store: self.store.id().clone(),
            operation,
            source,
        }
    }
}

#[async_trait]
impl ImageStore for Faulty {
    fn id(&self) -> &StoreId {
        self.store.id()
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = self.store.capabilities();
        capabilities.write = self.fault != Fault::ReadOnly;
        capabilities.ranges = self.fault != Fault::NoRanges;
        capabilities
    }

    fn owns(&self, location: &BlobUrl) -> bool {
        self.store.owns(location)
    }

    async fn start(&self, key: &BlobKey) -> Result<Box<dyn BlobWriter>, StoreError> {
        match self.fault {
            Fault::Full => Err(StoreError::Full {
                store: self.id().clone(),
            }),
            Fault::Fails => Err(self.failed(Operation::Write)),
            _ => self.store.start(key).await,
        }
    }

    async fn read(
        &self,
        location: &BlobUrl,
        range: Option<ByteRange>,
    ) -> Result<ByteStream, StoreError> {
        let whole = self.store.read(location, range).await?;
        let end: Vec<Result<Bytes, BoxError>> = match self.fault {
            Fault::BreaksOff => vec![Err("gone".into())],
            Fault::Fails => return Err(self.failed(Operation::Read)),
            _ => vec![],
        };
        let early = matches!(self.fault, Fault::BreaksOff | Fault::EndsEarly);
        let chunks = whole.map(move |chunk| {
            let chunk = chunk.map_err(BoxError::from)?;
            Ok(if early {
                chunk.slice(..chunk.len() / 2)
            } else {
                chunk
            })
        });
        Ok(ByteStream::new(chunks.chain(stream::iter(end))))
    }

    async fn size(&self, location: &BlobUrl) -> Result<u64, StoreError> {
        self.store.size(location).await
    }

    async fn delete(&self, location: &BlobUrl) -> Result<(), StoreError> {
        self.store.delete(location).await
    }

    async fn discard(&self, key: &BlobKey) -> Result<(), StoreError> {
        self.store.discard(key).await
    }

    async fn vacate(&self, image: ImageId) -> Result<(), StoreError> {
        self.store.vacate(image).await
    }

    async fn sweep(&self, idle: Duration) -> Result<usize, StoreError> {
        self.store.sweep(idle).await
    }
}

/// A site whose store has a fault, and an active image in it.
async fn faulty(fault: Fault) -> (Site, String) {
    let memory = MemoryGlance::new();
    let runtime = || memory.clock.runtime(7);
    let store = Faulty {
        store: memory.store.as_ref().clone(),
        fault,
    };
    let catalog = Arc::clone(&memory.catalog);
    let glance: Glance = GlanceBuilder::new(catalog, Arc::new(store), runtime())
        .build()
        .unwrap();
    let options = ApiOptions {
        identity: Identity::Headers,
        ..ApiOptions::default()
    };
    let healthy = memory.build().unwrap();
    let before = Site {
        router: router(healthy.clone(), options.clone()),
        glance: healthy,
        memory,
    };
    let id = before.image_with_data(ALICE, "0123456789").await;
    (
        Site {
            router: router(glance.clone(), options),
            glance,
            memory: before.memory,
        },
        id,
    )
}

fn raw(method: &str, path: &str, headers: &str) -> String {
    format!(
        "{method} {path} HTTP/1.1\r\nHost: x\r\nX-Identity-Status: Confirmed\r\nX-Project-Id: p1\r\n\
         X-Roles: member,reader\r\n{headers}\r\n"
    )
}

#[tokio::test]
async fn a_store_that_gives_less_than_it_has_never_looks_whole() {
    for fault in [Fault::BreaksOff, Fault::EndsEarly] {
        let (site, id) = faulty(fault).await;
        let server = Running::new(site.router.clone(), ServerOptions::default()).await;
        let path = format!("/v2/images/{id}/file");

        for range in ["", "Range: bytes=0-9\r\n"] {
            let mut stream = server.connect().await;
            stream
                .write_all(raw("GET", &path, range).as_bytes())
                .await
                .unwrap();
            let mut answer = Vec::new();
            // A connection that is kept for the next request would be a whole answer.
            let closed = timeout(Duration::from_secs(5), stream.read_to_end(&mut answer)).await;

            assert!(closed.is_ok(), "{fault:?}");
            let answer = String::from_utf8_lossy(&answer).into_owned();
            let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
            assert!(body.len() < 10, "{fault:?}: {answer}");
        }
    }
}

#[tokio::test]
async fn trouble_of_stores_is_told_without_their_secrets() {
    for (fault, upload, download) in [
        (Fault::Full, 413, 200),
        (Fault::Fails, 500, 500),
        (Fault::ReadOnly, 410, 200),
        (Fault::NoRanges, 204, 200),
    ] {
        let (site, id) = faulty(fault).await;
        let queued = site.image(ALICE, RAW).await;

        let uploaded = site.upload(ALICE, &queued, "data").await;
        let downloaded = site.get(ALICE, &format!("/v2/images/{id}/file")).await;

        for (answer, status) in [(&uploaded, upload), (&downloaded, download)] {
            assert_eq!(
                answer.status.as_u16(),
                status,
                "{fault:?}: {}",
                answer.text()
            );
            for secret in ["canary", "memory"] {
                assert!(
                    !answer.text().contains(secret),
                    "{fault:?}: {}",
                    answer.text()
                );
            }
        }
    }
}

#[tokio::test]
async fn a_range_of_a_store_without_ranges_is_refused() {
    let (site, id) = faulty(Fault::NoRanges).await;
    let get =
        request(ALICE, Method::GET, &format!("/v2/images/{id}/file")).header("range", "bytes=0-1");

    let refused = site.send(get.body(Body::empty()).unwrap()).await;

    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_chunked_upload_streams_in_and_out() {
    let site = Site::new();
    let id = site.image(ALICE, RAW).await;
    let server = Running::new(site.router.clone(), ServerOptions::default()).await;
    let path = format!("/v2/images/{id}/file");
    let head = raw(
        "PUT",
        &path,
        "Content-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n",
    );
    let chunk = format!("{:x}\r\n{}\r\n", 100_000, "x".repeat(100_000));

    let answer = server
        .exchange(&format!("{head}{}0\r\n\r\n", chunk.repeat(30)))
        .await;

    assert!(answer.starts_with("HTTP/1.1 204 No Content"), "{answer}");
    assert_eq!(site.held(&id).await.size, Some(3_000_000));
    let data = server
        .exchange(&raw("GET", &path, "Connection: close\r\n"))
        .await;
    assert!(
        data.contains("content-length: 3000000\r\n"),
        "{}",
        &data[..500]
    );
    assert_eq!(data.split_once("\r\n\r\n").unwrap().1.len(), 3_000_000);
}

#[tokio::test]
async fn a_connection_that_breaks_in_an_upload_leaves_nothing() {
    let site = Site::new();
    let id = site.image(ALICE, RAW).await;
    let server = Running::new(site.router.clone(), ServerOptions::default()).await;
    let head = raw(
        "PUT",
        &format!("/v2/images/{id}/file"),
        "Content-Type: application/octet-stream\r\nContent-Length: 1000\r\n",
    );
    let mut stream = server.connect().await;
    stream
        .write_all(format!("{head}only this").as_bytes())
        .await
        .unwrap();
    while site.held(&id).await.status().as_str() != "saving" {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }

    drop(stream);

    let back = async {
        while site.held(&id).await.status().as_str() != "queued" {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(5), back)
        .await
        .expect("the image stays in `saving`");
    assert_eq!(site.memory.store.contents(), (vec![], 0));
}

#[tokio::test]
async fn a_client_that_is_still_sending_gets_to_read_the_refusal() {
    let site = Site::new();
    let server = Running::new(site.router.clone(), ServerOptions::default()).await;
    let path = format!("/v2/images/{}/file", super::support::ABSENT);
    let head = raw(
        "PUT",
        &path,
        "Content-Type: application/octet-stream\r\nContent-Length: 4000000\r\nConnection: close\r\n",
    );

    let answer = server
        .exchange(&format!("{head}{}", "x".repeat(4_000_000)))
        .await;

    assert!(answer.starts_with("HTTP/1.1 404 Not Found"), "{answer}");
}

#[tokio::test]
async fn a_client_that_waits_for_a_go_ahead_is_refused_without_it() {
    let site = Site::new();
    let server = Running::new(site.router.clone(), ServerOptions::default()).await;
    let path = format!("/v2/images/{}/file", super::support::ABSENT);
    let head = raw(
        "PUT",
        &path,
        "Content-Type: application/octet-stream\r\nContent-Length: 4\r\nExpect: 100-continue\r\n",
    );

    let answer = server.exchange(&head).await;

    assert!(answer.starts_with("HTTP/1.1 404 Not Found"), "{answer}");
}

#[tokio::test]
async fn uploads_and_downloads_are_not_bound_by_the_limit_of_json() {
    let site = Site::new();
    let id = site.image(ALICE, RAW).await;

    let stored = site.upload(ALICE, &id, vec![0_u8; 5 << 20]).await;

    assert_eq!(stored.status, StatusCode::NO_CONTENT);
    let data: Answer = site.get(ALICE, &format!("/v2/images/{id}/file")).await;
    assert_eq!(data.body.len(), 5 << 20);
}

/// A location names its place whole only where an operator shows it.
#[tokio::test]
async fn a_location_in_no_store_is_no_data() {
    let site = Site::new();
    let id = site.image(ALICE, RAW).await;
    let mut image = site
        .held(&id)
        .await
        .stored_as(glance_core::domain::Status::Active);
    image.id = ImageId::from_bits(99);
    image.size = Some(4);
    image.locations = vec![Location::new(BlobUrl::new("file:///etc/passwd"))];
    let catalog = Arc::clone(&site.memory.catalog);
    glance_core::ports::Catalog::insert(catalog.as_ref(), &image, None)
        .await
        .unwrap();

    let nothing = site
        .get(ALICE, &format!("/v2/images/{}/file", image.id))
        .await;

    assert_eq!(nothing.status, StatusCode::NO_CONTENT);
}
