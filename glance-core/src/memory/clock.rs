//! Time that moves only when it is told to.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::channel::oneshot;
use futures::future::BoxFuture;

use super::{SeededIds, ThreadExecutor};
use crate::Runtime;
use crate::domain::Timestamp;
use crate::ports::Clock;

/// Time that moves only when it is told to. Clones are one clock.
#[derive(Debug, Clone, Default)]
pub struct VirtualClock {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    since_start: Duration,
    sleepers: Vec<(Duration, oneshot::Sender<()>)>,
}

impl VirtualClock {
    /// This time, threads, and ids that follow from a seed, for a service.
    pub fn runtime(&self, seed: u64) -> Runtime {
        Runtime {
            clock: Arc::new(self.clone()),
            executor: Arc::new(ThreadExecutor::new(self.clone())),
            ids: Arc::new(SeededIds::new(seed)),
        }
    }

    /// A future that is done once the clock has moved on by `duration`.
    pub fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let (sender, receiver) = oneshot::channel();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let until = state.since_start + duration;
        state.sleepers.retain(|(_, sleeper)| !sleeper.is_canceled());
        state.sleepers.push((until, sender));
        receiver.map(|_| ()).boxed()
    }

    /// Moves the clock on and wakes those whose time has come.
    pub fn advance(&self, duration: Duration) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.since_start += duration;
        let now = state.since_start;
        let (due, waiting) = std::mem::take(&mut state.sleepers)
            .into_iter()
            .partition(|(until, _)| *until <= now);
        state.sleepers = waiting;
        let due: Vec<(Duration, oneshot::Sender<()>)> = due;
        drop(state);
        for (_, sleeper) in due {
            // Who no longer waits need not be woken.
            let _ = sleeper.send(());
        }
    }

    /// How long it is until somebody is to be woken.
    pub(super) fn next_wake(&self) -> Option<Duration> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.sleepers.retain(|(_, sleeper)| !sleeper.is_canceled());
        let first = state.sleepers.iter().map(|(until, _)| *until).min()?;
        Some(first.saturating_sub(state.since_start))
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        START.after(state.since_start)
    }
}

/// 2026-01-01T00:00:00Z, as good as any.
const START: Timestamp = Timestamp::from_valid_micros(1_767_225_600_000_000);
