//! From a configuration to what imports need from outside.

use std::sync::Arc;

use glance_core::GlanceBuilder;
use glance_core::ports::{ImportPlugin, WebSource};
use glance_stores::{HttpSource, ImageConversion, ImageDecompression, InjectImageMetadata};

use super::operator::OperatorError;
use crate::config::{ImportConfig, PluginConfig};

/// What imports read from the web with, and what data passes.
#[derive(Debug, Clone)]
pub(super) struct Imports {
    web: Arc<dyn WebSource>,
    plugins: Vec<Arc<dyn ImportPlugin>>,
}

impl Imports {
    /// Opens both. Blocks for a moment where disks are converted.
    ///
    /// # Errors
    ///
    /// An option, or a program that is missing, keeps one from working.
    pub(super) fn open(config: &ImportConfig) -> Result<Self, OperatorError> {
        let plugins = config.plugins.iter().map(plugin);
        Ok(Self {
            web: Arc::new(HttpSource::open(config.web.clone())?),
            plugins: plugins.collect::<Result<_, _>>()?,
        })
    }

    /// A service with them.
    pub(super) fn add_to(&self, builder: GlanceBuilder) -> GlanceBuilder {
        builder
            .with_web_source(Arc::clone(&self.web))
            .with_plugins(self.plugins.clone())
    }
}

fn plugin(config: &PluginConfig) -> Result<Arc<dyn ImportPlugin>, OperatorError> {
    Ok(match config {
        PluginConfig::Inject {
            properties,
            ignore_user_roles,
        } => Arc::new(InjectImageMetadata::new(
            properties.clone(),
            ignore_user_roles,
        )),
        PluginConfig::Decompress { most_bytes } => Arc::new(ImageDecompression::new(*most_bytes)),
        PluginConfig::Convert(options) => Arc::new(ImageConversion::open(options.clone())?),
    })
}
