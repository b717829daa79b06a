//! Data on its way from the service: verified while it comes, and there whole or not at all.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, Permissions};
use std::future::Future;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use glance_core::domain::{HashAlgorithm, Hasher};
use reqwest::{Method, Request, Response, StatusCode};
use serde_json::Value;
use tempfile::NamedTempFile;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use super::error::ClientError;
use super::progress::Progress;
use super::session::Session;
use crate::output::{self, Object};

/// Where the data goes.
#[derive(Debug)]
pub(crate) enum Target {
    File(PathBuf),
    Stdout,
}

/// What is to be done where the hash of an image is one that is not known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fallback {
    Md5,
    None,
}

/// What was downloaded.
#[derive(Debug)]
pub(crate) struct Saved {
    pub(crate) bytes: u64,
    /// What it was verified by: the algorithm and the value.
    pub(crate) verified: Option<(String, String)>,
}

/// Reads the data of an image.
///
/// # Errors
///
/// The image has no data, or its hash is not known here; the service cannot be reached, or refuses;
/// the target cannot be written; what came is not what was uploaded. Nothing is then left in the
/// place of a target that is a file.
pub(crate) async fn download(
    session: &Session,
    id: &str,
    target: Target,
    fallback: Fallback,
    prefer: Option<&str>,
) -> Result<Saved, ClientError> {
    let image = session.image(id).await?;
    let expected = Expected::of(id, &image, fallback)?;
    let mut url = session.url(&["images", id, "file"]);
    if let Some(stores) = prefer {
        url.query_pairs_mut().append_pair("prefer", stores);
    }
    let request = Request::new(Method::GET, url);
    let response = session.patiently(session.send(request)).await?;
    if response.status() == StatusCode::NO_CONTENT {
        return Err(ClientError::NoImageData { id: id.to_owned() });
    }
    let expected = expected.or_else(|| Expected::said_by(&response));
    let sink = Sink::open(target)?;
    let hasher = expected
        .as_ref()
        .map(|expected| expected.algorithm.hasher());
    let (sender, receiver) = mpsc::channel(CHUNKS_AHEAD);
    let writing = tokio::task::spawn_blocking(move || write(sink, hasher, receiver));
    let received = receive(session, response, sender).await;
    // The writer ends in any case, and with it goes what it wrote so far.
    let (sink, digest) = writing.await.map_err(|_| ClientError::Interrupted)??;
    let bytes = received?;
    let verified = match (expected, digest) {
        (Some(expected), Some(digest)) => Some(expected.compare(id, digest)?),
        _ => {
            output::note("glance: the image has no checksum, so its data could not be verified");
            None
        }
    };
    sink.keep()?;
    Ok(Saved { bytes, verified })
}

/// What the data should be.
#[derive(Debug, PartialEq, Eq)]
struct Expected {
    algorithm: HashAlgorithm,
    value: String,
}

impl Expected {
    /// What the image says: its hash, else its checksum.
    fn of(id: &str, image: &Object, fallback: Fallback) -> Result<Option<Self>, ClientError> {
        let text = |name| image.get(name).and_then(Value::as_str);
        let md5 = text("checksum").and_then(Self::md5);
        let (Some(algorithm), Some(value)) = (text("os_hash_algo"), text("os_hash_value")) else {
            return Ok(md5);
        };
        match algorithm.parse() {
            Ok(algorithm) => Ok(Some(Self {
                algorithm,
                value: value.to_lowercase(),
            })),
            Err(_) if fallback == Fallback::Md5 && md5.is_some() => Ok(md5),
            Err(_) => Err(ClientError::UnknownHash {
                id: id.to_owned(),
                algorithm: algorithm.to_owned(),
            }),
        }
    }

    /// What the header of the data says: Glance puts digits there, not base64.
    fn said_by(response: &Response) -> Option<Self> {
        Self::md5(response.headers().get("content-md5")?.to_str().ok()?)
    }

