//! `image_decompression`: what comes packed goes on unpacked.

mod bound;
mod packing;
mod thread;
mod zip;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_compression::tokio::bufread::{BzDecoder, GzipDecoder, XzDecoder, ZstdDecoder};
use async_compression::zstd::DParameter;
use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use glance_core::ports::{BodyError, ByteStream, ImportPlugin, Passing, PluginError};
use tokio::io::AsyncRead;
use tokio_util::io::{ReaderStream, StreamReader};

use self::bound::Bound;
use self::packing::Packing;

/// Unpacks what is packed with gzip, xz, zstd, bzip2 or zip, as its first bytes tell; in a zip
/// archive there must be one file. Data in a container `compressed` is to stay packed, and all
/// other data goes on as it is (upstream, which knows gzip and zip).
///
/// An archive that is broken or cut short is an error, and so is one that unpacks to more bytes than
/// an image may have, or out of all proportion. Memory is bounded, whatever an archive asks for.
#[derive(Debug, Clone)]
pub struct ImageDecompression {
    most_bytes: u64,
}

impl ImageDecompression {
    /// Gives on no more than `most_bytes` of one image: `image_size_cap`.
    pub fn new(most_bytes: u64) -> Self {
        Self { most_bytes }
    }
}

#[async_trait]
impl ImportPlugin for ImageDecompression {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn apply(&self, data: Passing) -> Result<Passing, PluginError> {
        let container = data.container_format.as_ref();
        if container.is_some_and(|container| container.as_str() == "compressed") {
            return Ok(data);
        }
        let (head, body) = peek(data.body).await;
        let Some(packing) = Packing::of(&head) else {
            return Ok(Passing { body, ..data });
        };
        if packing == Packing::Lha {
            return Err(bad("LHA archives cannot be unpacked"));
        }
        let taken = Arc::<AtomicU64>::default();
        let bound = Bound::new(self.most_bytes, Arc::clone(&taken));
        let body = thread::moved(bound.around(unpacked(packing, counted(body, taken))));
        Ok(Passing {
            body,
            size: None,
            ..data
        })
    }
}

/// Packed bytes, for decoders.
type Source = StreamReader<BoxStream<'static, io::Result<Bytes>>, Bytes>;

fn unpacked(packing: Packing, source: Source) -> ByteStream {
    match packing {
        Packing::Bzip2 => {
            let mut decoder = BzDecoder::new(source);
            decoder.multiple_members(true);
            read(packing, decoder)
        }
        Packing::Gzip => {
            let mut decoder = GzipDecoder::new(source);
            decoder.multiple_members(true);
            read(packing, decoder)
        }
        Packing::Xz => {
            let mut decoder = XzDecoder::with_mem_limit(source, MEMORY);
            decoder.multiple_members(true);
            read(packing, decoder)
        }
        Packing::Zstd => {
            let window = DParameter::window_log_max(MEMORY.ilog2());
            let mut decoder = ZstdDecoder::with_params(source, &[window]);
            decoder.multiple_members(true);
            read(packing, decoder)
        }
        Packing::Zip | Packing::Lha => zip::unpacked(source),
    }
}

fn read(packing: Packing, decoder: impl AsyncRead + Send + 'static) -> ByteStream {
    let bytes = ReaderStream::with_capacity(decoder, PIECE);
    ByteStream::new(bytes.map_err(move |error| broken(packing, error)))
}

/// The first bytes, and all of them.
async fn peek(mut body: ByteStream) -> (Vec<u8>, ByteStream) {
    let (mut head, mut seen) = (Vec::new(), Vec::new());
    while head.len() < Packing::HEAD {
        match body.next().await {
            Some(Ok(chunk)) => {
                let wanted = (Packing::HEAD - head.len()).min(chunk.len());
                head.extend_from_slice(&chunk[..wanted]);
                seen.push(Ok(chunk));
            }
            Some(Err(error)) => {
                seen.push(Err(error));
                break;
            }
            None => break,
        }
    }
    (head, ByteStream::new(stream::iter(seen).chain(body)))
}

fn counted(body: ByteStream, taken: Arc<AtomicU64>) -> Source {
    let body = body.inspect_ok(move |chunk| {
        taken.fetch_add(chunk.len() as u64, Ordering::Relaxed);
    });
    StreamReader::new(body.map_err(io::Error::other).boxed())
}

/// What is wrong with an archive, or with what it is read from.
fn broken(packing: Packing, error: io::Error) -> BodyError {
    match error.downcast::<BodyError>() {
        Ok(inside) => inside,
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            BodyError(bad(format!("the {packing} archive is cut short")).into())
        }
        Err(error) => BodyError(bad(format!("the {packing} archive is broken: {error}")).into()),
    }
}

fn bad(reason: impl Into<String>) -> PluginError {
    PluginError::BadData {
        plugin: NAME,
        reason: reason.into(),
    }
}

const NAME: &str = "image_decompression";

/// How much comes at a time.
const PIECE: usize = 64 << 10;

/// What a decoder may keep of what it has given: as much as `xz -9` and `zstd --ultra -22` want.
const MEMORY: u64 = 128 << 20;

#[cfg(test)]
mod tests;
