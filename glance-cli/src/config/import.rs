//! From settings to how images are imported.

use std::path::PathBuf;

use glance_core::ImportSettings;
use glance_core::domain::ImportMethod;

use super::error::{ConfigError, Warning};
use super::read::Reader;

/// How images are imported.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct ImportConfig {
    pub(crate) settings: ImportSettings,
    /// Where data is kept aside; `None` where no method needs it.
    pub(crate) staging: Option<PathBuf>,
}

impl Reader<'_> {
    pub(super) fn import(&mut self, has_named_stores: bool) -> Result<ImportConfig, ConfigError> {
        let methods = self.import_methods(has_named_stores)?;
        let staging = match methods.contains(&ImportMethod::GlanceDirect) {
            true => Some(self.staging_folder(has_named_stores)?),
            false => None,
        };
        let self_reference = self.settings.text("DEFAULT", "worker_self_reference_url")?;
        Ok(ImportConfig {
            settings: ImportSettings {
                max_parallel_stores: self.size("image_import_opts", "max_parallel_stores")?,
                methods,
                self_reference,
            },
            staging,
        })
    }

    fn import_methods(&mut self, has_named_stores: bool) -> Result<Vec<ImportMethod>, ConfigError> {
        let (group, option) = ("DEFAULT", "enabled_import_methods");
        if !self.settings.is_set(group, option) {
            return Ok(self.usual_methods(has_named_stores));
        }
        let mut methods = Vec::new();
        let mut is_whole = true;
        for name in self.settings.list(group, option)? {
            match name.parse() {
                Ok(ImportMethod::WebDownload) => is_whole = false,
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
                reason: "`web-download` and `glance-download` are not built in this version",
            });
        }
        Ok(methods)
    }

    /// Upstream's default, as far as it is built. Where stores have names, data is staged only where
    /// the file says in which folder: upstream's own default for that is no folder of everybody's.
    fn usual_methods(&self, has_named_stores: bool) -> Vec<ImportMethod> {
        let (group, option) = STAGING_FOLDER;
        match has_named_stores && !self.settings.is_set(group, option) {
            true => vec![ImportMethod::CopyImage],
            false => vec![ImportMethod::GlanceDirect, ImportMethod::CopyImage],
        }
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
