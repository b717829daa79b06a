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
        let methods = self.import_methods()?;
        let staging = match methods.is_empty() {
            true => None,
            false => Some(self.staging_folder(has_named_stores)?),
        };
        let self_reference = self.settings.text("DEFAULT", "worker_self_reference_url")?;
        Ok(ImportConfig {
            settings: ImportSettings {
                methods,
                self_reference,
            },
            staging,
        })
    }

    /// None where the file names none: data can be staged, but only a Python node on the same
    /// database imports it.
    fn import_methods(&mut self) -> Result<Vec<ImportMethod>, ConfigError> {
        let (group, option) = ("DEFAULT", "enabled_import_methods");
        if !self.settings.is_set(group, option) {
            return Ok(Vec::new());
        }
        let mut methods = Vec::new();
        for name in self.settings.list(group, option)? {
            match name.parse() {
                Ok(method) => methods.push(method),
                Err(_) if NOT_BUILT.contains(&name.as_str()) => {}
                Err(_) => {
                    let allowed = "a list of `glance-direct`, `web-download`, `copy-image` and \
                                   `glance-download`";
                    return Err(self.settings.invalid(group, option, &name, allowed));
                }
            }
        }
        self.warnings.push(Warning::InPart {
            setting: *self.settings.setting(group, option),
            reason: "of `glance-direct`, data is staged; a Python node on the same database has to \
                     import it, and other ways to import are not built in this version",
        });
        Ok(methods)
    }

    /// With `enabled_backends`, upstream has a reserved store for it.
    fn staging_folder(&self, has_named_stores: bool) -> Result<PathBuf, ConfigError> {
        if has_named_stores {
            let (group, option) = ("os_glance_staging_store", "filesystem_store_datadir");
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

const NOT_BUILT: [&str; 3] = ["web-download", "copy-image", "glance-download"];
