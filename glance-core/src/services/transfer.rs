//! From a body into a store: inspected, hashed, counted and limited on the way (design D7).

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures::channel::mpsc;
use futures::future::join_all;
use futures::{SinkExt, StreamExt};

use super::allowance::Allowance;
use super::signatures::{Signed, verify_all};
use crate::domain::inspect::{Inspection, Report};
use crate::domain::{Content, HashAlgorithm, Hasher, Multihash, Resource};
use crate::error::Error;
use crate::ports::{BlobWriter, ByteStream, Executor, StoreError, run_blocking};

/// What is known and allowed of the bytes that are to come.
#[derive(Debug)]
pub(super) struct Limits {
    /// Bytes announced.
    pub(super) expected: Option<u64>,
    /// Bytes allowed.
    pub(super) most: Option<u64>,
    /// What has to be reserved for them as they come.
    pub(super) allowance: Option<Allowance>,
}

/// Data that came, whole.
#[derive(Debug)]
pub(super) struct Received {
    /// What is known of it, but the size of its disk.
    pub(super) content: Content,
    /// What it was found to be.
    pub(super) report: Report,
}

/// Moves a body into a writer; the slowest of hashes and writer sets the pace, and a bounded
/// number of chunks is in memory.
pub(super) async fn transfer(
    executor: &Arc<dyn Executor>,
    body: ByteStream,
    writer: &mut dyn BlobWriter,
    algorithm: HashAlgorithm,
    limits: Limits,
    signed: Option<Signed>,
) -> Result<Received, Error> {
    let moved = transfer_to_all(executor, body, vec![writer], 1, algorithm, limits, signed);
    let (received, written) = moved.await;
    // A failed writer also ends the reading: its own error says why.
    written.into_iter().collect::<Result<(), _>>()?;
    received
}

/// The same for several writers at once. One that fails drops out, and the reading ends where fewer
/// than `least` are left. Tells what came, and how each writer fared with it; where nothing came
/// whole, those that did not fail hold a part.
pub(super) async fn transfer_to_all(
    executor: &Arc<dyn Executor>,
    body: ByteStream,
    writers: Vec<&mut dyn BlobWriter>,
    least: usize,
    algorithm: HashAlgorithm,
    limits: Limits,
    signed: Option<Signed>,
) -> (Result<Received, Error>, Vec<Result<(), StoreError>>) {
    let (to_md5, md5_chunks) = mpsc::channel(CHUNKS_AHEAD);
    let (to_hash, hash_chunks) = mpsc::channel(CHUNKS_AHEAD);
    let (to_writers, writing): (Vec<_>, Vec<_>) = writers
        .into_iter()
        .map(|writer| {
            let (to_writer, chunks) = mpsc::channel(CHUNKS_AHEAD);
            (to_writer, write_all(writer, chunks))
        })
        .unzip();
    let (to_signed, signed_chunks) = mpsc::channel(CHUNKS_AHEAD);
    let mut hashes = vec![to_md5, to_hash];
    if signed.is_some() {
        hashes.push(to_signed);
    }
    let consumers = Consumers {
        hashes,
        writers: to_writers,
        least,
    };

    let (read, checksum, hash, verified, written) = futures::join!(
        read_all(body, consumers, limits),
        hash_all(executor, HashAlgorithm::Md5.hasher(), md5_chunks),
        hash_all(executor, algorithm.hasher(), hash_chunks),
        verify_all(executor, signed, signed_chunks),
        join_all(writing),
    );
    let received = Received::of(read, checksum, algorithm, hash);
    // Of data that broke off, a signature says nothing.
    let received = received.and_then(|received| verified.map(|()| received));
    (received, written)
}

/// Reads a body for its hashes and its signature, and for what it is.
pub(super) async fn digest(
    executor: &Arc<dyn Executor>,
    body: ByteStream,
    algorithm: HashAlgorithm,
    limits: Limits,
    signed: Option<Signed>,
) -> Result<Received, Error> {
    let nobody = Vec::new();
    let read = transfer_to_all(executor, body, nobody, 0, algorithm, limits, signed);
    read.await.0
}

