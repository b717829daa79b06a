//! From a configuration to what imports need from outside.

use std::sync::Arc;

use glance_core::GlanceBuilder;
use glance_core::ports::{ImageServices, ImportPlugin, RemoteImages, WebSource};
use glance_stores::{
    HttpRemoteImages, HttpSource, ImageConversion, ImageDecompression, InjectImageMetadata,
};

use super::operator::OperatorError;
use crate::config::{ImportConfig, PluginConfig};

/// What imports read from the web and from other Glances with, and what data passes.
#[derive(Debug, Clone)]
pub(super) struct Imports {
    web: Arc<dyn WebSource>,
    remote: Option<(Arc<dyn ImageServices>, Arc<dyn RemoteImages>)>,
    plugins: Vec<Arc<dyn ImportPlugin>>,
}

impl Imports {
    /// Opens all of it; other Glances where it is known who tells of them. Blocks for a moment where disks are converted.
    ///
    /// # Errors
    ///
    /// An option, or a program that is missing, keeps one from working.
    pub(super) fn open(
        config: &ImportConfig,
        services: Option<Arc<dyn ImageServices>>,
    ) -> Result<Self, OperatorError> {
        let images: Arc<dyn RemoteImages> = Arc::new(HttpRemoteImages::open(config.web.clone())?);
        let plugins = config.plugins.iter().map(plugin);
        Ok(Self {
            web: Arc::new(HttpSource::open(config.web.clone())?),
            remote: services.map(|services| (services, images)),
            plugins: plugins.collect::<Result<_, _>>()?,
        })
    }

    /// A service with them.
    pub(super) fn add_to(&self, builder: GlanceBuilder) -> GlanceBuilder {
        let builder = builder
            .with_web_source(Arc::clone(&self.web))
            .with_plugins(self.plugins.clone());
        match &self.remote {
            Some((services, images)) => {
                builder.with_remote_images(Arc::clone(services), Arc::clone(images))
            }
            None => builder,
        }
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
