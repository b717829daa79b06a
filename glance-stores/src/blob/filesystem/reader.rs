//! A file being read: exactly the bytes asked for, or an error.

use std::fs::File;
use std::future::Future;
use std::io::{self, Read};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::Stream;
use tokio::task::JoinHandle;

use super::FilesystemStore;
use super::threads::Threads;

/// The next bytes of a file, in chunks. Two chunks at most are ahead of whoever takes them, and no
/// thread waits for it.
pub(super) struct FileStream {
    threads: Threads,
    /// The file, when no thread has it.
    file: Option<File>,
    /// Bytes that have not been asked of the file yet.
    left: u64,
    /// Chunks at hand, the next one last.
    ready: Vec<Bytes>,
    reading: Option<JoinHandle<io::Result<Chunks>>>,
}

impl FileStream {
    /// The next `length` bytes of a file.
    pub(super) fn new(file: File, length: u64, threads: Threads) -> Self {
        let mut stream = Self {
            threads,
            file: Some(file),
            left: length,
            ready: Vec::new(),
            reading: None,
        };
        stream.read_ahead();
        stream
    }

    fn read_ahead(&mut self) {
        if self.left == 0 {
            return;
        }
        let Some(file) = self.file.take() else { return };
        let length = self.left.min(AHEAD);
        self.left -= length;
        let threads = self.threads.clone();
        self.reading = Some(tokio::spawn(async move {
            threads.block(move || read_chunks(file, length)).await
        }));
    }
}

impl Stream for FileStream {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ready.is_empty()
            && let Some(reading) = &mut self.reading
        {
            let Poll::Ready(read) = Pin::new(reading).poll(cx) else {
                return Poll::Pending;
            };
            self.reading = None;
            match read.unwrap_or_else(|error| Err(io::Error::other(error))) {
                Ok((file, chunks)) => {
                    self.file = Some(file);
                    self.ready = chunks;
                }
                Err(error) => {
                    self.left = 0;
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
        let chunk = self.ready.pop();
        if self.ready.is_empty() {
            self.read_ahead();
        }
        Poll::Ready(chunk.map(Ok))
    }
}

/// Reads so many bytes, in chunks, the first one last.
fn read_chunks(mut file: File, mut length: u64) -> io::Result<Chunks> {
    let mut chunks = Vec::new();
    while length > 0 {
        let wanted = length.min(CHUNK);
        let mut chunk = Vec::with_capacity(usize::try_from(wanted).map_err(io::Error::other)?);
        let read = (&mut file).take(wanted).read_to_end(&mut chunk)?;
        if read as u64 != wanted {
            let short = format!(
                "the file is {} bytes shorter than it should be",
                length - read as u64
            );
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, short));
        }
        length -= wanted;
        chunks.push(Bytes::from(chunk));
    }
    chunks.reverse();
    Ok((file, chunks))
}

/// A file, and what was read of it last: chunks, the first one last.
type Chunks = (File, Vec<Bytes>);

/// Longer chunks fall out of the processor's cache (design D7).
const CHUNK: u64 = FilesystemStore::CHUNK_SIZE;

/// How many bytes are read at a time.
const AHEAD: u64 = 2 * CHUNK;
