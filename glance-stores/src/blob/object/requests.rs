//! Requests that `object_store` does not make: for buckets, and for what uploads left behind.

use std::time::{Duration, Instant};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use glance_core::domain::ImageId;
use glance_core::ports::BoxError;
use object_store::client::{HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody};
use reqwest::Method;
use reqwest::header::DATE;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::form_urlencoded::Serializer;

use super::error;
use super::signer::Signer;

/// Requests to one bucket, signed.
#[derive(Debug)]
pub(super) struct Requests {
    pub(super) client: HttpClient,
    pub(super) signer: Signer,
    /// The URL of the bucket, without a slash at its end.
    pub(super) bucket: String,
    /// How the bucket is made, if it may be.
    pub(super) creation: Option<Creation>,
}

/// How a bucket is made.
#[derive(Debug)]
pub(super) struct Creation {
    pub(super) query: &'static str,
    pub(super) body: String,
}

/// An upload in parts that was neither completed nor aborted.
#[derive(Debug)]
pub(super) struct Unfinished {
    pub(super) image: ImageId,
    pub(super) id: String,
    pub(super) started: DateTime<Utc>,
}

impl Requests {
    pub(super) fn may_create_bucket(&self) -> bool {
        self.creation.is_some()
    }

    pub(super) async fn create_bucket(&self) -> Result<(), BoxError> {
        let Some(Creation { query, body }) = &self.creation else {
            return Ok(());
        };
        let url = format!("{}{query}", self.bucket);
        match self.send(Method::PUT, &url, body).await {
            // Another process was first; or it is somebody else's, and what follows is refused.
            Err(error) if error::is_in_the_way(error.as_ref()) => Ok(()),
            created => created.map(|_| ()),
        }
    }

    /// What images, of which the ids begin so, have unfinished; and what time it is at the server.
    ///
    /// Names that are not image ids are not ours.
    pub(super) async fn unfinished(
        &self,
        prefix: &str,
    ) -> Result<(Vec<Unfinished>, DateTime<Utc>), BoxError> {
        let mut found = Vec::new();
        let mut marker = (String::new(), String::new());
        loop {
            let url = self.query("", |query| {
                query.append_pair("uploads", "");
                for (name, value) in [
                    ("key-marker", marker.0.as_str()),
                    ("prefix", prefix),
                    ("upload-id-marker", marker.1.as_str()),
                ] {
                    if !value.is_empty() {
                        query.append_pair(name, value);
                    }
                }
            });
            let (page, now): (Uploads, _) = self.get(&url).await?;
            for upload in page.uploads {
                if let Ok(image) = upload.key.parse() {
                    found.push(Unfinished {
                        image,
                        id: upload.upload_id,
                        started: time(&upload.initiated)?,
                    });
                }
            }
            let next = (page.next_key_marker, page.next_upload_id_marker);
            if !page.is_truncated || next == marker {
                return Ok((found, now));
            }
            marker = next;
        }
    }

    /// When an upload was written to for the last time.
    pub(super) async fn touched(&self, upload: &Unfinished) -> Result<DateTime<Utc>, BoxError> {
        let mut latest = upload.started;
        let mut marker = String::new();
        loop {
            let url = self.query(&format!("/{}", upload.image), |query| {
                if !marker.is_empty() {
                    query.append_pair("part-number-marker", &marker);
                }
                query.append_pair("uploadId", &upload.id);
            });
            let (page, _): (Written, _) = self.get(&url).await?;
            for part in page.parts {
                latest = latest.max(time(&part.last_modified)?);
            }
            if !page.is_truncated || page.next_part_number_marker == marker {
                return Ok(latest);
            }
            marker = page.next_part_number_marker;
        }
    }

    /// The URL of something in the bucket, with a query.
    fn query(&self, path: &str, pairs: impl FnOnce(&mut Serializer<'_, String>)) -> String {
        let mut query = Serializer::new(String::new());
        pairs(&mut query);
        // A signature knows a space as `%20` alone.
        let query = query.finish().replace('+', "%20");
        format!("{}{path}?{query}", self.bucket)
    }

    async fn get<T: DeserializeOwned>(&self, url: &str) -> Result<(T, DateTime<Utc>), BoxError> {
        let (body, now) = self.send(Method::GET, url, "").await?;
        Ok((quick_xml::de::from_reader(body.as_ref())?, now))
    }

    /// What the server answers, and when it does by its own clock.
    async fn send(
        &self,
        method: Method,
        url: &str,
        body: &str,
    ) -> Result<(Bytes, DateTime<Utc>), BoxError> {
        let started = Instant::now();
        loop {
            let mut request = HttpRequest::new(HttpRequestBody::from(body.to_owned()));
            *request.method_mut() = method.clone();
            *request.uri_mut() = url.parse()?;
            self.signer.sign(&mut request).await?;
            let answer = match self.client.execute(request).await {
                Err(error) if is_passing(&error) && started.elapsed() < TRYING => {
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
                answer => answer?,
            };
            let date = answer
                .headers()
                .get(DATE)
                .and_then(|date| date.to_str().ok());
            let date = date.and_then(|date| DateTime::parse_from_rfc2822(date).ok());
            let now = date.map_or_else(Utc::now, |date| date.to_utc());
            return Ok((answer.into_body().bytes().await?, now));
        }
    }
}

fn is_passing(error: &HttpError) -> bool {
    matches!(
        error.kind(),
        HttpErrorKind::Connect
            | HttpErrorKind::Interrupted
            | HttpErrorKind::Request
            | HttpErrorKind::Timeout
    )
}

fn time(text: &str) -> Result<DateTime<Utc>, BoxError> {
    Ok(DateTime::parse_from_rfc3339(text)?.to_utc())
}

/// A page of unfinished uploads.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Uploads {
    is_truncated: bool,
    next_key_marker: String,
    next_upload_id_marker: String,
    #[serde(rename = "Upload")]
    uploads: Vec<Upload>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Upload {
    initiated: String,
    key: String,
    upload_id: String,
}

/// A page of the parts of an upload.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Written {
    is_truncated: bool,
    next_part_number_marker: String,
    #[serde(rename = "Part")]
    parts: Vec<Part>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Part {
    last_modified: String,
}

/// Between one try and the next.
const PAUSE: Duration = Duration::from_millis(200);

/// How long after the first try another one begins.
const TRYING: Duration = Duration::from_secs(2);
