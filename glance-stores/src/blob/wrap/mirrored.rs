//! Several stores as one: each holds all the data (rule R19).

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::{join_all, try_join_all};
use futures::stream::{self, StreamExt, TryStreamExt};
use glance_core::domain::{BlobUrl, ByteRange, ImageId, Location, StoreId};
use glance_core::ports::{
    BlobKey, BlobList, BlobWriter, BodyError, ByteStream, Capabilities, FoundBlob, ImageStore,
    Operation, StoreError,
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// A store that writes to several in one pass, the slowest of which sets the pace, and holds data
/// once all of them do. It reads from the first that has it, and goes on with the next where one
/// breaks off; so the data is there as long as one of them is.
///
/// Its locations name those of the stores: `mirrored://NAME/URL,URL/IMAGE`, each URL
/// percent-encoded.
#[derive(Debug, Clone)]
pub struct Mirrored {
    id: StoreId,
    stores: Vec<Arc<dyn ImageStore>>,
}

/// Where one of the stores has data.
type Place<'a> = (&'a Arc<dyn ImageStore>, BlobUrl);

impl Mirrored {
    /// These stores as one named `id`; the first is read first.
    pub fn new(id: StoreId, stores: Vec<Arc<dyn ImageStore>>) -> Self {
        Self { id, stores }
    }

    fn join(&self, image: ImageId, urls: &[BlobUrl]) -> BlobUrl {
        self.named(image.as_str(), urls)
    }

    fn named(&self, name: &str, urls: &[BlobUrl]) -> BlobUrl {
        let urls = urls.iter().map(|url| encoded(url.as_str()));
        let urls: Vec<String> = urls.collect();
        let own = encoded(self.id.as_str());
        BlobUrl::new(format!("{SCHEME}{own}/{}/{name}", urls.join(",")))
    }

    /// A blob of one of them as a location of this store. What is not named after an image is none.
    fn copy_at(&self, url: &BlobUrl) -> BlobUrl {
        let name = url.as_str().rsplit('/').next().unwrap_or_default();
        self.named(&encoded(name), std::slice::from_ref(url))
    }

    /// The image of a location of this store, and where each store has its data.
    fn split(&self, location: &BlobUrl) -> Option<(ImageId, Vec<Place<'_>>)> {
        let rest = location.as_str().strip_prefix(SCHEME)?;
        let mut steps = rest.split('/');
        let (name, urls, image) = (steps.next()?, steps.next()?, steps.next()?);
        if decoded(name)? != self.id.as_str() || steps.next().is_some() {
            return None;
        }
        let places = urls.split(',').map(|url| {
            let url = BlobUrl::new(decoded(url)?);
            // What one of them is no longer has its data elsewhere.
            let store = self.stores.iter().find(|store| store.owns(&url));
            Some(store.map(|store| (store, url)))
        });
        let places: Option<Vec<_>> = places.collect();
        Some((image.parse().ok()?, places?.into_iter().flatten().collect()))
    }

