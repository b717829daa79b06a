//! `inject_image_metadata`: properties for every image that is imported.

use async_trait::async_trait;
use glance_core::domain::{PropertyName, PropertyValue};
use glance_core::ports::{ImportPlugin, Passing, PluginError};

/// Gives every image the same properties, unless somebody with a role that is passed over imports
/// it. They replace what the image has under their names (upstream).
#[derive(Debug, Clone)]
pub struct InjectImageMetadata {
    properties: Vec<(PropertyName, PropertyValue)>,
    passed_over: Vec<String>,
}

impl InjectImageMetadata {
    /// `inject` and `ignore_user_roles` of `[inject_metadata_properties]`.
    pub fn new(
        properties: Vec<(PropertyName, PropertyValue)>,
        ignore_user_roles: &[String],
    ) -> Self {
        let roles = ignore_user_roles.iter();
        Self {
            properties,
            passed_over: roles.map(|role| role.to_lowercase()).collect(),
        }
    }
}

#[async_trait]
impl ImportPlugin for InjectImageMetadata {
    fn name(&self) -> &'static str {
        "inject_image_metadata"
    }

    async fn apply(&self, mut data: Passing) -> Result<Passing, PluginError> {
        if data
            .roles
            .iter()
            .any(|role| self.passed_over.contains(role))
        {
            return Ok(data);
        }
        for (name, value) in &self.properties {
            data.properties.retain(|(known, _)| known != name);
            data.properties.push((name.clone(), value.clone()));
        }
        Ok(data)
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use glance_core::ports::ByteStream;

    use super::*;

    fn property(name: &str, value: &str) -> (PropertyName, PropertyValue) {
        (name.parse().unwrap(), value.parse().unwrap())
    }

    fn injected(roles: &[&str]) -> Vec<(PropertyName, PropertyValue)> {
        let plugin = InjectImageMetadata::new(
            vec![property("origin", "import"), property("os_type", "linux")],
            &["Admin".to_owned()],
        );
        let data = Passing {
            body: ByteStream::from_bytes("data"),
            size: Some(4),
            disk_format: None,
            container_format: None,
            properties: vec![property("os_type", "windows")],
            roles: roles.iter().map(ToString::to_string).collect(),
        };
        block_on(plugin.apply(data)).unwrap().properties
    }

    #[test]
    fn what_is_injected_replaces_what_is_there() {
        assert_eq!(
            injected(&["member"]),
            [property("origin", "import"), property("os_type", "linux")]
        );
    }

    #[test]
    fn roles_that_are_passed_over_get_nothing() {
        assert_eq!(
            injected(&["member", "admin"]),
            [property("os_type", "windows")]
        );
    }
}
