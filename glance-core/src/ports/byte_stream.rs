//! Bytes of an image on their way.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::Stream;
use futures::stream::{self, BoxStream, StreamExt};
use thiserror::Error;

use super::BoxError;

/// Bytes of an image on their way in or out, in chunks, with an error where they break off.
///
/// ```
/// use bytes::Bytes;
/// use futures::TryStreamExt;
/// use glance_core::ports::ByteStream;
///
/// # futures::executor::block_on(async {
/// let chunks: Vec<Bytes> = ByteStream::from_bytes("hello").try_collect().await?;
/// assert_eq!(chunks.concat(), b"hello");
/// # Ok::<(), glance_core::ports::BodyError>(()) }).unwrap();
/// ```
pub struct ByteStream(BoxStream<'static, Result<Bytes, BodyError>>);

impl ByteStream {
    /// The bytes of `stream`.
    pub fn new<S, E>(stream: S) -> Self
    where
        S: Stream<Item = Result<Bytes, E>> + Send + 'static,
        E: Into<BoxError>,
    {
        Self(stream.map(|item| item.map_err(BodyError::of)).boxed())
    }

    /// Bytes that are at hand.
    pub fn from_bytes(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self(stream::iter((!bytes.is_empty()).then_some(Ok(bytes))).boxed())
    }
}

impl ByteStream {
    /// The same bytes, and an error where they are not exactly `length`: a reader never takes a
    /// short body for a whole one (rule R12).
    #[must_use]
    pub fn exactly(self, length: u64) -> Self {
        let counted = stream::unfold(Some((self, length)), |state| async move {
            let (mut bytes, left) = state?;
            match bytes.next().await {
                None if left == 0 => None,
                None => Some((
                    Err(BodyError(format!("{left} bytes are missing").into())),
                    None,
                )),
                Some(Err(error)) => Some((Err(error), None)),
                Some(Ok(chunk)) => match left.checked_sub(chunk.len() as u64) {
                    Some(left) => Some((Ok(chunk), Some((bytes, left)))),
                    None => Some((Err(BodyError("there are too many bytes".into())), None)),
                },
            }
        });
        Self(counted.boxed())
    }
}

impl Stream for ByteStream {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(cx)
    }
}

impl fmt::Debug for ByteStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByteStream").finish_non_exhaustive()
    }
}

/// Bytes broke off: the sender is gone, or the medium failed.
#[derive(Debug, Error)]
#[error("the data broke off")]
pub struct BodyError(#[source] pub BoxError);

impl BodyError {
    /// A stream around a stream passes on what broke off inside.
    fn of(error: impl Into<BoxError>) -> Self {
        match error.into().downcast() {
            Ok(inside) => *inside,
            Err(error) => Self(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt;
    use futures::executor::block_on;

    use super::*;

    fn read(length: u64) -> Result<Vec<Bytes>, BodyError> {
        block_on(ByteStream::from_bytes("four").exactly(length).try_collect())
    }

    #[test]
    fn a_body_of_another_length_is_an_error() {
        assert_eq!(read(4).unwrap(), ["four"]);
        assert!(read(3).is_err());
        assert!(read(5).is_err());
    }

    #[test]
    fn a_stream_around_a_stream_shows_the_same_error() {
        let inside = ByteStream::new(stream::iter([Err::<Bytes, _>("the cause")]));
        let outside = ByteStream::new(inside);

        let error = block_on(outside.try_collect::<Vec<_>>()).unwrap_err();

        assert_eq!(error.0.to_string(), "the cause");
    }
}
