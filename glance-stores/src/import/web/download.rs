//! One download, taken up where it breaks off.

use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, stream};
use glance_core::ports::{BodyError, ByteStream, SourceError};
use reqwest::header::{HeaderMap, HeaderValue, IF_RANGE, RANGE};
use reqwest::{Method, StatusCode};
use tokio::time::Instant;
use url::Url;

use super::error::{CannotResume, UnusableAnswer, broken_off, refused, too_slow, unusable};
use super::pace::{Kept, Lap, Pace};
use super::validator::Validator;
use crate::Retries;
use crate::blob::random;
use crate::guard::{Answer, ContentRange, Guard};

/// What is asked for.
pub(in crate::import) struct Asked {
    pub(in crate::import) url: Url,
    pub(in crate::import) headers: HeaderMap,
    /// Whether whoever reads the data holds it against its hash.
    pub(in crate::import) is_checked: bool,
}

/// How long a server is waited for.
#[derive(Debug, Clone, Copy)]
pub(in crate::import) struct Patience {
    pub(super) retries: Retries,
    pub(super) pace: Pace,
}

/// A download that has begun.
pub(in crate::import) struct Download {
    guard: Arc<Guard>,
    asked: Asked,
    patience: Patience,
    validator: Option<Validator>,
    size: Option<u64>,
    body: ByteStream,
    /// How many bytes came.
    at: u64,
    lap: Lap,
    /// How often it was taken up since it last kept the pace.
    tried: u32,
}

impl Download {
    /// Asks for the data.
    pub(in crate::import) async fn begin(
        guard: Arc<Guard>,
        asked: Asked,
        patience: Patience,
    ) -> Result<Self, SourceError> {
        let answer = guard.fetch(Method::GET, asked.url.clone(), asked.headers.clone());
        let answer = answer.await.map_err(refused)?;
        if answer.status() != StatusCode::OK {
            return Err(SourceError::Refused {
                status: answer.status().as_u16(),
            });
        }
        if answer.is_encoded() {
            return Err(unusable(&UnusableAnswer::Encoded));
        }
        // A body that ends with its connection cannot be told from one that broke off.
        if !answer.is_framed() {
            return Err(unusable(&UnusableAnswer::Endless));
        }
        Ok(Self {
            validator: Validator::of(&answer)
                .or_else(|| asked.is_checked.then_some(Validator::Hash)),
            size: answer.length(),
            body: answer.into_bytes().map_err(refused)?,
            guard,
            asked,
            patience,
            at: 0,
            lap: Lap::default(),
            tried: 0,
        })
    }

    /// Bytes of the data, if that was told.
    pub(in crate::import) fn size(&self) -> Option<u64> {
        self.size
    }

    /// The bytes, or an error where they break off for good.
    pub(in crate::import) fn into_bytes(self) -> ByteStream {
        ByteStream::new(stream::unfold(Some(self), |download| async move {
            let mut download = download?;
            match download.next().await {
                Ok(Some(chunk)) => Some((Ok(chunk), Some(download))),
                Ok(None) => None,
                Err(error) => Some((Err(error), None)),
            }
        }))
    }

    async fn next(&mut self) -> Result<Option<Bytes>, BodyError> {
        loop {
            let since = Instant::now();
            let broke = match self.body.next().await {
                Some(Ok(chunk)) => {
                    self.at = self.at.saturating_add(chunk.len() as u64);
                    if self.size.is_some_and(|size| size < self.at) {
                        return Err(broken(CannotResume::OtherBytes.into()));
                    }
                    self.keep_pace(chunk.len() as u64, since)?;
                    if chunk.is_empty() {
                        continue;
                    }
                    return Ok(Some(chunk));
                }
                None if self.size.is_none_or(|size| size == self.at) => return Ok(None),
                None => BodyError("bytes are missing".into()),
                Some(Err(error)) => error,
            };
            self.take_up(broken(broken_off(broke))).await?;
        }
    }

    /// Waiting that ends without a byte does not count: there are so many tries, and each has its
    /// deadlines.
    fn keep_pace(&mut self, bytes: u64, since: Instant) -> Result<(), BodyError> {
        let pace = self.patience.pace;
        match self.lap.add(bytes, since.elapsed(), pace) {
            Kept::Yes => self.tried = 0,
            Kept::SoFar => {}
            Kept::No => return Err(broken(too_slow(pace))),
        }
        Ok(())
    }

    /// Asks for the rest, and again where the server may answer better in a while.
    async fn take_up(&mut self, mut broke: BodyError) -> Result<(), BodyError> {
        let Some(validator) = self.validator.clone() else {
            return Err(broke);
        };
        let retries = self.patience.retries;
        while self.tried < retries.tries {
            self.tried += 1;
            tracing::info!(at = self.at, try_ = self.tried, "a download broke off");
            tokio::time::sleep(retries.wait(self.tried, random())).await;
            match self.rest(&validator).await {
                Ok(body) => {
                    self.body = body;
                    return Ok(());
                }
                Err(error) if error.may_pass() => broke = broken(error.into()),
                Err(error) => return Err(broken(error.into())),
            }
        }
        Err(broke)
    }

    /// The bytes that are still to come, if the server shows that they are of the same data.
    async fn rest(&mut self, validator: &Validator) -> Result<ByteStream, CannotResume> {
        let answer = self.guard.fetch(
            Method::GET,
            self.asked.url.clone(),
            self.condition(validator).ok_or(CannotResume::OtherBytes)?,
        );
        let answer = answer.await.map_err(CannotResume::Fetch)?;
        match answer.status() {
            StatusCode::PARTIAL_CONTENT => {}
            StatusCode::OK if *validator != Validator::Hash => return Err(CannotResume::Changed),
            status => {
                return Err(CannotResume::Status {
                    status: status.as_u16(),
                });
            }
        }
        if !validator.is_of(&answer) {
            return Err(CannotResume::Changed);
        }
        self.size = Some(self.check_range(&answer).ok_or(CannotResume::OtherBytes)?);
        answer.into_bytes().map_err(CannotResume::Fetch)
    }

    fn condition(&self, validator: &Validator) -> Option<HeaderMap> {
        let range = HeaderValue::try_from(format!("bytes={}-", self.at)).ok()?;
        let mut headers = self.asked.headers.clone();
        headers.insert(RANGE, range);
        if *validator != Validator::Hash {
            headers.insert(IF_RANGE, validator.condition()?);
        }
        Some(headers)
    }

    /// The size of the whole, where the answer is all that was missing.
    fn check_range(&self, answer: &Answer) -> Option<u64> {
        let sent = ContentRange::of(answer)?;
        let size = self.size.or(sent.size)?;
        let left = size.checked_sub(self.at)?;
        let fits = !answer.is_encoded()
            && sent.first == self.at
            && sent.last.checked_add(1) == Some(size)
            && sent.size.is_none_or(|told| told == size)
            && answer.length().is_none_or(|length| length == left);
        fits.then_some(size)
    }
}

fn broken(error: SourceError) -> BodyError {
    BodyError(error.into())
}
