//! Stores around stores (rule R19): who watches, who limits, who tries again, who mirrors.
//!
//! The order that keeps a caller's time short: `Metered` around [`Limited`] around [`Retried`]
//! around the store. The deadline then covers all tries together.

mod exposition;
mod histogram;
mod limited;
mod metered;
mod mirrored;
mod retried;

pub use self::exposition::exposition;
pub use self::histogram::Histogram;
pub use self::limited::{Limited, StoreLimits};
pub use self::metered::{Metered, OperationMetrics, StoreMetrics, StoreOperation};
pub use self::mirrored::Mirrored;
#[cfg(feature = "http-store")]
pub(crate) use self::retried::random;
pub use self::retried::{Retried, Retries};

#[cfg(test)]
mod faulty;
