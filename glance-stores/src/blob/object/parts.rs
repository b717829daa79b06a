//! How large the parts of an upload are.

/// The sizes of the parts of one upload: never more than 10,000 of them.
///
/// Where the size is known, all parts have the configured size, or what makes 10,000 suffice. Where
/// it is not, the first 5,000 have the configured size, and from then on it doubles every 450
/// parts: with 10 MiB, an image of up to 48 GiB is written in parts of 10 MiB.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parts {
    first: u64,
    grows: bool,
}

impl Parts {
    /// Parts for a body of so many bytes, if that is known, of `chunk` bytes as far as possible.
    pub(super) fn of(size: Option<u64>, chunk: u64) -> Self {
        let least = size.map_or(0, |size| size.div_ceil(MOST_PARTS));
        Self {
            first: chunk.max(least.next_multiple_of(1 << 20)).min(LARGEST),
            grows: size.is_none(),
        }
    }

    /// Bytes of the part of this number; the last part may have fewer.
    pub(super) fn size(self, number: u64) -> u64 {
        let doublings = match number.checked_sub(EQUAL_PARTS) {
            Some(later) if self.grows => later / STEP + 1,
            _ => 0,
        };
        let factor = 1_u64 << doublings.min(32);
        self.first.saturating_mul(factor).min(LARGEST)
    }

    /// How many parts of this size may be on their way while the next one is taken in.
    pub(super) fn at_once(size: u64, most: usize) -> usize {
        let room = usize::try_from(MEMORY / size.max(1)).unwrap_or(usize::MAX);
        room.saturating_sub(1).clamp(1, most.max(1))
    }
}

/// What S3 allows.
const MOST_PARTS: u64 = 10_000;

/// How many parts have the same size where the whole size is not known.
const EQUAL_PARTS: u64 = 5_000;

/// How many more parts have the same size after that.
const STEP: u64 = 450;

/// S3 allows 5 GiB.
const LARGEST: u64 = 4 << 30;

/// Bytes of one upload that may be in memory, as long as two parts fit into it.
const MEMORY: u64 = 30 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;
    const LARGEST_OBJECT: u64 = 5 << 40;

    #[test]
    fn ten_thousand_parts_suffice_for_every_object_of_s3() {
        for chunk in [5, 8, 10, 100, 5_000] {
            let unknown = Parts::of(None, chunk * MIB);
            let known = Parts::of(Some(LARGEST_OBJECT), chunk * MIB);

            for parts in [unknown, known] {
                let sizes = (0..MOST_PARTS).map(|number| parts.size(number));
                assert!(sizes.clone().sum::<u64>() >= LARGEST_OBJECT, "{parts:?}");
                assert!(sizes.max() <= Some(5 << 30), "{parts:?}");
            }
        }
    }

    #[test]
    fn parts_grow_only_where_the_size_is_not_known() {
        let sizes = |size: Option<u64>| {
            let parts = Parts::of(size, 10 * MIB);
            [0, 4_999, 5_000, 5_450].map(|number| parts.size(number) / MIB)
        };

        assert_eq!(sizes(None), [10, 10, 20, 40]);
        assert_eq!(sizes(Some(1)), [10; 4]);
        assert_eq!(sizes(Some(1 << 40)), [105; 4]);
    }

    #[test]
    fn memory_bounds_how_many_parts_are_on_their_way() {
        assert_eq!(Parts::at_once(5 * MIB, 10), 5);
        assert_eq!(Parts::at_once(10 * MIB, 10), 2);
        assert_eq!(Parts::at_once(10 * MIB, 2), 2);
        assert_eq!(Parts::at_once(100 * MIB, 10), 1);
    }
}
