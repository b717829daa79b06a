//! A directory of blobs, and what is in it under which name.

use std::ffi::OsStr;
use std::fs::{self, File, Permissions, ReadDir};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime};

use futures::executor::block_on;
use glance_core::domain::ImageId;
use glance_core::ports::{BlobKey, BoxError};
use object_store::local::LocalFileSystem;
use object_store::path::Path as ObjectPath;
use object_store::{MultipartUpload, ObjectStoreExt};
use rustix::fs::{AtFlags, CWD, RenameFlags};
use rustix::io::Errno;

use super::blob_file::BlobFile;
use crate::OpenError;

/// A directory of blobs.
#[derive(Debug, Clone)]
pub(super) struct Directory {
    /// As configured: absolute, without `.` and `..`, and UTF-8. It stands in URLs.
    path: String,
    /// The same directory, without symbolic links: the root of `files`.
    root: PathBuf,
    files: LocalFileSystem,
    pub(super) priority: i64,
}

impl Directory {
    /// Opens a directory, creates it where it is missing, and tries it out.
    pub(super) fn open(path: &Path, priority: i64) -> Result<Self, OpenError> {
        let path = absolute(path)?;
        fs::create_dir_all(&path)
            .map_err(|error| OpenError::failed("create the directory", &path, error))?;
        let (root, files) = try_out(&path)
            .map_err(|error| OpenError::failed("write to the directory", &path, error))?;
        Ok(Self {
            path,
            root,
            files,
            priority,
        })
    }

    /// The file with this path, if it is one of this directory's blobs.
    pub(super) fn file(&self, path: &str) -> Option<BlobFile> {
        let name = path.strip_prefix(&self.path)?.strip_prefix('/')?;
        let bare = !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '\0']);
        if !bare || name.starts_with(TEMPORARY) {
            return None;
        }
        let object = ObjectPath::parse(name).ok()?;
        BlobFile::of(&self.files, object, self.root.join(name))
    }

    /// The file of an image.
    pub(super) fn blob(&self, image: ImageId) -> BlobFile {
        let object = ObjectPath::from(image.as_str());
        BlobFile::trusted(&self.files, object, self.root.join(image.as_str()))
    }

    /// Whether there is a file of an image.
    pub(super) fn holds(&self, image: ImageId) -> bool {
        is_there(&self.root.join(image.as_str()))
    }

    /// The URL of an image's file.
    pub(super) fn url(&self, image: ImageId) -> String {
        format!("file://{}", self.path_of(image.as_str()))
    }

    /// The path of what has a name in it.
    pub(super) fn path_of(&self, name: &str) -> String {
        format!("{}/{name}", self.path)
    }

    /// Whatever is in it.
    pub(super) fn entries(&self) -> io::Result<ReadDir> {
        fs::read_dir(&self.root)
    }

    /// Bytes that can be written; a filesystem that does not say has no end.
    pub(super) fn room(&self) -> u64 {
        match rustix::fs::statvfs(&self.root) {
            Ok(status) if status.f_blocks > 0 => status.f_bavail.saturating_mul(status.f_frsize),
            Ok(_) => u64::MAX,
            Err(_) => 0,
        }
    }

    /// Begins to write the temporary file of an upload. Blocks.
    pub(super) fn begin(
        &self,
        key: &BlobKey,
    ) -> Result<(PathBuf, Box<dyn MultipartUpload>), BoxError> {
        // `object_store` would make a directory that is gone anew, on whichever disk is there.
        fs::metadata(&self.root)?;
        let object = temporary(key);
        let path = self.root.join(object.as_ref());
        // It would also write beside what another writer of this key has begun.
        if is_there(&path) || is_there(&staged(&path, 1)) {
            return Err(io::Error::from(Errno::EXIST).into());
        }
        // Opens a file, and so does not belong on a thread of the runtime.
        let upload = block_on(self.files.put_multipart(&object))?;
        Ok((path, upload))
    }

    /// Gives a whole file its name, unless there is a file of that name.
    pub(super) fn publish(
        &self,
        temporary: &Path,
        image: ImageId,
        permissions: Option<u32>,
    ) -> io::Result<()> {
        if let Some(mode) = permissions {
            let file = File::open(temporary)?;
            file.set_permissions(Permissions::from_mode(mode))?;
            file.sync_all()?;
        }
        let blob = self.root.join(image.as_str());
        match rustix::fs::renameat_with(CWD, temporary, CWD, &blob, RenameFlags::NOREPLACE) {
            Ok(()) => {}
            // NFS and others cannot; a link never replaces either.
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
                rustix::fs::linkat(CWD, temporary, CWD, &blob, AtFlags::empty())?;
                fs::remove_file(temporary)?;
            }
            Err(error) => return Err(error.into()),
        }
        let synced = sync(&self.root);
        if synced.is_err() {
            // Not known to be durable: then it is not to be there either.
            let _ = fs::remove_file(&blob);
        }
        synced
    }

    /// Removes what an upload left uncommitted.
    pub(super) fn discard(&self, key: &BlobKey) -> io::Result<()> {
        remove_temporary(&self.root.join(temporary(key).as_ref()))?;
        // Synced also where nothing is there: whoever removed it may not have come to that.
        sync(&self.root)
    }

    /// Removes temporary files that nobody has written to for `age`.
    pub(super) fn sweep(&self, age: Duration) -> io::Result<usize> {
        let mut swept = 0;
        for entry in fs::read_dir(&self.root)? {
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
}

/// Removes a temporary file, and what `object_store` staged on the way to it.
pub(super) fn remove_temporary(path: &Path) -> io::Result<()> {
    // In the order in which a file goes through these names, so that none slips past.
    let mut number = 1;
    while remove_if_there(&staged(path, number))? {
        number += 1;
    }
    remove_if_there(path).map(drop)
}

/// Makes what was done to the names in a directory durable.
pub(super) fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

fn remove_if_there(path: &Path) -> io::Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// The file in which an upload is written: its bytes come there when they are whole.
fn temporary(key: &BlobKey) -> ObjectPath {
    // An upload's id is text: what has a meaning in a path is escaped.
    ObjectPath::from_iter([format!("{TEMPORARY}{}-{}", key.image, key.upload)])
}

/// Where `object_store` collects the bytes of a file until they are whole.
fn staged(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!("#{number}"));
    name.into()
}

/// Opens a directory; makes a file in it and removes it.
fn try_out(path: &str) -> Result<(PathBuf, LocalFileSystem), BoxError> {
    let root = fs::canonicalize(path)?;
    let files = LocalFileSystem::new_with_prefix(&root)?.with_fsync(true);
    let object = ObjectPath::from(format!("{TEMPORARY}probe-{}", uuid::Uuid::new_v4()));
    let probe = root.join(object.as_ref());
    if files.path_to_filesystem(&object)? != probe {
        return Err("object_store takes its path for another".into());
    }
    let mut file = File::create_new(&probe)?;
    let written = io::Write::write_all(&mut file, b"glance");
    fs::remove_file(&probe).and(written)?;
    Ok((root, files))
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
