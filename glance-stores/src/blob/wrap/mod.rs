//! Stores around stores (rule R19): who watches, who limits, who tries again, who mirrors.
//!
//! The order that keeps a caller's time short: `Metered` around [`Limited`] around [`Retried`]
//! around the store. The deadline then covers all tries together.

/// A store around another has the name, the places and the capabilities of that one.
macro_rules! known_as {
    ($inner:ident) => {
        fn id(&self) -> &glance_core::domain::StoreId {
            self.$inner.id()
        }

        fn capabilities(&self) -> glance_core::ports::Capabilities {
            self.$inner.capabilities()
        }

        fn owns(&self, location: &glance_core::domain::BlobUrl) -> bool {
            self.$inner.owns(location)
        }

        fn canonical(
            &self,
            location: &glance_core::domain::BlobUrl,
        ) -> glance_core::domain::BlobUrl {
            self.$inner.canonical(location)
        }

        fn copies(
            &self,
            location: &glance_core::domain::BlobUrl,
        ) -> Vec<glance_core::domain::BlobUrl> {
            self.$inner.copies(location)
        }
    };
}

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
