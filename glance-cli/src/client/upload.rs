//! Data on its way to the service: from a file or a pipe, never held as a whole.

use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use futures::{Stream, stream};
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Body, Method, Request};
use tokio::io::AsyncReadExt;

use super::error::ClientError;
use super::progress::Progress;
use super::session::Session;

/// Data to be uploaded.
#[derive(Debug)]
pub(crate) struct DataSource {
    file: File,
    /// Bytes of it, where that is known: other data than that many bytes is not sent.
    size: Option<u64>,
}

impl DataSource {
    /// The data in a file or on a device.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or does not have the size that was `said`.
    pub(crate) fn file(path: &Path, said: Option<u64>) -> Result<Self, ClientError> {
        let failed = |source| cannot_read(path, source);
        let file = File::open(path).map_err(failed)?;
        if file.metadata().map_err(failed)?.is_dir() {
            return Err(failed(io::ErrorKind::IsADirectory.into()));
        }
        Self::open(file, path, said)
    }

    /// What is piped in or redirected to standard input. A terminal or `/dev/null` is no data:
    /// programs that start others often leave one of them there.
    ///
    /// # Errors
    ///
    /// Standard input cannot be read, or is a file of another size than was `said`.
    pub(crate) fn stdin(said: Option<u64>) -> Result<Option<Self>, ClientError> {
        let path = Path::new("standard input");
        let failed = |source| cannot_read(path, source);
        let stdin = io::stdin().as_fd().try_clone_to_owned().map_err(failed)?;
        let file = File::from(stdin);
        let kind = file.metadata().map_err(failed)?.file_type();
        if kind.is_char_device() || kind.is_dir() {
            return Ok(None);
        }
        Self::open(file, path, said).map(Some)
    }

    fn open(mut file: File, path: &Path, said: Option<u64>) -> Result<Self, ClientError> {
        let actual = size(&mut file).map_err(|source| cannot_read(path, source))?;
        match (said, actual) {
            (Some(said), Some(actual)) if said != actual => Err(ClientError::WrongSize {
                path: path.to_owned(),
                said,
                actual,
            }),
            _ => Ok(Self {
                file,
                size: actual.or(said),
            }),
        }
    }
}

/// What data of an image is sent for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The image is then active.
    Use,
    /// An import takes it up.
    Stage,
}

/// Writes the data of an image.
///
/// # Errors
///
/// The data cannot be read or changes its size; the service cannot be reached, stops reading, or
/// refuses.
pub(crate) async fn upload(
    session: &Session,
    id: &str,
    source: DataSource,
    purpose: Purpose,
    store: Option<&str>,
) -> Result<(), ClientError> {
    let progress = Progress::new(source.size);
    let target = match purpose {
        Purpose::Use => "file",
        Purpose::Stage => "stage",
    };
    let mut request = Request::new(Method::PUT, session.url(&["images", id, target]));
    let headers = request.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/octet-stream"),
    );
    if let Some(size) = source.size {
        headers.insert(CONTENT_LENGTH, size.into());
        headers.insert(
            HeaderName::from_static("x-openstack-image-size"),
            size.into(),
        );
    }
    if let Some(store) = store {
        let store = HeaderValue::from_str(store);
        let store = store.map_err(|_| session.not_glance("no store has such a name"))?;
        headers.insert(HeaderName::from_static("x-image-meta-store"), store);
    }
    let cause = Cause::default();
    let chunks = chunks(source, progress.clone(), cause.clone());
    *request.body_mut() = Some(Body::wrap_stream(chunks));
    let sent = tokio::select! {
        sent = session.send(request) => sent.map(drop),
        () = standstill(session, &progress) => Err(session.silent()),
    };
    progress.end();
    // What the data did wrong says more than the connection that broke off for it.
    match cause.take() {
        Some(cause) => Err(cause),
        None => sent,
    }
}

/// The chunks of the data. Each is given only when it is known what comes after it, so that data
/// of the wrong size never arrives whole.
fn chunks(
    source: DataSource,
    progress: Progress,
    cause: Cause,
) -> impl Stream<Item = Result<Bytes, io::Error>> + Send + 'static {
    let reader = Reader {
        file: tokio::fs::File::from_std(source.file),
        size: source.size,
        given: 0,
        ahead: None,
        is_done: false,
    };
    stream::unfold(
        (reader, progress, cause),
        |(mut reader, progress, cause)| async move {
            match reader.next().await {
                Ok(chunk) if chunk.is_empty() => None,
                Ok(chunk) => {
                    progress.advance(chunk.len());
                    Some((Ok(chunk), (reader, progress, cause)))
                }
                Err(error) => {
                    cause.put(error);
                    let broken = io::Error::other("the data broke off");
                    Some((Err(broken), (reader, progress, cause)))
                }
            }
        },
    )
}

