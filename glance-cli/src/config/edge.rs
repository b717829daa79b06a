//! What stands before the API: pages of other origins, proxies, the health check.

use std::net::IpAddr;
use std::path::PathBuf;

use ipnet::IpNet;

use super::error::ConfigError;
use super::options::CORS_PREFIX;
use super::read::Reader;
use super::settings::Settings;

/// What stands before the API.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct EdgeConfig {
    /// JSON of so many bytes is compressed; without a number, none is.
    pub(crate) compress_from_bytes: Option<u64>,
    /// What pages of other origins may do, by group; the first that names an origin counts.
    pub(crate) cors: Vec<OriginConfig>,
    pub(crate) health: HealthConfig,
    /// Whether a proxy in front is believed.
    pub(crate) trust_proxy_headers: bool,
}

/// `[cors]`, or a `[cors.NAME]`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct OriginConfig {
    pub(crate) origins: Vec<String>,
    pub(crate) allow_credentials: bool,
    pub(crate) allow_headers: Vec<String>,
    pub(crate) allow_methods: Vec<String>,
    pub(crate) expose_headers: Vec<String>,
    pub(crate) max_age: i64,
}

/// `[healthcheck]`
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct HealthConfig {
    pub(crate) checks: Vec<CheckConfig>,
    pub(crate) detailed: bool,
    /// From where it answers; empty is from everywhere.
    pub(crate) allowed_sources: Vec<IpNet>,
    pub(crate) ignores_proxied: bool,
}

/// One of its `backends`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum CheckConfig {
    /// The server is to be left alone while the file is there.
    DisableByFile(Option<PathBuf>),
    /// The server is to be left alone while one of the files is missing.
    EnableByFiles(Vec<PathBuf>),
}

impl Reader<'_> {
    /// `port` is where the server listens.
    pub(super) fn edge(&self, port: u16) -> Result<EdgeConfig, ConfigError> {
        let compress = self.settings.number("glance_rs", "compress_from_bytes")?;
        Ok(EdgeConfig {
            compress_from_bytes: Some(compress).filter(|least| *least > 0),
            cors: self.cors()?,
            health: self.health(port)?,
            trust_proxy_headers: self
                .settings
                .flag("oslo_middleware", "enable_proxy_headers_parsing")?,
        })
    }

    fn cors(&self) -> Result<Vec<OriginConfig>, ConfigError> {
        let mut groups: Vec<&str> = self.settings.places().map(|(group, _)| group).collect();
        groups.retain(|group| group.starts_with(CORS_PREFIX));
        groups.dedup();
        groups.insert(0, CORS);
        let rules = groups.into_iter().map(|group| self.origin(group));
        rules.collect()
    }

    /// What a group of one origin does not say, `[cors]` says for it.
    fn origin(&self, group: &str) -> Result<OriginConfig, ConfigError> {
        let settings = self.settings;
        let place = |option: &str| match settings.is_set(group, option) {
            true => group.to_owned(),
            false => CORS.to_owned(),
        };
        let names = |option: &str| words(settings, &place(option), option);
        Ok(OriginConfig {
            origins: words(settings, group, "allowed_origin")?,
            allow_credentials: settings.flag(&place("allow_credentials"), "allow_credentials")?,
            allow_headers: names("allow_headers")?,
            allow_methods: names("allow_methods")?,
            expose_headers: names("expose_headers")?,
            max_age: settings.whole_number(&place("max_age"), "max_age")?,
        })
    }

    fn health(&self, port: u16) -> Result<HealthConfig, ConfigError> {
        let group = "healthcheck";
        let (mut checks, mut kinds) = (Vec::new(), Vec::new());
        for name in self.settings.list(group, "backends")? {
            checks.push(match name.as_str() {
                "disable_by_file" => {
                    let file = self.settings.text(group, "disable_by_file_path")?;
                    CheckConfig::DisableByFile(file.map(PathBuf::from))
                }
                "disable_by_files_ports" => CheckConfig::DisableByFile(self.file_of(port)?),
                "enable_by_files" => {
                    let files = self.settings.list(group, "enable_by_file_paths")?;
                    CheckConfig::EnableByFiles(files.into_iter().map(PathBuf::from).collect())
                }
                _ => {
                    let allowed =
                        "a list of disable_by_file, disable_by_files_ports and enable_by_files";
                    return Err(self.settings.invalid(group, "backends", &name, allowed));
                }
            });
            kinds.push(name);
        }
        let both = ["disable_by_file", "enable_by_files"];
        if both
            .iter()
            .all(|kind| kinds.iter().any(|name| name == kind))
        {
            return Err(ConfigError::Conflict {
                setting: self.settings.setting(group, "backends"),
                other: "itself",
                remedy: "name only one of disable_by_file and enable_by_files",
            });
        }
        Ok(HealthConfig {
            checks,
            detailed: self.settings.flag(group, "detailed")?,
            allowed_sources: self.networks(group, "allowed_source_ranges")?,
            ignores_proxied: self.settings.flag(group, "ignore_proxied_requests")?,
        })
    }

    fn networks(
        &self,
        group: &'static str,
        option: &'static str,
    ) -> Result<Vec<IpNet>, ConfigError> {
        let texts = self.settings.list(group, option)?;
        let networks = texts.iter().map(|text| {
            // As Python reads them: an address is a network of its own, and no bits of a host stand
            // in one.
            let network = text
                .parse()
                .or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
            network
                .ok()
                .filter(|network: &IpNet| network.addr() == network.network())
                .ok_or_else(|| {
                    let allowed = "a list of networks like 10.0.0.0/8";
                    self.settings.invalid(group, option, text, allowed)
                })
        });
        networks.collect()
    }

    /// The file of `disable_by_file_paths` for the port on which the server listens.
    fn file_of(&self, port: u16) -> Result<Option<PathBuf>, ConfigError> {
        let (group, option) = ("healthcheck", "disable_by_file_paths");
        let mut found = None;
        for pair in self.settings.list(group, option)? {
            let parsed = pair
                .split_once(':')
                .and_then(|(port, path)| Some((port.parse::<u16>().ok()?, path)));
            let Some((of, path)) = parsed else {
                let allowed = "a list of `port:path`";
                return Err(self.settings.invalid(group, option, &pair, allowed));
            };
            if of == port {
                found = Some(PathBuf::from(path));
            }
        }
        Ok(found)
    }
}

/// A list of words that may stand in a header.
fn words(settings: &Settings, group: &str, option: &str) -> Result<Vec<String>, ConfigError> {
    let words = settings.list(group, option)?;
    for word in &words {
        if word.is_empty() || !word.chars().all(|c| c.is_ascii_graphic()) {
            let allowed = "a list of words of ASCII";
            return Err(settings.invalid(group, option, word, allowed));
        }
    }
    Ok(words)
}

const CORS: &str = "cors";
