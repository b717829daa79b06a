//! From settings to the typed [`Config`]: the one place where each honoured option is read.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use url::Url;

use super::database::{Database, Refused};
use super::error::{ConfigError, Warning};
use super::settings::Settings;
use super::source::Sources;
use super::{
    ApiConfig, CatalogConfig, Config, DataFolder, FormatConfig, Identity, ListenConfig, LogConfig,
    PolicyConfig, QuotaConfig, StoreConfig,
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
        let config = Config {
            files: self.files.to_vec(),
            identity: self.identity()?,
            listen: self.listen()?,
            api: self.api()?,
            quotas: self.quotas()?,
            formats: self.formats()?,
            catalog: self.catalog()?,
            store: self.store()?,
            policy: self.policy()?,
            log: self.log()?,
            healthcheck_disable_file: self
                .settings
                .text("healthcheck", "disable_by_file_path")?
                .map(PathBuf::from),
        };
        config.refuse_exposure()?;
        Ok(config)
    }

    fn identity(&self) -> Result<Identity, ConfigError> {
        let (group, option) = ("paste_deploy", "flavor");
        let flavor = self.settings.text(group, option)?.unwrap_or_default();
        match flavor.as_str() {
            "" | "none" => Ok(Identity::None),
            "headers" => Ok(Identity::Headers),
            _ if flavor.contains("keystone") => Err(self.settings.unsupported(
                group,
                option,
                "identity from Keystone is not built in this version; use `headers` or none",
            )),
            _ if flavor.contains("cach") => Err(self.settings.unsupported(
                group,
                option,
                "images are not cached in this version; use `headers` or none",
            )),
            _ => Err(self
                .settings
                .invalid(group, option, &flavor, "`headers` or left out")),
        }
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
        })
    }

    fn api(&self) -> Result<ApiConfig, ConfigError> {
        let group = "DEFAULT";
        Ok(ApiConfig {
            public_endpoint: self.public_endpoint()?,
            max_request_id_length: self.size(group, "max_request_id_length")?,
            limit_param_default: self.settings.number(group, "limit_param_default")?,
            api_limit_max: self.settings.number(group, "api_limit_max")?,
            show_image_direct_url: self.settings.flag(group, "show_image_direct_url")?,
        })
    }

    fn public_endpoint(&self) -> Result<Option<String>, ConfigError> {
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
            members: self.settings.limit(group, "image_member_quota")?,
            properties: self.settings.limit(group, "image_property_quota")?,
            tags: self.settings.limit(group, "image_tag_quota")?,
            locations: self.settings.limit(group, "image_location_quota")?,
            images_per_project: self.settings.limit("glance_rs", "image_count_quota")?,
        })
    }

    fn formats(&self) -> Result<FormatConfig, ConfigError> {
        let group = "image_format";
        Ok(FormatConfig {
            container_formats: self.settings.list(group, "container_formats")?,
            disk_formats: self.settings.list(group, "disk_formats")?,
        })
    }

    fn catalog(&self) -> Result<CatalogConfig, ConfigError> {
        let group = "database";
        Ok(CatalogConfig {
            database: self.database()?,
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
        Database::parse(&connection).map_err(|refused| {
            let setting = self.settings.setting(group, option);
            match refused {
                Refused::Malformed(problem) => ConfigError::InvalidConnection { setting, problem },
                Refused::Scheme(scheme) => ConfigError::UnsupportedDatabase { setting, scheme },
            }
        })
    }

    fn store(&mut self) -> Result<StoreConfig, ConfigError> {
        self.check_stores()?;
        Ok(StoreConfig {
            hashing_algorithm: self
                .settings
                .text("DEFAULT", "hashing_algorithm")?
                .unwrap_or_default(),
            data_folders: self.data_folders()?,
            file_permissions: self.file_permissions()?,
            chunk_size: self.size("glance_store", "filesystem_store_chunk_size")?,
        })
    }

    /// Drivers go by a short name and by that of a Python class.
    fn check_stores(&mut self) -> Result<(), ConfigError> {
        let (group, option) = ("glance_store", "stores");
        let only_file = "only the `file` store is built in this version";
        let mut has_file = false;
        for store in self.settings.list(group, option)? {
            match store.as_str() {
                "file" | "glance.store.filesystem.Store" => has_file = true,
                "http" | "glance.store.http.Store" if self.settings.is_set(group, option) => {
                    self.warnings.push(Warning::Ignored {
                        group: group.to_owned(),
                        options: vec![(option.to_owned(), self.settings.origin(group, option))],
                        reason: "of these stores `http` is not built in this version",
                    });
                }
                "http" | "glance.store.http.Store" => {}
                _ => return Err(self.settings.unsupported(group, option, only_file)),
            }
        }
        if !has_file {
            return Err(self.settings.unsupported(group, option, only_file));
        }
        match self.settings.text(group, "default_store")?.as_deref() {
            None | Some("file" | "filesystem") => Ok(()),
            Some(_) => Err(self.settings.unsupported(group, "default_store", only_file)),
        }
    }

    /// Glance wants `filesystem_store_datadir` emptied when several are given; only a second
    /// answer to the same question is refused here.
    fn data_folders(&self) -> Result<Vec<DataFolder>, ConfigError> {
        let (group, one, several) = (
            "glance_store",
            "filesystem_store_datadir",
            "filesystem_store_datadirs",
        );
        let folder = self.settings.text(group, one)?;
        let folders = self.settings.list(group, several)?;
        if folders.is_empty() {
            let path = folder.ok_or_else(|| self.settings.invalid(group, one, "", "a folder"))?;
            return Ok(vec![DataFolder {
                path: PathBuf::from(path),
                priority: 0,
            }]);
        }
        if folder.is_some() && self.settings.is_set(group, one) {
            return Err(ConfigError::Conflict {
                setting: self.settings.setting(group, several),
                other: "`filesystem_store_datadir`",
                remedy: "set one of the two",
            });
        }
        let mut data_folders: Vec<DataFolder> = Vec::new();
        for text in folders {
            let wrong = |allowed: &str| self.settings.invalid(group, several, &text, allowed);
            let folder = DataFolder::parse(&text).ok_or_else(|| {
                wrong("a folder with an optional priority, like `/srv/images:10`")
            })?;
            match data_folders.iter().find(|known| known.path == folder.path) {
                None => data_folders.push(folder),
                Some(known) if *known == folder => {}
                Some(_) => return Err(wrong("given with one priority only")),
            }
        }
        Ok(data_folders)
    }

    /// The digits are octal, though they are read as any number.
    fn file_permissions(&self) -> Result<Option<u32>, ConfigError> {
        let (group, option) = ("glance_store", "filesystem_store_file_perm");
        let digits = self.settings.number(group, option)?;
        if digits == 0 {
            return Ok(None);
        }
        match u32::from_str_radix(&digits.to_string(), 8) {
            Ok(mode) if mode & 0o400 != 0 && mode <= 0o7777 => Ok(Some(mode)),
            _ => {
                let allowed = "0, or octal digits that let the owner read, like 640";
                let digits = digits.to_string();
                Err(self.settings.invalid(group, option, &digits, allowed))
            }
        }
    }

    fn policy(&self) -> Result<PolicyConfig, ConfigError> {
        let group = "oslo_policy";
        let folders = self.sources.search_folders(self.files);
        let candidates = |name: &str| -> Vec<PathBuf> {
            if Path::new(name).is_absolute() {
                return vec![PathBuf::from(name)];
            }
            folders.iter().map(|folder| folder.join(name)).collect()
        };
        let file = self.settings.text(group, "policy_file")?;
        let directories = self.settings.list(group, "policy_dirs")?;
        Ok(PolicyConfig {
            files: file.as_deref().map(candidates).unwrap_or_default(),
            folders: directories
                .iter()
                .filter(|name| !name.is_empty())
                .flat_map(|name| candidates(name))
                .collect(),
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
    fn size(&self, group: &str, option: &str) -> Result<usize, ConfigError> {
        let number = self.settings.number(group, option)?;
        Ok(usize::try_from(number).unwrap_or(usize::MAX))
    }
}
