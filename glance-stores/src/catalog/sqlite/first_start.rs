//! The first start of a service on a file, which may break off.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::OpenError;

/// What a service has to do once with a database of its own. A file beside the database says that it is
/// not done: whatever a first start left undone, the next one finds it there.
#[derive(Debug)]
#[must_use = "until it is done, each start is a first one"]
pub struct FirstStart {
    database: PathBuf,
    mark: PathBuf,
}

impl FirstStart {
    /// The first start with a database, if there is none yet, or an earlier one broke off. To be asked
    /// for before the database is made.
    ///
    /// # Errors
    /// [`OpenError`] where nothing can be put beside the database.
    pub fn of(database: impl AsRef<Path>) -> Result<Option<Self>, OpenError> {
        let database = database.as_ref().to_owned();
        let mut mark = database.clone().into_os_string();
        mark.push(".new");
        let first = Self {
            mark: mark.into(),
            database,
        };
        if first.mark.exists() {
            return Ok(Some(first));
        }
        if first.database.exists() {
            return Ok(None);
        }
        match first.set_mark() {
            Ok(()) => Ok(Some(first)),
            Err(error) => Err(OpenError::failed(
                "create the database",
                &first.database,
                error,
            )),
        }
    }

    /// Notes that all is done.
    ///
    /// # Errors
    /// [`OpenError`] where that cannot be noted.
    pub fn done(self) -> Result<(), OpenError> {
        match fs::remove_file(&self.mark) {
            // Another process had its first start at the same time.
            Err(error) if error.kind() != ErrorKind::NotFound => Err(OpenError::failed(
                "write beside the database",
                &self.database,
                error,
            )),
            _ => Ok(()),
        }
    }

    /// On the disk before the database is.
    fn set_mark(&self) -> io::Result<()> {
        File::create(&self.mark)?.sync_all()?;
        let folder = self.mark.parent().filter(|folder| *folder != Path::new(""));
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }
}

impl Drop for FirstStart {
    /// What made no database leaves nothing.
    fn drop(&mut self) {
        if !self.database.exists() {
            let _ = fs::remove_file(&self.mark);
        }
    }
}
