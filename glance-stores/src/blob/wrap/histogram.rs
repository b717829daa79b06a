//! How long things took, counted in buckets.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How often something took how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Histogram {
    counts: [u64; BUCKETS],
    total: Duration,
}

impl Histogram {
    /// For each upper bound, how often it took at most so long, and longer than the bound before;
    /// `None` bounds the rest.
    pub fn buckets(&self) -> impl Iterator<Item = (Option<Duration>, u64)> {
        let bounds = BOUNDS_MS.map(|bound| Some(Duration::from_millis(bound)));
        bounds.into_iter().chain([None]).zip(self.counts)
    }

    /// How often there was something to time.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// How long all of it took together.
    pub fn total(&self) -> Duration {
        self.total
    }
}

/// A histogram that is being counted.
#[derive(Debug, Default)]
pub(super) struct Timings {
    counts: [AtomicU64; BUCKETS],
    micros: AtomicU64,
}

impl Timings {
    pub(super) fn add(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS_MS.partition_point(|bound| bound.saturating_mul(1000) < micros);
        if let Some(count) = self.counts.get(bucket) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }

    pub(super) fn snapshot(&self) -> Histogram {
        let mut snapshot = Histogram::default();
        for (count, counted) in snapshot.counts.iter_mut().zip(&self.counts) {
            *count = counted.load(Ordering::Relaxed);
        }
        snapshot.total = Duration::from_micros(self.micros.load(Ordering::Relaxed));
        snapshot
    }
}

/// From a local file's time to that of a store in trouble.
const BOUNDS_MS: [u64; BUCKETS - 1] = [
    1, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000,
];

const BUCKETS: usize = 14;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_is_part_of_its_bucket() {
        let timings = Timings::default();
        for micros in [0, 1_000, 1_001, 30_000_000, 30_000_001] {
            timings.add(Duration::from_micros(micros));
        }

        let histogram = timings.snapshot();

        let counted: Vec<_> = histogram
            .buckets()
            .filter(|(_, count)| *count > 0)
            .map(|(bound, count)| (bound.map(|bound| bound.as_millis()), count))
            .collect();
        assert_eq!(
            counted,
            [(Some(1), 2), (Some(5), 1), (Some(30_000), 1), (None, 1)]
        );
        assert_eq!(histogram.count(), 5);
        assert_eq!(histogram.total(), Duration::from_micros(60_002_002));
    }
}
