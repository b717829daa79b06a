//! From a configuration to who vouches for callers.

use std::sync::Arc;

use glance_core::Runtime;
use glance_core::ports::ImageServices;
use glance_http::keystone::{
    KeystoneImageServices, KeystoneVerifier, Session, SessionOptions, SharedAnswers,
};
use glance_http::{HttpNodes, Identity as Vouching, NodeOptions, Nodes, TlsOptions, TokenIdentity};

use super::operator::OperatorError;
use crate::config::{Identity, SharingConfig};

/// Who vouches for callers, and who tells where image services are, if anybody does.
#[derive(Debug)]
pub(super) struct Authority {
    pub(super) vouching: Vouching,
    pub(super) image_services: Option<Arc<dyn ImageServices>>,
}

/// Who vouches for callers. Keystone is logged in to beside the start, so that a login that does
/// not work is told at once; a server whose Keystone is not up yet starts all the same.
///
/// # Errors
///
/// A certificate or a key cannot be used.
pub(super) fn authority(
    identity: &Identity,
    runtime: &Runtime,
) -> Result<Authority, OperatorError> {
    let alone = |vouching| Authority {
        vouching,
        image_services: None,
    };
    let keystone = match identity {
        Identity::Headers => return Ok(alone(Vouching::Headers)),
        Identity::None => return Ok(alone(Vouching::None)),
        Identity::Keystone(keystone) => keystone,
    };
    let session = session(GROUP, &keystone.session, runtime)?;
    tokio::spawn(log_in(session.clone()));
    let image_services = KeystoneImageServices::new(session.clone());
    let options = keystone.verifier.clone();
    let refuses_at_once = !options.delay_auth_decision;
    let clock = Arc::clone(&runtime.clock);
    let verifier = match &keystone.sharing {
        None => KeystoneVerifier::new(session, options, clock),
        Some(SharingConfig { memcached, secret }) => {
            let answers = SharedAnswers::new(memcached, secret, &keystone.session.auth_url);
            let answers = answers.map_err(|source| OperatorError::Keystone {
                group: GROUP,
                source,
            })?;
            KeystoneVerifier::sharing(session, options, answers, clock)
        }
    };
    let tokens = TokenIdentity::new(Arc::new(verifier))
        .with_authenticate_uri(&keystone.authenticate_uri)
        .refusing_at_once(refuses_at_once);
    Ok(Authority {
        vouching: Vouching::Tokens(tokens),
        image_services: Some(Arc::new(image_services)),
    })
}

/// The way to other nodes, which believes and shows the certificates that are for Keystone.
///
/// # Errors
///
/// A certificate or a key cannot be used.
pub(super) fn nodes(identity: &Identity) -> Result<Arc<dyn Nodes>, OperatorError> {
    let tls = match identity {
        Identity::Keystone(keystone) => keystone.session.tls.clone(),
        Identity::Headers | Identity::None => TlsOptions::default(),
    };
    let nodes = HttpNodes::new(NodeOptions {
        tls,
        ..NodeOptions::default()
    });
    Ok(Arc::new(nodes.map_err(OperatorError::Nodes)?))
}

/// A session that is set up in a group of the configuration.
///
/// # Errors
///
/// A certificate or a key cannot be used.
pub(super) fn session(
    group: &'static str,
    options: &SessionOptions,
    runtime: &Runtime,
) -> Result<Session, OperatorError> {
    let session = Session::new(options.clone(), Arc::clone(&runtime.clock));
    session.map_err(|source| OperatorError::Keystone { group, source })
}

async fn log_in(session: Session) {
    match session.token().await {
        Ok(_) => tracing::info!("logged in to Keystone"),
        Err(error) => tracing::error!(
            error = &*error as &dyn std::error::Error,
            "cannot log in to Keystone: until it can be done, no token is validated and nobody is \
             let in"
        ),
    }
}

const GROUP: &str = "keystone_authtoken";
