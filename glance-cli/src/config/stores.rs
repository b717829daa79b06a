//! From settings to stores: one without a name in `[glance_store]`, or those of
//! `enabled_backends`, each in a group of its own.

use std::fmt;
use std::path::PathBuf;

use glance_core::domain::StoreId;
use glance_stores::{AzureOptions, GcsOptions, HttpOptions, S3Options};

use super::error::{ConfigError, Warning};
use super::options::canonical_group;
use super::read::Reader;
use super::settings::Settings;
use super::store_group::StoreGroup;

/// Where image data is kept, and how it is hashed on its way there.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StoresConfig {
    /// One of md5, sha1, sha224, sha256, sha384, sha512.
    pub(crate) hashing_algorithm: String,
    /// At least one.
    pub(crate) all: Vec<StoreConfig>,
    /// The id of the one where data goes that is for no store in particular.
    pub(crate) default: StoreId,
    /// Whether clients choose from them by name: `enabled_backends`.
    pub(crate) named: bool,
}

/// One store.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StoreConfig {
    pub(crate) id: StoreId,
    pub(crate) description: Option<String>,
    pub(crate) weight: i64,
    pub(crate) driver: Driver,
}

/// What a store is, and how it is set up.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Driver {
    Azure(AzureOptions),
    File(FileConfig),
    Gcs(GcsOptions),
    Http(HttpOptions),
    /// Two or more, none of which is one of these.
    Mirrored(Vec<StoreConfig>),
    S3(S3Options),
}

/// The `file` store.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct FileConfig {
    /// At least one.
    pub(crate) folders: Vec<DataFolder>,
    /// The mode of image files, or that of the process.
    pub(crate) permissions: Option<u32>,
}

/// A folder for image data. Those with the highest priority are filled first.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct DataFolder {
    pub(crate) path: PathBuf,
    pub(crate) priority: i64,
}

impl StoresConfig {
    /// The folders of all `file` stores.
    pub(crate) fn folders(&self) -> impl Iterator<Item = &DataFolder> {
        let parts = self.all.iter().flat_map(StoreConfig::parts);
        parts.flat_map(|store| match &store.driver {
            Driver::File(file) => file.folders.as_slice(),
            _ => &[],
        })
    }
}

impl StoreConfig {
    /// The stores that it is made of: mostly itself.
    fn parts(&self) -> &[Self] {
        match &self.driver {
            Driver::Mirrored(stores) => stores,
            _ => std::slice::from_ref(self),
        }
    }
}

impl Driver {
    /// Its name in `enabled_backends`.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Azure(_) => "azure",
            Self::File(_) => "file",
            Self::Gcs(_) => "gcs",
            Self::Http(_) => "http",
            Self::Mirrored(_) => "mirrored",
            Self::S3(_) => "s3",
        }
    }
}

/// Where the data goes, for people.
impl fmt::Display for Driver {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Azure(azure) => write!(formatter, "{}/{}", azure.account, azure.container),
            Self::Gcs(gcs) => formatter.write_str(&gcs.bucket),
            Self::Http(_) => formatter.write_str("any web server"),
            Self::Mirrored(stores) => {
                let stores = stores.iter().map(|store| store.driver.to_string());
                formatter.write_str(&stores.collect::<Vec<_>>().join(", "))
            }
            Self::S3(s3) => write!(formatter, "{}/{}", s3.host, s3.bucket),
            Self::File(file) => {
                let folders = file.folders.iter();
                let folders: Vec<_> = folders
                    .map(|folder| folder.path.display().to_string())
                    .collect();
                formatter.write_str(&folders.join(", "))
            }
        }
    }
}

impl DataFolder {
    /// `path[:priority]`, as Glance writes it; without a priority it is 0.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (path, priority) = match text.rsplit_once(':') {
            Some((path, priority)) => (path.trim(), priority.trim()),
            None => (text.trim(), ""),
        };
        let priority = match priority {
            "" => 0,
            digits => digits.parse().ok()?,
        };
        (!path.is_empty()).then(|| Self {
            path: PathBuf::from(path),
            priority,
        })
    }
}

