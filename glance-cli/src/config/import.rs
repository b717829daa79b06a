//! From settings to how images are imported.

use std::path::PathBuf;

use glance_core::ImportSettings;
use glance_core::domain::ImportMethod;
use glance_stores::HttpSourceOptions;

use super::error::{ConfigError, Warning};
use super::import_plugins::PluginConfig;
use super::read::Reader;

/// How images are imported.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct ImportConfig {
    pub(crate) settings: ImportSettings,
    /// Where data is kept aside; `None` where no method needs it.
    pub(crate) staging: Option<PathBuf>,
    /// The node whose staging area it is; `None` where it may be shared:
    /// `worker_self_reference_url`.
    pub(crate) staging_of: Option<String>,
    /// What may be read from the web.
    pub(crate) web: HttpSourceOptions,
    /// What data passes, in order.
    pub(crate) plugins: Vec<PluginConfig>,
}

impl Reader<'_> {
    pub(super) fn import(&mut self, has_named_stores: bool) -> Result<ImportConfig, ConfigError> {
        let methods = self.import_methods()?;
        let is_staged = methods.contains(&ImportMethod::GlanceDirect);
        let staging = match is_staged && self.is_staging_asked_for(has_named_stores) {
            true => Some(self.staging_folder(has_named_stores)?),
            false => None,
        };
        let worker = self.settings.text("DEFAULT", "worker_self_reference_url")?;
        Ok(ImportConfig {
            settings: ImportSettings {
                max_parallel_stores: self.size("image_import_opts", "max_parallel_stores")?,
                methods,
                self_reference: match &worker {
                    Some(worker) => Some(worker.clone()),
                    None => self.public_endpoint()?,
                },
            },
            web: self.import_web()?,
            plugins: self.import_plugins(staging.as_deref())?,
            staging,
            staging_of: worker,
        })
    }

    fn import_methods(&mut self) -> Result<Vec<ImportMethod>, ConfigError> {
        let (group, option) = ("DEFAULT", "enabled_import_methods");
        if !self.settings.is_set(group, option) {
            return Ok(ImportMethod::ALL.to_vec());
        }
        let mut methods = Vec::new();
        let mut is_whole = true;
        for name in self.settings.list(group, option)? {
            match name.parse() {
                Ok(method) => methods.push(method),
                Err(_) if name == GLANCE_DOWNLOAD => is_whole = false,
                Err(_) => {
                    let allowed = "a list of `glance-direct`, `web-download`, `copy-image` and \
                                   `glance-download`";
                    return Err(self.settings.invalid(group, option, &name, allowed));
                }
            }
        }
        if !is_whole {
            self.warnings.push(Warning::InPart {
                setting: *self.settings.setting(group, option),
                reason: "`glance-download` is not built in this version",
            });
        }
        Ok(methods)
    }

    /// Where nothing asks for it and stores have names, data is staged only where the file says in
    /// which folder: upstream's own default is a folder that few may make.
    fn is_staging_asked_for(&self, has_named_stores: bool) -> bool {
        let (group, option) = STAGING_FOLDER;
        !has_named_stores
            || self.settings.is_set("DEFAULT", "enabled_import_methods")
            || self.settings.is_set(group, option)
    }

    /// With `enabled_backends`, upstream has a reserved store for it.
    fn staging_folder(&self, has_named_stores: bool) -> Result<PathBuf, ConfigError> {
        if has_named_stores {
            let (group, option) = STAGING_FOLDER;
            let folder = self.settings.text(group, option)?;
            let folder =
                folder.ok_or_else(|| self.settings.invalid(group, option, "", "a folder"))?;
            return Ok(PathBuf::from(folder));
        }
        let (group, option) = ("DEFAULT", "node_staging_uri");
        let uri = self.settings.text(group, option)?.unwrap_or_default();
        match uri.strip_prefix("file://") {
            Some(path) if !path.is_empty() => Ok(PathBuf::from(path)),
            _ => {
                let allowed = "a folder, like `file:///var/lib/glance/staging`";
                Err(self.settings.invalid(group, option, &uri, allowed))
            }
        }
    }
}

const STAGING_FOLDER: (&str, &str) = ("os_glance_staging_store", "filesystem_store_datadir");

const GLANCE_DOWNLOAD: &str = "glance-download";

#[cfg(test)]
mod tests {
    use crate::config::tests::config;

    #[test]
    fn a_node_is_asked_at_its_own_url_or_else_where_all_are_reached() {
        let names = |text: &str| {
            let import = config(&format!("[DEFAULT]\n{text}")).import;
            (import.settings.self_reference, import.staging_of)
        };
        let (public, worker) = ("http://images".to_owned(), "http://node-1:9292".to_owned());
        let told = format!("public_endpoint = {public}\n");
        let named = format!("worker_self_reference_url = {worker}\n");

        assert_eq!(names(""), (None, None));
        assert_eq!(names(&told), (Some(public), None));
        let both = (Some(worker.clone()), Some(worker));
        assert_eq!(names(&named), both);
        assert_eq!(names(&format!("{told}{named}")), both);
    }
}
