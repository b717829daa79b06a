//! Bytes that must keep coming: the idle deadline of what is read.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use glance_core::ports::{BodyError, ByteStream};
use thiserror::Error;
use tokio::time::{Instant, Sleep, sleep};

/// Bytes, and an error where the next ones do not come within `idle`. Only the time counts in which
/// somebody waits for them: a reader that takes its time is not the source's fault.
///
/// `held` is dropped when the bytes are at their end, for whoever holds the stream may keep it.
pub(crate) struct Watched<H> {
    bytes: Option<ByteStream>,
    idle: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
    held: Option<H>,
}

impl<H> Watched<H> {
    /// `bytes`, watched; `held` as long as they come.
    pub(crate) fn new(bytes: ByteStream, idle: Duration, held: H) -> Self {
        Self {
            bytes: Some(bytes),
            idle,
            waiting: None,
            held: Some(held),
        }
    }

    fn end(&mut self) {
        self.bytes = None;
        self.held = None;
        self.waiting = None;
    }

    /// Whether the source is to blame. When the deadline wakes a reader that waits, it comes at
    /// once; one that comes later was busy elsewhere, and the source may not have been asked.
    fn overdue(&mut self, cx: &mut Context<'_>) -> bool {
        let idle = self.idle;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(idle)));
        if waiting.as_mut().poll(cx).is_pending() {
            return false;
        }
        if Instant::now().duration_since(waiting.deadline()) <= PROMPT {
            return true;
        }
        waiting.as_mut().reset(Instant::now() + idle);
        // Registers the waker; the new deadline is ahead.
        waiting.as_mut().poll(cx).is_ready()
    }
}

impl<H: Unpin> Stream for Watched<H> {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(bytes) = &mut self.bytes else {
            return Poll::Ready(None);
        };
        match Pin::new(bytes).poll_next(cx) {
            Poll::Ready(Some(Ok(chunk))) => {
                self.waiting = None;
                Poll::Ready(Some(Ok(chunk)))
            }
            Poll::Ready(last) => {
                self.end();
                Poll::Ready(last)
            }
            Poll::Pending if self.overdue(cx) => {
                let idle = self.idle;
                self.end();
                Poll::Ready(Some(Err(BodyError(Idle(idle).into()))))
            }
            Poll::Pending => Poll::Pending,
        }
    }
}

/// No byte came for too long.
#[derive(Debug, Error)]
#[error("no byte came within {} s", .0.as_secs_f64())]
pub(crate) struct Idle(Duration);

/// How late a reader that waits may be on a machine that is busy.
const PROMPT: Duration = Duration::from_secs(1);
