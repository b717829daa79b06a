//! How one store is set up: the options of its group, whatever its kind.

use std::path::PathBuf;

use glance_core::domain::StoreId;
use glance_stores::{
    AllowList, AzureOptions, GcsCredentials, GcsOptions, HttpOptions, Network, ProxyAddress,
    S3BucketUrlFormat, S3Options, Secret,
};

use super::error::ConfigError;
use super::settings::Settings;
use super::stores::{DataFolder, Driver, FileConfig};

/// The group in which a store is set up.
pub(super) struct StoreGroup<'a> {
    pub(super) settings: &'a Settings,
    pub(super) group: String,
    /// Whether what it does not say is taken from `[backend_defaults]`.
    pub(super) defaults: bool,
    pub(super) id: StoreId,
}

impl StoreGroup<'_> {
    /// How a store of this kind is set up; `None` where the kind is not built.
    pub(super) fn driver(&self, kind: &str) -> Result<Option<Driver>, ConfigError> {
        Ok(Some(match kind {
            "azure" => self.azure()?,
            "file" => self.file()?,
            "gcs" => self.gcs()?,
            "http" => self.http()?,
            "s3" => self.s3()?,
            _ => return Ok(None),
        }))
    }

    /// The group that says what the option is.
    fn of(&self, option: &str) -> &str {
        let elsewhere = self.defaults
            && !self.settings.is_set(&self.group, option)
            && self.settings.is_set(DEFAULTS, option);
        if elsewhere { DEFAULTS } else { &self.group }
    }

    fn file(&self) -> Result<Driver, ConfigError> {
        Ok(Driver::File(FileConfig {
            folders: self.folders()?,
            permissions: self.permissions()?,
        }))
    }

    /// Glance wants `filesystem_store_datadir` emptied when several are given; only a second
    /// answer to the same question is refused here.
    fn folders(&self) -> Result<Vec<DataFolder>, ConfigError> {
        let (one, several) = ("filesystem_store_datadir", "filesystem_store_datadirs");
        let settings = self.settings;
        let (of_one, of_several) = (self.of(one), self.of(several));
        let folder = settings.text(of_one, one)?;
        let folders = settings.list(of_several, several)?;
        if folders.is_empty() {
            let path = folder.ok_or_else(|| settings.invalid(of_one, one, "", "a folder"))?;
            return Ok(vec![DataFolder {
                path: PathBuf::from(path),
                priority: 0,
            }]);
        }
        if folder.is_some() && settings.is_set(of_one, one) {
            return Err(ConfigError::Conflict {
                setting: settings.setting(of_several, several),
                other: "`filesystem_store_datadir`",
                remedy: "set one of the two",
            });
        }
        let mut data_folders: Vec<DataFolder> = Vec::new();
        for text in folders {
            let wrong = |allowed: &str| settings.invalid(of_several, several, &text, allowed);
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
    fn permissions(&self) -> Result<Option<u32>, ConfigError> {
        let option = "filesystem_store_file_perm";
        let group = self.of(option);
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

    fn s3(&self) -> Result<Driver, ConfigError> {
        let keys = [
            self.needed("s3_store_access_key")?,
            self.needed("s3_store_secret_key")?,
        ];
        let [access_key, secret_key] = keys.map(Secret::from);
        let url_format = self.text("s3_store_bucket_url_format")?;
        Ok(Driver::S3(S3Options {
            id: self.id.clone(),
            host: self.needed("s3_store_host")?,
            region: self.text("s3_store_region_name")?.unwrap_or_default(),
            access_key,
            secret_key,
            bucket: self.needed("s3_store_bucket")?,
            create_bucket_on_put: self.flag("s3_store_create_bucket_on_put")?,
            bucket_url_format: match url_format.as_deref() {
                Some("path") => S3BucketUrlFormat::Path,
                Some("virtual") => S3BucketUrlFormat::Virtual,
                _ => S3BucketUrlFormat::Auto,
            },
            large_object_size: self.megabytes("s3_store_large_object_size")?,
            large_object_chunk_size: self.megabytes("s3_store_large_object_chunk_size")?,
            thread_pools: self.count("s3_store_thread_pools")?,
            cacert: self.text("s3_store_cacert")?.map(PathBuf::from),
            checksums: self.flag("s3_store_enable_data_integrity_protection")?,
        }))
    }

    fn azure(&self) -> Result<Driver, ConfigError> {
        Ok(Driver::Azure(AzureOptions {
            id: self.id.clone(),
            account: self.needed("azure_store_account")?,
            access_key: Secret::from(self.needed("azure_store_access_key")?),
            container: self.needed("azure_store_container")?,
            create_container_on_put: self.flag("azure_store_create_container_on_put")?,
            endpoint: self.text("azure_store_endpoint")?,
            part_size: self.megabytes("azure_store_large_object_chunk_size")?,
            parts_at_once: self.count("azure_store_thread_pools")?,
        }))
    }

    fn gcs(&self) -> Result<Driver, ConfigError> {
        let file = self.needed("gcs_store_credentials_file")?;
        Ok(Driver::Gcs(GcsOptions {
            id: self.id.clone(),
            bucket: self.needed("gcs_store_bucket")?,
            credentials: GcsCredentials::ServiceAccountFile(file.into()),
            endpoint: self.text("gcs_store_endpoint")?,
            part_size: self.megabytes("gcs_store_large_object_chunk_size")?,
            parts_at_once: self.count("gcs_store_thread_pools")?,
        }))
    }

    fn http(&self) -> Result<Driver, ConfigError> {
        let proxies = "http_proxy_information";
        let proxies = self.settings.pairs(self.of(proxies), proxies)?;
        let proxies = proxies
            .into_iter()
            .map(|(scheme, address)| (scheme, ProxyAddress::new(address)));
        Ok(Driver::Http(HttpOptions {
            id: self.id.clone(),
            allowed: self.allowed()?,
            proxies: proxies.collect(),
            ca_certificates: self.text("https_ca_certificates_file")?.map(PathBuf::from),
            insecure: self.flag("https_insecure")?,
        }))
    }

    /// What the guard lets through beyond public hosts and the ports of the web.
    fn allowed(&self) -> Result<AllowList, ConfigError> {
        let (hosts, ports) = ("http_allowed_hosts", "http_allowed_ports");
        let mut allowed = AllowList::default();
        for host in self.settings.list(self.of(hosts), hosts)? {
            match host.parse::<Network>() {
                Ok(network) => allowed.networks.push(network),
                Err(_) => allowed.hosts.push(host),
            }
        }
        for port in self.settings.list(self.of(ports), ports)? {
            let group = self.of(ports);
            let number = port.parse();
            let number = number.map_err(|_| {
                self.settings
                    .invalid(group, ports, &port, "a list like `8080,8443`")
            });
            allowed.ports.push(number?);
        }
        Ok(allowed)
    }

    fn text(&self, option: &str) -> Result<Option<String>, ConfigError> {
        self.settings.text(self.of(option), option)
    }

    fn needed(&self, option: &str) -> Result<String, ConfigError> {
        self.text(option)?
            .ok_or_else(|| ConfigError::MissingOfStore {
                store: self.id.to_string(),
                group: self.group.clone(),
                option: option.to_owned(),
            })
    }

    fn flag(&self, option: &str) -> Result<bool, ConfigError> {
        self.settings.flag(self.of(option), option)
    }

    fn count(&self, option: &str) -> Result<usize, ConfigError> {
        let number = self.settings.number(self.of(option), option)?;
        Ok(usize::try_from(number).unwrap_or(usize::MAX))
    }

    fn megabytes(&self, option: &str) -> Result<u64, ConfigError> {
        let number = self.settings.number(self.of(option), option)?;
        Ok(number.saturating_mul(1 << 20))
    }
}

const DEFAULTS: &str = "backend_defaults";