impl Reader<'_> {
    pub(super) fn stores(&mut self) -> Result<StoresConfig, ConfigError> {
        let hashing_algorithm = self.settings.text("DEFAULT", "hashing_algorithm")?;
        let several = self.settings.pairs("DEFAULT", "enabled_backends")?;
        let (all, default) = match several.is_empty() {
            true => self.unnamed_stores()?,
            false => self.named_stores(&several)?,
        };
        Ok(StoresConfig {
            hashing_algorithm: hashing_algorithm.unwrap_or_default(),
            all,
            default,
            named: !several.is_empty(),
        })
    }

    fn named_stores(
        &mut self,
        several: &[(String, String)],
    ) -> Result<(Vec<StoreConfig>, StoreId), ConfigError> {
        let settings = self.settings;
        let (group, option) = ("DEFAULT", "enabled_backends");
        let mut all: Vec<StoreConfig> = Vec::new();
        for (id, kind) in several {
            if id.starts_with(RESERVED) {
                let allowed = format!("stores whose names do not start with `{RESERVED}`");
                return Err(settings.invalid(group, option, id, allowed));
            }
            let place = own_group(settings, group, option, id)?;
            let driver = match kind.as_str() {
                "mirrored" => Driver::Mirrored(mirrors(&place)?),
                _ => driver(&place, group, option, kind)?,
            };
            all.push(StoreConfig {
                id: place.id.clone(),
                description: settings.text(&place.group, "store_description")?,
                weight: settings.whole_number(&place.group, "weight")?,
                driver,
            });
        }
        self.warn_of_unnamed();
        let default = self.default_backend(&all)?;
        Ok((all, default))
    }

    fn default_backend(&self, all: &[StoreConfig]) -> Result<StoreId, ConfigError> {
        let (group, option) = ("glance_store", "default_backend");
        let names: Vec<&str> = all.iter().map(|store| store.id.as_str()).collect();
        let allowed = format!(
            "one of the stores of `enabled_backends`: {}",
            names.join(", ")
        );
        let Some(default) = self.settings.text(group, option)? else {
            return Err(ConfigError::MissingDefaultStore { names: allowed });
        };
        let known = all.iter().find(|store| store.id.as_str() == default);
        known
            .map(|store| store.id.clone())
            .ok_or_else(|| self.settings.invalid(group, option, &default, allowed))
    }

    /// With `enabled_backends`, what `[glance_store]` says of its one store counts for nothing.
    fn warn_of_unnamed(&mut self) {
        let group = "glance_store";
        let options: Vec<_> = self
            .settings
            .places()
            .filter(|(at, name)| *at == group && *name != "default_backend")
            .filter(|(_, name)| self.settings.is_set(group, name))
            .map(|(_, name)| (name.to_owned(), self.settings.origin(group, name)))
            .collect();
        if !options.is_empty() {
            self.warnings.push(Warning::Ignored {
                group: group.to_owned(),
                options,
                reason: "the stores of `enabled_backends` are set up in groups of their own names",
            });
        }
    }

    /// Drivers go by a short name and by that of a Python class.
    fn unnamed_stores(&mut self) -> Result<(Vec<StoreConfig>, StoreId), ConfigError> {
        let (group, option) = ("glance_store", "stores");
        let settings = self.settings;
        let mut all: Vec<StoreConfig> = Vec::new();
        for store in settings.list(group, option)? {
            let kind = match store.strip_prefix("glance.store.") {
                Some(class) => class.trim_end_matches(".Store"),
                None => &store,
            };
            let kind = kind_of_scheme(kind);
            let id = kind.parse().ok();
            let id = id.ok_or_else(|| settings.unsupported(group, option, NOT_BUILT))?;
            let place = StoreGroup {
                settings,
                group: group.to_owned(),
                defaults: false,
                id,
            };
            let driver = place.driver(kind)?;
            all.push(StoreConfig {
                id: place.id,
                description: None,
                weight: 0,
                driver: driver.ok_or_else(|| settings.unsupported(group, option, NOT_BUILT))?,
            });
        }
        let option = "default_store";
        let default = settings.text(group, option)?.unwrap_or_default();
        let known = all
            .iter()
            .find(|store| store.id.as_str() == kind_of_scheme(&default));
        let Some(known) = known else {
            let kinds: Vec<&str> = all.iter().map(|store| store.id.as_str()).collect();
            let allowed = format!("one of `[glance_store] stores`: {}", kinds.join(", "));
            return Err(settings.invalid(group, option, &default, allowed));
        };
        let default = known.id.clone();
        Ok((all, default))
    }
}

/// The group of a store that an option names.
fn own_group<'a>(
    settings: &'a Settings,
    group: &str,
    option: &str,
    id: &str,
) -> Result<StoreGroup<'a>, ConfigError> {
    Ok(StoreGroup {
        settings,
        group: canonical_group(id),
        defaults: true,
        id: id.parse().map_err(|_| {
            let allowed = "stores whose names have 1 to 255 characters";
            settings.invalid(group, option, id, allowed)
        })?,
    })
}

/// How a store of the kind that an option says is set up.
fn driver(
    place: &StoreGroup<'_>,
    group: &str,
    option: &str,
    kind: &str,
) -> Result<Driver, ConfigError> {
    let settings = place.settings;
    place.driver(kind)?.ok_or_else(|| match kind {
        "swift" | "rbd" | "cinder" | "vmware" => settings.unsupported(group, option, NOT_BUILT),
        _ => {
            let allowed = "pairs of a name and a kind of store, like `fast:file`";
            settings.invalid(group, option, kind, allowed)
        }
    })
}

/// The stores that mirror each other as one.
fn mirrors(place: &StoreGroup<'_>) -> Result<Vec<StoreConfig>, ConfigError> {
    let (settings, group, option) = (place.settings, place.group.as_str(), "mirrored_stores");
    let pairs = settings.pairs(group, option)?;
    if pairs.len() < 2 {
        let allowed = "two stores or more, like `near:file, far:s3`, each with a group of its own";
        return Err(settings.invalid(group, option, "", allowed));
    }
    let mut stores = Vec::new();
    for (id, kind) in &pairs {
        let place = own_group(settings, group, option, id)?;
        stores.push(StoreConfig {
            driver: driver(&place, group, option, kind)?,
            id: place.id,
            description: None,
            weight: 0,
        });
    }
    Ok(stores)
}

/// The kind of store whose locations have a scheme: `default_store` names one or the other.
fn kind_of_scheme(name: &str) -> &str {
    match name {
        "filesystem" => "file",
        "https" => "http",
        "s3+http" | "s3+https" => "s3",
        kind => kind,
    }
}

const RESERVED: &str = "os_glance_";
const NOT_BUILT: &str = "of the kinds of stores `file`, `http`, `s3`, `azure`, `gcs` and `mirrored` are built in this \
     version";
