//! How much may come of what goes in (rule R10).

/// The most bytes that may come of so many.
pub(super) fn most_of(taken: u64) -> u64 {
    taken.saturating_mul(RATIO).max(FREE)
}

/// How many bytes may come of one: many, for disks are mostly empty.
pub(super) const RATIO: u64 = 1000;

/// How many may come before that counts.
const FREE: u64 = 1 << 30;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proportion_counts_from_a_gigabyte_on() {
        assert_eq!(most_of(1), FREE);
        assert_eq!(most_of(FREE / RATIO), FREE);
        assert_eq!(most_of(FREE), FREE * RATIO);
        assert_eq!(most_of(u64::MAX), u64::MAX);
    }
}
