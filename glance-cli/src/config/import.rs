//! From settings to how images are imported.

use std::path::PathBuf;

use glance_core::ImportSettings;
use glance_core::domain::ImportMethod;
use glance_stores::HttpSourceOptions;

use super::error::ConfigError;
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
                at_once: self.size("wsgi", "task_pool_threads")?,
                max_parallel_stores: self.size("image_import_opts", "max_parallel_stores")?,
                methods,
                remote_properties: self.settings.list(REMOTE_GROUP, "extra_properties")?,
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

    fn import_methods(&self) -> Result<Vec<ImportMethod>, ConfigError> {
        let (group, option) = ("DEFAULT", "enabled_import_methods");
        if !self.settings.is_set(group, option) {
            return Ok(ImportMethod::DEFAULT.to_vec());
        }
        let mut methods = Vec::new();
        for name in self.settings.list(group, option)? {
            methods.push(name.parse().map_err(|_| {
                let allowed = "a list of `glance-direct`, `web-download`, `copy-image` and \
                               `glance-download`";
                self.settings.invalid(group, option, &name, allowed)
            })?);
        }
        let flavor = self.settings.text("paste_deploy", "flavor")?;
        let has_catalog = flavor.is_some_and(|flavor| flavor.starts_with("keystone"));
        if methods.contains(&ImportMethod::GlanceDownload) && !has_catalog {
            let reason = "`glance-download` goes by the caller's token and the catalog of Keystone: \
                          it needs flavor `keystone` in [paste_deploy]";
            return Err(self.settings.unsupported(group, option, reason));
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

const REMOTE_GROUP: &str = "glance_download_properties";

#[cfg(test)]
mod tests {
    use super::super::tests::{config, failure};
    use super::*;

    const KEYSTONE: &str = "[paste_deploy]\nflavor = keystone\n[keystone_authtoken]\n\
         auth_url = http://k:5000\nauth_type = password\nusername = glance\npassword = p\n\
         user_domain_name = Default\n";

    #[test]
    fn another_glance_is_asked_where_that_is_enabled_and_for_what_is_listed() {
        let default = config("").import.settings;
        let named = config(&format!(
            "[DEFAULT]\nenabled_import_methods = [glance-download]\n\
             [glance_download_properties]\nextra_properties = [hw_,acme_]\n{KEYSTONE}"
        ));

        assert_eq!(default, ImportSettings::default());
        assert!(!default.methods.contains(&ImportMethod::GlanceDownload));
        let named = named.import.settings;
        assert_eq!(named.methods, [ImportMethod::GlanceDownload]);
        assert_eq!(named.remote_properties, ["hw_", "acme_"]);
    }

    #[test]
    fn as_many_imports_run_at_once_as_upstream_s_threads() {
        let at_once = |text| config(text).import.settings.at_once;

        assert_eq!(at_once(""), 16);
        assert_eq!(at_once("[wsgi]\ntask_pool_threads = 3\n"), 3);
    }

    #[test]
    fn another_glance_is_not_asked_without_a_catalog() {
        let methods = "[DEFAULT]\nenabled_import_methods = [glance-direct,glance-download]\n";
        for flavor in ["", "[paste_deploy]\nflavor = headers\n"] {
            let error = failure(&format!("{methods}{flavor}"));

            assert!(error.contains("needs flavor `keystone`"), "{error}");
            assert!(error.contains("enabled_import_methods"), "{error}");
        }
    }

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
