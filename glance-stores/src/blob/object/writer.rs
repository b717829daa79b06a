//! An object being written.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use glance_core::domain::{ImageId, Location};
use glance_core::ports::{BlobKey, BlobWriter, BoxError, Operation, StoreError};
use object_store::multipart::PartId;
use object_store::path::Path;
use object_store::{MultipartId, PutMode, PutPayload};
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use super::bridge::Shared;
use super::error;
use super::parts::Parts;

/// An object being written: whole in one request if it is small, else in parts, several of which
/// are on their way while the next one is taken in.
#[derive(Debug)]
pub(super) struct ObjectWriter {
    shared: Arc<Shared>,
    image: ImageId,
    parts: Parts,
    /// From the first part on.
    upload: Option<Upload>,
    on_their_way: JoinSet<(usize, Bytes, Result<PartId, BoxError>)>,
    arrived: BTreeMap<usize, PartId>,
    /// How many parts were sent.
    sent: usize,
    /// The part that is taken in: one piece of memory, for the chunks of a body lie in buffers that
    /// are larger than they are.
    waiting: BytesMut,
    /// The memory of parts that have arrived, for parts to come: an allocator that gets as much back
    /// and gives as much out, time and again, holds more of it than either.
    spare: Vec<BytesMut>,
    /// A part did not arrive.
    holed: bool,
}

impl ObjectWriter {
    pub(super) fn new(shared: Arc<Shared>, key: &BlobKey) -> Self {
        let parts = Parts::of(key.size, shared.transfer.chunk_size);
        Self {
            shared,
            image: key.image,
            parts,
            upload: None,
            on_their_way: JoinSet::new(),
            arrived: BTreeMap::new(),
            sent: 0,
            waiting: BytesMut::new(),
            spare: Vec::new(),
            holed: false,
        }
    }

    fn part_size(&self) -> u64 {
        self.parts.size(self.sent as u64)
    }

    fn waiting_bytes(&self) -> u64 {
        self.waiting.len() as u64
    }

    /// Takes in a piece of a part. Where it does not end soon, a whole one is to be expected.
    fn take_in(&mut self, piece: &[u8]) {
        let least = self.waiting.len() + piece.len();
        if least > self.waiting.capacity() {
            let whole = usize::try_from(self.part_size()).unwrap_or(usize::MAX);
            let fits = |spare: &BytesMut| spare.capacity() >= whole;
            let room = match self.spare.pop().filter(fits) {
                Some(spare) => spare,
                None if least < SOON && self.sent == 0 => BytesMut::with_capacity(SOON.min(whole)),
                None => BytesMut::with_capacity(whole.max(least)),
            };
            let begun = std::mem::replace(&mut self.waiting, room);
            self.waiting.extend_from_slice(&begun);
        }
        self.waiting.extend_from_slice(piece);
    }

    fn taken_in(&mut self) -> Bytes {
        std::mem::take(&mut self.waiting).freeze()
    }

    /// Sends what waits as the next part, as soon as there is room on the way.
    async fn send(&mut self) -> Result<(), BoxError> {
        let at_once = Parts::at_once(self.part_size(), self.shared.transfer.at_once);
        while self.on_their_way.len() >= at_once {
            self.one_arrives().await?;
        }
        if self.holed {
            return Err(holed());
        }
        if self.upload.is_none() {
            self.upload = Some(Upload::begin(&self.shared, self.image).await?);
        }
        let Some((path, id)) = self.upload.as_ref().and_then(Upload::open) else {
            return Err(holed());
        };
        let (shared, number) = (Arc::clone(&self.shared), self.sent);
        let part = self.taken_in();
        self.sent += 1;
        self.on_their_way.spawn(async move {
            // To Azure, the first part is the first that is heard of the upload.
            let put = || {
                let payload = PutPayload::from_bytes(part.clone());
                shared.objects.put_part(&path, &id, number, payload)
            };
            let put = shared.in_bucket(put).await;
            (number, part, put)
        });
        Ok(())
    }

    async fn one_arrives(&mut self) -> Result<(), BoxError> {
        let Some(arrived) = self.on_their_way.join_next().await else {
            return Ok(());
        };
        // Whatever goes wrong before the part is noted leaves a hole.
        let was_holed = std::mem::replace(&mut self.holed, true);
        let (number, memory, part) = arrived?;
        self.arrived.insert(number, part?);
        if let Ok(mut spare) = memory.try_into_mut() {
            spare.clear();
            self.spare.push(spare);
        }
        self.holed = was_holed;
        Ok(())
    }

    /// Makes the object, where none stands.
    async fn finish(&mut self) -> Result<(), StoreError> {
        let is_small = self.waiting_bytes() < self.shared.transfer.large;
        let made = if self.upload.is_none() && (is_small || self.waiting.is_empty()) {
            self.shared.ensure_absent(self.image).await?;
            let payload = PutPayload::from_bytes(self.taken_in());
            self.put(&payload).await
        } else {
            self.complete().await
        };
        made.map_err(|error| self.failed(error))
    }

