//! Where the image services of a cloud are: in the catalog of whoever asks.

use async_trait::async_trait;
use glance_core::ports::{ImageServices, Token, TokenError};
use reqwest::header::HeaderMap;

use super::body::LoginBody;
use super::error::KeystoneError;
use super::session::{SUBJECT_TOKEN, Session, append, header};
use super::verifier::nobody_can_say;

/// Where the image services of a cloud are, as Keystone tells whoever has a token. It is asked each
/// time, which is once an import: catalogs are large, and nothing else needs them.
#[derive(Debug)]
pub struct KeystoneImageServices {
    session: Session,
}

impl KeystoneImageServices {
    /// What the Keystone of a session tells, asked in the session's name.
    pub fn new(session: Session) -> Self {
        Self { session }
    }
}

#[async_trait]
impl ImageServices for KeystoneImageServices {
    async fn find(
        &self,
        token: &Token,
        region: &str,
        interface: &str,
    ) -> Result<Option<String>, TokenError> {
        let mut url = self.session.identity_url().await.map_err(nobody_can_say)?;
        append(&mut url, "auth/tokens");
        let headers = HeaderMap::from_iter([(SUBJECT_TOKEN, header(token))]);
        let answer = self.session.get(READ_CATALOG, &url, &headers).await;
        let answer = answer.map_err(nobody_can_say)?;
        match answer.status {
            200 => {}
            404 => return Err(TokenError::Invalid),
            status => {
                return Err(nobody_can_say(KeystoneError::Refused {
                    action: READ_CATALOG,
                    status,
                }));
            }
        }
        let read = LoginBody::read(&answer.body).map_err(|error| {
            nobody_can_say(KeystoneError::Malformed {
                action: READ_CATALOG,
                problem: error.to_string(),
            })
        })?;
        Ok(read.catalog.image_service(region, interface))
    }
}

const READ_CATALOG: &str = "read a service catalog";
