//! From a body into a store: inspected, hashed, counted and limited on the way (design D7).

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures::channel::mpsc;
use futures::{SinkExt, StreamExt};

use super::limits::Allowance;
use super::signatures::{Signed, verify_all};
use crate::domain::inspect::{Inspection, Report};
use crate::domain::{Content, HashAlgorithm, Hasher, Multihash, Resource};
use crate::error::Error;
use crate::ports::{BlobWriter, ByteStream, Executor, run_blocking};

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
    let (to_md5, md5_chunks) = mpsc::channel(CHUNKS_AHEAD);
    let (to_hash, hash_chunks) = mpsc::channel(CHUNKS_AHEAD);
    let (to_writer, writer_chunks) = mpsc::channel(CHUNKS_AHEAD);
    let (to_signed, signed_chunks) = mpsc::channel(CHUNKS_AHEAD);
    let mut consumers = vec![to_md5, to_hash, to_writer];
    if signed.is_some() {
        consumers.push(to_signed);
    }

    let (read, checksum, hash, verified, written) = futures::join!(
        read_all(body, consumers, limits),
        hash_all(executor, HashAlgorithm::Md5.hasher(), md5_chunks),
        hash_all(executor, algorithm.hasher(), hash_chunks),
        verify_all(executor, signed, signed_chunks),
        write_all(writer, writer_chunks),
    );

    // A failed consumer also ends the reading: its own error says why.
    written?;
    let checksum = checksum.ok_or(Error::Stopping)?;
    let value = hash.ok_or(Error::Stopping)?;
    let report = read?;
    // Of data that broke off, it says nothing.
    verified?;
    Ok(Received::of(report, checksum, algorithm, value))
}

/// Reads a body for its hashes, and for what it is.
pub(super) async fn digest(
    executor: &Arc<dyn Executor>,
    body: ByteStream,
    algorithm: HashAlgorithm,
    limits: Limits,
) -> Result<Received, Error> {
    let (to_md5, md5_chunks) = mpsc::channel(CHUNKS_AHEAD);
    let (to_hash, hash_chunks) = mpsc::channel(CHUNKS_AHEAD);

    let (read, checksum, hash) = futures::join!(
        read_all(body, vec![to_md5, to_hash], limits),
        hash_all(executor, HashAlgorithm::Md5.hasher(), md5_chunks),
        hash_all(executor, algorithm.hasher(), hash_chunks),
    );

    let report = read?;
    let checksum = checksum.ok_or(Error::Stopping)?;
    let value = hash.ok_or(Error::Stopping)?;
    Ok(Received::of(report, checksum, algorithm, value))
}

impl Received {
    fn of(report: Report, checksum: Hasher, algorithm: HashAlgorithm, value: Hasher) -> Self {
        let multihash = Multihash {
            algorithm: algorithm.as_str().to_owned(),
            value: value.finish(),
        };
        let content = Content {
            size: report.size,
            checksum: checksum.finish(),
            multihash,
            virtual_size: None,
        };
        Self { content, report }
    }
}

async fn read_all(
    mut body: ByteStream,
    mut consumers: Vec<mpsc::Sender<Bytes>>,
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
            send(&mut consumers, small.split().freeze()).await?;
            send(&mut consumers, chunk).await?;
        }
        if small.len() > JOINED - SMALL {
            send(&mut consumers, small.split().freeze()).await?;
        }
    }
    send(&mut consumers, small.freeze()).await?;
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

async fn send(consumers: &mut [mpsc::Sender<Bytes>], chunk: Bytes) -> Result<(), Error> {
    if chunk.is_empty() {
        return Ok(());
    }
    for consumer in consumers {
        consumer
            .send(chunk.clone())
            .await
            .map_err(|_| Error::Stopping)?;
    }
    Ok(())
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
) -> Result<(), Error> {
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
