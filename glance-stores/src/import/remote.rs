//! Images of other Glances, for imports.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::BytesMut;
use futures::StreamExt;
use glance_core::domain::{ImageId, Multihash, RemoteDescription};
use glance_core::ports::{Incoming, RemoteImages, SourceError, Token};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, StatusCode};
use serde_json::{Map, Value};
use tokio::time::timeout;
use url::Url;

use super::web::{Asked, Download, HttpSourceOptions, Patience, broken_off, refused, unusable};
use crate::OpenError;
use crate::guard::{Answer, Guard, Redirects};

/// Images of other Glances: `glance-download`.
///
/// What the filter lets web imports ask is all that is asked, metadata and data alike (rule R3). The
/// token of the caller goes where the catalog leads: no redirect is followed.
///
/// Neither Glance tells by what its data can be known to be the same. Where the image has a hash
/// that whoever reads checks, a body that breaks off is asked for again from there all the same.
#[derive(Debug)]
pub struct HttpRemoteImages {
    guard: Arc<Guard>,
    patience: Patience,
}

impl HttpRemoteImages {
    /// Opens it for what `options` let be read from the web. Nothing is connected to.
    ///
    /// # Errors
    /// [`OpenError`] names the option that cannot be used.
    pub fn open(options: HttpSourceOptions) -> Result<Self, OpenError> {
        let patience = options.patience();
        let guard = Arc::new(options.guard(NO_REDIRECTS)?);
        Ok(Self { guard, patience })
    }

    async fn told(&self, url: Url, token: &Token) -> Result<Value, SourceError> {
        let answer = self.guard.fetch(Method::GET, url, bearing(token));
        let answer = answer.await.map_err(refused)?;
        if answer.status() != StatusCode::OK {
            return Err(SourceError::Refused {
                status: answer.status().as_u16(),
            });
        }
        read(answer).await
    }
}

#[async_trait]
impl RemoteImages for HttpRemoteImages {
    async fn describe(
        &self,
        service: &str,
        image: ImageId,
        token: &Token,
    ) -> Result<RemoteDescription, SourceError> {
        let url = image_url(service, image, "")?;
        let told = timeout(DESCRIPTION, self.told(url, token)).await;
        let told = told.map_err(|_| unusable(&"what it tells of the image takes too long"))?;
        match told? {
            Value::Object(members) => description(image, members),
            _ => Err(not_an_image()),
        }
    }

    async fn open(
        &self,
        service: &str,
        image: ImageId,
        token: &Token,
        is_checked: bool,
    ) -> Result<Incoming, SourceError> {
        let asked = Asked {
            url: image_url(service, image, "/file")?,
            headers: bearing(token),
            is_checked,
        };
        let download = Download::begin(Arc::clone(&self.guard), asked, self.patience).await?;
        Ok(Incoming {
            size: download.size(),
            body: download.into_bytes(),
        })
    }
}

/// Where an image is, whichever way the address of its service is written.
fn image_url(service: &str, image: ImageId, rest: &str) -> Result<Url, SourceError> {
    let mut url = Url::parse(service).map_err(|_| SourceError::Forbidden {
        reason: "the catalog's endpoint is not a URL".to_owned(),
    })?;
    let path = url.path().trim_end_matches('/');
    let root = path.strip_suffix("/v2").unwrap_or(path);
    let path = format!("{root}/v2/images/{image}{rest}");
    url.set_path(&path);
    url.set_query(None);
    url.set_fragment(None);
    Ok(url)
}

fn bearing(token: &Token) -> HeaderMap {
    // A token is visible ASCII, which a header can hold.
    let mut value =
        HeaderValue::from_str(token.reveal()).unwrap_or_else(|_| HeaderValue::from_static(""));
    value.set_sensitive(true);
    HeaderMap::from_iter([(AUTH_TOKEN, value)])
}

async fn read(answer: Answer) -> Result<Value, SourceError> {
    let mut bytes = answer.into_bytes().map_err(refused)?;
    let mut body = BytesMut::new();
    while let Some(chunk) = bytes.next().await {
        let chunk = chunk.map_err(broken_off)?;
        if body.len() + chunk.len() > MOST_TOLD {
            return Err(unusable(&"it tells more of the image than is read"));
        }
        body.extend_from_slice(&chunk);
    }
    serde_json::from_slice(&body).map_err(|_| not_an_image())
}

fn description(
    image: ImageId,
    members: Map<String, Value>,
) -> Result<RemoteDescription, SourceError> {
    let size = members.get("size").and_then(Value::as_u64);
    let mut texts: BTreeMap<String, String> = members
        .into_iter()
        .filter_map(|(name, value)| match value {
            Value::String(text) => Some((name, text)),
            _ => None,
        })
        .collect();
    if texts
        .remove("id")
        .is_none_or(|id| !id.eq_ignore_ascii_case(image.as_str()))
    {
        return Err(not_an_image());
    }
    let multihash = match (texts.remove("os_hash_algo"), texts.remove("os_hash_value")) {
        (Some(algorithm), Some(value)) => Some(Multihash { algorithm, value }),
        _ => None,
    };
    Ok(RemoteDescription {
        status: texts.remove("status").ok_or_else(not_an_image)?,
        size,
        disk_format: texts.remove("disk_format"),
        container_format: texts.remove("container_format"),
        multihash,
        properties: texts,
    })
}

fn not_an_image() -> SourceError {
    unusable(&"it does not describe the image")
}

const AUTH_TOKEN: HeaderName = HeaderName::from_static("x-auth-token");

const NO_REDIRECTS: Redirects = Redirects {
    statuses: &[],
    most: 0,
};

/// How long a service may take to tell of an image.
const DESCRIPTION: Duration = Duration::from_secs(60);

/// 128 properties of 64 KiB.
const MOST_TOLD: usize = 8 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_found_from_every_address_of_a_service() {
        let image = ImageId::from_bits(1);
        for (service, root) in [
            ("http://g:9292", "http://g:9292"),
            ("http://g:9292/", "http://g:9292"),
            ("http://g/v2", "http://g"),
            ("https://g/image/v2/?a=b#c", "https://g/image"),
        ] {
            let url = image_url(service, image, "/file").unwrap();

            assert_eq!(url.as_str(), format!("{root}/v2/images/{image}/file"));
        }
        assert!(image_url("glance", image, "").is_err());
    }

    #[test]
    fn texts_alone_come_along_and_another_image_s_do_not() {
        let image = ImageId::from_bits(1);
        let told = serde_json::json!({
            "id": image.as_str(), "status": "active", "size": 4, "disk_format": "raw",
            "container_format": null, "os_hash_algo": "sha512", "os_hash_value": "ab",
            "hw_x": "1", "protected": false, "tags": ["hw_tag"], "hw_null": null,
        });
        let Value::Object(members) = told else {
            panic!("{told}");
        };

        let read = description(image, members.clone()).unwrap();

        assert_eq!((read.status.as_str(), read.size), ("active", Some(4)));
        assert_eq!(read.disk_format.as_deref(), Some("raw"));
        assert_eq!(read.container_format, None);
        assert_eq!(read.multihash.unwrap().algorithm, "sha512");
        assert_eq!(read.properties, [("hw_x".into(), "1".into())].into());
        assert!(description(ImageId::from_bits(2), members).is_err());
    }
}
