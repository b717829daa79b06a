//! Work for a stream on a thread of its own: decoders think longer than a runtime may wait.

use bytes::Bytes;
use futures::{StreamExt, stream};
use glance_core::ports::{BodyError, ByteStream};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

/// The same bytes, made on a thread that ends with them, or when nobody wants them any more.
pub(super) fn moved(mut bytes: ByteStream) -> ByteStream {
    let (sender, receiver) = mpsc::channel(AHEAD);
    let runtime = Handle::current();
    // None of the runtime's: what is read may need one of those, and must not wait for this.
    let thread = std::thread::Builder::new().name("decoder".to_owned());
    let started = thread.spawn(move || {
        runtime.block_on(async move {
            loop {
                let next = tokio::select! {
                    biased;
                    () = sender.closed() => return,
                    next = bytes.next() => next,
                };
                let step = match next {
                    Some(Ok(chunk)) => Step::Chunk(chunk),
                    Some(Err(error)) => Step::End(Err(error)),
                    None => Step::End(Ok(())),
                };
                let is_end = matches!(step, Step::End(_));
                if sender.send(step).await.is_err() || is_end {
                    return;
                }
            }
        });
    });
    if let Err(error) = started {
        tracing::warn!(%error, "a decoder cannot be started");
    }
    ByteStream::new(stream::unfold(Some(receiver), |receiver| async move {
        let mut receiver = receiver?;
        match receiver.recv().await {
            Some(Step::Chunk(chunk)) => Some((Ok(chunk), Some(receiver))),
            Some(Step::End(Ok(()))) => None,
            Some(Step::End(Err(error))) => Some((Err(error), None)),
            // A thread that ended without a word is no end of the data.
            None => Some((Err(BodyError("the decoder is gone".into())), None)),
        }
    }))
}

enum Step {
    Chunk(Bytes),
    End(Result<(), BodyError>),
}

/// How many chunks the thread is ahead of who reads them.
const AHEAD: usize = 4;
