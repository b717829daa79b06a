//! Who signs requests that `object_store` does not make.

use std::fmt;

#[cfg(feature = "s3")]
use object_store::aws::{AwsAuthorizer, AwsCredentialProvider};
#[cfg(feature = "azure")]
use object_store::azure::{AzureAuthorizer, AzureCredentialProvider};
use object_store::client::HttpRequest;
#[cfg(feature = "gcs")]
use object_store::gcp::GcpCredentialProvider;
use reqwest::header::{HeaderName, HeaderValue};

/// Signs requests with the credentials of a store. Never prints them (rule R6).
#[derive(Clone)]
pub(super) enum Signer {
    #[cfg(feature = "s3")]
    Aws {
        credentials: AwsCredentialProvider,
        region: String,
    },
    #[cfg(feature = "azure")]
    Azure {
        credentials: AzureCredentialProvider,
        account: String,
    },
    #[cfg(feature = "gcs")]
    Gcs { credentials: GcpCredentialProvider },
}

impl Signer {
    pub(super) async fn sign(&self, request: &mut HttpRequest) -> object_store::Result<()> {
        match self {
            #[cfg(feature = "s3")]
            Self::Aws {
                credentials,
                region,
            } => {
                let credential = credentials.get_credential().await?;
                AwsAuthorizer::new(&credential, "s3", region).try_authorize(request, None)
            }
            #[cfg(feature = "azure")]
            Self::Azure {
                credentials,
                account,
            } => {
                let credential = credentials.get_credential().await?;
                request.headers_mut().remove(reqwest::header::AUTHORIZATION);
                AzureAuthorizer::new(&credential, account).try_authorize(request)
            }
            #[cfg(feature = "gcs")]
            Self::Gcs { credentials } => {
                let credential = credentials.get_credential().await?;
                let bearer = HeaderValue::from_str(&format!("Bearer {}", credential.bearer));
                let mut bearer = bearer.map_err(|_| object_store::Error::Generic {
                    store: "GCS",
                    source: "the token is no text for a header".into(),
                })?;
                bearer.set_sensitive(true);
                let headers = request.headers_mut();
                headers.insert(reqwest::header::AUTHORIZATION, bearer);
                Ok(())
            }
        }
    }

    /// Makes a request that `object_store` has signed fail where an object stands already: it is
    /// signed again.
    pub(super) async fn only_if_absent(
        &self,
        request: &mut HttpRequest,
    ) -> object_store::Result<()> {
        let headers = request.headers_mut();
        headers.insert(IF_NONE_MATCH, HeaderValue::from_static("*"));
        self.sign(request).await
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer")
    }
}

const IF_NONE_MATCH: HeaderName = reqwest::header::IF_NONE_MATCH;