#[derive(Debug)]
struct Reader {
    file: tokio::fs::File,
    size: Option<u64>,
    given: u64,
    ahead: Option<Bytes>,
    is_done: bool,
}

impl Reader {
    /// The next chunk; an empty one at the end.
    async fn next(&mut self) -> Result<Bytes, ClientError> {
        if self.is_done {
            return Ok(Bytes::new());
        }
        let chunk = match self.ahead.take() {
            Some(chunk) => chunk,
            None => self.read().await?,
        };
        let ahead = if chunk.is_empty() {
            Bytes::new()
        } else {
            self.read().await?
        };
        self.given += chunk.len() as u64;
        self.is_done = ahead.is_empty();
        self.check(self.given + ahead.len() as u64)?;
        self.ahead = Some(ahead);
        Ok(chunk)
    }

    fn check(&self, got: u64) -> Result<(), ClientError> {
        match self.size {
            Some(size) if got > size || (self.is_done && got < size) => {
                Err(ClientError::DataChanged {
                    expected: size,
                    got,
                    is_more: !self.is_done,
                })
            }
            _ => Ok(()),
        }
    }

    /// A full chunk, or the rest.
    async fn read(&mut self) -> Result<Bytes, ClientError> {
        let mut chunk = BytesMut::with_capacity(CHUNK_BYTES);
        while chunk.len() < CHUNK_BYTES {
            let read = self.file.read_buf(&mut chunk).await;
            let read = read.map_err(|source| cannot_read("the data".as_ref(), source))?;
            if read == 0 {
                break;
            }
        }
        Ok(chunk.freeze())
    }
}

/// Why the data broke off, for the one who sends it.
#[derive(Debug, Clone, Default)]
struct Cause(Arc<Mutex<Option<ClientError>>>);

impl Cause {
    fn put(&self, error: ClientError) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }

    fn take(&self) -> Option<ClientError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Ends when nothing has moved for as long as the service may be silent.
async fn standstill(session: &Session, progress: &Progress) {
    loop {
        let before = progress.moved();
        tokio::time::sleep(session.patience()).await;
        if progress.moved() == before {
            return;
        }
    }
}

/// Bytes from here to the end of a file or device; `None` where it has none, like a pipe.
fn size(file: &mut File) -> io::Result<Option<u64>> {
    let kind = file.metadata()?.file_type();
    if !kind.is_file() && !kind.is_block_device() {
        return Ok(None);
    }
    let here = file.stream_position()?;
    let end = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(here))?;
    Ok(Some(end.saturating_sub(here)))
}

fn cannot_read(path: &Path, source: io::Error) -> ClientError {
    ClientError::File {
        action: "read",
        path: path.to_owned(),
        source,
    }
}

const CHUNK_BYTES: usize = 256 << 10;

#[cfg(test)]
mod tests {
    use std::io::Write;

    use futures::StreamExt;

    use super::{CHUNK_BYTES, Cause, ClientError, DataSource, Progress, chunks};

    fn file(bytes: usize) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&vec![7; bytes]).unwrap();
        file
    }

    /// The bytes that were given, and why they broke off.
    fn given(source: DataSource) -> (usize, Option<ClientError>) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let cause = Cause::default();
        let chunks = chunks(source, Progress::new(None), cause.clone());
        let bytes = runtime.block_on(chunks.fold(0, async |sum, chunk| {
            sum + chunk.map_or(0, |chunk| chunk.len())
        }));
        (bytes, cause.take())
    }

    #[test]
    fn a_file_is_given_whole() {
        for bytes in [0, 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES] {
            let file = file(bytes);
            let source = DataSource::file(file.path(), None).unwrap();

            let (given, cause) = given(source);

            assert_eq!(given, bytes);
            assert!(cause.is_none(), "{cause:?}");
        }
    }

    #[test]
    fn a_file_that_changes_its_size_never_arrives_whole() {
        for (before, after) in [(10, 11), (CHUNK_BYTES, CHUNK_BYTES + 1), (10, 9)] {
            let mut file = file(before);
            let source = DataSource::file(file.path(), None).unwrap();
            file.as_file().set_len(0).unwrap();
            file.as_file_mut().set_len(after as u64).unwrap();

            let (given, cause) = given(source);

            assert!(given < before, "{given} of {before}");
            assert!(matches!(cause, Some(ClientError::DataChanged { .. })));
        }
    }

    #[test]
    fn a_size_that_is_not_that_of_the_file_is_refused() {
        let file = file(5);

        let error = DataSource::file(file.path(), Some(7)).unwrap_err();

        assert!(matches!(
            error,
            ClientError::WrongSize {
                said: 7,
                actual: 5,
                ..
            }
        ));
    }

    #[test]
    fn a_folder_is_no_data() {
        assert!(DataSource::file("/".as_ref(), None).is_err());
    }
}
