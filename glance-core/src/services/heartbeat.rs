//! Leases, and signs of life beside work that may take longer than one.

use std::future::Future;
use std::pin::pin;

use futures::future::{Either, select};

use super::glance::Glance;
use crate::domain::{Intent, Timestamp};
use crate::error::Error;

impl Glance {
    /// Makes sure that an intent is this process's for a while. Another's is taken over where its
    /// lease has ended by what `ended` makes of the present.
    pub(super) async fn renew(
        &self,
        intent: &Intent,
        ended: fn(Timestamp) -> Timestamp,
    ) -> Result<(), Error> {
        loop {
            let now = self.now();
            let until = now.after(self.settings().lease);
            let renewed = self
                .catalog
                .renew_intent(&intent.id, &self.holder, ended(now), until);
            if !renewed.await? {
                return Err(Error::Gone {
                    image: intent.image,
                });
            }
            // A lease that was long in coming may be at its end.
            if self.now().after(self.settings().lease / 2) <= until {
                return Ok(());
            }
        }
    }

    /// Runs work that stops where a sign of life beside it is refused: [`Error::Gone`]. Another error
    /// of a sign, such as that of a catalog that does not answer, refuses nothing: the work goes on.
    pub(super) async fn while_signs_pass<T, S>(
        &self,
        sign: impl Fn() -> S + Send,
        work: impl Future<Output = Result<T, Error>> + Send,
    ) -> Result<T, Error>
    where
        S: Future<Output = Result<(), Error>> + Send,
    {
        match select(pin!(work), pin!(self.refused(sign))).await {
            Either::Left((ended, _)) => ended,
            Either::Right((gone, _)) => Err(gone),
        }
    }

    /// Runs work to its end, beside signs of life for as long as none is refused.
    pub(super) async fn beside_signs<T, S>(
        &self,
        sign: impl Fn() -> S + Send,
        work: impl Future<Output = T> + Send,
    ) -> T
    where
        S: Future<Output = Result<(), Error>> + Send,
    {
        match select(pin!(work), pin!(self.refused(sign))).await {
            Either::Left((ended, _)) => ended,
            Either::Right((_, work)) => work.await,
        }
    }

    /// Gives signs of life until one is refused.
    async fn refused<S>(&self, sign: impl Fn() -> S + Send) -> Error
    where
        S: Future<Output = Result<(), Error>> + Send,
    {
        loop {
            self.runtime.executor.sleep(self.settings().lease / 6).await;
            if let Err(gone @ Error::Gone { .. }) = sign().await {
                return gone;
            }
        }
    }
}