    fn md5(value: &str) -> Option<Self> {
        let is_md5 = value.len() == 32 && value.bytes().all(|digit| digit.is_ascii_hexdigit());
        is_md5.then(|| Self {
            algorithm: HashAlgorithm::Md5,
            value: value.to_lowercase(),
        })
    }

    fn compare(self, id: &str, got: String) -> Result<(String, String), ClientError> {
        let algorithm = self.algorithm.to_string();
        if self.value == got {
            return Ok((algorithm, got));
        }
        Err(ClientError::Damaged {
            id: id.to_owned(),
            algorithm,
            expected: self.value,
            got,
        })
    }
}

/// Where the data goes, opened.
#[derive(Debug)]
enum Sink {
    /// What is no file keeps what was written to it.
    Direct(File, PathBuf),
    /// A file beside the target, which takes its place when it is whole; gone when dropped.
    Beside(NamedTempFile, PathBuf),
}

impl Sink {
    fn open(target: Target) -> Result<Self, ClientError> {
        match target {
            Target::File(path) => Self::at(&path).map_err(|source| cannot_write(path, source)),
            Target::Stdout if io::stdout().is_terminal() => Err(ClientError::OntoTerminal),
            Target::Stdout => {
                let path = PathBuf::from("standard output");
                match io::stdout().as_fd().try_clone_to_owned() {
                    Ok(stdout) => Ok(Self::Direct(stdout.into(), path)),
                    Err(source) => Err(cannot_write(path, source)),
                }
            }
        }
    }

