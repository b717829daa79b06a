//! When the lock of an import that goes on no more is broken.

use std::time::Duration;

use super::task::{Task, TaskStatus};
use super::time::Timestamp;

impl Task {
    /// Whether another import may take the lock that this one has: it shows no sign of life
    /// (upstream's times, spec/state-machine.md §4). Where there is no such task, nobody has it.
    pub fn has_lost_its_lock(&self, now: Timestamp) -> bool {
        let patience = match self.status() {
            TaskStatus::Pending => PATIENCE_WITH_PENDING,
            TaskStatus::Processing | TaskStatus::Success | TaskStatus::Failure => PATIENCE,
        };
        now.since(self.updated_at) >= patience
    }
}

const PATIENCE: Duration = Duration::from_secs(60 * 60);

const PATIENCE_WITH_PENDING: Duration = Duration::from_secs(120 * 60);

#[cfg(test)]
mod tests {
    use super::super::task::TaskKind;
    use super::*;

    #[test]
    fn a_lock_is_lost_after_upstream_s_times() {
        let begun = Timestamp::from_micros(0);
        let task = Task::pending("t".parse().unwrap(), TaskKind::ApiImageImport, begun);
        let is_lost = |status, minutes: u64| {
            let now = begun.after(Duration::from_secs(60 * minutes));
            task.clone().stored_as(status).has_lost_its_lock(now)
        };

        for (status, minutes) in [
            (TaskStatus::Pending, 120),
            (TaskStatus::Processing, 60),
            (TaskStatus::Success, 60),
            (TaskStatus::Failure, 60),
        ] {
            assert!(!is_lost(status, minutes - 1), "{status}");
            assert!(is_lost(status, minutes), "{status}");
        }
    }
}
