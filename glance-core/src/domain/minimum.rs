//! What a machine needs at least to boot an image.

use thiserror::Error;

/// `min_disk` (GiB) or `min_ram` (MiB): 0 to 2^31 - 1, the range of upstream's column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Minimum(u32);

impl Minimum {
    /// The number.
    pub fn get(self) -> u32 {
        self.0
    }
}

impl TryFrom<i64> for Minimum {
    type Error = InvalidMinimum;

    fn try_from(number: i64) -> Result<Self, InvalidMinimum> {
        match u32::try_from(number) {
            Ok(fits) if i32::try_from(fits).is_ok() => Ok(Self(fits)),
            _ => Err(InvalidMinimum { number }),
        }
    }
}

/// A number outside the range of `min_disk` and `min_ram`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{number} is not between 0 and 2147483647")]
pub struct InvalidMinimum {
    /// What was given.
    pub number: i64,
}