impl Received {
    fn of(
        read: Result<Report, Error>,
        checksum: Option<Hasher>,
        algorithm: HashAlgorithm,
        hash: Option<Hasher>,
    ) -> Result<Self, Error> {
        let report = read?;
        let multihash = Multihash {
            algorithm: algorithm.as_str().to_owned(),
            value: hash.ok_or(Error::Stopping)?.finish(),
        };
        let content = Content {
            size: report.size,
            checksum: checksum.ok_or(Error::Stopping)?.finish(),
            multihash,
            virtual_size: None,
        };
        Ok(Self { content, report })
    }
}

/// Where chunks go.
struct Consumers {
    hashes: Vec<mpsc::Sender<Bytes>>,
    writers: Vec<mpsc::Sender<Bytes>>,
    /// With fewer writers, it is not worth while.
    least: usize,
}

impl Consumers {
    async fn send(&mut self, chunk: Bytes) -> Result<(), Error> {
        if chunk.is_empty() {
            return Ok(());
        }
        for hash in &mut self.hashes {
            let sent = hash.send(chunk.clone()).await;
            sent.map_err(|_| Error::Stopping)?;
        }
        let mut at = 0;
        while let Some(writer) = self.writers.get_mut(at) {
            match writer.send(chunk.clone()).await {
                Ok(()) => at += 1,
                Err(_) => {
                    self.writers.swap_remove(at);
                }
            }
        }
        match self.writers.len() < self.least {
            true => Err(Error::Stopping),
            false => Ok(()),
        }
    }
}

async fn read_all(
    mut body: ByteStream,
    mut consumers: Consumers,
    mut limits: Limits,
) -> Result<Report, Error> {
    let mut size = 0_u64;
    let mut inspection = Inspection::new();
    let mut small = BytesMut::new();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(Error::Body)?;
        size = size.saturating_add(chunk.len() as u64);
        limits.check(size).await?;
        inspection.feed(&chunk);
        if chunk.len() < SMALL && small.len() + chunk.len() <= JOINED {
            small.extend_from_slice(&chunk);
        } else {
            consumers.send(small.split().freeze()).await?;
            consumers.send(chunk).await?;
        }
        if small.len() > JOINED - SMALL {
            consumers.send(small.split().freeze()).await?;
        }
    }
    consumers.send(small.freeze()).await?;
    match limits.expected {
        Some(expected) if expected != size => Err(Error::SizeMismatch {
            expected,
            got: size,
        }),
        _ => Ok(inspection.finish()),
    }
}

impl Limits {
    async fn check(&mut self, size: u64) -> Result<(), Error> {
        Resource::ImageBytes.check(size, self.most)?;
        match (self.expected, &mut self.allowance) {
            (Some(expected), _) if size > expected => Err(Error::SizeMismatch {
                expected,
                got: size,
            }),
            (_, Some(allowance)) => allowance.cover(size).await,
            _ => Ok(()),
        }
    }
}

/// Feeds a hash with what comes; `None` where the process ends.
pub(super) async fn hash_all(
    executor: &Arc<dyn Executor>,
    mut hasher: Hasher,
    chunks: mpsc::Receiver<Bytes>,
) -> Option<Hasher> {
    let mut batches = chunks.ready_chunks(CHUNKS_AHEAD);
    while let Some(batch) = batches.next().await {
        hasher = run_blocking(executor.as_ref(), move || {
            for chunk in batch {
                hasher.update(&chunk);
            }
            hasher
        })
        .await?;
    }
    Some(hasher)
}

async fn write_all(
    writer: &mut dyn BlobWriter,
    mut chunks: mpsc::Receiver<Bytes>,
) -> Result<(), StoreError> {
    while let Some(chunk) = chunks.next().await {
        writer.write(chunk).await?;
    }
    Ok(())
}

/// How many chunks may wait for a consumer.
const CHUNKS_AHEAD: usize = 4;

/// Chunks below this are joined: below it, handing over costs more than copying.
const SMALL: usize = 64 << 10;

/// How long joined chunks get; larger ones fall out of the processor's cache.
const JOINED: usize = 256 << 10;
