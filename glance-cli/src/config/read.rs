//! From settings to the typed [`Config`]: the one place where each honoured option is read.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use glance_core::domain::inspect::InspectionRules;
use glance_core::domain::policy::{PolicyOptions, ProtectionFormat};
use glance_stores::PoolOptions;
use url::Url;

use super::database::{Database, Refused};
use super::error::{ConfigError, Warning};
use super::settings::Settings;
use super::source::Sources;
use super::{
    ApiConfig, CatalogConfig, Config, DeleteConfig, FormatConfig, ListenConfig, LogConfig,
    PolicyConfig, ProtectionConfig, QuotaConfig,
};

/// Everything a [`Config`] is read from, and what there is to say about it.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    pub(super) sources: &'a Sources,
    pub(super) files: &'a [PathBuf],
    pub(super) settings: &'a Settings,
    pub(super) warnings: &'a mut Vec<Warning>,
}

impl Reader<'_> {
    pub(super) fn config(mut self) -> Result<Config, ConfigError> {
        let listen = self.listen()?;
        let port = listen.address.port();
        let stores = self.stores()?;
        let identity = self.identity()?;
        let config = Config {
            files: self.files.to_vec(),
            signatures: self.signatures(&identity)?,
            identity,
            listen,
            api: self.api()?,
            quotas: self.quotas()?,
            limits: self.limits()?,
            formats: self.formats()?,
            catalog: self.catalog()?,
            import: self.import(stores.named)?,
            stores,
            policy: self.policy()?,
            protection: self.protection()?,
            deletes: self.deletes()?,
            log: self.log()?,
            image_schema_files: self
                .sources
                .search_folders(self.files)
                .into_iter()
                .map(|folder| folder.join("schema-image.json"))
                .collect(),
            edge: self.edge(port)?,
            metadefs_folder: self
                .settings
                .text("DEFAULT", "metadata_source_path")?
                .unwrap_or_default()
                .into(),
        };
        config.refuse_exposure()?;
        Ok(config)
    }

    fn listen(&self) -> Result<ListenConfig, ConfigError> {
        let group = "glance_rs";
        let host = self.settings.text(group, "bind_host")?.unwrap_or_default();
        let address = match host.trim_start_matches('[').trim_end_matches(']') {
            "localhost" => Ok(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            address => address.parse(),
        };
        let address = address.map_err(|_| {
            let allowed = "an IP address like 127.0.0.1, 0.0.0.0 or ::1";
            self.settings.invalid(group, "bind_host", &host, allowed)
        })?;
        let port = self.settings.number(group, "bind_port")?;
        // The table keeps it under 65536.
        let port = u16::try_from(port).unwrap_or_default();
        Ok(ListenConfig {
            address: SocketAddr::new(address, port),
            allow_unauthenticated_remote: self
                .settings
                .flag(group, "allow_unauthenticated_remote")?,
            drain_timeout: self.settings.seconds(group, "drain_timeout")?,
            header_timeout: self.settings.seconds(group, "header_timeout")?,
            stall_timeout: self.settings.seconds(group, "stall_timeout")?,
            max_connections: self.size(group, "max_connections")?,
            metrics: self.metrics()?,
        })
    }

    fn metrics(&self) -> Result<Option<SocketAddr>, ConfigError> {
        let (group, option) = ("glance_rs", "metrics_bind");
        let Some(address) = self.settings.text(group, option)? else {
            return Ok(None);
        };
        let parsed = address.parse().map_err(|_| {
            let allowed = "an IP address and a port like 127.0.0.1:9293 or [::1]:9293";
            self.settings.invalid(group, option, &address, allowed)
        })?;
        Ok(Some(parsed))
    }

    fn api(&self) -> Result<ApiConfig, ConfigError> {
        let group = "DEFAULT";
        Ok(ApiConfig {
            public_endpoint: self.public_endpoint()?,
            max_request_id_length: self.size(group, "max_request_id_length")?,
            limit_param_default: self.settings.number(group, "limit_param_default")?,
            api_limit_max: self.settings.number(group, "api_limit_max")?,
            show_image_direct_url: self.settings.flag(group, "show_image_direct_url")?,
            show_multiple_locations: self.settings.flag(group, "show_multiple_locations")?,
            do_secure_hash: self.settings.flag(group, "do_secure_hash")?,
            http_retries: self
                .settings
                .limit(group, "http_retries")?
                .map_or(0, |retries| u32::try_from(retries).unwrap_or(u32::MAX)),
            // In hours; upstream takes fewer than none for none.
            task_time_to_live: Duration::from_secs(
                self.settings
                    .limit("task", "task_time_to_live")?
                    .map_or(0, |hours| hours.saturating_mul(3600)),
            ),
        })
    }

    pub(super) fn public_endpoint(&self) -> Result<Option<String>, ConfigError> {
        let (group, option) = ("DEFAULT", "public_endpoint");
        let Some(endpoint) = self.settings.text(group, option)? else {
            return Ok(None);
        };
        let is_web =
            Url::parse(&endpoint).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        if !is_web {
            let allowed = "an http or https URL";
            return Err(self.settings.invalid(group, option, &endpoint, allowed));
        }
        Ok(Some(endpoint))
    }

    fn quotas(&self) -> Result<QuotaConfig, ConfigError> {
        let group = "DEFAULT";
        Ok(QuotaConfig {
            image_size_cap: self.settings.number(group, "image_size_cap")?,
            locations: self.settings.limit(group, "image_location_quota")?,
            members: self.settings.limit(group, "image_member_quota")?,
            properties: self.settings.limit(group, "image_property_quota")?,
            tags: self.settings.limit(group, "image_tag_quota")?,
            images_per_project: self.settings.limit("glance_rs", "image_count_quota")?,
            queued_per_project: self.settings.limit("glance_rs", "queued_image_quota")?,
            soft_storage: self.settings.flag("glance_rs", "soft_storage_limits")?,
            queued_lifetime: Some(
                self.settings
                    .seconds("glance_rs", "queued_image_lifetime")?,
            )
            .filter(|lifetime| !lifetime.is_zero()),
        })
    }

    fn formats(&self) -> Result<FormatConfig, ConfigError> {
        let group = "image_format";
        Ok(FormatConfig {
            container_formats: self.settings.list(group, "container_formats")?,
            disk_formats: self.settings.list(group, "disk_formats")?,
            inspection: InspectionRules {
                require_match: self.settings.flag(group, "require_image_format_match")?,
                gpt_nonfatal: self.settings.list(group, "gpt_safety_checks_nonfatal")?,
            },
        })
    }

    fn catalog(&self) -> Result<CatalogConfig, ConfigError> {
        let group = "database";
        Ok(CatalogConfig {
            database: self.database()?,
            retries: self.settings.limit(group, "max_retries")?,
            retry_interval: self.settings.seconds(group, "retry_interval")?,
            synchronous: self.settings.flag(group, "sqlite_synchronous")?,
            additions: self.settings.flag(group, "glance_rs_additions")?,
        })
    }

    fn database(&self) -> Result<Database, ConfigError> {
        let (group, option) = ("database", "connection");
        let Some(connection) = self.settings.text(group, option)? else {
            let place = self.sources.last_place().unwrap_or_default();
            return Err(ConfigError::MissingConnection { place });
        };
        let mut database = Database::parse(&connection).map_err(|refused| {
            let setting = self.settings.setting(group, option);
            match refused {
                Refused::Malformed(problem) => ConfigError::InvalidConnection { setting, problem },
                Refused::Parameter(name) => ConfigError::InvalidParameter { setting, name },
                Refused::Scheme(scheme) => ConfigError::UnsupportedDatabase { setting, scheme },
            }
        })?;
        if let Some(server) = database.server_mut() {
            server.pool = self.pool()?;
            server.additions = self.settings.flag(group, "glance_rs_additions")?;
        }
        Ok(database)
    }

    /// In SQLAlchemy's words, in which 0 and negative numbers are no limit.
    fn pool(&self) -> Result<PoolOptions, ConfigError> {
        let group = "database";
        let size = |number: Option<u64>| {
            let number = number.unwrap_or(NO_LIMIT).min(NO_LIMIT);
            usize::try_from(number).unwrap_or_default()
        };
        let kept = self.settings.limit(group, "max_pool_size")?;
        let recycle = self.settings.limit(group, "connection_recycle_time")?;
        Ok(PoolOptions {
            size: size(kept.filter(|kept| *kept > 0)),
            overflow: size(self.settings.limit(group, "max_overflow")?),
            timeout: self.settings.seconds(group, "pool_timeout")?,
            recycle: recycle.map(Duration::from_secs),
            statement_timeout: self
                .settings
                .seconds(group, "glance_rs_statement_timeout")?,
        })
    }

    fn policy(&self) -> Result<PolicyConfig, ConfigError> {
        let group = "oslo_policy";
        let file = self.settings.text(group, "policy_file")?;
        let directories = self.settings.list(group, "policy_dirs")?;
        Ok(PolicyConfig {
            files: file
                .as_deref()
                .map(|name| self.places(name))
                .unwrap_or_default(),
            folders: directories
                .iter()
                .filter(|name| !name.is_empty())
                .map(|name| self.places(name))
                .collect(),
            chosen_file: file.filter(|_| self.settings.is_set(group, "policy_file")),
            options: PolicyOptions {
                new_defaults: self.settings.flag(group, "enforce_new_defaults")?,
                scope: self.settings.flag(group, "enforce_scope")?,
            },
        })
    }

    fn protection(&self) -> Result<Option<ProtectionConfig>, ConfigError> {
        let group = "DEFAULT";
        let format = self
            .settings
            .text(group, "property_protection_rule_format")?;
        let file = self.settings.text(group, "property_protection_file")?;
        let format = match format.as_deref() {
            Some("policies") => ProtectionFormat::Policies,
            _ => ProtectionFormat::Roles,
        };
        Ok(file.map(|name| ProtectionConfig {
            places: self.places(&name),
            name,
            format,
        }))
    }

    /// Where a file that a configuration names may be.
    fn places(&self, name: &str) -> Vec<PathBuf> {
        if Path::new(name).is_absolute() {
            return vec![PathBuf::from(name)];
        }
        let folders = self.sources.search_folders(self.files);
        folders.iter().map(|folder| folder.join(name)).collect()
    }

    fn deletes(&self) -> Result<DeleteConfig, ConfigError> {
        let group = "DEFAULT";
        Ok(DeleteConfig {
            delayed: self.settings.flag(group, "delayed_delete")?,
            delay: self.settings.seconds(group, "scrub_time")?,
            at_once: self.size(group, "scrub_pool_size")?,
            pause: self.settings.seconds(group, "wakeup_time")?,
        })
    }

    /// As in oslo.log a folder alone gets a file with the program's name, and standard error is
    /// used when there is nothing else.
    fn log(&self) -> Result<LogConfig, ConfigError> {
        let group = "DEFAULT";
        let folder = self.settings.text(group, "log_dir")?.map(PathBuf::from);
        let file = self.settings.text(group, "log_file")?.map(PathBuf::from);
        let file = match (folder, file) {
            (Some(folder), file) => {
                Some(folder.join(file.unwrap_or_else(|| "glance-api.log".into())))
            }
            (None, file) => file,
        };
        Ok(LogConfig {
            debug: self.settings.flag(group, "debug")?,
            stderr: file.is_none() || self.settings.flag(group, "use_stderr")?,
            file,
        })
    }

    /// A number that counts things in memory; what does not fit is as good as no limit.
    pub(super) fn size(&self, group: &str, option: &str) -> Result<usize, ConfigError> {
        let number = self.settings.number(group, option)?;
        Ok(usize::try_from(number).unwrap_or(usize::MAX))
    }
}

/// More connections than any server takes.
const NO_LIMIT: u64 = 10_000;
