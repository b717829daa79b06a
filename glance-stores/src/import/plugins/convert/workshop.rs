//! Folders for data while it is converted, none of which outlives its use by much.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::OpenError;

/// A process's own folder. While the process lives, it holds a lock in there; a folder whose lock
/// nobody holds was left behind.
#[derive(Debug)]
pub(super) struct Workshop {
    folder: TempDir,
    /// Let go of with the process, however that ends.
    _lock: File,
}

impl Workshop {
    pub(super) fn open(work: &Path) -> Result<Self, OpenError> {
        let failed = |error| OpenError::failed("use the folder", work, error);
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700);
        builder.create(work).map_err(failed)?;
        let work = work.canonicalize().map_err(failed)?;
        Self::clean_and_make(&work).map_err(failed)
    }

    fn clean_and_make(work: &Path) -> io::Result<Self> {
        // Else, a folder that another process makes just now would look left behind.
        let door = File::create(work.join(LOCK))?;
        door.lock()?;
        for entry in fs::read_dir(work)? {
            let entry = entry?;
            let is_ours = entry
                .file_name()
                .as_encoded_bytes()
                .starts_with(PREFIX.as_bytes());
            if is_ours && is_left_behind(&entry.path())? {
                fs::remove_dir_all(entry.path())?;
            }
        }
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(work)?;
        let lock = File::create_new(folder.path().join(LOCK))?;
        lock.lock()?;
        Ok(Self {
            folder,
            _lock: lock,
        })
    }

    /// A folder for one disk.
    pub(super) fn bench(&self) -> io::Result<Bench> {
        let folder = tempfile::tempdir_in(self.folder.path())?;
        let mut options = File::options();
        options.read(true).write(true).create_new(true);
        let output = options.open(folder.path().join(OUTPUT))?;
        Ok(Bench { folder, output })
    }
}

/// A folder for one disk, which goes with this.
#[derive(Debug)]
pub(super) struct Bench {
    folder: TempDir,
    output: File,
}

impl Bench {
    /// What is converted.
    pub(super) fn input(&self) -> PathBuf {
        self.folder.path().join("input")
    }

    /// What comes of it, empty at first.
    pub(super) fn output(&self) -> PathBuf {
        self.folder.path().join(OUTPUT)
    }

    /// The same file, whatever has its name by now.
    pub(super) fn output_file(&self) -> io::Result<File> {
        self.output.try_clone()
    }
}

fn is_left_behind(folder: &Path) -> io::Result<bool> {
    let lock = match File::open(folder.join(LOCK)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        lock => lock?,
    };
    match lock.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

const PREFIX: &str = "process-";
const LOCK: &str = "lock";
const OUTPUT: &str = "output";

#[cfg(test)]
mod tests {
    use super::*;

    fn folders(work: &Path) -> usize {
        let entries = fs::read_dir(work).unwrap();
        entries
            .filter(|it| it.as_ref().unwrap().path().is_dir())
            .count()
    }

    #[test]
    fn the_output_is_the_file_that_was_there_at_first() {
        let work = tempfile::tempdir().unwrap();
        let workshop = Workshop::open(work.path()).unwrap();
        let secret = work.path().join("secret");
        fs::write(&secret, "secret").unwrap();
        let bench = workshop.bench().unwrap();
        fs::write(bench.output(), "disk").unwrap();
        fs::remove_file(bench.output()).unwrap();
        std::os::unix::fs::symlink(secret, bench.output()).unwrap();

        let output = io::read_to_string(bench.output_file().unwrap()).unwrap();

        assert_eq!(output, "disk");
    }

    #[test]
    fn what_a_dead_process_left_is_removed_and_what_a_living_one_has_is_not() {
        let work = tempfile::tempdir().unwrap();
        let dead = work.path().join("process-dead");
        fs::create_dir_all(dead.join("deep")).unwrap();
        fs::write(dead.join("lock"), "").unwrap();
        let living = Workshop::open(work.path()).unwrap();
        let bench = living.bench().unwrap();
        fs::write(bench.input(), "data").unwrap();
        assert!(!dead.exists());

        let other = Workshop::open(work.path()).unwrap();

        assert!(bench.input().exists());
        drop((other, bench, living));
        assert_eq!(folders(work.path()), 0);
    }
}