    fn places(
        &self,
        location: &BlobUrl,
        operation: Operation,
    ) -> Result<Vec<Place<'_>>, StoreError> {
        match self.split(location) {
            Some((_, places)) if !places.is_empty() => Ok(places),
            _ => Err(StoreError::BadLocation {
                store: self.id.clone(),
                operation,
                source: "it names none of the stores that mirror each other".into(),
            }),
        }
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ImageStore for Mirrored {
    fn id(&self) -> &StoreId {
        &self.id
    }

    fn capabilities(&self) -> Capabilities {
        let all = |can: fn(Capabilities) -> bool| {
            let mut each = self.stores.iter().map(|store| store.capabilities());
            each.all(can)
        };
        Capabilities {
            write: all(|each| each.write),
            delete: all(|each| each.delete),
            ranges: all(|each| each.ranges),
            list: all(|each| each.list),
        }
    }

    fn owns(&self, location: &BlobUrl) -> bool {
        self.split(location).is_some()
    }

    fn canonical(&self, location: &BlobUrl) -> BlobUrl {
        let Some((image, places)) = self.split(location) else {
            return location.clone();
        };
        let urls = places.iter().map(|(store, url)| store.canonical(url));
        self.join(image, &urls.collect::<Vec<_>>())
    }

    fn copies(&self, location: &BlobUrl) -> Vec<BlobUrl> {
        let Some((image, places)) = self.split(location) else {
            return vec![location.clone()];
        };
        let copies = places.iter().flat_map(|(store, url)| store.copies(url));
        copies.map(|copy| self.join(image, &[copy])).collect()
    }

    async fn start(&self, key: &BlobKey) -> Result<Box<dyn BlobWriter>, StoreError> {
        let started = join_all(self.stores.iter().map(|store| store.start(key))).await;
        let (mut writers, mut failure) = (Vec::new(), None);
        for (store, started) in self.stores.iter().zip(started) {
            match started {
                Ok(writer) => writers.push((Arc::clone(store), writer)),
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        let writer = Box::new(MirroredWriter {
            mirrored: self.clone(),
            image: key.image,
            writers,
        });
        match failure {
            None => Ok(writer),
            Some(error) => {
                // Whoever asked discards what is left.
                writer.abort().await.ok();
                Err(error)
            }
        }
    }

    async fn read(
        &self,
        location: &BlobUrl,
        range: Option<ByteRange>,
    ) -> Result<ByteStream, StoreError> {
        let places = self.places(location, Operation::Read)?;
        let mut failure = None;
        for (at, (store, url)) in places.iter().enumerate() {
            match store.read(url, range).await {
                Ok(body) => {
                    let rest = places.iter().skip(at + 1);
                    let rest = rest.map(|(store, url)| (Arc::clone(store), url.clone()));
                    return Ok(unbroken(body, range, rest.collect()));
                }
                Err(error) => failure = graver(failure, error),
            }
        }
        Err(failure.unwrap_or_else(|| self.nothing_at(location)))
    }

    async fn size(&self, location: &BlobUrl) -> Result<u64, StoreError> {
        let mut failure = None;
        for (store, url) in self.places(location, Operation::Size)? {
            match store.size(&url).await {
                Ok(size) => return Ok(size),
                Err(error) => failure = graver(failure, error),
            }
        }
        Err(failure.unwrap_or_else(|| self.nothing_at(location)))
    }

    async fn delete(&self, location: &BlobUrl) -> Result<(), StoreError> {
        let places = self.places(location, Operation::Delete)?;
        let deletes = places.iter().map(|(store, url)| store.delete(url));
        let (mut is_there, mut failure) = (false, None);
        for deleted in join_all(deletes).await {
            match deleted {
                Ok(()) => is_there = true,
                Err(StoreError::NotFound { .. }) => {}
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        match failure {
            Some(error) => Err(error),
            None if is_there => Ok(()),
            None => Err(self.nothing_at(location)),
        }
    }

    async fn discard(&self, key: &BlobKey) -> Result<(), StoreError> {
        all(self.stores.iter().map(|store| store.discard(key))).await
    }

    async fn vacate(&self, image: ImageId) -> Result<(), StoreError> {
        all(self.stores.iter().map(|store| store.vacate(image))).await
    }

    async fn list(&self) -> Result<BlobList, StoreError> {
        let lists = try_join_all(self.stores.iter().map(|store| store.list())).await?;
        let mirrored = self.clone();
        let blobs = stream::iter(lists).flatten();
        Ok(BlobList::new(blobs.map_ok(move |blob| FoundBlob {
            url: mirrored.copy_at(&blob.url),
            ..blob
        })))
    }

    async fn sweep(&self, idle: Duration) -> Result<usize, StoreError> {
        let swept = try_join_all(self.stores.iter().map(|store| store.sweep(idle))).await?;
        Ok(swept.into_iter().sum())
    }
}

impl Mirrored {
    fn nothing_at(&self, location: &BlobUrl) -> StoreError {
        StoreError::NotFound {
            store: self.id.clone(),
            location: location.clone(),
        }
    }
}

/// A blob on its way to all of them.
#[derive(Debug)]
struct MirroredWriter {
    mirrored: Mirrored,
    image: ImageId,
    writers: Vec<(Arc<dyn ImageStore>, Box<dyn BlobWriter>)>,
}

#[async_trait]
impl BlobWriter for MirroredWriter {
    async fn write(&mut self, chunk: Bytes) -> Result<(), StoreError> {
        let writes = self.writers.iter_mut();
        all(writes.map(|(_, writer)| writer.write(chunk.clone()))).await
    }

    async fn commit(self: Box<Self>) -> Result<Location, StoreError> {
        let commits = self.writers.into_iter().map(|(store, writer)| async move {
            let committed = writer.commit().await;
            (store, committed)
        });
        let (mut there, mut failure) = (Vec::new(), None);
        for (store, committed) in join_all(commits).await {
            match committed {
                Ok(location) => there.push((store, location.url)),
                Err(error) => failure = graver(failure, error),
            }
        }
        let Some(error) = failure else {
            let urls: Vec<BlobUrl> = there.into_iter().map(|(_, url)| url).collect();
            return Ok(Location::new(self.mirrored.join(self.image, &urls)));
        };
        let removals = there.iter().map(|(store, url)| store.delete(url));
        match all(removals).await {
            Ok(()) => Err(error),
            // Some of it may be readable for a while: as after a commit in doubt.
            Err(unclean) => Err(StoreError::Unavailable {
                store: self.mirrored.id,
                operation: Operation::Write,
                source: unclean.into(),
            }),
        }
    }

    async fn abort(self: Box<Self>) -> Result<(), StoreError> {
        all(self.writers.into_iter().map(|(_, writer)| writer.abort())).await
    }
}

/// Waits for all, and gives the first error.
async fn all(
    work: impl IntoIterator<Item = impl Future<Output = Result<(), StoreError>>>,
) -> Result<(), StoreError> {
    join_all(work).await.into_iter().collect()
}

/// Of two errors the one that says more: that one store has nothing is no news where another fails,
/// and a doubt outweighs what is certain.
fn graver(known: Option<StoreError>, error: StoreError) -> Option<StoreError> {
    match (known, error) {
        (Some(known), StoreError::NotFound { .. }) => Some(known),
        (Some(known @ StoreError::Unavailable { .. }), _) => Some(known),
        (Some(StoreError::NotFound { .. }) | None, error)
        | (Some(_), error @ StoreError::Unavailable { .. }) => Some(error),
        (Some(known), _) => Some(known),
    }
}

/// Where a body breaks off, the next store that has the data goes on from there.
fn unbroken(
    body: ByteStream,
    range: Option<ByteRange>,
    rest: Vec<(Arc<dyn ImageStore>, BlobUrl)>,
) -> ByteStream {
    let state = Some(Unbroken {
        body,
        range,
        sent: 0,
        rest: rest.into_iter(),
    });
    ByteStream::new(stream::unfold(state, |state| async move {
        let mut state = state?;
        loop {
            match state.body.next().await? {
                Ok(chunk) => {
                    state.sent += chunk.len() as u64;
                    return Some((Ok(chunk), Some(state)));
                }
                Err(error) => match state.go_on().await {
                    Some(next) => state = next,
                    None => return Some((Err::<Bytes, BodyError>(error), None)),
                },
            }
        }
    }))
}

struct Unbroken {
    body: ByteStream,
    range: Option<ByteRange>,
    /// Bytes that were given on.
    sent: u64,
    rest: std::vec::IntoIter<(Arc<dyn ImageStore>, BlobUrl)>,
}

impl Unbroken {
    async fn go_on(mut self) -> Option<Self> {
        while let Some((store, url)) = self.rest.next() {
            let Ok(size) = store.size(&url).await else {
                continue;
            };
            let (offset, end) = match self.range {
                Some(range) => (range.offset, range.offset + range.length),
                None => (0, size),
            };
            let offset = offset + self.sent;
            if end > size || offset > end {
                continue;
            }
            let left = ByteRange {
                offset,
                length: end - offset,
            };
            if let Ok(body) = store.read(&url, Some(left)).await {
                return Some(Self { body, ..self });
            }
        }
        None
    }
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, KEPT).to_string()
}

fn decoded(text: &str) -> Option<String> {
    let text = percent_decode_str(text).decode_utf8().ok()?;
    Some(text.into_owned())
}

const SCHEME: &str = "mirrored://";

/// All but what RFC 3986 leaves to everybody.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

#[cfg(test)]
mod tests;
