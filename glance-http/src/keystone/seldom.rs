//! What is not worth a line of the log each time.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Says once a minute that it is time.
#[derive(Debug, Default)]
pub(super) struct Seldom {
    last: Mutex<Option<Instant>>,
}

impl Seldom {
    pub(super) fn is_time(&self) -> bool {
        let now = Instant::now();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let is_time = last.is_none_or(|last| now.duration_since(last) >= PAUSE);
        if is_time {
            *last = Some(now);
        }
        is_time
    }
}

const PAUSE: Duration = Duration::from_secs(60);
