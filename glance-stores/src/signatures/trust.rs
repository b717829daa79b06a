//! The authorities that are trusted, and who vouches for whom.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use glance_core::domain::Timestamp;
use glance_core::ports::BoxError;
use thiserror::Error;

use super::certificate::Parsed;

/// Certificates of authorities. What one of them vouches for is trusted, itself or through
/// certificates between that come with it.
#[derive(Debug, Clone)]
pub struct TrustedAuthorities(Vec<Parsed>);

impl TrustedAuthorities {
    /// Reads a file of PEM certificates, or all files of a folder. What is added there later counts
    /// from the next start on.
    ///
    /// # Errors
    /// One cannot be read, or there is none.
    pub fn read(path: &Path) -> Result<Self, AuthoritiesError> {
        let failed = |path: &Path, source: BoxError| AuthoritiesError::File {
            path: path.to_owned(),
            source,
        };
        let files = files(path).map_err(|error| failed(path, error.into()))?;
        let mut all = Vec::new();
        for file in files {
            let bytes = fs::read(&file).map_err(|error| failed(&file, error.into()))?;
            let parsed = Parsed::read_all(&bytes).map_err(|error| failed(&file, error.into()))?;
            all.extend(parsed);
        }
        if all.is_empty() {
            return Err(AuthoritiesError::None {
                path: path.to_owned(),
            });
        }
        Ok(Self(all))
    }

    /// Whether they vouch for the first of these certificates, with the help of the others.
    pub(super) fn vouch_for(&self, chain: &[Parsed], now: Timestamp) -> bool {
        let Some((mut current, helpers)) = chain.split_first() else {
            return false;
        };
        // No longer than what helps: each of them vouches once.
        for between in 0..=helpers.len() {
            let between = u8::try_from(between).unwrap_or(u8::MAX);
            let vouches =
                |other: &&Parsed| other.may_vouch(between, now) && current.is_issued_by(other);
            if self.0.contains(current) || self.0.iter().any(|root| vouches(&root)) {
                return true;
            }
            match helpers.iter().find(vouches) {
                Some(next) => current = next,
                None => return false,
            }
        }
        false
    }
}

/// The file itself, or the files of a folder in the order of their names.
fn files(path: &Path) -> io::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path)? {
        let path = entry?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Why the certificates of authorities cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AuthoritiesError {
    /// A file or folder cannot be read, or holds something else.
    #[error("cannot read certificates from `{}`", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// Why not.
        source: BoxError,
    },
    /// There is no certificate, so none would ever be trusted.
    #[error("`{}` holds no certificate", path.display())]
    None {
        /// Where.
        path: PathBuf,
    },
}
