//! How slowly data may come.

use std::time::Duration;

/// How much data has to come, and in how much time that is spent on waiting for it. Data that comes
/// more slowly is given up: it would keep places of stores, which others wait for, as long as
/// whoever sends it likes (rule R3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Bytes.
    pub bytes: u64,
    /// Time in which somebody waits for the next bytes: a reader that takes its time is not the
    /// server's fault.
    pub within: Duration,
}

impl Default for Pace {
    /// 3.5 kB/s, half of what a modem does: whoever is slower has no use for images. Over minutes, so
    /// that a line may be jammed for a while.
    fn default() -> Self {
        Self {
            bytes: 1 << 20,
            within: Duration::from_secs(300),
        }
    }
}

/// What came since the pace was last kept.
#[derive(Debug, Default)]
pub(super) struct Lap {
    bytes: u64,
    waited: Duration,
}

impl Lap {
    /// Notes what came, and how long that took. Begins anew where it is enough.
    pub(super) fn add(&mut self, bytes: u64, waited: Duration, pace: Pace) -> Kept {
        self.bytes = self.bytes.saturating_add(bytes);
        self.waited = self.waited.saturating_add(waited);
        if self.bytes >= pace.bytes {
            *self = Self::default();
            return Kept::Yes;
        }
        match self.waited < pace.within {
            true => Kept::SoFar,
            false => Kept::No,
        }
    }
}

/// Whether the pace is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    /// So much came in time.
    Yes,
    /// There is time left.
    SoFar,
    No,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_modem_keeps_the_pace_and_a_dripping_server_does_not() {
        let first = |bytes: u64, every: u64| {
            let mut lap = Lap::default();
            let mut all = (0..7200 / every)
                .map(|_| lap.add(bytes, Duration::from_secs(every), Pace::default()));
            all.find(|kept| *kept != Kept::SoFar)
        };

        assert_eq!(first(7000, 1), Some(Kept::Yes));
        assert_eq!(first(4096, 1), Some(Kept::Yes));
        assert_eq!(first(1, 5), Some(Kept::No));
        assert_eq!(first(2048, 1), Some(Kept::No));
    }

    #[test]
    fn what_came_fast_before_is_no_credit() {
        let mut lap = Lap::default();
        let second = Duration::from_secs(1);

        assert_eq!(lap.add(10 << 30, second, Pace::default()), Kept::Yes);
        for _ in 0..299 {
            assert_eq!(lap.add(1, second, Pace::default()), Kept::SoFar);
        }
        assert_eq!(lap.add(1, second, Pace::default()), Kept::No);
    }
}
