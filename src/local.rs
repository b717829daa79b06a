//! A whole image service in one folder.

use std::fs::File;
use std::io;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::FutureExt;
use futures::future::{AbortHandle, abortable};
use glance_core::domain::InvalidTextId;
use glance_core::{BuildError, Error, Glance, GlanceBuilder, Settings, Stores};
use glance_stores::{
    FilesystemOptions, FilesystemStore, FirstStart, OpenError, SqliteCatalog, SqliteOptions,
};
use thiserror::Error as ThisError;

/// An image service in one folder: `glance.sqlite` for rows, `images/` for bytes,
/// `staging/` for those that are to be imported.
///
/// A new folder knows the image properties of Nova, Cinder and Glance as metadata definitions.
///
/// It needs a tokio runtime around it. What a crash left is removed when it is opened, and while
/// it is open. Several processes may open one folder.
#[derive(Debug)]
pub struct LocalGlance {
    glance: Glance,
    scrubber: AbortHandle,
}

impl LocalGlance {
    /// Opens the service in `folder`, which is made if it is not there.
    ///
    /// # Errors
    /// [`OpenLocalError`] names the folder or file, and what is wrong with it.
    pub async fn open(folder: impl AsRef<Path>) -> Result<Self, OpenLocalError> {
        Self::open_with(folder, Settings::default()).await
    }

    /// Opens the service in `folder` with limits, formats and hash of one's own.
    ///
    /// # Errors
    /// As [`open`](Self::open); a setting makes no sense.
    pub async fn open_with(
        folder: impl AsRef<Path>,
        settings: Settings,
    ) -> Result<Self, OpenLocalError> {
        let folder = folder.as_ref();
        std::fs::create_dir_all(folder).map_err(|source| OpenLocalError::Folder {
            folder: folder.to_owned(),
            source,
        })?;
        let database = folder.join("glance.sqlite");
        let first_start = FirstStart::of(&database)?;
        let catalog = SqliteCatalog::open(database, SqliteOptions::default()).await?;
        let store = FilesystemStore::open(FilesystemOptions {
            id: "file".parse()?,
            directories: vec![(folder.join("images"), 0)],
            file_perm: None,
        })?;
        let staging = FilesystemStore::open(FilesystemOptions {
            id: "os_glance_staging_store".parse()?,
            directories: vec![(folder.join("staging"), 0)],
            file_perm: None,
        })?;
        let has_name = take_name(folder);
        let catalog = Arc::new(catalog);
        let mut builder = GlanceBuilder::new(
            Arc::<SqliteCatalog>::clone(&catalog),
            Stores::from(Arc::new(store)).with_staging(Arc::new(staging)),
            glance_stores::tokio_runtime(),
        )
        .with_metadefs(catalog)
        .with_settings(settings);
        if has_name {
            builder = builder.with_node("local");
        }
        let glance = builder.build()?;
        if let Some(first_start) = first_start {
            load_definitions(&glance)
                .await
                .map_err(OpenLocalError::Definitions)?;
            first_start.done()?;
        }
        glance.scrub().await?;
        let scrubber = keep_scrubbing(&glance);
        Ok(Self { glance, scrubber })
    }
}

impl Deref for LocalGlance {
    type Target = Glance;

    fn deref(&self) -> &Glance {
        &self.glance
    }
}

impl Drop for LocalGlance {
    fn drop(&mut self) {
        self.scrubber.abort();
    }
}

async fn load_definitions(glance: &Glance) -> Result<(), Error> {
    glance.metadefs()?.load_defaults().await
}

/// Whether this process bears the name `local`: the first that opens a folder does, to its end.
/// Not only until the service is closed, for its clones may still be at work.
fn take_name(folder: &Path) -> bool {
    let Ok(lock) = File::create(folder.join("glance.lock")) else {
        return false;
    };
    let is_first = lock.try_lock().is_ok();
    if is_first {
        std::mem::forget(lock);
    }
    is_first
}

fn keep_scrubbing(glance: &Glance) -> AbortHandle {
    let glance = glance.clone();
    let (task, handle) = abortable(async move { glance.keep_scrubbing().await });
    glance_stores::tokio_runtime()
        .executor
        .spawn(task.map(|_| ()).boxed());
    handle
}

/// Why a local service could not be opened.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum OpenLocalError {
    /// A setting makes no sense.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The metadata definitions of a new service cannot be stored.
    #[error("the metadata definitions of a new service cannot be stored")]
    Definitions(#[source] Error),
    /// The folder cannot be made.
    #[error("cannot make the folder {}: {source}", folder.display())]
    Folder {
        /// Which one.
        folder: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The catalog or the store cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// What an earlier process left cannot be looked at.
    #[error("leftovers of an earlier process cannot be removed")]
    Scrub(#[from] Error),
    /// The name of the store is no name.
    #[error(transparent)]
    StoreName(#[from] InvalidTextId),
}
