//! From a configuration to who says what projects may have.

use std::sync::Arc;

use glance_core::Runtime;
use glance_core::ports::LimitSource;
use glance_http::keystone::KeystoneLimits;

use super::identity::session;
use super::operator::OperatorError;
use crate::config::LimitConfig;

/// Who says what projects may have, if it is more than one number in the configuration.
///
/// # Errors
///
/// A certificate or a key cannot be used.
pub(super) fn source(
    limits: &LimitConfig,
    runtime: &Runtime,
) -> Result<Option<Arc<dyn LimitSource>>, OperatorError> {
    let LimitConfig::Keystone(keystone) = limits else {
        return Ok(None);
    };
    let session = session("oslo_limit", &keystone.session, runtime)?;
    let source = KeystoneLimits::new(session, keystone.endpoint.clone())
        .with_cache_time(keystone.cache_time);
    Ok(Some(Arc::new(source)))
}
