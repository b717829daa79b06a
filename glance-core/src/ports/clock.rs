//! Time and ids from outside.

use std::fmt;

use crate::domain::Timestamp;

/// What time it is.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// Where new ids come from.
pub trait IdSource: fmt::Debug + Send + Sync + 'static {
    /// The bits of a random (version 4) UUID.
    fn next_bits(&self) -> u128;
}
