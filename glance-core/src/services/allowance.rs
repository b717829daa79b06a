//! What data of unknown size may take, as it comes (rule R9).

use std::sync::Arc;
use std::time::Duration;

use super::glance::Glance;
use crate::domain::{Claim, Intent};
use crate::error::Error;
use crate::ports::{CatalogError, Executor, UsageLedger};

/// What an upload of unknown size may write: it is reserved a piece ahead of the data, so that the
/// data stops at the limit, whoever else is at it.
#[derive(Debug)]
pub(super) struct Allowance {
    ledger: Arc<dyn UsageLedger>,
    executor: Arc<dyn Executor>,
    intent: Intent,
    claim: Claim,
    /// How often the data is stored.
    copies: u64,
}

impl Allowance {
    /// Of an upload that began with this claim; `None` where nothing limits its bytes as they come.
    pub(super) fn of(glance: &Glance, intent: &Intent, claim: Option<Claim>) -> Option<Self> {
        let is_hard = !glance.settings().quotas.soft_storage;
        let claim = claim.filter(|claim| is_hard && claim.byte_limit().is_some())?;
        let catalog = Arc::clone(&glance.catalog);
        Some(Self {
            ledger: catalog,
            executor: Arc::clone(&glance.runtime.executor),
            intent: intent.clone(),
            claim: Claim {
                staged: None,
                uploads: 0,
                ..claim
            },
            copies: 1,
        })
    }

    /// The same for data that is stored several times.
    pub(super) fn for_copies(mut self, copies: usize) -> Self {
        self.copies = copies as u64;
        self
    }

    /// Makes sure that so much data is reserved for, all that came.
    ///
    /// # Errors
    /// That passes the limit; somebody else took the upload over; the catalog fails.
    pub(super) async fn cover(&mut self, size: u64) -> Result<(), Error> {
        let size = size.saturating_mul(self.copies);
        if size <= self.claim.bytes {
            return Ok(());
        }
        let ahead = (size / 4).clamp(LEAST_AHEAD, MOST_AHEAD);
        let left = match self.reserve(size.saturating_add(ahead)).await {
            Err(CatalogError::Quota(refused)) => {
                ahead.saturating_sub(refused.count.saturating_sub(refused.limit))
            }
            result => return self.answered(result),
        };
        // Near the limit, others are left some of what is not needed yet; but it is approached in
        // steps, not with each piece of the data.
        let share = match left {
            0..=LEAST_AHEAD => left,
            _ => left - left / 4,
        };
        match self.reserve(size.saturating_add(share)).await {
            // Others took it meanwhile.
            Err(CatalogError::Quota(_)) if share > 0 => {
                let result = self.reserve(size).await;
                self.answered(result)
            }
            result => self.answered(result),
        }
    }

    /// The same for data that has not come yet, and of which no more than so much will come.
    pub(super) async fn cover_all(&mut self, size: u64) -> Result<(), Error> {
        let size = size.saturating_mul(self.copies);
        if size <= self.claim.bytes {
            return Ok(());
        }
        let reserved = self.reserve(size).await;
        self.answered(reserved)
    }

    /// Reserves so many bytes in all; again after a while where the catalog is away, for what has
    /// come of an upload is worth a pause.
    async fn reserve(&mut self, bytes: u64) -> Result<(), CatalogError> {
        let claim = Claim {
            bytes,
            ..self.claim.clone()
        };
        let intent = &self.intent;
        let mut pauses = PAUSES.into_iter();
        loop {
            let reserved = self.ledger.reserve(&intent.id, &intent.holder, &claim);
            match (reserved.await, pauses.next()) {
                (Err(CatalogError::Unavailable { .. }), Some(seconds)) => {
                    self.executor.sleep(Duration::from_secs(seconds)).await;
                }
                (result, _) => {
                    result?;
                    self.claim = claim;
                    return Ok(());
                }
            }
        }
    }

