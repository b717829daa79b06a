//! Bodies of requests and answers: JSON within limits, and image data that is never held whole.

use std::error::Error as StdError;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, HttpBody};
use axum::extract::{FromRequest, Request};
use axum::http::header::EXPECT;
use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt, TryStreamExt};
use glance_core::ports::{BodyError, ByteStream};
use serde_json::Value;
use thiserror::Error;
use tokio::runtime::Handle;
use tokio::time::Sleep;

use crate::error::ApiError;
use crate::options::{Api, ApiOptions};

/// Proof that a request came without a body.
pub(crate) struct NoBody;

impl<S: Sync> FromRequest<S> for NoBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        if request.body().is_end_stream() {
            return Ok(Self);
        }
        drop(RequestBytes::of(request, LINGER));
        Err(ApiError::bad_request(
            "A body is not expected with this request.",
        ))
    }
}

/// The JSON of a body, whatever its media type says: an object or an array.
pub(crate) struct JsonBody(pub(crate) Value);

impl FromRequest<Api> for JsonBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, api: &Api) -> Result<Self, ApiError> {
        let text = read(request, &api.options).await?;
        if text.is_empty() {
            return Err(ApiError::bad_request("Body expected in request."));
        }
        let text = std::str::from_utf8(&text).map_err(|_| ApiError::undecodable())?;
        // serde_json stops at a depth of 128 (rule R15).
        match serde_json::from_str(text) {
            Ok(json @ (Value::Object(_) | Value::Array(_))) => Ok(Self(json)),
            Ok(_) => Err(ApiError::bad_request(
                "Unexpected body type. Expected list/dict.",
            )),
            Err(_) => Err(ApiError::bad_request("Malformed JSON in request body.")),
        }
    }
}

async fn read(request: Request, options: &ApiOptions) -> Result<Bytes, ApiError> {
    let limit = options.json_limit_bytes;
    let mut chunks = RequestBytes::of(request, options.stall_timeout);
    let mut text = BytesMut::new();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| match error {
            Broken::Body(_) => ApiError::body_broke_off(),
            Broken::Stalled(_) => ApiError::stalled(),
        })?;
        if text.len() + chunk.len() > limit {
            return Err(ApiError::body_too_large(limit));
        }
        text.extend_from_slice(&chunk);
    }
    Ok(text.freeze())
}

/// The body of a request as image data: chunk by chunk, broken off where the client falls silent.
pub(crate) fn incoming(request: Request, stall: Duration) -> ByteStream {
    ByteStream::new(RequestBytes::of(request, stall))
}

/// The chunks of a request body, with an error where they break off or stop coming.
///
/// Whoever reads it need not be on the runtime that serves the connection: the core's executor may
/// be another one. So timers and tasks are taken from the runtime that made it.
struct RequestBytes {
    body: Option<BodyDataStream>,
    runtime: Option<Handle>,
    stall: Duration,
    /// Runs while a chunk is waited for.
    patience: Option<Pin<Box<Sleep>>>,
    /// The client sends nothing until the first chunk is asked for: `Expect: 100-continue`.
    held_back: bool,
}

impl RequestBytes {
    fn of(request: Request, stall: Duration) -> Self {
        Self {
            held_back: request.headers().contains_key(EXPECT),
            body: Some(request.into_body().into_data_stream()),
            runtime: Handle::try_current().ok(),
            stall,
            patience: None,
        }
    }

    /// Whether the next chunk has been waited for too long.
    fn is_stalled(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(runtime) = &self.runtime else {
            return false;
        };
        let _entered = runtime.enter();
        let stall = self.stall;
        let patience = self
            .patience
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(stall)));
        patience.as_mut().poll(cx).is_ready()
    }
}

