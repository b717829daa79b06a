//! A file of a directory: looked at by us, then opened or removed by `object_store`.

use std::fs::{File, Metadata};
use std::io::{self, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use glance_core::domain::ByteRange;
use glance_core::ports::BoxError;
use object_store::local::LocalFileSystem;
use object_store::path::Path as ObjectPath;
use object_store::{GetOptions, GetResultPayload, ObjectStore, ObjectStoreExt};
use rustix::fs::Advice;
use rustix::io::Errno;

use super::directory;
use super::threads::blocking;

/// A file of a directory, be it there or not.
#[derive(Debug)]
pub(super) struct BlobFile {
    files: LocalFileSystem,
    object: ObjectPath,
    path: PathBuf,
}

impl BlobFile {
    /// The file of an object, if `object_store` takes it for that one: some names it refuses.
    pub(super) fn of(files: &LocalFileSystem, object: ObjectPath, path: PathBuf) -> Option<Self> {
        let taken_for = files.path_to_filesystem(&object).ok()?;
        // As bytes: to compare paths ignores a `/` at the end.
        (taken_for.as_os_str() == path.as_os_str()).then(|| Self::trusted(files, object, path))
    }

    /// The file of an object, which is known to be that one.
    pub(super) fn trusted(files: &LocalFileSystem, object: ObjectPath, path: PathBuf) -> Self {
        Self {
            files: files.clone(),
            object,
            path,
        }
    }

    /// Opens the file at the start of a range of it; `None` is all of it.
    pub(super) async fn open(
        self,
        range: Option<ByteRange>,
    ) -> Result<(File, ByteRange), BoxError> {
        let seen = self.look().await?;
        // To `object_store`, a range without bytes is an error.
        let bounds = range
            .filter(|range| range.length > 0)
            .map(|range| range.offset..range.offset.saturating_add(range.length));
        let options = GetOptions::new().with_range(bounds);
        let found = self.files.get_opts(&self.object, options).await?;
        let GetResultPayload::File(file, _) = found.payload else {
            return Err(io::Error::from(io::ErrorKind::Unsupported).into());
        };
        let range = range.unwrap_or(ByteRange {
            offset: 0,
            length: found.meta.size,
        });
        let file = blocking(move || start_at(file, &seen, range.offset)).await?;
        Ok((file, range))
    }

    /// Bytes of the file.
    pub(super) async fn size(self) -> Result<u64, BoxError> {
        self.look().await?;
        Ok(self.files.head(&self.object).await?.size)
    }

    /// Removes the file for good: after a crash, it does not come back. Of a symbolic link, it is
    /// the link that goes.
    pub(super) async fn remove(self) -> Result<(), BoxError> {
        self.files.delete(&self.object).await?;
        self.sync_folder().await
    }

    /// As [`remove`](Self::remove), and fine with nothing.
    pub(super) async fn remove_if_there(self) -> Result<(), BoxError> {
        match self.files.delete(&self.object).await {
            // Synced also where nothing is there: whoever removed it may not have come to that.
            Ok(()) | Err(object_store::Error::NotFound { .. }) => self.sync_folder().await,
            Err(error) => Err(error.into()),
        }
    }

    /// Refuses what is no file: `object_store` follows symbolic links (rule R4), and waits for the
    /// other end of a pipe.
    async fn look(&self) -> io::Result<Metadata> {
        let path = self.path.clone();
        blocking(move || {
            let seen = path.symlink_metadata()?;
            if seen.is_file() {
                Ok(seen)
            } else {
                Err(Errno::LOOP.into())
            }
        })
        .await
    }

    async fn sync_folder(&self) -> Result<(), BoxError> {
        let folder = self.path.parent().map(Path::to_owned);
        Ok(blocking(move || folder.as_deref().map_or(Ok(()), directory::sync)).await?)
    }
}

/// The file, if it is the one that was looked at, at this offset.
fn start_at(mut file: File, seen: &Metadata, offset: u64) -> io::Result<File> {
    let opened = file.metadata()?;
    if (opened.dev(), opened.ino()) != (seen.dev(), seen.ino()) {
        // Something else was put in its place meanwhile, which may have been a symbolic link.
        return Err(Errno::LOOP.into());
    }
    if offset > 0 {
        file.seek(SeekFrom::Start(offset))?;
    }
    // Advice only: a filesystem that takes none reads all the same.
    let _ = rustix::fs::fadvise(&file, 0, None, Advice::Sequential);
    Ok(file)
}
