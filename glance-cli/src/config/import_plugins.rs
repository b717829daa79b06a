//! From settings to what data of imports passes: `image_import_plugins`.

use std::path::Path;

use glance_core::domain::inspect::InspectionRules;
use glance_core::domain::{PropertyName, PropertyValue};
use glance_stores::{ConversionFormat, ConversionOptions};

use super::error::ConfigError;
use super::read::Reader;

/// A plugin, and how it is set up.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum PluginConfig {
    /// `inject_image_metadata`
    Inject {
        properties: Vec<(PropertyName, PropertyValue)>,
        ignore_user_roles: Vec<String>,
    },
    /// `image_decompression`, of so many bytes at most.
    Decompress { most_bytes: u64 },
    /// `image_conversion`
    Convert(ConversionOptions),
}

impl Reader<'_> {
    pub(super) fn import_plugins(
        &self,
        staging: Option<&Path>,
    ) -> Result<Vec<PluginConfig>, ConfigError> {
        let (group, option) = ("image_import_opts", "image_import_plugins");
        let mut plugins = Vec::new();
        for name in self.settings.list(group, option)? {
            plugins.push(match name.as_str() {
                "no_op" => continue,
                "inject_image_metadata" => self.injection()?,
                "image_decompression" => PluginConfig::Decompress {
                    most_bytes: self.settings.number("DEFAULT", "image_size_cap")?,
                },
                "image_conversion" => PluginConfig::Convert(self.conversion(staging)?),
                _ => {
                    let allowed = "a list of `no_op`, `inject_image_metadata`, \
                                   `image_decompression` and `image_conversion`";
                    return Err(self.settings.invalid(group, option, &name, allowed));
                }
            });
        }
        Ok(plugins)
    }

    fn injection(&self) -> Result<PluginConfig, ConfigError> {
        let (group, option) = ("inject_metadata_properties", "inject");
        let mut properties = Vec::new();
        for (name, value) in self.settings.pairs(group, option)? {
            let property = name.parse().and_then(|name| Ok((name, value.parse()?)));
            properties.push(property.map_err(|_| {
                let allowed = "pairs of a property that users may write and its value";
                self.settings.invalid(group, option, &name, allowed)
            })?);
        }
        Ok(PluginConfig::Inject {
            properties,
            ignore_user_roles: self.settings.list(group, "ignore_user_roles")?,
        })
    }

    /// Upstream converts where data is staged.
    fn conversion(&self, staging: Option<&Path>) -> Result<ConversionOptions, ConfigError> {
        let work = self.settings.text("task", "work_dir")?;
        let beside_staged = || staging.map(|folder| folder.join(".glance-conversion"));
        let work_folder = work.map(Into::into).or_else(beside_staged);
        let output = self.settings.text("image_conversion", "output_format")?;
        Ok(ConversionOptions {
            output: match output.as_deref() {
                Some("qcow2") => ConversionFormat::Qcow2,
                Some("vmdk") => ConversionFormat::Vmdk,
                _ => ConversionFormat::Raw,
            },
            work_folder: work_folder.ok_or_else(|| {
                let allowed = "a folder where nothing is staged, for `image_conversion` needs one";
                self.settings.invalid("task", "work_dir", "", allowed)
            })?,
            most_bytes: self.settings.number("DEFAULT", "image_size_cap")?,
            rules: InspectionRules {
                require_match: true,
                gpt_nonfatal: self
                    .settings
                    .list("image_format", "gpt_safety_checks_nonfatal")?,
            },
            vmdk_types: self.settings.list("image_format", "vmdk_allowed_types")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{config, failure};
    use super::*;

    fn plugins(names: &str, more: &str) -> Vec<PluginConfig> {
        let list = format!("[image_import_opts]\nimage_import_plugins = {names}\n{more}");
        config(&list).import.plugins
    }

    #[test]
    fn plugins_come_in_the_order_of_the_list() {
        let all = plugins(
            "[no_op,image_decompression,image_conversion,inject_image_metadata]",
            "[image_conversion]\noutput_format = qcow2\n[task]\nwork_dir = /work\n\
             [inject_metadata_properties]\ninject = origin:import,os_type:linux\n",
        );

        let [
            PluginConfig::Decompress { most_bytes },
            PluginConfig::Convert(conversion),
            PluginConfig::Inject {
                properties,
                ignore_user_roles,
            },
        ] = all.as_slice()
        else {
            panic!("{all:?}");
        };
        assert_eq!(*most_bytes, 1 << 40);
        assert_eq!(conversion.output, ConversionFormat::Qcow2);
        assert_eq!(conversion.work_folder, Path::new("/work"));
        assert_eq!(conversion.vmdk_types.len(), 2);
        assert_eq!(properties.len(), 2);
        assert_eq!(*ignore_user_roles, ["admin"]);
        assert!(config("").import.plugins.is_empty());
    }

    #[test]
    fn disks_are_converted_where_data_is_staged_unless_a_folder_is_named() {
        let all = plugins("[image_conversion]", "");

        let [PluginConfig::Convert(conversion)] = all.as_slice() else {
            panic!("{all:?}");
        };
        let folder = Path::new("/tmp/staging/.glance-conversion");
        assert_eq!(conversion.work_folder, folder);
    }

    #[test]
    fn what_cannot_be_honoured_is_refused_by_its_place() {
        for (text, expected) in [
            (
                "[image_import_opts]\nimage_import_plugins = [image_compression]\n",
                "`image_compression`",
            ),
            (
                "[image_import_opts]\nimage_import_plugins = [inject_image_metadata]\n\
                 [inject_metadata_properties]\ninject = os_glance_import_task:a\n",
                "`os_glance_import_task`",
            ),
            (
                "[DEFAULT]\nenabled_import_methods = [web-download]\n\
                 [image_import_opts]\nimage_import_plugins = [image_conversion]\n",
                "work_dir",
            ),
        ] {
            let error = failure(text);
            assert!(error.contains(expected), "{error}");
        }
    }
}
