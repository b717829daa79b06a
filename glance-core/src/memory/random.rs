//! Randomness that can be had again.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::ports::IdSource;

/// Ids that follow from a seed (SplitMix64).
#[derive(Debug)]
pub struct SeededIds(AtomicU64);

impl SeededIds {
    /// Ids of this seed.
    pub fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// The next 64 bits.
    pub(super) fn next_u64(&self) -> u64 {
        const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
        let mut bits = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    /// A number below `bound`; 0 where that is 0.
    pub(super) fn below(&self, bound: usize) -> usize {
        let bits = usize::try_from(self.next_u64() >> 33).unwrap_or(0);
        bits.checked_rem(bound).unwrap_or(0)
    }
}

impl IdSource for SeededIds {
    fn next_bits(&self) -> u128 {
        let bits = u128::from(self.next_u64()) << 64 | u128::from(self.next_u64());
        // Version 4, variant 1 (RFC 9562).
        bits & !(0xF << 76 | 0x3 << 62) | 0x4 << 76 | 0x2 << 62
    }
}
