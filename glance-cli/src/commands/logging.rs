//! The log: on standard error, in a file, or both.

use std::fs::{self, File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, fmt, reload};

use super::operator::OperatorError;
use crate::config::LogConfig;

/// The log of this process.
#[derive(Debug)]
pub(super) struct Logging {
    level: reload::Handle<Targets, Registry>,
    file: Option<LogFile>,
}

impl Logging {
    /// Starts to log. A log file is made with its first line, so that a start that fails makes
    /// none.
    ///
    /// # Errors
    ///
    /// The log file cannot be written, as far as that can be told without making it.
    pub(super) fn start(config: &LogConfig) -> Result<Self, OperatorError> {
        let file = config.file.clone().map(LogFile::new);
        if let Some(file) = &file {
            file.check()?;
        }
        let (level, handle) = reload::Layer::new(targets(config));
        let on_stderr = config.stderr.then(|| {
            fmt::layer()
                .with_writer(io::stderr)
                .with_ansi(io::stderr().is_terminal())
                .boxed()
        });
        let in_file = file
            .clone()
            .map(|file| fmt::layer().with_writer(file).with_ansi(false).boxed());
        let layers = on_stderr.into_iter().chain(in_file).collect::<Vec<_>>();
        // Only a second start of the log in one process fails, and there is none.
        let _ = tracing_subscriber::registry()
            .with(layers.with_filter(level))
            .try_init();
        Ok(Self {
            level: handle,
            file,
        })
    }

    /// Takes over the level, and opens the log file anew: somebody may have moved it away.
    pub(super) fn renew(&self, config: &LogConfig) {
        // Fails only when the log is gone, with the process.
        let _ = self.level.reload(targets(config));
        if let Some(file) = &self.file {
            file.close();
        }
    }
}

/// What is logged. The crates below are talkative.
fn targets(config: &LogConfig) -> Targets {
    let ours = if config.debug {
        LevelFilter::DEBUG
    } else {
        LevelFilter::INFO
    };
    Targets::new()
        .with_default(LevelFilter::WARN)
        .with_target("glance", ours)
}

/// A log file that is opened when there is something to write.
#[derive(Debug, Clone)]
struct LogFile {
    path: PathBuf,
    file: Arc<Mutex<Option<File>>>,
}

impl LogFile {
    fn new(path: PathBuf) -> Self {
        Self {
            path,
            file: Arc::default(),
        }
    }

    /// Whether it can be written, without making it.
    fn check(&self) -> Result<(), OperatorError> {
        let checked = match fs::metadata(&self.path) {
            Ok(_) => OpenOptions::new().append(true).open(&self.path).map(drop),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let folder = self
                    .path
                    .parent()
                    .filter(|path| !path.as_os_str().is_empty());
                check_folder(folder.unwrap_or(Path::new(".")))
            }
            Err(error) => Err(error),
        };
        checked.map_err(|source| OperatorError::File {
            action: "write the log file",
            path: self.path.clone(),
            source,
        })
    }

    fn close(&self) {
        *self.file.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

fn check_folder(folder: &Path) -> io::Result<()> {
    if !fs::metadata(folder)?.is_dir() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    Ok(rustix::fs::access(folder, rustix::fs::Access::WRITE_OK)?)
}

impl Write for &LogFile {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if file.is_none() {
            let opened = OpenOptions::new()
                .append(true)
                .create(true)
                .open(&self.path)?;
            *file = Some(opened);
        }
        match file.as_mut() {
            Some(file) => file.write_all(line).map(|()| line.len()),
            None => Ok(line.len()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for LogFile {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use super::LogFile;

    #[test]
    fn a_log_file_is_made_with_its_first_line_and_again_after_it_was_moved() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("glance.log");
        let log = LogFile::new(path.clone());

        log.check().unwrap();
        assert!(!path.exists());

        (&log).write_all(b"one\n").unwrap();
        fs::rename(&path, folder.path().join("old")).unwrap();
        log.close();
        (&log).write_all(b"two\n").unwrap();

        assert_eq!(fs::read_to_string(&path).unwrap(), "two\n");
    }

    #[test]
    fn a_log_file_in_no_folder_is_refused() {
        assert!(LogFile::new("/absent/glance.log".into()).check().is_err());
        assert!(LogFile::new("/dev/null/glance.log".into()).check().is_err());
    }
}
