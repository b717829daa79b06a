//! A directory of blobs, and what is in it under which name.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime};

use glance_core::domain::ImageId;
use glance_core::ports::BlobKey;
use rustix::fs::{AtFlags, CWD, RenameFlags};
use rustix::io::Errno;

use crate::OpenError;

/// A directory of blobs.
#[derive(Debug)]
pub(super) struct Directory {
    /// Absolute, without `.` and `..`, and UTF-8: it stands in URLs.
    path: String,
    pub(super) priority: i64,
}

impl Directory {
    /// Opens a directory, creates it where it is missing, and tries it out.
    pub(super) fn open(path: &Path, priority: i64) -> Result<Self, OpenError> {
        let path = absolute(path)?;
        fs::create_dir_all(&path)
            .map_err(|error| OpenError::failed("create the directory", &path, error))?;
        let probe = Path::new(&path).join(format!("{TEMPORARY}probe-{}", uuid::Uuid::new_v4()));
        try_out(&probe)
            .map_err(|error| OpenError::failed("write to the directory", &path, error))?;
        Ok(Self { path, priority })
    }

    /// The file with this path, if it is one of this directory's blobs.
    pub(super) fn file(&self, path: &str) -> Option<PathBuf> {
        let name = path.strip_prefix(&self.path)?.strip_prefix('/')?;
        let bare = !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '\0']);
        (bare && !name.starts_with(TEMPORARY)).then(|| PathBuf::from(path))
    }

    /// The file of an image.
    pub(super) fn blob(&self, image: ImageId) -> PathBuf {
        Path::new(&self.path).join(image.as_str())
    }

    /// The URL of an image's file.
    pub(super) fn url(&self, image: ImageId) -> String {
        format!("file://{}/{image}", self.path)
    }

    /// Bytes that can be written; a filesystem that does not say has no end.
    pub(super) fn room(&self) -> u64 {
        match rustix::fs::statvfs(&self.path) {
            Ok(status) if status.f_blocks > 0 => status.f_bavail.saturating_mul(status.f_frsize),
            Ok(_) => u64::MAX,
            Err(_) => 0,
        }
    }

    /// Makes the file in which an upload is written.
    pub(super) fn create_temporary(&self, key: &BlobKey) -> io::Result<(PathBuf, File)> {
        let path = self.temporary(key);
        File::create_new(&path).map(|file| (path, file))
    }

    /// Gives a whole file its name, unless there is a file of that name.
    pub(super) fn publish(&self, temporary: &Path, image: ImageId) -> io::Result<()> {
        let blob = self.blob(image);
        match rustix::fs::renameat_with(CWD, temporary, CWD, &blob, RenameFlags::NOREPLACE) {
            Ok(()) => {}
            // NFS and others cannot; a link never replaces either.
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
                rustix::fs::linkat(CWD, temporary, CWD, &blob, AtFlags::empty())?;
                fs::remove_file(temporary)?;
            }
            Err(error) => return Err(error.into()),
        }
        let synced = sync(Path::new(&self.path));
        if synced.is_err() {
            // Not known to be durable: then it is not to be there either.
            let _ = fs::remove_file(&blob);
        }
        synced
    }

    /// Removes what an upload left uncommitted.
    pub(super) fn discard(&self, key: &BlobKey) -> io::Result<()> {
        self.remove(&self.temporary(key))
    }

    /// Removes the file of an image.
    pub(super) fn vacate(&self, image: ImageId) -> io::Result<()> {
        self.remove(&self.blob(image))
    }

    /// Removes temporary files that nobody has written to for `age`.
    pub(super) fn sweep(&self, age: Duration) -> io::Result<usize> {
        let mut swept = 0;
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            if !is_temporary(&entry.file_name()) {
                continue;
            }
            let modified = match entry.metadata().and_then(|metadata| metadata.modified()) {
                Ok(modified) => modified,
                // Gone meanwhile: its upload ended.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            let untouched = SystemTime::now()
                .duration_since(modified)
                .unwrap_or_default();
            if untouched >= age && remove_if_there(&entry.path())? {
                swept += 1;
            }
        }
        Ok(swept)
    }

    fn temporary(&self, key: &BlobKey) -> PathBuf {
        // An upload's id is text: what has a meaning in a path is made harmless.
        let upload = key.upload.as_str().replace(['/', '\0'], "_");
        Path::new(&self.path).join(format!("{TEMPORARY}{}-{upload}", key.image))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        // Synced also where nothing is there: whoever removed it may not have come to that.
        remove_if_there(path).and_then(|_| sync(Path::new(&self.path)))
    }
}

/// Removes a file for good: after a crash, it does not come back.
pub(super) fn remove_durably(path: &Path) -> io::Result<()> {
    fs::remove_file(path)?;
    path.parent().map_or(Ok(()), sync)
}

fn remove_if_there(path: &Path) -> io::Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Makes a file and removes it.
fn try_out(probe: &Path) -> io::Result<()> {
    let mut file = File::create_new(probe)?;
    let written = io::Write::write_all(&mut file, b"glance");
    fs::remove_file(probe).and(written)
}

/// The path as it stands in URLs. Symbolic links in it stay: upstream writes it as configured.
fn absolute(path: &Path) -> Result<String, OpenError> {
    let refuse = |reason: &str| OpenError::failed("use the directory", path, reason);
    let absolute = std::path::absolute(path)
        .map_err(|error| OpenError::failed("use the directory", path, error))?;
    if absolute
        .components()
        .any(|part| part == Component::ParentDir)
    {
        return Err(refuse("its path holds `..`"));
    }
    let text = absolute
        .to_str()
        .ok_or_else(|| refuse("its path is not UTF-8"))?;
    match text.trim_end_matches('/') {
        "" => Err(refuse("it is the root of the filesystem")),
        text => Ok(text.to_owned()),
    }
}

fn is_temporary(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(TEMPORARY.as_bytes())
}

/// How names of files begin that are not, or not yet, blobs.
const TEMPORARY: &str = ".glance_rs-";
