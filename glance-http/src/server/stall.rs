//! A stream that breaks where its other end takes nothing, or never begins.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// A stream that fails once the other end has taken nothing for a while, for hyper itself would
/// wait for ever for a client that does not read; and also where it does not begin to speak, for
/// hyper's timer only starts once it is clear which version of HTTP is spoken.
pub(super) struct Unstalled<S> {
    stream: S,
    reading: Patience,
    writing: Patience,
    /// How much of the preface of HTTP/2 has been read; `None` once it is clear what is spoken.
    preface: Option<usize>,
}

impl<S> Unstalled<S> {
    pub(super) fn new(stream: S, opening: Duration, write: Duration) -> Self {
        Self {
            stream,
            reading: Patience::new(opening),
            writing: Patience::new(write),
            preface: Some(0),
        }
    }

    /// Looks whether it is clear by now which version is spoken.
    fn listen(&mut self, bytes: &[u8]) {
        let Some(known) = self.preface else { return };
        let expected = PREFACE.get(known..).unwrap_or_default();
        let spoken = expected.len() > bytes.len() && expected.starts_with(bytes);
        self.preface = spoken.then_some(known + bytes.len());
    }
}

/// How long one direction of a stream may wait.
struct Patience {
    length: Duration,
    /// Runs while it waits.
    timer: Option<Pin<Box<Sleep>>>,
}

impl Patience {
    fn new(length: Duration) -> Self {
        Self {
            length,
            timer: None,
        }
    }

    /// Lets what was polled be what it is, or an error if it has waited too long.
    fn judge<T>(
        &mut self,
        cx: &mut Context<'_>,
        polled: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.timer = None;
            return polled;
        }
        let length = self.length;
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(length)));
        ready!(timer.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "the client does nothing",
        )))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Unstalled<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        if self.preface.is_none() {
            return polled;
        }
        self.listen(&buf.filled()[before..]);
        self.reading.judge(cx, polled)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Unstalled<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.writing.judge(cx, polled)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(cx);
        self.writing.judge(cx, polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.writing.judge(cx, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// What HTTP/2 begins with (RFC 9113 §3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