    async fn put(&self, payload: &PutPayload) -> Result<(), BoxError> {
        let path = Path::from(self.image.as_str());
        let put = || {
            let objects = Arc::clone(&self.shared.objects);
            let (path, payload) = (path.clone(), payload.clone());
            async move {
                objects
                    .put_opts(&path, payload, PutMode::Create.into())
                    .await
            }
        };
        self.shared.in_bucket(put).await.map(|_| ())
    }

    async fn complete(&mut self) -> Result<(), BoxError> {
        if !self.waiting.is_empty() {
            self.send().await?;
        }
        while !self.on_their_way.is_empty() {
            self.one_arrives().await?;
        }
        if self.holed || self.arrived.len() != self.sent {
            return Err(holed());
        }
        // Not every server keeps the condition that goes with the completion.
        self.shared.ensure_absent(self.image).await?;
        let parts = std::mem::take(&mut self.arrived).into_values().collect();
        match &mut self.upload {
            Some(upload) => upload.complete(parts).await,
            None => Err(holed()),
        }
    }

    /// Ends the upload without an object.
    async fn give_up(&mut self) -> Result<(), BoxError> {
        self.on_their_way.shutdown().await;
        match self.upload.take() {
            Some(upload) => upload.abort().await,
            None => Ok(()),
        }
    }

    fn failed(&self, error: BoxError) -> StoreError {
        let error = match error.downcast() {
            Ok(known) => return *known,
            Err(error) => error,
        };
        if error::is_in_the_way(error.as_ref()) {
            return self.shared.already_exists(self.image);
        }
        self.shared.failed(Operation::Write, None, error)
    }
}

#[async_trait]
impl BlobWriter for ObjectWriter {
    async fn write(&mut self, mut chunk: Bytes) -> Result<(), StoreError> {
        while !chunk.is_empty() {
            let room = self.part_size().saturating_sub(self.waiting_bytes());
            let room = usize::try_from(room).unwrap_or(usize::MAX);
            self.take_in(&chunk.split_to(room.min(chunk.len())));
            if self.waiting_bytes() >= self.part_size() {
                let sent = self.send().await;
                sent.map_err(|error| self.failed(error))?;
            }
        }
        Ok(())
    }

    async fn commit(mut self: Box<Self>) -> Result<Location, StoreError> {
        match self.finish().await {
            Ok(()) => Ok(Location::new(self.shared.urls.of(self.image))),
            Err(error) => {
                if let Err(unclean) = self.give_up().await {
                    // The caller learns why there is no object; `discard` removes the rest.
                    tracing::debug!(
                        image.id = %self.image, store = %self.shared.id, error = &*unclean,
                        "an upload in parts could not be aborted"
                    );
                }
                Err(error)
            }
        }
    }

    async fn abort(mut self: Box<Self>) -> Result<(), StoreError> {
        let aborted = self.give_up().await;
        aborted.map_err(|error| self.failed(error))
    }
}

/// An upload in parts, which is aborted unless it is completed.
#[derive(Debug)]
struct Upload {
    shared: Arc<Shared>,
    path: Path,
    /// `None` once it has ended.
    id: Option<MultipartId>,
}

impl Upload {
    async fn begin(shared: &Arc<Shared>, image: ImageId) -> Result<Self, BoxError> {
        let path = Path::from(image.as_str());
        let begin = || {
            let (objects, path) = (Arc::clone(&shared.objects), path.clone());
            async move { objects.create_multipart(&path).await }
        };
        let id = shared.in_bucket(begin).await?;
        Ok(Self {
            shared: Arc::clone(shared),
            path,
            id: Some(id),
        })
    }

    /// What names it, while it is open.
    fn open(&self) -> Option<(Path, MultipartId)> {
        Some((self.path.clone(), self.id.clone()?))
    }

    async fn complete(&mut self, parts: Vec<PartId>) -> Result<(), BoxError> {
        let Some((path, id)) = self.open() else {
            return Err(holed());
        };
        self.shared
            .objects
            .complete_multipart(&path, &id, parts)
            .await?;
        self.id = None;
        Ok(())
    }

    async fn abort(mut self) -> Result<(), BoxError> {
        if let Some((path, id)) = self.open() {
            self.shared.abort(&path, &id).await?;
        }
        self.id = None;
        Ok(())
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        let (Some(id), Ok(runtime)) = (self.id.take(), Handle::try_current()) else {
            return;
        };
        let (shared, path) = (Arc::clone(&self.shared), self.path.clone());
        // What cannot be aborted now is removed by `discard`.
        runtime.spawn(async move { drop(shared.abort(&path, &id).await) });
    }
}

fn holed() -> BoxError {
    "an earlier part of this object did not arrive".into()
}

/// Bytes within which an object is expected to end, or else to be long.
const SOON: usize = 1 << 20;
