//! From a configuration to how the API answers.

use std::fs;
use std::path::PathBuf;

use glance_http::{ApiOptions, Cors, CorsRule, HealthCheck, HealthOptions, ImageSchema};

use super::open::{is_absent, unreadable};
use super::operator::OperatorError;
use crate::config::{CheckConfig, Config, EdgeConfig};

/// How the API is set up, but for who vouches for callers: that needs a runtime.
///
/// # Errors
///
/// What is declared of custom properties cannot be.
pub(super) fn options(config: &Config) -> Result<ApiOptions, OperatorError> {
    Ok(ApiOptions {
        public_endpoint: config.api.public_endpoint.clone(),
        max_request_id_length: config.api.max_request_id_length,
        show_direct_url: config.api.show_image_direct_url,
        show_locations: config.api.show_multiple_locations,
        cors: cors(&config.edge),
        compress_from_bytes: config.edge.compress_from_bytes,
        health: health(&config.edge),
        trust_proxy_headers: config.edge.trust_proxy_headers,
        stall_timeout: config.listen.stall_timeout,
        image_schema: image_schema(&config.image_schema_files)?,
        ..ApiOptions::default()
    })
}

/// The first of the files that is there; without one, nothing is declared.
fn image_schema(files: &[PathBuf]) -> Result<ImageSchema, OperatorError> {
    for path in files {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if is_absent(&error) => continue,
            Err(source) => return Err(unreadable(path.clone(), source)),
        };
        return text.parse().map_err(|source| OperatorError::ImageSchema {
            path: path.clone(),
            source,
        });
    }
    Ok(ImageSchema::default())
}

fn cors(edge: &EdgeConfig) -> Cors {
    let mut cors = Cors::default();
    for group in &edge.cors {
        let rule = CorsRule {
            allow_credentials: group.allow_credentials,
            allow_headers: group.allow_headers.clone(),
            allow_methods: group.allow_methods.clone(),
            expose_headers: group.expose_headers.clone(),
            max_age: group.max_age,
        };
        for origin in &group.origins {
            cors = cors.allowing(origin, rule.clone());
        }
    }
    cors
}

fn health(edge: &EdgeConfig) -> HealthOptions {
    let checks = edge.health.checks.iter().map(|check| match check {
        CheckConfig::DisableByFile(file) => HealthCheck::DisableByFile(file.clone()),
        CheckConfig::EnableByFiles(files) => HealthCheck::EnableByFiles(files.clone()),
    });
    HealthOptions {
        checks: checks.collect(),
        detailed: edge.health.detailed,
        allowed_sources: edge.health.allowed_sources.clone(),
        ignores_proxied: edge.health.ignores_proxied,
    }
}

#[cfg(test)]
mod tests {
    use glance_http::ApiOptions;

    use super::options;
    use crate::config::Config;

    #[test]
    fn the_defaults_of_the_configuration_are_those_of_the_api() {
        let options = options(&Config::embedded().unwrap()).unwrap();

        let defaults = ApiOptions::default();
        assert_eq!(options.cors, defaults.cors);
        assert_eq!(options.compress_from_bytes, defaults.compress_from_bytes);
        assert_eq!(options.trust_proxy_headers, defaults.trust_proxy_headers);
        assert_eq!(options.image_schema, defaults.image_schema);
    }
}
