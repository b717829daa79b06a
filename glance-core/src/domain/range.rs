//! Byte ranges (RFC 9110 §14).

use thiserror::Error;

/// The bytes a reader asks for, before the size of the image is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "RFC 9110 has these three forms and no more"
)]
pub enum RangeRequest {
    /// `a-b`: both included.
    Between(u64, u64),
    /// `a-`: to the end.
    From(u64),
    /// `-n`: the last `n`.
    Last(u64),
}

impl RangeRequest {
    /// The bytes this means of an image of `size` bytes. An end past the image is cut there.
    ///
    /// # Errors
    /// [`Unsatisfiable`] where no byte is left.
    ///
    /// ```
    /// use glance_core::domain::{ByteRange, RangeRequest};
    ///
    /// let range = RangeRequest::Last(3).resolve(10)?;
    /// assert_eq!(range, ByteRange { offset: 7, length: 3 });
    /// assert!(RangeRequest::From(10).resolve(10).is_err());
    /// # Ok::<(), glance_core::domain::Unsatisfiable>(())
    /// ```
    pub fn resolve(self, size: u64) -> Result<ByteRange, Unsatisfiable> {
        let (start, end) = match self {
            Self::Between(first, last) if first <= last => (first, last.saturating_add(1)),
            Self::Between(..) | Self::Last(0) => return Err(Unsatisfiable { size }),
            Self::From(first) => (first, size),
            Self::Last(count) => (size.saturating_sub(count), size),
        };
        if start >= size {
            return Err(Unsatisfiable { size });
        }
        Ok(ByteRange {
            offset: start,
            length: end.min(size) - start,
        })
    }
}

/// Bytes of a blob: `length` from `offset` on, all of them present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteRange {
    /// The first byte.
    pub offset: u64,
    /// How many.
    pub length: u64,
}

/// A range that holds no byte of the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the range holds no byte of an image of {size} bytes")]
pub struct Unsatisfiable {
    /// Bytes of the image.
    pub size: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_past_the_image_is_cut() {
        let range = RangeRequest::Between(2, u64::MAX).resolve(5).unwrap();

        assert_eq!(
            range,
            ByteRange {
                offset: 2,
                length: 3
            }
        );
    }

    #[test]
    fn a_suffix_longer_than_the_image_is_all_of_it() {
        let range = RangeRequest::Last(9).resolve(5).unwrap();

        assert_eq!(
            range,
            ByteRange {
                offset: 0,
                length: 5
            }
        );
    }

    #[test]
    fn nothing_of_an_empty_image_can_be_had() {
        for request in [
            RangeRequest::From(0),
            RangeRequest::Last(1),
            RangeRequest::Between(0, 0),
        ] {
            assert!(request.resolve(0).is_err(), "{request:?}");
        }
    }
}
