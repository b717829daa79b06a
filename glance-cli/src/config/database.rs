//! `[database] connection`: an SQLAlchemy URL, of which SQLite's forms are understood.

use std::path::PathBuf;

/// Where the catalog is kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Database {
    /// A file; a relative one is relative to the folder the server is started in.
    Sqlite(PathBuf),
    /// `sqlite://`: gone when the server ends.
    SqliteInMemory,
}

/// Why a connection is refused. Nothing of it but the scheme may be shown.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Refused {
    /// What is wrong, as the end of a sentence.
    Malformed(&'static str),
    /// A database that is not built.
    Scheme(String),
}

impl Database {
    /// Reads the URL.
    ///
    /// # Errors
    ///
    /// [`Refused`] for what is no URL, no SQLite, or more than a path.
    pub(super) fn parse(url: &str) -> Result<Self, Refused> {
        let is_scheme = |scheme: &str| {
            scheme.starts_with(|first: char| first.is_ascii_alphabetic())
                && scheme
                    .chars()
                    .all(|each| each.is_ascii_alphanumeric() || "+-._".contains(each))
        };
        let (scheme, rest) = url
            .split_once("://")
            .filter(|(scheme, _)| is_scheme(scheme))
            .ok_or(Refused::Malformed(
                "is not a URL: it must look like `sqlite:////absolute/path`",
            ))?;
        // What follows the `+` is a Python driver.
        if scheme.split('+').next() != Some("sqlite") {
            return Err(Refused::Scheme(scheme.to_owned()));
        }
        if rest.contains('?') {
            return Err(Refused::Malformed(
                "has parameters after its `?`, which this version does not take",
            ));
        }
        match rest.strip_prefix('/') {
            Some("" | ":memory:") => Ok(Self::SqliteInMemory),
            Some(path) => Ok(Self::Sqlite(PathBuf::from(path))),
            None if rest.is_empty() => Ok(Self::SqliteInMemory),
            None => Err(Refused::Malformed(
                "names a host, which SQLite has none of: use `sqlite:///relative/path` or \
                 `sqlite:////absolute/path`",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Database, Refused};

    #[test]
    fn three_slashes_are_a_relative_path_and_four_an_absolute_one() {
        assert_eq!(
            Database::parse("sqlite:///data/glance.sqlite"),
            Ok(Database::Sqlite("data/glance.sqlite".into()))
        );
        assert_eq!(
            Database::parse("sqlite+pysqlite:////var/lib/glance.sqlite"),
            Ok(Database::Sqlite("/var/lib/glance.sqlite".into()))
        );
    }

    #[test]
    fn no_path_is_a_database_in_memory() {
        for url in ["sqlite://", "sqlite:///", "sqlite:///:memory:"] {
            assert_eq!(Database::parse(url), Ok(Database::SqliteInMemory), "{url}");
        }
    }

    #[test]
    fn another_database_is_refused_by_its_scheme_alone() {
        assert_eq!(
            Database::parse("mysql+pymysql://glance:secret@db/glance"),
            Err(Refused::Scheme("mysql+pymysql".to_owned()))
        );
    }

    #[test]
    fn what_is_no_sqlite_url_is_refused() {
        for url in [
            "secret",
            "",
            "my secret://x",
            "sqlite://host/path",
            "sqlite:///a?mode=ro",
        ] {
            assert!(
                matches!(Database::parse(url), Err(Refused::Malformed(_))),
                "{url}"
            );
        }
    }
}