    fn at(path: &Path) -> io::Result<Self> {
        let (path, mode) = match fs::metadata(path) {
            // A link stays a link to the file.
            Ok(found) if found.is_file() => {
                (fs::canonicalize(path)?, found.permissions().mode() & 0o777)
            }
            Ok(found) if found.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
            // A device or a pipe must not be replaced by a file.
            Ok(_) => {
                let file = OpenOptions::new().write(true).open(path)?;
                return Ok(Self::Direct(file, path.to_owned()));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => (path.to_owned(), 0o666),
            Err(error) => return Err(error),
        };
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let mut prefix = OsString::from(".");
        prefix.push(path.file_name().unwrap_or_default());
        let beside = tempfile::Builder::new()
            .prefix(&prefix)
            .suffix(".part")
            .permissions(Permissions::from_mode(mode))
            .tempfile_in(folder.unwrap_or(Path::new(".")))?;
        Ok(Self::Beside(beside, path))
    }

    fn write(&mut self, chunk: &[u8]) -> Result<(), ClientError> {
        let (written, path) = match self {
            Self::Direct(file, path) => (file.write_all(chunk), path),
            Self::Beside(file, path) => (file.write_all(chunk), path),
        };
        written.map_err(|source| match source.kind() {
            io::ErrorKind::BrokenPipe => ClientError::OutputClosed,
            _ => cannot_write(path.clone(), source),
        })
    }

    fn keep(self) -> Result<(), ClientError> {
        match self {
            Self::Direct(..) => Ok(()),
            Self::Beside(file, path) => match file.persist(&path) {
                Ok(_) => Ok(()),
                Err(error) => Err(cannot_write(path, error.error)),
            },
        }
    }
}

/// Hashes and writes what comes, on its own thread.
fn write(
    mut sink: Sink,
    mut hasher: Option<Hasher>,
    mut chunks: mpsc::Receiver<Bytes>,
) -> Result<(Sink, Option<String>), ClientError> {
    while let Some(chunk) = chunks.blocking_recv() {
        sink.write(&chunk)?;
        if let Some(hasher) = &mut hasher {
            hasher.update(&chunk);
        }
    }
    Ok((sink, hasher.map(Hasher::finish)))
}

/// Passes on what comes, to its end. A writer that failed ends it, too; that it did, it tells.
async fn receive(
    session: &Session,
    mut response: Response,
    writer: mpsc::Sender<Bytes>,
) -> Result<u64, ClientError> {
    let progress = Progress::new(response.content_length());
    let interrupted = interruption();
    tokio::pin!(interrupted);
    let result = loop {
        let chunk = tokio::select! {
            chunk = session.patiently(async {
                response.chunk().await.map_err(|error| session.broken(error))
            }) => chunk,
            () = &mut interrupted => Err(ClientError::Interrupted),
        };
        match chunk {
            Ok(Some(chunk)) => {
                progress.advance(chunk.len());
                if writer.send(chunk).await.is_err() {
                    break Ok(());
                }
            }
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    progress.end();
    result.map(|()| progress.moved())
}

/// Ends when the user stops the program, so that it can clean up.
fn interruption() -> impl Future<Output = ()> + Send {
    let signals = [
        SignalKind::interrupt(),
        SignalKind::terminate(),
        SignalKind::hangup(),
    ];
    let signals = signals.into_iter().filter_map(|kind| signal(kind).ok());
    let waiting: Vec<_> = signals
        .map(|mut signal| Box::pin(async move { signal.recv().await }))
        .collect();
    async move {
        if waiting.is_empty() {
            std::future::pending::<()>().await;
        }
        futures::future::select_all(waiting).await;
    }
}

fn cannot_write(path: PathBuf, source: io::Error) -> ClientError {
    ClientError::File {
        action: "write",
        path,
        source,
    }
}

/// How many chunks may wait to be written.
const CHUNKS_AHEAD: usize = 16;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use serde_json::{Value, json};

    use super::{ClientError, Expected, Fallback, HashAlgorithm, Sink};
    use crate::output::Object;

    const MD5: &str = "5d41402abc4b2a76b9719d911017c592";

    fn image(value: Value) -> Object {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn the_hash_of_an_image_goes_before_its_checksum() {
        let both = image(json!({"os_hash_algo": "sha256", "os_hash_value": "AB", "checksum": MD5}));
        let checksum = image(json!({"os_hash_algo": null, "os_hash_value": null, "checksum": MD5}));

        let of = |image| Expected::of("x", image, Fallback::None).unwrap();

        assert_eq!(
            of(&both),
            Some(Expected {
                algorithm: HashAlgorithm::Sha256,
                value: "ab".to_owned()
            })
        );
        assert_eq!(of(&checksum), Expected::md5(MD5));
        assert_eq!(of(&image(json!({}))), None);
    }

    #[test]
    fn an_unknown_hash_is_refused_unless_md5_is_allowed_and_there() {
        let unknown =
            image(json!({"os_hash_algo": "blake9", "os_hash_value": "ab", "checksum": MD5}));
        let alone = image(json!({"os_hash_algo": "blake9", "os_hash_value": "ab"}));

        let refused = Expected::of("x", &unknown, Fallback::None).unwrap_err();

        assert!(matches!(refused, ClientError::UnknownHash { .. }));
        assert_eq!(
            Expected::of("x", &unknown, Fallback::Md5).unwrap(),
            Expected::md5(MD5)
        );
        assert!(Expected::of("x", &alone, Fallback::Md5).is_err());
    }

    #[test]
    fn a_file_takes_its_place_only_when_it_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("disk");
        fs::write(&target, "old").unwrap();
        fs::set_permissions(&target, fs::Permissions::from_mode(0o600)).unwrap();
        let link = folder.path().join("link");
        symlink("disk", &link).unwrap();

        let mut dropped = Sink::at(&link).unwrap();
        dropped.write(b"half").unwrap();
        drop(dropped);

        assert_eq!(fs::read_to_string(&target).unwrap(), "old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);

        let mut kept = Sink::at(&link).unwrap();
        kept.write(b"whole").unwrap();
        kept.keep().unwrap();

        assert_eq!(fs::read_to_string(&target).unwrap(), "whole");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        let mode = fs::metadata(&target).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_device_is_written_to_and_not_replaced() {
        assert!(matches!(
            Sink::at("/dev/null".as_ref()).unwrap(),
            Sink::Direct(..)
        ));
        assert!(Sink::at("/".as_ref()).is_err());
    }
}
