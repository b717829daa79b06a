//! What the commands of an operator have in common: the configuration, and what goes wrong.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use glance_core::BuildError;
use glance_core::domain::metadef::InvalidNamespaceFile;
use glance_core::domain::{InvalidTextId, UnknownAlgorithm};
use glance_core::ports::BoxError;
use glance_http::keystone::KeystoneError;
use glance_http::{InvalidImageSchema, TlsError};
use glance_stores::{AuthoritiesError, OpenError};
use thiserror::Error;

use crate::args::ConfigArgs;
use crate::config::{ConfigError, Sources};
use crate::policy::{PolicyFileError, ProtectionFileError};

/// Why a command of an operator did not do what it should.
#[derive(Debug, Error)]
#[non_exhaustive]
pub(crate) enum OperatorError {
    /// A number makes no sense to the service.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// Nobody can listen there.
    #[error("cannot listen on {address}")]
    Bind {
        address: SocketAddr,
        source: io::Error,
    },
    /// The authorities of signatures cannot be used.
    #[error(transparent)]
    Authorities(#[from] AuthoritiesError),
    /// The configuration is refused.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The service itself failed.
    #[error(transparent)]
    Core(#[from] glance_core::Error),
    /// A file or folder is not usable.
    #[error("cannot {action} `{}`", path.display())]
    File {
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    /// The configuration names a hash that there is not.
    #[error(transparent)]
    Hash(#[from] UnknownAlgorithm),
    /// What is declared of custom properties cannot be.
    #[error("the schema of custom properties in `{}` cannot be used", path.display())]
    ImageSchema {
        path: PathBuf,
        source: InvalidImageSchema,
    },
    /// There is nothing there that could be worked on.
    #[error("the catalog is in memory only: set `[database] connection` to a file")]
    InMemory,
    /// A file holds no namespace of metadata definitions.
    #[error("`{}` holds no namespace", path.display())]
    MetadefFile {
        path: PathBuf,
        source: InvalidNamespaceFile,
    },
    /// The database was not made yet.
    #[error("there is no database `{}`: `glance db sync` makes it", path.display())]
    NoDatabase { path: PathBuf },
    /// The database holds nothing yet.
    #[error("the database `{database}` holds no schema yet: `glance db sync` makes it")]
    NoSchema { database: String },
    /// What is kept of a namespace is such that its file could not be loaded.
    #[error("namespace `{name}` is not written, for no file may say what it holds")]
    NoMetadefFile { name: String, source: BoxError },
    /// There is nothing to load.
    #[error("there is no *.json in `{}`", path.display())]
    NoMetadefFiles { path: PathBuf },
    /// None of the rules has the name.
    #[error("there is no rule `{name}`: `glance policy list` prints them all")]
    NoRule { name: String },
    /// None of the stores has the name.
    #[error("there is no store `{name}`: the configuration has {known}")]
    NoStore { name: String, known: String },
    /// Keystone cannot be asked like this.
    #[error("`[{group}]` cannot be used")]
    Keystone {
        group: &'static str,
        source: KeystoneError,
    },
    /// Other nodes cannot be asked for what is staged there.
    #[error("requests to other nodes cannot be set up as `[keystone_authtoken]` says")]
    Nodes(#[source] TlsError),
    /// The database or the store cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A delete is taken back only while nobody scrubs.
    #[error("a scrubber seems to be running: stop it, or remove `{}`", pid_file.display())]
    OtherScrubber { pid_file: PathBuf },
    /// The result cannot be printed.
    #[error("cannot write the result")]
    Output(#[source] io::Error),
    /// The policy is refused.
    #[error(transparent)]
    Policy(#[from] PolicyFileError),
    /// The file of property protections is refused.
    #[error(transparent)]
    Protection(#[from] ProtectionFileError),
    /// Threads, timers or signals cannot be had.
    #[error("cannot {action}")]
    System {
        action: &'static str,
        source: io::Error,
    },
    /// Where a store has no name that can be used.
    #[error(transparent)]
    StoreName(#[from] InvalidTextId),
}

/// Where the configuration is read from.
pub(super) fn sources(args: &ConfigArgs, is_debug: bool) -> Sources {
    let mut sources = Sources::of_this_process();
    for file in &args.config_file {
        sources = sources.with_file(file);
    }
    for folder in &args.config_dir {
        sources = sources.with_folder(folder);
    }
    if is_debug {
        sources = sources.with_override("--debug", "DEFAULT", "debug", "true");
    }
    sources
}