    fn answered(&self, result: Result<(), CatalogError>) -> Result<(), Error> {
        result.map_err(|error| match error {
            CatalogError::Conflict => Error::Gone {
                image: self.intent.image,
            },
            error => error.into(),
        })
    }
}

/// How far ahead of the data is reserved: few questions for much data, and little that others miss.
const LEAST_AHEAD: u64 = 1 << 20;
const MOST_AHEAD: u64 = 64 << 20;

/// How many seconds an upload waits, each time, for a catalog that is away.
const PAUSES: [u64; 4] = [1, 2, 4, 8];

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;
    use futures::FutureExt;
    use futures::executor::block_on;
    use futures::future::{BoxFuture, ready};

    use super::*;
    use crate::ErrorKind;
    use crate::domain::{
        Area, Holder, ImageId, IntentId, ProjectId, ProjectLimits, Timestamp, Usage, Work,
    };

    /// A ledger that counts what it is asked, and is away for the first so many times.
    #[derive(Debug, Default)]
    struct Asked {
        away: usize,
        times: Mutex<usize>,
    }

    #[async_trait]
    impl UsageLedger for Asked {
        async fn usage(&self, _: &ProjectId) -> Result<Usage, CatalogError> {
            Ok(Usage::default())
        }

        async fn reserve(
            &self,
            _: &IntentId,
            _: &Holder,
            claim: &Claim,
        ) -> Result<(), CatalogError> {
            let mut times = self.times.lock().unwrap();
            *times += 1;
            if *times <= self.away {
                let source = "simulated".into();
                return Err(CatalogError::Unavailable { source });
            }
            Ok(claim.check(&Usage::default())?)
        }
    }

    /// Time flies.
    #[derive(Debug)]
    struct Now;

    impl Executor for Now {
        fn spawn(&self, task: BoxFuture<'static, ()>) {
            block_on(task);
        }

        fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send + 'static>) {
            work();
        }

        fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
            ready(()).boxed()
        }
    }

    fn allowance(ledger: &Arc<Asked>, limit: u64) -> Allowance {
        let ledger: Arc<Asked> = Arc::clone(ledger);
        Allowance {
            ledger,
            executor: Arc::new(Now),
            intent: Intent {
                id: "i".parse().unwrap(),
                image: ImageId::from_bits(1),
                store: "file".parse().unwrap(),
                work: Work::Upload,
                holder: Holder::nobody(),
                lease_until: Timestamp::from_micros(0),
            },
            claim: Claim {
                project: "p".parse().unwrap(),
                limits: ProjectLimits {
                    stored_bytes: Some(limit),
                    ..ProjectLimits::default()
                },
                area: Area::Stores,
                bytes: 0,
                staged: None,
                uploads: 0,
            },
            copies: 1,
        }
    }

    #[test]
    fn a_limit_is_reached_to_the_byte_with_few_questions() {
        let piece = 64 << 10;
        for limit in [0, 1, piece, 5 << 20, (1 << 30) + 7] {
            let ledger = Arc::new(Asked::default());
            let mut allowance = allowance(&ledger, limit);

            for size in (1..=limit / piece)
                .map(|pieces| pieces * piece)
                .chain([limit])
            {
                block_on(allowance.cover(size)).unwrap();
            }
            let refused = block_on(allowance.cover(limit + 1)).unwrap_err();

            assert!(matches!(refused, Error::Quota(_)), "{refused:?}");
            let times = *ledger.times.lock().unwrap();
            assert!(times < 60, "{limit}: {times}");
        }
    }

    #[test]
    fn a_catalog_that_is_away_for_a_moment_does_not_end_an_upload() {
        let cover = |away| {
            let ledger = Arc::new(Asked {
                away,
                ..Asked::default()
            });
            block_on(allowance(&ledger, 100).cover(10))
        };

        assert!(cover(4).is_ok());
        assert_eq!(cover(5).unwrap_err().kind(), ErrorKind::Unavailable);
    }
}
