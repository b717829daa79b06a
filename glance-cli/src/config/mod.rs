//! Configuration: Glance's own `glance-api.conf`, read once into a typed [`Config`].
//!
//! ```text
//! source       which files; the environment; the command line      -> assignments
//! ini          one file's text                                     -> entries
//! options      every option there is, and what this version does about it
//! settings     which assignment counts, `$` references (interpolate), types (value)
//! audit        what must be refused or warned about
//! read         the honoured options; those of stores in stores, of
//!              Keystone in identity                                -> Config
//! ```
//!
//! An option that is not known is warned about; one that is known and cannot be honoured stops
//! the start. Nothing below `glance-cli` knows about files.

mod audit;
mod database;
mod edge;
mod error;
mod identity;
mod import;
mod import_plugins;
mod import_web;
mod ini;
mod interpolate;
mod keystone_group;
mod limits;
mod memcached;
mod options;
mod read;
mod settings;
mod signatures;
mod source;
mod store_group;
mod stores;
mod value;

#[cfg(test)]
mod store_tests;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use glance_core::domain::inspect::InspectionRules;
use glance_core::domain::policy::{PolicyOptions, ProtectionFormat};

pub(crate) use self::database::Database;
pub(crate) use self::edge::{CheckConfig, EdgeConfig};
pub(crate) use self::error::{ConfigError, Warning};
pub(crate) use self::identity::Identity;
pub(crate) use self::import::ImportConfig;
pub(crate) use self::import_plugins::PluginConfig;
pub(crate) use self::limits::LimitConfig;
pub(crate) use self::memcached::SharingConfig;
pub(crate) use self::signatures::{Certificates, SignatureConfig};
pub(crate) use self::source::Sources;
pub(crate) use self::stores::{Driver, StoreConfig, StoresConfig};

use self::read::Reader;
use self::settings::Settings;

/// Everything an operator can set, as far as this version honours it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Config {
    /// The files that were read, the strongest last. Empty for an embedded server.
    pub(crate) files: Vec<PathBuf>,
    pub(crate) identity: Identity,
    pub(crate) listen: ListenConfig,
    pub(crate) api: ApiConfig,
    pub(crate) quotas: QuotaConfig,
    pub(crate) limits: LimitConfig,
    pub(crate) formats: FormatConfig,
    pub(crate) catalog: CatalogConfig,
    pub(crate) stores: StoresConfig,
    pub(crate) import: ImportConfig,
    pub(crate) signatures: SignatureConfig,
    pub(crate) policy: PolicyConfig,
    pub(crate) protection: Option<ProtectionConfig>,
    pub(crate) deletes: DeleteConfig,
    pub(crate) log: LogConfig,
    /// Where a schema of custom properties may be, in the order in which they are looked at.
    pub(crate) image_schema_files: Vec<PathBuf>,
    pub(crate) edge: EdgeConfig,
    /// Where files of metadata definitions are loaded from and written to: `metadata_source_path`.
    pub(crate) metadefs_folder: PathBuf,
}

/// Where and how the server listens: `[glance_rs]`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct ListenConfig {
    pub(crate) address: SocketAddr,
    /// Whether it may listen beyond this machine with [`Identity::None`].
    pub(crate) allow_unauthenticated_remote: bool,
    /// How long requests may take to finish once the server is told to stop.
    pub(crate) drain_timeout: Duration,
    /// How long a client may take to send the headers of a request.
    pub(crate) header_timeout: Duration,
    /// How long a body may stand still.
    pub(crate) stall_timeout: Duration,
    pub(crate) max_connections: usize,
    /// Where figures are told to monitoring systems, if they are.
    pub(crate) metrics: Option<SocketAddr>,
}

/// How the API answers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct ApiConfig {
    /// What links start with, if not with what the client asked for.
    pub(crate) public_endpoint: Option<String>,
    /// The longest accepted `X-Openstack-Request-ID`.
    pub(crate) max_request_id_length: usize,
    /// How many items a page has that does not say.
    pub(crate) limit_param_default: u64,
    /// How many items a page has at most.
    pub(crate) api_limit_max: u64,
    pub(crate) show_image_direct_url: bool,
    pub(crate) show_multiple_locations: bool,
    /// Whether data that others wrote is read for its hash, and how often that is tried.
    pub(crate) do_secure_hash: bool,
    pub(crate) http_retries: u32,
    /// How long a task is told of after its end.
    pub(crate) task_time_to_live: Duration,
}