impl Stream for RequestBytes {
    type Item = Result<Bytes, Broken>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.held_back = false;
        let Some(body) = &mut self.body else {
            return Poll::Ready(None);
        };
        match body.poll_next_unpin(cx) {
            Poll::Ready(Some(Ok(chunk))) => {
                self.patience = None;
                Poll::Ready(Some(Ok(chunk)))
            }
            Poll::Ready(Some(Err(error))) => {
                self.body = None;
                Poll::Ready(Some(Err(Broken::Body(error))))
            }
            Poll::Ready(None) => {
                self.body = None;
                Poll::Ready(None)
            }
            Poll::Pending if self.is_stalled(cx) => {
                self.body = None;
                let stalled = Stalled { after: self.stall };
                Poll::Ready(Some(Err(Broken::Stalled(stalled))))
            }
            Poll::Pending => Poll::Pending,
        }
    }
}

impl Drop for RequestBytes {
    /// Reads on for a moment what nobody wants, so that a client that is still sending gets to
    /// read the answer instead of a connection reset.
    fn drop(&mut self) {
        if self.held_back {
            return;
        }
        let (Some(mut body), Some(runtime)) = (self.body.take(), &self.runtime) else {
            return;
        };
        runtime.spawn(async move {
            let mut left = LINGER_BYTES;
            let drained = async {
                while let Some(Ok(chunk)) = body.next().await {
                    left = left.saturating_sub(chunk.len());
                    if left == 0 {
                        break;
                    }
                }
            };
            // Whether it ended or not, that was all the patience there is.
            let _ = tokio::time::timeout(LINGER, drained).await;
        });
    }
}

/// Why the bytes of a request stop.
#[derive(Debug, Error)]
enum Broken {
    #[error("the connection broke")]
    Body(#[source] axum::Error),
    #[error(transparent)]
    Stalled(Stalled),
}

/// A client that sends nothing in the middle of a body.
#[derive(Debug, Error)]
#[error("the client sent nothing for {after:?}")]
pub(crate) struct Stalled {
    after: Duration,
}

impl Stalled {
    /// Whether a body broke off for this.
    pub(crate) fn caused(body: &BodyError) -> bool {
        let mut cause: Option<&(dyn StdError + 'static)> = Some(body);
        while let Some(error) = cause {
            if matches!(error.downcast_ref(), Some(Broken::Stalled(_))) {
                return true;
            }
            cause = error.source();
        }
        false
    }
}

/// Image data as the body of an answer. Where it breaks off, so does the connection: a short body
/// never looks like a whole one (rule R12).
pub(crate) fn outgoing(data: ByteStream) -> Body {
    Body::from_stream(data.inspect_err(|error| {
        tracing::error!(error = error as &dyn StdError, "a download broke off");
    }))
}

/// How much of an unwanted body is read on, and how long.
const LINGER_BYTES: usize = 16 << 20;
const LINGER: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use futures::stream;
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn a_client_that_falls_silent_is_a_body_that_breaks_off() {
        let silent = stream::iter([Ok::<_, axum::Error>(Bytes::from_static(b"ab"))])
            .chain(stream::pending());
        let mut body = incoming(
            Request::new(Body::from_stream(silent)),
            Duration::from_millis(10),
        );

        assert_eq!(body.next().await.unwrap().unwrap(), "ab");
        let error = body.next().await.unwrap().unwrap_err();

        assert!(Stalled::caused(&error), "{error:?}");
        assert!(body.next().await.is_none());
    }

    #[tokio::test]
    async fn a_body_may_be_read_by_another_runtime_or_none() {
        let body = incoming(Request::new(Body::from("data")), Duration::from_secs(1));

        let reader = std::thread::spawn(|| futures::executor::block_on(body.collect::<Vec<_>>()));

        assert!(
            reader
                .join()
                .unwrap()
                .into_iter()
                .all(|chunk| chunk.is_ok())
        );
    }

    #[tokio::test]
    async fn a_store_that_breaks_off_breaks_the_answer() {
        let broken = outgoing(ByteStream::from_bytes("12345").exactly(6));

        assert!(broken.collect().await.is_err());
    }
}
