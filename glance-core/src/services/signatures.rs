//! Data that is said to be signed becomes an image's only where its signature verifies.

use std::sync::Arc;

use futures::channel::mpsc;

use super::glance::Glance;
use super::transfer::hash_all;
use crate::domain::{HashAlgorithm, Image, Intent, Status};
use crate::error::Error;
use crate::ports::{Executor, SignatureCheck, SignatureError, run_blocking};

/// What the hash of data has to pass.
#[derive(Debug)]
pub(super) struct Signed {
    hash: HashAlgorithm,
    check: Box<dyn SignatureCheck>,
}

impl Glance {
    /// What data of an image has to pass, where the image is said to be signed.
    ///
    /// # Errors
    /// What is said makes no sense; the certificate is not there or not good; nobody can say.
    pub(super) async fn signed(
        &self,
        image: &Image,
        intent: &Intent,
    ) -> Result<Option<Signed>, Error> {
        if image.status() == Status::Uploading {
            // What staged data bears may be said later: whoever imports it looks.
            return Ok(None);
        }
        self.while_alive(intent, self.signature_check(image)).await
    }

    /// The same, for whoever shows signs of life meanwhile in another way.
    pub(super) async fn signature_check(&self, image: &Image) -> Result<Option<Signed>, Error> {
        let Some(signature) = image.signature()? else {
            return Ok(None);
        };
        let verifier = self.signatures.as_ref();
        let verifier = verifier.ok_or(SignatureError::NoVerifier)?;
        let check = verifier.begin(&signature, self.now()).await?;
        let hash = signature.hash;
        Ok(Some(Signed { hash, check }))
    }
}

/// Hashes what comes, and holds the signature against it.
pub(super) async fn verify_all(
    executor: &Arc<dyn Executor>,
    signed: Option<Signed>,
    chunks: mpsc::Receiver<bytes::Bytes>,
) -> Result<(), Error> {
    let Some(Signed { hash, check }) = signed else {
        return Ok(());
    };
    let hasher = hash_all(executor, hash.hasher(), chunks).await;
    let hasher = hasher.ok_or(Error::Stopping)?;
    let verify = move || check.verify(&hasher.finish_bytes());
    let verified = run_blocking(executor.as_ref(), verify).await;
    Ok(verified.ok_or(Error::Stopping)??)
}