/// Limits; `None` is no limit.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct QuotaConfig {
    /// Bytes of one image.
    pub(crate) image_size_cap: u64,
    pub(crate) locations: Option<u64>,
    pub(crate) members: Option<u64>,
    pub(crate) properties: Option<u64>,
    pub(crate) tags: Option<u64>,
    pub(crate) images_per_project: Option<u64>,
    pub(crate) queued_per_project: Option<u64>,
    /// Whether data of unknown size may pass what a project may store, as in upstream.
    pub(crate) soft_storage: bool,
    /// How long images stay queued.
    pub(crate) queued_lifetime: Option<Duration>,
}

/// The formats an image may have.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct FormatConfig {
    pub(crate) container_formats: Vec<String>,
    pub(crate) disk_formats: Vec<String>,
    /// How strictly data is held against them.
    pub(crate) inspection: InspectionRules,
}

/// The catalog's database.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct CatalogConfig {
    pub(crate) database: Database,
    /// How often a server of a database is tried at start, beside the first time; without a number,
    /// for ever.
    pub(crate) retries: Option<u64>,
    /// How long to wait between tries.
    pub(crate) retry_interval: Duration,
    /// Whether a commit waits for the disk.
    pub(crate) synchronous: bool,
    /// Whether the server may add its own tables and indexes at start.
    pub(crate) additions: bool,
}

/// Where policy stands, and how it is enforced: `[oslo_policy]`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct PolicyConfig {
    /// Where the file may be: it is the first that is there.
    pub(crate) files: Vec<PathBuf>,
    /// The same for each folder, any file in which is policy, too.
    pub(crate) folders: Vec<Vec<PathBuf>>,
    /// The file as the configuration names it, if it does.
    pub(crate) chosen_file: Option<String>,
    pub(crate) options: PolicyOptions,
}

/// Where it stands who may touch which custom properties.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct ProtectionConfig {
    /// The file as the configuration names it.
    pub(crate) name: String,
    /// Where it may be: it is the first that is there.
    pub(crate) places: Vec<PathBuf>,
    pub(crate) format: ProtectionFormat,
}

/// When the data of deleted images goes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct DeleteConfig {
    /// Whether it stays until `glance scrub` removes it.
    pub(crate) delayed: bool,
    /// How long it stays then.
    pub(crate) delay: Duration,
    /// How many images are scrubbed at a time.
    pub(crate) at_once: usize,
    /// How long the scrubber pauses between two passes.
    pub(crate) pause: Duration,
}

/// Where the log goes, and how much of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct LogConfig {
    pub(crate) debug: bool,
    pub(crate) file: Option<PathBuf>,
    pub(crate) stderr: bool,
}

impl Config {
    /// Reads and checks everything, and collects what the operator should know.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, as one sentence that names its place.
    pub(crate) fn load(sources: &Sources) -> Result<(Self, Vec<Warning>), ConfigError> {
        let mut warnings = Vec::new();
        let files = sources.files()?;
        let settings = Settings::new(sources.assignments(&files)?, &mut warnings);
        audit::check(&settings, &mut warnings)?;
        let config = Reader {
            sources,
            files: &files,
            settings: &settings,
            warnings: &mut warnings,
        }
        .config()?;
        Ok((config, warnings))
    }

    /// What a server has that is given nothing at all: SQLite and images under `./glance-data`.
    ///
    /// # Errors
    ///
    /// None that a test has not found: the defaults are read like a file.
    #[cfg(test)]
    pub(crate) fn embedded() -> Result<Self, ConfigError> {
        Self::load(&Sources::default()).map(|(config, _)| config)
    }

    /// Without identity everybody is an administrator, which must not happen by mistake.
    fn refuse_exposure(&self) -> Result<(), ConfigError> {
        let address = self.listen.address;
        let is_open = match self.identity {
            Identity::None => !self.listen.allow_unauthenticated_remote,
            Identity::Headers | Identity::Keystone(_) => false,
        };
        if is_open && !address.ip().to_canonical().is_loopback() {
            return Err(ConfigError::Exposed { address });
        }
        Ok(())
    }
}
